# SPDX-License-Identifier: GPL-3.0-or-later
"""Class 8: the opening handshake (RFC 6455 §4), what each side must take and must refuse."""

import base64

from end import AT_ONCE
from programs import REFUSED, Visit, accept_key, check_request, has_token, only, parse_head
from steps import Case, echoes, step, syncs
from wire import ping, text

CLIENT = 'RFC 6455 §4.1'
SERVER = 'RFC 6455 §4.2.1'
VERSION = 'RFC 6455 §4.4'
KEY = 'AAECAwQFBgcICQoLDA0ODw=='

# ---- the server ----

GOOD = {'Host': '127.0.0.1', 'Upgrade': 'websocket', 'Connection': 'Upgrade',
        'Sec-WebSocket-Key': KEY, 'Sec-WebSocket-Version': '13'}


def head(first='GET /echo HTTP/1.1', more=(), **fields):
    """Return a request: the good one, with other values for fields, None for none of it. Dashes
    are underscores here."""
    values = {**GOOD, **{name.replace('_', '-'): value for name, value in fields.items()}}
    lines = [f'{name}: {value}' for name, value in values.items() if value is not None]
    return '\r\n'.join([first, *lines, *more, '', '']).encode('latin-1')


@step
def accepts(run, request, chop=None, key=KEY, subprotocol=None):
    """The server answers with 101, and echoes."""
    run.end.send([run.program.retarget(request)], chop)
    run.program.check_response(key)
    seen = run.program.fields.get('sec-websocket-protocol')
    if seen != ([subprotocol] if subprotocol else None):
        raise AssertionError(f'Sec-WebSocket-Protocol: {seen}')
    if 'sec-websocket-extensions' in run.program.fields:
        raise AssertionError('an extension that nobody offered')
    echoes(text('hello'))(run)


@step
def refuses(run, request, *statuses, chop=None, fields=()):
    """The server answers with one of these, names fields, and ends TCP."""
    run.end.send([run.program.retarget(request)], chop)
    line, seen = parse_head(run.end.read_head(frames=False))
    if not any(line.startswith(f'HTTP/1.1 {status} ') for status in statuses):
        raise AssertionError(f'{line!r}, not one of {statuses}')
    for name, value in fields:
        if not has_token(seen, name, value):
            raise AssertionError(f'{name}: {seen.get(name)}, without {value!r}')
    body = run.end.read_rest()
    # RFC 9110 §9.3.2: the answer to HEAD has none.
    if int(only(seen, 'content-length')) * (not request.startswith(b'HEAD')) != len(body):
        raise AssertionError(f'Content-Length: {seen["content-length"]}, {len(body)} bytes came')
    run.over = True


@step
def gives_up(run, data, half=False):
    """The server ends TCP, with an error status or without a word; never with 101."""
    run.end.send([run.program.retarget(data)])
    if half:
        run.end.half_close()
    answer = run.end.read_rest()
    if answer and not answer.startswith(b'HTTP/1.1 4'):
        raise AssertionError(f'the answer is {answer[:100]!r}')
    run.over = True


@step
def unless_relayed(run, one, relayed):
    """Do a step, or, where a relay answers in place of the server, another."""
    (relayed if run.program.through else one)(run)


UPGRADE = ('upgrade', 'websocket')
THIRTEEN = ('sec-websocket-version', '13')


