"""Overrides of a config: each reaches a setting that is read, or stops the run.

The values are those of :mod:`mvlr_mm.config.override_values`.
"""

import copy
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mvlr_stack.build_errors import nearest
from mvlr_stack.overrides import Word

from .override_values import MISSING, read_value


def _parameters(*functions: object) -> set[str]:
    return {name for f in functions for name in inspect.signature(f).parameters}


# What mmengine's runner and the commands take from a config; the rest are variables.
READ = {
    *_parameters(Runner.__init__),
    'activation_checkpointing',
    'auto_scale_lr',
    'compile',
    'custom_imports',
    'data_preprocessor',
    'efficient_conv_bn_eval',
    'cache',
    'features',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'runner_type',
    'sync_bn',
    'tta_model',
    'tta_pipeline',
}
# Dicts whose keys are looked up one by one: a wrong one is no error there, or a late
# one. Everything else becomes an argument, and a wrong argument stops the build.
_READ_BELOW = {
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'env_cfg.mp_cfg': {'mp_start_method', 'opencv_num_threads'},
    'default_hooks.checkpoint': {
        'type',
        'priority',
        *_parameters(CheckpointHook.__init__, Runner.save_checkpoint),
    },
}
_OF_MERGING = ('_delete_', '_scope_')  # keys that say how, and are no settings
_OF_PARAMETERS = {'lr_mult', 'decay_mult'}  # each of the entries of `custom_keys`


def merge_overrides(cfg: Config, overrides: Mapping[str, Any]) -> None:
    """Merge overrides into a config.

    Args:
        cfg: The config; it is changed.
        overrides: Values by dotted keys; a :class:`~mvlr_stack.overrides.Word` is read
            as :func:`~mvlr_mm.config.override_values.read_value` says.

    Raises:
        ValueError: Nothing would read a key, the way to it leads through something that
            has no keys, or a value does not fit there.
    """
    for key, value in overrides.items():
        path, before = find(cfg, key)
        try:
            if isinstance(value, Word):
                value = read_value(value, before)
            for keys in _ways(path, value):
                _check_known(cfg, keys)
            nested = copy.deepcopy(value)  # mmengine takes `_delete_` out of it
            for name in reversed(path):
                nested = {name: nested}
            cfg.merge_from_dict(nested)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f'override of {key}: {error.args[0]}') from error


def find(cfg: Config, key: str) -> tuple[list[str], Any]:
    """Find the place in a config that a dotted key names.

    Args:
        cfg: The config.
        key: Such as ``custom_hooks.1.momentum``. Keys of the config may hold dots
            themselves, as names of parameters do; the longest that fits is taken.

    Returns:
        The keys on the way, and what is there, or :data:`MISSING`.

    Raises:
        ValueError: The way leads through something that has no keys.
    """
    place: Any = cfg
    path: list[str] = []
    rest = key.split('.')
    while rest:
        if isinstance(place, list):
            name, rest = rest[0], rest[1:]
            if not re.fullmatch(r'-?\d+', name) or not (
                -len(place) <= int(name) < len(place)
            ):
                raise ValueError(
                    f'{key}: {".".join(path)} is a list of {len(place)}, which has no '
                    f'{name}; count from 0.'
                )
            name = str(int(name) % len(place))
        elif place is MISSING or isinstance(place, Mapping | Config):
            name, rest = _longest(place, path, rest)
        else:
            raise ValueError(
                f'{key}: {".".join(path)} is {place!r}, which has no {rest[0]}; '
                'override it as a whole.'
            )
        path.append(name)
        if isinstance(place, list):
            place = place[int(name)]
        else:
            place = MISSING if place is MISSING else place.get(name, MISSING)
    return path, place


def ways_said(cfg: Config, overrides: Mapping[str, Any]) -> list[list[str]]:
    """Return the ways to all single settings that overrides say.

    Of a dict they are those of what stands in it: it was merged, and says nothing of
    the rest.

    Args:
        cfg: With the overrides merged.
        overrides: As for :func:`merge_overrides`.
    """
    found = []
    for key, value in overrides.items():
        path, there = find(cfg, key)
        if isinstance(value, Word) and isinstance(there, Mapping):
            value = read_value(value, there)
        found += _ends(path, value)
    return found


def setting_at(cfg: Config, way: Sequence[str]) -> Any:
    """Return what a config has at the end of a way; None where that leads nowhere."""
    place: Any = cfg
    for name in way:
        if isinstance(place, list):
            place = place[int(name)] if int(name) < len(place) else None
        else:
            place = place.get(name) if isinstance(place, Mapping | Config) else None
    return place


def _ends(path: list[str], value: Any) -> Iterator[list[str]]:
    if not isinstance(value, Mapping) or not value:
        yield path
        return
    for key, below in value.items():
        if key not in _OF_MERGING:
            yield from _ends([*path, str(key)], below)


def _longest(
    place: Any, path: Sequence[str], rest: Sequence[str]
) -> tuple[str, list[str]]:
    """Take as many parts of a key as form one key of this place."""
    if path and path[-1] == 'custom_keys' and len(rest) > 1:
        count = len(rest) - 1  # parts of a parameter's name, and then the setting
        if '.'.join(rest) in place:
            count = len(rest)
    else:
        counts = range(len(rest), 0, -1)
        known = (
            n for n in counts if place is not MISSING and '.'.join(rest[:n]) in place
        )
        count = next(known, 1)
    return '.'.join(rest[:count]), list(rest[count:])


def _ways(path: list[str], value: Any) -> Iterator[list[str]]:
    """Yield all places on the way to a value, and those in it."""
    yield from (path[:end] for end in range(1, len(path) + 1))
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _ways([*path, str(key)], below)


def _check_known(cfg: Config, path: Sequence[str]) -> None:
    """Stop at a key that nothing reads.

    Raises:
        ValueError: There is no such setting.
    """
    above, name = '.'.join(path[:-1]), path[-1]
    if name in _OF_MERGING:
        return
    if not above and name not in READ and name not in cfg:
        raise ValueError(f'a config has no setting {name}{nearest(name, READ)}.')
    known = _READ_BELOW.get(above)
    if len(path) > 2 and path[-3] == 'custom_keys':
        known = _OF_PARAMETERS
    if known and name not in known:
        raise ValueError(f'{above} has no setting {name}{nearest(name, known)}.')
