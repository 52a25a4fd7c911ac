/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-view.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <gtksourceview/gtksource.h>
#include <string.h>

#include "app/duplex-hex-view.h"
#include "app/duplex-message-load.h"
#include "app/duplex-message-pieces.h"
#include "app/duplex-message-save.h"
#include "app/duplex-message-words.h"
#include "app/duplex-row-copy.h"
#include "app/duplex-texts.h"

/* What takes longer shows that it does, ms. */
#define SPINNER_DELAY 150

struct _DuplexMessageView
{
  GtkWidget parent_instance;

  /* owned */
  DuplexRow           *row;
  DuplexMessageBytes  *bytes; /* of row, where that has frames */
  GBytes              *head;  /* of those, what was read */
  DuplexMessageProblem flaw;  /* why what begins as JSON is none */
  DuplexMessagePieces *pieces;
  GCancellable        *cancellable; /* of the worker that runs, or NULL */
  GCancellable        *checking;    /* of the one that reads on to the end, or NULL */
  guint                spinner_id;

  /* template */
  GtkStack      *stack;
  GtkStack      *body;
  GtkWidget     *formats;
  GtkWidget     *json_button;
  GtkWidget     *text_button;
  GtkWidget     *hex_button;
  GtkLabel      *summary;
  GtkLabel      *problem;
  GtkSourceView *text;
  GtkTextBuffer *buffer;
  DuplexHexView *hex;
  GtkWidget     *more_bar;
  GtkWidget     *more_button;
  GtkWidget     *earlier_button;
  GtkLabel      *state;

  /* state */
  DuplexMessageFormat wanted;
  DuplexMessageFormat shown;
  gsize               max;        /* bytes of the formatted payload to show */
  gsize               len;        /* of the text that is in the buffer */
  gboolean            is_checked; /* to its end, whether it is JSON */
  gboolean            updating;   /* the buttons follow, they do not ask */
  gboolean            is_stale;   /* row is not what is shown */
};

G_DEFINE_FINAL_TYPE (DuplexMessageView, duplex_message_view, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_ROW,
  PROP_FORMAT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static const char *const format_names[] = {
  [DUPLEX_MESSAGE_FORMAT_JSON] = "json",
  [DUPLEX_MESSAGE_FORMAT_TEXT] = "text",
  [DUPLEX_MESSAGE_FORMAT_HEX] = "hex",
};

static void
show_toast (DuplexMessageView *self,
            const char        *text)
{
  GtkWidget *overlay = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_TOAST_OVERLAY);

  if (overlay != NULL)
    adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (overlay), adw_toast_new (text));
}

static gboolean
is_text_shown (DuplexMessageView *self)
{
  return self->bytes != NULL && self->shown != DUPLEX_MESSAGE_FORMAT_HEX;
}

static void
update_more (DuplexMessageView *self)
{
  gboolean has_earlier = is_text_shown (self) && duplex_message_pieces_get_first (self->pieces) > 0;
  gboolean has_more = is_text_shown (self) && !duplex_message_pieces_has_end (self->pieces);

  gtk_widget_set_visible (self->earlier_button, has_earlier);
  gtk_widget_set_visible (self->more_button, has_more);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "message.earlier", has_earlier);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "message.more", has_more);
}

static void
update_state (DuplexMessageView *self,
              guint64            n_shown)
{
  gboolean         is_text = is_text_shown (self);
  guint64          start = 0;
  gboolean         is_broken = is_text && duplex_message_pieces_is_broken (self->pieces);
  g_autofree char *state = NULL;

  if (is_text)
    {
      guint first = duplex_message_pieces_get_first (self->pieces);
      guint end = duplex_message_pieces_get_end (self->pieces);

      start = duplex_message_place_get_offset (
        duplex_message_pieces_get_place (self->pieces, first));
      n_shown = duplex_message_place_get_offset (
        duplex_message_pieces_get_place (self->pieces, end));
    }
  if (self->bytes != NULL)
    state = duplex_message_words_dup_state (self->row, start, n_shown, is_broken);
  gtk_label_set_text (self->state, state != NULL ? state : "");
  gtk_widget_set_visible (self->more_bar, state != NULL);
}

