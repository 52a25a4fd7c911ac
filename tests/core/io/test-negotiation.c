/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What both ends say about permessage-deflate before the first frame: the client's offer and its
 * judgement of the answer, and what the demo server answers to offers of every form. */
#include <string.h>

#include "core/io/duplex-demo-server.h"
#include "core/io/duplex-dialer.h"
#include "core/io/duplex-session-options.h"
#include "core/proto/duplex-error.h"
#include "duplex-raw-server.h"

/* ---- the client, against answers of all kinds ---- */

typedef struct
{
  const char     *name;
  const char     *offer;   /* parameters, or NULL for no offer */
  const char     *answer;  /* fields of the response; a '^' is the finding's place */
  DuplexFindingId finding; /* or NONE: the connection is open */
  const char     *agreement;
} Answer;

#define EXT "Sec-WebSocket-Extensions: "

static const Answer answers[] = {
  { "silence", "client_max_window_bits", "", 0, "" },
  { "plain", "client_max_window_bits", EXT "permessage-deflate\r\n", 0, "client 15 server 15" },
  { "all", "client_max_window_bits; server_max_window_bits=12",
    EXT "permessage-deflate; client_max_window_bits=9; server_max_window_bits=\"10\";"
        "server_no_context_takeover; client_no_context_takeover\r\n",
    0, "client 9 each server 10 each" },
  { "promised", "client_max_window_bits=11; client_no_context_takeover",
    EXT "permessage-deflate\r\n", 0, "client 11 each server 15" },
  { "not-offered", NULL, EXT "^permessage-deflate\r\n", DUPLEX_FINDING_EXTENSION_NOT_OFFERED, "" },
  { "other", "", EXT "permessage-deflate, ^permessage-bzip2\r\n",
    DUPLEX_FINDING_EXTENSION_NOT_OFFERED, "" },
  { "malformed", "", EXT "permessage-deflate; ^=1\r\n", DUPLEX_FINDING_EXTENSION_MALFORMED, "" },
  { "repeated", "", EXT "permessage-deflate,^permessage-deflate\r\n",
    DUPLEX_FINDING_EXTENSION_REPEATED, "" },
  { "repeated-field", "", EXT "permessage-deflate\r\n" EXT "^permessage-deflate\r\n",
    DUPLEX_FINDING_EXTENSION_REPEATED, "" },
  { "parameter-unknown", "", EXT "permessage-deflate; ^mode=fast\r\n",
    DUPLEX_FINDING_DEFLATE_PARAMETER_UNKNOWN, "" },
  { "parameter-repeated", "",
    EXT "permessage-deflate; server_no_context_takeover; ^server_no_context_takeover\r\n",
    DUPLEX_FINDING_DEFLATE_PARAMETER_REPEATED, "" },
  { "parameter-value", "", EXT "permessage-deflate; ^server_max_window_bits=7\r\n",
    DUPLEX_FINDING_DEFLATE_PARAMETER_VALUE, "" },
  { "parameter-needs-value", "client_max_window_bits",
    EXT "permessage-deflate; ^client_max_window_bits\r\n", DUPLEX_FINDING_DEFLATE_PARAMETER_VALUE,
    "" },
  { "parameter-needless-value", "", EXT "permessage-deflate; ^server_no_context_takeover=1\r\n",
    DUPLEX_FINDING_DEFLATE_PARAMETER_VALUE, "" },
  { "parameter-missing", "server_no_context_takeover", EXT "^permessage-deflate\r\n",
    DUPLEX_FINDING_DEFLATE_PARAMETER_MISSING, "" },
  { "parameter-not-offered", "", EXT "permessage-deflate; ^client_max_window_bits=15\r\n",
    DUPLEX_FINDING_DEFLATE_PARAMETER_NOT_OFFERED, "" },
  { "window-too-large", "server_max_window_bits=10",
    EXT "permessage-deflate; ^server_max_window_bits=11\r\n",
    DUPLEX_FINDING_DEFLATE_WINDOW_TOO_LARGE, "" },
};

#define UPGRADE                          \
  "HTTP/1.1 101 Switching Protocols\r\n" \
  "Upgrade: websocket\r\nConnection: Upgrade\r\n"

static void
answer_script (RawPeer *peer,
               gpointer data)
{
  const char      *fields = data;
  g_autofree char *key = raw_peer_dup_accept_key (peer);
  g_autofree char *response =
    g_strconcat (UPGRADE "Sec-WebSocket-Accept: ", key, "\r\n", fields, "\r\n", NULL);

  raw_peer_write (peer, response, strlen (response));
  raw_peer_read_to_end (peer, 10000);
}

