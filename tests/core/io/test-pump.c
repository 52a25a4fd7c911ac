/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What passes through a pump: order, back-pressure, memory, and what is told of it. */
#include <string.h>

#include "core/io/duplex-pump-private.h"
#include "core/proto/duplex-limits.h"
#include "duplex-pump-support.h"

#define CLIENT DUPLEX_ROLE_CLIENT
#define SERVER DUPLEX_ROLE_SERVER

#define FIN    0x80
#define RSV1   0x40
#define TEXT   1
#define BINARY 2
#define CLOSE  8
#define PING   9
#define PONG   10

static void
assert_nothing_held (PumpFixture *f)
{
  g_assert_cmpuint (f->pump->client.out.capacity, ==, 0);
  g_assert_cmpuint (f->pump->backend.out.capacity, ==, 0);
  g_assert_null (f->pump->client.held);
  g_assert_null (f->pump->backend.held);
  g_assert_null (f->pump->client.unread);
  g_assert_null (f->pump->backend.unread);
}

/* Nothing waits, so no memory is taken. */
static void
test_forwards (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hello", -1);
  pump_fixture_assert_got (&f, CLIENT, "text(hello)");
  pump_fixture_send_frame (&f, CLIENT, BINARY, "a", -1);
  pump_fixture_send_frame (&f, CLIENT, FIN | PING, "?", -1);
  pump_fixture_send_frame (&f, CLIENT, FIN, "b", -1);
  pump_fixture_assert_got (&f, SERVER, "binary(a)+ ping(?) continuation(b)");
  pump_fixture_send_frame (&f, SERVER, FIN | PONG, "?", -1);
  pump_fixture_assert_got (&f, CLIENT, "pong(?)");
  assert_nothing_held (&f);
}

/* Half a frame is held, and no longer than that. */
static void
test_holds_half_a_frame (void)
{
  g_auto (PumpFixture)   f = { 0 };
  g_autoptr (GByteArray) wire = g_byte_array_new ();

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  pump_append_frame (wire, CLIENT, FIN | TEXT, "hello", -1);
  for (guint i = 0; i < wire->len; i++)
    {
      pump_fixture_assert_got (&f, SERVER, "");
      g_assert_cmpuint (f.pump->client.held_len, ==, i);
      pump_fixture_send (&f, CLIENT, wire->data + i, 1);
    }
  pump_fixture_assert_got (&f, SERVER, "text(hello)");
  assert_nothing_held (&f);
}

static void
test_greets_first (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  duplex_pump_greet (f.pump, "welcome");
  g_byte_array_append (f.backend->input, (const guint8 *)"\x81\x02hi", 4);
  duplex_pump_start (f.pump);
  duplex_fake_leg_tell (f.backend, G_IO_IN | G_IO_OUT);
  duplex_fake_leg_tell (f.client, G_IO_OUT);
  pump_fixture_turn (&f);
  pump_fixture_assert_got (&f, CLIENT, "text(welcome) text(hi)");
  pump_fixture_assert_got (&f, SERVER, "");
  /* It is none of the backend's. */
  g_assert_cmpuint (f.stats.n_messages[SERVER], ==, 1);
}

