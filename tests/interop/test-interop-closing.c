/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control frames: pings both ways, and closing from both sides with every code that may be sent. */
#include <string.h>

#include "core/proto/duplex-error.h"
#include "duplex-interop.h"

#define DEFAULT_CLOSE "1000 \"Client closed connection\""

/* RFC 6455 §7.4 and the IANA registry: all that are assigned, the ends of the two open ranges. */
static const guint16 close_codes[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                                       1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999 };

/* Never on the wire. Both libraries refuse to send them, as we do. */
static const guint16 refused_codes[] = { 1, 999, 1004, 1006, 1015, 1016, 1999, 2000, 2999, 5000 };

/* 123 bytes, the most that fit: 61 characters of two bytes and one of one. */
#define E_ACUTE_10 "éééééééééé"
#define LONG_REASON                                                     \
  "x" E_ACUTE_10 E_ACUTE_10 E_ACUTE_10 E_ACUTE_10 E_ACUTE_10 E_ACUTE_10 \
  "é"

/* ---- pings ---- */

static gboolean
has_rtt (gpointer data)
{
  return duplex_session_get_rtt (duplex_test_session_get_session (data)) >= 0;
}

static char *
describe_transcript (gpointer data)
{
  return duplex_test_session_dup_transcript (data);
}

static void
ping (DuplexTestSession *session,
      GBytes            *payload)
{
  g_autoptr (GError) error = NULL;

  duplex_session_ping (duplex_test_session_get_session (session), payload, &error);
  g_assert_no_error (error);
}

/* A ping of ours that nobody gave a payload counts. */
#define COUNT_1 "\"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\""
#define COUNT_2 "\"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\""

