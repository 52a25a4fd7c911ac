# SPDX-License-Identifier: GPL-3.0-or-later
"""What the relay's tests share: the relay as a process, ends of connections down to the byte, and
a runner that prints TAP. Everything is on loopback and has a deadline."""

import asyncio
import base64
import contextlib
import hashlib
import os
import socket
import struct
import sys
import tempfile
import time
import traceback

DEADLINE = 30
KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MASK = b'\x11\x22\x33\x44'


@contextlib.contextmanager
def token_options(*more):
    """Yield the options of a relay that wants its token as a message."""
    with tempfile.NamedTemporaryFile('w') as file:
        file.write('s3cret\n')
        file.flush()
        yield ('--token-file', file.name, '--token-message', *more)


class Relay:
    """A duplex-relay on a port of its own."""

    def __init__(self, process, url):
        self.process = process
        self.url = url
        self.host, self.port = url.split('/')[2].rsplit(':', 1)
        self.port = int(self.port)
        self.log = b''
        self.reader = asyncio.create_task(self.read_log())

    async def read_log(self):
        """Keep what the relay says on stderr, where that is ours to read."""
        if self.process.stderr is None:
            return
        while chunk := await self.process.stderr.read(65536):
            self.log += chunk

    def to(self, backend):
        """Return the URL that reaches a backend through the relay."""
        return f'{self.url}?backend={backend}'

    async def until_logged(self, text):
        """Wait for a line that has text, and return it."""
        while True:
            for line in self.log.decode().splitlines(keepends=True):
                if text in line and line.endswith('\n'):
                    return line
            await asyncio.sleep(0.01)

    def memory(self, field):
        """Return a line of /proc/PID/status in bytes."""
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as status:
            line = next(line for line in status if line.startswith(field + ':'))
        return int(line.split()[1]) * 1024

    def is_sanitized(self):
        """Whether memory says nothing, since a sanitizer keeps what was freed, or notes of it."""
        with open(f'/proc/{self.process.pid}/maps', encoding='ascii') as maps:
            text = maps.read()
            return 'libasan' in text or 'libtsan' in text

    def descriptors(self):
        """Return how many descriptors the relay has open."""
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    async def until_descriptors(self, wanted):
        """Wait until no more than so many descriptors are open."""
        end = time.monotonic() + 8
        while self.descriptors() > wanted:
            assert time.monotonic() < end, f'{self.descriptors()} descriptors, not {wanted}'
            await asyncio.sleep(0.01)

    async def sample(self, name):
        """Return a sample of /metrics; name is without the prefix, and with its labels."""
        text = await ask(self, b'GET /metrics HTTP/1.1\r\nHost: relay\r\n\r\n')
        line = next(line for line in text.splitlines() if line.startswith(f'duplex_relay_{name} '))
        return float(line.rsplit(' ', 1)[1])

    async def until_sample(self, name, wanted):
        """Wait until a sample of /metrics has a value."""
        end = time.monotonic() + 8
        while (seen := await self.sample(name)) != wanted:
            assert time.monotonic() < end, f'{name} is {seen}, not {wanted}'
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(*options, under=(), host='127.0.0.1', stderr=asyncio.subprocess.PIPE):
    """Run a relay, maybe under another program, and with a descriptor for its log; at the end it
    must leave of its own accord, without a complaint."""
    process = await asyncio.create_subprocess_exec(
        *under, sys.argv[1], '--listen', f'{host}:0', *options,
        stdout=asyncio.subprocess.PIPE, stderr=stderr)
    line = (await process.stdout.readline()).decode()
    assert line.startswith((f'listening on ws://{host}:', f'listening on wss://{host}:')), line
    relay = Relay(process, line.split()[-1])
    try:
        yield relay
    finally:
        if process.returncode is None:
            process.terminate()
        status = await process.wait()
        await relay.reader
    assert status == 0, f'exit status {status}: {relay.log.decode()}'
    assert b'CRITICAL' not in relay.log and b'WARNING' not in relay.log, relay.log.decode()


async def call(*arguments):
    """Run the relay to its end and return (exit status, stdout, stderr)."""
    process = await asyncio.create_subprocess_exec(
        sys.argv[1], *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def apply_mask(payload, mask):
    """Return payload masked, or unmasked; as one large number, since bytes one by one are slow."""
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], 'big')
    return (int.from_bytes(payload, 'big') ^ key).to_bytes(size, 'big')


def frame(opcode, payload=b'', *, fin=True, mask=MASK, length=None):
    """Return a frame; a length that is not payload's is a promise that is not kept."""
    length = len(payload) if length is None else length
    head = bytes([opcode | (0x80 if fin else 0)])
    bit = 0x80 if mask else 0
    if length < 126:
        head += bytes([length | bit])
    elif length < 65536:
        head += struct.pack('>BH', 126 | bit, length)
    else:
        head += struct.pack('>BQ', 127 | bit, length)
    if mask:
        head += mask
        payload = apply_mask(payload, mask)
    return head + payload


def close_body(code, reason=''):
    """Return the payload of a Close."""
    return struct.pack('>H', code) + reason.encode()


def request(target, *fields, key=KEY):
    """Return the bytes of an upgrade."""
    lines = [f'GET {target} HTTP/1.1', 'Host: relay', 'Connection: Upgrade', 'Upgrade: websocket',
             f'Sec-WebSocket-Key: {key}', 'Sec-WebSocket-Version: 13', *fields, '', '']
    return '\r\n'.join(lines).encode()


