/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-json-path.h"

#include <string.h>

#include "core/model/duplex-filter-string.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

typedef enum {
  STEP_NAME,  /* .name, ["name"] */
  STEP_INDEX, /* [0] */
  STEP_ANY,   /* [*], .* */
} StepKind;

typedef struct
{
  StepKind kind;
  gboolean is_deep; /* ..: from any depth */
  GString *name;
  guint64  index;
} Step;

struct _DuplexJsonPath
{
  Step  steps[DUPLEX_JSON_PATH_MAX_STEPS];
  guint n_steps;
};

/* Parsing */

static gboolean
fail (const char **at,
      const char  *where,
      GError     **error,
      const char  *message)
{
  *at = where;
  g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

static gboolean
is_name_byte (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-' || (guint8)c >= 0x80;
}

static gboolean
read_index (const char **at,
            Step        *step,
            GError     **error)
{
  char *end;

  if (!g_ascii_isdigit (**at))
    return fail (at, *at, error, "expected an index, a string or * in the brackets");

  step->kind = STEP_INDEX;
  step->index = g_ascii_strtoull (*at, &end, 10);
  *at = end;
  return TRUE;
}

/* What stands in brackets, from the opening one on. */
static gboolean
read_bracket (const char **at,
              Step        *step,
              GError     **error)
{
  (*at)++;
  if (**at == '*')
    {
      step->kind = STEP_ANY;
      (*at)++;
    }
  else if (duplex_filter_is_string (*at))
    {
      step->kind = STEP_NAME;
      step->name = duplex_filter_read_string (*at, at, error);
      if (step->name == NULL)
        return FALSE;
    }
  else if (!read_index (at, step, error))
    {
      return FALSE;
    }

  if (**at != ']')
    return fail (at, *at, error, "expected ]");
  (*at)++;
  return TRUE;
}

static gboolean
read_name (const char **at,
           Step        *step,
           GError     **error)
{
  const char *start = *at;

  if (*start == '*')
    {
      step->kind = STEP_ANY;
      (*at)++;
      return TRUE;
    }

  while (is_name_byte (**at))
    (*at)++;
  if (*at == start)
    return fail (at, start, error, "expected a name or * after the dot");

  step->kind = STEP_NAME;
  step->name = g_string_new_len (start, *at - start);
  return TRUE;
}

static gboolean
read_step (const char **at,
           Step        *step,
           GError     **error)
{
  if (**at == '[')
    return read_bracket (at, step, error);

  (*at)++;
  if (**at == '.')
    {
      step->is_deep = TRUE;
      (*at)++;
      if (**at == '[')
        return read_bracket (at, step, error);
    }

  return read_name (at, step, error);
}

DuplexJsonPath *
duplex_json_path_parse (const char  *text,
                        const char **ret_end,
                        GError     **error)
{
  g_autoptr (DuplexJsonPath) self = g_new0 (DuplexJsonPath, 1);

  g_return_val_if_fail (text != NULL && *text == '$', NULL);

  for (text++; *text == '.' || *text == '[';)
    {
      *ret_end = text;
      if (self->n_steps == DUPLEX_JSON_PATH_MAX_STEPS)
        {
          g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                       "the path has more than %d steps", DUPLEX_JSON_PATH_MAX_STEPS);
          return NULL;
        }
      if (!read_step (&text, &self->steps[self->n_steps++], error))
        {
          *ret_end = text;
          return NULL;
        }
    }

  *ret_end = text;
  return g_steal_pointer (&self);
}

void
duplex_json_path_free (DuplexJsonPath *self)
{
  for (guint i = 0; i < self->n_steps; i++)
    {
      if (self->steps[i].name != NULL)
        g_string_free (self->steps[i].name, TRUE);
    }
  g_free (self);
}

const char *
duplex_json_path_get_name (const DuplexJsonPath *self)
{
  const Step *last = self->n_steps > 0 ? &self->steps[self->n_steps - 1] : NULL;

  return last != NULL && last->kind == STEP_NAME ? last->name->str : NULL;
}

/* Strings */

void
duplex_json_string_decode (const char *text,
                           gsize       len,
                           GString    *out)
{
  const char *end = text + len - 1;

  for (text++; text < end;)
    {
      const char *escape = memchr (text, '\\', end - text);
      gsize       plain = (escape != NULL ? escape : end) - text;
      gsize       size;

      g_string_append_len (out, text, (gssize)plain);
      text += plain;
      if (escape == NULL)
        continue;

      /* The lexer has checked it. */
      g_string_append_unichar (out, duplex_filter_read_escape (text, end - text, &size));
      text += size;
    }
}

static gboolean
is_key (const char    *key,
        gsize          len,
        const GString *name)
{
  g_autoptr (GString) decoded = NULL;

  if (len - 2 == name->len && memcmp (key + 1, name->str, name->len) == 0)
    return memchr (key + 1, '\\', len - 2) == NULL;
  if (len - 2 <= name->len || memchr (key + 1, '\\', len - 2) == NULL)
    return FALSE;

  decoded = g_string_sized_new (len);
  duplex_json_string_decode (key, len, decoded);
  return g_string_equal (decoded, name);
}

/* Searching. How far the path has come at a value is a set of bits: bit i where the first i steps
 * lead there. */

