/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An analyzer that does not get all bytes of its direction: a relay that had no room for them. */
#include <string.h>

#include "core/io/duplex-analyzer.h"
#include "core/proto/duplex-deflate.h"
#include "core/proto/duplex-frame-encoder.h"

#define MISSING_TIME G_GINT64_CONSTANT (1700000000000000)

/* Frames of one direction, and where each begins. */
typedef struct
{
  GByteArray *bytes;
  GArray     *begins; /* of gsize, the end of the last too */
} Stream;

typedef struct
{
  guint64 gaps;   /* bytes that the events name */
  guint64 frames; /* bytes of frames on the wire */
  guint   n_gaps;
  guint   n_findings;
  guint   n_whole; /* messages that came whole */
  guint   n_cut;
  guint   n_inflated;
  guint   n_unfinished;
} Seen;

static void
act_cb (const DuplexSeenFrame *frame,
        gpointer               user_data)
{
}

static const DuplexAnalyzerCallbacks callbacks = { .act = act_cb };

static Stream *
stream_new (void)
{
  Stream *self = g_new0 (Stream, 1);
  gsize   begin = 0;

  self->bytes = g_byte_array_new ();
  self->begins = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_array_append_val (self->begins, begin);
  return self;
}

static void
stream_free (Stream *self)
{
  g_byte_array_unref (self->bytes);
  g_array_unref (self->begins);
  g_free (self);
}

static void
stream_add (Stream       *self,
            DuplexOpcode  opcode,
            gboolean      fin,
            gboolean      rsv1,
            const guint8 *payload,
            gsize         len)
{
  DuplexFrameHeader header = {
    .fin = fin,
    .rsv1 = rsv1,
    .opcode = opcode,
    .masked = TRUE,
    .mask = { 1, 2, 3, 4 },
    .length_bits = duplex_frame_minimal_length_bits (len),
    .length = len,
  };
  g_autoptr (GBytes) frame = duplex_frame_encode (&header, payload, len);
  gsize              end;

  g_byte_array_append (self->bytes, g_bytes_get_data (frame, NULL),
                       (guint)g_bytes_get_size (frame));
  end = self->bytes->len;
  g_array_append_val (self->begins, end);
}

static Stream *
make_stream (void)
{
  Stream       *self = stream_new ();
  const guint8 *text = (const guint8 *)"h\303\244llo";
  guint8        large[300] = { 0 };

  stream_add (self, DUPLEX_OPCODE_TEXT, TRUE, FALSE, text, 6);
  /* Cut inside a character. */
  stream_add (self, DUPLEX_OPCODE_TEXT, FALSE, FALSE, text, 2);
  stream_add (self, DUPLEX_OPCODE_PING, TRUE, FALSE, text, 1);
  stream_add (self, DUPLEX_OPCODE_CONTINUATION, FALSE, FALSE, text + 2, 2);
  stream_add (self, DUPLEX_OPCODE_CONTINUATION, TRUE, FALSE, text + 4, 2);
  stream_add (self, DUPLEX_OPCODE_BINARY, TRUE, FALSE, large, sizeof large);
  stream_add (self, DUPLEX_OPCODE_TEXT, TRUE, FALSE, text, 6);
  return self;
}

static gboolean
look_cb (const DuplexEvent *event,
         gpointer           user_data)
{
  Seen    *seen = user_data;
  gboolean cut = (event->flags & DUPLEX_EVENT_FLAG_CUT) != 0;

  g_assert_cmpuint (event->connection, ==, 7);
  g_assert_cmpint (event->time_us, ==, MISSING_TIME);
  g_assert_cmpint (event->direction, ==, DUPLEX_DIRECTION_RECEIVED);
  seen->n_findings += event->n_findings;
  if (event->kind == DUPLEX_EVENT_GAP)
    {
      seen->gaps += (guint64)event->value;
      seen->n_gaps++;
    }
  else if (event->kind == DUPLEX_EVENT_UNFINISHED)
    seen->n_unfinished++;
  else
    {
      seen->frames += event->header_size + event->payload_size;
      seen->n_cut += cut;
      seen->n_whole += !cut && event->message != 0 && (event->flags & DUPLEX_EVENT_FLAG_ROW) != 0;
      seen->n_inflated += duplex_event_ends_inflated (event);
    }
  return TRUE;
}

static DuplexAnalyzer *
make_analyzer (DuplexCapture *capture)
{
  DuplexAnalyzer *analyzer = duplex_analyzer_new (DUPLEX_ROLE_CLIENT, DUPLEX_DIRECTION_RECEIVED,
                                                  capture, 7, G_MAXUINT64, &callbacks, NULL);

  duplex_analyzer_set_streams (analyzer);
  duplex_analyzer_set_time (analyzer, MISSING_TIME);
  return analyzer;
}

