/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-connect.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "cli/duplex-cli-aside.h"
#include "cli/duplex-cli-commands.h"
#include "cli/duplex-cli-follow.h"
#include "cli/duplex-cli-hex.h"
#include "cli/duplex-cli-input.h"
#include "cli/duplex-cli-options.h"
#include "cli/duplex-cli-printer.h"
#include "cli/duplex-cli-recording.h"
#include "cli/duplex-cli-status.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"

typedef struct
{
  /* owned */
  DuplexCliOptions   *options;
  DuplexSession      *session;
  GMainLoop          *loop;
  DuplexCliOutput    *output;
  DuplexCliPrinter   *printer;
  DuplexCliFollow    *follow;
  DuplexCliRecording *recording; /* of --capture, or NULL */
  DuplexCliInput     *input;     /* while lines come, or NULL */
  DuplexCliPrompt    *prompt;    /* on a terminal, or NULL */
  DuplexCliUpload    *upload;    /* of --file or the prompt */
  guint               wait_timer;

  /* state */
  DuplexCliStatus status;
  guint64         n_lines;
  guint64         n_queued; /* messages that were given to the session */
  guint64         n_left;   /* of them, those whose last byte has left */
  gint64          n_received;
  gboolean        interactive;
  gboolean        was_open;
  gboolean        input_ended;
  gboolean        waited; /* --wait is over, or was not asked for */
  gboolean        counted;
  gboolean        interrupted;
} Connect;

/* ---- the end ---- */

static void
say_close (Connect *self)
{
  /* Fails where the closing has begun already, which is as well. */
  duplex_session_disconnect (self->session, DUPLEX_CLOSE_NORMAL, NULL, NULL);
}

/* The Close is queued when all else has left: its timer counts from there, and it would cut a file
 * short. */
static void
close_when_done (Connect *self)
{
  if (duplex_cli_upload_get_state (self->upload) == DUPLEX_CLI_UPLOAD_RUNNING)
    return;
  if (self->counted ||
      (self->input_ended && self->waited && self->options->count == 0 &&
       self->n_left >= self->n_queued))
    say_close (self);
}

static gboolean
wait_over_cb (gpointer data)
{
  Connect *self = data;

  self->wait_timer = 0;
  self->waited = TRUE;
  /* With --count it bounds the wait for the messages that are missing. */
  if (self->options->count > 0)
    say_close (self);
  else
    close_when_done (self);
  return G_SOURCE_REMOVE;
}

static void
input_end_cb (gpointer data)
{
  Connect *self = data;

  g_clear_pointer (&self->input, duplex_cli_input_free);
  self->input_ended = TRUE;
  if (self->options->wait > 0)
    self->wait_timer = g_timeout_add ((guint)(self->options->wait * 1000), wait_over_cb, self);
  else
    self->waited = TRUE;
  close_when_done (self);
}

/* What the user gave cannot be sent: an end in order, and the status of a usage error. */
static void
give_up (Connect *self)
{
  self->status = DUPLEX_CLI_USAGE;
  self->counted = TRUE; /* also where it is not open yet */
  g_clear_pointer (&self->input, duplex_cli_input_free);
  say_close (self);
}

/* ---- sending ---- */

static gboolean
send_line (Connect    *self,
           const char *text,
           gsize       len,
           GError    **error)
{
  g_autoptr (GBytes) bytes = NULL;

  if (!self->options->binary)
    return duplex_session_send_text (self->session, text, (gssize)len, error);
  bytes = duplex_cli_hex_parse (text, len);
  if (bytes != NULL)
    return duplex_session_send_binary (self->session, bytes, error);
  g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                       _ ("these are not pairs of hexadecimal digits"));
  return FALSE;
}

static gboolean
input_line_cb (const char *text,
               gsize       len,
               gpointer    data)
{
  Connect           *self = data;
  g_autoptr (GError) error = NULL;

  if (send_line (self, text, len, &error))
    {
      self->n_lines++;
      self->n_queued++;
      return TRUE;
    }
  if (error->domain == DUPLEX_ERROR && error->code == DUPLEX_ERROR_INVALID_ARGUMENT)
    {
      duplex_cli_complain (_ ("line %llu: %s"), (unsigned long long)self->n_lines + 1,
                           error->message);
      give_up (self);
    }
  /* Full, or closing: the session says when there is room. */
  return FALSE;
}

