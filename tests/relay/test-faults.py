#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-faults.py RELAY: ends that die, leave or fall silent, at any byte and in any stage."""

import asyncio
import contextlib
import re
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    BINARY, CLOSE, PING, TEXT, Backend, End, ask, close_body, connect, frame, pair, request, run,
    running)

MIB = 1 << 20
AT_ONCE = 40
HOLD = 16 * 1024        # a longer frame goes on in pieces; less than a piece may be held
WAYS = (End.end, End.abort)
DATA = bytes(range(256)) * 300


def relay_of(*options):
    """Run a relay of two workers."""
    return running('--workers', '2', *options)


async def in_turn(cases):
    """Run so many of the cases at once."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(case):
        async with turn:
            await case
    await asyncio.gather(*(one(case) for case in cases))


@contextlib.asynccontextmanager
async def server(talk):
    """Yield the URL of a backend; talk(end, path) is called with the request's head read."""
    async def serve(reader, writer):
        end = End(reader, writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionResetError):
            await end.read_head()
            await talk(end, end.head.split(' ')[1])
    listener = await asyncio.start_server(serve, '127.0.0.1', 0)
    yield f'ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}'
    listener.close()


def answer(end):
    """Return the 101 for the request that an end has read."""
    return Backend.answer(re.search(r'(?i)sec-websocket-key: (.*)\r', end.head)[1])


async def part(client, code):
    """Answer a Close and see the end of the connection."""
    client.write(frame(CLOSE, close_body(code)))
    assert await client.read_end() == b''
    client.end()


# ---- death ----

async def handshake_deaths():
    """The backend dies at each byte of its handshake, by FIN and RST: 1011, and nothing left."""
    whole = len(Backend.answer('x' * 24))

    async def talk(end, path):
        _empty, size, way = path.split('/')
        end.write(answer(end)[:int(size)])
        await end.writer.drain()
        WAYS[int(way)](end)

    async def case(relay, url, size, way):
        client = await connect(relay, f'{url}/{size}/{way}')
        text = (await client.read_message())[1]
        code, reason = await client.read_close()
        if size < whole:
            assert b'"error"' in text, (size, way, text)
            assert (code, reason) == (1011, 'Backend connection failed'), (size, way, reason)
        else:
            assert b'"connected"' in text, (size, way, text)
            assert (code, reason) == (1011, 'Backend error'), (size, way, reason)
        await part(client, code)

    async with relay_of() as relay, server(talk) as url:
        await case(relay, url, 0, 0)
        before = relay.descriptors()
        await in_turn(case(relay, url, size, way)
                      for size in range(whole + 1) for way in range(2))
        await relay.until_descriptors(before)
        await relay.until_sample('refusals_total{reason="unreachable"}', 2 * whole + 1)
        await relay.until_sample('open_connections', 0)


def frames_to_cut(mask):
    """Return (opcode, payload, bytes of the frame, where it is cut) of all kinds of frames."""
    found = []
    for opcode, payload, near in ((TEXT, b'five!', 99), (BINARY, DATA[:300], 16),
                                  (BINARY, DATA[:70000], 20), (CLOSE, close_body(4000, 'bye'), 99)):
        data = frame(opcode, payload, mask=mask)
        cuts = {0, len(data)} | {at for at in range(1, len(data))
                                 if at <= near or at >= len(data) - 3}
        cuts |= {at for at in range(near, len(data), 61) if len(data) < HOLD}
        cuts |= {at for at in (1000, HOLD - 1, HOLD, HOLD + 1, 40000, 65536) if at < len(data)}
        found.append((opcode, payload, data, sorted(cuts)))
    return found


