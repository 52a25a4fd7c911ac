/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-account.h"

#include <string.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-frame-decoder.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-message.h"

static FuzzAccount *
account_new (void)
{
  FuzzAccount *self = g_new0 (FuzzAccount, 1);

  self->tokens = g_array_new (FALSE, FALSE, sizeof (guint16));
  self->close_body = g_byte_array_new ();
  return self;
}

void
fuzz_account_free (FuzzAccount *self)
{
  g_array_unref (self->tokens);
  g_byte_array_unref (self->close_body);
  g_free (self);
}

static void
add (FuzzAccount *self,
     guint16      token)
{
  g_array_append_val (self->tokens, token);
}

/* ---- an account by the decoder and the tracker ---- */

typedef struct
{
  const FuzzTalk       *talk;
  FuzzAccount          *account;
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
  if (self->header.length > self->talk->limits.max_frame)
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
         FUZZ_TOKEN_MESSAGE | self->header.opcode | (self->header.rsv1 ? 0x80 : 0));
  if (!self->told && self->place.is_control)
    add (self->account, FUZZ_TOKEN_CONTROL | self->header.opcode);
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
  FuzzAccount  *account = self->account;
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
      payload->len == strlen (FUZZ_PONG) && memcmp (payload->data, FUZZ_PONG, payload->len) == 0)
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
    add (self->account, FUZZ_TOKEN_END);
  self->account->safe = self->account->tokens->len;
  return TRUE;
}

FuzzAccount *
fuzz_account_judge (const FuzzTalk *talk,
                    const guint8   *data,
                    gsize           len)
{
  g_autoptr (DuplexFrameDecoder)   decoder = duplex_frame_decoder_new ();
  g_autoptr (DuplexMessageTracker) tracker =
    duplex_message_tracker_new (talk->sender, talk->limits.max_message);
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autoptr (GByteArray) payload = g_byte_array_new ();
  Judge                  self = { .talk = talk, .expects_pong = talk->expects_pong };
  DuplexSlice            slice;
  DuplexDecodeStep       step;
  gboolean               goes_on = TRUE;

  self.account = account_new ();
  self.decoder = decoder;
  self.tracker = tracker;
  self.findings = findings;
  self.payload = payload;
  if (talk->deflate)
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

gboolean
fuzz_account_tell_output (const FuzzTalk   *talk,
                          const GByteArray *output,
                          GArray           *tokens)
{
  g_autoptr (DuplexFrameDecoder)   decoder = duplex_frame_decoder_new ();
  g_autoptr (DuplexMessageTracker) tracker =
    duplex_message_tracker_new (talk->sender, G_MAXUINT64);
  g_autoptr (GArray) findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  FuzzAccount        account = { .tokens = tokens };
  const guint8      *data = output->data;
  gsize              len = output->len;
  DuplexMessagePlace place = { 0 };
  DuplexSlice        slice;
  DuplexDecodeStep   step;

  if (talk->deflate)
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
            add (&account, FUZZ_TOKEN_CONTROL | header->opcode);
          else if (place.first)
            add (&account, FUZZ_TOKEN_MESSAGE | header->opcode | (header->rsv1 ? 0x80 : 0));
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
            add (&account, FUZZ_TOKEN_END);
          break;
        }
      for (guint i = 0; i < findings->len; i++)
        {
          DuplexFindingId id = g_array_index (findings, DuplexFinding, i).id;

          g_assert_cmpint (duplex_finding_get_close_code (id), ==, 0);
        }
      g_array_set_size (findings, 0);
    }
  return duplex_frame_decoder_is_idle (decoder);
}

/* ---- what the input says ---- */

void
fuzz_talk_append_frame (const FuzzTalk *talk,
                        FuzzInput      *input,
                        GByteArray     *stream)
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
    .masked = (talk->sender == DUPLEX_ROLE_CLIENT) != ((bits & 0x30) == 0x30),
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
