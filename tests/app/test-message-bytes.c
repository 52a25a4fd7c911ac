/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the inspector reads of messages that stand in a file: large ones, in one frame and in many,
 * while they are recorded and when the file is opened again. */
#include "app/duplex-message-bytes.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "app/duplex-frame-list.h"
#include "app/duplex-handshake-info.h"
#include "app/duplex-message-save.h"
#include "app/duplex-texts.h"
#include "conversation.h"
#include "core/proto/duplex-error.h"

#define SIZE (3 * 1024 * 1024)

enum {
  ROW_SINGLE,
  ROW_FRAGMENTS, /* of a mebibyte */
  ROW_MANY,      /* 30,000 */
  ROW_BINARY,
  ROW_COMPRESSED,
  ROW_COMPRESSED_FRAGMENTS, /* three */
  ROW_SMALL,
  N_ROWS
};

typedef struct
{
  char          *folder;
  char          *path;
  guint8        *data; /* of all large rows */
  DuplexCapture *capture;
} Fixture;

/* A worker's last reference to a row is dropped when the main loop is idle. */
static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  const DuplexCaptureOrigin origin = { 0 };
  g_autoptr (GError)        error = NULL;

  fixture->folder = g_dir_make_tmp ("duplex-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "a.duplex", NULL);
  fixture->data = g_malloc (SIZE);
  for (gsize i = 0; i < SIZE; i++)
    fixture->data[i] = (guint8)('!' + (i * 7 + i / 251) % 90);

  fixture->capture = duplex_capture_new ();
  duplex_capture_record (fixture->capture, fixture->path, &origin, &error);
  g_assert_no_error (error);
  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT,
                        fixture->data, SIZE, 1, 0);
  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT,
                        fixture->data, SIZE, 3, 0);
  conversation_message (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, fixture->data,
                        SIZE, 30000, 0);
  conversation_message (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY,
                        fixture->data, SIZE, 1, 0);
  conversation_compressed (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT,
                           fixture->data, SIZE, 1);
  conversation_compressed (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT,
                           fixture->data, SIZE, 3);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "small", -1);
}

