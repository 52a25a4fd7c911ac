/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames that somebody composes: what may be sent, what is refused, and what is sent all the same
 * because it was asked for. */
#include <string.h>

#include "core/proto/duplex-deflate.h"
#include "core/proto/duplex-error.h"
#include "duplex-far-end.h"

#define WHOLE DUPLEX_DRAFT_WHOLE

/* A legal frame but for what the caller changes; payload is borrowed. */
static DuplexFrameDraft
draft (guint8  opcode,
       GBytes *payload)
{
  DuplexFrameDraft self = DUPLEX_FRAME_DRAFT_INIT;

  self.opcode = opcode;
  self.payload = payload;
  return self;
}

static gboolean
send (Fixture         *f,
      DuplexFrameDraft what,
      gboolean         deliberate,
      GError         **error)
{
  return duplex_session_send_frame (f->session, &what, deliberate, error);
}

static void
assert_sent (Fixture         *f,
             DuplexFrameDraft what,
             gboolean         deliberate)
{
  g_autoptr (GError) error = NULL;

  send (f, what, deliberate, &error);
  g_assert_no_error (error);
}

static void
assert_refused (Fixture         *f,
                DuplexFrameDraft what,
                const char      *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (send (f, what, FALSE, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, why));
}

static void
assert_refused_for (Fixture         *f,
                    DuplexFrameDraft what,
                    DuplexFindingId  id)
{
  assert_refused (f, what, duplex_finding_get_text (id));
}

/* ---- what may be sent ---- */

static void
test_legal (void)
{
  static const guint8 opcodes[] = { 1, 2, 9, 10 };
  g_autoptr (FarEnd)  far = far_end_new (NULL);
  Fixture            *f = fixture_new_far (far);
  g_autoptr (GBytes)  payload = g_bytes_new_static ("legal", 5);

  for (gsize i = 0; i < G_N_ELEMENTS (opcodes); i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      assert_sent (f, draft (opcodes[i], payload), FALSE);
      fixture_read_frame (f, DUPLEX_DIRECTION_SENT, opcodes[i], 0, &event);
      g_assert_cmpuint (event.n_findings, ==, 0);
      g_assert_cmpuint (event.flags, ==, DUPLEX_EVENT_FLAG_ROW);
      g_assert_cmpmem (event.payload, event.payload_size, "legal", 5);
    }
  far_end_assert_frames (far, f, "81+5 82+5 89+5 8a+5");
  g_assert_true (far_end_all_masked (far));
  fixture_disconnect (f);
  fixture_free (f);
}

/* The bytes are those that were chosen. */
static void
test_chosen_bytes (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_far (far);
  g_autoptr (GBytes)   payload = g_bytes_new_static ("ab", 2);
  DuplexFrameDraft     chosen = draft (0xe, payload);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  g_autofree char     *frames = NULL;

  chosen.fin = FALSE;
  chosen.rsv2 = TRUE;
  chosen.mask = DUPLEX_DRAFT_MASK_KEY;
  memcpy (chosen.key, "\x01\x02\x03\x04", 4);
  chosen.length_bits = 64;
  assert_sent (f, chosen, TRUE);
  fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 0xe, 0, &event);
  g_assert_cmpmem (event.header, event.header_size,
                   "\x2e\xff\x00\x00\x00\x00\x00\x00\x00\x02\x01\x02\x03\x04", 14);
  g_assert_cmpmem (event.payload, event.payload_size, "ab", 2);
  far_end_wait_frames (far, f, 1);
  frames = far_end_dup_frames (far);
  g_assert_cmpstr (frames, ==, "2e+2");
  fixture_disconnect (f);
  fixture_free (f);
}

/* ---- what may not ---- */

typedef struct
{
  const char      *name;
  DuplexFrameDraft draft; /* but for its payload */
  const char      *payload;
  DuplexFindingId  finding;
  const char      *frame; /* that the peer gets */
} Illegal;

#define FRAME(op) .opcode = op, .fin = TRUE, .stop = WHOLE
/* 126 bytes: one more than a control frame may have. */
#define TEN      "0123456789"
#define TOO_LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "012345"

