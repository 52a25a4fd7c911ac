/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-trace.h"

#include "core/proto/duplex-frame-decoder.h"
#include "core/proto/duplex-message.h"
#include "duplex-hex.h"

typedef struct
{
  DuplexFrameDecoder   *decoder;
  DuplexMessageTracker *tracker;
  GArray               *findings;
  GByteArray           *payload;
  GString              *out;
  gboolean              lost;
} Trace;

static void
write_findings (Trace *trace)
{
  for (guint i = 0; i < trace->findings->len; i++)
    {
      DuplexFinding finding = g_array_index (trace->findings, DuplexFinding, i);

      g_string_append_printf (trace->out, "finding %s @%" G_GUINT64_FORMAT "\n",
                              duplex_finding_get_name (finding.id), finding.offset);
    }
  g_array_set_size (trace->findings, 0);
}

static void
write_header (Trace *trace)
{
  const DuplexFrameHeader *header = duplex_frame_decoder_get_header (trace->decoder);
  DuplexMessagePlace       place;
  gsize                    size;
  const guint8            *bytes;
  g_autofree char         *hex = NULL;
  g_autofree char         *mask = NULL;

  bytes = duplex_frame_decoder_get_header_bytes (trace->decoder, &size);
  g_assert_cmpuint (size, ==, duplex_frame_header_get_size (header));
  hex = duplex_hex_encode (bytes, header->masked ? size - 4 : size);
  mask = duplex_hex_encode (header->mask, 4);
  g_string_append_printf (trace->out, "header %s%s%s\n", hex, header->masked ? " " : "",
                          header->masked ? mask : "");

  duplex_message_tracker_header (trace->tracker, header, &place, trace->findings);
  if (place.is_control)
    g_string_append_printf (trace->out, "control %s\n", duplex_opcode_get_name (place.opcode));
  else
    g_string_append_printf (trace->out,
                            "message %" G_GUINT64_FORMAT " %s%s%s size=%" G_GUINT64_FORMAT
                            " frames=%u\n",
                            place.number, duplex_opcode_get_name (place.opcode),
                            place.first ? " first" : "", place.last ? " last" : "",
                            place.message_size, place.n_frames);
  write_findings (trace);
}

static void
take_payload (Trace             *trace,
              const DuplexSlice *slice)
{
  const DuplexFrameHeader *header = duplex_frame_decoder_get_header (trace->decoder);
  gsize                    before = trace->payload->len;
  guint8                  *clear;

  g_assert_cmpuint (slice->len, >, 0);
  g_assert_cmpuint (slice->offset, ==, before);
  g_byte_array_append (trace->payload, slice->data, slice->len);
  clear = trace->payload->data + before;
  if (header->masked)
    duplex_mask (clear, clear, slice->len, header->mask, slice->offset);

  duplex_message_tracker_payload (trace->tracker, clear, slice->len, trace->findings);
  write_findings (trace);
}

static void
write_payload (Trace *trace)
{
  g_autofree char *hex = duplex_hex_encode (trace->payload->data, trace->payload->len);

  if (trace->payload->len > 0)
    g_string_append_printf (trace->out, "payload %s\n", hex);
}

static void
write_end (Trace *trace)
{
  write_payload (trace);
  g_byte_array_set_size (trace->payload, 0);
  duplex_message_tracker_end (trace->tracker, trace->findings);
  write_findings (trace);
  g_string_append (trace->out, "end\n");
}

static void
feed (Trace        *trace,
      const guint8 *data,
      gsize         len)
{
  const guint8    *end = data + len;
  DuplexDecodeStep step;
  DuplexSlice      slice;

  while ((step = duplex_frame_decoder_step (trace->decoder, &data, &len, &slice)) !=
         DUPLEX_DECODE_NEED_MORE)
    {
      switch (step)
        {
        case DUPLEX_DECODE_HEADER:
          write_header (trace);
          break;
        case DUPLEX_DECODE_PAYLOAD:
          take_payload (trace, &slice);
          break;
        case DUPLEX_DECODE_END:
          write_end (trace);
          break;
        case DUPLEX_DECODE_LOST:
          trace->lost = TRUE;
          return;
        case DUPLEX_DECODE_NEED_MORE:
        default:
          g_assert_not_reached ();
        }
      g_assert_true (data + len == end);
    }

  g_assert_cmpuint (len, ==, 0);
}

static void
write_tail (Trace *trace)
{
  gsize         size;
  const guint8 *partial = duplex_frame_decoder_get_partial_header (trace->decoder, &size);
  guint64       open = duplex_message_tracker_get_open (trace->tracker);

  write_payload (trace);
  if (trace->lost)
    g_string_append (trace->out, "lost\n");
  else if (duplex_frame_decoder_is_idle (trace->decoder))
    g_string_append (trace->out, "idle\n");
  else if (size > 0)
    {
      g_autofree char *hex = duplex_hex_encode (partial, size);

      g_string_append_printf (trace->out, "cut header %s\n", hex);
    }
  else
    g_string_append_printf (trace->out, "cut payload %u/%" G_GUINT64_FORMAT "\n",
                            trace->payload->len,
                            duplex_frame_decoder_get_header (trace->decoder)->length);

  if (open != 0)
    g_string_append_printf (trace->out, "open %" G_GUINT64_FORMAT "\n", open);
}

static gsize
next_piece (const DuplexTraceOptions *options,
            gsize                     index,
            gsize                     left)
{
  gsize size;

  if (options->pieces == NULL || options->n_pieces == 0)
    return left;

  size = options->pieces[index % options->n_pieces];
  return CLAMP (size, 1, left);
}

char *
duplex_trace (const guint8             *data,
              gsize                     len,
              const DuplexTraceOptions *options)
{
  g_autoptr (DuplexFrameDecoder)   decoder = duplex_frame_decoder_new ();
  g_autoptr (DuplexMessageTracker) tracker = NULL;
  g_autoptr (GArray)               findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autoptr (GByteArray)           payload = g_byte_array_new ();
  Trace                            trace = { decoder, NULL, findings, payload, NULL, FALSE };
  gsize                            done = 0;

  tracker = duplex_message_tracker_new (options->sender, options->max_message);
  trace.tracker = tracker;
  trace.out = g_string_new (NULL);
  for (gsize i = 0; done < len && !trace.lost; i++)
    {
      gsize         piece = next_piece (options, i, len - done);
      const guint8 *bytes = data + done;

      if (options->guard != NULL)
        bytes = duplex_guard_page_place (options->guard, bytes, piece);
      feed (&trace, bytes, piece);
      done += piece;
    }

  write_tail (&trace);
  return g_string_free (trace.out, FALSE);
}
