/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-composer.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <gtksourceview/gtksource.h>

#include "app/duplex-long-lines.h"
#include "app/duplex-send-history.h"
#include "app/duplex-texts.h"

/* Milliseconds without a key before a text that is not JSON (yet) is called wrong. Long enough for
 * somebody who types on, short enough to be seen before Enter. */
#define CHECK_PAUSE 600

struct _DuplexComposer
{
  GtkWidget parent_instance;

  /* owned */
  DuplexSendHistory *history;
  char              *problem;
  GString           *pasted; /* the message, in place of what stands in the buffer; or NULL */
  guint              check_source;

  /* template */
  GtkWidget       *entry;
  GtkTextView     *view;
  GtkSourceBuffer *buffer;
  GtkLabel        *placeholder;
  GtkWidget       *pasted_row;
  GtkLabel        *pasted_label;
  GtkWidget       *problem_row;
  GtkWidget       *button_row;

  /* state */
  gboolean connected;
  gboolean json;
  gboolean can_send;
  gboolean composing; /* an input method holds text that is not in the buffer yet */
  gboolean walking;   /* the buffer changes because of a step through the history */
};

G_DEFINE_FINAL_TYPE (DuplexComposer, duplex_composer, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_CONNECTED,
  PROP_TEXT,
  PROP_JSON,
  PROP_PROBLEM,
  PROP_CAN_SEND,
  N_PROPS
};

enum {
  SIGNAL_SEND,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static gboolean
is_not_space (gunichar c,
              gpointer user_data)
{
  return !g_unichar_isspace (c);
}

/* More than white space stands there. Does not copy the text. */
static gboolean
has_content (DuplexComposer *self)
{
  GtkTextIter iter;

  if (self->pasted != NULL)
    return !duplex_long_lines_is_blank (self->pasted->str);

  gtk_text_buffer_get_start_iter (GTK_TEXT_BUFFER (self->buffer), &iter);
  if (gtk_text_iter_is_end (&iter))
    return FALSE;
  if (is_not_space (gtk_text_iter_get_char (&iter), NULL))
    return TRUE;

  return gtk_text_iter_forward_find_char (&iter, is_not_space, NULL, NULL);
}

static void
update_can_send (DuplexComposer *self)
{
  gboolean can_send = self->connected && has_content (self);

  if (self->can_send == can_send)
    return;

  self->can_send = can_send;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAN_SEND]);
}

static void
update_placeholder (DuplexComposer *self)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->buffer);
  const char    *text;

  if (!self->connected)
    text = _ ("Connect to send messages");
  else if (self->pasted != NULL)
    text = _ ("Send or remove the pasted text first");
  else if (self->json)
    text = _ ("Type JSON");
  else
    text = _ ("Type a message");

  gtk_label_set_label (self->placeholder, text);
  gtk_widget_set_visible (GTK_WIDGET (self->placeholder),
                          gtk_text_buffer_get_char_count (buffer) == 0 && !self->composing);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view),
                                  GTK_ACCESSIBLE_PROPERTY_PLACEHOLDER, text, -1);
}

static void
take_problem (DuplexComposer *self,
              char           *problem)
{
  gtk_widget_set_visible (self->problem_row, problem != NULL);

  if (g_strcmp0 (self->problem, problem) == 0)
    {
      g_free (problem);
      return;
    }

  g_free (self->problem);
  self->problem = problem;
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_STATE_INVALID,
                               problem != NULL ? GTK_ACCESSIBLE_INVALID_TRUE
                                               : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROBLEM]);
}

static void
check (DuplexComposer *self)
{
  char *problem = NULL;

  g_clear_handle_id (&self->check_source, g_source_remove);

  if (self->json && has_content (self))
    {
      g_autofree char *text = duplex_composer_dup_text (self);
      problem = duplex_text_json_problem (text, strlen (text));
    }

  take_problem (self, problem);
}

static gboolean
check_cb (gpointer user_data)
{
  DuplexComposer *self = DUPLEX_COMPOSER (user_data);

  self->check_source = 0;
  check (self);

  return G_SOURCE_REMOVE;
}

/* Says nothing of a text while it is being typed, and takes back at once what no longer holds. */
static void
check_soon (DuplexComposer *self)
{
  g_clear_handle_id (&self->check_source, g_source_remove);

  if (!self->json || !has_content (self))
    take_problem (self, NULL);
  else
    self->check_source = g_timeout_add (CHECK_PAUSE, check_cb, self);
}

static void
buffer_changed_cb (DuplexComposer *self)
{
  if (!self->walking)
    duplex_send_history_leave (self->history);

  update_can_send (self);
  update_placeholder (self);
  check_soon (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXT]);
}

