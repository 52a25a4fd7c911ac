/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-deflate.h"
#include "core/proto/duplex-limits.h"

#include <string.h>
#include <sys/resource.h>

#include "duplex-deflate-cut.h"
#include "duplex-hex.h"

#define PATH  "/core/deflate/"

#define HELLO "f2 48 cd c9 c9 07 00 "
#define AGAIN "f2 00 11 00 00 "

#define KIB   ((gsize)1024)
#define MIB   (1024 * KIB)

static const DuplexDeflateDirection takeover = { FALSE, 15 };
static const DuplexDeflateDirection no_takeover = { TRUE, 15 };

/* ---- messages through an inflater ---- */

static const guint8 one[] = { 1 };
static const guint8 some[] = { 3, 1, 7 };

static const DuplexDeflateCut cuts[] = {
  { NULL, 0, 64 * KIB },
  { one, 1, 1 },
  { one, 1, 64 * KIB },
  { NULL, 0, 1 },
  { some, 3, 7 },
  { some, 2, 300 },
};

static const DuplexDeflateCut *const whole = &cuts[0];

static void
assert_inflates_to (DuplexInflater         *inflater,
                    const guint8           *payload,
                    gsize                   len,
                    const DuplexDeflateCut *cut,
                    const guint8           *expected,
                    gsize                   expected_len)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  g_assert_true (duplex_deflate_cut_inflate (cut, inflater, payload, len, out));
  g_assert_cmpmem (out->data, out->len, expected, expected_len);
  g_assert_cmpint (duplex_inflater_get_finding (inflater).id, ==, DUPLEX_FINDING_NONE);
  g_assert_cmpuint (duplex_inflater_get_payload_size (inflater), ==, 0);
  g_assert_cmpuint (duplex_inflater_get_inflated_size (inflater), ==, 0);
}

/* ---- what is valid ---- */

/* Messages of one connection, and what each inflates to. */
typedef struct
{
  const char *name;
  const char *payloads[4];
  const char *texts[4];
} Valid;

static const Valid valid[] = {
  { "rfc-7.2.3.1", { HELLO }, { "Hello" } },
  { "rfc-7.2.3.2", { HELLO, AGAIN }, { "Hello", "Hello" } },
  { "rfc-7.2.3.2/no-takeover", { HELLO, HELLO }, { "Hello", "Hello" } },
  { "rfc-7.2.3.3", { "00 05 00 fa ff 48 65 6c 6c 6f 00" }, { "Hello" } },
  { "rfc-7.2.3.4", { "f3 48 cd c9 c9 07 00 00" }, { "Hello" } },
  { "rfc-7.2.3.5", { "f2 48 05 00 00 00 ff ff ca c9 c9 07 00" }, { "Hello" } },
  { "rfc-7.2.3.6", { "00" }, { "" } },

  { "empty/between", { HELLO, "00", AGAIN }, { "Hello", "", "Hello" } },
  { "empty/first", { "00", HELLO, "00" }, { "", "Hello", "" } },
  /* The empty block at the end may be a BFINAL one. */
  { "empty/final", { HELLO, "01", AGAIN }, { "Hello", "", "Hello" } },
  /* An empty message as zlib's Z_FINISH writes it, with the empty block of §7.2.1 and without. */
  { "empty/fixed", { "02 00", HELLO }, { "", "Hello" } },
  { "empty/fixed-final", { "03 00 00", "03 00", HELLO }, { "", "", "Hello" } },
  { "empty/many-blocks", { "00 00 00 ff ff 00 00 00 ff ff 00", HELLO }, { "", "Hello" } },

  { "final/context", { "f3 48 cd c9 c9 07 00 00", AGAIN }, { "Hello", "Hello" } },
  { "final/data-behind", { "f3 48 cd c9 c9 07 00" HELLO, AGAIN }, { "HelloHello", "Hello" } },
  { "final/refers-back", { "f3 48 cd c9 c9 07 00" AGAIN }, { "HelloHello" } },
  { "final/twice", { "f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 00" }, { "HelloHello" } },
  { "final/no-empty-block", { "f3 48 cd c9 c9 07 00", AGAIN }, { "Hello", "Hello" } },
};

static void
test_valid (gconstpointer data)
{
  const Valid *c = data;

  for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
    {
      g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&takeover, 10);

      for (gsize m = 0; m < G_N_ELEMENTS (c->payloads) && c->payloads[m] != NULL; m++)
        {
          g_autoptr (GBytes) payload = duplex_hex_decode (c->payloads[m]);
          gsize              len;
          const guint8      *bytes = g_bytes_get_data (payload, &len);

          assert_inflates_to (inflater, bytes, len, &cuts[i], (const guint8 *)c->texts[m],
                              strlen (c->texts[m]));
        }
    }
}

