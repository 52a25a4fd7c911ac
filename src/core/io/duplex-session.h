/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One profile, its connections one after another, and their capture: what the window's tab and the
 * headless client are two faces of. No GTK. A session belongs to the thread that made it, whose
 * thread-default main context receives its signals; the sockets live on the I/O thread. Nothing
 * here blocks. */

#include "core/io/duplex-session-options.h"
#include "core/io/duplex-transfer.h"
#include "core/model/duplex-capture.h"
#include "core/model/duplex-profile.h"
#include "core/proto/duplex-frame-draft.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_SESSION_DISCONNECTED,
  DUPLEX_SESSION_CONNECTING, /* from the first DNS query to the end of the HTTP upgrade */
  DUPLEX_SESSION_OPEN,
  DUPLEX_SESSION_CLOSING, /* one side has sent its Close, or TCP is ending */
} DuplexSessionState;

#define DUPLEX_TYPE_SESSION_STATE (duplex_session_state_get_type ())
GType duplex_session_state_get_type (void);

#define DUPLEX_TYPE_SESSION (duplex_session_get_type ())
G_DECLARE_FINAL_TYPE (DuplexSession, duplex_session, DUPLEX, SESSION, GObject)

/* Properties, read only but for "profile":
 *   "profile"     DuplexProfile: its settings are read when a connection begins
 *   "state"       DuplexSessionState
 *   "capture"     DuplexCapture, one for the session's life
 *   "unverified"  TRUE while the connection stands on a certificate that did not verify
 *   "rtt"         gint64, µs of the last ping's round trip, or -1
 * Signals:
 *   "failed"  (GError *error): a connection could not be made, or broke; comes after the state
 * changed. With DUPLEX_ERROR_TLS_CERTIFICATE, duplex_session_get_refused_certificate() tells which.
 *   "room"  (): after sending failed with DUPLEX_ERROR_QUEUE_FULL, much less waits.
 *   "closed"  (guint code, const char *reason, gboolean by_peer): a connection that was open ended.
 */

DuplexSession *duplex_session_new (DuplexProfile *profile);

/* A session that shows what was recorded: it cannot connect. */
DuplexSession *duplex_session_new_for_capture (DuplexProfile *profile,
                                               DuplexCapture *capture);

/* Where the first connection begins a recording; NULL, the default: in memory only. A file that
 * cannot be made leaves the capture STALLED. See duplex-redact.h for record_secrets. */
void duplex_session_set_capture_folder (DuplexSession *self,
                                        const char    *folder,
                                        gboolean       record_secrets);

/* What the recording says of the profile's id, where "profile" is a copy that has none; NULL: its
 * own. */
void duplex_session_set_profile_id (DuplexSession *self,
                                    const char    *id);

/* The file goes with the session: it is there to keep memory small only. */
void     duplex_session_set_capture_temporary (DuplexSession *self,
                                               gboolean       temporary);
gboolean duplex_session_get_capture_temporary (DuplexSession *self);

DuplexProfile     *duplex_session_get_profile (DuplexSession *self);
void               duplex_session_set_profile (DuplexSession *self,
                                               DuplexProfile *profile);
DuplexSessionState duplex_session_get_state (DuplexSession *self);
DuplexCapture     *duplex_session_get_capture (DuplexSession *self);
gboolean           duplex_session_is_unverified (DuplexSession *self);
gint64             duplex_session_get_rtt (DuplexSession *self);

/* Starts connecting. Fails at once, with nothing recorded, for a URL or header that cannot be used
 * (DUPLEX_ERROR_INVALID_URL, _INVALID_ARGUMENT) or where a connection exists or none can be made.
 * "demo:/PATH" starts the built-in server where it does not run yet, and connects to that. */
gboolean duplex_session_connect (DuplexSession *self,
                                 GError       **error);

/* Gives up an attempt: DUPLEX_ERROR_CANCELLED is recorded and "failed" follows. Where the
 * connection has just been made it is closed with 1001 instead, and "closed" follows. */
void duplex_session_cancel (DuplexSession *self);

/* Sends what waits and a Close, and ends within the close timeout; files are cancelled. code 0
 * stands for the specification's default: 1000 "Client closed connection". Fails for a code that
 * may not be sent or a reason over 123 bytes. */
