/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-closures.h"

#include <string.h>

static void
test_is_set (void)
{
  g_assert_false (duplex_closure_is_set (NULL, NULL));
  g_assert_false (duplex_closure_is_set (NULL, ""));
  g_assert_true (duplex_closure_is_set (NULL, " "));
}

static void
test_profile_detail (void)
{
  g_autofree char *url = duplex_closure_profile_detail (NULL, "ws://example.org/", NULL);
  g_autofree char *broken = duplex_closure_profile_detail (NULL, "", "line 3: a comma is missing");

  g_assert_cmpstr (url, ==, "ws://example.org/");
  g_assert_cmpstr (broken, ==, "Cannot be read: line 3: a comma is missing");
}

static void
test_profile_label (void)
{
  g_autofree char *whole = duplex_closure_profile_label (NULL, "Echo", "ws://example.org/", NULL);
  g_autofree char *bare = duplex_closure_profile_label (NULL, "Echo", "", NULL);
  g_autofree char *broken = duplex_closure_profile_label (NULL, "Echo", "", "empty");

  g_assert_cmpstr (whole, ==, "Echo, ws://example.org/");
  g_assert_cmpstr (bare, ==, "Echo");
  g_assert_cmpstr (broken, ==, "Echo, Cannot be read: empty");
}

static void
test_fingerprint (void)
{
  g_autofree char *grouped = duplex_closure_fingerprint (NULL, "0123456789abcdef01");
  g_autofree char *empty = duplex_closure_fingerprint (NULL, "");

  g_assert_cmpstr (grouped, ==, "0123 4567 89ab cdef 01");
  g_assert_cmpstr (empty, ==, "");
  g_assert_null (duplex_closure_fingerprint (NULL, NULL));
}

static void
test_url_problem (void)
{
  static const struct
  {
    const char *url;
    gboolean    problem;
  } cases[] = {
    { NULL, FALSE },
    { "", FALSE },
    { "ws://localhost", FALSE },
    { "wss://example.org:8443/a?b=c", FALSE },
    { "ws://[::1]:8080/", FALSE },
    { "demo:/echo", FALSE },
    { "http://example.org/", TRUE },
    { "example.org", TRUE },
    { "ws://", TRUE },
    { "ws://example.org/#part", TRUE },
    { "ws://example.org:99999/", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *problem = duplex_closure_url_problem (NULL, cases[i].url);

      g_test_message ("%s: %s", cases[i].url, problem);
      g_assert_cmpint (*problem != '\0', ==, cases[i].problem);
    }
}

static void
test_header_problem (void)
{
  static const struct
  {
    const char *name;
    const char *value;
    const char *problem; /* how it begins, or "" */
  } cases[] = {
    { "", "", "" },
    { NULL, NULL, "" },
    { "X-Token", "a b", "" },
    { "X-Token", "", "" },
    { "", "a", "The header has no name" },
    { "X Token", "a", "A header name" },
    { "Host", "a", "The handshake" },
    { "sec-websocket-key", "a", "The handshake" },
    { "X-Token", "a\nb", "The value" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *problem = NULL;

      problem = duplex_closure_header_problem (NULL, cases[i].name, cases[i].value);
      g_test_message ("%s, %s: %s", cases[i].name, cases[i].value, problem);
      g_assert_true (g_str_has_prefix (problem, cases[i].problem));
      g_assert_cmpint (*problem == '\0', ==, *cases[i].problem == '\0');
    }
}

static void
test_origin_problem (void)
{
  g_autofree char *good = duplex_closure_origin_problem (NULL, "https://example.org");
  g_autofree char *bad = duplex_closure_origin_problem (NULL, "https://example.org\r\nX: y");

  g_assert_cmpstr (good, ==, "");
  g_assert_cmpstr (bad, !=, "");
}

static void
test_split_subprotocols (void)
{
  g_auto (GStrv)    names = duplex_closure_split_subprotocols (" chat,superchat ,, v1.x ");
  g_auto (GStrv)    none = duplex_closure_split_subprotocols (" , ");
  g_auto (GStrv)    nothing = duplex_closure_split_subprotocols (NULL);
  const char *const expected[] = { "chat", "superchat", "v1.x", NULL };

  g_assert_cmpstrv (names, (char **)expected);
  g_assert_cmpuint (g_strv_length (none), ==, 0);
  g_assert_cmpuint (g_strv_length (nothing), ==, 0);
}

static void
test_subprotocols_problem (void)
{
  g_autofree char *good = duplex_closure_subprotocols_problem (NULL, "chat, superchat");
  g_autofree char *space = duplex_closure_subprotocols_problem (NULL, "chat, super chat");
  g_autofree char *twice = duplex_closure_subprotocols_problem (NULL, "chat, other, chat");

  g_assert_cmpstr (good, ==, "");
  g_assert_nonnull (strstr (space, "super chat"));
  g_assert_nonnull (strstr (twice, "twice"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/closures/is-set", test_is_set);
  g_test_add_func ("/app/closures/profile-detail", test_profile_detail);
  g_test_add_func ("/app/closures/profile-label", test_profile_label);
  g_test_add_func ("/app/closures/fingerprint", test_fingerprint);
  g_test_add_func ("/app/closures/url-problem", test_url_problem);
  g_test_add_func ("/app/closures/header-problem", test_header_problem);
  g_test_add_func ("/app/closures/origin-problem", test_origin_problem);
  g_test_add_func ("/app/closures/split-subprotocols", test_split_subprotocols);
  g_test_add_func ("/app/closures/subprotocols-problem", test_subprotocols_problem);

  return g_test_run ();
}
