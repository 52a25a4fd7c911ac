/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-store.h"

#include <glib/gstdio.h>
#include <string.h>

#include "duplex-model-support.h"
#include "duplex-store-support.h"

/* What another program does to the files. Every wait is for what must come; that something does not
 * come is seen in what has come by then. */

typedef struct
{
  DuplexProfileStore *store;
  const char         *id;
  gboolean            is_there;
} Presence;

static gboolean
is_as_wanted (gpointer data)
{
  Presence *presence = data;

  DuplexProfile *profile = duplex_profile_store_lookup (presence->store, presence->id);

  return (profile != NULL) == presence->is_there;
}

static void
wait_for_id (Fixture    *f,
             const char *id,
             gboolean    is_there)
{
  Presence         presence = { f->store, id, is_there };
  g_autofree char *what = g_strdup_printf ("profile %s to %s", id, is_there ? "come" : "go");

  duplex_test_wait (NULL, is_as_wanted, &presence, what);
}

typedef struct
{
  DuplexProfile *profile;
  const char    *url;
} Expected;

static gboolean
has_url (gpointer data)
{
  Expected *expected = data;

  return strcmp (duplex_profile_get_url (expected->profile), expected->url) == 0;
}

static gboolean
has_error (gpointer data)
{
  return duplex_profile_get_error (data) != NULL;
}

static gboolean
has_no_error (gpointer data)
{
  return duplex_profile_get_error (data) == NULL;
}

static void
test_added (void)
{
  Fixture f;

  fixture_init (&f);
  write_file (&f, "new.json", "{\"name\": \"New\"}");
  wait_for_id (&f, "new", TRUE);
  assert_ids (&f, "new");
  fixture_clear (&f);
}

/* A folder that comes with its files, at once and later. */
static void
test_added_folder (void)
{
  Fixture f;

  fixture_init (&f);
  write_file (&f, "Work/Team/one.json", "{}");
  wait_for_id (&f, "Work/Team/one", TRUE);
  write_file (&f, "Work/Team/two.json", "{}");
  wait_for_id (&f, "Work/Team/two", TRUE);
  write_file (&f, "Work/three.json", "{}");
  wait_for_id (&f, "Work/three", TRUE);
  assert_ids (&f, "Work/three|Work/Team/one|Work/Team/two");
  fixture_clear (&f);
}

static void
test_changed (void)
{
  Fixture             f;
  g_autoptr (GString) log = NULL;
  DuplexProfile      *profile;

  fixture_init (&f);
  profile = save_new (&f, "a", NULL);
  save_new (&f, "b", NULL);
  log = duplex_test_log_items (G_LIST_MODEL (f.store));
  write_file (&f, "a.json", "{\"name\": \"a\", \"url\": \"ws://outside/\"}");
  duplex_test_wait (NULL, has_url, &(Expected){ profile, "ws://outside/" }, "the URL from outside");
  g_assert_cmpstr (log->str, ==, "");

  /* A name from outside changes the place, not the file. */
  write_file (&f, "a.json", "{\"name\": \"z\", \"url\": \"ws://z/\"}");
  duplex_test_wait (NULL, has_url, &(Expected){ profile, "ws://z/" }, "the second change");
  assert_ids (&f, "b|a");
  g_assert_cmpstr (log->str, ==, "0-2+2 ");
  fixture_clear (&f);
}

static void
test_removed (void)
{
  Fixture                   f;
  g_autoptr (DuplexProfile) profile = NULL;

  fixture_init (&f);
  profile = g_object_ref (save_new (&f, "a", "Work"));
  save_new (&f, "b", NULL);
  remove_file (&f, "Work/a.json");
  wait_for_id (&f, "Work/a", FALSE);
  assert_ids (&f, "b");
  g_assert_cmpstr (duplex_profile_get_id (profile), ==, "");
  fixture_clear (&f);
}

/* A file that was moved is the same profile: who has it open keeps it. */
static void
test_moved (void)
{
  Fixture          f;
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  DuplexProfile   *profile;

  fixture_init (&f);
  profile = save_new (&f, "a", NULL);
  save_new (&f, "b", "Work");
  from = g_build_filename (f.root, "a.json", NULL);
  to = g_build_filename (f.root, "Work", "moved.json", NULL);
  g_assert_cmpint (g_rename (from, to), ==, 0);
  wait_for_id (&f, "Work/moved", TRUE);
  g_assert_true (duplex_profile_store_lookup (f.store, "Work/moved") == profile);
  assert_ids (&f, "Work/moved|Work/b");
  fixture_clear (&f);
}

