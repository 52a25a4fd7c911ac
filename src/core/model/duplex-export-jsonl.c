/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-export-jsonl.h"

#include <string.h>

#include "core/model/duplex-escape.h"
#include "core/model/duplex-payload-pieces.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-utf8.h"

static const struct
{
  const char *name;
  const char *value;
} kinds[] = {
  [DUPLEX_EVENT_FRAME] = { "frame", "rtt_us" },
  [DUPLEX_EVENT_CONNECTING] = { "connecting", NULL },
  [DUPLEX_EVENT_REQUEST] = { "request", NULL },
  [DUPLEX_EVENT_RESPONSE] = { "response", "status" },
  [DUPLEX_EVENT_BODY] = { "body", NULL },
  [DUPLEX_EVENT_TLS] = { "tls", "certificate_flags" },
  [DUPLEX_EVENT_CONNECTED] = { "connected", "elapsed_us" },
  [DUPLEX_EVENT_CLOSED] = { "closed", "code" },
  [DUPLEX_EVENT_FAILED] = { "failed", "error" },
  [DUPLEX_EVENT_UNFINISHED] = { "unfinished", NULL },
  [DUPLEX_EVENT_LOST] = { "lost", NULL },
  [DUPLEX_EVENT_GAP] = { "gap", "missing_bytes" },
};

/* A line that is being written. */
typedef struct
{
  GString              *out;
  DuplexCapture        *capture; /* or NULL */
  const DuplexEvent    *event;
  DuplexExportJsonlFunc settle; /* or NULL */
  gpointer              user_data;
} Line;

const char *
duplex_export_jsonl_get_kind_name (DuplexEventKind kind)
{
  return (guint)kind < G_N_ELEMENTS (kinds) ? kinds[kind].name : "unknown";
}

const char *
duplex_export_jsonl_get_value_name (const DuplexEvent *event)
{
  DuplexEventKind kind = event->kind;

  if (kind == DUPLEX_EVENT_GAP && event->direction == DUPLEX_DIRECTION_NONE)
    return "missing_connections";
  return (guint)kind < G_N_ELEMENTS (kinds) ? kinds[kind].value : NULL;
}

void
duplex_export_jsonl_append_string (GString    *out,
                                   const char *text,
                                   gsize       len)
{
  DuplexEscape escape = DUPLEX_ESCAPE_INIT (DUPLEX_ESCAPE_JSON);

  g_string_append_c (out, '"');
  duplex_escape_append (&escape, out, text, len);
  duplex_escape_end (&escape, out);
  g_string_append_c (out, '"');
}

/* GDate counts days from the first of year 1, which is day 1. */
#define EPOCH_DAY   719163
#define LAST_DAY    3652059 /* of year 9999 */
#define DAY_SECONDS (24 * 60 * 60)

static void
append_time (GString *out,
             gint64   time_us)
{
  gint64 second = time_us / G_USEC_PER_SEC - (time_us % G_USEC_PER_SEC < 0);
  gint64 day = second / DAY_SECONDS - (second % DAY_SECONDS < 0) + EPOCH_DAY;
  int    us = (int)((time_us % G_USEC_PER_SEC + G_USEC_PER_SEC) % G_USEC_PER_SEC);
  int    of_day;
  GDate  date;

  if (day < 1 || day > LAST_DAY)
    {
      day = EPOCH_DAY;
      second = us = 0;
    }
  of_day = (int)(second - (day - EPOCH_DAY) * DAY_SECONDS);
  g_date_clear (&date, 1);
  g_date_set_julian (&date, (guint32)day);
  g_string_append_printf (out, "\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\"",
                          g_date_get_year (&date), g_date_get_month (&date),
                          g_date_get_day (&date), of_day / 3600, of_day / 60 % 60, of_day % 60, us);
}

static void
append_hex (GString      *out,
            const guint8 *data,
            gsize         size)
{
  static const char digits[] = "0123456789abcdef";

  for (gsize i = 0; i < size; i++)
    {
      g_string_append_c (out, digits[data[i] >> 4]);
      g_string_append_c (out, digits[data[i] & 0xf]);
    }
}

static void
append_header (GString           *out,
               const DuplexEvent *event)
{
  DuplexFrameHeader header;

  if (duplex_event_get_header (event, &header))
    {
      g_string_append_printf (out, ",\"opcode\":%u,\"fin\":%s,\"rsv\":%d", header.opcode,
                              header.fin ? "true" : "false",
                              header.rsv1 * 4 + header.rsv2 * 2 + header.rsv3);
      if (header.masked)
        {
          g_string_append (out, ",\"mask\":\"");
          append_hex (out, header.mask, sizeof header.mask);
          g_string_append_c (out, '"');
        }
      g_string_append_printf (out, ",\"length\":%" G_GUINT64_FORMAT, header.length);
    }
  g_string_append (out, ",\"header\":\"");
  append_hex (out, event->header, event->header_size);
  g_string_append_c (out, '"');
}

