/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wss:// with certificates of our own making: which are accepted, what is said of those that are
 * not, and that closing under TLS leaves nothing to complain about. */
#include <string.h>

#include "core/proto/duplex-error.h"
#include "duplex-interop.h"

#define DEFAULT_CLOSE "1000 \"Client closed connection\""
#define TRUST_ONCE    "trust-once"

static const char *program;

/* A session for the port of a certificate, which trusts our authority alone. */
static DuplexTestSession *
new_session (DuplexInteropPeer *peer,
             const char        *certificate,
             const char        *host,
             const char        *target)
{
  g_autofree char    *url = duplex_interop_peer_dup_url (peer, certificate, target);
  g_autofree char    *ca_file = duplex_interop_dup_certificate_file ("ca.pem");
  g_autoptr (GString) replaced = g_string_new (url);
  DuplexTestSession  *session;

  g_string_replace (replaced, "127.0.0.1", host, 1);
  session = duplex_test_session_new (replaced->str);
  duplex_session_set_ca_file (duplex_test_session_get_session (session), ca_file);
  return session;
}

/* What openssl says that the certificate's fingerprint is. */
static char *
read_fingerprint (const char *certificate)
{
  g_autofree char   *name = g_strdup_printf ("%s.sha256", certificate);
  g_autofree char   *path = duplex_interop_dup_certificate_file (name);
  g_autoptr (GError) error = NULL;
  char              *fingerprint = NULL;

  g_file_get_contents (path, &fingerprint, NULL, &error);
  g_assert_no_error (error);
  return g_strstrip (fingerprint);
}

/* Says one thing, hears it back and disconnects. before are the lines of the transcript that stand
 * before "connected", or NULL. */
static void
check_exchange (DuplexTestSession *session,
                gboolean           unverified,
                const char        *before)
{
  DuplexSession     *subject = duplex_test_session_get_session (session);
  g_autofree char   *first = g_strdup_printf ("%sconnected", before != NULL ? before : "");
  g_autofree char   *described = NULL;
  g_autoptr (GError) error = NULL;

  duplex_test_session_connect (session);
  g_assert_cmpint (duplex_session_is_unverified (subject), ==, unverified);
  duplex_session_send_text (subject, "hello", -1, &error);
  g_assert_no_error (error);
  duplex_test_session_wait_received (session, 1);
  g_assert_cmpint (duplex_session_is_unverified (subject), ==, unverified);
  duplex_test_session_disconnect (session);
  g_assert_false (duplex_session_is_unverified (subject));

  described = duplex_test_session_dup_event (session, DUPLEX_EVENT_TLS, NULL);
  g_assert_nonnull (described);
  g_assert_true (g_str_has_prefix (described, "TLS 1.3, ") ||
                 g_str_has_prefix (described, "TLS 1.2, "));
  duplex_test_session_assert_transcript (session, first,
                                         "> text 5 \"hello\"",
                                         "< text 5 \"hello\"",
                                         "> close " DEFAULT_CLOSE,
                                         "< close " DEFAULT_CLOSE,
                                         "closed " DEFAULT_CLOSE, NULL);
}

/* ---- certificates that verify ---- */

static void
test_valid (DuplexInteropPeer *peer)
{
  static const char *const hosts[] = { "127.0.0.1", "localhost" };

  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (DuplexTestSession) session = new_session (peer, "valid", hosts[i], "/echo?id=tls");
      DuplexSession                *subject = duplex_test_session_get_session (session);
      g_autofree char              *received = NULL;

      check_exchange (session, /* unverified= */ FALSE, NULL);
      duplex_test_session_assert_closed (session, "closed " DEFAULT_CLOSE);
      g_assert_null (duplex_session_get_refused_certificate (subject));
      g_assert_cmpint (duplex_session_get_refused_flags (subject), ==, 0);
      received = duplex_interop_peer_wait_closed (peer, "tls");
      g_assert_cmpstr (received, ==, "1000 Client closed connection");
    }
}

/* More than TLS takes at once, so that writing blocks and goes on. */
static void
test_large (DuplexInteropPeer *peer)
{
  enum {
    SIZE = 16 * 1024 * 1024
  };
  g_autoptr (DuplexTestSession) session = new_session (peer, "valid", "127.0.0.1", "/echo");
  DuplexSession                *subject = duplex_test_session_get_session (session);
  g_autoptr (GBytes)            text = duplex_test_pattern (/* text= */ TRUE, SIZE);
  g_autoptr (GBytes)            binary = duplex_test_pattern (/* text= */ FALSE, SIZE);
  g_autoptr (GError)            error = NULL;

  duplex_test_session_connect (session);
  duplex_session_send_text (subject, g_bytes_get_data (text, NULL), SIZE, &error);
  g_assert_no_error (error);
  duplex_test_session_wait_received (session, 1);
  duplex_session_send_binary (subject, binary, &error);
  g_assert_no_error (error);
  duplex_test_session_wait_received (session, 2);
  duplex_test_session_disconnect (session);

  duplex_test_session_assert_transcript (session, "connected",
                                         "> text 16777216 pattern",
                                         "< text 16777216 pattern",
                                         "> binary 16777216 pattern",
                                         "< binary 16777216 pattern",
                                         "> close " DEFAULT_CLOSE,
                                         "< close " DEFAULT_CLOSE,
                                         "closed " DEFAULT_CLOSE, NULL);
  duplex_test_session_assert_closed (session, "closed " DEFAULT_CLOSE);
}

