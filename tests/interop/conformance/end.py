# SPDX-License-Identifier: GPL-3.0-or-later
"""Our end of a connection: writes what a case says in pieces of the size that it says, while it
reads. Nothing waits without a deadline."""

import collections
import os
import random
import select
import socket
import time

from wire import Broken, Item, Reader, short

# build-aux/test sets this for the sanitizers, under which all is slower.
SLOWER = 6 if 'ASAN_OPTIONS' in os.environ else 1
DEADLINE = 15 * SLOWER
# Shorter than any timer of the programs (the least is 3 s): what takes longer waited for one.
AT_ONCE = 2.5 * SLOWER
READ = 1 << 20


class End:
    """One end, which masks as a client does or does not, as a server."""

    def __init__(self, connection, masks, inflater=None):
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket, self.masks = connection, masks
        self.reader = Reader(masked=not masks, inflater=inflater)
        self.waiting = collections.deque()      # of memoryview, each its own write
        self.log = collections.deque(maxlen=30)
        self.keys = random.Random(6455)
        self.over = False
        self.reads = True
        self.begun = time.monotonic()

    def note(self, words):
        """Keep what went by, for whoever has to find out why a case failed."""
        self.log.append(f'{time.monotonic() - self.begun:.3f} {words}')

    def send(self, frames, chop=None, upto=None):
        """Queue frames, in writes of chop bytes (None: one), of which upto bytes are sent."""
        data = b''.join(frame if isinstance(frame, bytes) else
                        frame.encode(self.masks, self.keys.randbytes(4)) for frame in frames)
        data = memoryview(data)[:upto]
        self.note(f'-> {" ".join(map(repr, frames[:6]))}{" ..." if len(frames) > 6 else ""}'
                  f'{f" in writes of {chop}" if chop else ""}'
                  f'{f", only {upto} bytes" if upto else ""}')
        if chop:
            self.waiting.extend(data[i:i + chop] for i in range(0, len(data), chop))
        else:
            self.waiting.append(data)

    def write(self):
        """Write until that blocks, or one turn's worth is gone."""
        for _ in range(256):
            if not self.waiting:
                return
            piece = self.waiting.popleft()
            try:
                sent = self.socket.send(piece)
            except BlockingIOError:
                sent = 0
            except (BrokenPipeError, ConnectionResetError):
                # Whoever has failed the connection may end it while we write; reading says so.
                self.waiting.clear()
                return
            if sent < len(piece):
                self.waiting.appendleft(piece[sent:])
                return

    def read(self):
        """Read once."""
        try:
            data = self.socket.recv(READ)
        except BlockingIOError:
            return
        except ConnectionResetError:
            self.finish('reset')
            return
        if data:
            before = len(self.reader.items)
            try:
                self.reader.feed(data)
            finally:
                for at in range(before, len(self.reader.items)):
                    self.note(f'<- {self.reader.items[at]!r}')
        else:
            self.finish('end of TCP')

    def finish(self, kind):
        """The peer has ended TCP."""
        self.over = True
        self.note(f'<- {kind}')
        buffer = self.reader.buffer
        if buffer:
            raise Broken(f'TCP ends inside a frame: {short(buffer)}')
        self.reader.items.append(Item(kind))

    def turn(self, deadline):
        """Wait for the socket, write and read once; false when time is up."""
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        reads = [self.socket] if self.reads and not self.over else []
        writes = [self.socket] if self.waiting else []
        readable, writable, _ = select.select(reads, writes, [], left)
        if writable:
            self.write()
        if readable:
            self.read()
        return True

    def flush(self, seconds=DEADLINE):
        """Write all that waits."""
        deadline = time.monotonic() + seconds
        while self.waiting:
            if not self.turn(deadline):
                raise TimeoutError(f'{len(self.waiting)} writes are not taken')

    def next(self, seconds=DEADLINE):
        """Return the next Item."""
        deadline = time.monotonic() + seconds
        while not self.reader.items:
            if self.over or not self.turn(deadline):
                raise TimeoutError(f'nothing came in {seconds} s'
                                   f'{", not all was taken" if self.waiting else ""}')
        return self.reader.items.popleft()

    def quiet(self, seconds):
        """Insist that nothing comes for so long."""
        deadline = time.monotonic() + seconds
        while not self.reader.items and self.turn(deadline):
            pass
        if self.reader.items:
            raise AssertionError(f'{self.reader.items[0]!r} came, where nothing should')

    def read_head(self, limit=1 << 17, frames=True):
        """Read an HTTP head, and return its bytes. frames: what follows are frames, else it waits
        for read_rest()."""
        deadline = time.monotonic() + DEADLINE
        head = bytearray()
        while b'\r\n\r\n' not in head:
            left = deadline - time.monotonic()
            if left <= 0 or len(head) > limit:
                raise TimeoutError(f'no HTTP head, but {short(head)}')
            readable, writable, _ = select.select(
                [self.socket], [self.socket] if self.waiting else [], [], left)
            if writable:
                self.write()
            if readable:
                try:
                    data = self.socket.recv(READ)
                except ConnectionResetError:
                    data = b''
                if not data:
                    raise EOFError(f'TCP ended in the HTTP head: {short(head)}')
                head += data
        head, rest = head.split(b'\r\n\r\n', 1)
        if rest and frames:
            self.reader.feed(rest)
        else:
            self.reader.buffer += rest
        return bytes(head)

    def read_rest(self):
        """Write all, read to the end of TCP, and return what came, which need be no frames."""
        deadline = time.monotonic() + DEADLINE
        data = bytearray(self.reader.buffer)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f'TCP does not end, after {short(data)}')
            readable, writable, _ = select.select(
                [self.socket], [self.socket] if self.waiting else [], [], left)
            if writable:
                self.write()
            if readable:
                try:
                    piece = self.socket.recv(READ)
                except ConnectionResetError:
                    piece = b''
                if not piece:
                    return bytes(data)
                data += piece

    def half_close(self):
        """End our direction of TCP."""
        self.flush()
        self.note('-> end of TCP')
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
