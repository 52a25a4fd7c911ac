/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keep-alive: who is pinged, who is given up, and what of it the other end sees. */
#include <string.h>

#include "duplex-pump-support.h"

#define CLIENT DUPLEX_ROLE_CLIENT
#define SERVER DUPLEX_ROLE_SERVER

#define FIN    0x80
#define TEXT   1
#define CLOSE  8
#define PONG   10

#define SECOND G_TIME_SPAN_SECOND

/* Pings after 10 seconds. */
static void
start (PumpFixture *f)
{
  pump_fixture_init (f);
  f->settings.ping_interval = 10;
  duplex_pump_start (f->pump);
  pump_fixture_turn (f);
}

/* Takes the one Ping that an end has got, and returns its payload. */
static char *
take_ping (PumpFixture *f,
           DuplexRole   receiver)
{
  GByteArray *output = receiver == CLIENT ? f->client->output : f->backend->output;
  gsize       head = receiver == CLIENT ? 2 : 6;
  char       *payload;

  g_assert_cmpuint (output->len, ==, head + 8);
  g_assert_cmphex (output->data[0], ==, 0x89);
  payload = g_memdup2 (output->data + head, 8);
  if (receiver == SERVER)
    duplex_mask ((guint8 *)payload, (const guint8 *)payload, 8, output->data + 2, 0);
  g_byte_array_set_size (output, 0);
  return payload;
}

/* The answer is ours alone; other Pongs, and one of the same again, are the other end's. */
static void
test_answered (void)
{
  for (DuplexRole end = CLIENT; end <= SERVER; end++)
    {
      g_auto (PumpFixture) f = { 0 };
      g_autofree char     *client = NULL;
      g_autofree char     *backend = NULL;
      const char          *payload;
      DuplexRole           other = end == CLIENT ? SERVER : CLIENT;

      start (&f);
      pump_fixture_advance (&f, 9 * SECOND);
      g_assert_cmpuint (f.client->output->len + f.backend->output->len, ==, 0);
      pump_fixture_advance (&f, 2 * SECOND);
      client = take_ping (&f, CLIENT);
      backend = take_ping (&f, SERVER);
      /* Whoever sees both learns nothing of one from the other. */
      g_assert_cmpint (memcmp (client, backend, 8), !=, 0);
      payload = end == CLIENT ? client : backend;

      pump_fixture_send_frame (&f, end, FIN | PONG, "before", -1);
      pump_fixture_assert_got (&f, other, "pong(before)");
      pump_fixture_send_frame (&f, end, FIN | PONG, payload, 8);
      pump_fixture_assert_got (&f, other, "");
      pump_fixture_send_frame (&f, end, FIN | PONG, payload, 8);
      g_assert_cmpuint ((other == CLIENT ? f.client : f.backend)->output->len, >, 0);
    }
}

/* Again and again, as long as there are answers. */
static void
test_goes_on (void)
{
  g_auto (PumpFixture) f = { 0 };

  start (&f);
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *client = NULL;
      g_autofree char *backend = NULL;

      pump_fixture_advance (&f, 11 * SECOND);
      client = take_ping (&f, CLIENT);
      backend = take_ping (&f, SERVER);
      pump_fixture_send_frame (&f, CLIENT, FIN | PONG, client, 8);
      pump_fixture_send_frame (&f, SERVER, FIN | PONG, backend, 8);
    }
  pump_fixture_assert_got (&f, CLIENT, "");
  pump_fixture_assert_got (&f, SERVER, "");
}

/* Any byte is a sign of life. */
static void
test_not_needed (void)
{
  g_auto (PumpFixture) f = { 0 };

  start (&f);
  for (guint i = 0; i < 5; i++)
    {
      pump_fixture_advance (&f, 6 * SECOND);
      pump_fixture_send_frame (&f, CLIENT, FIN | TEXT, "a", -1);
      pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "b", -1);
    }
  pump_fixture_assert_got (&f, CLIENT, "text(b) text(b) text(b) text(b) text(b)");
  pump_fixture_assert_got (&f, SERVER, "text(a) text(a) text(a) text(a) text(a)");
}

