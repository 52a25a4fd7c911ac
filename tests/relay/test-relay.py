#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-relay.py RELAY: what duplex-relay does, byte for byte."""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import zlib

sys.dont_write_bytecode = True
from relaylib import (      # noqa: E402  pylint: disable=wrong-import-position
    BINARY, CLOSE, PING, PONG, TEXT, Backend, End, ask, call, close_body, connect, frame, pair,
    request, run, running)


async def other_path():
    """Any other path: 404 "Not found"."""
    async with running() as relay:
        for target in ('/', '/api/websocket/', '/api/websockets', '/ws', '/api'):
            answer = await ask(relay, request(target))
            assert answer.startswith('HTTP/1.1 404 '), answer
            assert answer.endswith('\r\n\r\nNot found'), answer


async def no_upgrade():
    """No upgrade header: 426 "Expected Upgrade: websocket"."""
    async with running() as relay:
        for data in (b'GET /api/websocket HTTP/1.1\r\nHost: x\r\n\r\n',
                     b'POST /api/websocket?backend=x HTTP/1.1\r\nHost: x\r\n\r\n',
                     b'GET /api/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n'):
            answer = await ask(relay, data)
            assert answer.startswith('HTTP/1.1 426 '), answer
            assert answer.endswith('\r\n\r\nExpected Upgrade: websocket'), answer
            assert '\r\nUpgrade: websocket\r\n' in answer, answer


async def bad_requests():
    """What is no proper upgrade is refused with the status of its fault."""
    upgrade = request('/api/websocket').decode()
    async with running() as relay:
        for status, data in (
                (400, 'hello\r\n\r\n'),
                (400, upgrade.replace('Connection: Upgrade\r\n', '')),
                (400, upgrade.replace('Host: relay\r\n', '')),
                (405, upgrade.replace('GET', 'POST')),
                (426, upgrade.replace('Version: 13', 'Version: 8')),
                (431, 'GET / HTTP/1.1\r\nX: ' + 'x' * 70000)):
            answer = await ask(relay, data.encode())
            assert answer.startswith(f'HTTP/1.1 {status} '), (status, answer)


async def no_backend():
    """No backend parameter: {"error":"Backend URL required"}, 1008 "Backend URL required"."""
    async with running() as relay:
        for query in ('', '?backend=', '?backend', '?other=1&Backend=ws://x'):
            end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
            end.write(request('/api/websocket' + query))
            assert (await end.read_head()).startswith('HTTP/1.1 101 ')
            assert await end.read_message() == (TEXT, b'{"error":"Backend URL required"}')
            assert await end.read_close() == (1008, 'Backend URL required')
            end.write(frame(CLOSE, close_body(1008)))
            assert await end.read_end() == b''
            end.end()


