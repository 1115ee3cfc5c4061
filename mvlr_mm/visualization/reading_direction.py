"""Right-to-left text for programs that write every text from left to right.

Pillow and matplotlib turn it themselves where they have libraqm, and join Arabic
letters as well; Pillow without it, and matplotlib before 3.11, do not.
"""

import unicodedata
from itertools import groupby

_LEFT, _RIGHT, _NUMBER, _NEUTRAL = 'left', 'right', 'number', 'neutral'
_CLASSES = {'L': _LEFT, 'R': _RIGHT, 'AL': _RIGHT, 'EN': _NUMBER, 'AN': _NUMBER}
_MIRRORED = str.maketrans('()[]{}<>«»', ')(][}{><»«')


def from_left_to_right(text: str, line: str | None = None) -> str:
    """Return the letters of a line in the order in which they stand.

    The core of the Unicode Bidirectional Algorithm (UAX 9) without embeddings: the
    first letter with a direction gives that of the line; what has none follows its
    neighbours if they agree, and the line otherwise; numbers run from left to right.

    Args:
        text: One line, in the order in which it is read.
        line: ``left`` or ``right``, the side from which the line is read; None: as its
            first letter with a direction says.
    """
    classes = [_CLASSES.get(unicodedata.bidirectional(x), _NEUTRAL) for x in text]
    strong = [kind for kind in classes if kind in (_LEFT, _RIGHT)]
    if _RIGHT not in strong:
        return text
    line = line or strong[0]
    resolved, at = [], 0
    for kind, group in groupby(classes):
        count = len(list(group))
        before = classes[at - 1] if at else line
        at += count
        after = classes[at] if at < len(classes) else line
        if kind == _NEUTRAL:
            kind = before if before == after and before != _NUMBER else line
        resolved += [kind] * count
    runs, at = [], 0
    for kind, group in groupby(resolved):
        run = text[at : at + len(list(group))]
        at += len(run)
        runs.append(_reversed(run) if kind == _RIGHT else run)
    return ''.join(runs[::-1] if line == _RIGHT else runs)


def _reversed(run: str) -> str:
    """Return a run from its last letter to its first, marks after their letters."""
    letters: list[str] = []
    for char in run:
        if letters and unicodedata.combining(char):
            letters[-1] += char
        else:
            letters.append(char.translate(_MIRRORED))
    return ''.join(reversed(letters))
