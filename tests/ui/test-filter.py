#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person finds something in a flood: scrolls back, filters, and jumps.

    test-filter.py DUPLEX [PICTURES]

The window connects to its own demo server, which sends thousands of messages. Keys and clicks are
real; what is read is what a screen reader reads. On the way it saves pictures to the folder
PICTURES.
"""

import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
from drive import Driver                    # noqa: E402  pylint: disable=wrong-import-position
from session import Session                 # noqa: E402  pylint: disable=wrong-import-position

N_MESSAGES = 30000
URL = f'demo:/flood?n={N_MESSAGES}&size=120'
BUTTON = 'push button'                      # also what a toggle button is on this bus


class Person:
    """Somebody in front of the window."""

    def __init__(self, session, command, pictures):
        self.pictures = pictures
        self.session = session
        self.app = session.spawn_watched(command)
        self.ui = Driver(session, 'duplex')
        self.ui.attach()

    def picture(self, name):
        """Keep a picture of the display."""
        self.session.screenshot(str(self.pictures / f'{name}.png'))

    def says(self, pattern, role='label'):
        """Wait for a text on the screen that matches, and return its node."""
        def matches(node):
            return re.search(pattern, node.name) is not None
        return self.ui.get(role=role, where=matches)

    def top(self):
        """Return the row at the top of the list: the scroll bar counts in rows. Places of rows say
        nothing, for the list keeps many that are out of sight where they were."""
        return self.bar().currentValue

    def bar(self):
        """Return the scroll bar's value: GTK 4.8 has it on a part of the scroll bar."""
        bar = self.ui.get('Place in the messages', 'scroll bar')
        try:
            return bar.queryValue()
        except NotImplementedError:
            return self.ui.children(bar)[0].queryValue()

    def is_at(self, low, high, what):
        """Wait until the top of the list is there."""
        self.ui.wait(lambda: low <= self.top() <= high, f'{what}, at {low} to {high}')

    def is_at_end(self):
        """Wait until the list follows the end."""
        self.is_at(N_MESSAGES - 20, N_MESSAGES + 10, 'the end')
        self.ui.wait(lambda: self.ui.find('Latest', 'label') is None or
                     self.top() > N_MESSAGES - 20, 'the end is reached')

    def reads(self, number):
        """Wait for that message of the flood in the inspector."""
        def shown(node):
            return re.search(rf'"n": {number},', self.ui.text(node)) is not None
        self.ui.get(role='text', where=shown)

    def rows(self):
        """Return the numbers of all messages that the list has a row for."""
        names = [node.name for node in self.ui.find_all(role='list item')]
        return [int(n) for name in names for n in re.findall(r'"n": ?(\d+)', name)]

    def entry(self):
        """Return the filter bar's entry."""
        return self.ui.get('Find in the messages', 'text')

    def find(self, text):
        """Type text into the filter bar's entry, in place of what stands there."""
        self.ui.key('ctrl+f')
        self.ui.wait(lambda: self.ui.has_state(self.entry(), 'FOCUSED'), 'the entry has the focus')
        self.ui.type(text)


def watches_the_flood(person):
    """All of it arrives, and the list is at its end."""
    person.says(r'Closed by the server with 1000 Normal Closure', role='list item')
    person.is_at_end()
    assert N_MESSAGES - 1 in person.rows(), person.rows()
    person.picture('flood')


def scrolls_back(person):
    """Home leads to the beginning, and the page keys from there; then to the end again."""
    ui = person.ui
    ui.click(person.says(r'Closed by the server', role='list item'), ui.window_id('flood'))
    ui.key('Home')
    person.is_at(0, 0, 'the beginning')
    ui.key('Next', 'Next', 'Next')
    person.is_at(2, 100, 'three pages on')
    person.picture('scrolled')
    ui.key('End')
    person.is_at_end()


