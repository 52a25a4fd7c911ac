/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures at unlucky moments, and of files that say what cannot be. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "core/model/duplex-capture-begun.h"
#include "core/model/duplex-capture-private.h"
#include "core/proto/duplex-limits.h"
#include "duplex-file-support.h"
#include "duplex-model-support.h"
#include "duplex-record-support.h"

/* ---- files that lie ---- */

/* A file of n messages, changed by sql. */
static RecordFixture *
make_liar (guint64     n,
           const char *sql)
{
  RecordFixture *f = record_fixture_new (NULL);

  record_append_texts (f->capture, 0, n, 20);
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  duplex_test_run_sql (f->path, sql);
  record_fixture_open (f);
  return f;
}

/* More events than a block can hold must not be looked for in it, nor gone through one by one. */
static void
test_too_many_events (gconstpointer data)
{
  RecordFixture       *f = make_liar (1, data);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              found;

  if (duplex_capture_read (f->stored, 1000000000, &event))
    g_assert_cmpint (event.kind, ==, DUPLEX_EVENT_LOST);
  g_assert_false (duplex_capture_find_finding (f->stored, 0, &found));
  record_fixture_free (f);
}

/* The list has the rows that the blocks have, whatever the totals say. */
static void
test_too_many_rows (void)
{
  RecordFixture      *f = make_liar (3, "UPDATE block SET rows = 4000000000, events = 999");
  g_autoptr (GObject) row = NULL;
  DuplexTotals        totals;

  duplex_capture_get_totals (f->stored, &totals);
  g_assert_cmpuint (totals.events, ==, 3);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 3);
  row = g_list_model_get_item (G_LIST_MODEL (f->stored), 2);
  g_assert_nonnull (row);
  g_clear_object (&row);
  record_fixture_free (f);
}

/* ---- a file that is recorded is open elsewhere ---- */

static gboolean
is_flushed (gpointer data)
{
  DuplexCapture *capture = data;
  gboolean       done;

  g_mutex_lock (&capture->mutex);
  done = !capture->wants_flush &&
         capture->index.entries->len > 0 &&
         duplex_capture_index_get_last (&capture->index)->n_written ==
           duplex_capture_index_get_last (&capture->index)->n_events;
  g_mutex_unlock (&capture->mutex);
  return done;
}

static void
wait_until_flushed (DuplexCapture *capture)
{
  gint64 until = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  while (!is_flushed (capture))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_thread_yield ();
    }
}

/* The last block grows in the file; who has opened it before still reads what it had then. */
static void
test_grows_after_opening (void)
{
  RecordFixture *f = record_fixture_new (NULL);

  record_append_texts (f->capture, 0, 3, 20);
  wait_until_flushed (f->capture);
  record_fixture_open (f);
  record_append_texts (f->capture, 3, 3, 20);
  wait_until_flushed (f->capture);
  for (guint64 i = 0; i < 3; i++)
    record_assert_text (f->stored, i, 20);
  record_fixture_free (f);
}

/* A reader keeps the file from becoming one, and must not keep us waiting for that: who reads on
 * meanwhile would wait too. */
static void
test_finish_while_open (void)
{
  RecordFixture *f = record_fixture_new (NULL);
  gint64         since;

  record_append_texts (f->capture, 0, 3, 20);
  wait_until_flushed (f->capture);
  record_fixture_open (f);
  record_assert_text (f->stored, 0, 20);
  since = g_get_monotonic_time ();
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  g_assert_cmpint (g_get_monotonic_time () - since, <, 2 * G_TIME_SPAN_SECOND);
  record_assert_text (f->stored, 2, 20);
  record_fixture_free (f);
}

/* ---- the end of a capture that nobody has finished ---- */

/* Nothing is left for the main loop to do. */
static void
test_dropped (void)
{
  GMainContext  *context = g_main_context_new ();
  GPollFD        fds[8];
  RecordFixture *f;
  int            timeout = 0;
  int            priority;

  g_main_context_push_thread_default (context);
  f = record_fixture_new (NULL);
  record_append_texts (f->capture, 0, 3, 20);
  record_fixture_free (f);
  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  g_main_context_query (context, G_MAXINT, &timeout, fds, G_N_ELEMENTS (fds));
  g_assert_cmpint (timeout, ==, -1);
  g_main_context_release (context);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
}

/* ---- frames that are not complete ---- */

static guint64
begin_large (DuplexCapture *capture,
             const guint8  *bytes,
             gsize          size)
{
  DuplexEvent event = duplex_test_text ("");
  guint64     payload;

  event.payload = NULL;
  event.header_size = 2;
  payload = duplex_capture_begin_payload (capture, &event);
  duplex_capture_add_payload (capture, payload, bytes, size);
  return payload;
}

