/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How a session connects beyond what its profile says: limits in time and size, other ways to the
 * server, a certificate of ours. A plain value that its session owns; what it says holds from the
 * next connection on. */

#include "core/io/duplex-dialer.h"
#include "core/model/duplex-profile.h"

G_BEGIN_DECLS

typedef struct
{
  char *ca_file;         /* PEM file of authorities to trust instead of the system's, or NULL */
  guint connect_timeout; /* seconds from the first DNS query to the end of the upgrade */
  guint close_timeout;   /* seconds from asking for our Close to the end of TCP */
  gsize fragment;        /* most payload bytes of a data frame that is sent; 0, the default: any,
                            and DUPLEX_LIMIT_FRAGMENT for files */
  guint64 max_message;   /* bytes of a message that is received, on the wire and inflated, at most
                            G_MAXINT32 with echo; 0, the default: DUPLEX_LIMIT_MESSAGE,
                            DUPLEX_LIMIT_INFLATED and DUPLEX_LIMIT_INFLATE_RATIO */
  gsize   max_waiting;   /* bytes that may wait to be sent */
  guint64 max_unread;    /* bytes of events that the capture may hold before reading pauses, for
                            who drops them as they are read; 0, the default: any */
  gboolean echo;         /* every message that is received is sent back, type kept */

  /* of the functions below */
  char            *proxy;       /* or NULL: what the system says */
  GPtrArray       *resolve;     /* of an address that stands for a host and port */
  GTlsCertificate *certificate; /* of ours, or NULL */
} DuplexSessionOptions;

/* All defaults are in duplex-limits.h. */
DuplexSessionOptions *duplex_session_options_new (void);
void                  duplex_session_options_free (DuplexSessionOptions *self);

/* "http://HOST:PORT", "socks5://USER:PASSWORD@HOST:PORT": the proxy to dial through. Fails with
 * DUPLEX_ERROR_INVALID_ARGUMENT for another scheme (http, socks4, socks4a, socks5, socks) or no
 * host. */
gboolean duplex_session_options_set_proxy (DuplexSessionOptions *self,
                                           const char           *url,
                                           GError              **error);

/* "HOST:PORT:ADDRESS": dial this IP address where a URL names that host and port; the request and
 * the certificate still name the host. IPv6 addresses may stand in brackets. May be called many
 * times; of the same host and port the last holds. Fails with DUPLEX_ERROR_INVALID_ARGUMENT. */
gboolean duplex_session_options_add_resolve (DuplexSessionOptions *self,
                                             const char           *text,
                                             GError              **error);

/* The PEM files of a certificate with which the server may know us, and its private key; key_file
 * may be NULL where both are in one file. Read at once; fails with DUPLEX_ERROR_INVALID_ARGUMENT,
 * naming the file. */
gboolean duplex_session_options_set_certificate (DuplexSessionOptions *self,
                                                 const char           *certificate_file,
                                                 const char           *key_file,
                                                 GError              **error);

/* What a connection for profile is dialled with. trusted is the fingerprint of a certificate that
 * is accepted besides, or NULL for the profile's. "demo:/PATH" starts the built-in server. Fails as
 * duplex_session_connect() does. */
DuplexDialSettings *duplex_session_options_build (const DuplexSessionOptions *self,
                                                  DuplexProfile              *profile,
                                                  const char                 *trusted,
                                                  GError                    **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexSessionOptions, duplex_session_options_free)

G_END_DECLS
