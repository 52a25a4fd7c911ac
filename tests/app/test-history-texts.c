/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-history-texts.h"

#include <string.h>

#define MINUTE_US (60 * G_USEC_PER_SEC)

/* What a file says is given; the rest is zero. */
static DuplexHistoryEntry *
make_entry (const char *url,
            gint64      code,
            const char *error)
{
  DuplexHistoryStamp   stamp = { .mtime_us = 1, .bytes = 1536 };
  DuplexCaptureSummary summary = { 0 };

  summary.profile = g_strdup ("Demo");
  summary.url = g_strdup (url);
  summary.close_code = code;
  summary.error = g_strdup (error);
  summary.created_us = 0;
  summary.last_us = 12600000;
  summary.totals.messages[0] = 1;
  summary.totals.messages[1] = 1204;
  return duplex_history_entry_new ("/captures/a.duplex", &stamp, &summary, FALSE, NULL);
}

static DuplexHistoryEntry *
make_unfinished (gboolean is_recorded)
{
  DuplexHistoryStamp   stamp = { .mtime_us = 1, .bytes = 1536 };
  DuplexCaptureSummary summary = { .is_live = TRUE, .close_code = -1, .n_not_kept = 3 };

  return duplex_history_entry_new ("/captures/a.duplex", &stamp, &summary, is_recorded, NULL);
}

static DuplexHistoryEntry *
make_unreadable (int         code,
                 const char *message)
{
  DuplexHistoryStamp stamp = { .mtime_us = 1, .bytes = 1536 };
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, code, message);

  return duplex_history_entry_new ("/captures/a.duplex", &stamp, NULL, FALSE, error);
}

static void
test_ends (void)
{
  static const struct
  {
    const char *url;
    gint64      code;
    const char *error;
    const char *end;
    const char *icon;
    const char *style;
  } cases[] = {
    { "ws://x/", 1000, NULL, "Closed normally", "emblem-ok-symbolic", "success" },
    { "ws://x/", 1001, NULL, "Closed normally", "emblem-ok-symbolic", "success" },
    { "ws://x/", 1005, NULL, "Closed normally", "emblem-ok-symbolic", "success" },
    { "ws://x/", 1005, "Masked.", "Failed: Masked", "network-offline-symbolic", "warning" },
    { "ws://x/", 1006, "broken", "Connection lost", "dialog-warning-symbolic", "warning" },
    { "ws://x/", 1011, NULL, "Closed with 1011 Internal Error", "dialog-warning-symbolic",
      "warning" },
    { "ws://x/", -1, "refused", "Failed: refused", "network-offline-symbolic", "warning" },
    { "ws://x/", -1, NULL, "Connection was still open", "media-playback-stop-symbolic",
      "dim-label" },
    { NULL, -1, NULL, "Never connected", "media-playback-stop-symbolic", "dim-label" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexHistoryEntry) entry =
        make_entry (cases[i].url, cases[i].code, cases[i].error);
      g_autofree char *end = duplex_text_history_end (entry);

      g_assert_cmpstr (end, ==, cases[i].end);
      g_assert_cmpstr (duplex_text_history_icon (entry), ==, cases[i].icon);
      g_assert_cmpstr (duplex_text_history_style (entry), ==, cases[i].style);
    }
}

static void
test_unfinished (void)
{
  g_autoptr (DuplexHistoryEntry) live = make_unfinished (TRUE);
  g_autoptr (DuplexHistoryEntry) interrupted = make_unfinished (FALSE);
  g_autofree char               *live_end = duplex_text_history_end (live);
  g_autofree char               *interrupted_end = duplex_text_history_end (interrupted);
  g_autofree char               *facts = duplex_text_history_facts (interrupted);

  g_assert_cmpstr (live_end, ==, "Recording");
  g_assert_cmpstr (duplex_text_history_icon (live), ==, "media-record-symbolic");
  g_assert_cmpstr (interrupted_end, ==, "Recording was interrupted");
  g_assert_cmpstr (duplex_text_history_style (interrupted), ==, "warning");
  g_assert_nonnull (strstr (facts, "3 events not kept"));
}

