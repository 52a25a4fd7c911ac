/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-forwarder.h"

#include <string.h>

#include "core/io/duplex-byte-queue.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-frame-decoder.h"
#include "core/proto/duplex-frame-encoder.h"
#include "core/proto/duplex-limits.h"

#define MESSAGE_LIMIT 1000

static const DuplexForwardLimits limits = { .max_message = MESSAGE_LIMIT,
                                            .max_frame = MESSAGE_LIMIT };

/* A frame of the tests' shorthand: what the sender writes. */
typedef struct
{
  guint8      opcode;
  gboolean    more; /* not the last of its message */
  const char *payload;
  gssize      len; /* -1: to the NUL */
} Sent;

static gsize
get_length (const Sent *sent)
{
  return sent->len >= 0 ? (gsize)sent->len : strlen (sent->payload);
}

static void
append_frame (GByteArray *wire,
              DuplexRole  sender,
              const Sent *sent)
{
  gsize             len = get_length (sent);
  DuplexFrameHeader header = {
    .fin = !sent->more,
    .opcode = sent->opcode,
    .masked = sender == DUPLEX_ROLE_CLIENT,
    .mask = { 0 },
    .length_bits = duplex_frame_minimal_length_bits (len),
    .length = len,
  };
  g_autoptr (GBytes) frame = NULL;

  if (header.masked)
    memcpy (header.mask, "\x12\x34\x56\x78", 4);
  frame = duplex_frame_encode (&header, (const guint8 *)sent->payload, len);
  g_byte_array_append (wire, g_bytes_get_data (frame, NULL), (guint)g_bytes_get_size (frame));
}

/* As the pump does it: what was not used is fed again, with more behind it. */
static DuplexForwardState
feed (DuplexForwarder *forwarder,
      GByteArray      *held,
      const guint8    *data,
      gsize            len,
      DuplexByteQueue *queue)
{
  DuplexForwardState state;
  DuplexForwardOut   out;
  gsize              used;

  if (len > 0)
    g_byte_array_append (held, data, (guint)len);
  do
    {
      state = duplex_forwarder_feed (forwarder, held->data, held->len, 1, &out, &used);
      for (guint i = 0; i < out.n; i++)
        {
          memcpy (duplex_byte_queue_reserve (queue, out.spans[i].size), out.spans[i].buffer,
                  out.spans[i].size);
          duplex_byte_queue_commit (queue, out.spans[i].size);
        }
      if (used > 0)
        g_byte_array_remove_range (held, 0, (guint)used);
  } while (state == DUPLEX_FORWARD_FULL);
  if (state == DUPLEX_FORWARD_ON)
    g_assert_cmpuint (held->len, <, DUPLEX_LIMIT_PUMP_HOLD);
  return state;
}

/* What came out, as text: "text(abc)+ cont(d)", '+' for more to come. Checks the masks. */
static char *
describe (const DuplexByteQueue *out,
          DuplexRole             sender)
{
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  GString                       *text = g_string_new (NULL);
  DuplexDecodeStep               step;
  DuplexSlice                    slice;
  gsize                          len;
  const guint8                  *data = duplex_byte_queue_peek (out, &len);
  const DuplexFrameHeader       *header;

  while ((step = duplex_frame_decoder_step (decoder, &data, &len, &slice)) !=
         DUPLEX_DECODE_NEED_MORE)
    {
      header = duplex_frame_decoder_get_header (decoder);
      g_assert_cmpint (header->masked, ==, sender == DUPLEX_ROLE_CLIENT);
      if (step == DUPLEX_DECODE_HEADER)
        g_string_append_printf (text, "%s%s(", text->len > 0 ? " " : "",
                                duplex_opcode_get_name (header->opcode));
      else if (step == DUPLEX_DECODE_PAYLOAD)
        {
          g_autofree guint8 *plain = g_malloc (slice.len);

          duplex_mask (plain, slice.data, slice.len, header->mask, slice.offset);
          g_string_append_len (text, (const char *)plain, (gssize)slice.len);
        }
      else
        g_string_append (text, header->fin ? ")" : ")+");
    }
  g_assert_true (duplex_frame_decoder_is_idle (decoder));
  return g_string_free (text, FALSE);
}

typedef struct
{
  const char        *name;
  DuplexRole         sender;
  Sent               sent[4];
  const char        *expected; /* fed at once */
  DuplexForwardState state;
  guint16            code;
} Case;

#define CLIENT DUPLEX_ROLE_CLIENT
#define SERVER DUPLEX_ROLE_SERVER

