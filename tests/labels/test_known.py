import numpy as np
import pytest

from mvlr_mm.labels.known import (
    COCO_CLASSES,
    KNOWN_LABELS,
    NUSWIDE_CLASSES,
    PA100K_NAMES,
    READABLE,
    VOC_CLASSES,
    VOC_NAMES,
    readable,
)
from mvlr_mm.labels.names import read_label_names


@pytest.mark.parametrize(
    ('names', 'file'), [(COCO_CLASSES, 'coco80'), (VOC_NAMES, 'voc20')]
)
def test_names_are_those_of_the_label_vectors(shared_data, names, file):
    path = shared_data / f'label_vectors/{file}.npz'
    with np.load(path, allow_pickle=False) as stored:
        assert list(names) == [str(name) for name in stored['names']]


def test_nuswide_names_are_the_concept_list(shared_data):
    text = (shared_data / 'label_vectors/nuswide_concepts81.txt').read_text()
    assert list(NUSWIDE_CLASSES) == text.split()


@pytest.mark.parametrize(
    ('key', 'count'),
    [('coco', 80), ('coco-by-name', 80), ('voc', 20), ('nuswide', 81), ('pa100k', 26)],
)
def test_every_list_has_its_number_of_distinct_readable_names(key, count):
    names = read_label_names(key)
    assert names is KNOWN_LABELS[key]
    assert len(set(names)) == count
    assert not set(names) & set(READABLE)  # nothing is left to be made readable
    assert all(name.islower() for name in names)


def test_readable_forms():
    assert readable(['diningtable', 'dog']) == ('dining table', 'dog')
    assert [n for n in VOC_CLASSES if ' ' in n] == [
        'dining table',
        'potted plant',
        'tv monitor',
    ]
    known = {*VOC_NAMES, *PA100K_NAMES}
    assert set(READABLE) <= known
    assert len(set(READABLE.values())) == len(READABLE)


def test_sorted_coco():
    assert KNOWN_LABELS['coco-by-name'][:2] == ('airplane', 'apple')
