/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the message view has made off the main thread: text of the beginning of a payload, as
 * much as it shows; whether the rest is JSON too; and all of it as text for the clipboard. */

#include <gio/gio.h>

#include "app/duplex-message-bytes.h"
#include "app/duplex-message-text.h"

G_BEGIN_DECLS

/* Why a message is not JSON, as DuplexMessageText has it. */
typedef struct
{
  char *text; /* or NULL: it is */
  guint line;
  guint column;
} DuplexMessageProblem;

typedef struct
{
  /* asked for */
  DuplexMessageBytes  *bytes;
  DuplexMessagePlace  *place; /* or NULL: the beginning of the message */
  DuplexMessageProblem flaw;  /* what a check has found */
  DuplexMessageFormat  wanted;
  gboolean             is_text;
  guint                piece; /* the caller's */

  /* made */
  DuplexMessageText *result;
  guint64            size;       /* of the payload, as far as it is known to be there */
  gboolean           is_checked; /* all of it was seen */
} DuplexMessageLoad;

/* place may be NULL. What is passed is copied. */
DuplexMessageLoad *duplex_message_load_new (DuplexMessageBytes         *bytes,
                                            const DuplexMessagePlace   *place,
                                            const DuplexMessageProblem *flaw);
void               duplex_message_load_free (DuplexMessageLoad *self);

/* Whether that takes so little that a thread would only make the view flicker. */
gboolean duplex_message_load_is_quick (DuplexRow *row);

/* Reads as much as is needed, and makes result. Blocks. */
void duplex_message_load_run (DuplexMessageLoad *self);

/* The same in a thread; takes self. finish borrows it, or gives NULL when it was cancelled. */
void               duplex_message_load_start (DuplexMessageLoad  *self,
                                              GObject            *source,
                                              GCancellable       *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer            user_data);
DuplexMessageLoad *duplex_message_load_finish (GAsyncResult *result);

/* Reads a payload to its end, in a thread and in little memory, and looks whether all of it is
 * JSON. FALSE when it was cancelled; otherwise ret_problem is set, its text to be freed. */
void     duplex_message_load_check_async (DuplexMessageBytes *bytes,
                                          GObject            *source,
                                          GCancellable       *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer            user_data);
gboolean duplex_message_load_check_finish (GAsyncResult         *result,
                                           DuplexMessageProblem *ret_problem);

/* The payload as text for the clipboard, in a thread: see duplex_message_text_format(). */
void  duplex_message_load_dup_text_async (DuplexMessageBytes *bytes,
                                          DuplexMessageFormat format,
                                          GObject            *source,
                                          GAsyncReadyCallback callback,
                                          gpointer            user_data);
char *duplex_message_load_dup_text_finish (GAsyncResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexMessageLoad, duplex_message_load_free)

G_END_DECLS
