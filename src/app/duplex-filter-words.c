/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-filter-words.h"

#include <glib/gi18n.h>

#include "app/duplex-texts.h"

static const char *const chip_labels[] = {
  [DUPLEX_FILTER_CHIP_SENT] = NC_ ("filter", "Sent"),
  [DUPLEX_FILTER_CHIP_RECEIVED] = NC_ ("filter", "Received"),
  [DUPLEX_FILTER_CHIP_TEXT] = NC_ ("filter", "Text"),
  [DUPLEX_FILTER_CHIP_BINARY] = NC_ ("filter", "Binary"),
  [DUPLEX_FILTER_CHIP_CONTROL] = NC_ ("filter", "Control"),
  [DUPLEX_FILTER_CHIP_STATE] = NC_ ("filter", "State"),
  [DUPLEX_FILTER_CHIP_FINDING] = NC_ ("filter", "Findings"),
  [DUPLEX_FILTER_CHIP_BOOKMARK] = NC_ ("filter", "Bookmarks"),
  [DUPLEX_FILTER_CHIP_CLIENT] = NC_ ("filter", "Client"),
  [DUPLEX_FILTER_CHIP_BACKEND] = NC_ ("filter", "Backend"),
};

static const char *const placeholders[] = {
  [DUPLEX_FILTER_MODE_TEXT] = N_ ("Text to find"),
  [DUPLEX_FILTER_MODE_REGEX] = N_ ("Regular expression, such as id=[0-9]+"),
  [DUPLEX_FILTER_MODE_EXPRESSION] = N_ ("Such as received and size > 1k and $.type == \"trade\""),
};

const char *
duplex_filter_words_chip (DuplexFilterChip chip)
{
  g_return_val_if_fail (chip < DUPLEX_N_FILTER_CHIPS, "");

  return g_dpgettext2 (NULL, "filter", chip_labels[chip]);
}

const char *
duplex_filter_words_placeholder (DuplexFilterMode mode)
{
  g_return_val_if_fail ((guint)mode < G_N_ELEMENTS (placeholders), "");

  return _ (placeholders[mode]);
}

/* The number of row among the matches, from 1; 0 where it is none of them. */
static guint64
get_number (DuplexCaptureView *view,
            DuplexRow         *row)
{
  guint64 place = duplex_row_get_position (row);
  guint   position = duplex_capture_view_find (view, place);

  if (position >= g_list_model_get_n_items (G_LIST_MODEL (view)) ||
      duplex_capture_view_get_row (view, position) != place)
    return 0;

  return (guint64)position + 1;
}

static char *
describe_matches (DuplexCaptureView *view,
                  DuplexRow         *row,
                  gboolean           is_searching)
{
  guint            n = g_list_model_get_n_items (G_LIST_MODEL (view));
  guint64          number = row != NULL ? get_number (view, row) : 0;
  g_autofree char *count = duplex_text_count (n);
  g_autofree char *place = duplex_text_count (number);

  if (number > 0)
    /* Translators: of the matches of a search: the number of the selected one, and of all. */
    return g_strdup_printf (_ ("%s of %s"), place, count);
  if (n == 0)
    return g_strdup (is_searching ? _ ("Searching…") : _ ("No matches"));
  return g_strdup_printf (ngettext ("%s match", "%s matches", n), count);
}

char *
duplex_filter_words_status (DuplexCaptureView   *view,
                            DuplexRow           *row,
                            DuplexFilterProgress progress)
{
  g_autofree char *matches = NULL;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE_VIEW (view), NULL);

  matches = describe_matches (view, row, progress < DUPLEX_FILTER_DONE);
  switch (progress)
    {
    case DUPLEX_FILTER_STOPPED:
      /* Translators: of a search that was stopped: its matches so far. */
      return g_strdup_printf (_ ("%s (stopped)"), matches);
    case DUPLEX_FILTER_SLOW:
      /* Translators: matches so far, and how much of all has been searched. */
      return g_strdup_printf (_ ("%s · %d %%"), matches,
                              (int)(duplex_capture_view_get_progress (view) * 100));
    case DUPLEX_FILTER_BEGUN:
    case DUPLEX_FILTER_DONE:
    default:
      return g_steal_pointer (&matches);
    }
}
