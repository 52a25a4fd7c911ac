/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pings and pongs: how those of the peer are answered, and how ours find out that it is gone. */
#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-far-end.h"

/* ---- their pings ---- */

static Fixture *
fixture_new_pong (FarEnd        *far,
                  DuplexPongMode mode,
                  guint          delay)
{
  Fixture       *f = fixture_new (far_end_get_url (far));
  DuplexProfile *profile = duplex_session_get_profile (f->session);

  duplex_profile_set_pong_mode (profile, mode);
  duplex_profile_set_pong_delay (profile, delay);
  fixture_connect (f);
  return f;
}

static void
ping (FarEnd     *far,
      const char *payload)
{
  far_end_write_frame (far, 0x89, payload, strlen (payload));
}

static void
assert_payload (FarEnd     *far,
                guint       n,
                const char *text)
{
  g_autoptr (GBytes) payload = far_end_dup_payload (far, n);

  g_assert_nonnull (payload);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), text,
                   strlen (text));
}

static void
test_automatic (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_pong (far, DUPLEX_PONG_AUTOMATIC, 5000);

  ping (far, "one");
  far_end_assert_frames (far, f, "8a+3");
  ping (far, "");
  far_end_assert_frames (far, f, "8a+3 8a+0");
  assert_payload (far, 0, "one");
  fixture_disconnect (f);
  fixture_free (f);
}

/* Each is answered, in order, when its time has come and not before. */
static void
test_delayed (void)
{
  static const char *payloads[] = { "1", "22", "333" };
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_pong (far, DUPLEX_PONG_DELAYED, 200);

  for (guint i = 0; i < 3; i++)
    ping (far, payloads[i]);
  far_end_assert_frames (far, f, "8a+1 8a+2 8a+3");
  for (guint i = 0; i < 3; i++)
    {
      g_auto (DuplexEvent) asked = DUPLEX_EVENT_INIT;
      g_auto (DuplexEvent) answered = DUPLEX_EVENT_INIT;

      assert_payload (far, i, payloads[i]);
      fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 9, i, &asked);
      fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 10, i, &answered);
      g_assert_cmpint (answered.time_us - asked.time_us, >=, 190 * 1000);
      g_assert_cmpint (answered.time_us - asked.time_us, <, 2000 * 1000);
    }
  fixture_disconnect (f);
  fixture_free (f);
}

/* However many there are, what waits is bounded: the latest are answered. */
static void
test_delayed_bounded (void)
{
  enum { MORE = 50 };
  g_autoptr (FarEnd)     far = far_end_new (NULL);
  Fixture               *f = fixture_new_pong (far, DUPLEX_PONG_DELAYED, 800);
  g_autoptr (GByteArray) batch = g_byte_array_new ();
  guint                  n = 0;

  for (guint i = 0; i < DUPLEX_LIMIT_DELAYED_PONGS + MORE; i++)
    {
      char frame[7];

      g_snprintf (frame, sizeof frame, "\x89\x04%04u", i);
      g_byte_array_append (batch, (const guint8 *)frame, 6);
    }
  far_end_write (far, batch->data, batch->len);
  far_end_wait_frames (far, f, DUPLEX_LIMIT_DELAYED_PONGS);
  assert_payload (far, 0, "0050");
  assert_payload (far, DUPLEX_LIMIT_DELAYED_PONGS - 1, "1073");
  fixture_disconnect (f);
  far_end_wait_end (far, f);
  while (fixture_find_frame (f, DUPLEX_DIRECTION_SENT, 10, n) >= 0)
    n += DUPLEX_LIMIT_DELAYED_PONGS;
  g_assert_cmpuint (n, ==, DUPLEX_LIMIT_DELAYED_PONGS);
  fixture_free (f);
}

/* Nothing comes behind a Close (RFC 6455 §5.5.1). */
static void
test_delayed_and_closed (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_pong (far, DUPLEX_PONG_DELAYED, 100);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  gint64               began = g_get_monotonic_time ();

  far_end_set_answers (far, FALSE);
  ping (far, "late");
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 9, 0, &event);
  fixture_disconnect (f);
  g_assert_cmpint (g_get_monotonic_time () - began, >, 200 * 1000);
  far_end_assert_frames (far, f, "88+26");
  fixture_free (f);
}

