/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clients of bench-relay: one thread, one epoll set. What came of a run is one line of JSON on
 * stdout.
 *
 *   relay-load rate PORT PATH      --connections connections send as many messages of --size bytes
 *                                  as fit into a --window each, for --seconds
 *   relay-load latency PORT PATH   the same with one message at a time, each of which is timed
 *   relay-load idle PORT PATH      opens the connections and waits for a line on stdin: "echo"
 *                                  sends a message on each, "close" ends them and the program
 *   relay-load stopped PORT PATH   one connection to a flood: see relay-backend.c; it reads nothing
 *                                  for --seconds and then everything
 *
 * Messages count when they have come back, whatever frames they are in; --greeting awaits one
 * message of the relay's own before a connection is open. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "relay-client.h"

#define N_EVENTS 256
#define SECOND   G_GUINT64_CONSTANT (1000000000)

/* From a connection's beginning to the end of its run, besides what it measures. */
#define PATIENCE (60 * SECOND)
/* Handshakes under way at a time: fewer than any listener's backlog. */
#define N_OPENING 200
/* What a run does before it is measured. */
#define WARM_UP (SECOND / 5)

static struct
{
  int      connections;
  int      window;
  int      size;
  double   seconds;
  gboolean text;
  gboolean greeting;
} options = { 1, 1, 64, 1, FALSE, FALSE };

static const GOptionEntry entries[] = {
  { "connections", 0, 0, G_OPTION_ARG_INT, &options.connections, "At a time", "N" },
  { "window", 0, 0, G_OPTION_ARG_INT, &options.window, "Messages on their way on each", "N" },
  { "size", 0, 0, G_OPTION_ARG_INT, &options.size, "Payload of a message", "BYTES" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &options.seconds, "To measure, or to stop", "S" },
  { "text", 0, 0, G_OPTION_ARG_NONE, &options.text, "Send JSON, not binary messages", NULL },
  { "greeting", 0, 0, G_OPTION_ARG_NONE, &options.greeting, "A first message is no echo", NULL },
  G_OPTION_ENTRY_NULL
};

typedef struct
{
  Load     load;
  Client  *clients;
  guint    n_clients;
  guint    n_begun;
  gboolean has_command; /* there is something on stdin */
} Run;

typedef gboolean (*Condition) (const Run *run);

static gboolean
all_opened (const Run *run)
{
  return run->n_begun == run->n_clients && run->load.n_pending == 0;
}

static gboolean
all_echoed (const Run *run)
{
  return run->load.n_due == 0 || run->load.n_open == 0;
}

static gboolean
all_over (const Run *run)
{
  return run->load.n_open + run->load.n_pending == 0;
}

static gboolean
has_command (const Run *run)
{
  return run->has_command;
}

static gboolean
never (const Run *run)
{
  return all_over (run);
}

/* Serves the clients until the condition holds. FALSE where that takes until the deadline. */
static gboolean
serve_until (Run      *run,
             Condition condition,
             guint64   deadline)
{
  struct epoll_event events[N_EVENTS];
  guint64            now;

  while (!condition (run))
    {
      int n;

      now = wire_now ();
      if (now >= deadline)
        return FALSE;
      n = epoll_wait (run->load.epoll, events, N_EVENTS, (int)((deadline - now) / 1000000 + 1));
      for (int i = 0; i < n; i++)
        {
          if (events[i].data.ptr != NULL)
            client_serve (events[i].data.ptr);
          else
            run->has_command = TRUE;
        }
      while (run->n_begun < run->n_clients && run->load.n_pending < N_OPENING)
        client_begin (&run->clients[run->n_begun++], &run->load);
    }
  return TRUE;
}

/* Those that did not open, or did not close, in time. */
static guint
drop_all (Run *run)
{
  guint n = 0;

  for (guint i = 0; i < run->n_begun; i++)
    if (run->clients[i].state != CLIENT_NONE)
      {
        client_drop (&run->clients[i]);
        n++;
      }
  return n;
}

/* Returns seconds. */
static double
open_all (Run *run)
{
  guint64 start = wire_now ();

  client_begin (&run->clients[run->n_begun++], &run->load);
  if (!serve_until (run, all_opened, start + PATIENCE))
    g_printerr ("relay-load: %u of %u connections did not open\n",
                run->n_clients - run->load.n_open, run->n_clients);
  return (double)(wire_now () - start) / SECOND;
}

static double
close_all (Run *run)
{
  guint64 start = wire_now ();
  double  seconds;

  for (guint i = 0; i < run->n_clients; i++)
    client_close (&run->clients[i]);
  serve_until (run, all_over, start + PATIENCE / 4);
  seconds = (double)(wire_now () - start) / SECOND;
  run->load.n_failed += drop_all (run);
  return seconds;
}

static void
allow_all (Run  *run,
           gsize n)
{
  for (guint i = 0; i < run->n_clients; i++)
    if (run->clients[i].state == CLIENT_OPEN)
      client_allow (&run->clients[i], n);
}

static void
report (const Run  *run,
        const char *format,
        ...)
{
  g_autofree char *own = NULL;
  g_autofree char *complaint = g_strescape (run->load.complaint ? run->load.complaint : "", NULL);
  va_list          args;

  va_start (args, format);
  own = g_strdup_vprintf (format, args);
  va_end (args);
  printf ("{%s, \"open\": %u, \"failed\": %u, \"closed\": %u, \"garbled\": %u, "
          "\"missing\": %" G_GUINT64_FORMAT ", \"fragments\": %" G_GUINT64_FORMAT
          ", \"complaint\": \"%s\"}\n",
          own, run->load.n_open, run->load.n_failed, run->load.n_closed, run->load.n_garbled,
          run->load.n_due, run->load.n_fragments, complaint);
  fflush (stdout);
}

