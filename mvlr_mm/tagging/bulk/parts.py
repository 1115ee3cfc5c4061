"""The results of a bulk run, in files that are whole or not there."""

import sys
import time
from collections.abc import Callable

from ..result_files import ResultRow, rows_writer
from .manifest import PARTS, Manifest

SECONDS = 300.0  # after which a part is written, however small


class Parts:
    """Files of rows, which become part of the results by a line in the manifest.

    A file without its line, which a run that was killed has left, is removed first: its
    pictures have no rows and are tagged again.

    Args:
        manifest: Of the folder.
        size: Rows of a part.
        seconds: After which a part is written that has fewer.
        clock: What tells the time, for a test.

    Raises:
        ValueError: A parquet file in the folder is not of this run.
    """

    def __init__(
        self,
        manifest: Manifest,
        size: int = 10_000,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.manifest, self.size = manifest, size
        self.seconds, self.clock = seconds, clock
        self._rows: list[ResultRow] = []
        self._since = 0.0
        self._settle()

    def add(self, row: ResultRow) -> None:
        """Add a row to the part that is being made."""
        if not self._rows:
            self._since = self.clock()
        self._rows.append(row)
        late = self.clock() - self._since >= self.seconds
        if late or len(self._rows) >= self.size:
            self.flush()

    def flush(self) -> None:
        """Write the part, then its line in the manifest."""
        if not self._rows:
            return
        name = self._next_name()
        with rows_writer(str(self.manifest.folder / name)) as write:
            for row in self._rows:
                write(row)
        # gone first: stopped between the two, a second flush would write them again
        rows, self._rows = len(self._rows), []
        self.manifest.append({'part': name, 'rows': rows})

    def _next_name(self) -> str:
        # every line has had its part, also one that is gone by now
        return PARTS.replace('*', f'{len(self.manifest.lines):06d}')

    def _settle(self) -> None:
        folder = self.manifest.folder
        (folder / self._next_name()).unlink(missing_ok=True)
        parts = [line['part'] for line in self.manifest.lines]
        there = {path.name for path in folder.glob('*.parquet')}
        if there - set(parts):
            raise ValueError(
                f'{folder / min(there - set(parts))} is not of this run, and would be '
                'read with its results; move it away.'
            )
        for name in parts:
            if name not in there:
                print(
                    f'{folder / name} is gone; its pictures are tagged again.',
                    file=sys.stderr,
                )
