#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-capture.py RELAY CLI: what --capture leaves, read by the headless client."""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    CLOSE, PING, TEXT, Backend, ask, call, close_body, connect, frame, request, run, running,
    token_options)

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = 30


async def export(path):
    """Return the lines of a capture as objects."""
    process = await asyncio.create_subprocess_exec(
        sys.argv[2], 'export', path, '--format', 'jsonl', stdout=asyncio.subprocess.PIPE)
    out, _err = await process.communicate()
    assert process.returncode == 0, out
    return [json.loads(line) for line in out.decode().splitlines()]


async def show(path, *options):
    """Return the lines of the frames and states of a capture."""
    process = await asyncio.create_subprocess_exec(
        sys.argv[2], 'show', path, '--frames', *options, stdout=asyncio.subprocess.PIPE)
    out, _err = await process.communicate()
    assert process.returncode == 0, out
    return out.decode().splitlines()


async def talk(client, far, word):
    """Carry a word there and another back, and close."""
    client.write(frame(TEXT, b'up ' + word))
    assert await far.read_message() == (TEXT, b'up ' + word)
    far.write(frame(TEXT, b'down ' + word, mask=None))
    while (await client.read_message())[1] != b'down ' + word:
        pass
    client.write(frame(CLOSE, close_body(4001, 'over')))
    await far.read_close()
    far.write(frame(CLOSE, close_body(4001, 'over'), mask=None))
    far.end()
    await client.read_close()
    await client.read_end()
    client.end()


def frames(events, connection):
    """Return the direction and text of each text frame of a connection, in order."""
    return [(event['direction'], event['text']) for event in events
            if event['connection'] == connection and event['event'] == 'frame'
            and event['type'] == 'text']


def legs(events):
    """Return the numbers of both legs by the backend's query, as (client's, backend's)."""
    found = {}
    for event in events:
        if event['event'] == 'connecting':
            pair = found.setdefault(re.search('number=[0-9]+', event['text'])[0], [0, 0])
            pair[0 if event.get('server') else 1] = event['connection']
    return found


async def both_legs():
    """Both legs of every connection are recorded, whole, over all workers."""
    with tempfile.TemporaryDirectory() as folder:
        path = f'{folder}/all.duplex'
        async with running('--workers', '2', '--capture', path) as relay, Backend() as backend:
            async def one(number):
                client = await connect(relay, f'{backend.url}/?number={number}')
                return client, await backend.accepted.get()
            ends = [await one(number) for number in range(CONNECTIONS)]
            await asyncio.gather(*(talk(client, far, b'%d' % number)
                                   for number, (client, far) in enumerate(ends)))
        events = await export(path)
    found = legs(events)
    assert len(found) == CONNECTIONS, found
    for number in range(CONNECTIONS):
        near, far = found[f'number={number}']
        status, *rest = frames(events, near)
        assert status[0] == 'sent' and '"connected"' in status[1], status
        assert rest == [('received', f'up {number}'), ('sent', f'down {number}')], rest
        rest = frames(events, far)
        assert rest == [('sent', f'up {number}'), ('received', f'down {number}')], rest
        for leg in (near, far):
            kinds = [event['event'] for event in events if event['connection'] == leg]
            for kind in ('request', 'response', 'connected', 'closed'):
                assert kinds.count(kind) == 1, (leg, kinds)


