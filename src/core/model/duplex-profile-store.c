/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "core/model/duplex-profile-entry.h"
#include "core/model/duplex-profile-files.h"
#include "core/model/duplex-profile-private.h"
#include "core/model/duplex-profile-watch.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

struct _DuplexProfileStore
{
  GObject parent_instance;

  /* owned */
  char               *root;
  GPtrArray          *entries; /* of DuplexProfileEntry, in the order of the list */
  DuplexProfileWatch *watch;   /* NULL until loaded */
};

struct _DuplexDeletedProfile
{
  DuplexProfile *profile;
  char          *path;
  GBytes        *contents;
};

static const struct
{
  const char *folder;
  const char *name;
  const char *url;
} first_run[] = {
  { "", "Demo", "demo:/echo" },
  { "Public test servers", "WebSocket.org echo", "wss://echo.websocket.org" },
  { "Public test servers", "Postman echo", "wss://ws.postman-echo.com/raw" },
  { "Public test servers", "SocketsBay demo", "wss://socketsbay.com/wss/v2/1/demo/" },
};

static void duplex_profile_store_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexProfileStore,
                               duplex_profile_store,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      duplex_profile_store_list_model_init))

/* Entries */

static DuplexProfileEntry *
get_entry (DuplexProfileStore *self,
           guint               i)
{
  return g_ptr_array_index (self->entries, i);
}

static DuplexProfileEntry *
find_profile (DuplexProfileStore *self,
              DuplexProfile      *profile)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (get_entry (self, i)->profile == profile)
      return get_entry (self, i);

  return NULL;
}

static DuplexProfileEntry *
find_path (DuplexProfileStore *self,
           const char         *path)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (strcmp (get_entry (self, i)->path, path) == 0)
      return get_entry (self, i);

  return NULL;
}

static guint
find_position (DuplexProfileStore       *self,
               const DuplexProfileEntry *entry)
{
  guint position = 0;

  while (position < self->entries->len &&
         duplex_profile_entry_compare (get_entry (self, position), entry) < 0)
    position++;

  return position;
}

/* Takes entry. */
static void
insert_entry (DuplexProfileStore *self,
              DuplexProfileEntry *entry)
{
  guint position = find_position (self, entry);

  g_ptr_array_insert (self->entries, position, entry);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
}

static void
remove_entry (DuplexProfileStore *self,
              DuplexProfileEntry *entry)
{
  guint position;

  if (!g_ptr_array_find (self->entries, entry, &position))
    g_assert_not_reached ();

  duplex_profile_set_id (entry->profile, "");
  g_ptr_array_remove_index (self->entries, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
}

/* After a change of name or folder. Told as one change of the stretch between both places, so that
 * a selection finds its item again. */
static void
move_entry (DuplexProfileStore *self,
            DuplexProfileEntry *entry)
{
  guint from;
  guint to;
  guint n;

  if (!g_ptr_array_find (self->entries, entry, &from))
    g_assert_not_reached ();

  g_ptr_array_steal_index (self->entries, from);
  to = find_position (self, entry);
  g_ptr_array_insert (self->entries, to, entry);
  if (from == to)
    return;

  n = MAX (from, to) - MIN (from, to) + 1;
  g_list_model_items_changed (G_LIST_MODEL (self), MIN (from, to), n, n);
}

/* Reading the folder */

static gboolean
is_same (GBytes *a,
         GBytes *b)
{
  return a != NULL && b != NULL && g_bytes_equal (a, b);
}

/* Reads a file that is in the list again. */
static void
update_entry (DuplexProfileStore *self,
              DuplexProfileEntry *entry,
              GBytes             *contents,
              const GError       *error)
{
  /* Mostly we are told of what we wrote ourselves. */
  if (is_same (contents, entry->contents))
    return;
  if (error != NULL && g_strcmp0 (duplex_profile_get_error (entry->profile), error->message) == 0)
    return;

  duplex_profile_entry_set_contents (entry, contents, error);
  move_entry (self, entry);
}

/* A file that is not in the list: one that was moved there from outside stays the same object. */
static void
add_path (DuplexProfileStore *self,
          const char         *path,
          GPtrArray          *gone,
          GBytes             *contents,
          const GError       *error)
{
  for (guint i = 0; i < gone->len; i++)
    {
      DuplexProfileEntry *entry = g_ptr_array_index (gone, i);

      if (!is_same (contents, entry->contents))
        continue;
      g_ptr_array_remove_index (gone, i);
      duplex_profile_entry_set_path (entry, path);
      duplex_profile_entry_set_contents (entry, contents, error);
      move_entry (self, entry);
      return;
    }

  insert_entry (self, duplex_profile_entry_new (NULL, path, contents, error));
}

/* The entries whose files are not among paths. */
static GPtrArray *
find_gone (DuplexProfileStore *self,
           GPtrArray          *paths)
{
  g_autoptr (GHashTable) set = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray             *gone = g_ptr_array_new ();

  for (guint i = 0; i < paths->len; i++)
    g_hash_table_add (set, g_ptr_array_index (paths, i));
  for (guint i = 0; i < self->entries->len; i++)
    if (!g_hash_table_contains (set, get_entry (self, i)->path))
      g_ptr_array_add (gone, get_entry (self, i));

  return gone;
}

/* Makes the list what the folder is. */
static gboolean
rescan (DuplexProfileStore *self,
        GError            **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) gone = NULL;

  if (!duplex_profile_files_scan (self->root, paths, folders, error))
    return FALSE;

  gone = find_gone (self, paths);
  for (guint i = 0; i < paths->len; i++)
    {
      const char         *path = g_ptr_array_index (paths, i);
      DuplexProfileEntry *entry = find_path (self, path);
      g_autoptr (GError)  local_error = NULL;
      g_autoptr (GBytes)  contents = NULL;

      contents = duplex_profile_files_read (self->root, path, DUPLEX_LIMIT_PROFILE, &local_error);
      if (entry != NULL)
        update_entry (self, entry, contents, local_error);
      else
        add_path (self, path, gone, contents, local_error);
    }
  for (guint i = 0; i < gone->len; i++)
    remove_entry (self, g_ptr_array_index (gone, i));

  if (self->watch != NULL)
    duplex_profile_watch_set_folders (self->watch, folders);

  return TRUE;
}