static const Illegal illegals[] = {
  { "opcode/3", { FRAME (3) }, "ab", DUPLEX_FINDING_RESERVED_OPCODE, "83+2" },
  { "opcode/7", { FRAME (7) }, "ab", DUPLEX_FINDING_RESERVED_OPCODE, "87+2" },
  { "opcode/b", { FRAME (11) }, "ab", DUPLEX_FINDING_RESERVED_OPCODE, "8b+2" },
  { "opcode/f", { FRAME (15) }, NULL, DUPLEX_FINDING_RESERVED_OPCODE, "8f+0" },
  { "rsv1", { FRAME (1), .rsv1 = TRUE }, "ab", DUPLEX_FINDING_RESERVED_BIT, "c1+2" },
  { "rsv2", { FRAME (1), .rsv2 = TRUE }, "ab", DUPLEX_FINDING_RESERVED_BIT, "a1+2" },
  { "rsv3", { FRAME (9), .rsv3 = TRUE }, "ab", DUPLEX_FINDING_RESERVED_BIT, "99+2" },
  { "unmasked",
    { FRAME (1), .mask = DUPLEX_DRAFT_MASK_NONE },
    "ab",
    DUPLEX_FINDING_UNMASKED_CLIENT_FRAME,
    "81+2" },
  { "length/16",
    { FRAME (1), .length_bits = 16 },
    "ab",
    DUPLEX_FINDING_LENGTH_NOT_MINIMAL,
    "81+2" },
  { "length/64",
    { FRAME (2), .length_bits = 64 },
    TOO_LONG,
    DUPLEX_FINDING_LENGTH_NOT_MINIMAL,
    "82+126" },
  { "control/fragmented",
    { .opcode = 9, .stop = WHOLE },
    "ab",
    DUPLEX_FINDING_CONTROL_FRAGMENTED,
    "09+2" },
  { "control/too-long", { FRAME (9) }, TOO_LONG, DUPLEX_FINDING_CONTROL_TOO_LONG, "89+126" },
  { "continuation", { FRAME (0) }, "ab", DUPLEX_FINDING_CONTINUATION_UNEXPECTED, "80+2" },
  { "utf8", { FRAME (1) }, "a\xff", DUPLEX_FINDING_INVALID_UTF8, "81+2" },
  { "utf8/cut", { FRAME (1) }, "a\xc3", DUPLEX_FINDING_INVALID_UTF8, "81+2" },
  { "close/one-byte", { FRAME (8) }, "a", DUPLEX_FINDING_CLOSE_ONE_BYTE, "88+1" },
  { "close/code", { FRAME (8) }, "\x03\xee", DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, "88+2" },
  { "close/reason",
    { FRAME (8) },
    "\x03\xe8\xff",
    DUPLEX_FINDING_CLOSE_REASON_INVALID_UTF8,
    "88+3" },
};

static void
test_illegal (gconstpointer data)
{
  const Illegal       *row = data;
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_far (far);
  DuplexFrameDraft     what = row->draft;
  g_autoptr (GBytes)   payload = row->payload != NULL
                                   ? g_bytes_new_static (row->payload, strlen (row->payload))
                                   : NULL;
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              offset;

  far_end_set_answers (far, FALSE);
  what.payload = payload;
  assert_refused_for (f, what, row->finding);
  assert_sent (f, what, TRUE);
  far_end_assert_frames (far, f, row->frame);
  if (payload != NULL)
    {
      g_autoptr (GBytes) seen = far_end_dup_payload (far, 0);

      g_assert_true (g_bytes_equal (seen, payload));
    }
  g_assert_cmpint (far_end_all_masked (far), ==, what.mask != DUPLEX_DRAFT_MASK_NONE);

  fixture_read_frame (f, DUPLEX_DIRECTION_SENT, what.opcode, 0, &event);
  g_assert_cmpuint (event.flags, ==, DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_DELIBERATE);
  g_assert_true (fixture_find_finding (&event, row->finding, &offset));
  far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  fixture_free (f);
}

