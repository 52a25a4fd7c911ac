/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A thread with a main context of its own, pushed as its thread default for life: sockets are used
 * there and nowhere else, so a flood on the wire never delays a frame of the window. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexIoThread DuplexIoThread;

DuplexIoThread *duplex_io_thread_new (const char *name);
/* The same for a program without a window, to which nothing else has precedence. */
DuplexIoThread *duplex_io_thread_new_foremost (const char *name);
/* Ends the main loop, runs what was already due and joins. Never from the thread itself. */
void duplex_io_thread_free (DuplexIoThread *self);

/* The one that all sessions of the process share. It is never freed. */
DuplexIoThread *duplex_io_thread_get_default (void);

GMainContext *duplex_io_thread_get_context (DuplexIoThread *self);

/* Runs func (data) once on the thread, in the order of the calls, and then destroy (data) there. */
void duplex_io_thread_invoke (DuplexIoThread *self,
                              GSourceOnceFunc func,
                              gpointer        data,
                              GDestroyNotify  destroy);

/* Work that must end before the process does, such as a connection that still has to say Close:
 * whoever begins it holds, whoever ends it releases. Any thread. */
void duplex_io_thread_hold (DuplexIoThread *self);
void duplex_io_thread_release (DuplexIoThread *self);

/* Blocks until nothing holds, at most timeout_ms milliseconds. Returns whether nothing holds. */
gboolean duplex_io_thread_wait (DuplexIoThread *self,
                                guint           timeout_ms);

/* Destroys *source and drops the reference, where there is one. */
void duplex_io_clear_source (GSource **source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexIoThread, duplex_io_thread_free)

G_END_DECLS
