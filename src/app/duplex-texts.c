/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-texts.h"

#include <glib/gi18n.h>

#include "app/duplex-closing-words.h"
#include "app/duplex-deflate-words.h"
#include "app/duplex-frame-words.h"
#include "app/duplex-message-bytes.h"
#include "app/duplex-spell-out.h"
#include "core/io/duplex-tls.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-frame.h"
#include "core/proto/duplex-json.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-url.h"

/* What an accessible name says of a message: a screen reader speaks all of it, every time. */
#define LABEL_CHARS 200

/* A character of UTF-8 takes up to four bytes. */
#define LABEL_BYTES (LABEL_CHARS * 4)

/* What a line says of the payload of a ping or pong. */
#define PROBE_CHARS 40
#define PROBE_BYTES 12

/* Bytes of a URL, reason or message that a sentence takes up. */
#define STATE_BYTES ((gsize)8 * 1024)

char *
duplex_text_time (gint64 time_us)
{
  gint64                seconds = time_us / G_USEC_PER_SEC;
  gint64                rest = time_us % G_USEC_PER_SEC;
  g_autoptr (GDateTime) time = NULL;
  g_autofree char      *clock = NULL;

  if (rest < 0)
    {
      seconds--;
      rest += G_USEC_PER_SEC;
    }

  time = g_date_time_new_from_unix_local (seconds);
  if (time == NULL)
    return g_strdup ("");

  clock = g_date_time_format (time, "%H:%M:%S");
  return g_strdup_printf ("%s.%03d", clock, (int)(rest / 1000));
}

char *
duplex_text_size (guint64 bytes)
{
  return g_format_size (bytes);
}

char *
duplex_text_count (guint64 count)
{
  return g_strdup_printf ("%'" G_GUINT64_FORMAT, count);
}

char *
duplex_text_findings (guint64 count)
{
  g_autofree char *number = duplex_text_count (count);

  return g_strdup_printf (ngettext ("%s finding", "%s findings", (gulong)count), number);
}

char *
duplex_text_duration (gint64 us)
{
  us = MAX (us, 0);

  /* The bounds are where rounding would carry into the next unit. */
  if (us < 100)
    return g_strdup_printf (_ ("%d µs"), (int)us);
  if (us < 9950)
    return g_strdup_printf (_ ("%.1f ms"), us / 1e3);
  if (us < 999500)
    return g_strdup_printf (_ ("%.0f ms"), us / 1e3);
  if (us < 59995000)
    return g_strdup_printf (_ ("%.2f s"), us / 1e6);

  us /= G_USEC_PER_SEC;
  if (us < 3600)
    return g_strdup_printf (_ ("%d min %d s"), (int)(us / 60), (int)(us % 60));

  return g_strdup_printf (_ ("%d h %d min"), (int)(us / 3600), (int)(us % 3600 / 60));
}

char *
duplex_text_elapsed (gint64 us)
{
  gint64 seconds = MAX (us, 0) / G_USEC_PER_SEC;
  int    minutes = (int)(seconds / 60 % 60);

  if (seconds < 3600)
    return g_strdup_printf ("%d:%02d", minutes, (int)(seconds % 60));

  return g_strdup_printf ("%" G_GINT64_FORMAT ":%02d:%02d", seconds / 3600, minutes,
                          (int)(seconds % 60));
}

const char *
duplex_text_direction (DuplexDirection direction)
{
  switch (direction)
    {
    case DUPLEX_DIRECTION_SENT:
      return _ ("Sent");
    case DUPLEX_DIRECTION_RECEIVED:
      return _ ("Received");
    case DUPLEX_DIRECTION_NONE:
    default:
      return "";
    }
}

const char *
duplex_text_direction_arrow (DuplexDirection direction)
{
  switch (direction)
    {
    case DUPLEX_DIRECTION_SENT:
      return "→";
    case DUPLEX_DIRECTION_RECEIVED:
      return "←";
    case DUPLEX_DIRECTION_NONE:
    default:
      return "";
    }
}

const char *
duplex_text_session_state (DuplexSessionState state)
{
  switch (state)
    {
    case DUPLEX_SESSION_CONNECTING:
      return _ ("Connecting…");
    case DUPLEX_SESSION_OPEN:
      return _ ("Connected");
    case DUPLEX_SESSION_CLOSING:
      return _ ("Closing…");
    case DUPLEX_SESSION_DISCONNECTED:
    default:
      return _ ("Disconnected");
    }
}

