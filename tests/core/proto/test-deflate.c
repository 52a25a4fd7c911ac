/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-deflate.h"

#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include "duplex-guard-page.h"
#include "duplex-hex.h"

#define PATH  "/core/deflate/"

#define HELLO "f2 48 cd c9 c9 07 00 "
#define AGAIN "f2 00 11 00 00 "

#define KIB   ((gsize)1024)
#define MIB   (1024 * KIB)

static const DuplexDeflateDirection takeover = { FALSE, 15 };
static const DuplexDeflateDirection no_takeover = { TRUE, 15 };

/* ---- a message through an inflater, in pieces and against a guard page on both sides ---- */

typedef struct
{
  gsize piece; /* bytes that are fed at a time */
  gsize room;  /* bytes of output at a time */
} Cut;

static const Cut cuts[] = {
  { G_MAXSIZE, 64 * KIB },
  { 1, 1 },
  { 1, 64 * KIB },
  { G_MAXSIZE, 1 },
  { 3, 7 },
  { 7, 300 },
};

/* Feeds until a step fails or all is fed. */
static DuplexInflateStep
feed_piece (DuplexInflater  *inflater,
            DuplexGuardPage *room_page,
            const guint8    *data,
            gsize            len,
            gsize            room,
            GByteArray      *out)
{
  DuplexInflateStep step;
  gsize             n;

  do
    {
      guint8       *place = duplex_guard_page_place (room_page, NULL, room);
      const guint8 *before = data;
      gsize         len_before = len;

      step = duplex_inflater_feed (inflater, &data, &len, place, room, &n);
      g_assert_cmpuint (data - before, ==, len_before - len);
      g_assert_cmpuint (n, <=, room);
      if (step == DUPLEX_INFLATE_NEED_MORE)
        g_assert_cmpuint (len, ==, 0);
      if (step == DUPLEX_INFLATE_FULL)
        g_assert_cmpuint (n, ==, room);
      g_byte_array_append (out, place, n);
  } while (step == DUPLEX_INFLATE_FULL);

  return step;
}

/* A whole message, or what comes before its fault. */
static gboolean
inflate_message (DuplexInflater *inflater,
                 const guint8   *payload,
                 gsize           len,
                 const Cut      *cut,
                 GByteArray     *out)
{
  gsize                       piece = MIN (cut->piece, len);
  g_autoptr (DuplexGuardPage) data_page = duplex_guard_page_new (MAX (piece, 1));
  g_autoptr (DuplexGuardPage) room_page = duplex_guard_page_new (cut->room);

  for (gsize at = 0; at < len; at += piece)
    {
      gsize   size = MIN (piece, len - at);
      guint8 *data = duplex_guard_page_place (data_page, payload + at, size);

      if (feed_piece (inflater, room_page, data, size, cut->room, out) == DUPLEX_INFLATE_FAILED)
        return FALSE;
    }

  return duplex_inflater_end (inflater);
}

static void
assert_inflates_to (DuplexInflater *inflater,
                    const guint8   *payload,
                    gsize           len,
                    const Cut      *cut,
                    const guint8   *expected,
                    gsize           expected_len)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  g_assert_true (inflate_message (inflater, payload, len, cut, out));
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
        g_assert_true (inflate_message (inflater, before_bytes, before_len, &cuts[i], out));
      g_byte_array_set_size (out, 0);

      g_assert_null (duplex_inflater_get_reason (inflater));
      g_assert_false (inflate_message (inflater, bytes, len, &cuts[i], out));
      g_assert_cmpint (duplex_inflater_get_finding (inflater).id, ==,
                       DUPLEX_FINDING_DEFLATE_CORRUPT);
      g_assert_cmpuint (duplex_inflater_get_finding (inflater).offset, ==, c->offset);
      g_assert_nonnull (duplex_inflater_get_reason (inflater));
      g_assert_cmpmem (out->data, out->len, c->text, strlen (c->text));
      g_assert_cmpuint (duplex_inflater_get_inflated_size (inflater), ==, out->len);
      assert_dead (inflater);
    }
}

/* ---- messages to compress ---- */

static void
deflate_message (DuplexDeflater *deflater,
                 const guint8   *data,
                 gsize           len,
                 gsize           piece,
                 GByteArray     *out)
{
  for (gsize at = 0; at < len; at += MIN (piece, len - at))
    duplex_deflater_feed (deflater, data + at, MIN (piece, len - at), out);
  duplex_deflater_end (deflater, out);
}

