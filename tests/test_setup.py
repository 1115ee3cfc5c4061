import importlib.util
import sys
from pathlib import Path

import pytest

from mvlr_mm.ops.selective_scan import native_build

ROOT = Path(__file__).parents[1]


@pytest.fixture
def setup_py():
    spec = importlib.util.spec_from_file_location('setup_py', ROOT / 'setup.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_library_gets_the_name_that_is_looked_for(setup_py):
    (kernels,) = setup_py.native_options()['ext_modules']
    folder = 'mvlr_mm.ops.selective_scan'
    assert kernels.name == f'{folder}.{native_build.library_name()}'
    assert all((ROOT / source).is_file() for source in kernels.sources)
    assert kernels.extra_compile_args == native_build.compile_flags()


def test_without_torch_the_package_is_pure_python(setup_py, monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch.utils.cpp_extension', None)
    assert setup_py.native_options() == {}


def test_the_kernels_can_be_left_to_their_first_use(setup_py, monkeypatch):
    monkeypatch.setenv('MVLR_BUILD_NATIVE', '0')
    assert setup_py.native_options() == {}


def test_a_build_that_fails_does_not_stop_the_installation(
    setup_py, monkeypatch, capsys
):
    from setuptools import Distribution
    from torch.utils.cpp_extension import BuildExtension

    def fail(self):
        raise RuntimeError('no compiler')

    monkeypatch.setattr(BuildExtension, 'run', fail)
    options = setup_py.native_options()
    command = options['cmdclass']['build_ext'](Distribution(options))
    command.run()
    assert command.extensions == []
    assert 'left to their first use: no compiler' in capsys.readouterr().out
