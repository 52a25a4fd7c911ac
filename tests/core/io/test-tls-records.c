/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS that never waits: what passes through it, and how that ends. */
#include "core/io/duplex-tls-session.h"

#include <string.h>
#include <sys/socket.h>

#include "core/proto/duplex-limits.h"
#include "duplex-leg-support.h"
#include "duplex-tls-peer.h"

#define ALL    G_MAXSIZE
#define ANY    "NORMAL"
#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define RECORD ((gsize)16384)
#define MUCH   ((gsize)1024 * 1024)

static const char *const versions[] = { ANY, TLS1_2 };

static TlsPair *
new_open (const char *priorities)
{
  TlsPair *pair = tls_pair_new_server (priorities);

  g_assert_true (tls_pair_shake_hands (pair, ALL, NULL));
  return pair;
}

static DuplexLegResult
write_text (TlsPair    *pair,
            const char *text)
{
  GOutputVector span = { text, strlen (text) };
  gsize         len;

  return duplex_tls_session_write (pair->near, &span, 1, &len);
}

/* What the peer reads, until it must wait; a code of GnuTLS. */
static gssize
peer_reads (TlsPair    *pair,
            GByteArray *bytes)
{
  guint8 chunk[RECORD];
  gssize n;

  tls_pair_fetch (pair);
  do
    {
      n = gnutls_record_recv (pair->peer, chunk, sizeof chunk);
      if (n > 0)
        g_byte_array_append (bytes, chunk, (guint)n);
  }
  /* It gives nothing for a ticket, too. */
  while (n > 0 || (n == GNUTLS_E_AGAIN && pair->heard->len > 0));
  return n;
}

/* ---- reading ---- */

/* A byte at a time nothing comes before a record is whole, and it is not asked for in vain. */
static void
test_trickles (void)
{
  g_autoptr (TlsPair)    pair = new_open (ANY);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  tls_pair_say (pair, "one", 3);
  tls_pair_say (pair, "two", 3);
  while (pair->said->len > 0)
    {
      tls_pair_carry (pair, 1);
      g_assert_cmpint (tls_pair_read (pair, bytes), ==, DUPLEX_LEG_WOULD_BLOCK);
      g_assert_false (duplex_tls_session_has_unread (pair->near));
      g_assert_true (bytes->len == 0 || pair->said->len <= bytes->len * 30);
    }
  g_assert_cmpmem (bytes->data, bytes->len, "onetwo", 6);
}

/* Many records in one read, and one in many: neither the socket nor GnuTLS may keep any. */
static void
test_read_sizes (void)
{
  static const gsize sizes[] = { 1, 7, 100, RECORD - 1, RECORD, RECORD + 1, 100000, MUCH };
  const gsize        n = 100000;
  g_autofree guint8 *pattern = leg_make_pattern (n);
  g_autofree guint8 *chunk = g_malloc (MUCH);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (TlsPair)    pair = new_open (ANY);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      DuplexLegResult        result;
      gsize                  len;

      for (gsize at = 0; at < n; at += 1000)
        tls_pair_say (pair, pattern + at, 1000);
      tls_pair_carry (pair, ALL);
      while ((result = duplex_tls_session_read (pair->near, chunk, sizes[i], &len)) ==
             DUPLEX_LEG_OK)
        {
          g_assert_true (len > 0 && len <= sizes[i]);
          g_byte_array_append (bytes, chunk, (guint)len);
        }
      g_assert_cmpint (result, ==, DUPLEX_LEG_WOULD_BLOCK);
      g_assert_cmpmem (bytes->data, bytes->len, pattern, n);
    }
}

/* Others have their turns between records of a byte, too. */
static void
test_small_records (void)
{
  const gsize            n = 2000;
  g_autoptr (TlsPair)    pair = new_open (ANY);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree guint8     *pattern = leg_make_pattern (n);
  g_autofree guint8     *chunk = g_malloc (MUCH);
  guint                  turns = 0;
  gsize                  len;

  for (gsize i = 0; i < n; i++)
    tls_pair_say (pair, pattern + i, 1);
  tls_pair_carry (pair, ALL);
  while (bytes->len < n)
    {
      g_assert_true (bytes->len == 0 || duplex_tls_session_has_unread (pair->near));
      g_assert_cmpint (duplex_tls_session_read (pair->near, chunk, MUCH, &len), ==,
                       DUPLEX_LEG_OK);
      g_byte_array_append (bytes, chunk, (guint)len);
      turns++;
    }
  g_assert_cmpmem (bytes->data, bytes->len, pattern, n);
  g_assert_cmpuint (turns, >, 20);
}

