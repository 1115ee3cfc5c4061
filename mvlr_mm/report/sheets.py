"""A contact sheet for each label: the surest mistakes, and suspected label errors."""

from collections.abc import Sequence

import numpy as np

from .elements import label, section
from .labels import by_ap
from .pictures import Thumbnails
from .tested import Tested

TITLE = 'Contact sheets'
MOST = 150  # labels on the page
_NEEDS = (
    'Suspected label errors need cleanlab: <code>pip install "mvlr_mm[report]"</code>.'
)


def sheets(
    tested: Tested,
    thumbnail: Thumbnails,
    count: int,
    suspects: Sequence[np.ndarray] | None,
) -> str:
    """Return the sheets.

    Args:
        tested: The results.
        thumbnail: Gives the pictures.
        count: Pictures in a row of a sheet.
        suspects: Of :func:`suspected_label_errors`; None without cleanlab.
    """
    shown = by_ap(tested)[:MOST]
    about = (
        'Predicted with the highest score and not there; there with the lowest score; '
        'and where the label of the data may be the error (confident learning). '
        'The number is the score; hold the pointer on a picture for its file.'
    )
    if suspects is None:
        about += f' {_NEEDS}'
    if len(shown) < len(tested.rows):
        about += f' The {len(shown)} labels of the lowest average precision.'
    parts = [
        _sheet(tested, thumbnail, count, i, None if suspects is None else suspects[i])
        for i in shown
    ]
    return section(TITLE, about, *parts)


def _sheet(
    tested: Tested,
    thumbnail: Thumbnails,
    count: int,
    i: int,
    suspects: np.ndarray | None,
) -> str:
    scores = tested.scores[:, i]
    wrong, missed = (
        np.flatnonzero(tested.wrong[:, i]),
        np.flatnonzero(tested.missed[:, i]),
    )
    wrong = wrong[np.argsort(-scores[wrong], kind='stable')]
    missed = missed[np.argsort(scores[missed], kind='stable')]
    rows = [('wrong', 'wrong', wrong), ('missed', 'missed', missed)]
    counts = f'{len(wrong)} wrong, {len(missed)} missed'
    if suspects is not None:
        there = tested.targets[suspects, i] == 1
        rows += [
            ('faint', 'labelled, maybe not there', suspects[there]),
            ('faint', 'not labelled, maybe there', suspects[~there]),
        ]
        counts += f', {len(suspects)} suspected label errors'
    content = ''.join(
        f'<h3 class="{kind}">{title}: {len(found)}</h3><div class="grid">'
        + ''.join(
            f'<figure>{thumbnail(tested.paths[row])}'
            f'<figcaption>{scores[row]:.2f}</figcaption></figure>'
            for row in found[:count]
        )
        + '</div>'
        for kind, title, found in rows
        if len(found)
    )
    return (
        f'<details><summary><b>{label(tested.names[i])}</b>'
        f'<span class="faint">{counts}</span></summary>{content}</details>'
    )
