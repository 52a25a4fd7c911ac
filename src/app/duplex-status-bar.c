/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-status-bar.h"

#include <glib/gi18n.h>

#include "app/duplex-deflate-words.h"
#include "app/duplex-recording-text.h"
#include "app/duplex-squeeze.h"
#include "app/duplex-texts.h"

struct _DuplexStatusBar
{
  GtkWidget parent_instance;

  /* owned */
  GSignalGroup *session_signals;
  GSignalGroup *capture_signals;
  guint         tick_source;

  /* template */
  GtkLabel  *state_label;
  GtkLabel  *sent_label;
  GtkLabel  *received_label;
  GtkLabel  *rtt_label;
  GtkLabel  *deflate_label;
  GtkWidget *findings_box;
  GtkLabel  *findings_label; /* while there are none */
  GtkButton *findings_button;
  GtkLabel  *recording_label;
  GtkLabel  *elapsed_label;

  /* state */
  gint64 opened_us; /* g_get_monotonic_time() when the session was seen open, or 0 */
};

G_DEFINE_FINAL_TYPE (DuplexStatusBar, duplex_status_bar, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_SESSION,
  N_PROPS
};

enum {
  SIGNAL_SHOW_FINDING,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

/* The room of a text only grows, so that what stands beside it does not jump with every number. */
static void
set_text (GtkLabel   *label,
          const char *text)
{
  int length = (int)g_utf8_strlen (text, -1);

  if (length > gtk_label_get_width_chars (label))
    gtk_label_set_width_chars (label, length);
  gtk_label_set_label (label, text);
}

/* "↑ 12 / 3.4 kB" for the eye; a screen reader gets words. */
static void
update_traffic (GtkLabel   *label,
                const char *arrow,
                const char *direction,
                guint64     messages,
                guint64     bytes)
{
  g_autofree char *count = duplex_text_count (messages);
  g_autofree char *size = duplex_text_size (bytes);
  g_autofree char *text = g_strdup_printf ("%s %s / %s", arrow, count, size);
  /* Translators: "Sent" or "Received", a number of messages, a size. */
  g_autofree char *name = g_strdup_printf (ngettext ("%s: %s message, %s", "%s: %s messages, %s",
                                                     (gulong)messages),
                                           direction, count, size);

  if (g_str_equal (gtk_label_get_label (label), text))
    return;

  set_text (label, text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (label), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

/* How well both directions compress together; the tooltip tells them apart. */
static void
update_deflate (DuplexStatusBar    *self,
                const DuplexTotals *totals)
{
  gboolean         is_used = totals->compressed[0] + totals->compressed[1] > 0;
  g_autofree char *ratio = NULL;
  g_autofree char *sent = NULL;
  g_autofree char *received = NULL;
  g_autofree char *text = NULL;
  g_autofree char *tooltip = NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->deflate_label), is_used);
  if (!is_used)
    return;

  ratio = duplex_deflate_words_dup_ratio (totals->inflated_bytes[0] + totals->inflated_bytes[1],
                                          totals->compressed_bytes[0] +
                                            totals->compressed_bytes[1]);
  sent = duplex_deflate_words_dup_sizes (totals->inflated_bytes[0], totals->compressed_bytes[0]);
  received =
    duplex_deflate_words_dup_sizes (totals->inflated_bytes[1], totals->compressed_bytes[1]);
  /* Translators: how well messages are compressed, "4.1:1". */
  text = g_strdup_printf (_ ("deflate %s"), ratio);
  /* Translators: each %s is two sizes: "480 bytes, 120 bytes on the wire". */
  tooltip = g_strdup_printf (_ ("Compressed messages\nSent: %s\nReceived: %s"), sent, received);
  set_text (self->deflate_label, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->deflate_label), tooltip);
}

