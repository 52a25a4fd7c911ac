/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-history.h"

#include <glib/gstdio.h>

#include "duplex-history-support.h"
#include "duplex-model-support.h"

typedef struct
{
  char          *folder;
  DuplexHistory *history;
  const char    *name; /* of what is waited for */
  GAsyncResult  *result;
  guint          n_changed;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->folder = duplex_test_make_folder ();
  f->history = duplex_history_new (f->folder);
}

static gboolean
has_no_history (gpointer user_data)
{
  return ((Fixture *)user_data)->history == NULL;
}

/* A thread that has just told its result may hold the history for a moment longer. */
static void
end_history (Fixture *f)
{
  g_clear_object (&f->result);
  g_object_add_weak_pointer (G_OBJECT (f->history), (gpointer *)&f->history);
  g_object_unref (f->history);
  duplex_test_wait (NULL, has_no_history, f, "the history to end");
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  if (f->history != NULL)
    end_history (f);
  duplex_test_remove_folder (f->folder);
}

static char *
write_session (Fixture                 *f,
               const char              *name,
               const DuplexTestSession *session)
{
  char *path = g_build_filename (f->folder, name, NULL);

  duplex_test_write_session (path, session);
  return path;
}

static gboolean
is_loaded (gpointer user_data)
{
  return !duplex_history_is_loading (((Fixture *)user_data)->history);
}

static void
watch (Fixture *f)
{
  duplex_history_watch (f->history);
  duplex_test_wait (NULL, is_loaded, f, "the first look at the folder");
}

/* The names in the order of the list, joined by '|'. */
static char *
join_names (Fixture *f)
{
  GString *names = g_string_new (NULL);
  guint    n = g_list_model_get_n_items (G_LIST_MODEL (f->history));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (DuplexHistoryEntry) entry =
        g_list_model_get_item (G_LIST_MODEL (f->history), i);

      g_string_append_printf (names, "%s%s", i > 0 ? "|" : "",
                              duplex_history_entry_get_name (entry));
    }
  return g_string_free (names, FALSE);
}

static void
assert_names (Fixture    *f,
              const char *expected)
{
  g_autofree char *names = join_names (f);

  g_assert_cmpstr (names, ==, expected);
}

static gboolean
has_names (gpointer user_data)
{
  Fixture         *f = user_data;
  g_autofree char *names = join_names (f);

  return g_str_equal (names, f->name);
}

static void
wait_for_names (Fixture    *f,
                const char *names)
{
  f->name = names;
  duplex_test_wait (NULL, has_names, f, names);
}

static void
test_empty (Fixture      *f,
            gconstpointer data)
{
  g_autofree char          *missing = g_build_filename (f->folder, "missing", NULL);
  g_autoptr (DuplexHistory) other = duplex_history_new (missing);

  g_assert_true (duplex_history_is_loading (f->history));
  watch (f);
  assert_names (f, "");
  g_assert_cmpuint (duplex_history_get_bytes (f->history), ==, 0);
  g_assert_null (duplex_history_get_trouble (f->history));
  g_assert_cmpstr (duplex_history_get_folder (other), ==, missing);
}

static void
test_order_and_names (Fixture      *f,
                      gconstpointer data)
{
  g_autofree char *first = write_session (f, "z.duplex", &(DuplexTestSession){ 0 });
  g_autofree char *second = write_session (
    f, "y.duplex", &(DuplexTestSession){ .url = "ws://localhost/" });
  g_autofree char *third = write_session (
    f, "x.duplex", &(DuplexTestSession){ .profile = "Demo", .url = "ws://localhost/" });
  g_autofree char *fourth = write_session (
    f, "w.duplex", &(DuplexTestSession){ .title = "Mine", .profile = "Demo", .messages = 3 });
  DuplexHistoryEntry         *entry;
  const DuplexCaptureSummary *summary;

  watch (f);
  assert_names (f, "Mine|Demo|ws://localhost/|z");
  entry = duplex_history_lookup (f->history, fourth);
  g_assert_nonnull (entry);
  g_assert_cmpint (duplex_history_entry_get_state (entry), ==, DUPLEX_HISTORY_FINISHED);
  summary = duplex_history_entry_get_summary (entry);
  g_assert_cmpuint (summary->totals.messages[1], ==, 3);
  g_assert_cmpuint (duplex_history_get_bytes (f->history), >, 0);
  g_assert_null (duplex_history_lookup (f->history, "/nonexistent"));
}

