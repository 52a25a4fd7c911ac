#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-balancers.py RELAY: several relays that share nothing, behind HAProxy and behind nginx.

Both run with the very configuration of data/relay that the manual points at; only addresses are
others. What is not installed is skipped, unless CI or DUPLEX_REQUIRE_INTEROP is set.
"""

import asyncio
import contextlib
import os
import pathlib
import shutil
import socket
import sys
import tempfile

sys.dont_write_bytecode = True
from relaylib import (CLOSE, KEY, TEXT, Backend, End, ask, close_body,   # noqa: E402
                      connect, frame, request, run, running)    # pylint: disable=C0413

CONFIGURATIONS = pathlib.Path(__file__).resolve().parents[2] / 'data/relay'
STRICT = 'CI' in os.environ or 'DUPLEX_REQUIRE_INTEROP' in os.environ
CLIENTS = 20
PER_ADDRESS = 100       # of both configurations
ORIGIN = 'https://app.example'


class Balancer:
    """A process that listens at a port: what connect() and ask() need of a relay."""

    def __init__(self, port):
        self.host, self.port = '127.0.0.1', port


class Echo(Backend):
    """A backend that sends everything back, Close included."""

    async def __aenter__(self):
        await super().__aenter__()
        self.task = asyncio.create_task(self.take())
        self.echoes = set()
        return self

    async def __aexit__(self, *error):
        self.task.cancel()
        for echo in self.echoes:
            echo.cancel()
        await super().__aexit__(*error)

    async def take(self):
        """Serve whoever comes."""
        while True:
            self.echoes.add(asyncio.create_task(self.echo(await self.accepted.get())))

    @staticmethod
    async def echo(end):
        """Serve one until its Close, or its end."""
        opcode = TEXT
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while opcode != CLOSE:
                fin, opcode, payload, _masked = await end.read_frame()
                end.write(frame(opcode, payload, fin=fin, mask=None))
        end.end()


class FakeRelay:
    """What a balancer takes for a relay; keeps the heads that it gets, and upgrades nobody."""

    def __init__(self):
        self.heads = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, '127.0.0.1', 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error):
        self.server.close()

    async def serve(self, reader, writer):
        """Answer one request."""
        end = End(reader, writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await end.read_head()
            if not head.startswith('GET /healthz '):
                self.heads.append(head)
            end.write(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        end.end()


def free_port():
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def find(name):
    """Return the program's path, or None; Debian keeps it where only root looks."""
    return shutil.which(name, path=os.environ.get('PATH', '') + ':/usr/sbin')


@contextlib.asynccontextmanager
async def process(port, *command, **environment):
    """Run a balancer until it listens, and end it."""
    child = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output = asyncio.create_task(child.stdout.read())
    try:
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                _reader, writer = await asyncio.open_connection('127.0.0.1', port)
                writer.close()
                break
            assert not output.done(), f'{command[0]} has ended: {(await output).decode()}'
            await asyncio.sleep(0.02)
        yield Balancer(port)
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()
        said = (await output).decode().strip()
        if said:
            print('# ' + said.replace('\n', '\n# '))


@contextlib.asynccontextmanager
async def haproxy(one, two):
    """HAProxy before two relays; the environment says where."""
    port = free_port()
    async with process(port, find('haproxy'), '-db', '-f', str(CONFIGURATIONS / 'haproxy.cfg'),
                       DUPLEX_LISTEN=f'127.0.0.1:{port}',
                       DUPLEX_RELAY_1=f'127.0.0.1:{one}',
                       DUPLEX_RELAY_2=f'127.0.0.1:{two}') as balancer:
        yield balancer


