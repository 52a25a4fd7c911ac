/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-finding.h"

#include <string.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"

/* The names are for scripts and the numbers stand in files: this table is what they were when they
 * were first written, in the order of the numbers. */
static const struct
{
  const char    *name;
  DuplexSeverity severity;
  guint16        close_code;
} expected[] = {
  { "none", DUPLEX_SEVERITY_NOTE, 0 },
  { "masked-server-frame", DUPLEX_SEVERITY_ERROR, 1002 },
  { "unmasked-client-frame", DUPLEX_SEVERITY_ERROR, 1002 },
  { "reserved-bit", DUPLEX_SEVERITY_ERROR, 1002 },
  { "reserved-opcode", DUPLEX_SEVERITY_ERROR, 1002 },
  { "length-not-minimal", DUPLEX_SEVERITY_ERROR, 1002 },
  { "length-top-bit", DUPLEX_SEVERITY_ERROR, 1002 },
  { "control-fragmented", DUPLEX_SEVERITY_ERROR, 1002 },
  { "control-too-long", DUPLEX_SEVERITY_ERROR, 1002 },
  { "continuation-unexpected", DUPLEX_SEVERITY_ERROR, 1002 },
  { "continuation-expected", DUPLEX_SEVERITY_ERROR, 1002 },
  { "invalid-utf8", DUPLEX_SEVERITY_ERROR, 1007 },
  { "message-too-big", DUPLEX_SEVERITY_ERROR, 1009 },
  { "frame-cut", DUPLEX_SEVERITY_WARNING, 0 },
  { "message-unfinished", DUPLEX_SEVERITY_WARNING, 0 },
  { "close-one-byte", DUPLEX_SEVERITY_ERROR, 1002 },
  { "close-code-forbidden", DUPLEX_SEVERITY_ERROR, 1002 },
  { "close-reason-invalid-utf8", DUPLEX_SEVERITY_ERROR, 1007 },
  { "data-after-close", DUPLEX_SEVERITY_WARNING, 0 },
  { "eof-without-close", DUPLEX_SEVERITY_WARNING, 0 },
  { "close-timeout", DUPLEX_SEVERITY_WARNING, 0 },
  { "tls-no-close-notify", DUPLEX_SEVERITY_WARNING, 0 },
  { "handshake-not-http", DUPLEX_SEVERITY_ERROR, 0 },
  { "handshake-version", DUPLEX_SEVERITY_ERROR, 0 },
  { "upgrade-missing", DUPLEX_SEVERITY_ERROR, 0 },
  { "connection-missing", DUPLEX_SEVERITY_ERROR, 0 },
  { "accept-wrong", DUPLEX_SEVERITY_ERROR, 0 },
  { "extension-not-offered", DUPLEX_SEVERITY_ERROR, 0 },
  { "subprotocol-not-offered", DUPLEX_SEVERITY_ERROR, 0 },
  { "subprotocol-not-chosen", DUPLEX_SEVERITY_NOTE, 0 },
  { "header-repeated", DUPLEX_SEVERITY_WARNING, 0 },
  { "soup-disagrees", DUPLEX_SEVERITY_WARNING, 0 },
  { "certificate-overridden", DUPLEX_SEVERITY_WARNING, 0 },
  { "extension-malformed", DUPLEX_SEVERITY_ERROR, 0 },
  { "extension-repeated", DUPLEX_SEVERITY_ERROR, 0 },
  { "deflate-parameter-unknown", DUPLEX_SEVERITY_ERROR, 0 },
  { "deflate-parameter-repeated", DUPLEX_SEVERITY_ERROR, 0 },
  { "deflate-parameter-value", DUPLEX_SEVERITY_ERROR, 0 },
  { "deflate-parameter-missing", DUPLEX_SEVERITY_ERROR, 0 },
  { "deflate-parameter-not-offered", DUPLEX_SEVERITY_ERROR, 0 },
  { "deflate-window-too-large", DUPLEX_SEVERITY_ERROR, 0 },
  { "deflate-corrupt", DUPLEX_SEVERITY_ERROR, 1007 },
  { "inflated-too-big", DUPLEX_SEVERITY_ERROR, 1009 },
  { "compressed-bit-misplaced", DUPLEX_SEVERITY_ERROR, 1002 },
  { "text-unsafe", DUPLEX_SEVERITY_NOTE, 0 },
  { "pong-missing", DUPLEX_SEVERITY_WARNING, 0 },
};

static void
test_table (void)
{
  g_assert_cmpuint (G_N_ELEMENTS (expected), ==, DUPLEX_N_FINDINGS);
  for (guint id = 0; id < DUPLEX_N_FINDINGS; id++)
    {
      g_assert_cmpstr (duplex_finding_get_name (id), ==, expected[id].name);
      g_assert_cmpint (duplex_finding_get_severity (id), ==, expected[id].severity);
      g_assert_cmpuint (duplex_finding_get_close_code (id), ==, expected[id].close_code);
    }
}

/* Every id has a section and a sentence of its own. */
static void
test_texts (void)
{
  g_autoptr (GHashTable) texts = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint id = DUPLEX_FINDING_NONE + 1; id < DUPLEX_N_FINDINGS; id++)
    {
      const char *text = duplex_finding_get_text (id);

      g_assert_true (g_str_has_prefix (duplex_finding_get_section (id), "RFC "));
      g_assert_nonnull (strstr (duplex_finding_get_section (id), " §"));
      g_assert_true (g_str_has_suffix (text, "."));
      g_assert_true (g_unichar_isupper (g_utf8_get_char (text)));
      g_assert_cmpuint (strlen (text), >, 20);
      g_assert_null (strstr (text, "  "));
      g_assert_true (g_hash_table_add (texts, (gpointer)text));
    }
}

/* A connection is failed with a code that may be sent, and only for an error. */
static void
test_close_codes (void)
{
  for (guint id = 0; id < DUPLEX_N_FINDINGS; id++)
    {
      guint16 code = duplex_finding_get_close_code (id);

      if (code == 0)
        continue;
      g_assert_true (duplex_close_code_may_send (code));
      g_assert_cmpint (duplex_finding_get_severity (id), ==, DUPLEX_SEVERITY_ERROR);
    }
}

/* The number of a finding that a later version added. */
static void
test_unknown (void)
{
  static const guint ids[] = { DUPLEX_N_FINDINGS, DUPLEX_N_FINDINGS + 1, 1000000, G_MAXUINT };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_assert_cmpstr (duplex_finding_get_name (ids[i]), ==, "unknown");
      g_assert_cmpstr (duplex_finding_get_section (ids[i]), ==, "");
      g_assert_cmpuint (strlen (duplex_finding_get_text (ids[i])), >, 0);
      g_assert_cmpint (duplex_finding_get_severity (ids[i]), ==, DUPLEX_SEVERITY_NOTE);
      g_assert_cmpuint (duplex_finding_get_close_code (ids[i]), ==, 0);
    }
}

static void
test_error_domain (void)
{
  g_assert_cmpstr (g_quark_to_string (DUPLEX_ERROR), ==, "duplex-error-quark");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/finding/table", test_table);
  g_test_add_func ("/core/finding/texts", test_texts);
  g_test_add_func ("/core/finding/close-codes", test_close_codes);
  g_test_add_func ("/core/finding/unknown", test_unknown);
  g_test_add_func ("/core/error/domain", test_error_domain);

  return g_test_run ();
}
