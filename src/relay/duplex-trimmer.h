/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Gives memory back to the system after a crowd has gone. malloc keeps what was freed between what
 * is in use, of each thread by itself: of 4,000 connections that have ended 6 MB that way. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexTrimmer DuplexTrimmer;

/* n_open: how many connections there are; borrowed for life, read atomically. Works on the
 * thread-default context of its maker, and needs no turn of that while there are few. */
DuplexTrimmer *duplex_trimmer_new (const guint *n_open);
void           duplex_trimmer_free (DuplexTrimmer *self);

/* There is a connection more. */
void duplex_trimmer_note (DuplexTrimmer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexTrimmer, duplex_trimmer_free)

G_END_DECLS