static GByteArray *
new_text (gsize size)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; text->len < size; i++)
    g_string_append_printf (text, "{\"id\":%u,\"price\":%u.%02u,\"side\":\"%s\"}\n", i,
                            i * 7919 % 1000, i * 31 % 100, i % 3 == 0 ? "buy" : "sell");
  g_string_truncate (text, size);
  return g_bytes_unref_to_array (g_string_free_to_bytes (text));
}

static GByteArray *
new_noise (gsize size)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (size);
  GByteArray       *noise = g_byte_array_new ();

  g_byte_array_set_size (noise, size);
  for (gsize i = 0; i < size; i++)
    noise->data[i] = g_rand_int (rand) >> 24;
  return noise;
}

/* The same noise again and again, at all distances up to beyond 32 KiB: whatever window there is is
 * used to its end. */
static GByteArray *
new_echoes (void)
{
  g_autoptr (GByteArray) phrase = new_noise (40);
  GByteArray            *echoes = g_byte_array_new ();

  for (gsize gap = 50; gap < 40000; gap = gap * 3 / 2)
    {
      g_autoptr (GByteArray) noise = new_noise (gap);

      g_byte_array_append (echoes, phrase->data, phrase->len);
      g_byte_array_append (echoes, noise->data, noise->len);
    }
  g_byte_array_append (echoes, phrase->data, phrase->len);
  return echoes;
}

/* Every byte of a compressed message changed: whichever way it is cut, the same is inflated and the
 * same fault found at the same place. */
static void
test_corrupt_every_byte (void)
{
  static const guint8        changes[] = { 0x01, 0x10, 0x80, 0xff };
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&takeover, -1, 0);
  g_autoptr (GByteArray)     text = new_text (1500);
  g_autoptr (GByteArray)     payload = g_byte_array_new ();
  guint                      n_failed = 0;

  deflate_message (deflater, text->data, text->len, G_MAXSIZE, payload);
  for (gsize i = 0; i < payload->len * G_N_ELEMENTS (changes); i++)
    {
      guint8       *byte = &payload->data[i / G_N_ELEMENTS (changes)];
      guint8        was = *byte;
      gboolean      ok[2];
      DuplexFinding findings[2];
      GByteArray   *outs[2];

      *byte ^= changes[i % G_N_ELEMENTS (changes)];
      for (gsize k = 0; k < 2; k++)
        {
          g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&takeover, 3000);

          outs[k] = g_byte_array_new ();
          ok[k] = inflate_message (inflater, payload->data, payload->len,
                                   &cuts[k == 0 ? 0 : 1 + i % (G_N_ELEMENTS (cuts) - 1)], outs[k]);
          findings[k] = duplex_inflater_get_finding (inflater);
        }

      g_assert_cmpint (ok[0], ==, ok[1]);
      g_assert_cmpint (findings[0].id, ==, findings[1].id);
      if (findings[0].id == DUPLEX_FINDING_DEFLATE_CORRUPT)
        g_assert_cmpuint (findings[0].offset, ==, findings[1].offset);
      g_assert_cmpmem (outs[0]->data, outs[0]->len, outs[1]->data, outs[1]->len);
      n_failed += !ok[0];
      g_byte_array_unref (outs[0]);
      g_byte_array_unref (outs[1]);
      *byte = was;
    }

  g_assert_cmpuint (n_failed, >, payload->len);
}

/* ---- the limit ---- */

static void
test_limit (void)
{
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&takeover, -1, 0);
  g_autoptr (GByteArray)     text = new_text (1000);
  g_autoptr (GByteArray)     payload = g_byte_array_new ();

  deflate_message (deflater, text->data, text->len, G_MAXSIZE, payload);
  for (guint64 max = 998; max <= 1001; max++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
        {
          g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&takeover, max);
          g_autoptr (GByteArray)     out = g_byte_array_new ();
          gboolean                   ok;

          ok = inflate_message (inflater, payload->data, payload->len, &cuts[i], out);
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

  assert_inflates_to (none, (const guint8 *)"", 1, &cuts[0], (const guint8 *)"", 0);
  g_assert_false (inflate_message (none, bytes, len, &cuts[0], out));
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

  deflate_message (deflater, zeros, MIB, G_MAXSIZE, part);
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

/* ---- deflating ---- */

/* RFC 7692's own examples. */
static void
test_deflate_examples (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (i ? &no_takeover : &takeover,
                                                                 -1, 0);
      g_autoptr (GByteArray) out = g_byte_array_new ();
      g_autofree char       *hex = NULL;

      deflate_message (deflater, (const guint8 *)"Hello", 5, G_MAXSIZE, out);
      deflate_message (deflater, (const guint8 *)"Hello", 5, G_MAXSIZE, out);
      deflate_message (deflater, NULL, 0, G_MAXSIZE, out);
      deflate_message (deflater, NULL, 0, G_MAXSIZE, out);
      hex = duplex_hex_encode (out->data, out->len);
      g_assert_cmpstr (hex, ==,
                       i ? "f248cdc9c90700"
                           "f248cdc9c90700"
                           "00"
                           "00"
                         : "f248cdc9c90700"
                           "f200110000"
                           "00"
                           "00");
    }
}

