"""Thresholds and temperatures of labels in a file, which goes with a model."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mvlr_stack.outputs import write_text

FORMAT = 'mvlr-thresholds-1'


def write_thresholds(
    path: str | Path, labels: Sequence[dict], overall: dict, **about: object
) -> None:
    """Write thresholds as json.

    Args:
        path: The file; its folder is made.
        labels: For each label ``name``, ``threshold``, and whatever else is known, such
            as its ``temperature``.
        overall: The same for the single threshold of all labels.
        **about: How they were found.
    """
    content = {'format': FORMAT, **about, 'global': overall, 'labels': labels}
    text = json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + '\n')


def label_thresholds(path: str | Path) -> dict[str, float]:
    """Return the threshold of every label by its name, in the order of the file.

    Args:
        path: A file of :func:`write_thresholds`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no such json, or names a label twice.
    """
    return _read(path, 'threshold', np.inf)


def read_thresholds(path: str | Path, classes: Sequence[str]) -> np.ndarray:
    """Return the thresholds of these classes, (C,) float64, by name.

    Args:
        path: A file of :func:`write_thresholds`.
        classes: Names of the labels, in the order wanted.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no such json, names a label twice, or lacks a class.
    """
    return in_order(label_thresholds(path), classes, path)


def read_temperatures(path: str | Path, classes: Sequence[str]) -> np.ndarray | None:
    """Return the temperatures of these classes, (C,) float64; None if it has none.

    Args:
        path: A file of :func:`write_thresholds`.
        classes: Names of the labels, in the order wanted.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: As for :func:`read_thresholds`.
    """
    found = _read(path, 'temperature', np.nan)
    if np.isnan(list(found.values())).any():
        return None
    return in_order(found, classes, path)


def in_order(
    found: Mapping[str, float], classes: Sequence[str], path: str | Path
) -> np.ndarray:
    """Return the values of these classes, (C,) float64.

    Args:
        found: A value for each label.
        classes: Names of the labels, in the order wanted.
        path: The file that they come from, for the message.

    Raises:
        ValueError: A class has no value.
    """
    missing = [name for name in classes if name not in found]
    if missing:
        raise ValueError(
            f'{path} lacks {len(missing)} of the {len(classes)} classes, first: '
            f'{missing[0]!r}; search the thresholds on the same classes.'
        )
    return np.array([found[name] for name in classes])


def _read(path: str | Path, key: str, otherwise: float) -> dict[str, float]:
    """Return one value of every label; ``otherwise`` where it is null or missing."""
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'thresholds ({path}): no such file; write it with `mvlr thresholds '
            'RESULTS --out FILE`.'
        )
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        if content['format'] != FORMAT:
            raise KeyError(content['format'])
        names = [str(record['name']) for record in content['labels']]
        if not all('threshold' in record for record in content['labels']):
            raise KeyError('threshold')
        values = [record.get(key) for record in content['labels']]
        numbers = [otherwise if value is None else float(value) for value in values]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} is not a threshold file ({error!r}): it must be json as `mvlr '
            f"thresholds` writes it, with 'format': {FORMAT!r}."
        ) from error
    found = dict(zip(names, numbers, strict=True))
    if len(found) < len(names):
        raise ValueError(f'{path} names a label twice; search the thresholds again.')
    return found


def _plain(value: object) -> object:
    """Return a value as json knows it: no numbers that are not finite."""
    if isinstance(value, dict):
        return {key: _plain(x) for key, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(x) for x in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
