/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-history-page.h"

#include <glib/gi18n.h>

#include "app/duplex-history-page-private.h"
#include "app/duplex-history-row.h"
#include "app/duplex-history-texts.h"

G_DEFINE_FINAL_TYPE (DuplexHistoryPage, duplex_history_page, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_HISTORY,
  PROP_BUDGET,
  PROP_RECORDING,
  PROP_SORT,
  PROP_HAS_TITLE_BUTTONS,
  N_PROPS
};

enum {
  SIGNAL_OPEN,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

/* -- what is shown ----------------------------------------------------------------------------- */

static guint
count_sessions (DuplexHistoryPage *self)
{
  return self->history != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->history)) : 0;
}

static void
update_empty (DuplexHistoryPage *self)
{
  const char      *trouble = NULL;
  g_autofree char *markup = NULL;

  if (self->history != NULL)
    trouble = duplex_history_get_trouble (self->history);
  if (trouble != NULL)
    markup = g_markup_escape_text (trouble, -1);

  adw_status_page_set_title (self->empty, trouble != NULL ? _ ("The Sessions Cannot Be Listed")
                                                          : _ ("No Recorded Sessions"));
  if (trouble != NULL)
    adw_status_page_set_description (self->empty, markup);
  else if (self->recording)
    adw_status_page_set_description (
      self->empty, _ ("What you send and receive is recorded, and can be looked at again here"));
  else
    adw_status_page_set_description (self->empty, _ ("Recording is switched off"));
  gtk_widget_set_visible (self->preferences_button, trouble == NULL && !self->recording);
}

/* Who came while there was nothing to go to goes on in the list when there is. */
static void
show_child (DuplexHistoryPage *self,
            const char        *name)
{
  GtkRoot   *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  gboolean   nowhere = focus == NULL || focus == GTK_WIDGET (self->view);

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), name) == 0)
    return;

  gtk_stack_set_visible_child_name (self->stack, name);
  if (nowhere && g_str_equal (name, "list") && gtk_widget_get_mapped (GTK_WIDGET (self)))
    duplex_history_page_focus_list (self);
}

static void
update (DuplexHistoryPage *self)
{
  guint            n = count_sessions (self);
  guint            n_shown = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  g_autofree char *sum = NULL;
  const char      *name = "list";

  if (n_shown == 0 && self->needle != NULL)
    name = "nothing";
  else if (n == 0 && self->history != NULL && duplex_history_is_loading (self->history))
    name = "loading";
  else if (n == 0)
    name = "empty";

  if (n > 0)
    sum = duplex_text_history_sum (n, duplex_history_get_bytes (self->history), self->budget);
  adw_window_title_set_subtitle (self->title, sum != NULL ? sum : "");
  update_empty (self);
  show_child (self, name);
  duplex_history_page_update_actions (self);
}

static void
bytes_changed_cb (DuplexHistoryPage *self)
{
  if (g_str_equal (self->sort, "largest"))
    gtk_sorter_changed (self->sorter, GTK_SORTER_CHANGE_DIFFERENT);
  update (self);
}

/* -- search and order -------------------------------------------------------------------------- */

static gboolean
entry_matches (gpointer item,
               gpointer user_data)
{
  DuplexHistoryPage *self = DUPLEX_HISTORY_PAGE (user_data);

  return self->needle == NULL || duplex_history_entry_matches (item, self->needle);
}

void
duplex_history_page_refilter (DuplexHistoryPage *self)
{
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
  update (self);
}

static void
search_changed_cb (DuplexHistoryPage *self)
{
  const char *text = gtk_editable_get_text (self->search);

  g_clear_pointer (&self->needle, g_free);
  if (*text != '\0')
    self->needle = g_utf8_casefold (text, -1);
  duplex_history_page_refilter (self);
  if (g_list_model_get_n_items (G_LIST_MODEL (self->selection)) == 0)
    return;

  /* The first match; at the end of the search, where it was among all. */
  if (self->needle != NULL)
    gtk_single_selection_set_selected (self->selection, 0);
  gtk_widget_activate_action (GTK_WIDGET (self->view), "list.scroll-to-item", "u",
                              gtk_single_selection_get_selected (self->selection));
}

