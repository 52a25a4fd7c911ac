#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-systemd.py RELAY [--without-libsystemd]: the relay under systemd, which is played here: a
socket that listens already, and the datagrams in which a service says how it is."""

import asyncio
import contextlib
import os
import pathlib
import signal
import socket
import sys
import tempfile

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    Relay, connect, run)

FIRST = 3       # SD_LISTEN_FDS_START


def listening(address='127.0.0.1', family=socket.AF_INET):
    """Return a socket as systemd passes it."""
    made = socket.socket(family)
    made.bind((address, 0))
    made.listen(16)
    return made


class Notifications:
    """What a service says, by datagrams."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)

    async def read(self):
        """Return the next message as a dictionary."""
        data = await asyncio.get_running_loop().sock_recv(self.socket, 65536)
        return dict(line.split('=', 1) for line in data.decode().splitlines())

    async def expect(self, name):
        """Return the next message, which must have name."""
        message = await self.read()
        assert name in message, message
        return message


@contextlib.contextmanager
def notifications():
    """Yield a socket for notifications."""
    with tempfile.TemporaryDirectory() as folder:
        made = Notifications(str(pathlib.Path(folder) / 'notify'))
        yield made
        made.socket.close()


async def spawn(*options, sockets=(), pid=None, **environment):
    """Start a relay with sockets from descriptor 3 on; pid is another than its own."""
    def in_child():
        copies = [os.dup(each.fileno()) for each in sockets]
        copies = [os.dup2(copy, 100 + i) for i, copy in enumerate(copies)]
        for i, copy in enumerate(copies):
            os.dup2(copy, FIRST + i, inheritable=True)
        if sockets:
            os.environ['LISTEN_FDS'] = str(len(sockets))
            os.environ['LISTEN_PID'] = str(pid or os.getpid())
        os.environ.update(environment)

    return await asyncio.create_subprocess_exec(
        sys.argv[1], *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        preexec_fn=in_child, pass_fds=range(FIRST, FIRST + len(sockets)))


async def ends(*options, **how):
    """Run a relay that refuses to start; return what it says."""
    process = await spawn(*options, **how)
    out, err = await process.communicate()
    assert process.returncode == 1 and out == b'', (process.returncode, out, err)
    assert err.count(b'\n') == 1, err
    return err.decode()


@contextlib.asynccontextmanager
async def running(*options, **how):
    """Run a relay; at the end it must leave of its own accord."""
    process = await spawn(*options, **how)
    line = (await process.stdout.readline()).decode()
    assert line.startswith('listening on ws://'), line
    relay = Relay(process, line.split()[-1])
    try:
        yield relay
    finally:
        if process.returncode is None:
            process.terminate()
        status = await process.wait()
        await relay.reader
    assert status == 0, (status, relay.log)


async def activated():
    """A socket that is passed is listened on, and outlives the relay."""
    with listening() as passed:
        port = passed.getsockname()[1]
        async with running(sockets=[passed]) as relay:
            assert relay.port == port, (relay.url, port)
            (await connect(relay, '')).reset()
        # systemd still listens: whoever comes now waits for the next relay.
        early = socket.create_connection(('127.0.0.1', port))
        async with running(sockets=[passed]) as relay:
            early.sendall(b'GET /other HTTP/1.1\r\nHost: x\r\n\r\n')
            early.settimeout(20)
            answer = await asyncio.to_thread(early.recv, 12)
            assert answer == b'HTTP/1.1 404', answer
            early.close()


async def instead_of_listen():
    """A socket that is passed comes before --listen, which the log says."""
    with listening() as passed:
        async with running('--listen', '127.0.0.1:1', sockets=[passed]) as relay:
            assert relay.port == passed.getsockname()[1]
            (await connect(relay, '')).reset()
        assert b'--listen' in relay.log, relay.log


async def of_another():
    """Sockets for another process are not taken."""
    with listening() as passed:
        async with running('--listen', '127.0.0.1:0', sockets=[passed], pid=1) as relay:
            assert relay.port != passed.getsockname()[1]


async def beyond_loopback():
    """What holds for --listen holds for a socket that is passed."""
    for address, family in (('0.0.0.0', socket.AF_INET), ('::', socket.AF_INET6)):
        with listening(address, family) as passed:
            said = await ends(sockets=[passed])
            assert '--allow-backend' in said and '--token-file' in said, said
            process = await spawn('--allow-backend', 'a.example', sockets=[passed])
            line = await process.stdout.readline()
            assert b':%d/api' % passed.getsockname()[1] in line, line
            process.terminate()
            assert await process.wait() == 0


async def unusable():
    """Anything but one listening TCP socket is refused."""
    def unix():
        made = socket.socket(socket.AF_UNIX)
        made.bind('\0duplex-test-systemd-' + str(os.getpid()))
        made.listen()
        return made

    with unix() as named, socket.socket() as idle, socket.socket(
            type=socket.SOCK_DGRAM) as datagrams, listening() as one, listening() as two:
        for sockets in ([named], [idle], [datagrams], [one, two]):
            said = await ends(sockets=sockets)
            assert 'systemd' in said, said


async def notified():
    """READY once clients are taken, RELOADING and READY on SIGHUP, STOPPING on SIGTERM."""
    with notifications() as told, tempfile.NamedTemporaryFile('w') as conf:
        conf.write('[relay]\nrate=1\n')
        conf.flush()
        async with running('--listen', '127.0.0.1:0', '--config', conf.name,
                           NOTIFY_SOCKET=told.path) as relay:
            message = await told.expect('READY')
            assert message == {'READY': '1', 'STATUS': f'Listening on {relay.url}'}, message
            relay.process.send_signal(signal.SIGHUP)
            message = await told.expect('RELOADING')
            assert message['RELOADING'] == '1' and int(message['MONOTONIC_USEC']) > 0, message
            message = await told.expect('READY')
            assert message == {'READY': '1', 'STATUS': f'Listening on {relay.url}'}, message

            conf.write('speed=1\n')
            conf.flush()
            relay.process.send_signal(signal.SIGHUP)
            await told.expect('RELOADING')
            message = await told.expect('READY')
            assert message['STATUS'].startswith('Not reloaded: ') and 'speed' in message[
                'STATUS'], message

            relay.process.terminate()
            message = await told.expect('STOPPING')
            assert message['STOPPING'] == '1' and message['STATUS'], message


async def watchdog():
    """WATCHDOG as often as it is asked for, while the relay is idle and while it drains."""
    with notifications() as told:
        async with running('--listen', '127.0.0.1:0', '--drain', '1', '--close-timeout', '60',
                           NOTIFY_SOCKET=told.path, WATCHDOG_USEC='200000') as relay:
            await told.expect('READY')
            for _ in range(3):
                assert await told.read() == {'WATCHDOG': '1'}
            client = await connect(relay, '')
            relay.process.terminate()
            message = await told.read()
            while 'STOPPING' not in message:
                assert message == {'WATCHDOG': '1'}, message
                message = await told.read()
            assert await told.read() == {'WATCHDOG': '1'}
            client.reset()


async def nobody():
    """Without systemd nothing is missed, and a socket that nobody reads is no harm."""
    async with running('--listen', '127.0.0.1:0', NOTIFY_SOCKET='/nonexistent/notify') as relay:
        (await connect(relay, '')).reset()


if __name__ == '__main__':
    os.environ['LC_ALL'] = 'C.UTF-8'
    if '--without-libsystemd' in sys.argv:
        print('1..0 # SKIP built without libsystemd')
        sys.exit(0)
    run([activated, instead_of_listen, of_another, beyond_loopback, unusable, notified, watchdog,
         nobody])
