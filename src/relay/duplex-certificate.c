/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "relay/duplex-certificate.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/socket.h>

/* A TLS handshake of this process with itself. */
typedef struct
{
  GIOStream *ends[2];
  guint      n_done;
  GError    *error; /* of the end that failed first */
} Trial;

static gboolean
accept_cb (GTlsConnection      *connection,
           GTlsCertificate     *certificate,
           GTlsCertificateFlags problems,
           gpointer             data)
{
  return TRUE;
}

static void
shaken_ready_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  Trial             *trial = data;
  g_autoptr (GError) error = NULL;

  trial->n_done++;
  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (object), result, &error))
    return;
  if (trial->error == NULL)
    trial->error = g_steal_pointer (&error);
  /* So that the other end does not wait. */
  for (gsize i = 0; i < G_N_ELEMENTS (trial->ends); i++)
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (trial->ends[i])),
                       TRUE, TRUE, NULL);
}

static gboolean
make_ends (Trial   *trial,
           GError **error)
{
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return FALSE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (GSocket) socket = g_socket_new_from_fd (fds[i], NULL);

      g_assert (socket != NULL);
      trial->ends[i] = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
    }
  return TRUE;
}

static gboolean
shake_hands (Trial           *trial,
             GTlsCertificate *certificate,
             GMainContext    *context,
             GError         **error)
{
  g_autoptr (GIOStream) server =
    g_tls_server_connection_new (trial->ends[0], certificate, error);
  g_autoptr (GIOStream) client = NULL;

  if (server != NULL)
    client = g_tls_client_connection_new (trial->ends[1], NULL, error);
  if (client == NULL)
    return FALSE;
  /* Whether anybody trusts it is not the question. */
  g_tls_connection_set_database (G_TLS_CONNECTION (client), NULL);
  g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (server), G_PRIORITY_DEFAULT, NULL,
                                    shaken_ready_cb, trial);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (client), G_PRIORITY_DEFAULT, NULL,
                                    shaken_ready_cb, trial);
  while (trial->n_done < G_N_ELEMENTS (trial->ends))
    g_main_context_iteration (context, /* may_block= */ TRUE);
  if (trial->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&trial->error));
  return FALSE;
}

static gboolean
try_out (GTlsCertificate *certificate,
         GError         **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Trial                    trial = { 0 };
  gboolean                 passed;

  g_main_context_push_thread_default (context);
  passed = make_ends (&trial, error) && shake_hands (&trial, certificate, context, error);
  g_main_context_pop_thread_default (context);
  for (gsize i = 0; i < G_N_ELEMENTS (trial.ends); i++)
    g_clear_object (&trial.ends[i]);
  return passed;
}

/* What only one of them lacks, GIO does not say of which. */
static gboolean
check_file (const char *file,
            const char *what,
            GError    **error)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (file, &text, NULL, error))
    return FALSE;
  if (strstr (text, what) != NULL)
    return TRUE;
  g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
               _ ("%s: there is no “%s” in it"), file, what);
  return FALSE;
}

GTlsCertificate *
duplex_certificate_load (const char *certificate_file,
                         const char *key_file,
                         GError    **error)
{
  g_autoptr (GTlsCertificate) certificate = NULL;

  g_return_val_if_fail (certificate_file != NULL && key_file != NULL, NULL);

  if (!check_file (certificate_file, "BEGIN CERTIFICATE", error) ||
      !check_file (key_file, "PRIVATE KEY", error))
    return NULL;
  certificate = g_tls_certificate_new_from_files (certificate_file, key_file, error);
  if (certificate == NULL)
    {
      g_prefix_error (error, "%s, %s: ", certificate_file, key_file);
      return NULL;
    }
  if (!try_out (certificate, error))
    {
      g_prefix_error (error, _ ("%s does not go with %s: "), key_file, certificate_file);
      return NULL;
    }
  return g_steal_pointer (&certificate);
}