/* Enter opens the first match, which is selected. */
static void
search_activated_cb (DuplexHistoryPage *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "history.open", NULL);
}

static void
search_left_cb (DuplexHistoryPage *self)
{
  duplex_history_page_focus_list (self);
}

static void
search_mode_cb (DuplexHistoryPage *self)
{
  if (!gtk_search_bar_get_search_mode (self->search_bar))
    duplex_history_page_focus_list (self);
}

static int
compare_by_profile (DuplexHistoryEntry *a,
                    DuplexHistoryEntry *b)
{
  const char *first = duplex_history_entry_get_summary (a)->profile;
  const char *second = duplex_history_entry_get_summary (b)->profile;

  if (first == NULL || second == NULL)
    return (first == NULL) - (second == NULL);
  return g_utf8_collate (first, second);
}

/* The sorter is stable: what is equal stays in the order of the history, newest first. */
static int
compare (gconstpointer first,
         gconstpointer second,
         gpointer      user_data)
{
  DuplexHistoryPage  *self = DUPLEX_HISTORY_PAGE (user_data);
  DuplexHistoryEntry *a = DUPLEX_HISTORY_ENTRY ((gpointer)first);
  DuplexHistoryEntry *b = DUPLEX_HISTORY_ENTRY ((gpointer)second);
  guint64             size_a;
  guint64             size_b;

  if (g_str_equal (self->sort, "oldest"))
    return duplex_history_entry_compare (b, a);
  if (g_str_equal (self->sort, "profile"))
    return compare_by_profile (a, b);

  size_a = duplex_history_entry_get_stamp (a)->bytes;
  size_b = duplex_history_entry_get_stamp (b)->bytes;
  return (size_a < size_b) - (size_a > size_b);
}

static void
set_sort (DuplexHistoryPage *self,
          const char        *sort)
{
  if (sort == NULL || g_strcmp0 (self->sort, sort) == 0)
    return;

  g_free (self->sort);
  self->sort = g_strdup (sort);
  gtk_sort_list_model_set_sorter (self->sorted,
                                  g_str_equal (sort, "newest") ? NULL : self->sorter);
  gtk_sorter_changed (self->sorter, GTK_SORTER_CHANGE_DIFFERENT);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SORT]);
}

/* -- rows -------------------------------------------------------------------------------------- */

static void
row_menu_cb (DuplexHistoryPage *self,
             DuplexHistoryRow  *row)
{
  GtkListItem *item = g_object_get_data (G_OBJECT (row), "item");

  gtk_single_selection_set_selected (self->selection, gtk_list_item_get_position (item));
  gtk_widget_activate_action (GTK_WIDGET (self), "history.menu", NULL);
}

static void
setup_cb (DuplexHistoryPage *self,
          GtkListItem       *item)
{
  GtkWidget *row = duplex_history_row_new ();

  g_object_set_data (G_OBJECT (row), "item", item);
  g_signal_connect_object (row, "menu", G_CALLBACK (row_menu_cb), self, G_CONNECT_SWAPPED);
  gtk_list_item_set_child (item, row);
}

static void
bind_cb (DuplexHistoryPage *self,
         GtkListItem       *item)
{
  duplex_history_row_set_entry (DUPLEX_HISTORY_ROW (gtk_list_item_get_child (item)),
                                gtk_list_item_get_item (item));
}

static void
unbind_cb (DuplexHistoryPage *self,
           GtkListItem       *item)
{
  duplex_history_row_set_entry (DUPLEX_HISTORY_ROW (gtk_list_item_get_child (item)), NULL);
}

