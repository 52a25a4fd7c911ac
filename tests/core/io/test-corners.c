/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection of either role over a pair of sockets, and a peer that says byte for byte what it
 * likes at the worst moment: while a write is blocked, inside a message, after its Close. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/io/duplex-connection.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-frame-encoder.h"

/* More than the sockets between hold. */
#define BIG ((gsize)4 * 1024 * 1024)

typedef struct
{
  DuplexConnection *connection; /* NULL once it was closed */
  DuplexCapture    *capture;
  GByteArray       *seen; /* what the peer has read */
  int               far;

  gboolean abort_on_message;
  guint    n_messages;
  guint    n_pongs;
  guint    n_sent;
  guint    n_late; /* callbacks after closed */
  guint    n_closed;
  guint16  code;
  gboolean by_peer;
  GError  *error;
} Corner;

static void
message_cb (DuplexConnection *connection,
            DuplexOpcode      opcode,
            GBytes           *payload,
            gpointer          data)
{
  Corner *self = data;

  self->n_messages++;
  self->n_late += self->n_closed;
  if (self->abort_on_message)
    duplex_connection_abort (connection);
}

static void
pong_cb (DuplexConnection *connection,
         gint64            rtt_us,
         gpointer          data)
{
  Corner *self = data;

  self->n_pongs++;
  self->n_late += self->n_closed;
}

static void
sent_cb (DuplexConnection *connection,
         gsize             size,
         gpointer          data)
{
  Corner *self = data;

  self->n_sent++;
  self->n_late += self->n_closed;
}

static void
closed_cb (DuplexConnection *connection,
           guint16           code,
           const char       *reason,
           gboolean          by_peer,
           const GError     *error,
           gpointer          data)
{
  Corner *self = data;

  self->n_closed++;
  self->code = code;
  self->by_peer = by_peer;
  self->error = error != NULL ? g_error_copy (error) : NULL;
  g_clear_object (&self->connection);
}

static const DuplexConnectionCallbacks callbacks = {
  .message = message_cb,
  .pong = pong_cb,
  .sent = sent_cb,
  .closed = closed_cb,
};

static void
corner_init_full (Corner    *self,
                  DuplexRole role,
                  guint64    max_message,
                  guint      close_timeout)
{
  DuplexConnectionSettings      settings = { .role = role };
  g_autoptr (GSocket)           socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  int                           fds[2];
  int                           small = 4096;

  *self = (Corner){ .capture = duplex_capture_new (), .seen = g_byte_array_new () };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  g_assert_cmpint (setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), ==, 0);
  socket = g_socket_new_from_fd (fds[0], NULL);
  g_assert_nonnull (socket);
  stream = g_socket_connection_factory_create_connection (socket);
  self->far = fds[1];
  settings.capture = self->capture;
  settings.connection = duplex_capture_begin_connection (self->capture);
  settings.max_message = max_message;
  settings.close_timeout = close_timeout;
  self->connection =
    duplex_connection_new (G_IO_STREAM (stream), NULL, &settings, &callbacks, self);
}

static void
corner_init (Corner    *self,
             DuplexRole role,
             guint64    max_message)
{
  corner_init_full (self, role, max_message, 5);
}

