"""Arguments that more than one command takes, and how their help looks."""

import argparse
import math
import re
from collections.abc import Callable

from .overrides import add_overrides


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keep the lines of texts, and say every default that says something."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ''
        said_nothing = (None, False, argparse.SUPPRESS)
        if action.default in ({}, []) or any(action.default is x for x in said_nothing):
            return text
        return text if 'default' in text else f'{text} (default: %(default)s)'


def at_least(lowest: int) -> Callable[[str], int]:
    """Return the type of an argument that is a whole number.

    Args:
        lowest: The smallest that is allowed.
    """

    def read(text: str) -> int:
        if not re.fullmatch(r'[0-9]+', text) or int(text) < lowest:
            raise argparse.ArgumentTypeError(
                f'{text!r} must be a whole number of at least {lowest}'
            )
        return int(text)

    return read


def number(
    above: float = -math.inf,
    below: float = math.inf,
    lowest: float = -math.inf,
    highest: float = math.inf,
) -> Callable[[str], float]:
    """Return the type of an argument that is a finite number.

    Args:
        above: What it must be above.
        below: What it must be below.
        lowest: The smallest that is allowed.
        highest: The largest that is allowed.
    """
    bounds = {
        'above': above,
        'of at least': lowest,
        'below': below,
        'of at most': highest,
    }
    said = [f'{word} {x}' for word, x in bounds.items() if math.isfinite(x)]
    rule = ' '.join(['a number', ' and '.join(said)]).rstrip()

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        within = lowest <= value <= highest and above < value < below
        if not (math.isfinite(value) and within):
            raise argparse.ArgumentTypeError(f'{text!r} must be {rule}')
        return value

    return read


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the config; :func:`mvlr_stack.project.settle_config` finds it if unsaid."""
    parser.add_argument(
        'config',
        nargs='?',
        help='config file, or one of the package: mvlr_mm::mvlr/NAME.py (default: '
        'config.py of this folder, as `mvlr init` makes it)',
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the trained model, and how it computes."""
    add = parser.add_argument
    add(
        '--model',
        default='.',
        metavar='DIR|CONFIG',
        help='work folder of a training, a project, a pack, or a config (default: the '
        'current folder)',
    )
    add('--checkpoint', metavar='FILE', help='weights, in place of the best or last')
    add('--device', help='such as cpu or cuda:1 (default: a GPU where there is one)')
    add('--batch-size', type=at_least(1), default=8, help='pictures at a time')


def add_exclude(parser: argparse._ActionsContainer) -> None:
    """Add the patterns of pictures that are left out."""
    parser.add_argument(
        '--exclude',
        nargs='+',
        action='extend',
        default=[],
        metavar='PATTERN',
        help='leave out pictures whose name, or path, is like this: thumb_* */raw/*',
    )


def add_tag_rules(parser: argparse.ArgumentParser) -> None:
    """Add what makes a label a tag; `mvlr_mm.cli.tag_rules` reads it."""
    add = parser.add_argument_group('tags').add_argument
    add(
        '--thr',
        help='score from which a label is a tag: a number; `stored`, those beside the '
        "model; a file of `mvlr thresholds` (default: `stored` where the model's own "
        'labels have them, else 0.5)',
    )
    add(
        '--min-score',
        type=number(highest=1),
        help='no tag below this, whatever --thr says',
    )
    add('--max-tags', type=at_least(1), help='the most tags of a picture, the best')
    add(
        '--classes',
        metavar='A,B,C',
        help="other labels than the model's, trained or not; or a file of them",
    )


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add ``--overwrite``: without it, no output replaces another."""
    parser.add_argument(
        '--overwrite', action='store_true', help='replace outputs that exist'
    )


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that training and testing both take, named as mmpretrain's."""
    parser.add_argument(
        '--work-dir',
        help='folder for logs and results; without it the config says, or it is '
        'work_dirs/ and the name of the config',
    )
    add_overwrite(parser)
    parser.add_argument(
        '--features',
        metavar='FOLDER',
        help='of `mvlr features`: read them in the place of pictures',
    )
    parser.add_argument(
        '--cache',
        metavar='FOLDER',
        help='of `mvlr cache`: read pictures that are decoded and resized',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='compute in bfloat16; in float16 on GPUs without it, in float32 on such '
        'CPUs',
    )
    add_overrides(parser)
    parser.add_argument(
        '--allow',
        nargs='+',
        choices=['missing', 'unexpected', 'labels'],
        default=[],
        help='how the checkpoint may differ from the model: weights that it lacks or '
        'has too many, which are passed over; other labels, whose own weights are',
    )
    parser.add_argument(
        '--no-pin-memory',
        action='store_true',
        help='load into ordinary memory, slower on a GPU, where page-locked is short',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes; tools/dist_train.sh and the like set it',
    )
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS
    )