static void
changed_cb (gpointer user_data)
{
  g_autoptr (DuplexProfileStore) self = g_object_ref (user_data);
  g_autoptr (GError)             error = NULL;

  /* The folder may be gone for a moment, as in a git checkout. What is known stays. */
  if (!rescan (self, &error))
    g_debug ("%s", error->message);
}

/* GListModel */

static GType
duplex_profile_store_get_item_type (GListModel *model)
{
  return DUPLEX_TYPE_PROFILE;
}

static guint
duplex_profile_store_get_n_items (GListModel *model)
{
  return DUPLEX_PROFILE_STORE (model)->entries->len;
}

static gpointer
duplex_profile_store_get_item (GListModel *model,
                               guint       position)
{
  DuplexProfileStore *self = DUPLEX_PROFILE_STORE (model);

  if (position >= self->entries->len)
    return NULL;

  return g_object_ref (get_entry (self, position)->profile);
}

static void
duplex_profile_store_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = duplex_profile_store_get_item_type;
  iface->get_n_items = duplex_profile_store_get_n_items;
  iface->get_item = duplex_profile_store_get_item;
}

/* GObject */

static void
duplex_profile_store_dispose (GObject *object)
{
  DuplexProfileStore *self = DUPLEX_PROFILE_STORE (object);

  g_clear_pointer (&self->watch, duplex_profile_watch_free);

  G_OBJECT_CLASS (duplex_profile_store_parent_class)->dispose (object);
}

static void
duplex_profile_store_finalize (GObject *object)
{
  DuplexProfileStore *self = DUPLEX_PROFILE_STORE (object);

  g_clear_pointer (&self->entries, g_ptr_array_unref);
  g_clear_pointer (&self->root, g_free);

  G_OBJECT_CLASS (duplex_profile_store_parent_class)->finalize (object);
}

static void
duplex_profile_store_class_init (DuplexProfileStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = duplex_profile_store_dispose;
  object_class->finalize = duplex_profile_store_finalize;
}

static void
duplex_profile_store_init (DuplexProfileStore *self)
{
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify)duplex_profile_entry_free);
}

DuplexProfileStore *
duplex_profile_store_new (const char *path)
{
  DuplexProfileStore *self;

  g_return_val_if_fail (path != NULL, NULL);

  self = g_object_new (DUPLEX_TYPE_PROFILE_STORE, NULL);
  self->root = g_strdup (path);

  return self;
}