static void
corner_clear (Corner *self)
{
  GObject *capture = G_OBJECT (self->capture);
  gint64   deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  g_assert_null (self->connection);
  /* The stream's closing holds the connection, and that the capture. */
  while (g_atomic_int_get (&capture->ref_count) > 1 && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_finalize_object (self->capture);
  g_byte_array_unref (self->seen);
  g_clear_error (&self->error);
  if (self->far >= 0)
    close (self->far);
}

/* Runs what is due. */
static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
peer_write (Corner     *self,
            const void *data,
            gsize       len)
{
  g_assert_cmpint (send (self->far, data, len, MSG_NOSIGNAL), ==, (gssize)len);
  turn ();
}

#define peer_says(self, text) peer_write (self, text, sizeof (text) - 1)

/* Reads what there is, and lets the connection go on. */
static void
peer_read (Corner *self)
{
  guint8 chunk[65536];
  gssize n;

  while ((n = recv (self->far, chunk, sizeof chunk, MSG_DONTWAIT)) > 0)
    {
      g_byte_array_append (self->seen, chunk, (guint)n);
      turn ();
    }
}

static gboolean
is_closed (Corner *self)
{
  return self->n_closed > 0;
}

/* Takes the next frame from what the peer reads. Returns its first byte. */
static int
peer_next_frame (Corner  *self,
                 GBytes **ret_payload)
{
  gint64            deadline = g_get_monotonic_time () + 3 * G_TIME_SPAN_SECOND;
  DuplexFrameHeader header;
  gsize             size;
  int               first;

  for (;;)
    {
      size = duplex_frame_header_decode (self->seen->data, self->seen->len, &header);
      if (size > 0 && self->seen->len - size >= header.length)
        break;
      if (g_get_monotonic_time () > deadline)
        return -1;
      peer_read (self);
      turn ();
    }
  first = self->seen->data[0];
  duplex_mask (self->seen->data + size, self->seen->data + size, header.length, header.mask, 0);
  if (ret_payload != NULL)
    *ret_payload = g_bytes_new (self->seen->data + size, header.length);
  g_byte_array_remove_range (self->seen, 0, (guint)(size + header.length));
  return first;
}

static guint16
peer_next_close (Corner *self)
{
  g_autoptr (GBytes) body = NULL;
  const guint8      *data;

  g_assert_cmphex (peer_next_frame (self, &body), ==, 0x88);
  g_assert_cmpuint (g_bytes_get_size (body), >=, 2);
  data = g_bytes_get_data (body, NULL);
  return (guint16)(data[0] << 8 | data[1]);
}

static void
wait_closed (Corner *self)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  while (!is_closed (self) && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (is_closed (self));
  g_assert_cmpuint (self->n_closed, ==, 1);
  g_assert_cmpuint (self->n_late, ==, 0);
}

/* The peer ends TCP, and the connection with it. */
static void
peer_ends (Corner *self)
{
  close (self->far);
  self->far = -1;
  wait_closed (self);
}

static void
send_big (Corner *self)
{
  g_autoptr (GBytes) payload = g_bytes_new_take (g_malloc0 (BIG), BIG);

  duplex_connection_send (self->connection, DUPLEX_OPCODE_BINARY, payload);
}

static void
send_small (Corner *self)
{
  g_autoptr (GBytes) payload = g_bytes_new_static ("small", 5);

  duplex_connection_send (self->connection, DUPLEX_OPCODE_TEXT, payload);
}

static void
peer_takes_big (Corner *self)
{
  g_autoptr (GBytes) payload = NULL;

  g_assert_cmphex (peer_next_frame (self, &payload), ==, 0x82);
  g_assert_cmpuint (g_bytes_get_size (payload), ==, BIG);
}

/* Frames that were recorded with that direction and opcode; adds up their flags and payloads. */
static guint
count_frames (Corner         *self,
              DuplexDirection direction,
              guint8          opcode,
              guint          *ret_flags,
              gsize          *ret_size)
{
  guint n = 0;

  *ret_flags = 0;
  *ret_size = 0;
  for (guint64 i = 0;; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      if (!duplex_capture_read (self->capture, i, &event))
        return n;
      if (event.kind != DUPLEX_EVENT_FRAME || event.direction != direction ||
          event.opcode != opcode)
        continue;
      n++;
      *ret_flags |= event.flags;
      *ret_size += event.payload_size;
    }
}

static guint
count_findings (Corner         *self,
                DuplexFindingId id)
{
  guint n = 0;

  for (guint64 i = 0;; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      if (!duplex_capture_read (self->capture, i, &event))
        return n;
      for (guint k = 0; k < event.n_findings; k++)
        n += event.findings[k].id == id;
    }
}

static void
assert_closed_is_last (Corner *self)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  DuplexTotals         totals;

  duplex_capture_get_totals (self->capture, &totals);
  g_assert_true (duplex_capture_read (self->capture, totals.events - 1, &event));
  g_assert_cmpint (event.kind, ==, DUPLEX_EVENT_CLOSED);
}

/* ---- while a write is blocked ---- */

/* Both sides close: ours waits behind a message that has begun to leave, and is owed (§5.5.1). On
 * the wire the peer's is the first, and ours the answer. */
static void
test_both_close (void)
{
  Corner c;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  send_big (&c);
  send_small (&c);
  duplex_connection_close (c.connection, 1000, "ours");
  peer_says (&c, "\x88\x02\x03\xe9");
  peer_takes_big (&c);
  g_assert_cmpuint (peer_next_close (&c), ==, 1001);
  /* Each message once: one has left, one was dropped. */
  g_assert_cmpuint (c.n_sent, ==, 2);
  peer_ends (&c);
  g_assert_cmpuint (c.code, ==, 1001);
  g_assert_true (c.by_peer);
  g_assert_no_error (c.error);
  corner_clear (&c);
}