static void
test_unreadable (Fixture      *f,
                 gconstpointer data)
{
  g_autofree char    *strange = g_build_filename (f->folder, "strange.duplex", NULL);
  g_autofree char    *good = write_session (f, "good.duplex", &(DuplexTestSession){ 0 });
  DuplexHistoryEntry *entry;

  g_assert_true (g_file_set_contents (strange, "this is no capture", -1, NULL));
  watch (f);
  entry = duplex_history_lookup (f->history, strange);
  g_assert_nonnull (entry);
  g_assert_cmpint (duplex_history_entry_get_state (entry), ==, DUPLEX_HISTORY_UNREADABLE);
  g_assert_error (duplex_history_entry_get_error (entry), G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpstr (duplex_history_entry_get_name (entry), ==, "strange");
  g_assert_cmpint (duplex_history_entry_get_created (entry), >, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->history)), ==, 2);
}

static void
test_trouble (Fixture      *f,
              gconstpointer data)
{
  g_autofree char *file = g_build_filename (f->folder, "file", NULL);

  g_assert_true (g_file_set_contents (file, "", -1, NULL));
  end_history (f);
  f->history = duplex_history_new (file);
  watch (f);
  g_assert_nonnull (duplex_history_get_trouble (f->history));
  assert_names (f, "");
}

static void
test_matches (Fixture      *f,
              gconstpointer data)
{
  static const struct
  {
    const char *needle;
    gboolean    expected;
  } cases[] = {
    { "mine", TRUE },
    { "demo", TRUE },
    { "local", TRUE },
    { "the-file", TRUE },
    { "MINE", FALSE },
    { "other", FALSE },
    { "minedemo", FALSE },
    { "größe", TRUE },
  };
  g_autofree char    *path = write_session (f, "the-file.duplex",
                                            &(DuplexTestSession){ .title = "Mine, GRÖSSE GRÖẞE",
                                                                  .profile = "Demo",
                                                                  .url = "ws://localhost/" });
  DuplexHistoryEntry *entry;

  watch (f);
  entry = duplex_history_lookup (f->history, path);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *folded = g_utf8_casefold (cases[i].needle, -1);
      const char      *needle = i == 4 ? cases[i].needle : folded;

      g_assert_cmpint (duplex_history_entry_matches (entry, needle), ==, cases[i].expected);
    }
}

/* What another program does in the folder. */
static void
test_changes_outside (Fixture      *f,
                      gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  watch (f);
  first = write_session (f, "a.duplex", &(DuplexTestSession){ .title = "First" });
  wait_for_names (f, "First");
  second = write_session (f, "b.duplex", &(DuplexTestSession){ .title = "Second" });
  wait_for_names (f, "Second|First");
  g_assert_cmpint (g_unlink (first), ==, 0);
  wait_for_names (f, "Second");
}

static void
changed_cb (Fixture *f)
{
  f->n_changed++;
}

