#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person reads what a relay has recorded: which message was seen on which side of it.

    test-relayed.py DUPLEX RELAY [PICTURES]

The capture is a relay's own: of two clients with a backend, of one whose backend cannot be reached,
of one that shows no token, and of one that has sent too much to be recorded with a wrong one. What
is read is what a screen reader reads. On the way it saves pictures to the folder PICTURES.
"""

import asyncio
import os
import pathlib
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / 'relay'))
from person import Person                   # noqa: E402  pylint: disable=wrong-import-position
from session import Session                 # noqa: E402  pylint: disable=wrong-import-position
import relaylib                             # noqa: E402  pylint: disable=wrong-import-position

BUTTON = 'push button'                      # also what a toggle button is on this bus
DEADLINE = 20

sys.argv += ['pictures'] if len(sys.argv) < 4 else []


async def meet(relay, backend, word):
    """Carry a word there and another back; return both ends."""
    client = await relaylib.connect(relay, f'{backend.url}/{word}?lang=en')
    client.write(relaylib.frame(relaylib.TEXT, b's3cret'))
    far = await backend.accepted.get()
    client.write(relaylib.frame(relaylib.TEXT, b'{"hello": "%s"}' % word.encode()))
    await far.read_message()
    far.write(relaylib.frame(relaylib.TEXT, b'{"welcome": "%s"}' % word.encode(), mask=None))
    while b'welcome' not in (await client.read_message())[1]:
        pass
    return client, far


async def part(client, far):
    """Close, from the client's end."""
    client.write(relaylib.frame(relaylib.CLOSE, relaylib.close_body(1000, 'bye')))
    await far.read_close()
    far.write(relaylib.frame(relaylib.CLOSE, relaylib.close_body(1000), mask=None))
    await client.read_end()
    client.end()
    far.end()


async def fail(relay, backend, message):
    """Be told why there is no backend."""
    client = await relaylib.connect(relay, backend)
    client.write(message)
    while (await client.read_message())[0] != relaylib.CLOSE:
        pass
    # Nobody listens, and not all of it is recorded.
    client.write(relaylib.frame(relaylib.TEXT, b'to nobody ' * 20000))
    client.write(relaylib.frame(relaylib.CLOSE, relaylib.close_body(1000)))
    await client.read_end()
    client.end()


async def record(path):
    """Leave the capture of a relay."""
    with relaylib.token_options('--capture', path, '--workers', '1') as options:
        async with relaylib.running(*options) as relay, relaylib.Backend() as backend:
            first = await meet(relay, backend, 'earth')
            second = await meet(relay, backend, 'moon')
            await part(*first)
            await fail(relay, 'ws://127.0.0.1:1',
                       relaylib.frame(relaylib.TEXT, b's3cret'))
            await fail(relay, backend.url, relaylib.frame(relaylib.TEXT, b'wrong'))
            await part(*second)


class Reader(Person):
    """Somebody who wants to know what the relay did."""

    def rows(self):
        """Return the names of the list's rows."""
        return [node.name for node in self.ui.find_all(role='list item')
                if re.match(r'(Client|Backend) \d+, \d\d:', node.name)]

    def chip(self, name):
        """Return a button of the filter bar, or None where it is not to be seen."""
        return self.ui.find(name, BUTTON, where=lambda node: self.ui.has_state(node, 'VISIBLE'))

    def entry(self):
        """Return the filter bar's entry."""
        return self.ui.get('Find in the messages', 'text')

    def finds(self, expression, names):
        """Wait until the list has rows of these legs, and of no others."""
        def found():
            return {name.split(',')[0] for name in self.rows()} == names
        self.ui.set_text(self.entry(), expression)
        self.ui.wait(found, f'{expression}: {names}')


def sees_the_legs(person):
    """Every row says which side it is of, and both sides of a pair have one number."""
    person.picture('relayed-end')
    person.ui.click(person.row(r'^Backend 3, .*Closed by the client'), person.window)
    person.ui.key('Home')
    for pattern in (r'^Client 1, .*Received.*"earth"', r'^Backend 1, .*Sent.*"earth"',
                    r'^Backend 3, .*Received.*"welcome": "moon"'):
        person.shows(pattern, role='list item')
    names = person.rows()
    legs = {name.split(',')[0] for name in names}
    assert legs == {'Client 1', 'Backend 1', 'Client 3', 'Backend 3', 'Client 5', 'Backend 5',
                    'Client 7'}, legs
    failed = [name for name in names if 'could not be reached' in name]
    assert len(failed) == 1 and failed[0].startswith('Backend 5, '), failed
    person.picture('relayed')


def looks_at_one(person):
    """The inspector says between whom it was seen, and which connection that is."""
    person.ui.click(person.row(r'^Backend 1, .*Received.*"welcome"'), person.window)
    person.shows(r'^Connection 2, between the relay and backend 1$', role='label')
    person.picture('relayed-backend')
    person.ui.click(person.row(r'^Client 1, .*Sent.*"welcome"'), person.window)
    person.shows(r'^Connection 1, between client 1 and the relay$', role='label')


def looks_at_its_frames(person):
    """So do the frames of a message."""
    person.ui.click(person.ui.get('Frames', 'page tab'), person.window)
    person.shows(r'^Client 1, Frame 1, Sent, text', seconds=10)
    person.picture('relayed-frames')


def filters(person):
    """Buttons and words choose a side, and words a pair."""
    person.ui.key('ctrl+f')
    person.ui.wait(lambda: person.chip('Client'), 'the buttons of the legs')
    person.ui.press(person.chip('Backend'))
    person.ui.wait(lambda: person.ui.text(person.entry()) == 'backend', 'the expression')
    person.ui.wait(lambda: {name.split(' ')[0] for name in person.rows()} == {'Backend'},
                   'backends only')
    person.picture('relayed-filtered')
    person.finds('pair == 3', {'Client 3', 'Backend 3'})
    person.finds('leg == client and pair != 1', {'Client 3', 'Client 5', 'Client 7'})
    person.finds('connection == 2', {'Backend 1'})


def an_ordinary_session(session, command, pictures):
    """Of a session of one's own nothing of that is shown."""
    person = Reader(session, [command, '--demo'], pictures)
    person.start()
    person.shows(r'Connected to', role='list item')
    person.ui.key('ctrl+f')
    person.ui.wait(lambda: person.chip('Control'), 'the filter bar')
    assert person.chip('Client') is None and person.chip('Backend') is None
    assert person.rows() == [], person.rows()
    assert person.ui.find(where=lambda node: 'the relay' in node.name) is None
    person.quit()


def main():
    """One capture, looked at; and a session."""
    command, relay, pictures = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    sys.argv[1] = relay                     # which relaylib starts
    os.environ.pop('G_DEBUG', None)
    pictures.mkdir(parents=True, exist_ok=True)
    steps = [sees_the_legs, looks_at_one, looks_at_its_frames, filters]
    print(f'1..{len(steps) + 1}', flush=True)
    with tempfile.TemporaryDirectory() as folder, Session() as session:
        path = f'{folder}/relay.duplex'
        asyncio.run(asyncio.wait_for(record(path), DEADLINE))
        person = Reader(session, [command, path], pictures)
        person.start()
        for number, step in enumerate(steps, 1):
            step(person)
            print(f'ok {number} - {step.__name__}', flush=True)
        person.quit()
        an_ordinary_session(session, command, pictures)
        assert not session.warnings(), session.warnings()
        print(f'ok {len(steps) + 1} - an_ordinary_session', flush=True)


if __name__ == '__main__':
    main()
