/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-io-support.h"

#include "core/io/duplex-io-thread.h"

#define DEADLINE_US (20 * G_TIME_SPAN_SECOND)
#define DUMP_EVENTS 60

static void
failed_cb (DuplexSession *session,
           GError        *error,
           Fixture       *self)
{
  self->n_failed++;
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
}

static void
closed_cb (DuplexSession *session,
           guint          code,
           const char    *reason,
           gboolean       by_peer,
           Fixture       *self)
{
  self->n_closed++;
  self->close_code = code;
  g_free (self->close_reason);
  self->close_reason = g_strdup (reason);
  self->by_peer = by_peer;
}

/* GLib's tests print every debug message, and libsoup has two for each message that it reads. */
static void
ignore_log (const char    *domain,
            GLogLevelFlags level,
            const char    *message,
            gpointer       data)
{
}

Fixture *
fixture_new (const char *url)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("Test", url);
  Fixture                  *self = g_new0 (Fixture, 1);

  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  self->session = duplex_session_new (profile);
  g_signal_connect (self->session, "failed", G_CALLBACK (failed_cb), self);
  g_signal_connect (self->session, "closed", G_CALLBACK (closed_cb), self);
  return self;
}

/* Other threads let go of it meanwhile. */
static gboolean
is_shared (DuplexCapture *capture)
{
  return g_atomic_int_get (&G_OBJECT (capture)->ref_count) > 1;
}

void
fixture_free (Fixture *self)
{
  DuplexCapture *capture = g_object_ref (duplex_session_get_capture (self->session));

  g_assert_finalize_object (self->session);
  /* Attempts hold the capture until their news has been read. */
  g_assert_true (duplex_io_thread_wait (duplex_io_thread_get_default (), 20000));
  while (is_shared (capture) && g_main_context_iteration (NULL, FALSE))
    ;
  for (int i = 0; is_shared (capture) && i < 2000; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_finalize_object (capture);
  g_clear_error (&self->error);
  g_free (self->close_reason);
  g_free (self);
}

void
fixture_dump (Fixture *self)
{
  DuplexCapture *capture = duplex_session_get_capture (self->session);
  DuplexTotals   totals;

  duplex_capture_get_totals (capture, &totals);
  g_test_message ("state %d, failed %u, closed %u (%u), error %s, %" G_GUINT64_FORMAT " events",
                  duplex_session_get_state (self->session), self->n_failed, self->n_closed,
                  self->close_code, self->error != NULL ? self->error->message : "-",
                  totals.events);
  for (guint64 i = totals.events > DUMP_EVENTS ? totals.events - DUMP_EVENTS : 0; i < totals.events;
       i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      if (!duplex_capture_read (capture, i, &event))
        break;
      g_test_message ("%4" G_GUINT64_FORMAT
                      " kind %d direction %d opcode %x flags %x value %" G_GINT64_FORMAT
                      " size %" G_GSIZE_FORMAT " findings %u",
                      i, event.kind, event.direction, event.opcode, event.flags, event.value,
                      event.payload_size, event.n_findings);
    }
}

static gboolean
wake_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
fixture_wait (Fixture *self,
              gboolean (*condition) (Fixture *, gpointer),
              gpointer    data,
              const char *what)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE_US;
  guint  id = g_timeout_add (10, wake_cb, NULL);

  while (!condition (self, data))
    {
      g_main_context_iteration (NULL, TRUE);
      if (g_get_monotonic_time () > deadline)
        {
          fixture_dump (self);
          g_error ("waited 20 s for %s", what);
        }
    }
  g_source_remove (id);
}

static gboolean
has_state (Fixture *self,
           gpointer state)
{
  return duplex_session_get_state (self->session) == GPOINTER_TO_UINT (state);
}

void
fixture_wait_state (Fixture           *self,
                    DuplexSessionState state)
{
  fixture_wait (self, has_state, GUINT_TO_POINTER (state), "the session's state");
}

static gboolean
has_settled (Fixture *self,
             gpointer data)
{
  return duplex_session_get_state (self->session) != DUPLEX_SESSION_CONNECTING;
}

void
fixture_connect (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  duplex_session_connect (self->session, &error);
  g_assert_no_error (error);
  fixture_wait (self, has_settled, NULL, "the end of connecting");
}

static gboolean
has_received (Fixture *self,
              gpointer data)
{
  DuplexTotals totals;

  duplex_capture_get_totals (duplex_session_get_capture (self->session), &totals);
  return totals.messages[1] >= *(guint64 *)data;
}

void
fixture_wait_received (Fixture *self,
                       guint64  n)
{
  fixture_wait (self, has_received, &n, "received messages");
}

static gboolean
has_sent (Fixture *self,
          gpointer data)
{
  DuplexTotals totals;

  duplex_capture_get_totals (duplex_session_get_capture (self->session), &totals);
  return totals.messages[0] >= *(guint64 *)data;
}