static void
append_direction (GString           *out,
                  const DuplexEvent *event)
{
  static const char *const directions[] = { "none", "sent", "received" };

  g_string_append_printf (out, ",\"direction\":\"%s\"",
                          directions[event->direction % G_N_ELEMENTS (directions)]);
}

static void
append_message (GString           *out,
                const DuplexEvent *event)
{
  append_direction (out, event);
  g_string_append (out, ",\"type\":");
  duplex_export_jsonl_append_string (out, duplex_opcode_get_name (event->opcode & 0xf),
                                     strlen (duplex_opcode_get_name (event->opcode & 0xf)));
  append_header (out, event);
  g_string_append_printf (out,
                          ",\"message\":%" G_GUINT64_FORMAT ",\"message_size\":%" G_GUINT64_FORMAT
                          ",\"frames\":%u",
                          event->message, event->message_size, event->n_frames);
  if (event->message != 0 && event->value != -1)
    g_string_append_printf (out, ",\"message_inflated_size\":%" G_GINT64_FORMAT, event->value);
}

static void
append_flags (GString           *out,
              const DuplexEvent *event)
{
  if (event->flags & DUPLEX_EVENT_FLAG_ROW)
    g_string_append_printf (out, ",\"row\":true,\"first\":%" G_GUINT64_FORMAT, event->first);
  if (event->flags & DUPLEX_EVENT_FLAG_CUT)
    g_string_append (out, ",\"cut\":true");
  if (event->flags & DUPLEX_EVENT_FLAG_DELIBERATE)
    g_string_append (out, ",\"deliberate\":true");
  if (event->flags & DUPLEX_EVENT_FLAG_PEER)
    g_string_append (out, ",\"by_peer\":true");
  if (event->flags & DUPLEX_EVENT_FLAG_REDACTED)
    g_string_append (out, ",\"redacted\":true");
  if (event->flags & DUPLEX_EVENT_FLAG_SERVER)
    g_string_append (out, ",\"server\":true");
}

static void
append_close (GString           *out,
              const DuplexEvent *event)
{
  const char   *reason;
  gsize         len;
  DuplexFinding finding;
  guint16       code;

  /* One that stands apart is far over the limit of a Close. */
  if (event->payload == NULL && event->payload_size > 0)
    return;
  code = duplex_close_body_parse (event->payload, event->payload_size, &reason, &len, &finding);
  if (finding.id == DUPLEX_FINDING_CLOSE_ONE_BYTE)
    return;
  /* A code that may not be sent is what a reader looks for most. */
  g_string_append_printf (out, ",\"close_code\":%u", code);
  if (!duplex_utf8_validate ((const guint8 *)reason, len, NULL))
    return;
  g_string_append (out, ",\"close_reason\":");
  duplex_export_jsonl_append_string (out, len > 0 ? reason : "", len);
}

/* ---- payloads ---- */

static void
settle (const Line *line)
{
  if (line->settle != NULL)
    line->settle (line->out, line->user_data);
}

static gboolean
validate_cb (const guint8 *data,
             gsize         size,
             gpointer      user_data)
{
  DuplexUtf8 *utf8 = user_data;
  guint64     bad;

  return duplex_utf8_feed (utf8, data, size, &bad);
}

/* Whether all that is there of it is text. */
static gboolean
is_text (const Line   *line,
         DuplexPayload which)
{
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;
  guint64    seen;

  if (line->event->kind == DUPLEX_EVENT_FRAME && line->event->opcode != DUPLEX_OPCODE_TEXT)
    return FALSE;
  /* A few deflated bytes are often UTF-8 by chance. */
  if (which == DUPLEX_PAYLOAD_WIRE &&
      (duplex_payload_exists (line->event, DUPLEX_PAYLOAD_INFLATED) ||
       duplex_event_begins_compressed (line->event)))
    return FALSE;
  seen = duplex_payload_walk (line->capture, line->event, which, validate_cb, &utf8);
  return utf8.offset == seen && duplex_utf8_is_complete (&utf8);
}

typedef struct
{
  const Line  *line;
  DuplexEscape escape;
} Text;

static gboolean
text_cb (const guint8 *data,
         gsize         size,
         gpointer      user_data)
{
  Text *self = user_data;

  duplex_escape_append (&self->escape, self->line->out, (const char *)data, size);
  settle (self->line);
  return TRUE;
}

static guint64
append_text (const Line   *line,
             DuplexPayload which)
{
  Text    text = { line, DUPLEX_ESCAPE_INIT (DUPLEX_ESCAPE_JSON) };
  guint64 seen = duplex_payload_walk (line->capture, line->event, which, text_cb, &text);

  duplex_escape_end (&text.escape, line->out);
  return seen;
}

typedef struct
{
  const Line *line;
  int         state;
  int         save;
} Base64;

static gboolean
base64_cb (const guint8 *data,
           gsize         size,
           gpointer      user_data)
{
  Base64  *self = user_data;
  GString *out = self->line->out;
  gsize    from = out->len;
  gsize    len;

  /* What g_base64_encode_step() asks for without line breaks, and the bytes that it has saved. */
  g_string_set_size (out, from + (size / 3 + 1) * 4 + 4);
  len = g_base64_encode_step (data, size, /* break_lines= */ FALSE, out->str + from, &self->state,
                              &self->save);
  g_string_truncate (out, from + len);
  settle (self->line);
  return TRUE;
}

