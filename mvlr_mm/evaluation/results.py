"""Scores and targets of a test run in a file, to be evaluated again without the model.

The file is a plain npz: reading it runs no code, unlike a pickle.
"""

import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvlr_stack.outputs import whole_file

from .columns import checked
from .npz_reading import read_arrays
from .protocols import current_names, protocol_of

# what the arrays hold, as numpy's kinds of types
KINDS = dict(scores='fiub', targets='fiub', classes='U', paths='U', protocol='U')
OPTIONAL = dict(thresholds='f', thresholds_file='U', checkpoint='U')
AGAIN = 'write it again with `mvlr test CONFIG CHECKPOINT --out FILE.npz`'


class Results(NamedTuple):
    """What a model said of N images and C labels, and what is true."""

    scores: np.ndarray  # (N, C)
    targets: np.ndarray  # (N, C) int8: 1 present, 0 absent, -1 unknown
    classes: list[str]
    paths: list[str]  # of the N images; empty strings where unknown
    protocol: dict | None = None  # fields of the protocol it was tested under
    thresholds: np.ndarray | None = None  # (C,), if they replaced the protocol's
    thresholds_file: str = ''  # where they come from
    checkpoint: str = ''  # sha256 of its file, where that is known


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
            # first: what a damaged list of contents lacks is at its end
            **_thresholds(results),
            scores=scores,
            targets=targets,
            classes=np.array(results.classes, dtype=np.str_),
            paths=np.array(results.paths, dtype=np.str_),
            protocol=np.array(json.dumps(results.protocol)),
            checkpoint=np.array(results.checkpoint),
        )


def read_results(path: str | Path) -> Results:
    """Read results; runs nothing that the file holds.

    Args:
        path: A file of :func:`write_results`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is a pickle, damaged or cut off, does not fit together, or a
            score is NaN.
    """
    check_results_path(path)
    if not Path(path).is_file():
        raise FileNotFoundError(f'results {path}: no such file; {AGAIN}.')
    try:
        arrays = read_arrays(path, KINDS, OPTIONAL)
        return _results(**arrays)
    except ValueError as error:
        reason = str(error).rstrip('.')
        raise ValueError(f'results {path}: {reason}; {AGAIN}.') from error


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


def _thresholds(results: Results) -> dict[str, np.ndarray]:
    """Return what the file says of thresholds, if anything."""
    if results.thresholds is None:
        return {}
    return {
        'thresholds': np.asarray(results.thresholds, np.float64),
        'thresholds_file': np.array(results.thresholds_file),
    }


def _results(
    scores: np.ndarray,
    targets: np.ndarray,
    classes: np.ndarray,
    paths: np.ndarray,
    protocol: np.ndarray,
    thresholds: np.ndarray | None = None,
    thresholds_file: np.ndarray | None = None,
    checkpoint: np.ndarray | str = '',
) -> Results:
    """Return results from the arrays of a file.

    Raises:
        ValueError: They do not fit together.
    """
    size = (*paths.shape, *classes.shape)
    one_each = paths.ndim == classes.ndim == 1
    if not (one_each and scores.shape == targets.shape == size):
        raise ValueError(
            f'has scores of shape {scores.shape} and targets of shape {targets.shape} '
            f'for paths of shape {paths.shape} and classes of shape {classes.shape}'
        )
    names = [str(name) for name in classes.tolist()]
    files = [str(file) for file in paths.tolist()]
    if not names or not files:
        raise ValueError(f'has {len(files)} images and {len(names)} labels')
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise ValueError(f'names the label {name!r} {times} times')
    if (thresholds is None) != (thresholds_file is None):
        raise ValueError('has thresholds without their file, or a file without them')
    if thresholds is not None and (
        thresholds.shape != classes.shape or np.isnan(thresholds).any()
    ):
        raise ValueError('has thresholds that are not one number for each label')
    tested = _protocol(str(protocol))
    scores, targets = checked(scores, targets)
    source = '' if thresholds_file is None else str(thresholds_file)
    of_test = (tested, thresholds, source, str(checkpoint))
    return Results(scores, targets, names, files, *of_test)


def _protocol(text: str) -> dict | None:
    """Return the fields of a protocol by the names of today.

    Raises:
        ValueError: The text is no such json.
    """
    try:
        fields = json.loads(text)
        if fields is None:
            return None
        fields = current_names(fields)
        protocol_of(**fields)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f'holds no protocol ({error})') from error
    return fields
