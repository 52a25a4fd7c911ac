/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets.h"

typedef gboolean (*Match) (GtkWidget *widget,
                           gpointer   data);

static GtkWidget *
find (GtkWidget *root,
      Match      match,
      gpointer   data)
{
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = match (child, data) ? child : find (child, match, data);
      if (found != NULL)
        return found;
    }

  return NULL;
}

static gboolean
has_type (GtkWidget *widget,
          gpointer   data)
{
  return g_type_is_a (G_OBJECT_TYPE (widget), *(GType *)data);
}

static gboolean
has_action (GtkWidget *widget,
            gpointer   data)
{
  const char *name = NULL;

  if (GTK_IS_BUTTON (widget))
    name = gtk_actionable_get_action_name (GTK_ACTIONABLE (widget));

  return g_strcmp0 (name, data) == 0;
}

static gboolean
has_label (GtkWidget *widget,
           gpointer   data)
{
  return GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_label (GTK_LABEL (widget)), data);
}

GtkWidget *
widgets_find_type (GtkWidget *root,
                   GType      type)
{
  GtkWidget *found = find (root, has_type, &type);

  if (found == NULL)
    g_error ("no %s in %s", g_type_name (type), G_OBJECT_TYPE_NAME (root));

  return found;
}

GtkWidget *
widgets_find_action (GtkWidget  *root,
                     const char *action)
{
  GtkWidget *found = find (root, has_action, (gpointer)action);

  if (found == NULL)
    g_error ("no button for %s in %s", action, G_OBJECT_TYPE_NAME (root));

  return found;
}

GtkWidget *
widgets_find_label (GtkWidget  *root,
                    const char *text)
{
  return find (root, has_label, (gpointer)text);
}

gboolean
widgets_is_shown (GtkWidget *widget,
                  GtkWidget *root)
{
  for (; widget != NULL && widget != root; widget = gtk_widget_get_parent (widget))
    if (!gtk_widget_get_visible (widget) || !gtk_widget_get_child_visible (widget))
      return FALSE;

  return widget != NULL;
}

static gboolean
expired_cb (gpointer what)
{
  g_error ("waited too long for: %s", (const char *)what);

  return G_SOURCE_REMOVE;
}

void
widgets_wait_until (gboolean (*condition) (gpointer data),
                    gpointer    data,
                    const char *what)
{
  widgets_wait_for (condition, data, 10, what);
}

void
widgets_wait_for (gboolean (*condition) (gpointer data),
                  gpointer    data,
                  guint       seconds,
                  const char *what)
{
  guint source = g_timeout_add_seconds (seconds, expired_cb, (gpointer)what);

  while (!condition (data))
    g_main_context_iteration (NULL, TRUE);

  g_source_remove (source);
}

/* Workers change the count meanwhile. */
gboolean
widgets_is_last_ref (gpointer data)
{
  return g_atomic_int_get (&G_OBJECT (data)->ref_count) == 1;
}

void
widgets_allocate (GtkWidget *root,
                  int        width)
{
  GtkAllocation place = { 0, 0, width, 0 };
  int           minimum;

  gtk_widget_measure (root, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, width);
  gtk_widget_measure (root, GTK_ORIENTATION_VERTICAL, width, NULL, &place.height, NULL, NULL);
  gtk_widget_size_allocate (root, &place, -1);
}