/* Of records that give nothing there may be any number, but others have their turns. */
static void
test_idle_records (void)
{
  g_autoptr (TlsPair)    pair = new_open (TLS1_2);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint                  turns = 0;

  for (guint i = 0; i < 500; i++)
    gnutls_alert_send (pair->peer, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED);
  tls_pair_say (pair, "x", 1);
  tls_pair_carry (pair, ALL);
  while (bytes->len == 0)
    {
      g_assert_cmpint (tls_pair_read (pair, bytes), ==, DUPLEX_LEG_WOULD_BLOCK);
      g_assert_true (bytes->len > 0 || duplex_tls_session_has_unread (pair->near));
      turns++;
    }
  g_assert_cmpuint (turns, >, 3);
  g_assert_cmpuint (turns, <, 20);
}

typedef struct
{
  GByteArray *bytes;
  guint       n_calls;
} Reader;

static void
ready_cb (DuplexLeg   *leg,
          GIOCondition conditions,
          gpointer     data)
{
  Reader *reader = data;
  guint8  chunk[100];
  gsize   len;

  reader->n_calls++;
  while (duplex_leg_read (leg, chunk, sizeof chunk, &len) == DUPLEX_LEG_OK)
    g_byte_array_append (reader->bytes, chunk, (guint)len);
}

static gboolean
has_read (gpointer data)
{
  return ((Reader *)data)->bytes->len > 0;
}

/* A leg comes back to them by itself: its socket has told of all. */
static void
test_idle_leg (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (GByteArray)   bytes = g_byte_array_new ();
  g_autoptr (TlsPair)      pair = new_open (TLS1_2);
  g_autoptr (DuplexLeg)    leg = NULL;
  Reader                   reader = { bytes, 0 };

  for (guint i = 0; i < 500; i++)
    gnutls_alert_send (pair->peer, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED);
  tls_pair_say (pair, "x", 1);
  tls_pair_carry (pair, ALL);
  leg = duplex_leg_new_tls (poller, g_steal_pointer (&pair->near));
  duplex_leg_set_ready (leg, ready_cb, &reader);
  leg_wait (has_read, &reader, "the leg has read");
  g_assert_cmpuint (reader.n_calls, >, 3);
}

/* But not any number in a row. */
static void
test_barren (void)
{
  g_autoptr (TlsPair)    pair = new_open (TLS1_2);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  DuplexLegResult        result = DUPLEX_LEG_WOULD_BLOCK;
  gsize                  total = 0;

  for (guint i = 0; i < 4000; i++)
    {
      gnutls_alert_send (pair->peer, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED);
      if (i % 1000 == 999)
        tls_pair_say (pair, "x", 1);
      total += pair->said->len;
      tls_pair_carry (pair, ALL);
      g_assert_cmpint (tls_pair_read (pair, bytes), ==, DUPLEX_LEG_WOULD_BLOCK);
    }
  g_assert_cmpuint (total, >, DUPLEX_LIMIT_TLS_BARREN);
  g_assert_cmpuint (bytes->len, ==, 4);

  for (total = 0; result == DUPLEX_LEG_WOULD_BLOCK; total += pair->said->len)
    {
      g_assert_cmpuint (total, <, 2 * DUPLEX_LIMIT_TLS_BARREN);
      tls_pair_carry (pair, ALL);
      result = tls_pair_read (pair, bytes);
      gnutls_alert_send (pair->peer, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED);
    }
  g_assert_cmpint (result, ==, DUPLEX_LEG_ENDED);
}

/* RFC 8446 §4.6.3, and of both directions. */
static void
test_key_update (void)
{
  g_autoptr (TlsPair) pair = new_open (ANY);

  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpint (gnutls_session_key_update (pair->peer, i == 1 ? 0 : GNUTLS_KU_PEER), ==, 0);
      tls_pair_assert_peer_speaks (pair, "with new keys");
      tls_pair_assert_near_speaks (pair, "with mine");
    }
}

/* Whoever wants to negotiate again is not read any further. */
static void
test_renegotiation (void)
{
  g_autoptr (TlsPair)    server = new_open (TLS1_2);
  g_autoptr (TlsPair)    client = tls_pair_new_client (TLS1_2, "127.0.0.1", TRUE);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_assert_cmpint (gnutls_handshake (server->peer), ==, GNUTLS_E_AGAIN);
  tls_pair_carry (server, ALL);
  g_assert_cmpint (tls_pair_read (server, bytes), ==, DUPLEX_LEG_ENDED);

  g_assert_true (tls_pair_shake_hands (client, ALL, NULL));
  g_assert_cmpint (gnutls_rehandshake (client->peer), ==, 0);
  tls_pair_carry (client, ALL);
  g_assert_cmpint (tls_pair_read (client, bytes), ==, DUPLEX_LEG_ENDED);
}

