/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the user has said: options of the command line, over a key file's, over the defaults. Each
 * option has one entry in a table, from which come its text for --help, its key in the file, its
 * default and its range. What the values mean is for duplex-options.
 *
 * The file is a GKeyFile with the group [relay]; its keys are the long options. Paths in it start
 * from its folder. Whatever it has that is not known, twice or wrong is an error. */

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  DUPLEX_CONFIG_LISTEN,
  DUPLEX_CONFIG_WORKERS,
  DUPLEX_CONFIG_ALLOW_BACKEND,
  DUPLEX_CONFIG_ALLOW_ORIGIN,
  DUPLEX_CONFIG_TOKEN_FILE,
  DUPLEX_CONFIG_TOKEN_MESSAGE,
  DUPLEX_CONFIG_FORWARD_HEADER,
  DUPLEX_CONFIG_TLS_CERT,
  DUPLEX_CONFIG_TLS_KEY,
  DUPLEX_CONFIG_CACERT,
  DUPLEX_CONFIG_NO_STATUS,
  DUPLEX_CONFIG_MAX_MESSAGE,
  DUPLEX_CONFIG_MAX_FRAME,
  DUPLEX_CONFIG_MAX_CONNECTIONS,
  DUPLEX_CONFIG_MAX_PER_ADDRESS,
  DUPLEX_CONFIG_RATE,
  DUPLEX_CONFIG_BYTE_RATE,
  DUPLEX_CONFIG_HANDSHAKE_TIMEOUT,
  DUPLEX_CONFIG_CONNECT_TIMEOUT,
  DUPLEX_CONFIG_IDLE_TIMEOUT,
  DUPLEX_CONFIG_CLOSE_TIMEOUT,
  DUPLEX_CONFIG_PING_INTERVAL,
  DUPLEX_CONFIG_DRAIN,
  DUPLEX_CONFIG_CAPTURE,
  DUPLEX_CONFIG_CAPTURE_BUDGET,
  DUPLEX_CONFIG_LOG_JSON,
  DUPLEX_CONFIG_CONFIG,  /* not in the file */
  DUPLEX_CONFIG_VERSION, /* likewise */
  DUPLEX_N_CONFIG,
} DuplexConfigKey;

typedef struct _DuplexConfig DuplexConfig;

/* Takes the strings out of arguments that it has understood. Reads --config, unless --version is
 * asked for. Fails with a message for the user that names the option, or file and key, and the
 * value seen. --help is printed, and the program ended, by GLib. */
DuplexConfig *duplex_config_new (char   **arguments,
                                 GError **error);
/* The same command line over the file as it is now. */
DuplexConfig *duplex_config_read_again (const DuplexConfig *self,
                                        GError            **error);
void          duplex_config_free (DuplexConfig *self);

/* Whether somebody has said something of it. */
gboolean duplex_config_has (const DuplexConfig *self,
                            DuplexConfigKey     key);
/* "--rate", or "/etc/relay.conf: rate": where that was. */
char *duplex_config_dup_place (const DuplexConfig *self,
                               DuplexConfigKey     key);
/* "rate" */
const char *duplex_config_get_name (DuplexConfigKey key);
/* All that was said of it as one text, or NULL; to tell whether two are the same. */
char *duplex_config_dup_value (const DuplexConfig *self,
                               DuplexConfigKey     key);

/* Each for options of its kind. Texts are NULL where nobody has said one and there is no default;
 * of lists that of the command line counts, or else that of the file, and NULL may be none. */
const char        *duplex_config_get_text (const DuplexConfig *self,
                                           DuplexConfigKey     key);
const char *const *duplex_config_get_list (const DuplexConfig *self,
                                           DuplexConfigKey     key);
gboolean           duplex_config_get_flag (const DuplexConfig *self,
                                           DuplexConfigKey     key);
guint64            duplex_config_get_number (const DuplexConfig *self,
                                             DuplexConfigKey     key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexConfig, duplex_config_free)

G_END_DECLS
