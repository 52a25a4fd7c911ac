/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-raw-server.h"

#include <string.h>
#include <sys/socket.h>

#include "core/proto/duplex-frame-encoder.h"
#include "core/proto/duplex-handshake.h"

struct _RawServer
{
  GSocket   *socket;
  GThread   *thread;
  GPtrArray *peers; /* of GThread */
  char      *url;
  RawScript  script;
  gpointer   user_data;
};

struct _RawPeer
{
  RawServer  *server;
  GSocket    *socket;
  GByteArray *received; /* not yet taken */
};

/* Another thread may be using socket: g_socket_shutdown() keeps notes in it, without a lock. */
static void
shut (GSocket *socket)
{
  shutdown (g_socket_get_fd (socket), SHUT_RDWR);
}

/* Returns FALSE at the end of the stream or after ten seconds. */
static gboolean
read_some (RawPeer *peer)
{
  guint8 chunk[16384];
  gssize n = g_socket_receive (peer->socket, (char *)chunk, sizeof chunk, NULL, NULL);

  if (n <= 0)
    return FALSE;
  g_byte_array_append (peer->received, chunk, (guint)n);
  return TRUE;
}

/* NULL where the other side gave up before its head was complete. */
static DuplexHead *
read_head (RawPeer *peer)
{
  DuplexHead *head;
  gsize       size;

  while ((size = duplex_head_find_end (peer->received->data, peer->received->len, NULL)) == 0)
    if (!read_some (peer))
      return NULL;
  head = duplex_head_parse_request (peer->received->data, size, NULL);
  g_assert_nonnull (head);
  g_byte_array_remove_range (peer->received, 0, (guint)size);
  return head;
}

void
raw_peer_read_request (RawPeer *peer)
{
  g_autoptr (DuplexHead) head = read_head (peer);

  if (head == NULL)
    g_test_message ("the client gave up before its request");
}

char *
raw_peer_dup_accept_key (RawPeer *peer)
{
  g_autoptr (DuplexHead) head = read_head (peer);

  g_assert_nonnull (head);
  return duplex_handshake_accept_key (duplex_head_lookup (head, "Sec-WebSocket-Key"));
}

gboolean
raw_peer_upgrade_with (RawPeer    *peer,
                       const char *extensions)
{
  g_autoptr (DuplexHead) head = read_head (peer);
  g_autoptr (GBytes)     response = NULL;

  if (head == NULL)
    return FALSE;
  response = duplex_handshake_build_response (head, NULL, extensions);
  return raw_peer_write (peer, g_bytes_get_data (response, NULL), g_bytes_get_size (response));
}

gboolean
raw_peer_try_upgrade (RawPeer *peer)
{
  return raw_peer_upgrade_with (peer, NULL);
}

void
raw_peer_upgrade (RawPeer *peer)
{
  g_assert_true (raw_peer_try_upgrade (peer));
}

gboolean
raw_peer_write (RawPeer    *peer,
                const void *data,
                gsize       len)
{
  const char *p = data;

  while (len > 0)
    {
      gssize n = g_socket_send (peer->socket, p, len, NULL, NULL);

      if (n <= 0)
        return FALSE;
      p += n;
      len -= (gsize)n;
    }
  return TRUE;
}

