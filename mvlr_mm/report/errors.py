"""Errors that go together: in pairs, and as a map."""

import numpy as np

from ..evaluation.joint_errors import error_counts, pairs_beyond_chance
from .elements import label, matrix, section, table
from .tested import Tested

TITLE = 'Errors that go together'
MOST = 40  # labels in a map
_PAIRS = 8


def errors(tested: Tested) -> str:
    """Return the pairs of errors, and the map of what is taken for what."""
    missed, wrong = tested.missed, tested.wrong
    kinds = (
        ('missed', 'wrong', 'One missed, another wrong', missed, wrong),
        ('missed', 'missed', 'Missed together', missed, missed),
        ('wrong', 'wrong', 'Wrong together', wrong, wrong),
    )
    tables = ''.join(_pairs(tested, *kind) for kind in kinds)
    about = (
        'Pictures with both errors, beside how many there would be if the one had '
        'nothing to do with the other.'
    )
    return section(TITLE, about, f'<div class="two">{tables}</div>', _map(tested))


def _pairs(
    tested: Tested,
    first: str,
    second: str,
    title: str,
    where: np.ndarray,
    other: np.ndarray,
) -> str:
    rows = [
        (
            f'<span class="{first}">{label(tested.names[pair.first])}</span>',
            f'<span class="{second}">{label(tested.names[pair.second])}</span>',
            str(pair.count),
            f'{pair.expected:.1f}',
        )
        for pair in pairs_beyond_chance(where, other, _PAIRS)
    ]
    found = table((first, second, 'pictures', 'by chance'), rows)
    return f'<div><h3>{title}</h3>{found if rows else "None."}</div>'


def _map(tested: Tested) -> str:
    count = (tested.missed | tested.wrong).sum(axis=0)
    kept = np.sort(np.argsort(-count, kind='stable')[:MOST])
    counts = error_counts(tested.missed[:, kept], tested.wrong[:, kept]).astype(float)
    np.fill_diagonal(counts, np.nan)
    names = [tested.names[i] for i in kept]
    tips = [
        [f'{a} missed, {b} wrong: {n:.0f}' for b, n in zip(names, row, strict=True)]
        for a, row in zip(names, counts, strict=True)
    ]
    note = ''
    if len(kept) < len(count):
        note = f'<p class="about">The {len(kept)} labels with the most errors.</p>'
    drawn = matrix(names, counts, '.0f', tips, 'missed (rows), wrong (columns)')
    return f'<h3>Which label is missed where another is wrong</h3>{note}{drawn}'
