/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-leg.h"
#include "core/io/duplex-tls-session.h"

typedef struct
{
  DuplexLeg   leg;
  DuplexWatch watch;

  /* owned */
  DuplexTlsSession *session;

  /* borrowed */
  DuplexPoller *poller;

  /* state */
  gboolean watched; /* else nobody would hear of it again: it has ended */
  gboolean hung_up;
} TlsLeg;

#define TLS_LEG(watch_) ((TlsLeg *)((guint8 *)(watch_)-G_STRUCT_OFFSET (TlsLeg, watch)))

static void
tls_leg_again (DuplexLeg *leg)
{
  TlsLeg *self = (TlsLeg *)leg;

  duplex_poller_again (self->poller, &self->watch);
}

static DuplexLegResult
tls_leg_read (DuplexLeg *leg,
              guint8    *data,
              gsize      size,
              gsize     *ret_len)
{
  TlsLeg         *self = (TlsLeg *)leg;
  DuplexLegResult result = DUPLEX_LEG_ENDED;

  if (self->watched)
    result = duplex_tls_session_read (self->session, data, size, ret_len);
  /* The poller would not tell of it. */
  if (result == DUPLEX_LEG_WOULD_BLOCK && duplex_tls_session_has_unread (self->session))
    tls_leg_again (leg);
  return result;
}

static DuplexLegResult
tls_leg_write (DuplexLeg           *leg,
               const GOutputVector *spans,
               guint                n_spans,
               gsize               *ret_len)
{
  TlsLeg *self = (TlsLeg *)leg;

  return self->watched ? duplex_tls_session_write (self->session, spans, n_spans, ret_len)
                       : DUPLEX_LEG_ENDED;
}

static void
tls_leg_look (DuplexLeg        *leg,
              DuplexSocketLook *ret_look)
{
  duplex_socket_look (duplex_tls_session_get_fd (((TlsLeg *)leg)->session), ret_look);
}

static void
tls_leg_shutdown (DuplexLeg *leg)
{
  duplex_tls_session_shutdown (((TlsLeg *)leg)->session);
}

static void
tls_leg_free (DuplexLeg *leg)
{
  TlsLeg *self = (TlsLeg *)leg;

  duplex_poller_unwatch (self->poller, &self->watch);
  duplex_tls_session_free (self->session);
  g_free (self);
}

static void
watch_cb (DuplexWatch *watch,
          GIOCondition conditions)
{
  TlsLeg *self = TLS_LEG (watch);

  duplex_tls_session_tell (self->session, conditions);
  if (conditions & G_IO_HUP)
    self->hung_up = TRUE;
  if (self->hung_up)
    conditions |= G_IO_HUP;
  if (self->leg.ready != NULL)
    self->leg.ready (&self->leg, conditions, self->leg.user_data);
}

DuplexLeg *
duplex_leg_new_tls (DuplexPoller     *poller,
                    DuplexTlsSession *session)
{
  static const DuplexLegClass class = {
    .read = tls_leg_read,
    .write = tls_leg_write,
    .again = tls_leg_again,
    .look = tls_leg_look,
    .shutdown = tls_leg_shutdown,
    .free = tls_leg_free,
  };
  TlsLeg *self;

  g_return_val_if_fail (poller != NULL && session != NULL, NULL);

  self = g_new0 (TlsLeg, 1);
  self->leg.class = &class;
  self->leg.watch = &self->watch;
  self->watch.func = watch_cb;
  self->poller = poller;
  self->session = session;
  self->watched =
    duplex_poller_watch (poller, &self->watch, duplex_tls_session_get_fd (session));
  return &self->leg;
}
