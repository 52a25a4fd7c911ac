/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "core/model/duplex-export-jsonl.h"
#include "core/model/duplex-jsonl-reader.h"
#include "core/proto/duplex-error.h"

/* What was read is written as a line that is read as the same line. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (DuplexJsonlReader) reader = duplex_jsonl_reader_new ();
  g_autoptr (GString)           line = g_string_new (NULL);
  g_autoptr (GString)           again = g_string_new (NULL);
  g_autoptr (GError)            error = NULL;
  DuplexEvent                   event;

  if (!duplex_jsonl_reader_parse (reader, (const char *)data, size, &event, &error))
    {
      g_assert_true (error->domain == DUPLEX_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_assert_no_error (error);
  duplex_export_jsonl_append (line, NULL, &event, NULL, NULL);
  g_assert_true (g_utf8_validate (line->str, (gssize)line->len, NULL));
  g_assert_true (duplex_jsonl_reader_parse (reader, line->str, line->len - 1, &event, &error));
  duplex_export_jsonl_append (again, NULL, &event, NULL, NULL);
  g_assert_true (g_string_equal (line, again));
  return 0;
}
