/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The incoming side of a connection: reads the stream as bytes arrive, for a few milliseconds
 * before the main loop turns, so that a flood starves no timer and no order. One thread, whose
 * thread-default context gets the sources. */

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  void (*bytes) (const guint8 *data, gsize len, gpointer user_data);
  /* The end of the stream; error is NULL for an orderly one. Nothing comes after it. */
  void (*end) (const GError *error, gpointer user_data);
} DuplexInboxCallbacks;

typedef struct _DuplexInbox DuplexInbox;

/* leftover, may be NULL, are bytes that came before and are handed out first. Begins when the main
 * loop turns. The callbacks may stop the inbox; user_data must outlive a call. */
DuplexInbox *duplex_inbox_new (GPollableInputStream       *stream,
                               GBytes                     *leftover,
                               const DuplexInboxCallbacks *callbacks,
                               gpointer                    user_data);
void         duplex_inbox_free (DuplexInbox *self);

/* Nothing is read or reported while it is paused. Resuming reports from the main loop on. */
void duplex_inbox_set_paused (DuplexInbox *self,
                              gboolean     paused);

/* Nothing is read or reported any more. */
void duplex_inbox_stop (DuplexInbox *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexInbox, duplex_inbox_free)

G_END_DECLS
