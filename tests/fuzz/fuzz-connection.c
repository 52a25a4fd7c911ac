/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-deflate.h"
#include "core/proto/duplex-limits.h"
#include "duplex-fake-clock.h"
#include "duplex-fake-stream.h"
#include "fuzz-connection-check.h"

/* A whole connection over a stream in memory. The input says what settings it has and then, command
 * by command, what comes in and in which pieces, what the wire takes, how time goes, and what is
 * asked of the connection, also within its callbacks. What must hold of it afterwards is in
 * fuzz-connection-check.h. */

/* The most bytes that an input may have given and sent: more costs time and finds nothing. */
#define MAX_BYTES (1024 * 1024)

/* Bytes after which reads of a few bytes are made larger, for the same reason. */
#define MANY_BYTES 20000

typedef struct
{
  /* owned */
  GMainContext     *context;
  DuplexFakeStream *stream;
  DuplexCapture    *capture;
  DuplexConnection *connection;
  DuplexDeflater   *peer;     /* compresses what the peer sends, or NULL */
  GByteArray       *leftover; /* came with the handshake */
  GPtrArray        *queued;
  GPtrArray        *pings;
  GPtrArray        *pongs;
  GPtrArray        *messages;

  FuzzInput                 input;
  DuplexConnectionSettings  settings;
  DuplexConnectionCallbacks callbacks;

  /* state */
  guint    n_frames; /* that the peer sent: their masks differ */
  gsize    n_bytes;  /* given and sent */
  gsize    n_sent;   /* as the sent callback counts, and was asked */
  gsize    n_asked;
  gsize    n_closed; /* written when it was over */
  gsize    n_paused; /* read when it was paused */
  guint8   armed;    /* what the next callback does, 0 for nothing */
  gboolean echo;
  gboolean paused;
  gboolean ended;
  gboolean closing;
  gboolean over;
  gboolean failed;
  guint16  code;
} Run;

/* ---- what is asked of the connection ---- */

static GBytes *
message_new (DuplexOpcode  opcode,
             const guint8 *data,
             gsize         len)
{
  GByteArray *message = g_byte_array_new ();
  guint8      first = opcode;

  g_byte_array_append (message, &first, 1);
  g_byte_array_append (message, data, (guint)len);
  return g_byte_array_free_to_bytes (message);
}

static void
send_message (Run         *run,
              DuplexOpcode opcode,
              GBytes      *payload)
{
  gsize         len;
  const guint8 *data = g_bytes_get_data (payload, &len);

  if (run->n_bytes + len > MAX_BYTES)
    return;
  run->n_bytes += len;
  if (duplex_connection_is_open (run->connection))
    {
      if (opcode == DUPLEX_OPCODE_PING)
        g_ptr_array_add (run->pings, g_bytes_ref (payload));
      else if (opcode == DUPLEX_OPCODE_PONG)
        g_ptr_array_add (run->pongs, g_bytes_ref (payload));
      else
        g_ptr_array_add (run->queued, message_new (opcode, data, len));
      run->n_asked += len;
    }
  duplex_connection_send (run->connection, opcode, payload);
}

static void
command_send (Run         *run,
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
  send_message (run, opcode, bytes);
}

static void
command_close (Run *run)
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

static void
set_paused (Run     *run,
            gboolean paused)
{
  if (paused && duplex_connection_is_open (run->connection) && !run->paused)
    run->n_paused = duplex_fake_stream_get_n_read (run->stream);
  if (!paused || duplex_connection_is_open (run->connection))
    run->paused = paused;
  duplex_connection_set_paused (run->connection, paused);
}

/* ---- its callbacks ---- */

static void
run_armed (Run *run)
{
  g_autoptr (GBytes) few = g_bytes_new_static ("in a callback", 13);
  guint8             armed = run->armed;

  if (run->over)
    return;
  run->armed = 0;
  switch (armed % 7)
    {
    case 1:
      send_message (run, DUPLEX_OPCODE_BINARY, few);
      break;
    case 2:
      send_message (run, DUPLEX_OPCODE_PING, few);
      break;
    case 3:
      duplex_connection_close (run->connection, DUPLEX_CLOSE_GOING_AWAY, "within");
      break;
    case 4:
      set_paused (run, TRUE);
      break;
    case 5:
      set_paused (run, FALSE);
      break;
    case 6:
      duplex_connection_abort (run->connection);
      break;
    default:
      break;
    }
}

