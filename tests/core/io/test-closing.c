/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who closes, with what, and how long it takes: RFC 6455 §7, and what libsoup does badly there. */
#include <string.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-frame-encoder.h"
#include "duplex-far-end.h"
#include "duplex-raw-server.h"

/* ---- what a peer may do ---- */

static void
flood_script (RawPeer *peer,
              gpointer data)
{
  g_autoptr (GByteArray) batch = g_byte_array_new ();

  raw_peer_upgrade (peer);
  for (int i = 0; i < 500; i++)
    g_byte_array_append (batch, (const guint8 *)"\x81\x05hello", 7);
  /* Never a Close, and no look at what comes in. */
  while (raw_peer_write (peer, batch->data, batch->len))
    ;
}

static void
closing_times_out (guint seconds)
{
  g_autoptr (RawServer) server = raw_server_new (flood_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  gint64                started, elapsed;

  duplex_session_set_close_timeout (f->session, seconds);
  fixture_connect (f);
  fixture_wait_received (f, 1000);
  started = g_get_monotonic_time ();
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  elapsed = g_get_monotonic_time () - started;

  g_assert_cmpint (elapsed, >=, (gint64)seconds * 950000);
  g_assert_cmpint (elapsed, <, (gint64)seconds * 1000000 + 1500000);
  g_assert_cmpuint (f->n_closed, ==, 1);
  g_assert_cmpuint (f->close_code, ==, DUPLEX_CLOSE_ABNORMAL);
  g_assert_false (f->by_peer);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_TIMEOUT);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_CLOSE_TIMEOUT), ==, 1);
  fixture_free (f);
}

static void
test_timeout_in_flood_1 (void)
{
  closing_times_out (1);
}

static void
test_timeout_in_flood_10 (void)
{
  closing_times_out (10);
}

/* Answers a Close and then keeps the connection. */
static void
never_ends_script (RawPeer *peer,
                   gpointer data)
{
  int first;

  raw_peer_upgrade (peer);
  while ((first = raw_peer_read_frame (peer, NULL)) >= 0 && first != 0x88)
    ;
  raw_peer_write_literal (peer, "\x88\x02\x03\xe8");
  /* The half-close comes, and then the whole end, when time is up. */
  raw_peer_read_to_end (peer, 9000);
  while (raw_peer_write_literal (peer, "\x8a\x00"))
    g_usleep (20000);
}

static void
test_peer_never_ends (void)
{
  g_autoptr (RawServer) server = raw_server_new (never_ends_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  gint64                started;

  duplex_session_set_close_timeout (f->session, 1);
  fixture_connect (f);
  started = g_get_monotonic_time ();
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 2500000);
  g_assert_cmpuint (f->close_code, ==, DUPLEX_CLOSE_NORMAL);
  g_assert_no_error (f->error);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_CLOSE_TIMEOUT), ==, 1);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_DATA_AFTER_CLOSE), >, 0);
  fixture_free (f);
}

/* ---- codes, both ways ---- */

typedef struct
{
  guint16 code;
  GMutex  mutex;
  GBytes *seen; /* body of the Close that the peer received */
} Exchange;

static void
sends_close_script (RawPeer *peer,
                    gpointer data)
{
  Exchange          *exchange = data;
  g_autoptr (GBytes) body = duplex_close_body_new (exchange->code, "because");
  g_autoptr (GBytes) seen = NULL;

  raw_peer_upgrade (peer);
  raw_peer_write_frame (peer, 0x88, g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  g_assert_cmphex (raw_peer_read_frame (peer, &seen), ==, 0x88);
  g_mutex_lock (&exchange->mutex);
  exchange->seen = g_steal_pointer (&seen);
  g_mutex_unlock (&exchange->mutex);
}

static void
answers_close_script (RawPeer *peer,
                      gpointer data)
{
  Exchange          *exchange = data;
  g_autoptr (GBytes) seen = NULL;

  raw_peer_upgrade (peer);
  g_assert_cmphex (raw_peer_read_frame (peer, &seen), ==, 0x88);
  raw_peer_write_frame (peer, 0x88, g_bytes_get_data (seen, NULL), g_bytes_get_size (seen));
  g_mutex_lock (&exchange->mutex);
  exchange->seen = g_steal_pointer (&seen);
  g_mutex_unlock (&exchange->mutex);
}

static const guint16 codes[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                                 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999 };

static guint16
get_code (GBytes *body)
{
  const guint8 *data;
  gsize         size;

  g_assert_nonnull (body);
  data = g_bytes_get_data (body, &size);
  return size < 2 ? 0 : (guint16)(data[0] << 8 | data[1]);
}

static void
exchange_codes (RawScript script,
                gboolean  by_peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      Exchange   exchange = { .code = codes[i] };
      RawServer *server = raw_server_new (script, &exchange);
      Fixture   *f = fixture_new (raw_server_get_url (server));

      g_mutex_init (&exchange.mutex);
      fixture_connect (f);
      if (!by_peer)
        g_assert_true (duplex_session_disconnect (f->session, codes[i], "because", NULL));
      fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
      raw_server_free (server);

      g_assert_cmpuint (f->close_code, ==, codes[i]);
      g_assert_cmpstr (f->close_reason, ==, "because");
      g_assert_true (f->by_peer == by_peer);
      g_assert_no_error (f->error);
      g_assert_cmpuint (get_code (exchange.seen), ==, codes[i]);
      g_bytes_unref (exchange.seen);
      g_mutex_clear (&exchange.mutex);
      fixture_free (f);
    }
}

