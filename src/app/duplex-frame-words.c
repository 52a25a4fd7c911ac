/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-frame-words.h"

#include <glib/gi18n.h>

#include "app/duplex-deflate-words.h"
#include "app/duplex-texts.h"
#include "core/model/duplex-payload-pieces.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-utf8.h"

/* How much of a payload is quoted: about a line of the inspector. */
#define EXCERPT_CHARS 40
#define EXCERPT_BYTES 12

/* A character of UTF-8 takes up to four bytes. */
#define UTF8_CHAR_MAX 4

G_STATIC_ASSERT (EXCERPT_CHARS *UTF8_CHAR_MAX <= DUPLEX_FRAME_WORDS_BYTES);
G_STATIC_ASSERT (DUPLEX_LIMIT_CONTROL_PAYLOAD <= DUPLEX_FRAME_WORDS_BYTES);

/* The 7-bit lengths that announce a longer field, RFC 6455 §5.2. */
enum {
  LENGTH_IS_16 = 126,
  LENGTH_IS_64 = 127,
};

/* What the bytes of a header hold, as far as they are there. */
typedef struct
{
  gsize   size;     /* of the header, as far as it was seen */
  gsize   extended; /* bytes of the extended length that the header announces */
  guint64 length;   /* payload bytes that the header announces; valid with has_length */
  guint8  opcode;   /* of the frame itself */
  guint8  length7;
  guint   masked : 1;
  guint   has_length : 1;
} Header;

static Header
read_header (const DuplexEvent *event)
{
  Header header = { .size = MIN (event->header_size, DUPLEX_FRAME_HEADER_MAX) };

  header.opcode = header.size > 0 ? event->header[0] & 0x0F : event->opcode;
  if (header.size < 2)
    return header;

  header.masked = (event->header[1] & 0x80) != 0;
  header.length7 = event->header[1] & 0x7F;
  header.extended = header.length7 == LENGTH_IS_64 ? 8 : header.length7 == LENGTH_IS_16 ? 2
                                                                                        : 0;
  if (header.extended == 0)
    header.length = header.length7;
  header.has_length = header.size >= 2 + header.extended;
  for (gsize i = 0; header.has_length && i < header.extended; i++)
    header.length = header.length << 8 | event->header[2 + i];

  return header;
}

/* A client masks and a server does not (§5.1): sent is what the client wrote, unless the recording
 * end was the server. */
static gboolean
must_be_masked (const DuplexEvent *event)
{
  gboolean is_server = (event->flags & DUPLEX_EVENT_FLAG_SERVER) != 0;

  return (event->direction == DUPLEX_DIRECTION_SENT) != is_server;
}

static void
add_field (DuplexFrameField  *fields,
           guint             *n_fields,
           DuplexFrameFieldId id,
           guint64            bit,
           guint64            n_bits)
{
  fields[(*n_fields)++] = (DuplexFrameField){ .id = id, .bit = bit, .n_bits = n_bits };
}

/* Adds a field of size bytes at byte offset, or what the header still has of it. */
static void
add_bytes (DuplexFrameField  *fields,
           guint             *n_fields,
           DuplexFrameFieldId id,
           gsize              offset,
           gsize              size,
           gsize              header_size)
{
  if (size > 0 && offset < header_size)
    add_field (fields, n_fields, id, offset * 8, MIN (size, header_size - offset) * 8);
}

