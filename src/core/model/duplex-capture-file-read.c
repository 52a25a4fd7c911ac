/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file-private.h"

#include <string.h>
#include <zlib.h>

/* Rows of one transaction: what a writer waits for before it can reuse its -wal. */
#define BATCH 256

/* Where a walk over the blocks stands. */
typedef struct
{
  DuplexCaptureBlockInfo previous;
  gboolean               has_previous;
  gboolean               check_data;
  gboolean               is_broken; /* what comes next does not continue what was there */
  gboolean               is_stopped;
} Walk;

static gboolean
has_grown (const DuplexTotals *before,
           const DuplexTotals *after)
{
  const guint64 *a = (const guint64 *)before;
  const guint64 *b = (const guint64 *)after;

  for (guint i = 0; i < sizeof *before / sizeof *a; i++)
    if (b[i] < a[i])
      return FALSE;

  return TRUE;
}

/* Numbers come from signed columns, so that two of them can be added. */
static gboolean
continues (const Walk                   *walk,
           const DuplexCaptureBlockInfo *info)
{
  const DuplexCaptureBlockInfo *previous = &walk->previous;

  if (info->n_events == 0 || info->n_rows > info->n_events ||
      info->first_event > G_MAXINT64 - info->n_events ||
      info->first_row > G_MAXINT64 - info->n_rows)
    return FALSE;
  if (!walk->has_previous)
    return info->first_event == 0 && info->first_row == 0;

  return info->id > previous->id &&
         info->first_event == previous->first_event + previous->n_events &&
         info->first_row == previous->first_row + previous->n_rows &&
         has_grown (&previous->totals, &info->totals);
}

static gboolean
has_data (DuplexCaptureFile            *self,
          const DuplexCaptureBlockInfo *info)
{
  g_autofree guint8 *data = NULL;
  gsize              size;

  if (info->size == 0)
    return TRUE;
  data = duplex_capture_file_read_block (self, info->id, &size, NULL);

  return data != NULL;
}

/* The next rows from id on, up to BATCH of them. Sets is_broken where the table cannot be read any
 * further or a row is none of ours; those before it are returned. */
static guint
read_batch (DuplexCaptureFile      *self,
            guint64                 id,
            DuplexCaptureBlockInfo *infos,
            gboolean               *ret_broken)
{
  sqlite3_stmt *get = duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_BLOCKS);
  guint         n = 0;
  int           code = SQLITE_ERROR;

  *ret_broken = TRUE;
  if (get == NULL)
    return 0;

  sqlite3_bind_int64 (get, 1, id);
  sqlite3_bind_int (get, 2, BATCH);
  while (n < BATCH && (code = sqlite3_step (get)) == SQLITE_ROW &&
         duplex_capture_file_get_info (get, &infos[n]))
    n++;
  *ret_broken = n < BATCH && code != SQLITE_DONE;
  duplex_capture_file_reset (get);

  return n;
}

static void
pass_batch (DuplexCaptureFile            *self,
            Walk                         *walk,
            const DuplexCaptureBlockInfo *infos,
            guint                         n,
            DuplexCaptureFileBlockFunc    func,
            gpointer                      user_data)
{
  for (guint i = 0; i < n && !walk->is_stopped; i++)
    {
      if (!continues (walk, &infos[i]) || (walk->check_data && !has_data (self, &infos[i])))
        {
          walk->is_broken = TRUE;
          return;
        }
      walk->previous = infos[i];
      walk->has_previous = TRUE;
      walk->is_stopped = !func (&infos[i], user_data);
    }
}

/* The last block before id, which what comes must continue. */
static void
begin_walk (DuplexCaptureFile *self,
            Walk              *walk,
            guint64            id)
{
  sqlite3_stmt *get;

  if (id <= 1)
    return;

  get = duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_BLOCK_BEFORE);
  if (get == NULL)
    return;

  sqlite3_bind_int64 (get, 1, id);
  walk->has_previous =
    sqlite3_step (get) == SQLITE_ROW && duplex_capture_file_get_info (get, &walk->previous);
  duplex_capture_file_reset (get);
}

/* n_expected: events that the file says it has, read before the walk, as they may become more. */
static char *
describe_missing (DuplexCaptureFile *self,
                  const Walk        *walk,
                  guint64            n_expected)
{
  guint64     n = walk->has_previous ? walk->previous.first_event + walk->previous.n_events : 0;
  const char *why = self->is_damaged ? "the file is cut short or damaged" : "the file is damaged";

  if (self->is_alone && !duplex_capture_file_has_meta (self, "ended") &&
      !duplex_capture_file_has_meta (self, "settled"))
    why = "the recording was broken off, and no -wal file is beside it";
  else if (!self->is_damaged && !walk->is_broken && n >= n_expected)
    return NULL;

  if (n < n_expected)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " events are missing at "
                            "the end: %s",
                            n_expected - n, n_expected, why);
  if (walk->is_broken)
    return g_strdup_printf ("All after the first %" G_GUINT64_FORMAT " events is missing: %s", n,
                            why);
  if (self->is_damaged)
    return g_strdup_printf ("The events are there, but not all of what belongs to them: %s", why);

  return g_strdup_printf ("The end may be missing: %s", why);
}

