/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compressed messages on a connection (RFC 7692): sent and received, recorded with what they are
 * worth, and refused. */
#include <string.h>

#include "core/io/duplex-demo-server.h"
#include "core/model/duplex-row.h"
#include "core/proto/duplex-deflate.h"
#include "core/proto/duplex-error.h"
#include "duplex-compressed-support.h"
#include "duplex-deflate-cut.h"
#include "duplex-far-end.h"

#define PLAIN "permessage-deflate"

static const DuplexDeflateDirection window_15 = { .window_bits = 15 };

/* ---- both ways, with all that can be agreed on ---- */

typedef struct
{
  const char *name;
  const char *offer;
  gboolean    sent_shrinks; /* the same message again is a reference to the first */
  gboolean    received_shrinks;
  guint       client_bits;
  guint       server_bits;
} Agreement;

static const Agreement agreements[] = {
  { "plain", "", TRUE, TRUE, 15, 15 },
  { "browser", "client_max_window_bits", TRUE, TRUE, 15, 15 },
  { "no-client-takeover", "client_no_context_takeover", FALSE, TRUE, 15, 15 },
  { "no-server-takeover", "server_no_context_takeover", TRUE, FALSE, 15, 15 },
  { "no-takeover", "client_no_context_takeover; server_no_context_takeover", FALSE, FALSE, 15,
    15 },
  { "small-windows", "client_max_window_bits=9; server_max_window_bits=10", FALSE, FALSE, 9, 10 },
  { "smallest-windows", "client_max_window_bits=8; server_max_window_bits=8", FALSE, FALSE, 8,
    8 },
};

static void
assert_frame_worth (Fixture          *f,
                    DuplexDirection   direction,
                    guint             n,
                    const GByteArray *text,
                    gsize            *ret_wire)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  fixture_read_frame (f, direction, DUPLEX_OPCODE_TEXT, n, &event);
  g_assert_cmphex (event.header[0], ==, 0xc1);
  g_assert_cmpint (event.value, ==, text->len);
  g_assert_cmpmem (event.inflated, event.inflated_size, text->data, text->len);
  g_assert_cmpuint (event.message_size, ==, event.payload_size);
  g_assert_cmpuint (event.n_findings, ==, 0);
  g_assert_cmpuint (event.flags & DUPLEX_EVENT_FLAG_ROW, !=, 0);
  g_assert_cmpint (memcmp (event.payload, text->data, event.payload_size), !=, 0);
  *ret_wire = event.payload_size;
}

static void
test_both_ways (gconstpointer data)
{
  const Agreement             *row = data;
  g_autoptr (DuplexDemoServer) server = duplex_demo_server_new (0, NULL);
  g_autofree char             *url =
    g_strdup_printf ("ws://127.0.0.1:%u/echo", duplex_demo_server_get_port (server));
  Fixture               *f = fixture_new (url);
  g_autoptr (GByteArray) text = duplex_deflate_cut_new_text (3000);
  DuplexDeflateParams    params;
  DuplexDeflateAgreement agreed;
  gsize                  sent[2], received[2];

  g_assert_true (duplex_deflate_params_parse (row->offer, &params, NULL));
  duplex_profile_set_deflate (duplex_session_get_profile (f->session), TRUE, &params);
  fixture_connect (f);
  duplex_session_get_deflate (f->session, &agreed);
  g_assert_true (agreed.agreed);
  g_assert_cmpuint (agreed.client.window_bits, ==, row->client_bits);
  g_assert_cmpuint (agreed.server.window_bits, ==, row->server_bits);

  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (
        duplex_session_send_text (f->session, (const char *)text->data, text->len, NULL));
      fixture_wait_received (f, i + 1);
      assert_frame_worth (f, DUPLEX_DIRECTION_SENT, i, text, &sent[i]);
      assert_frame_worth (f, DUPLEX_DIRECTION_RECEIVED, i, text, &received[i]);
    }
  g_assert_cmpuint (sent[0], <, text->len);
  g_assert_true ((sent[1] < sent[0] / 4) == row->sent_shrinks);
  g_assert_true ((received[1] < received[0] / 4) == row->received_shrinks);
  fixture_disconnect (f);
  g_assert_cmpuint (f->close_code, ==, 1000);
  fixture_free (f);
}

/* A server that answers without the extension gets everything as it is. */
static void
test_not_agreed (void)
{
  g_autoptr (FarEnd)     far = far_end_new (NULL);
  Fixture               *f = fixture_new_far (far);
  g_auto (DuplexEvent)   event = DUPLEX_EVENT_INIT;
  DuplexDeflateAgreement agreed;

  duplex_session_get_deflate (f->session, &agreed);
  g_assert_false (agreed.agreed);
  g_assert_true (duplex_session_send_text (f->session, "aaaaaaaaaaaaaaaaaaaa", -1, NULL));
  far_end_assert_frames (far, f, "81+20");
  fixture_read_frame (f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, 0, &event);
  g_assert_cmpint (event.value, ==, -1);
  g_assert_null (event.inflated);
  fixture_disconnect (f);
  fixture_free (f);
}

