/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bookmarks and comments in the list. */
#include <glib/gi18n.h>

#include "app/duplex-leg-words.h"
#include "app/duplex-list-note.h"
#include "app/duplex-message-list-private.h"
#include "app/duplex-message-row.h"
#include "app/duplex-texts.h"

static char *
dup_name (DuplexRow *row)
{
  GString         *name = g_string_new (NULL);
  g_autofree char *label = duplex_text_row_label (row);
  g_autofree char *leg =
    duplex_leg_words_dup_name (duplex_row_get_capture (row), duplex_row_get_event (row));
  g_autofree char *comment = NULL;
  gboolean         bookmarked = FALSE;

  duplex_capture_get_note (duplex_row_get_capture (row), duplex_row_get_event (row)->number,
                           &bookmarked, &comment);
  if (leg != NULL)
    g_string_append_printf (name, "%s, ", leg);
  g_string_append (name, label);
  if (bookmarked)
    g_string_append_printf (name, ", %s", _ ("Bookmarked"));
  if (comment != NULL)
    {
      g_string_append (name, ", ");
      /* Translators: what the user wrote about a message. */
      g_string_append_printf (name, _ ("Comment: %s"), comment);
    }

  return g_string_free (name, FALSE);
}

void
duplex_message_list_name_item (GtkWidget *item,
                               DuplexRow *row)
{
  g_autofree char *name = dup_name (row);

  gtk_accessible_update_property (GTK_ACCESSIBLE (item), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void
duplex_message_list_note_changed (DuplexMessageList *self,
                                  guint64            number)
{
  for (GtkWidget *item = gtk_widget_get_first_child (GTK_WIDGET (self->view)); item != NULL;
       item = gtk_widget_get_next_sibling (item))
    {
      DuplexBubble *bubble = duplex_list_item_get_bubble (item);
      DuplexRow    *row = bubble != NULL ? duplex_bubble_get_row (bubble) : NULL;

      if (row == NULL || duplex_row_get_event (row)->number != number)
        continue;
      duplex_bubble_update (bubble);
      duplex_message_list_name_item (item, row);
    }

  g_object_notify (G_OBJECT (self), "bookmarked");
}

gboolean
duplex_message_list_get_bookmarked (DuplexMessageList *self)
{
  DuplexRow *row;
  gboolean   bookmarked = FALSE;

  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), FALSE);

  row = duplex_message_list_get_selected_row (self);
  if (row != NULL)
    duplex_capture_get_note (self->capture, duplex_row_get_event (row)->number, &bookmarked, NULL);
  return bookmarked;
}

void
duplex_message_list_set_bookmarked (DuplexMessageList *self,
                                    gboolean           bookmarked)
{
  g_autofree char   *comment = NULL;
  g_autoptr (GError) error = NULL;
  DuplexRow         *row;
  guint64            number;

  g_return_if_fail (DUPLEX_IS_MESSAGE_LIST (self));

  row = duplex_message_list_get_selected_row (self);
  if (row == NULL)
    return;

  number = duplex_row_get_event (row)->number;
  duplex_capture_get_note (self->capture, number, NULL, &comment);
  if (!duplex_capture_set_note (self->capture, number, bookmarked, comment, &error))
    g_signal_emit_by_name (self, "note-failed", error);
}

gboolean
duplex_message_list_find_selected (DuplexMessageList *self,
                                   GdkRectangle      *ret_area)
{
  guint           selected = duplex_list_window_get_selected (self->window);
  GtkWidget      *item = duplex_list_items_find (self->view, selected);
  GtkWidget      *bubble;
  graphene_rect_t bounds;
  graphene_rect_t visible;

  if (item == NULL)
    return FALSE;

  bubble = GTK_WIDGET (duplex_list_item_get_bubble (item));
  graphene_rect_init (&visible, 0, 0, (float)gtk_widget_get_width (GTK_WIDGET (self)),
                      (float)gtk_widget_get_height (GTK_WIDGET (self)));
  if (!gtk_widget_compute_bounds (bubble, GTK_WIDGET (self), &bounds) ||
      !graphene_rect_intersection (&bounds, &visible, &bounds))
    return FALSE;

  *ret_area = (GdkRectangle){ (int)bounds.origin.x, (int)bounds.origin.y, (int)bounds.size.width,
                              (int)bounds.size.height };
  return TRUE;
}

static void
note_failed_cb (DuplexMessageList *self,
                GError            *error)
{
  g_signal_emit_by_name (self, "note-failed", error);
}

void
duplex_message_list_edit_comment (DuplexMessageList *self)
{
  GdkRectangle area;

  if (!duplex_message_list_find_selected (self, &area))
    return;

  if (self->note == NULL)
    {
      self->note = duplex_list_note_new ();
      gtk_widget_set_parent (self->note, GTK_WIDGET (self));
      g_signal_connect_object (self->note, "failed", G_CALLBACK (note_failed_cb), self,
                               G_CONNECT_SWAPPED);
    }

  gtk_popover_set_pointing_to (GTK_POPOVER (self->note), &area);
  duplex_list_note_edit (DUPLEX_LIST_NOTE (self->note),
                         duplex_message_list_get_selected_row (self));
}
