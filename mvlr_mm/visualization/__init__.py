"""Tables and pictures of results, as pure functions."""

from .contact_sheet import draw_contact_sheet
from .cooccurrence import cooccurrence_shares, draw_cooccurrence
from .curves import draw_curves, read_scalars
from .label_histogram import draw_label_histogram
from .label_table import format_label_table, label_rows, write_label_csv
from .sheet import draw_sheet, judge

__all__ = [
    'cooccurrence_shares',
    'draw_contact_sheet',
    'draw_cooccurrence',
    'draw_curves',
    'draw_label_histogram',
    'draw_sheet',
    'format_label_table',
    'judge',
    'label_rows',
    'read_scalars',
    'write_label_csv',
]
