/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The opening handshake: what we ask for arrives, what the server says is understood and kept. */
#include <string.h>

#include "core/model/duplex-row.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-interop.h"

#define DEFAULT_CLOSE "1000 \"Client closed connection\""

/* The row of an attempt that failed. */
static char *
dup_failed (DuplexErrorCode code)
{
  return g_strdup_printf ("failed %d", code);
}

/* ---- refusals ---- */

typedef struct
{
  guint       status;
  const char *phrase;
  const char *name; /* of a header, or NULL */
  const char *value;
  const char *body;
} Refusal;

static const Refusal refusals[] = {
  { 401, "Unauthorized", "WWW-Authenticate", "Bearer realm=\"x\", error=\"expired\"", "Who?" },
  { 403, "Forbidden", NULL, NULL, "{\"error\":\"not from here\"}" },
  { 404, "Not Found", NULL, NULL, "Nothing\r\n\r\nhere\n" },
  { 500, "Internal Server Error", NULL, NULL, "Überlastet" },
  { 302, "Found", "Location", "wss://elsewhere.example/socket?a=1", "Moved" },
  { 426, "Upgrade Required", "Upgrade", "h2c", "Not this way" },
  { 200, "OK", "Set-Cookie", "session=1; Path=/", "<html>A page</html>" },
  { 503, "Service Unavailable", "Retry-After", "120", "Later" },
};

static char *
make_refusal_target (const Refusal *refusal,
                     guint          times)
{
  g_autofree char *body = g_uri_escape_string (refusal->body, NULL, /* allow_utf8= */ FALSE);
  GString         *target = g_string_new (NULL);

  g_string_append_printf (target, "/refuse?status=%u&times=%u&body=%s", refusal->status, times,
                          body);
  if (refusal->name != NULL)
    {
      g_autofree char *value = g_uri_escape_string (refusal->value, NULL, /* allow_utf8= */ FALSE);

      g_string_append_printf (target, "&name=%s&value=%s", refusal->name, value);
    }
  return g_string_free (target, FALSE);
}

/* The last attempt was refused with that status, and that was the only row that it left. */
static void
assert_refused (DuplexTestSession *session,
                guint              status,
                const char        *status_line)
{
  g_autofree char *failed = dup_failed (DUPLEX_ERROR_HANDSHAKE_REFUSED);
  g_autofree char *response = NULL;
  gint64           value;

  response = duplex_test_session_dup_event (session, DUPLEX_EVENT_RESPONSE, &value);
  g_assert_cmpint (value, ==, status);
  g_assert_true (g_str_has_prefix (response, status_line));
  g_assert_true (g_str_has_suffix (response, "\r\n\r\n"));
  duplex_test_session_assert_transcript (session, failed, NULL);
  g_assert_cmpstr (duplex_test_session_get_states (session), ==, "connecting disconnected");
}

static void
assert_header (DuplexTestSession *session,
               const char        *name,
               const char        *value)
{
  g_autofree char *response = duplex_test_session_dup_event (session, DUPLEX_EVENT_RESPONSE, NULL);
  g_autofree char *header = g_strdup_printf ("\r\n%s: %s\r\n", name, value);

  g_assert_nonnull (strstr (response, header));
}

