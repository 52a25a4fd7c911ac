/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The one error domain of Duplex. Codes are for programs and tests; the message names what failed
 * and the value that was seen, in English and without a trailing period. Programs that talk to a
 * person translate the code and show the message as its detail. */

#include <glib.h>

G_BEGIN_DECLS

#define DUPLEX_ERROR (duplex_error_quark ())

/* The numbers are recorded in captures: append, never renumber. */
typedef enum {
  DUPLEX_ERROR_FAILED = 0,        /* nothing more specific is known */
  DUPLEX_ERROR_INVALID_URL,       /* not a ws:// or wss:// URL that RFC 6455 §3 allows */
  DUPLEX_ERROR_INVALID_ARGUMENT,  /* a header, subprotocol, close code... that may not be sent */
  DUPLEX_ERROR_CANCELLED,         /* the user gave up */
  DUPLEX_ERROR_RESOLVE,           /* the host name has no address */
  DUPLEX_ERROR_CONNECT,           /* TCP: refused, unreachable, reset */
  DUPLEX_ERROR_PROXY,             /* the proxy failed or refused */
  DUPLEX_ERROR_TLS,               /* the TLS handshake failed for another reason than the next */
  DUPLEX_ERROR_TLS_CERTIFICATE,   /* the server's certificate was not accepted */
  DUPLEX_ERROR_TIMEOUT,           /* a deadline of ours passed */
  DUPLEX_ERROR_HANDSHAKE_REFUSED, /* a well-formed HTTP response other than 101 */
  DUPLEX_ERROR_HANDSHAKE_INVALID, /* not HTTP, or a 101 that RFC 6455 §4.1 tells us to fail */
  DUPLEX_ERROR_PROTOCOL,          /* a frame that broke the protocol */
  DUPLEX_ERROR_CONNECTION_LOST,   /* the connection ended without a close handshake */
  DUPLEX_ERROR_CLOSED,            /* the operation needs an open connection */
  DUPLEX_ERROR_QUEUE_FULL,        /* the outgoing queue has reached its bound */
  DUPLEX_ERROR_TOO_BIG,           /* a limit was passed: of duplex-limits.h, or a relay's */
  DUPLEX_ERROR_SYNTAX,            /* a file or text of the user does not parse, and where */
  DUPLEX_ERROR_NEWER_VERSION,     /* a file was written by a later Duplex */
  DUPLEX_ERROR_IO,                /* reading or writing a file failed */
} DuplexErrorCode;

GQuark duplex_error_quark (void);

G_END_DECLS
