/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-attempt.h"

#include "core/io/duplex-connection.h"
#include "core/io/duplex-io-thread.h"
#include "core/io/duplex-sender.h"
#include "core/io/duplex-transfer-private.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

struct _DuplexAttempt
{
  gatomicrefcount refs;

  /* owned, set before the I/O thread sees the attempt */
  DuplexDialSettings *settings;
  DuplexCapture      *capture;
  GCancellable       *cancellable;
  GMainContext       *owner; /* of the session's thread */
  guint               close_timeout;
  guint32             number;

  /* of the session's thread */
  const DuplexAttemptCallbacks *callbacks; /* NULL once forgotten */
  gpointer                      user_data;

  /* of the I/O thread */
  DuplexConnection *connection;
  gboolean          cancelled;
  guint             paused; /* for these PauseReasons */

  /* written on the I/O thread before opened or ended are posted, read after */
  char                  *refused;
  GTlsCertificateFlags   refused_flags;
  DuplexDeflateAgreement deflate;

  /* both, under the mutex */
  GMutex   mutex;
  gsize    waiting_bytes;
  guint    waiting_items;
  gboolean lacks_room;
};

DuplexAttempt *
duplex_attempt_ref (DuplexAttempt *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
duplex_attempt_unref (DuplexAttempt *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_assert (self->connection == NULL);
  duplex_dial_settings_free (self->settings);
  g_object_unref (self->capture);
  g_object_unref (self->cancellable);
  g_main_context_unref (self->owner);
  g_free (self->refused);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* ---- news, from the I/O thread to the session's ---- */

typedef enum {
  NEWS_OPENED,
  NEWS_CLOSING,
  NEWS_PONG,
  NEWS_ROOM,
  NEWS_ENDED,
} NewsKind;

typedef struct
{
  DuplexAttempt *attempt;
  NewsKind       kind;
  gboolean       flag; /* of OPENED: unverified; of ENDED: was_open */
  gint64         rtt_us;
  guint16        code;
  char          *reason;
  gboolean       by_peer;
  GError        *error;
} News;

static void
news_free (gpointer data)
{
  News *news = data;

  duplex_attempt_unref (news->attempt);
  g_free (news->reason);
  g_clear_error (&news->error);
  g_free (news);
}

static gboolean
news_cb (gpointer data)
{
  News          *news = data;
  DuplexAttempt *self = news->attempt;

  /* What happened is in the capture before the news of it: the list must not lag behind the state.
   */
  duplex_capture_publish (self->capture);
  if (self->callbacks == NULL)
    return G_SOURCE_REMOVE;
  switch (news->kind)
    {
    case NEWS_OPENED:
      self->callbacks->opened (self, news->flag, self->user_data);
      break;
    case NEWS_CLOSING:
      self->callbacks->closing (self, self->user_data);
      break;
    case NEWS_PONG:
      self->callbacks->pong (self, news->rtt_us, self->user_data);
      break;
    case NEWS_ROOM:
      self->callbacks->room (self, self->user_data);
      break;
    case NEWS_ENDED:
      self->callbacks->ended (self, news->flag, news->code, news->reason, news->by_peer,
                              news->error, self->user_data);
      break;
    default:
      g_assert_not_reached ();
    }
  return G_SOURCE_REMOVE;
}

static void
post (DuplexAttempt *self,
      const News    *what)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  News               *news = g_memdup2 (what, sizeof *what);

  news->attempt = duplex_attempt_ref (self);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, news_cb, news, news_free);
  g_source_attach (source, self->owner);
}

/* ---- on the I/O thread ---- */

typedef enum {
  PAUSED_BY_ECHO = 1 << 0,   /* what comes back is not taken */
  PAUSED_BY_READER = 1 << 1, /* whoever goes through the capture, or writes it, is behind */
} PauseReason;

static void
set_paused (DuplexAttempt    *self,
            DuplexConnection *connection,
            PauseReason       reason,
            gboolean          paused)
{
  guint reasons = paused ? self->paused | reason : self->paused & ~(guint)reason;

  if (reasons == self->paused)
    return;
  self->paused = reasons;
  duplex_connection_set_paused (connection, reasons != 0);
}

/* With the mutex held: whether more waits than a part of the bound. */
static gboolean
is_echo_behind (DuplexAttempt *self,
                guint          divisor)
{
  return self->waiting_bytes > DUPLEX_LIMIT_ECHO_BYTES / divisor ||
         self->waiting_items > DUPLEX_LIMIT_ECHO_ITEMS / divisor;
}