/* What stands behind a handshake is more than a read gives, and comes before what is read. */
static void
test_unread (void)
{
  enum { N = 5000 };
  g_auto (PumpFixture)   f = { 0 };
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  g_autoptr (GBytes)     unread = NULL;
  g_autofree char       *fill = g_strnfill (90, 'x');
  DuplexPumpEnd          backend;
  gsize                  total;

  pump_fixture_init (&f);
  for (guint i = 0; i < N; i++)
    {
      g_autofree char *payload = g_strdup_printf ("%05u%s", i, fill);

      pump_append_frame (wire, SERVER, FIN | TEXT, payload, -1);
    }
  g_assert_cmpuint (wire->len, >, DUPLEX_LIMIT_PUMP_BUFFER);
  total = wire->len;
  /* The last frame is cut. */
  unread = g_bytes_new (wire->data, total - 50);
  g_byte_array_append (f.backend->input, wire->data + total - 50, 50);
  duplex_pump_unread (f.pump, SERVER, unread);
  f.client->room = 1000;
  duplex_pump_start (f.pump);
  pump_fixture_turn (&f);
  while (f.client->output->len < total)
    {
      gsize before = f.client->output->len;

      pump_fixture_make_room (&f, CLIENT, 50000);
      pump_fixture_turn (&f);
      g_assert_cmpuint (f.client->output->len, >, before);
    }
  g_assert_cmpmem (f.client->output->data, f.client->output->len, wire->data, wire->len);
  duplex_pump_get_ends (f.pump, NULL, &backend);
  g_assert_cmpuint (backend.n_bytes, ==, total);
  g_assert_cmpuint (backend.n_messages, ==, N);
  assert_nothing_held (&f);
}

/* Reads no more once something waits, and goes on when it has left. */
static void
test_pushes_back (void)
{
  const guint          n = 10000;
  guint8               frame[2 + 100] = { FIN | BINARY, 100 };
  g_auto (PumpFixture) f = { 0 };
  guint                left;
  gint64               us = 0;

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  f.client->room = 0;
  for (guint i = 0; i < n; i++)
    g_byte_array_append (f.backend->input, frame, sizeof frame);
  duplex_fake_leg_tell (f.backend, G_IO_IN);
  left = f.backend->input->len;
  g_assert_cmpuint (n * sizeof frame - left, <=, DUPLEX_LIMIT_PUMP_BUFFER);
  for (guint i = 0; i < 5; i++)
    {
      duplex_fake_leg_tell (f.backend, G_IO_IN);
      pump_fixture_turn (&f);
    }
  g_assert_cmpuint (f.backend->input->len, ==, left);
  /* The other direction is not held up. */
  pump_fixture_send_frame (&f, CLIENT, FIN | TEXT, "still here", -1);
  pump_fixture_assert_got (&f, SERVER, "text(still here)");

  while (f.client->output->len < n * sizeof frame)
    {
      pump_fixture_make_room (&f, CLIENT, 20000);
      pump_fixture_advance (&f, 1000);
      us += 1000;
    }
  g_assert_cmpuint (f.backend->input->len, ==, 0);
  g_assert_cmpuint (f.client->output->len, ==, n * sizeof frame);
  g_assert_cmpuint (f.stats.n_messages[SERVER], ==, n);
  g_assert_cmpuint (f.stats.n_bytes[SERVER], ==, n * sizeof frame);
  g_assert_cmpuint (f.stats.waits_us, >, 0);
  g_assert_cmpuint (f.stats.waits_us, <=, us);
  assert_nothing_held (&f);
}

/* However frames and reads lie to each other, no more than that waits. */
static void
test_waits_within_limits (void)
{
  static const gsize     sizes[] = { 5, DUPLEX_LIMIT_PUMP_HOLD - 8, 5, DUPLEX_LIMIT_PUMP_HOLD,
                                     60000, 126, 1, 300000, 20 };
  g_autofree char       *payload = g_strnfill (300000, 'x');
  g_autoptr (GByteArray) wire = g_byte_array_new ();

  for (guint i = 0; i < 3 * G_N_ELEMENTS (sizes); i++)
    {
      gsize len = sizes[i % G_N_ELEMENTS (sizes)];

      pump_append_frame (wire, CLIENT, FIN | BINARY, payload, (gssize)len);
    }

  for (gsize first = 0; first < 40000; first += 1913)
    {
      g_auto (PumpFixture) f = { 0 };
      gsize                most = 0;

      pump_fixture_init (&f);
      duplex_pump_start (f.pump);
      pump_fixture_send (&f, CLIENT, wire->data, first);
      f.backend->room = 1;
      pump_fixture_send (&f, CLIENT, wire->data + first, wire->len - first);
      while (f.client->input->len > 0 || duplex_pump_side_is_blocked (&f.pump->backend))
        {
          most = MAX (most, duplex_byte_queue_get_size (&f.pump->backend.out));
          g_assert_cmpuint (f.pump->client.held_len, <, DUPLEX_LIMIT_PUMP_HOLD);
          pump_fixture_make_room (&f, SERVER, 100001);
          pump_fixture_turn (&f);
        }
      g_assert_cmpuint (most, >, 100000);
      g_assert_cmpuint (most, <=, DUPLEX_LIMIT_PUMP_BUFFER + DUPLEX_LIMIT_PUMP_HOLD);
      g_assert_cmpuint (f.stats.n_messages[CLIENT], ==, 3 * G_N_ELEMENTS (sizes));
      assert_nothing_held (&f);
    }
}

