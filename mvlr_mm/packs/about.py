"""What a pack says of its model: ``pack.json``."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..evaluation.protocols import protocol_of
from ..labels.names import check_label_names
from .allowed import PARTS, TRANSFORMS, check_settings, shortened

FORMAT = 'mvlr-pack-1'
_SIDE = 2**12  # pixels of a side to which the transforms bring a picture
_FACTOR = 16  # by which they make it larger


@dataclass(frozen=True)
class About:
    """What a pack says of its model; all of it is data of json."""

    classes: list[str]  # in the order of the scores
    model: dict[str, Any]  # settings of the model and its parts
    pipeline: list[dict[str, Any]]  # settings of the transforms before the model
    text: bool  # whether the text tower is in the pack
    templates: dict[str, str | None]  # hard prompts, by the stage that uses them
    quick_gelu: bool | None  # of the CLIP; None for another model
    thresholds: dict[str, float | None] | None  # by label; None is never predicted
    temperatures: dict[str, float] | None  # by label
    protocol: dict[str, Any] | None  # under which the metrics were measured
    metrics: dict[str, float | None] | None
    licence: str | None

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            try:
                check(value)
            except (ArithmeticError, AttributeError, KeyError, TypeError) as error:
                raise ValueError(f'{name} ({shortened(value)}) is wrong.') from error
        for name in ('thresholds', 'temperatures'):
            values = getattr(self, name)
            if values is not None and set(values) != set(self.classes):
                raise ValueError(f'{name} must be for the labels under `classes`.')

    def to_json(self) -> bytes:
        """Return the content of the file."""
        content = {'format': FORMAT, **asdict(self)}
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        return (text + '\n').encode('utf-8')

    @classmethod
    def from_json(cls, content: bytes) -> 'About':
        """Read the file.

        Raises:
            ValueError: It is no such json, or says what a pack may not say.
        """
        try:
            found = json.loads(
                content.decode('utf-8'),
                object_pairs_hook=_distinct,
                parse_constant=_no_number,
            )
        except RecursionError as error:
            raise ValueError('it is nested too deeply.') from error
        if not isinstance(found, dict) or found.pop('format', None) != FORMAT:
            raise ValueError(
                f"its 'format' is not {FORMAT!r}; a newer version of mvlr_mm may have "
                'written it.'
            )
        names = {field.name for field in fields(cls)}
        if set(found) != names:
            odd = sorted(set(found) ^ names)[0]
            kind = 'lacks' if odd in names else 'has an unknown'
            raise ValueError(f'it {kind} {shortened(odd)}.')
        return cls(**found)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError('it says the same key twice.')
    return found


def _no_number(text: str) -> float:
    raise ValueError(f'{text} is no number of json.')


def _optional(check: Callable[[Any], None]) -> Callable[[Any], None]:
    return lambda value: None if value is None else check(value)


def _is(*kinds: type) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not isinstance(value, kinds):
            raise TypeError

    return check


def _numbers(lowest: float, unknown: bool) -> Callable[[Any], None]:
    """Return a check of numbers by name, above a lowest one; some may be unknown."""

    def check(values: Any) -> None:
        for value in _plain_dict(values).values():
            if value is None and unknown:
                continue
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or not value > lowest:
                raise TypeError

    return check


def _plain_dict(value: Any) -> dict:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _classes(value: Any) -> None:
    _is(list)(value)
    check_label_names(tuple(value), 'classes')


def _model(value: Any) -> None:
    check_settings(_plain_dict(value), PARTS)
    if 'type' not in value:
        raise ValueError('model has no type.')


def _pipeline(value: Any) -> None:
    _is(list)(value)
    for step in value:
        check_settings(_plain_dict(step), TRANSFORMS)
        if 'type' not in step:
            raise ValueError('a step of the pipeline has no type.')
        for key, inner in step.items():
            most = _FACTOR if key == 'scale_factor' else _SIDE
            if any(number > most for number in _numbers_in(inner)):
                raise ValueError(
                    f'{key} ({shortened(inner)}) of the pipeline is above {most}: its '
                    'pictures would fill the memory.'
                )


def _numbers_in(value: Any) -> Iterator[float]:
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _numbers_in(inner)
    elif isinstance(value, (int, float)):
        yield value


def _templates(value: Any) -> None:
    for template in _plain_dict(value).values():
        _optional(_is(str))(template)


_CHECKS: dict[str, Callable[[Any], None]] = {
    'classes': _classes,
    'model': _model,
    'pipeline': _pipeline,
    'text': _is(bool),
    'templates': _templates,
    'quick_gelu': _optional(_is(bool)),
    'thresholds': _optional(_numbers(-math.inf, unknown=True)),
    'temperatures': _optional(_numbers(0, unknown=False)),
    'protocol': _optional(lambda value: protocol_of(**value)),
    'metrics': _optional(_numbers(-math.inf, unknown=True)),
    'licence': _optional(_is(str)),
}
