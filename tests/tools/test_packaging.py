import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LOOK_UP = """
import sys
import mvlr_mm
from mmengine.config import Config
from mmengine.hub import get_config
print(mvlr_mm.__file__)
print(get_config('mvlr_mm::mvlr/mvlr_rn101_coco.py').filename)
print(Config.fromfile(sys.argv[1]).default_scope)
"""


def run(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    copy = tmp_path_factory.mktemp('source') / 'checkout'
    unwanted = shutil.ignore_patterns('.git', '.venv*', 'build', 'work_dirs', 'data')
    for part in ('mvlr_mm', 'mvlr_stack', 'configs', 'tools'):
        shutil.copytree(ROOT / part, copy / part, symlinks=True, ignore=unwanted)
    for path in ROOT.glob('*.*'):
        if path.is_file():
            shutil.copy(path, copy)
    shutil.copy(ROOT / 'LICENSE', copy)
    out = copy.parent / 'wheels'
    pip = (sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps')
    env = {**os.environ, 'MVLR_BUILD_NATIVE': '0'}  # compiling takes a minute
    run(*pip, '--no-build-isolation', '--wheel-dir', str(out), str(copy), env=env)
    (path,) = out.glob('*.whl')
    return path


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory):
    target = tmp_path_factory.mktemp('installed')
    pip = (sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps')
    run(*pip, '--target', str(target), str(wheel))
    return target


def look_up(python_path, tmp_path):
    config = tmp_path / 'own.py'
    config.write_text("_base_ = 'mvlr_mm::_base_/default_runtime.py'\n")
    env = {**os.environ, 'PYTHONPATH': str(python_path)}
    out = run(sys.executable, '-c', LOOK_UP, str(config), cwd=tmp_path, env=env)
    return out.splitlines()[-3:]


def test_the_wheel_carries_configs_and_tools_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for path in [*ROOT.glob('configs/**/*.py'), *ROOT.glob('tools/**/*.sh')]:
        assert f'mvlr_mm/.mim/{path.relative_to(ROOT)}' in names
    assert 'mvlr_mm/.mim/model-index.yml' in names
    assert 'mvlr_mm/.mim/configs/mvlr/metafile.yml' in names
    assert not [n for n in names if n.startswith(('tests', 'configs', 'tools'))]


def test_every_module_is_in_the_wheel(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for package in ('mvlr_mm', 'mvlr_stack'):
        for path in (ROOT / package).rglob('*.py'):
            if '.mim' not in path.parts:
                assert str(path.relative_to(ROOT)) in names


def test_configs_are_found_in_an_installed_wheel(installed, tmp_path):
    package, config, scope = look_up(installed, tmp_path)
    assert package == str(installed / 'mvlr_mm/__init__.py')
    assert config == str(installed / 'mvlr_mm/.mim/configs/mvlr/mvlr_rn101_coco.py')
    assert scope == 'mmpretrain'


def test_configs_are_found_in_a_checkout(tmp_path):
    package, config, scope = look_up(ROOT, tmp_path)
    assert package == str(ROOT / 'mvlr_mm/__init__.py')
    assert Path(config).resolve() == ROOT / 'configs/mvlr/mvlr_rn101_coco.py'
    assert scope == 'mmpretrain'


def test_the_command_is_installed(installed):
    env = {**os.environ, 'PYTHONPATH': str(installed)}
    assert 'mvlr COMMAND' in run(str(installed / 'bin/mvlr'), '--help', env=env)


def test_every_config_of_the_model_index_exists():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    for metafile in index['Import']:
        for model in yaml.safe_load((ROOT / metafile).read_text())['Models']:
            assert (ROOT / model['Config']).is_file()
            assert Path(model['Config']).stem == model['Name']
