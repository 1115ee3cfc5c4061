"""What ``tools/benchmark.py accuracy`` has measured of the paper's rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .tables import METRICS, Numbers

RESULTS = 'accuracy.json'  # in the folder of a comparison


@dataclass(frozen=True)
class Measured:
    """Rows on one set of pictures.

    Args:
        name: Of the set.
        rows: Overrides and mean test numbers of each row, with the number of seeds.
    """

    name: str
    rows: tuple[tuple[Mapping[str, Any], Numbers, int], ...]

    def of(self, overrides: Mapping[str, Any]) -> tuple[Numbers, int] | None:
        """Return the mean over the seeds and their number, None where there is none.

        Args:
            overrides: Of a row; as equal to those that were run.
        """
        found = (row[1:] for row in self.rows if row[0] == overrides)
        return next(found, None)


def read_measured(folder: str | Path) -> Measured:
    """Read the results of the rows that stand on the comparison's MVLR.

    Args:
        folder: That of a comparison.

    Raises:
        FileNotFoundError: It holds no results.
        ValueError: They are not what the comparison writes.
    """
    path = Path(folder) / RESULTS
    if not path.is_file():
        raise FileNotFoundError(f'{path}: there are no results of a comparison.')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        rows = tuple(
            (row['overrides'], _mean(row['seeds'].values()), len(row['seeds']))
            for row in content['rows']
            if row['config'] == content['base'] and row['seeds']
        )
        return Measured(str(content['data']['name']), rows)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} is not what `tools/benchmark.py accuracy` writes '
            f'({type(error).__name__}: {error}).'
        ) from error


def _mean(runs: Any) -> Numbers:
    runs = list(runs)
    return Numbers(
        *(sum(float(run[key]) for run in runs) / len(runs) for key in METRICS)
    )
