/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-request.h"

#include <stdio.h>
#include <string.h>

#include "core/proto/duplex-limits.h"

static DuplexHead *
parse_method (const char *method,
              const char *target,
              const char *fields)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *text = NULL;
  DuplexHead        *head;

  text = g_strdup_printf ("%s %s HTTP/1.1\r\n%sHost: x\r\n\r\n", method, target, fields);
  head = duplex_head_parse_request ((const guint8 *)text, strlen (text), &error);
  g_assert_no_error (error);
  return head;
}

static DuplexHead *
parse (const char *target,
       const char *fields)
{
  return parse_method ("GET", target, fields);
}

/* As URLSearchParams.get ("backend") of the specification's Worker would have it. */
static void
test_backend (void)
{
  static const struct
  {
    const char *query;
    const char *backend;
  } cases[] = {
    { "", NULL },
    { "?", NULL },
    { "?backend", NULL },
    { "?backend=", NULL },
    { "?Backend=ws://a", NULL },
    { "?backends=ws://a", NULL },
    { "?backend=ws://a", "ws://a" },
    { "?x=1&backend=ws://a&y=2", "ws://a" },
    { "?backend=ws://a&backend=ws://b", "ws://a" },
    { "?backend=&backend=ws://b", NULL },
    { "?&&backend=ws://a", "ws://a" },
    { "?backend=ws%3A%2F%2Fa%2Fb%3Fc%3Dd%26e", "ws://a/b?c=d&e" },
    { "?backend=ws://a/?b=c", "ws://a/?b=c" },
    { "?b%61ckend=ws://a", "ws://a" },
    { "?backend=a+b", "a b" },
    { "?backend=a%2Bb", "a+b" },
    { "?backend=100%", "100%" },
    { "?backend=100%4", "100%4" },
    { "?backend=%zz%41", "%zzA" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char       *target = g_strconcat ("/api/websocket", cases[i].query, NULL);
      g_autoptr (DuplexHead) head = parse (target, "");
      g_autofree char       *backend = duplex_request_dup_backend (head);

      g_assert_cmpstr (backend, ==, cases[i].backend);
    }
}

static void
test_subprotocols (void)
{
  static const struct
  {
    const char *fields;
    const char *joined;
  } cases[] = {
    { "", "" },
    { "Sec-WebSocket-Protocol: a, b\r\n", "a b" },
    { "Sec-WebSocket-Protocol: a\r\nX: y\r\nsec-websocket-protocol: b,,c\r\n", "a b c" },
    { "Sec-WebSocket-Protocol: a, b, a\r\n", "a b" },
    { "Sec-WebSocket-Protocol: a b, \"c\", d\r\n", "d" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexHead) head = parse ("/", cases[i].fields);
      g_auto (GStrv)         found = duplex_request_dup_subprotocols (head);
      g_autofree char       *joined = g_strjoinv (" ", found);

      g_assert_cmpstr (joined, ==, cases[i].joined);
    }
}

#define UPGRADE                                                                                   \
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " \
  "dGVzdA==\r\n"

/* The first fault decides, in this order. */
static void
test_judge (void)
{
  static const struct
  {
    const char *target;
    const char *fields;
    guint       status; /* 0: upgraded */
  } cases[] = {
    { "/api/websocket", UPGRADE "Authorization: Bearer t\r\n", 0 },
    { "/api/websocket?backend=x", UPGRADE "Authorization: Bearer t\r\n", 0 },
    { "http://x/api/websocket", UPGRADE "Authorization: Bearer t\r\n", 0 },
    { "http://x/api/websocket?a=/b", UPGRADE "Authorization: Bearer t\r\n", 0 },
    { "/", UPGRADE, 404 },
    { "http://x", UPGRADE, 404 },
    { "/?/api/websocket", UPGRADE, 404 },
    { "/other", "Origin: https://evil.example\r\n", 404 },
    { "/api/websocket", "Origin: https://evil.example\r\n", 426 },
    { "/api/websocket", "Upgrade: websocket\r\nOrigin: https://evil.example\r\n", 400 },
    { "/api/websocket", UPGRADE "Origin: https://evil.example\r\n", 403 },
    { "/api/websocket", UPGRADE, 401 },
  };
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();

  duplex_policy_add_token (policy, "t");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexHead) head = parse (cases[i].target, cases[i].fields);
      g_autoptr (GBytes)     response = duplex_request_judge (head, policy);
      g_autofree char       *start = g_strdup_printf ("HTTP/1.1 %u ", cases[i].status);

      if (cases[i].status == 0)
        g_assert_null (response);
      else
        g_assert_true (memcmp (g_bytes_get_data (response, NULL), start, strlen (start)) == 0);
    }
}

