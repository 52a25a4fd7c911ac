/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-filter-terms.h"

#include <string.h>

/* Words of duplex-filter(5). */
static const struct
{
  const char *word;
  guint       group;
} chips_info[] = {
  [DUPLEX_FILTER_CHIP_SENT] = { "sent", 0 },
  [DUPLEX_FILTER_CHIP_RECEIVED] = { "received", 0 },
  [DUPLEX_FILTER_CHIP_TEXT] = { "text", 1 },
  [DUPLEX_FILTER_CHIP_BINARY] = { "binary", 1 },
  [DUPLEX_FILTER_CHIP_CONTROL] = { "control", 1 },
  [DUPLEX_FILTER_CHIP_STATE] = { "state", 1 },
  [DUPLEX_FILTER_CHIP_FINDING] = { "finding", 2 },
  [DUPLEX_FILTER_CHIP_BOOKMARK] = { "bookmark", 3 },
  [DUPLEX_FILTER_CHIP_CLIENT] = { "client", 4 },
  [DUPLEX_FILTER_CHIP_BACKEND] = { "backend", 4 },
};

#define N_GROUPS 5

/* The terms of an expression that "and" joins at its top. */
typedef struct
{
  GPtrArray *terms; /* of char *, stripped */
  gboolean   has_or;
} Terms;

static gboolean
is_word_char (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-';
}

/* Behind the string or regular expression that begins at p. */
static const char *
skip_quoted (const char *p)
{
  char quote = *p++;

  while (*p != '\0' && *p != quote)
    p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;

  return *p != '\0' ? p + 1 : p;
}

/* The length of the operator at p, which is none within a word or path. */
static gsize
get_op_len (const char *start,
            const char *p,
            const char *word,
            const char *sign)
{
  gsize len = strlen (word);

  if (g_str_has_prefix (p, sign))
    return strlen (sign);
  if (g_ascii_strncasecmp (p, word, len) != 0 || is_word_char (p[len]) ||
      (p > start && (is_word_char (p[-1]) || p[-1] == '.')))
    return 0;

  return len;
}

static void
add_term (Terms      *self,
          const char *start,
          const char *end)
{
  char *term = g_strstrip (g_strndup (start, (gsize)(end - start)));

  if (*term != '\0')
    g_ptr_array_add (self->terms, term);
  else
    g_free (term);
}

static void
terms_init (Terms      *self,
            const char *expression)
{
  const char *start = expression;
  const char *p = expression;
  int         depth = 0;

  self->terms = g_ptr_array_new_with_free_func (g_free);
  self->has_or = FALSE;

  while (*p != '\0')
    {
      gsize len = 0;

      if (strchr ("\"'/", *p) != NULL)
        {
          p = skip_quoted (p);
          continue;
        }
      depth += *p == '(' ? 1 : *p == ')' ? -1
                                         : 0;
      if (depth == 0 && get_op_len (expression, p, "or", "||") > 0)
        self->has_or = TRUE;
      if (depth == 0)
        len = get_op_len (expression, p, "and", "&&");
      if (len > 0)
        {
          add_term (self, start, p);
          start = p + len;
        }
      p += MAX (len, 1);
    }

  add_term (self, start, p);
  if (!self->has_or)
    return;

  g_ptr_array_set_size (self->terms, 0);
  add_term (self, expression, p);
}

static void
terms_clear (Terms *self)
{
  g_ptr_array_unref (self->terms);
}

/* How the chips of a group are written; NULL where none is asked for. */
static char *
write_group (guint chips,
             guint group)
{
  g_autoptr (GString) out = g_string_new (NULL);
  guint               n = 0;

  for (guint i = 0; i < DUPLEX_N_FILTER_CHIPS; i++)
    {
      if (chips_info[i].group != group || (chips & (1u << i)) == 0)
        continue;
      if (n++ > 0)
        g_string_append (out, " or ");
      g_string_append (out, chips_info[i].word);
    }

  if (n == 0)
    return NULL;
  return n == 1 ? g_strdup (out->str) : g_strdup_printf ("(%s)", out->str);
}

