"""Tag pictures by the million: into parquet, stopped and started again at will.

What SOURCE holds is tagged once, picture by picture; the same command again goes on
where the last run was stopped or killed, and tags what is new in SOURCE. DIR gets
part-*.parquet with the columns path, tags, scores and error; each file is whole or not
there. A picture that cannot be read has a row with its error. A run with another model
or other settings into the same DIR is refused.
"""

import argparse
from pathlib import Path

from ..arguments import (
    add_exclude,
    add_model,
    add_overwrite,
    add_tag_rules,
    at_least,
)
from ..outputs import check_output_folder

PROGRAM = 'mvlr_mm.cli.tag'
EXAMPLES = (
    'mvlr tag photos --out tags --model work_dirs/my_config',
    'mvlr tag shards --out tags --max-tags 10 --dry-run',
    'mvlr tag photos --out tags --engine ray --workers 4',
)
ENGINES = ('local', 'ray')  # names that `mvlr_mm.cli.tag` gives a meaning to
SAMPLE = 64  # pictures that a dry run tags
MANIFEST = '_manifest.jsonl'  # by which a folder of `mvlr tag` is known


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add(
        'source',
        nargs='+',
        metavar='SOURCE',
        help='a folder, with all folders in it; a list of paths: .txt, or .jsonl with '
        '"image"; a tar shard as webdataset has them; parquet with a column of bytes',
    )
    add('--out', required=True, metavar='DIR', help='folder of the results')
    add_model(parser)
    add_tag_rules(parser)

    pictures = parser.add_argument_group('pictures')
    add_exclude(pictures)
    pictures.add_argument(
        '--column', help='of the pictures in parquet (default: the one that can be)'
    )

    add = parser.add_argument_group('work').add_argument
    add(
        '--dry-run',
        action='store_true',
        help='count the pictures, tag some, say how long all would take; write nothing',
    )
    add(
        '--sample',
        type=at_least(1),
        help=f'pictures that --dry-run tags (default: {SAMPLE})',
    )
    add('--part-rows', type=at_least(1), default=10_000, help='rows of a file')
    add(
        '--engine',
        choices=ENGINES,
        default='local',
        help='local: this process; ray: Ray Data, on one machine or on many that all '
        'see SOURCE, DIR and the model',
    )
    add('--workers', type=at_least(1), default=1, help='models at work, with ray')
    add(
        '--address',
        help="of a Ray cluster (default: Ray is started here, for this machine's "
        'programs alone)',
    )
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the folder may be written to, and what goes with which engine.

    Raises:
        OSError: As for :func:`mvlr_stack.outputs.check_output_folder`.
        ValueError: An argument is for the other engine, or for --dry-run.
    """
    if args.sample is None:
        args.sample = SAMPLE
    elif not args.dry_run:
        raise ValueError(
            f'--sample {args.sample} is for --dry-run; add it, or leave --sample out '
            'to tag everything.'
        )
    if args.engine != 'ray' and (args.address is not None or args.workers > 1):
        raise ValueError(
            '--workers and --address are for --engine ray; add it, or leave them out.'
        )
    begun = (Path(args.out) / MANIFEST).is_file()
    check_output_folder('--out', args.out, args.overwrite or begun)