/* An end that always has something does not keep others from their turn. */
static void
test_reads_in_turns (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  f.backend->again = FALSE;
  f.backend->chunk = 4;
  for (guint i = 0; i < 1000; i++)
    g_byte_array_append (f.backend->input, (const guint8 *)"\x81\x02hi", 4);
  duplex_fake_leg_tell (f.backend, G_IO_IN);
  g_assert_cmpuint (f.backend->n_reads, <=, 64);
  g_assert_true (f.backend->again);
  while (f.backend->again)
    duplex_fake_leg_turn (f.backend);
  g_assert_cmpuint (f.client->output->len, ==, 4000);
}

/* Few large reads are as much as many small ones. */
static void
test_reads_in_turns_of_bytes (void)
{
  const gsize          n_frames = 64;
  const gsize          size = 64 * 1024;
  g_autofree char     *payload = g_malloc0 (size);
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  f.backend->again = FALSE;
  for (gsize i = 0; i < n_frames; i++)
    pump_append_frame (f.backend->input, SERVER, 0x82, payload, size - 4);
  duplex_fake_leg_tell (f.backend, G_IO_IN);
  g_assert_cmpuint (f.client->output->len, >, DUPLEX_LIMIT_PUMP_BUFFER);
  g_assert_cmpuint (f.client->output->len, <=, 2 * DUPLEX_LIMIT_PUMP_BUFFER + 256);
  g_assert_true (f.backend->again);
  while (f.backend->again)
    duplex_fake_leg_turn (f.backend);
  g_assert_cmpuint (f.stats.n_bytes[SERVER], ==, n_frames * size);
  g_assert_cmpuint (f.client->output->len, >=, n_frames * size);
}

/* ---- permessage-deflate ---- */

static void
test_deflate (void)
{
  g_auto (PumpFixture) f = { 0 };
  g_autofree char     *fill = g_strnfill (40000, '\xff');

  pump_fixture_init (&f);
  duplex_pump_set_deflate (f.pump);
  duplex_pump_start (f.pump);
  /* Neither is UTF-8, and neither is looked at. */
  pump_fixture_send_frame (&f, SERVER, FIN | RSV1 | TEXT, "\xff\xfe", -1);
  pump_fixture_send_frame (&f, CLIENT, RSV1 | TEXT, "\xfd", -1);
  pump_fixture_send_frame (&f, CLIENT, FIN, "\xfc", -1);
  pump_fixture_assert_got (&f, CLIENT, "compressed text(\xff\xfe)");
  pump_fixture_assert_got (&f, SERVER, "compressed text(\xfd)+ continuation(\xfc)");
  /* Of a long one that is cut the first piece alone has the mark. */
  f.backend->chunk = 25000;
  pump_fixture_send_frame (&f, SERVER, FIN | RSV1 | BINARY, fill, 40000);
  pump_fixture_assert_got (&f, CLIENT, "compressed binary(*24996)+ continuation(*15004)");
  /* Without the mark it is text again. */
  pump_fixture_send_frame (&f, CLIENT, FIN | TEXT, "\xff", -1);
  pump_fixture_assert_got (&f, CLIENT, "close(1007 Invalid UTF-8)");
}

