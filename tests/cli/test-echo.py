#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli connect --echo against a server that checks what comes back."""

import pathlib
import struct
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
from support import (DEADLINE, SANITIZED, Skip, cli, demo_server, ends,     # noqa: E402
                     equal, events, main, raw_server)

HERE = pathlib.Path(__file__).resolve().parent


def check(name, *args):
    """Run one function of echo-server.py with duplex-cli as the client."""
    with subprocess.Popen(['/usr/bin/python3', HERE / 'echo-server.py'], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as server:
        timer = threading.Timer(2 * DEADLINE, server.kill)
        timer.start()
        try:
            port = server.stdout.readline().strip()
            if port.startswith('missing'):
                raise Skip(port)
            server.stdin.write(f'{name}\n')
            server.stdin.flush()
            equal(server.stdout.readline(), 'ready\n')
            result = cli('connect', '--echo', f'ws://127.0.0.1:{port}/', *args,
                         timeout=2 * DEADLINE)
            equal(server.stdout.readline(), 'fine\n')
            ends(result, 0)
            return result.stdout
        finally:
            timer.cancel()
            server.kill()


def test_sizes():
    """Text and binary of 0 bytes to 16 MiB come back byte for byte, and nothing is printed."""
    equal(check('sizes'), b'')


def test_fragments():
    """Fragmented messages come back whole."""
    check('fragments')


def test_pings():
    """Pings are answered while the echo goes on."""
    check('pings')


def test_flood():
    """Twenty thousand messages in flight come back in order."""
    check('flood')


def test_stalled():
    """A server that does not read what comes back is not read from either."""
    check('stalled')


def test_printed():
    """With --json the events of an echo are printed too; --count ends it."""
    seen = events(check('pings', '--json'))
    assert sum(event['event'] == 'frame' for event in seen) > 200

    def script(peer):
        # With the handshake: they may have been counted before the client knows that it is open.
        peer.upgrade(then=b'\x81\x03one\x82\x03two')
        equal(peer.read_frame(), (0x81, b'one'))
        equal(peer.read_frame(), (0x82, b'two'))
        equal(peer.read_close(), struct.pack('!H', 1000))
        peer.frame(0x88, struct.pack('!H', 1000))

    with raw_server(script) as host:
        ends(cli('connect', '--echo', '--count', 2, f'ws://{host}/'), 0, b'')


def test_bad_text():
    """Text that is not UTF-8 is not sent back, and fails the connection with 1007."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'good')
        peer.frame(0x81, b'\xff')
        equal(peer.read_frame(), (0x81, b'good'))
        first, payload = peer.read_frame()
        equal((first, payload[:2]), (0x88, struct.pack('!H', 1007)))

    with raw_server(script) as host:
        equal(cli('connect', '--echo', f'ws://{host}/').returncode, 4)


def test_memory():
    """An echo of 200 MB needs a few MB: what went by is forgotten."""
    with demo_server() as url:
        result = subprocess.run(
            ['/usr/bin/python3', '-c', 'import resource, subprocess, sys\n'
             'status = subprocess.call(sys.argv[1:])\n'
             'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n'
             'sys.exit(status)', sys.argv[1], 'connect', '--echo',
             f'{url}/flood?n=200000&size=1000'],
            capture_output=True, timeout=2 * DEADLINE, check=False)
        equal(result.returncode, 0)
        peak = int(result.stdout)
        print(f'# peak {peak} KiB')
        assert SANITIZED or peak < 100 * 1024, peak


if __name__ == '__main__':
    main(globals())