static void
update_pasted (DuplexComposer *self)
{
  gboolean has_pasted = self->pasted != NULL;

  if (has_pasted)
    {
      g_autofree char *size = duplex_text_size (self->pasted->len);
      /* Translators: %s is a size: "1.2 MB". */
      g_autofree char *text = g_strdup_printf (_ ("Pasted text, %s"), size);

      gtk_label_set_label (self->pasted_label, text);
    }

  gtk_widget_set_visible (self->pasted_row, has_pasted);
  gtk_text_view_set_editable (self->view, !has_pasted);
}

static void
drop_pasted (DuplexComposer *self)
{
  if (self->pasted == NULL)
    return;

  g_string_free (g_steal_pointer (&self->pasted), TRUE);
  update_pasted (self);
}

/* Makes what the buffer would hold after an insertion into the pasted text, and empties it. */
static void
take_pasted (DuplexComposer *self,
             GtkTextIter    *location,
             const char     *text,
             gsize           len)
{
  GtkTextBuffer   *buffer = GTK_TEXT_BUFFER (self->buffer);
  GtkTextIter      start, end;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  before = gtk_text_buffer_get_text (buffer, &start, location, TRUE);
  after = gtk_text_buffer_get_text (buffer, location, &end, TRUE);

  self->pasted = g_string_sized_new (strlen (before) + len + strlen (after));
  g_string_append (self->pasted, before);
  g_string_append_len (self->pasted, text, (gssize)len);
  g_string_append (self->pasted, after);

  gtk_text_buffer_delete (buffer, &start, &end);
  gtk_text_buffer_get_end_iter (buffer, location);
}

/* Runs before the buffer takes the text, and keeps long lines out of it. The parts of a paste that
 * comes in parts follow the first. */
static void
insert_text_cb (DuplexComposer *self,
                GtkTextIter    *location,
                const char     *text,
                int             len,
                GtkTextBuffer  *buffer)
{
  gsize size = len < 0 ? strlen (text) : (gsize)len;
  gsize line = (gsize)gtk_text_iter_get_bytes_in_line (location);

  if (self->pasted == NULL && !duplex_long_lines_find (text, size, line))
    return;

  g_signal_stop_emission_by_name (buffer, "insert-text");
  if (self->pasted != NULL)
    g_string_append_len (self->pasted, text, (gssize)size);
  else
    take_pasted (self, location, text, size);

  update_pasted (self);
  buffer_changed_cb (self);
}

static void
remove_pasted_clicked_cb (DuplexComposer *self)
{
  duplex_composer_set_text (self, "");
  gtk_widget_grab_focus (GTK_WIDGET (self));
}

static void
preedit_changed_cb (DuplexComposer *self,
                    const char     *preedit)
{
  self->composing = preedit != NULL && *preedit != '\0';
  update_placeholder (self);
}

static void
update_scheme (DuplexComposer *self)
{
  GtkSourceStyleSchemeManager *schemes = gtk_source_style_scheme_manager_get_default ();
  gboolean                     dark = adw_style_manager_get_dark (adw_style_manager_get_default ());
  const char                  *name = dark ? "Adwaita-dark" : "Adwaita";

  gtk_source_buffer_set_style_scheme (self->buffer,
                                      gtk_source_style_scheme_manager_get_scheme (schemes, name));
}

static void
update_language (DuplexComposer *self)
{
  GtkSourceLanguageManager *languages = gtk_source_language_manager_get_default ();
  GtkSourceLanguage        *language = NULL;

  if (self->json)
    language = gtk_source_language_manager_get_language (languages, "json");

  gtk_source_buffer_set_language (self->buffer, language);
}

/* The text in place of all that stands there. */
static void
replace_text (DuplexComposer *self,
              const char     *text)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->buffer);
  gboolean       was_pasted = self->pasted != NULL;

  drop_pasted (self);
  gtk_text_buffer_set_text (buffer, text, -1);
  if (was_pasted && *text == '\0')
    buffer_changed_cb (self);
}

/* Puts a text of the history in, with the cursor where the next step would start. */
static void
show_step (DuplexComposer *self,
           const char     *text,
           gboolean        at_end)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->buffer);
  GtkTextIter    iter;

  self->walking = TRUE;
  replace_text (self, text);
  self->walking = FALSE;

  if (at_end)
    gtk_text_buffer_get_end_iter (buffer, &iter);
  else
    gtk_text_buffer_get_start_iter (buffer, &iter);
  gtk_text_buffer_place_cursor (buffer, &iter);
  gtk_text_view_scroll_mark_onscreen (self->view, gtk_text_buffer_get_insert (buffer));
}

