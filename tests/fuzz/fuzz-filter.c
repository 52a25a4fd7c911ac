/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/model/duplex-filter.h"
#include "core/proto/duplex-error.h"

/* An expression up to the first line end, and behind it the text of a message. */

static void
append (DuplexCapture *capture,
        const guint8  *data,
        gsize          size,
        guint8         opcode,
        guint          n_frames)
{
  const DuplexFinding finding = { DUPLEX_FINDING_INVALID_UTF8, 0 };
  DuplexEvent         event = DUPLEX_EVENT_INIT;

  event.direction = n_frames == 1 ? DUPLEX_DIRECTION_RECEIVED : DUPLEX_DIRECTION_SENT;
  event.connection = 1;
  event.opcode = opcode;
  event.message = opcode <= DUPLEX_OPCODE_BINARY;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.findings = &finding;
  event.n_findings = opcode == DUPLEX_OPCODE_BINARY;

  /* The frames one behind the other, the last of them with all that is left. */
  for (guint i = 0; i < n_frames; i++)
    {
      gboolean is_last = i + 1 == n_frames;

      event.payload = data;
      event.payload_size = is_last ? size : size / 2;
      event.message_size += event.payload_size;
      event.n_frames = i + 1;
      event.flags = is_last ? DUPLEX_EVENT_FLAG_ROW : 0;
      if (i == 0)
        event.first = duplex_capture_append (capture, &event);
      else
        duplex_capture_append (capture, &event);
      data += event.payload_size;
      size -= event.payload_size;
    }
}

static DuplexCapture *
make_capture (const guint8 *data,
              gsize         size)
{
  DuplexCapture *capture = duplex_capture_new ();

  append (capture, data, size, DUPLEX_OPCODE_TEXT, 1);
  append (capture, data, size, DUPLEX_OPCODE_BINARY, 3);
  append (capture, data, size, DUPLEX_OPCODE_CLOSE, 1);

  return capture;
}

/* A bit for each row that matches. */
static guint
match (DuplexCapture *capture,
       DuplexFilter  *filter)
{
  guint   rows = 0;
  guint64 number;

  for (guint row = 0; duplex_capture_find_row (capture, row, &number); row++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (capture, number, &event));
      rows |= (guint)duplex_filter_match (filter, capture, &event) << row;
    }

  return rows;
}

/* The other rows match what is said the other way round, and the text as it stands is found as if
 * one looked byte by byte. */
static void
check (const char   *text,
       const guint8 *data,
       gsize         size)
{
  g_autoptr (DuplexCapture) capture = make_capture (data, size);
  g_autoptr (GError)        error = NULL;
  g_autoptr (DuplexFilter)  filter = NULL;
  g_autoptr (DuplexFilter)  opposite = NULL;
  g_autofree char          *negated = g_strdup_printf ("not (%s)", text);
  guint                     column = 0;

  filter = duplex_filter_parse (text, &column, &error);
  if (filter == NULL)
    {
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_cmpuint (column, <=, strlen (text));
      return;
    }

  opposite = duplex_filter_parse (negated, NULL, NULL);
  if (opposite != NULL)
    g_assert_cmpuint (match (capture, filter) ^ match (capture, opposite), ==, 7);
}

static void
check_text (const char   *text,
            const guint8 *data,
            gsize         size)
{
  g_autoptr (DuplexCapture) capture = make_capture (data, size);
  g_autoptr (GError)        error = NULL;
  g_autoptr (DuplexFilter)  with_case = NULL;
  g_autoptr (DuplexFilter)  plain = NULL;
  g_autoptr (DuplexFilter)  regex = NULL;
  gsize                     len = strlen (text);
  gboolean                  found = FALSE;

  with_case = duplex_filter_new_for_text (text, DUPLEX_FILTER_TEXT_CASE, &error);
  plain = duplex_filter_new_for_text (text, DUPLEX_FILTER_TEXT_PLAIN, NULL);
  regex = duplex_filter_new_for_text (text, DUPLEX_FILTER_TEXT_REGEX, NULL);
  if (regex != NULL)
    match (capture, regex);
  if (with_case == NULL)
    {
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
      return;
    }

  for (gsize i = 0; i + len <= size && !found; i++)
    found = len == 0 || memcmp (data + i, text, len) == 0;
  found = found || len == 0;
  g_assert_cmpuint (match (capture, with_case) & 3, ==, found ? 3 : 0);
  /* What is found with case is found without. */
  g_assert_cmpuint (match (capture, with_case) & ~match (capture, plain), ==, 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const guint8    *end = size > 0 ? memchr (data, '\n', size) : NULL;
  gsize            len = end != NULL ? (gsize)(end - data) : size;
  g_autofree char *text = len > 0 ? g_strndup ((const char *)data, len) : g_strdup ("");

  data += MIN (len + 1, size);
  size -= MIN (len + 1, size);
  check (text, data, size);
  check_text (text, data, size);

  return 0;
}
