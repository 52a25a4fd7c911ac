/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The text of a row of a capture, wherever it is: in the event that ends the row, in the fragments
 * before, in the file. Private to core/model. */

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

/* One row while it is looked at. */
typedef struct
{
  DuplexCapture     *capture; /* borrowed, as all but text */
  const DuplexEvent *event;   /* that ends the row */
  const gint        *stop;    /* or NULL; not 0 when the answer is not wanted any more */
  GByteArray        *text;    /* what was gathered, or NULL */
} DuplexFilterRow;

#define DUPLEX_FILTER_ROW_INIT(capture, event, stop) \
  {                                                  \
    (capture), (event), (stop), NULL                 \
  }

void duplex_filter_row_clear (DuplexFilterRow *self);

/* TRUE where the row is a message of several events. */
gboolean duplex_filter_row_is_in_parts (const DuplexFilterRow *self);

/* TRUE where event is one of those, or the one that ends the row. */
gboolean duplex_filter_row_has_event (const DuplexFilterRow *self,
                                      const DuplexEvent     *event);

/* The row's text where it stands in memory in one piece: the payload, inflated where it was
 * compressed and could be inflated; of a Close frame the reason. FALSE where it has to be
 * gathered. */
gboolean duplex_filter_row_borrow_text (const DuplexFilterRow *self,
                                        const guint8         **ret_data,
                                        gsize                 *ret_size);

/* The same of any row, at most DUPLEX_LIMIT_FILTER_TEXT bytes of it. Valid until the row is
 * cleared. */
void duplex_filter_row_get_text (DuplexFilterRow *self,
                                 const guint8   **ret_data,
                                 gsize           *ret_size);

/* Returns TRUE to end the search. */
typedef gboolean (*DuplexFilterPieceFunc) (const guint8 *data,
                                           gsize         size,
                                           gpointer      user_data);

/* Calls func for pieces of the row's text that overlap by so many bytes, to its end. Returns
 * whether func ended the search. */
gboolean duplex_filter_row_search (const DuplexFilterRow *self,
                                   gsize                  overlap,
                                   DuplexFilterPieceFunc  func,
                                   gpointer               user_data);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DuplexFilterRow, duplex_filter_row_clear)

G_END_DECLS