void
fixture_wait_sent (Fixture *self,
                   guint64  n)
{
  fixture_wait (self, has_sent, &n, "sent messages");
}

void
fixture_disconnect (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  duplex_session_disconnect (self->session, 0, NULL, &error);
  g_assert_no_error (error);
  fixture_wait_state (self, DUPLEX_SESSION_DISCONNECTED);
}

guint
fixture_count_findings (Fixture        *self,
                        DuplexFindingId id)
{
  guint n = 0;

  for (guint64 i = 0;; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      if (!duplex_capture_read (duplex_session_get_capture (self->session), i, &event))
        return n;
      for (guint k = 0; k < event.n_findings; k++)
        n += event.findings[k].id == id;
    }
}

gint64
fixture_find_frame (Fixture        *self,
                    DuplexDirection direction,
                    guint8          opcode,
                    guint           n)
{
  for (guint64 i = 0;; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
      DuplexFrameHeader    header;

      if (!duplex_capture_read (duplex_session_get_capture (self->session), i, &event))
        return -1;
      if (event.kind != DUPLEX_EVENT_FRAME || event.direction != direction ||
          !duplex_event_get_header (&event, &header) || header.opcode != opcode)
        continue;
      if (n-- == 0)
        return (gint64)i;
    }
}

gint64
fixture_find_state (Fixture        *self,
                    DuplexEventKind kind)
{
  for (guint64 i = 0;; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      if (!duplex_capture_read (duplex_session_get_capture (self->session), i, &event))
        return -1;
      if (event.kind == kind)
        return (gint64)i;
    }
}

typedef struct
{
  DuplexDirection direction;
  guint8          opcode;
  guint           n;
} Wanted;

static gboolean
has_frame (Fixture *self,
           gpointer data)
{
  const Wanted *wanted = data;

  return fixture_find_frame (self, wanted->direction, wanted->opcode, wanted->n) >= 0;
}

void
fixture_read_frame (Fixture        *self,
                    DuplexDirection direction,
                    guint8          opcode,
                    guint           n,
                    DuplexEvent    *ret_event)
{
  gint64 number;

  fixture_wait (self, has_frame, &(Wanted){ direction, opcode, n }, "a frame in the capture");
  number = fixture_find_frame (self, direction, opcode, n);
  g_assert_true (duplex_capture_read (duplex_session_get_capture (self->session), (guint64)number,
                                      ret_event));
}

void
fixture_read_state (Fixture        *self,
                    DuplexEventKind kind,
                    DuplexEvent    *ret_event)
{
  DuplexCapture *capture = duplex_session_get_capture (self->session);
  DuplexTotals   totals;

  duplex_capture_get_totals (capture, &totals);
  for (guint64 i = totals.events; i > 0; i--)
    {
      g_assert_true (duplex_capture_read (capture, i - 1, ret_event));
      if (ret_event->kind == kind)
        return;
      duplex_event_clear (ret_event);
    }
  fixture_dump (self);
  g_error ("no event of kind %d", kind);
}

gboolean
fixture_find_finding (const DuplexEvent *event,
                      DuplexFindingId    id,
                      guint64           *ret_offset)
{
  for (guint i = 0; i < event->n_findings; i++)
    if (event->findings[i].id == id)
      {
        *ret_offset = event->findings[i].offset;
        return TRUE;
      }
  return FALSE;
}

DuplexRow *
fixture_find_message (Fixture        *self,
                      DuplexDirection direction,
                      guint           n)
{
  GListModel *rows = G_LIST_MODEL (duplex_session_get_capture (self->session));

  duplex_capture_publish (DUPLEX_CAPTURE (rows));
  for (guint i = 0; i < g_list_model_get_n_items (rows); i++)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (rows, i);
      const DuplexEvent    *event = duplex_row_get_event (row);

      if ((event->kind == DUPLEX_EVENT_FRAME || event->kind == DUPLEX_EVENT_UNFINISHED) &&
          event->direction == direction && !duplex_opcode_is_control (event->opcode) && n-- == 0)
        return g_steal_pointer (&row);
    }
  fixture_dump (self);
  g_error ("no such message");
}

GBytes *
fixture_dup_message (Fixture *self,
                     guint    n)
{
  DuplexCapture *capture = duplex_session_get_capture (self->session);
  guint          n_rows;

  duplex_capture_publish (capture);
  n_rows = g_list_model_get_n_items (G_LIST_MODEL (capture));
  for (guint i = 0; i < n_rows; i++)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (G_LIST_MODEL (capture), i);
      const DuplexEvent    *event = duplex_row_get_event (row);

      if (event->kind != DUPLEX_EVENT_FRAME || event->direction != DUPLEX_DIRECTION_RECEIVED ||
          duplex_opcode_is_control (event->opcode))
        continue;
      if (n-- == 0)
        return duplex_row_dup_payload (row, G_MAXSIZE, NULL);
    }
  return NULL;
}
