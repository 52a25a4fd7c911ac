/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cli/duplex-cli-show.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "cli/duplex-cli-printer.h"
#include "cli/duplex-cli-status.h"
#include "core/model/duplex-export-jsonl.h"
#include "core/model/duplex-import-jsonl.h"

typedef struct
{
  const char       *path; /* of the capture */
  DuplexCliOutput  *output;
  DuplexCliPrinter *printer;
  gboolean          broken; /* a line was */
} Show;

static gboolean
event_cb (const DuplexEvent *event,
          gpointer           data)
{
  Show *self = data;

  duplex_cli_printer_take (self->printer, event);
  return duplex_cli_output_get_failure (self->output) == 0;
}

static gboolean
problem_cb (guint64       line,
            const GError *error,
            gpointer      data)
{
  Show *self = data;

  self->broken = TRUE;
  duplex_cli_complain (_ ("%s, line %llu: %s"), self->path, (unsigned long long)line,
                       error->message);
  return TRUE;
}

static const DuplexImportCallbacks import_callbacks = {
  .event = event_cb,
  .problem = problem_cb,
};

/* Reads path and prints what it holds; a broken line is said and nothing else is lost. */
static DuplexCliStatus
show (const char      *path,
      DuplexCliPrint   what,
      gboolean         both_ways,
      DuplexCliOutput *output)
{
  g_autoptr (GFile)            file = g_file_new_for_commandline_arg (path);
  g_autoptr (GFileInputStream) stream = NULL;
  g_autoptr (DuplexCliPrinter) printer = duplex_cli_printer_new (what, '\n', output);
  g_autoptr (GError)           error = NULL;
  Show                         self = { path, output, printer, FALSE };

  duplex_cli_printer_set_marks (printer, both_ways, both_ways);
  duplex_cli_printer_set_escapes (printer, both_ways && isatty (STDOUT_FILENO));
  stream = g_file_read (file, NULL, &error);
  if (stream == NULL ||
      !duplex_import_jsonl (G_INPUT_STREAM (stream), &import_callbacks, &self, &error))
    {
      duplex_cli_complain ("%s", error->message);
      duplex_cli_output_flush (output);
      return DUPLEX_CLI_USAGE;
    }
  if (!duplex_cli_output_flush (output))
    {
      if (duplex_cli_output_get_failure (output) != EPIPE)
        duplex_cli_complain (_ ("writing failed: %s"),
                             g_strerror (duplex_cli_output_get_failure (output)));
      return DUPLEX_CLI_USAGE;
    }
  return self.broken ? DUPLEX_CLI_USAGE : DUPLEX_CLI_OK;
}

/* Exactly one path in rest. */
static const char *
get_path (char   **rest,
          GError **error)
{
  if (rest != NULL && rest[0] != NULL && rest[1] == NULL)
    return rest[0];
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       _ ("One FILE is needed; see --help"));
  return NULL;
}

int
duplex_cli_show (int    argc,
                 char **argv)
{
  g_autoptr (GOptionContext)  context = g_option_context_new (_ ("FILE"));
  g_autoptr (DuplexCliOutput) output = duplex_cli_output_new (STDOUT_FILENO);
  g_autoptr (GError)          error = NULL;
  g_auto (GStrv)              rest = NULL;
  gboolean                    frames = FALSE;
  gboolean                    json = FALSE;
  const char                 *path = NULL;
  const GOptionEntry          entries[] = {
             { "frames", 0, 0, G_OPTION_ARG_NONE, &frames, N_ ("Print every frame"), NULL },
             { "json", 0, 0, G_OPTION_ARG_NONE, &json,
               N_ ("Print every event as a JSON object"), NULL },
             { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL },
             G_OPTION_ENTRY_NULL,
  };

  g_option_context_set_summary (context, _ ("Prints the messages of a capture that connect "
                                            "--capture wrote; > were sent, < received."));
  g_option_context_add_main_entries (context, entries, DUPLEX_GETTEXT_PACKAGE);
  if (g_option_context_parse (context, &argc, &argv, &error))
    path = get_path (rest, &error);
  if (path == NULL)
    {
      duplex_cli_complain ("%s", error->message);
      return DUPLEX_CLI_USAGE;
    }
  if (json)
    return show (path, DUPLEX_CLI_PRINT_JSON, FALSE, output);
  return show (path, frames ? DUPLEX_CLI_PRINT_FRAMES : DUPLEX_CLI_PRINT_MESSAGES,
               /* both_ways= */ TRUE, output);
}

static DuplexCliOutput *
open_output (const char *path,
             GError    **error)
{
  if (path == NULL || strcmp (path, "-") == 0)
    return duplex_cli_output_new (STDOUT_FILENO);
  return duplex_cli_output_new_for_file (path, error);
}

int
duplex_cli_export (int    argc,
                   char **argv)
{
  g_autoptr (GOptionContext)  context = g_option_context_new (_ ("FILE"));
  g_autoptr (DuplexCliOutput) output = NULL;
  g_autoptr (GError)          error = NULL;
  g_auto (GStrv)              rest = NULL;
  g_autofree char            *format = NULL;
  g_autofree char            *to = NULL;
  const char                 *path = NULL;
  const GOptionEntry          entries[] = {
             { "format", 0, 0, G_OPTION_ARG_STRING, &format,
               N_ ("What to write: jsonl"), N_ ("FORMAT") },
             { "output", 'o', 0, G_OPTION_ARG_FILENAME, &to,
               N_ ("Where to write it"), N_ ("FILE") },
             { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL },
             G_OPTION_ENTRY_NULL,
  };

  g_option_context_set_summary (context, _ ("Writes a capture in another format."));
  g_option_context_add_main_entries (context, entries, DUPLEX_GETTEXT_PACKAGE);
  if (g_option_context_parse (context, &argc, &argv, &error))
    path = get_path (rest, &error);
  if (path != NULL && g_strcmp0 (format, "jsonl") != 0)
    g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 _ ("--format must be jsonl, not “%s”"), format != NULL ? format : "");
  if (error == NULL && path != NULL && g_strcmp0 (path, to) == 0)
    g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 _ ("“%s” cannot be read and written at once"), path);
  if (error == NULL)
    output = open_output (to, &error);
  if (error != NULL)
    {
      duplex_cli_complain ("%s", error->message);
      return DUPLEX_CLI_USAGE;
    }
  return show (path, DUPLEX_CLI_PRINT_JSON, /* both_ways= */ FALSE, output);
}