static char *
control_name (guint8 opcode)
{
  switch (opcode)
    {
    case DUPLEX_OPCODE_PING:
      return g_strdup (_ ("Ping"));
    case DUPLEX_OPCODE_PONG:
      return g_strdup (_ ("Pong"));
    case DUPLEX_OPCODE_CLOSE:
      return g_strdup (_ ("Close"));
    default:
      return g_strdup_printf (_ ("Reserved frame 0x%X"), opcode);
    }
}

char *
duplex_text_row_kind (DuplexRow *row)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (row), NULL);

  switch (duplex_row_get_kind (row))
    {
    case DUPLEX_ROW_TEXT:
      return g_strdup (_ ("Text"));
    case DUPLEX_ROW_BINARY:
      return g_strdup (_ ("Binary"));
    case DUPLEX_ROW_CONTROL:
      return control_name (duplex_row_get_event (row)->opcode);
    case DUPLEX_ROW_STATE:
    default:
      return g_strdup (_ ("State"));
    }
}

static void
append_part (GString    *out,
             const char *part)
{
  if (part == NULL || *part == '\0')
    return;
  if (out->len > 0)
    g_string_append (out, ", ");
  g_string_append (out, part);
}

/* A payload cut by bytes may end inside a character: it goes, whole or not. */
static gsize
trim_last_character (const char *text,
                     gsize       len)
{
  while (len > 0 && ((guchar)text[len - 1] & 0xC0) == 0x80)
    len--;

  return len > 0 ? len - 1 : 0;
}

/* Kind, size and the beginning of a data message. */
static void
append_message (GString   *out,
                DuplexRow *row)
{
  g_autofree char *kind = duplex_text_row_kind (row);
  g_autofree char *size = duplex_deflate_words_dup_row_size (row);

  append_part (out, kind);
  append_part (out, size);

  if (duplex_message_bytes_is_text (row))
    {
      gboolean           whole = FALSE;
      g_autoptr (GBytes) payload = duplex_row_dup_payload (row, LABEL_BYTES, &whole);
      g_autofree char   *excerpt = NULL;
      gsize              len;
      const char        *text = g_bytes_get_data (payload, &len);

      if (!whole)
        len = trim_last_character (text, len);
      excerpt = duplex_text_excerpt (text, len, LABEL_CHARS);
      append_part (out, excerpt);
    }
}

char *
duplex_text_row_label (DuplexRow *row)
{
  const DuplexEvent *event;
  GString           *out;
  g_autofree char   *time = NULL;
  guint              n_findings;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), NULL);

  out = g_string_new (NULL);
  event = duplex_row_get_event (row);
  n_findings = duplex_row_get_n_findings (row);
  time = duplex_text_time (event->time_us);

  append_part (out, time);
  append_part (out, duplex_text_direction (event->direction));

  if (duplex_row_get_kind (row) == DUPLEX_ROW_STATE)
    {
      g_autofree char *state = duplex_text_state (event);
      append_part (out, state);
    }
  else if (duplex_row_get_kind (row) == DUPLEX_ROW_CONTROL)
    {
      g_autofree char *control = duplex_text_control (event);
      append_part (out, control);
    }
  else
    append_message (out, row);

  if (n_findings > 0)
    {
      g_autofree char *findings = duplex_text_findings (n_findings);
      append_part (out, findings);
    }

  return g_string_free (out, FALSE);
}

/* The payload of a state as a string of its own; UTF-8 by its making, and checked all the same, as
 * its length is: files come from anywhere. */
static char *
dup_payload_text (const DuplexEvent *event)
{
  return g_utf8_make_valid ((const char *)event->payload,
                            (gssize)MIN (event->payload_size, STATE_BYTES));
}

static char *
with_detail (const char *sentence,
             const char *detail)
{
  if (detail == NULL || *detail == '\0')
    return g_strdup (sentence);

  /* Translators: a sentence that says what failed, then the reason as it was reported. */
  return g_strdup_printf (_ ("%s: %s"), sentence, detail);
}

/* Each part of a list of msgids by itself. */
static char *
translate_list (const char *list)
{
  g_auto (GStrv) parts = g_strsplit (list, ", ", -1);
  GString       *out = g_string_new (NULL);

  for (gsize i = 0; parts[i] != NULL; i++)
    if (*parts[i] != '\0')
      append_part (out, _ (parts[i]));

  return g_string_free (out, FALSE);
}