static void
activate_cb (DuplexHistoryPage *self,
             guint              position)
{
  gtk_single_selection_set_selected (self->selection, position);
  gtk_widget_activate_action (GTK_WIDGET (self), "history.open", NULL);
}

/* The row on the screen that has entry, or NULL. */
static GtkWidget *
find_row (DuplexHistoryPage  *self,
          DuplexHistoryEntry *entry)
{
  for (GtkWidget *item = gtk_widget_get_first_child (GTK_WIDGET (self->view)); item != NULL;
       item = gtk_widget_get_next_sibling (item))
    {
      GtkWidget *row = gtk_widget_get_first_child (item);

      if (DUPLEX_IS_HISTORY_ROW (row) && gtk_widget_get_mapped (row) &&
          duplex_history_row_get_entry (DUPLEX_HISTORY_ROW (row)) == entry)
        return row;
    }
  return NULL;
}

void
duplex_history_page_select_position (DuplexHistoryPage *self,
                                     guint              position)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));

  if (n == 0)
    return;

  position = MIN (position, n - 1);
  gtk_single_selection_set_selected (self->selection, position);
  gtk_widget_activate_action (GTK_WIDGET (self->view), "list.scroll-to-item", "u", position);
  duplex_history_page_focus_list (self);
}

/* -- menu -------------------------------------------------------------------------------------- */

static void
menu_action (GtkWidget  *widget,
             const char *action,
             GVariant   *parameter)
{
  DuplexHistoryPage  *self = DUPLEX_HISTORY_PAGE (widget);
  DuplexHistoryEntry *entry = duplex_history_page_get_selected (self);
  GtkWidget          *row = entry != NULL ? find_row (self, entry) : NULL;
  graphene_rect_t     bounds;

  if (row == NULL || !gtk_widget_compute_bounds (duplex_history_row_get_menu_button (
                                                   DUPLEX_HISTORY_ROW (row)),
                                                 widget, &bounds))
    return;

  if (self->menu == NULL)
    {
      self->menu = gtk_popover_menu_new_from_model (self->menu_model);
      gtk_widget_set_parent (self->menu, widget);
      g_signal_connect_object (self->menu, "closed", G_CALLBACK (duplex_history_page_focus_list),
                               self, G_CONNECT_SWAPPED);
    }
  gtk_popover_set_pointing_to (
    GTK_POPOVER (self->menu),
    &(GdkRectangle){ (int)bounds.origin.x, (int)bounds.origin.y, (int)bounds.size.width,
                     (int)bounds.size.height });
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
search_action (GtkWidget  *widget,
               const char *action,
               GVariant   *parameter)
{
  DuplexHistoryPage *self = DUPLEX_HISTORY_PAGE (widget);

  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}

/* -- class ------------------------------------------------------------------------------------- */

static void
set_watching (DuplexHistoryPage *self,
              gboolean           watching)
{
  watching = watching && self->history != NULL;
  if (self->is_watching == watching)
    return;

  self->is_watching = watching;
  if (watching)
    duplex_history_watch (self->history);
  else
    duplex_history_unwatch (self->history);
}

static void
set_history (DuplexHistoryPage *self,
             DuplexHistory     *history)
{
  if (self->history == history)
    return;

  set_watching (self, FALSE);
  if (self->history != NULL)
    g_signal_handlers_disconnect_by_data (self->history, self);
  g_set_object (&self->history, history);
  gtk_filter_list_model_set_model (self->filtered, G_LIST_MODEL (history));
  if (history != NULL)
    {
      g_signal_connect_object (history, "notify::loading", G_CALLBACK (update), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (history, "notify::trouble", G_CALLBACK (update), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (history, "notify::bytes", G_CALLBACK (bytes_changed_cb), self,
                               G_CONNECT_SWAPPED);
    }
  set_watching (self, gtk_widget_get_mapped (GTK_WIDGET (self)));
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HISTORY]);
}

static void
duplex_history_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (duplex_history_page_parent_class)->map (widget);
  set_watching (DUPLEX_HISTORY_PAGE (widget), TRUE);
}

