#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-attacks.py RELAY: clients that mean no good, before there is a WebSocket."""

import asyncio
import contextlib
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    CLOSE, TEXT, Backend, End, ask, close_body, connect, frame, pair, request, run, running)

MIB = 1 << 20
HERE = pathlib.Path(__file__).resolve().parent
GARBAGE = 10000
AT_ONCE = 100
LORIS = 300
REASONS = ('request', 'timeout', 'displaced', 'tls', 'origin', 'token', 'limit', 'not-allowed',
           'unreachable', 'left')


def relay_of(*options):
    """Run a relay of two workers."""
    return running('--workers', '2', *options)


# ---- slow loris ----

async def honest(relay, backend, tls=None):
    """Get in, have a message carried, and return the seconds that it took."""
    start = time.monotonic()
    client = await connect(relay, backend.url, tls=tls)
    far = await backend.accepted.get()
    client.write(frame(TEXT, b'honest'))
    assert await far.read_message() == (TEXT, b'honest')
    elapsed = time.monotonic() - start
    client.write(frame(CLOSE, b''))
    await far.read_close()
    client.reset()
    far.reset()
    return elapsed


async def besieged(relay, attack, tls=None, timeouts=0):
    """Let attack(end) go on 300 times at once and see that others get in meanwhile, and that so
    many are ended for being late."""
    async def attacker():
        while True:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
                try:
                    await attack(end)
                finally:
                    end.reset()

    async with Backend() as backend:
        await honest(relay, backend, tls)
        await relay.until_descriptors(before := relay.descriptors())
        attackers = [asyncio.create_task(attacker()) for _ in range(LORIS)]
        await asyncio.sleep(0.3)        # until they all are there
        slowest = max([await honest(relay, backend, tls) for _ in range(4)])
        while timeouts and await relay.sample('refusals_total{reason="timeout"}') < timeouts:
            await asyncio.sleep(0.05)
        for task in attackers:
            task.cancel()
        await asyncio.gather(*attackers, return_exceptions=True)
        print(f'# an honest client got in within {slowest:.2f} s')
        assert slowest < 2, slowest
        await relay.until_descriptors(before)


async def drip(end, data, seconds=0.2):
    """Send a byte now and then until the other end has enough of it."""
    ended = asyncio.create_task(end.read_end())
    start = time.monotonic()
    for byte in data:
        end.write(bytes([byte]))
        if (await asyncio.wait([ended], timeout=seconds))[0]:
            break
    assert await ended == b''
    assert time.monotonic() - start < 3


async def slow_requests():
    """300 that send a byte of their request every 200 ms do not keep others out."""
    async with relay_of('--no-status', '--handshake-timeout', '1') as relay:
        await besieged(relay, lambda end: drip(end, request('/api/websocket')), timeouts=LORIS)


async def slow_readers():
    """300 that do not take their response, nor end, do not keep others out."""
    async def attack(end):
        end.writer.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        end.writer.transport.pause_reading()
        end.write(request('/nowhere'))
        await asyncio.sleep(20)

    async with relay_of('--no-status', '--handshake-timeout', '1') as relay:
        await besieged(relay, attack)


@contextlib.contextmanager
def certificates():
    """Yield a folder of them."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HERE.parent / 'interop' / 'make-certificates', folder], check=True,
                       capture_output=True)
        yield folder


def client_hello(context):
    """Return the first record of a client's handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname='127.0.0.1').do_handshake()
    return outgoing.read()


async def slow_handshakes():
    """300 that do not go on with their TLS handshake do not keep others out."""
    with certificates() as folder:
        context = ssl.create_default_context(cafile=f'{folder}/ca.pem')
        hello = client_hello(context)

        async def attack(end):
            # All of them send another part of it.
            end.write(hello[:random.randrange(len(hello))])
            await end.read_end()

        async with relay_of('--no-status', '--handshake-timeout', '1', '--tls-cert',
                            f'{folder}/valid.pem', '--tls-key', f'{folder}/valid.key') as relay:
            await besieged(relay, attack, context)


