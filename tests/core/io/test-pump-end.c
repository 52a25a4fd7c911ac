/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How connections through a pump end: Closes, ends without one, broken rules, and time. */
#include <string.h>

#include "core/io/duplex-pump-private.h"
#include "core/proto/duplex-limits.h"
#include "duplex-pump-support.h"

#define CLIENT DUPLEX_ROLE_CLIENT
#define SERVER DUPLEX_ROLE_SERVER

#define FIN    0x80
#define TEXT   1
#define BINARY 2
#define CLOSE  8
#define PING   9
#define PONG   10

#define SECOND G_TIME_SPAN_SECOND

static const char normal[] = "\x03\xe8"; /* 1000 */

static void
start (PumpFixture *f)
{
  duplex_pump_start (f->pump);
  pump_fixture_turn (f);
}

static void
assert_codes (PumpFixture *f,
              guint16      client_sent,
              guint16      client_received,
              guint16      backend_sent,
              guint16      backend_received)
{
  DuplexPumpEnd client;
  DuplexPumpEnd backend;

  duplex_pump_get_ends (f->pump, &client, &backend);
  g_assert_cmpuint (client.code_sent, ==, client_sent);
  g_assert_cmpuint (client.code_received, ==, client_received);
  g_assert_cmpuint (backend.code_sent, ==, backend_sent);
  g_assert_cmpuint (backend.code_received, ==, backend_received);
}

/* ---- Closes ---- */

static void
test_in_order (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  pump_fixture_assert_got (&f, CLIENT, "close(1000)");
  pump_fixture_assert_got (&f, SERVER, "");
  g_assert_false (f.client->shut);

  pump_fixture_send_frame (&f, CLIENT, FIN | CLOSE, "\x03\xe8"
                                                    "bye",
                           5);
  pump_fixture_assert_got (&f, SERVER, "close(1000 bye)");
  /* The server ends first: we to the client, and the backend to us. */
  g_assert_true (f.client->shut);
  g_assert_false (f.backend->shut);
  g_assert_false (f.backend_freed);

  pump_fixture_end (&f, SERVER);
  g_assert_true (f.backend_freed);
  pump_fixture_end (&f, CLIENT);
  g_assert_true (f.client_freed);
  g_assert_false (f.ended);
  pump_fixture_turn (&f);
  g_assert_true (f.ended);
  assert_codes (&f, 1000, 1000, 1000, 1000);
  g_assert_cmpuint (f.stats.n_late[CLIENT] + f.stats.n_late[SERVER], ==, 0);
}

/* A code is carried over as it is, and so is none. */
static void
test_no_code (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  pump_fixture_send_frame (&f, CLIENT, FIN | CLOSE, "", 0);
  pump_fixture_assert_got (&f, SERVER, "close()");
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, "\x0f\xa2", 2);
  pump_fixture_assert_got (&f, CLIENT, "close(4002)");
  assert_codes (&f, 4002, 1005, 1005, 4002);
}

/* Between a client's Close and its answer the backend may say what it still has to say. */
static void
test_backend_finishes (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  pump_fixture_send_frame (&f, CLIENT, FIN | CLOSE, normal, 2);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "wait", -1);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  pump_fixture_assert_got (&f, CLIENT, "text(wait) close(1000)");
  g_assert_cmpuint (f.stats.n_late[SERVER], ==, 0);
}

/* A client that says Close and no more, even no more TCP, still reads what is said to it. */
static void
test_half_close (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  pump_fixture_send_frame (&f, CLIENT, FIN | CLOSE, normal, 2);
  pump_fixture_end (&f, CLIENT);
  pump_fixture_assert_got (&f, SERVER, "close(1000)");
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "wait", -1);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  g_assert_cmpuint (f.stats.n_late[SERVER], ==, 0);
  pump_fixture_end (&f, SERVER);
  pump_fixture_turn (&f);
  g_assert_true (f.ended);
  assert_codes (&f, 1000, 1000, 1000, 1000);
}

/* What the test above cannot see, since the leg is freed with its output. */
static void
test_half_close_delivers (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  pump_fixture_send_frame (&f, CLIENT, FIN | CLOSE, normal, 2);
  pump_fixture_end (&f, CLIENT);
  f.client->room = 0;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "wait", -1);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  pump_fixture_turn (&f);
  g_assert_false (f.client_freed);
  pump_fixture_make_room (&f, CLIENT, 6);
  g_assert_cmpmem (f.client->output->data, f.client->output->len, "\x81\x04wait", 6);
  pump_fixture_turn (&f);
  g_assert_false (f.client_freed);
  pump_fixture_make_room (&f, CLIENT, 3);
  g_assert_cmpmem (f.client->output->data, f.client->output->len, "\x81\x04wait\x88\x02\x03", 9);
  pump_fixture_make_room (&f, CLIENT, 1);
  g_assert_true (f.client_freed);
}

