/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How a relayed connection came to be, as events of a capture: taken from what the worker knows,
 * which is gone soon, and appended by the thread that records. */

#include "relay/duplex-recorder.h"

G_BEGIN_DECLS

typedef struct _DuplexRecordOpening DuplexRecordOpening;

/* known is read during the call. is_refused: the client got no WebSocket, and the events end with
 * why. */
DuplexRecordOpening *duplex_record_opening_new (const DuplexRecordedOpening *known,
                                                gboolean                     is_refused);
void                 duplex_record_opening_free (DuplexRecordOpening *self);

/* Whether a backend was dialled, and has a leg; and whether that leg is open. */
gboolean duplex_record_opening_has_backend (DuplexRecordOpening *self);
gboolean duplex_record_opening_is_open (DuplexRecordOpening *self);

/* Appends the events of all legs to capture, with the numbers of their connections. */
void duplex_record_opening_append (DuplexRecordOpening *self,
                                   DuplexCapture       *capture,
                                   guint32              client,
                                   guint32              backend);

/* Bytes of its events, about. */
gsize duplex_record_opening_get_size (DuplexRecordOpening *self);

const DuplexDeflateAgreement *duplex_record_opening_get_deflate (DuplexRecordOpening *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexRecordOpening, duplex_record_opening_free)

G_END_DECLS
