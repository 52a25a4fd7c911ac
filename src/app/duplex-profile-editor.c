/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-profile-editor.h"

#include <glib/gi18n.h>

#include "app/duplex-closures.h"
#include "app/duplex-compat.h"
#include "app/duplex-compression-options.h"
#include "app/duplex-header-row.h"
#include "app/duplex-ping-options.h"
#include "app/duplex-texts.h"

struct _DuplexProfileEditor
{
  AdwWindow parent_instance;

  DuplexProfileStore *store;       /* owned */
  DuplexProfile      *profile;     /* owned: where Save writes; not in the store for a new one */
  DuplexProfile      *draft;       /* owned: what the rows show */
  GPtrArray          *header_rows; /* owned array of borrowed rows, in their order */

  AdwToastOverlay     *toasts; /* template */
  GtkEditable         *name_row;
  GtkEditable         *url_row;
  GtkEditable         *folder_row;
  GtkMenuButton       *folder_button;
  GtkEditable         *subprotocols_row;
  GtkEditable         *origin_row;
  GtkSwitch           *verify_switch;
  GtkWidget           *trusted_row;
  GtkWidget           *save_button;
  AdwPreferencesGroup *headers_group;

  DuplexCompressionOptions *compression;
  DuplexPingOptions        *pings;

  gboolean asking;  /* whether the changes may go */
  gboolean discard; /* they may */
  guint    close_id;
};

G_DEFINE_FINAL_TYPE (DuplexProfileEditor, duplex_profile_editor, ADW_TYPE_WINDOW)

enum {
  SIGNAL_SAVED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gboolean
is_new (DuplexProfileEditor *self)
{
  return *duplex_profile_get_id (self->profile) == '\0';
}

/* -- what the rows say ------------------------------------------------------------------------- */

static void
mark_problem (GtkEditable *row,
              const char  *problem)
{
  if (*problem != '\0')
    gtk_widget_add_css_class (GTK_WIDGET (row), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (row), "error");
}

/* Marks the rows with a problem. Returns the first of them, from the top, or the row of a URL that
 * is missing; NULL where all can be saved. */
static GtkWidget *
check_rows (DuplexProfileEditor *self)
{
  const char      *url = gtk_editable_get_text (self->url_row);
  g_autofree char *url_problem = duplex_closure_url_problem (self, url);
  g_autofree char *subprotocols_problem = NULL;
  g_autofree char *origin_problem = NULL;

  subprotocols_problem =
    duplex_closure_subprotocols_problem (self, gtk_editable_get_text (self->subprotocols_row));
  origin_problem = duplex_closure_origin_problem (self, gtk_editable_get_text (self->origin_row));
  mark_problem (self->url_row, url_problem);
  mark_problem (self->subprotocols_row, subprotocols_problem);
  mark_problem (self->origin_row, origin_problem);

  if (*url == '\0' || *url_problem != '\0')
    return GTK_WIDGET (self->url_row);
  for (guint i = 0; i < self->header_rows->len; i++)
    if (!duplex_header_row_is_valid (g_ptr_array_index (self->header_rows, i)))
      return g_ptr_array_index (self->header_rows, i);
  if (*subprotocols_problem != '\0')
    return GTK_WIDGET (self->subprotocols_row);
  if (*origin_problem != '\0')
    return GTK_WIDGET (self->origin_row);
  return NULL;
}

static void
gather_headers (DuplexProfileEditor *self)
{
  g_autoptr (GArray) headers = g_array_new (FALSE, FALSE, sizeof (DuplexHeader));

  for (guint i = 0; i < self->header_rows->len; i++)
    {
      DuplexHeaderRow *row = g_ptr_array_index (self->header_rows, i);
      DuplexHeader     header = { (char *)duplex_header_row_get_name (row),
                                  (char *)duplex_header_row_get_value (row) };

      if (*header.name != '\0' || *header.value != '\0')
        g_array_append_val (headers, header);
    }
  duplex_profile_set_headers (self->draft, (const DuplexHeader *)(gpointer)headers->data,
                              headers->len);
}

static void
rows_changed_cb (DuplexProfileEditor *self)
{
  g_auto (GStrv) subprotocols = NULL;

  subprotocols = duplex_closure_split_subprotocols (gtk_editable_get_text (self->subprotocols_row));
  duplex_profile_set_subprotocols (self->draft, (const char *const *)subprotocols);
  gather_headers (self);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "editor.save", check_rows (self) == NULL);
}

/* Enter would save; where that is not possible it leads to what stands in the way. */
static void
entry_activated_cb (DuplexProfileEditor *self)
{
  GtkWidget *wrong = check_rows (self);

  if (wrong != NULL)
    gtk_widget_grab_focus (wrong);
}

