/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-deflate-params.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-list.h"

typedef enum {
  SERVER_NO_CONTEXT_TAKEOVER,
  CLIENT_NO_CONTEXT_TAKEOVER,
  SERVER_MAX_WINDOW_BITS,
  CLIENT_MAX_WINDOW_BITS,
  N_PARAMETERS
} Parameter;

static const char *const names[N_PARAMETERS] = {
  [SERVER_NO_CONTEXT_TAKEOVER] = "server_no_context_takeover",
  [CLIENT_NO_CONTEXT_TAKEOVER] = "client_no_context_takeover",
  [SERVER_MAX_WINDOW_BITS] = "server_max_window_bits",
  [CLIENT_MAX_WINDOW_BITS] = "client_max_window_bits",
};

typedef struct
{
  const char *start;
  gsize       len;
} Span;

/* An extension of the list, and what its parameters say. */
typedef struct
{
  const char         *value; /* the whole list: offsets are within it */
  gboolean            is_offer;
  GArray             *findings; /* or NULL */
  gboolean            failed;
  DuplexDeflateParams params;
  gboolean            seen[N_PARAMETERS];
  gsize               places[N_PARAMETERS]; /* offsets within value */
} Element;

static void
add_finding (GArray         *findings,
             DuplexFindingId id,
             gsize           offset)
{
  DuplexFinding finding = { id, offset };

  g_array_append_val (findings, finding);
}

static void
complain (Element        *element,
          DuplexFindingId id,
          const char     *where)
{
  element->failed = TRUE;
  if (element->findings != NULL)
    add_finding (element->findings, id, where - element->value);
}

/* ---- reading: RFC 6455 §9.1 ---- */

static gboolean
is_token (Span span)
{
  for (gsize i = 0; i < span.len; i++)
    {
      if (!duplex_is_token_char (span.start[i]))
        return FALSE;
    }

  return span.len > 0;
}

static gboolean
equals (Span        span,
        const char *text)
{
  return span.len == strlen (text) && memcmp (span.start, text, span.len) == 0;
}

/* Takes what stands before the first separator outside of quotes, trimmed, off the front of rest,
 * and the separator with it. FALSE when there is no separator: span is then all there was. */
static gboolean
split (Span *rest,
       char  separator,
       Span *ret_span)
{
  gboolean quoted = FALSE;
  gboolean found;
  gsize    i;

  for (i = 0; i < rest->len && (quoted || rest->start[i] != separator); i++)
    {
      if (rest->start[i] == '"')
        quoted = !quoted;
      else if (quoted && rest->start[i] == '\\' && i + 1 < rest->len)
        i++;
    }

  found = i < rest->len;
  *ret_span = (Span){ rest->start, i };
  duplex_trim (&ret_span->start, &ret_span->len);
  rest->start += found ? i + 1 : i;
  rest->len -= found ? i + 1 : i;
  return found;
}

/* The token that a quoted string stands for, or NULL: it must be one (§9.1). */
static char *
unquote (Span span)
{
  g_autoptr (GString) token = g_string_new (NULL);

  if (span.len < 2 || span.start[span.len - 1] != '"')
    return NULL;

  for (gsize i = 1; i < span.len - 1; i++)
    {
      if (span.start[i] == '\\')
        i++;
      if (i == span.len - 1 || !duplex_is_token_char (span.start[i]))
        return NULL;
      g_string_append_c (token, span.start[i]);
    }

  return token->len > 0 ? g_string_free (g_steal_pointer (&token), FALSE) : NULL;
}

/* The value of a parameter as a token, or NULL. */
static char *
read_value (Span span)
{
  if (span.len > 0 && span.start[0] == '"')
    return unquote (span);

  return is_token (span) ? g_strndup (span.start, span.len) : NULL;
}

/* ---- what a parameter says: RFC 7692 §7.1 ---- */

/* 0 for what is no number of window bits: decimal, 8 to 15, no leading zeros (§7.1.2). */
static guint
parse_window_bits (const char *text)
{
  for (guint bits = DUPLEX_WINDOW_BITS_MIN; bits <= DUPLEX_WINDOW_BITS_MAX; bits++)
    {
      char expected[4];

      g_snprintf (expected, sizeof expected, "%u", bits);
      if (strcmp (text, expected) == 0)
        return bits;
    }

  return 0;
}

