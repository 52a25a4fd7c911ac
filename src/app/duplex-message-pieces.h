/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a text view shows of a long message: some pieces of its text, one behind the other, which
 * move over it. Pieces are added at the end or put before the beginning; then others go at the
 * opposite end, so that the view stays quick and small. */

#include <gtk/gtk.h>

#include "app/duplex-message-text.h"

G_BEGIN_DECLS

/* Pieces that are there at most: 1.5 MiB of text, which the view throws away in 40 ms. */
#define DUPLEX_MESSAGE_PIECES_MAX 12

typedef struct _DuplexMessagePieces DuplexMessagePieces;

/* view, a GtkSourceView, is borrowed and must live as long. */
DuplexMessagePieces *duplex_message_pieces_new (GtkTextView *view);
void                 duplex_message_pieces_free (DuplexMessagePieces *self);

/* Pieces are counted from the beginning of the message: those from first up to end are there. */
guint duplex_message_pieces_get_first (DuplexMessagePieces *self);
guint duplex_message_pieces_get_end (DuplexMessagePieces *self);

/* Where a piece begins, which is there or joins those that are: borrowed. */
const DuplexMessagePlace *duplex_message_pieces_get_place (DuplexMessagePieces *self,
                                                           guint                piece);

/* Shows text, from its beginning, instead of what is there. */
void duplex_message_pieces_begin (DuplexMessagePieces     *self,
                                  const DuplexMessageText *text);

/* Shows text as piece number so of the same message, which is the one before or behind those that
 * are there. */
void duplex_message_pieces_add (DuplexMessagePieces     *self,
                                guint                    piece,
                                const DuplexMessageText *text);

/* TRUE where the last piece of the message is there. */
gboolean duplex_message_pieces_has_end (DuplexMessagePieces *self);

/* TRUE where lines were broken in what was shown. */
gboolean duplex_message_pieces_is_broken (DuplexMessagePieces *self);

void duplex_message_pieces_set_dark (DuplexMessagePieces *self,
                                     gboolean             dark);

G_END_DECLS
