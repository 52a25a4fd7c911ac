/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "relay/duplex-options.h"

#include <glib/gi18n.h>
#include <string.h>

#include "core/proto/duplex-limits.h"

#define DEFAULT_ADDRESS "127.0.0.1:8080"
/* A day, for every time: more is a slip. */
#define MOST_SECONDS 86400

/* What GOption fills in. */
typedef struct
{
  char    *listen;
  char   **backends;
  char   **origins;
  char    *token_file;
  char    *ca_file;
  gboolean no_status;
  gboolean version;
  gint64   max_message;
  int      max_connections;
  int      rate;
  int      connect_timeout;
  int      idle_timeout;
  int      close_timeout;
  int      drain;
} Raw;

static void
raw_clear (Raw *raw)
{
  g_free (raw->listen);
  g_strfreev (raw->backends);
  g_strfreev (raw->origins);
  g_free (raw->token_file);
  g_free (raw->ca_file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Raw, raw_clear)

void
duplex_options_clear (DuplexOptions *self)
{
  g_return_if_fail (self != NULL);

  g_clear_object (&self->address);
  g_clear_pointer (&self->settings, duplex_relay_settings_unref);
}

static gboolean
fail (GError    **error,
      const char *format,
      const char *value)
{
  g_autofree char *message = g_strdup (format);

  if (value != NULL)
    {
      g_free (message);
      message = g_strdup_printf ("%s: %s", format, value);
    }
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

static gboolean
parse_raw (Raw     *raw,
           char   **arguments,
           GError **error)
{
  const GOptionEntry entries[] = {
    { "listen", 0, 0, G_OPTION_ARG_STRING, &raw->listen,
      N_ ("Where to listen, 127.0.0.1:8080 by default; port 0 picks one"), N_ ("ADDR:PORT") },
    { "allow-backend", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->backends,
      N_ ("A backend that may be reached besides this machine's own: HOST[:PORT], with * and ?"),
      N_ ("PATTERN") },
    { "allow-origin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->origins,
      N_ ("An origin whose pages may use the relay, besides those of this machine"),
      N_ ("ORIGIN") },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &raw->token_file,
      N_ ("Ask for “Authorization: Bearer” with the token in this file"), N_ ("FILE") },
    { "cacert", 0, 0, G_OPTION_ARG_FILENAME, &raw->ca_file,
      N_ ("Authorities to trust for wss backends instead of the system’s"), N_ ("FILE") },
    { "no-status", 0, 0, G_OPTION_ARG_NONE, &raw->no_status,
      N_ ("Do not begin with a message that says that the backend is connected"), NULL },
    { "max-message", 0, 0, G_OPTION_ARG_INT64, &raw->max_message,
      N_ ("Largest message, 67108864 by default"), N_ ("BYTES") },
    { "max-connections", 0, 0, G_OPTION_ARG_INT, &raw->max_connections,
      N_ ("Clients at a time, 1000 by default"), N_ ("N") },
    { "rate", 0, 0, G_OPTION_ARG_INT, &raw->rate,
      N_ ("Messages a second from one client, 0 (the default) for any number"), N_ ("N") },
    { "connect-timeout", 0, 0, G_OPTION_ARG_INT, &raw->connect_timeout,
      N_ ("For reaching the backend, 30 by default"), N_ ("SECONDS") },
    { "idle-timeout", 0, 0, G_OPTION_ARG_INT, &raw->idle_timeout,
      N_ ("Without a byte either way, 3600 by default, 0 for ever"), N_ ("SECONDS") },
    { "close-timeout", 0, 0, G_OPTION_ARG_INT, &raw->close_timeout,
      N_ ("From a Close to the end of the connection, 3 by default"), N_ ("SECONDS") },
    { "drain", 0, 0, G_OPTION_ARG_INT, &raw->drain,
      N_ ("From SIGTERM to the end of the relay, 5 by default"), N_ ("SECONDS") },
    { "version", 0, 0, G_OPTION_ARG_NONE, &raw->version, N_ ("Print the version"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, _ ("Carries WebSockets between clients and backends."));
  g_option_context_add_main_entries (context, entries, DUPLEX_GETTEXT_PACKAGE);
  g_option_context_set_translation_domain (context, DUPLEX_GETTEXT_PACKAGE);
  if (!g_option_context_parse_strv (context, &arguments, error))
    return FALSE;
  if (arguments[0] != NULL && arguments[1] != NULL)
    return fail (error, _ ("No such argument"), arguments[1]);
  return TRUE;
}

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
check_range (const char *option,
             gint64      value,
             gint64      least,
             gint64      most,
             GError    **error)
{
  if (value < least || value > most)
    return fail (error, _ ("Value out of range"), option);
  return TRUE;
}

static gboolean
check_numbers (const Raw *raw,
               GError   **error)
{
  return check_range ("--max-message", raw->max_message, 1, G_MAXINT64, error) &&
         check_range ("--max-connections", raw->max_connections, 1, G_MAXINT / 4, error) &&
         check_range ("--rate", raw->rate, 0, G_MAXINT, error) &&
         check_range ("--connect-timeout", raw->connect_timeout, 1, MOST_SECONDS, error) &&
         check_range ("--idle-timeout", raw->idle_timeout, 0, MOST_SECONDS, error) &&
         check_range ("--close-timeout", raw->close_timeout, 1, MOST_SECONDS, error) &&
         check_range ("--drain", raw->drain, 0, MOST_SECONDS, error);
}

static gboolean
read_token (DuplexPolicy *policy,
            const char   *file,
            GError      **error)
{
  g_autofree char *text = NULL;
  gsize            len;

  if (!g_file_get_contents (file, &text, &len, error))
    return FALSE;
  if (len > DUPLEX_LIMIT_RELAY_TOKEN || strlen (g_strstrip (text)) == 0)
    return fail (error, _ ("No token in file"), file);
  duplex_policy_add_token (policy, text);
  return TRUE;
}

/* A relay that others can reach, and that would reach anything for anybody, is not started. */
static gboolean
fill_policy (DuplexOptions *self,
             const Raw     *raw,
             GError       **error)
{
  DuplexPolicy *policy = self->settings->policy;
  gboolean      loopback =
    g_inet_address_get_is_loopback (g_inet_socket_address_get_address (self->address));

  for (gsize i = 0; raw->backends != NULL && raw->backends[i] != NULL; i++)
    if (!duplex_policy_add_backend (policy, raw->backends[i], error))
      return FALSE;
  for (gsize i = 0; raw->origins != NULL && raw->origins[i] != NULL; i++)
    duplex_policy_add_origin (policy, raw->origins[i]);
  if (raw->token_file != NULL && !read_token (policy, raw->token_file, error))
    return FALSE;
  if (!loopback && !duplex_policy_has_backends (policy) && !duplex_policy_has_token (policy))
    return fail (error,
                 _ ("Listening beyond this machine needs --allow-backend or --token-file"), NULL);
  if (loopback || duplex_policy_has_token (policy))
    duplex_policy_allow_loopback (policy);
  return TRUE;
}

gboolean
duplex_options_parse (DuplexOptions *self,
                      char         **arguments,
                      GError       **error)
{
  g_auto (Raw) raw = {
    .max_message = DUPLEX_LIMIT_RELAY_MESSAGE,
    .max_connections = DUPLEX_LIMIT_RELAY_CONNECTIONS,
    .rate = DUPLEX_LIMIT_RELAY_RATE,
    .connect_timeout = DUPLEX_LIMIT_CONNECT_TIMEOUT,
    .idle_timeout = DUPLEX_LIMIT_RELAY_IDLE_TIMEOUT,
    .close_timeout = DUPLEX_LIMIT_CLOSE_TIMEOUT,
    .drain = DUPLEX_LIMIT_RELAY_DRAIN,
  };

  g_return_val_if_fail (self != NULL && arguments != NULL, FALSE);

  if (!parse_raw (&raw, arguments, error))
    return FALSE;
  self->version = raw.version;
  if (raw.version)
    return TRUE;
  if (!check_numbers (&raw, error))
    return FALSE;
  self->address = parse_address (raw.listen != NULL ? raw.listen : DEFAULT_ADDRESS, error);
  self->settings = duplex_relay_settings_new ();
  if (self->address == NULL || !fill_policy (self, &raw, error))
    return FALSE;
  self->drain = (guint)raw.drain;
  self->settings->pump.limits.max_message = (guint64)raw.max_message;
  self->settings->pump.limits.rate = (guint)raw.rate;
  self->settings->pump.idle_timeout = (guint)raw.idle_timeout;
  self->settings->pump.close_timeout = (guint)raw.close_timeout;
  self->settings->connect_timeout = (guint)raw.connect_timeout;
  self->settings->max_connections = (guint)raw.max_connections;
  self->settings->status = !raw.no_status;
  self->settings->ca_file = g_steal_pointer (&raw.ca_file);
  return TRUE;
}