async def check_cut(end, kind, cut, way):
    """See what an end gets of a frame of which cut bytes were sent, and return its Close."""
    opcode, payload, data, _cuts = kind
    assert await end.read_message() == (TEXT, b'whole'), (opcode, cut, way)
    got = []
    while True:
        fin, seen, part_of_it, _masked = await end.read_frame()
        if seen == CLOSE:
            break
        assert seen == (0 if got else opcode), (opcode, cut, way, seen)
        got.append((fin, part_of_it))
    joined = b''.join(part_of_it for _fin, part_of_it in got)
    assert payload.startswith(joined), (opcode, cut, way)
    assert not any(fin for fin, _part in got[:-1]), (opcode, cut, way)
    is_whole = cut == len(data) and opcode != CLOSE
    if is_whole:
        # What a RST overtakes is lost already in the end's own system.
        if way == 0 or len(data) < HOLD:
            assert got[-1][0] and joined == payload, (opcode, cut, way)
    else:
        assert not got or (not got[-1][0] and len(data) > HOLD), (opcode, cut, way)
        # All of the payload that came goes on, but for a piece that is held.
        if len(data) > HOLD and way == 0:
            assert cut - len(joined) <= HOLD + len(data) - len(payload), (cut, len(joined))
    if opcode == CLOSE and cut == len(data):
        return payload
    return part_of_it


async def backend_deaths():
    """The backend dies at each byte of a frame: whole frames, then 1011 at a frame's end."""
    kinds = frames_to_cut(None)

    async def talk(end, path):
        _empty, kind, cut, way = path.split('/')
        data = kinds[int(kind)][2][:int(cut)]
        end.write(answer(end) + frame(TEXT, b'whole', mask=None) + data)
        await end.writer.drain()
        WAYS[int(way)](end)

    async def case(relay, url, kind, cut, way):
        client = await connect(relay, f'{url}/{kind}/{cut}/{way}')
        body = await check_cut(client, kinds[kind], cut, way)
        if kinds[kind][0] == CLOSE and cut == len(kinds[kind][2]):
            assert body == kinds[kind][1], body
        else:
            assert body == close_body(1011, 'Backend error'), (kind, cut, way, body)
        await part(client, 1011)

    async with relay_of('--no-status') as relay, server(talk) as url:
        await case(relay, url, 0, 0, 0)
        before = relay.descriptors()
        await in_turn(case(relay, url, number, cut, way) for number, kind in enumerate(kinds)
                      for cut in kind[3] for way in range(2))
        await relay.until_descriptors(before)
        await relay.until_sample('clients', 1)


async def client_deaths():
    """The client dies at each byte of a frame: the backend gets whole frames, then 1001."""
    kinds = frames_to_cut(b'\x11\x22\x33\x44')
    ends = {}

    async def talk(end, path):
        end.write(answer(end))
        await ends[path].put(end)
        await end.writer.wait_closed()

    async def case(relay, url, kind, cut, way):
        path = f'/{kind}/{cut}/{way}'
        ends[path] = asyncio.Queue()
        client = await connect(relay, url + path)
        far = await ends[path].get()
        client.write(frame(TEXT, b'whole') + kinds[kind][2][:cut])
        await client.writer.drain()
        WAYS[way](client)
        body = await check_cut(far, kinds[kind], cut, way)
        if kinds[kind][0] == CLOSE and cut == len(kinds[kind][2]):
            assert body == kinds[kind][1], body
        else:
            assert body == close_body(1001), (kind, cut, way, body)
        far.write(frame(CLOSE, body, mask=None))
        far.half_close()
        assert await far.read_end() == b''
        far.end()

    async with relay_of('--no-status') as relay, server(talk) as url:
        await case(relay, url, 0, 0, 0)
        before = relay.descriptors()
        await in_turn(case(relay, url, number, cut, way) for number, kind in enumerate(kinds)
                      for cut in kind[3] for way in range(2))
        await relay.until_descriptors(before)
        await relay.until_sample('clients', 1)


async def request_deaths():
    """The client dies at each byte of its request: no byte is answered, and nothing left."""
    async with relay_of() as relay, Backend() as backend:
        data = request(f'/api/websocket?backend={backend.url}')

        async def case(size, way):
            end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
            end.write(data[:size])
            await end.writer.drain()
            WAYS[way](end)
        await case(10, 0)
        await relay.until_sample('clients', 1)
        before = relay.descriptors()
        await in_turn(case(size, way) for size in range(len(data)) for way in range(2))
        await relay.until_descriptors(before)
        await relay.until_sample('connections_total', 0)
        assert backend.accepted.empty()


# ---- half-close ----

