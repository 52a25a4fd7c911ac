/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conversation.h"

#include <string.h>

#include "core/proto/duplex-deflate.h"

#define START_US G_GINT64_CONSTANT (1709294462000000)

static gint64
next_time (DuplexCapture *capture)
{
  DuplexTotals totals;

  duplex_capture_get_totals (capture, &totals);
  return START_US + (gint64)totals.events * 1000;
}

static void
append_frame_with_bit (DuplexCapture *capture,
                       DuplexEvent   *event,
                       gboolean       fin,
                       gboolean       rsv1)
{
  DuplexFrameHeader header = {
    .fin = fin,
    .rsv1 = rsv1,
    .opcode = event->first != event->number ? DUPLEX_OPCODE_CONTINUATION : event->opcode,
    .masked = event->direction == DUPLEX_DIRECTION_SENT,
    .mask = { 0x37, 0xfa, 0x21, 0x3d },
    .length = event->payload_size,
  };

  header.length_bits = event->payload_size < 126 ? 7 : event->payload_size < 65536 ? 16
                                                                                   : 64;
  event->header_size = (guint8)duplex_frame_header_encode (&header, event->header);
  event->time_us = next_time (capture);
  event->connection = 1;
  duplex_capture_append (capture, event);
}

static void
append_frame (DuplexCapture *capture,
              DuplexEvent   *event,
              gboolean       fin)
{
  append_frame_with_bit (capture, event, fin, /* rsv1= */ FALSE);
}

void
conversation_message (DuplexCapture  *capture,
                      DuplexDirection direction,
                      guint8          opcode,
                      const void     *data,
                      gsize           len,
                      guint           n_frames,
                      guint           n_findings)
{
  DuplexFinding findings[8] = { { DUPLEX_FINDING_LENGTH_NOT_MINIMAL, 1 } };
  DuplexTotals  totals;
  guint64       first;

  g_assert_cmpuint (n_findings, <=, G_N_ELEMENTS (findings));
  for (guint i = 1; i < n_findings; i++)
    findings[i] = findings[0];

  duplex_capture_get_totals (capture, &totals);
  first = totals.events;

  for (guint i = 0; i < n_frames; i++)
    {
      gsize       start = len * i / n_frames;
      gsize       end = len * (i + 1) / n_frames;
      DuplexEvent event = DUPLEX_EVENT_INIT;

      event.number = first + i;
      event.first = first;
      event.kind = DUPLEX_EVENT_FRAME;
      event.direction = direction;
      event.opcode = opcode;
      event.message = totals.messages[direction == DUPLEX_DIRECTION_RECEIVED] + 1;
      event.message_size = end;
      event.n_frames = i + 1;
      event.payload = (const guint8 *)data + start;
      event.payload_size = end - start;
      if (i + 1 == n_frames)
        event.flags = DUPLEX_EVENT_FLAG_ROW;
      if (i + 1 == MAX (n_frames - 1, 1) && n_findings > 0)
        {
          event.findings = findings;
          event.n_findings = n_findings;
        }
      append_frame (capture, &event, i + 1 == n_frames);
    }
}

void
conversation_text (DuplexCapture  *capture,
                   DuplexDirection direction,
                   const char     *text,
                   gssize          len)
{
  conversation_message (capture, direction, DUPLEX_OPCODE_TEXT, text,
                        len < 0 ? strlen (text) : (gsize)len, 1, 0);
}

/* What a fragment's share of the compressed bytes inflates to. */
static GByteArray *
inflate (DuplexInflater *inflater,
         const guint8   *data,
         gsize           len)
{
  GByteArray       *out = g_byte_array_new ();
  DuplexInflateStep step;
  guint8            piece[4096];
  gsize             n;

  do
    {
      step = duplex_inflater_feed (inflater, &data, &len, piece, sizeof piece, &n);
      g_byte_array_append (out, piece, (guint)n);
  } while (step == DUPLEX_INFLATE_FULL);
  g_assert_cmpint (step, ==, DUPLEX_INFLATE_NEED_MORE);
  return out;
}

void
conversation_compressed (DuplexCapture  *capture,
                         DuplexDirection direction,
                         guint8          opcode,
                         const void     *data,
                         gsize           len,
                         guint           n_frames)
{
  const DuplexDeflateDirection alone = { .no_context_takeover = TRUE, .window_bits = 15 };
  g_autoptr (DuplexDeflater)   deflater = duplex_deflater_new (&alone, -1, 0);
  g_autoptr (DuplexInflater)   inflater = duplex_inflater_new (&alone, G_MAXUINT64);
  g_autoptr (GByteArray)       wire = g_byte_array_new ();
  DuplexTotals                 totals;
  guint64                      first;

  duplex_deflater_feed (deflater, data, len, wire);
  duplex_deflater_end (deflater, wire);
  duplex_capture_get_totals (capture, &totals);
  first = totals.events;

  for (guint i = 0; i < n_frames; i++)
    {
      gsize                  start = (gsize)wire->len * i / n_frames;
      gsize                  end = (gsize)wire->len * (i + 1) / n_frames;
      g_autoptr (GByteArray) share = inflate (inflater, wire->data + start, end - start);
      DuplexEvent            event = DUPLEX_EVENT_INIT;

      event.number = first + i;
      event.first = first;
      event.kind = DUPLEX_EVENT_FRAME;
      event.direction = direction;
      event.opcode = opcode;
      event.message = totals.messages[direction == DUPLEX_DIRECTION_RECEIVED] + 1;
      event.message_size = end;
      event.n_frames = i + 1;
      event.payload = wire->data + start;
      event.payload_size = end - start;
      event.inflated = share->data != NULL ? share->data : (const guint8 *)"";
      event.inflated_size = share->len;
      if (i + 1 == n_frames)
        {
          event.flags = DUPLEX_EVENT_FLAG_ROW;
          event.value = (gint64)len;
        }
      append_frame_with_bit (capture, &event, i + 1 == n_frames, /* rsv1= */ i == 0);
    }
}

