/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-handshake.h"

#include <string.h>

#include "core/proto/duplex-error.h"

/* §1.3 */
#define RFC_KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define RFC_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static const DuplexRequest plain_request = {
  .host = "server.example.com", .target = "/chat", .key = RFC_KEY
};

static void
assert_text (GBytes     *bytes,
             const char *expected)
{
  gsize       len;
  const char *data = g_bytes_get_data (bytes, &len);

  g_assert_cmpmem (data, len, expected, strlen (expected));
}

static void
test_accept_key (void)
{
  g_autofree char *accept = duplex_handshake_accept_key (RFC_KEY);

  g_assert_cmpstr (accept, ==, RFC_ACCEPT);
}

/* 16 bytes in base64, and not the same ones twice. */
static void
test_new_key (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int i = 0; i < 100; i++)
    {
      char *key = duplex_handshake_new_key ();
      gsize len;

      g_assert_cmpuint (strlen (key), ==, 24);
      g_assert_true (g_hash_table_add (seen, g_strdup (key)));
      g_base64_decode_inplace (key, &len);
      g_assert_cmpuint (len, ==, 16);
      g_free (key);
    }
}

static void
test_build_plain (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = duplex_handshake_build_request (&plain_request, &error);

  g_assert_no_error (error);
  assert_text (bytes, "GET /chat HTTP/1.1\r\n"
                      "Host: server.example.com\r\n"
                      "Upgrade: websocket\r\n"
                      "Connection: Upgrade\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      "Sec-WebSocket-Version: 13\r\n"
                      "\r\n");
}

static void
test_build_full (void)
{
  const char *const         subprotocols[] = { "chat", "superchat", NULL };
  const DuplexHeader        headers[] = { { (char *)"Cookie", (char *)"a=b; c=d" },
                                          { (char *)"X-Empty", (char *)"" },
                                          { (char *)"X-Umlaut", (char *)"ä" } };
  const DuplexDeflateParams deflate = { .client_max_window_bits = DUPLEX_WINDOW_BITS_NO_VALUE };
  const DuplexRequest       request = {
          .host = "[::1]:8080",
          .target = "/?q=%20",
          .key = RFC_KEY,
          .origin = "http://example.com",
          .subprotocols = subprotocols,
          .deflate = &deflate,
          .headers = headers,
          .n_headers = G_N_ELEMENTS (headers),
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = duplex_handshake_build_request (&request, &error);

  g_assert_no_error (error);
  assert_text (bytes, "GET /?q=%20 HTTP/1.1\r\n"
                      "Host: [::1]:8080\r\n"
                      "Upgrade: websocket\r\n"
                      "Connection: Upgrade\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      "Sec-WebSocket-Version: 13\r\n"
                      "Origin: http://example.com\r\n"
                      "Sec-WebSocket-Protocol: chat, superchat\r\n"
                      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                      "Cookie: a=b; c=d\r\n"
                      "X-Empty: \r\n"
                      "X-Umlaut: ä\r\n"
                      "\r\n");
}

/* What we send, we would accept. */
static void
test_build_is_accepted (void)
{
  g_autoptr (GBytes)     bytes = duplex_handshake_build_request (&plain_request, NULL);
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = NULL;
  gsize                  len;
  const guint8          *data = g_bytes_get_data (bytes, &len);

  g_assert_cmpuint (duplex_head_find_end (data, len, &error), ==, len);
  head = duplex_head_parse_request (data, len, &error);
  g_assert_no_error (error);
  g_assert_true (duplex_handshake_check_request (head, NULL, &error));
  g_assert_no_error (error);
}

/* No list of subprotocols, no header. */
static void
test_build_empty_subprotocols (void)
{
  const char *const  none[] = { NULL };
  DuplexRequest      request = plain_request;
  g_autoptr (GBytes) with = NULL;
  g_autoptr (GBytes) without = duplex_handshake_build_request (&plain_request, NULL);

  request.subprotocols = none;
  with = duplex_handshake_build_request (&request, NULL);
  g_assert_true (g_bytes_equal (with, without));
}

static void
assert_refused (const DuplexRequest *request,
                const char          *shown)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = duplex_handshake_build_request (request, &error);

  g_assert_null (bytes);
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, shown));
}

