/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile.h"

#include <string.h>

#include "core/model/duplex-profile-private.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

/* What stands behind "trusted-certificate" where nothing was set. */
#define WIRE                                     \
  "  \"compression\": {\n"                       \
  "    \"offer\": true,\n"                       \
  "    \"server-no-context-takeover\": false,\n" \
  "    \"client-no-context-takeover\": false,\n" \
  "    \"server-max-window-bits\": null,\n"      \
  "    \"client-max-window-bits\": true\n"       \
  "  },\n"                                       \
  "  \"pong\": {\n"                              \
  "    \"mode\": \"automatic\",\n"               \
  "    \"delay-ms\": 1000\n"                     \
  "  },\n"                                       \
  "  \"ping\": {\n"                              \
  "    \"interval-s\": 0,\n"                     \
  "    \"limit\": 3\n"                           \
  "  }"

#define FINGERPRINT "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

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
assert_json (DuplexProfile *profile,
             const char    *expected)
{
  g_autofree char *text = duplex_profile_to_json (profile);

  g_assert_cmpstr (text, ==, expected);
}

static DuplexProfile *
make_full (void)
{
  static const char *const  subprotocols[] = { "chat", "v2.chat", NULL };
  static const DuplexHeader headers[] = {
    { (char *)"X-Api", (char *)"1" },
    { (char *)"X-Api", (char *)"ä\"2\"" },
  };
  DuplexProfile *profile = duplex_profile_new ("Echo", "wss://example.org/");

  duplex_profile_set_origin (profile, "https://example.org");
  duplex_profile_set_subprotocols (profile, subprotocols);
  duplex_profile_set_headers (profile, headers, G_N_ELEMENTS (headers));
  duplex_profile_set_verify_certificates (profile, FALSE);
  duplex_profile_set_trusted_certificate (profile, FINGERPRINT);

  return profile;
}

static void
test_defaults (void)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new (NULL, NULL);
  gsize                     n_headers;

  g_assert_cmpstr (duplex_profile_get_name (profile), ==, "");
  g_assert_cmpstr (duplex_profile_get_url (profile), ==, "");
  g_assert_cmpstr (duplex_profile_get_origin (profile), ==, "");
  g_assert_cmpstr (duplex_profile_get_id (profile), ==, "");
  g_assert_cmpstr (duplex_profile_get_folder (profile), ==, "");
  g_assert_cmpstr (duplex_profile_get_trusted_certificate (profile), ==, "");
  g_assert_null (duplex_profile_get_error (profile));
  g_assert_true (duplex_profile_get_verify_certificates (profile));
  g_assert_null (duplex_profile_get_subprotocols (profile)[0]);
  duplex_profile_get_headers (profile, &n_headers);
  g_assert_cmpuint (n_headers, ==, 0);

  g_assert_finalize_object (g_steal_pointer (&profile));
}

static void
notify_cb (GObject    *object,
           GParamSpec *pspec,
           GString    *log)
{
  g_string_append_printf (log, "%s ", pspec->name);
}

/* A setter tells of a change, and of nothing else. */
static void
test_notify (void)
{
  static const char *const  subprotocols[] = { "chat", NULL };
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("a", "ws://a/");
  g_autoptr (GString)       log = g_string_new (NULL);

  g_signal_connect (profile, "notify", G_CALLBACK (notify_cb), log);
  for (guint i = 0; i < 2; i++)
    {
      duplex_profile_set_name (profile, "b");
      duplex_profile_set_url (profile, "ws://b/");
      duplex_profile_set_origin (profile, "http://b");
      duplex_profile_set_subprotocols (profile, subprotocols);
      duplex_profile_set_verify_certificates (profile, FALSE);
      duplex_profile_set_trusted_certificate (profile, FINGERPRINT);
      duplex_profile_set_id (profile, "Work/b");
      duplex_profile_set_error (profile, "broken");
    }
  g_assert_cmpstr (log->str, ==,
                   "name url origin subprotocols verify-certificates trusted-certificate "
                   "folder id error ");

  g_string_truncate (log, 0);
  duplex_profile_set_id (profile, "Work/c");
  duplex_profile_set_name (profile, NULL);
  duplex_profile_set_subprotocols (profile, NULL);
  g_assert_cmpstr (log->str, ==, "id name subprotocols ");
  g_assert_cmpstr (duplex_profile_get_name (profile), ==, "");
  g_assert_cmpstr (duplex_profile_get_folder (profile), ==, "Work");
}