@contextlib.asynccontextmanager
async def nginx(one, two):
    """Run nginx before two relays: the file as the http block includes it, with other ports."""
    port = free_port()
    text = (CONFIGURATIONS / 'nginx.conf').read_text(encoding='utf-8')
    for old, new in (('server 127.0.0.1:8081 ', f'server 127.0.0.1:{one} '),
                     ('server 127.0.0.1:8082 ', f'server 127.0.0.1:{two} '),
                     ('listen 127.0.0.1:8000;', f'listen 127.0.0.1:{port};')):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    with tempfile.TemporaryDirectory() as folder:
        kinds = ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')
        main = ['user root;' if os.geteuid() == 0 else '', 'daemon off;', 'worker_processes 2;',
                f'pid {folder}/pid;', 'error_log stderr crit;',
                'events { worker_connections 1000; }',
                'http {', *(f'{kind}_temp_path {folder}/{kind};' for kind in kinds),
                f'include {folder}/duplex.conf;', '}']
        pathlib.Path(folder, 'duplex.conf').write_text(text, encoding='utf-8')
        pathlib.Path(folder, 'nginx.conf').write_text('\n'.join(main), encoding='utf-8')
        async with process(port, find('nginx'), '-e', 'stderr', '-p', folder,
                           '-c', f'{folder}/nginx.conf') as balancer:
            yield balancer


async def talk(client, text):
    """Send a message and get it back."""
    client.write(frame(TEXT, text))
    assert await client.read_message() == (TEXT, text)


async def part(client):
    """Close as one should."""
    client.write(frame(CLOSE, close_body(1000)))
    assert await client.read_close() == (1000, '')
    client.end()


async def open_all(balancer, backend, number):
    """Open connections one behind the other, and use each."""
    clients = []
    for i in range(number):
        clients.append(await connect(balancer, backend.url, f'Origin: {ORIGIN}'))
        await talk(clients[-1], f'client {i}'.encode())
    return clients


async def stop(relay, clients):
    """Stop a relay; return those of the clients that it had, which got 1001, and the others."""
    async def listen(client):
        message = await client.read_message()
        if message[0] == CLOSE:
            client.write(frame(*message))
        return message

    listening = [asyncio.create_task(listen(client)) for client in clients]
    relay.process.terminate()
    assert await relay.process.wait() == 0
    # It has waited for the answers of those that it had. The others hear nothing until they talk.
    had, kept = [], []
    for client, task in zip(clients, listening):
        if task.done():
            assert task.result() == (CLOSE, close_body(1001)), task.result()
            had.append(client)
        else:
            client.write(frame(TEXT, b'still here'))
            assert await task == (TEXT, b'still here'), task.result()
            kept.append(client)
    return had, kept


async def try_connect(balancer, backend):
    """Connect; None where that is refused."""
    end = End(*await asyncio.open_connection('127.0.0.1', balancer.port))
    end.write(request(f'/api/websocket?backend={backend.url}', f'Origin: {ORIGIN}'))
    head = await end.read_head()
    if head.startswith('HTTP/1.1 101 '):
        return end
    assert head.split()[1] in ('502', '503'), head
    end.end()
    return None


async def connect_in_time(balancer, backend):
    """Connect once that is possible again, which the balancer notices by itself."""
    while (end := await try_connect(balancer, backend)) is None:
        await asyncio.sleep(0.05)
    await talk(end, b'at last')
    return end


async def check_spread(balancer):
    """all relays get clients; those of one that ends get 1001, and new ones another relay"""
    options = '--no-status', '--allow-origin', ORIGIN
    async with Echo() as backend, running(*options) as one, running(*options) as two, \
            balancer(one.port, two.port) as front:
        clients = await open_all(front, backend, CLIENTS)
        had, kept = await stop(one, clients)
        # Fewest first: half and half.
        assert abs(len(had) - len(kept)) <= 2, (len(had), len(kept))
        kept += await open_all(front, backend, 5)
        large = os.urandom(1024 * 1024).hex().encode()
        await talk(kept[0], large)
        had, kept = await stop(two, kept)
        assert kept == [], len(kept)
        assert await try_connect(front, backend) is None
        async with running(*options, '--listen', f'127.0.0.1:{one.port}'):
            await part(await connect_in_time(front, backend))


