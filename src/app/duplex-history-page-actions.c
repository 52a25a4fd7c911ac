/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be done with a session of the history. */
#include <glib/gi18n.h>

#include "app/duplex-compat.h"
#include "app/duplex-history-page-private.h"
#include "app/duplex-history-rename.h"
#include "app/duplex-history-texts.h"

static void
show_toast (DuplexHistoryPage *self,
            AdwToast          *toast)
{
  GtkWidget *overlay = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_TOAST_OVERLAY);

  g_return_if_fail (overlay != NULL);

  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (overlay), toast);
}

static void
show_error (DuplexHistoryPage *self,
            const GError      *error)
{
  g_autofree char *text = duplex_text_capture_error (error);
  g_autofree char *markup = g_markup_escape_text (text, -1);
  AdwToast        *toast = adw_toast_new (markup);

  /* Not after the ones that wait: it answers what was asked for just now. */
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  show_toast (self, toast);
}

static GtkWindow *
get_window (DuplexHistoryPage *self)
{
  return GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
}

/* -- open, rename, copy ------------------------------------------------------------------------ */

static void
open_action (GtkWidget  *widget,
             const char *action,
             GVariant   *parameter)
{
  DuplexHistoryPage  *self = DUPLEX_HISTORY_PAGE (widget);
  DuplexHistoryEntry *entry = duplex_history_page_get_selected (self);

  if (entry == NULL)
    return;

  if (duplex_history_entry_get_error (entry) != NULL)
    show_error (self, duplex_history_entry_get_error (entry));
  else
    g_signal_emit_by_name (self, "open", duplex_history_entry_get_path (entry));
}

static void
rename_action (GtkWidget  *widget,
               const char *action,
               GVariant   *parameter)
{
  DuplexHistoryPage   *self = DUPLEX_HISTORY_PAGE (widget);
  DuplexHistoryEntry  *entry = duplex_history_page_get_selected (self);
  DuplexHistoryRename *dialog;

  if (entry == NULL)
    return;

  dialog = duplex_history_rename_new (get_window (self), self->history, entry);
  g_signal_connect_object (dialog, "renamed", G_CALLBACK (duplex_history_page_refilter), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
copy_url_action (GtkWidget  *widget,
                 const char *action,
                 GVariant   *parameter)
{
  DuplexHistoryPage  *self = DUPLEX_HISTORY_PAGE (widget);
  DuplexHistoryEntry *entry = duplex_history_page_get_selected (self);

  if (entry == NULL)
    return;

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget),
                          duplex_history_entry_get_summary (entry)->url);
  show_toast (self, adw_toast_new (_ ("URL copied")));
}

/* -- export ------------------------------------------------------------------------------------ */

typedef struct
{
  DuplexHistoryPage  *page;
  DuplexHistoryEntry *entry;
  DuplexHistoryFormat format;
} Export;

static void
export_free (Export *job)
{
  g_clear_object (&job->page);
  g_clear_object (&job->entry);
  g_free (job);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Export, export_free)

static void
chosen_ready_cb (GObject      *parent,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (Export) job = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile)  target = NULL;

  target = duplex_compat_choose_save_file_finish (GTK_WINDOW (parent), result, &error);
  /* The window may have gone meanwhile. */
  if (gtk_widget_get_root (GTK_WIDGET (job->page)) == NULL)
    return;

  if (target != NULL)
    duplex_history_progress_export (job->page->progress, job->entry, job->format, target);
  else if (error != NULL)
    show_error (job->page, error);
}

/* A name that is a file name on any system. */
static char *
make_file_name (DuplexHistoryEntry *entry,
                const char         *ending)
{
  g_autofree char *name = duplex_text_history_name (entry);

  g_strdelimit (name, "/\\:*?\"<>|", '-');
  return g_strconcat (name, ending, NULL);
}

static void export(DuplexHistoryPage  *self,
                   DuplexHistoryFormat format,
                   const char         *title,
                   const char         *ending)
{
  DuplexHistoryEntry *entry = duplex_history_page_get_selected (self);
  g_autofree char    *name = NULL;
  Export             *job;

  if (entry == NULL || duplex_history_progress_is_busy (self->progress))
    return;

  name = make_file_name (entry, ending);
  job = g_new0 (Export, 1);
  job->page = g_object_ref (self);
  job->entry = g_object_ref (entry);
  job->format = format;
  duplex_compat_choose_save_file_async (get_window (self), title, name, chosen_ready_cb, job);
}

static void
export_jsonl_action (GtkWidget  *widget,
                     const char *action,
                     GVariant   *parameter)
{
  export(DUPLEX_HISTORY_PAGE (widget), DUPLEX_HISTORY_EXPORT_JSONL, _ ("Export as JSON Lines"),
         ".jsonl");
}

static void
save_copy_action (GtkWidget  *widget,
                  const char *action,
                  GVariant   *parameter)
{
  export(DUPLEX_HISTORY_PAGE (widget), DUPLEX_HISTORY_EXPORT_COPY, _ ("Save a Copy"),
         DUPLEX_HISTORY_SUFFIX);
}