static gboolean
step_back (DuplexComposer *self)
{
  GtkTextBuffer   *buffer = GTK_TEXT_BUFFER (self->buffer);
  g_autofree char *current = NULL;
  GtkTextIter      iter;
  const char      *text;

  gtk_text_buffer_get_iter_at_mark (buffer, &iter, gtk_text_buffer_get_insert (buffer));
  if (gtk_text_iter_get_line (&iter) > 0 || gtk_text_view_backward_display_line (self->view, &iter))
    return FALSE;

  current = duplex_composer_dup_text (self);
  text = duplex_send_history_back (self->history, current);
  if (text == NULL)
    return FALSE;

  show_step (self, text, /* at_end= */ FALSE);
  return TRUE;
}

static gboolean
step_forth (DuplexComposer *self)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->buffer);
  GtkTextIter    iter;
  const char    *text;

  gtk_text_buffer_get_iter_at_mark (buffer, &iter, gtk_text_buffer_get_insert (buffer));
  if (gtk_text_iter_get_line (&iter) < gtk_text_buffer_get_line_count (buffer) - 1)
    return FALSE;

  text = duplex_send_history_forth (self->history);
  if (text == NULL)
    return FALSE;

  show_step (self, text, /* at_end= */ TRUE);
  return TRUE;
}

static gboolean
key_pressed_cb (DuplexComposer     *self,
                guint               keyval,
                guint               keycode,
                GdkModifierType     modifiers,
                GtkEventController *controller)
{
  return duplex_composer_handle_key (self, keyval, modifiers);
}

static void
send_anyway_clicked_cb (DuplexComposer *self)
{
  duplex_composer_send_anyway (self);
  gtk_widget_grab_focus (GTK_WIDGET (self));
}

static void
duplex_composer_set_connected (DuplexComposer *self,
                               gboolean        connected)
{
  if (self->connected == connected)
    return;

  self->connected = connected;
  update_can_send (self);
  update_placeholder (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONNECTED]);
}

static gboolean
duplex_composer_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (DUPLEX_COMPOSER (widget)->view));
}

static void
duplex_composer_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  DuplexComposer *self = DUPLEX_COMPOSER (object);

  switch (prop_id)
    {
    case PROP_CONNECTED:
      g_value_set_boolean (value, self->connected);
      break;
    case PROP_TEXT:
      g_value_take_string (value, duplex_composer_dup_text (self));
      break;
    case PROP_JSON:
      g_value_set_boolean (value, self->json);
      break;
    case PROP_PROBLEM:
      g_value_set_string (value, self->problem);
      break;
    case PROP_CAN_SEND:
      g_value_set_boolean (value, self->can_send);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_composer_set_property (GObject      *object,
                              guint         prop_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  DuplexComposer *self = DUPLEX_COMPOSER (object);

  switch (prop_id)
    {
    case PROP_CONNECTED:
      duplex_composer_set_connected (self, g_value_get_boolean (value));
      break;
    case PROP_TEXT:
      duplex_composer_set_text (self, g_value_get_string (value));
      break;
    case PROP_JSON:
      duplex_composer_set_json (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_composer_dispose (GObject *object)
{
  DuplexComposer *self = DUPLEX_COMPOSER (object);

  g_clear_handle_id (&self->check_source, g_source_remove);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_COMPOSER);

  G_OBJECT_CLASS (duplex_composer_parent_class)->dispose (object);
}

static void
duplex_composer_finalize (GObject *object)
{
  DuplexComposer *self = DUPLEX_COMPOSER (object);

  g_clear_pointer (&self->history, duplex_send_history_free);
  g_clear_pointer (&self->problem, g_free);
  if (self->pasted != NULL)
    g_string_free (self->pasted, TRUE);

  G_OBJECT_CLASS (duplex_composer_parent_class)->finalize (object);
}

static void
duplex_composer_class_init (DuplexComposerClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->dispose = duplex_composer_dispose;
  object_class->finalize = duplex_composer_finalize;
  object_class->get_property = duplex_composer_get_property;
  object_class->set_property = duplex_composer_set_property;
  widget_class->grab_focus = duplex_composer_grab_focus;

  properties[PROP_CONNECTED] = g_param_spec_boolean ("connected", NULL, NULL, FALSE, rw);
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, "", rw);
  properties[PROP_JSON] = g_param_spec_boolean ("json", NULL, NULL, FALSE, rw);
  properties[PROP_PROBLEM] = g_param_spec_string ("problem", NULL, NULL, NULL, ro);
  properties[PROP_CAN_SEND] = g_param_spec_boolean ("can-send", NULL, NULL, FALSE, ro);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_SEND] = g_signal_new ("send", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                       g_signal_accumulator_true_handled, NULL, NULL,
                                       G_TYPE_BOOLEAN, 1, G_TYPE_STRING);

  gtk_source_init ();
  g_type_ensure (GTK_SOURCE_TYPE_VIEW);
  g_type_ensure (GTK_SOURCE_TYPE_BUFFER);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-composer.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexComposer, entry);
  gtk_widget_class_bind_template_child (widget_class, DuplexComposer, view);
  gtk_widget_class_bind_template_child (widget_class, DuplexComposer, buffer);
  gtk_widget_class_bind_template_child (widget_class, DuplexComposer, placeholder);
  gtk_widget_class_bind_template_child (widget_class, DuplexComposer, pasted_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexComposer, pasted_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexComposer, problem_row);
  gtk_widget_class_bind_template_child (widget_class, DuplexComposer, button_row);
  gtk_widget_class_bind_template_callback (widget_class, buffer_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, insert_text_cb);
  gtk_widget_class_bind_template_callback (widget_class, remove_pasted_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, preedit_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, send_anyway_clicked_cb);
}

