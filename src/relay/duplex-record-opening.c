/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-record-opening.h"

#include <string.h>

#include "core/model/duplex-redact-url.h"
#include "core/model/duplex-redact.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-handshake.h"
#include "core/proto/duplex-limits.h"

typedef struct
{
  gboolean    is_client; /* of the client's leg */
  DuplexEvent event;     /* its payload and findings are its own */
} Step;

struct _DuplexRecordOpening
{
  GArray                *steps; /* of Step, in the order of their times */
  gsize                  size;
  gboolean               has_backend; /* there is a leg of it */
  gboolean               is_open;     /* the backend's leg is */
  DuplexDeflateAgreement deflate;
};

static void
step_clear (gpointer data)
{
  Step *step = data;

  g_clear_pointer (&step->event.owner, g_bytes_unref);
  g_free ((gpointer)step->event.findings);
}

/* Takes payload. */
static void
add_event (DuplexRecordOpening *self,
           gboolean             is_client,
           const DuplexEvent   *event,
           GBytes              *payload)
{
  Step step = { is_client, *event };

  step.event.owner = payload;
  step.event.payload = g_bytes_get_data (payload, &step.event.payload_size);
  step.event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  step.event.findings = g_memdup2 (event->findings, event->n_findings * sizeof (DuplexFinding));
  step.event.hold = NULL;
  step.event.hold_bytes = NULL;
  self->size += sizeof step + step.event.payload_size;
  g_array_append_val (self->steps, step);
}

static void
add (DuplexRecordOpening *self,
     gboolean             is_client,
     DuplexEventKind      kind,
     DuplexDirection      direction,
     guint                flags,
     gint64               time_us,
     gint64               value,
     GBytes              *payload)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = kind;
  event.direction = direction;
  event.flags = flags;
  event.time_us = time_us;
  event.value = value;
  add_event (self, is_client, &event, payload);
}

static void
add_text (DuplexRecordOpening *self,
          gboolean             is_client,
          DuplexEventKind      kind,
          guint                flags,
          gint64               time_us,
          gint64               value,
          const char          *text)
{
  add (self, is_client, kind, DUPLEX_DIRECTION_NONE, flags, time_us, value,
       g_bytes_new (text, text != NULL ? strlen (text) : 0));
}

/* ---- the backend's leg ---- */

/* What waits to be recorded has no secrets any more. */
static gboolean
copy_dial_cb (const DuplexEvent *event,
              gpointer           user_data)
{
  DuplexRecordOpening      *self = user_data;
  g_autofree DuplexFinding *findings = NULL;
  DuplexEvent               copy = *event;
  GBytes                   *payload;

  if (event->kind == DUPLEX_EVENT_LOST)
    return TRUE;
  payload = duplex_redact_event (event);
  if (payload != NULL)
    {
      copy.flags |= DUPLEX_EVENT_FLAG_REDACTED;
      copy.findings = findings = duplex_redact_dup_findings (event, payload);
    }
  else
    payload = g_bytes_new (event->payload, event->payload != NULL ? event->payload_size : 0);
  add_event (self, /* is_client= */ FALSE, &copy, payload);
  self->has_backend = TRUE;
  self->is_open = event->kind == DUPLEX_EVENT_CONNECTED;
  return TRUE;
}

static void
add_backend (DuplexRecordOpening         *self,
             const DuplexRecordedOpening *known)
{
  if (known->dial != NULL)
    duplex_capture_walk (known->dial, 0, G_MAXUINT64, copy_dial_cb, self);
}

/* ---- the client's ---- */

/* The URL that the client asked for. */
static GBytes *
make_url (const DuplexRecordedOpening *known,
          GBytes                      *request)
{
  gsize                  size;
  const guint8          *data = g_bytes_get_data (request, &size);
  gsize                  end = duplex_head_find_end (data, size, NULL);
  g_autoptr (DuplexHead) head = duplex_head_parse_request (data, end > 0 ? end : size, NULL);
  const char            *host = head != NULL ? duplex_head_lookup (head, "Host") : NULL;
  char                  *url;

  url = g_strconcat (known->tls != NULL ? "wss://" : "ws://", host != NULL ? host : "-",
                     head != NULL ? duplex_head_get_target (head) : "/", NULL);
  return g_bytes_new_take (url, strlen (url));
}

static guint
get_status (GBytes *response)
{
  gsize                  size;
  const guint8          *data = g_bytes_get_data (response, &size);
  g_autoptr (DuplexHead) head = duplex_head_parse_response (data, size, NULL);

  return head != NULL ? duplex_head_get_status (head) : 0;
}

static void
add_client_request (DuplexRecordOpening         *self,
                    const DuplexRecordedOpening *known)
{
  gboolean           hides = FALSE;
  g_autoptr (GBytes) request = duplex_redact_relay_request (known->request, &hides);
  guint              hidden = hides ? DUPLEX_EVENT_FLAG_REDACTED : 0;

  add (self, TRUE, DUPLEX_EVENT_CONNECTING, DUPLEX_DIRECTION_NONE,
       DUPLEX_EVENT_FLAG_SERVER | hidden, known->accepted_at, -1, make_url (known, request));
  if (known->tls != NULL)
    add_text (self, TRUE, DUPLEX_EVENT_TLS, 0, known->accepted_at, 0, known->tls);
  add (self, TRUE, DUPLEX_EVENT_REQUEST, DUPLEX_DIRECTION_RECEIVED, hidden, known->accepted_at,
       -1, g_steal_pointer (&request));
}