/* What is between from and to is missing; to is where a frame begins. */
static Seen
feed_without (const Stream                 *stream,
              gsize                         from,
              gsize                         to,
              const DuplexDeflateDirection *deflate,
              guint64                      *ret_dropped)
{
  g_autoptr (DuplexCapture)  capture = duplex_capture_new ();
  g_autoptr (DuplexAnalyzer) analyzer = make_analyzer (capture);
  Seen                       seen = { 0 };

  if (deflate != NULL)
    duplex_analyzer_set_deflate (analyzer, deflate, G_MAXUINT64, 0);
  duplex_analyzer_feed (analyzer, stream->bytes->data, from);
  if (to > from)
    duplex_analyzer_miss (analyzer, to - from);
  duplex_analyzer_feed (analyzer, stream->bytes->data + to, stream->bytes->len - to);
  duplex_analyzer_finish (analyzer);
  duplex_capture_walk (capture, 0, G_MAXUINT64, look_cb, &seen);
  *ret_dropped = duplex_analyzer_get_n_dropped (analyzer);
  return seen;
}

/* From each byte on, up to each frame: what is recorded and what is said to be missing is all that
 * there was, and none of it is a finding. */
static void
test_anywhere (void)
{
  Stream *stream = make_stream ();

  for (gsize from = 0; from <= stream->bytes->len; from++)
    for (guint i = 0; i < stream->begins->len; i++)
      {
        gsize   to = g_array_index (stream->begins, gsize, i);
        Seen    seen;
        guint64 dropped;

        if (to <= from)
          continue;
        seen = feed_without (stream, from, to, NULL, &dropped);
        g_assert_cmpuint (seen.frames + seen.gaps, ==, stream->bytes->len);
        g_assert_cmpuint (seen.gaps, ==, to - from + dropped);
        g_assert_cmpuint (seen.n_gaps, >=, 1);
        g_assert_cmpuint (seen.n_findings, ==, 0);
        g_assert_cmpuint (seen.n_cut, <=, 1);
      }
  stream_free (stream);
}

/* The fragments behind a gap belong to no message that is known, a ping between them does. */
static void
test_remnants (void)
{
  Stream *stream = make_stream ();
  guint64 dropped;
  Seen    seen;

  /* From inside the first fragment to the ping. */
  seen = feed_without (stream, g_array_index (stream->begins, gsize, 1) + 7,
                       g_array_index (stream->begins, gsize, 2), NULL, &dropped);
  g_assert_cmpuint (seen.n_gaps, ==, 2);
  g_assert_cmpuint (dropped, ==, 8 + 8);
  g_assert_cmpuint (seen.n_whole, ==, 3);
  g_assert_cmpuint (seen.n_cut, ==, 1);
  g_assert_cmpuint (seen.n_unfinished, ==, 1);

  /* Between two whole messages. */
  seen = feed_without (stream, g_array_index (stream->begins, gsize, 5),
                       g_array_index (stream->begins, gsize, 6), NULL, &dropped);
  g_assert_cmpuint (seen.n_gaps, ==, 1);
  g_assert_cmpuint (dropped, ==, 0);
  g_assert_cmpuint (seen.n_whole, ==, 3);
  g_assert_cmpuint (seen.n_cut + seen.n_unfinished, ==, 0);
  stream_free (stream);
}

/* Up to the end of the connection. */
static void
test_end (void)
{
  Stream *stream = make_stream ();
  guint64 dropped;
  Seen    seen = feed_without (stream, 3, stream->bytes->len, NULL, &dropped);

  g_assert_cmpuint (seen.n_gaps, ==, 1);
  g_assert_cmpuint (seen.gaps, ==, stream->bytes->len);
  g_assert_cmpuint (seen.n_findings + seen.n_whole + seen.n_cut, ==, 0);
  stream_free (stream);
}

/* RFC 7692 §7.1.1: later messages refer to what is missing, unless that was ruled out. */
static void
test_deflate (void)
{
  static const DuplexDeflateDirection directions[] = { { FALSE, 15 }, { TRUE, 15 } };
  static const char                   text[] = "the same text over and over again";

  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    {
      g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&directions[i], -1, 0);
      Stream                    *stream = stream_new ();
      guint64                    dropped;
      Seen                       seen;

      for (guint n = 0; n < 5; n++)
        {
          g_autoptr (GByteArray) out = g_byte_array_new ();

          duplex_deflater_feed (deflater, (const guint8 *)text, sizeof text - 1, out);
          duplex_deflater_end (deflater, out);
          stream_add (stream, DUPLEX_OPCODE_TEXT, TRUE, TRUE, out->data, out->len);
        }
      seen = feed_without (stream, g_array_index (stream->begins, gsize, 1) + 9,
                           g_array_index (stream->begins, gsize, 3), &directions[i], &dropped);
      g_assert_cmpuint (seen.n_findings, ==, 0);
      g_assert_cmpuint (seen.n_whole, ==, 3);
      g_assert_cmpuint (seen.n_inflated, ==, directions[i].no_context_takeover ? 3 : 1);
      g_assert_cmpuint (seen.frames + seen.gaps, ==, stream->bytes->len);
      stream_free (stream);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/analyzer/missing/anywhere", test_anywhere);
  g_test_add_func ("/core/analyzer/missing/remnants", test_remnants);
  g_test_add_func ("/core/analyzer/missing/end", test_end);
  g_test_add_func ("/core/analyzer/missing/deflate", test_deflate);
  return g_test_run ();
}
