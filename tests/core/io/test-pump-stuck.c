/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An end that does not take what waits for it, although nothing else is to come: how long it is
 * waited for, and what is said of it. */
#include <string.h>

#include "core/io/duplex-pump-private.h"
#include "duplex-pump-support.h"

#define CLIENT DUPLEX_ROLE_CLIENT
#define SERVER DUPLEX_ROLE_SERVER

#define FIN    0x80
#define TEXT   1
#define CLOSE  8

#define SECOND G_TIME_SPAN_SECOND

static const char normal[] = "\x03\xe8"; /* 1000 */

/* The client takes nothing, and "hi" waits for it. The close timeout is 5 seconds, and there is no
 * other. */
static void
start_stuck (PumpFixture *f)
{
  pump_fixture_init (f);
  duplex_pump_start (f->pump);
  pump_fixture_turn (f);
  f->client->room = 0;
  pump_fixture_send_frame (f, SERVER, FIN | TEXT, "hi", -1);
}

static void
assert_told (PumpFixture *f,
             guint16      client,
             guint16      backend)
{
  DuplexPumpEnd ends[2];

  duplex_pump_get_ends (f->pump, &ends[0], &ends[1]);
  g_assert_cmpuint (ends[0].code_sent, ==, client);
  g_assert_cmpuint (ends[1].code_sent, ==, backend);
}

/* ---- how long ---- */

/* As long as both ends are there, for ever. */
static void
test_patient (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  for (guint i = 0; i < 10; i++)
    pump_fixture_advance (&f, 60 * SECOND);
  g_assert_false (f.client_freed);
  g_assert_cmpuint (f.client->n_looks, ==, 0);
  pump_fixture_make_room (&f, CLIENT, G_MAXSIZE);
  pump_fixture_assert_got (&f, CLIENT, "text(hi)");
}

static void
test_other_has_hung_up (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  pump_fixture_advance (&f, 60 * SECOND);
  pump_fixture_end (&f, SERVER);
  pump_fixture_advance (&f, 4 * SECOND);
  g_assert_false (f.client_freed);
  pump_fixture_advance (&f, 2 * SECOND);
  g_assert_true (f.client_freed);
  g_assert_true (f.backend_freed);
  g_assert_true (f.ended);
  /* Who has hung up may still hear it. */
  assert_told (&f, 0, 1001);
}

/* What it sent last is not read meanwhile, so that it shows only by the sign of its end. */
static void
test_other_has_hung_up_unread (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "unread", -1);
  pump_fixture_end (&f, SERVER);
  g_assert_cmpuint (f.backend->input->len, >, 0);
  pump_fixture_advance (&f, 4 * SECOND);
  g_assert_false (f.client_freed);
  pump_fixture_advance (&f, 2 * SECOND);
  g_assert_true (f.client_freed);
  g_assert_true (f.backend_freed);
  g_assert_true (f.ended);
}

/* Likewise a client that has gone, before a backend that does not read. */
static void
test_client_has_hung_up (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  /* It went while the backend was dialled. */
  f.client->hung_up = TRUE;
  f.client->input_ended = TRUE;
  f.client->chunk = 8;
  f.backend->room = 0;
  pump_append_frame (f.client->input, CLIENT, FIN | TEXT, "ab", -1);
  pump_append_frame (f.client->input, CLIENT, FIN | TEXT, "cd", -1);
  duplex_pump_start (f.pump);
  pump_fixture_turn (&f);
  g_assert_cmpuint (f.client->input->len, ==, 8);
  pump_fixture_advance (&f, 4 * SECOND);
  g_assert_false (f.backend_freed);
  pump_fixture_advance (&f, 2 * SECOND);
  g_assert_true (f.backend_freed);
  pump_fixture_turn (&f);
  g_assert_true (f.client_freed);
  g_assert_true (f.ended);
}

