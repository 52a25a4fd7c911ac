/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-frame-item.h"

#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-leg-words.h"
#include "app/duplex-message-bytes.h"
#include "app/duplex-severity.h"
#include "app/duplex-texts.h"

struct _DuplexFrameItem
{
  GObject parent_instance;

  /* owned */
  DuplexCapture *capture; /* or NULL */
  DuplexEvent    event;

  /* state */
  guint8            start[DUPLEX_FRAME_ITEM_START]; /* of a payload that stands apart */
  guint8            inflated_start[DUPLEX_FRAME_ITEM_START];
  guint             position;
  gboolean          has_header;
  DuplexFrameHeader header;
};

G_DEFINE_FINAL_TYPE (DuplexFrameItem, duplex_frame_item, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_NUMBER,
  PROP_TIME,
  PROP_OPCODE,
  PROP_FIN,
  PROP_LENGTH,
  PROP_WIRE_SIZE,
  PROP_SEVERITY_ICON,
  PROP_FINDINGS,
  PROP_LABEL,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static char *
dup_number (DuplexFrameItem *self)
{
  g_autofree char *count = duplex_text_count ((guint64)self->position + 1);

  return g_strdup_printf ("%s %s", duplex_text_direction_arrow (self->event.direction), count);
}

/* The header's values; what a cut header does not say is left out. */
static char *
dup_header_text (DuplexFrameItem *self,
                 guint            prop_id)
{
  const DuplexFrameHeader *header = &self->header;

  if (!self->has_header && prop_id == PROP_OPCODE)
    return g_strdup (self->event.kind == DUPLEX_EVENT_LOST ? _ ("not kept")
                                                           : _ ("header cut off"));
  if (!self->has_header)
    return g_strdup ("–");

  switch (prop_id)
    {
    case PROP_OPCODE:
      return g_strdup (duplex_opcode_get_name (header->opcode));
    case PROP_FIN:
      return g_strdup (header->fin ? "1" : "0");
    case PROP_LENGTH:
    default:
      return duplex_text_count (header->length);
    }
}

static char *
dup_findings (DuplexFrameItem *self)
{
  return self->event.n_findings > 0 ? duplex_text_findings (self->event.n_findings) : NULL;
}

static char *
dup_label (DuplexFrameItem *self)
{
  g_autofree char    *count = duplex_text_count ((guint64)self->position + 1);
  g_autofree char    *opcode = dup_header_text (self, PROP_OPCODE);
  g_autofree char    *fin = dup_header_text (self, PROP_FIN);
  g_autofree char    *length = dup_header_text (self, PROP_LENGTH);
  g_autofree char    *findings = dup_findings (self);
  g_autofree char    *leg = NULL;
  g_autoptr (GString) label = g_string_new (NULL);

  if (self->capture != NULL)
    leg = duplex_leg_words_dup_name (self->capture, &self->event);
  if (leg != NULL)
    g_string_append_printf (label, "%s, ", leg);
  /* Translators: a line of the frame table: number, "Sent" or "Received", opcode, the FIN bit (0
   * or 1), length in bytes. */
  g_string_append_printf (label, _ ("Frame %s, %s, %s, FIN %s, length %s"), count,
                          duplex_text_direction (self->event.direction), opcode, fin, length);
  if (findings != NULL)
    g_string_append_printf (label, ", %s", findings);
  return g_string_free (g_steal_pointer (&label), FALSE);
}

static void
duplex_frame_item_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  DuplexFrameItem *self = DUPLEX_FRAME_ITEM (object);

  switch (prop_id)
    {
    case PROP_NUMBER:
      g_value_take_string (value, dup_number (self));
      break;
    case PROP_TIME:
      g_value_take_string (value, duplex_text_time (self->event.time_us));
      break;
    case PROP_OPCODE:
    case PROP_FIN:
    case PROP_LENGTH:
      g_value_take_string (value, dup_header_text (self, prop_id));
      break;
    case PROP_WIRE_SIZE:
      g_value_take_string (value,
                           duplex_text_count (duplex_event_get_wire_size (&self->event)));
      break;
    case PROP_SEVERITY_ICON:
      g_value_set_static_string (
        value,
        duplex_severity_get_icon (duplex_event_get_worst_severity (&self->event)));
      break;
    case PROP_FINDINGS:
      g_value_take_string (value, dup_findings (self));
      break;
    case PROP_LABEL:
      g_value_take_string (value, dup_label (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_frame_item_dispose (GObject *object)
{
  DuplexFrameItem *self = DUPLEX_FRAME_ITEM (object);

  g_clear_object (&self->capture);

  G_OBJECT_CLASS (duplex_frame_item_parent_class)->dispose (object);
}

static void
duplex_frame_item_finalize (GObject *object)
{
  DuplexFrameItem *self = DUPLEX_FRAME_ITEM (object);

  duplex_event_clear (&self->event);

  G_OBJECT_CLASS (duplex_frame_item_parent_class)->finalize (object);
}

static void
duplex_frame_item_class_init (DuplexFrameItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  static const struct
  {
    guint       prop_id;
    const char *name;
  } strings[] = {
    { PROP_NUMBER, "number" },
    { PROP_TIME, "time" },
    { PROP_OPCODE, "opcode" },
    { PROP_FIN, "fin" },
    { PROP_LENGTH, "length" },
    { PROP_WIRE_SIZE, "wire-size" },
    { PROP_SEVERITY_ICON, "severity-icon" },
    { PROP_FINDINGS, "findings" },
    { PROP_LABEL, "label" },
  };

  object_class->get_property = duplex_frame_item_get_property;
  object_class->dispose = duplex_frame_item_dispose;
  object_class->finalize = duplex_frame_item_finalize;

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    properties[strings[i].prop_id] =
      g_param_spec_string (strings[i].name, NULL, NULL, NULL,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_frame_item_init (DuplexFrameItem *self)
{
}

/* A stream that ended inside a header leaves an event without one, whose payload is what came of
 * it. */
static void
take_partial_header (DuplexEvent *event)
{
  if (event->kind != DUPLEX_EVENT_FRAME || event->header_size > 0 || event->payload_id != 0 ||
      (event->flags & DUPLEX_EVENT_FLAG_CUT) == 0 ||
      event->payload_size >= DUPLEX_FRAME_HEADER_MAX)
    return;

  if (event->payload_size > 0)
    memcpy (event->header, event->payload, event->payload_size);
  event->header_size = (guint8)event->payload_size;
  event->payload_size = 0;
}

/* The size becomes that of what is there: a file may be cut short. */
static void
read_start (DuplexFrameItem *self)
{
  DuplexEvent *event = &self->event;
  DuplexEvent  apart = *event;

  event->payload_size = 0;
  if (self->capture != NULL)
    event->payload_size =
      duplex_message_bytes_measure_event (self->capture, &apart, DUPLEX_PAYLOAD_WIRE);
  if (duplex_frame_item_read (self, DUPLEX_PAYLOAD_WIRE, 0, self->start, sizeof self->start) > 0)
    event->payload = self->start;
  else
    event->payload_size = 0;
}

static void
read_inflated_start (DuplexFrameItem *self)
{
  DuplexEvent *event = &self->event;
  DuplexEvent  apart = *event;

  event->inflated_size = 0;
  if (self->capture != NULL)
    event->inflated_size =
      duplex_message_bytes_measure_event (self->capture, &apart, DUPLEX_PAYLOAD_INFLATED);
  event->inflated = self->inflated_start;
  if (duplex_frame_item_read (self, DUPLEX_PAYLOAD_INFLATED, 0, self->inflated_start,
                              sizeof self->inflated_start) == 0)
    event->inflated_size = 0;
}

DuplexFrameItem *
duplex_frame_item_new (DuplexCapture *capture,
                       guint          position,
                       DuplexEvent   *event)
{
  DuplexFrameItem *self;

  g_return_val_if_fail (capture == NULL || DUPLEX_IS_CAPTURE (capture), NULL);
  g_return_val_if_fail (event != NULL, NULL);

  self = g_object_new (DUPLEX_TYPE_FRAME_ITEM, NULL);
  g_set_object (&self->capture, capture);
  self->position = position;
  self->event = *event;
  *event = (DuplexEvent)DUPLEX_EVENT_INIT;
  if (capture != NULL && duplex_capture_get_leg (capture, self->event.connection, NULL) ==
                           DUPLEX_CAPTURE_LEG_CLIENT)
    self->event.flags |= DUPLEX_EVENT_FLAG_SERVER;
  take_partial_header (&self->event);
  if (self->event.payload_id != 0)
    read_start (self);
  if (self->event.inflated_id != 0)
    read_inflated_start (self);
  self->has_header = duplex_event_get_header (&self->event, &self->header);
  return self;
}

const DuplexEvent *
duplex_frame_item_get_event (DuplexFrameItem *self)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_ITEM (self), NULL);

  return &self->event;
}

gsize
duplex_frame_item_read (DuplexFrameItem *self,
                        DuplexPayload    which,
                        guint64          offset,
                        guint8          *buffer,
                        gsize            size)
{
  const DuplexEvent *event;
  const guint8      *data;
  guint64            len;
  gboolean           is_apart;

  g_return_val_if_fail (DUPLEX_IS_FRAME_ITEM (self), 0);
  g_return_val_if_fail (buffer != NULL || size == 0, 0);

  event = &self->event;
  is_apart = (which == DUPLEX_PAYLOAD_WIRE ? event->payload_id : event->inflated_id) != 0;
  if (is_apart)
    return self->capture == NULL
             ? 0
             : duplex_capture_read_payload (self->capture, event, which, offset, buffer, size);

  data = which == DUPLEX_PAYLOAD_WIRE ? event->payload : event->inflated;
  len = duplex_payload_get_size (event, which);
  if (data == NULL || offset >= len)
    return 0;
  size = (gsize)MIN (size, len - offset);
  memcpy (buffer, data + offset, size);
  return size;
}

GBytes *
duplex_frame_item_dup_header (DuplexFrameItem *self)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_ITEM (self), NULL);

  return g_bytes_new (self->event.header, MIN (self->event.header_size, DUPLEX_FRAME_HEADER_MAX));
}

const guint8 *
duplex_frame_item_get_mask (DuplexFrameItem *self)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_ITEM (self), NULL);

  return self->has_header && self->header.masked ? self->header.mask : NULL;
}
