/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-url.h"

typedef struct
{
  const char *url;
  gboolean    tls;
  const char *host;
  guint16     port;
  const char *host_field;
  const char *target;
  const char *credentials;
  const char *text; /* NULL: as url */
} Good;

static const Good goods[] = {
  { "ws://example.org", FALSE, "example.org", 80, "example.org", "/", NULL, "ws://example.org/" },
  { "wss://example.org/", TRUE, "example.org", 443, "example.org", "/", NULL, NULL },
  { "  WS://example.org/chat?x=1&y=%20 ", FALSE, "example.org", 80, "example.org",
    "/chat?x=1&y=%20", NULL, "ws://example.org/chat?x=1&y=%20" },
  { "ws://example.org:8080?q", FALSE, "example.org", 8080, "example.org:8080", "/?q", NULL,
    "ws://example.org:8080/?q" },
  { "ws://example.org:80/", FALSE, "example.org", 80, "example.org", "/", NULL,
    "ws://example.org/" },
  { "wss://example.org:80/", TRUE, "example.org", 80, "example.org:80", "/", NULL, NULL },
  { "ws://[::1]:9000/a", FALSE, "::1", 9000, "[::1]:9000", "/a", NULL, NULL },
  { "ws://127.0.0.1:1/%2Fa%23b", FALSE, "127.0.0.1", 1, "127.0.0.1:1", "/%2Fa%23b", NULL, NULL },
  { "ws://user:pa%3Ass@h/", FALSE, "h", 80, "h", "/", "user:pa:ss", "ws://h/" },
  { "ws://m\xc3\xbcller.example/", FALSE, "xn--mller-kva.example", 80, "xn--mller-kva.example", "/",
    NULL, "ws://xn--mller-kva.example/" },
  { "wss://[fe80::1%25eth0]:9/", TRUE, "fe80::1%eth0", 9, "[fe80::1]:9", "/", NULL, NULL },
  { "ws://user@h/", FALSE, "h", 80, "h", "/", "user:", "ws://h/" },
};

static void
test_good (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (goods); i++)
    {
      const Good           *good = &goods[i];
      g_autoptr (GError)    error = NULL;
      g_autoptr (DuplexUrl) url = duplex_url_parse (good->url, &error);

      g_assert_no_error (error);
      g_assert_true (url->tls == good->tls);
      g_assert_cmpstr (url->host, ==, good->host);
      g_assert_cmpuint (url->port, ==, good->port);
      g_assert_cmpstr (url->host_field, ==, good->host_field);
      g_assert_cmpstr (url->target, ==, good->target);
      g_assert_cmpstr (url->credentials, ==, good->credentials);
      g_assert_cmpstr (url->text, ==, good->text != NULL ? good->text : good->url);
      g_assert_true (duplex_url_check (good->url, NULL));
    }
}

static void
test_bad (void)
{
  static const char *const bads[] = {
    "",
    "   ",
    "example.org",
    "http://example.org/",
    "https://example.org/",
    "ftp://example.org/",
    "ws:",
    "ws://",
    "ws:///path",
    "ws://h/#",
    "ws://h/#fragment",
    "ws://h:0/",
    "ws://h:65536/",
    "ws://h:x/",
    "ws://[::1/",
    "ws://h/\r\nX: 1",
    "ws://h%0d%0aX: 1/",
    "ws://h%0d%0aX%3a1/",
    "ws://h%20x/",
    "ws://a%2fb/",
    "ws://a%40b/",
    "ws://a%3ab/",
    "ws://[fe80::1%25e%0d%0aX]/",
    "demo:",
    "demo:echo",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bads); i++)
    {
      g_autoptr (GError)    error = NULL;
      g_autoptr (DuplexUrl) url = duplex_url_parse (bads[i], &error);

      if (url != NULL)
        g_test_message ("accepted: %s", bads[i]);
      g_assert_null (url);
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL);
      g_assert_false (duplex_url_check (bads[i], NULL));
    }
}

/* Whatever is accepted fits a request line. */
static void
test_target_fits_a_request_line (void)
{
  static const char *const odd[] = {
    "ws://h/a b", "ws://h/\xc3\xbc", "ws://h/?q=\x01", "ws://h/a\x7f"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autoptr (DuplexUrl) url = duplex_url_parse (odd[i], NULL);

      for (const char *p = url != NULL ? url->target : ""; *p != '\0'; p++)
        g_assert_true (g_ascii_isgraph (*p));
    }
}

static void
test_demo (void)
{
  g_assert_cmpstr (duplex_url_get_demo_path ("demo:/echo"), ==, "/echo");
  g_assert_cmpstr (duplex_url_get_demo_path ("demo:/flood?n=1"), ==, "/flood?n=1");
  g_assert_null (duplex_url_get_demo_path ("demo:echo"));
  g_assert_null (duplex_url_get_demo_path ("ws://demo:/echo"));
  g_assert_true (duplex_url_check ("demo:/echo", NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/url/good", test_good);
  g_test_add_func ("/core/url/bad", test_bad);
  g_test_add_func ("/core/url/target", test_target_fits_a_request_line);
  g_test_add_func ("/core/url/demo", test_demo);
  return g_test_run ();
}
