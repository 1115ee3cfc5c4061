"""A sheet of pictures with lines of text below each."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from mvlr_stack.outputs import whole_file

from .captions import Line
from .sheet_text import fit, width_of, write

PAPER = (255, 255, 255)
_MARGIN = 8
_LINE = 15


def draw_sheet(
    path: str | Path,
    images: Sequence[Image.Image],
    texts: Sequence[Sequence[Line]],
    legend: Sequence[Line] = (),
    columns: int = 6,
    side: int = 192,
    lines: int = 5,
) -> None:
    """Draw pictures, whole and in their own proportions, with text below.

    Args:
        path: File to write; its ending names the format.
        images: B pictures.
        texts: Lines below each picture.
        legend: What stands side by side above all pictures.
        columns: Pictures side by side.
        side: The longer side of a picture on the sheet, in pixels.
        lines: Lines of text below a picture; what does not fit is counted.

    Raises:
        ValueError: There is no picture, or the lists differ in length.
    """
    if not images or len(images) != len(texts):
        raise ValueError(
            f'images ({len(images)}) and texts ({len(texts)}) must have the same '
            'length, at least 1.'
        )
    cells = [
        (_thumbnail(image, side), fit(text, side, lines))
        for image, text in zip(images, texts, strict=True)
    ]
    columns = min(columns, len(images))
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    width = columns * (side + _MARGIN) + _MARGIN
    above = _in_rows(legend, width - 2 * _MARGIN)
    # as high as the highest picture and the longest text of the row
    tops, top = [], _MARGIN + (_LINE * len(above) + _MARGIN if legend else 0)
    for row in rows:
        tops.append(top + max(thumb.height for thumb, _ in row))
        top = tops[-1] + _LINE * max(len(text) for _, text in row) + 2 * _MARGIN
    sheet = Image.new('RGB', (width, top), PAPER)
    for i, row in enumerate(above):
        left = float(_MARGIN)
        for line in row:
            left = write(sheet, line, left, _MARGIN + i * _LINE)
    for row, bottom in zip(rows, tops, strict=True):
        for i, (thumb, text) in enumerate(row):
            left = _MARGIN + i * (side + _MARGIN)
            sheet.paste(thumb, (left, bottom - thumb.height))
            for k, line in enumerate(text):
                write(sheet, line, left, bottom + 2 + k * _LINE)
    with whole_file(path) as draft:
        sheet.save(draft)


def _thumbnail(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    size = [max(round(scale * length), 1) for length in image.size]
    return image.convert('RGB').resize(size, Image.Resampling.BICUBIC)


def _in_rows(legend: Sequence[Line], width: float) -> list[list[Line]]:
    """Return a legend in as many rows as it takes."""
    rows: list[list[Line]] = []
    left = width
    for text, color in legend:
        for piece, _ in fit([Line(text, color)], width, lines=2):
            line = Line(f'{piece}   ', color)
            left += width_of(line.text)
            if left > width:
                rows.append([])
                left = width_of(line.text)
            rows[-1].append(line)
    return rows
