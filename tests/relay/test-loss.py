#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-loss.py RELAY: a network that loses, delays, reorders and doubles packets, and goes dark;
ends that vanish, ends that stop, and what is left when the other end has gone.

The relay has a network namespace of its own, and so have its clients and backends. What goes
between them passes through a process of the test, which has one end of a tunnel in each.
"""

import asyncio
import collections
import contextlib
import ctypes
import fcntl
import hashlib
import heapq
import json
import os
import pathlib
import random
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
    BINARY, CLOSE, DEADLINE, PING, PONG, TEXT, Backend, close_body, connect, frame, request, run,
    running)

MIB = 1 << 20
HERE = pathlib.Path(__file__).resolve().parent
ZERO = b'\0\0\0\0'
RELAY = '10.77.0.1'
PEERS = ['10.77.0.2', '10.77.0.3', '10.77.0.4', '10.77.0.5']

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 0x1, 0x1000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891c
IFF_UP = 1

CONNECTIONS = 20
SIZES = (64, 1000, 16384, 65535, 64, 262144, 125, 65536)
BAD = {'doubled': 0.02, 'late': 0.05}
LOST = 0.05
DARK = 3
# The relay's TCP asks a reader that has stopped after 0.2, 0.6, 1.4, 3 and 6.2 s whether there is
# room. In between it is silent for more than 2 s, and must not be taken for one that has vanished.
STOPPED = 6.5


# ---- the network ----

def call_libc(name, *arguments):
    """Call a function of libc that returns -1 for an error."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f'{name}: {os.strerror(ctypes.get_errno())}')


def configure(number, name, data):
    """Set something of an interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return fcntl.ioctl(sock, number, struct.pack('16s16s', name.encode(), data))


def bring_up(name, addresses=()):
    """Give an interface addresses, and turn it on."""
    for i, address in enumerate(addresses):
        alias = f'{name}:{i}' if i else name
        for number, text in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, '255.255.255.0')):
            data = struct.pack('=HH4s', socket.AF_INET, 0, socket.inet_aton(text))
            configure(number, alias, data)
    flags = struct.unpack_from('=H', configure(SIOCGIFFLAGS, name, b''), 16)[0]
    configure(SIOCSIFFLAGS, name, struct.pack('=H', flags | IFF_UP))


def enter_namespace():
    """Enter a network namespace, of a user's own where this user may make none."""
    try:
        call_libc('unshare', CLONE_NEWNET)
    except PermissionError:
        maps = {'setgroups': 'deny', 'uid_map': f'0 {os.getuid()} 1',
                'gid_map': f'0 {os.getgid()} 1'}
        call_libc('unshare', CLONE_NEWUSER | CLONE_NEWNET)
        for name, line in maps.items():
            with open(f'/proc/self/{name}', 'w', encoding='ascii') as file:
                file.write(line)
    bring_up('lo')


def make_tunnel(addresses):
    """Return the outer end of an interface of this namespace."""
    tunnel = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tunnel, TUNSETIFF, struct.pack('16sH22x', b'loss', IFF_TUN | IFF_NO_PI))
    bring_up('loss', addresses)
    return tunnel


class Forwarder:
    """Carries packets from one tunnel to the other, as well or badly as it is told."""

    def __init__(self, tunnels, control):
        self.tunnels, self.control = tunnels, control
        self.way = {}
        self.waiting = []
        self.counts = collections.Counter()
        self.random = random.Random(20110413)

    def take(self, packet, to):
        """Decide what becomes of a packet."""
        ends = (socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]))
        self.counts['packets'] += 1
        if (self.way.get('dark') or set(ends) & set(self.way.get('gone', ())) or
                self.random.random() < self.way.get('lost', 0)):
            self.counts['lost'] += 1
            return
        for kind in (None, 'doubled'):
            if kind and self.random.random() >= self.way.get(kind, 0):
                return
            delay = 0.002 if self.way else 0
            # The others overtake it.
            if self.random.random() < self.way.get('late', 0):
                delay += self.random.uniform(0.001, 0.01)
                self.counts['late'] += 1
            self.counts[kind] += 1
            heapq.heappush(self.waiting, (time.monotonic() + delay, self.counts['packets'], to,
                                          packet))

    def read(self, source, to):
        """Take the packets that are there."""
        for _ in range(64):
            try:
                packet = os.read(source, 65536)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4:
                self.take(packet, to)

    def send_due(self):
        """Send what is due, and return the seconds to the next."""
        while self.waiting:
            due, _number, to, packet = self.waiting[0]
            left = due - time.monotonic()
            if left > 0:
                return left
            heapq.heappop(self.waiting)
            with contextlib.suppress(BlockingIOError):
                os.write(to, packet)
        return None

    def serve(self):
        """Carry packets until the test has ended."""
        one, two = self.tunnels
        while True:
            ready = select.select([one, two, self.control], [], [], self.send_due())[0]
            if self.control in ready:
                order = self.control.recv(65536)
                if not order:
                    return
                self.way = json.loads(order)
                self.control.send(json.dumps({str(key): count for key, count in
                                              self.counts.items()}).encode())
            if one in ready:
                self.read(one, two)
            if two in ready:
                self.read(two, one)


