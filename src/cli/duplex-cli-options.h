/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the command line of duplex-cli connect says, and the session that it asks for. */

#include "core/io/duplex-session.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_CLI_PRINT_MESSAGES,
  DUPLEX_CLI_PRINT_FRAMES,
  DUPLEX_CLI_PRINT_JSON,
  DUPLEX_CLI_PRINT_NOTHING,
} DuplexCliPrint;

typedef struct
{
  char    *url; /* or NULL: the profile's */
  char   **headers;
  char   **subprotocols;
  char   **resolve;
  char    *origin;
  char    *ca_file;
  char    *certificate;
  char    *key;
  char    *proxy;
  char    *deflate; /* the parameters of an offer */
  char    *profile;
  char    *profile_id; /* of that profile; known when the session has been made */
  char    *file;       /* to send as one message */
  char    *capture;    /* to record to */
  int      timeout;
  int      close_timeout;
  int      ping_interval; /* this and the next two are G_MININT where the profile decides */
  int      ping_limit;
  int      pong_delay; /* ms */
  gint64   fragment;
  gint64   max_message;
  gint64   count; /* messages after which to close, 0 for none */
  double   interval;
  double   wait;
  gboolean insecure;
  gboolean no_deflate;
  gboolean no_pong;
  gboolean echo;
  gboolean binary;
  gboolean frames;
  gboolean json;
  gboolean nul; /* messages end in a NUL */
  gboolean record_secrets;
  gboolean progress; /* of the file, in lines */
} DuplexCliOptions;

void duplex_cli_options_free (DuplexCliOptions *self);

/* argv[0] is the verb. NULL and an error to show, one line, for what cannot be done. Ends the
 * process after --help. */
DuplexCliOptions *duplex_cli_options_parse (int      argc,
                                            char   **argv,
                                            GError **error);

DuplexCliPrint duplex_cli_options_get_print (const DuplexCliOptions *self);

/* A session that is not connected yet. */
DuplexSession *duplex_cli_options_make_session (DuplexCliOptions *self,
                                                GError          **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCliOptions, duplex_cli_options_free)

G_END_DECLS
