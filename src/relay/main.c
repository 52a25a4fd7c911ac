/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/proto/duplex-limits.h"
#include "relay/duplex-log.h"
#include "relay/duplex-options.h"
#include "relay/duplex-server.h"
#include "relay/duplex-systemd.h"

/* Descriptors besides those of connections: the listening socket, the main loop's, resolvers. */
#define SPARE_DESCRIPTORS 64

typedef struct
{
  GMainLoop     *loop;
  DuplexOptions *options;
  DuplexServer  *server;
  char          *url;
  gboolean       draining;
} Relay;

static void
drained_cb (gpointer data)
{
  Relay *relay = data;

  g_main_loop_quit (relay->loop);
}

/* The second signal does not wait. */
static gboolean
end_cb (gpointer data)
{
  Relay *relay = data;

  if (relay->draining)
    {
      g_main_loop_quit (relay->loop);
      return G_SOURCE_CONTINUE;
    }
  relay->draining = TRUE;
  duplex_systemd_stopping (_ ("Waiting for connections to end"));
  duplex_server_drain (relay->server, relay->options->drain, drained_cb, relay);
  return G_SOURCE_CONTINUE;
}

/* The system's soft limit is often 1024. Where even the hard one is too low, accepting pauses. */
static void
raise_descriptor_limit (guint connections,
                        guint workers)
{
  struct rlimit limit;
  rlim_t        heads = (rlim_t)workers * (DUPLEX_LIMIT_RELAY_HEADS + DUPLEX_LIMIT_RELAY_UNSEEN);
  rlim_t        needed = 2 * (rlim_t)connections + heads + SPARE_DESCRIPTORS;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
    return;
  limit.rlim_cur = MIN (needed, limit.rlim_max);
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* What is wrong with the new settings leaves the old ones. */
static gboolean
reload_cb (gpointer data)
{
  Relay                          *relay = data;
  g_autoptr (GError)              error = NULL;
  g_autoptr (DuplexRelaySettings) settings = NULL;
  g_autofree char                *status = NULL;

  if (relay->draining)
    return G_SOURCE_CONTINUE;
  duplex_systemd_reloading ();
  settings = duplex_options_reload (relay->options, &error);
  if (settings != NULL)
    {
      raise_descriptor_limit (settings->max_connections, relay->options->workers);
      duplex_server_set_settings (relay->server, settings);
      duplex_log_end (duplex_log_begin ("reloaded"));
      status = g_strdup_printf (_ ("Listening on %s"), relay->url);
    }
  else
    {
      duplex_log_text ("error", error->message);
      status = g_strdup_printf (_ ("Not reloaded: %s"), error->message);
    }
  duplex_systemd_ready (status);
  return G_SOURCE_CONTINUE;
}

static gboolean
alive_cb (gpointer data)
{
  duplex_systemd_alive ();
  return G_SOURCE_CONTINUE;
}

/* Half of what systemd waits, as sd_watchdog_enabled(3) advises. */
static void
keep_alive (void)
{
  guint64 interval = duplex_systemd_get_watchdog () / 2 / 1000;

  if (interval > 0)
    g_timeout_add ((guint)MIN (interval, G_MAXUINT), alive_cb, NULL);
}

static int
run (DuplexOptions *options,
     GError       **error)
{
  g_autoptr (DuplexMetrics)  metrics = duplex_metrics_new ();
  g_autoptr (DuplexRecorder) recorder = NULL;
  g_autoptr (GMainLoop)      loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (DuplexServer)   server = NULL;
  g_autofree char           *url = NULL;
  g_autofree char           *status = NULL;
  Relay                      relay = { loop, options };

  if (options->capture != NULL)
    {
      recorder = duplex_recorder_new (options->capture, options->capture_budget, metrics, error);
      if (recorder == NULL)
        return 1;
    }
  raise_descriptor_limit (options->settings->max_connections, options->workers);
  server = relay.server =
    duplex_server_new (options->address, options->listen_fd, options->settings, metrics,
                       recorder, options->workers, error);
  options->listen_fd = -1;
  if (server == NULL)
    return 1;
  signal (SIGPIPE, SIG_IGN);
  g_unix_signal_add (SIGTERM, end_cb, &relay);
  g_unix_signal_add (SIGINT, end_cb, &relay);
  g_unix_signal_add (SIGHUP, reload_cb, &relay);
  url = relay.url = duplex_server_dup_url (server);
  printf ("listening on %s\n", url);
  fflush (stdout);
  status = g_strdup_printf (_ ("Listening on %s"), url);
  duplex_systemd_ready (status);
  keep_alive ();
  g_main_loop_run (loop);
  /* All connections have ended then, and what they said is recorded to its end. */
  g_clear_pointer (&server, duplex_server_free);
  return recorder == NULL || duplex_recorder_finish (recorder, error) ? 0 : 1;
}

int
main (int    argc,
      char **argv)
{
  g_auto (DuplexOptions) options = { 0 };
  g_autoptr (GError)     error = NULL;
  g_auto (GStrv)         arguments = g_strdupv (argv);
  const char            *locale_dir = g_getenv ("DUPLEX_LOCALEDIR");
  int                    status = 1;

  setlocale (LC_ALL, "");
  bindtextdomain (DUPLEX_GETTEXT_PACKAGE, locale_dir != NULL ? locale_dir : DUPLEX_LOCALEDIR);
  bind_textdomain_codeset (DUPLEX_GETTEXT_PACKAGE, "UTF-8");
  textdomain (DUPLEX_GETTEXT_PACKAGE);

  if (duplex_options_parse (&options, arguments, &error) && options.version)
    {
      printf ("duplex-relay %s\n", DUPLEX_VERSION);
      return 0;
    }
  if (error == NULL)
    {
      duplex_log_set_json (options.log_json);
      if (options.notice != NULL)
        duplex_log_text ("notice", options.notice);
      status = run (&options, &error);
    }
  duplex_log_finish ();
  if (error != NULL)
    g_printerr ("duplex-relay: %s\n", error->message);
  return status;
}
