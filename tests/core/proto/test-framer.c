/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which frames become of a message: given whole or in pieces, cut or not, compressed or not. */
#include "core/proto/duplex-framer.h"

#include <string.h>

#include "core/proto/duplex-deflate.h"
#include "duplex-deflate-cut.h"

/* What the framer handed out, and what that says: "01+3 80+2" is a first byte and the payload's
 * size, a frame each. */
typedef struct
{
  DuplexRole  role;
  GString    *frames;
  GByteArray *payload; /* of the message, unmasked */
  guint8      n_masks; /* keys that were asked for */
  guint       n_frames;
  guint       n_messages;
  gboolean    open;
} Sink;

static void
mask_source (guint8   mask[4],
             gpointer data)
{
  Sink *sink = data;

  sink->n_masks++;
  for (guint8 i = 0; i < 4; i++)
    mask[i] = (guint8)(0x10 * (sink->n_masks % 0xf) + i);
}

static void
frame_cb (GBytes  *wire,
          gboolean last,
          gpointer data)
{
  Sink             *sink = data;
  DuplexFrameHeader header;
  gsize             size;
  const guint8     *bytes = g_bytes_get_data (wire, &size);
  gsize             header_size = duplex_frame_header_decode (bytes, size, &header);
  guint8            key[4];

  g_assert_cmpuint (header_size, >, 0);
  g_assert_cmpuint (header.length, ==, size - header_size);
  g_assert_cmpuint (header.length_bits, ==, duplex_frame_minimal_length_bits (header.length));
  g_assert_cmpint (header.masked, ==, sink->role == DUPLEX_ROLE_CLIENT);
  g_assert_cmpint (header.fin, ==, last);
  sink->n_frames++;
  if (header.masked)
    {
      guint8 n = sink->n_masks - 1;

      /* A key of its own, the newest of the source. */
      g_assert_cmpuint (sink->n_frames % 256, ==, sink->n_masks);
      mask_source (key, &(Sink){ .n_masks = n });
      g_assert_cmpmem (header.mask, 4, key, 4);
    }

  if (!sink->open)
    g_byte_array_set_size (sink->payload, 0);
  sink->open = !last;
  sink->n_messages += last;
  g_string_append_printf (sink->frames, "%s%02x+%" G_GUINT64_FORMAT,
                          sink->frames->len > 0 ? " " : "", bytes[0], header.length);
  if (header.length > 0)
    {
      guint before = sink->payload->len;

      g_byte_array_append (sink->payload, bytes + header_size, (guint)header.length);
      duplex_mask (sink->payload->data + before, sink->payload->data + before, header.length,
                   header.mask, 0);
    }
}

static void
sink_init (Sink      *self,
           DuplexRole role)
{
  *self = (Sink){ .role = role };
  self->frames = g_string_new (NULL);
  self->payload = g_byte_array_new ();
}

static void
sink_clear (Sink *self)
{
  g_string_free (self->frames, TRUE);
  g_byte_array_unref (self->payload);
}

static DuplexFramer *
framer_new (Sink                         *sink,
            const DuplexDeflateDirection *deflate)
{
  return duplex_framer_new (sink->role, deflate, mask_source, frame_cb, sink);
}

static void
assert_message (Sink         *sink,
                const char   *frames,
                const guint8 *data,
                gsize         len)
{
  g_assert_cmpstr (sink->frames->str, ==, frames);
  g_assert_cmpmem (sink->payload->data, sink->payload->len, data, len);
  g_assert_false (sink->open);
  g_string_set_size (sink->frames, 0);
}

/* ---- the sizes of frames ---- */

typedef struct
{
  gsize       len;
  gsize       fragment;
  const char *frames; /* of a binary message */
} Cut;

