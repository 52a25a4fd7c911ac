/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-frame.h"

#include <string.h>

#include "core/proto/duplex-error.h"

static void
fixed_mask (guint8   key[4],
            gpointer user_data)
{
  memcpy (key, "\x11\x22\x33\x44", 4);
}

static char *
to_hex (GBytes *bytes)
{
  GString      *out = g_string_new (NULL);
  gsize         size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (out, "%02x", data[i]);
  return g_string_free (out, FALSE);
}

/* What a client sends for it, masked with 11223344 where it chooses the key. */
static void
test_frames (void)
{
  static const struct
  {
    const char *text;
    const char *wire;
    gboolean    deliberate;
  } frames[] = {
    { "text", "8180"
              "11223344" },
    { "text mask=none hi", "81026869" },
    { "  ping   mask=00000000   a  b ", "8985000000006120206220" },
    { "1 mask=none hi", "81026869" },
    { "0x1 mask=none hi", "81026869" },
    { "binary mask=none hex:00 ff", "820200ff" },
    { "2 mask=none hex:", "8200" },
    { "continuation mask=none nofin x", "000178" },
    { "close mask=none hex:03e8", "880203e8" },
    { "pong mask=none", "8a00" },
    { "15 mask=none", "8f00" },
    { "0xf mask=none", "8f00" },
    { "! 3 mask=none", "8300", TRUE },
    { "deliberate 3 mask=none", "8300", TRUE },
    { "text rsv1 mask=none", "c100" },
    { "text rsv2 rsv3 mask=none", "b100" },
    { "text nofin rsv1 rsv2 rsv3 mask=none", "7100" },
    { "text mask=random hi", "818211223344794b" },
    { "text mask=AbCdEf01 hi", "8182abcdef01c3a4" },
    { "text mask=none len=7 hi", "81026869" },
    { "text mask=none len=16 hi", "817e00026869" },
    { "text mask=none len=64 hi", "817f00000000000000026869" },
    { "text mask=none length=5 hi", "81056869" },
    { "text mask=none length=1 hi", "81016869" },
    { "text mask=none length=126 hi", "817e007e6869" },
    { "text mask=none length=0xffffffffffffffff", "817fffffffffffffffff" },
    { "text mask=none stop=1 hi", "81" },
    { "text mask=none stop=3 hi", "810268" },
    { "text mask=none stop=99 hi", "81026869" },
    /* the text is as it stands, behind the one space */
    { "text mask=none -- rsv1 x", "81067273763120"
                                  "78" },
    { "text mask=none --  x", "81022078" },
    { "text mask=none --", "8100" },
    { "text mask=none -- hex:00", "81066865783a3030" },
    { "text mask=none x rsv1", "81067820727376"
                               "31" },
    { "text mask=none {\"a\":1}", "81077b2261223a317d" },
    { "text mask=none finally", "810766696e616c6c79" },
    { "text mask=none A=b", "8103413d62" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_autoptr (GError)           error = NULL;
      gboolean                     deliberate = !frames[i].deliberate;
      g_autoptr (DuplexFrameDraft) draft =
        duplex_cli_frame_parse (frames[i].text, &deliberate, &error);
      g_autoptr (GBytes) wire = NULL;
      g_autofree char   *hex = NULL;

      g_test_message ("%s", frames[i].text);
      g_assert_no_error (error);
      wire = duplex_frame_draft_encode (draft, DUPLEX_ROLE_CLIENT, fixed_mask, NULL);
      hex = to_hex (wire);
      g_assert_cmpstr (hex, ==, frames[i].wire);
      g_assert_cmpint (deliberate, ==, frames[i].deliberate);
    }
}

/* Each names the word. */
static void
test_errors (void)
{
  static const struct
  {
    const char *text;
    const char *said;
  } errors[] = {
    { "", "/help frame" },
    { "  ", "/help frame" },
    { "!", "/help frame" },
    { "deliberate ", "/help frame" },
    { "Text", "“Text”" },
    { "16", "“16”" },
    { "0x10", "“0x10”" },
    { "-1", "“-1”" },
    { "nofin text", "“nofin”" },
    { "! ! text", "“!”" },
    { "text deliberate", "“deliberate”" },
    { "text nofin nofin", "“nofin”" },
    { "text mask=none mask=random", "“mask”" },
    { "text nofin=1", "“nofin=1”" },
    { "text rsv4", "“rsv4”" },
    { "text rsv1=1", "“rsv1=1”" },
    { "text mask", "“mask”" },
    { "text mask=", "“mask=”" },
    { "text mask=1234567", "“mask=1234567”" },
    { "text mask=123456789", "“mask=123456789”" },
    { "text mask=1234567g", "“mask=1234567g”" },
    { "text len=8", "“len=8”" },
    { "text len", "“len”" },
    { "text length=", "“length=”" },
    { "text length=-1", "“length=-1”" },
    { "text length=18446744073709551616", "“length=18446744073709551616”" },
    { "text stop=0", "“stop=0”" },
    { "text stop=x", "“stop=x”" },
    { "text fin=0", "“fin=0”" },
    { "text opcode=1 x", "“opcode=1”" },
    { "text hex:0", "“hex:0”" },
    { "text hex:0g 00", "“hex:0g 00”" },
    /* what the draft itself cannot be */
    { "text len=7 length=126", "126" },
    { "text len=16 length=65536", "65536" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean           deliberate;

      g_test_message ("%s", errors[i].text);
      g_assert_null (duplex_cli_frame_parse (errors[i].text, &deliberate, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, errors[i].said));
    }
}

static void
test_points (void)
{
  static const struct
  {
    const char *text;
    const char *points; /* or NULL: an error that names this */
    const char *said;
  } rows[] = {
    { "0", "0", NULL },
    { "2,5", "2 5", NULL },
    { "3,3,0x10", "3 3 16", NULL },
    { "", NULL, "“”" },
    { ",", NULL, "“”" },
    { "1,", NULL, "“”" },
    { "5,2", NULL, "“2”" },
    { "x", NULL, "“x”" },
    { "1,-2", NULL, "“-2”" },
    { "1;2", NULL, "“1;2”" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError)  error = NULL;
      g_autoptr (GArray)  points = duplex_cli_frame_parse_points (rows[i].text, &error);
      g_autoptr (GString) seen = g_string_new (NULL);

      g_test_message ("%s", rows[i].text);
      for (guint j = 0; points != NULL && j < points->len; j++)
        g_string_append_printf (seen, "%s%" G_GSIZE_FORMAT, j > 0 ? " " : "",
                                g_array_index (points, gsize, j));
      if (rows[i].points != NULL)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (seen->str, ==, rows[i].points);
          continue;
        }
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, rows[i].said));
    }
}

/* Lines to its end, none of them empty. */
static void
test_help (void)
{
  const char *words, *text;
  guint       n = 0;

  while ((words = duplex_cli_frame_get_help (n, &text)) != NULL)
    {
      g_assert_cmpstr (words, !=, "");
      g_assert_cmpstr (text, !=, "");
      n++;
    }
  g_assert_cmpuint (n, ==, 9);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/cli/frame/frames", test_frames);
  g_test_add_func ("/cli/frame/errors", test_errors);
  g_test_add_func ("/cli/frame/points", test_points);
  g_test_add_func ("/cli/frame/help", test_help);

  return g_test_run ();
}
