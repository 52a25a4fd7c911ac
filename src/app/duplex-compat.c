/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "app/duplex-compat.h"

#include <adwaita.h>
#include <glib/gi18n.h>

/* libadwaita 1.5 has dialogs inside the window; their windows of before are deprecated from 1.6 on.
 */
#if defined(ADW_VERSION_1_5) && ADW_VERSION_MAX_ALLOWED >= ADW_VERSION_1_5
#define HAVE_ADW_DIALOGS 1
#else
#define HAVE_ADW_DIALOGS 0
#endif

/* GTK 4.10 has file dialogs as objects of their own and colours as a property of the widget; what
 * did both before is deprecated from there on. */
#if defined(GDK_VERSION_4_10) && GDK_VERSION_MAX_ALLOWED >= GDK_VERSION_4_10
#define HAVE_GTK_4_10 1
#else
#define HAVE_GTK_4_10 0
#endif

#define RESPONSE_CANCEL "cancel"

/* Both classes have these properties. */
#define ABOUT_PROPERTIES                                                           \
  "application-name", "Duplex",                                                    \
    "application-icon", DUPLEX_APP_ID,                                             \
    "version", DUPLEX_VERSION,                                                     \
    "comments", _ ("Talk to WebSocket servers and see every frame on the wire"),   \
    "developer-name", _ ("The Duplex developers"),                                 \
    "license-type", GTK_LICENSE_GPL_3_0, /* Translators: your names, one a line */ \
    "translator-credits", _ ("translator-credits")

void
duplex_compat_show_about (GtkWindow *parent)
{
  g_return_if_fail (GTK_IS_WINDOW (parent));

#if HAVE_ADW_DIALOGS
  adw_dialog_present (g_object_new (ADW_TYPE_ABOUT_DIALOG, ABOUT_PROPERTIES, NULL),
                      GTK_WIDGET (parent));
#else
  GtkWindow *about = g_object_new (ADW_TYPE_ABOUT_WINDOW, "transient-for", parent, "modal", TRUE,
                                   ABOUT_PROPERTIES, NULL);

  gtk_window_present (about);
#endif
}

GtkWidget *
duplex_compat_ask (GtkWindow  *parent,
                   const char *heading,
                   const char *body,
                   const char *cancel_label,
                   const char *confirm_label)
{
  g_return_val_if_fail (GTK_IS_WINDOW (parent), NULL);

#if HAVE_ADW_DIALOGS
  AdwDialog      *dialog = adw_alert_dialog_new (heading, body);
  AdwAlertDialog *alert = ADW_ALERT_DIALOG (dialog);

  adw_alert_dialog_add_responses (alert, RESPONSE_CANCEL, cancel_label, DUPLEX_COMPAT_CONFIRM,
                                  confirm_label, NULL);
  adw_alert_dialog_set_response_appearance (alert, DUPLEX_COMPAT_CONFIRM,
                                            ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (alert, RESPONSE_CANCEL);
  adw_alert_dialog_set_close_response (alert, RESPONSE_CANCEL);
  adw_dialog_present (dialog, GTK_WIDGET (parent));
  return GTK_WIDGET (dialog);
#else
  GtkWidget        *dialog = adw_message_dialog_new (parent, heading, body);
  AdwMessageDialog *message = ADW_MESSAGE_DIALOG (dialog);

  adw_message_dialog_add_responses (message, RESPONSE_CANCEL, cancel_label, DUPLEX_COMPAT_CONFIRM,
                                    confirm_label, NULL);
  adw_message_dialog_set_response_appearance (message, DUPLEX_COMPAT_CONFIRM,
                                              ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (message, RESPONSE_CANCEL);
  adw_message_dialog_set_close_response (message, RESPONSE_CANCEL);
  gtk_window_set_destroy_with_parent (GTK_WINDOW (dialog), TRUE);
  gtk_window_present (GTK_WINDOW (dialog));
  return dialog;
#endif
}

void
duplex_compat_get_color (GtkWidget *widget,
                         GdkRGBA   *ret_color)
{
  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (ret_color != NULL);

#if HAVE_GTK_4_10
  gtk_widget_get_color (widget, ret_color);
#else
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), ret_color);
#endif
}

#if HAVE_GTK_4_10

