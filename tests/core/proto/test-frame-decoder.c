/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-frame-decoder.h"

#include "core/proto/duplex-frame-encoder.h"
#include "duplex-guard-page.h"
#include "duplex-hex.h"

/* What the decoder reports of a stream. Payload is one line a frame, however it was cut. */
typedef struct
{
  const char *name;
  const char *hex;
  const char *steps;
} Case;

static const Case cases[] = {
  { "nothing", "", "idle" },
  { "rfc/unmasked-hello", "81 05 48 65 6c 6c 6f", "H8105 P48656c6c6f E idle" },
  { "rfc/masked-hello", "81 85 37 fa 21 3d 7f 9f 4d 51 58", "H818537fa213d P7f9f4d5158 E idle" },
  { "rfc/fragmented-hello", "01 03 48 65 6c  80 02 6c 6f", "H0103 P48656c E H8002 P6c6f E idle" },
  { "rfc/ping-and-masked-pong",
    "89 05 48 65 6c 6c 6f  8a 85 37 fa 21 3d 7f 9f 4d 51 58",
    "H8905 P48656c6c6f E H8a8537fa213d P7f9f4d5158 E idle" },
  { "empty-frames", "81 00 82 00 89 80 01 02 03 04", "H8100 E H8200 E H898001020304 E idle" },
  { "length/16-bits-not-minimal", "82 7e 00 02 aa bb", "H827e0002 Paabb E idle" },
  { "length/64-bits-not-minimal",
    "82 7f 00 00 00 00 00 00 00 01 aa",
    "H827f0000000000000001 Paa E idle" },
  { "length/16-bits-zero-masked",
    "82 fe 00 00 01 02 03 04 81 00",
    "H82fe000001020304 E H8100 E idle" },
  { "illegal/all-bits-and-reserved-opcode", "ff 01 00", "Hff01 P00 E idle" },
  { "illegal/long-ping", "09 7e 00 03 01 02 03", "H097e0003 P010203 E idle" },
  { "cut/first-byte", "81", "partial-81" },
  { "cut/before-length", "82 7e 01", "partial-827e01" },
  { "cut/in-mask", "81 00 81 81 01 02 03", "H8100 E partial-8181010203" },
  { "cut/before-payload", "82 02", "H8202 cut-0" },
  { "cut/in-payload", "82 03 aa bb", "H8203 Paabb cut-2" },
  { "cut/in-large-payload",
    "82 7f 7f ff ff ff ff ff ff ff 01 02 03",
    "H827f7fffffffffffffff P010203 cut-3" },
  { "lost/top-bit", "82 7f 80 00 00 00 00 00 00 00 81 00", "H827f8000000000000000 lost" },
  { "lost/top-bit-masked",
    "82 00 82 ff ff ff ff ff ff ff ff ff 01 02 03 04 aa",
    "H8200 E H82ffffffffffffffffff01020304 lost" },
};

typedef struct
{
  DuplexFrameDecoder *decoder;
  GByteArray         *payload;
  GString            *steps;
} Run;

static void
append_hex (GString      *out,
            const char   *before,
            const guint8 *data,
            gsize         len)
{
  g_autofree char *hex = duplex_hex_encode (data, len);

  g_string_append_printf (out, "%s%s ", before, hex);
}

static void
flush_payload (Run *run)
{
  if (run->payload->len > 0)
    append_hex (run->steps, "P", run->payload->data, run->payload->len);
}

/* Writes down one step. FALSE when there is nothing more to take from this piece. */
static gboolean
write_step (Run               *run,
            DuplexDecodeStep   step,
            const DuplexSlice *slice)
{
  const guint8 *bytes;
  gsize         size;

  switch (step)
    {
    case DUPLEX_DECODE_HEADER:
      bytes = duplex_frame_decoder_get_header_bytes (run->decoder, &size);
      append_hex (run->steps, "H", bytes, size);
      return TRUE;

    case DUPLEX_DECODE_PAYLOAD:
      g_assert_cmpuint (slice->len, >, 0);
      g_assert_cmpuint (slice->offset, ==, run->payload->len);
      g_byte_array_append (run->payload, slice->data, slice->len);
      return TRUE;

    case DUPLEX_DECODE_END:
      flush_payload (run);
      g_byte_array_set_size (run->payload, 0);
      g_string_append (run->steps, "E ");
      return TRUE;

    case DUPLEX_DECODE_NEED_MORE:
    case DUPLEX_DECODE_LOST:
    default:
      return FALSE;
    }
}

static void
write_tail (Run     *run,
            gboolean lost)
{
  const guint8 *partial;
  gsize         size;

  flush_payload (run);
  partial = duplex_frame_decoder_get_partial_header (run->decoder, &size);
  if (lost)
    {
      g_assert_false (duplex_frame_decoder_is_idle (run->decoder));
      g_string_append (run->steps, "lost");
    }
  else if (size > 0)
    {
      g_autofree char *hex = duplex_hex_encode (partial, size);

      g_assert_false (duplex_frame_decoder_is_idle (run->decoder));
      g_assert_null (duplex_frame_decoder_get_header (run->decoder));
      g_string_append_printf (run->steps, "partial-%s", hex);
    }
  else if (duplex_frame_decoder_is_idle (run->decoder))
    g_string_append (run->steps, "idle");
  else
    g_string_append_printf (run->steps, "cut-%u", run->payload->len);
}