static guint64
append_base64 (const Line   *line,
               DuplexPayload which)
{
  Base64  base64 = { line, 0, 0 };
  char    rest[8];
  guint64 seen = duplex_payload_walk (line->capture, line->event, which, base64_cb, &base64);
  gsize   len = g_base64_encode_close (/* break_lines= */ FALSE, rest, &base64.state, &base64.save);

  g_string_append_len (line->out, rest, (gssize)len);
  return seen;
}

/* Returns whether it is whole. */
static gboolean
append_payload (const Line   *line,
                DuplexPayload which)
{
  const char *before = which == DUPLEX_PAYLOAD_INFLATED ? "inflated_" : "";
  guint64     size = duplex_payload_get_size (line->event, which);
  guint64     seen;

  if (which == DUPLEX_PAYLOAD_INFLATED)
    g_string_append_printf (line->out, ",\"inflated_length\":%" G_GUINT64_FORMAT, size);
  if (is_text (line, which))
    {
      g_string_append_printf (line->out, ",\"%stext\":\"", before);
      seen = append_text (line, which);
    }
  else
    {
      g_string_append_printf (line->out, ",\"%sbase64\":\"", before);
      seen = append_base64 (line, which);
    }
  g_string_append_c (line->out, '"');
  if (seen < size)
    g_string_append_printf (line->out, ",\"%smissing\":%" G_GUINT64_FORMAT, before, size - seen);
  return seen == size;
}

/* ---- the line ---- */

static void
append_findings (GString           *out,
                 const DuplexEvent *event)
{
  g_string_append (out, ",\"findings\":[");
  for (guint i = 0; i < event->n_findings; i++)
    g_string_append_printf (out, "%s{\"id\":\"%s\",\"offset\":%" G_GUINT64_FORMAT "}",
                            i > 0 ? "," : "", duplex_finding_get_name (event->findings[i].id),
                            event->findings[i].offset);
  g_string_append_c (out, ']');
}

static void
append_value (GString           *out,
              const DuplexEvent *event)
{
  const char *name = duplex_export_jsonl_get_value_name (event);

  if (event->value != -1)
    g_string_append_printf (out, ",\"%s\":%" G_GINT64_FORMAT, name != NULL ? name : "value",
                            event->value);
}

/* How long the closing took, and the Close of this end. */
static void
append_closing (GString           *out,
                const DuplexEvent *event)
{
  if (event->message_size > 0)
    g_string_append_printf (out, ",\"duration_us\":%" G_GUINT64_FORMAT, event->message_size);
  if (event->sent_code == 0)
    return;
  g_string_append_printf (out, ",\"sent_code\":%u", event->sent_code);
  /* The bytes may come from a file. */
  if (!duplex_utf8_validate ((const guint8 *)event->sent_reason, event->sent_reason_size, NULL))
    return;
  g_string_append (out, ",\"sent_reason\":");
  duplex_export_jsonl_append_string (out, event->sent_reason_size > 0 ? event->sent_reason : "",
                                     event->sent_reason_size);
}

static void
append_state (GString           *out,
              const DuplexEvent *event)
{
  gboolean is_frame = event->kind == DUPLEX_EVENT_FRAME || event->kind == DUPLEX_EVENT_UNFINISHED;

  g_string_append_printf (out, "{\"number\":%" G_GUINT64_FORMAT ",", event->number);
  append_time (out, event->time_us);
  g_string_append_printf (out, ",\"connection\":%u,\"event\":\"%s\"", event->connection,
                          duplex_export_jsonl_get_kind_name (event->kind));
  if (is_frame)
    append_message (out, event);
  else if (event->kind == DUPLEX_EVENT_GAP)
    append_direction (out, event);
  append_flags (out, event);
  if (!is_frame || event->message == 0)
    append_value (out, event);
  if (event->kind == DUPLEX_EVENT_CLOSED)
    append_closing (out, event);
  if (event->kind == DUPLEX_EVENT_FRAME && event->opcode == DUPLEX_OPCODE_CLOSE)
    append_close (out, event);
}

gboolean
duplex_export_jsonl_append (GString              *out,
                            DuplexCapture        *capture,
                            const DuplexEvent    *event,
                            DuplexExportJsonlFunc settle_func,
                            gpointer              user_data)
{
  const Line line = { out, capture, event, settle_func, user_data };
  gboolean   whole;

  g_return_val_if_fail (out != NULL && event != NULL, FALSE);

  append_state (out, event);
  whole = append_payload (&line, DUPLEX_PAYLOAD_WIRE);
  if (duplex_payload_exists (event, DUPLEX_PAYLOAD_INFLATED) &&
      !append_payload (&line, DUPLEX_PAYLOAD_INFLATED))
    whole = FALSE;
  if (event->n_findings > 0)
    append_findings (out, event);
  g_string_append (out, "}\n");
  return whole;
}