static char *
failure_text (DuplexErrorCode code,
              const char     *detail)
{
  g_autofree char *problems = NULL;

  if (code == DUPLEX_ERROR_CANCELLED)
    detail = NULL;
  else if (code == DUPLEX_ERROR_TLS_CERTIFICATE && detail != NULL)
    {
      /* Behind the sentence that names the host: see the dialer. */
      const char *reasons = strstr (detail, ": ");

      detail = problems = translate_list (reasons != NULL ? reasons + strlen (": ") : detail);
    }

  return with_detail (duplex_text_error_code (code), detail);
}

static char *
gap_text (const DuplexEvent *event)
{
  gulong           n = (gulong)MAX (event->value, 0);
  g_autofree char *size = duplex_text_size (n);

  if (event->value < 0)
    return g_strdup (_ ("Nothing is recorded from here on"));
  /* Translators: %s is a size: "12 kB". */
  if (event->direction == DUPLEX_DIRECTION_SENT)
    return g_strdup_printf (_ ("Not recorded: %s that were sent"), size);
  /* Translators: %s is a size: "12 kB". */
  if (event->direction == DUPLEX_DIRECTION_RECEIVED)
    return g_strdup_printf (_ ("Not recorded: %s that were received"), size);
  return g_strdup_printf (ngettext ("%lu connection was not recorded",
                                    "%lu connections were not recorded", n),
                          n);
}

char *
duplex_text_state (const DuplexEvent *event)
{
  g_autofree char *payload = NULL;

  g_return_val_if_fail (event != NULL, NULL);

  if (event->kind == DUPLEX_EVENT_FRAME)
    return g_strdup ("");
  payload = event->payload != NULL ? dup_payload_text (event) : g_strdup ("");
  switch (event->kind)
    {
    case DUPLEX_EVENT_CONNECTING:
      if (event->flags & DUPLEX_EVENT_FLAG_SERVER)
        return g_strdup_printf (_ ("A client asks for %s"), payload);
      return g_strdup_printf (_ ("Connecting to %s"), payload);
    case DUPLEX_EVENT_REQUEST:
      if (event->direction == DUPLEX_DIRECTION_RECEIVED)
        return g_strdup (_ ("Request received"));
      return g_strdup (_ ("Request sent"));
    case DUPLEX_EVENT_RESPONSE:
      if (event->value > 0)
        return g_strdup_printf (_ ("Response: HTTP status %d"), (int)event->value);
      return g_strdup (_ ("Response that is not HTTP"));
    case DUPLEX_EVENT_BODY:
      return g_strdup (_ ("Beginning of the response’s body"));
    case DUPLEX_EVENT_TLS:
      return g_strdup_printf (_ ("Encrypted: %s"), payload);
    case DUPLEX_EVENT_CONNECTED:
      return g_strdup_printf (_ ("Connected to %s"), payload);
    case DUPLEX_EVENT_CLOSED:
      return duplex_closing_words_dup (event, payload);
    case DUPLEX_EVENT_FAILED:
      return failure_text ((DuplexErrorCode)event->value, payload);
    case DUPLEX_EVENT_UNFINISHED:
      return g_strdup (_ ("The message was not finished"));
    case DUPLEX_EVENT_LOST:
      return g_strdup (_ ("Not in the recording"));
    case DUPLEX_EVENT_GAP:
      return gap_text (event);
    case DUPLEX_EVENT_FRAME:
    default:
      return g_strdup ("");
    }
}

static char *
close_frame_text (const DuplexEvent *event)
{
  const char      *reason = NULL;
  gsize            reason_len = 0;
  DuplexFinding    finding;
  guint16          code;
  g_autofree char *code_text = NULL;
  g_autofree char *reason_text = NULL;
  gsize            size = MIN (event->payload_size, DUPLEX_LIMIT_CONTROL_PAYLOAD);

  if (size == 0)
    return g_strdup (_ ("Close without a code"));
  if (event->payload == NULL)
    return control_name (event->opcode);

  code = duplex_close_body_parse (event->payload, size, &reason, &reason_len, &finding);
  code_text = duplex_text_close_code (code);
  if (reason_len > 0)
    reason_text = g_utf8_make_valid (reason, reason_len);

  if (reason_text == NULL)
    return g_strdup_printf (_ ("Close %s"), code_text);

  /* Translators: a close code with its name, then the reason that was sent with it. */
  return g_strdup_printf (_ ("Close %s: %s"), code_text, reason_text);
}

