"""Read arrays of an .npz that anybody may have written.

Nothing of it runs, and no array takes memory before the file is known to hold it.
"""

import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

EXPANSION = 100  # of scores that shrink to a hundredth there is nothing to evaluate
SMALL = 2**20  # bytes that are never too many
STARTS = {
    b'': 'is empty',
    b'version https://git-lfs': 'is a pointer of git-lfs; run `git lfs pull`',
    b'\x80': 'is a pickle, which could run any code when read',
    b'\x93NUMPY': 'is a single array (.npy)',
}


def read_arrays(
    path: str | Path, kinds: Mapping[str, str], optional: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Return arrays by their names.

    Args:
        path: The file.
        kinds: Of every array that it has to hold, the kinds of numpy's types that it
            may have, such as ``fiub`` for numbers.
        optional: The same of arrays that it may hold.

    Raises:
        OSError: The file cannot be opened.
        ValueError: It is no such archive or damaged, or an array is missing, of another
            name or kind, or not as large as it says; in one line, without the path.
    """
    with open(path, 'rb') as file:
        start = file.read(32)
        for sign, kind in STARTS.items():
            if start.startswith(sign) if sign else not start:
                raise ValueError(kind)
        file.seek(0)
        try:
            return _read(file, kinds, optional)
        except Exception as error:
            # zipfile, zlib, numpy and the parser of its headers each have their own
            # errors for damaged bytes, up to MemoryError and RecursionError
            reason = ' '.join(str(error).split())[:200] or type(error).__name__
            if 'allow_pickle' in reason:  # numpy's advice on long headers is unsafe
                reason = 'an array has no proper header'
            raise ValueError(f'is damaged or no such file ({reason})') from error


def _read(
    file: BinaryIO, kinds: Mapping[str, str], optional: Mapping[str, str]
) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        most = EXPANSION * os.fstat(file.fileno()).st_size + SMALL
        if sum(sizes.values()) > most:
            raise ValueError(
                f'it would grow to {sum(sizes.values()) / 2**30:.1f} GiB, more than '
                f'{EXPANSION} times its size'
            )
        missing = [name for name in kinds if f'{name}.npy' not in sizes]
        if missing:
            raise ValueError(f'it has no {missing[0]!r}')
        known = {f'{name}.npy' for name in (*kinds, *optional)}
        unknown = [name for name in sizes if name not in known]
        if unknown:
            raise ValueError(f'it holds {unknown[0]!r}, which is not understood')
        return {
            name: _array(archive, name, kind)
            for name, kind in (*kinds.items(), *optional.items())
            if f'{name}.npy' in sizes
        }


def _array(archive: zipfile.ZipFile, name: str, kinds: str) -> np.ndarray:
    """Return one array; its memory is that of the bytes read."""
    with archive.open(f'{name}.npy') as member:
        version = npy.read_magic(member)
        headers = {
            (1, 0): npy.read_array_header_1_0,
            (2, 0): npy.read_array_header_2_0,
        }
        if version not in headers:
            raise ValueError(f'{name!r} has the unknown version {version}')
        shape, by_columns, dtype = headers[version](member)
        if dtype.hasobject or dtype.kind not in kinds:  # objects would be pickles
            raise ValueError(f'{name!r} holds the type {dtype}')
        content = member.read()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(
            f'{name!r} has {len(content)} bytes for {dtype} of shape {shape}'
        )
    if not dtype.itemsize:  # texts that are all empty
        return np.zeros(shape, dtype)
    array = np.frombuffer(content, dtype).astype(dtype.newbyteorder('='), copy=False)
    return array.reshape(shape, order='F' if by_columns else 'C')
