/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-log.h"

#include <glib-unix.h>
#include <json-glib/json-glib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/proto/duplex-limits.h"

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

/* Nothing is left to be written then. */
static void
restore (Stderr *self)
{
  duplex_log_finish ();
  dup2 (self->kept, STDERR_FILENO);
  close (self->kept);
  if (self->read_end >= 0)
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

/* What a client has made up does not fill the disk, and is cut between characters. */
static void
test_long (void)
{
  g_autofree char *fits = g_strnfill (DUPLEX_LIMIT_RELAY_LOG_VALUE, 'x');
  g_autofree char *ascii = g_strnfill (100000, 'x');
  g_autofree char *euros = g_strconcat (fits + 1, "€€", NULL);
  g_autofree char *cut = g_strconcat (fits, "…", NULL);
  g_autofree char *cut_before = g_strconcat (fits + 1, "…", NULL);
  const struct
  {
    const char *value;
    const char *wanted;
  } cases[] = { { fits, fits }, { ascii, cut }, { euros, cut_before } };
  Stderr err;

  redirect (&err);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *wanted = g_strdup_printf (" error text=%s\n", cases[i].wanted);
      g_autofree char *line = NULL;

      duplex_log_text ("error", cases[i].value);
      line = read_write (&err);
      g_assert_cmpstr (line + TIME_LEN, ==, wanted);
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

/* ---- nobody reads ---- */

typedef struct
{
  const char *name;
  int         type;     /* of a pair of sockets, 0 for a pipe */
  gboolean    blocking; /* writing */
} FullCase;

static const FullCase full_cases[] = {
  { "pipe", 0, TRUE },
  { "pipe/nonblocking", 0, FALSE },
  { "socket", SOCK_STREAM, TRUE },
  { "socket/nonblocking", SOCK_STREAM, FALSE },
  { "packets", SOCK_SEQPACKET, TRUE },
};

static void
redirect_full (Stderr         *self,
               const FullCase *each)
{
  int ends[2];

  if (each->type == 0)
    g_assert_cmpint (pipe (ends), ==, 0);
  else
    g_assert_cmpint (socketpair (AF_UNIX, each->type, 0, ends), ==, 0);
  g_assert_true (g_unix_set_fd_nonblocking (ends[1], !each->blocking, NULL));
  self->read_end = ends[0];
  self->kept = dup (STDERR_FILENO);
  g_assert_cmpint (dup2 (ends[1], STDERR_FILENO), ==, STDERR_FILENO);
  close (ends[1]);
}

/* More than may wait twice over, which is as much as the thread can have, and what the system
 * takes besides. */
static guint
log_too_much (const char *filler)
{
  guint n = (guint)(4 * DUPLEX_LIMIT_RELAY_LOG_WAITS / strlen (filler));

  for (guint i = 0; i < n; i++)
    {
      DuplexLogLine *line = duplex_log_begin ("line");

      duplex_log_add_number (line, "i", i);
      duplex_log_add (line, "filler", filler);
      duplex_log_end (line);
    }
  return n;
}

/* Appends what can be read without waiting longer than 10 s for it. */
static void
read_more (int      fd,
           GString *text)
{
  struct pollfd readable = { .fd = fd, .events = POLLIN };
  char          buffer[64 * 1024];
  gssize        n;

  g_assert_cmpint (poll (&readable, 1, 10 * 1000), ==, 1);
  n = read (fd, buffer, sizeof buffer);
  g_assert_cmpint (n, >, 0);
  g_string_append_len (text, buffer, n);
}

/* Checks one line, which is lost lines=N, or the next after as many. */
static void
check_line (const char *line,
            const char *filler,
            guint      *next)
{
  g_autofree char *rest = check_time (line);
  g_autofree char *wanted = g_strdup_printf (" line i=%u filler=%s", *next, filler);
  const char      *lost = " lost lines=";

  if (g_str_has_prefix (rest, lost))
    *next += (guint)g_ascii_strtoull (rest + strlen (lost), NULL, 10);
  else
    {
      g_assert_cmpstr (rest, ==, wanted);
      *next += 1;
    }
}

/* Nobody waits for who does not read; what there was no room for is counted in its place, no line
 * is cut, and once it is read all goes on. */
static void
test_full (gconstpointer data)
{
  const FullCase     *each = data;
  g_autofree char    *filler = g_strnfill (500, 'x');
  g_autoptr (GString) text = g_string_new (NULL);
  Stderr              err;
  guint               n;
  guint               next = 0;
  guint               n_lines = 0;

  redirect_full (&err, each);
  n = log_too_much (filler);
  while (next < n)
    {
      char *end;

      read_more (err.read_end, text);
      while ((end = memchr (text->str, '\n', text->len)) != NULL)
        {
          *end = '\0';
          check_line (text->str, filler, &next);
          n_lines++;
          g_string_erase (text, 0, end + 1 - text->str);
        }
    }
  g_assert_cmpuint (next, ==, n);
  g_assert_cmpuint (n_lines, >, 100);
  g_assert_cmpuint (n_lines, <, n);
  g_assert_cmpuint (text->len, ==, 0);

  duplex_log_text ("notice", "again");
  while (!g_str_has_suffix (text->str, " notice text=again\n"))
    read_more (err.read_end, text);
  restore (&err);
}

/* The end of the program does not wait for ever either. */
static void
test_finish_full (void)
{
  g_autofree char *filler = g_strnfill (500, 'x');
  gint64           start = g_get_monotonic_time ();
  Stderr           err;

  redirect_full (&err, &full_cases[0]);
  log_too_much (filler);
  duplex_log_finish ();
  g_assert_cmpint (g_get_monotonic_time () - start, >=,
                   DUPLEX_LIMIT_RELAY_LOG_FINISH * G_USEC_PER_SEC);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
  /* What waits fails now, so that the thread can go on. */
  close (err.read_end);
  err.read_end = -1;
  restore (&err);
}

/* Where nothing can be written it is counted, and said as soon as something can. */
static void
test_broken (void)
{
  Stderr           err;
  g_autofree char *lost = NULL;
  g_autofree char *again = NULL;

  redirect_full (&err, &full_cases[0]);
  close (err.read_end);
  err.read_end = -1;
  for (guint i = 0; i < 3; i++)
    duplex_log_text ("notice", "unheard");
  restore (&err);

  redirect (&err);
  duplex_log_text ("notice", "heard");
  lost = read_write (&err);
  again = read_write (&err);
  g_assert_true (g_str_has_prefix (lost + TIME_LEN, " lost lines="));
  g_assert_cmpuint (g_ascii_strtoull (strchr (lost, '=') + 1, NULL, 10), >=, 3);
  g_assert_cmpstr (again + TIME_LEN, ==, " notice text=heard\n");
  restore (&err);
}

/* ---- refusals ---- */

static void
test_refusals (void)
{
  Stderr           err;
  g_autofree char *line = NULL;

  redirect (&err);
  for (guint i = 0; i < DUPLEX_LIMIT_RELAY_LOG_REFUSALS; i++)
    g_assert_true (duplex_log_allows_refusal ());
  for (guint i = 0; i < 5; i++)
    g_assert_false (duplex_log_allows_refusal ());
  duplex_log_finish ();
  line = read_write (&err);
  g_assert_cmpstr (line + TIME_LEN, ==, " suppressed lines=5\n");
  restore (&err);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  g_test_add_func ("/relay/log/text", test_text);
  g_test_add_func ("/relay/log/json", test_json);
  g_test_add_func ("/relay/log/long", test_long);
  g_test_add_func ("/relay/log/notice", test_notice);
  g_test_add_func ("/relay/log/threads", test_threads);
  for (gsize i = 0; i < G_N_ELEMENTS (full_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/relay/log/full/%s", full_cases[i].name);

      g_test_add_data_func (path, &full_cases[i], test_full);
    }
  g_test_add_func ("/relay/log/finish-full", test_finish_full);
  g_test_add_func ("/relay/log/broken", test_broken);
  g_test_add_func ("/relay/log/refusals", test_refusals);
  return g_test_run ();
}
