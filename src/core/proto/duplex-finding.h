/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A finding says that bytes on the wire break a rule or deserve a look. It is attached to the frame
 * or handshake that shows it and is never a reason to lose those bytes. Texts are msgids: the faces
 * pass them through gettext. */

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  DUPLEX_SEVERITY_NOTE,    /* allowed, and worth knowing */
  DUPLEX_SEVERITY_WARNING, /* against a rule; the connection goes on */
  DUPLEX_SEVERITY_ERROR,   /* RFC 6455 §7.1.7: the connection must be failed */
} DuplexSeverity;

/* The numbers are recorded in captures: append before the last, never renumber. */
typedef enum {
  DUPLEX_FINDING_NONE = 0,
  /* frames */
  DUPLEX_FINDING_MASKED_SERVER_FRAME,     /* §5.1 */
  DUPLEX_FINDING_UNMASKED_CLIENT_FRAME,   /* §5.1 */
  DUPLEX_FINDING_RESERVED_BIT,            /* §5.2, a RSV bit without an extension */
  DUPLEX_FINDING_RESERVED_OPCODE,         /* §5.2 */
  DUPLEX_FINDING_LENGTH_NOT_MINIMAL,      /* §5.2 */
  DUPLEX_FINDING_LENGTH_TOP_BIT,          /* §5.2 */
  DUPLEX_FINDING_CONTROL_FRAGMENTED,      /* §5.4, §5.5 */
  DUPLEX_FINDING_CONTROL_TOO_LONG,        /* §5.5 */
  DUPLEX_FINDING_CONTINUATION_UNEXPECTED, /* §5.4, no message is open */
  DUPLEX_FINDING_CONTINUATION_EXPECTED,   /* §5.4, a new message inside a fragmented one */
  DUPLEX_FINDING_INVALID_UTF8,            /* §5.6, §8.1 */
  DUPLEX_FINDING_MESSAGE_TOO_BIG,         /* our limit, §10.4 */
  DUPLEX_FINDING_FRAME_CUT,               /* the stream ended inside a frame */
  DUPLEX_FINDING_MESSAGE_UNFINISHED,      /* the stream ended inside a fragmented message */
  /* closing */
  DUPLEX_FINDING_CLOSE_ONE_BYTE,            /* §5.5.1 */
  DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN,      /* §7.4 */
  DUPLEX_FINDING_CLOSE_REASON_INVALID_UTF8, /* §5.5.1 */
  DUPLEX_FINDING_DATA_AFTER_CLOSE,          /* §5.5.1 */
  DUPLEX_FINDING_EOF_WITHOUT_CLOSE,         /* §7.1.5, code 1006 */
  DUPLEX_FINDING_CLOSE_TIMEOUT,             /* §7.1.1, the peer did not end in time */
  DUPLEX_FINDING_TLS_NO_CLOSE_NOTIFY,       /* RFC 8446 §6.1 */
  /* handshake */
  DUPLEX_FINDING_HANDSHAKE_NOT_HTTP,      /* §4.1 */
  DUPLEX_FINDING_HANDSHAKE_VERSION,       /* §4.1, not HTTP/1.1 */
  DUPLEX_FINDING_UPGRADE_MISSING,         /* §4.1 (2) */
  DUPLEX_FINDING_CONNECTION_MISSING,      /* §4.1 (3) */
  DUPLEX_FINDING_ACCEPT_WRONG,            /* §4.1 (4) */
  DUPLEX_FINDING_EXTENSION_NOT_OFFERED,   /* §4.1 (5) */
  DUPLEX_FINDING_SUBPROTOCOL_NOT_OFFERED, /* §4.1 (6) */
  DUPLEX_FINDING_SUBPROTOCOL_NOT_CHOSEN,  /* §4.2.2, offered and the server chose none */
  DUPLEX_FINDING_HEADER_REPEATED,         /* §11.3, a header that may stand once */
  /* our second judge */
  DUPLEX_FINDING_SOUP_DISAGREES,         /* libsoup's message differs: a bug, please report */
  DUPLEX_FINDING_CERTIFICATE_OVERRIDDEN, /* the user connected despite a refused certificate */
  /* extensions in the handshake */
  DUPLEX_FINDING_EXTENSION_MALFORMED,           /* §9.1, the field is not of its grammar */
  DUPLEX_FINDING_EXTENSION_REPEATED,            /* RFC 7692 §5.1, accepted twice */
  DUPLEX_FINDING_DEFLATE_PARAMETER_UNKNOWN,     /* RFC 7692 §7.1 */
  DUPLEX_FINDING_DEFLATE_PARAMETER_REPEATED,    /* RFC 7692 §7.1 */
  DUPLEX_FINDING_DEFLATE_PARAMETER_VALUE,       /* RFC 7692 §7.1, none, needless or out of range */
  DUPLEX_FINDING_DEFLATE_PARAMETER_MISSING,     /* RFC 7692 §7.1.1.1, §7.1.2.1, offered as a must */
  DUPLEX_FINDING_DEFLATE_PARAMETER_NOT_OFFERED, /* RFC 7692 §7.1.2.2 */
  DUPLEX_FINDING_DEFLATE_WINDOW_TOO_LARGE,      /* RFC 7692 §7.1.2, larger than offered */
  /* compressed messages */
  DUPLEX_FINDING_DEFLATE_CORRUPT,          /* RFC 7692 §7.2.2, cannot be inflated */
  DUPLEX_FINDING_INFLATED_TOO_BIG,         /* our limit, RFC 7692 §8 */
  DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED, /* RFC 7692 §6, RSV1 on a continuation or control */
  /* what a text holds, and what did not come */
  DUPLEX_FINDING_TEXT_UNSAFE,  /* valid UTF-8 with control characters or bidi overrides */
  DUPLEX_FINDING_PONG_MISSING, /* §5.5.2, our pings went unanswered and we end the connection */
  DUPLEX_N_FINDINGS
} DuplexFindingId;

typedef struct
{
  DuplexFindingId id;
  guint64         offset; /* within the frame (its header is byte 0) or the handshake's head */
} DuplexFinding;

/* Properties of an id; an id that this version does not know gives a neutral answer. */
DuplexSeverity duplex_finding_get_severity (DuplexFindingId id);
/* "masked-server-frame": stable, for scripts. */
const char *duplex_finding_get_name (DuplexFindingId id);
/* "RFC 6455 §5.1"; empty for DUPLEX_FINDING_NONE and unknown ids. */
const char *duplex_finding_get_section (DuplexFindingId id);
/* A msgid: a sentence for a person. */
const char *duplex_finding_get_text (DuplexFindingId id);

/* The code of the Close frame with which the connection is failed. 0 where it goes on, and for what
 * is wrong with the handshake: no Close can be sent before the connection is open. */
guint16 duplex_finding_get_close_code (DuplexFindingId id);

G_END_DECLS
