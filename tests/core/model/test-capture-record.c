/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures that have a file: recorded, and opened again. */
#define _GNU_SOURCE /* memmem() */
#include <glib/gstdio.h>
#include <string.h>

#include "core/model/duplex-capture-private.h"
#include "core/model/duplex-redact.h"
#include "core/proto/duplex-limits.h"
#include "duplex-model-support.h"
#include "duplex-record-support.h"

static gboolean
has_suffix_in (const char *folder,
               const char *suffix)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char      *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, suffix))
      return TRUE;
  return FALSE;
}

/* ---- in and out ---- */

static void
test_round_trip (void)
{
  RecordFixture *f = record_fixture_new (NULL);
  DuplexTotals   live;
  DuplexTotals   stored;

  record_append_texts (f->capture, 0, 20000, 200);
  duplex_capture_get_totals (f->capture, &live);
  for (guint64 i = 0; i < 20000; i += 777)
    record_assert_text (f->capture, i, 200);
  record_fixture_reopen (f);
  g_assert_false (has_suffix_in (f->folder, "-wal"));
  g_assert_false (has_suffix_in (f->folder, "-shm"));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 20000);
  duplex_capture_get_totals (f->stored, &stored);
  g_assert_cmpmem (&live, sizeof live, &stored, sizeof stored);
  for (guint64 i = 0; i < 20000; i += 77)
    record_assert_text (f->stored, i, 200);
  record_assert_text (f->stored, 19999, 200);
  /* What has ended is read on, from the same file. */
  for (guint64 i = 0; i < 20000; i += 777)
    record_assert_text (f->capture, i, 200);
  record_fixture_free (f);
}

static guint
count_held (DuplexCapture *capture)
{
  guint n = 0;

  g_mutex_lock (&capture->mutex);
  for (guint i = 0; i < capture->index.entries->len; i++)
    if (g_array_index (capture->index.entries, DuplexCaptureEntry, i).block != NULL)
      n++;
  g_mutex_unlock (&capture->mutex);
  return n;
}

/* Waits until a few blocks only are in memory. */
static void
wait_for_few (DuplexCapture *capture)
{
  gint64 until = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  while (count_held (capture) > DUPLEX_CAPTURE_CACHED + 1)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_thread_yield ();
    }
}

/* Only a few blocks stay in memory: those that were full, and those that were written when they had
 * something. */
static void
test_memory (void)
{
  RecordFixture *f = record_fixture_new (NULL);
  guint64        n = 0;

  record_append_texts (f->capture, 0, 60000, 300);
  for (n = 60000; n < 60000 + 30 * 60; n += 60)
    {
      record_append_texts (f->capture, n, 60, 300);
      g_mutex_lock (&f->capture->mutex);
      duplex_capture_queue_last (f->capture);
      g_mutex_unlock (&f->capture->mutex);
      g_assert_cmpuint (f->capture->index.entries->len, >, 80);
    }
  wait_for_few (f->capture);
  g_assert_cmpuint (f->capture->index.entries->len, >, 110);
  duplex_capture_finish (f->capture, NULL);
  g_assert_cmpuint (count_held (f->capture), <=, DUPLEX_CAPTURE_CACHED + 1);
  record_assert_text (f->capture, 3, 300);
  record_fixture_free (f);
}

/* A file is readable by others while it is written, and at most 100 ms behind. */
static void
test_is_behind_by_little (void)
{
  RecordFixture *f = record_fixture_new (NULL);
  gint64         since;
  guint64        n = 0;

  record_append_texts (f->capture, 0, 3, 20);
  since = g_get_monotonic_time ();
  while (n < 3)
    {
      DuplexCapture *other = duplex_capture_open (f->path, NULL);

      n = other != NULL ? g_list_model_get_n_items (G_LIST_MODEL (other)) : 0;
      g_assert_cmpint (g_get_monotonic_time () - since, <, 5 * G_TIME_SPAN_SECOND);
      g_clear_object (&other);
    }
  g_test_message ("the file was %g ms behind", (double)(g_get_monotonic_time () - since) / 1000);
  /* The block goes on: what is written next replaces its row. */
  record_append_texts (f->capture, 3, 3, 20);
  record_fixture_reopen (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 6);
  g_assert_cmpuint (f->stored->index.entries->len, ==, 1);
  for (guint64 i = 0; i < 6; i++)
    record_assert_text (f->stored, i, 20);
  record_fixture_free (f);
}

