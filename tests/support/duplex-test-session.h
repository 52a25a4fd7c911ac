/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A session for a test: it runs the main loop until something has happened, and fails the test with
 * the state and the last events where that does not happen in time. What happened is told as a
 * transcript, one line a row of the message list, so that a test compares contents, order and count
 * at once:
 *
 *   connected
 *   > text 5 "hello"
 *   < text/3 15 "one, two, three"      three frames
 *   < text 65536 pattern               see duplex_test_pattern(); else "differs at OFFSET"
 *   > ping 0
 *   < pong 0 rtt                       it answers a ping of ours
 *   < close 1000 "bye"
 *   closed 1000 "bye" by peer
 *   failed 13                          a DuplexErrorCode
 *
 * Findings follow their line as " !name"; an event that is no row has a line ("response", "tls")
 * only where it has findings. Making the transcript also checks the frames under each row. */

#include "core/io/duplex-session.h"

G_BEGIN_DECLS

/* Runs the default main context until condition (data) holds, at most DUPLEX_TEST_DEADLINE seconds;
 * then the test fails with what was waited for and what describe (may be NULL) says. */
#define DUPLEX_TEST_DEADLINE 20

typedef gboolean (*DuplexTestCondition) (gpointer data);
typedef char *(*DuplexTestDescribe) (gpointer data);

void duplex_test_wait (DuplexTestCondition condition,
                       DuplexTestDescribe  describe,
                       gpointer            data,
                       const char         *what);

/* size bytes whose period is a prime, so that no byte looks right in another place: printable
 * ASCII, or any byte. */
GBytes *duplex_test_pattern (gboolean text,
                             gsize    size);

/* data between quotation marks, with \xHH for what is not printable ASCII and for '"' and '\'. */
char *duplex_test_quote (const void *data,
                         gsize       size);

typedef struct _DuplexTestSession DuplexTestSession;

DuplexTestSession *duplex_test_session_new (const char *url);
/* Also checks that nothing keeps the session, its capture or its profile alive. */
void duplex_test_session_free (DuplexTestSession *self);

DuplexSession *duplex_test_session_get_session (DuplexTestSession *self);
DuplexProfile *duplex_test_session_get_profile (DuplexTestSession *self);

/* Begins to connect. */
void duplex_test_session_start (DuplexTestSession *self);
/* Connects and waits until the connection is open. */
void duplex_test_session_connect (DuplexTestSession *self);
/* Connects; the attempt must fail with code, once. Returns the error's message, borrowed until the
 * next. */
const char *duplex_test_session_connect_fails (DuplexTestSession *self,
                                               int                code);
/* The second half of that, for an attempt that was started. */
const char *duplex_test_session_wait_failed (DuplexTestSession *self,
                                             int                code);
/* Disconnects as the window does, with code 0, and waits for the end. */
void duplex_test_session_disconnect (DuplexTestSession *self);

/* Wait for the end of the connection, for this number of received messages and of rows over all. */
void duplex_test_session_wait_end (DuplexTestSession *self);
void duplex_test_session_wait_received (DuplexTestSession *self,
                                        guint64            n_messages);
void duplex_test_session_wait_rows (DuplexTestSession *self,
                                    guint64            n_rows);

/* The states of the session so far, from the first connecting on: "connecting open". */
const char *duplex_test_session_get_states (DuplexTestSession *self);
/* The only connection went through all states in order, "closed" was emitted once and said what is
 * given as in a transcript, and "failed" never. */
void duplex_test_session_assert_closed (DuplexTestSession *self,
                                        const char        *closed);

void duplex_test_session_get_totals (DuplexTestSession *self,
                                     DuplexTotals      *ret_totals);

/* The payload of the last event of that kind, with a NUL added, and its value; NULL where there is
 * none. ret_value may be NULL. */
char *duplex_test_session_dup_event (DuplexTestSession *self,
                                     DuplexEventKind    kind,
                                     gint64            *ret_value);

/* The payload of a message that was received, counted from 0, with a NUL added. */
char *duplex_test_session_dup_message (DuplexTestSession *self,
                                       guint              position);

char *duplex_test_session_dup_transcript (DuplexTestSession *self);
/* Compares the transcript with the lines, the last of which is followed by NULL. */
void duplex_test_session_assert_transcript (DuplexTestSession *self,
                                            ...) G_GNUC_NULL_TERMINATED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexTestSession, duplex_test_session_free)

G_END_DECLS
