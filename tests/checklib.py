# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check-* scripts share: the files of the project, C without comments, self-tests.

A check is a function of the root folder and the build folder that returns a list of problems, each
a line of text. Run as a script it prints them and fails when there are any; with --self-test it is
tried on small trees, to show that it finds what it is for and nothing else.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

SKIP = 77       # the exit status that meson takes for a skipped test

C_TOKEN = re.compile(r'''//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*\'''', re.DOTALL)
GENERATED = ('build/', 'build-', '.git/', '.flatpak-builder/')


class Skip(Exception):
    """Raised by a check that cannot be done here; the text says why."""


def project_files(root):
    """Return the paths, relative to root, of the files that belong to the project."""
    if (root / '.git').exists():
        output = subprocess.run(
            ['git', '-C', str(root), 'ls-files', '-z', '-co', '--exclude-standard'],
            capture_output=True, check=True, text=True).stdout
        names = [name for name in output.split('\0') if name and (root / name).is_file()]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob('*') if path.is_file()]
        names = [name for name in names if name.startswith('build-aux/')
                 or not (name.startswith(GENERATED) or '__pycache__' in name)]
    return sorted(names)


def read(root, name):
    """Return the text of a project file."""
    return (root / name).read_text(encoding='utf-8')


def blank(text):
    """Return text with everything but line ends replaced by spaces."""
    return re.sub(r'[^\n]', ' ', text)


def strip_comments(text):
    """Return C text with its comments blanked, so that lines and columns stay."""
    return C_TOKEN.sub(lambda match: blank(match[0]) if match[0][0] == '/' else match[0], text)


def strip_c(text):
    """Return C text with its comments, strings and characters blanked."""
    return C_TOKEN.sub(lambda match: blank(match[0]), text)


def line_of(text, position):
    """Return the number of the line that holds this position."""
    return text.count('\n', 0, position) + 1


def self_test(check, cases):
    """Run check on the small tree of each case; print TAP and return the exit status.

    A case is a name, a dictionary of file texts ('@ROOT@' in them is the folder), and the problem
    that must be found, or None where none may be.
    """
    print(f'1..{len(cases)}')
    failed = 0
    for number, (name, files, expected) in enumerate(cases, 1):
        with tempfile.TemporaryDirectory(prefix='duplex-check.') as folder:
            root = pathlib.Path(folder)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text.replace('@ROOT@', folder), encoding='utf-8')
            try:
                problems = check(root, root / 'build')
            except Skip as reason:
                print(f'ok {number} - {name} # SKIP {reason}')
                continue
        found = any(expected in problem for problem in problems) if expected else not problems
        print(f'{"ok" if found else "not ok"} {number} - {name}')
        if not found:
            failed += 1
            print(f'# expected: {expected}')
            for problem in problems:
                print(f'# found: {problem}')
    return 1 if failed else 0


def main(check, cases):
    """Do what the command line of a check script asks for, and exit."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--self-test', action='store_true')
    parser.add_argument('--root', type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument('--build', type=pathlib.Path, default=pathlib.Path('build'))
    options = parser.parse_args()
    if options.self_test:
        sys.exit(self_test(check, cases))
    try:
        problems = check(options.root.resolve(), options.build.resolve())
    except Skip as reason:
        print(reason)
        sys.exit(SKIP)
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
