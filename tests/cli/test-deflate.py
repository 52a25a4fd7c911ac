#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli's compression with ends that others wrote, npm's ws and Debian's python3-websockets:
each parameter, offered and accepted, in both roles."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
from support import (DEADLINE, TESTS, Skip, cli, demo_server, ends, equal, events,     # noqa: E402
                     main)

LINE = b'all work and no play makes jack a dull boy '
LINES = [b'%d ' % i + LINE * times for i, times in enumerate((20, 20, 1, 3000, 20))] + [b'']


def command(name, *args):
    """Return the command of an end; it is run by the Python that has the library."""
    script = str(TESTS / 'interop' / name)
    return (['/usr/bin/python3', script] if name.endswith('.py') else [script]) + list(args)


def missing(name, words):
    """Skip where the library, or what runs it, is not installed, fail where it must be."""
    if name.endswith('.mjs') and not shutil.which('node'):
        words = ['missing', 'node']
    if 'CI' in os.environ or 'DUPLEX_REQUIRE_INTEROP' in os.environ or words[:1] != ['missing']:
        raise AssertionError(f'{name} says {words}')
    raise Skip(' '.join(words))


@contextlib.contextmanager
def serving(name, parameters):
    """Run a server; the value is its URL and a list that has the rest of its lines at the end."""
    lines = []
    with subprocess.Popen(command(name, 'serve', json.dumps(parameters)), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        timer = threading.Timer(DEADLINE, process.kill)
        timer.start()
        try:
            words = process.stdout.readline().decode().split()
            if words[:1] != ['ready']:
                missing(name, words)
            yield f'ws://127.0.0.1:{words[1]}/', lines
            process.stdin.close()
            lines.extend(process.stdout.read().decode().splitlines())
        finally:
            timer.cancel()
            process.kill()


def parameters_of(line):
    """Return the parameters of "agreed permessage-deflate; ...", as a set."""
    word, _, value = line.partition(' ')
    name, *rest = [part.strip() for part in value.split(';')]
    equal((word, name), ('agreed', 'permessage-deflate'))
    return set(rest)


def check_client(name, offer, wishes, agreed):
    """Connect to a server that answers offer by its wishes; long lines are compressed both ways."""
    with serving(name, wishes) as (url, lines):
        result = cli('connect', '--json', '--deflate', offer, '--count', len(LINES), url,
                     stdin=b'\n'.join(LINES) + b'\n')
    ends(result, 0)
    equal([parameters_of(line) for line in lines], [agreed])
    for direction in ('sent', 'received'):
        last = [event for event in events(result.stdout)
                if event['event'] == 'frame' and event['direction'] == direction
                and event['type'] == 'text' and 'row' in event]
        for i in (0, 1, 3, 4):
            equal((last[i]['header'][:2], last[i]['message_inflated_size']), ('c1', len(LINES[i])))
        assert last[3]['message_size'] < len(LINES[3]) / 10, last[3]['message_size']


def check_server(name, wishes, agreed):
    """A client with these wishes has its messages back from serve, and few bytes for them."""
    with demo_server() as url:
        result = subprocess.run(command(name, 'connect', json.dumps(wishes), f'{url}/echo'),
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE,
                                check=False)
    lines = result.stdout.decode().splitlines()
    if result.returncode in (77, 127):
        missing(name, ' '.join(lines).split())
    equal((result.returncode, len(lines)), (0, 2))
    equal(parameters_of(lines[0]), agreed)
    word, wire, plain = lines[1].split()
    equal(word, 'fine')
    assert int(wire) < int(plain) / 10, lines


CLIENT_CASES = (
    ('client_max_window_bits', {}, set()),
    ('', {}, set()),
    ('client_max_window_bits', {'client_max_window_bits': 9}, {'client_max_window_bits=9'}),
    ('client_max_window_bits=10', {}, {'client_max_window_bits=10'}),
    ('server_max_window_bits=9', {}, {'server_max_window_bits=9'}),
    ('client_no_context_takeover', {}, {'client_no_context_takeover'}),
    ('server_no_context_takeover', {}, {'server_no_context_takeover'}),
    ('', {'server_no_context_takeover': True, 'client_no_context_takeover': True},
     {'server_no_context_takeover', 'client_no_context_takeover'}),
    ('client_max_window_bits; server_max_window_bits=12',
     {'server_no_context_takeover': True, 'client_no_context_takeover': True,
      'server_max_window_bits': 11, 'client_max_window_bits': 11},
     {'server_no_context_takeover', 'client_no_context_takeover', 'server_max_window_bits=11',
      'client_max_window_bits=11'}),
)

SERVER_CASES = (
    ({}, set()),
    ({'client_max_window_bits': 9}, set()),
    ({'server_max_window_bits': 9}, {'server_max_window_bits=9'}),
    ({'client_no_context_takeover': True}, {'client_no_context_takeover'}),
    ({'server_no_context_takeover': True}, {'server_no_context_takeover'}),
    ({'server_no_context_takeover': True, 'client_no_context_takeover': True,
      'server_max_window_bits': 11, 'client_max_window_bits': 11},
     {'server_no_context_takeover', 'client_no_context_takeover', 'server_max_window_bits=11'}),
)


def test_client_of_ws():
    """connect agrees with npm's ws on each parameter, and both compress."""
    for case in CLIENT_CASES:
        check_client('ws-deflate.mjs', *case)


def test_client_of_websockets():
    """connect agrees with python3-websockets on each parameter, and both compress."""
    for case in CLIENT_CASES:
        check_client('websockets-deflate.py', *case)


def test_server_of_ws():
    """serve agrees with npm's ws on each parameter, and both compress."""
    for case in SERVER_CASES:
        check_server('ws-deflate.mjs', *case)


def test_server_of_websockets():
    """serve agrees with python3-websockets on each parameter, and both compress."""
    for case in SERVER_CASES:
        check_server('websockets-deflate.py', *case)


if __name__ == '__main__':
    main(globals())
