#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-tls.py RELAY: TLS with clients and with backends, from outside."""

import asyncio
import contextlib
import hashlib
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    BINARY, CLOSE, TEXT, Backend, End, close_body, connect, frame, request, run, running)

HERE = pathlib.Path(__file__).resolve().parent
MANY = 120
CUTS_AT_ONCE = 40


class Wire:
    """An end that says each TLS byte itself: a TCP connection with OpenSSL beside it."""

    def __init__(self, reader, writer, context, *, server=False, session=None):
        self.reader, self.writer = reader, writer
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server,
                                    server_hostname=None if server else '127.0.0.1',
                                    session=session)
        self.plain = b''

    @classmethod
    async def to(cls, relay, context, **options):
        """Connect to a relay, without a byte of TLS."""
        return cls(*await asyncio.open_connection('127.0.0.1', relay.port), context, **options)

    def flush(self):
        """Send what TLS wants to say."""
        self.writer.write(self.outgoing.read())

    async def do(self, action):
        """Repeat an action until it wants to read no more."""
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                self.flush()
                chunk = await self.reader.read(65536)
                if chunk:
                    self.incoming.write(chunk)
                else:
                    self.incoming.write_eof()
            finally:
                self.flush()

    async def shake_hands(self):
        """Do the whole handshake."""
        await self.do(self.tls.do_handshake)

    def write(self, data):
        """Send bytes."""
        self.tls.write(data)
        self.flush()

    async def until(self, end):
        """Read up to the end of a text, and return it."""
        while end not in self.plain:
            data = await self.do(lambda: self.tls.read(65536))
            assert data, self.plain
            self.plain += data
        head, self.plain = self.plain.split(end, 1)
        return head + end

    async def rest(self):
        """Read to close_notify; anything else is an error of ssl."""
        # It is an error to OpenSSL where we have closed, too.
        with contextlib.suppress(ssl.SSLZeroReturnError):
            while data := await self.do(lambda: self.tls.read(65536)):
                self.plain += data
        return self.plain

    def close_notify(self):
        """Close what is sent by TLS alone."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.flush()


@contextlib.contextmanager
def certificates():
    """Yield a folder of them, with one of RSA behind an authority between."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HERE.parent / 'interop' / 'make-certificates', folder], check=True,
                       capture_output=True)
        yield folder


def make_chain(folder):
    """Make chain.pem and chain.key: RSA, and between it and the authority another one."""
    script = '''
        openssl req -newkey rsa:2048 -nodes -keyout between.key -subj /CN=between -out between.csr
        openssl x509 -req -in between.csr -CA ca.pem -CAkey ca.key -days 2 -out between.pem \
          -extfile <(printf '%s\\n' basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign)
        openssl req -newkey rsa:2048 -nodes -keyout chain.key -subj /CN=chain -out chain.csr
        openssl x509 -req -in chain.csr -CA between.pem -CAkey between.key -days 2 -out leaf.pem \
          -extfile <(echo subjectAltName=IP:127.0.0.1)
        cat leaf.pem between.pem >chain.pem'''
    subprocess.run(['bash', '-euc', script], cwd=folder, check=True, capture_output=True)


def trusting(folder):
    """Return what a client needs."""
    return ssl.create_default_context(cafile=f'{folder}/ca.pem')