static void
connection_sent_cb (DuplexConnection *connection,
                    gsize             size,
                    gpointer          data)
{
  DuplexAttempt *self = data;
  gboolean       has_room, echo_goes_on;

  g_mutex_lock (&self->mutex);
  self->waiting_bytes -= MIN (self->waiting_bytes, size);
  self->waiting_items -= MIN (self->waiting_items, 1);
  has_room = self->lacks_room && self->waiting_bytes <= self->settings->max_waiting / 2 &&
             self->waiting_items <= DUPLEX_LIMIT_SEND_QUEUE_ITEMS / 2;
  if (has_room)
    self->lacks_room = FALSE;
  echo_goes_on = !is_echo_behind (self, 2);
  g_mutex_unlock (&self->mutex);

  if (has_room)
    post (self, &(News){ .kind = NEWS_ROOM });
  if (echo_goes_on)
    set_paused (self, connection, PAUSED_BY_ECHO, FALSE);
}

/* What comes back faster than the peer takes it stops the reading, so that TCP slows the peer. */
static void
connection_echo_cb (DuplexConnection *connection,
                    DuplexOpcode      opcode,
                    GBytes           *payload,
                    gpointer          data)
{
  DuplexAttempt *self = data;
  gboolean       is_behind;

  g_mutex_lock (&self->mutex);
  self->waiting_bytes += g_bytes_get_size (payload);
  self->waiting_items++;
  g_mutex_unlock (&self->mutex);
  duplex_connection_send (connection, opcode, payload);

  g_mutex_lock (&self->mutex);
  is_behind = is_echo_behind (self, 1);
  g_mutex_unlock (&self->mutex);
  if (is_behind)
    set_paused (self, connection, PAUSED_BY_ECHO, TRUE);
}

static void
connection_pong_cb (DuplexConnection *connection,
                    gint64            rtt_us,
                    gpointer          data)
{
  post (data, &(News){ .kind = NEWS_PONG, .rtt_us = rtt_us });
}

static void
connection_closing_cb (DuplexConnection *connection,
                       gpointer          data)
{
  post (data, &(News){ .kind = NEWS_CLOSING });
}

static void
connection_closed_cb (DuplexConnection *connection,
                      guint16           code,
                      const char       *reason,
                      gboolean          by_peer,
                      const GError     *error,
                      gpointer          data)
{
  DuplexAttempt *self = data;

  post (self, &(News){
                .kind = NEWS_ENDED,
                .flag = TRUE,
                .code = code,
                .reason = g_strdup (reason),
                .by_peer = by_peer,
                .error = error != NULL ? g_error_copy (error) : NULL,
              });
  duplex_capture_set_bound (self->capture, 0, NULL, NULL);
  g_clear_object (&self->connection);
  duplex_io_thread_release (duplex_io_thread_get_default ());
  duplex_attempt_unref (self); /* of the dialling */
}

static const DuplexConnectionCallbacks connection_callbacks = {
  .sent = connection_sent_cb,
  .pong = connection_pong_cb,
  .closing = connection_closing_cb,
  .closed = connection_closed_cb,
};

static const DuplexConnectionCallbacks echo_callbacks = {
  .message = connection_echo_cb,
  .sent = connection_sent_cb,
  .pong = connection_pong_cb,
  .closing = connection_closing_cb,
  .closed = connection_closed_cb,
};

static void capture_full_cb (gboolean is_full,
                             gpointer data);

static void
open_connection (DuplexAttempt    *self,
                 DuplexDialResult *dialled)
{
  DuplexConnectionSettings settings = {
    .role = DUPLEX_ROLE_CLIENT,
    .capture = self->capture,
    .connection = self->number,
    .max_message = self->settings->max_message,
    .close_timeout = self->close_timeout,
    .subprotocol = dialled->subprotocol,
    .deflate = dialled->deflate,
    .pong_mode = self->settings->pong_mode,
    .pong_delay = self->settings->pong_delay,
    .ping_interval = self->settings->ping_interval,
    .ping_limit = self->settings->ping_limit,
    .fragment = self->settings->fragment,
  };

  self->deflate = dialled->deflate;
  post (self, &(News){ .kind = NEWS_OPENED, .flag = dialled->unverified });
  self->connection = duplex_connection_new (dialled->stream, dialled->leftover, &settings,
                                            self->settings->echo ? &echo_callbacks
                                                                 : &connection_callbacks,
                                            self);
  duplex_capture_set_bound (self->capture,
                            self->settings->max_unread > 0 ? self->settings->max_unread
                                                           : G_MAXUINT64,
                            capture_full_cb, self);
  if (self->cancelled)
    duplex_connection_close (self->connection, DUPLEX_CLOSE_GOING_AWAY, NULL);
}

