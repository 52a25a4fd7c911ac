/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "relay/duplex-options.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "core/proto/duplex-limits.h"
#include "relay/duplex-certificate.h"
#include "relay/duplex-log.h"
#include "relay/duplex-request.h"
#include "relay/duplex-systemd.h"

void
duplex_options_clear (DuplexOptions *self)
{
  g_return_if_fail (self != NULL);

  g_clear_object (&self->address);
  g_clear_pointer (&self->settings, duplex_relay_settings_unref);
  g_clear_pointer (&self->config, duplex_config_free);
  g_clear_pointer (&self->capture, g_free);
  g_clear_pointer (&self->notice, g_free);
  /* 0 in a struct that was never parsed; systemd's begin at 3. */
  if (self->listen_fd > 0)
    close (self->listen_fd);
  self->listen_fd = -1;
}

static gboolean
fail (GError    **error,
      const char *format,
      const char *value)
{
  if (value != NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", format, value);
  else
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format);
  return FALSE;
}

/* Says of an error where the value stands that it is about. */
static gboolean
blame (const DuplexConfig *config,
       DuplexConfigKey     key,
       GError            **error)
{
  g_autofree char *place = duplex_config_dup_place (config, key);

  g_prefix_error (error, "%s: ", place);
  return FALSE;
}

/* ---- where to listen ---- */

static GInetSocketAddress *
parse_address (const char *text,
               GError    **error)
{
  const char              *colon = strrchr (text, ':');
  g_autofree char         *host = NULL;
  g_autoptr (GInetAddress) address = NULL;
  guint64                  port;
  gsize                    len = colon != NULL ? (gsize)(colon - text) : 0;

  if (len > 2 && text[0] == '[' && text[len - 1] == ']')
    host = g_strndup (text + 1, len - 2);
  else
    host = g_strndup (text, len);
  address = g_inet_address_new_from_string (g_str_equal (host, "localhost") ? "127.0.0.1" : host);
  if (address == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &port, NULL))
    {
      fail (error, _ ("Not an address and port to listen on"), text);
      return NULL;
    }
  return G_INET_SOCKET_ADDRESS (g_inet_socket_address_new (address, (guint16)port));
}

static gboolean
find_address (DuplexOptions *self,
              GError       **error)
{
  g_autoptr (GError) problem = NULL;

  self->listen_fd = duplex_systemd_take_socket (&self->address, &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  if (self->listen_fd >= 0)
    {
      if (duplex_config_has (self->config, DUPLEX_CONFIG_LISTEN))
        {
          g_autofree char *place = duplex_config_dup_place (self->config, DUPLEX_CONFIG_LISTEN);

          self->notice = g_strdup_printf (_ ("%s is not used: systemd passed a socket"), place);
        }
      return TRUE;
    }
  self->address =
    parse_address (duplex_config_get_text (self->config, DUPLEX_CONFIG_LISTEN), error);
  return self->address != NULL || blame (self->config, DUPLEX_CONFIG_LISTEN, error);
}

/* ---- who may use it, to reach what ---- */

/* One a line; blank lines and those with # in front are none. */
static gboolean
read_tokens (DuplexPolicy *policy,
             const char   *file,
             GError      **error)
{
  g_autofree char *text = NULL;
  g_auto (GStrv)   lines = NULL;
  gsize            len;

  if (!g_file_get_contents (file, &text, &len, error))
    return FALSE;
  if (len > DUPLEX_LIMIT_RELAY_TOKEN)
    return fail (error, _ ("Too large for a file of tokens"), file);
  if (strlen (text) < len)
    return fail (error, _ ("No text"), file);
  lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      const char *line = g_strstrip (lines[i]);

      if (*line != '\0' && *line != '#')
        duplex_policy_add_token (policy, line);
    }
  explicit_bzero (text, len);
  return duplex_policy_has_token (policy) || fail (error, _ ("No token in file"), file);
}

static gboolean
add_tokens (const DuplexConfig  *config,
            DuplexRelaySettings *settings,
            GError             **error)
{
  const char *file = duplex_config_get_text (config, DUPLEX_CONFIG_TOKEN_FILE);
  gboolean    later = duplex_config_get_flag (config, DUPLEX_CONFIG_TOKEN_MESSAGE);

  if (file != NULL && !read_tokens (settings->policy, file, error))
    return blame (config, DUPLEX_CONFIG_TOKEN_FILE, error);
  if (!later)
    return TRUE;
  if (file == NULL)
    {
      fail (error, _ ("There is no --token-file"), NULL);
      return blame (config, DUPLEX_CONFIG_TOKEN_MESSAGE, error);
    }
  settings->token_place = DUPLEX_TOKEN_MESSAGE;
  duplex_policy_ask_later (settings->policy);
  return TRUE;
}