async def backend_fails():
    """A backend that cannot be reached: {"error":"..."}, 1011 "Backend connection failed"."""
    async def refuse(_reader, writer):
        writer.write(b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
        writer.close()

    server = await asyncio.start_server(refuse, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    async with running() as relay:
        for backend in ('ws://127.0.0.1:1', 'ws://localhost:1', 'ws://', 'http://127.0.0.1/',
                        'ftp://127.0.0.1', 'nonsense', 'ws://127.0.0.1:99999', '%ff%fe',
                        'ws://127.0.0.1/%23x', f'ws://127.0.0.1:{port}', 'wss://127.0.0.1:1'):
            end = await connect(relay, backend)
            opcode, text = await end.read_message()
            assert opcode == TEXT and list(json.loads(text)) == ['error'], text
            assert json.loads(text)['error'], text
            assert await end.read_close() == (1011, 'Backend connection failed'), backend
            end.reset()
    server.close()


async def status():
    """Connected: {"status":"connected","backend":"URL"} comes first, and not with --no-status."""
    async with Backend(frame(TEXT, b'greetings', mask=None)) as backend:
        url = backend.url + '/path?x=%26y'
        for options, first in (((), [b'{"status":"connected","backend":"%s"}' % url.encode()]),
                               (('--no-status',), [])):
            async with running(*options) as relay:
                end = await connect(relay, url.replace('%', '%25'))
                for text in [*first, b'greetings']:
                    assert await end.read_message() == (TEXT, text), text
                assert '/path?x=%26y ' in (await backend.accepted.get()).head
                end.reset()


async def both_ways():
    """Messages go both ways with type kept, masked to the backend and not to the client."""
    async with running('--no-status') as relay, pair(relay) as (client, backend):
        for opcode in (TEXT, BINARY):
            for payload in (b'', b'x', b'y' * 125, b'z' * 126, b'a' * 65535, b'b' * 65536):
                client.write(frame(opcode, payload))
                assert await backend.read_message() == (opcode, payload)
                backend.write(frame(opcode, payload, mask=None))
                assert await client.read_message() == (opcode, payload)
        client.write(frame(TEXT, b'masked?'))
        assert await backend.read_frame() == (True, TEXT, b'masked?', True)
        backend.write(frame(TEXT, b'masked?', mask=None))
        assert await client.read_frame() == (True, TEXT, b'masked?', False)


async def fragments_and_pings():
    """Fragments, and pings and pongs between them, pass in order, end to end."""
    sent = [(False, TEXT, b'one'), (True, PING, b'?'), (False, 0, b''), (True, PONG, b'!'),
            (True, 0, b'two')]
    async with running('--no-status') as relay, pair(relay) as (client, backend):
        for from_end, to_end, mask in ((client, backend, b'abcd'), (backend, client, None)):
            from_end.write(b''.join(frame(op, data, fin=fin, mask=mask) for fin, op, data in sent))
            for expected in sent:
                assert (await to_end.read_frame())[:3] == expected


async def tls():
    """wss backends: their certificate must verify, and all goes through TLS as it does without."""
    here = pathlib.Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([here.parent / 'interop' / 'make-certificates', folder], check=True,
                       capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f'{folder}/valid.pem', f'{folder}/valid.key')
        big = bytes(range(256)) * 40000
        async with Backend(tls=context) as backend:
            async with running('--no-status', '--cacert', f'{folder}/ca.pem') as relay:
                client = await connect(relay, backend.url)
                far = await backend.accepted.get()
                far.write(frame(BINARY, big, mask=None))
                assert await client.read_message() == (BINARY, big)
                client.write(frame(BINARY, big[:300000]))
                assert await far.read_message() == (BINARY, big[:300000])
                far.write(frame(CLOSE, close_body(4001, 'tls'), mask=None))
                assert await client.read_close() == (4001, 'tls')
                client.write(frame(CLOSE, close_body(4001)))
                assert await far.read_close() == (4001, '')
                far.end()
                assert await client.read_end() == b''
                client = await connect(relay, backend.url)
                (await backend.accepted.get()).reset()
                assert await client.read_close() == (1011, 'Backend error')
                client.reset()
            async with running('--no-status') as relay:
                client = await connect(relay, backend.url)
                assert 'certificate' in json.loads((await client.read_message())[1])['error']
                assert await client.read_close() == (1011, 'Backend connection failed')
                client.reset()


async def close_carried():
    """Close code and reason are carried over in both directions, then TCP ends."""
    for code, reason in ((1000, ''), (1001, 'away'), (3000, 'ä' * 61), (4999, 'x' * 123),
                         (None, '')):
        body = b'' if code is None else close_body(code, reason)
        expected = (1005, '') if code is None else (code, reason)
        async with running('--no-status') as relay:
            async with pair(relay) as (client, backend):
                backend.write(frame(TEXT, b'last', mask=None) + frame(CLOSE, body, mask=None))
                assert await client.read_message() == (TEXT, b'last')
                assert await client.read_close() == expected
                client.write(frame(TEXT, b'still') + frame(CLOSE, body))
                assert await backend.read_message() == (TEXT, b'still')
                assert await backend.read_close() == expected
                assert await client.read_end() == b''
                backend.end()
            async with pair(relay) as (client, backend):
                client.write(frame(CLOSE, body))
                assert await backend.read_close() == expected
                backend.write(frame(CLOSE, body, mask=None))
                backend.end()
                assert await client.read_close() == expected
                assert await client.read_end() == b''


async def backend_lost():
    """Backend lost without a Close: 1011 "Backend error", behind what it sent, even in a frame."""
    async with running('--no-status') as relay:
        for last, gone in ((b'', 0), (b'\x82', 0),
                           (frame(BINARY, b'abc', mask=None, length=100000), 0),
                           (frame(BINARY, b'x' * 40000, mask=None, length=100000), 20000)):
            async with pair(relay) as (client, backend):
                backend.write(frame(TEXT, b'whole', mask=None) + last)
                assert await client.read_message() == (TEXT, b'whole')
                backend.end()
                fin, opcode, payload, _masked = await client.read_frame()
                if gone > 0:    # a fragment, of which the rest may be missing
                    assert (fin, opcode) == (False, BINARY) and len(payload) >= gone, len(payload)
                    fin, opcode, payload, _masked = await client.read_frame()
                assert (fin, opcode, payload) == (True, CLOSE, close_body(1011, 'Backend error'))
                client.write(frame(CLOSE, close_body(1011)))
                assert await client.read_end() == b''


async def client_lost():
    """Client lost without a Close: 1001 to the backend."""
    async with running('--no-status') as relay:
        for leave in (End.end, End.reset):
            async with pair(relay) as (client, backend):
                client.write(frame(TEXT, b'bye'))
                assert await backend.read_message() == (TEXT, b'bye')
                leave(client)
                assert await backend.read_close() == (1001, '')


async def subprotocols():
    """Subprotocols are negotiated end to end; where the dial fails the first offered is chosen."""
    offer = 'Sec-WebSocket-Protocol: mqtt, stomp'
    async with running() as relay:
        async with Backend(fields='Sec-WebSocket-Protocol: stomp\r\n') as backend:
            end = await connect(relay, backend.url, offer)
            assert '\r\nSec-WebSocket-Protocol: stomp\r\n' in end.head, end.head
            assert f'\r\n{offer}\r\n' in (await backend.accepted.get()).head
            end.reset()
        async with Backend() as backend:
            end = await connect(relay, backend.url, offer)
            assert 'Sec-WebSocket-Protocol' not in end.head
            end.reset()
        for backend in ('ws://127.0.0.1:1', 'ws://192.0.2.1', ''):
            end = await connect(relay, backend, offer)
            assert '\r\nSec-WebSocket-Protocol: mqtt\r\n' in end.head, end.head
            assert b'error' in (await end.read_message())[1]
            end.reset()


async def extensions():
    """permessage-deflate is negotiated end to end, and no other extension."""
    def value(head):
        return next((line.split(': ')[1] for line in head.split('\r\n')
                     if line.lower().startswith('sec-websocket-extensions')), None)

    cases = (
        # what the client offers, what the backend sees of it, its answer, and what the client sees
        ('permessage-deflate', 'permessage-deflate', None, None),
        ('permessage-deflate', 'permessage-deflate', 'permessage-deflate', 'permessage-deflate'),
        ('x-other, permessage-deflate; client_max_window_bits',
         'permessage-deflate; client_max_window_bits',
         'permessage-deflate; client_max_window_bits=10; server_no_context_takeover',
         {'permessage-deflate', 'client_max_window_bits=10', 'server_no_context_takeover'}),
        ('x-other', None, None, None))
    async with running('--no-status') as relay:
        for offer, seen, answer, told in cases:
            fields = f'Sec-WebSocket-Extensions: {answer}\r\n' if answer else ''
            async with Backend(fields=fields) as backend:
                end = await connect(relay, backend.url, 'Sec-WebSocket-Extensions: ' + offer)
                assert value((await backend.accepted.get()).head) == seen, offer
                got = value(end.head)
                assert (set(got.split('; ')) if isinstance(told, set) else got) == told, got
                end.reset()
        # What was not offered is refused, and the client is told why there is nothing behind it.
        async with Backend(fields='Sec-WebSocket-Extensions: permessage-deflate\r\n') as backend:
            end = await connect(relay, backend.url)
            assert 'Extensions' not in end.head
            assert b'error' in (await end.read_message())[1]
            assert await end.read_close() == (1011, 'Backend connection failed')
            end.reset()


async def compressed():
    """Compressed messages pass as they are where that was agreed on, and 1002 where it was not."""
    squeezed = zlib.compressobj(wbits=-15)
    data = squeezed.compress(b'hello ' * 100) + squeezed.flush(zlib.Z_SYNC_FLUSH)[:-4]
    agreed = 'Sec-WebSocket-Extensions: permessage-deflate'
    async with running() as relay:
        async with Backend(fields=agreed + '\r\n') as backend:
            client = await connect(relay, backend.url, agreed)
            far = await backend.accepted.get()
            assert b'connected' in (await client.read_message())[1]
            client.write(frame(TEXT | 0x40, data))
            far.write(frame(TEXT | 0x40, data, mask=None))
            for end in (client, far):
                first = (await end.reader.readexactly(1))[0]
                assert first == 0x80 | 0x40 | TEXT, first
                end.reset()
        async with pair(relay) as (client, far):
            await client.read_message()
            client.write(frame(TEXT | 0x40, data))
            assert (await client.read_close())[0] == 1002


async def early_frames():
    """Frames in the segment of the request, or of the backend's response, are not lost."""
    early = b''.join(frame(TEXT, b'%d' % i) for i in range(1000))
    late = b''.join(frame(TEXT, b'%d' % i, mask=None) for i in range(300))
    async with running('--no-status') as relay:
        async with pair(relay, more=early, backend_more=late) as (client, backend):
            for i in range(1000):
                assert await backend.read_message() == (TEXT, b'%d' % i)
            for i in range(300):
                assert await client.read_message() == (TEXT, b'%d' % i)


async def slow_requests():
    """Whoever does not send a request in time is disconnected, however slowly it goes on."""
    async def silent(relay):
        end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
        assert await end.read_end() == b''

    async def drip(relay):
        end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
        ended = asyncio.create_task(end.read_end())
        for byte in request('/api/websocket'):
            end.write(bytes([byte]))
            if (await asyncio.wait([ended], timeout=0.2))[0]:
                break
        assert await ended == b''

    async with running() as relay:
        before = relay.descriptors()
        start = time.monotonic()
        await asyncio.gather(silent(relay), silent(relay), drip(relay))
        assert 9 < time.monotonic() - start < 15
        assert relay.descriptors() == before


async def origins():
    """An Origin that is neither absent nor loopback nor allowed is refused with 403."""
    allowed = ('http://localhost', 'https://localhost:3000', 'http://127.0.0.1:8080',
               'http://[::1]:1', 'http://app.localhost', 'https://good.example')
    refused = ('https://evil.example', 'null', 'http://localhost.evil.example', 'file://',
               'http://127.0.0.1.evil.example', 'http://evil.example/localhost',
               'https://good.example.evil.example', 'http://localhost@evil.example', '')
    async with running('--allow-origin', 'https://good.example') as relay:
        for origin in allowed:
            (await connect(relay, '', f'Origin: {origin}')).reset()
        for origin in refused:
            answer = await ask(relay, request('/api/websocket', f'Origin: {origin}'))
            assert answer.startswith('HTTP/1.1 403 '), (origin, answer)
    async with running('--allow-origin', '*') as relay:
        (await connect(relay, '', 'Origin: https://evil.example')).reset()


async def backends_refused():
    """Bound to loopback only loopback is reached: 1008 "Backend not allowed" otherwise."""
    async with running() as relay:
        for backend in ('ws://192.0.2.1', 'wss://203.0.113.9:8443/x', 'ws://[2001:db8::1]:80',
                        'ws://10.0.0.1', 'ws://169.254.169.254', 'ws://[::ffff:192.0.2.1]'):
            end = await connect(relay, backend)
            opcode, text = await end.read_message()
            assert opcode == TEXT and '--allow-backend' in json.loads(text)['error'], text
            assert await end.read_close() == (1008, 'Backend not allowed')
            end.reset()
        async with Backend() as backend:
            port = backend.url.split(':')[2]
            for host in ('localhost', '127.0.0.1', '[::ffff:127.0.0.1]'):
                end = await connect(relay, f'ws://{host}:{port}')
                assert b'connected' in (await end.read_message())[1]
                end.reset()
    async with running('--allow-backend', '192.0.2.1:81', '--connect-timeout', '1') as relay:
        for port, code in ((80, 1008), (81, 1011)):
            end = await connect(relay, f'ws://192.0.2.1:{port}')
            await end.read_message()
            assert (await end.read_close())[0] == code
            end.reset()


async def refuses_to_start():
    """Bound to anything else it needs an allow-list or a token."""
    for address in ('0.0.0.0:0', '[::]:0', '192.0.2.1:80'):
        result, out, err = await call('--listen', address)
        assert result == 1 and out == '' and err.count('\n') == 1, (result, out, err)
        assert '--allow-backend' in err and '--token-file' in err, err


async def options():
    """A bad option: one line on stderr and exit 1; --help and --version print and exit 0."""
    for bad in (['--nonsense'], ['more'], ['--rate', '-1'], ['--max-message', '0'],
                ['--listen', 'nowhere'], ['--listen', '127.0.0.1:65536'], ['--listen', '1.2.3.4'],
                ['--allow-backend', 'http://x'], ['--token-file', '/nonexistent'],
                ['--drain', 'soon'], ['--close-timeout', '0']):
        result, out, err = await call(*bad)
        assert result == 1 and out == '' and err.count('\n') == 1, (bad, result, out, err)
    result, out, err = await call('--help')
    assert result == 0 and err == '' and '--allow-backend' in out
    result, out, err = await call('--version')
    assert result == 0 and err == '' and out.startswith('duplex-relay ')


async def token():
    """With --token-file a request without the token gets 401."""
    with tempfile.NamedTemporaryFile('w') as file:
        file.write('s3cret\n')
        file.flush()
        async with running('--token-file', file.name) as relay:
            for fields in ((), ('Authorization: Bearer wrong',), ('Authorization: s3cret',),
                           ('Authorization: Bearer s3cret2',)):
                answer = await ask(relay, request('/api/websocket', *fields))
                assert answer.startswith('HTTP/1.1 401 '), answer
                assert '\r\nWWW-Authenticate: Bearer\r\n' in answer
            (await connect(relay, '', 'Authorization: Bearer s3cret')).reset()
        assert b's3cret' not in relay.log


async def broken_rules():
    """Who breaks a rule gets 1002, 1007, 1008 or 1009; the other end 1001, or 1011."""
    def case(code, *frames):
        return code, frames

    client_cases = (
        case(1002, frame(TEXT, b'not masked', mask=None)),
        case(1002, frame(3, b'reserved')),
        case(1002, frame(TEXT | 0x40, b'reserved bit')),
        case(1002, frame(0, b'continues nothing')),
        case(1002, frame(PING, b'x' * 126)),
        case(1002, frame(CLOSE, b'x')),
        case(1002, frame(CLOSE, close_body(1005))),
        case(1007, frame(TEXT, b'\xff')),
        case(1007, frame(TEXT, b'\xe2\x82', fin=False), frame(0, b'')),
        case(1009, frame(BINARY, b'x' * 1001)),
        case(1009, frame(BINARY, b'x' * 600, fin=False), frame(0, b'x' * 600)))
    async with running('--no-status', '--max-message', '1000') as relay:
        for code, frames in client_cases:
            async with pair(relay) as (client, backend):
                client.write(frame(TEXT, b'fine') + b''.join(frames))
                assert await backend.read_message() == (TEXT, b'fine')
                assert (await client.read_close())[0] == code, frames
                client.write(frame(CLOSE, close_body(code)))
                assert await client.read_end() == b''
                fin, opcode, *_rest = await backend.read_frame()
                while opcode != CLOSE:
                    assert not fin
                    fin, opcode, *_rest = await backend.read_frame()
        for code, data in ((1002, frame(TEXT, b'masked')), (1007, frame(TEXT, b'\xff', mask=None)),
                           (1009, frame(BINARY, b'x' * 1001, mask=None))):
            async with pair(relay) as (client, backend):
                backend.write(frame(TEXT, b'fine', mask=None) + data)
                assert await client.read_message() == (TEXT, b'fine')
                assert await client.read_close() == (1011, 'Backend error')
                assert (await backend.read_close())[0] == code


async def rate():
    """Over --rate a client gets 1008, and a backend may send as fast as it likes."""
    async with running('--no-status', '--rate', '50') as relay:
        async with pair(relay) as (client, backend):
            backend.write(frame(TEXT, b'x', mask=None) * 500)
            for _ in range(500):
                assert await client.read_message() == (TEXT, b'x')
            client.write(frame(TEXT, b'x') * 500)
            assert await client.read_close() == (1008, 'Too many messages')
            n = 0
            while (await backend.read_message())[0] == TEXT:
                n += 1
            assert 50 <= n <= 60, n


async def too_many():
    """Over --max-connections: 503, until one has left."""
    async with running('--no-status', '--max-connections', '2') as relay:
        async with pair(relay), pair(relay) as (client, backend):
            answer = await ask(relay, request('/api/websocket'))
            assert answer.startswith('HTTP/1.1 503 '), answer
            client.write(frame(CLOSE, b''))
            await backend.read_close()
            backend.write(frame(CLOSE, b'', mask=None))
            backend.end()
            await client.read_close()
            assert await client.read_end() == b''
            client.end()
            while not (await ask(relay, request('/api/websocket', 'Connection: x') +
                                 frame(CLOSE, b''))).startswith('HTTP/1.1 101 '):
                pass


async def timeouts():
    """A backend that does not answer, a silent connection, and a Close without an answer end."""
    async with Backend() as backend:
        kept = []       # a writer that nothing holds closes its connection

        async def ignore(_reader, writer):
            kept.append(writer)
        server = await asyncio.start_server(ignore, '127.0.0.1', 0)
        mute = f'ws://127.0.0.1:{server.sockets[0].getsockname()[1]}'
        async with running('--no-status', '--connect-timeout', '1', '--idle-timeout', '1',
                           '--close-timeout', '1') as relay:
            end = await connect(relay, mute)
            assert '1 s' in json.loads((await end.read_message())[1])['error']
            assert await end.read_close() == (1011, 'Backend connection failed')
            assert await end.read_end() == b''

            client = await connect(relay, backend.url)
            far = await backend.accepted.get()
            assert await client.read_close() == (1001, 'Idle timeout')
            assert await far.read_close() == (1001, 'Idle timeout')
            assert await client.read_end() == b'' and await far.read_end() == b''

            client = await connect(relay, backend.url)
            far = await backend.accepted.get()
            client.write(frame(CLOSE, close_body(4000, 'me')))
            assert await far.read_close() == (4000, 'me')
            assert await client.read_close() == (4000, '')
            assert await client.read_end() == b'' and await far.read_end() == b''
        server.close()


async def drain():
    """SIGTERM, SIGINT: 1001 both ways, then the end; --drain seconds for who does not answer."""
    for number in (signal.SIGTERM, signal.SIGINT):
        async with running('--no-status', '--drain', '20') as relay:
            async with pair(relay) as (client, backend):
                relay.process.send_signal(number)
                assert await client.read_close() == (1001, '')
                assert await backend.read_close() == (1001, '')
                # Whoever comes now is for another relay.
                with contextlib.suppress(ConnectionRefusedError):
                    await ask(relay, b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
                    raise AssertionError('a client was accepted')
                client.write(frame(CLOSE, close_body(1001)))
                backend.write(frame(CLOSE, close_body(1001), mask=None))
                backend.end()
                start = time.monotonic()
                assert await client.read_end() == b''
                client.end()
                assert await relay.process.wait() == 0
                assert time.monotonic() - start < 2
    async with running('--no-status', '--drain', '1', '--close-timeout', '60') as relay:
        async with pair(relay):
            start = time.monotonic()
            relay.process.terminate()
            assert await relay.process.wait() == 0
            assert 0.9 < time.monotonic() - start < 3


async def descriptors():
    """After 200 connections at once there are as many descriptors as before."""
    async with running() as relay, Backend() as backend:
        # What GLib opens once and keeps.
        client = await connect(relay, backend.url)
        (await backend.accepted.get()).reset()
        assert b'status' in (await client.read_message())[1]
        await client.read_close()
        client.reset()
        while b' closed connection=1 ' not in relay.log:
            await asyncio.sleep(0)
        before = relay.descriptors()
        clients = await asyncio.gather(*(connect(relay, backend.url) for _ in range(200)))
        far = [await backend.accepted.get() for _ in range(200)]
        assert relay.descriptors() == before + 400, (before, relay.descriptors())
        for i, client in enumerate(clients):
            if i % 2:
                client.write(frame(CLOSE, b''))
            else:
                client.reset()
        for end in far:
            await end.read_close()
            end.end()
        while relay.descriptors() > before:
            await asyncio.sleep(0)
        assert relay.descriptors() == before
        for client in clients:
            client.reset()


async def log():
    """The log names hosts and codes, and neither payloads nor queries, as text and as JSON."""
    for options in ((), ('--log-json',)):
        async with running('--close-timeout', '1', *options) as relay:
            async with Backend() as backend:
                client = await connect(relay, backend.url + '/p?token=secret1')
                client.write(frame(TEXT, b'secret2') + frame(CLOSE, close_body(4001, 'secret3')))
                await (await backend.accepted.get()).read_message()
                client.reset()
                (await connect(relay, 'http://x/?secret4')).reset()
                (await connect(relay, 'ws://192.0.2.1/?secret5')).reset()
                for data in (b'GET /secret6\r\n\r\n',
                             request('/metrics?secret7', 'X-Forwarded-For: x'),
                             request('/secret8'),
                             request('/api/websocket', 'Origin: http://secret9')):
                    assert 'HTTP/1.1 4' in await ask(relay, data), data
        assert relay.log.count(b'secret') == 0, relay.log
        assert backend.url.encode() in relay.log and b'4001' in relay.log, relay.log
    lines = [json.loads(line) for line in relay.log.splitlines()]
    assert {line['event'] for line in lines} == {'open', 'closed', 'refused'}, lines
    assert all(line['time'].endswith('Z') and line['client'].startswith('127.0.0.1:')
               for line in lines), lines
    assert [line['backend'] for line in lines if line.get('client_sent') == 4001] == [
        backend.url], lines


if __name__ == '__main__':
    os.environ['LC_ALL'] = 'C.UTF-8'
    run([other_path, no_upgrade, bad_requests, no_backend, backend_fails, status, both_ways,
         fragments_and_pings, tls, close_carried, backend_lost, client_lost, subprotocols,
         extensions, compressed, early_frames, slow_requests, origins, backends_refused,
         refuses_to_start, options, token, broken_rules, rate, too_many, timeouts, drain,
         descriptors, log])
