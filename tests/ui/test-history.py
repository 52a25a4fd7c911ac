#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded sessions in the real window: see the history with the eyes of a screen reader.

    test-history.py DUPLEX [PICTURES]

Talks to the demo server, finds the session in the history while it is recorded and after it; opens
and renames it, deletes it and takes that back, deletes it for good; sees a budget remove what is
old; finds back what a program that was killed had deleted; is told what is wrong with a file. On
the way it saves pictures to the folder PICTURES.
"""

import os
import pathlib
import re
import signal
import sys

sys.dont_write_bytecode = True
from drive import Driver                    # noqa: E402  pylint: disable=wrong-import-position
from session import Session                 # noqa: E402  pylint: disable=wrong-import-position

SCHEMA = 'io.github.duplexws.Duplex'


class Person:
    """Somebody in front of the window."""

    def __init__(self, session, command, pictures):
        self.session, self.command, self.pictures = session, command, pictures
        self.captures = pathlib.Path(session.data_home) / 'duplex' / 'captures'
        self.app = self.ui = None

    def start(self, *arguments):
        """Start the program and wait for its window."""
        self.app = self.session.spawn_watched([*self.command, *arguments])
        self.ui = Driver(self.session, 'duplex')
        self.ui.attach()
        self.ui.window_id(self.ui.get(role='frame').name)

    def quit(self):
        """Ctrl+Q, as one does; all recordings are whole then."""
        self.ui.key('ctrl+q')
        assert self.app.wait(20) == 0, self.app.returncode
        assert not list(self.captures.glob('*-wal')), os.listdir(self.captures)

    def picture(self, name):
        """Keep a picture of the display."""
        self.session.screenshot(str(self.pictures / f'{name}.png'))

    def find(self, pattern, role=None):
        """Return a node whose name or text matches, or None."""
        def matches(node):
            if re.search(pattern, node.name):
                return True
            try:
                return re.search(pattern, self.ui.text(node)) is not None
            except NotImplementedError:
                return False
        return self.ui.find(role=role, where=matches)

    def shows(self, pattern, role=None, seconds=10):
        """Wait for such a node, and return it."""
        return self.ui.wait(lambda: self.find(pattern, role), f'{role} {pattern!r}', seconds)

    def shows_no(self, pattern, role=None):
        """Wait until there is no such node."""
        self.ui.wait(lambda: self.find(pattern, role) is None, f'no {role} {pattern!r}')

    def shows_history(self):
        """Ctrl+H, and the page is there with the focus on its list."""
        self.ui.key('ctrl+h')
        self.ui.get('History', 'frame')
        return self.ui.get('Recorded sessions', 'list')

    def files(self):
        """Return the names of all captures that can be listed."""
        return sorted(path.name for path in self.captures.glob('*.duplex')
                      if not path.name.startswith('.'))


def records(person):
    """A session with the demo server is in the history at once, and says that it is recorded."""
    ui = person.ui
    ui.wait(lambda: ui.has_state(ui.get('Message', 'text'), 'FOCUSED'), 'the composer')
    ui.type('hello history')
    ui.key('Return')
    person.shows(r'Received.*hello history', role='list item')
    person.shows_history()
    person.shows(r'^Demo, Recording, Today, .*/echo, .*1 message sent', role='list item')
    person.picture('history-live')
    ui.key('Delete')                        # does nothing to what is recorded
    ui.key('ctrl+h')
    ui.key('ctrl+w')
    ui.wait(lambda: ui.get(role='frame').name == 'Duplex', 'no tab')
    person.shows_history()
    person.shows(r'^Demo, Closed normally, Today, ', role='list item')
    assert len(person.files()) == 1, person.files()
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d{6}-demo\.duplex', person.files()[0]), person.files()


def opens(person):
    """Enter opens it in a tab, and a second time comes back to that tab."""
    ui = person.ui
    ui.key('Return')
    ui.get('Demo', 'frame')
    person.shows(r'Received.*hello history', role='list item')
    person.picture('history-opened')
    person.shows_history()
    ui.key('Return')
    ui.get('Demo', 'frame')
    assert len(list(ui.find_all(role='page tab', name='Demo'))) <= 1
    ui.key('ctrl+w')
    ui.wait(lambda: ui.get(role='frame').name == 'Duplex', 'no tab')


def renames(person):
    """F2 gives it a title, which is in the file."""
    ui = person.ui
    person.shows_history()
    ui.key('F2')
    ui.get('Rename Session')
    person.picture('history-rename')
    ui.key('ctrl+a')
    ui.type('My first session')
    ui.key('Return')
    person.shows(r'^My first session, Closed normally', role='list item')
    ui.wait_gone('Rename Session')


def searches(person):
    """Ctrl+F finds by title and says when there is nothing."""
    ui = person.ui
    ui.key('ctrl+f')
    ui.type('nothing like this')
    person.shows(r'^Nothing Found$')
    ui.key('ctrl+a')
    ui.type('FIRST')
    person.shows(r'^My first session', role='list item')
    ui.key('Escape')


def deletes_and_undoes(person):
    """Delete takes it away at once, Undo brings it back, and a program that is killed loses
    nothing."""
    ui = person.ui
    person.shows(r'^My first session', role='list item')
    ui.key('Delete')
    person.shows(r'“My first session” deleted')
    person.shows(r'^No Recorded Sessions$')
    person.picture('history-deleted')
    assert not person.files(), person.files()
    ui.press(ui.get('Undo', 'push button'))
    person.shows(r'^My first session', role='list item')
    assert len(person.files()) == 1

    ui.key('Delete')
    person.shows(r'^No Recorded Sessions$')
    person.app.send_signal(signal.SIGKILL)
    person.app.wait(10)
    assert not person.files()
    person.start()
    person.shows_history()
    person.shows(r'^My first session', role='list item')


def deletes_for_good(person):
    """The end of the program is the end of the offer."""
    person.ui.key('Delete')
    person.shows(r'^No Recorded Sessions$')
    person.quit()
    assert not os.listdir(person.captures), os.listdir(person.captures)


def keeps_the_budget(person):
    """What is too much is removed, the oldest first, and said."""
    for _ in range(8):
        person.start('demo:/echo')
        person.shows(r'^Connected$')
        person.quit()
    assert len(person.files()) == 8, person.files()
    oldest = person.files()[0]
    person.session.run('gsettings', 'set', SCHEMA, 'capture-budget', '1')
    person.start('demo:/echo')
    person.shows(r'\d+ old sessions? \(.*\) (was|were) removed to stay within 1\.0\sMiB')
    person.picture('history-budget')
    assert oldest not in person.files()
    person.ui.press(person.ui.get('Preferences', 'push button'))
    person.ui.get('Used Now')
    person.shows(r'of 1\.0\sMiB')
    person.ui.key('Escape')
    person.quit()


def opens_files(person):
    """The command line takes files; what is wrong with one is said, with its name."""
    strange = person.captures / 'strange.duplex'
    strange.write_text('this is no capture', encoding='ascii')
    person.start(str(strange))
    person.shows(r'This is not a capture of Duplex: .*strange\.duplex')
    person.shows_history()
    person.shows(r'^strange, Cannot be read, .*This is not a capture', role='list item')
    person.picture('history-unreadable')
    person.quit()

    strange.unlink()
    person.start(str(person.captures / person.files()[-1]))
    person.ui.get('Demo', 'frame')
    person.shows(r'Connected to ws://127\.0\.0\.1', role='list item')
    person.quit()


def main():
    """A person's week with the history."""
    os.environ.pop('G_DEBUG', None)
    command = [sys.argv[1]]
    pictures = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else 'pictures')
    pictures.mkdir(parents=True, exist_ok=True)
    steps = [records, opens, renames, searches, deletes_and_undoes, deletes_for_good,
             keeps_the_budget, opens_files]
    print(f'1..{len(steps)}', flush=True)
    with Session() as session:
        person = Person(session, command, pictures)
        person.start('demo:/echo')
        for number, step in enumerate(steps, 1):
            step(person)
            assert not session.warnings(), session.warnings()
            print(f'ok {number} - {step.__name__}', flush=True)


if __name__ == '__main__':
    main()
