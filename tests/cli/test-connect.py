#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli connect against its own server and servers that say any bytes: each option, each exit
status, what it reads and what it prints."""

import os
import pathlib
import re
import signal
import struct
import sys
import time

sys.dont_write_bytecode = True
from support import (SANITIZED, cli, demo_server, ends, equal, events, folder,     # noqa: E402
                     main, raw_server, running)


def test_lines():
    """Lines are sent as text, and come back a line each."""
    with demo_server() as url:
        ends(cli('connect', f'{url}/echo', stdin='one\n\nzwö\nlast'.encode()), 0,
             'one\n\nzwö\nlast\n'.encode())


def test_nothing():
    """No line at all: it connects and closes."""
    with demo_server() as url:
        ends(cli('connect', f'{url}/echo'), 0, b'')


def test_many_lines():
    """A hundred thousand lines keep their order, and none is lost."""
    lines = b''.join(b'%d %s\n' % (i, b'x' * (i % 50)) for i in range(100000))
    with demo_server() as url:
        ends(cli('connect', f'{url}/echo', '--count', 100000, stdin=lines), 0, lines)


def test_long_line():
    """A line of 16 MiB, above what may wait, is one message."""
    line = b'0123456789abcdef' * (1 << 20) + b'\n'
    with demo_server() as url:
        result = cli('connect', f'{url}/echo', '--count', 3, stdin=line + b'short\n' + line)
        ends(result, 0)
        assert result.stdout == line + b'short\n' + line


def test_message_above_the_bound():
    """A message larger than all that may wait to be printed is printed, and the next too."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'x' * (70 << 20))
        peer.frame(0x81, b'after')
        peer.finish()

    with raw_server(script) as host:
        result = cli('connect', f'ws://{host}/', '--wait', 25)
    ends(result, 0)
    assert result.stdout == b'x' * (70 << 20) + b'\nafter\n', len(result.stdout)


def test_slow_peer():
    """More than may wait is kept back until the server reads on, and all of it arrives."""
    line = b'y' * 65535 + b'\n'
    seen = []

    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'not yet')
        while True:
            first, payload = peer.read_frame()
            if first == 0x88:
                peer.frame(0x88, payload)
                break
            seen.append(len(payload))

    with raw_server(script) as host:
        ends(cli('connect', f'ws://{host}/', stdin=line * 600), 0, b'not yet\n')
    equal(seen, [65535] * 600)


def test_not_utf8():
    """A line that is not UTF-8 is a usage error, said with its number, after an orderly end."""
    with demo_server() as url:
        ends(cli('connect', f'{url}/echo', stdin=b'fine\n\xff\xfe\nnever\n'), 1, None, 'line 2')


def test_binary():
    """--binary: hexadecimal lines, and hex: in front of what is printed."""
    with demo_server() as url:
        ends(cli('connect', '--binary', f'{url}/echo', stdin=b'00ff10\n\nhex:AB cd\n'), 0,
             b'hex:00ff10\nhex:\nhex:abcd\n')
        ends(cli('connect', '--binary', f'{url}/echo', stdin=b'00f\n'), 1, b'', 'line 1')
        ends(cli('connect', '--binary', f'{url}/echo', stdin=b'zz\n'), 1, b'', 'line 1')


def test_newline_inside():
    """A newline inside a message is kept; with -0 messages end in NUL."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'two\nlines')
        peer.frame(0x81, b'three')
        peer.finish()

    with raw_server(script, connections=2) as host:
        ends(cli('connect', f'ws://{host}/', '--wait', 20), 0, b'two\nlines\nthree\n')
        ends(cli('connect', '-0', f'ws://{host}/', '--wait', 20), 0, b'two\nlines\0three\0')


def test_fragments():
    """The fragments of a message are printed as one, whatever stands between them."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x01, 'eins, zw'.encode())
        peer.frame(0x89, b'ping')
        peer.frame(0x00, 'ö'.encode()[:1])
        peer.frame(0x80, 'ö'.encode()[1:])
        equal(peer.read_frame(), (0x8a, b'ping'))
        peer.frame(0x02, b'\x00')
        peer.frame(0x80, b'\xff')
        peer.finish()

    with raw_server(script) as host:
        ends(cli('connect', f'ws://{host}/', '--wait', 20), 0, 'eins, zwö\nhex:00ff\n'.encode())


