#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use the real window like a person, against npm's `ws`.

    test-person.py DUPLEX [PICTURES]

Makes a profile, connects, sends JSON, reads the answer in a bubble, opens the inspector and reads
the frame's fields, disconnects, quits, starts again, finds the profile and opens it. On the way it
saves pictures to the folder PICTURES, light and dark, at 1280x800 and at 800x600.
"""

import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from person import Person                   # noqa: E402  pylint: disable=wrong-import-position
from session import Session                 # noqa: E402  pylint: disable=wrong-import-position

SERVER = pathlib.Path(__file__).parent.parent / 'interop' / 'ws-server.mjs'
MESSAGE = '{"type":"greeting","big":12345678901234567890,"ok":true}'


class Server:
    """npm's `ws`, echoing."""

    def __enter__(self):
        self.process = subprocess.Popen(['node', SERVER], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if line.startswith('missing'):
            print(f'1..0 # SKIP {line.strip()}')
            sys.exit()
        port = re.search(r'plain=(\d+)', line).group(1)
        self.url = f'ws://127.0.0.1:{port}/echo?id=person'
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.reports = self.process.stdout.read()
        self.process.wait(10)


def makes_a_profile(person, url):
    """Ctrl+N, a name, an address, and Enter."""
    ui = person.ui
    ui.key('ctrl+n')
    name = ui.get('Name', 'text')
    ui.set_text(name, 'My echo')
    ui.set_text(ui.get('URL', 'text'), url)
    person.picture('editor')
    ui.press(ui.get('Save', 'push button'))
    person.shows(r'My echo')


def connects(person):
    """Open the profile with a double click."""
    ui = person.ui
    row = person.row(r'My echo')
    ui.click(row, person.window, times=2)
    person.shows(r'^Connected$')
    person.shows(r'Connected to ws://127\.0\.0\.1')


def talks(person):
    """Type JSON, press Enter, read it back."""
    ui = person.ui
    ui.wait(lambda: ui.has_state(ui.get('Message', 'text'), 'FOCUSED'),
            'the composer has the focus')
    ui.type(MESSAGE)
    ui.key('Return')
    answer = person.shows(r'Received.*12345678901234567890', role='list item')
    ui.wait(lambda: ui.text(ui.get('Message', 'text')) == '', 'the composer is empty')
    person.picture('talk')
    return answer


def reads_the_frame(person, answer):
    """Select the answer, and read the frame that carried it."""
    ui = person.ui
    ui.click(answer, person.window)
    person.shows(r'12345678901234567890', role='text')
    ui.click(ui.get('Frames', 'page tab'), person.window)
    person.shows(r'FIN 1.*ends its message')
    person.shows(r'Opcode 0x1 text')
    person.shows(r'MASK 0.*server')
    person.shows(r'Length %d' % len(MESSAGE))
    person.picture('frames')


def disconnects(person):
    """The button that connected ends it."""
    ui = person.ui
    ui.press(ui.get('Disconnect', 'push button'))
    person.shows(r'Closed by the client with 1000 Normal Closure')
    person.shows(r'^Disconnected$')


def looks(command, pictures, size, dark):
    """Keep the picture that the program takes of itself on the demo server."""
    path = pictures / f'demo-{size}-{"dark" if dark else "light"}.png'
    path.unlink(missing_ok=True)
    with Session(size=size, dark=dark) as session:
        app = session.spawn([command, '--demo', '--screenshot', str(path)])
        assert app.wait(60) == 0, app.returncode
    assert path.stat().st_size > 10000, path


def main():
    """A person's half hour, and four pictures."""
    command = sys.argv[1]
    os.environ.pop('G_DEBUG', None)
    pictures = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else 'pictures')
    pictures.mkdir(parents=True, exist_ok=True)
    with Server() as server:
        print('1..5', flush=True)
        with Session() as session:
            person = Person(session, [command], pictures)
            person.start()
            makes_a_profile(person, server.url)
            connects(person)
            reads_the_frame(person, talks(person))
            disconnects(person)
            person.quit()
            person.start()
            assert person.ui.get(role='frame').name == 'My echo', 'the last profile is open again'
            connects(person)
            disconnects(person)
            person.quit()
            assert not session.warnings(), session.warnings()
    reason = re.search(r'closed person 1000 (.*)', server.reports)
    assert reason and reason.group(1) == 'Client closed connection', server.reports
    print('ok 1 - a person talks to a server', flush=True)
    number = 1
    for size in '1280x800', '800x600':
        for dark in False, True:
            looks(command, pictures, size, dark)
            number += 1
            print(f'ok {number} - a picture at {size}{", dark" if dark else ""}', flush=True)


if __name__ == '__main__':
    main()
