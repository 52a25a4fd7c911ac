/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-account.h"

#include <string.h>

#include "core/proto/duplex-limits.h"

/* However what an end says is cut, what the forwarder lets through is what was said, up to the
 * first violation, and its verdict is that of the decoder and the tracker, which share no code with
 * it but the tracker's rules.
 *
 * An input is flags, sizes of pieces, and steps that make up what the end says: bytes as they are,
 * or a frame whose payload, of which the input holds a few bytes only, is longer than an input. */

#define MAX_PIECES 7
#define MAX_STREAM ((gsize)192 * 1024)
#define MAX_SLOWLY ((gsize)2048) /* of which every single byte is fed by itself */

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
check (const FuzzTalk    *talk,
       GByteArray        *stream,
       const guint8      *pieces,
       gsize              n_pieces,
       const FuzzAccount *expected)
{
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (talk->sender, &talk->limits);
  g_autoptr (GByteArray)      held = g_byte_array_new ();
  g_autoptr (GByteArray)      output = g_byte_array_new ();
  g_autoptr (GArray)          tokens = g_array_new (FALSE, FALSE, sizeof (guint16));
  DuplexForwardState          state = DUPLEX_FORWARD_ON;
  gsize                       done = 0;
  gsize                       len;
  guint64                     payload;
  const guint8               *body;

  if (talk->deflate)
    duplex_forwarder_set_deflate (forwarder);
  memcpy (&payload, FUZZ_PONG, sizeof payload);
  if (talk->expects_pong)
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

  g_assert_true (fuzz_account_tell_output (talk, output, tokens));
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

static GByteArray *
make_stream (const FuzzTalk *talk,
             FuzzInput      *input)
{
  GByteArray *stream = g_byte_array_new ();

  while (input->size > 0 && stream->len < MAX_STREAM)
    {
      if (fuzz_take_byte (input) & 1)
        fuzz_talk_append_frame (talk, input, stream);
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
  static const guint64    limits[] = { G_MAXUINT64, 100000, 66000, 126, 0 };
  static const guint8     one = 0;
  FuzzInput               input = { data, size };
  guint8                  flags = fuzz_take_byte (&input);
  guint8                  limit = fuzz_take_byte (&input);
  FuzzTalk                talk = { 0 };
  const guint8           *pieces;
  gsize                   n_pieces;
  g_autoptr (GByteArray)  stream = NULL;
  g_autoptr (FuzzAccount) expected = NULL;

  talk.sender = flags & 1 ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT;
  talk.deflate = (flags & 2) != 0;
  talk.expects_pong = (flags & 4) != 0;
  talk.limits.max_message = limits[limit % G_N_ELEMENTS (limits)];
  talk.limits.max_frame = limits[limit / G_N_ELEMENTS (limits) % G_N_ELEMENTS (limits)];
  pieces = fuzz_take_bytes (&input, MAX_PIECES, &n_pieces);
  stream = make_stream (&talk, &input);

  expected = fuzz_account_judge (&talk, stream->data, stream->len);
  check (&talk, stream, NULL, 0, expected);
  if (n_pieces > 0)
    check (&talk, stream, pieces, n_pieces, expected);
  if (stream->len <= MAX_SLOWLY)
    check (&talk, stream, &one, 1, expected);
  return 0;
}
