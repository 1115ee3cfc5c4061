import os
import shutil

import pytest
import torch
from mmengine.config import Config
from mmpretrain.datasets import VOC

from mvlr_mm.apis import load, load_model
from mvlr_mm.config import read_config
from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_mm.loaded_model import build_model


@pytest.fixture
def folder(trained, tmp_path):
    return shutil.copytree(trained.folder, tmp_path / 'run')


def test_a_work_dir_is_loaded_whole(trained, folder):
    found = load_model(folder)
    assert found.classes == ('cat', 'dog', 'boat')
    assert found.checkpoint == folder / 'epoch_1.pth'
    assert [t['type'] for t in found.pipeline] == [
        'LoadPicture',
        'Resize',
        'PackInputs',
    ]
    assert found.thresholds is None
    assert not found.model.training
    stored = torch.load(trained.checkpoint, weights_only=True)['state_dict']
    own = found.model.state_dict()
    assert all(torch.equal(own[key], stored[key]) for key in stored)


def test_stages_have_the_order_of_the_training(trained, folder):
    Config.fromfile(folder / 'tiny.py').dump(folder / 'tiny.py')
    text = (folder / 'tiny.py').read_text()
    assert text.index('fusion=') < text.index('prompt=')  # mmengine has sorted them
    found = load_model(folder)
    assert found.model.neck.names == ('prompt', 'fusion')


def test_thresholds_beside_the_checkpoint_are_stored_ones(folder):
    rows = [dict(name=n, threshold=t) for n, t in (('dog', 0.3), ('cat', 0.2))]
    write_thresholds(folder / 'thresholds.json', rows, {})
    assert load_model(folder).thresholds == {'dog': 0.3, 'cat': 0.2}


def test_thresholds_older_than_the_checkpoint_are_told(folder, monkeypatch):
    said = []
    monkeypatch.setattr(load, 'print_log', lambda text, *_: said.append(text))
    write_thresholds(folder / 'thresholds.json', [dict(name='cat', threshold=1)], {})
    load_model(folder)
    assert not said
    os.utime(folder / 'epoch_1.pth', (2**31, 2**31))  # as after more epochs
    load_model(folder)
    assert 'thresholds.json is older than epoch_1.pth' in said[0]


def test_a_config_needs_a_checkpoint(trained):
    found = load_model(trained.config, trained.checkpoint)
    assert found.classes == ('cat', 'dog', 'boat')
    for source, message in (
        (trained.config, 'needs a checkpoint as well'),
        (trained.checkpoint, 'epoch_1.pth: name its work dir or config, and this as'),
        ('gone', 'gone: there is no such work dir, project, pack or config'),
    ):
        with pytest.raises(ValueError, match=message):
            load_model(source)


def test_a_checkpoint_from_elsewhere_in_place_of_the_work_dirs(trained, folder):
    (folder / 'epoch_1.pth').unlink()
    found = load_model(folder, trained.checkpoint)
    assert found.checkpoint == trained.checkpoint


def test_labels_come_from_the_checkpoint_where_their_file_is_another(folder):
    config = folder / 'tiny.py'
    names = folder / 'names.json'
    line = next(row for row in config.read_text().splitlines() if 'classes=' in row)
    text = config.read_text().replace(line, f'            classes={str(names)!r}),')
    config.write_text(text)
    assert load_model(folder).classes == ('cat', 'dog', 'boat')  # no such file
    names.write_text('["horse", "cow"]')
    assert load_model(folder).classes == ('cat', 'dog', 'boat')


def test_weights_of_another_model_are_refused(trained, tmp_path):
    other = tmp_path / 'other.pth'
    torch.save({'state_dict': {'fc.weight': torch.zeros(1)}}, other)
    with pytest.raises(ValueError, match='does not fit the model'):
        load_model(trained.folder, other)


@pytest.mark.parametrize('names', [('prompt', 'fusion'), ('z', 'b')])
def test_stages_keep_their_order_in_a_config_that_a_runner_wrote(
    trained, tmp_path, names
):
    cfg = read_config(trained.config)
    neck = cfg.model.neck.to_dict()
    stages = [neck.pop('prompt'), neck.pop('fusion')]
    last = dict(type='QMVL')
    names = (*names, 'a')
    stages = dict(zip(names, [*stages, last], strict=True))
    cfg.model.neck = {**neck, **stages}
    model = build_model(cfg)
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'epoch_1.pth')
    cfg.dump(tmp_path / 'written.py')
    assert load_model(tmp_path).model.neck.names == names


@pytest.mark.parametrize(
    ('names', 'prompts'),
    [
        (('prompt', 'fusion', 'interaction'), 'hard+soft'),
        (('c', 'b', 'a'), 'hard+soft'),
        (('b', 'c', 'a'), 'hard+soft'),  # those with weights are in order when sorted
        (('b', 'c', 'a'), 'names'),  # one alone has weights
        (('a', 'b', 'c'), 'hard+soft'),
    ],
)
def test_a_stage_without_weights_keeps_its_place_too(trained, tmp_path, names, prompts):
    cfg = read_config(trained.config)
    neck = cfg.model.neck.to_dict()
    texts, fusion = neck.pop('prompt'), neck.pop('fusion')
    second = dict(type='QMVL') if prompts == 'names' else fusion
    stages = [dict(texts, prompts=prompts), second, dict(type='WholePicture')]
    cfg.model.neck = {**neck, **dict(zip(names, stages, strict=True))}
    model = build_model(cfg)
    assert model.neck.names == names
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'epoch_1.pth')
    (tmp_path / 'whole.py').write_text(as_written(cfg))
    found = load_model(tmp_path / 'whole.py', tmp_path / 'epoch_1.pth')
    assert found.model.neck.names == names
    cfg.dump(tmp_path / 'whole.py')  # sorted
    if names[0] == 'prompt':
        assert load_model(tmp_path).model.neck.names == names
        return
    with pytest.raises(ValueError, match=r'say where \[.*\] were in the training'):
        load_model(tmp_path)


def as_written(cfg):
    """Return the text of a config, its names in their order."""
    return '\n'.join(f'{name} = {value!r}' for name, value in cfg.to_dict().items())


def test_a_data_set_may_be_named_by_its_class_as_in_new_configs():
    found = load._class_names(torch.nn.Identity(), {}, dict(type=VOC))
    assert found == VOC.METAINFO['classes']