DuplexFrameFieldId
duplex_frame_words_get_finding_field (DuplexFindingId finding)
{
  switch (finding)
    {
    case DUPLEX_FINDING_CONTROL_FRAGMENTED:
      return DUPLEX_FRAME_FIELD_FIN;
    case DUPLEX_FINDING_RESERVED_BIT:
    case DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED:
      return DUPLEX_FRAME_FIELD_RSV1;
    case DUPLEX_FINDING_RESERVED_OPCODE:
    case DUPLEX_FINDING_CONTINUATION_UNEXPECTED:
    case DUPLEX_FINDING_CONTINUATION_EXPECTED:
    case DUPLEX_FINDING_DATA_AFTER_CLOSE:
      return DUPLEX_FRAME_FIELD_OPCODE;
    case DUPLEX_FINDING_MASKED_SERVER_FRAME:
    case DUPLEX_FINDING_UNMASKED_CLIENT_FRAME:
      return DUPLEX_FRAME_FIELD_MASK;
    case DUPLEX_FINDING_LENGTH_NOT_MINIMAL:
    case DUPLEX_FINDING_LENGTH_TOP_BIT:
    case DUPLEX_FINDING_CONTROL_TOO_LONG:
    case DUPLEX_FINDING_MESSAGE_TOO_BIG:
      return DUPLEX_FRAME_FIELD_EXTENDED_LENGTH;
    case DUPLEX_FINDING_INVALID_UTF8:
    case DUPLEX_FINDING_FRAME_CUT:
    case DUPLEX_FINDING_CLOSE_ONE_BYTE:
    case DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN:
    case DUPLEX_FINDING_CLOSE_REASON_INVALID_UTF8:
    case DUPLEX_FINDING_SOUP_DISAGREES:
    case DUPLEX_FINDING_DEFLATE_CORRUPT:
    case DUPLEX_FINDING_INFLATED_TOO_BIG:
    case DUPLEX_FINDING_TEXT_UNSAFE:
      return DUPLEX_FRAME_FIELD_PAYLOAD;
    default:
      return DUPLEX_N_FRAME_FIELDS;
    }
}

static DuplexFrameField *
find_field (DuplexFrameField  *fields,
            guint              n_fields,
            DuplexFrameFieldId id)
{
  for (guint i = 0; i < n_fields; i++)
    {
      if (fields[i].id == id)
        return &fields[i];
    }

  return NULL;
}

static void
mark_field (DuplexFrameField *field,
            DuplexFindingId   finding)
{
  if (field->finding == DUPLEX_FINDING_NONE ||
      duplex_finding_get_severity (finding) > duplex_finding_get_severity (field->finding))
    field->finding = finding;
}

static void
mark_finding (const DuplexEvent *event,
              DuplexFrameField  *fields,
              guint              n_fields,
              DuplexFindingId    finding)
{
  DuplexFrameFieldId id = duplex_frame_words_get_finding_field (finding);
  DuplexFrameField  *field;

  if (id == DUPLEX_N_FRAME_FIELDS || n_fields == 0)
    return;

  /* Any of the three bits may be the one; all that are set are meant. */
  if (finding == DUPLEX_FINDING_RESERVED_BIT)
    {
      for (guint i = 0; i < n_fields; i++)
        {
          if (fields[i].id >= DUPLEX_FRAME_FIELD_RSV1 &&
              fields[i].id <= DUPLEX_FRAME_FIELD_RSV3 &&
              (event->header[0] & (0x80 >> fields[i].bit)) != 0)
            mark_field (&fields[i], finding);
        }
      return;
    }

  field = find_field (fields, n_fields, id);
  if (field == NULL && id == DUPLEX_FRAME_FIELD_EXTENDED_LENGTH)
    field = find_field (fields, n_fields, DUPLEX_FRAME_FIELD_LENGTH);

  /* What was cut off has no field of its own: the last one shows where it broke. */
  mark_field (field != NULL ? field : &fields[n_fields - 1], finding);
}

guint
duplex_frame_words_get_fields (const DuplexEvent *event,
                               DuplexFrameField   ret_fields[DUPLEX_N_FRAME_FIELDS])
{
  guint  n_fields = 0;
  Header header;

  g_return_val_if_fail (event != NULL, 0);
  g_return_val_if_fail (ret_fields != NULL, 0);

  if (event->kind != DUPLEX_EVENT_FRAME || event->header_size == 0)
    return 0;

  header = read_header (event);
  add_field (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_FIN, 0, 1);
  add_field (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_RSV1, 1, 1);
  add_field (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_RSV2, 2, 1);
  add_field (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_RSV3, 3, 1);
  add_field (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_OPCODE, 4, 4);
  if (header.size >= 2)
    {
      add_field (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_MASK, 8, 1);
      add_field (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_LENGTH, 9, 7);
    }
  add_bytes (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_EXTENDED_LENGTH, 2, header.extended,
             header.size);
  add_bytes (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_MASKING_KEY, 2 + header.extended,
             header.masked ? 4 : 0, header.size);
  if (event->payload_size > 0)
    add_field (ret_fields, &n_fields, DUPLEX_FRAME_FIELD_PAYLOAD, header.size * 8,
               (guint64)event->payload_size * 8);

  for (guint i = 0; i < event->n_findings; i++)
    mark_finding (event, ret_fields, n_fields, event->findings[i].id);

  return n_fields;
}