static const Case cases[] = {
  { "text", CLIENT, { { 1, FALSE, "hello", -1 } }, "text(hello)", DUPLEX_FORWARD_ON, 0 },
  { "empty", CLIENT, { { 2, FALSE, "", 0 } }, "binary()", DUPLEX_FORWARD_ON, 0 },
  { "server", SERVER, { { 1, FALSE, "hello", -1 } }, "text(hello)", DUPLEX_FORWARD_ON, 0 },
  { "fragments",
    SERVER,
    { { 1, TRUE, "a", -1 }, { 0, TRUE, "", 0 }, { 0, FALSE, "b", -1 } },
    "text(a)+ continuation()+ continuation(b)",
    DUPLEX_FORWARD_ON,
    0 },
  { "ping-between-fragments",
    CLIENT,
    { { 1, TRUE, "a", -1 }, { 9, FALSE, "now", -1 }, { 0, FALSE, "b", -1 } },
    "text(a)+ ping(now) continuation(b)",
    DUPLEX_FORWARD_ON,
    0 },
  { "pong", SERVER, { { 10, FALSE, "", 0 } }, "pong()", DUPLEX_FORWARD_ON, 0 },
  { "close",
    CLIENT,
    { { 1, FALSE, "a", -1 }, { 8, FALSE, "\x0f\xa1ok", 4 }, { 1, FALSE, "late", -1 } },
    "text(a)",
    DUPLEX_FORWARD_CLOSED,
    4001 },
  { "close-without-a-code", CLIENT, { { 8, FALSE, "", 0 } }, "", DUPLEX_FORWARD_CLOSED, 1005 },
  { "close-of-one-byte", CLIENT, { { 8, FALSE, "x", 1 } }, "", DUPLEX_FORWARD_BROKEN, 1002 },
  { "close-with-1006",
    CLIENT,
    { { 8, FALSE, "\x03\xee", 2 } },
    "",
    DUPLEX_FORWARD_BROKEN,
    1002 },
  { "close-reason-not-utf8",
    CLIENT,
    { { 8, FALSE, "\x03\xe8\xff", 3 } },
    "",
    DUPLEX_FORWARD_BROKEN,
    1007 },
  { "reserved-opcode", CLIENT, { { 3, FALSE, "a", -1 } }, "", DUPLEX_FORWARD_BROKEN, 1002 },
  { "continuation-of-nothing", CLIENT, { { 0, FALSE, "a", -1 } }, "", DUPLEX_FORWARD_BROKEN, 1002 },
  { "message-inside-a-message",
    CLIENT,
    { { 1, TRUE, "a", -1 }, { 1, FALSE, "b", -1 } },
    "text(a)+",
    DUPLEX_FORWARD_BROKEN,
    1002 },
  { "ping-in-fragments", CLIENT, { { 9, TRUE, "a", -1 } }, "", DUPLEX_FORWARD_BROKEN, 1002 },
  { "not-utf8",
    CLIENT,
    { { 1, FALSE, "good", -1 }, { 1, FALSE, "b\xff", -1 } },
    "text(good)",
    DUPLEX_FORWARD_BROKEN,
    1007 },
  { "utf8-cut-off", SERVER, { { 1, FALSE, "\xe2\x82", -1 } }, "", DUPLEX_FORWARD_BROKEN, 1007 },
  { "utf8-over-fragments",
    CLIENT,
    { { 1, TRUE, "\xe2\x82", -1 }, { 0, FALSE, "\xac", -1 } },
    "text(\xe2\x82)+ continuation(\xac)",
    DUPLEX_FORWARD_ON,
    0 },
  { "utf8-cut-off-by-an-empty-fragment",
    CLIENT,
    { { 1, TRUE, "\xe2\x82", -1 }, { 0, FALSE, "", 0 } },
    "text(\xe2\x82)+",
    DUPLEX_FORWARD_BROKEN,
    1007 },
};

static void
test_case (gconstpointer data)
{
  const Case                 *test = data;
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (test->sender, &limits);
  g_autoptr (GByteArray)      wire = g_byte_array_new ();
  g_autoptr (GByteArray)      held = g_byte_array_new ();
  g_auto (DuplexByteQueue)    out = { 0 };
  g_autofree char            *text = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (test->sent) && test->sent[i].payload != NULL; i++)
    append_frame (wire, test->sender, &test->sent[i]);
  g_assert_cmpint (feed (forwarder, held, wire->data, wire->len, &out), ==,
                   test->state);
  text = describe (&out, test->sender);
  g_assert_cmpstr (text, ==, test->expected);
  if (test->state != DUPLEX_FORWARD_ON)
    g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, test->code);
  if (test->state == DUPLEX_FORWARD_BROKEN)
    g_assert_nonnull (duplex_forwarder_get_reason (forwarder));
}

