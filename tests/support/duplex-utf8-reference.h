/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* UTF-8 by its definition and nothing else: slow, and with no table or step in common with what it
 * is there to check. */

#include "core/proto/duplex-utf8.h"

G_BEGIN_DECLS

/* What is to be said of a text, or of the part of it that has come. */
typedef struct
{
  gsize   valid;        /* bytes in front of the first that nothing can make valid, or all */
  gsize   open;         /* where the character begins that has no end there, or valid */
  guint64 first_unsafe; /* where that character begins, or DUPLEX_UTF8_ALL_SAFE */
} DuplexUtf8Reference;

DuplexUtf8Reference duplex_utf8_reference (const guint8 *data,
                                           gsize         len);

G_END_DECLS
