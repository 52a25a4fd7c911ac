/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-policy.h"

#include <string.h>

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
  { { NULL }, TRUE, "ws://0.0.0.0", "0.0.0.0", FALSE },
  { { NULL }, TRUE, "ws://[::]", "::", FALSE },
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
  /* and no name that begins like one */
  { { "10.*" }, FALSE, "ws://10.1.2.3", "10.1.2.3", TRUE },
  { { "10.*" }, FALSE, "ws://a.example", "10.1.2.3", TRUE },
  { { "10.*" }, FALSE, "ws://10.evil.example", "192.0.2.1", FALSE },
  { { "192.0.2.?" }, FALSE, "ws://192.0.2.x", "198.51.100.1", FALSE },
  { { "*.7" }, FALSE, "ws://evil.7", "198.51.100.1", FALSE },
  { { "1*.example" }, FALSE, "ws://10.example", "192.0.2.1", TRUE },
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
  { { "a.example" }, FALSE, "ws://a.example", "10.0.0.1", TRUE },
  /* schemes; without a port it is theirs */
  { { "ws://a.example:81" }, FALSE, "ws://a.example:81", "192.0.2.1", TRUE },
  { { "ws://a.example:81" }, FALSE, "wss://a.example:81", "192.0.2.1", FALSE },
  { { "WSS://a.example:81" }, FALSE, "wss://a.example:81", "192.0.2.1", TRUE },
  { { "wss://a.example:81" }, FALSE, "ws://a.example:81", "192.0.2.1", FALSE },
  { { "wss://a.example" }, FALSE, "wss://a.example", "192.0.2.1", TRUE },
  { { "wss://a.example" }, FALSE, "wss://a.example:444", "192.0.2.1", FALSE },
  { { "wss://a.example:*" }, FALSE, "wss://a.example:444", "192.0.2.1", TRUE },
  { { "ws://a.example" }, FALSE, "ws://a.example", "192.0.2.1", TRUE },
  { { "ws://a.example" }, FALSE, "ws://a.example:443", "192.0.2.1", FALSE },
  { { "wss://[2001:db8::1]" }, FALSE, "wss://[2001:db8::1]", "2001:db8::1", TRUE },
  { { "wss://169.254.169.254" }, FALSE, "ws://169.254.169.254", "169.254.169.254", FALSE },
  { { "wss://*" }, TRUE, "ws://a.example", "127.0.0.1", TRUE },
  /* however an address is written */
  { { "[2001:DB8:0::0001]" }, FALSE, "ws://a.example", "2001:db8::1", TRUE },
  { { "[::ffff:192.0.2.1]" }, FALSE, "ws://a.example", "192.0.2.1", TRUE },
};

/* Special addresses: loopback does not count, nor any name, nor a wildcard; the address does. */
static const char *const specials[] = {
  "169.254.169.254",
  "169.254.0.1",
  "fe80::1",
  "febf::1",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
  "fd00:a9fe:a9fe::1",
  "fd00:c1::a9fe:a9fe",
  "fd00:42::42",
  "fd00:100::100:200",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "224.0.0.1",
  "239.255.255.250",
  "ff02::1",
  "255.255.255.255",
  "0.0.0.0",
  "0.1.2.3",
  "::",
  /* NAT64, 6to4 and IPv4-compatible */
  "64:ff9b::a9fe:a9fe",
  "64:ff9b::7f00:1",
  "64:ff9b::6464:64c8",
  "64:ff9b::",
  "2002:a9fe:a9fe::1",
  "2002:7f00:1::",
  "2002:a83f:8110::1",
  "2002:e000:1::",
  "::a9fe:a9fe",
  "::127.0.0.1",
  "64:ff9b:1:a9fe:a9:fe00::",
  "64:ff9b:1::c000:201",
};

/* What looks like them and is not. */
static const char *const plain[] = {
  "169.253.0.1",
  "170.254.0.1",
  "fec0::1",
  "fd00:ec2::253",
  "fd00:42::41",
  "fd00:a9fe:a9fe::2",
  "100.100.100.201",
  "168.63.129.17",
  "223.0.0.1",
  "255.255.255.254",
  "1.0.0.0",
  "64:ff9b::c000:201",
  "2002:c000:201::1",
  "64:ff9a::a9fe:a9fe",
  "64:ff9b::1:a9fe:a9fe",
  "2003:a9fe:a9fe::1",
  "10.0.0.1",
  "fd00::1",
};

