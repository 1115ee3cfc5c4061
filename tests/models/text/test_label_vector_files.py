import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mvlr_mm.models.text import read_label_vectors

VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4) / 7
NAMES = ['cat', 'dog', 'dining table']
ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get('MVLR_SHARED_DATA', ROOT.parent / 'shared' / 'data'))


def write_npz(folder, **arrays):
    np.savez(folder / 'v.npz', **arrays)
    return folder / 'v.npz'


def test_npz_follows_the_names(tmp_path):
    file = write_npz(tmp_path, names=NAMES, bert=VECTORS, counts=np.arange(3))
    vectors = read_label_vectors(file, ['dining table', 'cat'], key='bert')
    assert vectors.dtype == torch.float32
    np.testing.assert_array_equal(vectors.numpy(), VECTORS[[2, 0]])


def test_rows_may_have_a_data_sets_own_names(tmp_path):
    file = write_npz(tmp_path, names=['cat', 'sofa', 'diningtable'], bert=VECTORS)
    for name in ('dining table', 'diningtable'):
        vectors = read_label_vectors(file, [name, 'cat'])
        np.testing.assert_array_equal(vectors.numpy(), VECTORS[[2, 0]])


def test_npz_without_names_follows_the_classes(tmp_path):
    file = write_npz(tmp_path, bert=VECTORS.astype(np.float16))
    vectors = read_label_vectors(file, ['x', 'y', 'z'])
    np.testing.assert_array_equal(vectors.numpy(), VECTORS.astype(np.float16))


def test_safetensors_follows_the_names_of_its_metadata(tmp_path):
    tensors = {'clip': torch.from_numpy(VECTORS).bfloat16()}
    save_file(tensors, tmp_path / 'v.safetensors', {'names': json.dumps(NAMES)})
    vectors = read_label_vectors(tmp_path / 'v.safetensors', ['dog'])
    torch.testing.assert_close(vectors, tensors['clip'][1:2].float())


def test_npy(tmp_path):
    np.save(tmp_path / 'v.npy', VECTORS)
    vectors = read_label_vectors(tmp_path / 'v.npy', NAMES)
    np.testing.assert_array_equal(vectors.numpy(), VECTORS)


def test_words_of_a_label_are_averaged(tmp_path):
    file = tmp_path / 'glove.txt'
    file.write_text('the 9 9\ndining 1 2\ntable 2 6\ncafé 0.5 -1e-1\n', 'utf-8')
    vectors = read_label_vectors(file, ['Dining table', 'café'])
    torch.testing.assert_close(vectors, torch.tensor([[1.5, 4.0], [0.5, -0.1]]))
    file.write_text('dining 1 2\ntable 2 6\n', 'utf-8-sig')
    vectors = read_label_vectors(file, ['dining'])
    torch.testing.assert_close(vectors, torch.tensor([[1.0, 2.0]]))


@pytest.mark.skipif(
    not (SHARED / 'label_vectors').is_dir(),
    reason='no real label vectors at $MVLR_SHARED_DATA or ../shared/data',
)
@pytest.mark.parametrize(('name', 'count'), [('coco80', 80), ('voc20', 20)])
@pytest.mark.parametrize(('key', 'width'), [('bert_base', 768), ('glove300', 300)])
def test_real_vectors(name, count, key, width):
    file = SHARED / 'label_vectors' / f'{name}.npz'
    names = np.load(file)['names'].tolist()
    vectors = read_label_vectors(file, names[::-1], key)
    assert vectors.shape == (count, width)
    np.testing.assert_array_equal(vectors.flip(0).numpy(), np.load(file)[key])


def test_missing_label_is_named_with_its_neighbours(tmp_path):
    file = write_npz(tmp_path, names=NAMES, bert=VECTORS)
    with pytest.raises(
        ValueError, match=r"v\.npz\).*label 'diningtable'; close to it: 'dining table'"
    ):
        read_label_vectors(file, ['cat', 'diningtable'])


def test_missing_word_is_named(tmp_path):
    (tmp_path / 'g.txt').write_text('traffic 1 2\n')
    with pytest.raises(ValueError, match=r"word 'light' of the label 'traffic light'"):
        read_label_vectors(tmp_path / 'g.txt', ['traffic light'])


def test_key_that_is_not_there_lists_those_that_are(tmp_path):
    file = write_npz(tmp_path, names=NAMES, bert=VECTORS, glove=VECTORS)
    with pytest.raises(ValueError, match=r"no key 'clip'; it has bert, glove"):
        read_label_vectors(file, NAMES, key='clip')
    with pytest.raises(ValueError, match=r'2 arrays: set key to one of bert, glove'):
        read_label_vectors(file, NAMES)


def test_number_of_rows_must_fit(tmp_path):
    np.save(tmp_path / 'v.npy', VECTORS)
    with pytest.raises(ValueError, match=r'\(3, 4\).*one row for each of 2 labels'):
        read_label_vectors(tmp_path / 'v.npy', ['cat', 'dog'])
    file = write_npz(tmp_path, names=NAMES[:2], bert=VECTORS)
    with pytest.raises(ValueError, match=r'each of 2 names in the file'):
        read_label_vectors(file, ['cat'])


def test_vector_that_is_not_finite_is_named(tmp_path):
    broken = VECTORS.copy()
    broken[1, 2] = np.nan
    np.save(tmp_path / 'v.npy', broken)
    with pytest.raises(ValueError, match=r"vector of 'dog' is not finite"):
        read_label_vectors(tmp_path / 'v.npy', NAMES)


def test_pickles_are_refused(tmp_path):
    np.save(tmp_path / 'v.npy', np.array([[{}]]), allow_pickle=True)
    with pytest.raises(ValueError, match=r'v\.npy .*holds more than plain arrays'):
        read_label_vectors(tmp_path / 'v.npy', ['cat'])


def test_unknown_ending_and_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r'v\.pth\) must end with one of \.npz'):
        read_label_vectors(tmp_path / 'v.pth', NAMES)
    with pytest.raises(FileNotFoundError, match=r'v\.npz\) does not exist'):
        read_label_vectors(tmp_path / 'v.npz', NAMES)
