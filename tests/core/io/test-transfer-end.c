/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files beside other messages, files that are given up, and connections that end too early. */
#include "core/proto/duplex-error.h"
#include "duplex-transfer-support.h"

#define MIB ((gsize)1024 * 1024)

/* ---- beside others ---- */

/* What is given meanwhile comes after it, in order; pings do not wait. */
static void
test_others_wait (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_held (far);
  g_autoptr (GFile)          large = transfer_new_large_file (32 * MIB);
  g_autoptr (GFile)          small = transfer_new_file ("small", 5);
  g_autoptr (DuplexTransfer) first = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  g_autoptr (DuplexTransfer) second = NULL;
  DuplexFrameDraft           composed = DUPLEX_FRAME_DRAFT_INIT;
  g_auto (GStrv)             tokens = NULL;
  int                        last;
  gsize                      bytes;
  guint                      messages;

  transfer_wait_sending (f, first);
  g_assert_true (duplex_session_send_text (f->session, "text", -1, NULL));
  second = transfer_send (f, DUPLEX_OPCODE_TEXT, small);
  g_assert_true (duplex_session_send_frame (f->session, &composed, FALSE, NULL));
  g_assert_true (duplex_session_ping (f->session, NULL, NULL));
  duplex_session_get_waiting (f->session, &bytes, &messages);
  g_assert_cmpuint (messages, ==, 5);
  g_assert_cmpuint (bytes, ==, 4 + 6 + 125); /* the text, the composed frame, the ping */
  composed.opcode = 0xb;
  g_assert_true (duplex_session_send_frame (f->session, &composed, TRUE, NULL));
  g_assert_cmpint (duplex_transfer_get_state (second), ==, DUPLEX_TRANSFER_WAITING);

  far_end_set_reads (far, TRUE);
  transfer_wait_state (f, first, DUPLEX_TRANSFER_SENT);
  transfer_wait_state (f, second, DUPLEX_TRANSFER_SENT);
  transfer_disconnect (f);
  far_end_wait_end (far, f);
  tokens = far_end_split_frames (far);
  last = tokens_find (tokens, 0, "80+");
  g_assert_cmpint (tokens_find (tokens, 0, "02+262144"), ==, 0);
  g_assert_cmpint (tokens_find (tokens, 0, "89+8"), >, 0);
  g_assert_cmpint (tokens_find (tokens, 0, "89+8"), <, last);
  g_assert_cmpint (tokens_find (tokens, 0, "8b+0"), <, last);
  g_assert_cmpstr (tokens[last + 1], ==, "81+4");
  g_assert_cmpstr (tokens[last + 2], ==, "81+5");
  g_assert_cmpstr (tokens[last + 3], ==, "81+0");
  g_assert_cmpstr (tokens[last + 4], ==, "88+26");
  fixture_free (f);
}

/* One behind another, and a message behind both. */
static void
test_in_a_row (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_far (far);
  g_autoptr (GFile)          large = transfer_new_large_file (600000);
  g_autoptr (GFile)          empty = transfer_new_file ("", 0);
  g_autoptr (DuplexTransfer) first = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  g_autoptr (DuplexTransfer) second = transfer_send (f, DUPLEX_OPCODE_TEXT, empty);
  g_autoptr (DuplexTransfer) third = transfer_send (f, DUPLEX_OPCODE_TEXT, large);

  g_assert_true (duplex_session_send_text (f->session, "end", -1, NULL));
  far_end_assert_frames (
    far, f, "02+262144 00+262144 80+75712 81+0 01+262144 00+262144 80+75712 81+3");
  transfer_wait_state (f, first, DUPLEX_TRANSFER_SENT);
  transfer_wait_state (f, second, DUPLEX_TRANSFER_SENT);
  transfer_wait_state (f, third, DUPLEX_TRANSFER_SENT);
  transfer_disconnect (f);
  fixture_free (f);
}

/* ---- cancelled ---- */

