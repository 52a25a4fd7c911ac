/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The token that comes as a message: all at once, byte by byte, and what is none. */
#include "relay/duplex-first-message.h"

#include <string.h>

#include "core/proto/duplex-frame.h"
#include "core/proto/duplex-limits.h"

#define FIN  0x80
#define RSV1 0x40

/* Appends a frame; masked with four bytes that are not zero. */
static void
add_frame (GByteArray *out,
           guint8      first,
           const char *payload,
           gsize       len,
           gboolean    masked)
{
  DuplexFrameHeader header = {
    .fin = (first & FIN) != 0,
    .rsv1 = (first & RSV1) != 0,
    .opcode = first & 0x0f,
    .masked = masked,
    .mask = { 1, 2, 3, 4 },
    .length_bits = duplex_frame_minimal_length_bits (len),
    .length = len,
  };
  guint8 bytes[DUPLEX_FRAME_HEADER_MAX];
  gsize  size = duplex_frame_header_encode (&header, bytes);
  guint  at;

  g_byte_array_append (out, bytes, (guint)size);
  at = out->len;
  g_byte_array_append (out, (const guint8 *)payload, (guint)len);
  if (masked)
    duplex_mask (out->data + at, out->data + at, len, header.mask, 0);
}

static void
add_text (GByteArray *out,
          guint8      first,
          const char *payload)
{
  add_frame (out, first, payload, strlen (payload), TRUE);
}

/* Feeds all in pieces, from a copy of just that size, as the relay does: what was not used comes
 * again with the next one. Returns the state; used is in all. */
static DuplexFirstState
feed (DuplexFirstMessage *first,
      GByteArray         *data,
      gsize               piece,
      gsize              *ret_used,
      GByteArray         *answers)
{
  DuplexFirstState state = DUPLEX_FIRST_MORE;
  gsize            used = 0;

  for (gsize end = MIN (piece, data->len); state == DUPLEX_FIRST_MORE;
       end = MIN (end + piece, data->len))
    {
      g_autofree guint8 *copy = g_memdup2 (data->data + used, end - used);
      gsize              more = 0;

      state = duplex_first_message_feed (first, copy, end - used, &more, answers);
      used += more;
      if (end == data->len)
        break;
    }
  *ret_used = used;
  return state;
}

typedef void (*Check) (DuplexFirstMessage *first,
                       DuplexFirstState    state,
                       gsize               used,
                       GByteArray         *answers,
                       gpointer            user_data);

static void
in_all_pieces (GByteArray *data,
               Check       check,
               gpointer    user_data)
{
  static const gsize pieces[] = { 1, 2, 3, 7, 1000, G_MAXUINT };

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (DuplexFirstMessage) first = duplex_first_message_new ();
      g_autoptr (GByteArray)         answers = g_byte_array_new ();
      gsize                          used;
      DuplexFirstState               state = feed (first, data, pieces[i], &used, answers);

      check (first, state, used, answers, user_data);
    }
}

static void
check_token (DuplexFirstMessage *first,
             DuplexFirstState    state,
             gsize               used,
             GByteArray         *answers,
             gpointer            user_data)
{
  static const guint8 pongs[] = { FIN | DUPLEX_OPCODE_PONG, 2, 'h', 'i',
                                  FIN | DUPLEX_OPCODE_PONG, 0 };

  g_assert_cmpint (state, ==, DUPLEX_FIRST_DONE);
  g_assert_cmpstr (duplex_first_message_get_text (first), ==, "s3cret");
  g_assert_cmpuint (used, ==, *(gsize *)user_data);
  g_assert_cmpmem (answers->data, answers->len, pongs, sizeof pongs);
}

/* Over fragments, with pings and a pong between them, and a frame behind it. */
static void
test_token (void)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  gsize                  size;

  add_text (data, FIN | DUPLEX_OPCODE_PING, "hi");
  add_text (data, DUPLEX_OPCODE_TEXT, "s3");
  add_text (data, FIN | DUPLEX_OPCODE_PING, "");
  add_text (data, FIN | DUPLEX_OPCODE_PONG, "unasked");
  add_text (data, DUPLEX_OPCODE_CONTINUATION, "");
  add_text (data, FIN | DUPLEX_OPCODE_CONTINUATION, "cret");
  size = data->len;
  add_text (data, FIN | DUPLEX_OPCODE_TEXT, "for the backend");
  in_all_pieces (data, check_token, &size);
}

