/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-dialer.h"

#include <string.h>

#include "core/io/duplex-connect.h"
#include "core/io/duplex-tls-client.h"
#include "core/io/duplex-tls.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

typedef struct
{
  /* owned */
  DuplexCapture    *capture;
  DuplexDialResult *result;
  GCancellable     *cancellable; /* of the attempt: the caller's and the deadline end it */
  GCancellable     *outer;
  gulong            outer_id;
  GSource          *deadline;
  char             *key;
  GBytes           *request;
  GByteArray       *received;

  /* borrowed */
  const DuplexDialSettings *settings;

  /* state */
  guint32  connection;
  gint64   started; /* monotonic µs */
  gboolean timed_out;
  gboolean body_awaited;
  gsize    interim; /* bytes of responses that were not the last */
  guint8   chunk[4096];
} Attempt;

void
duplex_dial_settings_free (DuplexDialSettings *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->url, duplex_url_free);
  g_free (self->origin);
  g_strfreev (self->subprotocols);
  for (gsize i = 0; i < self->n_headers; i++)
    {
      g_free (self->headers[i].name);
      g_free (self->headers[i].value);
    }
  g_free (self->headers);
  g_free (self->trusted);
  g_free (self->ca_file);
  g_clear_pointer (&self->trust, duplex_tls_credentials_unref);
  g_free (self->address);
  g_free (self->proxy);
  g_clear_object (&self->certificate);
  g_free (self);
}

void
duplex_dial_result_free (DuplexDialResult *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->stream);
  g_clear_pointer (&self->leftover, g_bytes_unref);
  g_free (self->subprotocol);
  g_free (self->refused);
  g_free (self);
}

static void
attempt_free (gpointer data)
{
  Attempt *attempt = data;

  if (attempt->outer != NULL)
    g_cancellable_disconnect (attempt->outer, attempt->outer_id);
  if (attempt->deadline != NULL)
    g_source_destroy (attempt->deadline);
  g_clear_pointer (&attempt->deadline, g_source_unref);
  g_clear_object (&attempt->outer);
  g_clear_object (&attempt->cancellable);
  g_clear_object (&attempt->capture);
  g_clear_pointer (&attempt->result, duplex_dial_result_free);
  g_clear_pointer (&attempt->key, g_free);
  g_clear_pointer (&attempt->request, g_bytes_unref);
  g_clear_pointer (&attempt->received, g_byte_array_unref);
  g_free (attempt);
}

static gboolean
deadline_cb (gpointer data)
{
  Attempt *attempt = data;

  attempt->timed_out = TRUE;
  g_cancellable_cancel (attempt->cancellable);
  return G_SOURCE_REMOVE;
}

static void
set_deadline (Attempt *attempt,
              guint    seconds)
{
  attempt->deadline = g_timeout_source_new_seconds (seconds);
  g_source_set_callback (attempt->deadline, deadline_cb, attempt, NULL);
  g_source_attach (attempt->deadline, g_main_context_get_thread_default ());
}

static void
record (Attempt             *attempt,
        DuplexEventKind      kind,
        DuplexDirection      direction,
        guint                flags,
        gint64               value,
        const void          *payload,
        gsize                size,
        const DuplexFinding *findings,
        guint                n_findings)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  if (attempt->capture == NULL)
    return;
  event.time_us = g_get_real_time ();
  event.kind = kind;
  event.direction = direction;
  event.connection = attempt->connection;
  event.flags = flags;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.value = value;
  event.payload = payload;
  event.payload_size = size;
  event.findings = findings;
  event.n_findings = n_findings;
  duplex_capture_append (attempt->capture, &event);
}

/* GIO's many domains, by the step that failed. */
static int
classify_error (const GError *error)
{
  if (error->domain == DUPLEX_ERROR)
    return error->code;
  if (error->domain == G_RESOLVER_ERROR)
    return DUPLEX_ERROR_RESOLVE;
  if (error->domain == G_TLS_ERROR)
    return DUPLEX_ERROR_TLS;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return DUPLEX_ERROR_CANCELLED;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_AUTH_FAILED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_NEED_AUTH) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_NOT_ALLOWED))
    return DUPLEX_ERROR_PROXY;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return DUPLEX_ERROR_TIMEOUT;
  return DUPLEX_ERROR_CONNECT;
}

