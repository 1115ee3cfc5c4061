"""How long a bulk run would take."""

import time
from typing import Any, NamedTuple

from ...apis import MultiLabelInferencer
from .known import KnownNames
from .sources import Source


class Estimate(NamedTuple):
    """What was counted and measured."""

    known: int  # pictures that have a row
    left: int  # pictures that have none
    sample: int  # of those, so many were tagged
    seconds: float  # in this time

    @property
    def seconds_left(self) -> float:
        """How long the rest takes at this speed."""
        return self.seconds / self.sample * self.left if self.sample else 0.0


def estimate(
    infer: MultiLabelInferencer,
    source: Source,
    known: KnownNames,
    sample: int = 64,
    **options: Any,
) -> Estimate:
    """Count the pictures of a source, and tag the first of those that are left.

    The first batch is tagged once before: labels are encoded with it.

    Args:
        infer: The model.
        source: The pictures; nothing of the others is read but names.
        known: Those that have rows. The others are added.
        sample: How many are tagged.
        options: Of the call of the inferencer, with ``batch_size``.
    """
    before, chosen = len(known), 0

    def wanted(name: str) -> bool:
        nonlocal chosen
        if not known.add(name) or chosen == sample:
            return False
        chosen += 1
        return True

    found = [x.picture() for x in source.pictures(wanted) if x.error is None]
    infer(found[: options['batch_size']], **options)
    start = time.perf_counter()
    infer(found, **options)
    seconds = time.perf_counter() - start
    return Estimate(before, len(known) - before, len(found), seconds)