class Network:
    """Two namespaces: the relay's, and the one that this process is in."""

    def __init__(self):
        enter_namespace()
        tunnels = [make_tunnel([RELAY])]
        self.relays = os.open('/proc/self/ns/net', os.O_RDONLY)
        enter_namespace()
        tunnels.append(make_tunnel(PEERS))
        self.control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            self.control.close()
            try:
                Forwarder(tunnels, other).serve()
            finally:
                os._exit(0)
        other.close()
        for tunnel in tunnels:
            os.close(tunnel)

    def set(self, **way):
        """Say how packets fare from now on, and return how many fared how up to now."""
        self.control.send(json.dumps(way).encode())
        return json.loads(self.control.recv(65536))

    def running(self, *options):
        """Run a relay on its side."""
        return running('--workers', '2', '--no-status',
                       *(f'--allow-backend={peer}' for peer in PEERS), *options, host=RELAY,
                       under=(sys.executable, __file__, '--inside',
                              f'/proc/{os.getpid()}/fd/{self.relays}'))


def run_inside(namespace, *program):
    """Become a program in a namespace."""
    with open(namespace, 'rb') as file:
        call_libc('setns', file.fileno(), CLONE_NEWNET)
    os.execv(program[0], program)


# ---- losses ----

def payload(*name, size):
    """Return bytes that are like no others."""
    return random.Random(repr(name)).randbytes(size)


class Progress:
    """How many messages have arrived, in all."""

    def __init__(self, wanted):
        self.count, self.wanted = 0, wanted
        self.reached = asyncio.Event()

    def step(self):
        """One more."""
        self.count += 1
        if self.count >= self.wanted:
            self.reached.set()


async def receive(end, *name, progress):
    """Read the messages of the other end, and see that they are whole and in order."""
    for i, size in enumerate(SIZES):
        opcode, data = await end.read_message()
        expected = hashlib.sha256(payload(*name, i, size=size)).digest()
        assert opcode == BINARY and hashlib.sha256(data).digest() == expected, (name, i, len(data))
        progress.step()


async def converse(number, client, far, progress):
    """Carry messages both ways at once, and close."""
    for end, name, mask in ((client, 'up', ZERO), (far, 'down', None)):
        for i, size in enumerate(SIZES):
            end.write(frame(BINARY, payload(number, name, i, size=size), mask=mask))
    await asyncio.gather(receive(far, number, 'up', progress=progress),
                         receive(client, number, 'down', progress=progress))
    client.write(frame(CLOSE, close_body(4000 + number)))
    assert await far.read_close() == (4000 + number, '')
    far.write(frame(CLOSE, close_body(4000 + number), mask=None))
    far.end()
    assert await client.read_close() == (4000 + number, '')
    client.end()


