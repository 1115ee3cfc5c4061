from pathlib import Path

import pytest
import torch
from mmpretrain.models.heads import MultiLabelClsHead, MultiLabelLinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures
from mvlr_mm.evaluation.counts import decide
from mvlr_mm.labels.thresholds import write_thresholds

NAMES = ['dog', 'cat', 'sea']
CONFIGS = [
    dict(type='SimilarityHead'),
    dict(type='VisualClassifierHead', num_classes=3, embed_dim=4),
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'thresholds.json'
    values = zip(NAMES, (0.25, 0.75, float('inf')), strict=True)
    write_thresholds(path, [dict(name=n, threshold=t) for n, t in values], {})
    return str(path)


@pytest.mark.parametrize('config', CONFIGS)
def test_every_label_has_its_own_threshold(config, file):
    head = MODELS.build(config | dict(thr=file))
    scores = torch.tensor([[0.3, 0.7, 0.99], [0.2, 0.75, 0.1]])
    found = head._get_predictions(torch.logit(scores.double()), None)
    assert [sample.pred_label.tolist() for sample in found] == [[0], [1]]
    torch.testing.assert_close(found[0].pred_score, scores[0].double())
    head.check_labels(['sea', 'dog', 'cat'])  # which CheckClassNames calls
    with pytest.raises(ValueError, match=r"not the same, first 'cow'; search"):
        head.check_labels(['dog', 'cat', 'cow'])
    assert not [key for key in head.state_dict() if 'thr' in key]


@pytest.mark.parametrize('kind', [str, Path])
def test_thresholds_go_by_name(file, kind):
    head = MODELS.build(dict(type='SimilarityHead', thr=kind(file)))
    labels = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    patches = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(1))
    feats = VLFeatures(patches, (2, 3), labels=labels, names=tuple(NAMES))
    order = [2, 0, 1]
    other = feats._replace(labels=labels[order], names=tuple(NAMES[i] for i in order))
    expected = [{NAMES[i] for i in s.pred_label} for s in head.predict(feats)]
    found = [{other.names[i] for i in s.pred_label} for s in head.predict(other)]
    assert found == expected
    thresholds = head.label_thresholds.beside(torch.ones(1, 3), other.names)
    assert thresholds.tolist() == [float('inf'), 0.25, 0.75]
    with pytest.raises(ValueError, match=r"the same, first 'cow'; .* set_classes"):
        head.predict(feats._replace(names=('dog', 'cow', 'sea')))


@pytest.mark.parametrize('config', CONFIGS)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
def test_labels_are_those_that_the_evaluation_decides(config, dtype):
    scores = torch.tensor([0.7, 0.3, 0.6, 0.1]).to(dtype)[None]
    logits = torch.logit(scores.double()).to(dtype)
    for thr in (0.7, *logits.sigmoid()[0].tolist()):
        head = MODELS.build(config | dict(thr=thr))
        found = head._get_predictions(logits, None)[0]
        kept = decide(found.pred_score[None], torch.ones(1, 4), thr).predicted[0]
        assert found.pred_label.tolist() == kept.nonzero()[0].tolist()
        assert head.thr == thr
    # 0.7 is above its nearest float32
    head.thr = 0.7
    predictions = head._get_predictions(torch.tensor([[0.8472978]]), None)
    assert float(predictions[0].pred_score) < 0.7
    assert not len(predictions[0].pred_label)


@pytest.mark.parametrize('config', CONFIGS)
def test_without_a_file_it_is_mmpretrains(config):
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    for options in ({}, dict(thr=0.3), dict(topk=2)):
        ours = MODELS.build(config | options)._get_predictions(logits, None)
        stock = MultiLabelClsHead(**options)._get_predictions(logits, None)
        pairs = zip(ours, stock, strict=True)
        assert all(torch.equal(a.pred_label, b.pred_label) for a, b in pairs)


@pytest.mark.parametrize(
    ('options', 'labels'),
    [(dict(thr=0.7), [0, 2]), (dict(topk=5), [0, 2, 1]), (dict(thr='file'), [0])],
)
def test_predicting_changes_nothing_that_other_threads_read(
    options, labels, file, monkeypatch
):
    options = {k: file if v == 'file' else v for k, v in options.items()}
    head = MODELS.build(CONFIGS[0] | options)

    def refuse(module, name, value):
        raise AssertionError(f'{name} is set')

    monkeypatch.setattr(type(head), '__setattr__', refuse)
    (sample,) = head._get_predictions(torch.tensor([[2.0, -1.0, 1.5]]), None)
    assert sample.pred_label.tolist() == labels


def test_a_file_of_other_labels_or_none_is_refused(file):
    head = MODELS.build(dict(type='SimilarityHead', thr=file))
    feats = VLFeatures(torch.randn(2, 6, 4), (2, 3), labels=torch.randn(5, 4))
    message = r'thr has thresholds for 3 labels and the model has 5; .* set_classes'
    with pytest.raises(ValueError, match=message):
        head.predict(feats)
    with pytest.raises(FileNotFoundError, match=r'thresholds \(gone\): no such file'):
        MODELS.build(dict(type='SimilarityHead', thr='gone'))
    with pytest.raises(ValueError, match='give thr of each label, or topk, not both'):
        MODELS.build(dict(type='SimilarityHead', thr=file, topk=3))


def test_loss_equals_that_of_mmpretrain():
    torch.manual_seed(0)
    loss = dict(type='LogitAsymmetricLoss', gamma_neg=2.0)
    ours = MODELS.build(
        dict(type='VisualClassifierHead', num_classes=5, embed_dim=8, loss=loss)
    )
    theirs = MultiLabelLinearClsHead(5, 8, loss=loss)
    theirs.fc.load_state_dict(ours.fc.state_dict())
    patches = torch.randn(4, 6, 8)
    samples = [
        DataSample().set_gt_label(labels) for labels in ([1, 4], [], [0], [4, 2, 3])
    ]
    found = ours.loss(VLFeatures(patches, (2, 3)), samples)
    expected = theirs.loss((patches.mean(1),), samples)
    torch.testing.assert_close(found, expected)
