/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-store-support.h"

#include <glib/gstdio.h>

#include "duplex-model-support.h"

static void
load (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  self->store = duplex_profile_store_new (self->root);
  g_assert_true (duplex_profile_store_load (self->store, &error));
  g_assert_no_error (error);
}

void
fixture_init_missing (Fixture *self)
{
  self->top = duplex_test_make_folder ();
  self->root = g_build_filename (self->top, "data", "profiles", NULL);
  load (self);
}

void
fixture_init (Fixture *self)
{
  self->top = duplex_test_make_folder ();
  self->root = g_build_filename (self->top, "profiles", NULL);
  g_assert_cmpint (g_mkdir (self->root, 0700), ==, 0);
  load (self);
}

void
fixture_reload (Fixture *self)
{
  g_assert_finalize_object (g_steal_pointer (&self->store));
  load (self);
}

void
fixture_clear (Fixture *self)
{
  g_assert_finalize_object (g_steal_pointer (&self->store));
  g_clear_pointer (&self->root, g_free);
  g_clear_pointer (&self->top, duplex_test_remove_folder);
}

void
assert_ids (Fixture    *self,
            const char *expected)
{
  g_autoptr (GString) ids = g_string_new (NULL);
  GListModel         *model = G_LIST_MODEL (self->store);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (DuplexProfile) profile = g_list_model_get_item (model, i);

      g_string_append_printf (ids, "%s%s", i > 0 ? "|" : "", duplex_profile_get_id (profile));
    }
  g_assert_cmpstr (ids->str, ==, expected);
}

DuplexProfile *
save_new (Fixture    *self,
          const char *name,
          const char *folder)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new (name, "ws://localhost/");
  g_autoptr (GError)        error = NULL;

  g_assert_true (duplex_profile_store_save (self->store, profile, folder, &error));
  g_assert_no_error (error);
  g_assert_true (duplex_profile_store_lookup (self->store, duplex_profile_get_id (profile)) ==
                 profile);

  return profile;
}

void
save (Fixture       *self,
      DuplexProfile *profile)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (duplex_profile_store_save (self->store, profile, NULL, &error));
  g_assert_no_error (error);
}

void
write_file (Fixture    *self,
            const char *path,
            const char *text)
{
  g_autofree char   *full = g_build_filename (self->root, path, NULL);
  g_autofree char   *folder = g_path_get_dirname (full);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (full, text, -1, &error);
  g_assert_no_error (error);
}

char *
read_file (Fixture    *self,
           const char *path)
{
  g_autofree char   *full = g_build_filename (self->root, path, NULL);
  g_autoptr (GError) error = NULL;
  char              *text;

  g_file_get_contents (full, &text, NULL, &error);
  g_assert_no_error (error);

  return text;
}

void
remove_file (Fixture    *self,
             const char *path)
{
  g_autofree char *full = g_build_filename (self->root, path, NULL);

  g_assert_cmpint (g_unlink (full), ==, 0);
}

gboolean
has_file (Fixture    *self,
          const char *path)
{
  g_autofree char *full = g_build_filename (self->root, path, NULL);

  return g_file_test (full, G_FILE_TEST_EXISTS);
}
