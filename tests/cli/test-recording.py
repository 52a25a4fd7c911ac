#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording is worth: nothing is changed or lost, also when the program is killed.

With --thorough many more messages and kills, which takes minutes. Each kill comes at a moment that
follows from the seed, which DUPLEX_TEST_SEED sets and a failure prints.
"""

import bisect
import contextlib
import hashlib
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from support import (CLI, DEADLINE, SANITIZED, Measured, equal, folder, main,     # noqa: E402
                     raw_server)

THOROUGH = '--thorough' in sys.argv
MESSAGES = 1000000 if THOROUGH else 50000
KILLS = 200 if THOROUGH else 10
SEED = int(os.environ.get('DUPLEX_TEST_SEED', 4))
MOST_LOST = 0.1                   # seconds
MOST_MEMORY = 100 << 20


def frame(text):
    """A text message in one frame."""
    payload = text.encode()
    if len(payload) < 126:
        return bytes([0x81, len(payload)]) + payload
    return bytes([0x81, 126]) + len(payload).to_bytes(2, 'big') + payload


def run_hashed(*args, prefix=b''):
    """Run duplex-cli; return the hash of its lines without prefix and their number, and its most
    memory."""
    measured = Measured(*args)
    digest, n, rest = hashlib.sha256(), 0, b''
    for piece in measured.pieces():
        *lines, rest = (rest + piece).split(b'\n')
        assert all(line.startswith(prefix) for line in lines)
        digest.update(b''.join(line[len(prefix):] + b'\n' for line in lines))
        n += len(lines)
    equal(rest, b'')
    return (digest.hexdigest(), n), measured.most


def test_equal_at_both_ends():
    """The hash of numbered messages is the same at the server, when printed and when recorded."""
    sent = hashlib.sha256()

    def script(peer):
        peer.upgrade()
        for first in range(0, MESSAGES, 1000):
            texts = [f'{i} {"x" * 190}' for i in range(first, first + 1000)]
            sent.update(''.join(text + '\n' for text in texts).encode())
            peer.write(b''.join(map(frame, texts)))
        peer.finish()

    with folder() as where:
        path = where / 'one.duplex'
        with raw_server(script) as host:
            seen, most = run_hashed('connect', '--capture', path, '--wait', 10 * DEADLINE,
                                    f'ws://{host}/')
        print(f'# connect: {most >> 20} MiB')
        equal(seen, (sent.hexdigest(), MESSAGES))
        assert SANITIZED or most < MOST_MEMORY, most
        seen, most = run_hashed('show', path, prefix=b'< ')
        print(f'# show: {most >> 20} MiB')
        equal(seen, (sent.hexdigest(), MESSAGES))
        assert SANITIZED or most < MOST_MEMORY, most


PAUSES = """
import os, select, sys, time
os.nice(5)
longest, before = 0.0, time.monotonic()
while not select.select([sys.stdin], [], [], 0.001)[0]:
    now = time.monotonic()
    longest, before = max(longest, now - before - 0.001), now
print(longest)
"""


@contextlib.contextmanager
def pauses():
    """How late the machine runs a process that has the writer's low priority; its value is a list
    that has the longest delay at the end."""
    seen = []
    with subprocess.Popen([sys.executable, '-c', PAUSES], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        try:
            yield seen
        finally:
            seen.append(float(process.communicate(timeout=DEADLINE)[0]))


class Reader(threading.Thread):
    """Reads a program's output as it comes, and when."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream = stream
        self.data = bytearray()
        self.times = []           # (time, bytes that had come)
        self.start()

    def run(self):
        while chunk := os.read(self.stream.fileno(), 1 << 20):
            self.data += chunk
            self.times.append((time.monotonic(), len(self.data)))


def numbers(data, prefix=b''):
    """The whole lines of data, which must count from 0, as numbers."""
    seen = re.findall(rb'^' + prefix + rb'(\d+)-x*\n', data, re.MULTILINE)
    equal((seen, data.count(b'\n')), ([str(i).encode() for i in range(len(seen))], len(seen)))
    return len(seen)


def flood(peer):
    """As fast as the client takes them."""
    for first in range(0, 3000000, 1000):
        peer.write(b''.join(frame(f'{i}-') for i in range(first, first + 1000)))


def pace(peer):
    """A few each millisecond."""
    for i in range(30000):
        peer.write(frame(f'{i}-'))
        if i % 5 == 4:
            time.sleep(0.001)


def large(peer):
    """Messages that stand beside the blocks."""
    for i in range(2000):
        peer.write(bytes([0x81, 127]) + (600000).to_bytes(8, 'big')
                   + f'{i}-'.encode().ljust(600000, b'x'))


# The regular run leaves out what depends on the speed of the disk.
SCRIPTS = (flood, pace, pace, large) if THOROUGH else (flood, pace)


def kill_once(where, name, script, after):
    """Kill a recording; return how many messages were printed, how many are in the file, how many
    seconds before its end the first one that is missing was printed, and the machine's pauses."""
    def serve(peer):
        try:
            peer.upgrade()
            script(peer)
            peer.read(1)
        except (OSError, EOFError):
            pass

    path = where / name
    with raw_server(serve) as host, pauses() as late:
        process = subprocess.Popen(
            [CLI, 'connect', '--capture', path, '--wait', str(DEADLINE), f'ws://{host}/'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        reader = Reader(process.stdout)
        time.sleep(after)
        killed = time.monotonic()
        process.kill()
        process.wait()
        reader.join(DEADLINE)
        process.stdout.close()
        # One that had not connected leaves a server that waits for it.
        with contextlib.suppress(OSError):
            address, port = host.split(':')
            socket.create_connection((address, int(port)), timeout=1).close()
    longest, = late
    printed = numbers(reader.data)
    if not path.exists():
        return printed, 0, 0.0, longest
    shown = subprocess.run([CLI, 'show', path], capture_output=True, timeout=DEADLINE, check=False)
    # Killed in the moment in which the file is made it may be said that its -wal is not there.
    if (shown.returncode != 0 or shown.stderr != b'') and printed > 0:
        raise AssertionError(f'{shown.returncode} {shown.stderr.decode()!r}')
    kept = numbers(shown.stdout, b'< ')
    if kept >= printed:
        return printed, kept, 0.0, longest
    # Where the first line that is not in the file ends.
    end = [match.end() for match in re.finditer(b'\n', reader.data)][kept]
    came = reader.times[bisect.bisect_left([size for _, size in reader.times], end)][0]
    return printed, kept, killed - came, longest


def test_killed():
    """Killed at any moment: the file opens, has no gap, and misses at most the last 100 ms."""
    chance = random.Random(SEED)
    worst, opened, broken = 0.0, 0, []
    for i in range(KILLS):
        script = chance.choice(SCRIPTS)
        after = chance.uniform(0.02, 1.2)
        with folder() as where:
            printed, kept, lost, pause = kill_once(where, 'one.duplex', script, after)
        worst = max(worst, lost)
        opened += kept > 0
        said = (f'# {i}: {script.__name__}, killed after {after:.3f} s: {printed} printed, '
                f'{kept} kept, lost the last {lost * 1000:.0f} ms, pauses {pause * 1000:.0f} ms')
        if THOROUGH or lost > MOST_LOST:
            print(said, flush=True)
        if lost > MOST_LOST + pause:
            broken.append(said)
    print(f'# seed {SEED}: {KILLS} killed, {opened} with messages, at most {worst * 1000:.0f} ms '
          'lost')
    assert opened > KILLS / 2, opened
    equal(broken, [])


if __name__ == '__main__':
    main(globals())
