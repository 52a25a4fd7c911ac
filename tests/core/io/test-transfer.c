/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files on their way as one message each. */
#include <string.h>
#include <unistd.h>

#include "core/proto/duplex-deflate.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-deflate-cut.h"
#include "duplex-transfer-support.h"

#define MIB ((gsize)1024 * 1024)

/* ---- whole ---- */

typedef struct
{
  const char *name;
  gsize       size;
  gsize       fragment; /* of the options */
  const char *frames;   /* of a binary message */
} Whole;

static const Whole wholes[] = {
  { "empty", 0, 0, "82+0" },
  { "empty/fragment", 0, 4, "82+0" },
  { "one-byte", 1, 0, "82+1" },
  { "fragment", 10, 4, "02+4 00+4 80+2" },
  { "exact", 8, 4, "02+4 80+4" },
  { "exact/one", 4, 4, "82+4" },
  { "single-bytes", 3, 1, "02+1 00+1 80+1" },
  { "default", 262144, 0, "82+262144" },
  { "default/exact", 786432, 0, "02+262144 00+262144 80+262144" },
  { "default/more", 524289, 0, "02+262144 00+262144 80+1" },
  { "uneven", 250000, 100000, "02+100000 00+100000 80+50000" },
  { "large", 5 * 1024 * 1024 + 3, 2 * 1024 * 1024, "02+2097152 00+2097152 80+1048579" },
  { "huge-fragment", 600000, G_MAXSIZE, "82+600000" },
};

static void
check_whole (const Whole *row,
             DuplexOpcode opcode)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new (far_end_get_url (far));
  g_autoptr (GByteArray)     bytes = transfer_new_bytes (row->size);
  g_autoptr (GFile)          file = transfer_new_file (bytes->data, bytes->len);
  g_autoptr (DuplexTransfer) transfer = NULL;
  g_autofree char           *frames = g_strdup (row->frames);
  g_auto (GStrv)             tokens = g_strsplit (row->frames, " ", -1);
  g_autoptr (GByteArray)     came = NULL;
  g_autoptr (DuplexRow)      message = NULL;
  g_autoptr (GBytes)         recorded = NULL;

  frames[1] = opcode == DUPLEX_OPCODE_TEXT ? '1' : '2';
  duplex_session_get_options (f->session)->fragment = row->fragment;
  fixture_connect (f);
  transfer = transfer_send (f, opcode, file);
  g_assert_cmpint (duplex_transfer_get_state (transfer), ==, DUPLEX_TRANSFER_WAITING);
  g_assert_cmpuint (duplex_transfer_get_size (transfer), ==, row->size);
  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_SENT);
  g_assert_cmpuint (duplex_transfer_get_sent (transfer), ==, row->size);
  far_end_assert_frames (far, f, frames);
  g_assert_true (far_end_all_masked (far));
  came = far_end_dup_message (far, 0, g_strv_length (tokens) - 1);
  g_assert_cmpmem (came->data, came->len, bytes->data, bytes->len);

  fixture_wait_sent (f, 1);
  message = fixture_find_message (f, DUPLEX_DIRECTION_SENT, 0);
  g_assert_cmpuint (duplex_row_get_n_findings (message), ==, 0);
  recorded = duplex_row_dup_payload (message, G_MAXSIZE, NULL);
  g_assert_cmpmem (g_bytes_get_data (recorded, NULL), g_bytes_get_size (recorded), bytes->data,
                   bytes->len);
  g_clear_object (&message);
  transfer_disconnect (f);
  fixture_free (f);
}

static void
test_whole (gconstpointer data)
{
  check_whole (data, DUPLEX_OPCODE_BINARY);
  check_whole (data, DUPLEX_OPCODE_TEXT);
}

/* Characters of two, three and four bytes, which the reads cut everywhere. */
static void
test_characters (void)
{
  static const char          text[] = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80.";
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new (far_end_get_url (far));
  g_autoptr (GByteArray)     bytes = g_byte_array_new ();
  g_autoptr (DuplexTransfer) transfer = NULL;
  g_autoptr (GFile)          file = NULL;
  g_autoptr (GByteArray)     came = NULL;
  guint                      n_frames;

  while (bytes->len < 60000)
    g_byte_array_append (bytes, (const guint8 *)text, sizeof text - 1);
  n_frames = (bytes->len + 2) / 3;
  file = transfer_new_file (bytes->data, bytes->len);
  /* 3,072 bytes a read, of characters that repeat every 10. */
  duplex_session_get_options (f->session)->fragment = 3;
  fixture_connect (f);
  transfer = transfer_send (f, DUPLEX_OPCODE_TEXT, file);
  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_SENT);
  far_end_wait_frames (far, f, n_frames);
  came = far_end_dup_message (far, 0, n_frames - 1);
  g_assert_cmpmem (came->data, came->len, bytes->data, bytes->len);
  fixture_wait_sent (f, 1);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_INVALID_UTF8), ==, 0);
  transfer_disconnect (f);
  fixture_free (f);
}

