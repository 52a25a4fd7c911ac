/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Everything that was seen on the connections of one session, in order: events packed into blocks
 * of DUPLEX_LIMIT_CAPTURE_BLOCK bytes, with a small index entry a block. It is also a lazy
 * GListModel of DuplexRow, one a message, control frame or visible state, made when asked for and
 * forgotten when dropped.
 *
 * Threads: one thread at a time appends (the I/O thread); any thread may read. The list model and
 * its signals belong to the thread that made the capture: what was appended becomes visible there
 * in batches, at most 20 times a second, through the main context that was its thread default. */

#include <gio/gio.h>

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_CAPTURE (duplex_capture_get_type ())
G_DECLARE_FINAL_TYPE (DuplexCapture, duplex_capture, DUPLEX, CAPTURE, GObject)

/* Sums over all connections since the last clear, as they stood at one moment. Index: 0 sent, 1
 * received. A frame with FLAG_CUT finishes no message. */
typedef struct
{
  guint64 messages[2];   /* data messages that were finished */
  guint64 bytes[2];      /* their payload */
  guint64 frames[2];     /* all frames */
  guint64 wire_bytes[2]; /* headers and payload of all frames */
  guint64 findings;
  guint64 events;
  guint64 rows;
} DuplexTotals;

DuplexCapture *duplex_capture_new (void);

/* Copies event in and returns its number. A payload over a block's size is kept by reference where
 * event->owner holds it. number and hold of event are ignored. */
guint64 duplex_capture_append (DuplexCapture     *self,
                               const DuplexEvent *event);

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

/* Number of the first event with a finding that is (still) there. */
gboolean duplex_capture_find_finding (DuplexCapture *self,
                                      guint64       *ret_number);

void duplex_capture_get_totals (DuplexCapture *self,
                                DuplexTotals  *ret_totals);

/* Numbers of the last CONNECTING event at or before number, so that a page can show the handshake
 * that belongs to a row. FALSE where there is none. */
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

/* For such a reader that is slower than the wire: func is called with TRUE when what is held passes
 * bytes, and with FALSE when half of that is free again. It runs within append and drop_before, on
 * their threads, and must not call the capture. NULL ends it; func is not called any more then. */
typedef void (*DuplexCaptureFullFunc) (gboolean is_full, gpointer user_data);

void duplex_capture_set_bound (DuplexCapture        *self,
                               guint64               bytes,
                               DuplexCaptureFullFunc func,
                               gpointer              user_data);

/* Forgets all events and totals. Numbers go on from where they were, rows start at 0; an event that
 * was read before stays valid until it is cleared. Owner's thread only. */
void duplex_capture_clear (DuplexCapture *self);

/* Signals: "published" after each batch that became visible (also when only totals changed). */

G_END_DECLS
