/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of DuplexCapture share. Private to core/model.
 *
 *   duplex-capture.c           the object, its list model, and when it changes
 *   duplex-capture-append.c    events in
 *   duplex-capture-read.c      events out, from memory or from the file
 *   duplex-capture-find.c      which event or row is it
 *   duplex-capture-payload.c   payloads that stand apart
 *   duplex-capture-begun.c     frames that the file tells of before they are complete
 *   duplex-capture-record.c    the recording to a file: begin, state, end; and a stored one
 *   duplex-capture-note.c      what the user said about events
 *   duplex-capture-writer.c    the thread that writes; duplex-capture-job.c: what
 *
 * Locks, in the order in which they may be taken: the file's, the capture's, the writer's. */

#include "core/model/duplex-capture-file.h"
#include "core/model/duplex-capture-index.h"
#include "core/model/duplex-capture-writer.h"
#include "core/model/duplex-capture.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* Blocks that are in the file and stay in memory too, the last used: what is on screen and around
 * it. */
#define DUPLEX_CAPTURE_CACHED 16

struct _DuplexCapture
{
  GObject parent_instance;

  /* owned */
  GMainContext *context; /* of the thread that made us */
  GHashTable   *rows;    /* position -> DuplexRow that lives, unowned; owner's thread */

  /* owner's thread */
  guint           n_visible; /* rows in the list model */
  DuplexRecording told;      /* the recording as the property says */

  /* set once, by record or open */
  char                *path;
  DuplexCaptureWriter *writer; /* or NULL */
  gboolean             record_secrets;
  gboolean             temporary;

  GMutex             file_mutex;
  DuplexCaptureFile *file; /* to read from; opened when it is needed */

  GMutex mutex; /* guards all below */

  DuplexCaptureIndex index;
  GArray            *connecting; /* of DuplexCaptureConnecting */
  DuplexTotals       totals;
  DuplexTotals       cleared;      /* what totals had when they were cleared: the file keeps it */
  guint64            first_number; /* below it all was cleared */
  guint64            next_number;
  guint64            next_block; /* id in the file of the next block */
  guint32            n_connections;

  guint64 cached[DUPLEX_CAPTURE_CACHED]; /* first events of entries, the last used first */
  guint   n_cached;

  guint64     next_payload;
  GHashTable *payloads;  /* of guint64, those that are open: see duplex-capture-payload.c */
  GQueue     *originals; /* of what was recorded without its secrets, the newest first */
  GHashTable *notes;     /* of guint64: see duplex-capture-note.c */

  DuplexRecording recording;
  char           *trouble;       /* see duplex_capture_dup_trouble() */
  gboolean        wants_flush;   /* the writer was told so */
  gboolean        begun_changed; /* see duplex-capture-begun.h */
  guint64         n_not_kept;

  guint64               held; /* bytes of the events that are there, about */
  guint64               bound;
  gboolean              writer_full;
  DuplexCaptureFullFunc full_func; /* or NULL */
  gpointer              full_data;
  gboolean              is_full; /* as func was told last */

  GSource *publish_source; /* attached, will publish; or NULL */
  gint64   published_at;   /* monotonic, of the end of the last batch */
  gboolean is_dirty;       /* something was appended since */
  gboolean is_disposed;    /* the writer still reports, but nobody is told any more */
};

/* A row is about to go: the list makes a new one when it is asked again. */
void duplex_capture_forget_row (DuplexCapture *self,
                                DuplexRow     *row);

/* ---- with the mutex held ---- */

/* Something is to become visible. */
void duplex_capture_schedule_publish (DuplexCapture *self);

/* Tells full_func, where there is news for it. */
void duplex_capture_check_bound (DuplexCapture *self);

/* The writer is to ask soon for what it does not have yet. */
void duplex_capture_want_flush (DuplexCapture *self);

/* Gives the writer what it does not have yet of the last block, and of payloads that are open. */
void duplex_capture_queue_last (DuplexCapture *self);
void duplex_capture_queue_open_chunks (DuplexCapture *self);

/* The block of entry is in the file, or was used: it may leave memory when others were used
 * later. */
void duplex_capture_cache (DuplexCapture      *self,
                           DuplexCaptureEntry *entry);

/* The same, where all of it has been written. */
void duplex_capture_cache_written (DuplexCapture      *self,
                                   DuplexCaptureEntry *entry);

/* The bytes of an open payload, which ends. Without a file. */
GBytes *duplex_capture_take_payload (DuplexCapture *self,
                                     guint64        payload);

/* Gives the writer what of event stands apart, or is too big for a block, and changes event so that
 * it says so. */
void duplex_capture_store_payloads (DuplexCapture *self,
                                    DuplexEvent   *event);

/* ---- without ---- */

/* A block with event number and its place in there: ret_index of ret_n events that may be read.
 * NULL where there is no such event. With for_scan it does not displace what is cached. */
DuplexCaptureBlock *duplex_capture_ref_block (DuplexCapture *self,
                                              guint64        number,
                                              gboolean       for_scan,
                                              guint         *ret_index,
                                              guint         *ret_n);

/* Fills ret_event from the block; it borrows from there, but for hold_bytes. */
void duplex_capture_get_event (DuplexCapture      *self,
                               DuplexCaptureBlock *block,
                               guint               index,
                               guint64             number,
                               DuplexEvent        *ret_event);

/* Bytes of event without a copy where its owner has them. */
GBytes *duplex_capture_hold_bytes (const DuplexEvent *event,
                                   const guint8      *data,
                                   gsize              data_size);

/* With the file's mutex held: the file to read from, or NULL with what is wrong. */
DuplexCaptureFile *duplex_capture_need_file (DuplexCapture *self,
                                             GError       **error);

/* Of event number, of whose payload some bytes were replaced in the recording: its findings, and
 * behind them its payload, as they were; or NULL. */
GBytes *duplex_capture_ref_original (DuplexCapture *self,
                                     guint64        number);

void duplex_capture_original_free (gpointer data);

GHashTable *duplex_capture_payloads_new (void);
GHashTable *duplex_capture_notes_new (void);

/* Reads the notes of a stored capture. */
void duplex_capture_load_notes (DuplexCapture     *self,
                                DuplexCaptureFile *file);

/* For tests: see duplex_capture_file_set_max_pages(). */
void duplex_capture_set_max_pages (DuplexCapture *self,
                                   guint          max_pages);

/* Ends the writer, if there is one. */
gboolean duplex_capture_stop_writer (DuplexCapture *self,
                                     GError       **error);

G_END_DECLS
