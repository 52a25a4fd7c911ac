/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* Bytes of one write, and those after which the buffer's memory is given back. */
#define GATHER ((gsize)64 * 1024)
#define KEEP   ((gsize)1024 * 1024)

struct _DuplexCliOutput
{
  GString *buffer;
  int      fd;
  gboolean owns_fd;
  int      failure;
};

DuplexCliOutput *
duplex_cli_output_new (int fd)
{
  DuplexCliOutput *self = g_new0 (DuplexCliOutput, 1);

  self->buffer = g_string_sized_new (GATHER);
  self->fd = fd;
  return self;
}

DuplexCliOutput *
duplex_cli_output_new_for_file (const char *path,
                                GError    **error)
{
  DuplexCliOutput *self;
  int              fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      int saved = errno;

      g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (saved), "%s: %s", path,
                   g_strerror (saved));
      return NULL;
    }
  self = duplex_cli_output_new (fd);
  self->owns_fd = TRUE;
  return self;
}

void
duplex_cli_output_free (DuplexCliOutput *self)
{
  if (self == NULL)
    return;
  if (self->owns_fd)
    g_close (self->fd, NULL);
  g_string_free (self->buffer, TRUE);
  g_free (self);
}

GString *
duplex_cli_output_get_buffer (DuplexCliOutput *self)
{
  return self->buffer;
}

void
duplex_cli_output_settle (DuplexCliOutput *self)
{
  if (self->buffer->len >= GATHER)
    duplex_cli_output_flush (self);
}

/* Whoever shares our terminal may have made it non-blocking. */
static void
wait_writable (int fd)
{
  GPollFD poll_fd = { .fd = fd, .events = G_IO_OUT };

  g_poll (&poll_fd, 1, -1);
}

gboolean
duplex_cli_output_flush (DuplexCliOutput *self)
{
  gsize at = 0;

  while (at < self->buffer->len && self->failure == 0)
    {
      gssize n = write (self->fd, self->buffer->str + at, self->buffer->len - at);

      if (n >= 0)
        at += (gsize)n;
      else if (errno == EAGAIN)
        wait_writable (self->fd);
      else if (errno != EINTR)
        self->failure = errno;
    }
  if (self->buffer->allocated_len > KEEP)
    {
      g_string_free (self->buffer, TRUE);
      self->buffer = g_string_sized_new (GATHER);
    }
  g_string_truncate (self->buffer, 0);
  return self->failure == 0;
}

int
duplex_cli_output_get_failure (DuplexCliOutput *self)
{
  return self->failure;
}
