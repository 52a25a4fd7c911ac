# SPDX-License-Identifier: GPL-3.0-or-later
"""What went over a TCP connection, as a packet capture: loopback may only be listened to by those
with privileges, so the bytes are recorded by a proxy and the packets are made up around them."""

import bisect
import contextlib
import ipaddress
import random
import selectors
import socket
import struct
import threading
import time
import traceback

CLIENT, SERVER = 0, 1       # who sent it
PORTS = (40000, 80)
ADDRESSES = tuple(ipaddress.ip_address(text).packed for text in ('127.0.0.1', '127.0.0.2'))
FIN, SYN, PUSH, ACK = 1, 2, 8, 16
# An IPv4 packet has at most 65,535 bytes, of which headers take 40.
MOST = 65495
READ = 1 << 18


def checksum(data):
    """The sum of RFC 1071."""
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


class Stream:
    """One TCP connection, written as packets to a file of the classic format of pcap(5)."""

    def __init__(self, output):
        self.output = output
        self.next = [1000, 2000]        # sequence numbers: the client's, the server's
        output.write(struct.pack('!IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 1))

    def packet(self, moment, sender, flags, data=b''):
        """Write one packet, with right numbers and sums."""
        here, there = sender, 1 - sender
        ends = ADDRESSES[here] + ADDRESSES[there]
        numbers = self.next[here], self.next[there] if flags & ACK else 0
        tcp = struct.pack('!HHIIBBHHH', PORTS[here], PORTS[there], *numbers, 5 << 4, flags,
                          65535, 0, 0)
        total = checksum(ends + struct.pack('!BBH', 0, 6, len(tcp) + len(data)) + tcp + data)
        tcp = tcp[:16] + struct.pack('!H', total) + tcp[18:]
        address = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(tcp) + len(data), 0, 0x4000, 64, 6, 0)
        total = checksum(address + ends)
        packet = (bytes(12) + b'\x08\x00' + address[:10] + struct.pack('!H', total) + ends + tcp
                  + data)
        size = len(packet)
        self.output.write(struct.pack('!IIII', *divmod(int(moment * 1e6), 1000000), size, size))
        self.output.write(packet)
        self.next[here] = (self.next[here] + len(data) + bool(flags & (SYN | FIN))) & 0xffffffff

    def write(self, chunks, cuts, stops):
        """Write all of a connection: (time, sender, bytes), where b'' is the end of what the sender
        says. cuts is a random.Random, which says how many bytes go into a packet; stops are for
        each sender offsets into what it says at which a packet ends."""
        begun = chunks[0][0]
        at, stops = [0, 0], [sorted(stops[0]), sorted(stops[1])]
        self.packet(begun, CLIENT, SYN)
        self.packet(begun, SERVER, SYN | ACK)
        self.packet(begun, CLIENT, ACK)
        for moment, sender, data in chunks:
            if not data:
                self.packet(moment, sender, FIN | ACK)
            while data:
                stop = bisect.bisect_right(stops[sender], at[sender])
                size = min([cuts.choice((7, 100, 536, 1460, 16000, MOST))]
                           + [place - at[sender] for place in stops[sender][stop:stop + 1]])
                self.packet(moment, sender, PUSH | ACK, data[:size])
                at[sender] += min(size, len(data))
                data = data[size:]
            self.packet(moment, 1 - sender, ACK)


def frame_ends(data):
    """Return the offsets at which the head of HTTP and the frames after it end."""
    ends = [data.index(b'\r\n\r\n') + 4]
    while ends[-1] + 2 <= len(data):
        at = ends[-1] + 2
        masked, size = data[at - 1] >> 7, data[at - 1] & 0x7f
        if size >= 126:
            width = 2 if size == 126 else 8
            size = int.from_bytes(data[at:at + width], 'big')
            at += width
        ends.append(at + 4 * masked + size)
    return ends


class Recorder:
    """A proxy for one connection that keeps what goes through it."""

    def __init__(self, target):
        self.target = target
        self.chunks = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.host = f'127.0.0.1:{self.listener.getsockname()[1]}'

    def forward(self, deadline):
        """Take the connection, and pass on both directions until both have ended."""
        self.listener.settimeout(deadline)
        client, _address = self.listener.accept()
        with client, socket.create_connection(self.target, deadline) as server:
            ends = client, server
            for end in ends:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A write that blocks stops both directions, which a peer that reads can take.
            with selectors.DefaultSelector() as selector:
                for sender, end in enumerate(ends):
                    selector.register(end, selectors.EVENT_READ, sender)
                while selector.get_map():
                    ready = selector.select(deadline)
                    if not ready:
                        raise TimeoutError('nothing more comes through the recorder')
                    for key, _events in ready:
                        self.pass_on(selector, ends, key.data)

    def pass_on(self, selector, ends, sender):
        """Read once from who is ready."""
        try:
            data = ends[sender].recv(READ)
        except ConnectionResetError:
            data = b''
        self.chunks.append((time.time(), sender, data))
        if not data:
            selector.unregister(ends[sender])
        with contextlib.suppress(OSError):      # who does not listen any more is about to end
            if data:
                ends[1 - sender].sendall(data)
            else:
                ends[1 - sender].shutdown(socket.SHUT_WR)

    def said(self, sender):
        """Return all that one has said."""
        return b''.join(data for _, who, data in self.chunks if who == sender)

    def write(self, path, seed, frames_apart=False):
        """Write it as a file that tshark reads. frames_apart: none shares a packet."""
        stops = [frame_ends(self.said(sender)) if frames_apart else ()
                 for sender in (CLIENT, SERVER)]
        with open(path, 'wb') as output:
            Stream(output).write(self.chunks, random.Random(seed), stops)


@contextlib.contextmanager
def recording(host, deadline):
    """Record one connection to host ("ADDRESS:PORT"); the value is the Recorder."""
    address, port = host.split(':')
    recorder = Recorder((address, int(port)))
    problems = []

    def run():
        try:
            recorder.forward(deadline)
        except BaseException:     # pylint: disable=broad-except
            problems.append(traceback.format_exc())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield recorder
        thread.join(deadline)
        if thread.is_alive():
            problems.append('the recorder goes on')
    finally:
        recorder.listener.close()
    if problems:
        raise AssertionError(''.join(problems))
