/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures that have a file: recorded, and opened again. */
#define _GNU_SOURCE /* memmem() */
#include <glib/gstdio.h>
#include <string.h>

#include "core/model/duplex-capture-private.h"
#include "core/model/duplex-redact.h"
#include "core/proto/duplex-limits.h"
#include "duplex-model-support.h"

typedef struct
{
  char          *folder;
  char          *path;
  DuplexCapture *capture; /* is recorded */
  DuplexCapture *stored;  /* of the same file, or NULL */
} Fixture;

static Fixture *
fixture_new (const DuplexCaptureOrigin *origin)
{
  static const DuplexCaptureOrigin none = { 0 };
  Fixture                         *f = g_new0 (Fixture, 1);
  g_autoptr (GError)               error = NULL;

  f->folder = duplex_test_make_folder ();
  f->path = g_build_filename (f->folder, "a.duplex", NULL);
  f->capture = duplex_capture_new ();
  duplex_capture_record (f->capture, f->path, origin != NULL ? origin : &none, &error);
  g_assert_no_error (error);
  g_assert_cmpint (duplex_capture_get_recording (f->capture), ==, DUPLEX_RECORDING_ON);
  return f;
}

static void
fixture_open (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->stored = duplex_capture_open (f->path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (duplex_capture_get_recording (f->stored), ==, DUPLEX_RECORDING_STORED);
}

/* The recording ends, and its file is opened. */
static void
fixture_reopen (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  duplex_capture_finish (f->capture, &error);
  g_assert_no_error (error);
  fixture_open (f);
  g_assert_null (duplex_capture_dup_trouble (f->stored));
}

static void
fixture_free (Fixture *f)
{
  g_assert_finalize_object (f->capture);
  if (f->stored != NULL)
    g_assert_finalize_object (f->stored);
  duplex_test_remove_folder (f->folder);
  g_free (f->path);
  g_free (f);
}

/* Message i: its number, and as many letters as make its size. */
static char *
make_text (guint64 i,
           gsize   size)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%" G_GUINT64_FORMAT ":", i);
  while (text->len < size)
    g_string_append_c (text, (char)('a' + (i + text->len) % 26));
  return g_string_free (text, FALSE);
}

static void
append_texts (DuplexCapture *capture,
              guint64        from,
              guint64        n,
              gsize          size)
{
  for (guint64 i = from; i < from + n; i++)
    {
      g_autofree char *text = make_text (i, size);
      DuplexEvent      event = duplex_test_text (text);

      event.time_us = (gint64)i * 1000;
      g_assert_cmpuint (duplex_capture_append (capture, &event), ==, i);
    }
}

static void
assert_text (DuplexCapture *capture,
             guint64        i,
             gsize          size)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  g_autofree char     *text = make_text (i, size);

  g_assert_true (duplex_capture_read (capture, i, &event));
  g_assert_cmpuint (event.number, ==, i);
  g_assert_cmpint (event.kind, ==, DUPLEX_EVENT_FRAME);
  g_assert_cmpmem (event.payload, event.payload_size, text, strlen (text));
}

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
  Fixture     *f = fixture_new (NULL);
  DuplexTotals live;
  DuplexTotals stored;

  append_texts (f->capture, 0, 20000, 200);
  duplex_capture_get_totals (f->capture, &live);
  for (guint64 i = 0; i < 20000; i += 777)
    assert_text (f->capture, i, 200);
  fixture_reopen (f);
  g_assert_false (has_suffix_in (f->folder, "-wal"));
  g_assert_false (has_suffix_in (f->folder, "-shm"));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 20000);
  duplex_capture_get_totals (f->stored, &stored);
  g_assert_cmpmem (&live, sizeof live, &stored, sizeof stored);
  for (guint64 i = 0; i < 20000; i += 77)
    assert_text (f->stored, i, 200);
  assert_text (f->stored, 19999, 200);
  /* What has ended is read on, from the same file. */
  for (guint64 i = 0; i < 20000; i += 777)
    assert_text (f->capture, i, 200);
  fixture_free (f);
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
  Fixture *f = fixture_new (NULL);
  guint64  n = 0;

  append_texts (f->capture, 0, 60000, 300);
  for (n = 60000; n < 60000 + 30 * 60; n += 60)
    {
      append_texts (f->capture, n, 60, 300);
      g_mutex_lock (&f->capture->mutex);
      duplex_capture_queue_last (f->capture);
      g_mutex_unlock (&f->capture->mutex);
      g_assert_cmpuint (f->capture->index.entries->len, >, 80);
    }
  wait_for_few (f->capture);
  g_assert_cmpuint (f->capture->index.entries->len, >, 110);
  duplex_capture_finish (f->capture, NULL);
  g_assert_cmpuint (count_held (f->capture), <=, DUPLEX_CAPTURE_CACHED + 1);
  assert_text (f->capture, 3, 300);
  fixture_free (f);
}