class End:
    """One end of a connection, as bytes and frames."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.head = ''

    async def read_head(self):
        """Read an HTTP head."""
        self.head = (await self.reader.readuntil(b'\r\n\r\n')).decode()
        return self.head

    def write(self, data):
        """Send bytes."""
        self.writer.write(data)

    async def read_frame(self):
        """Return (fin, opcode, payload, masked)."""
        first, second = await self.reader.readexactly(2)
        length = second & 0x7f
        if length == 126:
            length = struct.unpack('>H', await self.reader.readexactly(2))[0]
        elif length == 127:
            length = struct.unpack('>Q', await self.reader.readexactly(8))[0]
        mask = await self.reader.readexactly(4) if second & 0x80 else None
        payload = await self.reader.readexactly(length)
        if mask:
            payload = apply_mask(payload, mask)
        return bool(first & 0x80), first & 0x0f, payload, mask is not None

    async def read_message(self):
        """Return (opcode, payload) of a message or a control frame outside of messages."""
        fin, opcode, payload, _masked = await self.read_frame()
        while not fin:
            fin, more, part, _masked = await self.read_frame()
            assert more == 0, more
            payload += part
        return opcode, payload

    async def read_close(self):
        """Return (code, reason) of the next frame, which must be a Close."""
        opcode, payload = await self.read_message()
        assert opcode == CLOSE, (opcode, payload[:80])
        if not payload:
            return 1005, ''
        return struct.unpack('>H', payload[:2])[0], payload[2:].decode()

    async def read_all(self):
        """Return all frames up to a Close, as (fin, opcode, payload), and its code."""
        frames = []
        while True:
            fin, opcode, payload, _masked = await self.read_frame()
            if opcode == CLOSE:
                return frames, struct.unpack('>H', payload[:2])[0] if payload else 1005
            frames.append((fin, opcode, payload))

    async def read_end(self):
        """Wait until the peer ends, and return what came before. A reset is an end, too."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b''

    def end(self):
        """End without a word."""
        self.writer.close()

    def half_close(self):
        """End what is sent, and go on reading."""
        self.writer.write_eof()

    def reset(self):
        """End at once; the peer sees a reset where something was unread."""
        self.writer.transport.abort()

    def abort(self):
        """End with a RST in any case."""
        self.writer.get_extra_info('socket').setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.writer.transport.abort()


async def connect(relay, backend=None, *fields, more=b'', tls=None, local=None, target=None):
    """Upgrade at the relay, with frames behind the request; the 101 is read."""
    end = End(*await asyncio.open_connection(relay.host, relay.port, ssl=tls, local_addr=local))
    if target is None:
        target = '/api/websocket' + ('?backend=' if backend is not None else '')
    end.write(request(target + (backend or ''), *fields) + more)
    head = await end.read_head()
    assert head.startswith('HTTP/1.1 101 '), head
    return end


async def ask(relay, data):
    """Send bytes and return the whole response."""
    end = End(*await asyncio.open_connection(relay.host, relay.port))
    end.write(data)
    answer = (await end.read_end()).decode(errors='replace')
    end.end()
    return answer


class Backend:
    """A server that upgrades and then hands out the connection; more goes behind the 101."""

    def __init__(self, more=b'', fields='', tls=None, host='127.0.0.1'):
        self.more, self.fields, self.tls, self.host = more, fields, tls, host
        self.accepted = asyncio.Queue()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, self.host, 0, ssl=self.tls)
        port = self.server.sockets[0].getsockname()[1]
        self.url = f'{"wss" if self.tls else "ws"}://{self.host}:{port}'
        return self

    async def __aexit__(self, *_error):
        self.server.close()

    @staticmethod
    def answer(key, fields=''):
        """Return the 101 to a request with that key."""
        accept = hashlib.sha1(key.encode() + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest()
        return (b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
                b'Connection: Upgrade\r\nSec-WebSocket-Accept: ' + base64.b64encode(accept) +
                f'\r\n{fields}\r\n'.encode())

    async def serve(self, reader, writer):
        """Upgrade one connection."""
        end = End(reader, writer)
        head = await end.read_head()
        key = next(line.split(': ')[1] for line in head.split('\r\n')
                   if line.lower().startswith('sec-websocket-key'))
        end.write(self.answer(key, self.fields) + self.more)
        await self.accepted.put(end)


@contextlib.asynccontextmanager
async def pair(relay, *fields, more=b'', backend_more=b''):
    """Yield a client and its backend, through the relay, as bytes."""
    async with Backend(backend_more) as backend:
        client = await connect(relay, backend.url, *fields, more=more)
        end = await backend.accepted.get()
        yield client, end
        client.reset()
        end.reset()


def run(tests, deadline=DEADLINE):
    """Run test functions, each on its own, and print TAP."""
    print(f'1..{len(tests)}', flush=True)
    failed = False
    for number, test in enumerate(tests, 1):
        start = time.monotonic()
        try:
            asyncio.run(asyncio.wait_for(test(), deadline))
            result = 'ok'
        except Exception:   # whatever it is, the test has failed
            print('# ' + traceback.format_exc().replace('\n', '\n# '))
            result, failed = 'not ok', True
        print(f'{result} {number} - {test.__doc__} ({time.monotonic() - start:.1f} s)', flush=True)
    sys.exit(failed)