static guint
judge_status (const char *fields)
{
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();
  g_autofree char         *all = g_strconcat (UPGRADE, fields, NULL);
  g_autoptr (DuplexHead)   head = parse ("/api/websocket", all);
  g_autoptr (GBytes)       response = duplex_request_judge (head, policy);
  guint                    status = 0;

  if (response != NULL)
    g_assert_cmpint (sscanf (g_bytes_get_data (response, NULL), "HTTP/1.1 %u ", &status), ==, 1);
  return status;
}

/* Who has been here before is not let in again, however that is written; nor who has been round
 * many others. */
static void
test_judge_way (void)
{
  const char         *own = duplex_request_get_pseudonym ();
  const char         *formats[] = { "Via: 1.1 %s\r\n",
                                    "via:1.1 %s (comment)\r\n",
                                    "Via: 1.1 a, 1.1 %s, 1.1 b\r\n",
                                    "Via: 1.1 a\r\nX: y\r\nVIA: 1.1 %s:80\r\n",
                                    "Via: 1.1 a (, 1.1 %s\r\n",
                                    "Via: \"1.1 a, 1.1 %s\r\n" };
  g_autoptr (GString) many = g_string_new ("Via: 1.0 first");

  g_assert_true (g_str_has_prefix (own, "duplex-relay-") && duplex_token_is_valid (own));
  g_assert_true (own == duplex_request_get_pseudonym ());
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_auto (GStrv)   parts = g_strsplit (formats[i], "%s", 2);
      g_autofree char *fields = g_strjoinv (own, parts);
      g_autofree char *others = g_strjoinv ("duplex-relay-0", parts);

      g_assert_cmpuint (judge_status (fields), ==, 508);
      g_assert_cmpuint (judge_status (others), ==, 0);
    }

  for (guint i = 1; i < DUPLEX_LIMIT_RELAY_HOPS; i++)
    g_string_append (many, i % 2 == 0 ? ", 1.1 x (a, b)" : "\r\nVia: HTTP/1.1 y");
  g_string_append (many, "\r\n");
  g_assert_cmpuint (judge_status (many->str), ==, 0);
  g_string_append (many, "Via: nonsense\r\n");
  g_assert_cmpuint (judge_status (many->str), ==, 508);
}

/* With a token that the first message shows, the request needs none. */
static void
test_judge_later (void)
{
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();
  g_autoptr (DuplexHead)   head = parse ("/api/websocket", UPGRADE);

  duplex_policy_add_token (policy, "t");
  duplex_policy_ask_later (policy);
  g_assert_null (duplex_request_judge (head, policy));
}

static void
test_kind (void)
{
  static const struct
  {
    const char       *target;
    DuplexRequestKind kind;
  } cases[] = {
    { "/api/websocket", DUPLEX_REQUEST_KIND_UPGRADE },
    { "/api/websocket?backend=/metrics", DUPLEX_REQUEST_KIND_UPGRADE },
    { "/healthz", DUPLEX_REQUEST_KIND_HEALTH },
    { "http://relay/healthz?x", DUPLEX_REQUEST_KIND_HEALTH },
    { "/metrics", DUPLEX_REQUEST_KIND_METRICS },
    { "/metrics/", DUPLEX_REQUEST_KIND_OTHER },
    { "/Metrics", DUPLEX_REQUEST_KIND_OTHER },
    { "//metrics", DUPLEX_REQUEST_KIND_OTHER },
    { "/?/healthz", DUPLEX_REQUEST_KIND_OTHER },
    { "*", DUPLEX_REQUEST_KIND_OTHER },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexHead) head = parse (cases[i].target, "");

      g_assert_cmpint (duplex_request_get_kind (head), ==, cases[i].kind);
    }
}

#define TOKEN     "Authorization: Bearer t\r\n"
#define FORWARDED "Forwarded: for=192.0.2.1\r\n"

