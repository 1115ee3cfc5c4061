import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mvlr_stack import doctor
from mvlr_stack.command import main

ROOT = Path(__file__).parents[2]
SOUND = {
    'python': '3.11.7',
    'torch': '2.10.0',
    'torchvision': '0.25.0',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmpretrain': '1.3.6',
}


@pytest.fixture
def machine(monkeypatch):
    """Return versions that the doctor will see, to be changed by the test."""
    versions = dict(SOUND)
    monkeypatch.setattr(doctor, 'installed_versions', lambda: versions)
    monkeypatch.setattr(doctor, 'extension_error', lambda: '')
    return versions


def test_a_sound_machine_ends_with_status_0(machine, capsys):
    assert main(['doctor']) == 0
    out = capsys.readouterr().out
    assert 'Family: onedl' in out
    assert 'onedl-mmcv       2.3.6' in out
    assert 'No conflict found.' in out


def test_the_working_scan_backends_are_listed(machine, capsys):
    from mvlr_mm.ops.selective_scan import available_backends

    main(['doctor'])
    out = capsys.readouterr().out
    for name, reason in available_backends().items():
        state = 'works' if reason is None else f'no: {reason}'
        assert f'  {name:<16} {state}\n' in out


def test_problems_are_numbered_and_end_with_status_1(machine, capsys):
    machine.update({'transformers': '5.1.0', 'torchvision': '0.24.0'})
    assert main(['doctor']) == 1
    out = capsys.readouterr().out
    assert 'Problem 1: torchvision 0.24.0' in out
    assert 'Problem 2: transformers 5.1.0' in out
    assert '  Mend it: pip install "transformers<5"\n' in out


def test_operators_of_another_torch_are_reported(machine, monkeypatch, capsys):
    monkeypatch.setattr(doctor, 'extension_error', lambda: 'undefined symbol: x')
    assert main(['doctor']) == 1
    assert 'undefined symbol: x' in capsys.readouterr().out


def test_an_import_that_fails_for_another_reason_is_told(machine, monkeypatch, capsys):
    def fail(name):
        raise RuntimeError('operator torchvision::nms does not exist')

    monkeypatch.setattr(doctor.importlib, 'import_module', fail)
    assert doctor.run(argparse.Namespace()) == 1
    assert 'RuntimeError: operator torchvision::nms' in capsys.readouterr().out


@pytest.fixture
def broken(tmp_path):
    """Return an environment in which mmengine cannot be imported."""
    (tmp_path / 'mmengine').mkdir()
    text = "raise ModuleNotFoundError('No module named pkg_resources')\n"
    (tmp_path / 'mmengine/__init__.py').write_text(text)
    return {**os.environ, 'PYTHONPATH': f'{tmp_path}:{ROOT}'}


def test_it_starts_where_mmengine_is_broken(broken):
    code = 'from mvlr_stack.command import main; raise SystemExit(main(["doctor"]))'
    done = subprocess.run(
        [sys.executable, '-c', code], env=broken, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert 'Installed:' in done.stdout
    assert 'ModuleNotFoundError: No module named pkg_resources' in done.stdout
    assert 'Traceback' not in done.stderr


def test_importing_the_package_names_the_conflict_and_the_command(broken):
    code = (
        'import mvlr_stack\n'
        'found = {**mvlr_stack.installed_versions(), "transformers": "9.0"}\n'
        'mvlr_stack.installed_versions = lambda: found\n'
        'import mvlr_mm\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], env=broken, capture_output=True, text=True
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith('ImportError: mvlr_mm cannot start: transformers 9.0 is too')
    assert 'pip install "transformers<' in last
