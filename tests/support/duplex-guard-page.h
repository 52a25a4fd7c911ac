/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Memory that ends at a page which cannot be read or written, so that a parser that looks one byte
 * past its input dies at once, in every build and without a sanitizer. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexGuardPage DuplexGuardPage;

/* Room for capacity bytes. */
DuplexGuardPage *duplex_guard_page_new (gsize capacity);
void             duplex_guard_page_free (DuplexGuardPage *self);

/* Copies len bytes, at most the capacity, so that the last stands right before the guard. The
 * pointer is valid until the next call. data may be NULL: the bytes are then what was there. */
guint8 *duplex_guard_page_place (DuplexGuardPage *self,
                                 const void      *data,
                                 gsize            len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexGuardPage, duplex_guard_page_free)

G_END_DECLS
