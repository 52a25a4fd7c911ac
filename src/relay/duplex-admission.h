/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The places of upgraded connections: so many in all, and so many from one address, which is what
 * duplex_peer_get_network() says. All functions may be called on any thread. */

#include "relay/duplex-peer.h"

G_BEGIN_DECLS

typedef struct _DuplexAdmission DuplexAdmission;

DuplexAdmission *duplex_admission_new (void);
void             duplex_admission_free (DuplexAdmission *self);

/* Takes a place for peer, whose port does not matter. FALSE where there are max already, or
 * max_per_address from there, 0 for no limit of its own. The limits are those of now: places that
 * were taken under wider ones are kept. */
gboolean duplex_admission_take (DuplexAdmission  *self,
                                const DuplexPeer *peer,
                                guint             max,
                                guint             max_per_address);
void     duplex_admission_release (DuplexAdmission  *self,
                                   const DuplexPeer *peer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexAdmission, duplex_admission_free)

G_END_DECLS
