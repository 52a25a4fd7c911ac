/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a profile says about compression, pongs and pings. */
#include "core/model/duplex-profile.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

static DuplexProfile *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  DuplexProfile     *profile = duplex_profile_from_json (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_true (DUPLEX_IS_PROFILE (profile));

  return profile;
}

static void
set_all (DuplexProfile *profile)
{
  const DuplexDeflateParams params = { TRUE, TRUE, 9, 12 };

  duplex_profile_set_deflate (profile, FALSE, &params);
  duplex_profile_set_pong_mode (profile, DUPLEX_PONG_DELAYED);
  duplex_profile_set_pong_delay (profile, 250);
  duplex_profile_set_ping_interval (profile, 20);
  duplex_profile_set_ping_limit (profile, 0);
}

static void
assert_all (DuplexProfile *profile)
{
  DuplexDeflateParams params;

  g_assert_false (duplex_profile_get_deflate (profile, &params));
  g_assert_true (params.server_no_context_takeover);
  g_assert_true (params.client_no_context_takeover);
  g_assert_cmpuint (params.server_max_window_bits, ==, 9);
  g_assert_cmpuint (params.client_max_window_bits, ==, 12);
  g_assert_cmpint (duplex_profile_get_pong_mode (profile), ==, DUPLEX_PONG_DELAYED);
  g_assert_cmpuint (duplex_profile_get_pong_delay (profile), ==, 250);
  g_assert_cmpuint (duplex_profile_get_ping_interval (profile), ==, 20);
  g_assert_cmpuint (duplex_profile_get_ping_limit (profile), ==, 0);
}

static void
test_defaults (void)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new (NULL, NULL);
  g_autofree char          *offer = NULL;
  DuplexDeflateParams       params;

  g_assert_true (duplex_profile_get_deflate (profile, NULL));
  g_assert_true (duplex_profile_get_deflate (profile, &params));
  offer = duplex_deflate_params_to_string (&params);
  g_assert_cmpstr (offer, ==, "permessage-deflate; client_max_window_bits");
  g_assert_cmpint (duplex_profile_get_pong_mode (profile), ==, DUPLEX_PONG_AUTOMATIC);
  g_assert_cmpuint (duplex_profile_get_pong_delay (profile), ==, 1000);
  g_assert_cmpuint (duplex_profile_get_ping_interval (profile), ==, 0);
  g_assert_cmpuint (duplex_profile_get_ping_limit (profile), ==, DUPLEX_LIMIT_MISSING_PONGS);
}

static void
test_copy (void)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new (NULL, NULL);
  g_autoptr (DuplexProfile) copy = duplex_profile_copy (profile);

  set_all (profile);
  assert_all (profile);
  g_assert_false (duplex_profile_has_same_settings (profile, copy));
  duplex_profile_assign (copy, profile);
  assert_all (copy);
  g_assert_true (duplex_profile_has_same_settings (profile, copy));
}

/* Each setting alone makes a difference. */
static void
test_difference (void)
{
  static const char *const  names[] = { "ping-interval", "ping-limit", "pong-delay",
                                        "deflate-server-max-window-bits",
                                        "deflate-client-max-window-bits" };
  static const char *const  flags[] = { "deflate-server-no-context-takeover",
                                        "deflate-client-no-context-takeover" };
  g_autoptr (DuplexProfile) plain = duplex_profile_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (DuplexProfile) other = g_object_new (DUPLEX_TYPE_PROFILE, names[i], 10, NULL);

      g_assert_false (duplex_profile_has_same_settings (plain, other));
    }
  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      g_autoptr (DuplexProfile) other = g_object_new (DUPLEX_TYPE_PROFILE, flags[i], TRUE, NULL);

      g_assert_false (duplex_profile_has_same_settings (plain, other));
    }
  {
    g_autoptr (DuplexProfile) other = g_object_new (DUPLEX_TYPE_PROFILE, "deflate", FALSE, NULL);

    g_assert_false (duplex_profile_has_same_settings (plain, other));
    g_object_set (other, "deflate", TRUE, "pong-mode", DUPLEX_PONG_NEVER, NULL);
    g_assert_false (duplex_profile_has_same_settings (plain, other));
    g_object_set (other, "pong-mode", DUPLEX_PONG_AUTOMATIC, NULL);
    g_assert_true (duplex_profile_has_same_settings (plain, other));
  }
}

