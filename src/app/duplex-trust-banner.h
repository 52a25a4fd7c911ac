/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Says across the page that the server's certificate was refused and why, and offers to connect
 * anyway. (libadwaita has AdwBanner from 1.3 on; the floor is 1.2, and it has one button only.) */

#include <gio/gio.h>
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_TRUST_BANNER (duplex_trust_banner_get_type ())
G_DECLARE_FINAL_TYPE (DuplexTrustBanner, duplex_trust_banner, DUPLEX, TRUST_BANNER, GtkWidget)

/* Signals: "trust" (gboolean always): connect anyway, this time or for the profile from now on. The
 * banner is gone then. */

DuplexTrustBanner *duplex_trust_banner_new (void);

/* fingerprint: the certificate's SHA-256 as 64 hex digits, to be compared by the person. */
void     duplex_trust_banner_show (DuplexTrustBanner   *self,
                                   const char          *host,
                                   GTlsCertificateFlags problems,
                                   const char          *fingerprint);
void     duplex_trust_banner_dismiss (DuplexTrustBanner *self);
gboolean duplex_trust_banner_is_shown (DuplexTrustBanner *self);

/* What it says, for tests. */
const char *duplex_trust_banner_get_text (DuplexTrustBanner *self);

G_END_DECLS
