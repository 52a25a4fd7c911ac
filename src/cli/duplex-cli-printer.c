/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cli/duplex-cli-printer.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cli/duplex-cli-spool.h"
#include "cli/duplex-cli-status.h"
#include "core/model/duplex-escape.h"
#include "core/model/duplex-export-jsonl.h"
#include "core/model/duplex-payload-pieces.h"
#include "core/proto/duplex-utf8.h"

/* Bytes of a payload that --frames shows. */
#define SHOWN 64

/* The message of a connection and direction that has begun and not ended. */
typedef struct
{
  guint64         key;
  DuplexCliSpool *spool; /* or NULL */
  gboolean        is_compressed;
  guint           n_frames; /* that were seen of it */
  guint64         missing;  /* bytes that were not to be had */
} Open;

struct _DuplexCliPrinter
{
  DuplexCliPrint   what;
  char             end;
  DuplexCliOutput *output; /* borrowed */
  GHashTable      *open;   /* of Open */
  gboolean         escapes;
  gboolean         marks;
  gboolean         sent_too;
  gboolean         damaged;

  /* of lines of events */
  guint32  connection; /* of the last one */
  gboolean overlaps;   /* connections do: lines say whose they are */

  /* of the message that is being printed */
  gboolean     is_text;
  DuplexEscape escape;
};

static void
open_free (gpointer data)
{
  Open *open = data;

  g_clear_pointer (&open->spool, duplex_cli_spool_free);
  g_free (open);
}

DuplexCliPrinter *
duplex_cli_printer_new (DuplexCliPrint   what,
                        char             end,
                        DuplexCliOutput *output)
{
  DuplexCliPrinter *self = g_new0 (DuplexCliPrinter, 1);

  self->what = what;
  self->end = end;
  self->output = output;
  self->open = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, open_free);
  return self;
}

void
duplex_cli_printer_free (DuplexCliPrinter *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->open);
  g_free (self);
}

