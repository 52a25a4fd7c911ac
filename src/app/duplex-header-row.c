/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-header-row.h"

#include "app/duplex-closures.h"

struct _DuplexHeaderRow
{
  AdwPreferencesRow parent_instance;

  GtkEditable *name; /* template */
  GtkEditable *value;
};

G_DEFINE_FINAL_TYPE (DuplexHeaderRow, duplex_header_row, ADW_TYPE_PREFERENCES_ROW)

enum {
  SIGNAL_CHANGED,
  SIGNAL_ENTRY_ACTIVATED,
  SIGNAL_REMOVE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
text_changed_cb (DuplexHeaderRow *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
entry_activate_cb (DuplexHeaderRow *self)
{
  g_signal_emit (self, signals[SIGNAL_ENTRY_ACTIVATED], 0);
}

static void
remove_clicked_cb (DuplexHeaderRow *self)
{
  g_signal_emit (self, signals[SIGNAL_REMOVE], 0);
}

static gboolean
duplex_header_row_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (DUPLEX_HEADER_ROW (widget)->name));
}

static void
duplex_header_row_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_HEADER_ROW);

  G_OBJECT_CLASS (duplex_header_row_parent_class)->dispose (object);
}

static void
duplex_header_row_class_init (DuplexHeaderRowClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_header_row_dispose;
  widget_class->grab_focus = duplex_header_row_grab_focus;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_ENTRY_ACTIVATED] =
    g_signal_new ("entry-activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_REMOVE] = g_signal_new ("remove", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-header-row.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexHeaderRow, name);
  gtk_widget_class_bind_template_child (widget_class, DuplexHeaderRow, value);
  gtk_widget_class_bind_template_callback (widget_class, text_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, entry_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, remove_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_header_problem);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_is_set);
}

static void
duplex_header_row_init (DuplexHeaderRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
duplex_header_row_new (const char *name,
                       const char *value)
{
  DuplexHeaderRow *self = g_object_new (DUPLEX_TYPE_HEADER_ROW, NULL);

  gtk_editable_set_text (self->name, name);
  gtk_editable_set_text (self->value, value);
  return GTK_WIDGET (self);
}

const char *
duplex_header_row_get_name (DuplexHeaderRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_HEADER_ROW (self), NULL);

  return gtk_editable_get_text (self->name);
}

const char *
duplex_header_row_get_value (DuplexHeaderRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_HEADER_ROW (self), NULL);

  return gtk_editable_get_text (self->value);
}

gboolean
duplex_header_row_is_valid (DuplexHeaderRow *self)
{
  g_autofree char *problem = NULL;

  g_return_val_if_fail (DUPLEX_IS_HEADER_ROW (self), FALSE);

  problem = duplex_closure_header_problem (self, duplex_header_row_get_name (self),
                                           duplex_header_row_get_value (self));
  return *problem == '\0';
}
