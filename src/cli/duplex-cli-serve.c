/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cli/duplex-cli-serve.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>

#include "cli/duplex-cli-status.h"
#include "core/io/duplex-demo-server.h"

static gboolean
quit_cb (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
parse (int       argc,
       char    **argv,
       int      *ret_port,
       gboolean *ret_no_deflate,
       GError  **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  const GOptionEntry         entries[] = {
            { "port", 0, 0, G_OPTION_ARG_INT, ret_port, N_ ("Listen on this port; 0 picks one"),
              N_ ("N") },
            { "no-deflate", 0, 0, G_OPTION_ARG_NONE, ret_no_deflate,
              N_ ("Accept no compression"), NULL },
            G_OPTION_ENTRY_NULL,
  };

  g_option_context_set_summary (context, _ ("Runs the demo server on loopback: /echo, /clock, "
                                            "/flood?n=&size=, /binary, /fragments, "
                                            "/close?code=&reason=, /slow?ms="));
  g_option_context_add_main_entries (context, entries, DUPLEX_GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (argc > 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("What is “%s” for?"),
                   argv[1]);
      return FALSE;
    }
  if (*ret_port < 0 || *ret_port > G_MAXUINT16)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("%d is no port"), *ret_port);
      return FALSE;
    }
  return TRUE;
}

int
duplex_cli_serve (int    argc,
                  char **argv)
{
  g_autoptr (DuplexDemoServer) server = NULL;
  g_autoptr (GMainLoop)        loop = NULL;
  g_autoptr (GError)           error = NULL;
  int                          port = 0;
  gboolean                     no_deflate = FALSE;
  guint                        sources[2];

  if (parse (argc, argv, &port, &no_deflate, &error))
    server = duplex_demo_server_new ((guint16)port, &error);
  if (server == NULL)
    {
      duplex_cli_complain ("%s", error->message);
      return DUPLEX_CLI_USAGE;
    }
  if (no_deflate)
    duplex_demo_server_set_deflate (server, FALSE);
  loop = g_main_loop_new (NULL, FALSE);
  sources[0] = g_unix_signal_add (SIGINT, quit_cb, loop);
  sources[1] = g_unix_signal_add (SIGTERM, quit_cb, loop);
  printf ("listening on ws://127.0.0.1:%u/\n", duplex_demo_server_get_port (server));
  fflush (stdout);
  g_main_loop_run (loop);
  g_source_remove (sources[0]);
  g_source_remove (sources[1]);
  return DUPLEX_CLI_OK;
}
