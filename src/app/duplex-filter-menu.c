/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-filter-menu.h"

#include <glib/gi18n.h>

#include "app/duplex-settings.h"

#define KEY "saved-filters"

struct _DuplexFilterMenu
{
  GtkPopover parent_instance;

  /* owned */
  GSettings *settings; /* or NULL */
  GPtrArray *saved;    /* of Saved, in the order in which they are shown */
  char      *expression;

  /* template */
  GtkWidget  *empty_label;
  GtkWidget  *scroller;
  GtkListBox *list;
  GtkEntry   *name_entry;
  GtkWidget  *save_button;
  GtkLabel   *expression_label;
};

typedef struct
{
  char *name;
  char *expression;
} Saved;

enum {
  PROP_EXPRESSION = 1,
  N_PROPS
};

enum {
  CHOSEN,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DuplexFilterMenu, duplex_filter_menu, GTK_TYPE_POPOVER)

static void
saved_free (gpointer data)
{
  Saved *self = data;

  g_free (self->name);
  g_free (self->expression);
  g_free (self);
}

static Saved *
saved_new (const char *name,
           const char *expression)
{
  Saved *self = g_new (Saved, 1);

  self->name = g_strdup (name);
  self->expression = g_strdup (expression);
  return self;
}

static void
store (DuplexFilterMenu *self)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ss)"));

  if (self->settings == NULL)
    return;

  for (guint i = 0; i < self->saved->len; i++)
    {
      const Saved *saved = g_ptr_array_index (self->saved, i);

      g_variant_builder_add (&builder, "(ss)", saved->name, saved->expression);
    }
  g_settings_set_value (self->settings, KEY, g_variant_builder_end (&builder));
}

static Saved *
find (DuplexFilterMenu *self,
      const char       *name,
      guint            *ret_index)
{
  for (guint i = 0; i < self->saved->len; i++)
    {
      Saved *saved = g_ptr_array_index (self->saved, i);

      if (!g_str_equal (saved->name, name))
        continue;
      if (ret_index != NULL)
        *ret_index = i;
      return saved;
    }

  return NULL;
}

static void show_saved (DuplexFilterMenu *self);

static void
remove_cb (DuplexFilterMenu *self,
           GtkWidget        *button)
{
  GtkWidget *row = gtk_widget_get_ancestor (button, GTK_TYPE_LIST_BOX_ROW);
  int        index = gtk_list_box_row_get_index (GTK_LIST_BOX_ROW (row));

  g_ptr_array_remove_index (self->saved, (guint)index);
  store (self);
  show_saved (self);
  /* The button that had the focus is gone, and the popover must not close for that. */
  gtk_widget_grab_focus (GTK_WIDGET (self->name_entry));
}

static GtkWidget *
new_label (const char *text,
           const char *css_class)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 30);
  if (css_class != NULL)
    {
      gtk_widget_add_css_class (label, css_class);
      gtk_widget_add_css_class (label, "dim-label");
    }

  return label;
}

static GtkWidget *
new_remove_button (DuplexFilterMenu *self,
                   const Saved      *saved)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("user-trash-symbolic");
  /* Translators: %s is the name of a saved filter. */
  g_autofree char *name = g_strdup_printf (_ ("Remove “%s”"), saved->name);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, name);
  gtk_widget_add_css_class (button, "flat");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                  -1);
  g_signal_connect_object (button, "clicked", G_CALLBACK (remove_cb), self, G_CONNECT_SWAPPED);

  return button;
}

static GtkWidget *
new_row (DuplexFilterMenu *self,
         const Saved      *saved)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  gtk_box_append (GTK_BOX (texts), new_label (saved->name, NULL));
  gtk_box_append (GTK_BOX (texts), new_label (saved->expression, "caption"));
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_box_append (GTK_BOX (box), texts);
  gtk_box_append (GTK_BOX (box), new_remove_button (self, saved));
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_widget_set_tooltip_text (row, saved->expression);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, saved->name,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, saved->expression, -1);

  return row;
}

static void
show_saved (DuplexFilterMenu *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->list))) != NULL)
    gtk_list_box_remove (self->list, child);

  for (guint i = 0; i < self->saved->len; i++)
    gtk_list_box_append (self->list, new_row (self, g_ptr_array_index (self->saved, i)));

  gtk_widget_set_visible (self->scroller, self->saved->len > 0);
  gtk_widget_set_visible (self->empty_label, self->saved->len == 0);
}

