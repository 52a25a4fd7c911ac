/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-connection-run.h"

#include "core/io/duplex-sender.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"
#include "duplex-fake-file.h"

GBytes *
fuzz_message_new (DuplexOpcode  opcode,
                  const guint8 *data,
                  gsize         len)
{
  GByteArray *message = g_byte_array_new ();
  guint8      first = opcode;

  g_byte_array_append (message, &first, 1);
  g_byte_array_append (message, data, (guint)len);
  return g_byte_array_free_to_bytes (message);
}

void
fuzz_run_send (FuzzRun     *run,
               DuplexOpcode opcode,
               GBytes      *payload)
{
  gsize         len;
  const guint8 *data = g_bytes_get_data (payload, &len);

  if (run->n_bytes + len > FUZZ_MAX_BYTES)
    return;
  run->n_bytes += len;
  if (duplex_connection_is_open (run->connection))
    {
      if (opcode == DUPLEX_OPCODE_PING)
        g_ptr_array_add (run->pings, g_bytes_ref (payload));
      else if (opcode == DUPLEX_OPCODE_PONG)
        g_ptr_array_add (run->pongs, g_bytes_ref (payload));
      else
        g_ptr_array_add (run->queued, fuzz_message_new (opcode, data, len));
      run->n_asked += duplex_opcode_is_control (opcode) ? DUPLEX_SENDER_CONTROL_COST : len;
    }
  duplex_connection_send (run->connection, opcode, payload);
}

static void
command_send (FuzzRun     *run,
              DuplexOpcode opcode)
{
  static const guint     times[] = { 1, 1, 10, 300 };
  g_autoptr (GByteArray) payload = g_byte_array_new ();
  g_autoptr (GBytes)     bytes = NULL;
  guint                  n = times[fuzz_take_byte (&run->input) % G_N_ELEMENTS (times)];
  gsize                  len;
  const guint8          *data = fuzz_take_bytes (&run->input, 255, &len);

  if (duplex_opcode_is_control (opcode))
    {
      n = 1;
      len = MIN (len, DUPLEX_LIMIT_CONTROL_PAYLOAD);
    }
  for (guint i = 0; i < n; i++)
    g_byte_array_append (payload, data, (guint)len);
  for (guint i = 0; opcode == DUPLEX_OPCODE_TEXT && i < payload->len; i++)
    payload->data[i] &= 0x7f;
  bytes = g_bytes_new (payload->data, payload->len);
  fuzz_run_send (run, opcode, bytes);
}

/* A message in frames that end where the input says. */
static void
command_split (FuzzRun *run)
{
  gsize              points[4];
  gsize              n_points = fuzz_take_byte (&run->input) % (G_N_ELEMENTS (points) + 1);
  gsize              at = 0;
  gsize              len;
  const guint8      *data;
  g_autoptr (GBytes) payload = NULL;

  for (gsize i = 0; i < n_points; i++)
    {
      at += fuzz_take_byte (&run->input) % 64;
      points[i] = at;
    }
  data = fuzz_take_bytes (&run->input, 255, &len);
  if (!duplex_connection_is_open (run->connection))
    return;
  payload = g_bytes_new (data, len);
  run->split = TRUE;
  run->n_bytes += len;
  run->n_asked += len;
  g_ptr_array_add (run->queued, fuzz_message_new (DUPLEX_OPCODE_BINARY, data, len));
  duplex_connection_send_split (run->connection, DUPLEX_OPCODE_BINARY, payload, points, n_points);
}

/* Any frame of ours, whole or stopped half-way. */
static void
command_draft (FuzzRun *run)
{
  static const guint8 bits[] = { 0, 7, 16, 64 };
  DuplexFrameDraft    draft = DUPLEX_FRAME_DRAFT_INIT;
  guint8              first = fuzz_take_byte (&run->input);
  guint8              second = fuzz_take_byte (&run->input);
  guint8              stop = fuzz_take_byte (&run->input);
  gsize               len;
  const guint8       *data = fuzz_take_bytes (&run->input, 255, &len);
  g_autoptr (GBytes)  payload = g_bytes_new (data, len);

  draft.fin = (first & 0x80) != 0;
  draft.rsv1 = (first & 0x40) != 0;
  draft.rsv2 = (first & 0x20) != 0;
  draft.rsv3 = (first & 0x10) != 0;
  draft.opcode = first & 0x0f;
  draft.mask = second & 3;
  draft.key[0] = second;
  draft.length_bits = bits[(second >> 2) & 3];
  draft.states_length = (second & 0x10) != 0;
  draft.length = draft.states_length ? (guint64)stop << ((second >> 5) & 1 ? 0 : 56) : 0;
  draft.payload = payload;
  draft.stop = (second & 0x40) != 0 ? stop : DUPLEX_DRAFT_WHOLE;
  if (!duplex_frame_draft_check (&draft, NULL))
    return;
  run->composed = TRUE;
  run->n_asked += duplex_frame_draft_get_size (&draft, run->settings.role);
  duplex_connection_send_draft (run->connection, &draft, /* deliberate= */ (second & 0x80) != 0);
}

