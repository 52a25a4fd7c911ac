/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter-field.h"

#include <string.h>

#include "core/model/duplex-row.h"

#define BIT(op)      DUPLEX_FILTER_OP_BIT (DUPLEX_FILTER_##op)
#define OPS_EQUALITY (BIT (EQUAL) | BIT (UNEQUAL))
#define OPS_ORDER    (BIT (LESS) | BIT (LESS_OR_EQUAL) | BIT (GREATER) | BIT (GREATER_OR_EQUAL))
#define OPS_NUMBER   (OPS_EQUALITY | OPS_ORDER)
#define OPS_TEXT     (OPS_EQUALITY | BIT (CONTAINS) | BIT (MATCHES))

static const DuplexFilterName direction_names[] = {
  { "received", DUPLEX_DIRECTION_RECEIVED },
  { "sent", DUPLEX_DIRECTION_SENT },
  { NULL, 0 },
};

static const DuplexFilterName kind_names[] = {
  { "text", DUPLEX_ROW_TEXT },
  { "binary", DUPLEX_ROW_BINARY },
  { "control", DUPLEX_ROW_CONTROL },
  { "state", DUPLEX_ROW_STATE },
  { NULL, 0 },
};

static const DuplexFilterName leg_names[] = {
  { "client", DUPLEX_CAPTURE_LEG_CLIENT },
  { "backend", DUPLEX_CAPTURE_LEG_BACKEND },
  { NULL, 0 },
};

static const DuplexFilterName opcode_names[] = {
  { "continuation", DUPLEX_OPCODE_CONTINUATION },
  { "text", DUPLEX_OPCODE_TEXT },
  { "binary", DUPLEX_OPCODE_BINARY },
  { "close", DUPLEX_OPCODE_CLOSE },
  { "ping", DUPLEX_OPCODE_PING },
  { "pong", DUPLEX_OPCODE_PONG },
  { NULL, 0 },
};

static const DuplexFilterName severity_names[] = {
  { "note", DUPLEX_SEVERITY_NOTE },
  { "warning", DUPLEX_SEVERITY_WARNING },
  { "error", DUPLEX_SEVERITY_ERROR },
  { NULL, 0 },
};

static const DuplexFilterWord fields[] = {
  { "bookmark", DUPLEX_FILTER_FIELD_BOOKMARK, DUPLEX_FILTER_VALUE_NONE, BIT (EXISTS), NULL },
  { "bookmarked", DUPLEX_FILTER_FIELD_BOOKMARK, DUPLEX_FILTER_VALUE_NONE, BIT (EXISTS), NULL },
  { "code", DUPLEX_FILTER_FIELD_CODE, DUPLEX_FILTER_VALUE_NUMBER, OPS_NUMBER | BIT (EXISTS), NULL },
  { "comment", DUPLEX_FILTER_FIELD_COMMENT, DUPLEX_FILTER_VALUE_TEXT, OPS_TEXT | BIT (EXISTS),
    NULL },
  { "compressed", DUPLEX_FILTER_FIELD_COMPRESSED, DUPLEX_FILTER_VALUE_NONE, BIT (EXISTS), NULL },
  { "connection", DUPLEX_FILTER_FIELD_CONNECTION, DUPLEX_FILTER_VALUE_NUMBER, OPS_NUMBER, NULL },
  { "direction", DUPLEX_FILTER_FIELD_DIRECTION, DUPLEX_FILTER_VALUE_NAME, OPS_EQUALITY,
    direction_names },
  { "event", DUPLEX_FILTER_FIELD_EVENT, DUPLEX_FILTER_VALUE_NUMBER, OPS_NUMBER, NULL },
  { "finding", DUPLEX_FILTER_FIELD_FINDING, DUPLEX_FILTER_VALUE_FINDING, OPS_TEXT | BIT (EXISTS),
    NULL },
  { "frames", DUPLEX_FILTER_FIELD_FRAMES, DUPLEX_FILTER_VALUE_NUMBER, OPS_NUMBER, NULL },
  { "kind", DUPLEX_FILTER_FIELD_KIND, DUPLEX_FILTER_VALUE_NAME, OPS_EQUALITY, kind_names },
  { "leg", DUPLEX_FILTER_FIELD_LEG, DUPLEX_FILTER_VALUE_NAME, OPS_EQUALITY, leg_names },
  { "opcode", DUPLEX_FILTER_FIELD_OPCODE, DUPLEX_FILTER_VALUE_NUMBER, OPS_NUMBER, opcode_names },
  { "pair", DUPLEX_FILTER_FIELD_PAIR, DUPLEX_FILTER_VALUE_NUMBER, OPS_NUMBER, NULL },
  { "severity", DUPLEX_FILTER_FIELD_SEVERITY, DUPLEX_FILTER_VALUE_NAME, OPS_NUMBER,
    severity_names },
  { "size", DUPLEX_FILTER_FIELD_SIZE, DUPLEX_FILTER_VALUE_SIZE, OPS_NUMBER, NULL },
  { "text", DUPLEX_FILTER_FIELD_TEXT, DUPLEX_FILTER_VALUE_TEXT, OPS_TEXT, NULL },
  { "time", DUPLEX_FILTER_FIELD_TIME, DUPLEX_FILTER_VALUE_TIME, OPS_NUMBER, NULL },
  { "wire-size", DUPLEX_FILTER_FIELD_WIRE_SIZE, DUPLEX_FILTER_VALUE_SIZE, OPS_NUMBER, NULL },
};

