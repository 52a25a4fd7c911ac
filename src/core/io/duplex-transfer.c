/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "core/io/duplex-transfer-private.h"
#include "core/proto/duplex-error.h"

/* ms between two changes that are told. */
#define TELL_INTERVAL 50

struct _DuplexTransfer
{
  GObject parent_instance;

  /* owned, set for life */
  GMainContext *owner;
  GInputStream *stream;
  DuplexOpcode  opcode;
  guint64       size;

  /* of the owner's thread: what was told */
  DuplexTransferState state;
  guint64             sent;
  GError             *error;

  /* both threads, under the mutex: what is to be told */
  GMutex                   mutex;
  gboolean                 telling; /* a source is on its way */
  DuplexTransferState      next_state;
  guint64                  next_sent;
  GError                  *next_error;
  DuplexTransferCancelFunc cancel;
  gpointer                 cancel_data;
  GDestroyNotify           cancel_destroy;
};

G_DEFINE_FINAL_TYPE (DuplexTransfer, duplex_transfer, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_STATE,
  PROP_SENT,
  PROP_SIZE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

GType
duplex_transfer_state_get_type (void)
{
  static gsize            type = 0;
  static const GEnumValue values[] = {
    { DUPLEX_TRANSFER_WAITING, "DUPLEX_TRANSFER_WAITING", "waiting" },
    { DUPLEX_TRANSFER_SENDING, "DUPLEX_TRANSFER_SENDING", "sending" },
    { DUPLEX_TRANSFER_SENT, "DUPLEX_TRANSFER_SENT", "sent" },
    { DUPLEX_TRANSFER_CANCELLED, "DUPLEX_TRANSFER_CANCELLED", "cancelled" },
    { DUPLEX_TRANSFER_FAILED, "DUPLEX_TRANSFER_FAILED", "failed" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("DuplexTransferState", values));
  return (GType)type;
}

static gboolean
is_end (DuplexTransferState state)
{
  return state >= DUPLEX_TRANSFER_SENT;
}

static void
forget_canceller (DuplexTransfer *self)
{
  GDestroyNotify destroy;
  gpointer       data;

  g_mutex_lock (&self->mutex);
  destroy = self->cancel_destroy;
  data = self->cancel_data;
  self->cancel = NULL;
  self->cancel_destroy = NULL;
  self->cancel_data = NULL;
  g_mutex_unlock (&self->mutex);
  if (destroy != NULL)
    destroy (data);
}

static void
duplex_transfer_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  DuplexTransfer *self = DUPLEX_TRANSFER (object);

  switch (prop_id)
    {
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_SENT:
      g_value_set_uint64 (value, self->sent);
      break;
    case PROP_SIZE:
      g_value_set_uint64 (value, self->size);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_transfer_finalize (GObject *object)
{
  DuplexTransfer *self = DUPLEX_TRANSFER (object);

  forget_canceller (self);
  g_clear_pointer (&self->owner, g_main_context_unref);
  g_clear_object (&self->stream);
  g_clear_error (&self->error);
  g_clear_error (&self->next_error);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (duplex_transfer_parent_class)->finalize (object);
}

static void
duplex_transfer_class_init (DuplexTransferClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = duplex_transfer_get_property;
  object_class->finalize = duplex_transfer_finalize;

  properties[PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL, DUPLEX_TYPE_TRANSFER_STATE, DUPLEX_TRANSFER_WAITING,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_SENT] =
    g_param_spec_uint64 ("sent", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_SIZE] =
    g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_transfer_init (DuplexTransfer *self)
{
  g_mutex_init (&self->mutex);
}

/* ---- the sending side ---- */

static gboolean
is_pipe (const char *path)
{
  GStatBuf status;

  return path != NULL && g_stat (path, &status) == 0 && S_ISFIFO (status.st_mode);
}

/* Opening it as any other file would wait for whoever writes to it, on the caller's thread. As it
 * is, the reading waits, and holds no thread. */
static GInputStream *
open_pipe (const char *path,
           GError    **error)
{
  int fd = g_open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  int why = errno;

  if (fd >= 0)
    return g_unix_input_stream_new (fd, /* close_fd= */ TRUE);
  g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (why), "Cannot open %s: %s", path,
               g_strerror (why));
  return NULL;
}

static GInputStream *
open_file (GFile   *file,
           guint64 *ret_size,
           GError **error)
{
  g_autofree char             *path = g_file_get_path (file);
  g_autoptr (GFileInputStream) stream = NULL;
  g_autoptr (GFileInfo)        info = NULL;

  if (is_pipe (path))
    return open_pipe (path, error);
  stream = g_file_read (file, NULL, error);
  if (stream == NULL)
    return NULL;
  /* A device has none. */
  info = g_file_input_stream_query_info (stream, G_FILE_ATTRIBUTE_STANDARD_SIZE, NULL, NULL);
  if (info != NULL && g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_STANDARD_SIZE))
    *ret_size = (guint64)g_file_info_get_size (info);
  return G_INPUT_STREAM (g_steal_pointer (&stream));
}

DuplexTransfer *
duplex_transfer_new (GFile       *file,
                     DuplexOpcode opcode,
                     GError     **error)
{
  g_autoptr (GInputStream) stream = NULL;
  DuplexTransfer          *self;
  guint64                  size = 0;

  g_return_val_if_fail (G_IS_FILE (file), NULL);

  stream = open_file (file, &size, error);
  if (stream == NULL)
    return NULL;
  self = g_object_new (DUPLEX_TYPE_TRANSFER, NULL);
  self->owner = g_main_context_ref_thread_default ();
  self->opcode = opcode;
  self->size = size;
  self->stream = g_steal_pointer (&stream);
  return self;
}

void
duplex_transfer_set_canceller (DuplexTransfer          *self,
                               DuplexTransferCancelFunc func,
                               gpointer                 data,
                               GDestroyNotify           destroy)
{
  g_return_if_fail (DUPLEX_IS_TRANSFER (self));

  g_mutex_lock (&self->mutex);
  self->cancel = func;
  self->cancel_data = data;
  self->cancel_destroy = destroy;
  g_mutex_unlock (&self->mutex);
}

DuplexOpcode
duplex_transfer_get_opcode (DuplexTransfer *self)
{
  g_return_val_if_fail (DUPLEX_IS_TRANSFER (self), DUPLEX_OPCODE_BINARY);

  return self->opcode;
}

GInputStream *
duplex_transfer_get_stream (DuplexTransfer *self)
{
  g_return_val_if_fail (DUPLEX_IS_TRANSFER (self), NULL);

  return self->stream;
}

static gboolean
tell_cb (gpointer data)
{
  DuplexTransfer *self = data;
  gboolean        changed_state;

  g_mutex_lock (&self->mutex);
  if (!self->telling)
    {
      /* The end was told by another. */
      g_mutex_unlock (&self->mutex);
      return G_SOURCE_REMOVE;
    }
  self->telling = FALSE;
  changed_state = self->state != self->next_state;
  self->state = self->next_state;
  self->sent = self->next_sent;
  if (self->error == NULL)
    self->error = g_steal_pointer (&self->next_error);
  g_mutex_unlock (&self->mutex);

  if (is_end (self->state))
    forget_canceller (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SENT]);
  if (changed_state)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  return G_SOURCE_REMOVE;
}

/* With the mutex held. */
static void
tell (DuplexTransfer *self,
      guint           in_ms)
{
  g_autoptr (GSource) source = NULL;

  if (self->telling && in_ms > 0)
    return;
  self->telling = TRUE;
  source = g_timeout_source_new (in_ms);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, tell_cb, g_object_ref (self), g_object_unref);
  g_source_attach (source, self->owner);
}

