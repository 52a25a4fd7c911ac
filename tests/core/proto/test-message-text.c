/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tracker says of text that comes compressed or plain, of the bit that tells which, and of
 * text that may hide something. */
#include "core/proto/duplex-message.h"

#include "duplex-hex.h"

/* What a row does to a tracker of a server's frames, steps between semicolons:
 *
 *   h 41 05   a header
 *   p 61      some of its payload
 *   i 61      what some of it inflated to
 *   s         the text is not to be judged any more
 *   e         the frame's end
 *
 * and what comes of it: "z" for the header of a frame of a compressed message, "-" for that of
 * another, and findings where they came. */
typedef struct
{
  const char *name;
  gboolean    deflate;
  const char *steps;
  const char *said;
} Case;

static const Case cases[] = {
  /* RSV1 */
  { "rsv1/not-agreed", FALSE, "h c101; p 61; e", "- reserved-bit@0" },
  { "rsv1/text", TRUE, "h c101; p 00; e", "z" },
  { "rsv1/binary", TRUE, "h c201; p 00; e", "z" },
  { "rsv1/not-set", TRUE, "h 8101; p 61; e", "-" },
  { "rsv1/one-then-other", TRUE, "h c101; p 00; e; h 8101; p 61; e; h c101; p 00; e", "z - z" },
  { "rsv1/fragments", TRUE, "h 4101; p 00; e; h 0000; e; h 8000; e", "z z z" },
  { "rsv1/empty-first-frame", TRUE, "h 4100; e; h 8001; p 00; e", "z z" },
  { "rsv1/control-between", TRUE, "h 4101; p 00; e; h 8900; e; h 8000; e", "z - z" },
  { "rsv1/continuation", TRUE, "h 4101; p 00; e; h c000; e",
    "z z compressed-bit-misplaced@0" },
  { "rsv1/continuation-of-plain", TRUE, "h 0101; p 61; e; h c001; p 62; e",
    "- - compressed-bit-misplaced@0" },
  { "rsv1/each-fragment", TRUE, "h 4100; e; h 4000; e; h c000; e",
    "z z compressed-bit-misplaced@0 z compressed-bit-misplaced@0" },
  { "rsv1/stray-continuation", TRUE, "h c000; e",
    "- compressed-bit-misplaced@0 continuation-unexpected@0" },
  { "rsv1/ping", TRUE, "h c900; e", "- compressed-bit-misplaced@0" },
  { "rsv1/pong", TRUE, "h ca00; e", "- compressed-bit-misplaced@0" },
  { "rsv1/close", TRUE, "h c800; e", "- compressed-bit-misplaced@0" },
  { "rsv1/ping-inside", TRUE, "h 4100; e; h c900; e; h 8000; e",
    "z - compressed-bit-misplaced@0 z" },
  { "rsv1/new-inside", TRUE, "h 4101; p 00; e; h c101; p 00; e",
    "z z continuation-expected@0" },
  { "rsv1/plain-inside", TRUE, "h 4101; p 00; e; h 8101; p 61; e",
    "z - continuation-expected@0" },

  /* the bits that no extension of ours takes */
  { "rsv2", TRUE, "h a101; p 61; e", "- reserved-bit@0" },
  { "rsv3", TRUE, "h 9101; p 61; e", "- reserved-bit@0" },
  { "rsv2/compressed", TRUE, "h e101; p 00; e", "z reserved-bit@0" },
  { "rsv3/continuation", TRUE, "h 4100; e; h 9000; e", "z z reserved-bit@0" },
  { "rsv2/ping", TRUE, "h a900; e", "- reserved-bit@0" },
  { "rsv/all-on-continuation", TRUE, "h 4100; e; h f000; e",
    "z z reserved-bit@0 compressed-bit-misplaced@0" },

  /* the text of a compressed message is what it inflates to */
  { "inflated/good", TRUE, "h c102; p ffff; i 61c3a4; e", "z" },
  { "inflated/bad", TRUE, "h c102; p 6161; i 61ff; e", "z invalid-utf8@2" },
  { "inflated/bad-once", TRUE, "h c102; p 00; i 61ff; i ff; e", "z invalid-utf8@2" },
  { "inflated/in-two-pieces", TRUE, "h c102; p 00; i c3; p 00; i a4; e", "z" },
  { "inflated/over-fragments", TRUE, "h 4101; p 00; i c3; e; h 8001; p 00; i a4; e", "z z" },
  { "inflated/bad-in-fragment", TRUE, "h 4101; p 00; i c3; e; h 807e0100; p 00; i 28; e",
    "z z invalid-utf8@4" },
  { "inflated/open-at-end", TRUE, "h c101; p 00; i 61c3; e", "z invalid-utf8@2" },
  { "inflated/open-at-fragment", TRUE, "h 4101; p 00; i c3; e; h 8000; e",
    "z z invalid-utf8@2" },
  { "inflated/binary", TRUE, "h c201; p 00; i ff; e", "z" },
  { "inflated/reserved-bit", TRUE, "h e101; p 00; i ff; e", "z reserved-bit@0" },
  { "inflated/next-is-judged", TRUE, "h c101; p 00; i ff; e; h c101; p 00; i ff; e",
    "z invalid-utf8@2 z invalid-utf8@2" },
  { "inflated/of-a-plain-one", TRUE, "h 8101; p 61; i ff; e", "-" },
  { "plain/beside-compressed", TRUE, "h c101; p ff; i 61; e; h 8101; p ff; e",
    "z - invalid-utf8@2" },
  { "plain/misplaced-bit-is-judged", TRUE, "h 0101; p c3; e; h c001; p 28; e",
    "- - compressed-bit-misplaced@0 invalid-utf8@2" },

  /* what cannot be inflated is not judged */
  { "skip/at-once", TRUE, "h c101; s; p 00; i ff; e", "z" },
  { "skip/inside-a-character", TRUE, "h c101; p 00; i c3; s; e", "z" },
  { "skip/for-this-message", TRUE, "h c101; s; p 00; e; h 8101; p ff; e", "z - invalid-utf8@2" },
  { "skip/over-fragments", TRUE, "h 4101; s; p 00; e; h 8001; p 00; i ff; e", "z z" },

  /* text that may hide something */
  { "unsafe/none", FALSE, "h 8105; p 61 09 0a 0d 7e; e", "-" },
  { "unsafe/nul", FALSE, "h 8103; p 616200; e", "- text-unsafe@4" },
  { "unsafe/escape", FALSE, "h 8103; p 1b5b6d; e", "- text-unsafe@2" },
  { "unsafe/del", FALSE, "h 8102; p 617f; e", "- text-unsafe@3" },
  { "unsafe/c1", FALSE, "h 8103; p 61c285; e", "- text-unsafe@3" },
  { "unsafe/override", FALSE, "h 8104; p 61e280ae; e", "- text-unsafe@3" },
  { "unsafe/isolate", FALSE, "h 8104; p 61e281a6; e", "- text-unsafe@3" },
  { "unsafe/once", FALSE, "h 8104; p 1b61; p 1b1b; e", "- text-unsafe@2" },
  { "unsafe/once-a-message", FALSE, "h 8101; p 1b; e; h 8102; p 611b; e",
    "- text-unsafe@2 - text-unsafe@3" },
  { "unsafe/second-fragment", FALSE, "h 0102; p 6161; e; h 8002; p 611b; e",
    "- - text-unsafe@3" },
  { "unsafe/once-over-fragments", FALSE, "h 0101; p 1b; e; h 0001; p 1b; e; h 8001; p 1b; e",
    "- text-unsafe@2 - -" },
  { "unsafe/begun-in-fragment-before", FALSE, "h 0102; p 61e2; e; h 8002; p 80ae; e",
    "- - text-unsafe@2" },
  { "unsafe/wide-header", FALSE, "h 817e00fa; p 61611b; e", "- text-unsafe@6" },
  { "unsafe/and-bad", FALSE, "h 8103; p 1b61ff; e", "- text-unsafe@2 invalid-utf8@4" },
  { "unsafe/behind-bad", FALSE, "h 8103; p 61ff1b; e", "- invalid-utf8@3" },
  { "unsafe/binary", FALSE, "h 8201; p 1b; e", "-" },
  { "unsafe/ping", FALSE, "h 8901; p 1b; e", "-" },
  { "unsafe/compressed", TRUE, "h c105; p 0000; i 6161611b; e", "z text-unsafe@2" },
  { "unsafe/compressed-bytes", TRUE, "h c101; p 1b; i 61; e", "z" },
  { "unsafe/compressed-once", TRUE, "h 4101; p 00; i 1b; e; h 8001; p 00; i 1b; e",
    "z text-unsafe@2 z" },
  { "unsafe/skipped", TRUE, "h c101; s; p 00; i 1b; e", "z" },
};

