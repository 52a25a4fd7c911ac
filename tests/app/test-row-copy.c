/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-row-copy.h"

#include "conversation.h"

static void
assert_copy (DuplexCapture *capture,
             guint          position,
             const char    *text,
             const char    *hex)
{
  g_autoptr (DuplexRow) row = conversation_get_row (capture, position);
  g_autofree char      *copied = duplex_row_copy_text (row);
  g_autofree char      *copied_hex = duplex_row_copy_hex (row);

  g_assert_cmpstr (copied, ==, text);
  g_assert_cmpstr (copied_hex, ==, hex);
}

static void
test_kinds (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();

  conversation_text (capture, DUPLEX_DIRECTION_SENT, "{ \"a\":1 }\n", -1);
  conversation_text (capture, DUPLEX_DIRECTION_SENT, "a\0\xff", 3);
  conversation_text (capture, DUPLEX_DIRECTION_SENT, "", 0);
  conversation_message (capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY, "\x00\xa5", 2, 2, 0);
  conversation_control (capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PING, "hi", 2, -1);
  conversation_state (capture, DUPLEX_EVENT_CONNECTED, "ws://localhost/", 0);
  conversation_compressed (capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, "[1]", 3, 1);
  conversation_corrupt (capture);

  /* as it came, not as it is shown */
  assert_copy (capture, 0, "{ \"a\":1 }\n", "7b 20 22 61 22 3a 31 20 7d 0a");
  assert_copy (capture, 1, "a\ufffd\ufffd", "61 00 ff");
  assert_copy (capture, 2, "", "");
  assert_copy (capture, 3, "00 a5", "00 a5");
  assert_copy (capture, 4, "Ping “hi”", "68 69");
  assert_copy (capture, 5, "Connected to ws://localhost/", NULL);
  assert_copy (capture, 6, "[1]", "5b 31 5d");
  /* what could not be inflated */
  assert_copy (capture, 7, "07 ff 00 41 fe", "07 ff 00 41 fe");
}

static void
test_too_big (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autofree char          *big = g_malloc0 (DUPLEX_ROW_COPY_HEX_MAX + 1);
  g_autoptr (DuplexRow)     text = NULL;
  g_autoptr (DuplexRow)     binary = NULL;

  conversation_text (capture, DUPLEX_DIRECTION_SENT, big, DUPLEX_ROW_COPY_HEX_MAX + 1);
  conversation_message (capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY, big,
                        DUPLEX_ROW_COPY_HEX_MAX + 1, 1, 0);
  text = conversation_get_row (capture, 0);
  binary = conversation_get_row (capture, 1);

  g_assert_true (duplex_row_copy_fits (text));
  g_assert_false (duplex_row_copy_hex_fits (text));
  g_assert_false (duplex_row_copy_fits (binary));
  g_assert_null (duplex_row_copy_text (binary));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/row-copy/kinds", test_kinds);
  g_test_add_func ("/app/row-copy/too-big", test_too_big);

  return g_test_run ();
}
