"""A sheet of pictures with their labels: found, missed and wrong ones in colour."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Colours that red-green blind people tell apart too, and a sign before each name.
MARKS = {
    'found': ('+', (0, 114, 60)),
    'missed': ('-', (201, 120, 0)),
    'wrong': ('x', (200, 30, 60)),
}
PAPER = (255, 255, 255)
_MARGIN = 8
_LINE = 15


def judge(
    names: Sequence[str], truth: np.ndarray, scores: np.ndarray, thr: float = 0.5
) -> list[tuple[str, str, float]]:
    """Return (kind, name, score) of every label that is true or predicted.

    Found labels come first, then missed, then wrong ones; within a kind the higher
    score comes first.

    Args:
        names: Names of the C labels.
        truth: Labels (C,) in {0, 1}.
        scores: Scores (C,).
        thr: A label is predicted where its score is at least this.
    """
    kinds = list(MARKS)
    verdicts = []
    for name, true, score in zip(names, truth, scores, strict=True):
        predicted = score >= thr
        if true or predicted:
            kind = 'wrong' if not true else 'found' if predicted else 'missed'
            verdicts.append((kind, name, float(score)))
    return sorted(verdicts, key=lambda v: (kinds.index(v[0]), -v[2]))


def draw_sheet(
    path: str | Path,
    images: Sequence[Image.Image],
    names: Sequence[str],
    truth: np.ndarray,
    scores: np.ndarray,
    thr: float = 0.5,
    columns: int = 4,
    side: int = 192,
    lines: int = 11,
) -> None:
    """Draw pictures with what the model says of them, and a legend.

    Args:
        path: File to write; its ending names the format.
        images: B pictures.
        names: Names of the C labels.
        truth: Labels (B, C) in {0, 1}.
        scores: Scores (B, C).
        thr: A label is predicted where its score is at least this.
        columns: Pictures side by side.
        side: Width and height of a picture on the sheet, in pixels.
        lines: Labels written below a picture; what is left over is counted.

    Raises:
        ValueError: There is no picture, or ``images``, ``truth`` and ``scores`` differ
            in length.
    """
    if not images or not len(images) == len(truth) == len(scores):
        raise ValueError(
            f'images ({len(images)}), truth ({len(truth)}) and scores ({len(scores)}) '
            'must have the same length, at least 1.'
        )
    width, height = side + _MARGIN, side + _LINE * lines + 2 * _MARGIN
    rows = -(-len(images) // columns)
    top = _LINE + 2 * _MARGIN
    size = (columns * width + _MARGIN, rows * height + top)
    sheet = Image.new('RGB', size, PAPER)
    _draw_legend(sheet, thr)
    for i, image in enumerate(images):
        left, upper = _MARGIN + i % columns * width, top + i // columns * height
        thumb = image.convert('RGB').resize((side, side), Image.Resampling.BICUBIC)
        sheet.paste(thumb, (left, upper))
        verdicts = judge(names, truth[i], scores[i], thr)
        _draw_verdicts(sheet, verdicts, left, upper + side + 2, lines)
    sheet.save(path)


def _draw_legend(sheet: Image.Image, thr: float) -> None:
    draw, left = ImageDraw.Draw(sheet), float(_MARGIN)
    texts = {
        'found': 'true and predicted',
        'missed': 'true, not predicted',
        'wrong': 'predicted, not true',
    }
    for kind, (sign, color) in MARKS.items():
        text = f'{sign} {texts[kind]}   '
        draw.text((left, _MARGIN), text, fill=color, font=_font())
        left += draw.textlength(text, font=_font())
    note = f'(number: score; predicted from {thr:g})'
    draw.text((left, _MARGIN), note, fill=(90, 90, 90), font=_font())


def _draw_verdicts(
    sheet: Image.Image,
    verdicts: Sequence[tuple[str, str, float]],
    left: int,
    top: int,
    lines: int,
) -> None:
    draw = ImageDraw.Draw(sheet)
    shown = verdicts if len(verdicts) <= lines else verdicts[: lines - 1]
    for kind, name, score in shown:
        sign, color = MARKS[kind]
        text = f'{sign} {name} {score:.2f}'
        draw.text((left, top), text, fill=color, font=_font())
        top += _LINE
    if len(shown) < len(verdicts):
        rest = f'and {len(verdicts) - len(shown)} more'
        draw.text((left, top), rest, fill=(90, 90, 90), font=_font())


def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(12)