guint64
duplex_frame_field_get_bytes (const DuplexFrameField *field,
                              guint64                *ret_n_bytes)
{
  g_return_val_if_fail (field != NULL, 0);

  if (ret_n_bytes != NULL)
    *ret_n_bytes = (field->bit + field->n_bits + 7) / 8 - field->bit / 8;

  return field->bit / 8;
}

const char *
duplex_frame_field_get_name (DuplexFrameFieldId id)
{
  switch (id)
    {
    case DUPLEX_FRAME_FIELD_FIN:
      return "FIN";
    case DUPLEX_FRAME_FIELD_RSV1:
      return "RSV1";
    case DUPLEX_FRAME_FIELD_RSV2:
      return "RSV2";
    case DUPLEX_FRAME_FIELD_RSV3:
      return "RSV3";
    case DUPLEX_FRAME_FIELD_OPCODE:
      /* Translators: the field of a WebSocket frame; keep it short. */
      return _ ("Opcode");
    case DUPLEX_FRAME_FIELD_MASK:
      return "MASK";
    case DUPLEX_FRAME_FIELD_LENGTH:
      /* Translators: the field of a WebSocket frame; keep it short. */
      return _ ("Length");
    case DUPLEX_FRAME_FIELD_EXTENDED_LENGTH:
      return _ ("Extended length");
    case DUPLEX_FRAME_FIELD_MASKING_KEY:
      return _ ("Masking key");
    case DUPLEX_FRAME_FIELD_PAYLOAD:
      return _ ("Payload");
    case DUPLEX_N_FRAME_FIELDS:
    default:
      return "";
    }
}

char *
duplex_frame_words_dup_hex (const guint8 *data,
                            gsize         len,
                            gsize         max)
{
  GString *out = g_string_new (NULL);

  g_return_val_if_fail (data != NULL || len == 0, NULL);

  for (gsize i = 0; i < MIN (len, max); i++)
    g_string_append_printf (out, "%s%02x", i > 0 ? " " : "", data[i]);
  if (len > max)
    g_string_append (out, " …");

  return g_string_free (out, FALSE);
}

/* The bit of the first two bytes that a one-bit field is. */
static gboolean
get_bit (const DuplexFrameField *field,
         const DuplexEvent      *event)
{
  return (event->header[field->bit / 8] & (0x80 >> (field->bit % 8))) != 0;
}

char *
duplex_frame_field_dup_value (const DuplexFrameField *field,
                              const DuplexEvent      *event)
{
  Header header;

  g_return_val_if_fail (field != NULL, NULL);
  g_return_val_if_fail (event != NULL, NULL);

  header = read_header (event);
  switch (field->id)
    {
    case DUPLEX_FRAME_FIELD_OPCODE:
      if (duplex_opcode_is_reserved (header.opcode))
        return g_strdup_printf ("0x%x", header.opcode);
      return g_strdup_printf ("0x%x %s", header.opcode, duplex_opcode_get_name (header.opcode));
    case DUPLEX_FRAME_FIELD_LENGTH:
      return g_strdup_printf ("%u", header.length7);
    case DUPLEX_FRAME_FIELD_EXTENDED_LENGTH:
      if (header.has_length)
        return g_strdup_printf ("%" G_GUINT64_FORMAT, header.length);
      return duplex_frame_words_dup_hex (event->header + 2, header.size - 2, 8);
    case DUPLEX_FRAME_FIELD_MASKING_KEY:
      return duplex_frame_words_dup_hex (event->header + field->bit / 8, field->n_bits / 8, 4);
    case DUPLEX_FRAME_FIELD_PAYLOAD:
      return duplex_text_size (event->payload_size);
    case DUPLEX_FRAME_FIELD_FIN:
    case DUPLEX_FRAME_FIELD_RSV1:
    case DUPLEX_FRAME_FIELD_RSV2:
    case DUPLEX_FRAME_FIELD_RSV3:
    case DUPLEX_FRAME_FIELD_MASK:
      return g_strdup (get_bit (field, event) ? "1" : "0");
    case DUPLEX_N_FRAME_FIELDS:
    default:
      return g_strdup ("");
    }
}