def showing(folder, name='valid'):
    """Return what a server needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f'{folder}/{name}.pem', f'{folder}/{name}.key')
    return context


def options_for(folder, name='valid'):
    """Return the options of a relay that speaks TLS and trusts our authority."""
    return ('--no-status', '--workers', '2', '--tls-cert', f'{folder}/{name}.pem', '--tls-key',
            f'{folder}/{name}.key', '--cacert', f'{folder}/ca.pem')


def threads(relay):
    """Return how many threads the relay has."""
    return len(os.listdir(f'/proc/{relay.process.pid}/task'))


async def honest(relay, backend, url, tls=None):
    """Open a connection and have a message carried; return the seconds that it took."""
    start = time.monotonic()
    client = await connect(relay, url, tls=tls)
    far = await backend.accepted.get()
    client.write(frame(TEXT, b'honest'))
    assert await far.read_message() == (TEXT, b'honest')
    elapsed = time.monotonic() - start
    client.reset()
    far.reset()
    return elapsed


# ---- nobody waits for others ----

async def stopped_clients():
    """120 clients that stop after their ClientHello hold no thread, and nobody up."""
    with certificates() as folder:
        context = trusting(folder)
        async with running(*options_for(folder)) as relay, Backend() as backend:
            await honest(relay, backend, backend.url, context)
            before = threads(relay)
            wires = [await Wire.to(relay, context) for _ in range(MANY)]
            for wire in wires:
                with contextlib.suppress(ssl.SSLWantReadError):
                    wire.tls.do_handshake()
                wire.flush()
            for wire in wires:      # the relay has answered: it is in its handshake with each
                assert (await wire.reader.read(1)) == b'\x16'
            elapsed = await honest(relay, backend, backend.url, context)
            print(f'# an honest client got in within {elapsed:.2f} s')
            assert elapsed < 1 and threads(relay) <= before, (elapsed, threads(relay), before)
            for wire in wires:
                wire.writer.close()


async def mute_backends():
    """120 dials to a wss backend that is mute hold no thread, and no other dial up."""
    accepted = []

    async def accept(_reader, writer):
        accepted.append(writer)
    with certificates() as folder:
        mute = await asyncio.start_server(accept, '127.0.0.1', 0)
        url = f'wss://127.0.0.1:{mute.sockets[0].getsockname()[1]}'
        async with (running('--no-status', '--workers', '2', '--cacert', f'{folder}/ca.pem',
                            '--connect-timeout', '25') as relay,
                    Backend() as plain, Backend(tls=showing(folder)) as secure):
            for backend in (plain, secure):
                await honest(relay, backend, backend.url)
                await honest(relay, backend, backend.url.replace('127.0.0.1', 'localhost'))
            before = threads(relay)
            clients = [End(*await asyncio.open_connection('127.0.0.1', relay.port))
                       for _ in range(MANY)]
            for client in clients:
                client.write(request(f'/api/websocket?backend={url}'))
            while len(accepted) < MANY:
                await asyncio.sleep(0.01)
            for backend in (plain, secure):
                for host in ('127.0.0.1', 'localhost'):
                    elapsed = await honest(relay, backend, backend.url.replace('127.0.0.1', host))
                    print(f'# {backend.url[:3]} to {host} within {elapsed:.2f} s')
                    assert elapsed < 1, (backend.url, host, elapsed)
            assert threads(relay) <= before, (threads(relay), before)
            for client in clients:
                client.reset()
            for writer in accepted:
                writer.close()
        mute.close()


# ---- what passes ----

async def whole_messages():
    """TLS to TLS, 1.2 and 1.3: messages of any size arrive whole, both ways."""
    sizes = [0, 1, 125, 126, 16383 - 4, 16384 - 8, 16384, 16385, 40000, 65535, 65536, 300000,
             5000000]
    with certificates() as folder:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context, server = trusting(folder), showing(folder)
            context.maximum_version = server.maximum_version = version
            async with (Backend(tls=server) as backend,
                        running(*options_for(folder)) as relay):
                client = await connect(relay, backend.url, tls=context)
                far = await backend.accepted.get()
                for end in (client, far):
                    assert end.writer.get_extra_info('ssl_object').version()[-1] == version.name[-1]
                for near, other, mask in ((client, far, b'abcd'), (far, client, None)):
                    sent, got = hashlib.sha256(), hashlib.sha256()

                    async def read(source=other, digest=got):
                        for _ in sizes:
                            digest.update((await source.read_message())[1])
                    reading = asyncio.create_task(read())
                    for size in sizes:
                        payload = os.urandom(size)
                        sent.update(payload)
                        near.write(frame(BINARY, payload, mask=mask))
                        await near.writer.drain()
                    await reading
                    assert got.digest() == sent.digest()
                client.reset()
                far.reset()


async def early_words():
    """What a backend says in one record with its 101 arrives, though no socket tells of it."""
    words = frame(BINARY, bytes(range(256)) * 60, mask=None)
    with certificates() as folder:
        async with (running(*options_for(folder)) as relay,
                    Backend(words, tls=showing(folder)) as backend):
            client = await connect(relay, backend.url, tls=trusting(folder))
            assert await client.read_message() == (BINARY, bytes(range(256)) * 60)
            client.reset()
            (await backend.accepted.get()).reset()


async def chains():
    """A certificate of RSA with an authority between is shown whole, and accepted."""
    with certificates() as folder:
        make_chain(folder)
        async with (running(*options_for(folder, 'chain')) as relay,
                    Backend(tls=showing(folder, 'chain')) as backend):
            await honest(relay, backend, backend.url, trusting(folder))


async def comes_back():
    """A client that was there before comes back without a certificate being shown."""
    with certificates() as folder:
        context = trusting(folder)
        async with running(*options_for(folder)) as relay:
            session = None
            for _ in range(2):
                wire = await Wire.to(relay, context, session=session)
                await wire.shake_hands()
                wire.write(b'GET /healthz HTTP/1.1\r\nHost: relay\r\n\r\n')
                assert (await wire.rest()).startswith(b'HTTP/1.1 200 ')
                again, session = wire.tls.session_reused, wire.tls.session
                wire.writer.close()
            assert again


# ---- ends ----

async def half_close():
    """A close_notify behind a Close closes one direction: the backend's last words arrive."""
    with certificates() as folder:
        async with running(*options_for(folder)) as relay, Backend() as backend:
            wire = await Wire.to(relay, trusting(folder))
            await wire.shake_hands()
            wire.write(request(f'/api/websocket?backend={backend.url}'))
            assert (await wire.until(b'\r\n\r\n')).startswith(b'HTTP/1.1 101 ')
            far = await backend.accepted.get()
            wire.write(frame(TEXT, b'bye') + frame(CLOSE, close_body(1000)))
            wire.close_notify()
            assert await far.read_message() == (TEXT, b'bye')
            assert await far.read_close() == (1000, '')
            words = frame(TEXT, b'x' * 10000, mask=None) + frame(CLOSE, close_body(1000), mask=None)
            far.write(words)
            far.end()
            assert await wire.rest() == words
            assert await wire.reader.read() == b''
            wire.writer.close()
            await relay.until_logged('closed connection=1 ')


