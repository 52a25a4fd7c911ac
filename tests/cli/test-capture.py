#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli connect --capture, and show and export of the file that it leaves."""

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from support import (CLI, DEADLINE, SANITIZED, Measured, Skip, cli, demo_server,     # noqa: E402
                     ends, equal, events, folder, main, raw_server, running)

MARK = '[not recorded]'
URL_MARK = 'not-recorded'


def talk(peer):
    """All kinds of frames, and a broken one at the end."""
    peer.upgrade()
    peer.frame(0x81, 'tä\0\n\x7f"\\ 😀\x1b[1m'.encode())
    peer.frame(0x01, 'ö'.encode()[:1])
    peer.frame(0x89, b'ping')
    peer.frame(0x80, 'ö'.encode()[1:])
    peer.frame(0x82, bytes(range(256)))
    equal(peer.read_frame(), (0x8a, b'ping'))
    peer.frame(0x83, b'?')
    peer.read_close()


def record(where, script=talk, more=(), target=''):
    """Record a conversation; return the file's path and what --json printed meanwhile."""
    path = where / 'one.duplex'
    with raw_server(script) as host:
        result = cli('connect', '--json', '--capture', path, f'ws://{host}/{target}', '--wait', 20,
                     *more)
    return path, result.stdout


def say(*messages):
    """Return a script that sends these text messages and closes."""
    def script(peer):
        peer.upgrade()
        for message in messages:
            peer.frame(0x81, message.encode())
        peer.finish()
    return script


def run_measured(*args):
    """Run duplex-cli; return its output and the most memory that it had, in bytes."""
    measured = Measured(*args)
    return b''.join(measured.pieces()), measured.most


def test_round_trip():
    """show --json and export print what connect --json has printed, from one plain file."""
    with folder() as where:
        path, printed = record(where)
        equal([entry.name for entry in where.iterdir()], ['one.duplex'])
        equal(stat.S_IMODE(path.stat().st_mode), 0o600)
        equal(path.read_bytes()[68:72], b'DPLX')
        assert len(events(printed)) > 10
        ends(cli('show', '--json', path), 0, printed)
        out = where / 'out.jsonl'
        ends(cli('export', path, '--format', 'jsonl', '-o', out), 0, b'')
        equal(out.read_bytes(), printed)
        ends(cli('export', path, '--format', 'jsonl'), 0, printed)
        ends(cli('show', '--json', out), 0, printed)
        equal(sorted(entry.name for entry in where.iterdir()), ['one.duplex', 'out.jsonl'])


def test_show():
    """show prints the messages of both directions, show --frames what connect --frames does."""
    with folder() as where:
        path, _ = record(where)
        ends(cli('show', path), 0,
             '< tä\0\n\x7f"\\ 😀\x1b[1m\n< ö\n< hex:'.encode()
             + bytes(range(256)).hex().encode() + b'\n')
        two, three = where / 'two', where / 'three'
        with demo_server() as url:
            ends(cli('connect', '--capture', two, f'{url}/echo', stdin=b'hello\n'), 0, b'hello\n')
        ends(cli('show', two), 0, b'> hello\n< hello\n')
        with raw_server(talk) as host:
            live = cli('connect', '--frames', '--capture', three, f'ws://{host}/', '--wait', 20)
        ends(cli('show', '--frames', three), 0, live.stdout)


def test_exists():
    """A file that exists stays as it is, and nothing is dialled."""
    with folder() as where:
        path = where / 'one.duplex'
        path.write_bytes(b'mine')
        ends(cli('connect', '--capture', path, 'ws://127.0.0.1:1/'), 1, b'', 'exists')
        equal(path.read_bytes(), b'mine')


def test_cannot_be_made():
    """Where no file can be made nothing is dialled; a URL that is none leaves no file."""
    with folder() as where:
        ends(cli('connect', '--capture', where / 'no' / 'x', 'ws://127.0.0.1:1/'), 1, b'', 'no/x')
        ends(cli('connect', '--capture', where / 'x', 'http://127.0.0.1:1/'), 1, b'', 'ws://')
        ends(cli('connect', '--record-secrets', 'ws://127.0.0.1:1/'), 1, b'', '--capture')
        equal(list(where.iterdir()), [])