static void
test_becomes_unreadable (void)
{
  Fixture          f;
  g_autofree char *text = NULL;
  DuplexProfile   *profile;

  fixture_init (&f);
  profile = save_new (&f, "a", NULL);
  text = read_file (&f, "a.json");
  write_file (&f, "a.json", "{");
  duplex_test_wait (NULL, has_error, profile, "the error");
  g_assert_true (duplex_profile_store_lookup (f.store, "a") == profile);

  write_file (&f, "a.json", text);
  duplex_test_wait (NULL, has_no_error, profile, "the end of the error");
  g_assert_cmpstr (duplex_profile_get_url (profile), ==, "ws://localhost/");
  save (&f, profile);
  fixture_clear (&f);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          guint      *count)
{
  *count += 1;
}

/* What we write ourselves is not taken for a change: by the time that a change of another file is
 * seen, ours was looked at too, and what was set but not saved still stands. */
static void
test_own_writes (void)
{
  Fixture             f;
  g_autoptr (GString) log = NULL;
  DuplexProfile      *profile;
  guint               n_notified = 0;

  fixture_init (&f);
  profile = save_new (&f, "a", "Work");
  duplex_profile_set_url (profile, "ws://saved/");
  save (&f, profile);
  duplex_profile_set_url (profile, "ws://not-saved/");
  g_signal_connect (profile, "notify", G_CALLBACK (count_cb), &n_notified);
  log = duplex_test_log_items (G_LIST_MODEL (f.store));

  write_file (&f, "Work/other.json", "{}");
  wait_for_id (&f, "Work/other", TRUE);
  g_assert_cmpuint (n_notified, ==, 0);
  g_assert_cmpstr (duplex_profile_get_url (profile), ==, "ws://not-saved/");
  g_assert_cmpstr (log->str, ==, "1-0+1 ");
  fixture_clear (&f);
}

/* Many files at once are one look. */
static void
test_burst (void)
{
  Fixture             f;
  g_autoptr (GString) log = NULL;

  fixture_init (&f);
  log = duplex_test_log_items (G_LIST_MODEL (f.store));
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *path = g_strdup_printf ("many/%03u.json", i);

      write_file (&f, path, "{}");
    }
  wait_for_id (&f, "many/099", TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f.store)), ==, 100);
  fixture_clear (&f);
}

/* A folder that goes takes its profiles with it; what comes back under the same name is seen. */
static void
test_removed_folder (void)
{
  Fixture          f;
  g_autofree char *work = NULL;

  fixture_init (&f);
  save_new (&f, "a", "Work");
  save_new (&f, "b", NULL);
  work = g_build_filename (f.root, "Work", NULL);
  remove_file (&f, "Work/a.json");
  g_assert_cmpint (g_rmdir (work), ==, 0);
  wait_for_id (&f, "Work/a", FALSE);
  write_file (&f, "Work/c.json", "{}");
  wait_for_id (&f, "Work/c", TRUE);
  write_file (&f, "Work/d.json", "{}");
  wait_for_id (&f, "Work/d", TRUE);
  assert_ids (&f, "b|Work/c|Work/d");
  fixture_clear (&f);
}

static gboolean
is_set (gpointer data)
{
  return *(gboolean *)data;
}

static gboolean
set_cb (gpointer data)
{
  *(gboolean *)data = TRUE;

  return G_SOURCE_REMOVE;
}

/* A look that is due goes with the store. */
static void
test_finalize (void)
{
  Fixture  f;
  gboolean is_over = FALSE;

  fixture_init (&f);
  write_file (&f, "Work/a.json", "{}");
  g_main_context_iteration (NULL, /* may_block= */ FALSE);
  fixture_clear (&f);
  /* Longer than the look would have waited. */
  g_timeout_add (300, set_cb, &is_over);
  duplex_test_wait (NULL, is_set, &is_over, "300 ms");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/profile-watch/added/file", test_added);
  g_test_add_func ("/core/profile-watch/added/folder", test_added_folder);
  g_test_add_func ("/core/profile-watch/changed", test_changed);
  g_test_add_func ("/core/profile-watch/removed/file", test_removed);
  g_test_add_func ("/core/profile-watch/removed/folder", test_removed_folder);
  g_test_add_func ("/core/profile-watch/moved", test_moved);
  g_test_add_func ("/core/profile-watch/unreadable", test_becomes_unreadable);
  g_test_add_func ("/core/profile-watch/own-writes", test_own_writes);
  g_test_add_func ("/core/profile-watch/burst", test_burst);
  g_test_add_func ("/core/profile-watch/finalize", test_finalize);

  return g_test_run ();
}
