"""What training may know of the labels, where that is not everything."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from mmengine.config import Config

from mvlr_mm.config import read_config
from mvlr_stack.arguments import at_least

from .held_out import hold_out


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
        type=float,
        metavar='NAMES',
        help='how many names, or which share of them, only the test asks for',
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
    if args.held_out is None:
        return None
    cfg = read_config(config, overrides)
    folder = Path(args.out, 'labels')
    return hold_out(cfg, folder, args.held_out, args.labels_seed)
