/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter-value.h"

#include <string.h>

#include "core/model/duplex-filter-string.h"
#include "core/model/duplex-filter-time.h"
#include "core/proto/duplex-error.h"

gboolean
duplex_filter_reader_fail (DuplexFilterReader *self,
                           const char         *format,
                           ...)
{
  g_autofree char *message = NULL;
  va_list          args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (self->error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT, message);

  return FALSE;
}

void
duplex_filter_reader_skip_space (DuplexFilterReader *self)
{
  self->at += strspn (self->at, " \t\r\n");
}

static gboolean
is_word_byte (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-';
}

gsize
duplex_filter_reader_get_word (const DuplexFilterReader *self)
{
  gsize len = 0;

  if (!g_ascii_isalpha (*self->at))
    return 0;
  while (is_word_byte (self->at[len]))
    len++;

  return len;
}

/* Numbers and names */

static void
set_number (DuplexFilterNode *node,
            gint64            number)
{
  node->low = number;
  node->high = number;
}

/* A name may stand in quotes. On success what it is worth is set, and it is passed. */
static gboolean
read_name (DuplexFilterReader     *self,
           const DuplexFilterName *names,
           gint64                 *ret_number)
{
  gsize       quote = duplex_filter_is_string (self->at) ? 1 : 0;
  const char *text = self->at + quote;
  gsize       len = 0;

  while (is_word_byte (text[len]))
    len++;
  if ((quote > 0 && text[len] != *self->at) ||
      !duplex_filter_find_name (names, text, len, ret_number))
    return FALSE;

  self->at = text + len + quote;
  return TRUE;
}

static gboolean
read_name_value (DuplexFilterReader     *self,
                 const DuplexFilterWord *word,
                 DuplexFilterNode       *node)
{
  g_autofree char *list = NULL;
  gint64           number;

  if (read_name (self, word->names, &number))
    {
      set_number (node, number);
      return TRUE;
    }

  list = duplex_filter_list_names (word->names);
  return duplex_filter_reader_fail (self, "%s is compared with %s", word->name, list);
}

/* What comes after a number must not look as if it belonged to it. */
static gboolean
ends_here (const char *at)
{
  return !is_word_byte (*at) && *at != '.';
}

static gboolean
read_number_value (DuplexFilterReader     *self,
                   const DuplexFilterWord *word,
                   DuplexFilterNode       *node)
{
  g_autofree char *list = NULL;
  gint64           number;
  char            *end;

  if (g_ascii_isdigit (*self->at))
    {
      guint64 digits = g_ascii_strtoull (self->at, &end, 10);

      if (ends_here (end))
        {
          self->at = end;
          set_number (node, (gint64)MIN (digits, G_MAXINT64));
          return TRUE;
        }
    }
  if (word->names == NULL)
    return duplex_filter_reader_fail (self, "%s is compared with a whole number", word->name);
  if (read_name (self, word->names, &number))
    {
      set_number (node, number);
      return TRUE;
    }

  list = duplex_filter_list_names (word->names);
  return duplex_filter_reader_fail (self, "%s is compared with a whole number, %s", word->name,
                                    list);
}

static const DuplexFilterName units[] = {
  { "B", 1 },
  { "k", 1024 },
  { "M", 1024 * 1024 },
  { "G", 1024 * 1024 * 1024 },
  { "KiB", 1024 },
  { "MiB", 1024 * 1024 },
  { "GiB", 1024 * 1024 * 1024 },
  { "kB", 1000 },
  { "MB", 1000 * 1000 },
  { "GB", 1000 * 1000 * 1000 },
  { NULL, 0 },
};

static gboolean
read_size_value (DuplexFilterReader     *self,
                 const DuplexFilterWord *word,
                 DuplexFilterNode       *node)
{
  const char *start = self->at;
  const char *end = start;
  gint64      unit = 1;
  gsize       len = 0;
  double      size = 0;

  while (g_ascii_isdigit (*end))
    end++;
  if (end > start && *end == '.')
    end += 1 + strspn (end + 1, "0123456789");
  while (g_ascii_isalpha (end[len]))
    len++;

  if (end > start)
    size = g_ascii_strtod (start, NULL);
  if (end == start || (len > 0 && !duplex_filter_find_name (units, end, len, &unit)) ||
      !ends_here (end + len))
    return duplex_filter_reader_fail (self, "%s is compared with bytes, as 100, 4k or 1.5MB",
                                      word->name);

  self->at = end + len;
  /* 2^63 is the first that is too large. */
  size *= (double)unit;
  set_number (node, size < 9223372036854775808.0 ? (gint64)size : G_MAXINT64);
  return TRUE;
}

