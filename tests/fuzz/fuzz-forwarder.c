/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/io/duplex-forwarder.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-frame-decoder.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-message.h"

/* However what an end says is cut, what the forwarder lets through is what was said, up to the
 * first violation, and its verdict is that of the decoder and the tracker, which share no code with
 * it but the tracker's rules.
 *
 * An input is flags, sizes of pieces, and steps that make up what the end says: bytes as they are,
 * or a frame whose payload, of which the input holds a few bytes only, is longer than an input. */

#define MAX_PIECES 7
#define MAX_STREAM ((gsize)192 * 1024)
#define MAX_SLOWLY ((gsize)2048) /* of which every single byte is fed by itself */

static const char pong[] = "Duplex's"; /* the payload that is expected of a Pong */

/* What was said, as far as it matters: a byte of payload is a number below 256, and what it belongs
 * to is one above. So fragments are put together, and nothing else is. */
#define TOKEN_MESSAGE 0x100 /* opcode, and RSV1 in 0x80 */
#define TOKEN_CONTROL 0x200 /* opcode */
#define TOKEN_END     0x300

typedef struct
{
  DuplexRole          sender;
  gboolean            deflate;
  gboolean            expects_pong;
  DuplexForwardLimits limits;
} Options;

/* What was said and what is to be thought of it. */
typedef struct
{
  GArray            *tokens; /* of guint16 */
  guint              safe;   /* of them, those that went before the frame that breaks a rule */
  DuplexForwardState state;
  guint16            code;
  GByteArray        *close_body;
  guint64            n_messages;
} Account;

static Account *
account_new (void)
{
  Account *self = g_new0 (Account, 1);

  self->tokens = g_array_new (FALSE, FALSE, sizeof (guint16));
  self->close_body = g_byte_array_new ();
  return self;
}

static void
account_free (Account *self)
{
  g_array_unref (self->tokens);
  g_byte_array_unref (self->close_body);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Account, account_free)

static void
add (Account *self,
     guint16  token)
{
  g_array_append_val (self->tokens, token);
}

/* ---- an account by the decoder and the tracker ---- */

typedef struct
{
  const Options        *options;
  Account              *account;
  DuplexFrameDecoder   *decoder;
  DuplexMessageTracker *tracker;
  GArray               *findings;
  GByteArray           *payload; /* of the frame, unmasked */
  DuplexFrameHeader     header;
  DuplexMessagePlace    place;
  gboolean              told; /* the frame has begun in the account */
  gboolean              expects_pong;
} Judge;

static gboolean
breaks_rule (Judge *self)
{
  guint16 code = 0;

  for (guint i = 0; i < self->findings->len && code == 0; i++)
    code = duplex_finding_get_close_code (
      g_array_index (self->findings, DuplexFinding, i).id);
  g_array_set_size (self->findings, 0);
  if (code == 0)
    return FALSE;
  self->account->state = DUPLEX_FORWARD_BROKEN;
  self->account->code = code;
  return TRUE;
}

static gboolean
is_long (Judge *self)
{
  return duplex_frame_header_get_size (&self->header) + self->header.length >
         DUPLEX_LIMIT_PUMP_HOLD;
}

static gboolean
judge_header (Judge *self)
{
  self->header = *duplex_frame_decoder_get_header (self->decoder);
  self->told = FALSE;
  g_byte_array_set_size (self->payload, 0);
  duplex_message_tracker_header (self->tracker, &self->header, &self->place, self->findings);
  if (breaks_rule (self))
    return FALSE;
  if (self->header.length > self->options->limits.max_frame)
    {
      self->account->state = DUPLEX_FORWARD_BROKEN;
      self->account->code = DUPLEX_CLOSE_TOO_BIG;
      return FALSE;
    }
  if (!self->place.is_control && self->place.first)
    self->account->n_messages++;
  return TRUE;
}

/* A short frame counts once it is whole. */
static void
tell (Judge *self)
{
  if (!self->told && self->place.first && !self->place.is_control)
    add (self->account,
         TOKEN_MESSAGE | self->header.opcode | (self->header.rsv1 ? 0x80 : 0));
  if (!self->told && self->place.is_control)
    add (self->account, TOKEN_CONTROL | self->header.opcode);
  self->told = TRUE;
  for (guint i = 0; i < self->payload->len; i++)
    add (self->account, self->payload->data[i]);
  g_byte_array_set_size (self->payload, 0);
}

