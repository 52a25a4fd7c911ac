/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-finding.h"

#include <glib/gi18n.h>

#include "core/proto/duplex-close-code.h"

typedef struct
{
  const char    *name;
  const char    *section;
  const char    *text;
  DuplexSeverity severity;
  guint16        close_code;
} Entry;

/* What is done about a finding. */
#define FAILS_WITH(code) .severity = DUPLEX_SEVERITY_ERROR, .close_code = (code)
#define PROTOCOL_ERROR   FAILS_WITH (DUPLEX_CLOSE_PROTOCOL_ERROR)
#define INVALID_DATA     FAILS_WITH (DUPLEX_CLOSE_INVALID_DATA)
#define TOO_BIG          FAILS_WITH (DUPLEX_CLOSE_TOO_BIG)
#define HANDSHAKE_ERROR  FAILS_WITH (0) /* before the connection opens no Close can be sent */
#define WARNING          .severity = DUPLEX_SEVERITY_WARNING
#define NOTE             .severity = DUPLEX_SEVERITY_NOTE

static const Entry entries[DUPLEX_N_FINDINGS] = {
  [DUPLEX_FINDING_NONE] = {
    .name = "none",
    .section = "",
    .text = N_ ("Nothing is wrong."),
    NOTE,
  },

  [DUPLEX_FINDING_MASKED_SERVER_FRAME] = {
    .name = "masked-server-frame",
    .section = "RFC 6455 §5.1",
    .text = N_ ("The server masked this frame, but only a client may mask what it sends."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_UNMASKED_CLIENT_FRAME] = {
    .name = "unmasked-client-frame",
    .section = "RFC 6455 §5.1",
    .text = N_ ("The client did not mask this frame, but a client must mask every frame."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_RESERVED_BIT] = {
    .name = "reserved-bit",
    .section = "RFC 6455 §5.2",
    .text = N_ ("A reserved bit (RSV1, RSV2 or RSV3) is set, but no extension that gives it a "
                "meaning was agreed on."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_RESERVED_OPCODE] = {
    .name = "reserved-opcode",
    .section = "RFC 6455 §5.2",
    .text = N_ ("The opcode is reserved for later versions of the protocol and must not be "
                "used."),
    PROTOCOL_ERROR,
  },
  /* The meaning is clear and §5.2 names no consequence, but it says MUST, and libsoup and Chromium
   * fail such a connection: to go on would show what no other client sees. */
  [DUPLEX_FINDING_LENGTH_NOT_MINIMAL] = {
    .name = "length-not-minimal",
    .section = "RFC 6455 §5.2",
    .text = N_ ("The payload length takes more bytes than it needs; the shortest form that "
                "fits must be used."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_LENGTH_TOP_BIT] = {
    .name = "length-top-bit",
    .section = "RFC 6455 §5.2",
    .text = N_ ("The highest bit of the 64-bit payload length is set, but it must be 0; where "
                "the next frame begins cannot be told."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_CONTROL_FRAGMENTED] = {
    .name = "control-fragmented",
    .section = "RFC 6455 §5.5",
    .text = N_ ("This control frame lacks the FIN bit, but control frames must not be "
                "fragmented."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_CONTROL_TOO_LONG] = {
    .name = "control-too-long",
    .section = "RFC 6455 §5.5",
    .text = N_ ("The payload of a control frame may have 125 bytes at most, and this one is "
                "longer."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_CONTINUATION_UNEXPECTED] = {
    .name = "continuation-unexpected",
    .section = "RFC 6455 §5.4",
    .text = N_ ("This is a continuation frame, but there is no fragmented message that it "
                "could continue."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_CONTINUATION_EXPECTED] = {
    .name = "continuation-expected",
    .section = "RFC 6455 §5.4",
    .text = N_ ("A new message begins before the last fragment of the previous one; only "
                "control frames may stand between fragments."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_INVALID_UTF8] = {
    .name = "invalid-utf8",
    .section = "RFC 6455 §8.1",
    .text = N_ ("The text is not valid UTF-8 from this byte on, but a text message must be "
                "UTF-8."),
    INVALID_DATA,
  },
  [DUPLEX_FINDING_MESSAGE_TOO_BIG] = {
    .name = "message-too-big",
    .section = "RFC 6455 §10.4",
    .text = N_ ("The message is larger than the limit that is set here, so it is refused."),
    TOO_BIG,
  },
  [DUPLEX_FINDING_FRAME_CUT] = {
    .name = "frame-cut",
    .section = "RFC 6455 §5.2",
    .text = N_ ("The connection ended in the middle of this frame."),
    WARNING,
  },
  [DUPLEX_FINDING_MESSAGE_UNFINISHED] = {
    .name = "message-unfinished",
    .section = "RFC 6455 §5.4",
    .text = N_ ("The connection ended before the last fragment of this message."),
    WARNING,
  },

  [DUPLEX_FINDING_CLOSE_ONE_BYTE] = {
    .name = "close-one-byte",
    .section = "RFC 6455 §5.5.1",
    .text = N_ ("The body of this Close frame is a single byte, but it must be empty or begin "
                "with a two-byte code."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN] = {
    .name = "close-code-forbidden",
    .section = "RFC 6455 §7.4",
    .text = N_ ("This close code must not be sent; only 1000 to 1003, 1007 to 1014 and 3000 to "
                "4999 may."),
    PROTOCOL_ERROR,
  },
  [DUPLEX_FINDING_CLOSE_REASON_INVALID_UTF8] = {
    .name = "close-reason-invalid-utf8",
    .section = "RFC 6455 §5.5.1",
    .text = N_ ("The reason in this Close frame is not valid UTF-8 from this byte on, but it "
                "must be UTF-8."),
    INVALID_DATA,
  },
  /* What comes after a Close is ignored (§1.4), so there is nothing to fail. */
  [DUPLEX_FINDING_DATA_AFTER_CLOSE] = {
    .name = "data-after-close",
    .section = "RFC 6455 §5.5.1",
    .text = N_ ("This frame came after a Close frame, but a Close frame must be the last that "
                "is sent."),
    WARNING,
  },
  [DUPLEX_FINDING_EOF_WITHOUT_CLOSE] = {
    .name = "eof-without-close",
    .section = "RFC 6455 §7.1.5",
    .text = N_ ("The connection ended without a Close frame, which counts as close code 1006."),
    WARNING,
  },
  [DUPLEX_FINDING_CLOSE_TIMEOUT] = {
    .name = "close-timeout",
    .section = "RFC 6455 §7.1.1",
    .text = N_ ("The other side did not end the connection in time after the Close frame, so "
                "it was cut off."),
    WARNING,
  },
  [DUPLEX_FINDING_TLS_NO_CLOSE_NOTIFY] = {
    .name = "tls-no-close-notify",
    .section = "RFC 8446 §6.1",
    .text = N_ ("The TLS connection ended without a close_notify alert, which must be sent "
                "before the end."),
    WARNING,
  },

  [DUPLEX_FINDING_HANDSHAKE_NOT_HTTP] = {
    .name = "handshake-not-http",
    .section = "RFC 6455 §4.1",
    .text = N_ ("What the server sent is not an HTTP response."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_HANDSHAKE_VERSION] = {
    .name = "handshake-version",
    .section = "RFC 6455 §4.1",
    .text = N_ ("The server answered with a version of HTTP older than 1.1, which WebSocket "
                "needs."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_UPGRADE_MISSING] = {
    .name = "upgrade-missing",
    .section = "RFC 6455 §4.1",
    .text = N_ ("The response has no Upgrade header with the value “websocket”."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_CONNECTION_MISSING] = {
    .name = "connection-missing",
    .section = "RFC 6455 §4.1",
    .text = N_ ("The response has no Connection header that contains “Upgrade”."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_ACCEPT_WRONG] = {
    .name = "accept-wrong",
    .section = "RFC 6455 §4.1",
    .text = N_ ("The Sec-WebSocket-Accept header is missing or does not match the key that was "
                "sent."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_EXTENSION_NOT_OFFERED] = {
    .name = "extension-not-offered",
    .section = "RFC 6455 §4.1",
    .text = N_ ("The server chose an extension that the client did not offer."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_SUBPROTOCOL_NOT_OFFERED] = {
    .name = "subprotocol-not-offered",
    .section = "RFC 6455 §4.1",
    .text = N_ ("The server chose a subprotocol that the client did not offer."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_SUBPROTOCOL_NOT_CHOSEN] = {
    .name = "subprotocol-not-chosen",
    .section = "RFC 6455 §4.2.2",
    .text = N_ ("The client offered subprotocols, and the server chose none of them."),
    NOTE,
  },
  [DUPLEX_FINDING_HEADER_REPEATED] = {
    .name = "header-repeated",
    .section = "RFC 6455 §11.3",
    .text = N_ ("This header appears more than once in the response, but it may appear only "
                "once."),
    WARNING,
  },

  [DUPLEX_FINDING_SOUP_DISAGREES] = {
    .name = "soup-disagrees",
    .section = "RFC 6455 §5",
    .text = N_ ("Duplex and libsoup read this message differently. One of them has a bug; "
                "please report it."),
    WARNING,
  },
  [DUPLEX_FINDING_CERTIFICATE_OVERRIDDEN] = {
    .name = "certificate-overridden",
    .section = "RFC 6455 §4.1",
    .text = N_ ("The server's certificate was refused, and the connection was made anyway "
                "because you allowed it."),
    WARNING,
  },

  [DUPLEX_FINDING_EXTENSION_MALFORMED] = {
    .name = "extension-malformed",
    .section = "RFC 6455 §9.1",
    .text = N_ ("The Sec-WebSocket-Extensions header is not written as a list of extensions "
                "with parameters."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_EXTENSION_REPEATED] = {
    .name = "extension-repeated",
    .section = "RFC 7692 §5.1",
    .text = N_ ("The server accepted the same extension more than once."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_DEFLATE_PARAMETER_UNKNOWN] = {
    .name = "deflate-parameter-unknown",
    .section = "RFC 7692 §7.1",
    .text = N_ ("The server's answer has a parameter that permessage-deflate does not define."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_DEFLATE_PARAMETER_REPEATED] = {
    .name = "deflate-parameter-repeated",
    .section = "RFC 7692 §7.1",
    .text = N_ ("The server's answer has the same parameter of permessage-deflate more than "
                "once."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_DEFLATE_PARAMETER_VALUE] = {
    .name = "deflate-parameter-value",
    .section = "RFC 7692 §7.1",
    .text = N_ ("The value of this permessage-deflate parameter is not allowed: window bits are "
                "8 to 15 without leading zeros, and the other parameters have no value."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_DEFLATE_PARAMETER_MISSING] = {
    .name = "deflate-parameter-missing",
    .section = "RFC 7692 §7.1",
    .text = N_ ("The server accepted permessage-deflate without a parameter that the offer "
                "asked of it."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_DEFLATE_PARAMETER_NOT_OFFERED] = {
    .name = "deflate-parameter-not-offered",
    .section = "RFC 7692 §7.1.2.2",
    .text = N_ ("The server limits the client's window with client_max_window_bits, but the "
                "client did not offer that."),
    HANDSHAKE_ERROR,
  },
  [DUPLEX_FINDING_DEFLATE_WINDOW_TOO_LARGE] = {
    .name = "deflate-window-too-large",
    .section = "RFC 7692 §7.1.2",
    .text = N_ ("The server answered with a larger compression window than the client "
                "offered."),
    HANDSHAKE_ERROR,
  },

  /* RFC 7692 names no code. 1007 is for data that is not what its type says, and other endpoints
   * use it here. */
  [DUPLEX_FINDING_DEFLATE_CORRUPT] = {
    .name = "deflate-corrupt",
    .section = "RFC 7692 §7.2.2",
    .text = N_ ("The compressed data of this message is damaged and cannot be inflated from "
                "this byte on."),
    INVALID_DATA,
  },
  [DUPLEX_FINDING_INFLATED_TOO_BIG] = {
    .name = "inflated-too-big",
    .section = "RFC 7692 §8",
    .text = N_ ("Inflated, the message is larger than the limit that is set here, so it is "
                "refused."),
    TOO_BIG,
  },
  [DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED] = {
    .name = "compressed-bit-misplaced",
    .section = "RFC 7692 §6",
    .text = N_ ("RSV1 marks a compressed message and may be set only on its first frame, not on "
                "a continuation or a control frame."),
    PROTOCOL_ERROR,
  },

  /* Unicode's annex on source code and UTS #39 name them: a text that does not say what it shows.
   */
  [DUPLEX_FINDING_TEXT_UNSAFE] = {
    .name = "text-unsafe",
    .section = "RFC 6455 §8.1",
    .text = N_ ("The text is valid, but from this byte on it has control characters or overrides "
                "of the writing direction, which can hide what it says. They are shown escaped."),
    NOTE,
  },
  [DUPLEX_FINDING_PONG_MISSING] = {
    .name = "pong-missing",
    .section = "RFC 6455 §5.5.2",
    .text = N_ ("As many pings in a row as were allowed went unanswered, so the connection was "
                "given up."),
    WARNING,
  },
};

/* A capture may hold the number of a finding that a later version added. */
static const Entry unknown_entry = {
  .name = "unknown",
  .section = "",
  .text = N_ ("This finding was recorded by a later version of Duplex and is not known here."),
  NOTE,
};

static const Entry *
get_entry (DuplexFindingId id)
{
  return (guint)id < DUPLEX_N_FINDINGS ? &entries[id] : &unknown_entry;
}

DuplexSeverity
duplex_finding_get_severity (DuplexFindingId id)
{
  return get_entry (id)->severity;
}

const char *
duplex_finding_get_name (DuplexFindingId id)
{
  return get_entry (id)->name;
}

const char *
duplex_finding_get_section (DuplexFindingId id)
{
  return get_entry (id)->section;
}

const char *
duplex_finding_get_text (DuplexFindingId id)
{
  return get_entry (id)->text;
}

guint16
duplex_finding_get_close_code (DuplexFindingId id)
{
  return get_entry (id)->close_code;
}