static void
dialled_ready_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      data)
{
  DuplexAttempt               *self = data;
  g_autoptr (DuplexDialResult) dialled = NULL;
  g_autoptr (GError)           error = NULL;
  gboolean                     done = duplex_dialer_dial_finish (result, &dialled, &error);

  self->refused = g_steal_pointer (&dialled->refused);
  self->refused_flags = dialled->refused_flags;
  if (done)
    {
      open_connection (self, dialled);
      return;
    }
  post (self, &(News){ .kind = NEWS_ENDED, .error = g_steal_pointer (&error) });
  duplex_io_thread_release (duplex_io_thread_get_default ());
  duplex_attempt_unref (self);
}

static void
dial_worker (gpointer data)
{
  DuplexAttempt *self = data;

  duplex_dialer_dial_async (self->settings, self->capture, self->number, self->cancellable,
                            dialled_ready_cb, self);
}

/* ---- orders, from any thread to the I/O thread ---- */

typedef struct
{
  DuplexAttempt *attempt;
  DuplexOpcode   opcode;
  GBytes        *payload;
  gsize         *points;
  gsize          n_points;
  guint16        code;
  char          *reason;
  gboolean       flag;

  DuplexTransfer   *transfer;
  DuplexFrameDraft *draft;
} Order;

static void
order_free (gpointer data)
{
  Order *order = data;

  duplex_attempt_unref (order->attempt);
  g_clear_pointer (&order->payload, g_bytes_unref);
  g_clear_object (&order->transfer);
  g_clear_pointer (&order->draft, duplex_frame_draft_free);
  g_free (order->points);
  g_free (order->reason);
  g_free (order);
}

static void
invoke (DuplexAttempt  *self,
        GSourceOnceFunc func,
        Order           what)
{
  Order *order = g_memdup2 (&what, sizeof what);

  order->attempt = duplex_attempt_ref (self);
  duplex_io_thread_invoke (duplex_io_thread_get_default (), func, order, order_free);
}

static void
cancel_worker (gpointer data)
{
  Order *order = data;

  order->attempt->cancelled = TRUE;
  g_cancellable_cancel (order->attempt->cancellable);
  if (order->attempt->connection != NULL)
    duplex_connection_close (order->attempt->connection, DUPLEX_CLOSE_GOING_AWAY, NULL);
}

/* On the I/O thread only: GSocketClient looks at two cancellables one after the other, the second
 * of which follows the first, and never answers when another thread cancels between the two looks
 * (g_socket_client_connected_callback() in GLib 2.74). */
void
duplex_attempt_cancel (DuplexAttempt *self)
{
  g_return_if_fail (self != NULL);

  invoke (self, cancel_worker, (Order){ 0 });
}

static void
reader_worker (gpointer data)
{
  Order *order = data;

  if (order->attempt->connection != NULL)
    {
      set_paused (order->attempt, order->attempt->connection, PAUSED_BY_READER, order->flag);
      duplex_connection_set_stalled (order->attempt->connection, order->flag);
    }
}

/* From whichever thread appends or drops, one after the other. */
static void
capture_full_cb (gboolean is_full,
                 gpointer data)
{
  invoke (data, reader_worker, (Order){ .flag = is_full });
}

static void
close_worker (gpointer data)
{
  Order *order = data;

  if (order->attempt->connection != NULL)
    duplex_connection_close (order->attempt->connection, order->code, order->reason);
}

void
duplex_attempt_close (DuplexAttempt *self,
                      guint16        code,
                      const char    *reason)
{
  g_return_if_fail (self != NULL);

  invoke (self, close_worker, (Order){ .code = code, .reason = g_strdup (reason) });
}

static void
send_worker (gpointer data)
{
  Order            *order = data;
  DuplexConnection *connection = order->attempt->connection;

  if (connection == NULL)
    return;
  if (order->draft != NULL)
    duplex_connection_send_draft (connection, order->draft, order->flag);
  else if (order->n_points > 0)
    duplex_connection_send_split (connection, order->opcode, order->payload, order->points,
                                  order->n_points);
  else
    duplex_connection_send (connection, order->opcode, order->payload);
}

static void
send_file_worker (gpointer data)
{
  Order *order = data;

  if (order->attempt->connection != NULL)
    duplex_connection_send_file (order->attempt->connection, order->transfer);
  else
    duplex_transfer_refuse (order->transfer);
}

static void
cancel_file_worker (gpointer data)
{
  Order *order = data;

  if (order->attempt->connection != NULL)
    duplex_connection_cancel_file (order->attempt->connection, order->transfer);
}

static void
cancel_file_cb (DuplexTransfer *transfer,
                gpointer        data)
{
  invoke (data, cancel_file_worker, (Order){ .transfer = g_object_ref (transfer) });
}

static gboolean
reserve (DuplexAttempt *self,
         gsize          size)
{
  gsize    most = self->settings->max_waiting;
  gboolean fits;

  g_mutex_lock (&self->mutex);
  fits = self->waiting_items < DUPLEX_LIMIT_SEND_QUEUE_ITEMS &&
         (self->waiting_items == 0 ||
          (size <= most && self->waiting_bytes <= most - size));
  self->lacks_room = self->lacks_room || !fits;
  if (fits)
    {
      self->waiting_items++;
      self->waiting_bytes += size;
    }
  g_mutex_unlock (&self->mutex);
  return fits;
}

