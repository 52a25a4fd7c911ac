/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-list.h"

#include <adwaita.h>

#include "app/duplex-list-closures.h"
#include "app/duplex-message-list-private.h"
#include "app/duplex-message-row.h"
#include "app/duplex-texts.h"

enum {
  PROP_CAPTURE = 1,
  PROP_VIEW,
  PROP_SELECTED_ROW,
  PROP_FOLLOWING,
  PROP_N_ROWS,
  PROP_N_NEW,
  PROP_BOOKMARKED,
  N_PROPS
};

enum {
  ROW_ACTIVATED,
  SHOW_WHOLE,
  SHOW_FRAMES,
  NOTE_FAILED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DuplexMessageList, duplex_message_list, GTK_TYPE_WIDGET)

static void
setup_cb (DuplexMessageList *self,
          GtkListItem       *item)
{
  GtkWidget *row = duplex_message_row_new ();

  duplex_message_row_set_item (DUPLEX_MESSAGE_ROW (row), item);
  gtk_list_item_set_child (item, row);
}

static void
bind_cb (DuplexMessageList *self,
         GtkListItem       *item)
{
  DuplexRow *row = DUPLEX_ROW (gtk_list_item_get_item (item));
  GtkWidget *child = gtk_list_item_get_child (item);
  GtkWidget *parent = gtk_widget_get_parent (child);

  duplex_message_row_set_row (DUPLEX_MESSAGE_ROW (child), row);
  if (parent != NULL)
    duplex_message_list_name_item (parent, row);
}

static void
activate_cb (DuplexMessageList *self,
             guint              position)
{
  g_autoptr (DuplexRow) row = g_list_model_get_item (G_LIST_MODEL (self->window), position);

  if (row != NULL)
    g_signal_emit (self, signals[ROW_ACTIVATED], 0, row);
}

static void
selected_item_cb (DuplexMessageList *self)
{
  duplex_message_list_update_actions (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BOOKMARKED]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED_ROW]);
}

/* There is nowhere to jump to from where the end is on screen. */
static void
update_jump (DuplexMessageList *self)
{
  gboolean at_end;

  g_object_get (self->bar, "at-end", &at_end, NULL);
  gtk_revealer_set_reveal_child (self->jump,
                                 !duplex_message_list_get_following (self) && !at_end);
}

static void
following_cb (DuplexMessageList *self)
{
  update_jump (self);
  if (self->capture != NULL)
    duplex_message_list_remember_seen (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FOLLOWING]);
}

static void
n_below_cb (DuplexMessageList *self)
{
  duplex_message_list_update_page (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ROWS]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_NEW]);
}

static gboolean
duplex_message_list_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (DUPLEX_MESSAGE_LIST (widget)->view));
}

static void
duplex_message_list_size_allocate (GtkWidget *widget,
                                   int        width,
                                   int        height,
                                   int        baseline)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (widget);
  GtkWidgetClass    *parent_class = GTK_WIDGET_CLASS (duplex_message_list_parent_class);

  parent_class->size_allocate (widget, width, height, baseline);

  if (self->menu != NULL)
    gtk_popover_present (GTK_POPOVER (self->menu));
  if (self->note != NULL)
    gtk_popover_present (GTK_POPOVER (self->note));
}

