/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-progress.h"

#include <glib/gi18n.h>
#include <string.h>

#include "core/model/duplex-escape.h"

/* Characters of a name, so that the line fits 80 columns with the longest sizes. */
#define NAME_LENGTH 30

static char *
dup_shown_name (const char *path)
{
  DuplexEscape        escape = DUPLEX_ESCAPE_INIT (DUPLEX_ESCAPE_TERMINAL);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char    *name = g_filename_display_basename (path);
  g_autofree char    *start = NULL;

  g_strdelimit (name, "\n\t", ' ');
  duplex_escape_append (&escape, out, name, strlen (name));
  duplex_escape_end (&escape, out);
  if (g_utf8_strlen (out->str, -1) <= NAME_LENGTH)
    return g_strdup (out->str);
  start = g_utf8_substring (out->str, 0, NAME_LENGTH - 1);
  return g_strconcat (start, "…", NULL);
}

void
duplex_cli_progress_clear (DuplexCliProgress *self)
{
  g_clear_pointer (&self->name, g_free);
  *self = (DuplexCliProgress){ 0 };
}

void
duplex_cli_progress_begin (DuplexCliProgress *self,
                           const char        *name,
                           guint64            size,
                           gint64             now_us)
{
  duplex_cli_progress_clear (self);
  self->name = dup_shown_name (name);
  self->size = size;
  self->begin_us = now_us;
  duplex_cli_progress_look (self, 0, now_us);
}

void
duplex_cli_progress_look (DuplexCliProgress *self,
                          guint64            sent,
                          gint64             now_us)
{
  if (self->n_looks == DUPLEX_CLI_PROGRESS_LOOKS)
    memmove (self->looks, self->looks + 1, --self->n_looks * sizeof *self->looks);
  self->looks[self->n_looks].at_us = now_us;
  self->looks[self->n_looks].sent = sent;
  self->n_looks++;
}

static guint64
get_sent (const DuplexCliProgress *self)
{
  return self->n_looks > 0 ? self->looks[self->n_looks - 1].sent : 0;
}

static char *
dup_size (guint64 bytes)
{
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

/* Bytes a second; 0 where no time has passed. */
static guint64
get_rate (const DuplexCliProgress *self,
          gboolean                 at_end)
{
  gint64  from = at_end ? self->begin_us : self->looks[0].at_us;
  guint64 before = at_end ? 0 : self->looks[0].sent;
  gint64  took = self->n_looks > 0 ? self->looks[self->n_looks - 1].at_us - from : 0;

  return took > 0 ? (guint64)((double)(get_sent (self) - before) * G_USEC_PER_SEC / (double)took)
                  : 0;
}

static guint
get_percent (const DuplexCliProgress *self)
{
  /* A file may have grown. */
  return (guint)MIN (100, (double)get_sent (self) * 100 / (double)self->size);
}

char *
duplex_cli_progress_dup_text (const DuplexCliProgress *self,
                              gboolean                 at_end)
{
  g_autofree char *sent = dup_size (get_sent (self));
  g_autofree char *size = dup_size (self->size);
  g_autofree char *rate = dup_size (get_rate (self, at_end));

  if (self->size == 0)
    return g_strdup_printf (_ ("%s: %s, %s/s"), self->name, sent, rate);
  return g_strdup_printf (_ ("%s: %s of %s, %u %%, %s/s"), self->name, sent, size,
                          get_percent (self), rate);
}

char *
duplex_cli_progress_dup_short (const DuplexCliProgress *self)
{
  return self->size == 0 ? dup_size (get_sent (self))
                         : g_strdup_printf (_ ("%u %%"), get_percent (self));
}
