"""Which pictures are known already, in little memory."""

import hashlib
from collections.abc import Iterable

import numpy as np

from ..result_files import text_of

_BYTES = 16  # of a name's hash; two of a billion names are the same with p < 1e-20
_NEW = 2**16


class KnownNames:
    """A set of names that takes 16 bytes for each.

    The hashes lie in a sorted array; those that came last lie in a set beside it, which
    is merged into it when it has 65,536.
    """

    def __init__(self) -> None:
        self._sorted = np.empty(0, f'S{_BYTES}')
        self._new: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._sorted) + len(self._new)

    def __contains__(self, name: str) -> bool:
        return self._has(_hash(name))

    def add(self, name: str) -> bool:
        """Add a name, and say whether it is new."""
        key = _hash(name)
        if self._has(key):
            return False
        self._new.add(key)
        if len(self._new) >= _NEW:
            self._merge()
        return True

    def update(self, names: Iterable[str]) -> None:
        """Add names."""
        for name in names:
            self.add(name)

    def _has(self, key: bytes) -> bool:
        if key in self._new:
            return True
        # as an array: a single value of numpy would keep the zeros at its end
        wanted = np.array(key, self._sorted.dtype)
        place = np.searchsorted(self._sorted, wanted)
        return place < len(self._sorted) and bool(self._sorted[place] == wanted)

    def _merge(self) -> None:
        new = np.sort(np.array(list(self._new), self._sorted.dtype))
        places = np.searchsorted(self._sorted, new)
        self._sorted = np.insert(self._sorted, places, new)
        self._new.clear()


def number_of(name: str) -> int:
    """Return a number of 64 bits, with its sign, for a name."""
    return int.from_bytes(_hash(name)[:8], 'little', signed=True)


def _hash(name: str) -> bytes:
    return hashlib.blake2b(text_of(name).encode(), digest_size=_BYTES).digest()
