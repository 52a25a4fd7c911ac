#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli show and export of JSON Lines: what was written is read again."""

import json
import subprocess
import sys

sys.dont_write_bytecode = True
from support import (cli, demo_server, ends, equal, events, folder,     # noqa: E402
                     main, raw_server)


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


def record(where, script=talk):
    """Keep what --json prints in a file; return its path and that."""
    path = where / 'one.jsonl'
    with raw_server(script) as host:
        result = cli('connect', '--json', f'ws://{host}/', '--wait', 20)
    path.write_bytes(result.stdout)
    return path, result.stdout


def test_show():
    """show prints the messages of both directions."""
    with folder() as where:
        path, _ = record(where)
        ends(cli('show', path), 0,
             '< tä\0\n\x7f"\\ 😀\x1b[1m\n< ö\n< hex:'.encode()
             + bytes(range(256)).hex().encode() + b'\n')
        with demo_server() as url:
            path.write_bytes(cli('connect', '--json', f'{url}/echo', stdin=b'hello\n').stdout)
        ends(cli('show', path), 0, b'> hello\n< hello\n')


def test_show_frames():
    """show --frames prints every event on a line."""
    with folder() as where:
        path, printed = record(where)
        result = cli('show', '--frames', path)
        ends(result, 0)
        equal([line[:1] for line in result.stdout.split(b'\n')[:-1]],
              [b'*' if event['event'] != 'frame' else b'<' if event['direction'] == 'received'
               else b'>' for event in events(printed)])


def test_same_again():
    """show --json and export --format jsonl write the same lines."""
    with folder() as where:
        path, printed = record(where)
        out = where / 'out.jsonl'
        ends(cli('show', '--json', path), 0, printed)
        ends(cli('export', path, '--format', 'jsonl', '-o', out), 0, b'')
        equal(out.read_bytes(), printed)
        ends(cli('export', path, '--format', 'jsonl'), 0, printed)


def test_broken_lines():
    """A broken line is said with its number, and nothing else is lost."""
    with folder() as where:
        path, printed = record(where)
        lines = printed.splitlines(keepends=True)
        broken = [b'{"event":\n', b'[1]\n', b'{}\n', b'\xff\n',
                  b'{"event":"frame","time":"2026-01-01T00:00:00.000000Z"}\n', b'"x"\n',
                  b'{"event":"closed","time":"2026-13-01T00:00:00.000000Z"}\n']
        for i, line in enumerate(broken):
            lines.insert(2 * i, line)
        path.write_bytes(b''.join(lines))
        result = cli('show', '--json', path)
        equal((result.returncode, result.stdout), (1, printed))
        said = result.stderr.decode().splitlines()
        equal(len(said), len(broken))
        for i, line in enumerate(said):
            assert f'line {2 * i + 1}:' in line, line


def test_other_file():
    """Of a file that is something else only the first lines are named."""
    with folder() as where:
        path = where / 'text'
        path.write_text('no event\n' * 1000, encoding='utf-8')
        result = cli('show', path)
        said = result.stderr.decode().splitlines()
        equal((result.returncode, result.stdout, len(said)), (1, b'', 22))
        assert 'line 20:' in said[19] and '980 more' in said[20], said[19:]
        assert said[21].endswith('neither a capture nor what --json prints'), said[21]
        result = cli('export', path)
        equal((result.returncode, result.stdout), (1, b''))
        assert b'no --format' in result.stderr, result.stderr


def test_cut():
    """A capture whose writer was killed: all lines but the last, cut one."""
    with folder() as where:
        path, printed = record(where)
        path.write_bytes(printed[:-10])
        result = cli('show', '--json', path)
        whole = printed[:printed[:-1].rindex(b'\n') + 1]
        equal((result.returncode, result.stdout), (1, whole))
        path.write_bytes(printed[:-1])
        ends(cli('show', '--json', path), 0, printed)