async def half_closes():
    """An end that only stops sending: at every stage it is told what a lost end is, and let go."""
    async with relay_of('--no-status') as relay, Backend() as backend:
        start = time.monotonic()
        for data in (b'', b'GET /api/web', request('/api/websocket')[:-1]):
            end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
            end.write(data)
            end.half_close()
            assert await end.read_end() == b'', data
            end.end()
        for data, status in ((request('/nowhere'), 404), (b'x\r\n\r\n', 400)):
            end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
            end.write(data)
            end.half_close()
            assert (await end.read_end()).startswith(b'HTTP/1.1 %d ' % status), data
            end.end()

        # Between messages, and within a frame.
        for rest in (b'', b'\x82'):
            client = await connect(relay, backend.url)
            far = await backend.accepted.get()
            client.write(frame(TEXT, b'last') + rest)
            client.half_close()
            assert await far.read_message() == (TEXT, b'last')
            assert await far.read_close() == (1001, '')
            far.write(frame(CLOSE, close_body(1001), mask=None))
            far.end()
            await client.read_end()
            client.end()

            client = await connect(relay, backend.url)
            far = await backend.accepted.get()
            far.write(frame(TEXT, b'last', mask=None) + rest)
            far.half_close()
            assert await client.read_message() == (TEXT, b'last')
            assert await client.read_close() == (1011, 'Backend error')
            await part(client, 1011)
            await far.read_end()
            far.end()

        # Behind a Close: what the other end still says arrives, and its Close.
        client = await connect(relay, backend.url)
        far = await backend.accepted.get()
        client.write(frame(CLOSE, close_body(4001)))
        client.half_close()
        assert await far.read_close() == (4001, '')
        far.write(frame(TEXT, b'last', mask=None) + frame(CLOSE, close_body(4001), mask=None))
        assert await client.read_message() == (TEXT, b'last')
        assert await client.read_close() == (4001, '')
        far.end()
        assert await client.read_end() == b''
        client.end()

        client = await connect(relay, backend.url)
        far = await backend.accepted.get()
        far.write(frame(CLOSE, close_body(4002), mask=None))
        far.half_close()
        assert await client.read_close() == (4002, '')
        client.write(frame(TEXT, b'last') + frame(CLOSE, close_body(4002)))
        assert await far.read_message() == (TEXT, b'last')
        assert await far.read_close() == (4002, '')
        assert await far.read_end() == b'' and await client.read_end() == b''
        far.end()
        client.end()
        # None of these waited for a time limit.
        assert time.monotonic() - start < 2.5, time.monotonic() - start
        await relay.until_sample('clients', 1)


# ---- who leaves, and who falls silent ----

@contextlib.contextmanager
def full_backlog():
    """Yield the URL of a backend whose system answers no SYN any more, and its sockets."""
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(0)
    fillers = [listener]
    for _ in range(8):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    yield f'ws://127.0.0.1:{listener.getsockname()[1]}'
    for filler in fillers:
        filler.close()


async def leaves_while_dialled():
    """A client that leaves while its backend is dialled is noticed, and the dial cancelled."""
    reached = asyncio.Queue()

    async def never(end, _path):
        await reached.put(end)
        await end.writer.wait_closed()

    async def leave(relay, url, way, number):
        client = End(*await asyncio.open_connection('127.0.0.1', relay.port))
        client.write(request(f'/api/websocket?backend={url}') + frame(TEXT, b'early'))
        far = await reached.get() if number % 2 else None
        start = time.monotonic()
        WAYS[way](client)
        if far is not None:
            assert await far.read_end() == b''
            far.end()
        await relay.until_sample('refusals_total{reason="left"}', number + 1)
        assert time.monotonic() - start < 1, (url, way)

    async with relay_of('--connect-timeout', '25') as relay:
        await relay.sample('clients')
        before = relay.descriptors()
        with full_backlog() as deaf:
            async with server(never) as url:
                for way in (0, 1):
                    await leave(relay, deaf, way, way * 2)
                    await leave(relay, url, way, way * 2 + 1)
        await relay.until_sample('clients', 1)
        await relay.until_descriptors(before)