/* What no bytes can say, and what no connection takes. */
static void
test_impossible (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GError) closed = NULL;
  g_autoptr (GError) wrong = NULL;

  g_assert_false (send (f, draft (1, NULL), TRUE, &closed));
  g_assert_error (closed, DUPLEX_ERROR, DUPLEX_ERROR_CLOSED);
  fixture_connect (f);
  g_assert_false (send (f, draft (16, NULL), TRUE, &wrong));
  g_assert_error (wrong, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  fixture_disconnect (f);
  far_end_assert_frames (far, f, "88+26");
  fixture_free (f);
}

/* A frame that says less than it has: what is over is taken as the next frame. */
static void
test_shorter (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_far (far);
  g_autoptr (GBytes)   payload = g_bytes_new_static ("ab\x81\x01z", 5);
  DuplexFrameDraft     what = draft (2, payload);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  what.states_length = TRUE;
  what.length = 2;
  what.mask = DUPLEX_DRAFT_MASK_KEY; /* of zeros, so that the next can be read */
  assert_refused (f, what, "shorter than its payload");
  assert_sent (f, what, TRUE);
  far_end_assert_frames (far, f, "82+2 81+1");
  fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 1, 0, &event);
  g_assert_cmpuint (event.flags, ==, DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_DELIBERATE);
  g_assert_cmpmem (event.payload, event.payload_size, "z", 1);
  fixture_disconnect (f);
  fixture_free (f);
}

/* ---- a message of several ---- */

static void
assert_no_message (Fixture *f)
{
  static const gsize points[] = { 1 };
  g_autoptr (GBytes) payload = g_bytes_new_static ("ab", 2);
  g_autoptr (GFile)  file = g_file_new_for_path ("/proc/self/status");

  for (int i = 0; i < 4; i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean           done = FALSE;

      switch (i)
        {
        case 0:
          done = duplex_session_send_text (f->session, "ab", -1, &error);
          break;
        case 1:
          done = duplex_session_send_binary (f->session, payload, &error);
          break;
        case 2:
          done = duplex_session_send_split (f->session, DUPLEX_OPCODE_TEXT, payload, points, 1,
                                            &error);
          break;
        case 3:
        default:
          done = duplex_session_send_file (f->session, DUPLEX_OPCODE_TEXT, file, &error) != NULL;
        }
      g_assert_false (done);
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
    }
}

/* Control frames pass between its fragments, and nothing else does before its end. */
static void
test_fragments (void)
{
  g_autoptr (FarEnd)    far = far_end_new (NULL);
  Fixture              *f = fixture_new_far (far);
  g_autoptr (GBytes)    text = g_bytes_new_static ("ab", 2);
  DuplexFrameDraft      part = draft (1, text);
  g_autoptr (DuplexRow) row = NULL;
  g_autoptr (GBytes)    whole = NULL;

  part.fin = FALSE;
  assert_sent (f, part, FALSE);
  assert_no_message (f);
  assert_refused_for (f, draft (1, text), DUPLEX_FINDING_CONTINUATION_EXPECTED);
  g_assert_true (duplex_session_ping (f->session, NULL, NULL));
  part.opcode = 0;
  assert_sent (f, part, FALSE);
  assert_sent (f, draft (9, text), FALSE);
  assert_no_message (f);
  assert_sent (f, draft (0, text), FALSE);
  g_assert_true (duplex_session_send_text (f->session, "next", -1, NULL));
  far_end_assert_frames (far, f, "01+2 89+8 00+2 89+2 80+2 81+4");

  fixture_wait_sent (f, 2);
  row = fixture_find_message (f, DUPLEX_DIRECTION_SENT, 0);
  g_assert_cmpuint (duplex_row_get_n_frames (row), ==, 3);
  g_assert_cmpuint (duplex_row_get_n_findings (row), ==, 0);
  whole = duplex_row_dup_payload (row, G_MAXSIZE, NULL);
  g_assert_cmpmem (g_bytes_get_data (whole, NULL), g_bytes_get_size (whole), "ababab", 6);
  g_clear_object (&row);
  fixture_disconnect (f);
  fixture_free (f);
}

