/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/model/duplex-escape.h"
#include "core/proto/duplex-limits.h"

struct _DuplexLogLine
{
  GString *text;
};

/* Set before there is a second thread. */
static gboolean as_json = FALSE;

/* One thread writes, since writing can block, and nothing tells in advance whether it will: a pipe
 * that nobody reads, a terminal that was stopped, a disk that is slow. Nobody else waits for it. */
static struct
{
  GMutex mutex;
  GCond  due;  /* there is something to write */
  GCond  idle; /* there is not */

  /* owned */
  GThread *thread; /* from the first line on; it does not end */
  GString *lines;  /* that wait */

  /* state */
  guint64  n_lost;       /* behind them, for want of room */
  gint64   period_end;   /* monotonic µs, of counting refusals */
  guint    n_refusals;   /* of this period, that were allowed */
  guint64  n_suppressed; /* and that were not */
  gboolean writing;
  gboolean finishing; /* the period ends early */
} queue;

/* Not within a character. */
static gsize
cut_length (const char *value,
            gsize       len)
{
  if (len <= DUPLEX_LIMIT_RELAY_LOG_VALUE)
    return len;
  len = DUPLEX_LIMIT_RELAY_LOG_VALUE;
  while (len > 0 && (value[len] & 0xc0) == 0x80)
    len--;
  return len;
}

/* Controls and what turns the direction of text are spelled out by DuplexEscape; the separators of
 * lines and paragraphs are what is left that a reader of logs may take for the end of a line. */
static char *
escape (const char *value)
{
  gsize            all = strlen (value);
  gsize            len = cut_length (value, all);
  g_autofree char *valid = g_utf8_make_valid (value, (gssize)len);
  GString         *out = g_string_sized_new (strlen (valid));
  DuplexEscape     state = DUPLEX_ESCAPE_INIT (DUPLEX_ESCAPE_JSON);

  duplex_escape_append (&state, out, valid, strlen (valid));
  duplex_escape_end (&state, out);
  g_string_replace (out, "\342\200\250", "\\u2028", 0);
  g_string_replace (out, "\342\200\251", "\\u2029", 0);
  if (len < all)
    g_string_append (out, "…");
  return g_string_free (out, FALSE);
}

/* Of text lines: a bare value ends at the next space, and means itself. */
static gboolean
needs_quotes (const char *escaped)
{
  return *escaped == '\0' || strpbrk (escaped, " =\\") != NULL;
}

static char *
now_as_text (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  return g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%fZ");
}

static void
free_line (DuplexLogLine *line)
{
  g_string_free (line->text, TRUE);
  g_free (line);
}

/* ---- lines ---- */

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

static void
end_text (DuplexLogLine *self)
{
  g_string_append (self->text, as_json ? "}\n" : "\n");
}

/* ---- the thread that writes ---- */

/* FALSE where it cannot be written at all. */
static gboolean
write_line (const char *data,
            gsize       len)
{
  struct pollfd target = { .fd = STDERR_FILENO, .events = POLLOUT };

  while (len > 0)
    {
      gssize n = write (STDERR_FILENO, data, len);

      if (n > 0)
        {
          data += n;
          len -= (gsize)n;
        }
      else if (n < 0 && errno == EAGAIN)
        poll (&target, 1, -1);
      else if (n == 0 || errno != EINTR)
        return FALSE;
    }
  return TRUE;
}

/* Says how many lines there were, and forgets it once that is written. */
static void
tell (const char *event,
      guint64    *n)
{
  DuplexLogLine *line;

  if (*n == 0)
    return;
  line = duplex_log_begin (event);
  duplex_log_add_number (line, "lines", *n);
  end_text (line);
  if (write_line (line->text->str, line->text->len))
    *n = 0;
  free_line (line);
}

/* What is lost is said where it would have stood. */
static void
write_lines (const GString *lines,
             guint64        n_lost_behind,
             guint64        n_suppressed)
{
  static guint64 n_lost = 0;
  gsize          len;

  for (gsize at = 0; at < lines->len; at += len)
    {
      const char *line = lines->str + at;

      len = (gsize)(strchr (line, '\n') + 1 - line);
      tell ("lost", &n_lost);
      if (!write_line (line, len))
        n_lost++;
    }
  n_lost += n_lost_behind;
  tell ("lost", &n_lost);
  tell ("suppressed", &n_suppressed);
}