static const Cut cuts[] = {
  { 0, 0, "82+0" },
  { 0, 1, "82+0" },
  { 1, 0, "82+1" },
  { 1, 1, "82+1" },
  { 2, 1, "02+1 80+1" },
  { 3, 1, "02+1 00+1 80+1" },
  { 3, 4, "82+3" },
  { 4, 4, "82+4" },
  { 5, 4, "02+4 80+1" },
  { 7, 4, "02+4 80+3" },
  { 8, 4, "02+4 80+4" },
  { 9, 4, "02+4 00+4 80+1" },
  { 12, 4, "02+4 00+4 80+4" },
  { 126, 125, "02+125 80+1" },
  { 252, 126, "02+126 80+126" },
  { 65536, 65535, "02+65535 80+1" },
  { 65537, 65536, "02+65536 80+1" },
  { 65535, 65536, "82+65535" },
  { 70000, G_MAXSIZE, "82+70000" },
};

static void
test_fragments (void)
{
  for (int role = DUPLEX_ROLE_CLIENT; role <= DUPLEX_ROLE_SERVER; role++)
    for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
      {
        g_autoptr (GByteArray)   data = duplex_deflate_cut_new_noise (cuts[i].len);
        g_autoptr (DuplexFramer) framer = NULL;
        Sink                     sink;

        sink_init (&sink, (DuplexRole)role);
        framer = framer_new (&sink, NULL);
        duplex_framer_message (framer, DUPLEX_OPCODE_BINARY, data->data, data->len,
                               cuts[i].fragment);
        assert_message (&sink, cuts[i].frames, data->data, data->len);
        g_assert_cmpuint (sink.n_messages, ==, 1);
        sink_clear (&sink);
      }
}

/* In pieces of so many bytes at a time, 0 for all at once, with nothing in between them. */
static void
feed (DuplexFramer *framer,
      const guint8 *data,
      gsize         len,
      gsize         piece)
{
  gsize n;

  for (; len > 0; data += n, len -= n)
    {
      n = piece > 0 ? MIN (piece, len) : len;
      duplex_framer_feed (framer, data, n);
      duplex_framer_feed (framer, NULL, 0);
    }
}

static void
test_pieces (void)
{
  static const gsize pieces[] = { 0, 1, 3, 4, 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (pieces); k++)
      {
        g_autoptr (GByteArray)   data = duplex_deflate_cut_new_noise (cuts[i].len);
        g_autoptr (DuplexFramer) framer = NULL;
        Sink                     sink;

        if (cuts[i].fragment == 0)
          continue;
        sink_init (&sink, DUPLEX_ROLE_CLIENT);
        framer = framer_new (&sink, NULL);
        duplex_framer_begin (framer, DUPLEX_OPCODE_BINARY, cuts[i].fragment);
        feed (framer, data->data, data->len, pieces[k]);
        duplex_framer_end (framer);
        assert_message (&sink, cuts[i].frames, data->data, data->len);
        sink_clear (&sink);
      }
}

/* What is known to be a whole frame leaves before the end; what may be the last one does not. */
static void
test_pieces_leave_early (void)
{
  g_autoptr (DuplexFramer) framer = NULL;
  Sink                     sink;

  sink_init (&sink, DUPLEX_ROLE_SERVER);
  framer = framer_new (&sink, NULL);
  duplex_framer_begin (framer, DUPLEX_OPCODE_TEXT, 4);
  g_assert_cmpuint (sink.n_frames, ==, 0);
  duplex_framer_feed (framer, (const guint8 *)"abcd", 4);
  g_assert_cmpuint (sink.n_frames, ==, 0);
  g_assert_cmpuint (duplex_framer_get_held (framer), ==, 4);
  duplex_framer_feed (framer, (const guint8 *)"e", 1);
  g_assert_cmpstr (sink.frames->str, ==, "01+4");
  g_assert_cmpuint (duplex_framer_get_held (framer), ==, 1);
  duplex_framer_feed (framer, (const guint8 *)"fghijklm", 8);
  g_assert_cmpstr (sink.frames->str, ==, "01+4 00+4 00+4");
  duplex_framer_end (framer);
  assert_message (&sink, "01+4 00+4 00+4 80+1", (const guint8 *)"abcdefghijklm", 13);
  g_assert_cmpuint (duplex_framer_get_held (framer), ==, 0);
  sink_clear (&sink);
}

