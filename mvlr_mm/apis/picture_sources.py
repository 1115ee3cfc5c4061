"""From what a person names to single pictures: files, folders, patterns, pixels."""

import fnmatch
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.gif')


class PictureFile(str):
    """The path of one picture: neither a folder nor a pattern, whatever its name is."""

    __slots__ = ()


@dataclass(frozen=True)
class EncodedPicture:
    """A picture as a file would hold it, and what it is called."""

    name: str
    content: bytes


_NOT_SEVERAL = bytes, dict, Tensor  # though they can be gone through
Picture = str | EncodedPicture | np.ndarray | Image.Image


def find_pictures(
    folder: str | Path, recursive: bool = False, suffixes: Sequence[str] = SUFFIXES
) -> Iterator[str]:
    """Yield the paths of the pictures in a folder, by name; nothing that is hidden.

    A folder that may not be looked into comes out itself: reading it says why. So does
    a link that leads nowhere. Pipes and sockets do not: who reads one may wait forever.

    Args:
        folder: The folder.
        recursive: Whether to go into the folders in it, after its own pictures. Links
            to folders are not followed.
        suffixes: How the names end of what is looked for, in small letters.
    """
    here, below = [], []
    try:
        found = os.scandir(folder)
    except OSError:
        yield os.fspath(folder)
        return
    with found as entries:
        for entry in entries:
            if entry.name.startswith('.'):
                continue
            if _is_folder(entry):
                if recursive and not entry.is_symlink():
                    below.append(entry.name)
            elif entry.name.lower().endswith(tuple(suffixes)) and _may_be_read(entry):
                here.append(entry.name)  # names alone: there may be millions
    for name in sorted(here):
        yield os.path.join(folder, name)
    for name in sorted(below):
        yield from find_pictures(os.path.join(folder, name), recursive, suffixes)


def _is_folder(entry: os.DirEntry) -> bool:
    """Say whether it is a folder: no link to itself, or to where one may not look."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _may_be_read(entry: os.DirEntry) -> bool:
    """Say whether it is a file, or a link of which reading says that it is none."""
    try:
        return entry.is_file() or not os.path.exists(entry.path)
    except OSError:
        return True


def is_excluded(path: str, patterns: Sequence[str]) -> bool:
    """Say whether the name of a picture, or its path, is like one of the patterns."""
    names = (os.path.basename(path), path)
    return any(fnmatch.fnmatch(name, p) for p in patterns for name in names)


def each_picture(images: object, recursive: bool = False) -> Iterator[Picture]:
    """Yield single pictures, in order.

    Args:
        images: A picture or several: the path of a file or a folder, a pattern
            (``photos/**/*.jpg``), an array (H, W, 3) or (H, W), several as
            (N, H, W, 3), a PIL image, a :class:`PictureFile` or an
            :class:`EncodedPicture`.
        recursive: As for :func:`find_pictures`.

    Yields:
        Paths as text, and the others as they are. A folder without pictures, and a
        pattern without files, come out as they are: reading them says what is wrong.

    Raises:
        TypeError: Something else is among them.
    """
    if isinstance(images, PictureFile):
        yield images
    elif isinstance(images, (str, os.PathLike)):
        yield from _each_file(os.fspath(images), recursive)
    elif isinstance(images, np.ndarray) and images.ndim == 4:
        yield from images
    elif isinstance(images, (np.ndarray, Image.Image, EncodedPicture)):
        yield images
    elif isinstance(images, Iterable) and not isinstance(images, _NOT_SEVERAL):
        for image in images:
            yield from each_picture(image, recursive)
    else:
        raise TypeError(
            f'a picture must be a path, a numpy array or a PIL image, not '
            f'{type(images).__name__}.'
        )


def _each_file(path: str, recursive: bool) -> Iterator[str]:
    place = os.path.expanduser(path)
    found: Iterable[str] = ()
    if os.path.isdir(place):
        found = find_pictures(place, recursive)
    elif glob.has_magic(place) and not os.path.exists(place) and '://' not in place:
        found = _matching(place)
    nothing = True
    for file in found:
        nothing = False
        yield file
    if nothing:
        yield path


def _matching(pattern: str) -> list[str]:
    """Return the files of a pattern, each once: links may lead round in a circle."""
    found: dict[tuple[str, str], str] = {}
    for path in sorted(glob.glob(pattern, recursive=True), key=len):
        folder, name = os.path.split(path)
        if os.path.isfile(path):
            found.setdefault((os.path.realpath(folder), name), path)
    return sorted(found.values())
