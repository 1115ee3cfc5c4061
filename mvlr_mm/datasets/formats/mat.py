"""Read MATLAB files."""

from pathlib import Path

import numpy as np


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
    try:
        from scipy.io import loadmat  # optional, and slow to import
    except ImportError as error:
        raise ImportError(f'reading {path} needs scipy: pip install scipy') from error
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


def read_strings(cells: np.ndarray) -> list[str]:
    """Return the texts of a MATLAB cell array, each in an array of its own."""
    return [str(np.asarray(cell).item()).strip() for cell in cells.ravel()]
