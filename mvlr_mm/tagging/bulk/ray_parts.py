"""Files of results as Ray Data writes them, each with its checkpoint."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyarrow import parquet
from ray.data.block import BlockAccessor
from ray.data.datasource import BlockBasedFileDatasink, FilenameProvider

from mvlr_stack.outputs import whole_file

from .manifest import CHECKPOINT, PARTS

_PENDING = '.pending.parquet'  # of a checkpoint whose part may not be whole


def settle_parts(folder: Path) -> None:
    """Settle what someone has taken away since the last run.

    A part and its checkpoint have the same name. What a run that was killed has left
    half done, Ray removes itself.

    Args:
        folder: Of the results.

    Raises:
        ValueError: A part has no checkpoint: its pictures would get two rows.
    """
    checkpoints = {path.name for path in (folder / CHECKPOINT).glob(PARTS)}
    parts = {path.name for path in folder.glob('*.parquet')}
    for name in sorted(checkpoints - parts):
        if not name.endswith(_PENDING):
            (folder / CHECKPOINT / name).unlink()
            print(
                f'{folder / name} is gone; its pictures are tagged again.',
                file=sys.stderr,
            )
    half = {x.removesuffix(_PENDING) + '.parquet' for x in checkpoints}
    alone = parts - checkpoints - half
    if alone:
        raise ValueError(
            f'{folder / min(alone)} has no checkpoint in {CHECKPOINT}, and its '
            'pictures would get two rows; move it away, or begin anew by --overwrite.'
        )


class PartsSink(BlockBasedFileDatasink):
    """Files of results that are whole or not there."""

    def __init__(self, folder: str, rows: int) -> None:
        super().__init__(folder, min_rows_per_file=rows, filename_provider=_Names())

    @contextmanager
    def open_output_stream(self, path: str) -> Iterator[Any]:
        """Open a file that gets its name at the end."""
        with whole_file(path) as draft, draft.open('wb') as file:
            yield file

    def write_block_to_file(self, block: BlockAccessor, file: Any) -> None:
        """Write rows."""
        parquet.write_table(block.to_arrow(), file)


class _Names(FilenameProvider):
    def get_filename_for_task(self, write_uuid: str, task_index: int) -> str:
        """Return the name of a file, the same when it is written once more."""
        return PARTS.replace('*', f'{write_uuid}-{task_index:06d}')
