/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-pieces.h"

#include <gtksourceview/gtksource.h>

#include "app/duplex-text-marker.h"

struct _DuplexMessagePieces
{
  /* borrowed */
  GtkTextView   *view;
  GtkTextBuffer *buffer;

  /* owned */
  DuplexTextMarker *marker;
  GPtrArray        *places; /* DuplexMessagePlace: where each piece begins */
  GQueue            sizes;  /* GUINT_TO_POINTER: characters of those that are there */

  /* state */
  guint    first; /* that is there */
  guint    n_all; /* pieces of the message, once that is known; or G_MAXUINT */
  gboolean is_broken;
};

DuplexMessagePieces *
duplex_message_pieces_new (GtkTextView *view)
{
  DuplexMessagePieces *self;

  g_return_val_if_fail (GTK_SOURCE_IS_VIEW (view), NULL);

  self = g_new0 (DuplexMessagePieces, 1);
  self->view = view;
  self->buffer = gtk_text_view_get_buffer (view);
  self->marker = duplex_text_marker_new (self->buffer);
  self->places = g_ptr_array_new_with_free_func ((GDestroyNotify)duplex_message_place_free);
  self->n_all = G_MAXUINT;
  g_queue_init (&self->sizes);
  return self;
}

void
duplex_message_pieces_free (DuplexMessagePieces *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->marker, duplex_text_marker_free);
  g_clear_pointer (&self->places, g_ptr_array_unref);
  g_queue_clear (&self->sizes);
  g_free (self);
}

guint
duplex_message_pieces_get_first (DuplexMessagePieces *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->first;
}

guint
duplex_message_pieces_get_end (DuplexMessagePieces *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->first + g_queue_get_length (&self->sizes);
}

const DuplexMessagePlace *
duplex_message_pieces_get_place (DuplexMessagePieces *self,
                                 guint                piece)
{
  g_return_val_if_fail (self != NULL, NULL);

  return piece < self->places->len ? g_ptr_array_index (self->places, piece) : NULL;
}

static void
delete_chars (DuplexMessagePieces *self,
              guint                from,
              guint                n)
{
  GtkTextIter start;
  GtkTextIter end;

  gtk_text_buffer_get_iter_at_offset (self->buffer, &start, (int)from);
  gtk_text_buffer_get_iter_at_offset (self->buffer, &end, (int)(from + n));
  gtk_text_buffer_delete (self->buffer, &start, &end);
}

static void
append (DuplexMessagePieces     *self,
        const DuplexMessageText *text)
{
  guint       old = (guint)gtk_text_buffer_get_char_count (self->buffer);
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_insert (self->buffer, &end, text->text, (int)text->len);
  g_queue_push_tail (&self->sizes, GUINT_TO_POINTER (text->n_chars));
  duplex_text_marker_mark (self->marker, text->spans, old, text->n_chars);
  if (g_queue_get_length (&self->sizes) > DUPLEX_MESSAGE_PIECES_MAX)
    {
      guint n = GPOINTER_TO_UINT (g_queue_pop_head (&self->sizes));

      delete_chars (self, 0, n);
      duplex_text_marker_shift (self->marker, -(gint64)n);
      self->first++;
    }
}

/* What is in sight stays there. */
static void
prepend (DuplexMessagePieces     *self,
         const DuplexMessageText *text)
{
  GtkTextIter  start;
  GtkTextMark *mark;

  gtk_text_buffer_get_start_iter (self->buffer, &start);
  mark = gtk_text_buffer_create_mark (self->buffer, NULL, &start, /* left_gravity= */ FALSE);
  gtk_text_buffer_insert (self->buffer, &start, text->text, (int)text->len);
  g_queue_push_head (&self->sizes, GUINT_TO_POINTER (text->n_chars));
  self->first--;
  duplex_text_marker_shift (self->marker, text->n_chars);
  duplex_text_marker_mark (self->marker, text->spans, 0, text->n_chars);
  gtk_text_view_scroll_to_mark (self->view, mark, 0, /* use_align= */ TRUE, 0, 0);
  gtk_text_buffer_delete_mark (self->buffer, mark);
  if (g_queue_get_length (&self->sizes) > DUPLEX_MESSAGE_PIECES_MAX)
    {
      guint n = GPOINTER_TO_UINT (g_queue_pop_tail (&self->sizes));

      delete_chars (self, (guint)gtk_text_buffer_get_char_count (self->buffer) - n, n);
    }
}

/* What is known of the message now. */
static void
note_piece (DuplexMessagePieces     *self,
            guint                    piece,
            const DuplexMessageText *text)
{
  if (text->is_whole)
    self->n_all = piece + 1;
  if (piece + 1 == self->places->len)
    g_ptr_array_add (self->places, duplex_message_place_copy (text->next));
  self->is_broken |= text->is_broken;
}

void
duplex_message_pieces_begin (DuplexMessagePieces     *self,
                             const DuplexMessageText *text)
{
  GtkTextIter start;

  g_return_if_fail (self != NULL);
  g_return_if_fail (text != NULL && text->text != NULL);

  g_queue_clear (&self->sizes);
  g_ptr_array_set_size (self->places, 0);
  g_ptr_array_add (self->places, duplex_message_text_make_beginning (text));
  self->first = 0;
  self->n_all = G_MAXUINT;
  self->is_broken = FALSE;
  g_queue_push_tail (&self->sizes, GUINT_TO_POINTER (text->n_chars));

  duplex_text_marker_clear (self->marker);
  gtk_text_buffer_set_text (self->buffer, text->text, (int)text->len);
  gtk_text_buffer_get_start_iter (self->buffer, &start);
  gtk_text_buffer_place_cursor (self->buffer, &start);
  gtk_adjustment_set_value (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self->view)), 0);
  duplex_text_marker_mark (self->marker, text->spans, 0, text->n_chars);
  note_piece (self, 0, text);
}

void
duplex_message_pieces_add (DuplexMessagePieces     *self,
                           guint                    piece,
                           const DuplexMessageText *text)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (text != NULL && text->text != NULL);

  if (piece == duplex_message_pieces_get_end (self))
    append (self, text);
  else if (piece + 1 == self->first)
    prepend (self, text);
  else
    g_return_if_reached ();
  note_piece (self, piece, text);
}

gboolean
duplex_message_pieces_has_end (DuplexMessagePieces *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return duplex_message_pieces_get_end (self) >= self->n_all;
}

gboolean
duplex_message_pieces_is_broken (DuplexMessagePieces *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->is_broken;
}

void
duplex_message_pieces_set_dark (DuplexMessagePieces *self,
                                gboolean             dark)
{
  GtkSourceStyleSchemeManager *schemes = gtk_source_style_scheme_manager_get_default ();

  g_return_if_fail (self != NULL);

  gtk_source_buffer_set_style_scheme (
    GTK_SOURCE_BUFFER (self->buffer),
    gtk_source_style_scheme_manager_get_scheme (schemes, dark ? "Adwaita-dark" : "Adwaita"));
  duplex_text_marker_set_dark (self->marker, dark);
}