static const char *
fin_meaning (const Header *header,
             gboolean      is_set)
{
  if (duplex_opcode_is_control (header->opcode))
    return is_set ? _ ("a control frame is always whole")
                  : _ ("a control frame must not be split (RFC 6455 §5.5)");

  return is_set ? _ ("this frame ends its message") : _ ("more frames of this message follow");
}

static gboolean
is_inflated (const DuplexEvent *event)
{
  return duplex_payload_exists (event, DUPLEX_PAYLOAD_INFLATED);
}

static const char *
rsv_meaning (const DuplexFrameField *field,
             const DuplexEvent      *event,
             gboolean                is_set)
{
  if (!is_set && field->id == DUPLEX_FRAME_FIELD_RSV1 && is_inflated (event))
    return _ ("the first frame says for all that the message is compressed (RFC 7692 §6)");
  if (!is_set)
    return _ ("not in use");
  if (field->finding == DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED)
    return _ ("set, but only the first frame of a message may have it set (RFC 7692 §6)");
  if (field->finding == DUPLEX_FINDING_RESERVED_BIT)
    return _ ("set, and no agreed extension gives it a meaning (RFC 6455 §5.2)");
  if (field->id == DUPLEX_FRAME_FIELD_RSV1)
    return _ ("the message is compressed, as permessage-deflate marks it (RFC 7692 §6)");

  return _ ("used by an extension");
}

static const char *
continuation_meaning (guint8 message_opcode)
{
  switch (message_opcode)
    {
    case DUPLEX_OPCODE_TEXT:
      return _ ("continues a text message");
    case DUPLEX_OPCODE_BINARY:
      return _ ("continues a binary message");
    default:
      return _ ("continues a message");
    }
}

static const char *
opcode_meaning (const Header *header,
                guint8        message_opcode)
{
  switch (header->opcode)
    {
    case DUPLEX_OPCODE_CONTINUATION:
      return continuation_meaning (message_opcode);
    case DUPLEX_OPCODE_TEXT:
      return _ ("the payload is text in UTF-8");
    case DUPLEX_OPCODE_BINARY:
      return _ ("the payload is binary data");
    case DUPLEX_OPCODE_CLOSE:
      return _ ("the sender ends the conversation");
    case DUPLEX_OPCODE_PING:
      return _ ("asks for a pong with the same payload");
    case DUPLEX_OPCODE_PONG:
      return _ ("answers a ping");
    default:
      return duplex_opcode_is_control (header->opcode)
               ? _ ("reserved for control frames to come (RFC 6455 §5.2)")
               : _ ("reserved for data frames to come (RFC 6455 §5.2)");
    }
}

static const char *
mask_meaning (const DuplexEvent *event,
              gboolean           is_set)
{
  if (must_be_masked (event))
    return is_set ? _ ("masked, as a client’s frames must be (RFC 6455 §5.1)")
                  : _ ("not masked, but a client’s frames must be (RFC 6455 §5.1)");

  return is_set ? _ ("masked, but a server’s frames must not be (RFC 6455 §5.1)")
                : _ ("not masked, as a server’s frames must be (RFC 6455 §5.1)");
}