static void
test_cancel_before (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_held (far);
  g_autoptr (GFile)          large = transfer_new_large_file (32 * MIB);
  g_autoptr (GFile)          small = transfer_new_file ("small", 5);
  g_autoptr (DuplexTransfer) first = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  g_autoptr (DuplexTransfer) second = transfer_send (f, DUPLEX_OPCODE_TEXT, small);
  g_autoptr (DuplexTransfer) third = transfer_send (f, DUPLEX_OPCODE_TEXT, small);
  g_auto (GStrv)             tokens = NULL;
  int                        last;

  transfer_wait_sending (f, first);
  duplex_transfer_cancel (second);
  transfer_wait_state (f, second, DUPLEX_TRANSFER_CANCELLED);
  g_assert_cmpuint (duplex_transfer_get_sent (second), ==, 0);
  far_end_set_reads (far, TRUE);
  transfer_wait_state (f, first, DUPLEX_TRANSFER_SENT);
  transfer_wait_state (f, third, DUPLEX_TRANSFER_SENT);
  transfer_disconnect (f);
  far_end_wait_end (far, f);
  tokens = far_end_split_frames (far);
  last = tokens_find (tokens, 0, "80+");
  g_assert_cmpstr (tokens[last + 1], ==, "81+5");
  g_assert_cmpstr (tokens[last + 2], ==, "88+26");
  fixture_free (f);
}

/* The message ends with what has been read; what waited behind it comes. */
static void
test_cancel_in_the_middle (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_held (far);
  g_autoptr (GByteArray)     bytes = transfer_new_bytes (32 * MIB);
  g_autoptr (GFile)          large = transfer_new_file (bytes->data, bytes->len);
  g_autoptr (DuplexTransfer) transfer = transfer_send (f, DUPLEX_OPCODE_TEXT, large);
  g_auto (GStrv)             tokens = NULL;
  g_autoptr (GByteArray)     came = NULL;
  int                        last;

  transfer_wait_sending (f, transfer);
  g_assert_true (duplex_session_send_text (f->session, "next", -1, NULL));
  duplex_transfer_cancel (transfer);
  duplex_transfer_cancel (transfer);
  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_CANCELLED);
  far_end_set_reads (far, TRUE);
  fixture_wait_sent (f, 2);
  transfer_disconnect (f);
  far_end_wait_end (far, f);
  tokens = far_end_split_frames (far);
  last = tokens_find (tokens, 0, "80+");
  g_assert_cmpint (last, >, 0);
  g_assert_cmpstr (tokens[last + 1], ==, "81+4");
  came = far_end_dup_message (far, 0, (guint)last);
  g_assert_cmpuint (came->len, <, bytes->len);
  g_assert_cmpmem (came->data, came->len, bytes->data, came->len);
  g_assert_cmpuint (came->len, ==, duplex_transfer_get_sent (transfer));
  fixture_free (f);
}

static void
test_cancel_after (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_far (far);
  g_autoptr (GFile)          small = transfer_new_file ("small", 5);
  g_autoptr (DuplexTransfer) transfer = transfer_send (f, DUPLEX_OPCODE_TEXT, small);

  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_SENT);
  duplex_transfer_cancel (transfer);
  g_assert_true (duplex_session_send_text (f->session, "next", -1, NULL));
  far_end_assert_frames (far, f, "81+5 81+4");
  g_assert_cmpint (duplex_transfer_get_state (transfer), ==, DUPLEX_TRANSFER_SENT);
  transfer_disconnect (f);
  fixture_free (f);
}

/* ---- the connection ends ---- */

/* The file is given up, the rest leaves, and then the Close: in that order. */
static void
test_disconnect (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_held (far);
  g_autoptr (GFile)          large = transfer_new_large_file (32 * MIB);
  g_autoptr (DuplexTransfer) transfer = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  g_autoptr (DuplexTransfer) waits = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  g_auto (GStrv)             tokens = NULL;
  int                        last;

  transfer_wait_sending (f, transfer);
  g_assert_true (duplex_session_send_text (f->session, "last", -1, NULL));
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_CANCELLED);
  transfer_wait_state (f, waits, DUPLEX_TRANSFER_CANCELLED);
  far_end_set_reads (far, TRUE);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (f->close_code, ==, 1000);
  far_end_wait_end (far, f);
  tokens = far_end_split_frames (far);
  last = tokens_find (tokens, 0, "80+");
  g_assert_cmpint (last, >, 0);
  g_assert_cmpstr (tokens[last + 1], ==, "81+4");
  g_assert_cmpstr (tokens[last + 2], ==, "88+26");
  g_assert_null (tokens[last + 3]);
  fixture_free (f);
}

