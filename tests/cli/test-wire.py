#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of duplex-cli that say how the wire is used: compression, pongs, pings, fragments."""

import re
import socket
import sys

sys.dont_write_bytecode = True
from support import DEADLINE, cli, ends, equal, events, main, raw_server, running     # noqa: E402

NAME = 'Sec-WebSocket-Extensions'


def extensions(head):
    """Return the values of the field that a head offers or accepts extensions with."""
    return re.findall(rf'^{NAME}: *(.*?) *$', head, re.I | re.M)


def ask(url, more):
    """Send a request with more fields to a server; return the head of its answer."""
    host, port = url.removeprefix('ws://').split(':')
    with socket.create_connection((host, int(port)), DEADLINE) as connection:
        connection.sendall(('GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n'
                            'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
                            f'{more}\r\n').encode())
        answer = b''
        while b'\r\n\r\n' not in answer:
            piece = connection.recv(4096)
            assert piece, answer
            answer += piece
    return answer.decode()


def test_usage():
    """What an option cannot be is said in a line, with status 1, and nothing is dialled."""
    url = 'ws://127.0.0.1:1/'
    for args, said in (
            (('--no-deflate', '--deflate', ''), 'exclude each other'),
            (('--no-pong', '--pong-delay', '5'), 'exclude each other'),
            (('--deflate', 'level=9'), '“level=9” is no parameter of permessage-deflate'),
            (('--deflate', 'server_max_window_bits=7'), 'window bits are 8 to 15'),
            (('--deflate', 'client_max_window_bits; client_max_window_bits'), 'second of its'),
            (('--pong-delay', '-1'), '--pong-delay: -1 is out of range'),
            (('--pong-delay', '86400001'), '--pong-delay'),
            (('--ping-interval', '-1'), '--ping-interval'),
            (('--ping-limit', '-1'), '--ping-limit'),
            (('--ping-limit', 'x'), 'ping-limit'),
            (('--fragment', '-1'), '--fragment'),
    ):
        ends(cli('connect', *args, url), 1, b'', said)


def test_not_offered():
    """An extension that was not offered fails the handshake: status 3, the finding at its byte."""
    def script(peer):
        equal(extensions(peer.upgrade(f'{NAME}: permessage-deflate\r\n')), [])

    with raw_server(script) as host:
        result = cli('connect', '--json', '--no-deflate', f'ws://{host}/')
    equal(result.returncode, 3)
    response = next(event for event in events(result.stdout) if event['event'] == 'response')
    equal(response['findings'], [{'id': 'extension-not-offered',
                                  'offset': response['text'].index('permessage')}])


def test_serve_no_deflate():
    """serve --no-deflate accepts no offer."""
    with running('serve', '--no-deflate') as process:
        url = process.stdout.readline().decode().split()[2].rstrip('/')
        equal(extensions(ask(url, f'{NAME}: permessage-deflate\r\n')), [])


if __name__ == '__main__':
    main(globals())