/* Takes over task, file and error. */
static void
return_file (GTask  *task,
             GFile  *file,
             GError *error)
{
  g_autoptr (GTask) owned = task;

  if (file != NULL || g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED) ||
      g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_CANCELLED))
    {
      g_clear_error (&error);
      g_task_return_pointer (task, file, g_object_unref);
    }
  else
    g_task_return_error (task, error);
}

static void
save_ready_cb (GObject      *dialog,
               GAsyncResult *result,
               gpointer      user_data)
{
  GError *error = NULL;
  GFile  *file = gtk_file_dialog_save_finish (GTK_FILE_DIALOG (dialog), result, &error);

  return_file (G_TASK (user_data), file, error);
}

static void
open_ready_cb (GObject      *dialog,
               GAsyncResult *result,
               gpointer      user_data)
{
  GError *error = NULL;
  GFile  *file = gtk_file_dialog_open_finish (GTK_FILE_DIALOG (dialog), result, &error);

  return_file (G_TASK (user_data), file, error);
}

#else

static void
file_response_cb (GtkNativeDialog *dialog,
                  int response,
                  GTask *task)
{
  g_autoptr (GFile) file = NULL;

  if (g_task_get_completed (task))
    return;
  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));

  g_task_return_pointer (task, g_steal_pointer (&file), g_object_unref);
  gtk_native_dialog_destroy (dialog);
}

static void
unref_closure_data (gpointer data,
                    GClosure *closure)
{
  g_object_unref (data);
}

/* Takes over task. */
static void
show_file_chooser (GtkFileChooserNative *dialog,
                   GTask *task)
{
  /* Nothing else holds the dialog while it is open: the task does. */
  g_task_set_task_data (task, g_object_ref (dialog), g_object_unref);
  g_signal_connect_data (dialog, "response", G_CALLBACK (file_response_cb), task,
                         unref_closure_data, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

#endif

void
duplex_compat_choose_save_file_async (GtkWindow          *parent,
                                      const char         *title,
                                      const char         *name,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (GTK_IS_WINDOW (parent));

  task = g_task_new (parent, NULL, callback, user_data);
  g_task_set_source_tag (task, duplex_compat_choose_save_file_async);

#if HAVE_GTK_4_10
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  gtk_file_dialog_set_title (dialog, title);
  gtk_file_dialog_set_initial_name (dialog, name);
  gtk_file_dialog_save (dialog, parent, NULL, save_ready_cb, g_steal_pointer (&task));
#else
  g_autoptr (GtkFileChooserNative) dialog = gtk_file_chooser_native_new (
    title, parent, GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);

  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  show_file_chooser (dialog, g_steal_pointer (&task));
#endif
}

GFile *
duplex_compat_choose_save_file_finish (GtkWindow    *parent,
                                       GAsyncResult *result,
                                       GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, parent), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
duplex_compat_choose_open_file_async (GtkWindow          *parent,
                                      const char         *title,
                                      const char         *pattern_name,
                                      const char         *pattern,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data)
{
  g_autoptr (GTask)         task = NULL;
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  g_return_if_fail (GTK_IS_WINDOW (parent));

  gtk_file_filter_set_name (filter, pattern_name);
  gtk_file_filter_add_pattern (filter, pattern);
  gtk_file_filter_set_name (all, _ ("All Files"));
  gtk_file_filter_add_pattern (all, "*");
  task = g_task_new (parent, NULL, callback, user_data);
  g_task_set_source_tag (task, duplex_compat_choose_open_file_async);

#if HAVE_GTK_4_10
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GListStore)    filters = g_list_store_new (GTK_TYPE_FILE_FILTER);

  g_list_store_append (filters, filter);
  g_list_store_append (filters, all);
  gtk_file_dialog_set_title (dialog, title);
  gtk_file_dialog_set_filters (dialog, G_LIST_MODEL (filters));
  gtk_file_dialog_open (dialog, parent, NULL, open_ready_cb, g_steal_pointer (&task));
#else
  g_autoptr (GtkFileChooserNative) dialog = gtk_file_chooser_native_new (
    title, parent, GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);

  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), filter);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), all);
  show_file_chooser (dialog, g_steal_pointer (&task));
#endif
}

GFile *
duplex_compat_choose_open_file_finish (GtkWindow    *parent,
                                       GAsyncResult *result,
                                       GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, parent), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
