/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One end of a relayed connection: bytes in, bytes out, and being told when either became possible.
 * A plain socket is read and written as such; TLS is a matter of the leg. One thread, the
 * poller's. */

#include <gio/gio.h>

#include "core/io/duplex-poller.h"
#include "core/io/duplex-socket.h"

G_BEGIN_DECLS

typedef struct _DuplexLeg        DuplexLeg;
typedef struct _DuplexTlsSession DuplexTlsSession;

/* conditions as of DuplexWatchFunc; G_IO_HUP is there each time once it was. The leg may be freed
 * in the call. */
typedef void (*DuplexLegReady) (DuplexLeg   *self,
                                GIOCondition conditions,
                                gpointer     user_data);

typedef enum {
  DUPLEX_LEG_OK,
  DUPLEX_LEG_WOULD_BLOCK, /* ready is called when that has changed */
  DUPLEX_LEG_ENDED,       /* the peer's end of the stream, or an error: no more this way */
} DuplexLegResult;

typedef struct
{
  DuplexLegResult (*read) (DuplexLeg *self, guint8 *data, gsize size, gsize *ret_len);
  DuplexLegResult (*write) (DuplexLeg *self, const GOutputVector *spans, guint n, gsize *ret_len);
  void (*again) (DuplexLeg *self);
  void (*look) (DuplexLeg *self, DuplexSocketLook *ret_look);
  void (*shutdown) (DuplexLeg *self);
  void (*free) (DuplexLeg *self);
} DuplexLegClass;

/* The beginning of every leg's struct. */
struct _DuplexLeg
{
  const DuplexLegClass *class;
  DuplexWatch   *watch; /* its own, borrowed */
  DuplexLegReady ready; /* set by duplex_leg_set_ready() */
  gpointer       user_data;
};

/* A connected, non-blocking socket, which the leg takes and closes. */
DuplexLeg *duplex_leg_new_socket (DuplexPoller *poller,
                                  int           fd);
/* Takes session, its handshake done. */
DuplexLeg *duplex_leg_new_tls (DuplexPoller     *poller,
                               DuplexTlsSession *session);
/* A dialer's stream, of which the leg takes what is below: a socket's descriptor, or the session of
 * a DuplexTlsStream. */
DuplexLeg *duplex_leg_new_stream (DuplexPoller *poller,
                                  GIOStream    *stream);

/* ready is called soon after for what is possible already, never within the call. */
void duplex_leg_set_ready (DuplexLeg     *self,
                           DuplexLegReady ready,
                           gpointer       user_data);

/* ready leaves the sources of the context alone, see DuplexWatch; until the next
 * duplex_leg_set_ready(). */
void duplex_leg_set_brief (DuplexLeg *self);

/* These never block. ret_len is set with DUPLEX_LEG_OK and is then at least 1; what is asked for
 * must be, too. Fewer bytes than asked for do not mean that the next call would block. After
 * DUPLEX_LEG_WOULD_BLOCK a write is to be repeated with the same bytes, and may have more. */
DuplexLegResult duplex_leg_read (DuplexLeg *self,
                                 guint8    *data,
                                 gsize      size,
                                 gsize     *ret_len);
DuplexLegResult duplex_leg_write (DuplexLeg           *self,
                                  const GOutputVector *spans,
                                  guint                n,
                                  gsize               *ret_len);

/* ready is called once more, with 0, when others have had their turn. */
void duplex_leg_again (DuplexLeg *self);

/* What our system knows of the peer's. A system call: not for each turn. */
void duplex_leg_look (DuplexLeg        *self,
                      DuplexSocketLook *ret_look);

/* No more will be written: the peer reads the end of the stream, and can still write. */
void duplex_leg_shutdown (DuplexLeg *self);

/* Closes and frees; ready is not called any more. */
void duplex_leg_free (DuplexLeg *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexLeg, duplex_leg_free)

G_END_DECLS