static void
check_refusal (DuplexInteropPeer *peer,
               const Refusal     *refusal)
{
  g_autofree char              *target = make_refusal_target (refusal, 1);
  g_autofree char              *line = g_strdup_printf ("GET %s HTTP/1.1\r\n", target);
  g_autofree char              *message = NULL;
  g_autofree char              *status_line = NULL;
  g_autofree char              *request = NULL;
  g_autofree char              *body = NULL;
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_new_session (peer, target);
  const char                   *said;

  message = g_strdup_printf ("HTTP %u %s", refusal->status, refusal->phrase);
  status_line = g_strdup_printf ("HTTP/1.1 %u %s\r\n", refusal->status, refusal->phrase);
  said = duplex_test_session_connect_fails (session, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  g_assert_cmpstr (said, ==, message);
  assert_refused (session, refusal->status, status_line);
  request = duplex_test_session_dup_event (session, DUPLEX_EVENT_REQUEST, NULL);
  g_assert_true (g_str_has_prefix (request, line));
  body = duplex_test_session_dup_event (session, DUPLEX_EVENT_BODY, NULL);
  g_assert_cmpstr (body, ==, refusal->body);
  if (refusal->name != NULL)
    assert_header (session, refusal->name, refusal->value);
}

static void
test_refused (DuplexInteropPeer *peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    check_refusal (peer, &refusals[i]);
}

/* A path that the server does not know, with no arrangement of ours: its own refusal. */
static void
test_refused_unknown (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_new_session (peer, "/nowhere");

  duplex_test_session_connect_fails (session, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  assert_refused (session, 404, "HTTP/1.1 404 Not Found\r\n");
}

/* Of a long error page the beginning is kept. */
static void
test_refused_long (DuplexInteropPeer *peer)
{
  static const Refusal          refusal = { 403, "Forbidden", NULL, NULL, "0123456789" };
  g_autofree char              *target = make_refusal_target (&refusal, 100000);
  g_autofree char              *body = NULL;
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_new_session (peer, target);

  duplex_test_session_connect_fails (session, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  assert_refused (session, 403, "HTTP/1.1 403 Forbidden\r\n");
  body = duplex_test_session_dup_event (session, DUPLEX_EVENT_BODY, NULL);
  g_assert_nonnull (body);
  g_assert_cmpuint (strlen (body), ==, DUPLEX_LIMIT_REFUSED_BODY);
  for (gsize i = 0; i < DUPLEX_LIMIT_REFUSED_BODY; i++)
    g_assert_cmpint (body[i], ==, '0' + i % 10);
}

/* What comes after the head is awaited, however the server marks its end. */
static void
test_refused_late (DuplexInteropPeer *peer)
{
  static const struct
  {
    const char *framing;
    const char *body; /* raw */
  } cases[] = {
    { "length", "We are closed" },
    { "chunked", "d\r\nWe are closed\r\n0\r\n\r\n" },
    { "close", "We are closed" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char              *target = NULL;
      g_autofree char              *body = NULL;
      g_autoptr (DuplexTestSession) session = NULL;

      target =
        g_strdup_printf ("/refuse-late?framing=%s&body=We%%20are%%20closed", cases[i].framing);
      session = duplex_interop_peer_new_session (peer, target);
      duplex_test_session_connect_fails (session, DUPLEX_ERROR_HANDSHAKE_REFUSED);
      assert_refused (session, 503, "HTTP/1.1 503 Service Unavailable\r\n");
      body = duplex_test_session_dup_event (session, DUPLEX_EVENT_BODY, NULL);
      g_assert_cmpstr (body, ==, cases[i].body);
    }
}

/* Giving up is no fault of the server, also when half a head has come. */
static void
test_cancel (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_new_session (peer, "/stall");
  g_autofree char              *rest = NULL;

  duplex_test_session_start (session);
  rest = duplex_interop_peer_wait_report (peer, "stalled");
  duplex_session_cancel (duplex_test_session_get_session (session));
  duplex_test_session_wait_failed (session, DUPLEX_ERROR_CANCELLED);
  g_assert_cmpstr (duplex_test_session_get_states (session), ==, "connecting disconnected");
}

/* ---- subprotocols ---- */

static DuplexTestSession *
new_subprotocol_session (DuplexInteropPeer *peer,
                         const char        *choose,
                         const char *const *offered)
{
  g_autofree char   *target = g_strdup_printf ("/subprotocol?choose=%s", choose);
  DuplexTestSession *session = duplex_interop_peer_new_session (peer, target);

  duplex_profile_set_subprotocols (duplex_test_session_get_profile (session), offered);
  return session;
}

/* Runs a session to its end: the server says which subprotocol it believes in. finding, or NULL, is
 * the only line before "connected". */
static void
check_subprotocol (DuplexTestSession *session,
                   const char        *chosen,
                   const char        *finding)
{
  g_autofree char *text = g_strdup_printf ("subprotocol %s", chosen);
  g_autofree char *line = g_strdup_printf ("< text %u \"%s\"", (guint)strlen (text), text);
  g_autofree char *first = g_strdup_printf ("%sconnected", finding != NULL ? finding : "");

  duplex_test_session_connect (session);
  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);
  duplex_test_session_assert_transcript (session, first, line,
                                         "> close " DEFAULT_CLOSE,
                                         "< close " DEFAULT_CLOSE,
                                         "closed " DEFAULT_CLOSE, NULL);
}

static void
test_subprotocol_chosen (DuplexInteropPeer *peer)
{
  static const char *const offered[] = { "chat.v1", "chat.v2", "soap", NULL };

  for (gsize i = 0; offered[i] != NULL; i++)
    {
      g_autoptr (DuplexTestSession) session = new_subprotocol_session (peer, offered[i], offered);
      g_autofree char              *request = NULL;
      g_autofree char              *response = NULL;
      g_autofree char              *header = g_strdup_printf ("\r\nSec-WebSocket-Protocol: %s\r\n",
                                                              offered[i]);

      check_subprotocol (session, offered[i], NULL);
      request = duplex_test_session_dup_event (session, DUPLEX_EVENT_REQUEST, NULL);
      g_assert_nonnull (strstr (request, "\r\nSec-WebSocket-Protocol: chat.v1, chat.v2, soap\r\n"));
      response = duplex_test_session_dup_event (session, DUPLEX_EVENT_RESPONSE, NULL);
      g_assert_nonnull (strstr (response, header));
    }
}

static void
test_subprotocol_not_chosen (DuplexInteropPeer *peer)
{
  static const char *const      offered[] = { "chat.v1", NULL };
  g_autoptr (DuplexTestSession) session = new_subprotocol_session (peer, "", offered);

  check_subprotocol (session, "", "response !subprotocol-not-chosen\n");
}

static void
test_subprotocol_none (DuplexInteropPeer *peer)
{
  static const char *const      offered[] = { NULL };
  g_autoptr (DuplexTestSession) session = new_subprotocol_session (peer, "chat.v1", offered);
  g_autofree char              *request = NULL;

  check_subprotocol (session, "", NULL);
  request = duplex_test_session_dup_event (session, DUPLEX_EVENT_REQUEST, NULL);
  g_assert_null (strstr (request, "Sec-WebSocket-Protocol"));
}

/* §4.1 (6): a client must fail what was not offered. Both libraries let a server do it. */
static void
test_subprotocol_not_offered (DuplexInteropPeer *peer)
{
  static const char *const      offered[] = { "chat.v1", NULL };
  g_autoptr (DuplexTestSession) session = new_subprotocol_session (peer, "chat.v2", offered);
  g_autofree char              *failed = dup_failed (DUPLEX_ERROR_HANDSHAKE_INVALID);

  duplex_test_session_connect_fails (session, DUPLEX_ERROR_HANDSHAKE_INVALID);
  duplex_test_session_assert_transcript (session, "response !subprotocol-not-offered", failed,
                                         NULL);
}

/* ---- headers ---- */

/* The server sends back the request as its library understood it; both keep case and order. */
static void
test_headers (DuplexInteropPeer *peer)
{
  static const DuplexHeader headers[] = {
    { (char *)"X-Token", (char *)"a=b; c=\"d\", e" },
    { (char *)"x-lower", (char *)"1" },
    { (char *)"X-Twice", (char *)"first" },
    { (char *)"X-Twice", (char *)"second" },
    { (char *)"Cookie", (char *)"session=1; theme=dark" },
    { (char *)"User-Agent", (char *)"test/1.0 (interop)" },
  };
  static const char             target[] = "/headers?q=%C3%A9%20&r=/";
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_new_session (peer, target);
  DuplexProfile                *profile = duplex_test_session_get_profile (session);
  g_autoptr (GString)           request = NULL;
  g_autofree char              *sent = NULL;
  g_autofree char              *seen = NULL;

  duplex_profile_set_origin (profile, "https://app.example:8443");
  duplex_profile_set_headers (profile, headers, G_N_ELEMENTS (headers));
  duplex_test_session_connect (session);
  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);

  sent = duplex_test_session_dup_event (session, DUPLEX_EVENT_REQUEST, NULL);
  request = g_string_new (sent);
  g_string_replace (request, " HTTP/1.1\r\n", "\r\n", 1);
  g_string_replace (request, "\r\n", "\n", 0);
  g_string_truncate (request, request->len - 1); /* the empty line */
  seen = duplex_test_session_dup_message (session, 0);
  g_assert_cmpstr (seen, ==, request->str);

  g_assert_true (g_str_has_prefix (seen, "GET /headers?q=%C3%A9%20&r=/\nHost: 127.0.0.1:"));
  g_assert_nonnull (strstr (seen, "\nOrigin: https://app.example:8443\n"));
  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autofree char *line = g_strdup_printf ("\n%s: %s\n", headers[i].name, headers[i].value);

      g_assert_nonnull (strstr (seen, line));
    }
  g_assert_cmpint (strstr (seen, "first") - strstr (seen, "second"), <, 0);
}

static void
test_headers_default (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/headers");
  g_autofree char              *seen = NULL;

  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);

  seen = duplex_test_session_dup_message (session, 0);
  g_assert_null (strstr (seen, "\nOrigin:"));
  g_assert_null (strstr (seen, "\nAuthorization:"));
  g_assert_null (strstr (seen, "\nSec-WebSocket-Protocol:"));
  g_assert_nonnull (strstr (seen, "\nSec-WebSocket-Version: 13\n"));
  g_assert_nonnull (strstr (seen, "\nUpgrade: websocket\n"));
  g_assert_nonnull (strstr (seen, "\nConnection: Upgrade\n"));
}