/* The same with a Close of the peer that no one may repeat. */
static void
test_both_close_badly (void)
{
  Corner c;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  send_big (&c);
  duplex_connection_close (c.connection, 1000, "ours");
  peer_says (&c, "\x88\x02\x03\xee");
  peer_takes_big (&c);
  g_assert_cmpuint (peer_next_close (&c), ==, 1002);
  g_assert_cmpuint (count_findings (&c, DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN), ==, 1);
  peer_ends (&c);
  corner_clear (&c);
}

/* What fails the connection takes the place of a Close that has not begun to leave. */
static void
test_violation_while_closing (void)
{
  Corner c;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  send_big (&c);
  send_small (&c);
  duplex_connection_close (c.connection, 1000, "ours");
  peer_says (&c, "\x83\x00");
  peer_takes_big (&c);
  g_assert_cmpuint (peer_next_close (&c), ==, 1002);
  g_assert_cmpuint (c.n_sent, ==, 2);
  peer_ends (&c);
  g_assert_error (c.error, DUPLEX_ERROR, DUPLEX_ERROR_PROTOCOL);
  g_assert_cmpuint (c.code, ==, 1002);
  corner_clear (&c);
}

/* A peer that says Close and ends its half still reads. */
static void
test_peer_closes_its_half (void)
{
  Corner c;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  send_big (&c);
  peer_says (&c, "\x88\x02\x03\xe8");
  g_assert_cmpint (shutdown (c.far, SHUT_WR), ==, 0);
  turn ();
  peer_takes_big (&c);
  g_assert_cmpuint (peer_next_close (&c), ==, 1000);
  wait_closed (&c);
  g_assert_cmpuint (c.code, ==, 1000);
  g_assert_true (c.by_peer);
  g_assert_no_error (c.error);
  assert_closed_is_last (&c);
  corner_clear (&c);
}

/* Where it ends both halves there is nobody to wait for. */
static void
test_peer_closes_and_goes (void)
{
  Corner c;
  gint64 started = g_get_monotonic_time ();

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  send_big (&c);
  peer_says (&c, "\x88\x02\x03\xe8");
  peer_ends (&c);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 3 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (c.code, ==, 1000);
  g_assert_true (c.by_peer);
  corner_clear (&c);
}

/* Without a Close, the end of what the peer says is the end. */
static void
test_half_close_without_close (void)
{
  Corner c;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  send_big (&c);
  duplex_connection_close (c.connection, 1000, NULL);
  g_assert_cmpint (shutdown (c.far, SHUT_WR), ==, 0);
  wait_closed (&c);
  g_assert_error (c.error, DUPLEX_ERROR, DUPLEX_ERROR_CONNECTION_LOST);
  g_assert_cmpuint (c.code, ==, DUPLEX_CLOSE_ABNORMAL);
  g_assert_cmpuint (count_findings (&c, DUPLEX_FINDING_EOF_WITHOUT_CLOSE), ==, 1);
  corner_clear (&c);
}

/* A peer that reads nothing keeps us from closing as agreed, also where its own Close has come. */
static void
test_nobody_reads (gconstpointer data)
{
  gboolean peer_closes = GPOINTER_TO_INT (data);
  Corner   c;

  corner_init_full (&c, DUPLEX_ROLE_CLIENT, 0, 1);
  send_big (&c);
  duplex_connection_close (c.connection, 1000, NULL);
  if (peer_closes)
    peer_says (&c, "\x88\x02\x03\xe8");
  wait_closed (&c);
  g_assert_error (c.error, DUPLEX_ERROR, DUPLEX_ERROR_TIMEOUT);
  g_assert_cmpuint (c.code, ==, peer_closes ? 1000 : DUPLEX_CLOSE_ABNORMAL);
  g_assert_cmpuint (count_findings (&c, DUPLEX_FINDING_CLOSE_TIMEOUT), ==, 1);
  g_assert_cmpuint (c.n_sent, ==, 0);
  corner_clear (&c);
}

/* ---- after the peer's Close ---- */

/* §1.4: what comes after a Close is discarded, so nothing in it can fail the connection. */
static void
test_bad_frame_after_close (void)
{
  Corner c;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  peer_says (&c, "\x88\x02\x03\xe8\x83\x00\x81\x01\xff");
  g_assert_cmpuint (peer_next_close (&c), ==, 1000);
  peer_ends (&c);
  g_assert_no_error (c.error);
  g_assert_cmpuint (c.code, ==, 1000);
  g_assert_true (c.by_peer);
  g_assert_cmpuint (c.n_messages, ==, 0);
  g_assert_cmpuint (count_findings (&c, DUPLEX_FINDING_DATA_AFTER_CLOSE), ==, 2);
  g_assert_cmpuint (count_findings (&c, DUPLEX_FINDING_RESERVED_OPCODE), ==, 1);
  corner_clear (&c);
}

