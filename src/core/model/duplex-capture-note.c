/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the user said about events: few, and all in memory. */
#include "core/model/duplex-capture-private.h"

typedef struct
{
  gboolean bookmarked;
  char    *comment; /* or NULL */
} Note;

static void
note_free (gpointer data)
{
  Note *note = data;

  g_free (note->comment);
  g_free (note);
}

GHashTable *
duplex_capture_notes_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, note_free);
}

static void
keep_note (guint64     event,
           gboolean    bookmarked,
           const char *comment,
           gpointer    user_data)
{
  DuplexCapture *self = user_data;
  Note          *note = g_new0 (Note, 1);

  note->bookmarked = bookmarked;
  note->comment = comment != NULL && *comment != '\0' ? g_strdup (comment) : NULL;
  g_hash_table_insert (self->notes, g_memdup2 (&event, sizeof event), note);
}

void
duplex_capture_load_notes (DuplexCapture     *self,
                           DuplexCaptureFile *file)
{
  duplex_capture_file_walk_notes (file, keep_note, self);
}

gboolean
duplex_capture_get_note (DuplexCapture *self,
                         guint64        number,
                         gboolean      *ret_bookmarked,
                         char         **ret_comment)
{
  Note *note;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);

  g_mutex_lock (&self->mutex);
  note = g_hash_table_lookup (self->notes, &number);
  if (note != NULL && ret_bookmarked != NULL)
    *ret_bookmarked = note->bookmarked;
  if (note != NULL && ret_comment != NULL)
    *ret_comment = g_strdup (note->comment);
  g_mutex_unlock (&self->mutex);
  return note != NULL;
}

/* A file that nobody writes any more. */
static gboolean
change_file (DuplexCapture *self,
             guint64        number,
             gboolean       bookmarked,
             const char    *comment,
             GError       **error)
{
  g_autoptr (DuplexCaptureFile) file = NULL;

  g_mutex_lock (&self->file_mutex);
  /* What is open for reading takes a file for one that does not change. */
  g_clear_pointer (&self->file, duplex_capture_file_free);
  file = duplex_capture_file_open_to_change (self->path, error);
  if (file != NULL && (!duplex_capture_file_begin (file, error) ||
                       !duplex_capture_file_put_note (file, number, bookmarked, comment, error) ||
                       !duplex_capture_file_commit (file, error)))
    {
      duplex_capture_file_rollback (file);
      g_clear_pointer (&file, duplex_capture_file_free);
    }
  g_mutex_unlock (&self->file_mutex);
  return file != NULL;
}

gboolean
duplex_capture_set_note (DuplexCapture *self,
                         guint64        number,
                         gboolean       bookmarked,
                         const char    *comment,
                         GError       **error)
{
  gboolean is_written = FALSE;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);

  g_mutex_lock (&self->mutex);
  if (self->writer != NULL && self->recording != DUPLEX_RECORDING_ENDED)
    {
      duplex_capture_writer_put_note (self->writer, number, bookmarked, comment);
      is_written = TRUE;
    }
  g_mutex_unlock (&self->mutex);
  if (!is_written && self->path != NULL &&
      !change_file (self, number, bookmarked, comment, error))
    return FALSE;

  g_mutex_lock (&self->mutex);
  if (bookmarked || (comment != NULL && *comment != '\0'))
    keep_note (number, bookmarked, comment, self);
  else
    g_hash_table_remove (self->notes, &number);
  g_mutex_unlock (&self->mutex);
  g_signal_emit_by_name (self, "note-changed", number);
  return TRUE;
}
