/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-tunnel-private.h"

#include "core/io/duplex-lookup.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "relay/duplex-request.h"

/* The upgrade is accepted, so that the client can read why there is nothing behind it. text, which
 * it gets, may name the whole URL; the log gets detail. */
static void
answer_error (DuplexTunnel *self,
              DuplexRefusal refusal,
              const char   *text,
              const char   *detail)
{
  DuplexOpening *opening = self->opening;

  duplex_tunnel_note_refusal (self, refusal, 0, detail);
  opening->error_text = g_strdup (text);
  if (refusal == DUPLEX_REFUSAL_UNREACHABLE)
    {
      opening->close_code = DUPLEX_CLOSE_INTERNAL_ERROR;
      opening->close_reason = "Backend connection failed";
    }
  else
    {
      opening->close_code = DUPLEX_CLOSE_POLICY;
      opening->close_reason = detail;
    }
  duplex_tunnel_answer (self);
}

/* ---- a client that leaves ---- */

/* What it sends early is kept for the backend, within a bound. Beyond that its end shows only when
 * the system says so. */
static gboolean
has_left (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;

  while (!opening->hung_up && opening->received->len < DUPLEX_LIMIT_RELAY_EARLY)
    {
      guint8          chunk[4096];
      gsize           len;
      DuplexLegResult result = duplex_leg_read (opening->client, chunk, sizeof chunk, &len);

      if (result == DUPLEX_LEG_WOULD_BLOCK)
        break;
      if (result == DUPLEX_LEG_ENDED)
        opening->hung_up = TRUE;
      else
        g_byte_array_append (opening->received, chunk, (guint)len);
    }
  return opening->hung_up;
}

void
duplex_tunnel_watch_client (DuplexTunnel *self)
{
  if (!has_left (self))
    return;
  duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_LEFT, 0, NULL);
  duplex_tunnel_end (self);
}

/* ---- dialling ---- */

static void dial_next (DuplexTunnel *self);

/* Who is told to end while its backend is dialled gets no answer of it any more. */
static void
give_up (DuplexTunnel *self)
{
  if (self->opening->answered)
    duplex_tunnel_close (self, DUPLEX_CLOSE_GOING_AWAY, NULL);
  else
    duplex_tunnel_refuse_late (self);
}

static void
dialled_ready_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      data)
{
  DuplexTunnel                *self = data;
  DuplexOpening               *opening = self->opening;
  g_autoptr (GError)           error = NULL;
  g_autoptr (DuplexDialResult) dialled = NULL;
  gboolean                     open = duplex_dialer_dial_finish (result, &dialled, &error);

  if (!duplex_tunnel_finish_operation (self))
    return;
  if (open)
    {
      opening->dialled = g_steal_pointer (&dialled);
      duplex_tunnel_answer (self);
    }
  else if (self->going_away)
    give_up (self);
  else if (opening->timed_out)
    {
      g_autofree char *text =
        g_strdup_printf ("%s did not answer within %u s", opening->dial->url->host_field,
                         self->settings->connect_timeout);

      answer_error (self, DUPLEX_REFUSAL_UNREACHABLE, text, text);
    }
  else if (opening->addresses != NULL &&
           g_error_matches (error, DUPLEX_ERROR, DUPLEX_ERROR_CONNECT))
    dial_next (self);
  else
    answer_error (self, DUPLEX_REFUSAL_UNREACHABLE, error->message, error->message);
}

/* Names may have several addresses, of which the first need not be the one that answers. */
static void
dial_next (DuplexTunnel *self)
{
  DuplexOpening           *opening = self->opening;
  g_autoptr (GInetAddress) address = opening->addresses->data;

  opening->addresses = g_list_delete_link (opening->addresses, opening->addresses);
  g_free (opening->dial->address);
  opening->dial->address = g_inet_address_to_string (address);
  if (self->host->recorder != NULL)
    {
      g_clear_object (&opening->capture);
      opening->capture = duplex_capture_new ();
    }
  duplex_dialer_dial_async (opening->dial, opening->capture, 0,
                            duplex_tunnel_begin_operation (self), dialled_ready_cb, self);
}

/* ---- its address ---- */

/* address, may be NULL, is one that its name was resolved to. */
static void
refuse_backend (DuplexTunnel *self,
                GInetAddress *address)
{
  answer_error (self, DUPLEX_REFUSAL_NOT_ALLOWED,
                duplex_policy_explain_refusal (self->settings->policy, address),
                "Backend not allowed");
}

