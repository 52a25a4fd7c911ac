/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A run of fuzz-connection.c, and the commands of its input: what the peer and the wire do, and
 * what is asked of the connection. */

#include "core/io/duplex-connection.h"
#include "core/io/duplex-transfer-private.h"
#include "core/proto/duplex-deflate.h"
#include "duplex-fake-stream.h"
#include "fuzz.h"

G_BEGIN_DECLS

/* The most bytes that an input may have given and sent: more costs time and finds nothing. */
#define FUZZ_MAX_BYTES (1024 * 1024)

/* A file that was given to be sent, and where in queued its message is. */
typedef struct
{
  DuplexTransfer *transfer;
  guint           message;
} FuzzFile;

typedef struct
{
  /* owned */
  GMainContext     *context;
  DuplexFakeStream *stream;
  DuplexCapture    *capture;
  DuplexConnection *connection;
  DuplexDeflater   *peer;     /* compresses what the peer sends, or NULL */
  GByteArray       *leftover; /* came with the handshake */
  GPtrArray        *queued;
  GPtrArray        *pings;
  GPtrArray        *pongs;
  GPtrArray        *messages;
  GArray           *files; /* of FuzzFile */

  FuzzInput                 input;
  DuplexConnectionSettings  settings;
  DuplexConnectionCallbacks callbacks;

  /* state */
  guint    n_frames; /* that the peer sent: their masks differ */
  gsize    n_bytes;  /* given and sent */
  gsize    n_sent;   /* as the sent callback counts, and was asked */
  gsize    n_asked;
  gsize    n_closed; /* written when it was over */
  gsize    n_paused; /* read when it was paused */
  guint8   armed;    /* what the next callback does, 0 for nothing */
  gboolean echo;
  gboolean paused;
  gboolean stalled;
  gboolean split;    /* see FuzzConnectionStory */
  gboolean composed; /* the same */
  gboolean counted;  /* the same */
  gboolean ended;
  gboolean closing;
  gboolean over;
  gboolean failed;
  guint16  code;
} FuzzRun;

/* A command takes what it needs from the input. */
typedef void (*FuzzCommand) (FuzzRun *run);

/* What the peer and the wire do. */
extern const FuzzCommand fuzz_run_peer_commands[10];
/* What a user of the connection can ask. */
extern const FuzzCommand fuzz_run_ask_commands[13];

/* The peer ends its half; nothing where it has. */
void fuzz_run_end_stream (FuzzRun *run);

void fuzz_run_send (FuzzRun     *run,
                    DuplexOpcode opcode,
                    GBytes      *payload);
void fuzz_run_set_paused (FuzzRun *run,
                          gboolean paused);
void fuzz_run_set_stalled (FuzzRun *run,
                           gboolean stalled);

/* A message as FuzzConnectionStory has it. */
GBytes *fuzz_message_new (DuplexOpcode  opcode,
                          const guint8 *data,
                          gsize         len);

G_END_DECLS
