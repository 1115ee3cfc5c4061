"""How often labels occur, alone and together: the graph that some models start from."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .arrays import read_named_arrays, rows_of, write_named_arrays

_BLOCK = 4096  # pictures that are counted at once
HOW = 'make one with tools/dataset_converters/label_graph.py'


class LabelGraph(NamedTuple):
    """Counts of pictures, of C labels."""

    names: tuple[str, ...]
    counts: np.ndarray  # (C,) int64: pictures with the label
    cooccurrence: np.ndarray  # (C, C) int64: pictures with both, 0 on the diagonal
    known: np.ndarray  # (C, C) int64: pictures with i in which j is known

    def probabilities(self) -> np.ndarray:
        """Return P(label j | label i), (C, C) float64, with zeros on the diagonal.

        Estimated where j is known; 0 for a label that no picture has.
        """
        return self.cooccurrence / np.maximum(self.known, 1)


def count_pairs(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count the pictures with label i and label j, and those with i that know j.

    Args:
        states: Labels (N, C): 1 there, 0 absent, -1 unknown.

    Returns:
        Both (C, C) int64. On their diagonals stand the pictures with the label.
    """
    labels = states.shape[1]
    both, possible = np.zeros((2, labels, labels), np.int64)
    for start in range(0, len(states), _BLOCK):
        block = states[start : start + _BLOCK]
        # BLAS multiplies no integers; float32 holds whole numbers up to 2**24
        there, known = (x.astype(np.float32) for x in (block == 1, block >= 0))
        both += (there.T @ there).astype(np.int64)
        possible += (there.T @ known).astype(np.int64)
    return both, possible


def count_label_graph(names: Sequence[str], states: np.ndarray) -> LabelGraph:
    """Count the labels of some pictures.

    Args:
        names: Of the C labels.
        states: Labels (N, C): 1 there, 0 absent, -1 unknown.

    Raises:
        ValueError: ``states`` has not C columns.
    """
    if states.ndim != 2 or states.shape[1] != len(names):
        raise ValueError(
            f'states has the shape {states.shape}, and must have a column for each of '
            f'{len(names)} names.'
        )
    both, possible = count_pairs(states)
    counts = both.diagonal().copy()
    np.fill_diagonal(both, 0)
    return LabelGraph(tuple(names), counts, both, possible)


def write_label_graph(file: str | Path, graph: LabelGraph) -> None:
    """Write a graph as ``.npz`` or ``.safetensors``, whole or not at all.

    Args:
        file: Path of the file.
        graph: What to write.
    """
    write_named_arrays(
        file,
        graph.names,
        dict(counts=graph.counts, cooccurrence=graph.cooccurrence, known=graph.known),
    )


def read_label_graph(file: str | Path, classes: Sequence[str]) -> LabelGraph:
    """Read the graph of some labels, by name, in their order.

    The file, ``.npz`` or ``.safetensors``, has ``names`` and arrays whose names end
    with ``counts`` (C,), ``cooccurrence`` (C, C) and, where labels may be unknown,
    ``known`` (C, C): ``train2014_counts`` is one as well. Nothing is unpickled.

    Args:
        file: Path of the file.
        classes: The label names, some or all of the file's.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file has no names, lacks a label or an array, has two of a
            kind, or one that holds no counts of these labels.
    """
    file = Path(file)
    if not file.is_file():
        raise FileNotFoundError(f'the label graph {file} does not exist; {HOW}.')
    names, arrays = read_named_arrays(file)
    if names is None:
        raise ValueError(f'file ({file}) does not name its labels; {HOW}.')
    size = len(names)
    rows = rows_of(names, classes, file, 'row')
    counts = _take(arrays, 'counts', (size,), file)[rows]
    both = _take(arrays, 'cooccurrence', (size, size), file)[np.ix_(rows, rows)]
    np.fill_diagonal(both, 0)
    known = np.tile(counts[:, None], (1, len(rows)))
    if any(name.endswith('known') for name in arrays):
        known = _take(arrays, 'known', (size, size), file)[np.ix_(rows, rows)]
    if (both > known).any():
        raise ValueError(
            f'file ({file}): two labels occur together more often than one of them '
            f'alone; {HOW}.'
        )
    return LabelGraph(tuple(classes), counts, both, known)


def _take(
    arrays: dict[str, np.ndarray], ending: str, shape: tuple[int, ...], file: Path
) -> np.ndarray:
    """Return the only array of a kind, (C,) or (C, C), checked."""
    found = [name for name in arrays if name.endswith(ending)]
    if len(found) != 1:
        raise ValueError(
            f'file ({file}) has {len(found)} arrays whose names end with {ending!r} '
            f'({", ".join(found or arrays)}), and must have one; {HOW}.'
        )
    array = arrays[found[0]]
    if array.shape != shape:
        raise ValueError(
            f'file ({file}): {found[0]} has the shape {array.shape}, and must have '
            f'{shape}, the labels that the file names.'
        )
    whole = array.astype(np.int64)
    if (whole != array).any() or (whole < 0).any():
        raise ValueError(
            f'file ({file}): {found[0]} must hold numbers of pictures; {HOW}.'
        )
    return whole