/* ---- what is not ---- */

typedef struct
{
  const char                   *name;
  const DuplexDeflateDirection *direction;
  const char                   *before; /* a message that is fine, or NULL */
  const char                   *payload;
  guint64                       offset;
  const char                   *text; /* what is inflated before the fault */
} Corrupt;

static const Corrupt corrupt[] = {
  { "no-bytes", &takeover, NULL, "", 0, "" },
  { "no-bytes/later", &takeover, HELLO, "", 0, "" },
  { "block-type", &takeover, NULL, "06", 0, "" },
  { "block-type/second", &takeover, NULL, "f2 48 05 00 00 00 ff ff 06", 8, "He" },
  { "stored-length", &takeover, NULL, "00 05 00 fb ff 48", 4, "" },
  { "cut/one-byte", &takeover, NULL, "f2 48 cd c9 c9 07", 6, "Hello" },
  { "cut/in-block", &takeover, NULL, "f2 48 cd c9", 4, "Hel" },
  { "cut/stored", &takeover, NULL, "00 05 00 fa ff 48", 6, "H" },
  /* The tail completes the block, but stands for none of its bytes. */
  { "cut/stored-by-tail", &takeover, NULL, "00 04 00 fb ff", 5, "" },
  { "cut/stored-final-by-tail", &takeover, NULL, "01 01 00 fe ff", 5, "" },
  /* The tail ends between two code lengths of a block's head, and leaves no bit over. */
  { "cut/head", &takeover, NULL, "04 e0 01", 3, "" },
  { "tail-left-on", &takeover, NULL, HELLO "00 00 ff ff", 11, "Hello" },
  { "half-tail-left-on", &takeover, NULL, HELLO "00 00", 9, "Hello" },
  { "lost-context", &takeover, NULL, AGAIN, 2, "H" },
  { "no-takeover", &no_takeover, HELLO, AGAIN, 2, "H" },
  { "no-takeover/final", &no_takeover, "f3 48 cd c9 c9 07 00 00", AGAIN, 2, "H" },
  { "after-final", &takeover, NULL, "f3 48 cd c9 c9 07 00 07", 7, "Hello" },
  /* Lengths of a dynamic block that are over-subscribed. */
  { "code-lengths", &takeover, NULL, "04 00 fe ff", 3, "" },
};

/* It stays failed and takes nothing more. */
static void
assert_dead (DuplexInflater *inflater)
{
  static const guint8 more[] = { 0x00 };
  DuplexFinding       finding = duplex_inflater_get_finding (inflater);
  const guint8       *data = more;
  gsize               len = sizeof more;
  guint8              out[8];
  gsize               n = 99;

  g_assert_cmpint (duplex_inflater_feed (inflater, &data, &len, out, sizeof out, &n), ==,
                   DUPLEX_INFLATE_FAILED);
  g_assert_true (data == more);
  g_assert_cmpuint (len, ==, 1);
  g_assert_cmpuint (n, ==, 0);
  g_assert_false (duplex_inflater_end (inflater));
  g_assert_cmpint (duplex_inflater_get_finding (inflater).id, ==, finding.id);
  g_assert_cmpuint (duplex_inflater_get_finding (inflater).offset, ==, finding.offset);
}

static void
test_corrupt (gconstpointer data)
{
  const Corrupt     *c = data;
  g_autoptr (GBytes) payload = duplex_hex_decode (c->payload);
  g_autoptr (GBytes) before = duplex_hex_decode (c->before != NULL ? c->before : "");
  gsize              len;
  gsize              before_len;
  const guint8      *bytes = g_bytes_get_data (payload, &len);
  const guint8      *before_bytes = g_bytes_get_data (before, &before_len);

  for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
    {
      g_autoptr (DuplexInflater) inflater = duplex_inflater_new (c->direction, G_MAXUINT64);
      g_autoptr (GByteArray)     out = g_byte_array_new ();

      if (before_len > 0)
        g_assert_true (duplex_deflate_cut_inflate (&cuts[i], inflater, before_bytes, before_len,
                                                   out));
      g_byte_array_set_size (out, 0);

      g_assert_null (duplex_inflater_get_reason (inflater));
      g_assert_false (duplex_deflate_cut_inflate (&cuts[i], inflater, bytes, len, out));
      g_assert_cmpint (duplex_inflater_get_finding (inflater).id, ==,
                       DUPLEX_FINDING_DEFLATE_CORRUPT);
      g_assert_cmpuint (duplex_inflater_get_finding (inflater).offset, ==, c->offset);
      g_assert_nonnull (duplex_inflater_get_reason (inflater));
      g_assert_cmpmem (out->data, out->len, c->text, strlen (c->text));
      g_assert_cmpuint (duplex_inflater_get_inflated_size (inflater), ==, out->len);
      assert_dead (inflater);
    }
}

