/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-files.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/proto/duplex-error.h"
#include "duplex-model-support.h"

static void
write_text (const char *root,
            const char *path,
            const char *text)
{
  g_autoptr (GBytes) contents = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  g_assert_true (duplex_profile_files_write (root, path, contents, &error));
  g_assert_no_error (error);
}

static void
assert_text (const char *root,
             const char *path,
             const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) contents = duplex_profile_files_read (root, path, 1000, &error);

  g_assert_no_error (error);
  duplex_test_assert_bytes (contents, text);
}

static guint
get_mode (const char *root,
          const char *path)
{
  g_autofree char *full = g_build_filename (root, path, NULL);
  GStatBuf         info;

  g_assert_cmpint (g_stat (full, &info), ==, 0);

  return info.st_mode & 0777;
}

static void
test_safe_name (void)
{
  static const struct
  {
    const char *name;
    const char *expected;
  } cases[] = {
    { "Echo", "Echo" },
    { "EchO eCHo", "EchO eCHo" },
    { "wss://example.org/x", "wss:__example.org_x" },
    { "..", "_." },
    { ".", "_" },
    { ".hidden", "_hidden" },
    { "../../etc/passwd", "_._.._etc_passwd" },
    { "", "profile" },
    { "   ", "profile" },
    { " a b ", "a b" },
    { "a\nb\tc\001d\177e", "a_b_c_d_e" },
    { "a\302\205b", "a_b" },
    { "Grüße 日本 😀", "Grüße 日本 😀" },
    { "a\xff"
      "b",
      "a\357\277\275b" },
    { "x.json", "x.json" },
    { "back\\slash:*?\"<>|", "back\\slash:*?\"<>|" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *safe = duplex_profile_files_safe_name (cases[i].name);

      g_assert_cmpstr (safe, ==, cases[i].expected);
    }
}

/* Long names are cut between characters. */
static void
test_safe_name_length (void)
{
  static const struct
  {
    const char *unit;
    gsize       expected;
  } cases[] = { { "x", 200 }, { "ä", 200 }, { "日", 198 }, { "😀", 200 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) name = g_string_new (NULL);
      g_autofree char    *safe = NULL;

      for (guint j = 0; j < 300; j++)
        g_string_append (name, cases[i].unit);
      safe = duplex_profile_files_safe_name (name->str);
      g_assert_cmpuint (strlen (safe), ==, cases[i].expected);
      g_assert_true (g_utf8_validate (safe, -1, NULL));
    }
}

static void
test_safe_folder (void)
{
  static const struct
  {
    const char *folder;
    const char *expected;
  } cases[] = {
    { "", "" },
    { "Work", "Work" },
    { "Work/Team", "Work/Team" },
    { "/Work//Team/", "Work/Team" },
    { "../..", "_./_." },
    { "a/.git/b", "a/_git/b" },
    { "1/2/3/4/5/6/7/8/9/10", "1/2/3/4/5/6/7/8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *safe = duplex_profile_files_safe_folder (cases[i].folder);

      g_assert_cmpstr (safe, ==, cases[i].expected);
    }
}

static void
test_parts (void)
{
  static const struct
  {
    const char *path;
    const char *folder;
    const char *base;
  } cases[] = {
    { "Echo.json", "", "Echo" },
    { "Work/Echo.json", "Work", "Echo" },
    { "Work/Team/x.json.json", "Work/Team", "x.json" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *folder = duplex_profile_files_get_folder (cases[i].path);
      g_autofree char *base = duplex_profile_files_get_base (cases[i].path);

      g_assert_cmpstr (folder, ==, cases[i].folder);
      g_assert_cmpstr (base, ==, cases[i].base);
    }
}

static void
test_free_path (void)
{
  char            *root = duplex_test_make_folder ();
  g_autofree char *long_name = g_strnfill (300, 'x');
  const char      *expected[] = { "Echo.json", "Echo 2.json", "Echo 3.json" };
  char            *link = g_build_filename (root, "Echo 2.json", NULL);

  /* A link that leads nowhere takes its name too. */
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autofree char *path = duplex_profile_files_get_free_path (root, "", "Echo");

      g_assert_cmpstr (path, ==, expected[i]);
      if (i == 1)
        g_assert_cmpint (symlink ("nowhere", link), ==, 0);
      else
        write_text (root, path, "{}");
    }

  for (guint i = 0; i < 12; i++)
    {
      g_autofree char *path = duplex_profile_files_get_free_path (root, "Work", long_name);

      g_assert_cmpuint (strlen (path), ==, strlen ("Work/") + 200 + strlen (".json"));
      write_text (root, path, "{}");
    }

  g_free (link);
  duplex_test_remove_folder (root);
}

static void
test_write (void)
{
  char            *root = duplex_test_make_folder ();
  g_autofree char *echo = g_build_filename (root, "Work", "Team", "Echo.json", NULL);

  write_text (root, "Work/Team/Echo.json", "one");
  assert_text (root, "Work/Team/Echo.json", "one");
  g_assert_cmpuint (get_mode (root, "Work/Team/Echo.json"), ==, 0600);
  g_assert_cmpuint (get_mode (root, "Work"), ==, 0700);

  /* A team's file stays the team's. */
  g_assert_cmpint (g_chmod (echo, 0644), ==, 0);
  write_text (root, "Work/Team/Echo.json", "");
  assert_text (root, "Work/Team/Echo.json", "");
  g_assert_cmpuint (get_mode (root, "Work/Team/Echo.json"), ==, 0644);

  duplex_test_remove_folder (root);
}

static void
test_write_link (void)
{
  char            *root = duplex_test_make_folder ();
  g_autofree char *link = g_build_filename (root, "link.json", NULL);

  write_text (root, "target.txt", "one");
  g_assert_cmpint (symlink ("target.txt", link), ==, 0);
  write_text (root, "link.json", "two");
  assert_text (root, "target.txt", "two");
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));

  duplex_test_remove_folder (root);
}