static void
duplex_history_page_unmap (GtkWidget *widget)
{
  set_watching (DUPLEX_HISTORY_PAGE (widget), FALSE);
  GTK_WIDGET_CLASS (duplex_history_page_parent_class)->unmap (widget);
}

static void
duplex_history_page_dispose (GObject *object)
{
  DuplexHistoryPage *self = DUPLEX_HISTORY_PAGE (object);

  set_watching (self, FALSE);
  if (self->view != NULL)
    gtk_list_view_set_model (self->view, NULL);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_HISTORY_PAGE);
  g_clear_weak_pointer (&self->toast);
  g_clear_object (&self->selection);
  g_clear_object (&self->sorted);
  g_clear_object (&self->filtered);
  g_clear_object (&self->sorter);
  g_clear_object (&self->filter);
  g_clear_object (&self->history);

  G_OBJECT_CLASS (duplex_history_page_parent_class)->dispose (object);
}

static void
duplex_history_page_finalize (GObject *object)
{
  DuplexHistoryPage *self = DUPLEX_HISTORY_PAGE (object);

  g_clear_pointer (&self->needle, g_free);
  g_clear_pointer (&self->sort, g_free);
  g_clear_pointer (&self->deleted, g_ptr_array_unref);

  G_OBJECT_CLASS (duplex_history_page_parent_class)->finalize (object);
}

static void
duplex_history_page_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DuplexHistoryPage *self = DUPLEX_HISTORY_PAGE (object);

  switch (prop_id)
    {
    case PROP_HISTORY:
      g_value_set_object (value, self->history);
      break;
    case PROP_BUDGET:
      g_value_set_uint64 (value, self->budget);
      break;
    case PROP_RECORDING:
      g_value_set_boolean (value, self->recording);
      break;
    case PROP_SORT:
      g_value_set_string (value, self->sort);
      break;
    case PROP_HAS_TITLE_BUTTONS:
      g_value_set_boolean (value, self->has_title_buttons);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_boolean (DuplexHistoryPage *self,
             gboolean          *field,
             gboolean           value,
             GParamSpec        *pspec)
{
  if (*field == value)
    return;

  *field = value;
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), pspec);
}

static void
duplex_history_page_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  DuplexHistoryPage *self = DUPLEX_HISTORY_PAGE (object);

  switch (prop_id)
    {
    case PROP_HISTORY:
      set_history (self, g_value_get_object (value));
      break;
    case PROP_BUDGET:
      if (self->budget == g_value_get_uint64 (value))
        return;
      self->budget = g_value_get_uint64 (value);
      update (self);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_RECORDING:
      set_boolean (self, &self->recording, g_value_get_boolean (value), pspec);
      break;
    case PROP_SORT:
      set_sort (self, g_value_get_string (value));
      break;
    case PROP_HAS_TITLE_BUTTONS:
      set_boolean (self, &self->has_title_buttons, g_value_get_boolean (value), pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-history-page.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, content);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, title);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, search_bar);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, search);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, stack);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, empty);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, preferences_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, view);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, progress);
  gtk_widget_class_bind_template_child (widget_class, DuplexHistoryPage, menu_model);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_left_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_mode_cb);
  gtk_widget_class_bind_template_callback (widget_class, setup_cb);
  gtk_widget_class_bind_template_callback (widget_class, unbind_cb);
}

