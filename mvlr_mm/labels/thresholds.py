"""Thresholds and temperatures of labels in a file, which goes with a model."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mvlr_stack.outputs import write_text

from ..finite_json import finite
from ..near_names import nearest_names

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
    text = json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False)
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
            f'{missing[0]!r}; nearest: {nearest_names(missing[0], found)}. Search the '
            'thresholds on the same classes.'
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
        content = json.loads(Path(path).read_text(encoding='utf-8-sig'))
        if not isinstance(content, dict) or content.get('format') != FORMAT:
            raise ValueError(f"it has no 'format': {FORMAT!r}")
        found: dict[str, float] = {}
        for record in content['labels']:
            name = record['name']
            if not isinstance(name, str) or name in found:
                raise ValueError(f'it names the label {name!r} twice, or not by text')
            found[name] = _number(record, key, otherwise)
    except (
        LookupError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        reason = ' '.join(str(error).split())[:200]
        raise ValueError(
            f'{path} is not a threshold file ({reason}): it must be json as `mvlr '
            'thresholds` writes it; search the thresholds again.'
        ) from error
    return found


def _number(record: dict, key: str, otherwise: float) -> float:
    """Return a value of a label, a number that is not NaN.

    Raises:
        ValueError: It is none, or the label has no threshold.
    """
    if 'threshold' not in record:
        raise ValueError(f'the label {record["name"]!r} has no threshold')
    value = record.get(key)
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f'the {key} of {record["name"]!r} is no number: {value!r}')
    number = float(value)
    if math.isnan(number) or (key == 'temperature' and not 0 < number < math.inf):
        raise ValueError(f'the {key} of {record["name"]!r} cannot be {number}')
    return number
