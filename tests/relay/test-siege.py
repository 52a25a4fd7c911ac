#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-siege.py RELAY: thousands that come, say nothing that is whole, and come again when they are
ended; and those who mean to use the relay meanwhile."""

import asyncio
import contextlib
import multiprocessing
import os
import pathlib
import re
import resource
import select
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    CLOSE, DEADLINE, TEXT, Backend, End, ask, close_body, connect, frame, pair, request, run,
    running, token_options)

HERE = pathlib.Path(__file__).resolve().parent
BESIEGERS = 2000
TURNS = 20
HEALTH = b'GET /healthz HTTP/1.1\r\nHost: relay\r\n\r\n'
FORK = multiprocessing.get_context('fork')


# ---- the other side ----

def come(port, local, poll, socks):
    """Begin another connection."""
    sock = socket.socket()
    sock.setblocking(False)
    # Nothing of it stays behind in the system.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.bind((local, 0))
    with contextlib.suppress(BlockingIOError):
        sock.connect(('127.0.0.1', port))
    poll.register(sock, select.EPOLLOUT)
    socks[sock.fileno()] = sock


def besiege(port, local, data, ended):
    """Keep so many connections open, which send data and no more; count those that are ended."""
    poll, socks = select.epoll(), {}
    for _ in range(BESIEGERS):
        come(port, local, poll, socks)
    while True:
        for number, events in poll.poll():
            sock = socks[number]
            with contextlib.suppress(OSError):
                if events == select.EPOLLOUT:
                    sock.send(data)
                    poll.modify(number, select.EPOLLIN | select.EPOLLRDHUP)
                    continue
                if not events & (select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
                    sock.recv(65536)
                    continue
            poll.unregister(number)
            socks.pop(number).close()
            ended.value += 1
            come(port, local, poll, socks)


@contextlib.asynccontextmanager
async def besieged(relay, data, local='127.0.0.1'):
    """Go on while the relay has all the besiegers that it takes, and say how fast they came."""
    ended = FORK.Value('L', lock=False)
    process = FORK.Process(target=besiege, args=(relay.port, local, data, ended), daemon=True)
    process.start()
    try:
        while ended.value < BESIEGERS:
            await asyncio.sleep(0.01)
        before, start = ended.value, time.monotonic()
        yield
        rate = (ended.value - before) / (time.monotonic() - start)
        print(f'# {rate:.0f} besiegers came a second')
        assert process.is_alive()
    finally:
        process.kill()
        process.join()


# ---- this side ----

async def begin(relay, data):
    """Connect and send at once: a main loop would let besiegers come between."""
    sock = socket.create_connection(('127.0.0.1', relay.port), timeout=DEADLINE)
    sock.sendall(data)
    sock.setblocking(False)
    return End(*await asyncio.open_connection(sock=sock))


async def honest(relay, backend, *, first=b'', wait=0.0):
    """Get in, have a message carried, and return the seconds that it took."""
    start = time.monotonic()
    data = request(f'/api/websocket?backend={backend.url}') + first
    client = await begin(relay, b'' if wait else data)
    if wait:
        await asyncio.sleep(wait)
        client.write(data)
    head = await client.read_head()
    assert head.startswith('HTTP/1.1 101 '), head
    far = await backend.accepted.get()
    client.write(frame(TEXT, b'honest'))
    assert await far.read_message() == (TEXT, b'honest')
    elapsed = time.monotonic() - start
    client.write(frame(CLOSE, close_body(1000)))
    assert (await far.read_close())[0] == 1000
    client.reset()
    far.reset()
    return elapsed


async def get_in(relay, backend, **how):
    """Ask for the relay's health and for a WebSocket, again and again; each within a second."""
    slowest = {'health': 0.0, 'WebSocket': 0.0}
    for _ in range(TURNS):
        start = time.monotonic()
        end = await begin(relay, HEALTH)
        answer = await end.read_end()
        end.end()
        assert answer.startswith(b'HTTP/1.1 200 '), answer
        slowest['health'] = max(slowest['health'], time.monotonic() - start)
        slowest['WebSocket'] = max(slowest['WebSocket'], await honest(relay, backend, **how))
    print('# the slowest:', {name: f'{1000 * value:.0f} ms' for name, value in slowest.items()})
    assert max(slowest.values()) < 1, slowest


async def same_address():
    """2,000 that never end their request, of one's own address, keep nobody out."""
    async with running('--workers', '2', '--no-status') as relay, Backend() as backend:
        async with besieged(relay, request('/api/websocket')[:-3]):
            await get_in(relay, backend)
        assert await relay.sample('refusals_total{reason="displaced"}') >= BESIEGERS
        await relay.until_sample('clients', 1)


async def other_address():
    """Those of another address take nothing of the time that one has for a request."""
    async with running('--workers', '2', '--no-status') as relay, Backend() as backend:
        async with besieged(relay, b'GET /', '127.0.0.2'):
            await asyncio.gather(*(honest(relay, backend, wait=1.0) for _ in range(TURNS)))
            await get_in(relay, backend)