/* Whoever takes a byte now and then gets all that was said, and why nothing follows. */
static void
test_slow (void)
{
  g_auto (PumpFixture)   f = { 0 };
  g_autoptr (GByteArray) got = g_byte_array_new ();
  const char             expected[] = "\x81\x02hi\x81\x02ho\x88\x0f\x03\xf3"
                                      "Backend error";

  start_stuck (&f);
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "ho", -1);
  pump_fixture_end (&f, SERVER);
  while (got->len < strlen (expected))
    {
      g_assert_false (f.client_freed);
      pump_fixture_make_room (&f, CLIENT, 1);
      pump_fixture_turn (&f);
      g_assert_cmpuint (f.client->output->len, ==, 1);
      g_byte_array_append (got, f.client->output->data, 1);
      g_byte_array_set_size (f.client->output, 0);
      pump_fixture_advance (&f, 4 * SECOND);
    }
  g_assert_cmpmem (got->data, got->len, expected, strlen (expected));
  g_assert_false (f.client_freed);
  assert_told (&f, 1011, 0);
  pump_fixture_advance (&f, 2 * SECOND);
  g_assert_true (f.client_freed);
  g_assert_true (f.ended);
  assert_told (&f, 1011, 0);
}

/* The time ends where nothing waits any more, and is a new one when something does again. */
static void
test_again (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  f.backend->chunk = 4;
  for (guint i = 0; i < 3; i++)
    pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "ho", -1);
  pump_fixture_end (&f, SERVER);
  for (guint i = 0; i < 3; i++)
    {
      pump_fixture_advance (&f, 4 * SECOND);
      g_assert_false (f.client_freed);
      /* All that waits goes, and of what is read then nothing. */
      pump_fixture_make_room (&f, CLIENT, 4);
      pump_fixture_turn (&f);
      g_assert_cmpuint (f.client->room, ==, 0);
      g_assert_true (duplex_pump_side_is_blocked (&f.pump->client));
    }
  pump_fixture_advance (&f, 6 * SECOND);
  g_assert_true (f.client_freed);
}

/* A Close that is queued begins the time, not what waited before. */
static void
test_close_is_queued (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  pump_fixture_advance (&f, 100 * SECOND);
  duplex_pump_close (f.pump, 1001, NULL);
  pump_fixture_assert_got (&f, SERVER, "close(1001)");
  assert_told (&f, 0, 1001);
  pump_fixture_advance (&f, 4 * SECOND);
  g_assert_false (f.client_freed);
  g_assert_false (f.backend_freed);
  pump_fixture_advance (&f, 2 * SECOND);
  g_assert_true (f.client_freed);
  g_assert_true (f.backend_freed);
  g_assert_true (f.ended);
}

/* Each end has its own time. */
static void
test_apart (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  duplex_pump_close (f.pump, 1001, NULL);
  for (guint i = 0; i < 4; i++)
    {
      pump_fixture_advance (&f, 3 * SECOND);
      pump_fixture_make_room (&f, CLIENT, 1);
      g_assert_cmpint (f.backend_freed, ==, i >= 1);
    }
  g_assert_false (f.client_freed);
  pump_fixture_advance (&f, 6 * SECOND);
  g_assert_true (f.client_freed);
  g_assert_true (f.ended);
}

/* Who said Close, and whose Close does not get through, is answered in the end. */
static void
test_closer_is_answered (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  /* It comes with what waits: later it would not be read. */
  pump_fixture_make_room (&f, CLIENT, G_MAXSIZE);
  f.client->room = 3;
  f.backend->chunk = 8;
  pump_append_frame (f.backend->input, SERVER, FIN | TEXT, "ho", -1);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  pump_fixture_assert_got (&f, SERVER, "");
  pump_fixture_advance (&f, 6 * SECOND);
  g_assert_true (f.client_freed);
  pump_fixture_assert_got (&f, SERVER, "close(1000)");
  assert_told (&f, 0, 1000);
}

/* ---- what our system still has for it ---- */

/* A system takes megabytes at once and says when there is room for more: what arrives of them is
 * the reader's sign of life. */
static void
test_arrives (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  f.client->look = (DuplexSocketLook){ .acked = 1000, .waits = TRUE };
  pump_fixture_end (&f, SERVER);
  for (guint i = 0; i < 10; i++)
    {
      f.client->look.acked++;
      pump_fixture_advance (&f, 5 * SECOND);
      g_assert_false (f.client_freed);
    }
  g_assert_cmpuint (f.client->n_looks, ==, 11);
  pump_fixture_advance (&f, 5 * SECOND);
  g_assert_true (f.client_freed);
}