/* Whether nothing in it would have to be spelled out. */
static gboolean
is_printable (const char *text,
              gsize       len)
{
  g_autoptr (GString) out = NULL;

  if (!g_utf8_validate_len (text, len, NULL))
    return FALSE;

  out = g_string_new (NULL);
  duplex_spell_out_append (out, text, len, DUPLEX_SPELL_OUT_LINE, NULL);
  return out->len == len;
}

/* "Ping", with what it carries: text in quotes where it is text, bytes where it is not. */
static char *
probe_text (const DuplexEvent *event)
{
  gsize            size = MIN (event->payload_size, DUPLEX_LIMIT_CONTROL_PAYLOAD);
  const char      *text = (const char *)event->payload;
  g_autofree char *name = control_name (event->opcode);
  g_autofree char *payload = NULL;

  if (size == 0 || text == NULL)
    return g_steal_pointer (&name);

  if (is_printable (text, size))
    {
      payload = duplex_text_excerpt (text, size, PROBE_CHARS);
      /* Translators: "Ping" or "Pong", and the text that it carries, quoted. */
      return g_strdup_printf (_ ("%s “%s”"), name, payload);
    }

  payload = duplex_frame_words_dup_hex (event->payload, size, PROBE_BYTES);
  return g_strdup_printf ("%s %s", name, payload);
}

char *
duplex_text_control (const DuplexEvent *event)
{
  g_autofree char *probe = NULL;

  g_return_val_if_fail (event != NULL, NULL);

  if (event->kind != DUPLEX_EVENT_FRAME || !duplex_opcode_is_control (event->opcode))
    return g_strdup ("");

  if (event->opcode == DUPLEX_OPCODE_CLOSE)
    return close_frame_text (event);

  if (event->opcode != DUPLEX_OPCODE_PING && event->opcode != DUPLEX_OPCODE_PONG)
    return control_name (event->opcode);

  probe = probe_text (event);
  if (event->opcode == DUPLEX_OPCODE_PONG && event->value >= 0)
    {
      g_autofree char *rtt = duplex_text_duration (event->value);

      /* Translators: "Pong" and what it carries, then a time. */
      return g_strdup_printf (_ ("%s, round trip %s"), probe, rtt);
    }

  return g_steal_pointer (&probe);
}

char *
duplex_text_close_code (guint code)
{
  const char *name = duplex_close_code_get_name ((guint16)MIN (code, G_MAXUINT16));

  return g_strdup_printf ("%u %s", code, _ (name));
}

char *
duplex_text_closed (guint       code,
                    const char *reason)
{
  g_autofree char *code_text = duplex_text_close_code (code);

  if (reason == NULL || *reason == '\0')
    reason = _ ("No reason");

  /* Translators: a close code with its name, then the reason that was given. */
  return g_strdup_printf (_ ("Disconnected (%s): %s"), code_text, reason);
}

const char *
duplex_text_error_code (DuplexErrorCode code)
{
  static const char *const sentences[] = {
    [DUPLEX_ERROR_FAILED] = N_ ("The operation failed"),
    [DUPLEX_ERROR_INVALID_URL] = N_ ("This is not a WebSocket address"),
    [DUPLEX_ERROR_INVALID_ARGUMENT] = N_ ("A value cannot be used"),
    [DUPLEX_ERROR_CANCELLED] = N_ ("The attempt was cancelled"),
    [DUPLEX_ERROR_RESOLVE] = N_ ("The host name could not be found"),
    [DUPLEX_ERROR_CONNECT] = N_ ("The server could not be reached"),
    [DUPLEX_ERROR_PROXY] = N_ ("The proxy failed or refused"),
    [DUPLEX_ERROR_TLS] = N_ ("No secure connection could be made"),
    [DUPLEX_ERROR_TLS_CERTIFICATE] = N_ ("The server’s certificate is not trusted"),
    [DUPLEX_ERROR_TIMEOUT] = N_ ("The server did not answer in time"),
    [DUPLEX_ERROR_HANDSHAKE_REFUSED] = N_ ("The server refused the WebSocket handshake"),
    [DUPLEX_ERROR_HANDSHAKE_INVALID] = N_ ("The answer is not a WebSocket handshake"),
    [DUPLEX_ERROR_PROTOCOL] = N_ ("The WebSocket protocol was broken"),
    [DUPLEX_ERROR_CONNECTION_LOST] = N_ ("The connection was lost"),
    [DUPLEX_ERROR_CLOSED] = N_ ("There is no open connection"),
    [DUPLEX_ERROR_QUEUE_FULL] = N_ ("Too much is waiting to be sent"),
    [DUPLEX_ERROR_TOO_BIG] = N_ ("A limit was passed"),
    [DUPLEX_ERROR_SYNTAX] = N_ ("The text cannot be read"),
    [DUPLEX_ERROR_NEWER_VERSION] = N_ ("The file was written by a newer version of Duplex"),
    [DUPLEX_ERROR_IO] = N_ ("A file could not be read or written"),
  };

  if ((guint)code >= G_N_ELEMENTS (sentences))
    code = DUPLEX_ERROR_FAILED;

  return _ (sentences[code]);
}

