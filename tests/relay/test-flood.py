#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-flood.py RELAY: a reader that stops while the other end sends 1 GB, and memory meanwhile."""

import asyncio
import socket
import struct
import sys
import threading
import zlib

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    BINARY, CLOSE, Backend, close_body, connect, frame, run, running)

MESSAGES = 1000
SIZE = 1000 * 1000
READERS = 10
MEMORY_LIMIT = 64 * 1024 * 1024
# What may lie between the ends when one has stopped: buffers of four sockets, and the relay's.
BETWEEN = 48 * 1024 * 1024


def message(number):
    """Return the payload of a message, none like another."""
    return struct.pack('>Q', number) * (SIZE // 8)


class Sender(threading.Thread):
    """Sends all messages over a socket, and a Close."""

    def __init__(self, sock, mask):
        super().__init__(daemon=True)
        self.sock, self.mask = sock, mask
        self.sent = 0
        self.crc = 0

    def run(self):
        head = frame(BINARY, b'', mask=self.mask and b'\0\0\0\0', length=SIZE)
        for number in range(MESSAGES):
            data = message(number)
            self.crc = zlib.crc32(data, self.crc)
            self.sock.sendall(head + data)
            self.sent += SIZE
        self.sock.sendall(frame(CLOSE, close_body(1000), mask=self.mask and b'\0\0\0\0'))


class Receiver:
    """Reads frames from a socket until a Close, of any end."""

    def __init__(self, sock):
        self.stream = sock.makefile('rb', buffering=1 << 20)
        self.messages = self.size = self.crc = 0
        self.code = None

    def read_frame(self):
        """Return (first byte, payload)."""
        first, second = self.stream.read(2)
        length = second & 0x7f
        if length > 125:
            length = int.from_bytes(self.stream.read(2 if length == 126 else 8), 'big')
        mask = self.stream.read(4) if second & 0x80 else None
        payload = self.stream.read(length)
        if mask:
            key = int.from_bytes((mask * (length // 4 + 1))[:length], 'big')
            payload = (int.from_bytes(payload, 'big') ^ key).to_bytes(length, 'big')
        return first, payload

    def run(self):
        """Read all."""
        while True:
            first, payload = self.read_frame()
            if first & 0x0f == CLOSE:
                self.code = int.from_bytes(payload[:2], 'big')
                return
            self.messages += first >> 7
            self.size += len(payload)
            self.crc = zlib.crc32(payload, self.crc)


def take_socket(end):
    """Return the socket of an asyncio connection that has read nothing but its head."""
    end.writer.transport.pause_reading()
    sock = end.writer.get_extra_info('socket').dup()
    sock.setblocking(True)
    sock.settimeout(120)
    return sock


async def until_stuck(sender):
    """Return what was sent when nothing more goes."""
    last = -1
    while sender.sent != last:
        last = sender.sent
        await asyncio.to_thread(sender.join, 0.5)
    return last


async def flood(relay, to_client):
    """Send 1 GB one way to an end that does not read until nothing moves any more."""
    async with Backend() as backend:
        client = await connect(relay, backend.url)
        far = await backend.accepted.get()
        ends = take_socket(client), take_socket(far)
    reader, writer = ends if to_client else ends[::-1]
    sender = Sender(writer, mask=not to_client)
    sender.start()
    stuck = await until_stuck(sender)
    resident = relay.memory('VmRSS')
    assert 0 < stuck < BETWEEN, stuck
    receiver = Receiver(reader)
    await asyncio.to_thread(receiver.run)
    sender.join()
    assert (receiver.messages, receiver.size) == (MESSAGES, MESSAGES * SIZE), vars(receiver)
    assert receiver.crc == sender.crc and receiver.code == 1000, vars(receiver)
    for end in (client, far):
        end.reset()
    for sock in ends:
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()
    print(f'# stopped after {stuck / 1e6:.0f} MB at {resident / 1e6:.1f} MB of memory; '
          f'{MESSAGES} of {MESSAGES} messages delivered, peak {relay.memory("VmHWM") / 1e6:.1f} MB')
    assert relay.memory('VmHWM') < MEMORY_LIMIT or relay.is_sanitized()


async def stopped_client():
    """A client that stopped reading gets all of 1 GB once it goes on, in bounded memory."""
    async with running('--no-status') as relay:
        await flood(relay, to_client=True)


async def stopped_backend():
    """A backend that stopped reading likewise."""
    async with running('--no-status') as relay:
        await flood(relay, to_client=False)


async def many_stopped():
    """Each of several stopped readers costs no more than its buffer."""
    async with running('--no-status') as relay, Backend() as backend:
        clients = [await connect(relay, backend.url) for _ in range(READERS)]
        ends = [await backend.accepted.get() for _ in clients]
        before = relay.memory('VmRSS')
        for end in clients:
            end.writer.transport.pause_reading()
        tasks = [asyncio.create_task(end.reader.read()) for end in ends]
        data = frame(BINARY, bytes(SIZE), mask=None)
        for end in ends:
            for _ in range(BETWEEN // SIZE // 2):
                end.write(data)
        last = None
        while last != (last := [end.writer.transport.get_write_buffer_size() for end in ends]):
            await asyncio.wait(tasks, timeout=0.3)
        assert min(last) > 0, last
        grown = relay.memory('VmRSS') - before
        print(f'# {grown / READERS / 1024:.0f} KiB for each of {READERS} stopped readers')
        assert grown < READERS * 600 * 1024 or relay.is_sanitized()
        for end in clients + ends:
            end.reset()
        await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == '__main__':
    run([stopped_client, stopped_backend, many_stopped], deadline=150)
