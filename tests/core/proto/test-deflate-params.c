/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-deflate-params.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "duplex-guard-page.h"

#define PATH "/core/deflate-params/"

/* ---- offers as text ---- */

static const struct
{
  DuplexDeflateParams params;
  const char         *text;
} texts[] = {
  { { 0 }, "permessage-deflate" },
  { { TRUE, FALSE, 0, 0 }, "permessage-deflate; server_no_context_takeover" },
  { { FALSE, TRUE, 0, 0 }, "permessage-deflate; client_no_context_takeover" },
  { { FALSE, FALSE, 8, 0 }, "permessage-deflate; server_max_window_bits=8" },
  { { FALSE, FALSE, 15, 0 }, "permessage-deflate; server_max_window_bits=15" },
  { { FALSE, FALSE, 0, DUPLEX_WINDOW_BITS_NO_VALUE },
    "permessage-deflate; client_max_window_bits" },
  { { FALSE, FALSE, 0, 10 }, "permessage-deflate; client_max_window_bits=10" },
  { { TRUE, TRUE, 9, 12 },
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
    "server_max_window_bits=9; client_max_window_bits=12" },
};

static void
test_text (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *text = duplex_deflate_params_to_string (&texts[i].params);

      g_assert_true (duplex_deflate_params_is_valid (&texts[i].params));
      g_assert_cmpstr (text, ==, texts[i].text);
    }
}

static void
test_valid (void)
{
  for (guint bits = 0; bits <= 20; bits++)
    {
      const DuplexDeflateParams server = { .server_max_window_bits = bits };
      const DuplexDeflateParams client = { .client_max_window_bits = bits };
      gboolean                  valid = bits == 0 || (bits >= 8 && bits <= 15);

      g_assert_cmpint (duplex_deflate_params_is_valid (&server), ==, valid);
      g_assert_cmpint (duplex_deflate_params_is_valid (&client), ==, valid || bits == 1);
    }
}

/* ---- a client judges a response ---- */

#define NO_VALUE DUPLEX_WINDOW_BITS_NO_VALUE

static const DuplexDeflateParams plain = { 0 };
static const DuplexDeflateParams usual = { .client_max_window_bits = NO_VALUE };
static const DuplexDeflateParams all = { TRUE, TRUE, 12, 11 };

/* In the tables a value that begins with ";" stands for permessage-deflate with these parameters,
 * and an agreement is "13 15-": window bits of what the client sends and of what the server sends,
 * with a minus for no context takeover; "" is none. */
typedef struct
{
  const char                *name;
  const DuplexDeflateParams *offer;
  const char                *value;
  const char                *agreement;
} Accepted;

static const Accepted accepted[] = {
  { "none", &plain, "", "" },
  { "none/commas", &plain, " ,, ", "" },
  { "none/no-offer", NULL, "", "" },

  { "plain", &plain, "permessage-deflate", "15 15" },
  { "plain/spaces", &plain, " ,\tpermessage-deflate , ", "15 15" },

  /* A server may have wishes of its own (§7.1.1.1, §7.1.1.2, §7.1.2.1). */
  { "unasked/server-takeover", &plain, "; server_no_context_takeover", "15 15-" },
  { "unasked/client-takeover", &plain, "; client_no_context_takeover", "15- 15" },
  { "unasked/server-bits", &plain, "; server_max_window_bits=10", "15 10" },

  { "client-bits/8", &usual, "; client_max_window_bits=8", "8 15" },
  { "client-bits/9", &usual, "; client_max_window_bits=9", "9 15" },
  { "client-bits/15", &usual, "; client_max_window_bits=15", "15 15" },
  { "client-bits/left-out", &usual, "permessage-deflate", "15 15" },

  /* What the client promised holds without the server's word. */
  { "all/least", &all, "; server_no_context_takeover; server_max_window_bits=12", "11- 12-" },
  {
    "all/smaller",
    &all,
    ";server_max_window_bits=9;client_max_window_bits=8;server_no_context_takeover;"
    "client_no_context_takeover",
    "8- 9-",
  },

  /* RFC 6455 §9.1: a value may be quoted, and is then the token inside. */
  { "quoted", &usual, "; client_max_window_bits=\"10\"", "10 15" },
  { "quoted/escaped", &usual, "; client_max_window_bits=\"\\1\\0\"", "10 15" },
  { "spaces-around", &usual, " ;\tclient_max_window_bits = 10 ", "10 15" },
};

