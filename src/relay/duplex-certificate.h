/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The relay's own certificate. */

#include "core/io/duplex-tls-credentials.h"

G_BEGIN_DECLS

/* From PEM files; the first may hold the chain behind the certificate. The message of an error
 * names the file. */
DuplexTlsCredentials *duplex_certificate_load (const char *certificate_file,
                                               const char *key_file,
                                               GError    **error);

G_END_DECLS