/* One message after another, in all ways: nothing of one is left for the next. */
static void
test_one_after_another (void)
{
  static const gsize       points[] = { 1, 2 };
  const guint8            *abc = (const guint8 *)"abc";
  g_autoptr (DuplexFramer) framer = NULL;
  Sink                     sink;

  sink_init (&sink, DUPLEX_ROLE_CLIENT);
  framer = framer_new (&sink, NULL);
  for (int i = 0; i < 2; i++)
    {
      duplex_framer_message (framer, DUPLEX_OPCODE_TEXT, abc, 3, 0);
      assert_message (&sink, "81+3", abc, 3);
      duplex_framer_begin (framer, DUPLEX_OPCODE_BINARY, 2);
      duplex_framer_feed (framer, abc, 3);
      duplex_framer_end (framer);
      assert_message (&sink, "02+2 80+1", abc, 3);
      duplex_framer_split (framer, DUPLEX_OPCODE_TEXT, abc, 3, points, 2);
      assert_message (&sink, "01+1 00+1 80+1", abc, 3);
      duplex_framer_begin (framer, DUPLEX_OPCODE_BINARY, 2);
      duplex_framer_end (framer);
      assert_message (&sink, "82+0", NULL, 0);
    }
  g_assert_cmpuint (sink.n_messages, ==, 8);
  sink_clear (&sink);
}

/* ---- chosen points ---- */

typedef struct
{
  gsize       len;
  gsize       points[6];
  gsize       n_points;
  const char *frames;
} Split;

static const Split splits[] = {
  { 5, { 0 }, 0, "82+5" },
  { 5, { 2 }, 1, "02+2 80+3" },
  { 5, { 1, 4 }, 2, "02+1 00+3 80+1" },
  { 5, { 0 }, 1, "02+0 80+5" },
  { 5, { 5 }, 1, "02+5 80+0" },
  { 5, { 0, 5 }, 2, "02+0 00+5 80+0" },
  { 5, { 0, 0 }, 2, "02+0 00+0 80+5" },
  { 5, { 2, 2 }, 2, "02+2 00+0 80+3" },
  { 5, { 2, 2, 2 }, 3, "02+2 00+0 00+0 80+3" },
  { 5, { 5, 5 }, 2, "02+5 00+0 80+0" },
  { 5, { 6 }, 1, "82+5" },
  { 5, { 2, 6, 7 }, 3, "02+2 80+3" },
  { 5, { 3, G_MAXSIZE }, 2, "02+3 80+2" },
  { 0, { 0 }, 0, "82+0" },
  { 0, { 0 }, 1, "02+0 80+0" },
  { 0, { 0, 0, 1 }, 3, "02+0 00+0 80+0" },
  { 0, { 1 }, 1, "82+0" },
};

static void
test_split (void)
{
  for (int role = DUPLEX_ROLE_CLIENT; role <= DUPLEX_ROLE_SERVER; role++)
    for (gsize i = 0; i < G_N_ELEMENTS (splits); i++)
      {
        const Split             *split = &splits[i];
        g_autoptr (GByteArray)   data = duplex_deflate_cut_new_noise (split->len);
        g_autoptr (DuplexFramer) framer = NULL;
        Sink                     sink;

        sink_init (&sink, (DuplexRole)role);
        framer = framer_new (&sink, NULL);
        duplex_framer_split (framer, DUPLEX_OPCODE_BINARY, split->len > 0 ? data->data : NULL,
                             split->len, split->points, split->n_points);
        assert_message (&sink, split->frames, data->data, data->len);
        sink_clear (&sink);
      }
}

static void
test_server_asks_for_no_mask (void)
{
  g_autoptr (DuplexFramer) framer = NULL;
  Sink                     sink;

  sink_init (&sink, DUPLEX_ROLE_SERVER);
  framer = framer_new (&sink, NULL);
  duplex_framer_message (framer, DUPLEX_OPCODE_TEXT, (const guint8 *)"abc", 3, 1);
  g_assert_cmpuint (sink.n_frames, ==, 3);
  g_assert_cmpuint (sink.n_masks, ==, 0);
  sink_clear (&sink);
}

/* ---- compressed ---- */

static const DuplexDeflateDirection plain = { .window_bits = 15 };
static const DuplexDeflateDirection each = { .window_bits = 15, .no_context_takeover = TRUE };