DuplexCliPrint
duplex_cli_printer_get_what (DuplexCliPrinter *self)
{
  return self->what;
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

static gboolean
print_piece_cb (const guint8 *data,
                gsize         size,
                gpointer      user_data)
{
  DuplexCliPrinter *self = user_data;
  GString          *out = duplex_cli_output_get_buffer (self->output);

  if (!self->is_text)
    append_hex (out, data, size);
  else if (self->escapes)
    duplex_escape_append (&self->escape, out, (const char *)data, size);
  else
    g_string_append_len (out, (const char *)data, (gssize)size);
  duplex_cli_output_settle (self->output);
  return duplex_cli_output_get_failure (self->output) == 0;
}

static void
begin_message (DuplexCliPrinter  *self,
               const DuplexEvent *event)
{
  GString *out = duplex_cli_output_get_buffer (self->output);

  self->is_text = event->opcode == DUPLEX_OPCODE_TEXT;
  self->escape = (DuplexEscape)DUPLEX_ESCAPE_INIT (DUPLEX_ESCAPE_TERMINAL);
  if (self->marks)
    g_string_append (out, event->direction == DUPLEX_DIRECTION_RECEIVED ? "< " : "> ");
  if (!self->is_text)
    g_string_append (out, "hex:");
}

static void
end_message (DuplexCliPrinter *self)
{
  GString *out = duplex_cli_output_get_buffer (self->output);

  duplex_escape_end (&self->escape, out);
  g_string_append_c (out, self->end);
}

static void
complain_missing (DuplexCliPrinter  *self,
                  const DuplexEvent *event,
                  guint64            missing)
{
  self->damaged = TRUE;
  duplex_cli_complain (_ ("event %llu: %llu bytes of its payload are missing"),
                       (unsigned long long)event->number, (unsigned long long)missing);
}

/* What of a message was deflated is no message. */
static void
complain_deflated (DuplexCliPrinter  *self,
                   const DuplexEvent *event)
{
  self->damaged = TRUE;
  duplex_cli_complain (_ ("event %llu: its message is compressed and was not inflated"),
                       (unsigned long long)event->number);
}

/* Whether event ends a message that came whole and breaks no rule. */
static gboolean
ends_message (const DuplexEvent *event)
{
  return event->kind == DUPLEX_EVENT_FRAME && !duplex_opcode_is_control (event->opcode) &&
         (event->flags & DUPLEX_EVENT_FLAG_ROW) && !(event->flags & DUPLEX_EVENT_FLAG_CUT) &&
         duplex_event_get_worst_severity (event) < (int)DUPLEX_SEVERITY_ERROR;
}

/* A message of one frame. */
static void
print_whole (DuplexCliPrinter  *self,
             DuplexCapture     *capture,
             const DuplexEvent *event)
{
  DuplexPayload which = duplex_payload_get_shown (event);
  guint64       size = duplex_payload_get_size (event, which);
  guint64       seen;

  if (which == DUPLEX_PAYLOAD_WIRE && duplex_event_begins_compressed (event))
    {
      complain_deflated (self, event);
      return;
    }
  begin_message (self, event);
  seen = duplex_payload_walk (capture, event, which, print_piece_cb, self);
  end_message (self);
  if (seen < size && duplex_cli_output_get_failure (self->output) == 0)
    complain_missing (self, event, size - seen);
}

static gboolean
gather_cb (const guint8 *data,
           gsize         size,
           gpointer      user_data)
{
  return duplex_cli_spool_append (user_data, data, size);
}

static void
gather (Open              *open,
        DuplexCapture     *capture,
        const DuplexEvent *event)
{
  DuplexPayload which = open->is_compressed ? DUPLEX_PAYLOAD_INFLATED : DUPLEX_PAYLOAD_WIRE;
  guint64       seen;

  if (open->spool == NULL)
    open->spool = duplex_cli_spool_new ();
  seen = duplex_payload_walk (capture, event, which, gather_cb, open->spool);
  if (duplex_cli_spool_get_failure (open->spool) == 0)
    open->missing += duplex_payload_get_size (event, which) - seen;
  open->n_frames++;
}

/* A message in fragments, whose last is event. One of which a fragment is lost is no message. */
static void
print_gathered (DuplexCliPrinter  *self,
                Open              *open,
                const DuplexEvent *event)
{
  if (open->n_frames != event->n_frames)
    return;
  if (open->is_compressed && !duplex_event_ends_inflated (event))
    {
      complain_deflated (self, event);
      return;
    }
  if (duplex_cli_spool_get_failure (open->spool) == 0)
    {
      begin_message (self, event);
      duplex_cli_spool_walk (open->spool, print_piece_cb, self);
      end_message (self);
    }
  if (duplex_cli_spool_get_failure (open->spool) != 0)
    {
      self->damaged = TRUE;
      duplex_cli_complain (_ ("event %llu: its message cannot be gathered: %s"),
                           (unsigned long long)event->number,
                           g_strerror (duplex_cli_spool_get_failure (open->spool)));
    }
  else if (open->missing > 0)
    complain_missing (self, event, open->missing);
}

static Open *
get_open (DuplexCliPrinter  *self,
          const DuplexEvent *event)
{
  guint64 key = (guint64)event->connection << 8 | event->direction;
  Open   *open = g_hash_table_lookup (self->open, &key);

  if (open == NULL)
    {
      open = g_new0 (Open, 1);
      open->key = key;
      g_hash_table_insert (self->open, &open->key, open);
    }
  return open;
}

static void
forget_open (DuplexCliPrinter *self,
             Open             *open)
{
  g_hash_table_remove (self->open, &open->key);
}

/* A frame of a message, before anything is made of it. */
static void
note_compressed (Open              *open,
                 const DuplexEvent *event)
{
  if (event->n_frames <= 1)
    open->is_compressed = duplex_event_begins_compressed (event) ||
                          duplex_payload_exists (event, DUPLEX_PAYLOAD_INFLATED);
}

static void
take_message (DuplexCliPrinter  *self,
              DuplexCapture     *capture,
              const DuplexEvent *event)
{
  gboolean received = event->direction == DUPLEX_DIRECTION_RECEIVED;
  Open    *open;

  if (event->kind != DUPLEX_EVENT_FRAME || duplex_opcode_is_control (event->opcode) ||
      (!received && !self->sent_too))
    return;
  if (event->n_frames <= 1 && ends_message (event))
    {
      print_whole (self, capture, event);
      return;
    }
  if (event->n_frames <= 1)
    forget_open (self, get_open (self, event));
  open = get_open (self, event);
  note_compressed (open, event);
  gather (open, capture, event);
  if (ends_message (event))
    print_gathered (self, open, event);
  if (event->flags & DUPLEX_EVENT_FLAG_ROW)
    forget_open (self, open);
}

/* ---- frames ---- */

/* is_text: it is shown as such as far as it is valid. */
static void
append_excerpt (GString           *out,
                DuplexCapture     *capture,
                const DuplexEvent *event,
                gboolean           is_text)
{
  DuplexPayload which = duplex_payload_get_plain (event);
  guint64       size = duplex_payload_get_size (event, which);
  const guint8 *data = which == DUPLEX_PAYLOAD_WIRE ? event->payload : event->inflated;
  guint8        buffer[SHOWN];
  gsize         len = (gsize)MIN (size, SHOWN);
  guint64       bad;

  if (data == NULL && len > 0)
    {
      data = buffer;
      if (capture != NULL)
        len = duplex_capture_read_payload (capture, event, which, 0, buffer, len);
      else
        len = 0;
    }
  if (!is_text)
    {
      g_string_append (out, "hex:");
      append_hex (out, data, len);
    }
  else
    {
      /* The cut may be inside a character. */
      if (!duplex_utf8_validate (data, len, &bad))
        len = (gsize)bad;
      duplex_export_jsonl_append_string (out, (const char *)data, len);
    }
  if (len < size)
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

/* Returns whether what is there of the payload is not deflated. */
static gboolean
append_inflated_size (GString           *out,
                      const DuplexEvent *event,
                      gboolean           is_compressed)
{
  gboolean is_inflated = duplex_payload_exists (event, DUPLEX_PAYLOAD_INFLATED);

  if (is_inflated)
    g_string_append_printf (out, " inflated=%" G_GUINT64_FORMAT,
                            duplex_payload_get_size (event, DUPLEX_PAYLOAD_INFLATED));
  else if (is_compressed)
    g_string_append (out, " inflated=-");
  return is_inflated || !is_compressed;
}

/* "[2] " before the line where connections overlap; a relay's always come in pairs. */
static void
begin_line (DuplexCliPrinter  *self,
            const DuplexEvent *event)
{
  if ((self->connection != 0 && event->connection != self->connection &&
       event->kind != DUPLEX_EVENT_CONNECTING && event->kind != DUPLEX_EVENT_LOST) ||
      (event->flags & DUPLEX_EVENT_FLAG_SERVER) != 0)
    self->overlaps = TRUE;
  self->connection = event->connection;
  if (self->overlaps)
    g_string_append_printf (duplex_cli_output_get_buffer (self->output), "[%u] ",
                            event->connection);
}

/* "< text fin=1 rsv=000 opcode=1 mask=- length=5 "hello"", and of a compressed message
 * "< text fin=1 rsv=100 opcode=1 mask=- length=7 inflated=5 "hello"". */
static void
print_frame (DuplexCliPrinter  *self,
             DuplexCapture     *capture,
             const DuplexEvent *event)
{
  GString          *out = duplex_cli_output_get_buffer (self->output);
  gboolean          is_text = event->opcode == DUPLEX_OPCODE_TEXT;
  DuplexFrameHeader header;

  begin_line (self, event);
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
  if (event->message != 0)
    {
      Open *open = get_open (self, event);

      note_compressed (open, event);
      is_text &= append_inflated_size (out, event, open->is_compressed);
      if (event->flags & DUPLEX_EVENT_FLAG_ROW)
        forget_open (self, open);
    }
  if (event->flags & DUPLEX_EVENT_FLAG_CUT)
    g_string_append (out, " cut");
  if (event->flags & DUPLEX_EVENT_FLAG_DELIBERATE)
    g_string_append (out, " deliberate");
  g_string_append_c (out, ' ');
  append_excerpt (out, capture, event, is_text);
  append_findings (out, event);
  g_string_append_c (out, self->end);
}

/* Of the end that recorded: " sent=1008 "Too many messages"". */
static void
append_sent_close (GString           *out,
                   const DuplexEvent *event)
{
  DuplexEvent reason = DUPLEX_EVENT_INIT;

  if (event->sent_code == 0)
    return;
  reason.payload = (const guint8 *)event->sent_reason;
  reason.payload_size = event->sent_reason_size;
  g_string_append_printf (out, " sent=%u ", event->sent_code);
  append_excerpt (out, NULL, &reason, /* is_text= */ TRUE);
}

/* "* closed code=1000 by=us duration_us=950 "bye" sent=1008 "Too many messages"" */
static void
print_state (DuplexCliPrinter  *self,
             DuplexCapture     *capture,
             const DuplexEvent *event)
{
  GString    *out = duplex_cli_output_get_buffer (self->output);
  const char *value = duplex_export_jsonl_get_value_name (event);

  begin_line (self, event);
  g_string_append_printf (out, "* %s", duplex_export_jsonl_get_kind_name (event->kind));
  if (event->flags & DUPLEX_EVENT_FLAG_SERVER)
    g_string_append (out, " as=server");
  if (event->kind == DUPLEX_EVENT_GAP && event->direction != DUPLEX_DIRECTION_NONE)
    g_string_append (out, event->direction == DUPLEX_DIRECTION_SENT ? " of=sent" : " of=received");
  if (value != NULL && event->value != -1)
    g_string_append_printf (out, " %s=%" G_GINT64_FORMAT, value, event->value);
  if (event->kind == DUPLEX_EVENT_CLOSED)
    g_string_append (out, event->flags & DUPLEX_EVENT_FLAG_PEER ? " by=peer" : " by=us");
  if (event->kind == DUPLEX_EVENT_CLOSED && event->message_size > 0)
    g_string_append_printf (out, " duration_us=%" G_GUINT64_FORMAT, event->message_size);
  g_string_append_c (out, ' ');
  append_excerpt (out, capture, event, /* is_text= */ TRUE);
  append_sent_close (out, event);
  append_findings (out, event);
  g_string_append_c (out, self->end);
}

void
duplex_cli_printer_show_frame (DuplexCliPrinter  *self,
                               DuplexCapture     *capture,
                               const DuplexEvent *event)
{
  print_frame (self, capture, event);
  duplex_cli_output_settle (self->output);
}

void
duplex_cli_printer_note (DuplexCliPrinter  *self,
                         DuplexCapture     *capture,
                         const DuplexEvent *event,
                         const char        *words)
{
  GString *out = duplex_cli_output_get_buffer (self->output);
  gboolean is_text = event->payload != NULL &&
                     duplex_utf8_validate (event->payload, event->payload_size, NULL);

  g_string_append_printf (out, "* %s", words);
  if (event->payload_size > 0)
    {
      g_string_append (out, ": ");
      append_excerpt (out, capture, event, is_text);
    }
  g_string_append_c (out, '\n');
}

static void
settle_cb (GString *out,
           gpointer user_data)
{
  duplex_cli_output_settle (user_data);
}

gboolean
duplex_cli_printer_take (DuplexCliPrinter  *self,
                         DuplexCapture     *capture,
                         const DuplexEvent *event)
{
  GString *out = duplex_cli_output_get_buffer (self->output);

  switch (self->what)
    {
    case DUPLEX_CLI_PRINT_MESSAGES:
      take_message (self, capture, event);
      break;
    case DUPLEX_CLI_PRINT_FRAMES:
      if (event->kind == DUPLEX_EVENT_FRAME)
        print_frame (self, capture, event);
      else
        print_state (self, capture, event);
      break;
    case DUPLEX_CLI_PRINT_JSON:
      if (!duplex_export_jsonl_append (out, capture, event, settle_cb, self->output))
        self->damaged = TRUE;
      break;
    case DUPLEX_CLI_PRINT_NOTHING:
    default:
      break;
    }
  duplex_cli_output_settle (self->output);
  return event->direction == DUPLEX_DIRECTION_RECEIVED && ends_message (event);
}

gboolean
duplex_cli_printer_is_damaged (DuplexCliPrinter *self)
{
  return self->damaged;
}
