/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The texts that were sent, for walking back and forth through them like in a shell. What was being
 * typed when the walk began is kept and comes back at its end. A plain value without a widget. */

#include <glib.h>

G_BEGIN_DECLS

/* Texts that are remembered, and the bytes of the longest: a long paste is not worth keeping. */
#define DUPLEX_SEND_HISTORY_ITEMS 100
#define DUPLEX_SEND_HISTORY_BYTES ((gsize)64 * 1024)

typedef struct _DuplexSendHistory DuplexSendHistory;

DuplexSendHistory *duplex_send_history_new (void);
void               duplex_send_history_free (DuplexSendHistory *self);

/* text was sent. Ends the walk. The same text twice in a row is kept once. */
void duplex_send_history_add (DuplexSendHistory *self,
                              const char        *text);

/* One step back: an older text, or NULL where there is none. current is what stands in the entry;
 * it is kept where the walk begins. Borrowed until the next call. */
const char *duplex_send_history_back (DuplexSendHistory *self,
                                      const char        *current);

/* One step forth: a newer text, then what was kept. NULL where no walk is under way. */
const char *duplex_send_history_forth (DuplexSendHistory *self);

/* What the person edits is a text of its own: the walk ends. */
void duplex_send_history_leave (DuplexSendHistory *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexSendHistory, duplex_send_history_free)

G_END_DECLS
