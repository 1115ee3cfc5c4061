"""What a config says once holds everywhere, whoever says it."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mvlr_mm.config import read_config

CONFIGS = Path(__file__).parents[2] / 'configs'
CUSTOM = CONFIGS / 'mvlr/mvlr_custom.py'
BASE = """
root = '{{$MVLR_TEST_ROOT:data}}'
size = {{'$MVLR_TEST_SIZE:8'}}
used = f'{root}/x'
train_cfg = dict(path=f'{root}/list.txt', scale=(size, size))
"""


@pytest.fixture(autouse=True)
def no_values_from_outside(monkeypatch):
    for name in ('MVLR_DATA_ROOT', 'MVLR_TEST_ROOT', 'MVLR_TEST_SIZE'):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def child(tmp_path):
    (tmp_path / 'base.py').write_text(BASE)

    def write(text=''):
        path = tmp_path / 'child.py'
        path.write_text(f"_base_ = './base.py'\n{text}\n")
        return path

    return write


def test_defaults_stay(child):
    cfg = read_config(child())
    assert cfg.train_cfg == dict(path='data/list.txt', scale=(8, 8))
    assert cfg.to_dict() == Config.fromfile(child()).to_dict()


def test_a_child_changes_what_its_base_made(child):
    cfg = read_config(child("root = '/other'\nsize = 9"))
    assert cfg.train_cfg == dict(path='/other/list.txt', scale=(9, 9))


def test_an_override_goes_before_the_child_and_the_environment(child, monkeypatch):
    monkeypatch.setenv('MVLR_TEST_ROOT', '/environment')
    assert read_config(child()).train_cfg.path == '/environment/list.txt'
    path = child("root = '/child'")
    assert read_config(path).train_cfg.path == '/child/list.txt'
    cfg = read_config(path, dict(root='/override', size=7))
    assert cfg.train_cfg == dict(path='/override/list.txt', scale=(7, 7))
    assert cfg.root == '/override'


def test_a_setting_below_wins_over_what_the_base_made(child):
    cfg = read_config(
        child("root = '/a'\ntrain_cfg = dict(path='/b')"), {'train_cfg.scale': 3}
    )
    assert cfg.train_cfg == dict(path='/b', scale=3)


@pytest.mark.parametrize(
    'text',
    ["it's", 'a "b" c', 'back\\slash\\1\\g<0>\\n', 'Größe 猫', 'line\nbreak', '{x} $y'],
)
@pytest.mark.parametrize('way', ['environment', 'override', 'child'])
def test_any_text_goes_through_as_it_is(child, monkeypatch, text, way):
    overrides, said = {}, ''
    if way == 'environment':
        monkeypatch.setenv('MVLR_TEST_ROOT', text)
    elif way == 'override':
        overrides = dict(root=text)
    else:
        said = f'root = {text!r}'
    assert read_config(child(said), overrides).train_cfg.path == f'{text}/list.txt'


def test_the_home_folder_is_found(child, monkeypatch):
    monkeypatch.setenv('HOME', '/home/me')
    assert read_config(child("root = '~/d'")).train_cfg.path == '/home/me/d/list.txt'


def test_the_environment_is_left_as_it_was(child, monkeypatch):
    monkeypatch.setenv('MVLR_TEST_ROOT', "/it's")
    read_config(child(), dict(root='/x', size=1))
    import os

    assert os.environ['MVLR_TEST_ROOT'] == "/it's"
    assert 'MVLR_TEST_SIZE' not in os.environ


def test_a_value_made_from_itself_is_refused(child):
    path = child("root = _base_.root + '/part'")
    with pytest.raises(ValueError, match=r"root is made from itself \('data/part'"):
        read_config(path)


def test_a_text_slot_takes_texts_alone(child):
    with pytest.raises(ValueError, match=r"root \(\['a'\]\) must be a text"):
        read_config(child(), dict(root=['a']))


def test_a_variable_that_nothing_reads_any_more_is_refused(child, tmp_path):
    with pytest.raises(ValueError, match=r"used='/y' would change nothing: .*child.py"):
        read_config(child(), dict(used='/y'))
    read_config(child()).dump(tmp_path / 'dumped.py')
    with pytest.raises(ValueError, match="root='/y' would change nothing"):
        read_config(tmp_path / 'dumped.py', dict(root='/y'))


def test_own_pictures_by_three_values():
    cfg = read_config(CUSTOM, dict(data_root='/p', classes='names.txt', img_size=96))
    for split in ('train', 'val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        assert (dataset.data_root, dataset.classes) == ('/p', 'names.txt')
        assert dataset.pipeline[1].scale == (96, 96)
    assert cfg.model.neck.prompt.classes == '/p/names.txt'
    cfg = read_config(CUSTOM, dict(classes=['cat', 'dog']))
    assert cfg.test_dataloader.dataset.classes == ['cat', 'dog']
    assert cfg.model.neck.prompt.classes == ['cat', 'dog']
    assert read_config(CUSTOM, dict(classes='coco')).model.neck.prompt.classes == 'coco'


@pytest.mark.parametrize('name', ['coco', 'voc07', 'nuswide', 'pa100k'])
def test_every_public_set_has_its_root_once(name):
    path = CONFIGS / f'mvlr/mvlr_rn101_{name}.py'
    cfg = read_config(path, dict(data_root='/elsewhere'))
    for split in ('train', 'val', 'test'):
        assert cfg[f'{split}_dataloader'].dataset.data_root == '/elsewhere'


def test_a_size_is_one_line_of_a_child():
    cfg = read_config(CONFIGS / 'mvlr/mvlr_rn101_coco-576px.py')
    for split in ('train', 'val', 'test'):
        step = cfg[f'{split}_dataloader'].dataset.pipeline[1]
        assert (step.type, step.scale) == ('NativeResize', (576, 576))


def test_a_config_of_the_package_is_found_by_name():
    cfg = read_config('mvlr_mm::mvlr/mvlr_custom.py', dict(data_root='/p'))
    assert cfg.train_dataloader.dataset.data_root == '/p'


@pytest.mark.parametrize('path', ['no/such.py', 'mvlr_mm::mvlr/no.py', 'nobody::a.py'])
def test_a_config_that_is_not_there_is_named(path):
    with pytest.raises(FileNotFoundError, match=path):
        read_config(path)
