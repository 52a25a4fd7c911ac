/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-prompt.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* These two want stdio first. */
#include <readline/history.h>
#include <readline/readline.h>

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
duplex_cli_prompt_set_status (DuplexCliPrompt *self,
                              const char      *status)
{
  g_autofree char *prompt =
    status != NULL ? g_strdup_printf ("[%s] " PROMPT, status) : g_strdup (PROMPT);

  duplex_cli_prompt_hide (self);
  rl_set_prompt (prompt);
  duplex_cli_prompt_show (self);
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