/* A ping that counts, or a pong that answers the latest ping. */
static void
command_own (FuzzRun *run)
{
  gboolean is_ping = (fuzz_take_byte (&run->input) & 1) != 0;

  run->n_asked += DUPLEX_SENDER_CONTROL_COST;
  run->counted = TRUE;
  duplex_connection_send (run->connection, is_ping ? DUPLEX_OPCODE_PING : DUPLEX_OPCODE_PONG, NULL);
}

void
fuzz_run_set_stalled (FuzzRun *run,
                      gboolean stalled)
{
  run->stalled = stalled;
  duplex_connection_set_stalled (run->connection, stalled);
}

static void
command_close (FuzzRun *run)
{
  static const guint16 codes[] = {
    DUPLEX_CLOSE_NORMAL, DUPLEX_CLOSE_INTERNAL_ERROR, DUPLEX_CLOSE_NO_STATUS, 4999
  };
  guint16          code = codes[fuzz_take_byte (&run->input) % G_N_ELEMENTS (codes)];
  gsize            len;
  const guint8    *data = fuzz_take_bytes (&run->input, 255, &len);
  g_autofree char *reason = len > 0 ? g_strndup ((const char *)data, len) : NULL;

  for (char *p = reason; p != NULL && *p != '\0'; p++)
    *p &= 0x7f;
  duplex_connection_close (run->connection, code, reason);
}

void
fuzz_run_set_paused (FuzzRun *run,
                     gboolean paused)
{
  if (paused && duplex_connection_is_open (run->connection) && !run->paused)
    run->n_paused = duplex_fake_stream_get_n_read (run->stream);
  if (!paused || duplex_connection_is_open (run->connection))
    run->paused = paused;
  duplex_connection_set_paused (run->connection, paused);
}

static void
command_text (FuzzRun *run)
{
  command_send (run, DUPLEX_OPCODE_TEXT);
}

static void
command_binary (FuzzRun *run)
{
  command_send (run, DUPLEX_OPCODE_BINARY);
}

static void
command_ping (FuzzRun *run)
{
  command_send (run, DUPLEX_OPCODE_PING);
}

static void
command_pong (FuzzRun *run)
{
  command_send (run, DUPLEX_OPCODE_PONG);
}

static void
command_pause (FuzzRun *run)
{
  fuzz_run_set_paused (run, !run->paused);
}

static void
command_stall (FuzzRun *run)
{
  fuzz_run_set_stalled (run, !run->stalled);
}

static void
command_arm (FuzzRun *run)
{
  run->armed = fuzz_take_byte (&run->input);
}

/* A file, text or not, maybe long, and maybe one that cannot be read to its end. */
static void
command_file (FuzzRun *run)
{
  static const guint         times[] = { 1, 10, 300, 2000 };
  static const gsize         pieces[] = { 0, 1, 50, 5000 };
  g_autoptr (GByteArray)     content = g_byte_array_new ();
  guint8                     flags = fuzz_take_byte (&run->input);
  DuplexOpcode               opcode = (flags & 1) != 0 ? DUPLEX_OPCODE_BINARY : DUPLEX_OPCODE_TEXT;
  gsize                      len;
  const guint8              *data = fuzz_take_bytes (&run->input, 255, &len);
  g_autoptr (GBytes)         bytes = NULL;
  g_autoptr (GFile)          file = NULL;
  g_autoptr (DuplexTransfer) transfer = NULL;
  FuzzFile                   sent = { .message = run->queued->len };
  gsize                      piece = 0;

  for (guint n = times[(flags >> 1) & 3]; n > 0; n--)
    g_byte_array_append (content, data, (guint)len);
  if (run->n_bytes + content->len > FUZZ_MAX_BYTES)
    return;
  run->n_bytes += content->len;
  bytes = g_bytes_new (content->data, content->len);
  /* Reads of a few bytes take the longest, and a long file that way finds no more. */
  if (content->len < 2000)
    piece = pieces[(flags >> 3) & 3];
  file = duplex_fake_file_new (bytes, piece, (flags & 0x20) != 0);
  transfer = duplex_transfer_new (file, opcode, NULL);
  sent.transfer = g_object_ref (transfer);
  g_array_append_val (run->files, sent);
  g_ptr_array_add (run->queued, fuzz_message_new (opcode, content->data, content->len));
  duplex_connection_send_file (run->connection, transfer);
}

static void
command_cancel_file (FuzzRun *run)
{
  guint8 n = fuzz_take_byte (&run->input);

  if (run->files->len > 0)
    duplex_connection_cancel_file (
      run->connection, g_array_index (run->files, FuzzFile, n % run->files->len).transfer);
}

const FuzzCommand fuzz_run_ask_commands[] = {
  command_text,
  command_binary,
  command_ping,
  command_pong,
  command_own,
  command_close,
  command_pause,
  command_stall,
  command_split,
  command_draft,
  command_file,
  command_cancel_file,
  command_arm,
};
