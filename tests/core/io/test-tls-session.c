/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS that never waits: how it begins, with whom, and how that fails. */
#include "core/io/duplex-tls-session.h"

#include <gnutls/x509.h>
#include <string.h>

#include "core/proto/duplex-limits.h"
#include "duplex-leg-support.h"
#include "duplex-tls-peer.h"

#define ALL    G_MAXSIZE
#define ANY    "NORMAL"
#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS1_1 "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT"
#define HOST   "127.0.0.1"

typedef TlsPair *(*NewPair) (const char *priorities);

static TlsPair *
new_client (const char *priorities)
{
  return tls_pair_new_client (priorities, HOST, /* trusting= */ TRUE);
}

/* near is either end. */
static const NewPair new_pair[] = { tls_pair_new_server, new_client };

/* ---- how it begins ---- */

static void
assert_begins (TlsPair    *pair,
               gsize       at_once,
               const char *protocol)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *text = NULL;

  g_assert_true (tls_pair_shake_hands (pair, at_once, &error));
  g_assert_no_error (error);
  tls_pair_assert_near_speaks (pair, "first");
  tls_pair_assert_peer_speaks (pair, "second");
  text = duplex_tls_session_describe (pair->near);
  g_assert_true (g_str_has_prefix (text, protocol));
  g_assert_nonnull (strstr (text, ", TLS_"));
}

/* In pieces of any size, of which the poller tells one by one. */
static void
test_versions (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (new_pair); i++)
    for (gsize at_once = 1; at_once < 10000; at_once *= 9)
      {
        g_autoptr (TlsPair) newest = new_pair[i](ANY);
        g_autoptr (TlsPair) older = new_pair[i](TLS1_2);

        assert_begins (newest, at_once, "TLS 1.3, ");
        assert_begins (older, at_once, "TLS 1.2, ");
      }
}

static void
test_old_versions (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (new_pair); i++)
    {
      g_autoptr (TlsPair) pair = new_pair[i](TLS1_1);
      g_autoptr (GError)  error = NULL;

      g_assert_false (tls_pair_shake_hands (pair, ALL, &error));
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
      g_assert_false (g_str_has_suffix (error->message, "."));
    }
}

static void
test_protocol (void)
{
  static const gnutls_datum_t offered[] = { { (guint8 *)"h2", 2 }, { (guint8 *)"http/1.1", 8 } };

  for (gsize i = 0; i < G_N_ELEMENTS (new_pair); i++)
    {
      g_autoptr (TlsPair) pair = new_pair[i](ANY);
      gnutls_datum_t      chosen = { NULL, 0 };

      gnutls_alpn_set_protocols (pair->peer, offered, G_N_ELEMENTS (offered), 0);
      g_assert_true (tls_pair_shake_hands (pair, ALL, NULL));
      g_assert_cmpint (gnutls_alpn_get_selected_protocol (pair->peer, &chosen), ==, 0);
      g_assert_cmpmem (chosen.data, chosen.size, "http/1.1", 8);
    }
}