static char *
byte_count (guint64 count)
{
  g_autofree char *number = duplex_text_count (count);

  return g_strdup_printf (ngettext ("%s byte of payload", "%s bytes of payload", count), number);
}

static char *
length_meaning (const Header *header)
{
  g_autofree char *number = NULL;

  if (header->extended == 0)
    return byte_count (header->length);
  if (!header->has_length)
    return header->extended == 2 ? g_strdup (_ ("the real length follows in 16 bits"))
                                 : g_strdup (_ ("the real length follows in 64 bits"));

  number = duplex_text_count (header->length);
  return header->extended == 2
           ? g_strdup_printf (_ ("the real length follows in 16 bits: %s"), number)
           : g_strdup_printf (_ ("the real length follows in 64 bits: %s"), number);
}

static char *
extended_length_meaning (const DuplexFrameField *field,
                         const Header           *header)
{
  g_autofree char *bytes = NULL;

  if (!header->has_length)
    return g_strdup (_ ("cut off"));
  if (header->length > G_MAXINT64)
    return g_strdup (_ ("the top bit must be 0 (RFC 6455 §5.2)"));

  bytes = byte_count (header->length);
  if (duplex_frame_minimal_length_bits (header->length) == header->extended * 8)
    return g_steal_pointer (&bytes);

  return duplex_frame_minimal_length_bits (header->length) == 7
           ? g_strdup_printf (_ ("%s; 7 bits would do (RFC 6455 §5.2)"), bytes)
           : g_strdup_printf (_ ("%s; 16 bits would do (RFC 6455 §5.2)"), bytes);
}

/* The beginning of a payload: text in quotes where it is text, bytes where it is not. */
static char *
quote (const guint8 *data,
       gsize         len,
       gboolean      may_be_text)
{
  gsize            n_text = MIN (len, EXCERPT_CHARS * UTF8_CHAR_MAX);
  DuplexUtf8       utf8 = DUPLEX_UTF8_INIT;
  guint64          bad;
  g_autofree char *excerpt = NULL;

  if (!may_be_text || !duplex_utf8_feed (&utf8, data, n_text, &bad))
    return duplex_frame_words_dup_hex (data, len, EXCERPT_BYTES);

  /* A piece may end inside a character. */
  if (!duplex_utf8_is_complete (&utf8))
    n_text = utf8.start;
  excerpt = duplex_text_excerpt ((const char *)data, n_text, EXCERPT_CHARS);

  /* Translators: the beginning of a text, quoted. */
  return g_strdup_printf (_ ("“%s”"), excerpt);
}

static char *
inflated_meaning (const DuplexEvent *event)
{
  g_autofree char *size = duplex_text_size (event->inflated_size);
  g_autofree char *beginning = NULL;

  if (event->inflated_size == 0)
    return g_strdup (_ ("compressed; nothing comes out of this frame by itself"));

  beginning = quote (event->inflated, event->inflated_size,
                     event->opcode != DUPLEX_OPCODE_BINARY);
  /* Translators: a size, and the beginning of what is that large. */
  return g_strdup_printf (_ ("compressed; inflates to %s: %s"), size, beginning);
}

static char *
payload_meaning (const DuplexEvent *event,
                 const Header      *header)
{
  if (header->has_length && event->payload_size < header->length)
    {
      g_autofree char *seen = duplex_text_size (event->payload_size);
      g_autofree char *all = duplex_text_size (header->length);

      if (event->payload_id != 0 && (event->flags & DUPLEX_EVENT_FLAG_CUT) == 0)
        /* Translators: two sizes, such as "1.2 kB of 3.4 MB are in the capture". */
        return g_strdup_printf (_ ("%s of %s are in the capture"), seen, all);

      /* Translators: two sizes, such as "1.2 kB of 3.4 MB arrived". */
      return g_strdup_printf (_ ("%s of %s arrived"), seen, all);
    }

  if (header->opcode == DUPLEX_OPCODE_CLOSE)
    return duplex_text_control (event);
  if (is_inflated (event))
    return inflated_meaning (event);

  return quote (event->payload, event->payload_size,
                header->opcode != DUPLEX_OPCODE_BINARY && event->opcode != DUPLEX_OPCODE_BINARY &&
                  !duplex_event_begins_compressed (event));
}