/* A relay that others can reach, and that would reach anything for anybody, is not started. */
static gboolean
fill_policy (const DuplexConfig  *config,
             GInetSocketAddress  *address,
             DuplexRelaySettings *settings,
             GError             **error)
{
  DuplexPolicy      *policy = settings->policy;
  const char *const *backends = duplex_config_get_list (config, DUPLEX_CONFIG_ALLOW_BACKEND);
  const char *const *origins = duplex_config_get_list (config, DUPLEX_CONFIG_ALLOW_ORIGIN);
  gboolean           loopback =
    duplex_policy_is_loopback (g_inet_socket_address_get_address (address));

  for (gsize i = 0; backends != NULL && backends[i] != NULL; i++)
    if (!duplex_policy_add_backend (policy, backends[i], error))
      return blame (config, DUPLEX_CONFIG_ALLOW_BACKEND, error);
  for (gsize i = 0; origins != NULL && origins[i] != NULL; i++)
    duplex_policy_add_origin (policy, origins[i]);
  if (!add_tokens (config, settings, error))
    return FALSE;
  if (!loopback && !duplex_policy_has_backends (policy) && !duplex_policy_has_token (policy))
    return fail (error,
                 _ ("Listening beyond this machine needs --allow-backend or --token-file"), NULL);
  if (loopback || duplex_policy_has_token (policy))
    duplex_policy_allow_loopback (policy);
  return TRUE;
}

/* ---- the rest of the settings ---- */

/* The relay's own token would go on to whatever backend a client names. */
static gboolean
fill_headers (const DuplexConfig  *config,
              DuplexRelaySettings *settings,
              GError             **error)
{
  const char *const *names = duplex_config_get_list (config, DUPLEX_CONFIG_FORWARD_HEADER);

  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    {
      gboolean secret = g_ascii_strcasecmp (names[i], "Authorization") == 0 &&
                        duplex_policy_asks_request (settings->policy);

      if (duplex_request_may_forward (names[i]) && !secret)
        continue;
      fail (error,
            secret ? _ ("Backends would get the relay’s own token; see --token-message")
                   : _ ("Not a field that can be forwarded"),
            names[i]);
      return blame (config, DUPLEX_CONFIG_FORWARD_HEADER, error);
    }
  if (names != NULL)
    {
      g_strfreev (settings->forward_headers);
      settings->forward_headers = g_strdupv ((char **)names);
    }
  return TRUE;
}

static gboolean
load_certificates (const DuplexConfig  *config,
                   DuplexRelaySettings *settings,
                   GError             **error)
{
  const char *certificate = duplex_config_get_text (config, DUPLEX_CONFIG_TLS_CERT);
  const char *key = duplex_config_get_text (config, DUPLEX_CONFIG_TLS_KEY);
  const char *authorities = duplex_config_get_text (config, DUPLEX_CONFIG_CACERT);

  if ((certificate == NULL) != (key == NULL))
    return fail (error, _ ("--tls-cert and --tls-key need each other"), NULL);
  if (certificate != NULL)
    {
      settings->certificate = duplex_certificate_load (certificate, key, error);
      if (settings->certificate == NULL)
        return blame (config, DUPLEX_CONFIG_TLS_CERT, error);
    }
  if (authorities != NULL)
    {
      duplex_tls_credentials_unref (settings->trust);
      settings->trust = duplex_tls_credentials_new_client (authorities, error);
      if (settings->trust == NULL)
        {
          g_prefix_error (error, "%s: ", authorities);
          return blame (config, DUPLEX_CONFIG_CACERT, error);
        }
    }
  return TRUE;
}

