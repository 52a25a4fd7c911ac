/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-connection-run.h"

#include "core/io/duplex-sender.h"
#include "core/proto/duplex-close-code.h"
#include "duplex-fake-clock.h"
#include "fuzz-connection-check.h"

/* A whole connection over a stream in memory. The input says what settings it has and then, command
 * by command, what comes in and in which pieces, what the wire takes, how time goes, and what is
 * asked of the connection, also within its callbacks. What must hold of it afterwards is in
 * fuzz-connection-check.h. */

/* What a callback does. An abort is for those that come when nothing is half done: closing and sent
 * are also called while a frame is being looked at. */
enum {
  ARMED_NOTHING,
  ARMED_SEND,
  ARMED_PING,
  ARMED_CLOSE,
  ARMED_PAUSE,
  ARMED_RESUME,
  ARMED_ABORT,
  ARMED_ACTIONS
};

/* ---- its callbacks ---- */

static void
run_armed (FuzzRun *run)
{
  g_autoptr (GBytes) few = g_bytes_new_static ("in a callback", 13);
  guint8             armed = run->armed;

  if (run->over)
    return;
  run->armed = 0;
  switch (armed % ARMED_ACTIONS)
    {
    case ARMED_SEND:
      fuzz_run_send (run, DUPLEX_OPCODE_BINARY, few);
      break;
    case ARMED_PING:
      fuzz_run_send (run, DUPLEX_OPCODE_PING, few);
      break;
    case ARMED_CLOSE:
      duplex_connection_close (run->connection, DUPLEX_CLOSE_GOING_AWAY, "within");
      break;
    case ARMED_PAUSE:
      fuzz_run_set_paused (run, TRUE);
      break;
    case ARMED_RESUME:
      fuzz_run_set_paused (run, FALSE);
      break;
    case ARMED_ABORT:
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
  FuzzRun      *run = data;
  gsize         len;
  const guint8 *bytes = g_bytes_get_data (payload, &len);

  g_assert_false (run->over);
  g_ptr_array_add (run->messages, fuzz_message_new (opcode, bytes, len));
  if (run->echo)
    fuzz_run_send (run, opcode, payload);
  run_armed (run);
}

static void
pong_cb (DuplexConnection *connection,
         gint64            rtt_us,
         gpointer          data)
{
  FuzzRun *run = data;

  g_assert_false (run->over);
  g_assert_cmpint (rtt_us, >=, 0);
  run_armed (run);
}

static void
sent_cb (DuplexConnection *connection,
         gsize             size,
         gpointer          data)
{
  FuzzRun *run = data;

  g_assert_false (run->over);
  run->n_sent += size;
  g_assert_cmpuint (run->n_sent, <=, run->n_asked);
  if (run->armed % ARMED_ACTIONS != ARMED_ABORT)
    run_armed (run);
}

static void
idle_cb (DuplexConnection *connection,
         gpointer          data)
{
  FuzzRun *run = data;

  g_assert_true (duplex_connection_is_open (connection));
  run_armed (run);
}

static void
closing_cb (DuplexConnection *connection,
            gpointer          data)
{
  FuzzRun *run = data;

  g_assert_false (run->closing || run->over);
  run->closing = TRUE;
  run->paused = FALSE;
  if (run->armed % ARMED_ACTIONS != ARMED_ABORT)
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
  FuzzRun *run = data;

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
turn (FuzzRun *run,
      guint    n)
{
  while (n-- > 0 && g_main_context_iteration (run->context, FALSE))
    ;
  if (run->paused && !run->closing)
    g_assert_cmpuint (duplex_fake_stream_get_n_read (run->stream), ==, run->n_paused);
}

/* Until nothing is left to do: which is soon, or it turns for nothing. */
static void
settle (FuzzRun *run)
{
  turn (run, 10000 + 4 * (guint)run->n_bytes);
  g_assert_false (g_main_context_pending (run->context));
}

/* ---- a run ---- */

static void
run_command (FuzzRun *run,
             guint    command)
{
  const guint n_peer = G_N_ELEMENTS (fuzz_run_peer_commands);
  const guint n_ask = G_N_ELEMENTS (fuzz_run_ask_commands);

  command %= 3 + n_peer + n_ask;
  if (command == 0)
    settle (run);
  else if (command == 1)
    turn (run, 1 + fuzz_take_byte (&run->input));
  else if (command == 2)
    duplex_fake_clock_advance (fuzz_take_byte (&run->input) * 100 * G_TIME_SPAN_MILLISECOND);
  else if (command < 3 + n_peer)
    fuzz_run_peer_commands[command - 3](run);
  else
    fuzz_run_ask_commands[command - 3 - n_peer](run);
}

static DuplexDeflateDirection
take_direction (FuzzInput *input)
{
  guint8 byte = fuzz_take_byte (input);

  return (DuplexDeflateDirection){ byte & 1, DUPLEX_WINDOW_BITS_MIN + (byte >> 1) % 8 };
}

static void
take_settings (FuzzRun *run)
{
  static const guint64 limits[] = { 0, 20, 1000, 70000 };
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
  if ((flags & 0x80) != 0)
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
run_begin (FuzzRun *run)
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
  run->files = g_array_new (FALSE, FALSE, sizeof (FuzzFile));
  take_settings (run);
  data = fuzz_take_bytes (&run->input, 40, &len);
  g_byte_array_append (run->leftover, data, (guint)len);
  leftover = len > 0 ? g_bytes_new (data, len) : NULL;
  run->connection = duplex_connection_new (G_IO_STREAM (run->stream), leftover, &run->settings,
                                           &run->callbacks, run);
}

/* What must hold while nothing is left to do: also in the closing everything is read. */
static void
check_quiet (FuzzRun *run)
{
  g_autoptr (GByteArray) incoming = g_byte_array_new ();
  GByteArray            *given = duplex_fake_stream_get_given (run->stream);

  if (run->over || run->paused)
    return;
  g_assert_cmpuint (duplex_fake_stream_get_n_read (run->stream), ==, given->len);
  if (run->closing || run->settings.capture == NULL)
    return;
  g_byte_array_append (incoming, run->leftover->data, run->leftover->len);
  g_byte_array_append (incoming, given->data, given->len);
  g_assert_cmpuint (fuzz_connection_count_recorded (run->capture, DUPLEX_DIRECTION_RECEIVED), ==,
                    fuzz_connection_count_frames (incoming, 0));
}

/* One way or another it comes to an end. */
static void
run_end (FuzzRun *run,
         guint8   how)
{
  settle (run);
  check_quiet (run);
  if (!run->over && !run->closing && how % 3 == 0)
    duplex_connection_abort (run->connection);
  if (!run->over && !run->closing && how % 3 == 1)
    duplex_connection_close (run->connection, DUPLEX_CLOSE_NORMAL, NULL);
  if (!run->over && !run->closing)
    {
      if (run->armed % ARMED_ACTIONS == ARMED_PAUSE)
        run->armed = 0;
      fuzz_run_set_paused (run, FALSE);
      fuzz_run_set_stalled (run, FALSE);
      fuzz_run_end_stream (run);
    }
  settle (run);
  duplex_fake_clock_advance (run->settings.close_timeout * G_TIME_SPAN_SECOND);
  settle (run);
  g_assert_true (run->over);
}

/* The message of a file that was not sent to its end may be short, or not be there. */
static void
check_files (FuzzRun *run)
{
  for (guint i = 0; i < run->files->len; i++)
    {
      FuzzFile *file = &g_array_index (run->files, FuzzFile, i);
      gpointer  transfer = file->transfer;
      gsize     len;

      g_assert_true (duplex_transfer_is_over (transfer));
      if (duplex_transfer_get_state (transfer) != DUPLEX_TRANSFER_SENT)
        {
          GBytes            *whole = run->queued->pdata[file->message];
          const guint8      *data = g_bytes_get_data (whole, &len);
          g_autofree guint8 *copy = g_memdup2 (data, len);

          copy[0] |= FUZZ_MESSAGE_MAY_BE_SHORT;
          run->queued->pdata[file->message] = g_bytes_new (copy, len);
          g_bytes_unref (whole);
        }
      g_object_add_weak_pointer (transfer, &transfer);
      g_clear_object (&file->transfer);
      g_assert_null (transfer);
    }
}

static void
check_story (FuzzRun *run)
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
       .split = run->split,
       .composed = run->composed,
       .counted = run->counted,
  };

  g_byte_array_append (incoming, run->leftover->data, run->leftover->len);
  g_byte_array_append (incoming, given->data, given->len);
  g_assert_cmpuint (story.written->len, ==, run->n_closed);
  g_assert_true (duplex_fake_stream_is_closed (run->stream));
  fuzz_connection_check (&story);
}

