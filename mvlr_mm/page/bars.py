"""Scores as bars, with the threshold of each label marked."""

from html import escape

import numpy as np

from ..report.elements import label, text
from .tagger import Look

SHOWN = 12  # labels that are no tags, at once; the others are folded away
MOST = 500  # tags, and other labels, at all

HINT = '<p class="hint">Drop a picture, and its labels are shown here.</p>'
ADDED = {
    True: 'Added by name; brought to the scale of the trained ones',
    False: 'Added by name; on no common scale with the others before `mvlr names`',
}


def bars(look: Look) -> str:
    """Return the scores of a picture as HTML: tags first, then the others, best first.

    Args:
        look: What the model says.
    """
    order = np.argsort(-look.scores, kind='stable')
    tags = look.scores.astype(np.float64) >= look.thresholds
    own = [i for i in order if i < look.own]
    chosen = [i for i in own if tags[i]]
    others = [i for i in own if not tags[i]]
    added = [i for i in order if i >= look.own]
    rest = others[SHOWN:MOST]
    parts = [
        f'<p class="sum">{_count(len(chosen))} of {look.own:,} labels</p>',
        *(_bar(look, i, True) for i in chosen[:MOST]),
    ]
    if len(chosen) > MOST:
        parts.append(f'<p class="sum">and {len(chosen) - MOST:,} tags more</p>')
    parts += [_bar(look, i, False) for i in others[:SHOWN]]
    if rest:
        more = f'{len(others) - SHOWN:,} more'
        if len(others) > MOST:
            more = f'{more}, of which the best are here'
        inside = ''.join(_bar(look, i, False) for i in rest)
        parts.append(f'<details><summary>{more}</summary>{inside}</details>')
    if added:
        parts.append(f'<p class="sum">{ADDED[look.scaled]}</p>')
        parts += [_bar(look, i, tags[i]) for i in added]
    return f'<div class="bars">{"".join(parts)}</div>'


def failure(error: Exception) -> str:
    """Return what is wrong, as HTML.

    Args:
        error: Its text is for people.
    """
    return f'<p class="failure" role="alert">{text(error)}</p>'


def _count(tags: int) -> str:
    return f'{tags:,} tag' if tags == 1 else f'{tags:,} tags'


def _bar(look: Look, i: int, tag: bool) -> str:
    score, threshold = float(look.scores[i]), float(look.thresholds[i])
    mark = f'{100 * threshold:.1f}' if 0 <= threshold <= 1 else ''
    line = f'<i style="left:{mark}%"></i>' if mark else ''
    name, about = look.names[i], f'score {score:.3f}, tag from {threshold:.3f}'
    return (
        f'<div class="score{" tag" if tag else ""}" data-label="{escape(name)}" '
        f'title="{about}">'
        f'<span class="name">{label(name)}</span><span class="rail">'
        f'<b style="width:{100 * score:.1f}%"></b>{line}</span>'
        f'<span class="number">{score:.2f}</span></div>'
    )
