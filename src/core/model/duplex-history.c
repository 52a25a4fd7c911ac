/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-history.h"

#include <unistd.h>

#include "core/model/duplex-history-private.h"
#include "core/model/duplex-history-scan.h"

/* A recording writes many times a second; a person reads a list. */
#define LOOK_INTERVAL_MS 1000

/* What comes right after another change has a moment to be complete. */
#define SETTLE_MS 100

struct _DuplexHistory
{
  GObject parent_instance;

  char         *folder;
  char         *trouble;
  GPtrArray    *entries; /* sorted */
  GHashTable   *by_path; /* of entries */
  GHashTable   *deleted; /* path -> entry */
  GCancellable *cancellable;
  GFileMonitor *monitor; /* while somebody watches, or NULL */
  GSource      *timer;   /* attached, or NULL */

  guint64  bytes;
  gint64   last_look; /* monotonic */
  guint    watchers;
  int      hold; /* while something is deleted, or -1 */
  gboolean is_loading;
  gboolean is_scanning;
  gboolean look_again; /* something changed during the look */
};

static void list_model_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexHistory,
                               duplex_history,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

enum {
  PROP_0,
  PROP_LOADING,
  PROP_BYTES,
  PROP_TROUBLE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void look (DuplexHistory *self);

/* -- the list ---------------------------------------------------------------------------------- */

static void
update_bytes (DuplexHistory *self)
{
  guint64 bytes = 0;

  for (guint i = 0; i < self->entries->len; i++)
    bytes += duplex_history_entry_get_stamp (g_ptr_array_index (self->entries, i))->bytes;
  if (self->bytes == bytes)
    return;

  self->bytes = bytes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTES]);
}

static int
compare_entries (gconstpointer a,
                 gconstpointer b)
{
  return duplex_history_entry_compare (*(DuplexHistoryEntry *const *)a,
                                       *(DuplexHistoryEntry *const *)b);
}

/* Sorts entries, puts them in the place of the old ones, and tells of the range that differs: what
 * came, went or moved is next to each other most of the time. */
static void
replace_entries (DuplexHistory *self,
                 GPtrArray     *entries)
{
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->entries);
  guint                 first = 0;
  guint                 last = 0;
  guint                 n = MIN (old->len, entries->len);
  gpointer             *old_end = old->pdata + old->len;
  gpointer             *new_end = entries->pdata + entries->len;

  g_ptr_array_sort (entries, compare_entries);
  while (first < n && old->pdata[first] == entries->pdata[first])
    first++;
  while (last < n - first && old_end[-1 - (int)last] == new_end[-1 - (int)last])
    last++;

  self->entries = g_ptr_array_ref (entries);
  g_hash_table_remove_all (self->by_path);
  for (guint i = 0; i < entries->len; i++)
    g_hash_table_insert (self->by_path,
                         (gpointer)duplex_history_entry_get_path (entries->pdata[i]),
                         entries->pdata[i]);
  if (first + last < MAX (old->len, entries->len))
    g_list_model_items_changed (G_LIST_MODEL (self), first, old->len - first - last,
                                entries->len - first - last);
}

static GPtrArray *
copy_entries (DuplexHistory *self)
{
  GPtrArray *copy = g_ptr_array_new_full (self->entries->len, g_object_unref);

  for (guint i = 0; i < self->entries->len; i++)
    g_ptr_array_add (copy, g_object_ref (self->entries->pdata[i]));
  return copy;
}

static void
remove_entry (DuplexHistory      *self,
              DuplexHistoryEntry *entry)
{
  g_autoptr (GPtrArray) entries = copy_entries (self);

  g_ptr_array_remove (entries, entry);
  replace_entries (self, entries);
  update_bytes (self);
}

/* -- looking at the folder --------------------------------------------------------------------- */

static void
found_cb (GPtrArray *found,
          gpointer   user_data)
{
  DuplexHistory        *self = DUPLEX_HISTORY (user_data);
  g_autoptr (GPtrArray) entries = copy_entries (self);

  for (guint i = 0; i < found->len; i++)
    {
      DuplexHistoryFound   *item = g_ptr_array_index (found, i);
      DuplexHistoryEntry   *entry = g_hash_table_lookup (self->by_path, item->path);
      DuplexCaptureSummary *summary = item->error == NULL ? &item->summary : NULL;

      if (g_hash_table_contains (self->deleted, item->path))
        continue;
      if (entry != NULL)
        duplex_history_entry_update (entry, &item->stamp, summary, item->is_recorded, item->error);
      else
        g_ptr_array_add (entries, duplex_history_entry_new (item->path, &item->stamp, summary,
                                                            item->is_recorded, item->error));
    }
  replace_entries (self, entries);
  update_bytes (self);
}

static void
drop_missing (DuplexHistory *self,
              GHashTable    *present)
{
  g_autoptr (GPtrArray) entries = copy_entries (self);

  for (guint i = entries->len; i-- > 0;)
    if (!g_hash_table_contains (present, duplex_history_entry_get_path (entries->pdata[i])))
      g_ptr_array_remove_index (entries, i);
  replace_entries (self, entries);
  update_bytes (self);
}