gboolean
raw_peer_write_frame (RawPeer    *peer,
                      guint8      first,
                      const void *data,
                      gsize       len)
{
  DuplexFrameHeader header = {
    .fin = (first & 0x80) != 0,
    .rsv1 = (first & 0x40) != 0,
    .rsv2 = (first & 0x20) != 0,
    .rsv3 = (first & 0x10) != 0,
    .opcode = first & 0x0f,
    .length = len,
    .length_bits = duplex_frame_minimal_length_bits (len),
  };
  g_autoptr (GBytes) frame = duplex_frame_encode (&header, data, len);

  return raw_peer_write (peer, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
}

int
raw_peer_read_frame (RawPeer *peer,
                     GBytes **ret_payload)
{
  DuplexFrameHeader header;
  gsize             size;
  int               first;

  while ((size = duplex_frame_header_decode (peer->received->data, peer->received->len, &header)) ==
           0 ||
         peer->received->len - size < header.length)
    if (!read_some (peer))
      return -1;
  first = peer->received->data[0];
  duplex_mask (peer->received->data + size, peer->received->data + size, header.length, header.mask,
               0);
  if (ret_payload != NULL)
    *ret_payload = g_bytes_new (peer->received->data + size, header.length);
  g_byte_array_remove_range (peer->received, 0, (guint)(size + header.length));
  return first;
}

gboolean
raw_peer_read_some (RawPeer    *peer,
                    GByteArray *out)
{
  if (peer->received->len == 0 && !read_some (peer))
    return FALSE;
  g_byte_array_append (out, peer->received->data, peer->received->len);
  g_byte_array_set_size (peer->received, 0);
  return TRUE;
}

gboolean
raw_peer_read_to_end (RawPeer *peer,
                      guint    ms)
{
  gint64 deadline = g_get_monotonic_time () + (gint64)ms * 1000;
  char   chunk[16384];

  while (g_get_monotonic_time () < deadline)
    if (g_socket_receive (peer->socket, chunk, sizeof chunk, NULL, NULL) <= 0)
      return g_get_monotonic_time () < deadline;
  return FALSE;
}

void
raw_peer_shutdown (RawPeer *peer)
{
  shut (peer->socket);
}

void
raw_peer_reset (RawPeer *peer)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  g_assert_cmpint (
    setsockopt (g_socket_get_fd (peer->socket), SOL_SOCKET, SO_LINGER, &linger, sizeof linger), ==,
    0);
  g_socket_close (peer->socket, NULL);
}

static gpointer
peer_worker (gpointer data)
{
  RawPeer *peer = data;

  g_socket_set_timeout (peer->socket, 10);
  peer->server->script (peer, peer->server->user_data);
  g_socket_close (peer->socket, NULL);
  g_object_unref (peer->socket);
  g_byte_array_unref (peer->received);
  g_free (peer);
  return NULL;
}

static gpointer
accept_worker (gpointer data)
{
  RawServer *self = data;
  GSocket   *socket;

  while ((socket = g_socket_accept (self->socket, NULL, NULL)) != NULL)
    {
      RawPeer *peer = g_new0 (RawPeer, 1);

      peer->server = self;
      peer->socket = socket;
      peer->received = g_byte_array_new ();
      g_ptr_array_add (self->peers, g_thread_new ("raw-peer", peer_worker, peer));
    }
  return NULL;
}

RawServer *
raw_server_new (RawScript script,
                gpointer  user_data)
{
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  RawServer                 *self = g_new0 (RawServer, 1);

  self->script = script;
  self->user_data = user_data;
  self->peers = g_ptr_array_new ();
  self->socket =
    g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_assert_true (g_socket_bind (self->socket, address, TRUE, NULL));
  g_assert_true (g_socket_listen (self->socket, NULL));
  bound = g_socket_get_local_address (self->socket, NULL);
  self->url = g_strdup_printf ("ws://127.0.0.1:%u/",
                               g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  self->thread = g_thread_new ("raw-server", accept_worker, self);
  return self;
}

const char *
raw_server_get_url (RawServer *self)
{
  return self->url;
}

void
raw_server_free (RawServer *self)
{
  if (self == NULL)
    return;
  /* Wakes the accept, which closing alone does not. */
  shut (self->socket);
  g_thread_join (self->thread);
  for (guint i = 0; i < self->peers->len; i++)
    g_thread_join (g_ptr_array_index (self->peers, i));
  g_ptr_array_unref (self->peers);
  g_object_unref (self->socket);
  g_free (self->url);
  g_free (self);
}
