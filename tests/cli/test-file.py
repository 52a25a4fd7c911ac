#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli connect --file: a file of any size as one message, in fragments, in little memory.

With --thorough the large file has 1 GiB.
"""

import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import threading
import zlib

sys.dont_write_bytecode = True
from support import (DEADLINE, SANITIZED, cli, demo_server, ends, equal, folder,     # noqa: E402
                     main, raw_server, running)
from terminal import terminal     # noqa: E402

LARGE = (1024 if '--thorough' in sys.argv else 256) << 20
MOST = 100 << 20          # bytes of memory that it may take, whatever the file has
NORMAL = struct.pack('!H', 1000)
DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate\r\n'


class Sink:
    """What a server reads of the client's frames, payloads thrown away."""

    def __init__(self, peer):
        self.peer = peer
        self.view = memoryview(bytearray(1 << 20))
        self.frames = []          # (first byte, payload bytes)

    def read_frame(self):
        """Read a frame and throw its payload away; return its first byte."""
        first, second = self.peer.read(2)
        size = second & 0x7f
        if size > 125:
            size = int.from_bytes(self.peer.read(2 if size == 126 else 8), 'big')
        self.peer.read(4)
        held = min(size, len(self.peer.buffer))
        self.peer.read(held)
        left = size - held
        while left > 0:
            n = self.peer.socket.recv_into(self.view, min(left, len(self.view)))
            if n == 0:
                raise EOFError
            left -= n
        self.frames.append((first, size))
        return first

    def read_to_close(self):
        """Read all, and answer the Close."""
        while self.read_frame() != 0x88:
            pass
        self.peer.frame(0x88, NORMAL)


def read_message(peer):
    """Return the first bytes of a message's frames, and their payloads."""
    firsts, payloads = [], []
    while not firsts or firsts[-1] < 0x80:
        first, payload = peer.read_frame()
        firsts.append(first)
        payloads.append(payload)
    return firsts, payloads


def get_peak(process):
    """The most resident memory that process has had, in bytes."""
    status = pathlib.Path(f'/proc/{process.pid}/status').read_text(encoding='ascii')
    return int(re.search(r'VmHWM:\s+(\d+) kB', status)[1]) << 10


def check_peak(process):
    """It has taken little memory."""
    peak = get_peak(process)
    print(f'# peak {peak >> 20} MiB')
    assert SANITIZED or peak < MOST, peak


def check_exit(process, status, said):
    """Wait for the end of a process that said one line, or none, on standard error."""
    out, err = process.communicate(timeout=DEADLINE)
    text = err.decode()
    assert (process.returncode, text.count('\n')) == (status, 1 if said else 0) and \
        (said or '') in text, (process.returncode, text, out)


def make_sparse(where, size):
    """Make a file of zeros that takes no room."""
    path = where / 'large.bin'
    with open(path, 'wb') as file:
        file.truncate(size)
    return path


def test_large():
    """A large file leaves in frames of 256 KiB, then comes the Close; memory stays small."""
    peaks, sinks = [], []

    def script(peer):
        peer.upgrade()
        sinks.append(Sink(peer))
        while sinks[0].read_frame() != 0x80:
            pass
        check_peak(peaks[0])
        sinks[0].read_to_close()

    with folder() as where, raw_server(script) as host:
        large = make_sparse(where, LARGE)
        with running('connect', '--no-deflate', '--binary', '--file', large, f'ws://{host}/',
                     timeout=10 * DEADLINE) as process:
            peaks.append(process)
            equal((process.wait(), process.stderr.read()), (0, b''))
    size, n = 256 << 10, LARGE >> 18
    equal(sinks[0].frames, [(0x02, size)] + [(0x00, size)] * (n - 2) + [(0x80, size), (0x88, 2)])


def test_fragments():
    """--fragment is the size of each frame but the last; the characters of a text may be cut."""
    text = ('zwölf Boxkämpfer ' * 5).encode()
    seen = []

    def script(peer):
        peer.upgrade()
        seen.append(read_message(peer))
        equal(peer.read_close(), NORMAL)
        peer.frame(0x88, NORMAL)

    with folder() as where, raw_server(script, connections=4) as host:
        file = where / 'file'
        file.write_bytes(text)
        for args in (('--fragment', 10), ('--fragment', 10, '--binary'), ('--fragment', 1000), ()):
            ends(cli('connect', *args, '--file', file, f'ws://{host}/'), 0, b'')
    pieces = [text[i:i + 10] for i in range(0, len(text), 10)]
    equal(seen[0], ([0x01] + [0x00] * (len(pieces) - 2) + [0x80], pieces))
    equal(seen[1], ([0x02] + [0x00] * (len(pieces) - 2) + [0x80], pieces))
    equal(b''.join(seen[2][1]), text)
    equal(b''.join(seen[3][1]), text)
    equal([frames[0][0] & 0x0f for frames in seen], [1, 2, 1, 1])