static void
fill_numbers (const DuplexConfig  *config,
              DuplexRelaySettings *settings)
{
  DuplexForwardLimits *limits = &settings->pump.limits;
  const struct
  {
    DuplexConfigKey key;
    guint          *number;
  } numbers[] = {
    { DUPLEX_CONFIG_RATE, &limits->rate },
    { DUPLEX_CONFIG_IDLE_TIMEOUT, &settings->pump.idle_timeout },
    { DUPLEX_CONFIG_CLOSE_TIMEOUT, &settings->pump.close_timeout },
    { DUPLEX_CONFIG_PING_INTERVAL, &settings->pump.ping_interval },
    { DUPLEX_CONFIG_HANDSHAKE_TIMEOUT, &settings->handshake_timeout },
    { DUPLEX_CONFIG_CONNECT_TIMEOUT, &settings->connect_timeout },
    { DUPLEX_CONFIG_MAX_CONNECTIONS, &settings->max_connections },
    { DUPLEX_CONFIG_MAX_PER_ADDRESS, &settings->max_per_address },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    *numbers[i].number = (guint)duplex_config_get_number (config, numbers[i].key);
  limits->byte_rate = duplex_config_get_number (config, DUPLEX_CONFIG_BYTE_RATE);
  limits->max_message = duplex_config_get_number (config, DUPLEX_CONFIG_MAX_MESSAGE);
  limits->max_frame = duplex_config_get_number (config, DUPLEX_CONFIG_MAX_FRAME);
  if (limits->max_frame == 0)
    limits->max_frame = limits->max_message;
  settings->status = !duplex_config_get_flag (config, DUPLEX_CONFIG_NO_STATUS);
}

static DuplexRelaySettings *
make_settings (const DuplexConfig *config,
               GInetSocketAddress *address,
               GError            **error)
{
  g_autoptr (DuplexRelaySettings) settings = duplex_relay_settings_new ();

  if (!fill_policy (config, address, settings, error) ||
      !fill_headers (config, settings, error) || !load_certificates (config, settings, error))
    return NULL;
  fill_numbers (config, settings);
  return g_steal_pointer (&settings);
}

/* A capture never takes an existing file's place, and a service is started again without anybody's
 * asking for another name: so the name may say when that is. */
static gboolean
name_capture (DuplexOptions *self,
              GError       **error)
{
  const char           *name = duplex_config_get_text (self->config, DUPLEX_CONFIG_CAPTURE);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  if (name == NULL || strchr (name, '%') == NULL)
    {
      self->capture = g_strdup (name);
      return TRUE;
    }
  if (g_utf8_validate (name, -1, NULL))
    self->capture = g_date_time_format (now, name);
  if (self->capture != NULL)
    return TRUE;
  fail (error, _ ("Not a file name with a date and time as strftime(3) has them"), name);
  return blame (self->config, DUPLEX_CONFIG_CAPTURE, error);
}

/* ---- public ---- */

gboolean
duplex_options_parse (DuplexOptions *self,
                      char         **arguments,
                      GError       **error)
{
  DuplexConfig *config;

  g_return_val_if_fail (self != NULL && arguments != NULL, FALSE);

  *self = (DuplexOptions){ .listen_fd = -1 };
  config = self->config = duplex_config_new (arguments, error);
  if (config == NULL)
    return FALSE;
  self->version = duplex_config_get_flag (config, DUPLEX_CONFIG_VERSION);
  if (self->version)
    return TRUE;
  if (!find_address (self, error))
    return FALSE;
  self->settings = make_settings (config, self->address, error);
  if (self->settings == NULL)
    return FALSE;
  if (!name_capture (self, error))
    return FALSE;
  self->capture_budget = duplex_config_get_number (config, DUPLEX_CONFIG_CAPTURE_BUDGET);
  self->log_json = duplex_config_get_flag (config, DUPLEX_CONFIG_LOG_JSON);
  self->drain = (guint)duplex_config_get_number (config, DUPLEX_CONFIG_DRAIN);
  self->workers = (guint)duplex_config_get_number (config, DUPLEX_CONFIG_WORKERS);
  if (self->workers == 0)
    self->workers = MIN (g_get_num_processors (), DUPLEX_LIMIT_RELAY_WORKERS);
  return TRUE;
}

static void
notice_fixed (const DuplexConfig *before,
              const DuplexConfig *now)
{
  static const DuplexConfigKey fixed[] = {
    DUPLEX_CONFIG_LISTEN,
    DUPLEX_CONFIG_WORKERS,
    DUPLEX_CONFIG_CAPTURE,
    DUPLEX_CONFIG_CAPTURE_BUDGET,
    DUPLEX_CONFIG_LOG_JSON,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    {
      g_autofree char *old = duplex_config_dup_value (before, fixed[i]);
      g_autofree char *new = duplex_config_dup_value (now, fixed[i]);
      g_autofree char *text = NULL;

      if (g_strcmp0 (old, new) == 0)
        continue;
      text = g_strdup_printf (_ ("--%s changes when the relay is started again"),
                              duplex_config_get_name (fixed[i]));
      duplex_log_text ("notice", text);
    }
}

DuplexRelaySettings *
duplex_options_reload (DuplexOptions *self,
                       GError       **error)
{
  g_autoptr (DuplexConfig)        config = NULL;
  g_autoptr (DuplexRelaySettings) settings = NULL;

  g_return_val_if_fail (self != NULL && self->config != NULL, NULL);

  config = duplex_config_read_again (self->config, error);
  if (config == NULL)
    return NULL;
  settings = make_settings (config, self->address, error);
  if (settings == NULL)
    return NULL;
  notice_fixed (self->config, config);
  self->drain = (guint)duplex_config_get_number (config, DUPLEX_CONFIG_DRAIN);
  return g_steal_pointer (&settings);
}