async def few_descriptors():
    """Where the system gives few descriptors, those who say nothing get only some of them."""
    async with running('--workers', '2', '--no-status', under=('prlimit', '--nofile=600')) as relay:
        async with Backend() as backend, besieged(relay, b'GET /', '127.0.0.2'):
            await get_in(relay, backend)
            assert relay.descriptors() < 400, relay.descriptors()
        assert b'cannot accept' not in relay.log


async def half_hellos():
    """2,000 that begin a TLS handshake of which no more comes take nothing of others' time."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HERE.parent / 'interop' / 'make-certificates', folder], check=True,
                       capture_output=True)
        context = ssl.create_default_context(cafile=f'{folder}/ca.pem')
        async with Backend() as backend, running(
                '--workers', '2', '--no-status', '--tls-cert', f'{folder}/valid.pem',
                '--tls-key', f'{folder}/valid.key') as relay:
            async with besieged(relay, b'\x16\x03\x01\x02\x00\x01\x00', '127.0.0.2'):
                for _ in range(TURNS):
                    start = time.monotonic()
                    client = await connect(relay, backend.url, tls=context)
                    assert time.monotonic() - start < 1, time.monotonic() - start
                    client.reset()
                    (await backend.accepted.get()).reset()


async def no_token():
    """2,000 that are upgraded and show no token, or a wrong one, take no place and no turn."""
    token = frame(TEXT, b's3cret')
    upgrade = request('/api/websocket?backend=ws://127.0.0.1:1')
    with token_options('--workers', '2', '--no-status', '--max-connections', '3') as options:
        async with running(*options) as relay, Backend() as backend:
            for data in (upgrade, upgrade + frame(TEXT, b'wrong')):
                async with besieged(relay, data):
                    await get_in(relay, backend, first=token)
                    assert relay.descriptors() < 1500, relay.descriptors()
                await relay.until_sample('clients', 1)


# ---- what is written about it ----

@contextlib.contextmanager
def full_pipe():
    """Yield the ends of a pipe that takes nothing before it is read."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b'.' * 4096)
    os.set_blocking(writing, True)
    yield reading, writing
    os.close(reading)
    os.close(writing)


async def come_and_be_refused(relay, times):
    """Ask for nonsense."""
    for _ in range(times):
        answer = await ask(relay, b'nonsense\r\n\r\n')
        assert answer.startswith('HTTP/1.1 400 '), answer


def read_until(reading, mark, text):
    """Read a pipe until mark has come, and append what came."""
    while mark not in text:
        text += os.read(reading, 65536)


async def unread_log():
    """A log that nobody reads holds nobody, and 5,000 that are refused fill no disk."""
    log = bytearray()
    with full_pipe() as (reading, writing):
        async with running('--no-status', stderr=writing) as relay, pair(relay) as (client, far):
            refused = asyncio.gather(*(come_and_be_refused(relay, 50) for _ in range(100)))
            slowest = 0.0
            while not refused.done():
                start = time.monotonic()
                client.write(frame(TEXT, b'there?'))
                assert await far.read_message() == (TEXT, b'there?')
                slowest = max(slowest, time.monotonic() - start)
                await asyncio.sleep(0.01)
            await refused
            print(f'# a message took {1000 * slowest:.0f} ms at most')
            assert slowest < 2, slowest
            assert await relay.sample('refusals_total{reason="request"}') == 5000
            await asyncio.to_thread(read_until, reading, b' suppressed lines=', log)
            assert log.count(b'.' * 4096 + b'2') == 1 and b' open connection=1 ' in log
        read_until(reading, b' closed connection=1 ', log)
        suppressed = sum(int(number) for number in re.findall(rb' suppressed lines=(\d+)\n', log))
        assert log.count(b' refused ') + suppressed == 5000, (log.count(b' refused '), suppressed)
        assert log.count(b' refused ') < 500, log.count(b' refused ')


async def nobody_reads():
    """The end of the relay does not wait for a log that nobody reads."""
    with full_pipe() as (_reading, writing):
        async with running('--no-status', stderr=writing) as relay:
            await come_and_be_refused(relay, 10)
            relay.process.terminate()
            start = time.monotonic()
            await relay.process.wait()
            assert time.monotonic() - start < 4, time.monotonic() - start


async def reader_gone():
    """A log whose reader has gone ends nothing."""
    reading, writing = os.pipe()
    os.close(reading)
    async with running('--no-status', stderr=writing) as relay, pair(relay) as (client, far):
        os.close(writing)
        await come_and_be_refused(relay, 10)
        client.write(frame(TEXT, b'there?'))
        assert await far.read_message() == (TEXT, b'there?')


if __name__ == '__main__':
    _soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    run([same_address, other_address, few_descriptors, half_hellos, no_token, unread_log,
         nobody_reads, reader_gone])
