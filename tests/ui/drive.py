# SPDX-License-Identifier: GPL-3.0-or-later
"""Drive a window like a person: find and read through the accessibility bus, act with real keys
and clicks.

    with Session() as session:
        session.spawn(['duplex'])
        driver = Driver(session, 'duplex')
        driver.attach()
        driver.set_text(driver.get('URL', 'text'), 'ws://localhost:1234/')
        driver.press(driver.get('Connect', 'push button'))

What GTK 4.8 does not do on this bus, and is worked around here: it has no screen coordinates (the X
server knows where the window is), getText(0, -1) is empty, focus cannot be grabbed (click or press
Tab), and a button with a mnemonic is named twice ("_Send Send").
"""

import subprocess
import time

WAIT_SECONDS = 10
DUMP_DEPTH = 40


# What newer AT-SPI calls differently.
ROLES = {'button': 'push button'}


def has_name(node, name):
    """Whether node has this name, with or without a mnemonic."""
    return node.name == name or node.name.replace('_', '') == f'{name} {name}'


class Driver:
    """One application on the accessibility bus of an open session."""

    def __init__(self, session, app_name):
        # The bus is looked up at import, so it has to be there by then.
        import pyatspi      # pylint: disable=import-outside-toplevel
        self.atspi = pyatspi
        self.session = session
        self.app_name = app_name
        self.app = None

    def wait(self, condition, what, seconds=WAIT_SECONDS):
        """Return the first true value of condition().

        Objects vanish while a list recycles its rows, so an exception counts as "not yet". On
        expiry the TimeoutError holds the last exception and the tree as it is then.
        """
        end = time.monotonic() + seconds
        problem = None
        while True:
            try:
                value = condition()
                if value:
                    return value
                problem = None
            except Exception as error:      # pylint: disable=broad-except
                problem = error
            if time.monotonic() > end:
                raise TimeoutError(f'{what}: not within {seconds} s ({problem!r})\n'
                                   f'{self.dump() if self.app else "no application"}')
            time.sleep(.03)

    def attach(self, seconds=20):
        """Wait for the application to have a window, and remember it."""
        def running():
            desktop = self.atspi.Registry.getDesktop(0)
            return next((app for app in self.children(desktop)
                         if app.name == self.app_name and app.childCount), None)
        self.app = None
        self.app = self.wait(running, f'{self.app_name} on the accessibility bus', seconds)
        return self.app

    def children(self, node):
        """Return the children that node has at this moment."""
        nodes = (node.getChildAtIndex(i) for i in range(node.childCount))
        return [child for child in nodes if child is not None]

    def role(self, node):
        """Return the role of node, by the name that Debian 12's AT-SPI has for it."""
        role = node.getRoleName()
        return ROLES.get(role, role)

    def find_all(self, name=None, role=None, root=None, where=None):
        """Yield the nodes below root with this name and role for which where(node) holds, from
        the top down.
        """
        todo = [root or self.app]
        while todo:
            node = todo.pop(0)
            try:
                if ((role is None or self.role(node) == role) and
                        (name is None or has_name(node, name)) and
                        (where is None or where(node))):
                    yield node
                todo += self.children(node)
            except Exception:               # pylint: disable=broad-except
                continue                    # it vanished

    def find(self, name=None, role=None, root=None, where=None):
        """Return the first such node, or None."""
        return next(self.find_all(name, role, root, where), None)

    def get(self, name=None, role=None, root=None, where=None, seconds=WAIT_SECONDS):
        """Return the first such node, waiting for it."""
        return self.wait(lambda: self.find(name, role, root, where), f'{role} {name!r}', seconds)

    def wait_gone(self, name=None, role=None, seconds=WAIT_SECONDS):
        """Wait until there is no such node."""
        self.wait(lambda: self.find(name, role) is None, f'no {role} {name!r}', seconds)

    def text(self, node):
        """Return the text of an entry, a text view or a label."""
        text = node.queryText()
        return text.getText(0, text.characterCount)

    def set_text(self, node, text):
        """Replace the text of an entry or a text view."""
        if not node.queryEditableText().setTextContents(text):
            raise RuntimeError(f'{node.name!r} does not take text')

    def press(self, node, action='click'):
        """Do one of the actions of node, as assistive technology does it."""
        actions = node.queryAction()
        names = [actions.getName(i) for i in range(actions.nActions)]
        if action not in names:
            raise LookupError(f'{node.name!r} has no {action!r}, but {names}')
        actions.doAction(names.index(action))

    def has_state(self, node, state):
        """Whether node has a state, by its name in pyatspi without STATE_: 'SENSITIVE'."""
        return node.getState().contains(getattr(self.atspi, f'STATE_{state}'))

    def dump(self, root=None):
        """Return the tree below root, a line a node, for the message of a failed test."""
        lines = []

        def visit(node, depth):
            try:
                lines.append(f'{"  " * depth}{self.role(node)} {node.name!r}')
                nodes = self.children(node) if depth < DUMP_DEPTH else []
            except Exception:               # pylint: disable=broad-except
                return
            for child in nodes:
                visit(child, depth + 1)

        visit(root or self.app, 0)
        return '\n'.join(lines)

    # Real input.

    def window_id(self, title):
        """Return the X id of the visible window with this title, waiting for it."""
        def search():
            found = self.session.run('xdotool', 'search', '--onlyvisible', '--name', title)
            return found.stdout.split()[:1]
        return self.wait(search, f'X window {title!r}')[0]

    def window_geometry(self, window):
        """Return x, y, width and height of an X window on the display."""
        output = self._xdotool('getwindowgeometry', '--shell', window)
        values = dict(line.split('=') for line in output.split() if '=' in line)
        return tuple(int(values[key]) for key in ('X', 'Y', 'WIDTH', 'HEIGHT'))

    def centre(self, node, window):
        """Return where the middle of node is on the display."""
        extents = node.queryComponent().getExtents(self.atspi.WINDOW_COORDS)
        x, y, *_ = self.window_geometry(window)
        return x + extents.x + extents.width // 2, y + extents.y + extents.height // 2

    def click(self, node, window, button=1, times=1):
        """Click in the middle of node with the mouse."""
        x, y = self.centre(node, window)
        self._xdotool('mousemove', '--sync', str(x), str(y),
                      'click', '--repeat', str(times), '--delay', '50', str(button))

    def type(self, text):
        """Type text on the keyboard, to whatever has the focus."""
        self._xdotool('type', '--delay', '8', '--', text)

    def key(self, *keys):
        """Press keys one after the other, written as xdotool does: 'ctrl+Return'."""
        self._xdotool('key', *keys)

    def _xdotool(self, *arguments):
        done = self.session.run('xdotool', *arguments)
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout,
                                                done.stderr)
        return done.stdout