static GError *
describe_error (Attempt *attempt,
                GError  *error)
{
  const DuplexUrl *url = attempt->settings->url;
  int              code = classify_error (error);
  GError          *described;

  if (error->domain == DUPLEX_ERROR)
    return error;
  if (attempt->timed_out)
    described = g_error_new (DUPLEX_ERROR, DUPLEX_ERROR_TIMEOUT, "%s did not answer within %u s",
                             url->host_field, attempt->settings->timeout);
  else if (code == DUPLEX_ERROR_CANCELLED)
    described = g_error_new (DUPLEX_ERROR, code, "Connecting to %s was cancelled", url->host_field);
  else if (attempt->result->refused != NULL)
    {
      g_autofree char *problems = duplex_tls_dup_problems (attempt->result->refused_flags);

      /* The window takes the reasons from behind the first ": ", to translate them. */
      described = g_error_new (DUPLEX_ERROR, DUPLEX_ERROR_TLS_CERTIFICATE,
                               "The certificate of %s is not trusted: %s", url->host_field,
                               problems);
    }
  else
    described = g_error_new (DUPLEX_ERROR, code, "%s", error->message);
  g_error_free (error);
  return described;
}

/* Takes error. */
static void
fail (GTask  *task,
      GError *error)
{
  Attempt *attempt = g_task_get_task_data (task);
  GError  *described = describe_error (attempt, error);

  record (attempt, DUPLEX_EVENT_FAILED, DUPLEX_DIRECTION_NONE, DUPLEX_EVENT_FLAG_ROW,
          described->code, described->message, strlen (described->message), NULL, 0);
  if (attempt->result->stream != NULL)
    g_io_stream_close_async (attempt->result->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_clear_object (&attempt->result->stream);
  g_task_return_error (task, described);
}

/* ---- the HTTP upgrade ---- */

static void read_more (GTask *task);

static void
succeed (GTask *task)
{
  Attempt    *attempt = g_task_get_task_data (task);
  const char *text = attempt->settings->url->text;

  attempt->result->elapsed_us = g_get_monotonic_time () - attempt->started;
  record (attempt, DUPLEX_EVENT_CONNECTED, DUPLEX_DIRECTION_NONE, DUPLEX_EVENT_FLAG_ROW,
          attempt->result->elapsed_us, text, strlen (text), NULL, 0);
  g_task_return_boolean (task, TRUE);
}

static void
fill_request (Attempt       *attempt,
              DuplexRequest *request)
{
  const DuplexDialSettings *settings = attempt->settings;

  *request = (DuplexRequest){
    .host = settings->url->host_field,
    .target = settings->url->target,
    .key = attempt->key,
    .origin = settings->origin,
    .subprotocols = (const char *const *)settings->subprotocols,
    .deflate = settings->offers_deflate ? &settings->deflate : NULL,
    .headers = settings->headers,
    .n_headers = settings->n_headers,
  };
}

/* What the beginning of a refusal's body says is often the reason. It is shown, never parsed. */
static void
refuse (GTask      *task,
        DuplexHead *head,
        gsize       head_size)
{
  Attempt         *attempt = g_task_get_task_data (task);
  gsize            body = MIN (attempt->received->len - head_size, DUPLEX_LIMIT_REFUSED_BODY);
  g_autofree char *phrase = NULL;

  if (body > 0)
    record (attempt, DUPLEX_EVENT_BODY, DUPLEX_DIRECTION_RECEIVED, 0, -1,
            attempt->received->data + head_size, body, NULL, 0);
  /* The phrase may hold any byte above ASCII (RFC 9112 §4). */
  phrase = g_utf8_make_valid (duplex_head_get_reason_phrase (head), -1);
  fail (task, g_error_new (DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_REFUSED, "HTTP %u %s",
                           duplex_head_get_status (head), phrase));
}

static void
judge (GTask      *task,
       DuplexHead *head,
       gsize       head_size)
{
  Attempt           *attempt = g_task_get_task_data (task);
  g_autoptr (GArray) findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexRequest      request;
  gboolean           fine = TRUE;

  fill_request (attempt, &request);
  if (duplex_head_get_status (head) == 101)
    fine = duplex_handshake_check_response (head, &request, findings, &attempt->result->subprotocol,
                                            &attempt->result->deflate);
  record (attempt, DUPLEX_EVENT_RESPONSE, DUPLEX_DIRECTION_RECEIVED, 0,
          duplex_head_get_status (head), attempt->received->data, head_size,
          (const DuplexFinding *)findings->data, findings->len);

  if (duplex_head_get_status (head) != 101)
    {
      refuse (task, head, head_size);
      return;
    }
  if (!fine)
    {
      DuplexFindingId worst = DUPLEX_FINDING_NONE;

      for (guint i = 0; i < findings->len && worst == DUPLEX_FINDING_NONE; i++)
        if (duplex_finding_get_severity (g_array_index (findings, DuplexFinding, i).id) ==
            DUPLEX_SEVERITY_ERROR)
          worst = g_array_index (findings, DuplexFinding, i).id;
      fail (task, g_error_new_literal (DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID,
                                       duplex_finding_get_text (worst)));
      return;
    }
  if (attempt->received->len > head_size)
    attempt->result->leftover = g_bytes_new (attempt->received->data + head_size,
                                             attempt->received->len - head_size);
  succeed (task);
}

/* RFC 9112 §6.3: where a refusal's body ends. Our bound may end it sooner. */
static gboolean
wants_more_body (Attempt    *attempt,
                 DuplexHead *head,
                 gsize       head_size)
{
  static const char last_chunk[] = "0\r\n\r\n";
  const char       *length = duplex_head_lookup (head, "Content-Length");
  gsize             have = attempt->received->len - head_size;
  guint             status = duplex_head_get_status (head);
  guint64           want = DUPLEX_LIMIT_REFUSED_BODY;

  if (status < 200 || status == 204 || status == 304)
    return FALSE;
  if (duplex_head_has_token (head, "Transfer-Encoding", "chunked"))
    {
      gsize size = strlen (last_chunk);

      if (have >= size &&
          memcmp (attempt->received->data + attempt->received->len - size, last_chunk, size) == 0)
        return FALSE;
    }
  else if (length != NULL &&
           !g_ascii_string_to_unsigned (length, 10, 0, G_MAXUINT64, &want, NULL))
    return FALSE;
  return have < MIN (want, DUPLEX_LIMIT_REFUSED_BODY);
}

/* Whoever was refused shall not wait for a server that does not end its body: what came by then is
 * shown. */
#define BODY_TIMEOUT_S 2

static void
hurry_body (Attempt *attempt)
{
  gint64 latest = g_get_monotonic_time () + BODY_TIMEOUT_S * G_USEC_PER_SEC;

  if (attempt->body_awaited)
    return;
  attempt->body_awaited = TRUE;
  if (attempt->deadline == NULL)
    set_deadline (attempt, BODY_TIMEOUT_S);
  else if (g_source_get_ready_time (attempt->deadline) > latest)
    g_source_set_ready_time (attempt->deadline, latest);
}

/* Takes interim responses (RFC 9110 §15.2) off what was received; 101 is none. Together they may be
 * as large as a head, else one of them is judged as the refusal that it is not. */
static void
take_interim (Attempt *attempt)
{
  gsize size;

  while ((size = duplex_head_find_end (attempt->received->data, attempt->received->len, NULL)) > 0)
    {
      g_autoptr (DuplexHead) head =
        duplex_head_parse_response (attempt->received->data, size, NULL);
      guint status = head != NULL ? duplex_head_get_status (head) : 0;

      if (head == NULL || status == 101 || status >= 200 ||
          size > DUPLEX_LIMIT_HANDSHAKE_HEAD - attempt->interim)
        return;
      attempt->interim += size;
      record (attempt, DUPLEX_EVENT_RESPONSE, DUPLEX_DIRECTION_RECEIVED, 0, status,
              attempt->received->data, size, NULL, 0);
      g_byte_array_remove_range (attempt->received, 0, (guint)size);
    }
}

/* Returns FALSE when more bytes are needed. failure, may be NULL, is why there are no more. */
static gboolean
handle_received (GTask        *task,
                 gboolean      at_end,
                 const GError *failure)
{
  Attempt               *attempt = g_task_get_task_data (task);
  g_autoptr (DuplexHead) head = NULL;
  g_autoptr (GError)     error = NULL;
  gsize                  head_size;

  take_interim (attempt);
  head_size = duplex_head_find_end (attempt->received->data, attempt->received->len, &error);
  if (head_size == 0 && error == NULL && !at_end)
    return FALSE;
  if (head_size > 0)
    head = duplex_head_parse_response (attempt->received->data, head_size, &error);
  if (head != NULL && !at_end && wants_more_body (attempt, head, head_size))
    {
      hurry_body (attempt);
      return FALSE;
    }
  if (head != NULL)
    {
      judge (task, head, head_size);
      return TRUE;
    }
  if (attempt->received->len > 0)
    {
      DuplexFinding finding = { DUPLEX_FINDING_HANDSHAKE_NOT_HTTP, 0 };

      /* What was broken off from here is nothing against the server. */
      gboolean broken_off =
        error == NULL && !attempt->timed_out &&
        g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED);

      record (attempt, DUPLEX_EVENT_RESPONSE, DUPLEX_DIRECTION_RECEIVED, DUPLEX_EVENT_FLAG_CUT, 0,
              attempt->received->data, attempt->received->len, &finding, broken_off ? 0 : 1);
    }
  if (error == NULL && failure != NULL)
    error = g_error_copy (failure);
  else if (error == NULL)
    g_set_error (&error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID,
                 "%s ended the connection after %u bytes, before its HTTP response was complete",
                 attempt->settings->url->host_field, attempt->received->len);
  fail (task, g_steal_pointer (&error));
  return TRUE;
}

