/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-session.h"

#include <string.h>

#include "core/io/duplex-session-private.h"
#include "core/model/duplex-history.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

/* What the specification's page says when its user disconnects. */
#define DEFAULT_CLOSE_REASON "Client closed connection"

G_DEFINE_FINAL_TYPE (DuplexSession, duplex_session, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_PROFILE,
  PROP_STATE,
  PROP_CAPTURE,
  PROP_UNVERIFIED,
  PROP_RTT,
  N_PROPS
};

enum {
  FAILED,
  ROOM,
  CLOSED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

GType
duplex_session_state_get_type (void)
{
  static gsize            type = 0;
  static const GEnumValue values[] = {
    { DUPLEX_SESSION_DISCONNECTED, "DUPLEX_SESSION_DISCONNECTED", "disconnected" },
    { DUPLEX_SESSION_CONNECTING, "DUPLEX_SESSION_CONNECTING", "connecting" },
    { DUPLEX_SESSION_OPEN, "DUPLEX_SESSION_OPEN", "open" },
    { DUPLEX_SESSION_CLOSING, "DUPLEX_SESSION_CLOSING", "closing" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("DuplexSessionState", values));
  return (GType)type;
}

static void
set_state (DuplexSession     *self,
           DuplexSessionState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

static void
set_unverified (DuplexSession *self,
                gboolean       unverified)
{
  if (self->unverified == unverified)
    return;
  self->unverified = unverified;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_UNVERIFIED]);
}

static void
set_rtt (DuplexSession *self,
         gint64         rtt_us)
{
  if (self->rtt == rtt_us)
    return;
  self->rtt = rtt_us;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RTT]);
}

/* ---- what the attempt reports ---- */

static void
attempt_opened_cb (DuplexAttempt *attempt,
                   gboolean       unverified,
                   gpointer       data)
{
  g_autoptr (DuplexSession) self = g_object_ref (data);

  self->refused_flags = duplex_attempt_get_refused_flags (attempt);
  set_unverified (self, unverified);
  duplex_session_begin_sending (self);
  set_state (self, DUPLEX_SESSION_OPEN);
}

static void
attempt_closing_cb (DuplexAttempt *attempt,
                    gpointer       data)
{
  set_state (data, DUPLEX_SESSION_CLOSING);
}

static void
attempt_pong_cb (DuplexAttempt *attempt,
                 gint64         rtt_us,
                 gpointer       data)
{
  set_rtt (data, rtt_us);
}

static void
attempt_room_cb (DuplexAttempt *attempt,
                 gpointer       data)
{
  g_signal_emit (data, signals[ROOM], 0);
}

static void
attempt_ended_cb (DuplexAttempt *attempt,
                  gboolean       was_open,
                  guint16        code,
                  const char    *reason,
                  gboolean       by_peer,
                  const GError  *error,
                  gpointer       data)
{
  g_autoptr (DuplexSession) self = g_object_ref (data);

  g_clear_pointer (&self->refused, g_free);
  self->refused = g_strdup (duplex_attempt_get_refused (attempt));
  self->refused_flags = duplex_attempt_get_refused_flags (attempt);
  duplex_attempt_forget (self->attempt);
  g_clear_pointer (&self->attempt, duplex_attempt_unref);

  set_unverified (self, FALSE);
  set_rtt (self, -1);
  set_state (self, DUPLEX_SESSION_DISCONNECTED);
  if (was_open)
    g_signal_emit (self, signals[CLOSED], 0, (guint)code, reason, by_peer);
  if (error != NULL)
    g_signal_emit (self, signals[FAILED], 0, error);
}

static const DuplexAttemptCallbacks attempt_callbacks = {
  .opened = attempt_opened_cb,
  .closing = attempt_closing_cb,
  .pong = attempt_pong_cb,
  .room = attempt_room_cb,
  .ended = attempt_ended_cb,
};

/* ---- the object ---- */