static void
set_trouble (DuplexHistory *self,
             const char    *trouble)
{
  if (g_strcmp0 (self->trouble, trouble) == 0)
    return;

  g_free (self->trouble);
  self->trouble = g_strdup (trouble);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TROUBLE]);
}

static gboolean
timer_cb (gpointer user_data)
{
  DuplexHistory *self = DUPLEX_HISTORY (user_data);

  g_clear_pointer (&self->timer, g_source_unref);
  look (self);
  return G_SOURCE_REMOVE;
}

static void
schedule (DuplexHistory *self)
{
  gint64 since = (g_get_monotonic_time () - self->last_look) / 1000;

  if (self->is_scanning)
    self->look_again = TRUE;
  if (self->is_scanning || self->timer != NULL || self->watchers == 0)
    return;

  self->timer = g_timeout_source_new (MAX (SETTLE_MS, LOOK_INTERVAL_MS - since));
  g_source_set_static_name (self->timer, "[duplex] captures changed");
  g_source_set_callback (self->timer, timer_cb, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

static void
scan_ready_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  DuplexHistory         *self = DUPLEX_HISTORY (user_data);
  g_autoptr (GError)     error = NULL;
  g_autoptr (GHashTable) present = duplex_history_scan_finish (result, &error);
  gboolean               again = self->look_again;

  self->is_scanning = FALSE;
  self->look_again = FALSE;
  set_trouble (self, error != NULL ? error->message : NULL);
  /* What was restored during the look is not among what was present at its beginning. */
  if (present != NULL && !again)
    drop_missing (self, present);
  if (again)
    schedule (self);
  if (self->is_loading)
    {
      self->is_loading = FALSE;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOADING]);
    }
}

/* A recording that is broken off changes no file: who may be gone is looked at again. */
static GHashTable *
dup_known (DuplexHistory *self)
{
  GHashTable *known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < self->entries->len; i++)
    {
      DuplexHistoryEntry *entry = self->entries->pdata[i];
      DuplexHistoryKnown *item = g_new0 (DuplexHistoryKnown, 1);

      item->stamp = *duplex_history_entry_get_stamp (entry);
      item->look_again = duplex_history_entry_get_state (entry) == DUPLEX_HISTORY_LIVE;
      g_hash_table_insert (known, g_strdup (duplex_history_entry_get_path (entry)), item);
    }
  return known;
}

static void
look (DuplexHistory *self)
{
  if (self->is_scanning)
    {
      self->look_again = TRUE;
      return;
    }

  self->is_scanning = TRUE;
  self->last_look = g_get_monotonic_time ();
  duplex_history_scan_async (self->folder, dup_known (self), self->cancellable, found_cb,
                             scan_ready_cb, self);
}

static void
start_monitor (DuplexHistory *self)
{
  g_autoptr (GFile)  file = g_file_new_for_path (self->folder);
  g_autoptr (GError) error = NULL;

  g_mkdir_with_parents (self->folder, 0700);
  self->monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, &error);
  if (self->monitor == NULL)
    {
      g_debug ("Not watching %s: %s", self->folder, error->message);
      return;
    }
  g_file_monitor_set_rate_limit (self->monitor, LOOK_INTERVAL_MS);
  g_signal_connect_swapped (self->monitor, "changed", G_CALLBACK (schedule), self);
}

static void
stop_monitor (DuplexHistory *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  if (self->monitor == NULL)
    return;

  g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_file_monitor_cancel (self->monitor);
  g_clear_object (&self->monitor);
}

/* -- class ------------------------------------------------------------------------------------- */

static GType
duplex_history_get_item_type (GListModel *list)
{
  return DUPLEX_TYPE_HISTORY_ENTRY;
}

static guint
duplex_history_get_n_items (GListModel *list)
{
  return DUPLEX_HISTORY (list)->entries->len;
}

static gpointer
duplex_history_get_item (GListModel *list,
                         guint       position)
{
  DuplexHistory *self = DUPLEX_HISTORY (list);

  return position < self->entries->len ? g_object_ref (self->entries->pdata[position]) : NULL;
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = duplex_history_get_item_type;
  iface->get_n_items = duplex_history_get_n_items;
  iface->get_item = duplex_history_get_item;
}

static void
duplex_history_dispose (GObject *object)
{
  DuplexHistory *self = DUPLEX_HISTORY (object);

  g_cancellable_cancel (self->cancellable);
  stop_monitor (self);

  G_OBJECT_CLASS (duplex_history_parent_class)->dispose (object);
}

static void
duplex_history_finalize (GObject *object)
{
  DuplexHistory *self = DUPLEX_HISTORY (object);
  GHashTableIter iter;
  gpointer       path;

  /* Nobody is left who could ask for it back. */
  g_hash_table_iter_init (&iter, self->deleted);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    duplex_history_files_destroy (path, NULL);
  if (self->hold >= 0)
    close (self->hold);

  g_clear_pointer (&self->deleted, g_hash_table_unref);
  g_clear_pointer (&self->by_path, g_hash_table_unref);
  g_clear_pointer (&self->entries, g_ptr_array_unref);
  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->trouble, g_free);
  g_clear_object (&self->cancellable);

  G_OBJECT_CLASS (duplex_history_parent_class)->finalize (object);
}

