"""What training may know of the labels, where that is not everything."""

import argparse
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from mmengine.config import Config

from mvlr_mm.config import read_config
from mvlr_mm.datasets.hidden_labels import SINGLE_POSITIVE, HiddenLabels
from mvlr_stack.arguments import at_least, number

from .held_out import hold_out
from .partial import PartialLabels


class Supervision(Protocol):
    """What training may know."""

    def overrides(self, name: str, cfg: Config, trains: bool) -> dict[str, Any]:
        """Return what lets a row train so, by dotted key; ValueError if it cannot."""

    def content(self) -> dict[str, Any]:
        """Return what it is, as plain data."""


def add_supervision(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    group = parser.add_argument_group('what training may know of the labels')
    group.add_argument(
        '--held-out',
        type=number(above=0),
        metavar='NAMES',
        help='how many names, or which share of them, only the test asks for',
    )
    group.add_argument(
        '--known',
        type=_known,
        metavar='SHARE',
        help="which share of the labels is known, or 'single positive'",
    )
    group.add_argument(
        '--unknown',
        choices=['left-out', 'absent'],
        help='what losses do with the others of --known; for a single positive, '
        'without which all would be positive, say it: absent',
    )
    group.add_argument(
        '--labels-seed',
        type=at_least(0),
        default=0,
        metavar='SEED',
        help='of what is held out or hidden (default: 0)',
    )


def chosen_supervision(
    args: argparse.Namespace, config: str, overrides: Mapping[str, Any]
) -> Supervision | None:
    """Return what training may know of the labels; None for everything.

    Args:
        args: Of the command line.
        config: Of a row; its pictures are those of all.
        overrides: Of all rows.

    Raises:
        ValueError: The arguments do not go together, or not with the labels.
    """
    folder, seed = Path(args.out, 'labels'), args.labels_seed
    if args.known is None and args.unknown is not None:
        raise ValueError('--unknown goes with --known, which is not given.')
    if args.known is not None and args.held_out is not None:
        raise ValueError('--known and --held-out do not go together; give one.')
    if args.known is not None:
        if args.known == SINGLE_POSITIVE and args.unknown != 'absent':
            raise ValueError(
                f'--known {SINGLE_POSITIVE!r} leaves no label absent, and to call '
                'every label there would cost nothing; add --unknown absent.'
            )
        rest = 'absent' if args.unknown == 'absent' else 'unknown'
        return PartialLabels(args.known, seed, rest, folder)
    if args.held_out is None:
        return None
    return hold_out(read_config(config, overrides), folder, args.held_out, seed)


def _known(text: str) -> float | str:
    """Return what is known, as :class:`HiddenLabels` takes it."""
    found: float | str = text
    with suppress(ValueError):
        found = float(text)
    try:
        HiddenLabels(found)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return found
