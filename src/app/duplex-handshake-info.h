/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* All that a capture knows of one opening handshake, gathered from its events. A plain value. */

#include "core/model/duplex-capture.h"
#include "core/proto/duplex-deflate-params.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_HANDSHAKE_RUNNING,
  DUPLEX_HANDSHAKE_DONE,
  DUPLEX_HANDSHAKE_FAILED,
} DuplexHandshakeOutcome;

typedef struct
{
  guint64                number; /* of its CONNECTING event */
  DuplexHandshakeOutcome outcome;
  char                  *url;
  char                  *tls;         /* "TLS 1.3, …", or NULL without TLS */
  char                  *failure;     /* a translated sentence, with FAILED */
  gint64                 start_us;    /* as g_get_real_time() */
  gint64                 duration_us; /* up to now, or to its end */
  guint                  status;      /* of HTTP, or 0 */
  GBytes                *request;     /* raw, or NULL where it did not come to that */
  GBytes                *response;
  GBytes                *body;     /* the beginning of a refusal's */
  GArray                *findings; /* DuplexFinding */
  gboolean               offers_deflate;
  DuplexDeflateAgreement deflate; /* with DONE */
} DuplexHandshakeInfo;

/* The last handshake that began at or before event number; NULL where there is none.  Pass
 * G_MAXUINT64 for the latest. */
DuplexHandshakeInfo *duplex_handshake_info_new (DuplexCapture *capture,
                                                guint64        number);
void                 duplex_handshake_info_free (DuplexHandshakeInfo *self);

/* What was agreed on about compression, in words, a line for each direction. */
char *duplex_handshake_info_dup_compression (const DuplexHandshakeInfo *self);

/* A head or body to be shown: line ends become line feeds, all else that is invisible is spelled
 * out. */
char *duplex_handshake_info_dup_readable (GBytes *bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexHandshakeInfo, duplex_handshake_info_free)

G_END_DECLS
