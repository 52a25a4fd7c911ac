/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The clients of relay-load: connections that send the frames of one ring over and over and count
 * the messages that come back. */

#include "relay-wire.h"

G_BEGIN_DECLS

/* Messages that were made beforehand, masked, and what they say, one after the other. */
typedef struct
{
  guint8 *wire;
  guint8 *plain;
  gsize   n;
  gsize   size;       /* payload bytes of a message */
  gsize   frame_size; /* with its header */
} Ring;

void ring_init (Ring    *self,
                gsize    size,
                gboolean text);
void ring_clear (Ring *self);

/* Durations in nanoseconds, to 1/128 of each. */
#define HISTOGRAM_BITS 7
#define HISTOGRAM_SUB  (1 << HISTOGRAM_BITS)
typedef struct
{
  guint64 buckets[64 * HISTOGRAM_SUB];
  guint64 n;
} Histogram;

void    histogram_add (Histogram *self,
                       guint64    value);
guint64 histogram_get (const Histogram *self,
                       double           share);

typedef enum {
  CLIENT_NONE, /* not begun, or over */
  CLIENT_CONNECTING,
  CLIENT_HEAD,
  CLIENT_GREETING,
  CLIENT_OPEN,
  CLIENT_CLOSING,
} ClientState;

/* What all clients of a run share. */
typedef struct
{
  guint16     port;
  const char *path;
  gboolean    greeting;   /* a relay's own message comes first */
  gboolean    is_flooded; /* numbered content comes: see relay-backend.c */
  Ring        ring;
  gsize       window; /* messages on their way at a time */
  Histogram  *latency;
  int         epoll;
  gboolean    is_paused; /* what comes back is not replaced */

  guint   n_pending;
  guint   n_open;
  guint   n_failed;
  guint   n_closed;  /* as both ends wanted */
  guint   n_garbled; /* messages or parts of them that are not what was sent */
  guint64 n_messages;
  guint64 n_bytes;
  guint64 n_fragments; /* frames that do not end their message */
  guint64 n_due;       /* messages on their way */
  char   *complaint;   /* the first */
} Load;

typedef struct
{
  Load       *load;
  int         fd;
  ClientState state;
  GByteArray *head;
  WireReader  reader;
  guint64     message_done; /* payload bytes of the message that is arriving */
  gsize       slot;         /* of that message in the ring */
  gsize       out_at;       /* what is next in the ring */
  gsize       credit;       /* bytes that may be sent */
  gboolean    is_blocked;   /* the socket took no more */
  guint64     begun;        /* when it was sent, where that is asked for */
  gboolean    owes_pong;
  guint8      n_pong;
  guint8      pong[125];
} Client;

void client_begin (Client *self,
                   Load   *load);
/* Something happened at the socket. */
void client_serve (Client *self);
/* Lets n messages go. */
void client_allow (Client *self,
                   gsize   n);
/* Reads until there is no more, without sending anything. */
void client_read (Client *self);
/* Sends Close 1000; over when the other end has closed as well. */
void client_close (Client *self);
/* Ends the connection, whatever stands. */
void client_drop (Client *self);

G_END_DECLS
