/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Close codes: RFC 6455 §7.4 and the IANA registry, and the body of a Close frame (§5.5.1). */

#include <glib.h>

#include "core/proto/duplex-finding.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_CLOSE_NONE = 0, /* no Close was seen */
  DUPLEX_CLOSE_NORMAL = 1000,
  DUPLEX_CLOSE_GOING_AWAY = 1001,
  DUPLEX_CLOSE_PROTOCOL_ERROR = 1002,
  DUPLEX_CLOSE_UNSUPPORTED_DATA = 1003,
  DUPLEX_CLOSE_NO_STATUS = 1005, /* never on the wire */
  DUPLEX_CLOSE_ABNORMAL = 1006,  /* never on the wire */
  DUPLEX_CLOSE_INVALID_DATA = 1007,
  DUPLEX_CLOSE_POLICY = 1008,
  DUPLEX_CLOSE_TOO_BIG = 1009,
  DUPLEX_CLOSE_MANDATORY_EXTENSION = 1010,
  DUPLEX_CLOSE_INTERNAL_ERROR = 1011,
  DUPLEX_CLOSE_SERVICE_RESTART = 1012,
  DUPLEX_CLOSE_TRY_AGAIN_LATER = 1013,
  DUPLEX_CLOSE_BAD_GATEWAY = 1014,
  DUPLEX_CLOSE_TLS_HANDSHAKE = 1015, /* never on the wire */
} DuplexCloseCode;

/* "Normal Closure", "Going Away"...: the RFC's term in English, a msgid. Ranges have names too
 * ("Registered", "Private Use"); what is neither is "Unknown". Never NULL. */
const char *duplex_close_code_get_name (guint16 code);

/* Whether an endpoint may put code into a Close frame: 1000–1003, 1007–1014, 3000–4999. */
gboolean duplex_close_code_may_send (guint16 code);

/* Takes a Close body apart. Returns the code (DUPLEX_CLOSE_NO_STATUS for an empty body,
 * DUPLEX_CLOSE_PROTOCOL_ERROR for a body of one byte). ret_reason borrows from body and is not
 * terminated. ret_finding is DUPLEX_FINDING_NONE or what is wrong, its offset within the body. */
guint16 duplex_close_body_parse (const guint8  *body,
                                 gsize          len,
                                 const char   **ret_reason,
                                 gsize         *ret_reason_len,
                                 DuplexFinding *ret_finding);

/* A body for a Close frame; reason may be NULL and is cut at a character boundary to fit
 * DUPLEX_LIMIT_CLOSE_REASON bytes. DUPLEX_CLOSE_NO_STATUS gives an empty body. */
GBytes *duplex_close_body_new (guint16     code,
                               const char *reason);

G_END_DECLS
