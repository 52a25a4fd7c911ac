/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The line that a person types into at a terminal, with history and editing. What arrives is
 * printed above it. One at a time: readline has one line. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexCliPrompt DuplexCliPrompt;

typedef struct
{
  void (*line) (const char *line, gpointer user_data);
  /* Ctrl+D on an empty line. */
  void (*end) (gpointer user_data);
} DuplexCliPromptCallbacks;

/* Shows itself, on the terminal of standard input and output. callbacks is borrowed for life. */
DuplexCliPrompt *duplex_cli_prompt_new (const DuplexCliPromptCallbacks *callbacks,
                                        gpointer                        user_data);
/* Leaves an empty line. */
void duplex_cli_prompt_free (DuplexCliPrompt *self);

/* Around output of others: what is being typed goes away and comes back. */
void duplex_cli_prompt_hide (DuplexCliPrompt *self);
void duplex_cli_prompt_show (DuplexCliPrompt *self);

/* A line above the prompt. */
void duplex_cli_prompt_note (DuplexCliPrompt *self,
                             const char      *text);

/* Stands before the line that is typed, "[30 %] > "; NULL for none. */
void duplex_cli_prompt_set_status (DuplexCliPrompt *self,
                                   const char      *status);

G_END_DECLS