static void
test_codes_received (void)
{
  exchange_codes (sends_close_script, TRUE);
}

static void
test_codes_sent (void)
{
  exchange_codes (answers_close_script, FALSE);
}

static void
test_codes_that_may_not_be_sent (void)
{
  static const guint16 forbidden[] = { 999, 1004, 1006, 1015, 1016, 2999, 5000 };
  g_autofree char     *long_reason = g_strnfill (124, 'x');
  Exchange             exchange = { 0 };
  RawServer           *server = raw_server_new (answers_close_script, &exchange);
  Fixture             *f = fixture_new (raw_server_get_url (server));

  g_mutex_init (&exchange.mutex);
  fixture_connect (f);
  for (gsize i = 0; i < G_N_ELEMENTS (forbidden); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (duplex_session_disconnect (f->session, forbidden[i], NULL, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
    }
  g_assert_false (duplex_session_disconnect (f->session, 1000, long_reason, NULL));
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  raw_server_free (server);

  g_assert_cmpuint (get_code (exchange.seen), ==, 1000);
  g_assert_cmpmem ((const char *)g_bytes_get_data (exchange.seen, NULL) + 2,
                   g_bytes_get_size (exchange.seen) - 2, "Client closed connection",
                   strlen ("Client closed connection"));
  g_bytes_unref (exchange.seen);
  g_mutex_clear (&exchange.mutex);
  fixture_free (f);
}

/* ---- Close bodies that are wrong ---- */

typedef struct
{
  const char     *body;
  gsize           len;
  DuplexFindingId finding;
  guint16         answer; /* code of our Close; 0: an empty body */
} BadClose;

static const BadClose bad_closes[] = {
  { "", 0, DUPLEX_FINDING_NONE, 0 },
  { "\x03", 1, DUPLEX_FINDING_CLOSE_ONE_BYTE, 1002 },
  { "\x03\xed", 2, DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 1002 },
  { "\x03\xee", 2, DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 1002 },
  { "\x00\x00", 2, DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 1002 },
  { "\xff\xff", 2, DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 1002 },
  { "\x03\xe8\xff", 3, DUPLEX_FINDING_CLOSE_REASON_INVALID_UTF8, 1007 },
};

typedef struct
{
  const BadClose *row;
  GBytes         *seen;
} BadCloseRun;

static void
bad_close_script (RawPeer *peer,
                  gpointer data)
{
  BadCloseRun *run = data;

  raw_peer_upgrade (peer);
  raw_peer_write_frame (peer, 0x88, run->row->body, run->row->len);
  g_assert_cmphex (raw_peer_read_frame (peer, &run->seen), ==, 0x88);
}

static void
test_bad_bodies (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_closes); i++)
    {
      BadCloseRun run = { &bad_closes[i], NULL };
      RawServer  *server = raw_server_new (bad_close_script, &run);
      Fixture    *f = fixture_new (raw_server_get_url (server));

      fixture_connect (f);
      fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
      raw_server_free (server);
      g_assert_cmpuint (get_code (run.seen), ==, bad_closes[i].answer);
      if (bad_closes[i].finding != DUPLEX_FINDING_NONE)
        {
          g_assert_cmpuint (fixture_count_findings (f, bad_closes[i].finding), ==, 1);
          g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_PROTOCOL);
        }
      else
        g_assert_cmpuint (f->close_code, ==, DUPLEX_CLOSE_NO_STATUS);
      g_bytes_unref (run.seen);
      fixture_free (f);
    }
}

/* ---- TCP that ends where it should not ---- */

typedef enum {
  CUT_AFTER_UPGRADE,
  CUT_IN_HEADER,
  CUT_IN_PAYLOAD,
  CUT_IN_MESSAGE,
  CUT_AFTER_OUR_CLOSE,
  CUT_RESET,
  N_CUTS
} Cut;

