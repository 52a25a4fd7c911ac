#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli connect on a terminal: prompt, editing, history, commands."""

import contextlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from support import CLI, DEADLINE, demo_server, equal, main, raw_server     # noqa: E402

UP, LEFT, RUBOUT, EOT, INTERRUPT = b'\x1b[A', b'\x1b[D', b'\x7f', b'\x04', b'\x03'
ESCAPES = re.compile(rb'\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]')


class Terminal:
    """The person's end of a terminal that duplex-cli runs in."""

    def __init__(self, fd, process):
        self.fd, self.process, self.seen, self.at = fd, process, b'', 0

    def read(self, deadline):
        """Read once; FALSE at the end."""
        if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
            raise AssertionError(f'waited in vain; seen: {self.seen!r}')
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:     # the other end is closed
            chunk = b''
        self.seen += chunk
        return chunk != b''

    def expect(self, text):
        """Wait for text behind what was expected last."""
        deadline = time.monotonic() + DEADLINE
        while text not in self.seen[self.at:]:
            if not self.read(deadline):
                raise AssertionError(f'{text!r} is not in {self.seen[self.at:]!r}')
        self.at = self.seen.index(text, self.at) + len(text)

    def type(self, keys):
        """Press keys."""
        os.write(self.fd, keys)

    def end(self, status):
        """Wait for the end; return all that was shown, without colours and cursor movement."""
        deadline = time.monotonic() + DEADLINE
        while self.read(deadline):
            pass
        equal(self.process.wait(DEADLINE), status)
        return ESCAPES.sub(b'', self.seen).replace(b'\r', b'\n')


@contextlib.contextmanager
def terminal(*args):
    """Run duplex-cli connect in a terminal of 80 columns."""
    controller, user = pty.openpty()
    process = subprocess.Popen(
        [CLI, 'connect', *args], stdin=user, stdout=user, stderr=user, start_new_session=True,
        env={**os.environ, 'TERM': 'xterm', 'COLUMNS': '80', 'INPUTRC': '/dev/null'},
        preexec_fn=lambda: os.system('stty cols 80 rows 24'))
    os.close(user)
    try:
        yield Terminal(controller, process)
    finally:
        process.kill()
        process.wait()
        os.close(controller)


def test_talk():
    """A line is sent, and the answer printed; Ctrl+D ends it with status 0."""
    with demo_server() as url, terminal(f'{url}/echo') as person:
        person.expect(b'Connected')
        person.expect(b'> ')
        person.type(b'hello\r')
        person.expect(b'< hello')
        person.expect(b'> ')
        person.type(EOT)
        assert b'closed with 1000' in person.end(0)


def test_editing():
    """The line can be edited, and the last one called back."""
    with demo_server() as url, terminal(f'{url}/echo') as person:
        person.expect(b'Connected')
        person.type(b'wrld' + LEFT * 3 + b'o\r')
        person.expect(b'< world')
        person.type(UP + RUBOUT * 2 + b'k\r')
        person.expect(b'< work')
        person.type(EOT)
        person.end(0)


def test_typing_is_kept():
    """What arrives while a line is typed stands above it, and the line is sent whole."""
    lines = []

    def script(peer):
        peer.upgrade()
        first, payload = peer.read_frame()
        equal((first, payload), (0x81, b'go'))
        peer.frame(0x81, b'interrupting')
        lines.append(peer.read_frame())
        peer.finish()

    with raw_server(script) as host, terminal(f'ws://{host}/') as person:
        person.expect(b'Connected')
        person.type(b'go\rhalf a li')
        person.expect(b'< interrupting')
        person.expect(b'> half a li')
        person.type(b'ne\r')
        person.end(0)
    equal(lines, [(0x81, b'half a line')])


def test_commands():
    """/ping, /binary, //, /help, and what is no command."""
    frames = []

    def script(peer):
        peer.upgrade()
        for _ in range(5):
            frames.append(peer.read_frame())
            if frames[-1][0] == 0x89:
                peer.frame(0x8a, frames[-1][1])
        peer.read_close()
        peer.frame(0x88, struct.pack('!H', 1000))

    with raw_server(script) as host, terminal(f'ws://{host}/') as person:
        person.expect(b'Connected')
        person.type(b'/help\r')
        for command in (b'/ping', b'/close', b'/binary', b'/quit', b'/help'):
            person.expect(b'* ' + command)
        person.type(b'/ping\r')
        person.expect(b'* pong')
        person.type(b'/ping are you there\r')
        person.expect(b'* pong')
        person.type(b'/binary 00 ff\r')
        person.type(b'//slash\r')
        person.type(b'/binary 0\r')
        person.expect(b'hexadecimal')
        person.type(b'/nonsense\r')
        person.expect(b'no command')
        person.type(b'/close 99\r')
        person.expect(b'99 is no close code')
        person.type(b'/close nine\r')
        person.expect(b'* ')
        person.type(b'last\r')
        person.type(b'/quit\r')
        person.end(0)
    equal(frames[1:], [(0x89, b'are you there'), (0x82, b'\x00\xff'), (0x81, b'/slash'),
                       (0x81, b'last')])
    equal((frames[0][0], len(frames[0][1])), (0x89, 8))


def test_close():
    """/close CODE REASON is what the server gets, and its answer the status."""
    closes = []

    def script(peer):
        peer.upgrade()
        closes.append(peer.read_close())
        peer.frame(0x88, closes[-1])

    with raw_server(script, connections=2) as host:
        with terminal(f'ws://{host}/') as person:
            person.expect(b'Connected')
            person.type(b'/close 3000 so long, and thanks\r')
            assert b'closed with 3000' in person.end(5)
        with terminal(f'ws://{host}/') as person:
            person.expect(b'Connected')
            person.type(b'/close\r')
            person.end(0)
    equal(closes, [struct.pack('!H', 3000) + b'so long, and thanks', struct.pack('!H', 1000)])


def test_server_closes():
    """The server's Close ends it in the middle of a line, and the terminal is as it was."""
    def script(peer):
        peer.upgrade()
        peer.read_frame()
        peer.finish(1001)

    with raw_server(script) as host, terminal(f'ws://{host}/') as person:
        before = subprocess.run(['stty', '-g'], stdin=person.fd, capture_output=True,
                                check=True).stdout
        person.expect(b'Connected')
        person.type(b'bye\rhalf a li')
        # Read before the end: nobody else has the terminal open then.
        while b'closed with 1001' not in person.seen:
            person.read(time.monotonic() + DEADLINE)
        after = subprocess.run(['stty', '-g'], stdin=person.fd, capture_output=True,
                               check=False).stdout
        person.end(0)
    assert after in (b'', before), (before, after)


def test_interrupt():
    """Ctrl+C closes in order."""
    with demo_server() as url, terminal(f'{url}/echo') as person:
        person.expect(b'Connected')
        person.type(b'half a li')
        person.process.send_signal(signal.SIGINT)
        assert b'closed with 1000' in person.end(0)


def test_no_commands_of_the_peer():
    """A message cannot move the cursor or colour the screen."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'\x1b[31mred\x07\xc2\x9b1m')
        peer.finish()

    with raw_server(script) as host, terminal(f'ws://{host}/') as person:
        person.expect(rb'< \x1b[31mred\x07\u009b1m')
        person.end(0)


if __name__ == '__main__':
    main(globals())
