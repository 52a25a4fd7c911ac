/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file.h"
#include "core/model/duplex-history-files.h"

typedef struct
{
  const char *path; /* borrowed */
  guint64     bytes;
  gint64      created_us;
  gboolean    is_removable;
} Candidate;

static int
compare_age (gconstpointer a,
             gconstpointer b)
{
  const Candidate *first = a;
  const Candidate *second = b;

  return (first->created_us > second->created_us) - (first->created_us < second->created_us);
}

/* What cannot be read has no age: it is left out. */
static GArray *
find_candidates (GPtrArray         *paths,
                 const char *const *keep)
{
  GArray *candidates = g_array_new (FALSE, FALSE, sizeof (Candidate));

  for (guint i = 0; i < paths->len; i++)
    {
      g_auto (DuplexCaptureSummary) summary = { 0 };
      Candidate                     candidate = { .path = g_ptr_array_index (paths, i) };

      if (!duplex_capture_file_read_summary (candidate.path, &summary, NULL))
        continue;
      candidate.bytes = summary.file_bytes;
      candidate.created_us = summary.created_us;
      candidate.is_removable =
        (keep == NULL || !g_strv_contains (keep, candidate.path)) &&
        (!summary.is_live || !duplex_history_files_is_recorded (candidate.path));
      g_array_append_val (candidates, candidate);
    }
  g_array_sort (candidates, compare_age);
  return candidates;
}

gboolean
duplex_history_files_enforce (const char        *folder,
                              guint64            budget,
                              const char *const *keep,
                              guint             *ret_count,
                              guint64           *ret_bytes,
                              GError           **error)
{
  g_autoptr (GPtrArray) paths = duplex_history_files_list (folder, error);
  g_autoptr (GArray)    candidates = NULL;
  guint64               total = 0;
  guint64               removed = 0;
  guint                 count = 0;

  if (paths == NULL)
    return FALSE;

  for (guint i = 0; i < paths->len; i++)
    {
      DuplexHistoryStamp stamp;

      if (duplex_history_files_stat (g_ptr_array_index (paths, i), &stamp))
        total += stamp.bytes;
    }
  if (total > budget)
    candidates = find_candidates (paths, keep);

  /* The last one is the newest. */
  for (guint i = 0; candidates != NULL && i + 1 < candidates->len && total - removed > budget; i++)
    {
      const Candidate *candidate = &g_array_index (candidates, Candidate, i);

      if (!candidate->is_removable)
        continue;
      /* Hidden first: nobody opens one that is half gone. */
      if (!duplex_history_files_take_away (candidate->path, error) ||
          !duplex_history_files_destroy (candidate->path, error))
        return FALSE;
      removed += MIN (candidate->bytes, total - removed);
      count++;
    }

  *ret_count = count;
  *ret_bytes = removed;
  return TRUE;
}
