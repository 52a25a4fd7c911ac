/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/io/duplex-leg.h"

/* GOutputVector has the layout of struct iovec, on which GSocket relies as well. */
G_STATIC_ASSERT (sizeof (GOutputVector) == sizeof (struct iovec));
G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, buffer) ==
                 G_STRUCT_OFFSET (struct iovec, iov_base));
G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, size) == G_STRUCT_OFFSET (struct iovec, iov_len));

typedef struct
{
  DuplexLeg   leg;
  DuplexWatch watch;

  /* owned */
  int fd;

  /* borrowed */
  DuplexPoller *poller;

  /* state: what the last call showed spares one that would block */
  gboolean drained; /* nothing is left to read until the poller says so */
  gboolean filled;  /* nor room to write */
  gboolean hung_up; /* the peer's end may stand behind what is read */
} SocketLeg;

#define SOCKET_LEG(watch_) \
  ((SocketLeg *)((guint8 *)(watch_)-G_STRUCT_OFFSET (SocketLeg, watch)))

static DuplexLegResult
judge (gssize    n,
       gsize     asked,
       gboolean *blocks,
       gsize    *ret_len)
{
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    {
      *blocks = TRUE;
      return DUPLEX_LEG_WOULD_BLOCK;
    }
  if (n <= 0)
    return DUPLEX_LEG_ENDED;
  *blocks = (gsize)n < asked;
  *ret_len = (gsize)n;
  return DUPLEX_LEG_OK;
}

static DuplexLegResult
socket_leg_read (DuplexLeg *leg,
                 guint8    *data,
                 gsize      size,
                 gsize     *ret_len)
{
  SocketLeg *self = (SocketLeg *)leg;
  gssize     n;

  if (self->drained && !self->hung_up)
    return DUPLEX_LEG_WOULD_BLOCK;
  do
    n = recv (self->fd, data, size, 0);
  while (n < 0 && errno == EINTR);
  return judge (n, size, &self->drained, ret_len);
}

static DuplexLegResult
socket_leg_write (DuplexLeg           *leg,
                  const GOutputVector *spans,
                  guint                n_spans,
                  gsize               *ret_len)
{
  SocketLeg    *self = (SocketLeg *)leg;
  struct msghdr message = { .msg_iov = (struct iovec *)spans, .msg_iovlen = n_spans };
  gsize         size = 0;
  gssize        n;

  if (self->filled)
    return DUPLEX_LEG_WOULD_BLOCK;
  for (guint i = 0; i < n_spans; i++)
    size += spans[i].size;
  do
    n = n_spans == 1 ? send (self->fd, spans->buffer, spans->size, MSG_NOSIGNAL)
                     : sendmsg (self->fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return judge (n, size, &self->filled, ret_len);
}

static void
socket_leg_again (DuplexLeg *leg)
{
  SocketLeg *self = (SocketLeg *)leg;

  duplex_poller_again (self->poller, &self->watch);
}

static void
socket_leg_look (DuplexLeg        *leg,
                 DuplexSocketLook *ret_look)
{
  duplex_socket_look (((SocketLeg *)leg)->fd, ret_look);
}

static void
socket_leg_shutdown (DuplexLeg *leg)
{
  shutdown (((SocketLeg *)leg)->fd, SHUT_WR);
}

static void
socket_leg_free (DuplexLeg *leg)
{
  SocketLeg *self = (SocketLeg *)leg;

  duplex_poller_unwatch (self->poller, &self->watch);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

static void
watch_cb (DuplexWatch *watch,
          GIOCondition conditions)
{
  SocketLeg *self = SOCKET_LEG (watch);

  if (conditions & G_IO_IN)
    self->drained = FALSE;
  if (conditions & G_IO_OUT)
    self->filled = FALSE;
  if (conditions & G_IO_HUP)
    self->hung_up = TRUE;
  if (self->hung_up)
    conditions |= G_IO_HUP;
  if (self->leg.ready != NULL)
    self->leg.ready (&self->leg, conditions, self->leg.user_data);
}

DuplexLeg *
duplex_leg_new_socket (DuplexPoller *poller,
                       int           fd)
{
  static const DuplexLegClass class = {
    .read = socket_leg_read,
    .write = socket_leg_write,
    .again = socket_leg_again,
    .look = socket_leg_look,
    .shutdown = socket_leg_shutdown,
    .free = socket_leg_free,
  };
  SocketLeg *self;

  g_return_val_if_fail (poller != NULL, NULL);

  self = g_new0 (SocketLeg, 1);
  self->leg.class = &class;
  self->leg.watch = &self->watch;
  self->watch.func = watch_cb;
  self->poller = poller;
  self->fd = fd;
  /* Nobody would hear of it again: reading it fails then. */
  if (fd >= 0 && !duplex_poller_watch (poller, &self->watch, fd))
    {
      close (fd);
      self->fd = -1;
    }
  return &self->leg;
}
