/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-load.h"

#include <string.h>

#include "core/proto/duplex-json.h"

/* Formatted at once: about a millisecond. */
#define QUICK_BYTES (32 * 1024)

/* Events among which the frames of a row stand, for the same reason: they may have to come from the
 * disk. */
#define QUICK_EVENTS 64

/* Bytes that are read at once. Most often a piece of text is made of fewer. */
#define READ_BYTES ((gsize)1024 * 1024)

DuplexMessageLoad *
duplex_message_load_new (DuplexMessageBytes         *bytes,
                         const DuplexMessagePlace   *place,
                         const DuplexMessageProblem *flaw)
{
  DuplexMessageLoad *self;

  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (flaw != NULL, NULL);

  self = g_new0 (DuplexMessageLoad, 1);
  self->bytes = duplex_message_bytes_ref (bytes);
  self->place = duplex_message_place_copy (place);
  self->size = duplex_message_bytes_get_size (bytes);
  self->flaw = *flaw;
  self->flaw.text = g_strdup (flaw->text);
  return self;
}

void
duplex_message_load_free (DuplexMessageLoad *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->bytes, duplex_message_bytes_unref);
  g_clear_pointer (&self->place, duplex_message_place_free);
  g_clear_pointer (&self->flaw.text, g_free);
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

/* Up to size bytes from the place on. */
static GBytes *
read_bytes (DuplexMessageLoad *self,
            gsize              size)
{
  guint64 offset = duplex_message_place_get_offset (self->place);
  gsize   wanted = (gsize)MIN (size, self->size - MIN (offset, self->size));
  GBytes *bytes = duplex_message_bytes_dup (self->bytes, offset, wanted);
  gsize   n = g_bytes_get_size (bytes);

  if (n < wanted)
    self->size = offset + n;
  return bytes;
}

/* What is JSON only at its beginning is text. */
static void
apply_flaw (DuplexMessageLoad *self)
{
  DuplexMessageText *result = self->result;

  result->is_json = FALSE;
  g_free (result->json_problem);
  result->json_problem = g_strdup (self->flaw.text);
  result->json_line = self->flaw.line;
  result->json_column = self->flaw.column;
}

static DuplexMessageText *
make_text (DuplexMessageLoad *self,
           GBytes            *bytes)
{
  DuplexMessageFormat wanted = self->wanted;

  if (self->place != NULL)
    return duplex_message_text_new_next (bytes, self->size, self->place,
                                         DUPLEX_MESSAGE_TEXT_PIECE);
  if (self->flaw.text != NULL && wanted == DUPLEX_MESSAGE_FORMAT_JSON)
    wanted = DUPLEX_MESSAGE_FORMAT_TEXT;
  return duplex_message_text_new (bytes, self->size, self->is_text, wanted,
                                  DUPLEX_MESSAGE_TEXT_PIECE);
}

void
duplex_message_load_run (DuplexMessageLoad *self)
{
  gsize size = READ_BYTES;

  g_return_if_fail (self != NULL);

  do
    {
      g_autoptr (GBytes) bytes = read_bytes (self, size);

      g_clear_pointer (&self->result, duplex_message_text_free);
      self->result = make_text (self, bytes);
      self->is_checked = self->place == NULL && g_bytes_get_size (bytes) == self->size;
      size *= 2;
  } while (self->result->needs_more);

  if (self->flaw.text != NULL)
    apply_flaw (self);
  if (self->result->format != DUPLEX_MESSAGE_FORMAT_HEX)
    return;

  /* It is scrolled to anywhere. */
  self->size = duplex_message_bytes_measure (self->bytes);
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

static void
problem_free (gpointer data)
{
  DuplexMessageProblem *problem = data;

  g_free (problem->text);
  g_free (problem);
}

/* Where a check stands in the payload. */
typedef struct
{
  DuplexJsonLexer *lexer;
  guint64          offset;     /* of what the lexer has not taken yet */
  guint            line;       /* in which that is */
  guint64          line_start; /* its beginning */
} Check;

/* The lexer goes on with what begins at offset, and takes its tokens up to the last whole one; what
 * is last, to the end. Returns the last token. */
static DuplexJsonToken
check_piece (Check   *check,
             GBytes  *bytes,
             gboolean is_last)
{
  gsize            len;
  const char      *text = g_bytes_get_data (bytes, &len);
  DuplexJsonLexer *lexer;
  DuplexJsonToken  token;
  gsize            offset;
  gsize            token_len;
  gsize            end = 0;

  if (!is_last)
    len = duplex_message_text_trim_number (text, len);
  lexer = duplex_json_lexer_continue (check->lexer, text, len);
  duplex_json_lexer_free (check->lexer);
  check->lexer = lexer;
  while ((token = duplex_json_lexer_next (lexer, &offset, &token_len)) != DUPLEX_JSON_END &&
         token != DUPLEX_JSON_ERROR)
    end = offset + token_len;

  if (token == DUPLEX_JSON_ERROR && (is_last || !duplex_message_text_is_cut (lexer, len)))
    return token;
  for (const char *c = memchr (text, '\n', end); c != NULL;
       c = memchr (c + 1, '\n', end - (gsize)(c + 1 - text)))
    {
      check->line++;
      check->line_start = check->offset + (gsize)(c + 1 - text);
    }
  check->offset += end;
  return is_last ? token : DUPLEX_JSON_NULL;
}

static DuplexMessageProblem *
make_problem (const Check    *check,
              DuplexJsonToken token)
{
  DuplexMessageProblem *problem = g_new0 (DuplexMessageProblem, 1);

  if (token != DUPLEX_JSON_ERROR)
    return problem;
  problem->text = g_strdup (
    duplex_json_lexer_get_error (check->lexer, NULL, &problem->line, &problem->column));
  if (problem->line == 1)
    problem->column += (guint)(check->offset - check->line_start);
  problem->line += check->line - 1;
  return problem;
}

/* NULL when it was cancelled. */
static DuplexMessageProblem *
find_problem (DuplexMessageBytes *bytes,
              GCancellable       *cancellable)
{
  Check                 check = { .line = 1 };
  DuplexMessageProblem *problem = NULL;
  DuplexJsonToken       token = DUPLEX_JSON_NULL;
  gsize                 size = READ_BYTES;

  check.lexer = duplex_json_lexer_new (NULL, 0);
  while (problem == NULL && !g_cancellable_is_cancelled (cancellable))
    {
      g_autoptr (GBytes) piece = duplex_message_bytes_dup (bytes, check.offset, size);
      guint64            before = check.offset;
      gboolean           is_last = g_bytes_get_size (piece) < size;

      token = check_piece (&check, piece, is_last);
      if (is_last || token == DUPLEX_JSON_ERROR)
        problem = make_problem (&check, token);
      /* One token is larger than that. */
      size = check.offset > before ? READ_BYTES : 2 * size;
    }
  duplex_json_lexer_free (check.lexer);
  return problem;
}

static void
check_worker (GTask        *task,
              gpointer      source_object,
              gpointer      task_data,
              GCancellable *cancellable)
{
  DuplexMessageProblem *problem = find_problem (task_data, cancellable);

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