/* A file is readable by others while it is written, and at most 100 ms behind. */
static void
test_is_behind_by_little (void)
{
  Fixture *f = fixture_new (NULL);
  gint64   since;
  guint64  n = 0;

  append_texts (f->capture, 0, 3, 20);
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
  append_texts (f->capture, 3, 3, 20);
  fixture_reopen (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 6);
  g_assert_cmpuint (f->stored->index.entries->len, ==, 1);
  for (guint64 i = 0; i < 6; i++)
    assert_text (f->stored, i, 20);
  fixture_free (f);
}

static void
test_everything_of_an_event (void)
{
  Fixture            *f = fixture_new (NULL);
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
  fixture_reopen (f);
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
  fixture_free (f);
}

/* ---- payloads that stand apart ---- */

static guint8 *
make_bytes (gsize size)
{
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8)(i * 31 + (i >> 8) * 7 + (i >> 16));
  return bytes;
}

static void
assert_payload (DuplexCapture *capture,
                guint64        number,
                DuplexPayload  which,
                const guint8  *bytes,
                gsize          size)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  g_autoptr (GBytes)   all = NULL;
  const gsize          offsets[] = { 0, 1, 262143, 262144, 300000, 524288, size - 1, size, size + 9 };

  g_assert_true (duplex_capture_read (capture, number, &event));
  g_assert_cmpuint (which == DUPLEX_PAYLOAD_WIRE ? event.payload_size : event.inflated_size, ==,
                    size);
  all = duplex_capture_dup_payload (capture, &event, which, 0, size + 10);
  g_assert_cmpuint (g_bytes_get_size (all), ==, size);
  g_assert_true (memcmp (g_bytes_get_data (all, NULL), bytes, size) == 0);
  for (guint i = 0; i < G_N_ELEMENTS (offsets); i++)
    {
      guint8 buffer[100];
      gsize  expected = offsets[i] < size ? MIN (sizeof buffer, size - offsets[i]) : 0;
      gsize  n = duplex_capture_read_payload (capture, &event, which, offsets[i], buffer,
                                              sizeof buffer);

      g_assert_cmpuint (n, ==, expected);
      g_assert_true (n == 0 || memcmp (buffer, bytes + offsets[i], n) == 0);
    }
}

static void
test_payload_at_once (void)
{
  const gsize        size = 3 * 262144 + 17;
  Fixture           *f = fixture_new (NULL);
  g_autofree guint8 *bytes = make_bytes (size);
  g_autoptr (GBytes) owner = g_bytes_new_static (bytes, size);
  DuplexEvent        event = duplex_test_text ("");

  event.payload = bytes;
  event.payload_size = event.message_size = size;
  event.owner = owner;
  event.inflated = bytes;
  event.inflated_size = size - 1;
  duplex_capture_append (f->capture, &event);
  assert_payload (f->capture, 0, DUPLEX_PAYLOAD_WIRE, bytes, size);
  fixture_reopen (f);
  assert_payload (f->stored, 0, DUPLEX_PAYLOAD_WIRE, bytes, size);
  assert_payload (f->stored, 0, DUPLEX_PAYLOAD_INFLATED, bytes, size - 1);
  assert_payload (f->capture, 0, DUPLEX_PAYLOAD_WIRE, bytes, size);
  fixture_free (f);
}

