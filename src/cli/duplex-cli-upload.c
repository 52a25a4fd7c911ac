/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-upload.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/duplex-cli-progress.h"
#include "cli/duplex-cli-status.h"
#include "core/proto/duplex-error.h"

/* ms between two looks at how far it is. */
#define LINE_INTERVAL  250
#define LINES_INTERVAL 1000

/* Takes the line away that the cursor is in. */
#define CLEAR_LINE "\r\033[K"

struct _DuplexCliUpload
{
  /* owned */
  DuplexSession    *session;
  DuplexTransfer   *transfer;
  GCancellable     *opening; /* a pipe whose writer is waited for */
  GError           *error;   /* of opening it */
  char             *path;
  DuplexCliProgress progress;
  guint             timer;

  /* borrowed */
  const DuplexCliUploadCallbacks *callbacks;
  gpointer                        user_data;

  /* state */
  DuplexCliUploadShow  show;
  DuplexCliUploadState state;
  gboolean             binary;
  gboolean             line_shown;
};

/* ---- progress ---- */

void
duplex_cli_upload_hide (DuplexCliUpload *self)
{
  if (!self->line_shown)
    return;
  self->line_shown = FALSE;
  fputs (CLEAR_LINE, stderr);
  fflush (stderr);
}

static void
show_text (DuplexCliUpload *self,
           const char      *text)
{
  if (self->show == DUPLEX_CLI_UPLOAD_LINES)
    duplex_cli_complain ("%s", text);
  else
    fprintf (stderr, CLEAR_LINE "%s", text);
  self->line_shown = self->show == DUPLEX_CLI_UPLOAD_LINE;
  fflush (stderr);
}

static gboolean
look_cb (gpointer data)
{
  DuplexCliUpload *self = data;
  g_autofree char *text = NULL;

  if (self->transfer == NULL)
    return G_SOURCE_CONTINUE;
  duplex_cli_progress_look (&self->progress, duplex_transfer_get_sent (self->transfer),
                            g_get_monotonic_time ());
  if (self->show == DUPLEX_CLI_UPLOAD_TOLD)
    {
      text = duplex_cli_progress_dup_short (&self->progress);
      self->callbacks->progress (text, self->user_data);
      return G_SOURCE_CONTINUE;
    }
  text = duplex_cli_progress_dup_text (&self->progress, /* at_end= */ FALSE);
  show_text (self, text);
  return G_SOURCE_CONTINUE;
}

static void
begin_progress (DuplexCliUpload *self)
{
  guint64 size = self->transfer != NULL ? duplex_transfer_get_size (self->transfer) : 0;

  duplex_cli_progress_begin (&self->progress, self->path, size, g_get_monotonic_time ());
  if (self->show != DUPLEX_CLI_UPLOAD_QUIET && self->timer == 0)
    self->timer = g_timeout_add (self->show == DUPLEX_CLI_UPLOAD_LINES ? LINES_INTERVAL
                                                                       : LINE_INTERVAL,
                                 look_cb, self);
}

/* What was sent stays there to be read. */
static void
end_progress (DuplexCliUpload *self)
{
  g_autofree char *text = NULL;

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->transfer != NULL)
    duplex_cli_progress_look (&self->progress, duplex_transfer_get_sent (self->transfer),
                              g_get_monotonic_time ());
  if (self->show == DUPLEX_CLI_UPLOAD_TOLD)
    self->callbacks->progress (NULL, self->user_data);
  else if (self->show != DUPLEX_CLI_UPLOAD_QUIET && self->state == DUPLEX_CLI_UPLOAD_SENT)
    {
      text = duplex_cli_progress_dup_text (&self->progress, /* at_end= */ TRUE);
      show_text (self, text);
      if (self->line_shown)
        fputc ('\n', stderr);
      self->line_shown = FALSE;
    }
  duplex_cli_upload_hide (self);
}

/* ---- the transfer ---- */

static DuplexCliUploadState
get_end_of_error (const GError *error)
{
  return g_error_matches (error, DUPLEX_ERROR, DUPLEX_ERROR_CLOSED) ? DUPLEX_CLI_UPLOAD_LOST
                                                                    : DUPLEX_CLI_UPLOAD_UNUSABLE;
}