static const DuplexCliInputCallbacks input_callbacks = {
  .line = input_line_cb,
  .end = input_end_cb,
};

static void
room_cb (DuplexSession *session,
         Connect       *self)
{
  if (self->input != NULL)
    duplex_cli_input_resume (self->input);
}

/* ---- a file ---- */

static void
upload_progress_cb (const char *text,
                    gpointer    data)
{
  Connect *self = data;

  if (self->prompt != NULL)
    duplex_cli_prompt_set_status (self->prompt, text);
}

/* Of --file. A connection that ended says itself what became of it. */
static void
file_over (Connect *self)
{
  DuplexCliUploadState state = duplex_cli_upload_get_state (self->upload);
  g_autofree char     *outcome = duplex_cli_upload_dup_outcome (self->upload);

  switch (state)
    {
    case DUPLEX_CLI_UPLOAD_SENT:
      input_end_cb (self);
      break;
    case DUPLEX_CLI_UPLOAD_CANCELLED:
      if (self->status == DUPLEX_CLI_OK)
        duplex_cli_complain ("%s", outcome);
      say_close (self);
      break;
    case DUPLEX_CLI_UPLOAD_SHRUNK:
    case DUPLEX_CLI_UPLOAD_UNUSABLE:
      duplex_cli_complain ("%s", outcome);
      give_up (self);
      break;
    case DUPLEX_CLI_UPLOAD_LOST:
    case DUPLEX_CLI_UPLOAD_NONE:
    case DUPLEX_CLI_UPLOAD_RUNNING:
    default:
      break;
    }
}

static void
upload_over_cb (gpointer data)
{
  Connect         *self = data;
  g_autofree char *outcome = NULL;

  if (self->options->file != NULL)
    {
      file_over (self);
      return;
    }
  outcome = duplex_cli_upload_dup_outcome (self->upload);
  if (self->prompt != NULL)
    duplex_cli_prompt_note (self->prompt, outcome);
}

static const DuplexCliUploadCallbacks upload_callbacks = {
  .progress = upload_progress_cb,
  .over = upload_over_cb,
};

static DuplexCliUploadShow
get_show (Connect *self)
{
  if (self->interactive)
    return DUPLEX_CLI_UPLOAD_TOLD;
  if (self->options->progress)
    return DUPLEX_CLI_UPLOAD_LINES;
  return isatty (STDERR_FILENO) ? DUPLEX_CLI_UPLOAD_LINE : DUPLEX_CLI_UPLOAD_QUIET;
}

static void
send_file (Connect *self)
{
  g_autoptr (GError) error = NULL;

  if (duplex_cli_upload_start (self->upload, self->options->file, self->options->binary, &error))
    return;
  duplex_cli_complain ("%s", error->message);
  give_up (self);
}

/* What is not there whole is no success, whatever the Close says. */
static void
check_file_was_sent (Connect *self)
{
  DuplexCliUploadState state = duplex_cli_upload_get_state (self->upload);
  g_autofree char     *outcome = NULL;

  if (self->options->file == NULL || self->status != DUPLEX_CLI_OK ||
      state == DUPLEX_CLI_UPLOAD_SENT)
    return;
  self->status = DUPLEX_CLI_CLOSED;
  if (state == DUPLEX_CLI_UPLOAD_CANCELLED)
    return;
  outcome = duplex_cli_upload_dup_outcome (self->upload);
  duplex_cli_complain ("%s", outcome);
}

/* ---- on a terminal ---- */

static void
prompt_line_cb (const char *line,
                gpointer    data)
{
  Connect                *self = data;
  const DuplexCliCommands commands = {
    .session = self->session,
    .upload = self->upload,
    .prompt = self->prompt,
    .binary = self->options->binary,
  };
  g_autoptr (GError) error = NULL;

  if (!duplex_cli_commands_obey (&commands, line, &error))
    duplex_cli_prompt_note (self->prompt, error->message);
}

static void
prompt_end_cb (gpointer data)
{
  Connect *self = data;

  self->input_ended = self->waited = TRUE;
  say_close (self);
}

static const DuplexCliPromptCallbacks prompt_callbacks = {
  .line = prompt_line_cb,
  .end = prompt_end_cb,
};

