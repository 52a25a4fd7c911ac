/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Every limit in one place, each with its unit, its default and the reason for it. */

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of an HTTP head (request or status line with all headers). Servers commonly refuse more
 * than 8 to 16 KiB; four times that leaves room for tokens in headers. */
#define DUPLEX_LIMIT_HANDSHAKE_HEAD ((gsize)64 * 1024)

/* Header fields of an HTTP head. Apache allows 100 by default. */
#define DUPLEX_LIMIT_HANDSHAKE_FIELDS 256

/* Bytes of an entry of Via that is passed on: a host's name has 253, and a port and a protocol
 * stand beside it. */
#define DUPLEX_LIMIT_VIA_ENTRY 300

/* Bytes kept of the body of a refused handshake: enough for an error page's reason. */
#define DUPLEX_LIMIT_REFUSED_BODY ((gsize)16 * 1024)

/* Seconds from the first DNS query to the end of the HTTP upgrade. */
#define DUPLEX_LIMIT_CONNECT_TIMEOUT 30

/* Seconds from our Close frame to the end of TCP. RFC 6455 §7.1.1 asks a client to wait for the
 * server's end; a server that never ends must not hold the connection. */
#define DUPLEX_LIMIT_CLOSE_TIMEOUT 3

/* Bytes of one message over all its fragments. 1 GiB: four times what the performance cases of
 * public conformance suites send, and below the 4 GiB at which libsoup aborts. */
#define DUPLEX_LIMIT_MESSAGE ((guint64)1024 * 1024 * 1024)

/* Bytes that one compressed message may inflate to. 256 MiB: more than the messages of 100 MB that
 * other clients fail at, and little enough that a bomb (RFC 7692 §8: up to 1,032 times its size)
 * does no harm. A limit on messages that somebody sets holds for both sizes. */
#define DUPLEX_LIMIT_INFLATED ((guint64)256 * 1024 * 1024)

/* How many times its size a compressed message may inflate to, once it has inflated to more than 16
 * MiB. Text and JSON shrink to a fifth or a fiftieth; Apache's mod_deflate has the same 200. Where
 * somebody sets a limit on messages that holds instead. */
#define DUPLEX_LIMIT_INFLATE_RATIO 200
#define DUPLEX_LIMIT_INFLATE_FREE  ((guint64)16 * 1024 * 1024)

/* Payload bytes of each frame of a message that is read from a file while it is sent: one block of
 * the capture. */
#define DUPLEX_LIMIT_FRAGMENT ((gsize)256 * 1024)

/* Pings of the keep-alive that may go unanswered in a row, by default. */
#define DUPLEX_LIMIT_MISSING_PONGS 3

/* The most that a profile may say: a delay (ms) and an interval (s) of a day, which is beyond every
 * use and fits every timer; and a number of unanswered pings that nobody waits for. */
#define DUPLEX_LIMIT_PONG_DELAY    ((guint)24 * 60 * 60 * 1000)
#define DUPLEX_LIMIT_PING_INTERVAL ((guint)24 * 60 * 60)
#define DUPLEX_LIMIT_PING_LIMIT    ((guint)1000000)

/* Pongs that may wait out a delay, beyond which the oldest goes unsent (RFC 6455 §5.5.3: answering
 * the latest is enough). */
#define DUPLEX_LIMIT_DELAYED_PONGS 1024

/* Bytes up to which a message is also shown to libsoup; larger ones would be held twice. */
#define DUPLEX_LIMIT_SOUP_MESSAGE ((gsize)64 * 1024)

/* Names that are looked up for strangers at a time, each by a thread, which takes less than 60 KiB
 * and a descriptor meanwhile. A name that nobody answers for keeps it for 10 s where there is one
 * server, by default. */
#define DUPLEX_LIMIT_LOOKUPS 128

/* Bytes of one read from the socket, and the most that is handled before the main loop turns. */
#define DUPLEX_LIMIT_READ ((gsize)256 * 1024)

/* Bytes and messages that may wait to be sent before sending reports that the queue is full. */
#define DUPLEX_LIMIT_SEND_QUEUE_BYTES ((gsize)256 * 1024 * 1024)
#define DUPLEX_LIMIT_SEND_QUEUE_ITEMS 100000

