"""A .npy file that is written row by row, and goes on after a kill."""

import math
import os
import shutil
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from mvlr_stack.outputs import named_when_full


class GrowingArray:
    """An array that is written from its first row to its last.

    Until the last row is there it has the suffix ``.part``. What another process has
    left is gone on with: the file's length says how many rows are whole.

    Args:
        path: Of the whole array, ``.npy``.
        leading: The first numbers of the array's shape; their product is that of rows.
        dtype: Of a value.

    Attributes:
        rows: How many there will be.
        done: How many are there.

    Raises:
        ValueError: When rows are appended: they are of another shape than those before.
        OSError: When rows are appended: the disk is full.
    """

    def __init__(
        self, path: Path, leading: tuple[int, ...], dtype: npt.DTypeLike
    ) -> None:
        self.path, self.leading, self.dtype = path, leading, np.dtype(dtype)
        self.rows = math.prod(leading)
        self.draft = path.with_suffix('.part')
        self.done = self.rows if path.is_file() else 0
        self._shape: tuple[int, ...] | None = None
        if not self.done and self.draft.is_file():
            self._take_up()

    def _take_up(self) -> None:
        with open(self.draft, 'r+b') as file:
            try:
                shape = _read_header(file)
            except ValueError:  # killed before the header was whole
                file.truncate(0)
                return
            self._shape, start = shape[len(self.leading) :], file.tell()
            row = self.dtype.itemsize * math.prod(self._shape)
            self.done = min((self.draft.stat().st_size - start) // row, self.rows)
            file.truncate(start + self.done * row)
        self._finish_if_whole()  # killed between the last row and its new name

    def append(self, values: np.ndarray) -> None:
        """Write more rows, (rows, ...); the last one makes the file whole."""
        if self._shape is None:
            self._start(values.shape[1:])
        if values.shape[1:] != self._shape:
            raise ValueError(
                f'pictures come out in several sizes: {self._shape} and '
                f'{values.shape[1:]} are kept of them; bring all to one in the '
                'pipeline, such as Resize with width and height.'
            )
        with named_when_full(self.path), open(self.draft, 'ab') as file:
            file.write(np.ascontiguousarray(values, self.dtype).data)
        self.done += len(values)
        self._finish_if_whole()

    def _finish_if_whole(self) -> None:
        """Give the file its name once the last row is there."""
        if self.done < self.rows:
            return
        with open(self.draft, 'rb') as file:  # on the disk before it has the name
            os.fsync(file.fileno())
        os.replace(self.draft, self.path)

    def read(self) -> np.ndarray:
        """Map the rows that are there into memory: (done, ...)."""
        with open(self.path if self.path.is_file() else self.draft, 'rb') as file:
            shape, start = _read_header(file)[len(self.leading) :], file.tell()
        where = dict(offset=start, shape=(self.done, *shape))
        return np.memmap(file.name, self.dtype, 'r', **where)

    def _start(self, shape: tuple[int, ...]) -> None:
        self._shape = tuple(shape)
        full = (*self.leading, *shape)
        size = self.dtype.itemsize * math.prod(full)
        free = shutil.disk_usage(self.path.parent).free
        if size > free:
            raise OSError(
                f'{self.path} will take {size / 1e9:.1f} GB, and its disk has '
                f'{free / 1e9:.1f} GB left; name another --out, or keep less.'
            )
        descr = npy.dtype_to_descr(self.dtype)
        header = dict(descr=descr, fortran_order=False, shape=full)
        with named_when_full(self.path), open(self.draft, 'wb') as file:
            npy.write_array_header_1_0(file, header)


def _read_header(file: BinaryIO) -> tuple[int, ...]:
    """Return the shape that a .npy file says it has; the file is then at the data."""
    npy.read_magic(file)
    return npy.read_array_header_1_0(file)[0]
