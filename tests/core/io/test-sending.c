/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How messages are cut, what may wait to leave, and what passes what waits. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/io/duplex-connection.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-far-end.h"

#define MIB ((gsize)1024 * 1024)

/* ---- cut ---- */

typedef struct
{
  const char *name;
  const char *payload;
  gsize       points[4];
  gsize       n_points;
  const char *frames; /* of a text */
} Split;

static const Split splits[] = {
  { "none", "hello", { 0 }, 0, "81+5" },
  { "one", "hello", { 2 }, 1, "01+2 80+3" },
  { "three", "hello", { 1, 2, 4 }, 3, "01+1 00+1 00+2 80+1" },
  { "ends", "hello", { 0, 5 }, 2, "01+0 00+5 80+0" },
  { "equal", "hello", { 3, 3 }, 2, "01+3 00+0 80+2" },
  { "past-the-end", "hello", { 3, 9 }, 2, "01+3 80+2" },
  { "in-a-character", "a\xc3\xa4", { 2 }, 1, "01+2 80+1" },
  { "empty", "", { 0 }, 1, "01+0 80+0" },
};

static void
test_split (gconstpointer data)
{
  const Split          *row = data;
  g_autoptr (FarEnd)    far = far_end_new (NULL);
  Fixture              *f = fixture_new_far (far);
  g_autoptr (GBytes)    payload = g_bytes_new_static (row->payload, strlen (row->payload));
  g_autoptr (DuplexRow) message = NULL;
  g_autoptr (GBytes)    whole = NULL;
  g_autoptr (GError)    error = NULL;

  duplex_session_send_split (f->session, DUPLEX_OPCODE_TEXT, payload, row->points, row->n_points,
                             &error);
  g_assert_no_error (error);
  far_end_assert_frames (far, f, row->frames);
  g_assert_true (far_end_all_masked (far));
  fixture_wait_sent (f, 1);
  message = fixture_find_message (f, DUPLEX_DIRECTION_SENT, 0);
  g_assert_cmpuint (duplex_row_get_n_findings (message), ==, 0);
  whole = duplex_row_dup_payload (message, G_MAXSIZE, NULL);
  g_assert_true (g_bytes_equal (whole, payload));
  g_clear_object (&message);
  fixture_disconnect (f);
  fixture_free (f);
}

static void
test_split_refused (void)
{
  static const gsize down[] = { 3, 2 };
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_far (far);
  g_autoptr (GBytes) text = g_bytes_new_static ("hello", 5);
  g_autoptr (GBytes) noise = g_bytes_new_static ("hel\xff", 4);
  g_autoptr (GError) descends = NULL;
  g_autoptr (GError) invalid = NULL;

  g_assert_false (
    duplex_session_send_split (f->session, DUPLEX_OPCODE_TEXT, text, down, 2, &descends));
  g_assert_error (descends, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_false (
    duplex_session_send_split (f->session, DUPLEX_OPCODE_TEXT, noise, down, 1, &invalid));
  g_assert_error (invalid, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_true (
    duplex_session_send_split (f->session, DUPLEX_OPCODE_BINARY, noise, down, 1, NULL));
  far_end_assert_frames (far, f, "02+3 80+1");
  fixture_disconnect (f);
  fixture_free (f);
}

/* Every message is cut to the size that the options say, control frames are not, and points that
 * somebody chose stand. */
static void
test_fragment (void)
{
  static const gsize points[] = { 1 };
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GBytes) payload = g_bytes_new_static ("0123456789", 10);

  duplex_session_get_options (f->session)->fragment = 4;
  fixture_connect (f);
  g_assert_true (duplex_session_send_text (f->session, "0123456789", -1, NULL));
  g_assert_true (duplex_session_send_binary (f->session, payload, NULL));
  g_assert_true (duplex_session_ping (f->session, payload, NULL));
  g_assert_true (duplex_session_send_text (f->session, "0123", -1, NULL));
  g_assert_true (duplex_session_send_text (f->session, "", -1, NULL));
  g_assert_true (
    duplex_session_send_split (f->session, DUPLEX_OPCODE_TEXT, payload, points, 1, NULL));
  g_assert_true (
    duplex_session_send_split (f->session, DUPLEX_OPCODE_TEXT, payload, NULL, 0, NULL));
  far_end_assert_frames (far, f,
                         "01+4 00+4 80+2 02+4 00+4 80+2 89+10 81+4 81+0 01+1 80+9 01+4 00+4 80+2");
  fixture_wait_sent (f, 6);
  fixture_disconnect (f);
  fixture_free (f);
}

/* ---- what waits ---- */

static void
assert_waiting (Fixture *f,
                gsize    bytes,
                guint    messages)
{
  gsize n_bytes;
  guint n_messages;

  duplex_session_get_waiting (f->session, &n_bytes, &n_messages);
  g_assert_cmpuint (n_bytes, ==, bytes);
  g_assert_cmpuint (n_messages, ==, messages);
}

static gboolean
has_left (Fixture *f,
          gpointer data)
{
  guint n;

  duplex_session_get_waiting (f->session, NULL, &n);
  return n == 0;
}

static void
wait_left (Fixture *f)
{
  fixture_wait (f, has_left, NULL, "everything to leave");
  assert_waiting (f, 0, 0);
}

static GBytes *
new_zeros (gsize size)
{
  return g_bytes_new_take (g_malloc0 (size), size);
}

/* What was given counts until it has left: a message its bytes, a control frame as much as the
 * largest. */
static void
test_waiting (void)
{
  static const gsize points[] = { 10 };
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GBytes) large = new_zeros (16 * MIB);

  assert_waiting (f, 0, 0);
  far_end_set_reads (far, FALSE);
  fixture_connect (f);
  g_assert_true (duplex_session_send_binary (f->session, large, NULL));
  assert_waiting (f, 16 * MIB, 1);
  g_assert_true (duplex_session_send_text (f->session, "hello", -1, NULL));
  g_assert_true (duplex_session_send_split (f->session, DUPLEX_OPCODE_BINARY, large, points, 1,
                                            NULL));
  assert_waiting (f, 32 * MIB + 5, 3);
  g_assert_true (duplex_session_ping (f->session, NULL, NULL));
  g_assert_true (duplex_session_pong (f->session, NULL, NULL));
  assert_waiting (f, 32 * MIB + 5 + 250, 5);
  far_end_set_reads (far, TRUE);
  wait_left (f);
  /* Control frames pass what has not begun to leave. */
  far_end_assert_frames (far, f, "82+16777216 89+8 8a+0 81+5 02+10 80+16777206");
  fixture_disconnect (f);
  assert_waiting (f, 0, 0);
  fixture_free (f);
}

