/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-pump-run.h"

/* A whole pump between two legs in memory. Whatever its ends say and take, however that is cut, and
 * whenever they end: what an end gets is what the other said, as whole frames that break no rule,
 * up to some point and to a Close; what is counted is so; no more waits than may; and it ends.
 *
 * An input is limits, flags, and steps: an end says something, takes something or goes, time
 * passes, or the relay closes. */

#define SECOND G_TIME_SPAN_SECOND

/* Bytes of an end, but for its last frame: more than may wait. */
#define MAX_STREAM ((gsize)320 * 1024)

#define MAX_STEPS  500

/* Seconds in which a pump ends that is to: a close timeout for each end, one after the other, and
 * again for what they are told. */
#define LAST_SECONDS 21

/* The lowest bit of a step is the end that it is about. */
typedef enum {
  STEP_SAY_BYTES,
  STEP_SAY_FRAME,
  STEP_SAY_LATER, /* a frame, of which the pump is not told yet */
  STEP_CHUNK,
  STEP_ROOM,
  STEP_TURN,
  STEP_TELL,
  STEP_PASS, /* time */
  STEP_END,
  STEP_BREAK,
  STEP_RESET,
  STEP_CLOSE,
  STEP_LOOK,
  STEP_PONG,
  N_STEPS,
} Step;

/* ---- steps ---- */

static void
tell (Run         *run,
      DuplexRole   role,
      GIOCondition conditions)
{
  if (get_leg (run, role) != NULL)
    duplex_fake_leg_tell (get_leg (run, role), conditions);
}

static void
say (Run        *run,
     DuplexRole  role,
     GByteArray *bytes)
{
  DuplexFakeLeg *leg = get_leg (run, role);
  End           *end = &run->ends[role];

  if (leg == NULL || leg->input_ended || bytes->len == 0)
    return;
  g_byte_array_append (leg->input, bytes->data, bytes->len);
  g_byte_array_append (end->said, bytes->data, bytes->len);
}

static void
say_something (Run       *run,
               DuplexRole role,
               Step       step,
               FuzzInput *input)
{
  End                   *end = &run->ends[role];
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  if (end->said->len >= MAX_STREAM)
    return;
  if (step == STEP_SAY_BYTES)
    {
      gsize         len;
      const guint8 *data = fuzz_take_bytes (input, /* max= */ 255, &len);

      g_byte_array_append (bytes, data, (guint)len);
    }
  else
    fuzz_talk_append_frame (&end->talk, input, bytes);
  say (run, role, bytes);
  if (step != STEP_SAY_LATER)
    tell (run, role, G_IO_IN);
}

/* Answers the last Ping that it has got, whoever asked. */
static void
say_pong (Run       *run,
          DuplexRole role)
{
  GByteArray            *output = run->ends[role].output;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8                 ping[8];
  gboolean               found = FALSE;
  gsize                  at = 0;
  DuplexFrameHeader      header;

  while (at < output->len)
    {
      gsize size = duplex_frame_header_decode (output->data + at, output->len - at, &header);

      if (size == 0 || header.length > output->len - at - size)
        break;
      at += size;
      if (header.opcode == DUPLEX_OPCODE_PING && header.length == sizeof ping)
        {
          found = TRUE;
          duplex_mask (ping, output->data + at, sizeof ping, header.mask, 0);
        }
      at += (gsize)header.length;
    }
  if (!found)
    return;
  pump_append_frame (bytes, role, 0x80 | DUPLEX_OPCODE_PONG, (const char *)ping, sizeof ping);
  say (run, role, bytes);
  tell (run, role, G_IO_IN);
}

static void
take_room (Run       *run,
           DuplexRole role,
           guint8     which)
{
  static const gsize rooms[] = { 0, 1, 2, 3, 7, 60, 5000, 20000, 70000, 300000, G_MAXSIZE };

  if (get_leg (run, role) != NULL)
    pump_fixture_make_room (&run->f, role, rooms[which % G_N_ELEMENTS (rooms)]);
}

