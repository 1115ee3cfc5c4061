"""The files of a source, and where its pictures are."""

import os
from collections import defaultdict
from functools import cached_property
from pathlib import Path, PurePosixPath

from ..apis.picture_sources import SUFFIXES
from ..near_names import composed, folded
from .record import split_of_path

_OUTPUTS = 'work_dirs'  # of trainings; their pictures are drawn ones


class Tree:
    """All files below a folder but hidden ones, those of a project, of trainings.

    Links to folders elsewhere are followed, as data sets often have their pictures.

    Args:
        root: The folder.
        project: A folder to pass over, unless it is the root itself.
    """

    def __init__(self, root: Path, project: Path | None = None) -> None:
        self.root, self.files = root, []
        visited = {os.path.realpath(root)}
        for folder, below, names in os.walk(root, followlinks=True):
            place = Path(folder)
            below[:] = [
                name
                for name in sorted(below)
                if not name.startswith('.')
                and name != _OUTPUTS
                and place / name != project
                and self._is_new(place / name, visited)
            ]
            self.files += [place / n for n in sorted(names) if not n.startswith('.')]

    @staticmethod
    def _is_new(folder: Path, visited: set[str]) -> bool:
        """Say whether to go into a folder: a link that leads back shows nothing new.

        Nor does a folder that a link led to before.
        """
        place = os.path.realpath(folder)
        if not folder.is_symlink():
            return place not in visited
        new = not any(Path(place).is_relative_to(other) for other in visited)
        if new:
            visited.add(place)
        return new

    def with_suffix(self, *suffixes: str) -> list[Path]:
        """Return the files with one of these suffixes, in any case of letters."""
        return [path for path in self.files if path.suffix.lower() in suffixes]

    @cached_property
    def pictures(self) -> list[Path]:
        """The files whose suffix is that of a picture."""
        return self.with_suffix(*SUFFIXES)

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        found = defaultdict(list)
        for path in self.pictures:
            found[folded(path.name)].append(path)
            found[folded(path.stem)].append(path)
        return found

    def find(self, name: str, beside: Path, split: str | None, where: str) -> str:
        """Return the path of a picture.

        It lies where the name leads from ``beside`` or from the root, or is the only
        picture anywhere below the root whose path ends in the name; of several the one
        in a folder of the split. The name may lack its suffix, and its letters may be
        composed otherwise (é is one code point, or e and an accent).

        Args:
            name: As the annotations have it.
            beside: The folder of the annotations.
            split: Of the record, if that is known.
            where: The record, for messages.

        Raises:
            FileNotFoundError: There is no such picture.
            ValueError: The name is none, or that of several pictures, or of a file that
                is no picture.
        """
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f'{where}: image ({name!r}) must be a path.')
        if '://' in name:
            raise ValueError(
                f'{where}: {name} is an address; download it and name the file.'
            )
        name = name.strip()
        for path in (beside / name, self.root / name):
            if path.suffix.lower() in SUFFIXES and os.path.isfile(path):
                return os.path.normpath(path)
        wanted = PurePosixPath(name.replace('\\', '/'))
        parts = [part for part in wanted.parts if part not in ('.', '..', '/')]
        alike = self._by_name.get(folded(wanted.name), [])
        found = [p for p in alike if _ends(p, parts)]
        if len(found) > 1:
            same = [p for p in found if split_of_path(p, self.root) == split]
            found = same if len(same) == 1 else found
        other = next(filter(os.path.isfile, (beside / name, self.root / name)), None)
        if not found and other is not None:
            raise ValueError(
                f'{where}: {other} is no picture of a kind that is read '
                f'({", ".join(SUFFIXES)}); convert it.'
            )
        if not found:
            raise FileNotFoundError(
                f'{where}: there is no picture {name} below {self.root}'
                + (f'; there is {alike[0]}.' if alike else '.')
            )
        if len(found) > 1:
            raise ValueError(
                f'{where}: {name} can be {found[0]} or {found[1]}; write more of the '
                'path.'
            )
        return str(found[0])


def _ends(path: Path, parts: list[str]) -> bool:
    *above, name = map(composed, parts)
    there = [composed(part) for part in path.parts[-len(parts) :]]
    return there[:-1] == above and name in (there[-1], composed(path.stem))