static void
test_close_inside_message (void)
{
  Corner c;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  peer_says (&c, "\x01\x02he\x88\x02\x03\xe8");
  g_assert_cmpuint (peer_next_close (&c), ==, 1000);
  peer_ends (&c);
  g_assert_no_error (c.error);
  g_assert_cmpuint (c.n_messages, ==, 0);
  g_assert_cmpuint (count_findings (&c, DUPLEX_FINDING_MESSAGE_UNFINISHED), ==, 1);
  assert_closed_is_last (&c);
  corner_clear (&c);
}

/* A server is through when both Closes have passed: nothing behind the client's is looked at, and
 * the Close itself is recorded once and whole. */
static void
test_server_ends_at_close (void)
{
  g_autoptr (GBytes) ping = g_bytes_new_static ("p", 1);
  Corner             c;
  guint              flags;
  gsize              size;

  corner_init (&c, DUPLEX_ROLE_SERVER, 0);
  duplex_connection_send (c.connection, DUPLEX_OPCODE_PING, ping);
  peer_says (&c, "\x88\x82\x00\x00\x00\x00\x03\xe8"
                 "\x8a\x81\x00\x00\x00\x00p"
                 "\x81\x82\x00\x00\x00\x00hi");
  wait_closed (&c);
  g_assert_no_error (c.error);
  g_assert_true (c.by_peer);
  g_assert_cmpuint (c.n_messages + c.n_pongs, ==, 0);
  g_assert_cmpuint (
    count_frames (&c, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_CLOSE, &flags, &size), ==, 1);
  g_assert_cmphex (flags & DUPLEX_EVENT_FLAG_CUT, ==, 0);
  g_assert_cmpuint (count_findings (&c, DUPLEX_FINDING_FRAME_CUT), ==, 0);
  assert_closed_is_last (&c);
  g_assert_cmphex (peer_next_frame (&c, NULL), ==, 0x89);
  g_assert_cmpuint (peer_next_close (&c), ==, 1000);
  corner_clear (&c);
}

/* ---- callbacks that end the connection ---- */

static void
test_abort_in_message (void)
{
  Corner c;
  guint  flags;
  gsize  size;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  c.abort_on_message = TRUE;
  peer_says (&c, "\x81\x03one\x81\x03two");
  wait_closed (&c);
  g_assert_error (c.error, DUPLEX_ERROR, DUPLEX_ERROR_CANCELLED);
  g_assert_cmpuint (c.n_messages, ==, 1);
  g_assert_cmpuint (count_frames (&c, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, &flags, &size),
                    ==, 1);
  g_assert_cmphex (flags & DUPLEX_EVENT_FLAG_CUT, ==, 0);
  assert_closed_is_last (&c);
  corner_clear (&c);
}

/* ---- what a peer may make us keep ---- */

/* Sends a frame of a million bytes with that first byte. */
static void
peer_says_large (Corner *self,
                 guint8  first)
{
  guint8             header[] = { first, 127, 0, 0, 0, 0, 0, 0x10, 0, 0 };
  g_autofree guint8 *piece = g_malloc0 (16384);

  peer_write (self, header, sizeof header);
  for (int i = 0; i < 64; i++)
    peer_write (self, piece, 16384);
}

/* The limit holds for every frame, not only for the one that is reported as too big. */
static void
test_large_is_not_kept (gconstpointer data)
{
  guint8 first = (guint8)GPOINTER_TO_UINT (data);
  Corner c;
  guint  flags;
  gsize  size;
  guint8 opcode = first & 0x0f;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 10000);
  if (opcode == DUPLEX_OPCODE_CONTINUATION)
    {
      peer_says_large (&c, 0x02);
      opcode = DUPLEX_OPCODE_BINARY;
    }
  peer_says_large (&c, first);
  peer_ends (&c);
  g_assert_error (c.error, DUPLEX_ERROR, DUPLEX_ERROR_PROTOCOL);
  g_assert_cmpuint (count_frames (&c, DUPLEX_DIRECTION_RECEIVED, opcode, &flags, &size), >=, 1);
  g_assert_cmpuint (size, ==, 0);
  g_assert_cmphex (flags & DUPLEX_EVENT_FLAG_CUT, !=, 0);
  corner_clear (&c);
}

