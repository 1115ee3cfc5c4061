"""Check the data of a config: every picture, every label; report all problems."""

import argparse
import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from mvlr_mm.datasets.checking.picture_check import Inspection
from mvlr_mm.datasets.checking.splits import Split, read_splits
from mvlr_mm.datasets.checking.verification import Verified, count_problems, verify
from mvlr_mm.shown_text import printable
from mvlr_stack.outputs import write_text

from .data_config import load_data_config


def count_table(splits: Sequence[Split]) -> Table:
    """Return the pictures of every label in every split, and what they add up to."""
    table = Table(box=None, pad_edge=False)
    table.add_column('label')
    for split in splits:
        table.add_column(split.name, justify='right')
    # by name: the splits may have other classes, or theirs in another order
    counts = [_counts(split) for split in splits]
    for name in dict.fromkeys(name for split in splits for name in split.classes):
        table.add_row(printable(name), *(str(count.get(name, '-')) for count in counts))
    table.add_section()
    table.add_row('pictures', *(str(len(split.paths)) for split in splits))
    unlabelled = ((split.states != 1).all(1).sum() for split in splits)
    table.add_row('  without a label', *map(str, unlabelled))
    left_out = ((split.states == -1).sum() for split in splits)
    table.add_row('labels left out', *map(str, left_out))
    return table


def _counts(split: Split) -> dict[str, int]:
    """Return the number of pictures of each label."""
    numbers = (split.states == 1).sum(0).tolist()
    return dict(zip(split.classes, numbers, strict=True))


def write_json(path: Path, splits: Sequence[Split], verified: Verified) -> None:
    """Write what was found, for scripts.

    Args:
        path: File to write.
        splits: The splits of the config.
        verified: What was found in them.
    """
    counts = {
        split.name: dict(
            pictures=len(split.paths),
            labels=_counts(split),
            left_out=int((split.states == -1).sum()),
        )
        for split in splits
    }
    problems = [problem._asdict() for problem in verified.problems]
    content = dict(splits=counts, problems=problems, notes=verified.notes)
    # escaped, since the name of a file need be no UTF-8
    write_text(path, json.dumps(content, indent=2))


def run(args: argparse.Namespace) -> int:
    """Check the data.

    Args:
        args: Of the command line.

    Returns:
        The exit status: 0 without a problem, 1 with some.
    """
    # names are shown as they are, also one with :cat: in it
    out = Console(soft_wrap=True, highlight=False, emoji=False)
    progress = Console(stderr=True)

    def show(items: Iterable[Inspection], total: int) -> Iterable[Inspection]:
        return track(items, 'opening pictures', total, console=progress)

    splits = read_splits(load_data_config(args.config, args.cfg_options))
    verified = verify(splits, args.workers, show)
    problems = verified.problems
    if args.json:
        write_json(args.json, splits, verified)
    say = partial(out.print, markup=False)
    say(count_table(splits))
    for split in splits:
        counts = _counts(split).items()
        if empty := [printable(name) for name, count in counts if not count]:
            say(f'note: {split.name} has no picture of {", ".join(empty)}.')
    for note in verified.notes:
        say(f'note: {printable(note)}')
    for problem in problems:
        say(f'{problem.kind}: {printable(problem.text)}')
    counts = count_problems(problems)
    kinds = ', '.join(f'{count} {kind}' for kind, count in counts.items())
    word = 'problem' if len(problems) == 1 else 'problems'
    say(f'{len(problems)} {word} ({kinds}).' if problems else 'No problem.')
    return 1 if problems else 0
