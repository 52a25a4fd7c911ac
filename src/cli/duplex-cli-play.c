/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cli/duplex-cli-play.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/duplex-import-jsonl.h"

/* What every SQLite database begins with, its NUL too. */
#define MAGIC      "SQLite format 3"
#define MAGIC_SIZE sizeof MAGIC

/* Lines that cannot be read and are named; of a file that is something else there are thousands. */
#define MAX_NAMED 20

typedef struct
{
  const char       *path;
  DuplexFilter     *filter; /* or NULL */
  DuplexCliPrinter *printer;
  DuplexCliOutput  *output;
  DuplexCapture    *capture; /* of the file, or of its lines when there is a filter; or NULL */
  GArray           *numbers; /* of the file, by those of such a capture of lines; or NULL */
  guint64           n_lost;
  guint64           n_broken; /* lines */
  guint64           n_read;   /* lines that are events */
  gboolean          is_broken;
} Play;

/* ---- events of a capture ---- */

static void
print (Play              *self,
       const DuplexEvent *event)
{
  DuplexEvent named;

  if (self->numbers == NULL)
    {
      duplex_cli_printer_take (self->printer, self->capture, event);
      return;
    }
  /* As the line had them. */
  named = *event;
  named.number = g_array_index (self->numbers, guint64, event->number);
  if (event->first < self->numbers->len)
    named.first = g_array_index (self->numbers, guint64, event->first);
  duplex_cli_printer_take (self->printer, self->capture, &named);
}

/* A row that is being printed. */
typedef struct
{
  Play              *play;
  const DuplexEvent *last;
} Row;

static gboolean
row_event_cb (const DuplexEvent *event,
              gpointer           user_data)
{
  Row               *row = user_data;
  const DuplexEvent *last = row->last;

  if (event->number == last->number ||
      ((event->kind == DUPLEX_EVENT_FRAME || event->kind == DUPLEX_EVENT_UNFINISHED) &&
       last->message != 0 && event->message == last->message &&
       event->connection == last->connection && event->direction == last->direction))
    print (row->play, event);
  return duplex_cli_output_get_failure (row->play->output) == 0;
}

static void
print_row (Play              *self,
           const DuplexEvent *last)
{
  Row row = { self, last };

  if (last->first >= last->number || last->kind == DUPLEX_EVENT_LOST)
    print (self, last);
  else
    duplex_capture_walk (self->capture, last->first, last->number, row_event_cb, &row);
}

static gboolean
event_cb (const DuplexEvent *event,
          gpointer           user_data)
{
  Play *self = user_data;

  if (event->kind == DUPLEX_EVENT_LOST)
    self->n_lost++;
  if (self->filter == NULL)
    print (self, event);
  else if ((event->flags & DUPLEX_EVENT_FLAG_ROW) &&
           duplex_filter_match (self->filter, self->capture, event))
    print_row (self, event);
  return duplex_cli_output_get_failure (self->output) == 0;
}

/* ---- a capture ---- */

static gboolean
play_capture (Play    *self,
              GFile   *file,
              GError **error)
{
  g_autofree char          *path = g_file_get_path (file);
  g_autofree char          *trouble = NULL;
  g_autoptr (DuplexCapture) capture = duplex_capture_open (path, error);

  if (capture == NULL)
    return FALSE;
  self->capture = capture;
  duplex_capture_walk (capture, 0, G_MAXUINT64, event_cb, self);
  self->capture = NULL;

  trouble = duplex_capture_dup_trouble (capture);
  if (trouble != NULL)
    duplex_cli_complain ("%s: %s", self->path, trouble);
  if (self->n_lost > 0)
    duplex_cli_complain (_ ("%s: %llu events are missing"), self->path,
                         (unsigned long long)self->n_lost);
  if (trouble != NULL || self->n_lost > 0)
    self->is_broken = TRUE;
  return TRUE;
}

/* ---- JSON Lines ---- */

static int
compare_numbers (gconstpointer a,
                 gconstpointer b)
{
  guint64 x = *(const guint64 *)a;
  guint64 y = *(const guint64 *)b;

  return x < y ? -1 : x > y;
}

/* A capture numbers anew: lines may be missing. The event that began a message is then looked for
 * by its number in the file. */
static void
keep (Play              *self,
      const DuplexEvent *event)
{
  DuplexEvent kept = *event;
  const void *first = NULL;

  if (event->first < event->number && self->numbers->len > 0)
    first = bsearch (&event->first, self->numbers->data, self->numbers->len, sizeof (guint64),
                     compare_numbers);
  kept.first = DUPLEX_EVENT_FIRST_IS_SELF;
  if (first != NULL)
    kept.first = (guint64)((const guint64 *)first - (const guint64 *)(gpointer)self->numbers->data);
  duplex_capture_append (self->capture, &kept);
  g_array_append_val (self->numbers, event->number);
}