def test_file():
    """--file sends a whole file as one message, as text or with --binary."""
    with demo_server() as url, folder() as where:
        text = where / 'text'
        text.write_bytes('zwei\nZeilen äöü\n'.encode())
        ends(cli('connect', '--file', text, f'{url}/echo'), 0, 'zwei\nZeilen äöü\n\n'.encode())
        text.write_bytes(bytes(range(256)))
        ends(cli('connect', '--binary', '--file', text, f'{url}/echo'), 0,
             b'hex:' + bytes(range(256)).hex().encode() + b'\n')
        ends(cli('connect', '--file', text, f'{url}/echo'), 1, b'', 'UTF-8')
        ends(cli('connect', '--file', where / 'none', f'{url}/echo'), 1, b'', 'none')
        text.write_bytes(b'')
        ends(cli('connect', '--file', text, f'{url}/echo'), 0, b'\n')


def test_count():
    """--count closes with 1000 after so many messages and prints no more."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'one')
        peer.frame(0x82, b'two')
        peer.frame(0x81, b'three')
        peer.frame(0x81, b'four')
        equal(peer.read_close(), struct.pack('!H', 1000))
        peer.frame(0x88, struct.pack('!H', 1000))

    with raw_server(script) as host:
        ends(cli('connect', '--count', 3, f'ws://{host}/'), 0, b'one\nhex:74776f\nthree\n')


def test_count_not_reached():
    """Status 6 where fewer messages came than --count asks for."""
    with demo_server() as url:
        ends(cli('connect', f'{url}/flood?n=2&size=40', '--count', 3), 6, None, '2 of 3')
        begin = time.monotonic()
        ends(cli('connect', f'{url}/echo', '--count', 2, '--wait', '0.5', stdin=b'one\n'), 6,
             b'one\n', '1 of 2')
        assert 0.4 < time.monotonic() - begin < 10


def test_interval():
    """--interval waits between lines."""
    with demo_server() as url:
        begin = time.monotonic()
        ends(cli('connect', f'{url}/echo', '--interval', '0.3', stdin=b'1\n2\n3\n'), 0,
             b'1\n2\n3\n')
        assert time.monotonic() - begin > 0.55


def test_wait():
    """--wait listens on after the last line; without it what comes later is not awaited."""
    with demo_server() as url:
        begin = time.monotonic()
        ends(cli('connect', f'{url}/slow?ms=300', '--wait', '0.9', stdin=b'late\n'), 0, b'late\n')
        assert 0.8 < time.monotonic() - begin < 10
        ends(cli('connect', f'{url}/slow?ms=10000', stdin=b'too late\n'), 0, b'')


def test_wait_ends_with_the_server():
    """The server's Close ends a long --wait at once."""
    with demo_server() as url:
        begin = time.monotonic()
        ends(cli('connect', f'{url}/close?code=1001', '--wait', 25, stdin=b'go\n'), 0, b'')
        assert time.monotonic() - begin < 10


def test_statuses():
    """Every exit status, with one line on standard error but for 0."""
    with demo_server() as url:
        for code in (1000, 1001, 0):
            ends(cli('connect', f'{url}/close?code={code}', '--wait', 20, stdin=b'x\n'), 0)
        for code in (1002, 1008, 1011, 3000, 4999):
            ends(cli('connect', f'{url}/close?code={code}&reason=because', '--wait', 20,
                     stdin=b'x\n'), 5, b'', f'{code}')
        ends(cli('connect', f'{url}/nope'), 3, b'', '404')
    ends(cli('connect', 'ws://127.0.0.1:1/'), 2, b'', 'refused')
    ends(cli('connect', 'ws://no-such-host.invalid/'), 2, b'', 'no-such-host.invalid')
    ends(cli('connect', 'http://127.0.0.1/'), 1, b'', 'ws://')