static void
test_write_fails (void)
{
  char              *root = duplex_test_make_folder ();
  g_autoptr (GBytes) contents = g_bytes_new_static ("x", 1);
  g_autofree char   *folder = g_build_filename (root, "folder.json", NULL);
  static const char *paths[] = { "file/Echo.json", "folder.json" };

  write_text (root, "file", "");
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (duplex_profile_files_write (root, paths[i], contents, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
    }

  duplex_test_remove_folder (root);
}

static void
test_read_fails (void)
{
  char            *root = duplex_test_make_folder ();
  g_autofree char *pipe = g_build_filename (root, "pipe.json", NULL);
  static const struct
  {
    const char *path;
    int         code;
  } cases[] = {
    { "missing.json", DUPLEX_ERROR_IO },
    { "", DUPLEX_ERROR_IO },
    { "pipe.json", DUPLEX_ERROR_IO },
    { "large.json", DUPLEX_ERROR_TOO_BIG },
  };

  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  write_text (root, "large.json", "four");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (duplex_profile_files_read (root, cases[i].path, 3, &error));
      g_assert_error (error, DUPLEX_ERROR, cases[i].code);
    }

  duplex_test_remove_folder (root);
}

static int
compare_strings (gconstpointer a,
                 gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static void
assert_strings (GPtrArray  *strings,
                const char *expected)
{
  g_autofree char *joined = NULL;

  g_ptr_array_sort (strings, compare_strings);
  g_ptr_array_add (strings, NULL);
  joined = g_strjoinv (" ", (char **)strings->pdata);
  g_assert_cmpstr (joined, ==, expected);
}

static void
test_scan (void)
{
  char                 *root = duplex_test_make_folder ();
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError)    error = NULL;
  g_autofree char      *circle = g_build_filename (root, "a", "circle", NULL);
  g_autofree char      *link = g_build_filename (root, "link.json", NULL);
  static const char    *files[] = {
       "top.json",
       "a/one.json",
       "a/b/two.json",
       "1/2/3/4/5/6/7/8/deep.json",
       "1/2/3/4/5/6/7/8/9/too-deep.json",
       ".git/hidden.json",
       "a/.hidden.json",
       "readme.md",
       "top.json.TMP123",
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    write_text (root, files[i], "{}");
  g_assert_cmpint (symlink (root, circle), ==, 0);
  g_assert_cmpint (symlink ("top.json", link), ==, 0);

  g_assert_true (duplex_profile_files_scan (root, paths, folders, &error));
  g_assert_no_error (error);
  assert_strings (paths, "1/2/3/4/5/6/7/8/deep.json a/b/two.json a/one.json link.json top.json");
  assert_strings (folders, " 1 1/2 1/2/3 1/2/3/4 1/2/3/4/5 1/2/3/4/5/6 1/2/3/4/5/6/7 "
                           "1/2/3/4/5/6/7/8 a a/b");
  duplex_test_remove_folder (root);
}

static void
test_scan_fails (void)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError)    error = NULL;

  g_assert_false (duplex_profile_files_scan ("/nonexistent-of-duplex", paths, folders, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
}

static void
test_remove (void)
{
  char              *root = duplex_test_make_folder ();
  g_autofree char   *folder = g_build_filename (root, "folder.json", NULL);
  g_autoptr (GError) error = NULL;

  write_text (root, "Echo.json", "x");
  g_assert_true (duplex_profile_files_exists (root, "Echo.json"));
  g_assert_true (duplex_profile_files_remove (root, "Echo.json", &error));
  g_assert_false (duplex_profile_files_exists (root, "Echo.json"));
  g_assert_true (duplex_profile_files_remove (root, "Echo.json", &error));
  g_assert_no_error (error);

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_false (duplex_profile_files_remove (root, "folder.json", &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  duplex_test_remove_folder (root);
}

typedef struct
{
  const char *root;
  gint        stop;
  guint       n_read;
} Reader;

static gpointer
read_worker (gpointer data)
{
  Reader *reader = data;

  while (!g_atomic_int_get (&reader->stop))
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) contents = NULL;
      gsize              size;
      const char        *data_read;

      contents = duplex_profile_files_read (reader->root, "a.json", 1000000, &error);
      g_assert_no_error (error);
      data_read = g_bytes_get_data (contents, &size);
      g_assert_cmpuint (size, >, 0);
      g_assert_cmpuint (size, ==, data_read[0] == 'a' ? 10 : 300000);
      g_assert_cmpint (data_read[size - 1], ==, data_read[0]);
      reader->n_read++;
    }

  return NULL;
}

/* Whoever looks sees one whole file or the other, and nothing is left behind. */
static void
test_atomic (void)
{
  char            *root = duplex_test_make_folder ();
  g_autofree char *a = g_strnfill (10, 'a');
  g_autofree char *b = g_strnfill (300000, 'b');
  Reader           reader = { .root = root };
  GThread         *thread;
  g_autoptr (GDir) dir = NULL;

  write_text (root, "a.json", a);
  thread = g_thread_new ("read", read_worker, &reader);
  for (guint i = 0; i < 100; i++)
    write_text (root, "a.json", i % 2 ? a : b);
  g_atomic_int_set (&reader.stop, TRUE);
  g_thread_join (thread);
  g_assert_cmpuint (reader.n_read, >, 0);

  dir = g_dir_open (root, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "a.json");
  g_assert_null (g_dir_read_name (dir));
  duplex_test_remove_folder (root);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/profile-files/safe-name/table", test_safe_name);
  g_test_add_func ("/core/profile-files/safe-name/length", test_safe_name_length);
  g_test_add_func ("/core/profile-files/safe-folder", test_safe_folder);
  g_test_add_func ("/core/profile-files/parts", test_parts);
  g_test_add_func ("/core/profile-files/free-path", test_free_path);
  g_test_add_func ("/core/profile-files/write/mode", test_write);
  g_test_add_func ("/core/profile-files/write/link", test_write_link);
  g_test_add_func ("/core/profile-files/write/fails", test_write_fails);
  g_test_add_func ("/core/profile-files/write/atomic", test_atomic);
  g_test_add_func ("/core/profile-files/read/fails", test_read_fails);
  g_test_add_func ("/core/profile-files/scan/tree", test_scan);
  g_test_add_func ("/core/profile-files/scan/fails", test_scan_fails);
  g_test_add_func ("/core/profile-files/remove", test_remove);

  return g_test_run ();
}