static void
message_cb (DuplexConnection *connection,
            DuplexOpcode      opcode,
            GBytes           *payload,
            gpointer          data)
{
  Run          *run = data;
  gsize         len;
  const guint8 *bytes = g_bytes_get_data (payload, &len);

  g_assert_false (run->over);
  g_ptr_array_add (run->messages, message_new (opcode, bytes, len));
  if (run->echo)
    send_message (run, opcode, payload);
  run_armed (run);
}

static void
pong_cb (DuplexConnection *connection,
         gint64            rtt_us,
         gpointer          data)
{
  Run *run = data;

  g_assert_false (run->over);
  g_assert_cmpint (rtt_us, >=, 0);
  run_armed (run);
}

static void
sent_cb (DuplexConnection *connection,
         gsize             size,
         gpointer          data)
{
  Run *run = data;

  g_assert_false (run->over);
  run->n_sent += size;
  g_assert_cmpuint (run->n_sent, <=, run->n_asked);
  if (run->armed % 7 != 6)
    run_armed (run);
}

static void
idle_cb (DuplexConnection *connection,
         gpointer          data)
{
  Run *run = data;

  g_assert_true (duplex_connection_is_open (connection));
  run_armed (run);
}

static void
closing_cb (DuplexConnection *connection,
            gpointer          data)
{
  Run *run = data;

  g_assert_false (run->closing || run->over);
  run->closing = TRUE;
  run->paused = FALSE;
  if (run->armed % 7 != 6)
    run_armed (run);
}

/* In it the last reference may be dropped. */
static void
closed_cb (DuplexConnection *connection,
           guint16           code,
           const char       *reason,
           gboolean          by_peer,
           const GError     *error,
           gpointer          data)
{
  Run *run = data;

  g_assert_true (run->closing);
  g_assert_false (run->over);
  g_assert_false (duplex_connection_is_open (connection));
  g_assert_true (g_utf8_validate (reason, -1, NULL));
  run->over = TRUE;
  run->code = code;
  run->failed = error != NULL;
  run->n_closed = duplex_fake_stream_get_written (run->stream)->len;
  if (run->armed != 0)
    g_clear_object (&run->connection);
}

/* ---- the main loop ---- */

static void
turn (Run  *run,
      guint n)
{
  while (n-- > 0 && g_main_context_iteration (run->context, FALSE))
    ;
  if (run->paused && !run->closing)
    g_assert_cmpuint (duplex_fake_stream_get_n_read (run->stream), ==, run->n_paused);
}

/* Until nothing is left to do: which is soon, or it turns for nothing. */
static void
settle (Run *run)
{
  turn (run, 10000 + 4 * (guint)run->n_bytes);
  g_assert_false (g_main_context_pending (run->context));
}

/* ---- what comes in ---- */

static void
give (Run          *run,
      const guint8 *data,
      gsize         len)
{
  if (run->ended || run->n_bytes + len > MAX_BYTES)
    return;
  run->n_bytes += len;
  if (run->n_bytes > MANY_BYTES)
    duplex_fake_stream_set_piece (run->stream, 0);
  duplex_fake_stream_give (run->stream, data, len);
}

