"""Text on sheets of pictures: any script, and never wider than its place."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

from .captions import FAINT, Line
from .fonts import drawable, runs
from .reading_direction import from_left_to_right

SIZE = 12
_INDENT = '  '


def fit(text: Sequence[Line], width: float, lines: int) -> list[Line]:
    """Return lines that fit below a picture; how many do not is the last one.

    A long line goes on below, indented.

    Args:
        text: One line for each label.
        width: Pixels from left to right.
        lines: How many at most.
    """
    parts = [_wrap(line, width) for line in text]
    if sum(map(len, parts)) <= lines:
        return [line for part in parts for line in part]
    kept: list[Line] = []
    for done, part in enumerate(parts):
        rest = len(parts) - done
        if len(kept) + len(part) > lines - 1:
            if not kept and lines > 1:  # the first alone is too long
                kept, rest = _cut(part, lines - (rest > 1), width), rest - 1
            return [*kept, Line(f'and {rest} more', FAINT)] if rest else kept
        kept += part
    return kept


def width_of(text: str) -> float:
    """Return how many pixels a text takes."""
    return sum(_font(file).getlength(part) for part, file in runs(_turned(text)))


def write(sheet: Image.Image, line: Line, left: float, top: float) -> float:
    """Write a line of :func:`fit` and return where it ends.

    Args:
        sheet: The picture to write on.
        line: The line.
        left: Where it begins, in pixels.
        top: Where it is, in pixels from above.
    """
    draw = ImageDraw.Draw(sheet)
    # fonts differ in height; letters stand on one line
    base = top + _font(runs('x')[0][1]).getmetrics()[0]
    for part, file in runs(_turned(line.text)):
        font = _font(file)
        draw.text((left, base), part, line.color, font, 'ls', **_direction())
        left += font.getlength(part)
    return left


def _wrap(line: Line, width: float) -> list[Line]:
    """Return a line in pieces that are not too wide, broken at spaces if possible."""
    rest, pieces = drawable(line.text), []
    while rest:
        indent = _INDENT if pieces else ''
        end = _end(rest, width - width_of(indent))
        space = rest.rfind(' ', 1, end + 1) if end < len(rest) else -1
        end = space if space > 0 and rest[:space].strip() else end
        pieces.append(Line(indent + rest[:end], line.color))
        rest = rest[end:].lstrip(' ')
    return pieces or [line]


def _end(text: str, width: float) -> int:
    """Return how many letters fit, at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(pieces: Sequence[Line], lines: int, width: float) -> list[Line]:
    """Return the first pieces, with a sign that there are more."""
    kept = list(pieces[: max(lines, 1)])
    if len(kept) < len(pieces):
        end = _end(kept[-1].text, width - width_of('…'))
        kept[-1] = kept[-1]._replace(text=kept[-1].text[:end] + '…')
    return kept


def _direction() -> dict[str, str]:
    """Return how Pillow is told that lines begin at the left, with sign and score."""
    return {'direction': 'ltr'} if features.check('raqm') else {}


def _turned(text: str) -> str:
    return text if features.check('raqm') else from_left_to_right(text, line='left')


@cache
def _font(file: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file), SIZE)
