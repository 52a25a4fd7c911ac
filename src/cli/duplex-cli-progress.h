/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How far a file is, in words. A plain value that is told how much has left, and when. */

#include <glib.h>

G_BEGIN_DECLS

/* Looks at what has left, over which the rate is taken: two seconds at four a second. */
#define DUPLEX_CLI_PROGRESS_LOOKS 8

typedef struct
{
  char   *name;
  guint64 size; /* 0 where it is not known */
  gint64  begin_us;
  guint   n_looks;
  struct
  {
    gint64  at_us;
    guint64 sent;
  } looks[DUPLEX_CLI_PROGRESS_LOOKS];
} DuplexCliProgress;

/* name is shown with control characters spelled out, and cut where it is long; self is empty, or
 * holds what was begun before. */
void duplex_cli_progress_begin (DuplexCliProgress *self,
                                const char        *name,
                                guint64            size,
                                gint64             now_us);
void duplex_cli_progress_clear (DuplexCliProgress *self);

void duplex_cli_progress_look (DuplexCliProgress *self,
                               guint64            sent,
                               gint64             now_us);

/* "file.bin: 312.0 MiB of 1.0 GiB, 30 %, 210.0 MiB/s", with the rate of the latest looks; at the
 * end with that of all. */
char *duplex_cli_progress_dup_text (const DuplexCliProgress *self,
                                    gboolean                 at_end);
/* "30 %", or what has left where the size is not known. */
char *duplex_cli_progress_dup_short (const DuplexCliProgress *self);

G_END_DECLS