static void
test_everything_of_an_event (void)
{
  RecordFixture      *f = record_fixture_new (NULL);
  const DuplexFinding findings[] = { { DUPLEX_FINDING_INVALID_UTF8, 9 },
                                     { DUPLEX_FINDING_FRAME_CUT, G_MAXUINT64 } };
  DuplexEvent         event = {
            .time_us = 1234567890,
            .kind = DUPLEX_EVENT_FRAME,
            .direction = DUPLEX_DIRECTION_SENT,
            .flags = DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_CUT,
            .connection = 7,
            .opcode = 2,
            .header_size = 6,
            .header = { 0xc2, 0x83, 1, 2, 3, 4 },
            .message = 5,
            .first = DUPLEX_EVENT_FIRST_IS_SELF,
            .message_size = 99,
            .n_frames = 1,
            .value = -1,
            .payload = (const guint8 *)"abc",
            .payload_size = 3,
            .inflated = (const guint8 *)"inflated",
            .inflated_size = 8,
            .findings = findings,
            .n_findings = 2,
  };

  duplex_capture_append (f->capture, &event);
  record_fixture_reopen (f);
  for (guint i = 0; i < 2; i++)
    {
      g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (i == 0 ? f->capture : f->stored, 0, &seen));
      g_assert_cmpint (seen.time_us, ==, event.time_us);
      g_assert_cmpuint (seen.flags, ==, event.flags);
      g_assert_cmpuint (seen.connection, ==, 7);
      g_assert_cmpmem (seen.header, seen.header_size, event.header, 6);
      g_assert_cmpuint (seen.message, ==, 5);
      g_assert_cmpuint (seen.first, ==, 0);
      g_assert_cmpmem (seen.payload, seen.payload_size, "abc", 3);
      g_assert_cmpmem (seen.inflated, seen.inflated_size, "inflated", 8);
      g_assert_cmpuint (seen.n_findings, ==, 2);
      g_assert_cmpint (seen.findings[0].id, ==, DUPLEX_FINDING_INVALID_UTF8);
      g_assert_cmpuint (seen.findings[1].offset, ==, G_MAXUINT64);
    }
  record_fixture_free (f);
}

/* A finding that this version has no name for loses nothing else. */
static void
test_later_finding (void)
{
  RecordFixture       *f = record_fixture_new (NULL);
  const DuplexFinding  findings[] = { { (DuplexFindingId)(DUPLEX_N_FINDINGS + 7), 1 },
                                      { DUPLEX_FINDING_INVALID_UTF8, 2 } };
  DuplexEvent          event = duplex_test_text ("later");
  g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;

  event.findings = findings;
  event.n_findings = 2;
  duplex_capture_append (f->capture, &event);
  record_fixture_reopen (f);
  g_assert_true (duplex_capture_read (f->stored, 0, &seen));
  g_assert_cmpmem (seen.payload, seen.payload_size, "later", 5);
  g_assert_cmpuint (seen.n_findings, ==, 2);
  g_assert_cmpstr (duplex_finding_get_name (seen.findings[0].id), ==, "unknown");
  g_assert_cmpint (seen.findings[1].id, ==, DUPLEX_FINDING_INVALID_UTF8);
  record_fixture_free (f);
}

/* ---- secrets ---- */

#define REQUEST "GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\nX-Plain: 1\r\n\r\n"

static void
append_request (DuplexCapture *capture)
{
  DuplexEvent event = duplex_test_text (REQUEST);

  event.kind = DUPLEX_EVENT_REQUEST;
  event.direction = DUPLEX_DIRECTION_SENT;
  duplex_capture_append (capture, &event);
}

static gboolean
payload_has (DuplexCapture *capture,
             const char    *text)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  g_assert_true (duplex_capture_read (capture, 0, &event));
  return g_strstr_len ((const char *)event.payload, (gssize)event.payload_size, text) != NULL;
}