static void
test_timeout (void)
{
  for (DuplexRole dead = CLIENT; dead <= SERVER; dead++)
    {
      g_auto (PumpFixture) f = { 0 };
      DuplexRole           alive = dead == CLIENT ? SERVER : CLIENT;
      g_autofree char     *payload = NULL;
      g_autofree char     *unanswered = NULL;

      start (&f);
      pump_fixture_advance (&f, 11 * SECOND);
      payload = take_ping (&f, alive);
      unanswered = take_ping (&f, dead);
      pump_fixture_send_frame (&f, alive, FIN | PONG, payload, 8);
      pump_fixture_advance (&f, 9 * SECOND);
      pump_fixture_send_frame (&f, alive, FIN | TEXT, "a", -1);
      pump_fixture_assert_got (&f, dead, "text(a)");
      pump_fixture_advance (&f, 2 * SECOND);
      pump_fixture_assert_got (&f, dead, "close(1001 Ping timeout)");
      pump_fixture_assert_got (&f, alive,
                               dead == SERVER ? "close(1011 Backend error)" : "close(1001)");
      /* And then TCP is given up, too. */
      pump_fixture_advance (&f, 6 * SECOND);
      pump_fixture_advance (&f, 6 * SECOND);
      g_assert_true (f.ended);
    }
}

/* Part of a frame is a sign of life as well. */
static void
test_slow_frame (void)
{
  g_auto (PumpFixture)   f = { 0 };
  g_autoptr (GByteArray) wire = g_byte_array_new ();

  start (&f);
  pump_append_frame (wire, CLIENT, FIN | TEXT, "abcdef", -1);
  for (guint i = 0; i < wire->len; i++)
    {
      pump_fixture_advance (&f, 9 * SECOND);
      pump_fixture_send (&f, CLIENT, wire->data + i, 1);
      pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "b", -1);
    }
  pump_fixture_assert_got (&f, SERVER, "text(abcdef)");
}

/* A client that does not take what waits for it cannot be asked; and the backend, which is not read
 * meanwhile, cannot be heard. */
static void
test_blocked (void)
{
  g_auto (PumpFixture) f = { 0 };

  start (&f);
  f.client->room = 0;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "a", -1);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "b", -1);
  for (guint i = 0; i < 5; i++)
    pump_fixture_advance (&f, 11 * SECOND);
  pump_fixture_assert_got (&f, CLIENT, "");
  pump_fixture_assert_got (&f, SERVER, "");
  pump_fixture_make_room (&f, CLIENT, G_MAXSIZE);
  pump_fixture_turn (&f);
  g_assert_cmpmem (f.client->output->data, MIN (f.client->output->len, 6), "\x81\x01"
                                                                           "a\x81\x01"
                                                                           "b",
                   6);
}

/* But its system can: it asks whoever reads nothing for room, and is answered or not. */
static void
test_vanished (void)
{
  for (DuplexRole gone = CLIENT; gone <= SERVER; gone++)
    {
      g_auto (PumpFixture) f = { 0 };
      DuplexRole           alive = gone == CLIENT ? SERVER : CLIENT;
      DuplexFakeLeg       *leg;
      DuplexPumpEnd        ends[2];

      start (&f);
      leg = gone == CLIENT ? f.client : f.backend;
      leg->room = 0;
      leg->look = (DuplexSocketLook){ .acked = 7, .waits = TRUE };
      pump_fixture_send_frame (&f, alive, FIN | TEXT, "a", -1);
      /* One that is read no more, so that it is not asked either. */
      pump_fixture_send_frame (&f, alive, FIN | TEXT, "b", -1);
      for (guint i = 0; i < 5; i++)
        pump_fixture_advance (&f, 11 * SECOND);
      g_assert_cmpuint (leg->n_looks, >=, 5);
      leg->look.silence = 20 * SECOND - 1;
      pump_fixture_advance (&f, 11 * SECOND);
      pump_fixture_assert_got (&f, alive, "");
      leg->look.silence = 20 * SECOND;
      pump_fixture_advance (&f, 11 * SECOND);
      pump_fixture_assert_got (&f, alive,
                               gone == SERVER ? "close(1011 Backend error)" : "close(1001)");
      pump_fixture_advance (&f, 6 * SECOND);
      g_assert_true (gone == CLIENT ? f.client_freed : f.backend_freed);
      pump_fixture_advance (&f, 6 * SECOND);
      g_assert_true (f.ended);
      /* It was not told, although it was meant to be. */
      duplex_pump_get_ends (f.pump, &ends[CLIENT], &ends[SERVER]);
      g_assert_cmpuint (ends[gone].code_sent, ==, 0);
      g_assert_cmpuint (ends[alive].code_sent, ==, gone == SERVER ? 1011 : 1001);
    }
}

