/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compressed messages that are large, too large, or far larger than they look. */
#include <glib/gstdio.h>
#include <string.h>

#include "core/model/duplex-row.h"
#include "core/proto/duplex-deflate.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-compressed-support.h"
#include "duplex-deflate-cut.h"
#include "duplex-far-end.h"

#define PLAIN "permessage-deflate"

static const DuplexDeflateDirection window_15 = { .window_bits = 15 };

/* ---- limits ---- */

#define MIB ((gsize)1024 * 1024)

/* So many bytes of nothing, compressed; noise is how many of each MiB are something. */
static GByteArray *
new_bomb (guint64 size,
          gsize   noise)
{
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&window_15, 1, 0);
  g_autofree guint8         *bytes = g_malloc0 (MIB);
  GByteArray                *out = g_byte_array_new ();
  guint32                    seed = 1;

  for (gsize i = 0; i < noise; i++)
    {
      seed = seed * 1664525 + 1013904223;
      bytes[i] = (guint8)(seed >> 24);
    }
  for (guint64 n; size > 0; size -= n)
    {
      n = MIN (size, MIB);
      duplex_deflater_feed (deflater, bytes, n, out);
    }
  duplex_deflater_end (deflater, out);
  return out;
}

/* To the byte: what a message may have passes, and one byte more does not. */
static void
test_limit (void)
{
  for (guint more = 0; more < 2; more++)
    {
      g_autoptr (FarEnd)     far = far_end_new (PLAIN);
      Fixture               *f = fixture_new (far_end_get_url (far));
      g_autoptr (GByteArray) bomb = new_bomb (5000 + more, 0);
      g_auto (DuplexEvent)   event = DUPLEX_EVENT_INIT;

      duplex_session_get_options (f->session)->max_message = 5000;
      fixture_connect (f);
      far_end_write_frame (far, 0xc2, bomb->data, bomb->len);
      fixture_wait_received (f, 1);
      fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 2, 0, &event);
      g_assert_cmpint (event.value, ==, more ? -1 : 5000);
      g_assert_cmpuint (event.inflated_size, ==, 5000);
      g_assert_cmpuint (event.payload_size, ==, bomb->len);
      g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_INFLATED_TOO_BIG), ==, more);
      if (more)
        {
          g_assert_cmpuint (far_end_get_close_code (far, f, 0), ==, 1009);
          fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
          g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_PROTOCOL);
        }
      else
        fixture_disconnect (f);
      fixture_free (f);
    }
}

/* The limit is one for the message, whatever its fragments are. */
static void
test_limit_over_fragments (void)
{
  g_autoptr (FarEnd)     far = far_end_new (PLAIN);
  Fixture               *f = fixture_new (far_end_get_url (far));
  g_autoptr (GByteArray) bomb = new_bomb (200000, 0);
  g_auto (DuplexEvent)   event = DUPLEX_EVENT_INIT;
  guint64                offset = 0;

  duplex_session_get_options (f->session)->max_message = 100000;
  fixture_connect (f);
  far_end_write_frame (far, 0x42, bomb->data, 20);
  far_end_write_frame (far, 0x80, bomb->data + 20, bomb->len - 20);
  g_assert_cmpuint (far_end_get_close_code (far, f, 0), ==, 1009);
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 0, 0, &event);
  g_assert_true (fixture_find_finding (&event, DUPLEX_FINDING_INFLATED_TOO_BIG, &offset));
  g_assert_cmpuint (offset, >=, 2);
  g_assert_cmpuint (offset, <, bomb->len - 20 + 4);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  fixture_free (f);
}

static guint64
get_peak_kib (void)
{
  g_autofree char *status = NULL;
  const char      *peak;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  peak = strstr (status, "VmHWM:");
  g_assert_nonnull (peak);
  return g_ascii_strtoull (peak + strlen ("VmHWM:"), NULL, 10);
}

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char              *folder = g_dir_make_tmp ("duplex-compressed-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char      *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* Memory does not notice what goes to the file. */
static void
check_bomb (GByteArray *bomb,
            gsize      *ret_inflated)
{
  g_autoptr (FarEnd)   far = far_end_new (PLAIN);
  Fixture             *f = fixture_new (far_end_get_url (far));
  g_autofree char     *folder = make_folder ();
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              before = get_peak_kib ();

  duplex_session_set_capture_folder (f->session, folder, FALSE);
  fixture_connect (f);
  far_end_write_frame (far, 0xc2, bomb->data, bomb->len);
  g_assert_cmpuint (far_end_get_close_code (far, f, 0), ==, 1009);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_INFLATED_TOO_BIG), ==, 1);
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 2, 0, &event);
  g_assert_cmpint (event.value, ==, -1);
  g_assert_cmpuint (event.payload_size, ==, bomb->len);
  g_assert_cmpuint (event.inflated_id, !=, 0);
  *ret_inflated = event.inflated_size;
  /* A sanitizer keeps what was freed. */
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
  g_assert_cmpuint (get_peak_kib (), <, before + 64 * 1024);
#else
  g_assert_cmpuint (before, >, 0);
#endif
  duplex_event_clear (&event);
  fixture_free (f);
  remove_folder (folder);
}

/* What shrinks as no message does is stopped early. */
static void
test_bomb (void)
{
  g_autoptr (GByteArray) bomb = new_bomb (DUPLEX_LIMIT_INFLATED, 0);
  gsize                  inflated;

  check_bomb (bomb, &inflated);
  g_assert_cmpuint (inflated, >, DUPLEX_LIMIT_INFLATE_FREE);
  g_assert_cmpuint (inflated, <, DUPLEX_LIMIT_INFLATE_FREE + 2 * MIB);
}

