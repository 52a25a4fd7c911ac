/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How duplex-cli ends, and what it says on standard error. */

#include <glib.h>

G_BEGIN_DECLS

/* Scripts depend on these. */
typedef enum {
  DUPLEX_CLI_OK = 0,       /* closed normally: 1000, 1001, 1005 */
  DUPLEX_CLI_USAGE = 1,    /* a bad option, a file that cannot be used */
  DUPLEX_CLI_CONNECT = 2,  /* name, TCP, proxy, TLS, time */
  DUPLEX_CLI_REFUSED = 3,  /* the HTTP upgrade */
  DUPLEX_CLI_PROTOCOL = 4, /* the server broke the protocol */
  DUPLEX_CLI_CLOSED = 5,   /* with any other code, or without a Close */
  DUPLEX_CLI_ASSERTION = 6 /* --count was not reached */
} DuplexCliStatus;

/* One line: "duplex-cli: " and the text. */
void duplex_cli_complain (const char *format,
                          ...) G_GNUC_PRINTF (1, 2);

/* Sets error to DUPLEX_ERROR_INVALID_ARGUMENT with that text, and returns FALSE. */
gboolean duplex_cli_refuse (GError    **error,
                            const char *format,
                            ...) G_GNUC_PRINTF (2, 3);

/* The status of an error of DUPLEX_ERROR or GIO's. was_open: of an open connection that broke. */
DuplexCliStatus duplex_cli_status_of_error (const GError *error,
                                            gboolean      was_open);
DuplexCliStatus duplex_cli_status_of_code (guint16 close_code);

G_END_DECLS
