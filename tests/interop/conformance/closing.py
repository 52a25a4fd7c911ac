# SPDX-License-Identifier: GPL-3.0-or-later
"""Class 7: how it ends (RFC 6455 §5.5.1, §7)."""

import socket
import struct
import time

from steps import (AT_ONCE, Case, closes, drops, echoes, fails, gets, is_answered, quiet, sends,
                   status_of, step, syncs)
from wire import Frame, Item, binary, close, more, ping, pong, text
from utf8 import invalid

CLOSE = 'RFC 6455 §5.5.1'
CODES = 'RFC 6455 §7.4'
ENDS = 'RFC 6455 §7.1.1'

# §7.4.1 and what IANA has registered since; 3000 up is everybody's.
ALLOWED = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
           4999)
# Unused, reserved, never to be sent, not registered, out of range.
FORBIDDEN = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65535)

HELLO = text('hello')
UMLAUTS = 'Schöne Grüße'


def bodies():
    """Codes and reasons."""
    yield 'no body', [closes(None)], CLOSE
    yield 'reason of 0 after the code', [closes(1000, b'')], CLOSE
    yield 'reason of 1', [closes(1000, b'x')], CLOSE
    yield 'reason with umlauts', [closes(1000, UMLAUTS)], CLOSE
    yield 'reason of 123', [closes(1000, b'r' * 123)], CLOSE
    yield 'reason of 123 in writes of 1', [closes(1000, b'r' * 123, chop=1)], CLOSE
    yield 'reason of 124', [sends(close(1000, b'r' * 124)), fails(1002)], CLOSE
    yield 'reason of 65536', [sends(close(1000, b'r' * 65536)), fails(1002)], CLOSE
    yield 'body of one byte', [sends(Frame(8, b'\x03')), fails(1002)], CLOSE
    yield 'body of one byte after a text', [echoes(HELLO), sends(Frame(8, b'\xff')), fails(1002)], \
        CLOSE


def orders():
    """What may come before, behind and instead."""
    yield 'close at once', [closes()], ENDS
    yield 'text, its echo, close', [echoes(HELLO), closes()], ENDS
    yield 'text and close in one write', [sends(HELLO, close(1000)),
                                          is_answered(1000, late=[HELLO])], ENDS
    yield 'text and close in writes of 1', [sends(HELLO, close(1000), chop=1),
                                            is_answered(1000, late=[HELLO])], ENDS
    yield 'ping and close in one write', [sends(ping(b'p'), close(1000)),
                                          is_answered(1000, late=[pong(b'p')])], ENDS
    yield 'two closes', [sends(close(1000), close(1001)), is_answered(1000)], CLOSE
    yield 'two closes in writes of 1', [sends(close(1000), close(1001), chop=1),
                                        is_answered(1000)], CLOSE
    yield 'text behind', [sends(close(1000), HELLO), is_answered(1000)], CLOSE
    yield 'ping behind', [sends(close(1000), ping(b'p')), is_answered(1000)], CLOSE
    yield 'what is against the rules behind', [
        sends(close(1000), Frame(3, b'reserved'), text(b'\xff')), is_answered(1000)], CLOSE
    yield '256 KiB behind', [sends(close(1000), binary(b'x' * 262144)), is_answered(1000)], CLOSE
    yield '256 KiB before', [sends(binary(b'x' * 262144), close(1000)),
                             is_answered(1000, late=[binary(b'x' * 262144)])], ENDS
    yield 'first fragment, close', [sends(text('a', fin=False), close(1000)), is_answered(1000)], \
        ENDS
    yield 'first fragment, close, last fragment', [
        sends(text('a', fin=False), close(1000), more(b'b', fin=True)), is_answered(1000)], CLOSE
    yield 'close again after the answer', [sends(close(1000)), answer_and_again()], CLOSE
    yield 'the answer to the failing is not judged', [
        sends(Frame(3)), failed_then(Frame(8, b'\x00'))], 'RFC 6455 §7.1.7'
    yield 'text behind what failed it', [
        sends(Frame(3), HELLO, ping(b'p')), fails(1002)], 'RFC 6455 §7.1.7'


@step
def answer_and_again(run):
    """The answer comes; another Close of ours changes nothing."""
    seen = run.end.next()
    if seen != Item('close', b'\x03\xe8'):
        raise AssertionError(f'{seen!r} came')
    run.end.send([close(1001)])
    run.status = status_of(1000)
    run.over = True
    if run.program.name == 'server' and \
            run.end.next(AT_ONCE).kind not in ('end of TCP', 'reset'):
        raise AssertionError('something came behind the Close')


def protocol_error(run):
    """Return the Close with which what breaks a rule is answered; the relay says why."""
    return Item('close', b'\x03\xeaProtocol error' if run.program.through else b'\x03\xea')


@step
def failed_then(run, frame):
    """The connection is failed; what answers that does not matter."""
    seen = run.end.next()
    if seen != protocol_error(run):
        raise AssertionError(f'{seen!r} came, not Close 1002')
    run.end.send([frame])
    run.status = 4
    run.over = True
    if run.program.name == 'server' and \
            run.end.next(AT_ONCE).kind not in ('end of TCP', 'reset'):
        raise AssertionError('something came behind the Close')


