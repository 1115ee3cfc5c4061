import json

from benchmarks.accuracy.figures import draw_accuracy, draw_learning
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
    assert Image.open(path).size == (1800, 576)


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
