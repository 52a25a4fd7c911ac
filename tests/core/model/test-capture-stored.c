/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is found in a capture that has a file, while it is recorded and when it is opened again. */
#include <string.h>

#include "core/proto/duplex-limits.h"
#include "duplex-model-support.h"
#include "duplex-record-support.h"

/* ---- payloads that stand apart ---- */

static void
test_payload_at_once (void)
{
  const gsize        size = 3 * 262144 + 17;
  RecordFixture     *f = record_fixture_new (NULL);
  g_autofree guint8 *bytes = record_make_bytes (size);
  g_autoptr (GBytes) owner = g_bytes_new_static (bytes, size);
  DuplexEvent        event = duplex_test_text ("");

  event.payload = bytes;
  event.payload_size = event.message_size = size;
  event.owner = owner;
  event.inflated = bytes;
  event.inflated_size = size - 1;
  duplex_capture_append (f->capture, &event);
  record_assert_payload (f->capture, 0, DUPLEX_PAYLOAD_WIRE, bytes, size);
  record_fixture_reopen (f);
  record_assert_payload (f->stored, 0, DUPLEX_PAYLOAD_WIRE, bytes, size);
  record_assert_payload (f->stored, 0, DUPLEX_PAYLOAD_INFLATED, bytes, size - 1);
  record_assert_payload (f->capture, 0, DUPLEX_PAYLOAD_WIRE, bytes, size);
  record_fixture_free (f);
}

/* Two at once, in pieces of odd sizes. */
static void
stream_two (DuplexCapture *capture,
            const guint8  *bytes,
            gsize          size)
{
  guint64     a = duplex_capture_begin_payload (capture, NULL);
  guint64     b = duplex_capture_begin_payload (capture, NULL);
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
  RecordFixture     *f = record_fixture_new (NULL);
  g_autofree guint8 *bytes = record_make_bytes (size);
  DuplexCapture     *memory = duplex_capture_new ();

  stream_two (f->capture, bytes, size);
  stream_two (memory, bytes, size);
  for (guint64 i = 0; i < 2; i++)
    {
      record_assert_payload (f->capture, i, DUPLEX_PAYLOAD_WIRE, bytes, size);
      record_assert_payload (memory, i, DUPLEX_PAYLOAD_WIRE, bytes, size);
    }
  record_fixture_reopen (f);
  record_assert_payload (f->stored, 0, DUPLEX_PAYLOAD_WIRE, bytes, size);
  record_assert_payload (f->stored, 1, DUPLEX_PAYLOAD_WIRE, bytes, size);
  g_assert_finalize_object (memory);
  record_fixture_free (f);
}

/* A frame that was not complete when the program was killed: what had come of it is there. */
static void
test_payload_not_ended (void)
{
  const gsize        size = 3 * 262144 + 17;
  RecordFixture     *f = record_fixture_new (NULL);
  g_autofree guint8 *bytes = record_make_bytes (size);
  DuplexEvent        event = duplex_test_text ("");
  gint64             until = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  guint64            payload;
  guint64            found = 0;

  record_append_texts (f->capture, 0, 2, 10);
  event.payload = NULL;
  event.header_size = 2;
  payload = duplex_capture_begin_payload (f->capture, &event);
  duplex_capture_add_payload (f->capture, payload, bytes, size);
  while (found != size)
    {
      g_autoptr (DuplexCapture) copy = record_fixture_open_copy (f);
      g_auto (DuplexEvent)      seen = DUPLEX_EVENT_INIT;

      g_assert_cmpint (g_get_monotonic_time (), <, until);
      if (copy == NULL || !duplex_capture_read (copy, 2, &seen))
        continue;
      g_assert_cmpuint (seen.flags & DUPLEX_EVENT_FLAG_CUT, !=, 0);
      g_assert_cmpint (seen.findings[0].id, ==, DUPLEX_FINDING_FRAME_CUT);
      g_assert_cmpuint (seen.findings[0].offset, ==, seen.payload_size + 2);
      found = seen.payload_size;
      if (found == size)
        record_assert_payload (copy, 2, DUPLEX_PAYLOAD_WIRE, bytes, size);
    }

  /* With its event it is no more than that. */
  event.payload_id = payload;
  event.payload_size = size;
  duplex_capture_append (f->capture, &event);
  record_fixture_reopen (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 3);
  record_assert_payload (f->stored, 2, DUPLEX_PAYLOAD_WIRE, bytes, size);
  g_assert_false (duplex_capture_find_finding (f->stored, 0, &found));
  g_assert_null (duplex_capture_dup_meta (f->stored, "begun"));
  record_fixture_free (f);
}