# ---- TCP ----

def ends():
    """Who ends TCP, and when."""
    yield 'TCP ends before anything', [drops()], ENDS
    yield 'TCP ends after an echo', [echoes(HELLO), drops()], ENDS
    yield 'TCP is reset', [echoes(HELLO), resets()], ENDS
    yield 'the server ends TCP at once', [sends(close(1000)), ends_soon()], ENDS
    yield 'the peer of one that fails it says nothing', [sends(Frame(3)), silent()], ENDS
    yield 'half-closed behind our Close', [half_closed()], ENDS


@step
def resets(run):
    """End TCP with a reset."""
    run.end.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    run.end.socket.close()
    run.status = 5
    run.over = True


@step
def ends_soon(run):
    """§7.1.1: the server does not wait for the client; the client waits for the server."""
    seen = run.end.next()
    if seen != Item('close', b'\x03\xe8'):
        raise AssertionError(f'{seen!r} came')
    run.status = status_of(1000)
    run.over = True
    if run.program.name == 'server':
        begin = time.monotonic()
        if run.end.next(AT_ONCE).kind != 'end of TCP':
            raise AssertionError('TCP did not end well')
        run.notes.append(f'{1000 * (time.monotonic() - begin):.1f} ms from Close to end')
        return
    # It may end its half, which tells a server that waits; the whole is ours to end.
    if run.program.process.poll() is not None:
        raise AssertionError('the client did not wait for the server to end TCP')
    begin = time.monotonic()
    run.program.finish(0)
    if time.monotonic() - begin > AT_ONCE:
        raise AssertionError('the client waited for more than the end of TCP')


@step
def silent(run):
    """Whoever has failed the connection ends it by its own timer where we say nothing."""
    seen = run.end.next()
    if seen != protocol_error(run):
        raise AssertionError(f'{seen!r} came, not Close 1002')
    begin = time.monotonic()
    if run.end.next().kind != 'end of TCP':
        raise AssertionError('TCP did not end well')
    run.notes.append(f'{time.monotonic() - begin:.1f} s from Close to end')
    run.status = 4
    run.over = True


@step
def half_closed(run):
    """Our half of TCP ends with our Close: the answer is owed all the same."""
    run.end.send([close(1000)])
    run.end.half_close()
    seen = run.end.next()
    if seen != Item('close', b'\x03\xe8'):
        raise AssertionError(f'{seen!r} came')
    if run.end.next(AT_ONCE).kind != 'end of TCP':
        raise AssertionError('TCP did not end')
    run.status = status_of(1000)
    run.over = True


def cases():
    """All of them."""
    for part, rows in ((1, orders()), (2, bodies()), (6, ends())):
        for number, (name, steps, rule) in enumerate(rows, 1):
            yield Case(f'7.{part}.{number}', name, rule, steps)
    for number, code in enumerate(ALLOWED, 1):
        yield Case(f'7.3.{number}', f'close with {code}', CODES, [closes(code)])
        yield Case(f'7.4.{number}', f'close with {code} and a reason', CODES,
                   [closes(code, UMLAUTS)])
    for number, code in enumerate(FORBIDDEN, 1):
        yield Case(f'7.5.{number}', f'close with {code}', CODES, [sends(close(code)), fails(1002)])
        yield Case(f'7.7.{number}', f'close with {code} and a reason after a text', CODES,
                   [echoes(HELLO), sends(close(code, b'why')), fails(1002)])
    reasons = [row for row in invalid() if len(row[2]) < 124]
    for number, (group, name, payload) in enumerate(reasons[::7], 1):
        yield Case(f'7.8.{number}', f'reason that is no text: {group} {name}', CLOSE,
                   [sends(close(1000, b'so: ' + payload)), fails(1007)])
    yield Case('7.9.1', 'the client waits for the end of TCP', ENDS,
               [sends(close(1000)), gets(close(1000)), no_end(), leave(0)], programs=('client',))
    yield Case('7.9.2', 'a server that never ends TCP is left', ENDS,
               [sends(close(1000)), gets(close(1000)), outlived(0)], programs=('client',),
               args=('--close-timeout', '1'))
    yield Case('7.9.3', 'a ping after the answer to a text, then close', ENDS,
               [echoes(HELLO), syncs(), quiet(), closes(1001, 'going away')])


@step
def no_end(run):
    """The client is still there after 0.3 s, though its half may have ended."""
    deadline = time.monotonic() + 0.3
    while run.end.turn(deadline) and not run.end.over:
        pass
    if run.program.process.poll() is not None:
        raise AssertionError('the client did not wait')


@step
def leave(run, status):
    """End TCP: it ends at once."""
    begin = time.monotonic()
    run.program.finish(status)
    if time.monotonic() - begin > AT_ONCE:
        raise AssertionError('the client did not end with TCP')
    run.status, run.over = status, True


@step
def outlived(run, status):
    """It ends though TCP does not."""
    if run.program.process.wait(AT_ONCE) != status:
        raise AssertionError(f'exit status {run.program.process.returncode}')
    run.status, run.over = status, True
