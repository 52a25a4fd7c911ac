/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A run of fuzz-pump.c, and what must hold in it. */

#include "core/io/duplex-pump-private.h"
#include "duplex-pump-support.h"
#include "fuzz-account.h"

#define CLIENT DUPLEX_ROLE_CLIENT
#define SERVER DUPLEX_ROLE_SERVER

enum {
  FLAG_DEFLATE = 1 << 0,
  FLAG_GREET = 1 << 1,
  FLAG_TAP = 1 << 2,
  FLAG_PINGS = 1 << 3,
  FLAG_IDLE = 1 << 4,
  FLAG_UNREAD = 1 << 5,
  FLAG_BACKEND_GOES = 1 << 6, /* at the end, or the client */
  FLAG_LATE_CLOSE = 1 << 7,   /* at the end the relay closes, and no end goes */
};

#define GREETING "welcome"

typedef struct
{
  FuzzTalk    talk;
  GByteArray *said;   /* by it, all of it */
  GByteArray *input;  /* of its leg */
  GByteArray *output; /* likewise */
  GByteArray *received;
  GByteArray *sent; /* the tap's */
} End;

typedef struct
{
  PumpFixture f;
  guint8      flags;
  End         ends[2]; /* by DuplexRole */
  gboolean    calm;    /* nothing has ended, and no time has passed */
} Run;

/* NULL once the pump has freed it. */
static inline DuplexFakeLeg *
get_leg (Run       *run,
         DuplexRole role)
{
  if (role == CLIENT)
    return run->f.client_freed ? NULL : run->f.client;
  return run->f.backend_freed ? NULL : run->f.backend;
}

static inline DuplexRole
get_other (DuplexRole role)
{
  return role == CLIENT ? SERVER : CLIENT;
}

/* At any time: no more waits than may. */
void fuzz_pump_check_waiting (Run *run);
/* What an end has said, and what of it came. */
void fuzz_pump_check_way (Run       *run,
                          DuplexRole sender);
/* Where nothing has ended, and no time has passed: when all is read and taken that can be, all has
 * come, but for a frame that is not whole. */
void fuzz_pump_check_calm (Run *run);