static void
begin_input (Connect *self)
{
  if (self->options->echo)
    return;
  if (self->options->file != NULL)
    send_file (self);
  else if (self->interactive)
    {
      self->prompt = duplex_cli_prompt_new (&prompt_callbacks, self);
      duplex_cli_prompt_note (self->prompt, _ ("Connected. /help lists the commands."));
    }
  else
    self->input = duplex_cli_input_new (STDIN_FILENO, self->options->interval, &input_callbacks,
                                        self);
}

/* ---- events ---- */

static void
event_cb (const DuplexEvent *event,
          gpointer           data)
{
  Connect *self = data;
  gboolean data_frame =
    event->kind == DUPLEX_EVENT_FRAME && !duplex_opcode_is_control (event->opcode);

  if (data_frame && event->direction == DUPLEX_DIRECTION_SENT &&
      (event->flags & DUPLEX_EVENT_FLAG_ROW))
    self->n_left++;
  /* The messages that were asked for, and the frames that end it all. */
  if (data_frame && self->counted && event->direction == DUPLEX_DIRECTION_RECEIVED)
    return;
  if (self->prompt != NULL)
    duplex_cli_aside_tell (self->printer, self->session, event);
  if (duplex_cli_printer_take (self->printer, duplex_session_get_capture (self->session), event))
    {
      self->n_received++;
      self->counted = self->options->count > 0 && self->n_received >= self->options->count;
    }
}

static void
batch_cb (gpointer data)
{
  Connect *self = data;

  if (duplex_cli_output_get_buffer (self->output)->len > 0)
    {
      if (self->prompt != NULL)
        duplex_cli_prompt_hide (self->prompt);
      duplex_cli_upload_hide (self->upload);
    }
  if (!duplex_cli_output_flush (self->output) && self->status == DUPLEX_CLI_OK)
    {
      /* A reader that has seen enough is no news. */
      if (duplex_cli_output_get_failure (self->output) != EPIPE)
        duplex_cli_complain (_ ("writing failed: %s"),
                             g_strerror (duplex_cli_output_get_failure (self->output)));
      give_up (self);
    }
  if (self->prompt != NULL)
    duplex_cli_prompt_show (self->prompt);
  close_when_done (self);
}

static const DuplexCliFollowCallbacks follow_callbacks = {
  .event = event_cb,
  .batch = batch_cb,
};

/* ---- the session ---- */

static void
state_cb (DuplexSession *session,
          GParamSpec    *pspec,
          Connect       *self)
{
  if (duplex_session_get_state (session) != DUPLEX_SESSION_OPEN)
    return;
  self->was_open = TRUE;
  begin_input (self);
  /* All that was asked for may have come with the handshake, before this was known to be open. */
  close_when_done (self);
}

static void
closed_cb (DuplexSession *session,
           guint          code,
           const char    *reason,
           gboolean       by_peer,
           Connect       *self)
{
  g_clear_pointer (&self->prompt, duplex_cli_prompt_free);
  duplex_cli_upload_hide (self->upload);
  duplex_cli_follow_run (self->follow);
  if (self->status == DUPLEX_CLI_OK)
    self->status = duplex_cli_status_of_code ((guint16)code);
  if (self->status == DUPLEX_CLI_CLOSED || self->interactive)
    duplex_cli_complain (_ ("closed with %u %s%s%s"), code,
                         _ (duplex_close_code_get_name ((guint16)code)),
                         *reason != '\0' ? ": " : "", reason);
  check_file_was_sent (self);
  g_main_loop_quit (self->loop);
}

static void
failed_cb (DuplexSession *session,
           GError        *error,
           Connect       *self)
{
  duplex_cli_upload_hide (self->upload);
  duplex_cli_follow_run (self->follow);
  if (self->status == DUPLEX_CLI_OK || self->status == DUPLEX_CLI_CLOSED)
    self->status = duplex_cli_status_of_error (error, self->was_open);
  duplex_cli_complain ("%s", error->message);
  g_main_loop_quit (self->loop);
}

/* The first asks for an end in order, the second for the end. */
static gboolean
interrupt_cb (gpointer data)
{
  Connect           *self = data;
  DuplexSessionState state = duplex_session_get_state (self->session);

  if (self->interrupted || state == DUPLEX_SESSION_CLOSING)
    {
      self->status = self->was_open ? DUPLEX_CLI_CLOSED : DUPLEX_CLI_CONNECT;
      g_main_loop_quit (self->loop);
      return G_SOURCE_CONTINUE;
    }
  self->interrupted = TRUE;
  if (state == DUPLEX_SESSION_CONNECTING)
    duplex_session_cancel (self->session);
  g_clear_pointer (&self->input, duplex_cli_input_free);
  /* A file that is under way is over first, and said to be. */
  duplex_cli_upload_cancel (self->upload);
  say_close (self);
  return G_SOURCE_CONTINUE;
}

