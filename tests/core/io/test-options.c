/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session may be told beside its profile. */
#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-io-support.h"
#include "duplex-raw-server.h"

static gboolean
is_disconnected (Fixture *f,
                 gpointer data)
{
  return duplex_session_get_state (f->session) == DUPLEX_SESSION_DISCONNECTED;
}

static void
wait_end (Fixture *f)
{
  fixture_wait (f, is_disconnected, NULL, "the end");
}

/* ---- texts ---- */

static void
test_proxy_texts (void)
{
  static const char *const         good[] = { "http://127.0.0.1:1", "socks5://u:p@proxy.example",
                                              "SOCKS4://[::1]:9" };
  static const char *const         bad[] = { "", "127.0.0.1:1", "ftp://x", "http://", "http:///x",
                                             "https://x" };
  g_autoptr (DuplexSessionOptions) options = duplex_session_options_new ();

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (duplex_session_options_set_proxy (options, good[i], NULL));
      g_assert_cmpstr (options->proxy, ==, good[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (duplex_session_options_set_proxy (options, bad[i], &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
      g_assert_cmpstr (options->proxy, ==, good[G_N_ELEMENTS (good) - 1]);
    }
}

static void
test_resolve_texts (void)
{
  static const char *const         good[] = { "a.example:80:127.0.0.1", "a.example:1:::1",
                                              "[::2]:65535:[::1]" };
  static const char *const         bad[] = { "", "a", "a:80", "a:80:",
                                             ":80:::1", "a:0:::1", "a:65536:::1", "a:80:b",
                                             "[::1:80:::1", "a b:80:::1", "a:x:::1",
                                             "a/b:80:::1", "u@a:80:::1" };
  g_autoptr (DuplexSessionOptions) options = duplex_session_options_new ();

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (duplex_session_options_add_resolve (options, good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (duplex_session_options_add_resolve (options, bad[i], &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
    }
  g_assert_cmpuint (options->resolve->len, ==, G_N_ELEMENTS (good));
}

static void
test_certificate_files (void)
{
  g_autoptr (DuplexSessionOptions) options = duplex_session_options_new ();
  g_autoptr (GError)               error = NULL;

  g_assert_false (
    duplex_session_options_set_certificate (options, "/nowhere.pem", NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "/nowhere.pem"));
  g_assert_null (options->certificate);
}

/* Of the same host and port the last holds; the URL's port counts, not only its host. */
static void
test_resolve_last (void)
{
  g_autoptr (DuplexSessionOptions) options = duplex_session_options_new ();
  g_autoptr (DuplexProfile)        profile = duplex_profile_new ("", "wss://A.example/");
  g_autoptr (DuplexDialSettings)   settings = NULL;
  g_autoptr (GError)               error = NULL;

  duplex_session_options_add_resolve (options, "a.example:443:127.0.0.1", NULL);
  duplex_session_options_add_resolve (options, "A.EXAMPLE:443:127.0.0.2", NULL);
  duplex_session_options_add_resolve (options, "a.example:80:127.0.0.3", NULL);
  settings = duplex_session_options_build (options, profile, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (settings->address, ==, "127.0.0.2");
}

/* ---- on the wire ---- */

static void
silent_script (RawPeer *peer,
               gpointer data)
{
  raw_peer_read_request (peer);
  raw_peer_read_to_end (peer, 10000);
}

static void
test_connect_timeout (void)
{
  g_autoptr (RawServer) server = raw_server_new (silent_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  gint64                begin = g_get_monotonic_time ();

  duplex_session_get_options (f->session)->connect_timeout = 1;
  fixture_connect (f);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_TIMEOUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
  fixture_free (f);
}

static void
long_message_script (RawPeer *peer,
                     gpointer data)
{
  raw_peer_upgrade (peer);
  raw_peer_write_frame (peer, 0x81, "1234567890", 10);
  raw_peer_write_frame (peer, 0x01, "123456", 6);
  raw_peer_write_frame (peer, 0x80, "78901", 5);
  raw_peer_read_to_end (peer, 10000);
}

static void
test_max_message (void)
{
  g_autoptr (RawServer) server = raw_server_new (long_message_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));

  duplex_session_get_options (f->session)->max_message = 10;
  duplex_session_get_options (f->session)->close_timeout = 1;
  fixture_connect (f);
  wait_end (f);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_MESSAGE_TOO_BIG), ==, 1);
  g_assert_cmpuint (f->close_code, ==, 1009);
  fixture_free (f);
}

static void
ping_script (RawPeer *peer,
             gpointer data)
{
  raw_peer_upgrade (peer);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) payload = NULL;

      g_assert_cmpint (raw_peer_read_frame (peer, &payload), ==, 0x89);
    }
  raw_peer_write_frame (peer, 0x88, "\x03\xe8", 2);
  raw_peer_read_to_end (peer, 10000);
}

static void
test_ping_interval (void)
{
  g_autoptr (RawServer) server = raw_server_new (ping_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));

  duplex_profile_set_ping_interval (duplex_session_get_profile (f->session), 1);
  fixture_connect (f);
  wait_end (f);
  g_assert_cmpuint (f->close_code, ==, 1000);
  fixture_free (f);
}

static void
echo_script (RawPeer *peer,
             gpointer data)
{
  static const struct
  {
    int         first;
    const char *text;
  } answers[] = { { 0x81, "one" }, { 0x82, "two, three" }, { 0x81, "" } };

  raw_peer_upgrade (peer);
  raw_peer_write_frame (peer, 0x81, "one", 3);
  raw_peer_write_frame (peer, 0x02, "two, ", 5);
  raw_peer_write_frame (peer, 0x80, "three", 5);
  raw_peer_write_frame (peer, 0x81, "", 0);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (GBytes) payload = NULL;

      g_assert_cmpint (raw_peer_read_frame (peer, &payload), ==, answers[i].first);
      g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload),
                       answers[i].text, strlen (answers[i].text));
    }
  raw_peer_write_frame (peer, 0x88, "\x03\xe8", 2);
  raw_peer_read_to_end (peer, 10000);
}

