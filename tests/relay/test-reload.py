#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-reload.py RELAY: a key file, and what SIGHUP makes of a changed one."""

import asyncio
import contextlib
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    TEXT, Backend, End, Relay, ask, call, connect, frame, pair, request, run, running)


class File:
    """A key file, and what it names, in a folder of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.path = str(self.folder / 'relay.conf')

    def write(self, *lines, tokens=None):
        """Write the file, and its tokens."""
        (self.folder / 'relay.conf').write_text('\n'.join(['[relay]', *lines, '']), 'utf-8')
        if tokens is not None:
            (self.folder / 'tokens').write_text(tokens, 'utf-8')


@contextlib.contextmanager
def file(*lines, tokens=None):
    """Yield a file that has been written."""
    with tempfile.TemporaryDirectory() as folder:
        made = File(folder)
        made.write(*lines, tokens=tokens)
        yield made


async def reload(relay, word):
    """Send SIGHUP and wait for a line of the log that has word, behind all that there is."""
    seen = len(relay.log)
    relay.process.send_signal(signal.SIGHUP)
    while word not in relay.log[seen:]:
        assert relay.process.returncode is None, relay.log
        await asyncio.sleep(0.01)
    return relay.log[seen:]


async def from_file():
    """--config: options come from the file, and those of the command line come first."""
    with file('no-status=true', 'max-message=100', 'allow-origin=https://a.example') as conf:
        async with running('--config', conf.path, '--max-message', '200') as relay:
            origin = 'Origin: https://a.example'
            async with pair(relay, origin) as (client, backend):
                client.write(frame(TEXT, b'x' * 200))
                assert await backend.read_message() == (TEXT, b'x' * 200)
                client.write(frame(TEXT, b'x' * 201))
                assert (await client.read_close())[0] == 1009


async def bad_file():
    """A bad file: one line on stderr with the file, the key and the value, and exit 1."""
    for line, words in (('rate=fast', ('rate', 'fast')), ('speed=1', ('speed',)),
                        ('no-status=1x', ('no-status', '1x')),
                        ('allow-backend=a/b', ('allow-backend', 'a/b'))):
        with file(line) as conf:
            result, out, err = await call('--config', conf.path)
            assert result == 1 and out == '' and err.count('\n') == 1, (line, result, out, err)
            assert all(word in err for word in (conf.path, *words)), err


async def reloaded():
    """SIGHUP: the changed file holds for new connections, the old ones keep theirs."""
    with file('no-status=true', 'max-message=100') as conf:
        async with running('--config', conf.path) as relay, pair(relay) as (old, old_backend):
            conf.write('no-status=true', 'max-message=50')
            await reload(relay, b' reloaded')
            async with pair(relay) as (client, backend):
                client.write(frame(TEXT, b'x' * 50))
                assert await backend.read_message() == (TEXT, b'x' * 50)
                client.write(frame(TEXT, b'x' * 51))
                assert (await client.read_close())[0] == 1009
            old.write(frame(TEXT, b'x' * 100))
            assert await old_backend.read_message() == (TEXT, b'x' * 100)


async def tokens():
    """SIGHUP reads the tokens again; one that is gone opens nothing more."""
    def shown(token):
        return f'Authorization: Bearer {token}'

    async def status(relay, token):
        answer = await ask(relay, request('/api/websocket', shown(token)) + frame(8, b''))
        return answer.split(' ')[1]

    with file('token-file=tokens', tokens='s-one\n# a comment\ns-two\n') as conf:
        async with running('--config', conf.path) as relay:
            assert [await status(relay, name) for name in ('s-one', 's-two', 's-three')] == [
                '101', '101', '401']
            conf.write('token-file=tokens', tokens='s-two\ns-three\n')
            await reload(relay, b' reloaded')
            assert [await status(relay, name) for name in ('s-one', 's-two', 's-three')] == [
                '401', '101', '101']
            for secret in (b's-one', b's-two', b's-three'):
                assert secret not in relay.log, relay.log


async def certificates():
    """SIGHUP takes new certificates; who is connected stays so; a wrong pair changes nothing."""
    def use(folder, name, key=None):
        for ending, source in (('pem', name), ('key', key or name)):
            shutil.copy(f'{folder}/{source}.{ending}', f'{folder}/current.{ending}')

    async def open_tls(relay, folder):
        """Return the end of a connection, and the name that the relay's certificate has."""
        context = ssl.create_default_context(cafile=f'{folder}/all.pem')
        context.check_hostname = False
        end = End(*await asyncio.open_connection('127.0.0.1', relay.port, ssl=context))
        return end, dict(field[0] for field in end.writer.get_extra_info(
            'peercert')['subject'])['commonName']

    make = pathlib.Path(__file__).resolve().parent.parent / 'interop' / 'make-certificates'
    with file('tls-cert=current.pem', 'tls-key=current.key', 'no-status=true') as conf:
        folder = conf.folder
        subprocess.run([make, folder], check=True, capture_output=True)
        (folder / 'all.pem').write_bytes((folder / 'ca.pem').read_bytes() +
                                         (folder / 'self-signed.pem').read_bytes())
        use(folder, 'valid')
        process = await asyncio.create_subprocess_exec(
            sys.argv[1], '--listen', '127.0.0.1:0', '--config', conf.path,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        line = (await process.stdout.readline()).decode()
        assert line.startswith('listening on wss://127.0.0.1:'), line
        relay = Relay(process, line.split()[-1])
        async with Backend() as backend:
            old, name = await open_tls(relay, folder)
            assert name == 'valid', name
            old.write(request(f'/api/websocket?backend={backend.url}'))
            assert (await old.read_head()).startswith('HTTP/1.1 101 '), old.head
            far = await backend.accepted.get()

            use(folder, 'self-signed', key='valid')
            said = await reload(relay, b'current.key')
            assert b' reloaded' not in said, said
            end, name = await open_tls(relay, folder)
            assert name == 'valid', name
            end.reset()

            use(folder, 'self-signed')
            await reload(relay, b' reloaded')
            end, name = await open_tls(relay, folder)
            assert name == 'self-signed', name
            end.reset()
            old.write(frame(TEXT, b'still here'))
            assert await far.read_message() == (TEXT, b'still here')
            old.reset()
            far.reset()
        process.terminate()
        assert await process.wait() == 0


async def authorities():
    """The authorities of wss backends are read once, and again after SIGHUP."""
    make = pathlib.Path(__file__).resolve().parent.parent / 'interop' / 'make-certificates'
    with file('cacert=trusted.pem') as conf:
        subprocess.run([make, conf.folder], check=True, capture_output=True)
        shutil.copy(conf.folder / 'self-signed.pem', conf.folder / 'trusted.pem')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(conf.folder / 'valid.pem', conf.folder / 'valid.key')

        async def reach(word):
            client = await connect(relay, backend.url)
            text = (await client.read_message())[1]
            assert word in text, text
            client.reset()

        async with running('--config', conf.path) as relay, Backend(tls=context) as backend:
            await reach(b'is not trusted')
            shutil.copy(conf.folder / 'ca.pem', conf.folder / 'trusted.pem')
            await reach(b'is not trusted')
            await reload(relay, b' reloaded')
            await reach(b'connected')
            (await backend.accepted.get()).reset()


async def not_reloaded():
    """A file that is wrong is said in the log, and all stays as it was."""
    with file('no-status=true', 'max-message=100') as conf:
        async with running('--config', conf.path) as relay:
            conf.write('max-message=lots')
            said = await reload(relay, b'max-message')
            assert b'lots' in said and b'reloaded' not in said, said
            async with pair(relay) as (client, backend):
                client.write(frame(TEXT, b'x' * 100))
                assert await backend.read_message() == (TEXT, b'x' * 100)
                client.write(frame(TEXT, b'x' * 101))
                assert (await client.read_close())[0] == 1009


async def fixed():
    """What cannot change while the relay runs is said in the log."""
    with file('workers=1') as conf:
        async with running('--config', conf.path) as relay:
            conf.write('workers=2', 'log-json=true')
            said = await reload(relay, b' reloaded')
            assert b'--workers' in said and b'--log-json' in said, said
            assert b'--capture' not in said, said
            (await connect(relay, '')).reset()


async def often():
    """A hundred reloads leave no descriptor behind."""
    with file('rate=1') as conf:
        async with running('--config', conf.path) as relay:
            await reload(relay, b' reloaded')
            before = relay.descriptors()
            for number in range(100):
                conf.write(f'rate={number}')
                await reload(relay, b' reloaded')
            assert relay.descriptors() == before, (before, relay.descriptors())


if __name__ == '__main__':
    os.environ['LC_ALL'] = 'C.UTF-8'
    run([from_file, bad_file, reloaded, tokens, certificates, authorities, not_reloaded, fixed,
         often])
