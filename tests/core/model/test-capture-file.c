/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/model/duplex-profile.h"
#include "duplex-file-support.h"
#include "duplex-model-support.h"

/* Names in the folder, sorted, each after a space. */
static char *
list_folder (DuplexTestFile *fixture)
{
  g_autoptr (GDir)      dir = g_dir_open (fixture->folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GString              *list = g_string_new (NULL);
  const char           *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, (char *)name);
  g_ptr_array_sort (names, (GCompareFunc)(gpointer)strcmp);
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (list, " %s", (const char *)names->pdata[i]);

  return g_string_free (list, FALSE);
}

static void
test_create (DuplexTestFile *fixture,
             gconstpointer   unused)
{
  gint64                        began = g_get_real_time ();
  g_autoptr (GError)            error = NULL;
  g_autoptr (DuplexCaptureFile) file = duplex_capture_file_create (fixture->path, &error);
  g_autoptr (DuplexCaptureFile) second = NULL;
  g_autofree char              *created = NULL;
  GStatBuf                      info;

  g_assert_no_error (error);
  g_assert_cmpint (g_stat (fixture->path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  created = duplex_capture_file_dup_meta (file, "created");
  g_assert_cmpint (g_ascii_strtoll (created, NULL, 10), <=, g_get_real_time ());
  g_assert_cmpint (g_ascii_strtoll (created, NULL, 10), >=, began);

  second = duplex_capture_file_create (fixture->path, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_null (second);
}

static void
test_create_nowhere (DuplexTestFile *fixture,
                     gconstpointer   unused)
{
  g_autofree char   *path = g_build_filename (fixture->folder, "none", "x.duplex", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (duplex_capture_file_create (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_round_trip (DuplexTestFile *fixture,
                 gconstpointer   unused)
{
  g_autofree char *missing = NULL;
  g_autofree char *list = NULL;

  duplex_test_make_file (fixture->path, 600);
  list = list_folder (fixture);
  g_assert_cmpstr (list, ==, " a capture.duplex");
  g_assert_cmpuint (duplex_test_check_file (fixture->path, &missing), ==, 600);
  g_assert_cmpstr (missing, ==, NULL);
}

/* What a file says of itself; a second end changes nothing. */
static void
test_ended (DuplexTestFile *fixture,
            gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 3);
  gint64                        began = g_get_real_time ();
  g_autofree char              *order = duplex_capture_file_dup_meta (file, "byte-order");
  g_autofree char              *events = duplex_capture_file_dup_meta (file, "events");
  g_autofree char              *ended = NULL;
  g_autofree char              *again = NULL;

  g_assert_cmpstr (order, ==, G_BYTE_ORDER == G_LITTLE_ENDIAN ? "little" : "big");
  g_assert_cmpstr (events, ==, "30");
  g_assert_null (duplex_capture_file_dup_meta (file, "ended"));
  g_assert_true (duplex_capture_file_finish (file, NULL));
  ended = duplex_capture_file_dup_meta (file, "ended");
  g_assert_cmpint (g_ascii_strtoll (ended, NULL, 10), >=, began);
  g_assert_cmpint (g_ascii_strtoll (ended, NULL, 10), <=, g_get_real_time ());
  g_assert_true (duplex_capture_file_finish (file, NULL));
  again = duplex_capture_file_dup_meta (file, "ended");
  g_assert_cmpstr (again, ==, ended);
}

static void
test_empty (DuplexTestFile *fixture,
            gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = NULL;
  g_autoptr (GArray)            connecting = NULL;
  g_autofree char              *missing = NULL;
  gsize                         size;
  guint8                        byte;

  duplex_test_make_file (fixture->path, 0);
  file = duplex_capture_file_open (fixture->path, NULL);
  g_assert_nonnull (file);
  g_assert_cmpuint (duplex_test_check_blocks (file, &missing), ==, 0);
  g_assert_cmpstr (missing, ==, NULL);
  g_assert_null (duplex_capture_file_read_block (file, 1, &size, NULL));
  g_assert_cmpuint (duplex_capture_file_read_payload (file, 8, 0, &byte, 1), ==, 0);
  g_assert_null (duplex_capture_file_dup_meta (file, "profile"));
}

static gboolean
stop_cb (const DuplexCaptureBlockInfo *info,
         gpointer                      user_data)
{
  GString *seen = user_data;

  g_string_append_printf (seen, " %" G_GUINT64_FORMAT, info->id);

  return info->id < 303;
}

static void
test_walk_part (DuplexTestFile *fixture,
                gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 305);
  g_autoptr (GString)           seen = g_string_new (NULL);
  char                         *missing = NULL;

  duplex_capture_file_walk_blocks (file, 301, stop_cb, seen, &missing);
  g_assert_cmpstr (seen->str, ==, " 301 302 303");
  g_assert_null (missing);

  g_string_truncate (seen, 0);
  duplex_capture_file_walk_blocks (file, 305, stop_cb, seen, &missing);
  g_assert_cmpstr (seen->str, ==, " 305");
  g_assert_null (missing);

  g_string_truncate (seen, 0);
  duplex_capture_file_walk_blocks (file, 306, stop_cb, seen, &missing);
  g_assert_cmpstr (seen->str, ==, "");
  g_assert_null (missing);
}

/* A reader sees what is committed, while the file is written and after each transaction. */
static void
test_live (DuplexTestFile *fixture,
           gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) writer = duplex_test_begin_file (fixture->path, 20);
  g_autoptr (DuplexCaptureFile) reader = NULL;
  g_autoptr (GError)            error = NULL;
  g_autofree char              *list = NULL;
  char                         *missing;
  DuplexCaptureBlockInfo        info;
  g_autoptr (GBytes)            data = duplex_test_fill_block (31, &info);

  reader = duplex_capture_file_open (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (duplex_test_check_blocks (reader, &missing), ==, 20);
  g_assert_cmpstr (missing, ==, NULL);

  duplex_test_put_blocks (writer, 21, 30);
  g_assert_cmpuint (duplex_test_check_blocks (reader, &missing), ==, 30);
  g_assert_cmpstr (missing, ==, NULL);

  duplex_capture_file_begin (writer, &error);
  g_assert_no_error (error);
  duplex_capture_file_put_block (writer, &info, g_bytes_get_data (data, NULL), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (duplex_test_check_blocks (reader, &missing), ==, 30);
  g_assert_cmpuint (duplex_test_check_blocks (writer, &missing), ==, 31);
  duplex_capture_file_commit (writer, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (duplex_test_check_blocks (reader, &missing), ==, 31);

  /* Who reads keeps the second file; finish does not fail for it. The next makes one of them. */
  duplex_capture_file_finish (writer, &error);
  g_assert_no_error (error);
  g_clear_pointer (&writer, duplex_capture_file_free);
  g_assert_cmpuint (duplex_test_check_blocks (reader, &missing), ==, 31);
  g_assert_cmpstr (missing, ==, NULL);
  g_clear_pointer (&reader, duplex_capture_file_free);

  writer = duplex_capture_file_open_to_change (fixture->path, &error);
  g_assert_no_error (error);
  duplex_capture_file_finish (writer, &error);
  g_assert_no_error (error);
  g_clear_pointer (&writer, duplex_capture_file_free);
  list = list_folder (fixture);
  g_assert_cmpstr (list, ==, " a capture.duplex");
  g_assert_cmpuint (duplex_test_check_file (fixture->path, &missing), ==, 31);
  g_assert_cmpstr (missing, ==, NULL);
}

/* A file that is being written is not finished by another. */
static void
test_finish_others (DuplexTestFile *fixture,
                    gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) writer = duplex_test_begin_file (fixture->path, 2);
  g_autoptr (DuplexCaptureFile) other = NULL;
  g_auto (DuplexCaptureSummary) summary = { 0 };
  g_autoptr (GError)            error = NULL;

  other = duplex_capture_file_open_to_change (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_false (duplex_capture_file_finish (other, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
  g_assert_true (summary.is_live);
}

static void
test_replace (DuplexTestFile *fixture,
              gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 6);
  g_auto (DuplexCaptureSummary) summary = { 0 };
  g_autoptr (GError)            error = NULL;
  DuplexCaptureBlockInfo        info;
  g_autoptr (GBytes)            bytes = duplex_test_fill_block (5, &info);
  g_autofree guint8            *data = NULL;
  gsize                         size;

  /* What does not come to be changes nothing. */
  info.size = 0;
  duplex_capture_file_begin (file, NULL);
  g_assert_true (duplex_capture_file_put_block (file, &info, NULL, &error));
  duplex_capture_file_rollback (file);
  g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
  g_assert_cmpuint (summary.n_not_kept, ==, 0);
  g_clear_pointer (&data, g_free);
  data = duplex_capture_file_read_block (file, 5, &size, &error);
  g_assert_no_error (error);

  /* Twice: it counts once. */
  for (guint i = 0; i < 2; i++)
    {
      duplex_capture_file_begin (file, NULL);
      g_assert_true (duplex_capture_file_put_block (file, &info, NULL, &error));
      duplex_capture_file_commit (file, &error);
      g_assert_no_error (error);
      duplex_capture_summary_clear (&summary);
      g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
      g_assert_cmpuint (summary.n_not_kept, ==, DUPLEX_TEST_EVENTS);
      g_assert_null (duplex_capture_file_read_block (file, 5, &size, NULL));
    }

  /* And back. */
  info.size = 3;
  duplex_capture_file_begin (file, NULL);
  g_assert_true (duplex_capture_file_put_block (file, &info, (const guint8 *)"abc", &error));
  duplex_capture_file_commit (file, &error);
  g_assert_no_error (error);
  duplex_capture_summary_clear (&summary);
  g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
  g_assert_cmpuint (summary.n_not_kept, ==, 0);
  g_assert_cmpuint (summary.totals.events, ==, 6 * DUPLEX_TEST_EVENTS);
  g_clear_pointer (&data, g_free);
  data = duplex_capture_file_read_block (file, 5, &size, &error);
  g_assert_cmpmem (data, size, "abc", 3);
}

static void
test_payload (DuplexTestFile *fixture,
              gconstpointer   unused)
{
  static const struct
  {
    guint64     payload;
    guint64     offset;
    gsize       size;
    gsize       expected;
    const char *ends; /* first and last byte */
  } cases[] = {
    { 7, 0, 10, 10, "aa" },
    { 7, DUPLEX_CAPTURE_FILE_CHUNK - 1, 2, 2, "ab" },
    { 7, DUPLEX_CAPTURE_FILE_CHUNK - 1, DUPLEX_CAPTURE_FILE_CHUNK + 2,
      DUPLEX_CAPTURE_FILE_CHUNK + 2, "ac" },
    { 7, 0, 4 * DUPLEX_CAPTURE_FILE_CHUNK, 2 * DUPLEX_CAPTURE_FILE_CHUNK + 1000, "ac" },
    { 7, 2 * DUPLEX_CAPTURE_FILE_CHUNK + 999, 5, 1, "cc" },
    { 7, 2 * DUPLEX_CAPTURE_FILE_CHUNK + 1000, 5, 0, NULL },
    { 7, 3 * DUPLEX_CAPTURE_FILE_CHUNK, 5, 0, NULL },
    { 7, G_MAXUINT64, 5, 0, NULL },
    { 7, 0, 0, 0, NULL },
    { 8, 0, 10, 0, NULL },
    { 0, 0, 10, 0, NULL },
    { G_MAXUINT64, 0, 10, 0, NULL },
  };
  g_autoptr (DuplexCaptureFile) file = NULL;
  g_autofree guint8            *buffer = g_malloc (4 * DUPLEX_CAPTURE_FILE_CHUNK);

  duplex_test_make_file (fixture->path, 1);
  file = duplex_capture_file_open (fixture->path, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize got = duplex_capture_file_read_payload (file, cases[i].payload, cases[i].offset, buffer,
                                                    cases[i].size);

      g_assert_cmpuint (got, ==, cases[i].expected);
      if (got > 0)
        {
          g_assert_cmpint (buffer[0], ==, cases[i].ends[0]);
          g_assert_cmpint (buffer[got - 1], ==, cases[i].ends[1]);
        }
    }
}

/* The largest number that a payload may have, and its last chunk. */
static void
test_payload_limits (DuplexTestFile *fixture,
                     gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 1);
  guint64                       offset = (((guint64)1 << 24) - 1) * DUPLEX_CAPTURE_FILE_CHUNK;
  g_autoptr (GError)            error = NULL;
  guint8                        buffer[4];
  gsize                         size;

  duplex_capture_file_put_chunk (file, (guint64)1 << 38, (1 << 24) - 1, (const guint8 *)"end", 3,
                                 &error);
  g_assert_no_error (error);
  size = duplex_capture_file_read_payload (file, (guint64)1 << 38, offset, buffer, sizeof buffer);
  g_assert_cmpuint (size, ==, 3);
  g_assert_cmpmem (buffer, 3, "end", 3);
}

static void
test_meta (DuplexTestFile *fixture,
           gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 0);
  g_autofree char              *value = NULL;

  g_assert_true (duplex_capture_file_put_meta (file, "profile", "{\"name\": \"ä\"}", NULL));
  value = duplex_capture_file_dup_meta (file, "profile");
  g_assert_cmpstr (value, ==, "{\"name\": \"ä\"}");
  g_assert_true (duplex_capture_file_put_meta (file, "profile", NULL, NULL));
  g_assert_null (duplex_capture_file_dup_meta (file, "profile"));
}

static void
log_note_cb (guint64     event,
             gboolean    bookmarked,
             const char *comment,
             gpointer    user_data)
{
  g_string_append_printf (user_data, " %" G_GUINT64_FORMAT "%s%s", event, bookmarked ? "*" : "",
                          comment != NULL ? comment : "-");
}

/* On a file that is closed, as a person does it who looks at a stored capture. */
static void
test_notes (DuplexTestFile *fixture,
            gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = NULL;
  g_autoptr (GString)           log = g_string_new (NULL);
  g_autoptr (GError)            error = NULL;
  g_autofree char              *list = NULL;

  duplex_test_make_file (fixture->path, 1);
  file = duplex_capture_file_open_to_change (fixture->path, &error);
  g_assert_no_error (error);
  duplex_capture_file_put_note (file, G_MAXINT64 - 1, FALSE, "last", &error);
  g_assert_no_error (error);
  duplex_capture_file_put_note (file, 0, TRUE, NULL, &error);
  duplex_capture_file_put_note (file, 8, FALSE, "x", &error);
  duplex_capture_file_walk_notes (file, log_note_cb, log);
  g_assert_cmpstr (log->str, ==, " 0*- 3*a comment 8x 9223372036854775806last");

  g_string_truncate (log, 0);
  duplex_capture_file_put_note (file, 3, FALSE, NULL, &error);
  duplex_capture_file_put_note (file, 8, FALSE, "", &error);
  g_assert_no_error (error);
  g_assert_true (duplex_capture_file_put_meta (file, "title", "Another", NULL));
  g_clear_pointer (&file, duplex_capture_file_free);
  list = list_folder (fixture);
  g_assert_cmpstr (list, ==, " a capture.duplex");
  file = duplex_capture_file_open (fixture->path, &error);
  g_assert_no_error (error);
  duplex_capture_file_walk_notes (file, log_note_cb, log);
  g_assert_cmpstr (log->str, ==, " 0*- 9223372036854775806last");

  /* Who opens a file to read it changes nothing. */
  g_assert_false (duplex_capture_file_put_note (file, 1, TRUE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY);
}

static void
test_many_notes (DuplexTestFile *fixture,
                 gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 1);
  g_autoptr (GString)           log = g_string_new (NULL);
  g_autoptr (GString)           expected = g_string_new (NULL);
  g_autoptr (GError)            error = NULL;

  duplex_capture_file_begin (file, NULL);
  for (guint64 i = 0; i < 1000; i++)
    {
      duplex_capture_file_put_note (file, i, TRUE, NULL, &error);
      g_assert_no_error (error);
      g_string_append_printf (expected, " %" G_GUINT64_FORMAT "*-", i);
    }
  duplex_capture_file_commit (file, NULL);
  duplex_capture_file_walk_notes (file, log_note_cb, log);
  g_assert_cmpstr (log->str, ==, expected->str);
}

static void
put_fact (DuplexCaptureFile *file,
          DuplexEventKind    kind,
          guint64            number,
          guint32            connection,
          const char        *payload,
          gint64             value)
{
  DuplexEvent        event = DUPLEX_EVENT_INIT;
  g_autoptr (GError) error = NULL;

  event.number = number;
  event.time_us = 1000 + number;
  event.kind = kind;
  event.connection = connection;
  event.payload = (const guint8 *)payload;
  event.payload_size = payload != NULL ? strlen (payload) : 0;
  event.value = value;
  duplex_capture_file_put_fact (file, &event, &error);
  g_assert_no_error (error);
}

/* What the table says after "connection" was filled in. */
static void
test_facts (DuplexTestFile *fixture,
            gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_capture_file_create (fixture->path, NULL);
  g_autoptr (GArray)            connecting = NULL;
  g_auto (DuplexCaptureSummary) summary = { 0 };

  put_fact (file, DUPLEX_EVENT_CONNECTING, 5, 1, "ws://a/", -1);
  put_fact (file, DUPLEX_EVENT_REQUEST, 6, 1, "GET / HTTP/1.1\r\n\r\n", -1);
  put_fact (file, DUPLEX_EVENT_RESPONSE, 7, 1, "HTTP/1.1 101 x\r\n\r\n", 101);
  put_fact (file, DUPLEX_EVENT_TLS, 8, 1, "TLS 1.3", -1);
  put_fact (file, DUPLEX_EVENT_CONNECTED, 9, 1, "ws://a/", 4000);
  put_fact (file, DUPLEX_EVENT_FRAME, 10, 1, "frame", -1);
  put_fact (file, DUPLEX_EVENT_BODY, 10, 1, "body", -1);
  put_fact (file, DUPLEX_EVENT_CLOSED, 11, 1, "bye", 1000);
  g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
  g_assert_cmpint (summary.close_code, ==, 1000);
  g_assert_cmpstr (summary.url, ==, "ws://a/");
  g_assert_cmpstr (summary.error, ==, NULL);
  duplex_capture_summary_clear (&summary);

  put_fact (file, DUPLEX_EVENT_CONNECTING, 12, 2, "ws://b/", -1);
  put_fact (file, DUPLEX_EVENT_FAILED, 13, 2, "refused \xff", 5);
  g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
  g_assert_cmpint (summary.close_code, ==, -1);
  g_assert_cmpstr (summary.url, ==, "ws://b/");
  g_assert_cmpstr (summary.error, ==, "refused \357\277\275");

  connecting = duplex_capture_file_dup_connecting (file);
  g_assert_cmpuint (connecting->len, ==, 2);
  g_assert_cmpuint (g_array_index (connecting, DuplexCaptureConnecting, 0).number, ==, 5);
  g_assert_cmpuint (g_array_index (connecting, DuplexCaptureConnecting, 1).number, ==, 12);

  /* As the manual page has the columns. */
  g_assert_true (duplex_capture_file_finish (file, NULL));
  g_clear_pointer (&file, duplex_capture_file_free);
  duplex_test_run_sql (
    fixture->path,
    "CREATE TEMP TABLE one(n CHECK(n = 1));"
    "INSERT INTO one SELECT count(*) FROM connection WHERE id = 1 AND event = 5 AND time_us = 1005 "
    "AND url = 'ws://a/' AND request = CAST('GET / HTTP/1.1' || x'0d0a0d0a' AS BLOB) AND "
    "response = CAST('HTTP/1.1 101 x' || x'0d0a0d0a' AS BLOB) AND status = 101 AND "
    "tls = 'TLS 1.3' AND connected_us = 1009 AND ended_us = 1011 AND close_code = 1000 AND "
    "close_reason = 'bye' AND error IS NULL;"
    "INSERT INTO one SELECT count(*) FROM connection WHERE id = 2 AND ended_us = 1013 AND "
    "status IS NULL");
}

static void
test_summary (DuplexTestFile *fixture,
              gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 12);
  g_auto (DuplexCaptureSummary) summary = { 0 };
  DuplexCaptureBlockInfo        info;
  g_autoptr (GBytes)            bytes = duplex_test_fill_block (12, &info);
  GStatBuf                      stat_info;

  g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
  g_assert_true (summary.is_live);
  g_assert_cmpuint (summary.file_bytes, >, 1000000);
  g_assert_cmpuint (summary.totals.events, ==, 12 * DUPLEX_TEST_EVENTS);
  duplex_capture_summary_clear (&summary);
  duplex_capture_summary_clear (&summary);

  g_assert_true (duplex_capture_file_put_meta (file, "profile-name", "Echo", NULL));
  g_assert_true (duplex_capture_file_put_meta (file, "profile-id", "1234", NULL));
  g_assert_true (duplex_capture_file_finish (file, NULL));
  g_clear_pointer (&file, duplex_capture_file_free);
  g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
  g_assert_cmpint (g_stat (fixture->path, &stat_info), ==, 0);
  g_assert_false (summary.is_live);
  g_assert_cmpuint (summary.file_bytes, ==, stat_info.st_size);
  g_assert_cmpstr (summary.title, ==, "A title");
  g_assert_cmpstr (summary.profile, ==, "Echo");
  g_assert_cmpstr (summary.profile_id, ==, "1234");
  g_assert_cmpstr (summary.url, ==, "ws://example.org/");
  g_assert_cmpint (summary.last_us, ==, info.last_time_us);
  g_assert_cmpmem (&summary.totals, sizeof summary.totals, &info.totals, sizeof info.totals);
  g_assert_cmpuint (summary.n_not_kept, ==, 0);
  g_assert_cmpint (summary.close_code, ==, -1);
}

/* The port of the demo server leads nowhere later. */
static void
test_demo (DuplexTestFile *fixture,
           gconstpointer   unused)
{
  static const struct
  {
    const char *url;
    const char *expected;
  } cases[] = {
    { "ws://127.0.0.1:4711/flood?n=2", "demo:/flood?n=2" },
    { "ws://127.0.0.1:4711/echo", "ws://127.0.0.1:4711/echo" },
    { "ws://example.org/flood?n=2", "ws://example.org/flood?n=2" },
  };
  g_autoptr (DuplexCaptureFile) file = duplex_capture_file_create (fixture->path, NULL);
  g_autoptr (DuplexProfile)     profile = duplex_profile_new ("", "demo:/flood?n=2");
  g_autofree char              *json = duplex_profile_to_json (profile);

  g_assert_true (duplex_capture_file_put_meta (file, "profile", json, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (DuplexCaptureSummary) summary = { 0 };

      put_fact (file, DUPLEX_EVENT_CONNECTING, i, i + 1, cases[i].url, -1);
      g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
      g_assert_cmpstr (summary.url, ==, cases[i].expected);
    }
}

/* A transaction that finds no room is taken back; what comes later is written when there is
 * some. */
static void
test_full (DuplexTestFile *fixture,
           gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 4);
  g_autoptr (GError)            error = NULL;
  g_autofree char              *missing = NULL;
  DuplexCaptureBlockInfo        info;
  g_autoptr (GBytes)            bytes = duplex_test_fill_block (5, &info);
  const guint8                 *data = g_bytes_get_data (bytes, NULL);

  duplex_capture_file_set_max_pages (file, 10);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (duplex_capture_file_begin (file, NULL));
      g_assert_false (duplex_capture_file_put_block (file, &info, data, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
      g_clear_error (&error);
      /* Nothing of this transaction is written any more. */
      g_assert_false (duplex_capture_file_put_note (file, 1, TRUE, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_clear_error (&error);
      g_assert_false (duplex_capture_file_commit (file, NULL));
      duplex_capture_file_rollback (file);
    }
  g_assert_cmpuint (duplex_test_check_blocks (file, &missing), ==, 4);
  g_assert_cmpstr (missing, ==, NULL);

  duplex_capture_file_set_max_pages (file, 0);
  duplex_test_put_blocks (file, 5, 30);
  duplex_capture_file_finish (file, &error);
  g_assert_no_error (error);
  g_clear_pointer (&file, duplex_capture_file_free);
  g_assert_cmpuint (duplex_test_check_file (fixture->path, &missing), ==, 30);
  g_assert_cmpstr (missing, ==, NULL);
}

/* What is freed is used again: a capture that forgets as much as it takes does not grow. */
static void
test_reuse (DuplexTestFile *fixture,
            gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 50);
  g_autoptr (GError)            error = NULL;
  DuplexCaptureBlockInfo        info;
  GStatBuf                      before;
  GStatBuf                      after;

  duplex_capture_file_begin (file, NULL);
  for (guint64 id = 1; id <= 50; id++)
    {
      g_autoptr (GBytes) bytes = duplex_test_fill_block (id, &info);

      info.size = 0;
      g_assert_true (duplex_capture_file_put_block (file, &info, NULL, NULL));
    }
  duplex_capture_file_commit (file, NULL);
  duplex_test_run_sql (fixture->path, "PRAGMA wal_checkpoint");
  g_assert_cmpint (g_stat (fixture->path, &before), ==, 0);
  duplex_test_put_blocks (file, 51, 95);
  duplex_capture_file_finish (file, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (fixture->path, &after), ==, 0);
  g_assert_cmpint (after.st_size, <=, before.st_size);
}

#define ADD(name, func)                                                                        \
  g_test_add ("/core/capture-file/" name, DuplexTestFile, NULL, duplex_test_file_set_up, func, \
              duplex_test_file_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("create", test_create);
  ADD ("create-nowhere", test_create_nowhere);
  ADD ("round-trip", test_round_trip);
  ADD ("ended", test_ended);
  ADD ("empty", test_empty);
  ADD ("walk-part", test_walk_part);
  ADD ("live", test_live);
  ADD ("finish-others", test_finish_others);
  ADD ("replace", test_replace);
  ADD ("payload", test_payload);
  ADD ("payload-limits", test_payload_limits);
  ADD ("meta", test_meta);
  ADD ("notes", test_notes);
  ADD ("many-notes", test_many_notes);
  ADD ("facts", test_facts);
  ADD ("summary", test_summary);
  ADD ("demo", test_demo);
  ADD ("full", test_full);
  ADD ("reuse", test_reuse);

  return g_test_run ();
}
