import os

import numpy as np
import pytest

from mvlr_mm.stores.folder import Kind, open_array, read_index, settle, write_index

KIND = Kind('cache', 'pictures')


def test_names_of_files_that_are_no_utf_8(tmp_path):
    content = {'pictures': {os.fsdecode(b'/photos/caf\xe9.jpg'): 1, '/photos/é.jpg': 2}}
    write_index(tmp_path, KIND, content)
    assert read_index(tmp_path, KIND, dict) == content


@pytest.mark.parametrize('size', [0, 7, 100, 300])
def test_an_array_that_was_cut_is_named(tmp_path, size):
    path = tmp_path / 'train.npy'
    np.save(path, np.arange(200, dtype=np.uint8))
    assert open_array(tmp_path, 'train', KIND)[199] == 199
    os.truncate(path, size)
    with pytest.raises(
        ValueError, match=r'train\.npy is damaged .* remove it and go on'
    ):
        open_array(tmp_path, 'train', KIND)


@pytest.mark.parametrize('name', ['train.npy', 'train.part', 'mine.npy'])
def test_what_others_have_there_stays(tmp_path, name):
    (tmp_path / name).write_text('mine')
    with pytest.raises(FileExistsError, match=rf'{name} is of no index\.json'):
        settle(tmp_path, KIND, list, ['train'], overwrite=True)
    assert (tmp_path / name).read_text() == 'mine'
    (tmp_path / name).rename(tmp_path / 'other.part')
    assert not settle(tmp_path, KIND, list, ['train'], overwrite=False)