static void
test_secrets (gconstpointer data)
{
  gboolean            kept = GPOINTER_TO_INT (data);
  DuplexCaptureOrigin origin = { .record_secrets = kept,
                                 .profile_name = "wss://me:pass@h/",
                                 .profile_json = "{\"url\":\"wss://me:pass@h/\"}" };
  RecordFixture      *f = record_fixture_new (&origin);
  g_autofree char    *contents = NULL;
  g_autofree char    *profile = NULL;
  gsize               length;

  append_request (f->capture);
  g_assert_true (payload_has (f->capture, "Bearer abc"));
  record_fixture_reopen (f);
  /* The live one shows all, as long as it lives. */
  g_assert_true (payload_has (f->capture, "Bearer abc"));
  g_assert_cmpint (payload_has (f->stored, "Bearer abc"), ==, kept);
  g_assert_cmpint (payload_has (f->stored, DUPLEX_REDACT_MARK), ==, !kept);
  g_assert_true (payload_has (f->stored, "X-Plain: 1"));
  profile = duplex_capture_dup_meta (f->stored, "profile");
  g_assert_cmpint (strstr (profile, "pass") != NULL, ==, kept);
  g_assert_true (g_file_get_contents (f->path, &contents, &length, NULL));
  g_assert_cmpint (memmem (contents, length, "Bearer abc", 10) != NULL, ==, kept);
  g_assert_cmpint (memmem (contents, length, "me:pass", 7) != NULL, ==, kept);
  record_fixture_free (f);
}

/* What was wrong is shown where it stands: in the whole head as long as there is one. */
static void
test_secrets_before_findings (void)
{
  static const char   head[] = "HTTP/1.1 101 x\r\n"
                               "Set-Cookie: sid=abcdefghijklmnop\r\nUpgrade: x\r\n\r\n";
  const char         *wrong = strstr (head, "Upgrade");
  DuplexFinding       findings[] = { { DUPLEX_FINDING_INVALID_UTF8, (guint64)(wrong - head) },
                                     { DUPLEX_FINDING_INVALID_UTF8, sizeof head - 1 },
                                     { DUPLEX_FINDING_INVALID_UTF8, (guint64)(wrong - head) - 3 },
                                     { DUPLEX_FINDING_INVALID_UTF8, G_MAXUINT64 },
                                     { DUPLEX_FINDING_INVALID_UTF8, 0 } };
  DuplexCaptureOrigin origin = { 0 };
  RecordFixture      *f = record_fixture_new (&origin);
  DuplexEvent         event = duplex_test_text (head);

  event.kind = DUPLEX_EVENT_RESPONSE;
  event.direction = DUPLEX_DIRECTION_RECEIVED;
  event.findings = findings;
  event.n_findings = G_N_ELEMENTS (findings);
  duplex_capture_append (f->capture, &event);
  record_fixture_reopen (f);
  for (guint i = 0; i < 2; i++)
    {
      g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;
      const char          *text;

      g_assert_true (duplex_capture_read (i == 0 ? f->capture : f->stored, 0, &seen));
      g_assert_cmpuint (seen.n_findings, ==, event.n_findings);
      text = (const char *)seen.payload;
      g_assert_cmpint (seen.payload_size == sizeof head - 1, ==, i == 0);
      g_assert_cmpmem (text + seen.findings[0].offset, strlen (wrong), wrong, strlen (wrong));
      g_assert_cmpuint (seen.findings[1].offset, ==, seen.payload_size);
      g_assert_cmpuint (seen.findings[2].offset, <, seen.findings[0].offset);
      g_assert_cmpuint (seen.findings[4].offset, ==, 0);
    }
  record_fixture_free (f);
}

/* ---- a full disk ---- */

static gboolean
is_stalled (gpointer data)
{
  return duplex_capture_get_recording (data) == DUPLEX_RECORDING_STALLED;
}

static gboolean
is_on (gpointer data)
{
  return duplex_capture_get_recording (data) == DUPLEX_RECORDING_ON;
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    user_data)
{
  ++*(guint *)user_data;
}