async def refusals_arrive():
    """A refusal is whole although much was sent that nobody reads, and its end comes at once."""
    with certificates() as folder:
        async with running(*options_for(folder)) as relay:
            wire = await Wire.to(relay, trusting(folder))
            await wire.shake_hands()
            start = time.monotonic()
            wire.write(request('/nowhere'))
            for _ in range(20):
                wire.write(b'x' * 16384)
            answer = await wire.rest()
            assert answer.startswith(b'HTTP/1.1 404 ') and answer.endswith(b'Not found'), answer
            assert await wire.reader.read() == b''
            assert time.monotonic() - start < 0.9, time.monotonic() - start
            wire.writer.close()


async def truncated():
    """TCP that ends without close_notify is a connection lost, on either side."""
    with certificates() as folder:
        context, server = trusting(folder), showing(folder)
        async with running(*options_for(folder)) as relay, Backend(tls=server) as backend:
            client = await connect(relay, backend.url, tls=context)
            far = await backend.accepted.get()
            far.write(frame(TEXT, b'last', mask=None))
            await far.writer.drain()
            far.reset()     # of the transport below, without a word of TLS
            assert await client.read_message() == (TEXT, b'last')
            assert await client.read_close() == (1011, 'Backend error')
            client.reset()

            client = await connect(relay, backend.url, tls=context)
            far = await backend.accepted.get()
            client.write(frame(TEXT, b'last'))
            await client.writer.drain()
            client.reset()
            assert await far.read_message() == (TEXT, b'last')
            assert (await far.read_close())[0] == 1001
            far.reset()


async def refused_backends():
    """A backend whose certificate is not right is not spoken to, and why is said."""
    cases = (('wrong-host', 'it is issued for another host'), ('expired', 'it has expired'),
             ('self-signed', 'no authority that this system trusts has signed it'))
    with certificates() as folder:
        async with running(*options_for(folder)[:3], '--cacert', f'{folder}/ca.pem') as relay:
            for name, why in cases:
                for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                    server = showing(folder, name)
                    server.maximum_version = version
                    async with Backend(tls=server) as backend:
                        client = await connect(relay, backend.url)
                        text = json.loads((await client.read_message())[1])['error']
                        host = backend.url.split('/')[2]
                        assert text == f'The certificate of {host} is not trusted: {why}', text
                        assert await client.read_close() == (1011, 'Backend connection failed')
                        assert backend.accepted.empty()
                        client.reset()
        # The same without --cacert: nobody of the system's has signed it.
        async with running('--no-status') as relay, Backend(tls=showing(folder)) as backend:
            client = await connect(relay, backend.url)
            assert 'no authority' in json.loads((await client.read_message())[1])['error']
            client.reset()


