/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-test-session.h"

#include <string.h>

#include "core/model/duplex-row.h"
#include "core/proto/duplex-error.h"
#include "duplex-test-transcript.h"

struct _DuplexTestSession
{
  /* owned */
  DuplexProfile *profile;
  DuplexSession *session;
  GError        *error;
  GString       *states;
  char          *closed;

  /* state */
  guint   n_closed;
  guint   n_failed;
  guint64 n_awaited;
};

/* ---- waiting ---- */

/* Events that are printed when a deadline has passed. */
#define LAST_EVENTS 12

/* How often a condition is looked at that no event of the main context announces. */
#define POLL_MS 10

static gboolean
deadline_cb (gpointer data)
{
  gboolean *passed = data;

  *passed = TRUE;
  return G_SOURCE_REMOVE;
}

void
duplex_test_wait (DuplexTestCondition condition,
                  DuplexTestDescribe  describe,
                  gpointer            data,
                  const char         *what)
{
  gboolean passed = FALSE;
  guint    id = g_timeout_add_seconds (DUPLEX_TEST_DEADLINE, deadline_cb, &passed);

  while (!condition (data) && !passed)
    g_main_context_iteration (NULL, /* may_block= */ TRUE);
  if (passed)
    {
      g_autofree char *text = describe != NULL ? describe (data) : g_strdup ("");

      g_error ("Waited %d s for %s\n%s", DUPLEX_TEST_DEADLINE, what, text);
    }
  g_source_remove (id);
}

static char *
describe_session (gpointer data)
{
  DuplexTestSession *self = data;
  DuplexCapture     *capture = duplex_session_get_capture (self->session);
  GString           *text = g_string_new (NULL);
  DuplexTotals       totals;

  duplex_capture_get_totals (capture, &totals);
  g_string_append_printf (text,
                          "states: %s\n"
                          "messages: %" G_GUINT64_FORMAT " sent, %" G_GUINT64_FORMAT " received\n"
                          "the last of %" G_GUINT64_FORMAT " events:\n",
                          self->states->str, totals.messages[0], totals.messages[1], totals.events);
  for (guint64 i = totals.events - MIN (totals.events, LAST_EVENTS); i < totals.events; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      if (duplex_capture_read (capture, i, &event))
        duplex_test_transcript_append_event (text, &event);
    }
  return g_string_free (text, FALSE);
}

static void
wait_session (DuplexTestSession  *self,
              DuplexTestCondition condition,
              const char         *what)
{
  duplex_test_wait (condition, describe_session, self, what);
}

static gboolean
has_connected_or_ended (gpointer data)
{
  DuplexTestSession *self = data;

  return duplex_session_get_state (self->session) != DUPLEX_SESSION_CONNECTING;
}

static gboolean
has_ended (gpointer data)
{
  DuplexTestSession *self = data;

  return duplex_session_get_state (self->session) == DUPLEX_SESSION_DISCONNECTED;
}

static gboolean
has_received (gpointer data)
{
  DuplexTestSession *self = data;
  DuplexTotals       totals;

  duplex_capture_get_totals (duplex_session_get_capture (self->session), &totals);
  return totals.messages[1] >= self->n_awaited || has_ended (self);
}

static gboolean
has_rows (gpointer data)
{
  DuplexTestSession *self = data;
  GListModel        *rows = G_LIST_MODEL (duplex_session_get_capture (self->session));

  return g_list_model_get_n_items (rows) >= self->n_awaited || has_ended (self);
}

/* ---- what the session says ---- */

static void
state_changed_cb (DuplexSession *session,
                  GParamSpec    *pspec,
                  gpointer       data)
{
  DuplexTestSession     *self = data;
  g_autoptr (GEnumClass) states = g_type_class_ref (DUPLEX_TYPE_SESSION_STATE);
  GEnumValue            *value = g_enum_get_value (states, duplex_session_get_state (session));

  if (self->states->len > 0)
    g_string_append_c (self->states, ' ');
  g_string_append (self->states, value->value_nick);
}

static void
failed_cb (DuplexSession *session,
           GError        *error,
           gpointer       data)
{
  DuplexTestSession *self = data;

  g_assert_cmpint (duplex_session_get_state (session), ==, DUPLEX_SESSION_DISCONNECTED);
  self->n_failed++;
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
}

