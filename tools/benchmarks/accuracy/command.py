"""How good systems are on your pictures: the same pictures, trunk and budget for all.

Every row is tuned on val with the same number of tries, trained with every seed and
tested once. What is done is not done again: stop it and start it as you like. In the
folder of results `accuracy.md`, `.csv`, `.json` and pictures fill as runs end.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mvlr_mm.cli.half import half_type
from mvlr_mm.features.frozen_part import PATCHES
from mvlr_mm.features.index import read_index
from mvlr_stack.arguments import add_overwrite, at_least, number
from mvlr_stack.overrides import add_overrides
from mvlr_stack.progress import track
from mvlr_stack.words.table import RESULTS, TABLES

from . import training
from .comparison import Comparison
from .costs import Cost, Costs
from .folder import alone_in, refuse_to_replace
from .plan import TRY_SEED, Plan, Prepared
from .report import Report
from .rows import Row, chosen_rows
from .sameness import differences
from .supervision import add_supervision, chosen_supervision
from .trunk import trunk_overrides
from .workers import workers

BASE = 'configs/mvlr/mvlr_custom_small-clip.py'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add('--data', type=Path, required=True, metavar='FOLDER', help='data_root of all')
    add('--configs', nargs='+', default=[], metavar='CONFIG', help='a row for each')
    add('--tables', nargs='+', choices=TABLES, default=[], help="the paper's rows")
    add('--base', default=BASE, metavar='CONFIG', help="MVLR, of the tables' rows")
    add('--seeds', type=at_least(0), nargs='+', default=[0, 1, 2])
    add('--budget', type=at_least(1), required=True, metavar='EPOCHS')
    rate, decay = number(above=0), number(lowest=0)
    add('--rates', type=rate, nargs='+', default=[3e-4, 1e-3, 3e-3], help='to try')
    add('--decays', type=decay, nargs='+', default=[1e-2, 1e-1], help='to try')
    add('--reference', metavar='ROW', help='compared with it (default: the first row)')
    add('--jobs', type=at_least(1), default=1, help='runs side by side')
    add('--features', type=Path, metavar='FOLDER', help='of `mvlr features`: train on')
    add('--trunk', metavar='CONFIG', help="all rows stand on this config's trunk")
    add('--amp', action='store_true', help='as `mvlr train --amp`')
    add('--out', type=Path, metavar='DIR', help=f'(default: {RESULTS}/NAME-OF-DATA)')
    add_supervision(parser)
    add_overwrite(parser)
    add_overrides(parser)


def check(args: argparse.Namespace) -> None:
    """Check what one argument says against another.

    Raises:
        ValueError: They do not go together.
        FileNotFoundError: There are no pictures.
    """
    if not args.data.is_dir():
        raise FileNotFoundError(f'--data {args.data}: there is no such folder.')
    if TRY_SEED in args.seeds:
        raise ValueError(f'--seeds {TRY_SEED} is the seed of the tries; take another.')
    for name in ('seeds', 'rates', 'decays'):
        values = getattr(args, name)
        if len(set(values)) != len(values):
            raise ValueError(f'--{name} {values}: name each once.')
    if args.out is None:
        args.out = Path(RESULTS) / args.data.resolve().name


def run(args: argparse.Namespace) -> int:
    """Compare.

    Args:
        args: Of the command line.

    Returns:
        The exit status: 1 if a run failed.
    """
    check(args)
    rows = chosen_rows(args.configs, args.tables, args.base)
    reference = reference_row(rows, args.reference)
    options = {'data_root': str(args.data), **(args.cfg_options or {})}
    plan = Plan(
        args.out,
        args.data,
        args.budget,
        args.features,
        # what is computed, so that no folder has runs of two kinds of processors
        args.amp and half_type() is not None,
        args.cfg_options,
        trunk_overrides(args.trunk) if args.trunk else None,
        chosen_supervision(args, rows[0].config, options),
        read_index(args.features).stage if args.features else PATCHES,
    )
    with alone_in(args.out):
        if not args.overwrite:
            names = [row.name for row in rows]
            refuse_to_replace(args.out, names, args.seeds, plan.shared())
        prepared = [plan.prepare(row) for row in rows]
        theirs = prepared[rows.index(reference)].cfg
        costs = measure_costs(plan, prepared, theirs)
        differs = {row.name: differences(cfg, theirs) for row, cfg, *_ in prepared}
        with workers(args.jobs, training.prepare) as pool:
            comparison = Comparison(
                plan, prepared, args.rates, args.decays, args.seeds, pool, training.run
            )
            report = Report(comparison, reference.name, args.base, costs, differs)
            comparison.tune()
            comparison.run_seeds(report.write)
        report.draw()
    print((args.out / 'accuracy.md').read_text())
    for found, reason in comparison.failures.items():
        print(f'{found.row}, seed {found.seed}: {reason}', file=sys.stderr)
    return int(bool(comparison.failures))


def reference_row(rows: Sequence[Row], name: str | None) -> Row:
    """Return the row of a name, the first without one.

    Raises:
        ValueError: There is no row of that name.
    """
    named = [row for row in rows if name in (None, row.name)]
    if not named:
        known = ', '.join(row.name for row in rows)
        raise ValueError(f'--reference {name!r} is no row; there are: {known}.')
    return named[0]


def measure_costs(
    plan: Plan, rows: Sequence[Prepared], reference: Config
) -> dict[str, Cost]:
    """Build every row's model, before hours of runs, and measure what it costs.

    A model that cannot be built is said now; its runs will fail and the others go on.

    Args:
        plan: Where measured costs are kept.
        rows: The rows, prepared.
        reference: Config of the row that the others are compared with.
    """
    costs = Costs(reference)
    found = {}
    for row, cfg, *_ in track(rows, 'costs', len(rows)):
        try:
            found[row.name] = costs.kept(plan.folder(row), cfg)
        except Exception as error:  # whatever a config may be wrong in
            print(f'{row.name}: {type(error).__name__}: {error}', file=sys.stderr)
    return found
