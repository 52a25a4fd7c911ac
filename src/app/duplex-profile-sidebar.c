/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-profile-sidebar.h"

#include <glib/gi18n.h>

#include "app/duplex-profile-editor.h"
#include "app/duplex-profile-row.h"
#include "app/duplex-texts.h"

/* Up to this many profiles fit into a small window, and are faster looked over than searched. */
#define MANY_PROFILES 8

struct _DuplexProfileSidebar
{
  AdwBin parent_instance;

  DuplexProfileStore *store;  /* owned */
  GtkFilter          *filter; /* owned, by the model too */
  GListModel         *shown;  /* owned: store through filter */
  char               *needle; /* owned: what is searched for, case folded, or NULL */

  GtkListBox     *list; /* template */
  GtkLabel       *placeholder;
  GtkSearchEntry *search;
  GtkWidget      *search_area;

  gboolean alone;
};

G_DEFINE_FINAL_TYPE (DuplexProfileSidebar, duplex_profile_sidebar, ADW_TYPE_BIN)

enum {
  PROP_0,
  PROP_STORE,
  PROP_SELECTED,
  PROP_ALONE,
  N_PROPS
};

enum {
  SIGNAL_OPEN,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static void
show_toast (DuplexProfileSidebar *self,
            AdwToast             *toast)
{
  GtkWidget *overlay = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_TOAST_OVERLAY);

  g_return_if_fail (overlay != NULL);

  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (overlay), toast);
}

static void
show_error (DuplexProfileSidebar *self,
            const GError         *error)
{
  g_autofree char *text = duplex_text_error (error);
  g_autofree char *markup = g_markup_escape_text (text, -1);

  show_toast (self, adw_toast_new (markup));
}

/* -- the list ---------------------------------------------------------------------------------- */

static gboolean
holds_needle (const char *text,
              const char *needle)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);

  return strstr (folded, needle) != NULL;
}

static gboolean
profile_matches (gpointer item,
                 gpointer user_data)
{
  DuplexProfileSidebar *self = DUPLEX_PROFILE_SIDEBAR (user_data);
  DuplexProfile        *profile = DUPLEX_PROFILE (item);

  if (self->needle == NULL)
    return TRUE;

  return holds_needle (duplex_profile_get_name (profile), self->needle) ||
         holds_needle (duplex_profile_get_url (profile), self->needle) ||
         holds_needle (duplex_profile_get_folder (profile), self->needle);
}

static void
search_changed_cb (DuplexProfileSidebar *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->search));

  g_clear_pointer (&self->needle, g_free);
  if (*text != '\0')
    self->needle = g_utf8_casefold (text, -1);
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
}

static void
search_stopped_cb (DuplexProfileSidebar *self)
{
  gtk_editable_set_text (GTK_EDITABLE (self->search), "");
  gtk_widget_child_focus (GTK_WIDGET (self->list), GTK_DIR_TAB_FORWARD);
}

/* Enter in the search entry opens the first match. */
static void
search_activated_cb (DuplexProfileSidebar *self)
{
  g_autoptr (DuplexProfile) profile = g_list_model_get_item (self->shown, 0);

  if (self->needle == NULL || profile == NULL)
    return;

  duplex_profile_sidebar_set_selected (self, profile);
  gtk_widget_activate_action (GTK_WIDGET (self), "profile.open", NULL);
}

static GtkWidget *
create_row_cb (gpointer item,
               gpointer user_data)
{
  return duplex_profile_row_new (DUPLEX_PROFILE (item));
}

static const char *
get_row_folder (GtkListBoxRow *row)
{
  return duplex_profile_get_folder (duplex_profile_row_get_profile (DUPLEX_PROFILE_ROW (row)));
}

/* A heading where a folder begins; profiles of the top folder come first and have none. */
static void
update_heading_cb (GtkListBoxRow *row,
                   GtkListBoxRow *before,
                   gpointer       user_data)
{
  const char *folder = get_row_folder (row);
  GtkWidget  *heading;

  if (*folder == '\0' || (before != NULL && g_str_equal (folder, get_row_folder (before))))
    {
      gtk_list_box_row_set_header (row, NULL);
      return;
    }

  heading = g_object_new (GTK_TYPE_LABEL, "label", folder, "xalign", 0.0F, "ellipsize",
                          PANGO_ELLIPSIZE_START, "tooltip-text", folder, NULL);
  gtk_widget_add_css_class (heading, "profile-folder");
  gtk_list_box_row_set_header (row, heading);
}

