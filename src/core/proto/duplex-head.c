/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-handshake.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-list.h"

typedef struct
{
  char *name;
  char *value;
  gsize offset;
  gsize value_offset;
} Field;

struct _DuplexHead
{
  char   *method; /* NULL for a response */
  char   *target; /* NULL for a response */
  char   *reason; /* NULL for a request */
  guint   status;
  guint   minor_version;
  GArray *fields; /* of Field */
};

/* A line of the head without its end. */
typedef struct
{
  const char *text;
  gsize       len;
  gsize       offset; /* within the head */
  guint       number; /* from 1 */
} Line;

/* "HTTP/1.1" */
#define VERSION_SIZE 8

/* Bytes of a bad line that an error message repeats. */
#define EXCERPT_SIZE 64

static void
field_clear (gpointer data)
{
  Field *field = data;

  g_free (field->name);
  g_free (field->value);
}

/* Fails with what is wrong, the line's number and its beginning, printable. */
static gboolean
fail_line (const Line *line,
           const char *problem,
           GError    **error)
{
  g_autoptr (GString) excerpt = g_string_new (NULL);

  for (gsize i = 0; i < MIN (line->len, EXCERPT_SIZE); i++)
    {
      if (g_ascii_isprint (line->text[i]))
        g_string_append_c (excerpt, line->text[i]);
      else
        g_string_append_printf (excerpt, "\\x%02x", (guint8)line->text[i]);
    }

  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID,
               "line %u: %s: \"%s%s\"", line->number, problem, excerpt->str,
               line->len > EXCERPT_SIZE ? "…" : "");
  return FALSE;
}

/* Moves line to the next one of head, FALSE at the end. The last may lack its line end. */
static gboolean
next_line (Line       *line,
           const char *head,
           gsize       len,
           gsize      *pos)
{
  const char *end;

  if (*pos == len)
    return FALSE;

  line->text = head + *pos;
  line->offset = *pos;
  line->number++;
  end = memchr (line->text, '\n', len - *pos);
  line->len = end != NULL ? (gsize)(end - line->text) : len - *pos;
  *pos += end != NULL ? line->len + 1 : line->len;
  if (end != NULL && line->len > 0 && line->text[line->len - 1] == '\r')
    line->len--;

  return TRUE;
}

static gboolean
has_control (const char *text,
             gsize       len)
{
  for (gsize i = 0; i < len; i++)
    {
      if (g_ascii_iscntrl (text[i]) && text[i] != '\t')
        return TRUE;
    }

  return FALSE;
}

static gboolean
is_token (const char *text,
          gsize       len)
{
  for (gsize i = 0; i < len; i++)
    {
      if (!duplex_is_token_char (text[i]))
        return FALSE;
    }

  return len > 0;
}

/* "HTTP/1." and a digit, §2.3 of RFC 9112. */
static gboolean
parse_version (const char *text,
               guint      *ret_minor)
{
  if (memcmp (text, "HTTP/1.", VERSION_SIZE - 1) != 0 || !g_ascii_isdigit (text[VERSION_SIZE - 1]))
    return FALSE;

  *ret_minor = text[VERSION_SIZE - 1] - '0';
  return TRUE;
}

/* "HTTP/1.1 101 Switching Protocols"; the phrase, with its space, may be missing. */
static gboolean
parse_status_line (DuplexHead *self,
                   const Line *line,
                   GError    **error)
{
  const gsize status_end = VERSION_SIZE + 1 + 3;
  const char *text = line->text;

  if (line->len < status_end || text[VERSION_SIZE] != ' ' ||
      !parse_version (text, &self->minor_version))
    return fail_line (line, "not an HTTP/1 status line", error);

  for (gsize i = VERSION_SIZE + 1; i < status_end; i++)
    {
      if (!g_ascii_isdigit (text[i]))
        return fail_line (line, "the status is not a number", error);
      self->status = self->status * 10 + (text[i] - '0');
    }

  if (self->status < 100 || self->status > 599)
    return fail_line (line, "the status is not between 100 and 599", error);

  if (line->len > status_end && text[status_end] != ' ')
    return fail_line (line, "the status has more than three digits", error);

  self->reason = line->len > status_end
                   ? g_strndup (text + status_end + 1, line->len - status_end - 1)
                   : g_strdup ("");
  return TRUE;
}

