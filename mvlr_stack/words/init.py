"""Make a project from annotated pictures: lists, label names and a config.

Whatever has a usual form is understood: csv (names, indices, a column a label), jsonl,
json and text lists, COCO json, VOC xml, YOLO, tags in a text file beside each picture,
one folder a label. In the project's folder the other commands need no config. Pictures
stay where they are. Exit status: 0, or 1 if records have problems (nothing is written).
"""

import argparse
from pathlib import Path

from ..arguments import add_overwrite, at_least, number

PROGRAM = 'mvlr_mm.cli.init'
EXAMPLES = (
    'mvlr init pets --data pictures_and_labels/',
    'mvlr init pets --data labels.csv --images /data/photos --sep ","',
    'mvlr init pets --data annotations/instances_all.json --backbone vitb16',
)
FORMS = ('lists', 'coco', 'voc', 'yolo', 'sidecars', 'folders')  # as `mvlr_mm.projects`


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add('folder', type=Path, help='of the project; it is made')
    add(
        '--data',
        type=Path,
        required=True,
        metavar='SOURCE',
        help='folder with annotations and pictures, or a file of annotations',
    )
    add('--images', type=Path, metavar='FOLDER', help='of the pictures, if elsewhere')
    add('--form', choices=FORMS, help='how to read the source (default: found out)')
    add(
        '--classes',
        metavar='FILE',
        help='json list or text file of the label names, in the order of their indices',
    )
    add('--sep', help='what stands between two labels (default: found out)')
    add(
        '--backbone',
        metavar='NAME|PATH',
        help='rn101, vitb16, small, or a CLIP in the format of open_clip: its json, '
        'its weights, both without their endings, or their folder (default: rn101 with '
        'a GPU, small without)',
    )
    add(
        '--val',
        type=number(above=0, below=0.5),
        help='share of val, if it is drawn (default: 0.15)',
    )
    add(
        '--test',
        type=number(above=0, below=0.5),
        help='share of test, if it is drawn (default: 0.15)',
    )
    add(
        '--seed',
        type=at_least(0),
        help='of the drawing (default: 0). With --overwrite, pictures of the project '
        'that is replaced stay in their split, unless --seed, --val or --test is given',
    )
    add(
        '--leave-out',
        action='store_true',
        help='leave out the records that have problems',
    )
    add_overwrite(parser)
