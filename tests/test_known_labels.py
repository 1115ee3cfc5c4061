import numpy as np

from mvlr_mm.known_labels import COCO_CLASSES, KNOWN_LABELS


def test_coco_names_are_80_distinct_ones_in_category_order(shared_data):
    with np.load(shared_data / 'label_vectors/coco80.npz', allow_pickle=False) as file:
        names = [str(name) for name in file['names']]
    assert list(COCO_CLASSES) == names
    assert KNOWN_LABELS['coco'] is COCO_CLASSES
