/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Puts the frames of a message together, for whoever wants whole messages. One thread. */

#include "core/io/duplex-analyzer.h"

G_BEGIN_DECLS

typedef struct _DuplexAssembler DuplexAssembler;

DuplexAssembler *duplex_assembler_new (void);
void             duplex_assembler_free (DuplexAssembler *self);

/* A data frame is complete. Returns the payload of its message, inflated, where that is complete
 * too, without a copy where it is a single frame that has an owner; else NULL. */
GBytes *duplex_assembler_add (DuplexAssembler       *self,
                              const DuplexSeenFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexAssembler, duplex_assembler_free)

G_END_DECLS
