# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of duplex-cli share: TAP, the program, servers that end with the test.

A test is a function of the module whose name begins with test_; its docstring is its name. Nothing
waits without a deadline.
"""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback

# build-aux/test sets these for the sanitizers, under which all is slower and takes more memory.
SANITIZED = 'ASAN_OPTIONS' in os.environ
DEADLINE = 120 if SANITIZED else 30
TESTS = pathlib.Path(__file__).resolve().parent.parent
CLI = sys.argv[1] if len(sys.argv) > 1 else 'duplex-cli'


class Skip(Exception):
    """Raised by a test that cannot be done here; the text says why."""


def main(module):
    """Run the tests of a module's dictionary and print TAP."""
    tests = [value for name, value in module.items() if name.startswith('test_')]
    print(f'1..{len(tests)}')
    failed = False
    for number, test in enumerate(tests, 1):
        name = test.__doc__.splitlines()[0]
        try:
            test()
            print(f'ok {number} - {name}', flush=True)
        except Skip as reason:
            print(f'ok {number} - {name} # SKIP {reason}', flush=True)
        except BaseException:     # pylint: disable=broad-except
            failed = True
            print(f'not ok {number} - {name}')
            for line in traceback.format_exc().splitlines():
                print(f'# {line}', flush=True)
    sys.exit(1 if failed else 0)


def equal(seen, expected):
    """Fail with both values where they differ."""
    if seen != expected:
        raise AssertionError(f'{seen!r:.2000}\n  is not\n{expected!r:.2000}')


def cli(*args, stdin=b'', timeout=DEADLINE, env=None):
    """Run duplex-cli to its end."""
    return subprocess.run([CLI, *map(str, args)], input=stdin, capture_output=True,
                          timeout=timeout, check=False, env={**os.environ, **(env or {})})


def ends(result, status, stdout=None, stderr=''):
    """Check how it ended. stderr: a part of its only line, or '' for silence."""
    text = result.stderr.decode()
    if result.returncode != status or (stderr == '') != (text == '') or stderr not in text \
            or text.count('\n') > 1:
        raise AssertionError(f'exit {result.returncode}, not {status}; stderr: {text!r}, '
                             f'not {stderr!r}; stdout: {result.stdout[:500]!r}')
    if stdout is not None:
        equal(result.stdout, stdout)


def events(output):
    """Return the objects of JSON Lines."""
    return [json.loads(line) for line in output.decode().splitlines()]


