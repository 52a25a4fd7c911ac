#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-browser.py RELAY: a page in headless Chromium uses the relay, as the specification's does.

The page comes from a server of this script and posts what it saw back to it. What is not installed
is skipped, unless CI or DUPLEX_REQUIRE_INTEROP is set.
"""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
from relaylib import DEADLINE, run, running     # noqa: E402  pylint: disable=C0413

try:
    import websockets
except ModuleNotFoundError:
    websockets = None

CHROMIUM = shutil.which('chromium')
STRICT = 'CI' in os.environ or 'DUPLEX_REQUIRE_INTEROP' in os.environ

PAGE = '''<!DOCTYPE html><script>
const seen = { messages: [], protocol: null };
const socket = new WebSocket(URL_HERE, PROTOCOLS_HERE);
socket.onopen = () => { seen.protocol = socket.protocol; };
socket.onmessage = event => {
  seen.messages.push(event.data);
  if (event.data.includes('"connected"'))
    socket.send('{"from":"page","umlaut":"\\u00fc"}');
  else if (event.data.includes('"page"'))
    socket.close(4001, 'seen enough');
};
socket.onclose = event => {
  seen.code = event.code;
  seen.reason = event.reason;
  fetch('/seen', { method: 'POST', body: JSON.stringify(seen) });
};
</script>'''


class Pages:
    """Serves one page, and waits for what it posts."""

    def __init__(self, page):
        self.page = page.encode()
        self.seen = asyncio.get_running_loop().create_future()

    async def answer(self, reader, writer):
        """Answer one request."""
        try:
            head = (await reader.readuntil(b'\r\n\r\n')).decode()
        except asyncio.IncompleteReadError:     # a connection that Chromium keeps in reserve
            writer.close()
            return
        length = next((int(line.split(':')[1]) for line in head.splitlines()
                       if line.lower().startswith('content-length:')), 0)
        body = await reader.readexactly(length)
        if head.startswith('POST /seen ') and not self.seen.done():
            self.seen.set_result(json.loads(body))
        page = self.page if head.startswith('GET / ') else b''
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n'
                     b'Content-Length: %d\r\nConnection: close\r\n\r\n' % len(page) + page)
        await writer.drain()
        writer.close()


async def browse(url, protocols=(), host='127.0.0.1'):
    """Load a page that opens url, from an origin with this host; return what it saw."""
    page = PAGE.replace('URL_HERE', json.dumps(url))
    pages = Pages(page.replace('PROTOCOLS_HERE', json.dumps(list(protocols))))
    server = await asyncio.start_server(pages.answer, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        chromium = await asyncio.create_subprocess_exec(
            CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
            '--no-first-run', '--disable-background-networking', '--disable-component-update',
            '--disable-sync', f'--user-data-dir={folder}', '--remote-debugging-port=0',
            '--host-resolver-rules=MAP foreign.example 127.0.0.1', f'http://{host}:{port}/',
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
        try:
            return await asyncio.wait_for(pages.seen, DEADLINE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                chromium.terminate()
            await chromium.wait()
            server.close()


async def echo(socket, *_):
    """Send everything back, whatever code ends it."""
    with contextlib.suppress(websockets.ConnectionClosed):
        async for message in socket:
            await socket.send(message)


async def page_talks():
    """A page reaches its backend, and its Close arrives with code and reason."""
    closes = asyncio.get_running_loop().create_future()

    async def backend(socket, *_):
        await echo(socket)
        closes.set_result((socket.close_code, socket.close_reason))

    async with websockets.serve(backend, '127.0.0.1', 0, subprotocols=['chat']) as server:
        url = f'ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/'
        async with running() as relay:
            seen = await browse(relay.to(url), ['chat'])
        assert json.loads(seen['messages'][0]) == {'status': 'connected', 'backend': url}, seen
        assert json.loads(seen['messages'][1]) == {'from': 'page', 'umlaut': 'ü'}, seen
        assert (seen['code'], seen['protocol']) == (4001, 'chat'), seen
        assert await closes == (4001, 'seen enough'), closes


async def page_without_backend():
    """A page that names no backend reads why."""
    async with running() as relay:
        seen = await browse(relay.url)
    assert [json.loads(text) for text in seen['messages']] == [
        {'error': 'Backend URL required'}], seen
    assert (seen['code'], seen['reason']) == (1008, 'Backend URL required'), seen


async def page_with_dead_backend():
    """A page that offers subprotocols reads the error too: the first of them is accepted."""
    async with running() as relay:
        seen = await browse(relay.to('ws://127.0.0.1:1/'), ['mqtt', 'chat'])
    assert list(json.loads(seen['messages'][0])) == ['error'], seen
    assert (seen['code'], seen['protocol']) == (1011, 'mqtt'), seen
    assert seen['reason'] == 'Backend connection failed', seen


async def foreign_page():
    """A page of another origin is refused."""
    async with running() as relay:
        seen = await browse(relay.url, host='foreign.example')
    assert (seen['messages'], seen['code']) == ([], 1006), seen


if __name__ == '__main__':
    if (CHROMIUM is None or websockets is None) and not STRICT:
        print('1..0 # SKIP chromium or python3-websockets is not installed')
        sys.exit()
    run([page_talks, page_without_backend, page_with_dead_backend, foreign_page])
