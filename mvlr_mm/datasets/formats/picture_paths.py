"""Where the pictures of an annotation file lie."""

import os
import os.path as osp
from collections import defaultdict

_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.gif')


def picture_path(prefix: str, name: str) -> str:
    """Return the path of a picture.

    Args:
        prefix: The folder, or address, of the pictures.
        name: A path below it; an absolute path or an address stays as it is.
    """
    return name if '://' in name else osp.join(prefix, name)


class PicturesByStem:
    """Finds pictures of which only the name without its suffix is known.

    Args:
        prefix: The folder of the pictures; nothing is found in an address.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._folders: dict[str, dict[str, list[str]]] = {}

    def find(self, name: str) -> list[str]:
        """Return the paths of the pictures with a name.

        Args:
            name: A path below the folder, without suffix.
        """
        folder, stem = osp.split(picture_path(self.prefix, name))
        if folder not in self._folders:
            self._folders[folder] = self._read(folder)
        return [osp.join(folder, file) for file in self._folders[folder].get(stem, [])]

    @staticmethod
    def _read(folder: str) -> dict[str, list[str]]:
        found = defaultdict(list)
        if osp.isdir(folder):
            for file in sorted(os.listdir(folder)):
                stem, suffix = osp.splitext(file)
                if suffix.lower() in _SUFFIXES:
                    found[stem].append(file)
        return found
