/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-ping-options.h"

#include "core/proto/duplex-limits.h"

struct _DuplexPingOptions
{
  AdwPreferencesGroup parent_instance;

  GBindingGroup *bindings; /* owned */

  AdwComboRow   *pong_mode; /* template */
  GtkWidget     *delay_row;
  GtkAdjustment *delay;
  GtkAdjustment *interval;
  GtkWidget     *limit_row;
  GtkAdjustment *limit;
};

G_DEFINE_FINAL_TYPE (DuplexPingOptions, duplex_ping_options, ADW_TYPE_PREFERENCES_GROUP)

/* The choices stand in the order of the modes. */
static gboolean
mode_to_selected (GBinding     *binding,
                  const GValue *from,
                  GValue       *to,
                  gpointer      user_data)
{
  g_value_set_uint (to, (guint)g_value_get_enum (from));
  return TRUE;
}

static gboolean
selected_to_mode (GBinding     *binding,
                  const GValue *from,
                  GValue       *to,
                  gpointer      user_data)
{
  guint selected = g_value_get_uint (from);

  if (selected > DUPLEX_PONG_NEVER)
    return FALSE;

  g_value_set_enum (to, (int)selected);
  return TRUE;
}

static gboolean
mode_to_delays (GBinding     *binding,
                const GValue *from,
                GValue       *to,
                gpointer      user_data)
{
  g_value_set_boolean (to, g_value_get_enum (from) == DUPLEX_PONG_DELAYED);
  return TRUE;
}

static gboolean
interval_to_pings (GBinding     *binding,
                   const GValue *from,
                   GValue       *to,
                   gpointer      user_data)
{
  g_value_set_boolean (to, g_value_get_uint (from) > 0);
  return TRUE;
}

static void
bind_rows (DuplexPingOptions *self)
{
  const GBindingFlags both = G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE;

  self->bindings = g_binding_group_new ();
  g_binding_group_bind_full (self->bindings, "pong-mode", self->pong_mode, "selected", both,
                             mode_to_selected, selected_to_mode, NULL, NULL);
  g_binding_group_bind_full (self->bindings, "pong-mode", self->delay_row, "sensitive",
                             G_BINDING_SYNC_CREATE, mode_to_delays, NULL, NULL, NULL);
  g_binding_group_bind (self->bindings, "pong-delay", self->delay, "value", both);
  g_binding_group_bind (self->bindings, "ping-interval", self->interval, "value", both);
  g_binding_group_bind_full (self->bindings, "ping-interval", self->limit_row, "sensitive",
                             G_BINDING_SYNC_CREATE, interval_to_pings, NULL, NULL, NULL);
  g_binding_group_bind (self->bindings, "ping-limit", self->limit, "value", both);
}

static void
duplex_ping_options_dispose (GObject *object)
{
  DuplexPingOptions *self = DUPLEX_PING_OPTIONS (object);

  g_clear_object (&self->bindings);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_PING_OPTIONS);

  G_OBJECT_CLASS (duplex_ping_options_parent_class)->dispose (object);
}

static void
duplex_ping_options_class_init (DuplexPingOptionsClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_ping_options_dispose;

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-ping-options.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexPingOptions, pong_mode);
  gtk_widget_class_bind_template_child (widget_class, DuplexPingOptions, delay_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexPingOptions, delay);
  gtk_widget_class_bind_template_child (widget_class, DuplexPingOptions, interval);
  gtk_widget_class_bind_template_child (widget_class, DuplexPingOptions, limit_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexPingOptions, limit);
}

static void
duplex_ping_options_init (DuplexPingOptions *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_adjustment_set_upper (self->delay, DUPLEX_LIMIT_PONG_DELAY);
  gtk_adjustment_set_upper (self->interval, DUPLEX_LIMIT_PING_INTERVAL);
  gtk_adjustment_set_upper (self->limit, DUPLEX_LIMIT_PING_LIMIT);
  bind_rows (self);
}

void
duplex_ping_options_set_profile (DuplexPingOptions *self,
                                 DuplexProfile     *profile)
{
  g_return_if_fail (DUPLEX_IS_PING_OPTIONS (self));
  g_return_if_fail (profile == NULL || DUPLEX_IS_PROFILE (profile));

  g_binding_group_set_source (self->bindings, profile);
}