/* RFC 7301 §3.2. A server that does not know of it is taken as it is. */
static void
test_other_protocol (void)
{
  static const gnutls_datum_t other = { (guint8 *)"h2", 2 };
  g_autoptr (TlsPair)         server = tls_pair_new_server (ANY);
  g_autoptr (TlsPair)         client = new_client (ANY);
  g_autoptr (GError)          error = NULL;

  gnutls_alpn_set_protocols (server->peer, &other, 1, 0);
  g_assert_false (tls_pair_shake_hands (server, ALL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
  g_assert_cmpint (gnutls_handshake (server->peer), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  g_assert_cmpint (gnutls_alert_get (server->peer), ==, GNUTLS_A_NO_APPLICATION_PROTOCOL);

  gnutls_alpn_set_protocols (client->peer, &other, 1, 0);
  g_assert_true (tls_pair_shake_hands (client, ALL, NULL));
}

/* A client that has been there comes back without a certificate. */
static void
test_tickets (void)
{
  static const char *const versions[] = { ANY, TLS1_2 };

  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      g_autoptr (TlsPair) first = tls_pair_new_server (versions[i]);
      g_autoptr (TlsPair) again = tls_pair_new_server (versions[i]);
      gnutls_datum_t      ticket = { NULL, 0 };

      g_assert_true (tls_pair_shake_hands (first, ALL, NULL));
      g_assert_false (gnutls_session_is_resumed (first->peer));
      tls_pair_assert_near_speaks (first, "the ticket stands before this");
      g_assert_cmpint (gnutls_session_get_data2 (first->peer, &ticket), ==, 0);
      g_assert_cmpint (gnutls_session_set_data (again->peer, ticket.data, ticket.size), ==, 0);
      g_assert_true (tls_pair_shake_hands (again, ALL, NULL));
      g_assert_true (gnutls_session_is_resumed (again->peer));
      tls_pair_assert_peer_speaks (again, "me again");
      gnutls_free (ticket.data);
    }
}

/* ---- with whom ---- */

/* RFC 6066 §3: a name, without a dot at its end, and no address. */
static void
test_server_name (void)
{
  static const struct
  {
    const char *host;
    const char *named; /* or NULL */
  } cases[] = {
    { "relay.example", "relay.example" },
    { "relay.example.", "relay.example" },
    { "127.0.0.1", NULL },
    { "::1", NULL },
    { "fe80::1%lo", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TlsPair) pair = tls_pair_new_client (ANY, cases[i].host, TRUE);
      char                name[100];
      size_t              size = sizeof name;
      guint               type;
      int                 result;

      tls_pair_shake_hands (pair, ALL, NULL);
      result = gnutls_server_name_get (pair->peer, name, &size, &type, 0);
      if (cases[i].named == NULL)
        g_assert_cmpint (result, ==, GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
      else
        g_assert_cmpmem (name, size, cases[i].named, strlen (cases[i].named));
    }
}

/* What the peer reads of it is why. */
static void
assert_alert (TlsPair                   *pair,
              gnutls_alert_description_t wanted)
{
  int result;

  tls_pair_fetch (pair);
  do
    result = gnutls_handshake (pair->peer);
  while (result == GNUTLS_E_SUCCESS);
  if (result == GNUTLS_E_AGAIN)
    g_error ("The peer was told nothing");
  g_assert_cmpint (result, ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  g_assert_cmpint (gnutls_alert_get (pair->peer), ==, wanted);
}

static void
test_trust (void)
{
  static const struct
  {
    const char          *host;
    gboolean             trusting;
    GTlsCertificateFlags problems;
  } cases[] = {
    { HOST, TRUE, 0 },
    { HOST, FALSE, G_TLS_CERTIFICATE_UNKNOWN_CA },
    { "127.0.0.2", TRUE, G_TLS_CERTIFICATE_BAD_IDENTITY },
    { "localhost", TRUE, G_TLS_CERTIFICATE_BAD_IDENTITY },
    { "localhost", FALSE, G_TLS_CERTIFICATE_UNKNOWN_CA | G_TLS_CERTIFICATE_BAD_IDENTITY },
  };
  static const char *const versions[] = { ANY, TLS1_2 };

  for (gsize i = 0; i < G_N_ELEMENTS (cases) * G_N_ELEMENTS (versions); i++)
    {
      gsize               n = i % G_N_ELEMENTS (cases);
      g_autoptr (TlsPair) pair = tls_pair_new_client (versions[i / G_N_ELEMENTS (cases)],
                                                      cases[n].host, cases[n].trusting);
      g_autoptr (GError)  error = NULL;
      g_autofree char    *fingerprint = NULL;
      gboolean            fine = tls_pair_shake_hands (pair, ALL, &error);

      g_assert_cmpint (fine, ==, cases[n].problems == 0);
      g_assert_cmpint (duplex_tls_session_get_problems (pair->near, &fingerprint), ==,
                       cases[n].problems);
      if (fine)
        g_assert_null (fingerprint);
      else
        {
          g_assert_cmpuint (strlen (fingerprint), ==, 64);
          g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
        }
    }
}

/* The two must belong together, and be there. */
static void
test_credentials (void)
{
  g_autofree char   *broken = g_strdup (leg_certificate_pem);
  g_autoptr (GError) error = NULL;

  *strstr (broken, "MIIB") = '!';
  g_assert_null (duplex_tls_credentials_new_server (broken, leg_certificate_pem, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_clear_error (&error);
  g_assert_null (duplex_tls_credentials_new_server (leg_certificate_pem, "", &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_clear_error (&error);
  g_assert_null (duplex_tls_credentials_new_client ("/nowhere", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_clear_error (&error);
  g_assert_null (duplex_tls_credentials_new_client ("/dev/null", &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

/* ---- how it fails ---- */

/* The peer says n bytes and no more; TRUE where the handshake is over then. */
static gboolean
is_cut_after (NewPair new,
              const char *version,
              gsize       n)
{
  g_autoptr (TlsPair) pair = new (version);
  g_autoptr (GError)  error = NULL;
  DuplexLegResult     result = DUPLEX_LEG_WOULD_BLOCK;

  while (n > 0 && result == DUPLEX_LEG_WOULD_BLOCK)
    {
      gsize carried;

      gnutls_handshake (pair->peer);
      carried = MIN (n, pair->said->len);
      tls_pair_carry (pair, n);
      n -= carried;
      result = duplex_tls_session_shake_hands (pair->near, &error);
      g_assert_no_error (error);
      tls_pair_fetch (pair);
    }
  if (result == DUPLEX_LEG_OK)
    return TRUE;
  /* It would wait for more for ever. */
  g_assert_cmpint (duplex_tls_session_shake_hands (pair->near, NULL), ==, DUPLEX_LEG_WOULD_BLOCK);
  g_assert_false (duplex_tls_session_has_unread (pair->near));
  tls_pair_cut (pair);
  g_assert_cmpint (duplex_tls_session_shake_hands (pair->near, &error), ==, DUPLEX_LEG_ENDED);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_EOF);
  return FALSE;
}

static void
test_cut (void)
{
  static const char *const versions[] = { ANY, TLS1_2 };

  for (gsize i = 0; i < G_N_ELEMENTS (new_pair); i++)
    for (gsize v = 0; v < G_N_ELEMENTS (versions); v++)
      {
        gsize n = 0;

        while (!is_cut_after (new_pair[i], versions[v], n))
          n++;
        g_assert_cmpuint (n, >, 200);
      }
}

static void
test_no_tls (void)
{
  static const char *const said[] = { "GET / HTTP/1.1\r\nHost: relay\r\n\r\n", "SSH-2.0-x\r\n",
                                      "\r\n\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (said) * G_N_ELEMENTS (new_pair); i++)
    {
      g_autoptr (TlsPair) pair = new_pair[i % G_N_ELEMENTS (new_pair)](ANY);
      g_autoptr (GError)  error = NULL;
      const char         *text = said[i / G_N_ELEMENTS (new_pair)];

      g_byte_array_append (pair->said, (const guint8 *)text, (guint)strlen (text));
      tls_pair_carry (pair, ALL);
      g_assert_cmpint (duplex_tls_session_shake_hands (pair->near, &error), ==, DUPLEX_LEG_ENDED);
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);
    }
}

/* The peer is told, and so are we when it is the one that refuses. */
static void
test_alerts (void)
{
  g_autoptr (TlsPair) refuses = tls_pair_new_client (ANY, "localhost", TRUE);
  g_autoptr (TlsPair) refused = tls_pair_new_server (TLS1_2);
  g_autoptr (GError)  error = NULL;

  g_assert_false (tls_pair_shake_hands (refuses, ALL, NULL));
  assert_alert (refuses, GNUTLS_A_BAD_CERTIFICATE);

  gnutls_handshake (refused->peer);
  tls_pair_carry (refused, ALL);
  g_assert_cmpint (duplex_tls_session_shake_hands (refused->near, NULL), ==,
                   DUPLEX_LEG_WOULD_BLOCK);
  gnutls_alert_send (refused->peer, GNUTLS_AL_FATAL, GNUTLS_A_UNKNOWN_CA);
  tls_pair_carry (refused, ALL);
  g_assert_cmpint (duplex_tls_session_shake_hands (refused->near, &error), ==, DUPLEX_LEG_ENDED);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
  g_assert_nonnull (strstr (error->message, "CA"));
}

/* A message of 16 MiB, which GnuTLS would hold before it looks at its length. */
static void
test_endless (void)
{
  /* ClientHello, ServerHello */
  static const guint8 types[] = { 1, 2 };

  for (gsize i = 0; i < G_N_ELEMENTS (new_pair); i++)
    {
      const guint8        head[] = { 22, 3, 3, 4, 0, types[i], 0xff, 0xff, 0xff };
      g_autoptr (TlsPair) pair = new_pair[i](ANY);
      g_autoptr (GError)  error = NULL;
      guint8              record[5 + 1024] = { 0 };
      DuplexLegResult     result = DUPLEX_LEG_WOULD_BLOCK;
      gsize               total = 0;

      memcpy (record, head, sizeof head);
      while (result == DUPLEX_LEG_WOULD_BLOCK)
        {
          g_assert_cmpuint (total, <, 2 * DUPLEX_LIMIT_TLS_BARREN);
          g_byte_array_append (pair->said, record, sizeof record);
          memset (record + 5, 0, sizeof record - 5);
          total += sizeof record;
          tls_pair_carry (pair, ALL);
          result = duplex_tls_session_shake_hands (pair->near, &error);
        }
      g_assert_cmpint (result, ==, DUPLEX_LEG_ENDED);
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
      g_assert_nonnull (strstr (error->message, "too much"));
      g_assert_cmpuint (total, >=, DUPLEX_LIMIT_TLS_BARREN);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/io/tls-session/versions", test_versions);
  g_test_add_func ("/io/tls-session/old-versions", test_old_versions);
  g_test_add_func ("/io/tls-session/protocol", test_protocol);
  g_test_add_func ("/io/tls-session/other-protocol", test_other_protocol);
  g_test_add_func ("/io/tls-session/tickets", test_tickets);
  g_test_add_func ("/io/tls-session/server-name", test_server_name);
  g_test_add_func ("/io/tls-session/trust", test_trust);
  g_test_add_func ("/io/tls-session/credentials", test_credentials);
  g_test_add_func ("/io/tls-session/cut", test_cut);
  g_test_add_func ("/io/tls-session/no-tls", test_no_tls);
  g_test_add_func ("/io/tls-session/alerts", test_alerts);
  g_test_add_func ("/io/tls-session/endless", test_endless);
  return g_test_run ();
}