static guint64
count_lost (DuplexCapture *capture,
            guint64        n,
            gsize          size)
{
  guint64 n_lost = 0;

  for (guint64 i = 0; i < n; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (capture, i, &event));
      if (event.kind == DUPLEX_EVENT_LOST)
        n_lost++;
      else
        record_assert_text (capture, i, size);
    }
  return n_lost;
}

static void
test_full_disk (void)
{
  /* 16 MiB may wait, 2 MiB fit into the file, 40 MB come. */
  const guint64    n = 130000;
  RecordFixture   *f = record_fixture_new (NULL);
  g_autofree char *trouble = NULL;
  guint64          n_not_kept;
  guint            n_changes = 0;
  gboolean         is_full = FALSE;

  g_signal_connect (f->capture, "notify::recording", G_CALLBACK (count_cb), &n_changes);
  duplex_capture_set_max_pages (f->capture, 512);
  record_append_texts (f->capture, 0, 30000, 200);
  duplex_test_wait (NULL, is_stalled, f->capture, "the recording to stall");
  trouble = duplex_capture_dup_trouble (f->capture);
  g_assert_nonnull (trouble);
  record_append_texts (f->capture, 30000, n - 30000, 200);
  is_full = f->capture->is_full;
  g_assert_false (is_full);
  duplex_capture_set_max_pages (f->capture, 0);
  duplex_test_wait (NULL, is_on, f->capture, "the recording to go on");
  duplex_capture_publish (f->capture);
  record_append_texts (f->capture, n, 1000, 200);
  n_not_kept = duplex_capture_get_n_not_kept (f->capture);
  g_assert_cmpuint (n_not_kept, >, 10000);
  g_assert_cmpuint (n_not_kept, <, n);
  g_assert_cmpuint (count_lost (f->capture, n + 1000, 200), ==, n_not_kept);
  g_assert_false (duplex_capture_finish (f->capture, NULL));
  record_fixture_open (f);
  g_assert_cmpuint (duplex_capture_get_n_not_kept (f->stored), ==, n_not_kept);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, n + 1000);
  g_assert_cmpuint (count_lost (f->stored, n + 1000, 200), ==, n_not_kept);
  g_assert_cmpuint (n_changes, >=, 2);
  record_fixture_free (f);
}