def test_protocol_error():
    """Status 4 for each kind of broken frame, and what came before is printed."""
    for frame in (b'\x83\x00', b'\xc1\x00', b'\x80\x00', b'\x81\x01\xff', b'\x81\x81\0\0\0\0x',
                  b'\x88\x02\x03\xed', b'\x09\x00', b'\x81\x7e\x00\x01x'):
        def script(peer, frame=frame):
            peer.upgrade()
            peer.frame(0x81, b'before')
            peer.write(frame)
            payload = peer.read_close()
            assert struct.unpack('!H', payload[:2])[0] in (1002, 1007), payload

        with raw_server(script) as host:
            result = cli('connect', f'ws://{host}/', '--wait', 20)
        equal((result.returncode, result.stdout), (4, b'before\n'))


def test_lost():
    """Status 5 for an end without a Close, and for a Close that is not answered in time."""
    def cut(peer):
        peer.upgrade()
        peer.frame(0x81, b'last words')

    def silent(peer):
        peer.upgrade()
        equal(peer.read_close(), struct.pack('!H', 1000))
        try:
            peer.read(1)
        except (EOFError, ConnectionError):
            pass

    with raw_server(cut) as host:
        result = cli('connect', f'ws://{host}/', '--wait', 20)
        equal((result.returncode, result.stdout), (5, b'last words\n'))
    with raw_server(silent) as host:
        begin = time.monotonic()
        result = cli('connect', f'ws://{host}/', '--close-timeout', 1)
        equal((result.returncode, result.stdout), (5, b''))
        assert 0.9 < time.monotonic() - begin < 2.9, '--close-timeout'


def test_timeout():
    """--timeout: status 2 where the upgrade is not answered in time."""
    def script(peer):
        peer.read_head()
        try:
            peer.read(1)
        except (EOFError, ConnectionError):
            pass

    with raw_server(script) as host:
        begin = time.monotonic()
        ends(cli('connect', f'ws://{host}/', '--timeout', 1), 2, b'', 'within 1 s')
        assert time.monotonic() - begin < 5


def test_handshake_refused():
    """Status 3 for what is not HTTP and for a 101 that does not answer the request."""
    for answer in (b'SSH-2.0-x\r\n\r\n', b'HTTP/1.1 101 OK\r\n\r\n',
                   b'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'):
        def script(peer, answer=answer):
            peer.read_head()
            peer.write(answer)

        with raw_server(script) as host:
            equal(cli('connect', f'ws://{host}/').returncode, 3)


def test_request():
    """-H, --origin and --subprotocol are in the request, as they were given and in order."""
    heads = []

    def script(peer):
        peer.upgrade('Sec-WebSocket-Protocol: two\r\n')
        heads.append(peer.request.decode())
        peer.finish()

    with raw_server(script) as host:
        ends(cli('connect', f'ws://{host}/a?b=c', '-H', 'X-One: 1', '--header', 'X-Two:two: 2 ',
                 '--origin', 'https://example.org', '--subprotocol', 'one', '--subprotocol', 'two',
                 '--no-deflate', '--wait', 20), 0)
    head = heads[0]
    assert head.startswith('GET /a?b=c HTTP/1.1\r\n'), head
    for line in ('X-One: 1', 'X-Two: two: 2', 'Origin: https://example.org',
                 'Sec-WebSocket-Protocol: one, two'):
        assert line in head.split('\r\n'), (line, head)
    ends(cli('connect', 'ws://127.0.0.1:1/', '-H', 'no colon'), 1, b'', 'NAME: VALUE')
    ends(cli('connect', 'ws://127.0.0.1:1/', '-H', 'Host: x'), 1, b'', 'Host')