/* ---- every byte changed ---- */

typedef struct
{
  gboolean      ok;
  DuplexFinding finding;
  GByteArray   *out;
} Result;

static void
result_clear (Result *result)
{
  g_clear_pointer (&result->out, g_byte_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Result, result_clear)

static Result
inflate_limited (GByteArray             *payload,
                 const DuplexDeflateCut *cut)
{
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&takeover, 3000);
  Result                     result = { .out = g_byte_array_new () };

  result.ok = duplex_deflate_cut_inflate (cut, inflater, payload->data, payload->len, result.out);
  result.finding = duplex_inflater_get_finding (inflater);
  return result;
}

/* Whichever way it is cut, the same is inflated, and the same fault found at the same place. */
static void
test_corrupt_every_byte (void)
{
  static const guint8        changes[] = { 0x01, 0x10, 0x80, 0xff };
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&takeover, -1, 0);
  g_autoptr (GByteArray)     text = duplex_deflate_cut_new_text (1500);
  g_autoptr (GByteArray)     payload = g_byte_array_new ();
  guint                      n_failed = 0;

  duplex_deflate_cut_deflate (whole, deflater, text->data, text->len, payload);
  for (gsize i = 0; i < payload->len * G_N_ELEMENTS (changes); i++)
    {
      guint8         *byte = &payload->data[i / G_N_ELEMENTS (changes)];
      guint8          was = *byte;
      g_auto (Result) expected = { 0 };
      g_auto (Result) result = { 0 };

      *byte ^= changes[i % G_N_ELEMENTS (changes)];
      expected = inflate_limited (payload, whole);
      result = inflate_limited (payload, &cuts[1 + i % (G_N_ELEMENTS (cuts) - 1)]);
      *byte = was;

      g_assert_cmpint (result.ok, ==, expected.ok);
      g_assert_cmpint (result.finding.id, ==, expected.finding.id);
      if (result.finding.id == DUPLEX_FINDING_DEFLATE_CORRUPT)
        g_assert_cmpuint (result.finding.offset, ==, expected.finding.offset);
      g_assert_cmpmem (result.out->data, result.out->len, expected.out->data, expected.out->len);
      n_failed += !result.ok;
    }

  g_assert_cmpuint (n_failed, >, payload->len);
}

/* ---- the limit ---- */

static void
test_limit (void)
{
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&takeover, -1, 0);
  g_autoptr (GByteArray)     text = duplex_deflate_cut_new_text (1000);
  g_autoptr (GByteArray)     payload = g_byte_array_new ();

  duplex_deflate_cut_deflate (whole, deflater, text->data, text->len, payload);
  for (guint64 max = 998; max <= 1001; max++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
        {
          g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&takeover, max);
          g_autoptr (GByteArray)     out = g_byte_array_new ();
          gboolean                   ok;

          ok = duplex_deflate_cut_inflate (&cuts[i], inflater, payload->data, payload->len, out);
          g_assert_cmpint (ok, ==, max >= text->len);
          g_assert_cmpmem (out->data, out->len, text->data, MIN (max, text->len));
          if (ok)
            continue;

          g_assert_cmpint (duplex_inflater_get_finding (inflater).id, ==,
                           DUPLEX_FINDING_INFLATED_TOO_BIG);
          g_assert_cmpuint (duplex_inflater_get_finding (inflater).offset, <, payload->len);
          g_assert_cmpuint (duplex_inflater_get_inflated_size (inflater), ==, max);
          g_assert_null (duplex_inflater_get_reason (inflater));
          assert_dead (inflater);
        }
    }
}

/* The limit is one message's: many of its size pass. And nothing is within a limit of nothing. */
static void
test_limit_each_message (void)
{
  g_autoptr (DuplexInflater) five = duplex_inflater_new (&takeover, 5);
  g_autoptr (DuplexInflater) none = duplex_inflater_new (&takeover, 0);
  g_autoptr (GBytes)         hello = duplex_hex_decode (HELLO);
  g_autoptr (GByteArray)     out = g_byte_array_new ();
  gsize                      len;
  const guint8              *bytes = g_bytes_get_data (hello, &len);

  for (guint i = 0; i < 100; i++)
    assert_inflates_to (five, bytes, len, &cuts[i % G_N_ELEMENTS (cuts)],
                        (const guint8 *)"Hello", 5);

  assert_inflates_to (none, (const guint8 *)"", 1, whole, (const guint8 *)"", 0);
  g_assert_false (duplex_deflate_cut_inflate (whole, none, bytes, len, out));
  g_assert_cmpuint (out->len, ==, 0);
}

