import json

import numpy as np
import pytest
from PIL import Image

from mvlr_stack.command import main

CONFIG = """
custom_imports = dict(imports=['mvlr_mm'], allow_failed_imports=False)
train_dataloader = dict(
    dataset=dict(
        type='RepeatDataset',
        times=2,
        dataset=dict(
            type='MultiLabelList',
            data_root={root!r},
            ann_file='train.jsonl',
            classes=['cat', 'dog'],
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='Resize', scale=(16, 16)),
                dict(type='PackInputs'),
            ],
        )))
"""


@pytest.fixture
def data(tmp_path):
    lines = []
    for i in range(3):
        Image.new('RGB', (40, 20), (250, 0, 10 * i)).save(tmp_path / f'{i}.png')
        lines.append(json.dumps(dict(image=f'{i}.png', labels=[i % 2], unknown=[])))
    (tmp_path / 'train.jsonl').write_text('\n'.join(lines))
    (tmp_path / 'config.py').write_text(CONFIG.format(root=str(tmp_path)))
    return tmp_path


def run(data, *more):
    out = data / 'out'
    assert (
        main(
            ['browse', str(data / 'config.py'), '--out', str(out), '--overwrite', *more]
        )
        == 0
    )
    return {path.name: np.asarray(Image.open(path)) for path in out.iterdir()}


def test_three_pictures_are_drawn(data, capsys):
    drawn = run(data)
    assert set(drawn) == {'sheet.png', 'labels.png', 'together.png'}
    reds = [(drawn['sheet.png'] == (250, 0, 10 * i)).all(-1) for i in range(3)]
    assert [red.sum() for red in reds] == [192 * 96] * 3
    assert str(data / 'out/sheet.png') in capsys.readouterr().out


def test_a_choice_by_seed(data):
    first, again = (run(data, '--number', '1')['sheet.png'] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape[1] == 192 + 16


def test_as_the_model_gets_them(data):
    sheet = run(data, '--transformed')['sheet.png']
    for i in range(3):  # square now, and the colours are in the right order
        assert (sheet == (250, 0, 10 * i)).all(-1).sum() == 192 * 192


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--split', 'val'], 'error: --split val: the config has no val_dataloader.'),
        (
            [
                '--cfg-options',
                'train_dataloader.dataset.dataset.ann_file=none.jsonl',
            ],
            'error: train has no picture: MultiLabelList cannot be built',
        ),
    ],
)
def test_errors(data, options, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(['browse', str(data / 'config.py'), *options])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_a_broken_picture_is_named(data, capsys):
    path = data / '1.png'
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SystemExit, match='2'):
        run(data)
    err = capsys.readouterr().err
    assert f'{path} cannot be opened: ' in err
    assert '`mvlr verify`' in err


def test_problems_are_counted(data, capsys):
    with (data / 'train.jsonl').open('a') as file:
        file.write('\n{"image": "9.png"}')
    run(data)
    assert 'train: 1 problems; see `mvlr verify`.' in capsys.readouterr().out