/* Two at once, in pieces of odd sizes. */
static void
stream_two (DuplexCapture *capture,
            const guint8  *bytes,
            gsize          size)
{
  guint64     a = duplex_capture_begin_payload (capture);
  guint64     b = duplex_capture_begin_payload (capture);
  DuplexEvent event = duplex_test_text ("");

  for (gsize at = 0; at < size; at += 4099)
    {
      duplex_capture_add_payload (capture, a, bytes + at, MIN (4099, size - at));
      duplex_capture_add_payload (capture, b, bytes + at, MIN (4099, size - at));
    }
  event.payload = NULL;
  event.payload_size = event.message_size = size;
  event.payload_id = b;
  duplex_capture_append (capture, &event);
  event.payload_id = a;
  duplex_capture_append (capture, &event);
}

static void
test_payload_in_pieces (gconstpointer data)
{
  const gsize        size = GPOINTER_TO_SIZE (data);
  Fixture           *f = fixture_new (NULL);
  g_autofree guint8 *bytes = make_bytes (size);
  DuplexCapture     *memory = duplex_capture_new ();

  stream_two (f->capture, bytes, size);
  stream_two (memory, bytes, size);
  for (guint64 i = 0; i < 2; i++)
    {
      assert_payload (f->capture, i, DUPLEX_PAYLOAD_WIRE, bytes, size);
      assert_payload (memory, i, DUPLEX_PAYLOAD_WIRE, bytes, size);
    }
  fixture_reopen (f);
  assert_payload (f->stored, 0, DUPLEX_PAYLOAD_WIRE, bytes, size);
  assert_payload (f->stored, 1, DUPLEX_PAYLOAD_WIRE, bytes, size);
  g_assert_finalize_object (memory);
  fixture_free (f);
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
                                 .profile_json = "{\"url\":\"wss://me:pass@h/\"}" };
  Fixture            *f = fixture_new (&origin);
  g_autofree char    *contents = NULL;
  g_autofree char    *profile = NULL;
  gsize               length;

  append_request (f->capture);
  g_assert_true (payload_has (f->capture, "Bearer abc"));
  fixture_reopen (f);
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
  fixture_free (f);
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
        assert_text (capture, i, size);
    }
  return n_lost;
}

