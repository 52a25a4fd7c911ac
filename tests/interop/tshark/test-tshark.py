#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we record of a connection and what tshark makes of its packets are the same frames, field
for field."""

import contextlib
import pathlib
import random
import struct
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / 'cli'))
from frames import frames_of_capture, frames_of_tshark, find_tshark     # noqa: E402
from pcap import CLIENT, SERVER, recording                              # noqa: E402
from support import (DEADLINE, cli, demo_server, equal, folder, main,   # noqa: E402
                     raw_server)

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, RSV1 = 0x80, 0x40
# At each end of each encoding of the length, and one that no read takes at once: tshark unmasks no
# more than 256 KiB of a frame.
SIZES = 0, 1, 125, 126, 127, 65535, 65536, 250000
BATCHES, STEPS = 16, 20


def frame(first, payload=b'', key=None, bits=None):
    """Return a frame's bytes; key masks it, bits are those of its length."""
    size = len(payload)
    bits = bits or (7 if size < 126 else 16 if size < 65536 else 64)
    mask = 0 if key is None else 0x80
    head = {7: lambda: struct.pack('!BB', first, mask | size),
            16: lambda: struct.pack('!BBH', first, mask | 126, size),
            64: lambda: struct.pack('!BBQ', first, mask | 127, size)}[bits]()
    if key is not None:
        head += key
        payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return head + payload


class Deflater:
    """Compresses messages (RFC 7692 §7.2.1)."""

    def __init__(self, takeover, bits=15):
        self.takeover, self.bits = takeover, bits
        self.stream = None

    def deflate(self, data):
        """Return what a message is on the wire."""
        if self.stream is None or not self.takeover:
            self.stream = zlib.compressobj(6, zlib.DEFLATED, -self.bits)
        return (self.stream.compress(data) + self.stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Speaker:
    """Makes up a server's frames: all kinds in any order, the same for the same seed."""

    WORDS = ('{"id":', 'tick', ' ', 'päivä', '\n', '😀', '"', '0123456789', '€', '}')

    def __init__(self, seed, deflater=None):
        self.random = random.Random(seed)
        self.deflater = deflater
        # Where the window is kept, tshark loses its place at one.
        self.splits_deflated = deflater is not None and not deflater.takeover

    def size(self):
        """Return a payload's size: mostly small, sometimes at an edge."""
        if self.random.random() < 0.12:
            return self.random.choice(SIZES)
        return self.random.randrange(400)

    def content(self):
        """Return (opcode, payload) of a message."""
        if self.random.random() < 0.4:
            return BINARY, self.random.randbytes(self.size())
        text, size = '', self.size()
        while len(text) < size:
            text += self.random.choice(self.WORDS)
            if len(text) > 200:
                text *= 5
        return TEXT, text.encode()[:size].decode(errors='ignore').encode()

    def controls(self):
        """Return some control frames, mostly none."""
        frames = b''
        while self.random.random() < 0.25:
            opcode = self.random.choice((PING, PING, PONG))
            frames += frame(FIN | opcode, self.random.randbytes(
                self.random.choice((0, 4, 125, self.random.randrange(126)))))
        return frames

    def message(self):
        """Return the frames of a message, with control frames around and between."""
        opcode, payload = self.content()
        # Not so that the last is empty, upon which tshark adds the next message's to it.
        splits = len(payload) > 0 and self.random.random() < 0.3
        rsv = 0
        if self.deflater is not None and self.random.random() < 0.7 and \
                (self.splits_deflated or not splits):
            rsv, payload = RSV1, self.deflater.deflate(payload)
        if not splits:
            return self.controls() + frame(FIN | rsv | opcode, payload)
        cuts = sorted(self.random.choices(range(len(payload)), k=self.random.randrange(1, 6)))
        parts = [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)])]
        frames = frame(rsv | opcode, parts[0])
        for part in parts[1:-1]:
            frames += self.controls() + frame(CONTINUATION, part)
        return frames + self.controls() + frame(FIN | CONTINUATION, parts[-1])


def speak(peer, speaker, extension=None):
    """Say so many messages, a batch at a time, and wait for their echoes; then close."""
    peer.upgrade(f'Sec-WebSocket-Extensions: {extension}\r\n' if extension else '')
    for _ in range(BATCHES):
        peer.write(b''.join(speaker.message() for _ in range(STEPS)))
        echoes = 0
        while echoes < STEPS:
            first, _payload = peer.read_frame()
            if first & 0xf < CLOSE and first & FIN:
                echoes += 1
    peer.frame(FIN | CLOSE, struct.pack('!H', 1001) + 'auf später'.encode())
    equal(peer.read_close()[:2], struct.pack('!H', 1001))


def compare(capture, packets, deflate=False, least=200):
    """Compare the two, of which each direction has so many frames at least."""
    theirs, ours = frames_of_tshark(packets, deflate), frames_of_capture(capture, deflate)
    for sender in CLIENT, SERVER:
        # Between the directions there is no order: it depends on where one listens.
        expected = [frame for frame in theirs if frame.sender == sender]
        seen = [frame for frame in ours if frame.sender == sender]
        for number, (one, other) in enumerate(zip(seen, expected)):
            if one != other:
                raise AssertionError(f'frame {number} of {("client", "server")[sender]}, '
                                     f'{one.header}, ours and tshark:\n'
                                     + '\n'.join(one.differences(other)))
        equal(len(seen), len(expected))
        if len(seen) < least:
            raise AssertionError(f'only {len(seen)} frames')
    return ours


