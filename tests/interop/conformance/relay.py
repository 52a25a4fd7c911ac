# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-relay before a server: the cases of servers, once more from behind it."""

import json
import pathlib
import re
import subprocess
import threading
import urllib.parse

from end import DEADLINE
from programs import Server, Visit

# A line of its log, which is no complaint.
LOGGED = re.compile(r'[0-9T:.-]+Z \w+( \S+=.*)?\n')
ECHO = re.compile(rb'/echo(\?[^ ]*)?')


class Relay(Server):
    """A relay, which lives through many cases, before a backend that echoes at /echo."""

    def __init__(self, relay, backend):
        self.backend = backend
        self.start([relay, '--listen', '127.0.0.1:0', '--no-status'],
                   r'listening on ws://127\.0\.0\.1:(\d+)/api/websocket\n')

    def sift(self, text):
        return ''.join(line for line in text.splitlines(keepends=True)
                       if not LOGGED.fullmatch(line))

    def target(self, query=''):
        """Return what a client asks the relay for, to reach the backend."""
        url = f'ws://127.0.0.1:{self.backend.port}/echo{query}'
        return '/api/websocket?backend=' + urllib.parse.quote(url, safe='')


class Passage(Visit):
    """A connection through a Relay to its backend."""

    def __init__(self, relay):
        super().__init__(relay, relay.target())
        self.through = 'relay'

    def retarget(self, request):
        """Return a request of a case with another target in its first line."""
        return ECHO.sub(lambda match: self.server.target((match[1] or b'').decode()).encode(),
                        request, count=1)


class Foreign:
    """An echo server made of npm's `ws`, which compresses. port is None where there is no `ws`."""

    def __init__(self):
        script = pathlib.Path(__file__).parent.parent / 'ws-deflate.mjs'
        self.port = None
        try:
            self.process = subprocess.Popen(['node', script, 'serve', json.dumps({})],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except FileNotFoundError:
            self.process = None
            return
        timer = threading.Timer(DEADLINE, self.process.kill)
        timer.start()
        line = self.process.stdout.readline().decode()
        timer.cancel()
        if match := re.fullmatch(r'ready (\d+)\n', line):
            self.port = int(match[1])
        elif line != 'missing ws\n':
            raise AssertionError(f'the server says {line!r}')
        # It reports each connection, and must not have to wait for somebody who reads that.
        self.reader = threading.Thread(target=self.process.stdout.read)
        self.reader.start()

    def stop(self):
        """End it."""
        if self.process is None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(DEADLINE)
        finally:
            self.process.kill()
            self.reader.join()
            self.process.stdout.close()
