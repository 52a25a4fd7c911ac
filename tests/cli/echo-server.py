#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of Debian's python3-websockets that checks a client which sends every message back.

It prints its port, serves one connection for each line of stdin, and after each prints "fine" or
what went wrong. The line is the name of a function below.
"""

import asyncio
import random
import sys
import traceback

try:
    from websockets.legacy.server import serve
except ModuleNotFoundError:
    print('missing python3-websockets')
    sys.exit(77)

SIZES = (0, 1, 125, 126, 127, 65535, 65536, 65537, 1 << 20, 16 << 20)


async def same(socket, message, whole=None):
    """Send message (or a list of fragments) and expect it back, type and all."""
    sending = asyncio.create_task(socket.send(message))
    answer = await socket.recv()
    await sending
    expected = message if whole is None else whole
    assert type(answer) is type(expected), (type(answer), type(expected))
    assert answer == expected, (len(answer), len(expected))


async def sizes(socket):
    """Text and binary of every size."""
    for size in SIZES:
        await same(socket, random.randbytes(size))
        await same(socket, ('aä€😀' * (size // 4 + 1))[:size // 4])


async def fragments(socket):
    """Fragments of many sizes, empty ones too, split anywhere."""
    for pieces in ([b''], [b'', b''], [b'a', b'', b'bc'], [b'x' * 65535, b'y' * 65536, b'z'],
                   [bytes([i % 251]) for i in range(3000)], [b'q' * (1 << 20)] * 16):
        await same(socket, pieces, b''.join(pieces))
    await same(socket, ['ä', '', '€' * 30000, '😀'], 'ä' + '€' * 30000 + '😀')


async def pings(socket):
    """Pings between messages are answered while the echo goes on."""
    for i in range(50):
        pong = await socket.ping(b'%d' % i)
        await same(socket, b'm' * (i * 5000))
        await asyncio.wait_for(pong, 10)


async def flood(socket):
    """Everything sent before anything is read: nothing is lost, and nobody blocks for ever."""
    messages = [random.randbytes(random.randrange(3000)) for _ in range(20000)]

    async def send():
        for i, message in enumerate(messages):
            await socket.send(message)
            if i % 1000 == 0:
                await asyncio.wait_for(await socket.ping(), 20)

    sending = asyncio.create_task(send())
    for i, message in enumerate(messages):
        assert await socket.recv() == message, i
    await sending


async def stalled(socket):
    """64 MiB go out while nothing is read for a while: the client stops reading, and loses none."""
    block = random.randbytes(65536)
    socket.transport.pause_reading()
    sent = 0

    async def send():
        nonlocal sent
        while sent < 1024:
            await socket.send(block)
            sent += 1

    sending = asyncio.create_task(send())
    while True:
        before = sent
        await asyncio.sleep(0.5)
        if sent == before:
            break
    assert sent < 1024, 'the client took everything, though nothing was taken back'
    socket.transport.resume_reading()
    for i in range(1024):
        assert await socket.recv() == block, i
    await sending


TESTS = {test.__name__: test for test in (sizes, fragments, pings, flood, stalled)}


async def main():
    """Serve as stdin says."""
    current, done = None, asyncio.Event()

    async def handle(socket):
        try:
            await TESTS[current](socket)
            print('fine', flush=True)
        except BaseException:     # pylint: disable=broad-except
            print(traceback.format_exc().replace('\n', ' | '), flush=True)
        await socket.close()
        done.set()

    async with serve(handle, '127.0.0.1', 0, max_size=None, ping_interval=None,
                     compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            current = line.strip()
            done.clear()
            print('ready', flush=True)
            await done.wait()


if __name__ == '__main__':
    asyncio.run(main())
