/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The first message of a client that shows its token there: text, over fragments, with control
 * frames between. It is short, or it is no token; nothing else is read by it. */

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  DUPLEX_FIRST_MORE,   /* all was used but a frame that is not whole */
  DUPLEX_FIRST_DONE,   /* the message is whole; what stands behind it was not looked at */
  DUPLEX_FIRST_CLOSED, /* a Close came, which was not used */
  DUPLEX_FIRST_WRONG,  /* binary, longer than a token is, or no WebSocket */
} DuplexFirstState;

typedef struct _DuplexFirstMessage DuplexFirstMessage;

DuplexFirstMessage *duplex_first_message_new (void);
void                duplex_first_message_free (DuplexFirstMessage *self);

/* data begins with what the last call did not use, which is less than a frame of
 * DUPLEX_LIMIT_RELAY_TOKEN bytes. Whole frames that answer pings are appended to answers. Not to be
 * called any more after another state than MORE. */
DuplexFirstState duplex_first_message_feed (DuplexFirstMessage *self,
                                            const guint8       *data,
                                            gsize               len,
                                            gsize              *ret_used,
                                            GByteArray         *answers);

/* The message, once it is whole; NULL where it holds a NUL, which no token does. */
const char *duplex_first_message_get_text (DuplexFirstMessage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexFirstMessage, duplex_first_message_free)

G_END_DECLS
