/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-screenshot.h"

#include "core/proto/duplex-error.h"

/* How often is looked, and for how long nothing may have been drawn. A blinking cursor pauses
 * longer than that between two changes, so it does not keep a window from being at rest. */
#define LOOK_MS 50
#define REST_MS 300

typedef struct
{
  char                *path;      /* owned */
  GdkPaintable        *paintable; /* owned: the window, tells when it is redrawn */
  DuplexScreenshotWait wait;
  gpointer             wait_data; /* borrowed */
  gint64               deadline;  /* g_get_monotonic_time() */
  gint64               last_change;
  const char          *missing; /* static */
} Screenshot;

static void
screenshot_free (Screenshot *self)
{
  g_clear_object (&self->paintable);
  g_clear_pointer (&self->path, g_free);
  g_free (self);
}

static void
changed_cb (Screenshot *self)
{
  self->last_change = g_get_monotonic_time ();
}

static const char *
find_missing (Screenshot *self,
              GtkWindow  *window)
{
  const char *missing = self->wait != NULL ? self->wait (self->wait_data) : NULL;

  if (missing != NULL)
    return missing;
  if (!gtk_widget_get_mapped (GTK_WIDGET (window)))
    return "the window to be shown";
  if (g_get_monotonic_time () - self->last_change < REST_MS * G_TIME_SPAN_MILLISECOND)
    return "the window to come to rest";
  return NULL;
}

static gboolean
save (Screenshot *self,
      GtkWindow  *window,
      GError    **error)
{
  g_autoptr (GtkSnapshot)   snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture)    texture = NULL;
  int                       width = gdk_paintable_get_intrinsic_width (self->paintable);
  int                       height = gdk_paintable_get_intrinsic_height (self->paintable);

  gdk_paintable_snapshot (self->paintable, snapshot, width, height);
  node = gtk_snapshot_free_to_node (g_steal_pointer (&snapshot));
  if (node == NULL)
    {
      g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_FAILED, "The window drew nothing");
      return FALSE;
    }

  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (window)), node,
                                         &GRAPHENE_RECT_INIT (0, 0, width, height));
  if (!gdk_texture_save_to_png (texture, self->path))
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO, "%s cannot be written", self->path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
look_cb (gpointer user_data)
{
  GTask             *task = G_TASK (user_data);
  Screenshot        *self = g_task_get_task_data (task);
  GtkWindow         *window = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  self->missing = find_missing (self, window);
  if (self->missing == NULL)
    {
      if (save (self, window, &error))
        g_task_return_boolean (task, TRUE);
      else
        g_task_return_error (task, g_steal_pointer (&error));
      return G_SOURCE_REMOVE;
    }

  if (g_get_monotonic_time () < self->deadline)
    return G_SOURCE_CONTINUE;

  g_task_return_new_error (task, DUPLEX_ERROR, DUPLEX_ERROR_TIMEOUT, "Gave up waiting for %s",
                           self->missing);
  return G_SOURCE_REMOVE;
}

void
duplex_screenshot_async (GtkWindow           *window,
                         const char          *path,
                         guint                deadline_ms,
                         DuplexScreenshotWait wait,
                         gpointer             wait_data,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  Screenshot       *self;

  g_return_if_fail (GTK_IS_WINDOW (window));
  g_return_if_fail (path != NULL);

  task = g_task_new (window, NULL, callback, user_data);
  g_task_set_source_tag (task, duplex_screenshot_async);

  self = g_new0 (Screenshot, 1);
  self->path = g_strdup (path);
  self->paintable = gtk_widget_paintable_new (GTK_WIDGET (window));
  self->wait = wait;
  self->wait_data = wait_data;
  self->last_change = g_get_monotonic_time ();
  self->deadline = self->last_change + (gint64)deadline_ms * G_TIME_SPAN_MILLISECOND;
  g_task_set_task_data (task, self, (GDestroyNotify)screenshot_free);

  /* The paintable lives as long as self does. */
  g_signal_connect_swapped (self->paintable, "invalidate-contents", G_CALLBACK (changed_cb), self);
  g_signal_connect_swapped (self->paintable, "invalidate-size", G_CALLBACK (changed_cb), self);
  g_timeout_add_full (G_PRIORITY_DEFAULT, LOOK_MS, look_cb, g_steal_pointer (&task),
                      g_object_unref);
}

gboolean
duplex_screenshot_finish (GtkWindow    *window,
                          GAsyncResult *result,
                          GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, window), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