/* value is NULL where there is none. FALSE when it may not be so. */
static gboolean
set_parameter (Element    *element,
               Parameter   parameter,
               const char *value)
{
  DuplexDeflateParams *params = &element->params;

  switch (parameter)
    {
    case SERVER_NO_CONTEXT_TAKEOVER:
      params->server_no_context_takeover = TRUE;
      return value == NULL;

    case CLIENT_NO_CONTEXT_TAKEOVER:
      params->client_no_context_takeover = TRUE;
      return value == NULL;

    case SERVER_MAX_WINDOW_BITS:
      params->server_max_window_bits = value != NULL ? parse_window_bits (value) : 0;
      return params->server_max_window_bits != 0;

    case CLIENT_MAX_WINDOW_BITS:
      if (value != NULL)
        params->client_max_window_bits = parse_window_bits (value);
      else if (element->is_offer)
        params->client_max_window_bits = DUPLEX_WINDOW_BITS_NO_VALUE;
      return params->client_max_window_bits != 0;

    case N_PARAMETERS:
    default:
      g_assert_not_reached ();
    }
}

static Parameter
find_parameter (Span name)
{
  Parameter parameter = 0;

  while (parameter < N_PARAMETERS && !equals (name, names[parameter]))
    parameter++;

  return parameter;
}

static void
read_parameter (Element *element,
                Span     span)
{
  Span             name;
  gboolean         has_value = split (&span, '=', &name);
  g_autofree char *value = NULL;
  Parameter        parameter;

  if (has_value)
    {
      duplex_trim (&span.start, &span.len);
      value = read_value (span);
    }

  if (!is_token (name) || (has_value && value == NULL))
    {
      complain (element, DUPLEX_FINDING_EXTENSION_MALFORMED, name.start);
      return;
    }

  parameter = find_parameter (name);
  if (parameter == N_PARAMETERS)
    {
      complain (element, DUPLEX_FINDING_DEFLATE_PARAMETER_UNKNOWN, name.start);
      return;
    }
  if (element->seen[parameter])
    {
      complain (element, DUPLEX_FINDING_DEFLATE_PARAMETER_REPEATED, name.start);
      return;
    }

  element->seen[parameter] = TRUE;
  element->places[parameter] = name.start - element->value;
  if (!set_parameter (element, parameter, value))
    complain (element, DUPLEX_FINDING_DEFLATE_PARAMETER_VALUE, name.start);
}

static void
read_parameters (Element *element,
                 Span     rest,
                 gboolean more)
{
  while (more)
    {
      Span span;

      more = split (&rest, ';', &span);
      read_parameter (element, span);
    }
}

/* ---- both ends ---- */

static gboolean
is_window_bits (guint bits)
{
  return bits >= DUPLEX_WINDOW_BITS_MIN && bits <= DUPLEX_WINDOW_BITS_MAX;
}

gboolean
duplex_deflate_params_is_valid (const DuplexDeflateParams *params)
{
  g_return_val_if_fail (params != NULL, FALSE);

  return (params->server_max_window_bits == 0 || is_window_bits (params->server_max_window_bits)) &&
         (params->client_max_window_bits == 0 || is_window_bits (params->client_max_window_bits) ||
          params->client_max_window_bits == DUPLEX_WINDOW_BITS_NO_VALUE);
}

static void
append_window_bits (GString  *text,
                    Parameter parameter,
                    guint     bits)
{
  if (bits == 0)
    return;

  g_string_append_printf (text, "; %s", names[parameter]);
  if (bits != DUPLEX_WINDOW_BITS_NO_VALUE)
    g_string_append_printf (text, "=%u", bits);
}

char *
duplex_deflate_params_to_string (const DuplexDeflateParams *params)
{
  g_autoptr (GString) text = g_string_new (DUPLEX_DEFLATE_NAME);

  g_return_val_if_fail (params != NULL && duplex_deflate_params_is_valid (params), NULL);

  if (params->server_no_context_takeover)
    g_string_append_printf (text, "; %s", names[SERVER_NO_CONTEXT_TAKEOVER]);
  if (params->client_no_context_takeover)
    g_string_append_printf (text, "; %s", names[CLIENT_NO_CONTEXT_TAKEOVER]);
  append_window_bits (text, SERVER_MAX_WINDOW_BITS, params->server_max_window_bits);
  append_window_bits (text, CLIENT_MAX_WINDOW_BITS, params->client_max_window_bits);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
refuse_parameter (Span            span,
                  DuplexFindingId id,
                  GError        **error)
{
  g_autofree char *shown = g_strndup (span.start, span.len);
  const char      *problem = "is not a parameter";

  if (id == DUPLEX_FINDING_DEFLATE_PARAMETER_UNKNOWN)
    problem = "is no parameter of " DUPLEX_DEFLATE_NAME;
  else if (id == DUPLEX_FINDING_DEFLATE_PARAMETER_REPEATED)
    problem = "is the second of its name";
  else if (id == DUPLEX_FINDING_DEFLATE_PARAMETER_VALUE)
    problem = "has a wrong value: window bits are 8 to 15, other parameters have none";

  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT, "“%s” %s", shown, problem);
  return FALSE;
}

