/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Long frames, cut at each byte of their headers and at those around each size that the code knows:
 * as they come, and as they are taken. */
#include <string.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"
#include "duplex-pump-support.h"

#define CLIENT DUPLEX_ROLE_CLIENT
#define SERVER DUPLEX_ROLE_SERVER

#define FIN    0x80
#define TEXT   1
#define BINARY 2
#define PING   9

/* Bytes on both sides of a boundary. */
#define AROUND 64
/* Cuts at bytes of no meaning, of each stream. */
#define SAMPLES 64
#define SEED    20110413

static const char text[] = "ein „Wort“"; /* three bytes a quotation mark */

/* ---- a stream with one long frame ---- */

typedef struct
{
  DuplexRole  sender;
  GByteArray *wire;   /* text, the long frame, a Ping, text */
  GByteArray *plain;  /* what was said, see append_plain() */
  gsize       frame;  /* where the long one begins in wire */
  gsize       size;   /* of its header */
  gsize       length; /* of its payload */
} Stream;

/* Opcode, payload and a mark for each message. */
static void
append_plain (GByteArray   *plain,
              guint8        opcode,
              const guint8 *payload,
              gsize         len)
{
  g_byte_array_append (plain, &opcode, 1);
  if (len > 0)
    g_byte_array_append (plain, payload, (guint)len);
  g_byte_array_append (plain, (const guint8 *)"\xee", 1);
}

static void
say (Stream     *self,
     guint8      opcode,
     const char *payload,
     gsize       len)
{
  pump_append_frame (self->wire, self->sender, FIN | opcode, payload, (gssize)len);
  append_plain (self->plain, opcode, (const guint8 *)payload, len);
}

/* Whole characters, so that a cut in them is one in a character. */
static char *
make_payload (gsize len)
{
  char *payload = g_malloc (len + 1);

  memset (payload, 'x', len);
  for (gsize i = 0; i + 3 <= len; i += 3)
    memcpy (payload + i, i % 2 == 0 ? "€" : "\xe2\x80\xa0", 3);
  return payload;
}

static void
stream_init (Stream    *self,
             DuplexRole sender,
             guint8     opcode,
             gsize      length)
{
  g_autofree char *payload = make_payload (length);

  self->sender = sender;
  self->wire = g_byte_array_new ();
  self->plain = g_byte_array_new ();
  self->length = length;
  say (self, TEXT, text, strlen (text));
  self->frame = self->wire->len;
  say (self, opcode, payload, length);
  self->size = self->wire->len - self->frame - length;
  say (self, PING, "?", 1);
  say (self, TEXT, text, strlen (text));
}

static void
stream_clear (Stream *self)
{
  g_byte_array_unref (self->wire);
  g_byte_array_unref (self->plain);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Stream, stream_clear)

/* ---- where it is cut ---- */

static void
add_around (GArray       *cuts,
            const Stream *stream,
            gsize         place)
{
  gsize from = place > AROUND ? place - AROUND : 0;

  for (gsize cut = from; cut <= place + AROUND && cut <= stream->wire->len; cut++)
    g_array_append_val (cuts, cut);
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  gsize x = *(const gsize *)a;
  gsize y = *(const gsize *)b;

  return x < y ? -1 : x > y;
}

/* All headers but the long one's are within reach of its ends. */
static GArray *
find_cuts (const Stream *stream)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GRand)  rand = g_rand_new_with_seed (SEED);
  GArray            *cuts = g_array_new (FALSE, FALSE, sizeof (gsize));
  gsize              payload = stream->frame + stream->size;

  add_around (all, stream, payload);
  add_around (all, stream, payload + stream->length);
  add_around (all, stream, stream->frame + DUPLEX_LIMIT_PUMP_HOLD);
  add_around (all, stream, stream->wire->len - MIN (stream->wire->len, DUPLEX_LIMIT_PUMP_HOLD));
  add_around (all, stream, DUPLEX_LIMIT_PUMP_BUFFER);
  for (guint i = 0; i < SAMPLES; i++)
    {
      gsize cut = (gsize)g_rand_int_range (rand, 0, (gint32)stream->wire->len);

      g_array_append_val (all, cut);
    }
  g_array_sort (all, compare);
  for (guint i = 0; i < all->len; i++)
    if (i == 0 || g_array_index (all, gsize, i) != g_array_index (all, gsize, i - 1))
      g_array_append_val (cuts, g_array_index (all, gsize, i));
  return cuts;
}

