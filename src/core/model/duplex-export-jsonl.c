/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-export-jsonl.h"

#include <string.h>

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
};

const char *
duplex_export_jsonl_get_kind_name (DuplexEventKind kind)
{
  return (guint)kind < G_N_ELEMENTS (kinds) ? kinds[kind].name : "unknown";
}

const char *
duplex_export_jsonl_get_value_name (DuplexEventKind kind)
{
  return (guint)kind < G_N_ELEMENTS (kinds) ? kinds[kind].value : NULL;
}

void
duplex_export_jsonl_append_string (GString    *out,
                                   const char *text,
                                   gsize       len)
{
  gsize from = 0;

  g_string_append_c (out, '"');
  for (gsize i = 0; i < len; i++)
    {
      guchar c = (guchar)text[i];

      if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
        continue;
      g_string_append_len (out, text + from, (gssize)(i - from));
      from = i + 1;
      if (c == '\n')
        g_string_append (out, "\\n");
      else if (c == '\r')
        g_string_append (out, "\\r");
      else if (c == '\t')
        g_string_append (out, "\\t");
      else if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", c);
      else
        g_string_append_printf (out, "\\u%04x", c);
    }
  g_string_append_len (out, text + from, (gssize)(len - from));
  g_string_append_c (out, '"');
}

static void
append_time (GString *out,
             gint64   time_us)
{
  gint64                seconds = time_us / G_USEC_PER_SEC;
  gint64                rest = time_us % G_USEC_PER_SEC;
  g_autoptr (GDateTime) time = NULL;
  g_autofree char      *text = NULL;

  if (rest < 0)
    {
      rest += G_USEC_PER_SEC;
      seconds--;
    }
  time = g_date_time_new_from_unix_utc (seconds);
  if (time == NULL) /* not of years 1 to 9999 */
    {
      time = g_date_time_new_from_unix_utc (0);
      rest = 0;
    }
  /* Years before 1000 too have four digits. */
  text = g_date_time_format (time, "-%m-%dT%H:%M:%S");
  g_string_append_printf (out, "\"time\":\"%04d%s.%06" G_GINT64_FORMAT "Z\"",
                          g_date_time_get_year (time), text, rest);
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
        g_string_append_printf (out, ",\"mask\":\"%02x%02x%02x%02x\"", header.mask[0],
                                header.mask[1], header.mask[2], header.mask[3]);
      g_string_append_printf (out, ",\"length\":%" G_GUINT64_FORMAT, header.length);
    }
  g_string_append (out, ",\"header\":\"");
  for (guint i = 0; i < event->header_size; i++)
    g_string_append_printf (out, "%02x", event->header[i]);
  g_string_append_c (out, '"');
}

static void
append_message (GString           *out,
                const DuplexEvent *event)
{
  static const char *const directions[] = { "none", "sent", "received" };

  g_string_append_printf (out, ",\"direction\":\"%s\",\"type\":",
                          directions[event->direction % G_N_ELEMENTS (directions)]);
  duplex_export_jsonl_append_string (out, duplex_opcode_get_name (event->opcode & 0xf),
                                     strlen (duplex_opcode_get_name (event->opcode & 0xf)));
  append_header (out, event);
  g_string_append_printf (out,
                          ",\"message\":%" G_GUINT64_FORMAT ",\"message_size\":%" G_GUINT64_FORMAT
                          ",\"frames\":%u",
                          event->message, event->message_size, event->n_frames);
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
}

static void
append_close (GString           *out,
              const DuplexEvent *event)
{
  const char   *reason;
  gsize         len;
  DuplexFinding finding;
  guint16       code = duplex_close_body_parse (event->payload, event->payload_size, &reason, &len,
                                                &finding);

  if (finding.id != DUPLEX_FINDING_NONE)
    return;
  g_string_append_printf (out, ",\"close_code\":%u,\"close_reason\":", code);
  duplex_export_jsonl_append_string (out, len > 0 ? reason : "", len);
}

static gboolean
is_text (const DuplexEvent *event)
{
  return (event->kind != DUPLEX_EVENT_FRAME || event->opcode == DUPLEX_OPCODE_TEXT) &&
         duplex_utf8_validate (event->payload, event->payload_size, NULL);
}

static void
append_payload (GString           *out,
                const DuplexEvent *event)
{
  if (is_text (event))
    {
      g_string_append (out, ",\"text\":");
      duplex_export_jsonl_append_string (out, (const char *)event->payload, event->payload_size);
    }
  else
    {
      g_autofree char *base64 = g_base64_encode (event->payload, event->payload_size);

      g_string_append_printf (out, ",\"base64\":\"");
      g_string_append (out, base64);
      g_string_append_c (out, '"');
    }
}

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

void
duplex_export_jsonl_append (GString           *out,
                            const DuplexEvent *event)
{
  const char *value_name;

  g_return_if_fail (out != NULL && event != NULL);

  g_string_append_printf (out, "{\"number\":%" G_GUINT64_FORMAT ",", event->number);
  append_time (out, event->time_us);
  g_string_append_printf (out, ",\"connection\":%u,\"event\":\"%s\"", event->connection,
                          duplex_export_jsonl_get_kind_name (event->kind));
  if (event->kind == DUPLEX_EVENT_FRAME || event->kind == DUPLEX_EVENT_UNFINISHED)
    append_message (out, event);
  append_flags (out, event);
  value_name = duplex_export_jsonl_get_value_name (event->kind);
  if (event->value != -1)
    g_string_append_printf (out, ",\"%s\":%" G_GINT64_FORMAT,
                            value_name != NULL ? value_name : "value", event->value);
  if (event->kind == DUPLEX_EVENT_FRAME && event->opcode == DUPLEX_OPCODE_CLOSE)
    append_close (out, event);
  append_payload (out, event);
  if (event->n_findings > 0)
    append_findings (out, event);
  g_string_append (out, "}\n");
}
