/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-request.h"

#include <string.h>

static DuplexHead *
parse (const char *target,
       const char *fields)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *text = NULL;
  DuplexHead        *head;

  text = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target, fields);
  head = duplex_head_parse_request ((const guint8 *)text, strlen (text), &error);
  g_assert_no_error (error);
  return head;
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
  g_test_add_func ("/relay/request/refusal", test_refusal);

  return g_test_run ();
}