static void
say_findings (GArray  *findings,
              GString *out)
{
  for (guint i = 0; i < findings->len; i++)
    {
      DuplexFinding finding = g_array_index (findings, DuplexFinding, i);

      g_string_append_printf (out, " %s@%" G_GUINT64_FORMAT, duplex_finding_get_name (finding.id),
                              finding.offset);
    }
  g_array_set_size (findings, 0);
}

static void
take_header (DuplexMessageTracker *tracker,
             const guint8         *bytes,
             gsize                 size,
             GArray               *findings,
             GString              *out)
{
  DuplexFrameHeader  header;
  DuplexMessagePlace place;

  g_assert_cmpuint (duplex_frame_header_decode (bytes, size, &header), ==, size);
  duplex_message_tracker_header (tracker, &header, &place, findings);
  g_string_append_printf (out, "%s%c", out->len > 0 ? " " : "", place.compressed ? 'z' : '-');
}

static void
take_step (DuplexMessageTracker *tracker,
           const char           *step,
           GString              *out)
{
  g_autoptr (GArray) findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autoptr (GBytes) hex = duplex_hex_decode (step + 1);
  gsize              size;
  const guint8      *bytes = g_bytes_get_data (hex, &size);

  switch (step[0])
    {
    case 'h':
      take_header (tracker, bytes, size, findings, out);
      break;
    case 'p':
      duplex_message_tracker_payload (tracker, bytes, size, findings);
      break;
    case 'i':
      duplex_message_tracker_inflated (tracker, bytes, size, findings);
      break;
    case 's':
      duplex_message_tracker_skip_text (tracker);
      break;
    case 'e':
      duplex_message_tracker_end (tracker, findings);
      break;
    default:
      g_error ("no such step: %s", step);
    }
  say_findings (findings, out);
}