/* Waiting ends with the connection. */
static void
test_waiting_ends (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GBytes) large = new_zeros (16 * MIB);

  far_end_set_reads (far, FALSE);
  fixture_connect (f);
  g_assert_true (duplex_session_send_binary (f->session, large, NULL));
  /* What comes back from the thread of sockets comes after what went there. */
  for (guint i = 0; i < 2; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      far_end_write_frame (far, 0x8a, NULL, 0);
      fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 10, i, &event);
    }
  far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  assert_waiting (f, 0, 0);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_FRAME_CUT), ==, 1);
  fixture_free (f);
}

static void
room_cb (DuplexSession *session,
         gpointer       data)
{
  (*(guint *)data)++;
}

/* A bound in bytes: what passes it is refused, whatever it is, until half of it is free again. */
static void
test_bound (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GBytes) half = new_zeros (MIB / 2);
  g_autoptr (GError) message = NULL;
  g_autoptr (GError) ping = NULL;
  guint              n = 0, n_rooms = 0;
  gsize              bytes;

  g_signal_connect (f->session, "room", G_CALLBACK (room_cb), &n_rooms);
  far_end_set_reads (far, FALSE);
  duplex_session_get_options (f->session)->max_waiting = MIB;
  fixture_connect (f);
  /* The sockets hold some. */
  while (n < 1000 && duplex_session_send_binary (f->session, half, &message))
    {
      duplex_session_get_waiting (f->session, &bytes, NULL);
      g_assert_cmpuint (bytes, <=, MIB);
      n++;
      if (bytes == MIB)
        g_usleep (20000);
    }
  g_assert_error (message, DUPLEX_ERROR, DUPLEX_ERROR_QUEUE_FULL);
  assert_waiting (f, MIB, 2);
  g_assert_false (duplex_session_ping (f->session, NULL, &ping));
  g_assert_error (ping, DUPLEX_ERROR, DUPLEX_ERROR_QUEUE_FULL);
  g_assert_cmpuint (n_rooms, ==, 0);

  far_end_set_reads (far, TRUE);
  wait_left (f);
  far_end_wait_frames (far, f, n);
  g_assert_cmpuint (n_rooms, ==, 1);
  g_assert_true (duplex_session_ping (f->session, NULL, NULL));
  wait_left (f);
  g_assert_cmpuint (n_rooms, ==, 1);
  fixture_disconnect (f);
  fixture_free (f);
}