/* ---- what came out ---- */

/* Whole frames that say the same. A long one may be cut, but not into small pieces. */
static void
assert_says (const Stream     *stream,
             const GByteArray *output)
{
  g_autoptr (GByteArray) plain = g_byte_array_sized_new (stream->plain->len);
  gsize                  at = 0;

  while (at < output->len)
    {
      gsize             left = output->len - at;
      DuplexFrameHeader header;
      gsize             size = duplex_frame_header_decode (output->data + at, left, &header);
      guint             to;

      g_assert_cmpuint (size, >, 0);
      g_assert_cmpuint (header.length, <=, left - size);
      g_assert_cmpint (header.masked, ==, stream->sender == CLIENT);
      if (!header.fin)
        g_assert_cmpuint (header.length, >=, DUPLEX_LIMIT_PUMP_HOLD - DUPLEX_FRAME_HEADER_MAX);
      if (header.opcode != DUPLEX_OPCODE_CONTINUATION)
        append_plain (plain, header.opcode, NULL, 0);
      to = plain->len - 1;
      g_byte_array_set_size (plain, to + (guint)header.length);
      duplex_mask (plain->data + to, output->data + at + size, (gsize)header.length, header.mask,
                   0);
      g_byte_array_append (plain, (const guint8 *)"\xee", 1);
      at += size + (gsize)header.length;
    }
  g_assert_cmpmem (plain->data, plain->len, stream->plain->data, stream->plain->len);
}

/* As the pump does it, in pieces that end at cuts. */
static DuplexForwardState
feed_in_pieces (DuplexForwarder  *forwarder,
                const GByteArray *wire,
                const gsize      *cuts,
                guint             n_cuts,
                GByteArray       *output)
{
  DuplexForwardState state = DUPLEX_FORWARD_ON;
  DuplexForwardOut   out;
  gsize              at = 0;
  gsize              used;

  for (guint i = 0; i <= n_cuts && state == DUPLEX_FORWARD_ON; i++)
    {
      gsize end = i < n_cuts ? cuts[i] : wire->len;

      do
        {
          state = duplex_forwarder_feed (forwarder, wire->data + at, end - at, 1, &out, &used);
          for (guint j = 0; j < out.n; j++)
            g_byte_array_append (output, out.spans[j].buffer, (guint)out.spans[j].size);
          at += used;
      } while (state == DUPLEX_FORWARD_FULL);
      if (state == DUPLEX_FORWARD_ON)
        g_assert_cmpuint (end - at, <, DUPLEX_LIMIT_PUMP_HOLD);
    }
  return state;
}

static const DuplexForwardLimits limits = { .max_message = G_MAXUINT64, .max_frame = G_MAXUINT64 };

static void
check_forwarder (const Stream *stream,
                 const gsize  *cuts,
                 guint         n_cuts)
{
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (stream->sender, &limits);
  g_autoptr (GByteArray)      output = g_byte_array_sized_new (stream->wire->len + 256);

  g_assert_cmpint (feed_in_pieces (forwarder, stream->wire, cuts, n_cuts, output), ==,
                   DUPLEX_FORWARD_ON);
  assert_says (stream, output);
}

/* Comes in two pieces, and is taken in two. */
static void
check_pump (const Stream *stream,
            gsize         cut,
            gsize         taken)
{
  g_auto (PumpFixture) f = { 0 };
  DuplexRole           receiver = stream->sender == CLIENT ? SERVER : CLIENT;
  DuplexFakeLeg       *leg;

  pump_fixture_init (&f);
  duplex_pump_start (f.pump);
  leg = receiver == CLIENT ? f.client : f.backend;
  leg->room = taken;
  if (cut > 0)
    pump_fixture_send (&f, stream->sender, stream->wire->data, cut);
  if (cut < stream->wire->len)
    pump_fixture_send (&f, stream->sender, stream->wire->data + cut, stream->wire->len - cut);
  g_assert_cmpuint (leg->output->len, <=, taken);
  pump_fixture_make_room (&f, receiver, G_MAXSIZE);
  pump_fixture_turn (&f);
  assert_says (stream, leg->output);
}

/* ---- the sizes that the code knows ---- */

