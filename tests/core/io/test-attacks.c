/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a hostile look at the engine found: peers, files and moments that nobody would wish for. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io/duplex-analyzer.h"
#include "core/proto/duplex-error.h"
#include "duplex-far-end.h"

/* ---- the keep-alive ---- */

static Fixture *
fixture_new_keep_alive (FarEnd *far)
{
  Fixture *f = fixture_new (far_end_get_url (far));

  duplex_profile_set_ping_interval (duplex_session_get_profile (f->session), 1);
  duplex_profile_set_ping_limit (duplex_session_get_profile (f->session), 1);
  return f;
}

/* While we do not read, no pong is missing. */
static void
test_paused_misses_no_pong (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_keep_alive (far);
  g_autofree guint8 *bytes = g_malloc0 (300 * 1024);

  duplex_session_get_options (f->session)->max_unread = 1;
  fixture_connect (f);
  far_end_write_frame (far, 0x82, bytes, 300 * 1024);
  for (guint i = 0; i < 4; i++)
    {
      g_auto (DuplexEvent) ping = DUPLEX_EVENT_INIT;

      fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 9, i, &ping);
    }
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  fixture_disconnect (f);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_PONG_MISSING), ==, 0);
  fixture_free (f);
}

/* ---- control frames ---- */

/* Far beyond 125 bytes, and beyond a block of the capture. */
#define HUGE_SIZE ((gsize)1024 * 1024)

/* A frame without its header's first byte. */
static GByteArray *
make_huge (void)
{
  GByteArray *bytes = g_byte_array_new ();
  guint64     length = GUINT64_TO_BE (HUGE_SIZE);

  g_byte_array_append (bytes, (const guint8 *)"\x7f", 1);
  g_byte_array_append (bytes, (const guint8 *)&length, sizeof length);
  g_byte_array_set_size (bytes, bytes->len + HUGE_SIZE);
  memset (bytes->data + 9, 'x', HUGE_SIZE);
  return bytes;
}

static void
huge_act_cb (const DuplexSeenFrame *frame,
             gpointer               data)
{
  guint *n_apart = data;

  g_assert_null (frame->payload);
  *n_apart += frame->payload_id != 0 && frame->payload_size == HUGE_SIZE;
}

/* The payload goes to the capture as it comes, like that of any other large frame, and where there
 * is none it is not kept: a gigabyte of it is not gathered in memory. */
static void
test_huge_control_is_not_gathered (void)
{
  static const DuplexAnalyzerCallbacks callbacks = { .act = huge_act_cb };
  g_autoptr (GByteArray)               huge = make_huge ();
  g_autoptr (DuplexCapture)            capture = duplex_capture_new ();

  for (guint i = 0; i < 2; i++)
    {
      guint                      n_apart = 0;
      g_autoptr (DuplexAnalyzer) analyzer =
        duplex_analyzer_new (DUPLEX_ROLE_SERVER, DUPLEX_DIRECTION_RECEIVED,
                             i == 0 ? capture : NULL, 1, G_MAXUINT32, &callbacks, &n_apart);

      duplex_analyzer_feed (analyzer, (const guint8 *)"\x89", 1);
      for (gsize at = 0; at < huge->len; at += 1000)
        duplex_analyzer_feed (analyzer, huge->data + at, MIN (1000, huge->len - at));
      g_assert_false (duplex_analyzer_is_busy (analyzer));
      g_assert_cmpuint (n_apart, ==, i == 0 ? 1 : 0);
    }
}

/* Whoever acts on control frames has no payload of those. */
static void
test_huge_control (gconstpointer data)
{
  guint8                 opcode = (guint8)GPOINTER_TO_UINT (data);
  guint8                 first = 0x80 | opcode;
  g_autoptr (GByteArray) huge = make_huge ();
  g_autoptr (FarEnd)     far = far_end_new (NULL);
  Fixture               *f = fixture_new_far (far);
  g_auto (DuplexEvent)   event = DUPLEX_EVENT_INIT;

  far_end_write (far, &first, 1);
  far_end_write (far, huge->data, huge->len);
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, opcode, 0, &event);
  g_assert_cmpuint (event.payload_size, ==, HUGE_SIZE);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_CONTROL_TOO_LONG), ==, 1);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (far_end_get_close_code (far, f, 0), ==, 1002);
  g_assert_cmpuint (f->close_code, ==, 1002);
  fixture_free (f);
}

/* ---- messages that take their time ---- */

#define SLOW_SIZE ((gsize)24 * 1024 * 1024)

/* Bytes that take zlib long, and shrink. */
static GBytes *
make_slow (gsize size)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  guint8           *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = 'a' + (g_rand_int (rand) & 15);
  return g_bytes_new_take (bytes, size);
}

static gboolean
is_all_sent (Fixture *f,
             gpointer data)
{
  gsize bytes;
  guint messages;

  duplex_session_get_waiting (f->session, &bytes, &messages);
  return bytes == 0 && messages == 0;
}

/* Nobody waits for a large message to be compressed: not a ping, not another connection. */
static void
test_ping_before_slow_message (void)
{
  g_autoptr (FarEnd)   far = far_end_new ("permessage-deflate");
  Fixture             *f = fixture_new_far (far);
  g_autoptr (GBytes)   slow = make_slow (SLOW_SIZE);
  g_autoptr (GBytes)   ping = NULL;
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  g_assert_true (duplex_session_send_binary (f->session, slow, NULL));
  g_assert_true (duplex_session_send_text (f->session, "next", -1, NULL));
  g_assert_true (duplex_session_ping (f->session, NULL, NULL));
  far_end_wait_frames (far, f, 3);
  ping = far_end_dup_payload (far, 0);
  g_assert_cmpuint (g_bytes_get_size (ping), ==, 8);
  fixture_wait (f, is_all_sent, NULL, "an empty queue");
  fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 2, 0, &event);
  g_assert_cmpint (event.value, ==, SLOW_SIZE);
  g_assert_cmpuint (event.n_findings, ==, 0);
  fixture_disconnect (f);
  fixture_free (f);
}

