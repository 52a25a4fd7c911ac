#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""websockets-server.py [CERTIFICATES]: the server of ws-server.mjs, made of Debian's
python3-websockets. What it prints and what its paths do is told there; where this library cannot do
a thing, the comment says so.
"""

import asyncio
import functools
import http
import logging
import pathlib
import ssl
import sys
import urllib.parse

try:
    import websockets
    from websockets.frames import Close
    from websockets.legacy.auth import BasicAuthWebSocketServerProtocol, basic_auth_protocol_factory
    from websockets.legacy.server import serve
except ModuleNotFoundError:
    print('missing python3-websockets')
    sys.exit(77)

CERTIFICATES = ('valid', 'expired', 'self-signed', 'wrong-host')
SIZES = (0, 125, 126, 65535, 65536, 16 * 1024 * 1024)
FRAGMENTS = 1000

# The table stands in test-interop-messages.c too.
UTF8 = (
    'nul \0 inside', '\0', '\u007f\u0080', '\u07ff\u0800', '\ud7ff\ue000',
    '\ufdd0\ufffd\ufffe\uffff', '\U00010000\U0010ffff', '\U0001f469\u200d\U0001f680',
    'e\u0301 n\u0303', '\ufeffbom', 'bom\ufeff',
    '\u202eright to left\u202c', '\u2028\u2029\r\n\t',
)


def say(line):
    """Print a line of report at once."""
    print(line, flush=True)


def text_pattern(size):
    """Return ASCII text whose period is a prime, like that of the next."""
    return (''.join(chr(0x20 + i) for i in range(89)) * (size // 89 + 1))[:size]


def binary_pattern(size):
    """Return bytes that count modulo 251."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


async def until_closed(socket):
    """Yield messages until the connection ends, whatever the code."""
    try:
        async for message in socket:
            yield message
    except websockets.ConnectionClosed:
        pass


async def echo(socket, _query):
    """Send every message back."""
    async for message in socket:
        await socket.send(message)


async def sizes(socket, _query):
    """Send a text and a binary message of each size."""
    for size in SIZES:
        await socket.send(text_pattern(size))
        await socket.send(binary_pattern(size))
    await socket.wait_closed()


async def utf8(socket, _query):
    """Send each text of the table."""
    for text in UTF8:
        await socket.send(text)
    await socket.wait_closed()


async def fragments_text(socket, _query):
    """Send a text in fragments, a ping between them. The library ends with an empty fragment."""
    async def parts():
        yield 'one, '
        yield 'two, '
        await socket.ping(b'between')
        yield 'three'
    await socket.send(parts())
    await socket.wait_closed()


async def fragments_binary(socket, _query):
    """Send bytes in fragments of very different sizes."""
    async def parts():
        everything = binary_pattern(65538)
        for start, end in ((0, 0), (0, 1), (1, 65537), (65537, 65538)):
            yield everything[start:end]
    await socket.send(parts())
    await socket.wait_closed()


async def fragments_many(socket, _query):
    """Send a text in fragments of one byte."""
    await socket.send(list(text_pattern(FRAGMENTS)))
    await socket.wait_closed()


async def ping(socket, _query):
    """Ping, each time after the pong to the last, and say so.

    The library wakes us only for a pong with exactly the payload of the ping.
    """
    for payload in (b'', b'are you there?', binary_pattern(125)):
        await (await socket.ping(payload))
        await socket.send(f'pong {len(payload)} as sent')
    await socket.wait_closed()


async def total(socket, query):
    """Report what came."""
    sizes_seen = [len(message) async for message in until_closed(socket)]
    say(f'total {query["id"]} {len(sizes_seen)} {sum(sizes_seen)}')


async def close(socket, query):
    """Close. The library cannot send a Close with no body of its own accord."""
    code, reason = query.get('code'), query.get('reason', '')
    try:
        # close() itself finds out too late: the connection could not be used any more.
        Close(int(code), reason).serialize()
    except (TypeError, websockets.ProtocolError):
        await socket.send(f'refused {code}')
        await socket.wait_closed()
    else:
        await socket.close(int(code), reason)