static void
read_ready_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  g_autoptr (GTask)  task = data;
  Attempt           *attempt = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gssize             n = g_input_stream_read_finish (G_INPUT_STREAM (object), result, &error);

  if (n < 0 && attempt->received->len == 0)
    {
      fail (task, g_steal_pointer (&error));
      return;
    }
  if (n > 0)
    g_byte_array_append (attempt->received, attempt->chunk, (guint)n);
  if (!handle_received (task, /* at_end= */ n <= 0, error))
    read_more (task);
}

static void
read_more (GTask *task)
{
  Attempt *attempt = g_task_get_task_data (task);

  g_input_stream_read_async (g_io_stream_get_input_stream (attempt->result->stream), attempt->chunk,
                             sizeof attempt->chunk, G_PRIORITY_DEFAULT, attempt->cancellable,
                             read_ready_cb, g_object_ref (task));
}

static void
written_ready_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      data)
{
  g_autoptr (GTask)  task = data;
  Attempt           *attempt = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gsize              size;
  const void        *bytes = g_bytes_get_data (attempt->request, &size);

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, &error))
    {
      fail (task, g_steal_pointer (&error));
      return;
    }
  record (attempt, DUPLEX_EVENT_REQUEST, DUPLEX_DIRECTION_SENT, 0, -1, bytes, size, NULL, 0);
  read_more (task);
}

