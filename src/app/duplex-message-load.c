/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-load.h"

#include "core/proto/duplex-json.h"
#include "core/proto/duplex-limits.h"

/* Formatted at once: about a millisecond. */
#define QUICK_BYTES (32 * 1024)

/* Events among which the frames of a row stand, for the same reason: they may have to come from the
 * disk. */
#define QUICK_EVENTS 64

/* Bytes of the beginning that are read at first: what a piece of text is made of, most often. */
#define HEAD_BYTES ((gsize)1024 * 1024)

/* Between two looks whether it was cancelled: some milliseconds. */
#define CHECK_BYTES  ((gsize)4 * 1024 * 1024)
#define CHECK_TOKENS 100000

DuplexMessageLoad *
duplex_message_load_new (DuplexMessageBytes         *bytes,
                         GBytes                     *head,
                         const DuplexMessageProblem *problem)
{
  DuplexMessageLoad *self;

  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (problem != NULL, NULL);

  self = g_new0 (DuplexMessageLoad, 1);
  self->bytes = duplex_message_bytes_ref (bytes);
  self->head = head != NULL ? g_bytes_ref (head) : NULL;
  self->size = duplex_message_bytes_get_size (bytes);
  self->max = DUPLEX_MESSAGE_TEXT_PIECE;
  self->problem = *problem;
  self->problem.text = g_strdup (problem->text);
  return self;
}

void
duplex_message_load_free (DuplexMessageLoad *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->bytes, duplex_message_bytes_unref);
  g_clear_pointer (&self->head, g_bytes_unref);
  g_clear_pointer (&self->problem.text, g_free);
  g_clear_pointer (&self->result, duplex_message_text_free);
  g_free (self);
}

gboolean
duplex_message_load_is_quick (DuplexRow *row)
{
  const DuplexEvent *event;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), FALSE);

  event = duplex_row_get_event (row);
  return duplex_row_get_size (row) <= QUICK_BYTES &&
         (event->message == 0 || event->first >= event->number ||
          event->number - event->first < QUICK_EVENTS);
}

static void
read_head (DuplexMessageLoad *self,
           gsize              size)
{
  gsize n;

  g_clear_pointer (&self->head, g_bytes_unref);
  size = (gsize)MIN (size, self->size);
  self->head = duplex_message_bytes_dup (self->bytes, 0, size);
  n = g_bytes_get_size (self->head);
  if (n < size)
    {
      self->size = n;
      self->is_damaged = TRUE;
    }
}

/* What is JSON only at its beginning is text. */
static void
apply_problem (DuplexMessageLoad *self)
{
  DuplexMessageText *result = self->result;

  result->is_json = FALSE;
  g_free (result->json_problem);
  result->json_problem = g_strdup (self->problem.text);
  result->json_line = self->problem.line;
  result->json_column = self->problem.column;
}

void
duplex_message_load_run (DuplexMessageLoad *self)
{
  DuplexMessageFormat wanted;

  g_return_if_fail (self != NULL);

  wanted = self->wanted;
  if (self->problem.text != NULL && wanted == DUPLEX_MESSAGE_FORMAT_JSON)
    wanted = DUPLEX_MESSAGE_FORMAT_TEXT;

  if (self->head == NULL)
    read_head (self, MAX (HEAD_BYTES, 2 * self->max));
  while (TRUE)
    {
      g_clear_pointer (&self->result, duplex_message_text_free);
      self->result = duplex_message_text_new (self->head, self->size, self->is_text, wanted,
                                              self->max);
      if (!self->result->needs_more)
        break;
      read_head (self, 2 * MAX (g_bytes_get_size (self->head), HEAD_BYTES));
    }
  if (self->problem.text != NULL)
    apply_problem (self);
  if (self->result->format != DUPLEX_MESSAGE_FORMAT_HEX)
    return;

  /* It is scrolled to anywhere. */
  self->size = duplex_message_bytes_measure (self->bytes);
  self->is_damaged = self->size < duplex_message_bytes_get_size (self->bytes);
  self->result->n_shown = self->size;
}

static void
load_worker (GTask        *task,
             gpointer      source_object,
             gpointer      task_data,
             GCancellable *cancellable)
{
  duplex_message_load_run (task_data);
  g_task_return_boolean (task, TRUE);
}

void
duplex_message_load_start (DuplexMessageLoad  *self,
                           GObject            *source,
                           GCancellable       *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (self != NULL);

  task = g_task_new (source, cancellable, callback, user_data);
  g_task_set_source_tag (task, duplex_message_load_start);
  g_task_set_task_data (task, self, (GDestroyNotify)duplex_message_load_free);
  g_task_run_in_thread (task, load_worker);
}

DuplexMessageLoad *
duplex_message_load_finish (GAsyncResult *result)
{
  if (!g_task_propagate_boolean (G_TASK (result), NULL))
    return NULL;
  return g_task_get_task_data (G_TASK (result));
}