static void
set_chunk (Run       *run,
           DuplexRole role,
           guint8     which)
{
  static const gsize chunks[] = { 1, 2, 5, 128, 1000, 16383, 16384, 65536, G_MAXSIZE };

  if (get_leg (run, role) != NULL)
    get_leg (run, role)->chunk = chunks[which % G_N_ELEMENTS (chunks)];
}

/* Where it does not write any more, or does not read, or both. */
static void
go (Run       *run,
    DuplexRole role,
    gboolean   ends,
    gboolean   breaks)
{
  DuplexFakeLeg *leg = get_leg (run, role);

  run->calm = FALSE;
  if (leg == NULL)
    return;
  leg->input_ended = leg->input_ended || ends;
  leg->broken = leg->broken || breaks;
  duplex_fake_leg_tell (leg, G_IO_IN | (breaks ? G_IO_OUT : 0) | (ends ? G_IO_HUP : 0));
}

static void
close_pump (Run   *run,
            guint8 which)
{
  static const guint16 codes[] = { 1000, 1001, 1012, 4000 };

  run->calm = FALSE;
  duplex_pump_close (run->f.pump, codes[which % G_N_ELEMENTS (codes)], which & 0x80 ? "why" : NULL);
}

static void
look_otherwise (Run       *run,
                DuplexRole role,
                guint8     what)
{
  DuplexFakeLeg *leg = get_leg (run, role);

  run->calm = FALSE;
  if (leg == NULL)
    return;
  leg->look.acked += what & 3;
  leg->look.waits = (what & 4) != 0;
  leg->look.silence = what & 8 ? 1000 * SECOND : 0;
}

static void
do_step (Run       *run,
         FuzzInput *input)
{
  guint8     byte = fuzz_take_byte (input);
  DuplexRole role = byte & 1 ? SERVER : CLIENT;
  Step       step = (Step)((byte >> 1) % N_STEPS);

  switch (step)
    {
    case STEP_SAY_BYTES:
    case STEP_SAY_FRAME:
    case STEP_SAY_LATER:
      say_something (run, role, step, input);
      break;
    case STEP_CHUNK:
      set_chunk (run, role, fuzz_take_byte (input));
      break;
    case STEP_ROOM:
      take_room (run, role, fuzz_take_byte (input));
      break;
    case STEP_TURN:
      pump_fixture_turn (&run->f);
      break;
    case STEP_TELL:
      tell (run, role, (GIOCondition)(fuzz_take_byte (input) & (G_IO_IN | G_IO_OUT)));
      break;
    case STEP_PASS:
      run->calm = FALSE;
      pump_fixture_advance (&run->f, (1 + fuzz_take_byte (input) % 16) * SECOND);
      break;
    case STEP_END:
      go (run, role, /* ends= */ TRUE, /* breaks= */ FALSE);
      break;
    case STEP_BREAK:
      go (run, role, /* ends= */ FALSE, /* breaks= */ TRUE);
      break;
    case STEP_RESET:
      go (run, role, /* ends= */ TRUE, /* breaks= */ TRUE);
      break;
    case STEP_CLOSE:
      close_pump (run, fuzz_take_byte (input));
      break;
    case STEP_LOOK:
      look_otherwise (run, role, fuzz_take_byte (input));
      break;
    case STEP_PONG:
    case N_STEPS:
    default:
      say_pong (run, role);
      break;
    }
}

/* ---- a run ---- */

static void
received_cb (DuplexRole    sender,
             const guint8 *data,
             gsize         len,
             gsize         begin,
             gpointer      user_data)
{
  g_assert_cmpuint (len, >, 0);
  g_assert_true (begin == G_MAXSIZE || begin < len);
  g_byte_array_append (((Run *)user_data)->ends[sender].received, data, (guint)len);
}

static void
sent_cb (DuplexRole           receiver,
         const GOutputVector *spans,
         guint                n,
         gpointer             user_data)
{
  for (guint i = 0; i < n; i++)
    g_byte_array_append (((Run *)user_data)->ends[receiver].sent, spans[i].buffer,
                         (guint)spans[i].size);
}

