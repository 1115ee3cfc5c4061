import pytest

from mvlr_stack import checks

ONEDL = {
    'python': '3.11.7',
    'torch': '2.10.0',
    'torchvision': '0.25.0',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmpretrain': '1.3.6',
    'transformers': '4.57.6',
    'setuptools': '84.0.0',
}
OPENMMLAB = {
    'python': '3.10.13',
    'torch': '2.6.0',
    'torchvision': '0.21.0',
    'mmengine': '0.10.7',
    'mmcv-lite': '2.2.0',
    'mmpretrain': '1.2.0',
    'transformers': '4.51.3',
    'setuptools': '81.0.0',
}
PAIR = 'pip install torch==2.10.0 torchvision==0.25.0'
NEW_PAIR = f'pip uninstall -y torch torchvision && {PAIR}'
INSTALL_ONEDL = (
    'pip install "onedl-mmengine>=0.10.12" "onedl-mmcv>=2.3.6" '
    '"onedl-mmpretrain>=1.3.6" "transformers<5"'
)
INSTALL_OPENMMLAB = (
    'pip install "mmengine==0.10.7" "mmcv-lite>=2.0,<2.3" "mmpretrain==1.2.0" '
    '"transformers<4.52" "setuptools<82"'
)


def machine(base, **changes):
    """Return a machine's versions; None takes a package away, _ stands for -."""
    changed = {**base, **{name.replace('_', '-'): v for name, v in changes.items()}}
    return {name: version for name, version in changed.items() if version}


@pytest.mark.parametrize(
    'versions',
    [
        ONEDL,
        OPENMMLAB,
        machine(ONEDL, torch='2.13.0+cpu', torchvision='0.28.0+cpu'),
        machine(ONEDL, torch='2.7.1+cu126', torchvision='0.22.1'),
        machine(ONEDL, transformers=None, setuptools=None),
        machine(OPENMMLAB, mmcv_lite=None, mmcv='2.1.0', mmdet='3.3.0'),
        machine(ONEDL, onedl_mmdetection='3.5.1'),
    ],
)
def test_a_sound_machine_has_no_problem(versions):
    assert checks.find_problems(versions) == []


@pytest.mark.parametrize(
    ('versions', 'text', 'command'),
    [
        (machine(ONEDL, python='3.13.0'), 'Python 3.13.0', 'python3.11 -m venv .venv'),
        (machine(ONEDL, python='3.9.18'), 'Python 3.9.18', 'python3.11 -m venv .venv'),
        (machine(ONEDL, torch=None), 'torch is not installed', PAIR),
        (
            machine(ONEDL, torch='2.5.1', torchvision='0.20.1'),
            'torch 2.5.1 is too old',
            PAIR,
        ),
        (machine(ONEDL, torchvision=None), 'torchvision is not installed', PAIR),
        (
            machine(ONEDL, torchvision='0.24.0'),
            'torchvision 0.24.0 was not built for torch 2.10.0',
            NEW_PAIR,
        ),
        (
            machine(ONEDL, torch='2.13.0+cpu', torchvision='0.28.0'),
            'torchvision 0.28.0 was not built for torch 2.13.0+cpu',
            NEW_PAIR,
        ),
        (
            machine(ONEDL, onedl_mmengine=None, onedl_mmcv=None, onedl_mmpretrain=None),
            'Neither family',
            INSTALL_ONEDL,
        ),
        (
            machine(ONEDL, mmengine='0.10.7', mmcv='2.1.0', setuptools='81.0.0'),
            'Both families',
            'pip uninstall -y onedl-mmengine onedl-mmcv onedl-mmpretrain mmengine mmcv '
            f'&& {INSTALL_ONEDL}',
        ),
        (
            machine(ONEDL, onedl_mmpretrain=None, onedl_mmcv='2.2.0'),
            'onedl-mmcv is 2.2.0, needed >=2.3.6; onedl-mmpretrain is missing',
            INSTALL_ONEDL,
        ),
        (
            machine(OPENMMLAB, mmpretrain='1.0.0'),
            'mmpretrain is 1.0.0, needed ==1.2.0',
            INSTALL_OPENMMLAB,
        ),
        (
            machine(OPENMMLAB, mmcv_lite=None),
            'mmcv-lite is missing',
            INSTALL_OPENMMLAB,
        ),
        (
            machine(ONEDL, transformers='5.0.0'),
            'transformers 5.0.0 is too new for the onedl family',
            'pip install "transformers<5"',
        ),
        (
            machine(OPENMMLAB, transformers='4.53.3'),
            'transformers 4.53.3 is too new for the openmmlab family',
            'pip install "transformers<4.52"',
        ),
        (
            machine(OPENMMLAB, setuptools='82.0.0'),
            'setuptools 82.0.0 has no pkg_resources, which mmengine 0.10 needs',
            'pip install "setuptools<82"',
        ),
        (
            machine(OPENMMLAB, setuptools=None),
            'Without setuptools there is no pkg_resources',
            'pip install "setuptools<82"',
        ),
        (
            machine(OPENMMLAB, mmdet='3.3.0'),
            'mmdet 3.3.0 refuses mmcv-lite 2.2.0',
            'pip install "mmcv-lite<2.2"',
        ),
        (
            machine(OPENMMLAB, mmcv_lite=None, mmcv='2.2.0', mmdet='3.3.0'),
            'mmdet 3.3.0 refuses mmcv 2.2.0',
            'pip install "mmcv<2.2"',
        ),
    ],
)
def test_each_conflict_is_found_alone_and_with_its_command(versions, text, command):
    (problem,) = checks.find_problems(versions)
    assert text in problem.text
    assert problem.command == command


def test_operators_that_load_are_no_problem():
    assert checks.check_extension(ONEDL, '') is None


@pytest.mark.parametrize(
    ('versions', 'package'),
    [
        (ONEDL, 'onedl-mmcv==2.3.6'),
        (machine(OPENMMLAB, mmcv_lite=None, mmcv='2.1.0'), 'mmcv==2.1.0'),
    ],
)
def test_operators_of_another_torch_are_built_again(versions, package):
    error = 'ImportError: _ext.so: undefined symbol: _ZN3c10'
    problem = checks.check_extension(versions, error)
    assert f'beside torch {versions["torch"]}' in problem.text
    assert error in problem.text
    assert problem.command == (
        'pip install --force-reinstall --no-deps --no-cache-dir --no-build-isolation '
        f'--no-binary {package.partition("==")[0]} "{package}"'
    )
