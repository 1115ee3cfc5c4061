"""Where the model looks, and which labels it relates."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..apis.explain import Explanation
from ..visualization.heat_map import heat_map, overlay, share_map
from .elements import label, matrix, section
from .errors import MOST
from .pictures import embed
from .tested import Tested

LOOKS, RELATION = 'Where it looks', 'Relations'
_LABELS = 2  # of a picture
_SIDE = 150
_NO_MAP = (
    'This model gives no map of its labels: it has no IFM, or more labels than a map '
    'is built for.'
)
_LOST = 'None of the pictures could be read.'


def pick(tested: Tested, count: int) -> list[int]:
    """Return pictures to explain: evenly from those in which most labels are found."""
    found = (tested.decisions.actual & tested.decisions.predicted).sum(axis=1)
    rich = np.sort(np.argsort(-found, kind='stable')[: max(len(found) // 4, count)])
    spread = np.linspace(0, len(rich) - 1, min(count, len(rich)))
    return rich[spread.round().astype(int)].tolist()


def looks(tested: Tested, rows: Sequence[int], seen: Sequence[Explanation]) -> str:
    """Return heat maps of pictures.

    Args:
        tested: The results.
        rows: Which pictures of the test.
        seen: What the model makes of each.
    """
    about = (
        'Pictures as the model sees them. Similarity: how sure each patch is of the '
        "label, on a scale that is the same for all. Attention: to which patches IFM's "
        'label vector attends (Eq. 7), as a share of the most attended.'
    )
    lines = []
    for row, one in zip(rows, seen, strict=True):
        figures = [f'<figure>{embed(one.pixels, _SIDE, one.path)}</figure>']
        for i in _labels(tested, row):
            caption = f'{label(tested.names[i])} {tested.scores[row, i]:.2f}'
            figures += [
                f'<figure>{embed(heat, _SIDE)}<figcaption>{caption}'
                f'<br><span class="faint">{kind}</span></figcaption></figure>'
                for kind, heat in _heats(one, i)
            ]
        lines.append(f'<div class="grid row">{"".join(figures)}</div>')
    if not seen:
        return section(LOOKS, _LOST)
    if not any(_heats(one, 0) for one in seen):
        return section(LOOKS, 'This model scores no patches and has no IFM.')
    return section(LOOKS, about, *lines)


def _labels(tested: Tested, row: int) -> list[int]:
    """Return the labels to draw: those there or predicted, the highest score first."""
    named = tested.decisions.actual[row] | tested.decisions.predicted[row]
    return np.lexsort((-tested.scores[row], ~named))[:_LABELS].tolist()


def _heats(one: Explanation, i: int) -> list[tuple[str, np.ndarray]]:
    """Return the maps of a label over the picture: kind and pixels, blue first."""
    image = Image.fromarray(one.pixels[..., ::-1])
    kinds = (
        ('similarity', one.similarity, heat_map),
        ('attention', one.attention, share_map),
    )
    drawn = [
        (kind, overlay(image, draw(m[i].ravel(), m[i].shape, image.size)))
        for kind, m, draw in kinds
        if m is not None
    ]
    return [(kind, np.asarray(heat)[..., ::-1]) for kind, heat in drawn]


def relation(tested: Tested, seen: Sequence[Explanation]) -> str:
    """Return the mean of the maps of Eq. 10 as a matrix.

    Args:
        tested: The results.
        seen: What the model makes of some pictures.
    """
    maps = [one.relation for one in seen if one.relation is not None]
    if not seen:
        return section(RELATION, _LOST)
    if not maps:
        return section(RELATION, _NO_MAP)
    support = [row.support for row in tested.rows]
    kept = np.sort(np.argsort(np.negative(support), kind='stable')[:MOST])
    shown = np.ix_(kept, kept)  # of thousands of labels all maps would take gigabytes
    values = 100 * np.mean([whole[shown] for whole in maps], axis=0)
    names = [tested.names[i] for i in kept]
    tips = [
        [f'{a} attends to {b}: {x:.1f} %' for b, x in zip(names, row, strict=True)]
        for a, row in zip(names, values, strict=True)
    ]
    even = 100 / len(support)
    about = (
        f'The map of Eq. 10, mean of {len(maps)} pictures, in percent: how much of '
        f'each label (column) goes into a label (row). {even:.1f} is even.'
    )
    drawn = matrix(names, values, '.0f', tips, 'into (rows), from (columns)')
    return section(RELATION, about, drawn)
