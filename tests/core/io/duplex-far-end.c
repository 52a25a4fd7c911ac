/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-far-end.h"

#include "duplex-raw-server.h"

typedef struct
{
  guint8            first;
  DuplexFrameHeader header;
  GBytes           *payload;
} Frame;

struct _FarEnd
{
  RawServer *server;
  char      *extensions;

  /* both threads, under the mutex */
  GMutex      mutex;
  GCond       changed;
  RawPeer    *peer; /* while it is connected */
  GArray     *frames;
  GByteArray *rest;
  guint64     n_bytes;
  gboolean    reads;
  gboolean    answers;
  gboolean    ended;
  gboolean    released; /* the test needs it no more */
};

static void
frame_clear (gpointer data)
{
  g_bytes_unref (((Frame *)data)->payload);
}

/* Takes one whole frame off the rest. With the mutex held. */
static gboolean
take_frame (FarEnd  *self,
            RawPeer *peer)
{
  Frame frame;
  gsize size = duplex_frame_header_decode (self->rest->data, self->rest->len, &frame.header);

  if (size == 0 || self->rest->len - size < frame.header.length)
    return FALSE;
  frame.first = self->rest->data[0];
  duplex_mask (self->rest->data + size, self->rest->data + size, frame.header.length,
               frame.header.mask, 0);
  frame.payload = g_bytes_new (self->rest->data + size, frame.header.length);
  g_array_append_val (self->frames, frame);
  g_byte_array_remove_range (self->rest, 0, (guint)(size + frame.header.length));
  if (self->answers && frame.header.opcode == DUPLEX_OPCODE_CLOSE)
    raw_peer_write_frame (peer, 0x88, g_bytes_get_data (frame.payload, NULL),
                          frame.header.length);
  return TRUE;
}

/* Returns FALSE when nobody wants to know any more. */
static gboolean
wait_reads (FarEnd *self)
{
  gboolean goes_on;

  g_mutex_lock (&self->mutex);
  while (!self->reads && !self->released)
    g_cond_wait (&self->changed, &self->mutex);
  goes_on = !self->released;
  g_mutex_unlock (&self->mutex);
  return goes_on;
}

static void
script (RawPeer *peer,
        gpointer data)
{
  FarEnd                *self = data;
  g_autoptr (GByteArray) chunk = g_byte_array_new ();

  if (!raw_peer_upgrade_with (peer, self->extensions))
    return;
  g_mutex_lock (&self->mutex);
  self->peer = peer;
  self->ended = FALSE;
  g_byte_array_set_size (self->rest, 0);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);

  while (wait_reads (self) && raw_peer_read_some (peer, chunk))
    {
      g_mutex_lock (&self->mutex);
      g_byte_array_append (self->rest, chunk->data, chunk->len);
      self->n_bytes += chunk->len;
      while (take_frame (self, peer))
        ;
      g_mutex_unlock (&self->mutex);
      g_byte_array_set_size (chunk, 0);
    }

  g_mutex_lock (&self->mutex);
  /* The next client may have come meanwhile. */
  if (self->peer == peer)
    {
      self->peer = NULL;
      self->ended = TRUE;
    }
  g_mutex_unlock (&self->mutex);
}

FarEnd *
far_end_new (const char *extensions)
{
  FarEnd *self = g_new0 (FarEnd, 1);

  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->extensions = g_strdup (extensions);
  self->frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  g_array_set_clear_func (self->frames, frame_clear);
  self->rest = g_byte_array_new ();
  self->reads = TRUE;
  self->answers = TRUE;
  self->server = raw_server_new (script, self);
  return self;
}

const char *
far_end_get_url (FarEnd *self)
{
  return raw_server_get_url (self->server);
}

void
far_end_end (FarEnd *self)
{
  g_mutex_lock (&self->mutex);
  if (self->peer != NULL)
    raw_peer_shutdown (self->peer);
  self->reads = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

void
far_end_free (FarEnd *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->mutex);
  self->released = TRUE;
  g_mutex_unlock (&self->mutex);
  far_end_end (self);
  raw_server_free (self->server);
  g_array_unref (self->frames);
  g_byte_array_unref (self->rest);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self->extensions);
  g_free (self);
}

void
far_end_set_reads (FarEnd  *self,
                   gboolean reads)
{
  g_mutex_lock (&self->mutex);
  self->reads = reads;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

void
far_end_set_answers (FarEnd  *self,
                     gboolean answers)
{
  g_mutex_lock (&self->mutex);
  self->answers = answers;
  g_mutex_unlock (&self->mutex);
}

/* The client may know of the upgrade before its thread has told us. */
static RawPeer *
get_peer (FarEnd *self)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  while (self->peer == NULL)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, deadline));
  return self->peer;
}

void
far_end_write (FarEnd     *self,
               const void *data,
               gsize       len)
{
  g_mutex_lock (&self->mutex);
  g_assert_true (raw_peer_write (get_peer (self), data, len));
  g_mutex_unlock (&self->mutex);
}

