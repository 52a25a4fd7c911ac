/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-fake-file.h"

#include <string.h>

/* ---- what is read ---- */

#define DUPLEX_TYPE_FAKE_FILE_STREAM (duplex_fake_file_stream_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFakeFileStream,
                      duplex_fake_file_stream,
                      DUPLEX,
                      FAKE_FILE_STREAM,
                      GFileInputStream)

struct _DuplexFakeFileStream
{
  GFileInputStream parent_instance;
  GBytes          *content;
  gsize            at;
  gsize            piece;
  gboolean         breaks;
};

static void duplex_fake_file_stream_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexFakeFileStream,
                               duplex_fake_file_stream,
                               G_TYPE_FILE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      duplex_fake_file_stream_pollable_init))

static gssize
duplex_fake_file_stream_read (GInputStream *stream,
                              void         *buffer,
                              gsize         count,
                              GCancellable *cancellable,
                              GError      **error)
{
  DuplexFakeFileStream *self = DUPLEX_FAKE_FILE_STREAM (stream);
  gsize                 len;
  const guint8         *data = g_bytes_get_data (self->content, &len);
  gsize                 n = MIN (count, len - self->at);

  if (self->piece != 0)
    n = MIN (n, self->piece);
  if (n == 0 && count > 0 && self->breaks)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The disk is broken");
      return -1;
    }
  if (n > 0)
    memcpy (buffer, data + self->at, n);
  self->at += n;
  return (gssize)n;
}

static gboolean
duplex_fake_file_stream_is_readable (GPollableInputStream *stream)
{
  return TRUE;
}

/* Only asked for where a read would block, which none does. */
static GSource *
duplex_fake_file_stream_create_source (GPollableInputStream *stream,
                                       GCancellable         *cancellable)
{
  g_assert_not_reached ();
}

static void
duplex_fake_file_stream_finalize (GObject *object)
{
  g_clear_pointer (&DUPLEX_FAKE_FILE_STREAM (object)->content, g_bytes_unref);
  G_OBJECT_CLASS (duplex_fake_file_stream_parent_class)->finalize (object);
}

static void
duplex_fake_file_stream_class_init (DuplexFakeFileStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = duplex_fake_file_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = duplex_fake_file_stream_read;
}

static void
duplex_fake_file_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = duplex_fake_file_stream_is_readable;
  iface->create_source = duplex_fake_file_stream_create_source;
}

static void
duplex_fake_file_stream_init (DuplexFakeFileStream *self)
{
}

/* ---- the file ---- */

#define DUPLEX_TYPE_FAKE_FILE (duplex_fake_file_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFakeFile, duplex_fake_file, DUPLEX, FAKE_FILE, GObject)

struct _DuplexFakeFile
{
  GObject  parent_instance;
  GBytes  *content;
  gsize    piece;
  gboolean breaks;
};

static void duplex_fake_file_file_init (GFileIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexFakeFile,
                               duplex_fake_file,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_FILE, duplex_fake_file_file_init))

static GFileInputStream *
duplex_fake_file_read (GFile        *file,
                       GCancellable *cancellable,
                       GError      **error)
{
  DuplexFakeFile       *self = DUPLEX_FAKE_FILE (file);
  DuplexFakeFileStream *stream = g_object_new (DUPLEX_TYPE_FAKE_FILE_STREAM, NULL);

  stream->content = g_bytes_ref (self->content);
  stream->piece = self->piece;
  stream->breaks = self->breaks;
  return G_FILE_INPUT_STREAM (stream);
}

static void
duplex_fake_file_finalize (GObject *object)
{
  g_clear_pointer (&DUPLEX_FAKE_FILE (object)->content, g_bytes_unref);
  G_OBJECT_CLASS (duplex_fake_file_parent_class)->finalize (object);
}

static void
duplex_fake_file_class_init (DuplexFakeFileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = duplex_fake_file_finalize;
}

/* It stands nowhere. */
static char *
duplex_fake_file_get_path (GFile *file)
{
  return NULL;
}

static void
duplex_fake_file_file_init (GFileIface *iface)
{
  iface->get_path = duplex_fake_file_get_path;
  iface->read_fn = duplex_fake_file_read;
}

static void
duplex_fake_file_init (DuplexFakeFile *self)
{
}

GFile *
duplex_fake_file_new (GBytes  *content,
                      gsize    piece,
                      gboolean breaks)
{
  DuplexFakeFile *self = g_object_new (DUPLEX_TYPE_FAKE_FILE, NULL);

  self->content = g_bytes_ref (content);
  self->piece = piece;
  self->breaks = breaks;
  return G_FILE (self);
}