static void
test_ping_ours (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/echo");
  g_autoptr (GBytes)            empty = g_bytes_new_static ("", 0);
  g_autoptr (GBytes)            full = duplex_test_pattern (/* text= */ FALSE, 125);
  g_autoptr (GBytes)            too_long = duplex_test_pattern (/* text= */ FALSE, 126);
  g_autoptr (GError)            error = NULL;

  g_assert_cmpint (duplex_session_get_rtt (duplex_test_session_get_session (session)), ==, -1);
  ping (session, NULL);
  duplex_test_session_wait_rows (session, 3);
  duplex_test_wait (has_rtt, describe_transcript, session, "the round trip");
  ping (session, empty);
  duplex_test_session_wait_rows (session, 5);
  ping (session, full);
  duplex_test_session_wait_rows (session, 7);
  ping (session, NULL);
  duplex_test_session_wait_rows (session, 9);
  g_assert_false (duplex_session_ping (duplex_test_session_get_session (session), too_long,
                                       &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  duplex_test_session_disconnect (session);

  duplex_test_session_assert_transcript (session, "connected",
                                         "> ping 8 " COUNT_1,
                                         "< pong 8 " COUNT_1 " rtt",
                                         "> ping 0",
                                         "< pong 0 rtt",
                                         "> ping 125 pattern",
                                         "< pong 125 pattern rtt",
                                         "> ping 8 " COUNT_2,
                                         "< pong 8 " COUNT_2 " rtt",
                                         "> close " DEFAULT_CLOSE,
                                         "< close " DEFAULT_CLOSE,
                                         "closed " DEFAULT_CLOSE, NULL);
  duplex_test_session_assert_closed (session, "closed " DEFAULT_CLOSE);
  g_assert_cmpint (duplex_session_get_rtt (duplex_test_session_get_session (session)), ==, -1);
}

/* Each of some pings that are on their way at once gets its own pong. (Many more are an attack to
 * ws: past maxPendingAutoPongs it ends the connection.) */
static void
test_ping_many (DuplexInteropPeer *peer)
{
  enum {
    N_PINGS = 10
  };
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/echo");
  g_autofree char              *transcript = NULL;
  g_auto (GStrv)                lines = NULL;
  guint                         n_pings = 0;
  guint                         n_pongs = 0;

  for (guint i = 0; i < N_PINGS; i++)
    {
      g_autofree char   *text = g_strdup_printf ("ping %03u", i);
      g_autoptr (GBytes) payload = g_bytes_new (text, strlen (text));

      ping (session, payload);
    }
  duplex_test_session_wait_rows (session, 1 + 2 * N_PINGS);
  duplex_test_session_disconnect (session);

  transcript = duplex_test_session_dup_transcript (session);
  lines = g_strsplit (transcript, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *sent = g_strdup_printf ("> ping 8 \"ping %03u\"", n_pings);
      g_autofree char *received = g_strdup_printf ("< pong 8 \"ping %03u\" rtt", n_pongs);

      n_pings += g_str_equal (lines[i], sent);
      n_pongs += g_str_equal (lines[i], received);
    }
  g_assert_cmpuint (n_pings, ==, N_PINGS);
  g_assert_cmpuint (n_pongs, ==, N_PINGS);
  /* connected, two Closes, closed, and what follows the last line break */
  g_assert_cmpuint (g_strv_length (lines), ==, 2 * N_PINGS + 5);
}

static void
test_ping_theirs (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/ping");

  duplex_test_session_wait_received (session, 3);
  duplex_test_session_disconnect (session);

  duplex_test_session_assert_transcript (session, "connected",
                                         "< ping 0",
                                         "> pong 0",
                                         "< text 14 \"pong 0 as sent\"",
                                         "< ping 14 \"are you there?\"",
                                         "> pong 14 \"are you there?\"",
                                         "< text 15 \"pong 14 as sent\"",
                                         "< ping 125 pattern",
                                         "> pong 125 pattern",
                                         "< text 16 \"pong 125 as sent\"",
                                         "> close " DEFAULT_CLOSE,
                                         "< close " DEFAULT_CLOSE,
                                         "closed " DEFAULT_CLOSE, NULL);
  duplex_test_session_assert_closed (session, "closed " DEFAULT_CLOSE);
}

/* ---- closing ---- */

/* The transcript of a connection that does nothing but close. said is what the side that begins
 * says, answered what the other answers: 'CODE "reason"'. */
static void
assert_closing (DuplexTestSession *session,
                gboolean           by_peer,
                const char        *said,
                const char        *answered)
{
  g_autofree char *first = g_strdup_printf ("%c close %s", by_peer ? '<' : '>', said);
  g_autofree char *second = g_strdup_printf ("%c close %s", by_peer ? '>' : '<', answered);
  g_autofree char *closed = g_strdup_printf ("closed %s%s", by_peer ? said : answered,
                                             by_peer ? " by peer" : "");

  duplex_test_session_assert_transcript (session, "connected", first, second, closed, NULL);
  duplex_test_session_assert_closed (session, closed);
}

static char *
format_close (guint       code,
              const char *reason)
{
  g_autofree char *quoted = duplex_test_quote (reason, strlen (reason));

  return g_strdup_printf ("%u %s", code, quoted);
}

/* code 0: a Close with no body. */
static void
check_close_by_peer (DuplexInteropPeer *peer,
                     guint              code,
                     const char        *reason)
{
  g_autofree char              *escaped = g_uri_escape_string (reason, NULL, FALSE);
  g_autofree char              *target = NULL;
  g_autofree char              *said = format_close (code != 0 ? code : 1005, reason);
  g_autofree char              *answered = format_close (code != 0 ? code : 1005, "");
  g_autofree char              *id = g_strdup_printf ("c%u", code);
  g_autofree char              *received = NULL;
  g_autofree char              *expected = g_strdup_printf ("%u ", code != 0 ? code : 1005);
  g_autoptr (DuplexTestSession) session = NULL;

  target = g_strdup_printf ("/close?id=%s&reason=%s&code=%u", id, escaped, code);
  if (code == 0)
    *strstr (target, "&code") = '\0';
  session = duplex_interop_peer_new_session (peer, target);
  duplex_test_session_start (session);
  duplex_test_session_wait_end (session);
  assert_closing (session, /* by_peer= */ TRUE, said, answered);
  received = duplex_interop_peer_wait_closed (peer, id);
  g_assert_cmpstr (received, ==, expected);
}

static void
test_close_by_peer (DuplexInteropPeer *peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (close_codes); i++)
    {
      g_autofree char *reason = g_strdup_printf ("Grund %u: \"überholt\"", close_codes[i]);

      check_close_by_peer (peer, close_codes[i], reason);
    }
  check_close_by_peer (peer, 1000, "");
  check_close_by_peer (peer, 4321, LONG_REASON);
}

/* Only ws can send a Close with no body: websockets' close() always has a code. */
static void
test_close_by_peer_empty (DuplexInteropPeer *peer)
{
  check_close_by_peer (peer, 0, "");
}

/* What the library would not send: it says so, and the connection goes on. */
static void
test_close_by_peer_refused (DuplexInteropPeer *peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused_codes); i++)
    {
      g_autofree char              *target = g_strdup_printf ("/close?code=%u", refused_codes[i]);
      g_autofree char              *text = g_strdup_printf ("refused %u", refused_codes[i]);
      g_autofree char              *line = g_strdup_printf ("< text %u \"%s\"",
                                                            (guint)strlen (text), text);
      g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, target);

      duplex_test_session_wait_received (session, 1);
      duplex_test_session_disconnect (session);
      duplex_test_session_assert_transcript (session, "connected", line,
                                             "> close " DEFAULT_CLOSE,
                                             "< close " DEFAULT_CLOSE,
                                             "closed " DEFAULT_CLOSE, NULL);
    }
}

