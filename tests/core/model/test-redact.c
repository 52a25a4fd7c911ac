/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/model/duplex-profile.h"
#include "core/model/duplex-redact-url.h"
#include "core/model/duplex-redact.h"
#include "duplex-guard-page.h"

#define M DUPLEX_REDACT_MARK
#define U DUPLEX_REDACT_URL_MARK

/* after is NULL where nothing is replaced. */
typedef struct
{
  const char *before;
  const char *after;
} Pair;

static void
check_event (DuplexEventKind kind,
             const Pair     *pair)
{
  g_autoptr (DuplexGuardPage) page = duplex_guard_page_new (strlen (pair->before));
  g_autoptr (GBytes)          seen = NULL;
  DuplexEvent                 event = DUPLEX_EVENT_INIT;
  gsize                       size;
  const char                 *data;

  event.kind = kind;
  event.payload = duplex_guard_page_place (page, pair->before, strlen (pair->before));
  event.payload_size = strlen (pair->before);
  seen = duplex_redact_event (&event);
  if (pair->after == NULL)
    {
      g_assert_null (seen);
      return;
    }
  g_assert_nonnull (seen);
  data = g_bytes_get_data (seen, &size);
  g_assert_cmpmem (data, size, pair->after, strlen (pair->after));
}

/* ---- heads ---- */

static const Pair heads[] = {
  { "", NULL },
  { "\r\n", NULL },
  { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL },
  { "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic dTpw\r\nOrigin: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: " M "\r\nOrigin: b\r\n\r\n" },
  /* All of them, in any case, twice. */
  { "HTTP/1.1 101 x\r\nSet-Cookie: a=1\r\nSET-COOKIE: b=2; Path=/\r\n\r\n",
    "HTTP/1.1 101 x\r\nSet-Cookie: " M "\r\nSET-COOKIE: " M "\r\n\r\n" },
  { "x\r\ncookie:a=b\r\nproxy-AUTHORIZATION:\tBearer x y\r\n\r\n",
    "x\r\ncookie:" M "\r\nproxy-AUTHORIZATION:\t" M "\r\n\r\n" },
  /* Line ends, and blanks around the value, stay as they are. */
  { "x\nCookie:  a=b \t\nY: z\n\n", "x\nCookie:  " M " \t\nY: z\n\n" },
  { "x\r\nCookie : a\r\n\r\n", "x\r\nCookie : " M "\r\n\r\n" },
  { "x\r\nCookie\t: a\r\n\r\n", "x\r\nCookie\t: " M "\r\n\r\n" },
  /* A value with colons, a carriage return and bytes that are no text. */
  { "x\r\nCookie: a:b\rc\xff\r\r\nY: z\r\n\r\n", "x\r\nCookie: " M "\r\nY: z\r\n\r\n" },
  /* Folded: each line of the value. */
  { "x\r\nCookie: a\r\n b\r\n\tc \r\nY: z\r\n w\r\n\r\n",
    "x\r\nCookie: " M "\r\n " M "\r\n\t" M " \r\nY: z\r\n w\r\n\r\n" },
  { "x\nCookie:\n b\n\n", "x\nCookie:\n " M "\n\n" },
  { "x\r\nY: z\r\n Cookie: a\r\n\r\n", NULL },
  /* Nothing to hide. */
  { "x\r\nCookie:\r\nAuthorization:  \r\n \r\n\r\n", NULL },
  /* Names that only look alike, and no names. */
  { "x\r\nCooki: c\r\nWWW-Authenticate: Basic\r\nSec-WebSocket-Key: abc\r\n\r\n", NULL },
  { "GET /token:1 HTTP/1.1\r\n\r\n", NULL },
  { "HTTP/1.1 401 token: abc\r\n\r\n", NULL },
  { "x\r\nCookie\r\n: a\r\n\r\n", NULL },
  { "x\r\nY: Cookie: a\r\n\r\n", NULL },
  /* Cut anywhere. */
  { "x\r\nCookie: abc", "x\r\nCookie: " M },
  { "x\r\nCookie: abc\r", "x\r\nCookie: " M "\r" },
  { "x\r\nCookie: abc\r\n d", "x\r\nCookie: " M "\r\n " M },
  { "x\r\nCookie", NULL },
  { "x\r\nCookie:", NULL },
  /* Not only the standard ones. */
  { "GET / HTTP/1.1\r\nX-Api-Key: abc\r\nX-Amz-Security-Token: abc\r\nX-Auth-Token:abc\r\n\r\n",
    "GET / HTTP/1.1\r\nX-Api-Key: " M "\r\nX-Amz-Security-Token: " M "\r\nX-Auth-Token:" M
    "\r\n\r\n" },
  /* URLs, whole and not. */
  { "GET /feed?token=abc&room=1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /feed?token=" U "&room=1 HTTP/1.1\r\nHost: a\r\n\r\n" },
  { "GET /feed?room=1&token=abc", "GET /feed?room=1&token=" U },
  { "HTTP/1.1 302 x\r\nLocation: /x?token=abc&a=1\r\nLink: <http://u:p@h/>; rel=x\r\n\r\n",
    "HTTP/1.1 302 x\r\nLocation: /x?token=" U "&a=1\r\nLink: <http://" U
    "@h/>; rel=x\r\n\r\n" },
  /* Instead of a first line. */
  { "Set-Cookie: a\r\n\r\n", "Set-Cookie: " M "\r\n\r\n" },
  /* What was negotiated is read from the head that is kept. */
  { "HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: permessage-deflate;server_no_context_takeover;"
    "client_max_window_bits=15\r\n\r\n",
    NULL },
};

