/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-handshake-info.h"

#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-deflate-words.h"
#include "app/duplex-spell-out.h"
#include "app/duplex-texts.h"
#include "core/proto/duplex-handshake.h"
#include "core/proto/duplex-limits.h"

/* A handshake is about six events; between them others of a connection before it may still come. So
 * many events, and so many bytes of theirs, are gone through: a few blocks, which may have to come
 * from the disk. */
#define MAX_EVENTS 1000
#define MAX_BYTES  ((gsize)1024 * 1024)

/* Bytes of a part that are shown. Only a file of another origin has more. */
#define MAX_PART DUPLEX_LIMIT_HANDSHAKE_HEAD

/* A walk through the events behind CONNECTING. */
typedef struct
{
  DuplexHandshakeInfo *info;
  DuplexCapture       *capture;
  guint32              connection;
  guint                n_events;
  gsize                n_bytes;
} Walk;

static GBytes *
dup_bytes (DuplexCapture     *capture,
           const DuplexEvent *event)
{
  return duplex_capture_dup_payload (capture, event, DUPLEX_PAYLOAD_WIRE, 0, MAX_PART);
}

static char *
dup_text (DuplexCapture     *capture,
          const DuplexEvent *event)
{
  g_autoptr (GBytes) bytes = dup_bytes (capture, event);
  gsize              len;
  const char        *text = g_bytes_get_data (bytes, &len);

  return len > 0 ? g_utf8_make_valid (text, (gssize)len) : g_strdup ("");
}

static void
take_bytes (GBytes           **bytes,
            DuplexCapture     *capture,
            const DuplexEvent *event)
{
  g_clear_pointer (bytes, g_bytes_unref);
  *bytes = dup_bytes (capture, event);
}

static void
take_end (DuplexHandshakeInfo   *self,
          const DuplexEvent     *event,
          DuplexHandshakeOutcome outcome)
{
  self->outcome = outcome;
  self->duration_us = event->time_us - self->start_us;
  if (outcome == DUPLEX_HANDSHAKE_DONE && event->value >= 0)
    self->duration_us = event->value;
  if (outcome == DUPLEX_HANDSHAKE_FAILED)
    self->failure = duplex_text_state (event);
}

/* Returns FALSE when that was the last event of the handshake. */
static gboolean
take_event (DuplexHandshakeInfo *self,
            DuplexCapture       *capture,
            const DuplexEvent   *event)
{
  if (event->n_findings > 0 && event->kind != DUPLEX_EVENT_FRAME)
    g_array_append_vals (self->findings, event->findings, event->n_findings);

  switch (event->kind)
    {
    case DUPLEX_EVENT_CONNECTING:
      g_free (self->url);
      self->url = dup_text (capture, event);
      return TRUE;
    case DUPLEX_EVENT_TLS:
      g_free (self->tls);
      self->tls = dup_text (capture, event);
      return TRUE;
    case DUPLEX_EVENT_REQUEST:
      take_bytes (&self->request, capture, event);
      return TRUE;
    case DUPLEX_EVENT_RESPONSE:
      take_bytes (&self->response, capture, event);
      self->status = event->value > 0 ? (guint)event->value : 0;
      return TRUE;
    case DUPLEX_EVENT_BODY:
      take_bytes (&self->body, capture, event);
      return TRUE;
    case DUPLEX_EVENT_CONNECTED:
      take_end (self, event, DUPLEX_HANDSHAKE_DONE);
      return FALSE;
    case DUPLEX_EVENT_FAILED:
      take_end (self, event, DUPLEX_HANDSHAKE_FAILED);
      return FALSE;
    case DUPLEX_EVENT_FRAME:
    case DUPLEX_EVENT_CLOSED:
    case DUPLEX_EVENT_UNFINISHED:
    case DUPLEX_EVENT_LOST:
    case DUPLEX_EVENT_GAP:
    default:
      return FALSE;
    }
}

static gboolean
walk_event (const DuplexEvent *event,
            gpointer           user_data)
{
  Walk *walk = user_data;

  if (walk->n_events++ == 0)
    {
      walk->connection = event->connection;
      walk->info->start_us = event->time_us;
    }
  if (event->connection == walk->connection || event->kind == DUPLEX_EVENT_LOST)
    return take_event (walk->info, walk->capture, event);

  if (event->payload_id == 0)
    walk->n_bytes += event->payload_size;
  return walk->n_events < MAX_EVENTS && walk->n_bytes < MAX_BYTES;
}

