"""Whether the rows of a comparison differ in what is to be the same for all."""

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

# pictures, augmentation and batch; trunk; schedule and average
SAME = (
    'train_dataloader',
    'val_dataloader',
    'test_dataloader',
    'val_evaluator',
    'test_evaluator',
    'data_preprocessor',
    'model.clip',
    'model.backbone',
    'param_scheduler',
    'train_cfg',
    'custom_hooks',
)
_UNSAID = object()


def differences(cfg: Config, reference: Config) -> list[str]:
    """Return which of :data:`SAME` a config has otherwise, as far down as one can say.

    Args:
        cfg: Config of a row.
        reference: Config of the row that the others are compared with.
    """
    return [key for name in SAME for key in _differing(name, cfg, reference)]


def _differing(name: str, cfg: Config, reference: Config) -> list[str]:
    ours, theirs = (_plain(_at(c, name)) for c in (cfg, reference))
    return list(_ways(name, ours, theirs))


def _at(cfg: Config, name: str) -> Any:
    place: Any = cfg
    for key in name.split('.'):
        place = place.get(key) if isinstance(place, Mapping | Config) else None
    return place


def _plain(value: Any) -> Any:
    """Return dicts and lists without mmengine's classes; a tuple is as a list."""
    if isinstance(value, Mapping):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(below) for below in value]
    return value


def _ways(name: str, ours: Any, theirs: Any) -> list[str]:
    if ours == theirs:
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys = {**ours, **theirs}
        shared = ours.get('type', _UNSAID) == theirs.get('type', _UNSAID)
        if shared:
            return [
                way
                for key in keys
                for way in _ways(
                    f'{name}.{key}', ours.get(key, _UNSAID), theirs.get(key, _UNSAID)
                )
            ]
    return [name]
