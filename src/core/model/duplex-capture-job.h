/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One thing that waits for a capture's writer. Private to core/model. */

#include "core/model/duplex-capture-block.h"
#include "core/model/duplex-capture-file.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_JOB_BLOCK,
  DUPLEX_JOB_LOST, /* a block of which only the entry is written */
  DUPLEX_JOB_CHUNK,
  DUPLEX_JOB_FACT,
  DUPLEX_JOB_META,
  DUPLEX_JOB_NOTE,
} DuplexJobKind;

typedef struct
{
  DuplexJobKind          kind;
  gsize                  size;  /* bytes that wait with it */
  gint64                 since; /* monotonic: when it came */
  DuplexCaptureBlockInfo info;
  DuplexCaptureBlock    *block;
  guint64                number; /* payload of a chunk, event of a note */
  guint                  sequence;
  GBytes                *data;  /* of a chunk; payload of a fact */
  DuplexEvent            event; /* of a fact, borrows from data */
  char                  *key;
  char                  *value;    /* of a block: see duplex_capture_writer_put_block() */
  gboolean               flag;     /* of a note: bookmarked */
  gboolean               is_taken; /* it is being written */
  gboolean               is_old;   /* and the same waits again, as it is by now */
} DuplexCaptureJob;

/* See duplex-capture-writer.h for the arguments. */
DuplexCaptureJob *duplex_capture_job_new_block (DuplexCaptureBlock           *block,
                                                const DuplexCaptureBlockInfo *info,
                                                const char                   *begun);
DuplexCaptureJob *duplex_capture_job_new_chunk (guint64 payload,
                                                guint   sequence,
                                                GBytes *data);
DuplexCaptureJob *duplex_capture_job_new_fact (const DuplexEvent *event);
DuplexCaptureJob *duplex_capture_job_new_meta (const char *key,
                                               const char *value);
DuplexCaptureJob *duplex_capture_job_new_note (guint64     event,
                                               gboolean    bookmarked,
                                               const char *comment);
void              duplex_capture_job_free (gpointer data);

/* As the file numbers chunks. */
guint64 duplex_capture_job_get_chunk_id (guint64 payload,
                                         guint   sequence);

/* Within a transaction of file. */
gboolean duplex_capture_job_write (const DuplexCaptureJob *self,
                                   DuplexCaptureFile      *file,
                                   GError                **error);

G_END_DECLS