def requests_refused():
    """(name, rule, step) of what is no opening handshake."""
    yield 'no Upgrade', SERVER, refuses(head(Upgrade=None), 400, 426)
    yield 'Upgrade: h2c', SERVER, refuses(head(Upgrade='h2c'), 400, 426)
    yield 'Upgrade: websocket2', SERVER, refuses(head(Upgrade='websocket2'), 400, 426)
    yield '426 says what to upgrade to', 'RFC 9110 §15.5.22', \
        refuses(head('GET /echo HTTP/1.1', Upgrade=None, Connection=None), 426, fields=[UPGRADE])
    yield 'no Connection', SERVER, refuses(head(Connection=None), 400, 426)
    yield 'Connection: keep-alive', SERVER, refuses(head(Connection='keep-alive'), 400, 426)
    yield 'Connection: notUpgrade', SERVER, refuses(head(Connection='notUpgrade'), 400, 426)
    yield 'no version', SERVER, refuses(head(Sec_WebSocket_Version=None), 400, 426)
    for version in ('0', '8', '12', '14', '25', '1', '130', '13 14', 'x', ''):
        yield f'version "{version}"', VERSION, \
            refuses(head(Sec_WebSocket_Version=version), 400, 426, fields=[THIRTEEN])
    yield 'no key', SERVER, refuses(head(Sec_WebSocket_Key=None), 400)
    for key in ('', 'short', 'AAECAwQFBgcICQoLDA0ODw', 'AAECAwQFBgcICQoLDA0ODxA=',
                'AAECAwQFBgcICQoLDA0O!w==', 'A' * 5000):
        yield f'key "{key[:30]}", {len(key)} long', SERVER, \
            refuses(head(Sec_WebSocket_Key=key), 400)
    yield 'two keys', 'RFC 6455 §11.3.1', \
        refuses(head(more=[f'Sec-WebSocket-Key: {KEY}']), 400)
    yield 'two versions', 'RFC 6455 §11.3.5', \
        refuses(head(more=['Sec-WebSocket-Version: 13']), 400)
    yield 'no Host', SERVER, refuses(head(Host=None), 400)
    yield 'two Hosts', 'RFC 9112 §3.2', refuses(head(more=['Host: other']), 400)
    yield 'HTTP/1.0', SERVER, refuses(head('GET /echo HTTP/1.0'), 400, 426, 505)
    yield 'HTTP/2.0', SERVER, refuses(head('GET /echo HTTP/2.0'), 400, 426, 505)
    for method in ('POST', 'HEAD', 'PUT', 'OPTIONS', 'get'):
        yield method, SERVER, refuses(head(f'{method} /echo HTTP/1.1'), 400, 405, 501)
    yield '405 says what is allowed', 'RFC 9110 §15.5.6', \
        refuses(head('POST /echo HTTP/1.1'), 405, fields=[('allow', 'get')])
    yield 'another path', SERVER, refuses(head('GET /nowhere HTTP/1.1'), 404)
    yield 'no path', 'RFC 9112 §3', refuses(head('GET HTTP/1.1'), 400)
    yield 'two spaces', 'RFC 9112 §3', refuses(head('GET  /echo HTTP/1.1'), 400)
    yield 'a space before a colon', 'RFC 9112 §5.1', refuses(head(more=['X-Name : value']), 400)
    yield 'a field without a colon', 'RFC 9112 §5', refuses(head(more=['Nonsense']), 400)
    yield 'a continued line', 'RFC 9112 §5.2', refuses(head(more=['X-A: b', ' c']), 400)
    yield 'a NUL in a value', 'RFC 9110 §5.5', refuses(head(more=['X-A: b\0c']), 400)
    yield 'a field of 128 KiB', 'RFC 9110 §5.4', \
        gives_up(head(more=['X-Huge: ' + 'x' * (128 << 10)]))
    yield '5000 fields', 'RFC 9110 §5.4', \
        gives_up(head(more=[f'X-{i}: x' for i in range(5000)]))
    yield 'a head without an end, 1 MiB', 'RFC 9110 §5.4', gives_up(b'GET /echo HTTP/1.1\r\nX: '
                                                                    + b'x' * (1 << 20))
    yield 'a head that TCP ends', SERVER, gives_up(head()[:60], half=True)
    yield 'nothing', SERVER, gives_up(b'', half=True)
    yield 'no HTTP', SERVER, gives_up(b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n')


def requests_accepted():
    """(name, rule, step) of opening handshakes in all their forms."""
    yield 'as in the RFC', SERVER, accepts(head())
    yield 'in writes of 1', SERVER, accepts(head(), chop=1)
    yield 'in writes of 7', SERVER, accepts(head(), chop=7)
    yield 'its key', 'RFC 6455 §1.3', accepts(head(Sec_WebSocket_Key='dGhlIHNhbXBsZSBub25jZQ=='),
                                              key='dGhlIHNhbXBsZSBub25jZQ==')
    yield 'Upgrade: WebSocket', SERVER, accepts(head(Upgrade='WebSocket'))
    yield 'Upgrade: WEBSOCKET', SERVER, accepts(head(Upgrade='WEBSOCKET'))
    yield 'Upgrade: h2c, websocket', SERVER, accepts(head(Upgrade='h2c, websocket'))
    yield 'Connection: upgrade', SERVER, accepts(head(Connection='upgrade'))
    yield 'Connection: keep-alive, Upgrade', SERVER, accepts(head(Connection='keep-alive, Upgrade'))
    yield 'Connection: Upgrade,keep-alive', SERVER, accepts(head(Connection='Upgrade,keep-alive'))
    yield 'Connection in two fields', SERVER, \
        accepts(head(Connection='keep-alive', more=['Connection: Upgrade']))
    yield 'empty elements of a list', 'RFC 9110 §5.6.1', accepts(head(Connection=', ,Upgrade,,'))
    yield 'names of fields in capitals', SERVER, accepts(head().replace(
        b'Upgrade:', b'UPGRADE:').replace(b'Connection:', b'CONNECTION:').replace(
        b'Sec-WebSocket-Key:', b'SEC-WEBSOCKET-KEY:').replace(b'Host:', b'HOST:'))
    yield 'names of fields in small letters', SERVER, accepts(head().replace(
        b'Upgrade:', b'upgrade:').replace(b'Connection:', b'connection:').replace(
        b'Sec-WebSocket-Key:', b'sec-websocket-key:').replace(b'Host:', b'host:'))
    yield 'no space behind colons', 'RFC 9112 §5', accepts(head().replace(b': ', b':'))
    yield 'spaces and tabs around values', 'RFC 9112 §5', accepts(
        head().replace(b': ', b': \t ').replace(b'\r\nU', b' \t\r\nU'))
    # Pages of other sites may not use the relay where nobody has said so.
    request = head(more=['Origin: http://example.com', 'Cookie: a=b; c=d'])
    yield 'Origin and cookies', SERVER, unless_relayed(accepts(request), refuses(request, 403))
    yield 'a field of 20 KiB', SERVER, accepts(head(more=['X-Large: ' + 'x' * (20 << 10)]))
    yield '100 fields', SERVER, accepts(head(more=[f'X-{i}: x' for i in range(90)]))
    yield 'bytes beyond ASCII in a value', 'RFC 9110 §5.5', \
        accepts(head(more=['X-A: gr\xfc\xdfe']))
    yield 'an extension that nobody knows', 'RFC 6455 §9.1', \
        accepts(head(more=['Sec-WebSocket-Extensions: x-unknown; a=b, x-other']))
    yield 'extensions that are none', 'RFC 6455 §9.1', \
        accepts(head(more=['Sec-WebSocket-Extensions: ;;=,']))
    yield 'subprotocols, of which it need not choose', 'RFC 6455 §4.2.2', \
        accepts(head(more=['Sec-WebSocket-Protocol: chat, superchat']))
    yield 'a query', SERVER, accepts(head('GET /echo?a=b&c=d HTTP/1.1'))
    yield 'Origin of this machine', SERVER, accepts(head(more=['Origin: http://localhost:3000']))


# ---- the client ----

def lines(key, status='HTTP/1.1 101 Switching Protocols', more=(), **fields):
    """Return a response: the good one, with other values."""
    values = {'Upgrade': 'websocket', 'Connection': 'Upgrade',
              'Sec-WebSocket-Accept': accept_key(key),
              **{name.replace('_', '-'): value for name, value in fields.items()}}
    rows = [f'{name}: {value}' for name, value in values.items() if value is not None]
    return '\r\n'.join([status, *rows, *more, '', '']).encode('latin-1')


@step
def answers(run, make, chop=None, more=b'', check=None):
    """Answer the client's request; the connection is open."""
    key = run.program.accept()
    if check:
        check(run.program)
    run.program.end.send([make(key) + more], chop)
    run.end = run.program.end
    # An offer that is not taken up leaves frames as they are.
    echoes(text('hello'))(run)


@step
def is_refused(run, make, status=(REFUSED,), then=b'', ends=False):
    """The client takes the answer for none: it ends TCP without a frame and exits with 3.

    ends: TCP ends behind it, since what is there could go on.
    """
    key = run.program.accept()
    run.program.end.send([make(key), then])
    if ends:
        run.program.end.half_close()
    rest = run.program.end.read_rest()
    if rest:
        raise AssertionError(f'the client wrote {rest!r}')
    run.program.process.wait(AT_ONCE * 4)
    if run.program.process.returncode not in status:
        raise AssertionError(f'exit status {run.program.process.returncode}, not {status}')
    run.end, run.over = run.program.end, True


def response(status='HTTP/1.1 101 Switching Protocols', more=(), **fields):
    """Return a function of the key: a response."""
    return lambda key: lines(key, status, more, **fields)


def responses_refused():
    """(name, rule, step, arguments) of answers with which a client must not go on."""
    fields = {
        'no Sec-WebSocket-Accept': {'Sec_WebSocket_Accept': None},
        'Sec-WebSocket-Accept of another key': {'Sec_WebSocket_Accept': accept_key(KEY)},
        'empty Sec-WebSocket-Accept': {'Sec_WebSocket_Accept': ''},
        'no Upgrade': {'Upgrade': None},
        'Upgrade: h2c': {'Upgrade': 'h2c'},
        'Upgrade: web socket': {'Upgrade': 'web socket'},
        'no Connection': {'Connection': None},
        'Connection: keep-alive': {'Connection': 'keep-alive'},
        'Connection: close': {'Connection': 'close'},
        'a subprotocol that nobody asked for': {'Sec_WebSocket_Protocol': 'chat'},
        'an extension that nobody offered': {'Sec_WebSocket_Extensions': 'x-unknown'},
        'an extension of which only a part is known': {
            'Sec_WebSocket_Extensions': 'permessage-bzip2'},
        'extensions that are none': {'Sec_WebSocket_Extensions': ';;'},
    }
    for name, values in fields.items():
        yield name, CLIENT, is_refused(response(**values)), ()
    yield 'Sec-WebSocket-Accept in other case', CLIENT, \
        is_refused(lambda key: lines(key, Sec_WebSocket_Accept=accept_key(key).swapcase())), ()
    yield 'Sec-WebSocket-Accept is the key', CLIENT, \
        is_refused(lambda key: lines(key, Sec_WebSocket_Accept=key)), ()
    yield 'Sec-WebSocket-Accept cut short', CLIENT, \
        is_refused(lambda key: lines(key, Sec_WebSocket_Accept=accept_key(key)[:-1])), ()
    yield 'Sec-WebSocket-Accept of the nonce', CLIENT, is_refused(lambda key: lines(
        key, Sec_WebSocket_Accept=accept_key(base64.b64decode(key).hex()))), ()
    yield 'another subprotocol than asked for', CLIENT, \
        is_refused(response(Sec_WebSocket_Protocol='other')), ('--subprotocol', 'chat')
    yield 'a subprotocol in other case', CLIENT, \
        is_refused(response(Sec_WebSocket_Protocol='CHAT')), ('--subprotocol', 'chat')
    yield 'two subprotocols', 'RFC 6455 §4.2.2', \
        is_refused(response(Sec_WebSocket_Protocol='chat, more')), \
        ('--subprotocol', 'chat', '--subprotocol', 'more')
    body = ['Content-Length: 0']
    for status in ('200 OK', '204 No Content', '301 Moved', '302 Found', '400 Bad Request',
                   '401 Unauthorized', '403 Forbidden', '404 Not Found', '426 Upgrade Required',
                   '500 Internal Server Error', '503 Service Unavailable'):
        yield status, CLIENT, is_refused(response(f'HTTP/1.1 {status}', more=body)), ()
    yield '401 with a body', CLIENT, is_refused(
        lambda key: b'HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\nnever'), ()
    yield '404 whose body TCP ends', CLIENT, is_refused(
        lambda key: b'HTTP/1.1 404 No\r\n\r\nnever', ends=True), ()
    yield '100 and nothing behind', 'RFC 9110 §15.2', is_refused(
        lambda key: b'HTTP/1.1 100 Continue\r\n\r\n', status=(2, 3), ends=True), ()
    yield '102 with the fields of 101', CLIENT, is_refused(
        response('HTTP/1.1 102 Processing'), status=(2, 3), ends=True), ()
    yield 'HTTP/1.0 101', CLIENT, is_refused(response('HTTP/1.0 101 Switching Protocols')), ()
    yield 'HTTP/2.0 101', CLIENT, is_refused(response('HTTP/2.0 101 Switching Protocols')), ()
    yield '1011', CLIENT, is_refused(response('HTTP/1.1 1011 Switching Protocols')), ()
    yield '+101', CLIENT, is_refused(response('HTTP/1.1 +101 Switching Protocols')), ()
    yield 'no HTTP', CLIENT, is_refused(lambda key: b'SSH-2.0-OpenSSH_9.2\r\n\r\n'), ()
    yield 'no HTTP that does not end', CLIENT, is_refused(
        lambda key: b'SSH-2.0-OpenSSH_9.2\r\n', status=(2, 3), ends=True), ()
    yield 'a frame in place of a head', CLIENT, is_refused(
        lambda key: b'\x81\x05hello', status=(2, 3), ends=True), ()
    yield 'nothing', CLIENT, is_refused(lambda key: b'', status=(2, 3), ends=True), ()
    yield 'half a head', CLIENT, is_refused(
        lambda key: lines(key)[:50], status=(2, 3), ends=True), ()
    yield 'a head of 1 MiB', CLIENT, is_refused(response(more=['X-Huge: ' + 'x' * (1 << 20)])), ()
    yield 'a head without an end, 1 MiB', CLIENT, is_refused(
        lambda key: b'HTTP/1.1 101 Switching Protocols\r\nX-Huge: ' + b'x' * (1 << 20)), ()
    yield 'interim responses without end', 'RFC 9110 §15.2', is_refused(
        lambda key: b'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' * 20000), ()
    yield '5000 fields', CLIENT, is_refused(response(more=[f'X-{i}: x' for i in range(5000)])), ()
    yield 'a field without a colon', 'RFC 9112 §5', is_refused(response(more=['Nonsense'])), ()
    yield 'a wrong answer, and frames behind', CLIENT, \
        is_refused(response(Upgrade=None), then=text('hello')), ()


def responses_accepted():
    """(name, rule, step, arguments) of answers in all their forms."""
    yield 'as in the RFC', CLIENT, answers(response()), ()
    yield 'in writes of 1', CLIENT, answers(response(), chop=1), ()
    yield 'in writes of 7', CLIENT, answers(response(), chop=7), ()
    yield 'Upgrade: WebSocket', CLIENT, answers(response(Upgrade='WebSocket')), ()
    yield 'Connection: upgrade', CLIENT, answers(response(Connection='upgrade')), ()
    yield 'Connection: keep-alive, Upgrade', CLIENT, \
        answers(response(Connection='keep-alive, Upgrade')), ()
    yield 'Connection in two fields', CLIENT, \
        answers(response(Connection='keep-alive', more=['Connection: Upgrade'])), ()
    yield 'names of fields in capitals', CLIENT, answers(lambda key: lines(key).replace(
        b'Upgrade:', b'UPGRADE:').replace(b'Sec-WebSocket-Accept:', b'SEC-WEBSOCKET-ACCEPT:')), ()
    yield 'no space behind colons', 'RFC 9112 §5', \
        answers(lambda key: lines(key).replace(b': ', b':')), ()
    yield 'spaces and tabs around values', 'RFC 9112 §5', answers(
        lambda key: lines(key).replace(b': ', b': \t ').replace(b'\r\nS', b' \t\r\nS')), ()
    yield 'no reason phrase', 'RFC 9112 §4', answers(response('HTTP/1.1 101 ')), ()
    yield 'another reason phrase', 'RFC 9112 §4', answers(response('HTTP/1.1 101 Web Socket')), ()
    yield 'an empty list of extensions', 'RFC 6455 §9.1', \
        answers(response(more=['X-Other: a', 'Server: none'])), ()
    yield '100 fields', CLIENT, answers(response(more=[f'X-{i}: x' for i in range(90)])), ()
    yield 'a subprotocol that was asked for', CLIENT, \
        answers(response(Sec_WebSocket_Protocol='chat'), check=asks_for('more, chat')), \
        ('--subprotocol', 'more', '--subprotocol', 'chat')
    yield 'none of the subprotocols', CLIENT, answers(response()), ('--subprotocol', 'chat')
    yield 'an interim response before it', 'RFC 9110 §15.2', answers(
        lambda key: b'HTTP/1.1 100 Continue\r\n\r\n' + lines(key)), ()
    yield 'two interim responses with fields before it', 'RFC 9110 §15.2', answers(
        lambda key: b'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' * 2 + lines(key)), ()
    yield 'a frame in the same write', CLIENT, with_frames(None), ()
    yield 'a frame in the same writes of 1', CLIENT, with_frames(1), ()
    yield 'the request', CLIENT, answers(response(), check=asks), ()
    yield 'Origin', CLIENT, answers(response(), check=has('origin', 'http://example.com')), \
        ('--origin', 'http://example.com')
    yield 'a header', CLIENT, answers(response(), check=has('x-mine', 'yes: really')), \
        ('-H', 'X-Mine: yes: really')


@step
def with_frames(run, chop):
    """Frames right behind the response, in the same read."""
    key = run.program.accept()
    run.end = run.program.end
    run.end.send([lines(key), ping(b'early'), text('too')], chop)
    seen = sorted((run.end.next().kind, run.end.next().kind))
    if seen != ['pong', 'text']:
        raise AssertionError(f'{seen} came')
    syncs()(run)


def asks(program):
    """The request as such: its target, nothing that was not asked for, and a key of its own."""
    if program.line != 'GET /path?query=1 HTTP/1.1':
        raise AssertionError(program.line)
    if only(program.fields, 'host') != f'127.0.0.1:{program.port}':
        raise AssertionError(f'Host: {program.fields["host"]}')
    for name in ('origin', 'sec-websocket-protocol', 'cookie', 'authorization'):
        if name in program.fields:
            raise AssertionError(f'{name}: {program.fields[name]}')
    key = check_request(program.line, program.fields)
    if len(base64.b64decode(key)) != 16:
        raise AssertionError(f'Sec-WebSocket-Key: {key}')


def asks_for(subprotocols):
    """The request has these subprotocols, in this order."""
    return has('sec-websocket-protocol', subprotocols)


def has(name, value):
    """The request has this field once."""
    def check(program):
        if only(program.fields, name) != value:
            raise AssertionError(f'{name}: {program.fields[name]}')
    return check


def not_yet(run):
    """The case's step opens the connection itself."""
    return run.program.end


def cases():
    """All of them."""
    for group, rows in ((1, requests_accepted()), (2, requests_refused())):
        for number, (name, rule, one) in enumerate(rows, 1):
            yield Case(f'8.{group}.{number}', f'request, {name}', rule, [one],
                       programs=(Visit.name,), connect=not_yet)
    for group, rows in ((3, responses_accepted()), (4, responses_refused())):
        for number, (name, rule, one, args) in enumerate(rows, 1):
            # 'closes' comes by itself where the connection is open.
            yield Case(f'8.{group}.{number}', f'response, {name}', rule, [one],
                       programs=('client',), args=args, connect=not_yet)