/* Nothing that a user types can end a line and begin a header of its own. */
static void
test_build_refuses_parts (void)
{
  static const DuplexDeflateParams few_bits = { .server_max_window_bits = 7 };
  static const DuplexDeflateParams many_bits = { .client_max_window_bits = 16 };
  static const struct
  {
    DuplexRequest request;
    const char   *shown;
  } cases[] = {
    { { .host = "", .target = "/", .key = RFC_KEY }, "\"\"" },
    { { .host = "a b", .target = "/", .key = RFC_KEY }, "a b" },
    { { .host = "a\r\nX: y", .target = "/", .key = RFC_KEY }, "a\\r\\nX: y" },
    { { .host = "ä.example", .target = "/", .key = RFC_KEY }, ".example" },
    { { .host = "a", .target = "", .key = RFC_KEY }, "\"\"" },
    { { .host = "a", .target = "chat", .key = RFC_KEY }, "chat" },
    { { .host = "a", .target = "/a b", .key = RFC_KEY }, "/a b" },
    { { .host = "a", .target = "/\r\nX: y", .key = RFC_KEY }, "/\\r\\nX: y" },
    { { .host = "a", .target = "/\n", .key = RFC_KEY }, "/\\n" },
    { { .host = "a", .target = "/#top", .key = RFC_KEY }, "/#top" },
    { { .host = "a", .target = "/", .key = "" }, "\"\"" },
    { { .host = "a", .target = "/", .key = "c2hvcnQ=" }, "c2hvcnQ=" },
    { { .host = "a", .target = "/", .key = "dGhlIHNhbXBsZSBub25jZQ\r\n" }, "\\r\\n" },
    { { .host = "a", .target = "/", .key = RFC_KEY, .origin = "" }, "\"\"" },
    { { .host = "a", .target = "/", .key = RFC_KEY, .origin = "http://a\r\nX: y" }, "\\r\\nX: y" },
    { { .host = "a", .target = "/", .key = RFC_KEY, .deflate = &few_bits }, "not 7 for the" },
    { { .host = "a", .target = "/", .key = RFC_KEY, .deflate = &many_bits }, "and 16 for the" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (&cases[i].request, cases[i].shown);
}

static void
test_build_refuses_subprotocols (void)
{
  static const struct
  {
    const char *const list[4];
    const char       *shown;
  } cases[] = {
    { { "", NULL }, "\"\"" },
    { { "a b", NULL }, "a b" },
    { { "chat", "a,b", NULL }, "a,b" },
    { { "a\r\nX: y", NULL }, "a\\r\\nX: y" },
    { { "chat/1", NULL }, "chat/1" },
    { { "chat", "other", "chat", NULL }, "chat" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexRequest request = plain_request;

      request.subprotocols = cases[i].list;
      assert_refused (&request, cases[i].shown);
    }
}

static void
test_build_refuses_headers (void)
{
  static const struct
  {
    DuplexHeader header;
    const char  *origin;
    const char  *shown;
  } cases[] = {
    { { (char *)"", (char *)"a" }, NULL, "\"\"" },
    { { (char *)"X Y", (char *)"a" }, NULL, "X Y" },
    { { (char *)"X:", (char *)"a" }, NULL, "X:" },
    { { (char *)"X\r\nY", (char *)"a" }, NULL, "X\\r\\nY" },
    { { (char *)"X", (char *)"a\r\nY: b" }, NULL, "a\\r\\nY: b" },
    { { (char *)"X", (char *)"a\n b" }, NULL, "a\\n b" },
    { { (char *)"X", (char *)"\x7f" }, NULL, "\\177" },
    { { (char *)"host", (char *)"a" }, NULL, "host" },
    { { (char *)"Sec-WebSocket-Key", (char *)"a" }, NULL, "Sec-WebSocket-Key" },
    { { (char *)"origin", (char *)"http://b" }, "http://a", "http://b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexRequest request = plain_request;

      request.headers = &cases[i].header;
      request.n_headers = 1;
      request.origin = cases[i].origin;
      assert_refused (&request, cases[i].shown);
    }
}

/* Without an origin of the profile's, the user may write one. */
static void
test_build_own_origin (void)
{
  const DuplexHeader header = { (char *)"Origin", (char *)"http://b" };
  DuplexRequest      request = plain_request;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  request.headers = &header;
  request.n_headers = 1;
  bytes = duplex_handshake_build_request (&request, &error);
  g_assert_no_error (error);
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                                  "\r\nOrigin: http://b\r\n"));
}

static void
test_header_is_valid (void)
{
  g_assert_true (duplex_header_is_valid ("X-A", "b"));
  g_assert_true (duplex_header_is_valid ("!#$%&'*+-.^_`|~", ""));
  g_assert_true (duplex_header_is_valid ("A", "tab\tand ä and \xff"));
  g_assert_false (duplex_header_is_valid ("", "b"));
  g_assert_false (duplex_header_is_valid ("A B", "b"));
  g_assert_false (duplex_header_is_valid ("Ä", "b"));
  g_assert_false (duplex_header_is_valid ("A(", "b"));
  g_assert_false (duplex_header_is_valid ("A", "b\r"));
  g_assert_false (duplex_header_is_valid ("A", "\nb"));
  g_assert_false (duplex_header_is_valid ("A", "\x01"));
}

static void
test_header_is_reserved (void)
{
  static const char *const reserved[] = {
    "Host", "HOST", "upgrade", "Connection", "Sec-WebSocket-Key", "sec-websocket-anything",
    "Sec-WebSocket-"
  };
  static const char *const own[] = {
    "Hosts", "X-Host", "Origin", "Cookie", "Authorization", "Sec-WebSocket", "Sec-Fetch-Mode", ""
  };

  for (gsize i = 0; i < G_N_ELEMENTS (reserved); i++)
    g_assert_true (duplex_header_is_reserved (reserved[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    g_assert_false (duplex_header_is_reserved (own[i]));
}

static void
test_token (void)
{
  g_assert_true (duplex_token_is_valid ("chat"));
  g_assert_true (duplex_token_is_valid ("v1.json~x"));
  g_assert_false (duplex_token_is_valid (""));
  g_assert_false (duplex_token_is_valid (" chat"));
  g_assert_false (duplex_token_is_valid ("a\tb"));
  g_assert_false (duplex_token_is_valid ("a;b"));
  g_assert_false (duplex_token_is_valid ("\xc3\xa4"));
}

/* A request with these lines; a line that is not given stands as §4.2.1 wants it. */
typedef struct
{
  const char *name;
  const char *first;
  const char *host;
  const char *upgrade;
  const char *connection;
  const char *version;
  const char *key;
  guint       status; /* 0: accepted */
} Request;

#define GET_LINE   "GET /chat HTTP/1.1\r\n"
#define HOST       "Host: a\r\n"
#define UPGRADE    "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"
#define KEY        "Sec-WebSocket-Key: " RFC_KEY "\r\n"

static const Request requests[] = {
  { "rfc", GET_LINE, HOST, UPGRADE, CONNECTION, VERSION, KEY, 0 },
  { "higher-minor", "GET / HTTP/1.2\r\n", HOST, UPGRADE, CONNECTION, VERSION, KEY, 0 },
  { "any-case",
    GET_LINE,
    HOST,
    "UPGRADE: WebSocket\r\n",
    "connection: UPGRADE\r\n",
    VERSION,
    KEY,
    0 },
  { "lists",
    GET_LINE,
    HOST,
    "Upgrade: h2c, websocket\r\n",
    "Connection: keep-alive, Upgrade\r\n",
    VERSION,
    KEY,
    0 },
  { "empty-host", GET_LINE, "Host:\r\n", UPGRADE, CONNECTION, VERSION, KEY, 0 },

  { "method/post", "POST / HTTP/1.1\r\n", HOST, UPGRADE, CONNECTION, VERSION, KEY, 405 },
  { "method/lower-case", "get / HTTP/1.1\r\n", HOST, UPGRADE, CONNECTION, VERSION, KEY, 405 },
  { "http-1.0", "GET / HTTP/1.0\r\n", HOST, UPGRADE, CONNECTION, VERSION, KEY, 400 },
  { "host/missing", GET_LINE, "", UPGRADE, CONNECTION, VERSION, KEY, 400 },
  { "host/twice", GET_LINE, HOST HOST, UPGRADE, CONNECTION, VERSION, KEY, 400 },
  { "upgrade/missing", GET_LINE, HOST, "", CONNECTION, VERSION, KEY, 426 },
  { "upgrade/other", GET_LINE, HOST, "Upgrade: h2c\r\n", CONNECTION, VERSION, KEY, 426 },
  { "connection/missing", GET_LINE, HOST, UPGRADE, "", VERSION, KEY, 400 },
  { "connection/other", GET_LINE, HOST, UPGRADE, "Connection: close\r\n", VERSION, KEY, 400 },
  { "version/missing", GET_LINE, HOST, UPGRADE, CONNECTION, "", KEY, 426 },
  { "version/8", GET_LINE, HOST, UPGRADE, CONNECTION, "Sec-WebSocket-Version: 8\r\n", KEY, 426 },
  { "version/list",
    GET_LINE,
    HOST,
    UPGRADE,
    CONNECTION,
    "Sec-WebSocket-Version: 13, 8\r\n",
    KEY,
    426 },
  { "version/twice", GET_LINE, HOST, UPGRADE, CONNECTION, VERSION VERSION, KEY, 400 },
  { "key/missing", GET_LINE, HOST, UPGRADE, CONNECTION, VERSION, "", 400 },
  { "key/empty", GET_LINE, HOST, UPGRADE, CONNECTION, VERSION, "Sec-WebSocket-Key:\r\n", 400 },
  { "key/twice", GET_LINE, HOST, UPGRADE, CONNECTION, VERSION, KEY KEY, 400 },
  { "key/15-bytes",
    GET_LINE,
    HOST,
    UPGRADE,
    CONNECTION,
    VERSION,
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n",
    400 },
  { "key/17-bytes",
    GET_LINE,
    HOST,
    UPGRADE,
    CONNECTION,
    VERSION,
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU=\r\n",
    400 },
  { "key/not-base64",
    GET_LINE,
    HOST,
    UPGRADE,
    CONNECTION,
    VERSION,
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-_==\r\n",
    400 },
};

static void
test_request (gconstpointer data)
{
  const Request         *r = data;
  g_autofree char       *text = NULL;
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = NULL;
  guint                  status = 0;

  text = g_strconcat (r->first, r->host, r->upgrade, r->connection, r->version, r->key, "\r\n",
                      NULL);
  head = duplex_head_parse_request ((const guint8 *)text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_cmpint (duplex_handshake_check_request (head, &status, &error), ==, r->status == 0);
  g_assert_cmpuint (status, ==, r->status);
  if (r->status == 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID);
}

/* What the relay takes: a key of fewer bytes, too. */
static void
test_upgrade (void)
{
  static const struct
  {
    const char *key;
    guint       status;
  } keys[] = {
    { KEY, 0 },
    { "Sec-WebSocket-Key: dGVzdA==\r\n", 0 },
    { "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0O\r\n", 0 },
    { "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODxA=\r\n", 400 },
    { "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw\r\n", 400 },
    { "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0O!w==\r\n", 400 },
    { "Sec-WebSocket-Key: dGVzd===\r\n", 400 },
    { "Sec-WebSocket-Key: dGVz=A==\r\n", 400 },
    { "Sec-WebSocket-Key: ====\r\n", 400 },
    { "Sec-WebSocket-Key: short\r\n", 400 },
    { "Sec-WebSocket-Key:\r\n", 400 },
    { "", 400 },
    { KEY KEY, 400 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char       *text = NULL;
      g_autoptr (DuplexHead) head = NULL;
      guint                  status = 0;

      text =
        g_strconcat (GET_LINE HOST UPGRADE CONNECTION VERSION, keys[i].key, "\r\n", NULL);
      head = duplex_head_parse_request ((const guint8 *)text, strlen (text), NULL);
      g_assert_cmpint (duplex_handshake_check_upgrade (head, &status, NULL), ==,
                       keys[i].status == 0);
      g_assert_cmpuint (status, ==, keys[i].status);
    }
}

static void
test_response (void)
{
  static const char text[] = GET_LINE HOST UPGRADE CONNECTION VERSION KEY "\r\n";
  g_autoptr (DuplexHead)                                              head = NULL;
  g_autoptr (GBytes)                                                  plain = NULL;
  g_autoptr (GBytes)                                                  chosen = NULL;
  g_autoptr (GBytes)                                                  extended = NULL;

  head = duplex_head_parse_request ((const guint8 *)text, strlen (text), NULL);
  plain = duplex_handshake_build_response (head, NULL, NULL);
  assert_text (plain, "HTTP/1.1 101 Switching Protocols\r\n"
                      "Upgrade: websocket\r\n"
                      "Connection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: " RFC_ACCEPT "\r\n"
                      "\r\n");
  chosen = duplex_handshake_build_response (head, "chat", NULL);
  assert_text (chosen, "HTTP/1.1 101 Switching Protocols\r\n"
                       "Upgrade: websocket\r\n"
                       "Connection: Upgrade\r\n"
                       "Sec-WebSocket-Accept: " RFC_ACCEPT "\r\n"
                       "Sec-WebSocket-Protocol: chat\r\n"
                       "\r\n");
  extended = duplex_handshake_build_response (head, NULL, "permessage-deflate");
  assert_text (extended, "HTTP/1.1 101 Switching Protocols\r\n"
                         "Upgrade: websocket\r\n"
                         "Connection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: " RFC_ACCEPT "\r\n"
                         "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                         "\r\n");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/handshake/accept-key", test_accept_key);
  g_test_add_func ("/core/handshake/new-key", test_new_key);
  g_test_add_func ("/core/handshake/build/plain", test_build_plain);
  g_test_add_func ("/core/handshake/build/full", test_build_full);
  g_test_add_func ("/core/handshake/build/is-accepted", test_build_is_accepted);
  g_test_add_func ("/core/handshake/build/empty-subprotocols", test_build_empty_subprotocols);
  g_test_add_func ("/core/handshake/build/own-origin", test_build_own_origin);
  g_test_add_func ("/core/handshake/build/refuses-parts", test_build_refuses_parts);
  g_test_add_func ("/core/handshake/build/refuses-subprotocols", test_build_refuses_subprotocols);
  g_test_add_func ("/core/handshake/build/refuses-headers", test_build_refuses_headers);
  g_test_add_func ("/core/handshake/header-is-valid", test_header_is_valid);
  g_test_add_func ("/core/handshake/header-is-reserved", test_header_is_reserved);
  g_test_add_func ("/core/handshake/token", test_token);
  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autofree char *path = g_strconcat ("/core/handshake/request/", requests[i].name, NULL);

      g_test_add_data_func (path, &requests[i], test_request);
    }
  g_test_add_func ("/core/handshake/upgrade", test_upgrade);
  g_test_add_func ("/core/handshake/response", test_response);

  return g_test_run ();
}