static gboolean
line_cb (const DuplexEvent *event,
         gpointer           user_data)
{
  Play *self = user_data;

  self->n_read++;
  if (self->filter != NULL)
    keep (self, event);
  else
    print (self, event);
  return duplex_cli_output_get_failure (self->output) == 0;
}

static gboolean
problem_cb (guint64       line,
            const GError *error,
            gpointer      user_data)
{
  Play *self = user_data;

  self->is_broken = TRUE;
  if (++self->n_broken <= MAX_NAMED)
    duplex_cli_complain (_ ("%s, line %llu: %s"), self->path, (unsigned long long)line,
                         error->message);
  return TRUE;
}

static const DuplexImportCallbacks import_callbacks = {
  .event = line_cb,
  .problem = problem_cb,
};

static gboolean
import_lines (Play         *self,
              GInputStream *stream,
              GError      **error)
{
  gboolean done = duplex_import_jsonl (stream, &import_callbacks, self, error);

  if (self->n_broken > MAX_NAMED)
    duplex_cli_complain (_ ("%s: %llu more lines cannot be read"), self->path,
                         (unsigned long long)(self->n_broken - MAX_NAMED));
  if (self->n_broken > 0 && self->n_read == 0)
    duplex_cli_complain (_ ("“%s” is neither a capture nor what --json prints"), self->path);
  return done;
}

static gboolean
play_lines (Play         *self,
            GInputStream *stream,
            GError      **error)
{
  g_autoptr (DuplexCapture) capture = NULL;
  g_autoptr (GArray)        numbers = NULL;
  gboolean                  done;

  if (self->filter == NULL)
    return import_lines (self, stream, error);

  self->capture = capture = duplex_capture_new ();
  self->numbers = numbers = g_array_new (FALSE, FALSE, sizeof (guint64));
  done = import_lines (self, stream, error);
  if (done)
    duplex_capture_walk (capture, 0, G_MAXUINT64, event_cb, self);
  self->capture = NULL;
  self->numbers = NULL;
  return done;
}

/* ---- the file ---- */

/* Whether it begins as a capture does, as far as it goes; one whose recording was killed at once is
 * empty, and all of it stands beside it. */
static gboolean
is_capture (GFile      *file,
            const char *begin,
            gsize       len)
{
  g_autofree char *path = g_file_get_path (file);
  g_autofree char *beside = path != NULL ? g_strconcat (path, "-wal", NULL) : NULL;

  if (path == NULL)
    return FALSE;
  if (len == 0)
    return g_file_test (beside, G_FILE_TEST_EXISTS);
  return memcmp (begin, MAGIC, MIN (len, MAGIC_SIZE)) == 0;
}

static gboolean
play_file (Play    *self,
           GFile   *file,
           GError **error)
{
  g_autoptr (GFileInputStream) raw = g_file_read (file, NULL, error);
  g_autoptr (GInputStream)     stream = NULL;
  const char                  *begin;
  gsize                        len;

  if (raw == NULL)
    return FALSE;
  /* A pipe cannot be read twice. */
  stream = g_buffered_input_stream_new (G_INPUT_STREAM (raw));
  if (g_buffered_input_stream_fill (G_BUFFERED_INPUT_STREAM (stream), -1, NULL, error) < 0)
    return FALSE;
  begin = g_buffered_input_stream_peek_buffer (G_BUFFERED_INPUT_STREAM (stream), &len);
  if (is_capture (file, begin, len))
    return play_capture (self, file, error);
  return play_lines (self, stream, error);
}

DuplexCliStatus
duplex_cli_play (const char       *path,
                 DuplexFilter     *filter,
                 DuplexCliPrinter *printer,
                 DuplexCliOutput  *output)
{
  g_autoptr (GFile)  file = g_file_new_for_commandline_arg (path);
  g_autoptr (GError) error = NULL;
  Play               self = { path, filter, printer, output, .n_lost = 0 };
  gboolean           done = play_file (&self, file, &error);

  if (!duplex_cli_output_flush (output))
    {
      /* A reader that has seen enough is no news. */
      if (duplex_cli_output_get_failure (output) != EPIPE)
        duplex_cli_complain (_ ("writing failed: %s"),
                             g_strerror (duplex_cli_output_get_failure (output)));
      return DUPLEX_CLI_USAGE;
    }
  if (!done)
    duplex_cli_complain ("%s", error->message);
  return done && !self.is_broken && !duplex_cli_printer_is_damaged (printer) ? DUPLEX_CLI_OK
                                                                             : DUPLEX_CLI_USAGE;
}