def check(target, seed, *args, path='/', stdin=b'', status=0, deflate=False, least=200):
    """Let duplex-cli connect to target through a recorder, with args, and compare."""
    find_tshark()
    with folder() as where:
        capture, packets = where / 'ours.duplex', where / 'theirs.pcap'
        with target as host, recording(host, DEADLINE) as recorder:
            result = cli('connect', f'ws://{recorder.host}{path}', '--capture', capture, *args,
                         stdin=stdin)
            equal((result.returncode, result.stderr if status == 0 else b''), (status, b''))
        # Of the compressed messages in a packet tshark inflates the first only.
        recorder.write(packets, seed, frames_apart=deflate)
        return compare(capture, packets, deflate, least)


def check_speech(seed, *args, extension=None, deflater=None):
    """Compare what a server that says all kinds of frames has with a client that echoes."""
    speaker = Speaker(seed, deflater)
    return check(raw_server(lambda peer: speak(peer, speaker, extension)), seed, '--echo', *args,
                 deflate=deflater is not None)


def test_all_kinds():
    """All kinds of frames, and their echoes."""
    frames = check_speech(1)
    kinds = {(frame.sender, frame.opcode, frame.fin) for frame in frames}
    equal(kinds,
          {(SERVER, opcode, fin) for opcode in (CONTINUATION, TEXT, BINARY) for fin in (0, 1)}
          | {(SERVER, opcode, 1) for opcode in (CLOSE, PING, PONG)}
          | {(CLIENT, opcode, 1) for opcode in (TEXT, BINARY, CLOSE, PONG)})
    equal({frame.length_bits for frame in frames}, {7, 16, 64})


def test_fragments():
    """Messages in fragments, of both sides."""
    frames = check_speech(6, '--fragment', '100', '--no-deflate')
    if not any(frame.sender == CLIENT and frame.n_frames == 4 for frame in frames):
        raise AssertionError('the client sends no fragments')


def check_lines(seed, *args, deflate):
    """Compare what duplex-cli sends to duplex-cli serve, and gets back; return the former."""
    speaker = Speaker(seed)
    lines = [speaker.content()[1] for _ in range(250)]

    @contextlib.contextmanager
    def target():
        with demo_server() as url:
            yield url.removeprefix('ws://')

    frames = check(target(), seed, '--binary', *args, path='/echo', deflate=deflate,
                   stdin=b''.join(line.hex().encode() + b'\n' for line in lines))
    sent = [frame for frame in frames if frame.sender == CLIENT and frame.opcode == BINARY]
    equal([frame.payload if frame.inflated is None else frame.inflated for frame in sent], lines)
    return sent


def test_lines():
    """Lines that duplex-cli sends to duplex-cli serve, and gets back."""
    check_lines(2, '--no-deflate', deflate=False)


def test_lines_deflate():
    """The same, compressed by both."""
    if not all(frame.rsv & 4 for frame in check_lines(2, deflate=True)):
        raise AssertionError('a message is not compressed')


def test_broken():
    """Frames that break the protocol, and the Close that answers them."""
    key = b'\x12\x00\xff\x80'
    for number, wire in enumerate([
            frame(FIN | TEXT, b'masked', key),
            frame(FIN | RSV1 | TEXT, b'RSV1'),
            frame(FIN | 0x20 | BINARY, b'RSV2'),
            frame(FIN | 0x10 | PING, b'RSV3'),
            frame(FIN | 0x70 | TEXT, b'all', key),
            frame(FIN | 3, b'reserved'),
            frame(FIN | 0xb, b'reserved', key),
            frame(FIN | TEXT, b'not minimal', bits=16),
            frame(FIN | TEXT, b'not minimal at all', key, bits=64),
            frame(FIN | TEXT, b'not \xff UTF-8'),
            frame(PING, b'fragment'),
            frame(FIN | PING, bytes(126)),
            frame(FIN | CONTINUATION, b'of nothing'),
            frame(FIN | CLOSE, struct.pack('!H', 1005)),
    ]):
        def script(peer, wire=wire):
            peer.upgrade()
            peer.frame(FIN | TEXT, b'before')
            peer.write(wire)
            peer.read_close()
        check(raw_server(script), number, '--wait', DEADLINE, status=4, least=1)


def check_deflate(seed, deflater, extension):
    """Compare compressed messages of both directions, between others."""
    frames = check_speech(seed, extension=f'permessage-deflate{extension}', deflater=deflater)
    for sender in CLIENT, SERVER:
        sizes = [(frame.length, len(frame.inflated)) for frame in frames
                 if frame.sender == sender and frame.inflated is not None]
        smaller = [pair for pair in sizes if 2 * pair[0] < pair[1]]
        if len(sizes) < 100 or len(smaller) < 25:
            raise AssertionError(f'{len(sizes)} compressed messages, {len(smaller)} much smaller')


def test_deflate():
    """Compressed messages whose windows are kept."""
    check_deflate(3, Deflater(takeover=True), '')


def test_deflate_no_takeover():
    """Compressed messages that begin with an empty window."""
    check_deflate(4, Deflater(takeover=False),
                  '; server_no_context_takeover; client_no_context_takeover')


def test_deflate_windows():
    """Compressed messages with small windows."""
    check_deflate(5, Deflater(takeover=True, bits=9),
                  '; server_max_window_bits=9; client_max_window_bits=10')


if __name__ == '__main__':
    main(globals())
