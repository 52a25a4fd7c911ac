/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-prompt.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* These two want stdio first. */
#include <readline/history.h>
#include <readline/readline.h>

#include "cli/duplex-cli-hex.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"

struct _DuplexCliPrompt
{
  const DuplexCliPromptCallbacks *callbacks;
  gpointer                        user_data;
  guint                           source;
  gboolean                        hidden;
  gboolean                        between; /* a line is complete, the next not begun */
};

/* readline's callbacks have no user data. */
static DuplexCliPrompt *the_prompt;

#define PROMPT "> "

static void
line_cb (char *line)
{
  DuplexCliPrompt *self = the_prompt;
  g_autofree char *text = g_strdup (line);

  free (line);
  if (self == NULL)
    return;
  if (text == NULL)
    {
      self->callbacks->end (self->user_data);
      return;
    }
  if (*text == '\0')
    return;
  add_history (text);
  self->between = TRUE;
  self->callbacks->line (text, self->user_data);
  self->between = FALSE;
}

static gboolean
readable_cb (gint         fd,
             GIOCondition condition,
             gpointer     data)
{
  DuplexCliPrompt *self = data;

  if ((condition & G_IO_IN) != 0)
    {
      rl_callback_read_char ();
      return G_SOURCE_CONTINUE;
    }
  self->source = 0; /* the terminal is gone */
  self->callbacks->end (self->user_data);
  return G_SOURCE_REMOVE;
}

DuplexCliPrompt *
duplex_cli_prompt_new (const DuplexCliPromptCallbacks *callbacks,
                       gpointer                        user_data)
{
  DuplexCliPrompt *self = g_new0 (DuplexCliPrompt, 1);

  g_assert (the_prompt == NULL);
  the_prompt = self;
  self->callbacks = callbacks;
  self->user_data = user_data;
  rl_readline_name = "duplex-cli";
  /* Signals are the main loop's. */
  rl_catch_signals = 0;
  rl_bind_key ('\t', rl_insert);
  using_history ();
  rl_callback_handler_install (PROMPT, line_cb);
  self->source = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, self);
  return self;
}

void
duplex_cli_prompt_free (DuplexCliPrompt *self)
{
  if (self == NULL)
    return;
  duplex_cli_prompt_hide (self);
  g_clear_handle_id (&self->source, g_source_remove);
  rl_callback_handler_remove ();
  the_prompt = NULL;
  g_free (self);
}

void
duplex_cli_prompt_hide (DuplexCliPrompt *self)
{
  if (self->hidden || self->between)
    return;
  self->hidden = TRUE;
  rl_clear_visible_line ();
  fflush (rl_outstream);
}

void
duplex_cli_prompt_show (DuplexCliPrompt *self)
{
  if (!self->hidden)
    return;
  self->hidden = FALSE;
  rl_on_new_line ();
  rl_redisplay ();
}

void
duplex_cli_prompt_note (DuplexCliPrompt *self,
                        const char      *text)
{
  duplex_cli_prompt_hide (self);
  printf ("* %s\n", text);
  fflush (stdout);
  duplex_cli_prompt_show (self);
}

/* ---- commands ---- */

static gboolean
obey_ping (DuplexSession *session,
           const char    *rest,
           GError       **error)
{
  g_autoptr (GBytes) payload = *rest != '\0' ? g_bytes_new (rest, strlen (rest)) : NULL;

  return duplex_session_ping (session, payload, error);
}

static gboolean
obey_close (DuplexSession *session,
            const char    *rest,
            GError       **error)
{
  g_auto (GStrv) parts = g_strsplit (rest, " ", 2);
  guint64        code = DUPLEX_CLOSE_NORMAL;

  if (parts[0] != NULL && *parts[0] != '\0' &&
      !g_ascii_string_to_unsigned (parts[0], 10, 1, G_MAXUINT16, &code, error))
    return FALSE;
  return duplex_session_disconnect (session, (guint16)code, parts[0] != NULL ? parts[1] : NULL,
                                    error);
}

static gboolean
obey_binary (DuplexSession *session,
             const char    *rest,
             GError       **error)
{
  g_autoptr (GBytes) bytes = duplex_cli_hex_parse (rest, strlen (rest));

  if (bytes != NULL)
    return duplex_session_send_binary (session, bytes, error);
  g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                       _ ("these are not pairs of hexadecimal digits"));
  return FALSE;
}

static gboolean
obey_quit (DuplexSession *session,
           const char    *rest,
           GError       **error)
{
  return duplex_session_disconnect (session, DUPLEX_CLOSE_NORMAL, NULL, error);
}

static gboolean obey_help (DuplexSession *session,
                           const char    *rest,
                           GError       **error);

static const struct
{
  const char *name;
  const char *arguments;
  const char *text;
  gboolean (*obey) (DuplexSession *session, const char *rest, GError **error);
} commands[] = {
  { "/ping", "[TEXT]", N_ ("send a ping"), obey_ping },
  { "/close", "[CODE [REASON]]", N_ ("send a Close, and end with the answer"), obey_close },
  { "/binary", "HEX", N_ ("send a binary message"), obey_binary },
  { "/quit", "", N_ ("the same as /close 1000; so does Ctrl+D"), obey_quit },
  { "/help", "", N_ ("this list; a text that begins with a slash is sent with two"), obey_help },
};

static gboolean
obey_help (DuplexSession *session,
           const char    *rest,
           GError       **error)
{
  if (the_prompt != NULL)
    duplex_cli_prompt_hide (the_prompt);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    printf ("* %-8s%-16s %s\n", commands[i].name, commands[i].arguments, _ (commands[i].text));
  fflush (stdout);
  if (the_prompt != NULL)
    duplex_cli_prompt_show (the_prompt);
  return TRUE;
}

gboolean
duplex_cli_prompt_obey (DuplexSession *session,
                        const char    *line,
                        gboolean       binary,
                        GError       **error)
{
  if (*line != '/' || line[1] == '/')
    {
      line += *line == '/' ? 1 : 0;
      return binary ? obey_binary (session, line, error)
                    : duplex_session_send_text (session, line, -1, error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      gsize len = strlen (commands[i].name);

      if (strncmp (line, commands[i].name, len) != 0 || (line[len] != ' ' && line[len] != '\0'))
        continue;
      while (line[len] == ' ')
        len++;
      return commands[i].obey (session, line + len, error);
    }
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
               _ ("there is no command %s; see /help"), line);
  return FALSE;
}