static DuplexCliUploadState
get_end (DuplexTransfer *transfer)
{
  switch (duplex_transfer_get_state (transfer))
    {
    case DUPLEX_TRANSFER_SENT:
      return duplex_transfer_get_sent (transfer) < duplex_transfer_get_size (transfer)
               ? DUPLEX_CLI_UPLOAD_SHRUNK
               : DUPLEX_CLI_UPLOAD_SENT;
    case DUPLEX_TRANSFER_CANCELLED:
      return DUPLEX_CLI_UPLOAD_CANCELLED;
    case DUPLEX_TRANSFER_FAILED:
      return get_end_of_error (duplex_transfer_get_error (transfer));
    case DUPLEX_TRANSFER_WAITING:
    case DUPLEX_TRANSFER_SENDING:
    default:
      return DUPLEX_CLI_UPLOAD_RUNNING;
    }
}

static void
end (DuplexCliUpload     *self,
     DuplexCliUploadState state)
{
  self->state = state;
  end_progress (self);
  self->callbacks->over (self->user_data);
}

static void
transfer_state_cb (DuplexTransfer  *transfer,
                   GParamSpec      *pspec,
                   DuplexCliUpload *self)
{
  if (duplex_transfer_is_over (transfer))
    end (self, get_end (transfer));
}

static void
forget_transfer (DuplexCliUpload *self)
{
  if (self->transfer != NULL)
    g_signal_handlers_disconnect_by_data (self->transfer, self);
  g_clear_object (&self->transfer);
}

static gboolean
send_file (DuplexCliUpload *self,
           GError         **error)
{
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (self->path);

  self->transfer = duplex_session_send_file (
    self->session, self->binary ? DUPLEX_OPCODE_BINARY : DUPLEX_OPCODE_TEXT, file, error);
  if (self->transfer == NULL)
    return FALSE;
  self->state = DUPLEX_CLI_UPLOAD_RUNNING;
  g_signal_connect (self->transfer, "notify::state", G_CALLBACK (transfer_state_cb), self);
  begin_progress (self);
  return TRUE;
}

/* ---- a pipe with a name ---- */

/* Opening one waits for its writer, and the main loop must not. Here it is held open from both ends
 * until the session has opened it too, which then does not wait. */
typedef struct
{
  int ends[2];
} Held;

static void
held_free (gpointer data)
{
  Held *held = data;

  for (int i = 0; i < 2; i++)
    if (held->ends[i] >= 0)
      close (held->ends[i]);
  g_free (held);
}

static void
open_worker (GTask        *task,
             gpointer      source,
             gpointer      data,
             GCancellable *cancellable)
{
  const char *path = data;
  Held       *held = g_new0 (Held, 1);

  held->ends[0] = open (path, O_RDONLY | O_CLOEXEC);
  if (held->ends[0] < 0)
    {
      int why = errno;

      g_free (held);
      g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (why), "%s",
                               g_strerror (why));
      return;
    }
  held->ends[1] = open (path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  g_task_return_pointer (task, held, held_free);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  DuplexCliUpload   *self = data;
  g_autoptr (GError) error = NULL;
  Held              *held = g_task_propagate_pointer (G_TASK (result), &error);

  /* Then self may be gone. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->opening);
  if (held == NULL || !send_file (self, &error))
    {
      self->error = g_steal_pointer (&error);
      end (self, get_end_of_error (self->error));
    }
  g_clear_pointer (&held, held_free);
}

static gboolean
is_fifo (const char *path)
{
  struct stat info;

  return stat (path, &info) == 0 && S_ISFIFO (info.st_mode);
}

static void
open_fifo (DuplexCliUpload *self)
{
  g_autoptr (GTask) task = NULL;

  self->opening = g_cancellable_new ();
  self->state = DUPLEX_CLI_UPLOAD_RUNNING;
  task = g_task_new (NULL, self->opening, opened_cb, self);
  g_task_set_source_tag (task, open_fifo);
  g_task_set_task_data (task, g_strdup (self->path), g_free);
  g_task_run_in_thread (task, open_worker);
}

/* ---- the way in ---- */

DuplexCliUpload *
duplex_cli_upload_new (DuplexSession                  *session,
                       DuplexCliUploadShow             show,
                       const DuplexCliUploadCallbacks *callbacks,
                       gpointer                        user_data)
{
  DuplexCliUpload *self = g_new0 (DuplexCliUpload, 1);

  self->session = g_object_ref (session);
  self->show = show;
  self->callbacks = callbacks;
  self->user_data = user_data;
  return self;
}

void
duplex_cli_upload_free (DuplexCliUpload *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  duplex_cli_upload_hide (self);
  forget_transfer (self);
  if (self->opening != NULL)
    g_cancellable_cancel (self->opening);
  g_clear_object (&self->opening);
  g_clear_object (&self->session);
  g_clear_error (&self->error);
  duplex_cli_progress_clear (&self->progress);
  g_free (self->path);
  g_free (self);
}

gboolean
duplex_cli_upload_start (DuplexCliUpload *self,
                         const char      *path,
                         gboolean         binary,
                         GError         **error)
{
  if (self->state == DUPLEX_CLI_UPLOAD_RUNNING)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   _ ("%s is still being sent; /cancel stops it"), self->path);
      return FALSE;
    }
  forget_transfer (self);
  g_clear_error (&self->error);
  g_free (self->path);
  self->path = g_strdup (path);
  self->binary = binary;
  if (!is_fifo (path))
    return send_file (self, error);
  open_fifo (self);
  return TRUE;
}