static void
test_properties (void)
{
  g_autoptr (DuplexProfile) profile = make_full ();
  g_autoptr (DuplexProfile) copy = NULL;
  g_autofree char          *name = NULL;
  g_autofree char          *url = NULL;
  g_autofree char          *origin = NULL;
  g_autofree char          *trusted = NULL;
  g_autofree char          *id = NULL;
  g_autofree char          *folder = NULL;
  g_autofree char          *error = NULL;
  g_auto (GStrv)            subprotocols = NULL;
  gboolean                  verify = TRUE;

  duplex_profile_set_id (profile, "a/b/c");
  duplex_profile_set_error (profile, "broken");
  g_object_get (profile,
                "name", &name,
                "url", &url,
                "origin", &origin,
                "trusted-certificate", &trusted,
                "id", &id,
                "folder", &folder,
                "error", &error,
                "subprotocols", &subprotocols,
                "verify-certificates", &verify,
                NULL);
  g_assert_cmpstr (name, ==, "Echo");
  g_assert_cmpstr (id, ==, "a/b/c");
  g_assert_cmpstr (folder, ==, "a/b");
  g_assert_cmpstr (error, ==, "broken");
  g_assert_false (verify);

  copy = g_object_new (DUPLEX_TYPE_PROFILE,
                       "name", name,
                       "url", url,
                       "origin", origin,
                       "trusted-certificate", trusted,
                       "subprotocols", subprotocols,
                       "verify-certificates", verify,
                       NULL);
  g_assert_false (duplex_profile_has_same_settings (profile, copy));
  duplex_profile_set_headers (profile, NULL, 0);
  g_assert_true (duplex_profile_has_same_settings (profile, copy));
}

static void
test_copy (void)
{
  g_autoptr (DuplexProfile) profile = make_full ();
  g_autoptr (DuplexProfile) copy = NULL;
  gsize                     n_headers;
  const DuplexHeader       *headers;

  duplex_profile_set_id (profile, "Work/Echo");
  copy = duplex_profile_copy (profile);
  g_assert_true (duplex_profile_has_same_settings (profile, copy));
  g_assert_cmpstr (duplex_profile_get_id (copy), ==, "");

  /* Its own arrays are good arguments. */
  headers = duplex_profile_get_headers (copy, &n_headers);
  duplex_profile_set_headers (copy, headers, n_headers);
  duplex_profile_set_subprotocols (copy, duplex_profile_get_subprotocols (copy));
  duplex_profile_assign (copy, copy);
  g_assert_true (duplex_profile_has_same_settings (profile, copy));

  duplex_profile_set_id (copy, "Other");
  duplex_profile_set_url (copy, "ws://other/");
  g_assert_false (duplex_profile_has_same_settings (profile, copy));
  duplex_profile_assign (copy, profile);
  g_assert_true (duplex_profile_has_same_settings (profile, copy));
  g_assert_cmpstr (duplex_profile_get_id (copy), ==, "Other");
}

