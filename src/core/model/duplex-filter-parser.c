/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter-private.h"

#include <string.h>

#include "core/model/duplex-filter-string.h"
#include "core/model/duplex-filter-value.h"
#include "core/proto/duplex-limits.h"

/* The grammar is in duplex-filter(5). A function a rule; each returns NULL with the reader at the
 * place that its message is about. */

typedef struct
{
  DuplexFilterReader reader;
  guint              depth; /* of parentheses and of "not" */
} Parser;

static DuplexFilterNode *parse_any (Parser *self);

/* Passes word, or the sign that means the same. */
static gboolean
take_either (Parser     *self,
             const char *word,
             const char *sign)
{
  DuplexFilterReader *reader = &self->reader;
  gsize               len;

  duplex_filter_reader_skip_space (reader);
  if (g_str_has_prefix (reader->at, sign))
    {
      reader->at += strlen (sign);
      return TRUE;
    }

  len = duplex_filter_reader_get_word (reader);
  if (len != strlen (word) || g_ascii_strncasecmp (reader->at, word, len) != 0)
    return FALSE;

  reader->at += len;
  return TRUE;
}

static gboolean
enter (Parser *self)
{
  if (self->depth == DUPLEX_LIMIT_FILTER_DEPTH)
    return duplex_filter_reader_fail (&self->reader, "nested deeper than %d times",
                                      DUPLEX_LIMIT_FILTER_DEPTH);

  self->depth++;
  return TRUE;
}

static gboolean
may_be_op (char c)
{
  return c == '=' || c == '<' || c == '>' || c == '~';
}

/* The operator that word is followed by, as far as it may be. */
static gboolean
read_op (Parser                 *self,
         const DuplexFilterWord *word,
         DuplexFilterOp         *ret_op)
{
  DuplexFilterReader *reader = &self->reader;
  g_autofree char    *list = NULL;
  gsize               len;

  duplex_filter_reader_skip_space (reader);
  *ret_op = duplex_filter_find_op (reader->at, &len);
  if ((word->ops & DUPLEX_FILTER_OP_BIT (*ret_op)) && (len > 0 || !may_be_op (*reader->at)))
    {
      reader->at += len;
      return TRUE;
    }

  list = duplex_filter_list_ops (word->ops);
  if (*list == '\0')
    return duplex_filter_reader_fail (reader, "%s is not compared with anything", word->name);
  return duplex_filter_reader_fail (reader, "%s is followed by %s here", word->name, list);
}

static gboolean
read_comparison (Parser                 *self,
                 const DuplexFilterWord *word,
                 DuplexFilterNode       *node)
{
  if (!read_op (self, word, &node->op))
    return FALSE;
  if (node->op == DUPLEX_FILTER_EXISTS)
    return TRUE;

  duplex_filter_reader_skip_space (&self->reader);
  return duplex_filter_reader_read_value (&self->reader, word, node);
}

/* A text that holds what is compared with, or the name of the member, can match; no other can,
 * unless it has escapes. */
static void
set_hint (DuplexFilterNode *node)
{
  const char *name = duplex_json_path_get_name (node->path);

  if (node->op == DUPLEX_FILTER_EQUAL && node->token == DUPLEX_JSON_STRING && node->text->len > 0)
    node->hint = duplex_filter_needle_new (node->text->str, node->text->len, /* has_case= */ TRUE);
  else if (name != NULL && *name != '\0')
    node->hint = duplex_filter_needle_new (name, strlen (name), /* has_case= */ TRUE);
}

static DuplexFilterNode *
parse_path (Parser *self)
{
  g_autoptr (DuplexFilterNode) node = duplex_filter_node_new (DUPLEX_FILTER_JSON);

  node->path = duplex_json_path_parse (self->reader.at, &self->reader.at, self->reader.error);
  if (node->path == NULL || !read_comparison (self, &duplex_filter_json_word, node))
    return NULL;

  set_hint (node);
  return g_steal_pointer (&node);
}

static DuplexFilterNode *
parse_search (Parser *self)
{
  g_autoptr (DuplexFilterNode) node = duplex_filter_node_new (DUPLEX_FILTER_TEXT);

  node->field = DUPLEX_FILTER_FIELD_TEXT;
  if (!duplex_filter_reader_read_search (&self->reader, node))
    return NULL;

  return g_steal_pointer (&node);
}

static gboolean
is_text_field (DuplexFilterField field)
{
  return field >= DUPLEX_FILTER_FIELD_COMMENT;
}

static DuplexFilterNode *
parse_field (Parser                 *self,
             const DuplexFilterWord *word)
{
  g_autoptr (DuplexFilterNode) node = NULL;

  node = duplex_filter_node_new (is_text_field (word->field) ? DUPLEX_FILTER_TEXT
                                                             : DUPLEX_FILTER_NUMBER);
  node->field = word->field;
  if (!read_comparison (self, word, node))
    return NULL;

  return g_steal_pointer (&node);
}

