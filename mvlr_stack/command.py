"""The `mvlr` command: one word, then what that word takes."""

import argparse
import importlib
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import plain_errors
from .threads import settle_threads
from .words import WORDS


def package_version() -> str:
    """Return the version of the package beside this one, without importing it."""
    file = Path(__file__).parents[1] / 'mvlr_mm' / 'version.py'
    return runpy.run_path(str(file))['__version__']


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all words."""
    parser = argparse.ArgumentParser(
        prog='mvlr', epilog='mvlr COMMAND --help says more.'
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
            description=word.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
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
    args = build_parser().parse_args(argv)
    with plain_errors():
        check = getattr(WORDS[args.word], 'check', None)
        if check is not None:
            check(args)
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words behind ``mvlr``; those of this process by default.

    Returns:
        The exit status of the word's program.
    """
    args = parse(argv)
    settle_threads()  # before the program imports torch
    with plain_errors():
        program = importlib.import_module(WORDS[args.word].PROGRAM)
        return program.run(args)


if __name__ == '__main__':
    sys.exit(main())