/* "GET /chat HTTP/1.1" */
static gboolean
parse_request_line (DuplexHead *self,
                    const Line *line,
                    GError    **error)
{
  const char *end = line->text + line->len;
  const char *method_end = memchr (line->text, ' ', line->len);
  const char *target = method_end != NULL ? method_end + 1 : end;
  const char *target_end = memchr (target, ' ', end - target);

  if (target_end == NULL || end - target_end != 1 + VERSION_SIZE ||
      !parse_version (target_end + 1, &self->minor_version))
    return fail_line (line, "not an HTTP/1 request line", error);

  if (!is_token (line->text, method_end - line->text))
    return fail_line (line, "the method is not a token", error);

  if (target == target_end)
    return fail_line (line, "the target is missing", error);

  self->method = g_strndup (line->text, method_end - line->text);
  self->target = g_strndup (target, target_end - target);
  return TRUE;
}

static gboolean
parse_field (DuplexHead *self,
             const Line *line,
             GError    **error)
{
  const char *colon = memchr (line->text, ':', line->len);
  const char *value;
  gsize       value_len;
  Field       field;

  if (line->text[0] == ' ' || line->text[0] == '\t')
    return fail_line (line, "folded headers are obsolete", error);

  if (colon == NULL)
    return fail_line (line, "a header needs a colon", error);

  if (!is_token (line->text, colon - line->text))
    return fail_line (line, "the header's name is not a token", error);

  if (self->fields->len == DUPLEX_LIMIT_HANDSHAKE_FIELDS)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG,
                   "line %u: more than %d headers", line->number, DUPLEX_LIMIT_HANDSHAKE_FIELDS);
      return FALSE;
    }

  value = colon + 1;
  value_len = line->text + line->len - value;
  duplex_trim (&value, &value_len);
  field.name = g_strndup (line->text, colon - line->text);
  field.value = g_strndup (value, value_len);
  field.offset = line->offset;
  field.value_offset = line->offset + (value - line->text);
  g_array_append_val (self->fields, field);
  return TRUE;
}

typedef gboolean (*ParseFirstLine) (DuplexHead *self,
                                    const Line *line,
                                    GError    **error);

static gboolean
parse_lines (DuplexHead    *self,
             const char    *head,
             gsize          len,
             ParseFirstLine parse_first_line,
             GError       **error)
{
  Line  line = { 0 };
  gsize pos = 0;

  while (next_line (&line, head, len, &pos))
    {
      if (has_control (line.text, line.len))
        return fail_line (&line, "control character in the head", error);

      if (line.number == 1)
        {
          if (!parse_first_line (self, &line, error))
            return FALSE;
        }
      else if (line.len == 0)
        return pos == len || fail_line (&line, "the head ends before its last byte", error);
      else if (!parse_field (self, &line, error))
        return FALSE;
    }

  return fail_line (&line, "the head has no end", error);
}

static DuplexHead *
parse (const guint8  *data,
       gsize          len,
       ParseFirstLine parse_first_line,
       GError       **error)
{
  g_autoptr (DuplexHead) self = NULL;

  if (len > DUPLEX_LIMIT_HANDSHAKE_HEAD)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG,
                   "the head has %" G_GSIZE_FORMAT " bytes, more than %" G_GSIZE_FORMAT,
                   len, DUPLEX_LIMIT_HANDSHAKE_HEAD);
      return NULL;
    }

  self = g_new0 (DuplexHead, 1);
  self->fields = g_array_new (FALSE, FALSE, sizeof (Field));
  g_array_set_clear_func (self->fields, field_clear);
  if (!parse_lines (self, (const char *)data, len, parse_first_line, error))
    return NULL;

  return g_steal_pointer (&self);
}

