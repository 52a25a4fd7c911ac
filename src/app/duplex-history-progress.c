/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-history-progress.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/duplex-history-texts.h"

struct _DuplexHistoryProgress
{
  GtkWidget parent_instance;

  GCancellable *cancellable; /* of what goes on, or NULL */
  char         *target;      /* its name, for people */

  GtkWidget      *revealer; /* template */
  GtkLabel       *label;
  GtkProgressBar *bar;
};

G_DEFINE_FINAL_TYPE (DuplexHistoryProgress, duplex_history_progress, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_BUSY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
say (DuplexHistoryProgress *self,
     const char            *text)
{
  GtkWidget       *overlay = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_TOAST_OVERLAY);
  g_autofree char *markup = g_markup_escape_text (text, -1);

  if (overlay != NULL)
    adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (overlay), adw_toast_new (markup));
}

static void
progress_cb (guint64  done,
             guint64  total,
             gpointer user_data)
{
  DuplexHistoryProgress *self = DUPLEX_HISTORY_PROGRESS (user_data);

  if (self->bar != NULL)
    gtk_progress_bar_set_fraction (self->bar, (double)done / (double)total);
}

static void
exported_ready_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (DuplexHistoryProgress) self = DUPLEX_HISTORY_PROGRESS (user_data);
  g_autoptr (GError)                error = NULL;
  g_autofree char                  *text = NULL;
  gboolean                          done = duplex_history_export_finish (result, &error);

  if (g_application_get_default () != NULL)
    g_application_release (g_application_get_default ());

  g_clear_object (&self->cancellable);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    text = g_strdup (_ ("Export cancelled"));
  else if (!done)
    text = duplex_text_capture_error (error);
  else
    /* Translators: %s is the name of a file. */
    text = g_strdup_printf (_ ("Exported to “%s”"), self->target);
  say (self, text);
}

static void
duplex_history_progress_dispose (GObject *object)
{
  DuplexHistoryProgress *self = DUPLEX_HISTORY_PROGRESS (object);

  duplex_history_progress_cancel (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_HISTORY_PROGRESS);

  G_OBJECT_CLASS (duplex_history_progress_parent_class)->dispose (object);
}

static void
duplex_history_progress_finalize (GObject *object)
{
  DuplexHistoryProgress *self = DUPLEX_HISTORY_PROGRESS (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->target, g_free);

  G_OBJECT_CLASS (duplex_history_progress_parent_class)->finalize (object);
}

static void
duplex_history_progress_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_BUSY:
      g_value_set_boolean (value,
                           duplex_history_progress_is_busy (DUPLEX_HISTORY_PROGRESS (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_history_progress_class_init (DuplexHistoryProgressClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_history_progress_dispose;
  object_class->finalize = duplex_history_progress_finalize;
  object_class->get_property = duplex_history_progress_get_property;

  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE,
                                                G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-history-progress.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryProgress, revealer);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryProgress, label);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryProgress, bar);
  gtk_widget_class_bind_template_callback (widget_class, duplex_history_progress_cancel);
}

static void
duplex_history_progress_init (DuplexHistoryProgress *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
duplex_history_progress_new (void)
{
  return g_object_new (DUPLEX_TYPE_HISTORY_PROGRESS, NULL);
}

gboolean
duplex_history_progress_is_busy (DuplexHistoryProgress *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_PROGRESS (self), FALSE);

  return self->cancellable != NULL;
}

void
duplex_history_progress_export (DuplexHistoryProgress *self,
                                DuplexHistoryEntry    *entry,
                                DuplexHistoryFormat    format,
                                GFile                 *target)
{
  g_autofree char *base = NULL;
  g_autofree char *name = NULL;
  g_autofree char *text = NULL;

  g_return_if_fail (DUPLEX_IS_HISTORY_PROGRESS (self));
  g_return_if_fail (DUPLEX_IS_HISTORY_ENTRY (entry));
  g_return_if_fail (G_IS_FILE (target));

  if (self->cancellable != NULL)
    return;

  name = duplex_text_history_name (entry);
  base = g_file_get_basename (target);
  g_free (self->target);
  self->target = g_filename_display_name (base);
  /* Translators: %s is the name of a recorded session. */
  text = g_strdup_printf (_ ("Exporting “%s”"), name);
  gtk_label_set_label (self->label, text);
  gtk_progress_bar_set_fraction (self->bar, 0);

  self->cancellable = g_cancellable_new ();
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
  if (g_application_get_default () != NULL)
    g_application_hold (g_application_get_default ());
  duplex_history_export_async (duplex_history_entry_get_path (entry), format, target,
                               self->cancellable, progress_cb, exported_ready_cb,
                               g_object_ref (self));
}

void
duplex_history_progress_cancel (DuplexHistoryProgress *self)
{
  g_return_if_fail (DUPLEX_IS_HISTORY_PROGRESS (self));

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}
