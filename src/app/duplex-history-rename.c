/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-history-rename.h"

#include "app/duplex-history-texts.h"

struct _DuplexHistoryRename
{
  AdwWindow parent_instance;

  DuplexHistory      *history; /* owned */
  DuplexHistoryEntry *entry;   /* owned */

  AdwPreferencesGroup *group; /* template */
  GtkEditable         *entry_row;
  GtkLabel            *problem;
  GtkWidget           *rename_button;
};

G_DEFINE_FINAL_TYPE (DuplexHistoryRename, duplex_history_rename, ADW_TYPE_WINDOW)

enum {
  SIGNAL_RENAMED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
set_busy (DuplexHistoryRename *self,
          gboolean             busy)
{
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "rename.save", !busy);
  gtk_widget_set_sensitive (GTK_WIDGET (self->entry_row), !busy);
}

static void
renamed_ready_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (DuplexHistoryRename) self = DUPLEX_HISTORY_RENAME (user_data);
  g_autoptr (GError)              error = NULL;
  g_autofree char                *text = NULL;

  if (duplex_history_rename_finish (DUPLEX_HISTORY (source), result, &error))
    {
      g_signal_emit (self, signals[SIGNAL_RENAMED], 0);
      if (self->history != NULL)
        gtk_window_close (GTK_WINDOW (self));
      return;
    }
  /* Closed meanwhile: nothing is left to say it in. */
  if (self->history == NULL)
    return;

  text = duplex_text_capture_error (error);
  gtk_label_set_label (self->problem, text);
  gtk_widget_set_visible (GTK_WIDGET (self->problem), TRUE);
  set_busy (self, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry_row));
}

static void
save_action (GtkWidget  *widget,
             const char *action,
             GVariant   *parameter)
{
  DuplexHistoryRename *self = DUPLEX_HISTORY_RENAME (widget);
  g_autofree char     *title = g_strdup (gtk_editable_get_text (self->entry_row));

  set_busy (self, TRUE);
  duplex_history_rename_async (self->history, self->entry, g_strstrip (title), renamed_ready_cb,
                               g_object_ref (self));
}

static void
duplex_history_rename_dispose (GObject *object)
{
  DuplexHistoryRename *self = DUPLEX_HISTORY_RENAME (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_HISTORY_RENAME);
  g_clear_object (&self->entry);
  g_clear_object (&self->history);

  G_OBJECT_CLASS (duplex_history_rename_parent_class)->dispose (object);
}

static void
duplex_history_rename_class_init (DuplexHistoryRenameClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = duplex_history_rename_dispose;

  signals[SIGNAL_RENAMED] = g_signal_new ("renamed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-history-rename.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRename, group);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRename, entry_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRename, problem);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRename, rename_button);
  gtk_widget_class_install_action (widget_class, "rename.save", NULL, save_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
duplex_history_rename_init (DuplexHistoryRename *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

DuplexHistoryRename *
duplex_history_rename_new (GtkWindow          *parent,
                           DuplexHistory      *history,
                           DuplexHistoryEntry *entry)
{
  DuplexHistoryRename *self;
  g_autofree char     *name = NULL;

  g_return_val_if_fail (parent == NULL || GTK_IS_WINDOW (parent), NULL);
  g_return_val_if_fail (DUPLEX_IS_HISTORY (history), NULL);
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ENTRY (entry), NULL);

  self = g_object_new (DUPLEX_TYPE_HISTORY_RENAME, "transient-for", parent, "destroy-with-parent",
                       TRUE, NULL);
  self->history = g_object_ref (history);
  self->entry = g_object_ref (entry);
  name = duplex_text_history_name (entry);
  gtk_editable_set_text (self->entry_row, name);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry_row));
  gtk_editable_select_region (self->entry_row, 0, -1);
  return self;
}
