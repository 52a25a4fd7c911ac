/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the tests of core/model share. */

#include <gio/gio.h>

#include "core/model/duplex-capture.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* Turns context (NULL: the default) until is_done says so. After ten seconds the test fails and
 * says that it waited for what. */
void duplex_test_wait (GMainContext *context,
                       gboolean (*is_done) (gpointer),
                       gpointer    user_data,
                       const char *what);

/* A whole received message of one frame; text is borrowed. */
DuplexEvent duplex_test_text (const char *text);

/* Appends a received frame of message; first is the number of the message's first event, or
 * DUPLEX_EVENT_FIRST_IS_SELF. The sizes and counts of place are kept up. */
typedef struct
{
  guint64         message;
  guint64         first;
  guint64         size;
  guint           n_frames;
  DuplexDirection direction;
  guint32         connection;
  guint8          opcode;
} DuplexTestMessage;

guint64 duplex_test_append_frame (DuplexCapture     *capture,
                                  DuplexTestMessage *message,
                                  const char        *text,
                                  gboolean           is_last);

/* Appends a ping with that payload. */
guint64 duplex_test_append_ping (DuplexCapture *capture,
                                 const char    *text);

/* Asserts that bytes are text. */
void duplex_test_assert_bytes (GBytes     *bytes,
                               const char *text);

/* What a list model told, as "0-0+3 3-0+2 ". */
GString *duplex_test_log_items (GListModel *model);

/* A new folder, and its end with all that is in it. */
char *duplex_test_make_folder (void);
void  duplex_test_remove_folder (char *path);

G_END_DECLS