static void
test_full_disk (void)
{
  /* 16 MiB may wait, 2 MiB fit into the file, 40 MB come. */
  const guint64    n = 130000;
  Fixture         *f = fixture_new (NULL);
  g_autofree char *trouble = NULL;
  guint64          n_not_kept;
  guint            n_changes = 0;
  gboolean         is_full = FALSE;

  g_signal_connect (f->capture, "notify::recording", G_CALLBACK (count_cb), &n_changes);
  duplex_capture_set_max_pages (f->capture, 512);
  append_texts (f->capture, 0, 30000, 200);
  duplex_test_wait (NULL, is_stalled, f->capture, "the recording to stall");
  trouble = duplex_capture_dup_trouble (f->capture);
  g_assert_nonnull (trouble);
  append_texts (f->capture, 30000, n - 30000, 200);
  is_full = f->capture->is_full;
  g_assert_false (is_full);
  duplex_capture_set_max_pages (f->capture, 0);
  duplex_test_wait (NULL, is_on, f->capture, "the recording to go on");
  duplex_capture_publish (f->capture);
  append_texts (f->capture, n, 1000, 200);
  n_not_kept = duplex_capture_get_n_not_kept (f->capture);
  g_assert_cmpuint (n_not_kept, >, 10000);
  g_assert_cmpuint (n_not_kept, <, n);
  g_assert_cmpuint (count_lost (f->capture, n + 1000, 200), ==, n_not_kept);
  g_assert_false (duplex_capture_finish (f->capture, NULL));
  fixture_open (f);
  g_assert_cmpuint (duplex_capture_get_n_not_kept (f->stored), ==, n_not_kept);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, n + 1000);
  g_assert_cmpuint (count_lost (f->stored, n + 1000, 200), ==, n_not_kept);
  g_assert_cmpuint (n_changes, >=, 2);
  fixture_free (f);
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
  append_texts (capture, 0, 100, 50);
  g_assert_cmpint (g_mkdir (inner, 0700), ==, 0);
  duplex_test_wait (NULL, is_on, capture, "the file to be made");
  g_assert_true (duplex_capture_finish (capture, NULL));
  g_assert_cmpuint (duplex_capture_get_n_not_kept (capture), ==, 0);
  for (guint64 i = 0; i < 100; i++)
    assert_text (capture, i, 50);
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
  Fixture *f = fixture_new (NULL);
  gint     told = 0;
  guint64  i = 0;
  gint64   until = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  duplex_capture_set_bound (f->capture, G_MAXUINT64, full_cb, &told);
  while (g_atomic_int_get (&told) != 1 && i < 2000000)
    append_texts (f->capture, i++, 1, 400);
  if (g_atomic_int_get (&told) == 1)
    while (g_atomic_int_get (&told) != 2)
      {
        g_assert_cmpint (g_get_monotonic_time (), <, until);
        g_thread_yield ();
      }
  g_test_message ("full after %" G_GUINT64_FORMAT " events", i);
  duplex_capture_set_bound (f->capture, 0, NULL, NULL);
  fixture_reopen (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, i);
  assert_text (f->stored, i - 1, 400);
  fixture_free (f);
}

/* ---- the rest ---- */

static void
test_clear (void)
{
  Fixture *f = fixture_new (NULL);

  append_texts (f->capture, 0, 5000, 100);
  duplex_capture_clear (f->capture);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->capture)), ==, 0);
  append_texts (f->capture, 5000, 10, 100);
  duplex_capture_publish (f->capture);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->capture)), ==, 10);
  fixture_reopen (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 5010);
  assert_text (f->stored, 10, 100);
  assert_text (f->stored, 5009, 100);
  fixture_free (f);
}

/* A reader that goes through once forgets; the file does not. */
static void
test_drop_before (void)
{
  const gsize        size = 300000;
  Fixture           *f = fixture_new (NULL);
  g_autofree guint8 *bytes = make_bytes (size);
  DuplexEvent        event = duplex_test_text ("");

  event.payload = bytes;
  event.payload_size = event.message_size = size;
  for (guint64 i = 0; i < 5; i++)
    {
      g_assert_cmpuint (duplex_capture_append (f->capture, &event), ==, i);
      duplex_capture_drop_before (f->capture, i + 1);
    }
  append_texts (f->capture, 5, 3000, 100);
  duplex_capture_drop_before (f->capture, 3005);
  fixture_reopen (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 3005);
  assert_payload (f->stored, 4, DUPLEX_PAYLOAD_WIRE, bytes, size);
  assert_text (f->stored, 5, 100);
  assert_text (f->stored, 3004, 100);
  fixture_free (f);
}

static void
test_notes (void)
{
  Fixture           *f = fixture_new (NULL);
  g_autofree char   *comment = NULL;
  g_autofree char   *other = NULL;
  gboolean           bookmarked = FALSE;
  g_autoptr (GError) error = NULL;

  append_texts (f->capture, 0, 10, 10);
  g_assert_true (duplex_capture_set_note (f->capture, 4, TRUE, NULL, NULL));
  g_assert_true (duplex_capture_set_note (f->capture, 5, FALSE, "why?", NULL));
  g_assert_true (duplex_capture_set_note (f->capture, 6, TRUE, "gone", NULL));
  g_assert_true (duplex_capture_set_note (f->capture, 6, FALSE, "", NULL));
  fixture_reopen (f);
  g_assert_true (duplex_capture_get_note (f->stored, 4, &bookmarked, &comment));
  g_assert_true (bookmarked);
  g_assert_null (comment);
  g_assert_true (duplex_capture_get_note (f->stored, 5, &bookmarked, &comment));
  g_assert_false (bookmarked);
  g_assert_cmpstr (comment, ==, "why?");
  g_assert_false (duplex_capture_get_note (f->stored, 6, NULL, NULL));
  /* A stored one is changed too. */
  duplex_capture_set_note (f->stored, 0, TRUE, "first", &error);
  g_assert_no_error (error);
  assert_text (f->stored, 0, 10);
  g_assert_finalize_object (f->stored);
  fixture_open (f);
  g_assert_true (duplex_capture_get_note (f->stored, 0, &bookmarked, &other));
  g_assert_cmpstr (other, ==, "first");
  fixture_free (f);
}

