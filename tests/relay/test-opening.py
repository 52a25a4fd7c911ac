#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-opening.py RELAY: what happens before frames are carried, and how that ends."""

import asyncio
import contextlib
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    BINARY, CLOSE, DEADLINE, PING, PONG, TEXT, Backend, End, ask, close_body, connect, frame, pair,
    request, run, running, token_options)

HERE = pathlib.Path(__file__).resolve().parent
GARBAGE = 10000
AT_ONCE = 250
ENDLESS = 4
MIB = 1 << 20


@contextlib.asynccontextmanager
async def mute():
    """Yield the URL of a backend that accepts and says nothing, and a queue of its connections."""
    accepted = asyncio.Queue()

    async def serve(reader, writer):
        await accepted.put(End(reader, writer))
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    yield f'ws://127.0.0.1:{server.sockets[0].getsockname()[1]}', accepted
    server.close()


async def ask_for(relay, backend, *fields, more=b''):
    """Send an upgrade whose answer is not waited for."""
    end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
    end.write(request(f'/api/websocket?backend={backend}', *fields) + more)
    return end


async def headers():
    """Fields of the request go on where they are listed, and no others."""
    given = ('Authorization: Bearer a', 'Cookie: one=1; two=2', 'Origin: http://localhost:1',
             'X-Other: x', 'X-Forwarded-For: 192.0.2.1')
    for listed in ((), ('Cookie',), ('authorization', 'ORIGIN', 'Cookie')):
        options = [word for name in listed for word in ('--forward-header', name)]
        async with running(*options) as relay, Backend() as backend:
            client = await connect(relay, backend.url, *given)
            far = await backend.accepted.get()
            for field in given:
                name = field.split(':')[0].lower()
                wanted = name in [item.lower() for item in listed]
                assert (f'\r\n{field}\r\n' in far.head) == wanted, (field, far.head)
            client.reset()
            far.reset()