/* ---- fragments ---- */

/* What an event says of a fragment, and that it inflates to the next part of text. */
static void
assert_share (Fixture          *f,
              DuplexDirection   direction,
              guint8            opcode,
              guint             n,
              guint             position, /* in the message, from 0 */
              const GByteArray *text,
              gsize            *at,
              gsize            *wire)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  fixture_read_frame (f, direction, opcode, n, &event);
  g_assert_cmpint ((event.header[0] & 0x40) != 0, ==, position == 0);
  g_assert_cmpuint (event.n_frames, ==, position + 1);
  g_assert_cmpuint (event.opcode, ==, DUPLEX_OPCODE_TEXT);
  *wire += event.payload_size;
  g_assert_cmpuint (event.message_size, ==, *wire);
  g_assert_cmpuint (event.inflated_size, <=, text->len - *at);
  if (event.inflated_size > 0)
    g_assert_cmpmem (event.inflated, event.inflated_size, text->data + *at, event.inflated_size);
  *at += event.inflated_size;
  g_assert_cmpint (event.value, ==, (event.header[0] & 0x80) != 0 ? (gint64)text->len : -1);
}

/* Received in fragments, one of them empty, with control frames between. */
static void
test_fragments_received (void)
{
  g_autoptr (FarEnd)         far = far_end_new (PLAIN);
  Fixture                   *f = fixture_new_far (far);
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&window_15, -1, 0);
  g_autoptr (GByteArray)     text = duplex_deflate_cut_new_text (20000);
  g_autoptr (GByteArray)     payload = compressed_new (deflater, text->data, text->len);
  guint                      third = payload->len / 3;
  gsize                      at = 0, wire = 0;

  far_end_write_frame (far, 0x41, payload->data, third);
  far_end_write_frame (far, 0x89, "ping", 4);
  far_end_write_frame (far, 0x00, payload->data + third, third);
  far_end_write_frame (far, 0x00, NULL, 0);
  far_end_write_frame (far, 0x8a, "pong", 4);
  far_end_write_frame (far, 0x80, payload->data + 2 * third, payload->len - 2 * third);
  fixture_wait_received (f, 1);
  assert_share (f, DUPLEX_DIRECTION_RECEIVED, 1, 0, 0, text, &at, &wire);
  g_assert_cmpuint (at, >, 0);
  for (guint i = 0; i < 3; i++)
    assert_share (f, DUPLEX_DIRECTION_RECEIVED, 0, i, i + 1, text, &at, &wire);
  g_assert_cmpuint (at, ==, text->len);
  compressed_assert_row (f, DUPLEX_DIRECTION_RECEIVED, 0, text->data, text->len);
  far_end_assert_frames (far, f, "8a+4");
  fixture_disconnect (f);
  fixture_free (f);
}

/* Sent in fragments: they are cut out of the compressed bytes. */
static void
test_fragments_sent (void)
{
  g_autoptr (FarEnd)         far = far_end_new (PLAIN);
  Fixture                   *f = fixture_new (far_end_get_url (far));
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&window_15, G_MAXUINT64);
  g_autoptr (GByteArray)     text = duplex_deflate_cut_new_text (3000);
  g_autoptr (DuplexRow)      row = NULL;
  g_autoptr (GByteArray)     payload = NULL;
  g_autoptr (GByteArray)     inflated = NULL;
  g_autofree char           *frames = NULL;
  gsize                      at = 0, wire = 0;
  guint                      n_frames;

  duplex_session_get_options (f->session)->fragment = 200;
  fixture_connect (f);
  g_assert_true (duplex_session_send_text (f->session, (const char *)text->data, text->len, NULL));
  fixture_wait_sent (f, 1);
  row = fixture_find_message (f, DUPLEX_DIRECTION_SENT, 0);
  n_frames = duplex_row_get_n_frames (row);
  g_assert_cmpuint (n_frames, >=, 3);
  far_end_wait_frames (far, f, n_frames);
  frames = far_end_dup_frames (far);
  g_assert_true (g_str_has_prefix (frames, "41+200 00+200 "));
  g_assert_null (strstr (frames + 1, "41+"));

  payload = far_end_dup_message (far, 0, n_frames - 1);
  g_assert_cmpuint (payload->len, ==, duplex_row_get_wire_size (row));
  inflated = compressed_inflate (inflater, payload);
  g_assert_cmpmem (inflated->data, inflated->len, text->data, text->len);
  assert_share (f, DUPLEX_DIRECTION_SENT, 1, 0, 0, text, &at, &wire);
  for (guint i = 1; i < n_frames; i++)
    assert_share (f, DUPLEX_DIRECTION_SENT, 0, i - 1, i, text, &at, &wire);
  g_assert_cmpuint (at, ==, text->len);
  compressed_assert_row (f, DUPLEX_DIRECTION_SENT, 0, text->data, text->len);
  g_clear_object (&row);
  fixture_disconnect (f);
  fixture_free (f);
}