/* What is no text is not sent as one: the message ends in front of it, and the connection lives. */
typedef struct
{
  const char *name;
  gsize       size;
  gsize       at;    /* of bad, or of the character that it is in */
  const char *bad;   /* bytes that stand there */
  gsize       named; /* by the error */
} BadText;

static const BadText bad_texts[] = {
  { "begin", 1000, 0, "\xff", 0 },
  { "middle", 600000, 300000, "\x80", 300000 },
  { "in-a-character", 600000, 300000, "\xe2\x82g", 300002 },
  { "read-border", 600000, 262143, "\xc3(", 262144 },
  { "last-byte", 600000, 599999, "\xff", 599999 },
  { "cut", 600000, 599998, "\xe2\x82", 599998 },
  { "cut/alone", 1, 0, "\xc3", 0 },
};

static void
test_bad_text (gconstpointer data)
{
  const BadText             *row = data;
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_far (far);
  g_autoptr (GByteArray)     bytes = transfer_new_bytes (row->size);
  g_autoptr (GFile)          file = NULL;
  g_autoptr (DuplexTransfer) transfer = NULL;
  g_autofree char           *named = g_strdup_printf (" at %" G_GSIZE_FORMAT, row->named);
  g_autoptr (GByteArray)     came = NULL;
  g_auto (GStrv)             tokens = NULL;
  int                        after;

  memcpy (bytes->data + row->at, row->bad, strlen (row->bad));
  file = transfer_new_file (bytes->data, bytes->len);
  transfer = transfer_send (f, DUPLEX_OPCODE_TEXT, file);
  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_FAILED);
  g_assert_error (duplex_transfer_get_error (transfer), DUPLEX_ERROR,
                  DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (duplex_transfer_get_error (transfer)->message, named));

  g_assert_true (duplex_session_send_text (f->session, "after", -1, NULL));
  fixture_wait_sent (f, row->at > 0 ? 2 : 1);
  transfer_disconnect (f);
  far_end_wait_end (far, f);
  tokens = far_end_split_frames (far);
  after = tokens_find (tokens, 0, "81+5");
  g_assert_cmpint (after, >=, 0);
  g_assert_cmpint (after > 0, ==, row->at > 0);
  if (after > 0)
    {
      g_assert_true (tokens[after - 1][0] == '8');
      came = far_end_dup_message (far, 0, (guint)after - 1);
      g_assert_cmpmem (came->data, came->len, bytes->data, row->at);
    }
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_INVALID_UTF8), ==, 0);
  fixture_free (f);
}

static void
test_refused (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new (far_end_get_url (far));
  g_autoptr (GFile)  file = transfer_new_file ("a", 1);
  g_autoptr (GFile)  none = g_file_new_for_path ("/nonexistent/file");
  g_autoptr (GFile)  directory = g_file_new_for_path ("/");
  g_autoptr (GError) closed = NULL;
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) no_file = NULL;

  g_assert_null (duplex_session_send_file (f->session, DUPLEX_OPCODE_BINARY, file, &closed));
  g_assert_error (closed, DUPLEX_ERROR, DUPLEX_ERROR_CLOSED);
  fixture_connect (f);
  g_assert_null (duplex_session_send_file (f->session, DUPLEX_OPCODE_BINARY, none, &missing));
  g_assert_error (missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_null (duplex_session_send_file (f->session, DUPLEX_OPCODE_BINARY, directory, &no_file));
  g_assert_error (no_file, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  transfer_disconnect (f);
  fixture_free (f);
}

/* ---- what it costs ---- */

typedef struct
{
  guint   n_sent;
  guint   n_state;
  guint64 sent;
} Changes;

static void
sent_cb (DuplexTransfer *transfer,
         GParamSpec     *pspec,
         Changes        *changes)
{
  g_assert_cmpuint (duplex_transfer_get_sent (transfer), >=, changes->sent);
  changes->sent = duplex_transfer_get_sent (transfer);
  changes->n_sent++;
}

static void
state_cb (DuplexTransfer *transfer,
          GParamSpec     *pspec,
          Changes        *changes)
{
  changes->n_state++;
}

/* How far it is is told on the way, never backwards, and at most 20 times a second. */
static void
test_progress (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new (far_end_get_url (far));
  g_autoptr (GFile)          large = transfer_new_large_file (16 * MIB);
  g_autoptr (DuplexTransfer) transfer = NULL;
  Changes                    changes = { 0 };
  gint64                     began;

  /* Small frames, so that it takes a while. */
  duplex_session_get_options (f->session)->fragment = 100;
  fixture_connect (f);
  began = g_get_monotonic_time ();
  transfer = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  g_signal_connect (transfer, "notify::sent", G_CALLBACK (sent_cb), &changes);
  g_signal_connect (transfer, "notify::state", G_CALLBACK (state_cb), &changes);
  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_SENT);
  g_assert_cmpuint (changes.sent, ==, 16 * MIB);
  g_assert_cmpuint (changes.n_sent, >=, 2);
  g_assert_cmpuint (changes.n_sent, <=, (g_get_monotonic_time () - began) / 50000 + 2);
  g_assert_cmpuint (changes.n_state, ==, 2);
  transfer_disconnect (f);
  fixture_free (f);
}