gboolean
duplex_cli_upload_cancel (DuplexCliUpload *self)
{
  if (self->state != DUPLEX_CLI_UPLOAD_RUNNING)
    return FALSE;
  if (self->opening == NULL)
    {
      duplex_transfer_cancel (self->transfer);
      return TRUE;
    }
  g_cancellable_cancel (self->opening);
  g_clear_object (&self->opening);
  end (self, DUPLEX_CLI_UPLOAD_CANCELLED);
  return TRUE;
}

DuplexCliUploadState
duplex_cli_upload_get_state (DuplexCliUpload *self)
{
  return self->state;
}

static char *
dup_error_text (DuplexCliUpload *self)
{
  const GError *error = self->error;

  if (self->transfer == NULL)
    return g_strdup_printf ("%s: %s", self->path, error->message);
  error = duplex_transfer_get_error (self->transfer);
  /* That of text names the byte. */
  if (error->domain == DUPLEX_ERROR)
    return g_strdup_printf ("%s: %s", self->path, error->message);
  return g_strdup_printf (_ ("%s: %s, after %llu bytes"), self->path, error->message,
                          (unsigned long long)duplex_transfer_get_sent (self->transfer));
}

char *
duplex_cli_upload_dup_outcome (DuplexCliUpload *self)
{
  unsigned long long sent = 0;
  unsigned long long size = 0;

  if (self->transfer != NULL)
    {
      sent = duplex_transfer_get_sent (self->transfer);
      size = duplex_transfer_get_size (self->transfer);
    }
  switch (self->state)
    {
    case DUPLEX_CLI_UPLOAD_SENT:
      return duplex_cli_progress_dup_text (&self->progress, /* at_end= */ TRUE);
    case DUPLEX_CLI_UPLOAD_SHRUNK:
      return g_strdup_printf (_ ("%s: it has become shorter while it was sent: %llu bytes of %llu"),
                              self->path, sent, size);
    case DUPLEX_CLI_UPLOAD_CANCELLED:
      if (sent == 0)
        return g_strdup_printf (_ ("%s: cancelled, nothing of it was sent"), self->path);
      return g_strdup_printf (_ ("%s: cancelled after %llu bytes; the server gets the message "
                                 "short"),
                              self->path, sent);
    case DUPLEX_CLI_UPLOAD_UNUSABLE:
      return dup_error_text (self);
    case DUPLEX_CLI_UPLOAD_LOST:
    case DUPLEX_CLI_UPLOAD_RUNNING:
    case DUPLEX_CLI_UPLOAD_NONE:
    default:
      return g_strdup_printf (_ ("%s: the connection ended after %llu bytes of it"), self->path,
                              sent);
    }
}
