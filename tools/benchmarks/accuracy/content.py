"""What a comparison says, as plain data: the json, and what tables are made of."""

from collections.abc import Mapping
from typing import Any

from mvlr_mm.paper import METRICS

from .comparison import Comparison
from .costs import Cost
from .plan import SPLITS
from .rows import Row
from .summary import paired_difference, spread


def rows_content(
    comparison: Comparison,
    reference: str,
    costs: Mapping[str, Cost],
    differences: Mapping[str, list[str]],
) -> list[dict[str, Any]]:
    """Return every row as plain data, in percent; empty where no run has filled it.

    Args:
        comparison: With the results so far.
        reference: Name of the row that the others are compared with.
        costs: By name of the row; those that could be measured.
        differences: What each row has otherwise than the reference.
    """
    theirs = _of_seeds(comparison, reference, 'mAP')
    return [
        _row(comparison, row, theirs, costs.get(row.name), differences[row.name])
        for row, *_ in comparison.rows.values()
    ]


def _row(
    comparison: Comparison,
    row: Row,
    reference: Mapping[str, float],
    cost: Cost | None,
    differs: list[str],
) -> dict[str, Any]:
    name = row.name
    setting = comparison.settings.get(name)
    runs = comparison.of_seeds(name)
    above = paired_difference(_of_seeds(comparison, name, 'mAP'), reference)
    return {
        'name': name,
        'config': row.config,
        'overrides': dict(row.overrides),
        'setting': setting and setting._asdict(),
        'tuned_as': row.tuned_as,
        'tries': [
            {**tried._asdict(), 'val mAP': score}
            for tried, score in comparison.scores(name).items()
        ],
        'seeds': {seed: run['test'] for seed, run in runs.items()},
        'spread': {
            metric: spread([run['test'][metric] for run in runs.values()])._asdict()
            for metric in METRICS
            if runs
        },
        'above': above and above._asdict(),
        'cost': cost and cost._asdict(),
        'trained': next((run['trained'] for run in runs.values()), None),
        'seconds': [s for s in (run['seconds'] for run in runs.values()) if s],
        'differs': differs,
    }


def data_content(comparison: Comparison) -> dict[str, Any]:
    """Return the name of the pictures, and how many there are, once a run knows."""
    root = comparison.plan.data.resolve()
    tested = (run for run in comparison.results.values() if run['test'] is not None)
    known = next(tested, None)
    counted = {}
    if known is not None:
        counted = dict(zip(SPLITS, known['pictures'], strict=True))
        counted['labels'] = known['labels']
    return {'name': root.name, **counted}


def _of_seeds(comparison: Comparison, name: str, metric: str) -> dict[str, float]:
    runs = comparison.of_seeds(name)
    return {seed: run['test'][metric] for seed, run in runs.items()}
