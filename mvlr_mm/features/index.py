"""What a folder of features says of itself."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mvlr_stack.outputs import write_text

INDEX = 'index.json'
VERSION = 1
UNKNOWN = -1  # the size of a picture that is on no disk here


@dataclass(frozen=True)
class ArrayInfo:
    """One file: ``views`` of each picture of a split, made by one pipeline."""

    split: str
    views: int
    pipeline: list[dict]


@dataclass(frozen=True)
class Index:
    """What was computed, from what."""

    stage: str  # of the backbone: `patches` or `trunk`
    weights: str  # checksum of what is before that
    preprocessor: dict[str, Any]
    seed: int  # of the views
    pictures: dict[str, dict[str, int]]  # by split: paths, and the bytes of the files
    arrays: dict[str, ArrayInfo]  # by the name of the file
    same: dict[str, str]  # splits that are another one

    def array_of(self, split: str) -> str | None:
        """Return the array that a split is read from: with all views where there are.

        Args:
            split: ``train``, ``val`` or ``test``.
        """
        split = self.same.get(split, split)
        names = [f'{split}_views', split]
        return next((name for name in names if name in self.arrays), None)


def write_index(folder: Path, index: Index) -> None:
    """Write the index into its folder, whole or not at all."""
    content = dict(version=VERSION, **asdict(index))
    write_text(folder / INDEX, json.dumps(content, ensure_ascii=False, indent=1))


def read_index(folder: str | Path) -> Index:
    """Read the index of a folder.

    Raises:
        FileNotFoundError: The folder has none.
        ValueError: It is of another version, or damaged.
    """
    path = Path(folder) / INDEX
    if not path.is_file():
        raise FileNotFoundError(
            f'features {folder}: there is no {INDEX}; make them with `mvlr features '
            f'CONFIG --out {folder}`, or go without: features=None.'
        )
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        version = content.pop('version')
        if version == VERSION:
            arrays = {k: ArrayInfo(**v) for k, v in content.pop('arrays').items()}
            return Index(arrays=arrays, **content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} is damaged ({error}); make the features anew with --overwrite.'
        ) from error
    raise ValueError(
        f'{path} has version {version}, and this is read: {VERSION}; make the features '
        'anew with --overwrite.'
    )


def as_data(settings: Any) -> Any:
    """Return settings as json has them, to be written and compared."""
    text = json.dumps(settings, default=lambda kind: getattr(kind, '__name__', '?'))
    return json.loads(text)
