"""Where `mvlr infer` puts what it finds."""

import argparse
import os
import re
from abc import ABC, abstractmethod
from bisect import bisect_left
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path

from mvlr_mm.apis import Tagged
from mvlr_mm.shown_text import printable
from mvlr_mm.tagging import read_rows, rows_writer, sidecar_path, write_sidecar
from mvlr_mm.tagging.drawings import (
    common_folder,
    draw_heat_maps,
    draw_tags,
    drawing_path,
)
from mvlr_mm.tagging.result_files import check_tags, result_row, text_of
from mvlr_mm.tagging.result_lock import alone_with
from mvlr_stack.outputs import FIX


class Output(ABC):
    """One of the places.

    Attributes:
        takes_errors: Whether it is told of pictures that failed.
        one_by_one: Whether an error of writing concerns one picture alone.
        prints: Whether it is standard output.
    """

    takes_errors = False
    one_by_one = False
    prints = False

    def has(self, path: str) -> bool:
        """Say whether the result of a picture is there already."""
        return False

    def check(self, names: tuple[str, ...]) -> None:  # noqa: B027 (most take any)
        """Refuse labels that it cannot take, before the work.

        Args:
            names: The labels.

        Raises:
            ValueError: There is one.
        """

    @abstractmethod
    def write(self, found: Tagged, names: tuple[str, ...]) -> None:
        """Take a result.

        Args:
            found: What the model says.
            names: The labels.
        """


class Lines(Output):
    """A line for each picture on standard output."""

    prints = True

    def write(self, found: Tagged, names: tuple[str, ...]) -> None:
        """Print the tags."""
        tags = [f'{printable(label)} {score:.2f}' for label, score in found.tags]
        print(f'{printable(found.path)}\t{", ".join(tags)}', flush=True)


class ResultsFile(Output):
    """One file of all results.

    Args:
        path: The file.
        paths: The pictures; those that have failed before get another try.
        add: Whether to keep the results that it has.
        stack: Closes it.

    Raises:
        BlockingIOError: Another run writes the file.
    """

    takes_errors = True

    def __init__(
        self, path: str, paths: list[str], add: bool, stack: ExitStack
    ) -> None:
        self.path = path
        self.prints = path == '-'
        if not self.prints:
            stack.enter_context(alone_with(path))
        kept = read_rows(path) if add and os.path.isfile(path) else []
        again = {_place(path) for path in paths}
        kept = [r for r in kept if r.error is None or _place(r.path) not in again]
        self._known = {_place(row.path) for row in kept}
        self._write = stack.enter_context(rows_writer(path))
        for row in kept:
            self._write(row)

    def check(self, names: tuple[str, ...]) -> None:
        """Refuse labels that the file cannot hold."""
        check_tags(self.path, names)

    def has(self, path: str) -> bool:
        """Say whether the file has had tags of a picture."""
        return _place(path) in self._known

    def write(self, found: Tagged, names: tuple[str, ...]) -> None:
        """Add a row."""
        self._write(result_row(found))


class Sidecars(Output):
    """A file beside each picture.

    Args:
        args: Of the command line.
        paths: The pictures.

    Raises:
        FileExistsError: A sidecar is there, and nothing says what to do with it.
        ValueError: Two pictures would have the same sidecar.
    """

    one_by_one = True

    def __init__(self, args: argparse.Namespace, paths: list[str]) -> None:
        self.kind, self.keep = args.sidecar, args.append
        owners: dict[Path, str] = {}
        for path in paths:
            sidecar = sidecar_path(path, self.kind)
            other = owners.setdefault(Path(os.path.abspath(sidecar)), path)
            if other != path:
                raise ValueError(
                    f'{other} and {path} would have the same sidecar, {sidecar}; '
                    'rename one, or leave it out by --exclude.'
                )
            if args.append or args.overwrite or args.skip_existing:
                continue
            if sidecar.exists():
                raise FileExistsError(
                    f'--sidecar: {sidecar} exists; --append adds to its tags, '
                    f'--skip-existing leaves it; or {FIX}'
                )

    def has(self, path: str) -> bool:
        """Say whether a picture has a sidecar."""
        return sidecar_path(path, self.kind).exists()

    def write(self, found: Tagged, names: tuple[str, ...]) -> None:
        """Write the sidecar."""
        tags = [label for label, _ in found.tags]
        write_sidecar(sidecar_path(found.path, self.kind), self.kind, tags, self.keep)


class Drawings(Output):
    """Pictures with their tags, in a folder.

    Args:
        folder: The folder.
        root: Of all pictures.
    """

    one_by_one = True

    def __init__(self, folder: str, root: str) -> None:
        self.folder, self.root = folder, root

    def has(self, path: str) -> bool:
        """Say whether a picture is drawn."""
        return self._path(path).exists()

    def write(self, found: Tagged, names: tuple[str, ...]) -> None:
        """Draw it."""
        draw_tags(self._path(found.path), found)

    def _path(self, path: str) -> Path:
        start = drawing_path(self.folder, path, self.root)
        return start.with_name(f'{start.name}.png')


class HeatMaps(Output):
    """Pictures with the places of their tags, in a folder.

    Those of an earlier run go, whose tags may be others.

    Args:
        folder: The folder.
        root: Of all pictures.
    """

    one_by_one = True

    def __init__(self, folder: str, root: str) -> None:
        self.folder, self.root = folder, root
        self._there: dict[Path, list[str]] = {}  # names in each folder, before

    def has(self, path: str) -> bool:
        """Say whether there is a heat map of a picture."""
        return bool(self._before(drawing_path(self.folder, path, self.root)))

    def write(self, found: Tagged, names: tuple[str, ...]) -> None:
        """Draw them."""
        start = drawing_path(self.folder, found.path, self.root)
        before = self._before(start)
        for path in {*before} - {*draw_heat_maps(start, found, names)}:
            path.unlink(missing_ok=True)

    def _before(self, start: Path) -> list[Path]:
        """Return what an earlier run has drawn of a picture."""
        if start.parent not in self._there:
            listed = os.listdir(start.parent) if start.parent.is_dir() else ()
            self._there[start.parent] = sorted(listed)
        names, own = self._there[start.parent], f'{start.name}_'
        first = bisect_left(names, own)
        rest = takewhile(lambda i: names[i].startswith(own), range(first, len(names)))
        maps = re.compile(rf'{re.escape(own)}\d\d_.*\.png')
        return [start.parent / names[i] for i in rest if maps.fullmatch(names[i])]


def open_outputs(
    args: argparse.Namespace, paths: list[str], stack: ExitStack
) -> list[Output]:
    """Return the places that the arguments name; lines, if they name none.

    Args:
        args: Of the command line.
        paths: The pictures.
        stack: Closes what has to be.

    Raises:
        OSError, ValueError: As for the places.
    """
    root = common_folder(paths)
    outputs: list[Output] = []
    if args.sidecar is not None:
        outputs.append(Sidecars(args, paths))
    if args.show_dir is not None:
        outputs.append(Drawings(args.show_dir, root))
    if args.heatmaps is not None:
        outputs.append(HeatMaps(args.heatmaps, root))
    if args.out is not None:
        outputs.append(ResultsFile(args.out, paths, args.skip_existing, stack))
    return outputs or [Lines()]


def place_of(path: str) -> str:
    """Return where a file or a folder is, whatever it is called by."""
    return os.path.abspath(os.path.expanduser(path))


def _place(path: str) -> str:
    # as a text: csv and parquet hold no other
    return text_of(place_of(path))
