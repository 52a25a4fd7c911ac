#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the corpus of fuzz-forwarder.c: an input for each thing that a forwarder can meet.

make-forwarder-corpus.py [FOLDER], by default corpus/forwarder. An input is what fuzz-forwarder.c
reads: flags, limits, sizes of pieces, and steps. It is to be changed with it.
"""

import pathlib
import sys

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIN, RSV1 = 0x80, 0x40
SERVER, DEFLATE, PONG_EXPECTED = 1, 2, 4
LENGTHS = (0, 1, 124, 125, 126, 1000, 16384 - 14, 16384 - 8, 16384 - 4, 16384, 20000, 65534, 65535,
           65536, 100000)
NO_LIMIT, MESSAGE_66000, MESSAGE_126, FRAME_126 = 0, 2, 3, 15
MASK = b'\x12\x34\x56\x78'


def scene(flags, limit, pieces, *steps):
    """Return an input."""
    return bytes([flags, limit, len(pieces), *pieces]) + b''.join(steps)


def raw(data):
    """Return a step: bytes as they are."""
    return bytes([0, len(data)]) + data


def short(first, payload, mask=b''):
    """Return a step: a frame of at most 125 bytes, all of which the input holds."""
    assert len(payload) <= 125
    if mask:
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return raw(bytes([first, len(payload) | (0x80 if mask else 0)]) + mask + payload)


def large(first, length, pattern=b'', mask=b'', more=0):
    """Return a step: a frame of LENGTHS[i] + more bytes that repeat a pattern."""
    which = LENGTHS.index(length) + more * len(LENGTHS)
    return bytes([1, first, which]) + mask + bytes([len(pattern)]) + pattern


def inputs():
    """Yield names and inputs."""
    yield 'text', scene(0, NO_LIMIT, [3], short(FIN | TEXT, b'hello', MASK),
                        short(FIN | BINARY, b'', MASK), short(FIN | PING, b'?', MASK))
    yield 'server', scene(SERVER, NO_LIMIT, [0, 2], short(TEXT, b'a'), short(0, b''),
                          short(FIN | PING, b''), short(FIN, b'b'), short(FIN | BINARY, b'\xff'))
    yield 'close', scene(0, NO_LIMIT, [1], short(FIN | TEXT, b'a', MASK),
                         short(FIN | CLOSE, b'\x0f\xa1why', MASK), short(FIN | TEXT, b'b', MASK))
    yield 'close-wrong', scene(SERVER, NO_LIMIT, [], short(FIN | CLOSE, b'\x03\xee'))
    yield 'close-reason', scene(SERVER, NO_LIMIT, [], short(FIN | CLOSE, b'\x03\xe8\xff'))
    yield 'long', scene(0, NO_LIMIT, [200, 5], large(FIN | TEXT, 20000, b'abc', MASK),
                        large(FIN | BINARY, 65536, b'\xff\x00', MASK))
    yield 'long-server', scene(SERVER, NO_LIMIT, [255, 130], large(BINARY, 100000),
                               short(FIN | PING, b'now'), large(FIN, 20000, b'x'))
    yield 'edge-of-hold', scene(0, NO_LIMIT, [190], large(FIN | TEXT, 16384 - 8, b'a', MASK),
                                large(FIN | TEXT, 16384 - 8, b'a', MASK, 1),
                                large(FIN | TEXT, 16384 - 14, b'a', MASK, 2))
    yield 'edge-of-hold-server', scene(SERVER, NO_LIMIT, [190, 0],
                                       large(FIN | BINARY, 16384 - 4, b'a'),
                                       large(FIN | BINARY, 16384 - 4, b'a', b'', 1))
    # One byte more than is held, fed but for that one.
    yield 'beyond-hold', scene(0, NO_LIMIT, [190, 100, 91, 0],
                               large(FIN | BINARY, 16384 - 8, b'a', MASK, 1))
    yield 'trickle', scene(0, NO_LIMIT, [40, 0, 18], large(TEXT, 20000, 'ä€'.encode(), MASK),
                           large(FIN, 16384, 'ä€'.encode(), MASK, 6))
    yield 'characters', scene(0, NO_LIMIT, [180, 3, 140],
                              large(TEXT, 20000, '€'.encode(), MASK),
                              large(0, 65534, '€'.encode()[2:] + '€'.encode()[:2], MASK, 2))
    yield 'characters-cut', scene(SERVER, NO_LIMIT, [180], large(FIN | TEXT, 20000, '€'.encode()))
    yield 'text-wrong', scene(0, NO_LIMIT, [7], short(TEXT, b'good', MASK),
                              short(FIN | PING, b'', MASK), short(FIN, b'b\xff', MASK))
    yield 'text-wrong-long', scene(SERVER, NO_LIMIT, [140], large(TEXT, 20000, b'a'),
                                   large(FIN, 65535, b'ab\xff'))
    yield 'deflate', scene(DEFLATE, NO_LIMIT, [150], short(FIN | RSV1 | TEXT, b'\xff\xfe', MASK),
                           large(RSV1 | BINARY, 20000, b'\xff', MASK), short(FIN, b'', MASK),
                           short(FIN | TEXT, b'plain', MASK))
    yield 'deflate-misplaced', scene(SERVER | DEFLATE, NO_LIMIT, [], short(RSV1 | TEXT, b'a'),
                                     short(FIN | RSV1, b'b'))
    yield 'deflate-not-agreed', scene(SERVER, NO_LIMIT, [], short(FIN | RSV1 | TEXT, b'a'))
    yield 'pong', scene(SERVER | PONG_EXPECTED, NO_LIMIT, [4], short(FIN | PONG, b"other's "),
                        short(TEXT, b'a'), short(FIN | PONG, b"Duplex's"), short(FIN, b'b'),
                        short(FIN | PONG, b"Duplex's"))
    yield 'pong-client', scene(PONG_EXPECTED, NO_LIMIT, [], short(FIN | TEXT, b'a', MASK),
                               short(FIN | PONG, b"Duplex's", MASK), short(FIN | TEXT, b'b', MASK))
    yield 'message-too-big', scene(0, MESSAGE_66000, [220], large(BINARY, 65536, b'', MASK),
                                   short(FIN, b'x' * 125, MASK), large(0, 1000, b'', MASK))
    yield 'message-limit', scene(0, MESSAGE_126, [], short(BINARY, b'x' * 125, MASK),
                                 short(0, b'y', MASK), short(FIN, b'z', MASK))
    yield 'frame-too-big', scene(SERVER, FRAME_126, [2], large(FIN | BINARY, 126, b'a'),
                                 large(FIN | BINARY, 126, b'a', b'', 1))
    yield 'not-masked', scene(0, NO_LIMIT, [], short(FIN | TEXT, b'a'))
    yield 'reserved', scene(SERVER, NO_LIMIT, [], short(FIN | 3, b'a'))
    yield 'inside', scene(SERVER, NO_LIMIT, [1], short(TEXT, b'a'), short(FIN | TEXT, b'b'))
    yield 'not-minimal', scene(SERVER, NO_LIMIT, [], raw(b'\x82\x7e\x00\x01a'))
    yield 'top-bit', scene(SERVER, NO_LIMIT, [], raw(b'\x82\x7f\x80' + bytes(8)))
    yield 'header-only', scene(0, NO_LIMIT, [0], raw(b'\x81\xfe\x41\x00' + MASK))


def main():
    """Write them all."""
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                          pathlib.Path(__file__).parent / 'corpus' / 'forwarder')
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in inputs():
        (folder / name).write_bytes(data)


if __name__ == '__main__':
    main()