async def silent_ends():
    """An end that has vanished without FIN is given up by Pings that nobody answers."""
    program = '''if True:
        import socket, sys
        client = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
        client.sendall(sys.stdin.buffer.read())
        print(client.recv(4096).decode())
        sys.stdout.flush()
        client.recv(1)
    '''

    async with relay_of('--no-status', '--ping-interval', '1', '--close-timeout', '1') as relay:
        await relay.sample('clients')
        before = relay.descriptors()
        async with Backend() as backend:
            client = await asyncio.create_subprocess_exec(
                sys.executable, '-c', program, str(relay.port), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE)
            client.stdin.write(request(f'/api/websocket?backend={backend.url}'))
            client.stdin.close()
            assert (await client.stdout.readline()).startswith(b'HTTP/1.1 101 ')
            far = await backend.accepted.get()
            client.send_signal(signal.SIGSTOP)
            start = time.monotonic()
            # The backend is there: it answers its Pings.
            while True:
                opcode, payload = await far.read_message()
                if opcode == CLOSE:
                    break
                assert opcode == PING, opcode
                far.write(frame(10, payload, mask=None))
            assert payload == close_body(1001), payload
            assert 1.8 < time.monotonic() - start < 4, time.monotonic() - start
            far.write(frame(CLOSE, close_body(1001), mask=None))
            far.end()
            line = await relay.until_logged(' closed connection=')
            assert ' client_sent=0 client_got=1001 ' in line, line
            client.kill()
            await client.wait()

            # The same with a backend that is silent.
            client = await connect(relay, backend.url)
            far = await backend.accepted.get()
            far.writer.transport.pause_reading()
            while True:
                opcode, payload = await client.read_message()
                if opcode == CLOSE:
                    break
                client.write(frame(10, payload))
            assert payload == close_body(1011, 'Backend error'), payload
            await part(client, 1011)
            far.reset()
        await relay.until_descriptors(before)


async def late_bytes():
    """What comes behind our Close is counted in the log and in the metrics, and goes nowhere."""
    async with relay_of('--no-status', '--max-message', '1000') as relay, Backend() as backend:
        # The client breaks a limit, and goes on sending; the backend does not know it yet.
        client = await connect(relay, backend.url)
        far = await backend.accepted.get()
        client.write(frame(BINARY, b'x' * 1001))
        assert (await client.read_close())[0] == 1009
        assert await far.read_close() == (1001, '')
        client.write(frame(TEXT, b'late') * 3)
        far.write(frame(TEXT, b'too late', mask=None) * 5 + frame(CLOSE, b'', mask=None))
        far.end()
        await client.writer.drain()
        client.half_close()
        assert await client.read_end() == b''
        client.end()
        line = await relay.until_logged(' closed connection=1 ')
        up, down = (int(re.search(rf' late_{way}=(\d+)', line)[1]) for way in ('up', 'down'))
        size = len(frame(BINARY, b'x' * 1001)) + 3 * len(frame(TEXT, b'late'))
        assert up == size, (line, size)
        assert down == 5 * len(frame(TEXT, b'too late', mask=None)), line
        await relay.until_sample('late_bytes_total{from="client"}', up)
        await relay.until_sample('late_bytes_total{from="backend"}', down)


async def alive():
    """After a thousand deaths of all kinds the relay answers, in the memory that it had."""
    async with relay_of('--no-status') as relay, Backend() as backend:
        async def one(number):
            client = await connect(relay, backend.url, more=frame(BINARY, DATA)[:number * 97])
            far = await backend.accepted.get()
            WAYS[number % 2](client)
            WAYS[number // 2 % 2](far)
        await in_turn(one(number) for number in range(300))
        await relay.until_sample('clients', 1)
        memory, before = relay.memory('VmRSS'), relay.descriptors()
        await in_turn(one(number % 700) for number in range(1000))
        await relay.until_sample('clients', 1)
        await relay.until_descriptors(before)
        grown = relay.memory('VmRSS') - memory
        print(f'# {grown / 1024:.0f} KiB more')
        assert grown < MIB or relay.is_sanitized()
        assert 'ok' in await ask(relay, b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        async with pair(relay) as (client, far):
            client.write(frame(TEXT, b'still here'))
            assert await far.read_message() == (TEXT, b'still here')


if __name__ == '__main__':
    run([handshake_deaths, backend_deaths, client_deaths, request_deaths, half_closes,
         leaves_while_dialled, silent_ends, late_bytes, alive])