/* Times */

static gboolean
is_time_byte (char c)
{
  return g_ascii_isalnum (c) || c == ':' || c == '.' || c == '-' || c == '+';
}

static gboolean
read_time_value (DuplexFilterReader     *self,
                 const DuplexFilterWord *word,
                 DuplexFilterNode       *node)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  gsize                 quote = duplex_filter_is_string (self->at) ? 1 : 0;
  const char           *text = self->at + quote;
  gsize                 len = 0;
  DuplexFilterTime      time;

  while (is_time_byte (text[len]) || (quote > 0 && text[len] == ' '))
    len++;
  if ((quote > 0 && text[len] != *self->at) || !duplex_filter_time_parse (text, len, zone, &time))
    return duplex_filter_reader_fail (self, "%s is compared with a time, as 12:30, 12:30:05.250, "
                                            "2024-05-01 or 2024-05-01T12:30Z",
                                      word->name);

  self->at = text + len + quote;
  node->low = time.first_us;
  node->high = time.last_us;
  if (time.is_of_day)
    {
      node->field = DUPLEX_FILTER_FIELD_TIME_OF_DAY;
      node->zone = g_steal_pointer (&zone);
    }
  return TRUE;
}

/* Texts */

static gboolean
read_needle (DuplexFilterReader *self,
             DuplexFilterNode   *node)
{
  const char         *start = self->at;
  g_autoptr (GString) text = duplex_filter_read_string (self->at, &self->at, self->error);
  gboolean            has_case;

  if (text == NULL)
    return FALSE;

  has_case = *self->at == 'c' && !is_word_byte (self->at[1]);
  if (has_case)
    self->at++;

  if (text->len > 0)
    node->needle = duplex_filter_needle_new (text->str, text->len, has_case);
  if (node->needle != NULL)
    return TRUE;

  self->at = start;
  return duplex_filter_reader_fail (self, "the text to look for is empty");
}

/* The letters behind a regular expression. */
static gboolean
read_regex_flags (DuplexFilterReader *self,
                  GRegexCompileFlags *ret_flags)
{
  for (; is_word_byte (*self->at); self->at++)
    {
      switch (*self->at)
        {
        case 'i':
          *ret_flags |= G_REGEX_CASELESS;
          break;
        case 'm':
          *ret_flags |= G_REGEX_MULTILINE;
          break;
        case 's':
          *ret_flags |= G_REGEX_DOTALL;
          break;
        case 'x':
          *ret_flags |= G_REGEX_EXTENDED;
          break;
        default:
          return duplex_filter_reader_fail (self, "unknown flag %c of the regular expression; "
                                                  "possible are i, m, s and x",
                                            *self->at);
        }
    }

  return TRUE;
}

static gboolean
read_regex (DuplexFilterReader *self,
            DuplexFilterNode   *node)
{
  const char        *start = self->at;
  const char        *end = start + 1;
  g_autofree char   *pattern = NULL;
  g_autoptr (GError) error = NULL;
  GRegexCompileFlags flags = 0;

  /* An escaped slash is a slash to PCRE too. */
  while (*end != '\0' && *end != '/')
    end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
  if (*end == '\0')
    return duplex_filter_reader_fail (self, "the regular expression has no end; expected /");
  if (end == start + 1)
    return duplex_filter_reader_fail (self, "the regular expression is empty");

  pattern = g_strndup (start + 1, end - start - 1);
  self->at = end + 1;
  if (!read_regex_flags (self, &flags))
    return FALSE;

  node->regex = duplex_filter_regex_new (pattern, flags, &error);
  if (node->regex != NULL)
    return TRUE;

  self->at = start;
  return duplex_filter_reader_fail (self, "%s", error->message);
}

static gboolean
read_text_value (DuplexFilterReader     *self,
                 const DuplexFilterWord *word,
                 DuplexFilterNode       *node)
{
  if (node->op == DUPLEX_FILTER_MATCHES)
    {
      if (*self->at == '/')
        return read_regex (self, node);
      return duplex_filter_reader_fail (self, "=~ is followed by a regular expression, as /a+b/i");
    }

  if (!duplex_filter_is_string (self->at))
    return duplex_filter_reader_fail (self, "%s is compared with a text in quotes here",
                                      word->name);
  if (node->op == DUPLEX_FILTER_CONTAINS)
    return read_needle (self, node);

  node->text = duplex_filter_read_string (self->at, &self->at, self->error);
  return node->text != NULL;
}