/* A recording that goes on is the same entry, which says so. */
static void
test_live (Fixture      *f,
           gconstpointer data)
{
  g_autofree char              *path = g_build_filename (f->folder, "live.duplex", NULL);
  g_autoptr (DuplexCaptureFile) file = NULL;
  DuplexHistoryEntry           *entry;
  g_autoptr (GError)            error = NULL;

  file = duplex_test_record_session (path, &(DuplexTestSession){ .title = "Live", .messages = 1 });
  watch (f);
  assert_names (f, "Live");
  entry = duplex_history_lookup (f->history, path);
  g_assert_cmpint (duplex_history_entry_get_state (entry), ==, DUPLEX_HISTORY_LIVE);
  g_assert_false (duplex_history_delete (f->history, entry, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);

  g_signal_connect_swapped (entry, "changed", G_CALLBACK (changed_cb), f);
  g_assert_true (duplex_capture_file_put_meta (file, "title", "Over", &error));
  g_assert_true (duplex_capture_file_finish (file, &error));
  g_clear_pointer (&file, duplex_capture_file_free);
  wait_for_names (f, "Over");
  g_assert_true (duplex_history_lookup (f->history, path) == entry);
  g_assert_cmpuint (f->n_changed, >, 0);
  g_assert_cmpint (duplex_history_entry_get_state (entry), ==, DUPLEX_HISTORY_FINISHED);
}

static void
test_interrupted (Fixture      *f,
                  gconstpointer data)
{
  g_autofree char    *path = g_build_filename (f->folder, "a.duplex", NULL);
  DuplexHistoryEntry *entry;

  duplex_capture_file_free (duplex_test_record_session (path, &(DuplexTestSession){ 0 }));
  watch (f);
  entry = duplex_history_lookup (f->history, path);
  g_assert_cmpint (duplex_history_entry_get_state (entry), ==, DUPLEX_HISTORY_INTERRUPTED);
  g_assert_true (duplex_history_delete (f->history, entry, NULL));
}

static void
ready_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  ((Fixture *)user_data)->result = g_object_ref (result);
}

static gboolean
has_result (gpointer user_data)
{
  return ((Fixture *)user_data)->result != NULL;
}

static gboolean
rename_and_wait (Fixture    *f,
                 const char *path,
                 const char *title,
                 GError    **error)
{
  g_clear_object (&f->result);
  duplex_history_rename_async (f->history, duplex_history_lookup (f->history, path), title,
                               ready_cb, f);
  duplex_test_wait (NULL, has_result, f, "the title");
  return duplex_history_rename_finish (f->history, f->result, error);
}

static void
test_rename (Fixture      *f,
             gconstpointer data)
{
  g_autofree char *path =
    write_session (f, "a.duplex", &(DuplexTestSession){ .profile = "Demo" });
  g_autoptr (GError) error = NULL;

  watch (f);
  assert_names (f, "Demo");
  g_assert_true (rename_and_wait (f, path, "A better name", &error));
  g_assert_no_error (error);
  wait_for_names (f, "A better name");
  g_assert_true (rename_and_wait (f, path, "", &error));
  wait_for_names (f, "Demo");

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_false (rename_and_wait (f, path, "Gone", &error));
  g_assert_nonnull (error);
}