static void
update_totals (DuplexStatusBar *self)
{
  g_autoptr (DuplexCapture) capture = g_signal_group_dup_target (self->capture_signals);
  g_autofree char          *findings = NULL;
  DuplexTotals              totals = { 0 };

  if (capture != NULL)
    duplex_capture_get_totals (capture, &totals);

  update_traffic (self->sent_label, "↑", duplex_text_direction (DUPLEX_DIRECTION_SENT),
                  totals.messages[0], totals.bytes[0]);
  update_traffic (self->received_label, "↓", duplex_text_direction (DUPLEX_DIRECTION_RECEIVED),
                  totals.messages[1], totals.bytes[1]);

  update_deflate (self, &totals);
  findings = duplex_text_findings (totals.findings);
  gtk_label_set_label (self->findings_label, findings);
  gtk_button_set_label (self->findings_button, findings);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->findings_button),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, findings, -1);
  gtk_widget_set_visible (GTK_WIDGET (self->findings_label), totals.findings == 0);
  gtk_widget_set_visible (GTK_WIDGET (self->findings_button), totals.findings > 0);
}

static void
update_rtt (DuplexStatusBar *self)
{
  g_autoptr (DuplexSession) session = g_signal_group_dup_target (self->session_signals);
  gint64                    rtt = session != NULL ? duplex_session_get_rtt (session) : -1;
  g_autofree char          *duration = rtt >= 0 ? duplex_text_duration (rtt) : g_strdup ("–");
  /* Translators: RTT is the round-trip time of a ping. */
  g_autofree char *text = g_strdup_printf (_ ("RTT %s"), duration);

  set_text (self->rtt_label, text);
}

static void
update_elapsed (DuplexStatusBar *self)
{
  g_autofree char *text = NULL;

  if (self->opened_us != 0)
    text = duplex_text_elapsed (g_get_monotonic_time () - self->opened_us);

  set_text (self->elapsed_label, text != NULL ? text : "");
}

/* Whether there is nothing to say of a recording: none is wanted before there is a connection. */
static gboolean
is_unused (DuplexCapture *capture)
{
  return duplex_capture_get_recording (capture) == DUPLEX_RECORDING_OFF &&
         g_list_model_get_n_items (G_LIST_MODEL (capture)) == 0;
}

static void
update_recording (DuplexStatusBar *self)
{
  g_autoptr (DuplexSession) session = g_signal_group_dup_target (self->session_signals);
  g_autoptr (DuplexCapture) capture = g_signal_group_dup_target (self->capture_signals);
  DuplexRecording           recording = DUPLEX_RECORDING_OFF;
  const char               *path = NULL;
  g_autofree char          *text = NULL;

  /* A file that goes with the tab is no recording to who reads this. */
  if (capture != NULL && session != NULL && !duplex_session_get_capture_temporary (session))
    {
      recording = duplex_capture_get_recording (capture);
      path = duplex_capture_get_path (capture);
    }

  if (capture != NULL && !is_unused (capture))
    text = duplex_recording_text (recording, path != NULL ? duplex_recording_measure (path) : 0);
  gtk_label_set_label (self->recording_label, text != NULL ? text : "");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->recording_label), path);
}

static void
findings_clicked_cb (DuplexStatusBar *self)
{
  g_signal_emit (self, signals[SIGNAL_SHOW_FINDING], 0);
}

static gboolean
tick_cb (gpointer user_data)
{
  update_elapsed (DUPLEX_STATUS_BAR (user_data));
  update_recording (DUPLEX_STATUS_BAR (user_data));

  return G_SOURCE_CONTINUE;
}

static void
update_state (DuplexStatusBar *self)
{
  g_autoptr (DuplexSession) session = g_signal_group_dup_target (self->session_signals);
  DuplexSessionState        state = DUPLEX_SESSION_DISCONNECTED;
  gboolean                  stored = FALSE;

  if (session != NULL)
    {
      state = duplex_session_get_state (session);
      stored = duplex_capture_get_recording (duplex_session_get_capture (session)) ==
               DUPLEX_RECORDING_STORED;
    }

  /* What never connects says in another place what it is. */
  gtk_widget_set_visible (GTK_WIDGET (self->state_label), !stored);
  set_text (self->state_label, duplex_text_session_state (state));

  if (state == DUPLEX_SESSION_OPEN && self->opened_us == 0)
    {
      self->opened_us = g_get_monotonic_time ();
      self->tick_source = g_timeout_add_seconds (1, tick_cb, self);
    }
  else if (state == DUPLEX_SESSION_DISCONNECTED || state == DUPLEX_SESSION_CONNECTING)
    {
      self->opened_us = 0;
      g_clear_handle_id (&self->tick_source, g_source_remove);
      update_recording (self);
    }
  update_elapsed (self);
}

