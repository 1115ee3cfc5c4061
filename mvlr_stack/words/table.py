"""Print a table of the paper beside what was measured here.

`tools/benchmark.py accuracy --tables 4 --data FOLDER` trains its rows on your pictures;
a row that no run has filled stays empty.
"""

import argparse

PROGRAM = 'mvlr_mm.cli.table'
EXAMPLES = (
    'mvlr table 4',
    'mvlr table 4 --data data/custom',
    'mvlr table figure6 --data data/one data/other --results work_dirs/accuracy',
)
# Names that `mvlr_mm.paper` has rows for.
TABLES = ('4', '5', '6', '7', '8', '10', 'figure4', 'figure6')
RESULTS = 'work_dirs/accuracy'  # where the comparisons are, by the name of their data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('table', choices=TABLES, help='of the ablations')
    parser.add_argument(
        '--data',
        nargs='+',
        default=[],
        metavar='FOLDER',
        help='the pictures whose results stand beside the paper: the --data of the '
        'comparison, or its name',
    )
    parser.add_argument(
        '--results',
        metavar='FOLDER',
        help='where the comparisons are, each in a folder named as its data (default: '
        f'{RESULTS})',
    )


def check(args: argparse.Namespace) -> None:
    """Choose the folder of the results.

    Raises:
        ValueError: It is named, but of which pictures is not said.
    """
    if args.results is None:
        args.results = RESULTS
    elif not args.data:
        raise ValueError(
            f'--results {args.results} needs --data, the pictures of the comparison '
            'or the name of its folder.'
        )
