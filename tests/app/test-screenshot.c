/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-screenshot.h"

#include <glib/gstdio.h>
#include <string.h>

#include "core/proto/duplex-error.h"
#include "shell-support.h"

typedef struct
{
  GtkWindow *window;
  char      *path;
  GError    *error;
  gboolean   done;
  gboolean   result;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  g_autofree char *dir = g_dir_make_tmp ("duplex-test-XXXXXX", NULL);

  f->path = g_build_filename (dir, "window.png", NULL);
  f->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_default_size (f->window, 320, 240);
  gtk_window_set_child (f->window, gtk_label_new ("Hello"));
  gtk_window_present (f->window);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_autofree char *dir = g_path_get_dirname (f->path);

  gtk_window_destroy (f->window);
  g_remove (f->path);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
  g_clear_pointer (&f->path, g_free);
  g_clear_error (&f->error);
}

static void
ready_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Fixture *f = user_data;

  f->result = duplex_screenshot_finish (GTK_WINDOW (object), result, &f->error);
  f->done = TRUE;
}

static gboolean
is_done (gpointer user_data)
{
  return ((Fixture *)user_data)->done;
}

static const char *
wait_twice (gpointer user_data)
{
  int *n = user_data;

  return (*n)-- > 0 ? "patience" : NULL;
}

static void
test_waits_and_saves (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GdkTexture) texture = NULL;
  int                    n = 2;

  duplex_screenshot_async (f->window, f->path, 8000, wait_twice, &n, ready_cb, f);
  shell_wait (is_done, f, "the picture");
  g_assert_no_error (f->error);
  g_assert_true (f->result);
  g_assert_cmpint (n, <, 0);

  texture = gdk_texture_new_from_filename (f->path, &f->error);
  g_assert_no_error (f->error);
  g_assert_cmpint (gdk_texture_get_width (texture), ==,
                   gtk_widget_get_width (GTK_WIDGET (f->window)));
}

static const char *
wait_forever (gpointer user_data)
{
  return "a day that never comes";
}

static void
test_deadline (Fixture      *f,
               gconstpointer data)
{
  duplex_screenshot_async (f->window, f->path, 200, wait_forever, NULL, ready_cb, f);
  shell_wait (is_done, f, "the deadline");
  g_assert_false (f->result);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_TIMEOUT);
  g_assert_nonnull (strstr (f->error->message, "a day that never comes"));
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

#define ADD(name, test) g_test_add ("/app/screenshot/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  ADD ("waits-and-saves", test_waits_and_saves);
  ADD ("deadline", test_deadline);

  return g_test_run ();
}