const DuplexFilterWord duplex_filter_json_word = {
  "the path", DUPLEX_FILTER_FIELD_NONE, DUPLEX_FILTER_VALUE_JSON,
  OPS_NUMBER | OPS_TEXT | BIT (EXISTS),
  NULL
};

static const struct
{
  const char       *name;
  DuplexFilterField field;
  gint64            number;
} flags[] = {
  { "received", DUPLEX_FILTER_FIELD_DIRECTION, DUPLEX_DIRECTION_RECEIVED },
  { "sent", DUPLEX_FILTER_FIELD_DIRECTION, DUPLEX_DIRECTION_SENT },
  { "text", DUPLEX_FILTER_FIELD_KIND, DUPLEX_ROW_TEXT },
  { "binary", DUPLEX_FILTER_FIELD_KIND, DUPLEX_ROW_BINARY },
  { "control", DUPLEX_FILTER_FIELD_KIND, DUPLEX_ROW_CONTROL },
  { "state", DUPLEX_FILTER_FIELD_KIND, DUPLEX_ROW_STATE },
  { "ping", DUPLEX_FILTER_FIELD_OPCODE, DUPLEX_OPCODE_PING },
  { "pong", DUPLEX_FILTER_FIELD_OPCODE, DUPLEX_OPCODE_PONG },
  { "close", DUPLEX_FILTER_FIELD_OPCODE, DUPLEX_OPCODE_CLOSE },
  { "client", DUPLEX_FILTER_FIELD_LEG, DUPLEX_CAPTURE_LEG_CLIENT },
  { "backend", DUPLEX_FILTER_FIELD_LEG, DUPLEX_CAPTURE_LEG_BACKEND },
};

static const struct
{
  const char    *text;
  DuplexFilterOp op;
} ops[] = {
  { "==", DUPLEX_FILTER_EQUAL },
  { "!=", DUPLEX_FILTER_UNEQUAL },
  { "<=", DUPLEX_FILTER_LESS_OR_EQUAL },
  { "<", DUPLEX_FILTER_LESS },
  { ">=", DUPLEX_FILTER_GREATER_OR_EQUAL },
  { ">", DUPLEX_FILTER_GREATER },
  { "contains", DUPLEX_FILTER_CONTAINS },
  { "=~", DUPLEX_FILTER_MATCHES },
};

static gboolean
is_word (const char *word,
         const char *text,
         gsize       len)
{
  return strlen (word) == len && g_ascii_strncasecmp (word, text, len) == 0;
}

const DuplexFilterWord *
duplex_filter_find_field (const char *text,
                          gsize       len)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (is_word (fields[i].name, text, len))
        return &fields[i];
    }

  return NULL;
}

gboolean
duplex_filter_find_flag (const char        *text,
                         gsize              len,
                         DuplexFilterField *ret_field,
                         gint64            *ret_number)
{
  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      if (!is_word (flags[i].name, text, len))
        continue;
      *ret_field = flags[i].field;
      *ret_number = flags[i].number;
      return TRUE;
    }

  return FALSE;
}

gboolean
duplex_filter_find_name (const DuplexFilterName *names,
                         const char             *text,
                         gsize                   len,
                         gint64                 *ret_number)
{
  for (; names != NULL && names->name != NULL; names++)
    {
      if (!is_word (names->name, text, len))
        continue;
      *ret_number = names->number;
      return TRUE;
    }

  return FALSE;
}

DuplexFilterOp
duplex_filter_find_op (const char *text,
                       gsize      *ret_len)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      gsize len = strlen (ops[i].text);

      if (g_ascii_strncasecmp (text, ops[i].text, len) != 0)
        continue;
      /* "contains" may begin a longer word. */
      if (g_ascii_isalpha (*ops[i].text) && g_ascii_isalnum (text[len]))
        continue;
      *ret_len = len;
      return ops[i].op;
    }

  *ret_len = 0;
  return DUPLEX_FILTER_EXISTS;
}

/* Takes words, whose strings are borrowed. */
static char *
join (GPtrArray *words)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < words->len; i++)
    {
      if (i > 0)
        g_string_append (list, i + 1 == words->len ? " or " : ", ");
      g_string_append (list, g_ptr_array_index (words, i));
    }
  g_ptr_array_unref (words);

  return g_string_free (list, FALSE);
}

char *
duplex_filter_list_words (void)
{
  GPtrArray *words = g_ptr_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    g_ptr_array_add (words, (gpointer)fields[i].name);
  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    {
      if (duplex_filter_find_field (flags[i].name, strlen (flags[i].name)) == NULL)
        g_ptr_array_add (words, (gpointer)flags[i].name);
    }
  g_ptr_array_add (words, (gpointer) "not");

  return join (words);
}

char *
duplex_filter_list_names (const DuplexFilterName *names)
{
  GPtrArray *words = g_ptr_array_new ();

  for (; names->name != NULL; names++)
    g_ptr_array_add (words, (gpointer)names->name);

  return join (words);
}

char *
duplex_filter_list_findings (void)
{
  GPtrArray *words = g_ptr_array_new ();

  for (guint i = DUPLEX_FINDING_NONE + 1; i < DUPLEX_N_FINDINGS; i++)
    g_ptr_array_add (words, (gpointer)duplex_finding_get_name (i));

  return join (words);
}

char *
duplex_filter_list_ops (guint mask)
{
  GPtrArray *words = g_ptr_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      if (mask & DUPLEX_FILTER_OP_BIT (ops[i].op))
        g_ptr_array_add (words, (gpointer)ops[i].text);
    }

  return join (words);
}