/* A client that has gone altogether: what the backend says finds nobody. */
static void
test_gone_after_close (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  pump_fixture_send_frame (&f, CLIENT, FIN | CLOSE, normal, 2);
  f.client->broken = TRUE;
  pump_fixture_end (&f, CLIENT);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "wait", -1);
  pump_fixture_turn (&f);
  g_assert_true (f.client_freed);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  pump_fixture_end (&f, SERVER);
  pump_fixture_turn (&f);
  g_assert_true (f.ended);
}

/* And one that nobody answers: the backend is given up, and then the client is told. */
static void
test_half_close_unanswered (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  pump_fixture_send_frame (&f, CLIENT, FIN | CLOSE, normal, 2);
  pump_fixture_end (&f, CLIENT);
  pump_fixture_advance (&f, 4 * SECOND);
  g_assert_false (f.backend_freed);
  pump_fixture_advance (&f, 6 * SECOND);
  pump_fixture_advance (&f, 6 * SECOND);
  g_assert_true (f.backend_freed);
  g_assert_true (f.client_freed);
  g_assert_true (f.ended);
}

/* What waits is delivered before the Close, however late. */
static void
test_drains_before_close (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  f.client->room = 0;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hi", -1);
  f.backend->input_ended = TRUE;
  duplex_fake_leg_tell (f.backend, G_IO_IN | G_IO_HUP);
  g_assert_false (f.client_freed);
  pump_fixture_make_room (&f, CLIENT, G_MAXSIZE);
  pump_fixture_turn (&f);
  g_assert_true (f.backend_freed);
  pump_fixture_assert_got (&f, CLIENT, "text(hi) close(1011 Backend error)");
  g_assert_false (f.client->shut);
  assert_codes (&f, 1011, 0, 0, 0);
}

/* A Close of the relay's is the last word to an end. */
static void
test_nothing_behind_ours (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  duplex_pump_close (f.pump, 1001, NULL);
  duplex_pump_close (f.pump, 1011, "again");
  pump_fixture_assert_got (&f, CLIENT, "close(1001)");
  pump_fixture_assert_got (&f, SERVER, "close(1001)");
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hi", -1);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  pump_fixture_assert_got (&f, CLIENT, "");
  /* The answer to our Close is none of it; what stands behind it is. */
  g_assert_cmpuint (f.stats.n_late[SERVER], ==, 4);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hi", -1);
  g_assert_cmpuint (f.stats.n_late[SERVER], ==, 8);
  assert_codes (&f, 1001, 0, 1001, 1000);
}

/* A message that is under way when we close ends as a fragment: the Close can be read. */
static void
test_ours_within_a_message (void)
{
  g_auto (PumpFixture)   f = { 0 };
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  g_autofree char       *payload = g_strnfill (100000, 'x');

  pump_fixture_init (&f);
  start (&f);
  pump_append_frame (wire, SERVER, FIN | BINARY, payload, 100000);
  pump_fixture_send (&f, SERVER, wire->data, 50010);
  duplex_pump_close (f.pump, 1001, NULL);
  pump_fixture_send (&f, SERVER, wire->data + 50010, wire->len - 50010);
  pump_fixture_assert_got (&f, CLIENT, "binary(*50000)+ close(1001)");
  g_assert_cmpuint (f.stats.n_late[SERVER], ==, 50000);
}

static void
never_cb (DuplexPump *pump,
          gpointer    data)
{
  g_assert_not_reached ();
}

static void
test_no_backend (void)
{
  g_auto (PumpFixture) f = { 0 };
  DuplexPump          *pump;
  DuplexFakeLeg       *client;
  gboolean             freed = FALSE;

  pump_fixture_init (&f);
  client = duplex_fake_leg_new (&freed);
  pump = duplex_pump_new (f.poller, &client->leg, NULL, &f.settings, &f.stats,
                          never_cb, NULL);
  duplex_pump_close (pump, 1014, "No backend");
  g_assert_cmpuint (client->output->len, ==, 0);
  duplex_pump_start (pump);
  g_assert_cmpmem (client->output->data, client->output->len, "\x88\x0c\x03\xf6No backend", 14);
  duplex_pump_free (pump);
  g_assert_true (freed);
}

/* ---- ends without a Close ---- */

static void
test_client_lost (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  pump_fixture_end (&f, CLIENT);
  g_assert_true (f.client_freed);
  pump_fixture_assert_got (&f, SERVER, "close(1001)");
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hi", -1);
  g_assert_cmpuint (f.stats.n_late[SERVER], ==, 4);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  pump_fixture_end (&f, SERVER);
  pump_fixture_turn (&f);
  g_assert_true (f.ended);
  assert_codes (&f, 0, 0, 1001, 1000);
}

