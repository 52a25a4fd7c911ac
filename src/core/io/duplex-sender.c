/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-sender.h"

#include "core/io/duplex-transfer-private.h"
#include "core/io/duplex-upload.h"
#include "core/proto/duplex-frame-encoder.h"
#include "core/proto/duplex-framer.h"
#include "core/proto/duplex-limits.h"

/* A message beyond these is not made into frames at once: compressing it would keep the thread of
 * all connections for a tenth of a second, and so many frames take far more memory than what they
 * hold. */
#define SLOW_MESSAGE ((gsize)4 * 1024 * 1024)
#define SLOW_FRAMES  4096

typedef enum {
  JOB_MESSAGE,
  JOB_FILE,
  JOB_RAW,
  JOB_CLOSE,
} JobKind;

/* What waits for a file to be through. */
typedef struct
{
  JobKind         kind;
  DuplexOpcode    opcode;
  GBytes         *payload;
  gsize          *points;
  gsize           n_points;
  gboolean        reported;
  DuplexTransfer *transfer;
} Job;

struct _DuplexSender
{
  /* owned */
  DuplexOutbox *outbox;
  DuplexFramer *framer;
  GPtrArray    *frames; /* of GBytes: what the framer has made and the outbox has not */
  GQueue        jobs;   /* of Job, while upload is there */
  DuplexUpload *upload; /* the file or slow message that is being sent, or NULL */

  /* borrowed */
  const DuplexSenderCallbacks *callbacks;
  gpointer                     user_data;

  /* state */
  DuplexRole role;
  gsize      fragment;
  gboolean   deflates;
  gboolean   pushing; /* frames of a message are on their way into the outbox, which writes them */
  gboolean   stopped;
  gboolean   close_dropped; /* by the dropping that is under way */

  /* of the upload */
  DuplexOpcode opcode;
  gsize        cost;
  gboolean     begun;     /* a piece of it went to the framer */
  gsize        n_waiting; /* bytes of such frames in the outbox */
  guint64      n_read;    /* bytes of it that went to the framer */
};

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->payload, g_bytes_unref);
  g_free (job->points);
  g_clear_object (&job->transfer);
  g_free (job);
}

/* Nothing may come between the frames of a message. */
static gboolean
is_busy (DuplexSender *self)
{
  return self->upload != NULL || self->pushing;
}

/* ---- what goes to the outbox ---- */

static DuplexOutgoing *
outgoing_new (GBytes *wire,
              guint8  opcode)
{
  DuplexOutgoing *item = g_new0 (DuplexOutgoing, 1);

  item->wire = g_bytes_ref (wire);
  item->opcode = opcode;
  return item;
}

static void
frame_made_cb (GBytes  *wire,
               gboolean last,
               gpointer data)
{
  DuplexSender *self = data;

  g_ptr_array_add (self->frames, g_bytes_ref (wire));
}

/* The framer's frames leave it before the first is written: what the writing brings about may want
 * the framer again. */
static GPtrArray *
steal_frames (DuplexSender *self)
{
  GPtrArray *frames = self->frames;

  self->frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  return frames;
}

static void
push_message (DuplexSender *self,
              DuplexOpcode  opcode,
              GBytes       *payload,
              const gsize  *points,
              gsize         n_points)
{
  g_autoptr (GPtrArray) frames = NULL;
  gsize                 size;
  const guint8         *data = g_bytes_get_data (payload, &size);

  if (n_points > 0)
    duplex_framer_split (self->framer, opcode, data, size, points, n_points);
  else
    duplex_framer_message (self->framer, opcode, data, size, self->fragment);
  frames = steal_frames (self);
  self->pushing = TRUE;
  for (guint i = 0; i < frames->len; i++)
    {
      DuplexOutgoing *item = outgoing_new (g_ptr_array_index (frames, i), opcode);

      item->reported = i + 1 == frames->len;
      item->cost = item->reported ? size : 0;
      self->pushing = !item->reported;
      duplex_outbox_push (self->outbox, item);
    }
}

