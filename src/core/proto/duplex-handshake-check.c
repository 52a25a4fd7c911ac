/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-handshake.h"

#include <string.h>

/* A head has room for thousands of wrong parameters; the first of each field tell enough. */
#define MAX_EXTENSION_FINDINGS 16

typedef struct
{
  DuplexHead          *response;
  const DuplexRequest *request;
  GArray              *findings;
} Check;

static void
add_finding (Check          *check,
             DuplexFindingId id,
             gsize           offset)
{
  DuplexFinding finding = { id, offset };

  g_array_append_val (check->findings, finding);
}

/* Moves *index, which begins at 0, behind the next field of that name. FALSE when there is none. */
static gboolean
next_field (Check       *check,
            const char  *name,
            guint       *index,
            const char **ret_value,
            gsize       *ret_offset)
{
  for (guint i = *index; i < duplex_head_get_n_fields (check->response); i++)
    {
      if (g_ascii_strcasecmp (duplex_head_get_field_name (check->response, i), name) != 0)
        continue;

      *index = i + 1;
      *ret_value = duplex_head_get_field_value (check->response, i);
      *ret_offset = duplex_head_get_field_offset (check->response, i);
      return TRUE;
    }

  return FALSE;
}

/* Every field of that name must have the value; the first that has not is the finding's place. */
static void
check_value (Check          *check,
             const char     *name,
             const char     *expected,
             gboolean        any_case,
             DuplexFindingId id)
{
  const char *value;
  gsize       offset;
  guint       index = 0;
  gboolean    found = FALSE;

  while (next_field (check, name, &index, &value, &offset))
    {
      found = TRUE;
      if (any_case ? g_ascii_strcasecmp (value, expected) != 0 : strcmp (value, expected) != 0)
        {
          add_finding (check, id, offset);
          return;
        }
    }

  if (!found)
    add_finding (check, id, 0);
}

static void
check_connection (Check *check)
{
  const char *value;
  gsize       offset = 0;
  guint       index = 0;

  if (duplex_head_has_token (check->response, "Connection", "Upgrade"))
    return;

  if (!next_field (check, "Connection", &index, &value, &offset))
    offset = 0;
  add_finding (check, DUPLEX_FINDING_CONNECTION_MISSING, offset);
}

static void
check_repeated (Check      *check,
                const char *name)
{
  const char *value;
  gsize       offset;
  guint       index = 0;

  if (next_field (check, name, &index, &value, &offset) &&
      next_field (check, name, &index, &value, &offset))
    add_finding (check, DUPLEX_FINDING_HEADER_REPEATED, offset);
}

/* What stands in the field is judged where it is known what it means; its offsets begin with the
 * value, ours with the head. */
static DuplexDeflateAgreement
check_extensions (Check *check)
{
  DuplexDeflateAgreement agreement = { 0 };
  gboolean               fine = TRUE;

  for (guint i = 0; i < duplex_head_get_n_fields (check->response); i++)
    {
      guint before = check->findings->len;

      if (g_ascii_strcasecmp (duplex_head_get_field_name (check->response, i),
                              "Sec-WebSocket-Extensions") != 0)
        continue;

      fine &= duplex_deflate_check_response (check->request->deflate,
                                             duplex_head_get_field_value (check->response, i),
                                             check->findings, &agreement);
      if (check->findings->len - before > MAX_EXTENSION_FINDINGS)
        g_array_set_size (check->findings, before + MAX_EXTENSION_FINDINGS);
      for (guint k = before; k < check->findings->len; k++)
        g_array_index (check->findings, DuplexFinding, k).offset +=
          duplex_head_get_value_offset (check->response, i);
    }

  return fine ? agreement : (DuplexDeflateAgreement){ 0 };
}

static gboolean
was_subprotocol_offered (Check      *check,
                         const char *subprotocol)
{
  return check->request->subprotocols != NULL &&
         g_strv_contains (check->request->subprotocols, subprotocol);
}

/* The subprotocol that the server chose, NULL when there is none that it could choose. */
static const char *
check_subprotocol (Check *check)
{
  const char *value;
  const char *chosen = NULL;
  gsize       offset;
  guint       index = 0;

  while (next_field (check, "Sec-WebSocket-Protocol", &index, &value, &offset))
    {
      if (!was_subprotocol_offered (check, value))
        {
          add_finding (check, DUPLEX_FINDING_SUBPROTOCOL_NOT_OFFERED, offset);
          return NULL;
        }
      if (chosen == NULL)
        chosen = value;
    }

  if (chosen == NULL && check->request->subprotocols != NULL &&
      check->request->subprotocols[0] != NULL)
    add_finding (check, DUPLEX_FINDING_SUBPROTOCOL_NOT_CHOSEN, 0);

  return chosen;
}

static gboolean
has_error (GArray *findings,
           guint   from)
{
  for (guint i = from; i < findings->len; i++)
    {
      DuplexFindingId id = g_array_index (findings, DuplexFinding, i).id;

      if (duplex_finding_get_severity (id) == DUPLEX_SEVERITY_ERROR)
        return TRUE;
    }

  return FALSE;
}

gboolean
duplex_handshake_check_response (DuplexHead             *response,
                                 const DuplexRequest    *request,
                                 GArray                 *findings,
                                 char                  **ret_subprotocol,
                                 DuplexDeflateAgreement *ret_agreement)
{
  static const char *const once[] = {
    "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"
  };
  Check                  check = { response, request, findings };
  g_autofree char       *accept = NULL;
  const char            *subprotocol;
  guint                  before;
  DuplexDeflateAgreement agreement;

  g_return_val_if_fail (response != NULL, FALSE);
  g_return_val_if_fail (request != NULL && request->key != NULL, FALSE);
  g_return_val_if_fail (findings != NULL, FALSE);

  before = findings->len;
  if (duplex_head_get_minor_version (response) < 1)
    add_finding (&check, DUPLEX_FINDING_HANDSHAKE_VERSION, 0);

  check_value (&check, "Upgrade", "websocket", /* any_case= */ TRUE,
               DUPLEX_FINDING_UPGRADE_MISSING);
  check_connection (&check);
  accept = duplex_handshake_accept_key (request->key);
  check_value (&check, "Sec-WebSocket-Accept", accept, /* any_case= */ FALSE,
               DUPLEX_FINDING_ACCEPT_WRONG);
  agreement = check_extensions (&check);
  subprotocol = check_subprotocol (&check);
  for (gsize i = 0; i < G_N_ELEMENTS (once); i++)
    check_repeated (&check, once[i]);

  if (ret_subprotocol != NULL)
    *ret_subprotocol = g_strdup (subprotocol);
  if (ret_agreement != NULL)
    *ret_agreement = agreement;
  return !has_error (findings, before);
}
