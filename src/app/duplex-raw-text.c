/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-raw-text.h"

#include "app/duplex-handshake-info.h"

struct _DuplexRawText
{
  GtkWidget parent_instance;

  /* owned */
  GBytes *bytes;
  char   *title;
  char   *copy_label;

  /* template */
  GtkWidget     *copy;
  GtkWidget     *view;
  GtkTextBuffer *buffer;

  /* borrowed */
  GtkTextTag *plain; /* of all text */
};

G_DEFINE_FINAL_TYPE (DuplexRawText, duplex_raw_text, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_TITLE,
  PROP_COPY_LABEL,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
copy_cb (DuplexRawText *self)
{
  g_autofree char *text = NULL;
  gsize            len;
  const char      *data;

  if (self->bytes == NULL)
    return;

  data = g_bytes_get_data (self->bytes, &len);
  text = g_utf8_make_valid (data, (gssize)len);
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
}

static void
set_string (DuplexRawText *self,
            guint          prop_id,
            char         **string,
            const GValue  *value)
{
  if (g_strcmp0 (*string, g_value_get_string (value)) == 0)
    return;

  g_free (*string);
  *string = g_value_dup_string (value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop_id]);
}

/* Assistive technology reads what the eye takes from the place. */
static void
update_labels (DuplexRawText *self)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  self->title != NULL ? self->title : "", -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->copy), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  self->copy_label != NULL ? self->copy_label : "", -1);
}

static void
duplex_raw_text_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  DuplexRawText *self = DUPLEX_RAW_TEXT (object);

  switch (prop_id)
    {
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;
    case PROP_COPY_LABEL:
      g_value_set_string (value, self->copy_label);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_raw_text_set_property (GObject      *object,
                              guint         prop_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  DuplexRawText *self = DUPLEX_RAW_TEXT (object);

  switch (prop_id)
    {
    case PROP_TITLE:
      set_string (self, prop_id, &self->title, value);
      break;
    case PROP_COPY_LABEL:
      set_string (self, prop_id, &self->copy_label, value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
  update_labels (self);
}

static void
duplex_raw_text_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_RAW_TEXT);
  /* It unparents bound children only. */
  while (gtk_widget_get_first_child (GTK_WIDGET (object)) != NULL)
    gtk_widget_unparent (gtk_widget_get_first_child (GTK_WIDGET (object)));

  G_OBJECT_CLASS (duplex_raw_text_parent_class)->dispose (object);
}

static void
duplex_raw_text_finalize (GObject *object)
{
  DuplexRawText *self = DUPLEX_RAW_TEXT (object);

  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->title, g_free);
  g_clear_pointer (&self->copy_label, g_free);

  G_OBJECT_CLASS (duplex_raw_text_parent_class)->finalize (object);
}

static void
duplex_raw_text_class_init (DuplexRawTextClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_raw_text_get_property;
  object_class->set_property = duplex_raw_text_set_property;
  object_class->dispose = duplex_raw_text_dispose;
  object_class->finalize = duplex_raw_text_finalize;

  properties[PROP_TITLE] =
    g_param_spec_string ("title", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_COPY_LABEL] =
    g_param_spec_string ("copy-label", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-raw-text.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexRawText, copy);
  gtk_widget_class_bind_template_child (widget_class, DuplexRawText, view);
  gtk_widget_class_bind_template_child (widget_class, DuplexRawText, buffer);
  gtk_widget_class_bind_template_callback (widget_class, copy_cb);
  gtk_widget_class_set_css_name (widget_class, "raw-text");
}

static void
duplex_raw_text_init (DuplexRawText *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  /* Where a word is broken there is no hyphen on the wire. */
  self->plain = gtk_text_buffer_create_tag (self->buffer, NULL, "insert-hyphens", FALSE, NULL);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

void
duplex_raw_text_set_bytes (DuplexRawText *self,
                           GBytes        *bytes)
{
  g_return_if_fail (DUPLEX_IS_RAW_TEXT (self));

  /* A page that is looked at keeps its selection and scroll position. */
  if (self->bytes == bytes ||
      (self->bytes != NULL && bytes != NULL && g_bytes_equal (self->bytes, bytes)))
    return;

  g_clear_pointer (&self->bytes, g_bytes_unref);
  if (bytes != NULL)
    {
      g_autofree char *text = duplex_handshake_info_dup_readable (bytes);
      GtkTextIter      start;
      GtkTextIter      end;

      self->bytes = g_bytes_ref (bytes);
      gtk_text_buffer_set_text (self->buffer, text, -1);
      gtk_text_buffer_get_bounds (self->buffer, &start, &end);
      gtk_text_buffer_apply_tag (self->buffer, self->plain, &start, &end);
    }
  gtk_widget_set_visible (GTK_WIDGET (self), bytes != NULL);
}