class Measured:
    """duplex-cli, whose output is read in pieces while its memory is watched.

    The process's own account would begin with the memory of this one.
    """

    def __init__(self, *args):
        self.process = subprocess.Popen([CLI, *map(str, args)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE)
        self.most = 0             # bytes of resident memory
        self.timer = threading.Timer(10 * DEADLINE, self.process.kill)

    def pieces(self):
        """Yield its output; at the end it must have ended well."""
        self.timer.start()
        try:
            while piece := self.process.stdout.read1(1 << 20):
                self.measure()
                yield piece
            equal(self.process.wait(), 0)
        finally:
            self.timer.cancel()
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def measure(self):
        """Look at the most that it has had so far."""
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text(encoding='ascii')
        for line in status.splitlines():
            if line.startswith('VmHWM:'):
                self.most = max(self.most, int(line.split()[1]) << 10)


@contextlib.contextmanager
def running(*args, timeout=DEADLINE, **options):
    """Start duplex-cli, and see to its end."""
    process = subprocess.Popen([CLI, *map(str, args)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    timer = threading.Timer(timeout, process.kill)
    timer.start()
    try:
        yield process
    finally:
        timer.cancel()
        process.kill()
        process.communicate()


@contextlib.contextmanager
def demo_server():
    """Run duplex-cli serve; the value is its URL, without the last slash."""
    with running('serve', '--port', '0') as process:
        words = process.stdout.readline().decode().split()
        equal(words[:2], ['listening', 'on'])
        yield words[2].rstrip('/')


@contextlib.contextmanager
def interop_server(name, certificates=None):
    """Run a server of tests/interop; the value is {port name: number}."""
    args = [str(TESTS / 'interop' / name)] + ([str(certificates)] if certificates else [])
    if name.endswith('.py'):
        args.insert(0, '/usr/bin/python3')
    with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        timer = threading.Timer(4 * DEADLINE, process.kill)
        timer.start()
        try:
            words = process.stdout.readline().decode().split()
            if words[:1] != ['ready']:
                if 'CI' in os.environ or 'DUPLEX_REQUIRE_INTEROP' in os.environ:
                    raise AssertionError(f'{name} says {words}')
                raise Skip(' '.join(words) or f'{name} does not start')
            yield {key: int(port) for key, port in (word.split('=') for word in words[1:])}
        finally:
            timer.cancel()
            process.kill()


@contextlib.contextmanager
def folder():
    """A folder that goes with the test."""
    with tempfile.TemporaryDirectory(prefix='duplex-cli.') as path:
        yield pathlib.Path(path)


# ---- a server that says any bytes ----

class Peer:
    """The server's end of a connection: a few bytes at a time."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(DEADLINE)
        self.buffer = b''
        self.request = b''

    def read(self, size):
        """Return exactly size bytes."""
        while len(self.buffer) < size:
            chunk = self.socket.recv(1 << 16)
            if not chunk:
                raise EOFError
            self.buffer += chunk
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_head(self):
        """Read an HTTP head."""
        while b'\r\n\r\n' not in self.buffer:
            chunk = self.socket.recv(1 << 16)
            if not chunk:
                raise EOFError
            self.buffer += chunk
        self.request, self.buffer = self.buffer.split(b'\r\n\r\n', 1)
        return self.request.decode()

    def upgrade(self, more='', then=b''):
        """Accept the upgrade, with more fields; then are bytes that come with the response.

        Return the head of the request.
        """
        head = self.read_head()
        key = next(line.split(': ')[1] for line in head.split('\r\n')
                   if line.lower().startswith('sec-websocket-key:'))
        accept = base64.b64encode(hashlib.sha1(
            (key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()).decode()
        self.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
                   f'Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{more}\r\n'.encode()
                   + then)
        return head

    def write(self, data):
        """Write all of data."""
        self.socket.sendall(data)

    def frame(self, first, payload=b''):
        """Write an unmasked frame; first is its first byte."""
        size = len(payload)
        if size < 126:
            head = struct.pack('!BB', first, size)
        elif size < 65536:
            head = struct.pack('!BBH', first, 126, size)
        else:
            head = struct.pack('!BBQ', first, 127, size)
        self.write(head + payload)

    def read_frame(self):
        """Return the first byte of a frame and its payload, unmasked."""
        first, second = self.read(2)
        size = second & 0x7f
        if size == 126:
            size, = struct.unpack('!H', self.read(2))
        elif size == 127:
            size, = struct.unpack('!Q', self.read(8))
        mask = self.read(4)
        masked = self.read(size)
        whole = int.from_bytes(masked, 'big') ^ int.from_bytes(
            (mask * (size // 4 + 1))[:size], 'big')
        return first, whole.to_bytes(size, 'big')

    def finish(self, code=1000):
        """Close, and read to the end; return the payload of the client's Close."""
        self.frame(0x88, struct.pack('!H', code))
        return self.read_close()

    def read_close(self):
        """Read to the client's Close and return its payload."""
        while True:
            first, payload = self.read_frame()
            if first == 0x88:
                return payload


@contextlib.contextmanager
def raw_server(script, connections=1):
    """Run script (peer) for each of so many connections; the value is the host and port.

    What the script raises fails the test.
    """
    problems = []

    def serve(listener):
        for _ in range(connections):
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    script(Peer(connection))
                except BaseException:     # pylint: disable=broad-except
                    problems.append(traceback.format_exc())

    with socket.create_server(('127.0.0.1', 0)) as listener:
        listener.settimeout(DEADLINE)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f'127.0.0.1:{listener.getsockname()[1]}'
        thread.join(DEADLINE)
        if thread.is_alive():
            problems.append('the script of the server goes on')
    if problems:
        raise AssertionError(''.join(problems))
