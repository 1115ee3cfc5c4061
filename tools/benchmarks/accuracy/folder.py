"""A folder of results that one comparison at a time writes to."""

import fcntl
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mvlr_mm.paper.measured import RESULTS
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
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(
                f'--out {folder}: another comparison runs there; wait for it, or name '
                'another folder.'
            ) from error
        yield


def refuse_to_replace(
    folder: Path,
    rows: Collection[str],
    budget: int,
    supervision: Mapping[str, Any] | None = None,
) -> None:
    """Stop before the tables of a comparison are replaced by those of another.

    More rows or seeds are the same comparison, which goes on.

    Args:
        folder: Of the results.
        rows: Names of the rows to come.
        budget: Epochs of a run to come.
        supervision: What training is to know of the labels.

    Raises:
        FileExistsError: The tables there have another budget or other labels, or
            rows that are not among those to come.
    """
    path = folder / RESULTS
    if not path.is_file():
        return
    before = json.loads(path.read_text(encoding='utf-8'))
    if before.get('supervision', {}) != (supervision or {}):
        raise FileExistsError(
            f'--out {folder}: in the trainings of its tables other labels are known or '
            f'held out; {FIX} Runs are kept.'
        )
    lost = [row['name'] for row in before['rows'] if row['name'] not in rows]
    if lost or before['budget'] != budget:
        raise FileExistsError(
            f'--out {folder}: its tables are of {before["budget"]} epochs and have '
            f'{len(lost)} rows that are not asked for now'
            f'{f", first {lost[0]}" if lost else ""}; {FIX} Runs are kept.'
        )
