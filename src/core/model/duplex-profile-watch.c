/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-watch.h"

#include <gio/gio.h>

/* An editor's save is several events, a git checkout hundreds; a person does not notice this
 * long. */
#define SETTLE_MS 200

struct _DuplexProfileWatch
{
  char                  *root;
  GMainContext          *context;
  GHashTable            *monitors; /* folder -> GFileMonitor */
  GSource               *source;   /* attached, or NULL */
  DuplexProfileWatchFunc changed;
  gpointer               user_data;
};

static gboolean
settled_cb (gpointer user_data)
{
  DuplexProfileWatch *self = user_data;

  g_clear_pointer (&self->source, g_source_unref);
  self->changed (self->user_data);

  return G_SOURCE_REMOVE;
}

/* Not put off by what comes later, so that a folder that never rests is picked up as well. */
static void
schedule (DuplexProfileWatch *self)
{
  if (self->source != NULL)
    return;

  self->source = g_timeout_source_new (SETTLE_MS);
  g_source_set_static_name (self->source, "[duplex] profiles changed");
  g_source_set_callback (self->source, settled_cb, self, NULL);
  g_source_attach (self->source, self->context);
}

static void
changed_cb (GFileMonitor       *monitor,
            GFile              *file,
            GFile              *other,
            GFileMonitorEvent   event,
            DuplexProfileWatch *self)
{
  schedule (self);
}

static void
drop_monitor (gpointer data)
{
  GFileMonitor *monitor = data;

  g_file_monitor_cancel (monitor);
  g_object_unref (monitor);
}

DuplexProfileWatch *
duplex_profile_watch_new (const char            *root,
                          DuplexProfileWatchFunc changed,
                          gpointer               user_data)
{
  DuplexProfileWatch *self = g_new0 (DuplexProfileWatch, 1);

  self->root = g_strdup (root);
  self->context = g_main_context_ref_thread_default ();
  self->monitors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, drop_monitor);
  self->changed = changed;
  self->user_data = user_data;

  return self;
}

void
duplex_profile_watch_free (DuplexProfileWatch *self)
{
  GHashTableIter iter;
  gpointer       monitor;

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);

  g_hash_table_iter_init (&iter, self->monitors);
  while (g_hash_table_iter_next (&iter, NULL, &monitor))
    g_signal_handlers_disconnect_by_data (monitor, self);
  g_clear_pointer (&self->monitors, g_hash_table_unref);

  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->root, g_free);
  g_free (self);
}

static void
add_folder (DuplexProfileWatch *self,
            const char         *folder)
{
  g_autofree char         *path = g_build_filename (self->root, folder, NULL);
  g_autoptr (GFile)        file = g_file_new_for_path (path);
  g_autoptr (GError)       error = NULL;
  g_autoptr (GFileMonitor) monitor = NULL;

  monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, &error);
  if (monitor == NULL)
    {
      /* Out of inotify watches, say: the profiles work, only changes from outside wait for a
       * start. */
      g_debug ("Not watching %s: %s", path, error->message);
      return;
    }

  g_signal_connect (monitor, "changed", G_CALLBACK (changed_cb), self);
  g_hash_table_insert (self->monitors, g_strdup (folder), g_steal_pointer (&monitor));
  schedule (self);
}

void
duplex_profile_watch_set_folders (DuplexProfileWatch *self,
                                  GPtrArray          *folders)
{
  GHashTableIter iter;
  gpointer       folder;
  gpointer       monitor;

  g_hash_table_iter_init (&iter, self->monitors);
  while (g_hash_table_iter_next (&iter, &folder, &monitor))
    {
      if (g_ptr_array_find_with_equal_func (folders, folder, g_str_equal, NULL))
        continue;
      g_signal_handlers_disconnect_by_data (monitor, self);
      g_hash_table_iter_remove (&iter);
    }

  for (guint i = 0; i < folders->len; i++)
    {
      folder = g_ptr_array_index (folders, i);
      if (!g_hash_table_contains (self->monitors, folder))
        add_folder (self, folder);
    }
}
