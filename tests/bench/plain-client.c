/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The least that a program can do with libsoup: it counts the messages of a URL until the server
 * closes, and prints how many there were and in how many seconds, from before connecting. What the
 * others are compared with. */
#include <libsoup/soup.h>

typedef struct
{
  GMainLoop *loop;
  guint64    received;
  gboolean   failed;
} Plain;

static void
message_cb (SoupWebsocketConnection *connection,
            int                      type,
            GBytes                  *message,
            gpointer                 data)
{
  ((Plain *)data)->received++;
}

static void
closed_cb (SoupWebsocketConnection *connection,
           gpointer                 data)
{
  g_main_loop_quit (((Plain *)data)->loop);
  g_object_unref (connection);
}

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  Plain                   *plain = data;
  g_autoptr (GError)       error = NULL;
  SoupWebsocketConnection *connection;

  connection = soup_session_websocket_connect_finish (SOUP_SESSION (object), result, &error);
  if (connection == NULL)
    {
      g_printerr ("plain-client: %s\n", error->message);
      plain->failed = TRUE;
      g_main_loop_quit (plain->loop);
      return;
    }
  soup_websocket_connection_set_max_incoming_payload_size (connection, 64 * 1024 * 1024);
  g_signal_connect (connection, "message", G_CALLBACK (message_cb), plain);
  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), plain);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (SoupMessage) message = argc == 2 ? soup_message_new ("GET", argv[1]) : NULL;
  g_autoptr (GMainLoop)   loop = g_main_loop_new (NULL, FALSE);
  Plain                   plain = { .loop = loop };
  gint64                  begun = g_get_monotonic_time ();

  if (message == NULL)
    {
      g_printerr ("usage: plain-client ws://...\n");
      return 1;
    }
  soup_session_websocket_connect_async (session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL,
                                        connected_cb, &plain);
  g_main_loop_run (loop);
  g_print ("%" G_GUINT64_FORMAT " %.6f\n", plain.received,
           (g_get_monotonic_time () - begun) / 1e6);
  return plain.failed ? 1 : 0;
}
