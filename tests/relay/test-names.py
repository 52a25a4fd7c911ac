#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends by name, with a DNS server of the test's own that answers when it is told to.

usage: test-names.py RELAY

It runs itself again in a network of its own, with nothing but loopback, where the system's resolver
asks that server.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from relaylib import Backend, End, connect, request, run, running  # noqa: E402

INSIDE = 'DUPLEX_TEST_NAMES'    # set in that network
A, AAAA = 1, 28
NO_ERROR, NO_SUCH_NAME = 0, 3
LOOPBACK, METADATA = bytes([127, 0, 0, 1]), bytes([169, 254, 169, 254])
ADDRESSES = {'link': [METADATA], 'both': [METADATA, LOOPBACK]}
SHARE = 43                      # lookups that one client may have at a time
PROMPT = 1                      # seconds that nobody else's names may cost


# ---- the DNS server ----

class Dns(asyncio.DatagramProtocol):
    """A server on 127.0.0.1: live* is 127.0.0.1, link* is where clouds have their metadata, both*
    is either, no* is nobody, and others are not answered."""

    def __init__(self):
        self.asked = []         # (name, type), as often as it was
        self.held = []          # questions without an answer
        self.transport = None

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=('127.0.0.1', 53))
        return self

    async def __aexit__(self, *_error):
        self.transport.close()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        labels, place = [], 12
        while data[place]:
            labels.append(data[place + 1:place + 1 + data[place]].decode())
            place += 1 + data[place]
        question = data[12:place + 5]
        name, kind = '.'.join(labels), struct.unpack_from('>H', data, place + 1)[0]
        self.asked.append((name, kind))
        if name.startswith(('live', 'link', 'both', 'no')):
            self.answer(data[:2], question, name, kind, addr)
        else:
            self.held.append((data[:2], question, name, kind, addr))

    def answer(self, number, question, name, kind, addr):
        """Answer one question (RFC 1035 §4.1)."""
        found = [] if kind != A or name.startswith('no') else ADDRESSES.get(name[:4], [LOOPBACK])
        code = NO_SUCH_NAME if name.startswith('no') else NO_ERROR
        head = number + struct.pack('>HHHHH', 0x8180 | code, 1, len(found), 0, 0)
        records = [struct.pack('>HHHLH', 0xc00c, A, 1, 60, 4) + address for address in found]
        self.transport.sendto(head + question + b''.join(records), addr)

    def release(self):
        """Answer what was not."""
        for number, question, name, kind, addr in self.held:
            self.answer(number, question, name, kind, addr)
        self.held.clear()

    def names(self):
        """Return the names that were asked for."""
        return {name for name, _kind in self.asked}

    async def until_asked(self, count):
        """Wait until so many names were asked for."""
        end = time.monotonic() + 8
        while len(self.names()) < count:
            assert time.monotonic() < end, f'{len(self.names())} names, not {count}'
            await asyncio.sleep(0.01)


# ---- clients ----

async def name(relay, host, *, local='127.0.0.1', port=9):
    """Ask for a backend, without waiting for an answer."""
    end = End(*await asyncio.open_connection(relay.host, relay.port, local_addr=(local, 0)))
    end.write(request(f'/api/websocket?backend=ws://{host}:{port}'))
    return end


async def name_mute(relay, count, **options):
    """Ask for as many backends whose names nobody answers for."""
    return [await name(relay, f'mute-{number}.test', **options) for number in range(count)]


async def reach(relay, host, backend, local='127.0.0.1'):
    """Reach the backend by that name, promptly, and leave."""
    port = backend.url.rsplit(':', 1)[1]
    start = time.monotonic()
    client = await connect(relay, f'ws://{host}:{port}', local=(local, 0))
    far = await backend.accepted.get()
    took = time.monotonic() - start
    assert took < PROMPT, f'{took:.3f} s for {host}'
    assert f'\r\nHost: {host}:{port}\r\n' in far.head, far.head
    assert b'connected' in (await client.read_message())[1]
    client.reset()
    far.reset()


async def read_error(end):
    """Return (text, code, reason) of the answer to who gets no backend."""
    await end.read_head()
    text = json.loads((await end.read_message())[1])['error']
    return text, *await end.read_close()


def reset_all(ends):
    """End all at once."""
    for end in ends:
        end.reset()


# ---- tests ----

async def mute():
    """Thirty clients with names that nobody answers for hold up nobody."""
    async with Dns() as dns, running() as relay, Backend() as backend:
        ends = await name_mute(relay, 30)
        await dns.until_asked(30)
        await reach(relay, 'live.test', backend)
        await reach(relay, 'localhost', backend)
        await reach(relay, 'app.localhost', backend)
        assert dns.names() == {'live.test'} | {f'mute-{number}.test' for number in range(30)}
        reset_all(ends)


async def shares():
    """However many such names one client has, another one's is asked for at once."""
    async with Dns() as dns, running() as relay, Backend() as backend:
        ends = await name_mute(relay, 200)
        await dns.until_asked(SHARE)
        await reach(relay, 'live.test', backend, local='127.0.0.2')
        ends += [await name(relay, f'mute-other-{number}.test', local='127.0.0.3')
                 for number in range(100)]
        await reach(relay, 'live-2.test', backend, local='127.0.0.2')
        first = {name for name in dns.names() if name.startswith('mute-') and 'other' not in name}
        assert len(first) == SHARE, len(first)
        reset_all(ends)


