/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter.h"

#include <string.h>

#include "core/model/duplex-filter-private.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

struct _DuplexFilter
{
  gatomicrefcount   ref_count;
  DuplexFilterNode *root;
};

static void
clear_string (GString **string)
{
  if (*string != NULL)
    g_string_free (*string, TRUE);
  *string = NULL;
}

DuplexFilterNode *
duplex_filter_node_new (DuplexFilterNodeKind kind)
{
  DuplexFilterNode *self = g_new0 (DuplexFilterNode, 1);

  self->kind = kind;
  return self;
}

void
duplex_filter_node_free (DuplexFilterNode *self)
{
  g_clear_pointer (&self->children, g_ptr_array_unref);
  g_clear_pointer (&self->zone, g_time_zone_unref);
  g_clear_pointer (&self->needle, duplex_filter_needle_free);
  g_clear_pointer (&self->regex, duplex_filter_regex_free);
  g_clear_pointer (&self->path, duplex_json_path_free);
  g_clear_pointer (&self->hint, duplex_filter_needle_free);
  clear_string (&self->text);
  g_free (self);
}

void
duplex_filter_node_add (DuplexFilterNode *self,
                        DuplexFilterNode *child)
{
  if (self->children == NULL)
    self->children = g_ptr_array_new_with_free_func ((GDestroyNotify)duplex_filter_node_free);

  g_ptr_array_add (self->children, child);
}

/* About how many tests of a number a test takes. */
static guint
get_cost (const DuplexFilterNode *self)
{
  guint cost = 0;

  switch (self->kind)
    {
    case DUPLEX_FILTER_JSON:
      return 500;
    case DUPLEX_FILTER_TEXT:
      return self->op == DUPLEX_FILTER_MATCHES ? 200 : 50;
    case DUPLEX_FILTER_NUMBER:
      return self->field == DUPLEX_FILTER_FIELD_BOOKMARK ||
                 self->field == DUPLEX_FILTER_FIELD_COMPRESSED
               ? 20
               : 1;
    case DUPLEX_FILTER_ALL:
    case DUPLEX_FILTER_AND:
    case DUPLEX_FILTER_OR:
    case DUPLEX_FILTER_NOT:
    default:
      break;
    }

  for (guint i = 0; self->children != NULL && i < self->children->len; i++)
    cost += get_cost (g_ptr_array_index (self->children, i));

  return cost;
}

static int
compare_cost (gconstpointer a,
              gconstpointer b)
{
  guint cost_a = get_cost (*(DuplexFilterNode *const *)a);
  guint cost_b = get_cost (*(DuplexFilterNode *const *)b);

  return (cost_a > cost_b) - (cost_a < cost_b);
}

void
duplex_filter_node_seal (DuplexFilterNode *self)
{
  g_ptr_array_sort (self->children, compare_cost);
}

static DuplexFilter *
new_take (DuplexFilterNode *root)
{
  DuplexFilter *self = g_new0 (DuplexFilter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->root = root;
  return self;
}

static gboolean
is_blank (const char *text)
{
  return text[strspn (text, " \t\r\n")] == '\0';
}

/* Sets ret_at to the first byte that is too much. */
static gboolean
check_text (const char  *text,
            const char **ret_at,
            GError     **error)
{
  if (strnlen (text, DUPLEX_LIMIT_FILTER_LENGTH + 1) > DUPLEX_LIMIT_FILTER_LENGTH)
    {
      *ret_at = text;
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "the text is longer than %" G_GSIZE_FORMAT " bytes", DUPLEX_LIMIT_FILTER_LENGTH);
      return FALSE;
    }
  if (!g_utf8_validate (text, -1, ret_at))
    {
      g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                           "the text is not UTF-8");
      return FALSE;
    }

  return TRUE;
}

DuplexFilter *
duplex_filter_parse (const char *text,
                     guint      *ret_column,
                     GError    **error)
{
  DuplexFilterNode *root;
  const char       *at = text;

  g_return_val_if_fail (text != NULL, NULL);

  if (!check_text (text, &at, error))
    root = NULL;
  else if (is_blank (text))
    root = duplex_filter_node_new (DUPLEX_FILTER_ALL);
  else
    root = duplex_filter_parser_parse (text, &at, error);

  if (root != NULL)
    return new_take (root);

  /* What stands before is valid. */
  if (ret_column != NULL)
    *ret_column = (guint)g_utf8_pointer_to_offset (text, at);
  return NULL;
}

static gboolean
fill_text_node (DuplexFilterNode     *node,
                const char           *text,
                DuplexFilterTextFlags flags,
                GError              **error)
{
  gboolean           has_case = (flags & DUPLEX_FILTER_TEXT_CASE) != 0;
  g_autoptr (GError) regex_error = NULL;

  node->field = DUPLEX_FILTER_FIELD_TEXT;
  if (!(flags & DUPLEX_FILTER_TEXT_REGEX))
    {
      node->op = DUPLEX_FILTER_CONTAINS;
      node->needle = duplex_filter_needle_new (text, strlen (text), has_case);
      return TRUE;
    }

  node->op = DUPLEX_FILTER_MATCHES;
  node->regex = duplex_filter_regex_new (text, has_case ? 0 : G_REGEX_CASELESS, &regex_error);
  if (node->regex != NULL)
    return TRUE;

  g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT, regex_error->message);
  return FALSE;
}

DuplexFilter *
duplex_filter_new_for_text (const char           *text,
                            DuplexFilterTextFlags flags,
                            GError              **error)
{
  g_autoptr (DuplexFilterNode) root = NULL;
  const char                  *at;

  g_return_val_if_fail (text != NULL, NULL);

  if (!check_text (text, &at, error))
    return NULL;
  if (*text == '\0')
    return new_take (duplex_filter_node_new (DUPLEX_FILTER_ALL));

  root = duplex_filter_node_new (DUPLEX_FILTER_TEXT);
  if (!fill_text_node (root, text, flags, error))
    return NULL;

  return new_take (g_steal_pointer (&root));
}

DuplexFilter *
duplex_filter_ref (DuplexFilter *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
duplex_filter_unref (DuplexFilter *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->root, duplex_filter_node_free);
  g_free (self);
}

gboolean
duplex_filter_is_empty (DuplexFilter *self)
{
  g_return_val_if_fail (self != NULL, TRUE);

  return self->root->kind == DUPLEX_FILTER_ALL;
}

gboolean
duplex_filter_match_until (DuplexFilter      *self,
                           DuplexCapture     *capture,
                           const DuplexEvent *event,
                           const gint        *stop)
{
  g_auto (DuplexFilterRow) row = DUPLEX_FILTER_ROW_INIT (capture, event, stop);

  return duplex_filter_node_match (self->root, &row);
}

gboolean
duplex_filter_match (DuplexFilter      *self,
                     DuplexCapture     *capture,
                     const DuplexEvent *event)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), FALSE);
  g_return_val_if_fail (event != NULL, FALSE);

  return duplex_filter_match_until (self, capture, event, NULL);
}
