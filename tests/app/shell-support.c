/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell-support.h"

#include <errno.h>
#include <glib/gstdio.h>

#define DEADLINE_SECONDS 10

static void
remove_children (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char      *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      shell_remove_tree (child);
    }
}

/* A thread that ends a recording may remove, and make, a file meanwhile. */
void
shell_remove_tree (const char *path)
{
  gint64 until = g_get_monotonic_time () + DEADLINE_SECONDS * G_TIME_SPAN_SECOND;

  remove_children (path);
  while (g_remove (path) != 0)
    {
      int reason = errno;

      if (reason == ENOENT)
        return;
      g_assert_true (reason == ENOTEMPTY || reason == EEXIST);
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_thread_yield ();
      remove_children (path);
    }
}

DuplexProfileStore *
shell_store_new (void)
{
  g_autoptr (GError)  error = NULL;
  g_autofree char    *top = g_dir_make_tmp ("duplex-test-XXXXXX", &error);
  g_autofree char    *path = NULL;
  DuplexProfileStore *store;

  g_assert_no_error (error);
  path = g_build_filename (top, "profiles", NULL);
  store = duplex_profile_store_new (path);
  duplex_profile_store_load (store, &error);
  g_assert_no_error (error);
  return store;
}

void
shell_store_free (DuplexProfileStore *store)
{
  g_autofree char *top = g_path_get_dirname (duplex_profile_store_get_path (store));

  shell_settle ();
  g_assert_finalize_object (store);
  shell_remove_tree (top);
}

DuplexProfile *
shell_find_profile (DuplexProfileStore *store,
                    const char         *name)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (store)); i++)
    {
      g_autoptr (DuplexProfile) profile = g_list_model_get_item (G_LIST_MODEL (store), i);

      if (g_str_equal (duplex_profile_get_name (profile), name))
        return profile;
    }
  return NULL;
}

void
shell_wait (ShellCondition condition,
            gpointer       user_data,
            const char    *what)
{
  g_autoptr (GTimer) timer = g_timer_new ();

  while (!condition (user_data))
    {
      if (g_timer_elapsed (timer, NULL) > DEADLINE_SECONDS)
        g_error ("Waited %d s for %s", DEADLINE_SECONDS, what);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
}

void
shell_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static gboolean
has_text (GtkWidget  *widget,
          const char *text)
{
  static const char *const names[] = { "label", "title", "text", "tooltip-text" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      GParamSpec      *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (widget), names[i]);
      g_autofree char *value = NULL;

      if (pspec == NULL || pspec->value_type != G_TYPE_STRING)
        continue;
      g_object_get (widget, names[i], &value, NULL);
      if (g_strcmp0 (value, text) == 0)
        return TRUE;
    }
  return FALSE;
}

GtkWidget *
shell_find_widget (GtkWidget  *root,
                   GType       type,
                   const char *text)
{
  GtkWidget *found = NULL;

  if (!gtk_widget_get_visible (root))
    return NULL;
  if (G_TYPE_CHECK_INSTANCE_TYPE (root, type) && (text == NULL || has_text (root, text)))
    return root;

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = shell_find_widget (child, type, text);
  return found;
}

typedef struct
{
  GtkWidget  *root;
  const char *text;
} Label;

static gboolean
has_label (gpointer user_data)
{
  Label *label = user_data;

  return shell_find_widget (label->root, GTK_TYPE_LABEL, label->text) != NULL;
}

void
shell_wait_for_label (GtkWidget  *root,
                      const char *text)
{
  shell_wait (has_label, &(Label){ root, text }, text);
}