static void
test_heads (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      check_event (DUPLEX_EVENT_REQUEST, &heads[i]);
      check_event (DUPLEX_EVENT_RESPONSE, &heads[i]);
    }
}

/* Of a request only: a target may have blanks that it should not have. */
static void
test_request_line (void)
{
  static const Pair request = { "GET /?token=a b\xff\" HTTP/ HTTP/1.1\r\n\r\n",
                                "GET /?token=" U " HTTP/1.1\r\n\r\n" };

  check_event (DUPLEX_EVENT_REQUEST, &request);
}

/* Wherever a head is cut, nothing of its secret is left. */
static void
test_cut_head (void)
{
  static const char head[] =
    "GET /?key=SSS HTTP/1.1\r\nAuthorization: SSSS\r\n SS\r\nY: z\r\n\r\n";

  for (gsize len = 1; len < sizeof head; len++)
    {
      g_autoptr (GBytes) seen = NULL;
      DuplexEvent        event = DUPLEX_EVENT_INIT;

      event.kind = DUPLEX_EVENT_REQUEST;
      event.payload = (const guint8 *)head;
      event.payload_size = len;
      seen = duplex_redact_event (&event);
      g_assert_true ((seen != NULL) == (memchr (head, 'S', len) != NULL));
      if (seen != NULL)
        g_assert_null (memchr (g_bytes_get_data (seen, NULL), 'S', g_bytes_get_size (seen)));
    }
}

/* ---- URLs ---- */

static const Pair urls[] = {
  { "", NULL },
  { "ws://host/", NULL },
  { "demo:/echo", NULL },
  { "ws://user:secret@host/", "ws://" U "@host/" },
  { "wss://user@host", "wss://" U "@host" },
  { "wss://:secret@[::1]:8443/a?b=c@d", "wss://" U "@[::1]:8443/a?b=c@d" },
  { " ws://u:p@host/ ", " ws://" U "@host/ " },
  /* Not as it should be written, and sent by some. */
  { "ws://u:p@ss\"w rd@host/", "ws://" U "@host/" },
  { "ws://u:p@", "ws://" U "@" },
  { "a+b-c.1://u:p@h", "a+b-c.1://" U "@h" },
  { "://u:p@host", "://" U "@host" },
  { "/ws://u:p@host", "/ws://" U "@host" },
  { "wss://host/feed?token=abc&room=1", "wss://host/feed?token=" U "&room=1" },
  { "wss://host/feed?room=1&key=a b\"c", "wss://host/feed?room=1&key=" U },
  /* No user information. */
  { "ws://@host/", NULL },
  { "ws://host/a@b", NULL },
  { "ws://host?a@b", NULL },
  { "ws://host#a@b", NULL },
  { "u:p@host", NULL },
  { "ws:/", NULL },
};

static void
test_urls (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      check_event (DUPLEX_EVENT_CONNECTING, &urls[i]);
      check_event (DUPLEX_EVENT_CONNECTED, &urls[i]);
    }
}

static const Pair messages[] = {
  { "", NULL },
  { "Connection refused", NULL },
  { "Proxy http://u:p@proxy:8080 says no", "Proxy http://" U "@proxy:8080 says no" },
  { "“http://u:p@a/” and http://b/ and <wss://c@d>",
    "“http://" U "@a/” and http://b/ and <wss://" U "@d>" },
  { "http://host says a@b", NULL },
  { "\"http://host\"a@b", NULL },
  { "://", NULL },
  { "No answer from “wss://h/?token=abc”: /x?key=a says no",
    "No answer from “wss://h/?token=" U "”: /x?key=" U " says no" },
};

