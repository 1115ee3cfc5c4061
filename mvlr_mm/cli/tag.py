"""Tag pictures by the million."""

import argparse
import os
import sys
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mvlr_mm.apis import MultiLabelInferencer
from mvlr_mm.extras import require
from mvlr_mm.tagging.bulk import (
    Manifest,
    Parts,
    Source,
    describe_job,
    estimate,
    known_names,
    tag_local,
    tally,
)
from mvlr_mm.tagging.bulk.manifest import MANIFEST
from mvlr_stack.progress import duration

from .tag_rules import read_classes, thresholds_of


def run(args: argparse.Namespace) -> int:
    """Tag the pictures, or say how long it would take.

    Args:
        args: Of the command line.

    Returns:
        The exit status: 0, or 1 if pictures in the results have failed.
    """
    for package in ('pyarrow', 'ray.data') if args.engine == 'ray' else ('pyarrow',):
        require(package, extra='tag')
    source = find_source(args)
    classes = read_classes(args.classes)
    # Ray's models are made elsewhere; this one says what they are
    device = 'cpu' if args.engine == 'ray' and not args.dry_run else args.device
    with redirect_stdout(sys.stderr):  # what loading logs is no result
        infer = MultiLabelInferencer(args.model, args.checkpoint, device)
    names = classes or infer.classes
    options = dict(
        thr=thresholds_of(args, infer.loaded, names),
        topk=args.max_tags,
        classes=classes,
        batch_size=args.batch_size,
    )
    job = describe_job(
        args.engine, source, infer.loaded, names, options['thr'], args.max_tags
    )
    begun = (Path(args.out) / MANIFEST).is_file() and not args.overwrite
    if args.dry_run and not begun:
        return say_time(args, infer, source, options)
    with Manifest(args.out, job, args.overwrite) as manifest:
        if args.dry_run:
            return say_time(args, infer, source, options)
        ENGINES[args.engine](args, infer, source, manifest, options)
        rows, failed = tally(args.out)
    print(f'{args.out}: {rows:,} pictures, {failed:,} of them failed.')
    return 1 if failed else 0


def find_source(args: argparse.Namespace) -> Source:
    """Return the pictures that the arguments name."""
    return Source(
        tuple(os.path.abspath(os.path.expanduser(path)) for path in args.source),
        tuple(args.exclude),
        args.column,
        os.path.abspath(args.out),
    )


def say_time(
    args: argparse.Namespace,
    infer: MultiLabelInferencer,
    source: Source,
    options: dict[str, Any],
) -> int:
    """Count and time, and print what was found."""
    known = known_names(args.out if not args.overwrite else os.devnull)
    found = estimate(infer, source, known, args.sample, **options)
    print(f'{found.known:,} pictures have results, {found.left:,} have none.')
    if found.sample:
        print(
            f'{found.sample} of these took {found.seconds:.1f} s in this process, '
            f'{found.sample / found.seconds:.1f} a second: all of them take about '
            f'{duration(found.seconds_left / args.workers)}'
            f'{f" with {args.workers} workers" if args.workers > 1 else ""}.'
        )
    return 0


def _run_local(
    args: argparse.Namespace,
    infer: MultiLabelInferencer,
    source: Source,
    manifest: Manifest,
    options: dict[str, Any],
) -> None:
    parts = Parts(manifest, args.part_rows)
    console = Console()
    columns = TextColumn('tagged'), MofNCompleteColumn(), TimeElapsedColumn()
    with (
        closing(tag_local(infer, source, parts, **options)) as results,
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
    ):
        written = len(manifest.lines)
        for _ in bar.track(results, total=None):
            if len(manifest.lines) > written:
                written = len(manifest.lines)
                last = manifest.lines[-1]
                console.print(f'{last["part"]}: {last["rows"]:,} rows', highlight=False)


def _run_ray(
    args: argparse.Namespace,
    infer: MultiLabelInferencer,
    source: Source,
    manifest: Manifest,
    options: dict[str, Any],
) -> None:
    # Ray is in an extra
    from mvlr_mm.tagging.bulk.ray_engine import tag_ray

    tag_ray(
        dict(
            model=_place(args.model),
            checkpoint=args.checkpoint and _place(args.checkpoint),
            device=args.device,
        ),
        source,
        manifest,
        workers=args.workers,
        address=args.address,
        part_rows=args.part_rows,
        **options,
    )


def _place(path: str) -> str:
    """Return a path as workers find it, wherever they start; what is none, as it is."""
    place = os.path.abspath(os.path.expanduser(path))
    return place if os.path.exists(place) else path


ENGINES = {'local': _run_local, 'ray': _run_ray}