/* In the smallest fragments, compressed and not, with a message behind it and the Close. */
static void
test_many_fragments (gconstpointer data)
{
  const char           *extension = data;
  g_autoptr (FarEnd)    far = far_end_new (extension);
  Fixture              *f = fixture_new (far_end_get_url (far));
  g_autoptr (GBytes)    slow = make_slow (20000);
  g_autoptr (DuplexRow) row = NULL;
  g_autoptr (GBytes)    sent = NULL;

  duplex_session_get_options (f->session)->fragment = 1;
  fixture_connect (f);
  g_assert_true (duplex_session_send_binary (f->session, slow, NULL));
  g_assert_true (duplex_session_send_text (f->session, "n", -1, NULL));
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (f->close_code, ==, 1000);
  row = fixture_find_message (f, DUPLEX_DIRECTION_SENT, 0);
  sent = duplex_row_dup_payload (row, G_MAXSIZE, NULL);
  g_assert_true (g_bytes_equal (sent, slow));
  g_assert_cmpuint (duplex_row_get_n_findings (row), ==, 0);
  g_clear_object (&row);
  fixture_free (f);
}

static gboolean
is_sending (Fixture *f,
            gpointer data)
{
  gsize bytes;

  duplex_session_get_waiting (f->session, &bytes, NULL);
  return bytes >= SLOW_SIZE;
}

/* The connection ends while a message is being made. */
static void
test_slow_message_and_the_end (gconstpointer data)
{
  gboolean           by_frame = GPOINTER_TO_INT (data);
  g_autoptr (FarEnd) far = far_end_new ("permessage-deflate");
  Fixture           *f = fixture_new_far (far);
  g_autoptr (GBytes) slow = make_slow (SLOW_SIZE);

  g_assert_true (duplex_session_send_binary (f->session, slow, NULL));
  g_assert_true (duplex_session_send_binary (f->session, slow, NULL));
  fixture_wait (f, is_sending, NULL, "two messages");
  if (by_frame)
    far_end_write_frame (far, 0x88, "\x03\xe8", 2);
  else
    far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (f->close_code, ==, by_frame ? 1000 : 1006);
  g_assert_true (is_all_sent (f, NULL));
  fixture_free (f);
}

/* ---- pipes ---- */

static void
write_and_close (const char *pipe,
                 const char *text)
{
  int fd = g_open (pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize)strlen (text));
  g_assert_cmpint (close (fd), ==, 0);
}

static gboolean
is_transfer_over (Fixture *f,
                  gpointer transfer)
{
  return duplex_transfer_is_over (transfer);
}

/* Nobody waits for whoever writes to a pipe: the first is cancelled, the second comes late, and the
 * third never. */
static void
test_pipe (void)
{
  g_autoptr (FarEnd)  far = far_end_new (NULL);
  Fixture            *f = fixture_new_far (far);
  g_autofree char    *folder = g_dir_make_tmp ("duplex-attacks-XXXXXX", NULL);
  g_autofree char    *path = g_build_filename (folder, "pipe", NULL);
  g_autoptr (GFile)   file = g_file_new_for_path (path);
  DuplexTransfer     *transfers[3];
  DuplexTransferState ends[] = { DUPLEX_TRANSFER_CANCELLED, DUPLEX_TRANSFER_SENT,
                                 DUPLEX_TRANSFER_CANCELLED };

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  for (guint i = 0; i < 3; i++)
    {
      transfers[i] = duplex_session_send_file (f->session, DUPLEX_OPCODE_BINARY, file, NULL);
      g_assert_nonnull (transfers[i]);
      if (i == 0)
        duplex_transfer_cancel (transfers[i]);
      else if (i == 1)
        write_and_close (path, "hello");
      else
        g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
      fixture_wait (f, is_transfer_over, transfers[i], "the end of a transfer");
      g_assert_cmpint (duplex_transfer_get_state (transfers[i]), ==, ends[i]);
    }
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  far_end_assert_frames (far, f, "82+5 88+26");
  fixture_free (f);
  for (guint i = 0; i < 3; i++)
    g_object_unref (transfers[i]); /* the thread that read it may still hold it */
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int    argc,
      char **argv)
{
  static const guint controls[] = { 8, 9, 10 };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/attacks/keep-alive/paused", test_paused_misses_no_pong);
  g_test_add_func ("/core/attacks/huge-control", test_huge_control_is_not_gathered);
  for (gsize i = 0; i < G_N_ELEMENTS (controls); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/attacks/huge-control/%x", controls[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (controls[i]), test_huge_control);
    }
  g_test_add_func ("/core/attacks/slow/ping", test_ping_before_slow_message);
  g_test_add_data_func ("/core/attacks/slow/fragments", NULL, test_many_fragments);
  g_test_add_data_func ("/core/attacks/slow/fragments/compressed", "permessage-deflate",
                        test_many_fragments);
  g_test_add_data_func ("/core/attacks/slow/closed", GINT_TO_POINTER (TRUE),
                        test_slow_message_and_the_end);
  g_test_add_data_func ("/core/attacks/slow/lost", GINT_TO_POINTER (FALSE),
                        test_slow_message_and_the_end);
  g_test_add_func ("/core/attacks/pipe", test_pipe);
  return g_test_run ();
}
