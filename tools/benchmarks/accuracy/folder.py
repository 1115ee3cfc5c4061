"""A folder of results that one comparison at a time writes to."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mvlr_mm.paper.measured import RESULTS
from mvlr_mm.stores.lock import hold
from mvlr_stack.outputs import FIX


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made, until the block ends or the process does.

    Args:
        folder: Of the results.

    Raises:
        BlockingIOError: Another comparison runs there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / '.lock', 'w') as lock:
        hold(
            lock,
            f'--out {folder}: another comparison runs there; wait for it, or name '
            'another folder.',
        )
        yield


def refuse_to_replace(
    folder: Path,
    rows: Collection[str],
    seeds: Collection[int],
    shared: Mapping[str, Any],
) -> None:
    """Stop before the tables of a comparison are replaced by those of another.

    More rows or seeds are the same comparison, which goes on.

    Args:
        folder: Of the results.
        rows: Names of the rows to come.
        seeds: Of the runs to come.
        shared: What all runs to come have in common; see :meth:`Plan.shared`.

    Raises:
        FileExistsError: The tables there are of runs that have something else in
            common, or have results of rows or seeds that are not among those to come.
    """
    path = folder / RESULTS
    if not path.is_file():
        return
    before = json.loads(path.read_text(encoding='utf-8'))
    results = {row['name']: row['seeds'] for row in before['rows'] if row['seeds']}
    if not results:  # stopped before the first one
        return
    for name, now in shared.items():
        there = before.get(name, now)  # earlier tables do not say all
        if there != now:
            raise FileExistsError(
                f'--out {folder}: {name} was {there} for its tables, and is {now} now; '
                f'{FIX} Runs are kept.'
            )
    for what, there, now in (
        ('rows', results, rows),
        ('seeds', sorted({int(x) for row in results.values() for x in row}), seeds),
    ):
        lost = [each for each in there if each not in now]
        if lost:
            raise FileExistsError(
                f'--out {folder}: its tables have {len(lost)} {what} that are not '
                f'asked for now, first {lost[0]}; {FIX} Runs are kept.'
            )