/* Who may see how the relay does. */
static void
test_watcher (void)
{
  static const struct
  {
    const char *method;
    const char *target;
    const char *fields;
    const char *client;
    gboolean    token;  /* the relay has one */
    guint       status; /* 0: answered */
  } cases[] = {
    { "GET", "/healthz", "", "192.0.2.1", FALSE, 0 },
    { "HEAD", "/healthz", "", "192.0.2.1", TRUE, 0 },
    { "GET", "/healthz", "", NULL, TRUE, 0 },
    { "POST", "/healthz", "", "127.0.0.1", FALSE, 405 },
    { "GET", "/metrics", "", "127.0.0.1", FALSE, 0 },
    { "GET", "/metrics", "", "::ffff:127.0.0.1", TRUE, 0 },
    { "HEAD", "/metrics", "", "::1", TRUE, 0 },
    { "DELETE", "/metrics", "", "::1", TRUE, 405 },
    { "GET", "/metrics", "", "192.0.2.1", FALSE, 403 },
    { "GET", "/metrics", TOKEN, "192.0.2.1", FALSE, 403 },
    { "GET", "/metrics", TOKEN, "192.0.2.1", TRUE, 0 },
    { "GET", "/metrics", "Authorization: Bearer u\r\n", "192.0.2.1", TRUE, 403 },
    { "GET", "/metrics", "", "192.0.2.1", TRUE, 403 },
    { "GET", "/metrics", "", NULL, FALSE, 403 },
    /* of another, through a proxy on this machine */
    { "GET", "/metrics", FORWARDED, "127.0.0.1", FALSE, 403 },
    { "GET", "/metrics", "X-Forwarded-For: 192.0.2.1\r\n", "127.0.0.1", FALSE, 403 },
    { "GET", "/metrics", FORWARDED TOKEN, "127.0.0.1", TRUE, 0 },
    /* by a page */
    { "GET", "/metrics", "Origin: https://evil.example\r\n", "127.0.0.1", FALSE, 403 },
    { "GET", "/metrics", "Origin: http://localhost\r\n", "127.0.0.1", FALSE, 0 },
    /* whose name was made to mean this machine */
    { "GET", "/metrics", "Host: evil.example:8080\r\n", "127.0.0.1", FALSE, 403 },
    { "GET", "/metrics", "Host: 127.0.0.1.evil.example\r\n", "127.0.0.1", FALSE, 403 },
    { "GET", "/metrics", "Host: evil.example\r\n" TOKEN, "127.0.0.1", TRUE, 0 },
    { "GET", "/healthz", "Host: evil.example\r\n", "127.0.0.1", FALSE, 0 },
    { "GET", "/metrics", "Host: localhost:8080\r\n", "127.0.0.1", FALSE, 0 },
    { "GET", "/metrics", "Host: relay\r\n", "127.0.0.1", FALSE, 0 },
    { "GET", "/metrics", "Host: 127.0.0.1:8080\r\n", "127.0.0.1", FALSE, 0 },
    { "GET", "/metrics", "Host: [::1]:8080\r\n", "::1", FALSE, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexPolicy) policy = duplex_policy_new ();
      g_autoptr (DuplexHead)   head =
        parse_method (cases[i].method, cases[i].target, cases[i].fields);
      g_autoptr (GInetAddress) client =
        cases[i].client != NULL ? g_inet_address_new_from_string (cases[i].client) : NULL;
      g_autoptr (GBytes) response = NULL;
      guint              status = 0;

      if (cases[i].token)
        duplex_policy_add_token (policy, "t");
      response = duplex_request_judge_watcher (head, policy, client);
      if (response != NULL)
        g_assert_cmpint (sscanf (g_bytes_get_data (response, NULL), "HTTP/1.1 %u ", &status), ==,
                         1);
      if (status != cases[i].status)
        g_error ("case %" G_GSIZE_FORMAT ": %u", i, status);
    }
}

static void
assert_bytes (GBytes     *bytes,
              const char *expected)
{
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected,
                   strlen (expected));
}

#define METRICS_HEAD                                                                            \
  "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 4\r\nCache-Control: no-store\r\n" \
  "Connection: close\r\n\r\n"

static void
test_responses (void)
{
  g_autoptr (DuplexHead) get = parse ("/metrics", "");
  g_autoptr (DuplexHead) only_head = parse_method ("HEAD", "/metrics", "");
  g_autoptr (GBytes)     whole =
    duplex_request_take_for (get, duplex_request_respond (200, "text/x", "abc\n"));
  g_autoptr (GBytes) cut =
    duplex_request_take_for (only_head, duplex_request_respond (200, "text/x", "abc\n"));
  g_autoptr (GBytes) healthy = duplex_request_respond_health (/* draining= */ FALSE);
  g_autoptr (GBytes) draining = duplex_request_respond_health (/* draining= */ TRUE);

  assert_bytes (whole, METRICS_HEAD "abc\n");
  assert_bytes (cut, METRICS_HEAD);
  assert_bytes (healthy, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
                         "Content-Length: 3\r\nCache-Control: no-store\r\n"
                         "Connection: close\r\n\r\nok\n");
  assert_bytes (draining, "HTTP/1.1 503 Service Unavailable\r\n"
                          "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n"
                          "Cache-Control: no-store\r\nConnection: close\r\n\r\ndraining\n");
}

#define EXTENSIONS "Sec-WebSocket-Extensions: "

