"""A sheet of pictures with lines of text below each."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from mvlr_stack.outputs import whole_file

from .captions import FAINT, Line

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
        (_thumbnail(image, side), _at_most(text, lines))
        for image, text in zip(images, texts, strict=True)
    ]
    columns = min(columns, len(images))
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    # as high as the highest picture and the longest text of the row
    tops, top = [], _MARGIN + (_LINE + _MARGIN if legend else 0)
    for row in rows:
        tops.append(top + max(thumb.height for thumb, _ in row))
        top = tops[-1] + _LINE * max(len(text) for _, text in row) + 2 * _MARGIN
    width = columns * (side + _MARGIN) + _MARGIN
    sheet = Image.new('RGB', (max(width, _legend_width(legend)), top), PAPER)
    _draw_legend(sheet, legend)
    for row, bottom in zip(rows, tops, strict=True):
        for i, (thumb, text) in enumerate(row):
            left = _MARGIN + i * (side + _MARGIN)
            sheet.paste(thumb, (left, bottom - thumb.height))
            _write(sheet, text, left, bottom + 2)
    with whole_file(path) as draft:
        sheet.save(draft)


def _thumbnail(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    size = [max(round(scale * length), 1) for length in image.size]
    return image.convert('RGB').resize(size, Image.Resampling.BICUBIC)


def _at_most(text: Sequence[Line], lines: int) -> list[Line]:
    """Return the lines, or as many as fit and how many there are more."""
    if len(text) <= lines:
        return list(text)
    rest = len(text) - (lines - 1)
    return [*text[: lines - 1], Line(f'and {rest} more', FAINT)]


def _legend_width(legend: Sequence[Line]) -> int:
    return 2 * _MARGIN + sum(round(_font().getlength(f'{x.text}   ')) for x in legend)


def _draw_legend(sheet: Image.Image, legend: Sequence[Line]) -> None:
    draw, left = ImageDraw.Draw(sheet), float(_MARGIN)
    for text, color in legend:
        draw.text((left, _MARGIN), text, fill=color, font=_font())
        left += draw.textlength(f'{text}   ', font=_font())


def _write(sheet: Image.Image, text: Sequence[Line], left: int, top: int) -> None:
    draw = ImageDraw.Draw(sheet)
    for i, (line, color) in enumerate(text):
        draw.text((left, top + i * _LINE), line, fill=color, font=_font())


def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(12)