static void
update_problem (DuplexMessageView       *self,
                const DuplexMessageText *result)
{
  g_autofree char *problem = NULL;

  /* Nothing is to be explained to someone who asked for another format. */
  if (self->wanted == DUPLEX_MESSAGE_FORMAT_JSON)
    problem = duplex_message_words_dup_problem (result);
  gtk_label_set_text (self->problem, problem != NULL ? problem : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), problem != NULL);
}

static void
show_hex (DuplexMessageView *self,
          guint64            size)
{
  g_autoptr (DuplexHexBytes) bytes = duplex_message_bytes_to_hex (self->bytes, size);

  duplex_hex_view_set_bytes (self->hex, bytes);
  gtk_stack_set_visible_child_name (self->body, "hex");
}

static GtkWidget *
get_button (DuplexMessageView  *self,
            DuplexMessageFormat format)
{
  switch (format)
    {
    case DUPLEX_MESSAGE_FORMAT_JSON:
      return self->json_button;
    case DUPLEX_MESSAGE_FORMAT_TEXT:
      return self->text_button;
    case DUPLEX_MESSAGE_FORMAT_HEX:
    default:
      return self->hex_button;
    }
}

static void
press_button (DuplexMessageView *self)
{
  self->updating = TRUE;
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (get_button (self, self->shown)), TRUE);
  self->updating = FALSE;
}

/* Another message, or another format of it. */
static void
show_result (DuplexMessageView       *self,
             const DuplexMessageText *result)
{
  if (result->format == DUPLEX_MESSAGE_FORMAT_HEX)
    show_hex (self, result->n_shown);
  else
    {
      duplex_message_pieces_begin (self->pieces, result);
      gtk_stack_set_visible_child_name (self->body, "text");
    }

  self->shown = result->format;
  gtk_widget_set_sensitive (self->json_button, result->is_json);
  press_button (self);
  update_problem (self, result);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FORMAT]);
}

static void check (DuplexMessageView *self);

static void
take_load (DuplexMessageView *self,
           DuplexMessageLoad *load)
{
  g_clear_handle_id (&self->spinner_id, g_source_remove);
  if (load->place != NULL)
    duplex_message_pieces_add (self->pieces, load->piece, load->result);
  else
    show_result (self, load->result);
  update_more (self);
  update_state (self, load->result->n_shown);
  if (load->result->is_json && !load->is_checked && !self->is_checked && self->checking == NULL)
    check (self);
}

static void
load_ready_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      user_data)
{
  DuplexMessageView *self = DUPLEX_MESSAGE_VIEW (source_object);
  DuplexMessageLoad *job = duplex_message_load_finish (result);

  /* Cancelled: something else is shown by now. */
  if (job == NULL)
    return;

  g_clear_object (&self->cancellable);
  take_load (self, job);
}

static gboolean
spinner_cb (gpointer user_data)
{
  DuplexMessageView *self = user_data;

  self->spinner_id = 0;
  gtk_stack_set_visible_child_name (self->body, "loading");
  return G_SOURCE_REMOVE;
}

