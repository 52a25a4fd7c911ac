/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-policy.h"

#include "core/proto/duplex-error.h"

typedef struct
{
  const char *patterns[3];
  gboolean    loopback; /* all of it is allowed */
  const char *url;
  const char *address; /* that the name was resolved to */
  gboolean    allowed;
} BackendCase;

static const BackendCase backends[] = {
  /* without any option: this machine, however it is written */
  { { NULL }, TRUE, "ws://localhost:9", "127.0.0.1", TRUE },
  { { NULL }, TRUE, "ws://localhost", "::1", TRUE },
  { { NULL }, TRUE, "wss://127.8.9.1", "127.8.9.1", TRUE },
  { { NULL }, TRUE, "ws://[::ffff:127.0.0.1]", "::ffff:127.0.0.1", TRUE },
  { { NULL }, TRUE, "ws://0.0.0.0", "0.0.0.0", TRUE },
  { { NULL }, TRUE, "ws://192.0.2.1", "192.0.2.1", FALSE },
  { { NULL }, TRUE, "ws://[::ffff:192.0.2.1]", "::ffff:192.0.2.1", FALSE },
  /* the address counts, not the name */
  { { NULL }, TRUE, "ws://localhost", "192.0.2.1", FALSE },
  { { NULL }, TRUE, "ws://evil.example", "127.0.0.1", TRUE },
  { { NULL }, FALSE, "ws://localhost", "127.0.0.1", FALSE },
  /* names */
  { { "a.example" }, FALSE, "ws://a.example", "192.0.2.1", TRUE },
  { { "a.example" }, FALSE, "ws://A.Example:99", "192.0.2.1", TRUE },
  { { "A.EXAMPLE" }, FALSE, "ws://a.example", "192.0.2.1", TRUE },
  { { "a.example" }, FALSE, "ws://b.a.example", "192.0.2.1", FALSE },
  { { "a.example" }, FALSE, "ws://a.example.evil", "192.0.2.1", FALSE },
  { { "*.example" }, FALSE, "ws://a.example", "192.0.2.1", TRUE },
  { { "*.example" }, FALSE, "ws://example", "192.0.2.1", FALSE },
  { { "b", "c", "a.example" }, FALSE, "ws://a.example", "192.0.2.1", TRUE },
  /* ports */
  { { "a.example:80" }, FALSE, "ws://a.example", "192.0.2.1", TRUE },
  { { "a.example:80" }, FALSE, "wss://a.example", "192.0.2.1", FALSE },
  { { "a.example:443" }, FALSE, "wss://a.example", "192.0.2.1", TRUE },
  { { "a.example:90*" }, FALSE, "ws://a.example:9012", "192.0.2.1", TRUE },
  { { "a.example:90*" }, FALSE, "ws://a.example:8012", "192.0.2.1", FALSE },
  /* addresses */
  { { "192.0.2.*" }, FALSE, "ws://a.example", "192.0.2.7", TRUE },
  { { "192.0.2.*" }, FALSE, "ws://[::ffff:192.0.2.7]", "::ffff:192.0.2.7", TRUE },
  { { "[2001:db8::1]:80" }, FALSE, "ws://[2001:DB8::1]", "2001:db8::1", TRUE },
  { { "[2001:db8::1]:81" }, FALSE, "ws://[2001:DB8::1]", "2001:db8::1", FALSE },
  { { "[2001:db8::*]" }, FALSE, "ws://a.example", "2001:db8::17", TRUE },
  /* a wildcard does not reach what only this machine or its link can */
  { { "*" }, FALSE, "ws://a.example", "192.0.2.1", TRUE },
  { { "*" }, FALSE, "ws://a.example", "127.0.0.1", FALSE },
  { { "*" }, FALSE, "ws://a.example", "::1", FALSE },
  { { "*" }, FALSE, "ws://a.example", "0.0.0.0", FALSE },
  { { "*" }, FALSE, "ws://a.example", "169.254.169.254", FALSE },
  { { "*" }, FALSE, "ws://a.example", "::ffff:169.254.169.254", FALSE },
  { { "*" }, FALSE, "ws://a.example", "fe80::1", FALSE },
  { { "*" }, TRUE, "ws://a.example", "127.0.0.1", TRUE },
  { { "127.0.0.1:9" }, FALSE, "ws://127.0.0.1:9", "127.0.0.1", TRUE },
  { { "127.0.0.1:9" }, FALSE, "ws://127.0.0.1:8", "127.0.0.1", FALSE },
  { { "a.example" }, FALSE, "ws://a.example", "127.0.0.1", TRUE },
  { { "169.254.169.254" }, FALSE, "ws://a.example", "169.254.169.254", TRUE },
};