/* 1 GiB of zeros in about 1 MiB: what 1 MiB of them takes, with the flush left on, 1024 times. */
static GByteArray *
new_bomb (void)
{
  static const guint8        flush[] = { 0x00, 0x00, 0xff, 0xff };
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&takeover, 9, 9);
  g_autofree guint8         *zeros = g_malloc0 (MIB);
  g_autoptr (GByteArray)     part = g_byte_array_new ();
  GByteArray                *bomb = g_byte_array_new ();

  duplex_deflate_cut_deflate (whole, deflater, zeros, MIB, part);
  for (guint i = 0; i < 1024; i++)
    {
      if (i > 0)
        g_byte_array_append (bomb, flush, sizeof flush);
      g_byte_array_append (bomb, part->data, part->len);
    }
  return bomb;
}

static gsize
peak_memory (void)
{
  struct rusage usage;

  g_assert_cmpint (getrusage (RUSAGE_SELF, &usage), ==, 0);
  return usage.ru_maxrss * KIB;
}

/* How much of the bomb comes out under a limit. */
static guint64
inflate_bomb (DuplexInflater *inflater,
              GByteArray     *bomb)
{
  static guint8     out[64 * KIB];
  const guint8     *data = bomb->data;
  gsize             len = bomb->len;
  guint64           total = 0;
  DuplexInflateStep step;

  do
    {
      gsize n;

      step = duplex_inflater_feed (inflater, &data, &len, out, sizeof out, &n);
      total += n;
  } while (step == DUPLEX_INFLATE_FULL);

  g_assert_cmpuint (duplex_inflater_get_payload_size (inflater), ==, bomb->len - len);
  return total;
}

static void
test_bomb (void)
{
  g_autoptr (GByteArray)     bomb = new_bomb ();
  g_autoptr (DuplexInflater) limited = duplex_inflater_new (&takeover, MIB);
  g_autoptr (DuplexInflater) unlimited = duplex_inflater_new (&takeover, 1024 * MIB);
  gsize                      memory = peak_memory ();

  g_assert_cmpuint (bomb->len, <, MIB + MIB / 8);

  /* It stops there: most of the payload is not even read. */
  g_assert_cmpuint (inflate_bomb (limited, bomb), ==, MIB);
  g_assert_cmpint (duplex_inflater_get_finding (limited).id, ==, DUPLEX_FINDING_INFLATED_TOO_BIG);
  g_assert_cmpuint (duplex_inflater_get_payload_size (limited), <, 2 * KIB);

  g_assert_cmpuint (inflate_bomb (unlimited, bomb), ==, 1024 * MIB);
  g_assert_true (duplex_inflater_end (unlimited));
  g_assert_cmpuint (peak_memory () - memory, <, MIB);
}

/* What is too good to be text ends when it has had its chance. */
static void
test_ratio (void)
{
  g_autoptr (GByteArray)     bomb = new_bomb ();
  g_autoptr (DuplexInflater) strict = duplex_inflater_new (&takeover, G_MAXUINT64);
  g_autoptr (DuplexInflater) lenient = duplex_inflater_new (&takeover, G_MAXUINT64);
  guint64                    total;

  duplex_inflater_set_max_ratio (strict, 200);
  total = inflate_bomb (strict, bomb);
  g_assert_cmpuint (total, >, DUPLEX_LIMIT_INFLATE_FREE);
  g_assert_cmpuint (total, <=, DUPLEX_LIMIT_INFLATE_FREE + 64 * KIB);
  g_assert_cmpint (duplex_inflater_get_finding (strict).id, ==, DUPLEX_FINDING_INFLATED_TOO_BIG);

  duplex_inflater_set_max_ratio (lenient, 2000);
  g_assert_cmpuint (inflate_bomb (lenient, bomb), ==, 1024 * MIB);
  g_assert_true (duplex_inflater_end (lenient));
}

static void
test_free_nothing (void)
{
  duplex_inflater_free (NULL);
  duplex_deflater_free (NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (valid); i++)
    {
      g_autofree char *path = g_strconcat (PATH "valid/", valid[i].name, NULL);

      g_test_add_data_func (path, &valid[i], test_valid);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (corrupt); i++)
    {
      g_autofree char *path = g_strconcat (PATH "corrupt/", corrupt[i].name, NULL);

      g_test_add_data_func (path, &corrupt[i], test_corrupt);
    }
  g_test_add_func (PATH "corrupt-every-byte", test_corrupt_every_byte);
  g_test_add_func (PATH "limit", test_limit);
  g_test_add_func (PATH "limit/each-message", test_limit_each_message);
  g_test_add_func (PATH "bomb", test_bomb);
  g_test_add_func (PATH "ratio", test_ratio);
  g_test_add_func (PATH "free-nothing", test_free_nothing);

  return g_test_run ();
}
