/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "cli/duplex-cli-verbs.h"

/* Where a build tree has its translations; build-aux/run sets it. */
static const char *
get_locale_dir (void)
{
  const char *dir = g_getenv ("DUPLEX_LOCALEDIR");

  return dir != NULL ? dir : DUPLEX_LOCALEDIR;
}

int
main (int    argc,
      char **argv)
{
  setlocale (LC_ALL, "");
  bindtextdomain (DUPLEX_GETTEXT_PACKAGE, get_locale_dir ());
  bind_textdomain_codeset (DUPLEX_GETTEXT_PACKAGE, "UTF-8");
  textdomain (DUPLEX_GETTEXT_PACKAGE);

  return duplex_cli_run (argc, argv);
}
