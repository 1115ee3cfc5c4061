import errno
import json
import os
from pathlib import Path

import pytest
import torch

from mvlr_mm.packs import build, read_pack, write_pack
from mvlr_mm.packs import write as writing
from mvlr_mm.packs.write import read_numbers


def test_an_earlier_pack_is_replaced_whole(loaded, folder):
    (folder / 'model.onnx').write_text('of before')
    (folder / 'README.md').write_text('of the user')
    pack = write_pack(folder, loaded, licence='MIT', with_text=False)
    assert read_pack(folder).about.licence == pack.about.licence == 'MIT'
    assert not (folder / 'model.onnx').exists()
    assert (folder / 'README.md').exists()


def test_a_folder_of_other_things_is_left_alone(loaded, tmp_path):
    (tmp_path / 'photo.jpg').touch()
    with pytest.raises(ValueError, match=r"has a file 'photo\.jpg'"):
        write_pack(tmp_path, loaded)
    assert [path.name for path in tmp_path.iterdir()] == ['photo.jpg']


def test_a_model_of_something_else_is_not_replaced(loaded, tmp_path):
    (tmp_path / 'model.onnx').write_text('exported')
    with pytest.raises(FileExistsError, match=r'model\.onnx exists and is of no pack'):
        write_pack(tmp_path, loaded)
    assert (tmp_path / 'model.onnx').read_text() == 'exported'


def test_files_that_others_call_like_ours_are_not_replaced(loaded, tmp_path):
    """Many packages have a list of checksums, some a pack.json of their own."""
    mine = {'SHA256SUMS': '0 x\n', 'pack.json': '{"pack": 1}', 'model.onnx': 'mine'}
    for name, text in mine.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(FileExistsError, match=r'pack\.json exists and is of no pack'):
        write_pack(tmp_path, loaded)
    (tmp_path / 'pack.json').unlink()
    with pytest.raises(FileExistsError, match=r'model\.onnx exists and is of no pack'):
        write_pack(tmp_path, loaded)
    assert (tmp_path / 'model.onnx').read_text() == 'mine'
    (tmp_path / 'model.onnx').unlink()
    with pytest.raises(FileExistsError, match='SHA256SUMS exists and is of no pack'):
        write_pack(tmp_path, loaded)


def test_a_folder_that_is_a_disk_of_its_own(loaded, folder, monkeypatch):
    """As a volume of a container is: nothing can be moved into it from beside it."""
    replace = os.replace

    def on_one_disk(source, target):
        if (folder in Path(source).parents) != (folder in Path(target).parents):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source)
        replace(source, target)

    monkeypatch.setattr(os, 'replace', on_one_disk)
    assert write_pack(folder, loaded, licence='MIT').about.licence == 'MIT'
    assert [x.name for x in folder.iterdir() if x.name.startswith('.')] == []


def test_one_that_fails_leaves_the_earlier_as_it_was(loaded, folder, monkeypatch):
    before = read_pack(folder).sha256

    def fails(pack):
        raise ValueError('it builds no model')

    monkeypatch.setattr(writing, 'build', fails)
    for place in (folder, folder.parent / 'new'):
        with pytest.raises(ValueError, match='it builds no model'):
            write_pack(place, loaded)
    assert read_pack(folder).sha256 == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_half_moved_is_no_pack(loaded, folder, monkeypatch):
    from mvlr_mm.packs import files

    replace, calls = files.os.replace, []

    def stops(source, target):
        calls.append(target)
        if target == folder / 'model.safetensors':
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(files.os, 'replace', stops)
    with pytest.raises(KeyboardInterrupt):
        write_pack(folder, loaded, licence='MIT')
    with pytest.raises(FileNotFoundError, match='SHA256SUMS is missing'):
        read_pack(folder)


def test_thresholds_of_other_labels_are_refused(loaded, tmp_path):
    with pytest.raises(ValueError, match='thresholds must be for the labels'):
        write_pack(tmp_path / 'pack', loaded, thresholds={'cat': 0.5})
    assert not (tmp_path / 'pack').exists()


def test_weights_that_are_not_contiguous_or_shared(make, tmp_path):
    given = make()
    given.model.backbone.tower.to(memory_format=torch.channels_last)
    given.model.head.bias = given.model.head.log_scale
    model = build(write_pack(tmp_path / 'pack', given))
    own = given.model.state_dict()
    assert all(torch.equal(v, own[k]) for k, v in model.state_dict().items())


def test_numbers_of_the_commands(tmp_path):
    path = tmp_path / 'numbers.json'
    table = dict(
        protocol=dict(name='asl', thr=0.8),
        thresholds='/home/somebody/thresholds.json',
        numbers={'mAP': 71.5, 'CF1': None},
        labels=[dict(name='cat', AP=1.0)],
    )
    path.write_text(json.dumps(table))
    assert read_numbers(path) == ({'mAP': 71.5, 'CF1': None}, table['protocol'])
    path.write_text('{"asl/mAP": 71.5, "asl/CF1": NaN, "who": "me"}')
    assert read_numbers(path) == ({'asl/mAP': 71.5, 'asl/CF1': None}, None)
    path.write_text(f'{{"mAP": 71.5, "CF1": 1{"0" * 400}}}')
    assert read_numbers(path) == ({'mAP': 71.5, 'CF1': None}, None)
    odd = ('{"numbers": [71.5]}', '{"mAP": 71.5, "protocol": "asl"}')
    for text in ('[]', '{}', '{"who": "me"}', 'mAP 71.5', *odd):
        path.write_text(text)
        with pytest.raises(ValueError, match=r'metrics \(.*numbers.json\)'):
            read_numbers(path)
    with pytest.raises(FileNotFoundError, match='no such file'):
        read_numbers(tmp_path / 'gone.json')