void
duplex_capture_file_walk (DuplexCaptureFile         *self,
                          guint64                    id,
                          gboolean                   check_data,
                          DuplexCaptureFileBlockFunc func,
                          gpointer                   user_data,
                          char                     **ret_missing)
{
  g_autofree DuplexCaptureBlockInfo *infos = g_new (DuplexCaptureBlockInfo, BATCH);
  guint64                            n_expected = duplex_capture_file_get_count (self, "events");
  Walk                               walk = { .check_data = check_data };
  gboolean                           is_broken;
  guint                              n;

  begin_walk (self, &walk, id);
  do
    {
      n = read_batch (self, id, infos, &is_broken);
      pass_batch (self, &walk, infos, n, func, user_data);
      if (!walk.is_stopped)
        walk.is_broken |= is_broken;
      id = walk.previous.id + 1;
  } while (n == BATCH && !walk.is_broken && !walk.is_stopped);

  if (ret_missing != NULL)
    *ret_missing = walk.is_stopped ? NULL : describe_missing (self, &walk, n_expected);
}

void
duplex_capture_file_walk_blocks (DuplexCaptureFile         *self,
                                 guint64                    id,
                                 DuplexCaptureFileBlockFunc func,
                                 gpointer                   user_data,
                                 char                     **ret_missing)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (id < G_MAXINT64);
  g_return_if_fail (func != NULL);

  /* A whole file's bytes are looked at when they are read: there may be gigabytes of them. */
  duplex_capture_file_walk (self, id, self->is_damaged, func, user_data, ret_missing);
}

static gboolean
get_checksum (DuplexCaptureFile *self,
              guint64            id,
              gsize             *ret_size,
              guint32           *ret_checksum)
{
  sqlite3_stmt          *get = duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_BLOCK);
  DuplexCaptureBlockInfo info = { 0 };
  gboolean               is_good;

  if (get == NULL)
    return FALSE;

  sqlite3_bind_int64 (get, 1, id);
  is_good = sqlite3_step (get) == SQLITE_ROW && duplex_capture_file_get_info (get, &info);
  *ret_size = info.size;
  *ret_checksum = sqlite3_column_int64 (get, DUPLEX_CAPTURE_FILE_N_INFO);
  duplex_capture_file_reset (get);

  return is_good && info.size > 0;
}

/* Bytes that SQLite does not find the way to: only of a file to which nothing can come any more. */
static guint8 *
salvage (DuplexCaptureFile *self,
         guint64            id,
         gsize              min_size,
         gsize              max_size,
         const guint32     *checksum,
         gsize             *ret_size)
{
  sqlite3_file *file = NULL;

  if (!self->is_alone)
    return NULL;

  if (self->salvage == NULL)
    {
      sqlite3_file_control (self->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
      self->salvage = duplex_capture_file_salvage_new (file, self->page_size, self->reserved);
    }

  return duplex_capture_file_salvage_read (self->salvage, id, min_size, max_size, checksum,
                                           ret_size);
}

static guint8 *
get_data (DuplexCaptureFile *self,
          guint64            id,
          gsize              size,
          guint32            checksum)
{
  sqlite3_stmt *get = duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_DATA);
  const guint8 *bytes;
  guint8       *data = NULL;

  if (get == NULL)
    return NULL;

  sqlite3_bind_int64 (get, 1, id);
  if (sqlite3_step (get) == SQLITE_ROW && sqlite3_column_type (get, 0) == SQLITE_BLOB &&
      (gsize)sqlite3_column_bytes (get, 0) == size)
    {
      bytes = sqlite3_column_blob (get, 0);
      if (bytes != NULL && crc32_z (0, bytes, size) == checksum)
        data = g_memdup2 (bytes, size);
    }
  duplex_capture_file_reset (get);

  return data != NULL ? data : salvage (self, id, size, size, &checksum, &size);
}

guint8 *
duplex_capture_file_read_block (DuplexCaptureFile *self,
                                guint64            id,
                                gsize             *ret_size,
                                GError           **error)
{
  guint32 checksum;
  gsize   size;
  guint8 *data;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (ret_size != NULL, NULL);

  data = get_checksum (self, id, &size, &checksum) ? get_data (self, id, size, checksum) : NULL;
  if (data == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "Block %" G_GUINT64_FORMAT " is not there or damaged", id);
      return NULL;
    }
  *ret_size = size;

  return data;
}

/* As read_chunk(), where SQLite fails. */
static gsize
salvage_chunk (DuplexCaptureFile *self,
               guint64            id,
               gsize              offset,
               guint8            *buffer,
               gsize              size)
{
  gsize              there = 0;
  g_autofree guint8 *data = salvage (self, id, 1, DUPLEX_CAPTURE_FILE_CHUNK, NULL, &there);

  if (data == NULL || there <= offset)
    return 0;

  size = MIN (size, there - offset);
  memcpy (buffer, data + offset, size);

  return size;
}

