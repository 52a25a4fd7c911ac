/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A WebSocket URL taken apart: RFC 6455 §3. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char    *text;        /* as it was given, without a password */
  gboolean tls;         /* wss */
  char    *host;        /* a name in ASCII (RFC 5890); an IPv6 address without its brackets */
  guint16  port;        /* 80 or 443 where the URL names none */
  char    *host_field;  /* value of the Host header: brackets, the port unless default, no zone */
  char    *target;      /* path and query as the request line carries them, at least "/" */
  char    *credentials; /* "user:password", percent-decoded, or NULL */
} DuplexUrl;

/* NULL and DUPLEX_ERROR_INVALID_URL for what §3 does not allow: another scheme, no host, a
 * fragment; the message says which. White space around text is ignored. */
DuplexUrl *duplex_url_parse (const char *text,
                             GError    **error);
void       duplex_url_free (DuplexUrl *self);

/* "demo:/PATH" stands for the built-in demo server, whose port is not known before it runs. Returns
 * the path ("/echo"), borrowed from text, or NULL where text is something else. */
const char *duplex_url_get_demo_path (const char *text);

/* Whether a profile may hold text: a URL that parses, or one of the demo server. */
gboolean duplex_url_check (const char *text,
                           GError    **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexUrl, duplex_url_free)

G_END_DECLS
