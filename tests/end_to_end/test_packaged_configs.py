"""Configs of the package, `mvlr_mm::...`, in a checkout and in an installed wheel."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image

from mvlr_mm.config import read_config
from mvlr_stack.command import main

ROOT = Path(__file__).parents[2]
CUSTOM = 'mvlr_mm::mvlr/mvlr_custom.py'
OWN = """
_base_ = '{base}'
data_root = {folder!r}
classes = ['cat', 'dog']
img_size = 64
clip = {clip!r}
model = dict(
    backbone=dict(**clip),
    neck=dict(
        prompt=dict(text_encoder=dict(**clip)),
        fusion=dict(embed_dim=16),
        interaction=dict(embed_dim=16),
    ),
)
train_cfg = dict(max_epochs=1)
train_dataloader = dict(num_workers=0, persistent_workers=False)
val_dataloader = test_dataloader = train_dataloader
"""


@pytest.fixture(scope='module')
def own_config(tmp_path_factory, tiny_clip):
    """A child of a packaged config and its pictures, in a folder with a space."""
    folder = tmp_path_factory.mktemp('my pictures')
    (folder / 'images').mkdir()
    for split in ('train', 'val', 'test'):
        records = []
        for i in range(4):
            name = f'{split} {i}.png'
            Image.new('RGB', (40, 30), (60 * i, 0, 99)).save(folder / 'images' / name)
            records.append(json.dumps({'image': name, 'labels': [i % 2]}))
        (folder / f'{split}.jsonl').write_text('\n'.join(records))
    text = OWN.format(base=CUSTOM, folder=str(folder), clip=tiny_clip())
    path = folder / 'own.py'
    path.write_text(text)
    return path


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A folder in which pip has installed the wheel."""
    wheels, target = (tmp_path_factory.mktemp(name) for name in ('wheels', 'installed'))
    source = tmp_path_factory.mktemp('source') / 'checkout'
    source.mkdir()
    for part in ('mvlr_mm', 'mvlr_stack', 'configs', 'tools', 'model-index.yml'):
        (source / part).symlink_to(ROOT / part)
    for part in ('pyproject.toml', 'setup.py', 'README.md', 'MANIFEST.in', 'LICENSE'):
        (source / part).symlink_to(ROOT / part)
    env = {**os.environ, 'MVLR_BUILD_NATIVE': '0'}
    pip, quick = (sys.executable, '-m', 'pip'), ('--quiet', '--no-deps')
    build = ('wheel', *quick, '--no-build-isolation', '--wheel-dir', str(wheels))
    run(*pip, *build, str(source), env=env)
    (wheel,) = wheels.glob('*.whl')
    run(*pip, 'install', *quick, '--target', str(target), str(wheel))
    code = 'import mvlr_stack; print(mvlr_stack.__file__)'
    env = {**os.environ, 'PYTHONPATH': str(target)}
    found = run(sys.executable, '-c', code, env=env, cwd=target.parent)
    assert found == f'{target}/mvlr_stack/__init__.py\n'
    return target


def run(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_child_trains_where_a_wheel_is_installed(installed, own_config, tmp_path):
    env = {**os.environ, 'PYTHONPATH': str(installed)}
    words = ['train', str(own_config), '--work-dir', str(tmp_path / 'run')]
    out = run(str(installed / 'bin/mvlr'), *words, env=env, cwd=tmp_path)
    assert (tmp_path / 'run/epoch_1.pth').is_file()
    assert 'is not installed' not in out
    assert 'Failed to' not in out


def test_the_script_trains_as_mim_runs_it(installed, own_config, tmp_path):
    """`mim train` runs the script below `.mim`, with a config of the package."""
    own = read_config(own_config)
    clip = own.model.backbone
    words = [CUSTOM, '--launcher', 'none', '--work-dir', str(tmp_path / 'run')]
    words += ['--cfg-options', f'data_root={own.data_root}', 'classes=["cat", "dog"]']
    words += ['img_size=64', 'train_cfg.max_epochs=1']
    for part in ('backbone', 'neck.prompt.text_encoder'):
        words += [f'model.{part}.model={clip.model}']
        words += [f'model.{part}.pretrained={clip.pretrained}']
    words += [f'model.neck.{part}.embed_dim=16' for part in ('fusion', 'interaction')]
    words += [f'{split}_dataloader.num_workers=0' for split in ('train', 'val', 'test')]
    env = {**os.environ, 'PYTHONPATH': str(installed)}
    script = installed / 'mvlr_mm/.mim/tools/train.py'
    run(sys.executable, str(script), *words, env=env, cwd=tmp_path)
    assert (tmp_path / 'run/epoch_1.pth').is_file()


def test_every_command_takes_a_child_of_a_packaged_config(own_config, tmp_path):
    own, work_dir = str(own_config), ['--work-dir', str(tmp_path / 'run')]
    main(['verify', own, '--workers', '1'])
    main(['browse', own, '--out', str(tmp_path / 'sheets')])
    assert (tmp_path / 'sheets/sheet.png').is_file()
    main(['train', own, *work_dir])
    checkpoint, out = str(tmp_path / 'run/epoch_1.pth'), str(tmp_path / 'out.npz')
    main(['test', own, checkpoint, *work_dir, '--out', out])
    assert main(['eval', out]) == 0


def test_commands_take_a_packaged_config_itself(own_config, tmp_path, capsys):
    options = [f'data_root={own_config.parent}', 'classes=["cat", "dog"]']
    words = [CUSTOM, '--cfg-options', *options]
    main(['verify', *words, '--workers', '1'])
    assert '4 ' in capsys.readouterr().out
    main(['browse', *words, '--out', str(tmp_path)])
    assert (tmp_path / 'sheet.png').is_file()


def test_mmengine_alone_trains_a_child(own_config, tmp_path, monkeypatch):
    """The scope that mmengine gives its parts leads to them without our commands."""
    monkeypatch.setenv('MVLR_DATA_ROOT', str(own_config.parent))
    monkeypatch.setenv('MVLR_CLASSES', '["cat", "dog"]')
    cfg = Config.fromfile(own_config)
    assert cfg.model._scope_ == 'mvlr_mm'
    cfg.work_dir = str(tmp_path)
    cfg.merge_from_dict({'train_dataloader.collate_fn': dict(type='default_collate')})
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    Runner.from_cfg(cfg).train()
    assert (tmp_path / 'epoch_1.pth').is_file()


def test_the_scope_can_be_named():
    from mmpretrain.registry import MODELS

    from mvlr_mm.models.necks import IFM

    assert MODELS.get('mvlr_mm.IFM') is IFM
    with MODELS.switch_scope_and_registry('mvlr_mm') as registry:
        assert registry.get('mvlr_mm.IFM') is registry.get('IFM') is IFM
        assert registry.get('no such part') is None
