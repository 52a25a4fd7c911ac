/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-filter-bar.h"

#include <glib/gi18n.h>

#include "app/duplex-filter-chips.h"
#include "app/duplex-filter-flow.h"
#include "app/duplex-filter-menu.h"
#include "app/duplex-filter-problem.h"
#include "app/duplex-filter-words.h"

/* A pause in typing after which the text is looked for. */
#define TYPING_MS 150

/* A search that takes no longer than this shows no progress. */
#define PROGRESS_MS 250

struct _DuplexFilterBar
{
  GtkWidget parent_instance;

  /* owned */
  DuplexCapture     *capture;
  DuplexCaptureView *view;
  DuplexRow         *row;
  char              *problem;
  guint              typing;
  guint              slow;

  /* template */
  GtkWidget        *revealer;
  GtkDropDown      *mode;
  GtkEntry         *entry;
  GtkToggleButton  *case_button;
  DuplexFilterMenu *menu;
  GtkLabel         *problem_label;
  GtkWidget        *chips;
  GtkWidget        *results;
  GtkLabel         *status_label;
  GtkWidget        *stop_button;
  GtkProgressBar   *progress;

  /* children of chips */
  DuplexFilterChips chip_buttons;

  /* state */
  gboolean open;
  gboolean only_matches;
  gboolean is_slow;    /* progress is shown */
  gboolean was_done;   /* all that there was has been searched once */
  gboolean is_stopped; /* by the person, before the end */
  gboolean updating;   /* what changes the entry and the buttons is not the person */
};

enum {
  PROP_CAPTURE = 1,
  PROP_ROW,
  PROP_OPEN,
  PROP_ONLY_MATCHES,
  PROP_VIEW,
  PROP_SHOWN_VIEW,
  N_PROPS
};

enum {
  CLOSED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DuplexFilterBar, duplex_filter_bar, GTK_TYPE_WIDGET)

static DuplexFilterMode
get_mode (DuplexFilterBar *self)
{
  return (DuplexFilterMode)gtk_drop_down_get_selected (self->mode);
}

static const char *
get_text (DuplexFilterBar *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->entry));
}

static DuplexFilterTextFlags
get_flags (DuplexFilterBar *self)
{
  DuplexFilterTextFlags flags = DUPLEX_FILTER_TEXT_PLAIN;

  if (get_mode (self) == DUPLEX_FILTER_MODE_REGEX)
    flags |= DUPLEX_FILTER_TEXT_REGEX;
  if (gtk_toggle_button_get_active (self->case_button))
    flags |= DUPLEX_FILTER_TEXT_CASE;

  return flags;
}

static char *
dup_expression (DuplexFilterBar *self)
{
  if (get_mode (self) == DUPLEX_FILTER_MODE_EXPRESSION)
    return g_strstrip (g_strdup (get_text (self)));

  return duplex_filter_terms_from_text (get_text (self), get_flags (self));
}

/* Takes problem; NULL where there is none. */
static void
take_problem (DuplexFilterBar *self,
              char            *problem,
              int              column)
{
  g_free (self->problem);
  self->problem = problem;
  duplex_filter_problem_show (self->entry, self->problem_label, problem, column);
}

static DuplexFilter *
make_filter (DuplexFilterBar *self)
{
  g_autoptr (GError) error = NULL;
  DuplexFilter      *filter;
  guint              column = 0;

  if (get_mode (self) != DUPLEX_FILTER_MODE_EXPRESSION)
    {
      filter = duplex_filter_new_for_text (get_text (self), get_flags (self), &error);
      take_problem (self, filter == NULL ? g_strdup (error->message) : NULL, -1);
      return filter;
    }

  filter = duplex_filter_parse (get_text (self), &column, &error);
  if (filter != NULL)
    {
      take_problem (self, NULL, -1);
      return filter;
    }

  /* Translators: the place of a mistake in a filter expression, then what is wrong, in English. */
  take_problem (self, g_strdup_printf (_ ("Character %u: %s"), column + 1, error->message),
                (int)column);
  return NULL;
}

