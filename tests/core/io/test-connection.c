/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a connection makes of frames that break a rule, how it answers pings, and what it leaves
 * behind. */
#include <dirent.h>
#include <string.h>

#include "core/io/duplex-io-thread.h"
#include "core/io/duplex-soup-judge.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-frame-encoder.h"
#include "duplex-io-support.h"
#include "duplex-raw-server.h"

/* ---- violations ---- */

typedef struct
{
  const char     *name;
  const char     *bytes;
  gsize           len;
  DuplexFindingId finding;
  guint16         code; /* of the Close that answers */
} Violation;

#define ROW(name, bytes, finding, code)                             \
  {                                                                 \
    name, bytes, sizeof (bytes) - 1, DUPLEX_FINDING_##finding, code \
  }

static const Violation violations[] = {
  ROW ("masked", "\x81\x82\x01\x02\x03\x04\x69\x6b", MASKED_SERVER_FRAME, 1002),
  ROW ("rsv1", "\xc1\x02hi", RESERVED_BIT, 1002),
  ROW ("rsv2", "\xa1\x02hi", RESERVED_BIT, 1002),
  ROW ("rsv3-ping", "\x99\x00", RESERVED_BIT, 1002),
  ROW ("opcode-3", "\x83\x00", RESERVED_OPCODE, 1002),
  ROW ("opcode-b", "\x8b\x00", RESERVED_OPCODE, 1002),
  ROW ("not-minimal-16", "\x81\x7e\x00\x02hi", LENGTH_NOT_MINIMAL, 1002),
  ROW ("not-minimal-64", "\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x02hi", LENGTH_NOT_MINIMAL, 1002),
  ROW ("top-bit", "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x01x", LENGTH_TOP_BIT, 1002),
  ROW ("too-big", "\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00x", MESSAGE_TOO_BIG, 1009),
  ROW ("ping-fragment", "\x09\x00", CONTROL_FRAGMENTED, 1002),
  ROW ("ping-126", "\x89\x7e\x00\x7e", CONTROL_TOO_LONG, 1002),
  ROW ("continuation-first", "\x80\x00", CONTINUATION_UNEXPECTED, 1002),
  ROW ("new-inside-fragmented", "\x01\x01"
                                "a\x81\x01"
                                "b",
       CONTINUATION_EXPECTED,
       1002),
  ROW ("utf8", "\x81\x02\xc3\x28", INVALID_UTF8, 1007),
  ROW ("utf8-over-fragments", "\x01\x01\xe2\x00\x01\x28", INVALID_UTF8, 1007),
  ROW ("utf8-incomplete", "\x81\x01\xc3", INVALID_UTF8, 1007),
};

typedef struct
{
  const Violation *row;
  GBytes          *close_body;
} Run;

static void
violation_script (RawPeer *peer,
                  gpointer data)
{
  Run *run = data;

  raw_peer_upgrade (peer);
  raw_peer_write_frame (peer, 0x81, "before", 6);
  raw_peer_write (peer, run->row->bytes, run->row->len);
  g_assert_cmphex (raw_peer_read_frame (peer, &run->close_body), ==, 0x88);
}

static guint16
get_code (GBytes *body)
{
  const guint8 *data = g_bytes_get_data (body, NULL);

  g_assert_cmpuint (g_bytes_get_size (body), >=, 2);
  return (guint16)(data[0] << 8 | data[1]);
}

static void
test_violation (gconstpointer data)
{
  Run        run = { data, NULL };
  RawServer *server = raw_server_new (violation_script, &run);
  Fixture   *f = fixture_new (raw_server_get_url (server));

  fixture_connect (f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  raw_server_free (server);

  g_assert_cmpuint (fixture_count_findings (f, run.row->finding), ==, 1);
  g_assert_cmpuint (get_code (run.close_body), ==, run.row->code);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_PROTOCOL);
  g_assert_cmpuint (f->close_code, ==, run.row->code);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_SOUP_DISAGREES), ==, 0);
  g_bytes_unref (run.close_body);
  fixture_free (f);
}