static void
test_properties (void)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new (NULL, NULL);
  g_autoptr (DuplexProfile) copy = NULL;
  gboolean                  deflate, server_none, client_none;
  guint                     server_bits, client_bits, delay, interval, limit;
  DuplexPongMode            mode;

  set_all (profile);
  g_object_get (profile,
                "deflate", &deflate,
                "deflate-server-no-context-takeover", &server_none,
                "deflate-client-no-context-takeover", &client_none,
                "deflate-server-max-window-bits", &server_bits,
                "deflate-client-max-window-bits", &client_bits,
                "pong-mode", &mode,
                "pong-delay", &delay,
                "ping-interval", &interval,
                "ping-limit", &limit,
                NULL);
  copy = g_object_new (DUPLEX_TYPE_PROFILE,
                       "deflate", deflate,
                       "deflate-server-no-context-takeover", server_none,
                       "deflate-client-no-context-takeover", client_none,
                       "deflate-server-max-window-bits", server_bits,
                       "deflate-client-max-window-bits", client_bits,
                       "pong-mode", mode,
                       "pong-delay", delay,
                       "ping-interval", interval,
                       "ping-limit", limit,
                       NULL);
  assert_all (copy);
}

static void
notify_cb (GObject    *object,
           GParamSpec *pspec,
           GString    *log)
{
  g_string_append_printf (log, "%s ", pspec->name);
}

/* Of a change, once, and of nothing else. */
static void
test_notify (void)
{
  g_autoptr (DuplexProfile)  profile = duplex_profile_new (NULL, NULL);
  g_autoptr (GString)        log = g_string_new (NULL);
  const DuplexDeflateParams  plain = { 0 };
  const DuplexDeflateParams *offer = &plain;

  g_signal_connect (profile, "notify", G_CALLBACK (notify_cb), log);
  for (guint i = 0; i < 2; i++)
    {
      duplex_profile_set_deflate (profile, TRUE, offer);
      duplex_profile_set_deflate (profile, FALSE, offer);
      duplex_profile_set_deflate (profile, FALSE, offer);
      duplex_profile_set_pong_mode (profile, DUPLEX_PONG_NEVER);
      duplex_profile_set_pong_delay (profile, 5);
      duplex_profile_set_ping_interval (profile, 6);
      duplex_profile_set_ping_limit (profile, 7);
      duplex_profile_set_deflate (profile, TRUE, offer);
    }
  g_assert_cmpstr (log->str, ==,
                   "deflate-client-max-window-bits deflate pong-mode pong-delay ping-interval "
                   "ping-limit deflate deflate deflate ");
}

/* More than a timer holds is the most. */
static void
test_bounds (void)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new (NULL, NULL);
  g_autofree char          *text = NULL;
  g_autoptr (DuplexProfile) read = NULL;

  duplex_profile_set_pong_delay (profile, G_MAXUINT);
  duplex_profile_set_ping_interval (profile, G_MAXUINT);
  duplex_profile_set_ping_limit (profile, G_MAXUINT);
  g_assert_cmpuint (duplex_profile_get_pong_delay (profile), ==, DUPLEX_LIMIT_PONG_DELAY);
  g_assert_cmpuint (duplex_profile_get_ping_interval (profile), ==, DUPLEX_LIMIT_PING_INTERVAL);
  g_assert_cmpuint (duplex_profile_get_ping_limit (profile), ==, DUPLEX_LIMIT_PING_LIMIT);

  /* And such a file can be read. */
  text = duplex_profile_to_json (profile);
  read = parse (text);
  g_assert_true (duplex_profile_has_same_settings (profile, read));
}

/* ---- the file ---- */

static void
test_json (void)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new (NULL, NULL);
  g_autofree char          *text = NULL;
  g_autoptr (DuplexProfile) read = NULL;

  set_all (profile);
  text = duplex_profile_to_json (profile);
  g_assert_true (g_str_has_suffix (text, "  \"compression\": {\n"
                                         "    \"offer\": false,\n"
                                         "    \"server-no-context-takeover\": true,\n"
                                         "    \"client-no-context-takeover\": true,\n"
                                         "    \"server-max-window-bits\": 9,\n"
                                         "    \"client-max-window-bits\": 12\n"
                                         "  },\n"
                                         "  \"pong\": {\n"
                                         "    \"mode\": \"delayed\",\n"
                                         "    \"delay-ms\": 250\n"
                                         "  },\n"
                                         "  \"ping\": {\n"
                                         "    \"interval-s\": 20,\n"
                                         "    \"limit\": 0\n"
                                         "  }\n"
                                         "}\n"));
  read = parse (text);
  assert_all (read);
}

