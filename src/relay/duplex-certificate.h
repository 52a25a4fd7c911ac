/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The relay's own certificate. */

#include <gio/gio.h>

G_BEGIN_DECLS

/* From PEM files; the first may hold the chain behind the certificate. The two are tried on each
 * other, since GIO would take a key of another certificate, and each client would fail. The message
 * of an error names the file. */
GTlsCertificate *duplex_certificate_load (const char *certificate_file,
                                          const char *key_file,
                                          GError    **error);

G_END_DECLS