async def check_limit(balancer):
    """an address has a limited number of connections, and gets others when it ends some"""
    options = '--no-status', '--allow-origin', ORIGIN
    async with Echo() as backend, running(*options) as one, running(*options) as two, \
            balancer(one.port, two.port) as front:
        clients = await open_all(front, backend, PER_ADDRESS)
        assert await try_connect(front, backend) is None
        await part(clients.pop())
        clients.append(await connect_in_time(front, backend))
        assert await try_connect(front, backend) is None
        for client in clients:
            client.reset()


async def check_request(balancer):
    """a relay is asked what the client asked, and told truly where from"""
    asked = ('Host: App.Example:8443', f'Origin: {ORIGIN}', 'Cookie: a=b',
             'Authorization: Bearer secret', 'Sec-WebSocket-Protocol: a, b',
             'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
             f'Sec-WebSocket-Key: {KEY}', 'Sec-WebSocket-Version: 13', 'Connection: Upgrade',
             'Upgrade: websocket')
    forged = 'X-Forwarded-For: 192.0.2.1', 'Forwarded: for=192.0.2.1'
    target = '/api/websocket?backend=ws%3A%2F%2F127.0.0.1%3A9%2Fa%26b'
    async with FakeRelay() as one, FakeRelay() as two, balancer(one.port, two.port) as front:
        client = End(*await asyncio.open_connection('127.0.0.1', front.port))
        client.write('\r\n'.join([f'GET {target} HTTP/1.1', *asked, *forged, '', '']).encode())
        assert (await client.read_head()).startswith('HTTP/1.1 200 '), client.head
        client.end()
        first, *fields = (one.heads + two.heads)[0].strip().split('\r\n')
        assert first == f'GET {target} HTTP/1.1', first
        fields = {name.lower(): value for name, value in (line.split(': ', 1) for line in fields)}
        for line in asked:
            name, value = line.split(': ', 1)
            assert fields.pop(name.lower()).lower() == value.lower(), (name, fields)
        assert fields == {'x-forwarded-for': '127.0.0.1'}, fields


async def check_paths(balancer):
    """nothing but WebSockets and health is for those outside"""
    async with FakeRelay() as one, FakeRelay() as two, balancer(one.port, two.port) as front:
        for target in ('/metrics', '//metrics', '/%6detrics', '/api/websocket/../../metrics',
                       '/healthz/../metrics', '/metrics?/api/websocket', '/',
                       'http://127.0.0.1/metrics'):
            answer = await ask(front, f'GET {target} HTTP/1.1\r\nHost: x\r\n'
                                      'Connection: close\r\n\r\n'.encode())
            assert answer.split()[1] in ('400', '404'), (target, answer)
        for target in '/metrics/../healthz', '/metrics/../api/websocket':
            await ask(front, f'GET {target} HTTP/1.1\r\nHost: x\r\n'
                             'Connection: close\r\n\r\n'.encode())
        for head in one.heads + two.heads:
            assert 'metrics' not in head.split('\r\n')[0], head


async def check_health(balancer):
    """is healthy as long as a relay is"""
    question = b'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    async with running() as one, running() as two, balancer(one.port, two.port) as front:
        for relay in one, two:
            assert (await ask(front, question)).startswith('HTTP/1.1 200 ')
            await stop(relay, [])
        while not (answer := await ask(front, question)).startswith('HTTP/1.1 50'):
            assert answer.startswith('HTTP/1.1 200 '), answer
            await asyncio.sleep(0.05)


def of(balancer, check):
    """Return the test of a balancer; what is not there is skipped."""
    async def test():
        if find(balancer.__name__) is not None:
            await check(balancer)
        elif STRICT:
            raise FileNotFoundError(balancer.__name__)
        else:
            test.__doc__ += f' # SKIP {balancer.__name__} is not installed'
    test.__doc__ = f'{balancer.__name__}: {check.__doc__}'
    return test


if __name__ == '__main__':
    run([of(balancer, check) for balancer in (haproxy, nginx)
         for check in (check_spread, check_limit, check_request, check_paths, check_health)])
