/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-store.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-model-support.h"
#include "duplex-store-support.h"

static void
test_first_run (void)
{
  Fixture        f;
  GStatBuf       info;
  DuplexProfile *demo;

  fixture_init_missing (&f);
  assert_ids (&f, "Demo|Public test servers/Postman echo|Public test servers/SocketsBay demo|"
                  "Public test servers/WebSocket.org echo");
  g_assert_cmpint (g_stat (f.root, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0700);

  demo = duplex_profile_store_lookup (f.store, "Demo");
  g_assert_cmpstr (duplex_profile_get_url (demo), ==, "demo:/echo");
  g_assert_null (duplex_profile_store_lookup (f.store, "Public test servers"));
  g_assert_cmpstr (duplex_profile_store_get_path (f.store), ==, f.root);

  fixture_clear (&f);
}

/* Who deleted them all does not get them again. */
static void
test_second_run (void)
{
  Fixture f;

  fixture_init_missing (&f);
  fixture_reload (&f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f.store)), ==, 4);

  while (g_list_model_get_n_items (G_LIST_MODEL (f.store)) > 0)
    {
      g_autoptr (DuplexProfile) profile = g_list_model_get_item (G_LIST_MODEL (f.store), 0);
      g_autoptr (GError)        error = NULL;

      g_assert_true (duplex_profile_store_delete (f.store, profile, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (duplex_profile_get_id (profile), ==, "");
    }
  fixture_reload (&f);
  assert_ids (&f, "");

  fixture_clear (&f);
}

static void
test_load_fails (void)
{
  char                          *root = duplex_test_make_folder ();
  g_autofree char               *file = g_build_filename (root, "file", NULL);
  g_autofree char               *below = g_build_filename (file, "profiles", NULL);
  g_autoptr (DuplexProfileStore) on_file = duplex_profile_store_new (file);
  g_autoptr (DuplexProfileStore) below_file = duplex_profile_store_new (below);
  g_autoptr (GError)             error = NULL;

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_false (duplex_profile_store_load (on_file, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  g_clear_error (&error);
  g_assert_false (duplex_profile_store_load (below_file, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);

  g_assert_finalize_object (g_steal_pointer (&on_file));
  g_assert_finalize_object (g_steal_pointer (&below_file));
  duplex_test_remove_folder (root);
}

static void
test_save_new (void)
{
  Fixture             f;
  g_autofree char    *text = NULL;
  g_autofree char    *file = NULL;
  g_autoptr (GString) log = NULL;
  DuplexProfile      *profile;

  fixture_init (&f);
  log = duplex_test_log_items (G_LIST_MODEL (f.store));
  profile = save_new (&f, "Echo", NULL);
  g_assert_cmpstr (duplex_profile_get_id (profile), ==, "Echo");
  text = duplex_profile_to_json (profile);
  file = read_file (&f, "Echo.json");
  g_assert_cmpstr (file, ==, text);

  save_new (&f, "Alpha", "");
  save_new (&f, "beta", "Work");
  save_new (&f, "Zulu", NULL);
  save_new (&f, "Deep", "Work/Team");
  profile = save_new (&f, "a/../b", "../Work");
  g_assert_cmpstr (duplex_profile_get_id (profile), ==, "_./Work/a_.._b");
  g_assert_cmpstr (duplex_profile_get_folder (profile), ==, "_./Work");
  g_assert_cmpstr (log->str, ==, "0-0+1 0-0+1 2-0+1 2-0+1 4-0+1 5-0+1 ");
  assert_ids (&f, "Alpha|Echo|Zulu|Work/beta|Work/Team/Deep|_./Work/a_.._b");

  fixture_reload (&f);
  assert_ids (&f, "Alpha|Echo|Zulu|Work/beta|Work/Team/Deep|_./Work/a_.._b");
  fixture_clear (&f);
}

static void
test_order (void)
{
  Fixture f;

  fixture_init (&f);
  save_new (&f, "same", "B");
  save_new (&f, "same", "A");
  save_new (&f, "same", NULL);
  save_new (&f, "b", "A");
  save_new (&f, "a", "B");
  save_new (&f, "same", "A");
  assert_ids (&f, "same|A/b|A/same|A/same 2|B/a|B/same");
  fixture_clear (&f);
}

/* A name that is taken gets a number; it may be taken by what is no profile of ours. */
static void
test_name_clash (void)
{
  Fixture f;

  fixture_init (&f);
  write_file (&f, "Echo 2.json/inside", "a folder");
  save_new (&f, "Echo", NULL);
  save_new (&f, "Echo", NULL);
  save_new (&f, "Echo", NULL);
  assert_ids (&f, "Echo|Echo 3|Echo 4");
  fixture_clear (&f);
}

static void
test_save_known (void)
{
  Fixture             f;
  g_autoptr (GString) log = NULL;
  g_autofree char    *file = NULL;
  DuplexProfile      *profile;

  fixture_init (&f);
  profile = save_new (&f, "Echo", "Work");
  log = duplex_test_log_items (G_LIST_MODEL (f.store));
  duplex_profile_set_url (profile, "ws://changed/");
  save (&f, profile);
  file = read_file (&f, "Work/Echo.json");
  g_assert_nonnull (strstr (file, "ws://changed/"));
  g_assert_cmpstr (log->str, ==, "");

  /* The folder is for new ones. */
  g_assert_true (duplex_profile_store_save (f.store, profile, "Elsewhere", NULL));
  assert_ids (&f, "Work/Echo");
  fixture_clear (&f);
}

static void
test_rename (void)
{
  Fixture             f;
  g_autoptr (GString) log = NULL;
  DuplexProfile      *profile;

  fixture_init (&f);
  save_new (&f, "b", NULL);
  save_new (&f, "d", NULL);
  profile = save_new (&f, "a", NULL);
  save_new (&f, "x", "Work");
  log = duplex_test_log_items (G_LIST_MODEL (f.store));

  duplex_profile_set_name (profile, "c");
  assert_ids (&f, "a|b|d|Work/x");
  save (&f, profile);
  assert_ids (&f, "b|c|d|Work/x");
  g_assert_cmpstr (log->str, ==, "0-2+2 ");
  g_assert_false (has_file (&f, "a.json"));
  g_assert_true (has_file (&f, "c.json"));
  g_assert_true (duplex_profile_store_lookup (f.store, "c") == profile);
  g_assert_null (duplex_profile_store_lookup (f.store, "a"));

  /* A taken name. */
  duplex_profile_set_name (profile, "d");
  save (&f, profile);
  assert_ids (&f, "b|d|d 2|Work/x");
  g_assert_cmpstr (duplex_profile_get_name (profile), ==, "d");

  /* Names that make the same file. */
  duplex_profile_set_name (profile, "d 2");
  save (&f, profile);
  assert_ids (&f, "b|d|d 2|Work/x");
  fixture_clear (&f);
}

/* The file of a team has the name that the team gave it, until the profile's name changes. */
static void
test_file_name_kept (void)
{
  Fixture        f;
  DuplexProfile *profile;

  fixture_init (&f);
  write_file (&f, "prod-1.json", "{\"name\": \"Production (EU)\"}");
  fixture_reload (&f);
  profile = duplex_profile_store_lookup (f.store, "prod-1");
  g_assert_cmpstr (duplex_profile_get_name (profile), ==, "Production (EU)");
  duplex_profile_set_url (profile, "ws://x/");
  save (&f, profile);
  assert_ids (&f, "prod-1");
  duplex_profile_set_name (profile, "Production");
  save (&f, profile);
  assert_ids (&f, "Production");
  g_assert_false (has_file (&f, "prod-1.json"));
  fixture_clear (&f);
}

/* A file without a name is called after its file. */
static void
test_no_name (void)
{
  Fixture        f;
  DuplexProfile *profile;

  fixture_init (&f);
  write_file (&f, "Work/nameless.json", "{}");
  fixture_reload (&f);
  profile = duplex_profile_store_lookup (f.store, "Work/nameless");
  g_assert_cmpstr (duplex_profile_get_name (profile), ==, "nameless");
  g_assert_null (duplex_profile_get_error (profile));
  fixture_clear (&f);
}

static void
test_delete_restore (void)
{
  Fixture                          f;
  g_autoptr (DuplexDeletedProfile) undo = NULL;
  g_autoptr (GError)               error = NULL;
  g_autoptr (GString)              log = NULL;
  g_autofree char                 *before = NULL;
  g_autofree char                 *after = NULL;
  g_autofree char                 *folder = NULL;
  DuplexProfile                   *profile;

  fixture_init (&f);
  save_new (&f, "a", NULL);
  profile = save_new (&f, "b", "Work");
  before = read_file (&f, "Work/b.json");
  log = duplex_test_log_items (G_LIST_MODEL (f.store));

  g_assert_true (duplex_profile_store_delete (f.store, profile, &undo, &error));
  g_assert_no_error (error);
  g_assert_false (has_file (&f, "Work/b.json"));
  g_assert_cmpstr (duplex_profile_get_id (profile), ==, "");
  assert_ids (&f, "a");

  /* Also where its folder has gone in between. */
  folder = g_build_filename (f.root, "Work", NULL);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_assert_true (duplex_profile_store_restore (f.store, undo, &error));
  g_assert_no_error (error);
  assert_ids (&f, "a|Work/b");
  g_assert_true (duplex_profile_store_lookup (f.store, "Work/b") == profile);
  after = read_file (&f, "Work/b.json");
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpstr (log->str, ==, "1-1+0 1-0+1 ");
  fixture_clear (&f);
}

/* What was set in the meantime is not what was deleted. */
static void
test_restore_is_the_file (void)
{
  Fixture                          f;
  g_autoptr (DuplexDeletedProfile) undo = NULL;
  DuplexProfile                   *profile;

  fixture_init (&f);
  profile = save_new (&f, "a", NULL);
  g_assert_true (duplex_profile_store_delete (f.store, profile, &undo, NULL));
  duplex_profile_set_url (profile, "ws://changed/");
  g_assert_true (duplex_profile_store_restore (f.store, undo, NULL));
  g_assert_cmpstr (duplex_profile_get_url (profile), ==, "ws://localhost/");

  /* A second time makes a second one. */
  g_assert_true (duplex_profile_store_restore (f.store, undo, NULL));
  assert_ids (&f, "a|a 2");
  g_assert_true (duplex_profile_store_lookup (f.store, "a") == profile);
  fixture_clear (&f);
}

static void
test_restore_clash (void)
{
  Fixture                          f;
  g_autoptr (DuplexDeletedProfile) undo = NULL;
  DuplexProfile                   *profile;

  fixture_init (&f);
  profile = save_new (&f, "a", NULL);
  g_assert_true (duplex_profile_store_delete (f.store, profile, &undo, NULL));
  save_new (&f, "a", NULL);
  g_assert_true (duplex_profile_store_restore (f.store, undo, NULL));
  assert_ids (&f, "a|a 2");
  g_assert_cmpstr (duplex_profile_get_id (profile), ==, "a 2");
  fixture_clear (&f);
}

/* What cannot be read is listed, says why, is not written, and can be deleted and brought back. */
static void
test_unreadable (gconstpointer data)
{
  const char                      *text = data;
  Fixture                          f;
  g_autoptr (DuplexDeletedProfile) undo = NULL;
  g_autoptr (GError)               error = NULL;
  g_autofree char                 *after_save = NULL;
  g_autofree char                 *after_restore = NULL;
  DuplexProfile                   *profile;

  fixture_init (&f);
  write_file (&f, "Work/bad.json", text);
  write_file (&f, "Work/good.json", "{\"name\": \"z\"}");
  fixture_reload (&f);
  assert_ids (&f, "Work/bad|Work/good");

  profile = duplex_profile_store_lookup (f.store, "Work/bad");
  g_assert_nonnull (duplex_profile_get_error (profile));
  g_assert_cmpstr (duplex_profile_get_name (profile), ==, "bad");

  duplex_profile_set_name (profile, "changed");
  g_assert_false (duplex_profile_store_save (f.store, profile, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  g_clear_error (&error);
  after_save = read_file (&f, "Work/bad.json");
  g_assert_cmpstr (after_save, ==, text);
  assert_ids (&f, "Work/bad|Work/good");

  g_assert_true (duplex_profile_store_delete (f.store, profile, &undo, &error));
  assert_ids (&f, "Work/good");
  g_assert_true (duplex_profile_store_restore (f.store, undo, &error));
  g_assert_no_error (error);
  assert_ids (&f, "Work/bad|Work/good");
  after_restore = read_file (&f, "Work/bad.json");
  g_assert_cmpstr (after_restore, ==, text);
  g_assert_nonnull (duplex_profile_get_error (profile));
  fixture_clear (&f);
}

static void
test_unreadable_large (void)
{
  g_autofree char *text = g_strnfill (DUPLEX_LIMIT_PROFILE + 1, ' ');

  test_unreadable (text);
}

static void
test_unreadable_files (void)
{
  Fixture          f;
  g_autofree char *link = NULL;
  g_autofree char *pipe = NULL;

  fixture_init (&f);
  link = g_build_filename (f.root, "link.json", NULL);
  pipe = g_build_filename (f.root, "pipe.json", NULL);
  write_file (&f, "\xff.json", "{}");
  g_assert_cmpint (symlink ("nowhere", link), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  fixture_reload (&f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f.store)), ==, 3);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DuplexProfile) profile = g_list_model_get_item (G_LIST_MODEL (f.store), i);
      g_autoptr (GError)        error = NULL;

      g_assert_nonnull (duplex_profile_get_error (profile));
      g_assert_true (g_utf8_validate (duplex_profile_get_id (profile), -1, NULL));
      g_assert_true (g_utf8_validate (duplex_profile_get_name (profile), -1, NULL));
      g_assert_false (duplex_profile_store_save (f.store, profile, NULL, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
    }
  fixture_clear (&f);
}

/* Broken since we looked, and not noticed yet: not overwritten. */
static void
test_unreadable_meanwhile (void)
{
  Fixture            f;
  g_autoptr (GError) error = NULL;
  g_autofree char   *file = NULL;
  DuplexProfile     *profile;

  fixture_init (&f);
  profile = save_new (&f, "a", NULL);
  write_file (&f, "a.json", "{ <<<<<<< HEAD");
  duplex_profile_set_url (profile, "ws://changed/");
  g_assert_false (duplex_profile_store_save (f.store, profile, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  file = read_file (&f, "a.json");
  g_assert_cmpstr (file, ==, "{ <<<<<<< HEAD");
  g_assert_nonnull (duplex_profile_get_error (profile));
  fixture_clear (&f);
}

/* Gone since we looked: saving makes it again. */
static void
test_save_vanished (void)
{
  Fixture        f;
  DuplexProfile *profile;

  fixture_init (&f);
  profile = save_new (&f, "a", "Work");
  remove_file (&f, "Work/a.json");
  save (&f, profile);
  g_assert_true (has_file (&f, "Work/a.json"));
  remove_file (&f, "Work/a.json");
  duplex_profile_set_name (profile, "b");
  save (&f, profile);
  assert_ids (&f, "Work/b");
  g_assert_true (has_file (&f, "Work/b.json"));
  fixture_clear (&f);
}

static void
test_save_fails (void)
{
  Fixture                   f;
  g_autoptr (DuplexProfile) fresh = duplex_profile_new ("fresh", NULL);
  g_autoptr (GError)        error = NULL;
  g_autoptr (GString)       log = NULL;
  g_autofree char          *work = NULL;
  DuplexProfile            *known;

  fixture_init (&f);
  known = save_new (&f, "known", "Work");
  write_file (&f, "file", "");
  log = duplex_test_log_items (G_LIST_MODEL (f.store));

  g_assert_false (duplex_profile_store_save (f.store, fresh, "file", &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  g_clear_error (&error);
  g_assert_cmpstr (duplex_profile_get_id (fresh), ==, "");

  /* A file where the folder was. */
  remove_file (&f, "Work/known.json");
  work = g_build_filename (f.root, "Work", NULL);
  g_assert_cmpint (g_rmdir (work), ==, 0);
  write_file (&f, "Work", "");
  duplex_profile_set_name (known, "renamed");
  g_assert_false (duplex_profile_store_save (f.store, known, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  g_clear_error (&error);
  assert_ids (&f, "Work/known");
  g_assert_null (duplex_profile_get_error (known));
  g_assert_cmpstr (log->str, ==, "");

  fixture_clear (&f);
}

static void
test_save_too_big (void)
{
  Fixture                   f;
  g_autofree char          *url = g_strnfill (DUPLEX_LIMIT_PROFILE, 'x');
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("big", url);
  g_autoptr (GError)        error = NULL;

  fixture_init (&f);
  g_assert_false (duplex_profile_store_save (f.store, profile, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG);
  assert_ids (&f, "");
  fixture_clear (&f);
}

static void
test_read_only_folder (void)
{
  Fixture                   f;
  g_autoptr (DuplexProfile) fresh = duplex_profile_new ("fresh", NULL);
  g_autoptr (GError)        error = NULL;
  DuplexProfile            *known;

  if (geteuid () == 0)
    {
      g_test_skip ("root may write everywhere");
      return;
    }

  fixture_init (&f);
  known = save_new (&f, "known", NULL);
  g_assert_cmpint (g_chmod (f.root, 0500), ==, 0);

  g_assert_false (duplex_profile_store_save (f.store, fresh, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  g_clear_error (&error);
  duplex_profile_set_name (known, "renamed");
  g_assert_false (duplex_profile_store_save (f.store, known, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  g_clear_error (&error);
  g_assert_false (duplex_profile_store_delete (f.store, known, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  assert_ids (&f, "known");

  g_assert_cmpint (g_chmod (f.root, 0700), ==, 0);
  fixture_clear (&f);
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *path;
    const char *text;
  } unreadable[] = {
    { "/core/profile-store/unreadable/empty", "" },
    { "/core/profile-store/unreadable/truncated", "{\"name\": \"x\"" },
    { "/core/profile-store/unreadable/conflict", "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n" },
    { "/core/profile-store/unreadable/type", "{\"name\": 1}" },
    { "/core/profile-store/unreadable/newer", "{\"version\": 2, \"name\": \"x\"}" },
    { "/core/profile-store/unreadable/not-utf8", "{\"name\": \"\xff\"}" },
  };

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/profile-store/load/first-run", test_first_run);
  g_test_add_func ("/core/profile-store/load/second-run", test_second_run);
  g_test_add_func ("/core/profile-store/load/fails", test_load_fails);
  g_test_add_func ("/core/profile-store/load/no-name", test_no_name);
  g_test_add_func ("/core/profile-store/order", test_order);
  g_test_add_func ("/core/profile-store/save/new", test_save_new);
  g_test_add_func ("/core/profile-store/save/name-clash", test_name_clash);
  g_test_add_func ("/core/profile-store/save/known", test_save_known);
  g_test_add_func ("/core/profile-store/save/rename", test_rename);
  g_test_add_func ("/core/profile-store/save/file-name-kept", test_file_name_kept);
  g_test_add_func ("/core/profile-store/save/vanished", test_save_vanished);
  g_test_add_func ("/core/profile-store/save/fails", test_save_fails);
  g_test_add_func ("/core/profile-store/save/too-big", test_save_too_big);
  g_test_add_func ("/core/profile-store/save/read-only-folder", test_read_only_folder);
  g_test_add_func ("/core/profile-store/delete/restore", test_delete_restore);
  g_test_add_func ("/core/profile-store/delete/restore-is-the-file", test_restore_is_the_file);
  g_test_add_func ("/core/profile-store/delete/restore-clash", test_restore_clash);
  for (guint i = 0; i < G_N_ELEMENTS (unreadable); i++)
    g_test_add_data_func (unreadable[i].path, unreadable[i].text, test_unreadable);
  g_test_add_func ("/core/profile-store/unreadable/too-large", test_unreadable_large);
  g_test_add_func ("/core/profile-store/unreadable/files", test_unreadable_files);
  g_test_add_func ("/core/profile-store/unreadable/meanwhile", test_unreadable_meanwhile);

  return g_test_run ();
}
