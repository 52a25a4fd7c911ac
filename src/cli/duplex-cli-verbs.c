/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cli/duplex-cli-verbs.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "cli/duplex-cli-connect.h"
#include "cli/duplex-cli-serve.h"
#include "cli/duplex-cli-show.h"
#include "cli/duplex-cli-status.h"

static const struct
{
  const char *name;
  const char *arguments;
  const char *text;
  int (*run) (int argc, char **argv);
} verbs[] = {
  { "connect", "URL", N_ ("connect, send lines of standard input, print what arrives"),
    duplex_cli_connect },
  { "show", "FILE", N_ ("print a capture"), duplex_cli_show },
  { "export", "FILE", N_ ("write a capture in another format"), duplex_cli_export },
  { "serve", "", N_ ("run the demo server"), duplex_cli_serve },
};

static void
print_help (void)
{
  printf ("%s\n  duplex-cli %s\n\n", _ ("Usage:"), _ ("VERB [OPTION…]"));
  printf ("%s\n\n%s\n", _ ("WebSocket client for scripts and terminals"), _ ("Verbs:"));
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    printf ("  %-8s %-5s %s\n", verbs[i].name, verbs[i].arguments, _ (verbs[i].text));
  printf ("\n%s\n", _ ("duplex-cli VERB --help lists a verb's options."));
}

int
duplex_cli_run (int    argc,
                char **argv)
{
  const char *word = argc > 1 ? argv[1] : "";

  if (strcmp (word, "--help") == 0 || strcmp (word, "-h") == 0)
    {
      print_help ();
      return DUPLEX_CLI_OK;
    }
  if (strcmp (word, "--version") == 0)
    {
      printf ("duplex-cli %s\n", DUPLEX_VERSION);
      return DUPLEX_CLI_OK;
    }
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (word, verbs[i].name) == 0)
      {
        g_autofree char *name = g_strdup_printf ("duplex-cli %s", word);

        g_set_prgname (name);
        return verbs[i].run (argc - 1, argv + 1);
      }
  if (*word == '\0')
    duplex_cli_complain (_ ("there is no verb; see duplex-cli --help"));
  else
    duplex_cli_complain (_ ("there is no verb “%s”; see duplex-cli --help"), word);
  return DUPLEX_CLI_USAGE;
}