/* Both libraries answer with the code and the reason that they got. */
static void
check_close_by_us (DuplexInteropPeer *peer,
                   guint16            code,
                   const char        *reason)
{
  g_autofree char              *target = g_strdup_printf ("/echo?id=u%u", code);
  g_autofree char              *id = g_strdup_printf ("u%u", code);
  g_autofree char              *said = format_close (code, reason);
  g_autofree char              *expected = g_strdup_printf ("%u %s", code, reason);
  g_autofree char              *received = NULL;
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, target);
  g_autoptr (GError)            error = NULL;

  duplex_session_disconnect (duplex_test_session_get_session (session), code, reason, &error);
  g_assert_no_error (error);
  duplex_test_session_wait_end (session);
  assert_closing (session, /* by_peer= */ FALSE, said, said);
  received = duplex_interop_peer_wait_closed (peer, id);
  g_assert_cmpstr (received, ==, expected);
}

static void
test_close_by_us (DuplexInteropPeer *peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (close_codes); i++)
    {
      g_autofree char *reason = g_strdup_printf ("Grund %u: \"überholt\"", close_codes[i]);

      check_close_by_us (peer, close_codes[i], reason);
    }
  check_close_by_us (peer, 1000, "");
  check_close_by_us (peer, 4321, LONG_REASON);
  /* A Close with no body, which both take for 1005. */
  check_close_by_us (peer, 1005, "");
}

static void
test_close_by_us_refused (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/echo");
  DuplexSession                *subject = duplex_test_session_get_session (session);
  g_autoptr (GError)            too_long = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (refused_codes); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (duplex_session_disconnect (subject, refused_codes[i], "no", &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
    }
  g_assert_false (duplex_session_disconnect (subject, 1000, LONG_REASON ".", &too_long));
  g_assert_error (too_long, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (duplex_session_get_state (subject), ==, DUPLEX_SESSION_OPEN);
  duplex_test_session_disconnect (session);
  assert_closing (session, /* by_peer= */ FALSE, DEFAULT_CLOSE, DEFAULT_CLOSE);
}

/* What the specification says that a person's Disconnect tells the server. */
static void
test_close_default (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/echo?id=default");
  g_autofree char              *received = NULL;

  duplex_test_session_disconnect (session);
  assert_closing (session, /* by_peer= */ FALSE, DEFAULT_CLOSE, DEFAULT_CLOSE);
  received = duplex_interop_peer_wait_closed (peer, "default");
  g_assert_cmpstr (received, ==, "1000 Client closed connection");
}

/* A window that is closed takes its session with it; the server is told all the same. */
static void
test_close_dropped (DuplexInteropPeer *peer)
{
  DuplexTestSession *session = duplex_interop_peer_connect (peer, "/echo?id=dropped");
  g_autofree char   *received = NULL;

  duplex_test_session_free (session);
  received = duplex_interop_peer_wait_closed (peer, "dropped");
  g_assert_cmpstr (received, ==, "1000 Client closed connection");
}

/* What was sent before the Close arrives before it. */
static void
test_close_after_queue (DuplexInteropPeer *peer)
{
  enum {
    N_MESSAGES = 4,
    SIZE = 4 * 1024 * 1024
  };
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/total?id=queue");
  g_autoptr (GBytes)            data = duplex_test_pattern (/* text= */ FALSE, SIZE);
  g_autofree char              *total = NULL;
  g_autofree char              *received = NULL;

  for (guint i = 0; i < N_MESSAGES; i++)
    {
      g_autoptr (GError) error = NULL;

      duplex_session_send_binary (duplex_test_session_get_session (session), data, &error);
      g_assert_no_error (error);
    }
  duplex_test_session_disconnect (session);

  duplex_test_session_assert_transcript (session, "connected",
                                         "> binary 4194304 pattern",
                                         "> binary 4194304 pattern",
                                         "> binary 4194304 pattern",
                                         "> binary 4194304 pattern",
                                         "> close " DEFAULT_CLOSE,
                                         "< close " DEFAULT_CLOSE,
                                         "closed " DEFAULT_CLOSE, NULL);
  total = duplex_interop_peer_wait_report (peer, "total queue ");
  g_assert_cmpstr (total, ==, "4 16777216");
  received = duplex_interop_peer_wait_closed (peer, "queue");
  g_assert_cmpstr (received, ==, "1000 Client closed connection");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "ping/ours", test_ping_ours);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "ping/many", test_ping_many);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "ping/theirs", test_ping_theirs);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "close/by-peer", test_close_by_peer);
  duplex_interop_add (DUPLEX_INTEROP_WS, "close/by-peer/empty", test_close_by_peer_empty);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "close/by-peer/refused", test_close_by_peer_refused);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "close/by-us", test_close_by_us);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "close/by-us/refused", test_close_by_us_refused);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "close/default", test_close_default);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "close/dropped", test_close_dropped);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "close/after-queue", test_close_after_queue);
  return duplex_interop_run (/* with_certificates= */ FALSE);
}
