/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-outbox.h"

#include "core/io/duplex-io-thread.h"

/* Bytes that leave before the main loop turns, so that a fast reader starves nobody. */
#define WRITE_QUOTA ((gsize)1024 * 1024)

struct _DuplexOutbox
{
  /* owned */
  GPollableOutputStream *stream;
  GQueue                 items;  /* of DuplexOutgoing */
  GSource               *source; /* waits until the stream takes more, or NULL */

  /* borrowed */
  const DuplexOutboxCallbacks *callbacks;
  gpointer                     user_data;
  GList                       *last_control; /* of what may overtake and has not begun, or NULL */

  /* state */
  gsize    sent;    /* bytes of the first item that have left */
  gboolean begun;   /* the first item was offered to the stream: nothing may come before it */
  gboolean writing; /* guards against a callback that pushes */
  gboolean held;
  gboolean stopped;
};

void
duplex_outgoing_free (DuplexOutgoing *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->wire, g_bytes_unref);
  g_clear_object (&self->file);
  g_free (self);
}

DuplexOutbox *
duplex_outbox_new (GPollableOutputStream       *stream,
                   const DuplexOutboxCallbacks *callbacks,
                   gpointer                     user_data)
{
  DuplexOutbox *self = g_new0 (DuplexOutbox, 1);

  self->stream = g_object_ref (stream);
  self->callbacks = callbacks;
  self->user_data = user_data;
  g_queue_init (&self->items);
  return self;
}

void
duplex_outbox_stop (DuplexOutbox *self)
{
  g_return_if_fail (self != NULL);

  self->stopped = TRUE;
  duplex_io_clear_source (&self->source);
}

void
duplex_outbox_free (DuplexOutbox *self)
{
  if (self == NULL)
    return;
  duplex_outbox_stop (self);
  g_queue_clear_full (&self->items, (GDestroyNotify)duplex_outgoing_free);
  g_object_unref (self->stream);
  g_free (self);
}

void
duplex_outbox_foreach (DuplexOutbox *self,
                       GFunc         func,
                       gpointer      user_data)
{
  g_return_if_fail (self != NULL && func != NULL);

  g_queue_foreach (&self->items, func, user_data);
}

guint
duplex_outbox_get_n_items (DuplexOutbox *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->items.length;
}

static void
fail (DuplexOutbox *self,
      const GError *error)
{
  duplex_outbox_stop (self);
  self->callbacks->failed (error, self->user_data);
}

/* Writes once from the first item. Returns FALSE when the stream takes no more for now. */
static gboolean
write_some (DuplexOutbox *self,
            gsize        *quota)
{
  DuplexOutgoing    *item = g_queue_peek_head (&self->items);
  g_autoptr (GError) error = NULL;
  const guint8      *data;
  gsize              size;
  gssize             n;
  gint64             at;

  data = g_bytes_get_data (item->wire, &size);
  self->begun = TRUE;
  if (self->last_control == self->items.head)
    self->last_control = NULL;
  /* Before the write: the answer may be there before it returns. */
  at = g_get_monotonic_time ();
  n = g_pollable_output_stream_write_nonblocking (self->stream, data + self->sent,
                                                  size - self->sent, NULL, &error);
  if (n < 0)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        fail (self, error);
      return FALSE;
    }

  self->callbacks->wrote (item, data + self->sent, (gsize)n, at, self->user_data);
  self->sent += (gsize)n;
  *quota -= MIN (*quota, (gsize)n);
  if (self->sent == size)
    {
      g_autoptr (DuplexOutgoing) gone = g_queue_pop_head (&self->items);

      self->sent = 0;
      self->begun = FALSE;
      self->callbacks->left (gone, self->user_data);
    }
  return TRUE;
}

static gboolean writable_cb (GObject *stream, gpointer data);

static void
wait_writable (DuplexOutbox *self)
{
  if (self->source != NULL || self->stopped)
    return;
  self->source = g_pollable_output_stream_create_source (self->stream, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (writable_cb), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

static gboolean
is_held_back (DuplexOutbox *self)
{
  DuplexOutgoing *first = g_queue_peek_head (&self->items);

  return self->held && !self->begun && first != NULL && !first->control;
}

static void
flush (DuplexOutbox *self)
{
  gsize quota = WRITE_QUOTA;

  if (self->writing)
    return;
  self->writing = TRUE;
  while (!self->stopped && quota > 0)
    {
      if (self->items.length == 0)
        {
          /* The callback may push the next. */
          self->callbacks->empty (self->user_data);
          if (self->items.length == 0)
            break;
        }
      if (is_held_back (self) || !write_some (self, &quota))
        break;
    }
  self->writing = FALSE;
  if (is_held_back (self))
    return;
  /* Also with nothing left when the quota ended the round: whoever fills it on empty is owed a
   * turn. */
  if (self->items.length > 0 || quota == 0)
    wait_writable (self);
}

static gboolean
writable_cb (GObject *stream,
             gpointer data)
{
  DuplexOutbox *self = data;

  duplex_io_clear_source (&self->source);
  flush (self);
  return G_SOURCE_REMOVE;
}

/* Puts item in the place of an older one. */
static gboolean
replace (DuplexOutbox   *self,
         DuplexOutgoing *item)
{
  GList *link = self->last_control;

  /* What may overtake stands before the last that may, behind what has begun. */
  for (; link != NULL && (link != self->items.head || !self->begun); link = link->prev)
    {
      DuplexOutgoing *waiting = link->data;

      if (!waiting->replaceable || item->opcode != waiting->opcode)
        continue;
      link->data = item;
      duplex_outgoing_free (waiting);
      return TRUE;
    }
  return FALSE;
}

/* Before the first item that is neither begun nor a control frame itself; not by going through all
 * of them, for a hundred thousand may wait. */
static void
insert_control (DuplexOutbox   *self,
                DuplexOutgoing *item)
{
  GList *before = self->last_control;

  if (item->replaceable && replace (self, item))
    return;
  if (before == NULL && self->begun)
    before = self->items.head;
  if (before != NULL)
    g_queue_insert_after (&self->items, before, item);
  else
    g_queue_push_head (&self->items, item);
  self->last_control = before != NULL ? before->next : self->items.head;
}

void
duplex_outbox_push (DuplexOutbox   *self,
                    DuplexOutgoing *item)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (item != NULL && g_bytes_get_size (item->wire) > 0);

  if (self->stopped)
    {
      duplex_outgoing_free (item);
      return;
    }
  if (item->control)
    insert_control (self, item);
  else
    g_queue_push_tail (&self->items, item);
  if (self->source == NULL)
    flush (self);
}

void
duplex_outbox_drop_waiting (DuplexOutbox *self,
                            GFunc         dropped,
                            gpointer      user_data)
{
  GList *link;

  g_return_if_fail (self != NULL);

  link = self->items.head;
  if (link != NULL && self->begun)
    link = link->next;
  while (link != NULL)
    {
      GList          *next = link->next;
      DuplexOutgoing *item = link->data;

      if (!item->control)
        {
          dropped (item, user_data);
          g_queue_delete_link (&self->items, link);
          duplex_outgoing_free (item);
        }
      link = next;
    }
}

void
duplex_outbox_set_held (DuplexOutbox *self,
                        gboolean      held)
{
  g_return_if_fail (self != NULL);

  if (self->held == held)
    return;
  self->held = held;
  if (!held && !self->stopped && self->source == NULL)
    flush (self);
}