/* Bytes and messages that may wait to be sent back before an echo stops reading: enough to keep the
 * wire busy. */
#define DUPLEX_LIMIT_ECHO_BYTES ((gsize)1024 * 1024)
#define DUPLEX_LIMIT_ECHO_ITEMS 4096

/* Bytes of a control frame's payload (RFC 6455 §5.5) and of a close reason: two go to the code. */
#define DUPLEX_LIMIT_CONTROL_PAYLOAD 125
#define DUPLEX_LIMIT_CLOSE_REASON    123

/* Bytes of one block of the capture; a payload larger than this stands beside its block. */
#define DUPLEX_LIMIT_CAPTURE_BLOCK ((gsize)256 * 1024)

/* Bytes that may wait for a capture's writer: 64 blocks. While more waits the wire is not read;
 * while the file takes nothing, what is older is given up. */
#define DUPLEX_LIMIT_CAPTURE_WAITS (64 * DUPLEX_LIMIT_CAPTURE_BLOCK)

/* Bytes from which a block of the capture is not filled any further once it has been written: slow
 * traffic makes small blocks instead of writing a large one again and again. */
#define DUPLEX_LIMIT_CAPTURE_SEAL ((gsize)16 * 1024)

/* Nesting that the JSON lexer accepts, and the bytes that are shown pretty-printed at all. */
#define DUPLEX_LIMIT_JSON_DEPTH 512
#define DUPLEX_LIMIT_JSON_BYTES ((gsize)128 * 1024 * 1024)

/* Bytes of a line of JSON Lines that is read: a message at its limit in base64, and the rest. */
#define DUPLEX_LIMIT_JSONL_LINE ((gsize)1536 * 1024 * 1024)

/* Bytes of a filter's expression, and how deeply its parentheses nest: far beyond what a person
 * writes, and its parser recurses. */
#define DUPLEX_LIMIT_FILTER_LENGTH ((gsize)8 * 1024)
#define DUPLEX_LIMIT_FILTER_DEPTH  64

/* Bytes of a message that a filter's regular expressions and JSON paths look at: they need them in
 * one piece, in memory. Plain text is searched for to the end. */
#define DUPLEX_LIMIT_FILTER_TEXT ((gsize)16 * 1024 * 1024)

/* Bytes of a profile's file. A profile with every field filled takes about 1 KiB; what is larger is
 * no profile, and is not read into memory. */
#define DUPLEX_LIMIT_PROFILE ((gsize)1024 * 1024)

/* ---- the relay ---- */

/* Bytes of one read of a relayed end. They, and what was held before them, are the most that waits
 * for the other. */
#define DUPLEX_LIMIT_PUMP_BUFFER ((gsize)256 * 1024)

/* Bytes of a frame, with its header, that is held until it is whole; a longer one is cut, into
 * pieces of at least as many. Most messages are smaller, so that their frames stay as they are. */
#define DUPLEX_LIMIT_PUMP_HOLD ((gsize)16 * 1024)

/* Connections that may wait to be accepted: what the system takes by default. GIO's own 10 is
 * passed by a page that opens a few tabs. */
#define DUPLEX_LIMIT_RELAY_BACKLOG 4096

/* Bytes of TLS from a peer in which nothing is for us: its part of the handshake, and what comes
 * later between two records that have content. A client's part has 2 KiB with keys that withstand
 * quantum computers, a server's with its certificates 5 KiB. GnuTLS would hold 16 MiB of either. */
#define DUPLEX_LIMIT_TLS_BARREN DUPLEX_LIMIT_HANDSHAKE_HEAD

/* Heads of each worker: clients whose request, or token, has not come yet. They hold 32 MiB at
 * most, of requests up to DUPLEX_LIMIT_HANDSHAKE_HEAD, and 48 MiB with TLS. With more of them the
 * oldest is ended, so that nobody is kept out by those who say nothing. Who is alone at an address
 * has all its time; who is not, as long as so many others of the same address take to come: two
 * workers had 29,000 a second on two cores, which is 35 ms, and a request is read at once where it
 * is there by then. */
#define DUPLEX_LIMIT_RELAY_HEADS 512

/* Seconds that each head has at most: enough for a phone far away, with TLS. */
#define DUPLEX_LIMIT_RELAY_HEAD_TIMEOUT 10

