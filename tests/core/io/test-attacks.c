/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a hostile look at the engine found: peers, files and moments that nobody would wish for. */
#include <string.h>

#include "core/io/duplex-analyzer.h"
#include "core/proto/duplex-error.h"
#include "duplex-far-end.h"

/* ---- the keep-alive ---- */

static Fixture *
fixture_new_keep_alive (FarEnd *far)
{
  Fixture *f = fixture_new (far_end_get_url (far));

  duplex_profile_set_ping_interval (duplex_session_get_profile (f->session), 1);
  duplex_profile_set_ping_limit (duplex_session_get_profile (f->session), 1);
  return f;
}

/* While we do not read, no pong is missing. */
static void
test_paused_misses_no_pong (void)
{
  g_autoptr (FarEnd) far = far_end_new (NULL);
  Fixture           *f = fixture_new_keep_alive (far);
  g_autofree guint8 *bytes = g_malloc0 (300 * 1024);

  duplex_session_get_options (f->session)->max_unread = 1;
  fixture_connect (f);
  far_end_write_frame (far, 0x82, bytes, 300 * 1024);
  for (guint i = 0; i < 4; i++)
    {
      g_auto (DuplexEvent) ping = DUPLEX_EVENT_INIT;

      fixture_read_frame (f, DUPLEX_DIRECTION_SENT, 9, i, &ping);
    }
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  fixture_disconnect (f);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_PONG_MISSING), ==, 0);
  fixture_free (f);
}

/* ---- control frames ---- */

/* Far beyond 125 bytes, and beyond a block of the capture. */
#define HUGE_SIZE ((gsize)1024 * 1024)

/* A frame without its header's first byte. */
static GByteArray *
make_huge (void)
{
  GByteArray *bytes = g_byte_array_new ();
  guint64     length = GUINT64_TO_BE (HUGE_SIZE);

  g_byte_array_append (bytes, (const guint8 *)"\x7f", 1);
  g_byte_array_append (bytes, (const guint8 *)&length, sizeof length);
  g_byte_array_set_size (bytes, bytes->len + HUGE_SIZE);
  memset (bytes->data + 9, 'x', HUGE_SIZE);
  return bytes;
}

static void
huge_act_cb (const DuplexSeenFrame *frame,
             gpointer               data)
{
  guint *n_apart = data;

  g_assert_null (frame->payload);
  *n_apart += frame->payload_id != 0 && frame->payload_size == HUGE_SIZE;
}

/* The payload goes to the capture as it comes, like that of any other large frame, and where there
 * is none it is not kept: a gigabyte of it is not gathered in memory. */
static void
test_huge_control_is_not_gathered (void)
{
  static const DuplexAnalyzerCallbacks callbacks = { .act = huge_act_cb };
  g_autoptr (GByteArray)               huge = make_huge ();
  g_autoptr (DuplexCapture)            capture = duplex_capture_new ();

  for (guint i = 0; i < 2; i++)
    {
      guint                      n_apart = 0;
      g_autoptr (DuplexAnalyzer) analyzer =
        duplex_analyzer_new (DUPLEX_ROLE_SERVER, DUPLEX_DIRECTION_RECEIVED,
                             i == 0 ? capture : NULL, 1, G_MAXUINT32, &callbacks, &n_apart);

      duplex_analyzer_feed (analyzer, (const guint8 *)"\x89", 1);
      for (gsize at = 0; at < huge->len; at += 1000)
        duplex_analyzer_feed (analyzer, huge->data + at, MIN (1000, huge->len - at));
      g_assert_false (duplex_analyzer_is_busy (analyzer));
      g_assert_cmpuint (n_apart, ==, i == 0 ? 1 : 0);
    }
}

/* Whoever acts on control frames has no payload of those. */
static void
test_huge_control (gconstpointer data)
{
  guint8                 opcode = (guint8)GPOINTER_TO_UINT (data);
  guint8                 first = 0x80 | opcode;
  g_autoptr (GByteArray) huge = make_huge ();
  g_autoptr (FarEnd)     far = far_end_new (NULL);
  Fixture               *f = fixture_new_far (far);
  g_auto (DuplexEvent)   event = DUPLEX_EVENT_INIT;

  far_end_write (far, &first, 1);
  far_end_write (far, huge->data, huge->len);
  fixture_read_frame (f, DUPLEX_DIRECTION_RECEIVED, opcode, 0, &event);
  g_assert_cmpuint (event.payload_size, ==, HUGE_SIZE);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_CONTROL_TOO_LONG), ==, 1);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (far_end_get_close_code (far, f, 0), ==, 1002);
  g_assert_cmpuint (f->close_code, ==, 1002);
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  static const guint controls[] = { 8, 9, 10 };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/attacks/keep-alive/paused", test_paused_misses_no_pong);
  g_test_add_func ("/core/attacks/huge-control", test_huge_control_is_not_gathered);
  for (gsize i = 0; i < G_N_ELEMENTS (controls); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/attacks/huge-control/%x", controls[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (controls[i]), test_huge_control);
    }
  return g_test_run ();
}