/* Up to size bytes of a chunk from offset on; fewer where it ends or is damaged. */
static gsize
read_chunk (DuplexCaptureFile *self,
            guint64            id,
            gsize              offset,
            guint8            *buffer,
            gsize              size)
{
  sqlite3_blob *blob = NULL;
  gsize         there;
  gboolean      is_read;

  duplex_capture_file_renew (self);
  if (sqlite3_blob_open (self->db, "main", "chunk", "data", id, /* flags= */ 0, &blob) != SQLITE_OK)
    return salvage_chunk (self, id, offset, buffer, size);

  there = sqlite3_blob_bytes (blob);
  there = there <= DUPLEX_CAPTURE_FILE_CHUNK && there > offset ? there - offset : 0;
  there = MIN (size, there);
  is_read = there == 0 || sqlite3_blob_read (blob, buffer, there, offset) == SQLITE_OK;
  sqlite3_blob_close (blob);

  return is_read ? there : salvage_chunk (self, id, offset, buffer, size);
}

gsize
duplex_capture_file_read_payload (DuplexCaptureFile *self,
                                  guint64            payload,
                                  guint64            offset,
                                  guint8            *buffer,
                                  gsize              size)
{
  gsize done = 0;

  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (buffer != NULL || size == 0, 0);

  /* The number comes from a file and may be anything. */
  if (payload == 0 || payload > DUPLEX_CAPTURE_FILE_MAX_PAYLOAD)
    return 0;

  while (done < size)
    {
      guint64 sequence = offset / DUPLEX_CAPTURE_FILE_CHUNK;
      gsize   within = offset % DUPLEX_CAPTURE_FILE_CHUNK;
      gsize   wanted = MIN (size - done, DUPLEX_CAPTURE_FILE_CHUNK - within);
      gsize   got;

      if (sequence > DUPLEX_CAPTURE_FILE_MAX_SEQUENCE)
        break;
      got = read_chunk (self, payload << DUPLEX_CAPTURE_FILE_SEQUENCE_BITS | sequence, within,
                        buffer + done, wanted);
      done += got;
      offset += got;
      if (got < wanted)
        break;
    }

  return done;
}

GArray *
duplex_capture_file_dup_connecting (DuplexCaptureFile *self)
{
  GArray       *events = g_array_new (FALSE, FALSE, sizeof (DuplexCaptureConnecting));
  sqlite3_stmt *get;
  gint64        last_id = -1;
  gint64        last_event = -1;

  g_return_val_if_fail (self != NULL, events);

  get = duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_CONNECTING);
  while (get != NULL && sqlite3_step (get) == SQLITE_ROW)
    {
      gint64                  id = sqlite3_column_int64 (get, 0);
      gint64                  event = sqlite3_column_int64 (get, 1);
      DuplexCaptureConnecting connecting = { (guint64)event, (guint32)id, 0 };

      /* Only a damaged table goes back, and it may do so for ever. */
      if (id <= last_id || event <= last_event)
        break;
      g_array_append_val (events, connecting);
      last_id = id;
      last_event = event;
      duplex_capture_file_renew (self);
    }
  if (get != NULL)
    duplex_capture_file_reset (get);

  return events;
}

typedef struct
{
  guint64  event;
  gboolean bookmarked;
  char    *comment;
} Note;

static void
clear_note (gpointer data)
{
  Note *note = data;

  g_free (note->comment);
}

/* The notes from event on, up to BATCH of them. */
static GArray *
read_notes (DuplexCaptureFile *self,
            guint64            event)
{
  sqlite3_stmt *get = duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_NOTES);
  GArray       *notes = g_array_new (FALSE, FALSE, sizeof (Note));

  g_array_set_clear_func (notes, clear_note);
  if (get == NULL)
    return notes;

  sqlite3_bind_int64 (get, 1, event);
  sqlite3_bind_int (get, 2, BATCH);
  while (sqlite3_step (get) == SQLITE_ROW)
    {
      const char *comment = (const char *)sqlite3_column_text (get, 2);
      Note        note = { .event = sqlite3_column_int64 (get, 0),
                           .bookmarked = sqlite3_column_int (get, 1) != 0,
                           .comment = comment != NULL ? g_utf8_make_valid (comment, -1) : NULL };

      g_array_append_val (notes, note);
    }
  duplex_capture_file_reset (get);

  return notes;
}

void
duplex_capture_file_walk_notes (DuplexCaptureFile        *self,
                                DuplexCaptureFileNoteFunc func,
                                gpointer                  user_data)
{
  guint64 next = 0;
  guint   n;

  g_return_if_fail (self != NULL);
  g_return_if_fail (func != NULL);

  do
    {
      g_autoptr (GArray) notes = read_notes (self, next);

      n = notes->len;
      for (guint i = 0; i < n; i++)
        {
          const Note *note = &g_array_index (notes, Note, i);

          if (note->event < next || note->event >= G_MAXINT64)
            return;
          func (note->event, note->bookmarked, note->comment, user_data);
          next = note->event + 1;
        }
  } while (n == BATCH);
}