/* Seconds that a client has to take the answer to its request, of a few hundred bytes: some that
 * are lost can be sent again. Seconds that it may then take to end, where it is not upgraded, for
 * it is one of the heads still. And seconds that it has for its request once the relay is about to
 * end: a health check that comes in the last moment learns of it. */
#define DUPLEX_LIMIT_RELAY_ANSWER       5
#define DUPLEX_LIMIT_RELAY_LINGER       1
#define DUPLEX_LIMIT_RELAY_LAST_REQUEST 1

/* Bytes that a client may send before its backend is open, such as a first subscription; more waits
 * in TCP. */
#define DUPLEX_LIMIT_RELAY_EARLY DUPLEX_LIMIT_PUMP_HOLD

/* Clients that a worker has been given and has not seen yet. A small part of its heads, so that
 * each is read from once before as many others come. */
#define DUPLEX_LIMIT_RELAY_UNSEEN 64

/* Bytes of a message through the relay, which holds none: it protects the ends. And of a frame's
 * payload, 0 for as many, unless somebody wants it shorter. */
#define DUPLEX_LIMIT_RELAY_MESSAGE ((guint64)64 * 1024 * 1024)
#define DUPLEX_LIMIT_RELAY_FRAME   ((guint64)0)

/* Connections at a time, two descriptors each; and from one address, 0 for as many: a relay on
 * loopback, or behind a proxy, sees one address only. */
#define DUPLEX_LIMIT_RELAY_CONNECTIONS 1000
#define DUPLEX_LIMIT_RELAY_PER_ADDRESS 0

/* Messages and bytes a second from one client, 0 for any number: what is read too fast waits in
 * TCP, not in memory, so no default would protect more than it breaks. */
#define DUPLEX_LIMIT_RELAY_RATE      0
#define DUPLEX_LIMIT_RELAY_BYTE_RATE ((guint64)0)

/* Seconds without a byte in either direction. Subscriptions can be quiet for long; NATs and proxies
 * forget them within an hour. */
#define DUPLEX_LIMIT_RELAY_IDLE_TIMEOUT 3600

/* Seconds without a byte from an end after which it gets a Ping, and is given up after as many
 * more: what vanished without a FIN is gone after two minutes. */
#define DUPLEX_LIMIT_RELAY_PING_INTERVAL 60

/* Seconds from SIGTERM to the end: half of what systemd and containers wait by default, or less. */
#define DUPLEX_LIMIT_RELAY_DRAIN 5

/* Bytes of lines of the log that may wait for stderr to take them: thousands of lines. Later ones
 * are counted instead. And the seconds that they are waited for at the end of the relay. */
#define DUPLEX_LIMIT_RELAY_LOG_WAITS  ((gsize)1024 * 1024)
#define DUPLEX_LIMIT_RELAY_LOG_FINISH 1

/* Bytes of a value in a line of the log, such as the name of a backend that a client has made up:
 * no real one has more than 253 (RFC 1035 §2.3.4). */
#define DUPLEX_LIMIT_RELAY_LOG_VALUE 512

/* Lines of the log about clients that were refused, in so many seconds; metrics count them all.
 * Enough to see what is wrong with somebody's, and less than 200 MB a day while the relay is under
 * attack. */
#define DUPLEX_LIMIT_RELAY_LOG_REFUSALS 100
#define DUPLEX_LIMIT_RELAY_LOG_PERIOD   10

/* Bytes of a token file, and of a first message that shows one. */
#define DUPLEX_LIMIT_RELAY_TOKEN 4096

/* Entries of a request's Via: proxies that it has passed. There are a handful on the longest way
 * that anybody builds; a circle over others than relays ends here, too. */
#define DUPLEX_LIMIT_RELAY_HOPS 16

/* Workers of a relay: far beyond what helps. */
#define DUPLEX_LIMIT_RELAY_WORKERS 256

/* Bytes that may wait for the relay's recorder, and bytes of its file by default. */
#define DUPLEX_LIMIT_RECORDER_WAITS ((gsize)32 * 1024 * 1024)
#define DUPLEX_LIMIT_RELAY_CAPTURE  ((guint64)4 * 1024 * 1024 * 1024)

G_END_DECLS