void
conversation_corrupt (DuplexCapture *capture)
{
  static const guint8 garbage[] = { 0x07, 0xff, 0x00, 0x41, 0xfe };
  const DuplexFinding finding = { DUPLEX_FINDING_DEFLATE_CORRUPT, 2 };
  DuplexTotals        totals;
  DuplexEvent         event = DUPLEX_EVENT_INIT;

  duplex_capture_get_totals (capture, &totals);
  event.number = event.first = totals.events;
  event.kind = DUPLEX_EVENT_FRAME;
  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.direction = DUPLEX_DIRECTION_RECEIVED;
  event.opcode = DUPLEX_OPCODE_TEXT;
  event.message = totals.messages[1] + 1;
  event.message_size = sizeof garbage;
  event.n_frames = 1;
  event.payload = garbage;
  event.payload_size = sizeof garbage;
  event.findings = &finding;
  event.n_findings = 1;
  append_frame_with_bit (capture, &event, /* fin= */ TRUE, /* rsv1= */ TRUE);
}

void
conversation_control (DuplexCapture  *capture,
                      DuplexDirection direction,
                      guint8          opcode,
                      const void     *data,
                      gsize           len,
                      gint64          value)
{
  DuplexEvent  event = DUPLEX_EVENT_INIT;
  DuplexTotals totals;

  duplex_capture_get_totals (capture, &totals);
  event.number = event.first = totals.events;
  event.kind = DUPLEX_EVENT_FRAME;
  event.direction = direction;
  event.opcode = opcode;
  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.message_size = len;
  event.n_frames = 1;
  event.payload = data;
  event.payload_size = len;
  event.value = value;
  append_frame (capture, &event, /* fin= */ TRUE);
}

void
conversation_state (DuplexCapture  *capture,
                    DuplexEventKind kind,
                    const char     *text,
                    gint64          value)
{
  DuplexEvent  event = DUPLEX_EVENT_INIT;
  DuplexTotals totals;

  duplex_capture_get_totals (capture, &totals);
  event.number = event.first = totals.events;
  event.kind = kind;
  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.time_us = next_time (capture);
  event.connection = 1;
  event.payload = (const guint8 *)text;
  event.payload_size = strlen (text);
  event.value = value;
  duplex_capture_append (capture, &event);
}

void
conversation_sample (DuplexCapture *capture)
{
  static const guint8 close_body[] = { 0x03, 0xe8, 'D', 'o', 'n', 'e' };
  const char          message[] = "{\"op\":\"subscribe\",\"channel\":\"ticker\",\"id\":7}";
  const char          answer[] =
    "{\"id\":7,\"ok\":true,\"error\":null,\"price\":67120.25,\"book\":[[67120,0.5],"
    "[67119.5,12]],\"venue\":\"Zürich\",\"tags\":[]}";
  g_autoptr (GString) rows = g_string_new ("{\"rows\":[");
  guint8              bytes[200];

  for (guint i = 0; i < 400; i++)
    g_string_append_printf (rows, "%s{\"n\":%u,\"name\":\"row %u\"}", i > 0 ? "," : "", i, i);
  g_string_append (rows, "]}");
  for (guint i = 0; i < G_N_ELEMENTS (bytes); i++)
    bytes[i] = (guint8)(i * 37 + 65);

  conversation_state (capture, DUPLEX_EVENT_CONNECTING, "ws://localhost:8080/echo", -1);
  conversation_state (capture, DUPLEX_EVENT_CONNECTED, "ws://localhost:8080/echo", 12000);
  conversation_text (capture, DUPLEX_DIRECTION_SENT, message, -1);
  conversation_text (capture, DUPLEX_DIRECTION_RECEIVED, answer, -1);
  conversation_control (capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PING, "12345678", 8, -1);
  conversation_control (capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_PONG, "12345678", 8, 840);
  conversation_text (capture, DUPLEX_DIRECTION_SENT, "hello", -1);
  conversation_text (capture, DUPLEX_DIRECTION_RECEIVED,
                     "A plain sentence that is long enough to be wrapped in most windows, with an "
                     "emoji 👩‍🚀, a bidi override \u202e and a bell \a.",
                     -1);
  conversation_message (capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, rows->str,
                        rows->len, 3, 2);
  conversation_message (capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY, bytes, sizeof bytes,
                        1, 0);
  conversation_text (capture, DUPLEX_DIRECTION_SENT, "", 0);
  conversation_control (capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_CLOSE, close_body,
                        sizeof close_body, -1);
  conversation_state (capture, DUPLEX_EVENT_CLOSED, "Done", 1000);
  conversation_state (capture, DUPLEX_EVENT_FAILED, "connection refused by 127.0.0.1:9", 5);
}

DuplexRow *
conversation_get_row (DuplexCapture *capture,
                      guint          position)
{
  duplex_capture_publish (capture);
  return g_list_model_get_item (G_LIST_MODEL (capture), position);
}
