/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The descriptors and deadlines of many connections on one thread: one epoll set and one heap
 * behind one GSource, on the context that is thread default. GLib's own poll looks at each
 * descriptor and each source in every turn, which ten thousand connections cannot afford.
 *
 * Edges, not levels: func is called when something became possible, and then not again until it was
 * tried up to "would block". Whoever stops before that asks to be called again. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexPoller DuplexPoller;

typedef struct _DuplexWatch    DuplexWatch;
typedef struct _DuplexDeadline DuplexDeadline;

/* conditions: G_IO_IN (bytes, or their end), G_IO_OUT, G_IO_HUP (the peer's end of the stream has
 * come, maybe behind bytes that are unread); 0 where only duplex_poller_again() asked for it. Any
 * watch may be removed within the call, and the memory of it given back. */
typedef void (*DuplexWatchFunc) (DuplexWatch *watch,
                                 GIOCondition conditions);
/* The deadline is not set any more. */
typedef void (*DuplexDeadlineFunc) (DuplexDeadline *deadline);

/* Within a struct of their owner's, who fills in func, and leaves the rest at zero. */
struct _DuplexWatch
{
  DuplexWatchFunc func;
  gboolean        brief; /* func leaves the sources of the context alone, attaches none and changes
                            none, so that it can be called without a turn of the context */

  /* private */
  DuplexWatch *next; /* on the list of those who asked to be called again */
  int          fd;
  gboolean     watched;
  gboolean     listed;
};

struct _DuplexDeadline
{
  DuplexDeadlineFunc func;

  /* private */
  gint64 due;   /* monotonic µs */
  guint  place; /* in the heap, from 1; 0: not set */
};

DuplexPoller *duplex_poller_new (void);
/* Nothing is watched any more, and no deadline set. The thread that made it. */
void duplex_poller_free (DuplexPoller *self);

/* fd stays the caller's. FALSE where the system watches no more; func is never called then, but for
 * duplex_poller_again(). */
gboolean duplex_poller_watch (DuplexPoller *self,
                              DuplexWatch  *watch,
                              int           fd);
/* Before fd is closed. Does nothing where it is not watched. */
void duplex_poller_unwatch (DuplexPoller *self,
                            DuplexWatch  *watch);
/* func is called once more, with 0, when others have had their turn. */
void duplex_poller_again (DuplexPoller *self,
                          DuplexWatch  *watch);

/* Monotonic, in µs: when the set was looked at last, so that within a call it is about now, and
 * asking costs nothing. */
gint64 duplex_poller_get_time (DuplexPoller *self);

/* Sets it, or moves it; due is monotonic, in µs. Clearing one that is not set does nothing. */
void     duplex_poller_set_deadline (DuplexPoller   *self,
                                     DuplexDeadline *deadline,
                                     gint64          due);
void     duplex_poller_clear_deadline (DuplexPoller   *self,
                                       DuplexDeadline *deadline);
gboolean duplex_deadline_is_set (const DuplexDeadline *deadline);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexPoller, duplex_poller_free)

G_END_DECLS
