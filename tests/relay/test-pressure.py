#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-pressure.py RELAY: limits on open connections, readers that stop, and much coming and going.
"""

import asyncio
import contextlib
import pathlib
import re
import resource
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import zlib

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    BINARY, CLOSE, PING, TEXT, Backend, close_body, connect, frame, pair, request, run, running)

MIB = 1 << 20
HERE = pathlib.Path(__file__).resolve().parent
ZERO = b'\0\0\0\0'
DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate'
WAVES, WAVE = 25, 200
LIVELY = 99
STOPPED = 200
CROWD = 1500


def relay_of(*options):
    """Run a relay of two workers, without a message of its own."""
    return running('--workers', '2', '--no-status', *options)


# ---- limits ----

async def client_breaks(relay, data, code, reason=None):
    """Send what breaks a limit or a rule; see what both ends get."""
    async with pair(relay) as (client, far):
        client.write(frame(TEXT, b'fine') + data)
        assert await far.read_message() == (TEXT, b'fine')
        got = await client.read_close()
        assert got[0] == code and reason in (None, got[1]), (got, code, data[:80])
        client.write(frame(CLOSE, close_body(code)))
        frames, last = await far.read_all()
        assert last == 1001, (last, data[:80])
        far.write(frame(CLOSE, close_body(1001), mask=None))
        far.end()
        assert await client.read_end() == b''
        client.end()
        return frames


async def limits():
    """Rates, and sizes of frames and of messages over fragments: 1008 and 1009."""
    async with relay_of('--rate', '20') as relay:
        passed = await client_breaks(relay, frame(TEXT, b'x') * 100, 1008, 'Too many messages')
        assert 18 <= len(passed) <= 25, len(passed)
        # Pings, and fragments without a byte, are no way around it.
        await client_breaks(relay, frame(PING) * 100, 1008)
        empty = frame(TEXT, b'', fin=False) + frame(0, b'', fin=False) * 100
        await client_breaks(relay, empty, 1008)
    async with relay_of('--byte-rate', '100000') as relay:
        small = frame(BINARY, bytes(1000)) * 200
        passed = await client_breaks(relay, small, 1008, 'Too many bytes')
        assert 90 <= len(passed) <= 110, len(passed)
        await client_breaks(relay, frame(BINARY, bytes(300000)), 1008, 'Too many bytes')
        # A backend may send as much as it likes.
        async with pair(relay) as (client, far):
            far.write(frame(BINARY, bytes(1000), mask=None) * 300)
            for _ in range(300):
                assert (await client.read_message())[0] == BINARY
    async with relay_of('--max-message', '70000', '--max-frame', '40000') as relay:
        await client_breaks(relay, frame(BINARY, b'', length=40001), 1009, 'Frame too big')
        await client_breaks(relay, frame(BINARY, b'', length=(1 << 63) - 1), 1009)
        parts = frame(BINARY, bytes(35000), fin=False) + frame(0, bytes(35000), fin=False)
        frames = await client_breaks(relay, parts + frame(0, b'x'), 1009, 'Message too big')
        assert sum(len(part) for _fin, _opcode, part in frames) <= 70000
        async with pair(relay) as (client, far):
            client.write(parts + frame(0, b''))
            assert await far.read_message() == (BINARY, bytes(70000))


async def compressed_limits():
    """Where permessage-deflate is agreed on, limits count the bytes on the wire."""
    squeezed = zlib.compressobj(wbits=-15)
    small = squeezed.compress(bytes(MIB)) + squeezed.flush(zlib.Z_SYNC_FLUSH)[:-4]
    assert len(small) < 2000
    async with relay_of('--max-message', '2000') as relay:
        async with Backend(fields=DEFLATE + '\r\n') as backend:
            for mask in (ZERO, None):
                client = await connect(relay, backend.url, DEFLATE)
                far = await backend.accepted.get()
                writer, reader = (client, far) if mask else (far, client)
                writer.write(frame(BINARY | 0x40, small, mask=mask))
                first = (await reader.reader.readexactly(1))[0]
                assert first == 0x80 | 0x40 | BINARY, first
                head = await reader.reader.readexactly(3)
                assert head[0] & 0x7f == 126 and head[1:] == struct.pack('>H', len(small))
                await reader.reader.readexactly(len(small) + (4 if mask else 0))
                halves = (frame(BINARY | 0x40, small + bytes(900), fin=False, mask=mask) +
                          frame(0, bytes(2000 - len(small)), mask=mask))
                writer.write(halves)
                assert (await writer.read_close())[0] == 1009
                for end in (client, far):
                    end.reset()


async def rules():
    """Who breaks a rule of the protocol is told its code; 1011 to the client of such a backend."""
    bad = [(1002, opcode, b'') for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)]
    bad += [(1002, TEXT | bits, b'x') for bits in (0x40, 0x20, 0x10)]
    bad += [(1002, CLOSE, body) for body in (b'x', *(
        close_body(code) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)))]
    bad += [(1007, TEXT, text) for text in (b'\xff', b'\xc0\x80', b'\xed\xa0\x80', b'\xe2\x82',
                                            b'\xf4\x90\x80\x80')]
    bad += [(1007, CLOSE, struct.pack('>H', 1000) + b'\xff'), (1002, PING, bytes(126)),
            (1002, 0, b'continues nothing')]
    async with relay_of() as relay, Backend() as backend:
        async def wrong_client(code, data):
            await client_breaks(relay, data, code)

        async def wrong_backend(code, data):
            async with pair(relay) as (client, far):
                far.write(frame(TEXT, b'fine', mask=None) + data)
                assert await client.read_message() == (TEXT, b'fine')
                assert await client.read_close() == (1011, 'Backend error'), data
                assert (await far.read_close())[0] == code, data

        before = None
        for code, opcode, payload in [*bad, (1002, None, None)]:
            if opcode is None:
                await wrong_client(code, frame(TEXT, b'not masked', mask=None))
                await wrong_backend(code, frame(TEXT, b'masked'))
            else:
                await wrong_client(code, frame(opcode, payload))
                await wrong_backend(code, frame(opcode, payload, mask=None))
            await relay.until_sample('clients', 1)
            before = before or relay.descriptors()
        await relay.until_descriptors(before)
        assert backend.accepted.empty()


async def idle():
    """Silence both ways: 1001 both ways, and the end also where nobody answers that."""
    async with relay_of('--idle-timeout', '1', '--close-timeout', '1') as relay:
        await relay.sample('clients')
        before = relay.descriptors()
        start = time.monotonic()
        async with pair(relay) as (client, far), pair(relay) as (silent, silent_far):
            for end in (client, far, silent, silent_far):
                assert await end.read_close() == (1001, 'Idle timeout')
            assert 0.9 < time.monotonic() - start < 2
            for end in (silent, silent_far):
                assert await end.read_end() == b''
            assert 1.9 < time.monotonic() - start < 3.5
        await relay.until_descriptors(before)


# ---- readers that stop ----

def message(size, seed):
    """Return a payload in which no two places look alike."""
    return b''.join(struct.pack('>II', seed, at) for at in range(0, size, 8))


async def send_until_stuck(end, data):
    """Send until the end's own system takes no more; return how much waits in the end itself."""
    end.write(data)
    last = None
    while last != (last := end.writer.transport.get_write_buffer_size()):
        await asyncio.sleep(0.2)
    return last


