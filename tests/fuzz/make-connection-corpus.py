#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the corpus of fuzz-connection.c: an input for each thing that a connection can meet.

make-connection-corpus.py [FOLDER], by default corpus/connection. A scene is what fuzz-connection.c
reads: how it ends, settings, what came with the handshake, commands. It is to be changed with it.
"""

import pathlib
import sys

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIN, RSV1, RSV2 = 0x80, 0x40, 0x20
ABORT, CLOSING, ENDING = 0, 1, 2
NO_LIMIT, TINY, SMALL, MIDDLE = 0, 1, 2, 3
ECHO, STREAMS, UNRECORDED = 0x20, 0x40, 0x60
AUTOMATIC, DELAYED, NEVER = 0, 1, 2


def some(data):
    """Bytes after their number."""
    data = data.encode() if isinstance(data, str) else bytes(data)
    assert len(data) < 256
    return bytes([len(data)]) + data


# ---- the commands, as the C numbers them: the main loop's, the peer's and the wire's, ours ----

(SETTLED, TURN, WAIT,
 BYTES, FRAME, COMPRESSED, LARGE, END, ROOM, ANY_ROOM, FAIL, PACE, WOKEN,
 SEND_TEXT, SEND_BINARY, SEND_PING, SEND_PONG, OWN, CLOSE_NOW, PAUSED, STALLED, SPLIT, DRAFT, FILE,
 CANCEL, ARM) = range(26)


def raw(data):
    """Bytes as they are."""
    return bytes([BYTES]) + some(data)


def frame(opcode, data='', *, first=FIN, wrong_mask=False, form=0):
    """A frame of the peer."""
    return bytes([FRAME, first | opcode, wrong_mask << 7 | form]) + some(data)


def compressed(data, *, binary=False, fragments=1, times=0, corrupt=False):
    """A compressed message of the peer."""
    flags = binary | (fragments - 1) << 2 | times << 4 | corrupt << 7
    return bytes([COMPRESSED, flags]) + some(data)


def large(opcode, blocks, *, first=FIN):
    """A frame of the peer with so many times 4 KiB."""
    return bytes([LARGE, first | opcode, blocks - 1])


def end(how=0):
    """The end of the stream: 0 in order, 1 reset, 2 without close_notify."""
    return bytes([END, how])


def room(size):
    """So many bytes are taken."""
    return bytes([ROOM, size])


ALL_ROOM = bytes([ANY_ROOM])
FAIL_WRITES = bytes([FAIL])


def turn(times):
    """The main loop turns."""
    return bytes([TURN, times - 1])


SETTLE = bytes([SETTLED])


def send(opcode, data='', times=0):
    """A message, ping or pong of ours."""
    kinds = {TEXT: SEND_TEXT, BINARY: SEND_BINARY, PING: SEND_PING, PONG: SEND_PONG}
    return bytes([kinds[opcode], times]) + some(data)


def close(code=0, reason=''):
    """We close: 0 with 1000, 1 with 1011, 2 without a code, 3 with 4999."""
    return bytes([CLOSE_NOW, code]) + some(reason)


PAUSE = RESUME = bytes([PAUSED])


def wait(seconds):
    """Time passes."""
    return bytes([WAIT, round(seconds * 10)])


def pace(piece=0, step=0):
    """Bytes of a read: 0 any, 1, 2, 7, 100 or 16384 by number; and how fast the clock is."""
    return bytes([PACE, step << 4 | piece])


def arm(action):
    """The next callback: 1 send, 2 ping, 3 close, 4 pause, 5 resume, 6 abort."""
    return bytes([ARM, action])


WAKE = bytes([WOKEN])


def split(points, data):
    """A message of ours that is cut at points."""
    steps = [b - a for a, b in zip([0, *points], points)]
    return bytes([SPLIT, len(points), *steps]) + some(data)


def draft(first, data='', *, mask=0, form=0, length=None, stop=None, deliberate=True):
    """A frame that we compose. mask: 0 default, 1 none, 2 random, 3 of a key."""
    second = mask | form << 2 | deliberate << 7
    if length is not None:
        second |= 0x10 | 0x20
    if stop is not None:
        second |= 0x40
    return bytes([DRAFT, first, second, length or stop or 0]) + some(data)


OWN_PING, OWN_PONG = bytes([OWN, 1]), bytes([OWN, 0])
STALL = bytes([STALLED])


def file(data, *, binary=False, times=0, piece=0, breaks=False):
    """A file of ours. piece: 0 any, 1, 50 or 5000 bytes by number."""
    return bytes([FILE, binary | times << 1 | piece << 3 | breaks << 5]) + some(data)


def cancel(number=0):
    """That file is not sent any further."""
    return bytes([CANCEL, number])


def scene(*commands, ends=ENDING, server=False, limit=NO_LIMIT, fragment=0, kind=0, deflate=None,
          interval=0, missing=0, pong=AUTOMATIC, leftover=b''):
    """An input. deflate is no_context_takeover and bits of client and server."""
    flags = server | limit << 1 | fragment << 3 | kind | (deflate is not None) << 7
    data = bytes([ends, flags, interval | missing << 2 | pong << 4])
    if deflate is not None:
        data += bytes(takeover | (bits - 8) << 1 for takeover, bits in deflate)
    return data + some(leftover) + b''.join(commands)


def body(code, reason=b''):
    """Of a Close frame."""
    return code.to_bytes(2, 'big') + reason


LONG = 'hello \u00e9\u20ac' * 18
CLOSED = frame(CLOSE, body(1000, b'bye')) + SETTLE
BOTH = ((0, 15), (0, 15))
NEITHER = ((1, 15), (1, 15))

SCENES = {
    # how it ends
    'nothing': scene(),
    'nothing-aborted': scene(ends=ABORT),
    'closed-by-peer': scene(frame(TEXT, 'hello'), SETTLE, CLOSED, end()),
    'closed-by-client': scene(close(0, 'done'), SETTLE, CLOSED, end()),
    'closed-to-server': scene(CLOSED, server=True),
    'closed-by-server': scene(close(1), SETTLE, CLOSED, server=True),
    'closed-by-both': scene(frame(CLOSE, body(1001)), close(2), SETTLE, end()),
    'close-without-code': scene(frame(CLOSE), SETTLE, end()),
    'close-answered-not': scene(close(3, 'why'), SETTLE, wait(0.9), SETTLE, wait(0.2)),
    'close-taken-not': scene(room(0), CLOSED, wait(1.1), SETTLE),
    'close-half-over': scene(room(1), CLOSED, end(), SETTLE, ALL_ROOM, SETTLE),
    'close-of-one-byte': scene(frame(CLOSE, b'x'), SETTLE, end()),
    'close-forbidden': scene(frame(CLOSE, body(1005)), SETTLE, end()),
    'close-reason-not-utf8': scene(frame(CLOSE, body(1000, b'\xc3(')), SETTLE, end()),
    'close-after-close': scene(CLOSED, frame(CLOSE, body(1001)), frame(TEXT, 'x'), SETTLE, end()),
    'data-after-close': scene(close(), frame(TEXT, 'late'), frame(PING, 'late'), CLOSED, end()),
    'eof-without-close': scene(frame(TEXT, 'x'), SETTLE, end()),
    'reset': scene(frame(TEXT, 'x'), SETTLE, end(1)),
    'no-close-notify': scene(end(2)),
    'no-close-notify-after-close': scene(CLOSED, end(2)),
    'cut-header': scene(raw(b'\x82\x7e\x01'), end(1)),
    'cut-payload': scene(raw(b'\x82\x7e\x01\x00abc'), SETTLE, end()),
    'cut-fragments': scene(frame(TEXT, 'one', first=0), frame(0, 'two', first=0), SETTLE, end()),
    'cut-large': scene(raw(b'\x82\x7f\0\0\0\0\0\x10\0\0' + b'x' * 200), SETTLE, end(),
                       kind=STREAMS),
    'writing-fails': scene(send(TEXT, 'a'), SETTLE, FAIL_WRITES, send(TEXT, 'b'),
                           frame(TEXT, 'c'), SETTLE, end()),
    'writing-fails-after-end': scene(room(0), CLOSED, end(), SETTLE, FAIL_WRITES, SETTLE),
    'writing-fails-and-nobody-ends': scene(FAIL_WRITES, send(PING, 'b'), SETTLE, wait(1.1)),
    # what is against a rule
    'reserved-opcode': scene(frame(3, 'x'), SETTLE, CLOSED, end()),
    'reserved-control': scene(frame(0xb, 'x'), SETTLE, end()),
    'reserved-bit': scene(frame(TEXT, 'x', first=FIN | RSV2), SETTLE, end()),
    'wrong-mask': scene(frame(TEXT, 'x', wrong_mask=True), SETTLE, end()),
    'wrong-mask-to-server': scene(frame(TEXT, 'x', wrong_mask=True), SETTLE, CLOSED, server=True),
    'long-length': scene(frame(TEXT, 'x', form=2), frame(TEXT, 'y', form=3), SETTLE, CLOSED, end()),
    'top-bit': scene(raw(b'\x82\x7f\x80\0\0\0\0\0\0\1more'), frame(TEXT, 'x'), SETTLE, end()),
    'control-fragmented': scene(frame(PING, 'x', first=0), SETTLE, end()),
    'control-long': scene(frame(PING, 'x' * 126), SETTLE, end()),
    'continuation-of-nothing': scene(frame(0, 'x'), SETTLE, end()),
    'message-in-message': scene(frame(TEXT, 'x', first=0), frame(TEXT, 'y'), SETTLE, end()),
    'not-utf8': scene(frame(TEXT, b'ab\xff'), SETTLE, end()),
    'not-utf8-across': scene(frame(TEXT, b'\xe2\x82', first=0), frame(0, b'x'), SETTLE, end()),
    'utf8-across': scene(frame(TEXT, b'\xe2\x82', first=0), frame(PING), frame(0, b'\xac'), CLOSED),
    'utf8-cut': scene(frame(TEXT, b'\xe2\x82'), SETTLE, end()),
    'text-unsafe': scene(frame(TEXT, '\x1b[2J\u202e'), SETTLE, CLOSED, end()),
    'too-big': scene(large(BINARY, 1), SETTLE, frame(TEXT, 'x'), CLOSED, end(), limit=SMALL),
    'too-big-in-fragments': scene(*[frame(0 if i else TEXT, 'x' * 90, first=0) for i in range(4)],
                                  SETTLE, end(), limit=TINY),
    'control-under-limit': scene(frame(PING, 'x' * 120), frame(CLOSE, body(1000, b'y' * 120)),
                                 SETTLE, end(), limit=TINY),
    'failed-while-sending': scene(room(3), send(TEXT, 'one'), send(TEXT, 'two'), send(PING, 'p'),
                                  frame(3, 'x'), SETTLE, ALL_ROOM, SETTLE, end()),
    'dropped-sends': scene(SETTLE, room(1), send(TEXT, 'aaaa'), send(TEXT, 'bbb'),
                           send(TEXT, 'ccc'), arm(2), ALL_ROOM, frame(3), SETTLE, CLOSED, end()),
    'dropped-sends-blocked': scene(SETTLE, room(1), send(TEXT, 'aaaa'), send(TEXT, 'bbb'),
                                   send(TEXT, 'ccc'), arm(1), frame(3), SETTLE, CLOSED, end()),
    'dropped-closes': scene(SETTLE, room(1), send(TEXT, 'aaaa'), send(TEXT, 'bbb'), arm(3),
                            ALL_ROOM, frame(3), SETTLE, CLOSED, end()),
    # messages
    'leftover': scene(CLOSED, end(), leftover=b'\x81\x05hello\x82\x01'),
    'leftover-closes': scene(end(), leftover=b'\x81\x01a\x88\x00\x81\x01b'),
    'fragments': scene(frame(BINARY, 'a', first=0), frame(0, 'b', first=0), frame(PING, 'p'),
                       frame(0, 'c'), SETTLE, CLOSED, end()),
    'empty': scene(frame(TEXT), frame(BINARY), frame(TEXT, first=0), frame(0), CLOSED, end()),
    'one-byte-reads': scene(pace(1), frame(TEXT, 'hello'), frame(PING, 'x'), SETTLE, CLOSED, end()),
    'slow-clock': scene(pace(2, 15), frame(TEXT, 'hello' * 30), large(BINARY, 4), turn(3), SETTLE),
    'large': scene(large(BINARY, 80), SETTLE, CLOSED, end()),
    'large-cut-up': scene(pace(5, 4), large(BINARY, 40, first=0), large(0, 70), SETTLE, CLOSED),
    'large-streamed': scene(pace(5), large(BINARY, 80, first=0), large(0, 70), SETTLE,
                            kind=STREAMS),
    'large-to-server': scene(pace(5), large(TEXT, 90), SETTLE, CLOSED, kind=STREAMS, server=True),
    'not-for-libsoup': scene(large(TEXT, 18), frame(TEXT, 'x'), SETTLE, CLOSED, end()),
    'echo': scene(frame(TEXT, 'a'), frame(BINARY, 'b'), room(2), SETTLE, ALL_ROOM, SETTLE, CLOSED,
                  end(), kind=ECHO),
    'unrecorded': scene(frame(TEXT, 'a'), send(TEXT, 'b'), SETTLE, CLOSED, end(), kind=UNRECORDED),
    'spurious-wake': scene(WAKE, SETTLE, raw(b'\x81'), WAKE, SETTLE, raw(b'\x00'), SETTLE),
    # sending
    'send': scene(send(TEXT, 'hello'), send(BINARY, b'\0\xff'), send(TEXT), SETTLE, CLOSED, end()),
    'send-large': scene(send(BINARY, 'x' * 255, 3), SETTLE, send(TEXT, 'x' * 200, 2), SETTLE),
    'send-large-blocked': scene(room(250), send(BINARY, 'x' * 255, 2), SETTLE, room(250), SETTLE,
                                room(100), SETTLE, ALL_ROOM, SETTLE, CLOSED, end()),
    'send-by-server': scene(send(TEXT, 'hello' * 30), SETTLE, CLOSED, server=True),
    'send-blocked': scene(room(3), send(TEXT, 'hello'), send(PING, 'p'), send(TEXT, 'b'), SETTLE,
                          room(200), SETTLE, ALL_ROOM, SETTLE, CLOSED, end()),
    'send-then-close': scene(room(0), send(TEXT, 'a'), send(PING, 'p'), close(), send(TEXT, 'no'),
                             SETTLE, ALL_ROOM, SETTLE, CLOSED, end()),
    'send-fragments': scene(send(TEXT, 'hello world'), send(PING, 'p'), send(BINARY, 'x' * 99, 1),
                            SETTLE, CLOSED, end(), fragment=2),
    'send-fragments-of-one': scene(send(TEXT, 'hello'), room(9), send(PING, 'p'), SETTLE, ALL_ROOM,
                                   SETTLE, CLOSED, end(), fragment=1),
    'send-fragments-cut-by-close': scene(room(4), send(TEXT, 'hello', 1), frame(CLOSE, body(1000)),
                                         SETTLE, ALL_ROOM, SETTLE, end(), fragment=1),
    'send-split': scene(split([2, 2, 5], 'hello'), split([], 'x'), split([60, 99], 'y'), SETTLE,
                        CLOSED, end()),
    'send-split-deflate': scene(split([1, 4], 'hello hello'), send(TEXT, 'hello'), SETTLE, CLOSED,
                                end(), deflate=BOTH),
    'stalled': scene(STALL, send(TEXT, 'a'), send(PING, 'p'), frame(PING, 'q'), SETTLE, STALL,
                     SETTLE, CLOSED, end()),
    'stalled-closes': scene(STALL, send(TEXT, 'a'), close(), SETTLE, CLOSED, end()),
    # files
    'file': scene(file('hello '), SETTLE, CLOSED, end()),
    'file-long': scene(file('hello ' * 30, times=3), SETTLE, send(TEXT, 'x'), SETTLE, CLOSED,
                       end()),
    'file-empty': scene(file(''), file('', binary=True), SETTLE, CLOSED, end()),
    'file-fragments': scene(file('hello ', times=1, piece=1), send(TEXT, 'after'),
                            send(PING, 'between'), SETTLE, CLOSED, end(), fragment=2),
    'file-deflate': scene(file('hello ' * 30, times=2, piece=2), send(TEXT, 'hello'), SETTLE,
                          CLOSED, end(), deflate=BOTH, fragment=3),
    'file-blocked': scene(room(5), file('hello ' * 40, times=2, piece=3), send(TEXT, 'after'),
                          frame(PING, 'p'), SETTLE, room(200), SETTLE, ALL_ROOM, SETTLE, CLOSED),
    'file-cancelled': scene(room(200), file('hello ' * 40, times=3, piece=3), SETTLE, cancel(),
                            send(TEXT, 'after'), SETTLE, ALL_ROOM, SETTLE, CLOSED, end(),
                            fragment=3),
    'file-cancelled-waiting': scene(room(0), file('one', piece=1), file('two'), send(TEXT, 'after'),
                                    SETTLE, cancel(1), cancel(0), SETTLE, ALL_ROOM, SETTLE, CLOSED),
    'file-cancelled-early': scene(file('one', piece=1), cancel(), SETTLE, cancel(), CLOSED, end()),
    'file-breaks': scene(file('hello', piece=1, breaks=True), send(TEXT, 'after'), SETTLE, CLOSED,
                         end(), fragment=2),
    'file-breaks-at-once': scene(file('', breaks=True), SETTLE, CLOSED, end()),
    'file-no-text': scene(file(b'ab\xff'), SETTLE, file(b'a\xe2\x82', piece=1), SETTLE, CLOSED),
    'file-ends-and-sent-closes': scene(arm(3), file(b'a\xff', piece=1), SETTLE, CLOSED, end()),
    'file-cut-characters': scene(file('\u20ac\u00e9', times=1, piece=1), SETTLE, CLOSED, end()),
    'file-and-close': scene(room(0), file('hello', times=2, piece=2), file('two'), send(TEXT, 'x'),
                            SETTLE, close(), SETTLE, ALL_ROOM, SETTLE, CLOSED, end(), fragment=2),
    'file-and-close-of-peer': scene(room(20), file('hello', times=2, piece=2), SETTLE, CLOSED,
                                    ALL_ROOM, SETTLE, end()),
    'file-and-fault-of-peer': scene(room(20), file('hello', times=2, piece=2), SETTLE, frame(3),
                                    SETTLE, ALL_ROOM, SETTLE, CLOSED, end(), deflate=BOTH),
    'file-and-end': scene(room(20), file('hello', times=2), file('b'), SETTLE, end(1)),
    'file-and-draft': scene(room(20), file('hello', times=2, piece=2), draft(FIN | TEXT, 'd'),
                            draft(FIN | TEXT, 'e', deliberate=False), SETTLE, ALL_ROOM, SETTLE),
    'file-waits-cancelled': scene(file('one'), file('two'), send(TEXT, 'after'), cancel(1), SETTLE,
                                  CLOSED, end()),
    'file-waits-closed': scene(file('one'), file('two'), send(TEXT, 'after'), close(), SETTLE,
                               CLOSED, end()),
    'file-held-cancelled': scene(room(0), file(LONG, times=1), file('two'), send(TEXT, 'x'), SETTLE,
                                 cancel(1), cancel(), SETTLE, ALL_ROOM, SETTLE, CLOSED, fragment=1),
    'file-held-closed': scene(room(0), file(LONG, times=1), file('two'), send(TEXT, 'x'), SETTLE,
                              close(), SETTLE, ALL_ROOM, SETTLE, CLOSED, fragment=1),
    'file-held-closed-by-peer': scene(room(0), file(LONG, times=1), file('two'), send(TEXT, 'x'),
                                      SETTLE, CLOSED, ALL_ROOM, SETTLE, fragment=1),
    'file-held-failed': scene(room(0), file(LONG, times=1), file('two'), send(TEXT, 'x'), SETTLE,
                              draft(FIN | TEXT, 'd', deliberate=False), frame(3), SETTLE, ALL_ROOM,
                              SETTLE, fragment=1),
    'file-held-failed-deflate': scene(room(0), file(LONG, times=2), file('two'), SETTLE, frame(3),
                                      SETTLE, ALL_ROOM, SETTLE, fragment=1, deflate=BOTH),
    'file-held-lost': scene(room(0), file(LONG, times=1), file('two'), send(TEXT, 'x'), SETTLE,
                            FAIL_WRITES, SETTLE, file('three'), end()),
    'file-held-aborted': scene(room(0), file(LONG, times=1), file('two'), SETTLE, ends=ABORT,
                               fragment=1),
    'file-after-close': scene(close(), file('late'), SETTLE, CLOSED, end()),
    'file-stalled': scene(STALL, file('hello', times=2), SETTLE, STALL, SETTLE, CLOSED, end()),
    # composed frames
    'draft': scene(draft(FIN | TEXT, 'legal', deliberate=False), send(TEXT, 'x'), SETTLE, CLOSED,
                   end()),
    'draft-wrong': scene(draft(RSV2 | 3, 'x', mask=1, form=3), draft(FIN | PING, 'x' * 200, mask=3),
                         SETTLE, send(TEXT, 'y'), SETTLE, CLOSED, end()),
    'draft-half-way': scene(draft(FIN | TEXT, 'hello', stop=7), SETTLE, frame(PING, 'p'), SETTLE,
                            send(TEXT, 'swallowed'), SETTLE, CLOSED, end()),
    'draft-cut-header': scene(draft(FIN | TEXT, 'hello', stop=1), SETTLE, close(), SETTLE, CLOSED),
    'draft-length-short': scene(draft(FIN | TEXT, 'hello', length=2), SETTLE, end()),
    'draft-length-long': scene(draft(FIN | TEXT, 'hello', length=9), SETTLE, frame(PING), CLOSED),
    'draft-close': scene(draft(FIN | CLOSE, body(1005)), SETTLE, draft(FIN | TEXT, 'after'), SETTLE,
                         CLOSED, end()),
    'draft-in-message': scene(draft(TEXT, 'a', deliberate=False), send(BINARY, 'b'), SETTLE,
                              draft(FIN | 0, 'c'), SETTLE, CLOSED, end()),
    'draft-compressed': scene(draft(FIN | RSV1 | TEXT, b'\xf2H\xcd\xc9\xc9\x07\0'),
                              draft(FIN | RSV1 | TEXT, b'\xff\xff'), send(TEXT, 'x'), SETTLE,
                              CLOSED, end(), deflate=BOTH),
    'draft-by-server': scene(draft(FIN | BINARY, 'x', mask=2), SETTLE, CLOSED, server=True),
    # pings and pongs
    'pings-that-count': scene(OWN_PING, OWN_PING, SETTLE, OWN_PONG, SETTLE, frame(PING, 'p'),
                              SETTLE, OWN_PONG, SETTLE, CLOSED, end(), pong=NEVER),
    'pings-while-blocked': scene(room(1), *[frame(PING, c) for c in 'abcd'], SETTLE, ALL_ROOM,
                                 SETTLE, CLOSED, end()),
    'ping-answered': scene(send(PING, 'abc'), SETTLE, wait(0.2), frame(PONG, 'abc'), SETTLE),
    'pong-unasked': scene(frame(PONG, 'x'), send(PONG, 'y'), SETTLE, CLOSED, end()),
    'pongs-delayed': scene(frame(PING, 'a'), frame(PING, 'b'), SETTLE, wait(0.2), SETTLE, wait(0.2),
                           SETTLE, CLOSED, end(), pong=DELAYED),
    'pongs-delayed-past-close': scene(frame(PING, 'a'), SETTLE, close(), SETTLE, wait(0.4), SETTLE,
                                      pong=DELAYED),
    'pongs-never': scene(frame(PING, 'a'), SETTLE, send(PONG, 'b'), SETTLE, CLOSED, end(),
                         pong=NEVER),
    'keep-alive': scene(*[wait(1.0) + SETTLE] * 3, frame(PONG), SETTLE, wait(1.0), SETTLE, CLOSED,
                        interval=1),
    'keep-alive-missing': scene(*[wait(1.0) + SETTLE] * 5, interval=1, missing=2),
    'keep-alive-blocked': scene(room(0), *[wait(2.0) + SETTLE] * 4, interval=2, missing=1),
    # pauses and what callbacks do
    'paused': scene(PAUSE, frame(TEXT, 'a'), SETTLE, send(TEXT, 'b'), SETTLE, RESUME, SETTLE,
                    CLOSED),
    'paused-at-end': scene(PAUSE, frame(TEXT, 'a'), end(), SETTLE, close(), SETTLE),
    'paused-and-writing-fails': scene(PAUSE, frame(TEXT, 'a'), FAIL_WRITES, send(TEXT, 'b'),
                                      SETTLE, wait(0.5), SETTLE, CLOSED, end()),
    'paused-with-leftover': scene(PAUSE, SETTLE, RESUME, SETTLE, leftover=b'\x81\x01a'),
    'message-sends': scene(arm(1), frame(TEXT, 'a'), SETTLE, CLOSED, end()),
    'message-closes': scene(arm(3), frame(TEXT, 'a'), frame(TEXT, 'b'), SETTLE, CLOSED, end()),
    'message-pauses': scene(arm(4), frame(TEXT, 'a'), frame(TEXT, 'b'), SETTLE, RESUME, SETTLE),
    'message-aborts': scene(arm(6), frame(TEXT, 'a'), frame(TEXT, 'b'), SETTLE),
    'sent-sends': scene(arm(1), send(TEXT, 'a'), SETTLE, arm(2), send(TEXT, 'a'), SETTLE),
    'sent-aborts': scene(room(1), arm(6), send(TEXT, 'a'), send(TEXT, 'b'), ALL_ROOM, SETTLE),
    'pong-aborts': scene(send(PING, 'a'), arm(6), frame(PONG, 'a'), frame(TEXT, 'b'), SETTLE),
    'closing-aborts': scene(arm(6), CLOSED, end()),
    'drops-in-closed': scene(CLOSED, arm(1), end(), SETTLE),
    # compressed messages
    'deflate': scene(compressed('hello hello'), compressed('hello hello'), frame(TEXT, 'plain'),
                     send(TEXT, 'hello hello'), send(TEXT, 'hello hello'), SETTLE, CLOSED, end(),
                     deflate=BOTH),
    'deflate-no-takeover': scene(compressed('abcabcabc'), compressed('abcabcabc'),
                                 send(TEXT, 'abcabcabc', 1), send(TEXT, 'abcabcabc'), SETTLE,
                                 CLOSED, deflate=NEITHER, server=True),
    'deflate-windows': scene(compressed('abc' * 80, times=2), send(BINARY, 'abcd' * 60, 3), SETTLE,
                             CLOSED, end(), deflate=((0, 8), (0, 9))),
    'deflate-fragments': scene(pace(1), compressed('hello hello', fragments=3), frame(PING, 'x'),
                               compressed('hello', binary=True, fragments=4), SETTLE, CLOSED, end(),
                               deflate=BOTH),
    'deflate-empty': scene(compressed(''), send(TEXT), SETTLE, CLOSED, end(), deflate=BOTH),
    'deflate-corrupt': scene(compressed('hello hello', corrupt=True), SETTLE, end(), deflate=BOTH),
    'deflate-bomb': scene(compressed('a' * 200, times=3), SETTLE, end(), limit=MIDDLE,
                          deflate=BOTH),
    'deflate-large': scene(compressed('abcdefgh' * 30, times=3, fragments=2), SETTLE, CLOSED,
                           kind=STREAMS, deflate=BOTH),
    'deflate-echo': scene(compressed('a' * 200, times=2), SETTLE, CLOSED, kind=ECHO, deflate=BOTH,
                          server=True),
    'deflate-sends-fragments': scene(send(TEXT, 'hello', 2), send(PING, 'p'), send(TEXT, 'x'),
                                     SETTLE, CLOSED, end(), deflate=BOTH, fragment=2),
    'deflate-text-not-utf8': scene(frame(TEXT, b'\x02\x00', first=FIN | RSV1),
                                   frame(TEXT, b'\xfa\xff\x03\x00', first=FIN | RSV1), SETTLE,
                                   end(), deflate=BOTH),
    'deflate-bit-on-continuation': scene(frame(TEXT, b'\xf2H', first=RSV1),
                                         frame(0, b'\xcd\xc9\xc9\x07\0', first=FIN | RSV1), SETTLE,
                                         end(), deflate=BOTH),
    'deflate-bit-on-control': scene(frame(PING, 'x', first=FIN | RSV1), SETTLE, end(),
                                    deflate=BOTH),
    'deflate-bit-without': scene(frame(TEXT, b'\xf2H\xcd\xc9\xc9\x07\0', first=FIN | RSV1), SETTLE,
                                 end()),
    'deflate-final-block': scene(frame(TEXT, b'\xf3H\xcd\xc9\xc9\x07\0\0', first=FIN | RSV1),
                                 compressed('x'), SETTLE, end(), deflate=BOTH),
    'deflate-cut': scene(frame(TEXT, b'\xf2H\xcd', first=RSV1), SETTLE, end(), deflate=BOTH),
    'deflate-stopped-short': scene(frame(TEXT, b'\xf2H\xcd', first=FIN | RSV1), SETTLE, end(),
                                   deflate=BOTH),
}


def main():
    """Write the scenes."""
    default = pathlib.Path(__file__).parent / 'corpus/connection'
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in SCENES.items():
        (folder / name).write_bytes(data)
    print(f'{len(SCENES)} inputs')


main()
