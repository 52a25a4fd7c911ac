/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-via.h"

#include <string.h>

#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-list.h"

/* Where the fields of that name are read. */
typedef struct
{
  DuplexHead *head;
  guint       field; /* the next one */
  const char *rest;  /* of the one before it */
} Reader;

static gboolean
next_field (Reader *reader)
{
  while (reader->field < duplex_head_get_n_fields (reader->head))
    {
      guint i = reader->field++;

      if (g_ascii_strcasecmp (duplex_head_get_field_name (reader->head, i), "Via") == 0)
        {
          reader->rest = duplex_head_get_field_value (reader->head, i);
          return TRUE;
        }
    }
  return FALSE;
}

/* Up to a comma that is in no comment; text gets what stands outside of comments, which nest and
 * have quoted pairs (RFC 9110 §5.6.5). One that is not closed ends with its field. */
static void
read_element (Reader  *reader,
              GString *text)
{
  const char *p = reader->rest;
  guint       depth = 0;

  g_string_truncate (text, 0);
  for (; *p != '\0' && (depth > 0 || *p != ','); p++)
    {
      if (*p == '(')
        depth++;
      else if (*p == ')' && depth > 0)
        depth--;
      else if (*p == '\\' && depth > 0 && p[1] != '\0')
        p++;
      else if (depth == 0)
        g_string_append_c (text, *p);
    }
  reader->rest = *p == ',' ? p + 1 : p;
}

/* Trimmed; ret_item is within text. Empty ones are none (RFC 9110 §5.6.1.2). */
static gboolean
next_element (Reader      *reader,
              GString     *text,
              const char **ret_item,
              gsize       *ret_len)
{
  while (*reader->rest != '\0' || next_field (reader))
    {
      read_element (reader, text);
      *ret_item = text->str;
      *ret_len = text->len;
      duplex_trim (ret_item, ret_len);
      if (*ret_len > 0)
        return TRUE;
    }
  return FALSE;
}

/* A protocol's name or version, a pseudonym, or a host and port. Not all that RFC 3986 allows in a
 * host: nothing in which commas or parentheses could mean something else to the next who reads. */
static gboolean
is_word (const char *text,
         gsize       len)
{
  for (gsize i = 0; i < len; i++)
    if (!duplex_is_token_char (text[i]) && strchr ("/:[]", text[i]) == NULL)
      return FALSE;
  return len > 0;
}

/* Appends "PROTOCOL NAME" where text is that. */
static void
append_entry (GString    *value,
              const char *text,
              gsize       len)
{
  const char *name;
  gsize       protocol_len = strcspn (text, " \t");
  gsize       name_len;

  if (len > DUPLEX_LIMIT_VIA_ENTRY || protocol_len >= len)
    return;
  name = text + protocol_len;
  name_len = len - protocol_len;
  duplex_trim (&name, &name_len);
  if (is_word (text, protocol_len) && is_word (name, name_len))
    g_string_append_printf (value, "%.*s %.*s, ", (int)protocol_len, text, (int)name_len, name);
}

gboolean
duplex_via_has (DuplexHead *head,
                const char *name)
{
  Reader reader = { head, 0, "" };

  g_return_val_if_fail (head != NULL && name != NULL, FALSE);

  while (next_field (&reader))
    if (strstr (reader.rest, name) != NULL)
      return TRUE;
  return FALSE;
}

guint
duplex_via_count (DuplexHead *head)
{
  g_autoptr (GString) text = g_string_new (NULL);
  Reader              reader = { head, 0, "" };
  const char         *item;
  gsize               len;
  guint               n = 0;

  g_return_val_if_fail (head != NULL, 0);

  while (next_element (&reader, text, &item, &len))
    n++;
  return n;
}

char *
duplex_via_extend (DuplexHead *head,
                   const char *own)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) value = g_string_new (NULL);
  Reader              reader = { head, 0, "" };
  const char         *item;
  gsize               len;

  g_return_val_if_fail (head != NULL && own != NULL, NULL);

  while (next_element (&reader, text, &item, &len))
    append_entry (value, item, len);
  g_string_append (value, own);
  return g_string_free (g_steal_pointer (&value), FALSE);
}