/* ---- under the mutex ---- */

static gboolean
is_to_tell_suppressed (void)
{
  return queue.n_suppressed > 0 &&
         (queue.finishing || g_get_monotonic_time () >= queue.period_end);
}

static void
wait_until_due (void)
{
  while (queue.lines->len == 0 && !is_to_tell_suppressed ())
    {
      g_cond_broadcast (&queue.idle);
      if (queue.n_suppressed > 0)
        g_cond_wait_until (&queue.due, &queue.mutex, queue.period_end);
      else
        g_cond_wait (&queue.due, &queue.mutex);
    }
}

static gpointer
log_worker (gpointer data)
{
  g_mutex_lock (&queue.mutex);
  for (;;)
    {
      g_autoptr (GString) lines = NULL;
      guint64             n_lost;
      guint64             n_suppressed = 0;

      wait_until_due ();
      lines = g_steal_pointer (&queue.lines);
      queue.lines = g_string_new (NULL);
      n_lost = queue.n_lost;
      queue.n_lost = 0;
      if (is_to_tell_suppressed ())
        {
          n_suppressed = queue.n_suppressed;
          queue.n_suppressed = 0;
        }
      queue.writing = TRUE;
      g_mutex_unlock (&queue.mutex);

      write_lines (lines, n_lost, n_suppressed);

      g_mutex_lock (&queue.mutex);
      queue.writing = FALSE;
    }
  return NULL;
}

static void
enqueue (const GString *line)
{
  if (queue.thread == NULL)
    {
      queue.lines = g_string_new (NULL);
      queue.thread = g_thread_new ("duplex-log", log_worker, NULL);
    }
  /* Behind what was lost nothing stands before that is said. */
  if (queue.n_lost > 0 || queue.lines->len + line->len > DUPLEX_LIMIT_RELAY_LOG_WAITS)
    queue.n_lost++;
  else
    g_string_append_len (queue.lines, line->str, (gssize)line->len);
  g_cond_signal (&queue.due);
}

/* ---- what has come about ---- */

void
duplex_log_end (DuplexLogLine *self)
{
  g_return_if_fail (self != NULL);

  end_text (self);
  g_mutex_lock (&queue.mutex);
  enqueue (self->text);
  g_mutex_unlock (&queue.mutex);
  free_line (self);
}

void
duplex_log_text (const char *event,
                 const char *text)
{
  DuplexLogLine *line = duplex_log_begin (event);

  duplex_log_add (line, "text", text);
  duplex_log_end (line);
}

gboolean
duplex_log_allows_refusal (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue.mutex);
  gint64                   now = g_get_monotonic_time ();

  /* Not while the thread is still to say what the last one had. */
  if (now >= queue.period_end && queue.n_suppressed == 0)
    {
      queue.period_end = now + DUPLEX_LIMIT_RELAY_LOG_PERIOD * G_USEC_PER_SEC;
      queue.n_refusals = 0;
    }
  if (queue.n_refusals < DUPLEX_LIMIT_RELAY_LOG_REFUSALS)
    {
      queue.n_refusals++;
      return TRUE;
    }
  if (queue.n_suppressed++ == 0)
    g_cond_signal (&queue.due);
  return FALSE;
}

void
duplex_log_finish (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&queue.mutex);
  gint64                   deadline =
    g_get_monotonic_time () + DUPLEX_LIMIT_RELAY_LOG_FINISH * G_USEC_PER_SEC;

  if (queue.thread == NULL)
    return;
  queue.finishing = TRUE;
  g_cond_signal (&queue.due);
  while ((queue.lines->len > 0 || queue.writing || queue.n_suppressed > 0) &&
         g_cond_wait_until (&queue.idle, &queue.mutex, deadline))
    ;
  queue.finishing = FALSE;
}