typedef struct
{
  gboolean          done;
  gboolean          open;
  DuplexDialResult *result;
  GError           *error;
} Dialled;

static void
dialled_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  Dialled *dialled = data;

  dialled->open = duplex_dialer_dial_finish (result, &dialled->result, &dialled->error);
  dialled->done = TRUE;
}

static char *
describe (const DuplexDeflateAgreement *agreement)
{
  if (!agreement->agreed)
    return g_strdup ("");
  return g_strdup_printf ("client %u%s server %u%s", agreement->client.window_bits,
                          agreement->client.no_context_takeover ? " each" : "",
                          agreement->server.window_bits,
                          agreement->server.no_context_takeover ? " each" : "");
}

static void
read_event (DuplexCapture  *capture,
            DuplexEventKind kind,
            DuplexEvent    *event)
{
  for (guint64 i = 0; duplex_capture_read (capture, i, event); i++)
    {
      if (event->kind == kind)
        return;
      duplex_event_clear (event);
    }
  g_error ("no event %d", kind);
}

/* The request says the offer, or nothing where there is none. */
static void
check_request (DuplexCapture *capture,
               const char    *offer)
{
  g_auto (DuplexEvent)   event = DUPLEX_EVENT_INIT;
  g_autoptr (DuplexHead) head = NULL;
  const char            *value;

  read_event (capture, DUPLEX_EVENT_REQUEST, &event);
  head = duplex_head_parse_request (event.payload, event.payload_size, NULL);
  value = duplex_head_lookup (head, "Sec-WebSocket-Extensions");
  g_assert_true ((value != NULL) == (offer != NULL));
  if (offer != NULL)
    {
      DuplexDeflateParams wanted;
      g_autofree char    *text = NULL;

      g_assert_true (duplex_deflate_params_parse (offer, &wanted, NULL));
      text = duplex_deflate_params_to_string (&wanted);
      g_assert_cmpstr (value, ==, text);
    }
}

/* The finding stands where the answer has its mark, counted from the head's first byte. */
static void
check_finding (DuplexCapture  *capture,
               DuplexFindingId id,
               const char     *marked)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  const char          *mark = strchr (marked, '^');
  g_autofree char     *rest = NULL;
  const char          *place;

  read_event (capture, DUPLEX_EVENT_RESPONSE, &event);
  if (id == DUPLEX_FINDING_NONE)
    {
      g_assert_cmpuint (event.n_findings, ==, 0);
      return;
    }
  g_assert_cmpuint (event.n_findings, >=, 1);
  g_assert_cmpint (event.findings[0].id, ==, id);
  rest = g_strconcat (mark + 1, "\r\n", NULL);
  g_assert_cmpuint (event.findings[0].offset, <, event.payload_size);
  place = (const char *)event.payload + event.findings[0].offset;
  g_assert_cmpmem (place, event.payload_size - event.findings[0].offset, rest, strlen (rest));
}

