#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-peers.py RELAY: the relay between clients and backends that others wrote.

Clients are python3-websockets, npm's ws, wscat and curl, backends those of tests/interop. What is
not installed is skipped, unless CI or DUPLEX_REQUIRE_INTEROP is set.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import sys

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    DEADLINE, Backend, connect, run, running)

HERE = pathlib.Path(__file__).resolve().parent
INTEROP = HERE.parent / 'interop'
NODE = shutil.which('node') or shutil.which('nodejs')
STRICT = 'CI' in os.environ or 'DUPLEX_REQUIRE_INTEROP' in os.environ
SIZES = (0, 125, 126, 65535, 65536, 16 * 1024 * 1024)
MISSING = 77

try:
    import websockets
except ModuleNotFoundError:
    websockets = None


def pattern(size):
    """Return bytes that count modulo 251, as those of tests/interop do."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def text_pattern(size):
    """Return the text that the backends' /sizes sends."""
    return (bytes(0x20 + i for i in range(89)) * (size // 89 + 1))[:size]


def digest(kind, data):
    """Return what is compared of a message."""
    return [kind, len(data), hashlib.sha1(data).hexdigest()]


def text(data):
    """Return digest() of a text."""
    return digest('text', data.encode())


class Missing(Exception):
    """A library is not installed."""


class PythonClient:
    """A client of python3-websockets."""

    def __init__(self, url, subprotocols):
        self.url, self.subprotocols = url, subprotocols
        self.socket = None

    async def __aenter__(self):
        self.socket = await websockets.connect(
            self.url, max_size=None, subprotocols=self.subprotocols or None)
        return self

    async def __aexit__(self, *_error):
        await self.socket.close()

    def subprotocol(self):
        """Return the one that was chosen."""
        return self.socket.subprotocol or ''

    async def send(self, kind, value):
        """Send a text, or so many bytes."""
        await self.socket.send(value if kind == 'text' else pattern(value))

    async def receive(self):
        """Return digest() of the next message."""
        message = await self.socket.recv()
        return text(message) if isinstance(message, str) else digest('binary', message)

    async def ping(self, payload):
        """Ping, and wait for the pong."""
        await (await self.socket.ping(payload))

    async def close(self, code, reason):
        """Close."""
        await self.socket.close(code, reason)

    async def closed(self):
        """Return code and reason of the Close that came."""
        await self.socket.wait_closed()
        return [self.socket.close_code, self.socket.close_reason]


class NodeClient:
    """A client of npm's ws, in a process."""

    def __init__(self, url, subprotocols):
        self.arguments = [NODE, HERE / 'ws-client.mjs', url, *subprotocols]
        self.process = None
        self.chosen = None

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        self.chosen = await self.wait('open')
        return self

    async def __aexit__(self, *_error):
        self.process.stdin.close()
        await self.process.wait()

    async def wait(self, name):
        """Return the next report of that name; pings may come at any time."""
        while True:
            line = await self.process.stdout.readline()
            if not line and await self.process.wait() == MISSING:
                raise Missing('ws')
            report = json.loads(line)
            if name in report:
                return report[name]
            assert 'ping' in report, report

    def command(self, **what):
        """Have it do something."""
        self.process.stdin.write(json.dumps(what).encode() + b'\n')

    def subprotocol(self):
        """Return the one that was chosen."""
        return self.chosen

    async def send(self, kind, value):
        """Send a text, or so many bytes."""
        self.command(**{kind: value})

    async def receive(self):
        """Return digest() of the next message."""
        return await self.wait('message')

    async def ping(self, payload):
        """Ping, and wait for the pong."""
        self.command(ping=payload)
        assert await self.wait('pong') == payload

    async def close(self, code, reason):
        """Close."""
        self.command(close=[code, reason])

    async def closed(self):
        """Return code and reason of the Close that came."""
        return await self.wait('close')


class Server:
    """A backend of tests/interop."""

    def __init__(self, process, port):
        self.process, self.port = process, port

    def url(self, path):
        """Return the backend parameter for a path."""
        path = path.replace('?', '%3F').replace('&', '%26')
        return f'ws://127.0.0.1:{self.port}{path}'

    async def report(self, prefix):
        """Return the rest of the report that begins so."""
        while line := (await self.process.stdout.readline()).decode():
            if line.startswith(prefix):
                return line[len(prefix):].strip()
        raise EOFError(prefix)


@contextlib.asynccontextmanager
async def serving(kind):
    """Run the backend of that kind."""
    command = [NODE, INTEROP / 'ws-server.mjs'] if kind == 'ws' else [
        '/usr/bin/python3', INTEROP / 'websockets-server.py']
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20)
    line = (await process.stdout.readline()).decode()
    if line.startswith('missing'):
        await process.wait()
        raise Missing(line.strip())
    assert line.startswith('ready plain='), line
    yield Server(process, int(line.split('=')[1]))
    process.stdin.close()
    await process.wait()


async def echo(client):
    """Send messages of all kinds and sizes and get them back."""
    for value in ('hello', '', 'ä€\U0001f469\0', 'x' * 70000):
        await client.send('text', value)
        assert await client.receive() == text(value), value[:20]
    for size in SIZES:
        await client.send('binary', size)
        assert await client.receive() == digest('binary', pattern(size)), size


async def check(relay, server, make):
    """Have one client use one backend through the relay in all ways."""
    def client(path, *subprotocols):
        return make(relay.to(server.url(path)), subprotocols)

    async with client('/echo?id=first') as peer:
        await echo(peer)
        await peer.ping('end to end')
        await peer.close(4321, 'that is äll')
        assert await peer.closed() == [4321, 'that is äll']
    assert await server.report('closed first ') == '4321 that is äll'
    async with client('/sizes') as peer:
        for size in SIZES:
            assert await peer.receive() == digest('text', text_pattern(size)), size
            assert await peer.receive() == digest('binary', pattern(size)), size
    async with client('/fragments/text') as peer:
        assert await peer.receive() == text('one, two, three')
    async with client('/fragments/binary') as peer:
        assert await peer.receive() == digest('binary', pattern(65538))
    async with client('/ping') as peer:
        for size in (0, 14, 125):
            assert await peer.receive() == text(f'pong {size} as sent'), size
    async with client('/close?code=4002&reason=over') as peer:
        assert await peer.closed() == [4002, 'over']
    async with client('/subprotocol?choose=b', 'a', 'b') as peer:
        assert peer.subprotocol() == 'b'
        assert await peer.receive() == text('subprotocol b')


async def check_failures(relay, make):
    """Have one client see the relay's own messages."""
    for backend, error, code, reason in (
            ('', 'Backend URL required', 1008, 'Backend URL required'),
            ('ws://127.0.0.1:1', None, 1011, 'Backend connection failed'),
            ('ws://192.0.2.1', None, 1008, 'Backend not allowed')):
        async with make(relay.to(backend), ['a', 'b']) as peer:
            assert peer.subprotocol() == 'a'
            message = await peer.receive()
            if error is not None:
                assert message == text(json.dumps({'error': error}, separators=(',', ':')))
            assert await peer.closed() == [code, reason]


def matrix(client, backend):
    """Return the test of a client with a backend."""
    async def test():
        make = {'ws': NodeClient, 'websockets': PythonClient}[client]
        async with serving(backend) as server:
            async with running('--no-status') as relay:
                await asyncio.wait_for(check(relay, server, make), DEADLINE)
                await check_failures(relay, make)
    test.__doc__ = f'{client} reaches {backend} through the relay'
    return test


async def status():
    """Both libraries get the status message first."""
    async with serving('websockets') as server, running() as relay:
        for make in (PythonClient, NodeClient):
            async with make(relay.to(server.url('/echo')), []) as peer:
                url = server.url('/echo')
                assert await peer.receive() == text(f'{{"status":"connected","backend":"{url}"}}')


async def deflate():
    """Compression is agreed on end to end, with whatever parameters, and nothing is inflated."""
    word = '"a quite compressible text" ' * 4000
    for wanted, expected in (
            ({}, 'permessage-deflate'),
            ({'serverNoContextTakeover': True, 'serverMaxWindowBits': 10},
             'permessage-deflate; server_no_context_takeover; server_max_window_bits=10'),
            ({'clientMaxWindowBits': 9, 'clientNoContextTakeover': True},
             'permessage-deflate; client_no_context_takeover; client_max_window_bits=9')):
        process = await asyncio.create_subprocess_exec(
            NODE, HERE / 'ws-echo.mjs', json.dumps(wanted),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        port = (await process.stdout.readline()).decode().strip()
        if not port:
            raise Missing('ws')
        async with running('--no-status') as relay:
            # The parameters that the client sees are those that the server said.
            end = await connect(relay, f'ws://127.0.0.1:{port}/', 'Sec-WebSocket-Extensions: '
                                'permessage-deflate; client_max_window_bits')
            seen = re.search(r'(?i)sec-websocket-extensions: (.*)\r', end.head)[1]
            assert set(seen.split('; ')) == set(expected.split('; ')), seen
            end.reset()
            for number, make in enumerate((NodeClient, PythonClient), 2):
                async with make(relay.to(f'ws://127.0.0.1:{port}/'), []) as peer:
                    for _ in range(3):
                        await peer.send('text', word)
                        assert await peer.receive() == text(word)
                    await peer.close(1000, '')
                    await peer.closed()
                line = await relay.until_logged(f'closed connection={number} ')
                for name in ('bytes_up', 'bytes_down'):
                    assert int(re.search(rf' {name}=(\d+)', line)[1]) < len(word) // 10, line
        process.stdin.close()
        await process.wait()


async def curl():
    """The specification's curl line, on the relay's path."""
    if shutil.which('curl') is None:
        raise Missing('curl')
    async with running() as relay, Backend() as backend:
        for query, expected in (('', b'{"error":"Backend URL required"}'),
                                (f'?backend={backend.url}', b'"status":"connected"')):
            process = await asyncio.create_subprocess_exec(
                'curl', '-s', '-i', '-N', '-H', 'Connection: Upgrade', '-H', 'Upgrade: websocket',
                '-H', 'Sec-WebSocket-Key: dGVzdA==', '-H', 'Sec-WebSocket-Version: 13',
                relay.url.replace('ws:', 'http:') + query, stdout=asyncio.subprocess.PIPE)
            seen = b''
            while expected not in seen:
                chunk = await process.stdout.read(4096)
                assert chunk, seen
                seen += chunk
            assert seen.startswith(b'HTTP/1.1 101 Switching Protocols\r\n'), seen
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def wscat():
    """wscat, as the specification has it."""
    folder = pathlib.Path(os.environ.get('NODE_PATH', ''))
    script = folder / 'wscat' / 'bin' / 'wscat'
    if NODE is None or not script.exists():
        raise Missing('wscat')
    async with serving('ws') as server, running() as relay:
        process = await asyncio.create_subprocess_exec(
            NODE, script, '-c', relay.to(server.url('/echo')), '-x', 'hello', '-w', '1',
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        out, _err = await process.communicate()
        assert b'"status":"connected"' in out and b'hello' in out, out


def skipping(test):
    """Return the test, skipped where something is missing."""
    async def wrapper():
        try:
            await test()
        except Missing as error:
            if STRICT:
                raise
            wrapper.__doc__ = f'{test.__doc__} # SKIP {error}'
    wrapper.__doc__ = test.__doc__
    return wrapper


if __name__ == '__main__':
    if websockets is None or NODE is None:
        if STRICT:
            sys.exit('python3-websockets and node are needed')
        print('1..0 # SKIP python3-websockets or node')
        sys.exit(0)
    run([skipping(test) for test in (
        *(matrix(client, backend) for client in ('websockets', 'ws')
          for backend in ('websockets', 'ws')), status, deflate, curl, wscat)])