def test_not_connected():
    """An attempt that failed is recorded too, and its status stays."""
    with folder() as where:
        path = where / 'one.duplex'
        ends(cli('connect', '--capture', path, 'ws://127.0.0.1:1/'), 2, b'', 'refused')
        seen = [event['event'] for event in events(cli('show', '--json', path).stdout)]
        equal((seen[0], seen[-1]), ('connecting', 'failed'))


def cookie_script(peer):
    """A server that sets a cookie."""
    peer.upgrade(more='Set-Cookie: id=SECRET1; HttpOnly\r\nX-Other: seen\r\n'
                 'Link: </feed?a=1&sig=SECRET4>; rel=next\r\n')
    peer.finish()


SECRETS = ('-H', 'Authorization: Bearer SECRET2', '-H', 'cookie: a=SECRET3',
           '-H', 'X-Open: seen too', '-H', 'X-Api-Key: SECRET5', '-H', 'X-Auth-Token:SECRET6',
           '-H', 'Api-Key: SECRET7', '-H', 'X-Amz-Security-Token: SECRET8')
QUERY = 'feed?token=SECRET9&room=1'


def test_secrets():
    """Secrets are printed and not recorded, neither in events nor in the profile."""
    with folder() as where:
        path, printed = record(where, cookie_script, SECRETS, QUERY)
        for number in range(1, 10):
            assert b'SECRET%d' % number in printed, number
        result = cli('show', '--json', path)
        ends(result, 0)
        assert b'SECRET' not in result.stdout and b'SECRET' not in path.read_bytes()
        seen = {event['event']: event for event in events(result.stdout)}
        request, response = seen['request']['text'], seen['response']['text']
        equal((seen['request']['redacted'], seen['response']['redacted']), (True, True))
        assert f'Authorization: {MARK}\r\n' in request and f'cookie: {MARK}\r\n' in request
        assert 'X-Open: seen too\r\n' in request and 'X-Other: seen\r\n' in response
        assert f'X-Api-Key: {MARK}\r\n' in request
        assert request.startswith(f'GET /feed?token={URL_MARK}&room=1 HTTP/1.1\r\n'), request
        assert f'Set-Cookie: {MARK}\r\n' in response
        assert f'Link: </feed?a=1&sig={URL_MARK}>; rel=next\r\n' in response
        for kind in 'connecting', 'connected':
            assert seen[kind]['text'].endswith(f'/feed?token={URL_MARK}&room=1'), seen[kind]
        with sqlite3.connect(f'file:{path}?mode=ro', uri=True) as database:
            profile, = database.execute("SELECT value FROM meta WHERE key = 'profile'").fetchone()
        assert 'SECRET' not in profile and MARK in profile and 'seen too' in profile, profile


def test_user_information():
    """A password in the URL is not recorded, nor what is made of it in the request."""
    with folder() as where:
        path = where / 'one.duplex'
        with raw_server(say('x')) as host:
            ends(cli('connect', '--capture', path, f'ws://user:SECRET@{host}/', '--wait', 20), 0,
                 b'x\n')
        shown = cli('show', '--json', path).stdout
        for secret in (b'SECRET', b'dXNlcjpTRUNSRVQ'):
            assert secret not in shown and secret not in path.read_bytes()


def test_record_secrets():
    """--record-secrets records them."""
    with folder() as where:
        path, printed = record(where, cookie_script, (*SECRETS, '--record-secrets'), QUERY)
        ends(cli('show', '--json', path), 0, printed)
        assert b'redacted' not in printed


LARGE = 24 << 20


