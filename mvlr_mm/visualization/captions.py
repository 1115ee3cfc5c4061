"""Text below pictures: which labels they have, or what a model says of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..evaluation.counts import decide


class Line(NamedTuple):
    """A line of text and its colour."""

    text: str
    color: tuple[int, int, int]


INK, FAINT = (20, 20, 20), (120, 120, 120)
# Colours that red-green blind people tell apart too, and a sign before each name.
MARKS = {
    'found': ('+', (0, 114, 60)),
    'missed': ('-', (201, 120, 0)),
    'wrong': ('x', (200, 30, 60)),
}
MEANINGS = {
    'found': 'true and predicted',
    'missed': 'true, not predicted',
    'wrong': 'predicted, not true',
}


def label_lines(there: Sequence[str], unknown: Sequence[str] = ()) -> list[Line]:
    """Return a line for every label that a picture has.

    Args:
        there: Names of the labels.
        unknown: Names of those that are left out: grey, with a question mark.
    """
    lines = [Line(name, INK) for name in there]
    lines += [Line(f'{name}?', FAINT) for name in unknown]
    return lines or [Line('no label', FAINT)]


def judge(
    names: Sequence[str],
    truth: np.ndarray,
    scores: np.ndarray,
    thr: float | np.ndarray = 0.5,
) -> list[tuple[str, str, float]]:
    """Return (kind, name, score) of every label that is true or predicted.

    Found labels come first, then missed, then wrong ones; within a kind the higher
    score comes first. What is unknown is left out.

    Args:
        names: Names of the C labels.
        truth: Labels (C,): 1 present, 0 absent, -1 unknown.
        scores: Scores (C,).
        thr: A label is predicted where its score is at least this, or at least its
            own, (C,).
    """
    kinds = list(MARKS)
    predicted, present, _ = decide(scores[None], truth[None], thr)
    verdicts = []
    for name, true, said, score in zip(
        names, present[0], predicted[0], scores, strict=True
    ):
        if true or said:
            kind = 'wrong' if not true else 'found' if said else 'missed'
            verdicts.append((kind, name, float(score)))
    return sorted(verdicts, key=lambda v: (kinds.index(v[0]), -v[2]))


def verdict_lines(
    names: Sequence[str],
    truth: np.ndarray,
    scores: np.ndarray,
    thr: float | np.ndarray = 0.5,
) -> list[Line]:
    """Return a line for every label that is true or predicted, see :func:`judge`.

    Args:
        names: As for :func:`judge`, and so are the others.
        truth: Labels (C,).
        scores: Scores (C,).
        thr: Threshold, or one for each label.
    """
    lines = []
    for kind, name, score in judge(names, truth, scores, thr):
        sign, color = MARKS[kind]
        lines.append(Line(f'{sign} {score:.2f} {name}', color))
    return lines


def verdict_legend(thr: float | np.ndarray = 0.5) -> list[Line]:
    """Return what the colours of :func:`verdict_lines` mean.

    Args:
        thr: Threshold, or one for each label.
    """
    colors = [Line(f'{sign} {MEANINGS[k]}', c) for k, (sign, c) in MARKS.items()]
    start = f'{thr:g}' if np.ndim(thr) == 0 else 'its own threshold'
    return [*colors, Line(f'(number: score; predicted from {start})', FAINT)]