async def both_stopped():
    """Both ends send and none reads: less than 1 MiB, and all arrives once they go on."""
    up, down = message(40 * MIB, 1), message(40 * MIB, 2)
    async with relay_of() as relay, pair(relay) as (client, far):
        before = relay.memory('VmRSS')
        for end in (client, far):
            end.writer.transport.pause_reading()
        waits = await asyncio.gather(send_until_stuck(client, frame(BINARY, up, mask=ZERO)),
                                     send_until_stuck(far, frame(BINARY, down, mask=None)))
        grown = relay.memory('VmRSS') - before
        print(f'# {grown / 1024:.0f} KiB; {[wait // MIB for wait in waits]} of 40 MiB wait outside')
        assert min(waits) > 0, waits
        assert grown < MIB or relay.is_sanitized()
        for end in (client, far):
            end.writer.transport.resume_reading()
        got = await asyncio.gather(far.read_message(), client.read_message())
        assert got == [(BINARY, up), (BINARY, down)]


async def tls_both_legs():
    """TLS on both legs: 20 MB each way at once, and to a reader that stops for a while."""
    up, down = message(20 * 1000 * 1000, 3), message(20 * 1000 * 1000, 4)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HERE.parent / 'interop' / 'make-certificates', folder], check=True,
                       capture_output=True)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(f'{folder}/valid.pem', f'{folder}/valid.key')
        trusting = ssl.create_default_context(cafile=f'{folder}/ca.pem')
        async with Backend(tls=server) as backend, relay_of(
                '--tls-cert', f'{folder}/valid.pem', '--tls-key', f'{folder}/valid.key',
                '--cacert', f'{folder}/ca.pem') as relay:
            client = await connect(relay, backend.url, tls=trusting)
            far = await backend.accepted.get()
            before = relay.memory('VmRSS')
            client.write(frame(BINARY, up, mask=ZERO))
            far.write(frame(BINARY, down, mask=None))
            assert await asyncio.gather(far.read_message(), client.read_message()) == [
                (BINARY, up), (BINARY, down)]
            for reader, writer, data, mask in ((client, far, down, None), (far, client, up, ZERO)):
                reader.writer.transport.pause_reading()
                await send_until_stuck(writer, frame(BINARY, data, mask=mask))
                stuck = relay.memory('VmRSS') - before
                # The other direction is not held up.
                reader.write(frame(TEXT, b'the other way', mask=None if mask else ZERO))
                assert await writer.read_message() == (TEXT, b'the other way')
                reader.writer.transport.resume_reading()
                assert await reader.read_message() == (BINARY, data)
                print(f'# {stuck / 1024:.0f} KiB more with a stopped reader')
                assert stuck < MIB or relay.is_sanitized()
            client.write(frame(CLOSE, close_body(4000)))
            assert await far.read_close() == (4000, '')
            far.write(frame(CLOSE, close_body(4000), mask=None))
            assert await client.read_close() == (4000, '')
            far.end()
            client.end()
            await relay.until_logged(' closed connection=1 ')