def test_empty():
    """An empty file is an empty message."""
    def script(peer):
        peer.upgrade()
        equal(b''.join(read_message(peer)[1]), b'')
        equal(peer.finish(), NORMAL)

    with folder() as where, raw_server(script) as host:
        (where / 'file').write_bytes(b'')
        ends(cli('connect', '--file', where / 'file', f'ws://{host}/', '--wait', 20), 0, b'')


def test_deflate():
    """A file is compressed as one message where that was agreed, its frames cut behind it."""
    data = b''.join(b'%d all work and no play\n' % i for i in range(100000))

    def script(peer):
        peer.upgrade(DEFLATE)
        firsts, payloads = read_message(peer)
        equal(firsts, [0x41] + [0x00] * (len(firsts) - 2) + [0x80])
        equal({len(payload) for payload in payloads[:-1]}, {10000})
        whole = b''.join(payloads)
        assert len(whole) < len(data) / 4, len(whole)
        assert zlib.decompressobj(-15).decompress(whole + b'\0\0\xff\xff') == data
        equal(peer.finish(), NORMAL)

    with folder() as where, raw_server(script) as host:
        (where / 'file').write_bytes(data)
        ends(cli('connect', '--file', where / 'file', '--fragment', 10000, '--wait', 20,
                 f'ws://{host}/'), 0, b'')


def test_stopped_peer():
    """A server that stops reading stops the sending, in little memory; all of it arrives later."""
    go_on = threading.Event()
    sinks = []

    def script(peer):
        peer.upgrade()
        sinks.append(Sink(peer))
        sinks[0].read_frame()
        assert go_on.wait(DEADLINE)
        sinks[0].read_to_close()

    with folder() as where, raw_server(script) as host:
        large = make_sparse(where, LARGE)
        with running('connect', '--no-deflate', '--binary', '--file', large, '--progress',
                     f'ws://{host}/') as process:
            # Two lines that say the same: nothing leaves any more.
            before, line = None, process.stderr.readline()
            while line.split(b',')[0] != before:
                before, line = line.split(b',')[0], process.stderr.readline()
                assert line, before
            check_peak(process)
            go_on.set()
            process.stderr.read()
            equal(process.wait(), 0)
    equal(sum(size for first, size in sinks[0].frames if first < 0x88), LARGE)


def test_cancelled():
    """SIGINT in the middle: the message ends short and in order, the status is 5."""
    begun, go_on, sinks = threading.Event(), threading.Event(), []

    def script(peer):
        peer.upgrade()
        sinks.append(Sink(peer))
        sinks[0].read_frame()
        begun.set()
        assert go_on.wait(DEADLINE)
        sinks[0].read_to_close()

    with folder() as where, raw_server(script) as host:
        large = make_sparse(where, LARGE)
        with running('connect', '--no-deflate', '--binary', '--file', large, f'ws://{host}/',
                     '--close-timeout', DEADLINE) as process:
            assert begun.wait(DEADLINE)
            process.send_signal(signal.SIGINT)
            line = process.stderr.readline().decode()
            assert 'large.bin: cancelled after ' in line, line
            go_on.set()
            check_exit(process, 5, '')
    firsts = [first for first, _size in sinks[0].frames]
    equal(firsts, [0x02] + [0x00] * (len(firsts) - 3) + [0x80, 0x88])
    sent = sum(size for first, size in sinks[0].frames if first < 0x88)
    equal(sent, int(re.search(r'after (\d+) bytes', line)[1]))
    assert sent < LARGE, sent