static void
test_delete_and_restore (Fixture      *f,
                         gconstpointer data)
{
  g_autofree char *first = write_session (f, "a.duplex", &(DuplexTestSession){ .title = "First" });
  g_autofree char *second =
    write_session (f, "b.duplex", &(DuplexTestSession){ .title = "Second" });
  g_autoptr (DuplexHistoryEntry) entry = NULL;
  g_autoptr (GString)            log = NULL;
  guint64                        bytes;

  watch (f);
  bytes = duplex_history_get_bytes (f->history);
  log = duplex_test_log_items (G_LIST_MODEL (f->history));
  g_set_object (&entry, duplex_history_lookup (f->history, second));
  g_assert_true (duplex_history_delete (f->history, entry, NULL));
  assert_names (f, "First");
  g_assert_false (g_file_test (second, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (duplex_history_get_bytes (f->history), <, bytes);

  g_assert_true (duplex_history_restore (f->history, entry, NULL));
  assert_names (f, "Second|First");
  g_assert_true (g_file_test (second, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (duplex_history_get_bytes (f->history), ==, bytes);
  g_assert_cmpstr (log->str, ==, "0-1+0 0-0+1 ");
  /* The looks that follow agree. */
  g_assert_false (duplex_history_restore (f->history, entry, NULL));
}

static guint
count_files (Fixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  guint            n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gboolean
has_no_files (gpointer user_data)
{
  return count_files (user_data) == 0;
}

static void
test_purge (Fixture      *f,
            gconstpointer data)
{
  g_autofree char               *path = write_session (f, "a.duplex", &(DuplexTestSession){ 0 });
  g_autoptr (DuplexHistoryEntry) entry = NULL;

  watch (f);
  g_set_object (&entry, duplex_history_lookup (f->history, path));
  g_assert_true (duplex_history_delete (f->history, entry, NULL));
  g_assert_cmpuint (count_files (f), ==, 1);
  duplex_history_purge (f->history, entry);
  duplex_test_wait (NULL, has_no_files, f, "the file to be removed");
  duplex_history_purge (f->history, entry);
}

/* The end of the program is the end of the offer to undo. */
static void
test_end_purges (Fixture      *f,
                 gconstpointer data)
{
  g_autofree char *path = write_session (f, "a.duplex", &(DuplexTestSession){ 0 });

  watch (f);
  g_assert_true (
    duplex_history_delete (f->history, duplex_history_lookup (f->history, path), NULL));
  end_history (f);
  g_assert_cmpuint (count_files (f), ==, 0);
}

/* A program that is killed leaves it; the next one has it again. */
static void
test_crash_restores (Fixture      *f,
                     gconstpointer data)
{
  g_autofree char *path =
    write_session (f, "a.duplex", &(DuplexTestSession){ .title = "Kept" });

  g_assert_true (duplex_history_files_take_away (path, NULL));
  watch (f);
  assert_names (f, "");
  end_history (f);
  f->history = duplex_history_new (f->folder);
  watch (f);
  assert_names (f, "Kept");
}

static void
test_enforce (Fixture      *f,
              gconstpointer data)
{
  g_autofree char *first = write_session (
    f, "a.duplex", &(DuplexTestSession){ .title = "First", .ballast = 100000 });
  g_autofree char *second = write_session (
    f, "b.duplex", &(DuplexTestSession){ .title = "Second", .ballast = 100000 });
  g_autofree char *third = write_session (
    f, "c.duplex", &(DuplexTestSession){ .title = "Third", .ballast = 100000 });
  const char        *keep[] = { first, NULL };
  g_autoptr (GError) error = NULL;
  guint64            bytes = 0;
  guint              count = 0;

  watch (f);
  duplex_history_enforce_async (f->history, 1, keep, ready_cb, f);
  duplex_test_wait (NULL, has_result, f, "the budget");
  g_assert_true (duplex_history_enforce_finish (f->history, f->result, &count, &bytes, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, 1);
  g_assert_cmpuint (bytes, >=, 100000);
  wait_for_names (f, "Third|First");
}

/* The list comes in pieces, and nothing that is not new is told again. */
static void
test_many (Fixture      *f,
           gconstpointer data)
{
  g_autofree char    *model = write_session (f, "model.duplex", &(DuplexTestSession){ 0 });
  g_autofree char    *contents = NULL;
  g_autoptr (GString) log = NULL;
  gsize               size;

  g_assert_true (g_file_get_contents (model, &contents, &size, NULL));
  for (guint i = 0; i < 150; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%04u.duplex", f->folder, i);

      g_assert_true (g_file_set_contents (path, contents, (gssize)size, NULL));
    }
  watch (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->history)), ==, 151);

  log = duplex_test_log_items (G_LIST_MODEL (f->history));
  duplex_history_unwatch (f->history);
  g_assert_cmpint (g_unlink (model), ==, 0);
  duplex_history_watch (f->history);
  while (g_list_model_get_n_items (G_LIST_MODEL (f->history)) != 150)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (log->str, ==, "150-1+0 ");
}

#define ADD(name, test) g_test_add ("/core/history/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("empty", test_empty);
  ADD ("order-and-names", test_order_and_names);
  ADD ("unreadable", test_unreadable);
  ADD ("trouble", test_trouble);
  ADD ("matches", test_matches);
  ADD ("changes-outside", test_changes_outside);
  ADD ("live", test_live);
  ADD ("interrupted", test_interrupted);
  ADD ("rename", test_rename);
  ADD ("delete-and-restore", test_delete_and_restore);
  ADD ("purge", test_purge);
  ADD ("end-purges", test_end_purges);
  ADD ("crash-restores", test_crash_restores);
  ADD ("enforce", test_enforce);
  ADD ("many", test_many);

  return g_test_run ();
}