void
far_end_write_frame (FarEnd     *self,
                     guint8      first,
                     const void *data,
                     gsize       len)
{
  g_mutex_lock (&self->mutex);
  g_assert_true (raw_peer_write_frame (get_peer (self), first, data, len));
  g_mutex_unlock (&self->mutex);
}

char *
far_end_dup_frames (FarEnd *self)
{
  GString *out = g_string_new (NULL);

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->frames->len; i++)
    {
      const Frame *frame = &g_array_index (self->frames, Frame, i);

      g_string_append_printf (out, "%s%02x+%" G_GUINT64_FORMAT, i > 0 ? " " : "", frame->first,
                              frame->header.length);
    }
  if (self->rest->len > 0)
    g_string_append_printf (out, " cut %u", self->rest->len);
  g_mutex_unlock (&self->mutex);
  return g_string_free (out, FALSE);
}

GBytes *
far_end_dup_payload (FarEnd *self,
                     guint   n)
{
  GBytes *payload = NULL;

  g_mutex_lock (&self->mutex);
  if (n < self->frames->len)
    payload = g_bytes_ref (g_array_index (self->frames, Frame, n).payload);
  g_mutex_unlock (&self->mutex);
  return payload;
}

GByteArray *
far_end_dup_message (FarEnd *self,
                     guint   first,
                     guint   last)
{
  GByteArray *bytes = g_byte_array_new ();

  for (guint i = first; i <= last; i++)
    {
      g_autoptr (GBytes) payload = far_end_dup_payload (self, i);

      g_assert_nonnull (payload);
      g_byte_array_append (bytes, g_bytes_get_data (payload, NULL),
                           (guint)g_bytes_get_size (payload));
    }
  return bytes;
}

gboolean
far_end_all_masked (FarEnd *self)
{
  gboolean all = TRUE;

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->frames->len; i++)
    all = all && g_array_index (self->frames, Frame, i).header.masked;
  g_mutex_unlock (&self->mutex);
  return all;
}

GBytes *
far_end_dup_rest (FarEnd *self)
{
  GBytes *rest;

  g_mutex_lock (&self->mutex);
  rest = g_bytes_new (self->rest->data, self->rest->len);
  g_mutex_unlock (&self->mutex);
  return rest;
}

guint64
far_end_get_n_bytes (FarEnd *self)
{
  guint64 n;

  g_mutex_lock (&self->mutex);
  n = self->n_bytes;
  g_mutex_unlock (&self->mutex);
  return n;
}

gboolean
far_end_has_ended (FarEnd *self)
{
  gboolean ended;

  g_mutex_lock (&self->mutex);
  ended = self->ended;
  g_mutex_unlock (&self->mutex);
  return ended;
}

/* ---- waiting ---- */

typedef struct
{
  FarEnd *self;
  guint   n_frames;
  gsize   n_rest;
} Wanted;

static gboolean
has_come (Fixture *f,
          gpointer data)
{
  Wanted  *wanted = data;
  gboolean has;

  g_mutex_lock (&wanted->self->mutex);
  has = wanted->self->frames->len >= wanted->n_frames &&
        wanted->self->rest->len >= wanted->n_rest;
  g_mutex_unlock (&wanted->self->mutex);
  return has;
}

static gboolean
has_ended (Fixture *f,
           gpointer data)
{
  return far_end_has_ended (data);
}

void
far_end_wait_frames (FarEnd  *self,
                     Fixture *f,
                     guint    n)
{
  fixture_wait (f, has_come, &(Wanted){ self, n, 0 }, "frames at the far end");
}

void
far_end_wait_rest (FarEnd  *self,
                   Fixture *f,
                   gsize    n)
{
  fixture_wait (f, has_come, &(Wanted){ self, 0, n }, "bytes at the far end");
}

void
far_end_wait_end (FarEnd  *self,
                  Fixture *f)
{
  fixture_wait (f, has_ended, self, "the end at the far end");
}

guint16
far_end_get_close_code (FarEnd  *self,
                        Fixture *f,
                        guint    n)
{
  g_autoptr (GBytes) body = NULL;
  const guint8      *data;

  far_end_wait_frames (self, f, n + 1);
  body = far_end_dup_payload (self, n);
  g_assert_cmpuint (g_bytes_get_size (body), >=, 2);
  data = g_bytes_get_data (body, NULL);
  return (guint16)(data[0] << 8 | data[1]);
}

void
far_end_assert_frames (FarEnd     *self,
                       Fixture    *f,
                       const char *frames)
{
  g_auto (GStrv)   parts = g_strsplit (frames, " ", -1);
  g_autofree char *seen = NULL;

  far_end_wait_frames (self, f, g_strv_length (parts));
  seen = far_end_dup_frames (self);
  g_assert_cmpstr (seen, ==, frames);
}

Fixture *
fixture_new_far (FarEnd *far)
{
  Fixture *f = fixture_new (far_end_get_url (far));

  fixture_connect (f);
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  return f;
}