static void
closed_cb (DuplexSession *session,
           guint          code,
           const char    *reason,
           gboolean       by_peer,
           gpointer       data)
{
  DuplexTestSession *self = data;

  g_assert_cmpint (duplex_session_get_state (session), ==, DUPLEX_SESSION_DISCONNECTED);
  self->n_closed++;
  g_free (self->closed);
  self->closed = duplex_test_transcript_closed (code, reason, strlen (reason), by_peer);
}

DuplexTestSession *
duplex_test_session_new (const char *url)
{
  DuplexTestSession *self = g_new0 (DuplexTestSession, 1);

  self->states = g_string_new (NULL);
  self->profile = duplex_profile_new ("test", url);
  self->session = duplex_session_new (self->profile);
  g_signal_connect (self->session, "notify::state", G_CALLBACK (state_changed_cb), self);
  g_signal_connect (self->session, "failed", G_CALLBACK (failed_cb), self);
  g_signal_connect (self->session, "closed", G_CALLBACK (closed_cb), self);
  return self;
}

static gboolean
is_gone (gpointer data)
{
  g_autoptr (GObject) object = g_weak_ref_get (data);

  return object == NULL;
}

static gboolean
keep_polling_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* The I/O thread drops what it holds of a connection when the stream is closed, a little later than
 * the session hears of the end. */
static void
wait_gone (GWeakRef   *object,
           const char *what)
{
  guint id = g_timeout_add (POLL_MS, keep_polling_cb, NULL);

  duplex_test_wait (is_gone, NULL, object, what);
  g_source_remove (id);
}

void
duplex_test_session_free (DuplexTestSession *self)
{
  GWeakRef capture;

  g_weak_ref_init (&capture, duplex_session_get_capture (self->session));
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_assert_finalize_object (self->session);
  wait_gone (&capture, "the capture to be dropped");
  g_weak_ref_clear (&capture);
  g_assert_finalize_object (self->profile);

  g_clear_error (&self->error);
  g_string_free (self->states, TRUE);
  g_free (self->closed);
  g_free (self);
}

DuplexSession *
duplex_test_session_get_session (DuplexTestSession *self)
{
  return self->session;
}

DuplexProfile *
duplex_test_session_get_profile (DuplexTestSession *self)
{
  return self->profile;
}

void
duplex_test_session_start (DuplexTestSession *self)
{
  g_autoptr (GError) error = NULL;

  g_clear_error (&self->error);
  duplex_session_connect (self->session, &error);
  g_assert_no_error (error);
}

void
duplex_test_session_connect (DuplexTestSession *self)
{
  duplex_test_session_start (self);
  wait_session (self, has_connected_or_ended, "the connection to open");
  if (self->error != NULL)
    g_error ("Could not connect: %s", self->error->message);
  g_assert_cmpint (duplex_session_get_state (self->session), ==, DUPLEX_SESSION_OPEN);
}

const char *
duplex_test_session_connect_fails (DuplexTestSession *self,
                                   int                code)
{
  duplex_test_session_start (self);
  return duplex_test_session_wait_failed (self, code);
}