static void
test_messages (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      check_event (DUPLEX_EVENT_FAILED, &messages[i]);
      check_event (DUPLEX_EVENT_BODY, &messages[i]);
    }
}

/* Lines of heads that are none, as an error quotes them. */
static void
test_quoted_lines (void)
{
  static const Pair quoted[] = {
    { "line 3: folded headers are obsolete: \" b=c\"",
      "line 3: folded headers are obsolete: \"" M "\"" },
    { "line 2: the header's name is not a token: \"Set-Cookie : a=\"b\"; c…\"",
      "line 2: the header's name is not a token: \"" M "\"" },
    { "line 2: a header needs a colon: \"Authorization Bearer a\" x /?key=b",
      "line 2: a header needs a colon: \"" M "\" x /?key=" U },
    { "line 1: not an HTTP/1 status line: \"HTTP/2 101 OK\"", NULL },
    { "Sec-WebSocket-Key \"Sec-WebSocket-Key\"", NULL },
    { "\"", NULL },
    { "\"\"", NULL },
    { " \" b", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (quoted); i++)
    check_event (DUPLEX_EVENT_FAILED, &quoted[i]);
}

/* What is no head and no URL stays, whatever it looks like. */
static void
test_other_kinds (void)
{
  static const Pair pairs[] = {
    { "x\r\nCookie: a\r\n\r\n", NULL },
    { "ws://u:p@host/?token=abc", NULL },
  };
  static const DuplexEventKind kinds[] = {
    DUPLEX_EVENT_FRAME,
    DUPLEX_EVENT_TLS,
    DUPLEX_EVENT_CLOSED,
    DUPLEX_EVENT_UNFINISHED,
    DUPLEX_EVENT_LOST,
    DUPLEX_EVENT_GAP,
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint j = 0; j < G_N_ELEMENTS (pairs); j++)
      check_event (kinds[i], &pairs[j]);
}

static void
test_apart (void)
{
  g_autoptr (GBytes) seen = NULL;
  DuplexEvent        event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_REQUEST;
  event.payload_size = 100;
  event.payload_id = 1;
  seen = duplex_redact_event (&event);
  g_assert_nonnull (seen);
  g_assert_cmpmem (g_bytes_get_data (seen, NULL), g_bytes_get_size (seen), M, strlen (M));
}

/* ---- profiles ---- */

/* after is NULL where it is before. */
static const Pair profiles[] = {
  { "{}", NULL },
  { " {\n}\n", NULL },
  { "{\"url\": \"ws://host/\", \"n\": 12345678901234567890, \"n\": [ 1, {} ]}\n", NULL },
  { "{\"url\": \"ws://u:p@host/\"}", "{\"url\": \"ws://" U "@host/\"}" },
  { "{\"url\": \"ws:\\/\\/u:p@host\\u002f\"}", "{\"url\": \"ws://" U "@host/\"}" },
  { "{ \"headers\" : [ {\"name\":\"Cookie\", \"value\":\"a\"},\n"
    "{\"name\":\"X\",\"value\":\"b\"} ] }",
    "{ \"headers\" : [ {\"name\":\"Cookie\", \"value\":\"" M
    "\"},\n{\"name\":\"X\",\"value\":\"b\"} ] }" },
  { "{\"name\":\"Feed /x?token=a b\",\"url\":\"ws://host/?key=a\\\"b&c=1\"}",
    "{\"name\":\"Feed /x?token=" U " b\",\"url\":\"ws://host/?key=" U "&c=1\"}" },
  { "{\"headers\":[{\"name\":\"X-Api-Key\",\"value\":\"a\"},{\"name\":\"Referer\","
    "\"value\":\"http://h/?sid=a\"}]}",
    "{\"headers\":[{\"name\":\"X-Api-Key\",\"value\":\"" M "\"},{\"name\":\"Referer\","
    "\"value\":\"http://h/?sid=" U "\"}]}" },
  /* In any order and case, with escapes, with more members. */
  { "{\"headers\":[{\"value\":\"a\",\"x\":1,\"name\":\"AUTHORIZATION\"}]}",
    "{\"headers\":[{\"value\":\"" M "\",\"x\":1,\"name\":\"AUTHORIZATION\"}]}" },
  { "{\"headers\":[{\"n\\u0061me\":\"c\\u006fokie\",\"v\\u0061lue\":\"a\"}]}",
    "{\"headers\":[{\"n\\u0061me\":\"c\\u006fokie\",\"v\\u0061lue\":\"" M "\"}]}" },
  { "{\"headers\":[{\"name\":\"Cookie\",\"value\":\"\"}]}", NULL },
  { "{\"headers\":[{\"name\":\"Cookie\",\"value\":[\"a\"]}]}",
    "{\"headers\":[{\"name\":\"Cookie\",\"value\":\"" M "\"}]}" },
  { "{\"headers\":[{\"name\":1,\"value\":\"a\"},{\"value\":\"a\"},{}]}", NULL },
  /* By their names, at any depth. */
  { "{\"password\":\"a\",\"Key-Passphrase\":\"b\",\"x\":{\"y\":[{\"access_token\":5}]}}",
    "{\"password\":\"" M "\",\"Key-Passphrase\":\"" M "\",\"x\":{\"y\":[{\"access_token\":\"" M
    "\"}]}}" },
  { "{\"proxy\":{\"credentials\":{\"user\":\"a\"}},\"p\\u0061ssword\":\"a\"}",
    "{\"proxy\":{\"credentials\":\"" M "\"},\"p\\u0061ssword\":\"" M "\"}" },
  { "{\"api key\":\"a\"}", "{\"api key\":\"" M "\"}" },
  { "{\"cookie\":\"a\"}", "{\"cookie\":\"" M "\"}" },
  { "{\"password\":\"\",\"secret\":null,\"record-secrets\":true,\"token\":false}", NULL },
  { "[\"ws://u:p@host\"]", "[\"ws://" U "@host\"]" },
  { "\"ws://u:p@host\"", "\"ws://" U "@host\"" },
  /* No JSON. */
  { "", "{}" },
  { "{\"password\":\"a\"", "{}" },
  { "password=a", "{}" },
  { "{\"a\":\"\\ud800\",\"password\":\"a\"}", "{}" },
  { "{\"a\":\"\xff\",\"password\":\"a\"}", "{}" },
};

static void
test_profiles (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (profiles); i++)
    {
      g_autofree char *seen = duplex_redact_profile (profiles[i].before);

      g_assert_cmpstr (
        seen, ==, profiles[i].after != NULL ? profiles[i].after : profiles[i].before);
    }
}