/* TRUE where what comes next compares: "text" before it is the field, and else the kind. */
static gboolean
is_before_op (const Parser *self,
              gsize         word_len)
{
  DuplexFilterReader ahead = self->reader;
  gsize              len;

  ahead.at += word_len;
  duplex_filter_reader_skip_space (&ahead);

  return duplex_filter_find_op (ahead.at, &len) != DUPLEX_FILTER_EXISTS || may_be_op (*ahead.at);
}

static DuplexFilterNode *
parse_word (Parser *self)
{
  DuplexFilterReader     *reader = &self->reader;
  gsize                   len = duplex_filter_reader_get_word (reader);
  const DuplexFilterWord *word = duplex_filter_find_field (reader->at, len);
  g_autofree char        *list = NULL;
  DuplexFilterField       field;
  gint64                  number;

  if (word != NULL && (is_before_op (self, len) ||
                       !duplex_filter_find_flag (reader->at, len, &field, &number)))
    {
      reader->at += len;
      return parse_field (self, word);
    }

  if (duplex_filter_find_flag (reader->at, len, &field, &number))
    {
      DuplexFilterNode *node = duplex_filter_node_new (DUPLEX_FILTER_NUMBER);

      reader->at += len;
      node->op = DUPLEX_FILTER_EQUAL;
      node->field = field;
      node->low = node->high = number;
      return node;
    }

  list = duplex_filter_list_words ();
  if (len > 0)
    duplex_filter_reader_fail (reader, "unknown word \"%.*s\"; text stands in quotes and a "
                                       "JSON path begins with $; words are %s",
                               (int)len, reader->at, list);
  else
    duplex_filter_reader_fail (reader, "expected \"(\", a text in quotes, /a regular "
                                       "expression/, a path as $.name, %s",
                               list);
  return NULL;
}

static DuplexFilterNode *
parse_parentheses (Parser *self)
{
  g_autoptr (DuplexFilterNode) node = NULL;

  if (!enter (self))
    return NULL;

  self->reader.at++;
  node = parse_any (self);
  if (node == NULL)
    return NULL;

  duplex_filter_reader_skip_space (&self->reader);
  if (*self->reader.at != ')')
    {
      duplex_filter_reader_fail (&self->reader, "expected \")\", \"and\" or \"or\"");
      return NULL;
    }

  self->reader.at++;
  self->depth--;
  return g_steal_pointer (&node);
}

static DuplexFilterNode *
parse_one (Parser *self)
{
  DuplexFilterNode *node;
  DuplexFilterNode *inner;

  if (take_either (self, "not", "!"))
    {
      inner = enter (self) ? parse_one (self) : NULL;
      if (inner == NULL)
        return NULL;
      self->depth--;
      node = duplex_filter_node_new (DUPLEX_FILTER_NOT);
      duplex_filter_node_add (node, inner);
      return node;
    }

  switch (*self->reader.at)
    {
    case '(':
      return parse_parentheses (self);
    case '$':
      return parse_path (self);
    case '"':
    case '\'':
    case '/':
      return parse_search (self);
    default:
      return parse_word (self);
    }
}

/* What parse finds before and behind each word. */
static DuplexFilterNode *
parse_list (Parser              *self,
            DuplexFilterNodeKind kind,
            const char          *word,
            const char          *sign,
            DuplexFilterNode *(*parse) (Parser *))
{
  g_autoptr (DuplexFilterNode) node = parse (self);

  if (node == NULL)
    return NULL;

  while (take_either (self, word, sign))
    {
      DuplexFilterNode *next = parse (self);

      if (next == NULL)
        return NULL;
      if (node->kind != kind)
        {
          DuplexFilterNode *list = duplex_filter_node_new (kind);

          duplex_filter_node_add (list, g_steal_pointer (&node));
          node = list;
        }
      duplex_filter_node_add (node, next);
    }

  if (node->kind == kind)
    duplex_filter_node_seal (node);
  return g_steal_pointer (&node);
}

static DuplexFilterNode *
parse_all (Parser *self)
{
  return parse_list (self, DUPLEX_FILTER_AND, "and", "&&", parse_one);
}

static DuplexFilterNode *
parse_any (Parser *self)
{
  return parse_list (self, DUPLEX_FILTER_OR, "or", "||", parse_all);
}

DuplexFilterNode *
duplex_filter_parser_parse (const char  *text,
                            const char **ret_at,
                            GError     **error)
{
  Parser                       parser = { .reader = { text, error } };
  g_autoptr (DuplexFilterNode) node = parse_any (&parser);

  if (node == NULL)
    {
      *ret_at = parser.reader.at;
      return NULL;
    }

  duplex_filter_reader_skip_space (&parser.reader);
  if (*parser.reader.at == '\0')
    return g_steal_pointer (&node);

  duplex_filter_reader_fail (&parser.reader, "expected \"and\", \"or\" or the end");
  *ret_at = parser.reader.at;
  return NULL;
}