static void
test_deflate_offer (void)
{
  static const struct
  {
    const char *fields;
    const char *offer; /* NULL: none */
  } cases[] = {
    { "", NULL },
    { EXTENSIONS "x\r\n", NULL },
    { EXTENSIONS "permessage-deflate; y\r\n", NULL },
    { EXTENSIONS "permessage-deflate; client_max_window_bits\r\n",
      "permessage-deflate; client_max_window_bits" },
    { EXTENSIONS "x, permessage-deflate; server_max_window_bits=9, permessage-deflate\r\n",
      "permessage-deflate; server_max_window_bits=9" },
    { EXTENSIONS "permessage-deflate; y\r\n" EXTENSIONS "permessage-deflate\r\n",
      "permessage-deflate" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexHead) head = parse ("/api/websocket", cases[i].fields);
      DuplexDeflateParams    params;
      g_autofree char       *offer = NULL;

      if (duplex_request_find_deflate_offer (head, &params))
        offer = duplex_deflate_params_to_string (&params);
      g_assert_cmpstr (offer, ==, cases[i].offer);
    }
}

static void
test_forwarded (void)
{
  static const struct
  {
    const char *fields;
    const char *joined;
    const char *via; /* before the relay's own */
  } cases[] = {
    { "", "", "" },
    { "Cookie: a=b\r\n", "Cookie: a=b|", "" },
    { "Other: x\r\ncookie: a=b\r\nX-Y: \r\nCOOKIE: c=d\r\n", "cookie: a=b|X-Y: |COOKIE: c=d|",
      "" },
    { "Cookie: a=b\r\nX-Y: z\r\nConnection: upgrade, cookie\r\n", "X-Y: z|", "" },
    /* listed or not, and whatever Connection says */
    { "Via: 1.0 a (b)\r\nX-Y: z\r\nvia: c/2.2 d:80\r\n", "X-Y: z|", "1.0 a, c/2.2 d:80, " },
    { "Via: 1.0 a\r\nConnection: upgrade, via\r\n", "", "1.0 a, " },
  };
  g_autoptr (DuplexRelaySettings) settings = duplex_relay_settings_new ();

  g_strfreev (settings->forward_headers);
  settings->forward_headers = g_strsplit ("Cookie x-y Via", " ", 0);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexHead)   head = parse ("/api/websocket", cases[i].fields);
      g_autoptr (GString)      joined = g_string_new (NULL);
      gsize                    n = 99;
      g_autofree DuplexHeader *headers = duplex_request_forwarded_headers (head, settings, &n);
      g_autofree char         *expected = g_strdup_printf ("%sVia: %s1.1 %s|", cases[i].joined,
                                                           cases[i].via,
                                                           duplex_request_get_pseudonym ());

      for (gsize k = 0; k < n; k++)
        {
          g_string_append_printf (joined, "%s: %s|", headers[k].name, headers[k].value);
          g_free (headers[k].name);
          g_free (headers[k].value);
        }
      g_assert_cmpstr (joined->str, ==, expected);
    }
}

static void
test_may_forward (void)
{
  static const char *const good[] = { "Authorization", "cookie", "Origin", "X-Tenant",
                                      "User-Agent" };
  static const char *const bad[] = { "Host", "upgrade", "Connection", "Sec-WebSocket-Key",
                                     "sec-websocket-protocol", "Transfer-Encoding",
                                     "content-length", "TE", "Trailer", "Keep-Alive",
                                     "Proxy-Authorization", "Proxy-Connection", "", "a b", "a:",
                                     "a\r\nb" };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (duplex_request_may_forward (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (duplex_request_may_forward (bad[i]));
}

static void
test_refusal (void)
{
  static const char  expected[] = "HTTP/1.1 426 Upgrade Required\r\n"
                                  "Content-Type: text/plain; charset=utf-8\r\n"
                                  "Content-Length: 3\r\n"
                                  "Upgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\n"
                                  "Connection: close, Upgrade\r\n\r\n"
                                  "Hey";
  g_autoptr (GBytes) response = duplex_request_refuse (426, "Hey");

  g_assert_cmpmem (g_bytes_get_data (response, NULL), g_bytes_get_size (response), expected,
                   strlen (expected));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/relay/request/backend", test_backend);
  g_test_add_func ("/relay/request/subprotocols", test_subprotocols);
  g_test_add_func ("/relay/request/judge", test_judge);
  g_test_add_func ("/relay/request/judge-way", test_judge_way);
  g_test_add_func ("/relay/request/judge-later", test_judge_later);
  g_test_add_func ("/relay/request/kind", test_kind);
  g_test_add_func ("/relay/request/watcher", test_watcher);
  g_test_add_func ("/relay/request/responses", test_responses);
  g_test_add_func ("/relay/request/deflate-offer", test_deflate_offer);
  g_test_add_func ("/relay/request/forwarded", test_forwarded);
  g_test_add_func ("/relay/request/may-forward", test_may_forward);
  g_test_add_func ("/relay/request/refusal", test_refusal);

  return g_test_run ();
}
