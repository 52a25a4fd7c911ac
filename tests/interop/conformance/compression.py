# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes 12 and 13: permessage-deflate (RFC 7692): what is agreed on, what is compressed how, and
what must be refused."""

import itertools
import json
import random
import zlib

from deflate import NAME, Deflater, agree, finished, parse, stored
from end import DEADLINE
from programs import peak_memory
from steps import (AT_ONCE, Case, closes, echoes, expect, fails, gets_all, sends, step, syncs,
                   timed)
from utf8 import invalid, valid
from wire import (BINARY, RSV1, RSV2, RSV3, TAIL, TEXT, Frame, Inflater, Item, binary, fragments,
                  more, ping, pong, text)

MESSAGES = 'RFC 7692 §7.2'
PARAMETERS = 'RFC 7692 §7.1'
BITS = 'RFC 7692 §6'
BLOCKS = 'RFC 7692 §7.2.3'
KIB, MIB = 1 << 10, 1 << 20
CORRUPT = (1002, 1007)
FLAGS = ('server_no_context_takeover', 'client_no_context_takeover')

# ---- opening ----


def negotiated(offer=None, answer=None, profile=None, refuses=False, **ours):
    """Return a function that opens a connection with compression.

    offer: what we say to a server; answer: what we say to a client, of which profile is the offer.
    refuses: the server must agree on nothing. ours: of our compressor.
    """
    def connect(run):
        agreement = (to_client if run.program.name == 'client' else to_server)(
            run, answer if run.program.name == 'client' else offer, refuses)
        if agreement is None:
            return run.end
        ends = [(agreement.server_bits, agreement.server_forgets),
                (agreement.client_bits, agreement.client_forgets)]
        if run.program.name == 'server':
            ends.reverse()
        run.held['deflater'] = Deflater(*ends[0], **ours)
        run.held['theirs'] = ends[1]
        run.end.reader.inflater = Inflater(*ends[1])
        return run.end

    connect.profile = profile
    return connect


def to_server(run, offer, refuses):
    """Offer, and judge the answer."""
    offer = offer if offer is not None else f'{NAME}; client_max_window_bits'
    run.end = run.program.end
    run.end.send([run.program.request(f'Sec-WebSocket-Extensions: {offer}')])
    run.program.check_response()
    answers = run.program.fields.get('sec-websocket-extensions', [])
    if refuses:
        if answers:
            raise AssertionError(f'the server agrees on {answers}')
        return None
    answer = parse(', '.join(answers)) if answers else []
    if len(answer) != 1 or answer[0][0] != NAME:
        raise AssertionError(f'the server answers the offer with {answers}')
    # A well-formed offer of those that were made is what it has taken up.
    for name, parameters in parse(offer):
        try:
            if name == NAME:
                return agree(parameters, answer[0][1])
        except AssertionError as error:
            problem = error
    raise problem


def to_client(run, answer, refuses):
    """Read the offer, and answer it."""
    key = run.program.accept()
    run.end = run.program.end
    offers = [parameters for value in run.program.fields.get('sec-websocket-extensions', [])
              for name, parameters in parse(value) if name == NAME]
    if not offers:
        raise AssertionError('the client does not offer permessage-deflate')
    run.held['offer'] = offers[0]
    answer = answer if answer is not None else NAME
    if refuses or not answer:
        run.end.send([run.program.answer(key)])
        return None
    agreement = agree(offers[0], parse(answer)[0][1])
    run.end.send([run.program.answer(key, f'Sec-WebSocket-Extensions: {answer}')])
    return agreement


# ---- messages ----

WORDS = ('price', 'größe', 'volume', '東京', 'bid', 'ask', 'null', '😀', 'update', 'subscribe')


def prose(size, seed=0):
    """Return text of size bytes."""
    chance = random.Random(seed)
    out = ' '.join(chance.choice(WORDS) for _ in range(size // 4 + 1)).encode()[:size]
    whole = out.decode(errors='ignore').encode()
    return whole + b'.' * (size - len(whole))


def record(size, seed=0):
    """Return JSON of size bytes, of which the same keys come again and again."""
    chance = random.Random(seed)
    rows = [{'id': i, 'symbol': chance.choice(WORDS), 'price': chance.randrange(10 ** 6) / 100,
             'at': f'2024-01-{chance.randrange(1, 29):02}T00:00:00Z'}
            for i in range(size // 60 + 1)]
    data = json.dumps(rows, ensure_ascii=False).encode()[:size].decode(errors='ignore').encode()
    return data + b' ' * (size - len(data))


def noise(size, seed=0):
    """Return bytes that do not compress."""
    return random.Random(seed).randbytes(size)


def far(size, seed=0):
    """Return bytes that repeat from as far back as any window reaches, and farther."""
    chance = random.Random(seed)
    block = chance.randbytes(300)
    out = b''.join(chance.randbytes(distance - 300) + block
                   for distance in (600, 1100, 2200, 4300, 8500, 17000, 33000))
    return (block + out + block + out)[:size]


KINDS = {'text': (TEXT, prose), 'JSON': (TEXT, record),
         'bytes that do not compress': (BINARY, noise),
         'bytes that repeat from afar': (BINARY, far)}


def pack(run, opcode, data, size=None, **how):
    """Return a compressed message as frames of at most size bytes of payload."""
    payload = run.held['deflater'].message(data, **how)
    return fragments(opcode, payload, size or len(payload), rsv=RSV1)


def came(opcode, data):
    """Return what a message looks like when it came."""
    return Item({TEXT: 'text', BINARY: 'binary'}[opcode], data)


@step
def packed(run, opcode, make, size, count=1, fragment=None, chop=None, **how):
    """Send compressed messages, each when the one before has come back."""
    for seed in range(count):
        data = make(size, seed)
        run.end.send(pack(run, opcode, data, fragment, **how), chop)
        expect(run, came(opcode, data))


@step
def packed_at_once(run, opcode, make, size, count, fragment=None, chop=None):
    """Send compressed messages without waiting for any."""
    frames = [frame for seed in range(count)
              for frame in pack(run, opcode, make(size, seed), fragment)]
    run.end.send(frames, chop)
    for seed in range(count):
        expect(run, came(opcode, make(size, seed)), seconds=2 * DEADLINE)


@step
def is_compressed(run, least=1):
    """Messages came compressed, so that the checks of that have seen something."""
    if run.end.reader.seen_compressed < least:
        raise AssertionError(f'{run.end.reader.seen_compressed} messages came compressed')


def small():
    """Return steps that try both directions, over several messages."""
    return [packed(TEXT, record, 600, count=3), packed(BINARY, far, 80 * KIB, count=2),
            packed(TEXT, prose, 0), packed(BINARY, noise, 3000, count=2), is_compressed()]


def volumes():
    """12: many messages of each size and kind."""
    for part, (kind, (opcode, make)) in enumerate(KINDS.items(), 1):
        number = 0
        for takeover in (True, False):
            words = 'with' if takeover else 'without'
            flags = '' if takeover else '; '.join(['', *FLAGS])
            for size, count in ((16, 1000), (64, 1000), (256, 1000), (KIB, 1000), (4 * KIB, 500),
                                (8 * KIB, 200), (16 * KIB, 200), (32 * KIB, 100), (64 * KIB, 50),
                                (128 * KIB, 25)):
                number += 1
                for full, times in ((False, max(count // 10, 4)), (True, count)):
                    yield Case(
                        f'12.{part}.{number + (100 if full else 0)}',
                        f'{times} messages of {size} bytes of {kind}, {words} context takeover',
                        MESSAGES, [timed(packed(opcode, make, size, count=times),
                                         size=2 * times * size, count=times)],
                        connect=negotiated(NAME + flags, NAME + flags), full=full, alone=full)
        for size in (KIB, 16 * KIB, 128 * KIB):
            for fragment in (1, 64, 256, 4096):
                if size // fragment > 40000:
                    continue
                number += 1
                yield Case(f'12.{part}.{number}', f'{size} bytes of {kind} in fragments of '
                           f'{fragment}', BITS,
                           [packed(opcode, make, size, count=3, fragment=fragment)],
                           connect=negotiated())
            for chop in (1, 7, 256):
                number += 1
                yield Case(f'12.{part}.{number}', f'{size} bytes of {kind} in writes of {chop}',
                           MESSAGES, [packed(opcode, make, size, count=2, chop=chop)],
                           connect=negotiated())
        number += 1
        yield Case(f'12.{part}.{number}', f'500 messages of {kind} at once', MESSAGES,
                   [timed(packed_at_once(opcode, make, 2000, 500), size=2 * 500 * 2000, count=500)],
                   connect=negotiated())
        number += 1
        yield Case(f'12.{part}.{number}', f'500 messages of {kind} at once, in fragments and '
                   'writes', MESSAGES,
                   [packed_at_once(opcode, make, 500, 500, fragment=50, chop=997)],
                   connect=negotiated())


# ---- 12.5: how it may be compressed ----

def ways():
    """All that a compressor may do."""
    rows = [(f'level {level}', {'level': level}, {}) for level in (0, 1, 2, 4, 9)]
    rows += [(f'memLevel {memory}', {'memory': memory}, {}) for memory in (1, 3, 9)]
    rows += [(name, {'strategy': strategy}, {}) for name, strategy in (
        ('fixed codes', zlib.Z_FIXED), ('Huffman codes only', zlib.Z_HUFFMAN_ONLY),
        ('runs only', zlib.Z_RLE), ('filtered', zlib.Z_FILTERED))]
    rows += [(f'a deflate block every {block} bytes, {name}', {}, {'block': block, 'flush': flush})
             for block in (1, 100, 5000) for name, flush in (
                 ('each with an empty one', zlib.Z_SYNC_FLUSH),
                 ('which forgets', zlib.Z_FULL_FLUSH), ('nothing between', zlib.Z_BLOCK))]
    for number, (name, ours, how) in enumerate(rows, 1):
        for part, fragment in ((5, None), (6, 97)):
            yield Case(f'12.{part}.{number}', name + (f', in fragments of {fragment}'
                                                      if fragment else ''), BLOCKS,
                       [packed(TEXT, record, 20000, count=3, fragment=fragment, **how),
                        packed(BINARY, noise, 2000, fragment=fragment, **how)],
                       connect=negotiated(**ours))


@step
def raw(run, *payloads, size=None, opcode=TEXT, expected=None):
    """Send compressed payloads as they are; expected comes back for each."""
    for payload in payloads:
        run.end.send(fragments(opcode, payload, size or max(len(payload), 1), rsv=RSV1))
        if expected is not None:
            expect(run, came(opcode, expected))


HELLO = b'Hello, hello, hello!'
ROOT = zlib.compressobj(6, zlib.DEFLATED, -15)
PACKED = (ROOT.compress(HELLO) + ROOT.flush(zlib.Z_SYNC_FLUSH))[:-4]


def endings():
    """12.7: blocks of each kind, and ends of each kind; each also a byte a fragment."""
    no_compression = stored(HELLO)
    rows = [
        ('a block of fixed codes', [PACKED], HELLO),
        ('empty, as one byte', [b'\x00'], b''),
        ('empty, as an empty block of fixed codes', [b'\x02\x00'], b''),
        ('empty, as five empty stored blocks', [stored(b'') * 4 + b'\x00'], b''),
        ('a stored block', [no_compression + b'\x00'], HELLO),
        ('two stored blocks', [stored(HELLO[:9]) + stored(HELLO[9:]) + b'\x00'], HELLO),
        ('stored, then fixed codes', [stored(b'') + PACKED], HELLO),
        ('fixed codes, then stored', [PACKED + TAIL + stored(b'') + b'\x00'], HELLO),
        ('70000 bytes stored', [stored(b'x' * 70000) + b'\x00'], b'x' * 70000),
        ('an end with BFINAL', [finished(HELLO) + b'\x00'], HELLO),
        ('three ends with BFINAL', [finished(HELLO) + b'\x00'] * 3, HELLO),
        ('a stored block with BFINAL', [stored(HELLO, final=True) + b'\x00'], HELLO),
        ('empty with BFINAL', [finished(b'') + b'\x00'], b''),
        ('BFINAL, then an empty stored block', [finished(HELLO) + stored(b'') + b'\x00'], HELLO),
        ('what was sent before, twice', [PACKED, PACKED], HELLO),
    ]
    for number, (name, payloads, expected) in enumerate(rows, 1):
        yield Case(f'12.7.{number}', name, BLOCKS, [raw(*payloads, expected=expected)],
                   connect=negotiated())
        if len(expected) < 100:
            yield Case(f'12.8.{number}', f'{name}, in fragments of a byte', BLOCKS,
                       [raw(*payloads, size=1, expected=expected)], connect=negotiated())
    yield Case('12.7.20', 'the examples of the RFC', BLOCKS, [
        raw(bytes.fromhex('f248cdc9c90700'), expected=b'Hello'),
        raw(bytes.fromhex('f200110000'), expected=b'Hello'),
        raw(bytes.fromhex('000500faff48656c6c6f00'), expected=b'Hello'),
        raw(bytes.fromhex('f348cdc9c9070000'), expected=b'Hello'),
        raw(bytes.fromhex('f248050000 00ffff cac9c90700'), expected=b'Hello')],
        connect=negotiated())


# ---- 12.9: between other frames ----

@step
def mixed(run):
    """Compressed messages, others, and control frames: the window knows only the compressed."""
    for seed in range(5):
        data = record(2000, seed)
        run.end.send(pack(run, TEXT, data))
        expect(run, came(TEXT, data))
        echoes(binary(data), text(prose(100, seed)), text())(run)
        first, *rest = pack(run, BINARY, data, 50)
        run.end.send([first, ping(b'between'), *rest])
        gets_all(pong(b'between'), binary(data))(run)


@step
def empty_fragments(run):
    """RSV1 stands on the first fragment, though that is empty."""
    data = record(1000)
    payload = run.held['deflater'].message(data)
    run.end.send([Frame(TEXT, b'', False, RSV1), more(), more(payload[:10]), more(),
                  more(payload[10:]), more(fin=True)])
    expect(run, came(TEXT, data))
    syncs()(run)


@step
def each_cut(run):
    """A message in two fragments, cut at each byte, context kept all along."""
    for at in range(60):
        data = record(200) + b' ' * at
        payload = run.held['deflater'].message(data)
        cut = min(at, len(payload))
        run.end.send([Frame(TEXT, payload[:cut], False, RSV1), more(payload[cut:], fin=True)])
        expect(run, came(TEXT, data))


@step
def large(run, size, fragment=None):
    """One large message."""
    data = record(size)
    run.end.send(pack(run, TEXT, data, fragment))
    expect(run, came(TEXT, data), seconds=2 * DEADLINE)


def among():
    """What stands between and beside compressed messages."""
    rows = [
        ('messages that are not compressed between', [mixed()]),
        ('the same, without context takeover', [mixed()]),
        ('empty fragments', [empty_fragments(), empty_fragments()]),
        ('two fragments, cut at each byte', [each_cut()]),
        ('text of the whole table', [packed_texts()]),
        ('close in a fragmented compressed message', [
            begin(), closes(1000)]),
        ('1 MiB', [timed(large(MIB), size=2 * MIB)]),
        ('8 MiB', [timed(large(8 * MIB), size=16 * MIB)]),
        ('8 MiB in fragments of 1000', [timed(large(8 * MIB, 1000), size=16 * MIB)]),
        ('nothing is compressed after an agreement', [echoes(text('plain'), binary(noise(100)))]),
    ]
    for number, (name, steps) in enumerate(rows, 1):
        flags = '; '.join([NAME, *FLAGS]) if 'without' in name else NAME
        yield Case(f'12.9.{number}', name, BITS, steps, connect=negotiated(flags, flags))
    yield Case('12.9.20', 'an offer that is not taken up', 'RFC 7692 §5', [
        echoes(text('plain'), binary(noise(100))), sends(text(PACKED, rsv=RSV1)), fails(1002)],
        programs=('client',), connect=negotiated(refuses=True))


@step
def packed_texts(run):
    """Text of every kind, in fragments that cut characters, and blocks that do."""
    for _name, data in valid():
        run.end.send(pack(run, TEXT, data, 3, block=2))
        expect(run, came(TEXT, data))


@step
def begin(run):
    """Send the first fragment of a compressed message."""
    run.end.send([Frame(TEXT, PACKED[:4], False, RSV1)])


# ---- 12.10: what must be refused ----

def bits_cases():
    """RSV1 means "compressed" on the first frame of a message only."""
    half = [Frame(TEXT, PACKED[:5], False, RSV1)]
    rows = [
        ('RSV1 on a continuation too', [*half, more(PACKED[5:], True, RSV1)], (1002,)),
        ('RSV1 on a continuation only', [text('a', fin=False), more(PACKED, True, RSV1)], (1002,)),
        ('RSV1 on an empty continuation', [*half, more(b'', False, RSV1)], (1002,)),
        ('RSV1 on a ping', [Frame(9, b'p', rsv=RSV1)], (1002,)),
        ('RSV1 on a pong', [Frame(10, b'p', rsv=RSV1)], (1002,)),
        ('RSV1 on a close', [Frame(8, b'\x03\xe8', rsv=RSV1)], (1002,)),
        ('RSV1 on a ping between fragments', [*half, Frame(9, b'p', rsv=RSV1)], (1002,)),
        ('RSV1 and 2', [Frame(TEXT, PACKED, rsv=RSV1 | RSV2)], (1002,)),
        ('RSV1 and 3', [Frame(TEXT, PACKED, rsv=RSV1 | RSV3)], (1002,)),
        ('RSV2', [Frame(TEXT, b'x', rsv=RSV2)], (1002,)),
        ('RSV3', [Frame(BINARY, b'x', rsv=RSV3)], (1002,)),
        ('RSV2 on a continuation', [*half, more(PACKED[5:], True, RSV2)], (1002,)),
        ('RSV1 on a reserved opcode', [Frame(3, b'x', rsv=RSV1)], (1002,)),
        ('RSV1 on a continuation of nothing', [more(PACKED, True, RSV1)], (1002,)),
        ('text inside a compressed message', [*half, text('x')], (1002,)),
        ('compressed inside a compressed message', [*half, Frame(TEXT, PACKED, rsv=RSV1)], (1002,)),
    ]
    for number, (name, frames, codes) in enumerate(rows, 1):
        yield Case(f'12.10.{number}', name, BITS, [sends(*frames), fails(*codes)],
                   connect=negotiated())
        yield Case(f'12.11.{number}', f'{name}, after a message that came back, in writes of 1',
                   BITS, [raw(PACKED, expected=HELLO), sends(*frames, chop=1), fails(*codes)],
                   connect=negotiated())


def beyond():
    """Return what refers to 400 bytes that nobody has sent."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15, 8, 0, noise(400))
    return (stream.compress(noise(400)) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


def corrupt_cases():
    """What does not inflate."""
    rows = [
        # RFC 1951 §3.2.3: this type of block is an error.
        ('a block of the reserved type', b'\x07\x00'),
        ('a stored block whose length does not match', b'\x00\x05\x00\x00\x00hello\x00'),
        ('a distance beyond the beginning', beyond()),
        ('more codes than there are', b'\x04\xff\xff\xff\xff\xff\xff\xff'),
        ('nothing but noise', b'\xff' * 40),
        ('a message cut in its middle', PACKED[:-3]),
        ('a stored block cut in its middle', stored(HELLO)[:12]),
        ('no byte at all', b''),
        ('an end behind BFINAL that is none', finished(HELLO) + b'\x00\x12\x34'),
        ('text behind BFINAL', finished(HELLO) + b'plain'),
    ]
    for number, (name, payload) in enumerate(rows, 1):
        yield Case(f'12.12.{number}', name, MESSAGES, [
            sends(Frame(BINARY, payload, rsv=RSV1)), fails(*CORRUPT)], connect=negotiated())
        yield Case(f'12.13.{number}', f'{name}, after good ones, in fragments of a byte', MESSAGES,
                   [raw(PACKED, expected=HELLO, opcode=BINARY), echoes(text('plain')),
                    sends(*fragments(BINARY, payload, 1, rsv=RSV1)), fails(*CORRUPT)],
                   connect=negotiated())
    # Known before the end: whoever waits for it inflates no better.
    yield Case('12.13.20', 'a block of the reserved type, the message does not end', MESSAGES, [
        sends(Frame(BINARY, b'\x07' + b'x' * 1000, False, RSV1)),
        fails(*CORRUPT, seconds=AT_ONCE)], connect=negotiated())
    yield Case('12.13.21', 'a reference to the message before, without context takeover',
               'RFC 7692 §7.1.1', [refers_back(), fails(*CORRUPT)],
               connect=negotiated('; '.join([NAME, *FLAGS]), '; '.join([NAME, *FLAGS])))
    yield Case('12.13.22', 'a reference to the message before, with context takeover',
               'RFC 7692 §7.1.1', [refers_back(True)], connect=negotiated())


@step
def refers_back(run, works=False):
    """The second message needs the window of the first."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = noise(400)
    for number in range(2):
        payload = (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]
        if number == 1 and len(payload) > 100:
            raise ValueError('the second does not refer to the first')
        run.end.send([Frame(BINARY, payload, rsv=RSV1)])
        if number == 0 or works:
            expect(run, came(BINARY, data))


def text_cases():
    """Text is judged inflated (RFC 7692 §7.2.2)."""
    for number, (group, name, payload) in enumerate(invalid()[::5], 1):
        for part, size in ((14, None), (15, 1)):
            yield Case(f'12.{part}.{number}', f'compressed, {group} {name}'
                       + (', in fragments of a byte' if size else ''), 'RFC 6455 §8.1',
                       [send_text(b'so: ' + payload, size), fails(1007)], connect=negotiated())
    yield Case('12.14.100', 'bad text early in a message that does not end', 'RFC 6455 §8.1', [
        begins_badly(), fails(1007, seconds=AT_ONCE)], connect=negotiated())
    yield Case('12.14.101', 'binary need not be text', MESSAGES, [
        packed(BINARY, lambda size, seed: b'\xff\xfe\xfd' * 100, 300)], connect=negotiated())


@step
def send_text(run, data, size):
    """Send compressed text, which need be none."""
    run.end.send(pack(run, TEXT, data, size))


@step
def begins_badly(run):
    """Send the first fragment of a text; its deflate block is complete."""
    run.end.send([Frame(TEXT, run.held['deflater'].message(b'good \xff bad') + TAIL, False, RSV1)])


# ---- 12.16: bombs ----

def bomb(size):
    """Return a payload of about size / 1032 bytes that inflates to size zeros."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    # Each begins with an empty window, so it can be repeated.
    block = stream.compress(bytes(MIB)) + stream.flush(zlib.Z_FULL_FLUSH)
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    end = (stream.compress(b'\0') + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]
    return block * (size // MIB) + end


@step
def explodes(run, size, codes, most, fragment=None):
    """Send a bomb: the connection is failed, and memory stays flat."""
    run.end.send(fragments(BINARY, PACKED, len(PACKED), rsv=RSV1))
    expect(run, came(BINARY, HELLO))
    before = peak_memory(run.program.pid)
    payload = bomb(size)
    run.end.send(fragments(BINARY, payload, fragment or len(payload), rsv=RSV1), chop=1 << 16)
    seen = run.end.next(4 * DEADLINE)
    grown = peak_memory(run.program.pid) - before
    run.notes.append(f'{len(payload) / MIB:.1f} MiB, {size >> 20} MiB inflated: '
                     f'{grown / MIB:.1f} MiB of memory')
    if seen.kind != 'close' or int.from_bytes(seen.payload[:2], 'big') not in codes:
        raise AssertionError(f'{seen!r} came, not a Close with one of {codes}')
    run.status, run.over = 4, True
    if grown > most:
        raise AssertionError(f'{grown / MIB:.1f} MiB of memory for it')


def bombs():
    """What inflates to much more than it is (RFC 7692 §8)."""
    size = 10 << 30
    for number, (name, fragment) in enumerate((('in one frame', None),
                                               ('in fragments of 16 KiB', 16 * KIB)), 1):
        yield Case(f'12.16.{number}', f'10 GiB in 10 MiB, {name}', 'RFC 7692 §8',
                   [explodes(size, (1009,), 64 * MIB, fragment)], connect=negotiated(), alone=True)
    yield Case('12.16.3', 'a limit of 1 MiB holds for what is inflated', 'RFC 7692 §8',
               [explodes(2 * MIB, (1009,), 16 * MIB)], connect=negotiated(), alone=True,
               programs=('client',), args=('--max-message', str(MIB)))
    yield Case('12.16.4', '1 MiB of zeros is no bomb', 'RFC 7692 §8',
               [packed(BINARY, lambda size, seed: bytes(size), MIB, count=2)],
               connect=negotiated(), args=('--max-message', str(MIB)))


# ---- 13: what is agreed on ----

def combinations():
    """Each combination of the parameters, as (words, flags, server bits, client bits); None: it is
    absent."""
    for flags in itertools.product((False, True), repeat=2):
        for server, client in itertools.product((None, *range(8, 16)), repeat=2):
            yield flags, server, client


def parameters(flags, server, client):
    """Return the text of the parameters; client may be '' for the name alone."""
    words = [NAME, *[name for name, there in zip(FLAGS, flags) if there]]
    if server is not None:
        words.append(f'server_max_window_bits={server}')
    if client is not None:
        words.append('client_max_window_bits' + (f'={client}' if client != '' else ''))
    return '; '.join(words)


def is_telling(flags, server, client):
    """Whether a combination is worth the time of each run: one parameter at a time, or all."""
    return server is None or client is None or server == client or (server, client) in (
        (8, 15), (15, 8), (9, 12), (12, 9))


def agreements():
    """13.1 to 13.4: every combination, offered to the server, and answered to the client."""
    number = 0
    for flags, server, client in combinations():
        number += 1
        words = parameters(flags, server, client)
        yield Case(f'13.1.{number}', f'offer "{words}"', PARAMETERS, small(), programs=('server',),
                   connect=negotiated(offer=words), full=not is_telling(flags, server, client))
        yield Case(f'13.2.{number}', f'answer "{words}"', PARAMETERS, small(), programs=('client',),
                   connect=negotiated(answer=words), full=not is_telling(flags, server, client))
    number = 0
    for flags in itertools.product((False, True), repeat=2):
        for server in (None, 8, 9, 11, 15):
            number += 1
            words = parameters(flags, server, '')
            yield Case(f'13.3.{number}', f'offer "{words}"', PARAMETERS, small(),
                       programs=('server',), connect=negotiated(offer=words))


def offers():
    """13.4 and 13.5: several offers, and offers that are none."""
    bad = ['server_max_window_bits=7', 'server_max_window_bits=16', 'server_max_window_bits=08',
           'server_max_window_bits=x', 'server_max_window_bits', 'server_max_window_bits=-9',
           'server_max_window_bits=1.0', 'client_max_window_bits=7', 'client_max_window_bits=16',
           'client_max_window_bits=010', 'client_max_window_bits=x', 'unknown', 'unknown=9',
           'server_no_context_takeover=1', 'client_no_context_takeover=true',
           'server_no_context_takeover; server_no_context_takeover',
           'client_max_window_bits; client_max_window_bits=9',
           'server_max_window_bits=9; server_max_window_bits=10']
    for number, words in enumerate(bad, 1):
        yield Case(f'13.5.{number}', f'offer "{words}" is declined', PARAMETERS,
                   [echoes(text('plain')), sends(text(PACKED, rsv=RSV1)), fails(1002)],
                   programs=('server',), connect=negotiated(f'{NAME}; {words}', refuses=True))
        yield Case(f'13.6.{number}', f'offer "{words}", then a good one', 'RFC 7692 §5', small(),
                   programs=('server',), connect=chosen(f'{NAME}; {words}, {NAME}'))
    rows = ['x-unknown, permessage-deflate', 'x-unknown; a="b, c", permessage-deflate',
            'permessage-deflate; server_max_window_bits=10, permessage-deflate',
            'permessage-deflate; client_max_window_bits="10"',
            'permessage-deflate;server_max_window_bits=10;client_max_window_bits',
            ' permessage-deflate ; client_max_window_bits = 10 '.replace(' = ', '='),
            'permessage-deflate; server_max_window_bits="9"',
            'permessage-deflate, permessage-deflate']
    for number, words in enumerate(rows, 1):
        yield Case(f'13.7.{number}', f'offers "{words}"', 'RFC 7692 §5', small(),
                   programs=('server',), connect=chosen(words))


def chosen(offer):
    """Return a function that opens a connection with one of several offers; the first that is
    well-formed is what the server takes, and its answer has to be one to any of them."""
    def connect(run):
        run.end = run.program.end
        run.end.send([run.program.request(f'Sec-WebSocket-Extensions: {offer}')])
        run.program.check_response()
        answers = run.program.fields.get('sec-websocket-extensions', [])
        answer = parse(', '.join(answers)) if answers else []
        if len(answer) != 1 or answer[0][0] != NAME:
            raise AssertionError(f'the server answers with {answers}')
        for element in offer.replace('"b, c"', 'b').split(','):
            try:
                (name, wanted), = parse(element)
                if name == NAME:
                    agreement = agree(wanted, answer[0][1])
                    break
            except AssertionError:
                continue
        else:
            raise AssertionError(f'{answers} is no answer to any of the offers')
        run.held['deflater'] = Deflater(agreement.client_bits, agreement.client_forgets)
        run.end.reader.inflater = Inflater(agreement.server_bits, agreement.server_forgets)
        return run.end

    return connect


@step
def answered_with(run, extensions):
    """Answer the client with a Sec-WebSocket-Extensions that it must refuse (§7.1)."""
    key = run.program.accept()
    run.end = run.program.end
    run.end.send([run.program.answer(key, *[f'Sec-WebSocket-Extensions: {value}'
                                            for value in extensions])])
    rest = run.end.read_rest()
    if rest:
        raise AssertionError(f'the client wrote {rest!r}')
    run.status, run.over = 3, True


def answers():
    """13.8: answers that a client must refuse; it offers client_max_window_bits without a value."""
    rows = [[f'{NAME}; {words}'] for words in (
        'server_max_window_bits=7', 'server_max_window_bits=16', 'server_max_window_bits=08',
        'server_max_window_bits', 'server_max_window_bits=', 'server_max_window_bits=x',
        'client_max_window_bits', 'client_max_window_bits=7', 'client_max_window_bits=16',
        'client_max_window_bits=+9', 'unknown', 'unknown=1', 'server_no_context_takeover=1',
        'client_no_context_takeover=false',
        'server_no_context_takeover; server_no_context_takeover',
        'client_max_window_bits=9; client_max_window_bits=9')]
    rows += [[f'{NAME}, {NAME}'], [NAME, NAME], [f'{NAME}, x-unknown'], ['x-unknown', NAME],
             [f'{NAME};'], [f'{NAME} client_max_window_bits=9']]
    for number, extensions in enumerate(rows, 1):
        yield Case(f'13.8.{number}', f'answer "{" and ".join(extensions)}" is refused', PARAMETERS,
                   [answered_with(extensions)], programs=('client',), connect=lambda run: None)
    for number, (words, extensions) in enumerate((
            ('server_max_window_bits="10"', f'{NAME}; server_max_window_bits="10"'),
            ('no spaces', f'{NAME};client_max_window_bits=9;server_max_window_bits=10'),
            ('parameters in another order', f'{NAME}; client_max_window_bits=9; '
             'server_max_window_bits=11; client_no_context_takeover; server_no_context_takeover')),
            1):
        yield Case(f'13.9.{number}', f'answer with {words}', PARAMETERS, small(),
                   programs=('client',), connect=negotiated(answer=extensions))


def cases():
    """All of them."""
    for part in (volumes, ways, endings, among, bits_cases, corrupt_cases, text_cases, bombs,
                 agreements, offers, answers):
        yield from part()