static void
give_frame (Run          *run,
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
command_frame (Run *run)
{
  static const guint8 bits[] = { 7, 7, 16, 64 };
  guint8              first = fuzz_take_byte (&run->input);
  guint8              second = fuzz_take_byte (&run->input);
  gsize               len;
  const guint8       *data = fuzz_take_bytes (&run->input, 255, &len);

  give_frame (run, first, (second & 0x80) != 0, bits[second & 3], data, len);
}

static void
command_bytes (Run *run)
{
  gsize         len;
  const guint8 *data = fuzz_take_bytes (&run->input, 255, &len);

  give (run, data, len);
}

/* A frame larger than a block of the capture, a read, or what libsoup is shown. */
static void
command_large (Run *run)
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
command_compressed (Run *run)
{
  static const guint     times[] = { 1, 20, 300, 4000 };
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  guint8                 flags = fuzz_take_byte (&run->input);
  gsize                  len;
  const guint8          *data = fuzz_take_bytes (&run->input, 255, &len);
  gsize                  at = 0;
  gsize                  piece;

  if (run->peer == NULL || run->n_bytes > MAX_BYTES / 2)
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

static void
command_end (Run *run)
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
command_fail_writes (Run *run)
{
  g_autoptr (GError) error =
    g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "Broken pipe");

  duplex_fake_stream_fail_writes (run->stream, error);
}

static void
command_pace (Run *run)
{
  static const gsize pieces[] = { 0, 1, 2, 7, 100, 16384 };
  guint8             pace = fuzz_take_byte (&run->input);

  if (run->n_bytes <= MANY_BYTES)
    duplex_fake_stream_set_piece (run->stream, pieces[pace % G_N_ELEMENTS (pieces)]);
  duplex_fake_clock_set_step ((pace >> 4) * 700);
}

/* ---- a run ---- */

static void
run_command (Run   *run,
             guint8 command)
{
  switch (command % 20)
    {
    case 0:
      command_bytes (run);
      break;
    case 1:
      command_frame (run);
      break;
    case 2:
      command_compressed (run);
      break;
    case 3:
      command_large (run);
      break;
    case 4:
      command_end (run);
      break;
    case 5:
      duplex_fake_stream_set_room (run->stream, fuzz_take_byte (&run->input));
      break;
    case 6:
      duplex_fake_stream_set_room (run->stream, G_MAXSIZE);
      break;
    case 7:
      command_fail_writes (run);
      break;
    case 8:
      turn (run, 1 + fuzz_take_byte (&run->input));
      break;
    case 9:
      settle (run);
      break;
    case 10:
      command_send (run, DUPLEX_OPCODE_TEXT);
      break;
    case 11:
      command_send (run, DUPLEX_OPCODE_BINARY);
      break;
    case 12:
      command_send (run, DUPLEX_OPCODE_PING);
      break;
    case 13:
      command_send (run, DUPLEX_OPCODE_PONG);
      break;
    case 14:
      command_close (run);
      break;
    case 15:
      set_paused (run, !run->paused);
      break;
    case 16:
      duplex_fake_clock_advance (fuzz_take_byte (&run->input) * 100 * G_TIME_SPAN_MILLISECOND);
      break;
    case 17:
      command_pace (run);
      break;
    case 18:
      run->armed = fuzz_take_byte (&run->input);
      break;
    default:
      duplex_fake_stream_wake (run->stream);
      break;
    }
}

static DuplexDeflateDirection
take_direction (FuzzInput *input)
{
  guint8 byte = fuzz_take_byte (input);

  return (DuplexDeflateDirection){ byte & 1, DUPLEX_WINDOW_BITS_MIN + (byte >> 1) % 8 };
}

static void
take_settings (Run *run)
{
  static const guint64 limits[] = { 0, 200, 1000, 70000 };
  static const gsize   fragments[] = { 0, 1, 10, 1000 };
  FuzzInput           *input = &run->input;
  guint8               flags = fuzz_take_byte (input);
  guint8               pings = fuzz_take_byte (input);

  run->settings.role = (flags & 1) != 0 ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT;
  run->settings.capture = (flags & 0x60) != 0x60 ? run->capture : NULL;
  run->settings.connection = 1;
  run->settings.max_message = limits[(flags >> 1) & 3];
  run->settings.close_timeout = 1;
  run->settings.fragment = fragments[(flags >> 3) & 3];
  run->echo = (flags & 0x60) == 0x20;
  run->settings.ping_interval = pings & 3;
  run->settings.ping_limit = (pings >> 2) & 3;
  run->settings.pong_mode = (pings >> 4) % 3;
  run->settings.pong_delay = 300;
  run->settings.fragment = 0;
  run->settings.ping_interval = 0;
  run->settings.pong_mode = DUPLEX_PONG_AUTOMATIC;
  if (FALSE && (flags & 0x80) != 0)
    {
      run->settings.deflate.agreed = TRUE;
      run->settings.deflate.client = take_direction (input);
      run->settings.deflate.server = take_direction (input);
      run->peer = duplex_deflater_new (run->settings.role == DUPLEX_ROLE_CLIENT
                                         ? &run->settings.deflate.server
                                         : &run->settings.deflate.client,
                                       -1, 1);
    }
  run->callbacks.message = (flags & 0x60) != 0x40 ? message_cb : NULL;
  run->callbacks.pong = pong_cb;
  run->callbacks.sent = sent_cb;
  run->callbacks.idle = idle_cb;
  run->callbacks.closing = closing_cb;
  run->callbacks.closed = closed_cb;
}

static void
run_begin (Run *run)
{
  g_autoptr (GBytes) leftover = NULL;
  const guint8      *data;
  gsize              len;

  duplex_fake_clock_reset ();
  run->context = g_main_context_new ();
  g_main_context_push_thread_default (run->context);
  run->stream = duplex_fake_stream_new ();
  run->capture = duplex_capture_new ();
  run->leftover = g_byte_array_new ();
  run->queued = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  run->pings = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  run->pongs = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  run->messages = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  take_settings (run);
  data = fuzz_take_bytes (&run->input, 40, &len);
  g_byte_array_append (run->leftover, data, (guint)len);
  leftover = len > 0 ? g_bytes_new (data, len) : NULL;
  run->connection = duplex_connection_new (G_IO_STREAM (run->stream), leftover, &run->settings,
                                           &run->callbacks, run);
}

/* What must hold while it is open and nothing is left to do. */
static void
check_quiet (Run *run)
{
  g_autoptr (GByteArray) incoming = g_byte_array_new ();
  GByteArray            *given = duplex_fake_stream_get_given (run->stream);

  if (run->closing || run->paused)
    return;
  g_assert_cmpuint (duplex_fake_stream_get_n_read (run->stream), ==, given->len);
  if (run->settings.capture == NULL)
    return;
  g_byte_array_append (incoming, run->leftover->data, run->leftover->len);
  g_byte_array_append (incoming, given->data, given->len);
  g_assert_cmpuint (fuzz_connection_count_recorded (run->capture, DUPLEX_DIRECTION_RECEIVED), ==,
                    fuzz_connection_count_frames (incoming, 0));
}

/* One way or another it comes to an end. */
static void
run_end (Run   *run,
         guint8 how)
{
  settle (run);
  check_quiet (run);
  if (!run->over && !run->closing && how % 3 == 0)
    duplex_connection_abort (run->connection);
  if (!run->over && !run->closing && how % 3 == 1)
    duplex_connection_close (run->connection, DUPLEX_CLOSE_NORMAL, NULL);
  if (!run->over && !run->closing)
    {
      if (run->armed % 7 == 4)
        run->armed = 0;
      set_paused (run, FALSE);
      command_end (run);
    }
  settle (run);
  duplex_fake_clock_advance (run->settings.close_timeout * G_TIME_SPAN_SECOND);
  settle (run);
  g_assert_true (run->over);
}

static void
check_story (Run *run)
{
  g_autoptr (GByteArray) incoming = g_byte_array_new ();
  GByteArray            *given = duplex_fake_stream_get_given (run->stream);
  FuzzConnectionStory    story = {
       .settings = &run->settings,
       .incoming = incoming,
       .n_read = run->leftover->len + duplex_fake_stream_get_n_read (run->stream),
       .written = duplex_fake_stream_get_written (run->stream),
       .queued = run->queued,
       .pings = run->pings,
       .pongs = run->pongs,
       .messages = run->callbacks.message != NULL ? run->messages : NULL,
       .code = run->code,
       .failed = run->failed,
       .whole = duplex_fake_stream_has_told_end (run->stream),
  };

  g_byte_array_append (incoming, run->leftover->data, run->leftover->len);
  g_byte_array_append (incoming, given->data, given->len);
  g_assert_cmpuint (story.written->len, ==, run->n_closed);
  g_assert_true (duplex_fake_stream_is_closed (run->stream));
  fuzz_connection_check (&story);
}

static void
run_clear (Run *run)
{
  gpointer stream = run->stream;

  g_clear_object (&run->connection);
  /* libsoup has a timer of its own, and so has the closing of the stream. */
  duplex_fake_clock_advance (10 * G_TIME_SPAN_SECOND);
  settle (run);
  check_story (run);
  g_clear_pointer (&run->peer, duplex_deflater_free);
  g_object_add_weak_pointer (stream, &stream);
  g_clear_object (&run->stream);
  g_assert_null (stream);
  g_clear_object (&run->capture);
  g_clear_pointer (&run->leftover, g_byte_array_unref);
  g_clear_pointer (&run->queued, g_ptr_array_unref);
  g_clear_pointer (&run->pings, g_ptr_array_unref);
  g_clear_pointer (&run->pongs, g_ptr_array_unref);
  g_clear_pointer (&run->messages, g_ptr_array_unref);
  g_main_context_pop_thread_default (run->context);
  g_clear_pointer (&run->context, g_main_context_unref);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  Run    run = { .input = { data, size } };
  guint8 how = fuzz_take_byte (&run.input);

  run_begin (&run);
  while (run.input.size > 0 && !run.over)
    run_command (&run, fuzz_take_byte (&run.input));
  run_end (&run, how);
  run_clear (&run);
  return 0;
}
