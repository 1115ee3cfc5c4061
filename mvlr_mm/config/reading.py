"""Read a config in which a value that many places need is said once.

mmengine reads the bases of a config before the config itself, so a variable of a base
has gone into paths, pipelines and models before a child can change it. Only environment
variables come earlier. A base therefore reads such a value from a slot,

    data_root = '{{$MVLR_DATA_ROOT:data/custom}}'
    img_size = {{'$MVLR_IMG_SIZE:448'}}

a text in the first form, any Python value in the second. :func:`read_config` looks at
what a child or an override says of ``data_root`` or ``img_size`` and reads everything
again with that in the slot.
"""

import importlib.util
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.logging import MMLogger

from mvlr_stack.overrides import Word

from .file import read_file
from .override_values import read_value
from .overrides import READ, merge_overrides

_SLOT = re.compile(
    r'^(?P<key>\w+) *= *(?P<quote>[\'"]?)\{\{[\'"]?\s*\$(?P<name>MVLR_\w+)\s*:',
    re.MULTILINE,
)


def read_config(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read a config, with what it says once applied everywhere.

    The value of a slot is, in this order: that of ``overrides``, of the outermost
    config that assigns the variable, of the environment variable, of the default.

    Args:
        path: Of the config, as :func:`find_config` takes it.
        overrides: Settings by their dotted keys, as ``--cfg-options`` gives them; they
            are merged into the config as well.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A text is wanted and the value is none, a variable is made from its
            own slot, or an override names a variable that was used up before.
    """
    overrides = dict(overrides or {})
    path = find_config(path)
    with _slots_filled({}):
        cfg = read_file(path)
    said = _said(cfg, overrides, path)
    _refuse_used_up(cfg, overrides, said, path)
    if said:
        with _slots_filled(said):
            cfg = read_file(path)
    for slot in said.values():
        if slot.key not in overrides and cfg[slot.key] != slot.value:
            raise ValueError(
                f'{path}: {slot.key} is made from itself ({slot.value!r} becomes '
                f'{cfg[slot.key]!r}); write its whole value.'
            )
    values = {slot.key: slot.value for slot in said.values() if slot.key in overrides}
    merge_overrides(cfg, overrides | values)
    return cfg


def find_config(path: str | Path) -> Path:
    """Return where a config lies.

    Args:
        path: Of the file, or ``package::config``: one of those that an installed
            package carries, such as ``mvlr_mm::mvlr/mvlr_rn101_coco.py``.

    Raises:
        FileNotFoundError: There is no such file, or no such package.
    """
    package, colons, name = str(path).partition('::')
    found = Path(path)
    if colons:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise FileNotFoundError(f'{path}: there is no package {package!r}.')
        found = Path(spec.submodule_search_locations[0], '.mim/configs', name)
    if not found.is_file():
        raise FileNotFoundError(f'{path}: there is no config {found}.')
    return found


class _Slot(NamedTuple):
    key: str
    value: Any
    is_text: bool

    def source(self) -> str:
        """Return the value as it stands in Python's source."""
        if not self.is_text:
            return repr(self.value)
        return _escape(self.value)


def _said(cfg: Config, overrides: Mapping[str, Any], path: str | Path) -> dict:
    """Return the slots of a config by their environment variables."""
    said = {}
    for match in _SLOT.finditer(cfg.text):
        key = match['key']
        is_text = bool(match['quote'])
        value = given = overrides.get(key, cfg[key])
        if isinstance(given, Word):
            value = read_value(given, cfg[key])
            if is_text and not isinstance(value, str):  # a folder of the name 2024
                value = str(given)
        if is_text and not isinstance(value, str):
            raise ValueError(f'{path}: {key} ({value!r}) must be a text.')
        said[match['name']] = _Slot(key, value, is_text)
    return said


def _refuse_used_up(
    cfg: Config, overrides: Mapping[str, Any], said: Mapping, path: str | Path
) -> None:
    """Stop at an override of a variable that has no slot: nothing reads it any more."""
    slots = {slot.key for slot in said.values()}
    for key, value in overrides.items():
        name = key.partition('.')[0]
        if name in cfg and name not in READ | slots:
            raise ValueError(
                f'{key}={value!r} would change nothing: {path} has used its variable '
                f'{name} ({cfg[name]!r}) up. Override the settings that were made from '
                'it, or write a child config.'
            )


def _escape(text: str) -> str:
    """Return a text as it stands between two quotes of Python's source."""
    text = os.path.expanduser(text) if text.startswith('~') else text
    text = text.encode('unicode_escape').decode('ascii')
    return text.replace("'", r'\x27').replace('"', r'\x22')


@contextmanager
def _slots_filled(said: Mapping[str, _Slot]) -> Iterator[None]:
    """Set the environment variables of slots for the time of reading a config."""
    before = {k: v for k, v in os.environ.items() if k.startswith('MVLR_')}
    sources = {name: _escape(value) for name, value in before.items()}
    sources.update((name, slot.source()) for name, slot in said.items())
    # mmengine puts them in by re.sub, which reads backslashes once more
    os.environ.update((k, v.replace('\\', r'\\')) for k, v in sources.items())
    logger = MMLogger.get_current_instance()  # it would tell of each
    level = logger.level
    logger.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(level)
        for name in sources:
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]
