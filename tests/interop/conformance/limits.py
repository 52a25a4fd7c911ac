# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes 9 and 10: large messages, many messages, and how long they take."""

import random
import select
import time

from end import DEADLINE, SLOWER
from programs import peak_memory
from steps import Case, expect, is_answered, sends, step, timed
from wire import BINARY, TEXT, Item, close, fragments

DATA = 'RFC 6455 §5.2, §5.6'
FRAGMENTS = 'RFC 6455 §5.4'
KIB, MIB = 1 << 10, 1 << 20
WORDS = 'Größe: 東京 😀, size and more. '.encode()


def payload_of(opcode, size):
    """Return so many bytes of text, or of anything."""
    if opcode == BINARY:
        return random.Random(size).randbytes(size)
    count = size // len(WORDS)
    return WORDS * count + b'.' * (size - count * len(WORDS))


def words_for(size):
    """Return a size as people write it."""
    return f'{size // MIB} MiB' if size >= MIB and size % MIB == 0 else \
        f'{size // KIB} KiB' if size >= KIB and size % KIB == 0 else f'{size}'


@step
def round_trip(run, opcode, size, fragment=None, chop=None):
    """Send a message of size bytes, in fragments and writes of so many, and get it back."""
    payload = payload_of(opcode, size)
    run.end.send(fragments(opcode, payload, fragment or max(size, 1)), chop)
    expect(run, Item({TEXT: 'text', BINARY: 'binary'}[opcode], payload), seconds=2 * DEADLINE)


@step
def one_by_one(run, opcode, size, count):
    """Send messages, each when the one before has come back."""
    payload = payload_of(opcode, size)
    expected = Item({TEXT: 'text', BINARY: 'binary'}[opcode], payload)
    frame = fragments(opcode, payload, max(size, 1))
    for _ in range(count):
        run.end.send(frame)
        expect(run, expected)


@step
def all_at_once(run, opcode, size, count):
    """Send messages without waiting for any."""
    payload = payload_of(opcode, size)
    expected = Item({TEXT: 'text', BINARY: 'binary'}[opcode], payload)
    run.end.send(fragments(opcode, payload, max(size, 1)) * count)
    for _ in range(count):
        expect(run, expected, seconds=2 * DEADLINE)


@step
def stalls(run, size, count):
    """Send without reading: the peer stops reading too, and needs no memory for what it may not
    send. Then all comes back."""
    before = peak_memory(run.program.pid)
    payload = payload_of(BINARY, size)
    run.end.send(fragments(BINARY, payload, size) * count, chop=size)
    run.end.reads = False
    deadline = time.monotonic() + DEADLINE
    # It has stalled when nothing is taken for a while.
    while run.end.waiting and select.select([], [run.end.socket], [], 0.5)[1]:
        run.end.turn(deadline)
    left = sum(map(len, run.end.waiting))
    grown = peak_memory(run.program.pid) - before
    run.notes.append(f'{size * count - left >> 20} of {size * count >> 20} MiB were taken, '
                     f'{grown >> 20} MiB of memory')
    run.end.reads = True
    expected = Item('binary', payload)
    for _ in range(count):
        expect(run, expected)
    if not left:
        raise AssertionError('all was taken, though nothing was taken back')
    if SLOWER == 1 and grown > 32 * MIB:
        raise AssertionError(f'{grown >> 20} MiB of memory for what may not be sent')


def sizes():
    """Messages of each size, in one frame, in fragments, and in writes."""
    for part, (kind, opcode) in enumerate((('text', TEXT), ('binary', BINARY)), 1):
        for number, size in enumerate((64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB), 1):
            yield Case(f'9.{part}.{number}', f'{kind} of {words_for(size)}', DATA,
                       [timed(round_trip(opcode, size), size=2 * size)], alone=True)
        number = 0
        for total, full in ((MIB, False), (4 * MIB, True)):
            for fragment in (64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB):
                if fragment > total:
                    continue
                number += 1
                yield Case(f'9.{part + 2}.{number}', f'{kind} of {words_for(total)} in fragments '
                           f'of {words_for(fragment)}', FRAGMENTS,
                           [timed(round_trip(opcode, total, fragment=fragment), size=2 * total)],
                           alone=True, full=full)
        number = 0
        for total, full in ((MIB, False), (8 * MIB, True)):
            for chop in (64, 128, 256, 512, KIB, 2 * KIB):
                number += 1
                yield Case(f'9.{part + 4}.{number}', f'{kind} of {words_for(total)} in writes of '
                           f'{words_for(chop)}', DATA,
                           [timed(round_trip(opcode, total, chop=chop), size=2 * total)],
                           alone=True, full=full)
        for number, size in enumerate((0, 16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB), 1):
            yield Case(f'9.{part + 6}.{number}', f'1000 {kind} messages of {words_for(size)}, one '
                       'by one', DATA,
                       [timed(one_by_one(opcode, size, 1000), size=2000 * size, count=1000)],
                       alone=True)


def cases():
    """All of them."""
    yield from sizes()
    for number, (size, count) in enumerate(((0, 20000), (16, 20000), (200, 20000), (4 * KIB, 4000),
                                            (64 * KIB, 400)), 1):
        yield Case(f'9.9.{number}', f'{count} messages of {words_for(size)} at once', DATA,
                   [timed(all_at_once(BINARY, size, count), size=2 * size * count, count=count)],
                   alone=True)
    yield Case('9.9.6', '64 MiB that are not taken back', 'RFC 6455 §10.4',
               [stalls(64 * KIB, 1024)], alone=True)
    yield Case('9.9.7', 'the same, then close', 'RFC 6455 §7.1.1',
               [stalls(64 * KIB, 1024), sends(close(1001)), is_answered(1001)], alone=True,
               full=True)
    for number, (kind, opcode) in enumerate((('text', TEXT), ('binary', BINARY)), 1):
        for part, size in enumerate((64 * KIB, 65 * 1300, 1299, 1300, 1301), 1):
            yield Case(f'10.{number}.{part}', f'{kind} of {size} in fragments of 1300', FRAGMENTS,
                       [round_trip(opcode, size, fragment=1300)])
