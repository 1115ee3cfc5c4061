import json

import cv2
import numpy as np
import pytest
from PIL import Image

from mvlr_mm.cli.browse import to_image
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
    assert f'{path} cannot be loaded: ' in err
    assert '`mvlr verify`' in err


def test_problems_are_counted(data, capsys):
    with (data / 'train.jsonl').open('a') as file:
        file.write('\n{"image": "9.png"}')
    run(data)
    assert 'train: 1 problems; see `mvlr verify`.' in capsys.readouterr().out


def test_no_other_picture_stands_for_one_that_is_left_out(data, capsys):
    (data / '1.png').write_bytes(b'')
    option = 'train_dataloader.dataset.dataset.pipeline.0.ignore_empty=True'
    for more, by in ([], 'LoadImageFromFile'), (['--transformed'], 'the pipeline'):
        with pytest.raises(SystemExit, match='2'):
            run(data, '--cfg-options', option, *more)
        assert f'1.png is left out by {by}' in capsys.readouterr().err


def test_the_sheet_shows_what_a_training_loads(data):
    values = np.full((20, 40), 4095, np.uint16)
    values[:, :20] = 0
    cv2.imwrite(str(data / '0.png'), values)
    loader = 'train_dataloader.dataset.dataset.pipeline.0.type=LoadPicture'
    for more in ([], ['--transformed']):
        sheet = run(data, '--cfg-options', loader, *more)['sheet.png']
        for colour in (0, 255):  # neither all black nor all white
            assert (sheet == colour).all(-1).sum() > 96 * 90


def test_grey_pipelines_are_drawn_grey(data):
    Image.new('L', (40, 20), 99).save(data / '0.png')
    grey = 'train_dataloader.dataset.dataset.pipeline.0.color_type=grayscale'
    for more, size in ([], 192 * 96), (['--transformed'], 192 * 192):
        sheet = run(data, '--cfg-options', grey, *more)['sheet.png']
        assert 0 <= (sheet == 99).all(-1).sum() - size < 50  # a little of the text


@pytest.mark.parametrize(
    ('array', 'message'),
    [
        (np.zeros((4, 4, 2)), r'a picture of shape \(4, 4, 2\) cannot be drawn'),
        (np.full((4, 4, 3), -0.5), r'with values from -0.5 to -0.5 cannot be drawn'),
        (np.full((4, 4, 3), 256), r'with values from 256 to 256 cannot be drawn'),
    ],
)
def test_what_is_no_picture_to_draw(array, message):
    with pytest.raises(ValueError, match=message):
        to_image(array)


def test_real_numbers_are_drawn():
    image = to_image(np.float32([[[0.4, 1.6, 250]]]))
    assert image.getpixel((0, 0)) == (250, 2, 0)


@pytest.mark.parametrize('number', ['0', '-1', 'x', '1.5'])
def test_a_number_of_pictures(data, number, capsys):
    with pytest.raises(SystemExit, match='2'):
        run(data, '--number', number)
    assert f'{number!r} must be a whole number of at least 1' in capsys.readouterr().err