static void
duplex_session_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  DuplexSession *self = DUPLEX_SESSION (object);

  switch (prop_id)
    {
    case PROP_PROFILE:
      g_value_set_object (value, self->profile);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_CAPTURE:
      g_value_set_object (value, self->capture);
      break;
    case PROP_UNVERIFIED:
      g_value_set_boolean (value, self->unverified);
      break;
    case PROP_RTT:
      g_value_set_int64 (value, self->rtt);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_session_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_PROFILE:
      duplex_session_set_profile (DUPLEX_SESSION (object), g_value_get_object (value));
      break;
    case PROP_CAPTURE:
      DUPLEX_SESSION (object)->capture = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* An open connection still says its Close: the attempt does that on its own. */
static void
duplex_session_dispose (GObject *object)
{
  DuplexSession *self = DUPLEX_SESSION (object);

  if (self->attempt != NULL)
    {
      duplex_attempt_forget (self->attempt);
      if (self->state == DUPLEX_SESSION_CONNECTING)
        duplex_attempt_cancel (self->attempt);
      else
        duplex_attempt_close (self->attempt, DUPLEX_CLOSE_NORMAL, DEFAULT_CLOSE_REASON);
    }
  g_clear_pointer (&self->attempt, duplex_attempt_unref);
  g_clear_object (&self->profile);
  g_clear_object (&self->capture);
  G_OBJECT_CLASS (duplex_session_parent_class)->dispose (object);
}

static void
duplex_session_finalize (GObject *object)
{
  DuplexSession *self = DUPLEX_SESSION (object);

  g_clear_pointer (&self->options, duplex_session_options_free);
  g_clear_pointer (&self->composed, duplex_message_tracker_free);
  g_clear_pointer (&self->trusted, g_free);
  g_clear_pointer (&self->refused, g_free);
  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->profile_id, g_free);
  G_OBJECT_CLASS (duplex_session_parent_class)->finalize (object);
}

static void
duplex_session_constructed (GObject *object)
{
  DuplexSession *self = DUPLEX_SESSION (object);

  if (self->capture == NULL)
    self->capture = duplex_capture_new ();
  G_OBJECT_CLASS (duplex_session_parent_class)->constructed (object);
}

static void
duplex_session_class_init (DuplexSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = duplex_session_constructed;
  object_class->get_property = duplex_session_get_property;
  object_class->set_property = duplex_session_set_property;
  object_class->dispose = duplex_session_dispose;
  object_class->finalize = duplex_session_finalize;

  properties[PROP_PROFILE] =
    g_param_spec_object ("profile", NULL, NULL, DUPLEX_TYPE_PROFILE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL, DUPLEX_TYPE_SESSION_STATE, DUPLEX_SESSION_DISCONNECTED,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_CAPTURE] =
    g_param_spec_object ("capture", NULL, NULL, DUPLEX_TYPE_CAPTURE,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_UNVERIFIED] =
    g_param_spec_boolean ("unverified", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_RTT] =
    g_param_spec_int64 ("rtt", NULL, NULL, -1, G_MAXINT64, -1,
                        G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[ROOM] = g_signal_new ("room", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
  signals[CLOSED] =
    g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
duplex_session_init (DuplexSession *self)
{
  self->rtt = -1;
  self->options = duplex_session_options_new ();
}

DuplexSession *
duplex_session_new (DuplexProfile *profile)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), NULL);

  return g_object_new (DUPLEX_TYPE_SESSION, "profile", profile, NULL);
}

DuplexSession *
duplex_session_new_for_capture (DuplexProfile *profile,
                                DuplexCapture *capture)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), NULL);
  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), NULL);

  return g_object_new (DUPLEX_TYPE_SESSION, "profile", profile, "capture", capture, NULL);
}

DuplexProfile *
duplex_session_get_profile (DuplexSession *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), NULL);

  return self->profile;
}

void
duplex_session_set_profile (DuplexSession *self,
                            DuplexProfile *profile)
{
  g_return_if_fail (DUPLEX_IS_SESSION (self));
  g_return_if_fail (DUPLEX_IS_PROFILE (profile));

  if (g_set_object (&self->profile, profile))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROFILE]);
}

DuplexSessionState
duplex_session_get_state (DuplexSession *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), DUPLEX_SESSION_DISCONNECTED);

  return self->state;
}

DuplexCapture *
duplex_session_get_capture (DuplexSession *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), NULL);

  return self->capture;
}

gboolean
duplex_session_is_unverified (DuplexSession *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);

  return self->unverified;
}

gint64
duplex_session_get_rtt (DuplexSession *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), -1);

  return self->rtt;
}

/* ---- connecting ---- */

void
duplex_session_set_capture_folder (DuplexSession *self,
                                   const char    *folder,
                                   gboolean       record_secrets)
{
  g_return_if_fail (DUPLEX_IS_SESSION (self));

  g_free (self->folder);
  self->folder = g_strdup (folder);
  self->record_secrets = record_secrets;
}

void
duplex_session_set_profile_id (DuplexSession *self,
                               const char    *id)
{
  g_return_if_fail (DUPLEX_IS_SESSION (self));

  g_free (self->profile_id);
  self->profile_id = g_strdup (id);
}

void
duplex_session_set_capture_temporary (DuplexSession *self,
                                      gboolean       temporary)
{
  g_return_if_fail (DUPLEX_IS_SESSION (self));

  self->temporary = temporary;
}

gboolean
duplex_session_get_capture_temporary (DuplexSession *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);

  return self->temporary;
}

