# SPDX-License-Identifier: GPL-3.0-or-later
"""What cases are made of. A case is a row: its number, its name, the rule, and steps, each a
function of the Run. The last step is an outcome: closes(), fails() or drops(); closes() where none
is said."""

import dataclasses
import functools
import struct
import time

from end import AT_ONCE, DEADLINE
from programs import BROKE_PROTOCOL, CLOSED_NORMALLY, CLOSED_OTHERWISE
from wire import Item, close, ping

BOTH = ('client', 'server')


@dataclasses.dataclass
class Case:
    """One row of the table."""

    number: str                     # "6.12.3"
    name: str
    rule: str                       # "RFC 6455 §5.2"
    steps: list
    programs: tuple = BOTH          # which of them it is for
    full: bool = False              # only with --full
    alone: bool = False             # measures time or memory: nothing else runs meanwhile
    args: tuple = ()                # of the client
    echoes: bool = True             # or the client records to a file, and sends nothing back
    connect: callable = None        # opens the connection in another way
    compression: dict = None        # of the client's profile: what it offers


@dataclasses.dataclass
class Run:
    """A case while it runs."""

    program: object                 # Client or Visit
    end: object = None
    over: bool = False              # an outcome was seen
    status: int = None              # with which a client must exit then
    notes: list = dataclasses.field(default_factory=list)
    held: dict = dataclasses.field(default_factory=dict)

    def run(self, case):
        """Do it all."""
        self.end = case.connect(self) if case.connect else self.program.open()
        for one in case.steps:
            one(self)
        if not self.over:
            closes()(self)
        self.program.finish(self.status)


def step(function):
    """Make a step of a function of a Run and more: called with the more, it waits for the Run."""
    @functools.wraps(function)
    def make(*args, **options):
        return lambda run: function(run, *args, **options)
    return make


def item(frame):
    """Return what a frame that is a whole message, or a control frame, looks like when it came."""
    return Item({1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong'}[frame.opcode],
                frame.payload)


def expect(run, expected, seconds=DEADLINE):
    """The next that comes is this."""
    seen = run.end.next(seconds)
    if seen != expected:
        raise AssertionError(f'{seen!r} came, not {expected!r}')


# ---- steps ----

@step
def sends(run, *frames, chop=None, upto=None):
    """Send frames, or bytes."""
    run.end.send(list(frames), chop, upto)


@step
def gets(run, *frames, seconds=DEADLINE):
    """Exactly these come, in this order."""
    for frame in frames:
        expect(run, item(frame), seconds)


@step
def echoes(run, *frames, chop=None):
    """Send whole messages, which come back."""
    run.end.send(list(frames), chop)
    for frame in frames:
        expect(run, item(frame))


@step
def gets_pongs(run, *payloads):
    """Pongs to these pings, in order; of those in a row the latest is enough (§5.5.3)."""
    left = list(payloads)
    while left:
        seen = run.end.next()
        if seen.kind != 'pong' or seen.payload not in left:
            raise AssertionError(f'{seen!r} came, not a pong with one of {left!r}')
        del left[:left.index(seen.payload) + 1]


@step
def gets_all(run, *frames):
    """All of these come, in any order: a pong may overtake a message (§5.5.3)."""
    left = [item(frame) for frame in frames]
    while left:
        seen = run.end.next()
        if seen not in left:
            raise AssertionError(f'{seen!r} came, not one of {left!r}')
        left.remove(seen)


@step
def syncs(run, word=b'are you there'):
    """Ping, and wait for the pong: all that was sent before has been read by then."""
    run.end.send([ping(word)])
    expect(run, Item('pong', word))


@step
def quiet(run, seconds=0.2):
    """Nothing comes."""
    run.end.quiet(seconds)


# ---- outcomes ----

def end_of_tcp(run, answered):
    """Both Closes have passed, or as much as can: TCP ends, the server's end first (§7.1.1)."""
    if run.program.name == 'server' and answered:
        seen = run.end.next(AT_ONCE)
        # What it had not read when it ended makes TCP say so with a reset.
        if seen.kind not in ('end of TCP', 'reset'):
            raise AssertionError(f'{seen!r} came, where the server has to end TCP')
    elif run.program.name == 'server':
        run.end.half_close()
        while run.end.next(AT_ONCE).kind not in ('end of TCP', 'reset'):
            raise AssertionError('something came after the Close')
    run.over = True


def status_of(code):
    """Return the exit status of a client whose server closed with code."""
    return CLOSED_NORMALLY if code in (None, 1000, 1001) else CLOSED_OTHERWISE


@step
def closes(run, code=1000, reason=b'', chop=None):
    """Close: the answer has the same code, then TCP ends."""
    run.end.send([close(code, reason)], chop)
    answered(run, code)


def answered(run, code, late=()):
    """Our Close is out: the answer comes; before it may come what was on the way."""
    seen = run.end.next()
    late = list(late)
    while late and seen != Item('close', b'') and seen.kind != 'close':
        if seen not in late:
            raise AssertionError(f'{seen!r} came, not a Close')
        del late[:late.index(seen) + 1]
        seen = run.end.next()
    expected = b'' if code is None else struct.pack('!H', code)
    if seen.kind != 'close' or seen.payload[:2] != expected:
        raise AssertionError(f'{seen!r} came, not Close {code}')
    run.status = status_of(code)
    end_of_tcp(run, answered=True)


@step
def is_answered(run, code=1000, late=()):
    """Our Close, sent before, is answered; late: messages whose echo may still come."""
    answered(run, code, [item(frame) for frame in late])


@step
def fails(run, *codes, before=(), answer=True, seconds=DEADLINE, status=BROKE_PROTOCOL):
    """The peer fails the connection with one of these codes (§7.1.7).

    before: what may have come until then, in order; nothing of it has to. answer: our Close can
    follow; not where it would be a part of what was broken.
    """
    left = [item(frame) for frame in before]
    while (seen := run.end.next(seconds)).kind != 'close':
        if seen not in left:
            raise AssertionError(f'{seen!r} came, not a Close with one of {codes}')
        del left[:left.index(seen) + 1]
    code = int.from_bytes(seen.payload[:2], 'big')
    if code not in codes:
        raise AssertionError(f'the connection was failed with {code}, not {codes}')
    run.status = status
    if answer:
        run.end.send([close(code)])
    end_of_tcp(run, answer)


@step
def drops(run, status=CLOSED_OTHERWISE):
    """We end TCP without a Close; so does the peer, at once."""
    run.end.half_close()
    seen = run.end.next(AT_ONCE)
    # A Close may still come: the peer can know no better.
    if seen.kind == 'close':
        seen = run.end.next(AT_ONCE)
    if seen.kind not in ('end of TCP', 'reset'):
        raise AssertionError(f'{seen!r} came, where TCP has to end')
    run.status = status
    run.over = True


@step
def timed(run, *steps, size=0, count=0):
    """Do steps, and report how long they took."""
    begin = time.monotonic()
    for one in steps:
        one(run)
    took = time.monotonic() - begin
    rate = f', {size / took / 1e6:.1f} MB/s' if size else ''
    rate += f', {count / took:.0f} messages/s' if count else ''
    run.notes.append(f'{took:.3f} s{rate}')

