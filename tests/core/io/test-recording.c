/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions whose capture goes to a file while real bytes come in. */
#define _GNU_SOURCE /* memmem() */
#include <glib/gstdio.h>
#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-io-support.h"
#include "duplex-raw-server.h"

#define LARGE ((gsize)3 * 1024 * 1024 + 5)

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char              *folder = g_dir_make_tmp ("duplex-recording-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

/* Removes folder with the files in it, of which it returns the number. */
static guint
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char      *name;
  guint            n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
      n++;
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  return n;
}

static guint8 *
make_large (void)
{
  guint8 *bytes = g_malloc (LARGE);

  for (gsize i = 0; i < LARGE; i++)
    bytes[i] = (guint8)(i * 13 + (i >> 9));
  return bytes;
}

/* A message of one frame, then one in two. */
static void
large_script (RawPeer *peer,
              gpointer data)
{
  g_autofree guint8 *bytes = make_large ();

  raw_peer_upgrade (peer);
  raw_peer_write_frame (peer, 0x82, bytes, LARGE);
  raw_peer_write_frame (peer, 0x02, bytes, LARGE / 2);
  raw_peer_write_frame (peer, 0x80, bytes + LARGE / 2, LARGE - LARGE / 2);
  raw_peer_write_frame (peer, 0x88, "\x03\xe8", 2);
  raw_peer_read_frame (peer, NULL);
}

static DuplexCapture *
reopen (Fixture *f)
{
  DuplexCapture     *capture = duplex_session_get_capture (f->session);
  DuplexCapture     *stored;
  g_autoptr (GError) error = NULL;

  duplex_capture_finish (capture, &error);
  g_assert_no_error (error);
  stored = duplex_capture_open (duplex_capture_get_path (capture), &error);
  g_assert_no_error (error);
  return stored;
}

static void
assert_frame (DuplexCapture *capture,
              guint64        number,
              const guint8  *bytes,
              gsize          size)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  g_autoptr (GBytes)   payload = NULL;

  g_assert_true (duplex_capture_read (capture, number, &event));
  g_assert_cmpuint (event.payload_id, !=, 0);
  g_assert_null (event.payload);
  payload = duplex_capture_dup_payload (capture, &event, DUPLEX_PAYLOAD_WIRE, 0, G_MAXSIZE);
  g_assert_cmpuint (g_bytes_get_size (payload), ==, size);
  g_assert_true (memcmp (g_bytes_get_data (payload, NULL), bytes, size) == 0);
}

static void
test_large (void)
{
  g_autoptr (RawServer)     server = raw_server_new (large_script, NULL);
  g_autofree char          *folder = make_folder ();
  g_autofree guint8        *bytes = make_large ();
  Fixture                  *f = fixture_new (raw_server_get_url (server));
  g_autoptr (DuplexCapture) stored = NULL;
  gint64                    one;
  gint64                    two;

  duplex_session_set_capture_folder (f->session, folder, FALSE);
  fixture_connect (f);
  g_assert_no_error (f->error);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_no_error (f->error);
  g_assert_cmpuint (f->close_code, ==, 1000);
  one = fixture_find_frame (f, DUPLEX_DIRECTION_RECEIVED, 2, 0);
  two = fixture_find_frame (f, DUPLEX_DIRECTION_RECEIVED, 2, 1);
  g_assert_cmpint (one, >, 0);
  g_assert_cmpint (two, >, one);
  stored = reopen (f);
  for (guint i = 0; i < 2; i++)
    {
      DuplexCapture *capture = i == 0 ? duplex_session_get_capture (f->session) : stored;

      assert_frame (capture, (guint64)one, bytes, LARGE);
      assert_frame (capture, (guint64)two, bytes, LARGE / 2);
      assert_frame (capture, (guint64)two + 1, bytes + LARGE / 2, LARGE - LARGE / 2);
    }
  fixture_free (f);
  g_clear_object (&stored);
  g_assert_cmpuint (remove_folder (folder), ==, 1);
}