static void
push_control (DuplexSender *self,
              DuplexOpcode  opcode,
              GBytes       *payload,
              gboolean      overtakes,
              gboolean      automatic)
{
  gsize              size;
  const guint8      *data = g_bytes_get_data (payload, &size);
  g_autoptr (GBytes) wire =
    duplex_frame_encode_simple (self->role, opcode, data, size, duplex_mask_source_random, NULL);
  DuplexOutgoing *item = outgoing_new (wire, opcode);

  item->control = overtakes;
  item->replaceable = automatic;
  item->reported = overtakes && !automatic;
  item->cost = item->reported ? DUPLEX_SENDER_CONTROL_COST : 0;
  duplex_outbox_push (self->outbox, item);
}

static void
push_raw (DuplexSender *self,
          GBytes       *wire,
          gboolean      deliberate,
          gboolean      reported)
{
  DuplexOutgoing *item = outgoing_new (wire, ((const guint8 *)g_bytes_get_data (wire, NULL))[0] &
                                               0x0f);

  item->deliberate = deliberate;
  item->reported = reported;
  item->cost = reported ? g_bytes_get_size (wire) : 0;
  duplex_outbox_push (self->outbox, item);
}

/* ---- a file, or a slow message ---- */

static void run_jobs (DuplexSender *self);

/* Of a file, or NULL. state is what the leaving of the last of them says. */
static void
push_file_frames (DuplexSender       *self,
                  DuplexTransfer     *of,
                  DuplexTransferState state)
{
  g_autoptr (GPtrArray)      frames = steal_frames (self);
  g_autoptr (DuplexTransfer) transfer = of != NULL ? g_object_ref (of) : NULL;

  self->pushing = TRUE;
  for (guint i = 0; i < frames->len; i++)
    self->n_waiting += g_bytes_get_size (g_ptr_array_index (frames, i));
  for (guint i = 0; i < frames->len; i++)
    {
      DuplexOutgoing *item = outgoing_new (g_ptr_array_index (frames, i), self->opcode);

      item->streamed = TRUE;
      item->file = transfer != NULL ? g_object_ref (transfer) : NULL;
      if (i + 1 == frames->len)
        {
          item->file_sent = self->n_read - MIN (self->n_read,
                                                duplex_framer_get_held (self->framer));
          item->file_state = state;
          item->reported = state != DUPLEX_TRANSFER_SENDING;
          item->cost = item->reported ? self->cost : 0;
        }
      duplex_outbox_push (self->outbox, item);
    }
  self->pushing = FALSE;
  /* The outbox takes nothing any more. */
  if (self->stopped && transfer != NULL)
    duplex_transfer_refuse (transfer);
}

/* Nothing more is read, however it ends. Of a message that has begun the last frame follows. */
static void
finish_file (DuplexSender       *self,
             DuplexTransferState state,
             const GError       *error)
{
  /* What the leaving brings about may want to end it once more. */
  g_autoptr (DuplexUpload) upload = g_steal_pointer (&self->upload);
  DuplexTransfer          *transfer = duplex_upload_get_transfer (upload);

  if (state != DUPLEX_TRANSFER_SENT && transfer != NULL)
    duplex_transfer_report (transfer, state, self->n_read, error);
  if (self->begun)
    {
      duplex_framer_end (self->framer);
      push_file_frames (self, transfer, state);
    }
  else
    self->callbacks->sent (self->cost, self->user_data);
  run_jobs (self);
}

static void
take_piece (DuplexSender *self,
            GBytes       *piece)
{
  gsize         size;
  const guint8 *data = g_bytes_get_data (piece, &size);

  self->begun = TRUE;
  self->n_read += size;
  duplex_framer_feed (self->framer, data, size);
  push_file_frames (self, duplex_upload_get_transfer (self->upload), DUPLEX_TRANSFER_SENDING);
}

static void
read_on (gpointer data)
{
  DuplexSender *self = data;
  gsize         most = duplex_upload_get_most_waiting (self->fragment);

  while (self->upload != NULL && !self->pushing && !self->stopped && self->n_waiting < most)
    {
      g_autoptr (GBytes) piece = NULL;

      switch (duplex_upload_take (self->upload, &piece))
        {
        case DUPLEX_UPLOAD_PIECE:
          take_piece (self, piece);
          break;
        case DUPLEX_UPLOAD_END:
          self->begun = TRUE; /* also an empty file is a message */
          finish_file (self, DUPLEX_TRANSFER_SENT, NULL);
          return;
        case DUPLEX_UPLOAD_FAILED:
          finish_file (self, DUPLEX_TRANSFER_FAILED, duplex_upload_get_error (self->upload));
          return;
        case DUPLEX_UPLOAD_NOT_YET:
        default:
          return;
        }
    }
}