gboolean duplex_session_disconnect (DuplexSession *self,
                                    guint16        code,
                                    const char    *reason,
                                    GError       **error);

/* Queue a message; it appears in the capture when its last byte has left. Fail with
 * DUPLEX_ERROR_CLOSED, _QUEUE_FULL, or _INVALID_ARGUMENT for text that is not UTF-8, and while a
 * composed message is open or after a composed frame that stopped half-way. */
gboolean duplex_session_send_text (DuplexSession *self,
                                   const char    *text,
                                   gssize         len,
                                   GError       **error);
gboolean duplex_session_send_binary (DuplexSession *self,
                                     GBytes        *data,
                                     GError       **error);

/* The same in frames that end at the given points: n_points offsets into the payload, ascending
 * (else _INVALID_ARGUMENT), equal ones make an empty frame. Where the connection compresses, the
 * points cut the compressed bytes, and those past their end are left out. */
gboolean duplex_session_send_split (DuplexSession *self,
                                    DuplexOpcode   opcode,
                                    GBytes        *payload,
                                    const gsize   *points,
                                    gsize          n_points,
                                    GError       **error);

/* Sends a file as one message, text (then it must be UTF-8) or binary, in frames of the options'
 * fragment or DUPLEX_LIMIT_FRAGMENT bytes; it is read while it is sent, a few frames ahead. Other
 * messages wait until it is through, control frames do not. NULL where no message may begin, as
 * above, or the file cannot be opened; what goes wrong later is the transfer's to say. */
DuplexTransfer *duplex_session_send_file (DuplexSession *self,
                                          DuplexOpcode   opcode,
                                          GFile         *file,
                                          GError       **error);

/* Sends any frame. Without deliberate one that the RFC forbids at this place is refused with
 * DUPLEX_ERROR_INVALID_ARGUMENT, the text that of the finding where there is one, and so is one
 * that is not whole or has RSV1 where that means compression; with it, it is sent, and recorded
 * with its findings and DUPLEX_EVENT_FLAG_DELIBERATE, also after a Close while TCP takes bytes. */
gboolean duplex_session_send_frame (DuplexSession          *self,
                                    const DuplexFrameDraft *draft,
                                    gboolean                deliberate,
                                    GError                **error);

/* Sends a pong that nobody asked for (RFC 6455 §5.5.3); payload NULL stands for that of the peer's
 * latest ping, or an empty one. Fails as duplex_session_ping() does. */
gboolean duplex_session_pong (DuplexSession *self,
                              GBytes        *payload,
                              GError       **error);

/* What was given to be sent and has not left yet; a file or composed frame counts as a message of
 * no bytes. Either may be NULL. */
void duplex_session_get_waiting (DuplexSession *self,
                                 gsize         *ret_bytes,
                                 guint         *ret_messages);

/* What the connection agreed on with the server; { 0 } while there is none. */
void duplex_session_get_deflate (DuplexSession          *self,
                                 DuplexDeflateAgreement *ret_agreement);

/* Sends a ping frame; payload (may be NULL: eight bytes that count) is at most 125 bytes, else
 * DUPLEX_ERROR_INVALID_ARGUMENT, as after a composed frame that stopped half-way. Its pong's event
 * carries the round trip. */
gboolean duplex_session_ping (DuplexSession *self,
                              GBytes        *payload,
                              GError       **error);

/* SHA-256 (64 hex digits) of the certificate that the last attempt refused and what was wrong with
 * it; NULL where there is none. */
const char          *duplex_session_get_refused_certificate (DuplexSession *self);
GTlsCertificateFlags duplex_session_get_refused_flags (DuplexSession *self);

/* Accepts that certificate for this session. To accept it for good, set the profile's
 * "trusted-certificate" and save it. */
void duplex_session_trust_certificate (DuplexSession *self,
                                       const char    *fingerprint);

/* A PEM file of certificate authorities to trust instead of the system's, or NULL. */
void duplex_session_set_ca_file (DuplexSession *self,
                                 const char    *path);

/* Seconds to wait for the peer's Close and the end of TCP, from our Close on; default
 * DUPLEX_LIMIT_CLOSE_TIMEOUT. */
void duplex_session_set_close_timeout (DuplexSession *self,
                                       guint          seconds);

/* All of that kind, to be changed; borrowed. */
DuplexSessionOptions *duplex_session_get_options (DuplexSession *self);

G_END_DECLS