static void
init_end (Run       *run,
          DuplexRole role)
{
  End           *end = &run->ends[role];
  DuplexFakeLeg *leg = get_leg (run, role);

  end->talk.sender = role;
  end->talk.deflate = (run->flags & FLAG_DEFLATE) != 0;
  end->talk.limits = run->f.settings.limits;
  end->said = g_byte_array_new ();
  end->input = g_byte_array_ref (leg->input);
  end->output = g_byte_array_ref (leg->output);
  end->received = g_byte_array_new ();
  end->sent = g_byte_array_new ();
}

static void
clear_end (End *end)
{
  g_byte_array_unref (end->said);
  g_byte_array_unref (end->input);
  g_byte_array_unref (end->output);
  g_byte_array_unref (end->received);
  g_byte_array_unref (end->sent);
}

static void
take_unread (Run       *run,
             DuplexRole role,
             FuzzInput *input)
{
  End               *end = &run->ends[role];
  g_autoptr (GBytes) unread = NULL;

  while (fuzz_take_byte (input) & 1 && end->said->len < MAX_STREAM)
    fuzz_talk_append_frame (&end->talk, input, end->said);
  unread = g_bytes_new (end->said->data, end->said->len);
  duplex_pump_unread (run->f.pump, role, unread);
}

static void
start (Run       *run,
       FuzzInput *input)
{
  static const DuplexPumpTap tap = { received_cb, sent_cb };
  static const guint64       limits[] = { G_MAXUINT64, 100000, 66000, 126 };
  guint8                     limit = fuzz_take_byte (input);

  run->flags = fuzz_take_byte (input);
  run->calm = TRUE;
  pump_fixture_init_limited (&run->f, limits[limit % G_N_ELEMENTS (limits)],
                             limits[limit / G_N_ELEMENTS (limits) % G_N_ELEMENTS (limits)]);
  run->f.settings.ping_interval = run->flags & FLAG_PINGS ? 10 : 0;
  run->f.settings.idle_timeout = run->flags & FLAG_IDLE ? 30 : 0;
  init_end (run, CLIENT);
  init_end (run, SERVER);
  if ((run->flags & FLAG_DEFLATE) != 0)
    duplex_pump_set_deflate (run->f.pump);
  if ((run->flags & FLAG_TAP) != 0)
    duplex_pump_set_tap (run->f.pump, &tap, run);
  if ((run->flags & FLAG_GREET) != 0)
    duplex_pump_greet (run->f.pump, GREETING);
  if ((run->flags & FLAG_UNREAD) != 0)
    {
      take_unread (run, CLIENT, input);
      take_unread (run, SERVER, input);
    }
  duplex_pump_start (run->f.pump);
}

/* One of the ends goes, or the relay closes: whatever the other does, all is over soon. */
static void
finish (Run *run)
{
  DuplexRole role = run->flags & FLAG_BACKEND_GOES ? SERVER : CLIENT;

  if (run->calm)
    fuzz_pump_check_calm (run);
  fuzz_pump_check_way (run, CLIENT);
  fuzz_pump_check_way (run, SERVER);
  for (DuplexRole end = CLIENT; end <= SERVER; end++)
    if (get_leg (run, end) != NULL)
      get_leg (run, end)->chunk = G_MAXSIZE;
  if ((run->flags & FLAG_LATE_CLOSE) != 0)
    duplex_pump_close (run->f.pump, 1001, NULL);
  else
    go (run, get_leg (run, role) != NULL ? role : get_other (role), TRUE, FALSE);
  for (guint i = 0; i < LAST_SECONDS && !run->f.ended; i++)
    {
      pump_fixture_advance (&run->f, SECOND);
      fuzz_pump_check_waiting (run);
    }
  g_assert_true (run->f.ended);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput input = { data, size };
  Run       run = { 0 };

  start (&run, &input);
  for (guint i = 0; i < MAX_STEPS && input.size > 0 && !run.f.ended; i++)
    {
      do_step (&run, &input);
      fuzz_pump_check_waiting (&run);
    }
  if (!run.f.ended)
    finish (&run);
  fuzz_pump_check_way (&run, CLIENT);
  fuzz_pump_check_way (&run, SERVER);
  pump_fixture_clear (&run.f);
  clear_end (&run.ends[CLIENT]);
  clear_end (&run.ends[SERVER]);
  return 0;
}