static void
choose_addresses (DuplexTunnel *self,
                  GList        *found)
{
  DuplexOpening      *opening = self->opening;
  const DuplexPolicy *policy = self->settings->policy;

  for (GList *item = found; item != NULL; item = item->next)
    if (duplex_policy_allows_backend (policy, opening->dial->url, item->data))
      opening->addresses = g_list_append (opening->addresses, g_object_ref (item->data));
  if (opening->addresses != NULL)
    dial_next (self);
  else
    refuse_backend (self, found->data);
}

static void
resolved_ready_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      data)
{
  DuplexTunnel      *self = data;
  g_autoptr (GError) error = NULL;
  GList             *found;

  found = duplex_lookup_finish (result, &error);
  if (!duplex_tunnel_finish_operation (self))
    {
      g_resolver_free_addresses (found);
      return;
    }
  if (self->going_away)
    give_up (self);
  else if (found != NULL)
    choose_addresses (self, found);
  else if (self->opening->timed_out)
    answer_error (self, DUPLEX_REFUSAL_UNREACHABLE,
                  "The backend's name was not resolved in time",
                  "The backend's name was not resolved in time");
  else
    answer_error (self, DUPLEX_REFUSAL_UNREACHABLE, error->message, error->message);
  g_resolver_free_addresses (found);
}

/* Strangers shall not have the relay ask for names that it would not dial in any case. */
static void
resolve (DuplexTunnel *self)
{
  const DuplexUrl *url = self->opening->dial->url;
  GList           *known = duplex_lookup_find_known (url->host);

  if (known != NULL)
    choose_addresses (self, known);
  else if (duplex_policy_may_allow_name (self->settings->policy, url))
    duplex_lookup_async (url->host, duplex_peer_get_network (&self->peer),
                         duplex_tunnel_begin_operation (self), resolved_ready_cb, self);
  else
    refuse_backend (self, NULL);
  g_resolver_free_addresses (known);
}

/* ---- public ---- */

static DuplexDialSettings *
build_settings (DuplexTunnel *self,
                DuplexUrl    *url)
{
  DuplexOpening      *opening = self->opening;
  DuplexDialSettings *dial = g_new0 (DuplexDialSettings, 1);

  dial->url = url;
  dial->subprotocols = g_strdupv (opening->offered);
  /* The client has its answer already: see duplex_tunnel_answer(). */
  if (opening->answered && dial->subprotocols[0] != NULL)
    for (gsize i = 1; dial->subprotocols[i] != NULL; i++)
      g_clear_pointer (&dial->subprotocols[i], g_free);
  dial->verify = TRUE;
  dial->trust = duplex_tls_credentials_ref (self->settings->trust);
  dial->proxy = g_strdup ("direct://");
  dial->headers =
    duplex_request_forwarded_headers (opening->head, self->settings, &dial->n_headers);
  if (!opening->answered)
    dial->offers_deflate = duplex_request_find_deflate_offer (opening->head, &dial->deflate);
  return dial;
}

void
duplex_tunnel_open_backend (DuplexTunnel *self)
{
  DuplexOpening        *opening = self->opening;
  g_autoptr (GError)    error = NULL;
  g_autoptr (DuplexUrl) url = NULL;

  duplex_tunnel_set_phase (self, DUPLEX_TUNNEL_DIAL, self->settings->connect_timeout);
  opening->url = duplex_request_dup_backend (opening->head);
  if (opening->url == NULL)
    {
      answer_error (self, DUPLEX_REFUSAL_REQUEST, "Backend URL required", "Backend URL required");
      return;
    }
  /* Anything can be percent-encoded, and JSON takes UTF-8 only. */
  if (g_utf8_validate (opening->url, -1, NULL))
    url = duplex_url_parse (opening->url, &error);
  if (url == NULL)
    {
      answer_error (self, DUPLEX_REFUSAL_UNREACHABLE,
                    error != NULL ? error->message : "The backend URL is not UTF-8",
                    "The backend URL is invalid");
      return;
    }
  self->backend = g_strdup_printf ("%s://%s", url->tls ? "wss" : "ws", url->host_field);
  if (has_left (self))
    {
      duplex_tunnel_watch_client (self);
      return;
    }
  opening->dial = build_settings (self, g_steal_pointer (&url));
  resolve (self);
}
