/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-deflate-params.h"

static guint
pick_window_bits (guint8 byte)
{
  guint bits = byte % 10;

  return bits == 0 ? 0 : bits == 9 ? DUPLEX_WINDOW_BITS_MAX
                                   : DUPLEX_WINDOW_BITS_MIN + bits - 1;
}

static DuplexDeflateParams
take_params (FuzzInput *input)
{
  guint8              flags = fuzz_take_byte (input);
  guint8              bits = fuzz_take_byte (input);
  DuplexDeflateParams params = {
    .server_no_context_takeover = (flags & 1) != 0,
    .client_no_context_takeover = (flags & 2) != 0,
    .server_max_window_bits = pick_window_bits (bits & 0x0f),
    .client_max_window_bits = pick_window_bits (bits >> 4),
  };

  if ((flags & 4) != 0)
    params.client_max_window_bits = DUPLEX_WINDOW_BITS_NO_VALUE;
  g_assert_true (duplex_deflate_params_is_valid (&params));
  return params;
}

static void
check_direction (const DuplexDeflateDirection *direction)
{
  g_assert_cmpuint (direction->window_bits, >=, DUPLEX_WINDOW_BITS_MIN);
  g_assert_cmpuint (direction->window_bits, <=, DUPLEX_WINDOW_BITS_MAX);
}

static void
check_agreement (const DuplexDeflateAgreement *agreement)
{
  if (!agreement->agreed)
    return;

  check_direction (&agreement->client);
  check_direction (&agreement->server);
}

/* A response gets findings with places in it, or nothing is agreed on that was not offered. */
static void
check_response (const DuplexDeflateParams *offer,
                const char                *value)
{
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexDeflateAgreement agreement = { 0 };
  gboolean               ok = duplex_deflate_check_response (offer, value, findings, &agreement);

  g_assert_cmpint (ok, ==, findings->len == 0);
  for (guint i = 0; i < findings->len; i++)
    {
      DuplexFinding finding = g_array_index (findings, DuplexFinding, i);

      g_assert_cmpint (duplex_finding_get_severity (finding.id), ==, DUPLEX_SEVERITY_ERROR);
      g_assert_cmpuint (finding.offset, <=, strlen (value));
    }
  if (offer == NULL)
    g_assert_false (agreement.agreed);
  check_agreement (&agreement);
  if (!ok || !agreement.agreed)
    return;

  if (offer->server_no_context_takeover)
    g_assert_true (agreement.server.no_context_takeover);
  if (offer->client_no_context_takeover)
    g_assert_true (agreement.client.no_context_takeover);
  if (offer->server_max_window_bits != 0)
    g_assert_cmpuint (agreement.server.window_bits, <=, offer->server_max_window_bits);
  if (offer->client_max_window_bits == 0)
    g_assert_cmpuint (agreement.client.window_bits, ==, DUPLEX_WINDOW_BITS_MAX);
}

/* Whatever a server accepts: its response can be read, and has no more than it may. */
static void
check_choice (const DuplexDeflateParams *own,
              const char                *value)
{
  /* The offer that may be answered with the most. */
  static const DuplexDeflateParams widest = {
    .client_max_window_bits = DUPLEX_WINDOW_BITS_NO_VALUE
  };
  g_autofree char       *response = NULL;
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexDeflateAgreement agreement = { 0 };
  DuplexDeflateAgreement seen = { 0 };

  if (!duplex_deflate_accept_offer (value, own, &response, &agreement))
    {
      g_assert_null (response);
      return;
    }

  g_assert_true (agreement.agreed);
  check_agreement (&agreement);
  g_assert_true (duplex_deflate_check_response (&widest, response, findings, &seen));
  g_assert_cmpmem (&seen.server, sizeof seen.server, &agreement.server, sizeof agreement.server);
  if (own->server_max_window_bits != 0)
    g_assert_cmpuint (agreement.server.window_bits, <=, own->server_max_window_bits);
}

/* Ends that both are ours agree. */
static void
check_both (const DuplexDeflateParams *offer,
            const DuplexDeflateParams *own)
{
  g_autofree char       *offered = duplex_deflate_params_to_string (offer);
  g_autofree char       *response = NULL;
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexDeflateAgreement client = { 0 };
  DuplexDeflateAgreement server = { 0 };

  g_assert_true (duplex_deflate_accept_offer (offered, own, &response, &server));
  g_assert_true (duplex_deflate_check_response (offer, response, findings, &client));
  g_assert_cmpmem (&client, sizeof client, &server, sizeof server);
}

/* What a person writes is an offer that says the same, or an error that says so in words. */
static void
check_written (const char *text)
{
  g_autoptr (GError)  error = NULL;
  g_autofree char    *offer = NULL;
  DuplexDeflateParams params;
  DuplexDeflateParams again;
  const char         *rest;

  if (!duplex_deflate_params_parse (text, &params, &error))
    {
      g_assert_nonnull (error);
      return;
    }

  g_assert_no_error (error);
  g_assert_true (duplex_deflate_params_is_valid (&params));
  offer = duplex_deflate_params_to_string (&params);
  rest = strchr (offer, ';');
  g_assert_true (duplex_deflate_params_parse (rest != NULL ? rest + 1 : "", &again, NULL));
  g_assert_cmpmem (&again, sizeof again, &params, sizeof params);
}

/* The value of a header that the other end sent, judged as a client and answered as a server. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput           input = { data, size };
  DuplexDeflateParams offer = take_params (&input);
  DuplexDeflateParams own = take_params (&input);
  g_autoptr (GString) value = g_string_new_len ((const char *)input.data, input.size);

  check_response (&offer, value->str);
  check_response (NULL, value->str);
  check_choice (&own, value->str);
  check_both (&offer, &own);
  check_written (value->str);
  return 0;
}