static void
test_find (void)
{
  Fixture            *f = fixture_new (NULL);
  const DuplexFinding finding = { DUPLEX_FINDING_RESERVED_BIT, 0 };
  DuplexEvent         bad = duplex_test_text ("bad");
  guint64             found;

  append_texts (f->capture, 0, 7000, 100);
  bad.findings = &finding;
  bad.n_findings = 1;
  bad.time_us = 7000 * 1000;
  duplex_capture_append (f->capture, &bad);
  append_texts (f->capture, 7001, 7000, 100);
  fixture_reopen (f);
  for (guint i = 0; i < 2; i++)
    {
      DuplexCapture *capture = i == 0 ? f->capture : f->stored;

      g_assert_true (duplex_capture_find_finding (capture, 0, &found));
      g_assert_cmpuint (found, ==, 7000);
      g_assert_true (duplex_capture_find_finding (capture, 7000, &found));
      g_assert_cmpuint (found, ==, 7000);
      g_assert_false (duplex_capture_find_finding (capture, 7001, &found));
      g_assert_true (duplex_capture_find_row_of (capture, 12345, &found));
      g_assert_cmpuint (found, ==, 12345);
      g_assert_false (duplex_capture_find_row_of (capture, 14001, &found));
      g_assert_true (duplex_capture_find_row (capture, 8000, &found));
      g_assert_cmpuint (found, ==, 8000);
      g_assert_cmpuint (duplex_capture_find_time (capture, 0), ==, 0);
      g_assert_cmpuint (duplex_capture_find_time (capture, 9000 * 1000), ==, 9000);
      g_assert_cmpuint (duplex_capture_find_time (capture, 9000 * 1000 + 1), ==, 9001);
      g_assert_cmpuint (duplex_capture_find_time (capture, G_MAXINT64), ==, 14001);
    }
  fixture_free (f);
}

/* The end of a message of many frames is many blocks away. */
static void
test_find_row_of_far_end (void)
{
  Fixture          *f = fixture_new (NULL);
  DuplexTestMessage message = { .message = 1, .direction = DUPLEX_DIRECTION_RECEIVED, .opcode = 1, .connection = 1, .first = DUPLEX_EVENT_FIRST_IS_SELF };
  g_autofree char  *text = make_text (0, 100000);
  guint64           row;

  duplex_test_append_ping (f->capture, "before");
  message.first = duplex_test_append_frame (f->capture, &message, text, FALSE);
  for (guint i = 0; i < 12; i++)
    duplex_test_append_frame (f->capture, &message, text, i == 11);
  fixture_reopen (f);
  g_assert_true (duplex_capture_find_row_of (f->stored, 0, &row));
  g_assert_cmpuint (row, ==, 0);
  g_assert_true (duplex_capture_find_row_of (f->stored, 1, &row));
  g_assert_cmpuint (row, ==, 1);
  g_assert_true (duplex_capture_find_row_of (f->stored, 13, &row));
  g_assert_cmpuint (row, ==, 1);
  fixture_free (f);
}

static void
test_temporary (void)
{
  DuplexCaptureOrigin origin = { .temporary = TRUE };
  Fixture            *f = fixture_new (&origin);

  append_texts (f->capture, 0, 100, 10);
  g_assert_true (g_file_test (f->path, G_FILE_TEST_EXISTS));
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
  fixture_free (f);
}

