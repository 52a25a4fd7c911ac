/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-input.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

/* Bytes of one read, and lines between two turns of the main loop. */
#define CHUNK ((gsize)64 * 1024)
#define TURN  256

struct _DuplexCliInput
{
  /* borrowed */
  const DuplexCliInputCallbacks *callbacks;
  gpointer                       user_data;

  /* owned */
  GString *pending; /* read and not handed out */
  guint    source;

  /* state */
  int      fd;
  double   interval;
  gsize    begin; /* in pending, of the next line */
  gsize    seen;  /* in pending, up to where there is no line feed */
  gboolean ended;
};

static void plan (DuplexCliInput *self);

/* Reads once. */
static void
fill (DuplexCliInput *self)
{
  gsize  old;
  gssize n;

  if (self->begin > 0)
    {
      g_string_erase (self->pending, 0, (gssize)self->begin);
      self->seen -= self->begin;
      self->begin = 0;
    }
  old = self->pending->len;
  g_string_set_size (self->pending, old + CHUNK);
  n = read (self->fd, self->pending->str + old, CHUNK);
  g_string_set_size (self->pending, old + (gsize)MAX (n, 0));
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
    self->ended = TRUE;
}

/* The next line in pending; FALSE where there is no whole one. */
static gboolean
find_line (DuplexCliInput *self,
           gsize          *ret_len,
           gsize          *ret_next)
{
  const char *text = self->pending->str;
  const char *feed = memchr (text + self->seen, '\n', self->pending->len - self->seen);

  if (feed == NULL)
    {
      self->seen = self->pending->len;
      if (!self->ended || self->begin == self->pending->len)
        return FALSE;
      *ret_len = self->pending->len - self->begin;
      *ret_next = self->pending->len;
      return TRUE;
    }
  *ret_len = (gsize)(feed - text) - self->begin;
  *ret_next = (gsize)(feed - text) + 1;
  return TRUE;
}

static gboolean
turn_cb (gpointer data)
{
  DuplexCliInput *self = data;
  gsize           len, next;

  self->source = 0;
  for (guint i = 0; i < TURN; i++)
    {
      if (!find_line (self, &len, &next))
        {
          if (self->ended)
            self->callbacks->end (self->user_data);
          else
            plan (self);
          return G_SOURCE_REMOVE;
        }
      if (!self->callbacks->line (self->pending->str + self->begin, len, self->user_data))
        return G_SOURCE_REMOVE;
      self->begin = self->seen = next;
      if (self->interval > 0)
        {
          self->source = g_timeout_add ((guint)(self->interval * 1000), turn_cb, self);
          return G_SOURCE_REMOVE;
        }
    }
  duplex_cli_input_resume (self);
  return G_SOURCE_REMOVE;
}

static gboolean
readable_cb (gint         fd,
             GIOCondition condition,
             gpointer     data)
{
  DuplexCliInput *self = data;

  self->source = 0;
  fill (self);
  turn_cb (self);
  return G_SOURCE_REMOVE;
}

static void
plan (DuplexCliInput *self)
{
  self->source = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL, readable_cb,
                                self);
}

DuplexCliInput *
duplex_cli_input_new (int                            fd,
                      double                         interval,
                      const DuplexCliInputCallbacks *callbacks,
                      gpointer                       user_data)
{
  DuplexCliInput *self = g_new0 (DuplexCliInput, 1);

  self->fd = fd;
  self->interval = interval;
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->pending = g_string_new (NULL);
  plan (self);
  return self;
}

void
duplex_cli_input_free (DuplexCliInput *self)
{
  if (self == NULL)
    return;
  if (self->source != 0)
    g_source_remove (self->source);
  g_string_free (self->pending, TRUE);
  g_free (self);
}

void
duplex_cli_input_resume (DuplexCliInput *self)
{
  if (self->source == 0)
    self->source = g_idle_add_full (G_PRIORITY_DEFAULT, turn_cb, self, NULL);
}
