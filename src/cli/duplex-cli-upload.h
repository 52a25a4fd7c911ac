/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A file that is sent as one message, of --file or typed at the prompt: how far it is, and how it
 * ended. One at a time. */

#include "core/io/duplex-session.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_CLI_UPLOAD_NONE,    /* there was none */
  DUPLEX_CLI_UPLOAD_RUNNING, /* also while a pipe waits for its writer */
  DUPLEX_CLI_UPLOAD_SENT,
  DUPLEX_CLI_UPLOAD_SHRUNK, /* all that was there was sent, less than when it was opened */
  DUPLEX_CLI_UPLOAD_CANCELLED,
  DUPLEX_CLI_UPLOAD_UNUSABLE, /* no UTF-8, or it cannot be read on */
  DUPLEX_CLI_UPLOAD_LOST,     /* the connection ended before */
} DuplexCliUploadState;

typedef enum {
  DUPLEX_CLI_UPLOAD_QUIET,
  DUPLEX_CLI_UPLOAD_LINE,  /* one on standard error, rewritten */
  DUPLEX_CLI_UPLOAD_LINES, /* one a second on standard error */
  DUPLEX_CLI_UPLOAD_TOLD,  /* by the callback */
} DuplexCliUploadShow;

typedef struct
{
  /* "30 %", a few times a second; NULL at the end. */
  void (*progress) (const char *text, gpointer user_data);
  /* The state is one of an end. */
  void (*over) (gpointer user_data);
} DuplexCliUploadCallbacks;

typedef struct _DuplexCliUpload DuplexCliUpload;

/* callbacks is borrowed for life. */
DuplexCliUpload *duplex_cli_upload_new (DuplexSession                  *session,
                                        DuplexCliUploadShow             show,
                                        const DuplexCliUploadCallbacks *callbacks,
                                        gpointer                        user_data);
/* Without a call of over. */
void duplex_cli_upload_free (DuplexCliUpload *self);

/* Fails as duplex_session_send_file() does, and where another is on its way. */
gboolean duplex_cli_upload_start (DuplexCliUpload *self,
                                  const char      *path,
                                  gboolean         binary,
                                  GError         **error);

/* Returns whether there was something to cancel; over has been called then, or will be. */
gboolean duplex_cli_upload_cancel (DuplexCliUpload *self);

DuplexCliUploadState duplex_cli_upload_get_state (DuplexCliUpload *self);

/* What became of it, for a person: "big.iso: 700.0 MiB sent". */
char *duplex_cli_upload_dup_outcome (DuplexCliUpload *self);

/* Takes the line away that is rewritten, before something else is written to a terminal; it comes
 * back by itself. */
void duplex_cli_upload_hide (DuplexCliUpload *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCliUpload, duplex_cli_upload_free)

G_END_DECLS