static void
test_fragments (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = NULL;
  gboolean                      ws = duplex_interop_peer_get_kind (peer) == DUPLEX_INTEROP_WS;

  session = new_session (peer, "valid", "127.0.0.1", "/fragments/text");
  duplex_test_session_connect (session);
  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);
  /* websockets ends with an empty fragment. */
  duplex_test_session_assert_transcript (session, "connected",
                                         "< ping 7 \"between\"",
                                         "> pong 7 \"between\"",
                                         ws ? "< text/3 15 \"one, two, three\""
                                            : "< text/4 15 \"one, two, three\"",
                                         "> close " DEFAULT_CLOSE,
                                         "< close " DEFAULT_CLOSE,
                                         "closed " DEFAULT_CLOSE, NULL);
}

static void
test_close_by_peer (DuplexInteropPeer *peer)
{
  static const char             target[] = "/close?code=4000&reason=enough&id=tls-close";
  g_autoptr (DuplexTestSession) session = new_session (peer, "valid", "127.0.0.1", target);
  g_autofree char              *received = NULL;

  duplex_test_session_start (session);
  duplex_test_session_wait_end (session);
  duplex_test_session_assert_transcript (session, "connected",
                                         "< close 4000 \"enough\"",
                                         "> close 4000 \"\"",
                                         "closed 4000 \"enough\" by peer", NULL);
  duplex_test_session_assert_closed (session, "closed 4000 \"enough\" by peer");
  received = duplex_interop_peer_wait_closed (peer, "tls-close");
  g_assert_cmpstr (received, ==, "4000 ");
}

/* ---- certificates that do not ---- */

static const struct
{
  const char          *name;
  GTlsCertificateFlags flags;
} bad_certificates[] = {
  { "expired", G_TLS_CERTIFICATE_EXPIRED },
  { "wrong-host", G_TLS_CERTIFICATE_BAD_IDENTITY },
  { "self-signed", G_TLS_CERTIFICATE_UNKNOWN_CA },
};

/* Refused before a byte of HTTP, with what the user needs to decide. */
static void
check_refused (DuplexTestSession   *session,
               const char          *certificate,
               GTlsCertificateFlags flags)
{
  DuplexSession   *subject = duplex_test_session_get_session (session);
  g_autofree char *fingerprint = read_fingerprint (certificate);

  duplex_test_session_connect_fails (session, DUPLEX_ERROR_TLS_CERTIFICATE);
  g_assert_cmpstr (duplex_session_get_refused_certificate (subject), ==, fingerprint);
  g_assert_cmpint (duplex_session_get_refused_flags (subject), ==, flags);
  g_assert_false (duplex_session_is_unverified (subject));
}

static void
assert_nothing_sent (DuplexTestSession *session)
{
  g_autofree char *failed = g_strdup_printf ("failed %d", DUPLEX_ERROR_TLS_CERTIFICATE);

  g_assert_null (duplex_test_session_dup_event (session, DUPLEX_EVENT_REQUEST, NULL));
  duplex_test_session_assert_transcript (session, failed, NULL);
  g_assert_cmpstr (duplex_test_session_get_states (session), ==, "connecting disconnected");
}

static void
test_refused (DuplexInteropPeer *peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_certificates); i++)
    {
      g_autoptr (DuplexTestSession) session = NULL;

      session = new_session (peer, bad_certificates[i].name, "127.0.0.1", "/echo");
      check_refused (session, bad_certificates[i].name, bad_certificates[i].flags);
      assert_nothing_sent (session);
    }
}

/* Without ca_file the system's authorities count, and none of them knows ours. */
static void
test_refused_by_system (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = new_session (peer, "valid", "127.0.0.1", "/echo");

  duplex_session_set_ca_file (duplex_test_session_get_session (session), NULL);
  check_refused (session, "valid", G_TLS_CERTIFICATE_UNKNOWN_CA);
  assert_nothing_sent (session);
}

/* "Connect anyway", this time: the next attempt goes through and says on what it stands. */
static void
test_trusted (DuplexInteropPeer *peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_certificates); i++)
    {
      g_autoptr (DuplexTestSession) session = NULL;
      DuplexSession                *subject;
      g_autofree char              *lines = NULL;

      session = new_session (peer, bad_certificates[i].name, "127.0.0.1", "/echo");
      subject = duplex_test_session_get_session (session);
      check_refused (session, bad_certificates[i].name, bad_certificates[i].flags);
      duplex_session_trust_certificate (subject, duplex_session_get_refused_certificate (subject));
      lines = g_strdup_printf ("failed %d\ntls !certificate-overridden\n",
                               DUPLEX_ERROR_TLS_CERTIFICATE);
      check_exchange (session, /* unverified= */ TRUE, lines);
      g_assert_null (duplex_session_get_refused_certificate (subject));
    }
}

