/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdlib.h>

#include "core/model/duplex-capture-file.h"
#include "core/model/duplex-capture.h"
#include "core/model/duplex-row.h"

/* The input is what a file may hold as a block, with a checksum that is right: a byte with the
 * number of its events, one with that of its rows, one for the file's other claims, and the
 * records. All that shows a stored capture goes over it. */

#define MAX_ROWS 40

static char *path;

static void
leave (void)
{
  g_autofree char *folder = g_path_get_dirname (path);

  g_unlink (path);
  g_rmdir (folder);
}

static void
prepare (void)
{
  g_autofree char *folder = g_dir_make_tmp ("duplex-fuzz-XXXXXX", NULL);

  g_assert_nonnull (folder);
  path = g_build_filename (folder, "x.duplex", NULL);
  atexit (leave);
}

static void
make_file (FuzzInput *input)
{
  g_autoptr (DuplexCaptureFile) file = NULL;
  DuplexCaptureBlockInfo        info = { .id = 1 };
  g_autoptr (GError)            error = NULL;
  guint8                        claims;

  info.n_events = fuzz_take_byte (input);
  info.n_rows = fuzz_take_byte (input);
  claims = fuzz_take_byte (input);
  info.totals.events = info.n_events;
  info.totals.rows = info.n_rows;
  info.totals.findings = claims & 1;
  info.last_time_us = claims & 2 ? -1 : 1;
  info.size = input->size;
  g_unlink (path);
  file = duplex_capture_file_create (path, &error);
  g_assert_no_error (error);
  if (duplex_capture_file_begin (file, NULL) &&
      duplex_capture_file_put_chunk (file, 1, 0, (const guint8 *)"chunk", 5, NULL) &&
      duplex_capture_file_put_block (file, &info, input->size > 0 ? input->data : NULL, NULL))
    duplex_capture_file_commit (file, NULL);
  duplex_capture_file_finish (file, NULL);
}

static guint sum;

static void
touch (const guint8 *data,
       gsize         size)
{
  for (gsize i = 0; i < size; i++)
    sum += data[i];
}

static gboolean
visit (const DuplexEvent *event,
       gpointer           user_data)
{
  DuplexCapture     *capture = user_data;
  DuplexFrameHeader  header;
  g_autoptr (GBytes) inflated = NULL;

  if (event->payload != NULL)
    touch (event->payload, event->payload_size);
  if (event->inflated != NULL)
    touch (event->inflated, event->inflated_size);
  if (event->sent_reason != NULL)
    touch ((const guint8 *)event->sent_reason, event->sent_reason_size);
  touch (event->header, event->header_size);
  for (guint i = 0; i < event->n_findings; i++)
    g_assert_nonnull (duplex_finding_get_name (event->findings[i].id));
  g_assert_cmpuint (event->first, <=, event->number);
  duplex_event_get_header (event, &header);
  inflated = duplex_capture_dup_payload (capture, event, DUPLEX_PAYLOAD_INFLATED, 0, 1000);
  touch (g_bytes_get_data (inflated, NULL), g_bytes_get_size (inflated));
  return TRUE;
}

static void
visit_row (DuplexRow *row)
{
  gboolean           whole;
  g_autoptr (GBytes) payload = duplex_row_dup_payload (row, 100000, &whole);
  g_autoptr (GArray) frames = duplex_row_dup_frames (row, 100);

  touch (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
  g_assert_cmpuint (frames->len, <=, 100);
  sum += duplex_row_get_n_findings (row) + duplex_row_get_kind (row);
  sum += (guint)(duplex_row_get_size (row) + duplex_row_get_wire_size (row));
  g_assert_true (duplex_row_is_compressed (row) || !duplex_row_is_inflated (row));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput                 input = { data, size };
  g_autoptr (DuplexCapture) capture = NULL;
  guint64                   found;
  guint                     n;

  if (path == NULL)
    prepare ();
  make_file (&input);
  capture = duplex_capture_open (path, NULL);
  if (capture == NULL)
    return 0;
  duplex_capture_walk (capture, 0, G_MAXUINT64, visit, capture);
  n = g_list_model_get_n_items (G_LIST_MODEL (capture));
  for (guint i = 0; i < MIN (n, MAX_ROWS); i++)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (G_LIST_MODEL (capture), i);

      if (row != NULL)
        visit_row (row);
    }
  duplex_capture_find_finding (capture, 0, &found);
  duplex_capture_find_time (capture, 1);
  for (guint64 i = 0; i < 300; i += 7)
    duplex_capture_find_row_of (capture, i, &found);
  return 0;
}
