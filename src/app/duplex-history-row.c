/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-history-row.h"

#include "app/duplex-history-texts.h"

struct _DuplexHistoryRow
{
  GtkBox parent_instance;

  DuplexHistoryEntry *entry; /* owned, or NULL */
  GSignalGroup       *entry_signals;

  GtkImage  *icon; /* template */
  GtkLabel  *name;
  GtkLabel  *when;
  GtkLabel  *place;
  GtkLabel  *facts;
  GtkWidget *menu_button;

  const char *style; /* of icon, or "" */
};

G_DEFINE_FINAL_TYPE (DuplexHistoryRow, duplex_history_row, GTK_TYPE_BOX)

enum {
  PROP_0,
  PROP_ENTRY,
  N_PROPS
};

enum {
  SIGNAL_MENU,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static void
update_style (DuplexHistoryRow *self,
              const char       *style)
{
  if (*self->style != '\0')
    gtk_widget_remove_css_class (GTK_WIDGET (self->icon), self->style);
  if (*style != '\0')
    gtk_widget_add_css_class (GTK_WIDGET (self->icon), style);
  self->style = style;
}

/* Screen readers read nothing of a list's row but its name, which is that of our parent. */
static void
update_label (DuplexHistoryRow *self,
              GDateTime        *now)
{
  GtkWidget       *item = gtk_widget_get_parent (GTK_WIDGET (self));
  g_autofree char *label = duplex_text_history_label (self->entry, now);

  if (item != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (item), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                    -1);
}

static void
update (DuplexHistoryRow *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char      *name = NULL;
  g_autofree char      *when = NULL;
  g_autofree char      *place = NULL;
  g_autofree char      *facts = NULL;
  g_autofree char      *end = NULL;
  gboolean              unreadable;

  if (self->entry == NULL)
    return;

  name = duplex_text_history_name (self->entry);
  when = duplex_text_when (duplex_history_entry_get_created (self->entry), now);
  place = duplex_text_history_place (self->entry);
  facts = duplex_text_history_facts (self->entry);
  end = duplex_text_history_end (self->entry);
  unreadable = duplex_history_entry_get_error (self->entry) != NULL;

  gtk_image_set_from_icon_name (self->icon, duplex_text_history_icon (self->entry));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->icon), end);
  update_style (self, duplex_text_history_style (self->entry));
  gtk_label_set_label (self->name, name);
  gtk_label_set_label (self->when, when);
  gtk_label_set_label (self->place, place);
  gtk_label_set_ellipsize (self->place, unreadable ? PANGO_ELLIPSIZE_NONE : PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_wrap (self->place, unreadable);
  gtk_widget_set_visible (GTK_WIDGET (self->place), *place != '\0');
  gtk_label_set_label (self->facts, facts);
  update_label (self, now);
}

/* The whole of what there is no room for. */
static gboolean
query_tooltip_cb (DuplexHistoryRow *self,
                  int               x,
                  int               y,
                  gboolean          keyboard_mode,
                  GtkTooltip       *tooltip,
                  GtkLabel         *label)
{
  gtk_tooltip_set_text (tooltip, gtk_label_get_label (label));
  return pango_layout_is_ellipsized (gtk_label_get_layout (label));
}

static void
menu_clicked_cb (DuplexHistoryRow *self)
{
  g_signal_emit (self, signals[SIGNAL_MENU], 0);
}

static void
duplex_history_row_dispose (GObject *object)
{
  DuplexHistoryRow *self = DUPLEX_HISTORY_ROW (object);

  g_clear_object (&self->entry_signals);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_HISTORY_ROW);
  g_clear_object (&self->entry);

  G_OBJECT_CLASS (duplex_history_row_parent_class)->dispose (object);
}

static void
duplex_history_row_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_ENTRY:
      g_value_set_object (value, DUPLEX_HISTORY_ROW (object)->entry);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_history_row_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_ENTRY:
      duplex_history_row_set_entry (DUPLEX_HISTORY_ROW (object), g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_history_row_class_init (DuplexHistoryRowClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_history_row_dispose;
  object_class->get_property = duplex_history_row_get_property;
  object_class->set_property = duplex_history_row_set_property;

  properties[PROP_ENTRY] =
    g_param_spec_object ("entry", NULL, NULL, DUPLEX_TYPE_HISTORY_ENTRY,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_MENU] = g_signal_new ("menu", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                       NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-history-row.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRow, icon);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRow, name);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRow, when);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRow, place);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRow, facts);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryRow, menu_button);
  gtk_widget_class_bind_template_callback (widget_class, menu_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, query_tooltip_cb);
}

static void
duplex_history_row_init (DuplexHistoryRow *self)
{
  self->style = "";
  self->entry_signals = g_signal_group_new (DUPLEX_TYPE_HISTORY_ENTRY);
  g_signal_group_connect_swapped (self->entry_signals, "changed", G_CALLBACK (update), self);
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
duplex_history_row_new (void)
{
  return g_object_new (DUPLEX_TYPE_HISTORY_ROW, NULL);
}

DuplexHistoryEntry *
duplex_history_row_get_entry (DuplexHistoryRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ROW (self), NULL);

  return self->entry;
}

void
duplex_history_row_set_entry (DuplexHistoryRow   *self,
                              DuplexHistoryEntry *entry)
{
  g_return_if_fail (DUPLEX_IS_HISTORY_ROW (self));
  g_return_if_fail (entry == NULL || DUPLEX_IS_HISTORY_ENTRY (entry));

  if (!g_set_object (&self->entry, entry))
    return;

  g_signal_group_set_target (self->entry_signals, entry);
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ENTRY]);
}

GtkWidget *
duplex_history_row_get_menu_button (DuplexHistoryRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_ROW (self), NULL);

  return self->menu_button;
}