static gboolean
is_allowed (const char *pattern,
            const char *address)
{
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();
  g_autoptr (DuplexUrl)    url = duplex_url_parse ("ws://a.example", NULL);
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address);
  g_autoptr (GError)       error = NULL;

  g_assert_nonnull (parsed);
  duplex_policy_allow_loopback (policy);
  duplex_policy_add_backend (policy, pattern, &error);
  g_assert_no_error (error);
  return duplex_policy_allows_backend (policy, url, parsed);
}

static void
check_special (const char *address,
               gboolean    special)
{
  g_autofree char *itself = g_strdup_printf (strchr (address, ':') ? "[%s]" : "%s", address);
  g_autofree char *wild = g_strdup_printf (strchr (address, ':') ? "[%.*s*]" : "%.*s*",
                                           (int)strlen (address) - 1, address);

  if (is_allowed ("a.example", address) == special || is_allowed ("*", address) == special ||
      is_allowed (wild, address) == special)
    g_error ("%s: expected %s", address, special ? "special" : "plain");
  if (!is_allowed (itself, address))
    g_error ("%s: not allowed by its own name", address);
}

static void
test_specials (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (specials); i++)
    check_special (specials[i], TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++)
    check_special (plain[i], FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (specials); i++)
    if (!strchr (specials[i], ':'))
      {
        g_autofree char *mapped = g_strconcat ("::ffff:", specials[i], NULL);

        g_assert_false (is_allowed ("a.example", mapped));
        g_assert_true (is_allowed (specials[i], mapped));
      }
  /* What a translator makes of it is not it. */
  g_assert_false (is_allowed ("169.254.169.254", "64:ff9b::a9fe:a9fe"));
  g_assert_false (is_allowed ("169.254.169.254", "169.254.169.253"));
}

static const char *
explain (const char *pattern,
         gboolean    loopback,
         const char *address)
{
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();
  g_autoptr (GInetAddress) parsed =
    address != NULL ? g_inet_address_new_from_string (address) : NULL;

  if (pattern != NULL)
    duplex_policy_add_backend (policy, pattern, NULL);
  if (loopback)
    duplex_policy_allow_loopback (policy);
  return duplex_policy_explain_refusal (policy, parsed);
}

/* Each says what would allow it, and each something of its own. */
static void
test_explain (void)
{
  const char *texts[] = { explain (NULL, TRUE, "192.0.2.1"), explain (NULL, FALSE, "192.0.2.1"),
                          explain ("a", TRUE, "192.0.2.1"), explain ("a", TRUE, "fe80::1") };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_assert_nonnull (strstr (texts[i], "--allow-backend"));
      for (gsize k = 0; k < i; k++)
        g_assert_cmpstr (texts[i], !=, texts[k]);
    }
  g_assert_cmpstr (explain (NULL, TRUE, "::ffff:169.254.0.1"), ==, texts[3]);
  /* of a name that nobody was asked for */
  g_assert_cmpstr (explain (NULL, FALSE, NULL), ==, texts[1]);
  g_assert_cmpstr (explain ("a", FALSE, NULL), ==, texts[2]);
}

static void
test_is_loopback (void)
{
  static const struct
  {
    const char *address;
    gboolean    loopback;
  } cases[] = {
    { "127.0.0.1", TRUE },
    { "127.1.2.3", TRUE },
    { "::1", TRUE },
    { "::ffff:127.0.0.1", TRUE },
    { "0.0.0.0", FALSE },
    { "::", FALSE },
    { "::127.0.0.1", FALSE },
    { "192.0.2.1", FALSE },
    { "64:ff9b::7f00:1", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GInetAddress) address = g_inet_address_new_from_string (cases[i].address);

      if (duplex_policy_is_loopback (address) != cases[i].loopback)
        g_error ("%s: expected %d", cases[i].address, cases[i].loopback);
    }
}

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
      if (test->allowed && !duplex_policy_may_allow_name (policy, url))
        g_error ("%s: never, and yet at %s", test->url, test->address);
    }
}