def test_resolve():
    """--resolve dials the address; the request names the host."""
    heads = []

    def script(peer):
        peer.upgrade()
        heads.append(peer.request.decode())
        peer.finish()

    with raw_server(script) as host:
        port = host.split(':')[1]
        ends(cli('connect', f'ws://somewhere.invalid:{port}/', '--wait', 20,
                 '--resolve', 'other.invalid:80:127.0.0.9',
                 '--resolve', f'Somewhere.invalid:{port}:127.0.0.1'), 0)
    assert f'\r\nHost: somewhere.invalid:{port}\r\n' in heads[0], heads
    for bad in ('', 'x', 'x:80', ':80:127.0.0.1', 'x:0:127.0.0.1', 'x:80:name', 'x:80:'):
        ends(cli('connect', 'ws://127.0.0.1:1/', '--resolve', bad), 1, b'', 'HOST:PORT:ADDRESS')


def test_proxy():
    """--proxy: a tunnel through an HTTP proxy; one that refuses is status 2."""
    tunnels = []

    def script(peer):
        tunnels.append(peer.read_head().split('\r\n')[0])
        if 'refused' in tunnels[-1]:
            peer.write(b'HTTP/1.0 403 Forbidden\r\n\r\n')
            return
        peer.write(b'HTTP/1.0 200 OK\r\n\r\n')
        peer.upgrade()
        peer.finish()

    with raw_server(script, connections=2) as host:
        ends(cli('connect', 'ws://inside.invalid:81/', '--proxy', f'http://{host}',
                 '--wait', 20), 0)
        result = cli('connect', 'ws://refused.invalid/', '--proxy', f'http://{host}')
        equal(result.returncode, 2)
    assert tunnels[0].startswith('CONNECT inside.invalid:81 '), tunnels
    for bad in ('ftp://127.0.0.1', 'nothing', 'http://'):
        result = cli('connect', 'ws://127.0.0.1:1/', '--proxy', bad)
        equal(result.returncode, 1)


def test_max_message():
    """--max-message: a longer one is refused with 1009, status 4."""
    closes = []

    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'x' * 10)
        peer.frame(0x81, b'x' * 11)
        closes.append(struct.unpack('!H', peer.read_close()[:2])[0])

    with raw_server(script) as host:
        result = cli('connect', f'ws://{host}/', '--max-message', 10, '--wait', 20)
    equal((result.returncode, result.stdout, closes), (4, b'x' * 10 + b'\n', [1009]))


def test_ping_interval():
    """--ping-interval sends pings while the connection is open."""
    def script(peer):
        peer.upgrade()
        pings = [peer.read_frame() for _ in range(2)]
        equal([first for first, _payload in pings], [0x89, 0x89])
        assert pings[0][1] != pings[1][1]
        peer.finish()

    with raw_server(script) as host:
        ends(cli('connect', f'ws://{host}/', '--ping-interval', 1, '--wait', 20), 0)