/* What of it came last before the end is in the file too. */
static void
test_finish_within_frame (void)
{
  const gsize          size = 262144 + 1000;
  RecordFixture       *f = record_fixture_new (NULL);
  g_autofree guint8   *bytes = record_make_bytes (size);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  begin_large (f->capture, bytes, size);
  record_fixture_reopen (f);
  g_assert_true (duplex_capture_read (f->stored, 0, &event));
  g_assert_cmpuint (event.payload_size, ==, size);
  record_fixture_free (f);
}

static gboolean
count_apart (const DuplexEvent *event,
             gpointer           user_data)
{
  *(guint64 *)user_data += event->payload_id != 0;
  return TRUE;
}

/* Events with a payload of their own that a kill would leave now. */
static guint64
count_large (RecordFixture *f,
             guint64       *ret_n_events)
{
  g_autoptr (DuplexCapture) copy = record_fixture_open_copy (f);
  DuplexTotals              totals = { 0 };
  guint64                   n = 0;

  if (copy != NULL)
    {
      duplex_capture_get_totals (copy, &totals);
      duplex_capture_walk (copy, 0, G_MAXUINT64 - 1, count_apart, &n);
    }
  *ret_n_events = totals.events;
  return n;
}

/* A frame that has become complete is there once, whenever the program is killed. */
static void
test_frame_is_there_once (void)
{
  const gsize        size = 300000;
  RecordFixture     *f = record_fixture_new (NULL);
  g_autofree guint8 *bytes = record_make_bytes (size);
  DuplexEvent        event = duplex_test_text ("");
  gint64             until = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;
  guint64            n = 0;

  event.payload = NULL;
  event.payload_size = size;
  for (guint64 i = 1; i <= 5; i++)
    {
      guint64 n_events = 0;

      event.payload_id = begin_large (f->capture, bytes, size);
      while (count_large (f, &n_events) < i)
        g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_assert_cmpuint (duplex_capture_append (f->capture, &event), ==, n);
      record_append_texts (f->capture, n + 1, 1000, 300);
      do
        {
          g_assert_cmpuint (count_large (f, &n_events), ==, i);
          g_assert_cmpint (g_get_monotonic_time (), <, until);
      } while (n_events < n + 1001);
      n += 1001;
    }
  record_fixture_reopen (f);
  record_fixture_free (f);
}

/* ---- a file that takes nothing ---- */

static gboolean
is_on (gpointer data)
{
  return duplex_capture_get_recording (data) == DUPLEX_RECORDING_ON;
}

static gboolean
has_stalled (gpointer data)
{
  return duplex_capture_get_recording (data) == DUPLEX_RECORDING_STALLED;
}

/* Whose file is taken away hears of it, and loses nothing where it comes back. */
static void
test_moved_away (void)
{
  RecordFixture   *f = record_fixture_new (NULL);
  g_autofree char *away = g_strconcat (f->path, ".away", NULL);
  g_autofree char *trouble = NULL;

  record_append_texts (f->capture, 0, 3, 20);
  wait_until_flushed (f->capture);
  g_assert_cmpint (g_rename (f->path, away), ==, 0);
  record_append_texts (f->capture, 3, 3, 20);
  duplex_test_wait (NULL, has_stalled, f->capture, "the recording to stall");
  trouble = duplex_capture_dup_trouble (f->capture);
  g_assert_nonnull (trouble);
  g_assert_cmpint (g_rename (away, f->path), ==, 0);
  duplex_test_wait (NULL, is_on, f->capture, "the recording to go on");
  record_fixture_reopen (f);
  for (guint64 i = 0; i < 6; i++)
    record_assert_text (f->stored, i, 20);
  record_fixture_free (f);
}

static void
test_deleted (void)
{
  RecordFixture *f = record_fixture_new (NULL);

  record_append_texts (f->capture, 0, 3, 20);
  wait_until_flushed (f->capture);
  g_assert_cmpint (g_unlink (f->path), ==, 0);
  record_append_texts (f->capture, 3, 3, 20);
  duplex_test_wait (NULL, has_stalled, f->capture, "the recording to stall");
  g_assert_false (duplex_capture_finish (f->capture, NULL));
  g_assert_cmpuint (duplex_capture_get_n_not_kept (f->capture), ==, 3);
  record_fixture_free (f);
}