async def headers(socket, _query):
    """Send the request back as text."""
    lines = [f'{name}: {value}\n' for name, value in socket.request_headers.raw_items()]
    await socket.send(f'GET {socket.path}\n' + ''.join(lines))
    await socket.wait_closed()


async def subprotocol(socket, _query):
    """Say which subprotocol the library believes in."""
    await socket.send(f'subprotocol {socket.subprotocol or ""}')
    await socket.wait_closed()


# What a connection does once it is open, by path. There is no /fragments/part: the library
# takes text in whole characters; and no /refuse-late and /stall: it writes head and body at once.
MODES = {
    '/echo': echo, '/auth': echo, '/sizes': sizes, '/utf8': utf8, '/ping': ping, '/close': close,
    '/total': total,
    '/fragments/text': fragments_text, '/fragments/binary': fragments_binary,
    '/fragments/many': fragments_many, '/headers': headers, '/subprotocol': subprotocol,
}


def split(path):
    """Return the path of a request's target and its query as a dictionary."""
    url = urllib.parse.urlsplit(path)
    return url.path, dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))


async def check_credentials(username, password):
    """Tell whether these are right. The library's own comparison breaks on what is not ASCII."""
    return (username, password) == ('us er', 'pa:ss/wörd')


class Protocol(BasicAuthWebSocketServerProtocol):
    """Refuses what the path says, by the library's own means; /auth asks for a password."""

    async def process_request(self, path, request_headers):
        name, query = split(path)
        if name == '/auth':
            return await super().process_request(path, request_headers)
        if name == '/refuse':
            more = [(query['name'], query['value'])] if 'name' in query else []
            body = query['body'] * int(query.get('times', 1))
            return http.HTTPStatus(int(query['status'])), more, body.encode()
        if name not in MODES:
            return http.HTTPStatus.NOT_FOUND, [], b''
        return None

    def select_subprotocol(self, client_subprotocols, server_subprotocols):
        return split(self.path)[1].get('choose') or None


async def handle(socket):
    """Run one connection and report its end."""
    name, query = split(socket.path)
    try:
        await MODES[name](socket, query)
    except websockets.ConnectionClosed:
        pass
    await socket.close()
    # Why the library failed the connection. An end without a Close shows as code 1006.
    if isinstance(socket.transfer_data_exc, (websockets.ProtocolError, UnicodeDecodeError)):
        say(f'error {socket.transfer_data_exc!r}')
    if 'id' in query:
        say(f'closed {query["id"]} {socket.close_code} {socket.close_reason}')


class Reporter(logging.Handler):
    """Turns the library's complaints into lines of report."""

    def emit(self, record):
        cause = record.exc_info[1] if record.exc_info else None
        say(f'error {record.getMessage()}: {cause!r}')


async def listen(name, context):
    """Serve on a port and return its name and number."""
    server = await serve(
        handle, '127.0.0.1', 0, ssl=context, max_size=None, ping_interval=None,
        subprotocols=['any'], create_protocol=basic_auth_protocol_factory(
            realm='interop', check_credentials=check_credentials, create_protocol=Protocol))
    return f'{name}={server.sockets[0].getsockname()[1]}'


async def main(folder):
    """Serve until stdin ends."""
    logger = logging.getLogger('websockets')
    logger.addHandler(Reporter(logging.ERROR))
    logger.propagate = False

    ports = [await listen('plain', None)]
    for name in CERTIFICATES if folder else ():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        base = pathlib.Path(folder, name)
        context.load_cert_chain(base.with_suffix('.pem'), base.with_suffix('.key'))
        ports.append(await listen(name, context))
    say('ready ' + ' '.join(ports))
    await asyncio.get_running_loop().run_in_executor(None, functools.partial(sys.stdin.buffer.read))


if __name__ == '__main__':
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