/* What the sink has is a message that inflates to data. */
static void
assert_inflates (Sink           *sink,
                 DuplexInflater *inflater,
                 const guint8   *data,
                 gsize           len)
{
  static const DuplexDeflateCut cut = { .room = 4096 };
  g_autoptr (GByteArray)        out = g_byte_array_new ();

  g_assert_false (sink->open);
  g_assert_true (
    duplex_deflate_cut_inflate (&cut, inflater, sink->payload->data, sink->payload->len, out));
  g_assert_cmpmem (out->data, out->len, data, len);
}

/* RSV1 stands on the first frame, whatever the opcode, and on no other (RFC 7692 §6). */
static void
test_compressed_bit (void)
{
  g_autoptr (GByteArray)     data = duplex_deflate_cut_new_noise (300);
  g_autoptr (DuplexFramer)   framer = NULL;
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&each, G_MAXUINT64);
  Sink                       sink;

  sink_init (&sink, DUPLEX_ROLE_CLIENT);
  framer = framer_new (&sink, &each);
  duplex_framer_message (framer, DUPLEX_OPCODE_TEXT, data->data, data->len, 0);
  g_assert_true (g_str_has_prefix (sink.frames->str, "c1+"));
  g_assert_cmpuint (sink.n_frames, ==, 1);
  assert_inflates (&sink, inflater, data->data, data->len);

  g_string_set_size (sink.frames, 0);
  duplex_framer_message (framer, DUPLEX_OPCODE_BINARY, data->data, 150, 100);
  g_assert_true (g_str_has_prefix (sink.frames->str, "42+100 80+"));
  assert_inflates (&sink, inflater, data->data, 150);
  sink_clear (&sink);
}

/* Frames are cut by what is sent, not by what was given. */
static void
test_compressed_fragments (void)
{
  static const gsize pieces[] = { 0, 1, 1000 };

  for (gsize k = 0; k < G_N_ELEMENTS (pieces); k++)
    {
      g_autoptr (GByteArray)     data = duplex_deflate_cut_new_noise (1000);
      g_autoptr (DuplexFramer)   framer = NULL;
      g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&plain, G_MAXUINT64);
      Sink                       sink;

      sink_init (&sink, DUPLEX_ROLE_CLIENT);
      framer = framer_new (&sink, &plain);
      for (int i = 0; i < 3; i++)
        {
          g_string_set_size (sink.frames, 0);
          duplex_framer_begin (framer, DUPLEX_OPCODE_BINARY, 400);
          feed (framer, data->data, data->len, pieces[k]);
          duplex_framer_end (framer);
          /* The same bytes again are a reference to them. */
          if (i == 0)
            g_assert_true (g_str_has_prefix (sink.frames->str, "42+400 00+400 80+2"));
          else
            g_assert_true (g_str_has_prefix (sink.frames->str, "c2+"));
          assert_inflates (&sink, inflater, data->data, data->len);
        }
      sink_clear (&sink);
    }
}

/* However many frames the last bytes make, each but the last is full, and none is empty. */
static void
test_compressed_end_is_cut (void)
{
  g_autoptr (GByteArray)     data = duplex_deflate_cut_new_noise (2000);
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&plain, G_MAXUINT64);
  g_autoptr (DuplexFramer)   framer = NULL;
  g_auto (GStrv)             frames = NULL;
  Sink                       sink;

  sink_init (&sink, DUPLEX_ROLE_CLIENT);
  framer = framer_new (&sink, &plain);
  duplex_framer_begin (framer, DUPLEX_OPCODE_BINARY, 7);
  duplex_framer_feed (framer, data->data, data->len);
  duplex_framer_end (framer);
  frames = g_strsplit (sink.frames->str, " ", -1);
  g_assert_cmpuint (sink.n_frames, >, 2000 / 7);
  g_assert_cmpstr (frames[0], ==, "42+7");
  for (guint i = 1; i + 1 < sink.n_frames; i++)
    g_assert_cmpstr (frames[i], ==, "00+7");
  g_assert_true (g_str_has_prefix (frames[sink.n_frames - 1], "80+"));
  g_assert_cmpstr (frames[sink.n_frames - 1], !=, "80+0");
  assert_inflates (&sink, inflater, data->data, data->len);
  sink_clear (&sink);
}

