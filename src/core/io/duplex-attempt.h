/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One connection of a session, from dialling to its end, on the I/O thread. The session holds a
 * reference and gives orders from its own thread; what happens comes back there, in order. The
 * attempt lives on without its session until the closing is through. */

#include "core/io/duplex-dialer.h"
#include "core/io/duplex-transfer.h"
#include "core/model/duplex-capture.h"
#include "core/proto/duplex-frame-draft.h"

G_BEGIN_DECLS

typedef struct _DuplexAttempt DuplexAttempt;

/* Called on the thread that began the attempt, through its thread-default main context. None comes
 * after ended, nor after duplex_attempt_forget(). */
typedef struct
{
  void (*opened) (DuplexAttempt *self, gboolean unverified, gpointer user_data);
  void (*closing) (DuplexAttempt *self, gpointer user_data);
  void (*pong) (DuplexAttempt *self, gint64 rtt_us, gpointer user_data);
  /* Half of the bound of what waits is free again, after sending failed for it. */
  void (*room) (DuplexAttempt *self, gpointer user_data);
  /* error is NULL after a close handshake. was_open tells whether opened was called. */
  void (*ended) (DuplexAttempt *self,
                 gboolean       was_open,
                 guint16        code,
                 const char    *reason,
                 gboolean       by_peer,
                 const GError  *error,
                 gpointer       user_data);
} DuplexAttemptCallbacks;

/* Takes settings and starts dialling. close_timeout in seconds. callbacks is borrowed for life. */
DuplexAttempt *duplex_attempt_start (DuplexDialSettings           *settings,
                                     DuplexCapture                *capture,
                                     guint                         close_timeout,
                                     const DuplexAttemptCallbacks *callbacks,
                                     gpointer                      user_data);
DuplexAttempt *duplex_attempt_ref (DuplexAttempt *self);
void           duplex_attempt_unref (DuplexAttempt *self);

/* No callback any more: the session goes away. */
void duplex_attempt_forget (DuplexAttempt *self);

/* Orders, any thread; they are carried out in order. */
void duplex_attempt_cancel (DuplexAttempt *self);
void duplex_attempt_close (DuplexAttempt *self,
                           guint16        code,
                           const char    *reason);
/* See duplex_connection_send() and duplex_connection_send_split(), for which n_points is not 0.
 * FALSE with DUPLEX_ERROR_QUEUE_FULL where the bound of what waits is reached. */
gboolean duplex_attempt_send (DuplexAttempt *self,
                              DuplexOpcode   opcode,
                              GBytes        *payload,
                              const gsize   *points,
                              gsize          n_points,
                              GError       **error);
gboolean duplex_attempt_send_draft (DuplexAttempt          *self,
                                    const DuplexFrameDraft *draft,
                                    gboolean                deliberate,
                                    GError                **error);
/* Files are read as they are sent, and bound by that. */
void duplex_attempt_send_file (DuplexAttempt  *self,
                               DuplexTransfer *transfer);

/* What was given to be sent and has not left. Any thread. */
void duplex_attempt_get_waiting (DuplexAttempt *self,
                                 gsize         *ret_bytes,
                                 guint         *ret_items);

/* What was agreed on. Valid from opened on. */
const DuplexDeflateAgreement *duplex_attempt_get_deflate (DuplexAttempt *self);

/* What is wrong with the certificate of the attempt, and its fingerprint where it was refused.
 * Valid from opened or ended on. */
const char          *duplex_attempt_get_refused (DuplexAttempt *self);
GTlsCertificateFlags duplex_attempt_get_refused_flags (DuplexAttempt *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexAttempt, duplex_attempt_unref)

G_END_DECLS
