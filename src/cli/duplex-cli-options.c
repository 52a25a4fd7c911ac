/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cli/duplex-cli-options.h"
#include "cli/duplex-cli-status.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>

#include "core/model/duplex-profile-store.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

/* What may wait to be sent, in bytes, while lines come in faster than they leave: enough to keep
 * the wire busy. */
#define MAX_WAITING ((gsize)16 * 1024 * 1024)

/* Bytes of events that may wait for whoever reads our output. */
#define MAX_UNREAD ((guint64)64 * 1024 * 1024)

/* Seconds that an option may say: a day, so that milliseconds fit anywhere. */
#define MAX_SECONDS 86400

/* Of an option whose default is what the profile says. */
#define NOT_GIVEN G_MININT

void
duplex_cli_options_free (DuplexCliOptions *self)
{
  if (self == NULL)
    return;
  g_free (self->url);
  g_strfreev (self->headers);
  g_strfreev (self->subprotocols);
  g_strfreev (self->resolve);
  g_free (self->origin);
  g_free (self->ca_file);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->proxy);
  g_free (self->deflate);
  g_free (self->profile);
  g_free (self->profile_id);
  g_free (self->file);
  g_free (self->capture);
  g_free (self);
}

/* ---- parsing ---- */

static int
get_given (int number)
{
  return number != NOT_GIVEN ? number : 0;
}

