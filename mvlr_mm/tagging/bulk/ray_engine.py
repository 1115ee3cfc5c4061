"""Tagging by the million with Ray Data, on one machine or many.

Ray reads names and shards, our inferencer decodes and tags in actors, and Ray Data's
own checkpoints say which pictures have rows: a part of the results and its checkpoint
become valid together, and what a killed run has left half done the next one removes.
"""

import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pyarrow as pa
import ray
from pyarrow import parquet
from ray.data.block import BlockAccessor, BlockMetadata
from ray.data.checkpoint import CheckpointConfig
from ray.data.datasource import (
    BlockBasedFileDatasink,
    Datasource,
    FilenameProvider,
    ReadTask,
)

from mvlr_stack.outputs import whole_file

from ...apis import MultiLabelInferencer
from ...apis.prepare import batches
from ..result_files import ResultRow, arrow_schema, record_of, result_row, text_of
from .known import KnownNames, number_of
from .manifest import CHECKPOINT, PARTS, Manifest
from .ray_start import running_ray
from .shards import Found, is_shard
from .sources import Source

ID = 'id'  # a number for each path, which Ray remembers in its place
FIELD = pa.field(ID, pa.int64())
_FILES = 256  # that a task reads
_ROWS = 128  # that an actor gets at a time
_FOUND = pa.schema(
    [
        FIELD,
        ('path', pa.string()),
        ('content', pa.large_binary()),
        ('error', pa.string()),
    ]
)


def tag_ray(
    model: dict[str, Any],
    source: Source,
    manifest: Manifest,
    workers: int = 1,
    address: str | None = None,
    part_rows: int = 10_000,
    **options: Any,
) -> None:
    """Tag the pictures of a source that have no row yet, each once.

    Args:
        model: Arguments of the inferencer, which every worker makes for itself.
        source: The pictures.
        manifest: Of the folder of the results.
        workers: Models at work, each on a GPU of its own where there are some.
        address: Of a Ray cluster; None starts one here.
        part_rows: Rows of a file of results, about.
        options: Of the call of the inferencer.

    Raises:
        ValueError: There are fewer GPUs than models; or as for the source.
    """
    with running_ray(workers, address) as cpus:
        folder = str(manifest.folder.resolve())
        found = ray.data.read_datasource(_Pictures(source))
        found.context.enable_progress_bars = sys.stderr.isatty()
        found.context.checkpoint_config = CheckpointConfig(
            ID,
            os.path.join(folder, CHECKPOINT),
            delete_checkpoint_on_success=False,  # the next run has to know them
        )
        gpus = _gpus_of_each(model['device'], workers)
        rows = found.map_batches(
            _Tagger,
            fn_constructor_kwargs=dict(model=model, options=options),
            batch_size=min(_ROWS, part_rows),
            batch_format='pyarrow',
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=cpus,
            num_gpus=gpus,
        )
        try:
            rows.write_datasink(_Parts(folder, part_rows))
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error  # its own text is a traceback


def _gpus_of_each(device: str | None, workers: int) -> int | None:
    there = ray.cluster_resources().get('GPU', 0)
    if device == 'cpu' or not there:
        return None
    if workers > there:
        raise ValueError(
            f'--workers {workers}: each model takes a GPU and Ray has {there:g}; ask '
            'for fewer, or add --device cpu.'
        )
    return 1


class _Pictures(Datasource):
    """The pictures of a source, or what cannot be read there."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source

    def estimate_inmemory_data_size(self) -> None:
        """Say that nobody knows."""

    def get_read_tasks(self, *_: Any, **__: Any) -> list[ReadTask]:
        """Return what reads some files each; a list may name a file several times."""
        files = filter(KnownNames().add, self.source.files())
        unknown = BlockMetadata(
            num_rows=None, size_bytes=None, exec_stats=None, input_files=None
        )
        return [
            ReadTask(partial(_read, self.source, _pack(some)), unknown, _FOUND)
            for some in _together(files)
        ]


class _Tagger:
    """The model, in a process of Ray's."""

    def __init__(self, model: dict[str, Any], options: dict[str, Any]) -> None:
        self.infer = MultiLabelInferencer(**model)
        self.options = options

    def __call__(self, table: pa.Table) -> pa.Table:
        found = [Found(**row) for row in table.drop([ID]).to_pylist()]
        pictures = (item.picture() for item in found if item.error is None)
        tagged = self.infer(pictures, **self.options)
        rows = [
            ResultRow(item.path, [], [], item.error)
            if item.error is not None
            else result_row(next(tagged))
            for item in found
        ]
        results = pa.Table.from_pylist(list(map(record_of, rows)), arrow_schema())
        return results.append_column(FIELD, table[ID])


class _Parts(BlockBasedFileDatasink):
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


def _together(files: Iterable[str]) -> Iterator[list[str]]:
    """Yield files that one task reads: a shard, or some pictures."""
    pictures: list[str] = []
    for path in files:
        if is_shard(path):
            yield [path]
        else:
            pictures.append(path)
        if len(pictures) == _FILES:
            yield pictures
            pictures = []
    if pictures:
        yield pictures


def _pack(paths: list[str]) -> bytes:
    """Return paths in little memory: all tasks are there at the start."""
    return zlib.compress('\0'.join(paths).encode('utf-8', 'surrogateescape'))


def _read(source: Source, packed: bytes) -> Iterator[pa.Table]:
    paths = zlib.decompress(packed).decode('utf-8', 'surrogateescape').split('\0')
    found = (x for path in paths for x in source.read(path, lambda name: True))
    for some in batches(map(_as_text, found), _ROWS):
        rows = [(number_of(x.path), *x) for x in some]
        columns = zip(*rows, strict=True)
        yield pa.table(list(map(pa.array, columns, _FOUND.types)), _FOUND)


def _as_text(found: Found) -> Found:
    """Return a picture whose path is a text, with its content if it was none."""
    text = text_of(found.path)
    if text == found.path:
        return found
    if found.content is not None or found.error is not None:
        return found._replace(path=text, error=found.error and text_of(found.error))
    try:
        with open(found.path, 'rb') as file:
            return Found(text, file.read())
    except OSError as error:
        return Found(text, error=text_of(str(error)))