static gboolean
judge_payload (Judge             *self,
               const DuplexSlice *slice)
{
  guint before = self->payload->len;

  g_byte_array_append (self->payload, slice->data, (guint)slice->len);
  duplex_mask (self->payload->data + before, slice->data, slice->len, self->header.mask,
               slice->offset);
  if (!self->place.is_control)
    duplex_message_tracker_payload (self->tracker, self->payload->data + before,
                                    self->payload->len - before, self->findings);
  /* Also of a frame that is not whole the text is judged as it comes. */
  if (is_long (self))
    tell (self);
  return !breaks_rule (self);
}

static gboolean
judge_close (Judge *self)
{
  Account      *account = self->account;
  DuplexFinding finding;
  const char   *reason;
  gsize         len;
  guint16       wrong;

  account->code = duplex_close_body_parse (self->payload->data, self->payload->len, &reason, &len,
                                           &finding);
  wrong = duplex_finding_get_close_code (finding.id);
  account->state = wrong != 0 ? DUPLEX_FORWARD_BROKEN : DUPLEX_FORWARD_CLOSED;
  if (wrong != 0)
    account->code = wrong;
  else
    g_byte_array_append (account->close_body, self->payload->data, self->payload->len);
  return FALSE;
}

static gboolean
judge_end (Judge *self)
{
  GByteArray *payload = self->payload;

  if (self->header.opcode == DUPLEX_OPCODE_CLOSE)
    return judge_close (self);
  if (self->header.opcode == DUPLEX_OPCODE_PONG && self->expects_pong &&
      payload->len == strlen (pong) && memcmp (payload->data, pong, payload->len) == 0)
    {
      self->expects_pong = FALSE;
      return TRUE;
    }
  duplex_message_tracker_end (self->tracker, self->findings);
  /* Of a text that is wrong nothing of its last frame need have gone on. */
  tell (self);
  if (breaks_rule (self))
    return FALSE;
  if (self->place.is_control || self->place.last)
    add (self->account, TOKEN_END);
  self->account->safe = self->account->tokens->len;
  return TRUE;
}

static Account *
judge (const Options *options,
       const guint8  *data,
       gsize          len)
{
  g_autoptr (DuplexFrameDecoder)   decoder = duplex_frame_decoder_new ();
  g_autoptr (DuplexMessageTracker) tracker =
    duplex_message_tracker_new (options->sender, options->limits.max_message);
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autoptr (GByteArray) payload = g_byte_array_new ();
  Judge                  self = { .options = options, .expects_pong = options->expects_pong };
  DuplexSlice            slice;
  DuplexDecodeStep       step;
  gboolean               goes_on = TRUE;

  self.account = account_new ();
  self.decoder = decoder;
  self.tracker = tracker;
  self.findings = findings;
  self.payload = payload;
  if (options->deflate)
    duplex_message_tracker_set_deflate (tracker);
  while (goes_on && (step = duplex_frame_decoder_step (decoder, &data, &len, &slice)) !=
                      DUPLEX_DECODE_NEED_MORE)
    {
      if (step == DUPLEX_DECODE_HEADER)
        goes_on = judge_header (&self);
      else if (step == DUPLEX_DECODE_PAYLOAD)
        goes_on = judge_payload (&self, &slice);
      else
        {
          g_assert_cmpint (step, ==, DUPLEX_DECODE_END);
          goes_on = judge_end (&self);
        }
    }
  return self.account;
}

/* ---- what went through ---- */