/* Frames with a header of 16 bits, or masked, of just less, and of as many bytes, and of more. */
#define AT(size_, header_) (size_) - (header_)-1, (size_) - (header_), (size_) - (header_) + 1

static const gsize lengths[] = {
  124,
  125, /* the longest with 7 bits */
  126,
  127,
  AT (DUPLEX_LIMIT_PUMP_HOLD, 4),
  AT (DUPLEX_LIMIT_PUMP_HOLD, 8),
  65534,
  65535, /* the longest with 16 bits */
  65536,
  65537,
  AT (DUPLEX_LIMIT_PUMP_BUFFER, 10),
  AT (DUPLEX_LIMIT_PUMP_BUFFER, 14),
  DUPLEX_LIMIT_PUMP_BUFFER + DUPLEX_LIMIT_PUMP_HOLD,
};

static void
test_forwarder (gconstpointer data)
{
  DuplexRole sender = (DuplexRole)GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_auto (Stream)    stream = { 0 };
      g_autoptr (GArray) cuts = NULL;

      stream_init (&stream, sender, i % 2 == 0 ? TEXT : BINARY, lengths[i]);
      cuts = find_cuts (&stream);
      for (guint j = 0; j < cuts->len; j++)
        check_forwarder (&stream, &g_array_index (cuts, gsize, j), 1);
    }
}

/* Two cuts in each long header, or behind it. */
static void
test_header_twice (gconstpointer data)
{
  static const gsize some[] = { 126, 16380, 65536 };
  DuplexRole         sender = (DuplexRole)GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (some); i++)
    {
      g_auto (Stream) stream = { 0 };
      gsize           end;

      stream_init (&stream, sender, TEXT, some[i]);
      end = stream.frame + stream.size + 4;
      for (gsize one = stream.frame; one < end; one++)
        for (gsize two = one + 1; two <= end; two++)
          check_forwarder (&stream, (gsize[]){ one, two }, 2);
    }
}

/* In many pieces, of any size. */
static void
test_many_pieces (gconstpointer data)
{
  DuplexRole        sender = (DuplexRole)GPOINTER_TO_INT (data);
  g_autoptr (GRand) rand = g_rand_new_with_seed (SEED);

  for (guint run = 0; run < 40; run++)
    {
      g_auto (Stream)    stream = { 0 };
      g_autoptr (GArray) cuts = g_array_new (FALSE, FALSE, sizeof (gsize));
      gsize              cut = 0;
      gint32             most = 2 << (run % 16);

      stream_init (&stream, sender, TEXT, lengths[run % G_N_ELEMENTS (lengths)]);
      while ((cut += (gsize)g_rand_int_range (rand, 1, most)) < stream.wire->len)
        g_array_append_val (cuts, cut);
      check_forwarder (&stream, (const gsize *)(gpointer)cuts->data, cuts->len);
    }
}

static void
test_pump_comes (gconstpointer data)
{
  DuplexRole sender = (DuplexRole)GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_auto (Stream)    stream = { 0 };
      g_autoptr (GArray) cuts = NULL;

      stream_init (&stream, sender, i % 2 == 0 ? TEXT : BINARY, lengths[i]);
      cuts = find_cuts (&stream);
      for (guint j = 0; j < cuts->len; j++)
        check_pump (&stream, g_array_index (cuts, gsize, j), G_MAXSIZE);
    }
}

/* The second half comes while some of the first waits. */
static void
test_pump_takes (gconstpointer data)
{
  DuplexRole sender = (DuplexRole)GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_auto (Stream)    stream = { 0 };
      g_autoptr (GArray) cuts = NULL;

      stream_init (&stream, sender, i % 2 == 0 ? BINARY : TEXT, lengths[i]);
      cuts = find_cuts (&stream);
      for (guint j = 0; j < cuts->len; j++)
        check_pump (&stream, stream.wire->len / 2, g_array_index (cuts, gsize, j));
    }
}

/* ---- headers that break a rule, and text ---- */

