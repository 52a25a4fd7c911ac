#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-units.py RELAY SERVICE SOCKET EXAMPLE: the unit files, as systemd reads them, and the
example of a key file.

Without systemd-analyze the units are skipped, unless CI or DUPLEX_REQUIRE_INTEROP is set.
"""

import asyncio
import configparser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from relaylib import call, run      # noqa: E402  pylint: disable=wrong-import-position

STRICT = 'CI' in os.environ or 'DUPLEX_REQUIRE_INTEROP' in os.environ
RELAY, SERVICE, SOCKET, EXAMPLE = (pathlib.Path(name).resolve() for name in sys.argv[1:5])
# What no service that talks to the network should be without.
HARDENING = {
    'DynamicUser': 'yes', 'NoNewPrivileges': 'yes', 'ProtectSystem': 'strict',
    'PrivateDevices': 'yes', 'MemoryDenyWriteExecute': 'yes',
    'RestrictAddressFamilies': 'AF_INET AF_INET6 AF_UNIX', 'Type': 'notify',
}


def verify(service):
    """Return what systemd says of the units, with the relay that was built and a given service."""
    service = re.sub(r'^ExecStart=\S+', f'ExecStart={RELAY}', service, flags=re.M)
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder) / SERVICE.name
        unit.write_text(service, 'utf-8')
        shutil.copy(SOCKET, folder)
        result = subprocess.run(
            ['systemd-analyze', 'verify', '--man=no', unit, unit.with_suffix('.socket')],
            capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, 'SYSTEMD_UNIT_PATH': folder + ':'})
    # Other units of the machine may have flaws of their own.
    lines = [line for line in result.stderr.splitlines() if 'duplex-relay' in line]
    return result.returncode, lines


async def verified():
    """systemd has nothing to say against the units."""
    code, lines = await asyncio.to_thread(verify, SERVICE.read_text('utf-8'))
    assert not lines, '\n'.join(lines)
    assert code == 0, code


async def flaws_found():
    """And would have: a setting that it does not know is found."""
    service = SERVICE.read_text('utf-8').replace('[Install]', 'PrivateDivices=yes\n[Install]')
    _code, lines = await asyncio.to_thread(verify, service)
    assert any('PrivateDivices' in line for line in lines), lines


async def hardened():
    """The service is hardened, and is told to reload by SIGHUP."""
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(SERVICE, 'utf-8')
    service = dict(unit['Service'])
    assert {name: service.get(name) for name in HARDENING} == HARDENING, service
    assert service['ExecReload'].endswith('kill -HUP $MAINPID'), service
    assert 'WatchdogSec' in service and 'LimitNOFILE' in service, service
    assert '@' not in service['ExecStart'], service


async def example():
    """The example names every option with its default, and the relay takes all of them."""
    text = EXAMPLE.read_text('utf-8')
    result, out, err = await call('--help')
    assert result == 0 and not err, err
    options = {name: (line.split('(')[-1].split(' by default')[0] if 'by default' in line else None)
               for line in out.splitlines() for name in re.findall(r'^  --([a-z-]+)', line)}
    shown = dict(line[1:].split('=', 1) for line in text.splitlines()
                 if re.match(r'#[a-z-]+=', line))
    assert set(shown) == set(options) - {'config', 'version'}, set(shown) ^ set(options)
    for name, default in options.items():
        assert default is None or shown[name] == default, (name, default, shown[name])
    with tempfile.TemporaryDirectory() as folder:
        conf = pathlib.Path(folder) / 'relay.conf'
        plain = [line[1:] if re.match(r'#[a-z-]+=', line) else line for line in text.splitlines()
                 if not re.match(r'#(tls-|cacert|token-|capture=)', line)]
        conf.write_text('\n'.join(plain).replace('127.0.0.1:8080', '127.0.0.1:0'), 'utf-8')
        process = await asyncio.create_subprocess_exec(
            RELAY, '--config', conf, stdout=asyncio.subprocess.PIPE)
        assert (await process.stdout.readline()).startswith(b'listening on ')
        process.terminate()
        assert await process.wait() == 0


if __name__ == '__main__':
    os.environ['LC_ALL'] = 'C.UTF-8'
    tests = [hardened, example]
    if STRICT or shutil.which('systemd-analyze'):
        tests += [verified, flaws_found]
    else:
        print('# units are not verified: systemd-analyze is not installed')
    run(tests)
