import json

import pytest
from benchmarks.accuracy.figures import (
    draw_accuracy,
    draw_learning,
    without_shared_ending,
)
from matplotlib.figure import Figure
from PIL import Image


def row(name, mean, deviation=0.5):
    return dict(
        name=name,
        seeds={'0': {}},
        spread=dict(mAP=dict(mean=mean, deviation=deviation)),
        cost=dict(parameters=1, multiply_adds=3e9, ms=4.0, reference_ms=4.0),
        trained=5e6,
    )


def test_accuracy_over_cost_is_drawn_where_there_is_some(tmp_path):
    path = tmp_path / 'accuracy.png'
    assert not draw_accuracy(path, [dict(row('a', 1.0), seeds={})])
    assert not draw_accuracy(path, [dict(row('a', 1.0), cost=None)])
    assert not path.exists()
    assert draw_accuracy(path, [row('a', 60.0), row('$b_猫$', 50.0, None)])
    assert Image.open(path).size == (1800, 660)
    # all that is missing, nothing that is missing, and a second column of names
    some = [row(f'row {i}', mean, 3.0) for i, mean in enumerate([0.0, 100.0] * 15)]
    assert draw_accuracy(path, some)
    assert Image.open(path).size == (2100, 660)


def test_marks_stand_at_round_numbers_where_good_rows_lie_apart(tmp_path, monkeypatch):
    drawn, save = [], Figure.savefig

    def keep(figure, *args, **options):
        drawn.append(figure)
        save(figure, *args, **options)

    monkeypatch.setattr(Figure, 'savefig', keep)
    assert draw_accuracy(tmp_path / 'accuracy.png', [row('a', 60.0), row('b', 97.0)])
    axes = drawn[0].axes[0]
    low, high = axes.get_ylim()
    shown = {
        label.get_text()
        for place, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
        if low <= place <= high
    }
    assert {'65', '75', '96'} <= shown
    # what is missing to 100 halves by the same way up
    ups = axes.transData.transform([(1, y) for y in (60, 80, 90, 95)])[:, 1]
    assert ups[1:] - ups[:-1] == pytest.approx([ups[1] - ups[0]] * 3)


@pytest.mark.parametrize(
    ('names', 'expected'),
    [
        (['a_custom_clip', 'b_custom_clip', '4: PDLR'], ['a', 'b', '4: PDLR']),
        (['a_x_clip', 'b_y_clip', 'c_x_clip'], ['a_x', 'b_y', 'c_x']),
        (['a_clip', 'b_trunk', '_'], ['a_clip', 'b_trunk', '_']),
        (['a_gcn', 'b_gcn', 'c_x', 'd_y'], ['a_gcn', 'b_gcn', 'c_x', 'd_y']),
        (['a', 'a_clip', 'b_clip'], ['a', 'a_clip', 'b_clip']),
        ([], []),
    ],
)
def test_an_ending_that_most_names_share_is_left_out(names, expected):
    assert without_shared_ending(names) == expected


def test_learning_curves_are_ten_in_a_picture(tmp_path):
    scalars = tmp_path / 'scalars.json'
    lines = [{'loss': 2.0, 'step': 1}, {'x/mAP': 50.0, 'step': 1}]
    scalars.write_text('\n'.join(map(json.dumps, lines)))
    curves = {f'row {i}': [scalars] for i in range(11)} | {'gone': []}
    # trains nothing, and would be the only one in a third picture
    untrained = tmp_path / 'untrained.json'
    untrained.write_text(json.dumps(lines[1]))
    curves |= {f'another {i}': [scalars] for i in range(9)} | {'clip': [untrained]}
    files = draw_learning(tmp_path, curves, 'x/mAP')
    assert files == ['curves_1.png', 'curves_2.png']
    assert all(Image.open(tmp_path / file).width > 1000 for file in files)