static void
reopen (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  if (fixture->capture != NULL)
    {
      duplex_capture_finish (fixture->capture, &error);
      g_assert_no_error (error);
      turn ();
      g_assert_finalize_object (fixture->capture);
    }
  fixture->capture = duplex_capture_open (fixture->path, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  turn ();
  g_assert_finalize_object (fixture->capture);
  g_unlink (fixture->path);
  g_rmdir (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->data);
}

/* Pieces here and there, so that what is remembered of the way is used, and not. */
static void
check_reads (Fixture *fixture,
             guint    position)
{
  static const struct
  {
    guint64 offset;
    gsize   size;
  } reads[] = {
    { 0, 10 },
    { SIZE - 5, 100 },
    { 1024 * 1024 - 3, 7 },
    { 200000, 70000 },
    { 2 * 1024 * 1024 + 1, 600000 },
    { 64 * 1024, 1 },
    { SIZE, 10 },
    { G_MAXUINT64, 10 },
    { 0, SIZE },
  };
  g_autoptr (DuplexRow)          row = conversation_get_row (fixture->capture, position);
  g_autoptr (DuplexMessageBytes) bytes = duplex_message_bytes_new (row);
  g_autofree guint8             *buffer = g_malloc (SIZE);

  g_assert_cmpuint (duplex_message_bytes_get_size (bytes), ==, SIZE);
  for (gsize i = 0; i < G_N_ELEMENTS (reads); i++)
    {
      guint64 offset = reads[i].offset;
      gsize   n = duplex_message_bytes_read (bytes, offset, buffer, reads[i].size);

      g_assert_cmpuint (n, ==, offset < SIZE ? MIN (SIZE - offset, reads[i].size) : 0);
      if (n > 0)
        g_assert_cmpmem (buffer, n, fixture->data + offset, n);
    }
  g_assert_cmpuint (duplex_message_bytes_measure (bytes), ==, SIZE);
}

static void
check_dup (Fixture *fixture,
           guint    position)
{
  g_autoptr (DuplexRow)          row = conversation_get_row (fixture->capture, position);
  g_autoptr (DuplexMessageBytes) bytes = duplex_message_bytes_new (row);
  g_autoptr (GBytes)             all = duplex_message_bytes_dup (bytes, 0, 2 * SIZE);
  g_autoptr (GBytes)             some = duplex_message_bytes_dup (bytes, 100, 1000);

  g_assert_cmpmem (g_bytes_get_data (all, NULL), g_bytes_get_size (all), fixture->data, SIZE);
  g_assert_cmpmem (g_bytes_get_data (some, NULL), g_bytes_get_size (some), fixture->data + 100,
                   1000);
}

static void
check_save (Fixture *fixture,
            guint    position)
{
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, position);
  g_autofree char      *path = g_build_filename (fixture->folder, "saved", NULL);
  g_autoptr (GFile)     file = g_file_new_for_path (path);
  g_autoptr (GError)    error = NULL;
  g_autofree char      *contents = NULL;
  gsize                 size = 0;

  duplex_message_save_to_file (row, file, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_assert_cmpmem (contents, size, fixture->data, SIZE);
  g_unlink (path);
}

static void
check_rows (Fixture *fixture)
{
  for (guint i = 0; i < ROW_SMALL; i++)
    {
      check_reads (fixture, i);
      check_dup (fixture, i);
      check_save (fixture, i);
    }
}

static void
test_live (Fixture      *fixture,
           gconstpointer data)
{
  check_rows (fixture);
}

static void
test_stored (Fixture      *fixture,
             gconstpointer data)
{
  reopen (fixture);
  check_rows (fixture);
}

static gboolean
stop (const guint8 *data,
      gsize         size,
      gpointer      user_data)
{
  ++*(guint *)user_data;
  return FALSE;
}

static gboolean
count (const guint8 *data,
       gsize         size,
       gpointer      user_data)
{
  *(guint64 *)user_data += size;
  g_assert_cmpuint (size, <=, 256 * 1024);
  return TRUE;
}

static void
test_walk (Fixture      *fixture,
           gconstpointer data)
{
  static const guint n_frames[N_ROWS] = { 1, 3, 30000, 1, 1, 3, 1 };

  for (guint i = 0; i < N_ROWS; i++)
    {
      g_autoptr (DuplexRow)          row = conversation_get_row (fixture->capture, i);
      g_autoptr (DuplexMessageBytes) bytes = duplex_message_bytes_new (row);
      guint64                        size = 0;
      guint                          n_calls = 0;

      g_assert_cmpuint (duplex_message_bytes_walk (bytes, count, &size), ==, n_frames[i]);
      g_assert_cmpuint (size, ==, duplex_row_get_size (row));
      duplex_message_bytes_walk (bytes, stop, &n_calls);
      g_assert_cmpuint (n_calls, ==, 1);
    }
}

/* ---- frames ---- */

static DuplexFrameItem *
get_frame (Fixture *fixture,
           guint    position,
           guint    frame)
{
  g_autoptr (DuplexRow)       row = conversation_get_row (fixture->capture, position);
  g_autoptr (GArray)          numbers = duplex_row_dup_frames (row, G_MAXUINT);
  g_autoptr (DuplexFrameList) list = duplex_frame_list_new (fixture->capture, numbers);

  return g_list_model_get_item (G_LIST_MODEL (list), frame);
}

static void
test_frame (Fixture      *fixture,
            gconstpointer data)
{
  g_autoptr (DuplexFrameItem) item = NULL;
  g_autofree char            *words = NULL;
  g_autofree char            *expected = NULL;
  guint8                      buffer[1000];
  gsize                       n;
  const DuplexEvent          *event;

  reopen (fixture);
  item = get_frame (fixture, ROW_FRAGMENTS, 1);
  event = duplex_frame_item_get_event (item);
  g_assert_cmpuint (event->payload_id, !=, 0);
  g_assert_cmpuint (event->payload_size, ==, SIZE / 3);
  g_assert_cmpmem (event->payload, DUPLEX_FRAME_ITEM_START, fixture->data + SIZE / 3,
                   DUPLEX_FRAME_ITEM_START);
  n = duplex_frame_item_read (item, DUPLEX_PAYLOAD_WIRE, 500000, buffer, sizeof buffer);
  g_assert_cmpuint (n, ==, sizeof buffer);
  g_assert_cmpmem (buffer, sizeof buffer, fixture->data + SIZE / 3 + 500000, sizeof buffer);
  n = duplex_frame_item_read (item, DUPLEX_PAYLOAD_WIRE, SIZE / 3 - 1, buffer, 10);
  g_assert_cmpuint (n, ==, 1);

  words = duplex_frame_words_dup_all (event);
  expected = g_strndup ((const char *)fixture->data + SIZE / 3, 10);
  g_assert_nonnull (strstr (words, expected));
}

/* A frame of a compressed message has both: its bytes, and its share of what they inflate to. */
static void
test_inflated_frame (Fixture      *fixture,
                     gconstpointer data)
{
  guint64 offset = 0;
  guint8  buffer[1000];

  reopen (fixture);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DuplexFrameItem) item = get_frame (fixture, ROW_COMPRESSED_FRAGMENTS, i);
      const DuplexEvent          *event = duplex_frame_item_get_event (item);

      g_assert_cmpuint (event->inflated_id, !=, 0);
      g_assert_cmpuint (event->payload_size, <, event->inflated_size);
      g_assert_cmpmem (event->inflated, DUPLEX_FRAME_ITEM_START, fixture->data + offset,
                       DUPLEX_FRAME_ITEM_START);
      g_assert_cmpuint (
        duplex_frame_item_read (item, DUPLEX_PAYLOAD_INFLATED, 70000, buffer, sizeof buffer), ==,
        sizeof buffer);
      g_assert_cmpmem (buffer, sizeof buffer, fixture->data + offset + 70000, sizeof buffer);
      offset += event->inflated_size;
    }
  g_assert_cmpuint (offset, ==, SIZE);
}