/* libsoup, fed a bad frame, loops and grows; what follows the frame must not cost anything either.
 */
static void
bad_frame_in_flood_script (RawPeer *peer,
                           gpointer data)
{
  g_autoptr (GByteArray) batch = g_byte_array_new ();

  raw_peer_upgrade (peer);
  for (int i = 0; i < 500; i++)
    g_byte_array_append (batch, (const guint8 *)"\x81\x05hello", 7);
  raw_peer_write (peer, batch->data, batch->len);
  raw_peer_write_literal (peer, "\x83\x00");
  while (raw_peer_write (peer, batch->data, batch->len))
    ;
}

static void
test_bad_frame_in_flood (void)
{
  g_autoptr (RawServer) server = raw_server_new (bad_frame_in_flood_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  gint64                started = g_get_monotonic_time ();
  gint64                close;

  duplex_session_set_close_timeout (f->session, 1);
  fixture_connect (f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 3000000);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_PROTOCOL);
  g_assert_cmpuint (f->close_code, ==, DUPLEX_CLOSE_PROTOCOL_ERROR);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_RESERVED_OPCODE), ==, 1);
  close = fixture_find_frame (f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_CLOSE, 0);
  g_assert_cmpint (close, >=, 0);
  g_assert_cmpint (fixture_find_frame (f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_CLOSE, 1), ==, -1);
  fixture_free (f);
}

/* ---- pings ---- */

static void
pings_script (RawPeer *peer,
              gpointer data)
{
  static const char *const payloads[] = { "", "one", "two" };
  g_autofree char         *full = g_strnfill (125, 'p');

  raw_peer_upgrade (peer);
  for (gsize i = 0; i < G_N_ELEMENTS (payloads); i++)
    {
      g_autoptr (GBytes) pong = NULL;

      raw_peer_write_frame (peer, 0x89, payloads[i], strlen (payloads[i]));
      g_assert_cmphex (raw_peer_read_frame (peer, &pong), ==, 0x8a);
      g_assert_cmpmem (g_bytes_get_data (pong, NULL), g_bytes_get_size (pong), payloads[i],
                       strlen (payloads[i]));
    }
  raw_peer_write_frame (peer, 0x89, full, 125);
  g_assert_cmphex (raw_peer_read_frame (peer, NULL), ==, 0x8a);
  /* A pong that nobody asked for is allowed (§5.5.3). */
  raw_peer_write_frame (peer, 0x8a, "unasked", 7);
  raw_peer_write_literal (peer, "\x88\x00");
  g_assert_cmphex (raw_peer_read_frame (peer, NULL), ==, 0x88);
}