/* Messages that are not compressed stand between others, and leave the context as it is. */
static void
test_some_are_not (void)
{
  g_autoptr (FarEnd)         far = far_end_new (PLAIN);
  Fixture                   *f = fixture_new_far (far);
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&window_15, -1, 0);
  g_autoptr (GByteArray)     text = duplex_deflate_cut_new_text (2000);
  g_autoptr (GByteArray)     first = compressed_new (deflater, text->data, text->len);
  g_autoptr (GByteArray)     second = compressed_new (deflater, text->data, text->len);
  g_autoptr (GByteArray)     empty = compressed_new (deflater, NULL, 0);
  g_auto (DuplexEvent)       event = DUPLEX_EVENT_INIT;

  g_assert_cmpuint (second->len, <, 50);
  far_end_write_frame (far, 0xc1, first->data, first->len);
  far_end_write_frame (far, 0x81, "plain", 5);
  far_end_write_frame (far, 0xc2, second->data, second->len);
  far_end_write_frame (far, 0xc1, empty->data, empty->len);
  fixture_wait_received (f, 4);
  compressed_assert_row (f, DUPLEX_DIRECTION_RECEIVED, 0, text->data, text->len);
  compressed_assert_row (f, DUPLEX_DIRECTION_RECEIVED, 2, text->data, text->len);
  compressed_assert_row (f, DUPLEX_DIRECTION_RECEIVED, 3, NULL, 0);
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, 1, &event);
  g_assert_cmpint (event.value, ==, -1);
  g_assert_null (event.inflated);
  g_assert_cmpmem (event.payload, event.payload_size, "plain", 5);
  fixture_disconnect (f);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_SOUP_DISAGREES), ==, 0);
  fixture_free (f);
}

/* ---- what is wrong with it ---- */

/* Frames of a server in hex, a space between two. The finding stands in the n-th of the opcode. */
typedef struct
{
  const char     *name;
  const char     *frames;
  DuplexFindingId finding;
  guint8          opcode;
  guint           n;
  guint64         offset;
  guint16         code;
} Bad;

/* 4a4c0400 is "aa", 4afc0f00 "a\\xff", 4a3c0c00 "a\\xc3"; 0000ffff goes on behind each, and 07
 * begins a block of a type that there is not. */
static const Bad bads[] = {
  { "corrupt", "c10107", DUPLEX_FINDING_DEFLATE_CORRUPT, 1, 0, 2, 1007 },
  { "corrupt/binary", "c20107", DUPLEX_FINDING_DEFLATE_CORRUPT, 2, 0, 2, 1007 },
  { "corrupt/in-fragment", "41084a4c04000000ffff 80094a4c04000000ffff07",
    DUPLEX_FINDING_DEFLATE_CORRUPT, 0, 0, 10, 1007 },
  { "corrupt/behind-good", "c1044a4c0400 c10107", DUPLEX_FINDING_DEFLATE_CORRUPT, 1, 1, 2, 1007 },
  { "corrupt/cut", "c1034a4c04", DUPLEX_FINDING_DEFLATE_CORRUPT, 1, 0, 5, 1007 },
  { "corrupt/cut-in-fragment", "41024a4c 800104", DUPLEX_FINDING_DEFLATE_CORRUPT, 0, 0, 3, 1007 },
  { "corrupt/no-bytes", "c100", DUPLEX_FINDING_DEFLATE_CORRUPT, 1, 0, 2, 1007 },
  { "bit/continuation", "41024a4c c0020400", DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED, 0, 0, 0,
    1002 },
  { "bit/ping", "c900", DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED, 9, 0, 0, 1002 },
  { "bit/rsv2", "e1044a4c0400", DUPLEX_FINDING_RESERVED_BIT, 1, 0, 0, 1002 },
  { "bit/rsv3", "910161", DUPLEX_FINDING_RESERVED_BIT, 1, 0, 0, 1002 },
  { "utf8", "c1044afc0f00", DUPLEX_FINDING_INVALID_UTF8, 1, 0, 2, 1007 },
  { "utf8/cut", "c1044a3c0c00", DUPLEX_FINDING_INVALID_UTF8, 1, 0, 2, 1007 },
  { "utf8/in-fragment", "41084a4c04000000ffff 80044afc0f00", DUPLEX_FINDING_INVALID_UTF8, 0, 0, 2,
    1007 },
  { "inside", "41024a4c c1044a4c0400", DUPLEX_FINDING_CONTINUATION_EXPECTED, 1, 1, 0, 1002 },
  { "plain-inside", "41024a4c 810161", DUPLEX_FINDING_CONTINUATION_EXPECTED, 1, 1, 0, 1002 },
};

