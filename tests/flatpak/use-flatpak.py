#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use Duplex in its sandbox, as somebody who is not root.

    use-flatpak.py ID BUNDLE PICTURES

Installs the bundle, looks at what it brings and may do, talks from duplex-cli to duplex-cli with
and without duplex-relay between them, makes a profile in the window, connects, quits, starts again
and finds it. FLATPAK_SYSTEM_DIR has the runtime. Writes TAP, and pictures to the folder PICTURES.
See tests/flatpak/steps.sh.
"""

import configparser
import contextlib
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'ui'))
import session as ui_session                # noqa: E402  pylint: disable=wrong-import-position

Person = importlib.import_module('test-person')

# All that flatpak/README.md says that Duplex may do, and says why.
PERMISSIONS = {'shared': {'network', 'ipc'}, 'sockets': {'x11', 'wayland', 'fallback-x11'},
               'devices': {'dri'}}
EXPORTS = ['applications/{}.desktop', 'dbus-1/services/{}.service',
           'icons/hicolor/scalable/apps/{}.svg']
SCHEMA = '/app/share/glib-2.0/schemas/gschemas.compiled'
PROGRAMS = ('duplex', 'duplex-cli', 'duplex-relay')
SECRET = 'not for a program in a sandbox'


class Flatpak:
    """The program as it is installed in an open session."""

    def __init__(self, session, app_id, bundle):
        self.session, self.app_id, self.bundle = session, app_id, bundle
        self.home = pathlib.Path(session.env['HOME'])
        self.own = self.home / '.var/app' / app_id

    def command(self, *command):
        """Return the words that run command inside, or the window where there is none."""
        words = ['flatpak', 'run', '--user']
        if command:
            words.append(f'--command={command[0]}')
        return words + [self.app_id, *command[1:]]

    def run(self, *command, **options):
        """Run command inside, to its end."""
        return self.session.run(*self.command(*command), **options)

    def output(self, *command, **options):
        """Return what command, which has to succeed, writes inside."""
        done = self.run(*command, **options)
        assert done.returncode == 0, (command, done.returncode, done.stdout, done.stderr)
        return done.stdout

    @contextlib.contextmanager
    def server(self, *command):
        """Run a server inside; its URL is the end of its first line."""
        process = self.session.spawn(self.command(*command), stdout=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline()
            match = re.match(r'listening on (ws://127\.0\.0\.1:\d+/\S*)', line)
            assert match, (command, line)
            yield match.group(1)
        finally:
            self.session.stop(process)
            process.stdout.close()


def installs(flatpak):
    """The bundle is installed without root, and exports what a desktop looks for."""
    done = flatpak.session.run('flatpak', 'install', '--user', '-y', '--noninteractive', '--bundle',
                               flatpak.bundle, timeout=120)
    assert done.returncode == 0, done.stderr
    exports = flatpak.home / '.local/share/flatpak/exports/share'
    for name in EXPORTS:
        path = exports / name.format(flatpak.app_id)
        assert path.is_file(), (path, sorted(map(str, exports.rglob('*'))))
    flatpak.output('test', '-s', SCHEMA)
    flatpak.output('test', '-s', f'/app/share/metainfo/{flatpak.app_id}.metainfo.xml')


def asks_for_little(flatpak):
    """The permissions are those of flatpak/README.md, and no other."""
    done = flatpak.session.run('flatpak', 'info', '--user', '--show-permissions', flatpak.app_id)
    assert done.returncode == 0, done.stderr
    found = configparser.ConfigParser()
    found.read_string(done.stdout)
    context = {key: set(filter(None, value.split(';')))
               for key, value in found['Context'].items()} if found.sections() else {}
    assert found.sections() == ['Context'], done.stdout
    # Flatpak writes fallback-x11 with or without x11, depending on its version.
    context['sockets'].add('x11')
    assert context == PERMISSIONS, done.stdout


def hides_home(flatpak):
    """A file at home is there for its owner, and not inside."""
    for folder in flatpak.home, flatpak.home / 'Documents':
        folder.mkdir(exist_ok=True)
        path = folder / 'secret.txt'
        path.write_text(SECRET, encoding='utf-8')
        done = flatpak.run('cat', str(path))
        assert done.returncode != 0 and SECRET not in done.stdout, done.stdout
        assert 'No such file' in done.stderr, done.stderr
    # The same way reaches what is its own.
    own = flatpak.own / 'data/mine.txt'
    own.write_text(SECRET, encoding='utf-8')
    assert flatpak.output('cat', '/var/data/mine.txt') == SECRET
    # Whether or not it is told that this failed.
    flatpak.run('touch', str(flatpak.home / 'new.txt'))
    assert not (flatpak.home / 'new.txt').exists()


def has_programs(flatpak):
    """The programs are there, and say what they are."""
    for program in PROGRAMS:
        found = flatpak.run('sh', '-c', f'command -v {program}').stdout.strip()
        assert found == f'/app/bin/{program}', (program, found)
        version = flatpak.output(program, '--version')
        assert re.match(rf'{program} \d+\.\d+', version), version
        assert program in flatpak.output(program, '--help')


def talks_on_the_command_line(flatpak):
    """duplex-cli talks to duplex-cli, each in a sandbox of its own."""
    with flatpak.server('duplex-cli', 'serve') as url:
        echo = flatpak.output('duplex-cli', 'connect', '--count=2', f'{url}echo',
                              input='first\nsécond\n')
    assert echo == 'first\nsécond\n', echo


def talks_through_the_relay(flatpak):
    """With duplex-relay between them the relay's message comes first."""
    with flatpak.server('duplex-cli', 'serve') as url, \
            flatpak.server('duplex-relay', '--listen=127.0.0.1:0') as relay:
        lines = flatpak.output('duplex-cli', 'connect', '--count=2',
                               f'{relay}?backend={url}echo', input='relayed\n').splitlines()
    assert json.loads(lines[0]) == {'status': 'connected', 'backend': f'{url}echo'}, lines
    assert lines[1:] == ['relayed'], lines