/* Every number of window bits, and none. */
static void
test_json_window_bits (void)
{
  static const struct
  {
    const char *text;
    guint       server;
    guint       client;
  } cases[] = {
    { "\"server-max-window-bits\": null, \"client-max-window-bits\": null", 0, 0 },
    { "\"server-max-window-bits\": 8, \"client-max-window-bits\": 15", 8, 15 },
    { "\"server-max-window-bits\": 15, \"client-max-window-bits\": 8", 15, 8 },
    { "\"client-max-window-bits\": true", 0, DUPLEX_WINDOW_BITS_NO_VALUE },
    { "\"server-max-window-bits\": 11", 11, DUPLEX_WINDOW_BITS_NO_VALUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char          *text = g_strdup_printf ("{\"compression\": {%s}}", cases[i].text);
      g_autoptr (DuplexProfile) profile = parse (text);
      g_autofree char          *written = duplex_profile_to_json (profile);
      g_autoptr (DuplexProfile) again = parse (written);
      DuplexDeflateParams       params;

      g_assert_true (duplex_profile_get_deflate (profile, &params));
      g_assert_cmpuint (params.server_max_window_bits, ==, cases[i].server);
      g_assert_cmpuint (params.client_max_window_bits, ==, cases[i].client);
      g_assert_true (duplex_profile_has_same_settings (profile, again));
    }
}

/* A file of an earlier version, and objects with some of their members. */
static void
test_json_missing (void)
{
  g_autoptr (DuplexProfile) defaults = duplex_profile_new (NULL, NULL);
  g_autoptr (DuplexProfile) old = parse ("{\"version\": 1, \"name\": \"\", \"url\": \"\"}");
  g_autoptr (DuplexProfile) empty = parse ("{\"compression\":{},\"pong\":{},\"ping\":{}}");
  g_autoptr (DuplexProfile) some = parse ("{\"pong\":{\"mode\":\"never\"},\"ping\":{\"limit\":9}}");

  g_assert_true (duplex_profile_has_same_settings (old, defaults));
  g_assert_true (duplex_profile_has_same_settings (empty, defaults));
  g_assert_cmpint (duplex_profile_get_pong_mode (some), ==, DUPLEX_PONG_NEVER);
  g_assert_cmpuint (duplex_profile_get_pong_delay (some), ==, 1000);
  g_assert_cmpuint (duplex_profile_get_ping_limit (some), ==, 9);
  g_assert_cmpuint (duplex_profile_get_ping_interval (some), ==, 0);
}

/* They stay in their object, behind what is known there, also in a copy. */
static void
test_json_unknown (void)
{
  g_autoptr (DuplexProfile) profile = NULL;
  g_autoptr (DuplexProfile) copy = NULL;
  g_autofree char          *text = NULL;

  profile = parse ("{\"ping\": {\"colour\": 123456789012345678901234567890, \"limit\": 4},"
                   " \"compression\": {\"level\": 9, \"offer\": false, \"x\": {\"offer\": 1}},"
                   " \"pong\": {\"mode\": \"never\", \"why\": []}}");
  copy = duplex_profile_copy (profile);
  text = duplex_profile_to_json (copy);
  g_assert_nonnull (strstr (text, "    \"client-max-window-bits\": true,\n"
                                  "    \"level\": 9,\n"
                                  "    \"x\": {\n"
                                  "      \"offer\": 1\n"
                                  "    }\n"
                                  "  },\n"));
  g_assert_nonnull (strstr (text, "    \"delay-ms\": 1000,\n"
                                  "    \"why\": []\n"
                                  "  },\n"));
  g_assert_nonnull (strstr (text, "    \"limit\": 4,\n"
                                  "    \"colour\": 123456789012345678901234567890\n"
                                  "  }\n"));
  g_assert_false (duplex_profile_get_deflate (copy, NULL));
}

/* Of repeated members the last counts, for an object too. */
static void
test_json_repeated (void)
{
  g_autoptr (DuplexProfile) profile = NULL;
  g_autofree char          *text = NULL;

  profile = parse ("{\"ping\": {\"limit\": 4, \"x\": 1}, \"ping\": {\"limit\": 5, \"limit\": 6}}");
  text = duplex_profile_to_json (profile);
  g_assert_cmpuint (duplex_profile_get_ping_limit (profile), ==, 6);
  g_assert_null (strstr (text, "\"x\""));
}

typedef struct
{
  const char *name;
  const char *text;
  const char *says; /* the end of the message */
} BadCase;

#define BITS_SERVER "is neither null nor a number from 8 to 15"
#define BITS_CLIENT "is neither null, true nor a number from 8 to 15"

static const BadCase bad_cases[] = {
  { "compression", "{\n\"compression\": true}", "Line 2: \"compression\" is not an object" },
  { "compression/null", "{\"compression\": null}", "\"compression\" is not an object" },
  { "offer", "{\"compression\": {\n\n\"offer\": 1}}",
    "Line 3: \"offer\" is neither true nor false" },
  { "server-takeover", "{\"compression\": {\"server-no-context-takeover\": null}}",
    "\"server-no-context-takeover\" is neither true nor false" },
  { "client-takeover", "{\"compression\": {\"client-no-context-takeover\": \"true\"}}",
    "\"client-no-context-takeover\" is neither true nor false" },
  { "server-bits/7", "{\"compression\": {\"server-max-window-bits\": 7}}", BITS_SERVER },
  { "server-bits/16", "{\"compression\": {\"server-max-window-bits\": 16}}", BITS_SERVER },
  { "server-bits/0", "{\"compression\": {\"server-max-window-bits\": 0}}", BITS_SERVER },
  { "server-bits/true", "{\"compression\": {\"server-max-window-bits\": true}}", BITS_SERVER },
  { "server-bits/real", "{\"compression\": {\"server-max-window-bits\": 9.0}}", BITS_SERVER },
  { "client-bits/1", "{\"compression\": {\"client-max-window-bits\": 1}}", BITS_CLIENT },
  { "client-bits/-9", "{\"compression\": {\"client-max-window-bits\": -9}}", BITS_CLIENT },
  { "client-bits/huge", "{\"compression\": {\"client-max-window-bits\": 99999999999999999999}}",
    BITS_CLIENT },
  { "client-bits/wraps", "{\"compression\": {\"client-max-window-bits\": 4294967305}}",
    BITS_CLIENT },
  { "client-bits/false", "{\"compression\": {\"client-max-window-bits\": false}}", BITS_CLIENT },
  { "client-bits/string", "{\"compression\": {\"client-max-window-bits\": \"9\"}}", BITS_CLIENT },
  { "pong", "{\"pong\": []}", "\"pong\" is not an object" },
  { "mode/type", "{\"pong\": {\"mode\": 1}}", "\"mode\" is not a string" },
  { "mode/word", "{\"pong\":\n{\"mode\": \"Never\"}}",
    "Line 2: \"mode\" is none of automatic, delayed and never" },
  { "delay/type", "{\"pong\": {\"delay-ms\": \"5\"}}",
    "\"delay-ms\" is not a number from 0 to 86400000" },
  { "delay/negative", "{\"pong\": {\"delay-ms\": -1}}",
    "\"delay-ms\" is not a number from 0 to 86400000" },
  { "delay/over", "{\"pong\": {\"delay-ms\": 86400001}}",
    "\"delay-ms\" is not a number from 0 to 86400000" },
  { "ping", "{\"ping\": \"x\"}", "\"ping\" is not an object" },
  { "interval/real", "{\"ping\": {\"interval-s\": 0.5}}",
    "\"interval-s\" is not a number from 0 to 86400" },
  { "interval/null", "{\"ping\": {\"interval-s\": null}}",
    "\"interval-s\" is not a number from 0 to 86400" },
  { "limit/negative", "{\"ping\": {\"limit\": -3}}",
    "\"limit\" is not a number from 0 to 1000000" },
  { "limit/over", "{\"ping\": {\"limit\": 4294967296}}",
    "\"limit\" is not a number from 0 to 1000000" },
};

static void
test_bad (gconstpointer data)
{
  const BadCase     *bad = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (duplex_profile_from_json (bad->text, strlen (bad->text), &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX);
  if (!g_str_has_suffix (error->message, bad->says))
    g_error ("\"%s\" does not end in \"%s\"", error->message, bad->says);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/profile-wire/defaults", test_defaults);
  g_test_add_func ("/core/profile-wire/copy", test_copy);
  g_test_add_func ("/core/profile-wire/difference", test_difference);
  g_test_add_func ("/core/profile-wire/properties", test_properties);
  g_test_add_func ("/core/profile-wire/notify", test_notify);
  g_test_add_func ("/core/profile-wire/bounds", test_bounds);
  g_test_add_func ("/core/profile-wire/json/all", test_json);
  g_test_add_func ("/core/profile-wire/json/window-bits", test_json_window_bits);
  g_test_add_func ("/core/profile-wire/json/missing", test_json_missing);
  g_test_add_func ("/core/profile-wire/json/unknown", test_json_unknown);
  g_test_add_func ("/core/profile-wire/json/repeated", test_json_repeated);
  for (guint i = 0; i < G_N_ELEMENTS (bad_cases); i++)
    {
      g_autofree char *path = NULL;

      path = g_strconcat ("/core/profile-wire/json/bad/", bad_cases[i].name, NULL);
      g_test_add_data_func (path, &bad_cases[i], test_bad);
    }

  return g_test_run ();
}