static void
update_search_area (DuplexProfileSidebar *self)
{
  guint n = self->store != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->store)) : 0;

  gtk_widget_set_visible (self->search_area, n > MANY_PROFILES || self->needle != NULL);
  gtk_label_set_label (self->placeholder, n > 0 ? _ ("No profile matches") : _ ("No profiles yet"));
}

static void
update_actions (DuplexProfileSidebar *self)
{
  GtkWidget     *widget = GTK_WIDGET (self);
  DuplexProfile *profile = duplex_profile_sidebar_get_selected (self);
  gboolean       usable = profile != NULL && duplex_profile_get_error (profile) == NULL;

  gtk_widget_action_set_enabled (widget, "profile.open", usable);
  gtk_widget_action_set_enabled (widget, "profile.edit", usable);
  gtk_widget_action_set_enabled (widget, "profile.duplicate", usable);
  gtk_widget_action_set_enabled (widget, "profile.copy-url", usable);
  gtk_widget_action_set_enabled (widget, "profile.delete", profile != NULL);
}

static void
row_selected_cb (DuplexProfileSidebar *self)
{
  update_actions (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED]);
}

/* The row has too little room for the reason. */
static void
tell_unreadable (DuplexProfileSidebar *self,
                 DuplexProfile        *profile)
{
  g_autofree char *text = duplex_profile_row_dup_problem (profile);
  AdwToast        *toast = adw_toast_new ("");
  GtkWidget       *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  adw_toast_set_custom_title (toast, label);
  show_toast (self, toast);
}

static void
row_activated_cb (DuplexProfileSidebar *self)
{
  DuplexProfile *profile = duplex_profile_sidebar_get_selected (self);

  if (profile != NULL && duplex_profile_get_error (profile) != NULL)
    tell_unreadable (self, profile);
  gtk_widget_activate_action (GTK_WIDGET (self), "profile.open", NULL);
}

/* -- actions ----------------------------------------------------------------------------------- */

static void
profile_saved_cb (DuplexProfileSidebar *self,
                  DuplexProfile        *profile)
{
  duplex_profile_sidebar_set_selected (self, profile);
  duplex_profile_sidebar_focus_list (self);
}

static void
present_editor (DuplexProfileSidebar *self,
                DuplexProfile        *profile)
{
  GtkWindow           *parent = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
  DuplexProfileEditor *editor = duplex_profile_editor_new (parent, self->store, profile);

  g_signal_connect_object (editor, "saved", G_CALLBACK (profile_saved_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (editor));
}

static void
new_action (GtkWidget  *widget,
            const char *action,
            GVariant   *parameter)
{
  present_editor (DUPLEX_PROFILE_SIDEBAR (widget), NULL);
}

static void
open_action (GtkWidget  *widget,
             const char *action,
             GVariant   *parameter)
{
  g_autoptr (DuplexProfile) profile = NULL;

  g_set_object (&profile, duplex_profile_sidebar_get_selected (DUPLEX_PROFILE_SIDEBAR (widget)));
  if (profile != NULL)
    g_signal_emit (widget, signals[SIGNAL_OPEN], 0, profile);
}

static void
edit_action (GtkWidget  *widget,
             const char *action,
             GVariant   *parameter)
{
  DuplexProfile *profile = duplex_profile_sidebar_get_selected (DUPLEX_PROFILE_SIDEBAR (widget));

  if (profile != NULL)
    present_editor (DUPLEX_PROFILE_SIDEBAR (widget), profile);
}

static void
duplicate_action (GtkWidget  *widget,
                  const char *action,
                  GVariant   *parameter)
{
  DuplexProfileSidebar     *self = DUPLEX_PROFILE_SIDEBAR (widget);
  DuplexProfile            *profile = duplex_profile_sidebar_get_selected (self);
  g_autoptr (DuplexProfile) copy = NULL;
  g_autoptr (GError)        error = NULL;
  g_autofree char          *name = NULL;

  if (profile == NULL)
    return;

  copy = duplex_profile_copy (profile);
  /* Translators: the name of a duplicated profile. */
  name = g_strdup_printf (_ ("%s (copy)"), duplex_profile_get_name (profile));
  duplex_profile_set_name (copy, name);
  if (duplex_profile_store_save (self->store, copy, duplex_profile_get_folder (profile), &error))
    duplex_profile_sidebar_set_selected (self, copy);
  else
    show_error (self, error);
}

static void
copy_url_action (GtkWidget  *widget,
                 const char *action,
                 GVariant   *parameter)
{
  DuplexProfileSidebar *self = DUPLEX_PROFILE_SIDEBAR (widget);
  DuplexProfile        *profile = duplex_profile_sidebar_get_selected (self);

  if (profile == NULL)
    return;

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), duplex_profile_get_url (profile));
  show_toast (self, adw_toast_new (_ ("URL copied")));
}

