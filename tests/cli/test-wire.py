#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of duplex-cli that say how the wire is used: compression, pongs, pings, fragments."""

import json
import re
import socket
import struct
import sys
import time
import zlib

sys.dont_write_bytecode = True
from support import (DEADLINE, cli, demo_server, ends, equal, events, folder,     # noqa: E402
                     main, raw_server, running)

NAME = 'Sec-WebSocket-Extensions'


def profile(where, **members):
    """Write a profile below where; return the environment that finds it as x."""
    path = where / 'duplex' / 'profiles'
    path.mkdir(parents=True, exist_ok=True)
    (path / 'x.json').write_text(json.dumps({'version': 1, 'name': 'x', **members}),
                                 encoding='utf-8')
    return {'XDG_DATA_HOME': str(where)}


def extensions(head):
    """Return the values of the field that a head offers or accepts extensions with."""
    return re.findall(rf'^{NAME}: *(.*?)\s*$', head, re.I | re.M)


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


class Wire:
    """The server's end of a connection that agreed on compression."""

    def __init__(self, peer, client=(15, False), server=(15, False)):
        """Each end: its window bits, and whether every message begins with an empty window."""
        self.peer, self.client, self.server = peer, client, server
        self.inflater = self.deflater = None

    def inflate(self, payload):
        """Return what a message of the client's says."""
        bits, forgets = self.client
        if forgets or self.inflater is None:
            self.inflater = zlib.decompressobj(-bits)
        return self.inflater.decompress(payload + b'\0\0\xff\xff')

    def deflate(self, message):
        """Return the payload for a message of ours."""
        bits, forgets = self.server
        if forgets or self.deflater is None:
            self.deflater = zlib.compressobj(9, zlib.DEFLATED, -bits)
        data = self.deflater.compress(message) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        return data[:-4]


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


def test_offer():
    """What is offered: by default, by option, by profile, and an option goes before a profile."""
    plain = {'offer': True, 'client-max-window-bits': None}
    cases = (
        ((), {}, ['permessage-deflate; client_max_window_bits']),
        (('--no-deflate',), {}, []),
        (('--deflate', ''), {}, ['permessage-deflate']),
        (('--deflate', 'client_max_window_bits=10 ;server_no_context_takeover'), {},
         ['permessage-deflate; server_no_context_takeover; client_max_window_bits=10']),
        ((), {'offer': False}, []),
        ((), plain, ['permessage-deflate']),
        ((), {'server-max-window-bits': 9, 'client-no-context-takeover': True},
         ['permessage-deflate; client_no_context_takeover; server_max_window_bits=9; '
          'client_max_window_bits']),
        (('--no-deflate',), plain, []),
        (('--deflate', 'client_max_window_bits'), {'offer': False},
         ['permessage-deflate; client_max_window_bits']),
    )
    heads = []

    def script(peer):
        heads.append(peer.upgrade())
        peer.finish()

    with raw_server(script, connections=len(cases)) as host, folder() as where:
        for args, members, _offer in cases:
            env = profile(where, url=f'ws://{host}/', compression=members)
            ends(cli('connect', '--profile', 'x', *args, '--wait', 20, env=env), 0, b'')
    equal([extensions(head) for head in heads], [offer for _args, _members, offer in cases])


def test_wrong_answers():
    """What a server may not answer fails the handshake: status 3, the finding at its byte."""
    cases = (      # a ^ is where the finding stands
        (None, '^permessage-deflate', 'extension-not-offered'),
        ('', 'permessage-deflate, ^x', 'extension-not-offered'),
        ('', '^permessage deflate', 'extension-malformed'),
        ('', 'permessage-deflate, ^permessage-deflate', 'extension-repeated'),
        ('', 'permessage-deflate; ^level=9', 'deflate-parameter-unknown'),
        ('', 'permessage-deflate; server_max_window_bits=9; ^server_max_window_bits=9',
         'deflate-parameter-repeated'),
        ('', 'permessage-deflate; ^server_max_window_bits=16', 'deflate-parameter-value'),
        ('server_max_window_bits=9', '^permessage-deflate', 'deflate-parameter-missing'),
        ('', 'permessage-deflate; ^client_max_window_bits=9', 'deflate-parameter-not-offered'),
        ('server_max_window_bits=9', 'permessage-deflate; ^server_max_window_bits=10',
         'deflate-window-too-large'),
    )
    answers = [answer.replace('^', '') for _offer, answer, _finding in cases]

    def script(peer):
        peer.upgrade(f'{NAME}: {answers.pop(0)}\r\n')

    with raw_server(script, connections=len(cases)) as host:
        for offer, answer, finding in cases:
            args = ('--no-deflate',) if offer is None else ('--deflate', offer)
            result = cli('connect', '--json', *args, f'ws://{host}/')
            equal((answer, result.returncode, result.stderr.count(b'\n')), (answer, 3, 1))
            seen = next(event for event in events(result.stdout) if event['event'] == 'response')
            place = seen['text'].index(answer.replace('^', '')) + answer.index('^')
            equal(seen['findings'][0], {'id': finding, 'offset': place})