/* Only by hand, then: what the latest ping says, or what is given. */
static void
test_never (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_pong (far, DUPLEX_PONG_NEVER, 0);
  g_autoptr (GBytes)   own = g_bytes_new_static ("own", 3);
  g_autoptr (GBytes)   long_one = g_bytes_new_take (g_malloc0 (126), 126);
  g_autoptr (GError)   error = NULL;
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  g_assert_true (duplex_session_pong (f->session, NULL, NULL));
  far_end_assert_frames (far, f, "8a+0"); /* before any ping has come */
  ping (far, "first");
  ping (far, "latest");
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 9, 1, &event);
  g_assert_true (duplex_session_pong (f->session, NULL, NULL));
  g_assert_true (duplex_session_pong (f->session, own, NULL));
  g_assert_true (duplex_session_pong (f->session, NULL, NULL));
  g_assert_false (duplex_session_pong (f->session, long_one, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  far_end_assert_frames (far, f, "8a+0 8a+6 8a+3 8a+6");
  assert_payload (far, 1, "latest");
  assert_payload (far, 2, "own");
  assert_payload (far, 3, "latest");
  fixture_disconnect (f);
  far_end_assert_frames (far, f, "8a+0 8a+6 8a+3 8a+6 88+26");
  fixture_free (f);
}

/* ---- our pings ---- */

static Fixture *
fixture_new_ping (FarEnd *far,
                  guint   limit)
{
  Fixture       *f = fixture_new (far_end_get_url (far));
  DuplexProfile *profile = duplex_session_get_profile (f->session);

  duplex_profile_set_ping_interval (profile, 1);
  duplex_profile_set_ping_limit (profile, limit);
  duplex_session_get_options (f->session)->close_timeout = 1;
  fixture_connect (f);
  return f;
}

/* Answers the n-th frame, which is a ping, and returns the round trip that is recorded. */
static gint64
answer (FarEnd  *far,
        Fixture *f,
        guint    n)
{
  g_autoptr (GBytes)   payload = NULL;
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  far_end_wait_frames (far, f, n + 1);
  payload = far_end_dup_payload (far, n);
  far_end_write_frame (far, 0x8a, g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 10, n, &event);
  return event.value;
}

/* One an interval, each with a payload of its own; the answers have their round trips. */
static void
test_answered (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_ping (far, 1);
  gint64             began = g_get_monotonic_time ();
  gint64             rtt = -1;

  for (guint i = 0; i < 3; i++)
    {
      rtt = answer (far, f, i);
      g_assert_cmpint (rtt, >=, 0);
      g_assert_cmpint (rtt, <, G_TIME_SPAN_SECOND);
    }
  g_assert_cmpint (g_get_monotonic_time () - began, >, 2500 * 1000);
  for (guint i = 1; i < 3; i++)
    {
      g_autoptr (GBytes) before = far_end_dup_payload (far, i - 1);
      g_autoptr (GBytes) after = far_end_dup_payload (far, i);

      g_assert_false (g_bytes_equal (before, after));
    }
  fixture_wait_state (f, DUPLEX_SESSION_OPEN);
  g_assert_cmpint (duplex_session_get_rtt (f->session), >=, 0);
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  fixture_disconnect (f);
  g_assert_cmpint (duplex_session_get_rtt (f->session), ==, -1);
  fixture_free (f);
}

/* As many as the limit says go unanswered, and it is over one interval later: the peer is told, and
 * everybody else. */
static void
test_missing (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_ping (far, 2);
  gint64               began = g_get_monotonic_time ();
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              offset;

  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpint (g_get_monotonic_time () - began, >, 2800 * 1000);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 4500 * 1000);
  far_end_assert_frames (far, f, "89+8 89+8 88+9");
  g_assert_cmpuint (far_end_get_close_code (far, f, 2), ==, 1001);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_TIMEOUT);
  g_assert_cmpuint (f->close_code, ==, 1001);
  g_assert_false (f->by_peer);
  fixture_read_state (f, DUPLEX_EVENT_CLOSED, &event);
  g_assert_true (fixture_find_finding (&event, DUPLEX_FINDING_PONG_MISSING, &offset));
  g_assert_cmpuint (event.flags & DUPLEX_EVENT_FLAG_PEER, ==, 0);
  duplex_event_clear (&event);
  fixture_read_state (f, DUPLEX_EVENT_FAILED, &event);
  g_assert_cmpint (event.value, ==, DUPLEX_ERROR_TIMEOUT);
  fixture_free (f);
}

