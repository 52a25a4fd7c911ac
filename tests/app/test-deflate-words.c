/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-deflate-words.h"

#include "conversation.h"

/* The unit of a size follows a no-break space. */
static void
assert_text (char       *text,
             const char *expected)
{
  g_auto (GStrv)   parts = g_strsplit (text, "\302\240", -1);
  g_autofree char *plain = g_strjoinv (" ", parts);

  g_free (text);
  g_assert_cmpstr (plain, ==, expected);
}

static void
test_window (void)
{
  static const char *const sizes[] = { "256 bytes", "512 bytes", "1 KiB", "2 KiB",
                                       "4 KiB", "8 KiB", "16 KiB", "32 KiB" };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    assert_text (duplex_deflate_words_dup_window (DUPLEX_WINDOW_BITS_MIN + i), sizes[i]);
}

static void
test_agreement (void)
{
  const DuplexDeflateAgreement none = { 0 };
  const DuplexDeflateAgreement some = { .agreed = TRUE,
                                        .client = { FALSE, 15 },
                                        .server = { TRUE, 8 } };

  g_assert_null (duplex_deflate_words_dup_agreement (&none));
  assert_text (duplex_deflate_words_dup_agreement (&some),
               "Sent: window of 32 KiB, kept from message to message\n"
               "Received: window of 256 bytes, empty for each message");
}

static void
test_ratio (void)
{
  assert_text (duplex_deflate_words_dup_ratio (0, 0), "–");
  assert_text (duplex_deflate_words_dup_ratio (0, 1), "0.0:1");
  assert_text (duplex_deflate_words_dup_ratio (480, 120), "4.0:1");
  assert_text (duplex_deflate_words_dup_ratio (5, 7), "0.7:1");
  assert_text (duplex_deflate_words_dup_ratio (G_MAXUINT64, G_MAXUINT64), "1.0:1");
}

static void
test_sizes (void)
{
  assert_text (duplex_deflate_words_dup_sizes (480, 120), "480 bytes, 120 bytes on the wire");
  assert_text (duplex_deflate_words_dup_sizes (1234567, 1), "1.2 MB, 1 byte on the wire");
}

static void
test_row_size (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autofree char          *letters = g_strnfill (480, 'a');
  static const char *const  sizes[] = { "480 bytes", "480 bytes, 8 bytes on the wire",
                                        "480 bytes, 8 bytes on the wire",
                                        "5 bytes on the wire, not inflated" };

  conversation_text (capture, DUPLEX_DIRECTION_SENT, letters, 480);
  conversation_compressed (capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, letters, 480, 1);
  conversation_compressed (capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, letters, 480, 3);
  conversation_corrupt (capture);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (DuplexRow) row = conversation_get_row (capture, i);

      assert_text (duplex_deflate_words_dup_row_size (row), sizes[i]);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/deflate-words/window", test_window);
  g_test_add_func ("/app/deflate-words/agreement", test_agreement);
  g_test_add_func ("/app/deflate-words/ratio", test_ratio);
  g_test_add_func ("/app/deflate-words/sizes", test_sizes);
  g_test_add_func ("/app/deflate-words/row-size", test_row_size);

  return g_test_run ();
}
