"""Tables in Markdown that read well unrendered too."""

import re
from collections.abc import Sequence

from rich.cells import cell_len

from .shown_text import pad, printable


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose columns line up: the first to the left, others to the right.

    Args:
        header: Heads of the columns.
        rows: Cells, in Markdown; each row as long as ``header``.
    """
    cells = [header, *rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    rule = ['-' * widths[0], *('-' * (width - 1) + ':' for width in widths[1:])]
    lines = [
        [pad(first, widths[0]), *map(_right, others, widths[1:])]
        for first, *others in (header, rule, *cells[1:])
    ]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def escaped_name(name: str) -> str:
    """Return a name with the signs escaped that Markdown understands.

    Args:
        name: Such as that of a label.
    """
    return re.sub(r'([\\`*_{}\[\]<>#~|$])', r'\\\1', printable(name))


def _right(cell: str, width: int) -> str:
    return ' ' * (width - cell_len(cell)) + cell
