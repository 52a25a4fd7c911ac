/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-jsonl-reader.h"

#include <string.h>

#include "core/model/duplex-export-jsonl.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-json.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-utf8.h"

struct _DuplexJsonlReader
{
  GString *payload;
  GString *inflated;
  GString *sent_reason;
  GArray  *findings; /* of DuplexFinding */

  /* of the line that is being read */
  DuplexEvent   event;
  DuplexFinding finding;
  gboolean      has_kind;
  gboolean      has_time;
  gboolean      has_type;
  gboolean      has_direction;
  gboolean      has_inflated;
};

/* A value in the text of the line. */
typedef struct
{
  DuplexJsonToken token;
  const char     *text;
  gsize           len;
} Value;

DuplexJsonlReader *
duplex_jsonl_reader_new (void)
{
  DuplexJsonlReader *self = g_new0 (DuplexJsonlReader, 1);

  self->payload = g_string_new (NULL);
  self->inflated = g_string_new (NULL);
  self->sent_reason = g_string_new (NULL);
  self->findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  return self;
}

void
duplex_jsonl_reader_free (DuplexJsonlReader *self)
{
  if (self == NULL)
    return;
  g_string_free (self->payload, TRUE);
  g_string_free (self->inflated, TRUE);
  g_string_free (self->sent_reason, TRUE);
  g_array_unref (self->findings);
  g_free (self);
}

/* ---- values ---- */

/* Strings of the format's own words have no escapes. */
static gboolean
value_is (const Value *value,
          const char  *word)
{
  gsize len = strlen (word);

  return value->token == DUPLEX_JSON_STRING && value->len == len + 2 &&
         memcmp (value->text + 1, word, len) == 0;
}

static gboolean
read_unsigned (const Value *value,
               guint64      max,
               guint64     *ret_number)
{
  char digits[24];

  if (value->token != DUPLEX_JSON_NUMBER || value->len >= sizeof digits)
    return FALSE;
  memcpy (digits, value->text, value->len);
  digits[value->len] = '\0';
  return g_ascii_string_to_unsigned (digits, 10, 0, max, ret_number, NULL);
}

static gboolean
read_signed (const Value *value,
             gint64      *ret_number)
{
  char digits[24];

  if (value->token != DUPLEX_JSON_NUMBER || value->len >= sizeof digits)
    return FALSE;
  memcpy (digits, value->text, value->len);
  digits[value->len] = '\0';
  return g_ascii_string_to_signed (digits, 10, G_MININT64, G_MAXINT64, ret_number, NULL);
}

/* Four hex digits, which the lexer has seen to. */
static gunichar
read_unit (const char *digits)
{
  gunichar unit = 0;

  for (int i = 0; i < 4; i++)
    unit = unit << 4 | (gunichar)g_ascii_xdigit_value (digits[i]);
  return unit;
}

