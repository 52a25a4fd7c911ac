/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the inspector stands beside the messages, and how wide; and what is said over them. */
#include "app/duplex-session-page-private.h"
#include "app/duplex-texts.h"

/* Puts the handle where the inspector has the width that was asked for, once there is a width to
 * take it from, and again whenever the room changes. */
static void
place_handle (DuplexSessionPage *self)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self->paned));
  int min;
  int max;

  if (self->inspector_width == 0 || width == 0)
    return;

  self->paned_width = width;
  /* In the middle of a layout the pane takes any position as it is. */
  g_object_get (self->paned, "min-position", &min, "max-position", &max, NULL);
  gtk_paned_set_position (self->paned, CLAMP (width - self->inspector_width, min, MAX (min, max)));
}

void
duplex_session_page_room_changed (DuplexSessionPage *self)
{
  place_handle (self);
}

/* Only the person moves the handle while the width stays the same: that is a wish to remember. */
void
duplex_session_page_position_changed (DuplexSessionPage *self)
{
  int      width = gtk_widget_get_width (GTK_WIDGET (self->paned));
  int      inspector = width - gtk_paned_get_position (self->paned);
  gboolean resized = self->paned_width != width;

  self->paned_width = width;
  if (resized || inspector <= 0 || self->inspector_width == inspector)
    return;

  self->inspector_width = inspector;
  g_object_notify (G_OBJECT (self), "inspector-width");
}

gboolean
duplex_session_page_get_inspector_visible (DuplexSessionPage *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION_PAGE (self), FALSE);

  return self->inspector_visible;
}

void
duplex_session_page_set_inspector_visible (DuplexSessionPage *self,
                                           gboolean           visible)
{
  g_return_if_fail (DUPLEX_IS_SESSION_PAGE (self));

  visible = !!visible;
  if (self->inspector_visible == visible)
    return;

  self->inspector_visible = visible;
  duplex_session_page_update_actions (self);
  g_object_notify (G_OBJECT (self), "inspector-visible");
}

int
duplex_session_page_get_inspector_width (DuplexSessionPage *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION_PAGE (self), 0);

  return self->inspector_width;
}

void
duplex_session_page_set_inspector_width (DuplexSessionPage *self,
                                         int                width)
{
  g_return_if_fail (DUPLEX_IS_SESSION_PAGE (self));
  g_return_if_fail (width >= 0);

  if (self->inspector_width == width)
    return;

  self->inspector_width = width;
  place_handle (self);
  g_object_notify (G_OBJECT (self), "inspector-width");
}

void
duplex_session_page_toast (DuplexSessionPage *self,
                           const char        *text)
{
  g_autofree char *markup = NULL;
  AdwToast        *toast;

  g_return_if_fail (DUPLEX_IS_SESSION_PAGE (self));
  g_return_if_fail (text != NULL);

  if (self->toast != NULL)
    adw_toast_dismiss (self->toast);

  markup = g_markup_escape_text (text, -1);
  toast = adw_toast_new (markup);
  g_set_weak_pointer (&self->toast, toast);
  adw_toast_overlay_add_toast (self->toasts, toast);
}

void
duplex_session_page_toast_error (DuplexSessionPage *self,
                                 const GError      *error)
{
  g_autofree char *text = duplex_text_error (error);

  duplex_session_page_toast (self, text);
}
