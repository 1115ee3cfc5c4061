"""Go on in the middle of an epoch with the pictures that are still to come."""

import itertools
from collections.abc import Iterator
from typing import Any

from torch.utils.data import BatchSampler, DataLoader


class _Rest:
    """A sampler without its first indices, the first time that it is gone through."""

    def __init__(self, sampler: Any, count: int) -> None:
        self.sampler = sampler
        self.count = count

    def __iter__(self) -> Iterator[int]:
        count, self.count = self.count, 0
        return itertools.islice(self.sampler, count, None)

    def __len__(self) -> int:
        return len(self.sampler)


def skip_batches(loader: DataLoader, count: int) -> None:
    """Leave out the first batches of the next epoch, without reading their pictures.

    Args:
        loader: Changed in place; the epochs after the next are whole.
        count: Batches to leave out.

    Raises:
        ValueError: The loader's batches are not made from a sampler's order.
    """
    batches = loader.batch_sampler
    if type(batches) is not BatchSampler:
        raise ValueError(
            f'the checkpoint was written in the middle of an epoch, and '
            f'{type(batches).__name__} cannot leave out the {count} batches that were '
            'done; resume from the checkpoint of an epoch.'
        )
    batches.sampler = _Rest(batches.sampler, count * batches.batch_size)