def test_cancelled_stopped_peer():
    """A server that does not read on holds it up to the close timeout, or a second SIGINT."""
    for args, twice in ((('--close-timeout', 1), False), (('--close-timeout', DEADLINE), True)):
        begun, go_on = threading.Event(), threading.Event()

        def script(peer, begun=begun, go_on=go_on):
            peer.upgrade()
            Sink(peer).read_frame()
            begun.set()
            assert go_on.wait(DEADLINE)

        with folder() as where, raw_server(script) as host:
            large = make_sparse(where, LARGE)
            with running('connect', '--no-deflate', '--binary', '--file', large, *args,
                         f'ws://{host}/') as process:
                assert begun.wait(DEADLINE)
                process.send_signal(signal.SIGINT)
                assert b'cancelled after' in process.stderr.readline()
                if twice:
                    process.send_signal(signal.SIGINT)
                equal(process.wait(), 5)
            go_on.set()


def test_unusable():
    """What cannot be sent on is said with its place, status 1; the message ends in order."""
    closes = []

    def script(peer):
        peer.upgrade()
        sink = Sink(peer)
        sink.read_to_close()
        closes.append(sum(size for first, size in sink.frames if first < 0x88))

    with folder() as where, raw_server(script, connections=4) as host:
        file = where / 'file'
        for data, place in ((b'x' * 300000 + b'\xff' + b'x' * 300000, 'byte 0xff at 300000'),
                            (b'\xc3(', 'byte 0x28 at 1'),
                            (b'fine \xe2\x82', 'inside a character at 5')):
            file.write_bytes(data)
            ends(cli('connect', '--no-deflate', '--file', file, f'ws://{host}/'), 1, b'',
                 f'{file}: The file is not UTF-8: ' + place
                 if 'inside' not in place else place)
        # Memory that is not there cannot be read.
        ends(cli('connect', '--no-deflate', '--binary', '--file', '/proc/self/mem',
                 f'ws://{host}/'), 1, b'', 'after 0 bytes')
        ends(cli('connect', '--file', where, f'ws://{host}/'), 1, b'', 'irectory')
        ends(cli('connect', '--file', where / 'none', f'ws://{host}/'), 1, b'', 'none')
    equal(closes, [300000, 0, 5, 0])


def test_shrinks():
    """A file that becomes shorter while it is sent: what was there arrives, and it is said."""
    sinks, files = [], []

    def script(peer):
        peer.upgrade()
        sinks.append(Sink(peer))
        sinks[0].read_frame()
        os.truncate(files[0], 1 << 20)
        sinks[0].read_to_close()

    with folder() as where, raw_server(script) as host:
        files.append(make_sparse(where, LARGE))
        ends(cli('connect', '--no-deflate', '--binary', '--file', files[0], f'ws://{host}/'), 1,
             b'', f'bytes of {LARGE}')
    equal(sinks[0].frames[-2][0], 0x80)
    assert sum(size for _first, size in sinks[0].frames) < LARGE


def test_pipes():
    """A pipe, with a name or without, is read to its end; its writer may take its time."""
    seen = []

    def script(peer):
        peer.upgrade()
        seen.append(b''.join(read_message(peer)[1]))
        equal(peer.read_close(), NORMAL)
        peer.frame(0x88, NORMAL)

    def write(path):
        with open(path, 'wb', buffering=0) as file:
            for i in range(20):
                file.write(b'%d ' % i * 5000)

    whole = b''.join(b'%d ' % i * 5000 for i in range(20))
    with folder() as where, raw_server(script, connections=2) as host:
        fifo = where / 'fifo'
        os.mkfifo(fifo)
        with running('connect', '--file', fifo, f'ws://{host}/') as process:
            write(fifo)
            equal((process.wait(), process.stderr.read()), (0, b''))
        ends(cli('connect', '--file', '/dev/stdin', f'ws://{host}/', stdin=whole), 0, b'')
    equal(seen, [whole, whole])