def large_script(peer):
    """A message in one large frame, and one in large fragments."""
    text = b'0123456789abcde\n' * (LARGE // 16)
    peer.upgrade()
    peer.frame(0x81, text)
    peer.frame(0x02, text[:LARGE // 2 + 1])
    peer.frame(0x80, text[LARGE // 2 + 1:])
    peer.finish()


def test_large():
    """Large messages come back whole, and are never whole in memory."""
    text = b'0123456789abcde\n' * (LARGE // 16)
    with folder() as where:
        path = where / 'large.duplex'
        with raw_server(large_script) as host:
            live = cli('connect', '--capture', path, f'ws://{host}/', '--wait', 20)
        plain = text + b'\nhex:' + text.hex().encode() + b'\n'
        assert live.stdout == plain, len(live.stdout)
        for args, check in (
                (('show', path), lambda out: out == b'< ' + text + b'\n< hex:'
                 + text.hex().encode() + b'\n'),
                (('show', '--json', path), lambda out: [
                    len(event.get('text', '')) or len(event['base64'])
                    for event in events(out) if event.get('type') in ('text', 'binary')
                ] == [LARGE, (LARGE // 2 + 1 + 2) // 3 * 4, (LARGE // 2 - 1 + 2) // 3 * 4])):
            out, most = run_measured(*args)
            assert check(out), (args, len(out), out[:1000])
            assert SANITIZED or 0 < most < LARGE, (args, most)


def test_filter():
    """--filter prints the rows that match, with all their frames; of JSON Lines too."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'{"type":"trade","n":1}')
        peer.frame(0x01, b'{"type":"tr')
        peer.frame(0x89, b'between')
        peer.frame(0x80, b'ade","n":2}')
        peer.frame(0x81, b'{"type":"quote","n":3}')
        peer.finish()

    with folder() as where:
        path, printed = record(where, script)
        lines = where / 'lines'
        # Other numbers than those that reading would give.
        lines.write_bytes(b''.join(printed.splitlines(keepends=True)[2:]))
        expected = [event for event in events(printed) if 'trade' in event.get('text', '')
                    or 'ade"' in event.get('text', '') or '"tr' in event.get('text', '')]
        equal(len(expected), 3)
        for file in (path, lines):
            ends(cli('show', file, '--filter', '$.type == "trade"'), 0,
                 b'< {"type":"trade","n":1}\n< {"type":"trade","n":2}\n')
            result = cli('show', file, '--json', '--filter', '$.type == "trade"')
            ends(result, 0)
            equal(events(result.stdout), expected)
            frames = cli('show', file, '--frames', '--filter', '$.type == "trade"')
            ends(frames, 0)
            equal(frames.stdout.count(b'\n'), 3)
            ends(cli('show', file, '--filter', '$.type == "none"'), 0, b'')
            equal(cli('show', file, '--filter', ' ').stdout, cli('show', file).stdout)


def test_filter_error():
    """What is wrong with an expression: a line that says it, the expression, and a caret."""
    with folder() as where:
        path, _ = record(where)
        for expression, column in (('"ä日本" and and', None), ('$.a ==', None), (')', 0)):
            result = cli('show', path, '--filter', expression)
            equal((result.returncode, result.stdout), (1, b''))
            said, shown, caret = result.stderr.decode().splitlines()
            assert said.startswith('duplex-cli: --filter: '), said
            equal(shown, f'  {expression}')
            equal(caret.strip(' '), '^')
            if column is not None:
                equal(caret, f'  {" " * column}^')
        # Below the second "and", which is behind two characters of two columns.
        equal(cli('show', path, '--filter', '"ä日本" and and').stderr.decode().splitlines()[2]
              .index('^'), 2 + len('"ä____" and '))


def test_damaged():
    """Of a file that was cut or written into, what is whole is printed, and that some is not."""
    with folder() as where:
        path = where / 'one.duplex'
        with raw_server(say(*(f'{i} {"x" * 200}' for i in range(20000)))) as host:
            live = cli('connect', '--capture', path, f'ws://{host}/', '--wait', 20)
        whole = path.read_bytes()
        all_lines = [b'< ' + line for line in live.stdout.splitlines()]
        equal(cli('show', path).stdout.splitlines(), all_lines)

        path.write_bytes(whole[:len(whole) * 2 // 3])
        result = cli('show', path)
        lines = result.stdout.splitlines()
        equal((result.returncode, lines), (1, all_lines[:len(lines)]))
        assert len(lines) > 5000 and b'one.duplex' in result.stderr, (len(lines), result.stderr)

        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes(5000) + whole[middle + 5000:])
        result = cli('show', path)
        lines = result.stdout.splitlines()
        equal(result.returncode, 1)
        assert len(lines) < len(all_lines) and set(lines) < set(all_lines), len(lines)
        assert len(lines) > 5000 and b'one.duplex' in result.stderr, (len(lines), result.stderr)

        path.write_bytes(whole[:100])
        equal(cli('show', path).returncode, 1)
        path.write_bytes(whole[:10])
        equal(cli('show', path).returncode, 1)


def test_live():
    """A capture is shown while it is recorded, at most a moment behind, and is not disturbed."""
    go_on = threading.Event()

    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'one')
        peer.frame(0x81, b'two')
        assert go_on.wait(DEADLINE)
        peer.frame(0x81, b'three')
        peer.finish()

    with folder() as where, raw_server(script) as host:
        path = where / 'one.duplex'
        with running('connect', '--capture', path, '--wait', DEADLINE, f'ws://{host}/') as process:
            process.stdin.close()
            equal(process.stdout.readline() + process.stdout.readline(), b'one\ntwo\n')
            end = time.monotonic() + DEADLINE
            while (result := cli('show', path)).stdout != b'< one\n< two\n':
                assert time.monotonic() < end, result
            ends(result, 0)
            go_on.set()
            equal(process.stdout.read(), b'three\n')
            equal((process.wait(DEADLINE), process.stderr.read()), (0, b''))
            process.stdin = None
        ends(cli('show', path), 0, b'< one\n< two\n< three\n')
        equal([entry.name for entry in where.iterdir()], ['one.duplex'])


def test_no_capture():
    """A database of somebody else's, and a capture of a later version, are refused in a line."""
    with folder() as where:
        other = where / 'other'
        with sqlite3.connect(other) as database:
            database.execute('CREATE TABLE x (y)')
        ends(cli('show', other), 1, b'', 'other')
        path, _ = record(where)
        data = bytearray(path.read_bytes())
        data[60:64] = (1000).to_bytes(4, 'big')
        path.write_bytes(data)
        ends(cli('show', path), 1, b'', '1000')
        ends(cli('export', path, '--format', 'jsonl', '-o', where / 'out'), 1, b'', '1000')


def test_read_only():
    """A file and a folder that cannot be written are read."""
    if os.geteuid() == 0:
        raise Skip('root may write anywhere')
    with folder() as where:
        path, printed = record(where)
        path.chmod(0o400)
        where.chmod(0o500)
        try:
            ends(cli('show', '--json', path), 0, printed)
        finally:
            where.chmod(0o700)


def test_full_disk():
    """A disk that is full stops the recording, not the connection; what is not kept is counted."""
    n, before = 40000, 500
    go_on = threading.Event()

    def script(peer):
        peer.upgrade()
        for i in range(before):
            peer.frame(0x81, str(i).encode())
        assert go_on.wait(DEADLINE)
        for i in range(before, n):
            peer.frame(0x81, f'{i} {"x" * 200}'.encode())
        peer.finish()

    with folder() as where, raw_server(script) as host:
        path = where / 'one.duplex'
        # Python leaves SIGXFSZ ignored, which is inherited: writing fails then.
        equal(signal.getsignal(signal.SIGXFSZ), signal.SIG_IGN)
        live = subprocess.Popen(
            [CLI, 'connect', '--capture', path, f'ws://{host}/', '--wait', str(DEADLINE)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            restore_signals=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
        equal([int(live.stdout.readline()) for _ in range(before)], list(range(before)))
        end = time.monotonic() + DEADLINE
        while cli('show', path).stdout.count(b'\n') < before:
            assert time.monotonic() < end
        go_on.set()
        printed, said = live.communicate(timeout=DEADLINE)
        equal((live.returncode, printed.count(b'\n')), (1, n - before))
        said = said.decode()
        equal(said.count('recording stalled: '), 1)
        assert 'events were not kept' in said, said
        not_kept = int(said.split(' events were not kept')[0].split()[-1])
        # Nothing could be written at the end either, so the file cannot say that there was more.
        result = cli('show', '--json', path)
        ends(result, 0)
        seen = events(result.stdout)
        texts = [event['text'].split()[0] for event in seen if event.get('type') == 'text']
        equal(texts, [str(i) for i in range(len(texts))])
        # Of the events that are no messages there are fewer than ten.
        assert len(texts) >= before and n <= len(texts) + not_kept < n + 10, (len(texts), not_kept)


if __name__ == '__main__':
    main(globals())