/* What was changed on the way ends it. */
static void
test_changed (void)
{
  for (gsize v = 0; v < G_N_ELEMENTS (versions); v++)
    {
      g_autoptr (TlsPair)    pair = new_open (versions[v]);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();

      tls_pair_say (pair, "good", 4);
      tls_pair_carry (pair, ALL);
      tls_pair_say (pair, "bad", 3);
      pair->said->data[pair->said->len - 1] ^= 1;
      tls_pair_carry (pair, ALL);
      g_assert_cmpint (tls_pair_read (pair, bytes), ==, DUPLEX_LEG_ENDED);
      g_assert_cmpmem (bytes->data, bytes->len, "good", 4);
    }
}

/* ---- writing ---- */

/* A peer that reads now and then: each byte arrives once, in whatever pieces it is offered, also
 * where keys change while a record waits. */
static void
write_much (const char *version,
            gboolean    new_keys)
{
  g_autoptr (TlsPair)    pair = new_open (version);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GByteArray) read = g_byte_array_new ();
  g_autofree guint8     *pattern = leg_make_pattern (MUCH);
  int                    small = 1;
  gsize                  done = 0;
  guint                  blocked = 0;

  setsockopt (duplex_tls_session_get_fd (pair->near), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  while (done < MUCH)
    {
      GOutputVector   spans[] = { { pattern + done, MIN (100 + blocked * 7, MUCH - done) }, { 0 } };
      gsize           len = 0;
      DuplexLegResult result;

      spans[1].buffer = pattern + done + spans[0].size;
      spans[1].size = MIN (70000, MUCH - done - spans[0].size);
      result = duplex_tls_session_write (pair->near, spans, 2, &len);
      g_assert_cmpint (result, !=, DUPLEX_LEG_ENDED);
      done += len;
      if (result == DUPLEX_LEG_OK)
        continue;
      g_assert_true (duplex_tls_session_has_unwritten (pair->near));
      if (new_keys && blocked % 10 == 5 && blocked < 50)
        {
          gnutls_session_key_update (pair->peer, GNUTLS_KU_PEER);
          tls_pair_say (pair, "!", 1);
          tls_pair_carry (pair, ALL);
          tls_pair_read (pair, read);
        }
      blocked++;
      g_assert_cmpint (peer_reads (pair, bytes), ==, GNUTLS_E_AGAIN);
      duplex_tls_session_tell (pair->near, G_IO_OUT);
    }
  g_assert_cmpint (peer_reads (pair, bytes), ==, GNUTLS_E_AGAIN);
  g_assert_cmpmem (bytes->data, bytes->len, pattern, MUCH);
  g_assert_cmpuint (blocked, >, 5);
  g_assert_cmpuint (read->len, ==, new_keys ? MIN (5, (blocked + 4) / 10) : 0);
}

static void
test_blocked (void)
{
  write_much (ANY, FALSE);
  write_much (ANY, TRUE);
  write_much (TLS1_2, FALSE);
}

/* ---- the end ---- */

/* close_notify closes one direction, RFC 8446 §6.1. */
static void
test_half_close (void)
{
  for (gsize v = 0; v < G_N_ELEMENTS (versions); v++)
    {
      g_autoptr (TlsPair)    ours = new_open (versions[v]);
      g_autoptr (TlsPair)    theirs = new_open (versions[v]);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();

      g_assert_cmpint (write_text (ours, "last"), ==, DUPLEX_LEG_OK);
      duplex_tls_session_shutdown (ours->near);
      g_assert_cmpint (peer_reads (ours, bytes), ==, 0);
      g_assert_cmpmem (bytes->data, bytes->len, "last", 4);
      g_assert_true (ours->ended);
      g_assert_cmpint (write_text (ours, "more"), ==, DUPLEX_LEG_ENDED);
      tls_pair_assert_peer_speaks (ours, "I still speak");

      tls_pair_say (theirs, "last", 4);
      g_assert_cmpint (gnutls_bye (theirs->peer, GNUTLS_SHUT_WR), ==, 0);
      tls_pair_carry (theirs, ALL);
      g_byte_array_set_size (bytes, 0);
      g_assert_cmpint (tls_pair_read (theirs, bytes), ==, DUPLEX_LEG_ENDED);
      g_assert_cmpmem (bytes->data, bytes->len, "last", 4);
      tls_pair_assert_near_speaks (theirs, "and so do I");
    }
}

