import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mvlr_stack.command import main

CONFIG = """
custom_imports = dict(imports=['mvlr_mm'], allow_failed_imports=False)
def part(name):
    return dict(
        dataset=dict(
            type='MultiLabelList',
            data_root={root!r},
            ann_file=f'{{name}}.jsonl',
            classes=['cat', 'dog', 'sea'],
        ))
train_dataloader = part('train')
test_dataloader = part('test')
del part
"""


@pytest.fixture
def data(tmp_path):
    """Four pictures in two splits, and the config that reads them."""
    lists = {
        'train': [('0.png', ['cat']), ('1.png', ['dog', 'cat']), ('2.png', [])],
        'test': [('3.png', ['dog'])],
    }
    for i in range(4):
        pixels = np.random.default_rng(i).integers(0, 255, (20, 30, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'{i}.png')
    for name, rows in lists.items():
        lines = [json.dumps(dict(image=image, labels=labels)) for image, labels in rows]
        (tmp_path / f'{name}.jsonl').write_text('\n'.join(lines))
    (tmp_path / 'config.py').write_text(CONFIG.format(root=str(tmp_path)))
    return tmp_path


def test_good_data(data, capsys):
    found = data / 'new' / 'found.json'
    argv = [str(data / 'config.py'), '--workers', '1', '--json', str(found)]
    assert main(['verify', *argv]) == 0
    out = capsys.readouterr().out
    words = [line.split() for line in out.splitlines()]
    assert ['cat', '2', '0'] in words
    assert ['dog', '1', '1'] in words
    assert ['pictures', '3', '1'] in words
    assert ['without', 'a', 'label', '1', '0'] in words
    assert 'note: train has no picture of sea.' in out
    assert out.endswith('No problem.\n')
    content = json.loads(found.read_text())
    assert content['problems'] == []
    assert content['splits']['train'] == dict(
        pictures=3, labels=dict(cat=2, dog=1, sea=0), left_out=0
    )


def test_problems_are_all_said_and_are_the_exit_status(data, capsys):
    (data / '0.png').write_bytes((data / '3.png').read_bytes())
    (data / '1.png').unlink()
    with (data / 'test.jsonl').open('a') as file:
        file.write('\n{"image": "2.png", "labels": ["cow"]}')
    found = data / 'found.json'
    argv = [str(data / 'config.py'), '--workers', '1', '--json', str(found)]
    assert main(['verify', *argv]) == 1
    out = capsys.readouterr().out
    assert 'annotation: test: ' in out
    assert "test.jsonl:2: unknown label 'cow'" in out
    assert f'picture: train: {data}/1.png does not exist.' in out
    assert f'differ: train {data}/0.png, test {data}/3.png.' in out
    assert f'with the same labels: train {data}/2.png, test {data}/2.png.' in out
    assert '4 problems (1 annotation, 1 picture, 2 shared).' in out
    problems = json.loads(found.read_text())['problems']
    kinds = [problem['kind'] for problem in problems]
    assert kinds == ['annotation', 'picture', 'shared', 'shared']


def test_a_name_of_a_picture_need_be_no_utf8(data, capsys):
    (data / 'test.jsonl').write_text('{"image": "caf\\udce9.png", "labels": []}')
    found = data / 'found.json'
    argv = [str(data / 'config.py'), '--workers', '1', '--json', str(found)]
    assert main(['verify', *argv]) == 1
    (problem,) = json.loads(found.read_text())['problems']
    assert problem['text'] == f'test: {data}/caf\udce9.png does not exist.'
    out = capsys.readouterr().out
    assert 'does not exist.' in out
    assert '1 problem (1 picture).' in out


def test_options_override_the_config(data, capsys):
    options = 'train_dataloader.dataset.ann_file=test.jsonl'
    argv = [str(data / 'config.py'), '--workers', '1', '--cfg-options', options]
    assert main(['verify', *argv]) == 0
    assert 'train, test' in capsys.readouterr().out


def test_a_json_file_that_cannot_be_is_said_first(data, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(
            [
                'verify',
                str(data / 'config.py'),
                '--json',
                str(data / '0.png' / 'x.json'),
            ]
        )
    captured = capsys.readouterr()
    assert '0.png' in captured.err
    assert 'pictures' not in captured.out


def test_a_config_without_data_is_status_2(tmp_path, capsys):
    (tmp_path / 'empty.py').write_text('model = None')
    with pytest.raises(SystemExit) as stop:
        main(['verify', str(tmp_path / 'empty.py')])
    assert stop.value.code == 2
    assert 'has none of train_dataloader' in capsys.readouterr().err


def test_a_missing_config_is_status_2(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(['verify', str(tmp_path / 'none.py')])
    assert stop.value.code == 2
    assert 'none.py' in capsys.readouterr().err


def test_real_pictures(shared_data, monkeypatch, capsys):
    monkeypatch.setenv('MVLR_DATA_ROOT', str(shared_data / 'ucm17'))
    config = Path(__file__).parents[2] / 'configs/mvlr/mvlr_custom.py'
    assert main(['verify', str(config)]) == 0
    words = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ['pictures', '900', '120', '320'] in words


def test_counts_are_by_name_where_splits_have_other_classes(data, capsys):
    options = 'test_dataloader.dataset.classes=["dog", "sky", "cat"]'
    argv = [str(data / 'config.py'), '--workers', '1', '--cfg-options', options]
    assert main(['verify', *argv]) == 1
    out = capsys.readouterr().out
    words = [line.split() for line in out.splitlines()]
    for row in (
        ['cat', '2', '0'],
        ['dog', '1', '1'],
        ['sea', '0', '-'],
        ['sky', '-', '0'],
    ):
        assert row in words
    assert 'test: its 3 classes are not the 3 of train, or in another order' in out


def test_names_are_shown_as_they_are(data, capsys):
    config, listed = data / 'config.py', data / 'train.jsonl'
    config.write_text(config.read_text().replace("'dog'", "'pet:dog:small'"))
    for path in (listed, data / 'test.jsonl'):
        path.write_text(path.read_text().replace('"dog"', '"pet:dog:small"'))
    listed.write_text(listed.read_text() + '\n{"image": "a:cat:b.png", "labels": []}')
    assert main(['verify', str(config), '--workers', '1']) == 1
    out = capsys.readouterr().out
    assert ['pet:dog:small', '1', '1'] in [line.split() for line in out.splitlines()]
    assert 'a:cat:b.png' in out


def test_what_a_terminal_would_not_show_of_a_name_is_escaped(data, capsys):
    record = json.dumps(dict(image='a\tb\r\x1b[31m\n.png', labels=[]))
    with (data / 'train.jsonl').open('a') as file:
        file.write(f'\n{record}')
    assert main(['verify', str(data / 'config.py'), '--workers', '1']) == 1
    assert r'a\tb\r\x1b[31m\n.png does not exist' in capsys.readouterr().out


def test_notes_are_said_and_are_no_problem(data, capsys):
    lines = [dict(image='3.png', labels=[0, 1, 0], by='me')]
    (data / 'test.jsonl').write_text('\n'.join(map(json.dumps, lines)))
    found = data / 'found.json'
    argv = [str(data / 'config.py'), '--workers', '1', '--json', str(found)]
    assert main(['verify', *argv]) == 0
    out = capsys.readouterr().out
    assert 'note: test: ' in out
    assert 'every record has 3 values of 0 and 1, which are read as one a class' in out
    notes = json.loads(found.read_text())['notes']
    assert ["'by' not read" in notes[0], '3 values of 0 and 1' in notes[1]] == [
        True
    ] * 2
