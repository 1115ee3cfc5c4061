"""What a folder of kept pictures says of itself."""

from dataclasses import asdict, dataclass
from pathlib import Path

from mmengine.config import Config

from ..stores import folder as stored
from ..stores.folder import Kind
from ..stores.lists import pipeline_of
from .fixed_steps import fixed_steps

CACHE = Kind('cache', 'pictures')


@dataclass(frozen=True)
class Index:
    """What was kept: the names of the arrays are those of the splits."""

    steps: dict[str, list[dict]]  # by split: what the pictures have gone through
    pictures: dict[str, dict[str, int]]  # by split: paths, and the bytes of the files
    same: dict[str, str]  # splits that are another one

    def array_of(self, split: str) -> str | None:
        """Return the array that a split is read from."""
        name = self.same.get(split, split)
        return name if name in self.steps else None


def write_index(folder: Path, index: Index) -> None:
    """Write the index into its folder, whole or not at all."""
    stored.write_index(folder, CACHE, asdict(index))


def read_index(folder: str | Path) -> Index:
    """Read the index of a folder.

    Raises:
        FileNotFoundError: The folder has none.
        ValueError: It is of another kind or version, or damaged.
    """
    return stored.read_index(folder, CACHE, lambda content: Index(**content))


def steps_of(cfg: Config, split: str) -> list[dict]:
    """Return the steps of a split's pipeline whose result is kept, as they are.

    Raises:
        ValueError: As for :func:`~mvlr_mm.stores.lists.pipeline_of` and
            :func:`~mvlr_mm.cache.fixed_steps.fixed_steps`.
    """
    return fixed_steps(pipeline_of(cfg, split), split)
