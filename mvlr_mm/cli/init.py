"""Make a project from annotated pictures."""

import argparse
import shlex
from collections import Counter
from collections.abc import Sequence

from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.labels.names import read_label_names
from mvlr_mm.projects.backbones import choose_backbone
from mvlr_mm.projects.known import known_splits
from mvlr_mm.projects.look import look
from mvlr_mm.projects.names import distinct, settle_labels
from mvlr_mm.projects.record import Record
from mvlr_mm.projects.splits import SPLITS, make_splits
from mvlr_mm.projects.writing import check_apart, check_project, writable, write_project
from mvlr_mm.shown_text import printable

SHOWN = 20  # problems
SHARE = 0.15  # of val and of test, where they are drawn


def say_problems(problems: CollectedProblems) -> None:
    """Say how the source was understood, and what is wrong with its records."""
    for note in problems.notes:
        print(f'note: {note}')
    for text in problems.found[:SHOWN]:
        print(f'problem: {text}')
    if len(problems.found) > SHOWN:
        print(f'problem: and {len(problems.found) - SHOWN} more.')


def say_records(records: Sequence[Record], classes: Sequence[str]) -> None:
    """Say how many pictures and labels there are, and which labels are rare."""
    counts = Counter(name for record in records for name in record.labels)
    mean = sum(counts.values()) / len(records)
    without = sum(not record.labels for record in records)
    print(
        f'{len(records):,} pictures, {len(classes):,} labels, {mean:.1f} a picture, '
        f'{without:,} pictures without a label'
    )
    rare = [name for name in classes if counts[name] < len(SPLITS)]
    if rare:
        shown = ', '.join(f'{printable(name)} ({counts[name]})' for name in rare[:8])
        more = f' and {len(rare) - 8} more' if len(rare) > 8 else ''
        print(f'note: too rare to be in every split: {shown}{more}.')


def say_splits(splits: dict[str, list[Record]], classes: Sequence[str]) -> None:
    """Say how large each split is, and which labels it lacks."""
    for name in SPLITS:
        there = {label for record in splits[name] for label in record.labels}
        lacking = sum(label not in there for label in classes)
        end = f', no picture of {lacking:,} labels' if lacking else ''
        print(f'  {name}: {len(splits[name]):,} pictures{end}')


def run(args: argparse.Namespace) -> int:
    """Look, split, write.

    Args:
        args: Of the command line.

    Returns:
        The exit status: 0, or 1 where records have problems and nothing was written.
    """
    folder, source = args.folder.resolve(), args.data.expanduser().resolve()
    check_project(folder, args.overwrite)
    anew = any(value is not None for value in (args.seed, args.val, args.test))
    known = {} if anew else known_splits(folder)
    recipe = choose_backbone(args.backbone)
    problems = CollectedProblems()
    images = args.images and args.images.expanduser().resolve()
    if images is not None and not images.is_dir():
        raise FileNotFoundError(f'--images {args.images}: there is no such folder.')
    given = None if args.classes is None else read_label_names(args.classes)
    found = look(source, problems, args.form, images, given, args.sep, folder)
    check_apart(folder, found.files)
    print(f'{source}: {found.form}')
    try:
        classes, records = settle_labels(found, problems)
        records = writable(distinct(records, problems), problems)
    finally:  # they may be why there are no labels
        say_problems(problems)
    if not records:
        raise ValueError(f'{source} has no record that can be used.')
    say_records(records, classes)
    if problems.found and not args.leave_out:
        print(
            f'{len(problems.found)} problems; nothing was written. Mend them, or add '
            '--leave-out to go on without these records.'
        )
        return 1
    asked = dict(val=args.val, test=args.test)
    shares = {k: SHARE if value is None else value for k, value in asked.items()}
    splits, how = make_splits(records, classes, shares, args.seed or 0, known)
    print(f'split: {how}')
    say_splits(splits, classes)
    write_project(folder, splits, classes, recipe, source)
    print(f'backbone: {recipe.what}')
    way = shlex.join(['cd', str(args.folder)])
    print(f'wrote {args.folder / "config.py"}; next: {way}; mvlr verify')
    return 0
