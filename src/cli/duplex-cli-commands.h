/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a person can type at the prompt. */

#include "cli/duplex-cli-prompt.h"
#include "cli/duplex-cli-upload.h"

G_BEGIN_DECLS

typedef struct
{
  DuplexSession   *session;
  DuplexCliUpload *upload;
  DuplexCliPrompt *prompt;
  gboolean         binary; /* lines are hexadecimal digits, and sent as binary messages */
} DuplexCliCommands;

/* Does what line says. What does not begin with a slash is sent, "//..." with one slash less; /help
 * lists the rest. Fails with a line for the person. */
gboolean duplex_cli_commands_obey (const DuplexCliCommands *self,
                                   const char              *line,
                                   GError                 **error);

G_END_DECLS