static gboolean
is_after (Fixture *f,
          gpointer data)
{
  return g_get_monotonic_time () >= *(gint64 *)data;
}

/* Payload of the frames that have left. */
static guint64
count_left (Fixture *f)
{
  guint64 bytes = 0;

  for (guint64 i = 0;; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      if (!duplex_capture_read (duplex_session_get_capture (f->session), i, &event))
        return bytes;
      if (event.kind == DUPLEX_EVENT_FRAME && event.direction == DUPLEX_DIRECTION_SENT)
        bytes += event.payload_size;
    }
}

/* Nothing counts as sent that has not left. */
static void
test_progress_is_true (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_held (far);
  g_autoptr (GFile)          large = transfer_new_large_file (32 * MIB);
  g_autoptr (DuplexTransfer) transfer = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  gint64                     until;

  transfer_wait_sending (f, transfer);
  until = g_get_monotonic_time () + 500 * 1000;
  fixture_wait (f, is_after, &until, "a while");
  g_assert_cmpuint (duplex_transfer_get_sent (transfer), ==, count_left (f));
  duplex_transfer_cancel (transfer);
  far_end_set_reads (far, TRUE);
  fixture_wait_sent (f, 1);
  transfer_disconnect (f);
  g_assert_cmpuint (duplex_transfer_get_sent (transfer), ==, count_left (f) - 26);
  fixture_free (f);
}

static guint64
get_peak_kib (void)
{
  g_autofree char *status = NULL;
  const char      *peak;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  peak = strstr (status, "VmHWM:");
  g_assert_nonnull (peak);
  return g_ascii_strtoull (peak + strlen ("VmHWM:"), NULL, 10);
}

/* While the peer does not read, no more is read than is sent. */
static void
test_memory (void)
{
  g_autoptr (FarEnd)         far = far_end_new (NULL);
  Fixture                   *f = fixture_new_held (far);
  g_autoptr (GFile)          large = transfer_new_file ("", 0);
  g_autoptr (DuplexTransfer) transfer = NULL;
  guint64                    before;
  gint64                     until;

  g_assert_cmpint (truncate (g_file_peek_path (large), (off_t)(256 * MIB)), ==, 0);
  before = get_peak_kib ();
  transfer = transfer_send (f, DUPLEX_OPCODE_BINARY, large);
  transfer_wait_sending (f, transfer);
  until = g_get_monotonic_time () + 500 * 1000;
  fixture_wait (f, is_after, &until, "a while");
  g_assert_cmpuint (duplex_transfer_get_sent (transfer), <, 64 * MIB);
#ifndef __SANITIZE_ADDRESS__
  /* What the sockets took is recorded in memory. */
  g_assert_cmpuint (get_peak_kib (), <,
                    before + 8 * 1024 + duplex_transfer_get_sent (transfer) * 2 / 1024);
#else
  g_assert_cmpuint (before, >, 0);
#endif
  far_end_end (far);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_FAILED);
  fixture_free (f);
}

/* ---- compressed ---- */