static gboolean
send (DuplexAttempt *self,
      gsize          cost,
      Order          what,
      GError       **error)
{
  if (reserve (self, cost))
    {
      invoke (self, send_worker, what);
      return TRUE;
    }
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_QUEUE_FULL,
               "Too much waits to be sent already; the peer does not read fast enough");
  return FALSE;
}

gboolean
duplex_attempt_send (DuplexAttempt *self,
                     DuplexOpcode   opcode,
                     GBytes        *payload,
                     const gsize   *points,
                     gsize          n_points,
                     GError       **error)
{
  gsize cost;
  Order order = { .opcode = opcode, .n_points = n_points };

  g_return_val_if_fail (self != NULL, FALSE);

  cost = duplex_opcode_is_control (opcode) ? DUPLEX_SENDER_CONTROL_COST
                                           : g_bytes_get_size (payload);
  if (payload != NULL)
    order.payload = g_bytes_ref (payload);
  if (n_points > 0)
    order.points = g_memdup2 (points, n_points * sizeof *points);
  if (send (self, cost, order, error))
    return TRUE;
  g_clear_pointer (&order.payload, g_bytes_unref);
  g_free (order.points);
  return FALSE;
}

gboolean
duplex_attempt_send_draft (DuplexAttempt          *self,
                           const DuplexFrameDraft *draft,
                           gboolean                deliberate,
                           GError                **error)
{
  Order order = { .flag = deliberate };

  g_return_val_if_fail (self != NULL && draft != NULL, FALSE);

  order.draft = duplex_frame_draft_copy (draft);
  if (send (self, duplex_frame_draft_get_size (draft, DUPLEX_ROLE_CLIENT), order, error))
    return TRUE;
  duplex_frame_draft_free (order.draft);
  return FALSE;
}

void
duplex_attempt_send_file (DuplexAttempt  *self,
                          DuplexTransfer *transfer)
{
  g_return_if_fail (self != NULL && DUPLEX_IS_TRANSFER (transfer));

  g_mutex_lock (&self->mutex);
  self->waiting_items++;
  g_mutex_unlock (&self->mutex);
  duplex_transfer_set_canceller (transfer, cancel_file_cb, duplex_attempt_ref (self),
                                 (GDestroyNotify)duplex_attempt_unref);
  invoke (self, send_file_worker, (Order){ .transfer = g_object_ref (transfer) });
}

void
duplex_attempt_get_waiting (DuplexAttempt *self,
                            gsize         *ret_bytes,
                            guint         *ret_items)
{
  g_return_if_fail (self != NULL && ret_bytes != NULL && ret_items != NULL);

  g_mutex_lock (&self->mutex);
  *ret_bytes = self->waiting_bytes;
  *ret_items = self->waiting_items;
  g_mutex_unlock (&self->mutex);
}

const DuplexDeflateAgreement *
duplex_attempt_get_deflate (DuplexAttempt *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return &self->deflate;
}

/* ---- the session's thread ---- */

DuplexAttempt *
duplex_attempt_start (DuplexDialSettings           *settings,
                      DuplexCapture                *capture,
                      guint                         close_timeout,
                      const DuplexAttemptCallbacks *callbacks,
                      gpointer                      user_data)
{
  DuplexAttempt *self;

  g_return_val_if_fail (settings != NULL && callbacks != NULL, NULL);
  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), NULL);

  self = g_new0 (DuplexAttempt, 1);
  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  self->settings = settings;
  self->capture = g_object_ref (capture);
  self->cancellable = g_cancellable_new ();
  self->owner = g_main_context_ref_thread_default ();
  self->close_timeout = close_timeout;
  self->number = duplex_capture_begin_connection (capture);
  self->callbacks = callbacks;
  self->user_data = user_data;

  duplex_io_thread_hold (duplex_io_thread_get_default ());
  duplex_io_thread_invoke (duplex_io_thread_get_default (), dial_worker, duplex_attempt_ref (self),
                           NULL);
  return self;
}

void
duplex_attempt_forget (DuplexAttempt *self)
{
  g_return_if_fail (self != NULL);

  self->callbacks = NULL;
  self->user_data = NULL;
}

const char *
duplex_attempt_get_refused (DuplexAttempt *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->refused;
}

GTlsCertificateFlags
duplex_attempt_get_refused_flags (DuplexAttempt *self)
{
  g_return_val_if_fail (self != NULL, G_TLS_CERTIFICATE_NO_FLAGS);

  return self->refused_flags;
}