/* An escape, at its backslash; what it takes of the text, or 0 for half of a surrogate pair. */
static gsize
append_escape (GString    *out,
               const char *at,
               const char *end)
{
  static const char letters[] = "bfnrt";
  static const char meanings[] = "\b\f\n\r\t";
  const char       *letter;
  gunichar          unit, low;

  if (at[1] != 'u')
    {
      letter = strchr (letters, at[1]);
      g_string_append_c (out, letter != NULL ? meanings[letter - letters] : at[1]);
      return 2;
    }
  unit = read_unit (at + 2);
  if (unit < 0xd800 || unit > 0xdfff)
    {
      g_string_append_unichar (out, unit);
      return 6;
    }
  if (unit > 0xdbff || end - at < 12 || at[6] != '\\' || at[7] != 'u')
    return 0;
  low = read_unit (at + 8);
  if (low < 0xdc00 || low > 0xdfff)
    return 0;
  g_string_append_unichar (out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
  return 12;
}

static gboolean
read_string (const Value *value,
             GString     *out)
{
  const char *at, *end;

  if (value->token != DUPLEX_JSON_STRING)
    return FALSE;
  at = value->text + 1;
  end = value->text + value->len - 1;
  while (at < end)
    {
      const char *escape = memchr (at, '\\', (gsize)(end - at));
      gsize       taken;

      g_string_append_len (out, at, (escape != NULL ? escape : end) - at);
      if (escape == NULL)
        break;
      taken = append_escape (out, escape, end);
      if (taken == 0)
        return FALSE;
      at = escape + taken;
    }
  return duplex_utf8_validate ((const guint8 *)out->str, out->len, NULL);
}

static gboolean
read_base64 (const Value *value,
             GString     *out)
{
  gsize body, size;

  if (value->token != DUPLEX_JSON_STRING || (value->len - 2) % 4 != 0)
    return FALSE;
  g_string_append_len (out, value->text + 1, (gssize)value->len - 2);
  body = strspn (out->str, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  if (out->len - body > 2 || strspn (out->str + body, "=") != out->len - body)
    return FALSE;
  if (out->len > 0)
    {
      g_base64_decode_inplace (out->str, &size);
      g_string_truncate (out, size);
    }
  return TRUE;
}

/* "2026-05-04T12:01:02.123456Z", and nothing else. */
static gboolean
read_time (const Value *value,
           gint64      *ret_time_us)
{
  static const char     form[] = "0000-00-00T00:00:00.000000Z";
  char                  text[sizeof form];
  g_autoptr (GDateTime) time = NULL;
  gint64                us = 0;

  if (value->token != DUPLEX_JSON_STRING || value->len != sizeof form - 1 + 2)
    return FALSE;
  memcpy (text, value->text + 1, sizeof form - 1);
  for (gsize i = 0; i < sizeof form - 1; i++)
    if (form[i] == '0' ? !g_ascii_isdigit (text[i]) : text[i] != form[i])
      return FALSE;
  for (int i = 20; i < 26; i++)
    us = us * 10 + (text[i] - '0');
  text[19] = 'Z';
  text[20] = '\0';
  time = g_date_time_new_from_iso8601 (text, NULL);
  if (time == NULL)
    return FALSE;
  *ret_time_us = g_date_time_to_unix (time) * G_USEC_PER_SEC + us;
  return TRUE;
}

/* ---- members ---- */

static gboolean
set_kind (DuplexJsonlReader *self,
          const Value       *value)
{
  for (int kind = DUPLEX_EVENT_FRAME; kind <= DUPLEX_EVENT_GAP; kind++)
    if (value_is (value, duplex_export_jsonl_get_kind_name (kind)))
      {
        self->event.kind = kind;
        self->has_kind = TRUE;
        return TRUE;
      }
  return FALSE;
}

static gboolean
set_direction (DuplexJsonlReader *self,
               const Value       *value)
{
  if (value_is (value, "sent"))
    self->event.direction = DUPLEX_DIRECTION_SENT;
  else if (value_is (value, "received"))
    self->event.direction = DUPLEX_DIRECTION_RECEIVED;
  else if (!value_is (value, "none"))
    return FALSE;
  self->has_direction = TRUE;
  return TRUE;
}

static gboolean
set_type (DuplexJsonlReader *self,
          const Value       *value)
{
  for (guint8 opcode = 0; opcode <= 0xf; opcode++)
    if (value_is (value, duplex_opcode_get_name (opcode)))
      {
        self->event.opcode = opcode;
        self->has_type = TRUE;
        return TRUE;
      }
  return FALSE;
}

/* A whole header, or none. */
static gboolean
set_header (DuplexJsonlReader *self,
            const Value       *value)
{
  DuplexFrameHeader header;
  gsize             size = value->len / 2 - 1;

  if (value->token != DUPLEX_JSON_STRING || value->len % 2 != 0 || size > DUPLEX_FRAME_HEADER_MAX)
    return FALSE;
  for (gsize i = 0; i < size; i++)
    {
      int high = g_ascii_xdigit_value (value->text[1 + 2 * i]);
      int low = g_ascii_xdigit_value (value->text[2 + 2 * i]);

      if (high < 0 || low < 0)
        return FALSE;
      self->event.header[i] = (guint8)(high << 4 | low);
    }
  self->event.header_size = (guint8)size;
  return size == 0 || duplex_frame_header_decode (self->event.header, size, &header) == size;
}

static gboolean
set_flag (DuplexJsonlReader *self,
          DuplexEventFlags   flag,
          const Value       *value)
{
  if (value->token == DUPLEX_JSON_TRUE)
    self->event.flags |= flag;
  return value->token == DUPLEX_JSON_TRUE || value->token == DUPLEX_JSON_FALSE;
}

static gboolean
set_time (DuplexJsonlReader *self,
          const Value       *value)
{
  self->has_time = read_time (value, &self->event.time_us);
  return self->has_time;
}

static gboolean
set_payload (GString     *payload,
             const Value *value,
             gboolean     is_text)
{
  g_string_truncate (payload, 0);
  return is_text ? read_string (value, payload) : read_base64 (value, payload);
}

static gboolean
set_inflated (DuplexJsonlReader *self,
              const Value       *value,
              gboolean           is_text)
{
  self->has_inflated = TRUE;
  return set_payload (self->inflated, value, is_text);
}

typedef enum {
  MEMBER_OTHER,
  MEMBER_NUMBER,
  MEMBER_TIME,
  MEMBER_CONNECTION,
  MEMBER_EVENT,
  MEMBER_DIRECTION,
  MEMBER_TYPE,
  MEMBER_HEADER,
  MEMBER_MESSAGE,
  MEMBER_MESSAGE_SIZE,
  MEMBER_FRAMES,
  MEMBER_ROW,
  MEMBER_FIRST,
  MEMBER_CUT,
  MEMBER_DELIBERATE,
  MEMBER_BY_PEER,
  MEMBER_REDACTED,
  MEMBER_SERVER,
  MEMBER_VALUE,
  MEMBER_TEXT,
  MEMBER_BASE64,
  MEMBER_INFLATED_TEXT,
  MEMBER_INFLATED_BASE64,
  MEMBER_SENT_CODE,
  MEMBER_SENT_REASON,
  MEMBER_FINDINGS,
} Member;

static const struct
{
  const char *name;
  Member      member;
} members[] = {
  { "number", MEMBER_NUMBER },
  { "time", MEMBER_TIME },
  { "connection", MEMBER_CONNECTION },
  { "event", MEMBER_EVENT },
  { "direction", MEMBER_DIRECTION },
  { "type", MEMBER_TYPE },
  { "header", MEMBER_HEADER },
  { "message", MEMBER_MESSAGE },
  { "message_size", MEMBER_MESSAGE_SIZE },
  { "duration_us", MEMBER_MESSAGE_SIZE },
  { "frames", MEMBER_FRAMES },
  { "row", MEMBER_ROW },
  { "first", MEMBER_FIRST },
  { "cut", MEMBER_CUT },
  { "deliberate", MEMBER_DELIBERATE },
  { "by_peer", MEMBER_BY_PEER },
  { "redacted", MEMBER_REDACTED },
  { "server", MEMBER_SERVER },
  { "text", MEMBER_TEXT },
  { "base64", MEMBER_BASE64 },
  { "inflated_text", MEMBER_INFLATED_TEXT },
  { "inflated_base64", MEMBER_INFLATED_BASE64 },
  { "sent_code", MEMBER_SENT_CODE },
  { "sent_reason", MEMBER_SENT_REASON },
  { "findings", MEMBER_FINDINGS },
  /* the names of DuplexEvent's value, by kind */
  { "value", MEMBER_VALUE },
  { "message_inflated_size", MEMBER_VALUE },
  { "rtt_us", MEMBER_VALUE },
  { "status", MEMBER_VALUE },
  { "certificate_flags", MEMBER_VALUE },
  { "elapsed_us", MEMBER_VALUE },
  { "code", MEMBER_VALUE },
  { "error", MEMBER_VALUE },
  { "missing_bytes", MEMBER_VALUE },
  { "missing_connections", MEMBER_VALUE },
};

/* key has its quotes. */
static Member
find_member (const char *key,
             gsize       len)
{
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (strlen (members[i].name) + 2 == len &&
        memcmp (key + 1, members[i].name, len - 2) == 0)
      return members[i].member;
  return MEMBER_OTHER;
}

static gboolean
set_member (DuplexJsonlReader *self,
            Member             member,
            const Value       *value)
{
  guint64  number = 0;
  gboolean fine;

  switch (member)
    {
    case MEMBER_NUMBER:
      return read_unsigned (value, G_MAXUINT64, &self->event.number);
    case MEMBER_TIME:
      return set_time (self, value);
    case MEMBER_CONNECTION:
      fine = read_unsigned (value, G_MAXUINT32, &number);
      self->event.connection = (guint32)number;
      return fine;
    case MEMBER_EVENT:
      return set_kind (self, value);
    case MEMBER_DIRECTION:
      return set_direction (self, value);
    case MEMBER_TYPE:
      return set_type (self, value);
    case MEMBER_HEADER:
      return set_header (self, value);
    case MEMBER_MESSAGE:
      return read_unsigned (value, G_MAXUINT64, &self->event.message);
    case MEMBER_MESSAGE_SIZE:
      return read_unsigned (value, G_MAXUINT64, &self->event.message_size);
    case MEMBER_FRAMES:
      fine = read_unsigned (value, G_MAXUINT, &number);
      self->event.n_frames = (guint)number;
      return fine;
    case MEMBER_ROW:
      return set_flag (self, DUPLEX_EVENT_FLAG_ROW, value);
    case MEMBER_FIRST:
      return read_unsigned (value, G_MAXUINT64, &self->event.first);
    case MEMBER_CUT:
      return set_flag (self, DUPLEX_EVENT_FLAG_CUT, value);
    case MEMBER_DELIBERATE:
      return set_flag (self, DUPLEX_EVENT_FLAG_DELIBERATE, value);
    case MEMBER_BY_PEER:
      return set_flag (self, DUPLEX_EVENT_FLAG_PEER, value);
    case MEMBER_REDACTED:
      return set_flag (self, DUPLEX_EVENT_FLAG_REDACTED, value);
    case MEMBER_SERVER:
      return set_flag (self, DUPLEX_EVENT_FLAG_SERVER, value);
    case MEMBER_VALUE:
      return read_signed (value, &self->event.value);
    case MEMBER_TEXT:
      return set_payload (self->payload, value, /* is_text= */ TRUE);
    case MEMBER_BASE64:
      return set_payload (self->payload, value, /* is_text= */ FALSE);
    case MEMBER_INFLATED_TEXT:
      return set_inflated (self, value, /* is_text= */ TRUE);
    case MEMBER_INFLATED_BASE64:
      return set_inflated (self, value, /* is_text= */ FALSE);
    case MEMBER_SENT_CODE:
      fine = read_unsigned (value, G_MAXUINT16, &number);
      self->event.sent_code = (guint16)number;
      return fine;
    case MEMBER_SENT_REASON:
      /* It stands in the record itself. Who breaks the rules may have sent a long one. */
      return set_payload (self->sent_reason, value, /* is_text= */ TRUE) &&
             self->sent_reason->len <= DUPLEX_LIMIT_CAPTURE_BLOCK;
    case MEMBER_FINDINGS: /* an array, taken elsewhere */
      return FALSE;
    case MEMBER_OTHER:
    default:
      return TRUE;
    }
}

static gboolean
set_finding_member (DuplexJsonlReader *self,
                    const char        *key,
                    gsize              len,
                    const Value       *value)
{
  if (len == strlen ("\"offset\"") && memcmp (key, "\"offset\"", len) == 0)
    return read_unsigned (value, G_MAXUINT64, &self->finding.offset);
  if (len != strlen ("\"id\"") || memcmp (key, "\"id\"", len) != 0)
    return TRUE;
  for (int id = DUPLEX_FINDING_NONE + 1; id < DUPLEX_N_FINDINGS; id++)
    if (value_is (value, duplex_finding_get_name (id)))
      {
        self->finding.id = id;
        return TRUE;
      }
  return value->token == DUPLEX_JSON_STRING; /* of a later version: left out */
}

/* ---- a line ---- */

typedef struct
{
  const char *line;
  guint       depth;
  const char *key; /* the last, with its quotes */
  gsize       key_len;
  Member      member; /* that key, at the top */
} Place;

static gboolean
take_value (DuplexJsonlReader *self,
            const Place       *place,
            const Value       *value)
{
  if (place->depth == 1)
    return set_member (self, place->member, value);
  if (place->depth == 3 && place->member == MEMBER_FINDINGS)
    return set_finding_member (self, place->key, place->key_len, value);
  return place->member != MEMBER_FINDINGS || place->depth > 3;
}

static gboolean
open_value (DuplexJsonlReader *self,
            Place             *place,
            DuplexJsonToken    token)
{
  gboolean is_findings = place->depth >= 1 && place->member == MEMBER_FINDINGS;

  if (place->depth == 0 && token != DUPLEX_JSON_OBJECT_OPEN)
    return FALSE;
  if (place->depth == 1 && place->member != MEMBER_OTHER &&
      !(is_findings && token == DUPLEX_JSON_ARRAY_OPEN))
    return FALSE;
  if (place->depth == 2 && is_findings && token != DUPLEX_JSON_OBJECT_OPEN)
    return FALSE;
  if (place->depth == 2 && is_findings)
    self->finding = (DuplexFinding){ DUPLEX_FINDING_NONE, 0 };
  place->depth++;
  return TRUE;
}

static void
close_value (DuplexJsonlReader *self,
             Place             *place)
{
  place->depth--;
  if (place->depth == 2 && place->member == MEMBER_FINDINGS &&
      self->finding.id != DUPLEX_FINDING_NONE)
    {
      g_array_append_val (self->findings, self->finding);
      self->finding.id = DUPLEX_FINDING_NONE;
    }
}

static gboolean
take_token (DuplexJsonlReader *self,
            Place             *place,
            DuplexJsonToken    token,
            gsize              offset,
            gsize              len)
{
  Value value = { token, place->line + offset, len };

  switch (token)
    {
    case DUPLEX_JSON_OBJECT_OPEN:
    case DUPLEX_JSON_ARRAY_OPEN:
      return open_value (self, place, token);
    case DUPLEX_JSON_OBJECT_CLOSE:
    case DUPLEX_JSON_ARRAY_CLOSE:
      close_value (self, place);
      return TRUE;
    case DUPLEX_JSON_KEY:
      place->key = value.text;
      place->key_len = len;
      if (place->depth == 1)
        place->member = find_member (place->key, len);
      return TRUE;
    case DUPLEX_JSON_STRING:
    case DUPLEX_JSON_NUMBER:
    case DUPLEX_JSON_TRUE:
    case DUPLEX_JSON_FALSE:
    case DUPLEX_JSON_NULL:
      return place->depth > 0 && take_value (self, place, &value);
    case DUPLEX_JSON_COLON:
    case DUPLEX_JSON_COMMA:
    case DUPLEX_JSON_END:
    case DUPLEX_JSON_ERROR:
    default:
      return TRUE;
    }
}

static gboolean
check_complete (DuplexJsonlReader *self,
                GError           **error)
{
  gboolean    is_frame = self->event.kind == DUPLEX_EVENT_FRAME;
  const char *missing = NULL;

  if (!self->has_kind)
    missing = "event";
  else if (!self->has_time)
    missing = "time";
  else if (is_frame && !self->has_direction)
    missing = "direction";
  else if (is_frame && !self->has_type)
    missing = "type";
  if (missing == NULL)
    return TRUE;
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX, "The member “%s” is missing", missing);
  return FALSE;
}

gboolean
duplex_jsonl_reader_parse (DuplexJsonlReader *self,
                           const char        *line,
                           gsize              len,
                           DuplexEvent       *ret_event,
                           GError           **error)
{
  g_autoptr (DuplexJsonLexer) lexer = NULL;
  Place                       place = { .line = line };
  DuplexJsonToken             token;
  gsize                       offset = 0;
  gsize                       token_len = 0;

  g_return_val_if_fail (self != NULL && ret_event != NULL, FALSE);

  self->event = (DuplexEvent)DUPLEX_EVENT_INIT;
  self->has_kind = self->has_time = self->has_type = self->has_direction = FALSE;
  self->has_inflated = FALSE;
  g_string_truncate (self->payload, 0);
  g_string_truncate (self->sent_reason, 0);
  g_array_set_size (self->findings, 0);

  lexer = duplex_json_lexer_new (line, len);
  while ((token = duplex_json_lexer_next (lexer, &offset, &token_len)) != DUPLEX_JSON_END)
    {
      guint column;

      if (token == DUPLEX_JSON_ERROR)
        {
          const char *why = duplex_json_lexer_get_error (lexer, NULL, NULL, &column);

          g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX, "Column %u: %s", column, why);
          return FALSE;
        }
      if (!take_token (self, &place, token, offset, token_len))
        {
          g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX,
                       "Column %" G_GSIZE_FORMAT ": this is not what an event has here",
                       offset + 1);
          return FALSE;
        }
    }
  if (!check_complete (self, error))
    return FALSE;
  self->event.payload = (const guint8 *)self->payload->str;
  self->event.payload_size = self->payload->len;
  if (self->has_inflated)
    {
      self->event.inflated = (const guint8 *)self->inflated->str;
      self->event.inflated_size = self->inflated->len;
    }
  if (self->event.kind != DUPLEX_EVENT_CLOSED)
    self->event.sent_code = 0;
  if (self->event.sent_code != 0 && self->sent_reason->len > 0)
    {
      self->event.sent_reason = self->sent_reason->str;
      self->event.sent_reason_size = self->sent_reason->len;
    }
  self->event.findings = (const DuplexFinding *)self->findings->data;
  self->event.n_findings = self->findings->len;
  *ret_event = self->event;
  return TRUE;
}