/* Nor is it over when the Close has left us. */
static void
test_close_arrives (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  f.client->look = (DuplexSocketLook){ .acked = 1000, .waits = TRUE };
  pump_fixture_end (&f, SERVER);
  pump_fixture_make_room (&f, CLIENT, G_MAXSIZE);
  pump_fixture_turn (&f);
  pump_fixture_assert_got (&f, CLIENT, "text(hi) close(1011 Backend error)");
  for (guint i = 0; i < 10; i++)
    {
      f.client->look.acked++;
      pump_fixture_advance (&f, 5 * SECOND);
      g_assert_false (f.client_freed);
    }
  /* All is there now: its answer is overdue. */
  f.client->look = (DuplexSocketLook){ .acked = 2000, .waits = FALSE };
  pump_fixture_advance (&f, 5 * SECOND);
  g_assert_true (f.client_freed);
}

/* ---- what it was told ---- */

/* Of a Close that leaves in part nothing was heard. */
static void
test_told_in_part (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  duplex_pump_close (f.pump, 4000, "over");
  for (guint i = 0; i < 4 + 2 + 2 + 4; i++)
    {
      assert_told (&f, 0, 4000);
      pump_fixture_make_room (&f, CLIENT, 1);
    }
  assert_told (&f, 4000, 4000);
}

static void
test_not_told_by_failure (void)
{
  g_auto (PumpFixture) f = { 0 };

  start_stuck (&f);
  duplex_pump_close (f.pump, 4000, NULL);
  f.client->broken = TRUE;
  pump_fixture_make_room (&f, CLIENT, 1);
  assert_told (&f, 0, 4000);
  pump_fixture_advance (&f, 6 * SECOND);
  g_assert_true (f.ended);
  assert_told (&f, 0, 4000);
}

/* Nor is anything said to an end that has failed before. */
static void
test_not_told_after_failure (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  f.client->broken = TRUE;
  pump_fixture_send_frame (&f, SERVER, FIN | TEXT, "hi", -1);
  pump_fixture_send_frame (&f, SERVER, FIN | CLOSE, normal, 2);
  assert_told (&f, 0, 0);
  pump_fixture_end (&f, CLIENT);
  pump_fixture_assert_got (&f, SERVER, "close(1001)");
  pump_fixture_end (&f, SERVER);
  pump_fixture_turn (&f);
  g_assert_true (f.ended);
  assert_told (&f, 0, 1001);
}

/* A failure after the Close takes nothing back. */
static void
test_told_before_failure (void)
{
  g_auto (PumpFixture) f = { 0 };

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  duplex_pump_close (f.pump, 4000, NULL);
  f.client->broken = f.backend->broken = TRUE;
  pump_fixture_end (&f, CLIENT);
  pump_fixture_end (&f, SERVER);
  pump_fixture_turn (&f);
  g_assert_true (f.ended);
  assert_told (&f, 4000, 4000);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/io/pump-stuck/patient", test_patient);
  g_test_add_func ("/io/pump-stuck/other-has-hung-up", test_other_has_hung_up);
  g_test_add_func ("/io/pump-stuck/other-has-hung-up/unread", test_other_has_hung_up_unread);
  g_test_add_func ("/io/pump-stuck/client-has-hung-up", test_client_has_hung_up);
  g_test_add_func ("/io/pump-stuck/slow", test_slow);
  g_test_add_func ("/io/pump-stuck/again", test_again);
  g_test_add_func ("/io/pump-stuck/close-is-queued", test_close_is_queued);
  g_test_add_func ("/io/pump-stuck/apart", test_apart);
  g_test_add_func ("/io/pump-stuck/closer-is-answered", test_closer_is_answered);
  g_test_add_func ("/io/pump-stuck/arrives", test_arrives);
  g_test_add_func ("/io/pump-stuck/close-arrives", test_close_arrives);
  g_test_add_func ("/io/pump-stuck/told/in-part", test_told_in_part);
  g_test_add_func ("/io/pump-stuck/told/not-by-failure", test_not_told_by_failure);
  g_test_add_func ("/io/pump-stuck/told/not-after-failure", test_not_told_after_failure);
  g_test_add_func ("/io/pump-stuck/told/before-failure", test_told_before_failure);

  return g_test_run ();
}
