/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures at unlucky moments, and of files that say what cannot be. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

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
  return g_test_run ();
}
