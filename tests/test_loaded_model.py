import dataclasses

import pytest

from mvlr_mm.apis import MultiLabelInferencer, load_model
from mvlr_mm.export import describe_model
from mvlr_mm.packs.settings import model_settings

OTHERS = ('moon', 'zebra', 'boat')


def test_labels_that_were_changed_after_loading_get_no_names_of_others(trained):
    loaded = load_model(trained.folder)
    infer = MultiLabelInferencer(loaded, device='cpu')
    loaded.model.neck.set_classes(OTHERS)
    for use in (
        lambda: infer(trained.pictures),
        lambda: describe_model(loaded),
        lambda: model_settings(loaded, with_text=False),
        lambda: dataclasses.replace(loaded, thresholds=None),
    ):
        with pytest.raises(ValueError, match=r"label 0 is 'cat' and 'moon'.*replace"):
            use()
    names = loaded.model.neck.classes
    changed = dataclasses.replace(loaded, classes=names, thresholds=None)
    (found,) = MultiLabelInferencer(changed, device='cpu')(trained.pictures[0], thr=0)
    assert {name for name, _ in found.tags} == set(OTHERS)
    assert describe_model(changed)['labels'] == list(OTHERS)


def test_fewer_labels_are_told_as_well(trained):
    loaded = load_model(trained.folder)
    loaded.model.neck.set_classes(('cat',))
    with pytest.raises(ValueError, match='name 3 labels, and the model recognises 1,'):
        loaded.check_labels()