static void
begin_upload (DuplexSender *self,
              DuplexOpcode  opcode,
              gsize         cost,
              gsize         fragment)
{
  self->opcode = opcode;
  self->cost = cost;
  self->begun = FALSE;
  self->n_read = 0;
  duplex_framer_begin (self->framer, opcode, fragment);
}

static void
begin_file (DuplexSender   *self,
            DuplexTransfer *transfer)
{
  begin_upload (self, duplex_transfer_get_opcode (transfer), /* cost= */ 0,
                duplex_upload_get_fragment (self->fragment));
  duplex_transfer_report (transfer, DUPLEX_TRANSFER_SENDING, 0, NULL);
  self->upload = duplex_upload_new (transfer, self->fragment, read_on, self);
  read_on (self);
}

/* Split points are few, and fit no piece. */
static gboolean
is_slow (DuplexSender *self,
         GBytes       *payload,
         gsize         n_points)
{
  gsize size = g_bytes_get_size (payload);

  return n_points == 0 && ((self->deflates && size > SLOW_MESSAGE) ||
                           (self->fragment > 0 && size / self->fragment > SLOW_FRAMES));
}

static void
begin_message (DuplexSender *self,
               DuplexOpcode  opcode,
               GBytes       *payload)
{
  begin_upload (self, opcode, g_bytes_get_size (payload),
                self->fragment > 0 ? self->fragment : G_MAXSIZE);
  self->upload = duplex_upload_new_for_bytes (payload, self->fragment, read_on, self);
  read_on (self);
}

/* ---- what waits for a file ---- */

static void
run_job (DuplexSender *self,
         Job          *job)
{
  switch (job->kind)
    {
    case JOB_MESSAGE:
      if (is_slow (self, job->payload, job->n_points))
        begin_message (self, job->opcode, job->payload);
      else
        push_message (self, job->opcode, job->payload, job->points, job->n_points);
      break;
    case JOB_FILE:
      begin_file (self, job->transfer);
      break;
    case JOB_RAW:
      push_raw (self, job->payload, /* deliberate= */ FALSE, job->reported);
      break;
    case JOB_CLOSE:
    default:
      push_control (self, DUPLEX_OPCODE_CLOSE, job->payload, /* overtakes= */ FALSE,
                    /* automatic= */ FALSE);
    }
}

static void
run_jobs (DuplexSender *self)
{
  while (!is_busy (self) && !self->stopped && self->jobs.length > 0)
    {
      Job *job = g_queue_pop_head (&self->jobs);

      run_job (self, job);
      job_free (job);
    }
}

/* Runs job now, or when the files before it are through. */
static void
add_job (DuplexSender *self,
         Job           what)
{
  if (self->stopped)
    {
      job_free (g_memdup2 (&what, sizeof what));
      return;
    }
  g_queue_push_tail (&self->jobs, g_memdup2 (&what, sizeof what));
  run_jobs (self);
}

/* ---- the outbox ---- */

static void
item_wrote_cb (DuplexOutgoing *item,
               const guint8   *data,
               gsize           len,
               gint64          at,
               gpointer        user_data)
{
  DuplexSender *self = user_data;

  self->callbacks->wrote (item, data, len, at, self->user_data);
}

static void
item_left_cb (DuplexOutgoing *item,
              gpointer        data)
{
  DuplexSender *self = data;

  if (item->streamed)
    {
      self->n_waiting -= MIN (self->n_waiting, g_bytes_get_size (item->wire));
      if (item->file != NULL && (item->file_sent > 0 || item->reported))
        duplex_transfer_report (item->file, item->file_state, item->file_sent, NULL);
      read_on (self);
    }
  if (item->reported)
    self->callbacks->sent (item->cost, self->user_data);
}

static void
outbox_empty_cb (gpointer data)
{
  DuplexSender *self = data;

  if (!is_busy (self))
    self->callbacks->idle (self->user_data);
}

