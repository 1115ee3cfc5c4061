"""Tag pictures with a trained model."""

import argparse
from pathlib import Path

from ..arguments import add_exclude, add_model, add_overwrite, add_tag_rules
from ..outputs import check_output, check_output_folder

PROGRAM = 'mvlr_mm.cli.infer'
EXAMPLES = (
    'mvlr infer photos --model work_dirs/my_config',
    'mvlr infer photos --recursive --out tags.jsonl --skip-existing',
    'mvlr infer photos --sidecar xmp --append --thr stored',
    'mvlr infer *.jpg --classes "sunset,red car" --max-tags 3 --out -',
)
FILES = ('.jsonl', '.csv', '.parquet')
SIDECARS = ('txt', 'xmp')  # names that `mvlr_mm.tagging` gives a meaning to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        'paths', nargs='+', metavar='PATH', help='picture, folder or pattern'
    )
    add_model(parser)

    pictures = parser.add_argument_group('pictures')
    add = pictures.add_argument
    add('--recursive', action='store_true', help='go into folders of folders')
    add_exclude(pictures)
    add(
        '--skip-existing',
        action='store_true',
        help='leave out pictures that have their results already; --out is added to',
    )

    add_tag_rules(parser)

    add = parser.add_argument_group('results').add_argument
    add(
        '--out',
        metavar='FILE',
        help='write all tags to .jsonl, .csv or .parquet; - prints json lines',
    )
    add(
        '--sidecar',
        choices=SIDECARS,
        help='write the tags of each picture beside it: photo.txt, or photo.jpg.xmp '
        '(dc:subject, lr:hierarchicalSubject, digiKam:TagsList)',
    )
    add(
        '--append',
        action='store_true',
        help='add to the tags of sidecars that are there, which stay',
    )
    add('--show-dir', metavar='DIR', help='draw pictures with their tags')
    add('--heatmaps', metavar='DIR', help='draw where each tag is seen')
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check what one argument says against another.

    Raises:
        ValueError: Two arguments do not go together.
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
    """
    if args.append and args.sidecar is None:
        raise ValueError('--append needs --sidecar, whose tags it keeps.')
    if args.skip_existing and (args.append or args.overwrite):
        other = '--append' if args.append else '--overwrite'
        raise ValueError(
            f'--skip-existing leaves results as they are and {other} changes them; '
            'leave one of them out.'
        )
    kept = args.out not in (None, '-')
    if args.skip_existing and not (
        kept or args.sidecar or args.show_dir or args.heatmaps
    ):
        raise ValueError(
            '--skip-existing needs results to look for: --out FILE, --sidecar, '
            '--show-dir or --heatmaps.'
        )
    if kept:
        if Path(args.out).suffix not in FILES:
            raise ValueError(
                f'--out {args.out}: tags go into a {", ".join(FILES)} file, or to -, '
                'standard output.'
            )
        check_output('--out', args.out, args.overwrite or args.skip_existing)
    for name in ('show_dir', 'heatmaps'):
        folder = getattr(args, name)
        if folder is not None:
            argument = f'--{name.replace("_", "-")}'
            check_output_folder(argument, folder, args.overwrite or args.skip_existing)