static void
run_rate (Run *run)
{
  double  opening = open_all (run);
  guint64 start;
  guint64 begun;
  guint64 bytes;
  guint64 messages;
  double  seconds;

  allow_all (run, run->load.window);
  start = wire_now ();
  serve_until (run, never, start + WARM_UP);
  bytes = run->load.n_bytes;
  messages = run->load.n_messages;
  if (run->load.latency != NULL)
    *run->load.latency = (Histogram){ 0 };
  begun = wire_now ();
  puts ("begun");
  fflush (stdout);
  serve_until (run, never, begun + (guint64)(options.seconds * SECOND));
  seconds = (double)(wire_now () - begun) / SECOND;
  bytes = run->load.n_bytes - bytes;
  messages = run->load.n_messages - messages;
  puts ("measured");
  fflush (stdout);

  run->load.is_paused = TRUE;
  for (guint i = 0; i < run->n_clients; i++)
    if (run->clients[i].state == CLIENT_OPEN)
      client_serve (&run->clients[i]);
  serve_until (run, all_echoed, wire_now () + PATIENCE / 4);
  close_all (run);
  if (run->load.latency == NULL)
    report (run,
            "\"seconds\": %.6f, \"opening\": %.6f, \"bytes\": %" G_GUINT64_FORMAT
            ", \"messages\": %" G_GUINT64_FORMAT,
            seconds, opening, bytes, messages);
  else
    report (run,
            "\"seconds\": %.6f, \"opening\": %.6f, \"bytes\": %" G_GUINT64_FORMAT
            ", \"messages\": %" G_GUINT64_FORMAT ", \"p50\": %" G_GUINT64_FORMAT
            ", \"p99\": %" G_GUINT64_FORMAT ", \"p99.9\": %" G_GUINT64_FORMAT,
            seconds, opening, bytes, messages, histogram_get (run->load.latency, 0.5),
            histogram_get (run->load.latency, 0.99), histogram_get (run->load.latency, 0.999));
}

/* Returns whether there was a line. */
static gboolean
await_command (Run  *run,
               char *line,
               int   size)
{
  run->has_command = FALSE;
  return serve_until (run, has_command, G_MAXUINT64) && fgets (line, size, stdin) != NULL;
}

static void
run_idle (Run *run)
{
  struct epoll_event event = { EPOLLIN, { .ptr = NULL } };
  char               line[32];
  double             seconds = open_all (run);

  if (epoll_ctl (run->load.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
    g_error ("stdin: %s", g_strerror (errno));
  report (run, "\"seconds\": %.6f", seconds);
  while (await_command (run, line, sizeof line) && strcmp (line, "echo\n") == 0)
    {
      guint64 start = wire_now ();

      run->load.is_paused = TRUE;
      allow_all (run, 1);
      serve_until (run, all_echoed, start + PATIENCE);
      report (run, "\"seconds\": %.6f", (double)(wire_now () - start) / SECOND);
    }
  seconds = close_all (run);
  report (run, "\"seconds\": %.6f", seconds);
}

static void
run_stopped (Run *run)
{
  guint64 start;
  guint64 early;

  run->load.is_flooded = TRUE;
  open_all (run);
  early = run->load.n_bytes;
  g_usleep ((gulong)(options.seconds * G_USEC_PER_SEC));
  start = wire_now ();
  if (run->clients[0].state == CLIENT_OPEN)
    client_read (&run->clients[0]);
  serve_until (run, all_over, start + PATIENCE);
  report (run,
          "\"seconds\": %.6f, \"early\": %" G_GUINT64_FORMAT ", \"bytes\": %" G_GUINT64_FORMAT,
          (double)(wire_now () - start) / SECOND, early, run->load.n_bytes);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("rate|latency|idle|stopped PORT PATH");
  g_autoptr (GError)         error = NULL;
  static Histogram           latency;
  Run                        run = { 0 };

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 4 ||
      options.connections < 1 || options.size < 1 || options.window < 1)
    {
      g_printerr ("relay-load: %s\n", error != NULL ? error->message : "see --help");
      return 1;
    }
  run.n_clients = (guint)options.connections;
  run.clients = g_new0 (Client, run.n_clients);
  run.load.port = (guint16)g_ascii_strtoull (argv[2], NULL, 10);
  run.load.path = argv[3];
  run.load.greeting = options.greeting;
  run.load.window = (gsize)options.window;
  run.load.epoll = epoll_create1 (EPOLL_CLOEXEC);
  ring_init (&run.load.ring, (gsize)options.size, options.text);

  if (strcmp (argv[1], "latency") == 0)
    {
      run.load.window = 1;
      run.load.latency = &latency;
      run_rate (&run);
    }
  else if (strcmp (argv[1], "rate") == 0)
    run_rate (&run);
  else if (strcmp (argv[1], "idle") == 0)
    run_idle (&run);
  else if (strcmp (argv[1], "stopped") == 0)
    run_stopped (&run);
  else
    g_printerr ("relay-load: no such measure: %s\n", argv[1]);

  drop_all (&run);
  close (run.load.epoll);
  ring_clear (&run.load.ring);
  g_free (run.load.complaint);
  g_free (run.clients);
  return 0;
}