/* ---- the run ---- */

static void
connect_clear (Connect *self)
{
  g_clear_pointer (&self->prompt, duplex_cli_prompt_free);
  g_clear_pointer (&self->input, duplex_cli_input_free);
  g_clear_pointer (&self->follow, duplex_cli_follow_free);
  g_clear_handle_id (&self->wait_timer, g_source_remove);
  g_clear_pointer (&self->printer, duplex_cli_printer_free);
  g_clear_pointer (&self->recording, duplex_cli_recording_free);
  g_clear_pointer (&self->output, duplex_cli_output_free);
  g_clear_pointer (&self->upload, duplex_cli_upload_free);
  g_clear_object (&self->session);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->options, duplex_cli_options_free);
}

static gboolean
prepare (Connect *self,
         int      argc,
         char   **argv,
         GError **error)
{
  DuplexCliPrint what;

  self->options = duplex_cli_options_parse (argc, argv, error);
  if (self->options == NULL)
    return FALSE;
  self->session = duplex_cli_options_make_session (self->options, error);
  if (self->session == NULL)
    return FALSE;
  what = duplex_cli_options_get_print (self->options);
  self->interactive = isatty (STDIN_FILENO) && !self->options->echo && self->options->file == NULL;
  self->upload = duplex_cli_upload_new (self->session, get_show (self), &upload_callbacks, self);
  self->output = duplex_cli_output_new (STDOUT_FILENO);
  self->printer = duplex_cli_printer_new (what, self->options->nul ? '\0' : '\n', self->output);
  duplex_cli_printer_set_escapes (self->printer, isatty (STDOUT_FILENO));
  duplex_cli_printer_set_marks (self->printer, self->interactive, /* sent_too= */ FALSE);
  self->follow = duplex_cli_follow_new (duplex_session_get_capture (self->session),
                                        &follow_callbacks, self);
  self->loop = g_main_loop_new (NULL, FALSE);
  if (self->options->capture != NULL)
    {
      self->recording = duplex_cli_recording_new (self->options, self->session, error);
      return self->recording != NULL;
    }
  return TRUE;
}

int
duplex_cli_connect (int    argc,
                    char **argv)
{
  Connect            self = { .status = DUPLEX_CLI_OK };
  g_autoptr (GError) error = NULL;
  DuplexCliStatus    status = DUPLEX_CLI_USAGE;
  guint              sources[2];

  if (!prepare (&self, argc, argv, &error))
    goto out;
  g_signal_connect (self.session, "notify::state", G_CALLBACK (state_cb), &self);
  g_signal_connect (self.session, "closed", G_CALLBACK (closed_cb), &self);
  g_signal_connect (self.session, "failed", G_CALLBACK (failed_cb), &self);
  g_signal_connect (self.session, "room", G_CALLBACK (room_cb), &self);
  if (!duplex_session_connect (self.session, &error))
    {
      if (self.recording != NULL)
        duplex_cli_recording_discard (self.recording);
      goto out;
    }

  sources[0] = g_unix_signal_add (SIGINT, interrupt_cb, &self);
  sources[1] = g_unix_signal_add (SIGTERM, interrupt_cb, &self);
  g_main_loop_run (self.loop);
  g_source_remove (sources[0]);
  g_source_remove (sources[1]);
  g_signal_handlers_disconnect_by_data (self.session, &self);
  status = self.status;
  if (status == DUPLEX_CLI_OK && !self.interrupted && self.n_received < self.options->count)
    {
      duplex_cli_complain (_ ("closed after %lld of %lld messages"), (long long)self.n_received,
                           (long long)self.options->count);
      status = DUPLEX_CLI_ASSERTION;
    }
  /* How the connection ended says more. */
  if (self.recording != NULL && !duplex_cli_recording_finish (self.recording) &&
      status == DUPLEX_CLI_OK)
    status = DUPLEX_CLI_USAGE;

out:
  if (error != NULL)
    duplex_cli_complain ("%s", error->message);
  connect_clear (&self);
  return (int)status;
}
