#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs that lead through the relay to itself, or round over two relays, end where they come round.

usage: test-loops.py RELAY
"""

import json
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from relaylib import TEXT, Backend, ask, connect, frame, request, run, running  # noqa: E402

OWN = r'1\.1 duplex-relay-[0-9a-f-]{36}'


def through(relays, backend):
    """Return the URL that leads through all relays, the first one first, to a backend."""
    for relay in reversed(relays):
        backend = relay.to(urllib.parse.quote(backend, safe=''))
    return backend


async def dial(relays, backend, *fields):
    """Ask the first relay for the others."""
    rest = through(relays[1:], backend)
    return await connect(relays[0], urllib.parse.quote(rest, safe=''), *fields)


def via(end):
    """Return the values of Via that an end was asked with."""
    return re.findall(r'(?im)^via: (.*?)\r?$', end.head)


async def itself():
    """A relay that is asked for itself five times over is asked once more, and says why."""
    async with running() as relay, Backend() as backend:
        client = await dial([relay] * 6, backend.url)
        assert await client.read_message() == (TEXT, b'{"error":"HTTP 508 Loop Detected"}')
        assert await client.read_close() == (1011, 'Backend connection failed')
        client.end()
        await relay.until_logged('refused connection=2 ')
        line = await relay.until_logged('status=508')
        assert 'connection=2 ' in line and 'reason=request' in line, line
        await relay.until_logged('detail="HTTP 508 Loop Detected"')
        await relay.until_sample('refusals_total{reason="request"}', 1)
        await relay.until_sample('refusals_total{reason="unreachable"}', 1)
        assert await relay.sample('connections_total') == 1
        assert backend.accepted.empty()


async def itself_once():
    """Once is a loop already; the response says so, too."""
    async with running() as relay, Backend() as backend:
        client = await dial([relay] * 2, backend.url)
        assert json.loads((await client.read_message())[1]) == {
            'error': 'HTTP 508 Loop Detected'}
        client.reset()

        far = await through_and_back(relay, backend)
        answer = await ask(relay, request('/api/websocket', f'Via: 1.1 else, {via(far)[0]}'))
        assert answer.startswith('HTTP/1.1 508 Loop Detected\r\n'), answer
        assert answer.endswith('The request has passed this relay before'), answer
        far.reset()


async def through_and_back(relay, backend, *fields):
    """Return the backend's end of a connection that works."""
    client = await connect(relay, backend.url, *fields)
    far = await backend.accepted.get()
    assert b'connected' in (await client.read_message())[1]
    far.write(frame(TEXT, b'hello', mask=None))
    assert await client.read_message() == (TEXT, b'hello')
    client.reset()
    return far


async def to_and_fro():
    """Between two relays it ends where the first one is reached again."""
    async with running() as one, running() as two, Backend() as backend:
        client = await dial([one, two] * 4, backend.url)
        assert b'"status":"connected"' in (await client.read_message())[1]
        assert await client.read_message() == (TEXT, b'{"error":"HTTP 508 Loop Detected"}')
        assert (await client.read_close())[0] == 1011
        client.end()
        await one.until_logged('status=508')
        assert 'status=508' not in two.log.decode()
        assert await one.sample('connections_total') == 1
        assert await two.sample('connections_total') == 1
        assert backend.accepted.empty()


async def chain():
    """Two relays in a row are none, and the backend sees the way."""
    async with running('--no-status') as one, running('--no-status') as two, Backend() as backend:
        client = await dial([one, two], backend.url, 'Via: 1.1 front (nginx, 1.22)')
        far = await backend.accepted.get()
        assert len(via(far)) == 1, far.head
        entries = via(far)[0].split(', ')
        assert entries[0] == '1.1 front' and len(entries) == 3, entries
        assert all(re.fullmatch(OWN, entry) for entry in entries[1:]), entries
        assert entries[1] != entries[2]
        client.write(frame(TEXT, b'there'))
        assert await far.read_message() == (TEXT, b'there')
        far.write(frame(TEXT, b'and back', mask=None))
        assert await client.read_message() == (TEXT, b'and back')
        client.reset()
        far.reset()


async def hostile():
    """Whatever Via holds, what goes on is well-formed, and no longer than a few names."""
    long = 'a' * 60000
    async with running() as relay, Backend() as backend:
        for fields, passed_on in (
                ([], ''),
                (['Via:'], ''),
                (['Via: ' + ',' * 60000], ''),
                (['Via: 1.1 a (' + long + ')'], '1.1 a, '),
                (['Via: 1.1 ' + long, 'Via: 1.1 b'], '1.1 b, '),
                (['Via: 1.1 a ("', 'Via: 1.1 b "c, d"', 'Via: 1.1 e\\'], '1.1 a, '),
                (['Via: 1.1 a (x', 'Via: 1.1 b), 1.1 c'], '1.1 a, 1.1 c, '),
                (['Via: 1.1 a', 'Connection: via'], '1.1 a, '),
                ([f'Via: 1.1 a{number}' for number in range(16)],
                 ''.join(f'1.1 a{number}, ' for number in range(16)))):
            far = await through_and_back(relay, backend, *fields)
            values = via(far)
            assert len(values) == 1 and values[0].startswith(passed_on), (fields, far.head)
            assert re.fullmatch(OWN, values[0][len(passed_on):]), (fields, far.head)
            far.reset()
        for fields in ([f'Via: 1.1 a{number}' for number in range(17)],
                       ['Via: ' + '1.1 a,' * 10000],
                       ['Via: ' + '",' * 30000]):
            answer = await ask(relay, request(f'/api/websocket?backend={backend.url}', *fields))
            assert answer.startswith('HTTP/1.1 508 '), answer
            assert answer.endswith('The request has passed too many proxies; see its Via'), answer


if __name__ == '__main__':
    run([itself, itself_once, to_and_fro, chain, hostile])
