from pathlib import Path

import pytest
from benchmarks.accuracy.plan import Plan, Run, Setting
from benchmarks.accuracy.rows import Row
from benchmarks.accuracy.trunk import BROUGHT, trunk_overrides

from mvlr_mm.config import read_config

CONFIGS = Path(__file__).parents[4] / 'configs'
TRUNK = str(CONFIGS / 'mvlr/mvlr_custom_mobilenetv2.py')
FREE = ('clip', 'sparc', 'tagclip')  # of training
ROWS = sorted(
    path
    for path in CONFIGS.glob('*/*_custom_small-clip.py')
    if not path.stem.startswith(FREE)
)


@pytest.fixture(scope='module')
def trunk():
    return trunk_overrides(TRUNK)


@pytest.fixture
def make(tmp_path, trunk):
    def prepared(path, **more):
        plan = Plan(tmp_path, tmp_path, 4, trunk=trunk, **more)
        return plan.prepare(Row(path.stem, str(path)))

    return prepared


@pytest.fixture(scope='module')
def wanted():
    return read_config(TRUNK)


def value(cfg, key):
    for name in key.split('.'):
        cfg = cfg[name]
    return cfg


@pytest.mark.parametrize(
    'path', [*ROWS, CONFIGS / 'mvlr/stock_small-clip_custom.py'], ids=lambda p: p.stem
)
def test_every_row_stands_on_the_same_trunk(make, path, wanted):
    cfg = make(path).cfg
    for key in BROUGHT:
        assert value(cfg, key) == value(wanted, key)
    assert cfg.model.backbone.trunk.model_name == 'mobilenetv2_100'
    assert 'frozen_stages' not in cfg.model.backbone  # of the trunk before
    assert cfg.model.clip.model.endswith('.json')  # the text's stays


def test_on_features_the_map_behind_the_trunk_trains(make, tmp_path):
    hooks = make(ROWS[0], features=tmp_path).cfg.custom_hooks
    assert hooks[-1] == dict(type='FreezeModules', names=['backbone.trunk'])


def test_an_option_has_the_last_word(make):
    options = {'model.backbone.embed_dim': None}
    assert make(ROWS[0], options=options).cfg.model.backbone.embed_dim is None


@pytest.mark.parametrize('name', FREE)
def test_a_system_without_training_needs_the_trunk_of_its_texts(make, name):
    (path,) = CONFIGS.glob(f'*/{name}_custom_small-clip.py')
    with pytest.raises(ValueError, match=f'{path.stem} trains nothing'):
        make(path)


def test_another_trunk_is_another_run(tmp_path, trunk):
    run = Run('row', Setting(0.1, 0.1), 0)
    row = Row('row', str(ROWS[0]))
    plans = [Plan(tmp_path, tmp_path, 4, trunk=each) for each in (None, trunk)]
    folders = {plan.job(plan.prepare(row), run).folder for plan in plans}
    assert len(folders) == 2


def test_a_config_without_a_trunk(config):
    with pytest.raises(ValueError, match=r'has no optim_wrapper\.paramwise_cfg'):
        trunk_overrides(config)
