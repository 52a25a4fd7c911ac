/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The payload of a row, inflated where it was compressed, read from its capture a piece at a time,
 * wherever it stands there: a message of any size, in any number of frames, costs the memory of the
 * piece. Counted; any thread. */

#include "app/duplex-hex-bytes.h"
#include "core/model/duplex-capture.h"
#include "core/model/duplex-payload-pieces.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

typedef struct _DuplexMessageBytes DuplexMessageBytes;

/* Reads nothing yet. */
DuplexMessageBytes *duplex_message_bytes_new (DuplexRow *row);
DuplexMessageBytes *duplex_message_bytes_ref (DuplexMessageBytes *self);
void                duplex_message_bytes_unref (DuplexMessageBytes *self);

/* Copies up to size bytes from offset on, and returns how many: fewer where the payload ends, or
 * where what follows is not in the capture any more. To come to an offset for the first time it
 * goes through the frames before it. */
gsize duplex_message_bytes_read (DuplexMessageBytes *self,
                                 guint64             offset,
                                 guint8             *buffer,
                                 gsize               size);

/* The same as bytes. */
GBytes *duplex_message_bytes_dup (DuplexMessageBytes *self,
                                  guint64             offset,
                                  gsize               size);

/* Whether that payload is text: that of a text message is not where it could not be inflated. */
gboolean duplex_message_bytes_is_text (DuplexRow *row);

/* Bytes that the row says it has. */
guint64 duplex_message_bytes_get_size (DuplexMessageBytes *self);

/* Bytes that are there: goes through all frames, which may take long, and makes all reading
 * after it quick. */
guint64 duplex_message_bytes_measure (DuplexMessageBytes *self);

/* Bytes of one event's payload that are there, of a file that was cut short. */
guint64 duplex_message_bytes_measure_event (DuplexCapture     *capture,
                                            const DuplexEvent *event,
                                            DuplexPayload      which);

typedef gboolean (*DuplexMessageBytesFunc) (const guint8 *data,
                                            gsize         size,
                                            gpointer      user_data);

/* Calls func for one piece after the other, of bounded size, until it returns FALSE or the payload
 * ends. Returns the frames that were there as a whole, of duplex_row_get_n_frames(). */
guint64 duplex_message_bytes_walk (DuplexMessageBytes    *self,
                                   DuplexMessageBytesFunc func,
                                   gpointer               user_data);

/* The first size of them for a hex view, which reads as it is scrolled: they have been measured. */
DuplexHexBytes *duplex_message_bytes_to_hex (DuplexMessageBytes *self,
                                             guint64             size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexMessageBytes, duplex_message_bytes_unref)

G_END_DECLS
