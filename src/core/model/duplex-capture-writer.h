/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The thread that writes a capture's file: jobs in, in order, many a transaction. It takes what it
 * is given; how much waits is told through a callback, so that the wire can be slowed down. While
 * the file takes nothing (a full disk) it tries again every second, keeps as much as usually waits,
 * and counts what it has to give up. Private to core/model. */

#include "core/model/duplex-capture-block.h"
#include "core/model/duplex-capture-file.h"

G_BEGIN_DECLS

typedef struct _DuplexCaptureWriter DuplexCaptureWriter;

/* Called on the writer's thread without its lock. */
typedef struct
{
  /* What the last block holds since it was last given is to be given now. */
  void (*flush) (gpointer user_data);
  /* The block with that id is in the file with its first n_events. */
  void (*written) (const DuplexCaptureBlockInfo *info, gpointer user_data);
  /* It was given up. */
  void (*lost) (const DuplexCaptureBlockInfo *info, gpointer user_data);
  /* trouble is NULL while all is well, and in plain words what is wrong else. */
  void (*trouble) (const char *trouble, gpointer user_data);
  /* Half of what was too much is done. */
  void (*room) (gpointer user_data);
} DuplexCaptureWriterCallbacks;

/* Takes file; NULL where none could be made yet: then path is tried again. callbacks is borrowed
 * for life. */
DuplexCaptureWriter *duplex_capture_writer_new (const char                         *path,
                                                DuplexCaptureFile                  *file,
                                                const DuplexCaptureWriterCallbacks *callbacks,
                                                gpointer                            user_data);

/* Writes all that waits and ends the file; blocks. FALSE where something is not in the file, or the
 * file could not be ended. Nothing but questions and free may come after. */
gboolean duplex_capture_writer_stop (DuplexCaptureWriter *self,
                                     GError             **error);
/* After stop. */
void duplex_capture_writer_free (DuplexCaptureWriter *self);

/* Too much waits: nothing should be added until room. Never while the file takes nothing. */
gboolean duplex_capture_writer_is_full (DuplexCaptureWriter *self);

/* Events that are not in the file and will not be; and those whose payload is not whole there. */
guint64 duplex_capture_writer_get_n_lost (DuplexCaptureWriter *self);

/* flush is due within the time that a crash may lose. */
void duplex_capture_writer_want_flush (DuplexCaptureWriter *self);

/* References block, of which the first info->size bytes are final. begun is the meta "begun" as it
 * is with this block, "" to remove it; NULL: there is none, and none was given since the block was
 * last given. Both are in the file, or none is. */
void duplex_capture_writer_put_block (DuplexCaptureWriter          *self,
                                      DuplexCaptureBlock           *block,
                                      const DuplexCaptureBlockInfo *info,
                                      const char                   *begun);

/* References data. */
void duplex_capture_writer_put_chunk (DuplexCaptureWriter *self,
                                      guint64              payload,
                                      guint                sequence,
                                      GBytes              *data);

/* Copies event, which is no frame. */
void duplex_capture_writer_put_fact (DuplexCaptureWriter *self,
                                     const DuplexEvent   *event);

/* Replaces what waits under that key. */
void duplex_capture_writer_put_meta (DuplexCaptureWriter *self,
                                     const char          *key,
                                     const char          *value);

void duplex_capture_writer_put_note (DuplexCaptureWriter *self,
                                     guint64              event,
                                     gboolean             bookmarked,
                                     const char          *comment);

/* A chunk that has not reached the file yet, or NULL. Any thread. */
GBytes *duplex_capture_writer_ref_chunk (DuplexCaptureWriter *self,
                                         guint64              payload,
                                         guint                sequence);

/* For tests: bytes that wait, and how many things they are. */
gsize duplex_capture_writer_get_waits (DuplexCaptureWriter *self,
                                       guint               *ret_n);

/* For tests: see duplex_capture_file_set_max_pages(). */
void duplex_capture_writer_set_max_pages (DuplexCaptureWriter *self,
                                          guint                max_pages);

G_END_DECLS