static void
cut_script (RawPeer *peer,
            gpointer data)
{
  Cut cut = GPOINTER_TO_INT (data);

  raw_peer_upgrade (peer);
  raw_peer_write_literal (peer, "\x81\x02hi");
  if (cut == CUT_IN_HEADER)
    raw_peer_write_literal (peer, "\x82\x7e\x01");
  else if (cut == CUT_IN_PAYLOAD)
    raw_peer_write_literal (peer, "\x82\x05\x01\x02");
  else if (cut == CUT_IN_MESSAGE)
    raw_peer_write_literal (peer, "\x01\x05hello\x89\x00");
  else if (cut == CUT_AFTER_OUR_CLOSE)
    g_assert_cmphex (raw_peer_read_frame (peer, NULL), ==, 0x88);
  else if (cut == CUT_RESET)
    raw_peer_reset (peer);
}

static void
test_cut (gconstpointer data)
{
  static const DuplexFindingId shown[N_CUTS] = {
    [CUT_IN_HEADER] = DUPLEX_FINDING_FRAME_CUT,
    [CUT_IN_PAYLOAD] = DUPLEX_FINDING_FRAME_CUT,
    [CUT_IN_MESSAGE] = DUPLEX_FINDING_MESSAGE_UNFINISHED,
  };
  Cut                   cut = GPOINTER_TO_INT (data);
  g_autoptr (RawServer) server = raw_server_new (cut_script, GINT_TO_POINTER (cut));
  Fixture              *f = fixture_new (raw_server_get_url (server));

  fixture_connect (f);
  if (cut == CUT_AFTER_OUR_CLOSE)
    {
      fixture_wait_received (f, 1);
      g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
    }
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);

  g_assert_cmpuint (f->n_closed, ==, 1);
  g_assert_cmpuint (f->close_code, ==, DUPLEX_CLOSE_ABNORMAL);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_CONNECTION_LOST);
  g_assert_true (f->by_peer == (cut != CUT_AFTER_OUR_CLOSE));
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_EOF_WITHOUT_CLOSE), ==, 1);
  if (shown[cut] != DUPLEX_FINDING_NONE)
    g_assert_cmpuint (fixture_count_findings (f, shown[cut]), ==, 1);
  /* What came before the end is there; a reset may overtake it. */
  if (cut != CUT_RESET)
    g_assert_cmpint (fixture_find_frame (f, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, 0), >=,
                     0);
  fixture_free (f);
}

