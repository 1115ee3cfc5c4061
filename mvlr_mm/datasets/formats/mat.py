"""Read MATLAB files."""

from pathlib import Path

import numpy as np

from ...extras import require


def read_mat(path: str, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return arrays of a MATLAB file, up to its version 7.

    Args:
        path: The file.
        keys: Names of the arrays.

    Raises:
        ImportError: scipy is not installed.
        FileNotFoundError: There is no such file.
        ValueError: The file is cut off, or has no array of that name.
    """
    loadmat = require('scipy.io', extra='pa100k').loadmat
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'ann_file ({path}) does not exist; check data_root and ann_file.'
        )
    try:
        content = loadmat(path, variable_names=keys)
    except Exception as error:  # scipy raises many kinds
        raise ValueError(
            f'{path} is no MATLAB file that scipy reads, or was cut off: {error}; '
            'copy it again.'
        ) from error
    for key in keys:
        if key not in content:
            raise ValueError(f'{path} has no array {key!r}; it needs {list(keys)}.')
    return content


def read_strings(cells: np.ndarray, where: str) -> list[str]:
    """Return the texts of a MATLAB cell array, each in an array of its own.

    Args:
        cells: The array.
        where: The file and the array's name, for the message.

    Raises:
        ValueError: A cell holds no text, or several.
    """
    found = [np.asarray(cell).ravel() for cell in cells.ravel()]
    for i, cell in enumerate(found):
        if cell.size != 1 or cell.dtype.kind != 'U' or not cell[0].strip():
            raise ValueError(
                f'{where}, cell {i}: {cell.tolist()} must be one text; use the '
                'original file.'
            )
    return [str(cell[0]).strip() for cell in found]
