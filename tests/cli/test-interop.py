#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli against servers that others wrote: npm's ws and Debian's python3-websockets, plain and
over TLS, with certificates of all kinds."""

import contextlib
import os
import ssl
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
from support import (DEADLINE, TESTS, Peer, cli, ends, equal, events, folder,     # noqa: E402
                     interop_server, main)
import socket     # noqa: E402  pylint: disable=wrong-import-order

SERVERS = ('ws-server.mjs', 'websockets-server.py')
SIZES = (0, 125, 126, 65535, 65536, 16 << 20)


@contextlib.contextmanager
def certificates():
    """A folder with an authority and what it has signed."""
    with folder() as where:
        subprocess.run([TESTS / 'interop' / 'make-certificates', where], check=True,
                       timeout=DEADLINE)
        yield where


def each(check):
    """Run check (URL of the plain port) for each server."""
    for name in SERVERS:
        with interop_server(name) as ports:
            check(f'ws://127.0.0.1:{ports["plain"]}')


def test_lines():
    """Lines come back from both."""
    lines = ''.join(f'{i} äöü {"x" * (i % 300)}\n' for i in range(2000)).encode()
    each(lambda url: ends(cli('connect', f'{url}/echo', '--count', 2000, stdin=lines), 0, lines))


def test_sizes():
    """Messages of 0 bytes to 16 MiB arrive as they were sent."""
    def check(url):
        result = cli('connect', f'{url}/sizes', '--count', 2 * len(SIZES))
        ends(result, 0)
        lines = result.stdout.split(b'\n')
        for i, size in enumerate(SIZES):
            text = (bytes(range(0x20, 0x20 + 89)) * (size // 89 + 1))[:size]
            binary = (bytes(range(251)) * (size // 251 + 1))[:size]
            assert lines[2 * i] == text, size
            assert lines[2 * i + 1] == b'hex:' + binary.hex().encode(), size

    each(check)


def test_fragments():
    """Fragments, a ping between them, are one message."""
    each(lambda url: ends(cli('connect', f'{url}/fragments/text', '--count', 1), 0,
                          b'one, two, three\n'))


def test_closes():
    """The server's code decides about the status."""
    def check(url):
        for code, status in ((1000, 0), (1001, 0), (1011, 5), (4000, 5)):
            result = cli('connect', '--json', f'{url}/close?code={code}&reason=bye', '--wait', 20)
            last = events(result.stdout)[-1]
            equal((result.returncode, last['event'], last['code'], last['text']),
                  (status, 'closed', code, 'bye'))

    each(check)


def test_credentials():
    """User and password of the URL open the door; without them it is status 3."""
    def check(url):
        host = url.removeprefix('ws://')
        ends(cli('connect', f'ws://us%20er:pa:ss%2Fw%C3%B6rd@{host}/auth', '--count', 1,
                 stdin=b'hi\n'), 0, b'hi\n')
        ends(cli('connect', f'{url}/auth'), 3, b'', '401')

    each(check)


def test_certificates():
    """--cacert lets a signed certificate in, and no other; --insecure lets in all."""
    with certificates() as where:
        for name in SERVERS:
            with interop_server(name, where) as ports:
                url = f'wss://127.0.0.1:{ports["valid"]}/echo'
                for path in (where / 'ca.pem', os.path.relpath(where / 'ca.pem')):
                    ends(cli('connect', '--cacert', path, '--count', 1, url, stdin=b'hi\n'), 0,
                         b'hi\n')
                ends(cli('connect', url), 2, b'', 'not trusted')
                for bad in ('expired', 'self-signed', 'wrong-host'):
                    url = f'wss://127.0.0.1:{ports[bad]}/echo'
                    ends(cli('connect', '--cacert', where / 'ca.pem', url), 2, b'', 'not trusted')
                    ends(cli('connect', '--insecure', '--count', 1, url, stdin=b'hi\n'), 0,
                         b'hi\n')


def test_resolve_names():
    """--resolve dials another address, and the certificate must still name the URL's host."""
    with certificates() as where, interop_server(SERVERS[1], where) as ports:
        port = ports['wrong-host']
        args = ('connect', '--cacert', where / 'ca.pem', '--count', 1)
        ends(cli(*args, f'wss://elsewhere.example:{port}/echo', '--resolve',
                 f'elsewhere.example:{port}:127.0.0.1', stdin=b'hi\n'), 0, b'hi\n')
        ends(cli(*args, f'wss://nowhere.example:{port}/echo', '--resolve',
                 f'nowhere.example:{port}:127.0.0.1'), 2, b'', 'not trusted')


def serve_asking(where, listener, seen):
    """Serve one connection that must show a certificate, and note whose it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(where / 'valid.pem', where / 'valid.key')
    context.load_verify_locations(where / 'me.pem')
    context.verify_mode = ssl.CERT_REQUIRED
    connection, _address = listener.accept()
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            seen.append(tls.getpeercert()['subject'])
            peer = Peer(tls)
            peer.upgrade()
            peer.frame(0x81, b'welcome')
            peer.finish()
    except (ssl.SSLError, EOFError, OSError) as error:
        seen.append(error)


def test_client_certificate():
    """--cert and --key show who we are, from two files or one; without them we are turned away."""
    with certificates() as where:
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                        'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=somebody', '-days', '2',
                        '-keyout', where / 'me.key', '-out', where / 'me.pem'],
                       check=True, timeout=DEADLINE, stderr=subprocess.DEVNULL)
        both = where / 'both.pem'
        both.write_bytes((where / 'me.pem').read_bytes() + (where / 'me.key').read_bytes())
        for more, status in ((('--cert', where / 'me.pem', '--key', where / 'me.key'), 0),
                             (('--cert', both), 0), ((), None)):
            seen = []
            with socket.create_server(('127.0.0.1', 0)) as listener:
                listener.settimeout(DEADLINE)
                thread = threading.Thread(target=serve_asking, args=(where, listener, seen),
                                          daemon=True)
                thread.start()
                url = f'wss://localhost:{listener.getsockname()[1]}/'
                result = cli('connect', '--cacert', where / 'ca.pem', '--wait', 20, *more, url)
                thread.join(DEADLINE)
            if status == 0:
                ends(result, 0, b'welcome\n')
                equal(seen, [((('commonName', 'somebody'),),)])
            else:
                assert result.returncode in (2, 3) and isinstance(seen[0], OSError), (result, seen)
        (where / 'odd.pem').write_text('no certificate')
        ends(cli('connect', '--cert', where / 'odd.pem', 'wss://127.0.0.1:1/'), 1, b'', 'odd.pem')


if __name__ == '__main__':
    main(globals())