/* A character goes on from one fragment to the next. */
static void
test_text_over_fragments (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_far (far);
  g_autoptr (GBytes) first = g_bytes_new_static ("a\xc3", 2);
  g_autoptr (GBytes) good = g_bytes_new_static ("\xa4", 1);
  g_autoptr (GBytes) bad = g_bytes_new_static ("b", 1);
  DuplexFrameDraft   part = draft (1, first);

  part.fin = FALSE;
  assert_sent (f, part, FALSE);
  assert_refused_for (f, draft (0, bad), DUPLEX_FINDING_INVALID_UTF8);
  assert_refused_for (f, draft (0, NULL), DUPLEX_FINDING_INVALID_UTF8);
  assert_sent (f, draft (0, good), FALSE);
  far_end_assert_frames (far, f, "01+2 80+1");
  fixture_disconnect (f);
  fixture_free (f);
}

/* A message inside another, on purpose: the second is the one that is open then. */
static void
test_inside (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_far (far);
  g_autoptr (GBytes)   text = g_bytes_new_static ("ab", 2);
  DuplexFrameDraft     part = draft (1, text);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              offset;

  part.fin = FALSE;
  assert_sent (f, part, FALSE);
  assert_sent (f, draft (2, text), TRUE);
  fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 2, 0, &event);
  g_assert_true (
    fixture_find_finding (&event, DUPLEX_FINDING_CONTINUATION_EXPECTED, &offset));
  assert_refused_for (f, draft (0, text), DUPLEX_FINDING_CONTINUATION_UNEXPECTED);
  g_assert_true (duplex_session_send_text (f->session, "next", -1, NULL));
  far_end_assert_frames (far, f, "01+2 82+2 81+4");
  fixture_disconnect (f);
  fixture_free (f);
}

/* ---- half-way ---- */

typedef struct
{
  const char *name;
  guint64     stop;
  guint64     length; /* that is stated, 0 for the payload's */
  guint64     left;   /* bytes that leave */
} HalfWay;

/* Far more than the Close that follows is missing, but for the last. */
static const HalfWay half_ways[] = {
  { "first-byte", 1, 0, 1 },
  { "length", 3, 0, 3 },
  { "key", 6, 0, 6 },
  { "header", 8, 0, 8 },
  { "payload", 100, 0, 100 },
  { "last-byte", 207, 0, 207 },
  { "stated", WHOLE, 300, 208 },
  { "top-bit", WHOLE, G_GUINT64_CONSTANT (1) << 63, 214 },
};

static void
assert_nothing_goes (Fixture *f)
{
  g_autoptr (GBytes) ping = g_bytes_new_static ("p", 1);

  assert_no_message (f);
  g_assert_false (duplex_session_ping (f->session, ping, NULL));
  g_assert_false (duplex_session_pong (f->session, ping, NULL));
  assert_refused (f, draft (9, ping), "half-way");
}

/* Nothing is put into the rest of the frame but the Close at the end, and that ends in time. */
static void
test_half_way (gconstpointer data)
{
  const HalfWay       *row = data;
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new (far_end_get_url (far));
  g_autofree char     *text = g_strnfill (200, 'a');
  g_autoptr (GBytes)   payload = g_bytes_new_static (text, 200);
  DuplexFrameDraft     what = draft (2, payload);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  gint64               started;

  what.stop = row->stop;
  what.states_length = row->length != 0;
  what.length = row->length;
  duplex_session_set_close_timeout (f->session, 1);
  fixture_connect (f);
  if (row->length > G_MAXINT64)
    assert_refused_for (f, what, DUPLEX_FINDING_LENGTH_TOP_BIT);
  else
    assert_refused (f, what, "half-way");
  assert_sent (f, what, TRUE);
  far_end_wait_rest (far, f, row->left);
  assert_nothing_goes (f);
  /* Pings go unanswered. */
  for (guint i = 0; i < 3; i++)
    {
      g_auto (DuplexEvent) ping = DUPLEX_EVENT_INIT;

      far_end_write_frame (far, 0x89, "ping", 4);
      fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 9, i, &ping);
    }
  started = g_get_monotonic_time ();
  far_end_set_answers (far, FALSE);
  fixture_disconnect (f);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 3 * G_TIME_SPAN_SECOND);
  far_end_wait_end (far, f);
  /* Only the Close: its header, a key, the code and the reason. */
  g_assert_cmpuint (far_end_get_n_bytes (far), ==, row->left + 32);

  fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 2, 0, &event);
  g_assert_cmpuint (event.flags & DUPLEX_EVENT_FLAG_DELIBERATE, !=, 0);
  fixture_free (f);
}