/* With a window of so many bits and not a byte more: with one byte of output at a time zlib keeps
 * nothing that is beyond it. */
static gboolean
is_within_window (GPtrArray *payloads,
                  gboolean   reset,
                  guint      bits)
{
  static guint8 flush[] = { 0x00, 0x00, 0xff, 0xff };
  z_stream      z = { 0 };
  int           status = inflateInit2 (&z, -(int)bits);

  for (guint i = 0; i < 2 * payloads->len && status != Z_DATA_ERROR; i++)
    {
      GByteArray *payload = payloads->pdata[i / 2];
      guint8      out;

      z.next_in = i % 2 == 0 ? payload->data : flush;
      z.avail_in = i % 2 == 0 ? payload->len : sizeof flush;
      do
        {
          z.next_out = &out;
          z.avail_out = 1;
          status = inflate (&z, Z_SYNC_FLUSH);
      } while (status == Z_OK && (z.avail_out == 0 || z.avail_in > 0));
      if (reset && i % 2 == 1)
        inflateReset (&z);
    }

  inflateEnd (&z);
  return status != Z_DATA_ERROR;
}

static GPtrArray *
new_messages (void)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);

  g_ptr_array_add (messages, new_text (3000));
  g_ptr_array_add (messages, g_byte_array_new ());
  g_ptr_array_add (messages, new_text (3500));
  g_ptr_array_add (messages, new_noise (2000));
  g_ptr_array_add (messages, new_echoes ());
  g_ptr_array_add (messages, new_echoes ());
  g_ptr_array_add (messages, new_noise (1));
  return messages;
}

/* The messages of a connection, there and back. */
static GPtrArray *
check_round_trip (GPtrArray                    *messages,
                  const DuplexDeflateDirection *direction,
                  int                           level,
                  int                           mem_level,
                  gsize                         piece,
                  const Cut                    *cut)
{
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (direction, level, mem_level);
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (direction, G_MAXUINT64);
  GPtrArray                 *payloads;

  payloads = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);
  for (guint i = 0; i < messages->len; i++)
    {
      GByteArray *message = messages->pdata[i];
      GByteArray *payload = g_byte_array_new ();

      deflate_message (deflater, message->data, message->len, piece, payload);
      g_ptr_array_add (payloads, payload);
      assert_inflates_to (inflater, payload->data, payload->len, cut, message->data, message->len);
    }

  return payloads;
}

static void
test_round_trip_windows (void)
{
  g_autoptr (GPtrArray) messages = new_messages ();

  for (guint i = 0; i < 16; i++)
    {
      const DuplexDeflateDirection direction = { i % 2, 8 + i / 2 };
      g_autoptr (GPtrArray)        payloads = NULL;

      payloads = check_round_trip (messages, &direction, -1, 0, G_MAXSIZE, &cuts[0]);
      g_assert_true (is_within_window (payloads, direction.no_context_takeover,
                                       direction.window_bits));
      /* The test would see it. */
      if (direction.window_bits > 9)
        g_assert_false (is_within_window (payloads, direction.no_context_takeover, 8));
    }
}

static void
test_round_trip_levels (void)
{
  static const int      mem_levels[] = { 1, 4, 9 };
  g_autoptr (GPtrArray) messages = new_messages ();

  for (int level = -1; level <= 9; level++)
    {
      for (guint bits = 8; bits <= 15; bits += level == 0 ? 1 : 7)
        {
          const DuplexDeflateDirection direction = { level % 2 == 0, bits };
          g_autoptr (GPtrArray)        payloads = NULL;

          payloads = check_round_trip (messages, &direction, level, mem_levels[(level + 1) % 3],
                                       1000, &cuts[5]);
          g_assert_true (is_within_window (payloads, direction.no_context_takeover, bits));
        }
    }
}

