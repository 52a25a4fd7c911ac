/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program as a person starts it: what it prints, how it exits, what it leaves. The path of the
 * program is this test's argument. */
#include "config.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define DEADLINE_SECONDS 30

static const char *program;

typedef struct
{
  GMainLoop *loop;
  gboolean   late;
} Wait;

static gboolean
deadline_cb (gpointer user_data)
{
  Wait *wait = user_data;

  wait->late = TRUE;
  g_main_loop_quit (wait->loop);
  return G_SOURCE_CONTINUE;
}

static void
exited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Wait *wait = user_data;

  g_assert_true (g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL));
  g_main_loop_quit (wait->loop);
}

static void
wait_for_exit (GSubprocess *process)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Wait                  wait = { .loop = loop };
  guint                 source = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, &wait);

  g_subprocess_wait_async (process, NULL, exited_cb, &wait);
  g_main_loop_run (loop);
  g_source_remove (source);
  if (wait.late)
    {
      g_subprocess_force_exit (process);
      g_error ("%s did not exit within %d s", program, DEADLINE_SECONDS);
    }
}

/* Runs the program with up to three arguments; returns its exit status. */
static int
run (char      **ret_out,
     char      **ret_err,
     const char *a,
     const char *b,
     const char *c)
{
  g_autoptr (GError)      error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char        *out = NULL;
  g_autofree char        *err = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                              &error, program, a, b, c, NULL);
  g_assert_no_error (error);
  /* Little is printed: it fits into the pipes. */
  wait_for_exit (process);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &out, &err, &error);
  g_assert_no_error (error);
  g_test_message ("stdout: %s", out);
  g_test_message ("stderr: %s", err);
  if (ret_out != NULL)
    *ret_out = g_steal_pointer (&out);
  if (ret_err != NULL)
    *ret_err = g_steal_pointer (&err);
  return g_subprocess_get_exit_status (process);
}

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

static void
test_version (void)
{
  g_autofree char *out = NULL;

  g_assert_cmpint (run (&out, NULL, "--version", NULL, NULL), ==, 0);
  g_assert_cmpstr (out, ==, "duplex " DUPLEX_VERSION "\n");
}

static void
test_help (void)
{
  g_autofree char *out = NULL;

  g_assert_cmpint (run (&out, NULL, "--help", NULL, NULL), ==, 0);
  g_assert_nonnull (strstr (out, "--demo"));
  g_assert_nonnull (strstr (out, "--screenshot=FILE.png"));
  g_assert_nonnull (strstr (out, "URL"));
}

static void
test_bad_option (void)
{
  g_autofree char *err = NULL;

  g_assert_cmpint (run (NULL, &err, "--no-such-option", NULL, NULL), ==, 1);
  g_assert_cmpuint (count_lines (err), ==, 1);
  g_assert_nonnull (strstr (err, "--no-such-option"));
}

static void
test_bad_url (void)
{
  g_autofree char *err = NULL;

  g_assert_cmpint (run (NULL, &err, "ws://localhost/", "http://localhost/", NULL), ==, 1);
  g_assert_cmpuint (count_lines (err), ==, 1);
  g_assert_nonnull (strstr (err, "http://localhost/"));
}

static void
assert_png (const char *path)
{
  g_autofree char *data = NULL;
  gsize            len;

  g_assert_true (g_file_get_contents (path, &data, &len, NULL));
  /* A blank window of this size is much smaller. */
  g_assert_cmpuint (len, >, 10000);
  g_assert_cmpmem (data, 4, "\x89PNG", 4);
}

static void
test_demo_screenshot (void)
{
  g_autofree char *dir = g_dir_make_tmp ("duplex-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "window.png", NULL);

  g_assert_cmpint (run (NULL, NULL, "--demo", "--screenshot", path), ==, 0);
  assert_png (path);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_screenshot_that_cannot_be_written (void)
{
  g_autofree char *err = NULL;

  g_assert_cmpint (run (NULL, &err, "--screenshot", "/nonexistent/window.png", NULL), ==, 1);
  g_assert_nonnull (strstr (err, "/nonexistent/window.png"));
}

static void
appeared_cb (GDBusConnection *bus,
             const char      *name,
             const char      *owner,
             gpointer         user_data)
{
  g_main_loop_quit (user_data);
}

static void
wait_for_name (GDBusConnection *bus)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Wait                  wait = { .loop = loop };
  guint                 watch = g_bus_watch_name_on_connection (bus, DUPLEX_APP_ID,
                                                                G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                                appeared_cb, NULL, loop, NULL);
  guint                 source = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, &wait);

  g_main_loop_run (loop);
  g_source_remove (source);
  g_bus_unwatch_name (watch);
  g_assert_false (wait.late);
}

/* A second start hands over to the first and ends; the first quits when it is told to, although it
 * has a connection by then. */
static void
test_one_instance (void)
{
  g_autoptr (GError)          error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  g_autoptr (GSubprocess)     first = NULL;
  g_autoptr (GVariant)        reply = NULL;

  g_assert_no_error (error);
  first = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, NULL);
  g_assert_no_error (error);
  wait_for_name (bus);
  g_assert_cmpint (run (NULL, NULL, "demo:/echo", NULL, NULL), ==, 0);
  g_assert_nonnull (g_subprocess_get_identifier (first));

  reply = g_dbus_connection_call_sync (
    bus, DUPLEX_APP_ID, "/io/github/duplexws/Duplex", "org.freedesktop.Application",
    "ActivateAction", g_variant_new_parsed ("('quit', @av [], @a{sv} {})"), NULL,
    G_DBUS_CALL_FLAGS_NONE, DEADLINE_SECONDS * 1000, NULL, &error);
  g_assert_no_error (error);
  wait_for_exit (first);
  g_assert_cmpint (g_subprocess_get_exit_status (first), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  program = argv[1];

  g_test_add_func ("/app/application/version", test_version);
  g_test_add_func ("/app/application/help", test_help);
  g_test_add_func ("/app/application/bad-option", test_bad_option);
  g_test_add_func ("/app/application/bad-url", test_bad_url);
  g_test_add_func ("/app/application/demo-screenshot", test_demo_screenshot);
  g_test_add_func ("/app/application/screenshot-that-cannot-be-written",
                   test_screenshot_that_cannot_be_written);
  g_test_add_func ("/app/application/one-instance", test_one_instance);

  return g_test_run ();
}
