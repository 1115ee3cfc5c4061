"""Try a trained model in the browser: a page on this machine.

Drop a picture, and see the scores with their thresholds and where a label is seen; add
labels by name; tag many pictures and take the table away. The page needs no network.
"""

import argparse

from ..arguments import at_least

PROGRAM = 'mvlr_mm.cli.demo'
EXAMPLES = (
    'mvlr demo work_dirs/my_config',
    'mvlr demo my_pack --port 8000 --device cpu',
    'mvlr demo my_config.py --checkpoint best.pth --max-pixels 10000000',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add(
        'model',
        nargs='?',
        default='.',
        help='work folder of a training, a project, a pack, or a config (default: the '
        'current folder)',
    )
    add('--checkpoint', metavar='FILE', help='weights, in place of the best or last')
    add('--device', help='such as cpu or cuda:1 (default: a GPU where there is one)')
    add(
        '--host',
        default='127.0.0.1',
        help='address to listen at; with any other than this one, whoever reaches the '
        'machine can use the page',
    )
    add('--port', type=at_least(0), default=7860, help='0 is any that is free')
    add(
        '--max-pixels',
        type=at_least(1),
        default=50_000_000,
        help='the most that a picture may have',
    )
    add(
        '--max-queue',
        type=at_least(1),
        default=20,
        help='requests that may wait; further ones are told to come again',
    )