void
duplex_transfer_report (DuplexTransfer     *self,
                        DuplexTransferState state,
                        guint64             sent,
                        const GError       *error)
{
  g_return_if_fail (DUPLEX_IS_TRANSFER (self));

  g_mutex_lock (&self->mutex);
  if (!is_end (self->next_state))
    {
      self->next_state = state;
      self->next_sent = MAX (self->next_sent, sent);
      if (error != NULL)
        self->next_error = g_error_copy (error);
      tell (self, is_end (state) ? 0 : TELL_INTERVAL);
    }
  g_mutex_unlock (&self->mutex);
}

void
duplex_transfer_refuse (DuplexTransfer *self)
{
  g_autoptr (GError) error =
    g_error_new_literal (DUPLEX_ERROR, DUPLEX_ERROR_CLOSED,
                         "The connection ended before the file was sent");

  duplex_transfer_report (self, DUPLEX_TRANSFER_FAILED, 0, error);
}

/* ---- the owner's ---- */

DuplexTransferState
duplex_transfer_get_state (DuplexTransfer *self)
{
  g_return_val_if_fail (DUPLEX_IS_TRANSFER (self), DUPLEX_TRANSFER_FAILED);

  return self->state;
}

guint64
duplex_transfer_get_sent (DuplexTransfer *self)
{
  g_return_val_if_fail (DUPLEX_IS_TRANSFER (self), 0);

  return self->sent;
}

guint64
duplex_transfer_get_size (DuplexTransfer *self)
{
  g_return_val_if_fail (DUPLEX_IS_TRANSFER (self), 0);

  return self->size;
}

gboolean
duplex_transfer_is_over (DuplexTransfer *self)
{
  g_return_val_if_fail (DUPLEX_IS_TRANSFER (self), TRUE);

  return is_end (self->state);
}

const GError *
duplex_transfer_get_error (DuplexTransfer *self)
{
  g_return_val_if_fail (DUPLEX_IS_TRANSFER (self), NULL);

  return self->error;
}

void
duplex_transfer_cancel (DuplexTransfer *self)
{
  DuplexTransferCancelFunc func;
  gpointer                 data;

  g_return_if_fail (DUPLEX_IS_TRANSFER (self));

  /* The owner alone makes an end of them. */
  g_mutex_lock (&self->mutex);
  func = self->cancel;
  data = self->cancel_data;
  g_mutex_unlock (&self->mutex);
  if (func != NULL)
    func (self, data);
}