static void
duplex_history_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  DuplexHistory *self = DUPLEX_HISTORY (object);

  switch (prop_id)
    {
    case PROP_LOADING:
      g_value_set_boolean (value, self->is_loading);
      break;
    case PROP_BYTES:
      g_value_set_uint64 (value, self->bytes);
      break;
    case PROP_TROUBLE:
      g_value_set_string (value, self->trouble);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_history_class_init (DuplexHistoryClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->dispose = duplex_history_dispose;
  object_class->finalize = duplex_history_finalize;
  object_class->get_property = duplex_history_get_property;

  properties[PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, TRUE, flags);
  properties[PROP_BYTES] =
    g_param_spec_uint64 ("bytes", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_TROUBLE] = g_param_spec_string ("trouble", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_history_init (DuplexHistory *self)
{
  self->entries = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_path = g_hash_table_new (g_str_hash, g_str_equal);
  self->deleted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->cancellable = g_cancellable_new ();
  self->hold = -1;
  self->is_loading = TRUE;
}

DuplexHistory *
duplex_history_new (const char *folder)
{
  DuplexHistory *self;

  g_return_val_if_fail (folder != NULL, NULL);

  self = g_object_new (DUPLEX_TYPE_HISTORY, NULL);
  self->folder = g_strdup (folder);
  duplex_history_files_recover (folder);
  return self;
}

const char *
duplex_history_get_folder (DuplexHistory *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY (self), NULL);

  return self->folder;
}

gboolean
duplex_history_is_loading (DuplexHistory *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY (self), FALSE);

  return self->is_loading;
}

guint64
duplex_history_get_bytes (DuplexHistory *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY (self), 0);

  return self->bytes;
}

const char *
duplex_history_get_trouble (DuplexHistory *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY (self), NULL);

  return self->trouble;
}

void
duplex_history_watch (DuplexHistory *self)
{
  g_return_if_fail (DUPLEX_IS_HISTORY (self));

  if (self->watchers++ > 0)
    return;
  start_monitor (self);
  look (self);
}

void
duplex_history_unwatch (DuplexHistory *self)
{
  g_return_if_fail (DUPLEX_IS_HISTORY (self));
  g_return_if_fail (self->watchers > 0);

  if (--self->watchers == 0)
    stop_monitor (self);
}

DuplexHistoryEntry *
duplex_history_lookup (DuplexHistory *self,
                       const char    *path)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  return g_hash_table_lookup (self->by_path, path);
}

gboolean
duplex_history_delete (DuplexHistory      *self,
                       DuplexHistoryEntry *entry,
                       GError            **error)
{
  const char *path;

  g_return_val_if_fail (DUPLEX_IS_HISTORY (self), FALSE);
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (entry), FALSE);

  path = duplex_history_entry_get_path (entry);
  if (duplex_history_entry_get_state (entry) == DUPLEX_HISTORY_LIVE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s is being recorded", path);
      return FALSE;
    }
  if (!duplex_history_files_take_away (path, error))
    return FALSE;

  if (self->hold < 0)
    self->hold = duplex_history_files_hold (self->folder);
  g_hash_table_insert (self->deleted, g_strdup (path), g_object_ref (entry));
  remove_entry (self, entry);
  return TRUE;
}

static void
forget_deleted (DuplexHistory *self,
                const char    *path)
{
  g_hash_table_remove (self->deleted, path);
  if (g_hash_table_size (self->deleted) > 0 || self->hold < 0)
    return;

  close (self->hold);
  self->hold = -1;
}

gboolean
duplex_history_restore (DuplexHistory      *self,
                        DuplexHistoryEntry *entry,
                        GError            **error)
{
  g_autoptr (GPtrArray)          entries = NULL;
  g_autoptr (DuplexHistoryEntry) owned = NULL;
  const char                    *path;

  g_return_val_if_fail (DUPLEX_IS_HISTORY (self), FALSE);
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (entry), FALSE);

  path = duplex_history_entry_get_path (entry);
  if (!duplex_history_files_bring_back (path, error))
    return FALSE;

  owned = g_object_ref (entry);
  forget_deleted (self, path);
  entries = copy_entries (self);
  g_ptr_array_add (entries, g_steal_pointer (&owned));
  replace_entries (self, entries);
  update_bytes (self);
  schedule (self);
  return TRUE;
}

void
duplex_history_purge (DuplexHistory      *self,
                      DuplexHistoryEntry *entry)
{
  const char *path;

  g_return_if_fail (DUPLEX_IS_HISTORY (self));
  g_return_if_fail (DUPLEX_IS_HISTORY_ENTRY (entry));

  path = duplex_history_entry_get_path (entry);
  if (!g_hash_table_contains (self->deleted, path))
    return;

  duplex_history_destroy_in_thread (path);
  forget_deleted (self, path);
  schedule (self);
}

void
duplex_history_look (DuplexHistory *self)
{
  g_return_if_fail (DUPLEX_IS_HISTORY (self));

  if (self->watchers > 0)
    look (self);
}
