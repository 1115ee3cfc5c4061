"""Pictures of data and results, as pure functions."""

from .captions import Line, judge, label_lines, verdict_legend, verdict_lines
from .cooccurrence import cooccurrence_shares, draw_cooccurrence
from .curves import draw_curves, read_scalars
from .heat_map import heat_map, overlay, share_map
from .label_histogram import draw_label_histogram
from .sheet import draw_sheet

__all__ = [
    'Line',
    'cooccurrence_shares',
    'draw_cooccurrence',
    'draw_curves',
    'draw_label_histogram',
    'draw_sheet',
    'heat_map',
    'judge',
    'label_lines',
    'overlay',
    'read_scalars',
    'share_map',
    'verdict_legend',
    'verdict_lines',
]
