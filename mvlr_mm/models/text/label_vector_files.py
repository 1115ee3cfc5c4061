"""Read a vector per label from the files that such vectors come in."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...labels.arrays import read_named_arrays, rows_of
from ...weight_files import readable_weights
from .word_vectors import read_word_vectors


def read_label_vectors(
    file: str | Path, classes: Sequence[str], key: str | None = None
) -> Tensor:
    """Read one vector per label, (C, V) float32, in the order of ``classes``.

    ========================  ==========================================================
    ``.npz``                  arrays by name; ``names``, if there, names the rows
    ``.safetensors``          tensors by name; the metadata's ``names``, a json list,
                              names the rows
    ``.npy``                  one array; its rows are in the order of ``classes``
    ``.txt`` (GloVe's)        a word and its vector a line; a label of several words
                              gets their mean; words are looked up in lower case
    ========================  ==========================================================

    Nothing is unpickled.

    Args:
        file: Path of the file.
        classes: The C label names.
        key: Which array of an ``.npz`` or ``.safetensors`` file; None takes the only
            one with a row per label.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file's ending is unknown, it has no vector for a label, or its
            array is not what ``key`` and ``classes`` say.
    """
    file = Path(file)
    readers: dict[str, Callable[[Path, Sequence[str], str | None], np.ndarray]] = {
        '.npz': _read_named,
        '.npy': _read_npy,
        '.safetensors': _read_named,
        '.txt': _read_words,
    }
    if file.suffix not in readers:
        raise ValueError(f'file ({file}) must end with one of {", ".join(readers)}.')
    if not file.is_file():
        raise FileNotFoundError(f'file ({file}) does not exist.')
    vectors = torch.from_numpy(readers[file.suffix](file, classes, key)).float()
    finite = vectors.isfinite().all(dim=1)
    if not finite.all():
        label = classes[int(finite.int().argmin())]
        raise ValueError(f'file ({file}): the vector of {label!r} is not finite.')
    return vectors


def _read_named(file: Path, classes: Sequence[str], key: str | None) -> np.ndarray:
    names, arrays = read_named_arrays(file)
    return _rows(_choose(arrays, key, file), names, classes, file)


def _read_npy(file: Path, classes: Sequence[str], key: str | None) -> np.ndarray:
    with readable_weights(file):
        array = np.load(file, allow_pickle=False)
    return _rows(array, None, classes, file)


def _read_words(file: Path, classes: Sequence[str], key: str | None) -> np.ndarray:
    words = [label.lower().split() for label in classes]
    found = read_word_vectors(file, {word for label in words for word in label})
    for label, parts in zip(classes, words, strict=True):
        for word in parts:
            if word not in found:
                raise ValueError(
                    f'file ({file}) has no vector for the word {word!r} of the label '
                    f'{label!r}; use another file or another name for the label.'
                )
    return np.stack([np.mean([found[word] for word in label], 0) for label in words])


def _choose(arrays: dict, key: str | None, file: Path) -> np.ndarray:
    """Return the array ``key``, or the only one."""
    if key is not None:
        if key not in arrays:
            raise ValueError(
                f'file ({file}) has no key {key!r}; it has {", ".join(arrays)}.'
            )
        return arrays[key]
    if len(arrays) != 1:
        raise ValueError(
            f'file ({file}) holds {len(arrays)} arrays: set key to one of '
            f'{", ".join(arrays)}.'
        )
    return next(iter(arrays.values()))


def _rows(
    array: np.ndarray, names: list[str] | None, classes: Sequence[str], file: Path
) -> np.ndarray:
    """Return the rows of ``classes``, by name where the file has names."""
    count = len(classes if names is None else names)
    if array.ndim != 2 or len(array) != count:
        raise ValueError(
            f'file ({file}): the array has the shape {tuple(array.shape)}, but must '
            f'have one row for each of {count} '
            f'{"labels" if names is None else "names in the file"}.'
        )
    if names is None:
        return array
    return array[rows_of(names, classes, file, 'vector')]