/* What was cut off is kept byte for byte. */
static void
test_cut_keeps_bytes (void)
{
  g_autoptr (RawServer) server = raw_server_new (cut_script, GINT_TO_POINTER (CUT_IN_PAYLOAD));
  Fixture              *f = fixture_new (raw_server_get_url (server));
  g_auto (DuplexEvent)  event = DUPLEX_EVENT_INIT;
  gint64                number;

  fixture_connect (f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  number = fixture_find_frame (f, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_BINARY, 0);
  g_assert_cmpint (number, >=, 0);
  g_assert_true (
    duplex_capture_read (duplex_session_get_capture (f->session), (guint64)number, &event));
  g_assert_true ((event.flags & DUPLEX_EVENT_FLAG_CUT) != 0);
  g_assert_cmpmem (event.payload, event.payload_size, "\x01\x02", 2);
  duplex_event_clear (&event);
  fixture_free (f);
}

/* An unfinished message is a row of its own, whatever control frame came last. */
static void
test_unfinished_row (void)
{
  g_autoptr (RawServer) server = raw_server_new (cut_script, GINT_TO_POINTER (CUT_IN_MESSAGE));
  Fixture              *f = fixture_new (raw_server_get_url (server));
  DuplexCapture        *capture = duplex_session_get_capture (f->session);
  g_auto (DuplexEvent)  event = DUPLEX_EVENT_INIT;
  gint64                number;

  fixture_connect (f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  number = fixture_find_state (f, DUPLEX_EVENT_UNFINISHED);
  g_assert_cmpint (number, >=, 0);
  g_assert_true (duplex_capture_read (capture, (guint64)number, &event));
  g_assert_cmpuint (event.opcode, ==, DUPLEX_OPCODE_TEXT);
  g_assert_cmpuint (event.message_size, ==, 5);
  g_assert_cmpuint (event.n_frames, ==, 1);
  g_assert_true ((event.flags & DUPLEX_EVENT_FLAG_ROW) != 0);
  duplex_event_clear (&event);
  fixture_free (f);
}

/* ---- who began, and how long it took ---- */

typedef enum {
  BEGUN_BY_US,
  BEGUN_BY_PEER,
  BEGUN_BY_BOTH,      /* ours is first */
  BEGUN_BY_VIOLATION, /* we fail the connection */
  BEGUN_BY_END,       /* the peer goes without a word */
  N_BEGINNINGS
} Beginning;

typedef struct
{
  const char *name;
  gboolean    by_peer;
  gboolean    announced; /* so that it took time */
  gint64      code;
  guint16     sent_code;   /* of ours, 0 for none */
  const char *sent_reason; /* "" for none */
} Ending;

static const Ending endings[N_BEGINNINGS] = {
  [BEGUN_BY_US] = { "us", FALSE, TRUE, 1000, 1000, "Client closed connection" },
  [BEGUN_BY_PEER] = { "peer", TRUE, TRUE, 1001, 1001, "" },
  [BEGUN_BY_BOTH] = { "both", FALSE, TRUE, 1001, 1000, "Client closed connection" },
  [BEGUN_BY_VIOLATION] = { "violation", FALSE, TRUE, 1002, 1002, "" },
  [BEGUN_BY_END] = { "end", TRUE, FALSE, 1006, 0, "" },
};

static void
begin_closing (Beginning beginning,
               FarEnd   *far,
               Fixture  *f)
{
  switch (beginning)
    {
    case BEGUN_BY_PEER:
      far_end_write_frame (far, 0x88, "\x03\xe9", 2);
      break;
    case BEGUN_BY_BOTH:
      far_end_set_answers (far, FALSE);
      g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
      far_end_wait_frames (far, f, 1);
      far_end_write_frame (far, 0x88, "\x03\xe9", 2);
      break;
    case BEGUN_BY_VIOLATION:
      far_end_write_frame (far, 0x83, NULL, 0);
      break;
    case BEGUN_BY_END:
      far_end_end (far);
      break;
    case BEGUN_BY_US:
    default:
      g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
    }
}

static void
test_ending (gconstpointer data)
{
  Beginning            beginning = (Beginning)GPOINTER_TO_UINT (data);
  const Ending        *row = &endings[beginning];
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_far (far);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  gint64               began = g_get_monotonic_time ();

  begin_closing (beginning, far, f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  fixture_read_state (f, DUPLEX_EVENT_CLOSED, &event);
  g_assert_cmpint ((event.flags & DUPLEX_EVENT_FLAG_PEER) != 0, ==, row->by_peer);
  g_assert_cmpint (f->by_peer, ==, row->by_peer);
  g_assert_cmpint (event.value, ==, row->code);
  g_assert_cmpuint (event.sent_code, ==, row->sent_code);
  g_assert_cmpmem (event.sent_reason, event.sent_reason_size, row->sent_reason,
                   strlen (row->sent_reason));
  g_assert_cmpint (event.message_size > 0, ==, row->announced);
  g_assert_cmpuint (event.message_size, <=, g_get_monotonic_time () - began);
  fixture_free (f);
}

static gboolean
is_after (Fixture *f,
          gpointer data)
{
  return g_get_monotonic_time () >= *(gint64 *)data;
}

/* A peer that takes its time is seen to. */
static void
test_duration (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_far (far);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  gint64               until;

  far_end_set_answers (far, FALSE);
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  far_end_wait_frames (far, f, 1);
  until = g_get_monotonic_time () + 300 * 1000;
  fixture_wait (f, is_after, &until, "a while");
  far_end_write_frame (far, 0x88, "\x03\xe8", 2);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  fixture_read_state (f, DUPLEX_EVENT_CLOSED, &event);
  g_assert_cmpuint (event.message_size, >=, 300 * 1000);
  g_assert_cmpuint (event.message_size, <, 2500 * 1000);
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  static const char *const cut_names[N_CUTS] = {
    "after-upgrade",
    "in-header",
    "in-payload",
    "in-message",
    "after-our-close",
    "reset",
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/closing/timeout/flood-1s", test_timeout_in_flood_1);
  g_test_add_func ("/core/closing/timeout/flood-10s", test_timeout_in_flood_10);
  g_test_add_func ("/core/closing/timeout/peer-never-ends", test_peer_never_ends);
  g_test_add_func ("/core/closing/codes/received", test_codes_received);
  g_test_add_func ("/core/closing/codes/sent", test_codes_sent);
  g_test_add_func ("/core/closing/codes/forbidden", test_codes_that_may_not_be_sent);
  g_test_add_func ("/core/closing/bad-bodies", test_bad_bodies);
  for (int i = 0; i < N_CUTS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/closing/cut/%s", cut_names[i]);

      g_test_add_data_func (path, GINT_TO_POINTER (i), test_cut);
    }
  g_test_add_func ("/core/closing/cut/keeps-bytes", test_cut_keeps_bytes);
  g_test_add_func ("/core/closing/cut/unfinished-row", test_unfinished_row);
  for (guint i = 0; i < N_BEGINNINGS; i++)
    {
      g_autofree char *path = g_strconcat ("/core/closing/begun-by/", endings[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_ending);
    }
  g_test_add_func ("/core/closing/duration", test_duration);
  return g_test_run ();
}
