/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a view looks for the rows that match, in a million messages of 200 bytes: in memory and
 * in a capture's file. Beside it memmem() over the same bytes in one piece of memory, which knows
 * nothing of messages. */

/* memmem() */
#define _GNU_SOURCE

#include <glib/gstdio.h>
#include <string.h>

#include "core/model/duplex-capture-view.h"

#define N_MESSAGES   1000000
#define MESSAGE_SIZE 200
#define N_REPEATS    3

/* One message in a hundred is of this kind. */
#define RARE "liquidation"

typedef struct
{
  const char *name;
  const char *expression;
  guint       n_matches;
} Search;

static const Search searches[] = {
  { "plain-rare", "\"" RARE "\"", N_MESSAGES / 100 },
  { "plain-rare-case", "\"" RARE "\"c", N_MESSAGES / 100 },
  { "plain-all", "\"price\"", N_MESSAGES },
  { "plain-none", "\"no such text\"", 0 },
  { "plain-unicode", "\"ärger\"", 0 },
  { "regex-rare", "/\"type\":\"liq[a-z]+\"/", N_MESSAGES / 100 },
  { "regex-all", "/\"price\":[0-9]+\\.[0-9]+/", N_MESSAGES },
  { "regex-case", "/LIQUIDA[A-Z]+/i", N_MESSAGES / 100 },
  { "json-rare", "$.type == \"" RARE "\"", N_MESSAGES / 100 },
  { "json-all", "$.price > 0", N_MESSAGES },
  { "field", "direction == received and size > 100", N_MESSAGES },
};

/* Exactly MESSAGE_SIZE bytes, and a NUL. */
static void
write_message (char  text[MESSAGE_SIZE + 1],
               guint i)
{
  int len = g_snprintf (text, MESSAGE_SIZE + 1,
                        "{\"type\":\"%s\",\"id\":%u,\"symbol\":\"BTC-EUR\",\"price\":%u.%02u,"
                        "\"size\":0.%05u,\"side\":\"%s\",\"time\":\"2024-05-01T12:%02u:%02uZ\","
                        "\"text\":\"",
                        i % 100 == 42 ? RARE : "trade", i, 40000 + i % 7919, i % 100,
                        i % 99991, i % 2 == 0 ? "buy" : "sell", i / 60 % 60, i % 60);

  g_assert_cmpint (len, <, MESSAGE_SIZE - 2);
  for (guint seed = i; len < MESSAGE_SIZE - 2; len++)
    {
      seed = seed * 1103515245 + 12345;
      text[len] = (char)('a' + (seed >> 16) % 26);
    }
  memcpy (text + len, "\"}", 3);
}

static void
fill (DuplexCapture *capture)
{
  char        text[MESSAGE_SIZE + 1];
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.direction = DUPLEX_DIRECTION_RECEIVED;
  event.connection = 1;
  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.opcode = DUPLEX_OPCODE_TEXT;
  event.header_size = 4;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.message_size = MESSAGE_SIZE;
  event.n_frames = 1;
  event.payload = (const guint8 *)text;
  event.payload_size = MESSAGE_SIZE;
  for (guint i = 0; i < N_MESSAGES; i++)
    {
      write_message (text, i);
      event.message = i + 1;
      event.time_us = G_GINT64_CONSTANT (1714564800000000) + i * 10;
      duplex_capture_append (capture, &event);
    }
}

static double
get_seconds (gint64 start)
{
  return (g_get_monotonic_time () - start) / 1e6;
}

/* From the wish for a view to its last match, as the window has it. */
static double
measure_view (DuplexCapture *capture,
              const Search  *search)
{
  g_autoptr (GError)            error = NULL;
  g_autoptr (DuplexFilter)      filter = duplex_filter_parse (search->expression, NULL, &error);
  gint64                        start = g_get_monotonic_time ();
  g_autoptr (DuplexCaptureView) view = NULL;
  double                        seconds;

  g_assert_no_error (error);
  view = duplex_capture_view_new (capture, filter);
  while (duplex_capture_view_get_busy (view))
    g_main_context_iteration (NULL, TRUE);
  seconds = get_seconds (start);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (view)), ==, search->n_matches);

  return seconds;
}

static double
measure_memmem (const char *bytes,
                const char *needle)
{
  gint64      start = g_get_monotonic_time ();
  const char *end = bytes + (gsize)N_MESSAGES * MESSAGE_SIZE;
  guint       n = 0;

  for (const char *at = bytes; (at = memmem (at, end - at, needle, strlen (needle))) != NULL;)
    {
      n++;
      at += MESSAGE_SIZE / 2;
    }
  g_assert_cmpuint (n, ==, N_MESSAGES / 100);

  return get_seconds (start);
}

static double
get_best_memmem (void)
{
  g_autofree char *bytes = g_malloc ((gsize)N_MESSAGES * MESSAGE_SIZE + 1);
  double           best = G_MAXDOUBLE;

  for (guint i = 0; i < N_MESSAGES; i++)
    write_message (bytes + (gsize)i * MESSAGE_SIZE, i);
  for (guint i = 0; i < N_REPEATS; i++)
    best = MIN (best, measure_memmem (bytes, RARE));
  g_print ("memmem-1M-of-200-bytes %.3f s\n", best);

  return best;
}

static void
measure_all (DuplexCapture *capture,
             const char    *where,
             double         memmem_seconds)
{
  for (gsize i = 0; i < G_N_ELEMENTS (searches); i++)
    {
      double best = G_MAXDOUBLE;

      for (guint j = 0; j < N_REPEATS; j++)
        best = MIN (best, measure_view (capture, &searches[i]));
      g_print ("%s-%s-1M-of-200-bytes %.3f s\n", where, searches[i].name, best);
      if (i == 0)
        g_print ("%s-%s-to-memmem %.2f ratio\n", where, searches[i].name, best / memmem_seconds);
    }
}

static void
measure_memory (double memmem_seconds)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();

  fill (capture);
  duplex_capture_publish (capture);
  measure_all (capture, "memory", memmem_seconds);
}

static void
measure_file (double memmem_seconds)
{
  g_autoptr (GError)  error = NULL;
  g_autofree char    *folder = g_dir_make_tmp ("bench-search-XXXXXX", &error);
  g_autofree char    *path = NULL;
  DuplexCaptureOrigin origin = { 0 };
  DuplexCapture      *capture = duplex_capture_new ();

  g_assert_no_error (error);
  path = g_build_filename (folder, "bench.duplex", NULL);
  duplex_capture_record (capture, path, &origin, &error);
  g_assert_no_error (error);
  fill (capture);
  duplex_capture_finish (capture, &error);
  g_assert_no_error (error);
  g_clear_object (&capture);

  capture = duplex_capture_open (path, &error);
  g_assert_no_error (error);
  duplex_capture_publish (capture);
  measure_all (capture, "file", memmem_seconds);
  g_clear_object (&capture);

  g_unlink (path);
  g_rmdir (folder);
}

int
main (void)
{
  double memmem_seconds = get_best_memmem ();

  measure_memory (memmem_seconds);
  measure_file (memmem_seconds);

  return 0;
}