/* Trust goes to one certificate, not to whoever comes next. */
static void
test_trusted_other (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = new_session (peer, "expired", "127.0.0.1", "/echo");
  g_autofree char              *other = read_fingerprint ("self-signed");

  duplex_session_trust_certificate (duplex_test_session_get_session (session), other);
  check_refused (session, "expired", G_TLS_CERTIFICATE_EXPIRED);
  assert_nothing_sent (session);
}

/* What test_trust_once() does, in a process of its own. */
static void
run_trust_once (const char *url,
                const char *fingerprint)
{
  g_autoptr (DuplexTestSession) session = duplex_test_session_new (url);
  DuplexSession                *subject = duplex_test_session_get_session (session);

  duplex_session_trust_certificate (subject, fingerprint);
  check_exchange (session, /* unverified= */ TRUE, "tls !certificate-overridden\n");
  duplex_session_trust_certificate (subject, NULL);
  duplex_test_session_connect_fails (session, DUPLEX_ERROR_TLS_CERTIFICATE);
}

/* Trust given to one connection is not given to the next, which could resume the TLS session of the
 * first and would then be shown no certificate. Where g_test_init() has been called glib-networking
 * resumes nothing, so it takes another process. */
static void
test_trust_once (DuplexInteropPeer *peer)
{
  g_autofree char        *url = duplex_interop_peer_dup_url (peer, "self-signed", "/echo");
  g_autofree char        *fingerprint = read_fingerprint ("self-signed");
  g_autoptr (GError)      error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program,
                                                      TRUST_ONCE, url, fingerprint, NULL);

  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

/* Trusted for good: the profile says so. */
static void
test_trusted_by_profile (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = new_session (peer, "self-signed", "127.0.0.1", "/echo");
  g_autofree char              *fingerprint = read_fingerprint ("self-signed");
  DuplexProfile                *profile = duplex_test_session_get_profile (session);

  duplex_profile_set_trusted_certificate (profile, fingerprint);
  check_exchange (session, /* unverified= */ TRUE, "tls !certificate-overridden\n");
}

static void
test_not_verified (DuplexInteropPeer *peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_certificates); i++)
    {
      g_autoptr (DuplexTestSession) session = NULL;

      session = new_session (peer, bad_certificates[i].name, "127.0.0.1", "/echo");
      duplex_profile_set_verify_certificates (duplex_test_session_get_profile (session), FALSE);
      check_exchange (session, /* unverified= */ TRUE, "tls !certificate-overridden\n");
      g_assert_cmpint (duplex_session_get_refused_flags (duplex_test_session_get_session (session)),
                       ==, bad_certificates[i].flags);
    }
}

/* Nobody was overruled where the certificate is fine. */
static void
test_not_verified_valid (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = new_session (peer, "valid", "127.0.0.1", "/echo");

  duplex_profile_set_verify_certificates (duplex_test_session_get_profile (session), FALSE);
  check_exchange (session, /* unverified= */ FALSE, NULL);
}

/* ---- the wrong scheme ---- */

static void
test_tls_to_plain (DuplexInteropPeer *peer)
{
  g_autofree char              *url = duplex_interop_peer_dup_url (peer, "plain", "/echo");
  g_autofree char              *secure = g_strdup_printf ("wss%s", url + strlen ("ws"));
  g_autoptr (DuplexTestSession) session = duplex_test_session_new (secure);
  DuplexSession                *subject;

  duplex_test_session_connect_fails (session, DUPLEX_ERROR_TLS);
  subject = duplex_test_session_get_session (session);
  g_assert_null (duplex_session_get_refused_certificate (subject));
}

/* Neither server answers in HTTP: what comes, if anything, is a TLS alert. */
static void
test_plain_to_tls (DuplexInteropPeer *peer)
{
  g_autofree char              *url = duplex_interop_peer_dup_url (peer, "valid", "/echo");
  g_autofree char              *plain = g_strdup_printf ("ws%s", url + strlen ("wss"));
  g_autoptr (DuplexTestSession) session = duplex_test_session_new (plain);

  duplex_test_session_connect_fails (session, DUPLEX_ERROR_HANDSHAKE_INVALID);
}

int
main (int   argc,
      char *argv[])
{
  program = argv[0];
  if (argc == 4 && g_str_equal (argv[1], TRUST_ONCE))
    {
      run_trust_once (argv[2], argv[3]);
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/valid", test_valid);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/large", test_large);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/fragments", test_fragments);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/close-by-peer", test_close_by_peer);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/refused/table", test_refused);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/refused/by-system", test_refused_by_system);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/trusted/session", test_trusted);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/trusted/once", test_trust_once);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/trusted/other", test_trusted_other);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/trusted/profile", test_trusted_by_profile);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/not-verified/table", test_not_verified);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/not-verified/valid", test_not_verified_valid);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/to-plain", test_tls_to_plain);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "tls/from-plain", test_plain_to_tls);
  return duplex_interop_run (/* with_certificates= */ TRUE);
}