async def leaves():
    """Who leaves before its turn is not asked for; whoever waits has its turn then."""
    async with Dns() as dns, running() as relay, Backend() as backend:
        ends = await name_mute(relay, SHARE)
        await dns.until_asked(SHARE)
        late = await name(relay, 'live-late.test')
        port = backend.url.rsplit(':', 1)[1]
        waiting = await name(relay, 'live.test', port=port)
        late.reset()
        await relay.until_logged('reason=left')
        assert dns.names() == {f'mute-{number}.test' for number in range(SHARE)}
        dns.release()
        await waiting.read_head()
        assert b'connected' in (await waiting.read_message())[1]
        assert 'live-late.test' not in dns.names()
        reset_all([*ends, waiting, await backend.accepted.get()])


async def together():
    """A name that many ask for is asked for once."""
    async with Dns() as dns, running() as relay, Backend() as backend:
        port = backend.url.rsplit(':', 1)[1]
        ends = [await name(relay, 'slow.test', port=port, local=f'127.0.0.{number}')
                for number in range(1, 11)]
        await dns.until_asked(1)
        await relay.until_sample('clients', len(ends) + 1)
        dns.release()
        for end in ends:
            await end.read_head()
            assert b'connected' in (await end.read_message())[1]
        ends += [await backend.accepted.get() for _ in ends]
        assert sorted(dns.asked) == [('slow.test', A), ('slow.test', AAAA)], dns.asked
        reset_all(ends)


async def problems():
    """What is not resolved, or not in time, is said so."""
    async with Dns() as dns, running('--connect-timeout', '1') as relay:
        for host, expected in (('no.test', 'Error resolving “no.test”: '),
                               ('127.1', 'Error resolving “127.1”: '),
                               ('mute.test', "The backend's name was not resolved in time")):
            end = await name(relay, host)
            text, code, reason = await read_error(end)
            assert text.startswith(expected), text
            assert (code, reason) == (1011, 'Backend connection failed'), (code, reason)
            end.reset()
        assert '127.1' not in dns.names()


async def not_asked():
    """A name that no rule allows is refused without asking for it."""
    async with Dns() as dns, Backend() as backend:
        port = backend.url.rsplit(':', 1)[1]
        async with running('--allow-backend', 'live.test', '--allow-backend', 'wss://*.test',
                           host='0.0.0.0') as relay:
            await reach(relay, 'live.test', backend)
            asked = len(dns.asked)
            for host in ('live-2.test', 'a.live.test', 'no.test', 'mute.test'):
                end = await name(relay, host, port=port)
                assert await read_error(end) == (
                    'Backend not allowed; see duplex-relay --allow-backend', 1008,
                    'Backend not allowed')
                end.reset()
            assert len(dns.asked) == asked, dns.asked


async def metadata():
    """A name that is allowed does not lead to metadata, and only where else it leads is dialled."""
    async with Dns() as dns, Backend() as backend:
        for allowed in ((), ('--allow-backend', '*'), ('--allow-backend', '*.test'),
                        ('--allow-backend', 'link.test')):
            async with running(*allowed, '--connect-timeout', '1') as relay:
                end = await name(relay, 'link.test', port=80)
                text, code, reason = await read_error(end)
                assert 'metadata' in text, text
                assert (code, reason) == (1008, 'Backend not allowed'), (code, reason)
                end.reset()
                await reach(relay, 'both.test', backend)
        assert dns.names() == {'link.test', 'both.test'}


# ---- its network ----

def unshare():
    """Return how a program gets a network and mounts of its own, or None."""
    for options in (['--user', '--map-root-user'], []):
        command = ['unshare', *options, '--mount', '--net']
        with contextlib.suppress(OSError):
            if subprocess.run([*command, 'true'], check=False, capture_output=True).returncode == 0:
                return command
    return None


def skip(reason):
    """End, since something is missing."""
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)


def bring_up_loopback():
    """Do what "ip link set lo up" does."""
    siocsifflags, iff_up = 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, struct.pack('16sH14x', b'lo', iff_up))


def take_resolver(folder):
    """Have the system's resolver ask 127.0.0.1, after /etc/hosts."""
    for path, text in (('/etc/resolv.conf', 'nameserver 127.0.0.1\n'),
                       ('/etc/nsswitch.conf', 'hosts: files dns\n')):
        ours = pathlib.Path(folder) / path.rsplit('/', maxsplit=1)[1]
        ours.write_text(text, encoding='ascii')
        done = subprocess.run(['mount', '--bind', ours, path], check=False, capture_output=True)
        if done.returncode != 0:
            skip(f'{path} cannot be mounted on')


def main():
    """Run the tests there."""
    if INSIDE not in os.environ:
        command = unshare()
        if command is None:
            skip('no namespaces for networks and mounts')
        os.environ[INSIDE] = '1'
        os.execvp(command[0], [*command, sys.executable, *sys.argv])
    bring_up_loopback()
    with tempfile.TemporaryDirectory() as folder:
        take_resolver(folder)
        run([mute, shares, leaves, together, problems, not_asked, metadata])


if __name__ == '__main__':
    main()
