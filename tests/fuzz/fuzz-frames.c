/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "core/proto/duplex-limits.h"
#include "duplex-trace.h"

/* The most pieces that an input can name: it then has a pattern that does not divide a header. */
#define MAX_PIECES 7

/* Beyond this the trace of every single byte costs more than it finds. */
#define MAX_STREAM 4096

static void
check_pieces (const guint8             *stream,
              gsize                     len,
              const char               *expected,
              const DuplexTraceOptions *options)
{
  g_autofree char *trace = duplex_trace (stream, len, options);

  g_assert_cmpstr (trace, ==, expected);
}

/* However a stream of frames is cut, the decoder and the tracker say the same of it. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const guint64 limits[] = { 0, 16, 1000, DUPLEX_LIMIT_MESSAGE, G_MAXUINT64 };
  static const guint8  one = 1;
  FuzzInput            input = { data, size };
  DuplexTraceOptions   options = { 0 };
  g_autofree char     *at_once = NULL;
  guint8               flags = fuzz_take_byte (&input);
  const guint8        *pieces;
  gsize                n_pieces;

  pieces = fuzz_take_bytes (&input, MAX_PIECES, &n_pieces);
  if (input.size > MAX_STREAM)
    return 0;

  options.sender = (flags & 1) != 0 ? DUPLEX_ROLE_CLIENT : DUPLEX_ROLE_SERVER;
  options.max_message = limits[(flags >> 1) % G_N_ELEMENTS (limits)];
  at_once = duplex_trace (input.data, input.size, &options);

  options.pieces = pieces;
  options.n_pieces = n_pieces;
  check_pieces (input.data, input.size, at_once, &options);

  options.pieces = &one;
  options.n_pieces = 1;
  check_pieces (input.data, input.size, at_once, &options);
  return 0;
}