static void
test_deflate_not_agreed (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  pump_fixture_send_frame (&f, SERVER, FIN | RSV1 | TEXT, "a", -1);
  pump_fixture_assert_got (&f, SERVER, "close(1002 Protocol error)");
  pump_fixture_assert_got (&f, CLIENT, "close(1011 Backend error)");
}

/* ---- the tap ---- */

typedef struct
{
  GByteArray *received[2];
  GByteArray *sent[2];
  GArray     *begins[2]; /* of gsize, in all that was received */
  guint       n_received;
} Tap;

static void
received_cb (DuplexRole    sender,
             const guint8 *data,
             gsize         len,
             gsize         begin,
             gpointer      user_data)
{
  Tap *tap = user_data;

  g_assert_cmpuint (len, >, 0);
  tap->n_received++;
  if (begin != G_MAXSIZE)
    {
      gsize at = tap->received[sender]->len + begin;

      g_assert_cmpuint (begin, <, len);
      g_array_append_val (tap->begins[sender], at);
    }
  else
    {
      gsize none = G_MAXSIZE;

      g_array_append_val (tap->begins[sender], none);
    }
  g_byte_array_append (tap->received[sender], data, (guint)len);
}

static void
sent_cb (DuplexRole           receiver,
         const GOutputVector *spans,
         guint                n,
         gpointer             user_data)
{
  Tap *tap = user_data;

  for (guint i = 0; i < n; i++)
    g_byte_array_append (tap->sent[receiver], spans[i].buffer, (guint)spans[i].size);
}

/* Every byte is told once, and where the last frame of each reading begins. */
static void
test_tap (void)
{
  static const DuplexPumpTap funcs = { received_cb, sent_cb };
  static const gsize         sizes[] = { 3, 0, 125, 126, 17000, 2, 2, 40000, 70, 16380, 1 };
  g_autofree char           *payload = g_strnfill (40000, 'y');

  for (gsize chunk = 1; chunk < 60000; chunk = chunk * 3 + 1)
    {
      g_auto (PumpFixture)   f = { 0 };
      g_autoptr (GByteArray) wire = g_byte_array_new ();
      g_autoptr (GArray)     frames = g_array_new (FALSE, FALSE, sizeof (gsize));
      Tap                    tap = { 0 };
      guint                  next = 0;

      for (guint i = 0; i < 2; i++)
        {
          tap.received[i] = g_byte_array_new ();
          tap.sent[i] = g_byte_array_new ();
          tap.begins[i] = g_array_new (FALSE, FALSE, sizeof (gsize));
        }
      for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
        {
          gsize at = wire->len;

          g_array_append_val (frames, at);
          pump_append_frame (wire, CLIENT, FIN | BINARY, payload, (gssize)sizes[i]);
        }
      pump_fixture_init (&f);
      duplex_pump_set_tap (f.pump, &funcs, &tap);
      duplex_pump_greet (f.pump, "welcome");
      duplex_pump_start (f.pump);
      f.client->chunk = chunk;
      f.backend->room = 30000;
      g_byte_array_append (f.client->input, wire->data, wire->len);
      duplex_fake_leg_tell (f.client, G_IO_IN);
      while (f.client->input->len > 0)
        {
          duplex_fake_leg_turn (f.client);
          pump_fixture_make_room (&f, SERVER, 30000);
        }
      duplex_pump_close (f.pump, 1001, "away");

      g_assert_cmpmem (tap.received[CLIENT]->data, tap.received[CLIENT]->len, wire->data,
                       wire->len);
      g_assert_cmpuint (tap.received[SERVER]->len, ==, 0);
      g_assert_cmpmem (tap.sent[SERVER]->data, tap.sent[SERVER]->len, f.backend->output->data,
                       f.backend->output->len);
      g_assert_cmpmem (tap.sent[CLIENT]->data, tap.sent[CLIENT]->len, f.client->output->data,
                       f.client->output->len);
      g_assert_cmpuint (tap.sent[CLIENT]->len, >, 0);

      /* Each reading names the last frame that begins in it. */
      g_assert_cmpuint (tap.begins[CLIENT]->len, ==, tap.n_received);
      g_assert_cmpuint (tap.n_received, >=, wire->len / MAX (chunk, 1));
      for (guint i = 0; i < tap.n_received; i++)
        {
          gsize expected = G_MAXSIZE;

          for (; next < frames->len &&
                 g_array_index (frames, gsize, next) < MIN ((i + 1) * chunk, wire->len);
               next++)
            expected = g_array_index (frames, gsize, next);
          g_assert_cmpuint (g_array_index (tap.begins[CLIENT], gsize, i), ==, expected);
        }
      g_assert_cmpuint (next, ==, frames->len);
      for (guint i = 0; i < 2; i++)
        {
          g_byte_array_unref (tap.received[i]);
          g_byte_array_unref (tap.sent[i]);
          g_array_unref (tap.begins[i]);
        }
    }
}