/* Byte by byte the verdict is the same, and at no time is a frame cut. */
static void
test_case_by_bytes (gconstpointer data)
{
  const Case                 *test = data;
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (test->sender, &limits);
  g_autoptr (GByteArray)      wire = g_byte_array_new ();
  g_autoptr (GByteArray)      held = g_byte_array_new ();
  g_auto (DuplexByteQueue)    out = { 0 };
  DuplexForwardState          state = DUPLEX_FORWARD_ON;

  for (gsize i = 0; i < G_N_ELEMENTS (test->sent) && test->sent[i].payload != NULL; i++)
    append_frame (wire, test->sender, &test->sent[i]);
  for (guint i = 0; i < wire->len; i++)
    {
      g_autofree char *text = NULL;

      state = feed (forwarder, held, wire->data + i, 1, &out);
      text = describe (&out, test->sender);
    }
  g_assert_cmpint (state, ==, test->state);
  g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, test->code);
}

/* A long frame goes on as it comes, but not byte by byte, and what has gone on always ends at a
 * frame's boundary. */
static void
test_pieces (void)
{
  const DuplexForwardLimits wide = { .max_message = G_MAXUINT64, .max_frame = G_MAXUINT64 };
  const gsize               hold = DUPLEX_LIMIT_PUMP_HOLD;
  const gsize               len = 2 * hold + 100;
  g_autofree char          *payload = g_strnfill (len, 'x');
  static const gsize        chops[] = { 1, 7, 1000, DUPLEX_LIMIT_PUMP_HOLD };

  memcpy (payload, "abcdefg", 7);
  for (gsize i = 0; i < G_N_ELEMENTS (chops); i++)
    {
      g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (CLIENT, &wide);
      g_autoptr (GByteArray)      wire = g_byte_array_new ();
      g_autoptr (GByteArray)      held = g_byte_array_new ();
      g_auto (DuplexByteQueue)    out = { 0 };
      g_autofree char            *text = NULL;
      guint                       n_pieces = 0;

      append_frame (wire, CLIENT, &(Sent){ 1, FALSE, payload, (gssize)len });
      for (gsize at = 0; at < wire->len; at += chops[i])
        feed (forwarder, held, wire->data + at, MIN (chops[i], wire->len - at), &out);
      g_assert_cmpuint (held->len, ==, 0);
      text = describe (&out, CLIENT);
      for (const char *at = text; (at = strchr (at, '(')) != NULL; at++)
        n_pieces++;
      g_assert_cmpuint (n_pieces, >=, 2);
      g_assert_cmpuint (n_pieces, <=, 3);
      g_assert_cmpuint (duplex_forwarder_get_n_messages (forwarder), ==, 1);
      g_assert_true (g_str_has_prefix (text, "text(abcdefg"));
      g_assert_true (g_str_has_suffix (text, "x)"));
      g_assert_cmpuint (strlen (text), ==,
                        strlen ("text()") + len + (n_pieces - 1) * strlen ("+ continuation()"));
    }
}

/* What is no text is known for that before its frame is whole, also where the beginning of a
 * character stands in another read. */
static void
test_text_within_a_frame (void)
{
  for (DuplexRole sender = CLIENT; sender <= SERVER; sender++)
    {
      g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (sender, &limits);
      g_autoptr (GByteArray)      wire = g_byte_array_new ();
      g_autoptr (GByteArray)      held = g_byte_array_new ();
      g_auto (DuplexByteQueue)    out = { 0 };
      guint                       at = sender == CLIENT ? 6 : 2;

      append_frame (wire, sender, &(Sent){ 1, FALSE, "\xe2\x82\xac \xe2\x82 and so on", -1 });
      feed (forwarder, held, wire->data, at + 2, &out);
      feed (forwarder, held, wire->data + at + 2, 4, &out);
      g_assert_cmpint (feed (forwarder, held, NULL, 0, &out), ==, DUPLEX_FORWARD_ON);
      g_assert_cmpint (feed (forwarder, held, wire->data + at + 6, 1, &out), ==,
                       DUPLEX_FORWARD_BROKEN);
      g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, DUPLEX_CLOSE_INVALID_DATA);
      g_assert_cmpuint (duplex_byte_queue_get_size (&out), ==, 0);
    }
}