async def through_tls():
    """What clients say over TLS is recorded as they said it, and which TLS that was."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HERE.parent / 'interop' / 'make-certificates', folder], check=True,
                       capture_output=True)
        path = f'{folder}/tls.duplex'
        context = ssl.create_default_context(cafile=f'{folder}/ca.pem')
        async with running('--capture', path, '--tls-cert', f'{folder}/valid.pem', '--tls-key',
                           f'{folder}/valid.key') as relay, Backend() as backend:
            client = await connect(relay, f'{backend.url}/?number=0', tls=context)
            await talk(client, await backend.accepted.get(), b'secret')
        events = await export(path)
    near, _far = legs(events)['number=0']
    assert frames(events, near)[1:] == [('received', 'up secret'), ('sent', 'down secret')]
    kinds = [event['event'] for event in events if event['connection'] == near]
    assert kinds[:3] == ['connecting', 'tls', 'request'], kinds


async def no_secrets():
    """Neither the token nor what the backend is to know gets into the file, or into the log."""
    with tempfile.TemporaryDirectory() as folder:
        path, tokens = f'{folder}/c.duplex', pathlib.Path(folder, 'tokens')
        tokens.write_text('s3cretToken', 'utf-8')
        async with running('--capture', path, '--token-file', str(tokens)) as relay, \
                Backend() as backend:
            for name, separator in (('', '//'), ('', '%2F%2f'), ('x&%62ackend=', '//')):
                url = backend.url.replace('//', f'{separator}user:passW0rd@')
                if name:    # the parameter itself in an unusual dress
                    url = name + url
                client = await connect(relay, url, 'Authorization: Bearer s3cretToken',
                                       target='/api/websocket?xbackend=' if name else None)
                await talk(client, await backend.accepted.get(), b'number')
            for query in ('/?n=1%26token=us3rToken', '%2F%3Fapi_key%3Dus3rToken',
                          '/?token=a+us3rToken', '/?n=1%20b%26token=a%20us3rToken'):
                client = await connect(relay, backend.url + query, 'X-Api-Key: us3rToken',
                                       'Authorization: Bearer s3cretToken')
                await talk(client, await backend.accepted.get(), b'number')
        data = pathlib.Path(path).read_bytes()
        for secret in (b's3cretToken', b'passW0rd', b'us3rToken'):
            assert secret not in data and secret not in relay.log, secret
        urls = [event['text'] for event in await export(path) if event['event'] == 'connecting']
        assert len(urls) == 14 and f'{backend.url}/?n=1&token=not-recorded' in urls, urls


@contextlib.asynccontextmanager
async def recorded(*options):
    """Yield a relay, and what holds afterwards the outlines of its connections by number."""
    outlines = {}
    with tempfile.TemporaryDirectory() as folder:
        path = f'{folder}/c.duplex'
        async with running('--capture', path, *options) as relay:
            yield relay, outlines
        for event in await export(path):
            words = [event['event']] + [str(event[name]) for name in (
                'direction', 'type', 'status', 'close_code', 'missing_bytes') if name in event]
            outlines.setdefault(event['connection'], []).append(' '.join(words))


UPGRADED = ['connecting', 'request', 'response 101', 'connected']


async def no_backend():
    """Connections that got no backend are recorded, with what the client was told."""
    silent = socket.create_server(('127.0.0.1', 0))
    mute = f'ws://127.0.0.1:{silent.getsockname()[1]}'
    async with recorded('--connect-timeout', '1') as (relay, outlines):
        # Refused, not allowed, no URL, and none at all; the last one is dialled in vain for 1 s.
        for backend, reason in (('ws://127.0.0.1:1', (1011, 'Backend connection failed')),
                                ('ws://192.0.2.1', (1008, 'Backend not allowed')),
                                ('what', (1011, 'Backend connection failed')),
                                ('', (1008, 'Backend URL required')),
                                (mute, (1011, 'Backend connection failed'))):
            client = await connect(relay, backend)
            assert 'error' in json.loads((await client.read_message())[1])
            assert await client.read_close() == reason, backend
            client.write(frame(CLOSE, close_body(reason[0])))
            await client.read_end()
            client.end()
        # Who leaves meanwhile.
        _reader, writer = await asyncio.open_connection(relay.host, relay.port)
        writer.write(request(f'/api/websocket?backend={mute}'))
        await writer.drain()
        writer.close()
        await relay.until_logged('reason=left')
    silent.close()
    told = [UPGRADED + ['frame sent text', f'frame sent close {code}',
                        f'frame received close {code}', 'closed']
            for code in (1011, 1008, 1011, 1008, 1011)]
    assert [outlines[number] for number in (1, 3, 4, 5, 6)] == told, outlines
    assert outlines[2] == ['connecting', 'failed'], outlines[2]
    assert outlines[7] == ['connecting', 'request', 'failed'], outlines[7]
    assert outlines[8] == ['connecting', 'request', 'failed'], outlines[8]
    # The client may have left before the backend was dialled.
    assert outlines.get(9, ['connecting', 'failed'])[-1] == 'failed' and len(outlines) <= 9


async def no_token():
    """Who shows no token, another or none in time is recorded; what it showed instead is not."""
    with token_options('--handshake-timeout', '1') as options:
        async with recorded(*options) as (relay, outlines):
            for word in (b'wrongToken', None, b'', b's3cret'):
                client = await connect(relay, 'ws://127.0.0.1:1')
                if word:
                    client.write(frame(PING, b'ping') + frame(TEXT, word))
                if word == b'':
                    client.end()
                    await relay.until_logged('detail="No token"')
                    continue
                while (await client.read_message())[0] != CLOSE:
                    pass
                client.write(frame(CLOSE, close_body(1008)))
                await client.read_end()
                client.end()
    refusal = ['frame sent close 1008', 'frame received close 1008', 'closed']
    assert outlines[1] == UPGRADED + ['gap received 26'] + refusal, outlines[1]
    assert outlines[2] == UPGRADED + refusal, outlines[2]
    assert outlines[3] == UPGRADED + ['failed', 'closed'], outlines[3]
    assert outlines[4][:6] == UPGRADED + ['gap received 22', 'frame sent text'], outlines[4]
    assert outlines[5] == ['connecting', 'failed'] and len(outlines) == 5, outlines


async def answered():
    """The end says what the relay closed with and what the client answered, for each reader."""
    with tempfile.TemporaryDirectory() as folder:
        path = f'{folder}/answered.duplex'
        async with running('--capture', path, '--rate', '2', '--no-status') as relay, \
                Backend() as backend:
            client = await connect(relay, '')
            assert (await client.read_message())[0] == TEXT
            assert await client.read_close() == (1008, 'Backend URL required')
            client.write(frame(CLOSE, close_body(4001, 'never mind')))
            await client.read_end()
            client.end()
            client = await connect(relay, backend.url)
            far = await backend.accepted.get()
            client.write(frame(TEXT, b'a') * 10)
            assert await client.read_close() == (1008, 'Too many messages')
            client.write(frame(CLOSE, close_body(1000)))
            while (await far.read_message())[0] != CLOSE:
                pass
            far.write(frame(CLOSE, close_body(1001), mask=None))
            far.end()
            await client.read_end()
            client.end()
            await relay.until_logged(' closed connection=2 ')
        ends = [event for event in await export(path) if event['event'] == 'closed']
        shown = await show(path, '--filter', 'code == 1008 and "too many"')
    found = {(end['connection'], end.get('server', False)):
             (end['code'], end['text'], end['sent_code'], end['sent_reason'],
              end.get('by_peer', False)) for end in ends}
    assert found == {
        (1, True): (4001, 'never mind', 1008, 'Backend URL required', False),
        (2, True): (1000, '', 1008, 'Too many messages', False),
        (3, False): (1001, '', 1001, '', False)}, found
    # The Close itself, and the end that answers it.
    assert [line for line in shown if ' closed ' in line] == [
        line for line in shown if re.search(
            r'closed as=server code=1000 by=us duration_us=\d+ "" sent=1008 "Too many messages"$',
            line)] and len(shown) == 2, shown


async def refused():
    """Who is refused by a status is recorded with it, and who only looks at the relay is not."""
    requests = (
        (request('/api/websocket?backend=ws://127.0.0.1:1'), 401),
        (request('/api/websocket', 'Origin: http://elsewhere.example'), 403),
        (request('/elsewhere'), 404),
        (b'GET /api/websocket HTTP/1.1\r\nHost: a\r\n\r\n', 426),
        (b'GET /api/websocket HTTP/1.1\r\nno field\r\n\r\n', 400),
        (b'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n', 200),
        (b'GET /metrics HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n', 403))
    with tempfile.NamedTemporaryFile('w') as tokens:
        tokens.write('s3cret')
        tokens.flush()
        async with recorded('--token-file', tokens.name) as (relay, outlines):
            for data, status in requests:
                answer = await ask(relay, data)
                assert answer.startswith(f'HTTP/1.1 {status} '), answer
    assert list(outlines.values()) == [
        ['connecting', 'request', f'response {status}'] + ['body'] * (status != 400) + ['failed']
        for _data, status in requests[:5]], outlines


async def in_the_way():
    """A file that is there already is left as it is, and the relay does not start."""
    with tempfile.NamedTemporaryFile('w') as file:
        file.write('precious')
        file.flush()
        status, out, err = await call('--listen', '127.0.0.1:0', '--capture', file.name)
        assert status == 1 and out == '' and err.count('\n') == 1, (status, out, err)
        assert pathlib.Path(file.name).read_text('utf-8') == 'precious'


if __name__ == '__main__':
    os.environ['LC_ALL'] = 'C.UTF-8'
    run([both_legs, through_tls, no_secrets, no_backend, no_token, answered, refused, in_the_way])