/* Says what came out, which must break no rule and end at a frame's boundary. */
static void
tell_output (const Options *options,
             GByteArray    *output,
             GArray        *tokens)
{
  g_autoptr (DuplexFrameDecoder)   decoder = duplex_frame_decoder_new ();
  g_autoptr (DuplexMessageTracker) tracker =
    duplex_message_tracker_new (options->sender, G_MAXUINT64);
  g_autoptr (GArray) findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  Account            account = { .tokens = tokens };
  const guint8      *data = output->data;
  gsize              len = output->len;
  DuplexMessagePlace place = { 0 };
  DuplexSlice        slice;
  DuplexDecodeStep   step;

  if (options->deflate)
    duplex_message_tracker_set_deflate (tracker);
  while ((step = duplex_frame_decoder_step (decoder, &data, &len, &slice)) !=
         DUPLEX_DECODE_NEED_MORE)
    {
      const DuplexFrameHeader *header = duplex_frame_decoder_get_header (decoder);

      switch (step)
        {
        case DUPLEX_DECODE_HEADER:
          duplex_message_tracker_header (tracker, header, &place, findings);
          if (place.is_control)
            add (&account, TOKEN_CONTROL | header->opcode);
          else if (place.first)
            add (&account, TOKEN_MESSAGE | header->opcode | (header->rsv1 ? 0x80 : 0));
          break;
        case DUPLEX_DECODE_PAYLOAD:
          for (gsize i = 0; i < slice.len; i++)
            {
              guint8 byte = slice.data[i] ^ header->mask[(slice.offset + i) % 4];

              add (&account, byte);
              duplex_message_tracker_payload (tracker, &byte, 1, findings);
            }
          break;
        default:
          g_assert_cmpint (step, ==, DUPLEX_DECODE_END);
          duplex_message_tracker_end (tracker, findings);
          if (place.is_control || place.last)
            add (&account, TOKEN_END);
          break;
        }
      for (guint i = 0; i < findings->len; i++)
        {
          DuplexFindingId id = g_array_index (findings, DuplexFinding, i).id;

          g_assert_cmpint (duplex_finding_get_close_code (id), ==, 0);
        }
      g_array_set_size (findings, 0);
    }
  g_assert_true (duplex_frame_decoder_is_idle (decoder));
}

/* As the pump does it: what was not used stands before what comes next. */
static DuplexForwardState
feed (DuplexForwarder *forwarder,
      GByteArray      *held,
      const guint8    *data,
      gsize            len,
      GByteArray      *output)
{
  g_autofree guint8 *bytes = g_malloc (held->len + len);
  gsize              size = held->len + len;
  gsize              at = 0;
  gsize              used;
  DuplexForwardState state;
  DuplexForwardOut   out;

  if (held->len > 0)
    memcpy (bytes, held->data, held->len);
  memcpy (bytes + held->len, data, len);
  do
    {
      gsize sum = 0;

      state = duplex_forwarder_feed (forwarder, bytes + at, size - at, 1, &out, &used);
      g_assert_cmpuint (used, <=, size - at);
      g_assert_cmpuint (out.n, <=, DUPLEX_FORWARD_SPANS);
      for (guint i = 0; i < out.n; i++)
        {
          g_assert_cmpuint (out.spans[i].size, >, 0);
          g_byte_array_append (output, out.spans[i].buffer, (guint)out.spans[i].size);
          sum += out.spans[i].size;
        }
      g_assert_cmpuint (sum, ==, out.size);
      at += used;
  } while (state == DUPLEX_FORWARD_FULL);
  g_byte_array_set_size (held, 0);
  if (state == DUPLEX_FORWARD_ON)
    g_byte_array_append (held, bytes + at, (guint)(size - at));
  g_assert_cmpuint (held->len, <, DUPLEX_LIMIT_PUMP_HOLD);
  return state;
}

static void
check (const Options *options,
       GByteArray    *stream,
       const guint8  *pieces,
       gsize          n_pieces,
       const Account *expected)
{
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (options->sender, &options->limits);
  g_autoptr (GByteArray)      held = g_byte_array_new ();
  g_autoptr (GByteArray)      output = g_byte_array_new ();
  g_autoptr (GArray)          tokens = g_array_new (FALSE, FALSE, sizeof (guint16));
  DuplexForwardState          state = DUPLEX_FORWARD_ON;
  gsize                       done = 0;
  gsize                       len;
  guint64                     payload;
  const guint8               *body;

  if (options->deflate)
    duplex_forwarder_set_deflate (forwarder);
  memcpy (&payload, pong, sizeof payload);
  if (options->expects_pong)
    duplex_forwarder_expect_pong (forwarder, payload);
  for (gsize i = 0; done < stream->len && state == DUPLEX_FORWARD_ON; i++)
    {
      gsize piece = n_pieces > 0 ? pieces[i % n_pieces] : stream->len;

      /* Small ones cut headers, large ones make long frames come in a few. */
      if (n_pieces > 0)
        piece = piece < 128 ? piece + 1 : (piece - 127) * 257;
      piece = MIN (piece, stream->len - done);
      state = feed (forwarder, held, stream->data + done, piece, output);
      done += piece;
    }

  g_assert_cmpint (state, ==, expected->state);
  g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, expected->code);
  g_assert_cmpuint (duplex_forwarder_get_n_messages (forwarder), ==, expected->n_messages);
  g_assert_cmpint (duplex_forwarder_get_reason (forwarder) != NULL, ==,
                   state == DUPLEX_FORWARD_BROKEN);
  body = duplex_forwarder_get_close_body (forwarder, &len);
  if (state == DUPLEX_FORWARD_CLOSED)
    g_assert_cmpmem (body, len, expected->close_body->data, expected->close_body->len);

  tell_output (options, output, tokens);
  g_assert_cmpuint (tokens->len, <=, expected->tokens->len);
  g_assert_cmpuint (tokens->len, >=, expected->safe);
  /* Of a long frame that is not whole the last bytes may wait for more. */
  if (state == DUPLEX_FORWARD_ON)
    g_assert_cmpuint (expected->tokens->len - tokens->len, <=, held->len + 1);
  if (tokens->len > 0)
    g_assert_cmpint (memcmp (tokens->data, expected->tokens->data, tokens->len * sizeof (guint16)),
                     ==, 0);
}