static void
test_order (void)
{
  g_autoptr (DuplexProfile) empty = duplex_profile_new ("", NULL);
  g_autoptr (DuplexProfile) full = make_full ();

  assert_json (empty, "{\n"
                      "  \"version\": 1,\n"
                      "  \"name\": \"\",\n"
                      "  \"url\": \"\",\n"
                      "  \"headers\": [],\n"
                      "  \"subprotocols\": [],\n"
                      "  \"origin\": \"\",\n"
                      "  \"verify-certificates\": true,\n"
                      "  \"trusted-certificate\": \"\",\n" WIRE "\n"
                      "}\n");
  assert_json (full, "{\n"
                     "  \"version\": 1,\n"
                     "  \"name\": \"Echo\",\n"
                     "  \"url\": \"wss://example.org/\",\n"
                     "  \"headers\": [\n"
                     "    {\n"
                     "      \"name\": \"X-Api\",\n"
                     "      \"value\": \"1\"\n"
                     "    },\n"
                     "    {\n"
                     "      \"name\": \"X-Api\",\n"
                     "      \"value\": \"ä\\\"2\\\"\"\n"
                     "    }\n"
                     "  ],\n"
                     "  \"subprotocols\": [\n"
                     "    \"chat\",\n"
                     "    \"v2.chat\"\n"
                     "  ],\n"
                     "  \"origin\": \"https://example.org\",\n"
                     "  \"verify-certificates\": false,\n"
                     "  \"trusted-certificate\": \"" FINGERPRINT "\",\n" WIRE "\n"
                     "}\n");
}

static void
test_round_trip (void)
{
  g_autoptr (DuplexProfile) profile = make_full ();
  g_autofree char          *text = NULL;
  g_autoptr (DuplexProfile) read = NULL;

  /* Everything that a text field takes. */
  duplex_profile_set_name (profile, "a\"b\\c/d\ne\tf\001\177 \360\237\230\200 \302\205 </script>");
  text = duplex_profile_to_json (profile);
  read = parse (text);
  g_assert_true (duplex_profile_has_same_settings (profile, read));
  assert_json (read, text);
}

/* What is set by a caller is written so that it can be read. */
static void
test_write_invalid_utf8 (void)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("a\xff", NULL);
  g_autofree char          *text = duplex_profile_to_json (profile);
  g_autoptr (DuplexProfile) read = parse (text);

  g_assert_cmpstr (duplex_profile_get_name (read), ==, "a\357\277\275");
}

static void
test_missing_members (void)
{
  g_autoptr (DuplexProfile) nothing = parse ("{}");
  g_autoptr (DuplexProfile) some = parse (" { \"url\" : \"ws://x/\" , \"name\":\"x\" } \n");
  g_autoptr (DuplexProfile) defaults = duplex_profile_new (NULL, NULL);

  g_assert_true (duplex_profile_has_same_settings (nothing, defaults));
  g_assert_cmpstr (duplex_profile_get_url (some), ==, "ws://x/");
  g_assert_cmpstr (duplex_profile_get_name (some), ==, "x");
}

static void
test_escapes (void)
{
  g_autoptr (DuplexProfile) profile = NULL;

  profile = parse ("{\"n\\u0061me\": \"\\ud83d\\ude00 \\\\u0000 \\u00e4\\/\"}");
  g_assert_cmpstr (duplex_profile_get_name (profile), ==, "\360\237\230\200 \\u0000 ä/");
  /* And its key is no unknown one. */
  g_assert_cmpstr (duplex_profile_get_extras (profile)->members, ==, "");
}

/* Numbers over 64 bits, order, repeated keys and escapes stay as they are. */
static void
test_unknown_members (void)
{
  static const char         text[] = "{\n"
                                     "  \"version\": 1,\n"
                                     "  \"name\": \"x\",\n"
                                     "  \"url\": \"ws://x/\",\n"
                                     "  \"headers\": [\n"
                                     "    {\n"
                                     "      \"name\": \"A\",\n"
                                     "      \"value\": \"1\",\n"
                                     "      \"note\": 1.50\n"
                                     "    },\n"
                                     "    {\n"
                                     "      \"name\": \"B\",\n"
                                     "      \"value\": \"2\"\n"
                                     "    },\n"
                                     "    {\n"
                                     "      \"name\": \"A\",\n"
                                     "      \"value\": \"3\",\n"
                                     "      \"secret\": {},\n"
                                     "      \"x\": null\n"
                                     "    }\n"
                                     "  ],\n"
                                     "  \"subprotocols\": [],\n"
                                     "  \"origin\": \"\",\n"
                                     "  \"verify-certificates\": true,\n"
                                     "  \"trusted-certificate\": \"\",\n" WIRE ",\n"
                                     "  \"zebra\": 123456789012345678901234567890,\n"
                                     "  \"colour\": {\n"
                                     "    \"b\": [\n"
                                     "      1e400,\n"
                                     "      [],\n"
                                     "      \"\\ud83d\\ude00\\/\"\n"
                                     "    ],\n"
                                     "    \"a\": false,\n"
                                     "    \"a\": true\n"
                                     "  },\n"
                                     "  \"zebra\": 2\n"
                                     "}\n";
  g_autoptr (DuplexProfile) profile = parse (text);
  g_autoptr (DuplexProfile) copy = duplex_profile_copy (profile);

  assert_json (profile, text);
  assert_json (copy, text);
}

