import errno
import fcntl
import shutil
from pathlib import Path
from threading import Thread

import pytest
import torch
from torch.utils import cpp_extension

from mvlr_mm.ops.selective_scan import native_build, native_load
from mvlr_mm.ops.selective_scan.native_build import NAME, cache_directory, library_name


@pytest.fixture
def builder(monkeypatch, tmp_path):
    """Record what would be compiled or loaded, with an empty cache."""
    calls = []

    def load(name, sources, build_directory, **options):
        calls.append('compiled')
        (Path(build_directory) / f'{name}.so').touch()

    def load_library(path):
        if not Path(path).is_file() or Path(path).read_bytes() == b'cut off':
            raise OSError(f'{path}: file too short')
        calls.append(path)

    monkeypatch.setenv('TORCH_EXTENSIONS_DIR', str(tmp_path / 'cache'))
    monkeypatch.setattr(native_load, 'FOLDER', tmp_path)
    monkeypatch.setattr(cpp_extension, 'load', load)
    monkeypatch.setattr(torch.ops, 'load_library', load_library)
    return calls


def test_it_is_built_once_into_the_cache_of_torch(builder, tmp_path):
    native_load.load_library()
    native_load.load_library()
    library = cache_directory() / f'{NAME}.so'
    assert builder == ['compiled', str(library)]
    assert library.is_relative_to(tmp_path / 'cache')
    assert {path.name for path in cache_directory().iterdir()} == {library.name, 'lock'}


def test_a_build_that_was_killed_does_not_stop_the_next_one(builder):
    cache_directory().mkdir(parents=True)
    (cache_directory() / 'lock').touch()
    (cache_directory() / 'tmpabc').mkdir()
    (cache_directory() / 'tmpabc' / f'{NAME}.so').write_text('half')
    native_load.load_library()
    assert builder == ['compiled']


def test_a_process_waits_for_the_one_that_builds(builder):
    cache_directory().mkdir(parents=True)
    lock, waiter = cache_directory() / 'lock', Thread(target=native_load.load_library)
    with lock.open('w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiter.start()
        waiter.join(0.2)
        assert waiter.is_alive()
        (cache_directory() / f'{NAME}.so').touch()
    waiter.join()
    assert builder == [str(cache_directory() / f'{NAME}.so')]


def test_what_setup_has_built_for_this_torch_and_cpu_is_taken_instead(
    builder, tmp_path, monkeypatch
):
    built = tmp_path / f'{library_name()}.so'
    built.touch()
    native_load.load_library()
    assert builder == [str(built)]
    monkeypatch.setattr(torch, '__version__', '99.0')
    native_load.load_library()
    assert builder[1:] == ['compiled']


def test_what_setup_has_built_of_other_sources_is_left(builder, tmp_path, monkeypatch):
    """As in a checkout that was installed and then updated."""
    (tmp_path / f'{library_name()}.so').touch()
    (tmp_path / 'csrc').mkdir()
    (tmp_path / 'csrc/forward.cpp').write_text('// changed')
    monkeypatch.setattr(native_build, 'FOLDER', tmp_path)
    native_load.load_library()
    assert builder == ['compiled']


def test_a_name_is_that_of_the_sources_alone(tmp_path, monkeypatch):
    csrc = tmp_path / 'csrc'
    shutil.copytree(native_build.FOLDER / 'csrc', csrc)
    own = library_name()
    monkeypatch.setattr(native_build, 'FOLDER', tmp_path)
    (csrc / 'forward.cpp~').write_text('// as an editor leaves it')
    assert library_name() == own
    (csrc / 'tasks.h').write_text('// changed')
    assert library_name() != own


def test_a_library_that_does_not_load_is_built_again(builder, tmp_path):
    library = cache_directory() / f'{NAME}.so'
    library.parent.mkdir(parents=True)
    for path in (library, tmp_path / f'{library_name()}.so'):
        path.write_text('cut off')
    native_load.load_library()
    native_load.load_library()
    assert builder == ['compiled', str(library)]


def test_a_folder_that_cannot_be_written_to_is_said(builder, monkeypatch):
    def refuse(path, **options):
        raise OSError(errno.EROFS, 'Read-only file system', str(path))

    monkeypatch.setattr(Path, 'mkdir', refuse)
    problem = native_load.find_native_problem.__wrapped__()
    assert 'Read-only file system' in problem
    assert problem.endswith(
        'set TORCH_EXTENSIONS_DIR to a folder that it can be written into.'
    )


def test_tensors_on_two_devices_are_said():
    here, there = torch.ones(1), torch.ones(1, device='meta')
    with pytest.raises(ValueError, match="its tensors are on 'cpu' and 'meta': move"):
        native_load._load_first('scan_native', here, there, True)


def test_a_source_that_does_not_compile_fails_the_tests(
    built, need, monkeypatch, tmp_path
):
    broken = tmp_path / 'broken.cpp'
    broken.write_text('#error a mistake in the source\n')
    monkeypatch.setattr(native_build, 'SOURCES', [broken])
    monkeypatch.setattr(native_load, 'FOLDER', tmp_path)
    monkeypatch.setenv('TORCH_EXTENSIONS_DIR', str(tmp_path / 'cache'))
    native_load.find_native_problem.cache_clear()
    try:
        with pytest.raises(pytest.fail.Exception, match='a mistake in the source'):
            need('native')
    finally:
        native_load.find_native_problem.cache_clear()
    assert [path.name for path in cache_directory().iterdir()] == ['lock']
