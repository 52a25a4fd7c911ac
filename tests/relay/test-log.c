/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-log.h"

#include <glib-unix.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIME_LEN     (sizeof "2026-11-22T18:00:00.123456Z" - 1)
#define TIME_PATTERN "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$"
#define THREADS      4
#define LINES        500

/* Stderr is one end of a socket that keeps what is written in one call apart from the next. */
typedef struct
{
  int read_end;
  int kept;
} Stderr;

static void
redirect (Stderr *self)
{
  int            ends[2];
  struct timeval limit = { .tv_sec = 10 };

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, ends), ==, 0);
  setsockopt (ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  self->read_end = ends[0];
  self->kept = dup (STDERR_FILENO);
  g_assert_cmpint (dup2 (ends[1], STDERR_FILENO), ==, STDERR_FILENO);
  close (ends[1]);
}

static void
restore (Stderr *self)
{
  dup2 (self->kept, STDERR_FILENO);
  close (self->kept);
  close (self->read_end);
  duplex_log_set_json (FALSE);
}

/* What one write has written. */
static char *
read_write (Stderr *self)
{
  static char buffer[64 * 1024];
  gssize      n = read (self->read_end, buffer, sizeof buffer);

  g_assert_cmpint (n, >, 0);
  return g_strndup (buffer, (gsize)n);
}

/* The time of a line is now, in UTC; returns what stands behind it. */
static char *
check_time (const char *text)
{
  g_autofree char      *time = g_strndup (text, TIME_LEN);
  g_autoptr (GDateTime) parsed = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  g_assert_true (g_regex_match_simple (TIME_PATTERN, time, 0, 0));
  parsed = g_date_time_new_from_iso8601 (time, NULL);
  g_assert_nonnull (parsed);
  g_assert_cmpint (ABS (g_date_time_difference (now, parsed)), <, 60 * G_TIME_SPAN_SECOND);
  return g_strdup (text + TIME_LEN);
}

typedef struct
{
  const char *value;
  const char *text;
  const char *json;
} ValueCase;

static const ValueCase values[] = {
  { "127.0.0.1:4711", "127.0.0.1:4711", "127.0.0.1:4711" },
  { "[::1]:80", "[::1]:80", "[::1]:80" },
  { "", "\"\"", "" },
  { "two words", "\"two words\"", "two words" },
  { "a=b", "\"a=b\"", "a=b" },
  { "say \"x\"", "\"say \\\"x\\\"\"", "say \\\"x\\\"" },
  { "\\", "\"\\\\\"", "\\\\" },
  { "grün €", "\"grün €\"", "grün €" },
  /* nothing ends the line or begins another */
  { "a\nb", "\"a\\nb\"", "a\\nb" },
  { "a\r\n2026 closed", "\"a\\r\\n2026 closed\"", "a\\r\\n2026 closed" },
  { "a\u2028b\u2029c\xc2\x85"
    "d",
    "\"a\\u2028b\\u2029c\\u0085d\"", "a\\u2028b\\u2029c\\u0085d" },
  /* or commands the terminal, or turns the text round */
  { "\x1b[2J\x07", "\"\\u001b[2J\\u0007\"", "\\u001b[2J\\u0007" },
  { "\xc2\x9b"
    "31m",
    "\"\\u009b31m\"", "\\u009b31m" },
  { "\u202egpj.exe", "\"\\u202egpj.exe\"", "\\u202egpj.exe" },
  /* no UTF-8 */
  { "a\xff"
    "b",
    "a\ufffdb", "a\ufffdb" },
  { "\xe2\x80", "\ufffd\ufffd", "\ufffd\ufffd" },
  { "\xed\xa0\x80", "\ufffd\ufffd\ufffd", "\ufffd\ufffd\ufffd" },
};

static void
log_value (const char *value)
{
  DuplexLogLine *line = duplex_log_begin ("open");

  duplex_log_add_number (line, "connection", G_MAXUINT64);
  duplex_log_add (line, "nothing", NULL);
  duplex_log_add (line, "client", value);
  duplex_log_end (line);
}

static void
test_text (void)
{
  Stderr err;

  redirect (&err);
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *wanted = g_strdup_printf (
        " open connection=18446744073709551615 client=%s\n", values[i].text);
      g_autofree char *line = NULL;
      g_autofree char *rest = NULL;

      log_value (values[i].value);
      line = read_write (&err);
      rest = check_time (line);
      g_assert_cmpstr (rest, ==, wanted);
    }
  restore (&err);
}

