"""Split pictures so that each part has its share of every label."""

from collections.abc import Sequence

import numpy as np


def stratify(
    states: np.ndarray,
    shares: Sequence[float],
    seed: int,
    known: np.ndarray | None = None,
) -> np.ndarray:
    """Return the part of each picture, (N,) int64, by iterative stratification.

    Algorithm 1 of Sechidis, Tsoumakas and Vlahavas, "On the stratification of
    multi-label data", ECML PKDD 2011: the label with the fewest pictures left goes
    first, and each of its pictures to the part that lacks most of it. What is equal is
    decided by the order of labels and parts, after the pictures were shuffled.

    Args:
        states: (N, C), 1 where a picture has a label.
        shares: Of each part; their sum is 1.
        seed: Of the order of the pictures.
        known: (N,), the part of each picture that has one and keeps it, else -1. The
            others fill what these leave of each share.
    """
    order = np.random.default_rng(seed).permutation(len(states))
    has = states[order] == 1
    labels_of = [np.flatnonzero(row) for row in has]
    left = has.sum(0)
    room = np.outer(shares, left)  # (parts, C) pictures of a label that a part lacks
    free = len(has) * np.asarray(shares, dtype=float)  # of any label
    part = np.full(len(has), -1)

    def put(picture: int, wanted: np.ndarray) -> None:
        best = np.flatnonzero(wanted == wanted.max())
        place(picture, best[np.argmax(free[best])])

    def place(picture: int, chosen: int) -> None:
        part[picture] = chosen
        room[chosen, labels_of[picture]] -= 1
        free[chosen] -= 1
        left[labels_of[picture]] -= 1

    if known is not None:
        kept = known[order]
        for picture in np.flatnonzero(kept >= 0):
            place(picture, kept[picture])
    while left.any():
        label = int(np.argmin(np.where(left > 0, left, len(has) + 1)))
        for picture in np.flatnonzero(has[:, label] & (part < 0)):
            put(picture, room[:, label])
    for picture in np.flatnonzero(part < 0):
        put(picture, free)
    found = np.empty_like(part)
    found[order] = part
    return found


def spread_rare(
    states: np.ndarray, part: np.ndarray, parts: int, known: np.ndarray | None = None
) -> np.ndarray:
    """Return a split in which each part has every label that has pictures enough.

    A part that lacks a label gets one of its pictures from another one, where no other
    label is lost by that. (The algorithm above gives the first two pictures of three to
    the largest part.) What no single move mends stays as it is, and so do labels with
    fewer pictures than there are parts.

    Args:
        states: (N, C), 1 where a picture has a label.
        part: (N,), the part of each picture.
        parts: How many there are.
        known: (N,), -1 for each picture that may be moved; None for all.
    """
    has, part = states == 1, part.copy()
    free = np.ones(len(part), bool) if known is None else known < 0
    counts = np.stack([has[part == i].sum(0) for i in range(parts)])  # (parts, C)
    enough = counts.sum(0) >= parts
    for label in np.argsort(counts.sum(0), kind='stable'):
        for target in np.flatnonzero(enough[label] & (counts[:, label] == 0)):
            candidates = np.flatnonzero(has[:, label] & free)
            picture = _to_move(has, part, counts, enough, candidates)
            if picture is not None:
                counts[part[picture], has[picture]] -= 1
                counts[target, has[picture]] += 1
                part[picture] = target
    return part


def _to_move(
    has: np.ndarray,
    part: np.ndarray,
    counts: np.ndarray,
    enough: np.ndarray,
    candidates: np.ndarray,
) -> int | None:
    """Return the picture that its part can do without most easily."""
    best, most = None, 0
    for picture in candidates:
        here = counts[part[picture]]
        scarcest = here[has[picture]].min()
        if (here[has[picture] & enough] > 1).all() and scarcest > most:
            best, most = int(picture), scarcest
    return best