gboolean
duplex_deflate_params_parse (const char          *text,
                             DuplexDeflateParams *ret_params,
                             GError             **error)
{
  g_autoptr (GArray) findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  Element            element = { .value = text, .is_offer = TRUE, .findings = findings };
  Span               rest = { text, 0 };
  gboolean           more = TRUE;

  g_return_val_if_fail (text != NULL && ret_params != NULL, FALSE);

  rest.len = strlen (text);
  duplex_trim (&rest.start, &rest.len);
  while (more && rest.len > 0)
    {
      Span span;

      more = split (&rest, ';', &span);
      read_parameter (&element, span);
      if (findings->len > 0)
        return refuse_parameter (span, g_array_index (findings, DuplexFinding, 0).id, error);
    }

  *ret_params = element.params;
  return TRUE;
}

/* The smaller of two numbers, either of which may be absent; the largest window when both are. */
static guint
least_window_bits (guint a,
                   guint b)
{
  guint least = DUPLEX_WINDOW_BITS_MAX;

  if (is_window_bits (a))
    least = MIN (least, a);
  if (is_window_bits (b))
    least = MIN (least, b);
  return least;
}

/* What holds when response answers offer. What the client promised in its offer binds it whatever
 * the response says (§7.1.1.2, §7.1.2.2). */
static DuplexDeflateAgreement
agree (const DuplexDeflateParams *offer,
       const DuplexDeflateParams *response)
{
  return (DuplexDeflateAgreement){
    .agreed = TRUE,
    .client = {
      .no_context_takeover = offer->client_no_context_takeover ||
                             response->client_no_context_takeover,
      .window_bits = least_window_bits (offer->client_max_window_bits,
                                        response->client_max_window_bits),
    },
    .server = {
      .no_context_takeover = response->server_no_context_takeover,
      .window_bits = least_window_bits (response->server_max_window_bits, 0),
    },
  };
}

/* ---- the client ---- */

/* What the offer asked of the server must stand in the response (§7.1.1.1, §7.1.2.1), and only what
 * was offered may limit the client (§7.1.2.2). */
static void
compare_with_offer (Element                   *element,
                    const DuplexDeflateParams *offer,
                    const char                *where)
{
  const DuplexDeflateParams *params = &element->params;
  const char                *server_bits = element->value + element->places[SERVER_MAX_WINDOW_BITS];
  const char                *client_bits = element->value + element->places[CLIENT_MAX_WINDOW_BITS];

  if (offer->server_no_context_takeover && !element->seen[SERVER_NO_CONTEXT_TAKEOVER])
    complain (element, DUPLEX_FINDING_DEFLATE_PARAMETER_MISSING, where);
  if (offer->server_max_window_bits != 0 && !element->seen[SERVER_MAX_WINDOW_BITS])
    complain (element, DUPLEX_FINDING_DEFLATE_PARAMETER_MISSING, where);
  if (offer->server_max_window_bits != 0 &&
      params->server_max_window_bits > offer->server_max_window_bits)
    complain (element, DUPLEX_FINDING_DEFLATE_WINDOW_TOO_LARGE, server_bits);

  if (offer->client_max_window_bits == 0 && element->seen[CLIENT_MAX_WINDOW_BITS])
    complain (element, DUPLEX_FINDING_DEFLATE_PARAMETER_NOT_OFFERED, client_bits);
  if (is_window_bits (offer->client_max_window_bits) &&
      params->client_max_window_bits > offer->client_max_window_bits)
    complain (element, DUPLEX_FINDING_DEFLATE_WINDOW_TOO_LARGE, client_bits);
}

