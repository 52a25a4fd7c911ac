/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the four parts of a tunnel share: duplex-tunnel.c has its life and the client's request,
 * duplex-tunnel-tls.c its TLS handshake, duplex-tunnel-dial.c the backend, duplex-tunnel-open.c the
 * answer and what follows it.
 *
 * self may be gone after each of the functions below but those that say otherwise. */

#include "core/io/duplex-dialer.h"
#include "core/io/duplex-tls-session.h"
#include "relay/duplex-first-message.h"
#include "relay/duplex-log.h"
#include "relay/duplex-tunnel.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_TUNNEL_TLS,      /* the TLS handshake */
  DUPLEX_TUNNEL_REQUEST,  /* the request is read */
  DUPLEX_TUNNEL_RESPONSE, /* another one than to an upgrade; then the client's end is awaited */
  DUPLEX_TUNNEL_DIAL,     /* the backend is dialled */
  DUPLEX_TUNNEL_ANSWER,   /* the upgrade is answered */
  DUPLEX_TUNNEL_TOKEN,    /* the first message is read */
} DuplexTunnelPhase;

/* Of the handshakes; gone when they are over. */
typedef struct
{
  DuplexTunnel  *tunnel;
  DuplexDeadline deadline;  /* of the phase */
  DuplexWatch    tls_watch; /* of tls */

  /* owned */
  int                 fd;       /* until somebody takes it, else -1 */
  DuplexLeg          *client;   /* NULL during TLS */
  DuplexTlsSession   *tls;      /* during TLS, else NULL */
  GByteArray         *received; /* from the client, and not used yet */
  GByteArray         *out;      /* to the client, still to be written */
  DuplexHead         *head;
  char              **offered;    /* subprotocols */
  char               *url;        /* of the backend, as the client wrote it, or NULL */
  DuplexFirstMessage *first;      /* or NULL */
  DuplexDialSettings *dial;       /* or NULL */
  GCancellable       *operation;  /* of the GIO operation that is under way, or NULL */
  GList              *addresses;  /* of GInetAddress, allowed, still to try */
  DuplexDialResult   *dialled;    /* the open backend, or NULL */
  char               *error_text; /* to tell the client as JSON, or NULL */
  GBytes             *request;    /* the next four only where all is recorded */
  GBytes             *response;
  DuplexCapture      *capture;
  char               *tls_text; /* protocol and cipher with the client */

  /* borrowed */
  const char *close_reason;

  /* state */
  DuplexTunnelPhase phase;
  gsize             written;    /* of out */
  guint64           unseen;     /* bytes of the first message, which is never recorded */
  guint16           close_code; /* of the Close that follows instead of a backend, 0 for none */
  gboolean          answered;   /* 101 was */
  gboolean          hung_up;    /* the client's end of the stream has come */
  gboolean          timed_out;
  gboolean          dead; /* end when the operation is over */
} DuplexOpening;

struct _DuplexTunnel
{
  GList link; /* for whoever has it; data is the tunnel */

  /* owned */
  DuplexRelaySettings *settings;
  DuplexOpening       *opening; /* NULL once pumped */
  DuplexPump          *pump;    /* NULL until then */
  DuplexRecordedPair  *recorded;
  char                *backend; /* its scheme, host and port; or NULL */

  /* borrowed */
  const DuplexTunnelHost *host;

  /* state */
  guint64    number;
  gint64     accepted_at;
  DuplexPeer peer;
  guint      settled : 1;
  guint      placed : 1; /* has a place in the admission */
  guint      going_away : 1;
  guint      has_backend : 1; /* is pumped to one */
};

/* ---- duplex-tunnel.c ---- */

/* A line with what names the tunnel; self stays. */
DuplexLogLine *duplex_tunnel_begin_line (DuplexTunnel *self,
                                         const char   *event);
/* Counts, and logs where there is room for it. status is that of HTTP, 0 where it is none; detail
 * may be NULL. self stays. */
void duplex_tunnel_note_refusal (DuplexTunnel *self,
                                 DuplexRefusal refusal,
                                 guint         status,
                                 const char   *detail);

/* At once, or after the operation that is under way. */
void duplex_tunnel_end (DuplexTunnel *self);

/* self stays. */
void duplex_tunnel_set_phase (DuplexTunnel     *self,
                              DuplexTunnelPhase phase,
                              guint             seconds);
/* The operation's cancellable; self stays. */
GCancellable *duplex_tunnel_begin_operation (DuplexTunnel *self);
/* FALSE where the tunnel has ended meanwhile, and is gone; else it stays. */
gboolean duplex_tunnel_finish_operation (DuplexTunnel *self);

/* Writes what is to be written. DUPLEX_LEG_OK when that was all; self stays. */
DuplexLegResult duplex_tunnel_flush (DuplexTunnel *self);

/* A place in the admission, with which it is no head any more; self stays. FALSE where there is
 * none. */
gboolean duplex_tunnel_take_place (DuplexTunnel *self);

/* 503, since the relay is about to end. */
void duplex_tunnel_refuse_late (DuplexTunnel *self);

/* Takes client. */
void duplex_tunnel_await_request (DuplexTunnel *self,
                                  DuplexLeg    *client);

void duplex_opening_free (DuplexOpening *self);

/* ---- duplex-tunnel-tls.c ---- */

/* Shakes hands, and goes on with duplex_tunnel_await_request(). */
void duplex_tunnel_start_tls (DuplexTunnel *self);

/* ---- duplex-tunnel-dial.c ---- */

/* Dials, and then goes on with duplex_tunnel_answer(). */
void duplex_tunnel_open_backend (DuplexTunnel *self);
/* The client has sent, or has left. */
void duplex_tunnel_watch_client (DuplexTunnel *self);

/* ---- duplex-tunnel-open.c ---- */

/* Answers the upgrade where that is still to be done, and goes on. */
void duplex_tunnel_answer (DuplexTunnel *self);
void duplex_tunnel_go_on_answering (DuplexTunnel *self);
void duplex_tunnel_read_token (DuplexTunnel *self);
/* A client that gets no WebSocket: its request, where all is recorded, with response, or NULL where
 * it gets none. The first call counts. self stays. */
void duplex_tunnel_record_refusal (DuplexTunnel *self,
                                   GBytes       *response);
/* Instead of a token or a backend; reason is borrowed. */
void duplex_tunnel_close (DuplexTunnel *self,
                          guint16       code,
                          const char   *reason);
/* The pump has ended, or shall not go on. */
void duplex_tunnel_finish_pump (DuplexTunnel *self);

G_END_DECLS
