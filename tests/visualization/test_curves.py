import json

import pytest
from PIL import Image

from mvlr_mm.visualization import draw_curves, read_scalars


def _write(path, factor):
    records = [{'lr': 0.1, 'loss': factor / step, 'step': step} for step in (10, 20)]
    records.append({'mlgcn/mAP': 50.0 * factor, 'step': 1})
    path.write_text('\n'.join(map(json.dumps, records)))
    return path


def test_scalars_are_read_by_name(tmp_path):
    path = _write(tmp_path / 'scalars.json', 2)
    assert read_scalars(path, 'loss') == {10: 0.2, 20: 0.1}
    assert read_scalars(path, 'mlgcn/mAP') == {1: 100.0}
    assert read_scalars(path, 'acc') == {}


def test_a_panel_per_scalar_and_a_curve_per_run(tmp_path):
    runs = {name: [_write(tmp_path / name, i)] for i, name in enumerate(('a', 'b'), 1)}
    figure = draw_curves(tmp_path / 'curves.png', runs, ['loss', 'mlgcn/mAP'])
    loss, result = figure.axes
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ['a', 'b']
    assert loss.lines[1].get_xydata().tolist() == [[10, 0.2], [20, 0.1]]
    assert result.lines[1].get_xydata().tolist() == [[1, 100.0]]
    assert (loss.get_yscale(), result.get_yscale()) == ('log', 'linear')
    assert (loss.get_xlabel(), result.get_xlabel()) == ('iteration', 'epoch')
    colors = Image.open(tmp_path / 'curves.png').convert('RGB').getcolors(1 << 20)
    # matplotlib's first two colours: both curves are there
    assert {(31, 119, 180), (255, 127, 14)} <= {color for _, color in colors}


def test_a_run_has_one_colour_in_all_panels_and_hides_no_curve(tmp_path):
    lacks, whole = tmp_path / 'lacks', _write(tmp_path / 'whole', 1)
    lacks.write_text('{"mlgcn/mAP": 1.0, "step": 1}\n')
    runs = {'lacks': [lacks], 'whole': [whole]}
    figure = draw_curves(tmp_path / 'curves.png', runs, ['loss', 'mlgcn/mAP'])
    loss, result = figure.axes
    assert [line.get_color() for line in loss.lines] == ['C1']
    assert [line.get_color() for line in result.lines] == ['C0', 'C1']
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ['lacks', 'whole']
    panels = [axes.get_window_extent() for axes in figure.axes]
    assert not any(legend.get_window_extent().overlaps(panel) for panel in panels)


def test_runs_whose_names_are_shortened_alike_have_a_line_each(tmp_path):
    names = ['x' * 60 + letter + 'x' * 60 for letter in 'ab']
    runs = {name: [_write(tmp_path / name[60], 1)] for name in names}
    figure = draw_curves(tmp_path / 'curves.png', runs, ['loss'])
    assert len(figure.legends[0].get_texts()) == 2


def test_a_logarithmic_axis_is_written_in_plain_numbers(tmp_path):
    runs = {'a': [_write(tmp_path / 'a', 3)]}
    figure = draw_curves(tmp_path / 'curves.png', runs, ['loss'])
    ticks = figure.axes[0].yaxis.get_ticklabels(which='both')
    texts = [text for text in (tick.get_text() for tick in ticks) if text]
    assert texts
    assert all(float(text.replace('\N{MINUS SIGN}', '-')) > 0 for text in texts)


def test_a_scalar_that_no_run_has_is_named(tmp_path):
    runs = {'a': [_write(tmp_path / 'a', 1)]}
    with pytest.raises(ValueError, match="no run has the scalar 'acc'"):
        draw_curves(tmp_path / 'curves.png', runs, ['acc'])


def test_a_resumed_run_is_one_curve(tmp_path):
    parts = [tmp_path / 'first', tmp_path / 'second']
    parts[0].write_text('{"loss": 3.0, "step": 1}\n{"loss": 2.0, "step": 2}\n')
    parts[1].write_text('{"loss": 1.5, "step": 2}\n{"loss": 1.0, "step": 3}\n')
    figure = draw_curves(tmp_path / 'curves.png', {'run': parts}, ['loss'])
    (line,) = figure.axes[0].lines
    assert line.get_xydata().tolist() == [[1, 3.0], [2, 1.5], [3, 1.0]]


def test_lines_end_where_json_lines_end_and_a_broken_one_is_named(tmp_path):
    path = tmp_path / 'scalars.json'
    lines = ['{"step": 1, "AP/a\u2028b": 2}', '{"step": 3, "AP/a\u2028b": 4}', '']
    path.write_text('\n'.join(lines), encoding='utf-8-sig')
    assert read_scalars(path, 'AP/a\u2028b') == {1: 2.0, 3: 4.0}
    for broken in ('{"step": 1, "lo', '[]7', '{"loss": 1}', '7', '[' * 100_000):
        path.write_text('{"step": 1, "loss": 2}\n' + broken)
        with pytest.raises(ValueError, match=r'scalars\.json:2 is no json object'):
            read_scalars(path, 'loss')


def test_names_of_runs_and_scalars_are_written_as_they_are(tmp_path):
    path = tmp_path / 'scalars.json'
    path.write_text('{"step": 1, "AP/US$ or A$": 2}')
    runs = {'_first': [path], 'x^{2}$\\frac$': [path]}
    figure = draw_curves(tmp_path / 'a.png', runs, ['AP/US$ or A$'])
    (axes,) = figure.axes
    assert axes.get_title() == 'AP/US$ or A$'
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == [' _first', 'x^{2}$\\frac$']