static void
test_case (gconstpointer data)
{
  const Case                      *row = data;
  g_auto (GStrv)                   steps = g_strsplit (row->steps, ";", -1);
  g_autoptr (DuplexMessageTracker) tracker = NULL;
  g_autoptr (GString)              out = g_string_new (NULL);

  tracker = duplex_message_tracker_new (DUPLEX_ROLE_SERVER, G_MAXUINT64);
  if (row->deflate)
    duplex_message_tracker_set_deflate (tracker);
  for (guint i = 0; steps[i] != NULL; i++)
    take_step (tracker, g_strstrip (steps[i]), out);
  g_assert_cmpstr (out->str, ==, row->said);
}

/* A copy goes on from where it was made, and the first knows nothing of it. */
static void
test_copy (void)
{
  g_autoptr (DuplexMessageTracker) tracker = NULL;
  g_autoptr (DuplexMessageTracker) copy = NULL;
  g_autoptr (GString)              out = g_string_new (NULL);

  tracker = duplex_message_tracker_new (DUPLEX_ROLE_SERVER, G_MAXUINT64);
  duplex_message_tracker_set_deflate (tracker);
  take_step (tracker, "h 4101", out);
  take_step (tracker, "i c3", out);
  take_step (tracker, "e", out);
  copy = duplex_message_tracker_copy (tracker);
  g_assert_cmpuint (duplex_message_tracker_get_open (copy), ==, 1);

  take_step (copy, "h 8001", out);
  take_step (copy, "i a4", out);
  take_step (copy, "e", out);
  g_assert_cmpuint (duplex_message_tracker_get_open (copy), ==, 0);
  g_assert_cmpuint (duplex_message_tracker_get_open (tracker), ==, 1);
  take_step (tracker, "h 8001", out);
  take_step (tracker, "i 28", out);
  g_assert_cmpstr (out->str, ==, "z z z invalid-utf8@2");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/core/message-text/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/core/message-text/copy", test_copy);

  return g_test_run ();
}
