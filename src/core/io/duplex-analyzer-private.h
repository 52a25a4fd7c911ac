/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the two files of an analyzer share: duplex-analyzer.c takes bytes, duplex-analyzer-end.c
 * says where they end. */

#include "core/io/duplex-analyzer.h"
#include "core/io/duplex-inflation.h"
#include "core/proto/duplex-frame-decoder.h"

G_BEGIN_DECLS

struct _DuplexAnalyzer
{
  /* owned */
  DuplexFrameDecoder    *decoder;
  DuplexMessageTracker  *tracker;
  DuplexCapture         *capture;
  GArray                *findings;  /* of the current frame */
  GByteArray            *gathered;  /* payload of a frame that spans reads, unmasked; or NULL */
  GByteArray            *scratch;   /* payload of a masked frame that came whole, unmasked */
  DuplexInflation       *inflation; /* or NULL where nothing is compressed */
  DuplexDeflateDirection deflate;   /* of it, as the two below */
  guint64                max_inflated;
  guint                  max_ratio;

  /* borrowed */
  const DuplexAnalyzerCallbacks *callbacks;
  gpointer                       user_data;
  const guint8                  *whole; /* payload of a frame that came whole, in the fed bytes */
  gsize                          whole_size;

  /* state */
  DuplexDirection    direction;
  guint32            connection;
  guint64            max_message;
  DuplexMessagePlace place;
  gboolean           in_frame;
  gboolean           inflating; /* the current frame is, or was up to where that failed */
  gboolean           lost;
  gboolean           finished;
  gboolean           after_close;
  gboolean           skipping;    /* the frame breaks the size limit: its payload is not kept */
  gboolean           streams;     /* see duplex_analyzer_set_streams() */
  guint64            payload_id;  /* of a frame whose payload goes to the capture in pieces, or 0 */
  gsize              streamed;    /* bytes of it */
  guint64            first_event; /* of the message that is open */
  guint64            open;        /* its number, or 0 */
  gint64             time;        /* see duplex_analyzer_set_time(), or 0 */
  gint64             fed_at;      /* time of the bytes that are being fed, or 0: to be asked for */
  DuplexMessagePlace last;        /* of its newest frame */
  guint              flags;       /* see duplex_analyzer_set_flags() */
  guint              frame_flags; /* of the current frame, or of the header that has begun */
  guint64            missing;     /* bytes that no event tells of yet */
  guint64            n_dropped;   /* see duplex_analyzer_get_n_dropped() */
  gboolean           resuming;    /* after missing bytes, no message has begun yet */
  gboolean           dropping;    /* the current frame is of one whose beginning is missing */
};

/* As events have it. */
gint64 duplex_analyzer_get_time (DuplexAnalyzer *self);

/* The current frame is complete, or with DUPLEX_EVENT_FLAG_CUT will not be. */
void duplex_analyzer_end_frame (DuplexAnalyzer *self,
                                guint           flags);

/* One that knows nothing of earlier messages. */
DuplexInflation *duplex_analyzer_make_inflation (DuplexAnalyzer *self);

/* What is missing, before what is recorded next. */
void duplex_analyzer_record_gap (DuplexAnalyzer *self);

G_END_DECLS