/* Whatever is asked of it now is ignored: no callback comes, and nothing leaves. */
static void
ask_afterwards (FuzzRun *run)
{
  g_autoptr (GBytes) late = g_bytes_new_static ("late", 4);

  if (run->connection == NULL)
    return;
  duplex_connection_send (run->connection, DUPLEX_OPCODE_TEXT, late);
  duplex_connection_send (run->connection, DUPLEX_OPCODE_PING, late);
  duplex_connection_set_paused (run->connection, TRUE);
  duplex_connection_set_stalled (run->connection, TRUE);
  duplex_connection_close (run->connection, DUPLEX_CLOSE_NORMAL, NULL);
  duplex_connection_abort (run->connection);
  settle (run);
}

static void
run_clear (FuzzRun *run)
{
  gpointer stream = run->stream;

  ask_afterwards (run);
  g_clear_object (&run->connection);
  /* libsoup has a timer of its own, and so has the closing of the stream. */
  duplex_fake_clock_advance (10 * G_TIME_SPAN_SECOND);
  settle (run);
  check_files (run);
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
  g_clear_pointer (&run->files, g_array_unref);
  g_main_context_pop_thread_default (run->context);
  g_clear_pointer (&run->context, g_main_context_unref);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzRun run = { .input = { data, size } };
  guint8  how = fuzz_take_byte (&run.input);

  run_begin (&run);
  while (run.input.size > 0 && !run.over)
    run_command (&run, fuzz_take_byte (&run.input));
  run_end (&run, how);
  run_clear (&run);
  return 0;
}