static void
test_answer (gconstpointer data)
{
  const Answer                  *answer = data;
  g_auto (GStrv)                 parts = g_strsplit (answer->answer, "^", 2);
  g_autofree char               *fields = g_strjoinv ("", parts);
  g_autoptr (RawServer)          server = raw_server_new (answer_script, fields);
  g_autoptr (DuplexDialSettings) settings = g_new0 (DuplexDialSettings, 1);
  g_autoptr (DuplexCapture)      capture = duplex_capture_new ();
  g_autofree char               *agreement = NULL;
  Dialled                        dialled = { 0 };

  settings->url = duplex_url_parse (raw_server_get_url (server), NULL);
  settings->timeout = 10;
  settings->offers_deflate = answer->offer != NULL;
  if (answer->offer != NULL)
    g_assert_true (duplex_deflate_params_parse (answer->offer, &settings->deflate, NULL));
  duplex_dialer_dial_async (settings, capture, 1, NULL, dialled_cb, &dialled);
  while (!dialled.done)
    g_main_context_iteration (NULL, TRUE);

  if (answer->finding == DUPLEX_FINDING_NONE)
    g_assert_no_error (dialled.error);
  else
    g_assert_error (dialled.error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID);
  g_assert_cmpint (dialled.open, ==, answer->finding == DUPLEX_FINDING_NONE);
  agreement = describe (&dialled.result->deflate);
  g_assert_cmpstr (agreement, ==, answer->agreement);
  check_request (capture, answer->offer);
  check_finding (capture, answer->finding, answer->answer);

  if (dialled.result->stream != NULL)
    g_io_stream_close (dialled.result->stream, NULL, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  duplex_dial_result_free (dialled.result);
  g_clear_error (&dialled.error);
}

/* A number that no offer may have is said before anything is dialled. */
static void
test_bad_offer (void)
{
  g_autoptr (DuplexDialSettings) settings = g_new0 (DuplexDialSettings, 1);
  g_autoptr (GError)             error = NULL;

  settings->url = duplex_url_parse ("ws://127.0.0.1:1/", NULL);
  settings->offers_deflate = TRUE;
  settings->deflate.server_max_window_bits = 20;
  g_assert_false (duplex_dial_settings_check (settings, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  settings->offers_deflate = FALSE;
  g_assert_true (duplex_dial_settings_check (settings, NULL));
}

/* What the profile and the options say reaches the connection. */
static void
test_settings (void)
{
  g_autoptr (DuplexSessionOptions) options = duplex_session_options_new ();
  g_autoptr (DuplexProfile)        profile = duplex_profile_new ("", "ws://127.0.0.1/");
  g_autoptr (DuplexDialSettings)   before = NULL;
  g_autoptr (DuplexDialSettings)   after = NULL;
  const DuplexDeflateParams        params = { TRUE, FALSE, 9, 12 };

  before = duplex_session_options_build (options, profile, NULL, NULL);
  g_assert_true (before->offers_deflate);
  g_assert_cmpuint (before->deflate.client_max_window_bits, ==, DUPLEX_WINDOW_BITS_NO_VALUE);
  g_assert_cmpint (before->pong_mode, ==, DUPLEX_PONG_AUTOMATIC);
  g_assert_cmpuint (before->ping_interval, ==, 0);
  g_assert_cmpuint (before->fragment, ==, 0);

  duplex_profile_set_deflate (profile, FALSE, &params);
  duplex_profile_set_pong_mode (profile, DUPLEX_PONG_DELAYED);
  duplex_profile_set_pong_delay (profile, 70);
  duplex_profile_set_ping_interval (profile, 8);
  duplex_profile_set_ping_limit (profile, 2);
  options->fragment = 1000;
  after = duplex_session_options_build (options, profile, NULL, NULL);
  g_assert_false (after->offers_deflate);
  g_assert_cmpmem (&after->deflate, sizeof params, &params, sizeof params);
  g_assert_cmpint (after->pong_mode, ==, DUPLEX_PONG_DELAYED);
  g_assert_cmpuint (after->pong_delay, ==, 70);
  g_assert_cmpuint (after->ping_interval, ==, 8);
  g_assert_cmpuint (after->ping_limit, ==, 2);
  g_assert_cmpuint (after->fragment, ==, 1000);
}

/* ---- the demo server, against offers of all forms ---- */

typedef struct
{
  const char *name;
  const char *fields;
  const char *answer; /* the value of the response's field, or NULL */
} Offer;

static const Offer offers[] = {
  { "none", "", NULL },
  { "empty", EXT "\r\n", NULL },
  { "plain", EXT "permessage-deflate\r\n", "permessage-deflate" },
  { "browser", EXT "permessage-deflate; client_max_window_bits\r\n", "permessage-deflate" },
  { "server-takeover", EXT "permessage-deflate; server_no_context_takeover\r\n",
    "permessage-deflate; server_no_context_takeover" },
  { "client-takeover", EXT "permessage-deflate; client_no_context_takeover\r\n",
    "permessage-deflate; client_no_context_takeover" },
  { "server-bits/8", EXT "permessage-deflate; server_max_window_bits=8\r\n",
    "permessage-deflate; server_max_window_bits=8" },
  { "server-bits/15", EXT "permessage-deflate; server_max_window_bits=15\r\n",
    "permessage-deflate; server_max_window_bits=15" },
  { "client-bits", EXT "permessage-deflate; client_max_window_bits=9\r\n", "permessage-deflate" },
  { "all",
    EXT "permessage-deflate; client_max_window_bits=10; server_max_window_bits=11; "
        "client_no_context_takeover; server_no_context_takeover\r\n",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
    "server_max_window_bits=11" },
  { "quoted", EXT "permessage-deflate;server_max_window_bits=\"10\"\r\n",
    "permessage-deflate; server_max_window_bits=10" },
  { "spaces", EXT "\t permessage-deflate ;\tserver_max_window_bits = 10 \r\n",
    "permessage-deflate; server_max_window_bits=10" },
  { "field-name", "sec-websocket-extensions:permessage-deflate\r\n", "permessage-deflate" },
  { "others", EXT "x-webkit-deflate-frame, permessage-deflate, x\r\n", "permessage-deflate" },
  { "only-others", EXT "x-webkit-deflate-frame, x; y=z\r\n", NULL },
  { "other-case", EXT "Permessage-Deflate\r\n", NULL },
  { "two-fields", EXT "x\r\n" EXT "permessage-deflate; server_max_window_bits=9\r\n",
    "permessage-deflate; server_max_window_bits=9" },
  { "first-of-two",
    EXT "permessage-deflate; server_max_window_bits=9, permessage-deflate\r\n",
    "permessage-deflate; server_max_window_bits=9" },
  { "fallback", EXT "permessage-deflate; level=9, permessage-deflate\r\n", "permessage-deflate" },
  { "fallback-in-second-field",
    EXT "permessage-deflate; server_max_window_bits=7\r\nX: y\r\n" EXT
        "permessage-deflate; client_max_window_bits\r\n",
    "permessage-deflate" },
  { "declined/unknown", EXT "permessage-deflate; level=9\r\n", NULL },
  { "declined/repeated",
    EXT "permessage-deflate; client_max_window_bits; client_max_window_bits\r\n", NULL },
  { "declined/bits-16", EXT "permessage-deflate; server_max_window_bits=16\r\n", NULL },
  { "declined/bits-7", EXT "permessage-deflate; client_max_window_bits=7\r\n", NULL },
  { "declined/bits-08", EXT "permessage-deflate; server_max_window_bits=08\r\n", NULL },
  { "declined/bits-missing", EXT "permessage-deflate; server_max_window_bits\r\n", NULL },
  { "declined/needless-value", EXT "permessage-deflate; client_no_context_takeover=true\r\n",
    NULL },
  { "declined/unclosed", EXT "permessage-deflate; server_max_window_bits=\"9\r\n", NULL },
};

/* Sends a request with fields and returns the head of the answer. */
static DuplexHead *
ask (DuplexDemoServer *server,
     const char       *fields)
{
  g_autoptr (GSocketClient)     client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree char              *request = NULL;
  char                          answer[1024] = "";
  gsize                         got = 0;
  gsize                         size;
  gssize                        n = 1;

  g_socket_client_set_timeout (client, 10);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1",
                                                duplex_demo_server_get_port (server), NULL, NULL);
  g_assert_nonnull (connection);
  request = g_strconcat ("GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                         fields, "\r\n", NULL);
  g_assert_true (
    g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), request,
                               strlen (request), NULL, NULL, NULL));
  while ((size = duplex_head_find_end ((guint8 *)answer, got, NULL)) == 0 && n > 0)
    {
      n = g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                               answer + got, sizeof answer - got, NULL, NULL);
      g_assert_cmpint (n, >, 0);
      got += (gsize)n;
    }
  return duplex_head_parse_response ((guint8 *)answer, size, NULL);
}

