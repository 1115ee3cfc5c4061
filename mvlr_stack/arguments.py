"""Arguments that more than one command takes."""

import argparse

from .overrides import add_overrides


def positive(text: str) -> int:
    """Read a whole number above 0, as the type of an argument.

    Raises:
        argparse.ArgumentTypeError: The text is none.
    """
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text!r} must be a whole number above 0')
    return int(text)


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add ``--overwrite``: without it, no output replaces another."""
    parser.add_argument(
        '--overwrite', action='store_true', help='replace outputs that exist'
    )


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that training and testing both take, named as mmpretrain's."""
    parser.add_argument('--work-dir', help='folder for logs and results')
    add_overwrite(parser)
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    add_overrides(parser)
    parser.add_argument(
        '--allow',
        nargs='+',
        choices=['missing', 'unexpected', 'labels'],
        default=[],
        help='how the checkpoint may differ from the model: weights that it lacks or '
        'has too many, which are passed over; other labels, whose own weights are',
    )
    parser.add_argument('--no-pin-memory', action='store_true')
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none'
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