/* What a reader of JSON gets is what was logged, where that was UTF-8. */
static void
check_parsed (const char *line,
              const char *value)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError)     error = NULL;
  JsonObject            *object;
  g_autofree char       *wanted = g_utf8_make_valid (value, -1);

  json_parser_load_from_data (parser, line, -1, &error);
  g_assert_no_error (error);
  object = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpuint (json_object_get_size (object), ==, 4);
  g_assert_cmpstr (json_object_get_string_member (object, "event"), ==, "open");
  g_assert_cmpstr (json_object_get_string_member (object, "client"), ==, wanted);
}

static void
test_json (void)
{
  Stderr err;

  redirect (&err);
  duplex_log_set_json (TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *wanted =
        g_strdup_printf ("\",\"event\":\"open\",\"connection\":18446744073709551615,"
                         "\"client\":\"%s\"}\n",
                         values[i].json);
      g_autofree char *line = NULL;
      g_autofree char *rest = NULL;

      log_value (values[i].value);
      line = read_write (&err);
      g_assert_true (g_str_has_prefix (line, "{\"time\":\""));
      rest = check_time (line + strlen ("{\"time\":\""));
      g_assert_cmpstr (rest, ==, wanted);
      check_parsed (line, values[i].value);
    }
  restore (&err);
}

static void
test_notice (void)
{
  Stderr           err;
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;

  redirect (&err);
  duplex_log_text ("error", "cannot accept: no descriptor");
  text = read_write (&err);
  g_assert_cmpstr (text + TIME_LEN, ==, " error text=\"cannot accept: no descriptor\"\n");
  duplex_log_set_json (TRUE);
  duplex_log_text ("notice", "reloaded");
  json = read_write (&err);
  g_assert_true (g_str_has_suffix (json, ",\"event\":\"notice\",\"text\":\"reloaded\"}\n"));
  restore (&err);
}

static gpointer
log_worker (gpointer data)
{
  for (guint i = 0; i < LINES; i++)
    {
      DuplexLogLine *line = duplex_log_begin ("line");

      duplex_log_add_number (line, "thread", GPOINTER_TO_UINT (data));
      duplex_log_add_number (line, "i", i);
      duplex_log_end (line);
    }
  return NULL;
}

/* Each line is one write, none is lost, and those of a thread stay in order. */
static void
test_threads (void)
{
  Stderr   err;
  GThread *threads[THREADS];
  guint    next[THREADS] = { 0 };

  redirect (&err);
  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("logger", log_worker, GUINT_TO_POINTER (i));
  for (guint n = 0; n < THREADS * LINES; n++)
    {
      g_autofree char *line = read_write (&err);
      g_auto (GStrv)   words = g_strsplit (line + TIME_LEN, "=", 3);
      guint            thread;

      g_assert_cmpuint (g_strv_length (words), ==, 3);
      g_assert_cmpstr (words[0], ==, " line thread");
      thread = (guint)g_ascii_strtoull (words[1], NULL, 10);
      g_assert_cmpuint (thread, <, THREADS);
      g_assert_cmpuint (g_ascii_strtoull (words[2], NULL, 10), ==, next[thread]++);
      g_assert_true (g_str_has_suffix (line, "\n"));
    }
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  restore (&err);
}

/* Nobody reads, and writing does not block: what does not fit is lost as whole lines, and the
 * program goes on. */
static void
test_full (void)
{
  Stderr           err;
  g_autofree char *large = g_strnfill (4000, 'x');
  guint            n = 0;
  gssize           got;
  char             buffer[8192];

  redirect (&err);
  g_assert_true (g_unix_set_fd_nonblocking (STDERR_FILENO, TRUE, NULL));
  for (guint i = 0; i < LINES; i++)
    duplex_log_text ("error", large);
  while ((got = recv (err.read_end, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
    {
      g_assert_cmpint (got, ==, (gssize)(TIME_LEN + strlen (" error text=") + 4000 + 1));
      n++;
    }
  g_assert_cmpuint (n, >, 0);
  g_assert_cmpuint (n, <, LINES);
  restore (&err);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/log/text", test_text);
  g_test_add_func ("/relay/log/json", test_json);
  g_test_add_func ("/relay/log/notice", test_notice);
  g_test_add_func ("/relay/log/threads", test_threads);
  g_test_add_func ("/relay/log/full", test_full);
  return g_test_run ();
}
