"""A folder and its index: what it holds, who writes to it, whether it is the same."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from mvlr_stack.outputs import write_text

from .lock import hold

INDEX = 'index.json'


class Kind(NamedTuple):
    """A kind of folder."""

    word: str  # of the command that makes it, and the key of a config that reads it
    noun: str  # what it holds
    version: int = 1  # of its index


def write_index(folder: Path, kind: Kind, content: dict) -> None:
    """Write the index into its folder, whole or not at all."""
    content = dict(kind=kind.word, version=kind.version, **content)
    # escaped, since the name of a file need be no UTF-8
    write_text(folder / INDEX, json.dumps(content, indent=1))


def read_index(folder: str | Path, kind: Kind, build: Callable[[dict], Any]) -> Any:
    """Read the index of a folder.

    Args:
        folder: Where it is.
        kind: What the folder must be.
        build: Makes of the content what is returned.

    Raises:
        FileNotFoundError: The folder has none.
        ValueError: It is of another kind or version, or damaged.
    """
    word, path = kind.word, Path(folder) / INDEX
    if not path.is_file():
        raise FileNotFoundError(
            f'{word} {folder}: there is no {INDEX}; make {kind.noun} with `mvlr {word} '
            f'CONFIG --out {folder}`, or go without: {word}=None.'
        )
    anew = f'make the {kind.noun} anew with --overwrite.'
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        found = content.pop('kind', word)
        version = content.pop('version')
        if (found, version) == (word, kind.version):
            return build(content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is damaged ({error}); {anew}') from error
    if found != word:
        raise ValueError(f'{path} is of `mvlr {found}`, not of `mvlr {word}`.')
    raise ValueError(
        f'{path} has version {version}, and this is read: {kind.version}; {anew}'
    )


def settle(
    folder: Path,
    kind: Kind,
    reasons: Callable[[], Iterable[str]],
    names: Iterable[str],
    overwrite: bool,
) -> bool:
    """Return whether what a folder holds is gone on with; otherwise it holds nothing.

    Args:
        folder: Where arrays are to be.
        kind: Of the folder.
        reasons: Reads the index and says why what is there is not what is wanted.
        names: Of all arrays that such a folder may have.
        overwrite: Whether they are removed where there are reasons.

    Raises:
        FileExistsError: It holds arrays that are no folder's of this kind.
        ValueError: There are reasons.
    """
    if not (folder / INDEX).is_file():
        names = [f'{name}{suffix}' for name in names for suffix in ('.npy', '.part')]
        others = [*folder.glob('*.npy'), *(folder / name for name in names)]
        there = next((path for path in others if path.exists()), None)
        if there is not None:
            raise FileExistsError(f'{there} is of no {INDEX}; name another --out.')
        return False
    try:
        found = list(reasons())
    except ValueError as error:
        found = [str(error)]
    if not found:
        return True
    if not overwrite:
        raise ValueError(
            f'{folder} has other {kind.noun} than this config would give: '
            f'{"; ".join(found)}. Name another --out, or add --overwrite to make '
            'them anew.'
        )
    for name in names:
        (folder / f'{name}.npy').unlink(missing_ok=True)
        (folder / f'{name}.part').unlink(missing_ok=True)
    (folder / INDEX).unlink()
    return False


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let no two processes write to a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / '.lock', 'w') as lock:
        hold(lock, f'{folder}: another process is computing there; wait for it.')
        yield


def open_array(folder: str | Path, name: str, kind: Kind) -> np.ndarray:
    """Map an array of a folder into memory.

    Raises:
        FileNotFoundError: It is not there, or not whole.
        ValueError: It is damaged, as by a copy that was stopped.
    """
    path = Path(folder) / f'{name}.npy'
    if not path.is_file():
        stopped = path.with_suffix('.part').is_file()
        why = 'is not whole, computing was stopped' if stopped else 'is not there'
        raise FileNotFoundError(
            f'{kind.word} {folder}: {path.name} {why}; go on with `mvlr {kind.word} '
            f'CONFIG --out {folder}`.'
        )
    try:
        return npy.open_memmap(path, mode='r')
    except (EOFError, ValueError) as error:
        raise ValueError(
            f'{kind.word} {folder}: {path.name} is damaged ({error}); copy it anew, or '
            f'remove it and go on with `mvlr {kind.word} CONFIG --out {folder}`.'
        ) from error


def as_data(settings: Any) -> Any:
    """Return settings as json has them, to be written and compared."""
    text = json.dumps(settings, default=lambda kind: getattr(kind, '__name__', '?'))
    return json.loads(text)