/* A folder that is not there yet, as on a disk that is full from the beginning. */
static void
test_keep_trying (void)
{
  DuplexCaptureOrigin origin = { .keep_trying = TRUE };
  DuplexCapture      *capture = duplex_capture_new ();
  g_autofree char    *folder = duplex_test_make_folder ();
  g_autofree char    *inner = g_build_filename (folder, "later", NULL);
  g_autofree char    *path = g_build_filename (inner, "a.duplex", NULL);
  g_autoptr (GError)  error = NULL;

  origin.keep_trying = FALSE;
  g_assert_false (duplex_capture_record (capture, path, &origin, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (duplex_capture_get_recording (capture), ==, DUPLEX_RECORDING_OFF);
  origin.keep_trying = TRUE;
  g_assert_true (duplex_capture_record (capture, path, &origin, NULL));
  g_assert_cmpint (duplex_capture_get_recording (capture), ==, DUPLEX_RECORDING_STALLED);
  record_append_texts (capture, 0, 100, 50);
  g_assert_cmpint (g_mkdir (inner, 0700), ==, 0);
  duplex_test_wait (NULL, is_on, capture, "the file to be made");
  g_assert_true (duplex_capture_finish (capture, NULL));
  g_assert_cmpuint (duplex_capture_get_n_not_kept (capture), ==, 0);
  for (guint64 i = 0; i < 100; i++)
    record_assert_text (capture, i, 50);
  g_assert_finalize_object (capture);
  duplex_test_remove_folder (g_steal_pointer (&folder));
}

/* ---- the wire is held back ---- */

static void
full_cb (gboolean is_full,
         gpointer data)
{
  g_atomic_int_set ((gint *)data, is_full ? 1 : 2);
}

/* Nothing is dropped by a writer that is slower than we. */
static void
test_back_pressure (void)
{
  RecordFixture *f = record_fixture_new (NULL);
  gint           told = 0;
  guint64        i = 0;
  gint64         until = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  duplex_capture_set_bound (f->capture, G_MAXUINT64, full_cb, &told);
  while (g_atomic_int_get (&told) != 1 && i < 2000000)
    record_append_texts (f->capture, i++, 1, 400);
  if (g_atomic_int_get (&told) == 1)
    while (g_atomic_int_get (&told) != 2)
      {
        g_assert_cmpint (g_get_monotonic_time (), <, until);
        g_thread_yield ();
      }
  g_test_message ("full after %" G_GUINT64_FORMAT " events", i);
  duplex_capture_set_bound (f->capture, 0, NULL, NULL);
  record_fixture_reopen (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, i);
  record_assert_text (f->stored, i - 1, 400);
  record_fixture_free (f);
}

/* ---- the end ---- */

static void
test_temporary (void)
{
  DuplexCaptureOrigin origin = { .temporary = TRUE };
  RecordFixture      *f = record_fixture_new (&origin);

  record_append_texts (f->capture, 0, 100, 10);
  g_assert_true (g_file_test (f->path, G_FILE_TEST_EXISTS));
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
  record_fixture_free (f);
}

static void
test_after_the_end (void)
{
  RecordFixture *f = record_fixture_new (NULL);
  DuplexEvent    event = duplex_test_text ("late");

  record_append_texts (f->capture, 0, 100, 10);
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  g_assert_cmpint (duplex_capture_get_recording (f->capture), ==, DUPLEX_RECORDING_ENDED);
  duplex_capture_append (f->capture, &event);
  g_assert_cmpuint (duplex_capture_get_n_not_kept (f->capture), ==, 1);
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  record_fixture_free (f);
}

typedef struct
{
  DuplexCapture *capture;
  guint64        n;
  gint           done;
} Feed;

static gpointer
feed_worker (gpointer data)
{
  Feed *feed = data;

  record_append_texts (feed->capture, 0, feed->n, 150);
  g_atomic_int_set (&feed->done, 1);
  return NULL;
}

/* Any of it, while it is written and leaves memory. */
static void
test_read_while_recording (void)
{
  RecordFixture *f = record_fixture_new (NULL);
  Feed           feed = { f->capture, 80000, 0 };
  GThread       *thread = g_thread_new ("feed", feed_worker, &feed);
  guint64        n_read = 0;
  guint32        seed = 1;

  while (!g_atomic_int_get (&feed.done))
    {
      DuplexTotals totals;

      duplex_capture_get_totals (f->capture, &totals);
      if (totals.events == 0)
        continue;
      seed = seed * 1664525 + 1013904223;
      record_assert_text (f->capture, seed % totals.events, 150);
      n_read++;
    }
  g_thread_join (thread);
  g_test_message ("%" G_GUINT64_FORMAT " events read meanwhile", n_read);
  record_fixture_reopen (f);
  for (guint64 i = 0; i < feed.n; i += 501)
    record_assert_text (f->stored, i, 150);
  record_fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/capture-record/round-trip", test_round_trip);
  g_test_add_func ("/core/capture-record/memory", test_memory);
  g_test_add_func ("/core/capture-record/behind-by-little", test_is_behind_by_little);
  g_test_add_func ("/core/capture-record/whole-event", test_everything_of_an_event);
  g_test_add_func ("/core/capture-record/later-finding", test_later_finding);
  g_test_add_data_func ("/core/capture-record/secrets/replaced", GINT_TO_POINTER (FALSE),
                        test_secrets);
  g_test_add_data_func ("/core/capture-record/secrets/kept", GINT_TO_POINTER (TRUE), test_secrets);
  g_test_add_func ("/core/capture-record/secrets/before-findings", test_secrets_before_findings);
  g_test_add_func ("/core/capture-record/full-disk", test_full_disk);
  g_test_add_func ("/core/capture-record/keep-trying", test_keep_trying);
  g_test_add_func ("/core/capture-record/back-pressure", test_back_pressure);
  g_test_add_func ("/core/capture-record/temporary", test_temporary);
  g_test_add_func ("/core/capture-record/after-the-end", test_after_the_end);
  g_test_add_func ("/core/capture-record/read-while-recording", test_read_while_recording);
  return g_test_run ();
}
