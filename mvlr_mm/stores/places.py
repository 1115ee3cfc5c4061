"""In which row of an array a picture is."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np


class Places:
    """The places of keys, by their hashes in two arrays.

    A dictionary would be copied into each worker of a loader, page by page, as Python
    counts the references to its keys; arrays are shared.

    Args:
        keys: In the order of their places.

    Raises:
        ValueError: Two keys have the same hash, of 64 bits.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        hashes = np.fromiter(map(_hash, keys), np.uint64)
        self.order = hashes.argsort()
        self.hashes = hashes[self.order]
        if (self.hashes[1:] == self.hashes[:-1]).any():
            raise ValueError('two pictures have the same path, or the same hash of it.')

    def __getitem__(self, key: str) -> int:
        """Return the place of a key.

        Raises:
            KeyError: It has none.
        """
        wanted = _hash(key)
        found = int(np.searchsorted(self.hashes, np.uint64(wanted)))
        if found == len(self.hashes) or int(self.hashes[found]) != wanted:
            raise KeyError(key)
        return int(self.order[found])


def _hash(key: str) -> int:
    name = key.encode('utf-8', 'surrogateescape')
    return int.from_bytes(blake2b(name, digest_size=8).digest(), 'little')
