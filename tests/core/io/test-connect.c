/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TCP to a URL's host: the short way to an address, and the long one. */
#include <string.h>

#include "core/io/duplex-connect.h"

typedef struct
{
  GSocketConnection *connection;
  GError            *error;
} Outcome;

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  Outcome *outcome = data;

  outcome->connection = duplex_connect_finish (result, &outcome->error);
}

static Outcome
connect_to (const char   *text,
            const char   *address,
            const char   *proxy,
            GCancellable *cancellable)
{
  g_autoptr (DuplexUrl) url = duplex_url_parse (text, NULL);
  Outcome               outcome = { NULL, NULL };

  duplex_connect_async (url, address, proxy, cancellable, connected_cb, &outcome);
  while (outcome.connection == NULL && outcome.error == NULL)
    g_main_context_iteration (NULL, TRUE);
  return outcome;
}

static GSocket *
listen_on_loopback (GSocketFamily family,
                    guint16      *ret_port)
{
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (family);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  GSocket                   *socket;

  socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_assert_true (g_socket_bind (socket, wanted, TRUE, NULL));
  g_assert_true (g_socket_listen (socket, NULL));
  bound = g_socket_get_local_address (socket, NULL);
  *ret_port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return socket;
}

/* The URL's name means nothing where an address is given. */
static void
test_reached (void)
{
  static const struct
  {
    GSocketFamily family;
    const char   *host;
    const char   *address;
    const char   *proxy;
  } cases[] = {
    { G_SOCKET_FAMILY_IPV4, "nowhere.invalid", "127.0.0.1", "direct://" },
    { G_SOCKET_FAMILY_IPV6, "nowhere.invalid", "::1", "direct://" },
    { G_SOCKET_FAMILY_IPV4, "nowhere.invalid", "127.0.0.1", NULL },
    { G_SOCKET_FAMILY_IPV4, "127.0.0.1", NULL, "direct://" },
    { G_SOCKET_FAMILY_IPV4, "127.0.0.1", NULL, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint16                    port;
      g_autoptr (GSocket)        server = listen_on_loopback (cases[i].family, &port);
      g_autofree char           *url = g_strdup_printf ("ws://%s:%u/", cases[i].host, port);
      Outcome                    outcome = connect_to (url, cases[i].address, cases[i].proxy, NULL);
      g_autoptr (GSocket)        accepted = NULL;
      g_autoptr (GSocketAddress) remote = NULL;

      g_assert_no_error (outcome.error);
      accepted = g_socket_accept (server, NULL, NULL);
      g_assert_nonnull (accepted);
      remote = g_socket_connection_get_remote_address (outcome.connection, NULL);
      g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (remote)), ==, port);
      g_assert_finalize_object (outcome.connection);
    }
}

static void
test_refused (void)
{
  static const char *const proxies[] = { "direct://", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (proxies); i++)
    {
      Outcome outcome = connect_to ("ws://nowhere.invalid:1/", "127.0.0.1", proxies[i], NULL);

      g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
      g_assert_nonnull (strstr (outcome.error->message, "Could not connect to 127.0.0.1: "));
      g_error_free (outcome.error);
    }
}

static void
test_cancelled (void)
{
  static const char *const proxies[] = { "direct://", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (proxies); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      guint16                  port;
      g_autoptr (GSocket)      server = listen_on_loopback (G_SOCKET_FAMILY_IPV4, &port);
      g_autofree char         *url = g_strdup_printf ("ws://127.0.0.1:%u/", port);
      Outcome                  outcome;

      g_cancellable_cancel (cancellable);
      outcome = connect_to (url, "127.0.0.1", proxies[i], cancellable);
      g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_error_free (outcome.error);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/connect/reached", test_reached);
  g_test_add_func ("/core/connect/refused", test_refused);
  g_test_add_func ("/core/connect/cancelled", test_cancelled);
  return g_test_run ();
}
