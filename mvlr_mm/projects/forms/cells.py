"""Cells of a table that hold several labels."""

import ast
from collections.abc import Collection, Sequence
from pathlib import Path

SEPARATORS = (';', '|', ',')


def find_separator(
    records: Sequence[tuple[str, dict[str, str]]],
    columns: Sequence[str],
    classes: Collection[str],
    path: Path,
) -> str:
    """Return what stands between two labels, where that can be told.

    Args:
        records: The place of each line, and its cells by their columns.
        columns: That hold labels.
        classes: The names, as far as they are known.
        path: The file, for messages.

    Raises:
        ValueError: Two separators occur, or spaces alone, which names may have as well.
    """
    texts = [record[column].strip() for _, record in records for column in columns]
    texts = [text for text in texts if not _is_list(text) and text not in classes]
    found = [sep for sep in SEPARATORS if any(sep in text for text in texts)]
    if len(found) > 1:
        raise ValueError(
            f'{path}: {columns[0]} has {" and ".join(map(repr, found))}; say which of '
            'them stands between two labels by --sep.'
        )
    spaced = next((text for text in texts if len(text.split()) > 1), None)
    if not found and spaced:
        raise ValueError(
            f"{path}: {columns[0]} has spaces, as in {spaced!r}: by --sep ' ' they "
            "stand between labels, and by --sep ';' they belong to names."
        )
    return found[0] if found else SEPARATORS[0]


def split_cell(cell: str, sep: str, where: str) -> list:
    """Return the labels of a cell: names between separators, or a list as Python's.

    Args:
        cell: Its text.
        sep: What stands between two labels.
        where: The file and line, for the message.

    Raises:
        ValueError: It looks like a list and is none.
    """
    cell = cell.strip()
    if not _is_list(cell):
        return [part.strip() for part in cell.split(sep) if part.strip()]
    try:
        return list(ast.literal_eval(cell))
    except (SyntaxError, ValueError):
        raise ValueError(f'{where}: {cell!r} is no list of names.') from None


def _is_list(text: str) -> bool:
    return text.startswith('[') and text.endswith(']')