static void
outbox_failed_cb (const GError *error,
                  gpointer      data)
{
  DuplexSender *self = data;

  duplex_sender_stop (self);
  self->callbacks->failed (error, self->user_data);
}

static const DuplexOutboxCallbacks outbox_callbacks = {
  .wrote = item_wrote_cb,
  .left = item_left_cb,
  .empty = outbox_empty_cb,
  .failed = outbox_failed_cb,
};

/* ---- the way in ---- */

DuplexSender *
duplex_sender_new (GPollableOutputStream        *stream,
                   DuplexRole                    role,
                   const DuplexDeflateDirection *deflate,
                   gsize                         fragment,
                   const DuplexSenderCallbacks  *callbacks,
                   gpointer                      user_data)
{
  DuplexSender *self = g_new0 (DuplexSender, 1);

  self->outbox = duplex_outbox_new (stream, &outbox_callbacks, self);
  self->framer =
    duplex_framer_new (role, deflate, duplex_mask_source_random, frame_made_cb, self);
  self->frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_queue_init (&self->jobs);
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->role = role;
  self->fragment = fragment;
  self->deflates = deflate != NULL;
  return self;
}

static void
drop_jobs (DuplexSender *self)
{
  Job *job;

  while ((job = g_queue_pop_head (&self->jobs)) != NULL)
    {
      if (job->transfer != NULL)
        duplex_transfer_refuse (job->transfer);
      self->close_dropped = self->close_dropped || job->kind == JOB_CLOSE;
      if (job->kind != JOB_CLOSE && (job->kind != JOB_RAW || job->reported) && !self->stopped)
        self->callbacks->sent (job->kind != JOB_FILE ? g_bytes_get_size (job->payload) : 0,
                               self->user_data);
      job_free (job);
    }
}

/* Without its last frame: for an end of the connection. */
static void
drop_upload (DuplexSender *self)
{
  if (self->upload == NULL)
    return;
  if (duplex_upload_get_transfer (self->upload) != NULL)
    duplex_transfer_refuse (duplex_upload_get_transfer (self->upload));
  g_clear_pointer (&self->upload, duplex_upload_free);
  if (!self->stopped)
    self->callbacks->sent (self->cost, self->user_data);
}

/* Its last frames were waiting to leave. */
static void
refuse_item_cb (gpointer item,
                gpointer data)
{
  DuplexOutgoing *outgoing = item;

  if (outgoing->file != NULL)
    duplex_transfer_refuse (outgoing->file);
}

void
duplex_sender_stop (DuplexSender *self)
{
  g_return_if_fail (self != NULL);

  self->stopped = TRUE;
  duplex_outbox_stop (self->outbox);
  duplex_outbox_foreach (self->outbox, refuse_item_cb, NULL);
  drop_upload (self);
  drop_jobs (self);
}

void
duplex_sender_free (DuplexSender *self)
{
  if (self == NULL)
    return;
  duplex_sender_stop (self);
  duplex_outbox_free (self->outbox);
  duplex_framer_free (self->framer);
  g_ptr_array_unref (self->frames);
  g_free (self);
}

void
duplex_sender_send_message (DuplexSender *self,
                            DuplexOpcode  opcode,
                            GBytes       *payload,
                            const gsize  *points,
                            gsize         n_points)
{
  g_return_if_fail (self != NULL && payload != NULL);

  if (is_busy (self) || self->jobs.length > 0 || is_slow (self, payload, n_points))
    {
      add_job (self, (Job){
                       .kind = JOB_MESSAGE,
                       .opcode = opcode,
                       .payload = g_bytes_ref (payload),
                       .points = g_memdup2 (points, n_points * sizeof *points),
                       .n_points = n_points,
                     });
      return;
    }
  if (!self->stopped)
    push_message (self, opcode, payload, points, n_points);
  run_jobs (self);
}

void
duplex_sender_send_file (DuplexSender   *self,
                         DuplexTransfer *transfer)
{
  g_return_if_fail (self != NULL && DUPLEX_IS_TRANSFER (transfer));

  if (self->stopped)
    duplex_transfer_refuse (transfer);
  else
    add_job (self, (Job){ .kind = JOB_FILE, .transfer = g_object_ref (transfer) });
}

