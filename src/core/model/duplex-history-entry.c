/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-history-entry.h"

#include <string.h>

struct _DuplexHistoryEntry
{
  GObject parent_instance;

  char                *path;
  char                *base; /* of the file, without its ending, UTF-8 */
  DuplexCaptureSummary summary;
  GError              *error;
  char                *haystack; /* case folded, or NULL: not made yet */

  DuplexHistoryStamp stamp;
  gboolean           is_recorded;
};

G_DEFINE_FINAL_TYPE (DuplexHistoryEntry, duplex_history_entry, G_TYPE_OBJECT)

enum {
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
duplex_history_entry_finalize (GObject *object)
{
  DuplexHistoryEntry *self = DUPLEX_HISTORY_ENTRY (object);

  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->base, g_free);
  g_clear_pointer (&self->haystack, g_free);
  duplex_capture_summary_clear (&self->summary);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (duplex_history_entry_parent_class)->finalize (object);
}

static void
duplex_history_entry_class_init (DuplexHistoryEntryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = duplex_history_entry_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
duplex_history_entry_init (DuplexHistoryEntry *self)
{
}

DuplexHistoryEntry *
duplex_history_entry_new (const char               *path,
                          const DuplexHistoryStamp *stamp,
                          DuplexCaptureSummary     *summary,
                          gboolean                  is_recorded,
                          const GError             *error)
{
  DuplexHistoryEntry *self = g_object_new (DUPLEX_TYPE_HISTORY_ENTRY, NULL);

  self->path = g_strdup (path);
  self->base = g_filename_display_basename (path);
  if (g_str_has_suffix (self->base, DUPLEX_HISTORY_SUFFIX))
    self->base[strlen (self->base) - strlen (DUPLEX_HISTORY_SUFFIX)] = '\0';
  duplex_history_entry_update (self, stamp, summary, is_recorded, error);
  return self;
}

/* A file from anywhere may hold any bytes. */
static void
make_valid (char **text)
{
  char *valid;

  if (*text == NULL || g_utf8_validate (*text, -1, NULL))
    return;

  valid = g_utf8_make_valid (*text, -1);
  g_free (*text);
  *text = valid;
}

void
duplex_history_entry_update (DuplexHistoryEntry       *self,
                             const DuplexHistoryStamp *stamp,
                             DuplexCaptureSummary     *summary,
                             gboolean                  is_recorded,
                             const GError             *error)
{
  g_return_if_fail (DUPLEX_IS_HISTORY_ENTRY (self));
  g_return_if_fail (stamp != NULL);
  g_return_if_fail ((summary == NULL) == (error != NULL));

  self->stamp = *stamp;
  self->is_recorded = is_recorded;
  duplex_capture_summary_clear (&self->summary);
  g_clear_error (&self->error);
  g_clear_pointer (&self->haystack, g_free);
  if (summary != NULL)
    {
      self->summary = *summary;
      memset (summary, 0, sizeof *summary);
      make_valid (&self->summary.title);
      make_valid (&self->summary.profile);
      make_valid (&self->summary.url);
      make_valid (&self->summary.error);
    }
  else
    self->error = g_error_copy (error);

  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

const char *
duplex_history_entry_get_path (DuplexHistoryEntry *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (self), NULL);

  return self->path;
}

const DuplexHistoryStamp *
duplex_history_entry_get_stamp (DuplexHistoryEntry *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (self), NULL);

  return &self->stamp;
}

DuplexHistoryState
duplex_history_entry_get_state (DuplexHistoryEntry *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (self), DUPLEX_HISTORY_UNREADABLE);

  if (self->error != NULL)
    return DUPLEX_HISTORY_UNREADABLE;
  if (!self->summary.is_live)
    return DUPLEX_HISTORY_FINISHED;
  return self->is_recorded ? DUPLEX_HISTORY_LIVE : DUPLEX_HISTORY_INTERRUPTED;
}

const DuplexCaptureSummary *
duplex_history_entry_get_summary (DuplexHistoryEntry *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (self), NULL);

  return &self->summary;
}

const GError *
duplex_history_entry_get_error (DuplexHistoryEntry *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (self), NULL);

  return self->error;
}

gint64
duplex_history_entry_get_created (DuplexHistoryEntry *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (self), 0);

  return self->error == NULL ? self->summary.created_us : self->stamp.mtime_us;
}

static gboolean
is_set (const char *text)
{
  return text != NULL && *text != '\0';
}

const char *
duplex_history_entry_get_name (DuplexHistoryEntry *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (self), NULL);

  if (is_set (self->summary.title))
    return self->summary.title;
  if (is_set (self->summary.profile))
    return self->summary.profile;
  return is_set (self->summary.url) ? self->summary.url : self->base;
}

gboolean
duplex_history_entry_matches (DuplexHistoryEntry *self,
                              const char         *needle)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (self), FALSE);
  g_return_val_if_fail (needle != NULL, FALSE);

  if (self->haystack == NULL)
    {
      const DuplexCaptureSummary *summary = &self->summary;
      const char *const           texts[] = { summary->title, summary->profile, summary->url,
                                              self->base };
      g_autoptr (GString)         all = g_string_new (NULL);

      /* A line break cannot be typed: nothing is found across two texts. */
      for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
        if (is_set (texts[i]))
          g_string_append_printf (all, "%s\n", texts[i]);
      self->haystack = g_utf8_casefold (all->str, all->len);
    }
  return strstr (self->haystack, needle) != NULL;
}

int
duplex_history_entry_compare (DuplexHistoryEntry *self,
                              DuplexHistoryEntry *other)
{
  gint64 a = duplex_history_entry_get_created (self);
  gint64 b = duplex_history_entry_get_created (other);

  return a != b ? (a < b) - (a > b) : strcmp (self->path, other->path);
}
