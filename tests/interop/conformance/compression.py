# SPDX-License-Identifier: GPL-3.0-or-later
"""Class 12: messages of permessage-deflate (RFC 7692 §6, §7.2): what is compressed how, and what
must be refused."""

import json
import random
import zlib

from deflate import NAME, finished, stored
from end import DEADLINE, SLOWER
from opening import negotiated
from programs import peak_memory
from steps import (AT_ONCE, Case, closes, echoes, expect, fails, gets_all, sends, step, syncs,
                   timed)
from utf8 import invalid, valid
from wire import (BINARY, RSV1, RSV2, RSV3, TAIL, TEXT, Frame, Item, binary, fragments,
                  more, ping, pong, text)

MESSAGES = 'RFC 7692 §7.2'
BITS = 'RFC 7692 §6'
BLOCKS = 'RFC 7692 §7.2.3'
KIB, MIB = 1 << 10, 1 << 20
CORRUPT = (1002, 1007)
FLAGS = ('server_no_context_takeover', 'client_no_context_takeover')

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
def explodes(run, size, most, fragment=None):
    """Send a bomb: the connection is failed with 1009, and no more than so many bytes of memory are
    needed for it."""
    before = peak_memory(run.program.pid)
    payload = bomb(size)
    run.end.send(fragments(BINARY, payload, fragment or len(payload), rsv=RSV1), chop=1 << 16)
    seen = run.end.next(4 * DEADLINE)
    grown = peak_memory(run.program.pid) - before
    run.notes.append(f'{len(payload) / MIB:.1f} MiB, {size >> 20} MiB inflated: '
                     f'{grown / MIB:.1f} MiB of memory')
    if seen != Item('close', b'\x03\xf1'):
        raise AssertionError(f'{seen!r} came, not Close 1009')
    run.status, run.over = 4, True
    if SLOWER == 1 and grown > most:
        raise AssertionError(f'{grown / MIB:.1f} MiB of memory for it')


def bombs():
    """12.16: what inflates to much more than it is (RFC 7692 §8)."""
    # What inflates too well is refused above 16 MiB; recorded, it costs what waits for the disk.
    size = 10 << 30
    number = 0
    for name, fragment in (('in one frame', None), ('in fragments of 16 KiB', 16 * KIB)):
        for words, options, most in (
                ('echoed', {}, 64 * MIB),
                ('recorded to a file', {'programs': ('client',), 'echoes': False}, 64 * MIB),
                ('with a limit of 8 MiB', {'programs': ('client',),
                                           'args': ('--max-message', str(8 * MIB))}, 24 * MIB)):
            number += 1
            yield Case(f'12.16.{number}', f'10 GiB in 10 MiB, {name}, {words}', 'RFC 7692 §8',
                       [packed(BINARY, noise, 100) if options.get('echoes', True) else
                        sends(text(PACKED, rsv=RSV1)), explodes(size, most, fragment)],
                       connect=negotiated(), alone=True, **options)
    yield Case('12.16.7', 'a limit of 1 MiB holds for what is inflated', 'RFC 7692 §8',
               [explodes(2 * MIB, 16 * MIB)], connect=negotiated(), alone=True,
               programs=('client',), args=('--max-message', str(MIB)))
    yield Case('12.16.8', '1 MiB of zeros is no bomb', 'RFC 7692 §8',
               [packed(BINARY, lambda size, seed: bytes(size), MIB, count=2)],
               connect=negotiated(), args=('--max-message', str(MIB)))


def cases():
    """All of them."""
    for part in (volumes, ways, endings, among, bits_cases, corrupt_cases, text_cases, bombs):
        yield from part()