/* A frame that is short stays as it is, and so does a long one that is there as a whole. */
static void
test_whole (void)
{
  const DuplexForwardLimits   wide = { .max_message = G_MAXUINT64, .max_frame = G_MAXUINT64 };
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (CLIENT, &wide);
  g_autoptr (GByteArray)      wire = g_byte_array_new ();
  g_autoptr (GByteArray)      held = g_byte_array_new ();
  g_auto (DuplexByteQueue)    out = { 0 };
  g_autofree char            *payload = g_strnfill (100000, 'x');
  const guint8               *data;
  gsize                       len;

  append_frame (wire, CLIENT, &(Sent){ 1, FALSE, "short", -1 });
  append_frame (wire, CLIENT, &(Sent){ 2, FALSE, payload, 100000 });
  feed (forwarder, held, wire->data, 3, &out);
  g_assert_cmpuint (duplex_byte_queue_get_size (&out), ==, 0);
  feed (forwarder, held, wire->data + 3, wire->len - 3, &out);
  data = duplex_byte_queue_peek (&out, &len);
  g_assert_cmpmem (data, len, wire->data, wire->len);
}

/* More is left than out has room for; our own Pongs make holes in it. */
static void
test_full (void)
{
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (SERVER, &limits);
  g_autoptr (GByteArray)      wire = g_byte_array_new ();
  g_autoptr (GString)         expected = g_string_new (NULL);
  g_auto (DuplexByteQueue)    out = { 0 };
  g_autofree char            *text = NULL;

  for (guint i = 0; i < 100; i++)
    {
      guint64                pong = i;
      g_autoptr (GByteArray) held = g_byte_array_new ();

      g_byte_array_set_size (wire, 0);
      append_frame (wire, SERVER, &(Sent){ 10, FALSE, (const char *)&pong, sizeof pong });
      append_frame (wire, SERVER, &(Sent){ 1, FALSE, "a", -1 });
      duplex_forwarder_expect_pong (forwarder, pong);
      g_assert_cmpint (feed (forwarder, held, wire->data, wire->len, &out), ==,
                       DUPLEX_FORWARD_ON);
      g_string_append (expected, i > 0 ? " text(a)" : "text(a)");
    }
  text = describe (&out, SERVER);
  g_assert_cmpstr (text, ==, expected->str);
}

static void
test_keys_differ (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int_hash, g_int_equal);
  const guint            n = 1000; /* more than one draw of entropy */
  gint32                 keys[1000];
  guint8                 frame[DUPLEX_FRAME_HEADER_MAX];

  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (duplex_forwarder_write (frame, CLIENT, DUPLEX_OPCODE_PING, NULL, 0), ==, 6);
      memcpy (&keys[i], frame + 2, 4);
      g_hash_table_add (seen, &keys[i]);
    }
  /* Two of a thousand random keys are the same once in 8,600 runs; three pairs never. */
  g_assert_cmpuint (g_hash_table_size (seen), >=, n - 2);
}

static void
test_message_too_big (void)
{
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (CLIENT, &limits);
  g_autoptr (GByteArray)      wire = g_byte_array_new ();
  g_autoptr (GByteArray)      held = g_byte_array_new ();
  g_auto (DuplexByteQueue)    out = { 0 };
  g_autofree char            *fill = g_strnfill (MESSAGE_LIMIT, 'x');

  append_frame (wire, CLIENT, &(Sent){ 2, FALSE, fill, MESSAGE_LIMIT });
  append_frame (wire, CLIENT, &(Sent){ 2, TRUE, fill, MESSAGE_LIMIT });
  g_assert_cmpint (feed (forwarder, held, wire->data, wire->len, &out), ==,
                   DUPLEX_FORWARD_ON);
  g_byte_array_set_size (wire, 0);
  append_frame (wire, CLIENT, &(Sent){ 0, FALSE, fill, 1 });
  /* Its header is enough. */
  g_assert_cmpint (feed (forwarder, held, wire->data, 6, &out), ==,
                   DUPLEX_FORWARD_BROKEN);
  g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, DUPLEX_CLOSE_TOO_BIG);
}

static void
test_length_with_top_bit (void)
{
  static const guint8         wire[] = { 0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4 };
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (CLIENT, &limits);
  g_autoptr (GByteArray)      held = g_byte_array_new ();
  g_auto (DuplexByteQueue)    out = { 0 };

  g_assert_cmpint (feed (forwarder, held, wire, sizeof wire, &out), ==,
                   DUPLEX_FORWARD_BROKEN);
  g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, DUPLEX_CLOSE_PROTOCOL_ERROR);
}

