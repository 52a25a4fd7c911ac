/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-printer.h"

#include <string.h>

#include "core/model/duplex-export-jsonl.h"
#include "core/proto/duplex-utf8.h"

/* Bytes of a payload that --frames shows. */
#define SHOWN 64

struct _DuplexCliPrinter
{
  DuplexCliPrint   what;
  char             end;
  DuplexCliOutput *output;     /* borrowed */
  GByteArray      *message[2]; /* what came of the open message, by direction: 0 sent, 1 received */
  gboolean         escapes;
  gboolean         marks;
  gboolean         sent_too;
};

DuplexCliPrinter *
duplex_cli_printer_new (DuplexCliPrint   what,
                        char             end,
                        DuplexCliOutput *output)
{
  DuplexCliPrinter *self = g_new0 (DuplexCliPrinter, 1);

  self->what = what;
  self->end = end;
  self->output = output;
  for (int i = 0; i < 2; i++)
    self->message[i] = g_byte_array_new ();
  return self;
}

void
duplex_cli_printer_free (DuplexCliPrinter *self)
{
  if (self == NULL)
    return;
  for (int i = 0; i < 2; i++)
    g_byte_array_unref (self->message[i]);
  g_free (self);
}

void
duplex_cli_printer_set_escapes (DuplexCliPrinter *self,
                                gboolean          escapes)
{
  self->escapes = escapes;
}

void
duplex_cli_printer_set_marks (DuplexCliPrinter *self,
                              gboolean          marks,
                              gboolean          sent_too)
{
  self->marks = marks;
  self->sent_too = sent_too;
}

/* ---- messages ---- */

static void
append_hex (GString      *out,
            const guint8 *data,
            gsize         len)
{
  static const char digits[] = "0123456789abcdef";

  for (gsize i = 0; i < len; i++)
    {
      g_string_append_c (out, digits[data[i] >> 4]);
      g_string_append_c (out, digits[data[i] & 0xf]);
    }
}

/* C0, DEL and C1 (which are U+0080 to U+009F, "\xc2\x80" to "\xc2\x9f") but for line feed and
 * tab. */
static void
append_escaped (GString    *out,
                const char *text,
                gsize       len)
{
  for (gsize i = 0; i < len; i++)
    {
      guchar c = (guchar)text[i];

      if (c == 0xc2 && i + 1 < len && (guchar)text[i + 1] < 0xa0)
        g_string_append_printf (out, "\\u%04x", (guchar)text[++i]);
      else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        g_string_append_printf (out, "\\x%02x", c);
      else
        g_string_append_c (out, (char)c);
    }
}

static void
print_message (DuplexCliPrinter *self,
               gboolean          received,
               guint8            opcode,
               const guint8     *data,
               gsize             len)
{
  GString *out = duplex_cli_output_get_buffer (self->output);

  if (self->marks)
    g_string_append (out, received ? "< " : "> ");
  if (opcode != DUPLEX_OPCODE_TEXT)
    {
      g_string_append (out, "hex:");
      append_hex (out, data, len);
    }
  else if (self->escapes)
    append_escaped (out, (const char *)data, len);
  else
    g_string_append_len (out, (const char *)data, (gssize)len);
  g_string_append_c (out, self->end);
}

/* Whether event ends a message that came whole and breaks no rule. */
static gboolean
ends_message (const DuplexEvent *event)
{
  return event->kind == DUPLEX_EVENT_FRAME && !duplex_opcode_is_control (event->opcode) &&
         (event->flags & DUPLEX_EVENT_FLAG_ROW) && !(event->flags & DUPLEX_EVENT_FLAG_CUT) &&
         duplex_event_get_worst_severity (event) < (int)DUPLEX_SEVERITY_ERROR;
}

static void
take_message (DuplexCliPrinter  *self,
              const DuplexEvent *event)
{
  gboolean    received = event->direction == DUPLEX_DIRECTION_RECEIVED;
  GByteArray *message = self->message[received ? 1 : 0];

  if (event->kind != DUPLEX_EVENT_FRAME || duplex_opcode_is_control (event->opcode) ||
      (!received && !self->sent_too))
    return;
  if (event->n_frames <= 1)
    g_byte_array_set_size (message, 0);
  if (event->n_frames <= 1 && ends_message (event))
    {
      print_message (self, received, event->opcode, event->payload, event->payload_size);
      return;
    }
  g_byte_array_append (message, event->payload, (guint)event->payload_size);
  if (!(event->flags & DUPLEX_EVENT_FLAG_ROW))
    return;
  if (ends_message (event) && message->len == event->message_size)
    print_message (self, received, event->opcode, message->data, message->len);
  g_byte_array_set_size (message, 0);
}