gboolean
duplex_message_load_needs_check (const DuplexMessageLoad *self)
{
  g_return_val_if_fail (self != NULL && self->result != NULL, FALSE);

  return self->result->is_json && g_bytes_get_size (self->head) < self->size;
}

static GBytes *
read_all (DuplexMessageBytes *bytes,
          GCancellable       *cancellable)
{
  guint64 size = MIN (duplex_message_bytes_get_size (bytes), DUPLEX_LIMIT_JSON_BYTES);
  guint8 *data = g_malloc (size);
  gsize   done = 0;
  gsize   n;

  do
    {
      n = duplex_message_bytes_read (bytes, done, data + done, MIN (size - done, CHECK_BYTES));
      done += n;
  } while (n > 0 && done < size && !g_cancellable_is_cancelled (cancellable));

  return g_bytes_new_take (data, done);
}

static void
problem_free (gpointer data)
{
  DuplexMessageProblem *problem = data;

  g_free (problem->text);
  g_free (problem);
}

/* NULL when it was cancelled. */
static DuplexMessageProblem *
find_problem (GBytes       *payload,
              GCancellable *cancellable)
{
  g_autoptr (DuplexJsonLexer) lexer = NULL;
  DuplexMessageProblem       *problem;
  DuplexJsonToken             token = DUPLEX_JSON_NULL;
  const char                 *text;
  gsize                       len;

  text = g_bytes_get_data (payload, &len);
  lexer = duplex_json_lexer_new (text, len);
  while (token != DUPLEX_JSON_END && token != DUPLEX_JSON_ERROR)
    {
      if (g_cancellable_is_cancelled (cancellable))
        return NULL;
      for (guint i = 0; i < CHECK_TOKENS && token != DUPLEX_JSON_END && token != DUPLEX_JSON_ERROR;
           i++)
        token = duplex_json_lexer_next (lexer, NULL, NULL);
    }

  problem = g_new0 (DuplexMessageProblem, 1);
  if (token == DUPLEX_JSON_ERROR)
    problem->text = g_strdup (
      duplex_json_lexer_get_error (lexer, NULL, &problem->line, &problem->column));
  return problem;
}

static void
check_worker (GTask        *task,
              gpointer      source_object,
              gpointer      task_data,
              GCancellable *cancellable)
{
  g_autoptr (GBytes)    payload = read_all (task_data, cancellable);
  DuplexMessageProblem *problem = find_problem (payload, cancellable);

  if (problem != NULL)
    g_task_return_pointer (task, problem, problem_free);
  else
    g_task_return_error_if_cancelled (task);
}

void
duplex_message_load_check_async (DuplexMessageBytes *bytes,
                                 GObject            *source,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (bytes != NULL);

  task = g_task_new (source, cancellable, callback, user_data);
  g_task_set_source_tag (task, duplex_message_load_check_async);
  g_task_set_task_data (task, duplex_message_bytes_ref (bytes),
                        (GDestroyNotify)duplex_message_bytes_unref);
  g_task_run_in_thread (task, check_worker);
}

gboolean
duplex_message_load_check_finish (GAsyncResult         *result,
                                  DuplexMessageProblem *ret_problem)
{
  g_autofree DuplexMessageProblem *problem = g_task_propagate_pointer (G_TASK (result), NULL);

  g_return_val_if_fail (ret_problem != NULL, FALSE);

  if (problem == NULL)
    return FALSE;
  *ret_problem = *problem;
  return TRUE;
}

/* ---- for the clipboard ---- */

typedef struct
{
  DuplexMessageBytes *bytes;
  DuplexMessageFormat format;
} Copy;

static void
copy_free (Copy *copy)
{
  g_clear_pointer (&copy->bytes, duplex_message_bytes_unref);
  g_free (copy);
}

static void
copy_worker (GTask        *task,
             gpointer      source_object,
             gpointer      task_data,
             GCancellable *cancellable)
{
  Copy              *copy = task_data;
  guint64            size = duplex_message_bytes_get_size (copy->bytes);
  g_autoptr (GBytes) payload = duplex_message_bytes_dup (copy->bytes, 0, (gsize)size);

  g_task_return_pointer (task, duplex_message_text_format (payload, copy->format), g_free);
}

void
duplex_message_load_dup_text_async (DuplexMessageBytes *bytes,
                                    DuplexMessageFormat format,
                                    GObject            *source,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  Copy             *copy;

  g_return_if_fail (bytes != NULL);

  copy = g_new0 (Copy, 1);
  copy->bytes = duplex_message_bytes_ref (bytes);
  copy->format = format;
  task = g_task_new (source, NULL, callback, user_data);
  g_task_set_source_tag (task, duplex_message_load_dup_text_async);
  g_task_set_task_data (task, copy, (GDestroyNotify)copy_free);
  g_task_run_in_thread (task, copy_worker);
}

char *
duplex_message_load_dup_text_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}