static void
undo_delete_cb (AdwToast             *toast,
                DuplexProfileSidebar *self)
{
  DuplexDeletedProfile *undo = g_object_get_data (G_OBJECT (toast), "undo");
  g_autoptr (GError)    error = NULL;

  if (!duplex_profile_store_restore (self->store, undo, &error))
    show_error (self, error);
}

/* Goes on where a row has gone: at the one that took its place, or at the last one. */
static void
select_neighbour (DuplexProfileSidebar *self,
                  int                   index)
{
  GtkListBoxRow *row = gtk_list_box_get_row_at_index (self->list, index);

  if (row == NULL && index > 0)
    row = gtk_list_box_get_row_at_index (self->list, index - 1);
  if (row == NULL)
    return;

  gtk_list_box_select_row (self->list, row);
  gtk_widget_grab_focus (GTK_WIDGET (row));
}

static void
delete_action (GtkWidget  *widget,
               const char *action,
               GVariant   *parameter)
{
  DuplexProfileSidebar            *self = DUPLEX_PROFILE_SIDEBAR (widget);
  DuplexProfile                   *profile = duplex_profile_sidebar_get_selected (self);
  g_autoptr (DuplexDeletedProfile) undo = NULL;
  g_autoptr (GError)               error = NULL;
  g_autofree char                 *title = NULL;
  AdwToast                        *toast;
  int                              index;

  if (profile == NULL)
    return;

  index = gtk_list_box_row_get_index (gtk_list_box_get_selected_row (self->list));
  /* Translators: a profile was deleted; the toast has a button to undo that. */
  title = g_markup_printf_escaped (_ ("“%s” deleted"), duplex_profile_get_name (profile));
  if (!duplex_profile_store_delete (self->store, profile, &undo, &error))
    {
      show_error (self, error);
      return;
    }

  select_neighbour (self, index);
  toast = adw_toast_new (title);
  adw_toast_set_button_label (toast, _ ("_Undo"));
  g_object_set_data_full (G_OBJECT (toast), "undo", g_steal_pointer (&undo),
                          (GDestroyNotify)duplex_deleted_profile_free);
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (undo_delete_cb), self, 0);
  show_toast (self, toast);
}

/* -- class ------------------------------------------------------------------------------------- */

static void
set_store (DuplexProfileSidebar *self,
           DuplexProfileStore   *store)
{
  GtkFilterListModel *model;

  if (!g_set_object (&self->store, store))
    return;

  gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  g_clear_object (&self->shown);
  if (store != NULL)
    {
      model = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (store)),
                                         g_object_ref (self->filter));
      self->shown = G_LIST_MODEL (model);
      gtk_list_box_bind_model (self->list, self->shown, create_row_cb, NULL, NULL);
      g_signal_connect_object (store, "items-changed", G_CALLBACK (update_search_area), self,
                               G_CONNECT_SWAPPED);
    }
  update_search_area (self);
  update_actions (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STORE]);
}

static void
duplex_profile_sidebar_dispose (GObject *object)
{
  DuplexProfileSidebar *self = DUPLEX_PROFILE_SIDEBAR (object);

  if (self->list != NULL)
    gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_PROFILE_SIDEBAR);
  g_clear_object (&self->shown);
  g_clear_object (&self->filter);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (duplex_profile_sidebar_parent_class)->dispose (object);
}

static void
duplex_profile_sidebar_finalize (GObject *object)
{
  DuplexProfileSidebar *self = DUPLEX_PROFILE_SIDEBAR (object);

  g_clear_pointer (&self->needle, g_free);

  G_OBJECT_CLASS (duplex_profile_sidebar_parent_class)->finalize (object);
}