typedef struct
{
  guint32  steps; /* of the object or array */
  guint32  next;  /* of the member that comes */
  guint64  index; /* of that member, in an array */
  gsize    start; /* where it begins in the text */
  gboolean is_wanted;
} Level;

typedef struct
{
  const DuplexJsonPath *path;
  const char           *text;
  DuplexJsonPathMode    mode;
  DuplexJsonPathFunc    func;
  gpointer              user_data;

  guint depth;
  Level levels[DUPLEX_LIMIT_JSON_DEPTH + 1]; /* [0] is around the whole text */
} Search;

/* key is NULL for a member of an array. */
static gboolean
is_step (const Step *step,
         const char *key,
         gsize       len,
         guint64     index)
{
  switch (step->kind)
    {
    case STEP_NAME:
      return key != NULL && is_key (key, len, step->name);
    case STEP_INDEX:
      return key == NULL && step->index == index;
    case STEP_ANY:
    default:
      return TRUE;
    }
}

static guint32
get_next (const DuplexJsonPath *path,
          guint32               steps,
          const char           *key,
          gsize                 len,
          guint64               index)
{
  guint32 next = 0;

  for (guint i = 0; i < path->n_steps && steps >> i != 0; i++)
    {
      if ((steps >> i & 1) == 0)
        continue;
      if (path->steps[i].is_deep)
        next |= 1u << i;
      if (is_step (&path->steps[i], key, len, index))
        next |= 2u << i;
    }

  return next;
}

static gboolean
is_end (const Search *search,
        guint32       steps)
{
  return (steps >> search->path->n_steps & 1) != 0;
}

static gboolean
give (const Search   *search,
      DuplexJsonToken token,
      gsize           offset,
      gsize           len)
{
  DuplexJsonValue value = { token, search->text + offset, len };

  return search->func (&value, search->user_data);
}

/* Returns TRUE where func has ended the search. */
static gboolean
enter (Search         *search,
       DuplexJsonToken token,
       gsize           offset)
{
  guint32  steps = search->levels[search->depth].next;
  gboolean is_found = is_end (search, steps);
  Level   *level;

  if (is_found && search->mode == DUPLEX_JSON_PATH_BEGIN && give (search, token, offset, 1))
    return TRUE;

  level = &search->levels[++search->depth];
  level->steps = steps;
  level->start = offset;
  level->is_wanted = is_found && search->mode == DUPLEX_JSON_PATH_WHOLE;
  level->index = 0;
  if (token == DUPLEX_JSON_ARRAY_OPEN)
    level->next = get_next (search->path, steps, NULL, 0, 0);

  return FALSE;
}

static gboolean
leave (Search         *search,
       DuplexJsonToken token,
       gsize           offset)
{
  Level *level = &search->levels[search->depth--];

  if (!level->is_wanted)
    return FALSE;

  token = token == DUPLEX_JSON_OBJECT_CLOSE ? DUPLEX_JSON_OBJECT_OPEN : DUPLEX_JSON_ARRAY_OPEN;
  return give (search, token, level->start, offset + 1 - level->start);
}

/* A comma in an object changes nothing: the next key does. */
static void
pass_comma (Search *search)
{
  Level *level = &search->levels[search->depth];

  level->index++;
  if (search->text[level->start] == '[')
    level->next = get_next (search->path, level->steps, NULL, 0, level->index);
}

static gboolean
take_token (Search         *search,
            DuplexJsonToken token,
            gsize           offset,
            gsize           len)
{
  Level *level = &search->levels[search->depth];

  switch (token)
    {
    case DUPLEX_JSON_OBJECT_OPEN:
    case DUPLEX_JSON_ARRAY_OPEN:
      return enter (search, token, offset);

    case DUPLEX_JSON_OBJECT_CLOSE:
    case DUPLEX_JSON_ARRAY_CLOSE:
      return leave (search, token, offset);

    case DUPLEX_JSON_KEY:
      level->next = level->steps == 0
                      ? 0
                      : get_next (search->path, level->steps, search->text + offset, len, 0);
      return FALSE;

    case DUPLEX_JSON_COMMA:
      if (level->steps != 0)
        pass_comma (search);
      return FALSE;

    case DUPLEX_JSON_COLON:
      return FALSE;

    default:
      return is_end (search, level->next) && give (search, token, offset, len);
    }
}

gboolean
duplex_json_path_find (const DuplexJsonPath *self,
                       const char           *text,
                       gsize                 len,
                       DuplexJsonPathMode    mode,
                       DuplexJsonPathFunc    func,
                       gpointer              user_data)
{
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (text, len);
  Search                      search;

  /* The levels are not cleared: each is when it is entered. */
  search.path = self;
  search.text = text;
  search.mode = mode;
  search.func = func;
  search.user_data = user_data;
  search.depth = 0;
  search.levels[0].next = 1;

  for (;;)
    {
      gsize           offset = 0;
      gsize           size = 0;
      DuplexJsonToken token = duplex_json_lexer_next (lexer, &offset, &size);

      if (token == DUPLEX_JSON_END || token == DUPLEX_JSON_ERROR)
        return FALSE;
      if (take_token (&search, token, offset, size))
        return TRUE;
    }
}