static GBytes *
get_text (DuplexProfile *profile,
          GError       **error)
{
  char *text = duplex_profile_to_json (profile);
  gsize len = strlen (text);

  if (len > DUPLEX_LIMIT_PROFILE)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG,
                   "%" G_GSIZE_FORMAT " bytes are over the limit of %" G_GSIZE_FORMAT, len,
                   DUPLEX_LIMIT_PROFILE);
      g_free (text);
      return NULL;
    }

  return g_bytes_new_take (text, len);
}

static gboolean
write_first_run (DuplexProfileStore *self,
                 GError            **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (first_run); i++)
    {
      g_autoptr (DuplexProfile) profile = duplex_profile_new (first_run[i].name, first_run[i].url);
      g_autoptr (GBytes)        text = get_text (profile, error);
      g_autofree char          *path = NULL;

      path = duplex_profile_files_get_free_path (self->root, first_run[i].folder,
                                                 first_run[i].name);
      if (text == NULL || !duplex_profile_files_write (self->root, path, text, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
duplex_profile_store_load (DuplexProfileStore *self,
                           GError            **error)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE_STORE (self), FALSE);
  g_return_val_if_fail (self->watch == NULL, FALSE);

  if (!g_file_test (self->root, G_FILE_TEST_EXISTS) && !write_first_run (self, error))
    return FALSE;

  self->watch = duplex_profile_watch_new (self->root, changed_cb, self);
  if (rescan (self, error))
    return TRUE;

  g_clear_pointer (&self->watch, duplex_profile_watch_free);

  return FALSE;
}

const char *
duplex_profile_store_get_path (DuplexProfileStore *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE_STORE (self), NULL);

  return self->root;
}

DuplexProfile *
duplex_profile_store_lookup (DuplexProfileStore *self,
                             const char         *id)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE_STORE (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  for (guint i = 0; i < self->entries->len; i++)
    {
      DuplexProfile *profile = get_entry (self, i)->profile;

      if (strcmp (duplex_profile_get_id (profile), id) == 0)
        return profile;
    }

  return NULL;
}

/* Saving */

static gboolean
fail_unreadable (DuplexProfile *profile,
                 GError       **error)
{
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO, "%s.json cannot be read and is left alone: %s",
               duplex_profile_get_id (profile), duplex_profile_get_error (profile));

  return FALSE;
}

static gboolean
save_new (DuplexProfileStore *self,
          DuplexProfile      *profile,
          const char         *folder,
          GBytes             *text,
          GError            **error)
{
  g_autofree char *safe_folder = duplex_profile_files_safe_folder (folder != NULL ? folder : "");
  g_autofree char *path = NULL;

  path = duplex_profile_files_get_free_path (self->root, safe_folder,
                                             duplex_profile_get_name (profile));
  if (!duplex_profile_files_write (self->root, path, text, error))
    return FALSE;

  insert_entry (self, duplex_profile_entry_new (profile, path, text, NULL));

  return TRUE;
}

/* Where the file became unreadable since we looked, that is not ours to overwrite either. */
static gboolean
is_readable_still (DuplexProfileStore *self,
                   DuplexProfileEntry *entry)
{
  g_autoptr (GError)        error = NULL;
  g_autoptr (GBytes)        contents = NULL;
  g_autoptr (DuplexProfile) profile = NULL;

  if (!duplex_profile_files_exists (self->root, entry->path))
    return TRUE;

  contents = duplex_profile_files_read (self->root, entry->path, DUPLEX_LIMIT_PROFILE, &error);
  if (is_same (contents, entry->contents))
    return TRUE;
  if (contents != NULL)
    profile = duplex_profile_entry_parse (contents, NULL);
  if (profile != NULL)
    return TRUE;

  duplex_profile_entry_set_contents (entry, contents, error);
  move_entry (self, entry);

  return FALSE;
}

/* The path that the file shall have: its own, unless the profile got another name. */
static char *
get_new_path (DuplexProfileStore *self,
              DuplexProfileEntry *entry)
{
  const char      *name = duplex_profile_get_name (entry->profile);
  g_autofree char *base = duplex_profile_files_get_base (entry->path);
  g_autofree char *safe = duplex_profile_files_safe_name (name);
  g_autofree char *folder = NULL;

  if (strcmp (name, entry->name) == 0 || strcmp (safe, base) == 0)
    return g_strdup (entry->path);

  folder = duplex_profile_files_get_folder (entry->path);

  return duplex_profile_files_get_free_path (self->root, folder, name);
}

