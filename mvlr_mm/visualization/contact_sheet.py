"""A contact sheet: pictures with their labels below."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (130, 130, 130)
_MARGIN = 8
_LINE = 15

Text = list[tuple[str, tuple[int, int, int]]]


def draw_contact_sheet(
    path: str | Path,
    images: Sequence[Image.Image],
    labels: Sequence[Sequence[str]],
    unknown: Sequence[Sequence[str]] | None = None,
    columns: int = 6,
    side: int = 192,
    lines: int = 5,
) -> None:
    """Draw pictures, whole and in their own proportions, with their labels.

    Args:
        path: File to write; its ending names the format.
        images: B pictures.
        labels: Names of the labels of each.
        unknown: Names of the labels of each that are left out, written in grey with a
            question mark after those that are there.
        columns: Pictures side by side.
        side: The longer side of a picture on the sheet, in pixels.
        lines: Lines of text below a picture; what does not fit is counted.

    Raises:
        ValueError: There is no picture, or the lists differ in length.
    """
    unknown = [()] * len(images) if unknown is None else unknown
    if not images or not len(images) == len(labels) == len(unknown):
        raise ValueError(
            f'images ({len(images)}), labels ({len(labels)}) and unknown '
            f'({len(unknown)}) must have the same length, at least 1.'
        )
    cells = [
        (_thumbnail(image, side), _text(there, not_known, lines))
        for image, there, not_known in zip(images, labels, unknown, strict=True)
    ]
    columns = min(columns, len(images))
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    # as high as the highest picture and the longest text of the row
    tops, top = [], _MARGIN
    for row in rows:
        tops.append(top + max(thumb.height for thumb, _ in row))
        top = tops[-1] + _LINE * max(len(text) for _, text in row) + 2 * _MARGIN
    sheet = Image.new('RGB', (columns * (side + _MARGIN) + _MARGIN, top), _PAPER)
    for row, bottom in zip(rows, tops, strict=True):
        for i, (thumb, text) in enumerate(row):
            left = _MARGIN + i * (side + _MARGIN)
            sheet.paste(thumb, (left, bottom - thumb.height))
            _write(sheet, text, left, bottom + 2)
    sheet.save(path)


def _thumbnail(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    size = [max(round(scale * length), 1) for length in image.size]
    return image.convert('RGB').resize(size, Image.Resampling.BICUBIC)


def _text(there: Sequence[str], unknown: Sequence[str], lines: int) -> Text:
    """Return the lines below a picture, at most ``lines``, with their colours."""
    text = [(name, _INK) for name in there]
    text += [(f'{name}?', _FAINT) for name in unknown]
    if not text:
        return [('no label', _FAINT)]
    if len(text) <= lines:
        return text
    rest = len(text) - (lines - 1)
    return [*text[: lines - 1], (f'and {rest} more', _FAINT)]


def _write(sheet: Image.Image, text: Text, left: int, top: int) -> None:
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for i, (line, color) in enumerate(text):
        draw.text((left, top + i * _LINE), line, fill=color, font=font)