/* What shrinks to nearly nothing leaves all the same, after each 4 MiB, also where the message ends
 * there; and the next message follows on it. */
static void
test_compressed_leaves (void)
{
  enum {
    MIB = 1024 * 1024
  };
  const DuplexDeflateDirection *directions[] = { &plain, &each };
  g_autofree guint8            *zeros = g_malloc0 (9 * MIB);

  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    for (gsize mib = 3; mib <= 9; mib++)
      {
        g_autoptr (DuplexInflater) inflater = duplex_inflater_new (directions[i], G_MAXUINT64);
        g_autoptr (DuplexFramer)   framer = NULL;
        Sink                       sink;

        sink_init (&sink, DUPLEX_ROLE_CLIENT);
        framer = framer_new (&sink, directions[i]);
        duplex_framer_begin (framer, DUPLEX_OPCODE_BINARY, 256 * 1024);
        for (gsize k = 0; k < mib; k++)
          duplex_framer_feed (framer, zeros + k * MIB, MIB);
        g_assert_cmpuint (sink.n_frames, ==, mib / 4);
        g_assert_cmpuint (duplex_framer_get_held (framer), <, 256 * 1024);
        duplex_framer_end (framer);
        g_assert_cmpuint (sink.n_frames, ==, mib / 4 + 1);
        assert_inflates (&sink, inflater, zeros, mib * MIB);
        duplex_framer_message (framer, DUPLEX_OPCODE_BINARY, zeros, 1000, 0);
        assert_inflates (&sink, inflater, zeros, 1000);
        sink_clear (&sink);
      }
}

/* §7.2.3.6: an empty message has a byte on the wire. */
static void
test_compressed_empty (void)
{
  static const gsize         points[] = { 0, 1, 2 };
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&plain, G_MAXUINT64);
  g_autoptr (DuplexFramer)   framer = NULL;
  Sink                       sink;

  sink_init (&sink, DUPLEX_ROLE_SERVER);
  framer = framer_new (&sink, &plain);
  duplex_framer_message (framer, DUPLEX_OPCODE_TEXT, NULL, 0, 0);
  assert_message (&sink, "c1+1", (const guint8 *)"", 1);
  assert_inflates (&sink, inflater, NULL, 0);
  duplex_framer_begin (framer, DUPLEX_OPCODE_TEXT, 10);
  duplex_framer_end (framer);
  assert_message (&sink, "c1+1", (const guint8 *)"", 1);
  duplex_framer_split (framer, DUPLEX_OPCODE_TEXT, NULL, 0, points, 3);
  assert_message (&sink, "41+0 00+1 80+0", (const guint8 *)"", 1);
  sink_clear (&sink);
}

/* Points count the compressed bytes: those past their end are left out. */
static void
test_compressed_split (void)
{
  static const gsize         points[] = { 0, 3, 3, 4, 200 };
  g_autofree char           *text = g_strnfill (200, 'a');
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&plain, G_MAXUINT64);
  g_autoptr (DuplexFramer)   framer = NULL;
  Sink                       sink;

  sink_init (&sink, DUPLEX_ROLE_CLIENT);
  framer = framer_new (&sink, &plain);
  duplex_framer_split (framer, DUPLEX_OPCODE_TEXT, (const guint8 *)text, 200, points, 5);
  g_assert_true (g_str_has_prefix (sink.frames->str, "41+0 00+3 00+0 00+1 80+"));
  g_assert_cmpuint (sink.n_frames, ==, 5);
  assert_inflates (&sink, inflater, (const guint8 *)text, 200);
  sink_clear (&sink);
}

/* Bytes that the same message takes the first and the second time. */
static void
measure_twice (const DuplexDeflateDirection *direction,
               guint                         ret_sizes[2])
{
  g_autoptr (GByteArray)     data = duplex_deflate_cut_new_noise (500);
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (direction, G_MAXUINT64);
  g_autoptr (DuplexFramer)   framer = NULL;
  Sink                       sink;

  sink_init (&sink, DUPLEX_ROLE_CLIENT);
  framer = framer_new (&sink, direction);
  for (int i = 0; i < 2; i++)
    {
      duplex_framer_message (framer, DUPLEX_OPCODE_BINARY, data->data, data->len, 0);
      assert_inflates (&sink, inflater, data->data, data->len);
      ret_sizes[i] = sink.payload->len;
    }
  sink_clear (&sink);
}