/* One message may be larger than the bound; then nothing else waits beside it. */
static void
test_bound_and_one_larger (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GBytes) large = new_zeros (16 * MIB);
  g_autoptr (GError) error = NULL;

  far_end_set_reads (far, FALSE);
  duplex_session_get_options (f->session)->max_waiting = 1000;
  fixture_connect (f);
  g_assert_true (duplex_session_send_binary (f->session, large, NULL));
  g_assert_false (duplex_session_send_text (f->session, "", 0, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_QUEUE_FULL);
  assert_waiting (f, 16 * MIB, 1);
  far_end_set_reads (far, TRUE);
  wait_left (f);
  fixture_disconnect (f);
  fixture_free (f);
}

/* A composed frame counts with all its bytes: 6 of header and mask, 2 of a longer length. */
static void
test_bound_and_composed (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GBytes) large = new_zeros (16 * MIB);
  g_autoptr (GBytes) small = new_zeros (992);
  g_autoptr (GError) error = NULL;
  DuplexFrameDraft   draft = DUPLEX_FRAME_DRAFT_INIT;

  far_end_set_reads (far, FALSE);
  duplex_session_get_options (f->session)->max_waiting = 16 * MIB + 1000;
  fixture_connect (f);
  draft.opcode = DUPLEX_OPCODE_BINARY;
  draft.payload = small;
  g_assert_true (duplex_session_send_binary (f->session, large, NULL));
  g_assert_true (duplex_session_send_frame (f->session, &draft, /* deliberate= */ FALSE, NULL));
  assert_waiting (f, 16 * MIB + 1000, 2);
  g_assert_false (
    duplex_session_send_frame (f->session, &draft, /* deliberate= */ FALSE, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_QUEUE_FULL);
  far_end_set_reads (far, TRUE);
  wait_left (f);
  far_end_assert_frames (far, f, "82+16777216 82+992");
  assert_waiting (f, 0, 0);
  fixture_disconnect (f);
  fixture_free (f);
}

/* And one in number, which control frames count for. */
static void
test_bound_in_number (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GBytes) large = new_zeros (16 * MIB);
  g_autoptr (GBytes) payload = g_bytes_new_static ("p", 1);
  g_autoptr (GError) error = NULL;
  guint              n = 0, n_rooms = 0;

  g_signal_connect (f->session, "room", G_CALLBACK (room_cb), &n_rooms);
  far_end_set_reads (far, FALSE);
  fixture_connect (f);
  g_assert_true (duplex_session_send_binary (f->session, large, NULL));
  while (n <= DUPLEX_LIMIT_SEND_QUEUE_ITEMS && duplex_session_pong (f->session, payload, &error))
    n++;
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_QUEUE_FULL);
  g_assert_cmpuint (n, ==, DUPLEX_LIMIT_SEND_QUEUE_ITEMS - 1);
  far_end_set_reads (far, TRUE);
  wait_left (f);
  far_end_wait_frames (far, f, n + 1);
  g_assert_cmpuint (n_rooms, ==, 1);
  fixture_disconnect (f);
  fixture_free (f);
}

/* ---- a connection by itself ---- */

typedef struct
{
  DuplexConnection *connection;
  DuplexCapture    *capture;
  int               far;
  GByteArray       *seen; /* what came there */
  guint             n_closed;
  GError           *error;
} Bare;

static void
bare_closed_cb (DuplexConnection *connection,
                guint16           code,
                const char       *reason,
                gboolean          by_peer,
                const GError     *error,
                gpointer          data)
{
  Bare *self = data;

  self->n_closed++;
  g_assert_false (by_peer);
  self->error = error != NULL ? g_error_copy (error) : NULL;
}

static const DuplexConnectionCallbacks bare_callbacks = { .closed = bare_closed_cb };

static void
bare_init (Bare *self)
{
  DuplexConnectionSettings      settings = { .role = DUPLEX_ROLE_SERVER };
  g_autoptr (GSocket)           socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  int                           fds[2];

  *self = (Bare){ .capture = duplex_capture_new (), .seen = g_byte_array_new () };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], NULL);
  stream = g_socket_connection_factory_create_connection (socket);
  self->far = fds[1];
  settings.capture = self->capture;
  self->connection =
    duplex_connection_new (G_IO_STREAM (stream), NULL, &settings, &bare_callbacks, self);
}

static void
bare_clear (Bare *self)
{
  if (self->n_closed == 0)
    duplex_connection_abort (self->connection);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->connection);
  g_assert_finalize_object (self->capture);
  g_byte_array_unref (self->seen);
  g_clear_error (&self->error);
  close (self->far);
}

/* Turns until nothing is left to do, and reads what came. */
static void
bare_turn (Bare *self)
{
  guint8  chunk[4096];
  ssize_t n;

  for (int quiet = 0; quiet < 10; quiet++)
    while (g_main_context_iteration (NULL, FALSE))
      quiet = 0;
  while ((n = recv (self->far, chunk, sizeof chunk, MSG_DONTWAIT)) > 0)
    g_byte_array_append (self->seen, chunk, (guint)n);
}

