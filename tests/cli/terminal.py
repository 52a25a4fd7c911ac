# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a terminal that duplex-cli connect runs in."""

import contextlib
import os
import pty
import re
import select
import subprocess
import time

from support import CLI, DEADLINE, equal

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
def terminal(*args, stdin=None, env=None):
    """Run duplex-cli connect in a terminal of 80 columns."""
    controller, user = pty.openpty()
    process = subprocess.Popen(
        [CLI, 'connect', *map(str, args)], stdin=user if stdin is None else stdin, stdout=user,
        stderr=user, start_new_session=True,
        env={**os.environ, 'TERM': 'xterm', 'COLUMNS': '80', 'INPUTRC': '/dev/null',
             **(env or {})},
        preexec_fn=lambda: os.system('stty cols 80 rows 24'))
    os.close(user)
    try:
        yield Terminal(controller, process)
    finally:
        process.kill()
        process.wait()
        os.close(controller)
