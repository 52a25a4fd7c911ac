/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Reads a file of what duplex-export-jsonl.h writes. A line that cannot be used is reported with
 * its number and skipped; nothing else is lost. */

#include <gio/gio.h>

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

/* Return FALSE to stop. */
typedef struct
{
  /* See duplex_jsonl_reader_parse(). */
  gboolean (*event) (const DuplexEvent *event, gpointer user_data);
  /* line counts from 1. */
  gboolean (*problem) (guint64 line, const GError *error, gpointer user_data);
} DuplexImportCallbacks;

/* Goes through stream to its end, blocking; empty lines are nothing. FALSE where reading fails,
 * with GIO's error. A line over DUPLEX_LIMIT_JSONL_LINE is a problem of DUPLEX_ERROR_TOO_BIG. */
gboolean duplex_import_jsonl (GInputStream                *stream,
                              const DuplexImportCallbacks *callbacks,
                              gpointer                     user_data,
                              GError                     **error);

G_END_DECLS
