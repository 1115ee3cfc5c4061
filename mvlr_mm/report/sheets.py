"""A contact sheet for each label: the surest mistakes, and suspected label errors."""

from collections.abc import Sequence

import numpy as np

from .elements import label, section
from .labels import by_ap
from .pictures import Thumbnails
from .tested import Tested

TITLE = 'Contact sheets'
MOST = 150  # labels on the page
_MARK = ' <b>label?</b>'
_MARKED = (
    '<b>label?</b> marks where the label of the data may be the error instead '
    '(confident learning).'
)
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
        'The surest mistakes: predicted with the highest score and not there, and '
        'there with the lowest score. The number is the score; hold the pointer on a '
        'picture for its file.'
    )
    about += f' {_NEEDS if suspects is None else _MARKED}'
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
    wrong, missed = (np.flatnonzero(x[:, i]) for x in (tested.wrong, tested.missed))
    wrong = wrong[np.argsort(-scores[wrong], kind='stable')]
    missed = missed[np.argsort(scores[missed], kind='stable')]
    rows = [('wrong', 'wrong', wrong), ('missed', 'missed', missed)]
    counts = f'{len(wrong)} wrong, {len(missed)} missed'
    if suspects is not None:
        counts += f', {len(suspects)} suspected label errors'
        # what is shown as a mistake has its mark there
        above = np.concatenate([wrong[:count], missed[:count]])
        more = suspects[~np.isin(suspects, above)]
        there = tested.targets[more, i] == 1
        rows += [
            ('faint', 'more that are labelled and maybe not there', more[there]),
            ('faint', 'more that are not labelled and maybe there', more[~there]),
        ]
    marked = set() if suspects is None else set(suspects.tolist())
    content = ''.join(
        f'<h3 class="{kind}">{title}: {len(found)}</h3><div class="grid">'
        + ''.join(
            f'<figure>{thumbnail(tested.paths[row])}<figcaption>{scores[row]:.2f}'
            f'{_MARK if row in marked else ""}</figcaption></figure>'
            for row in found[:count].tolist()
        )
        + '</div>'
        for kind, title, found in rows
        if len(found)
    )
    return (
        f'<details><summary><b>{label(tested.names[i])}</b>'
        f'<span class="faint">{counts}</span></summary>{content}</details>'
    )