/* ---- damage ---- */

static void
run_sql (Fixture    *fixture,
         const char *sql)
{
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

/* The number of the only payload of a row. */
static guint64
get_payload (Fixture *fixture,
             guint    position)
{
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, position);

  return duplex_row_get_event (row)->payload_id;
}

/* Of a payload that has lost its end all is there up to that, and it is not saved. */
static void
test_cut (Fixture      *fixture,
          gconstpointer data)
{
  const gsize      rest = 5 * 256 * 1024;
  g_autofree char *sql = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "saved", NULL);
  g_autofree char *words = NULL;

  sql = g_strdup_printf ("DELETE FROM chunk WHERE id >> 24 = %" G_GUINT64_FORMAT
                         " AND (id & 0xffffff) >= 5",
                         get_payload (fixture, ROW_BINARY));
  reopen (fixture);
  g_clear_object (&fixture->capture);
  run_sql (fixture, sql);
  reopen (fixture);
  {
    g_autoptr (DuplexRow)          row = conversation_get_row (fixture->capture, ROW_BINARY);
    g_autoptr (DuplexMessageBytes) bytes = duplex_message_bytes_new (row);
    g_autoptr (GBytes)             all = duplex_message_bytes_dup (bytes, 0, SIZE);
    g_autoptr (DuplexFrameItem)    item = get_frame (fixture, ROW_BINARY, 0);
    g_autoptr (GFile)              file = g_file_new_for_path (path);
    g_autoptr (GError)             error = NULL;

    g_assert_cmpuint (duplex_message_bytes_measure (bytes), ==, rest);
    g_assert_cmpmem (g_bytes_get_data (all, NULL), g_bytes_get_size (all), fixture->data, rest);
    g_assert_cmpuint (duplex_frame_item_get_event (item)->payload_size, ==, rest);
    words = duplex_frame_words_dup_all (duplex_frame_item_get_event (item));
    g_assert_nonnull (strstr (words, "are in the capture"));
    g_assert_true (g_file_set_contents (path, "before", -1, NULL));
    g_assert_false (duplex_message_save_to_file (row, file, NULL, &error));
    g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  }
  {
    g_autofree char *contents = NULL;

    g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
    g_assert_cmpstr (contents, ==, "before");
  }
  g_unlink (path);
}

/* A payload of which nothing is there is no reason to end. */
static void
test_gone (Fixture      *fixture,
           gconstpointer data)
{
  g_autoptr (DuplexFrameItem) item = NULL;
  g_autofree char            *words = NULL;

  reopen (fixture);
  g_clear_object (&fixture->capture);
  run_sql (fixture, "DELETE FROM chunk");
  reopen (fixture);
  item = get_frame (fixture, ROW_SINGLE, 0);
  g_assert_null (duplex_frame_item_get_event (item)->payload);
  g_assert_cmpuint (duplex_frame_item_get_event (item)->payload_size, ==, 0);
  words = duplex_frame_words_dup_all (duplex_frame_item_get_event (item));
  g_assert_nonnull (words);
}