/* The stream carries HTTP now, plain or inside TLS. */
static void
upgrade (GTask *task)
{
  Attempt    *attempt = g_task_get_task_data (task);
  gsize       size;
  const void *bytes = g_bytes_get_data (attempt->request, &size);

  g_output_stream_write_all_async (g_io_stream_get_output_stream (attempt->result->stream), bytes,
                                   size, G_PRIORITY_DEFAULT, attempt->cancellable, written_ready_cb,
                                   g_object_ref (task));
}

/* ---- TLS ---- */

static void
tls_ready_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  g_autoptr (GTask)  task = data;
  Attempt           *attempt = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autofree char   *description = duplex_tls_client_finish (result, &error);
  DuplexFinding      finding = { DUPLEX_FINDING_CERTIFICATE_OVERRIDDEN, 0 };

  if (description == NULL)
    {
      fail (task, g_steal_pointer (&error));
      return;
    }
  record (attempt, DUPLEX_EVENT_TLS, DUPLEX_DIRECTION_NONE, 0, attempt->result->refused_flags,
          description, strlen (description), &finding, attempt->result->unverified ? 1 : 0);
  upgrade (task);
}

/* ---- the beginning ---- */

static void
connected_ready_cb (GObject      *object,
                    GAsyncResult *result,
                    gpointer      data)
{
  g_autoptr (GTask)  task = data;
  Attempt           *attempt = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection = duplex_connect_finish (result, &error);

  if (connection == NULL)
    {
      fail (task, g_steal_pointer (&error));
      return;
    }
  attempt->result->stream = G_IO_STREAM (connection);
  if (attempt->settings->url->tls)
    duplex_tls_client_async (attempt->settings, attempt->result, attempt->cancellable,
                             tls_ready_cb, g_object_ref (task));
  else
    upgrade (task);
}