static DuplexFilterProgress
get_progress (DuplexFilterBar *self)
{
  if (self->is_stopped)
    return DUPLEX_FILTER_STOPPED;
  if (self->is_slow)
    return DUPLEX_FILTER_SLOW;
  return self->was_done ? DUPLEX_FILTER_DONE : DUPLEX_FILTER_BEGUN;
}

static void
update_status (DuplexFilterBar *self)
{
  g_autofree char *text = NULL;

  if (self->view != NULL)
    text = duplex_filter_words_status (self->view, self->row, get_progress (self));
  gtk_label_set_label (self->status_label, text != NULL ? text : "");
  gtk_widget_set_visible (self->stop_button, self->is_slow);
  gtk_widget_set_opacity (GTK_WIDGET (self->progress), self->is_slow ? 1 : 0);
  if (self->is_slow)
    gtk_progress_bar_set_fraction (self->progress,
                                   duplex_capture_view_get_progress (self->view));
}

static gboolean
slow_cb (gpointer user_data)
{
  DuplexFilterBar *self = DUPLEX_FILTER_BAR (user_data);

  self->slow = 0;
  self->is_slow = duplex_capture_view_get_busy (self->view);
  update_status (self);

  return G_SOURCE_REMOVE;
}

/* Live traffic makes a view busy for moments: that is no news. */
static void
view_changed_cb (DuplexFilterBar *self)
{
  gboolean busy = duplex_capture_view_get_busy (self->view);

  if (!busy)
    {
      g_clear_handle_id (&self->slow, g_source_remove);
      self->is_slow = FALSE;
      self->was_done = TRUE;
    }
  else if (self->slow == 0 && !self->is_slow)
    self->slow = g_timeout_add (PROGRESS_MS, slow_cb, self);
  update_status (self);
}

static void
notify_view (DuplexFilterBar *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VIEW]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOWN_VIEW]);
}

static void
drop_view (DuplexFilterBar *self)
{
  g_clear_handle_id (&self->slow, g_source_remove);
  self->is_slow = FALSE;
  self->was_done = FALSE;
  self->is_stopped = FALSE;
  if (self->view == NULL)
    return;

  g_signal_handlers_disconnect_by_func (self->view, view_changed_cb, self);
  duplex_capture_view_cancel (self->view);
  g_clear_object (&self->view);
}