/* It follows what waits, and TCP ends behind it. */
static void
test_half_close_blocked (void)
{
  g_autoptr (TlsPair)    pair = new_open (ANY);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree guint8     *pattern = leg_make_pattern (MUCH);
  GOutputVector          span = { pattern, RECORD };
  gsize                  total = 0;
  gsize                  len;
  gssize                 n;

  while (duplex_tls_session_write (pair->near, &span, 1, &len) == DUPLEX_LEG_OK)
    total += len;
  duplex_tls_session_shutdown (pair->near);
  do
    {
      duplex_tls_session_tell (pair->near, G_IO_OUT);
      n = peer_reads (pair, bytes);
  } while (n == GNUTLS_E_AGAIN);
  g_assert_cmpint (n, ==, 0);
  g_assert_cmpuint (bytes->len, ==, total + RECORD);
  g_assert_true (pair->ended);
}

/* Without a close_notify there is an end as well, behind what has come. */
static void
test_truncated (void)
{
  for (gsize v = 0; v < G_N_ELEMENTS (versions); v++)
    {
      g_autoptr (TlsPair)    pair = new_open (versions[v]);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();

      tls_pair_say (pair, "whole", 5);
      tls_pair_say (pair, "half", 4);
      tls_pair_carry (pair, pair->said->len - 1);
      tls_pair_fetch (pair);
      tls_pair_cut (pair);
      g_assert_cmpint (tls_pair_read (pair, bytes), ==, DUPLEX_LEG_ENDED);
      g_assert_cmpmem (bytes->data, bytes->len, "whole", 5);
      g_assert_cmpint (tls_pair_read (pair, bytes), ==, DUPLEX_LEG_ENDED);
    }
}

/* What the peer said too late does not make TCP forget our last words. */
static void
test_freed_unread (void)
{
  g_autoptr (TlsPair)    pair = new_open (ANY);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree guint8     *pattern = leg_make_pattern (100000);

  for (gsize at = 0; at < 100000; at += 10000)
    tls_pair_say (pair, pattern + at, 10000);
  tls_pair_carry (pair, ALL);
  g_assert_cmpint (write_text (pair, "last"), ==, DUPLEX_LEG_OK);
  g_clear_pointer (&pair->near, duplex_tls_session_free);
  g_assert_cmpint (peer_reads (pair, bytes), ==, 0);
  g_assert_cmpmem (bytes->data, bytes->len, "last", 4);
  g_assert_true (pair->ended);
  g_assert_false (pair->reset);
}

/* Of a peer that takes nothing, nothing is waited for. */
static void
test_freed_blocked (void)
{
  g_autoptr (TlsPair) pair = new_open (ANY);
  g_autofree guint8  *pattern = leg_make_pattern (RECORD);
  GOutputVector       span = { pattern, RECORD };
  gint64              start;
  gsize               len;

  while (duplex_tls_session_write (pair->near, &span, 1, &len) == DUPLEX_LEG_OK)
    ;
  start = g_get_monotonic_time ();
  g_clear_pointer (&pair->near, duplex_tls_session_free);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC / 2);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/io/tls-records/read/trickles", test_trickles);
  g_test_add_func ("/io/tls-records/read/sizes", test_read_sizes);
  g_test_add_func ("/io/tls-records/read/small", test_small_records);
  g_test_add_func ("/io/tls-records/read/idle", test_idle_records);
  g_test_add_func ("/io/tls-records/read/idle-leg", test_idle_leg);
  g_test_add_func ("/io/tls-records/read/barren", test_barren);
  g_test_add_func ("/io/tls-records/read/key-update", test_key_update);
  g_test_add_func ("/io/tls-records/read/renegotiation", test_renegotiation);
  g_test_add_func ("/io/tls-records/read/changed", test_changed);
  g_test_add_func ("/io/tls-records/write/blocked", test_blocked);
  g_test_add_func ("/io/tls-records/end/half-close", test_half_close);
  g_test_add_func ("/io/tls-records/end/half-close-blocked", test_half_close_blocked);
  g_test_add_func ("/io/tls-records/end/truncated", test_truncated);
  g_test_add_func ("/io/tls-records/end/freed-unread", test_freed_unread);
  g_test_add_func ("/io/tls-records/end/freed-blocked", test_freed_blocked);
  return g_test_run ();
}
