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
#define EXTENSIONS  "Sec-WebSocket-Extensions: "
#define GOOD        STATUS_LINE UPGRADE CONNECTION ACCEPT

/* The response lacks its empty line; what the client offered stands before it. Each expected
 * finding is "name@field", where field is the one, from 0, that the offset points at, or "name". A
 * '^' in the response is taken out: the extension's finding is there, written "name@^". */
typedef struct
{
  const char       *name;
  const char *const offered[3];
  const char       *deflate; /* the parameters that are offered, or NULL */
  const char       *response;
  const char       *findings;
  const char       *subprotocol;
  gboolean          accepted;
  const char       *agreement;
} Case;

static const Case cases[] = {
  { "plain", { NULL }, NULL, GOOD, "", NULL, TRUE, "" },
  { "rfc",
    { "chat", "superchat" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: chat\r\n",
    "",
    "chat",
    TRUE,
    "" },
  { "other-fields",
    { NULL },
    NULL,
    STATUS_LINE "Server: x\r\n" UPGRADE "Date: y\r\n" CONNECTION ACCEPT,
    "",
    NULL,
    TRUE,
    "" },

  { "version/1.0",
    { NULL },
    NULL,
    "HTTP/1.0 101 X\r\n" UPGRADE CONNECTION ACCEPT,
    "handshake-version",
    NULL,
    FALSE,
    "" },
  { "version/1.2",
    { NULL },
    NULL,
    "HTTP/1.2 101 X\r\n" UPGRADE CONNECTION ACCEPT,
    "",
    NULL,
    TRUE,
    "" },

  { "upgrade/any-case",
    { NULL },
    NULL,
    STATUS_LINE "upgrade: WebSocket\r\n" CONNECTION ACCEPT,
    "",
    NULL,
    TRUE,
    "" },
  { "upgrade/missing",
    { NULL },
    NULL,
    STATUS_LINE CONNECTION ACCEPT,
    "upgrade-missing",
    NULL,
    FALSE,
    "" },
  { "upgrade/other",
    { NULL },
    NULL,
    STATUS_LINE CONNECTION "Upgrade: h2c\r\n" ACCEPT,
    "upgrade-missing@1",
    NULL,
    FALSE,
    "" },
  { "upgrade/empty",
    { NULL },
    NULL,
    STATUS_LINE "Upgrade:\r\n" CONNECTION ACCEPT,
    "upgrade-missing@0",
    NULL,
    FALSE,
    "" },
  { "upgrade/list",
    { NULL },
    NULL,
    STATUS_LINE "Upgrade: websocket, h2c\r\n" CONNECTION ACCEPT,
    "upgrade-missing@0",
    NULL,
    FALSE,
    "" },
  { "upgrade/second-is-other",
    { NULL },
    NULL,
    GOOD "Upgrade: h2c\r\n",
    "upgrade-missing@3",
    NULL,
    FALSE,
    "" },

  { "connection/list",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE "Connection: keep-alive, upgrade\r\n" ACCEPT,
    "",
    NULL,
    TRUE,
    "" },
  { "connection/second-field",
    { NULL },
    NULL,
    STATUS_LINE "Connection: a\r\n" UPGRADE CONNECTION ACCEPT,
    "",
    NULL,
    TRUE,
    "" },
  { "connection/missing",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE ACCEPT,
    "connection-missing",
    NULL,
    FALSE,
    "" },
  { "connection/other",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE "Connection: close\r\n" ACCEPT,
    "connection-missing@1",
    NULL,
    FALSE,
    "" },

  { "accept/white-space",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: \t " RFC_ACCEPT " \t\r\n",
    "",
    NULL,
    TRUE,
    "" },
  { "accept/missing",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION,
    "accept-wrong",
    NULL,
    FALSE,
    "" },
  { "accept/empty",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION "Sec-WebSocket-Accept:\r\n",
    "accept-wrong@2",
    NULL,
    FALSE,
    "" },
  { "accept/other-case",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n",
    "accept-wrong@2",
    NULL,
    FALSE,
    "" },
  { "accept/the-key-itself",
    { NULL },
    NULL,
    STATUS_LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: " RFC_KEY "\r\n",
    "accept-wrong@2",
    NULL,
    FALSE,
    "" },
  { "accept/same-twice", { NULL }, NULL, GOOD ACCEPT, "header-repeated@3", NULL, TRUE, "" },
  { "accept/second-is-wrong",
    { NULL },
    NULL,
    GOOD "Sec-WebSocket-Accept: x\r\n",
    "accept-wrong@3 header-repeated@3",
    NULL,
    FALSE,
    "" },

  { "extension/offered",
    { NULL },
    "client_max_window_bits",
    GOOD EXTENSIONS "permessage-deflate\r\n",
    "",
    NULL,
    TRUE,
    "client 15, server 15" },
  { "extension/not-answered", { NULL }, "", GOOD, "", NULL, TRUE, "" },
  { "extension/not-answered/promised",
    { NULL },
    "client_max_window_bits=9; client_no_context_takeover",
    GOOD,
    "",
    NULL,
    TRUE,
    "" },
  { "extension/parameters",
    { NULL },
    "client_max_window_bits=12; server_no_context_takeover",
    GOOD EXTENSIONS "permessage-deflate ; server_max_window_bits=\"10\" ;"
                    "server_no_context_takeover; client_max_window_bits=11\r\n",
    "",
    NULL,
    TRUE,
    "client 11, server 10 each" },
  { "extension/any-case-of-the-field",
    { NULL },
    "",
    GOOD "sec-websocket-EXTENSIONS:permessage-deflate\r\n",
    "",
    NULL,
    TRUE,
    "client 15, server 15" },
  { "extension/none-offered",
    { NULL },
    NULL,
    GOOD EXTENSIONS " ^permessage-deflate\r\n",
    "extension-not-offered@^",
    NULL,
    FALSE,
    "" },
  { "extension/other",
    { NULL },
    "",
    GOOD EXTENSIONS "permessage-deflate, ^x-webkit-deflate-frame\r\n",
    "extension-not-offered@^",
    NULL,
    FALSE,
    "" },
  { "extension/empty", { NULL }, NULL, GOOD "Sec-WebSocket-Extensions:\r\n", "", NULL, TRUE, "" },
  { "extension/malformed",
    { NULL },
    "",
    GOOD EXTENSIONS "\t^perm essage\r\n",
    "extension-malformed@^",
    NULL,
    FALSE,
    "" },
  { "extension/repeated",
    { NULL },
    "",
    GOOD EXTENSIONS "permessage-deflate, ^permessage-deflate\r\n",
    "extension-repeated@^",
    NULL,
    FALSE,
    "" },
  { "extension/repeated-in-two-headers",
    { NULL },
    "",
    GOOD EXTENSIONS "permessage-deflate\r\nX: y\r\n" EXTENSIONS "^permessage-deflate\r\n",
    "extension-repeated@^ header-repeated@5",
    NULL,
    FALSE,
    "" },
  { "extension/two-headers",
    { NULL },
    "",
    GOOD EXTENSIONS "\r\n" EXTENSIONS "permessage-deflate\r\n",
    "header-repeated@4",
    NULL,
    TRUE,
    "client 15, server 15" },
  { "extension/parameter-unknown",
    { NULL },
    "",
    GOOD EXTENSIONS "permessage-deflate; ^level=9\r\n",
    "deflate-parameter-unknown@^",
    NULL,
    FALSE,
    "" },
  { "extension/parameter-repeated",
    { NULL },
    "",
    GOOD EXTENSIONS "permessage-deflate; server_max_window_bits=9; ^server_max_window_bits=9\r\n",
    "deflate-parameter-repeated@^",
    NULL,
    FALSE,
    "" },
  { "extension/parameter-value",
    { NULL },
    "",
    GOOD EXTENSIONS "permessage-deflate; ^server_max_window_bits=16\r\n",
    "deflate-parameter-value@^",
    NULL,
    FALSE,
    "" },
  { "extension/parameter-missing",
    { NULL },
    "server_no_context_takeover",
    GOOD EXTENSIONS "^permessage-deflate\r\n",
    "deflate-parameter-missing@^",
    NULL,
    FALSE,
    "" },
  { "extension/parameter-not-offered",
    { NULL },
    "",
    GOOD EXTENSIONS "permessage-deflate; ^client_max_window_bits=10\r\n",
    "deflate-parameter-not-offered@^",
    NULL,
    FALSE,
    "" },
  { "extension/window-too-large",
    { NULL },
    "server_max_window_bits=9",
    GOOD EXTENSIONS "permessage-deflate; ^server_max_window_bits=10\r\n",
    "deflate-window-too-large@^",
    NULL,
    FALSE,
    "" },

  { "subprotocol/none-chosen", { "chat" }, NULL, GOOD, "subprotocol-not-chosen", NULL, TRUE, "" },
  { "subprotocol/second",
    { "a", "chat" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: chat\r\n",
    "",
    "chat",
    TRUE,
    "" },
  { "subprotocol/other-case",
    { "chat" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: Chat\r\n",
    "subprotocol-not-offered@3",
    NULL,
    FALSE,
    "" },
  { "subprotocol/none-offered",
    { NULL },
    NULL,
    GOOD "Sec-WebSocket-Protocol: chat\r\n",
    "subprotocol-not-offered@3",
    NULL,
    FALSE,
    "" },
  { "subprotocol/empty",
    { "chat" },
    NULL,
    GOOD "Sec-WebSocket-Protocol:\r\n",
    "subprotocol-not-offered@3",
    NULL,
    FALSE,
    "" },
  { "subprotocol/list",
    { "a", "b" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: a, b\r\n",
    "subprotocol-not-offered@3",
    NULL,
    FALSE,
    "" },
  { "subprotocol/twice",
    { "a", "b" },
    NULL,
    GOOD "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Protocol: a\r\n",
    "header-repeated@4",
    "b",
    TRUE,
    "" },

  { "everything-missing",
    { "chat" },
    NULL,
    "HTTP/1.0 101 X\r\n",
    "handshake-version upgrade-missing connection-missing accept-wrong subprotocol-not-chosen",
    NULL,
    FALSE,
    "" },
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
          guint       from,
          guint64     mark)
{
  GString *text = g_string_new (NULL);

  for (guint i = from; i < findings->len; i++)
    {
      DuplexFinding finding = g_array_index (findings, DuplexFinding, i);

      g_string_append_printf (text, "%s%s", i > from ? " " : "",
                              duplex_finding_get_name (finding.id));
      if (mark > 0 && finding.offset == mark)
        g_string_append (text, "@^");
      else if (finding.offset > 0)
        g_string_append_printf (text, "@%u", field_at (head, finding.offset));
    }

  return g_string_free (text, FALSE);
}

/* "client 15, server 10 each": the windows, and who begins each message with an empty one. */
static char *
describe_agreement (const DuplexDeflateAgreement *agreement)
{
  if (!agreement->agreed)
    return g_strdup ("");

  return g_strdup_printf ("client %u%s, server %u%s", agreement->client.window_bits,
                          agreement->client.no_context_takeover ? " each" : "",
                          agreement->server.window_bits,
                          agreement->server.no_context_takeover ? " each" : "");
}

/* Takes the mark out of text and returns its place, 0 for none. */
static guint64
take_mark (char *text)
{
  char *mark = strchr (text, '^');

  if (mark == NULL)
    return 0;
  memmove (mark, mark + 1, strlen (mark));
  return (guint64)(mark - text);
}

/* An error that stood there before must not make a good response bad. */
static void
test_case (gconstpointer data)
{
  const Case            *c = data;
  DuplexDeflateParams    deflate;
  DuplexRequest          request = { .key = RFC_KEY, .subprotocols = c->offered };
  const DuplexFinding    earlier = { DUPLEX_FINDING_ACCEPT_WRONG, 0 };
  DuplexDeflateAgreement agreement = { .agreed = TRUE };
  g_autofree char       *text = g_strconcat (c->response, "\r\n", NULL);
  guint64                mark = take_mark (text);
  g_autofree char       *findings_text = NULL;
  g_autofree char       *agreement_text = NULL;
  g_autofree char       *subprotocol = NULL;
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = NULL;

  head = duplex_head_parse_response ((const guint8 *)text, strlen (text), &error);
  g_assert_no_error (error);
  if (c->deflate != NULL)
    {
      g_assert_true (duplex_deflate_params_parse (c->deflate, &deflate, NULL));
      request.deflate = &deflate;
    }
  g_array_append_val (findings, earlier);
  g_assert_cmpint (duplex_handshake_check_response (head, &request, findings, &subprotocol,
                                                    &agreement),
                   ==, c->accepted);
  findings_text = describe (head, findings, 1, mark);
  g_assert_cmpstr (findings_text, ==, c->findings);
  g_assert_cmpstr (subprotocol, ==, c->subprotocol);
  agreement_text = describe_agreement (&agreement);
  g_assert_cmpstr (agreement_text, ==, c->agreement);
}

/* A head full of wrong parameters gives the first of them. */
static void
test_many_findings (void)
{
  const DuplexDeflateParams deflate = { 0 };
  const DuplexRequest       request = { .key = RFC_KEY, .deflate = &deflate };
  g_autoptr (GArray)        findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autoptr (GString)       text = g_string_new (GOOD EXTENSIONS "permessage-deflate");
  g_autoptr (DuplexHead)    head = NULL;
  gsize                     first = text->len + 1;

  for (guint i = 0; i < 10000; i++)
    g_string_append (text, ";x");
  g_string_append (text, "\r\n\r\n");
  head = duplex_head_parse_response ((const guint8 *)text->str, text->len, NULL);
  g_assert_false (duplex_handshake_check_response (head, &request, findings, NULL, NULL));
  g_assert_cmpuint (findings->len, <, 100);
  g_assert_cmpuint (g_array_index (findings, DuplexFinding, 0).offset, ==, first);
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
  g_assert_true (duplex_handshake_check_response (head, &request, findings, NULL, NULL));
  g_assert_cmpuint (findings->len, ==, 0);
}

/* Our own server's answer to our own request, with a new key each time. */
static void
test_own_response (void)
{
  static const char *const  offered[] = { "a", "b", NULL };
  const DuplexDeflateParams deflate = { TRUE, FALSE, 10, 9 };

  for (int i = 0; i < 50; i++)
    {
      g_autofree char    *key = duplex_handshake_new_key ();
      const DuplexRequest request = {
        .host = "localhost", .target = "/", .key = key, .subprotocols = offered, .deflate = &deflate
      };
      g_autoptr (GBytes)     sent = duplex_handshake_build_request (&request, NULL);
      g_autoptr (DuplexHead) request_head = NULL;
      g_autoptr (DuplexHead) response_head = NULL;
      g_autoptr (GBytes)     answer = NULL;
      g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
      g_autofree char       *subprotocol = NULL;
      g_autofree char       *offers = NULL;
      g_autofree char       *accepted = NULL;
      DuplexDeflateAgreement client = { 0 };
      DuplexDeflateAgreement server = { 0 };

      request_head = duplex_head_parse_request (g_bytes_get_data (sent, NULL),
                                                g_bytes_get_size (sent), NULL);
      offers = duplex_head_dup_list (request_head, "Sec-WebSocket-Extensions");
      g_assert_true (duplex_deflate_accept_offer (offers, NULL, &accepted, &server));
      answer = duplex_handshake_build_response (request_head, "b", accepted);
      response_head = duplex_head_parse_response (g_bytes_get_data (answer, NULL),
                                                  g_bytes_get_size (answer), NULL);
      g_assert_true (duplex_handshake_check_response (response_head, &request, findings,
                                                      &subprotocol, &client));
      g_assert_cmpuint (findings->len, ==, 0);
      g_assert_cmpstr (subprotocol, ==, "b");
      g_assert_cmpmem (&client, sizeof client, &server, sizeof server);
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
  g_test_add_func ("/core/handshake-check/many-findings", test_many_findings);

  return g_test_run ();
}