/* The connection that comes next knows nothing of it. */
static void
test_next_connection (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_far (far);
  g_autoptr (GBytes) text = g_bytes_new_static ("ab", 2);
  DuplexFrameDraft   what = draft (1, text);

  what.fin = FALSE;
  what.stop = 5;
  assert_sent (f, what, TRUE);
  far_end_wait_rest (far, f, 5);
  far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_FRAME_CUT), ==, 1);
  fixture_connect (f);
  g_assert_true (duplex_session_send_text (f->session, "next", -1, NULL));
  fixture_wait_sent (f, 1);
  fixture_disconnect (f);
  fixture_free (f);
}

/* A frame that stops is recorded as far as it came, as one that was meant to. */
static void
test_cut_is_recorded (gconstpointer data)
{
  guint64              stop = GPOINTER_TO_UINT (data);
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_far (far);
  g_autoptr (GBytes)   text = g_bytes_new_static ("abcd", 4);
  DuplexFrameDraft     what = draft (1, text);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              offset = 0;

  what.stop = stop;
  assert_sent (f, what, TRUE);
  far_end_wait_rest (far, f, stop);
  far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  fixture_read_state (f, DUPLEX_EVENT_FRAME, &event);
  g_assert_cmpint (event.direction, ==, DUPLEX_DIRECTION_SENT);
  g_assert_cmpuint (event.flags & ~DUPLEX_EVENT_FLAG_ROW, ==,
                    DUPLEX_EVENT_FLAG_CUT | DUPLEX_EVENT_FLAG_DELIBERATE);
  g_assert_true (fixture_find_finding (&event, DUPLEX_FINDING_FRAME_CUT, &offset));
  g_assert_cmpuint (offset, ==, stop);
  g_assert_cmpuint (duplex_event_get_wire_size (&event), ==, stop);
  fixture_free (f);
}

/* ---- Close ---- */

/* A Close that was composed closes as any other does. */
static void
test_close (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_far (far);
  g_autoptr (GBytes)   body = g_bytes_new_static ("\x0f\xa0why", 5);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  assert_sent (f, draft (8, body), FALSE);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  far_end_assert_frames (far, f, "88+5");
  g_assert_cmpuint (f->close_code, ==, 4000);
  g_assert_cmpstr (f->close_reason, ==, "why");
  g_assert_false (f->by_peer);
  g_assert_no_error (f->error);
  fixture_read_state (f, DUPLEX_EVENT_CLOSED, &event);
  g_assert_cmpuint (event.message_size, >, 0);
  fixture_free (f);
}

/* Behind it comes nothing: not what is given before it has left either. */
static void
test_nothing_behind_close (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autofree guint8 *bytes = g_malloc0 (16 * 1024 * 1024);
  g_autoptr (GBytes) large = g_bytes_new_static (bytes, 16 * 1024 * 1024);

  far_end_set_reads (far, FALSE);
  duplex_session_set_close_timeout (f->session, 15);
  fixture_connect (f);
  g_assert_true (duplex_session_send_binary (f->session, large, NULL));
  assert_sent (f, draft (8, NULL), FALSE);
  duplex_session_send_text (f->session, "late", -1, NULL);
  duplex_session_disconnect (f->session, 0, NULL, NULL);
  far_end_set_reads (far, TRUE);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  far_end_assert_frames (far, f, "82+16777216 88+0");
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_DATA_AFTER_CLOSE), ==, 0);
  fixture_free (f);
}

