#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""websockets-deflate.py: the ends of ws-deflate.mjs, made of Debian's python3-websockets. What they
print and do is told there."""

import asyncio
import json
import sys

try:
    from websockets.extensions.permessage_deflate import (ClientPerMessageDeflateFactory,
                                                          ServerPerMessageDeflateFactory)
    from websockets.legacy.client import WebSocketClientProtocol, connect
    from websockets.legacy.server import serve
except ModuleNotFoundError:
    print('missing python3-websockets')
    sys.exit(77)

NAME = 'Sec-WebSocket-Extensions'
LINE = 'all work and no play makes jack a dull boy '
SIZES = (0, 1, 125, 126, 2000, 2000, 2000, 65535, 65536, 1 << 20)


class Counting(WebSocketClientProtocol):
    """Counts the bytes that come."""

    received = 0

    def data_received(self, data):
        self.received += len(data)
        super().data_received(data)


async def echo(socket):
    """Send every message back."""
    print(f'agreed {socket.response_headers.get(NAME, "")}', flush=True)
    async for message in socket:
        await socket.send(message)


async def run_server(parameters):
    """Serve until stdin ends."""
    factory = ServerPerMessageDeflateFactory(**parameters)
    async with serve(echo, '127.0.0.1', 0, max_size=None, ping_interval=None, compression=None,
                     extensions=[factory]) as server:
        print(f'ready {server.sockets[0].getsockname()[1]}', flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def run_client(parameters, url):
    """Send messages of many sizes and check what comes back."""
    factory = ClientPerMessageDeflateFactory(**parameters)
    texts = [(LINE * (size // len(LINE) + 1))[:size] for size in SIZES]
    messages = [message for text in texts for message in (text, text.encode())]
    async with connect(url, max_size=None, ping_interval=None, compression=None,
                       extensions=[factory], create_protocol=Counting) as socket:
        print(f'agreed {socket.response_headers.get(NAME, "")}', flush=True)
        for message in messages:
            await socket.send(message)
            answer = await asyncio.wait_for(socket.recv(), 20)
            assert type(answer) is type(message) and answer == message, len(message)
        print(f'fine {socket.received} {sum(len(message) for message in messages)}', flush=True)
    assert socket.close_code == 1000, socket.close_code


if __name__ == '__main__':
    VERB, PARAMETERS, *REST = sys.argv[1:]
    if VERB == 'serve':
        asyncio.run(run_server(json.loads(PARAMETERS)))
    else:
        asyncio.run(run_client(json.loads(PARAMETERS), *REST))