static void
test_after_the_end (void)
{
  Fixture    *f = fixture_new (NULL);
  DuplexEvent event = duplex_test_text ("late");

  append_texts (f->capture, 0, 100, 10);
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  g_assert_cmpint (duplex_capture_get_recording (f->capture), ==, DUPLEX_RECORDING_ENDED);
  duplex_capture_append (f->capture, &event);
  g_assert_cmpuint (duplex_capture_get_n_not_kept (f->capture), ==, 1);
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  fixture_free (f);
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

  append_texts (feed->capture, 0, feed->n, 150);
  g_atomic_int_set (&feed->done, 1);
  return NULL;
}

/* Any of it, while it is written and leaves memory. */
static void
test_read_while_recording (void)
{
  Fixture *f = fixture_new (NULL);
  Feed     feed = { f->capture, 80000, 0 };
  GThread *thread = g_thread_new ("feed", feed_worker, &feed);
  guint64  n_read = 0;
  guint32  seed = 1;

  while (!g_atomic_int_get (&feed.done))
    {
      DuplexTotals totals;

      duplex_capture_get_totals (f->capture, &totals);
      if (totals.events == 0)
        continue;
      seed = seed * 1664525 + 1013904223;
      assert_text (f->capture, seed % totals.events, 150);
      n_read++;
    }
  g_thread_join (thread);
  g_test_message ("%" G_GUINT64_FORMAT " events read meanwhile", n_read);
  fixture_reopen (f);
  for (guint64 i = 0; i < feed.n; i += 501)
    assert_text (f->stored, i, 150);
  fixture_free (f);
}

static void
opened_ready_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  g_autoptr (GError) error = NULL;

  *(DuplexCapture **)data = duplex_capture_open_finish (result, &error);
  g_assert_no_error (error);
}

static gboolean
is_set (gpointer data)
{
  return *(gpointer *)data != NULL;
}

static void
test_open_async (void)
{
  Fixture *f = fixture_new (NULL);

  append_texts (f->capture, 0, 100, 10);
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  duplex_capture_open_async (f->path, NULL, opened_ready_cb, &f->stored);
  duplex_test_wait (NULL, is_set, &f->stored, "the capture to be opened");
  assert_text (f->stored, 99, 10);
  fixture_free (f);
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
  g_test_add_func ("/core/capture-record/payload/at-once", test_payload_at_once);
  g_test_add_data_func ("/core/capture-record/payload/pieces", GSIZE_TO_POINTER (1000003),
                        test_payload_in_pieces);
  g_test_add_data_func ("/core/capture-record/payload/whole-chunks", GSIZE_TO_POINTER (1048576),
                        test_payload_in_pieces);
  g_test_add_data_func ("/core/capture-record/secrets/replaced", GINT_TO_POINTER (FALSE),
                        test_secrets);
  g_test_add_data_func ("/core/capture-record/secrets/kept", GINT_TO_POINTER (TRUE), test_secrets);
  g_test_add_func ("/core/capture-record/full-disk", test_full_disk);
  g_test_add_func ("/core/capture-record/keep-trying", test_keep_trying);
  g_test_add_func ("/core/capture-record/back-pressure", test_back_pressure);
  g_test_add_func ("/core/capture-record/clear", test_clear);
  g_test_add_func ("/core/capture-record/drop-before", test_drop_before);
  g_test_add_func ("/core/capture-record/notes", test_notes);
  g_test_add_func ("/core/capture-record/find", test_find);
  g_test_add_func ("/core/capture-record/find-far-end", test_find_row_of_far_end);
  g_test_add_func ("/core/capture-record/temporary", test_temporary);
  g_test_add_func ("/core/capture-record/after-the-end", test_after_the_end);
  g_test_add_func ("/core/capture-record/read-while-recording", test_read_while_recording);
  g_test_add_func ("/core/capture-record/open-async", test_open_async);
  return g_test_run ();
}
