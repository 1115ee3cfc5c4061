import fnmatch
import shutil
from pathlib import Path

import huggingface_hub
import pytest

from mvlr_mm.packs import from_hub, push, read_pack, write_pack
from mvlr_mm.packs.files import SUMS


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A folder that stands for the hub: what is uploaded is copied there."""
    place = tmp_path / 'hub'

    class Api:
        def __init__(self, token=None):
            self.token = token

        def create_repo(self, repo_id, *, private, exist_ok):
            assert exist_ok
            (place / repo_id).mkdir(parents=True, exist_ok=True)
            (place / repo_id / '.gitattributes').write_text('* text')
            (place / repo_id / 'private').write_text(str(private))

        def upload_folder(
            self, *, repo_id, folder_path, allow_patterns, delete_patterns, **kwargs
        ):
            for pattern in delete_patterns:
                (place / repo_id / pattern).unlink(missing_ok=True)
            copy(Path(folder_path), place / repo_id, allow_patterns)

    def download(repo_id, *, revision, local_dir, allow_patterns, token):
        copy(place / repo_id, Path(local_dir), allow_patterns)
        cache = Path(local_dir) / '.cache' / 'huggingface'
        cache.mkdir(parents=True, exist_ok=True)
        return local_dir

    def copy(source, target, patterns):
        target.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            if any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns):
                shutil.copy(path, target / path.name)

    monkeypatch.setattr(huggingface_hub, 'HfApi', Api)
    monkeypatch.setattr(huggingface_hub, 'snapshot_download', download)
    return place


def test_there_and_back(packed, hub, tmp_path):
    sha256 = push(packed, 'someone/tags')
    assert (hub / 'someone/tags/private').read_text() == 'True'
    folder = from_hub('someone/tags', tmp_path / 'mine', sha256=sha256)
    assert read_pack(folder).sha256 == read_pack(packed).sha256 == sha256
    assert not (folder / 'private').exists()


def test_only_the_files_of_a_pack_go_there(folder, hub):
    (folder / 'README.md').write_text('notes')
    (folder / '.env').write_text('HF_TOKEN=secret')
    push(folder, 'someone/tags', private=False)
    names = {path.name for path in (hub / 'someone/tags').iterdir()}
    there = {SUMS, 'pack.json', 'model.safetensors'}
    assert names == there | {'.gitattributes', 'private'}


def test_what_is_no_whole_pack_is_not_uploaded(folder, hub):
    with open(folder / 'model.safetensors', 'ab') as file:
        file.write(b'x')
    with pytest.raises(ValueError, match='not the file that was packed'):
        push(folder, 'someone/tags')
    assert not hub.exists()


def test_what_was_changed_there_is_refused_here(packed, hub, tmp_path):
    sha256 = push(packed, 'someone/tags')
    path = hub / 'someone/tags/pack.json'
    path.write_text(path.read_text().replace('CC-BY-4.0', 'MIT'))
    with pytest.raises(ValueError, match='not the file that was packed'):
        from_hub('someone/tags', tmp_path / 'mine')
    push(packed, 'someone/tags')
    with pytest.raises(ValueError, match='another pack than the one asked for'):
        from_hub('someone/tags', tmp_path / 'other', sha256=sha256[::-1])


def test_an_earlier_pack_stays_until_the_other_is_there_and_checked(
    packed, hub, tmp_path, loaded, monkeypatch
):
    mine = from_hub(
        'someone/tags', tmp_path / 'mine', sha256=push(packed, 'someone/tags')
    )
    sha256 = read_pack(mine).sha256
    other = write_pack(tmp_path / 'other', loaded, licence='MIT', with_text=False)
    push(other.folder, 'someone/tags')
    with pytest.raises(ValueError, match='another pack than the one asked for'):
        from_hub('someone/tags', mine, sha256=sha256)
    assert read_pack(mine, sha256).about.licence == 'CC-BY-4.0'
    download = huggingface_hub.snapshot_download

    def breaks(*args, allow_patterns, **kwargs):
        download(*args, allow_patterns=allow_patterns[:2], **kwargs)
        if len(allow_patterns) > 1:
            raise ConnectionError('gone')

    with monkeypatch.context() as patch:
        patch.setattr(huggingface_hub, 'snapshot_download', breaks)
        with pytest.raises(ConnectionError):
            from_hub('someone/tags', mine)
        assert read_pack(mine).sha256 == sha256
    assert read_pack(from_hub('someone/tags', mine)).sha256 == other.sha256
    with monkeypatch.context() as patch:
        patch.setattr(huggingface_hub, 'snapshot_download', breaks)
        from_hub('someone/tags', mine)  # the same: its list of files is enough
    assert not (mine / '.download').exists()


def test_a_repository_of_something_else_is_said(hub, tmp_path):
    (hub / 'someone/tags').mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=r'SUMS is missing: .* is no pack'):
        from_hub('someone/tags', tmp_path / 'mine')
    assert not (tmp_path / 'mine/.download').exists()


def test_a_folder_of_something_else_is_left_alone(packed, hub, tmp_path):
    push(packed, 'someone/tags')
    for name, error in (('model.onnx', FileExistsError), ('notes.txt', ValueError)):
        folder = tmp_path / name[:3]
        folder.mkdir()
        (folder / name).write_text('mine')
        with pytest.raises(error, match=name):
            from_hub('someone/tags', folder)
        assert [path.name for path in folder.iterdir()] == [name]
    begun = tmp_path / 'begun'
    (begun / '.download/.cache/huggingface').mkdir(parents=True)
    (begun / '.download/pack.json').write_text('half')
    assert read_pack(from_hub('someone/tags', begun)).sha256
