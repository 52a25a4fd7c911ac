/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-preferences.h"

#include "app/duplex-history-texts.h"
#include "app/duplex-settings.h"

#define MIB_PER_GIB 1024.0

struct _DuplexPreferences
{
  AdwWindow parent_instance;

  GSettings     *settings; /* owned */
  DuplexHistory *history;  /* owned, or NULL */

  GtkWidget     *record_switch; /* template */
  GtkWidget     *secrets_switch;
  GtkAdjustment *budget;
  GtkWidget     *budget_spin;
  AdwActionRow  *used_row;
  GtkLevelBar   *used_bar;
};

G_DEFINE_FINAL_TYPE (DuplexPreferences, duplex_preferences, ADW_TYPE_WINDOW)

static void
update_used (DuplexPreferences *self)
{
  guint64          budget = duplex_settings_get_budget (self->settings);
  guint64          bytes = 0;
  guint            n = 0;
  g_autofree char *text = NULL;

  if (self->history != NULL)
    {
      bytes = duplex_history_get_bytes (self->history);
      n = g_list_model_get_n_items (G_LIST_MODEL (self->history));
    }
  text = duplex_text_history_sum (n, bytes, budget);
  adw_action_row_set_subtitle (self->used_row, text);
  gtk_level_bar_set_value (self->used_bar, MIN ((double)bytes / (double)budget, 1.0));
}

static gboolean
mib_to_gib (GValue   *value,
            GVariant *variant,
            gpointer  user_data)
{
  g_value_set_double (value, (double)g_variant_get_uint64 (variant) / MIB_PER_GIB);
  return TRUE;
}

static GVariant *
gib_to_mib (const GValue       *value,
            const GVariantType *expected_type,
            gpointer            user_data)
{
  return g_variant_new_uint64 ((guint64)(g_value_get_double (value) * MIB_PER_GIB + 0.5));
}

static void
set_up (DuplexPreferences *self,
        GSettings         *settings,
        DuplexHistory     *history)
{
  self->settings = g_object_ref (settings);
  g_set_object (&self->history, history);
  g_settings_bind (settings, "record", self->record_switch, "active", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "record-secrets", self->secrets_switch, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind_with_mapping (settings, "capture-budget", self->budget, "value",
                                G_SETTINGS_BIND_DEFAULT, mib_to_gib, gib_to_mib, NULL, NULL);
  g_signal_connect_object (settings, "changed::capture-budget", G_CALLBACK (update_used), self,
                           G_CONNECT_SWAPPED);
  if (history != NULL)
    {
      duplex_history_watch (history);
      g_signal_connect_object (history, "notify::bytes", G_CALLBACK (update_used), self,
                               G_CONNECT_SWAPPED);
    }
  update_used (self);
}

static void
duplex_preferences_dispose (GObject *object)
{
  DuplexPreferences *self = DUPLEX_PREFERENCES (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_PREFERENCES);
  if (self->history != NULL)
    duplex_history_unwatch (self->history);
  g_clear_object (&self->history);
  g_clear_object (&self->settings);

  G_OBJECT_CLASS (duplex_preferences_parent_class)->dispose (object);
}

static void
duplex_preferences_class_init (DuplexPreferencesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = duplex_preferences_dispose;

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexPreferences, record_switch);
  gtk_widget_class_bind_template_child (widget_class, DuplexPreferences, secrets_switch);
  gtk_widget_class_bind_template_child (widget_class, DuplexPreferences, budget);
  gtk_widget_class_bind_template_child (widget_class, DuplexPreferences, budget_spin);
  gtk_widget_class_bind_template_child (widget_class, DuplexPreferences, used_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexPreferences, used_bar);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
duplex_preferences_init (DuplexPreferences *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

DuplexPreferences *
duplex_preferences_new (GtkWindow     *parent,
                        GSettings     *settings,
                        DuplexHistory *history)
{
  DuplexPreferences *self;

  g_return_val_if_fail (parent == NULL || GTK_IS_WINDOW (parent), NULL);
  g_return_val_if_fail (G_IS_SETTINGS (settings), NULL);
  g_return_val_if_fail (history == NULL || DUPLEX_IS_HISTORY (history), NULL);

  self = g_object_new (DUPLEX_TYPE_PREFERENCES, "transient-for", parent, "destroy-with-parent",
                       TRUE, NULL);
  set_up (self, settings, history);
  return self;
}
