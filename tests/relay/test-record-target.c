/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-record-target.h"

#include <string.h>

#include "core/proto/duplex-handshake.h"
#include "relay/duplex-request.h"

#define FIELDS "Host: relay.example\r\nX-Any: thing\r\n\r\n"

static char *
clean (const char *request,
       gsize       size,
       gboolean   *ret_hidden)
{
  g_autoptr (GBytes) bytes = g_bytes_new (request, size);
  g_autoptr (GBytes) cleaned = duplex_record_target_clean (bytes, ret_hidden);
  gsize              len;
  const char        *data = g_bytes_get_data (cleaned, &len);

  return g_strndup (data, len);
}

static char *
clean_target (const char *target,
              gboolean   *ret_hidden)
{
  g_autofree char *request = g_strconcat ("GET ", target, " HTTP/1.1\r\n" FIELDS, NULL);
  g_autofree char *cleaned = clean (request, strlen (request), ret_hidden);
  char            *end = strstr (cleaned, " HTTP/1.1\r\n" FIELDS);

  g_assert_true (g_str_has_prefix (cleaned, "GET "));
  g_assert_nonnull (end);
  *end = '\0';
  return g_strdup (cleaned + strlen ("GET "));
}

#define A "/api/websocket"

/* What is no secret is the same byte for byte. */
static void
test_kept (void)
{
  static const char *const targets[] = {
    "/",
    "*",
    A,
    A "?",
    A "?&&",
    A "?backend",
    A "?backend=",
    A "?backend=ws://127.0.0.1:9/a%20b?x=1",
    A "?backend=ws%3A%2F%2F127.0.0.1%3A9%2F%3Fx%3D1&y=2&&z=3&",
    A "?backend=ws%253A%252F%252Fhost",
    A "?backend=ws://host/?token",
    A "?backend=ws://host/?token%26a%3Dkey",
    A "?backend=ws://host/token=1?",
    A "?%62ackend=wss://[::1]/",
    A "?a=1&backend=ws://a&backend=ws://b",
    "http://relay.example" A "?backend=ws://host",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      gboolean         hidden = TRUE;
      g_autofree char *cleaned = clean_target (targets[i], &hidden);

      g_assert_cmpstr (cleaned, ==, targets[i]);
      g_assert_false (hidden);
    }
}