/* Fragments are cut out of what is sent, so that a file that shrinks takes few. */
static void
test_compressed (void)
{
  static const DuplexDeflateDirection direction = { .window_bits = 15 };
  static const DuplexDeflateCut       at_once = { .room = 4096 };
  g_autoptr (FarEnd)                  far = far_end_new ("permessage-deflate");
  Fixture                            *f = fixture_new (far_end_get_url (far));
  g_autoptr (GByteArray)              text = duplex_deflate_cut_new_text (2 * MIB);
  g_autoptr (GFile)                   file = transfer_new_file (text->data, text->len);
  g_autoptr (DuplexInflater)          inflater = duplex_inflater_new (&direction, G_MAXUINT64);
  guint                               first = 0;

  duplex_session_get_options (f->session)->fragment = 50000;
  fixture_connect (f);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DuplexTransfer) transfer = transfer_send (f, DUPLEX_OPCODE_TEXT, file);
      g_autoptr (GByteArray)     inflated = g_byte_array_new ();
      g_autoptr (GByteArray)     came = NULL;
      g_autoptr (DuplexRow)      row = NULL;
      guint                      n_frames;

      transfer_wait_state (f, transfer, DUPLEX_TRANSFER_SENT);
      g_assert_cmpuint (duplex_transfer_get_sent (transfer), ==, text->len);
      fixture_wait_sent (f, i + 1);
      row = fixture_find_message (f, DUPLEX_DIRECTION_SENT, i);
      n_frames = duplex_row_get_n_frames (row);
      g_assert_cmpuint (n_frames, >, 1);
      g_assert_cmpuint (duplex_row_get_size (row), ==, text->len);
      g_assert_cmpuint (duplex_row_get_wire_size (row), <, text->len / 2);
      far_end_wait_frames (far, f, first + n_frames);
      came = far_end_dup_message (far, first, first + n_frames - 1);
      g_assert_true (
        duplex_deflate_cut_inflate (&at_once, inflater, came->data, came->len, inflated));
      g_assert_cmpmem (inflated->data, inflated->len, text->data, text->len);
      first += n_frames;
      g_clear_object (&row);
    }
  transfer_disconnect (f);
  fixture_free (f);
}

/* One that is given up is a whole compressed message all the same, and the next goes on from it. */
static void
test_compressed_cancel (void)
{
  static const DuplexDeflateDirection direction = { .window_bits = 15 };
  static const DuplexDeflateCut       at_once = { .room = 65536 };
  g_autoptr (FarEnd)                  far = far_end_new ("permessage-deflate");
  Fixture                            *f = fixture_new_held (far);
  g_autoptr (GByteArray)              noise = duplex_deflate_cut_new_noise (24 * MIB);
  g_autoptr (GFile)                   file = transfer_new_file (noise->data, noise->len);
  g_autoptr (DuplexTransfer)          transfer = transfer_send (f, DUPLEX_OPCODE_BINARY, file);
  g_autoptr (DuplexInflater)          inflater = duplex_inflater_new (&direction, G_MAXUINT64);
  g_autoptr (GByteArray)              inflated = g_byte_array_new ();
  g_autoptr (GByteArray)              came = NULL;
  g_autoptr (GByteArray)              next = NULL;
  g_auto (GStrv)                      tokens = NULL;
  int                                 last;

  transfer_wait_sending (f, transfer);
  duplex_transfer_cancel (transfer);
  transfer_wait_state (f, transfer, DUPLEX_TRANSFER_CANCELLED);
  g_assert_true (duplex_session_send_text (f->session, "next", -1, NULL));
  far_end_set_reads (far, TRUE);
  fixture_wait_sent (f, 2);
  transfer_disconnect (f);
  far_end_wait_end (far, f);
  tokens = far_end_split_frames (far);
  g_assert_cmpint (tokens_find (tokens, 0, "42+262144"), ==, 0);
  last = tokens_find (tokens, 0, "80+");
  came = far_end_dup_message (far, 0, (guint)last);
  g_assert_true (
    duplex_deflate_cut_inflate (&at_once, inflater, came->data, came->len, inflated));
  g_assert_cmpuint (inflated->len, ==, duplex_transfer_get_sent (transfer));
  g_assert_cmpmem (inflated->data, inflated->len, noise->data, inflated->len);
  g_byte_array_set_size (inflated, 0);
  next = far_end_dup_message (far, (guint)last + 1, (guint)last + 1);
  g_assert_true (
    duplex_deflate_cut_inflate (&at_once, inflater, next->data, next->len, inflated));
  g_assert_cmpmem (inflated->data, inflated->len, "next", 4);
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (wholes); i++)
    {
      g_autofree char *path = g_strconcat ("/core/transfer/whole/", wholes[i].name, NULL);

      g_test_add_data_func (path, &wholes[i], test_whole);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad_texts); i++)
    {
      g_autofree char *path = g_strconcat ("/core/transfer/bad-text/", bad_texts[i].name, NULL);

      g_test_add_data_func (path, &bad_texts[i], test_bad_text);
    }
  g_test_add_func ("/core/transfer/characters", test_characters);
  g_test_add_func ("/core/transfer/refused", test_refused);
  g_test_add_func ("/core/transfer/progress", test_progress);
  g_test_add_func ("/core/transfer/progress/true", test_progress_is_true);
  g_test_add_func ("/core/transfer/memory", test_memory);
  g_test_add_func ("/core/transfer/compressed", test_compressed);
  g_test_add_func ("/core/transfer/compressed/cancel", test_compressed_cancel);
  return transfer_run ();
}