static void
stop_loading (DuplexMessageView *self)
{
  g_clear_handle_id (&self->spinner_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

/* Formats a piece of the row's payload, which begins at place, and shows it. */
static void
load (DuplexMessageView        *self,
      guint                     piece,
      const DuplexMessagePlace *place)
{
  DuplexMessageLoad *job = duplex_message_load_new (self->bytes, place, &self->flaw);

  stop_loading (self);
  job->is_text = duplex_message_bytes_is_text (self->row);
  job->wanted = self->wanted;
  job->piece = piece;

  if (duplex_message_load_is_quick (self->row))
    {
      duplex_message_load_run (job);
      take_load (self, job);
      duplex_message_load_free (job);
    }
  else
    {
      self->cancellable = g_cancellable_new ();
      duplex_message_load_start (job, G_OBJECT (self), self->cancellable, load_ready_cb, NULL);
      if (place == NULL)
        self->spinner_id = g_timeout_add (SPINNER_DELAY, spinner_cb, self);
    }
}

static void
load_beginning (DuplexMessageView *self)
{
  load (self, /* piece= */ 0, NULL);
}

static void
check_ready_cb (GObject      *source_object,
                GAsyncResult *result,
                gpointer      user_data)
{
  DuplexMessageView   *self = DUPLEX_MESSAGE_VIEW (source_object);
  DuplexMessageProblem flaw;

  /* Cancelled: something else is shown by now. */
  if (!duplex_message_load_check_finish (result, &flaw))
    return;

  g_clear_object (&self->checking);
  self->is_checked = TRUE;
  self->flaw = flaw;
  if (flaw.text != NULL)
    load_beginning (self);
}

/* Its beginning is shown as JSON: whether the rest is JSON too turns out meanwhile. */
static void
check (DuplexMessageView *self)
{
  self->checking = g_cancellable_new ();
  duplex_message_load_check_async (self->bytes, G_OBJECT (self), self->checking, check_ready_cb,
                                   NULL);
}

/* What was read and found out of the row before. */
static void
forget_payload (DuplexMessageView *self)
{
  stop_loading (self);
  g_cancellable_cancel (self->checking);
  g_clear_object (&self->checking);
  g_clear_pointer (&self->bytes, duplex_message_bytes_unref);
  g_clear_pointer (&self->flaw.text, g_free);
  self->is_checked = FALSE;
}

/* A state has no payload of its own but a sentence. */
static void
show_state (DuplexMessageView *self)
{
  g_autofree char              *sentence = duplex_text_state (duplex_row_get_event (self->row));
  g_autoptr (GBytes)            bytes = g_bytes_new (sentence, strlen (sentence));
  g_autoptr (DuplexMessageText) text = NULL;

  text = duplex_message_text_new (bytes, g_bytes_get_size (bytes), /* is_text= */ TRUE,
                                  DUPLEX_MESSAGE_FORMAT_TEXT, DUPLEX_MESSAGE_TEXT_PIECE);
  show_result (self, text);
  update_more (self);
  update_state (self, 0);
}

static void
update (DuplexMessageView *self)
{
  gboolean         has_payload = self->row != NULL && duplex_row_get_n_frames (self->row) > 0;
  g_autofree char *summary = NULL;

  self->is_stale = FALSE;
  forget_payload (self);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "message.copy", self->row != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "message.save", has_payload);
  update_more (self);
  gtk_widget_set_visible (self->formats, has_payload);
  gtk_stack_set_visible_child_name (self->stack, self->row != NULL ? "message" : "empty");
  if (self->row == NULL)
    return;

  summary = duplex_message_words_dup_summary (self->row);
  gtk_label_set_text (self->summary, summary);
  if (has_payload)
    {
      self->bytes = duplex_message_bytes_new (self->row);
      load_beginning (self);
    }
  else
    show_state (self);
}

/* Actions */

static void
more_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  DuplexMessageView *self = DUPLEX_MESSAGE_VIEW (widget);
  guint              end = duplex_message_pieces_get_end (self->pieces);

  if (!is_text_shown (self) || self->cancellable != NULL ||
      duplex_message_pieces_has_end (self->pieces))
    return;

  load (self, end, duplex_message_pieces_get_place (self->pieces, end));
}

static void
earlier_action (GtkWidget  *widget,
                const char *name,
                GVariant   *parameter)
{
  DuplexMessageView *self = DUPLEX_MESSAGE_VIEW (widget);
  guint              first = duplex_message_pieces_get_first (self->pieces);

  if (!is_text_shown (self) || self->cancellable != NULL || first == 0)
    return;

  load (self, first - 1, duplex_message_pieces_get_place (self->pieces, first - 1));
}

