/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-jump-popover.h"

#include <glib/gi18n.h>

#include "app/duplex-jump-time.h"
#include "app/duplex-texts.h"

struct _DuplexJumpPopover
{
  GtkPopover parent_instance;

  /* template */
  GtkLabel  *range_label;
  GtkEntry  *entry;
  GtkWidget *button;
  GtkWidget *hint_label;

  /* state: of the capture */
  gint64 first_us;
  gint64 last_us;
};

enum {
  JUMP,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DuplexJumpPopover, duplex_jump_popover, GTK_TYPE_POPOVER)

static gboolean
parse (DuplexJumpPopover *self,
       gint64            *ret_us)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char      *text = NULL;
  char                 *minus;

  /* The sign that the hint shows is not the one on the keyboard. */
  text = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->entry)));
  minus = g_str_has_prefix (text, "−") ? text + strlen ("−") - 1 : text;
  if (minus != text)
    *minus = '-';

  return duplex_jump_time_parse (minus, self->first_us, self->last_us, zone, ret_us);
}

static void
entry_changed_cb (DuplexJumpPopover *self)
{
  gboolean is_empty = *gtk_editable_get_text (GTK_EDITABLE (self->entry)) == '\0';
  gint64   time_us;

  gtk_widget_set_sensitive (self->button, !is_empty && parse (self, &time_us));
  gtk_widget_remove_css_class (GTK_WIDGET (self->entry), "error");
  gtk_widget_remove_css_class (self->hint_label, "error");
}

static void
go_cb (DuplexJumpPopover *self)
{
  gint64 time_us;

  if (!parse (self, &time_us))
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->entry), "error");
      gtk_widget_add_css_class (self->hint_label, "error");
      return;
    }

  gtk_popover_popdown (GTK_POPOVER (self));
  g_signal_emit (self, signals[JUMP], 0, time_us);
}

static void
duplex_jump_popover_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_JUMP_POPOVER);

  G_OBJECT_CLASS (duplex_jump_popover_parent_class)->dispose (object);
}

static void
duplex_jump_popover_class_init (DuplexJumpPopoverClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = duplex_jump_popover_dispose;

  signals[JUMP] = g_signal_new ("jump", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, G_TYPE_INT64);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-jump-popover.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexJumpPopover, range_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexJumpPopover, entry);
  gtk_widget_class_bind_template_child (widget_class, DuplexJumpPopover, button);
  gtk_widget_class_bind_template_child (widget_class, DuplexJumpPopover, hint_label);
  gtk_widget_class_bind_template_callback (widget_class, entry_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, go_cb);
}

static void
duplex_jump_popover_init (DuplexJumpPopover *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
duplex_jump_popover_new (void)
{
  return g_object_new (DUPLEX_TYPE_JUMP_POPOVER, NULL);
}

/* Of the event that ends a row; 0 where it is not there any more. */
static gint64
get_time (DuplexCapture *capture,
          guint64        row)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              number;

  if (!duplex_capture_find_row (capture, row, &number) ||
      !duplex_capture_read (capture, number, &event))
    return 0;

  return event.time_us;
}

void
duplex_jump_popover_ask (DuplexJumpPopover *self,
                         DuplexCapture     *capture)
{
  guint            n_rows;
  g_autofree char *first = NULL;
  g_autofree char *last = NULL;
  g_autofree char *range = NULL;

  g_return_if_fail (DUPLEX_IS_JUMP_POPOVER (self));
  g_return_if_fail (DUPLEX_IS_CAPTURE (capture));

  n_rows = g_list_model_get_n_items (G_LIST_MODEL (capture));
  if (n_rows == 0)
    return;

  self->first_us = get_time (capture, 0);
  self->last_us = get_time (capture, n_rows - 1);
  first = duplex_text_time (self->first_us);
  last = duplex_text_time (self->last_us);
  /* Translators: the times of the first and the last message. */
  range = g_strdup_printf (_ ("%s to %s"), first, last);
  gtk_label_set_label (self->range_label, range);
  entry_changed_cb (self);

  gtk_popover_popup (GTK_POPOVER (self));
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  gtk_editable_select_region (GTK_EDITABLE (self->entry), 0, -1);
}
