/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-progress.h"

#include <string.h>

#define MIB     ((guint64)1 << 20)
#define SECOND  G_USEC_PER_SEC
#define QUARTER (G_USEC_PER_SEC / 4)

/* GLib puts a space between number and unit that does not break. */
static void
assert_text (char       *text,
             const char *expected)
{
  g_autofree char *own = text;
  g_auto (GStrv)   parts = g_strsplit (own, "\u00a0", -1);
  g_autofree char *plain = g_strjoinv (" ", parts);

  g_assert_cmpstr (plain, ==, expected);
}

static void
test_text (void)
{
  DuplexCliProgress progress = { 0 };

  duplex_cli_progress_begin (&progress, "/some/where/file.bin", 1024 * MIB, 7);
  assert_text (duplex_cli_progress_dup_text (&progress, FALSE),
               "file.bin: 0 bytes of 1.0 GiB, 0 %, 0 bytes/s");
  assert_text (duplex_cli_progress_dup_short (&progress), "0 %");
  duplex_cli_progress_look (&progress, 312 * MIB, SECOND + 7);
  assert_text (duplex_cli_progress_dup_text (&progress, FALSE),
               "file.bin: 312.0 MiB of 1.0 GiB, 30 %, 312.0 MiB/s");
  assert_text (duplex_cli_progress_dup_short (&progress), "30 %");
  duplex_cli_progress_clear (&progress);
}

/* Of the last two seconds; at the end of all. */
static void
test_rate (void)
{
  DuplexCliProgress progress = { 0 };
  guint64           sent = 100 * MIB;
  gint64            now = SECOND;

  duplex_cli_progress_begin (&progress, "x", 1000 * MIB, 0);
  duplex_cli_progress_look (&progress, sent, now);
  for (guint i = 0; i < DUPLEX_CLI_PROGRESS_LOOKS; i++)
    duplex_cli_progress_look (&progress, sent += 5 * MIB, now += QUARTER);
  assert_text (duplex_cli_progress_dup_text (&progress, FALSE),
               "x: 140.0 MiB of 1000.0 MiB, 14 %, 20.0 MiB/s");
  for (guint i = 0; i < DUPLEX_CLI_PROGRESS_LOOKS; i++)
    duplex_cli_progress_look (&progress, sent, now += QUARTER);
  assert_text (duplex_cli_progress_dup_text (&progress, FALSE),
               "x: 140.0 MiB of 1000.0 MiB, 14 %, 0 bytes/s");
  assert_text (duplex_cli_progress_dup_text (&progress, TRUE),
               "x: 140.0 MiB of 1000.0 MiB, 14 %, 28.0 MiB/s");
  duplex_cli_progress_clear (&progress);
}

/* A pipe, and a file that grows. */
static void
test_sizes (void)
{
  DuplexCliProgress progress = { 0 };

  duplex_cli_progress_begin (&progress, "pipe", 0, 0);
  duplex_cli_progress_look (&progress, 3 * MIB, SECOND);
  assert_text (duplex_cli_progress_dup_text (&progress, FALSE), "pipe: 3.0 MiB, 3.0 MiB/s");
  assert_text (duplex_cli_progress_dup_short (&progress), "3.0 MiB");

  duplex_cli_progress_begin (&progress, "log", 2 * MIB, 0);
  duplex_cli_progress_look (&progress, 3 * MIB, SECOND);
  assert_text (duplex_cli_progress_dup_text (&progress, FALSE),
               "log: 3.0 MiB of 2.0 MiB, 100 %, 3.0 MiB/s");

  duplex_cli_progress_begin (&progress, "huge", G_MAXUINT64, 0);
  duplex_cli_progress_look (&progress, G_MAXUINT64, 1);
  assert_text (duplex_cli_progress_dup_short (&progress), "100 %");
  duplex_cli_progress_clear (&progress);
}

/* It says no more than it is, and fits a line. */
static void
test_names (void)
{
  static const struct
  {
    const char *path;
    const char *shown;
  } names[] = {
    { "a\nb\tc", "a b c" },
    { "red\x1b[31m", "red\\x1b[31m" },
    { "123456789012345678901234567890", "123456789012345678901234567890" },
    { "1234567890123456789012345678901", "12345678901234567890123456789…" },
    { "ääääääääääääääääääääääääääääääää", "äääääääääääääääääääääääääääää…" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      DuplexCliProgress progress = { 0 };
      g_autofree char  *expected = g_strconcat (names[i].shown, ": 0 bytes, 0 bytes/s", NULL);

      duplex_cli_progress_begin (&progress, names[i].path, 0, 0);
      assert_text (duplex_cli_progress_dup_text (&progress, FALSE), expected);
      duplex_cli_progress_clear (&progress);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/cli/progress/text", test_text);
  g_test_add_func ("/cli/progress/rate", test_rate);
  g_test_add_func ("/cli/progress/sizes", test_sizes);
  g_test_add_func ("/cli/progress/names", test_names);

  return g_test_run ();
}