static void
edge_reached_cb (DuplexMessageView *self,
                 GtkPositionType    edge)
{
  if (edge == GTK_POS_BOTTOM)
    more_action (GTK_WIDGET (self), NULL, NULL);
  else if (edge == GTK_POS_TOP)
    earlier_action (GTK_WIDGET (self), NULL, NULL);
}

static void
set_clipboard (DuplexMessageView *self,
               const char        *text)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  show_toast (self, _ ("Message copied"));
}

static void
copy_ready_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autofree char *text = duplex_message_load_dup_text_finish (result);

  if (text != NULL)
    set_clipboard (DUPLEX_MESSAGE_VIEW (source_object), text);
}

static void
copy_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  DuplexMessageView *self = DUPLEX_MESSAGE_VIEW (widget);
  gboolean           is_hex = self->bytes != NULL && self->shown == DUPLEX_MESSAGE_FORMAT_HEX;
  g_autofree char   *text = NULL;

  if (self->bytes == NULL)
    text = duplex_row_copy_text (self->row);
  else if (is_hex)
    text = duplex_hex_view_dup_text (self->hex, DUPLEX_HEX_DIGITS);
  if (text != NULL)
    {
      set_clipboard (self, text);
      return;
    }
  if (is_hex || !duplex_row_copy_fits (self->row))
    {
      show_toast (self, _ ("The message is too large for the clipboard; save it instead"));
      return;
    }

  duplex_message_load_dup_text_async (self->bytes, self->shown, G_OBJECT (self), copy_ready_cb,
                                      NULL);
}

static void
save_ready_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (DuplexMessageView) self = user_data;
  g_autoptr (GError)            error = NULL;

  if (duplex_message_save_finish (result, &error))
    show_toast (self, _ ("Message saved"));
  else if (error != NULL)
    {
      g_autofree char *text = duplex_text_error (error);

      show_toast (self, text);
    }
}

static void
save_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  static const char *const suffixes[] = {
    [DUPLEX_MESSAGE_FORMAT_JSON] = ".json",
    [DUPLEX_MESSAGE_FORMAT_TEXT] = ".txt",
    [DUPLEX_MESSAGE_FORMAT_HEX] = ".bin",
  };
  DuplexMessageView *self = DUPLEX_MESSAGE_VIEW (widget);
  GtkRoot           *root = gtk_widget_get_root (widget);
  g_autofree char   *suggestion = NULL;

  if (self->row == NULL || !GTK_IS_WINDOW (root))
    return;

  /* Translators: the beginning of a file name; the end is ".json" or the like. */
  suggestion = g_strconcat (_ ("message"), suffixes[self->shown], NULL);
  duplex_message_save_async (self->row, GTK_WINDOW (root), suggestion, NULL, save_ready_cb,
                             g_object_ref (self));
}

/* Object */

static void
set_wanted (DuplexMessageView  *self,
            DuplexMessageFormat format)
{
  /* Also where it is wanted already: a message that fell back may have been asked for by hand. */
  self->wanted = format;
  if (!self->is_stale && self->bytes != NULL)
    load_beginning (self);
}

static void
set_wanted_name (DuplexMessageView *self,
                 const char        *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (format_names); i++)
    {
      if (g_strcmp0 (name, format_names[i]) == 0)
        set_wanted (self, (DuplexMessageFormat)i);
    }
}

static void
format_toggled_cb (DuplexMessageView *self,
                   GtkToggleButton   *button)
{
  if (self->updating || !gtk_toggle_button_get_active (button))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (format_names); i++)
    {
      if (GTK_WIDGET (button) == get_button (self, (DuplexMessageFormat)i))
        set_wanted (self, (DuplexMessageFormat)i);
    }
}

static void
dark_cb (DuplexMessageView *self)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();

  duplex_message_pieces_set_dark (self->pieces, adw_style_manager_get_dark (manager));
}