LINES = [b'%d ' % i + b'all work and no play makes jack a dull boy ' * 40 for i in range(3)]


def test_compressed():
    """Messages are compressed both ways, as each parameter of the answer says."""
    whole, small = (15, False), (9, True)
    cases = (
        ('client_max_window_bits', 'permessage-deflate', whole, whole),
        ('', 'permessage-deflate; client_no_context_takeover', (15, True), whole),
        ('', 'permessage-deflate; server_no_context_takeover', whole, (15, True)),
        ('server_max_window_bits=9', 'permessage-deflate; server_max_window_bits=9', whole,
         (9, False)),
        ('client_max_window_bits', 'permessage-deflate; client_max_window_bits=9', (9, False),
         whole),
        ('client_max_window_bits=10', 'permessage-deflate', (10, False), whole),
        ('client_max_window_bits=8', 'permessage-deflate', (8, False), whole),
        ('client_max_window_bits; server_no_context_takeover',
         'permessage-deflate; server_no_context_takeover; client_no_context_takeover; '
         'server_max_window_bits=9; client_max_window_bits=9', small, small),
    )
    work = list(cases)

    def script(peer):
        _offer, answer, client, server = work.pop(0)
        peer.upgrade(f'{NAME}: {answer}\r\n')
        wire = Wire(peer, client, server)
        sizes = []
        for line in LINES:
            first, payload = peer.read_frame()
            equal((first, wire.inflate(payload)), (0xc1, line))
            sizes.append(len(payload))
            peer.frame(0xc1, wire.deflate(line))
        if client[0] > 8:
            assert sizes[0] < len(LINES[0]) / 4, sizes
            # Only who remembers the first can refer to it.
            assert (sizes[1] < sizes[0] / 2) != client[1], (answer, sizes)
        equal(peer.finish(), struct.pack('!H', 1000))

    with raw_server(script, connections=len(cases)) as host:
        for offer, _answer, _client, _server in cases:
            result = cli('connect', '--deflate', offer, '--count', 3, f'ws://{host}/',
                         stdin=b'\n'.join(LINES))
            ends(result, 0, b'\n'.join(LINES) + b'\n')


def test_plain_without_answer():
    """Where the server does not mention the offer, messages are plain and RSV1 is wrong."""
    def script(peer):
        peer.upgrade()
        equal(peer.read_frame(), (0x81, LINES[0]))
        peer.frame(0x81, LINES[0])
        peer.frame(0xc1, b'\x02\x00')
        equal(peer.read_close()[:2], struct.pack('!H', 1002))

    with raw_server(script) as host:
        result = cli('connect', '--wait', 20, f'ws://{host}/', stdin=LINES[0])
    equal((result.returncode, result.stdout), (4, LINES[0] + b'\n'))


def test_both_ours():
    """duplex-cli connect and serve compress both ways; with --no-deflate at either end, neither."""
    def first_bytes(url, *args):
        result = cli('connect', '--json', *args, '--count', 1, f'{url}/echo', stdin=LINES[0])
        ends(result, 0)
        frames = [event for event in events(result.stdout)
                  if event['event'] == 'frame' and event['type'] == 'text']
        return [(event['direction'], event['header'][:2]) for event in frames]

    plain = [('sent', '81'), ('received', '81')]
    compressed = [('sent', 'c1'), ('received', 'c1')]
    with demo_server() as url:
        equal(first_bytes(url), compressed)
        equal(first_bytes(url, '--deflate', 'server_max_window_bits=8; server_no_context_takeover; '
                          'client_no_context_takeover; client_max_window_bits=8'), compressed)
        equal(first_bytes(url, '--no-deflate'), plain)
    with running('serve', '--no-deflate') as process:
        url = process.stdout.readline().decode().split()[2].rstrip('/')
        equal(first_bytes(url), plain)