/* What the stream or a limit cuts is kept as far as it came. */
static void
cut_script (RawPeer *peer,
            gpointer data)
{
  g_autofree guint8 *bytes = make_large ();
  static const char  header[] = "\x82\x7f\x00\x00\x00\x00\x01\x00\x00\x00";

  raw_peer_upgrade (peer);
  raw_peer_write (peer, header, 10);
  raw_peer_write (peer, bytes, LARGE);
}

static void
test_cut (void)
{
  g_autoptr (RawServer)     server = raw_server_new (cut_script, NULL);
  g_autofree char          *folder = make_folder ();
  g_autofree guint8        *bytes = make_large ();
  Fixture                  *f = fixture_new (raw_server_get_url (server));
  g_autoptr (DuplexCapture) stored = NULL;
  gint64                    number;

  duplex_session_set_capture_folder (f->session, folder, FALSE);
  fixture_connect (f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  number = fixture_find_frame (f, DUPLEX_DIRECTION_RECEIVED, 2, 0);
  stored = reopen (f);
  assert_frame (stored, (guint64)number, bytes, LARGE);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_FRAME_CUT), ==, 1);
  fixture_free (f);
  g_clear_object (&stored);
  remove_folder (folder);
}

/* An echo has the message at hand, and records it all the same. */
static void
echo_script (RawPeer *peer,
             gpointer data)
{
  g_autofree guint8 *bytes = make_large ();
  g_autoptr (GBytes) back = NULL;

  raw_peer_upgrade (peer);
  raw_peer_write_frame (peer, 0x82, bytes, LARGE);
  g_assert_cmphex (raw_peer_read_frame (peer, &back), ==, 0x82);
  g_assert_cmpuint (g_bytes_get_size (back), ==, LARGE);
  g_assert_true (memcmp (g_bytes_get_data (back, NULL), bytes, LARGE) == 0);
  raw_peer_write_frame (peer, 0x88, "\x03\xe8", 2);
  raw_peer_read_frame (peer, NULL);
}

