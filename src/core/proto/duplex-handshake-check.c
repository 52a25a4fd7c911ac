/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-handshake.h"

#include <string.h>

#include "core/proto/duplex-list.h"

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

/* The name of an extension is what stands before its parameters (§9.1). */
static gsize
extension_name_len (const char *item,
                    gsize       len)
{
  const char *end = memchr (item, ';', len);
  gsize       name_len = end != NULL ? (gsize)(end - item) : len;

  duplex_trim (&item, &name_len);
  return name_len;
}

static gboolean
was_extension_offered (Check      *check,
                       const char *name,
                       gsize       name_len)
{
  const char *rest = check->request->extensions;
  const char *item;
  gsize       len;

  while (rest != NULL && duplex_list_next (&rest, &item, &len))
    {
      if (extension_name_len (item, len) == name_len && memcmp (item, name, name_len) == 0)
        return TRUE;
    }

  return FALSE;
}

static void
check_extensions (Check *check)
{
  const char *rest;
  const char *item;
  gsize       offset;
  gsize       len;
  guint       index = 0;

  while (next_field (check, "Sec-WebSocket-Extensions", &index, &rest, &offset))
    {
      while (duplex_list_next (&rest, &item, &len))
        {
          if (was_extension_offered (check, item, extension_name_len (item, len)))
            continue;

          add_finding (check, DUPLEX_FINDING_EXTENSION_NOT_OFFERED, offset);
          return;
        }
    }
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
duplex_handshake_check_response (DuplexHead          *response,
                                 const DuplexRequest *request,
                                 GArray              *findings,
                                 char               **ret_subprotocol)
{
  static const char *const once[] = {
    "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"
  };
  Check            check = { response, request, findings };
  g_autofree char *accept = NULL;
  const char      *subprotocol;
  guint            before;

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
  check_extensions (&check);
  subprotocol = check_subprotocol (&check);
  for (gsize i = 0; i < G_N_ELEMENTS (once); i++)
    check_repeated (&check, once[i]);

  if (ret_subprotocol != NULL)
    *ret_subprotocol = g_strdup (subprotocol);
  return !has_error (findings, before);
}