/* The steps of a stream that comes in pieces of one size, each right before a guard page. */
static char *
run_in_pieces (GBytes *stream,
               gsize   piece_size)
{
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  g_autoptr (DuplexGuardPage)    guard = duplex_guard_page_new (piece_size);
  g_autoptr (GByteArray)         payload = g_byte_array_new ();
  Run                            run = { decoder, payload, g_string_new (NULL) };
  DuplexDecodeStep               step = DUPLEX_DECODE_NEED_MORE;
  gsize                          len;
  const guint8                  *data = g_bytes_get_data (stream, &len);

  for (gsize done = 0; done < len && step != DUPLEX_DECODE_LOST; done += piece_size)
    {
      gsize         left = MIN (piece_size, len - done);
      const guint8 *piece = duplex_guard_page_place (guard, data + done, left);
      const guint8 *end = piece + left;
      DuplexSlice   slice;

      do
        {
          step = duplex_frame_decoder_step (decoder, &piece, &left, &slice);
          g_assert_true (piece + left == end);
      } while (write_step (&run, step, &slice));

      if (step == DUPLEX_DECODE_NEED_MORE)
        g_assert_cmpuint (left, ==, 0);
    }

  write_tail (&run, step == DUPLEX_DECODE_LOST);
  return g_string_free (run.steps, FALSE);
}

static void
test_case (gconstpointer data)
{
  const Case        *c = data;
  g_autoptr (GBytes) stream = duplex_hex_decode (c->hex);
  gsize              len = g_bytes_get_size (stream);

  for (gsize piece = 1; piece <= len + 1; piece++)
    {
      g_autofree char *steps = run_in_pieces (stream, piece);

      g_assert_cmpstr (steps, ==, c->steps);
    }
}

/* An empty piece is no end of anything and does not disturb. */
static void
test_empty_piece (void)
{
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  static const guint8            bytes[] = { 0x81, 0x01, 0x78 };
  DuplexSlice                    slice;
  gsize                          none = 0;
  const guint8                  *nothing = NULL;

  for (gsize i = 0; i < sizeof bytes; i++)
    {
      const guint8 *data = &bytes[i];
      gsize         len = 1;

      g_assert_cmpint (duplex_frame_decoder_step (decoder, &nothing, &none, &slice), ==,
                       DUPLEX_DECODE_NEED_MORE);
      duplex_frame_decoder_step (decoder, &data, &len, &slice);
      g_assert_cmpuint (len, ==, 0);
    }

  g_assert_cmpint (duplex_frame_decoder_step (decoder, &nothing, &none, &slice), ==,
                   DUPLEX_DECODE_END);
  g_assert_cmpint (duplex_frame_decoder_step (decoder, &nothing, &none, &slice), ==,
                   DUPLEX_DECODE_NEED_MORE);
}

/* Payload is handed out as what was fed, not as a copy. */
static void
test_slice_borrows (void)
{
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  static const guint8            bytes[] = { 0x82, 0x03, 0x01, 0x02, 0x03, 0x82 };
  const guint8                  *data = bytes;
  gsize                          len = sizeof bytes;
  DuplexSlice                    slice;

  duplex_frame_decoder_step (decoder, &data, &len, &slice);
  g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                   DUPLEX_DECODE_PAYLOAD);
  g_assert_true (slice.data == bytes + 2);
  g_assert_cmpuint (slice.len, ==, 3);
  g_assert_cmpuint (slice.offset, ==, 0);
  g_assert_cmpuint (len, ==, 1);
}

/* The header can be read from its report until the step after the end, and not before or later. */
static void
test_header_lifetime (void)
{
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  static const guint8            bytes[] = { 0xc1, 0x81, 0x01, 0x02, 0x03, 0x04, 0x05, 0x82 };
  const guint8                  *data = bytes;
  const DuplexFrameHeader       *header;
  gsize                          len = sizeof bytes;
  gsize                          size;
  DuplexSlice                    slice;

  g_assert_null (duplex_frame_decoder_get_header (decoder));
  for (int i = 0; i < 3; i++)
    {
      duplex_frame_decoder_step (decoder, &data, &len, &slice);
      header = duplex_frame_decoder_get_header (decoder);
      g_assert_nonnull (header);
      g_assert_true (header->rsv1);
      g_assert_cmpuint (header->length, ==, 1);
      g_assert_cmpmem (duplex_frame_decoder_get_header_bytes (decoder, &size), size, bytes, 6);
      duplex_frame_decoder_get_partial_header (decoder, &size);
      g_assert_cmpuint (size, ==, 0);
    }

  g_assert_true (duplex_frame_decoder_is_idle (decoder));
  g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                   DUPLEX_DECODE_NEED_MORE);
  g_assert_false (duplex_frame_decoder_is_idle (decoder));
  g_assert_null (duplex_frame_decoder_get_header (decoder));
  duplex_frame_decoder_get_header_bytes (decoder, &size);
  g_assert_cmpuint (size, ==, 0);
  g_assert_cmpmem (duplex_frame_decoder_get_partial_header (decoder, &size), size, bytes + 7, 1);
}