static void
test_mask_is_wrong (void)
{
  for (DuplexRole sender = DUPLEX_ROLE_CLIENT; sender <= DUPLEX_ROLE_SERVER; sender++)
    {
      g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (sender, &limits);
      g_autoptr (GByteArray)      wire = g_byte_array_new ();
      g_autoptr (GByteArray)      held = g_byte_array_new ();
      g_auto (DuplexByteQueue)    out = { 0 };

      append_frame (wire, sender == CLIENT ? SERVER : CLIENT, &(Sent){ 1, FALSE, "a", -1 });
      g_assert_cmpint (feed (forwarder, held, wire->data, wire->len, &out), ==,
                       DUPLEX_FORWARD_BROKEN);
      g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, DUPLEX_CLOSE_PROTOCOL_ERROR);
      g_assert_cmpuint (duplex_byte_queue_get_size (&out), ==, 0);
    }
}

static DuplexForwardState
feed_one (DuplexForwarder *forwarder,
          const Sent      *sent,
          gint64           now)
{
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  DuplexForwardOut       out;
  gsize                  used;

  append_frame (wire, CLIENT, sent);
  return duplex_forwarder_feed (forwarder, wire->data, wire->len, now, &out, &used);
}

/* Where three of these are allowed in a second, a third of one gives one more. */
static void
assert_three_a_second (const DuplexForwardLimits *three)
{
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (CLIENT, three);
  const gint64                start = 5 * G_USEC_PER_SEC;
  const Sent                  text = { 1, FALSE, "a", -1 }; /* 7 bytes */

  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (feed_one (forwarder, &text, start), ==, DUPLEX_FORWARD_ON);
  g_assert_cmpint (feed_one (forwarder, &text, start + 340000), ==, DUPLEX_FORWARD_ON);
  g_assert_cmpint (feed_one (forwarder, &text, start + 350000), ==, DUPLEX_FORWARD_BROKEN);
  g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, DUPLEX_CLOSE_POLICY);
}

static void
test_rate (void)
{
  assert_three_a_second (&(DuplexForwardLimits){
    .max_message = MESSAGE_LIMIT, .max_frame = MESSAGE_LIMIT, .rate = 3 });
}

static void
test_byte_rate (void)
{
  assert_three_a_second (&(DuplexForwardLimits){
    .max_message = MESSAGE_LIMIT, .max_frame = MESSAGE_LIMIT, .byte_rate = 3 * 7 });
}

/* A frame that takes its time costs each byte when it comes, and once. */
static void
test_byte_rate_of_slow_frame (void)
{
  const DuplexForwardLimits   few = { .max_message = MESSAGE_LIMIT,
                                      .max_frame = MESSAGE_LIMIT,
                                      .byte_rate = 10 };
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (CLIENT, &few);
  g_autoptr (GByteArray)      wire = g_byte_array_new ();
  DuplexForwardOut            out;
  gsize                       used = 0;

  append_frame (wire, CLIENT, &(Sent){ 1, FALSE, "twenty-nine bytes with a head", -1 });
  for (gsize len = 1; len <= wire->len; len++)
    g_assert_cmpint (duplex_forwarder_feed (forwarder, wire->data, len,
                                            (gint64)len * G_USEC_PER_SEC / 9, &out, &used),
                     ==, DUPLEX_FORWARD_ON);
  g_assert_cmpuint (used, ==, wire->len);
  g_assert_cmpuint (out.size, ==, wire->len);
}

static void
test_frame_too_big (void)
{
  const DuplexForwardLimits   small = { .max_message = MESSAGE_LIMIT, .max_frame = 3 };
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (CLIENT, &small);

  g_assert_cmpint (feed_one (forwarder, &(Sent){ 1, TRUE, "abc", -1 }, 1), ==, DUPLEX_FORWARD_ON);
  g_assert_cmpint (feed_one (forwarder, &(Sent){ 0, TRUE, "abcd", -1 }, 1), ==,
                   DUPLEX_FORWARD_BROKEN);
  g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, DUPLEX_CLOSE_TOO_BIG);
}