static void
duplex_message_view_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DuplexMessageView *self = DUPLEX_MESSAGE_VIEW (object);

  switch (prop_id)
    {
    case PROP_ROW:
      g_value_set_object (value, self->row);
      break;
    case PROP_FORMAT:
      g_value_set_static_string (value, format_names[self->shown]);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_message_view_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  DuplexMessageView *self = DUPLEX_MESSAGE_VIEW (object);

  switch (prop_id)
    {
    case PROP_ROW:
      duplex_message_view_set_row (self, g_value_get_object (value));
      break;
    case PROP_FORMAT:
      set_wanted_name (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_message_view_map (GtkWidget *widget)
{
  DuplexMessageView *self = DUPLEX_MESSAGE_VIEW (widget);

  if (self->is_stale)
    update (self);

  GTK_WIDGET_CLASS (duplex_message_view_parent_class)->map (widget);
}

static void
duplex_message_view_dispose (GObject *object)
{
  DuplexMessageView *self = DUPLEX_MESSAGE_VIEW (object);

  forget_payload (self);
  g_clear_pointer (&self->pieces, duplex_message_pieces_free);
  g_clear_object (&self->row);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_MESSAGE_VIEW);

  G_OBJECT_CLASS (duplex_message_view_parent_class)->dispose (object);
}

static void
duplex_message_view_class_init (DuplexMessageViewClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_message_view_get_property;
  object_class->set_property = duplex_message_view_set_property;
  object_class->dispose = duplex_message_view_dispose;

  widget_class->map = duplex_message_view_map;

  properties[PROP_ROW] =
    g_param_spec_object ("row", NULL, NULL, DUPLEX_TYPE_ROW,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_FORMAT] =
    g_param_spec_string ("format", NULL, NULL, "json",
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_install_property_action (widget_class, "message.format", "format");
  gtk_widget_class_install_action (widget_class, "message.copy", NULL, copy_action);
  gtk_widget_class_install_action (widget_class, "message.save", NULL, save_action);
  gtk_widget_class_install_action (widget_class, "message.more", NULL, more_action);
  gtk_widget_class_install_action (widget_class, "message.earlier", NULL, earlier_action);

  g_type_ensure (DUPLEX_TYPE_HEX_VIEW);
  g_type_ensure (GTK_SOURCE_TYPE_VIEW);
  g_type_ensure (GTK_SOURCE_TYPE_BUFFER);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-message-view.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, stack);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, body);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, formats);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, json_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, text_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, hex_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, summary);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, problem);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, text);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, buffer);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, hex);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, more_bar);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, more_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, earlier_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageView, state);
  gtk_widget_class_bind_template_callback (widget_class, format_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, edge_reached_cb);
  gtk_widget_class_set_css_name (widget_class, "message-view");
}

static void
duplex_message_view_init (DuplexMessageView *self)
{
  self->wanted = DUPLEX_MESSAGE_FORMAT_JSON;
  gtk_widget_init_template (GTK_WIDGET (self));
  self->pieces = duplex_message_pieces_new (GTK_TEXT_VIEW (self->text));
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark", G_CALLBACK (dark_cb),
                           self, G_CONNECT_SWAPPED);
  dark_cb (self);
  update (self);
}

void
duplex_message_view_set_row (DuplexMessageView *self,
                             DuplexRow         *row)
{
  g_return_if_fail (DUPLEX_IS_MESSAGE_VIEW (self));
  g_return_if_fail (row == NULL || DUPLEX_IS_ROW (row));

  if (!g_set_object (&self->row, row))
    return;

  /* Out of sight it is enough to do it when the page comes back. */
  self->is_stale = TRUE;
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ROW]);
}

gboolean
duplex_message_view_is_loading (DuplexMessageView *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_VIEW (self), FALSE);

  return self->cancellable != NULL;
}

gboolean
duplex_message_view_is_checking (DuplexMessageView *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_VIEW (self), FALSE);

  return self->checking != NULL;
}