static void
write_hex (FarEnd     *far,
           const char *hex)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (const char *p = hex; *p != '\0'; p++)
    if (*p != ' ')
      {
        guint8 byte = (guint8)(g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]));

        g_byte_array_append (bytes, &byte, 1);
        p++;
      }
  far_end_write (far, bytes->data, bytes->len);
}

static void
test_bad (gconstpointer data)
{
  const Bad           *row = data;
  g_autoptr (FarEnd)   far = far_end_new (PLAIN);
  Fixture             *f = fixture_new_far (far);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              offset = 0;

  write_hex (far, row->frames);
  g_assert_cmpuint (far_end_get_close_code (far, f, 0), ==, row->code);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_PROTOCOL);
  g_assert_cmpuint (fixture_count_findings (f, row->finding), ==, 1);
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, row->opcode, row->n, &event);
  g_assert_true (fixture_find_finding (&event, row->finding, &offset));
  g_assert_cmpuint (offset, ==, row->offset);
  if (row->finding == DUPLEX_FINDING_DEFLATE_CORRUPT ||
      row->finding == DUPLEX_FINDING_CONTINUATION_EXPECTED)
    g_assert_cmpint (event.value, ==, -1);
  fixture_free (f);
}

/* After what cannot be inflated nothing is: the peer's context is not known any more. */
static void
test_nothing_after_corrupt (void)
{
  g_autoptr (FarEnd)   far = far_end_new (PLAIN);
  Fixture             *f = fixture_new_far (far);
  g_auto (DuplexEvent) good = DUPLEX_EVENT_INIT;
  g_auto (DuplexEvent) later = DUPLEX_EVENT_INIT;

  far_end_set_answers (far, FALSE);
  write_hex (far, "c1044a4c0400 c10107 c1044a4c0400");
  fixture_wait_received (f, 3);
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 1, 0, &good);
  g_assert_cmpint (good.value, ==, 2);
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, 1, 2, &later);
  g_assert_cmpint (later.value, ==, -1);
  g_assert_null (later.inflated);
  g_assert_cmpmem (later.payload, later.payload_size, "\x4a\x4c\x04\x00", 4);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_DEFLATE_CORRUPT), ==, 1);
  far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  fixture_free (f);
}

/* A message that ends in the middle of its frames. */
static void
test_unfinished (void)
{
  g_autoptr (FarEnd)   far = far_end_new (PLAIN);
  Fixture             *f = fixture_new_far (far);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  gint64               number;

  write_hex (far, "41084a4c04000000ffff 00084a4c04000000ffff");
  far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  number = fixture_find_state (f, DUPLEX_EVENT_UNFINISHED);
  g_assert_cmpint (number, >=, 0);
  g_assert_true (duplex_capture_read (duplex_session_get_capture (f->session), (guint64)number,
                                      &event));
  g_assert_cmpint (event.value, ==, 4);
  g_assert_cmpuint (event.message_size, ==, 16);
  compressed_assert_row (f, DUPLEX_DIRECTION_RECEIVED, 0, "aaaa", 4);
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (agreements); i++)
    {
      g_autofree char *path = g_strconcat ("/core/compressed/both-ways/", agreements[i].name, NULL);

      g_test_add_data_func (path, &agreements[i], test_both_ways);
    }
  g_test_add_func ("/core/compressed/not-agreed", test_not_agreed);
  g_test_add_func ("/core/compressed/fragments/received", test_fragments_received);
  g_test_add_func ("/core/compressed/fragments/sent", test_fragments_sent);
  g_test_add_func ("/core/compressed/some-are-not", test_some_are_not);
  for (gsize i = 0; i < G_N_ELEMENTS (bads); i++)
    {
      g_autofree char *path = g_strconcat ("/core/compressed/bad/", bads[i].name, NULL);

      g_test_add_data_func (path, &bads[i], test_bad);
    }
  g_test_add_func ("/core/compressed/nothing-after-corrupt", test_nothing_after_corrupt);
  g_test_add_func ("/core/compressed/unfinished", test_unfinished);
  return g_test_run ();
}