static void
bare_assert_seen (Bare       *self,
                  const char *bytes,
                  gsize       len)
{
  bare_turn (self);
  g_assert_cmpmem (self->seen->data, self->seen->len, bytes, len);
  g_byte_array_set_size (self->seen, 0);
}

static void
bare_send (Bare       *self,
           const char *text)
{
  g_autoptr (GBytes) payload = g_bytes_new (text, strlen (text));

  duplex_connection_send (self->connection, DUPLEX_OPCODE_TEXT, payload);
}

#define SEEN(self, bytes) bare_assert_seen (self, bytes, sizeof (bytes) - 1)
#define SAYS(self, bytes) \
  g_assert_cmpint (write ((self)->far, bytes, sizeof (bytes) - 1), ==, sizeof (bytes) - 1)

/* A capture that is behind holds messages back; pings are answered, and asked, all the same. */
static void
test_stalled (void)
{
  Bare b;

  bare_init (&b);
  bare_send (&b, "a");
  SEEN (&b, "\x81\x01"
            "a");
  duplex_connection_set_stalled (b.connection, TRUE);
  bare_send (&b, "b");
  SEEN (&b, "");
  SAYS (&b, "\x89\x81\x00\x00\x00\x00p");
  SEEN (&b, "\x8a\x01p");
  bare_send (&b, "c");
  duplex_connection_send (b.connection, DUPLEX_OPCODE_PING, NULL);
  SEEN (&b, "\x89\x08\x00\x00\x00\x00\x00\x00\x00\x01");
  duplex_connection_set_stalled (b.connection, FALSE);
  SEEN (&b, "\x81\x01"
            "b\x81\x01"
            "c");
  bare_clear (&b);
}

/* A Close does not wait for it, nor do the messages before it. */
static void
test_stalled_closes (void)
{
  Bare b;

  bare_init (&b);
  duplex_connection_set_stalled (b.connection, TRUE);
  bare_send (&b, "a");
  SEEN (&b, "");
  duplex_connection_close (b.connection, 1000, NULL);
  SEEN (&b, "\x81\x01"
            "a\x88\x02\x03\xe8");
  duplex_connection_set_stalled (b.connection, TRUE);
  SAYS (&b, "\x88\x82\x00\x00\x00\x00\x03\xe8");
  bare_turn (&b);
  g_assert_cmpuint (b.n_closed, ==, 1);
  g_assert_no_error (b.error);
  bare_clear (&b);
}

/* Giving a connection up announces nothing, and is of our making. */
static void
test_abort (void)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  DuplexTotals         totals;
  Bare                 b;

  bare_init (&b);
  bare_send (&b, "a");
  duplex_connection_abort (b.connection);
  g_assert_cmpuint (b.n_closed, ==, 1);
  g_assert_error (b.error, DUPLEX_ERROR, DUPLEX_ERROR_CANCELLED);
  duplex_capture_get_totals (b.capture, &totals);
  g_assert_true (duplex_capture_read (b.capture, totals.events - 1, &event));
  g_assert_cmpint (event.kind, ==, DUPLEX_EVENT_CLOSED);
  g_assert_cmpuint (event.flags & DUPLEX_EVENT_FLAG_PEER, ==, 0);
  g_assert_cmpuint (event.message_size, ==, 0);
  g_assert_cmpint (event.value, ==, 1006);
  duplex_event_clear (&event);
  SEEN (&b, "\x81\x01"
            "a");
  bare_clear (&b);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (splits); i++)
    {
      g_autofree char *path = g_strconcat ("/core/sending/split/", splits[i].name, NULL);

      g_test_add_data_func (path, &splits[i], test_split);
    }
  g_test_add_func ("/core/sending/split/refused", test_split_refused);
  g_test_add_func ("/core/sending/fragment", test_fragment);
  g_test_add_func ("/core/sending/waiting", test_waiting);
  g_test_add_func ("/core/sending/waiting/ends", test_waiting_ends);
  g_test_add_func ("/core/sending/bound", test_bound);
  g_test_add_func ("/core/sending/bound/one-larger", test_bound_and_one_larger);
  g_test_add_func ("/core/sending/bound/composed", test_bound_and_composed);
  g_test_add_func ("/core/sending/bound/in-number", test_bound_in_number);
  g_test_add_func ("/core/sending/stalled", test_stalled);
  g_test_add_func ("/core/sending/stalled/closes", test_stalled_closes);
  g_test_add_func ("/core/sending/abort", test_abort);
  return g_test_run ();
}