static void
set_filter (DuplexFilterBar *self,
            DuplexFilter    *filter)
{
  gboolean had_view = self->view != NULL;

  drop_view (self);
  if (filter != NULL && !duplex_filter_is_empty (filter) && self->open && self->capture != NULL)
    {
      self->view = duplex_capture_view_new (self->capture, filter);
      g_signal_connect_object (self->view, "items-changed", G_CALLBACK (view_changed_cb), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (self->view, "notify", G_CALLBACK (view_changed_cb), self,
                               G_CONNECT_SWAPPED);
      view_changed_cb (self);
    }
  else
    update_status (self);

  if (had_view || self->view != NULL)
    notify_view (self);
}

/* The buttons show what the expression says. */
static void
update_chips (DuplexFilterBar *self)
{
  guint chips = 0;

  if (get_mode (self) == DUPLEX_FILTER_MODE_EXPRESSION)
    chips = duplex_filter_terms_get_chips (get_text (self));

  self->updating = TRUE;
  duplex_filter_chips_set_active (&self->chip_buttons, chips);
  self->updating = FALSE;
}

static void
search_now (DuplexFilterBar *self)
{
  g_autoptr (DuplexFilter) filter = NULL;
  g_autofree char         *expression = NULL;

  g_clear_handle_id (&self->typing, g_source_remove);
  if (self->updating)
    return;

  filter = make_filter (self);
  if (filter != NULL)
    expression = dup_expression (self);
  g_object_set (self->menu, "expression", expression, NULL);
  /* A mistake is most often half of what is being typed: what was found before stays meanwhile. */
  if (filter != NULL || !self->open)
    set_filter (self, filter);
}

/* A view looks at a row once; what is said of it later may let it match. */
static void
note_changed_cb (DuplexFilterBar *self)
{
  if (self->view != NULL && duplex_filter_terms_read_notes (get_text (self)))
    search_now (self);
}

static gboolean
typing_cb (gpointer user_data)
{
  DuplexFilterBar *self = DUPLEX_FILTER_BAR (user_data);

  self->typing = 0;
  search_now (self);

  return G_SOURCE_REMOVE;
}

static void
entry_changed_cb (DuplexFilterBar *self)
{
  gboolean is_empty = *get_text (self) == '\0';

  gtk_entry_set_icon_from_icon_name (self->entry, GTK_ENTRY_ICON_SECONDARY,
                                     is_empty ? NULL : "edit-clear-symbolic");
  if (self->updating)
    return;

  update_chips (self);
  g_clear_handle_id (&self->typing, g_source_remove);
  self->typing = g_timeout_add (TYPING_MS, typing_cb, self);
}

static void
icon_pressed_cb (DuplexFilterBar     *self,
                 GtkEntryIconPosition position)
{
  if (position == GTK_ENTRY_ICON_SECONDARY)
    gtk_editable_set_text (GTK_EDITABLE (self->entry), "");
}

static void
mode_changed_cb (DuplexFilterBar *self)
{
  DuplexFilterMode mode = get_mode (self);

  gtk_entry_set_placeholder_text (self->entry, duplex_filter_words_placeholder (mode));
  gtk_widget_set_visible (GTK_WIDGET (self->case_button), mode != DUPLEX_FILTER_MODE_EXPRESSION);
  if (self->updating)
    return;

  update_chips (self);
  search_now (self);
}

void
duplex_filter_bar_set_query (DuplexFilterBar *self,
                             DuplexFilterMode mode,
                             const char      *text)
{
  g_return_if_fail (DUPLEX_IS_FILTER_BAR (self));
  g_return_if_fail (text != NULL);

  self->updating = TRUE;
  gtk_drop_down_set_selected (self->mode, mode);
  gtk_editable_set_text (GTK_EDITABLE (self->entry), text);
  gtk_editable_set_position (GTK_EDITABLE (self->entry), -1);
  self->updating = FALSE;

  update_chips (self);
  search_now (self);
}

static void
chosen_cb (DuplexFilterBar *self,
           const char      *expression)
{
  duplex_filter_bar_set_query (self, DUPLEX_FILTER_MODE_EXPRESSION, expression);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
}

static void
chip_toggled_cb (DuplexFilterBar *self)
{
  g_autofree char *expression = NULL;
  g_autofree char *changed = NULL;

  if (self->updating)
    return;

  expression = dup_expression (self);
  changed = duplex_filter_terms_set_chips (expression,
                                           duplex_filter_chips_get_active (&self->chip_buttons));
  duplex_filter_bar_set_query (self, DUPLEX_FILTER_MODE_EXPRESSION, changed);
}

static void
stop_cb (DuplexFilterBar *self)
{
  self->is_stopped = TRUE;
  duplex_capture_view_cancel (self->view);
  g_clear_handle_id (&self->slow, g_source_remove);
  self->is_slow = FALSE;
  update_status (self);
}

static void
close_cb (DuplexFilterBar *self)
{
  duplex_filter_bar_set_open (self, FALSE);
  g_signal_emit (self, signals[CLOSED], 0);
}

static gboolean
is_in_entry (DuplexFilterBar *self)
{
  GtkRoot   *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  return focus != NULL && gtk_widget_is_ancestor (focus, GTK_WIDGET (self->entry));
}

/* Enter goes to the next match: of what stands in the entry, not of what stood there. */
static gboolean
key_pressed_cb (DuplexFilterBar *self,
                guint            keyval,
                guint            keycode,
                GdkModifierType  modifiers)
{
  const char *action = modifiers & GDK_SHIFT_MASK ? "page.previous-match" : "page.next-match";

  switch (keyval)
    {
    case GDK_KEY_Escape:
      if (gtk_widget_get_visible (GTK_WIDGET (self->menu)))
        return GDK_EVENT_PROPAGATE;
      close_cb (self);
      return GDK_EVENT_STOP;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
      if (!is_in_entry (self))
        return GDK_EVENT_PROPAGATE;
      if (self->typing != 0)
        search_now (self);
      gtk_widget_activate_action (GTK_WIDGET (self), action, NULL);
      return GDK_EVENT_STOP;
    default:
      return GDK_EVENT_PROPAGATE;
    }
}

static void
duplex_filter_bar_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  DuplexFilterBar *self = DUPLEX_FILTER_BAR (object);

  switch (prop_id)
    {
    case PROP_OPEN:
      g_value_set_boolean (value, self->open);
      break;
    case PROP_ONLY_MATCHES:
      g_value_set_boolean (value, self->only_matches);
      break;
    case PROP_VIEW:
      g_value_set_object (value, self->view);
      break;
    case PROP_SHOWN_VIEW:
      g_value_set_object (value, self->only_matches ? self->view : NULL);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_filter_bar_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  DuplexFilterBar *self = DUPLEX_FILTER_BAR (object);

  switch (prop_id)
    {
    case PROP_CAPTURE:
      duplex_filter_bar_set_capture (self, g_value_get_object (value));
      break;
    case PROP_ROW:
      duplex_filter_bar_set_row (self, g_value_get_object (value));
      break;
    case PROP_OPEN:
      duplex_filter_bar_set_open (self, g_value_get_boolean (value));
      break;
    case PROP_ONLY_MATCHES:
      duplex_filter_bar_set_only_matches (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_filter_bar_dispose (GObject *object)
{
  DuplexFilterBar *self = DUPLEX_FILTER_BAR (object);

  g_clear_handle_id (&self->typing, g_source_remove);
  drop_view (self);
  if (self->capture != NULL)
    g_signal_handlers_disconnect_by_data (self->capture, self);
  g_clear_object (&self->capture);
  g_clear_object (&self->row);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_FILTER_BAR);

  G_OBJECT_CLASS (duplex_filter_bar_parent_class)->dispose (object);
}

static void
duplex_filter_bar_finalize (GObject *object)
{
  g_clear_pointer (&DUPLEX_FILTER_BAR (object)->problem, g_free);

  G_OBJECT_CLASS (duplex_filter_bar_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  g_type_ensure (DUPLEX_TYPE_FILTER_FLOW);
  g_type_ensure (DUPLEX_TYPE_FILTER_MENU);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-filter-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, revealer);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, mode);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, entry);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, case_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, menu);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, problem_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, chips);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, results);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, status_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, stop_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexFilterBar, progress);
  gtk_widget_class_bind_template_callback (widget_class, chosen_cb);
  gtk_widget_class_bind_template_callback (widget_class, close_cb);
  gtk_widget_class_bind_template_callback (widget_class, entry_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, icon_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, mode_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_now);
  gtk_widget_class_bind_template_callback (widget_class, stop_cb);
}