def test_frames():
    """--frames: a line each frame and state, with header fields and findings."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x01, b'a"b')
        peer.frame(0x80, b'')
        peer.frame(0x82, b'\x01\x02')
        equal(peer.read_frame(), (0x81, b'hi'))
        peer.write(b'\xc1\x00')
        peer.read_close()

    with raw_server(script) as host:
        result = cli('connect', '--frames', f'ws://{host}/', '--wait', 20, stdin=b'hi\n')
    lines = result.stdout.decode().splitlines()
    assert lines[0] == f'* connecting "ws://{host}/"', lines
    assert any(line.startswith('* response status=101 ') for line in lines)
    for line in ('< text fin=0 rsv=000 opcode=1 mask=- length=3 "a\\"b"',
                 '< text fin=1 rsv=000 opcode=0 mask=- length=0 ""',
                 '< binary fin=1 rsv=000 opcode=2 mask=- length=2 hex:0102',
                 '< text fin=1 rsv=100 opcode=1 mask=- length=0 "" !reserved-bit@0'):
        assert line in lines, (line, lines)
    assert any(re.fullmatch('> text fin=1 rsv=000 opcode=1 mask=[0-9a-f]{8} length=2 "hi"', line)
               for line in lines), lines
    assert lines[-1].startswith('* closed code=1002 by=us'), lines
    equal(result.returncode, 4)


def test_json():
    """--json: one object an event, text as it is, binary as base64, findings by name."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, 'tä\0\n\x7f"\\ 😀'.encode())
        peer.frame(0x82, b'\x00\xff')
        peer.frame(0x8a, b'unasked')
        peer.frame(0x83, b'?')
        peer.read_close()

    with raw_server(script) as host:
        result = cli('connect', '--json', f'ws://{host}/', '--wait', 20)
    seen = events(result.stdout)
    equal([event['number'] for event in seen], list(range(len(seen))))
    equal([event['event'] for event in seen if event['event'] != 'frame'],
          ['connecting', 'request', 'response', 'connected', 'failed', 'closed'])
    frames = [event for event in seen if event['event'] == 'frame']
    equal([frame['type'] for frame in frames],
          ['text', 'binary', 'pong', 'close', 'reserved 0x3'])
    equal(frames[0]['text'], 'tä\0\n\x7f"\\ 😀')
    equal((frames[0]['opcode'], frames[0]['fin'], frames[0]['rsv'], frames[0]['length'],
           frames[0]['header'], frames[0]['direction']), (1, True, 0, 13, '810d', 'received'))
    equal(frames[1]['base64'], 'AP8=')
    equal(frames[3]['close_code'], 1002)
    equal(frames[4]['findings'], [{'id': 'reserved-opcode', 'offset': 0}])
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z', seen[0]['time'])


def test_profile():
    """--profile begins with what a saved profile says; options and a URL go over it."""
    heads = []

    def script(peer):
        peer.upgrade()
        heads.append(peer.request.decode())
        peer.finish()

    with folder() as where, raw_server(script, connections=3) as host:
        profiles = where / 'duplex' / 'profiles' / 'Work'
        profiles.mkdir(parents=True)
        (profiles / 'one.json').write_text(
            '{"version": 1, "name": "First", "url": "ws://%s/saved", "origin": "http://saved", '
            '"headers": [{"name": "X-Saved", "value": "1"}]}' % host)
        (profiles / 'bad.json').write_text('{')
        env = {'XDG_DATA_HOME': str(where)}
        ends(cli('connect', '--profile', 'Work/one', '--wait', 20, env=env), 0)
        ends(cli('connect', '--profile', 'First', '--wait', 20, env=env), 0)
        ends(cli('connect', '--profile', 'First', f'ws://{host}/other', '-H', 'X-More: 2',
                 '--origin', 'http://else', '--wait', 20, env=env), 0)
        ends(cli('connect', '--profile', 'Nobody', env=env), 1, b'', 'Nobody')
        ends(cli('connect', '--profile', 'Work/bad', env=env), 1, b'', 'cannot be read')
    for head in heads[:2]:
        assert head.startswith('GET /saved ') and '\r\nX-Saved: 1' in head, head
    assert heads[2].startswith('GET /other ') and '\r\nX-Saved: 1\r\nX-More: 2' in heads[2], heads
    assert '\r\nOrigin: http://else' in heads[2], heads


def test_usage():
    """Status 1 and one line for options that make no sense."""
    url = 'ws://127.0.0.1:1/'
    for args in ((), ('--nonsense', url), (url, 'ws://two/'), ('--count', 'x', url),
                 ('--count', '-1', url), ('--timeout', '-1', url), ('--interval', 'nan', url),
                 ('--wait', '1e9', url), ('--key', 'k', url), ('--cert', '/nowhere', url),
                 ('--cacert', '/nowhere', url), ('--frames', '--json', url),
                 ('--echo', '--binary', url), ('--max-message', '-5', url),
                 ('--capture', '/nowhere/at/all', url), ('ws://',), ('--origin', 'a\nb', url)):
        result = cli('connect', *args)
        equal((args, result.returncode, result.stdout, result.stderr.count(b'\n')),
              (args, 1, b'', 1))
    for args in ((), ('nonsense',), ('--nonsense',)):
        result = cli(*args)
        equal((args, result.returncode, result.stdout, result.stderr.count(b'\n')),
              (args, 1, b'', 1))


