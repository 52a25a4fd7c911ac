# SPDX-License-Identifier: GPL-3.0-or-later
"""permessage-deflate (RFC 7692) as two ends of a connection need it: what is agreed on, and our
compressor, which can do all that a peer may do."""

import dataclasses
import re
import zlib

from wire import TAIL

NAME = 'permessage-deflate'
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclasses.dataclass
class Agreement:
    """What holds for each direction (§7.1)."""

    server_bits: int = 15
    client_bits: int = 15
    server_forgets: bool = False    # server_no_context_takeover
    client_forgets: bool = False


def parse(value):
    """Return the extensions of a Sec-WebSocket-Extensions: [(name, {parameter: value or None})]."""
    extensions = []
    for element in value.split(','):
        name, *rest = [part.strip() for part in element.split(';')]
        if not TOKEN.fullmatch(name):
            raise AssertionError(f'{element!r} is no extension')
        parameters = {}
        for part in rest:
            key, equals, text = part.partition('=')
            if not TOKEN.fullmatch(key) or (equals and not TOKEN.fullmatch(text.strip('"'))):
                raise AssertionError(f'{part!r} is no parameter')
            if key in parameters:
                raise AssertionError(f'{key} stands twice (§7.1)')
            parameters[key] = text.strip('"') if equals else None
        extensions.append((name, parameters))
    return extensions


def bits(parameters, name, valueless=False):
    """Return the number of window bits, None where the parameter is absent."""
    if name not in parameters:
        return None
    value = parameters[name]
    if value is None and valueless:
        return 15
    if value is None or not re.fullmatch(r'[89]|1[0-5]', value):
        raise AssertionError(f'{name}={value} (§7.1.2)')
    return int(value)


def check_parameters(parameters, is_offer):
    """Insist on §7.1: no parameter that is unknown or has a value that it must not have."""
    for name, value in parameters.items():
        if name in ('server_no_context_takeover', 'client_no_context_takeover'):
            if value is not None:
                raise AssertionError(f'{name} has a value')
        elif name not in ('server_max_window_bits', 'client_max_window_bits'):
            raise AssertionError(f'{name} is no parameter')
    bits(parameters, 'server_max_window_bits')
    bits(parameters, 'client_max_window_bits', valueless=is_offer)


def agree(offer, answer):
    """Insist that answer, both {parameter: value}, is one to offer; return what then holds."""
    check_parameters(offer, is_offer=True)
    check_parameters(answer, is_offer=False)
    if 'server_no_context_takeover' in offer and 'server_no_context_takeover' not in answer:
        raise AssertionError('server_no_context_takeover is not confirmed (§7.1.1.1)')
    if 'client_max_window_bits' in answer and 'client_max_window_bits' not in offer:
        raise AssertionError('client_max_window_bits was not offered (§7.1.2.2)')
    asked = bits(offer, 'server_max_window_bits')
    server = bits(answer, 'server_max_window_bits')
    if asked is not None and (server is None or server > asked):
        raise AssertionError(f'server_max_window_bits {server}, {asked} at most (§7.1.2.1)')
    promised = bits(offer, 'client_max_window_bits', valueless=True) or 15
    client = bits(answer, 'client_max_window_bits') or 15
    return Agreement(
        server_bits=server or 15, client_bits=min(client, promised),
        server_forgets='server_no_context_takeover' in answer,
        client_forgets='client_no_context_takeover' in {**answer, **offer})


class Deflater:
    """Our direction: messages to payloads (§7.2.1)."""

    def __init__(self, window, forgets, level=6, strategy=zlib.Z_DEFAULT_STRATEGY, memory=8):
        self.window, self.forgets = window, forgets
        self.level, self.strategy, self.memory = level, strategy, memory
        self.stream = None

    def start(self):
        """Begin with an empty window.

        zlib cannot write for a window of 8 bits; with Z_RLE no distance is larger than 1.
        """
        strategy = zlib.Z_RLE if self.window == 8 else self.strategy
        self.stream = zlib.compressobj(self.level, zlib.DEFLATED, -max(self.window, 9), self.memory,
                                       strategy)

    def message(self, data, flush=zlib.Z_SYNC_FLUSH, block=None):
        """Return the payload for data. block: begin another deflate block after so many bytes."""
        if self.stream is None or self.forgets:
            self.start()
        block = block or max(len(data), 1)
        out = b''
        for at in range(0, len(data), block):
            out += self.stream.compress(data[at:at + block])
            if at + block < len(data):
                out += self.stream.flush(flush)
        out += self.stream.flush(zlib.Z_SYNC_FLUSH)
        # Nothing since the last flush: the empty block that §7.2.3.6 makes of an empty message.
        if not out:
            return b'\x00'
        assert out.endswith(TAIL)
        return out[:-4]


def stored(data, final=False):
    """Return data as stored blocks, RFC 1951 §3.2.4; the last has BFINAL where it is asked for."""
    out = b''
    pieces = [data[i:i + 65535] for i in range(0, len(data), 65535)] or [b'']
    for number, piece in enumerate(pieces, 1):
        size = len(piece)
        out += bytes([final and number == len(pieces)]) + size.to_bytes(2, 'little') + \
            (size ^ 0xffff).to_bytes(2, 'little') + piece
    return out


def finished(data, window=15):
    """Return data as a stream that ends: its last block has BFINAL."""
    stream = zlib.compressobj(6, zlib.DEFLATED, -max(window, 9))
    return stream.compress(data) + stream.flush(zlib.Z_FINISH)