async def one_among_many():
    """One reader that stops does not slow 99 others, nor takes more than 1 MiB."""
    async def echo(client, far, times):
        for _ in range(times):
            client.write(frame(BINARY, bytes(500), mask=ZERO))
            data = await far.read_message()
            far.write(frame(*data, mask=None))
            assert await client.read_message() == (BINARY, bytes(500))

    async def round_of(pairs):
        start = time.monotonic()
        await asyncio.gather(*(echo(*both, 10) for both in pairs))
        return time.monotonic() - start

    async with relay_of() as relay, contextlib.AsyncExitStack() as stack:
        client, far = await stack.enter_async_context(pair(relay))
        pairs = [await stack.enter_async_context(pair(relay)) for _ in range(LIVELY)]
        quiet = min([await round_of(pairs) for _ in range(2)])
        before = relay.memory('VmRSS')
        client.writer.transport.pause_reading()
        assert await send_until_stuck(far, frame(BINARY, bytes(48 * MIB), mask=None)) > 0
        busy = min([await round_of(pairs) for _ in range(2)])
        grown = relay.memory('VmRSS') - before
        print(f'# {LIVELY * 10} echoes in {quiet:.2f} s, and in {busy:.2f} s beside the reader '
              f'that stopped; {grown / 1024:.0f} KiB more')
        assert busy < 3 * quiet + 0.2, (quiet, busy)
        assert grown < MIB or relay.is_sanitized()


async def many_stopped():
    """200 readers that stop at once take less than 1 MiB each, and give it back."""
    data = frame(BINARY, bytes(8 * MIB), mask=None)
    async with relay_of() as relay, Backend() as backend:
        clients, ends = [], []
        for _ in range(STOPPED):
            clients.append(await connect(relay, backend.url))
            clients[-1].writer.transport.pause_reading()
            clients[-1].writer.get_extra_info('socket').setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            ends.append(await backend.accepted.get())
            ends[-1].writer.get_extra_info('socket').setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        before = relay.memory('VmRSS')
        waiting = [send_until_stuck(end, data) for end in ends]
        stuck = sum(wait > 0 for wait in await asyncio.gather(*waiting))
        grown = relay.memory('VmRSS') - before
        for end in clients + ends:
            end.abort()
        await relay.until_sample('clients', 1)
        kept = relay.memory('VmRSS') - before
        print(f'# {stuck} of {STOPPED} stuck, {grown / MIB:.1f} MiB more then, {kept / MIB:.1f} '
              'MiB afterwards')
        assert stuck > STOPPED / 2, stuck
        assert grown < STOPPED * MIB or relay.is_sanitized()
        assert kept < max(grown / 2, MIB) or relay.is_sanitized()


# ---- coming and going ----