# ---- garbage ----

def garbage_kinds(chance):
    """Return (statuses that may be answered, request) of each kind; 0 stands for no answer."""
    upgrade = request('/api/websocket?backend=ws://127.0.0.1:1')

    def changed(old, new):
        assert old in upgrade
        return upgrade.replace(old, new)

    def field(line):
        return changed(b'Host: relay\r\n', b'Host: relay\r\n' + line + b'\r\n')
    noise = chance.randbytes(chance.randrange(1, 3000))
    backends = (b'%', b'%zz', b'%0', b'%00', b'ws://%ff%fe', b'ws://127.0.0.1:1/%0d%0aX:%20y',
                b'ws://[::1', b'ws://127.0.0.1:99999', b'ws://%00127.0.0.1', b'%25' * 2000,
                b'ws://a@127.0.0.1', b'javascript:alert(1)', b'file:///etc/passwd')
    return (
        ((0, 400), noise), ((0, 400), noise + b'\r\n\r\n'),
        ((400,), b'\0' * 300 + b'\r\n\r\n'), ((400,), changed(b'relay', b're\0lay')),
        ((400,), changed(b'GET ', b'G\0T ')), ((400,), changed(b'Upgrade: ', b'Upgrade : ')),
        ((431,), b'GET / HTTP/1.1\r\nX: ' + b'x' * 70000),
        ((431,), b'GET /' + b'x' * 70000), ((431,), b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * 12000),
        ((400, 431), field(b'\r\n'.join(b'X-%d: y' % i for i in range(1500)))),
        ((101,), changed(b'backend=ws://127.0.0.1:1', b'backend=' + chance.choice(backends))),
        ((400, 505), b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\4\0\0\0\0\0'),
        ((0,), b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03' + noise[:500].replace(b'\n', b'')),
        ((400, 404, 405), b'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n'),
        ((404,), b'GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n'),
        ((404,), b'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'),
        ((400,), field(b'X: one\r\n two')), ((400,), field(b'Host: other')),
        ((400,), changed(b'Host: relay\r\n', b'')), ((400,), field(b'no colon')),
        ((404,), b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n' + noise),
        ((404,), b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' + noise),
        ((405,), changed(b'GET ', b'POST ') + noise), ((404,), request('/x') * 30),
        ((426,), request('/api/websocket').replace(b'13', b'7')),
        ((400,), changed(b'dGhlIHNhbXBsZSBub25jZQ==', b'short')),
        ((400,), changed(b' HTTP/1.1', b' HTTP/9.9')), ((400,), changed(b' HTTP/1.1', b'')),
        ((101,), upgrade + noise), ((0,), upgrade[:chance.randrange(len(upgrade))]),
        ((0,), b''), ((0, 400), b'\n' * chance.randrange(1, 200)))


def send_garbage(port, number, chance):
    """Send so many requests, each on a connection of its own, and check each answer."""
    sent = []
    while len(sent) < number:
        sent += garbage_kinds(chance)
    socks = []
    for wanted, data in sent[:number]:
        sock = socket.create_connection(('127.0.0.1', port), timeout=10)
        with contextlib.suppress(ConnectionError):
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        socks.append((sock, wanted, data))
    for sock, wanted, data in socks:
        head = b''
        with contextlib.suppress(ConnectionError), sock:
            while part := sock.recv(65536):
                head += part
        # A client that has half-closed may count as one that left.
        status = int(head.split(b' ')[1]) if head else 0
        assert not head or head.startswith(b'HTTP/1.1 '), (data[:100], head[:100])
        assert status in wanted or (status == 0 and wanted == (101,)), (data[:300], head[:300])


async def garbage():
    """10,000 requests of garbage are answered in kind, and leave nothing behind."""
    chance = random.Random(1)
    async with relay_of('--connect-timeout', '2') as relay:
        await relay.sample('clients')
        for first in range(0, GARBAGE, AT_ONCE):
            await asyncio.to_thread(send_garbage, relay.port, AT_ONCE, chance)
            if first == GARBAGE // 4:
                await relay.until_sample('clients', 1)
                memory, before = relay.memory('VmRSS'), relay.descriptors()
        await relay.until_sample('clients', 1)
        await relay.until_descriptors(before)
        grown = relay.memory('VmRSS') - memory
        print(f'# {grown / 1024:.0f} KiB more')
        assert grown < MIB or relay.is_sanitized()
        async with pair(relay) as (client, _far):
            assert b'connected' in (await client.read_message())[1]


# ---- refusals ----

async def status_of(relay, data):
    """Send a request; return the status of the answer, and see the end of the connection."""
    answer = await ask(relay, data)
    assert answer.startswith('HTTP/1.1 '), answer
    return int(answer.split(' ')[1])


async def refusals():
    """Before there is a WebSocket refusals are HTTP, each counted and logged with its reason."""
    good = ('Authorization: Bearer s3cret',)
    upgrade = request('/api/websocket', *good)
    cases = ((404, 'request', request('/nowhere')), (400, 'request', b'what\r\n\r\n'),
             (405, 'request', upgrade.replace(b'GET', b'PUT')),
             (426, 'request', upgrade.replace(b'websocket\r\n', b'h2c\r\n')),
             (426, 'request', upgrade.replace(b'Version: 13', b'Version: 12')),
             (431, 'request', b'GET / HTTP/1.1\r\nX: ' + b'x' * 70000),
             (403, 'origin', request('/api/websocket', 'Origin: https://evil.example', *good)),
             (401, 'token', request('/api/websocket')),
             (401, 'token', request('/api/websocket', 'Authorization: Bearer s3cre')))
    with tempfile.NamedTemporaryFile('w') as file:
        file.write('s3cret\n')
        file.flush()
        async with relay_of('--token-file', file.name, '--max-connections', '3',
                            '--max-per-address', '2') as relay, Backend() as backend:
            counts = dict.fromkeys(REASONS, 0)
            for wanted, reason, data in cases:
                assert await status_of(relay, data) == wanted, data
                counts[reason] += 1
                assert await relay.sample(f'refusals_total{{reason="{reason}"}}') == counts[reason]

            # Places: two from one address, three in all, and free again after each way to leave.
            for leave in (End.reset, End.abort, None):
                ends = [await connect(relay, backend.url, *good, local=(local, 0))
                        for local in ('127.0.0.1', '127.0.0.1', '127.0.0.2')]
                answer = await ask(relay, upgrade)
                assert answer.startswith('HTTP/1.1 503 '), answer
                counts['limit'] += 1
                far = [await backend.accepted.get() for _ in ends]
                for end in ends:
                    if leave is not None:
                        leave(end)
                    else:
                        await end.read_message()
                        end.write(frame(CLOSE, close_body(1000)))
                        end.half_close()
                for end in far:
                    await end.read_close()
                    end.write(frame(CLOSE, b'', mask=None))
                    end.end()
                await relay.until_sample('open_connections', 0)
                await relay.until_sample('clients', 1)
                for end in ends:
                    end.reset()
            third = [await connect(relay, backend.url, *good) for _ in range(2)]
            assert await status_of(relay, upgrade) == 503
            counts['limit'] += 1
            for end in third:
                end.reset()
                (await backend.accepted.get()).reset()
            await relay.until_sample('clients', 1)
            for reason, count in counts.items():
                assert await relay.sample(f'refusals_total{{reason="{reason}"}}') == count, reason
        for reason, count in counts.items():
            assert relay.log.count(f' reason={reason} '.encode()) == count, reason
        assert b's3cret' not in relay.log and b'evil' not in relay.log, relay.log


# ---- no open proxy ----

NEVER = ('169.254.169.254', '169.254.1.1:80', '[fe80::1]', '[fe80::1%25lo]',
         '[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]', '[::169.254.169.254]',
         '[64:ff9b::a9fe:a9fe]', '[2002:a9fe:a9fe::1]', '[fd00:ec2::254]', '100.100.100.200',
         '168.63.129.16', '0.0.0.0', '[::]', '[::ffff:0.0.0.0]', '224.0.0.1', '255.255.255.255',
         '[ff02::1]', '0xA9FEA9FE', '2852039166', '0251.0376.0251.0376', '169.254.43518',
         '0xa9.0xfe.0xa9.0xfe', '169.16689662', '0', '169.254.169.254.', '①⑥⑨.254.169.254')


async def not_reached(relay, host):
    """Ask for a backend that is never dialled, and return the code of the Close."""
    start = time.monotonic()
    end = await connect(relay, f'ws://{host}'.replace('%', '%25'))
    text = (await end.read_message())[1]
    code, reason = await end.read_close()
    assert b'"error"' in text, (host, text)
    assert (code, reason) in ((1008, 'Backend not allowed'), (1011, 'Backend connection failed'))
    assert time.monotonic() - start < 2, host
    end.reset()
    return code, text


async def no_open_proxy():
    """Metadata and link-local addresses are refused in all their forms, whatever is allowed."""
    for options in ((), ('--allow-backend', '*'), ('--allow-backend', '[*]'),
                    ('--allow-backend', '169.254.*'), ('--allow-backend', '*:80')):
        async with relay_of('--connect-timeout', '3', *options) as relay:
            for host in NEVER:
                code, text = await not_reached(relay, host)
                # An address is refused by the policy; other numbers are no address, or are refused.
                plain = host.strip('[]').replace(':80', '').replace('%25lo', '')
                is_address = False
                for family in (socket.AF_INET, socket.AF_INET6):
                    with contextlib.suppress(OSError, UnicodeError):
                        socket.inet_pton(family, plain)
                        is_address = True
                if is_address and '%' not in host:
                    assert code == 1008, (options, host, text)
            refused = await relay.sample('refusals_total{reason="not-allowed"}')
            failed = await relay.sample('refusals_total{reason="unreachable"}')
            assert refused + failed == len(NEVER), (refused, failed)
    # The rest of the world needs to be allowed.
    async with relay_of('--connect-timeout', '3') as relay:
        for host in ('192.0.2.1', '[2001:db8::1]', '3221225985', '0xc0000201', '8.8.8.8:53',
                     '10.0.0.1', '192.168.1.1', '[fc00::1]', '[::ffff:8.8.8.8]'):
            assert (await not_reached(relay, host))[0] in (1008, 1011), host


# ---- SIGHUP ----

async def tokens_reloaded():
    """A changed token file holds for who comes; a broken one changes nothing, and is logged."""
    async def reload(relay, word):
        seen = len(relay.log)
        relay.process.send_signal(signal.SIGHUP)
        while word not in relay.log[seen:]:
            await asyncio.sleep(0.01)

    def asking(token):
        return request('/api/websocket', f'Authorization: Bearer {token}') + frame(CLOSE, b'')

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'tokens')
        path.write_text('old-one\n', encoding='ascii')
        async with relay_of('--token-file', str(path), '--no-status') as relay:
            async with pair(relay, 'Authorization: Bearer old-one') as (client, far):
                path.write_text('new-one\n', encoding='ascii')
                await reload(relay, b' reloaded')
                assert await status_of(relay, asking('old-one')) == 401
                assert await status_of(relay, asking('new-one')) == 101
                for broken in ('', '# none\n', 'x' * 5000, None):
                    if broken is None:
                        path.unlink()
                    else:
                        path.write_text(broken, encoding='ascii')
                    await reload(relay, b' error ')
                    assert await status_of(relay, asking('new-one')) == 101, broken
                    assert await status_of(relay, asking('old-one')) == 401, broken
                client.write(frame(TEXT, b'still here'))
                assert await far.read_message() == (TEXT, b'still here')
        assert b'-one' not in relay.log, relay.log


if __name__ == '__main__':
    run([slow_requests, slow_readers, slow_handshakes, garbage, refusals, no_open_proxy,
         tokens_reloaded])