static void
duplex_message_list_get_property (GObject    *object,
                                  guint       property_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (object);

  switch (property_id)
    {
    case PROP_CAPTURE:
      g_value_set_object (value, self->capture);
      break;
    case PROP_VIEW:
      g_value_set_object (value, self->matches);
      break;
    case PROP_SELECTED_ROW:
      g_value_set_object (value, duplex_message_list_get_selected_row (self));
      break;
    case PROP_FOLLOWING:
      g_value_set_boolean (value, duplex_message_list_get_following (self));
      break;
    case PROP_N_ROWS:
      g_value_set_uint (value, duplex_list_window_get_total (self->window));
      break;
    case PROP_N_NEW:
      g_value_set_uint (value, duplex_message_list_get_n_new (self));
      break;
    case PROP_BOOKMARKED:
      g_value_set_boolean (value, duplex_message_list_get_bookmarked (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
duplex_message_list_set_property (GObject      *object,
                                  guint         property_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (object);

  switch (property_id)
    {
    case PROP_CAPTURE:
      duplex_message_list_set_capture (self, g_value_get_object (value));
      break;
    case PROP_VIEW:
      duplex_message_list_set_view (self, g_value_get_object (value));
      break;
    case PROP_SELECTED_ROW:
      duplex_message_list_set_selected_row (self, g_value_get_object (value));
      break;
    case PROP_FOLLOWING:
      duplex_message_list_set_following (self, g_value_get_boolean (value));
      break;
    case PROP_BOOKMARKED:
      duplex_message_list_set_bookmarked (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
duplex_message_list_dispose (GObject *object)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (object);

  /* Whoever else holds the capture may go on filling it. */
  g_signal_handlers_disconnect_by_data (self->window, self);
  if (self->capture != NULL)
    g_signal_handlers_disconnect_by_data (self->capture, self);
  duplex_message_list_clear_view (self);
  if (self->bar != NULL)
    g_signal_handlers_disconnect_by_data (self->bar, self);
  if (self->bar != NULL)
    g_object_run_dispose (G_OBJECT (self->bar));
  g_clear_object (&self->bar);
  if (self->place != NULL)
    g_object_run_dispose (G_OBJECT (self->place));
  g_clear_object (&self->place);
  if (self->tail != NULL)
    g_object_run_dispose (G_OBJECT (self->tail));
  g_clear_object (&self->tail);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_pointer (&self->note, gtk_widget_unparent);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_MESSAGE_LIST);
  g_clear_object (&self->capture);

  G_OBJECT_CLASS (duplex_message_list_parent_class)->dispose (object);
}

static void
duplex_message_list_finalize (GObject *object)
{
  g_clear_object (&DUPLEX_MESSAGE_LIST (object)->window);

  G_OBJECT_CLASS (duplex_message_list_parent_class)->finalize (object);
}

static void
install_signal (DuplexMessageListClass *klass,
                guint                   signal,
                const char             *name)
{
  signals[signal] = g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, DUPLEX_TYPE_ROW);
}

static void
duplex_message_list_class_init (DuplexMessageListClass *klass)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_message_list_dispose;
  object_class->finalize = duplex_message_list_finalize;
  object_class->get_property = duplex_message_list_get_property;
  object_class->set_property = duplex_message_list_set_property;

  widget_class->grab_focus = duplex_message_list_grab_focus;
  widget_class->size_allocate = duplex_message_list_size_allocate;

  properties[PROP_CAPTURE] = g_param_spec_object ("capture", NULL, NULL, DUPLEX_TYPE_CAPTURE, rw);
  properties[PROP_VIEW] = g_param_spec_object ("view", NULL, NULL, DUPLEX_TYPE_CAPTURE_VIEW, rw);
  properties[PROP_SELECTED_ROW] =
    g_param_spec_object ("selected-row", NULL, NULL, DUPLEX_TYPE_ROW, rw);
  properties[PROP_FOLLOWING] = g_param_spec_boolean ("following", NULL, NULL, TRUE, rw);
  properties[PROP_N_ROWS] = g_param_spec_uint ("n-rows", NULL, NULL, 0, G_MAXUINT, 0, ro);
  properties[PROP_N_NEW] = g_param_spec_uint ("n-new", NULL, NULL, 0, G_MAXUINT, 0, ro);
  properties[PROP_BOOKMARKED] = g_param_spec_boolean ("bookmarked", NULL, NULL, FALSE, rw);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  install_signal (klass, ROW_ACTIVATED, "row-activated");
  install_signal (klass, SHOW_WHOLE, "show-whole");
  install_signal (klass, SHOW_FRAMES, "show-frames");
  signals[NOTE_FAILED] =
    g_signal_new ("note-failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);
  duplex_message_list_install_actions (widget_class);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-message-list.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageList, stack);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageList, scrollbar);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageList, jump);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageList, view);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageList, menu_model);
  gtk_widget_class_bind_template_callback (widget_class, setup_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_cb);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, duplex_message_list_key_pressed);
  gtk_widget_class_bind_template_callback (widget_class, duplex_message_list_motion);
  gtk_widget_class_bind_template_callback (widget_class, duplex_message_list_released);
  gtk_widget_class_bind_template_callback (widget_class, duplex_message_list_menu_pressed);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_new_messages);

  gtk_widget_class_set_css_name (widget_class, "message-list");
}