/* Before the first event. What goes wrong is the capture's to say. */
static void
begin_recording (DuplexSession *self)
{
  g_autofree char    *json = NULL;
  g_autofree char    *path = NULL;
  DuplexCaptureOrigin origin = { .keep_trying = TRUE };

  if (self->folder == NULL ||
      duplex_capture_get_recording (self->capture) != DUPLEX_RECORDING_OFF ||
      duplex_capture_is_begun (self->capture))
    return;
  origin.profile_name = duplex_profile_get_name (self->profile);
  if (origin.profile_name == NULL || *origin.profile_name == '\0')
    path = duplex_history_new_path (self->folder, duplex_profile_get_url (self->profile));
  else
    path = duplex_history_new_path (self->folder, origin.profile_name);
  json = duplex_profile_to_json (self->profile);
  origin.profile_json = json;
  origin.profile_id = self->profile_id;
  if (origin.profile_id == NULL)
    origin.profile_id = duplex_profile_get_id (self->profile);
  origin.record_secrets = self->record_secrets;
  origin.temporary = self->temporary;
  /* Where this fails, so does making the file, which is reported. */
  g_mkdir_with_parents (self->folder, 0700);
  duplex_capture_record (self->capture, path, &origin, NULL);
}

gboolean
duplex_session_connect (DuplexSession *self,
                        GError       **error)
{
  DuplexDialSettings *settings;

  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);

  if (self->attempt != NULL)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "A connection exists already");
      return FALSE;
    }
  if (duplex_capture_get_recording (self->capture) >= DUPLEX_RECORDING_ENDED)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "This is a recording, which has ended");
      return FALSE;
    }
  settings =
    duplex_session_options_build (self->options, self->profile, self->trusted, error);
  if (settings == NULL)
    return FALSE;

  begin_recording (self);
  g_clear_pointer (&self->refused, g_free);
  self->attempt = duplex_attempt_start (settings, self->capture,
                                        self->options->close_timeout,
                                        &attempt_callbacks, self);
  set_state (self, DUPLEX_SESSION_CONNECTING);
  return TRUE;
}

void
duplex_session_cancel (DuplexSession *self)
{
  g_return_if_fail (DUPLEX_IS_SESSION (self));

  if (self->state == DUPLEX_SESSION_CONNECTING)
    duplex_attempt_cancel (self->attempt);
}

gboolean
duplex_session_disconnect (DuplexSession *self,
                           guint16        code,
                           const char    *reason,
                           GError       **error)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);

  if (code == 0)
    {
      code = DUPLEX_CLOSE_NORMAL;
      reason = DEFAULT_CLOSE_REASON;
    }
  if (code != DUPLEX_CLOSE_NO_STATUS && !duplex_close_code_may_send (code))
    {
      g_set_error (
        error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
        "%u is no close code that may be sent; 1000 to 1003, 1007 to 1014 and 3000 to 4999 are",
        code);
      return FALSE;
    }
  if (reason != NULL && strlen (reason) > DUPLEX_LIMIT_CLOSE_REASON)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "The reason has %" G_GSIZE_FORMAT " bytes, and a Close frame has room for %d",
                   strlen (reason), DUPLEX_LIMIT_CLOSE_REASON);
      return FALSE;
    }
  if (self->state != DUPLEX_SESSION_OPEN)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_CLOSED, "There is no open connection");
      return FALSE;
    }
  duplex_attempt_close (self->attempt, code, reason);
  set_state (self, DUPLEX_SESSION_CLOSING);
  return TRUE;
}

/* ---- certificates and timeouts ---- */

const char *
duplex_session_get_refused_certificate (DuplexSession *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), NULL);

  return self->refused;
}

GTlsCertificateFlags
duplex_session_get_refused_flags (DuplexSession *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), G_TLS_CERTIFICATE_NO_FLAGS);

  return self->refused_flags;
}

void
duplex_session_trust_certificate (DuplexSession *self,
                                  const char    *fingerprint)
{
  g_return_if_fail (DUPLEX_IS_SESSION (self));

  g_free (self->trusted);
  self->trusted = g_strdup (fingerprint);
}

void
duplex_session_set_ca_file (DuplexSession *self,
                            const char    *path)
{
  g_return_if_fail (DUPLEX_IS_SESSION (self));

  g_free (self->options->ca_file);
  self->options->ca_file = g_strdup (path);
}

void
duplex_session_set_close_timeout (DuplexSession *self,
                                  guint          seconds)
{
  g_return_if_fail (DUPLEX_IS_SESSION (self));
  g_return_if_fail (seconds > 0);

  self->options->close_timeout = seconds;
}

DuplexSessionOptions *
duplex_session_get_options (DuplexSession *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), NULL);

  return self->options;
}