/* ---- damage ---- */

#define PAGE 16384

typedef struct
{
  guint64 n;
  guint64 n_lost;
} Count;

static gboolean
count_event (const DuplexEvent *event,
             gpointer           user_data)
{
  Count *count = user_data;

  count->n++;
  if (event->kind == DUPLEX_EVENT_LOST)
    count->n_lost++;
  return TRUE;
}

/* Events that are there when a page of the file is overwritten; what is not is said. */
static guint64
count_without_page (const char *path,
                    const char *contents,
                    gsize       length,
                    gsize       page,
                    guint64     n_events)
{
  g_autofree char          *copy = g_memdup2 (contents, length);
  g_autoptr (DuplexCapture) capture = NULL;
  g_autofree char          *trouble = NULL;
  Count                     count = { 0 };

  memset (copy + page, 0xa5, MIN (PAGE, length - page));
  g_assert_true (g_file_set_contents (path, copy, (gssize)length, NULL));
  capture = duplex_capture_open (path, NULL);
  if (capture == NULL)
    return 0;
  duplex_capture_walk (capture, 0, G_MAXUINT64, count_event, &count);
  trouble = duplex_capture_dup_trouble (capture);
  g_assert_true (trouble != NULL || count.n - count.n_lost == n_events);
  return count.n - count.n_lost;
}

/* One page, any of them: pages that lead to others are done without. What remains are the file's
 * head, the tables' list, and the pages that say which blocks there are. */
static void
test_damaged_page (void)
{
  const guint64    n = 6000;
  RecordFixture   *f = record_fixture_new (NULL);
  g_autofree char *path = g_build_filename (f->folder, "damaged.duplex", NULL);
  g_autofree char *contents = NULL;
  gsize            length;
  guint            n_bad = 0;

  record_append_texts (f->capture, 0, n, 200);
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  g_assert_true (g_file_get_contents (f->path, &contents, &length, NULL));
  for (gsize page = 0; page < length; page += PAGE)
    if (count_without_page (path, contents, length, page, n) < n - 2 * 1000)
      n_bad++;
  g_test_message ("%u of %u pages are needed", n_bad, (guint)(length / PAGE));
  g_assert_cmpuint (n_bad, <=, 4);
  record_fixture_free (f);
}

/* ---- what was forgotten ---- */

static void
test_clear (void)
{
  RecordFixture *f = record_fixture_new (NULL);

  record_append_texts (f->capture, 0, 5000, 100);
  duplex_capture_clear (f->capture);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->capture)), ==, 0);
  record_append_texts (f->capture, 5000, 10, 100);
  duplex_capture_publish (f->capture);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->capture)), ==, 10);
  record_fixture_reopen (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 5010);
  record_assert_text (f->stored, 10, 100);
  record_assert_text (f->stored, 5009, 100);
  record_fixture_free (f);
}

/* A reader that goes through once forgets; the file does not. */
static void
test_drop_before (void)
{
  const gsize        size = 300000;
  RecordFixture     *f = record_fixture_new (NULL);
  g_autofree guint8 *bytes = record_make_bytes (size);
  DuplexEvent        event = duplex_test_text ("");

  event.payload = bytes;
  event.payload_size = event.message_size = size;
  for (guint64 i = 0; i < 5; i++)
    {
      g_assert_cmpuint (duplex_capture_append (f->capture, &event), ==, i);
      duplex_capture_drop_before (f->capture, i + 1);
    }
  record_append_texts (f->capture, 5, 3000, 100);
  duplex_capture_drop_before (f->capture, 3005);
  record_fixture_reopen (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->stored)), ==, 3005);
  record_assert_payload (f->stored, 4, DUPLEX_PAYLOAD_WIRE, bytes, size);
  record_assert_text (f->stored, 5, 100);
  record_assert_text (f->stored, 3004, 100);
  record_fixture_free (f);
}

/* ---- notes ---- */

