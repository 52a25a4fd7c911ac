/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-bubble.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/duplex-bubble-text.h"
#include "app/duplex-compat.h"
#include "app/duplex-deflate-words.h"

/* Below this even a narrow window's text is a column of letters. */
#define MIN_WIDTH 60

struct _DuplexBubble
{
  GtkWidget parent_instance;

  /* owned */
  DuplexRow        *row;
  DuplexBubbleText *text; /* NULL until it is needed */
  PangoLayout      *layout;

  /* state */
  int      natural_width; /* of the unwrapped layout, or -1 */
  gboolean dark;          /* what the layout's colours are for */
};

enum {
  PROP_ROW = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (DuplexBubble, duplex_bubble, GTK_TYPE_WIDGET)

static const char *const style_classes[][3] = {
  [DUPLEX_BUBBLE_SENT] = { "sent", NULL },
  [DUPLEX_BUBBLE_RECEIVED] = { "received", NULL },
  [DUPLEX_BUBBLE_SENT_CONTROL] = { "sent", "control", NULL },
  [DUPLEX_BUBBLE_RECEIVED_CONTROL] = { "received", "control", NULL },
  [DUPLEX_BUBBLE_STATE] = { "state", NULL },
  [DUPLEX_BUBBLE_ERROR] = { "state", "error", NULL },
};

static void
drop_layout (DuplexBubble *self)
{
  g_clear_object (&self->layout);
  self->natural_width = -1;
}

static DuplexBubbleText *
ensure_text (DuplexBubble *self)
{
  if (self->text == NULL && self->row != NULL)
    self->text = duplex_bubble_text_new (self->row);

  return self->text;
}

static void
update_colors (DuplexBubble *self)
{
  gboolean                  dark = adw_style_manager_get_dark (adw_style_manager_get_default ());
  g_autoptr (PangoAttrList) attrs = NULL;

  if (self->dark == dark && pango_layout_get_attributes (self->layout) != NULL)
    return;

  attrs = duplex_highlight_new_attrs ((const DuplexHighlightSpan *)self->text->spans->data,
                                      self->text->spans->len, dark);
  pango_layout_set_attributes (self->layout, attrs);
  self->dark = dark;
}

static PangoLayout *
ensure_layout (DuplexBubble *self)
{
  if (self->layout != NULL || ensure_text (self) == NULL)
    return self->layout;

  self->layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), NULL);
  pango_layout_set_wrap (self->layout, PANGO_WRAP_WORD_CHAR);
  if (duplex_bubble_style_of (self->row) >= DUPLEX_BUBBLE_STATE)
    pango_layout_set_alignment (self->layout, PANGO_ALIGN_CENTER);
  pango_layout_set_text (self->layout, self->text->text->str, (int)self->text->text->len);
  update_colors (self);

  return self->layout;
}

static int
get_natural_width (DuplexBubble *self)
{
  if (self->natural_width < 0)
    {
      pango_layout_set_width (self->layout, -1);
      pango_layout_get_pixel_size (self->layout, &self->natural_width, NULL);
    }

  return self->natural_width;
}

/* A layout that need not wrap is left without a width: most messages are laid out once. */
static void
fit_layout (DuplexBubble *self,
            int           width)
{
  if (width < 0 || width >= get_natural_width (self))
    pango_layout_set_width (self->layout, -1);
  else
    pango_layout_set_width (self->layout, width * PANGO_SCALE);
}

static GtkSizeRequestMode
duplex_bubble_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
duplex_bubble_measure (GtkWidget     *widget,
                       GtkOrientation orientation,
                       int            for_size,
                       int           *minimum,
                       int           *natural,
                       int           *minimum_baseline,
                       int           *natural_baseline)
{
  DuplexBubble *self = DUPLEX_BUBBLE (widget);

  *minimum = *natural = 0;
  if (ensure_layout (self) == NULL)
    return;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *natural = get_natural_width (self);
      *minimum = MIN (*natural, MIN_WIDTH);
    }
  else
    {
      fit_layout (self, for_size);
      pango_layout_get_pixel_size (self->layout, NULL, natural);
      *minimum = *natural;
    }
}

static void
duplex_bubble_snapshot (GtkWidget   *widget,
                        GtkSnapshot *snapshot)
{
  DuplexBubble *self = DUPLEX_BUBBLE (widget);
  GdkRGBA       color;

  if (ensure_layout (self) == NULL)
    return;

  fit_layout (self, gtk_widget_get_width (widget));
  update_colors (self);
  duplex_compat_get_color (widget, &color);
  gtk_snapshot_append_layout (snapshot, self->layout, &color);
}

/* The byte of the text at a point, or -1. */
static int
find_index (DuplexBubble *self,
            double        x,
            double        y)
{
  int index;
  int trailing;

  if (ensure_layout (self) == NULL)
    return -1;

  fit_layout (self, gtk_widget_get_width (GTK_WIDGET (self)));
  if (!pango_layout_xy_to_index (self->layout, (int)(x * PANGO_SCALE), (int)(y * PANGO_SCALE),
                                 &index, &trailing))
    return -1;

  return index;
}