/* The chips that term is all about, or 0. */
static guint
read_term (const char *term)
{
  g_autofree char *copy = g_ascii_strdown (term, -1);
  g_auto (GStrv)   words = NULL;
  gsize            len = strlen (copy);
  guint            chips = 0;
  guint            group = N_GROUPS;
  char            *inner = copy;

  if (len >= 2 && copy[0] == '(' && copy[len - 1] == ')')
    {
      copy[len - 1] = '\0';
      inner++;
    }

  words = g_strsplit (inner, " or ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    {
      guint chip = 0;

      g_strstrip (words[i]);
      while (chip < DUPLEX_N_FILTER_CHIPS && !g_str_equal (chips_info[chip].word, words[i]))
        chip++;
      if (chip == DUPLEX_N_FILTER_CHIPS || (group < N_GROUPS && chips_info[chip].group != group))
        return 0;
      group = chips_info[chip].group;
      chips |= 1u << chip;
    }

  return chips;
}

gboolean
duplex_filter_chip_ends_group (DuplexFilterChip chip)
{
  return chip + 1 >= DUPLEX_N_FILTER_CHIPS || chips_info[chip + 1].group != chips_info[chip].group;
}

gboolean
duplex_filter_chip_is_of_legs (DuplexFilterChip chip)
{
  return chip == DUPLEX_FILTER_CHIP_CLIENT || chip == DUPLEX_FILTER_CHIP_BACKEND;
}

/* An "or" at the top may be all about chips: "sent or received". */
guint
duplex_filter_terms_get_chips (const char *expression)
{
  guint chips = 0;
  Terms terms;

  g_return_val_if_fail (expression != NULL, 0);

  terms_init (&terms, expression);
  for (guint i = 0; i < terms.terms->len; i++)
    chips |= read_term (g_ptr_array_index (terms.terms, i));
  terms_clear (&terms);

  return chips;
}

static void
append_term (GString    *out,
             const char *term)
{
  if (out->len > 0)
    g_string_append (out, " and ");
  g_string_append (out, term);
}

char *
duplex_filter_terms_set_chips (const char *expression,
                               guint       chips)
{
  GString *out = g_string_new (NULL);
  Terms    terms;

  g_return_val_if_fail (expression != NULL, NULL);

  for (guint i = 0; i < N_GROUPS; i++)
    {
      g_autofree char *term = write_group (chips, i);

      if (term != NULL)
        append_term (out, term);
    }

  terms_init (&terms, expression);
  for (guint i = 0; i < terms.terms->len; i++)
    {
      const char *term = g_ptr_array_index (terms.terms, i);

      if (read_term (term) != 0)
        continue;
      if (terms.has_or && out->len > 0)
        g_string_append_printf (out, " and (%s)", term);
      else
        append_term (out, term);
    }
  terms_clear (&terms);

  return g_string_free (out, FALSE);
}

gboolean
duplex_filter_terms_read_notes (const char *expression)
{
  g_autofree char *lower = NULL;

  g_return_val_if_fail (expression != NULL, FALSE);

  lower = g_ascii_strdown (expression, -1);
  return strstr (lower, "bookmark") != NULL || strstr (lower, "comment") != NULL;
}

static char *
quote (const char *text,
       gboolean    has_case)
{
  GString *out = g_string_new ("\"");

  for (; *text != '\0'; text++)
    {
      if (*text == '"' || *text == '\\')
        g_string_append_c (out, '\\');
      if (*text == '\n')
        g_string_append (out, "\\n");
      else if (*text == '\t')
        g_string_append (out, "\\t");
      else
        g_string_append_c (out, *text);
    }
  g_string_append (out, has_case ? "\"c" : "\"");

  return g_string_free (out, FALSE);
}

/* A slash ends the expression, unless it is escaped. */
static char *
delimit (const char *pattern,
         gboolean    has_case)
{
  GString *out = g_string_new ("/");

  for (; *pattern != '\0'; pattern++)
    {
      if (*pattern == '/')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *pattern);
      if (pattern[0] == '\\' && pattern[1] != '\0')
        g_string_append_c (out, *++pattern);
    }
  g_string_append (out, has_case ? "/" : "/i");

  return g_string_free (out, FALSE);
}

char *
duplex_filter_terms_from_text (const char           *text,
                               DuplexFilterTextFlags flags)
{
  gboolean has_case = (flags & DUPLEX_FILTER_TEXT_CASE) != 0;

  g_return_val_if_fail (text != NULL, NULL);

  if (*text == '\0')
    return g_strdup ("");

  return flags & DUPLEX_FILTER_TEXT_REGEX ? delimit (text, has_case) : quote (text, has_case);
}