/* A flood of pings while we cannot write: one pong waits, for the last. */
static void
test_ping_flood_while_blocked (void)
{
  Corner             c;
  g_autoptr (GBytes) pong = NULL;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  send_big (&c);
  for (int i = 0; i < 1000; i++)
    peer_says (&c, "\x89\x05"
                   "first");
  peer_says (&c, "\x89\x04"
                 "last");
  peer_takes_big (&c);
  g_assert_cmphex (peer_next_frame (&c, &pong), ==, 0x8a);
  g_assert_cmpmem (g_bytes_get_data (pong, NULL), g_bytes_get_size (pong), "last", 4);
  peer_says (&c, "\x88\x00");
  g_assert_cmphex (peer_next_frame (&c, NULL), ==, 0x88);
  peer_ends (&c);
  g_assert_cmpuint (c.code, ==, DUPLEX_CLOSE_NO_STATUS);
  corner_clear (&c);
}

/* A huge length that trickles in and never comes: what came is kept. */
static void
test_claimed_length (void)
{
  Corner c;
  guint  flags;
  gsize  size;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  peer_says (&c, "\x82\x7f\x00\x00\x00\x00\x3f\xff\xff\xff"
                 "ab");
  peer_says (&c, "c");
  peer_ends (&c);
  g_assert_error (c.error, DUPLEX_ERROR, DUPLEX_ERROR_CONNECTION_LOST);
  g_assert_cmpuint (
    count_frames (&c, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_BINARY, &flags, &size), ==, 1);
  g_assert_cmpuint (size, ==, 3);
  g_assert_cmphex (flags & DUPLEX_EVENT_FLAG_CUT, !=, 0);
  corner_clear (&c);
}

/* Two pings with the same bytes object, answered one after the other. */
static void
test_same_ping_twice (void)
{
  g_autoptr (GBytes) ping = g_bytes_new_static ("p", 1);
  Corner             c;

  corner_init (&c, DUPLEX_ROLE_CLIENT, 0);
  duplex_connection_send (c.connection, DUPLEX_OPCODE_PING, ping);
  duplex_connection_send (c.connection, DUPLEX_OPCODE_PING, ping);
  peer_says (&c, "\x8a\x01p");
  peer_says (&c, "\x8a\x01p");
  peer_says (&c, "\x8a\x01p");
  g_assert_cmpuint (c.n_pongs, ==, 2);
  duplex_connection_abort (c.connection);
  wait_closed (&c);
  corner_clear (&c);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/corners/blocked/both-close", test_both_close);
  g_test_add_func ("/core/corners/blocked/both-close-badly", test_both_close_badly);
  g_test_add_func ("/core/corners/blocked/violation-while-closing", test_violation_while_closing);
  g_test_add_func ("/core/corners/blocked/peer-closes-its-half", test_peer_closes_its_half);
  g_test_add_func ("/core/corners/blocked/peer-closes-and-goes", test_peer_closes_and_goes);
  g_test_add_func ("/core/corners/blocked/half-close-without-close", test_half_close_without_close);
  g_test_add_data_func ("/core/corners/blocked/nobody-reads", GINT_TO_POINTER (FALSE),
                        test_nobody_reads);
  g_test_add_data_func ("/core/corners/blocked/nobody-reads-after-close", GINT_TO_POINTER (TRUE),
                        test_nobody_reads);
  g_test_add_func ("/core/corners/after-close/bad-frame", test_bad_frame_after_close);
  g_test_add_func ("/core/corners/after-close/inside-message", test_close_inside_message);
  g_test_add_func ("/core/corners/after-close/server", test_server_ends_at_close);
  g_test_add_func ("/core/corners/abort/in-message", test_abort_in_message);
  g_test_add_data_func ("/core/corners/large/ping", GUINT_TO_POINTER (0x89),
                        test_large_is_not_kept);
  g_test_add_data_func ("/core/corners/large/binary", GUINT_TO_POINTER (0x82),
                        test_large_is_not_kept);
  g_test_add_data_func ("/core/corners/large/continuation", GUINT_TO_POINTER (0x80),
                        test_large_is_not_kept);
  g_test_add_func ("/core/corners/large/ping-flood", test_ping_flood_while_blocked);
  g_test_add_func ("/core/corners/large/claimed-length", test_claimed_length);
  g_test_add_func ("/core/corners/pings/same-bytes", test_same_ping_twice);
  return g_test_run ();
}
