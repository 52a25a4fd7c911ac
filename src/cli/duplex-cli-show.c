/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cli/duplex-cli-show.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/duplex-cli-play.h"
#include "cli/duplex-cli-printer.h"
#include "cli/duplex-cli-status.h"

/* Columns of a terminal that the first n characters of text take. */
static guint
get_width (const char *text,
           guint       n)
{
  guint width = 0;

  for (; n > 0 && *text != '\0'; n--, text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

/* What is wrong, the expression, and a caret below the place. */
static void
complain_filter (const char   *expression,
                 guint         column,
                 const GError *error)
{
  g_autofree char *line = g_utf8_make_valid (expression, -1);

  for (char *p = line; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  duplex_cli_complain ("--filter: %s", error->message);
  fprintf (stderr, "  %s\n  %*s^\n", line, (int)get_width (line, column), "");
}

static DuplexCliStatus
show (const char      *path,
      DuplexCliPrint   what,
      gboolean         both_ways,
      const char      *expression,
      DuplexCliOutput *output)
{
  g_autoptr (DuplexCliPrinter) printer = duplex_cli_printer_new (what, '\n', output);
  g_autoptr (DuplexFilter)     filter = NULL;
  g_autoptr (GError)           error = NULL;
  guint                        column = 0;

  if (expression != NULL)
    {
      filter = duplex_filter_parse (expression, &column, &error);
      if (filter == NULL)
        {
          complain_filter (expression, column, error);
          return DUPLEX_CLI_USAGE;
        }
    }
  duplex_cli_printer_set_marks (printer, both_ways, both_ways);
  duplex_cli_printer_set_escapes (printer, both_ways && isatty (STDOUT_FILENO));
  return duplex_cli_play (path, filter, printer, output);
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
  g_autofree char            *filter = NULL;
  gboolean                    json = FALSE;
  const char                 *path = NULL;
  const GOptionEntry          entries[] = {
             { "filter", 0, 0, G_OPTION_ARG_STRING, &filter,
               N_ ("Print only what matches, see duplex-filter(5)"), N_ ("EXPR") },
             { "frames", 0, 0, G_OPTION_ARG_NONE, &frames, N_ ("Print every frame"), NULL },
             { "json", 0, 0, G_OPTION_ARG_NONE, &json,
               N_ ("Print every event as a JSON object"), NULL },
             { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL },
             G_OPTION_ENTRY_NULL,
  };

  g_option_context_set_summary (context, _ ("Prints the messages of a capture, or of what connect "
                                            "--json printed; > were sent, < received."));
  g_option_context_add_main_entries (context, entries, DUPLEX_GETTEXT_PACKAGE);
  if (g_option_context_parse (context, &argc, &argv, &error))
    path = get_path (rest, &error);
  if (path == NULL)
    {
      duplex_cli_complain ("%s", error->message);
      return DUPLEX_CLI_USAGE;
    }
  if (json)
    return show (path, DUPLEX_CLI_PRINT_JSON, /* both_ways= */ FALSE, filter, output);
  return show (path, frames ? DUPLEX_CLI_PRINT_FRAMES : DUPLEX_CLI_PRINT_MESSAGES,
               /* both_ways= */ TRUE, filter, output);
}

static gboolean
is_same_file (const char *a,
              const char *b)
{
  g_autoptr (GFile)     file_a = g_file_new_for_commandline_arg (a);
  g_autoptr (GFile)     file_b = g_file_new_for_commandline_arg (b);
  g_autoptr (GFileInfo) info_a = NULL;
  g_autoptr (GFileInfo) info_b = NULL;
  const char           *id_a, *id_b;

  if (g_file_equal (file_a, file_b))
    return TRUE;
  info_a = g_file_query_info (file_a, G_FILE_ATTRIBUTE_ID_FILE, 0, NULL, NULL);
  info_b = g_file_query_info (file_b, G_FILE_ATTRIBUTE_ID_FILE, 0, NULL, NULL);
  if (info_a == NULL || info_b == NULL)
    return FALSE;
  id_a = g_file_info_get_attribute_string (info_a, G_FILE_ATTRIBUTE_ID_FILE);
  id_b = g_file_info_get_attribute_string (info_b, G_FILE_ATTRIBUTE_ID_FILE);
  return id_a != NULL && g_strcmp0 (id_a, id_b) == 0;
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
  if (path != NULL && format == NULL)
    g_set_error_literal (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                         _ ("There is no --format; jsonl is the only one"));
  else if (path != NULL && !g_str_equal (format, "jsonl"))
    g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 _ ("--format must be jsonl, not “%s”"), format);
  if (error == NULL && path != NULL && to != NULL && is_same_file (path, to))
    g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 _ ("“%s” cannot be read and written at once"), path);
  if (error == NULL)
    output = open_output (to, &error);
  if (error != NULL)
    {
      duplex_cli_complain ("%s", error->message);
      return DUPLEX_CLI_USAGE;
    }
  return show (path, DUPLEX_CLI_PRINT_JSON, /* both_ways= */ FALSE, /* expression= */ NULL, output);
}
