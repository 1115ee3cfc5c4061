import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mvlr_mm.labels.arrays import read_named_arrays, rows_of, write_named_arrays

NAMES = ['cat', 'dog', 'dining table']
ARRAYS = dict(
    counts=np.arange(3), vectors=np.linspace(0, 1, 6, dtype=np.float32).reshape(3, 2)
)


@pytest.mark.parametrize('name', ['a.npz', 'a.safetensors'])
def test_what_is_written_is_read(tmp_path, name):
    write_named_arrays(tmp_path / name, NAMES, ARRAYS)
    names, arrays = read_named_arrays(tmp_path / name)
    assert names == NAMES
    assert arrays.keys() == ARRAYS.keys()
    for key, array in ARRAYS.items():
        assert arrays[key].dtype == array.dtype
        np.testing.assert_array_equal(arrays[key], array)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_view_is_written_as_it_looks(tmp_path):
    array = np.arange(6).reshape(2, 3)
    for name in ('a.npz', 'a.safetensors'):
        write_named_arrays(tmp_path / name, NAMES, dict(a=array.T))
        found = read_named_arrays(tmp_path / name).arrays['a']
        np.testing.assert_array_equal(found, array.T)


def test_bfloat16_becomes_float32_and_integers_stay(tmp_path):
    tensors = dict(a=torch.ones(2, dtype=torch.bfloat16), b=torch.tensor([2**40]))
    save_file(tensors, tmp_path / 'a.safetensors', {'names': json.dumps(NAMES)})
    arrays = read_named_arrays(tmp_path / 'a.safetensors').arrays
    assert arrays['a'].dtype == np.float32
    assert arrays['b'].tolist() == [2**40]


def test_pickles_other_endings_and_missing_files_are_refused(tmp_path):
    np.savez(tmp_path / 'a.npz', names=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r'a\.npz .*holds more than plain arrays'):
        read_named_arrays(tmp_path / 'a.npz')
    with pytest.raises(ValueError, match=r'a\.pkl\) must end with one of \.npz, \.saf'):
        read_named_arrays(tmp_path / 'a.pkl')
    with pytest.raises(ValueError, match=r'a\.pkl\) must end'):
        write_named_arrays(tmp_path / 'a.pkl', NAMES, ARRAYS)
    with pytest.raises(FileNotFoundError, match=r'b\.npz\) does not exist'):
        read_named_arrays(tmp_path / 'b.npz')


@pytest.mark.parametrize(
    ('names', 'shown'),
    [
        ([7, 8], r'int64 \(2,\)'),
        ([b'cat'], r'\|S3 \(1,\)'),
        ('cat', r'<U3 \(\)'),
        ([['cat']], r'<U3 \(1, 1\)'),
    ],
)
def test_names_in_npz_that_are_no_texts_are_refused(tmp_path, names, shown):
    np.savez(tmp_path / 'a.npz', names=np.array(names), **ARRAYS)
    message = rf'a\.npz\): its names must be a row of texts, not {shown}; write'
    with pytest.raises(ValueError, match=message):
        read_named_arrays(tmp_path / 'a.npz')


def test_rows_go_by_name_and_by_vocs_own():
    assert rows_of(NAMES, ['dog', 'cat'], 'f', 'row') == [1, 0]
    assert rows_of(['sofa', 'diningtable'], ['dining table'], 'f', 'row') == [1]
    message = r"file \(f\) has no row for the label 'dogs'; close to it: 'dog'"
    with pytest.raises(ValueError, match=message):
        rows_of(NAMES, ['dogs'], 'f', 'row')


def test_a_label_that_is_there_twice_is_refused():
    assert rows_of(['cat', 'crane', 'crane'], ['cat'], 'f', 'row') == [0]
    with pytest.raises(ValueError, match=r"has a row for the label 'crane' twice"):
        rows_of(['cat', 'crane', 'crane'], ['cat', 'crane'], 'f', 'row')


@pytest.mark.parametrize(
    ('text', 'message'), [('{"a', 'are no json'), ('{"a": 1}', 'must be a json list')]
)
def test_names_that_are_no_list_are_said_with_the_file(tmp_path, text, message):
    path = tmp_path / 'a.safetensors'
    save_file(dict(a=torch.ones(2)), path, {'names': text})
    with pytest.raises(ValueError, match=rf'a\.safetensors\): its names {message}'):
        read_named_arrays(path)