static gboolean
check_numbers (const DuplexCliOptions *self,
               GError                **error)
{
  const struct
  {
    const char *name;
    double      value;
    double      least;
    double      most;
  } numbers[] = {
    { "--timeout", self->timeout, 0, MAX_SECONDS },
    { "--close-timeout", self->close_timeout, 0, MAX_SECONDS },
    { "--ping-interval", get_given (self->ping_interval), 0, DUPLEX_LIMIT_PING_INTERVAL },
    { "--ping-limit", get_given (self->ping_limit), 0, DUPLEX_LIMIT_PING_LIMIT },
    { "--pong-delay", get_given (self->pong_delay), 0, DUPLEX_LIMIT_PONG_DELAY },
    { "--fragment", (double)self->fragment, 0, G_MAXINT64 },
    { "--interval", self->interval, 0, MAX_SECONDS },
    { "--wait", self->wait, 0, MAX_SECONDS },
    { "--count", (double)self->count, 0, G_MAXINT64 },
    { "--max-message", (double)self->max_message, 0, G_MAXINT64 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (!(numbers[i].value >= numbers[i].least && numbers[i].value <= numbers[i].most))
      return duplex_cli_refuse (error, _ ("%s: %g is out of range"), numbers[i].name,
                                numbers[i].value);
  return TRUE;
}

static gboolean
check_file (const char *path,
            GError    **error)
{
  g_autoptr (GFile)            file = NULL;
  g_autoptr (GFileInputStream) stream = NULL;
  struct stat                  info;

  /* Opening a pipe waits for its writer, and closing it tells him that nobody reads. */
  if (path == NULL || (stat (path, &info) == 0 && S_ISFIFO (info.st_mode)))
    return TRUE;
  file = g_file_new_for_commandline_arg (path);
  stream = g_file_read (file, NULL, error);
  return stream != NULL;
}

static gboolean
check (const DuplexCliOptions *self,
       GError                **error)
{
  if (self->url == NULL && self->profile == NULL)
    return duplex_cli_refuse (error, _ ("There is no URL; see duplex-cli connect --help"));
  if (self->key != NULL && self->certificate == NULL)
    return duplex_cli_refuse (error, _ ("--key needs --cert"));
  if (self->record_secrets && self->capture == NULL)
    return duplex_cli_refuse (error, _ ("--record-secrets needs --capture"));
  if (self->progress && self->file == NULL)
    return duplex_cli_refuse (error, _ ("--progress needs --file"));
  if (self->no_deflate && self->deflate != NULL)
    return duplex_cli_refuse (error, _ ("--no-deflate and --deflate exclude each other"));
  if (self->no_pong && self->pong_delay != NOT_GIVEN)
    return duplex_cli_refuse (error, _ ("--no-pong and --pong-delay exclude each other"));
  if (self->frames && self->json)
    return duplex_cli_refuse (error, _ ("--frames and --json exclude each other"));
  if (self->echo && (self->file != NULL || self->binary || self->interval > 0))
    return duplex_cli_refuse (error, _ ("--echo sends nothing of its own"));
  if (!check_numbers (self, error))
    return FALSE;
  return check_file (self->ca_file, error) && check_file (self->file, error);
}

/* How it connects. */
static void
add_connection_entries (DuplexCliOptions *self,
                        GOptionContext   *context)
{
  const GOptionEntry entries[] = {
    { "profile", 0, 0, G_OPTION_ARG_STRING, &self->profile,
      N_ ("Begin with what this saved profile says"), N_ ("NAME") },
    { "header", 'H', 0, G_OPTION_ARG_STRING_ARRAY, &self->headers,
      N_ ("Add a header to the request"), N_ ("'NAME: VALUE'") },
    { "subprotocol", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->subprotocols,
      N_ ("Offer a subprotocol"), N_ ("NAME") },
    { "origin", 0, 0, G_OPTION_ARG_STRING, &self->origin,
      N_ ("Send this Origin"), N_ ("ORIGIN") },
    { "insecure", 0, 0, G_OPTION_ARG_NONE, &self->insecure,
      N_ ("Accept a certificate that does not verify"), NULL },
    { "cacert", 0, 0, G_OPTION_ARG_FILENAME, &self->ca_file,
      N_ ("Trust the authorities in this PEM file instead of the system's"),
      N_ ("FILE") },
    { "cert", 0, 0, G_OPTION_ARG_FILENAME, &self->certificate,
      N_ ("Show the server this certificate (PEM)"), N_ ("FILE") },
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &self->key,
      N_ ("Its private key, where that is in a file of its own"), N_ ("FILE") },
    { "proxy", 0, 0, G_OPTION_ARG_STRING, &self->proxy,
      N_ ("Connect through this proxy (http or socks5)"), N_ ("URL") },
    { "resolve", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->resolve,
      N_ ("Dial this IP address for the host and port"), N_ ("HOST:PORT:ADDRESS") },
    { "no-deflate", 0, 0, G_OPTION_ARG_NONE, &self->no_deflate,
      N_ ("Offer no compression"), NULL },
    { "deflate", 0, 0, G_OPTION_ARG_STRING, &self->deflate,
      N_ ("Offer compression with these parameters"), N_ ("PARAMETERS") },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &self->timeout,
      N_ ("Give up connecting after S seconds"), N_ ("S") },
    { "close-timeout", 0, 0, G_OPTION_ARG_INT, &self->close_timeout,
      N_ ("Wait S seconds for the answer to a Close"), N_ ("S") },
    { "ping-interval", 0, 0, G_OPTION_ARG_INT, &self->ping_interval,
      N_ ("Send a ping every S seconds"), N_ ("S") },
    { "ping-limit", 0, 0, G_OPTION_ARG_INT, &self->ping_limit,
      N_ ("End when N pings in a row were not answered; 0 for never"), N_ ("N") },
    { "no-pong", 0, 0, G_OPTION_ARG_NONE, &self->no_pong,
      N_ ("Leave pings unanswered"), NULL },
    { "pong-delay", 0, 0, G_OPTION_ARG_INT, &self->pong_delay,
      N_ ("Answer pings MS milliseconds late"), N_ ("MS") },
    { "max-message", 0, 0, G_OPTION_ARG_INT64, &self->max_message,
      N_ ("Refuse messages over so many bytes"), N_ ("BYTES") },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, DUPLEX_GETTEXT_PACKAGE);
}