static void
test_rate_of_fragments (void)
{
  const DuplexForwardLimits   two = { .max_message = MESSAGE_LIMIT,
                                      .max_frame = MESSAGE_LIMIT,
                                      .rate = 2 };
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (CLIENT, &two);

  g_assert_cmpint (feed_one (forwarder, &(Sent){ 1, TRUE, "a", -1 }, 1), ==, DUPLEX_FORWARD_ON);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (feed_one (forwarder, &(Sent){ 0, TRUE, "b", -1 }, 1), ==, DUPLEX_FORWARD_ON);
  /* Empty ones are no part of a message. */
  g_assert_cmpint (feed_one (forwarder, &(Sent){ 0, TRUE, "", 0 }, 1), ==, DUPLEX_FORWARD_ON);
  g_assert_cmpint (feed_one (forwarder, &(Sent){ 0, TRUE, "", 0 }, 1), ==, DUPLEX_FORWARD_BROKEN);
}

/* Where nobody listens any more, the Close is still found. */
static void
test_nobody_listens (void)
{
  g_autoptr (DuplexForwarder) forwarder = duplex_forwarder_new (SERVER, &limits);
  g_autoptr (GByteArray)      wire = g_byte_array_new ();
  gsize                       used;

  append_frame (wire, SERVER, &(Sent){ 1, TRUE, "\xe2", -1 });
  append_frame (wire, SERVER, &(Sent){ 9, FALSE, "?", -1 });
  append_frame (wire, SERVER, &(Sent){ 0, FALSE, "\x82\xac", -1 });
  append_frame (wire, SERVER, &(Sent){ 1, FALSE, "next", -1 });
  append_frame (wire, SERVER, &(Sent){ 8, FALSE, "\x03\xe8", 2 });
  g_assert_cmpint (duplex_forwarder_feed (forwarder, wire->data, wire->len, 1, NULL, &used), ==,
                   DUPLEX_FORWARD_CLOSED);
  g_assert_cmpint (duplex_forwarder_get_code (forwarder), ==, DUPLEX_CLOSE_NORMAL);
}

static void
test_queue (void)
{
  g_auto (DuplexByteQueue) queue = { 0 };
  const guint8            *data;
  gsize                    len;

  memcpy (duplex_byte_queue_reserve (&queue, 4), "abcd", 4);
  duplex_byte_queue_commit (&queue, 4);
  duplex_byte_queue_consume (&queue, 3);
  /* Does not fit behind it any more: what waits moves, and nothing is lost. */
  memset (duplex_byte_queue_reserve (&queue, 5000), 'x', 5000);
  duplex_byte_queue_commit (&queue, 5000);
  data = duplex_byte_queue_peek (&queue, &len);
  g_assert_cmpuint (len, ==, 5001);
  g_assert_cmpint (data[0], ==, 'd');
  g_assert_cmpint (data[5000], ==, 'x');
  duplex_byte_queue_consume (&queue, len);
  g_assert_null (duplex_byte_queue_peek (&queue, &len));
  g_assert_null (queue.data);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *once = g_strdup_printf ("/io/forwarder/%s", cases[i].name);
      g_autofree char *bytes = g_strdup_printf ("/io/forwarder/%s/by-bytes", cases[i].name);

      g_test_add_data_func (once, &cases[i], test_case);
      g_test_add_data_func (bytes, &cases[i], test_case_by_bytes);
    }
  g_test_add_func ("/io/forwarder/pieces", test_pieces);
  g_test_add_func ("/io/forwarder/text-within-a-frame", test_text_within_a_frame);
  g_test_add_func ("/io/forwarder/whole", test_whole);
  g_test_add_func ("/io/forwarder/full", test_full);
  g_test_add_func ("/io/forwarder/keys-differ", test_keys_differ);
  g_test_add_func ("/io/forwarder/message-too-big", test_message_too_big);
  g_test_add_func ("/io/forwarder/length-with-top-bit", test_length_with_top_bit);
  g_test_add_func ("/io/forwarder/mask-is-wrong", test_mask_is_wrong);
  g_test_add_func ("/io/forwarder/rate", test_rate);
  g_test_add_func ("/io/forwarder/byte-rate", test_byte_rate);
  g_test_add_func ("/io/forwarder/byte-rate/slow-frame", test_byte_rate_of_slow_frame);
  g_test_add_func ("/io/forwarder/frame-too-big", test_frame_too_big);
  g_test_add_func ("/io/forwarder/rate-of-fragments", test_rate_of_fragments);
  g_test_add_func ("/io/forwarder/nobody-listens", test_nobody_listens);
  g_test_add_func ("/io/forwarder/queue", test_queue);

  return g_test_run ();
}
