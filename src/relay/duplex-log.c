/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/model/duplex-escape.h"

struct _DuplexLogLine
{
  GString *text;
};

/* Set before there is a second thread. */
static gboolean as_json = FALSE;

/* Controls and what turns the direction of text are spelled out by DuplexEscape; the separators of
 * lines and paragraphs are what is left that a reader of logs may take for the end of a line. */
static char *
escape (const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  GString         *out = g_string_sized_new (strlen (valid));
  DuplexEscape     state = DUPLEX_ESCAPE_INIT (DUPLEX_ESCAPE_JSON);

  duplex_escape_append (&state, out, valid, strlen (valid));
  duplex_escape_end (&state, out);
  g_string_replace (out, "\342\200\250", "\\u2028", 0);
  g_string_replace (out, "\342\200\251", "\\u2029", 0);
  return g_string_free (out, FALSE);
}

/* Of text lines: a bare value ends at the next space, and means itself. */
static gboolean
needs_quotes (const char *escaped)
{
  return *escaped == '\0' || strpbrk (escaped, " =\\") != NULL;
}

/* Threads do not break each other's lines even where the system takes a long one in parts. A line
 * that nobody takes, such as in a pipe that is full and does not block, is lost: carrying frames
 * goes on. */
static void
write_whole (const char *data,
             gsize       len)
{
  static GMutex lock;

  g_mutex_lock (&lock);
  while (len > 0)
    {
      gssize n = write (STDERR_FILENO, data, len);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      data += n;
      len -= (gsize)n;
    }
  g_mutex_unlock (&lock);
}

static char *
now_as_text (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  return g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%fZ");
}

void
duplex_log_set_json (gboolean json)
{
  as_json = json;
}

DuplexLogLine *
duplex_log_begin (const char *event)
{
  g_autofree char *time = now_as_text ();
  DuplexLogLine   *self = NULL;

  g_return_val_if_fail (event != NULL, NULL);

  self = g_new (DuplexLogLine, 1);
  self->text = g_string_sized_new (256);
  if (as_json)
    g_string_append_printf (self->text, "{\"time\":\"%s\",\"event\":\"%s\"", time, event);
  else
    g_string_append_printf (self->text, "%s %s", time, event);
  return self;
}

void
duplex_log_add (DuplexLogLine *self,
                const char    *name,
                const char    *value)
{
  g_autofree char *escaped = NULL;

  g_return_if_fail (self != NULL && name != NULL);

  if (value == NULL)
    return;
  escaped = escape (value);
  if (as_json)
    g_string_append_printf (self->text, ",\"%s\":\"%s\"", name, escaped);
  else if (needs_quotes (escaped))
    g_string_append_printf (self->text, " %s=\"%s\"", name, escaped);
  else
    g_string_append_printf (self->text, " %s=%s", name, escaped);
}

void
duplex_log_add_number (DuplexLogLine *self,
                       const char    *name,
                       guint64        value)
{
  g_return_if_fail (self != NULL && name != NULL);

  if (as_json)
    g_string_append_printf (self->text, ",\"%s\":%" G_GUINT64_FORMAT, name, value);
  else
    g_string_append_printf (self->text, " %s=%" G_GUINT64_FORMAT, name, value);
}

void
duplex_log_end (DuplexLogLine *self)
{
  g_return_if_fail (self != NULL);

  g_string_append (self->text, as_json ? "}\n" : "\n");
  write_whole (self->text->str, self->text->len);
  g_string_free (self->text, TRUE);
  g_free (self);
}

void
duplex_log_text (const char *event,
                 const char *text)
{
  DuplexLogLine *line = duplex_log_begin (event);

  duplex_log_add (line, "text", text);
  duplex_log_end (line);
}