static gboolean
read_finding_value (DuplexFilterReader     *self,
                    const DuplexFilterWord *word,
                    DuplexFilterNode       *node)
{
  g_autofree char *list = NULL;

  if (node->op == DUPLEX_FILTER_CONTAINS || node->op == DUPLEX_FILTER_MATCHES)
    return read_text_value (self, word, node);

  for (guint i = DUPLEX_FINDING_NONE + 1; i < DUPLEX_N_FINDINGS; i++)
    {
      const char            *name = duplex_finding_get_name (i);
      const DuplexFilterName names[] = { { name, i }, { NULL, 0 } };
      gint64                 number;

      if (!read_name (self, names, &number))
        continue;
      node->text = g_string_new (name);
      return TRUE;
    }

  list = duplex_filter_list_findings ();
  return duplex_filter_reader_fail (self, "%s is compared with %s", word->name, list);
}

/* JSON */

static gboolean
read_json_number (DuplexFilterReader *self,
                  DuplexFilterNode   *node)
{
  gsize len = strspn (self->at, "0123456789+-.eE");

  if (!duplex_json_is_valid (self->at, len) || !ends_here (self->at + len))
    return duplex_filter_reader_fail (self, "no number as JSON writes it");

  node->token = DUPLEX_JSON_NUMBER;
  node->text = g_string_new_len (self->at, (gssize)len);
  self->at += len;
  return TRUE;
}

static gboolean
read_json_word (DuplexFilterReader *self,
                DuplexFilterNode   *node)
{
  static const DuplexFilterName names[] = {
    { "true", DUPLEX_JSON_TRUE },
    { "false", DUPLEX_JSON_FALSE },
    { "null", DUPLEX_JSON_NULL },
    { NULL, 0 },
  };
  gsize  len = duplex_filter_reader_get_word (self);
  gint64 token;

  if (!duplex_filter_find_name (names, self->at, len, &token))
    return duplex_filter_reader_fail (self, "the path is compared with a text in quotes, a number, "
                                            "true, false or null");
  if (node->op != DUPLEX_FILTER_EQUAL && node->op != DUPLEX_FILTER_UNEQUAL)
    return duplex_filter_reader_fail (self, "%.*s is compared by == or != only", (int)len,
                                      self->at);

  node->token = (DuplexJsonToken)token;
  self->at += len;
  return TRUE;
}

static gboolean
read_json_value (DuplexFilterReader     *self,
                 const DuplexFilterWord *word,
                 DuplexFilterNode       *node)
{
  if (node->op == DUPLEX_FILTER_CONTAINS || node->op == DUPLEX_FILTER_MATCHES)
    return read_text_value (self, word, node);
  if (g_ascii_isdigit (*self->at) || *self->at == '-')
    return read_json_number (self, node);
  if (!duplex_filter_is_string (self->at))
    return read_json_word (self, node);

  node->token = DUPLEX_JSON_STRING;
  return read_text_value (self, word, node);
}

gboolean
duplex_filter_reader_read_value (DuplexFilterReader     *self,
                                 const DuplexFilterWord *word,
                                 DuplexFilterNode       *node)
{
  switch (word->value)
    {
    case DUPLEX_FILTER_VALUE_NAME:
      return read_name_value (self, word, node);
    case DUPLEX_FILTER_VALUE_NUMBER:
      return read_number_value (self, word, node);
    case DUPLEX_FILTER_VALUE_SIZE:
      return read_size_value (self, word, node);
    case DUPLEX_FILTER_VALUE_TIME:
      return read_time_value (self, word, node);
    case DUPLEX_FILTER_VALUE_TEXT:
      return read_text_value (self, word, node);
    case DUPLEX_FILTER_VALUE_FINDING:
      return read_finding_value (self, word, node);
    case DUPLEX_FILTER_VALUE_JSON:
      return read_json_value (self, word, node);
    case DUPLEX_FILTER_VALUE_NONE:
    default:
      g_assert_not_reached ();
    }
}

gboolean
duplex_filter_reader_read_search (DuplexFilterReader *self,
                                  DuplexFilterNode   *node)
{
  gboolean is_regex = *self->at == '/';

  node->op = is_regex ? DUPLEX_FILTER_MATCHES : DUPLEX_FILTER_CONTAINS;

  return is_regex ? read_regex (self, node) : read_needle (self, node);
}
