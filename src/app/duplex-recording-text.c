/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-recording-text.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "app/duplex-history-texts.h"
#include "app/duplex-texts.h"

static char *
describe_lost (guint64 n_not_kept)
{
  g_autofree char *count = duplex_text_count (n_not_kept);

  if (n_not_kept == 0)
    return g_strdup ("");

  /* Translators: the space belongs to it; a sentence comes before. An event is a frame or a change
   * of state. */
  return g_strdup_printf (ngettext (" %s event was not kept.", " %s events were not kept.",
                                    (gulong)MIN (n_not_kept, G_MAXULONG)),
                          count);
}

char *
duplex_recording_describe (DuplexRecording recording,
                           const char     *trouble,
                           guint64         n_not_kept)
{
  g_autofree char *lost = describe_lost (n_not_kept);

  switch (recording)
    {
    case DUPLEX_RECORDING_STALLED:
      if (trouble == NULL)
        return g_strdup_printf ("%s%s", _ ("Not recording."), lost);
      /* Translators: the reason, in English; then maybe a sentence about what is lost. */
      return g_strdup_printf (_ ("Not recording: %s.%s"), trouble, lost);
    case DUPLEX_RECORDING_STORED:
      if (trouble == NULL)
        return NULL;
      /* Translators: what is missing, in English; then maybe a sentence about what is lost. */
      return g_strdup_printf (_ ("This recording is not whole: %s.%s"), trouble, lost);
    case DUPLEX_RECORDING_OFF:
    case DUPLEX_RECORDING_ON:
    case DUPLEX_RECORDING_ENDED:
    default:
      return n_not_kept > 0 ? g_strdup (g_strstrip (lost)) : NULL;
    }
}

char *
duplex_recording_text (DuplexRecording recording,
                       guint64         bytes)
{
  g_autofree char *size = duplex_text_file_size (bytes);

  switch (recording)
    {
    case DUPLEX_RECORDING_ON:
      /* Translators: %s is the size of the file. */
      return g_strdup_printf (_ ("Recording · %s"), size);
    case DUPLEX_RECORDING_STALLED:
      return g_strdup (_ ("Not recording"));
    case DUPLEX_RECORDING_ENDED:
      /* Translators: %s is the size of the file. */
      return g_strdup_printf (_ ("Recorded · %s"), size);
    case DUPLEX_RECORDING_STORED:
      /* Translators: a recording that is kept in a file; %s is its size. */
      return g_strdup_printf (_ ("Stored · %s"), size);
    case DUPLEX_RECORDING_OFF:
    default:
      return g_strdup (_ ("Not recorded"));
    }
}

guint64
duplex_recording_measure (const char *path)
{
  g_autofree char *log = NULL;
  const char      *paths[2] = { path, NULL };
  guint64          bytes = 0;

  g_return_val_if_fail (path != NULL, 0);

  paths[1] = log = g_strconcat (path, "-wal", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      GStatBuf info;

      if (g_stat (paths[i], &info) == 0)
        bytes += (guint64)info.st_size;
    }

  return bytes;
}