/* Within a frame that is held, and within one that is not. */
static void
test_backend_lost_within_a_frame (void)
{
  g_autofree char *payload = g_strnfill (100000, 'x');

  for (guint i = 0; i < 2; i++)
    {
      g_auto (PumpFixture)   f = { 0 };
      g_autoptr (GByteArray) wire = g_byte_array_new ();

      pump_fixture_init (&f);
      start (&f);
      pump_append_frame (wire, SERVER, FIN | BINARY, payload, i == 0 ? 1000 : 100000);
      pump_fixture_send (&f, SERVER, wire->data, wire->len / 2);
      pump_fixture_end (&f, SERVER);
      pump_fixture_assert_got (&f, CLIENT,
                               i == 0 ? "close(1011 Backend error)"
                                      : "binary(*49995)+ close(1011 Backend error)");
    }
}

/* Writing to the client fails. The rest of what it sent is read. */
static void
test_write_fails (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  f.client->broken = TRUE;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hi", -1);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "ho", -1);
  g_assert_cmpuint (f.stats.n_late[SERVER], ==, 4);
  g_assert_false (f.client_freed);
  pump_fixture_send_frame (&f, CLIENT, FIN | CLOSE, normal, 2);
  pump_fixture_assert_got (&f, SERVER, "close(1000)");
  pump_fixture_end (&f, CLIENT);
  g_assert_true (f.client_freed);
}

/* And where it fails while something waits, nothing waits any more. */
static void
test_write_fails_while_blocked (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  f.client->room = 1;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hi", -1);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "ho", -1);
  g_assert_cmpuint (f.backend->input->len, ==, 4);
  f.client->broken = TRUE;
  duplex_fake_leg_tell (f.client, G_IO_OUT | G_IO_HUP);
  pump_fixture_turn (&f);
  g_assert_cmpuint (f.backend->input->len, ==, 0);
  g_assert_cmpuint (f.pump->client.out.capacity, ==, 0);
  /* It is given up in time, without an end of the stream. */
  pump_fixture_advance (&f, 6 * SECOND);
  g_assert_true (f.client_freed);
  pump_fixture_assert_got (&f, SERVER, "close(1001)");
}

/* ---- broken rules ---- */

