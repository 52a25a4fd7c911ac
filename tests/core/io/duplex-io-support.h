/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A session under test: what it reported, and waits with a deadline that say what they waited for.
 */

#include "core/io/duplex-session.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

typedef struct
{
  DuplexSession *session;
  GError        *error; /* the last "failed", or NULL */
  guint          n_failed;
  guint          n_closed;
  guint          close_code;
  char          *close_reason;
  gboolean       by_peer;
} Fixture;

/* A session for url that is not connected yet. */
Fixture *fixture_new (const char *url);
/* Asserts that session and capture are finalised. */
void fixture_free (Fixture *self);

/* Connects and waits until it is open, or has failed. */
void fixture_connect (Fixture *self);
void fixture_wait_state (Fixture *self, DuplexSessionState state);
/* Waits until condition (self, data) holds. what is printed when it does not within 20 seconds. */
void fixture_wait (Fixture *self,
                   gboolean (*condition) (Fixture *, gpointer),
                   gpointer    data,
                   const char *what);
/* Until at least n data messages were received. */
void fixture_wait_received (Fixture *self, guint64 n);

/* Until at least n data messages have left. */
void fixture_wait_sent (Fixture *self, guint64 n);
/* Closes with 1000 and waits for the end. */
void fixture_disconnect (Fixture *self);

/* How often the capture has the finding; and the n-th frame of a direction with that opcode in its
 * header: its number, or -1. */
guint  fixture_count_findings (Fixture *self, DuplexFindingId id);
gint64 fixture_find_frame (Fixture *self, DuplexDirection direction, guint8 opcode, guint n);
/* Waits for that frame, and reads it. */
void fixture_read_frame (Fixture        *self,
                         DuplexDirection direction,
                         guint8          opcode,
                         guint           n,
                         DuplexEvent    *ret_event);
/* Reads the newest event of that kind, which must be there. */
void fixture_read_state (Fixture *self, DuplexEventKind kind, DuplexEvent *ret_event);
/* Where the event's finding stands. */
gboolean fixture_find_finding (const DuplexEvent *event,
                               DuplexFindingId    id,
                               guint64           *ret_offset);
/* The row of a direction's n-th data message, which must be there. */
DuplexRow *fixture_find_message (Fixture *self, DuplexDirection direction, guint n);
/* Payload of the n-th received data message. */
GBytes *fixture_dup_message (Fixture *self, guint n);
gint64  fixture_find_state (Fixture *self, DuplexEventKind kind);
/* One line an event, for a test that fails. */
void fixture_dump (Fixture *self);

G_END_DECLS
