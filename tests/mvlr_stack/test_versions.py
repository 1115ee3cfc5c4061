import platform
import types
from importlib import metadata

from mvlr_stack import versions


def test_versions_are_what_the_distributions_say():
    found = versions.installed_versions()
    assert found['python'] == platform.python_version()
    assert found['torch'] == metadata.version('torch')
    assert 'mamba-ssm' not in found or metadata.version('mamba-ssm')


def test_a_package_that_is_not_there_has_no_entry(monkeypatch):
    monkeypatch.setattr(versions, 'OTHERS', ('no-such-package', 'numpy'))
    found = versions.installed_versions()
    assert 'no-such-package' not in found
    assert 'numpy' in found


def point_mmcv_at(monkeypatch, folder):
    spec = types.SimpleNamespace(submodule_search_locations=[str(folder)])
    monkeypatch.setattr(versions.importlib.util, 'find_spec', lambda name: spec)


def test_mmcv_without_operators_has_no_error(monkeypatch, tmp_path):
    point_mmcv_at(monkeypatch, tmp_path)
    assert versions.extension_error() == ''


def test_operators_that_do_not_load_are_told(monkeypatch, tmp_path):
    (tmp_path / '_ext.cpython-311-x86_64-linux-gnu.so').write_bytes(b'not a library')
    point_mmcv_at(monkeypatch, tmp_path)
    assert versions.extension_error().startswith('ImportError')