static gboolean
duplex_bubble_query_tooltip (GtkWidget  *widget,
                             int         x,
                             int         y,
                             gboolean    keyboard,
                             GtkTooltip *tooltip)
{
  DuplexBubble    *self = DUPLEX_BUBBLE (widget);
  g_autofree char *sizes = NULL;
  g_autofree char *text = NULL;
  int              index = find_index (self, x, y);

  if (index < 0 || (gsize)index < self->text->ratio_offset ||
      (gsize)index >= self->text->ratio_offset + self->text->ratio_len)
    return FALSE;

  sizes = duplex_deflate_words_dup_row_size (self->row);
  /* Translators: %s is a size and what it took: "480 bytes, 120 bytes on the wire". */
  text = g_strdup_printf (_ ("Compressed: %s"), sizes);
  gtk_tooltip_set_text (tooltip, text);
  return TRUE;
}

static void
duplex_bubble_css_changed (GtkWidget         *widget,
                           GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (duplex_bubble_parent_class)->css_changed (widget, change);

  DUPLEX_BUBBLE (widget)->natural_width = -1;
}

static void
duplex_bubble_system_setting_changed (GtkWidget       *widget,
                                      GtkSystemSetting setting)
{
  GTK_WIDGET_CLASS (duplex_bubble_parent_class)->system_setting_changed (widget, setting);

  drop_layout (DUPLEX_BUBBLE (widget));
}

static void
duplex_bubble_get_property (GObject    *object,
                            guint       property_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  switch (property_id)
    {
    case PROP_ROW:
      g_value_set_object (value, duplex_bubble_get_row (DUPLEX_BUBBLE (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
duplex_bubble_set_property (GObject      *object,
                            guint         property_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  switch (property_id)
    {
    case PROP_ROW:
      duplex_bubble_set_row (DUPLEX_BUBBLE (object), g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
duplex_bubble_dispose (GObject *object)
{
  DuplexBubble *self = DUPLEX_BUBBLE (object);

  g_clear_object (&self->layout);
  g_clear_pointer (&self->text, duplex_bubble_text_free);
  g_clear_object (&self->row);

  G_OBJECT_CLASS (duplex_bubble_parent_class)->dispose (object);
}

static void
duplex_bubble_class_init (DuplexBubbleClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_bubble_dispose;
  object_class->get_property = duplex_bubble_get_property;
  object_class->set_property = duplex_bubble_set_property;

  widget_class->get_request_mode = duplex_bubble_get_request_mode;
  widget_class->measure = duplex_bubble_measure;
  widget_class->snapshot = duplex_bubble_snapshot;
  widget_class->query_tooltip = duplex_bubble_query_tooltip;
  widget_class->css_changed = duplex_bubble_css_changed;
  widget_class->system_setting_changed = duplex_bubble_system_setting_changed;

  properties[PROP_ROW] =
    g_param_spec_object ("row", NULL, NULL, DUPLEX_TYPE_ROW,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_css_name (widget_class, "bubble");
  /* The list's row carries the name; what is inside would be read twice. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
duplex_bubble_init (DuplexBubble *self)
{
  self->natural_width = -1;
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
}

GtkWidget *
duplex_bubble_new (void)
{
  return g_object_new (DUPLEX_TYPE_BUBBLE, NULL);
}

DuplexRow *
duplex_bubble_get_row (DuplexBubble *self)
{
  g_return_val_if_fail (DUPLEX_IS_BUBBLE (self), NULL);

  return self->row;
}

void
duplex_bubble_set_row (DuplexBubble *self,
                       DuplexRow    *row)
{
  g_return_if_fail (DUPLEX_IS_BUBBLE (self));
  g_return_if_fail (row == NULL || DUPLEX_IS_ROW (row));

  if (!g_set_object (&self->row, row))
    return;

  g_clear_pointer (&self->text, duplex_bubble_text_free);
  drop_layout (self);
  if (row != NULL)
    gtk_widget_set_css_classes (GTK_WIDGET (self),
                                (const char **)style_classes[duplex_bubble_style_of (row)]);
  gtk_widget_queue_resize (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ROW]);
}

void
duplex_bubble_update (DuplexBubble *self)
{
  g_return_if_fail (DUPLEX_IS_BUBBLE (self));

  g_clear_pointer (&self->text, duplex_bubble_text_free);
  drop_layout (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

const char *
duplex_bubble_get_text (DuplexBubble *self)
{
  g_return_val_if_fail (DUPLEX_IS_BUBBLE (self), NULL);

  return ensure_text (self) != NULL ? self->text->text->str : "";
}

gboolean
duplex_bubble_is_folded (DuplexBubble *self)
{
  g_return_val_if_fail (DUPLEX_IS_BUBBLE (self), FALSE);

  return ensure_text (self) != NULL && self->text->link_offset > 0;
}

gboolean
duplex_bubble_is_link_at (DuplexBubble *self,
                          double        x,
                          double        y)
{
  int index;

  g_return_val_if_fail (DUPLEX_IS_BUBBLE (self), FALSE);

  if (!duplex_bubble_is_folded (self))
    return FALSE;

  index = find_index (self, x, y);
  return index >= 0 && (gsize)index >= self->text->link_offset;
}