static void
test_notes (void)
{
  RecordFixture     *f = record_fixture_new (NULL);
  g_autofree char   *comment = NULL;
  g_autofree char   *other = NULL;
  gboolean           bookmarked = FALSE;
  g_autoptr (GError) error = NULL;

  record_append_texts (f->capture, 0, 10, 10);
  g_assert_true (duplex_capture_set_note (f->capture, 4, TRUE, NULL, NULL));
  g_assert_true (duplex_capture_set_note (f->capture, 5, FALSE, "why?", NULL));
  g_assert_true (duplex_capture_set_note (f->capture, 6, TRUE, "gone", NULL));
  g_assert_true (duplex_capture_set_note (f->capture, 6, FALSE, "", NULL));
  record_fixture_reopen (f);
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
  record_assert_text (f->stored, 0, 10);
  g_assert_finalize_object (f->stored);
  record_fixture_open (f);
  g_assert_true (duplex_capture_get_note (f->stored, 0, &bookmarked, &other));
  g_assert_cmpstr (other, ==, "first");
  record_fixture_free (f);
}

/* ---- places ---- */

static void
test_find (void)
{
  RecordFixture      *f = record_fixture_new (NULL);
  const DuplexFinding finding = { DUPLEX_FINDING_RESERVED_BIT, 0 };
  DuplexEvent         bad = duplex_test_text ("bad");
  guint64             found;

  record_append_texts (f->capture, 0, 7000, 100);
  bad.findings = &finding;
  bad.n_findings = 1;
  bad.time_us = 7000 * 1000;
  duplex_capture_append (f->capture, &bad);
  record_append_texts (f->capture, 7001, 7000, 100);
  record_fixture_reopen (f);
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
  record_fixture_free (f);
}

/* The end of a message of many frames is many blocks away. */
static void
test_find_row_of_far_end (void)
{
  RecordFixture    *f = record_fixture_new (NULL);
  DuplexTestMessage message = {
    .message = 1,
    .direction = DUPLEX_DIRECTION_RECEIVED,
    .opcode = 1,
    .connection = 1,
    .first = DUPLEX_EVENT_FIRST_IS_SELF,
  };
  g_autofree char *text = record_make_text (0, 100000);
  guint64          row;

  duplex_test_append_ping (f->capture, "before");
  message.first = duplex_test_append_frame (f->capture, &message, text, FALSE);
  for (guint i = 0; i < 12; i++)
    duplex_test_append_frame (f->capture, &message, text, i == 11);
  record_fixture_reopen (f);
  g_assert_true (duplex_capture_find_row_of (f->stored, 0, &row));
  g_assert_cmpuint (row, ==, 0);
  g_assert_true (duplex_capture_find_row_of (f->stored, 1, &row));
  g_assert_cmpuint (row, ==, 1);
  g_assert_true (duplex_capture_find_row_of (f->stored, 13, &row));
  g_assert_cmpuint (row, ==, 1);
  record_fixture_free (f);
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
  RecordFixture *f = record_fixture_new (NULL);

  record_append_texts (f->capture, 0, 100, 10);
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  duplex_capture_open_async (f->path, NULL, opened_ready_cb, &f->stored);
  duplex_test_wait (NULL, is_set, &f->stored, "the capture to be opened");
  record_assert_text (f->stored, 99, 10);
  record_fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/capture-stored/payload/not-ended", test_payload_not_ended);
  g_test_add_func ("/core/capture-stored/damaged-page", test_damaged_page);
  g_test_add_func ("/core/capture-stored/payload/at-once", test_payload_at_once);
  g_test_add_data_func ("/core/capture-stored/payload/pieces", GSIZE_TO_POINTER (1000003),
                        test_payload_in_pieces);
  g_test_add_data_func ("/core/capture-stored/payload/whole-chunks", GSIZE_TO_POINTER (1048576),
                        test_payload_in_pieces);
  g_test_add_func ("/core/capture-stored/clear", test_clear);
  g_test_add_func ("/core/capture-stored/drop-before", test_drop_before);
  g_test_add_func ("/core/capture-stored/notes", test_notes);
  g_test_add_func ("/core/capture-stored/find", test_find);
  g_test_add_func ("/core/capture-stored/find-far-end", test_find_row_of_far_end);
  g_test_add_func ("/core/capture-stored/open-async", test_open_async);
  return g_test_run ();
}
