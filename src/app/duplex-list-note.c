/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-list-note.h"

#include "core/model/duplex-capture.h"

struct _DuplexListNote
{
  GtkPopover parent_instance;

  /* owned */
  DuplexRow *row;

  /* template */
  GtkEntry  *entry;
  GtkWidget *remove_button;
};

enum {
  FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DuplexListNote, duplex_list_note, GTK_TYPE_POPOVER)

static void
set_comment (DuplexListNote *self,
             const char     *comment)
{
  g_autoptr (DuplexRow) row = g_steal_pointer (&self->row);
  g_autoptr (GError)    error = NULL;
  DuplexCapture        *capture;
  gboolean              bookmarked = FALSE;
  guint64               number;

  gtk_popover_popdown (GTK_POPOVER (self));
  if (row == NULL)
    return;

  capture = duplex_row_get_capture (row);
  number = duplex_row_get_event (row)->number;
  duplex_capture_get_note (capture, number, &bookmarked, NULL);
  if (!duplex_capture_set_note (capture, number, bookmarked, comment, &error))
    g_signal_emit (self, signals[FAILED], 0, error);
}

static void
save_cb (DuplexListNote *self)
{
  g_autofree char *comment =
    g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->entry))));

  set_comment (self, comment);
}

static void
remove_cb (DuplexListNote *self)
{
  set_comment (self, NULL);
}

static void
duplex_list_note_dispose (GObject *object)
{
  g_clear_object (&DUPLEX_LIST_NOTE (object)->row);
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_LIST_NOTE);

  G_OBJECT_CLASS (duplex_list_note_parent_class)->dispose (object);
}

static void
duplex_list_note_class_init (DuplexListNoteClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = duplex_list_note_dispose;

  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-list-note.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexListNote, entry);
  gtk_widget_class_bind_template_child (widget_class, DuplexListNote, remove_button);
  gtk_widget_class_bind_template_callback (widget_class, save_cb);
  gtk_widget_class_bind_template_callback (widget_class, remove_cb);
}

static void
duplex_list_note_init (DuplexListNote *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
duplex_list_note_new (void)
{
  return g_object_new (DUPLEX_TYPE_LIST_NOTE, NULL);
}

void
duplex_list_note_edit (DuplexListNote *self,
                       DuplexRow      *row)
{
  g_autofree char *comment = NULL;

  g_return_if_fail (DUPLEX_IS_LIST_NOTE (self));
  g_return_if_fail (DUPLEX_IS_ROW (row));

  g_set_object (&self->row, row);
  duplex_capture_get_note (duplex_row_get_capture (row), duplex_row_get_event (row)->number, NULL,
                           &comment);
  gtk_editable_set_text (GTK_EDITABLE (self->entry), comment != NULL ? comment : "");
  gtk_widget_set_visible (self->remove_button, comment != NULL);

  gtk_popover_popup (GTK_POPOVER (self));
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
}