/* Wherever they stood, they are written after the known ones. */
static void
test_unknown_members_first (void)
{
  g_autoptr (DuplexProfile) profile = parse ("{\"x\":[1,2],\"name\":\"n\",\"y\":\"z\"}");
  g_autofree char          *text = duplex_profile_to_json (profile);

  g_assert_true (g_str_has_suffix (text, "\"trusted-certificate\": \"\",\n" WIRE ",\n"
                                         "  \"x\": [\n"
                                         "    1,\n"
                                         "    2\n"
                                         "  ],\n"
                                         "  \"y\": \"z\"\n"
                                         "}\n"));
}

/* A header's unknown members go where the header goes, and with it. */
static void
test_unknown_header_members (void)
{
  static const DuplexHeader headers[] = {
    { (char *)"B", (char *)"2" },
    { (char *)"A", (char *)"new" },
  };
  g_autoptr (DuplexProfile) profile = NULL;
  g_autofree char          *text = NULL;

  profile = parse ("{\"headers\": [{\"name\": \"A\", \"value\": \"1\", \"note\": 7},"
                   " {\"value\": \"2\", \"hidden\": 8, \"name\": \"C\"}]}");
  duplex_profile_set_headers (profile, headers, G_N_ELEMENTS (headers));
  text = duplex_profile_to_json (profile);
  g_assert_nonnull (strstr (text, "\"value\": \"new\",\n      \"note\": 7\n"));
  g_assert_nonnull (strstr (text, "\"value\": \"2\"\n"));
  g_assert_null (strstr (text, "hidden"));
}

typedef struct
{
  const char *name;
  const char *text;
  int         code;
  const char *says; /* part of the message */
} BadCase;

