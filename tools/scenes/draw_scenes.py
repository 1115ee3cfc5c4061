"""Draw the scenes data set: ``python tools/scenes/draw_scenes.py data/scenes``."""

import argparse
from pathlib import Path

from mvlr_mm.datasets.scenes import write_scenes
from mvlr_stack.arguments import at_least
from mvlr_stack.errors import plain_errors
from mvlr_stack.progress import Progress


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('root', type=Path, help='folder to write to')
    parser.add_argument(
        '--train', type=at_least(1), default=5000, help='pictures to train on'
    )
    parser.add_argument(
        '--val', type=at_least(0), default=400, help='pictures to validate on'
    )
    parser.add_argument(
        '--test', type=at_least(0), default=500, help='pictures to test on'
    )
    parser.add_argument('--size', type=at_least(1), default=128, help='side in pixels')
    parser.add_argument('--seed', type=at_least(0), default=0)
    return parser.parse_args()


def main() -> None:
    """Draw what is not there yet."""
    args = parse_args()
    counts = {'train': args.train, 'val': args.val, 'test': args.test}
    progress = Progress('Drawing scenes', sum(counts.values()))
    with plain_errors():
        drawn = write_scenes(args.root, counts, args.seed, args.size, progress.advance)
    print(f'{"Drew" if drawn else "Found"} {counts} in {args.root}')


if __name__ == '__main__':
    main()
