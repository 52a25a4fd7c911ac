/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-stored-bar.h"

#include <glib/gi18n.h>

#include "app/duplex-texts.h"

struct _DuplexStoredBar
{
  GtkWidget parent_instance;

  /* owned */
  DuplexCapture *capture;

  /* template */
  GtkWidget *box;
  GtkLabel  *when_label;
  GtkLabel  *file_label;
};

enum {
  PROP_CAPTURE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (DuplexStoredBar, duplex_stored_bar, GTK_TYPE_WIDGET)

/* Of the first and the last row that can be read. */
static gboolean
get_times (DuplexCapture *capture,
           gint64        *ret_first_us,
           gint64        *ret_last_us)
{
  guint   n_rows = g_list_model_get_n_items (G_LIST_MODEL (capture));
  guint64 rows[] = { 0, n_rows - 1 };
  gint64 *times[] = { ret_first_us, ret_last_us };

  if (n_rows == 0)
    return FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
      guint64              number;

      if (!duplex_capture_find_row (capture, rows[i], &number) ||
          !duplex_capture_read (capture, number, &event))
        return FALSE;
      *times[i] = event.time_us;
    }

  return TRUE;
}

static char *
describe (DuplexCapture *capture)
{
  g_autoptr (GDateTime) time = NULL;
  g_autoptr (GDateTime) local = NULL;
  g_autofree char      *duration = NULL;
  g_autofree char      *when = NULL;
  gint64                first_us;
  gint64                last_us;

  if (!get_times (capture, &first_us, &last_us))
    return g_strdup (_ ("A recording without messages"));

  time = g_date_time_new_from_unix_utc (first_us / G_USEC_PER_SEC);
  local = g_date_time_to_local (time);
  /* Translators: a date and a time as strftime() writes them: 3 March 2024, 12:01. */
  when = g_date_time_format (local, _ ("%-d %B %Y, %H:%M"));
  duration = duplex_text_duration (last_us - first_us);

  /* Translators: when a recording began, and how long it is: "2 min 5 s". */
  return g_strdup_printf (_ ("Recorded %s · %s"), when, duration);
}

static void
update (DuplexStoredBar *self)
{
  g_autofree char *text = NULL;
  g_autofree char *name = NULL;
  const char      *path;

  if (self->capture == NULL || duplex_capture_get_recording (self->capture) !=
                                 DUPLEX_RECORDING_STORED)
    return;

  text = describe (self->capture);
  gtk_label_set_label (self->when_label, text);

  path = duplex_capture_get_path (self->capture);
  name = path != NULL ? g_filename_display_basename (path) : NULL;
  gtk_label_set_label (self->file_label, name != NULL ? name : "");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->file_label), path);
}

static void
duplex_stored_bar_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_CAPTURE:
      g_value_set_object (value, DUPLEX_STORED_BAR (object)->capture);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_stored_bar_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_CAPTURE:
      duplex_stored_bar_set_capture (DUPLEX_STORED_BAR (object), g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_stored_bar_dispose (GObject *object)
{
  g_clear_object (&DUPLEX_STORED_BAR (object)->capture);
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_STORED_BAR);

  G_OBJECT_CLASS (duplex_stored_bar_parent_class)->dispose (object);
}

static void
duplex_stored_bar_class_init (DuplexStoredBarClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_stored_bar_dispose;
  object_class->get_property = duplex_stored_bar_get_property;
  object_class->set_property = duplex_stored_bar_set_property;

  properties[PROP_CAPTURE] =
    g_param_spec_object ("capture", NULL, NULL, DUPLEX_TYPE_CAPTURE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-stored-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexStoredBar, box);
  gtk_widget_class_bind_template_child (widget_class, DuplexStoredBar, when_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexStoredBar, file_label);
}

static void
duplex_stored_bar_init (DuplexStoredBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
duplex_stored_bar_new (void)
{
  return g_object_new (DUPLEX_TYPE_STORED_BAR, NULL);
}

void
duplex_stored_bar_set_capture (DuplexStoredBar *self,
                               DuplexCapture   *capture)
{
  g_return_if_fail (DUPLEX_IS_STORED_BAR (self));
  g_return_if_fail (capture == NULL || DUPLEX_IS_CAPTURE (capture));

  if (!g_set_object (&self->capture, capture))
    return;

  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPTURE]);
}