/* "pw" is secret in all of these; and in none where it would be shown. */
static void
test_hidden (void)
{
  static const struct
  {
    const char *target;
    const char *cleaned;
  } cases[] = {
    { A "?backend=ws://me:pw@host/p?q=1&x=1", A "?backend=ws://not-recorded@host/p?q=1&x=1" },
    { A "?a=1&backend=ws%3A%2F%2Fme%3Apw%40host%2f&x=1",
      A "?a=1&backend=ws%3A%2F%2Fnot-recorded%40host%2f&x=1" },
    { A "?backend=%20+wss:%2f%2fpw@host", A "?backend=%20+wss:%2f%2fnot-recorded@host" },
    /* An "@" or a "%40" of the password's own; a broken escape is part of it. */
    { A "?backend=ws://me:p@pw@host", A "?backend=ws://not-recorded@host" },
    { A "?backend=ws://me:p%2540pw@host", A "?backend=ws://not-recorded@host" },
    { A "?backend=ws://me:%4pw%@host", A "?backend=ws://not-recorded@host" },
    { A "?backend=ws://me:p=pw@host", A "?backend=ws://not-recorded@host" },
    /* Several, of which one counts. */
    { A "?backend=ws://a&backend=ws://pw@b&backend=ws%3a//pw@c",
      A "?backend=ws://a&backend=ws://not-recorded@b&backend=ws%3a//not-recorded@c" },
    /* Other names. */
    { A "?url=http://pw@host", A "?url=http://not-recorded@host" },
    { A "?token=pw&x=1", A "?token=not-recorded&x=1" },
    { A "?x=1&Access_TOKEN=pw", A "?x=1&Access_TOKEN=not-recorded" },
    { A "?%74oken=pw", A "?%74oken=not-recorded" },
    { A "?%2574oken=pw", A "?%2574oken=not-recorded" },
    { A "?%00token=pw", A "?%00token=not-recorded" },
    { A "?t%oken=pw", A "?not-recorded" },
    { A "?apiKey=pw&password=a@pw", A "?apiKey=not-recorded&password=not-recorded" },
    /* Of the backend's own query. */
    { A "?backend=ws://host/?token=pw&x=1", A "?backend=ws://host/?not-recorded&x=1" },
    { A "?backend=ws%3A%2F%2Fhost%2F%3Fa%3D1%26token%3Dpw&x=1",
      A "?backend=ws%3A%2F%2Fhost%2F%3Fnot-recorded&x=1" },
    { A "?backend=ws://me:pw@host/?a=1%26%2574oken=pw",
      A "?backend=ws://not-recorded@host/?not-recorded" },
    { A "?backend=ws://host/%23token=pw", A "?backend=ws://host/%23not-recorded" },
    { A "?backend=ws%253A%252F%252Fhost%252F%253Ftoken%253Dpw", A "?not-recorded" },
    { A "?x=1&backend=ws://me:a?key=pw@host", A "?not-recorded" },
    { A "?x=1&backend=ws://host/?to%ken=pw", A "?not-recorded" },
    /* Where it is not certain what is the password, all that could be goes. */
    { A "?x=1&backend=ws%253A%252F%252Fme%253Apw%2540host", A "?not-recorded" },
    { A "?x=1&backend=ws://me:pw%2540host", A "?not-recorded" },
    { A "?x=1&backend=ws://me:pw%252525252540host", A "?not-recorded" },
    { A "?x=1&backend=ws://me:pw%25252525252525252540host", A "?not-recorded" },
    { A "?x=1&backend=ws://me:pw%4%30host", A "?not-recorded" },
    { A "?x=1&backend=ws://me:pw%host", A "?not-recorded" },
    { A "?x=1&backend=ws://me:pw%4", A "?not-recorded" },
    { A "?x=1&backend=ws://me:a&pw@host", A "?not-recorded" },
    { A "?x=1&backend=ws://me:a/pw@host", A "?not-recorded" },
    { A "?x=1&backend=ws://me:a?pw@host", A "?not-recorded" },
    { A "?x=1&backend=ws://me:a%23pw@host", A "?not-recorded" },
    { A "?x=1&backend=ws://pw@host/x@y", A "?not-recorded" },
    { A "?x=1&backend=ws:/\\pw@host", A "?not-recorded" },
    { A "?x=1&backend=pw@host", A "?not-recorded" },
    { A "?x=1&backend=%09ws://pw@host", A "?not-recorded" },
    { A "?ws://me:pw@host", A "?not-recorded" },
    { A "?ws://me:pw=x@host", A "?not-recorded" },
    { A "?pw@host", A "?not-recorded" },
    { A "?x=1&%62ackend=ws://pw@host", A "?not-recorded" },
    { A "/ws://me:pw@host?x=1", "/not-recorded" },
    { A "/ws://me:a?pw@host", A "/ws://me:a?not-recorded" },
    { "/ws:%2f%2fme%3apw%2540host", "/not-recorded" },
    { "http://me:pw@relay.example" A "?x=1", "/not-recorded" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gboolean         hidden = FALSE;
      g_autofree char *cleaned = clean_target (cases[i].target, &hidden);

      g_assert_cmpstr (cleaned, ==, cases[i].cleaned);
      g_assert_null (strstr (cleaned, "pw"));
      g_assert_true (hidden);
    }
}

static void
assert_cleaned (GBytes *(*clean_text) (GBytes *, gboolean *),
                const char *text,
                const char *cleaned)
{
  gboolean           hidden = FALSE;
  g_autoptr (GBytes) whole = g_bytes_new_static (text, strlen (text));
  g_autoptr (GBytes) shown = clean_text (whole, &hidden);
  gsize              size;
  const char        *data = g_bytes_get_data (shown, &size);

  g_assert_cmpmem (data, size, cleaned, strlen (cleaned));
  g_assert_cmpint (hidden, ==, strcmp (text, cleaned) != 0);
}

/* What the relay asks for has its user information elsewhere. */
static void
test_url (void)
{
  static const char *const urls[][2] = {
    { "", "" },
    { "ws://me:pw@host/@a?x=1", "ws://me:pw@host/@a?x=1" },
    { "ws://host/token=1?key", "ws://host/token=1?key" },
    { "ws://host/?a=1&token=pw", "ws://host/?not-recorded" },
    { "ws://host/?%74oken=pw", "ws://host/?not-recorded" },
    { "ws://host/?token=a pw", "ws://host/?not-recorded" },
    { "ws://host/?a=1 HTTP/&token=pw", "ws://host/?not-recorded" },
    { "ws://host/?a=1\r\n&token=pw", "ws://host/?not-recorded" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++)
    assert_cleaned (duplex_record_target_clean_url, urls[i][0], urls[i][1]);
}

static void
test_dial (void)
{
  static const char *const requests[][2] = {
    { "GET /@a HTTP/1.1\r\n" FIELDS, "GET /@a HTTP/1.1\r\n" FIELDS },
    { "GET /?a=1 HTTP/1.1\r\nX-Any: ?token=1\r\n\r\n",
      "GET /?a=1 HTTP/1.1\r\nX-Any: ?token=1\r\n\r\n" },
    { "GET /a?token=pw&x=1 HTTP/1.1\r\n" FIELDS, "GET /a?not-recorded HTTP/1.1\r\n" FIELDS },
    { "GET /a?x=1&key= HTTP/1.1\r\n" FIELDS, "GET /a?not-recorded HTTP/1.1\r\n" FIELDS },
    { "GET /a?token=pw", "GET /a?not-recorded" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    assert_cleaned (duplex_record_target_clean_dial, requests[i][0], requests[i][1]);
}

/* Of what is no head only what cannot be anything else is shown. */
static void
test_wreck (void)
{
  static const struct
  {
    const char *request;
    const char *cleaned;
  } cases[] = {
    { "GET " A "?x=pw\r\n\r\n", "GET " A " not-recorded\r\n\r\n" },
    { "GET " A " HTTP/1.1\r\nAuthorization Bearer pw\r\n\r\n",
      "GET " A " not-recorded\r\n\r\n" },
    { "GET /a\rAuthorization:pw HTTP/1.1\r\n\r\n", "GET /a not-recorded\r\n\r\n" },
    { "GET /pw@host HTTP/1.1\r\n :\r\n\r\n", " not-recorded\r\n\r\n" },
    { "Authorization: Bearer pw\r\n\r\n", " not-recorded\r\n\r\n" },
    { "Cookie: /pw\r\n\r\n", " not-recorded\r\n\r\n" },
    { "PW /\r\n\r\n", "PW / not-recorded\r\n\r\n" },
    { "GET", " not-recorded\r\n\r\n" },
    { "GET ", " not-recorded\r\n\r\n" },
    { "", " not-recorded\r\n\r\n" },
    { "\r\n\r\n", " not-recorded\r\n\r\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gboolean         hidden = FALSE;
      g_autofree char *cleaned =
        clean (cases[i].request, strlen (cases[i].request), &hidden);

      g_assert_cmpstr (cleaned, ==, cases[i].cleaned);
      g_assert_true (hidden);
    }
}

/* However a backend is written: what the relay reads as one is not recorded with its password. Each
 * byte of it is escaped, or doubly, or not, and the query is cut or broken at any place. */
static void
test_any_dress (void)
{
  static const char url[] = "ws://me:geheim@host/";
  GRand            *rand = g_rand_new_with_seed (20);

  for (guint round = 0; round < 4000; round++)
    {
      g_autoptr (GString) target = g_string_new (A "?x=1&backend=");
      gsize               begin = target->len;
      gboolean            hidden;
      g_autofree char    *cleaned = NULL;

      for (gsize i = 0; url[i] != '\0'; i++)
        {
          /* The password stands as it is, so that it is found where it is shown. */
          guint kind = g_ascii_isalpha (url[i]) ? 7 : (guint)g_rand_int (rand) % 8;

          if (kind == 0)
            g_string_append_printf (target, "%%25%02X", url[i]);
          else if (kind < 4)
            g_string_append_printf (target, "%%%02x", url[i]);
          else
            g_string_append_c (target, url[i]);
        }
      if (round % 4 == 0)
        target->str[begin + (gsize)g_rand_int_range (rand, 0, 8)] = "%&=?#/@+"[round / 4 % 8];
      cleaned = clean_target (target->str, &hidden);
      g_assert_null (strstr (cleaned, "geheim"));
    }
  g_rand_free (rand);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/record-target/kept", test_kept);
  g_test_add_func ("/relay/record-target/hidden", test_hidden);
  g_test_add_func ("/relay/record-target/url", test_url);
  g_test_add_func ("/relay/record-target/dial", test_dial);
  g_test_add_func ("/relay/record-target/wreck", test_wreck);
  g_test_add_func ("/relay/record-target/any-dress", test_any_dress);
  return g_test_run ();
}
