/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-recording-banner.h"

#include "app/duplex-recording-text.h"

struct _DuplexRecordingBanner
{
  GtkWidget parent_instance;

  /* owned */
  GSignalGroup *capture_signals;

  /* template */
  GtkRevealer *revealer;
  GtkLabel    *label;
  GtkWidget   *dismiss_button;

  /* state */
  gboolean is_dismissed;
};

enum {
  PROP_CAPTURE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (DuplexRecordingBanner, duplex_recording_banner, GTK_TYPE_WIDGET)

static void
update (DuplexRecordingBanner *self)
{
  g_autoptr (DuplexCapture) capture = g_signal_group_dup_target (self->capture_signals);
  DuplexRecording           recording = DUPLEX_RECORDING_OFF;
  g_autofree char          *trouble = NULL;
  g_autofree char          *text = NULL;
  gboolean                  stalled;

  if (capture != NULL)
    {
      recording = duplex_capture_get_recording (capture);
      trouble = duplex_capture_dup_trouble (capture);
      text = duplex_recording_describe (recording, trouble,
                                        duplex_capture_get_n_not_kept (capture));
    }

  /* What goes on being lost cannot be put away. */
  stalled = recording == DUPLEX_RECORDING_STALLED;
  if (stalled)
    self->is_dismissed = FALSE;
  gtk_widget_set_visible (self->dismiss_button, !stalled);
  if (text != NULL && g_strcmp0 (gtk_label_get_label (self->label), text) != 0)
    gtk_label_set_label (self->label, text);
  gtk_revealer_set_reveal_child (self->revealer, text != NULL && !self->is_dismissed);
}

static void
dismiss_cb (DuplexRecordingBanner *self)
{
  self->is_dismissed = TRUE;
  update (self);
}

static void
duplex_recording_banner_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  DuplexRecordingBanner *self = DUPLEX_RECORDING_BANNER (object);

  switch (prop_id)
    {
    case PROP_CAPTURE:
      g_value_take_object (value, g_signal_group_dup_target (self->capture_signals));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_recording_banner_set_property (GObject      *object,
                                      guint         prop_id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_CAPTURE:
      duplex_recording_banner_set_capture (DUPLEX_RECORDING_BANNER (object),
                                           g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_recording_banner_dispose (GObject *object)
{
  g_clear_object (&DUPLEX_RECORDING_BANNER (object)->capture_signals);
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_RECORDING_BANNER);

  G_OBJECT_CLASS (duplex_recording_banner_parent_class)->dispose (object);
}

static void
duplex_recording_banner_class_init (DuplexRecordingBannerClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_recording_banner_dispose;
  object_class->get_property = duplex_recording_banner_get_property;
  object_class->set_property = duplex_recording_banner_set_property;

  properties[PROP_CAPTURE] =
    g_param_spec_object ("capture", NULL, NULL, DUPLEX_TYPE_CAPTURE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-recording-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexRecordingBanner, revealer);
  gtk_widget_class_bind_template_child (widget_class, DuplexRecordingBanner, label);
  gtk_widget_class_bind_template_child (widget_class, DuplexRecordingBanner, dismiss_button);
  gtk_widget_class_bind_template_callback (widget_class, dismiss_cb);
}

static void
duplex_recording_banner_init (DuplexRecordingBanner *self)
{
  self->capture_signals = g_signal_group_new (DUPLEX_TYPE_CAPTURE);
  g_signal_group_connect_object (self->capture_signals, "published", G_CALLBACK (update), self,
                                 G_CONNECT_SWAPPED);
  g_signal_group_connect_object (self->capture_signals, "notify::recording", G_CALLBACK (update),
                                 self, G_CONNECT_SWAPPED);
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
duplex_recording_banner_new (void)
{
  return g_object_new (DUPLEX_TYPE_RECORDING_BANNER, NULL);
}

void
duplex_recording_banner_set_capture (DuplexRecordingBanner *self,
                                     DuplexCapture         *capture)
{
  g_autoptr (DuplexCapture) old = NULL;

  g_return_if_fail (DUPLEX_IS_RECORDING_BANNER (self));
  g_return_if_fail (capture == NULL || DUPLEX_IS_CAPTURE (capture));

  old = g_signal_group_dup_target (self->capture_signals);
  if (old == capture)
    return;

  g_signal_group_set_target (self->capture_signals, capture);
  self->is_dismissed = FALSE;
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPTURE]);
}
