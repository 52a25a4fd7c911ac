/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A saved endpoint: where to connect and how. One JSON file each, see duplex-profile-store.h. Every
 * member that this version does not know, of a header too, is kept and written back as it stood.
 *
 *   { "version": 1, "name": "Echo", "url": "wss://example.org/", "headers": [ { "name": "X-Api",
 *     "value": "1" } ], "subprotocols": [ "chat" ], "origin": "", "verify-certificates": true,
 *     "trusted-certificate": "", "compression": { "offer": true,
 *     "server-no-context-takeover": false, "client-no-context-takeover": false,
 *     "server-max-window-bits": null, "client-max-window-bits": true }, "pong": { "mode":
 *     "automatic", "delay-ms": 1000 }, "ping": { "interval-s": 0, "limit": 3 } }
 *
 * Window bits are null where the parameter is absent, 8 to 15, or, the client's, true without a
 * number. The mode is automatic, delayed or never. Each member may be missing: it has its default.
 *
 * Members are written in this order, all of them always, so that files compare well. */

#include <gio/gio.h>

#include "core/proto/duplex-deflate-params.h"
#include "core/proto/duplex-handshake.h"

G_BEGIN_DECLS

/* What a ping of the peer is answered with (RFC 6455 §5.5.2 wants a pong; leaving it out shows what
 * the peer does then). */
typedef enum {
  DUPLEX_PONG_AUTOMATIC, /* a pong at once */
  DUPLEX_PONG_DELAYED,   /* a pong after a time that is set */
  DUPLEX_PONG_NEVER,     /* nothing; pongs are sent by hand */
} DuplexPongMode;

#define DUPLEX_TYPE_PONG_MODE (duplex_pong_mode_get_type ())
GType duplex_pong_mode_get_type (void);

#define DUPLEX_TYPE_PROFILE (duplex_profile_get_type ())
G_DECLARE_FINAL_TYPE (DuplexProfile, duplex_profile, DUPLEX, PROFILE, GObject)

/* Properties, all with notify: "name", "url", "origin" (strings, never NULL), "subprotocols"
 * (GStrv), "verify-certificates" (default TRUE), "trusted-certificate" (SHA-256 of a DER
 * certificate as 64 hex digits that is accepted though it does not verify, or ""); of the wire
 * "deflate" (whether permessage-deflate is offered), "deflate-server-no-context-takeover",
 * "deflate-client-no-context-takeover" (booleans), "deflate-server-max-window-bits",
 * "deflate-client-max-window-bits" (guint, as in DuplexDeflateParams), "pong-mode"
 * (DuplexPongMode), "pong-delay" (guint, ms), "ping-interval" (guint, s), "ping-limit" (guint); and
 * read only "id" (its path within the store, without ".json", such as "Public test servers/echo";
 * "" while it is not saved), "folder" (the id up to its last '/', or "") and "error" (why its file
 * cannot be read, or NULL). */

DuplexProfile *duplex_profile_new (const char *name,
                                   const char *url);

/* A profile with the same settings, not saved. */
DuplexProfile *duplex_profile_copy (DuplexProfile *self);
/* Takes over the settings of from (not its id). */
void     duplex_profile_assign (DuplexProfile *self,
                                DuplexProfile *from);
gboolean duplex_profile_has_same_settings (DuplexProfile *self,
                                           DuplexProfile *other);

const char         *duplex_profile_get_id (DuplexProfile *self);
const char         *duplex_profile_get_folder (DuplexProfile *self);
const char         *duplex_profile_get_name (DuplexProfile *self);
const char         *duplex_profile_get_url (DuplexProfile *self);
const char         *duplex_profile_get_origin (DuplexProfile *self);
const char *const  *duplex_profile_get_subprotocols (DuplexProfile *self);
gboolean            duplex_profile_get_verify_certificates (DuplexProfile *self);
const char         *duplex_profile_get_trusted_certificate (DuplexProfile *self);
const char         *duplex_profile_get_error (DuplexProfile *self);
const DuplexHeader *duplex_profile_get_headers (DuplexProfile *self,
                                                gsize         *ret_n_headers);

/* Whether permessage-deflate is offered (the default, with client_max_window_bits and no value, as
 * browsers do), and with which parameters; ret_params, may be NULL, is set in either case. */
gboolean duplex_profile_get_deflate (DuplexProfile       *self,
                                     DuplexDeflateParams *ret_params);
void     duplex_profile_set_deflate (DuplexProfile             *self,
                                     gboolean                   offered,
                                     const DuplexDeflateParams *params);

/* Defaults: automatic, 1000 ms, 0 s (no pings), DUPLEX_LIMIT_MISSING_PONGS. A limit of 0 is none.
 * More than DUPLEX_LIMIT_PONG_DELAY, _PING_INTERVAL and _PING_LIMIT becomes that. */
DuplexPongMode duplex_profile_get_pong_mode (DuplexProfile *self);
guint          duplex_profile_get_pong_delay (DuplexProfile *self);
guint          duplex_profile_get_ping_interval (DuplexProfile *self);
guint          duplex_profile_get_ping_limit (DuplexProfile *self);
void           duplex_profile_set_pong_mode (DuplexProfile *self, DuplexPongMode mode);
void           duplex_profile_set_pong_delay (DuplexProfile *self, guint ms);
void           duplex_profile_set_ping_interval (DuplexProfile *self, guint seconds);
void           duplex_profile_set_ping_limit (DuplexProfile *self, guint limit);

void duplex_profile_set_name (DuplexProfile *self, const char *name);
void duplex_profile_set_url (DuplexProfile *self, const char *url);
void duplex_profile_set_origin (DuplexProfile *self, const char *origin);
void duplex_profile_set_subprotocols (DuplexProfile *self, const char *const *subprotocols);
void duplex_profile_set_verify_certificates (DuplexProfile *self, gboolean verify);
void duplex_profile_set_trusted_certificate (DuplexProfile *self, const char *fingerprint);
/* Copies headers. */
void duplex_profile_set_headers (DuplexProfile      *self,
                                 const DuplexHeader *headers,
                                 gsize               n_headers);

/* The file's text and back. Reading fails with DUPLEX_ERROR_SYNTAX (line and column, or the member
 * that has the wrong type), DUPLEX_ERROR_TOO_BIG (DUPLEX_LIMIT_PROFILE, DUPLEX_LIMIT_JSON_DEPTH) or
 * DUPLEX_ERROR_NEWER_VERSION. */
char          *duplex_profile_to_json (DuplexProfile *self);
DuplexProfile *duplex_profile_from_json (const char *text,
                                         gsize       len,
                                         GError    **error);

G_END_DECLS