static void
remove_header_cb (DuplexProfileEditor *self,
                  DuplexHeaderRow     *row)
{
  g_ptr_array_remove (self->header_rows, row);
  adw_preferences_group_remove (self->headers_group, GTK_WIDGET (row));
  rows_changed_cb (self);
}

static GtkWidget *
add_header (DuplexProfileEditor *self,
            const char          *name,
            const char          *value)
{
  GtkWidget *row = duplex_header_row_new (name, value);

  g_signal_connect_object (row, "changed", G_CALLBACK (rows_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "entry-activated", G_CALLBACK (entry_activated_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "remove", G_CALLBACK (remove_header_cb), self, G_CONNECT_SWAPPED);
  g_ptr_array_add (self->header_rows, row);
  adw_preferences_group_add (self->headers_group, row);
  return row;
}

/* -- folders ----------------------------------------------------------------------------------- */

/* The folders that profiles are in, each once; the store has them together. */
static GMenuModel *
list_folders (DuplexProfileStore *store)
{
  GListModel       *profiles = G_LIST_MODEL (store);
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autofree char  *last = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (profiles); i++)
    {
      g_autoptr (DuplexProfile) profile = g_list_model_get_item (profiles, i);
      const char               *folder = duplex_profile_get_folder (profile);
      g_autoptr (GMenuItem)     item = NULL;

      if (*folder == '\0' || g_strcmp0 (folder, last) == 0)
        continue;

      item = g_menu_item_new (folder, NULL);
      g_menu_item_set_action_and_target (item, "editor.folder", "s", folder);
      g_menu_append_item (menu, item);
      g_free (last);
      last = g_strdup (folder);
    }
  return G_MENU_MODEL (g_steal_pointer (&menu));
}

static void
folder_action (GtkWidget  *widget,
               const char *action,
               GVariant   *parameter)
{
  gtk_editable_set_text (DUPLEX_PROFILE_EDITOR (widget)->folder_row,
                         g_variant_get_string (parameter, NULL));
}

/* What was typed as a folder, without white space and slashes at its ends. */
static char *
dup_folder (DuplexProfileEditor *self)
{
  g_autofree char *folder = g_strdup (gtk_editable_get_text (self->folder_row));
  char            *start = g_strstrip (folder);
  gsize            len;

  while (*start == '/')
    start++;
  len = strlen (start);
  while (len > 0 && start[len - 1] == '/')
    len--;
  return g_strndup (start, len);
}

/* -- actions ----------------------------------------------------------------------------------- */

static void
add_header_action (GtkWidget  *widget,
                   const char *action,
                   GVariant   *parameter)
{
  DuplexProfileEditor *self = DUPLEX_PROFILE_EDITOR (widget);

  gtk_widget_grab_focus (add_header (self, "", ""));
}

static void
forget_certificate_action (GtkWidget  *widget,
                           const char *action,
                           GVariant   *parameter)
{
  duplex_profile_set_trusted_certificate (DUPLEX_PROFILE_EDITOR (widget)->draft, "");
}

/* Who does not name a profile gets its host. */
static void
set_default_name (DuplexProfileEditor *self)
{
  g_autofree char *name = g_strstrip (g_strdup (duplex_profile_get_name (self->draft)));
  g_autofree char *host = duplex_text_host (duplex_profile_get_url (self->draft));

  duplex_profile_set_name (self->draft, *name != '\0' ? name : host);
}

/* The store leaves a known profile in its folder: one that moves leaves the store and is new there.
 */
static gboolean
move_profile (DuplexProfileEditor *self,
              const char          *folder,
              GError             **error)
{
  g_autoptr (DuplexDeletedProfile) undo = NULL;

  if (!duplex_profile_store_delete (self->store, self->profile, &undo, error))
    return FALSE;
  if (duplex_profile_store_save (self->store, self->profile, folder, error))
    return TRUE;

  if (!duplex_profile_store_restore (self->store, undo, NULL))
    g_warning ("%s could not be put back", duplex_profile_get_name (self->profile));
  return FALSE;
}

/* Writes the draft through the profile; on failure the profile is as it was. */
static gboolean
save_profile (DuplexProfileEditor *self,
              GError             **error)
{
  g_autoptr (DuplexProfile) before = duplex_profile_copy (self->profile);
  g_autofree char          *folder = dup_folder (self);
  gboolean                  saved;

  duplex_profile_assign (self->profile, self->draft);
  if (is_new (self) || g_str_equal (folder, duplex_profile_get_folder (self->profile)))
    saved = duplex_profile_store_save (self->store, self->profile, folder, error);
  else
    saved = move_profile (self, folder, error);

  if (!saved)
    duplex_profile_assign (self->profile, before);
  return saved;
}

static void
save_action (GtkWidget  *widget,
             const char *action,
             GVariant   *parameter)
{
  DuplexProfileEditor *self = DUPLEX_PROFILE_EDITOR (widget);
  g_autoptr (GError)   error = NULL;

  set_default_name (self);
  if (!save_profile (self, &error))
    {
      g_autofree char *text = duplex_text_error (error);
      g_autofree char *markup = g_markup_escape_text (text, -1);

      adw_toast_overlay_add_toast (self->toasts, adw_toast_new (markup));
      return;
    }

  g_signal_emit (self, signals[SIGNAL_SAVED], 0, self->profile);
  self->discard = TRUE;
  gtk_window_close (GTK_WINDOW (self));
}

/* -- closing ----------------------------------------------------------------------------------- */

static gboolean
close_cb (gpointer user_data)
{
  DuplexProfileEditor *self = DUPLEX_PROFILE_EDITOR (user_data);

  self->close_id = 0;
  gtk_window_close (GTK_WINDOW (self));
  return G_SOURCE_REMOVE;
}

/* The dialog is not done with itself when it tells, and must not lose its parent before it is. */
static void
answered_cb (DuplexProfileEditor *self,
             const char          *response)
{
  self->asking = FALSE;
  if (!g_str_equal (response, DUPLEX_COMPAT_CONFIRM))
    return;

  self->discard = TRUE;
  self->close_id = g_idle_add (close_cb, self);
}

static gboolean
duplex_profile_editor_close_request (GtkWindow *window)
{
  DuplexProfileEditor *self = DUPLEX_PROFILE_EDITOR (window);
  GtkWidget           *dialog;

  if (self->discard || !duplex_profile_editor_has_changes (self))
    return GTK_WINDOW_CLASS (duplex_profile_editor_parent_class)->close_request (window);

  if (self->asking)
    return GDK_EVENT_STOP;

  self->asking = TRUE;
  dialog = duplex_compat_ask (window, _ ("Discard Changes?"),
                              _ ("What you have changed in this profile has not been saved."),
                              _ ("_Keep Editing"), _ ("_Discard"));
  g_signal_connect_object (dialog, "response", G_CALLBACK (answered_cb), self, G_CONNECT_SWAPPED);
  return GDK_EVENT_STOP;
}

/* -- class ------------------------------------------------------------------------------------- */

static gboolean
fingerprint_to_text (GBinding     *binding,
                     const GValue *from,
                     GValue       *to,
                     gpointer      user_data)
{
  g_value_take_string (to, duplex_closure_fingerprint (NULL, g_value_get_string (from)));
  return TRUE;
}

static gboolean
text_to_visible (GBinding     *binding,
                 const GValue *from,
                 GValue       *to,
                 gpointer      user_data)
{
  g_value_set_boolean (to, duplex_closure_is_set (NULL, g_value_get_string (from)));
  return TRUE;
}

static void
bind_draft (DuplexProfileEditor *self)
{
  const GBindingFlags both = G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE;

  g_object_bind_property (self->draft, "name", self->name_row, "text", both);
  g_object_bind_property (self->draft, "url", self->url_row, "text", both);
  g_object_bind_property (self->draft, "origin", self->origin_row, "text", both);
  g_object_bind_property (self->draft, "verify-certificates", self->verify_switch, "active", both);
  g_object_bind_property_full (self->draft, "trusted-certificate", self->trusted_row, "subtitle",
                               G_BINDING_SYNC_CREATE, fingerprint_to_text, NULL, NULL, NULL);
  g_object_bind_property_full (self->draft, "trusted-certificate", self->trusted_row, "visible",
                               G_BINDING_SYNC_CREATE, text_to_visible, NULL, NULL, NULL);
  duplex_compression_options_set_profile (self->compression, self->draft);
  duplex_ping_options_set_profile (self->pings, self->draft);
}

static void
fill_rows (DuplexProfileEditor *self)
{
  g_autofree char    *subprotocols = NULL;
  const DuplexHeader *headers;
  gsize               n_headers;

  subprotocols = g_strjoinv (", ", (char **)duplex_profile_get_subprotocols (self->draft));
  gtk_editable_set_text (self->subprotocols_row, subprotocols);
  gtk_editable_set_text (self->folder_row, duplex_profile_get_folder (self->profile));

  headers = duplex_profile_get_headers (self->draft, &n_headers);
  for (gsize i = 0; i < n_headers; i++)
    add_header (self, headers[i].name, headers[i].value);
}

static void
set_up (DuplexProfileEditor *self,
        DuplexProfileStore  *store,
        DuplexProfile       *profile)
{
  g_autoptr (GMenuModel) folders = list_folders (store);

  self->store = g_object_ref (store);
  self->profile = profile != NULL ? g_object_ref (profile) : duplex_profile_new ("", "");
  self->draft = duplex_profile_copy (self->profile);
  if (is_new (self) && *duplex_profile_get_url (self->draft) != '\0')
    set_default_name (self);

  gtk_window_set_title (GTK_WINDOW (self), is_new (self) ? _ ("New Profile") : _ ("Edit Profile"));
  gtk_menu_button_set_menu_model (self->folder_button, folders);
  gtk_widget_set_visible (GTK_WIDGET (self->folder_button), g_menu_model_get_n_items (folders) > 0);
  bind_draft (self);
  fill_rows (self);

  g_signal_connect_object (self->url_row, "changed", G_CALLBACK (rows_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->subprotocols_row, "changed", G_CALLBACK (rows_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->origin_row, "changed", G_CALLBACK (rows_changed_cb), self,
                           G_CONNECT_SWAPPED);
  rows_changed_cb (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->name_row));
}

static void
duplex_profile_editor_dispose (GObject *object)
{
  DuplexProfileEditor *self = DUPLEX_PROFILE_EDITOR (object);

  g_clear_handle_id (&self->close_id, g_source_remove);
  g_ptr_array_set_size (self->header_rows, 0);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_PROFILE_EDITOR);
  g_clear_object (&self->draft);
  g_clear_object (&self->profile);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (duplex_profile_editor_parent_class)->dispose (object);
}

static void
duplex_profile_editor_finalize (GObject *object)
{
  DuplexProfileEditor *self = DUPLEX_PROFILE_EDITOR (object);

  g_clear_pointer (&self->header_rows, g_ptr_array_unref);

  G_OBJECT_CLASS (duplex_profile_editor_parent_class)->finalize (object);
}

static void
duplex_profile_editor_class_init (DuplexProfileEditorClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GtkWindowClass *window_class = GTK_WINDOW_CLASS (klass);

  object_class->dispose = duplex_profile_editor_dispose;
  object_class->finalize = duplex_profile_editor_finalize;
  window_class->close_request = duplex_profile_editor_close_request;

  signals[SIGNAL_SAVED] = g_signal_new ("saved", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 1, DUPLEX_TYPE_PROFILE);

  g_type_ensure (DUPLEX_TYPE_COMPRESSION_OPTIONS);
  g_type_ensure (DUPLEX_TYPE_PING_OPTIONS);
  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-profile-editor.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, toasts);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, name_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, url_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, folder_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, folder_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, subprotocols_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, origin_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, verify_switch);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, trusted_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, save_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, headers_group);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, compression);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileEditor, pings);
  gtk_widget_class_bind_template_callback (widget_class, entry_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_is_set);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_url_problem);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_origin_problem);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_subprotocols_problem);

  gtk_widget_class_install_action (widget_class, "editor.save", NULL, save_action);
  gtk_widget_class_install_action (widget_class, "editor.add-header", NULL, add_header_action);
  gtk_widget_class_install_action (widget_class, "editor.folder", "s", folder_action);
  gtk_widget_class_install_action (widget_class, "editor.forget-certificate", NULL,
                                   forget_certificate_action);

  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_s, GDK_CONTROL_MASK, "editor.save",
                                       NULL);
}

static void
duplex_profile_editor_init (DuplexProfileEditor *self)
{
  self->header_rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

DuplexProfileEditor *
duplex_profile_editor_new (GtkWindow          *parent,
                           DuplexProfileStore *store,
                           DuplexProfile      *profile)
{
  DuplexProfileEditor *self;

  g_return_val_if_fail (parent == NULL || GTK_IS_WINDOW (parent), NULL);
  g_return_val_if_fail (DUPLEX_IS_PROFILE_STORE (store), NULL);
  g_return_val_if_fail (profile == NULL || DUPLEX_IS_PROFILE (profile), NULL);

  self = g_object_new (DUPLEX_TYPE_PROFILE_EDITOR, "transient-for", parent, "destroy-with-parent",
                       TRUE, NULL);
  set_up (self, store, profile);
  return self;
}

gboolean
duplex_profile_editor_has_changes (DuplexProfileEditor *self)
{
  g_autofree char *folder = NULL;

  g_return_val_if_fail (DUPLEX_IS_PROFILE_EDITOR (self), FALSE);

  folder = dup_folder (self);
  return !duplex_profile_has_same_settings (self->draft, self->profile) ||
         !g_str_equal (folder, duplex_profile_get_folder (self->profile));
}
