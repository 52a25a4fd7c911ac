/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Compression in words: pure functions that give translated texts, to be freed. */

#include <glib.h>

#include "core/model/duplex-row.h"
#include "core/proto/duplex-deflate-params.h"

G_BEGIN_DECLS

/* Of 8 to 15 bits what they mean: "256 bytes", "32 KiB". */
char *duplex_deflate_words_dup_window (guint bits);

/* What holds for the messages of one direction: "window of 32 KiB, kept from message to
 * message". */
char *duplex_deflate_words_dup_direction (const DuplexDeflateDirection *direction);

/* The agreement of a connection, a line for each direction; NULL where there is none. */
char *duplex_deflate_words_dup_agreement (const DuplexDeflateAgreement *agreement);

/* "4.1:1", or "–" where nothing was compressed. */
char *duplex_deflate_words_dup_ratio (guint64 inflated,
                                      guint64 compressed);

/* A size and what it took on the wire: "480 bytes, 120 bytes on the wire". */
char *duplex_deflate_words_dup_sizes (guint64 inflated,
                                      guint64 compressed);

/* The size of a row, as above where it was compressed. */
char *duplex_deflate_words_dup_row_size (DuplexRow *row);

G_END_DECLS