def test_serve_offers():
    """serve accepts the first offer that is allowed, and with --no-deflate none."""
    offer = (f'{NAME}: permessage-deflate; level=9\r\n'
             f'{NAME}: permessage-deflate; server_max_window_bits="10", permessage-deflate\r\n')
    with demo_server() as url:
        equal(extensions(ask(url, offer)), ['permessage-deflate; server_max_window_bits=10'])
        equal(extensions(ask(url, '')), [])
    with running('serve', '--no-deflate') as process:
        url = process.stdout.readline().decode().split()[2].rstrip('/')
        equal(extensions(ask(url, offer)), [])


def test_no_pong():
    """--no-pong, or a profile that says so: pings stay unanswered, the rest goes on."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x89, b'anybody')
        peer.frame(0x81, b'text')
        equal(peer.read_frame(), (0x81, b'line'))
        peer.frame(0x89, b'again')
        peer.frame(0x88, struct.pack('!H', 1000))
        equal(peer.read_frame(), (0x88, struct.pack('!H', 1000)))

    with raw_server(script, connections=2) as host, folder() as where:
        args = ('connect', '--no-deflate', '--wait', 20)
        ends(cli(*args, '--no-pong', f'ws://{host}/', stdin=b'line'), 0, b'text\n')
        env = profile(where, url=f'ws://{host}/', pong={'mode': 'never'})
        ends(cli(*args, '--profile', 'x', stdin=b'line', env=env), 0, b'text\n')


def test_pong_delay():
    """--pong-delay answers late, also where the profile never answers; messages do not wait."""
    took = []

    def script(peer):
        peer.upgrade()
        peer.frame(0x89, b'late')
        begin = time.monotonic()
        equal(peer.read_frame(), (0x81, b'line'))
        equal(peer.read_frame(), (0x8a, b'late'))
        took.append(time.monotonic() - begin)
        peer.finish()

    with raw_server(script) as host, folder() as where:
        env = profile(where, url=f'ws://{host}/', pong={'mode': 'never'})
        ends(cli('connect', '--no-deflate', '--profile', 'x', '--pong-delay', 600, '--wait', 20,
                 stdin=b'line', env=env), 0, b'')
    assert 0.5 < took[0] < 10, took


def test_ping_limit():
    """--ping-limit ends a connection whose server answers no ping, and 0 does not."""
    pings = []

    def silent(peer):
        peer.upgrade()
        try:
            while peer.read_frame()[0] == 0x89:
                pings.append(1)
        except EOFError:
            pass

    def patient(peer):
        peer.upgrade()
        for _ in range(4):
            equal(peer.read_frame()[0], 0x89)
        peer.finish()

    with raw_server(silent) as host:
        result = cli('connect', '--json', '--ping-interval', 1, '--ping-limit', 1, '--wait', 25,
                     f'ws://{host}/')
    assert result.returncode != 0, result
    assert 'pong-missing' in result.stdout.decode(), result.stdout
    equal(len(pings), 1)
    with raw_server(patient) as host:
        ends(cli('connect', '--ping-interval', 1, '--ping-limit', 0, '--wait', 25,
                 f'ws://{host}/'), 0, b'')


def test_fragment():
    """--fragment cuts what is sent, and leaves alone what fits."""
    def script(peer):
        peer.upgrade()
        for frame in ((0x01, b'0123456789'), (0x00, b'abcdefghij'), (0x80, b'xyz'),
                      (0x81, b'0123456789'), (0x81, b'')):
            equal(peer.read_frame(), frame)
        peer.finish()

    with raw_server(script) as host:
        ends(cli('connect', '--no-deflate', '--fragment', 10, '--wait', 20, f'ws://{host}/',
                 stdin=b'0123456789abcdefghijxyz\n0123456789\n\n'), 0, b'')


def test_fragment_compressed():
    """--fragment cuts the compressed bytes; RSV1 stands on the first frame only."""
    def script(peer):
        peer.upgrade(f'{NAME}: permessage-deflate\r\n')
        wire = Wire(peer)
        whole, first_bytes = b'', []
        while not first_bytes or first_bytes[-1] < 0x80:
            first, payload = peer.read_frame()
            assert len(payload) <= 10, payload
            first_bytes.append(first)
            whole += payload
        assert len(first_bytes) > 2, first_bytes
        equal(first_bytes, [0x41] + [0x00] * (len(first_bytes) - 2) + [0x80])
        equal(wire.inflate(whole), LINES[0])
        peer.finish()

    with raw_server(script) as host:
        ends(cli('connect', '--fragment', 10, '--wait', 20, f'ws://{host}/', stdin=LINES[0]), 0,
             b'')


if __name__ == '__main__':
    main(globals())