static void
test_round_trip_pieces (void)
{
  static const gsize    pieces[] = { 1, 2, 125, 4096, G_MAXSIZE };
  g_autoptr (GPtrArray) messages = new_messages ();

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      for (gsize k = 0; k < G_N_ELEMENTS (cuts); k++)
        {
          const DuplexDeflateDirection direction = { k % 2, 8 + (i + k) % 8 };
          g_autoptr (GPtrArray)        payloads = NULL;

          payloads = check_round_trip (messages, &direction, -1, 0, pieces[i], &cuts[k]);
          g_assert_cmpuint (payloads->len, ==, messages->len);
        }
    }
}

/* Sizes at which what is ready just fills the room for it. */
static void
test_round_trip_sizes (void)
{
  g_autoptr (GPtrArray) messages = NULL;
  g_autoptr (GPtrArray) payloads = NULL;

  messages = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);
  for (gsize size = 0; size < 700; size++)
    g_ptr_array_add (messages, new_noise (size));
  for (gsize size = 16 * KIB - 100; size < 16 * KIB + 100; size++)
    g_ptr_array_add (messages, new_noise (size));

  payloads = check_round_trip (messages, &no_takeover, -1, 0, G_MAXSIZE, &cuts[0]);
  for (guint i = 0; i < messages->len; i++)
    {
      GByteArray *message = messages->pdata[i];
      GByteArray *payload = payloads->pdata[i];

      g_assert_cmpuint (payload->len, <=, message->len + message->len / 1000 + 16);
    }
}

/* With context takeover the second message costs next to nothing; without, what the first did. */
static void
test_takeover_pays (void)
{
  g_autoptr (GByteArray) noise = new_noise (1000);

  for (guint i = 0; i < 2; i++)
    {
      const DuplexDeflateDirection direction = { i, 15 };
      g_autoptr (DuplexDeflater)   deflater = duplex_deflater_new (&direction, -1, 0);
      g_autoptr (GByteArray)       first = g_byte_array_new ();
      g_autoptr (GByteArray)       second = g_byte_array_new ();

      deflate_message (deflater, noise->data, noise->len, G_MAXSIZE, first);
      deflate_message (deflater, noise->data, noise->len, G_MAXSIZE, second);
      g_assert_cmpuint (first->len, >, 1000);
      if (direction.no_context_takeover)
        g_assert_cmpmem (first->data, first->len, second->data, second->len);
      else
        g_assert_cmpuint (second->len, <, 50);
    }
}

/* A large message in pieces: each gives no more than was put in, about, and what was in out
 * stays. */
static void
test_deflate_streams (void)
{
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&takeover, 1, 0);
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&takeover, G_MAXUINT64);
  g_autoptr (GByteArray)     noise = new_noise (64 * KIB);
  g_autoptr (GByteArray)     out = g_byte_array_new ();
  g_autoptr (GByteArray)     inflated = g_byte_array_new ();
  g_autoptr (GByteArray)     payload = g_byte_array_new ();

  for (guint i = 0; i <= 64; i++)
    {
      g_byte_array_set_size (out, 0);
      g_byte_array_append (out, (const guint8 *)"kept", 4);
      if (i < 64)
        {
          noise->data[i] ^= 0xff;
          duplex_deflater_feed (deflater, noise->data, noise->len, out);
        }
      else
        duplex_deflater_end (deflater, out);
      g_assert_cmpmem (out->data, 4, "kept", 4);
      g_assert_cmpuint (out->len, <, 2 * noise->len);
      g_byte_array_append (payload, out->data + 4, out->len - 4);
    }

  g_assert_true (inflate_message (inflater, payload->data, payload->len, &cuts[0], inflated));
  g_assert_cmpuint (inflated->len, ==, 64 * noise->len);
  g_assert_cmpmem (inflated->data + 63 * noise->len, noise->len, noise->data, noise->len);
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
  g_test_add_func (PATH "examples", test_deflate_examples);
  g_test_add_func (PATH "round-trip/windows", test_round_trip_windows);
  g_test_add_func (PATH "round-trip/levels", test_round_trip_levels);
  g_test_add_func (PATH "round-trip/pieces", test_round_trip_pieces);
  g_test_add_func (PATH "round-trip/sizes", test_round_trip_sizes);
  g_test_add_func (PATH "takeover-pays", test_takeover_pays);
  g_test_add_func (PATH "streams", test_deflate_streams);
  g_test_add_func (PATH "free-nothing", test_free_nothing);

  return g_test_run ();
}
