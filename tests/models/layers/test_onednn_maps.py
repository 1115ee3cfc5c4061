import copy
import pickle

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.utils.checkpoint import checkpoint

from mvlr_mm.models.layers.onednn_maps import (
    OneDNNLinear,
    OneDNNPixelMap,
    use_onednn,
)
from mvlr_mm.ops import onednn_linear, without_onednn


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def maps():
    return nn.Sequential(
        nn.Conv2d(5, 6, 1),
        nn.Conv2d(6, 6, 3, padding=1),
        nn.Conv2d(6, 6, 1, stride=2),
        nn.Conv2d(6, 6, 1, groups=2),
        nn.Flatten(2),
        nn.Linear(4, 3),
    )


def test_only_linear_maps_change_and_weights_keep_their_names(onednn):
    plain = maps()
    model = use_onednn(copy.deepcopy(plain))
    kinds = [OneDNNPixelMap, *[nn.Conv2d] * 3, nn.Flatten, OneDNNLinear]
    assert list(map(type, model)) == kinds
    assert list(model.state_dict()) == list(plain.state_dict())
    x = torch.randn(2, 5, 4, 4)
    torch.testing.assert_close(model(x), plain(x))
    assert onednn
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        torch.testing.assert_close(copied(x), plain(x))
        assert list(map(type, copied)) == kinds


def test_parts_that_are_computed_again_in_the_backward(onednn):
    part = use_onednn(nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3)))
    x = torch.randn(4, 7, 5, requires_grad=True)
    learned = [x, *part.parameters()]
    wanted = torch.autograd.grad(part(x).square().sum(), learned)
    onednn.clear()
    out = checkpoint(part, x, use_reentrant=False)
    found = torch.autograd.grad(out.square().sum(), learned)
    assert len(onednn) == 8  # forward twice, two gradients
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b)


def test_elsewhere_nothing_changes(monkeypatch):
    monkeypatch.setattr(onednn_linear, '_decided', lambda: False)
    model = use_onednn(maps())
    assert {type(part).__module__.split('.')[0] for part in model} == {'torch'}


def test_a_script_and_a_graph_have_torchs_own_maps(onednn):
    model = use_onednn(maps())
    x = torch.randn(2, 5, 4, 4)
    wanted = model(x)
    onednn.clear()
    torch.testing.assert_close(torch.jit.script(model)(x), wanted)
    graph = torch.export.export(model, (x,), strict=False).module()
    torch.testing.assert_close(graph(x), wanted)
    compiled = torch.compile(model, backend='eager', fullgraph=True)
    torch.testing.assert_close(compiled(x), wanted)
    assert onednn == []


def test_pixels_are_mapped_as_by_the_convolution(onednn, one_thread):
    torch.manual_seed(0)
    conv = nn.Conv2d(5, 6, 1).to(memory_format=torch.channels_last)
    exact = copy.deepcopy(conv).double()
    use_onednn(conv)
    x = torch.randn(2, 5, 4, 3).contiguous(memory_format=torch.channels_last)
    x.requires_grad_()
    weights = torch.randn(2, 6, 4, 3)

    def gradients(conv, x, weights):
        out = conv(x)
        loss = (out * weights).sum()
        return [out, *torch.autograd.grad(loss, [x, *conv.parameters()])]

    found = gradients(conv, x, weights)
    assert len(onednn) == 3
    assert found[0].is_contiguous(memory_format=torch.channels_last)
    wanted = gradients(exact, x.double(), weights.double())
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b.float(), rtol=1e-5, atol=1e-5)


def test_torch_maps_pixels_where_it_takes_onednn_itself(onednn, one_thread):
    conv = use_onednn(nn.Conv2d(5, 6, 1))
    last = dict(memory_format=torch.channels_last)
    conv(torch.randn(2, 5, 4, 3))
    conv(torch.randn(16, 5, 4, 3).contiguous(**last))
    conv(torch.randn(5, 4, 3))
    torch.set_num_threads(2)
    conv(torch.randn(2, 5, 4, 3).contiguous(**last))
    assert onednn == []


@pytest.mark.parametrize('kind', ['resnet', 'vit', 'timm-vit'])
def test_a_models_loss_and_gradients_stay(onednn, one_thread, tiny_clip, kind):
    text = dict(type='CLIPTextEncoder')
    built = MODELS.build(
        dict(
            type='VLClassifier',
            clip=tiny_clip(kind),
            backbone=dict(type='CLIPBackbone'),
            neck=dict(
                type='NeckSequence',
                prompt=dict(type='PDLR', text_encoder=text, classes=['cat', 'dog']),
                fusion=dict(type='IFM'),
                interaction=dict(type='QMVL'),
            ),
            head=dict(type='SimilarityHead'),
        )
    ).train()
    torch.manual_seed(0)
    images = torch.randn(2, 3, *(224 if kind == 'timm-vit' else 64,) * 2)
    samples = [DataSample().set_gt_score(torch.eye(2)[i]) for i in range(2)]
    names = [name for name, p in built.named_parameters() if p.requires_grad]
    learned = [built.get_parameter(name) for name in names]

    def step():
        torch.manual_seed(1)
        loss = sum(built(images, samples, mode='loss').values())
        return [loss, *torch.autograd.grad(loss, learned, allow_unused=True)]

    found = step()
    assert len(onednn) > 20
    onednn.clear()
    with without_onednn():
        wanted = step()
    assert onednn == []
    for name, a, b in zip(['loss', *names], found, wanted, strict=True):
        if b is not None:
            apart = (a - b).norm() / b.norm().clamp(min=1e-4)
            assert apart < 1e-5, (name, float(apart))
