# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody in front of the window: starts it, looks at it and takes pictures of it. What the person
does with it is for the tests to say.
"""

import re
import time

from drive import Driver

STILL = .15         # seconds: what does not move for so long stays


class Person:
    """Somebody in front of the window."""

    def __init__(self, session, command, pictures):
        self.session, self.command, self.pictures = session, command, pictures
        self.app = self.ui = self.window = None

    def start(self):
        """Start the program and wait for its window."""
        self.app = self.session.spawn_watched(self.command)
        self.ui = Driver(self.session, 'duplex')
        self.ui.attach()
        self.window = self.ui.window_id(self.ui.get(role='frame').name)

    def quit(self):
        """Ctrl+Q, as one does."""
        self.ui.key('ctrl+q')
        assert self.app.wait(10) == 0, self.app.returncode

    def picture(self, name):
        """Keep a picture of the display."""
        self.session.screenshot(str(self.pictures / f'{name}.png'))

    def shows(self, pattern, role=None, seconds=10):
        """Wait for a node whose name or text matches, and return it."""
        def matches(node):
            if re.search(pattern, node.name):
                return True
            try:
                return re.search(pattern, self.ui.text(node)) is not None
            except NotImplementedError:
                return False
        return self.ui.get(role=role, where=matches, seconds=seconds)

    def row(self, pattern):
        """Wait for such a row of a list to stay where it is for a moment: a list that changes makes
        its rows anew."""
        seen, since = None, 0

        def stays():
            nonlocal seen, since
            node = self.ui.find(role='list item', where=lambda node: re.search(pattern, node.name))
            place = self.ui.centre(node, self.window) if node else None
            if place is None or place != seen:
                seen, since = place, time.monotonic()
                return None
            return node if time.monotonic() - since >= STILL else None
        return self.ui.wait(stays, f'row {pattern!r} stays in its place')
