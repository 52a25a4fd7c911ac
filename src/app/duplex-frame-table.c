/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-frame-table.h"

#include <glib/gi18n.h>

#include "app/duplex-severity.h"

struct _DuplexFrameTable
{
  GtkWidget parent_instance;

  /* template */
  GtkWidget          *scroller;
  GtkColumnView      *view;
  GtkSingleSelection *selection;
};

G_DEFINE_FINAL_TYPE (DuplexFrameTable, duplex_frame_table, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_SELECTED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* All fit into an inspector of its usual width; the reserved bits and MASK stand in the picture.
 *
 * A column of text: its title, the property of DuplexFrameItem that it shows, and its width in
 * characters, which does not change as one scrolls. */
typedef struct
{
  const char *title;
  const char *property;
  guint       n_chars;
  float       xalign;
} Column;

static const Column columns[] = {
  /* Translators: a column with numbers of frames. */
  { N_ ("No."), "number", 4, 1.0f },
  { N_ ("Opcode"), "opcode", 7, 0.0f },
  { "FIN", "fin", 2, 0.5f },
  { N_ ("Length"), "length", 5, 1.0f },
  { N_ ("Time"), "time", 12, 1.0f },
  /* Translators: a column with sizes of frames, headers included. */
  { N_ ("On Wire"), "wire-size", 5, 1.0f },
};

static void
setup_text_cb (const Column *column,
               GtkListItem  *list_item)
{
  GtkWidget *text = g_object_new (GTK_TYPE_INSCRIPTION,
                                  "min-chars", column->n_chars,
                                  "xalign", column->xalign,
                                  "text-overflow", GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END,
                                  NULL);

  gtk_list_item_set_child (list_item, text);
}

/* The table's own row is what a screen reader meets, and GTK gives it no name. A cell may be bound
 * before it stands in its row. */
static void
name_row (GtkWidget *cell)
{
  GtkWidget  *row = gtk_widget_get_parent (cell);
  const char *label = g_object_get_data (G_OBJECT (cell), "row-label");

  if (row != NULL && label != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

/* Items never change, so that no expression has to watch them: of a table of thousands of frames
 * GTK makes some 200 rows at once. */
static void
bind_text_cb (const Column *column,
              GtkListItem  *list_item)
{
  g_autofree char *text = NULL;

  g_object_get (gtk_list_item_get_item (list_item), column->property, &text, NULL);
  gtk_inscription_set_text (GTK_INSCRIPTION (gtk_list_item_get_child (list_item)), text);
}

static void
setup_marker_cb (gpointer     user_data,
                 GtkListItem *list_item)
{
  GtkWidget *image = gtk_image_new ();
  GtkWidget *cell;

  gtk_list_item_set_child (list_item, image);
  cell = gtk_widget_get_parent (image);
  if (cell != NULL)
    g_signal_connect (cell, "notify::parent", G_CALLBACK (name_row), NULL);
}

static void
bind_marker_cb (gpointer     user_data,
                GtkListItem *list_item)
{
  DuplexFrameItem *item = gtk_list_item_get_item (list_item);
  GtkWidget       *image = gtk_list_item_get_child (list_item);
  int              severity = duplex_event_get_worst_severity (duplex_frame_item_get_event (item));
  const char      *css_class = duplex_severity_get_css_class (severity);
  GtkWidget       *cell = gtk_widget_get_parent (image);
  g_autofree char *findings = NULL;
  g_autofree char *label = NULL;

  g_object_get (item, "findings", &findings, "label", &label, NULL);
  if (cell != NULL)
    {
      g_object_set_data_full (G_OBJECT (cell), "row-label", g_steal_pointer (&label), g_free);
      name_row (cell);
    }
  gtk_image_set_from_icon_name (GTK_IMAGE (image), duplex_severity_get_icon (severity));
  gtk_widget_set_tooltip_text (image, findings);
  gtk_widget_set_css_classes (image, (const char *[]){ css_class, NULL });
  gtk_accessible_update_property (GTK_ACCESSIBLE (image), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  duplex_severity_get_label (severity), -1);
}

/* What room is left goes to the column with words. */
static void
add_column (DuplexFrameTable   *self,
            const char         *title,
            GtkListItemFactory *factory,
            gboolean            expand)
{
  g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (title, factory);

  gtk_column_view_column_set_expand (column, expand);
  gtk_column_view_append_column (self->view, column);
}

static void
add_columns (DuplexFrameTable *self)
{
  GtkListItemFactory *marker = gtk_signal_list_item_factory_new ();

  g_signal_connect_swapped (marker, "setup", G_CALLBACK (setup_marker_cb), NULL);
  g_signal_connect_swapped (marker, "bind", G_CALLBACK (bind_marker_cb), NULL);
  add_column (self, NULL, marker, /* expand= */ FALSE);

  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    {
      GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();

      g_signal_connect_swapped (factory, "setup", G_CALLBACK (setup_text_cb),
                                (gpointer)&columns[i]);
      g_signal_connect_swapped (factory, "bind", G_CALLBACK (bind_text_cb),
                                (gpointer)&columns[i]);
      add_column (self, _ (columns[i].title), factory, columns[i].xalign == 0.0f);
    }
}

static void
selected_item_cb (DuplexFrameTable *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED]);
}

static void
duplex_frame_table_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  DuplexFrameTable *self = DUPLEX_FRAME_TABLE (object);

  switch (prop_id)
    {
    case PROP_SELECTED:
      g_value_set_object (value, duplex_frame_table_get_selected (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_frame_table_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_FRAME_TABLE);

  G_OBJECT_CLASS (duplex_frame_table_parent_class)->dispose (object);
}

static void
duplex_frame_table_class_init (DuplexFrameTableClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_frame_table_get_property;
  object_class->dispose = duplex_frame_table_dispose;

  properties[PROP_SELECTED] =
    g_param_spec_object ("selected", NULL, NULL, DUPLEX_TYPE_FRAME_ITEM,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-frame-table.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexFrameTable, scroller);
  gtk_widget_class_bind_template_child (widget_class, DuplexFrameTable, view);
  gtk_widget_class_bind_template_child (widget_class, DuplexFrameTable, selection);
  gtk_widget_class_bind_template_callback (widget_class, selected_item_cb);
  gtk_widget_class_set_css_name (widget_class, "frame-table");
}

static void
duplex_frame_table_init (DuplexFrameTable *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_columns (self);
}

void
duplex_frame_table_set_list (DuplexFrameTable *self,
                             DuplexFrameList  *list)
{
  g_return_if_fail (DUPLEX_IS_FRAME_TABLE (self));
  g_return_if_fail (list == NULL || DUPLEX_IS_FRAME_LIST (list));

  gtk_single_selection_set_model (self->selection, G_LIST_MODEL (list));
}

DuplexFrameItem *
duplex_frame_table_get_selected (DuplexFrameTable *self)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_TABLE (self), NULL);

  /* The selection may be gone while the template is taken down. */
  return self->selection != NULL ? gtk_single_selection_get_selected_item (self->selection) : NULL;
}

void
duplex_frame_table_select (DuplexFrameTable *self,
                           guint             position)
{
  g_return_if_fail (DUPLEX_IS_FRAME_TABLE (self));

  gtk_single_selection_set_selected (self->selection, position);
}
