"""Pieces of HTML. Whatever comes from data is escaped here."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from ..shown_text import printable, shorten

WIDEST = 32  # cells of a name; of a longer one the middle is left out


def text(value: object) -> str:
    """Return a value as text that HTML shows as it is."""
    return escape(printable(str(value)))


def label(name: str) -> str:
    """Return the name of a label, shortened if long; the whole is its tooltip."""
    short = shorten(name, WIDEST)
    if short == name:
        return text(name)
    return f'<span title="{text(name)}">{text(short)}</span>'


def percent(value: float) -> str:
    """Return a number of percent; a dash where there is none."""
    return '-' if np.isnan(value) else f'{value:.1f}'


def bar(value: float, kind: str = 'bar') -> str:
    """Return a bar of so many percent, with its number."""
    width = 0 if np.isnan(value) else value
    return (
        f'<span class="track"><span class="{kind}" style="width:{width:.1f}%"></span>'
        f'</span><span class="number">{percent(value)}</span>'
    )


def section(title: str, about: str, *content: str) -> str:
    """Return a section with a heading and a line that says what it shows."""
    name = anchor(title)
    return (
        f'<section id="{name}"><h2>{text(title)}</h2><p class="about">{about}</p>'
        f'{"".join(content)}</section>'
    )


def anchor(title: str) -> str:
    """Return the name by which a section is linked to."""
    return text(title.lower().replace(' ', '-'))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str = '') -> str:
    """Return a table; heads and cells are HTML."""
    head = ''.join(f'<th>{cell}</th>' for cell in heads)
    body = ''.join(
        f'<tr>{"".join(f"<td>{cell}</td>" for cell in row)}</tr>' for row in rows
    )
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table></div>'
    )


def matrix(
    names: Sequence[str],
    values: np.ndarray,
    form: str,
    tips: Sequence[Sequence[str]],
    corner: str,
) -> str:
    """Return a square of numbers, the darker the larger.

    Args:
        names: Of the rows, and of the columns.
        values: (C, C); nan is left empty.
        form: Format of a number.
        tips: The tooltip of each cell.
        corner: What rows and columns are.
    """
    largest = np.nanmax(values, initial=0) or 1
    head = ''.join(f'<th><span>{label(name)}</span></th>' for name in names)
    rows = []
    for name, row, row_tips in zip(names, values, tips, strict=True):
        cells = ''.join(
            f'<td title="{text(tip)}" style="--v:{value / largest:.2f}">'
            f'{format(value, form) if value else ""}</td>'
            if not np.isnan(value)
            else '<td class="none"></td>'
            for value, tip in zip(row, row_tips, strict=True)
        )
        rows.append(f'<tr><th>{label(name)}</th>{cells}</tr>')
    return (
        '<div class="scroll"><table class="matrix"><thead><tr>'
        f'<th class="corner">{text(corner)}</th>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div>'
    )
