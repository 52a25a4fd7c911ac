/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-model-support.h"

#include <glib/gstdio.h>
#include <string.h>

#define DEADLINE_S 10

static gboolean
expired_cb (gpointer user_data)
{
  gboolean *expired = user_data;

  *expired = TRUE;

  return G_SOURCE_CONTINUE;
}

void
duplex_test_wait (GMainContext *context,
                  gboolean (*is_done) (gpointer),
                  gpointer    user_data,
                  const char *what)
{
  g_autoptr (GSource) deadline = g_timeout_source_new_seconds (DEADLINE_S);
  gboolean            expired = FALSE;

  g_source_set_callback (deadline, expired_cb, &expired, NULL);
  g_source_attach (deadline, context);

  while (!is_done (user_data))
    {
      if (expired)
        g_error ("Waited %d s for: %s", DEADLINE_S, what);
      g_main_context_iteration (context, /* may_block= */ TRUE);
    }

  g_source_destroy (deadline);
}

DuplexEvent
duplex_test_text (const char *text)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_FRAME;
  event.direction = DUPLEX_DIRECTION_RECEIVED;
  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.connection = 1;
  event.opcode = DUPLEX_OPCODE_TEXT;
  event.message = 1;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.n_frames = 1;
  event.payload = (const guint8 *)text;
  event.payload_size = strlen (text);
  event.message_size = event.payload_size;

  return event;
}

guint64
duplex_test_append_frame (DuplexCapture     *capture,
                          DuplexTestMessage *message,
                          const char        *text,
                          gboolean           is_last)
{
  DuplexEvent event = duplex_test_text (text);
  guint64     number;

  message->size += event.payload_size;
  message->n_frames++;
  event.direction = message->direction;
  event.connection = message->connection;
  event.opcode = message->opcode;
  event.message = message->message;
  event.first = message->first;
  event.message_size = message->size;
  event.n_frames = message->n_frames;
  event.flags = is_last ? DUPLEX_EVENT_FLAG_ROW : DUPLEX_EVENT_FLAG_NONE;

  number = duplex_capture_append (capture, &event);
  if (message->n_frames == 1)
    message->first = number;

  return number;
}

guint64
duplex_test_append_ping (DuplexCapture *capture,
                         const char    *text)
{
  DuplexEvent event = duplex_test_text (text);

  event.opcode = DUPLEX_OPCODE_PING;
  event.message = 0;
  event.message_size = 0;

  return duplex_capture_append (capture, &event);
}

void
duplex_test_assert_bytes (GBytes     *bytes,
                          const char *text)
{
  gsize       size;
  const char *data = g_bytes_get_data (bytes, &size);

  g_assert_cmpmem (data, size, text, strlen (text));
}

static void
items_changed_cb (GListModel *model,
                  guint       position,
                  guint       removed,
                  guint       added,
                  GString    *log)
{
  g_string_append_printf (log, "%u-%u+%u ", position, removed, added);
}

GString *
duplex_test_log_items (GListModel *model)
{
  GString *log = g_string_new (NULL);

  g_signal_connect (model, "items-changed", G_CALLBACK (items_changed_cb), log);

  return log;
}

char *
duplex_test_make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char              *path = g_dir_make_tmp ("duplex-model-XXXXXX", &error);

  g_assert_no_error (error);

  return path;
}

static void
remove_tree (const char *path)
{
  GDir       *dir;
  const char *name;

  if (g_file_test (path, G_FILE_TEST_IS_SYMLINK) || !g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      g_assert_cmpint (g_unlink (path), ==, 0);
      return;
    }

  dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

void
duplex_test_remove_folder (char *path)
{
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    remove_tree (path);
  g_free (path);
}
