"""Tables and pictures of results, as pure functions."""

from .curves import draw_curves, read_scalars
from .label_table import format_label_table, label_rows, write_label_csv
from .sheet import draw_sheet, judge

__all__ = [
    'draw_curves',
    'draw_sheet',
    'format_label_table',
    'judge',
    'label_rows',
    'read_scalars',
    'write_label_csv',
]