static void
duplex_filter_bar_class_init (DuplexFilterBarClass *klass)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags wo = G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = duplex_filter_bar_dispose;
  object_class->finalize = duplex_filter_bar_finalize;
  object_class->get_property = duplex_filter_bar_get_property;
  object_class->set_property = duplex_filter_bar_set_property;

  properties[PROP_CAPTURE] = g_param_spec_object ("capture", NULL, NULL, DUPLEX_TYPE_CAPTURE, wo);
  properties[PROP_ROW] = g_param_spec_object ("row", NULL, NULL, DUPLEX_TYPE_ROW, wo);
  properties[PROP_OPEN] = g_param_spec_boolean ("open", NULL, NULL, FALSE, rw);
  properties[PROP_ONLY_MATCHES] = g_param_spec_boolean ("only-matches", NULL, NULL, TRUE, rw);
  properties[PROP_VIEW] = g_param_spec_object ("view", NULL, NULL, DUPLEX_TYPE_CAPTURE_VIEW, ro);
  properties[PROP_SHOWN_VIEW] =
    g_param_spec_object ("shown-view", NULL, NULL, DUPLEX_TYPE_CAPTURE_VIEW, ro);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[CLOSED] = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);

  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
duplex_filter_bar_init (DuplexFilterBar *self)
{
  self->only_matches = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  duplex_filter_chips_add (&self->chip_buttons, self->chips, self->results,
                           G_CALLBACK (chip_toggled_cb), self);
  mode_changed_cb (self);
  update_status (self);
}