static void
add_client_response (DuplexRecordOpening         *self,
                     const DuplexRecordedOpening *known,
                     gint64                       now)
{
  add (self, TRUE, DUPLEX_EVENT_RESPONSE, DUPLEX_DIRECTION_SENT, 0, now,
       get_status (known->response), g_bytes_ref (known->response));
  add_text (self, TRUE, DUPLEX_EVENT_CONNECTED, DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_SERVER,
            now, MAX (now - known->accepted_at, 0), known->peer);
  if (known->unseen > 0)
    add (self, TRUE, DUPLEX_EVENT_GAP, DUPLEX_DIRECTION_RECEIVED, DUPLEX_EVENT_FLAG_ROW, now,
         (gint64)known->unseen, g_bytes_new (NULL, 0));
}

/* ---- a client without a WebSocket ---- */

/* What the body says is often the reason; but 400 cites what it does not understand, which may be
 * a secret. */
static void
add_refusal (DuplexRecordOpening         *self,
             const DuplexRecordedOpening *known,
             gint64                       now)
{
  gsize                  size;
  const guint8          *data = g_bytes_get_data (known->response, &size);
  gsize                  end = duplex_head_find_end (data, size, NULL);
  gsize                  body = MIN (size - end, DUPLEX_LIMIT_REFUSED_BODY);
  g_autoptr (DuplexHead) head = duplex_head_parse_response (data, end, NULL);
  guint                  status = head != NULL ? duplex_head_get_status (head) : 0;
  g_autofree char       *text = NULL;

  add (self, TRUE, DUPLEX_EVENT_RESPONSE, DUPLEX_DIRECTION_SENT, 0, now, status,
       g_bytes_new_from_bytes (known->response, 0, end));
  if (body > 0 && status != 400)
    add (self, TRUE, DUPLEX_EVENT_BODY, DUPLEX_DIRECTION_SENT, 0, now, -1,
         g_bytes_new_from_bytes (known->response, end, body));
  text = g_strdup_printf ("HTTP %u %s", status,
                          head != NULL ? duplex_head_get_reason_phrase (head) : "");
  add_text (self, TRUE, DUPLEX_EVENT_FAILED, DUPLEX_EVENT_FLAG_ROW, now,
            DUPLEX_ERROR_HANDSHAKE_REFUSED, text);
}

static void
add_failure (DuplexRecordOpening         *self,
             const DuplexRecordedOpening *known,
             gint64                       now)
{
  if (self->is_open)
    add_text (self, FALSE, DUPLEX_EVENT_CLOSED, DUPLEX_EVENT_FLAG_ROW, now, DUPLEX_CLOSE_ABNORMAL,
              NULL);
  if (known->response != NULL)
    add_refusal (self, known, now);
  else
    add_text (self, TRUE, DUPLEX_EVENT_FAILED, DUPLEX_EVENT_FLAG_ROW, now,
              DUPLEX_ERROR_CONNECTION_LOST, "The client had no response");
}

/* ---- public ---- */

DuplexRecordOpening *
duplex_record_opening_new (const DuplexRecordedOpening *known,
                           gboolean                     is_refused)
{
  DuplexRecordOpening *self;
  gint64               now = g_get_real_time ();

  g_return_val_if_fail (known != NULL && known->request != NULL, NULL);
  g_return_val_if_fail (is_refused || known->response != NULL, NULL);

  self = g_new0 (DuplexRecordOpening, 1);
  self->steps = g_array_sized_new (FALSE, FALSE, sizeof (Step), 12);
  g_array_set_clear_func (self->steps, step_clear);
  if (known->deflate != NULL)
    self->deflate = *known->deflate;
  add_client_request (self, known);
  add_backend (self, known);
  if (is_refused)
    add_failure (self, known, now);
  else
    add_client_response (self, known, now);
  return self;
}

void
duplex_record_opening_free (DuplexRecordOpening *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->steps);
  g_free (self);
}

void
duplex_record_opening_append (DuplexRecordOpening *self,
                              DuplexCapture       *capture,
                              guint32              client,
                              guint32              backend)
{
  g_return_if_fail (self != NULL);

  for (guint i = 0; i < self->steps->len; i++)
    {
      Step *step = &g_array_index (self->steps, Step, i);

      step->event.connection = step->is_client ? client : backend;
      duplex_capture_append (capture, &step->event);
    }
}

gsize
duplex_record_opening_get_size (DuplexRecordOpening *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->size;
}

gboolean
duplex_record_opening_has_backend (DuplexRecordOpening *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->has_backend;
}

gboolean
duplex_record_opening_is_open (DuplexRecordOpening *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->is_open;
}

const DuplexDeflateAgreement *
duplex_record_opening_get_deflate (DuplexRecordOpening *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return &self->deflate;
}
