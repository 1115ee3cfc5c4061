"""The `mvlr` command: one word, then what that word takes."""

import argparse
import importlib
import logging
import os
import re
import runpy
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from .arguments import HelpFormatter
from .build_errors import nearest
from .errors import ended_on_request, plain_errors
from .memory import freeze_imports, keep_freed_memory
from .threads import settle_threads
from .words import WORDS


def package_version() -> str:
    """Return the version of the package beside this one, without importing it."""
    file = Path(__file__).parents[1] / 'mvlr_mm' / 'version.py'
    return runpy.run_path(str(file))['__version__']


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all words."""
    parser = argparse.ArgumentParser(
        prog='mvlr',
        description='Multi-label image recognition with vision and language.',
        epilog='`mvlr COMMAND --help` says more, with examples.',
    )
    parser.add_argument(
        '--version', action='version', version=f'mvlr {package_version()}'
    )
    words = parser.add_subparsers(metavar='COMMAND', dest='word', required=True)
    for name, word in WORDS.items():
        title = word.__doc__.splitlines()[0]
        own = words.add_parser(
            name,
            help=title[0].lower() + title[1:].rstrip('.'),
            description=word.__doc__.strip(),
            epilog='\n  '.join(['examples:', *word.EXAMPLES]),
            formatter_class=HelpFormatter,
        )
        word.add_arguments(own)
    return parser


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read a command line.

    Args:
        argv: The words behind ``mvlr``; those of this process by default.

    Raises:
        SystemExit: With status 2, if they are not a command.
    """
    argv = [_at_home(word) for word in (sys.argv[1:] if argv is None else argv)]
    parser = build_parser()
    if argv and not argv[0].startswith('-') and argv[0] not in WORDS:
        parser.error(
            f'there is no command {argv[0]!r}{nearest(argv[0], WORDS)}. There are: '
            f'{", ".join(WORDS)}.'
        )
    args = parser.parse_args(argv)
    with plain_errors():
        check = getattr(WORDS[args.word], 'check', None)
        if check is not None:
            check(args)
    return args


def _at_home(word: str) -> str:
    """Return a word with ``~/`` as a shell reads it, which leaves ``--out=~/f`` as is.

    Otherwise some paths would begin in a folder that is called ~, and others at home.
    """
    argument, path = re.fullmatch(r'(--[\w-]+=)?(.*)', word, re.DOTALL).groups('')
    return argument + os.path.expanduser(path) if path.startswith('~/') else word


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words behind ``mvlr``; those of this process by default.

    Returns:
        The exit status of the word's program.
    """
    with plain_errors():
        args = parse(argv)
        settle_threads()  # before the program imports torch
        keep_freed_memory()
        # a training goes on when nobody reads its log any more
        logging.raiseExceptions = False
        program = importlib.import_module(WORDS[args.word].PROGRAM)
        freeze_imports()
        # one of several processes may wait for another, where it hears nothing
        alone = getattr(args, 'launcher', 'none') == 'none'
        with ended_on_request() if alone else nullcontext():
            return program.run(args)
