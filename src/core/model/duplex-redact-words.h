/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* By which names and values a secret is known, however they are percent-encoded: the words of
 * duplex-redact-url.h's rule. Pure functions. */

#include <glib.h>

G_BEGIN_DECLS

/* One round of percent-decoding, as a form is read: "+" is a space. Where each byte began in text
 * goes to places (of gsize), which may be NULL. To be freed, like all that follow. */
GString *duplex_redact_decode (const char *text,
                               gsize       len,
                               GArray     *places);
/* As many rounds as there are escapes for, or 8. */
GString *duplex_redact_decode_often (const char *text,
                                     gsize       len);
/* The same, but NULL where a percent sign is left: that cannot be understood. */
GString *duplex_redact_decode_wholly (const char *text,
                                      gsize       len);

/* Whether the value of such a field of a head, or member of a profile, is a secret. */
gboolean duplex_redact_is_secret_field (const char *name,
                                        gsize       len);

/* What a program would call a parameter. */
gboolean duplex_redact_is_plain_name (const char *name,
                                      gsize       len);
/* Whether the value of such a parameter is a secret, or may be, since the name cannot be
 * understood. */
gboolean duplex_redact_is_secret_name (const char *name,
                                       gsize       len);
/* Whatever its name: base64 of JSON, which tokens begin with (RFC 7519 §3.1) and which fields of a
 * head are sent as, or JSON that speaks of secrets. */
gboolean duplex_redact_is_secret_value (const char *value,
                                        gsize       len);

G_END_DECLS
