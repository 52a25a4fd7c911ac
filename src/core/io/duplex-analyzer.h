/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Reads one direction of a connection: bytes in, frames out. It decodes, inflates, judges and
 * records, and reports to the connection what that must act on. A frame that lies whole in the
 * bytes that were fed is recorded from there; only one that spans two reads is gathered. */

#include "core/model/duplex-capture.h"
#include "core/proto/duplex-deflate-params.h"
#include "core/proto/duplex-message.h"

G_BEGIN_DECLS

typedef struct
{
  const DuplexFrameHeader  *header;
  const guint8             *header_bytes;
  gsize                     header_size;
  const DuplexMessagePlace *place;
  const guint8             *payload; /* unmasked, borrowed for the call; NULL with payload_id */
  gsize                     payload_size;
  guint64                   payload_id; /* not 0: it went to the capture in pieces */
  GBytes                   *owner;      /* holds payload, or NULL */
  const guint8             *inflated;   /* of a compressed message, what payload is worth; borrowed
                                           for the call; NULL with inflated_id */
  gsize   inflated_size;
  guint64 inflated_id;
  GArray *findings; /* of DuplexFinding; note may append */
  gint64  value;    /* recorded with the event, -1 unless note sets it */
} DuplexSeenFrame;

typedef struct
{
  /* All but act may be NULL. */
  /* A finding of severity error, at once, maybe before its frame is complete. */
  void (*violation) (DuplexFindingId id, gpointer user_data);
  /* Wire bytes of a frame, in order: its header with header_bytes, then payload slices. */
  void (*wire) (const DuplexMessagePlace *place, const guint8 *data, gsize len, gpointer user_data);
  /* A frame is complete: what is still to be noted about it, before it is recorded. */
  void (*note) (DuplexSeenFrame *frame, gpointer user_data);
  /* It has been recorded: what is to be done about it. */
  void (*act) (const DuplexSeenFrame *frame, gpointer user_data);
} DuplexAnalyzerCallbacks;

typedef struct _DuplexAnalyzer DuplexAnalyzer;

/* sender wrote the bytes. capture may be NULL: then nothing is recorded. callbacks is borrowed for
 * life. */
DuplexAnalyzer *duplex_analyzer_new (DuplexRole                     sender,
                                     DuplexDirection                direction,
                                     DuplexCapture                 *capture,
                                     guint32                        connection,
                                     guint64                        max_message,
                                     const DuplexAnalyzerCallbacks *callbacks,
                                     gpointer                       user_data);
void            duplex_analyzer_free (DuplexAnalyzer *self);

/* Received bytes, in any pieces. */
void duplex_analyzer_feed (DuplexAnalyzer *self,
                           const guint8   *data,
                           gsize           len);

/* Of a direction for which permessage-deflate was agreed on; after set_streams, before the first
 * byte. max_inflated and max_ratio are as of duplex-deflate.h. After data that cannot be inflated
 * nothing is any more: the context is lost. */
void duplex_analyzer_set_deflate (DuplexAnalyzer               *self,
                                  const DuplexDeflateDirection *deflate,
                                  guint64                       max_inflated,
                                  guint                         max_ratio);

/* g_get_real_time() of what is fed from now on, where that is not now. */
void duplex_analyzer_set_time (DuplexAnalyzer *self,
                               gint64          time_us);

/* So many bytes that followed what was fed are not to be had; what is fed next begins a frame. What
 * they cut off is recorded as cut, and the number in an event of its own, where recording goes on.
 * That is at a message's beginning, or with a control frame: fragments of a message whose beginning
 * is missing are missing too. None of this is a finding. */
void duplex_analyzer_miss (DuplexAnalyzer *self,
                           guint64         n_bytes);

/* Bytes that were fed, and are missing nevertheless. */
guint64 duplex_analyzer_get_n_dropped (DuplexAnalyzer *self);

/* DuplexEventFlags that frames get which have bytes of what is fed from now on. */
void duplex_analyzer_set_flags (DuplexAnalyzer *self,
                                guint           flags);

/* Nothing more will come: records a frame that was cut short and a message that will not be
 * finished. Within a callback too: then the rest of what was fed is ignored. */
void duplex_analyzer_finish (DuplexAnalyzer *self);

/* A large payload need not be at hand when its frame is complete: it goes to the capture in pieces,
 * as it comes. Without this it is gathered. */
void duplex_analyzer_set_streams (DuplexAnalyzer *self);

/* From now on every frame gets the finding that it came after the Close frame, and no violation is
 * reported. */
void duplex_analyzer_set_after_close (DuplexAnalyzer *self);

/* TRUE inside a frame, from its first byte on, and behind a length with which none ends. */
gboolean duplex_analyzer_is_busy (DuplexAnalyzer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexAnalyzer, duplex_analyzer_free)

G_END_DECLS