static void
test_pings_are_answered (void)
{
  g_autoptr (RawServer) server = raw_server_new (pings_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  gint64                ping, pong;

  fixture_connect (f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  ping = fixture_find_frame (f, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_PING, 3);
  pong = fixture_find_frame (f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PONG, 3);
  g_assert_cmpint (ping, >=, 0);
  g_assert_cmpint (pong, ==, ping + 1);
  g_assert_cmpint (fixture_find_frame (f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PONG, 4), ==, -1);
  g_assert_no_error (f->error);
  fixture_free (f);
}

/* Answers only the second of three pings, and then a pong without a ping. */
static void
rtt_script (RawPeer *peer,
            gpointer data)
{
  g_autoptr (GBytes) second = NULL;

  raw_peer_upgrade (peer);
  g_assert_cmphex (raw_peer_read_frame (peer, NULL), ==, 0x89);
  g_assert_cmphex (raw_peer_read_frame (peer, &second), ==, 0x89);
  g_assert_cmphex (raw_peer_read_frame (peer, NULL), ==, 0x89);
  g_usleep (50000);
  raw_peer_write_frame (peer, 0x8a, g_bytes_get_data (second, NULL), g_bytes_get_size (second));
  raw_peer_write_frame (peer, 0x8a, "other", 5);
  raw_peer_write_literal (peer, "\x88\x00");
  raw_peer_read_frame (peer, NULL);
}

static void
test_round_trip (void)
{
  g_autoptr (RawServer) server = raw_server_new (rtt_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  DuplexCapture        *capture = duplex_session_get_capture (f->session);
  g_auto (DuplexEvent)  answered = DUPLEX_EVENT_INIT;
  g_auto (DuplexEvent)  unasked = DUPLEX_EVENT_INIT;
  gint64                number;

  fixture_connect (f);
  for (int i = 0; i < 3; i++)
    g_assert_true (duplex_session_ping (f->session, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);

  number = fixture_find_frame (f, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_PONG, 0);
  g_assert_true (duplex_capture_read (capture, (guint64)number, &answered));
  g_assert_cmpint (answered.value, >=, 49000);
  g_assert_cmpint (answered.value, <, 5000000);
  number = fixture_find_frame (f, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_PONG, 1);
  g_assert_true (duplex_capture_read (capture, (guint64)number, &unasked));
  g_assert_cmpint (unasked.value, ==, -1);
  duplex_event_clear (&answered);
  duplex_event_clear (&unasked);
  fixture_free (f);
}

/* ---- sending ---- */

typedef struct
{
  GMutex   mutex;
  GCond    cond;
  gboolean read_now;
  gsize    received;
} Slow;

static void
slow_reader_script (RawPeer *peer,
                    gpointer data)
{
  Slow *slow = data;
  int   first;

  raw_peer_upgrade (peer);
  g_mutex_lock (&slow->mutex);
  while (!slow->read_now)
    g_cond_wait (&slow->cond, &slow->mutex);
  g_mutex_unlock (&slow->mutex);
  do
    {
      g_autoptr (GBytes) payload = NULL;

      first = raw_peer_read_frame (peer, &payload);
      if (first == 0x82)
        slow->received += g_bytes_get_size (payload);
  } while (first >= 0 && first != 0x88);
  raw_peer_write_literal (peer, "\x88\x02\x03\xe8");
}

/* A message is recorded when it has left, not when it was queued. */
static void
test_sent_means_sent (void)
{
  Slow               slow = { .read_now = FALSE };
  RawServer         *server;
  Fixture           *f;
  g_autofree guint8 *data = g_malloc0 (16 * 1024 * 1024);
  g_autoptr (GBytes) big = g_bytes_new (data, 16 * 1024 * 1024);
  gint64             deadline;

  g_mutex_init (&slow.mutex);
  g_cond_init (&slow.cond);
  server = raw_server_new (slow_reader_script, &slow);
  f = fixture_new (raw_server_get_url (server));
  duplex_session_set_close_timeout (f->session, 10);
  fixture_connect (f);
  g_assert_true (duplex_session_send_binary (f->session, big, NULL));
  g_assert_true (duplex_session_send_text (f->session, "last", -1, NULL));
  deadline = g_get_monotonic_time () + 300000;
  while (g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (fixture_find_frame (f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY, 0), ==, -1);

  g_mutex_lock (&slow.mutex);
  slow.read_now = TRUE;
  g_cond_signal (&slow.cond);
  g_mutex_unlock (&slow.mutex);
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  raw_server_free (server);
  g_assert_cmpuint (slow.received, ==, 16 * 1024 * 1024);
  g_assert_cmpint (fixture_find_frame (f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY, 0), <,
                   fixture_find_frame (f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, 0));
  g_assert_no_error (f->error);
  fixture_free (f);
  g_mutex_clear (&slow.mutex);
  g_cond_clear (&slow.cond);
}

static void
test_queue_is_bounded (void)
{
  Slow               slow = { .read_now = FALSE };
  RawServer         *server;
  Fixture           *f;
  g_autoptr (GBytes) piece = g_bytes_new_take (g_malloc0 (64 * 1024 * 1024), 64 * 1024 * 1024);
  g_autoptr (GError) error = NULL;
  int                sent = 0;

  g_mutex_init (&slow.mutex);
  g_cond_init (&slow.cond);
  server = raw_server_new (slow_reader_script, &slow);
  f = fixture_new (raw_server_get_url (server));
  duplex_session_set_close_timeout (f->session, 1);
  fixture_connect (f);
  while (sent < 10 && duplex_session_send_binary (f->session, piece, &error))
    sent++;
  g_assert_cmpint (sent, ==, 4);
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_QUEUE_FULL);
  /* Pings wait in the same queue. */
  g_assert_false (duplex_session_ping (f->session, NULL, NULL));
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_mutex_lock (&slow.mutex);
  slow.read_now = TRUE;
  g_cond_signal (&slow.cond);
  g_mutex_unlock (&slow.mutex);
  raw_server_free (server);
  fixture_free (f);
  g_mutex_clear (&slow.mutex);
  g_cond_clear (&slow.cond);
}

static void
test_not_open (void)
{
  Fixture           *f = fixture_new ("ws://127.0.0.1:1/");
  g_autoptr (GError) closed = NULL;
  g_autoptr (GError) invalid = NULL;

  g_assert_false (duplex_session_send_text (f->session, "x", -1, &closed));
  g_assert_error (closed, DUPLEX_ERROR, DUPLEX_ERROR_CLOSED);
  g_assert_false (duplex_session_send_text (f->session, "\xff", 1, &invalid));
  g_assert_error (invalid, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  fixture_free (f);
}

/* ---- nothing stays behind ---- */

static guint
count_descriptors (void)
{
  DIR  *dir = opendir ("/proc/self/fd");
  guint n = 0;

  g_assert_nonnull (dir);
  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

static void
echo_once_script (RawPeer *peer,
                  gpointer data)
{
  raw_peer_upgrade (peer);
  raw_peer_write_frame (peer, 0x81, "hello", 5);
  raw_peer_read_frame (peer, NULL);
  raw_peer_write_literal (peer, "\x88\x02\x03\xe8");
}

static void
connect_and_close (RawServer *server)
{
  Fixture *f = fixture_new (raw_server_get_url (server));

  fixture_connect (f);
  fixture_wait_received (f, 1);
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  fixture_free (f);
}

static void
test_nothing_left_behind (void)
{
  g_autoptr (RawServer) server = raw_server_new (echo_once_script, NULL);
  gint64                deadline;
  guint                 before;

  /* Threads and the resolver keep descriptors of their own from the first time on. */
  connect_and_close (server);
  g_usleep (50000);
  before = count_descriptors ();
  for (int i = 0; i < 50; i++)
    connect_and_close (server);
  deadline = g_get_monotonic_time () + 5000000;
  while (count_descriptors () > before && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  g_assert_cmpuint (count_descriptors (), <=, before);
}

/* A session that goes away says Close on its way. */
static void
goes_away_script (RawPeer *peer,
                  gpointer data)
{
  GBytes **seen = data;

  raw_peer_upgrade (peer);
  g_assert_cmphex (raw_peer_read_frame (peer, seen), ==, 0x88);
  raw_peer_write_literal (peer, "\x88\x02\x03\xe8");
}

static void
test_session_dropped_while_open (void)
{
  GBytes    *seen = NULL;
  RawServer *server = raw_server_new (goes_away_script, &seen);
  Fixture   *f = fixture_new (raw_server_get_url (server));

  fixture_connect (f);
  fixture_free (f);
  raw_server_free (server);
  g_assert_nonnull (seen);
  g_assert_cmpuint (get_code (seen), ==, DUPLEX_CLOSE_NORMAL);
  g_bytes_unref (seen);
}

/* ---- libsoup, the second judge ---- */

static void
judge_feed (DuplexSoupJudge *judge,
            const char      *wire,
            gsize            len,
            gsize            payload)
{
  DuplexMessagePlace place = { .number = 1,
                               .opcode = DUPLEX_OPCODE_TEXT,
                               .first = TRUE,
                               .last = TRUE,
                               .message_size = payload,
                               .n_frames = 1 };

  duplex_soup_judge_wire (judge, &place, (const guint8 *)wire, len);
  duplex_soup_judge_frame_end (judge, &place, FALSE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_judge_agrees (void)
{
  DuplexSoupJudge *judge = duplex_soup_judge_new (DUPLEX_ROLE_CLIENT, NULL);

  judge_feed (judge, "\x81\x02hi", 4, 2);
  judge_feed (judge, "\x81\x00", 2, 0);
  g_assert_cmpuint (duplex_soup_judge_get_n_judged (judge), ==, 2);
  g_assert_false (duplex_soup_judge_has_disagreed (judge));
  duplex_soup_judge_free (judge);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_judge_disagrees (void)
{
  DuplexSoupJudge *judge = duplex_soup_judge_new (DUPLEX_ROLE_CLIENT, NULL);

  judge_feed (judge, "\x81\x02hi", 4, 3);
  g_assert_true (duplex_soup_judge_has_disagreed (judge));
  duplex_soup_judge_free (judge);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* 200 messages in ten milliseconds, and no more. */
static void
test_judge_in_a_flood (void)
{
  DuplexSoupJudge *judge = duplex_soup_judge_new (DUPLEX_ROLE_CLIENT, NULL);
  gint64           since = g_get_monotonic_time ();
  guint64          spans;
  guint64          n;

  for (guint i = 0; i < 5000; i++)
    judge_feed (judge, "\x81\x02hi", 4, 2);
  spans = (guint64)(g_get_monotonic_time () - since) / 10000 + 1;
  n = duplex_soup_judge_get_n_judged (judge);
  g_assert_cmpuint (n, >=, 200);
  g_assert_cmpuint (n, <=, 200 * spans);
  g_assert_false (duplex_soup_judge_has_disagreed (judge));
  duplex_soup_judge_free (judge);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_judge_sees_no_large_message (void)
{
  DuplexSoupJudge *judge = duplex_soup_judge_new (DUPLEX_ROLE_CLIENT, NULL);
  g_autofree char *large = g_strnfill (70000, 'x');

  judge_feed (judge, large, 70000, 70000);
  judge_feed (judge, "\x81\x02hi", 4, 2);
  g_assert_cmpuint (duplex_soup_judge_get_n_judged (judge), ==, 1);
  g_assert_false (duplex_soup_judge_has_disagreed (judge));
  duplex_soup_judge_free (judge);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (violations); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/connection/violation/%s", violations[i].name);

      g_test_add_data_func (path, &violations[i], test_violation);
    }
  g_test_add_func ("/core/connection/violation/in-flood", test_bad_frame_in_flood);
  g_test_add_func ("/core/connection/ping/answered", test_pings_are_answered);
  g_test_add_func ("/core/connection/ping/round-trip", test_round_trip);
  g_test_add_func ("/core/connection/send/sent-means-sent", test_sent_means_sent);
  g_test_add_func ("/core/connection/send/bounded", test_queue_is_bounded);
  g_test_add_func ("/core/connection/send/not-open", test_not_open);
  g_test_add_func ("/core/connection/left-behind/nothing", test_nothing_left_behind);
  g_test_add_func ("/core/connection/left-behind/dropped-session", test_session_dropped_while_open);
  g_test_add_func ("/core/connection/judge/agrees", test_judge_agrees);
  g_test_add_func ("/core/connection/judge/disagrees", test_judge_disagrees);
  g_test_add_func ("/core/connection/judge/flood", test_judge_in_a_flood);
  g_test_add_func ("/core/connection/judge/large", test_judge_sees_no_large_message);
  return g_test_run ();
}