static void
test_backends (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (backends); i++)
    {
      const BackendCase       *test = &backends[i];
      g_autoptr (DuplexPolicy) policy = duplex_policy_new ();
      g_autoptr (GError)       error = NULL;
      g_autoptr (DuplexUrl)    url = duplex_url_parse (test->url, &error);
      g_autoptr (GInetAddress) address = g_inet_address_new_from_string (test->address);

      g_assert_no_error (error);
      for (gsize k = 0; k < G_N_ELEMENTS (test->patterns) && test->patterns[k] != NULL; k++)
        {
          duplex_policy_add_backend (policy, test->patterns[k], &error);
          g_assert_no_error (error);
        }
      if (test->loopback)
        duplex_policy_allow_loopback (policy);
      if (duplex_policy_allows_backend (policy, url, address) != test->allowed)
        g_error ("%s at %s: expected %d", test->url, test->address, test->allowed);
    }
}

static void
test_patterns (void)
{
  static const char *const bad[] = { "", ":80", "ws://a", "a/b", "a:b", "a:",
                                     "[::1", "::1", "a b", "a@b", "[]", "[]:80",
                                     "[a]]:80", "a:80:90", "a#b", "a:-1", "a]" };
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      if (duplex_policy_add_backend (policy, bad[i], &error))
        g_error ("taken: %s", bad[i]);
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
    }
  g_assert_false (duplex_policy_has_backends (policy));
  g_assert_true (duplex_policy_add_backend (policy, "a", NULL));
  g_assert_true (duplex_policy_has_backends (policy));
}

static void
test_origins (void)
{
  static const struct
  {
    const char *origin;
    gboolean    allowed;
  } cases[] = {
    { NULL, TRUE },
    { "http://localhost", TRUE },
    { "HTTPS://LOCALHOST:1", TRUE },
    { "http://127.0.0.1:3000", TRUE },
    { "http://127.255.0.1", TRUE },
    { "http://[::1]:3000", TRUE },
    { "http://x.localhost", TRUE },
    { "https://good.example:1", TRUE },
    { "https://GOOD.example:1", TRUE },
    { "https://good.example", FALSE },
    { "http://good.example:1", FALSE },
    { "https://evil.example", FALSE },
    { "http://localhost.evil.example", FALSE },
    { "http://evillocalhost", FALSE },
    { "http://.localhost.evil", FALSE },
    { "http://localhost@evil.example", FALSE },
    { "http://user@localhost", FALSE },
    { "ftp://localhost", FALSE },
    { "localhost", FALSE },
    { "null", FALSE },
    { "", FALSE },
    { "http://", FALSE },
    { "http://[::1", FALSE },
    { "http://192.0.2.1", FALSE },
  };
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();

  duplex_policy_add_origin (policy, "https://good.example:1");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (duplex_policy_allows_origin (policy, cases[i].origin) != cases[i].allowed)
      g_error ("%s: expected %d", cases[i].origin, cases[i].allowed);
  duplex_policy_add_origin (policy, "*");
  g_assert_true (duplex_policy_allows_origin (policy, "https://evil.example"));
}

static void
test_token (void)
{
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();

  g_assert_true (duplex_policy_allows_token (policy, NULL));
  g_assert_false (duplex_policy_has_token (policy));
  duplex_policy_set_token (policy, "abc");
  g_assert_true (duplex_policy_has_token (policy));
  g_assert_true (duplex_policy_allows_token (policy, "Bearer abc"));
  g_assert_true (duplex_policy_allows_token (policy, "bearer abc"));
  g_assert_false (duplex_policy_allows_token (policy, NULL));
  g_assert_false (duplex_policy_allows_token (policy, ""));
  g_assert_false (duplex_policy_allows_token (policy, "abc"));
  g_assert_false (duplex_policy_allows_token (policy, "Bearer"));
  g_assert_false (duplex_policy_allows_token (policy, "Bearer ab"));
  g_assert_false (duplex_policy_allows_token (policy, "Bearer abcd"));
  g_assert_false (duplex_policy_allows_token (policy, "Basic abc"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/relay/policy/backends", test_backends);
  g_test_add_func ("/relay/policy/patterns", test_patterns);
  g_test_add_func ("/relay/policy/origins", test_origins);
  g_test_add_func ("/relay/policy/token", test_token);

  return g_test_run ();
}