/* -- delete ------------------------------------------------------------------------------------ */

static void
undo_cb (DuplexHistoryPage *self,
         AdwToast          *toast)
{
  g_autoptr (DuplexHistoryEntry) last = NULL;

  if (self->toast != toast)
    return;

  for (guint i = 0; i < self->deleted->len; i++)
    {
      DuplexHistoryEntry *entry = g_ptr_array_index (self->deleted, i);
      g_autoptr (GError)  error = NULL;

      if (duplex_history_restore (self->history, entry, &error))
        g_set_object (&last, entry);
      else
        show_error (self, error);
    }
  g_ptr_array_set_size (self->deleted, 0);

  for (guint i = 0; last != NULL && i < g_list_model_get_n_items (G_LIST_MODEL (self->selection));
       i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (self->selection), i);

      if (item == G_OBJECT (last))
        duplex_history_page_select_position (self, i);
    }
}

/* Nobody can ask for it any more, unless a newer toast has taken over. */
static void
dismissed_cb (DuplexHistoryPage *self,
              AdwToast          *toast)
{
  if (self->toast != toast)
    return;

  g_clear_weak_pointer (&self->toast);
  for (guint i = 0; self->history != NULL && i < self->deleted->len; i++)
    duplex_history_purge (self->history, g_ptr_array_index (self->deleted, i));
  g_ptr_array_set_size (self->deleted, 0);
}

/* One toast for all that was deleted since the last one went: they would come one after another
 * otherwise, each for what is long forgotten. */
static void
offer_undo (DuplexHistoryPage *self)
{
  guint            n = self->deleted->len;
  AdwToast        *old = self->toast;
  AdwToast        *toast;
  g_autofree char *title = NULL;

  if (n == 1)
    {
      g_autofree char *name = duplex_text_history_name (g_ptr_array_index (self->deleted, 0));

      title = g_markup_printf_escaped (_ ("“%s” deleted"), name);
    }
  else
    title = g_strdup_printf (ngettext ("%u session deleted", "%u sessions deleted", n), n);

  toast = adw_toast_new (title);
  adw_toast_set_button_label (toast, _ ("_Undo"));
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (undo_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (toast, "dismissed", G_CALLBACK (dismissed_cb), self, G_CONNECT_SWAPPED);
  g_set_weak_pointer (&self->toast, toast);
  if (old != NULL)
    adw_toast_dismiss (old);
  show_toast (self, toast);
}

static void
delete_action (GtkWidget  *widget,
               const char *action,
               GVariant   *parameter)
{
  DuplexHistoryPage             *self = DUPLEX_HISTORY_PAGE (widget);
  g_autoptr (DuplexHistoryEntry) entry = NULL;
  g_autoptr (GError)             error = NULL;
  guint                          position = gtk_single_selection_get_selected (self->selection);

  g_set_object (&entry, duplex_history_page_get_selected (self));
  if (entry == NULL)
    return;

  if (!duplex_history_delete (self->history, entry, &error))
    {
      show_error (self, error);
      return;
    }

  g_ptr_array_add (self->deleted, g_steal_pointer (&entry));
  duplex_history_page_select_position (self, position);
  offer_undo (self);
}

/* -- class ------------------------------------------------------------------------------------- */

void
duplex_history_page_install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "history.open", NULL, open_action);
  gtk_widget_class_install_action (widget_class, "history.rename", NULL, rename_action);
  gtk_widget_class_install_action (widget_class, "history.copy-url", NULL, copy_url_action);
  gtk_widget_class_install_action (widget_class, "history.export-jsonl", NULL,
                                   export_jsonl_action);
  gtk_widget_class_install_action (widget_class, "history.save-copy", NULL, save_copy_action);
  gtk_widget_class_install_action (widget_class, "history.delete", NULL, delete_action);
}

void
duplex_history_page_update_actions (DuplexHistoryPage *self)
{
  GtkWidget          *widget = GTK_WIDGET (self);
  DuplexHistoryEntry *entry = duplex_history_page_get_selected (self);
  gboolean            readable = entry != NULL && duplex_history_entry_get_error (entry) == NULL;
  gboolean            busy = duplex_history_progress_is_busy (self->progress);
  gboolean            live = FALSE;
  gboolean            has_url = FALSE;

  if (readable)
    {
      live = duplex_history_entry_get_state (entry) == DUPLEX_HISTORY_LIVE;
      has_url = duplex_history_entry_get_summary (entry)->url != NULL;
    }
  gtk_widget_action_set_enabled (widget, "history.open", entry != NULL);
  gtk_widget_action_set_enabled (widget, "history.rename", readable);
  gtk_widget_action_set_enabled (widget, "history.copy-url", has_url);
  gtk_widget_action_set_enabled (widget, "history.export-jsonl", readable && !busy);
  gtk_widget_action_set_enabled (widget, "history.save-copy", readable && !live && !busy);
  gtk_widget_action_set_enabled (widget, "history.delete", entry != NULL && !live);
}
