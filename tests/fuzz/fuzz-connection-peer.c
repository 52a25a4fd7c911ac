/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-connection-run.h"

#include "duplex-fake-clock.h"

/* Bytes after which reads of a few bytes are made larger, for the same reason. */
#define MANY_BYTES 20000

static void
give (FuzzRun      *run,
      const guint8 *data,
      gsize         len)
{
  if (run->ended || run->n_bytes + len > FUZZ_MAX_BYTES)
    return;
  run->n_bytes += len;
  if (run->n_bytes > MANY_BYTES)
    duplex_fake_stream_set_piece (run->stream, 0);
  duplex_fake_stream_give (run->stream, data, len);
}

static void
give_frame (FuzzRun      *run,
            guint8        first,
            gboolean      wrong_mask,
            guint8        length_bits,
            const guint8 *payload,
            gsize         len)
{
  gboolean          is_client = run->settings.role == DUPLEX_ROLE_SERVER;
  DuplexFrameHeader header = {
    .fin = (first & 0x80) != 0,
    .rsv1 = (first & 0x40) != 0,
    .rsv2 = (first & 0x20) != 0,
    .rsv3 = (first & 0x10) != 0,
    .opcode = first & 0x0f,
    .masked = is_client != wrong_mask,
    .mask = { 0x37, 0xfa, 0x21, (guint8)run->n_frames++ },
    .length_bits = MAX (length_bits, duplex_frame_minimal_length_bits (len)),
    .length = len,
  };
  g_autoptr (GBytes) frame = duplex_frame_encode (&header, payload, len);

  give (run, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
}

/* Any frame, with the mask that the peer must have but for one bit of the input. */
static void
command_frame (FuzzRun *run)
{
  static const guint8 bits[] = { 7, 7, 16, 64 };
  guint8              first = fuzz_take_byte (&run->input);
  guint8              second = fuzz_take_byte (&run->input);
  gsize               len;
  const guint8       *data = fuzz_take_bytes (&run->input, 255, &len);

  give_frame (run, first, (second & 0x80) != 0, bits[second & 3], data, len);
}

static void
command_bytes (FuzzRun *run)
{
  gsize         len;
  const guint8 *data = fuzz_take_bytes (&run->input, 255, &len);

  give (run, data, len);
}

/* A frame larger than a block of the capture, a read, or what libsoup is shown. */
static void
command_large (FuzzRun *run)
{
  guint8             first = fuzz_take_byte (&run->input);
  gsize              len = (gsize)(1 + fuzz_take_byte (&run->input) % 96) * 4096;
  g_autofree guint8 *payload = g_malloc (len);

  for (gsize i = 0; i < len; i++)
    payload[i] = (guint8)(' ' + i % 89);
  give_frame (run, first, FALSE, 7, payload, len);
}

/* A compressed message, whole or in fragments, small or a bomb, maybe with a bad byte. */
static void
command_compressed (FuzzRun *run)
{
  static const guint     times[] = { 1, 20, 300, 4000 };
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  guint8                 flags = fuzz_take_byte (&run->input);
  gsize                  len;
  const guint8          *data = fuzz_take_bytes (&run->input, 255, &len);
  gsize                  at = 0;
  gsize                  piece;

  if (run->peer == NULL || run->n_bytes > FUZZ_MAX_BYTES / 2)
    return;
  for (guint n = times[(flags >> 4) & 3]; n > 0; n--)
    g_byte_array_append (plain, data, (guint)len);
  for (guint i = 0; (flags & 1) == 0 && i < plain->len; i++)
    plain->data[i] &= 0x7f;
  duplex_deflater_feed (run->peer, plain->data, plain->len, wire);
  duplex_deflater_end (run->peer, wire);
  if ((flags & 0x80) != 0)
    wire->data[wire->len / 2] ^= 0x55;

  piece = wire->len / (1 + ((flags >> 2) & 3)) + 1;
  for (guint i = 0; at < wire->len; i++)
    {
      gsize  n = MIN (piece, wire->len - at);
      guint8 fin = at + n == wire->len ? 0x80 : 0;
      guint8 first = i > 0 ? 0 : (flags & 1) != 0 ? 0x42
                                                  : 0x41;

      give_frame (run, first | fin, FALSE, 7, wire->data + at, n);
      at += n;
    }
}

void
fuzz_run_end_stream (FuzzRun *run)
{
  g_autoptr (GError) reset =
    g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "Connection reset by peer");
  g_autoptr (GError)  cut = g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_EOF, "No close_notify");
  const GError *const errors[] = { NULL, reset, cut };
  guint8              which = fuzz_take_byte (&run->input);

  if (run->ended)
    return;
  run->ended = TRUE;
  duplex_fake_stream_end (run->stream, errors[which % G_N_ELEMENTS (errors)]);
}

static void
command_fail_writes (FuzzRun *run)
{
  g_autoptr (GError) error =
    g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "Broken pipe");

  duplex_fake_stream_fail_writes (run->stream, error);
}

static void
command_pace (FuzzRun *run)
{
  static const gsize pieces[] = { 0, 1, 2, 7, 100, 16384 };
  guint8             pace = fuzz_take_byte (&run->input);

  if (run->n_bytes <= MANY_BYTES)
    duplex_fake_stream_set_piece (run->stream, pieces[pace % G_N_ELEMENTS (pieces)]);
  duplex_fake_clock_set_step ((pace >> 4) * 700);
}

static void
command_room (FuzzRun *run)
{
  duplex_fake_stream_set_room (run->stream, fuzz_take_byte (&run->input));
}

static void
command_all_room (FuzzRun *run)
{
  duplex_fake_stream_set_room (run->stream, G_MAXSIZE);
}

static void
command_wake (FuzzRun *run)
{
  duplex_fake_stream_wake (run->stream);
}

const FuzzCommand fuzz_run_peer_commands[] = {
  command_bytes,
  command_frame,
  command_compressed,
  command_large,
  fuzz_run_end_stream,
  command_room,
  command_all_room,
  command_fail_writes,
  command_pace,
  command_wake,
};
