import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml
from mmengine.hub import get_config

import mvlr_mm

ROOT = Path(__file__).parents[2]


def run(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tracked_files():
    """Return what belongs to the project; the test is skipped outside of git."""
    if not (ROOT / '.git').exists():
        pytest.skip('this is no checkout')
    kinds = ('--cached', '--others', '--exclude-standard')
    return run('git', 'ls-files', *kinds, cwd=ROOT).splitlines()


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """A copy to build in: what git knows of, and nothing else."""
    copy = tmp_path_factory.mktemp('source') / 'checkout'
    for name in tracked_files():
        if os.path.lexists(ROOT / name):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name, follow_symlinks=False)
    return copy


@pytest.fixture(scope='module')
def wheel(checkout):
    copy, out = checkout, checkout.parent / 'wheels'
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


def test_the_wheel_carries_configs_and_tools_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for path in ROOT.glob('configs/**/*.py'):
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


def test_configs_are_found_in_a_checkout():
    config = get_config('mvlr_mm::mvlr/mvlr_rn101_coco.py').filename
    assert Path(config).resolve() == ROOT / 'configs/mvlr/mvlr_rn101_coco.py'


def test_the_command_is_installed(installed):
    env = {**os.environ, 'PYTHONPATH': str(installed)}
    command = str(installed / 'bin/mvlr')
    assert 'mvlr COMMAND' in run(command, '--help', env=env)
    assert run(command, '--version', env=env) == f'mvlr {mvlr_mm.__version__}\n'


def test_every_script_of_the_wheel_runs(installed):
    env = {**os.environ, 'PYTHONPATH': str(installed)}
    tools = installed / 'mvlr_mm/.mim/tools'
    scripts = {str(p.relative_to(tools)): p for p in tools.rglob('*.*[hy]')}
    shell = {'dist_test.sh', 'dist_train.sh', 'launch.sh', 'slurm_train.sh'}
    data = {f'dataset_converters/label_{what}.py' for what in ('graph', 'vectors')}
    programs = {'analysis/complexity.py', 'test.py', 'train.py', *data}
    assert set(scripts) == {*programs, *shell}
    for name, script in scripts.items():
        if name in shell:
            done = subprocess.run([script], capture_output=True, text=True)
            assert done.returncode == 2
            assert 'usage: ' in done.stderr
        else:
            assert 'usage: ' in run(sys.executable, str(script), '--help', env=env)


def test_every_config_of_the_model_index_exists():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    for metafile in index['Import']:
        for model in yaml.safe_load((ROOT / metafile).read_text())['Models']:
            assert (ROOT / model['Config']).is_file()
            assert Path(model['Config']).stem == model['Name']


def test_the_source_distribution_has_every_file(tmp_path, checkout):
    code = f'import setuptools.build_meta as b; b.build_sdist({str(tmp_path)!r})'
    run(sys.executable, '-c', code, cwd=checkout)
    (archive,) = tmp_path.glob('*.tar.gz')
    with tarfile.open(archive) as file:
        names = {name.partition('/')[2] for name in file.getnames()}
    links = {'mvlr_mm/.mim/configs', 'mvlr_mm/.mim/tools'}  # come as folders
    assert names >= set(tracked_files()) - links - {'.gitignore'}
