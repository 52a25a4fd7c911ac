/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-spool.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* Bytes up to which no file is made. */
#define IN_MEMORY ((gsize)1024 * 1024)

struct _DuplexCliSpool
{
  GByteArray *memory;
  int         fd;   /* what came after it, or -1 */
  guint64     size; /* of the file */
  int         failure;
};

DuplexCliSpool *
duplex_cli_spool_new (void)
{
  DuplexCliSpool *self = g_new0 (DuplexCliSpool, 1);

  self->memory = g_byte_array_new ();
  self->fd = -1;
  return self;
}

void
duplex_cli_spool_free (DuplexCliSpool *self)
{
  if (self == NULL)
    return;
  duplex_cli_spool_reset (self);
  g_byte_array_unref (self->memory);
  g_free (self);
}

void
duplex_cli_spool_reset (DuplexCliSpool *self)
{
  g_byte_array_set_size (self->memory, 0);
  if (self->fd >= 0)
    g_close (self->fd, NULL);
  self->fd = -1;
  self->size = 0;
  self->failure = 0;
}

/* A file that only this process sees, and that ends with it. */
static gboolean
make_file (DuplexCliSpool *self)
{
  g_autofree char *path = NULL;

  if (self->fd >= 0)
    return TRUE;
  path = g_build_filename (g_get_tmp_dir (), "duplex-cli.XXXXXX", NULL);
  self->fd = g_mkstemp (path);
  if (self->fd < 0)
    {
      self->failure = errno;
      return FALSE;
    }
  g_unlink (path);
  return TRUE;
}

static gboolean
write_all (DuplexCliSpool *self,
           const guint8   *data,
           gsize           size)
{
  gsize done = 0;

  while (done < size && self->failure == 0)
    {
      gssize n = pwrite (self->fd, data + done, size - done, (off_t)(self->size + done));

      if (n >= 0)
        done += (gsize)n;
      else if (errno != EINTR)
        self->failure = errno;
    }
  self->size += done;
  return self->failure == 0;
}

gboolean
duplex_cli_spool_append (DuplexCliSpool *self,
                         const guint8   *data,
                         gsize           size)
{
  if (self->failure != 0)
    return FALSE;
  if (self->size == 0 && size <= IN_MEMORY - self->memory->len)
    {
      g_byte_array_append (self->memory, data, (guint)size);
      return TRUE;
    }
  return make_file (self) && write_all (self, data, size);
}

int
duplex_cli_spool_get_failure (DuplexCliSpool *self)
{
  return self->failure;
}

static gboolean
walk_file (DuplexCliSpool        *self,
           DuplexPayloadPieceFunc func,
           gpointer               user_data)
{
  g_autofree guint8 *buffer = g_malloc (DUPLEX_PAYLOAD_PIECE);
  guint64            done = 0;

  while (done < self->size)
    {
      gssize n = pread (self->fd, buffer, (gsize)MIN (DUPLEX_PAYLOAD_PIECE, self->size - done),
                        (off_t)done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          self->failure = n < 0 ? errno : EIO;
          return FALSE;
        }
      if (!func (buffer, (gsize)n, user_data))
        return FALSE;
      done += (guint64)n;
    }
  return TRUE;
}

gboolean
duplex_cli_spool_walk (DuplexCliSpool        *self,
                       DuplexPayloadPieceFunc func,
                       gpointer               user_data)
{
  if (self->memory->len > 0 && !func (self->memory->data, self->memory->len, user_data))
    return FALSE;
  return walk_file (self, func, user_data);
}