static const BadCase bad_cases[] = {
  { "empty", "", DUPLEX_ERROR_SYNTAX, "Line 1, column 1" },
  { "blank", " \n ", DUPLEX_ERROR_SYNTAX, "Line 2, column 2" },
  { "truncated/brace", "{", DUPLEX_ERROR_SYNTAX, "Line 1, column 2" },
  { "truncated/key", "{\"na", DUPLEX_ERROR_SYNTAX, "Line 1" },
  { "truncated/colon", "{\"name\"", DUPLEX_ERROR_SYNTAX, "Line 1, column 8" },
  { "truncated/value", "{\n\"name\": \"x", DUPLEX_ERROR_SYNTAX, "Line 2" },
  { "truncated/end", "{\n\"name\": \"x\"\n", DUPLEX_ERROR_SYNTAX, "Line 3" },
  { "trailing/comma", "{\"name\": \"x\",}", DUPLEX_ERROR_SYNTAX, "Line 1" },
  { "trailing/text", "{} {}", DUPLEX_ERROR_SYNTAX, "Line 1, column 4" },
  { "comment", "{} // no", DUPLEX_ERROR_SYNTAX, "Line 1, column 4" },
  { "not-json", "name = x", DUPLEX_ERROR_SYNTAX, "Line 1" },
  { "single-quotes", "{'name': 'x'}", DUPLEX_ERROR_SYNTAX, "Line 1, column 2" },
  { "root/array", "[]", DUPLEX_ERROR_SYNTAX, "an object" },
  { "root/string", "\"x\"", DUPLEX_ERROR_SYNTAX, "an object" },
  { "root/number", "1", DUPLEX_ERROR_SYNTAX, "an object" },
  { "root/null", "null", DUPLEX_ERROR_SYNTAX, "an object" },
  { "not-utf8", "{\"name\":\n\"\xff\"}", DUPLEX_ERROR_SYNTAX, "Line 2: byte 0xff" },
  { "utf8/overlong", "{\"name\": \"\xc0\xaf\"}", DUPLEX_ERROR_SYNTAX, "0xc0" },
  { "utf8/surrogate", "{\"name\": \"\xed\xa0\x80\"}", DUPLEX_ERROR_SYNTAX, "0xed" },
  { "byte-order-mark", "\xef\xbb\xbf{}", DUPLEX_ERROR_SYNTAX, "Line 1, column 1" },
  { "control", "{\"name\": \"a\nb\"}", DUPLEX_ERROR_SYNTAX, "Line 1" },
  { "escape/unknown", "{\"name\": \"\\x41\"}", DUPLEX_ERROR_SYNTAX, "Line 1" },
  { "escape/nul", "{\"name\": \"a\\u0000b\"}", DUPLEX_ERROR_SYNTAX, "held as text" },
  { "escape/lone-high", "{\n\"name\": \"\\ud800\"}", DUPLEX_ERROR_SYNTAX, "Line 2: \"\\ud800\"" },
  { "escape/lone-low", "{\"name\": \"\\udc00\"}", DUPLEX_ERROR_SYNTAX, "held as text" },
  { "escape/two-high", "{\"name\": \"\\ud800\\ud800\"}", DUPLEX_ERROR_SYNTAX, "held as text" },
  { "escape/high-then-text", "{\"name\": \"\\ud800x\\udc00\"}", DUPLEX_ERROR_SYNTAX,
    "held as text" },
  { "escape/high-then-escape", "{\"name\": \"\\ud800\\n\"}", DUPLEX_ERROR_SYNTAX, "held as text" },
  { "escape/in-key", "{\"\\ud800\": 1}", DUPLEX_ERROR_SYNTAX, "held as text" },
  { "escape/in-unknown", "{\"x\": [{\"y\": \"\\u0000\"}]}", DUPLEX_ERROR_SYNTAX, "held as text" },
  { "escape/long",
    "{\"name\": \"0123456789012345678901234567890123456789012345678901234567ää\\u0000\"}",
    DUPLEX_ERROR_SYNTAX, "34567 cannot" },
  { "version/newer", "{\"version\": 2}", DUPLEX_ERROR_NEWER_VERSION, "2" },
  { "version/much-newer", "{\"version\": 9223372036854775807, \"name\": 1}",
    DUPLEX_ERROR_NEWER_VERSION, "9223372036854775807" },
  { "version/zero", "{\"version\": 0}", DUPLEX_ERROR_SYNTAX, "\"version\"" },
  { "version/negative", "{\"version\": -1}", DUPLEX_ERROR_SYNTAX, "\"version\"" },
  { "version/real", "{\"version\": 1.5}", DUPLEX_ERROR_SYNTAX, "\"version\"" },
  { "version/string", "{\"version\": \"1\"}", DUPLEX_ERROR_SYNTAX, "\"version\"" },
  { "version/null", "{\"version\": null}", DUPLEX_ERROR_SYNTAX, "\"version\"" },
  { "type/name", "{\n\n\"name\": 1}", DUPLEX_ERROR_SYNTAX, "Line 3: \"name\" is not a string" },
  { "type/name-null", "{\"name\": null}", DUPLEX_ERROR_SYNTAX, "\"name\"" },
  { "type/name-last", "{\"name\": \"x\",\n\"name\": []}", DUPLEX_ERROR_SYNTAX, "Line 2: \"name\"" },
  { "type/url", "{\"url\": {}}", DUPLEX_ERROR_SYNTAX, "\"url\" is not a string" },
  { "type/origin", "{\"origin\": false}", DUPLEX_ERROR_SYNTAX, "\"origin\" is not a string" },
  { "type/verify", "{\"verify-certificates\": 0}", DUPLEX_ERROR_SYNTAX, "\"verify-certificates\"" },
  { "type/verify-string", "{\"verify-certificates\": \"false\"}", DUPLEX_ERROR_SYNTAX,
    "\"verify-certificates\"" },
  { "type/trusted", "{\"trusted-certificate\": []}", DUPLEX_ERROR_SYNTAX,
    "\"trusted-certificate\"" },
  { "trusted/short", "{\"trusted-certificate\": \"0011\"}", DUPLEX_ERROR_SYNTAX, "64 hex" },
  { "trusted/not-hex",
    "{\"trusted-certificate\":"
    " \"g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}",
    DUPLEX_ERROR_SYNTAX, "64 hex" },
  { "type/subprotocols", "{\"subprotocols\": \"chat\"}", DUPLEX_ERROR_SYNTAX, "\"subprotocols\"" },
  { "type/subprotocol", "{\"subprotocols\": [\"chat\", 2]}", DUPLEX_ERROR_SYNTAX,
    "\"subprotocols\"" },
  { "type/headers", "{\"headers\": {}}", DUPLEX_ERROR_SYNTAX, "\"headers\" is not an array" },
  { "type/header", "{\"headers\": [\n[]]}", DUPLEX_ERROR_SYNTAX, "Line 2: \"headers\"" },
  { "type/header-name", "{\"headers\": [{\"name\": 1, \"value\": \"\"}]}", DUPLEX_ERROR_SYNTAX,
    "\"name\" is not a string" },
  { "header/no-name", "{\"headers\": [{\"value\": \"\"}]}", DUPLEX_ERROR_SYNTAX, "no \"name\"" },
  { "header/no-value", "{\"headers\": [{\"name\": \"\"}]}", DUPLEX_ERROR_SYNTAX, "no \"value\"" },
};