def test_foreign_lines():
    """Members that are not known are ignored, white space and order do not matter."""
    with folder() as where:
        path, printed = record(where)
        changed = []
        for event in events(printed):
            event = dict(reversed(event.items()))
            event['x_new'] = {'deep': [1, {'findings': [2]}], 'text': 'no'}
            changed.append(json.dumps(event, indent=None, separators=(' , ', ' : ')) + ' \r\n')
        path.write_text('\n'.join(changed), encoding='utf-8')
        ends(cli('show', '--json', path), 0, printed)


def test_wrong_types():
    """A member of the wrong type breaks its line."""
    good = {'event': 'frame', 'time': '2026-01-01T00:00:00.000001Z', 'direction': 'sent',
            'type': 'text', 'header': '8100', 'message': 1, 'frames': 1, 'message_size': 0,
            'row': True, 'first': 0, 'number': 0, 'connection': 1, 'text': ''}
    wrong = {'event': ['x', 1, None], 'time': ['2026-01-01', 5, '2026-01-01T00:00:60.000001X'],
             'direction': ['up', 0], 'type': ['words', 1], 'header': ['81', '8', 'zz', '81' * 15],
             'message': [-1, '1', 1.5, 1 << 64], 'frames': [1 << 32], 'row': [1, 'true'],
             'number': [True], 'connection': [1 << 32], 'text': [1, None, ['x'], {'a': 1}],
             'base64': ['A', 'A===', 'AA=A', '????', 7], 'rtt_us': ['1', 1 << 63],
             'findings': [1, {}, [1], [[]], [{'id': 1}], [{'offset': 'x'}]]}
    with folder() as where:
        path = where / 'lines'
        path.write_text(json.dumps(good), encoding='utf-8')
        ends(cli('show', '--json', path), 0)
        for name, values in wrong.items():
            for value in values:
                path.write_text(json.dumps({**good, name: value}), encoding='utf-8')
                result = cli('show', '--json', path)
                equal((name, value, result.returncode, result.stdout), (name, value, 1, b''))
        path.write_text(json.dumps(good).replace('"text": ""', '"text": "\\ud800"'))
        equal(cli('show', path).returncode, 1)


def test_later_findings():
    """A finding that this version does not know is left out, its line is not."""
    with folder() as where:
        path = where / 'lines'
        path.write_text('{"event":"closed","time":"2026-01-01T00:00:00.000001Z","code":1000,'
                        '"findings":[{"id":"of-tomorrow","offset":1},'
                        '{"offset":2,"id":"close-timeout"}]}')
        result = cli('show', '--json', path)
        equal((result.returncode, events(result.stdout)[0]['findings']),
              (0, [{'id': 'close-timeout', 'offset': 2}]))


def test_terminal():
    """On a terminal no message can command it."""
    with folder() as where:
        path, _ = record(where)
        shown = subprocess.run(['script', '-qec', f'{sys.argv[1]} show {path}', '/dev/null'],
                               capture_output=True, check=True, timeout=20).stdout
        assert b'\x1b' not in shown and b'\\x1b[1m' in shown, shown


def test_usage():
    """Status 1 and one line for options that make no sense."""
    with folder() as where:
        path, _ = record(where)
        for args in (('show',), ('show', path, path), ('show', '--nonsense', path),
                     ('show', where / 'none'), ('show', where), ('export', path),
                     ('export', path, '--format', 'xml'),
                     ('export', path, '--format', 'jsonl', '-o', path),
                     ('export', path, '--format', 'jsonl', '-o', where / 'no' / 'folder'),
                     ('export', path, '--format', 'jsonl', '-o', '/dev/full')):
            result = cli(*args)
            equal((args, result.returncode, result.stdout, result.stderr.count(b'\n')),
                  (args, 1, b'', 1))
        assert path.stat().st_size > 0


if __name__ == '__main__':
    main(globals())
