/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "duplex-deflate-cut.h"
#include "duplex-inflate-reference.h"

/* The most pieces that an input can name. */
#define MAX_PIECES 7

/* Where a message ends in the input: what follows is the next one's. */
#define MESSAGE_END 0xee

/* What a run of the inflater gave. */
typedef struct
{
  GByteArray   *out;
  guint         n_messages;
  DuplexFinding finding;
} Result;

static void
result_clear (Result *result)
{
  g_clear_pointer (&result->out, g_byte_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Result, result_clear)

/* What the inflater took for a whole message is what zlib makes of it. */
static void
check_reference (const DuplexDeflateDirection *direction,
                 const guint8                 *payload,
                 gsize                         len,
                 const GByteArray             *all,
                 gsize                         before)
{
  g_autoptr (GByteArray) history = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();

  if (!direction->no_context_takeover)
    g_byte_array_append (history, all->data, (guint)before);
  g_assert_true (duplex_inflate_reference (history, payload, len, out));
  g_assert_cmpuint (out->len, ==, all->len - before);
  if (out->len > 0)
    g_assert_cmpmem (out->data, out->len, all->data + before, out->len);
}

/* The input as the messages of a connection. */
static void
inflate_all (const FuzzInput              *input,
             const DuplexDeflateDirection *direction,
             guint64                       max_message,
             const DuplexDeflateCut       *cut,
             Result                       *result)
{
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (direction, max_message);
  gsize                      at = 0;

  result->out = g_byte_array_new ();
  result->n_messages = 0;
  while (at < input->size)
    {
      gsize    before = result->out->len;
      gsize    end = at;
      gboolean ok;

      while (end < input->size && input->data[end] != MESSAGE_END)
        end++;

      ok = duplex_deflate_cut_inflate (cut, inflater, input->data + at, end - at, result->out);
      g_assert_cmpuint (result->out->len - before, <=, max_message);
      result->finding = duplex_inflater_get_finding (inflater);
      g_assert_cmpint (ok, ==, result->finding.id == DUPLEX_FINDING_NONE);
      g_assert_cmpint (duplex_inflater_get_reason (inflater) != NULL, ==,
                       result->finding.id == DUPLEX_FINDING_DEFLATE_CORRUPT);
      if (!ok)
        {
          g_assert_cmpuint (result->finding.offset, <=, end - at);
          return;
        }

      check_reference (direction, input->data + at, end - at, result->out, before);
      result->n_messages++;
      at = end + 1;
    }
}

/* However the payload is cut and the output taken, the same comes out and the same is wrong. */
static void
check_inflater (const FuzzInput              *input,
                const DuplexDeflateDirection *direction,
                guint64                       max_message,
                const DuplexDeflateCut       *cut)
{
  static const DuplexDeflateCut at_once = { NULL, 0, 65536 };
  g_auto (Result)               expected = { 0 };
  g_auto (Result)               result = { 0 };

  inflate_all (input, direction, max_message, &at_once, &expected);
  inflate_all (input, direction, max_message, cut, &result);
  g_assert_cmpmem (result.out->data, result.out->len, expected.out->data, expected.out->len);
  g_assert_cmpuint (result.n_messages, ==, expected.n_messages);
  g_assert_cmpint (result.finding.id, ==, expected.finding.id);
  if (result.finding.id == DUPLEX_FINDING_DEFLATE_CORRUPT)
    g_assert_cmpuint (result.finding.offset, ==, expected.finding.offset);
}

/* The input as a message, sent twice. */
static void
check_round_trip (const FuzzInput              *input,
                  const DuplexDeflateDirection *direction,
                  int                           level,
                  int                           mem_level,
                  const DuplexDeflateCut       *cut)
{
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (direction, level, mem_level);
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (direction, input->size);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GByteArray) payload = g_byte_array_new ();
      g_autoptr (GByteArray) out = g_byte_array_new ();

      duplex_deflate_cut_deflate (cut, deflater, input->data, input->size, payload);
      g_assert_true (duplex_deflate_cut_inflate (cut, inflater, payload->data, payload->len, out));
      g_assert_cmpmem (out->data, out->len, input->data, input->size);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const guint64   limits[] = { 0, 5, 1000, 100000 };
  FuzzInput              input = { data, size };
  guint8                 flags = fuzz_take_byte (&input);
  guint8                 memory = fuzz_take_byte (&input);
  DuplexDeflateDirection direction = { flags & 1, DUPLEX_WINDOW_BITS_MIN + (flags >> 1) % 8 };
  DuplexDeflateCut       cut = { .room = 1 + memory };

  cut.pieces = fuzz_take_bytes (&input, MAX_PIECES, &cut.n_pieces);
  check_inflater (&input, &direction, limits[flags >> 6], &cut);
  check_round_trip (&input, &direction, memory % 11 - 1, flags % 10, &cut);
  return 0;
}