static void
test_bad (gconstpointer data)
{
  const BadCase     *bad = data;
  g_autoptr (GError) error = NULL;
  /* A buffer of just that size: a read past the end shows. */
  gsize            len = strlen (bad->text);
  g_autofree char *text = g_memdup2 (bad->text, len);

  g_assert_null (duplex_profile_from_json (text, len, &error));
  g_assert_error (error, DUPLEX_ERROR, bad->code);
  if (strstr (error->message, bad->says) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, bad->says);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

/* Every beginning of a good file is a bad file. */
static void
test_truncated_anywhere (void)
{
  g_autoptr (DuplexProfile) profile = make_full ();
  g_autofree char          *text = duplex_profile_to_json (profile);
  gsize                     len = strlen (text);

  for (gsize i = 0; i < len - 1; i++)
    {
      g_autofree char   *part = g_memdup2 (text, i);
      g_autoptr (GError) error = NULL;

      if (i == len - 2) /* the text without its last brace and line end */
        g_assert_cmpint (text[i], ==, '}');
      g_assert_null (duplex_profile_from_json (part, i, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX);
    }
}

/* Every byte of a good file replaced by some others: an error or a profile that can be written. */
static void
test_changed_anywhere (void)
{
  static const char         bytes[] = "\"\\{}[]:,0u\xff\n\x01";
  g_autoptr (DuplexProfile) profile = NULL;
  g_autofree char          *text = NULL;
  gsize                     len;

  profile = parse ("{\"version\":1,\"name\":\"\\ud83d\\ude00\",\"headers\":[{\"name\":\"A\","
                   "\"value\":\"\",\"n\":1}],\"subprotocols\":[\"c\"],"
                   "\"verify-certificates\":true,\"x\":[{\"y\":1.5e3}]}");
  text = duplex_profile_to_json (profile);
  len = strlen (text);

  for (gsize i = 0; i < len; i++)
    for (gsize j = 0; j < sizeof bytes; j++)
      {
        g_autofree char          *changed = g_memdup2 (text, len);
        g_autoptr (GError)        error = NULL;
        g_autoptr (DuplexProfile) read = NULL;

        changed[i] = bytes[j];
        read = duplex_profile_from_json (changed, len, &error);
        g_assert_true ((read == NULL) == (error != NULL));
        if (read != NULL)
          {
            g_autofree char          *written = duplex_profile_to_json (read);
            g_autoptr (DuplexProfile) again = parse (written);

            g_assert_true (duplex_profile_has_same_settings (read, again));
          }
      }
}

static void
test_deep_nesting (void)
{
  const guint         depths[] = { DUPLEX_LIMIT_JSON_DEPTH, DUPLEX_LIMIT_JSON_DEPTH * 10, 400000 };
  g_autoptr (GString) fits = g_string_new ("{\"x\":");

  for (guint i = 0; i < G_N_ELEMENTS (depths); i++)
    {
      g_autoptr (GString) text = g_string_new ("{\"x\":");
      g_autoptr (GError)  error = NULL;

      for (guint j = 0; j < depths[i]; j++)
        g_string_append_c (text, '[');
      for (guint j = 0; j < depths[i]; j++)
        g_string_append_c (text, ']');
      g_string_append_c (text, '}');
      g_assert_null (duplex_profile_from_json (text->str, text->len, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG);
    }

  /* One level less than the limit, with the object around. */
  for (guint j = 0; j < DUPLEX_LIMIT_JSON_DEPTH - 1; j++)
    g_string_append_c (fits, '[');
  for (guint j = 0; j < DUPLEX_LIMIT_JSON_DEPTH - 1; j++)
    g_string_append_c (fits, ']');
  g_string_append_c (fits, '}');
  g_object_unref (parse (fits->str));
}

static void
test_too_big (void)
{
  g_autofree char          *text = g_strnfill (DUPLEX_LIMIT_PROFILE + 1, ' ');
  g_autoptr (DuplexProfile) fits = NULL;
  g_autoptr (GError)        error = NULL;

  text[0] = '{';
  text[1] = '}';
  fits = duplex_profile_from_json (text, DUPLEX_LIMIT_PROFILE, &error);
  g_assert_no_error (error);
  g_assert_nonnull (fits);

  g_assert_null (duplex_profile_from_json (text, DUPLEX_LIMIT_PROFILE + 1, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG);
}

static void
test_nul (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (duplex_profile_from_json ("{}\0", 3, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/profile/defaults", test_defaults);
  g_test_add_func ("/core/profile/notify", test_notify);
  g_test_add_func ("/core/profile/properties", test_properties);
  g_test_add_func ("/core/profile/copy", test_copy);
  g_test_add_func ("/core/profile/json/order", test_order);
  g_test_add_func ("/core/profile/json/round-trip", test_round_trip);
  g_test_add_func ("/core/profile/json/write-invalid-utf8", test_write_invalid_utf8);
  g_test_add_func ("/core/profile/json/missing-members", test_missing_members);
  g_test_add_func ("/core/profile/json/escapes", test_escapes);
  g_test_add_func ("/core/profile/json/unknown/kept", test_unknown_members);
  g_test_add_func ("/core/profile/json/unknown/first", test_unknown_members_first);
  g_test_add_func ("/core/profile/json/unknown/headers", test_unknown_header_members);
  g_test_add_func ("/core/profile/json/truncated-anywhere", test_truncated_anywhere);
  g_test_add_func ("/core/profile/json/changed-anywhere", test_changed_anywhere);
  g_test_add_func ("/core/profile/json/deep-nesting", test_deep_nesting);
  g_test_add_func ("/core/profile/json/too-big", test_too_big);
  g_test_add_func ("/core/profile/json/nul", test_nul);
  for (guint i = 0; i < G_N_ELEMENTS (bad_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/core/profile/json/bad/", bad_cases[i].name, NULL);

      g_test_add_data_func (path, &bad_cases[i], test_bad);
    }

  return g_test_run ();
}
