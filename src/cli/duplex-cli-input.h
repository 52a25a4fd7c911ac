/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lines of standard input as they come, without their line feed. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexCliInput DuplexCliInput;

typedef struct
{
  /* FALSE: not now. The same line comes again after duplex_cli_input_resume(). */
  gboolean (*line) (const char *text, gsize len, gpointer user_data);
  /* Nothing more comes. */
  void (*end) (gpointer user_data);
} DuplexCliInputCallbacks;

/* Reads fd, which stays the caller's, from the main loop on; waits interval seconds after each
 * line. callbacks is borrowed for life. */
DuplexCliInput *duplex_cli_input_new (int                            fd,
                                      double                         interval,
                                      const DuplexCliInputCallbacks *callbacks,
                                      gpointer                       user_data);
void            duplex_cli_input_free (DuplexCliInput *self);

void duplex_cli_input_resume (DuplexCliInput *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCliInput, duplex_cli_input_free)

G_END_DECLS