static const struct
{
  DuplexRole  sender;
  const char *header; /* behind a good message */
  gsize       len;
  guint16     code;
} wrong[] = {
  { SERVER, "\x82\x7e\x00\x7d", 4, DUPLEX_CLOSE_PROTOCOL_ERROR },
  { CLIENT, "\x82\xfe\x00\x7d\x01\x02\x03\x04", 8, DUPLEX_CLOSE_PROTOCOL_ERROR },
  { SERVER, "\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", 10, DUPLEX_CLOSE_PROTOCOL_ERROR },
  { CLIENT, "\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff\x01\x02\x03\x04", 14,
    DUPLEX_CLOSE_PROTOCOL_ERROR },
  { SERVER, "\x82\x7f\x80\x00\x00\x00\x00\x01\x00\x00", 10, DUPLEX_CLOSE_PROTOCOL_ERROR },
  { CLIENT, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10, DUPLEX_CLOSE_PROTOCOL_ERROR },
  { SERVER, "\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04", 14,
    DUPLEX_CLOSE_PROTOCOL_ERROR },
  { SERVER, "\xc2\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10, DUPLEX_CLOSE_PROTOCOL_ERROR },
  { SERVER, "\x89\x7e\x00\x7e", 4, DUPLEX_CLOSE_PROTOCOL_ERROR },
  { SERVER, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x01", 10, DUPLEX_CLOSE_TOO_BIG },
  { CLIENT, "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14,
    DUPLEX_CLOSE_TOO_BIG },
};

/* The same verdict, and nothing of it goes on, wherever it is cut. */
static void
test_wrong_header (void)
{
  static const DuplexForwardLimits to_64k = { .max_message = G_MAXUINT64, .max_frame = 65536 };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    for (gsize cut = 0; cut <= wrong[i].len; cut++)
      {
        g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (wrong[i].sender, &to_64k);
        g_autoptr (GByteArray)      wire = g_byte_array_new ();
        g_autoptr (GByteArray)      output = g_byte_array_new ();
        gsize                       good;
        gsize                       at;

        pump_append_frame (wire, wrong[i].sender, FIN | TEXT, "good", -1);
        good = wire->len;
        at = good + cut;
        g_byte_array_append (wire, (const guint8 *)wrong[i].header, (guint)wrong[i].len);
        g_byte_array_append (wire, (const guint8 *)"rest", 4);
        g_assert_cmpint (feed_in_pieces (forwarder, wire, &at, 1, output), ==,
                         DUPLEX_FORWARD_BROKEN);
        g_assert_cmpuint (duplex_forwarder_get_code (forwarder), ==, wrong[i].code);
        g_assert_cmpmem (output->data, output->len, wire->data, good);
      }
}

/* The last byte of a long text is none, or is missing: of its last piece nothing goes on. */
static void
test_wrong_text (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (DuplexRole sender = CLIENT; sender <= SERVER; sender++)
      {
        g_auto (Stream)    stream = { 0 };
        g_autoptr (GArray) cuts = NULL;

        stream_init (&stream, sender, TEXT, lengths[i]);
        stream.wire->data[stream.frame + stream.size + stream.length - 1] ^= 0xff;
        cuts = find_cuts (&stream);
        for (guint j = 0; j < cuts->len; j++)
          {
            g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (sender, &limits);
            g_autoptr (GByteArray)      output = g_byte_array_new ();
            DuplexForwardState          state =
              feed_in_pieces (forwarder, stream.wire, &g_array_index (cuts, gsize, j), 1, output);

            g_assert_cmpint (state, ==, DUPLEX_FORWARD_BROKEN);
            g_assert_cmpuint (duplex_forwarder_get_code (forwarder), ==,
                              DUPLEX_CLOSE_INVALID_DATA);
            g_assert_cmpuint (output->len, <, stream.frame + stream.size + stream.length);
          }
      }
}

static void
add (const char   *path,
     GTestDataFunc func)
{
  for (DuplexRole sender = CLIENT; sender <= SERVER; sender++)
    {
      g_autofree char *full =
        g_strconcat ("/io/pump-cuts/", path, sender == CLIENT ? "/client" : "/backend", NULL);

      g_test_add_data_func (full, GINT_TO_POINTER (sender), func);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("forwarder", test_forwarder);
  add ("header-twice", test_header_twice);
  add ("many-pieces", test_many_pieces);
  add ("pump/comes", test_pump_comes);
  add ("pump/takes", test_pump_takes);
  g_test_add_func ("/io/pump-cuts/wrong-header", test_wrong_header);
  g_test_add_func ("/io/pump-cuts/wrong-text", test_wrong_text);

  return g_test_run ();
}