/* One offer of permessage-deflate, as a client of ours writes it. */
static gboolean
read_offer (const char          *value,
            DuplexDeflateParams *ret_offer)
{
  const char *rest = value + MIN (strlen (DUPLEX_DEFLATE_NAME), strlen (value));

  if (g_ascii_strncasecmp (value, DUPLEX_DEFLATE_NAME, strlen (DUPLEX_DEFLATE_NAME)) != 0)
    return FALSE;

  while (g_ascii_isspace (*rest))
    rest++;
  if (*rest != '\0' && *rest != ';')
    return FALSE;

  return duplex_deflate_params_parse (*rest == ';' ? rest + 1 : rest, ret_offer, NULL);
}

/* Reads what the events have as bytes. What is not as a client of ours writes it, and what the
 * server got wrong, agrees on nothing. */
static void
find_deflate (DuplexHandshakeInfo *self)
{
  static const char      field[] = "Sec-WebSocket-Extensions";
  g_autoptr (DuplexHead) request = NULL;
  g_autoptr (DuplexHead) response = NULL;
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexDeflateAgreement agreement = { 0 };
  DuplexDeflateParams    offer;

  if (self->request != NULL)
    request = duplex_head_parse_request (g_bytes_get_data (self->request, NULL),
                                         g_bytes_get_size (self->request), NULL);
  if (request == NULL || duplex_head_lookup (request, field) == NULL ||
      !read_offer (duplex_head_lookup (request, field), &offer))
    return;

  self->offers_deflate = TRUE;
  if (self->outcome != DUPLEX_HANDSHAKE_DONE || self->response == NULL)
    return;

  response = duplex_head_parse_response (g_bytes_get_data (self->response, NULL),
                                         g_bytes_get_size (self->response), NULL);
  if (response != NULL && duplex_head_lookup (response, field) != NULL &&
      duplex_deflate_check_response (&offer, duplex_head_lookup (response, field), findings,
                                     &agreement))
    self->deflate = agreement;
}

DuplexHandshakeInfo *
duplex_handshake_info_new (DuplexCapture *capture,
                           guint64        number)
{
  DuplexHandshakeInfo *self;
  Walk                 walk = { .capture = capture };

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), NULL);

  if (!duplex_capture_find_connecting (capture, number, &number))
    return NULL;

  self = g_new0 (DuplexHandshakeInfo, 1);
  self->number = number;
  self->findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  walk.info = self;
  duplex_capture_walk (capture, number, G_MAXUINT64, walk_event, &walk);
  if (self->outcome == DUPLEX_HANDSHAKE_RUNNING)
    self->duration_us = g_get_real_time () - self->start_us;
  find_deflate (self);

  return self;
}

void
duplex_handshake_info_free (DuplexHandshakeInfo *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->url, g_free);
  g_clear_pointer (&self->tls, g_free);
  g_clear_pointer (&self->failure, g_free);
  g_clear_pointer (&self->request, g_bytes_unref);
  g_clear_pointer (&self->response, g_bytes_unref);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->findings, g_array_unref);
  g_free (self);
}

char *
duplex_handshake_info_dup_compression (const DuplexHandshakeInfo *self)
{
  char *agreement;

  g_return_val_if_fail (self != NULL, NULL);

  agreement = duplex_deflate_words_dup_agreement (&self->deflate);
  if (agreement != NULL)
    return agreement;
  if (!self->offers_deflate)
    /* Translators: of the compression of messages. */
    return g_strdup (_ ("Not offered"));

  return g_strdup (self->outcome == DUPLEX_HANDSHAKE_DONE
                     /* Translators: of the compression of messages. */
                     ? _ ("Offered, and the server does without")
                     /* Translators: of the compression of messages. */
                     : _ ("Offered"));
}

char *
duplex_handshake_info_dup_readable (GBytes *bytes)
{
  GString    *out = g_string_new (NULL);
  gsize       len;
  const char *text;

  g_return_val_if_fail (bytes != NULL, NULL);

  text = g_bytes_get_data (bytes, &len);
  for (gsize start = 0; start < len;)
    {
      const char *line_feed = memchr (text + start, '\n', len - start);
      gsize       end = line_feed != NULL ? (gsize)(line_feed - text) : len;
      gsize       n = end - start;

      if (line_feed != NULL && n > 0 && text[end - 1] == '\r')
        n--;
      duplex_spell_out_append (out, text + start, n, DUPLEX_SPELL_OUT_TEXT, NULL);
      if (line_feed != NULL)
        g_string_append_c (out, '\n');
      start = end + 1;
    }

  /* The empty line that ends a head says nothing. */
  while (out->len > 0 && out->str[out->len - 1] == '\n')
    g_string_truncate (out, out->len - 1);
  return g_string_free (out, FALSE);
}