/* Without Pings nobody is looked at. */
static void
test_vanished_unseen (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  f.client->room = 0;
  f.client->look = (DuplexSocketLook){ .waits = TRUE, .silence = 10000 * SECOND };
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "a", -1);
  for (guint i = 0; i < 5; i++)
    pump_fixture_advance (&f, 1000 * SECOND);
  g_assert_false (f.client_freed);
  g_assert_cmpuint (f.client->n_looks, ==, 0);
}

/* The time for an answer begins when the Ping has left, not when it was meant to. */
static void
test_ping_is_blocked (void)
{
  for (guint seconds = 1; seconds <= 21; seconds++)
    {
      g_auto (PumpFixture) f = { 0 };
      g_autofree char     *ping = NULL;
      g_autofree char     *got = NULL;

      start (&f);
      f.client->room = 0;
      pump_fixture_advance (&f, 11 * SECOND);
      for (guint i = 0; i < seconds; i++)
        {
          pump_fixture_advance (&f, SECOND);
          pump_fixture_send_frame (&f, SERVER, FIN | 9, "", 0);
        }
      /* Only the Ping finds room; what the backend has said meanwhile comes later. */
      pump_fixture_make_room (&f, CLIENT, 10);
      ping = take_ping (&f, CLIENT);
      pump_fixture_make_room (&f, CLIENT, G_MAXSIZE);
      pump_fixture_turn (&f);
      pump_fixture_advance (&f, 9 * SECOND);
      pump_fixture_send_frame (&f, CLIENT, FIN | PONG, ping, 8);
      pump_fixture_advance (&f, SECOND);
      got = pump_fixture_take (&f, CLIENT);
      g_assert_null (strstr (got, "close"));
    }
}

/* An end that was not read for a while is read before it is given up. */
static void
test_answer_is_unread (void)
{
  g_auto (PumpFixture) f = { 0 };
  g_autofree char     *ping = NULL;
  g_autofree char     *got = NULL;

  start (&f);
  f.client->room = 0;
  pump_fixture_advance (&f, 11 * SECOND);
  ping = take_ping (&f, SERVER);
  pump_fixture_send_frame (&f, SERVER, FIN | PONG, ping, 8);
  g_assert_cmpuint (f.backend->input->len, >, 0);
  pump_fixture_advance (&f, 9 * SECOND);
  /* That there is room shows when the pump looks. */
  f.client->room = G_MAXSIZE;
  pump_fixture_advance (&f, 11 * SECOND);
  g_assert_cmpuint (f.backend->input->len, ==, 0);
  got = pump_fixture_take (&f, SERVER);
  g_assert_null (strstr (got, "close"));
}

/* Nor is an end asked that has said Close, or was told it. */
static void
test_closing (void)
{
  g_auto (PumpFixture) f = { 0 };

  start (&f);
  f.settings.close_timeout = 100;
  pump_fixture_send_frame (&f, CLIENT, FIN | CLOSE, "\x03\xe8", 2);
  pump_fixture_assert_got (&f, SERVER, "close(1000)");
  for (guint i = 0; i < 5; i++)
    pump_fixture_advance (&f, 11 * SECOND);
  pump_fixture_assert_got (&f, CLIENT, "");
  pump_fixture_assert_got (&f, SERVER, "");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/io/pump-pings/answered", test_answered);
  g_test_add_func ("/io/pump-pings/goes-on", test_goes_on);
  g_test_add_func ("/io/pump-pings/not-needed", test_not_needed);
  g_test_add_func ("/io/pump-pings/timeout", test_timeout);
  g_test_add_func ("/io/pump-pings/slow-frame", test_slow_frame);
  g_test_add_func ("/io/pump-pings/blocked", test_blocked);
  g_test_add_func ("/io/pump-pings/vanished", test_vanished);
  g_test_add_func ("/io/pump-pings/vanished-unseen", test_vanished_unseen);
  g_test_add_func ("/io/pump-pings/ping-is-blocked", test_ping_is_blocked);
  g_test_add_func ("/io/pump-pings/answer-is-unread", test_answer_is_unread);
  g_test_add_func ("/io/pump-pings/closing", test_closing);

  return g_test_run ();
}