def test_help():
    """--help and --version, of the program and of each verb."""
    ends(cli('--version'), 0)
    assert cli('--version').stdout.startswith(b'duplex-cli ')
    listed = cli('--help').stdout.decode()
    for verb in ('connect', 'show', 'export', 'serve'):
        assert verb in listed
        result = cli(verb, '--help')
        ends(result, 0)
        assert f'duplex-cli {verb}' in result.stdout.decode(), result.stdout
    for absent in ('\n  import ', '\n  run ', 'filter'):
        assert absent not in listed + cli('connect', '--help').stdout.decode(), absent


def test_interrupt():
    """SIGINT: Close 1000 and status 0; a second one ends it at once, status 5."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'open')
        equal(peer.read_close(), struct.pack('!H', 1000))
        if twice:
            try:
                peer.read(1)
            except (EOFError, ConnectionError):
                pass
        else:
            peer.frame(0x88, struct.pack('!H', 1000))

    for twice in (False, True):
        with raw_server(script) as host, running('connect', f'ws://{host}/',
                                                 '--close-timeout', 60, bufsize=0) as process:
            equal(process.stdout.readline(), b'open\n')
            process.send_signal(signal.SIGINT)
            if twice:
                time.sleep(0.3)     # two signals at once are one
                process.send_signal(signal.SIGINT)
            equal(process.wait(), 5 if twice else 0)


def test_reader_goes():
    """A reader of standard output that ends (head -1) ends the connection, in order."""
    with demo_server() as url:
        with running('connect', f'{url}/flood?n=1000000&size=200', '--wait', 60) as process:
            process.stdout.readline()
            process.stdout.close()
            process.stdout = open(os.devnull, 'rb')
            equal(process.wait(), 1)


def test_slow_reader():
    """A reader of standard output that stops stops the server, in little memory; none is lost."""
    with demo_server() as url:
        with running('connect', f'{url}/flood?n=400000&size=1000', '--wait', 60) as process:
            equal(len(process.stdout.readline()), 1001)
            time.sleep(1)
            status = pathlib.Path(f'/proc/{process.pid}/status').read_text()
            peak = int(re.search(r'VmHWM:\s+(\d+) kB', status)[1])
            print(f'# peak {peak} KiB')
            assert SANITIZED or peak < 160 * 1024, peak
            equal(sum(1 for _line in process.stdout), 399999)
            equal(process.wait(), 0)


def test_serve():
    """serve ends in order with SIGTERM and SIGINT, and says Close 1001 to whoever is connected."""
    for number in (signal.SIGTERM, signal.SIGINT):
        with running('serve', bufsize=0) as server:
            url = server.stdout.readline().decode().split()[-1]
            assert re.fullmatch(r'ws://127\.0\.0\.1:\d+/', url), url
            with running('connect', '--json', f'{url}echo', bufsize=0) as client:
                client.stdin.write(b'here\n')
                while b'"here"' not in client.stdout.readline():
                    pass
                server.send_signal(number)
                equal(server.wait(), 0)
                last = events(client.stdout.read())[-1]
                equal((last['event'], last['code'], last['by_peer']), ('closed', 1001, True))
                equal(client.wait(), 0)
    ends(cli('serve', '--port', 70000), 1, b'', '70000')
    ends(cli('serve', 'what'), 1, b'', 'what')
    with demo_server() as url:
        port = url.split(':')[-1]
        equal(cli('serve', '--port', port).returncode, 1)


if __name__ == '__main__':
    main(globals())
