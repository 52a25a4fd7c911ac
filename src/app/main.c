/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "app/duplex-application.h"

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
  g_autoptr (DuplexApplication) application = NULL;
  int                           status;

  setlocale (LC_ALL, "");
  bindtextdomain (DUPLEX_GETTEXT_PACKAGE, get_locale_dir ());
  bind_textdomain_codeset (DUPLEX_GETTEXT_PACKAGE, "UTF-8");
  textdomain (DUPLEX_GETTEXT_PACKAGE);

  application = duplex_application_new ();
  status = g_application_run (G_APPLICATION (application), argc, argv);
  return status != 0 ? status : duplex_application_get_exit_status (application);
}
