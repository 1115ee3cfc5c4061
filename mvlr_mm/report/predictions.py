"""Pictures with what the model says of them: figure 7 of the paper."""

import numpy as np

from ..visualization.captions import MARKS, MEANINGS
from .elements import label, section
from .pictures import Thumbnails
from .tested import Tested

TITLE = 'Predictions'
_LINES = 8  # below a picture


def predictions(tested: Tested, thumbnail: Thumbnails, count: int) -> str:
    """Return pictures spread evenly over the test, and those with the most errors.

    Args:
        tested: The results.
        thumbnail: Gives the pictures.
        count: Pictures of each.
    """
    total = len(tested.paths)
    spread = np.linspace(0, total - 1, min(count, total)).round().astype(int)
    errors = (tested.missed | tested.wrong).sum(axis=1)
    worst = np.argsort(-errors, kind='stable')[:count]
    worst = worst[errors[worst] > 0]
    legend = ', '.join(
        f'<span class="{kind}">{sign} {MEANINGS[kind]}</span>'
        for kind, (sign, _) in MARKS.items()
    )
    parts = ['<h3>Evenly from the whole test</h3>', _grid(tested, thumbnail, spread)]
    if len(worst):
        parts += ['<h3>With the most errors</h3>', _grid(tested, thumbnail, worst)]
    return section(TITLE, f'{legend}; the number is the score.', *parts)


def _grid(tested: Tested, thumbnail: Thumbnails, rows: np.ndarray) -> str:
    figures = ''.join(
        f'<figure style="width:{thumbnail.side}px">{thumbnail(tested.paths[row])}'
        f'<figcaption>{verdicts(tested, row)}</figcaption></figure>'
        for row in rows
    )
    return f'<div class="grid">{figures}</div>'


def verdicts(tested: Tested, row: int) -> str:
    """Return a line for each label of a picture that is true or predicted."""
    found = tested.decisions.actual[row] & tested.decisions.predicted[row]
    of_kind = {'found': found, 'missed': tested.missed[row], 'wrong': tested.wrong[row]}
    lines = []
    for kind, mask in of_kind.items():
        indices = np.flatnonzero(mask)
        for i in indices[np.argsort(-tested.scores[row, indices], kind='stable')]:
            lines.append(
                f'<span class="verdict {kind}">{MARKS[kind][0]} '
                f'{tested.scores[row, i]:.2f} {label(tested.names[i])}</span>'
            )
    if len(lines) > _LINES:
        more = len(lines) - _LINES + 1
        lines = [*lines[: _LINES - 1], f'<span class="faint">and {more} more</span>']
    return ''.join(lines) or '<span class="faint">no label, none predicted</span>'
