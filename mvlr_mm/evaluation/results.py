"""Scores and targets of a test run in a file, to be evaluated again without the model.

The file is a plain npz: reading it runs no code, unlike a pickle.
"""

import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvlr_stack.outputs import whole_file

from .columns import checked
from .protocols import protocol_of

_NO_RESULTS = (
    AttributeError,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)
KEYS = ('scores', 'targets', 'classes', 'paths', 'protocol')


class Results(NamedTuple):
    """What a model said of N images and C labels, and what is true."""

    scores: np.ndarray  # (N, C)
    targets: np.ndarray  # (N, C) int8: 1 present, 0 absent, -1 unknown
    classes: list[str]
    paths: list[str]  # of the N images; empty strings where unknown
    protocol: dict | None = None  # fields of the protocol it was tested under


def write_results(path: str | Path, results: Results) -> None:
    """Write results, whole or not at all.

    Args:
        path: The file, .npz.
        results: What to write.

    Raises:
        ValueError: The suffix is another, or as for :func:`checked`.
    """
    check_results_path(path)
    scores, targets = checked(results.scores, results.targets)
    with whole_file(path) as draft:
        np.savez(
            draft,
            scores=scores,
            targets=targets,
            classes=np.array(results.classes, dtype=np.str_),
            paths=np.array(results.paths, dtype=np.str_),
            protocol=np.array(json.dumps(results.protocol)),
        )


def read_results(path: str | Path) -> Results:
    """Read results; runs nothing that the file holds.

    Args:
        path: A file of :func:`write_results`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is a pickle, is cut off, or does not fit together.
    """
    check_results_path(path)
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'results {path}: no such file; write it with `mvlr test CONFIG CHECKPOINT '
            '--out FILE.npz`.'
        )
    try:
        with np.load(path, allow_pickle=False) as content:
            scores, targets, classes, paths, protocol = (content[key] for key in KEYS)
        protocol = json.loads(str(protocol))
        if protocol is not None:
            protocol_of(**protocol)  # refuses what is no protocol
    except _NO_RESULTS as error:
        raise ValueError(
            f'{path} holds no results, or was cut off ({error}); write it again with '
            '`mvlr test CONFIG CHECKPOINT --out FILE.npz`.'
        ) from error
    scores, targets = checked(scores, targets)
    if scores.shape != (len(paths), len(classes)):
        raise ValueError(
            f'{path} has scores of shape {scores.shape} for {len(paths)} images and '
            f'{len(classes)} classes; write it again.'
        )
    return Results(scores, targets, classes.tolist(), paths.tolist(), protocol)


def check_results_path(path: str | Path) -> None:
    """Refuse a path that is no results file.

    Raises:
        ValueError: Its suffix is not .npz.
    """
    if Path(path).suffix != '.npz':
        raise ValueError(
            f'results {path}: must be a .npz file as `mvlr test --out FILE.npz` writes '
            'it; a pickle could run any code when read, so it is not.'
        )
