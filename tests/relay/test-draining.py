#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-draining.py RELAY: SIGTERM while everything is under way."""

import asyncio
import contextlib
import pathlib
import re
import signal
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    BINARY, CLOSE, PING, Backend, End, close_body, connect, frame, pair, request, run, running)

HERE = pathlib.Path(__file__).resolve().parent
PAIRS = 8
SIZES = (20, 300, 5000, 15000)      # whole frames
LONG = 200000                       # cut into pieces


def relay_of(*options):
    """Run a relay of two workers."""
    return running('--workers', '2', *options)


def message(number, size):
    """Return the payload of a message, none like another."""
    return struct.pack('>II', number, size) + bytes([number % 251]) * (size - 8)


class Talker:
    """An end that sends numbered messages as fast as it can, and checks those that it gets."""

    def __init__(self, end, mask, size):
        self.end, self.mask, self.size = end, mask, size
        self.sent = self.got = 0
        self.closed = None      # the body of the Close
        self.told = asyncio.Event()

    async def send(self):
        """Send until there was a Close, and answer that."""
        while not self.told.is_set():
            self.end.write(frame(BINARY, message(self.sent, self.size), mask=self.mask))
            self.sent += 1
            await self.end.writer.drain()
            await asyncio.sleep(0)
        self.end.write(frame(CLOSE, self.closed, mask=self.mask))
        await self.end.writer.drain()
        self.end.half_close()

    async def receive(self):
        """Read to the end: messages in order and without a gap, a Close, and nothing more."""
        parts = b''
        while True:
            fin, opcode, payload, _masked = await self.end.read_frame()
            if opcode == CLOSE:
                break
            assert opcode == (0 if parts else BINARY), opcode
            parts += payload
            if fin:
                assert parts == message(self.got, self.size), (self.got, len(parts))
                parts = b''
                self.got += 1
        # What was cut at a frame's end is the beginning of the next one.
        assert message(self.got, self.size).startswith(parts), self.got
        self.closed = payload
        self.told.set()
        assert await self.end.read_end() == b''

    async def talk(self):
        """Do both, to the end of the connection."""
        try:
            await asyncio.gather(self.send(), self.receive())
        finally:
            self.end.end()


def count_whole(line, way, size, mask):
    """Return how many whole messages the relay has read that way, by its own line of the log."""
    read, late = (int(re.search(rf' {name}_{way}=(\d+)', line)[1]) for name in ('bytes', 'late'))
    return (read - late) // len(frame(BINARY, bytes(size), mask=mask))


async def under_load():
    """SIGTERM under load: what the relay has read whole is delivered, then 1001 both ways."""
    mask = b'\x0a\x0b\x0c\x0d'
    async with relay_of('--no-status', '--drain', '15') as relay, Backend() as backend:
        talkers = {}
        for number in range(1, PAIRS + 1):
            size = (*SIZES, LONG)[number % (len(SIZES) + 1)]
            client = await connect(relay, backend.url)
            far = await backend.accepted.get()
            talkers[number] = (Talker(client, mask, size), Talker(far, None, size))
        tasks = [asyncio.create_task(talker.talk()) for both in talkers.values() for talker in both]
        end = time.monotonic() + 1
        while (time.monotonic() < end or
               min(talker.got for both in talkers.values() for talker in both) < 20):
            done = (await asyncio.wait(tasks, timeout=0.01))[0]
            assert not done, [task.exception() for task in done]
        relay.process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        await asyncio.gather(*tasks)
        assert await relay.process.wait() == 0
        elapsed = time.monotonic() - start
        await relay.reader
        for number, (client, far) in talkers.items():
            assert client.closed == far.closed == close_body(1001), number
            line = await relay.until_logged(f' closed connection={number} ')
            size = client.size
            assert far.got == count_whole(line, 'up', size, mask), (line, far.got)
            assert client.got == count_whole(line, 'down', size, None), (line, client.got)
        total = sum(talker.got for both in talkers.values() for talker in both)
        print(f'# {total} messages delivered, and {elapsed:.1f} s to drain')
        assert elapsed < 15, elapsed


async def second_signal():
    """A second SIGTERM ends at once, whoever has not answered or does not even read."""
    async with relay_of('--no-status', '--drain', '60', '--close-timeout', '60') as relay:
        async with pair(relay) as (silent, _far), pair(relay) as (client, far):
            await fill(client, far)
            relay.process.terminate()
            assert await silent.read_close() == (1001, '')
            assert relay.process.returncode is None
            start = time.monotonic()
            relay.process.terminate()
            assert await relay.process.wait() == 0
            assert time.monotonic() - start < 1