static gboolean
save_known (DuplexProfileStore *self,
            DuplexProfileEntry *entry,
            GBytes             *text,
            GError            **error)
{
  g_autofree char *path = get_new_path (self, entry);

  if (!duplex_profile_files_write (self->root, path, text, error))
    return FALSE;

  if (strcmp (path, entry->path) != 0 &&
      !duplex_profile_files_remove (self->root, entry->path, error))
    {
      duplex_profile_files_remove (self->root, path, NULL);
      return FALSE;
    }

  duplex_profile_entry_set_path (entry, path);
  duplex_profile_entry_set_contents (entry, text, NULL);
  move_entry (self, entry);

  return TRUE;
}

gboolean
duplex_profile_store_save (DuplexProfileStore *self,
                           DuplexProfile      *profile,
                           const char         *folder,
                           GError            **error)
{
  g_autoptr (GBytes)  text = NULL;
  DuplexProfileEntry *entry;

  g_return_val_if_fail (DUPLEX_IS_PROFILE_STORE (self), FALSE);
  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), FALSE);

  if (duplex_profile_get_error (profile) != NULL)
    return fail_unreadable (profile, error);

  text = get_text (profile, error);
  if (text == NULL)
    return FALSE;

  entry = find_profile (self, profile);
  if (entry == NULL)
    return save_new (self, profile, folder, text, error);
  if (!is_readable_still (self, entry))
    return fail_unreadable (profile, error);

  return save_known (self, entry, text, error);
}

/* Deleting */

gboolean
duplex_profile_store_delete (DuplexProfileStore    *self,
                             DuplexProfile         *profile,
                             DuplexDeletedProfile **ret_undo,
                             GError               **error)
{
  g_autoptr (GBytes)    contents = NULL;
  DuplexProfileEntry   *entry;
  DuplexDeletedProfile *undo;

  g_return_val_if_fail (DUPLEX_IS_PROFILE_STORE (self), FALSE);
  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), FALSE);

  entry = find_profile (self, profile);
  g_return_val_if_fail (entry != NULL, FALSE);

  /* What is on disk comes back, whatever it is. A file that is already gone comes back as it
   * was. */
  if (duplex_profile_files_exists (self->root, entry->path))
    contents = duplex_profile_files_read (self->root, entry->path, G_MAXSIZE, error);
  else if (entry->contents != NULL)
    contents = g_bytes_ref (entry->contents);
  else
    contents = g_bytes_new (NULL, 0);
  if (contents == NULL || !duplex_profile_files_remove (self->root, entry->path, error))
    return FALSE;

  undo = g_new0 (DuplexDeletedProfile, 1);
  undo->profile = g_object_ref (entry->profile);
  undo->path = g_strdup (entry->path);
  undo->contents = g_steal_pointer (&contents);
  remove_entry (self, entry);

  if (ret_undo != NULL)
    *ret_undo = undo;
  else
    duplex_deleted_profile_free (undo);

  return TRUE;
}

gboolean
duplex_profile_store_restore (DuplexProfileStore   *self,
                              DuplexDeletedProfile *undo,
                              GError              **error)
{
  g_autofree char   *path = NULL;
  g_autoptr (GBytes) contents = NULL;
  g_autoptr (GError) local_error = NULL;
  DuplexProfile     *profile;

  g_return_val_if_fail (DUPLEX_IS_PROFILE_STORE (self), FALSE);
  g_return_val_if_fail (undo != NULL, FALSE);

  if (duplex_profile_files_exists (self->root, undo->path))
    {
      g_autofree char *folder = duplex_profile_files_get_folder (undo->path);
      g_autofree char *base = duplex_profile_files_get_base (undo->path);

      path = duplex_profile_files_get_free_path (self->root, folder, base);
    }
  else
    {
      path = g_strdup (undo->path);
    }

  if (!duplex_profile_files_write (self->root, path, undo->contents, error))
    return FALSE;

  /* The same object, so that who still has it has a saved profile again. */
  profile = find_profile (self, undo->profile) == NULL ? undo->profile : NULL;
  contents = duplex_profile_files_read (self->root, path, DUPLEX_LIMIT_PROFILE, &local_error);
  insert_entry (self, duplex_profile_entry_new (profile, path, contents, local_error));

  return TRUE;
}

void
duplex_deleted_profile_free (DuplexDeletedProfile *undo)
{
  if (undo == NULL)
    return;

  g_clear_object (&undo->profile);
  g_clear_pointer (&undo->path, g_free);
  g_clear_pointer (&undo->contents, g_bytes_unref);
  g_free (undo);
}