static void
assert_lost (Fixture        *f,
             DuplexTransfer *transfer)
{
  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_FAILED);
  g_assert_error (duplex_transfer_get_error (transfer), DUPLEX_ERROR, DUPLEX_ERROR_CLOSED);
}

/* A Close of the peer: what it does not want any more is not sent, but for the frame that has
 * begun. */
static void
test_peer_closes (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_held (far);
  g_autoptr (GFile)          large = transfer_new_large_file (32 * MIB);
  g_autoptr (DuplexTransfer) transfer = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  g_autoptr (DuplexTransfer) waits = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  g_auto (GStrv)             tokens = NULL;

  transfer_wait_sending (f, transfer);
  far_end_set_answers (far, FALSE);
  far_end_write_frame (far, 0x88, "\x03\xe9", 2);
  assert_lost (f, transfer);
  assert_lost (f, waits);
  far_end_set_reads (far, TRUE);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (f->close_code, ==, 1001);
  g_assert_no_error (f->error);
  far_end_wait_end (far, f);
  tokens = far_end_split_frames (far);
  g_assert_cmpint (tokens_find (tokens, 0, "80+"), ==, -1);
  g_assert_cmpstr (tokens[g_strv_length (tokens) - 1], ==, "88+2");
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_MESSAGE_UNFINISHED), ==, 1);
  fixture_free (f);
}

static void
test_peer_goes (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_held (far);
  g_autoptr (GFile)          large = transfer_new_large_file (32 * MIB);
  g_autoptr (DuplexTransfer) transfer = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  g_autoptr (DuplexTransfer) waits = transfer_send (f, DUPLEX_OPCODE_BINARY, large);

  transfer_wait_sending (f, transfer);
  far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  assert_lost (f, transfer);
  assert_lost (f, waits);
  fixture_free (f);
}

static gboolean
is_after (Fixture *f,
          gpointer data)
{
  return g_get_monotonic_time () >= *(gint64 *)data;
}

/* The same for one that has been read to its end, and whose frames have not left. */
static void
test_peer_goes_before_the_last (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_held (far);
  g_autoptr (GBytes)         large = g_bytes_new_take (g_malloc0 (32 * MIB), 32 * MIB);
  g_autoptr (GFile)          small = transfer_new_file ("small", 5);
  g_autoptr (DuplexTransfer) transfer = NULL;
  gint64                     until;

  g_assert_true (duplex_session_send_binary (f->session, large, NULL));
  transfer = transfer_send (f, DUPLEX_OPCODE_BINARY, small);
  /* Nothing tells when all of it has been read; if that takes longer, this shows less. */
  until = g_get_monotonic_time () + 300 * 1000;
  fixture_wait (f, is_after, &until, "a while");
  far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  assert_lost (f, transfer);
  fixture_free (f);
}

/* A file that is given when our Close has left already, and nobody here knows of it yet. */
static void
test_after_close (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_far (far);
  g_autoptr (GFile)          small = transfer_new_file ("small", 5);
  g_autoptr (DuplexTransfer) transfer = NULL;
  gint64                     deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  far_end_set_answers (far, FALSE);
  far_end_write_frame (far, 0x83, NULL, 0);
  while (fixture_find_frame (f, DUPLEX_DIRECTION_SENT, 8, 0) < 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  transfer = transfer_send (f, DUPLEX_OPCODE_BINARY, small);
  assert_lost (f, transfer);
  far_end_write_frame (far, 0x88, "\x03\xe8", 2);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  far_end_assert_frames (far, f, "88+2");
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/transfer-end/others-wait", test_others_wait);
  g_test_add_func ("/core/transfer-end/in-a-row", test_in_a_row);
  g_test_add_func ("/core/transfer-end/cancel/before", test_cancel_before);
  g_test_add_func ("/core/transfer-end/cancel/in-the-middle", test_cancel_in_the_middle);
  g_test_add_func ("/core/transfer-end/cancel/after", test_cancel_after);
  g_test_add_func ("/core/transfer-end/disconnect", test_disconnect);
  g_test_add_func ("/core/transfer-end/peer-closes", test_peer_closes);
  g_test_add_func ("/core/transfer-end/peer-goes", test_peer_goes);
  g_test_add_func ("/core/transfer-end/peer-goes-before-the-last", test_peer_goes_before_the_last);
  g_test_add_func ("/core/transfer-end/after-close", test_after_close);
  return transfer_run ();
}
