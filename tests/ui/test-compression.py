#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use compression like a person, on the built-in demo server.

    test-compression.py DUPLEX [PICTURES]

Makes a profile that asks for small windows, connects, sends a message that compresses well, reads
both sizes and what was agreed on, looks at what a frame inflates to, sends a pong and disconnects.
On the way it saves pictures to the folder PICTURES.
"""

import os
import pathlib
import sys

sys.dont_write_bytecode = True
from person import Person                   # noqa: E402  pylint: disable=wrong-import-position
from session import Session                 # noqa: E402  pylint: disable=wrong-import-position

MESSAGE = 'again and ' * 48 + 'again'       # 485 bytes


class Chooser(Person):
    """Somebody who sets things in rows."""

    def scrolls_to(self, node, window):
        """Turn the wheel until node is in the upper part of the window."""
        x, y, width, height = self.ui.window_geometry(window)

        def is_there():
            extents = node.queryComponent().getExtents(self.ui.atspi.WINDOW_COORDS)
            if 0 < extents.y + extents.height < height * 2 // 3:
                return True
            self.session.run('xdotool', 'mousemove', str(x + width // 2), str(y + height // 2),
                             'click', '5')
            return False
        self.ui.wait(is_there, f'{node.name!r} in sight')

    def picks(self, combo, choice, window):
        """Open a row of choices with a click and go down to one by keyboard."""
        self.scrolls_to(combo, window)
        self.ui.click(combo, window)
        self.ui.get(choice, 'label')

        def focused():
            item = self.ui.find(role='list item', where=lambda node:
                                self.ui.has_state(node, 'FOCUSED'))
            return self.ui.find(role='label', root=item).name
        before = self.ui.wait(focused, 'a choice has the focus')
        while before != choice:
            self.ui.key('Down')
            self.ui.wait(lambda last=before: focused() != last, f'another choice than {before!r}')
            before = focused()
        self.ui.key('Return')
        self.ui.wait(lambda: self.ui.find(choice, 'label', root=combo), f'{choice!r} is chosen')


def makes_a_profile(person):
    """The client compresses each message by itself, the server within a window of 512 bytes."""
    ui = person.ui
    ui.key('ctrl+n')
    ui.set_text(ui.get('Name', 'text'), 'Small')
    ui.set_text(ui.get('URL', 'text'), 'demo:/echo')
    offer = ui.get('Offer Compression', 'check box')
    window = ui.get('Window of the Server', 'combo box')
    ui.press(offer, 'toggle')
    ui.wait(lambda: not ui.has_state(window, 'SENSITIVE'), 'nothing to set where none is offered')
    ui.press(offer, 'toggle')
    ui.wait(lambda: ui.has_state(window, 'SENSITIVE'), 'something to set')
    ui.press(ui.get('Client Starts Afresh', 'check box'), 'toggle')
    person.picks(window, '9 (512 bytes)', ui.window_id('New Profile'))
    person.picture('compression-options')
    ui.press(ui.get('Save', 'push button'))
    ui.wait_gone('Offer Compression', 'check box')


def connects(person):
    """Open the profile with a double click."""
    ui = person.ui
    ui.click(person.row(r'Small'), person.window, times=2)
    person.shows(r'^Connected$')
    person.shows(r'Connected to ws://127\.0\.0\.1', role='list item')


def talks(person):
    """The echo's row tells both sizes, and the status bar how well it went."""
    ui = person.ui
    entry = ui.get('Message', 'text')
    ui.set_text(entry, MESSAGE)
    ui.click(entry, person.window)
    ui.key('Return')
    person.shows(rf'Received, Text, {len(MESSAGE)} bytes, \d+ bytes on the wire', role='list item')
    person.shows(r'^deflate \d+\.\d:1$')
    person.picture('compression-talk')


def reads_the_message(person):
    """It is shown inflated, with both sizes."""
    ui = person.ui
    ui.click(person.row(r'Received, Text'), person.window)
    person.shows(r'again and again and', role='text')
    person.shows(rf'Received · Text · {len(MESSAGE)} bytes, \d+ bytes on the wire')


def reads_the_frame(person):
    """RSV1 says that it is compressed; the toggle shows what its bytes inflate to."""
    ui = person.ui
    ui.click(ui.get('Frames', 'page tab'), person.window)
    person.shows(r'RSV1 1: the message is compressed')
    person.shows(rf'inflates to {len(MESSAGE)} bytes: “again and')
    person.shows(r'^Bytes on the Wire$')
    ui.click(ui.get('Inflated', 'push button'), person.window)
    person.shows(r'^Inflated Bytes$')
    person.picture('compression-frame')


def reads_the_handshake(person):
    """What was asked for is what holds."""
    ui = person.ui
    ui.click(ui.get('Handshake', 'page tab'), person.window)
    person.shows(r'Sent: window of 32 KiB, empty for each message\n'
                 r'Received: window of 512 bytes, kept from message to message')
    person.picture('compression-handshake')


def sends_a_pong(person):
    """The menu beside Ping has its key."""
    person.ui.key('shift+ctrl+p')
    person.shows(r'Sent, Pong', role='list item')


def disconnects(person):
    """The last line says who closed, and how long that took."""
    ui = person.ui
    ui.press(ui.get('Disconnect', 'push button'))
    person.shows(r'Closed by the client with 1000 Normal Closure after \d', role='list item')
    person.picture('compression-closed')


def main():
    """Run all steps and print TAP."""
    # The accessibility bus warns of what is not there yet, in this process.
    os.environ.pop('G_DEBUG', None)
    command = [sys.argv[1]]
    pictures = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else 'pictures')
    pictures.mkdir(parents=True, exist_ok=True)
    steps = [makes_a_profile, connects, talks, reads_the_message, reads_the_frame,
             reads_the_handshake, sends_a_pong, disconnects]

    print(f'1..{len(steps)}', flush=True)
    with Session(size='1280x800') as session:
        person = Chooser(session, command, pictures)
        person.start()
        for number, step in enumerate(steps, 1):
            step(person)
            print(f'ok {number} - {step.__name__}', flush=True)
        person.quit()


if __name__ == '__main__':
    main()
