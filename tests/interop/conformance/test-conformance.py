#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether duplex-cli, as a client and as a server, keeps to RFC 6455 and RFC 7692: over raw
sockets, byte for byte, by a table of cases of our own."""

import argparse
import collections
import concurrent.futures
import contextlib
import json
import pathlib
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
import agreements   # noqa: E402
import closing      # noqa: E402
import compression  # noqa: E402
import framing      # noqa: E402
import handshake    # noqa: E402
import limits       # noqa: E402
import utf8         # noqa: E402
from end import DEADLINE      # noqa: E402
from programs import Client, Server, Visit      # noqa: E402
from steps import Run       # noqa: E402


def begins(number, prefix):
    """Whether "6.12.3" begins with the parts of "6.12"."""
    parts = prefix.rstrip('.').split('.')
    return number.split('.')[:len(parts)] == parts


def select_cases(args):
    """Return (direction, case) of all that were asked for, in order."""
    cases = []
    for module in (framing, utf8, closing, handshake, limits, compression,
                   agreements):
        cases.extend(module.cases())
    twice = [number for number, count in
             collections.Counter(case.number for case in cases).items() if count > 1]
    assert not twice, f'numbers that stand twice: {twice}'
    cases.sort(key=lambda case: [int(part) for part in case.number.split('.')])
    return [(direction, case) for direction in ('client', 'server') for case in cases
            if direction in case.programs and args.direction in (direction, 'both')
            and (args.full or not case.full)
            and (not args.cases or any(begins(case.number, prefix) for prefix in args.cases))]


class Bench:
    """Where cases run."""

    def __init__(self, args, folder):
        self.cli, self.folder = args.cli, folder
        self.env = {'XDG_DATA_HOME': folder, 'XDG_STATE_HOME': folder}
        self.server = None

    def program(self, direction, case):
        """Return the other end for a case."""
        if direction == 'server':
            return Visit(self.server)
        how = ['--echo'] if case.echoes else [
            '--wait', str(4 * DEADLINE), '--capture', self.folder / f'case-{case.number}.duplex']
        return Client(self.cli, [*how, *case.args, *self.profile(case)], self.env)

    def profile(self, case):
        """Save what a case has the client offer, and return the arguments that name it."""
        if not case.compression:
            return []
        name = f'case-{case.number}'
        profile = {'version': 1, 'name': name, 'url': 'ws://127.0.0.1/',
                   'compression': case.compression}
        profiles = self.folder / 'duplex' / 'profiles'
        profiles.mkdir(parents=True, exist_ok=True)
        (profiles / f'{name}.json').write_text(json.dumps(profile), encoding='utf-8')
        return ['--profile', name]

    def run(self, direction, case):
        """Run one; return what went wrong, or None, and notes."""
        program, run = None, None
        begin = time.monotonic()
        try:
            with contextlib.ExitStack() as stack:
                if direction == 'server' and case.alone:
                    # Its memory is its own.
                    fresh = Server(self.cli)
                    stack.callback(fresh.stop)
                    program = Visit(fresh)
                else:
                    program = self.program(direction, case)
                stack.callback(program.free)
                run = Run(program)
                run.run(case)
            return None, run.notes, time.monotonic() - begin
        except BaseException as error:     # pylint: disable=broad-except
            words = [f'{type(error).__name__}: {error}']
            if not isinstance(error, (AssertionError, TimeoutError)):
                words += traceback.format_exc().splitlines()
            if program is not None and program.end is not None:
                words += program.end.log
            return words, run.notes if run else [], time.monotonic() - begin


def report(number, direction, case, outcome):
    """Print a case's lines of TAP; return whether it failed."""
    problem, notes, took = outcome
    print(f'{"not ok" if problem else "ok"} {number} - {direction} {case.number} {case.name} '
          f'({case.rule})', flush=True)
    for line in [*notes, *(problem or []), *([f'took {took:.1f} s'] if took > 3 else [])]:
        print(f'# {line}'.replace('\n', '\n# '), flush=True)
    return bool(problem)


def run_cases(bench, chosen, jobs):
    """Run cases and print TAP; return how many failed."""
    failed, number = 0, 0
    print(f'1..{len(chosen) + 1}', flush=True)
    # Those that measure come last, one by one.
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        together = [pair for pair in chosen if not pair[1].alone]
        for pair, outcome in zip(together, pool.map(lambda pair: bench.run(*pair), together)):
            number += 1
            failed += report(number, *pair, outcome)
    for pair in chosen:
        if pair[1].alone:
            number += 1
            failed += report(number, *pair, bench.run(*pair))
    return failed


def main():
    """Run what the arguments choose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('cli', help='duplex-cli')
    parser.add_argument('cases', nargs='*', help='numbers, or their beginnings: 6 7.1 9.2.3')
    parser.add_argument('--direction', choices=('client', 'server', 'both'), default='both',
                        help='which program is tried')
    parser.add_argument('--full', action='store_true', help='also what takes long')
    parser.add_argument('--jobs', type=int, default=3, help='cases at a time')
    parser.add_argument('--list', action='store_true', help='only say which they are')
    args = parser.parse_intermixed_args()
    chosen = select_cases(args)
    if args.list:
        for direction, case in chosen:
            print(f'{direction} {case.number} {case.name} ({case.rule})')
        return 0
    assert chosen, 'no such case'

    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='duplex-conformance.') as folder:
        bench = Bench(args, pathlib.Path(folder))
        bench.server = Server(args.cli)
        try:
            failed = run_cases(bench, chosen, args.jobs)
        finally:
            problem = None
            try:
                bench.server.stop()
            except AssertionError as error:
                problem = error
    print(f'{"not ok" if problem else "ok"} {len(chosen) + 1} - the server lives to the end')
    if problem:
        print(f'# {problem}')
    print(f'# {failed} of {len(chosen)} cases failed, in {time.monotonic() - begin:.1f} s')
    return 1 if failed or problem else 0


if __name__ == '__main__':
    sys.exit(main())
