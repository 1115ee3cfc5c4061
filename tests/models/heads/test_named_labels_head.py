import json

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures
from mvlr_mm.labels.known import COCO_CLASSES
from mvlr_mm.models.heads.visual_classifier_head import VisualClassifierHead

NAMES = ['cat', 'dog', 'sea']


def build(classes=None, num_classes=None, **more):
    return MODELS.build(
        dict(
            type='VisualClassifierHead',
            classes=classes,
            num_classes=num_classes,
            embed_dim=4,
            **more,
        )
    )


@pytest.fixture
def feats():
    return VLFeatures(torch.randn(2, 6, 4), (2, 3))


def test_labels_come_from_names_a_known_set_or_a_file(tmp_path):
    assert build(NAMES).classes == tuple(NAMES)
    assert build('coco').classes == COCO_CLASSES
    path = tmp_path / 'classes.json'
    path.write_text(json.dumps(NAMES))
    head = build(str(path))
    assert (head.classes, head.num_labels) == (tuple(NAMES), 3)
    assert build(NAMES, 3).fc.out_features == 3
    assert build(num_classes=5).classes is None


@pytest.mark.parametrize(
    ('classes', 'count', 'message'),
    [
        (None, None, r'classes=None and num_classes=None; give classes'),
        (None, 0, r'num_classes=0; give classes.*at least 1'),
        (NAMES, 4, r'num_classes is 4, but classes has 3 names; leave'),
        (['cat', 'cat'], None, r"'cat' occurs twice"),
    ],
)
def test_a_head_without_clear_labels_is_refused(classes, count, message):
    with pytest.raises(ValueError, match=message):
        build(classes, count)


def test_a_path_that_leads_nowhere_is_refused():
    with pytest.raises(FileNotFoundError, match=r'classes \(no_such\.txt\)'):
        build('no_such.txt')


def test_thresholds_go_by_the_names_of_the_head(feats):
    thresholds = {'sea': 0.0, 'dog': 1.0, 'cat': 1.0}
    head = build(NAMES, thr=thresholds)
    for sample in head.predict(feats):
        assert sample.pred_label.tolist() == [2]


def test_behind_a_prompt_stage_the_labels_must_be_its_own(feats):
    head = build(NAMES)
    head.predict(feats._replace(names=tuple(NAMES)))
    samples = [DataSample().set_gt_label([0]) for _ in range(2)]
    with pytest.raises(ValueError, match=r'VisualClassifierHead has learned a row'):
        head.loss(feats._replace(names=('dog', 'cat', 'sea')), samples)


def test_a_checkpoint_is_taken_by_name_before_any_picture(feats):
    trained, other = build(NAMES), build(['sea', 'cat', 'dog'])
    other.load_state_dict(trained.state_dict())
    assert torch.equal(other(feats), trained(feats)[:, [2, 0, 1]])
    with pytest.raises(ValueError, match='trained for 3 labels'):
        build(['sea', 'cat']).load_state_dict(trained.state_dict())


def test_the_width_of_the_patches_is_needed():
    with pytest.raises(TypeError, match='embed_dim'):
        VisualClassifierHead(3)
