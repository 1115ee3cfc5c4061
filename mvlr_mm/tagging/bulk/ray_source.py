"""Pictures as Ray Data reads them."""

import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from ...apis.prepare import batches
from ..result_files import text_of
from .known import KnownNames, number_of
from .shards import Found, is_shard
from .sources import Source

ID = pa.field('id', pa.int64())  # of each path, which Ray remembers in its place
TOGETHER = 128  # rows
_FILES = 256  # that a task reads
_FOUND = pa.schema(
    [
        ID,
        ('path', pa.string()),
        ('content', pa.large_binary()),
        ('error', pa.string()),
    ]
)


class Pictures(Datasource):
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
    for some in batches(map(_as_text, found), TOGETHER):
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
