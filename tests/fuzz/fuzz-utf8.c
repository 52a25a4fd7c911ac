/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-utf8.h"
#include "duplex-utf8-reference.h"

#define MAX_PIECES 7

/* What a run says of a text: the first bad byte, or where it stopped and whether it is complete;
 * and where the first unsafe character is. */
typedef struct
{
  gboolean valid;
  guint64  bad;
  guint64  start;
  guint64  first_unsafe;
  gboolean complete;
} Verdict;

static Verdict
feed (const guint8 *text,
      gsize         len,
      const guint8 *pieces,
      gsize         n_pieces)
{
  Verdict    verdict = { TRUE, 0, 0, 0, FALSE };
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;
  gsize      done = 0;

  for (gsize i = 0; verdict.valid && done < len; i++)
    {
      gsize piece = n_pieces > 0 ? pieces[i % n_pieces] : len;

      piece = CLAMP (piece, 1, len - done);
      verdict.valid = duplex_utf8_feed (&utf8, text + done, piece, &verdict.bad);
      done += piece;
      if (verdict.valid)
        g_assert_cmpuint (utf8.offset, ==, done);
    }

  verdict.first_unsafe = utf8.unsafe;
  verdict.complete = duplex_utf8_is_complete (&utf8);
  verdict.start = verdict.valid && verdict.complete ? len : utf8.start;
  return verdict;
}

/* GLib refuses NUL, which is a character: it is asked about what stands between them. Returns where
 * the first character that is not one begins, or len. */
static gsize
find_invalid_by_glib (const guint8 *text,
                      gsize         len)
{
  gsize done = 0;

  while (done < len)
    {
      const char   *run = (const char *)text + done;
      const guint8 *nul = memchr (run, '\0', len - done);
      gsize         size = nul != NULL ? (gsize)(nul - (text + done)) : len - done;
      const char   *end;

      if (!g_utf8_validate_len (run, size, &end))
        return end - (const char *)text;
      done += size + 1;
    }

  return len;
}

static void
check_reference (const Verdict *verdict,
                 const guint8  *text,
                 gsize          len)
{
  DuplexUtf8Reference expected = duplex_utf8_reference (text, len);
  gboolean            is_open = expected.open < expected.valid;

  /* A byte that cannot stand where it does shows as one that is not accepted, whatever is open. */
  if (verdict->valid)
    {
      g_assert_cmpuint (expected.valid, ==, len);
      g_assert_cmpint (verdict->complete, ==, !is_open);
    }
  else
    {
      g_assert_cmpuint (verdict->bad, ==, expected.valid);
    }
  g_assert_cmpuint (verdict->start, ==, expected.open);
  g_assert_cmpuint (verdict->first_unsafe, ==, expected.first_unsafe);
}

/* However a text is cut the verdict is the same: the reference's, and GLib's. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const guint8 one = 1;
  FuzzInput           input = { data, size };
  gsize               n_pieces;
  const guint8       *pieces = fuzz_take_bytes (&input, MAX_PIECES, &n_pieces);
  Verdict             at_once = feed (input.data, input.size, NULL, 0);
  Verdict             cut[] = {
                feed (input.data, input.size, pieces, n_pieces),
                feed (input.data, input.size, &one, 1),
  };
  guint64 bad;

  for (gsize i = 0; i < G_N_ELEMENTS (cut); i++)
    {
      g_assert_cmpint (cut[i].valid, ==, at_once.valid);
      g_assert_cmpuint (cut[i].start, ==, at_once.start);
      g_assert_cmpint (cut[i].complete, ==, at_once.complete);
      g_assert_cmpuint (cut[i].first_unsafe, ==, at_once.first_unsafe);
      if (!at_once.valid)
        g_assert_cmpuint (cut[i].bad, ==, at_once.bad);
    }

  check_reference (&at_once, input.data, input.size);
  g_assert_cmpuint (at_once.start, ==, find_invalid_by_glib (input.data, input.size));
  g_assert_cmpint (duplex_utf8_validate (input.data, input.size, &bad), ==,
                   at_once.valid && at_once.complete);
  return 0;
}
