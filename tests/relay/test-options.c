/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-options.h"

#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <string.h>
#include <unistd.h>

#include "core/proto/duplex-limits.h"
#include "relay/duplex-log.h"

/* A folder with the files that options name. */
static char *folder;

static char *
dup_path (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
write_file (const char *name,
            const char *text)
{
  g_autofree char   *path = dup_path (name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

/* line is split at spaces; "@" stands for the folder. */
static gboolean
parse (DuplexOptions *options,
       const char    *line,
       GError       **error)
{
  g_autofree char *replaced = NULL;
  g_auto (GStrv)   parts = g_strsplit (line, "@", -1);
  g_auto (GStrv)   arguments = NULL;

  g_autofree char *joined = g_strjoinv (folder, parts);

  replaced = g_strconcat ("duplex-relay", *joined != '\0' ? " " : "", joined, NULL);
  arguments = g_strsplit (replaced, " ", -1);
  return duplex_options_parse (options, arguments, error);
}

static void
assert_parses (DuplexOptions *options,
               const char    *line)
{
  g_autoptr (GError) error = NULL;

  parse (options, line, &error);
  g_assert_no_error (error);
}

/* Whether it is this certificate that clients see. */
static gboolean
shows (const DuplexRelaySettings *settings,
       const char                *name)
{
  g_autofree char            *path = dup_path (name);
  g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_file (path, NULL);
  g_autoptr (GByteArray)      der = NULL;
  gnutls_datum_t              shown;

  g_object_get (certificate, "certificate", &der, NULL);
  g_assert_cmpint (
    gnutls_certificate_get_crt_raw (duplex_tls_credentials_get (settings->certificate), 0, 0,
                                    &shown),
    ==, 0);
  return shown.size == der->len && memcmp (shown.data, der->data, der->len) == 0;
}

static guint
count_trusted (const DuplexRelaySettings *settings)
{
  gnutls_x509_trust_list_t      list;
  gnutls_x509_trust_list_iter_t iter = NULL;
  gnutls_x509_crt_t             authority;
  guint                         n = 0;

  gnutls_certificate_get_trust_list (duplex_tls_credentials_get (settings->trust), &list);
  for (; gnutls_x509_trust_list_iter_get_ca (list, &iter, &authority) == 0; n++)
    gnutls_x509_crt_deinit (authority);
  gnutls_x509_trust_list_iter_deinit (iter);
  return n;
}

static void
assert_listens (const DuplexOptions *options,
                const char          *expected)
{
  g_autofree char *text =
    g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (options->address));

  g_assert_cmpstr (text, ==, expected);
}

static gboolean
reaches (const DuplexRelaySettings *settings,
         const char                *target,
         const char                *numbers)
{
  g_autoptr (DuplexUrl)    url = duplex_url_parse (target, NULL);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (numbers);

  return duplex_policy_allows_backend (settings->policy, url, address);
}

/* ---- values ---- */

static void
test_defaults (void)
{
  g_auto (DuplexOptions) options = { 0 };
  DuplexRelaySettings   *settings;

  assert_parses (&options, "");
  settings = options.settings;
  assert_listens (&options, "127.0.0.1:8080");
  g_assert_cmpint (options.listen_fd, ==, -1);
  g_assert_cmpuint (options.drain, ==, DUPLEX_LIMIT_RELAY_DRAIN);
  g_assert_cmpuint (options.workers, ==, g_get_num_processors ());
  g_assert_cmpuint (options.capture_budget, ==, DUPLEX_LIMIT_RELAY_CAPTURE);
  g_assert_null (options.capture);
  g_assert_null (options.notice);
  g_assert_false (options.log_json);
  g_assert_cmpuint (settings->pump.limits.max_message, ==, DUPLEX_LIMIT_RELAY_MESSAGE);
  g_assert_cmpuint (settings->pump.limits.max_frame, ==, DUPLEX_LIMIT_RELAY_MESSAGE);
  g_assert_cmpuint (settings->pump.limits.rate, ==, DUPLEX_LIMIT_RELAY_RATE);
  g_assert_cmpuint (settings->pump.limits.byte_rate, ==, DUPLEX_LIMIT_RELAY_BYTE_RATE);
  g_assert_cmpuint (settings->pump.idle_timeout, ==, DUPLEX_LIMIT_RELAY_IDLE_TIMEOUT);
  g_assert_cmpuint (settings->pump.close_timeout, ==, DUPLEX_LIMIT_CLOSE_TIMEOUT);
  g_assert_cmpuint (settings->pump.ping_interval, ==, DUPLEX_LIMIT_RELAY_PING_INTERVAL);
  g_assert_cmpuint (settings->handshake_timeout, ==, DUPLEX_LIMIT_RELAY_HEAD_TIMEOUT);
  g_assert_cmpuint (settings->connect_timeout, ==, DUPLEX_LIMIT_CONNECT_TIMEOUT);
  g_assert_cmpuint (settings->max_connections, ==, DUPLEX_LIMIT_RELAY_CONNECTIONS);
  g_assert_cmpuint (settings->max_per_address, ==, DUPLEX_LIMIT_RELAY_PER_ADDRESS);
  g_assert_true (settings->status);
  g_assert_null (settings->certificate);
  g_assert_nonnull (settings->trust);
  g_assert_null (settings->forward_headers[0]);
  g_assert_cmpint (settings->token_place, ==, DUPLEX_TOKEN_BEARER);
  g_assert_false (duplex_policy_has_token (settings->policy));
  g_assert_true (reaches (settings, "ws://x", "127.0.0.1"));
  g_assert_false (reaches (settings, "ws://x", "192.0.2.1"));
}

/* Each option, from either source: a line of a file is made of every one. */
static const char *const everything[] = {
  "listen=127.0.0.2:81",
  "workers=3",
  "allow-backend=a.example;wss://b.example",
  "allow-origin=https://one.example;https://two.example",
  "token-file=@/tokens",
  "token-message=true",
  "forward-header=Cookie;Authorization",
  "tls-cert=@/valid.pem",
  "tls-key=@/valid.key",
  "cacert=@/ca.pem",
  "no-status=true",
  "max-message=101",
  "max-frame=102",
  "max-connections=103",
  "max-per-address=104",
  "rate=105",
  "byte-rate=5000000000",
  "handshake-timeout=107",
  "connect-timeout=108",
  "idle-timeout=109",
  "close-timeout=110",
  "ping-interval=111",
  "drain=112",
  "capture=@/all.duplex",
  "capture-budget=5000000001",
  "log-json=true",
};

static void
assert_everything (const DuplexOptions *options)
{
  const DuplexRelaySettings *settings = options->settings;
  g_autofree char           *capture = dup_path ("all.duplex");

  assert_listens (options, "127.0.0.2:81");
  g_assert_cmpuint (options->workers, ==, 3);
  g_assert_cmpuint (options->drain, ==, 112);
  g_assert_cmpstr (options->capture, ==, capture);
  g_assert_cmpuint (options->capture_budget, ==, 5000000001);
  g_assert_true (options->log_json);
  g_assert_true (reaches (settings, "ws://a.example:9", "192.0.2.1"));
  g_assert_true (reaches (settings, "wss://b.example", "192.0.2.1"));
  g_assert_false (reaches (settings, "ws://b.example", "192.0.2.1"));
  g_assert_true (duplex_policy_allows_origin (settings->policy, "https://one.example"));
  g_assert_true (duplex_policy_allows_origin (settings->policy, "https://two.example"));
  g_assert_true (duplex_policy_allows_token_text (settings->policy, "first"));
  g_assert_true (duplex_policy_allows_token_text (settings->policy, "second one"));
  g_assert_false (duplex_policy_allows_token_text (settings->policy, "# none"));
  g_assert_false (duplex_policy_allows_token_text (settings->policy, ""));
  g_assert_cmpint (settings->token_place, ==, DUPLEX_TOKEN_MESSAGE);
  g_assert_false (duplex_policy_asks_request (settings->policy));
  g_assert_cmpstr (settings->forward_headers[0], ==, "Cookie");
  g_assert_cmpstr (settings->forward_headers[1], ==, "Authorization");
  g_assert_null (settings->forward_headers[2]);
  g_assert_true (shows (settings, "valid.pem"));
  g_assert_cmpuint (count_trusted (settings), ==, 1);
  g_assert_false (settings->status);
  g_assert_cmpuint (settings->pump.limits.max_message, ==, 101);
  g_assert_cmpuint (settings->pump.limits.max_frame, ==, 102);
  g_assert_cmpuint (settings->max_connections, ==, 103);
  g_assert_cmpuint (settings->max_per_address, ==, 104);
  g_assert_cmpuint (settings->pump.limits.rate, ==, 105);
  g_assert_cmpuint (settings->pump.limits.byte_rate, ==, 5000000000);
  g_assert_cmpuint (settings->handshake_timeout, ==, 107);
  g_assert_cmpuint (settings->connect_timeout, ==, 108);
  g_assert_cmpuint (settings->pump.idle_timeout, ==, 109);
  g_assert_cmpuint (settings->pump.close_timeout, ==, 110);
  g_assert_cmpuint (settings->pump.ping_interval, ==, 111);
}

static void
write_everything (const char *name,
                  const char *replacement)
{
  g_autoptr (GString) text = g_string_new ("# all of it\n[relay]\n");

  for (gsize i = 0; i < G_N_ELEMENTS (everything); i++)
    g_string_append_printf (text, "%s\n", everything[i]);
  g_string_replace (text, "@", replacement, 0);
  write_file (name, text->str);
}

static void
test_command_line (void)
{
  g_auto (DuplexOptions) options = { 0 };
  g_autoptr (GString)    line = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (everything); i++)
    {
      g_auto (GStrv) pair = g_strsplit (everything[i], "=", 2);
      g_auto (GStrv) values = g_strsplit (pair[1], ";", -1);

      for (gsize k = 0; values[k] != NULL; k++)
        g_string_append_printf (line, g_str_equal (values[k], "true") ? "--%s " : "--%s=%s ",
                                pair[0], values[k]);
    }
  g_string_truncate (line, line->len - 1);
  assert_parses (&options, line->str);
  assert_everything (&options);
}

/* Paths are absolute, or start from the file's folder. */
static void
test_file (void)
{
  g_auto (DuplexOptions) absolute = { 0 };
  g_auto (DuplexOptions) relative = { 0 };

  write_everything ("absolute.conf", folder);
  assert_parses (&absolute, "--config @/absolute.conf");
  assert_everything (&absolute);
  write_everything ("relative.conf", ".");
  assert_parses (&relative, "--config @/relative.conf");
  assert_everything (&relative);
}

static void
test_precedence (void)
{
  g_auto (DuplexOptions) options = { 0 };

  write_file ("half.conf", "[relay]\nrate=7\nmax-message=9\nallow-backend=a;b\ndrain=3\n");
  assert_parses (&options, "--rate 8 --allow-backend c.example --config @/half.conf --drain=0");
  g_assert_cmpuint (options.settings->pump.limits.rate, ==, 8);
  g_assert_cmpuint (options.settings->pump.limits.max_message, ==, 9);
  g_assert_cmpuint (options.settings->pump.limits.max_frame, ==, 9);
  g_assert_cmpuint (options.drain, ==, 0);
  g_assert_true (reaches (options.settings, "ws://c.example", "192.0.2.1"));
  g_assert_false (reaches (options.settings, "ws://a", "192.0.2.1"));
}

/* A frame may be as long as a message unless it is said. */
static void
test_max_frame (void)
{
  static const struct
  {
    const char *arguments;
    guint64     max_message;
    guint64     max_frame;
  } cases[] = {
    { "--max-message 9", 9, 9 },
    { "--max-message 9 --max-frame 0", 9, 9 },
    { "--max-message 9 --max-frame 5", 9, 5 },
    { "--max-frame 5", DUPLEX_LIMIT_RELAY_MESSAGE, 5 },
    { "--max-frame 0", DUPLEX_LIMIT_RELAY_MESSAGE, DUPLEX_LIMIT_RELAY_MESSAGE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (DuplexOptions) options = { 0 };

      assert_parses (&options, cases[i].arguments);
      g_assert_cmpuint (options.settings->pump.limits.max_message, ==, cases[i].max_message);
      g_assert_cmpuint (options.settings->pump.limits.max_frame, ==, cases[i].max_frame);
    }
}

static void
test_empty_file (void)
{
  static const char *const texts[] = { "", "# nothing\n", "[relay]\n", "\n\n[relay]\n# rate=1\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_auto (DuplexOptions) options = { 0 };

      write_file ("empty.conf", texts[i]);
      assert_parses (&options, "--config @/empty.conf");
      g_assert_cmpuint (options.settings->max_connections, ==, DUPLEX_LIMIT_RELAY_CONNECTIONS);
    }
}

/* ---- what is refused, and what the message names ---- */

static void
assert_refused (const char        *line,
                const char *const *words)
{
  g_auto (DuplexOptions) options = { 0 };
  g_autoptr (GError)     error = NULL;

  if (parse (&options, line, &error))
    g_error ("taken: %s", line);
  g_assert_nonnull (error);
  g_assert_null (strchr (error->message, '\n'));
  for (gsize i = 0; words[i] != NULL; i++)
    if (strstr (error->message, words[i]) == NULL)
      g_error ("%s: no \"%s\" in \"%s\"", line, words[i], error->message);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *line;
    const char *words[4];
  } cases[] = {
    { "--workers 257", { "--workers", "257", "256" } },
    { "--workers -1", { "--workers", "-1" } },
    { "--max-message 0", { "--max-message", "0", "from 1" } },
    { "--max-message 9223372036854775808", { "--max-message", "9223372036854775808" } },
    { "--max-message 1k", { "--max-message", "1k" } },
    { "--max-frame -1", { "--max-frame", "-1" } },
    { "--max-connections 0", { "--max-connections" } },
    { "--max-per-address -1", { "--max-per-address" } },
    { "--rate 4294967296", { "--rate", "4294967296" } },
    { "--byte-rate x", { "--byte-rate", "x" } },
    { "--handshake-timeout 0", { "--handshake-timeout" } },
    { "--connect-timeout 86401", { "--connect-timeout", "86401", "86400" } },
    { "--idle-timeout 1.5", { "--idle-timeout", "1.5" } },
    { "--close-timeout 0", { "--close-timeout" } },
    { "--ping-interval -1", { "--ping-interval" } },
    { "--drain soon", { "--drain", "soon" } },
    { "--capture-budget 0", { "--capture-budget" } },
    { "--capture=", { "--capture", "empty" } },
    { "--capture a%Qb", { "--capture", "a%Qb", "strftime" } },
    { "--listen nowhere", { "--listen", "nowhere" } },
    { "--listen 127.0.0.1:65536", { "--listen", "127.0.0.1:65536" } },
    { "--allow-backend http://x", { "--allow-backend", "http://x" } },
    { "--allow-backend a --allow-backend b/", { "--allow-backend", "b/" } },
    { "--token-file @/missing", { "--token-file", "/missing" } },
    { "--token-file @/no-token", { "--token-file", "/no-token" } },
    { "--token-file @/big", { "--token-file", "/big" } },
    { "--token-message", { "--token-message", "--token-file" } },
    { "--forward-header Host", { "--forward-header", "Host" } },
    { "--forward-header X-A --forward-header sec-websocket-key", { "sec-websocket-key" } },
    { "--forward-header transfer-encoding", { "transfer-encoding" } },
    { "--forward-header a:b", { "--forward-header", "a:b" } },
    { "--forward-header authorization --token-file @/tokens",
      { "--forward-header", "authorization", "--token-message" } },
    { "--tls-cert @/valid.pem", { "--tls-cert", "--tls-key" } },
    { "--tls-key @/valid.key", { "--tls-cert", "--tls-key" } },
    { "--tls-cert @/missing --tls-key @/valid.key", { "--tls-cert", "/missing" } },
    { "--tls-cert @/valid.pem --tls-key @/missing", { "--tls-cert", "/missing" } },
    { "--tls-cert @/valid.key --tls-key @/valid.key", { "/valid.key", "CERTIFICATE" } },
    { "--tls-cert @/valid.pem --tls-key @/ca.pem", { "/ca.pem", "PRIVATE KEY" } },
    { "--tls-cert @/broken.pem --tls-key @/valid.key", { "/broken.pem" } },
    { "--tls-cert @/valid.pem --tls-key @/self-signed.key", { "/valid.pem", "/self-signed.key" } },
    { "--cacert @/missing", { "--cacert", "/missing" } },
    { "--cacert @/no-token", { "--cacert", "/no-token" } },
    { "--listen 0.0.0.0:0", { "--allow-backend", "--token-file" } },
    { "--listen [::]:0", { "--allow-backend", "--token-file" } },
    { "--listen 192.0.2.1:80 --allow-origin *", { "--allow-backend", "--token-file" } },
    { "--config @/missing", { "/missing" } },
    { "more", { "more" } },
    { "--nonsense", { "--nonsense" } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].line, cases[i].words);
}

/* File, key and value are named. */
static void
test_file_refused (void)
{
  static const struct
  {
    const char *text;
    const char *words[4];
  } cases[] = {
    { "[relay]\nnonsense=1\n", { "bad.conf", "nonsense" } },
    { "[relay]\nconfig=x\n", { "bad.conf", "config" } },
    { "[relay]\nversion=true\n", { "bad.conf", "version" } },
    { "[relay]\nrate[de]=1\n", { "bad.conf", "rate[de]" } },
    { "[other]\nrate=1\n", { "bad.conf", "other" } },
    { "[relay]\nrate=1\n[more]\n", { "bad.conf", "more" } },
    { "rate=1\n", { "bad.conf" } },
    { "[relay]\nrate\n", { "bad.conf", "rate" } },
    { "[relay]\nrate=1x\n", { "bad.conf: rate", "1x" } },
    { "[relay]\nrate=\n", { "bad.conf: rate" } },
    { "[relay]\nworkers=1000\n", { "bad.conf: workers", "1000" } },
    { "[relay]\nno-status=yes\n", { "bad.conf: no-status", "yes" } },
    { "[relay]\nno-status=\n", { "bad.conf: no-status" } },
    { "[relay]\nlisten=\n", { "bad.conf: listen" } },
    { "[relay]\nlisten=x:1\n", { "bad.conf: listen", "x:1" } },
    { "[relay]\nallow-backend=a;b/c\n", { "bad.conf: allow-backend", "b/c" } },
    { "[relay]\nallow-origin=a\nallow-origin=b\n", { "bad.conf", "allow-origin" } },
    { "[relay]\nrate=1\n rate = 2\n", { "bad.conf", "rate" } },
    { "[relay]\nforward-header=Upgrade\n", { "bad.conf: forward-header", "Upgrade" } },
    { "[relay]\ntoken-file=missing\n", { "bad.conf: token-file", "/missing" } },
    { "[relay]\ncapture=a\\qb\n", { "bad.conf: capture", "a\\qb" } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      write_file ("bad.conf", cases[i].text);
      assert_refused ("--config @/bad.conf", cases[i].words);
    }
}

/* What an unknown key holds may be a secret. */
static void
test_no_secret (void)
{
  g_auto (DuplexOptions) options = { 0 };
  g_autoptr (GError)     error = NULL;

  write_file ("secret.conf", "[relay]\ntoken=s3cret\n");
  g_assert_false (parse (&options, "--config @/secret.conf", &error));
  g_assert_null (strstr (error->message, "s3cret"));
}

/* Where it listens decides what it reaches. */
static void
test_reach (void)
{
  static const struct
  {
    const char *line;
    gboolean    loopback;
    gboolean    other; /* ws://a.example at 192.0.2.1 */
  } cases[] = {
    { "--listen 127.0.0.1:0", TRUE, FALSE },
    { "--listen [::1]:0", TRUE, FALSE },
    { "--listen localhost:0", TRUE, FALSE },
    { "--listen [::ffff:127.0.0.1]:0", TRUE, FALSE },
    { "--allow-backend a.example", TRUE, TRUE },
    { "--listen 0.0.0.0:0 --allow-backend a.example", FALSE, TRUE },
    { "--listen 0.0.0.0:0 --token-file @/tokens", TRUE, FALSE },
    { "--listen [::]:0 --token-file @/tokens --allow-backend a.example", TRUE, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (DuplexOptions) options = { 0 };

      assert_parses (&options, cases[i].line);
      if (reaches (options.settings, "ws://x", "127.0.0.1") != cases[i].loopback ||
          reaches (options.settings, "ws://a.example", "192.0.2.1") != cases[i].other)
        g_error ("%s", cases[i].line);
    }
}

static void
test_version (void)
{
  g_auto (DuplexOptions) options = { 0 };

  assert_parses (&options, "--version --config @/missing");
  g_assert_true (options.version);
}

/* ---- a reload ---- */

static void
test_reload (void)
{
  g_auto (DuplexOptions)          options = { 0 };
  g_autoptr (DuplexRelaySettings) now = NULL;
  g_autoptr (GError)              error = NULL;

  write_file ("changing", "old\n");
  write_file ("reload.conf", "[relay]\nrate=5\nmax-message=6\ntoken-file=changing\ndrain=7\n");
  assert_parses (&options, "--max-message 8 --config @/reload.conf");
  g_assert_true (duplex_policy_allows_token (options.settings->policy, "Bearer old"));

  write_file ("changing", "new\n");
  write_file ("reload.conf", "[relay]\nrate=50\nmax-message=60\ntoken-file=changing\ndrain=70\n"
                             "tls-cert=valid.pem\ntls-key=valid.key\n");
  now = duplex_options_reload (&options, &error);
  g_assert_no_error (error);
  g_assert_true (now != options.settings);
  g_assert_cmpuint (now->pump.limits.rate, ==, 50);
  g_assert_cmpuint (now->pump.limits.max_message, ==, 8);
  g_assert_cmpuint (options.drain, ==, 70);
  g_assert_nonnull (now->certificate);
  g_assert_true (duplex_policy_allows_token (now->policy, "Bearer new"));
  g_assert_false (duplex_policy_allows_token (now->policy, "Bearer old"));
  /* Connections that began with it still have the one before. */
  g_assert_cmpuint (options.settings->pump.limits.rate, ==, 5);
  g_assert_true (duplex_policy_allows_token (options.settings->policy, "Bearer old"));
}

static void
test_reload_fails (void)
{
  static const char *const texts[] = {
    "[relay]\nrate=x\ndrain=1\n",
    "[relay]\nnonsense=1\ndrain=1\n",
    "[relay]\ntoken-file=missing\ndrain=1\n",
    "[relay]\ntls-cert=valid.pem\ntls-key=self-signed.key\ndrain=1\n",
    /* Nothing but the token lets it listen there. */
    "[relay]\ndrain=1\n",
  };
  g_auto (DuplexOptions) options = { 0 };

  write_file ("fails.conf", "[relay]\ntoken-file=tokens\ndrain=9\n");
  assert_parses (&options, "--listen 0.0.0.0:0 --config @/fails.conf");
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      write_file ("fails.conf", texts[i]);
      g_assert_null (duplex_options_reload (&options, &error));
      g_assert_nonnull (error);
      g_assert_cmpuint (options.drain, ==, 9);
    }
}

/* A new certificate in the old files. */
static void
test_reload_certificate (void)
{
  g_auto (DuplexOptions)          options = { 0 };
  g_autoptr (DuplexRelaySettings) same = NULL;
  g_autoptr (DuplexRelaySettings) now = NULL;
  g_autoptr (GError)              error = NULL;
  g_autofree char                *certificate = dup_path ("current.pem");
  g_autofree char                *key = dup_path ("current.key");
  g_autofree char                *other = dup_path ("self-signed.pem");
  g_autofree char                *other_key = dup_path ("self-signed.key");
  g_autofree char                *valid = dup_path ("valid.pem");
  g_autofree char                *valid_key = dup_path ("valid.key");

  g_assert_cmpint (symlink (valid, certificate), ==, 0);
  g_assert_cmpint (symlink (valid_key, key), ==, 0);
  assert_parses (&options, "--tls-cert @/current.pem --tls-key @/current.key");
  same = duplex_options_reload (&options, &error);
  g_assert_no_error (error);
  g_assert_true (shows (same, "valid.pem"));

  g_assert_cmpint (g_unlink (certificate), ==, 0);
  g_assert_cmpint (symlink (other, certificate), ==, 0);
  g_assert_null (duplex_options_reload (&options, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (g_unlink (key), ==, 0);
  g_assert_cmpint (symlink (other_key, key), ==, 0);
  now = duplex_options_reload (&options, &error);
  g_assert_no_error (error);
  g_assert_true (shows (now, "self-signed.pem"));
  g_assert_true (shows (options.settings, "valid.pem"));
}

static void
test_reload_fixed (void)
{
  g_auto (DuplexOptions) options = { 0 };

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_passed ();
      g_test_trap_assert_stderr ("*notice*--listen*--workers*--capture*--log-json*");
      g_test_trap_assert_stderr_unmatched ("*--capture-budget*");
      return;
    }
  write_file ("fixed.conf", "[relay]\nlisten=127.0.0.1:1\nrate=1\ncapture-budget=5\n");
  assert_parses (&options, "--config @/fixed.conf");
  write_file ("fixed.conf", "[relay]\nlisten=127.0.0.1:2\nrate=2\ncapture-budget=5\nworkers=1\n"
                            "capture=x\nlog-json=true\n");
  duplex_relay_settings_unref (duplex_options_reload (&options, NULL));
  assert_listens (&options, "127.0.0.1:1");
  duplex_log_finish ();
}

/* ---- */

static void
make_files (void)
{
  g_autofree char   *script = g_test_build_filename (G_TEST_DIST, "interop", "make-certificates",
                                                     NULL);
  g_autofree char   *big = g_strnfill (DUPLEX_LIMIT_RELAY_TOKEN + 1, 'x');
  char              *arguments[] = { script, folder, NULL };
  g_autoptr (GError) error = NULL;
  int                status = -1;

  g_spawn_sync (NULL, arguments, NULL,
                G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  write_file ("tokens", "first\n\n  # none\n\tsecond one \r\n#\n");
  write_file ("no-token", "\n# first\n \n");
  write_file ("big", big);
  write_file ("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
}

static void
remove_files (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char      *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = dup_path (name);

      g_unlink (path);
    }
  g_rmdir (folder);
  g_free (folder);
}

/* A service has another file at each start. */
static void
test_capture_name (void)
{
  g_auto (DuplexOptions) options = { 0 };
  g_autofree char       *name = NULL;

  assert_parses (&options, "--capture @/100%%-%Y-%m-%d.duplex");
  name = g_path_get_basename (options.capture);
  g_assert_true (g_regex_match_simple ("^100%-\\d{4}-\\d\\d-\\d\\d\\.duplex$", name, 0, 0));
}

int
main (int    argc,
      char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("duplex-options-XXXXXX", NULL);
  make_files ();

  g_test_add_func ("/relay/options/defaults", test_defaults);
  g_test_add_func ("/relay/options/command-line", test_command_line);
  g_test_add_func ("/relay/options/file", test_file);
  g_test_add_func ("/relay/options/precedence", test_precedence);
  g_test_add_func ("/relay/options/max-frame", test_max_frame);
  g_test_add_func ("/relay/options/empty-file", test_empty_file);
  g_test_add_func ("/relay/options/refused", test_refused);
  g_test_add_func ("/relay/options/file-refused", test_file_refused);
  g_test_add_func ("/relay/options/no-secret", test_no_secret);
  g_test_add_func ("/relay/options/reach", test_reach);
  g_test_add_func ("/relay/options/capture-name", test_capture_name);
  g_test_add_func ("/relay/options/version", test_version);
  g_test_add_func ("/relay/options/reload", test_reload);
  g_test_add_func ("/relay/options/reload/fails", test_reload_fails);
  g_test_add_func ("/relay/options/reload/certificate", test_reload_certificate);
  g_test_add_func ("/relay/options/reload/fixed", test_reload_fixed);

  result = g_test_run ();
  remove_files ();
  return result;
}
