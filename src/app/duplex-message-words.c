/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-words.h"

#include <glib/gi18n.h>

#include "app/duplex-deflate-words.h"
#include "app/duplex-texts.h"

static void
append (GString    *out,
        const char *part)
{
  g_string_append_printf (out, "%s%s", out->len > 0 ? " · " : "", part);
}

/* Direction, kind, size and number of frames of what was on the wire. */
static void
append_message (GString   *out,
                DuplexRow *row)
{
  const DuplexEvent *event = duplex_row_get_event (row);
  guint              n_frames = duplex_row_get_n_frames (row);
  g_autofree char   *size = duplex_deflate_words_dup_row_size (row);
  g_autofree char   *kind = NULL;

  g_string_append_printf (out, "%s %s", duplex_text_direction_arrow (event->direction),
                          duplex_text_direction (event->direction));
  kind = duplex_row_get_kind (row) == DUPLEX_ROW_CONTROL ? duplex_text_control (event)
                                                         : duplex_text_row_kind (row);
  append (out, kind);
  append (out, size);
  if (n_frames > 1)
    {
      g_autofree char *count = duplex_text_count (n_frames);
      g_autofree char *frames = NULL;

      frames = g_strdup_printf (ngettext ("%s frame", "%s frames", n_frames), count);
      append (out, frames);
    }
}

char *
duplex_message_words_dup_summary (DuplexRow *row)
{
  GString         *out;
  g_autofree char *time = NULL;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), NULL);

  out = g_string_new (NULL);
  if (duplex_row_get_n_frames (row) > 0)
    append_message (out, row);
  time = duplex_text_time (duplex_row_get_event (row)->time_us);
  append (out, time);
  return g_string_free (out, FALSE);
}

char *
duplex_message_words_dup_state (DuplexRow *row,
                                guint64    start,
                                guint64    end,
                                gboolean   is_broken)
{
  GString *out;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), NULL);

  if (start == 0 && end >= duplex_row_get_size (row) && !is_broken)
    return NULL;

  out = g_string_new (NULL);
  if (start > 0 || end < duplex_row_get_size (row))
    {
      g_autofree char *first = duplex_text_size (start);
      g_autofree char *last = duplex_text_size (end);
      g_autofree char *size = duplex_text_size (duplex_row_get_size (row));

      if (start > 0)
        /* Translators: three sizes: "1.0 MB to 3.0 MB of 9.9 MB shown". */
        g_string_append_printf (out, _ ("%s to %s of %s shown"), first, last, size);
      else
        /* Translators: two sizes: "256.0 kB of 3.1 MB shown". */
        g_string_append_printf (out, _ ("%s of %s shown"), last, size);
    }
  if (is_broken)
    append (out, _ ("Long lines are broken"));
  return g_string_free (out, FALSE);
}

char *
duplex_message_words_dup_problem (const DuplexMessageText *text)
{
  g_return_val_if_fail (text != NULL, NULL);

  if (text->json_problem == NULL)
    return NULL;
  if (text->json_line == 0)
    return g_strdup (_ ("Too large to be shown as JSON"));

  /* Translators: why a message is shown as text: the place, and the problem in English. */
  return g_strdup_printf (_ ("Not JSON: line %u, column %u: %s"), text->json_line,
                          text->json_column, text->json_problem);
}