/* What shrinks less has the limit itself. */
static void
test_large_bomb (void)
{
  g_autoptr (GByteArray) bomb = new_bomb (DUPLEX_LIMIT_INFLATED + 1, 12 * 1024);
  gsize                  inflated;

  check_bomb (bomb, &inflated);
  g_assert_cmpuint (inflated, ==, DUPLEX_LIMIT_INFLATED);
}

/* ---- large ones, kept ---- */

static void
assert_stored (DuplexCapture    *stored,
               Fixture          *f,
               DuplexDirection   direction,
               guint             n,
               const GByteArray *text)
{
  gint64               number = fixture_find_frame (f, direction, DUPLEX_OPCODE_TEXT, n);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  g_autofree guint8   *bytes = g_malloc (text->len + 1);
  gsize                got;

  g_assert_true (duplex_capture_read (stored, (guint64)number, &event));
  g_assert_cmpint (event.value, ==, text->len);
  g_assert_cmpuint (event.inflated_size, ==, text->len);
  got = duplex_capture_read_payload (stored, &event, DUPLEX_PAYLOAD_INFLATED, 0, bytes,
                                     text->len + 1);
  g_assert_cmpmem (bytes, got, text->data, text->len);
}

/* Beyond a block, beyond two, and at its size exactly, in both directions. */
static void
test_large_recorded (void)
{
  static const gsize         sizes[] = { DUPLEX_LIMIT_CAPTURE_BLOCK,
                                         DUPLEX_LIMIT_CAPTURE_BLOCK + 1, 3 * 1024 * 1024 + 7 };
  g_autoptr (FarEnd)         far = far_end_new (PLAIN);
  Fixture                   *f = fixture_new (far_end_get_url (far));
  g_autofree char           *folder = make_folder ();
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&window_15, 1, 0);
  g_autoptr (DuplexCapture)  stored = NULL;
  g_autoptr (GError)         error = NULL;

  duplex_session_set_capture_folder (f->session, folder, FALSE);
  fixture_connect (f);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GByteArray) text = duplex_deflate_cut_new_text (sizes[i]);
      g_autoptr (GByteArray) payload = compressed_new (deflater, text->data, text->len);

      far_end_write_frame (far, 0xc1, payload->data, payload->len);
      g_assert_true (
        duplex_session_send_text (f->session, (const char *)text->data, text->len, NULL));
      fixture_wait_received (f, i + 1);
      fixture_wait_sent (f, i + 1);
      compressed_assert_row (f, DUPLEX_DIRECTION_RECEIVED, i, text->data, text->len);
    }
  fixture_disconnect (f);
  duplex_capture_finish (duplex_session_get_capture (f->session), &error);
  g_assert_no_error (error);
  stored =
    duplex_capture_open (duplex_capture_get_path (duplex_session_get_capture (f->session)), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GByteArray) text = duplex_deflate_cut_new_text (sizes[i]);

      assert_stored (stored, f, DUPLEX_DIRECTION_RECEIVED, i, text);
      assert_stored (stored, f, DUPLEX_DIRECTION_SENT, i, text);
    }
  g_clear_object (&stored);
  fixture_free (f);
  remove_folder (folder);
}

/* ---- echo ---- */

/* What comes back is what the messages are worth, compressed anew: whole, in fragments, empty, and
 * larger than what is held in one piece otherwise. */
static void
test_echo (void)
{
  static const gsize         sizes[] = { 5, 5000, 600000, 0, 70000 };
  g_autoptr (FarEnd)         far = far_end_new (PLAIN);
  Fixture                   *f = fixture_new (far_end_get_url (far));
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&window_15, 1, 0);
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&window_15, G_MAXUINT64);
  guint                      n = 0;

  duplex_session_get_options (f->session)->echo = TRUE;
  fixture_connect (f);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint halves = 0; halves < 2; halves++)
      {
        g_autoptr (GByteArray) text = duplex_deflate_cut_new_text (sizes[i]);
        g_autoptr (GByteArray) payload = compressed_new (deflater, text->data, text->len);
        g_autoptr (GByteArray) back = NULL;
        g_autoptr (GByteArray) inflated = NULL;

        if (halves)
          {
            far_end_write_frame (far, 0x42, payload->data, payload->len / 2);
            far_end_write_frame (far, 0x80, payload->data + payload->len / 2,
                                 payload->len - payload->len / 2);
          }
        else
          far_end_write_frame (far, 0xc1, payload->data, payload->len);
        far_end_wait_frames (far, f, n + 1);
        fixture_wait_sent (f, n + 1);
        back = far_end_dup_message (far, n, n);
        inflated = compressed_inflate (inflater, back);
        g_assert_cmpmem (inflated->data, inflated->len, text->data, text->len);
        compressed_assert_row (f, DUPLEX_DIRECTION_SENT, n, text->data, text->len);
        n++;
      }
  far_end_write_frame (far, 0x81, "plain", 5);
  far_end_wait_frames (far, f, n + 1);
  far_end_write_frame (far, 0x88, "\x03\xe8", 2);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (f->close_code, ==, 1000);
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/compressed-size/limit", test_limit);
  g_test_add_func ("/core/compressed-size/limit/over-fragments", test_limit_over_fragments);
  g_test_add_func ("/core/compressed-size/bomb", test_bomb);
  g_test_add_func ("/core/compressed-size/bomb/large", test_large_bomb);
  g_test_add_func ("/core/compressed-size/recorded", test_large_recorded);
  g_test_add_func ("/core/compressed-size/echo", test_echo);
  return g_test_run ();
}