async def tls_in_front():
    """With a certificate the relay speaks TLS, and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HERE.parent / 'interop' / 'make-certificates', folder], check=True,
                       capture_output=True)
        context = ssl.create_default_context(cafile=f'{folder}/ca.pem')
        big = bytes(range(256)) * 4 * 1024 * 3
        async with running('--tls-cert', f'{folder}/valid.pem', '--tls-key',
                           f'{folder}/valid.key', '--handshake-timeout', '1') as relay:
            assert relay.url.startswith('wss://'), relay.url
            before = relay.descriptors()
            async with Backend() as backend:
                client = await connect(relay, backend.url, tls=context)
                far = await backend.accepted.get()
                assert b'connected' in (await client.read_message())[1]
                client.write(frame(BINARY, big))
                assert await far.read_message() == (BINARY, big)
                far.write(frame(BINARY, big, mask=None) + frame(CLOSE, b'', mask=None))
                assert await client.read_message() == (BINARY, big)
                assert (await client.read_close())[0] == 1005
                client.write(frame(CLOSE, b''))
                assert (await far.read_close())[0] == 1005
                far.end()
                assert await client.read_end() == b''
                client.end()

                # A response that refuses is whole, and the end comes at once.
                end = End(*await asyncio.open_connection('127.0.0.1', relay.port, ssl=context))
                end.write(request('/nowhere'))
                start = time.monotonic()
                assert (await end.read_end()).startswith(b'HTTP/1.1 404 ')
                assert time.monotonic() - start < 1
                end.end()

            # No TLS, and nothing at all.
            assert 'HTTP' not in await ask(relay, request('/api/websocket'))
            await relay.until_logged('reason=tls')
            silent = End(*await asyncio.open_connection('127.0.0.1', relay.port))
            assert await silent.read_end() == b''
            silent.end()
            await relay.until_logged('reason=timeout')
            while relay.descriptors() > before:
                await asyncio.sleep(0.01)


async def workers():
    """Several workers share the connections."""
    async with running('--workers', '3', '--no-status') as relay, Backend() as backend:
        names = [task.read_text() for task in
                 pathlib.Path(f'/proc/{relay.process.pid}/task').glob('*/comm')]
        assert names.count('duplex-worker\n') == 3, names
        clients = await asyncio.gather(*(connect(relay, backend.url) for _ in range(60)))
        far = [await backend.accepted.get() for _ in clients]
        for end in far:
            end.write(frame(TEXT, b'hello', mask=None))
        for client in clients:
            assert await client.read_message() == (TEXT, b'hello')
        relay.process.send_signal(signal.SIGTERM)
        for end in clients + far:
            assert await end.read_close() == (1001, '')
            end.reset()
        start = time.monotonic()
        assert await relay.process.wait() == 0
        assert time.monotonic() - start < 2


async def per_address():
    """Over --max-per-address: 503 to that address, until one of its clients has left."""
    async with running('--no-status', '--max-per-address', '2') as relay, Backend() as backend:
        ends = [await connect(relay, backend.url, local=(local, 0))
                for local in ('127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.2')]
        answer = await ask(relay, request('/api/websocket'))
        assert answer.startswith('HTTP/1.1 503 '), answer
        assert ' reason=limit ' in await relay.until_logged('refused')
        (await connect(relay, backend.url, local=('127.0.0.3', 0))).reset()
        ends[0].reset()
        await relay.until_logged('closed connection=1 ')
        ends.append(await connect(relay, backend.url))
        for end in ends:
            end.reset()


async def leaves_while_dialling():
    """A client that leaves while its backend is dialled is noticed, and the dial given up."""
    early = frame(BINARY, b'x' * 1000)
    async with running('--connect-timeout', '25', '--handshake-timeout', '25') as relay:
        async with mute() as (url, accepted):
            before = relay.descriptors()
            for number, (more, leave) in enumerate((
                    (b'', End.end), (b'', End.reset), (early, End.end), (early * 14, End.end),
                    (early * 14, End.reset), (early * 64, End.end)), 1):
                client = await ask_for(relay, url, more=more)
                far = await accepted.get()
                assert (await far.read_head()).startswith('GET / HTTP/1.1\r\n')
                await client.writer.drain()
                leave(client)
                assert await far.read_end() == b''
                far.end()
                assert ' reason=left ' in await relay.until_logged(f'refused connection={number} ')
            while relay.descriptors() > before:
                await asyncio.sleep(0.01)


async def early_bytes():
    """What a client sends while its backend is dialled arrives whole, however much it is."""
    count = 400
    async with running('--no-status') as relay:
        async with mute() as (url, accepted):
            data = b''.join(frame(BINARY, b'%06d' % i + b'x' * 1000) for i in range(count))
            client = await ask_for(relay, url, more=data)
            far = await accepted.get()
            await far.read_head()
            key = re.search(r'(?i)sec-websocket-key: (.*)\r', far.head)[1]
            far.write(Backend.answer(key))
            assert (await client.read_head()).startswith('HTTP/1.1 101 ')
            for i in range(count):
                opcode, payload = await far.read_message()
                assert opcode == BINARY and payload[:6] == b'%06d' % i, i
            client.reset()
            far.reset()


async def first_message():
    """With --token-message the first message is the token, and the dial follows it."""
    asked = ('Sec-WebSocket-Protocol: b, a', 'Sec-WebSocket-Extensions: permessage-deflate')
    with token_options() as options:
        async with running(*options) as relay, Backend() as backend:
            ways = (
                frame(TEXT, b's3cret'),
                frame(TEXT, b's3', fin=False) + frame(0, b'', fin=False) + frame(0, b'cret'))
            for way in ways:
                client = await connect(relay, backend.url, *asked)
                assert 'Extensions' not in client.head
                assert '\r\nSec-WebSocket-Protocol: b\r\n' in client.head
                client.write(frame(PING, b'there?'))
                assert await client.read_message() == (PONG, b'there?')
                assert backend.accepted.empty()
                client.write(way + frame(TEXT, b'for the backend'))
                text = (await client.read_message())[1]
                assert b'"connected"' in text, text
                far = await backend.accepted.get()
                assert '\r\nSec-WebSocket-Protocol: b\r\n' in far.head, far.head
                assert 'Extensions' not in far.head and 's3cret' not in far.head
                assert await far.read_message() == (TEXT, b'for the backend')
                far.write(frame(TEXT, b'back', mask=None))
                assert await client.read_message() == (TEXT, b'back')
                client.reset()
                far.reset()
            # In the segment of the request, and byte by byte.
            client = await connect(relay, backend.url, more=frame(TEXT, b's3cret'))
            assert b'"connected"' in (await client.read_message())[1]
            client.reset()
            client = await connect(relay, backend.url)
            for byte in frame(TEXT, b's3cret'):
                client.write(bytes([byte]))
                await asyncio.sleep(0.001)
            assert b'"connected"' in (await client.read_message())[1]
            client.reset()
            # Errors are told as ever.
            client = await connect(relay, 'ws://127.0.0.1:1', more=frame(TEXT, b's3cret'))
            assert b'"error"' in (await client.read_message())[1]
            assert await client.read_close() == (1011, 'Backend connection failed')
            client.reset()
        assert b's3cret' not in relay.log


async def places_for_tokens():
    """A place is for who has shown the token; where there is none, 1013."""
    token = frame(TEXT, b's3cret')
    with token_options('--max-connections', '2', '--max-per-address', '1',
                       '--close-timeout', '1') as options:
        async with running(*options) as relay, Backend() as backend:
            strangers = [await connect(relay, backend.url) for _ in range(5)]
            inside = []
            for local in ('127.0.0.1', '127.0.0.2'):
                end = await connect(relay, backend.url, more=token, local=(local, 0))
                assert b'"connected"' in (await end.read_message())[1]
                inside.append(end)
            for local in ('127.0.0.1', '127.0.0.3'):
                end = await connect(relay, backend.url, more=token, local=(local, 0))
                assert await end.read_close() == (1013, 'Too many connections')
                end.write(frame(CLOSE, close_body(1013)))
                assert await end.read_end() == b''
                end.end()
            assert await relay.sample('refusals_total{reason="limit"}') == 2
            inside[0].reset()
            await relay.until_sample('clients', 1 + len(strangers) + 1)
            strangers[0].write(token)
            assert b'"connected"' in (await strangers[0].read_message())[1]
            for end in strangers + inside:
                end.reset()


async def wrong_first_message():
    """A wrong token, none in time, and what is no text: 1008 "Token required"."""
    with token_options('--handshake-timeout', '1') as options:
        async with running(*options) as relay, Backend() as backend:
            for data in (frame(TEXT, b'wrong'), frame(TEXT, b''), frame(TEXT, b's3cret '),
                         frame(TEXT, b's3cret\0'), frame(BINARY, b's3cret'),
                         frame(TEXT, b's3cret', mask=None), frame(TEXT, b'x' * 5000),
                         frame(TEXT, b's3', fin=False) * 2, frame(TEXT | 0x40, b's3cret'), b'',
                         frame(TEXT, b's3cret')[:-1], frame(PING, b'?' * 126)):
                client = await connect(relay, backend.url)
                client.write(data)
                assert await client.read_close() == (1008, 'Token required'), data
                client.write(frame(CLOSE, close_body(1008)))
                client.end()
            client = await connect(relay, backend.url)
            client.write(frame(CLOSE, close_body(1000)))
            assert (await client.read_close())[0] == 1000
            assert await client.read_end() == b''
            client.end()
            assert backend.accepted.empty()
            relay.process.send_signal(signal.SIGTERM)
            await relay.process.wait()
        assert b'secret' not in relay.log and relay.log.count(b'reason=token') == 13, relay.log


async def drain_delivers():
    """SIGTERM with a backend that is behind: what was read whole arrives before the Close."""
    payload = b'y' * 10000
    async with running('--no-status', '--drain', '20') as relay:
        async with pair(relay) as (client, far):
            # Until neither the relay nor TCP takes any more.
            far.writer.transport.pause_reading()
            last = None
            sent = 0
            while last != sent:
                last = sent
                for _ in range(100):
                    client.write(frame(BINARY, b'%06d' % sent + payload))
                    sent += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(client.writer.drain(), 0.5)
                if client.writer.transport.get_write_buffer_size() > 2 * MIB:
                    break
            reading = asyncio.create_task(client.read_all())
            relay.process.send_signal(signal.SIGTERM)
            assert (await reading)[1] == 1001
            far.writer.transport.resume_reading()
            n = 0
            while True:
                opcode, data = await far.read_message()
                if opcode == CLOSE:
                    break
                assert data[:6] == b'%06d' % n, (n, data[:6])
                n += 1
            assert data == close_body(1001), data
            far.write(frame(CLOSE, close_body(1001), mask=None))
            far.end()
            client.reset()
            line = await relay.until_logged('closed connection=1 ')
            up, late = (int(re.search(rf' {name}=(\d+)', line)[1])
                        for name in ('bytes_up', 'late_up'))
            whole = (up - late) // len(frame(BINARY, b'%06d' % 0 + payload))
            assert 20 < whole <= n, (line, n)
            assert await relay.process.wait() == 0


async def drain_while_dialling():
    """SIGTERM while a backend is dialled, or the request has not come: 503."""
    # All on one worker, so that all learn of it at once.
    async with running('--drain', '20', '--workers', '1') as relay, mute() as (url, accepted):
        late = End(*await asyncio.open_connection('127.0.0.1', relay.port))
        health = End(*await asyncio.open_connection('127.0.0.1', relay.port))
        late.write(b'GET /api')
        client = await ask_for(relay, url)
        far = await accepted.get()
        assert (await far.read_head()).startswith('GET / ')
        relay.process.send_signal(signal.SIGTERM)
        assert (await client.read_end()).startswith(b'HTTP/1.1 503 ')
        health.write(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        assert (await health.read_end()).startswith(b'HTTP/1.1 503 ')
        late.write(request('/api/websocket')[8:])
        assert (await late.read_end()).startswith(b'HTTP/1.1 503 ')
        assert await far.read_end() == b''
        for end in (client, health, late, far):
            end.end()
        start = time.monotonic()
        assert await relay.process.wait() == 0
        assert time.monotonic() - start < 2


async def drain_before_token():
    """SIGTERM while the first message is awaited: 1001."""
    with token_options('--drain', '20') as options:
        async with running(*options) as relay:
            client = await connect(relay, 'ws://127.0.0.1:1')
            relay.process.send_signal(signal.SIGTERM)
            assert await client.read_close() == (1001, '')
            client.write(frame(CLOSE, close_body(1001)))
            client.end()
            assert await relay.process.wait() == 0


async def drain_within_pong():
    """SIGTERM to a client that has no token, and takes no pongs: nothing stands within one."""
    pong = frame(PONG, b'p' * 120, mask=None)
    with token_options('--drain', '20') as options, socket.socket() as client:
        async with running(*options) as relay:
            loop = asyncio.get_running_loop()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, ('127.0.0.1', relay.port))
            await loop.sock_sendall(client, request('/api/websocket?backend=ws://127.0.0.1:1'))
            data = await loop.sock_recv(client, 4096)
            with contextlib.suppress(asyncio.TimeoutError):
                while True:     # the relay reads while its pongs leave
                    pings = loop.sock_sendall(client, frame(PING, b'p' * 120) * 1000)
                    await asyncio.wait_for(pings, 0.5)
            relay.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(ConnectionError):
                while chunk := await loop.sock_recv(client, MIB):
                    data += chunk
            assert await relay.process.wait() == 0
    pongs = data.split(b'\r\n\r\n', 1)[1]
    assert (pong * (len(pongs) // len(pong) + 1)).startswith(pongs), pongs[-2 * len(pong):]


async def aborts():
    """A drain that is over ends what is still under way, whatever that is."""
    with token_options('--drain', '1', '--handshake-timeout', '60') as options:
        async with running(*options) as relay, mute() as (url, accepted):
            ends = [End(*await asyncio.open_connection('127.0.0.1', relay.port)),
                    await connect(relay, url), await connect(relay, url)]
            ends[2].write(frame(TEXT, b's3cret'))
            ends.append(await accepted.get())
            relay.process.send_signal(signal.SIGTERM)
            relay.process.send_signal(signal.SIGTERM)
            assert await relay.process.wait() == 0
            for end in ends:
                end.reset()


async def late_bytes():
    """What arrives behind a Close, or a broken rule, is counted and logged."""
    async with running('--no-status') as relay:
        for number, (data, up, down) in enumerate((
                (frame(CLOSE, b''), 1000, 500), (frame(TEXT, b'?', mask=None), 1000, 500)), 1):
            async with pair(relay) as (client, far):
                client.write(data + b'x' * up)
                await far.read_close()
                far.write(frame(CLOSE, b'', mask=None) + b'x' * down)
                far.end()
                await client.read_close()
                client.end()
                line = await relay.until_logged(f'closed connection={number} ')
                assert int(re.search(r' late_up=(\d+)', line)[1]) >= up, line
                assert int(re.search(r' late_down=(\d+)', line)[1]) >= down, line


async def dies_in_handshake():
    """A backend that dies at any byte of its handshake: the error is told, and nothing left."""
    cut = asyncio.Queue()

    async def serve(reader, writer):
        size = await cut.get()
        head = (await reader.readuntil(b'\r\n\r\n')).decode()
        key = re.search(r'(?i)sec-websocket-key: (.*)\r', head)[1]
        writer.write(Backend.answer(key)[:size])
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    url = f'ws://127.0.0.1:{server.sockets[0].getsockname()[1]}'
    async with running() as relay:
        before = None
        for size in range(len(Backend.answer('x' * 24)) + 1):
            cut.put_nowait(size)
            client = await connect(relay, url)
            text = (await client.read_message())[1]
            code, reason = await client.read_close()
            client.write(frame(CLOSE, close_body(code)))
            assert await client.read_end() == b''
            client.end()
            if b'"error"' in text:
                assert (code, reason) == (1011, 'Backend connection failed')
            else:
                assert (code, reason) == (1011, 'Backend error') and b'"connected"' in text
                assert size == len(Backend.answer('x' * 24))
            if size == 0:
                before = relay.descriptors()
        while relay.descriptors() > before:
            await asyncio.sleep(0.01)
    server.close()


async def garbage():
    """10,000 requests that are none leave no descriptor and no memory."""
    answered = [b'\0' * 10 + b'\r\n\r\n', b'GET\r\n\r\n', b'GET / HTTP/1.1\r\n\r\n', b': \r\n\r\n',
                b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n', b'SSH-2.0-x\r\n\r\n',
                request('/api/websocket').replace(b'13', b'x')]
    not_whole = [b'', b'\n', b'GET /api/websocket HTT']
    kinds = answered + not_whole

    async def send(relay, data):
        end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
        end.write(data)
        if data in answered:
            assert (await end.read_end()).startswith(b'HTTP/1.1 4'), data
        end.reset()

    async with running() as relay:
        for first in range(0, GARBAGE, AT_ONCE):
            await asyncio.gather(*(send(relay, kinds[i % len(kinds)]) for i in range(AT_ONCE)))
            if first == GARBAGE // 5:
                memory, descriptors = relay.memory('VmRSS'), relay.descriptors()
        assert (await ask(relay, request('/x'))).startswith('HTTP/1.1 404 ')
        while relay.descriptors() > descriptors:
            await asyncio.sleep(0.01)
        grown = relay.memory('VmRSS') - memory
        print(f'# {grown / 1024:.0f} KiB more after {GARBAGE * 4 // 5} of them')
        assert grown < MIB or relay.is_sanitized()


async def no_descriptors():
    """Without descriptors accepting pauses, without spinning, and goes on when there are some."""
    async with running('--no-status') as relay, Backend() as backend:
        first = await connect(relay, backend.url)
        far = await backend.accepted.get()
        limit = relay.descriptors()
        subprocess.run(['prlimit', f'--pid={relay.process.pid}', f'--nofile={limit}:{limit}'],
                       check=True)
        waiting = End(*await asyncio.open_connection('127.0.0.1', relay.port))
        waiting.write(request('/nowhere'))
        await relay.until_logged('cannot accept')
        spent = cpu_time(relay)
        await asyncio.sleep(1)      # what is measured takes its time
        assert cpu_time(relay) - spent < 0.1
        assert relay.log.count(b'cannot accept') == 1, relay.log
        first.reset()
        far.reset()
        assert (await waiting.read_end()).startswith(b'HTTP/1.1 404 ')
        waiting.end()


async def more_descriptors():
    """The soft limit of descriptors is raised to what --max-connections needs, or the hard one."""
    for hard, least in ((5000, 2 * 2000), (600, 600)):
        async with running('--workers', '1', '--max-connections', '2000',
                           under=('prlimit', f'--nofile=64:{hard}')) as relay:
            limits = pathlib.Path(f'/proc/{relay.process.pid}/limits').read_text('ascii')
            soft = int(re.search(r'Max open files +([0-9]+)', limits)[1])
            assert least <= soft <= hard, limits


async def endless_first_message():
    """Whoever sends pongs instead of a token, without end, leaves others their turns."""
    with token_options('--handshake-timeout', '4', '--close-timeout', '1') as options:
        async with running(*options, '--workers', '1') as relay:
            pouring = [asyncio.create_task(asyncio.to_thread(pour, relay.port))
                       for _ in range(ENDLESS)]
            for _ in range(10):
                await asyncio.sleep(0.1)
                start = time.monotonic()
                answer = await ask(relay, b'GET /healthz HTTP/1.1\r\nHost: relay\r\n\r\n')
                assert answer.startswith('HTTP/1.1 200 '), answer
                assert time.monotonic() - start < 1, time.monotonic() - start
            assert b'reason=token' not in relay.log
            await asyncio.gather(*pouring)
        assert relay.log.count(b'"No token in time"') == ENDLESS, relay.log


def pour(port):
    """Send pongs for a token, until nobody takes them."""
    with socket.create_connection(('127.0.0.1', port), DEADLINE) as endless:
        endless.sendall(request('/api/websocket?backend=ws://127.0.0.1:1'))
        assert endless.recv(4096).startswith(b'HTTP/1.1 101 ')
        with contextlib.suppress(OSError):
            while True:
                endless.sendall(frame(PONG) * 100000)


def cpu_time(relay):
    """Return the seconds of processor that the relay has used."""
    with open(f'/proc/{relay.process.pid}/stat', encoding='ascii') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == '__main__':
    run([headers, tls_in_front, workers, per_address, leaves_while_dialling, early_bytes,
         first_message, places_for_tokens, wrong_first_message, endless_first_message,
         drain_delivers, drain_while_dialling, drain_before_token, drain_within_pong, aborts,
         late_bytes, dies_in_handshake, garbage, no_descriptors, more_descriptors])
