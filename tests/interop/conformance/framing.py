# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes 1 to 5: frames, pings, reserved bits, opcodes, fragments."""

import random

from steps import (Case, drops, echoes, fails, gets, gets_all, gets_pongs, is_answered, sends, step,
                   syncs)
from wire import Frame, binary, close, fragments, more, ping, pong, text

DATA = 'RFC 6455 §5.6'
LENGTH = 'RFC 6455 §5.2'
MASK = 'RFC 6455 §5.1'
CONTROL = 'RFC 6455 §5.5'
PINGS = 'RFC 6455 §5.5.2, §5.5.3'
FRAGMENTS = 'RFC 6455 §5.4'

SIZES = (0, 1, 125, 126, 127, 128, 65535, 65536)
# All at once, each byte by itself, and sizes that share no border with anything.
CHOPS = (None, 1, 7, 997)


def letters(size):
    """Return size bytes of ASCII, no two neighbours alike."""
    return (b'abcdefghijklmnopqrstuvwxyz0123456789' * (size // 36 + 1))[:size]


def octets(size):
    """Return size bytes of any value, the same each time."""
    return random.Random(size).randbytes(size)


def in_writes(chop):
    """Say how it is written."""
    return '' if chop is None else f', in writes of {chop}'


# ---- 1: frames ----

@step
def announces(run, frame):
    """Send a frame's header alone."""
    run.end.send([frame.head(run.end.masks) + (b'\x01\x02\x03\x04' if run.end.masks else b'')])


def framing():
    """Text and binary of each length of length; then lengths and masks that may not be."""
    for kind, (make, fill) in enumerate(((text, letters), (binary, octets)), 1):
        number = 0
        for size in SIZES:
            for chop in CHOPS:
                number += 1
                frame = make(fill(size))
                yield Case(f'1.{kind}.{number}', f'{make.__name__} of {size}{in_writes(chop)}',
                           DATA, [echoes(frame, chop=chop)])
    number = 0
    for size, width in ((0, 16), (125, 16), (0, 64), (125, 64), (126, 64), (65535, 64)):
        number += 1
        yield Case(f'1.3.{number}', f'length {size} in {width} bits', LENGTH,
                   [echoes(text('first')), sends(Frame(2, octets(size), width=width)), fails(1002)])
    for length in (1 << 63, (1 << 64) - 1):
        number += 1
        yield Case(f'1.3.{number}', f'length {length:#x}', LENGTH,
                   [announces(Frame(2, length=length, width=64)), fails(1002, answer=False)])
    for number, (name, frame) in enumerate((
            ('text', text('x')), ('empty binary', binary()), ('ping', ping(b'x')),
            ('close', close(1000))), 1):
        yield Case(f'1.4.{number}', f'{name} whose masking is the other side\'s', MASK,
                   [echoes(text('first')), wrongly_masked(frame), fails(1002)])
    yield Case('1.5.1', 'all bytes of the table in one write', DATA,
               [echoes(*[text(letters(size)) for size in SIZES],
                       *[binary(octets(size)) for size in SIZES])])
    yield Case('1.5.2', 'all bytes of the table in writes of 31', DATA,
               [echoes(*[text(letters(size)) for size in SIZES],
                       *[binary(octets(size)) for size in SIZES], chop=31)])


@step
def wrongly_masked(run, frame):
    """Send it masked where it must not be, and the other way round."""
    run.end.send([Frame(frame.opcode, frame.payload, masked=not run.end.masks)])


# ---- 2: pings ----

def pings():
    """What is answered, in which order, and what is not."""
    rows = [
        ('empty ping', [sends(ping()), gets(pong())]),
        ('ping with text', [sends(ping(b'Hello')), gets(pong(b'Hello'))]),
        ('ping with bytes that are no text', [sends(ping(b'\x00\xff\xfe\xfd\xfc\xfb\x00\xff')),
                                              gets(pong(b'\x00\xff\xfe\xfd\xfc\xfb\x00\xff'))]),
        ('ping of 125', [sends(ping(b'\xfe' * 125)), gets(pong(b'\xfe' * 125))]),
        ('ping of 126', [sends(ping(b'\xfe' * 126)), fails(1002)]),
        ('ping of 65536', [sends(ping(b'p' * 65536)), fails(1002)]),
        ('pong of 126', [sends(pong(b'\xfe' * 126)), fails(1002)]),
        ('ping of 125 in writes of 1', [sends(ping(b'\xfe' * 125), chop=1),
                                        gets(pong(b'\xfe' * 125))]),
        ('empty pong that nobody asked for', [sends(pong()), syncs()]),
        ('pong with payload that nobody asked for', [sends(pong(b'unasked')), syncs()]),
        ('pong that nobody asked for, then ping', [sends(pong(b'unasked'), ping(b'asked')),
                                                   gets(pong(b'asked'))]),
        ('10 pings, one write', [sends(*[ping(b'ping %d' % i) for i in range(10)]),
                                 gets_pongs(*[b'ping %d' % i for i in range(10)])]),
        ('10 pings in writes of 1', [sends(*[ping(b'ping %d' % i) for i in range(10)], chop=1),
                                     gets_pongs(*[b'ping %d' % i for i in range(10)])]),
        ('10 pings, each answered before the next', [syncs(b'ping %d' % i) for i in range(10)]),
        ('1000 pings, one write', [sends(*[ping(b'%d' % i) for i in range(1000)]),
                                   gets_pongs(*[b'%d' % i for i in range(1000)])]),
        ('ping and message in one write', [sends(ping(b'p'), text('t')),
                                           gets_all(pong(b'p'), text('t'))]),
        ('message and ping in one write', [sends(text('t'), ping(b'p')),
                                           gets_all(pong(b'p'), text('t'))]),
        ('ping with the same payload twice', [syncs(b'same'), syncs(b'same')]),
    ]
    for number, (name, steps) in enumerate(rows, 1):
        yield Case(f'2.{number}', name, PINGS, steps)


# ---- 3: reserved bits ----

SMALL = text('small text')


def reserved():
    """Bits that no extension gave a meaning: the connection is failed."""
    bits = {1: 'RSV3', 2: 'RSV2', 3: 'RSV2 and 3', 4: 'RSV1', 5: 'RSV1 and 3', 6: 'RSV1 and 2',
            7: 'RSV1 to 3'}
    frames = [('text', text('x' * 20)), ('empty text', text()), ('binary', binary(octets(20))),
              ('ping', ping(b'p')), ('pong', pong(b'p')), ('close', close(1000))]
    number = 0
    for rsv, words in bits.items():
        for name, frame in frames:
            number += 1
            bad = Frame(frame.opcode, frame.payload, rsv=rsv)
            yield Case(f'3.1.{number}', f'{words} on {name}', LENGTH, [sends(bad), fails(1002)])
            yield Case(f'3.2.{number}', f'{words} on {name} after a text', LENGTH,
                       [sends(SMALL, bad), fails(1002, before=[SMALL])])
            yield Case(f'3.3.{number}', f'{words} on {name}, its text came back', LENGTH,
                       [echoes(SMALL), sends(bad), fails(1002)])
            yield Case(f'3.4.{number}', f'{words} on {name} between texts, in writes of 1', LENGTH,
                       [sends(SMALL, bad, SMALL, ping(), chop=1), fails(1002, before=[SMALL])])
        yield Case(f'3.5.{rsv}', f'{words} on a continuation', LENGTH,
                   [sends(text('a', fin=False), more(b'b', fin=True, rsv=rsv)), fails(1002)])
        yield Case(f'3.6.{rsv}', f'{words} on the first fragment, the rest does not come', LENGTH,
                   [sends(text('a', fin=False, rsv=rsv)), fails(1002)])
        yield Case(f'3.7.{rsv}', f'{words} in a header, the payload does not come', LENGTH,
                   [announces(text('x' * 100, rsv=rsv)), fails(1002, answer=False)])


# ---- 4: opcodes ----

def opcodes():
    """Opcodes without a meaning."""
    for opcode in (*range(3, 8), *range(11, 16)):
        # Before a payload's own faults the opcode counts: 126 bytes are one for 11 to 15.
        rows = [
            ('alone', [sends(Frame(opcode)), fails(1002)]),
            ('with payload', [sends(Frame(opcode, b'reserved')), fails(1002)]),
            ('after a message', [sends(SMALL, Frame(opcode)), fails(1002, before=[SMALL])]),
            ('after a message that came back', [echoes(SMALL), sends(Frame(opcode, b'x')),
                                                fails(1002)]),
            ('before a message', [sends(Frame(opcode), SMALL, ping()), fails(1002)]),
            ('between messages, in writes of 1', [
                sends(SMALL, Frame(opcode, b'payload'), SMALL, chop=1),
                fails(1002, before=[SMALL])]),
            ('FIN=0', [sends(Frame(opcode, b'x', fin=False)), fails(1002)]),
            ('inside a fragmented message', [
                sends(text('a', fin=False), Frame(opcode), more(b'b', fin=True)), fails(1002)]),
        ]
        for number, (name, steps) in enumerate(rows, 1):
            yield Case(f'4.{opcode}.{number}', f'opcode {opcode} {name}', LENGTH, steps)


# ---- 5: fragments ----

@step
def slowly(run, frames):
    """Send each fragment only when the one before has been read: a ping between is answered."""
    for number, frame in enumerate(frames):
        run.end.send([frame])
        if number < len(frames) - 1:
            syncs(b'%d' % number)(run)


def broken_orders():
    """Frames that §5.4 does not allow in this order: (name, frames, echoes before)."""
    part = text('part', fin=False)
    rows = [
        ('continuation, FIN=1, nothing open', [more(b'x', fin=True)], []),
        ('continuation, FIN=0, nothing open', [more(b'x')], []),
        ('empty continuation, FIN=1, nothing open', [more(fin=True)], []),
        ('continuation after a whole message', [SMALL, more(b'x', fin=True)], [SMALL]),
        ('continuation FIN=0 after a whole message', [SMALL, more(b'x'), more(b'y', fin=True)],
         [SMALL]),
        ('continuation after a fragmented message',
         [*fragments(1, b'fragments', 3), more(b'x', fin=True)], [text('fragments')]),
        ('continuation, then text', [more(b'x', fin=True), SMALL], []),
        ('text inside text, FIN=1', [part, text('whole')], []),
        ('text inside text, FIN=0', [part, text('other', fin=False)], []),
        ('binary inside text', [part, binary(b'x')], []),
        ('text inside binary', [binary(b'a', fin=False), SMALL], []),
        ('empty text inside text', [part, text()], []),
        ('text inside text, then its end', [part, text('other', fin=False), more(fin=True)], []),
        ('pings, then text inside text', [part, ping(), SMALL], [pong()]),
        ('fragments of ping', [Frame(9, b'pi', fin=False), more(b'ng', fin=True)], []),
        ('ping FIN=0', [Frame(9, b'', fin=False)], []),
        ('fragments of pong', [Frame(10, b'po', fin=False), more(b'ng', fin=True)], []),
        ('fragments of close', [Frame(8, b'\x03\xe8', fin=False), more(b'bye', fin=True)], []),
        ('ping FIN=0 inside a message', [part, Frame(9, b'x', fin=False), more(b'x', fin=True)],
         []),
        ('ping FIN=0 after a text', [SMALL, Frame(9, b'x', fin=False)], [SMALL]),
    ]
    return rows


def fragmented():
    """What may be cut, how, and what may stand between."""
    for number, (name, frames, before) in enumerate(broken_orders(), 1):
        for way, (how, chop) in enumerate((('', None), (', in writes of 1', 1)), 1):
            yield Case(f'5.{way}.{number}', name + how, FRAGMENTS,
                       [sends(*frames, chop=chop), fails(1002, before=before)])
    number = 0
    for make, payload in ((text, 'Grüße aus 東京, '.encode() * 4), (binary, octets(64))):
        opcode = make(b'').opcode
        for count in (2, 3, 4, 8, 16, 32, 64):
            frames = fragments(opcode, payload, -(-len(payload) // count))
            whole = make(payload)
            words = f'{make.__name__} in {len(frames)} fragments'
            for name, steps in (
                    ('one write', [sends(*frames), gets(whole)]),
                    ('in writes of 1', [sends(*frames, chop=1), gets(whole)]),
                    ('each by itself', [slowly(frames), gets(whole)])):
                number += 1
                yield Case(f'5.3.{number}', f'{words}, {name}', FRAGMENTS, steps)
    yield from gaps()


def gaps():
    """Empty fragments, and control frames between fragments."""
    hello, rest = text('hel', fin=False), more(b'lo', fin=True)
    whole = text('hello')
    rows = [
        ('ping between', [sends(hello, ping(b'p'), rest), gets(pong(b'p'), whole)]),
        ('ping between, in writes of 1', [sends(hello, ping(b'p'), rest, chop=1),
                                          gets(pong(b'p'), whole)]),
        ('ping between is answered before the end', [sends(hello), syncs(), sends(rest),
                                                     gets(whole)]),
        ('pong between', [sends(hello, pong(b'p'), rest), gets(whole)]),
        ('125 byte pings between', [
            sends(hello, ping(b'a' * 125), more(), ping(b'b' * 125), more(), rest),
            pongs_and(whole, b'a' * 125, b'b' * 125)]),
        ('empty fragments', [sends(text(fin=False), more(), more(fin=True)), gets(text())]),
        ('two empty fragments of binary', [sends(binary(fin=False), more(fin=True)),
                                           gets(binary())]),
        ('empty first', [sends(text(fin=False), more(b'x', fin=True)), gets(text('x'))]),
        ('empty last', [sends(text('x', fin=False), more(fin=True)), gets(text('x'))]),
        ('empty between', [sends(hello, more(), more(), rest), gets(whole)]),
        ('1000 empty fragments', [sends(hello, *[more()] * 1000, rest), gets(whole)]),
        ('3000 fragments of a byte', [sends(*fragments(2, octets(3000), 1)),
                                      gets(binary(octets(3000)))]),
        ('two fragmented messages in one write', [
            sends(*fragments(1, b'number one', 3), *fragments(2, b'number two', 4)),
            gets(text('number one'), binary(b'number two'))]),
        ('whole, fragmented, whole', [
            sends(SMALL, *fragments(1, b'in the middle', 5), SMALL),
            gets(SMALL, text('in the middle'), SMALL)]),
        ('100 fragmented messages in writes of 7', [
            sends(*[frame for i in range(100) for frame in fragments(1, b'message %d' % i, 4)],
                  chop=7),
            gets(*[text(f'message {i}') for i in range(100)])]),
        ('fragments of 65535, 65536 and 1', [
            sends(binary(octets(65535), fin=False), more(octets(65536)), more(b'x', fin=True)),
            gets(binary(octets(65535) + octets(65536) + b'x'))]),
        # §5.5.1, §7: the message that is open is given up.
        ('close between', [sends(hello, close(1000)), is_answered(1000)]),
        ('TCP ends between', [sends(hello), syncs(), drops()]),
        ('TCP ends in a payload', [sends(text('x' * 100), upto=50), drops()]),
        ('TCP ends in a header', [sends(text('x' * 1000), upto=3), drops()]),
    ]
    for number, (name, steps) in enumerate(rows, 1):
        yield Case(f'5.4.{number}', name, FRAGMENTS, steps)


@step
def pongs_and(run, message, *payloads):
    """Pongs as they have to be, then a message."""
    left = list(payloads)
    while (seen := run.end.next()).kind == 'pong':
        if seen.payload not in left:
            raise AssertionError(f'{seen!r} came, not one of {left!r}')
        del left[:left.index(seen.payload) + 1]
    if left or seen.payload != message.payload:
        raise AssertionError(f'{seen!r} came, pongs with {left!r} did not')


def cases():
    """All of them."""
    for part in (framing, pings, reserved, opcodes, fragmented):
        yield from part()
