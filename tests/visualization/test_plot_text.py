import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib import ft2font
from matplotlib.figure import Figure
from rich.cells import cell_len

from mvlr_mm.visualization import draw_cooccurrence, draw_label_histogram
from mvlr_mm.visualization.plot_text import plain_text, plot_names

NAMES = [
    'x^{2}$\\frac$', 'US$ or A$', 'ß', 'cafe\u0301', 'שלום', '\x1b[1m', '_a', 'b\nc',
    'q' * 200,
]  # fmt: skip


def test_dollars_are_dollars(tmp_path):
    with plain_text(NAMES):
        figure = Figure()
        texts = [figure.text(0.5, 0.5, name) for name in plot_names(NAMES)]
        figure.savefig(tmp_path / 'a.png')
    assert not any(text.get_parse_math() for text in texts)
    assert texts[1].get_text() == 'US$ or A$'
    assert texts[0].get_fontfamily() == ['DejaVu Sans']
    assert matplotlib.rcParams['text.parse_math']


def test_names_are_never_too_long_and_turned_where_matplotlib_does_not(monkeypatch):
    assert all(cell_len(name) <= 40 for name in plot_names(NAMES))
    monkeypatch.setattr(ft2font, '__libraqm_version__', '0', raising=False)
    assert plot_names(['שלום']) == ['שלום']
    monkeypatch.delattr(ft2font, '__libraqm_version__')
    assert plot_names(['שלום']) == ['םולש']


@pytest.mark.parametrize('names', [NAMES, NAMES[:2], ['w' * 300]])
def test_plots_of_any_names_have_room_and_no_boxes(tmp_path, names):
    states = np.random.default_rng(0).integers(0, 2, (20, len(names)))
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # a glyph is missing, or a layout collapsed
        together = draw_cooccurrence(tmp_path / 'a.png', names, states, 'US$ or A$')
        splits = {'a$': states, 'b$': states}
        bars = draw_label_histogram(tmp_path / 'b.png', names, splits)
    for figure in (together, bars):
        axes = figure.axes[0]
        box = axes.get_position()
        assert box.width > 0.15
        assert box.height > 0.1
        shown = {label.get_text() for label in axes.get_yticklabels()}
        assert shown == set(plot_names(names))
    assert together.axes[0].get_title() == 'US$ or A$'