static void
check_state (DuplexFirstMessage *first,
             DuplexFirstState    state,
             gsize               used,
             GByteArray         *answers,
             gpointer            user_data)
{
  g_assert_cmpint (state, ==, *(DuplexFirstState *)user_data);
}

static void
test_wrong (void)
{
  static const struct
  {
    guint8      first;
    const char *payload;
    gboolean    unmasked;
  } cases[] = {
    { FIN | DUPLEX_OPCODE_BINARY, "s3cret", FALSE },
    { FIN | DUPLEX_OPCODE_CONTINUATION, "s3cret", FALSE },
    { FIN | RSV1 | DUPLEX_OPCODE_TEXT, "s3cret", FALSE },
    { FIN | 3, "s3cret", FALSE },
    { FIN | 0xb, "s3cret", FALSE },
    { FIN | DUPLEX_OPCODE_TEXT, "s3cret", TRUE },
    { DUPLEX_OPCODE_PING, "", FALSE },
  };
  DuplexFirstState wrong = DUPLEX_FIRST_WRONG;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) data = g_byte_array_new ();

      add_frame (data, cases[i].first, cases[i].payload, strlen (cases[i].payload),
                 !cases[i].unmasked);
      in_all_pieces (data, check_state, &wrong);
    }
}

/* A text within a text, and a length that could have been shorter. */
static void
test_broken (void)
{
  static const guint8    lengthy[] = { FIN | DUPLEX_OPCODE_TEXT, 0xfe, 0, 1, 1, 2, 3, 4, 'x' };
  g_autoptr (GByteArray) data = g_byte_array_new ();
  DuplexFirstState       wrong = DUPLEX_FIRST_WRONG;

  add_text (data, DUPLEX_OPCODE_TEXT, "s3");
  add_text (data, FIN | DUPLEX_OPCODE_TEXT, "cret");
  in_all_pieces (data, check_state, &wrong);
  g_byte_array_set_size (data, 0);
  g_byte_array_append (data, lengthy, sizeof lengthy);
  in_all_pieces (data, check_state, &wrong);
}

/* A promise is enough to refuse it; the payload is not waited for. */
static void
test_length (void)
{
  g_autofree char       *most = g_strnfill (DUPLEX_LIMIT_RELAY_TOKEN, 'x');
  g_autoptr (GByteArray) data = g_byte_array_new ();
  DuplexFirstState       state = DUPLEX_FIRST_DONE;

  add_text (data, FIN | DUPLEX_OPCODE_TEXT, most);
  in_all_pieces (data, check_state, &state);

  state = DUPLEX_FIRST_WRONG;
  g_byte_array_set_size (data, 0);
  add_text (data, DUPLEX_OPCODE_TEXT, most);
  add_text (data, FIN | DUPLEX_OPCODE_CONTINUATION, "y");
  g_byte_array_set_size (data, data->len - 1);
  in_all_pieces (data, check_state, &state);
}

static void
check_closed (DuplexFirstMessage *first,
              DuplexFirstState    state,
              gsize               used,
              GByteArray         *answers,
              gpointer            user_data)
{
  g_assert_cmpint (state, ==, DUPLEX_FIRST_CLOSED);
  g_assert_cmpuint (used, ==, 0);
}

static void
test_closed (void)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();

  add_text (data, FIN | DUPLEX_OPCODE_CLOSE, "\x03\xe8");
  in_all_pieces (data, check_closed, NULL);
}

static void
check_nul (DuplexFirstMessage *first,
           DuplexFirstState    state,
           gsize               used,
           GByteArray         *answers,
           gpointer            user_data)
{
  g_assert_cmpint (state, ==, DUPLEX_FIRST_DONE);
  g_assert_null (duplex_first_message_get_text (first));
}

/* What C would read as the token is not the token. */
static void
test_nul (void)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();

  add_frame (data, FIN | DUPLEX_OPCODE_TEXT, "s3cret\0more", 11, TRUE);
  in_all_pieces (data, check_nul, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/first-message/token", test_token);
  g_test_add_func ("/relay/first-message/wrong", test_wrong);
  g_test_add_func ("/relay/first-message/broken", test_broken);
  g_test_add_func ("/relay/first-message/length", test_length);
  g_test_add_func ("/relay/first-message/closed", test_closed);
  g_test_add_func ("/relay/first-message/nul", test_nul);
  return g_test_run ();
}
