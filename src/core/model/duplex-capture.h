/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Everything that was seen on the connections of one session, in order: events packed into blocks
 * of DUPLEX_LIMIT_CAPTURE_BLOCK bytes, with a small index entry a block. With a file, blocks go
 * there as they fill up and only a few stay in memory. It is also a lazy GListModel of DuplexRow,
 * one a message, control frame or visible state, made when asked for and forgotten when dropped.
 *
 * Threads: one thread at a time appends (the I/O thread); any thread may read. The list model and
 * its signals belong to the thread that made the capture: what was appended becomes visible there
 * in batches, at most 20 times a second, through the main context that was its thread default. */

#include <gio/gio.h>

#include "core/model/duplex-event.h"
#include "core/model/duplex-totals.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_CAPTURE (duplex_capture_get_type ())
G_DECLARE_FINAL_TYPE (DuplexCapture, duplex_capture, DUPLEX, CAPTURE, GObject)

/* Where the events go. */
typedef enum {
  DUPLEX_RECORDING_OFF,     /* memory only */
  DUPLEX_RECORDING_ON,      /* a file, at most 100 ms behind */
  DUPLEX_RECORDING_STALLED, /* the file takes nothing now, because the disk is full most likely; it
                               is tried again every second. Meanwhile as much as waits for the
                               writer is kept, and what is older is counted as not kept */
  DUPLEX_RECORDING_ENDED,   /* nothing can be appended any more; the file is whole when finish has
                               returned */
  DUPLEX_RECORDING_STORED,  /* opened from a file; nothing can be appended */
} DuplexRecording;

#define DUPLEX_TYPE_RECORDING (duplex_recording_get_type ())
GType duplex_recording_get_type (void);

/* What a file says of where it comes from. All may be NULL. */
typedef struct
{
  const char *profile_json;
  const char *profile_name;
  const char *profile_id;
  gboolean    record_secrets; /* else see duplex-redact.h; the live capture shows all */
  gboolean    keep_trying;    /* a file that cannot be made is no failure but STALLED */
  gboolean    temporary;      /* the file is removed when the recording ends */
} DuplexCaptureOrigin;

DuplexCapture *duplex_capture_new (void);

/* Properties, read only, which change on the owner's thread:
 *   "recording"  DuplexRecording
 * Signal: "published" after each batch that became visible (also when only totals or what the
 * recording says changed). */

/* Opens a capture's file to read it; blocks for the time of reading its index. Errors as
 * duplex_capture_file_open() has them. A file that is damaged or cut short opens as far as it is
 * whole: duplex_capture_dup_trouble() says what is missing. */
DuplexCapture *duplex_capture_open (const char *path,
                                    GError    **error);

/* The same without blocking. */
void           duplex_capture_open_async (const char         *path,
                                          GCancellable       *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer            user_data);
DuplexCapture *duplex_capture_open_finish (GAsyncResult *result,
                                           GError      **error);

/* Records to path, which must not exist, from the first event on: nothing has been appended yet.
 * From here on append may be slowed down by a writer that cannot follow: see
 * duplex_capture_set_bound(). origin is read during the call. */
gboolean duplex_capture_record (DuplexCapture             *self,
                                const char                *path,
                                const DuplexCaptureOrigin *origin,
                                GError                   **error);

/* Ends the recording: all that was appended is written, and one plain file is left. Blocks; may be
 * called on any thread. FALSE where not all could be written; the reason is given. Dropping the
 * last reference does the same and tells nobody. */
gboolean duplex_capture_finish (DuplexCapture *self,
                                GError       **error);

/* The same in a thread of its own, holding a reference. */
void     duplex_capture_finish_async (DuplexCapture      *self,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data);
gboolean duplex_capture_finish_finish (DuplexCapture *self,
                                       GAsyncResult  *result,
                                       GError       **error);

DuplexRecording duplex_capture_get_recording (DuplexCapture *self);