static void
test_takeover (void)
{
  guint sizes[2];

  measure_twice (&plain, sizes);
  g_assert_cmpuint (sizes[0], >, 450);
  g_assert_cmpuint (sizes[1], <, 50);
}

static void
test_no_takeover (void)
{
  guint sizes[2];

  measure_twice (&each, sizes);
  g_assert_cmpuint (sizes[0], >, 450);
  g_assert_cmpuint (sizes[1], ==, sizes[0]);
}

/* Every window that can be agreed on, and a message that is larger than each. */
static void
test_windows (void)
{
  g_autoptr (GByteArray) data = duplex_deflate_cut_new_text (100000);

  for (guint bits = DUPLEX_WINDOW_BITS_MIN; bits <= DUPLEX_WINDOW_BITS_MAX; bits++)
    {
      DuplexDeflateDirection     direction = { .window_bits = bits };
      g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&direction, G_MAXUINT64);
      g_autoptr (DuplexFramer)   framer = NULL;
      Sink                       sink;

      sink_init (&sink, DUPLEX_ROLE_CLIENT);
      framer = framer_new (&sink, &direction);
      for (int i = 0; i < 2; i++)
        {
          duplex_framer_message (framer, DUPLEX_OPCODE_TEXT, data->data, data->len, 1000);
          assert_inflates (&sink, inflater, data->data, data->len);
          g_assert_cmpuint (sink.payload->len, <, data->len);
        }
      sink_clear (&sink);
    }
}

/* The room for a large message is given up and made again. */
static void
test_large_and_small (void)
{
  g_autoptr (GByteArray)     data = duplex_deflate_cut_new_noise (300000);
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&each, G_MAXUINT64);
  g_autoptr (DuplexFramer)   framer = NULL;
  Sink                       sink;

  sink_init (&sink, DUPLEX_ROLE_CLIENT);
  framer = framer_new (&sink, &each);
  for (gsize len = 300000; len > 0; len /= 50)
    {
      duplex_framer_message (framer, DUPLEX_OPCODE_BINARY, data->data, len, 0);
      assert_inflates (&sink, inflater, data->data, len);
      duplex_framer_begin (framer, DUPLEX_OPCODE_BINARY, 100000);
      duplex_framer_feed (framer, data->data, len);
      duplex_framer_end (framer);
      assert_inflates (&sink, inflater, data->data, len);
    }
  sink_clear (&sink);
}

static void
test_free_null (void)
{
  duplex_framer_free (NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/framer/fragments", test_fragments);
  g_test_add_func ("/core/framer/pieces", test_pieces);
  g_test_add_func ("/core/framer/pieces/leave-early", test_pieces_leave_early);
  g_test_add_func ("/core/framer/one-after-another", test_one_after_another);
  g_test_add_func ("/core/framer/split", test_split);
  g_test_add_func ("/core/framer/server-asks-for-no-mask", test_server_asks_for_no_mask);
  g_test_add_func ("/core/framer/compressed/bit", test_compressed_bit);
  g_test_add_func ("/core/framer/compressed/fragments", test_compressed_fragments);
  g_test_add_func ("/core/framer/compressed/end-is-cut", test_compressed_end_is_cut);
  g_test_add_func ("/core/framer/compressed/empty", test_compressed_empty);
  g_test_add_func ("/core/framer/compressed/split", test_compressed_split);
  g_test_add_func ("/core/framer/compressed/takeover", test_takeover);
  g_test_add_func ("/core/framer/compressed/no-takeover", test_no_takeover);
  g_test_add_func ("/core/framer/compressed/windows", test_windows);
  g_test_add_func ("/core/framer/compressed/large-and-small", test_large_and_small);
  g_test_add_func ("/core/framer/compressed/leaves", test_compressed_leaves);
  g_test_add_func ("/core/framer/free-null", test_free_null);

  return g_test_run ();
}