/* ---- what the input says ---- */

static void
append_frame (const Options *options,
              FuzzInput     *input,
              GByteArray    *stream)
{
  static const guint64 lengths[] = {
    0,
    1,
    124,
    125,
    126,
    1000,
    DUPLEX_LIMIT_PUMP_HOLD - 14,
    DUPLEX_LIMIT_PUMP_HOLD - 8,
    DUPLEX_LIMIT_PUMP_HOLD - 4,
    DUPLEX_LIMIT_PUMP_HOLD,
    20000,
    65534,
    65535,
    65536,
    100000,
  };
  guint8            bits = fuzz_take_byte (input);
  guint8            which = fuzz_take_byte (input);
  DuplexFrameHeader header = {
    .fin = (bits & 0x80) != 0,
    .rsv1 = (bits & 0x40) != 0,
    .opcode = bits & 0x0f,
    .masked = (options->sender == DUPLEX_ROLE_CLIENT) != ((bits & 0x30) == 0x30),
    .length = lengths[which % G_N_ELEMENTS (lengths)] + which / G_N_ELEMENTS (lengths),
  };
  guint8        first[DUPLEX_FRAME_HEADER_MAX];
  const guint8 *pattern;
  gsize         n_pattern;
  guint         at;

  if (header.masked)
    for (guint i = 0; i < sizeof header.mask; i++)
      header.mask[i] = fuzz_take_byte (input);
  pattern = fuzz_take_bytes (input, /* max= */ 8, &n_pattern);
  header.length_bits = duplex_frame_minimal_length_bits (header.length);
  g_byte_array_append (stream, first, (guint)duplex_frame_header_encode (&header, first));
  at = stream->len;
  g_byte_array_set_size (stream, at + (guint)header.length);
  for (guint i = 0; i < header.length; i++)
    stream->data[at + i] = n_pattern > 0 ? pattern[i % n_pattern] : 'x';
  duplex_mask (stream->data + at, stream->data + at, (gsize)header.length, header.mask, 0);
}

static GByteArray *
make_stream (const Options *options,
             FuzzInput     *input)
{
  GByteArray *stream = g_byte_array_new ();

  while (input->size > 0 && stream->len < MAX_STREAM)
    {
      if (fuzz_take_byte (input) & 1)
        append_frame (options, input, stream);
      else
        {
          gsize         len;
          const guint8 *bytes = fuzz_take_bytes (input, /* max= */ 255, &len);

          g_byte_array_append (stream, bytes, (guint)len);
        }
    }
  return stream;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const guint64   limits[] = { G_MAXUINT64, 100000, 66000, 126, 0 };
  static const guint8    one = 0;
  FuzzInput              input = { data, size };
  guint8                 flags = fuzz_take_byte (&input);
  guint8                 limit = fuzz_take_byte (&input);
  Options                options = { 0 };
  const guint8          *pieces;
  gsize                  n_pieces;
  g_autoptr (GByteArray) stream = NULL;
  g_autoptr (Account)    expected = NULL;

  options.sender = flags & 1 ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT;
  options.deflate = (flags & 2) != 0;
  options.expects_pong = (flags & 4) != 0;
  options.limits.max_message = limits[limit % G_N_ELEMENTS (limits)];
  options.limits.max_frame = limits[limit / G_N_ELEMENTS (limits) % G_N_ELEMENTS (limits)];
  pieces = fuzz_take_bytes (&input, MAX_PIECES, &n_pieces);
  stream = make_stream (&options, &input);

  expected = judge (&options, stream->data, stream->len);
  check (&options, stream, NULL, 0, expected);
  if (n_pieces > 0)
    check (&options, stream, pieces, n_pieces, expected);
  if (stream->len <= MAX_SLOWLY)
    check (&options, stream, &one, 1, expected);
  return 0;
}
