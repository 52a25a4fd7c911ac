# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames as bytes, RFC 6455 §5.2: a writer that can write anything, and a reader that forgives
nothing. Neither knows the code under test."""

import collections
import dataclasses
import struct
import zlib

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
RSV1, RSV2, RSV3 = 4, 2, 1
NAMES = {CONTINUATION: 'continuation', TEXT: 'text', BINARY: 'binary', CLOSE: 'close',
         PING: 'ping', PONG: 'pong'}
# What RFC 7692 §7.2.1 has the sender take off a message's end.
TAIL = b'\x00\x00\xff\xff'


class Broken(Exception):
    """The peer wrote what it must not write."""


def xor(data, key):
    """Mask or unmask (§5.3)."""
    size = len(data)
    pad = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, 'little') ^ int.from_bytes(pad, 'little')).to_bytes(size, 'little')


@dataclasses.dataclass(frozen=True)
class Frame:
    """A frame to be written. What is not said is as the RFC has it."""

    opcode: int
    payload: bytes = b''
    fin: bool = True
    rsv: int = 0
    masked: bool = None     # not as the sender's role demands
    length: int = None      # a promise that is not the payload's size
    width: int = None       # 7, 16 or 64 bits for the length, however small it is

    def head(self, masked):
        """Return the header without the masking key."""
        length = len(self.payload) if self.length is None else self.length
        width = self.width or (7 if length < 126 else 16 if length < 65536 else 64)
        first = (0x80 if self.fin else 0) | self.rsv << 4 | self.opcode
        bit = 0x80 if masked else 0
        if width == 7:
            return bytes([first, bit | length])
        if width == 16:
            return struct.pack('!BBH', first, bit | 126, length)
        return struct.pack('!BBQ', first, bit | 127, length)

    def encode(self, masks, key):
        """Return the frame's bytes. masks: what the sender's role demands."""
        masked = masks if self.masked is None else self.masked
        if not masked:
            return self.head(False) + self.payload
        return self.head(True) + key + xor(self.payload, key)

    def __repr__(self):
        bits = ''.join(f' {name}' for bit, name in ((RSV1, 'RSV1'), (RSV2, 'RSV2'), (RSV3, 'RSV3'))
                       if self.rsv & bit)
        name = NAMES.get(self.opcode, f'opcode {self.opcode}')
        return f'<{name}{"" if self.fin else " FIN=0"}{bits} {short(self.payload)}>'


def short(data):
    """Return bytes as a few words."""
    if len(data) <= 40:
        return repr(bytes(data))
    return f'{bytes(data[:16])!r}...{len(data)} bytes'


def text(payload=b'', fin=True, rsv=0):
    """Return a text frame; payload may be str."""
    return Frame(TEXT, payload.encode() if isinstance(payload, str) else payload, fin, rsv)


def binary(payload=b'', fin=True, rsv=0):
    """Return a binary frame."""
    return Frame(BINARY, payload, fin, rsv)


def more(payload=b'', fin=False, rsv=0):
    """Return a continuation; the last has fin."""
    return Frame(CONTINUATION, payload.encode() if isinstance(payload, str) else payload, fin, rsv)


def ping(payload=b''):
    """Return a ping."""
    return Frame(PING, payload)


def pong(payload=b''):
    """Return a pong."""
    return Frame(PONG, payload)


def close(code=None, reason=b''):
    """Return a Close; without a code its body is empty."""
    return Frame(CLOSE, close_body(code, reason))


def close_body(code=None, reason=b''):
    """Return the payload of a Close."""
    if code is None:
        return b''
    return struct.pack('!H', code) + (reason.encode() if isinstance(reason, str) else reason)


def fragments(opcode, payload, size, rsv=0):
    """Return a message as frames of at most size bytes, RSV bits on the first only."""
    pieces = [payload[i:i + size] for i in range(0, len(payload), size)] or [b'']
    last = len(pieces) - 1
    return [Frame(opcode if i == 0 else CONTINUATION, piece, i == last, rsv if i == 0 else 0)
            for i, piece in enumerate(pieces)]


@dataclasses.dataclass(frozen=True)
class Item:
    """What came from the peer: a message, a control frame, or the end of TCP."""

    kind: str               # a name of NAMES, 'end of TCP', 'reset'
    payload: bytes = b''

    def __repr__(self):
        return f'{self.kind} {short(self.payload)}'


class Inflater:
    """Messages of permessage-deflate of one direction (RFC 7692 §7.2.2)."""

    def __init__(self, bits, no_takeover):
        self.bits, self.no_takeover = bits, no_takeover
        self.stream = None

    def message(self, payload):
        """Return what a message's payload inflates to.

        zlib forgets what lies farther back than the window only from call to call, so a window
        that is smaller than the largest is checked by taking a few bytes at a time.
        """
        if self.stream is None or self.no_takeover:
            self.stream = zlib.decompressobj(wbits=-self.bits)
        try:
            if self.bits == 15:
                data = self.stream.decompress(payload + TAIL)
            else:
                data = b''.join(self.in_steps(payload + TAIL))
        except zlib.error as error:
            raise Broken(f'a message does not inflate with a window of {self.bits} bits: '
                         f'{error}') from error
        if self.stream.eof:
            self.stream = None
        elif self.stream.unconsumed_tail:
            raise Broken('deflate data was left over')
        return data

    def in_steps(self, payload, size=32):
        """Yield the data of payload, at most size bytes at a time."""
        for at in range(0, len(payload), size):
            piece = payload[at:at + size]
            while piece and not self.stream.eof:
                yield self.stream.decompress(piece, size)
                piece = self.stream.unconsumed_tail
            # What could be made of the piece, but did not fit.
            while not self.stream.eof and (rest := self.stream.decompress(b'', size)):
                yield rest


class Reader:
    """Takes the peer's bytes and makes Items of them. Any byte against the rules is Broken."""

    def __init__(self, masked, inflater=None):
        self.masked, self.inflater = masked, inflater
        self.buffer = bytearray()
        self.items = collections.deque()
        self.opcode = None          # of the message that is open
        self.parts = []
        self.compressed = False
        self.closed = False
        self.frames = 0
        self.seen_compressed = 0    # messages

    def feed(self, data):
        """Take bytes as they come."""
        if self.closed:
            raise Broken(f'bytes after the Close: {short(data)} (§5.5.1)')
        self.buffer += data
        while self.frame():
            pass

    def frame(self):
        """Take one frame from the buffer; false when there is no whole one."""
        have = len(self.buffer)
        if have < 2:
            return False
        first, second = self.buffer[:2]
        size, at = second & 0x7f, 2
        if size >= 126:
            at = 4 if size == 126 else 10
            if have < at:
                return False
            size = int.from_bytes(self.buffer[2:at], 'big')
            if size < (126 if at == 4 else 65536) or size >> 63:
                raise Broken(f'length {size} in {8 * (at - 2)} bits (§5.2)')
        if bool(second & 0x80) != self.masked:
            raise Broken('a frame is masked' if second & 0x80 else 'a frame is not masked (§5.1)')
        key = at
        at += 4 if self.masked else 0
        if have < at + size:
            return False
        with memoryview(self.buffer) as view:
            payload = bytes(view[at:at + size])
        if self.masked:
            payload = xor(payload, bytes(self.buffer[key:at]))
        del self.buffer[:at + size]
        self.frames += 1
        self.take(bool(first & 0x80), first >> 4 & 7, first & 0x0f, payload)
        return True

    def take(self, fin, rsv, opcode, payload):
        """Judge a frame."""
        if opcode not in NAMES:
            raise Broken(f'opcode {opcode} (§5.2)')
        allowed = RSV1 if self.inflater and opcode in (TEXT, BINARY) else 0
        if rsv & ~allowed:
            raise Broken(f'reserved bits {rsv:03b} on {NAMES[opcode]} (§5.2)')
        if opcode >= CLOSE:
            if not fin or len(payload) > 125:
                raise Broken(f'{NAMES[opcode]} with FIN={fin} and {len(payload)} bytes (§5.5)')
            self.control(opcode, payload)
            return
        if (opcode == CONTINUATION) == (self.opcode is None):
            raise Broken(f'{NAMES[opcode]} out of place (§5.4)')
        if opcode != CONTINUATION:
            self.opcode, self.parts, self.compressed = opcode, [], bool(rsv)
        self.parts.append(payload)
        if fin:
            self.message()

    def control(self, opcode, payload):
        """Take a control frame."""
        if opcode == CLOSE:
            if len(payload) == 1:
                raise Broken('a Close of one byte (§5.5.1)')
            code = int.from_bytes(payload[:2], 'big')
            if payload and not (code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or
                                3000 <= code <= 4999):
                raise Broken(f'Close {code} (§7.4)')
            decode(payload[2:])
            self.closed = True
            if self.buffer:
                raise Broken(f'bytes after the Close: {short(self.buffer)} (§5.5.1)')
        self.items.append(Item(NAMES[opcode], payload))

    def message(self):
        """The message that is open is whole."""
        payload = b''.join(self.parts)
        if self.compressed:
            self.seen_compressed += 1
            payload = self.inflater.message(payload)
        if self.opcode == TEXT:
            decode(payload)
        self.items.append(Item(NAMES[self.opcode], payload))
        self.opcode, self.parts = None, []


def decode(payload):
    """Insist on UTF-8 (§5.6, §5.5.1)."""
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise Broken(f'text that is not UTF-8: {short(payload)}') from error