/* An @ in the value is no part of it: it marks the place of a finding. */
typedef struct
{
  const char                *name;
  const DuplexDeflateParams *offer;
  const char                *value;
  const char                *findings;
} Refused;

static const Refused refused[] = {
  { "value/none/server", &plain, "; @server_max_window_bits", "deflate-parameter-value" },
  { "value/none/client", &usual, "; @client_max_window_bits", "deflate-parameter-value" },
  { "value/needless", &plain, "; @server_no_context_takeover=1", "deflate-parameter-value" },
  {
    "value/needless/quoted",
    &plain,
    "; @client_no_context_takeover=\"true\"",
    "deflate-parameter-value",
  },
  { "value/leading-zero", &plain, "; @server_max_window_bits=08", "deflate-parameter-value" },
  { "value/quoted-zero", &plain, "; @server_max_window_bits=\"010\"", "deflate-parameter-value" },
  { "value/0", &plain, "; @server_max_window_bits=0", "deflate-parameter-value" },
  { "value/1", &usual, "; @client_max_window_bits=1", "deflate-parameter-value" },
  { "value/7", &plain, "; @server_max_window_bits=7", "deflate-parameter-value" },
  { "value/16", &usual, "; @client_max_window_bits=16", "deflate-parameter-value" },
  { "value/overflow", &plain, "; @server_max_window_bits=4294967306", "deflate-parameter-value" },
  { "value/hex", &plain, "; @server_max_window_bits=0xa", "deflate-parameter-value" },
  { "value/sign", &plain, "; @server_max_window_bits=+9", "deflate-parameter-value" },
  { "value/trailing", &plain, "; @server_max_window_bits=9a", "deflate-parameter-value" },

  { "unknown", &plain, "; @window=9; server_no_context_takeover", "deflate-parameter-unknown" },
  { "unknown/case", &plain, "; @Server_No_Context_Takeover", "deflate-parameter-unknown" },
  { "unknown/longer", &plain, "; @server_no_context_takeovers", "deflate-parameter-unknown" },
  { "unknown/shorter", &plain, "; @server_no_context_takeove", "deflate-parameter-unknown" },

  {
    "twice",
    &plain,
    "; server_no_context_takeover; @server_no_context_takeover",
    "deflate-parameter-repeated",
  },
  {
    "twice/values",
    &usual,
    "; client_max_window_bits=9; @client_max_window_bits=10",
    "deflate-parameter-repeated",
  },

  {
    "not-offered",
    &plain,
    "; @client_max_window_bits=10",
    "deflate-parameter-not-offered",
  },
  {
    "not-offered/bad-value",
    &plain,
    "; @@client_max_window_bits",
    "deflate-parameter-value deflate-parameter-not-offered",
  },
  {
    "missing",
    &all,
    ", @@permessage-deflate",
    "deflate-parameter-missing deflate-parameter-missing",
  },
  {
    "missing/takeover",
    &all,
    "@permessage-deflate; server_max_window_bits=12",
    "deflate-parameter-missing",
  },
  {
    "missing/bits",
    &all,
    "@permessage-deflate; server_no_context_takeover",
    "deflate-parameter-missing",
  },
  {
    "larger",
    &all,
    "; server_no_context_takeover; @server_max_window_bits=13; @client_max_window_bits=12",
    "deflate-window-too-large deflate-window-too-large",
  },

  { "malformed/empty", &plain, "; @; server_no_context_takeover", "extension-malformed" },
  { "malformed/semicolon-at-end", &plain, ";@", "extension-malformed" },
  { "malformed/no-name", &plain, "; @=9", "extension-malformed" },
  { "malformed/no-value", &plain, "; @server_max_window_bits=", "extension-malformed" },
  { "malformed/empty-quoted", &plain, "; @server_max_window_bits=\"\"", "extension-malformed" },
  { "malformed/no-token", &plain, "; @server_max_window_bits=\"1 0\"", "extension-malformed" },
  { "malformed/quote-open", &plain, "; @server_max_window_bits=\"10", "extension-malformed" },
  { "malformed/escaped", &plain, "; @server_max_window_bits=\"10\\\"", "extension-malformed" },
  { "malformed/escape-open", &plain, "; @server_max_window_bits=\"10\\", "extension-malformed" },
  { "malformed/lone-quote", &plain, "; @server_max_window_bits=\"", "extension-malformed" },
  { "malformed/behind", &plain, "; @server_max_window_bits=\"10\"0", "extension-malformed" },
  { "malformed/two-words", &plain, "; @server_max_window_bits 10", "extension-malformed" },
  { "malformed/two-values", &plain, "; @server_max_window_bits=9=9", "extension-malformed" },
  { "malformed/quoted-name", &plain, " @\"permessage-deflate\"", "extension-malformed" },
  { "malformed/no-extension", &plain, " @; server_no_context_takeover", "extension-malformed" },

  { "other", &plain, "@x-webkit-deflate-frame", "extension-not-offered" },
  { "other/case", &plain, "@Permessage-Deflate", "extension-not-offered" },
  { "other/behind", &plain, "permessage-deflate, @mux; a=4; b", "extension-not-offered" },
  {
    "other/no-offer",
    NULL,
    "@permessage-deflate; server_max_window_bits=99",
    "extension-not-offered",
  },
  { "again", &plain, "permessage-deflate, @permessage-deflate; x", "extension-repeated" },
  {
    "again/after-bad",
    &plain,
    "; @x, @permessage-deflate",
    "deflate-parameter-unknown extension-repeated",
  },

  {
    "many",
    &usual,
    "; @a=\",;\"; @b; client_max_window_bits=8; @client_max_window_bits; "
    "@server_max_window_bits=3",
    "extension-malformed deflate-parameter-unknown deflate-parameter-repeated "
    "deflate-parameter-value",
  },
};

