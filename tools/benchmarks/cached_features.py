"""Training on features of a frozen backbone, beside the same training on pictures.

    python tools/benchmarks/cached_features.py CONFIG --out FOLDER [--views 8]
        [--cfg-options KEY=VALUE ...] [--without-pictures]

Wall seconds of whole commands, from the start of Python to the last checkpoint: `mvlr
features`, then `mvlr train --amp` on the features and on pictures. Features that are
there are not timed.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def seconds_of(*words: str) -> float:
    """Return the wall seconds of a command of this package.

    Raises:
        subprocess.CalledProcessError: It ended with an error.
    """
    begin = time.perf_counter()
    subprocess.run([sys.executable, '-m', 'mvlr_stack', *words], check=True)
    return time.perf_counter() - begin


def main(argv: Sequence[str] | None = None) -> None:
    """Time each command and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config')
    parser.add_argument('--out', type=Path, required=True, help='for all results')
    parser.add_argument('--views', default='8')
    parser.add_argument('--cfg-options', nargs='+', default=[])
    parser.add_argument('--without-pictures', action='store_true')
    args = parser.parse_args(argv)
    options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
    features = args.out / 'features'
    rows = []
    if not (features / 'index.json').is_file():
        words = ('--views', args.views, '--out', str(features))
        took = seconds_of('features', args.config, *words, *options)
        rows.append((f'`mvlr features --views {args.views}`', took))
    runs = {'on features': ['--features', str(features)], 'on pictures': []}
    if args.without_pictures:
        del runs['on pictures']
    for name, words in runs.items():
        folder = args.out / name.replace(' ', '_')
        place = ('--work-dir', str(folder), '--overwrite', '--amp')
        took = seconds_of('train', args.config, *place, *words, *options)
        rows.append((f'`mvlr train` {name}', took))
    print('\n| command | s |\n|---|---|')
    for name, took in rows:
        print(f'| {name} | {took:.0f} |')


if __name__ == '__main__':
    main()