/* What waits is bounded, also of what is not in blocks: facts, and frames that begin and end. */
static void
test_waits_for_ever (void)
{
  DuplexCaptureOrigin origin = { .keep_trying = TRUE };
  DuplexCapture      *capture = duplex_capture_new ();
  g_autofree char    *folder = duplex_test_make_folder ();
  g_autofree char    *path = g_build_filename (folder, "none", "a.duplex", NULL);
  g_autofree guint8  *bytes = record_make_bytes (5000);
  g_autofree char    *why = record_make_text (0, 1000);
  DuplexEvent         event = duplex_test_text ("");
  guint               n = G_MAXUINT;
  gint64              until;

  g_assert_true (duplex_capture_record (capture, path, &origin, NULL));
  for (guint i = 0; i < 20000; i++)
    {
      DuplexEvent failed = duplex_test_text (why);

      failed.kind = DUPLEX_EVENT_FAILED;
      duplex_capture_append (capture, &failed);
      if (i % 4 != 0)
        continue;
      event.payload = NULL;
      event.payload_size = 5000;
      event.payload_id = begin_large (capture, bytes, 5000);
      g_mutex_lock (&capture->mutex);
      duplex_capture_queue_begun (capture);
      g_mutex_unlock (&capture->mutex);
      duplex_capture_append (capture, &event);
    }
  until = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  while (duplex_capture_writer_get_waits (capture->writer, &n) > DUPLEX_LIMIT_CAPTURE_WAITS)
    g_assert_cmpint (g_get_monotonic_time (), <, until);
  g_assert_cmpuint (n, <, 16000);
  duplex_capture_finish (capture, NULL);
  g_assert_cmpuint (duplex_capture_get_n_not_kept (capture), ==, 25000);
  g_assert_finalize_object (capture);
  duplex_test_remove_folder (g_steal_pointer (&folder));
}

/* Gives the last block to the writer again and again, until it stalls. */
static gboolean
is_stalled (gpointer data)
{
  DuplexCapture *capture = data;
  guint64        n = capture->next_number;

  if (n < 100)
    record_append_texts (capture, n, 1, 20);
  g_mutex_lock (&capture->mutex);
  duplex_capture_queue_last (capture);
  g_mutex_unlock (&capture->mutex);
  return duplex_capture_get_recording (capture) == DUPLEX_RECORDING_STALLED;
}

/* A block that was being written when it grew waits once, and is the last to be given up. */
static void
test_stalls_while_block_grows (void)
{
  const gsize        size = DUPLEX_LIMIT_CAPTURE_WAITS + 4 * 1024 * 1024;
  RecordFixture     *f = record_fixture_new (NULL);
  g_autofree guint8 *bytes = record_make_bytes (size);
  DuplexEvent        event = duplex_test_text ("");
  gint64             until = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  sqlite3           *other = NULL;
  guint64            n;

  record_append_texts (f->capture, 0, 1, 20);
  wait_until_flushed (f->capture);
  g_assert_cmpint (sqlite3_open_v2 (f->path, &other, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  while (!is_stalled (f->capture))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_main_context_iteration (NULL, FALSE);
      g_thread_yield ();
    }
  n = f->capture->next_number;
  event.payload = NULL;
  event.payload_size = size;
  event.payload_id = begin_large (f->capture, bytes, size);
  while (duplex_capture_writer_get_waits (f->capture->writer, NULL) > DUPLEX_LIMIT_CAPTURE_WAITS)
    g_assert_cmpint (g_get_monotonic_time (), <, until);
  duplex_capture_append (f->capture, &event);
  record_append_texts (f->capture, n + 1, 100, 20);
  g_assert_cmpint (sqlite3_close (other), ==, SQLITE_OK);
  duplex_test_wait (NULL, is_on, f->capture, "the recording to go on");
  g_assert_false (duplex_capture_finish (f->capture, NULL));
  /* The payload is not whole. */
  g_assert_cmpuint (duplex_capture_get_n_not_kept (f->capture), ==, 1);
  record_fixture_open (f);
  for (guint64 i = 0; i < n; i++)
    record_assert_text (f->stored, i, 20);
  for (guint64 i = n + 1; i < n + 101; i++)
    record_assert_text (f->stored, i, 20);
  record_fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/core/capture-odds/events/beyond-32-bits",
                        "UPDATE block SET n_events = 4294967297, events = 4294967297",
                        test_too_many_events);
  g_test_add_data_func ("/core/capture-odds/events/for-ever",
                        "UPDATE block SET n_events = 1152921504606846976, findings = 5",
                        test_too_many_events);
  g_test_add_data_func ("/core/capture-odds/events/lost-for-ever",
                        "UPDATE block SET n_events = 1152921504606846976, findings = 5, size = 0",
                        test_too_many_events);
  g_test_add_func ("/core/capture-odds/rows", test_too_many_rows);
  g_test_add_func ("/core/capture-odds/grows-after-opening", test_grows_after_opening);
  g_test_add_func ("/core/capture-odds/finish-while-open", test_finish_while_open);
  g_test_add_func ("/core/capture-odds/dropped", test_dropped);
  g_test_add_func ("/core/capture-odds/finish-within-frame", test_finish_within_frame);
  g_test_add_func ("/core/capture-odds/frame-is-there-once", test_frame_is_there_once);
  g_test_add_func ("/core/capture-odds/moved-away", test_moved_away);
  g_test_add_func ("/core/capture-odds/deleted", test_deleted);
  g_test_add_func ("/core/capture-odds/waits-for-ever", test_waits_for_ever);
  g_test_add_func ("/core/capture-odds/stalls-while-block-grows", test_stalls_while_block_grows);
  return g_test_run ();
}