static void
append_direction (GString                      *text,
                  const DuplexDeflateDirection *direction)
{
  g_string_append_printf (text, "%s%u%s", text->len > 0 ? " " : "", direction->window_bits,
                          direction->no_context_takeover ? "-" : "");
}

static void
assert_agreement (const DuplexDeflateAgreement *agreement,
                  const char                   *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (agreement->agreed)
    {
      append_direction (text, &agreement->client);
      append_direction (text, &agreement->server);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* The value of a table as it stands in a header, and the places that are marked in it. */
static char *
expand_value (const char *value,
              GArray     *places)
{
  GString *text = g_string_new (value[strspn (value, " ")] == ';' ? DUPLEX_DEFLATE_NAME : NULL);

  for (; *value != '\0'; value++)
    {
      if (*value == '@')
        g_array_append_val (places, text->len);
      else
        g_string_append_c (text, *value);
    }

  return g_string_free (text, FALSE);
}

static gboolean
check_guarded (const DuplexDeflateParams *offer,
               const char                *value,
               GArray                    *findings,
               DuplexDeflateAgreement    *agreement)
{
  gsize                       size = strlen (value) + 1;
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (size);

  return duplex_deflate_check_response (offer, (char *)duplex_guard_page_place (guard, value, size),
                                        findings, agreement);
}

static void
test_accepted (gconstpointer data)
{
  const Accepted        *c = data;
  g_autoptr (GArray)     places = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autofree char       *value = expand_value (c->value, places);
  DuplexDeflateAgreement agreement = { 0 };

  g_assert_true (check_guarded (c->offer, value, findings, &agreement));
  g_assert_cmpuint (findings->len, ==, 0);
  assert_agreement (&agreement, c->agreement);
}

static void
test_refused (gconstpointer data)
{
  const Refused         *c = data;
  g_autoptr (GArray)     places = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autoptr (GString)    names = g_string_new (NULL);
  g_autofree char       *value = expand_value (c->value, places);
  DuplexDeflateAgreement agreement = { 0 };

  g_assert_false (check_guarded (c->offer, value, findings, &agreement));
  for (guint i = 0; i < findings->len; i++)
    {
      const char *name = duplex_finding_get_name (g_array_index (findings, DuplexFinding, i).id);

      g_string_append_printf (names, "%s%s", i > 0 ? " " : "", name);
    }
  g_assert_cmpstr (names->str, ==, c->findings);

  g_assert_cmpuint (findings->len, ==, places->len);
  for (guint i = 0; i < findings->len; i++)
    g_assert_cmpuint (g_array_index (findings, DuplexFinding, i).offset, ==,
                      g_array_index (places, gsize, i));
}

/* A field that comes twice: what the first one agreed on is known when the second is read. */
static void
test_repeated_field (void)
{
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexDeflateAgreement agreement = { 0 };
  DuplexFinding          finding;

  g_assert_true (duplex_deflate_check_response (&plain, "permessage-deflate", findings,
                                                &agreement));
  g_assert_true (duplex_deflate_check_response (&plain, "", findings, &agreement));
  g_assert_true (agreement.agreed);
  g_assert_false (duplex_deflate_check_response (&plain, " permessage-deflate", findings,
                                                 &agreement));
  g_assert_cmpuint (findings->len, ==, 1);
  finding = g_array_index (findings, DuplexFinding, 0);
  g_assert_cmpint (finding.id, ==, DUPLEX_FINDING_EXTENSION_REPEATED);
  g_assert_cmpuint (finding.offset, ==, 1);
}

/* Findings that were there stay, and do not count. */
static void
test_findings_before (void)
{
  const DuplexFinding    before = { DUPLEX_FINDING_UPGRADE_MISSING, 7 };
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexDeflateAgreement agreement = { 0 };

  g_array_append_val (findings, before);
  g_assert_true (duplex_deflate_check_response (&plain, "permessage-deflate", findings,
                                                &agreement));
  g_assert_cmpuint (findings->len, ==, 1);
}

/* ---- a person writes ---- */

typedef struct
{
  const char *name;
  const char *text;
  const char *offer; /* or what the error ends in */
} Written;

static const Written good_texts[] = {
  { "nothing", "", "permessage-deflate" },
  { "spaces", " \t ", "permessage-deflate" },
  { "one", "client_max_window_bits", "permessage-deflate; client_max_window_bits" },
  { "value", "server_max_window_bits=9", "permessage-deflate; server_max_window_bits=9" },
  { "all",
    "client_max_window_bits = 15;server_max_window_bits=\"8\" ; client_no_context_takeover;"
    "server_no_context_takeover",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
    "server_max_window_bits=8; client_max_window_bits=15" },
  { "last-semicolon", "client_no_context_takeover; ",
    "permessage-deflate; client_no_context_takeover" },
};

static const Written bad_texts[] = {
  { "unknown", "level=9", "“level=9” is no parameter of permessage-deflate" },
  { "the-name-itself", "permessage-deflate",
    "“permessage-deflate” is no parameter of permessage-deflate" },
  { "other-case", "Client_Max_Window_Bits",
    "“Client_Max_Window_Bits” is no parameter of permessage-deflate" },
  { "repeated", "client_max_window_bits; client_max_window_bits=9",
    "“client_max_window_bits=9” is the second of its name" },
  { "bits/7", "server_max_window_bits=7", "other parameters have none" },
  { "bits/16", "client_max_window_bits=16", "other parameters have none" },
  { "bits/none", "server_max_window_bits", "other parameters have none" },
  { "value", "server_no_context_takeover=1", "other parameters have none" },
  { "second-offer", "client_max_window_bits, permessage-deflate", "is not a parameter" },
  { "empty", ";client_max_window_bits", "“” is not a parameter" },
  { "line-end", "client_max_window_bits\r\nX: y", "is not a parameter" },
};

static void
test_good_text (gconstpointer data)
{
  const Written      *c = data;
  DuplexDeflateParams params;
  g_autoptr (GError)  error = NULL;
  g_autofree char    *offer = NULL;

  g_assert_true (duplex_deflate_params_parse (c->text, &params, &error));
  g_assert_no_error (error);
  offer = duplex_deflate_params_to_string (&params);
  g_assert_cmpstr (offer, ==, c->offer);
}

static void
test_bad_text (gconstpointer data)
{
  const Written      *c = data;
  DuplexDeflateParams params = { .server_max_window_bits = 11 };
  g_autoptr (GError)  error = NULL;

  g_assert_false (duplex_deflate_params_parse (c->text, &params, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  if (!g_str_has_suffix (error->message, c->offer))
    g_error ("\"%s\" does not end in \"%s\"", error->message, c->offer);
  g_assert_cmpuint (params.server_max_window_bits, ==, 11);
}

/* ---- a server chooses ---- */

static const DuplexDeflateParams own_takeover = { TRUE, TRUE, 0, 0 };
static const DuplexDeflateParams own_bits = { FALSE, FALSE, 11, 10 };

typedef struct
{
  const char                *name;
  const DuplexDeflateParams *own;
  const char                *value;
  const char                *response; /* NULL: declined */
  const char                *agreement;
} Choice;

static const Choice choices[] = {
  { "none", NULL, "", NULL, "" },
  { "other", NULL, "mux, permessage-bzip2; x", NULL, "" },
  { "plain", NULL, "permessage-deflate", "permessage-deflate", "15 15" },
  /* What browsers send. */
  { "usual", NULL, "; client_max_window_bits", "permessage-deflate", "15 15" },
  { "hint", NULL, "; client_max_window_bits=9", "permessage-deflate", "9 15" },
  {
    "client-takeover",
    NULL,
    "; client_no_context_takeover",
    "; client_no_context_takeover",
    "15- 15",
  },
  {
    "server-takeover",
    NULL,
    "; server_no_context_takeover",
    "; server_no_context_takeover",
    "15 15-",
  },
  { "bits/8", NULL, "; server_max_window_bits=8", "; server_max_window_bits=8", "15 8" },
  { "bits/15", NULL, "; server_max_window_bits=15", "; server_max_window_bits=15", "15 15" },
  { "quoted", NULL, "; server_max_window_bits=\"12\"", "; server_max_window_bits=12", "15 12" },

  {
    "own/takeover",
    &own_takeover,
    "permessage-deflate",
    "; server_no_context_takeover; client_no_context_takeover",
    "15- 15-",
  },
  {
    "own/bits",
    &own_bits,
    "; client_max_window_bits",
    "; server_max_window_bits=11; client_max_window_bits=10",
    "10 11",
  },
  {
    "own/bits/smaller-offer",
    &own_bits,
    "; client_max_window_bits=9; server_max_window_bits=8",
    "; server_max_window_bits=8; client_max_window_bits=9",
    "9 8",
  },
  {
    "own/bits/larger-offer",
    &own_bits,
    "; client_max_window_bits=15; server_max_window_bits=15",
    "; server_max_window_bits=11; client_max_window_bits=10",
    "10 11",
  },
  /* §7.1.2.2: not in the offer, so not in the response. */
  {
    "own/bits/not-offered",
    &own_bits,
    "permessage-deflate",
    "; server_max_window_bits=11",
    "15 11",
  },

  { "declined/unknown", NULL, "; x", NULL, "" },
  { "declined/twice", NULL, "; client_max_window_bits; client_max_window_bits=9", NULL, "" },
  { "declined/no-value", NULL, "; server_max_window_bits", NULL, "" },
  { "declined/needless-value", NULL, "; server_no_context_takeover=1", NULL, "" },
  { "declined/range", NULL, "; client_max_window_bits=16", NULL, "" },
  { "declined/leading-zero", NULL, "; server_max_window_bits=09", NULL, "" },
  { "declined/malformed", NULL, ";", NULL, "" },
  { "declined/quote-open", NULL, "; server_max_window_bits=\"9, permessage-deflate", NULL, "" },

  {
    "second",
    NULL,
    "; server_max_window_bits=20, mux,, permessage-deflate; server_max_window_bits=10",
    "; server_max_window_bits=10",
    "15 10",
  },
  {
    "first-of-two",
    NULL,
    "; server_no_context_takeover, permessage-deflate",
    "; server_no_context_takeover",
    "15 15-",
  },
};

static void
test_choice (gconstpointer data)
{
  const Choice          *c = data;
  g_autoptr (GArray)     places = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autofree char       *value = expand_value (c->value, places);
  g_autofree char       *expected = c->response ? expand_value (c->response, places) : NULL;
  g_autofree char       *response = NULL;
  DuplexDeflateAgreement agreement = { 0 };
  DuplexDeflateParams    found;
  gboolean               ok;

  ok = duplex_deflate_accept_offer (value, c->own, &response, &agreement);
  g_assert_cmpint (ok, ==, c->response != NULL);
  g_assert_cmpstr (response, ==, expected);
  assert_agreement (&agreement, c->agreement);
  g_assert_cmpint (duplex_deflate_find_offer (value, &found), ==, ok);
}

static void
nth_params (guint                n,
            DuplexDeflateParams *ret_params)
{
  static const guint bits[] = { 0, NO_VALUE, 8, 9, 12, 15 };

  ret_params->server_no_context_takeover = n % 2;
  ret_params->client_no_context_takeover = n / 2 % 2;
  ret_params->server_max_window_bits = bits[n / 4 % 6] == NO_VALUE ? 14 : bits[n / 4 % 6];
  ret_params->client_max_window_bits = bits[n / 24 % 6];
}

/* Whatever is offered and whatever the server wishes: the client accepts the response, and both
 * ends hold the same to be agreed. */
static void
test_both_ends (void)
{
  const guint n_params = 2 * 2 * 6 * 6;

  for (guint i = 0; i < n_params * n_params; i++)
    {
      g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
      g_autofree char       *offered = NULL;
      g_autofree char       *response = NULL;
      DuplexDeflateParams    offer;
      DuplexDeflateParams    own;
      DuplexDeflateAgreement server;
      DuplexDeflateAgreement client = { 0 };

      nth_params (i % n_params, &offer);
      nth_params (i / n_params, &own);
      offered = duplex_deflate_params_to_string (&offer);
      g_assert_true (duplex_deflate_accept_offer (offered, &own, &response, &server));
      g_assert_true (duplex_deflate_check_response (&offer, response, findings, &client));
      g_assert_cmpmem (&client, sizeof client, &server, sizeof server);
    }
}

/* With somebody between them who makes the client's offer to the server, and says to the client
 * what was agreed on, they agree on the same. */
static void
test_in_between (void)
{
  const guint n_params = 2 * 2 * 6 * 6;

  for (guint i = 0; i < n_params * n_params; i++)
    {
      g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
      g_autofree char       *offered = NULL;
      g_autofree char       *response = NULL;
      g_autofree char       *told = NULL;
      DuplexDeflateParams    offer;
      DuplexDeflateParams    own;
      DuplexDeflateParams    found;
      DuplexDeflateAgreement server;
      DuplexDeflateAgreement client = { 0 };

      nth_params (i % n_params, &offer);
      nth_params (i / n_params, &own);
      offered = duplex_deflate_params_to_string (&offer);
      g_assert_true (duplex_deflate_find_offer (offered, &found));
      g_assert_cmpmem (&found, sizeof found, &offer, sizeof offer);
      g_assert_true (duplex_deflate_accept_offer (offered, &own, &response, &server));
      told = duplex_deflate_dup_response (&found, &server);
      g_assert_true (duplex_deflate_check_response (&offer, told, findings, &client));
      g_assert_cmpmem (&client, sizeof client, &server, sizeof server);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func (PATH "text", test_text);
  g_test_add_func (PATH "valid", test_valid);
  for (gsize i = 0; i < G_N_ELEMENTS (accepted); i++)
    {
      g_autofree char *path = g_strconcat (PATH "accepted/", accepted[i].name, NULL);

      g_test_add_data_func (path, &accepted[i], test_accepted);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *path = g_strconcat (PATH "refused/", refused[i].name, NULL);

      g_test_add_data_func (path, &refused[i], test_refused);
    }
  g_test_add_func (PATH "repeated-field", test_repeated_field);
  g_test_add_func (PATH "findings-before", test_findings_before);
  for (gsize i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      g_autofree char *path = g_strconcat (PATH "choice/", choices[i].name, NULL);

      g_test_add_data_func (path, &choices[i], test_choice);
    }
  g_test_add_func (PATH "both-ends", test_both_ends);
  g_test_add_func (PATH "in-between", test_in_between);
  for (gsize i = 0; i < G_N_ELEMENTS (good_texts); i++)
    {
      g_autofree char *path = g_strconcat (PATH "parse/good/", good_texts[i].name, NULL);

      g_test_add_data_func (path, &good_texts[i], test_good_text);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad_texts); i++)
    {
      g_autofree char *path = g_strconcat (PATH "parse/bad/", bad_texts[i].name, NULL);

      g_test_add_data_func (path, &bad_texts[i], test_bad_text);
    }

  return g_test_run ();
}