char *
duplex_frame_field_dup_meaning (const DuplexFrameField *field,
                                const DuplexEvent      *event)
{
  Header header;

  g_return_val_if_fail (field != NULL, NULL);
  g_return_val_if_fail (event != NULL, NULL);

  header = read_header (event);
  switch (field->id)
    {
    case DUPLEX_FRAME_FIELD_FIN:
      return g_strdup (fin_meaning (&header, get_bit (field, event)));
    case DUPLEX_FRAME_FIELD_RSV1:
    case DUPLEX_FRAME_FIELD_RSV2:
    case DUPLEX_FRAME_FIELD_RSV3:
      return g_strdup (rsv_meaning (field, event, get_bit (field, event)));
    case DUPLEX_FRAME_FIELD_OPCODE:
      return g_strdup (opcode_meaning (&header, event->opcode));
    case DUPLEX_FRAME_FIELD_MASK:
      return g_strdup (mask_meaning (event, get_bit (field, event)));
    case DUPLEX_FRAME_FIELD_LENGTH:
      return length_meaning (&header);
    case DUPLEX_FRAME_FIELD_EXTENDED_LENGTH:
      return extended_length_meaning (field, &header);
    case DUPLEX_FRAME_FIELD_MASKING_KEY:
      return g_strdup (field->n_bits == 32
                         ? _ ("XORed with the payload, four bytes in turn (RFC 6455 §5.3)")
                         : _ ("cut off"));
    case DUPLEX_FRAME_FIELD_PAYLOAD:
      return payload_meaning (event, &header);
    case DUPLEX_N_FRAME_FIELDS:
    default:
      return g_strdup ("");
    }
}

char *
duplex_frame_field_dup_words (const DuplexFrameField *field,
                              const DuplexEvent      *event)
{
  g_autofree char *value = NULL;
  g_autofree char *meaning = NULL;

  g_return_val_if_fail (field != NULL, NULL);
  g_return_val_if_fail (event != NULL, NULL);

  value = duplex_frame_field_dup_value (field, event);
  meaning = duplex_frame_field_dup_meaning (field, event);

  /* Translators: a field's name, its value, and what that means: "FIN 1: this frame ends…". */
  return g_strdup_printf (_ ("%s %s: %s"), duplex_frame_field_get_name (field->id), value, meaning);
}

char *
duplex_frame_words_dup_all (const DuplexEvent *event)
{
  DuplexFrameField fields[DUPLEX_N_FRAME_FIELDS];
  GString         *out;
  guint            n_fields;

  g_return_val_if_fail (event != NULL, NULL);

  out = g_string_new (NULL);
  n_fields = duplex_frame_words_get_fields (event, fields);
  for (guint i = 0; i < n_fields; i++)
    {
      g_autofree char *words = duplex_frame_field_dup_words (&fields[i], event);

      g_string_append_printf (out, "%s%s", i > 0 ? "\n" : "", words);
    }

  return g_string_free (out, FALSE);
}

char *
duplex_frame_words_dup_share (const DuplexEvent *event)
{
  DuplexFrameHeader header;
  gboolean          is_alone;
  g_autofree char  *sizes = NULL;

  g_return_val_if_fail (event != NULL, NULL);

  if (!is_inflated (event))
    return NULL;

  is_alone = duplex_event_get_header (event, &header) && header.fin &&
             header.opcode != DUPLEX_OPCODE_CONTINUATION;
  sizes = duplex_deflate_words_dup_sizes (event->inflated_size, event->payload_size);
  if (is_alone)
    return g_steal_pointer (&sizes);
  if (event->inflated_size == 0)
    return g_strdup (_ ("Nothing comes out of this frame by itself: its bytes belong to what "
                        "others inflate to"));

  /* Translators: %s is two sizes: "480 bytes, 120 bytes on the wire". */
  return g_strdup_printf (_ ("The share of this frame: %s"), sizes);
}
