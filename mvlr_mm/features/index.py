"""What a folder of features says of itself."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..stores import folder as stored
from ..stores.folder import Kind

FEATURES = Kind('features', 'features')


@dataclass(frozen=True)
class ArrayInfo:
    """One file: ``views`` of each picture of a split, made by one pipeline."""

    split: str
    views: int
    pipeline: list[dict]  # as a config has it; json knows no tuples


@dataclass(frozen=True)
class Index:
    """What was computed, from what."""

    stage: str  # of the backbone, up to which it is kept: one of `stages_of`
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
    stored.write_index(folder, FEATURES, stored.as_data(asdict(index)))


def read_index(folder: str | Path) -> Index:
    """Read the index of a folder.

    Raises:
        FileNotFoundError: The folder has none.
        ValueError: It is of another kind or version, or damaged.
    """
    return stored.read_index(folder, FEATURES, _of_content)


def _of_content(content: dict) -> Index:
    arrays = {k: ArrayInfo(**v) for k, v in content.pop('arrays').items()}
    return Index(arrays=arrays, **content)