gboolean
duplex_deflate_check_response (const DuplexDeflateParams *offer,
                               const char                *value,
                               GArray                    *findings,
                               DuplexDeflateAgreement    *agreement)
{
  const char *rest = value;
  const char *item;
  gsize       len;
  guint       before;

  g_return_val_if_fail (offer == NULL || duplex_deflate_params_is_valid (offer), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (findings != NULL, FALSE);
  g_return_val_if_fail (agreement != NULL, FALSE);

  before = findings->len;
  while (duplex_list_next (&rest, &item, &len))
    {
      Element  element = { .value = value, .findings = findings };
      Span     span = { item, len };
      Span     name;
      gboolean has_parameters = split (&span, ';', &name);

      if (!is_token (name))
        add_finding (findings, DUPLEX_FINDING_EXTENSION_MALFORMED, item - value);
      else if (offer == NULL || !equals (name, DUPLEX_DEFLATE_NAME))
        add_finding (findings, DUPLEX_FINDING_EXTENSION_NOT_OFFERED, item - value);
      else if (agreement->agreed)
        add_finding (findings, DUPLEX_FINDING_EXTENSION_REPEATED, item - value);
      else
        {
          read_parameters (&element, span, has_parameters);
          compare_with_offer (&element, offer, item);
          *agreement = agree (offer, &element.params);
        }
    }

  return findings->len == before;
}

/* ---- the server ---- */

/* The response to an offer. Its demands are met; own wishes come on top of them. */
static DuplexDeflateParams
answer (const DuplexDeflateParams *offer,
        const DuplexDeflateParams *own)
{
  DuplexDeflateParams response = {
    .server_no_context_takeover = offer->server_no_context_takeover ||
                                  own->server_no_context_takeover,
    .client_no_context_takeover = offer->client_no_context_takeover ||
                                  own->client_no_context_takeover,
  };

  if (offer->server_max_window_bits != 0 || own->server_max_window_bits != 0)
    response.server_max_window_bits = least_window_bits (offer->server_max_window_bits,
                                                         own->server_max_window_bits);
  if (offer->client_max_window_bits != 0 && is_window_bits (own->client_max_window_bits))
    response.client_max_window_bits = least_window_bits (offer->client_max_window_bits,
                                                         own->client_max_window_bits);

  return response;
}

gboolean
duplex_deflate_find_offer (const char          *value,
                           DuplexDeflateParams *ret_offer)
{
  const char *rest = value;
  const char *item;
  gsize       len;

  g_return_val_if_fail (value != NULL && ret_offer != NULL, FALSE);

  while (duplex_list_next (&rest, &item, &len))
    {
      Element  element = { .value = value, .is_offer = TRUE };
      Span     span = { item, len };
      Span     name;
      gboolean has_parameters = split (&span, ';', &name);

      if (!equals (name, DUPLEX_DEFLATE_NAME))
        continue;

      read_parameters (&element, span, has_parameters);
      if (element.failed)
        continue;

      *ret_offer = element.params;
      return TRUE;
    }

  return FALSE;
}

gboolean
duplex_deflate_accept_offer (const char                *value,
                             const DuplexDeflateParams *own,
                             char                     **ret_response,
                             DuplexDeflateAgreement    *ret_agreement)
{
  static const DuplexDeflateParams no_wishes = { 0 };
  DuplexDeflateParams              offer;
  DuplexDeflateParams              response;

  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (own == NULL || duplex_deflate_params_is_valid (own), FALSE);
  g_return_val_if_fail (ret_response != NULL && ret_agreement != NULL, FALSE);

  if (!duplex_deflate_find_offer (value, &offer))
    return FALSE;

  response = answer (&offer, own != NULL ? own : &no_wishes);
  *ret_response = duplex_deflate_params_to_string (&response);
  *ret_agreement = agree (&offer, &response);
  return TRUE;
}

/* What was asked for is said, and what is not the default; of the client's window only where the
 * offer lets the server speak of it (§7.1.2.2). */
char *
duplex_deflate_dup_response (const DuplexDeflateParams    *offer,
                             const DuplexDeflateAgreement *agreement)
{
  DuplexDeflateParams response;

  g_return_val_if_fail (offer != NULL && duplex_deflate_params_is_valid (offer), NULL);
  g_return_val_if_fail (agreement != NULL && agreement->agreed, NULL);

  response = (DuplexDeflateParams){
    .server_no_context_takeover = agreement->server.no_context_takeover,
    .client_no_context_takeover = agreement->client.no_context_takeover,
  };
  if (offer->server_max_window_bits != 0 || agreement->server.window_bits < DUPLEX_WINDOW_BITS_MAX)
    response.server_max_window_bits = agreement->server.window_bits;
  if (offer->client_max_window_bits != 0 && agreement->client.window_bits < DUPLEX_WINDOW_BITS_MAX)
    response.client_max_window_bits = agreement->client.window_bits;
  return duplex_deflate_params_to_string (&response);
}
