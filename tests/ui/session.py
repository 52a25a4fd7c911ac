#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole desktop session without a screen, for one command or one test.

    session.py [--size WxH] [--dark] [--a11y atspi|test|none] [--keyring] -- command...

Starts Xvfb, a private session bus, the accessibility bus, a window manager, a
compositor and, when asked, an unlocked keyring; runs the command in it, and
exits with the command's status. As a module:

    with Session(keyring=True) as session:
        app = session.spawn(['duplex'])
        session.screenshot('window.png')
        session.stop(app)
        app = session.spawn(['duplex'])     # finds the same files and settings

HOME, the XDG folders and the settings are private to the session and last as
long as it does. At its end every process below the caller is ended, by its id:
those that the session started, and those that they left behind.
"""

import argparse
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

PR_SET_CHILD_SUBREAPER = 36     # <linux/prctl.h>

# What an outer desktop has set and a private session must not inherit.
FOREIGN = ('DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'SESSION_MANAGER', 'GTK_THEME',
           'GTK_MODULES', 'DBUS_SESSION_BUS_ADDRESS', 'AT_SPI_BUS_ADDRESS',
           'GNOME_KEYRING_CONTROL', 'SSH_AUTH_SOCK', 'DESKTOP_STARTUP_ID',
           'XDG_ACTIVATION_TOKEN')

# Meant for the program under test. The services of the session are not ours to check, and must
# live through a warning.
TEST_ONLY = ('G_DEBUG', 'G_MESSAGES_DEBUG', 'MALLOC_CHECK_', 'MALLOC_PERTURB_', 'LD_PRELOAD')

# The system's own Python has gi and pyatspi; another one on PATH may not.
SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin'

A11Y_LAUNCHERS = ('/usr/libexec/at-spi-bus-launcher', '/usr/lib/at-spi2-core/at-spi-bus-launcher',
                  '/usr/lib/at-spi-bus-launcher')

# No XSETTINGS daemon runs here, so GTK reads the font from its file. Without animations a picture
# taken after a change shows its end.
GTK_SETTINGS = """[Settings]
gtk-font-name=Cantarell 11
gtk-enable-animations=0
gtk-cursor-blink=0
"""

START_SECONDS = 15      # a service that is not up by then is broken, even on a busy machine
STOP_SECONDS = 3


def wait_for(condition, seconds, what):
    """Return the first true value of condition(); raise TimeoutError(what) after seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f'{what}: not within {seconds} s')
        time.sleep(.03)