static void
duplex_message_list_init (DuplexMessageList *self)
{
  /* The template's bindings read properties that look into the window. */
  self->window = duplex_list_window_new ();
  gtk_widget_init_template (GTK_WIDGET (self));

  gtk_list_view_set_model (self->view, GTK_SELECTION_MODEL (self->window));
  self->tail = duplex_tail_new (self->view, self->window, duplex_list_items_find_boundary);
  self->place = duplex_list_place_new (self->view, self->window, self->tail);
  self->bar = duplex_list_bar_new (self->scrollbar, self->view, self->window, self->place);

  g_signal_connect_object (self->bar, "notify::at-end", G_CALLBACK (update_jump), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->window, "notify::selected-item", G_CALLBACK (selected_item_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->window, "notify::following", G_CALLBACK (following_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->window, "notify::n-below", G_CALLBACK (n_below_cb), self,
                           G_CONNECT_SWAPPED);
  selected_item_cb (self);
}

GtkWidget *
duplex_message_list_new (void)
{
  return g_object_new (DUPLEX_TYPE_MESSAGE_LIST, NULL);
}

DuplexCapture *
duplex_message_list_get_capture (DuplexMessageList *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), NULL);

  return self->capture;
}

void
duplex_message_list_set_capture (DuplexMessageList *self,
                                 DuplexCapture     *capture)
{
  g_return_if_fail (DUPLEX_IS_MESSAGE_LIST (self));
  g_return_if_fail (capture == NULL || DUPLEX_IS_CAPTURE (capture));

  if (self->capture == capture)
    return;

  if (self->capture != NULL)
    g_signal_handlers_disconnect_by_func (self->capture, duplex_message_list_note_changed, self);
  g_set_object (&self->capture, capture);
  if (capture != NULL)
    g_signal_connect_object (capture, "note-changed", G_CALLBACK (duplex_message_list_note_changed),
                             self, G_CONNECT_SWAPPED);
  duplex_message_list_start_anew (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPTURE]);
}

DuplexRow *
duplex_message_list_get_selected_row (DuplexMessageList *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), NULL);

  return duplex_list_window_get_selected_item (self->window);
}

void
duplex_message_list_set_selected_row (DuplexMessageList *self,
                                      DuplexRow         *row)
{
  guint position = GTK_INVALID_LIST_POSITION;

  g_return_if_fail (DUPLEX_IS_MESSAGE_LIST (self));
  g_return_if_fail (row == NULL || DUPLEX_IS_ROW (row));

  if (row != NULL && duplex_row_get_capture (row) != self->capture)
    row = NULL;
  if (row != NULL)
    position = duplex_message_list_to_position (self, duplex_row_get_position (row));

  duplex_list_window_set_selected_item (self->window, row, position);
}

gboolean
duplex_message_list_reveal_row (DuplexMessageList *self,
                                guint64            row)
{
  guint position;

  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), FALSE);

  if (self->capture == NULL)
    return FALSE;

  position = duplex_message_list_to_position (self, row);
  if (position == GTK_INVALID_LIST_POSITION)
    {
      g_autoptr (DuplexRow) hidden =
        g_list_model_get_item (G_LIST_MODEL (self->capture), (guint)MIN (row, G_MAXUINT));

      if (hidden != NULL)
        duplex_list_window_set_selected_item (self->window, hidden, position);
      return FALSE;
    }

  duplex_list_window_set_selected (self->window, position);
  duplex_list_place_reveal (self->place, position);
  return TRUE;
}

gboolean
duplex_message_list_get_first_shown (DuplexMessageList *self,
                                     guint64           *ret_row)
{
  double first;
  double last;

  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), FALSE);

  if (!duplex_list_items_get_range (self->view, &first, &last))
    return FALSE;

  *ret_row = duplex_message_list_to_row (self, (guint)first);
  return TRUE;
}

gboolean
duplex_message_list_get_following (DuplexMessageList *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), FALSE);

  return duplex_list_window_get_following (self->window);
}

void
duplex_message_list_set_following (DuplexMessageList *self,
                                   gboolean           following)
{
  g_return_if_fail (DUPLEX_IS_MESSAGE_LIST (self));

  duplex_list_window_set_following (self->window, following);
  duplex_tail_queue (self->tail);
}

guint
duplex_message_list_get_n_new (DuplexMessageList *self)
{
  guint n_new;

  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), 0);

  g_object_get (self->window, "n-below", &n_new, NULL);
  return n_new;
}