GtkWidget *
duplex_filter_bar_new (void)
{
  return g_object_new (DUPLEX_TYPE_FILTER_BAR, NULL);
}

gboolean
duplex_filter_bar_get_open (DuplexFilterBar *self)
{
  g_return_val_if_fail (DUPLEX_IS_FILTER_BAR (self), FALSE);

  return self->open;
}

void
duplex_filter_bar_set_open (DuplexFilterBar *self,
                            gboolean         open)
{
  g_return_if_fail (DUPLEX_IS_FILTER_BAR (self));

  if (self->open == (open != FALSE))
    return;

  self->open = open != FALSE;
  search_now (self);
  if (!self->open)
    set_filter (self, NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OPEN]);
}

void
duplex_filter_bar_set_capture (DuplexFilterBar *self,
                               DuplexCapture   *capture)
{
  g_return_if_fail (DUPLEX_IS_FILTER_BAR (self));
  g_return_if_fail (capture == NULL || DUPLEX_IS_CAPTURE (capture));

  if (self->capture == capture)
    return;

  if (self->capture != NULL)
    g_signal_handlers_disconnect_by_func (self->capture, note_changed_cb, self);
  g_set_object (&self->capture, capture);

  if (capture != NULL)
    g_signal_connect_object (capture, "note-changed", G_CALLBACK (note_changed_cb), self,
                             G_CONNECT_SWAPPED);
  duplex_filter_chips_set_has_legs (&self->chip_buttons,
                                    capture != NULL && duplex_capture_has_legs (capture));
  set_filter (self, NULL);
  search_now (self);
}

void
duplex_filter_bar_set_row (DuplexFilterBar *self,
                           DuplexRow       *row)
{
  g_return_if_fail (DUPLEX_IS_FILTER_BAR (self));
  g_return_if_fail (row == NULL || DUPLEX_IS_ROW (row));

  if (!g_set_object (&self->row, row))
    return;

  update_status (self);
}

void
duplex_filter_bar_set_only_matches (DuplexFilterBar *self,
                                    gboolean         only_matches)
{
  g_return_if_fail (DUPLEX_IS_FILTER_BAR (self));

  if (self->only_matches == (only_matches != FALSE))
    return;

  self->only_matches = only_matches != FALSE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ONLY_MATCHES]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOWN_VIEW]);
}

DuplexCaptureView *
duplex_filter_bar_get_view (DuplexFilterBar *self)
{
  g_return_val_if_fail (DUPLEX_IS_FILTER_BAR (self), NULL);

  return self->view;
}

const char *
duplex_filter_bar_get_problem (DuplexFilterBar *self)
{
  g_return_val_if_fail (DUPLEX_IS_FILTER_BAR (self), NULL);

  return self->problem;
}

void
duplex_filter_bar_focus_entry (DuplexFilterBar *self)
{
  g_return_if_fail (DUPLEX_IS_FILTER_BAR (self));

  duplex_filter_bar_set_open (self, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  gtk_editable_select_region (GTK_EDITABLE (self->entry), 0, -1);
}