def drags_the_bar(person):
    """The scroll bar stands for all messages: its middle is the middle."""
    ui = person.ui
    bar = person.bar()
    assert bar.maximumValue > N_MESSAGES, bar.maximumValue
    bar.currentValue = N_MESSAGES / 2
    ui.wait(lambda: N_MESSAGES // 2 in person.rows(), 'a row in the middle')
    person.is_at(N_MESSAGES / 2 - 1, N_MESSAGES / 2 + 1, 'the middle')
    person.says('Latest')


def filters(person):
    """Only what matches is shown; a mistake is told; a button writes the expression."""
    ui = person.ui
    person.find('2999')
    person.says(r'^1[0-9] matches$')
    ui.wait(lambda: person.rows() and all('2999' in str(n) for n in person.rows()), 'matches only')
    ui.key('Return')
    person.says(r'^\d+ of 1[0-9]$')
    person.picture('filtered')

    ui.press(ui.get('Control', BUTTON))
    ui.wait(lambda: ui.text(person.entry()) == 'control and "2999"', 'the expression')
    person.says(r'^No Matches$')
    person.picture('no-match')

    person.find('control and size > many')
    person.says(r'^Character 20: ')
    person.picture('mistake')
    person.find('control')
    person.says(r'^2 matches$')


def saves_the_filter(person):
    """It gets a name and is there again."""
    ui = person.ui
    ui.press(list(ui.find_all('Saved filters', BUTTON))[-1])
    ui.set_text(ui.get('Name for this filter', 'text'), 'Control frames')
    ui.press(ui.get('Save', BUTTON))
    ui.get('Remove “Control frames”', BUTTON)
    person.picture('saved')
    ui.key('Escape')
    ui.wait_gone('Remove “Control frames”', BUTTON)


def jumps(person):
    """Among all messages to a match, and to a time."""
    ui = person.ui
    ui.press(ui.get('Only Matches', BUTTON))
    person.find('$.n == 12345')
    person.says(r'^1 match$')
    ui.key('ctrl+g')
    person.says(r'^1 of 1$')
    person.reads(12345)
    person.is_at(12330, 12350, 'the match among the others')
    person.picture('jumped')

    top = person.top()
    ui.key('Escape')
    ui.wait(lambda: not ui.has_state(person.entry(), 'SHOWING'), 'the bar is closed')
    person.is_at(top - 1, top + 1, 'where it was')
    person.reads(12345)

    ui.key('ctrl+j')
    ui.wait(lambda: ui.has_state(ui.get('Time', 'text'), 'FOCUSED'), 'the time is asked for')
    ui.type('+0')
    ui.key('Return')
    person.is_at(0, 2, 'the beginning')


def bookmarks(person):
    """A mark and a comment on a message."""
    ui = person.ui
    ui.key('ctrl+b')
    person.says(r', Bookmarked$', role='list item')
    ui.key('ctrl+shift+b')
    ui.wait(lambda: ui.has_state(ui.get('Comment', 'text'), 'FOCUSED'), 'the comment is asked for')
    ui.type('here it begins')
    ui.key('Return')
    person.says(r', Bookmarked, Comment: here it begins$', role='list item')
    person.picture('bookmarked')


def main():
    """One flood, and all that is done with it."""
    command = sys.argv[1]
    os.environ.pop('G_DEBUG', None)
    pictures = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else 'pictures')
    pictures.mkdir(parents=True, exist_ok=True)
    steps = [watches_the_flood, scrolls_back, drags_the_bar, filters, saves_the_filter, jumps,
             bookmarks]
    print(f'1..{len(steps)}', flush=True)
    with Session() as session:
        person = Person(session, [command, URL], pictures)
        for number, step in enumerate(steps, 1):
            step(person)
            assert not session.warnings(), session.warnings()
            print(f'ok {number} - {step.__name__}', flush=True)
        person.ui.key('ctrl+q')
        assert person.app.wait(20) == 0, person.app.returncode


if __name__ == '__main__':
    main()
