#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The headless session keeps its promises: see session.py."""

import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
from session import Session, children       # noqa: E402  pylint: disable=wrong-import-position

SCRIPT = pathlib.Path(__file__).with_name('session.py')
SCHEMA = 'io.github.duplexws.Duplex'


def wrapped(*arguments):
    """Run session.py with these arguments."""
    return subprocess.run([SCRIPT, *arguments], capture_output=True, check=False, text=True,
                          timeout=60)


def passes_the_exit_status():
    """The status of the command is that of the wrapper."""
    assert wrapped('--a11y', 'none', '--', 'sh', '-c', 'exit 3').returncode == 3


def passes_a_signal():
    """A command that dies from a signal is told as a shell tells it."""
    assert wrapped('--a11y', 'none', '--', 'sh', '-c', 'kill -9 $$').returncode == 128 + 9


def names_a_missing_program():
    """What is not there is told in one line, with a status of its own."""
    done = wrapped('--a11y', 'none', '--', '/nonexistent/program')
    assert done.returncode == 127, done
    assert done.stderr == 'session.py: no such program: /nonexistent/program\n', done.stderr


def has_the_size():
    """The display has the size that was asked for."""
    done = wrapped('--a11y', 'none', '--size', '800x600', '--', 'xwininfo', '-root')
    assert '-geometry 800x600' in done.stdout, done.stdout


def is_private():
    """Nothing of the outside's folders or buses is seen inside."""
    os.environ['DBUS_SESSION_BUS_ADDRESS'] = 'unix:path=/nonexistent'
    done = wrapped('--a11y', 'none', '--', 'env')
    inside = dict(line.split('=', 1) for line in done.stdout.splitlines() if '=' in line)
    for name in ('HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME', 'XDG_RUNTIME_DIR'):
        assert '/duplex-session.' in inside[name], inside[name]
        assert not os.path.exists(inside[name]), f'{name} was left behind'
    assert inside['DBUS_SESSION_BUS_ADDRESS'] != 'unix:path=/nonexistent'


def keeps_settings_between_programs():
    """What one program sets, the next one reads."""
    with Session(a11y='none') as session:
        done = session.run('gsettings', 'set', SCHEMA, 'last-profile', 'demo')
        assert done.returncode == 0, done.stderr
        done = session.run('gsettings', 'get', SCHEMA, 'last-profile')
        assert done.stdout == "'demo'\n", done


def keeps_secrets():
    """The keyring is there and unlocked."""
    with Session(a11y='none', keyring=True) as session:
        done = session.run('secret-tool', 'store', '--label', 'x', 'a', 'b', input='secret')
        assert done.returncode == 0, done.stderr
        assert session.run('secret-tool', 'lookup', 'a', 'b').stdout == 'secret'


def takes_a_picture():
    """A screenshot is a picture of the whole display."""
    with Session(size='640x480', a11y='none') as session:
        path = os.path.join(session.folder, 'shot.png')
        session.screenshot(path)
        done = session.run('identify', path)
        assert ' PNG 640x480 ' in done.stdout, done


def leaves_no_process():
    """Neither services nor what a program left in the background lives on."""
    with Session() as session:
        session.spawn(['sh', '-c', 'sleep 600 & exit']).wait()
        assert children(os.getpid())
    assert not children(os.getpid())


def main():
    """Run all tests and print TAP."""
    tests = [passes_the_exit_status, passes_a_signal, names_a_missing_program, has_the_size,
             is_private, keeps_settings_between_programs, keeps_secrets, takes_a_picture,
             leaves_no_process]
    print(f'1..{len(tests)}', flush=True)
    failed = False
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f'ok {number} - {test.__name__}', flush=True)
        except Exception as error:      # pylint: disable=broad-except
            failed = True
            print(f'not ok {number} - {test.__name__}\n# {error!r}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
