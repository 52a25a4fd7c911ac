/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-tls-client.h"

#include "core/io/duplex-socket.h"
#include "core/io/duplex-tls-stream.h"
#include "core/io/duplex-tls.h"

/* Of a task, borrowed. */
typedef struct
{
  const DuplexDialSettings *settings;
  DuplexDialResult         *result;
} Step;

/* ---- with GIO ---- */

static gboolean
accept_certificate_cb (GTlsConnection      *connection,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags flags,
                       gpointer             data)
{
  Step            *step = data;
  g_autofree char *fingerprint = duplex_tls_dup_fingerprint (certificate);
  gboolean         trusted =
    fingerprint != NULL && g_strcmp0 (fingerprint, step->settings->trusted) == 0;

  step->result->refused_flags = flags;
  if (!step->settings->verify || trusted)
    {
      step->result->unverified = TRUE;
      return TRUE;
    }
  step->result->refused = g_steal_pointer (&fingerprint);
  return FALSE;
}

static void
gio_ready_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  g_autoptr (GTask) task = data;
  GTlsConnection   *tls = G_TLS_CONNECTION (object);
  GError           *error = NULL;

  /* The handler's data ends with the task. */
  g_signal_handlers_disconnect_by_data (tls, g_task_get_task_data (task));
  if (g_tls_connection_handshake_finish (tls, result, &error))
    g_task_return_pointer (task, duplex_tls_describe (tls), g_free);
  else
    g_task_return_error (task, error);
}

static void
start_gio (GTask *task)
{
  Step                      *step = g_task_get_task_data (task);
  const DuplexDialSettings  *settings = step->settings;
  GError                    *error = NULL;
  g_autoptr (GTlsConnection) tls = NULL;

  tls = duplex_tls_new_client (step->result->stream, settings->url->host, settings->url->port,
                               settings->ca_file, &error);
  if (tls == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (settings->certificate != NULL)
    g_tls_connection_set_certificate (tls, settings->certificate);
  g_set_object (&step->result->stream, G_IO_STREAM (tls));
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (accept_certificate_cb), step);
  g_tls_connection_handshake_async (tls, G_PRIORITY_DEFAULT, g_task_get_cancellable (task),
                                    gio_ready_cb, g_object_ref (task));
}

/* ---- without it ---- */

static void
shaken_ready_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  g_autoptr (GTask) task = data;
  Step             *step = g_task_get_task_data (task);
  DuplexTlsStream  *stream = DUPLEX_TLS_STREAM (object);
  DuplexTlsSession *session = duplex_tls_stream_get_session (stream);
  GError           *error = NULL;

  if (duplex_tls_stream_shake_hands_finish (stream, result, &error))
    g_task_return_pointer (task, duplex_tls_session_describe (session), g_free);
  else
    {
      step->result->refused_flags =
        duplex_tls_session_get_problems (session, &step->result->refused);
      g_task_return_error (task, error);
    }
}

static void
start_own (GTask *task)
{
  Step                     *step = g_task_get_task_data (task);
  const DuplexDialSettings *settings = step->settings;
  DuplexTlsSession         *session;
  int                       fd;

  fd = duplex_socket_steal_fd (G_SOCKET_CONNECTION (step->result->stream));
  g_clear_object (&step->result->stream);
  if (fd < 0)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                               "There are too many open files");
      return;
    }
  session = duplex_tls_session_new_client (settings->trust, settings->url->host, fd);
  step->result->stream = duplex_tls_stream_new (session);
  duplex_tls_stream_shake_hands_async (DUPLEX_TLS_STREAM (step->result->stream),
                                       g_task_get_cancellable (task), shaken_ready_cb,
                                       g_object_ref (task));
}

/* ---- public ---- */

void
duplex_tls_client_async (const DuplexDialSettings *settings,
                         DuplexDialResult         *result,
                         GCancellable             *cancellable,
                         GAsyncReadyCallback       callback,
                         gpointer                  user_data)
{
  g_autoptr (GTask) task = NULL;
  Step             *step;

  g_return_if_fail (settings != NULL && result != NULL);
  g_return_if_fail (G_IS_SOCKET_CONNECTION (result->stream));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, duplex_tls_client_async);
  step = g_new0 (Step, 1);
  step->settings = settings;
  step->result = result;
  g_task_set_task_data (task, step, g_free);
  if (settings->trust != NULL)
    start_own (task);
  else
    start_gio (task);
}

char *
duplex_tls_client_finish (GAsyncResult *result,
                          GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