static void
add_keys (GtkWidgetClass *widget_class)
{
  static const struct
  {
    guint           key;
    GdkModifierType modifiers;
    const char     *action;
  } keys[] = {
    { GDK_KEY_F2, 0, "history.rename" },
    { GDK_KEY_KP_Delete, 0, "history.delete" },
    { GDK_KEY_Delete, 0, "history.delete" }, /* after the other: menus tell the last one */
    { GDK_KEY_c, GDK_CONTROL_MASK, "history.copy-url" },
    { GDK_KEY_e, GDK_CONTROL_MASK, "history.export-jsonl" },
    { GDK_KEY_f, GDK_CONTROL_MASK, "history.search" },
    { GDK_KEY_Menu, 0, "history.menu" },
    { GDK_KEY_F10, GDK_SHIFT_MASK, "history.menu" },
    { GDK_KEY_Escape, 0, "win.history" },
    { GDK_KEY_Left, GDK_ALT_MASK, "win.history" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_widget_class_add_binding_action (widget_class, keys[i].key, keys[i].modifiers,
                                         keys[i].action, NULL);
}

static void
duplex_history_page_class_init (DuplexHistoryPageClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = duplex_history_page_dispose;
  object_class->finalize = duplex_history_page_finalize;
  object_class->get_property = duplex_history_page_get_property;
  object_class->set_property = duplex_history_page_set_property;
  widget_class->map = duplex_history_page_map;
  widget_class->unmap = duplex_history_page_unmap;

  properties[PROP_HISTORY] =
    g_param_spec_object ("history", NULL, NULL, DUPLEX_TYPE_HISTORY, flags);
  properties[PROP_BUDGET] =
    g_param_spec_uint64 ("budget", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_RECORDING] = g_param_spec_boolean ("recording", NULL, NULL, TRUE, flags);
  properties[PROP_SORT] = g_param_spec_string ("sort", NULL, NULL, "newest", flags);
  properties[PROP_HAS_TITLE_BUTTONS] =
    g_param_spec_boolean ("has-title-buttons", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_OPEN] = g_signal_new ("open", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                       NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  g_type_ensure (DUPLEX_TYPE_HISTORY_PROGRESS);
  bind_template (widget_class);
  duplex_history_page_install_actions (widget_class);
  gtk_widget_class_install_action (widget_class, "history.menu", NULL, menu_action);
  gtk_widget_class_install_action (widget_class, "history.search", NULL, search_action);
  gtk_widget_class_install_property_action (widget_class, "history.sort", "sort");
  add_keys (widget_class);
}

static void
duplex_history_page_init (DuplexHistoryPage *self)
{
  self->recording = TRUE;
  self->sort = g_strdup ("newest");
  self->deleted = g_ptr_array_new_with_free_func (g_object_unref);
  self->filter = GTK_FILTER (gtk_custom_filter_new (entry_matches, self, NULL));
  self->sorter = GTK_SORTER (gtk_custom_sorter_new ((GCompareDataFunc)compare, self, NULL));
  self->filtered = gtk_filter_list_model_new (NULL, g_object_ref (self->filter));
  self->sorted = gtk_sort_list_model_new (g_object_ref (G_LIST_MODEL (self->filtered)), NULL);
  self->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->sorted)));

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_search_bar_connect_entry (self->search_bar, self->search);
  gtk_list_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_object (self->selection, "notify::selected-item",
                           G_CALLBACK (duplex_history_page_update_actions), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  update (self);
}

GtkWidget *
duplex_history_page_new (DuplexHistory *history)
{
  g_return_val_if_fail (history == NULL || DUPLEX_IS_HISTORY (history), NULL);

  return g_object_new (DUPLEX_TYPE_HISTORY_PAGE, "history", history, NULL);
}

DuplexHistoryEntry *
duplex_history_page_get_selected (DuplexHistoryPage *self)
{
  g_return_val_if_fail (DUPLEX_IS_HISTORY_PAGE (self), NULL);

  return gtk_single_selection_get_selected_item (self->selection);
}

void
duplex_history_page_focus_list (DuplexHistoryPage *self)
{
  g_return_if_fail (DUPLEX_IS_HISTORY_PAGE (self));

  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}