static void
test_lines (void)
{
  g_autoptr (DuplexHistoryEntry) entry = make_entry ("ws://x/", 1000, NULL);
  g_autoptr (GDateTime)          now = g_date_time_new_from_unix_local (0);
  g_autofree char               *place = duplex_text_history_place (entry);
  g_autofree char               *facts = duplex_text_history_facts (entry);
  g_autofree char               *label = duplex_text_history_label (entry, now);

  g_assert_cmpstr (place, ==, "ws://x/");
  g_assert_true (g_str_has_prefix (facts, "Closed normally · 12"));
  g_assert_true (g_str_has_suffix (facts, " · ↑ 1  ↓ 1204 · 1.5\302\240KiB"));
  g_assert_true (g_str_has_prefix (label, "Demo, Closed normally, Today, "));
  g_assert_nonnull (strstr (label, ", ws://x/, "));
  g_assert_nonnull (strstr (label, ", 1 message sent, 1204 messages received, "));
}

static void
test_unreadable (void)
{
  static const struct
  {
    int         code;
    const char *place;
  } cases[] = {
    { G_IO_ERROR_INVALID_DATA, "This is not a capture of Duplex: seen" },
    { G_IO_ERROR_NOT_SUPPORTED, "This capture was made by a newer version of Duplex: seen" },
    { G_IO_ERROR_NOT_FOUND, "There is no such file: seen" },
    { G_IO_ERROR_PERMISSION_DENIED, "This file may not be read: seen" },
    { G_IO_ERROR_NO_SPACE, "The disk is full: seen" },
    { G_IO_ERROR_FAILED, "seen" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexHistoryEntry) entry = make_unreadable (cases[i].code, "seen");
      g_autofree char               *place = duplex_text_history_place (entry);
      g_autofree char               *facts = duplex_text_history_facts (entry);

      g_assert_cmpstr (place, ==, cases[i].place);
      g_assert_cmpstr (facts, ==, "Cannot be read · 1.5\302\240KiB");
      g_assert_cmpstr (duplex_text_history_icon (entry), ==, "dialog-error-symbolic");
    }
}

static void
test_when (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_local (2026, 5, 4, 0, 10, 0);
  static const struct
  {
    gint64      minutes; /* before now */
    const char *expected;
  } cases[] = {
    { 5, "Today, 00:05" },
    { 15, "Yesterday, 23:55" },
    { 24 * 60 + 5, "Yesterday, 00:05" },
    { 24 * 60 + 15, "2 May, 23:55" },
    { 365 * 24 * 60 + 5, "4 May 2025, 00:05" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64           then = g_date_time_to_unix (now) * G_USEC_PER_SEC;
      g_autofree char *text = duplex_text_when (then - cases[i].minutes * MINUTE_US, now);

      g_assert_cmpstr (text, ==, cases[i].expected);
    }
}

static void
test_sums (void)
{
  g_autofree char *one = duplex_text_dropped (1, 1024, 2048);
  g_autofree char *three = duplex_text_dropped (3, 1288490189, 2147483648);
  g_autofree char *sum = duplex_text_history_sum (12, 1288490189, 2147483648);

  g_assert_cmpstr (one, ==,
                   "1 old session (1.0\302\240KiB) was removed to stay within 2.0\302\240KiB");
  g_assert_cmpstr (three, ==,
                   "3 old sessions (1.2\302\240GiB) were removed to stay within 2.0\302\240GiB");
  g_assert_cmpstr (sum, ==, "12 sessions, 1.2\302\240GiB of 2.0\302\240GiB");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/history-texts/ends", test_ends);
  g_test_add_func ("/app/history-texts/unfinished", test_unfinished);
  g_test_add_func ("/app/history-texts/lines", test_lines);
  g_test_add_func ("/app/history-texts/unreadable", test_unreadable);
  g_test_add_func ("/app/history-texts/when", test_when);
  g_test_add_func ("/app/history-texts/sums", test_sums);

  return g_test_run ();
}
