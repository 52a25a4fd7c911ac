#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the corpus of fuzz-pump.c: an input for each thing that can happen to a pump.

make-pump-corpus.py [FOLDER], by default corpus/pump. An input is what fuzz-pump.c reads: limits,
flags, and steps. It is to be changed with it.
"""

import pathlib
import struct
import sys

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIN, RSV1 = 0x80, 0x40
DEFLATE, GREET, TAP, PINGS, IDLE, UNREAD, BACKEND_GOES, LATE_CLOSE = (1 << i for i in range(8))
CLIENT, SERVER = 0, 1
(SAY_BYTES, SAY_FRAME, SAY_LATER, CHUNK, ROOM, TURN, TELL, PASS, END, BREAK, RESET, SHUT, LOOK,
 ANSWER) = range(14)
LENGTHS = (0, 1, 124, 125, 126, 1000, 16384 - 14, 16384 - 8, 16384 - 4, 16384, 20000, 65534, 65535,
           65536, 100000)
ROOMS = (0, 1, 2, 3, 7, 60, 5000, 20000, 70000, 300000, None)
CHUNKS = (1, 2, 5, 128, 1000, 16383, 16384, 65536, None)
NO_LIMIT, FRAME_126 = 0, 12
MASK = b'\x12\x34\x56\x78'


def step(kind, role, *rest):
    """Return a step."""
    return bytes([kind << 1 | role, *rest])


def say(role, first, payload=b''):
    """Return a step: a frame of at most 125 bytes."""
    if role == CLIENT:
        payload = bytes(byte ^ MASK[i % 4] for i, byte in enumerate(payload))
    data = bytes([first, len(payload) | (0x80 if role == CLIENT else 0)])
    data += (MASK if role == CLIENT else b'') + payload
    return step(SAY_BYTES, role, len(data)) + data


def frame(role, first, length, pattern=b'', more=0):
    """Return a frame of LENGTHS[i] + more bytes that repeat a pattern."""
    which = LENGTHS.index(length) + more * len(LENGTHS)
    mask = MASK if role == CLIENT else b''
    return bytes([first, which]) + mask + bytes([len(pattern)]) + pattern


def large(role, first, length, pattern=b'', more=0, later=False):
    """Return a step: such a frame."""
    return step(SAY_LATER if later else SAY_FRAME, role) + frame(role, first, length, pattern, more)


def room(role, size):
    """Return a step: an end takes so many bytes more."""
    return step(ROOM, role, ROOMS.index(size))


def chunk(role, size):
    """Return a step: a read of an end gives at most so many bytes."""
    return step(CHUNK, role, CHUNKS.index(size))


def pause(seconds):
    """Return a step: time passes."""
    return step(PASS, 0, seconds - 1)


def scene(flags, *steps, limit=NO_LIMIT):
    """Return an input."""
    return bytes([limit, flags]) + b''.join(steps)


TURN_ = step(TURN, 0)
CLOSE_1000 = struct.pack('>H', 1000)


def inputs():
    """Yield names and inputs."""
    hello = say(CLIENT, FIN | TEXT, b'hello')
    there = say(SERVER, FIN | TEXT, 'thère'.encode())
    yield 'hello', scene(TAP, hello, there, say(CLIENT, FIN | PING, b'?'),
                         say(SERVER, FIN | PONG, b'?'))
    yield 'greet', scene(TAP | GREET, room(CLIENT, 3), there, room(CLIENT, None), TURN_, hello)
    yield 'fragments', scene(TAP, say(CLIENT, TEXT, b'a'), say(CLIENT, FIN | PING),
                             say(CLIENT, FIN, b'b'), say(SERVER, BINARY), say(SERVER, FIN, b'\xff'))
    yield 'trickle', scene(TAP, chunk(CLIENT, 1), large(CLIENT, FIN | TEXT, 126, 'ä€'.encode()),
                           TURN_, TURN_, room(SERVER, 1), hello, TURN_, room(SERVER, 2), TURN_)
    yield 'long', scene(TAP, chunk(CLIENT, 16383), large(CLIENT, FIN | TEXT, 65536, b'abc'), TURN_,
                        chunk(SERVER, 1000), large(SERVER, FIN | BINARY, 100000, b'\xff'), TURN_)
    yield 'later', scene(TAP, large(SERVER, FIN | BINARY, 20000, b'x', later=True),
                         large(SERVER, FIN | BINARY, 65535, b'y', later=True),
                         large(SERVER, FIN | TEXT, 16384 - 4, b'z', more=1, later=True),
                         step(TELL, SERVER, 1), TURN_)
    yield 'blocked', scene(TAP, room(CLIENT, 5000), large(SERVER, FIN | BINARY, 100000, b'x'),
                           there, hello, room(CLIENT, 70000), TURN_, room(CLIENT, 60), TURN_,
                           room(CLIENT, None), TURN_)
    for way in (SERVER, CLIENT):
        yield f'blocked-{way}', scene(TAP, room(1 - way, 2),
                                      *[large(way, FIN | BINARY, 100000, b'x')] * 4, TURN_,
                                      room(1 - way, None), TURN_)
        yield f'blocked-pieces-{way}', scene(TAP, chunk(way, 16384), room(1 - way, 60),
                                             large(way, FIN | BINARY, 65536, b'xyz'), TURN_,
                                             room(1 - way, 20000), TURN_, room(1 - way, 60), TURN_)
    yield 'both-blocked', scene(TAP, room(CLIENT, 7), room(SERVER, 1), hello, there, hello, there,
                                room(CLIENT, None), TURN_, room(SERVER, None), TURN_)
    yield 'unread', (scene(TAP | UNREAD) + b'\x01' + frame(CLIENT, FIN | TEXT, 125, b'u') + b'\0' +
                     b'\x01' + frame(SERVER, FIN | BINARY, 100000, b'v') +
                     b'\x01' + frame(SERVER, FIN | BINARY, 20000) + b'\0' + hello + TURN_)
    yield 'unread-much', (scene(TAP | UNREAD) + b'\0' +
                          (b'\x01' + frame(SERVER, FIN | BINARY, 100000, b'v')) * 3 + b'\0')
    yield 'close', scene(TAP, hello, say(CLIENT, FIN | CLOSE, CLOSE_1000 + b'bye'), there,
                         say(SERVER, FIN | CLOSE, CLOSE_1000), step(END, SERVER), step(END, CLIENT),
                         TURN_)
    yield 'close-backend', scene(TAP | BACKEND_GOES, say(SERVER, FIN | CLOSE),
                                 say(CLIENT, FIN | CLOSE), TURN_, step(END, SERVER), TURN_)
    yield 'close-behind-much', scene(TAP, room(CLIENT, 60),
                                     large(SERVER, FIN | BINARY, 65536, b'x', later=True),
                                     say(SERVER, FIN | CLOSE, CLOSE_1000), step(END, SERVER),
                                     pause(4), room(CLIENT, 20000), pause(4), room(CLIENT, None),
                                     pause(6))
    yield 'half-close', scene(TAP, say(CLIENT, FIN | CLOSE, CLOSE_1000), step(END, CLIENT), there,
                              say(SERVER, FIN | CLOSE, CLOSE_1000), step(END, SERVER), TURN_)
    yield 'stuck', scene(TAP, room(CLIENT, 2), there, there, step(END, SERVER), pause(4), pause(2),
                         TURN_)
    yield 'stuck-reset', scene(TAP, room(SERVER, 0), hello, hello, step(RESET, CLIENT), pause(6),
                               pause(6))
    yield 'stuck-slowly', scene(TAP, room(CLIENT, 1), step(LOOK, CLIENT, 5), there, there,
                                step(END, SERVER), pause(5), step(LOOK, CLIENT, 5), pause(5),
                                step(LOOK, CLIENT, 4), pause(6))
    yield 'lost', scene(TAP, hello, step(END, CLIENT), there, pause(6))
    yield 'lost-in-frame', scene(TAP, step(SAY_BYTES, SERVER, 4) + b'\x81\x7ea\x00',
                                 step(END, SERVER), pause(6))
    yield 'write-fails', scene(TAP, step(BREAK, CLIENT), there, there,
                               say(CLIENT, FIN | CLOSE, CLOSE_1000), pause(6))
    yield 'write-fails-blocked', scene(TAP, room(CLIENT, 1), there, there, step(BREAK, CLIENT),
                                       TURN_, pause(6), pause(6))
    yield 'relay-closes', scene(TAP, room(CLIENT, 1), there, step(SHUT, 0, 1), hello, there,
                                room(CLIENT, None), say(CLIENT, FIN | CLOSE, CLOSE_1000), pause(6))
    yield 'relay-closes-in-message', scene(TAP | LATE_CLOSE, chunk(SERVER, 16384),
                                           large(SERVER, FIN | TEXT, 100000, 'ä€'.encode()),
                                           step(SHUT, 0, 0x82), TURN_, pause(6))
    yield 'pings', scene(TAP | PINGS, pause(11), step(ANSWER, CLIENT), step(ANSWER, SERVER),
                         pause(11), step(ANSWER, CLIENT), hello, pause(11), pause(6), pause(6))
    yield 'pings-of-ends', scene(TAP | PINGS, say(CLIENT, FIN | PING, b'12345678'),
                                 step(ANSWER, SERVER), pause(11),
                                 say(CLIENT, FIN | PONG, b'87654321'), step(ANSWER, CLIENT),
                                 step(ANSWER, CLIENT))
    yield 'vanished', scene(TAP | PINGS, room(CLIENT, 0), there, there, step(LOOK, CLIENT, 12),
                            pause(11), pause(11), pause(6))
    yield 'idle', scene(TAP | IDLE, hello, pause(16), pause(16), pause(6))
    yield 'broken', scene(TAP, hello, say(CLIENT, FIN | 3, b'x'), there, hello, pause(6))
    yield 'broken-text', scene(TAP, say(SERVER, TEXT, b'good'), say(SERVER, FIN | PING),
                               say(SERVER, FIN, b'b\xff'), hello, pause(6), pause(6))
    yield 'too-big', scene(TAP, large(SERVER, FIN | BINARY, 1000), hello, limit=FRAME_126)
    yield 'deflate', scene(TAP | DEFLATE, say(CLIENT, FIN | RSV1 | TEXT, b'\xff\xfe'),
                           large(SERVER, RSV1 | BINARY, 20000, b'\xff'), say(SERVER, FIN, b'x'))
    yield 'no-tap', scene(0, hello, large(SERVER, FIN | TEXT, 65536, b'a'), room(CLIENT, 0), there,
                          step(SHUT, 0, 3), TURN_)


def main():
    """Write them all."""
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                          pathlib.Path(__file__).parent / 'corpus' / 'pump')
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in inputs():
        (folder / name).write_bytes(data)


if __name__ == '__main__':
    main()