static void
test_echo (void)
{
  g_autoptr (RawServer) server = raw_server_new (echo_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));

  duplex_session_get_options (f->session)->echo = TRUE;
  fixture_connect (f);
  wait_end (f);
  g_assert_cmpuint (f->close_code, ==, 1000);
  fixture_free (f);
}

/* Sends until the client takes no more, then reads what comes back. */
#define ECHO_MESSAGES 2000

static void
echo_flood_script (RawPeer *peer,
                   gpointer data)
{
  static const char message[64 * 1024] = "x";
  int              *written = data;

  raw_peer_upgrade (peer);
  for (int i = 0; i < ECHO_MESSAGES; i++)
    {
      /* Fails after ten seconds in which nothing was taken. */
      if (!raw_peer_write_frame (peer, 0x82, message, sizeof message))
        break;
      g_atomic_int_inc (written);
    }
}

static gboolean
has_stopped (Fixture *f,
             gpointer data)
{
  static int    last = -1;
  static gint64 since;
  int           now = g_atomic_int_get ((int *)data);

  if (now != last || now == 0)
    {
      last = now;
      since = g_get_monotonic_time ();
    }
  return g_get_monotonic_time () - since > G_USEC_PER_SEC;
}

/* A peer that sends and does not read: we stop reading, and hold little. */
static void
test_echo_stops (void)
{
  int                   written = 0;
  g_autoptr (RawServer) server = raw_server_new (echo_flood_script, &written);
  Fixture              *f = fixture_new (raw_server_get_url (server));

  duplex_session_get_options (f->session)->echo = TRUE;
  duplex_session_get_options (f->session)->close_timeout = 1;
  fixture_connect (f);
  fixture_wait (f, has_stopped, &written, "the writing to stop");
  g_assert_cmpint (g_atomic_int_get (&written), <, ECHO_MESSAGES / 2);
  /* Its end is not held up by the pause. */
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  wait_end (f);
  fixture_free (f);
}

/* ---- room ---- */

typedef struct
{
  GMutex   mutex;
  GCond    cond;
  gboolean may_read;
} Gate;

static void
gated_script (RawPeer *peer,
              gpointer data)
{
  Gate *gate = data;
  int   first = 0;

  raw_peer_upgrade (peer);
  g_mutex_lock (&gate->mutex);
  while (!gate->may_read)
    g_cond_wait (&gate->cond, &gate->mutex);
  g_mutex_unlock (&gate->mutex);
  while (first != 0x88 && first != -1)
    {
      g_autoptr (GBytes) payload = NULL;

      first = raw_peer_read_frame (peer, &payload);
    }
  raw_peer_write_frame (peer, 0x88, "\x03\xe8", 2);
}

static void
room_cb (DuplexSession *session,
         guint         *n)
{
  (*n)++;
}

static gboolean
has_room (Fixture *f,
          gpointer data)
{
  return *(guint *)data > 0;
}

/* Once after each time that sending failed, and then there is room. */
static void
test_room (void)
{
  Gate                  gate = { .may_read = FALSE };
  g_autoptr (RawServer) server = raw_server_new (gated_script, &gate);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  g_autofree char      *text = g_strnfill (256 * 1024, 'x');
  g_autoptr (GError)    error = NULL;
  guint                 n_room = 0;

  g_signal_connect (f->session, "room", G_CALLBACK (room_cb), &n_room);
  duplex_session_get_options (f->session)->max_waiting = 1024 * 1024;
  fixture_connect (f);
  while (duplex_session_send_text (f->session, text, -1, &error))
    ;
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_QUEUE_FULL);
  g_mutex_lock (&gate.mutex);
  gate.may_read = TRUE;
  g_cond_signal (&gate.cond);
  g_mutex_unlock (&gate.mutex);
  fixture_wait (f, has_room, &n_room, "room");
  g_assert_true (duplex_session_send_text (f->session, text, -1, NULL));
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  wait_end (f);
  g_assert_cmpuint (n_room, ==, 1);
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/options/proxy/texts", test_proxy_texts);
  g_test_add_func ("/core/options/resolve/texts", test_resolve_texts);
  g_test_add_func ("/core/options/resolve/last", test_resolve_last);
  g_test_add_func ("/core/options/certificate/files", test_certificate_files);
  g_test_add_func ("/core/options/connect-timeout", test_connect_timeout);
  g_test_add_func ("/core/options/max-message", test_max_message);
  g_test_add_func ("/core/options/ping-interval", test_ping_interval);
  g_test_add_func ("/core/options/echo/messages", test_echo);
  g_test_add_func ("/core/options/echo/stops", test_echo_stops);
  g_test_add_func ("/core/options/room", test_room);

  return g_test_run ();
}
