/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-send-history.h"

#include <string.h>

struct _DuplexSendHistory
{
  GPtrArray *texts; /* oldest first */
  char      *draft; /* NULL while no walk is under way */
  guint      position;
};

DuplexSendHistory *
duplex_send_history_new (void)
{
  DuplexSendHistory *self = g_new0 (DuplexSendHistory, 1);

  self->texts = g_ptr_array_new_with_free_func (g_free);

  return self;
}

void
duplex_send_history_free (DuplexSendHistory *self)
{
  if (self == NULL)
    return;

  g_clear_pointer (&self->texts, g_ptr_array_unref);
  g_clear_pointer (&self->draft, g_free);
  g_free (self);
}

void
duplex_send_history_leave (DuplexSendHistory *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->draft, g_free);
}

void
duplex_send_history_add (DuplexSendHistory *self,
                         const char        *text)
{
  const char *last = NULL;

  g_return_if_fail (self != NULL);
  g_return_if_fail (text != NULL);

  duplex_send_history_leave (self);

  if (strlen (text) > DUPLEX_SEND_HISTORY_BYTES)
    return;
  if (self->texts->len > 0)
    last = g_ptr_array_index (self->texts, self->texts->len - 1);
  if (last != NULL && g_str_equal (last, text))
    return;

  if (self->texts->len == DUPLEX_SEND_HISTORY_ITEMS)
    g_ptr_array_remove_index (self->texts, 0);
  g_ptr_array_add (self->texts, g_strdup (text));
}

const char *
duplex_send_history_back (DuplexSendHistory *self,
                          const char        *current)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (current != NULL, NULL);

  if (self->texts->len == 0)
    return NULL;

  if (self->draft == NULL)
    {
      self->draft = g_strdup (current);
      self->position = self->texts->len;
    }
  if (self->position == 0)
    return NULL;

  self->position--;
  return g_ptr_array_index (self->texts, self->position);
}

const char *
duplex_send_history_forth (DuplexSendHistory *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (self->draft == NULL || self->position == self->texts->len)
    return NULL;

  self->position++;
  if (self->position == self->texts->len)
    return self->draft;

  return g_ptr_array_index (self->texts, self->position);
}