/* An event that is lost has a line all the same. */
static void
test_lost (Fixture      *fixture,
           gconstpointer data)
{
  g_autoptr (DuplexRow)       row = NULL;
  g_autoptr (GArray)          numbers = NULL;
  g_autoptr (DuplexFrameList) list = NULL;
  g_autoptr (DuplexFrameItem) item = NULL;
  g_autofree char            *opcode = NULL;
  g_autofree char            *state = NULL;
  guint64                     number;

  reopen (fixture);
  row = conversation_get_row (fixture->capture, ROW_SMALL);
  number = duplex_row_get_event (row)->number;
  turn ();
  g_clear_object (&row);
  g_clear_object (&fixture->capture);
  run_sql (fixture, "DELETE FROM block_data");
  reopen (fixture);

  numbers = g_array_new (FALSE, FALSE, sizeof number);
  g_array_append_val (numbers, number);
  list = duplex_frame_list_new (fixture->capture, numbers);
  item = g_list_model_get_item (G_LIST_MODEL (list), 0);
  g_assert_cmpint (duplex_frame_item_get_event (item)->kind, ==, DUPLEX_EVENT_LOST);
  g_object_get (item, "opcode", &opcode, NULL);
  g_assert_cmpstr (opcode, ==, "not kept");
  state = duplex_text_state (duplex_frame_item_get_event (item));
  g_assert_cmpstr (state, !=, "");
}

/* ---- what a file may say ---- */

/* A handshake whose parts stand apart, which no recording of ours has. */
static void
test_states_apart (Fixture      *fixture,
                   gconstpointer data)
{
  static const DuplexEventKind    kinds[] = { DUPLEX_EVENT_CONNECTING, DUPLEX_EVENT_REQUEST,
                                              DUPLEX_EVENT_RESPONSE, DUPLEX_EVENT_FAILED };
  g_autoptr (DuplexHandshakeInfo) info = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      DuplexEvent event = DUPLEX_EVENT_INIT;

      event.kind = kinds[i];
      event.connection = 7;
      event.first = DUPLEX_EVENT_FIRST_IS_SELF;
      event.flags = DUPLEX_EVENT_FLAG_ROW;
      event.payload = fixture->data;
      event.payload_size = SIZE;
      duplex_capture_append (fixture->capture, &event);
    }
  reopen (fixture);
  info = duplex_handshake_info_new (fixture->capture, G_MAXUINT64);
  g_assert_nonnull (info);
  g_assert_cmpint (info->outcome, ==, DUPLEX_HANDSHAKE_FAILED);
  g_assert_cmpuint (strlen (info->url), <, SIZE);
  g_assert_cmpuint (strlen (info->url), >, 0);
  g_assert_cmpuint (g_bytes_get_size (info->response), <, SIZE);
  for (guint i = N_ROWS; i < N_ROWS + G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, i);
      g_autofree char      *label = duplex_text_row_label (row);

      g_assert_cmpuint (strlen (label), <, 10000);
    }
}

/* So may be a Close, which has no code then that could be shown. */
static void
test_close_apart (Fixture      *fixture,
                  gconstpointer data)
{
  g_autoptr (DuplexRow) row = NULL;
  g_autofree char      *text = NULL;

  conversation_control (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_CLOSE,
                        fixture->data, SIZE, -1);
  reopen (fixture);
  row = conversation_get_row (fixture->capture, N_ROWS);
  text = duplex_text_control (duplex_row_get_event (row));
  g_assert_cmpstr (text, ==, "Close");
}

static void
add (const char *path,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/app/message-bytes/live", test_live);
  add ("/app/message-bytes/stored", test_stored);
  add ("/app/message-bytes/walk", test_walk);
  add ("/app/message-bytes/frame", test_frame);
  add ("/app/message-bytes/inflated-frame", test_inflated_frame);
  add ("/app/message-bytes/cut", test_cut);
  add ("/app/message-bytes/gone", test_gone);
  add ("/app/message-bytes/lost", test_lost);
  add ("/app/message-bytes/states-apart", test_states_apart);
  add ("/app/message-bytes/close-apart", test_close_apart);
  return g_test_run ();
}