/* What a profile becomes is a profile, without what must not be there. */
static void
test_whole_profile (void)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("A", "wss://SSS:SSS@host/socket?key=SSS");
  g_autoptr (DuplexProfile) again = NULL;
  g_autoptr (GError)        error = NULL;
  g_autofree char          *json = NULL;
  g_autofree char          *seen = NULL;
  DuplexHeader              headers[] = {
                 { (char *)"authorization", (char *)"Bearer SSS" },
                 { (char *)"X-Other", (char *)"x" },
                 { (char *)"Cookie", (char *)"SSS=\"SSS\"" },
  };
  const DuplexHeader *kept;
  gsize               n = 0;

  duplex_profile_set_headers (profile, headers, G_N_ELEMENTS (headers));
  json = duplex_profile_to_json (profile);
  g_assert_nonnull (strstr (json, "SSS"));
  seen = duplex_redact_profile (json);
  g_assert_null (strstr (seen, "SSS"));

  again = duplex_profile_from_json (seen, strlen (seen), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (duplex_profile_get_name (again), ==, "A");
  g_assert_cmpstr (duplex_profile_get_url (again), ==, "wss://" U "@host/socket?key=" U);
  kept = duplex_profile_get_headers (again, &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpstr (kept[0].name, ==, "authorization");
  g_assert_cmpstr (kept[0].value, ==, M);
  g_assert_cmpstr (kept[1].value, ==, "x");
  g_assert_cmpstr (kept[2].value, ==, M);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/redact/heads", test_heads);
  g_test_add_func ("/core/redact/request-line", test_request_line);
  g_test_add_func ("/core/redact/cut-head", test_cut_head);
  g_test_add_func ("/core/redact/urls", test_urls);
  g_test_add_func ("/core/redact/messages", test_messages);
  g_test_add_func ("/core/redact/quoted-lines", test_quoted_lines);
  g_test_add_func ("/core/redact/other-kinds", test_other_kinds);
  g_test_add_func ("/core/redact/apart", test_apart);
  g_test_add_func ("/core/redact/profiles", test_profiles);
  g_test_add_func ("/core/redact/whole-profile", test_whole_profile);

  return g_test_run ();
}