char *
duplex_text_error (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  if (error->domain != DUPLEX_ERROR)
    return g_strdup (error->message);

  return failure_text ((DuplexErrorCode)error->code, error->message);
}

char *
duplex_text_certificate_problem (GTlsCertificateFlags flags)
{
  g_autofree char *problems = duplex_tls_dup_problems (flags);

  return translate_list (problems);
}

char *
duplex_text_fingerprint (const char *digits)
{
  GString *out;

  g_return_val_if_fail (digits != NULL, NULL);

  out = g_string_new (NULL);
  for (gsize i = 0; digits[i] != '\0'; i++)
    {
      if (i > 0 && i % 2 == 0)
        g_string_append_c (out, ':');
      g_string_append_c (out, g_ascii_toupper (digits[i]));
    }

  return g_string_free (out, FALSE);
}

char *
duplex_text_host (const char *url)
{
  g_autoptr (DuplexUrl) parsed = NULL;

  g_return_val_if_fail (url != NULL, NULL);

  parsed = duplex_url_parse (url, NULL);
  return g_strdup (parsed != NULL ? parsed->host_field : url);
}

char *
duplex_text_excerpt (const char *text,
                     gsize       len,
                     gsize       max_chars)
{
  g_autofree char *valid = NULL;
  GString         *out;
  gsize            n_chars = 0;
  gboolean         gap = FALSE;

  if (len == 0)
    return g_strdup ("");

  valid = g_utf8_make_valid (text, (gssize)len);
  out = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_isspace (c) || g_unichar_iscntrl (c))
        {
          gap = out->len > 0;
          continue;
        }
      if (n_chars + (gap ? 1 : 0) >= max_chars)
        {
          g_string_append (out, "…");
          break;
        }
      if (gap)
        {
          g_string_append_c (out, ' ');
          n_chars++;
        }
      duplex_spell_out_append (out, p, (gsize)(g_utf8_next_char (p) - p), DUPLEX_SPELL_OUT_LINE,
                               NULL);
      n_chars++;
      gap = FALSE;
    }

  return g_string_free (out, FALSE);
}

char *
duplex_text_json_problem (const char *text,
                          gsize       len)
{
  g_autoptr (DuplexJsonLexer) lexer = NULL;
  DuplexJsonToken             token;
  const char                 *error;
  const char                 *line_start;
  gsize                       offset;
  gsize                       token_len;
  guint                       line;
  guint                       column;

  if (duplex_json_is_valid (text, len))
    return NULL;

  lexer = duplex_json_lexer_new (text, len);
  do
    token = duplex_json_lexer_next (lexer, &offset, &token_len);
  while (token != DUPLEX_JSON_ERROR && token != DUPLEX_JSON_END);
  /* The grammar holds, and a limit on the size does not. */
  if (token == DUPLEX_JSON_END)
    return g_strdup (duplex_text_error_code (DUPLEX_ERROR_TOO_BIG));

  error = duplex_json_lexer_get_error (lexer, &offset, &line, &column);
  line_start = text + offset - (column - 1);
  column = (guint)g_utf8_strlen (line_start, column - 1) + 1;

  /* Translators: the place of a syntax error, then what is wrong, in English. */
  return g_strdup_printf (_ ("Line %u, column %u: %s"), line, column, error);
}