static void
cancel_job (DuplexSender *self,
            GList        *link)
{
  Job *job = link->data;

  duplex_transfer_report (job->transfer, DUPLEX_TRANSFER_CANCELLED, 0, NULL);
  g_queue_delete_link (&self->jobs, link);
  job_free (job);
  self->callbacks->sent (0, self->user_data);
}

/* The first job of transfer, or of any file for NULL. */
static GList *
find_file (DuplexSender   *self,
           DuplexTransfer *transfer)
{
  GList *link = self->jobs.head;

  while (link != NULL && (((Job *)link->data)->kind != JOB_FILE ||
                          (transfer != NULL && ((Job *)link->data)->transfer != transfer)))
    link = link->next;
  return link;
}

void
duplex_sender_cancel_file (DuplexSender   *self,
                           DuplexTransfer *transfer)
{
  GList *link;

  g_return_if_fail (self != NULL && DUPLEX_IS_TRANSFER (transfer));

  link = find_file (self, transfer);
  if (self->upload != NULL && duplex_upload_get_transfer (self->upload) == transfer)
    finish_file (self, DUPLEX_TRANSFER_CANCELLED, NULL);
  else if (link != NULL)
    cancel_job (self, link);
}

void
duplex_sender_send_control (DuplexSender *self,
                            DuplexOpcode  opcode,
                            GBytes       *payload,
                            gboolean      automatic)
{
  g_return_if_fail (self != NULL && payload != NULL);

  push_control (self, opcode, payload, /* overtakes= */ TRUE, automatic);
}

void
duplex_sender_cancel_files (DuplexSender *self)
{
  GList *link;

  g_return_if_fail (self != NULL);

  /* From the first each time: the callback may change what waits. */
  while ((link = find_file (self, NULL)) != NULL)
    cancel_job (self, link);
  if (self->upload != NULL && duplex_upload_get_transfer (self->upload) != NULL)
    finish_file (self, DUPLEX_TRANSFER_CANCELLED, NULL);
}

void
duplex_sender_send_close (DuplexSender *self,
                          GBytes       *body)
{
  g_return_if_fail (self != NULL && body != NULL);

  duplex_sender_cancel_files (self);
  add_job (self, (Job){ .kind = JOB_CLOSE, .payload = g_bytes_ref (body) });
}

void
duplex_sender_send_raw (DuplexSender *self,
                        GBytes       *wire,
                        gboolean      deliberate,
                        gboolean      reported)
{
  g_return_if_fail (self != NULL && wire != NULL);

  if (deliberate && !self->stopped)
    push_raw (self, wire, deliberate, reported);
  else
    add_job (self, (Job){
                     .kind = JOB_RAW, .payload = g_bytes_ref (wire), .reported = reported });
}

static void
drop_item_cb (gpointer item,
              gpointer data)
{
  DuplexSender   *self = data;
  DuplexOutgoing *outgoing = item;

  if (outgoing->streamed)
    self->n_waiting -= MIN (self->n_waiting, g_bytes_get_size (outgoing->wire));
  if (outgoing->file != NULL)
    duplex_transfer_refuse (outgoing->file);
  if (outgoing->opcode == DUPLEX_OPCODE_CLOSE && !outgoing->deliberate)
    self->close_dropped = TRUE;
  if (outgoing->reported)
    self->callbacks->sent (outgoing->cost, self->user_data);
}

gboolean
duplex_sender_drop_waiting (DuplexSender *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  self->close_dropped = FALSE;
  drop_upload (self);
  drop_jobs (self);
  duplex_outbox_drop_waiting (self->outbox, drop_item_cb, self);
  return self->close_dropped;
}

gboolean
duplex_sender_is_idle (DuplexSender *self)
{
  g_return_val_if_fail (self != NULL, TRUE);

  return self->upload == NULL && self->jobs.length == 0 &&
         duplex_outbox_get_n_items (self->outbox) == 0;
}

void
duplex_sender_set_held (DuplexSender *self,
                        gboolean      held)
{
  g_return_if_fail (self != NULL);

  duplex_outbox_set_held (self->outbox, held);
}