gsize
duplex_head_find_end (const guint8 *data,
                      gsize         len,
                      GError      **error)
{
  gsize limit = MIN (len, DUPLEX_LIMIT_HANDSHAKE_HEAD);
  gsize pos = 0;

  g_return_val_if_fail (data != NULL || len == 0, 0);

  /* An empty line is a line end behind another, or at the very beginning. */
  while (pos < limit)
    {
      const guint8 *end = memchr (data + pos, '\n', limit - pos);
      gsize         line_len;

      if (end == NULL)
        break;
      line_len = end - (data + pos);
      if (line_len == 0 || (line_len == 1 && data[pos] == '\r'))
        return pos + line_len + 1;
      pos += line_len + 1;
    }

  if (len >= DUPLEX_LIMIT_HANDSHAKE_HEAD)
    g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG,
                 "the head has not ended after %" G_GSIZE_FORMAT " bytes",
                 DUPLEX_LIMIT_HANDSHAKE_HEAD);
  return 0;
}

DuplexHead *
duplex_head_parse_request (const guint8 *data,
                           gsize         len,
                           GError      **error)
{
  g_return_val_if_fail (data != NULL || len == 0, NULL);

  return parse (data, len, parse_request_line, error);
}

DuplexHead *
duplex_head_parse_response (const guint8 *data,
                            gsize         len,
                            GError      **error)
{
  g_return_val_if_fail (data != NULL || len == 0, NULL);

  return parse (data, len, parse_status_line, error);
}

void
duplex_head_free (DuplexHead *self)
{
  if (self == NULL)
    return;

  g_free (self->method);
  g_free (self->target);
  g_free (self->reason);
  g_array_unref (self->fields);
  g_free (self);
}

guint
duplex_head_get_status (DuplexHead *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->status;
}

const char *
duplex_head_get_reason_phrase (DuplexHead *self)
{
  g_return_val_if_fail (self != NULL, "");

  return self->reason != NULL ? self->reason : "";
}

const char *
duplex_head_get_method (DuplexHead *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->method;
}

const char *
duplex_head_get_target (DuplexHead *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->target;
}

guint
duplex_head_get_minor_version (DuplexHead *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->minor_version;
}

guint
duplex_head_get_n_fields (DuplexHead *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->fields->len;
}

const char *
duplex_head_get_field_name (DuplexHead *self,
                            guint       i)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (i < self->fields->len, NULL);

  return g_array_index (self->fields, Field, i).name;
}

const char *
duplex_head_get_field_value (DuplexHead *self,
                             guint       i)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (i < self->fields->len, NULL);

  return g_array_index (self->fields, Field, i).value;
}

gsize
duplex_head_get_field_offset (DuplexHead *self,
                              guint       i)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (i < self->fields->len, 0);

  return g_array_index (self->fields, Field, i).offset;
}

gsize
duplex_head_get_value_offset (DuplexHead *self,
                              guint       i)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (i < self->fields->len, 0);

  return g_array_index (self->fields, Field, i).value_offset;
}

const char *
duplex_head_lookup (DuplexHead *self,
                    const char *name)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  for (guint i = 0; i < self->fields->len; i++)
    {
      const Field *field = &g_array_index (self->fields, Field, i);

      if (g_ascii_strcasecmp (field->name, name) == 0)
        return field->value;
    }

  return NULL;
}

gboolean
duplex_head_has_token (DuplexHead *self,
                       const char *name,
                       const char *token)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (token != NULL, FALSE);

  for (guint i = 0; i < self->fields->len; i++)
    {
      const Field *field = &g_array_index (self->fields, Field, i);
      const char  *rest = field->value;
      const char  *item;
      gsize        len;

      if (g_ascii_strcasecmp (field->name, name) != 0)
        continue;

      while (duplex_list_next (&rest, &item, &len))
        {
          if (len == strlen (token) && g_ascii_strncasecmp (item, token, len) == 0)
            return TRUE;
        }
    }

  return FALSE;
}

char *
duplex_head_dup_list (DuplexHead *self,
                      const char *name)
{
  g_autoptr (GString) list = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  for (guint i = 0; i < self->fields->len; i++)
    {
      const Field *field = &g_array_index (self->fields, Field, i);

      if (g_ascii_strcasecmp (field->name, name) != 0)
        continue;
      if (list == NULL)
        list = g_string_new (field->value);
      else
        g_string_append_printf (list, ", %s", field->value);
    }

  return list != NULL ? g_string_free (g_steal_pointer (&list), FALSE) : NULL;
}