static void
test_broken (void)
{
  static const struct
  {
    guint8      first;
    const char *payload;
    gssize      len;
    const char *told; /* to who broke it */
  } cases[] = {
    { FIN | 3, "a", 1, "close(1002 Protocol error)" },
    { FIN | TEXT, "\xff", 1, "close(1007 Invalid UTF-8)" },
    { FIN | CLOSE, "x", 1, "close(1002 Protocol error)" },
    { FIN | CLOSE, "\x03\xe8\xff", 3, "close(1007 Invalid UTF-8)" },
    { FIN | BINARY, "abcdefghijk", 11, "close(1009 Frame too big)" },
    { BINARY, "abcdefghij", 10, "close(1009 Message too big)" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (DuplexRole sender = CLIENT; sender <= SERVER; sender++)
      {
        g_auto (PumpFixture) f = { 0 };
        gsize                late = (gsize)cases[i].len + (sender == CLIENT ? 6 : 2);

        pump_fixture_init_limited (&f, /* max_message= */ 19, /* max_frame= */ 10);
        start (&f);
        pump_fixture_send_frame (&f, sender, cases[i].first, cases[i].payload, cases[i].len);
        if (strstr (cases[i].told, "Message") != NULL)
          {
            g_autofree char *first = pump_fixture_take (&f, sender == CLIENT ? SERVER : CLIENT);

            g_assert_cmpstr (first, ==, "binary(abcdefghij)+");
            pump_fixture_send_frame (&f, sender, FIN, cases[i].payload, cases[i].len);
          }
        pump_fixture_assert_got (&f, sender, cases[i].told);
        pump_fixture_assert_got (&f, sender == CLIENT ? SERVER : CLIENT,
                                 sender == CLIENT ? "close(1001)" : "close(1011 Backend error)");
        g_assert_cmpuint (f.stats.n_late[sender], ==, late);
        /* Whatever comes from it now. */
        pump_fixture_send_frame (&f, sender, FIN | CLOSE, normal, 2);
        g_assert_cmpuint (f.stats.n_late[sender], >, late);
      }
}

/* ---- time ---- */

static void
test_close_timeout (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  pump_fixture_assert_got (&f, CLIENT, "close(1000)");
  pump_fixture_advance (&f, 4 * SECOND);
  g_assert_false (f.client_freed);
  pump_fixture_advance (&f, 2 * SECOND);
  /* The client is given up, and the backend, which still waits, has its answer. */
  g_assert_true (f.client_freed);
  g_assert_false (f.backend_freed);
  pump_fixture_assert_got (&f, SERVER, "close(1000)");
  pump_fixture_advance (&f, 6 * SECOND);
  g_assert_true (f.backend_freed);
  g_assert_true (f.ended);
}

/* It runs from when the Close has left, not from when it was queued. How long that may take is for
 * test-pump-stuck.c. */
static void
test_close_timeout_while_blocked (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  f.client->room = 0;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hi", -1);
  pump_fixture_end (&f, SERVER);
  pump_fixture_advance (&f, 4 * SECOND);
  g_assert_false (f.client_freed);
  pump_fixture_make_room (&f, CLIENT, G_MAXSIZE);
  pump_fixture_turn (&f);
  pump_fixture_assert_got (&f, CLIENT, "text(hi) close(1011 Backend error)");
  pump_fixture_advance (&f, 4 * SECOND);
  g_assert_false (f.client_freed);
  pump_fixture_advance (&f, 2 * SECOND);
  g_assert_true (f.client_freed);
  g_assert_true (f.ended);
}

static void
test_idle (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  f.settings.idle_timeout = 10;
  start (&f);
  for (guint i = 0; i < 5; i++)
    {
      pump_fixture_advance (&f, 9 * SECOND);
      pump_fixture_send_frame (&f, i % 2 == 0 ? CLIENT : SERVER, FIN | TEXT, "a", -1);
    }
  pump_fixture_advance (&f, 9 * SECOND);
  pump_fixture_assert_got (&f, CLIENT, "text(a) text(a)");
  pump_fixture_assert_got (&f, SERVER, "text(a) text(a) text(a)");
  pump_fixture_advance (&f, 2 * SECOND);
  pump_fixture_assert_got (&f, CLIENT, "close(1001 Idle timeout)");
  pump_fixture_assert_got (&f, SERVER, "close(1001 Idle timeout)");
  pump_fixture_advance (&f, 6 * SECOND);
  g_assert_true (f.ended);
}

/* Whoever does not even take the Close is left to itself in the end. */
static void
test_idle_while_blocked (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  f.settings.idle_timeout = 10;
  start (&f);
  f.client->room = 0;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "a", -1);
  pump_fixture_advance (&f, 11 * SECOND);
  pump_fixture_assert_got (&f, SERVER, "close(1001 Idle timeout)");
  g_assert_false (f.client_freed);
  pump_fixture_advance (&f, 6 * SECOND);
  g_assert_true (f.client_freed);
  g_assert_true (f.ended);
}

/* Freed at once, with bytes waiting everywhere. */
static void
test_freed_any_time (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  start (&f);
  f.client->room = 1;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hi", -1);
  pump_fixture_send (&f, CLIENT, (const guint8 *)"\x81", 1);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "ho", -1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/io/pump-end/close/in-order", test_in_order);
  g_test_add_func ("/io/pump-end/close/no-code", test_no_code);
  g_test_add_func ("/io/pump-end/close/backend-finishes", test_backend_finishes);
  g_test_add_func ("/io/pump-end/close/half", test_half_close);
  g_test_add_func ("/io/pump-end/close/half-delivers", test_half_close_delivers);
  g_test_add_func ("/io/pump-end/close/gone", test_gone_after_close);
  g_test_add_func ("/io/pump-end/close/half-unanswered", test_half_close_unanswered);
  g_test_add_func ("/io/pump-end/close/drains", test_drains_before_close);
  g_test_add_func ("/io/pump-end/close/nothing-behind-ours", test_nothing_behind_ours);
  g_test_add_func ("/io/pump-end/close/within-a-message", test_ours_within_a_message);
  g_test_add_func ("/io/pump-end/close/no-backend", test_no_backend);
  g_test_add_func ("/io/pump-end/lost/client", test_client_lost);
  g_test_add_func ("/io/pump-end/lost/within-a-frame", test_backend_lost_within_a_frame);
  g_test_add_func ("/io/pump-end/lost/write-fails", test_write_fails);
  g_test_add_func ("/io/pump-end/lost/write-fails-blocked", test_write_fails_while_blocked);
  g_test_add_func ("/io/pump-end/broken", test_broken);
  g_test_add_func ("/io/pump-end/close-timeout", test_close_timeout);
  g_test_add_func ("/io/pump-end/close-timeout/blocked", test_close_timeout_while_blocked);
  g_test_add_func ("/io/pump-end/idle", test_idle);
  g_test_add_func ("/io/pump-end/idle/blocked", test_idle_while_blocked);
  g_test_add_func ("/io/pump-end/freed", test_freed_any_time);

  return g_test_run ();
}