/* What is sent and what is shown. */
static void
add_message_entries (DuplexCliOptions *self,
                     GOptionContext   *context)
{
  const GOptionEntry entries[] = {
    { "echo", 0, 0, G_OPTION_ARG_NONE, &self->echo,
      N_ ("Send every message back until the server closes"), NULL },
    { "fragment", 0, 0, G_OPTION_ARG_INT64, &self->fragment,
      N_ ("Send messages in frames of at most so many bytes"), N_ ("BYTES") },
    { "binary", 0, 0, G_OPTION_ARG_NONE, &self->binary,
      N_ ("Lines are hexadecimal, and sent as binary messages"), NULL },
    { "file", 0, 0, G_OPTION_ARG_FILENAME, &self->file,
      N_ ("Send this file as one message instead of lines"), N_ ("FILE") },
    { "progress", 0, 0, G_OPTION_ARG_NONE, &self->progress,
      N_ ("Say how far the file is, a line a second on standard error"), NULL },
    { "count", 0, 0, G_OPTION_ARG_INT64, &self->count,
      N_ ("Close after N received messages"), N_ ("N") },
    { "interval", 0, 0, G_OPTION_ARG_DOUBLE, &self->interval,
      N_ ("Wait S seconds between two lines"), N_ ("S") },
    { "wait", 0, 0, G_OPTION_ARG_DOUBLE, &self->wait,
      N_ ("Keep listening for S seconds after the last line"), N_ ("S") },
    { "null", '0', 0, G_OPTION_ARG_NONE, &self->nul,
      N_ ("End printed messages with a NUL, not a line feed"), NULL },
    { "frames", 0, 0, G_OPTION_ARG_NONE, &self->frames, N_ ("Print every frame"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json,
      N_ ("Print every event as a JSON object"), NULL },
    { "capture", 0, 0, G_OPTION_ARG_FILENAME, &self->capture,
      N_ ("Record all of it to this new file"), N_ ("FILE") },
    { "record-secrets", 0, 0, G_OPTION_ARG_NONE, &self->record_secrets,
      N_ ("Record passwords and cookies too"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, DUPLEX_GETTEXT_PACKAGE);
}

DuplexCliOptions *
duplex_cli_options_parse (int      argc,
                          char   **argv,
                          GError **error)
{
  g_autoptr (DuplexCliOptions) self = g_new0 (DuplexCliOptions, 1);
  g_autoptr (GOptionContext)   context = g_option_context_new (_ ("[URL]"));
  g_auto (GStrv)               rest = NULL;
  const GOptionEntry           url[] = {
              { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &rest, NULL, NULL },
              G_OPTION_ENTRY_NULL,
  };

  self->ping_interval = NOT_GIVEN;
  self->ping_limit = NOT_GIVEN;
  self->pong_delay = NOT_GIVEN;
  g_option_context_set_summary (
    context, _ ("Lines of standard input are sent as text, received text is printed a line each."));
  add_connection_entries (self, context);
  add_message_entries (self, context);
  g_option_context_add_main_entries (context, url, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return NULL;
  if (rest != NULL && rest[0] != NULL && rest[1] != NULL)
    {
      duplex_cli_refuse (error, _ ("One URL is enough: “%s”"), rest[1]);
      return NULL;
    }
  if (rest != NULL)
    self->url = g_strdup (rest[0]);
  return check (self, error) ? g_steal_pointer (&self) : NULL;
}

DuplexCliPrint
duplex_cli_options_get_print (const DuplexCliOptions *self)
{
  if (self->json)
    return DUPLEX_CLI_PRINT_JSON;
  if (self->frames)
    return DUPLEX_CLI_PRINT_FRAMES;
  return self->echo ? DUPLEX_CLI_PRINT_NOTHING : DUPLEX_CLI_PRINT_MESSAGES;
}

/* ---- the session ---- */

/* By its path in the folder of profiles, or by its name where only one has it. */
static DuplexProfile *
find_profile (const char *name,
              char      **ret_id,
              GError    **error)
{
  g_autofree char *path =
    g_build_filename (g_get_user_data_dir (), "duplex", "profiles", NULL);
  g_autoptr (DuplexProfileStore) store = duplex_profile_store_new (path);
  DuplexProfile                 *found;
  guint                          n_found = 0;

  if (!duplex_profile_store_load (store, error))
    return NULL;
  found = duplex_profile_store_lookup (store, name);
  for (guint i = 0; found == NULL && i < g_list_model_get_n_items (G_LIST_MODEL (store)); i++)
    {
      g_autoptr (DuplexProfile) profile = g_list_model_get_item (G_LIST_MODEL (store), i);

      if (strcmp (duplex_profile_get_name (profile), name) != 0)
        continue;
      if (n_found++ == 0)
        found = profile; /* the store holds it */
    }
  if (found == NULL)
    duplex_cli_refuse (error, _ ("There is no profile “%s” in %s"), name, path);
  else if (duplex_profile_get_error (found) != NULL)
    duplex_cli_refuse (error, _ ("The profile “%s” cannot be read: %s"), name,
                       duplex_profile_get_error (found));
  else
    {
      *ret_id = g_strdup (duplex_profile_get_id (found));
      return duplex_profile_copy (found);
    }
  return NULL;
}

/* Takes text apart; header's strings are texts' then. */
static gboolean
split_header (const char   *text,
              GPtrArray    *texts,
              DuplexHeader *ret_header,
              GError      **error)
{
  const char *colon = strchr (text, ':');

  if (colon == NULL)
    return duplex_cli_refuse (error, _ ("“%s” is not 'NAME: VALUE'"), text);
  ret_header->name = g_strndup (text, (gsize)(colon - text));
  ret_header->value = g_strstrip (g_strdup (colon + 1));
  g_ptr_array_add (texts, ret_header->name);
  g_ptr_array_add (texts, ret_header->value);
  return TRUE;
}

static gboolean
add_headers (const DuplexCliOptions *self,
             DuplexProfile          *profile,
             GError                **error)
{
  g_autoptr (DuplexProfile) before = duplex_profile_copy (profile);
  g_autoptr (GArray)        headers = g_array_new (FALSE, FALSE, sizeof (DuplexHeader));
  g_autoptr (GPtrArray)     texts = g_ptr_array_new_with_free_func (g_free);
  const DuplexHeader       *old;
  gsize                     n_old;

  if (self->headers == NULL)
    return TRUE;
  old = duplex_profile_get_headers (before, &n_old);
  if (n_old > 0)
    g_array_append_vals (headers, old, (guint)n_old);
  for (guint i = 0; self->headers[i] != NULL; i++)
    {
      DuplexHeader header;

      if (!split_header (self->headers[i], texts, &header, error))
        return FALSE;
      g_array_append_val (headers, header);
    }
  duplex_profile_set_headers (profile, (const DuplexHeader *)(gpointer)headers->data, headers->len);
  return TRUE;
}

/* What the options say goes over what the profile does. */
static gboolean
set_wire (const DuplexCliOptions *self,
          DuplexProfile          *profile,
          GError                **error)
{
  DuplexDeflateParams params;

  duplex_profile_get_deflate (profile, &params);
  if (self->deflate != NULL)
    {
      if (!duplex_deflate_params_parse (self->deflate, &params, error))
        return FALSE;
      duplex_profile_set_deflate (profile, TRUE, &params);
    }
  if (self->no_deflate)
    duplex_profile_set_deflate (profile, FALSE, &params);
  if (self->no_pong)
    duplex_profile_set_pong_mode (profile, DUPLEX_PONG_NEVER);
  if (self->pong_delay != NOT_GIVEN)
    {
      duplex_profile_set_pong_mode (profile, DUPLEX_PONG_DELAYED);
      duplex_profile_set_pong_delay (profile, (guint)self->pong_delay);
    }
  if (self->ping_interval != NOT_GIVEN)
    duplex_profile_set_ping_interval (profile, (guint)self->ping_interval);
  if (self->ping_limit != NOT_GIVEN)
    duplex_profile_set_ping_limit (profile, (guint)self->ping_limit);
  return TRUE;
}

static DuplexProfile *
make_profile (DuplexCliOptions *self,
              GError          **error)
{
  g_autoptr (DuplexProfile) profile = NULL;

  if (self->profile != NULL)
    profile = find_profile (self->profile, &self->profile_id, error);
  else
    profile = duplex_profile_new ("", self->url);
  if (profile == NULL || !add_headers (self, profile, error) || !set_wire (self, profile, error))
    return NULL;
  if (self->url != NULL)
    duplex_profile_set_url (profile, self->url);
  if (self->origin != NULL)
    duplex_profile_set_origin (profile, self->origin);
  if (self->subprotocols != NULL)
    duplex_profile_set_subprotocols (profile, (const char *const *)self->subprotocols);
  if (self->insecure)
    duplex_profile_set_verify_certificates (profile, FALSE);
  return g_steal_pointer (&profile);
}

DuplexSession *
duplex_cli_options_make_session (DuplexCliOptions *self,
                                 GError          **error)
{
  g_autoptr (DuplexProfile) profile = make_profile (self, error);
  g_autoptr (DuplexSession) session = NULL;
  DuplexSessionOptions     *options;

  if (profile == NULL)
    return NULL;
  session = duplex_session_new (profile);
  options = duplex_session_get_options (session);
  if (self->timeout > 0)
    options->connect_timeout = (guint)self->timeout;
  if (self->close_timeout > 0)
    options->close_timeout = (guint)self->close_timeout;
  if (self->max_message > 0)
    options->max_message = (guint64)self->max_message;
  options->fragment = (gsize)self->fragment;
  options->max_waiting = MAX_WAITING;
  options->max_unread = MAX_UNREAD;
  options->echo = self->echo;
  duplex_session_set_ca_file (session, self->ca_file);

  if (self->proxy != NULL && !duplex_session_options_set_proxy (options, self->proxy, error))
    return NULL;
  for (guint i = 0; self->resolve != NULL && self->resolve[i] != NULL; i++)
    if (!duplex_session_options_add_resolve (options, self->resolve[i], error))
      return NULL;
  if (self->certificate != NULL &&
      !duplex_session_options_set_certificate (options, self->certificate, self->key, error))
    return NULL;
  return g_steal_pointer (&session);
}
