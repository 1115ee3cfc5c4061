import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.structures import VLFeatures

NAMES = ['cat', 'dog', 'dining table']
FEATS = VLFeatures(visual=torch.zeros(2, 4, 5), grid=(2, 2))


@pytest.fixture
def file(tmp_path):
    vectors = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    np.savez(tmp_path / 'v.npz', names=NAMES, glove=vectors.numpy())
    return str(tmp_path / 'v.npz')


def build(file, classes=NAMES, embed_dim=5, **kwargs):
    return MODELS.build(
        dict(
            type='LabelVectors',
            file=file,
            classes=classes,
            embed_dim=embed_dim,
            **kwargs,
        )
    )


def test_vectors_of_the_right_width_pass_unchanged(file):
    neck = build(file, ['dog', 'cat'], embed_dim=4)
    out = neck(FEATS)
    expected = np.load(file)['glove'][[1, 0]]
    for field in (out.hard, out.soft, out.labels):
        np.testing.assert_array_equal(field.numpy(), expected)
    assert out.visual is FEATS.visual
    assert neck.classes == ('dog', 'cat')
    assert list(neck.parameters()) == []


def test_other_widths_go_through_a_trainable_map(file):
    neck = build(file, key='glove')
    out = neck(FEATS)
    vectors = torch.from_numpy(np.load(file)['glove'])
    expected = vectors @ neck.proj.weight.T + neck.proj.bias
    torch.testing.assert_close(out.labels, expected)
    out.labels.sum().backward()
    torch.testing.assert_close(
        neck.proj.weight.grad, vectors.sum(0).expand(5, -1).contiguous()
    )
    assert not neck.vectors.requires_grad


def test_stands_first_in_a_sequence_behind_any_backbone(file):
    neck = MODELS.build(
        dict(
            type='NeckSequence',
            dense=dict(type='DenseProjection', in_channels=6, out_channels=5),
            prompt=dict(type='LabelVectors', file=file, classes=NAMES, embed_dim=5),
        )
    )
    out = neck((torch.rand(2, 6, 3, 2),))
    assert isinstance(out, VLFeatures)
    assert out.visual.shape == (2, 6, 5)
    assert out.grid == (3, 2)
    assert out.labels.shape == (3, 5)


def test_set_classes_keeps_what_was_learned_and_the_dtype(file):
    neck = build(file).double()
    weight = neck.proj.weight
    before = neck(FEATS).labels
    neck.set_classes(['dining table'])
    assert neck.classes == ('dining table',)
    assert neck.proj.weight is weight
    torch.testing.assert_close(neck(FEATS).labels, before[2:])


def test_checkpoint_restores_the_vectors(file):
    neck, other = build(file), build(file)
    other.vectors.zero_()
    other.load_state_dict(neck.state_dict())
    torch.testing.assert_close(other(FEATS).labels, neck(FEATS).labels)


def test_checkpoint_of_other_labels_says_what_to_do(file):
    model = nn.Sequential(build(file, ['cat']))
    message = r"for 3 labels, the model has 1, .*only in the checkpoint: 'dog'.*set_c"
    with pytest.raises(ValueError, match=message):
        model.load_state_dict(nn.Sequential(build(file)).state_dict())


def test_label_without_vector_is_named(file):
    with pytest.raises(ValueError, match=r"no vector for the label 'horse'"):
        build(file, ['cat', 'horse'])
