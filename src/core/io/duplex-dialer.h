/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Dials: name to address, proxy, TCP, TLS, and the HTTP upgrade with its raw bytes recorded. The
 * outcome is a stream that speaks WebSocket, or an error of DUPLEX_ERROR that says which step
 * failed. Runs on the thread-default context of its caller. */

#include <gio/gio.h>

#include "core/io/duplex-tls-credentials.h"
#include "core/model/duplex-capture.h"
#include "core/model/duplex-profile.h"
#include "core/proto/duplex-deflate-params.h"
#include "core/proto/duplex-handshake.h"
#include "core/proto/duplex-url.h"

G_BEGIN_DECLS

/* What a connection is dialled with; a copy of a profile's settings that no other thread touches.
 */
typedef struct
{
  DuplexUrl    *url;
  char         *origin; /* or NULL */
  char        **subprotocols;
  DuplexHeader *headers;
  gsize         n_headers;
  gboolean      verify;  /* certificates must verify */
  char         *trusted; /* SHA-256 of one that is accepted though it does not, or NULL */
  char         *ca_file; /* PEM file of authorities to trust instead of the system's, or NULL */

  /* Or NULL. Where there is one, TLS is ours, without a thread: certificates must verify by it, and
   * what the three above say, and certificate below, does not count. */
  DuplexTlsCredentials *trust;

  guint timeout; /* seconds for all steps together, 0: whoever dials sees to it */

  char            *address;     /* the IP address to dial instead of the URL's host, or NULL */
  char            *proxy;       /* URL of the proxy to dial through, or NULL: the system's */
  GTlsCertificate *certificate; /* of ours, or NULL */

  gboolean            offers_deflate;
  DuplexDeflateParams deflate; /* what is offered then */

  /* of the connection behind the upgrade */
  guint64  max_message; /* see DuplexSessionOptions */
  gsize    max_waiting; /* bytes that may wait to be sent */
  guint64  max_unread;  /* bytes of events that may be held before reading pauses, 0: any */
  gboolean echo;        /* what is received is sent back */

  DuplexPongMode pong_mode;
  guint          pong_delay;    /* ms */
  guint          ping_interval; /* seconds, 0 for no pings of ours */
  guint          ping_limit;    /* pings in a row that may go unanswered, 0 for any number */
  gsize          fragment;      /* most payload bytes of a frame that is sent, 0 for any */
} DuplexDialSettings;

void duplex_dial_settings_free (DuplexDialSettings *self);

/* Where the request can be built from settings. What it says is said before anything is dialled. */
gboolean duplex_dial_settings_check (const DuplexDialSettings *self,
                                     GError                  **error);

typedef struct
{
  GIOStream             *stream;
  GBytes                *leftover;    /* bytes that came behind the response, or NULL */
  char                  *subprotocol; /* chosen by the server, or NULL */
  DuplexDeflateAgreement deflate;
  gboolean               unverified;    /* the certificate did not verify, and was accepted */
  char                  *refused;       /* SHA-256 of the certificate that was refused, or NULL */
  GTlsCertificateFlags   refused_flags; /* what is wrong with it, refused or accepted */
  gint64                 elapsed_us;
} DuplexDialResult;

void duplex_dial_result_free (DuplexDialResult *self);

/* settings is borrowed until the callback. capture, may be NULL, receives the events of the
 * attempt, CONNECTED and FAILED included; connection is its number there. */
void duplex_dialer_dial_async (const DuplexDialSettings *settings,
                               DuplexCapture            *capture,
                               guint32                   connection,
                               GCancellable             *cancellable,
                               GAsyncReadyCallback       callback,
                               gpointer                  user_data);

/* ret_result is set in either case: after DUPLEX_ERROR_TLS_CERTIFICATE it tells which one. */
gboolean duplex_dialer_dial_finish (GAsyncResult      *result,
                                    DuplexDialResult **ret_result,
                                    GError           **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexDialSettings, duplex_dial_settings_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexDialResult, duplex_dial_result_free)

G_END_DECLS
