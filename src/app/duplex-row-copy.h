/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A row as text for the clipboard, up to a size that a clipboard can bear. */

#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* Bytes of a message. The clipboard holds a copy, and hands another to whoever pastes. */
#define DUPLEX_ROW_COPY_MAX     ((guint64)64 * 1024 * 1024)
#define DUPLEX_ROW_COPY_HEX_MAX ((guint64)16 * 1024 * 1024)

gboolean duplex_row_copy_fits (DuplexRow *row);
gboolean duplex_row_copy_hex_fits (DuplexRow *row);

/* Text as it came, with what is no UTF-8 and NULs replaced by U+FFFD; the bytes of a binary message
 * in hex; a control frame or state as it reads. NULL where it does not fit. */
char *duplex_row_copy_text (DuplexRow *row);

/* The payload as "48 65 6c", or NULL where it does not fit. */
char *duplex_row_copy_hex (DuplexRow *row);

G_END_DECLS