/* ---- frames ---- */

static void
append_excerpt (GString           *out,
                const DuplexEvent *event)
{
  gsize   len = MIN (event->payload_size, SHOWN);
  guint64 bad = len;

  if (event->kind == DUPLEX_EVENT_FRAME && event->opcode != DUPLEX_OPCODE_TEXT)
    {
      g_string_append (out, "hex:");
      append_hex (out, event->payload, len);
    }
  else
    {
      /* The cut may be inside a character. */
      if (!duplex_utf8_validate (event->payload, len, &bad))
        len = (gsize)bad;
      duplex_export_jsonl_append_string (out, (const char *)event->payload, len);
    }
  if (len < event->payload_size)
    g_string_append (out, "…");
}

static void
append_findings (GString           *out,
                 const DuplexEvent *event)
{
  for (guint i = 0; i < event->n_findings; i++)
    g_string_append_printf (out, " !%s@%" G_GUINT64_FORMAT,
                            duplex_finding_get_name (event->findings[i].id),
                            event->findings[i].offset);
}

/* "< text fin=1 rsv=000 opcode=1 mask=- length=5 "hello"" */
static void
print_frame (DuplexCliPrinter  *self,
             const DuplexEvent *event)
{
  GString          *out = duplex_cli_output_get_buffer (self->output);
  DuplexFrameHeader header;

  g_string_append_printf (out, "%s %s", event->direction == DUPLEX_DIRECTION_SENT ? ">" : "<",
                          duplex_opcode_get_name (event->opcode & 0xf));
  if (duplex_event_get_header (event, &header))
    {
      g_string_append_printf (out, " fin=%d rsv=%d%d%d opcode=%x mask=", header.fin ? 1 : 0,
                              header.rsv1 ? 1 : 0, header.rsv2 ? 1 : 0, header.rsv3 ? 1 : 0,
                              header.opcode);
      if (header.masked)
        append_hex (out, header.mask, sizeof header.mask);
      else
        g_string_append_c (out, '-');
      g_string_append_printf (out, " length=%" G_GUINT64_FORMAT, header.length);
    }
  if (event->flags & DUPLEX_EVENT_FLAG_CUT)
    g_string_append (out, " cut");
  g_string_append_c (out, ' ');
  append_excerpt (out, event);
  append_findings (out, event);
  g_string_append_c (out, self->end);
}

/* "* closed code=1000 "bye"" */
static void
print_state (DuplexCliPrinter  *self,
             const DuplexEvent *event)
{
  GString    *out = duplex_cli_output_get_buffer (self->output);
  const char *value = duplex_export_jsonl_get_value_name (event->kind);

  g_string_append_printf (out, "* %s", duplex_export_jsonl_get_kind_name (event->kind));
  if (value != NULL && event->value != -1)
    g_string_append_printf (out, " %s=%" G_GINT64_FORMAT, value, event->value);
  if (event->kind == DUPLEX_EVENT_CLOSED)
    g_string_append (out, event->flags & DUPLEX_EVENT_FLAG_PEER ? " by=peer" : " by=us");
  g_string_append_c (out, ' ');
  append_excerpt (out, event);
  append_findings (out, event);
  g_string_append_c (out, self->end);
}

gboolean
duplex_cli_printer_take (DuplexCliPrinter  *self,
                         const DuplexEvent *event)
{
  switch (self->what)
    {
    case DUPLEX_CLI_PRINT_MESSAGES:
      take_message (self, event);
      break;
    case DUPLEX_CLI_PRINT_FRAMES:
      if (event->kind == DUPLEX_EVENT_FRAME)
        print_frame (self, event);
      else
        print_state (self, event);
      break;
    case DUPLEX_CLI_PRINT_JSON:
      duplex_export_jsonl_append (duplex_cli_output_get_buffer (self->output), event);
      break;
    case DUPLEX_CLI_PRINT_NOTHING:
    default:
      break;
    }
  duplex_cli_output_settle (self->output);
  return event->direction == DUPLEX_DIRECTION_RECEIVED && ends_message (event);
}