async def loss():
    """Packets are lost, late and doubled, and for 3 s there are none: all arrives, in order."""
    async with NETWORK.running() as relay, Backend(host=PEERS[1]) as backend:
        before = NETWORK.set(**BAD, lost=LOST)
        clients = await asyncio.gather(*(connect(relay, f'{backend.url}/{i}')
                                         for i in range(CONNECTIONS)))
        ends = {}
        for _ in clients:
            far = await backend.accepted.get()
            ends[int(far.head.split()[1][1:])] = far
        total = CONNECTIONS * 2 * len(SIZES)
        progress = Progress(total // 2)
        talks = [asyncio.create_task(converse(i, client, ends[i], progress))
                 for i, client in enumerate(clients)]
        await asyncio.wait([*talks, asyncio.create_task(progress.reached.wait())],
                           return_when=asyncio.FIRST_COMPLETED)
        NETWORK.set(dark=True)
        await asyncio.sleep(DARK)
        assert progress.count < total, progress.count
        # Who lost a packet of its own after that would be silent for twice as long, and so on.
        NETWORK.set(**BAD, lost=0)
        await asyncio.gather(*talks)
        for i in range(CONNECTIONS):
            await relay.until_logged(f' client_sent={4000 + i} client_got={4000 + i} ')
        counts = collections.Counter(NETWORK.set())
        counts.subtract(before)
        print(f'# of {counts["packets"]} packets {counts["lost"]} lost, {counts["doubled"]} '
              f'doubled, {counts["late"]} late')
        assert min(counts[kind] for kind in ('lost', *BAD)) > 10, counts


# ---- who is there, and who is not ----

class Pair:
    """A client and its backend, one of which sends, and the other does not read."""

    def __init__(self, client, far, *, up=False):
        self.client, self.far = client, far
        self.sender, self.receiver = (client, far) if up else (far, client)
        self.receiver.writer.transport.pause_reading()

    @classmethod
    async def open(cls, relay, backend, local='127.0.0.1', **options):
        """Return one through the relay, from an address."""
        client = await connect(relay, backend.url, local=(local, 0))
        return cls(client, await backend.accepted.get(), **options)

    def send(self, opcode, data=b'', *, back=False):
        """Send as the sender, or back to it."""
        end = self.receiver if back else self.sender
        end.write(frame(opcode, data, mask=ZERO if end is self.client else None))

    async def until_stuck(self, data):
        """Send a message, and wait until no more of it leaves for half a second."""
        self.send(BINARY, data)
        last, since = None, time.monotonic()
        while time.monotonic() - since < 0.5:
            waits = self.sender.writer.transport.get_write_buffer_size()
            if waits != last:
                last, since = waits, time.monotonic()
            await asyncio.sleep(0.02)
        assert last > 0

    async def read_close(self):
        """Return the Close that the sender gets; Pings are answered meanwhile, and then that."""
        while (got := await self.sender.read_message())[0] == PING:
            self.send(PONG, got[1])
        assert got[0] == CLOSE, got
        self.send(CLOSE, got[1])
        self.sender.end()
        return struct.unpack('>H', got[1][:2])[0], got[1][2:].decode()

    def abort(self):
        """End both."""
        self.client.reset()
        self.far.reset()


async def vanished():
    """Ends that vanish while something waits are given up; who only stops gets all in the end."""
    data = payload('vanished', size=16 * MIB)
    async with NETWORK.running('--ping-interval', '1', '--close-timeout', '1') as relay, \
            Backend(host=PEERS[0]) as backend, Backend(host=PEERS[3]) as doomed:
        before = relay.descriptors()
        pairs = [await Pair.open(relay, backend, PEERS[1]),
                 await Pair.open(relay, doomed, PEERS[0], up=True),
                 await Pair.open(relay, backend, PEERS[0])]
        stopped = time.monotonic()
        await asyncio.gather(*(pair.until_stuck(data) for pair in pairs))
        # This one reads: of what is sent to it much is on its way.
        pairs.append(await Pair.open(relay, backend, PEERS[2]))
        pairs[3].receiver.writer.transport.resume_reading()
        pairs[3].send(BINARY, bytes(64 * MIB))
        await pairs[3].receiver.reader.readexactly(4 * MIB)
        start = time.monotonic()
        NETWORK.set(gone=PEERS[1:])
        alive = pairs.pop(2)
        assert await asyncio.gather(*(pair.read_close() for pair in pairs)) == [
            (1001, ''), (1011, 'Backend error'), (1001, '')]
        elapsed = time.monotonic() - start
        print(f'# {elapsed:.1f} s for 2 × 1 s')
        # TCP waits twice as long each time that it asks; by itself it gives up after minutes.
        assert 2 < elapsed < 30, elapsed
        # Who has gone was told nothing.
        lines = [await relay.until_logged(f' closed connection={i} ') for i in (1, 2, 4)]
        for line, told in zip(lines, ('client_got=0 ', 'backend_got=0 ', 'client_got=0 ')):
            assert told in line, line
        await relay.until_descriptors(before + 2)
        await asyncio.sleep(stopped + STOPPED - time.monotonic())
        alive.receiver.writer.transport.resume_reading()
        assert await alive.receiver.read_message() == (BINARY, data)
        alive.send(TEXT, b'all there', back=True)
        while (got := await alive.sender.read_message())[0] == PING:
            alive.send(PONG, got[1])
        assert got == (TEXT, b'all there')
        for pair in (*pairs, alive):
            pair.abort()
        await relay.until_descriptors(before)


# ---- who is there alone ----

def read_slowly(sock):
    """Read 1 MB a second to the end, and return all."""
    got = b''
    while part := sock.recv(50000):
        got += part
        time.sleep(0.05)
    return got


async def read_after_end(relay, backend, data):
    """See that a slow reader gets all from a peer that has gone, and what follows."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    sock.settimeout(DEADLINE)
    with sock:
        sock.connect((relay.host, relay.port))
        sock.sendall(request(f'/api/websocket?backend={backend.url}'))
        far = await backend.accepted.get()
        far.write(frame(BINARY, data, mask=None))
        far.end()
        got = await asyncio.to_thread(read_slowly, sock)
    got = got[got.index(b'\r\n\r\n') + 4:]
    last = frame(CLOSE, close_body(1011, 'Backend error'), mask=None)
    assert got.endswith(last), (len(got), got[-40:])
    # It came in fragments.
    at, whole = 0, b''
    while at < len(got) - len(last):
        size, head = got[at + 1], 2
        if size == 126:
            size, head = struct.unpack_from('>H', got, at + 2)[0], 4
        elif size == 127:
            size, head = struct.unpack_from('>Q', got, at + 2)[0], 10
        whole += got[at + head:at + head + size]
        at += head + size
    assert whole == data, (len(whole), len(data))


async def stop_after_end(relay, backend, number, *, up):
    """See that a reader that has stopped has the close timeout when its peer has gone."""
    pair = await Pair.open(relay, backend, up=up)
    await pair.until_stuck(bytes(24 * MIB))
    start = time.monotonic()
    pair.sender.abort()
    line = await relay.until_logged(f' closed connection={number} ')
    elapsed = time.monotonic() - start
    assert 0.9 < elapsed < 3, (up, elapsed)
    assert (' backend_got=0 ' if up else ' client_got=0 ') in line, line
    pair.abort()


async def left_over():
    """A reader whose peer has gone has the close timeout; one that is only slow gets all."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HERE.parent / 'interop' / 'make-certificates', folder], check=True,
                       capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(f'{folder}/valid.pem', f'{folder}/valid.key')
        async with running('--no-status', '--close-timeout', '1', '--cacert',
                           f'{folder}/ca.pem') as relay, \
                Backend() as one, Backend() as two, Backend(tls=tls) as secret:
            before = relay.descriptors()
            slow = asyncio.create_task(
                read_after_end(relay, one, payload('slow', size=11 * MIB // 2)))
            await relay.until_logged(' open connection=1 ')
            await stop_after_end(relay, two, 2, up=False)
            await stop_after_end(relay, two, 3, up=True)
            await stop_after_end(relay, secret, 4, up=True)
            await slow
            await relay.until_descriptors(before)


async def alone():
    """Who has vanished is given up, and who is left alone without reading; all others get all."""
    await asyncio.gather(vanished(), left_over())


NETWORK = None


def main():
    """Run what can be run here."""
    global NETWORK      # pylint: disable=global-statement
    try:
        NETWORK = Network()
    except OSError as error:
        async def skipped():
            pass
        skipped.__doc__ = f'# SKIP losses: no network namespaces or tunnels here: {error}'
        run([skipped, left_over])
    else:
        run([loss, alone], deadline=2 * DEADLINE)


if __name__ == '__main__':
    if sys.argv[1] == '--inside':
        run_inside(*sys.argv[2:])
    else:
        main()