const char *
duplex_test_session_wait_failed (DuplexTestSession *self,
                                 int                code)
{
  guint n_closed = self->n_closed;
  guint n_failed = self->n_failed;

  wait_session (self, has_connected_or_ended, "the attempt to fail");
  g_assert_cmpint (duplex_session_get_state (self->session), ==, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (self->n_failed, ==, n_failed + 1);
  g_assert_cmpuint (self->n_closed, ==, n_closed);
  g_assert_error (self->error, DUPLEX_ERROR, code);
  return self->error->message;
}

void
duplex_test_session_disconnect (DuplexTestSession *self)
{
  g_autoptr (GError) error = NULL;

  duplex_session_disconnect (self->session, 0, NULL, &error);
  g_assert_no_error (error);
  duplex_test_session_wait_end (self);
}

void
duplex_test_session_wait_end (DuplexTestSession *self)
{
  wait_session (self, has_ended, "the end of the connection");
}

static void
assert_came (DuplexTestSession *self,
             guint64            n,
             const char        *what)
{
  g_autofree char *text = NULL;

  if (n >= self->n_awaited)
    return;
  text = describe_session (self);
  g_error ("The connection ended before %s came\n%s", what, text);
}

void
duplex_test_session_wait_received (DuplexTestSession *self,
                                   guint64            n_messages)
{
  g_autofree char *what = g_strdup_printf ("%" G_GUINT64_FORMAT " messages", n_messages);
  DuplexTotals     totals;

  self->n_awaited = n_messages;
  wait_session (self, has_received, what);
  duplex_capture_get_totals (duplex_session_get_capture (self->session), &totals);
  assert_came (self, totals.messages[1], what);
}

void
duplex_test_session_wait_rows (DuplexTestSession *self,
                               guint64            n_rows)
{
  g_autofree char *what = g_strdup_printf ("%" G_GUINT64_FORMAT " rows", n_rows);
  DuplexTotals     totals;

  self->n_awaited = n_rows;
  wait_session (self, has_rows, what);
  duplex_capture_get_totals (duplex_session_get_capture (self->session), &totals);
  assert_came (self, totals.rows, what);
}

/* ---- what happened ---- */

const char *
duplex_test_session_get_states (DuplexTestSession *self)
{
  return self->states->str;
}

void
duplex_test_session_assert_closed (DuplexTestSession *self,
                                   const char        *closed)
{
  g_assert_cmpstr (self->states->str, ==, "connecting open closing disconnected");
  g_assert_cmpstr (self->closed, ==, closed);
  g_assert_cmpuint (self->n_closed, ==, 1);
  g_assert_cmpuint (self->n_failed, ==, 0);
}

void
duplex_test_session_get_totals (DuplexTestSession *self,
                                DuplexTotals      *ret_totals)
{
  duplex_capture_get_totals (duplex_session_get_capture (self->session), ret_totals);
}

char *
duplex_test_session_dup_event (DuplexTestSession *self,
                               DuplexEventKind    kind,
                               gint64            *ret_value)
{
  DuplexCapture *capture = duplex_session_get_capture (self->session);
  DuplexTotals   totals;

  duplex_capture_get_totals (capture, &totals);
  for (guint64 i = totals.events; i > 0; i--)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (capture, i - 1, &event));
      if (event.kind != kind)
        continue;
      if (ret_value != NULL)
        *ret_value = event.value;
      return g_strndup ((const char *)event.payload, event.payload_size);
    }
  return NULL;
}

static gboolean
is_received_message (DuplexRow *row)
{
  DuplexRowKind kind = duplex_row_get_kind (row);

  return duplex_row_get_event (row)->direction == DUPLEX_DIRECTION_RECEIVED &&
         (kind == DUPLEX_ROW_TEXT || kind == DUPLEX_ROW_BINARY);
}

char *
duplex_test_session_dup_message (DuplexTestSession *self,
                                 guint              position)
{
  DuplexCapture *capture = duplex_session_get_capture (self->session);
  GListModel    *rows = G_LIST_MODEL (capture);
  guint          n_rows;

  duplex_capture_publish (capture);
  n_rows = g_list_model_get_n_items (rows);
  for (guint i = 0; i < n_rows; i++)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (rows, i);
      g_autoptr (GBytes)    payload = NULL;

      if (!is_received_message (row) || position-- > 0)
        continue;
      payload = duplex_row_dup_payload (row, G_MAXSIZE, NULL);
      return g_strndup (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
    }
  g_error ("There is no such message");
}

char *
duplex_test_session_dup_transcript (DuplexTestSession *self)
{
  return duplex_test_transcript_dup (duplex_session_get_capture (self->session));
}

void
duplex_test_session_assert_transcript (DuplexTestSession *self,
                                       ...)
{
  g_autofree char    *transcript = duplex_test_session_dup_transcript (self);
  g_autoptr (GString) expected = g_string_new (NULL);
  const char         *line;
  va_list             lines;

  va_start (lines, self);
  while ((line = va_arg (lines, const char *)) != NULL)
    g_string_append_printf (expected, "%s\n", line);
  va_end (lines);
  if (strcmp (transcript, expected->str) != 0)
    g_error ("What happened:\n%s\nWhat should have:\n%s", transcript, expected->str);
}
