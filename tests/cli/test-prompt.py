#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""duplex-cli connect on a terminal: prompt, editing, history, commands."""

import signal
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from support import DEADLINE, demo_server, equal, folder, main, raw_server     # noqa: E402
from terminal import EOT, LEFT, RUBOUT, UP, terminal     # noqa: E402

def test_talk():
    """A line is sent, and the answer printed; Ctrl+D ends it with status 0."""
    with demo_server() as url, terminal(f'{url}/echo') as person:
        person.expect(b'Connected')
        person.expect(b'> ')
        person.type(b'hello\r')
        person.expect(b'< hello')
        person.expect(b'> ')
        person.type(EOT)
        assert b'closed with 1000' in person.end(0)


def test_editing():
    """The line can be edited, and the last one called back."""
    with demo_server() as url, terminal(f'{url}/echo') as person:
        person.expect(b'Connected')
        person.type(b'wrld' + LEFT * 3 + b'o\r')
        person.expect(b'< world')
        person.type(UP + RUBOUT * 2 + b'k\r')
        person.expect(b'< work')
        person.type(EOT)
        person.end(0)


def test_typing_is_kept():
    """What arrives while a line is typed stands above it, and the line is sent whole."""
    lines = []

    def script(peer):
        peer.upgrade()
        first, payload = peer.read_frame()
        equal((first, payload), (0x81, b'go'))
        peer.frame(0x81, b'interrupting')
        lines.append(peer.read_frame())
        peer.finish()

    with raw_server(script) as host, terminal(f'ws://{host}/') as person:
        person.expect(b'Connected')
        person.type(b'go\rhalf a li')
        person.expect(b'< interrupting')
        person.expect(b'> half a li')
        person.type(b'ne\r')
        person.end(0)
    equal(lines, [(0x81, b'half a line')])


def test_commands():
    """/ping, /binary, //, /help, and what is no command."""
    frames = []

    def script(peer):
        peer.upgrade()
        for _ in range(5):
            frames.append(peer.read_frame())
            if frames[-1][0] == 0x89:
                peer.frame(0x8a, frames[-1][1])
        peer.read_close()
        peer.frame(0x88, struct.pack('!H', 1000))

    with raw_server(script) as host, terminal(f'ws://{host}/') as person:
        person.expect(b'Connected')
        person.type(b'/help\r')
        for command in (b'/ping', b'/pong', b'/close', b'/binary', b'/split', b'/frame', b'/file',
                        b'/binfile', b'/cancel', b'/quit', b'/help'):
            person.expect(b'* ' + command)
        person.type(b'/ping\r')
        person.expect(b'* pong')
        person.type(b'/ping are you there\r')
        person.expect(b'* pong after ')
        person.expect(b' ms: "are you there"')
        person.type(b'/binary 00 ff\r')
        person.type(b'//slash\r')
        person.type(b'/binary 0\r')
        person.expect(b'hexadecimal')
        person.type(b'/nonsense\r')
        person.expect(b'no command')
        person.type(b'/close 99\r')
        person.expect(b'99 is no close code')
        person.type(b'/close nine\r')
        person.expect(b'* ')
        person.type(b'last\r')
        person.type(b'/quit\r')
        person.end(0)
    equal(frames[1:], [(0x89, b'are you there'), (0x82, b'\x00\xff'), (0x81, b'/slash'),
                       (0x81, b'last')])
    equal((frames[0][0], len(frames[0][1])), (0x89, 8))


def test_pong():
    """/pong TEXT, and with --no-pong the answer to the ping that was shown."""
    frames = []

    def script(peer):
        peer.upgrade()
        frames.append(peer.read_frame())
        peer.frame(0x89, b'first')
        peer.frame(0x89, b'who is \x1b[1mthere\xff')
        frames.append(peer.read_frame())
        peer.frame(0x89, 'zwölf'.encode())
        frames.append(peer.read_frame())
        peer.finish()

    with raw_server(script) as host, terminal(f'ws://{host}/', '--no-pong') as person:
        person.expect(b'Connected')
        person.type(b'/pong nobody asked\r')
        person.expect(b'* ping from the server: "first"')
        person.expect(b'* ping from the server: hex:77686f20')
        person.type(b'/pong\r')
        person.expect('* ping from the server: "zwölf"'.encode())
        person.type(b'/pong ' + b'x' * 126 + b'\r')
        person.expect(b'a control frame has room for 125')
        person.type(b'/pong\r')
        person.end(0)
    equal(frames, [(0x8a, b'nobody asked'), (0x8a, b'who is \x1b[1mthere\xff'),
                   (0x8a, 'zwölf'.encode())])


