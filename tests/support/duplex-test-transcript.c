/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-test-transcript.h"

#include <string.h>

#include "core/model/duplex-payload-pieces.h"
#include "core/model/duplex-row.h"
#include "core/proto/duplex-close-code.h"
#include "duplex-test-session.h"

/* Payloads up to this size are told as they are. A Close of full size is. */
#define SHOWN_BYTES 123

/* Primes: see duplex_test_pattern(). */
#define TEXT_PERIOD   89
#define BINARY_PERIOD 251

static guint8
get_pattern_byte (gboolean text,
                  gsize    at)
{
  return text ? 0x20 + at % TEXT_PERIOD : at % BINARY_PERIOD;
}

GBytes *
duplex_test_pattern (gboolean text,
                     gsize    size)
{
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = get_pattern_byte (text, i);
  return g_bytes_new_take (bytes, size);
}

static void
append_quoted (GString      *out,
               const guint8 *data,
               gsize         size)
{
  g_string_append_c (out, '"');
  for (gsize i = 0; i < size; i++)
    {
      if (g_ascii_isprint (data[i]) && data[i] != '"' && data[i] != '\\')
        g_string_append_c (out, (char)data[i]);
      else
        g_string_append_printf (out, "\\x%02x", data[i]);
    }
  g_string_append_c (out, '"');
}

char *
duplex_test_quote (const void *data,
                   gsize       size)
{
  GString *out = g_string_new (NULL);

  append_quoted (out, data, size);
  return g_string_free (out, FALSE);
}

static void
append_payload (GString      *out,
                const guint8 *data,
                gsize         size,
                gboolean      text)
{
  gsize at = 0;

  g_string_append_printf (out, " %" G_GSIZE_FORMAT, size);
  if (size == 0)
    return;
  if (size <= SHOWN_BYTES)
    {
      g_string_append_c (out, ' ');
      append_quoted (out, data, size);
      return;
    }
  while (at < size && data[at] == get_pattern_byte (text, at))
    at++;
  if (at == size)
    g_string_append (out, " pattern");
  else
    g_string_append_printf (out, " differs at %" G_GSIZE_FORMAT, at);
}

static void
append_findings (GString           *out,
                 const DuplexEvent *event,
                 guint64           *n_findings)
{
  for (guint i = 0; i < event->n_findings; i++)
    g_string_append_printf (out, " !%s", duplex_finding_get_name (event->findings[i].id));
  *n_findings += event->n_findings;
}

char *
duplex_test_transcript_closed (guint       code,
                               const void *reason,
                               gsize       reason_size,
                               gboolean    by_peer)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "closed %u ", code);
  append_quoted (out, reason, reason_size);
  if (by_peer)
    g_string_append (out, " by peer");
  return g_string_free (out, FALSE);
}

static const char *
get_state_name (DuplexEventKind kind)
{
  switch (kind)
    {
    case DUPLEX_EVENT_CONNECTING:
      return "connecting";
    case DUPLEX_EVENT_REQUEST:
      return "request";
    case DUPLEX_EVENT_RESPONSE:
      return "response";
    case DUPLEX_EVENT_BODY:
      return "body";
    case DUPLEX_EVENT_TLS:
      return "tls";
    case DUPLEX_EVENT_CONNECTED:
      return "connected";
    case DUPLEX_EVENT_UNFINISHED:
      return "unfinished";
    case DUPLEX_EVENT_FRAME:
    case DUPLEX_EVENT_CLOSED:
    case DUPLEX_EVENT_FAILED:
    default:
      g_assert_not_reached ();
    }
}

static void
append_state (GString           *out,
              const DuplexEvent *event)
{
  g_autofree char *closed = NULL;

  switch (event->kind)
    {
    case DUPLEX_EVENT_CLOSED:
      closed = duplex_test_transcript_closed (event->value, event->payload, event->payload_size,
                                              (event->flags & DUPLEX_EVENT_FLAG_PEER) != 0);
      g_string_append (out, closed);
      break;
    case DUPLEX_EVENT_FAILED:
      g_string_append_printf (out, "failed %d", (int)event->value);
      break;
    case DUPLEX_EVENT_FRAME:
    case DUPLEX_EVENT_CONNECTING:
    case DUPLEX_EVENT_REQUEST:
    case DUPLEX_EVENT_RESPONSE:
    case DUPLEX_EVENT_BODY:
    case DUPLEX_EVENT_TLS:
    case DUPLEX_EVENT_CONNECTED:
    case DUPLEX_EVENT_UNFINISHED:
    default:
      g_string_append (out, get_state_name (event->kind));
    }
}

static void
append_close (GString      *out,
              const guint8 *body,
              gsize         size)
{
  const char *reason;
  gsize       reason_size;
  guint       code = duplex_close_body_parse (body, size, &reason, &reason_size, NULL);

  g_string_append_printf (out, " %u ", code);
  append_quoted (out, (const guint8 *)reason, reason_size);
}

