/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-profile-row.h"

#include "app/duplex-closures.h"

struct _DuplexProfileRow
{
  GtkListBoxRow parent_instance;

  DuplexProfile *profile; /* owned */

  GtkMenuButton *menu_button; /* template */
};

G_DEFINE_FINAL_TYPE (DuplexProfileRow, duplex_profile_row, GTK_TYPE_LIST_BOX_ROW)

enum {
  PROP_0,
  PROP_PROFILE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
select_row (DuplexProfileRow *self)
{
  GtkWidget *list = gtk_widget_get_ancestor (GTK_WIDGET (self), GTK_TYPE_LIST_BOX);

  if (list != NULL)
    gtk_list_box_select_row (GTK_LIST_BOX (list), GTK_LIST_BOX_ROW (self));
}

static void
select_before_menu_cb (GtkMenuButton *button,
                       gpointer       user_data)
{
  select_row (DUPLEX_PROFILE_ROW (user_data));
}

static void
pop_up_menu (DuplexProfileRow *self)
{
  select_row (self);
  gtk_menu_button_popup (self->menu_button);
}

static void
secondary_pressed_cb (DuplexProfileRow *self,
                      int               n_press,
                      double            x,
                      double            y,
                      GtkGesture       *gesture)
{
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
  pop_up_menu (self);
}

static gboolean
activate_key_cb (GtkWidget *widget,
                 GVariant  *args,
                 gpointer   user_data)
{
  const char *action;

  g_variant_get (args, "(&s)", &action);
  select_row (DUPLEX_PROFILE_ROW (widget));
  return gtk_widget_activate_action (widget, action, NULL);
}

static gboolean
menu_key_cb (GtkWidget *widget,
             GVariant  *args,
             gpointer   user_data)
{
  pop_up_menu (DUPLEX_PROFILE_ROW (widget));
  return GDK_EVENT_STOP;
}

static char *
dup_problem (const char *id,
             const char *error)
{
  g_autofree char *reason = duplex_closure_profile_detail (NULL, "", error);

  return g_strdup_printf ("%s.json\n%s", id, reason);
}

/* Pure: the whole of what the row may have no room for. */
static char *
dup_tooltip (gpointer    instance,
             const char *id,
             const char *url,
             const char *error)
{
  return error != NULL ? dup_problem (id, error) : g_strdup (url);
}

/* Screen readers read nothing of a list row but its name. */
static void
update_accessible_name (DuplexProfileRow *self)
{
  g_autofree char *label = NULL;

  label = duplex_closure_profile_label (self, duplex_profile_get_name (self->profile),
                                        duplex_profile_get_url (self->profile),
                                        duplex_profile_get_error (self->profile));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
duplex_profile_row_constructed (GObject *object)
{
  DuplexProfileRow *self = DUPLEX_PROFILE_ROW (object);

  G_OBJECT_CLASS (duplex_profile_row_parent_class)->constructed (object);

  if (self->profile == NULL)
    return;

  g_signal_connect_object (self->profile, "notify", G_CALLBACK (update_accessible_name), self,
                           G_CONNECT_SWAPPED);
  update_accessible_name (self);
}

static void
duplex_profile_row_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_PROFILE_ROW);

  G_OBJECT_CLASS (duplex_profile_row_parent_class)->dispose (object);
}

static void
duplex_profile_row_finalize (GObject *object)
{
  DuplexProfileRow *self = DUPLEX_PROFILE_ROW (object);

  g_clear_object (&self->profile);

  G_OBJECT_CLASS (duplex_profile_row_parent_class)->finalize (object);
}

static void
duplex_profile_row_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  DuplexProfileRow *self = DUPLEX_PROFILE_ROW (object);

  switch (prop_id)
    {
    case PROP_PROFILE:
      g_value_set_object (value, self->profile);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_profile_row_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  DuplexProfileRow *self = DUPLEX_PROFILE_ROW (object);

  switch (prop_id)
    {
    case PROP_PROFILE:
      self->profile = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_profile_row_class_init (DuplexProfileRowClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->constructed = duplex_profile_row_constructed;
  object_class->dispose = duplex_profile_row_dispose;
  object_class->finalize = duplex_profile_row_finalize;
  object_class->get_property = duplex_profile_row_get_property;
  object_class->set_property = duplex_profile_row_set_property;

  properties[PROP_PROFILE] =
    g_param_spec_object ("profile", NULL, NULL, DUPLEX_TYPE_PROFILE,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-profile-row.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileRow, menu_button);
  gtk_widget_class_bind_template_callback (widget_class, secondary_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, dup_tooltip);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_is_set);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_profile_detail);

  gtk_widget_class_add_binding (widget_class, GDK_KEY_F2, 0, activate_key_cb, "(s)",
                                "profile.edit");
  gtk_widget_class_add_binding (widget_class, GDK_KEY_e, GDK_CONTROL_MASK, activate_key_cb, "(s)",
                                "profile.edit");
  gtk_widget_class_add_binding (widget_class, GDK_KEY_d, GDK_CONTROL_MASK | GDK_SHIFT_MASK,
                                activate_key_cb, "(s)", "profile.duplicate");
  gtk_widget_class_add_binding (widget_class, GDK_KEY_c, GDK_CONTROL_MASK, activate_key_cb, "(s)",
                                "profile.copy-url");
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Delete, 0, activate_key_cb, "(s)",
                                "profile.delete");
  gtk_widget_class_add_binding (widget_class, GDK_KEY_KP_Delete, 0, activate_key_cb, "(s)",
                                "profile.delete");
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, menu_key_cb, NULL);
}

static void
duplex_profile_row_init (DuplexProfileRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_create_popup_func (self->menu_button, select_before_menu_cb, self, NULL);
}

GtkWidget *
duplex_profile_row_new (DuplexProfile *profile)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), NULL);

  return g_object_new (DUPLEX_TYPE_PROFILE_ROW, "profile", profile, NULL);
}

DuplexProfile *
duplex_profile_row_get_profile (DuplexProfileRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE_ROW (self), NULL);

  return self->profile;
}

char *
duplex_profile_row_dup_problem (DuplexProfile *profile)
{
  const char *error;

  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), NULL);

  error = duplex_profile_get_error (profile);
  return error != NULL ? dup_problem (duplex_profile_get_id (profile), error) : NULL;
}