static void
duplex_profile_sidebar_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  DuplexProfileSidebar *self = DUPLEX_PROFILE_SIDEBAR (object);

  switch (prop_id)
    {
    case PROP_STORE:
      g_value_set_object (value, self->store);
      break;
    case PROP_SELECTED:
      g_value_set_object (value, duplex_profile_sidebar_get_selected (self));
      break;
    case PROP_ALONE:
      g_value_set_boolean (value, self->alone);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_profile_sidebar_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  DuplexProfileSidebar *self = DUPLEX_PROFILE_SIDEBAR (object);

  switch (prop_id)
    {
    case PROP_STORE:
      set_store (self, g_value_get_object (value));
      break;
    case PROP_SELECTED:
      duplex_profile_sidebar_set_selected (self, g_value_get_object (value));
      break;
    case PROP_ALONE:
      if (self->alone == g_value_get_boolean (value))
        return;
      self->alone = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_profile_sidebar_class_init (DuplexProfileSidebarClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_profile_sidebar_dispose;
  object_class->finalize = duplex_profile_sidebar_finalize;
  object_class->get_property = duplex_profile_sidebar_get_property;
  object_class->set_property = duplex_profile_sidebar_set_property;

  properties[PROP_STORE] =
    g_param_spec_object ("store", NULL, NULL, DUPLEX_TYPE_PROFILE_STORE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_SELECTED] =
    g_param_spec_object ("selected", NULL, NULL, DUPLEX_TYPE_PROFILE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_ALONE] =
    g_param_spec_boolean ("alone", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_OPEN] = g_signal_new ("open", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                       NULL, NULL, NULL, G_TYPE_NONE, 1, DUPLEX_TYPE_PROFILE);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-profile-sidebar.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileSidebar, list);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileSidebar, placeholder);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileSidebar, search);
  gtk_widget_class_bind_template_child (widget_class, DuplexProfileSidebar, search_area);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, row_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_stopped_cb);

  gtk_widget_class_install_action (widget_class, "profile.new", NULL, new_action);
  gtk_widget_class_install_action (widget_class, "profile.open", NULL, open_action);
  gtk_widget_class_install_action (widget_class, "profile.edit", NULL, edit_action);
  gtk_widget_class_install_action (widget_class, "profile.duplicate", NULL, duplicate_action);
  gtk_widget_class_install_action (widget_class, "profile.copy-url", NULL, copy_url_action);
  gtk_widget_class_install_action (widget_class, "profile.delete", NULL, delete_action);
}

static void
duplex_profile_sidebar_init (DuplexProfileSidebar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->filter = GTK_FILTER (gtk_custom_filter_new (profile_matches, self, NULL));
  gtk_list_box_set_header_func (self->list, update_heading_cb, NULL, NULL);
  update_search_area (self);
  update_actions (self);
}

GtkWidget *
duplex_profile_sidebar_new (DuplexProfileStore *store)
{
  return g_object_new (DUPLEX_TYPE_PROFILE_SIDEBAR, "store", store, NULL);
}

DuplexProfile *
duplex_profile_sidebar_get_selected (DuplexProfileSidebar *self)
{
  GtkListBoxRow *row;

  g_return_val_if_fail (DUPLEX_IS_PROFILE_SIDEBAR (self), NULL);

  row = gtk_list_box_get_selected_row (self->list);
  return row != NULL ? duplex_profile_row_get_profile (DUPLEX_PROFILE_ROW (row)) : NULL;
}

void
duplex_profile_sidebar_set_selected (DuplexProfileSidebar *self,
                                     DuplexProfile        *profile)
{
  GtkListBoxRow *row;

  g_return_if_fail (DUPLEX_IS_PROFILE_SIDEBAR (self));

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->list, i)) != NULL; i++)
    if (duplex_profile_row_get_profile (DUPLEX_PROFILE_ROW (row)) == profile)
      break;
  gtk_list_box_select_row (self->list, row);
}

void
duplex_profile_sidebar_focus_list (DuplexProfileSidebar *self)
{
  GtkListBoxRow *row;

  g_return_if_fail (DUPLEX_IS_PROFILE_SIDEBAR (self));

  row = gtk_list_box_get_selected_row (self->list);
  if (row == NULL)
    row = gtk_list_box_get_row_at_index (self->list, 0);
  if (row != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (row));
}
