"""What is wrong with a config whose parts cannot be built.

mmengine builds a part of a config in `build_from_cfg`: what it was to build stands in
that function's variables when an error comes out of it.
"""

import difflib
import inspect
import re
import traceback
from collections.abc import Iterable, Sequence
from types import FrameType

# Errors that are raised there are about what the config says.
STACK = ('mmengine', 'mmcv', 'mmpretrain', 'torch', 'torchvision')
_UNEXPECTED = re.compile(
    r"(?:(\w+)\.__init__\(\) )?got an unexpected keyword argument '(\w+)'"
)
_KINDS = (AssertionError, AttributeError, KeyError, TypeError)


def explain_build(error: Exception, frames: Sequence[FrameType]) -> str | None:
    """Return what is wrong with the config, or None if that is not the reason.

    Args:
        error: What came out of building it.
        frames: From the outermost to that which raised the error.
    """
    if not isinstance(error, _KINDS):
        return None
    last = frames[-1]
    building = [f for f in frames if f.f_code.co_name == 'build_from_cfg']
    told = building[-1].f_locals if building else {}
    part = told.get('obj_cls')
    unexpected = _UNEXPECTED.search(str(error))
    if unexpected and isinstance(error, TypeError):
        kind, name = unexpected.groups()
        if part is None or name not in told.get('args', {}):
            # the runner builds its usual loops itself, and knows their classes
            part = last.f_globals.get(kind)
        if part is not None:
            names = _arguments(part)
            return f'{_name(part)} has no argument {name!r}{nearest(name, names)}.'
        return f'a setting of the config is unknown: {error}' if _of(last) else None
    if not building or not _of(last):
        return None
    if last.f_code.co_name == 'build_from_cfg' and part is None:
        return _no_type(error, told)
    text = error.args[0] if error.args else _line(error)
    return f'{_name(part)} cannot be built as the config says: {text}'


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the end of a sentence that says which names are like this one."""
    near = difflib.get_close_matches(name, sorted(names), n=3, cutoff=0.5)
    return f'; nearest: {", ".join(near)}' if near else ''


def _no_type(error: Exception, told: dict) -> str:
    kind, registry = told.get('obj_type'), told['registry']
    if not isinstance(kind, str):
        return f'the config has {told["cfg"]!r} for a {registry.name}: {error.args[0]}'
    names: list[str] = []
    above = registry
    while above is not None:
        names += above.module_dict
        above = above.parent
    return (
        f'no {registry.name} is called {kind!r}{nearest(kind, names)}. A class of '
        'your own needs its module in `custom_imports` of the config.'
    )


def _of(frame: FrameType) -> bool:
    return frame.f_globals.get('__name__', '').partition('.')[0] in STACK


def _name(part: object) -> str:
    return getattr(part, '__name__', str(part))


def _arguments(part: object) -> list[str]:
    """Return what a class takes, and those below it where it hands arguments on."""
    names = []
    for kind in inspect.getmro(part) if inspect.isclass(part) else [part]:
        made = kind.__dict__.get('__init__') if inspect.isclass(kind) else kind
        if not inspect.isfunction(made):
            continue
        parameters = inspect.signature(made).parameters.values()
        names += [p.name for p in parameters if p.kind != p.VAR_KEYWORD]
        if all(p.kind != p.VAR_KEYWORD for p in parameters):
            break
    return [name for name in names if name not in ('self', 'args')]


def _line(error: Exception) -> str:
    """Return the line of code that raised an error without a text."""
    return traceback.extract_tb(error.__traceback__)[-1].line or type(error).__name__
