"""Table 4 of the paper on your own pictures: six rows, several seeds, mean and spread.

    MVLR_DATA_ROOT=... MVLR_CLIP=... python tools/benchmarks/table4.py WORK_DIR \
        --seeds 0 1 2 [--jobs 2] [--amp] [--cfg-options KEY=VALUE ...]

Trains and tests each row through `tools/train.py` and `tools/test.py`, with the
averaged weights of the last epoch, and leaves `table4.md` and `table4.json` in
WORK_DIR. What is done is not done again, so it can be stopped and started. `--also`
adds a row for each of other configs, for instance of mmpretrain's own parts. `--jobs`
trains so many side by side, on the same device, with a share of the cores each.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from mvlr_stack.outputs import write_text

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/mvlr/mvlr_custom_small-clip.py'
METRICS = ('mAP', 'CF1', 'OF1')

NAMES = ['model.neck.prompt.prompts=names', 'model.neck.prompt.context_init=None']
NO_IFM = ['model.neck.fusion=None', 'model.head.kcr=None']
NO_QMVL = ['model.neck.interaction=None']
ROWS = {
    'names': NAMES + NO_IFM + NO_QMVL,
    'PDLR': NO_IFM + NO_QMVL,
    'names + QMVL': NAMES + NO_IFM,
    'PDLR + IFM': NO_QMVL,
    'PDLR + QMVL': NO_IFM,
    'PDLR + IFM + QMVL': [],
}


def run(
    config: Path, work_dir: Path, seed: int, amp: bool, options: Sequence[str]
) -> dict[str, float]:
    """Train and test once, or read what an earlier run left.

    Args:
        config: Config file.
        work_dir: Folder of this run.
        seed: Of weights, order and augmentation.
        amp: Whether training runs in bfloat16.
        options: Overrides, ``key=value``.

    Returns:
        The test metrics by name, without their prefix, in percent.

    Raises:
        subprocess.CalledProcessError: Training or testing failed.
    """
    result = work_dir / 'test.json'
    if not result.is_file():
        options = [*options, f'randomness.seed={seed}']
        common = ['--work-dir', str(work_dir), '--cfg-options', *options]
        flags = ['--amp'] if amp else []
        tools = ROOT / 'tools'
        train = [sys.executable, str(tools / 'train.py'), str(config), *flags, *common]
        # what a run that was stopped has left is gone on with
        subprocess.run([*train, '--resume'], check=True)
        last = (work_dir / 'last_checkpoint').read_text()
        test = [sys.executable, str(tools / 'test.py'), str(config), last, *flags]
        out = ['--out', str(result), '--out-item', 'metrics']
        subprocess.run([*test, *out, *common], check=True)
        for checkpoint in work_dir.glob('*.pth'):
            checkpoint.unlink()
    metrics = json.loads(result.read_text())
    return {k.split('/')[-1]: v for k, v in metrics.items() if isinstance(v, float)}


def markdown(runs: dict[str, list[dict[str, float]]]) -> str:
    """Return a table: mean and standard deviation over the seeds of each row.

    The last column is the mAP above that of the first row, for each seed: the rows of a
    seed see the pictures in the same order, which the spread does not know.

    Args:
        runs: Metrics of each run, by row; the seeds of a row in the same order.
    """
    first_name, first = next(iter(runs.items()))
    columns = ['model', 'seeds', *METRICS, f'mAP above {first_name}, seed by seed']
    lines = [f'| {" | ".join(columns)} |', '|---' * len(columns) + '|']
    for row, results in runs.items():
        cells = []
        for metric in METRICS:
            values = [result[metric] for result in results]
            spread = statistics.stdev(values) if len(values) > 1 else float('nan')
            cells.append(f'{statistics.mean(values):.2f} ± {spread:.2f}')
        pairs = zip(results, first, strict=False)  # the last seed may be under way
        above = [f'{result["mAP"] - base["mAP"]:+.2f}' for result, base in pairs]
        cells.append('' if row == first_name else ', '.join(above))
        lines.append(f'| {row} | {len(results)} | {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def main(argv: list[str] | None = None) -> None:
    """Run every row with every seed and write the table after each run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('work_dir', type=Path)
    parser.add_argument('--config', type=Path, default=CONFIG)
    parser.add_argument('--also', type=Path, nargs='*', default=[], help='more rows')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--rows', nargs='+', choices=ROWS, default=list(ROWS))
    parser.add_argument('--jobs', type=int, default=1, help='trainings side by side')
    parser.add_argument('--amp', action='store_true', help='bfloat16')
    parser.add_argument('--cfg-options', nargs='+', default=[])
    args = parser.parse_args(argv)
    if args.jobs < 1:
        parser.error(f'--jobs ({args.jobs}) must be at least 1.')
    if args.jobs > 1:
        threads = max(1, (os.cpu_count() or 1) // args.jobs)
        os.environ.setdefault('OMP_NUM_THREADS', str(threads))

    jobs = {row: (args.config, ROWS[row]) for row in args.rows}
    jobs.update({config.stem: (config, []) for config in args.also})
    runs: dict[str, list[dict[str, float]]] = {}
    pool = ThreadPoolExecutor(args.jobs)

    def start(row: str, seed: int) -> Future:
        config, options = jobs[row]
        folder = args.work_dir / row.replace(' ', '') / str(seed)
        options = [*options, *args.cfg_options]
        return pool.submit(run, config, folder, seed, args.amp, options)

    try:
        # all rows of a seed first: a table early
        futures = [(row, start(row, seed)) for seed in args.seeds for row in jobs]
        for row, future in futures:
            runs.setdefault(row, []).append(future.result())
            write_text(args.work_dir / 'table4.json', json.dumps(runs, indent=1))
            write_text(args.work_dir / 'table4.md', markdown(runs))
    finally:
        pool.shutdown(cancel_futures=True)  # after an error start no more
    print(markdown(runs))


if __name__ == '__main__':
    main()