/* Where the peer does not even take the Close, the close timeout is all that it gets. */
static void
test_missing_and_dead (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_ping (far, 1);
  gint64             began = g_get_monotonic_time ();

  far_end_set_answers (far, FALSE);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 4500 * 1000);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_PONG_MISSING), ==, 1);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_CLOSE_TIMEOUT), ==, 1);
  g_assert_cmpuint (f->close_code, ==, 1006);
  fixture_free (f);
}

/* A pong that answers none of ours is no sign of it; without a limit nothing is. */
static void
test_wrong_pong (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_ping (far, 1);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  far_end_wait_frames (far, f, 1);
  far_end_write_frame (far, 0x8a, "other", 5);
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 10, 0, &event);
  g_assert_cmpint (event.value, ==, -1);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_PONG_MISSING), ==, 1);
  fixture_free (f);
}

static void
test_no_limit (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_ping (far, 0);

  far_end_assert_frames (far, f, "89+8 89+8 89+8");
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  fixture_disconnect (f);
  fixture_free (f);
}

/* ---- who cannot answer is not dead ---- */

typedef struct
{
  FarEnd *far;
  gint64  until;
  gint64  next;
} Trickle;

/* A byte now and then. */
static gboolean
trickle (Fixture *f,
         gpointer data)
{
  Trickle *self = data;
  gint64   now = g_get_monotonic_time ();

  if (now >= self->next && duplex_session_get_state (f->session) == DUPLEX_SESSION_OPEN)
    {
      far_end_write (self->far, "a", 1);
      self->next = now + 100 * 1000;
    }
  return now >= self->until;
}

/* In the middle of a frame the peer has no place for a pong. */
static void
test_in_a_frame (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_ping (far, 1);
  Trickle            some = { .far = far };

  far_end_write (far, "\x82\x7e\x10\x00", 4);
  some.until = g_get_monotonic_time () + 3500 * 1000;
  fixture_wait (f, trickle, &some, "a slow frame");
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  /* When nothing comes any more, that is no excuse. */
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_PONG_MISSING), ==, 1);
  fixture_free (f);
}

/* What it reads at a time: enough that TCP tells the client of the room (RFC 9293 §3.8.6.2.2). */
#define SIP ((guint64)8 * 1024 * 1024)

/* Reads some now and then, however long the thread that reads waits for a processor. */
static gboolean
sip (Fixture *f,
     gpointer data)
{
  Trickle *self = data;
  gint64   now = g_get_monotonic_time ();
  guint64  enough = far_end_get_n_bytes (self->far) + SIP;

  if (now >= self->next)
    {
      far_end_set_reads (self->far, TRUE);
      while (far_end_get_n_bytes (self->far) < enough &&
             g_get_monotonic_time () < self->until)
        g_usleep (1000);
      far_end_set_reads (self->far, FALSE);
      self->next = now + 300 * 1000;
    }
  return now >= self->until;
}

/* While a large frame leaves slowly, the ping behind it has not been seen. */
static void
test_behind_a_frame (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GBytes) large = g_bytes_new_take (g_malloc0 (256 * 1024 * 1024), 256 * 1024 * 1024);
  Trickle            some = { .far = far };

  duplex_profile_set_ping_interval (duplex_session_get_profile (f->session), 1);
  duplex_profile_set_ping_limit (duplex_session_get_profile (f->session), 1);
  duplex_session_get_options (f->session)->close_timeout = 1;
  far_end_set_reads (far, FALSE);
  fixture_connect (f);
  g_assert_true (duplex_session_send_binary (f->session, large, NULL));
  some.until = g_get_monotonic_time () + 3500 * 1000;
  fixture_wait (f, sip, &some, "a slow reader");
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_PONG_MISSING), ==, 1);
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/alive/automatic", test_automatic);
  g_test_add_func ("/core/alive/delayed", test_delayed);
  g_test_add_func ("/core/alive/delayed/bounded", test_delayed_bounded);
  g_test_add_func ("/core/alive/delayed/closed", test_delayed_and_closed);
  g_test_add_func ("/core/alive/never", test_never);
  g_test_add_func ("/core/alive/answered", test_answered);
  g_test_add_func ("/core/alive/missing", test_missing);
  g_test_add_func ("/core/alive/missing/dead", test_missing_and_dead);
  g_test_add_func ("/core/alive/missing/wrong-pong", test_wrong_pong);
  g_test_add_func ("/core/alive/no-limit", test_no_limit);
  g_test_add_func ("/core/alive/excused/in-a-frame", test_in_a_frame);
  g_test_add_func ("/core/alive/excused/behind-a-frame", test_behind_a_frame);
  return g_test_run ();
}
