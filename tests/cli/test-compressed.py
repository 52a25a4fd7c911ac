#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli show of compressed messages, of how a closing went, and of texts that hide."""

import base64
import json
import subprocess
import sys
import zlib

sys.dont_write_bytecode = True
from support import cli, ends, equal, events, folder, main     # noqa: E402


def deflate(*texts):
    """Return what each fragment of a message is on the wire (RFC 7692, section 7.2.1)."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts = [deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH) for text in texts]
    return parts[:-1] + [parts[-1][:-4]]


class Lines:
    """Events as --json prints them."""

    def __init__(self):
        self.events = []

    def add(self, event, **members):
        """Add an event; what it does not say has its usual value."""
        number = len(self.events)
        self.events.append({'number': number, 'time': f'2026-01-01T00:00:00.{number:06}Z',
                            'connection': 1, 'event': event, **members})

    def message(self, wires, texts, kind='text', worth=None, **last):
        """Add a message of compressed frames; texts: what each inflates to, or None."""
        first = len(self.events)
        size = 0
        for i, (wire, text) in enumerate(zip(wires, texts)):
            is_last = i == len(wires) - 1
            size += len(wire)
            byte = (0x80 if is_last else 0) | (0x40 | (1 if kind == 'text' else 2) if i == 0 else 0)
            members = {'direction': 'received', 'type': kind,
                       'header': f'{byte:02x}{len(wire):02x}', 'message': 1,
                       'message_size': size, 'frames': i + 1,
                       'base64': base64.b64encode(wire).decode()}
            if text is not None:
                members['inflated_base64'] = base64.b64encode(text).decode()
            if is_last:
                members.update(last, row=True, first=first)
                if worth is not None:
                    members['message_inflated_size'] = worth
            self.add('frame', **members)

    def write(self, path):
        """Write them to path and return it."""
        path.write_text(''.join(json.dumps(event) + '\n' for event in self.events),
                        encoding='utf-8')
        return path


ONE = b'hello compressed world ' * 20
PARTS = [b'{"a":', b'', b'[1,2,3]}']


def make(where):
    """A whole message, one in fragments, a binary one, and one that is corrupt."""
    lines = Lines()
    lines.message(deflate(ONE), [ONE], worth=len(ONE))
    lines.message(deflate(*PARTS), PARTS, worth=13)
    lines.message(deflate(bytes(50)), [bytes(50)], kind='binary', worth=50)
    lines.message([b'\x07ab', b'cd'], [b'begun', None],
                  findings=[{'id': 'deflate-corrupt', 'offset': 0}])
    return lines.write(where / 'lines')


def test_messages():
    """Messages are printed as what they are worth; a corrupt one is none."""
    with folder() as where:
        ends(cli('show', make(where)), 0,
             b'< ' + ONE + b'\n< {"a":[1,2,3]}\n< hex:' + bytes(50).hex().encode() + b'\n')


def test_frames():
    """Frames have both sizes and what they are worth; a corrupt one its bytes."""
    wires = deflate(ONE) + deflate(*PARTS) + deflate(bytes(50))
    with folder() as where:
        result = cli('show', '--frames', make(where))
        ends(result, 0)
        equal(result.stdout.decode().splitlines(), [
            f'< text fin=1 rsv=100 opcode=1 mask=- length={len(wires[0])} inflated={len(ONE)} '
            f'"{ONE[:64].decode()}"…',
            f'< text fin=0 rsv=100 opcode=1 mask=- length={len(wires[1])} inflated=5 "{{\\"a\\":"',
            f'< text fin=0 rsv=000 opcode=0 mask=- length={len(wires[2])} inflated=0 ""',
            f'< text fin=1 rsv=000 opcode=0 mask=- length={len(wires[3])} inflated=8 "[1,2,3]}}"',
            f'< binary fin=1 rsv=100 opcode=2 mask=- length={len(wires[4])} inflated=50 '
            f'hex:{bytes(50).hex()}',
            '< text fin=0 rsv=100 opcode=1 mask=- length=3 inflated=5 "begun"',
            '< text fin=1 rsv=000 opcode=0 mask=- length=2 inflated=- hex:6364 '
            '!deflate-corrupt@0'])


def test_json():
    """JSON has both payloads and both sizes, and is read as the same again."""
    with folder() as where:
        result = cli('show', '--json', make(where))
        ends(result, 0)
        seen = events(result.stdout)
        wires = deflate(*PARTS)
        equal((seen[0]['inflated_text'], seen[0]['inflated_length'], seen[0]['length'],
               seen[0]['message_size'], seen[0]['message_inflated_size']),
              (ONE.decode(), len(ONE), len(deflate(ONE)[0]), len(deflate(ONE)[0]), len(ONE)))
        for event, wire, part in zip(seen[1:], wires, PARTS):
            equal((base64.b64decode(event['base64']), event['inflated_text']),
                  (wire, part.decode()))
        equal((seen[2]['inflated_length'], 'message_inflated_size' in seen[2],
               seen[3]['message_inflated_size']), (0, False, 13))
        assert 'inflated_length' not in seen[6], seen[6]
        again = where / 'again'
        again.write_bytes(result.stdout)
        ends(cli('show', '--json', again), 0, result.stdout)


def test_filter():
    """A filter looks at what a message is worth, and at what it took."""
    with folder() as where:
        path = make(where)
        for expression, expected in (('"compressed world"', b'< ' + ONE + b'\n'),
                                     ('$.a[1] == 2', b'< {"a":[1,2,3]}\n'),
                                     ('compressed and size == 13', b'< {"a":[1,2,3]}\n'),
                                     ('not compressed', b''),
                                     (f'size == {len(ONE)} and wire-size < 100',
                                      b'< ' + ONE + b'\n')):
            ends(cli('show', '--filter', expression, path), 0, expected)
        result = cli('show', '--frames', '--filter', 'finding == deflate-corrupt', path)
        equal([line.split(b' inflated=')[1][:1] for line in result.stdout.splitlines()],
              [b'5', b'-'])


def test_not_inflated():
    """A message that was not inflated and is not said to be wrong is not lost in silence."""
    for wires in (deflate(b'text'), deflate(b'te', b'xt')):
        lines = Lines()
        lines.message(wires, [None] * len(wires))
        with folder() as where:
            ends(cli('show', lines.write(where / 'lines')), 1, b'', 'was not inflated')


def test_closed():
    """A closing says who began it, how long it took, and what this end said."""
    lines = Lines()
    lines.add('closed', row=True, first=0, code=1000, by_peer=True, duration_us=1234, text='bye')
    lines.add('closed', row=True, first=1, code=1001, duration_us=5, text='')
    lines.add('closed', row=True, first=2, code=1006, by_peer=True, text='')
    lines.add('closed', row=True, first=3, code=1000, duration_us=5, sent_code=1008,
              sent_reason='no "more"', text='bye')
    lines.add('closed', row=True, first=4, code=1006, duration_us=5, sent_code=1005,
              sent_reason='', text='')
    with folder() as where:
        path = lines.write(where / 'lines')
        ends(cli('show', '--frames', path), 0,
             b'* closed code=1000 by=peer duration_us=1234 "bye"\n'
             b'* closed code=1001 by=us duration_us=5 ""\n* closed code=1006 by=peer ""\n'
             b'* closed code=1000 by=us duration_us=5 "bye" sent=1008 "no \\"more\\""\n'
             b'* closed code=1006 by=us duration_us=5 "" sent=1005 ""\n')
        seen = events(cli('show', '--json', path).stdout)
        names = 'code', 'by_peer', 'duration_us', 'sent_code', 'sent_reason'
        equal([tuple(map(event.get, names)) for event in seen],
              [(1000, True, 1234, None, None), (1001, None, 5, None, None),
               (1006, True, None, None, None), (1000, None, 5, 1008, 'no "more"'),
               (1006, None, 5, 1005, '')])
        equal(cli('show', '--json', '--filter', 'code == 1008', path).stdout.count(b'\n'), 1)


UNSAFE = 'a\u202eb\u2069c\u009bd\x1be\x7ff €'
SPELLED = 'a\\u202eb\\u2069c\\u009bd\\x1be\\x7ff €'


def test_unsafe():
    """What hides or turns text around is spelled out, and on a pipe a message is what it is."""
    lines = Lines()
    lines.add('frame', direction='received', type='text', header='8113', message=1, frames=1,
              message_size=19, row=True, first=0, text=UNSAFE)
    with folder() as where:
        path = lines.write(where / 'lines')
        ends(cli('show', path), 0, f'< {UNSAFE}\n'.encode())
        shown = subprocess.run(['script', '-qec', f'{sys.argv[1]} show {path}', '/dev/null'],
                               capture_output=True, check=True, timeout=20).stdout.decode()
        equal(shown.split('\r\n')[0], f'< {SPELLED}')
        as_json = SPELLED.replace('\\x', '\\u00')
        for args in (('--frames',), ('--json',)):
            result = cli('show', *args, path)
            assert f'"{as_json}"'.encode() in result.stdout, result.stdout
        equal(events(result.stdout)[0]['text'], UNSAFE)


if __name__ == '__main__':
    main(globals())