def children(pid):
    """Return the ids of the processes that pid has started or adopted."""
    found = []
    try:
        for task in os.listdir(f'/proc/{pid}/task'):
            with open(f'/proc/{pid}/task/{task}/children', encoding='ascii') as file:
                found += [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def descendants(pid):
    """Return the ids of all processes below pid."""
    found, todo = [], children(pid)
    while todo:
        child = todo.pop()
        found.append(child)
        todo += children(child)
    return found


def reap_children(seconds):
    """Collect ended children; return whether none is left after at most seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(.02)
        except ChildProcessError:
            return True
    return False


# What a program's warnings, and a sanitizer's, look like.
COMPLAINT = re.compile(r'-(WARNING|CRITICAL|ERROR) \*\*|ERROR: \w+Sanitizer|runtime error:')

# What GTK 4.8 says when somebody looks at a window through the bus in the moment in which it
# closes. Fatal warnings would end the program for that, so that tests read them here instead.
HARMLESS = 'g_variant_is_object_path'


class Session:
    """The services of one session, and the environment that leads programs to them.

    size is 'WIDTHxHEIGHT' in pixels; a11y is 'atspi' for the real accessibility bus, 'test' for
    assertions inside the process, or 'none'; log is a file for what the services write. While
    it is open, os.environ is the session's environment too, so that pyatspi finds its bus;
    import pyatspi after that.
    """

    def __init__(self, size='1280x800', dark=False, a11y='atspi', keyring=False, log=None):
        self.size = size
        self.a11y = a11y
        self.keyring = keyring
        self.log = log
        self.folder = None
        self.env = {}
        self._dark = dark
        self._processes = []

    def __enter__(self):
        try:
            # Daemons that the bus activates become our children when their parent ends.
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            self._make_folders()
            self._start_display()
            self._start_bus()
            if self.a11y == 'atspi':
                self._start_a11y()
            self._start_window_manager()
            if self.keyring:
                self._start_keyring()
            self.set_dark(self._dark)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        for name in FOREIGN:
            os.environ.pop(name, None)
        os.environ.update(self.env)
        return self

    def __exit__(self, *_):
        # A second signal must not cut the clean-up short. Only the main thread gets signals.
        handlers = {}
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.signal(number, signal.SIG_IGN)
                        for number in (signal.SIGTERM, signal.SIGINT)}
        for process in reversed(self._processes):
            self.stop(process)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in descendants(os.getpid()):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            if reap_children(STOP_SECONDS):
                break
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        for number, handler in handlers.items():
            signal.signal(number, handler)

    def spawn(self, command, **options):
        """Start command in the session and return its Popen object."""
        options.setdefault('env', self.env)
        process = subprocess.Popen(command, **options)
        self._processes.append(process)
        return process

    def spawn_watched(self, command):
        """Start command as spawn() does, with its complaints kept for warnings()."""
        with open(os.path.join(self.folder, 'complaints'), 'ab') as log:
            return self.spawn(command, stderr=log)

    def warnings(self):
        """Return what watched programs complained about."""
        path = os.path.join(self.folder, 'complaints')
        if not os.path.exists(path):
            return []
        with open(path, encoding='utf-8', errors='replace') as log:
            return [line.rstrip() for line in log
                    if COMPLAINT.search(line) and HARMLESS not in line]

    def stop(self, process, seconds=STOP_SECONDS):
        """End process by its id, with force after seconds; return its exit status."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode

    def run(self, *command, **options):
        """Run command to its end in the session; return what subprocess.run() does, with text."""
        options.setdefault('timeout', 30)
        return subprocess.run(command, env=self.env, capture_output=True, text=True,
                              check=False, **options)

    def set_dark(self, dark):
        """Choose the style of the programs that are started from now on."""
        self.env['ADW_DEBUG_COLOR_SCHEME'] = 'prefer-dark' if dark else 'prefer-light'
        os.environ['ADW_DEBUG_COLOR_SCHEME'] = self.env['ADW_DEBUG_COLOR_SCHEME']

    def screenshot(self, path, window='root'):
        """Save a picture of the whole display, or of the X window with this id."""
        subprocess.run(['import', '-silent', '-window', str(window), path], env=self.env,
                       check=True, timeout=30)
        return path

    @property
    def data_home(self):
        """The private XDG_DATA_HOME: what the program under test saves is below it."""
        return self.env['XDG_DATA_HOME']

    def _make_folders(self):
        self.folder = tempfile.mkdtemp(prefix='duplex-session.')
        home = os.path.join(self.folder, 'home')
        runtime = os.path.join(self.folder, 'run')
        os.makedirs(os.path.join(home, '.config/gtk-4.0'))
        os.mkdir(runtime, 0o700)
        settings = os.path.join(home, '.config/gtk-4.0/settings.ini')
        with open(settings, 'w', encoding='ascii') as file:
            file.write(GTK_SETTINGS)

        self.env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.env['PATH'] = f'{SYSTEM_PATH}:{self.env.get("PATH", "")}'
        self.env.setdefault('LANG', 'C.UTF-8')
        self.env.setdefault('GSK_RENDERER', 'cairo')
        self.env.update(
            HOME=home,
            XDG_RUNTIME_DIR=runtime,
            XDG_CONFIG_HOME=os.path.join(home, '.config'),
            XDG_DATA_HOME=os.path.join(home, '.local/share'),
            XDG_CACHE_HOME=os.path.join(home, '.cache'),
            XDG_STATE_HOME=os.path.join(home, '.local/state'),
            XDG_CURRENT_DESKTOP='GNOME',
            GDK_BACKEND='x11',
            # A file below XDG_CONFIG_HOME: settings live on when the program is started again.
            GSETTINGS_BACKEND='keyfile',
            GIO_USE_VFS='local',
            GTK_A11Y=self.a11y,
            GTK_USE_PORTAL='0',
            ADW_DISABLE_PORTAL='1',
            LIBGL_ALWAYS_SOFTWARE='1',
        )

    def _start_service(self, command, **options):
        """Start a process of the session itself, quiet unless there is a log."""
        services_env = {k: v for k, v in self.env.items() if k not in TEST_ONLY}
        if not self.log:
            return self.spawn(command, env=services_env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        with open(self.log, 'ab') as file:
            return self.spawn(command, env=services_env, stdin=subprocess.DEVNULL,
                              stdout=file, stderr=file, **options)

    def _start_and_read(self, command):
        """Start command, '{fd}' in it being a pipe of ours; return the line that it writes."""
        reader, writer = os.pipe()
        try:
            self._start_service([word.format(fd=writer) for word in command], pass_fds=(writer,))
        finally:
            os.close(writer)
        # The line may come in several writes; the pipe ends when the process does.
        with open(reader, encoding='utf-8') as file:
            line = file.readline().strip()
        if not line:
            raise RuntimeError(f'{command[0]} did not start')
        return line

    def _start_display(self):
        # -displayfd: the server picks a number that is free, and says so once it can be used.
        number = self._start_and_read(['Xvfb', '-displayfd', '{fd}', '-screen', '0',
                                       f'{self.size}x24', '-nolisten', 'tcp', '-noreset',
                                       '-dpi', '96'])
        self.env['DISPLAY'] = f':{number}'

    def _start_bus(self):
        self.env['DBUS_SESSION_BUS_ADDRESS'] = self._start_and_read(
            ['dbus-daemon', '--session', '--nofork', '--nopidfile', '--nosyslog',
             '--print-address={fd}'])

    def _start_a11y(self):
        launcher = next((path for path in A11Y_LAUNCHERS if os.path.exists(path)), None)
        if not launcher:
            raise RuntimeError('at-spi-bus-launcher is not installed')
        self._start_service([launcher, '--launch-immediately'])
        ask = ['dbus-send', '--session', '--print-reply=literal', '--dest=org.a11y.Bus',
               '/org/a11y/bus', 'org.a11y.Bus.GetAddress']
        wait_for(lambda: 'unix:' in self.run(*ask).stdout, START_SECONDS, 'accessibility bus')

    def _start_window_manager(self):
        # Without one no window has the focus, and keys go nowhere.
        self._start_service(['openbox', '--sm-disable'])
        ask = ['xprop', '-root', '_NET_SUPPORTING_WM_CHECK']
        wait_for(lambda: 'window id' in self.run(*ask).stdout, START_SECONDS, 'window manager')
        # Without a compositor popovers stand on black boxes.
        if shutil.which('xcompmgr'):
            self._start_service(['xcompmgr', '-n'])

    def _start_keyring(self):
        # The newline is the (empty) password; without it the daemon never unlocks.
        control = os.path.join(self.env['XDG_RUNTIME_DIR'], 'keyring')
        subprocess.run(['gnome-keyring-daemon', '--unlock', '--components=secrets',
                        f'--control-directory={control}'], input=b'\n', env=self.env,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
                       timeout=START_SECONDS)


def main():
    """Run the command of the command line in a session of its own."""
    parser = argparse.ArgumentParser(description='Run a command in a session without a screen.')
    parser.add_argument('--size', default='1280x800', metavar='WxH')
    parser.add_argument('--dark', action='store_true')
    parser.add_argument('--a11y', default='atspi', choices=['atspi', 'test', 'none'])
    parser.add_argument('--keyring', action='store_true')
    parser.add_argument('--log', metavar='FILE', help='what the services of the session write')
    parser.add_argument('command', nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ['--'] else options.command
    if not command:
        parser.error('no command')

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with Session(options.size, options.dark, options.a11y, options.keyring,
                     options.log) as session:
            status = session.spawn(command).wait()
    except FileNotFoundError as error:
        print(f'session.py: no such program: {error.filename}', file=sys.stderr)
        return 127      # as a shell tells it
    except (RuntimeError, TimeoutError) as error:
        print(f'session.py: {error}', file=sys.stderr)
        return 1
    return status if status >= 0 else 128 - status


if __name__ == '__main__':
    sys.exit(main())