def keeps_a_profile(flatpak, pictures):
    """A profile that is made in the window connects, and is there after a restart."""
    # Inside there is another folder of settings; see session.py for what they are.
    settings = flatpak.own / 'config/gtk-4.0/settings.ini'
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(ui_session.GTK_SETTINGS, encoding='ascii')
    person = Person.Person(flatpak.session, flatpak.command(), pictures)
    with flatpak.server('duplex-cli', 'serve') as url:
        person.start()
        Person.makes_a_profile(person, f'{url}echo')
        Person.connects(person)
        Person.talks(person)
        person.picture('duplex')
        Person.disconnects(person)
        person.quit()
        assert list((flatpak.own / 'data/duplex/profiles').iterdir()), 'where README says'
        person.start()
        person.shows(r'My echo', role='list item')
        Person.connects(person)
        person.picture('again')
        person.quit()
        # The programs share what is saved.
        echo = flatpak.output('duplex-cli', 'connect', '--profile=My echo', '--count=1',
                              input='with a profile\n')
    assert echo == 'with a profile\n', echo


def report(name, function, *arguments):
    """Run one step and write its TAP line; return whether it went well."""
    try:
        function(*arguments)
    except Exception:                       # pylint: disable=broad-except
        print(f'not ok - flatpak: {name}')
        print(''.join(f'# {line}\n' for line in traceback.format_exc().splitlines()), flush=True)
        return False
    print(f'ok - flatpak: {name}', flush=True)
    return True


def main():
    """Each step in its order; without the program none of the others makes sense."""
    app_id, bundle, pictures = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    assert os.getuid() != 0, 'root sees more than anybody who uses this'
    with ui_session.Session() as session:
        # Flatpak asks the system bus about parental controls, and gives up where there is no bus;
        # that nobody on it answers is fine.
        session.env['DBUS_SYSTEM_BUS_ADDRESS'] = session.env['DBUS_SESSION_BUS_ADDRESS']
        flatpak = Flatpak(session, app_id, bundle)
        good = report('an ordinary user installs the bundle', installs, flatpak) and all([
            report('it asks for no more than its README says', asks_for_little, flatpak),
            report('it cannot see the home folder', hides_home, flatpak),
            report('its programs start', has_programs, flatpak),
            report('duplex-cli talks to duplex-cli', talks_on_the_command_line, flatpak),
            report('duplex-relay carries what they say', talks_through_the_relay, flatpak),
            report('a profile is found after a restart', keeps_a_profile, flatpak, pictures),
        ])
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
