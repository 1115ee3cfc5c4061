"""The settings of the paper's rows as people write them."""

from collections.abc import Mapping
from typing import Any

from .tables import TABLES, Table


def words(overrides: Mapping[str, Any]) -> list[str]:
    """Return overrides as the words behind ``--cfg-options``, ``key=value``.

    Args:
        overrides: Values by dotted keys: texts that read as nothing else, numbers,
            None, and dicts and lists of these.
    """
    return [f'{key}={value}' for key, value in overrides.items()]


def title(name: str) -> str:
    """Return how the paper names one of :data:`TABLES`, such as ``table 4``."""
    return name.replace('figure', 'figure ') if 'figure' in name else f'table {name}'


def settings_table() -> str:
    """Return every row and what it overrides, in Markdown, with the notes below."""
    lines = ['| table | row | settings |', '|---|---|---|']
    for name, table in TABLES.items():
        heading = f'{title(name)}, {table.title}'
        for row in table.rows:
            written = ' '.join(f'`{word}`' for word in words(row.overrides))
            settings = written or 'the config as it is'
            lines.append(f'| {heading} | {row.name} | {settings} |')
            heading = ''
    return '\n'.join([*lines, '', *notes(TABLES)]) + '\n'


def notes(tables: Mapping[str, Table]) -> list[str]:
    """Return what has to be said of tables, a line of Markdown for each."""
    return [
        f'- {title(name).capitalize()}: {table.note}'
        for name, table in tables.items()
        if table.note
    ]


if __name__ == '__main__':
    print(settings_table(), end='')