static void
duplex_status_bar_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  DuplexStatusBar *self = DUPLEX_STATUS_BAR (object);

  switch (prop_id)
    {
    case PROP_SESSION:
      g_value_take_object (value, g_signal_group_dup_target (self->session_signals));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_status_bar_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  DuplexStatusBar *self = DUPLEX_STATUS_BAR (object);

  switch (prop_id)
    {
    case PROP_SESSION:
      duplex_status_bar_set_session (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_status_bar_dispose (GObject *object)
{
  DuplexStatusBar *self = DUPLEX_STATUS_BAR (object);

  g_clear_handle_id (&self->tick_source, g_source_remove);
  g_clear_object (&self->session_signals);
  g_clear_object (&self->capture_signals);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_STATUS_BAR);

  G_OBJECT_CLASS (duplex_status_bar_parent_class)->dispose (object);
}

static void
duplex_status_bar_class_init (DuplexStatusBarClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_status_bar_dispose;
  object_class->get_property = duplex_status_bar_get_property;
  object_class->set_property = duplex_status_bar_set_property;

  properties[PROP_SESSION] =
    g_param_spec_object ("session", NULL, NULL, DUPLEX_TYPE_SESSION,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_SHOW_FINDING] =
    g_signal_new ("show-finding", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 0);

  g_type_ensure (DUPLEX_TYPE_SQUEEZE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-status-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, state_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, sent_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, received_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, rtt_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, deflate_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, findings_box);
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, findings_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, findings_button);
  gtk_widget_class_bind_template_callback (widget_class, findings_clicked_cb);
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, recording_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexStatusBar, elapsed_label);
}

static void
duplex_status_bar_init (DuplexStatusBar *self)
{
  self->session_signals = g_signal_group_new (DUPLEX_TYPE_SESSION);
  g_signal_group_connect_object (self->session_signals, "notify::state",
                                 G_CALLBACK (update_state), self, G_CONNECT_SWAPPED);
  g_signal_group_connect_object (self->session_signals, "notify::rtt", G_CALLBACK (update_rtt),
                                 self, G_CONNECT_SWAPPED);

  self->capture_signals = g_signal_group_new (DUPLEX_TYPE_CAPTURE);
  g_signal_group_connect_object (self->capture_signals, "published", G_CALLBACK (update_totals),
                                 self, G_CONNECT_SWAPPED);
  g_signal_group_connect_object (self->capture_signals, "notify::recording",
                                 G_CALLBACK (update_recording), self, G_CONNECT_SWAPPED);

  gtk_widget_init_template (GTK_WIDGET (self));
  update_state (self);
  update_totals (self);
  update_rtt (self);
  update_recording (self);
}

DuplexStatusBar *
duplex_status_bar_new (void)
{
  return g_object_new (DUPLEX_TYPE_STATUS_BAR, NULL);
}

void
duplex_status_bar_set_session (DuplexStatusBar *self,
                               DuplexSession   *session)
{
  g_autoptr (DuplexSession) old = NULL;

  g_return_if_fail (DUPLEX_IS_STATUS_BAR (self));
  g_return_if_fail (session == NULL || DUPLEX_IS_SESSION (session));

  old = g_signal_group_dup_target (self->session_signals);
  if (old == session)
    return;

  g_signal_group_set_target (self->session_signals, session);
  g_signal_group_set_target (self->capture_signals,
                             session != NULL ? duplex_session_get_capture (session) : NULL);
  update_state (self);
  update_totals (self);
  update_rtt (self);
  update_recording (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SESSION]);
}