static void
test_echo (void)
{
  g_autoptr (RawServer)     server = raw_server_new (echo_script, NULL);
  g_autofree char          *folder = make_folder ();
  g_autofree guint8        *bytes = make_large ();
  Fixture                  *f = fixture_new (raw_server_get_url (server));
  g_autoptr (DuplexCapture) stored = NULL;

  duplex_session_get_options (f->session)->echo = TRUE;
  duplex_session_set_capture_folder (f->session, folder, FALSE);
  fixture_connect (f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  stored = reopen (f);
  assert_frame (stored, (guint64)fixture_find_frame (f, DUPLEX_DIRECTION_RECEIVED, 2, 0), bytes,
                LARGE);
  assert_frame (stored, (guint64)fixture_find_frame (f, DUPLEX_DIRECTION_SENT, 2, 0), bytes, LARGE);
  fixture_free (f);
  g_clear_object (&stored);
  remove_folder (folder);
}

/* One file a session, however often it connects; and what it says of itself. */
static void
short_script (RawPeer *peer,
              gpointer data)
{
  raw_peer_upgrade (peer);
  raw_peer_write_frame (peer, 0x88, "\x03\xe8", 2);
  raw_peer_read_frame (peer, NULL);
}

static void
test_one_file (void)
{
  g_autoptr (RawServer)     server = raw_server_new (short_script, NULL);
  g_autofree char          *folder = make_folder ();
  Fixture                  *f = fixture_new (raw_server_get_url (server));
  g_autoptr (DuplexCapture) stored = NULL;
  DuplexSession            *again;
  g_autoptr (GError)        error = NULL;
  g_autofree char          *json = NULL;
  g_autofree char          *id = NULL;
  guint64                   first;

  duplex_session_set_capture_folder (f->session, folder, FALSE);
  duplex_session_set_profile_id (f->session, "Public test servers/echo");
  for (guint i = 0; i < 3; i++)
    {
      fixture_connect (f);
      fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
    }
  stored = reopen (f);
  g_assert_true (duplex_capture_find_connecting (stored, G_MAXUINT64, &first));
  g_assert_cmpuint (first, >, 0);
  json = duplex_capture_dup_meta (stored, "profile");
  g_assert_nonnull (strstr (json, raw_server_get_url (server)));
  id = duplex_capture_dup_meta (stored, "profile-id");
  g_assert_cmpstr (id, ==, "Public test servers/echo");

  /* Neither what has ended nor what was opened can go on. */
  g_assert_false (duplex_session_connect (f->session, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  again = duplex_session_new_for_capture (duplex_session_get_profile (f->session), stored);
  g_assert_false (duplex_session_connect (again, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_finalize_object (again);
  fixture_free (f);
  g_clear_object (&stored);
  g_assert_cmpuint (remove_folder (folder), ==, 1);
}

/* ---- secrets ---- */

#define SECRET "geheimnis"

/* Redirects, which is not followed, with all that is told. */
static void
telling_script (RawPeer *peer,
                gpointer data)
{
  raw_peer_read_request (peer);
  raw_peer_write_literal (peer, "HTTP/1.1 302 See /feed?token=" SECRET "\r\n"
                                "Location: wss://me:" SECRET "@other.example/feed?key=" SECRET
                                "\r\n"
                                "Set-Cookie: " SECRET "\r\n"
                                "X-Auth-Token: " SECRET "\r\n"
                                "Content-Length: 45\r\n\r\n"
                                "<a href='/feed?a=1&amp;token=" SECRET "'>x</a>");
}

/* A head that is none, which the error quotes. */
static void
folding_script (RawPeer *peer,
                gpointer data)
{
  raw_peer_read_request (peer);
  raw_peer_write_literal (peer, "HTTP/1.1 101 x\r\nSet-Cookie: a=" SECRET ";\r\n b=" SECRET
                                "\r\n\r\n");
}

static gboolean
is_anywhere (const char *folder,
             const char *text)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char      *name;
  gboolean         found = FALSE;

  while (!found && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *contents = NULL;
      gsize            size;

      g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
      found = strstr (name, text) != NULL || memmem (contents, size, text, strlen (text)) != NULL;
    }
  return found;
}

static void
set_secrets (DuplexProfile *profile)
{
  DuplexHeader headers[] = {
    { (char *)"Authorization", (char *)"Bearer " SECRET },
    { (char *)"X-API-KEY", (char *)SECRET },
    { (char *)"Api-Key", (char *)SECRET },
    { (char *)"X-Auth-Token", (char *)SECRET },
    { (char *)"X-Amz-Security-Token", (char *)SECRET },
    { (char *)"Proxy-Authorization", (char *)SECRET },
    { (char *)"Cookie", (char *)"a=" SECRET },
    { (char *)"Referer", (char *)"https://example.org/a?b=c&session=" SECRET },
    { (char *)"X-Room", (char *)"17" },
  };
  g_autofree char *host = g_strdup (strstr (duplex_profile_get_url (profile), "://") + 3);
  g_autofree char *url =
    g_strdup_printf ("ws://me:" SECRET "@%sfeed?room=18&token=" SECRET, host);

  duplex_profile_set_url (profile, url);
  duplex_profile_set_name (profile, url);
  duplex_profile_set_origin (profile, "https://me:" SECRET "@example.org");
  duplex_profile_set_headers (profile, headers, G_N_ELEMENTS (headers));
}

static void
assert_all_shown (DuplexCapture *capture)
{
  static const DuplexEventKind kinds[] = {
    DUPLEX_EVENT_CONNECTING,
    DUPLEX_EVENT_REQUEST,
    DUPLEX_EVENT_RESPONSE,
    DUPLEX_EVENT_BODY,
    DUPLEX_EVENT_FAILED,
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (capture, i, &event));
      g_assert_cmpint (event.kind, ==, kinds[i]);
      g_assert_nonnull (g_strstr_len ((const char *)event.payload, (gssize)event.payload_size,
                                      SECRET));
    }
}

/* While it is recorded, and when it has been, no byte of the folder's files says what is secret,
 * unless that was wanted. The session itself shows all. */
static void
test_secrets (gconstpointer data)
{
  gboolean              kept = GPOINTER_TO_INT (data);
  g_autoptr (RawServer) server = raw_server_new (telling_script, NULL);
  g_autofree char      *folder = make_folder ();
  Fixture              *f = fixture_new (raw_server_get_url (server));
  DuplexCapture        *capture = duplex_session_get_capture (f->session);
  gint64                deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  set_secrets (duplex_session_get_profile (f->session));
  duplex_session_set_capture_folder (f->session, folder, kept);
  duplex_session_set_profile_id (f->session, "Mine/ws:__me:" SECRET "@host_feed");
  fixture_connect (f);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  assert_all_shown (capture);
  while (!is_anywhere (folder, "X-Room: 17"))
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  g_assert_cmpint (is_anywhere (folder, SECRET), ==, kept);
  g_assert_true (duplex_capture_finish (capture, NULL));
  assert_all_shown (capture);
  g_assert_true (is_anywhere (folder, "room=18"));
  g_assert_cmpint (is_anywhere (folder, SECRET), ==, kept);
  g_assert_cmpint (is_anywhere (folder, "Bearer " SECRET), ==, kept);
  fixture_free (f);
  remove_folder (folder);
}

static void
test_broken_head (void)
{
  g_autoptr (RawServer) server = raw_server_new (folding_script, NULL);
  g_autofree char      *folder = make_folder ();
  Fixture              *f = fixture_new (raw_server_get_url (server));

  duplex_session_set_capture_folder (f->session, folder, FALSE);
  fixture_connect (f);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID);
  g_assert_nonnull (strstr (f->error->message, SECRET));
  g_assert_true (duplex_capture_finish (duplex_session_get_capture (f->session), NULL));
  g_assert_true (is_anywhere (folder, "folded headers"));
  g_assert_false (is_anywhere (folder, SECRET));
  fixture_free (f);
  remove_folder (folder);
}

/* A folder that cannot be: the connection lives on, and what is not recorded is said. */
static void
test_no_folder (void)
{
  g_autoptr (RawServer) server = raw_server_new (large_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  DuplexCapture        *capture;
  g_autofree char      *trouble = NULL;

  duplex_session_set_capture_folder (f->session, "/dev/null/captures", FALSE);
  fixture_connect (f);
  g_assert_no_error (f->error);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (f->close_code, ==, 1000);
  capture = duplex_session_get_capture (f->session);
  g_assert_cmpint (duplex_capture_get_recording (capture), ==, DUPLEX_RECORDING_STALLED);
  trouble = duplex_capture_dup_trouble (capture);
  g_assert_nonnull (trouble);
  g_assert_false (duplex_capture_finish (capture, NULL));
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/recording/large", test_large);
  g_test_add_func ("/core/recording/cut", test_cut);
  g_test_add_func ("/core/recording/echo", test_echo);
  g_test_add_func ("/core/recording/one-file", test_one_file);
  g_test_add_data_func ("/core/recording/secrets", GINT_TO_POINTER (FALSE), test_secrets);
  g_test_add_data_func ("/core/recording/secrets/kept", GINT_TO_POINTER (TRUE), test_secrets);
  g_test_add_func ("/core/recording/broken-head", test_broken_head);
  g_test_add_func ("/core/recording/no-folder", test_no_folder);
  return g_test_run ();
}