static void
test_offer (gconstpointer data)
{
  const Offer                 *offer = data;
  g_autoptr (DuplexDemoServer) server = duplex_demo_server_new (0, NULL);

  for (int refuses = 0; refuses < 2; refuses++)
    {
      g_autoptr (DuplexHead) head = NULL;

      if (refuses)
        duplex_demo_server_set_deflate (server, FALSE);
      head = ask (server, offer->fields);
      g_assert_nonnull (head);
      g_assert_cmpuint (duplex_head_get_status (head), ==, 101);
      g_assert_cmpstr (duplex_head_lookup (head, "Sec-WebSocket-Extensions"), ==,
                       refuses ? NULL : offer->answer);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *path = g_strconcat ("/core/negotiation/answer/", answers[i].name, NULL);

      g_test_add_data_func (path, &answers[i], test_answer);
    }
  g_test_add_func ("/core/negotiation/bad-offer", test_bad_offer);
  g_test_add_func ("/core/negotiation/settings", test_settings);
  for (gsize i = 0; i < G_N_ELEMENTS (offers); i++)
    {
      g_autofree char *path = g_strconcat ("/core/negotiation/offer/", offers[i].name, NULL);

      g_test_add_data_func (path, &offers[i], test_offer);
    }

  return g_test_run ();
}