/* Another window may have saved one. */
static void
load (DuplexFilterMenu *self)
{
  g_autoptr (GVariant) value = NULL;
  GVariantIter         iter;
  const char          *name;
  const char          *expression;

  if (self->settings != NULL)
    {
      value = g_settings_get_value (self->settings, KEY);
      g_ptr_array_set_size (self->saved, 0);
      g_variant_iter_init (&iter, value);
      while (g_variant_iter_next (&iter, "(&s&s)", &name, &expression))
        g_ptr_array_add (self->saved, saved_new (name, expression));
    }

  show_saved (self);
}

static char *
dup_name (DuplexFilterMenu *self)
{
  return g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->name_entry))));
}

static void
update_save (DuplexFilterMenu *self)
{
  g_autofree char *name = dup_name (self);
  gboolean         replaces = find (self, name, NULL) != NULL;

  gtk_widget_set_sensitive (self->save_button, *name != '\0' && *self->expression != '\0');
  gtk_button_set_label (GTK_BUTTON (self->save_button), replaces ? _ ("_Replace") : _ ("_Save"));
}

static void
save_cb (DuplexFilterMenu *self)
{
  g_autofree char *name = dup_name (self);
  guint            index;

  if (*name == '\0' || *self->expression == '\0')
    return;

  if (find (self, name, &index) != NULL)
    g_ptr_array_remove_index (self->saved, index);
  g_ptr_array_insert (self->saved, 0, saved_new (name, self->expression));
  store (self);
  show_saved (self);
  gtk_editable_set_text (GTK_EDITABLE (self->name_entry), "");
}

static void
row_activated_cb (DuplexFilterMenu *self,
                  GtkListBoxRow    *row)
{
  const Saved     *saved = g_ptr_array_index (self->saved, gtk_list_box_row_get_index (row));
  g_autofree char *expression = g_strdup (saved->expression);

  gtk_popover_popdown (GTK_POPOVER (self));
  g_signal_emit (self, signals[CHOSEN], 0, expression);
}

static void
duplex_filter_menu_show (GtkWidget *widget)
{
  DuplexFilterMenu *self = DUPLEX_FILTER_MENU (widget);

  load (self);
  update_save (self);

  GTK_WIDGET_CLASS (duplex_filter_menu_parent_class)->show (widget);
}

static void
set_expression (DuplexFilterMenu *self,
                const char       *expression)
{
  if (expression == NULL)
    expression = "";
  if (g_strcmp0 (self->expression, expression) == 0)
    return;

  g_free (self->expression);
  self->expression = g_strdup (expression);
  gtk_label_set_label (self->expression_label, expression);
  gtk_widget_set_visible (GTK_WIDGET (self->expression_label), *expression != '\0');
  gtk_widget_set_sensitive (GTK_WIDGET (self->name_entry), *expression != '\0');
  update_save (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_EXPRESSION]);
}

static void
duplex_filter_menu_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_EXPRESSION:
      g_value_set_string (value, DUPLEX_FILTER_MENU (object)->expression);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_filter_menu_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_EXPRESSION:
      set_expression (DUPLEX_FILTER_MENU (object), g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_filter_menu_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_FILTER_MENU);

  G_OBJECT_CLASS (duplex_filter_menu_parent_class)->dispose (object);
}

static void
duplex_filter_menu_finalize (GObject *object)
{
  DuplexFilterMenu *self = DUPLEX_FILTER_MENU (object);

  g_clear_pointer (&self->saved, g_ptr_array_unref);
  g_clear_pointer (&self->expression, g_free);
  g_clear_object (&self->settings);

  G_OBJECT_CLASS (duplex_filter_menu_parent_class)->finalize (object);
}

static void
duplex_filter_menu_class_init (DuplexFilterMenuClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_filter_menu_dispose;
  object_class->finalize = duplex_filter_menu_finalize;
  object_class->get_property = duplex_filter_menu_get_property;
  object_class->set_property = duplex_filter_menu_set_property;
  widget_class->show = duplex_filter_menu_show;

  properties[PROP_EXPRESSION] =
    g_param_spec_string ("expression", NULL, NULL, "",
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[CHOSEN] = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-filter-menu.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterMenu, empty_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterMenu, scroller);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterMenu, list);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterMenu, name_entry);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterMenu, save_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterMenu, expression_label);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, save_cb);
  gtk_widget_class_bind_template_callback (widget_class, update_save);
}

static void
duplex_filter_menu_init (DuplexFilterMenu *self)
{
  self->settings = duplex_settings_new ();
  self->saved = g_ptr_array_new_with_free_func (saved_free);
  self->expression = g_strdup ("");

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self->expression_label), FALSE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->name_entry), FALSE);
  load (self);
  update_save (self);
}

GtkWidget *
duplex_filter_menu_new (void)
{
  return g_object_new (DUPLEX_TYPE_FILTER_MENU, NULL);
}
