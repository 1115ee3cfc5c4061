"""Tag pictures with a trained model."""

import argparse
import os
import sys
from contextlib import ExitStack, redirect_stdout

from rich.console import Console
from rich.progress import Progress

from mvlr_mm.apis import MultiLabelInferencer, Tagged
from mvlr_mm.apis.picture_sources import PictureFile, each_picture, is_excluded
from mvlr_mm.shown_text import printable

from .infer_outputs import Output, open_outputs, place_of
from .tag_rules import read_classes, thresholds_of


def find_paths(args: argparse.Namespace) -> list[str]:
    """Return the pictures that the arguments name, each once.

    Args:
        args: Of the command line.

    Raises:
        FileNotFoundError: A path leads nowhere, or to no picture.
    """
    found: dict[str, str] = {}
    for given in args.paths:
        drawn = _drawings(args, given)
        for path in each_picture(given, args.recursive):
            place = place_of(path)
            if path == given:  # what else is wrong with a picture, reading it says
                _check_named(given, place, args.recursive)
            if not place.startswith(drawn) and not is_excluded(path, args.exclude):
                found.setdefault(place, path)
    if not found:
        raise FileNotFoundError(
            'no picture is left: --exclude leaves some out, and so do --show-dir and '
            '--heatmaps with what lies in their folders.'
        )
    return list(found.values())


def _drawings(args: argparse.Namespace, given: str) -> tuple[str, ...]:
    """Return how paths begin of earlier drawings, which are no pictures to tag.

    Args:
        args: Of the command line.
        given: One of its paths; what it names in a folder of drawings counts.
    """
    folders = [x for x in (args.show_dir, args.heatmaps) if x is not None]
    begins = (os.path.join(place_of(folder), '') for folder in folders)
    named = os.path.join(place_of(given), '')
    return tuple(x for x in begins if not named.startswith(x))


def _check_named(given: str, place: str, recursive: bool) -> None:
    if not os.path.exists(place):
        raise FileNotFoundError(f'{given}: there is no such picture or folder.')
    if os.path.isdir(place):
        os.scandir(place).close()  # says why if it may not be looked into
        hint = '' if recursive else '; --recursive looks into its folders'
        raise FileNotFoundError(f'{given} has no picture in it{hint}.')


def run(args: argparse.Namespace) -> int:
    """Tag the pictures.

    Args:
        args: Of the command line.

    Returns:
        The exit status: 0, or 1 if a picture failed.
    """
    paths = find_paths(args)
    classes = read_classes(args.classes)
    with ExitStack() as stack:
        outputs = open_outputs(args, paths, stack)
        if args.skip_existing:
            paths = [p for p in paths if not all(x.has(p) for x in outputs)]
            if not paths:
                return 0
        with redirect_stdout(sys.stderr):  # what loading logs is no result
            infer = MultiLabelInferencer(args.model, args.checkpoint, args.device)
        names = classes or infer.classes
        for output in outputs:
            output.check(names)
        console = Console(stderr=True)
        with console.status(f'reading {len(names):,} label names'):
            results = infer(
                map(PictureFile, paths),
                thr=thresholds_of(args, infer.loaded, names),
                topk=args.max_tags,
                classes=classes,
                batch_size=args.batch_size,
                fmt=('tags', 'heatmap') if args.heatmaps else ('tags',),
            )
        failed = 0
        mixed = sys.stdout.isatty() and any(output.prints for output in outputs)
        quiet = mixed or not console.is_terminal
        with Progress(
            console=console, redirect_stdout=False, disable=quiet
        ) as progress:
            for found in progress.track(
                results, total=len(paths), description='tagging'
            ):
                failed += _hand_out(found, names, outputs, args.skip_existing)
    if console.is_terminal:
        console.print(f'{len(paths)} pictures, {failed} failed.', highlight=False)
    return 1 if failed else 0


def _hand_out(
    found: Tagged, names: tuple[str, ...], outputs: list[Output], skip: bool = False
) -> bool:
    """Give a result to all outputs; say and return whether something failed.

    Args:
        found: The result.
        names: The labels.
        outputs: The places.
        skip: Whether those that have a result of the picture keep it.
    """
    errors = [] if found.error is None else [found.error]
    for output in outputs:
        if found.error is not None and not output.takes_errors:
            continue
        if skip and output.has(found.path):
            continue
        try:
            output.write(found, names)
        except (OSError, ValueError) as error:
            if not output.one_by_one:
                raise
            errors.append(str(error))
    for error in errors:
        print(f'{printable(found.path)}: {printable(error)}', file=sys.stderr)
    return bool(errors)
