# SPDX-License-Identifier: GPL-3.0-or-later
"""The two programs under test, each at the other end of a connection of ours."""

import base64
import hashlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading

from end import DEADLINE, End
from wire import short

GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
KEY = re.compile(r'[A-Za-z0-9+/]{22}==')
# duplex-cli(1): how it ends.
CLOSED_NORMALLY, REFUSED, BROKE_PROTOCOL, CLOSED_OTHERWISE = 0, 3, 4, 5


def accept_key(key):
    """Return Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def parse_head(head):
    """Return the first line of an HTTP head, and its fields as {name: [value]}."""
    lines = head.decode('latin-1').split('\r\n')
    fields = {}
    for line in lines[1:]:
        name, colon, value = line.partition(':')
        if not colon or name != name.strip():
            raise AssertionError(f'{line!r} is no header field')
        fields.setdefault(name.lower(), []).append(value.strip(' \t'))
    return lines[0], fields


def only(fields, name):
    """Return the value of a field that must stand exactly once."""
    values = fields.get(name, [])
    if len(values) != 1:
        raise AssertionError(f'{name}: {values}, not one')
    return values[0]


def has_token(fields, name, token):
    """Whether a comma-separated list of that name has the token, in any case."""
    return token in [part.strip().lower() for value in fields.get(name, [])
                     for part in value.split(',')]


def peak_memory(pid):
    """Return the most resident memory that a process has had, in bytes."""
    status = pathlib.Path(f'/proc/{pid}/status').read_text(encoding='ascii')
    return int(re.search(r'^VmHWM:\s+(\d+) kB', status, re.M)[1]) << 10


def check_request(line, fields):
    """Insist on an opening handshake as RFC 6455 §4.1 has it; return the key."""
    if not re.fullmatch(r'GET /\S* HTTP/1\.1', line):
        raise AssertionError(f'the request begins with {line!r}')
    only(fields, 'host')
    if only(fields, 'upgrade').lower() != 'websocket':
        raise AssertionError(f'Upgrade: {fields["upgrade"]}')
    if not has_token(fields, 'connection', 'upgrade'):
        raise AssertionError(f'Connection: {fields.get("connection")}')
    if only(fields, 'sec-websocket-version') != '13':
        raise AssertionError(f'Sec-WebSocket-Version: {fields["sec-websocket-version"]}')
    key = only(fields, 'sec-websocket-key')
    if not KEY.fullmatch(key):
        raise AssertionError(f'Sec-WebSocket-Key: {key!r}')
    return key


class Client:
    """duplex-cli connect, to which we are the server."""

    name = 'client'
    through = None

    def __init__(self, cli, args=('--echo',), env=None):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.listener.settimeout(DEADLINE)
        self.port = self.listener.getsockname()[1]
        self.end = None
        self.line, self.fields = '', {}
        self.args = args
        self.process = subprocess.Popen(
            [cli, 'connect', *args, f'ws://127.0.0.1:{self.port}/path?query=1'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})})

    @property
    def pid(self):
        """The process."""
        return self.process.pid

    def accept(self):
        """Take the connection and read the request."""
        connection, _address = self.listener.accept()
        self.end = End(connection, masks=False)
        self.line, self.fields = parse_head(self.end.read_head())
        return check_request(self.line, self.fields)

    def answer(self, key, *more):
        """Return the bytes of a 101 response with more fields."""
        return '\r\n'.join(['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket',
                            'Connection: Upgrade', f'Sec-WebSocket-Accept: {accept_key(key)}',
                            *more, '', '']).encode()

    def open(self, offer=None, answer=None, inflater=None):
        """Connect. answer: our Sec-WebSocket-Extensions."""
        del offer       # is the program's
        key = self.accept()
        more = [f'Sec-WebSocket-Extensions: {answer}'] if answer else []
        self.end.reader.inflater = inflater
        self.end.send([self.answer(key, *more)])
        return self.end

    def finish(self, status):
        """End TCP, and see how the program ends."""
        self.end.socket.close()
        try:
            out, err = self.process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError('the program does not end') from error
        err = err.decode()
        if status is not None and self.process.returncode != status:
            raise AssertionError(f'exit status {self.process.returncode}, not {status}; '
                                 f'stderr: {err!r}')
        strange = [line for line in err.splitlines() if not line.startswith('duplex-cli: ')]
        if (out and '--echo' in self.args) or strange or (status == 0) != (err == ''):
            raise AssertionError(f'exit status {self.process.returncode}, stdout: {short(out)}, '
                                 f'stderr: {err!r}')

    def free(self):
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.listener.close()
        if self.end is not None:
            self.end.socket.close()


class Server:
    """duplex-cli serve, which lives through many cases."""

    def __init__(self, cli):
        self.start([cli, 'serve', '--port', '0'], r'listening on ws://127\.0\.0\.1:(\d+)/\n')

    def start(self, command, greeting):
        """Run a command whose first line matches greeting, which has the port."""
        self.complaints = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.complaints)
        timer = threading.Timer(DEADLINE, self.process.kill)
        timer.start()
        line = self.process.stdout.readline().decode()
        timer.cancel()
        match = re.fullmatch(greeting, line)
        if not match:
            raise AssertionError(f'the server says {line!r}')
        self.port = int(match[1])

    def sift(self, text):
        """Return what of its stderr is a complaint."""
        return text

    def stop(self):
        """End it; it must have lived until now, and must not complain."""
        alive = self.process.poll() is None
        if alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        self.complaints.seek(0)
        text = self.sift(self.complaints.read().decode())
        self.complaints.close()
        if not alive or status != 0 or text:
            raise AssertionError(f'the server ended with {status}, '
                                 f'{"" if alive else "before it was told to, "}and said {text!r}')


class Visit:
    """A connection to /echo of a Server, to which we are the client."""

    name = 'server'
    through = None      # or 'relay'

    def __init__(self, server, target='/echo'):
        self.server, self.target = server, target
        connection = socket.create_connection(('127.0.0.1', server.port), DEADLINE)
        self.end = End(connection, masks=True)
        self.line, self.fields = '', {}

    @property
    def pid(self):
        """The process."""
        return self.server.process.pid

    def retarget(self, request):
        """Return the bytes of a request for /echo as this way to the server has them."""
        return request

    def request(self, *more, key='AAECAwQFBgcICQoLDA0ODw=='):
        """Return the bytes of a request with more fields."""
        return '\r\n'.join([f'GET {self.target} HTTP/1.1', f'Host: 127.0.0.1:{self.server.port}',
                            'Upgrade: websocket', 'Connection: Upgrade',
                            f'Sec-WebSocket-Key: {key}', 'Sec-WebSocket-Version: 13',
                            *more, '', '']).encode()

    def check_response(self, key='AAECAwQFBgcICQoLDA0ODw=='):
        """Read the response and insist on what RFC 6455 §4.2.2 has in it."""
        self.line, self.fields = parse_head(self.end.read_head())
        if not self.line.startswith('HTTP/1.1 101'):
            raise AssertionError(f'the response begins with {self.line!r}')
        if only(self.fields, 'upgrade').lower() != 'websocket' or \
                not has_token(self.fields, 'connection', 'upgrade'):
            raise AssertionError(f'the response is {self.fields}')
        if only(self.fields, 'sec-websocket-accept') != accept_key(key):
            raise AssertionError(f'Sec-WebSocket-Accept: {self.fields["sec-websocket-accept"]}')

    def open(self, offer=None, answer=None, inflater=None):
        """Connect. offer: our Sec-WebSocket-Extensions."""
        del answer      # is the program's
        self.end.reader.inflater = inflater
        self.end.send([self.request(*([f'Sec-WebSocket-Extensions: {offer}'] if offer else []))])
        self.check_response()
        return self.end

    def finish(self, status):
        """End TCP; the server must still be there."""
        del status
        self.end.socket.close()
        if self.server.process.poll() is not None:
            raise AssertionError(f'the server has ended with {self.server.process.returncode}')

    def free(self):
        """Leave nothing behind."""
        self.end.socket.close()