/* ---- what is counted ---- */

static void
test_stats (void)
{
  g_auto (PumpFixture) f = { 0 };
  DuplexPumpEnd        client;
  DuplexPumpEnd        backend;
  guint64              n_waits = 0;

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  pump_fixture_send_frame (&f, CLIENT, TEXT, "a", -1);
  pump_fixture_send_frame (&f, CLIENT, FIN | PING, "", 0);
  pump_fixture_send_frame (&f, CLIENT, FIN, "b", -1);
  f.client->room = 0;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "abc", -1);
  pump_fixture_advance (&f, 1000);
  pump_fixture_make_room (&f, CLIENT, 2);
  pump_fixture_advance (&f, 500);
  pump_fixture_make_room (&f, CLIENT, G_MAXSIZE);

  duplex_pump_get_ends (f.pump, &client, &backend);
  g_assert_cmpuint (client.n_messages, ==, 1);
  g_assert_cmpuint (client.n_bytes, ==, 7 + 6 + 7);
  g_assert_cmpuint (client.n_late, ==, 0);
  g_assert_cmpuint (client.code_sent, ==, 0);
  g_assert_cmpuint (client.code_received, ==, 0);
  g_assert_cmpuint (backend.n_messages, ==, 1);
  g_assert_cmpuint (backend.n_bytes, ==, 5);
  g_assert_cmpuint (f.stats.n_messages[CLIENT], ==, 1);
  g_assert_cmpuint (f.stats.n_bytes[CLIENT], ==, 20);
  g_assert_cmpuint (f.stats.n_messages[SERVER], ==, 1);
  g_assert_cmpuint (f.stats.n_bytes[SERVER], ==, 5);
  for (guint i = 0; i < DUPLEX_PUMP_BUCKETS; i++)
    n_waits += f.stats.waits[i];
  /* Three that took no time, and one from its reading to its last byte. */
  g_assert_cmpuint (n_waits, ==, 4);
  g_assert_cmpuint (f.stats.waits_us, ==, 1500);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/io/pump/forwards", test_forwards);
  g_test_add_func ("/io/pump/holds-half-a-frame", test_holds_half_a_frame);
  g_test_add_func ("/io/pump/greets-first", test_greets_first);
  g_test_add_func ("/io/pump/unread", test_unread);
  g_test_add_func ("/io/pump/pushes-back", test_pushes_back);
  g_test_add_func ("/io/pump/waits-within-limits", test_waits_within_limits);
  g_test_add_func ("/io/pump/reads-in-turns", test_reads_in_turns);
  g_test_add_func ("/io/pump/reads-in-turns-of-bytes", test_reads_in_turns_of_bytes);
  g_test_add_func ("/io/pump/deflate", test_deflate);
  g_test_add_func ("/io/pump/deflate-not-agreed", test_deflate_not_agreed);
  g_test_add_func ("/io/pump/tap", test_tap);
  g_test_add_func ("/io/pump/stats", test_stats);

  return g_test_run ();
}
