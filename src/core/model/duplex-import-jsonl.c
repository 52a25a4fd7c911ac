/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-import-jsonl.h"

#include <string.h>

#include "core/model/duplex-jsonl-reader.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

#define CHUNK ((gsize)64 * 1024)

typedef struct
{
  DuplexJsonlReader           *reader;
  const DuplexImportCallbacks *callbacks;
  gpointer                     user_data;
  GString                     *line;
  guint64                      number; /* of the line */
  gboolean                     too_long;
} Import;

static gboolean
take_line (Import *import)
{
  g_autoptr (GError) error = NULL;
  DuplexEvent        event;
  gsize              len = import->line->len;
  gboolean           goes_on = TRUE;

  import->number++;
  if (len > 0 && import->line->str[len - 1] == '\r')
    len--;
  if (import->too_long)
    g_set_error (&error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG,
                 "The line has over %" G_GSIZE_FORMAT " bytes", DUPLEX_LIMIT_JSONL_LINE);
  if (error != NULL ||
      (len > 0 &&
       !duplex_jsonl_reader_parse (import->reader, import->line->str, len, &event, &error)))
    goes_on = import->callbacks->problem (import->number, error, import->user_data);
  else if (len > 0)
    goes_on = import->callbacks->event (&event, import->user_data);
  g_string_truncate (import->line, 0);
  import->too_long = FALSE;
  return goes_on;
}

static void
add_to_line (Import     *import,
             const char *data,
             gsize       len)
{
  if (import->too_long || len > DUPLEX_LIMIT_JSONL_LINE - import->line->len)
    import->too_long = TRUE;
  else
    g_string_append_len (import->line, data, (gssize)len);
}

static gboolean
take_chunk (Import     *import,
            const char *data,
            gsize       len)
{
  const char *end = data + len;
  const char *feed;

  while ((feed = memchr (data, '\n', (gsize)(end - data))) != NULL)
    {
      add_to_line (import, data, (gsize)(feed - data));
      if (!take_line (import))
        return FALSE;
      data = feed + 1;
    }
  add_to_line (import, data, (gsize)(end - data));
  return TRUE;
}

gboolean
duplex_import_jsonl (GInputStream                *stream,
                     const DuplexImportCallbacks *callbacks,
                     gpointer                     user_data,
                     GError                     **error)
{
  g_autoptr (DuplexJsonlReader) reader = duplex_jsonl_reader_new ();
  g_autofree char              *chunk = g_malloc (CHUNK);
  Import                        import = { reader, callbacks, user_data, .number = 0 };
  gboolean                      goes_on = TRUE;
  gssize                        n = 0;

  g_return_val_if_fail (G_IS_INPUT_STREAM (stream) && callbacks != NULL, FALSE);

  import.line = g_string_new (NULL);
  while (goes_on && (n = g_input_stream_read (stream, chunk, CHUNK, NULL, error)) > 0)
    goes_on = take_chunk (&import, chunk, (gsize)n);
  /* The last line may lack its feed: a writer that was killed. */
  if (goes_on && n == 0 && (import.line->len > 0 || import.too_long))
    take_line (&import);
  g_string_free (import.line, TRUE);
  return n >= 0;
}