def test_pings_are_answered():
    """Without --no-pong a ping is answered, and nobody is told."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x89, b'you')
        equal(peer.read_frame(), (0x8a, b'you'))
        peer.finish()

    with raw_server(script) as host, terminal(f'ws://{host}/') as person:
        assert b'ping from' not in person.end(0)


def test_split():
    """/split cuts a message where it says; what it cannot cut is said."""
    frames = []

    def script(peer):
        peer.upgrade()
        frames.extend(peer.read_frame() for _ in range(9))
        peer.finish()

    def say(args, first, wrong, then):
        with terminal(f'ws://{host}/', '--no-deflate', *args) as person:
            person.expect(b'Connected')
            for line in first:
                person.type(line + b'\r')
            for line, said in wrong:
                person.type(line + b'\r')
                person.expect(said)
            person.type(then + b'\r')
            person.end(0)

    with raw_server(script, connections=2) as host:
        say((), (b'/split 2,2,5 hello world', b'/split 0  x', '/split 1 ä'.encode()),
            ((b'/split 3,2 hello', '“2” comes after a larger'.encode()),
             (b'/split', '“” is no offset'.encode()),
             (b'/split x hello', '“x” is no offset'.encode()),
             (b'/split 6 hello', b'6 is behind the end of the message, which has 5 bytes')),
            b'last')
        equal(frames, [(0x01, b'he'), (0x00, b''), (0x00, b'llo'), (0x80, b' world'),
                       (0x01, b''), (0x80, b' x'), (0x01, b'\xc3'), (0x80, b'\xa4'),
                       (0x81, b'last')])
        frames.clear()
        say(('--binary',), (b'/split 1 000102',) + (b'ff',) * 6,
            ((b'/split 1 0', b'hexadecimal'),), b'ee')
    equal(frames[:2] + frames[-1:], [(0x02, b'\0'), (0x80, b'\1\2'), (0x82, b'\xee')])


def test_frame():
    """/frame sends what the RFC allows, bit for bit, and with deliberate what it does not."""
    data = []

    def script(peer):
        peer.upgrade()
        data.append(peer.read(7 + 10 + 6 + 7))
        data.append(peer.read(4 + 2 + 12 + 8))
        peer.read(1)      # the first byte of what stops half-way

    with raw_server(script) as host, terminal(f'ws://{host}/', '--no-deflate') as person:
        person.expect(b'Connected')
        person.type(b'/frame text nofin mask=00000000 a\r')
        person.type(b'/frame 9 mask=11223344 ping\r')
        person.type(b'/frame continuation nofin mask=00000000\r')
        person.type(b'/frame 0 mask=00000000 hex:62\r')
        # What is against the RFC is refused with its reason, and how it is sent all the same.
        for line, said in ((b'3', b'opcode is reserved'), (b'text rsv2 x', b'reserved bit'),
                           (b'text mask=none x', b'must mask every frame'),
                           (b'ping nofin x', b'lacks the FIN bit'),
                           (b'continuation x', b'no fragmented message'),
                           (b'text len=16 x', b'takes more bytes than it needs'),
                           (b'text hex:ff', b'not valid UTF-8'),
                           (b'close hex:03ed', b'close code must not be sent'),
                           (b'text length=9 x', b'stops half-way'),
                           (b'text stop=1 x', b'stops half-way'),
                           (b'ping ' + b'x' * 126, b'125 bytes at most')):
            person.type(b'/frame ' + line + b'\r')
            person.expect(b'* not sent: ')
            person.expect(said)
            person.expect(b'/frame deliberate ' + line[:6])
        # What is no frame is not, whoever asks.
        for line, said in ((b'', b'which opcode?'), (b'sixteen', '“sixteen”'.encode()),
                           (b'! text mask=1', '“mask=1”'.encode()),
                           (b'! text len=7 length=200', b'does not fit 7 bits'),
                           (b'! text hex:zz', b'hexadecimal')):
            person.type(b'/frame ' + line + b'\r')
            person.expect(said)
        person.type(b'/help frame\r')
        person.expect(b'mask=none|random|XXXXXXXX')
        person.expect(b'stop=N')
        person.type(b'/frame deliberate text rsv3 mask=none hi\r')
        person.expect(b'> text fin=1 rsv=001 opcode=1 mask=- length=2 deliberate "hi" '
                      b'!reserved-bit@0 !unmasked-client-frame@1')
        person.type(b'/frame ! 11 mask=none\r')
        person.expect(b'> reserved 0xb fin=1 rsv=000 opcode=b mask=- length=0 deliberate ')
        person.type(b'/frame ! binary mask=none len=64 hex:00ff\r')
        person.expect(b'!length-not-minimal@')
        person.type(b'/frame ! text mask=00000000 length=70000 cut\r')
        person.type(b'/frame ! binary stop=1\r')
        person.end(5)
    equal(data, [b'\x01\x81\0\0\0\0a' + b'\x89\x84\x11\x22\x33\x44' +
                 bytes(a ^ b for a, b in zip(b'ping', b'\x11\x22\x33\x44')) +
                 b'\x00\x80\0\0\0\0' + b'\x80\x81\0\0\0\0b',
                 b'\x91\x02hi' + b'\x8b\x00' + b'\x82\x7f' + b'\0' * 7 + b'\2\0\xff' +
                 b'\x81\xff\0\0\0\0\0\1'])


def test_frame_in_frames():
    """With --frames a frame of /frame is there once, and marked where it was deliberate."""
    def script(peer):
        peer.upgrade()
        equal(peer.read_frame(), (0x81, b'fine'))
        peer.read(4)
        peer.finish()

    with raw_server(script) as host, \
            terminal(f'ws://{host}/', '--frames', '--no-deflate') as person:
        person.expect(b'Connected')
        person.type(b'/frame text fine\r')
        person.expect(b' length=4 "fine"')
        person.type(b'/frame ! ping mask=none no\r')
        person.expect(b' length=2 deliberate hex:6e6f !unmasked-client-frame@')
        shown = person.end(0)
    equal(shown.count(b'> ping fin=1 '), 1)


def test_frame_after_close():
    """A deliberate frame leaves also behind a Close."""
    seen = []

    def script(peer):
        peer.upgrade()
        equal(peer.read_close(), struct.pack('!H', 1000))
        seen.append(peer.read_frame())
        peer.frame(0x88, struct.pack('!H', 1000))

    with raw_server(script) as host, terminal(f'ws://{host}/', '--close-timeout', DEADLINE) \
            as person:
        person.expect(b'Connected')
        person.type(b'/close\r')
        person.type(b'/frame text late\r')
        person.expect(b'no open connection')
        person.type(b'/frame ! text late\r')
        person.expect(b'!data-after-close@')
        person.end(0)
    equal(seen, [(0x81, b'late')])


def test_file():
    """/file and /binfile send a file, say how far it is, and that it was sent or cannot be."""
    seen, go_on = [], threading.Event()

    def script(peer):
        peer.upgrade()
        for _ in range(3):
            seen.append(peer.read_frame())
        assert go_on.wait(DEADLINE)
        while seen[-1][0] < 0x80:
            seen[-1] = peer.read_frame()
        seen.append(peer.read_frame())
        peer.finish()

    with folder() as where, raw_server(script) as host:
        (where / 'a file').write_bytes('zwölf\n'.encode())
        (where / 'bytes').write_bytes(b'\xff')
        with open(where / 'large', 'wb') as file:
            file.truncate(64 << 20)
        with terminal(f'ws://{host}/', '--no-deflate', env={'HOME': str(where)}) as person:
            person.expect(b'Connected')
            person.type(f'/file {where}/a file\r'.encode())
            person.expect(b'* a file: 7 bytes of 7 bytes, 100 %, ')
            person.type(b'/cancel\r')
            person.expect(b'no file is being sent')
            person.type(b'/binfile ~/bytes\r')
            person.expect(b'* bytes: ')
            person.type(b'/file ~/bytes\r')
            person.expect(b'bytes: The file is not UTF-8: byte 0xff at 0')
            person.type(b'/file ~/none\r')
            person.expect(b'none: No such file')
            person.type(b'/file\r')
            person.expect(b'which file?')
            person.type(b'/binfile ~/large\r')
            person.expect(b' %] > ')
            person.type(b'/file ~/large\r')
            person.expect(b'still being sent')
            person.type(b'behind it\r')
            person.type(b'/cancel\r')
            person.expect(b'large: cancelled after ')
            person.expect(b'> ')
            go_on.set()
            person.end(0)
    equal(seen[:3] + seen[-1:], [(0x81, 'zwölf\n'.encode()), (0x82, b'\xff'), seen[2],
                                 (0x81, b'behind it')])
    equal(seen[2][0], 0x80)


def test_interrupted_file():
    """Ctrl+C while a file is sent: it is cancelled, said, and the end comes in order."""
    def script(peer):
        peer.upgrade()
        first, _payload = peer.read_frame()
        equal(first, 0x02)
        begun.set()
        while first != 0x88:
            first, _payload = peer.read_frame()
        peer.frame(0x88, struct.pack('!H', 1000))

    begun = threading.Event()
    with folder() as where, raw_server(script) as host:
        with open(where / 'large', 'wb') as file:
            file.truncate(64 << 20)
        with terminal(f'ws://{host}/', '--no-deflate') as person:
            person.expect(b'Connected')
            person.type(f'/binfile {where}/large\r'.encode())
            assert begun.wait(DEADLINE)
            person.process.send_signal(signal.SIGINT)
            assert b'large: cancelled after ' in person.end(0)


def test_close():
    """/close CODE REASON is what the server gets, and its answer the status."""
    closes = []

    def script(peer):
        peer.upgrade()
        closes.append(peer.read_close())
        peer.frame(0x88, closes[-1])

    with raw_server(script, connections=2) as host:
        with terminal(f'ws://{host}/') as person:
            person.expect(b'Connected')
            person.type(b'/close 3000 so long, and thanks\r')
            assert b'closed with 3000' in person.end(5)
        with terminal(f'ws://{host}/') as person:
            person.expect(b'Connected')
            person.type(b'/close\r')
            person.end(0)
    equal(closes, [struct.pack('!H', 3000) + b'so long, and thanks', struct.pack('!H', 1000)])


def test_server_closes():
    """The server's Close ends it in the middle of a line, and the terminal is as it was."""
    def script(peer):
        peer.upgrade()
        peer.read_frame()
        peer.finish(1001)

    with raw_server(script) as host, terminal(f'ws://{host}/') as person:
        before = subprocess.run(['stty', '-g'], stdin=person.fd, capture_output=True,
                                check=True).stdout
        person.expect(b'Connected')
        person.type(b'bye\rhalf a li')
        # Read before the end: nobody else has the terminal open then.
        while b'closed with 1001' not in person.seen:
            person.read(time.monotonic() + DEADLINE)
        after = subprocess.run(['stty', '-g'], stdin=person.fd, capture_output=True,
                               check=False).stdout
        person.end(0)
    assert after in (b'', before), (before, after)


def test_interrupt():
    """Ctrl+C closes in order."""
    with demo_server() as url, terminal(f'{url}/echo') as person:
        person.expect(b'Connected')
        person.type(b'half a li')
        person.process.send_signal(signal.SIGINT)
        assert b'closed with 1000' in person.end(0)


def test_no_commands_of_the_peer():
    """A message cannot move the cursor or colour the screen."""
    def script(peer):
        peer.upgrade()
        peer.frame(0x81, b'\x1b[31mred\x07\xc2\x9b1m')
        peer.finish()

    with raw_server(script) as host, terminal(f'ws://{host}/') as person:
        person.expect(rb'< \x1b[31mred\x07\u009b1m')
        person.end(0)


if __name__ == '__main__':
    main(globals())
