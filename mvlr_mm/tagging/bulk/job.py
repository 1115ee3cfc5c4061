"""What a bulk run is about, so that another is not taken for it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from ...apis import LoadedModel
from ...models.text.fingerprint import fingerprint
from .sources import Source

_SHOWN = 60  # letters of a value


def describe_job(
    engine: str,
    source: Source,
    loaded: LoadedModel,
    names: Sequence[str],
    thresholds: np.ndarray,
    max_tags: int | None,
) -> dict[str, Any]:
    """Return what decides the rows of a run.

    Args:
        engine: Which one writes them.
        source: The pictures.
        loaded: The model.
        names: The C labels.
        thresholds: Of the labels, (C,).
        max_tags: The most tags of a picture.
    """
    new = tuple(names) != loaded.classes
    return {
        'format': 1,
        'engine': engine,
        'source': list(source.places),
        'exclude': list(source.exclude),
        'column': source.column,
        'weights of the model': fingerprint(loaded.model.state_dict()),
        'settings of the model': _digest(
            [loaded.config.to_dict()['model'], loaded.pipeline]
        ),
        'labels': list(names),
        'scale of new labels': _digest(loaded.name_scale) if new else None,
        'thresholds': thresholds.tolist(),
        'max_tags': max_tags,
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in which things two runs differ, in words.

    Args:
        before: Of :func:`describe_job`, from a file.
        now: Of :func:`describe_job`.
    """
    found = []
    for key, value in now.items():
        old = before.get(key)
        if old == value:
            continue
        if key == 'thresholds' and before.get('labels') == now['labels']:
            pairs = zip(now['labels'], old, value, strict=True)
            label, old, value = next(pair for pair in pairs if pair[1] != pair[2])
            key = f'the threshold of {label!r}'
        found.append(f'{key}: {_change(old, value)}')
    return found


def _digest(value: Any) -> str | None:
    if value is None:
        return None
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _change(old: Any, value: Any) -> str:
    lists = isinstance(old, list) and isinstance(value, list)
    if not lists or len(_text(old)) <= _SHOWN >= len(_text(value)):
        return f'{_shown(old)} then, {_shown(value)} now'
    # long lists may begin alike: what counts is where they part
    pairs = enumerate(zip_longest(old, value))
    place, pair = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
    before, now = ('none' if x is None else _text(x) for x in pair)
    return (
        f'{len(old)} then, {len(value)} now; number {place + 1} was {before} and is '
        f'{now}'
    )


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _SHOWN else f'{text[:_SHOWN]}...'
