"""Files that hold many pictures: tar shards, and parquet with a column of bytes."""

import lzma
import posixpath
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ...apis.picture_sources import SUFFIXES, EncodedPicture, PictureFile
from ...extras import require

TAR = ('.tar', '.tar.gz', '.tgz')
PARQUET = '.parquet'
LARGEST = 2**28  # bytes of a picture's file
_TOGETHER = 32  # rows of parquet
# tarfile lets the errors of int() and seek() out where a header has odd numbers
_DAMAGED = (
    tarfile.TarError,
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    OverflowError,
)

Wanted = Callable[[str], bool]


def is_shard(path: str) -> bool:
    """Say whether a file holds pictures, by its name."""
    return path.lower().endswith((*TAR, PARQUET))


class Found(NamedTuple):
    """A picture in a source, or what cannot be read there."""

    path: str  # by which it is known: photo.jpg, shard.tar::key.jpg, shard.parquet::7
    content: bytes | None = None  # where it is no file of its own
    error: str | None = None

    def picture(self) -> PictureFile | EncodedPicture:
        """Return what the inferencer takes."""
        if self.content is None:
            return PictureFile(self.path)
        return EncodedPicture(self.path, self.content)


def read_tar(path: str, wanted: Wanted) -> Iterator[Found]:
    """Yield the pictures of a tar file, such as a shard of webdataset.

    What is no picture by its name, or hidden, is passed over: macOS puts
    ``._photo.jpg`` beside ``photo.jpg``. A second member of a name is known as
    ``name#2``. Nothing is written anywhere.

    Args:
        path: The file, compressed or not.
        wanted: Says whether a picture is; the others' content is not read.
    """
    names: Counter[str] = Counter()
    try:
        with tarfile.open(path) as tar:
            for member in iter(tar.next, None):
                tar.members.clear()  # it would remember all of them
                name = f'{path}::{member.name}'
                if not member.isfile() or not name.lower().endswith(SUFFIXES):
                    continue
                if posixpath.basename(member.name).startswith('.'):
                    continue
                names[name] += 1
                if names[name] > 1:
                    name += f'#{names[name]}'
                if not wanted(name):
                    continue
                if member.size > LARGEST:
                    yield Found(name, error=_too_large(name, member.size))
                else:
                    yield Found(name, tar.extractfile(member).read())
    except _DAMAGED as error:
        if wanted(path):
            yield Found(path, error=f'{path} cannot be read to its end: {error}')


def read_parquet(path: str, wanted: Wanted, column: str | None) -> Iterator[Found]:
    """Yield the pictures of a parquet file, a row each.

    Args:
        path: The file.
        wanted: Says whether a picture is; groups of rows without one are not read.
        column: Of the content: bytes, or a struct with ``bytes`` as Hugging Face's
            ``Image`` is; None takes the only such column.

    Raises:
        ImportError: pyarrow is missing.
        ValueError: There is no such column, or there are several.
    """
    arrow = require('pyarrow', extra='tag')
    parquet = require('pyarrow.parquet', extra='tag')
    try:
        # a group of rows may be larger than the memory
        file = parquet.ParquetFile(path, pre_buffer=False, buffer_size=2**20)
    except (arrow.ArrowException, OSError) as error:
        if wanted(path):
            yield Found(path, error=f'{path} is no parquet file: {error}')
        return
    with file:
        column = picture_column(file.schema_arrow, path, column)
        try:
            yield from _rows(file, path, wanted, column)
        except (arrow.ArrowException, OSError) as error:
            if wanted(path):
                yield Found(path, error=f'{path} cannot be read to its end: {error}')


def picture_column(schema: Any, path: str, column: str | None) -> str:
    """Return the name of the column that holds pictures.

    Args:
        schema: Of the file, as pyarrow has it.
        path: The file, for the message.
        column: Its name, if that is known.

    Raises:
        ValueError: There is none, or which one it is cannot be known.
    """
    fit = [field.name for field in schema if _holds_bytes(field.type)]
    if column is None and len(fit) == 1:
        return fit[0]
    if column in fit:
        return column
    named = '' if column is None else f' {column!r}'
    raise ValueError(
        f'{path} must have a column{named} of bytes, or of structs with `bytes`, and '
        f'its columns are {schema.names}, of which such are: {fit}. Choose by '
        '--column, or leave the file out by --exclude.'
    )


def _holds_bytes(kind: Any) -> bool:
    types = require('pyarrow', extra='tag').types
    if types.is_struct(kind):
        return any(field.name == 'bytes' and _holds_bytes(field.type) for field in kind)
    return types.is_binary(kind) or types.is_large_binary(kind)


def _rows(file: Any, path: str, wanted: Wanted, column: str) -> Iterator[Found]:
    first = 0
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        places = [i for i in range(first, first + count) if wanted(f'{path}::{i}')]
        chosen, first = set(places), first + count
        if not chosen:
            continue
        row = first - count
        for batch in file.iter_batches(_TOGETHER, row_groups=[group], columns=[column]):
            for value in batch.column(0):
                if row in chosen:
                    yield _content(f'{path}::{row}', value.as_py())
                row += 1


def _content(name: str, value: bytes | dict | None) -> Found:
    content = value['bytes'] if isinstance(value, dict) else value
    if content is None:
        return Found(name, error=f'{name} has no bytes')
    if len(content) > LARGEST:
        return Found(name, error=_too_large(name, len(content)))
    return Found(name, content)


def _too_large(name: str, size: int) -> str:
    return f'{name} has {size} bytes; pictures of at most {LARGEST} are read'