static void
duplex_composer_init (DuplexComposer *self)
{
  self->history = duplex_send_history_new ();

  gtk_widget_init_template (GTK_WIDGET (self));

  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark",
                           G_CALLBACK (update_scheme), self, G_CONNECT_SWAPPED);
  update_scheme (self);
  update_placeholder (self);
}

DuplexComposer *
duplex_composer_new (void)
{
  return g_object_new (DUPLEX_TYPE_COMPOSER, NULL);
}

const char *
duplex_composer_get_problem (DuplexComposer *self)
{
  g_return_val_if_fail (DUPLEX_IS_COMPOSER (self), NULL);

  return self->problem;
}

gboolean
duplex_composer_get_can_send (DuplexComposer *self)
{
  g_return_val_if_fail (DUPLEX_IS_COMPOSER (self), FALSE);

  return self->can_send;
}

char *
duplex_composer_dup_text (DuplexComposer *self)
{
  GtkTextIter start, end;

  g_return_val_if_fail (DUPLEX_IS_COMPOSER (self), NULL);

  if (self->pasted != NULL)
    return g_strndup (self->pasted->str, self->pasted->len);

  gtk_text_buffer_get_bounds (GTK_TEXT_BUFFER (self->buffer), &start, &end);
  return gtk_text_buffer_get_text (GTK_TEXT_BUFFER (self->buffer), &start, &end, TRUE);
}

void
duplex_composer_set_text (DuplexComposer *self,
                          const char     *text)
{
  g_return_if_fail (DUPLEX_IS_COMPOSER (self));

  replace_text (self, text != NULL ? text : "");
}

void
duplex_composer_set_json (DuplexComposer *self,
                          gboolean        json)
{
  g_return_if_fail (DUPLEX_IS_COMPOSER (self));

  json = !!json;
  if (self->json == json)
    return;

  self->json = json;
  update_language (self);
  update_placeholder (self);
  check (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_JSON]);
}

gboolean
duplex_composer_send (DuplexComposer *self)
{
  g_return_val_if_fail (DUPLEX_IS_COMPOSER (self), FALSE);

  if (!self->can_send)
    return FALSE;

  check (self);
  if (self->problem != NULL)
    return FALSE;

  return duplex_composer_send_anyway (self);
}

gboolean
duplex_composer_send_anyway (DuplexComposer *self)
{
  g_autofree char *text = NULL;
  gboolean         taken = FALSE;

  g_return_val_if_fail (DUPLEX_IS_COMPOSER (self), FALSE);

  if (!self->can_send)
    return FALSE;

  text = duplex_composer_dup_text (self);
  g_signal_emit (self, signals[SIGNAL_SEND], 0, text, &taken);
  if (!taken)
    return FALSE;

  duplex_send_history_add (self->history, text);
  duplex_composer_set_text (self, "");
  return TRUE;
}

gboolean
duplex_composer_handle_key (DuplexComposer *self,
                            guint           keyval,
                            GdkModifierType modifiers)
{
  g_return_val_if_fail (DUPLEX_IS_COMPOSER (self), FALSE);

  modifiers &= gtk_accelerator_get_default_mod_mask ();
  if (self->composing)
    return FALSE;

  switch (keyval)
    {
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
    case GDK_KEY_ISO_Enter:
      if (modifiers == GDK_CONTROL_MASK)
        duplex_composer_send_anyway (self);
      else if (modifiers == 0)
        duplex_composer_send (self);
      else
        return FALSE;
      return TRUE;

    case GDK_KEY_Up:
    case GDK_KEY_KP_Up:
      return modifiers == 0 && step_back (self);

    case GDK_KEY_Down:
    case GDK_KEY_KP_Down:
      return modifiers == 0 && step_forth (self);

    default:
      return FALSE;
    }
}
