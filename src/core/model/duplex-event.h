/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An event is what a capture is made of: one frame that crossed the wire, or one change of state of
 * a connection. A plain value; what it points to is borrowed from whoever filled it in, and kept
 * alive by owner where that is set. */

#include <glib.h>

#include "core/proto/duplex-finding.h"
#include "core/proto/duplex-frame.h"

G_BEGIN_DECLS

/* The numbers are recorded: append, never renumber. The payload and value of each kind: */
typedef enum {
  DUPLEX_EVENT_FRAME = 0,  /* payload, unmasked. value: of a pong that answers a ping of ours, the
                              round trip in µs; of the last frame of a compressed message, the bytes
                              that its frames inflate to together; else -1 */
  DUPLEX_EVENT_CONNECTING, /* the URL */
  DUPLEX_EVENT_REQUEST,    /* the request head, raw */
  DUPLEX_EVENT_RESPONSE,   /* the response head, raw; value: the HTTP status, or 0 */
  DUPLEX_EVENT_BODY,       /* the beginning of a refusal's body, raw */
  DUPLEX_EVENT_TLS,        /* "TLS 1.3, ECDHE-…": protocol and cipher as the library names them */
  DUPLEX_EVENT_CONNECTED,  /* the URL; value: µs since connecting began */
  DUPLEX_EVENT_CLOSED,     /* the reason, in UTF-8, maybe empty; value: the close code, see below */
  DUPLEX_EVENT_FAILED,     /* an error's message; value: its DuplexErrorCode. Before or instead of
                              CONNECTED: the attempt failed. After it: why CLOSED follows */
  DUPLEX_EVENT_UNFINISHED, /* the fragmented message that stops here will not be finished. value: as
                              of its last frame */
  DUPLEX_EVENT_LOST,       /* never recorded: reading gives it where an event was not kept, or is
                              damaged in the file. Only number, time_us and flags say something */
  DUPLEX_EVENT_GAP,        /* bytes of that connection and direction were not recorded here; value:
                              how many. Without a direction: so many connections were not; or -1,
                              nothing is from here on */
} DuplexEventKind;

/* CLOSED's code (RFC 6455 §7.1.5): the one of the peer's Close, 1005 for a Close without a code,
 * 1006 where the connection ended without a Close of the peer. Where we failed the connection
 * because of what the peer sent (§7.1.7) and the peer sent no Close, it is the code of our
 * Close. With what this end closed, or answered, stands beside it: sent_code. */

typedef enum {
  DUPLEX_DIRECTION_NONE, /* a state of ours */
  DUPLEX_DIRECTION_SENT,
  DUPLEX_DIRECTION_RECEIVED,
} DuplexDirection;

typedef enum {
  DUPLEX_EVENT_FLAG_NONE = 0,
  DUPLEX_EVENT_FLAG_ROW = 1 << 0,        /* ends a row of the message list: the last frame of a
                                            message, a control frame, a state worth seeing */
  DUPLEX_EVENT_FLAG_CUT = 1 << 1,        /* payload is not whole: the stream or a limit ended it */
  DUPLEX_EVENT_FLAG_DELIBERATE = 1 << 2, /* the user asked for what is wrong with it */
  DUPLEX_EVENT_FLAG_PEER = 1 << 3,       /* of CLOSED: the peer began the closing */
  DUPLEX_EVENT_FLAG_REDACTED = 1 << 4,   /* secrets in the payload were replaced */
  DUPLEX_EVENT_FLAG_SERVER = 1 << 5,     /* of CONNECTING, CONNECTED and CLOSED: this end is the
                                            server. CONNECTED has the client's address, no URL */
} DuplexEventFlags;

typedef struct
{
  guint64         number;  /* position in the capture, from 0; given by duplex_capture_append() */
  gint64          time_us; /* g_get_real_time() when it was received, or had left */
  DuplexEventKind kind;
  DuplexDirection direction;
  guint           flags;      /* DuplexEventFlags */
  guint32         connection; /* from 1 within the capture */

  /* of a frame, and of UNFINISHED */
  guint8 opcode;                           /* of the message: a continuation frame has its
                                              message's; its own stands in its header */
  guint8  header_size;                     /* 0 where no header was complete */
  guint8  header[DUPLEX_FRAME_HEADER_MAX]; /* as on the wire */
  guint64 message;                         /* number per connection and direction, 0: control */
  guint64 first;                           /* with FLAG_ROW: number of the row's first event; see
                                              DUPLEX_EVENT_FIRST_IS_SELF */
  guint64 message_size;                    /* payload of the message up to and with this frame, on
                                              the wire. Of CLOSED: µs from the first Close, or from
                                              failing the connection, to its end; 0 for an end that
                                              nothing announced */
  guint n_frames;                          /* frames of the message up to and with this one */

  gint64        value;   /* see DuplexEventKind */
  const guint8 *payload; /* NULL too where it stands apart: see payload_id */
  gsize         payload_size;
  guint64       payload_id; /* not 0: the payload stands apart in the capture, in pieces.
                               duplex_capture_read_payload() reads it */
  const guint8 *inflated;   /* of a compressed frame: what its payload is worth (RFC 7692
                               §7.2.2); NULL where there is none or inflated_id is set */
  gsize                inflated_size;
  guint64              inflated_id; /* as payload_id */
  const DuplexFinding *findings;
  guint                n_findings;

  /* of CLOSED */
  guint16 sent_code;       /* of the Close of this end: 1005 for one without a code; 0 where none
                              left, or an older recording does not say */
  const char *sent_reason; /* with it, in UTF-8, not terminated; NULL for none */
  gsize       sent_reason_size;

  GBytes  *owner;      /* borrowed like the rest; holds payload, or NULL */
  gpointer hold;       /* private to the capture: what an event that was read keeps alive */
  GBytes  *hold_bytes; /* the same */
} DuplexEvent;

/* For first, when appending a row of one event, whose number is not known before. Reading gives the
 * number. A row of at most one frame that is not UNFINISHED is taken to begin with itself
 * anyway. */
#define DUPLEX_EVENT_FIRST_IS_SELF G_MAXUINT64

#define DUPLEX_EVENT_INIT \
  {                       \
    .value = -1           \
  }

/* Drops what the event holds (only one that duplex_capture_read() filled holds anything) and makes
 * it empty. May be called twice. */
void duplex_event_clear (DuplexEvent *self);

/* The frame's header fields. FALSE where the event has no whole header. */
gboolean duplex_event_get_header (const DuplexEvent *self,
                                  DuplexFrameHeader *ret_header);

/* Bytes that the frame took on the wire, as far as they came. 0 for a state. */
guint64 duplex_event_get_wire_size (const DuplexEvent *self);

/* Whether a compressed message begins with the frame (RFC 7692 §6): RSV1 at its first frame, where
 * an extension gave that bit a meaning. */
gboolean duplex_event_begins_compressed (const DuplexEvent *self);

/* Whether the event ends a compressed message that could be inflated: each of its frames has its
 * share in inflated, which may be empty. Where FALSE, what is there of the message is its payload
 * on the wire. */
gboolean duplex_event_ends_inflated (const DuplexEvent *self);

/* Payload of the row that ends with the event: what a message is worth, inflated where that is
 * there; and as it was on the wire. */
guint64 duplex_event_get_row_size (const DuplexEvent *self);
guint64 duplex_event_get_row_wire_size (const DuplexEvent *self);

/* The most severe of the findings, or DUPLEX_SEVERITY_NOTE - 1 (that is -1) where there is none. */
int duplex_event_get_worst_severity (const DuplexEvent *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DuplexEvent, duplex_event_clear)

G_END_DECLS
