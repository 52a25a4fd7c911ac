/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-inspector.h"

#include <adwaita.h>

#include "app/duplex-frame-page.h"
#include "app/duplex-handshake-page.h"
#include "app/duplex-leg-words.h"
#include "app/duplex-message-view.h"
#include "app/duplex-statistics-page.h"

struct _DuplexInspector
{
  GtkWidget parent_instance;

  /* owned */
  DuplexCapture *capture;
  DuplexRow     *row;

  /* template */
  GtkLabel     *leg;
  AdwViewStack *pages;
};

G_DEFINE_FINAL_TYPE (DuplexInspector, duplex_inspector, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_CAPTURE,
  PROP_ROW,
  PROP_PAGE_NAME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* Which leg of a relay the row was seen on; statistics are of all of them. */
static void
update_leg (DuplexInspector *self)
{
  const char      *page = duplex_inspector_get_page_name (self);
  g_autofree char *leg = NULL;

  if (self->row != NULL && g_strcmp0 (page, "statistics") != 0)
    leg = duplex_leg_words_dup_sentence (duplex_row_get_capture (self->row),
                                         duplex_row_get_event (self->row));
  gtk_label_set_label (self->leg, leg != NULL ? leg : "");
  gtk_widget_set_visible (GTK_WIDGET (self->leg), leg != NULL);
}

static void
page_changed_cb (DuplexInspector *self)
{
  if (self->leg != NULL)
    update_leg (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PAGE_NAME]);
}

static void
duplex_inspector_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  DuplexInspector *self = DUPLEX_INSPECTOR (object);

  switch (prop_id)
    {
    case PROP_CAPTURE:
      g_value_set_object (value, self->capture);
      break;
    case PROP_ROW:
      g_value_set_object (value, self->row);
      break;
    case PROP_PAGE_NAME:
      g_value_set_string (value, duplex_inspector_get_page_name (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_inspector_set_property (GObject      *object,
                               guint         prop_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  DuplexInspector *self = DUPLEX_INSPECTOR (object);

  switch (prop_id)
    {
    case PROP_CAPTURE:
      duplex_inspector_set_capture (self, g_value_get_object (value));
      break;
    case PROP_ROW:
      duplex_inspector_set_row (self, g_value_get_object (value));
      break;
    case PROP_PAGE_NAME:
      duplex_inspector_set_page_name (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_inspector_dispose (GObject *object)
{
  DuplexInspector *self = DUPLEX_INSPECTOR (object);

  g_clear_object (&self->capture);
  g_clear_object (&self->row);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_INSPECTOR);
  /* It unparents bound children only. */
  while (gtk_widget_get_first_child (GTK_WIDGET (self)) != NULL)
    gtk_widget_unparent (gtk_widget_get_first_child (GTK_WIDGET (self)));

  G_OBJECT_CLASS (duplex_inspector_parent_class)->dispose (object);
}

static void
duplex_inspector_class_init (DuplexInspectorClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_inspector_get_property;
  object_class->set_property = duplex_inspector_set_property;
  object_class->dispose = duplex_inspector_dispose;

  properties[PROP_CAPTURE] =
    g_param_spec_object ("capture", NULL, NULL, DUPLEX_TYPE_CAPTURE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_ROW] =
    g_param_spec_object ("row", NULL, NULL, DUPLEX_TYPE_ROW,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_PAGE_NAME] =
    g_param_spec_string ("page-name", NULL, NULL, "message",
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (DUPLEX_TYPE_FRAME_PAGE);
  g_type_ensure (DUPLEX_TYPE_HANDSHAKE_PAGE);
  g_type_ensure (DUPLEX_TYPE_MESSAGE_VIEW);
  g_type_ensure (DUPLEX_TYPE_STATISTICS_PAGE);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-inspector.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexInspector, leg);
  gtk_widget_class_bind_template_child (widget_class, DuplexInspector, pages);
  gtk_widget_class_bind_template_callback (widget_class, page_changed_cb);
  gtk_widget_class_set_css_name (widget_class, "inspector");
}

static void
duplex_inspector_init (DuplexInspector *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
duplex_inspector_new (void)
{
  return g_object_new (DUPLEX_TYPE_INSPECTOR, NULL);
}

DuplexCapture *
duplex_inspector_get_capture (DuplexInspector *self)
{
  g_return_val_if_fail (DUPLEX_IS_INSPECTOR (self), NULL);

  return self->capture;
}

void
duplex_inspector_set_capture (DuplexInspector *self,
                              DuplexCapture   *capture)
{
  g_return_if_fail (DUPLEX_IS_INSPECTOR (self));
  g_return_if_fail (capture == NULL || DUPLEX_IS_CAPTURE (capture));

  if (g_set_object (&self->capture, capture))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPTURE]);
}

DuplexRow *
duplex_inspector_get_row (DuplexInspector *self)
{
  g_return_val_if_fail (DUPLEX_IS_INSPECTOR (self), NULL);

  return self->row;
}

void
duplex_inspector_set_row (DuplexInspector *self,
                          DuplexRow       *row)
{
  g_return_if_fail (DUPLEX_IS_INSPECTOR (self));
  g_return_if_fail (row == NULL || DUPLEX_IS_ROW (row));

  if (!g_set_object (&self->row, row))
    return;
  update_leg (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ROW]);
}

const char *
duplex_inspector_get_page_name (DuplexInspector *self)
{
  g_return_val_if_fail (DUPLEX_IS_INSPECTOR (self), NULL);

  return self->pages != NULL ? adw_view_stack_get_visible_child_name (self->pages) : NULL;
}

void
duplex_inspector_set_page_name (DuplexInspector *self,
                                const char      *name)
{
  g_return_if_fail (DUPLEX_IS_INSPECTOR (self));

  /* A name that was remembered by another version is no error. */
  if (name != NULL && adw_view_stack_get_child_by_name (self->pages, name) != NULL)
    adw_view_stack_set_visible_child_name (self->pages, name);
}
