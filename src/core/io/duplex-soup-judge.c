/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-soup-judge.h"

#include <libsoup/soup.h>

#include "core/io/duplex-tap-stream.h"
#include "core/proto/duplex-limits.h"

/* Messages that libsoup is shown in a span of time, µs, and bytes: 20,000 a second, of 320 bytes
 * where they are that many. Reading one costs it more than all that we do with it, so that in a
 * flood it would halve the rate. */
#define SPAN_MESSAGES 200
#define SPAN_BYTES    ((gsize)64 * 1024)
#define SPAN_US       (10 * 1000)

struct _DuplexSoupJudge
{
  DuplexTapStream         *tap;
  SoupWebsocketConnection *soup;
  gulong                   message_id;
  guint64                  shown_messages;
  guint64                  shown_bytes;
  guint64                  judged_messages;
  guint64                  judged_bytes;
  gint64                   span_began; /* monotonic */
  guint                    span_messages;
  gsize                    span_bytes;
  gboolean                 in_message;
  gboolean                 hiding; /* the message that is open is not shown */
  gboolean                 disagreed;
};

static void
message_cb (SoupWebsocketConnection *soup,
            int                      type,
            GBytes                  *message,
            gpointer                 data)
{
  DuplexSoupJudge *self = data;

  self->judged_messages++;
  self->judged_bytes += g_bytes_get_size (message);
}

static void
drained_cb (gpointer data)
{
  DuplexSoupJudge *self = data;

  if (self->judged_messages != self->shown_messages || self->judged_bytes != self->shown_bytes)
    self->disagreed = TRUE;
}

DuplexSoupJudge *
duplex_soup_judge_new (DuplexRole  role,
                       const char *subprotocol)
{
  /* libsoup wants a URI and does nothing with it. */
  g_autoptr (GUri) uri = g_uri_parse ("ws://tap.invalid/", SOUP_HTTP_URI_FLAGS, NULL);
  DuplexSoupJudge *self = g_new0 (DuplexSoupJudge, 1);

  self->tap = duplex_tap_stream_new (drained_cb, self);
  self->soup =
    soup_websocket_connection_new (G_IO_STREAM (self->tap), uri,
                                   role == DUPLEX_ROLE_CLIENT ? SOUP_WEBSOCKET_CONNECTION_CLIENT
                                                              : SOUP_WEBSOCKET_CONNECTION_SERVER,
                                   NULL, subprotocol, NULL);
  /* The limits are held before libsoup sees anything; its own must only not stand in the way. */
  soup_websocket_connection_set_max_incoming_payload_size (self->soup,
                                                           2 * DUPLEX_LIMIT_SOUP_MESSAGE);
  self->message_id = g_signal_connect (self->soup, "message", G_CALLBACK (message_cb), self);
  return self;
}

void
duplex_soup_judge_free (DuplexSoupJudge *self)
{
  if (self == NULL)
    return;
  /* libsoup holds itself and the tap until its own closing is through, which may be after this. */
  duplex_tap_stream_detach (self->tap);
  duplex_tap_stream_end (self->tap);
  g_clear_signal_handler (&self->message_id, self->soup);
  g_object_unref (self->soup);
  g_object_unref (self->tap);
  g_free (self);
}

static void
hide_message (DuplexSoupJudge *self)
{
  self->hiding = TRUE;
  duplex_tap_stream_abandon (self->tap);
}

/* A message begins: is it one more than libsoup has time for? */
static gboolean
is_one_too_many (DuplexSoupJudge *self)
{
  gint64 now = g_get_monotonic_time ();

  if (now - self->span_began > SPAN_US)
    {
      self->span_began = now;
      self->span_messages = 0;
      self->span_bytes = 0;
    }
  return self->span_messages++ >= SPAN_MESSAGES || self->span_bytes >= SPAN_BYTES;
}

void
duplex_soup_judge_wire (DuplexSoupJudge          *self,
                        const DuplexMessagePlace *place,
                        const guint8             *data,
                        gsize                     len)
{
  g_return_if_fail (self != NULL);

  if (place->is_control || self->hiding)
    return;
  if (!self->in_message && (place->compressed || is_one_too_many (self)))
    hide_message (self);
  self->in_message = TRUE;
  if (self->hiding)
    return;
  if (len > DUPLEX_LIMIT_SOUP_MESSAGE ||
      duplex_tap_stream_get_pending (self->tap) > DUPLEX_LIMIT_SOUP_MESSAGE - len)
    hide_message (self);
  else
    {
      duplex_tap_stream_append (self->tap, data, len);
      self->span_bytes += len;
    }
}

void
duplex_soup_judge_frame_end (DuplexSoupJudge          *self,
                             const DuplexMessagePlace *place,
                             gboolean                  has_findings)
{
  g_return_if_fail (self != NULL);

  if (place->is_control)
    return;
  /* What libsoup makes of a frame that we let pass with a finding is not the question. */
  if (has_findings && !self->hiding)
    hide_message (self);
  if (!place->last)
    return;
  if (!self->hiding && !duplex_tap_stream_has_ended (self->tap))
    {
      self->shown_messages++;
      self->shown_bytes += place->message_size;
      duplex_tap_stream_commit (self->tap);
    }
  self->hiding = FALSE;
  self->in_message = FALSE;
}

void
duplex_soup_judge_end (DuplexSoupJudge *self)
{
  g_return_if_fail (self != NULL);

  duplex_tap_stream_end (self->tap);
}

gboolean
duplex_soup_judge_has_disagreed (DuplexSoupJudge *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->disagreed;
}

guint64
duplex_soup_judge_get_n_judged (DuplexSoupJudge *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->judged_messages;
}
