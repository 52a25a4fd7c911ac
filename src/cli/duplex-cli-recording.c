/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cli/duplex-cli-recording.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "cli/duplex-cli-status.h"

struct _DuplexCliRecording
{
  DuplexCapture *capture;
  char          *path;
  gulong         recording_id;
  gboolean       said; /* that it stalls */
};

/* It may do so many times while the disk is nearly full. */
static void
recording_cb (DuplexCapture      *capture,
              GParamSpec         *pspec,
              DuplexCliRecording *self)
{
  g_autofree char *trouble = NULL;

  if (self->said || duplex_capture_get_recording (capture) != DUPLEX_RECORDING_STALLED)
    return;
  self->said = TRUE;
  trouble = duplex_capture_dup_trouble (capture);
  duplex_cli_complain (_ ("recording stalled: %s"), trouble != NULL ? trouble : self->path);
}

static gboolean
begin (DuplexCliRecording     *self,
       const DuplexCliOptions *options,
       DuplexSession          *session,
       GError                **error)
{
  DuplexProfile            *profile = duplex_session_get_profile (session);
  g_autofree char          *json = duplex_profile_to_json (profile);
  g_autoptr (GError)        local = NULL;
  const DuplexCaptureOrigin origin = {
    .profile_json = json,
    .profile_name = options->profile != NULL ? duplex_profile_get_name (profile) : NULL,
    .profile_id = options->profile_id,
    .record_secrets = options->record_secrets,
  };

  if (duplex_capture_record (self->capture, self->path, &origin, &local))
    return TRUE;
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_EXISTS))
    g_set_error (error, local->domain, local->code,
                 _ ("“%s” exists; a capture is a new file"), self->path);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

DuplexCliRecording *
duplex_cli_recording_new (const DuplexCliOptions *options,
                          DuplexSession          *session,
                          GError                **error)
{
  g_autoptr (DuplexCliRecording) self = g_new0 (DuplexCliRecording, 1);

  self->capture = g_object_ref (duplex_session_get_capture (session));
  self->path = g_strdup (options->capture);
  if (!begin (self, options, session, error))
    return NULL;
  self->recording_id =
    g_signal_connect (self->capture, "notify::recording", G_CALLBACK (recording_cb), self);
  return g_steal_pointer (&self);
}

void
duplex_cli_recording_free (DuplexCliRecording *self)
{
  if (self == NULL)
    return;
  g_clear_signal_handler (&self->recording_id, self->capture);
  g_clear_object (&self->capture);
  g_free (self->path);
  g_free (self);
}

gboolean
duplex_cli_recording_finish (DuplexCliRecording *self)
{
  g_autoptr (GError) error = NULL;
  gboolean           done = duplex_capture_finish (self->capture, &error);
  guint64            n_not_kept = duplex_capture_get_n_not_kept (self->capture);

  /* Which is said below. */
  if (!done && !(n_not_kept > 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT)))
    duplex_cli_complain ("%s", error->message);
  if (n_not_kept > 0)
    duplex_cli_complain (_ ("%s: %llu events were not kept"), self->path,
                         (unsigned long long)n_not_kept);
  return done && n_not_kept == 0;
}

void
duplex_cli_recording_discard (DuplexCliRecording *self)
{
  duplex_capture_finish (self->capture, NULL);
  g_unlink (self->path);
}