async def refuse(reader, writer):
    """Answer as a server of HTTP does what is none."""
    await reader.read(1)
    writer.write(b'HTTP/1.1 400 Bad Request\r\n\r\n')
    writer.close()


async def no_tls():
    """Whoever does not speak TLS gets an end at once."""
    with certificates() as folder:
        async with running(*options_for(folder)) as relay:
            for said in (request('/api/websocket'), b'\r\n\r\n\r\n', b'x' * 100000):
                start = time.monotonic()
                end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
                end.write(said)
                assert b'HTTP' not in await end.read_end()
                assert time.monotonic() - start < 1
                end.end()
            # And a backend that does not speak TLS.
            plain = await asyncio.start_server(refuse, '127.0.0.1', 0)
            client = await connect(relay, f'wss://127.0.0.1:{plain.sockets[0].getsockname()[1]}',
                                   tls=trusting(folder))
            text = json.loads((await client.read_message())[1])['error']
            assert text == 'The other end does not speak TLS', text
            client.reset()
            plain.close()
        assert relay.log.count(b'"The other end does not speak TLS"') == 4, relay.log


async def cut(relay, context, size):
    """Send so many bytes of a handshake, and end; return whether it was over."""
    wire = await Wire.to(relay, context)
    over = False
    while size > 0 and not over:
        with contextlib.suppress(ssl.SSLWantReadError):
            wire.tls.do_handshake()
            over = True
        data = wire.outgoing.read()
        wire.writer.write(data[:size])
        size -= len(data)
        if size > 0 and not over:
            wire.incoming.write(await wire.reader.read(65536))
    await wire.writer.drain()
    (wire.writer.close if size % 2 else wire.writer.transport.abort)()
    return over and size >= 0


async def cut_clients():
    """A client that ends after any byte of its handshake leaves nothing behind."""
    with certificates() as folder:
        context = trusting(folder)
        async with running(*options_for(folder)) as relay, Backend() as backend:
            before = relay.descriptors()
            size = 0
            while not any(await asyncio.gather(*(cut(relay, context, size + i)
                                                 for i in range(CUTS_AT_ONCE)))):
                size += CUTS_AT_ONCE
            assert size > 400, size
            await relay.until_descriptors(before)
            assert await honest(relay, backend, backend.url, context) < 1


async def cut_backends():
    """A backend that ends after any byte of its handshake is told as such, and leaves nothing."""
    sizes, whole = asyncio.Queue(), []
    with certificates() as folder:
        context = showing(folder)

        async def serve(reader, writer):
            wire = Wire(reader, writer, context, server=True)
            left = await sizes.get()
            while left > 0 and (chunk := await reader.read(65536)):
                wire.incoming.write(chunk)
                with contextlib.suppress(ssl.SSLWantReadError):
                    wire.tls.do_handshake()
                    whole.append(left)
                data = wire.outgoing.read()
                writer.write(data[:left])
                left -= len(data)
            writer.close()
        server = await asyncio.start_server(serve, '127.0.0.1', 0)
        url = f'wss://127.0.0.1:{server.sockets[0].getsockname()[1]}'

        async def dial(relay, size):
            sizes.put_nowait(size)
            client = await connect(relay, url)
            assert 'error' in json.loads((await client.read_message())[1]), size
            assert await client.read_close() == (1011, 'Backend connection failed')
            client.reset()
        async with running('--no-status', '--cacert', f'{folder}/ca.pem') as relay:
            before, size = relay.descriptors(), 0
            while not whole:
                await asyncio.gather(*(dial(relay, size + i) for i in range(CUTS_AT_ONCE)))
                size += CUTS_AT_ONCE
            assert size > 400, size
            await relay.until_descriptors(before)
        server.close()


if __name__ == '__main__':
    run([stopped_clients, mute_backends, whole_messages, early_words, chains, comes_back,
         half_close, refusals_arrive, truncated, refused_backends, no_tls, cut_clients,
         cut_backends])