static void
outer_cancelled_cb (GCancellable *outer,
                    gpointer      data)
{
  g_cancellable_cancel (data);
}

static Attempt *
attempt_new (const DuplexDialSettings *settings,
             DuplexCapture            *capture,
             guint32                   connection,
             GCancellable             *cancellable)
{
  Attempt *attempt = g_new0 (Attempt, 1);

  attempt->settings = settings;
  g_set_object (&attempt->capture, capture);
  attempt->connection = connection;
  attempt->result = g_new0 (DuplexDialResult, 1);
  attempt->received = g_byte_array_new ();
  attempt->started = g_get_monotonic_time ();
  attempt->cancellable = g_cancellable_new ();
  if (settings->timeout > 0)
    set_deadline (attempt, settings->timeout);
  if (cancellable != NULL)
    {
      attempt->outer = g_object_ref (cancellable);
      attempt->outer_id = g_cancellable_connect (cancellable, G_CALLBACK (outer_cancelled_cb),
                                                 attempt->cancellable, NULL);
    }
  return attempt;
}

static GBytes *
build_request (Attempt *attempt,
               GError **error)
{
  DuplexRequest request;

  attempt->key = duplex_handshake_new_key ();
  fill_request (attempt, &request);
  return duplex_handshake_build_request (&request, error);
}

gboolean
duplex_dial_settings_check (const DuplexDialSettings *self,
                            GError                  **error)
{
  Attempt            attempt = { .settings = self };
  g_autoptr (GBytes) request = NULL;

  g_return_val_if_fail (self != NULL, FALSE);

  request = build_request (&attempt, error);
  g_free (attempt.key);
  return request != NULL;
}

void
duplex_dialer_dial_async (const DuplexDialSettings *settings,
                          DuplexCapture            *capture,
                          guint32                   connection,
                          GCancellable             *cancellable,
                          GAsyncReadyCallback       callback,
                          gpointer                  user_data)
{
  g_autoptr (GTask)  task = NULL;
  g_autoptr (GError) error = NULL;
  Attempt           *attempt;

  g_return_if_fail (settings != NULL && settings->url != NULL);
  g_return_if_fail (capture == NULL || DUPLEX_IS_CAPTURE (capture));

  task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_source_tag (task, duplex_dialer_dial_async);
  attempt = attempt_new (settings, capture, connection, cancellable);
  g_task_set_task_data (task, attempt, attempt_free);
  record (attempt, DUPLEX_EVENT_CONNECTING, DUPLEX_DIRECTION_NONE, 0, -1, settings->url->text,
          strlen (settings->url->text), NULL, 0);

  attempt->request = build_request (attempt, &error);
  if (attempt->request == NULL)
    {
      fail (task, g_steal_pointer (&error));
      return;
    }
  duplex_connect_async (settings->url, settings->address, settings->proxy, attempt->cancellable,
                        connected_ready_cb, g_object_ref (task));
}

gboolean
duplex_dialer_dial_finish (GAsyncResult      *result,
                           DuplexDialResult **ret_result,
                           GError           **error)
{
  Attempt *attempt;

  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  attempt = g_task_get_task_data (G_TASK (result));
  *ret_result = g_steal_pointer (&attempt->result);
  return g_task_propagate_boolean (G_TASK (result), error);
}