/* What may be asked for: a name that is allowed itself, or might be resolved to what is. */
static void
test_may_allow_name (void)
{
  static const struct
  {
    const char *pattern;
    gboolean    loopback;
    const char *url;
    gboolean    may;
  } cases[] = {
    { NULL, FALSE, "ws://a.example", FALSE },
    { NULL, TRUE, "ws://a.example", TRUE },
    { "a.example", TRUE, "ws://b.example", TRUE },
    { "a.example", FALSE, "ws://A.example:99", TRUE },
    { "a.example", FALSE, "ws://b.example", FALSE },
    { "*.example", FALSE, "ws://b.example", TRUE },
    { "*.example", FALSE, "ws://b.test", FALSE },
    { "a.example:80", FALSE, "ws://a.example:81", FALSE },
    { "wss://a.example", FALSE, "ws://a.example:443", FALSE },
    { "*", FALSE, "ws://a.example", TRUE },
    { "wss://*", FALSE, "ws://a.example", FALSE },
    /* by its address */
    { "192.0.2.1", FALSE, "ws://a.example", TRUE },
    { "192.0.2.1:80", FALSE, "ws://a.example:81", FALSE },
    { "10.*", FALSE, "ws://a.example", TRUE },
    { "[2001:db8::1]", FALSE, "ws://a.example", TRUE },
    { "[2001:db8:*]", FALSE, "ws://a.example", TRUE },
    { "fd*", FALSE, "ws://a.example", TRUE },
    { "fd", FALSE, "ws://a.example", FALSE },
    { "fd*x", FALSE, "ws://a.example", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexPolicy) policy = duplex_policy_new ();
      g_autoptr (DuplexUrl)    url = duplex_url_parse (cases[i].url, NULL);

      if (cases[i].pattern != NULL)
        g_assert_true (duplex_policy_add_backend (policy, cases[i].pattern, NULL));
      if (cases[i].loopback)
        duplex_policy_allow_loopback (policy);
      if (duplex_policy_may_allow_name (policy, url) != cases[i].may)
        g_error ("%s of %s: expected %d", cases[i].url, cases[i].pattern, cases[i].may);
    }
}

static void
test_patterns (void)
{
  static const char *const bad[] = {
    "", ":80", "http://a", "ws://", "wss://:80", "ws:a",
    "ws://a/b", "ws://u@a", "ws://ws://a", "a/b", "a:b", "a:",
    "[::1", "::1", "a b", "a@b", "[]", "[]:80",
    "[a]]:80", "a:80:90", "a#b", "a:-1", "a]"
  };
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

/* Any of several, and nothing that only resembles one. */
static void
test_token (void)
{
  static const struct
  {
    const char *authorization;
    gboolean    allowed;
  } cases[] = {
    { "Bearer abc", TRUE },
    { "bearer abc", TRUE },
    { "BEARER   abc", TRUE },
    { "Bearer d", TRUE },
    { "Bearer ef gh", TRUE },
    { NULL, FALSE },
    { "", FALSE },
    { "abc", FALSE },
    { "Bearer", FALSE },
    { "Bearer ", FALSE },
    { "Bearerabc", FALSE },
    { "Bearer ab", FALSE },
    { "Bearer abcd", FALSE },
    { "Bearer ABC", FALSE },
    { "Basic abc", FALSE },
    { "Bearer abcdef gh", FALSE },
  };
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();

  g_assert_true (duplex_policy_allows_token (policy, NULL));
  g_assert_true (duplex_policy_allows_token_text (policy, ""));
  g_assert_false (duplex_policy_has_token (policy));
  duplex_policy_add_token (policy, "abc");
  duplex_policy_add_token (policy, "d");
  duplex_policy_add_token (policy, "ef gh");
  g_assert_true (duplex_policy_has_token (policy));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (duplex_policy_allows_token (policy, cases[i].authorization) != cases[i].allowed)
      g_error ("%s: expected %d", cases[i].authorization, cases[i].allowed);
  g_assert_true (duplex_policy_allows_token_text (policy, "abc"));
  g_assert_true (duplex_policy_allows_token_text (policy, "ef gh"));
  g_assert_false (duplex_policy_allows_token_text (policy, "Bearer abc"));
  g_assert_false (duplex_policy_allows_token_text (policy, " abc"));
  g_assert_false (duplex_policy_allows_token_text (policy, ""));
}

/* A token that the first message shows is not asked of the request. */
static void
test_ask_later (void)
{
  g_autoptr (DuplexPolicy) policy = duplex_policy_new ();

  g_assert_false (duplex_policy_asks_request (policy));
  duplex_policy_add_token (policy, "abc");
  g_assert_true (duplex_policy_asks_request (policy));
  duplex_policy_ask_later (policy);
  g_assert_false (duplex_policy_asks_request (policy));
  g_assert_false (duplex_policy_allows_token (policy, NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/relay/policy/backends", test_backends);
  g_test_add_func ("/relay/policy/may-allow-name", test_may_allow_name);
  g_test_add_func ("/relay/policy/patterns", test_patterns);
  g_test_add_func ("/relay/policy/origins", test_origins);
  g_test_add_func ("/relay/policy/token", test_token);
  g_test_add_func ("/relay/policy/ask-later", test_ask_later);
  g_test_add_func ("/relay/policy/specials", test_specials);
  g_test_add_func ("/relay/policy/explain", test_explain);
  g_test_add_func ("/relay/policy/is-loopback", test_is_loopback);

  return g_test_run ();
}
