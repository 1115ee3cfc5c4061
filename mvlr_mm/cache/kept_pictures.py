"""The two arrays of a split: its pictures, and what they were made of."""

from pathlib import Path

import numpy as np

from ..stores.growing_array import GrowingArray
from .sources import SOURCE


def sources_name(split: str) -> str:
    """Return the name of the array that says what a split's pictures were made of."""
    return f'{split}_sources'


class KeptPictures:
    """Pictures that are written one by one, and gone on with after a kill.

    Args:
        folder: Of the arrays.
        split: Their name.
        count: How many pictures there will be.

    Raises:
        ValueError: One array has pictures that the other knows nothing of.
    """

    def __init__(self, folder: Path, split: str, count: int) -> None:
        self.pictures = GrowingArray(folder / f'{split}.npy', (count,), np.uint8)
        name = sources_name(split)
        self.sources = GrowingArray(folder / f'{name}.npy', (count,), SOURCE)
        if self.sources.done < self.pictures.done:
            raise ValueError(f'{folder / name} is damaged')

    @property
    def done(self) -> int:
        """How many pictures are there."""
        return self.pictures.done

    def append(self, img: np.ndarray, source: np.ndarray) -> None:
        """Write one more picture (H, W, 3), and its row of ``SOURCE``."""
        if self.sources.done == self.done:  # else a kill came between the two
            self.sources.append(source[None])
        self.pictures.append(img[None])
