/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-handshake.h"

#include <string.h>

/* §1.3 */
#define RFC_KEY     "dGhlIHNhbXBsZSBub25jZQ=="
#define RFC_ACCEPT  "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define STATUS_LINE "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE     "Upgrade: websocket\r\n"
#define CONNECTION  "Connection: Upgrade\r\n"
#define ACCEPT      "Sec-WebSocket-Accept: " RFC_ACCEPT "\r\n"
#define GOOD        STATUS_LINE UPGRADE CONNECTION ACCEPT

/* The response lacks its empty line; what the client offered stands before it. Each expected
 * finding is "name@field", where field is the one, from 0, that the offset points at, or "name". */
typedef struct
{
  const char       *name;
  const char *const offered[3];
  const char       *extensions;
  const char       *response;
  const char       *findings;
  const char       *subprotocol;
  gboolean          accepted;
} Case;

static const Case cases[] = {
  { "plain", { NULL }, NULL, GOOD, "", NULL, TRUE },
  { "rfc",
    { "chat", "superchat" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: chat\r\n",
    "",
    "chat",
    TRUE },
  { "other-fields",
    { NULL },
    NULL,
    STATUS_LINE "Server: x\r\n" UPGRADE "Date: y\r\n" CONNECTION ACCEPT,
    "",
    NULL,
    TRUE },

  { "version/1.0",
    { NULL },
    NULL,
    "HTTP/1.0 101 X\r\n" UPGRADE CONNECTION ACCEPT,
    "handshake-version",
    NULL,
    FALSE },
  { "version/1.2",
    { NULL },
    NULL,
    "HTTP/1.2 101 X\r\n" UPGRADE CONNECTION ACCEPT,
    "",
    NULL,
    TRUE },

  { "upgrade/any-case",
    { NULL },
    NULL,
    STATUS_LINE "upgrade: WebSocket\r\n" CONNECTION ACCEPT,
    "",
    NULL,
    TRUE },
  { "upgrade/missing",
    { NULL },
    NULL,
    STATUS_LINE CONNECTION ACCEPT,
    "upgrade-missing",
    NULL,
    FALSE },
  { "upgrade/other",
    { NULL },
    NULL,
    STATUS_LINE CONNECTION "Upgrade: h2c\r\n" ACCEPT,
    "upgrade-missing@1",
    NULL,
    FALSE },
  { "upgrade/empty",
    { NULL },
    NULL,
    STATUS_LINE "Upgrade:\r\n" CONNECTION ACCEPT,
    "upgrade-missing@0",
    NULL,
    FALSE },
  { "upgrade/list",
    { NULL },
    NULL,
    STATUS_LINE "Upgrade: websocket, h2c\r\n" CONNECTION ACCEPT,
    "upgrade-missing@0",
    NULL,
    FALSE },
  { "upgrade/second-is-other",
    { NULL },
    NULL,
    GOOD "Upgrade: h2c\r\n",
    "upgrade-missing@3",
    NULL,
    FALSE },

  { "connection/list",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE "Connection: keep-alive, upgrade\r\n" ACCEPT,
    "",
    NULL,
    TRUE },
  { "connection/second-field",
    { NULL },
    NULL,
    STATUS_LINE "Connection: a\r\n" UPGRADE CONNECTION ACCEPT,
    "",
    NULL,
    TRUE },
  { "connection/missing",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE ACCEPT,
    "connection-missing",
    NULL,
    FALSE },
  { "connection/other",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE "Connection: close\r\n" ACCEPT,
    "connection-missing@1",
    NULL,
    FALSE },

  { "accept/white-space",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: \t " RFC_ACCEPT " \t\r\n",
    "",
    NULL,
    TRUE },
  { "accept/missing",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION,
    "accept-wrong",
    NULL,
    FALSE },
  { "accept/empty",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION "Sec-WebSocket-Accept:\r\n",
    "accept-wrong@2",
    NULL,
    FALSE },
  { "accept/other-case",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n",
    "accept-wrong@2",
    NULL,
    FALSE },
  { "accept/the-key-itself",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: " RFC_KEY "\r\n",
    "accept-wrong@2",
    NULL,
    FALSE },
  { "accept/same-twice", { NULL }, NULL, GOOD ACCEPT, "header-repeated@3", NULL, TRUE },
  { "accept/second-is-wrong",
    { NULL },
    NULL,
    GOOD "Sec-WebSocket-Accept: x\r\n",
    "accept-wrong@3 header-repeated@3",
    NULL,
    FALSE },

  { "extension/offered",
    { NULL },
    "permessage-deflate; client_max_window_bits",
    GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n",
    "",
    NULL,
    TRUE },
  { "extension/parameters",
    { NULL },
    "a, permessage-deflate",
    GOOD "Sec-WebSocket-Extensions: permessage-deflate ; server_max_window_bits=\"10\"\r\n",
    "",
    NULL,
    TRUE },
  { "extension/quoted-comma",
    { NULL },
    "a",
    GOOD "Sec-WebSocket-Extensions: a; p=\"b, c\"\r\n",
    "",
    NULL,
    TRUE },
  { "extension/none-offered",
    { NULL },
    NULL,
    GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n",
    "extension-not-offered@3",
    NULL,
    FALSE },
  { "extension/other",
    { NULL },
    "a, bb",
    GOOD "Sec-WebSocket-Extensions: a, b\r\n",
    "extension-not-offered@3",
    NULL,
    FALSE },
  { "extension/empty", { NULL }, NULL, GOOD "Sec-WebSocket-Extensions:\r\n", "", NULL, TRUE },
  { "extension/two-headers",
    { NULL },
    "a, b",
    GOOD "Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\n",
    "header-repeated@4",
    NULL,
    TRUE },

  { "subprotocol/none-chosen", { "chat" }, NULL, GOOD, "subprotocol-not-chosen", NULL, TRUE },
  { "subprotocol/second",
    { "a", "chat" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: chat\r\n",
    "",
    "chat",
    TRUE },
  { "subprotocol/other-case",
    { "chat" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: Chat\r\n",
    "subprotocol-not-offered@3",
    NULL,
    FALSE },
  { "subprotocol/none-offered",
    { NULL },
    NULL,
    GOOD "Sec-WebSocket-Protocol: chat\r\n",
    "subprotocol-not-offered@3",
    NULL,
    FALSE },
  { "subprotocol/empty",
    { "chat" },
    NULL,
    GOOD "Sec-WebSocket-Protocol:\r\n",
    "subprotocol-not-offered@3",
    NULL,
    FALSE },
  { "subprotocol/list",
    { "a", "b" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: a, b\r\n",
    "subprotocol-not-offered@3",
    NULL,
    FALSE },
  { "subprotocol/twice",
    { "a", "b" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Protocol: a\r\n",
    "header-repeated@4",
    "b",
    TRUE },

  { "everything-missing",
    { "chat" },
    NULL,
    "HTTP/1.0 101 X\r\n",
    "handshake-version upgrade-missing connection-missing accept-wrong subprotocol-not-chosen",
    NULL,
    FALSE },
};

/* The field, from 0, whose name begins at offset. */
static guint
field_at (DuplexHead *head,
          guint64     offset)
{
  for (guint i = 0; i < duplex_head_get_n_fields (head); i++)
    {
      if (duplex_head_get_field_offset (head, i) == offset)
        return i;
    }

  g_assert_not_reached ();
}

static char *
describe (DuplexHead *head,
          GArray     *findings,
          guint       from)
{
  GString *text = g_string_new (NULL);

  for (guint i = from; i < findings->len; i++)
    {
      DuplexFinding finding = g_array_index (findings, DuplexFinding, i);

      g_string_append_printf (text, "%s%s", i > from ? " " : "",
                              duplex_finding_get_name (finding.id));
      if (finding.offset > 0)
        g_string_append_printf (text, "@%u", field_at (head, finding.offset));
    }

  return g_string_free (text, FALSE);
}

/* An error that stood there before must not make a good response bad. */
static void
test_case (gconstpointer data)
{
  const Case         *c = data;
  const DuplexRequest request = {
    .key = RFC_KEY, .subprotocols = c->offered, .extensions = c->extensions
  };
  const DuplexFinding    earlier = { DUPLEX_FINDING_ACCEPT_WRONG, 0 };
  g_autofree char       *text = g_strconcat (c->response, "\r\n", NULL);
  g_autofree char       *findings_text = NULL;
  g_autofree char       *subprotocol = NULL;
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = NULL;

  head = duplex_head_parse_response ((const guint8 *)text, strlen (text), &error);
  g_assert_no_error (error);
  g_array_append_val (findings, earlier);
  g_assert_cmpint (duplex_handshake_check_response (head, &request, findings, &subprotocol), ==,
                   c->accepted);
  findings_text = describe (head, findings, 1);
  g_assert_cmpstr (findings_text, ==, c->findings);
  g_assert_cmpstr (subprotocol, ==, c->subprotocol);
}

/* NULL for what was not offered, and for the subprotocol that nobody asks for. */
static void
test_nothing_offered (void)
{
  static const char      text[] = GOOD "\r\n";
  const DuplexRequest    request = { .key = RFC_KEY };
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autoptr (DuplexHead) head = NULL;

  head = duplex_head_parse_response ((const guint8 *)text, strlen (text), NULL);
  g_assert_true (duplex_handshake_check_response (head, &request, findings, NULL));
  g_assert_cmpuint (findings->len, ==, 0);
}

/* Our own server's answer to our own request, with a new key each time. */
static void
test_own_response (void)
{
  static const char *const offered[] = { "a", "b", NULL };

  for (int i = 0; i < 50; i++)
    {
      g_autofree char    *key = duplex_handshake_new_key ();
      const DuplexRequest request = {
        .host = "localhost", .target = "/", .key = key, .subprotocols = offered
      };
      g_autoptr (GBytes)     sent = duplex_handshake_build_request (&request, NULL);
      g_autoptr (DuplexHead) request_head = NULL;
      g_autoptr (DuplexHead) response_head = NULL;
      g_autoptr (GBytes)     answer = NULL;
      g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
      g_autofree char       *subprotocol = NULL;

      request_head = duplex_head_parse_request (g_bytes_get_data (sent, NULL),
                                                g_bytes_get_size (sent), NULL);
      answer = duplex_handshake_build_response (request_head, "b");
      response_head = duplex_head_parse_response (g_bytes_get_data (answer, NULL),
                                                  g_bytes_get_size (answer), NULL);
      g_assert_true (duplex_handshake_check_response (response_head, &request, findings,
                                                      &subprotocol));
      g_assert_cmpuint (findings->len, ==, 0);
      g_assert_cmpstr (subprotocol, ==, "b");
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/core/handshake-check/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/core/handshake-check/nothing-offered", test_nothing_offered);
  g_test_add_func ("/core/handshake-check/own-response", test_own_response);

  return g_test_run ();
}
