"""The split of the source, kept, and what it lacks, drawn."""

from collections.abc import Mapping, Sequence

import numpy as np

from .record import Record
from .stratify import spread_rare, stratify

SPLITS = ('train', 'val', 'test')


def make_splits(
    records: Sequence[Record],
    classes: Sequence[str],
    shares: dict[str, float],
    seed: int,
    known: Mapping[str, str],
) -> tuple[dict[str, list[Record]], str]:
    """Return the records of each split, and what was done, in words.

    Args:
        records: With names as labels.
        classes: All names.
        shares: Of the pictures that ``val`` and ``test`` take where they are drawn.
        seed: Of the drawing.
        known: The split that a picture has in a project that is replaced, by its path;
            it keeps it, unless the source says another.

    Raises:
        ValueError: The source has no pictures to train on, or too few to split, or
            none that may move into a split without one.
    """
    said = [record.split for record in records]
    if None in said:
        partly = any(said)
        found = {name: [] for name in SPLITS}
        found['train'] = list(records)
        how = 'only some records have a split, which is not kept; ' if partly else ''
    else:
        found = {name: [r for r in records if r.split == name] for name in SPLITS}
        how = f'kept {", ".join(name for name in SPLITS if found[name])}; '
    if not found['train']:
        raise ValueError(
            f'the source has pictures for {", ".join(sorted(set(said)))} alone, none '
            'to train on; if the name of a file or a folder says so, and they are to '
            'be split, rename it.'
        )
    drawn = [name for name in SPLITS[1:] if not found[name]]
    if not drawn:
        return found, how.rstrip('; ')
    pool, names = found['train'], ['train', *drawn]
    if len(pool) < len(names):
        raise ValueError(
            f'{len(pool)} pictures are too few for {", ".join(names)}; there must be '
            f'at least {len(names)}.'
        )
    states = _states(pool, classes)
    wanted = [shares[name] for name in drawn]
    there = {name: i for i, name in enumerate(names)}
    kept = np.array([there.get(known.get(record.image), -1) for record in pool])
    part = stratify(states, [1 - sum(wanted), *wanted], seed, kept)
    part = spread_rare(states, part, len(names), kept)
    part = _none_empty(part, names, kept)
    for i, name in enumerate(names):
        found[name] = [pool[k] for k in np.flatnonzero(part == i)]
    new = int((kept < 0).sum())
    if new < len(pool):
        how += f'{len(pool) - new:,} pictures stay where they were; {new:,} '
    elif known:
        how += 'no picture of the project that is replaced is among them; '
    return found, f'{how}drawn by label, seed {seed}: {", ".join(names)}'


def _states(records: Sequence[Record], classes: Sequence[str]) -> np.ndarray:
    index_of = {name: i for i, name in enumerate(classes)}
    states = np.zeros((len(records), len(classes)), np.int8)
    for row, record in zip(states, records, strict=True):
        row[[index_of[name] for name in record.labels]] = 1
    return states


def _none_empty(part: np.ndarray, names: list[str], kept: np.ndarray) -> np.ndarray:
    """Return a split without an empty part, as a handful of pictures may have."""
    for i, name in enumerate(names):
        sizes = np.bincount(part, minlength=len(names))
        if sizes[i]:
            continue
        free = np.flatnonzero((kept < 0) & (sizes[part] > 1))
        if not len(free):
            raise ValueError(
                f'no picture is left for {name}: the project that is replaced has '
                f'nearly all in {", ".join(n for n in names if n != name)}. Add '
                'pictures, or draw all splits anew: --seed 0.'
            )
        part[max(free, key=lambda k: (sizes[part[k]], k))] = i
    return part
