import pytest
import torch
from mmpretrain.registry import MODELS

from mvlr_mm.apis import load_model
from mvlr_mm.apis.retag import retagged


def test_all_weights_are_shared_and_none_changes(trained):
    model = load_model(trained.folder).model
    before = {k: v.clone() for k, v in model.state_dict().items()}
    other = retagged(model, ['zebra', 'dog', 'moon', 'sea'])
    assert other.neck.classes == ('zebra', 'dog', 'moon', 'sea')
    assert model.neck.classes == ('cat', 'dog', 'boat')
    after = model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    assert all(a is b for a, b in pairs)


def test_models_without_a_text_side_refuse(trained):
    stock = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='LeNet5'),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=120),
        )
    )
    with pytest.raises(ValueError, match='MultiLabelLinearClsHead has no text side'):
        retagged(stock, ['zebra'])
    model = load_model(trained.folder).model
    head = dict(type='VisualClassifierHead', num_classes=3, embed_dim=16)
    model.head = MODELS.build(head)
    with pytest.raises(ValueError, match='VisualClassifierHead has learned a row'):
        retagged(model, ['zebra', 'dog', 'moon'])