async def fill(writer, reader):
    """Send until nothing more goes, since the reader has stopped."""
    reader.writer.transport.pause_reading()
    last = None
    while last != (last := writer.writer.transport.get_write_buffer_size()) or last < 1 << 20:
        if last < 4 << 20:
            writer.write(frame(BINARY, bytes(1 << 20), mask=b'\0\0\0\0'))
        await asyncio.sleep(0.05)


async def stopped_readers():
    """SIGTERM with readers that have stopped: --drain seconds, then the end."""
    async with relay_of('--no-status', '--drain', '1', '--close-timeout', '60') as relay:
        async with pair(relay) as (client, far), pair(relay) as (other, other_far):
            await fill(client, far)
            other_far.write(frame(BINARY, bytes(8 << 20), mask=None))
            other.writer.transport.pause_reading()
            start = time.monotonic()
            relay.process.terminate()
            assert await relay.process.wait() == 0
            assert 0.9 < time.monotonic() - start < 2.5


async def reader_goes_on():
    """A reader that goes on within --drain still gets what was read, and the Close."""
    async with relay_of('--no-status', '--drain', '20', '--close-timeout', '20') as relay:
        async with pair(relay) as (client, far):
            await fill(client, far)
            relay.process.terminate()
            assert await client.read_close() == (1001, '')
            far.writer.transport.resume_reading()
            size = 0
            while True:
                _fin, opcode, payload, _masked = await far.read_frame()
                if opcode == CLOSE:
                    break
                assert not any(payload)
                size += len(payload)
            assert payload == close_body(1001) and size > 1 << 18, (payload, size)
            far.write(frame(CLOSE, payload, mask=None))
            far.end()
            client.write(frame(CLOSE, payload))
            client.end()
            assert await asyncio.wait_for(relay.process.wait(), 3) == 0


async def in_handshakes():
    """SIGTERM while TLS handshakes are open, of clients and of backends: the end comes soon."""
    held = asyncio.Queue()

    async def hold(reader, writer):
        await held.put((reader, writer))
        await reader.read()
        writer.close()
    mute = await asyncio.start_server(hold, '127.0.0.1', 0)
    port = mute.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HERE.parent / 'interop' / 'make-certificates', folder], check=True,
                       capture_output=True)
        context = ssl.create_default_context(cafile=f'{folder}/ca.pem')
        async with relay_of('--tls-cert', f'{folder}/valid.pem', '--tls-key',
                            f'{folder}/valid.key', '--drain', '20') as relay:
            ends = [End(*await asyncio.open_connection('127.0.0.1', relay.port)) for _ in range(4)]
            ends[1].write(b'\x16\x03')
            ends[2].write(b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03')
            for scheme in ('ws', 'wss'):
                client = End(*await asyncio.open_connection('127.0.0.1', relay.port, ssl=context))
                client.write(request(f'/api/websocket?backend={scheme}://127.0.0.1:{port}'))
                await held.get()
                ends.append(client)
            start = time.monotonic()
            relay.process.terminate()
            assert await relay.process.wait() == 0
            assert time.monotonic() - start < 5, time.monotonic() - start
            for end in ends[4:]:
                assert (await end.read_end()).startswith(b'HTTP/1.1 503 ')
            for end in ends:
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    assert not await end.read_end()
                end.reset()
    mute.close()


async def while_closing():
    """SIGTERM while Closes are under way: none is told twice, and codes stay what they were."""
    async with relay_of('--no-status', '--drain', '20') as relay:
        async with pair(relay) as (one, one_far), pair(relay) as (two, two_far):
            one.write(frame(CLOSE, close_body(4001)))
            assert await one_far.read_close() == (4001, '')
            two_far.write(frame(CLOSE, close_body(4002), mask=None))
            assert await two.read_close() == (4002, '')
            relay.process.terminate()
            # The end that has said Close gets 1001 for the answer that it waits for.
            assert (await one.read_close())[0] == 1001
            assert (await two_far.read_close())[0] == 1001
            one_far.write(frame(PING, b'', mask=None) + frame(CLOSE, close_body(4001), mask=None))
            one_far.end()
            two.write(frame(CLOSE, close_body(4002)))
            assert await one.read_end() == b'' and await two.read_end() == b''
            two_far.half_close()
            assert await two_far.read_end() == b''
            for end in (one, two, two_far):
                end.end()
            assert await asyncio.wait_for(relay.process.wait(), 3) == 0


if __name__ == '__main__':
    run([under_load, second_signal, stopped_readers, reader_goes_on, in_handshakes, while_closing])
