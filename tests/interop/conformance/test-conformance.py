#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether duplex-cli, as a client and as a server, keeps to RFC 6455 and RFC 7692: over raw
sockets, byte for byte, by a table of cases of our own."""

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
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
from relay import Foreign, Passage, Relay       # noqa: E402
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


@dataclasses.dataclass
class Outcome:
    """What became of a case."""

    problem: list = None        # lines
    notes: list = dataclasses.field(default_factory=list)
    took: float = 0
    skipped: str = ''           # why


class Bench:
    """Where cases run."""

    def __init__(self, args, folder, stack):
        self.cli, self.folder, self.relay = args.cli, folder, args.relay
        self.env = {'XDG_DATA_HOME': folder, 'XDG_STATE_HOME': folder}
        self.foreign = None
        if args.foreign:
            self.foreign = Foreign()
            stack.callback(self.foreign.stop)
        self.server = self.serve(stack)

    def serve(self, stack):
        """Start a server, and a relay before it where one is tried, to be stopped by stack."""
        server = self.foreign
        if server is None:
            server = Server(self.cli)
            stack.callback(server.stop)
        if self.relay:
            server = Relay(self.relay, server)
            stack.callback(server.stop)
        return server

    def program(self, direction, case, stack):
        """Return the other end for a case."""
        if direction == 'server':
            # Where memory is measured it must be the case's own.
            server = self.serve(stack) if case.alone else self.server
            return Passage(server) if self.relay else Visit(server)
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
        """Run one. A server that others wrote must do well by itself, or it says nothing of the
        relay before it."""
        if self.foreign:
            alone = self.attempt(case, lambda stack: Visit(self.foreign))
            if alone.problem:
                return Outcome(skipped=f'without the relay: {alone.problem[0]}', took=alone.took)
        return self.attempt(case, lambda stack: self.program(direction, case, stack))

    def attempt(self, case, make):
        """Run one against the program that make returns."""
        program, run = None, None
        begin = time.monotonic()
        try:
            with contextlib.ExitStack() as stack:
                program = make(stack)
                stack.callback(program.free)
                run = Run(program)
                run.run(case)
            return Outcome(None, run.notes, time.monotonic() - begin)
        except BaseException as error:     # pylint: disable=broad-except
            words = [f'{type(error).__name__}: {error}']
            if not isinstance(error, (AssertionError, TimeoutError)):
                words += traceback.format_exc().splitlines()
            if program is not None and program.end is not None:
                words += program.end.log
            return Outcome(words, run.notes if run else [], time.monotonic() - begin)


def report(number, direction, case, outcome):
    """Print a case's lines of TAP; return whether it failed."""
    name = f'{direction} {case.number} {case.name} ({case.rule})'
    if outcome.skipped:
        name = f'{name} # SKIP {outcome.skipped}'
    print(f'{"not ok" if outcome.problem else "ok"} {number} - {name}', flush=True)
    slow = [f'took {outcome.took:.1f} s'] if outcome.took > 3 else []
    for line in [*outcome.notes, *(outcome.problem or []), *slow]:
        print(f'# {line}'.replace('\n', '\n# '), flush=True)
    return bool(outcome.problem)


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
    parser.add_argument('--relay', metavar='EXE',
                        help='try servers from behind this duplex-relay')
    parser.add_argument('--foreign', action='store_true',
                        help="with --relay: npm's ws is the server; what it does not do well by "
                        'itself is left out')
    parser.add_argument('--full', action='store_true', help='also what takes long')
    parser.add_argument('--jobs', type=int, default=3, help='cases at a time')
    parser.add_argument('--list', action='store_true', help='only say which they are')
    args = parser.parse_intermixed_args()
    if args.relay:
        args.direction = 'server'
    elif args.foreign:
        parser.error('--foreign needs --relay')
    chosen = select_cases(args)
    if args.list:
        for direction, case in chosen:
            print(f'{direction} {case.number} {case.name} ({case.rule})')
        return 0
    assert chosen, 'no such case'

    begin, problem = time.monotonic(), None
    with tempfile.TemporaryDirectory(prefix='duplex-conformance.') as folder:
        stack = contextlib.ExitStack()
        try:
            bench = Bench(args, pathlib.Path(folder), stack)
            if args.foreign and bench.foreign.port is None:
                print('1..0 # SKIP there is no ws')
                return 0
            failed = run_cases(bench, chosen, args.jobs)
        finally:
            try:
                stack.close()
            except AssertionError as error:
                problem = error
    print(f'{"not ok" if problem else "ok"} {len(chosen) + 1} - the server lives to the end')
    if problem:
        print(f'# {problem}')
    print(f'# {failed} of {len(chosen)} cases failed, in {time.monotonic() - begin:.1f} s')
    return 1 if failed or problem else 0


if __name__ == '__main__':
    sys.exit(main())