/* After a length that cannot be, nothing is taken any more, and the header stays to be shown. */
static void
test_lost_stays (void)
{
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  static const guint8            bytes[] = { 0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 5, 0x81, 0x00 };
  const guint8                  *data = bytes;
  gsize                          len = sizeof bytes;
  DuplexSlice                    slice;

  g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                   DUPLEX_DECODE_HEADER);
  for (int i = 0; i < 3; i++)
    {
      g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                       DUPLEX_DECODE_LOST);
      g_assert_cmpuint (len, ==, 2);
      g_assert_true (data == bytes + 10);
      g_assert_cmpuint (duplex_frame_decoder_get_header (decoder)->length, ==,
                        (guint64)G_MAXINT64 + 6);
    }
}

/* A payload beyond 4 GiB is counted in 64 bits; its bytes come as the same piece over and over. */
static void
test_five_gigabytes (void)
{
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  g_autofree guint8             *piece = g_malloc0 (16 * 1024 * 1024);
  static const guint8            header[] = { 0x82, 0x7f, 0, 0, 0, 1, 0x40, 0, 0, 0 };
  const guint8                  *data = header;
  gsize                          len = sizeof header;
  guint64                        done = 0;
  DuplexSlice                    slice;

  g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                   DUPLEX_DECODE_HEADER);
  while (!duplex_frame_decoder_is_idle (decoder))
    {
      data = piece;
      len = 16 * 1024 * 1024;
      g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                       DUPLEX_DECODE_PAYLOAD);
      g_assert_cmpuint (slice.offset, ==, done);
      done += slice.len;
      if (done == G_GUINT64_CONSTANT (0x140000000))
        g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                         DUPLEX_DECODE_END);
    }

  g_assert_cmpuint (done, ==, G_GUINT64_CONSTANT (0x140000000));
}

static void
no_mask (guint8   mask[4],
         gpointer user_data)
{
}

/* A thousand frames of all sizes around the borders, back to back, in pieces of odd sizes. */
static void
test_many_frames (void)
{
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  g_autoptr (GByteArray)         stream = g_byte_array_new ();
  g_autofree guint8             *payload = g_malloc0 (70000);
  gsize                          sizes[1000];
  gsize                          n_frames = 0;
  gsize                          done = 0;
  guint64                        got = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      static const gsize around[] = { 0, 1, 124, 125, 126, 127, 300, 65534, 65535, 65536 };
      DuplexRole         role = i % 3 == 0 ? DUPLEX_ROLE_CLIENT : DUPLEX_ROLE_SERVER;
      g_autoptr (GBytes) frame = NULL;

      /* The large ones are rare: the stream stays at a few megabytes. */
      sizes[i] = around[i % (i % 100 == 0 ? G_N_ELEMENTS (around) : 7)];
      frame = duplex_frame_encode_simple (role, DUPLEX_OPCODE_BINARY, payload, sizes[i], no_mask,
                                          NULL);
      g_byte_array_append (stream, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
    }

  while (done < stream->len)
    {
      const guint8    *data = stream->data + done;
      gsize            piece = MIN (1 + done % 4093, stream->len - done);
      gsize            len = piece;
      DuplexDecodeStep step;
      DuplexSlice      slice;

      while ((step = duplex_frame_decoder_step (decoder, &data, &len, &slice)) !=
             DUPLEX_DECODE_NEED_MORE)
        {
          if (step == DUPLEX_DECODE_HEADER)
            got = 0;
          else if (step == DUPLEX_DECODE_PAYLOAD)
            got += slice.len;
          else
            g_assert_cmpuint (got, ==, sizes[n_frames++]);
        }
      done += piece;
    }

  g_assert_cmpuint (n_frames, ==, G_N_ELEMENTS (sizes));
  g_assert_true (duplex_frame_decoder_is_idle (decoder));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/core/frame-decoder/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/core/frame-decoder/empty-piece", test_empty_piece);
  g_test_add_func ("/core/frame-decoder/slice-borrows", test_slice_borrows);
  g_test_add_func ("/core/frame-decoder/header-lifetime", test_header_lifetime);
  g_test_add_func ("/core/frame-decoder/lost-stays", test_lost_stays);
  g_test_add_func ("/core/frame-decoder/five-gigabytes", test_five_gigabytes);
  g_test_add_func ("/core/frame-decoder/many-frames", test_many_frames);

  return g_test_run ();
}