def receive_until(sock, mark):
    """Read until mark has come, and return all that came."""
    data = b''
    while mark not in data:
        part = sock.recv(65536)
        assert part, data
        data += part
    return data


def end_somehow(client, far, way):
    """End a connection in one of several ways, some of them in the middle of a message."""
    if way == 0:
        client.sendall(frame(CLOSE, close_body(1000)))
    elif way == 1:
        client.sendall(frame(BINARY, b'x' * 500, length=1000))
    elif way == 2:
        far.sendall(frame(BINARY, b'x' * 500, mask=None, length=100000))
    elif way == 3:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    elif way == 4:
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    first, second = (far, client) if way % 2 else (client, far)
    first.close()
    second.close()


def wave(port, listener, number):
    """Open so many connections, have messages carried both ways, and end each somehow."""
    url = f'ws://127.0.0.1:{listener.getsockname()[1]}'
    pairs = []
    for i in range(WAVE):
        client = socket.create_connection(('127.0.0.1', port), timeout=10)
        client.sendall(request(f'/api/websocket?backend={url}/{i}') + frame(TEXT, b'up %d' % i))
        far = listener.accept()[0]
        far.settimeout(10)
        head = receive_until(far, b'\r\n\r\n').decode()
        key = re.search(r'(?i)sec-websocket-key: (.*)\r', head)[1]
        far.sendall(Backend.answer(key) + frame(TEXT, b'down %d' % i, mask=None))
        pairs.append((client, far))
        # Earlier ones end while later ones come.
        if i % 3 == 2:
            one, two = pairs[i // 2]
            if one.fileno() >= 0:
                end_somehow(one, two, (number + i) % 6)
    for i, (client, far) in enumerate(pairs):
        if client.fileno() >= 0:
            receive_until(client, frame(TEXT, b'down %d' % i, mask=None))
            receive_until(far, frame(TEXT, b'up %d' % i)[:2])
            end_somehow(client, far, (number + i) % 6)


async def waves():
    """5,000 connections that come and go in waves leave no descriptor, place or memory taken."""
    with socket.create_server(('127.0.0.1', 0), backlog=512) as listener:
        listener.settimeout(10)
        async with relay_of('--close-timeout', '1') as relay:
            for number in range(WAVES):
                await asyncio.to_thread(wave, relay.port, listener, number)
                if number == WAVES // 4:
                    await relay.until_sample('clients', 1)
                    memory, before = relay.memory('VmRSS'), relay.descriptors()
            await relay.until_sample('clients', 1)
            await relay.until_sample('open_connections', 0)
            await relay.until_descriptors(before)
            grown = relay.memory('VmRSS') - memory
            total = await relay.sample('connections_total')
            print(f'# {total:.0f} connections, {grown / 1024:.0f} KiB more')
            assert total > WAVES * WAVE * 0.9, total
            assert grown < MIB or relay.is_sanitized()


async def crowd():
    """A crowd that is idle takes a few KiB each, which go back to the system when it has gone."""
    _soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4 * CROWD, most), most))
    ends = []

    async def come(relay, backend):
        client = await connect(relay, backend.url)
        far = await backend.accepted.get()
        ends.extend((client, far))
        # What they have said leaves no buffer behind.
        client.write(frame(TEXT, b'up'))
        far.write(frame(TEXT, b'down', mask=None))
        assert (await client.read_message())[1] == b'down'
        assert (await far.read_message())[1] == b'up'

    async with relay_of('--max-connections', str(CROWD)) as relay, Backend() as backend:
        empty = relay.memory('VmRSS')
        for _ in range(CROWD // 50):
            await asyncio.gather(*(come(relay, backend) for _ in range(50)))
        memory, descriptors = relay.memory('VmRSS'), relay.descriptors()
        print(f'# {(memory - empty) / CROWD / 1024:.1f} KiB each')
        assert memory - empty < CROWD * 8 * 1024 or relay.is_sanitized()
        for end in ends:
            end.reset()
        await relay.until_descriptors(descriptors - 2 * CROWD)
        end = time.monotonic() + 15
        while relay.memory('VmRSS') > memory - MIB * 3 // 4 and not relay.is_sanitized():
            assert time.monotonic() < end, (relay.memory('VmRSS'), memory)
            await asyncio.sleep(0.1)


if __name__ == '__main__':
    run([limits, compressed_limits, rules, idle, both_stopped, tls_both_legs, one_among_many,
         many_stopped, waves, crowd])
