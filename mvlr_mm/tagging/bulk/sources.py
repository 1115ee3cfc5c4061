"""Where pictures come from by the million: folders, lists, tar shards, parquet."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

from ...apis.picture_sources import SUFFIXES, find_pictures, is_excluded
from .shards import (
    PARQUET,
    TAR,
    Found,
    Wanted,
    is_shard,
    read_parquet,
    read_tar,
)

LISTS = ('.txt', '.jsonl')
_KEYS = ('image', 'path', 'img_path', 'file_name')  # of a picture, in json


@dataclass(frozen=True)
class Source:
    """Places with pictures.

    The names of one folder, or of one tar file, are all that is held at a time.

    Args:
        places: Absolute paths: a folder, with all folders in it; a list of paths
            (``.txt``, a path a line, or ``.jsonl``), counted from its own folder; a tar
            shard; a parquet file with a column of pictures; a picture.
        exclude: Patterns of files that are left out, by name or path.
        column: Of the pictures in parquet; None takes the only one that can be.
        results: A folder that is never looked into, by whatever links it is reached.

    Raises:
        FileNotFoundError: A place is not there.
        ValueError: A place, other than a list, is the folder of the results or in it.
    """

    places: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    column: str | None = None
    results: str | None = None

    def __post_init__(self) -> None:
        for place in self.places:
            if not os.path.exists(place):
                raise FileNotFoundError(
                    f'{place}: there is no such folder, list, shard or picture.'
                )
            if not place.lower().endswith(LISTS) and self._has_result(place):
                raise ValueError(
                    f'{place} is to be tagged and lies in the folder of the results, '
                    f'{self.results}, which is never looked into; name another folder '
                    'for the results.'
                )

    def files(self) -> Iterator[str]:
        """Yield the path of every picture, tar and parquet file."""
        for place in self.places:
            results = self._results_from(place)
            for path in _files_of(place):
                if not path.startswith(results) and not is_excluded(path, self.exclude):
                    yield path

    def pictures(self, wanted: Wanted) -> Iterator[Found]:
        """Yield the pictures that are wanted.

        Args:
            wanted: Says whether a picture of that path is; asked once for each.

        Raises:
            ImportError: pyarrow is missing, for parquet.
            ValueError: A parquet file has no column of pictures, or several.
        """
        for path in self.files():
            yield from self.read(path, wanted)

    def read(self, path: str, wanted: Wanted) -> Iterator[Found]:
        """Yield the pictures of one of the files.

        Args:
            path: One of :meth:`files`.
            wanted: As for :meth:`pictures`.
        """
        if not is_shard(path):
            if wanted(path):
                yield Found(path)
        elif path.lower().endswith(PARQUET):
            yield from read_parquet(path, wanted, self.column)
        else:
            yield from read_tar(path, wanted)

    def _has_result(self, place: str) -> bool:
        if self.results is None:
            return False
        real = (os.path.join(os.path.realpath(x), '') for x in (place, self.results))
        return next(real).startswith(next(real))

    def _results_from(self, place: str) -> tuple[str, ...]:
        """Return how paths begin that lead into the results, named or by a link."""
        if self.results is None:
            return ()
        way = os.path.relpath(os.path.realpath(self.results), os.path.realpath(place))
        folders = self.results, os.path.join(place, way)
        return tuple(os.path.join(folder, '') for folder in folders)


def _files_of(place: str) -> Iterator[str]:
    if os.path.isdir(place):
        yield from find_pictures(place, True, (*SUFFIXES, *TAR, PARQUET))
    elif place.lower().endswith(LISTS):
        yield from _listed(place)
    else:
        yield place


def _listed(place: str) -> Iterator[str]:
    """Yield the paths of a list, which is read as it is used up."""
    folder = os.path.dirname(place)
    with open(place, encoding='utf-8-sig', errors='surrogateescape') as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip('\n')
            if '\0' in line:  # in no path; names that are not UTF-8 are paths
                raise ValueError(
                    f'{place}:{number} has a byte 0, as lists in UTF-16 have; save the '
                    'list as UTF-8.'
                )
            if not line.strip():
                continue
            if place.lower().endswith('.jsonl'):
                line = _path_in(line, f'{place}:{number}')
            elsewhere = '://' in line  # an address that the loader knows
            yield line if elsewhere else os.path.abspath(os.path.join(folder, line))


def _path_in(line: str, where: str) -> str:
    try:
        record = json.loads(line)
        found = [record[key] for key in _KEYS if key in record]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f'{where} is no json object: {error}; mend the line.'
        ) from error
    if len(found) != 1 or not isinstance(found[0], str):
        raise ValueError(
            f'{where} must have the path of a picture as one of {", ".join(_KEYS)}.'
        )
    return found[0]