/* After a Close nothing goes but what is meant to. */
static void
test_after_close (void)
{
  g_autoptr (FarEnd)   far = far_end_new (NULL);
  Fixture             *f = fixture_new_far (far);
  g_autoptr (GBytes)   text = g_bytes_new_static ("ab", 2);
  g_autoptr (GError)   error = NULL;
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              offset;

  far_end_set_answers (far, FALSE);
  g_assert_true (duplex_session_disconnect (f->session, 1001, NULL, NULL));
  g_assert_false (send (f, draft (1, text), FALSE, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_CLOSED);
  assert_sent (f, draft (1, text), TRUE);
  assert_sent (f, draft (8, NULL), TRUE);
  far_end_assert_frames (far, f, "88+2 81+2 88+0");
  fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 1, 0, &event);
  g_assert_cmpuint (event.flags, ==, DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_DELIBERATE);
  g_assert_true (fixture_find_finding (&event, DUPLEX_FINDING_DATA_AFTER_CLOSE, &offset));
  far_end_write_frame (far, 0x88, "\x03\xe8", 2);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (f->close_code, ==, 1000);
  fixture_free (f);
}

/* ---- where messages are compressed ---- */

/* RSV1 says that the payload is compressed, so that only somebody who means it sets it; what is
 * recorded is what it inflates to. */
static void
test_compressed (void)
{
  g_autoptr (FarEnd)   far = far_end_new ("permessage-deflate");
  Fixture             *f = fixture_new_far (far);
  g_autoptr (GBytes)   good = g_bytes_new_static ("\x4a\x4c\x04\x00", 4); /* "aa" */
  DuplexFrameDraft     what = draft (1, good);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  what.rsv1 = TRUE;
  assert_refused (f, what, "RSV1 marks compressed data");
  assert_sent (f, what, TRUE);
  fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 1, 0, &event);
  g_assert_cmpint (event.value, ==, 2);
  g_assert_cmpmem (event.inflated, event.inflated_size, "aa", 2);
  g_assert_cmpuint (event.n_findings, ==, 0);
  g_assert_cmpuint (event.flags, ==, DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_DELIBERATE);
  far_end_assert_frames (far, f, "c1+4");
  what.opcode = 0;
  assert_refused_for (f, what, DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED);
  fixture_disconnect (f);
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  static const guint stops[] = { 1, 2, 5, 6, 8 };

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/composed/legal", test_legal);
  g_test_add_func ("/core/composed/chosen-bytes", test_chosen_bytes);
  for (gsize i = 0; i < G_N_ELEMENTS (illegals); i++)
    {
      g_autofree char *path = g_strconcat ("/core/composed/illegal/", illegals[i].name, NULL);

      g_test_add_data_func (path, &illegals[i], test_illegal);
    }
  g_test_add_func ("/core/composed/impossible", test_impossible);
  g_test_add_func ("/core/composed/shorter", test_shorter);
  g_test_add_func ("/core/composed/fragments", test_fragments);
  g_test_add_func ("/core/composed/fragments/text", test_text_over_fragments);
  g_test_add_func ("/core/composed/fragments/inside", test_inside);
  for (gsize i = 0; i < G_N_ELEMENTS (half_ways); i++)
    {
      g_autofree char *path = g_strconcat ("/core/composed/half-way/", half_ways[i].name, NULL);

      g_test_add_data_func (path, &half_ways[i], test_half_way);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (stops); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/composed/cut/%u", stops[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (stops[i]), test_cut_is_recorded);
    }
  g_test_add_func ("/core/composed/next-connection", test_next_connection);
  g_test_add_func ("/core/composed/close", test_close);
  g_test_add_func ("/core/composed/close/nothing-behind", test_nothing_behind_close);
  g_test_add_func ("/core/composed/close/after", test_after_close);
  g_test_add_func ("/core/composed/compressed", test_compressed);
  return g_test_run ();
}
