/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-field-list.h"

#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-frame-words.h"
#include "app/duplex-severity.h"

struct _DuplexFieldList
{
  GtkWidget parent_instance;

  /* owned */
  DuplexFrameItem *item;
  GtkListBox      *list;

  /* borrowed */
  GtkListBoxRow *rows[DUPLEX_N_FRAME_FIELDS]; /* of each field, or NULL */

  /* state */
  int current;
};

G_DEFINE_FINAL_TYPE (DuplexFieldList, duplex_field_list, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_ITEM,
  PROP_CURRENT,
  N_PROPS
};

enum {
  SIGNAL_FIELD_ACTIVATED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static void
row_activated_cb (DuplexFieldList *self,
                  GtkListBoxRow   *row)
{
  for (int i = 0; i < DUPLEX_N_FRAME_FIELDS; i++)
    {
      if (self->rows[i] != row)
        continue;
      g_signal_emit (self, signals[SIGNAL_FIELD_ACTIVATED], 0, i);
      return;
    }
}

/* TRUE where fields[i] and the two behind it are RSV1 to RSV3 and say nothing. */
static gboolean
are_idle_rsv (const DuplexFrameField *fields,
              guint                   n_fields,
              guint                   i,
              const DuplexEvent      *event)
{
  const guint8 rsv_bits = 0x70; /* RFC 6455 §5.2 */

  return fields[i].id == DUPLEX_FRAME_FIELD_RSV1 && i + 2 < n_fields &&
         (event->header[0] & rsv_bits) == 0;
}

/* A row of words, whose first n bytes are what stands in the frame. */
static GtkListBoxRow *
add_row (DuplexFieldList *self,
         const char      *words,
         gsize            n,
         DuplexFindingId  finding)
{
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();
  PangoAttribute           *bold = pango_attr_weight_new (PANGO_WEIGHT_BOLD);
  GtkWidget                *label = gtk_label_new (words);
  GtkWidget                *row = gtk_list_box_row_new ();

  bold->end_index = (guint)n;
  pango_attr_list_insert (attributes, bold);
  pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
  gtk_label_set_attributes (GTK_LABEL (label), attributes);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  if (finding != DUPLEX_FINDING_NONE)
    gtk_widget_add_css_class (
      label, duplex_severity_get_css_class ((int)duplex_finding_get_severity (finding)));
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
  gtk_list_box_append (self->list, row);
  return GTK_LIST_BOX_ROW (row);
}

static void
add_field (DuplexFieldList        *self,
           const DuplexFrameField *field,
           const DuplexEvent      *event)
{
  g_autofree char *words = duplex_frame_field_dup_words (field, event);
  g_autofree char *value = duplex_frame_field_dup_value (field, event);
  g_autofree char *head = NULL;

  /* Bold where the translation begins with name and value, as the original does. */
  head = g_strdup_printf ("%s %s", duplex_frame_field_get_name (field->id), value);
  self->rows[field->id] = add_row (self, words, g_str_has_prefix (words, head) ? strlen (head) : 0,
                                   field->finding);
}

static void
fill (DuplexFieldList *self)
{
  const DuplexEvent *event = duplex_frame_item_get_event (self->item);
  DuplexFrameField   fields[DUPLEX_N_FRAME_FIELDS];
  guint              n_fields = duplex_frame_words_get_fields (event, fields);

  for (guint i = 0; i < n_fields; i++)
    {
      if (are_idle_rsv (fields, n_fields, i, event))
        {
          GtkListBoxRow *row = add_row (self, _ ("RSV1, RSV2, RSV3 0: not in use"),
                                        strlen ("RSV1, RSV2, RSV3 0"), DUPLEX_FINDING_NONE);

          for (guint k = 0; k < 3; k++)
            self->rows[DUPLEX_FRAME_FIELD_RSV1 + k] = row;
          i += 2;
        }
      else
        add_field (self, &fields[i], event);
    }
}

static void
mark_current (DuplexFieldList *self)
{
  GtkListBoxRow *row = self->current >= 0 ? self->rows[self->current] : NULL;

  if (row != NULL)
    gtk_list_box_select_row (self->list, row);
  else
    gtk_list_box_unselect_all (self->list);
}

static void
duplex_field_list_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  DuplexFieldList *self = DUPLEX_FIELD_LIST (object);

  switch (prop_id)
    {
    case PROP_ITEM:
      g_value_set_object (value, self->item);
      break;
    case PROP_CURRENT:
      g_value_set_int (value, self->current);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_field_list_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  DuplexFieldList *self = DUPLEX_FIELD_LIST (object);

  switch (prop_id)
    {
    case PROP_ITEM:
      duplex_field_list_set_item (self, g_value_get_object (value));
      break;
    case PROP_CURRENT:
      duplex_field_list_set_current (self, g_value_get_int (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_field_list_dispose (GObject *object)
{
  DuplexFieldList *self = DUPLEX_FIELD_LIST (object);

  g_clear_object (&self->item);
  if (self->list != NULL)
    gtk_widget_unparent (GTK_WIDGET (g_steal_pointer (&self->list)));

  G_OBJECT_CLASS (duplex_field_list_parent_class)->dispose (object);
}

static void
duplex_field_list_class_init (DuplexFieldListClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_field_list_get_property;
  object_class->set_property = duplex_field_list_set_property;
  object_class->dispose = duplex_field_list_dispose;

  properties[PROP_ITEM] =
    g_param_spec_object ("item", NULL, NULL, DUPLEX_TYPE_FRAME_ITEM,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_CURRENT] =
    g_param_spec_int ("current", NULL, NULL, -1, DUPLEX_N_FRAME_FIELDS - 1, -1,
                      G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_FIELD_ACTIVATED] =
    g_signal_new ("field-activated", DUPLEX_TYPE_FIELD_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_INT);

  gtk_widget_class_set_css_name (widget_class, "field-list");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void
duplex_field_list_init (DuplexFieldList *self)
{
  self->current = -1;
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Fields of the frame"), -1);
  g_signal_connect_swapped (self->list, "row-activated", G_CALLBACK (row_activated_cb), self);
  gtk_widget_set_parent (GTK_WIDGET (self->list), GTK_WIDGET (self));
}

void
duplex_field_list_set_item (DuplexFieldList *self,
                            DuplexFrameItem *item)
{
  GtkWidget *child;

  g_return_if_fail (DUPLEX_IS_FIELD_LIST (self));
  g_return_if_fail (item == NULL || DUPLEX_IS_FRAME_ITEM (item));

  if (!g_set_object (&self->item, item))
    return;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->list))) != NULL)
    gtk_list_box_remove (self->list, child);
  memset (self->rows, 0, sizeof self->rows);
  if (item != NULL)
    fill (self);
  mark_current (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ITEM]);
}

void
duplex_field_list_set_current (DuplexFieldList *self,
                               int              field)
{
  g_return_if_fail (DUPLEX_IS_FIELD_LIST (self));
  g_return_if_fail (field >= -1 && field < DUPLEX_N_FRAME_FIELDS);

  if (self->current == field)
    return;

  self->current = field;
  mark_current (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CURRENT]);
}