def test_pipe_cancelled():
    """SIGINT ends the wait for a pipe's writer, and for what it does not write."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'open')
        frames.clear()
        while not frames or frames[-1][0] != 0x88:
            frames.append(peer.read_frame())
            begun.set()
        peer.frame(0x88, NORMAL)

    frames, begun = [], threading.Event()
    with folder() as where, raw_server(script, connections=2) as host:
        fifo = where / 'fifo'
        os.mkfifo(fifo)
        with running('connect', '--file', fifo, f'ws://{host}/') as process:
            equal(process.stdout.readline(), b'open\n')
            process.send_signal(signal.SIGINT)
            check_exit(process, 5, 'nothing of it was sent')
        equal(frames, [(0x88, NORMAL)])
        begun.clear()
        with running('connect', '--no-deflate', '--fragment', 4, '--file', fifo,
                     f'ws://{host}/') as process, open(fifo, 'wb', buffering=0) as writer:
            equal(process.stdout.readline(), b'open\n')
            writer.write(b'12345678')
            assert begun.wait(DEADLINE)
            process.send_signal(signal.SIGINT)
            check_exit(process, 5, 'cancelled after 8 bytes')
    equal(frames, [(0x01, b'1234'), (0x80, b'5678'), (0x88, NORMAL)])


def test_server_closes():
    """A server that closes in the middle, even with 1000, has not got the file: status 5."""
    def script(peer):
        peer.upgrade()
        sink = Sink(peer)
        sink.read_frame()
        peer.frame(0x88, NORMAL)
        while sink.read_frame() != 0x88:
            pass

    with folder() as where, raw_server(script) as host:
        large = make_sparse(where, LARGE)
        ends(cli('connect', '--no-deflate', '--binary', '--file', large, f'ws://{host}/'), 5, b'',
             'large.bin: the connection ended after')


def test_count():
    """--count does not cut a file short: its Close comes behind it."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'early')
        sink = Sink(peer)
        sink.read_to_close()
        equal(sum(size for first, size in sink.frames if first < 0x88), 8 << 20)

    with folder() as where, raw_server(script) as host:
        ends(cli('connect', '--no-deflate', '--binary', '--count', 1, '--file',
                 make_sparse(where, 8 << 20), f'ws://{host}/'), 0, b'early\n')


def test_echo():
    """What comes back of a file is what it has."""
    data = os.urandom(3000000)
    with demo_server() as url, folder() as where:
        (where / 'file').write_bytes(data)
        result = cli('connect', '--binary', '--file', where / 'file', '--count', 1, f'{url}/echo')
        ends(result, 0)
        assert result.stdout == b'hex:' + data.hex().encode() + b'\n'


def test_progress():
    """--progress: lines on standard error that say how far it is; without it there is none."""
    def script(peer):
        peer.upgrade()
        sink = Sink(peer)
        while sink.read_frame() < 0x80:
            pass
        sink.read_to_close()

    with folder() as where, raw_server(script, connections=2) as host:
        file = make_sparse(where, 32 << 20)
        args = ('connect', '--no-deflate', '--binary', '--file', file, f'ws://{host}/')
        ends(cli(*args), 0, b'')
        result = cli(*args, '--progress')
        equal((result.returncode, result.stdout), (0, b''))
        lines = result.stderr.decode().replace('\u00a0', ' ').splitlines()
        form = r'duplex-cli: large\.bin: \d+(\.\d)? \w+ of 32\.0 MiB, \d+ %, \d+(\.\d)? \w+/s'
        assert lines and all(re.fullmatch(form, line) for line in lines), lines
        assert ': 32.0 MiB of 32.0 MiB, 100 %, ' in lines[-1], lines
    ends(cli('connect', '--progress', 'ws://127.0.0.1:1/'), 1, b'', '--file')


def test_progress_on_a_terminal():
    """On a terminal one line is rewritten, also around what arrives, and stays at the end."""
    go_on = threading.Event()

    def script(peer):
        peer.upgrade()
        Sink(peer).read_frame()
        peer.frame(0x81, b'meanwhile')
        assert go_on.wait(DEADLINE)
        Sink(peer).read_to_close()

    with folder() as where, raw_server(script) as host:
        name = 'n\u00e4me\x1b[31m of thirty characters and more'
        path = where / name
        make_sparse(where, 32 << 20).rename(path)
        with terminal('--no-deflate', '--binary', '--file', path, f'ws://{host}/',
                      stdin=subprocess.DEVNULL) as person:
            person.expect('\r\x1b[Knäme\\x1b[31m of thirty cha'.encode())
            person.expect(b' of ')
            person.expect(b'\r\x1b[K')
            go_on.set()
            shown = person.end(0).decode().replace('\u00a0', ' ')
    assert '\nmeanwhile\n' in shown, shown
    last = shown.strip().splitlines()[-1]
    assert last.startswith('näme\\x1b[31m of thirty cha') and '…: 32.0 MiB of 32.0 MiB, 100 %, ' \
        in last and len(last) < 80, len(last)


if __name__ == '__main__':
    main(globals())