static void
append_frames (GString           *out,
               const DuplexEvent *event,
               guint              n_frames,
               const guint8      *payload,
               gsize              size)
{
  g_string_append_printf (out, "%c %s", event->direction == DUPLEX_DIRECTION_SENT ? '>' : '<',
                          duplex_opcode_get_name (event->opcode));
  if (n_frames > 1)
    g_string_append_printf (out, "/%u", n_frames);
  if (event->opcode == DUPLEX_OPCODE_CLOSE)
    append_close (out, payload, size);
  else
    append_payload (out, payload, size, event->opcode == DUPLEX_OPCODE_TEXT);
  if (event->opcode == DUPLEX_OPCODE_PONG && event->value >= 0)
    g_string_append (out, " rtt");
  if ((event->flags & DUPLEX_EVENT_FLAG_CUT) != 0)
    g_string_append (out, " cut");
}

void
duplex_test_transcript_append_event (GString           *out,
                                     const DuplexEvent *event)
{
  guint64 n_findings = 0;

  if (event->kind == DUPLEX_EVENT_FRAME)
    append_frames (out, event, 1, event->payload, event->payload_size);
  else
    append_state (out, event);
  append_findings (out, event, &n_findings);
  g_string_append_c (out, '\n');
}

/* A frame under a row: its header says what the row and RFC 6455 §5 say. Returns the size of its
 * payload. */
static gsize
check_frame (const DuplexEvent *frame,
             const DuplexEvent *row,
             gboolean           first,
             gboolean           last)
{
  DuplexFrameHeader header;

  g_assert_cmpint (frame->kind, ==, DUPLEX_EVENT_FRAME);
  g_assert_cmpint (frame->direction, ==, row->direction);
  g_assert_cmpuint (frame->connection, ==, row->connection);
  g_assert_cmpuint (frame->message, ==, row->message);
  g_assert_true (duplex_event_get_header (frame, &header));
  g_assert_cmpint (header.masked, ==, frame->direction == DUPLEX_DIRECTION_SENT);
  g_assert_cmpuint (header.opcode, ==, first ? row->opcode : DUPLEX_OPCODE_CONTINUATION);
  g_assert_cmpint (header.fin, ==, last);
  g_assert_cmpuint (header.length, ==, frame->payload_size);
  g_assert_cmpuint (header.length_bits, ==, duplex_frame_minimal_length_bits (header.length));
  return frame->payload_size;
}

static void
append_row_of_frames (GString       *out,
                      DuplexCapture *capture,
                      DuplexRow     *row,
                      guint64       *n_findings)
{
  const DuplexEvent *event = duplex_row_get_event (row);
  g_autoptr (GArray) frames = duplex_row_dup_frames (row, G_MAXUINT);
  g_autoptr (GBytes) payload = NULL;
  gboolean           whole;
  gsize              size = 0;
  guint64            shown = 0; /* inflated, where it was compressed */
  guint64            before = *n_findings;

  g_assert_cmpuint (frames->len, ==, duplex_row_get_n_frames (row));
  payload = duplex_row_dup_payload (row, G_MAXSIZE, &whole);
  g_assert_true (whole);
  append_frames (out, event, frames->len, g_bytes_get_data (payload, NULL),
                 g_bytes_get_size (payload));
  for (guint i = 0; i < frames->len; i++)
    {
      g_auto (DuplexEvent) frame = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (capture, g_array_index (frames, guint64, i), &frame));
      size += check_frame (&frame, event, i == 0, i == frames->len - 1);
      shown += duplex_payload_get_size (&frame, duplex_payload_get_shown (event));
      append_findings (out, &frame, n_findings);
    }
  g_assert_cmpuint (size, ==, duplex_row_get_wire_size (row));
  g_assert_cmpuint (shown, ==, g_bytes_get_size (payload));
  g_assert_cmpuint (shown, ==, duplex_row_get_size (row));
  g_assert_cmpuint (*n_findings - before, ==, duplex_row_get_n_findings (row));
}

static void
append_row (GString       *out,
            DuplexCapture *capture,
            guint          position,
            guint64        number,
            guint64       *n_findings)
{
  g_autoptr (DuplexRow) row = g_list_model_get_item (G_LIST_MODEL (capture), position);
  const DuplexEvent    *event;

  g_assert_nonnull (row);
  event = duplex_row_get_event (row);
  g_assert_cmpuint (event->number, ==, number);
  if (event->kind == DUPLEX_EVENT_FRAME)
    {
      append_row_of_frames (out, capture, row, n_findings);
    }
  else
    {
      append_state (out, event);
      append_findings (out, event, n_findings);
    }
  g_string_append_c (out, '\n');
}

char *
duplex_test_transcript_dup (DuplexCapture *capture)
{
  GString     *out = g_string_new (NULL);
  DuplexTotals totals;
  guint64      n_findings = 0;
  guint        n_rows = 0;

  duplex_capture_publish (capture);
  duplex_capture_get_totals (capture, &totals);
  for (guint64 i = 0; i < totals.events; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (capture, i, &event));
      if ((event.flags & DUPLEX_EVENT_FLAG_ROW) != 0)
        append_row (out, capture, n_rows++, i, &n_findings);
      else if (event.kind != DUPLEX_EVENT_FRAME && event.n_findings > 0)
        {
          n_findings += event.n_findings;
          duplex_test_transcript_append_event (out, &event);
        }
    }
  g_assert_cmpuint (n_rows, ==, totals.rows);
  g_assert_cmpuint (n_rows, ==, g_list_model_get_n_items (G_LIST_MODEL (capture)));
  g_assert_cmpuint (n_findings, ==, totals.findings);
  return g_string_free (out, FALSE);
}
