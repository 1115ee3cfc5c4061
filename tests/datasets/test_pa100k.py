import sys

import numpy as np
import pytest

from mvlr_mm.datasets import PA100K
from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.labels.known import PA100K_CLASSES, PA100K_NAMES

scipy_io = pytest.importorskip('scipy.io')
LABELS = {'train': [[0, 4, 25], [], [2]], 'val': [[7]], 'test': [[24], [1, 6]]}


def cells(texts):
    array = np.empty((len(texts), 1), dtype=object)
    array[:, 0] = [np.array([text]) for text in texts]
    return array


def content():
    """What the authors' file holds, with fewer pictures."""
    arrays, number = dict(attributes=cells(PA100K_NAMES)), 0
    for split, labels in LABELS.items():
        rows = np.zeros((len(labels), 26), dtype=np.uint8)
        for row, found in zip(rows, labels, strict=True):
            row[found] = 1
        names = [f'{number + i + 1:06d}.jpg' for i in range(len(labels))]
        number += len(names)
        arrays[f'{split}_images_name'] = cells(names)
        arrays[f'{split}_label'] = rows
    return arrays


def make(folder, arrays=None, split='train', **options):
    (folder / 'data').mkdir(exist_ok=True)
    for i in range(6):
        (folder / f'data/{i + 1:06d}.jpg').touch()
    scipy_io.savemat(folder / 'annotation.mat', arrays or content())
    return PA100K(str(folder), split, **options)


@pytest.mark.parametrize('split', LABELS)
def test_every_split(tmp_path, split):
    dataset = make(tmp_path, split=split)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [info['gt_label'] for info in infos] == LABELS[split]
    assert dataset.metainfo['classes'] == PA100K_CLASSES
    first = {'train': 1, 'val': 4, 'test': 5}[split]
    assert infos[0]['img_path'] == f'{tmp_path}/data/{first:06d}.jpg'


def _without(key):
    arrays = content()
    del arrays[key]
    return arrays


def _with(key, change):
    arrays = content()
    arrays[key] = change(arrays[key])
    return arrays


@pytest.mark.parametrize(
    ('arrays', 'message'),
    [
        (
            _without('train_label'),
            r"annotation.mat has no array 'train_label'; it needs",
        ),
        (
            _with('attributes', lambda a: cells(['Male', *PA100K_NAMES[1:]])),
            r"attributes must be the 26 .* first difference: 'Male', not 'Female'",
        ),
        (
            _with('attributes', lambda a: a[:20]),
            r'attributes must be the 26 .* first difference: 20',
        ),
        (
            _with('train_label', lambda a: a[:2]),
            r'train_label has the shape \(2, 26\), and must have \(3, 26\)',
        ),
        (
            _with('train_label', lambda a: a.astype(int) - 1),
            r'train_label of 000001.jpg \(row 0\) has other values than 0 and 1',
        ),
        (
            _with('train_label', lambda a: np.where(a, np.nan, 0)),
            r'train_label of 000001.jpg \(row 0\) has other values than 0 and 1',
        ),
        (
            _with('train_images_name', lambda a: cells(['a.jpg', '', 'b.jpg'])),
            r'train_images_name, cell 1: \[.*\] must be one text; use the original',
        ),
        (
            _with('train_images_name', lambda a: cells(['a.jpg', 7, 'b.jpg'])),
            r'train_images_name, cell 1: \[7\] must be one text; use the original',
        ),
        (
            _with('train_images_name', lambda a: a[[0, 1, 0]]),
            r'train_images_name\[2\] lists .*000001.jpg, as .*train_images_name\[0\]',
        ),
    ],
)
def test_a_bad_file_is_explained(tmp_path, arrays, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path, arrays)


@pytest.mark.parametrize('spoil', [lambda b: b[:400], lambda b: b'x' * 500])
def test_a_file_that_was_cut_off(tmp_path, spoil):
    make(tmp_path)
    path = tmp_path / 'annotation.mat'
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ValueError, match=r'is no MATLAB file that scipy reads, or was'):
        PA100K(str(tmp_path), 'train')


def test_missing_files(tmp_path):
    make(tmp_path)
    (tmp_path / 'data/000002.jpg').unlink()
    with pytest.raises(FileNotFoundError, match=r'1 of the 3 pictures .*000002.jpg'):
        PA100K(str(tmp_path), 'train')
    with pytest.raises(FileNotFoundError, match=r'none.mat\) does not exist; check'):
        PA100K(str(tmp_path), 'train', ann_file='none.mat')


def test_without_scipy_it_says_what_to_install(tmp_path, monkeypatch):
    make(tmp_path)
    monkeypatch.setitem(sys.modules, 'scipy.io', None)
    with pytest.raises(ImportError, match=r'scipy.io is needed .* pip install'):
        PA100K(str(tmp_path), 'train')


def test_every_problem_is_collected(tmp_path):
    arrays = _with('train_label', lambda a: a * 2)
    problems = CollectedProblems()
    make(tmp_path, arrays, problems=problems)
    assert len(problems.found) == 2  # two of three rows have a 2


def test_unknown_split():
    with pytest.raises(ValueError, match=r"split \('valid'\) must be one of \('train'"):
        PA100K('nowhere', 'valid')