/* ---- basic authentication ---- */

#define PASSWORD "pa%3Ass%2Fw%C3%B6rd"

static DuplexTestSession *
new_auth_session (DuplexInteropPeer *peer,
                  const char        *credentials)
{
  g_autofree char *plain = duplex_interop_peer_dup_url (peer, "plain", "/auth");
  g_autofree char *url = g_strdup_printf ("ws://%s@%s", credentials, plain + strlen ("ws://"));

  return duplex_test_session_new (url);
}

/* websockets judges this by its own implementation of RFC 7617. */
static void
test_auth (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = new_auth_session (peer, "us%20er:" PASSWORD);
  g_autofree char              *connecting = NULL;
  g_autofree char              *connected = NULL;

  duplex_test_session_connect (session);
  duplex_test_session_disconnect (session);

  duplex_test_session_assert_closed (session, "closed " DEFAULT_CLOSE);
  connecting = duplex_test_session_dup_event (session, DUPLEX_EVENT_CONNECTING, NULL);
  g_assert_null (strstr (connecting, PASSWORD));
  connected = duplex_test_session_dup_event (session, DUPLEX_EVENT_CONNECTED, NULL);
  g_assert_null (strstr (connected, PASSWORD));
}

static void
test_auth_wrong (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = new_auth_session (peer, "us%20er:guess");
  g_autofree char              *response = NULL;

  duplex_test_session_connect_fails (session, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  assert_refused (session, 401, "HTTP/1.1 401 Unauthorized\r\n");
  response = duplex_test_session_dup_event (session, DUPLEX_EVENT_RESPONSE, NULL);
  g_assert_nonnull (strstr (response, "\r\nWWW-Authenticate: Basic realm=\"interop\""));
}

static void
test_auth_missing (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_new_session (peer, "/auth");

  duplex_test_session_connect_fails (session, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  assert_refused (session, 401, "HTTP/1.1 401 Unauthorized\r\n");
}

/* A header that the user wrote says it better than the URL. */
static void
test_auth_header (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = new_auth_session (peer, "us%20er:guess");
  static const char             credentials[] = "us er:pa:ss/w\xc3\xb6rd";
  g_autofree char              *encoded = g_base64_encode ((const guchar *)credentials,
                                                           strlen (credentials));
  g_autofree char              *value = g_strdup_printf ("Basic %s", encoded);
  DuplexHeader                  header = { (char *)"authorization", value };

  duplex_profile_set_headers (duplex_test_session_get_profile (session), &header, 1);
  duplex_test_session_connect (session);
  duplex_test_session_disconnect (session);
  duplex_test_session_assert_closed (session, "closed " DEFAULT_CLOSE);
}

/* ---- one session, many connections ---- */

static void
set_target (DuplexInteropPeer *peer,
            DuplexTestSession *session,
            const char        *target)
{
  g_autofree char *url = duplex_interop_peer_dup_url (peer, "plain", target);

  duplex_profile_set_url (duplex_test_session_get_profile (session), url);
}

static void
test_again (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_new_session (peer, "/nowhere");
  g_autofree char              *failed = dup_failed (DUPLEX_ERROR_HANDSHAKE_REFUSED);
  GListModel                   *rows;
  g_autoptr (GError)            error = NULL;
  static const guint            connections[] = { 1, 2, 2, 2, 2, 2, 3, 3, 3, 3 };

  duplex_test_session_connect_fails (session, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  set_target (peer, session, "/subprotocol");
  duplex_test_session_connect (session);
  g_assert_false (duplex_session_connect (duplex_test_session_get_session (session), &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);
  set_target (peer, session, "/close?code=4000&reason=go");
  duplex_test_session_start (session);
  duplex_test_session_wait_end (session);

  duplex_test_session_assert_transcript (session, failed,
                                         "connected",
                                         "< text 12 \"subprotocol \"",
                                         "> close " DEFAULT_CLOSE,
                                         "< close " DEFAULT_CLOSE,
                                         "closed " DEFAULT_CLOSE,
                                         "connected",
                                         "< close 4000 \"go\"",
                                         "> close 4000 \"\"",
                                         "closed 4000 \"go\" by peer", NULL);
  g_assert_cmpstr (duplex_test_session_get_states (session), ==,
                   "connecting disconnected connecting open closing disconnected "
                   "connecting open closing disconnected");
  rows = G_LIST_MODEL (duplex_session_get_capture (duplex_test_session_get_session (session)));
  for (guint i = 0; i < G_N_ELEMENTS (connections); i++)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (rows, i);

      g_assert_cmpuint (duplex_row_get_event (row)->connection, ==, connections[i]);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "refused/table", test_refused);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "refused/unknown", test_refused_unknown);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "refused/long", test_refused_long);
  duplex_interop_add (DUPLEX_INTEROP_WS, "refused/late", test_refused_late);
  duplex_interop_add (DUPLEX_INTEROP_WS, "cancel", test_cancel);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "subprotocol/chosen", test_subprotocol_chosen);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "subprotocol/not-chosen", test_subprotocol_not_chosen);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "subprotocol/none", test_subprotocol_none);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "subprotocol/not-offered", test_subprotocol_not_offered);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "headers/all", test_headers);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "headers/default", test_headers_default);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "auth/right", test_auth);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "auth/wrong", test_auth_wrong);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "auth/missing", test_auth_missing);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "auth/header", test_auth_header);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "again", test_again);
  return duplex_interop_run (/* with_certificates= */ FALSE);
}