/* TRUE once anything has been appended. */
gboolean duplex_capture_is_begun (DuplexCapture *self);

/* Of the file, or NULL. */
const char *duplex_capture_get_path (DuplexCapture *self);

/* Events that are not in the file and never will be. */
guint64 duplex_capture_get_n_not_kept (DuplexCapture *self);

/* In words: why the recording stalls, or what is missing in the file; NULL where all is well. */
char *duplex_capture_dup_trouble (DuplexCapture *self);

/* Of a stored capture, the key of its file's table "meta" (see duplex-capture(5)); or NULL. */
char *duplex_capture_dup_meta (DuplexCapture *self,
                               const char    *key);

/* Copies event in and returns its number. A payload over a block's size is kept by reference where
 * event->owner holds it. number and hold of event are ignored. */
guint64 duplex_capture_append (DuplexCapture     *self,
                               const DuplexEvent *event);

/* The same of a state that is a row by itself, with text as its payload, NULL for none: completes
 * event. */
guint64 duplex_capture_append_state (DuplexCapture *self,
                                     DuplexEvent   *event,
                                     const char    *text);

/* A payload that comes in pieces and must not be in memory as a whole: begin gives its number, add
 * takes the pieces in order, and the event that is appended with that number as payload_id, its
 * payload NULL and its payload_size the sum, ends it. Several may be open at once. The appending
 * thread only. Payloads up to DUPLEX_LIMIT_CAPTURE_BLOCK are better given with their event.
 *
 * event is what is known of it so far, without findings: where the program is killed before the
 * event is appended, the file tells of it as one that was cut. May be NULL, and is for what a frame
 * inflates to (inflated_id), which is opened and ended like its payload: else the file would tell
 * of two frames. */
guint64 duplex_capture_begin_payload (DuplexCapture     *self,
                                      const DuplexEvent *event);
void    duplex_capture_add_payload (DuplexCapture *self,
                                    guint64        payload,
                                    const guint8  *data,
                                    gsize          size);

typedef enum {
  DUPLEX_PAYLOAD_WIRE,     /* as it crossed the wire, unmasked */
  DUPLEX_PAYLOAD_INFLATED, /* of a compressed frame: what it is worth */
} DuplexPayload;

/* Copies up to size bytes of an event's payload from offset on, wherever they are, and returns how
 * many: fewer where it ends, or where the file is damaged. event was read from this capture. Any
 * thread. */
gsize duplex_capture_read_payload (DuplexCapture     *self,
                                   const DuplexEvent *event,
                                   DuplexPayload      which,
                                   guint64            offset,
                                   guint8            *buffer,
                                   gsize              size);

/* The same as bytes, which are not copied where they stand in a block. */
GBytes *duplex_capture_dup_payload (DuplexCapture     *self,
                                    const DuplexEvent *event,
                                    DuplexPayload      which,
                                    guint64            offset,
                                    gsize              size);

/* Returns FALSE to stop. event borrows from the capture for the time of the call and is not
 * cleared. */
typedef gboolean (*DuplexCaptureWalkFunc) (const DuplexEvent *event,
                                           gpointer           user_data);

/* Calls func for the events from number first to last that are (still) there, in order. A scan
 * within blocks, many times faster than duplex_capture_read() for each. Any thread; func may call
 * the capture. */
void duplex_capture_walk (DuplexCapture        *self,
                          guint64               first,
                          guint64               last,
                          DuplexCaptureWalkFunc func,
                          gpointer              user_data);

/* A number for the next connection that will append. */
guint32 duplex_capture_begin_connection (DuplexCapture *self);

/* Fills ret_event, which must be empty, with event number; its payload stays valid until
 * duplex_event_clear(). FALSE where there is no such event (any more). */
gboolean duplex_capture_read (DuplexCapture *self,
                              guint64        number,
                              DuplexEvent   *ret_event);

/* Number of the event that ends row (from 0). FALSE past the end. */
gboolean duplex_capture_find_row (DuplexCapture *self,
                                  guint64        row,
                                  guint64       *ret_number);

/* Number of the first event with a finding that is (still) there, at or after number. */
gboolean duplex_capture_find_finding (DuplexCapture *self,
                                      guint64        number,
                                      guint64       *ret_number);

/* The row that event number belongs to: the first row that ends at or after it. FALSE where that
 * has not come yet. */
gboolean duplex_capture_find_row_of (DuplexCapture *self,
                                     guint64        number,
                                     guint64       *ret_row);

/* The first row whose end has a time at or after time_us; the number of rows where all are
 * earlier. */
guint64 duplex_capture_find_time (DuplexCapture *self,
                                  gint64         time_us);

/* What the user said about an event. ret_comment, may be NULL, is to be freed. FALSE where nothing
 * was said. Any thread. */
gboolean duplex_capture_get_note (DuplexCapture *self,
                                  guint64        number,
                                  gboolean      *ret_bookmarked,
                                  char         **ret_comment);

/* Neither bookmarked nor a comment (NULL or empty) removes it. Fails where the file of a stored
 * capture cannot be changed. Owner's thread only; "note-changed" (guint64 number) follows. */
gboolean duplex_capture_set_note (DuplexCapture *self,
                                  guint64        number,
                                  gboolean       bookmarked,
                                  const char    *comment,
                                  GError       **error);

void duplex_capture_get_totals (DuplexCapture *self,
                                DuplexTotals  *ret_totals);

/* What a relay recorded has two connections for each of its clients: the client's, on which the
 * relay is the server, and with the next number the backend's, where one was dialled. */
typedef enum {
  DUPLEX_CAPTURE_LEG_NONE, /* no relay recorded it */
  DUPLEX_CAPTURE_LEG_CLIENT,
  DUPLEX_CAPTURE_LEG_BACKEND,
} DuplexCaptureLeg;

/* ret_pair, may be NULL, is set to what both legs of a pair have in common: the number of the
 * client's connection; 0 for NONE. Any thread. */
DuplexCaptureLeg duplex_capture_get_leg (DuplexCapture *self,
                                         guint32        connection,
                                         guint32       *ret_pair);

/* Whether a relay recorded it, as far as the first connection tells. */
gboolean duplex_capture_has_legs (DuplexCapture *self);

/* Number of the CONNECTING event of the connection that event number belongs to, so that a page can
 * show the handshake that belongs to a row; of the last one before it where that is not known.
 * FALSE where there is none. */
gboolean duplex_capture_find_connecting (DuplexCapture *self,
                                         guint64        number,
                                         guint64       *ret_number);

/* Makes everything that was appended visible in the list model now. Owner's thread only. */
void duplex_capture_publish (DuplexCapture *self);

/* Forgets events before number, a block at a time, for a reader that goes through them once. Totals
 * and the numbers of events and rows stay; the list model has no item for a row that is forgotten.
 * Any thread. */
void duplex_capture_drop_before (DuplexCapture *self,
                                 guint64        number);

/* For a reader or a writer that is slower than the wire: func is called with TRUE when what is held
 * passes bytes, or when too much waits for the file; and with FALSE when half of both is free
 * again. It runs within append and drop_before and on the writer's thread, and must not call the
 * capture. NULL ends it; func is not called any more then. */
typedef void (*DuplexCaptureFullFunc) (gboolean is_full, gpointer user_data);

void duplex_capture_set_bound (DuplexCapture        *self,
                               guint64               bytes,
                               DuplexCaptureFullFunc func,
                               gpointer              user_data);

/* Forgets all events and totals. Numbers go on from where they were, rows start at 0; an event that
 * was read before stays valid until it is cleared. A file that is recorded keeps what was
 * forgotten. Not for a stored capture. Owner's thread only. */
void duplex_capture_clear (DuplexCapture *self);

G_END_DECLS
