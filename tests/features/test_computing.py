import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.features.computing import FrozenPart, Views
from mvlr_mm.models.backbones import DenseBackbone

PIXELS = dict(type='ClsDataPreprocessor')


class Skips(nn.Module):
    """A trunk whose last part takes what the first gave as well."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 8, 8)
        self.second = nn.Conv2d(8, 8, 1)
        self.third = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        first = self.first(x)
        return self.third(self.second(first) - first)


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Second(nn.Module):
    def forward(self, pair):
        return pair[1]


@pytest.fixture
def backbone():
    trunk = dict(type='ResNet', depth=18, stem_channels=8, base_channels=8)
    made = DenseBackbone(trunk, in_channels=8)
    made.trunk = Skips()
    return made


@pytest.fixture
def images():
    return list(torch.rand(2, 3, 16, 16))


def test_a_view_leaves_all_random_numbers_of_a_run_as_they_were(monkeypatch):
    gpus = []
    monkeypatch.setattr(torch.cuda, 'manual_seed_all', gpus.append)
    before = torch.get_rng_state()
    picture = torch.zeros(3, 8, 8)
    torch.testing.assert_close(Views([{'inputs': picture}], [], 1, seed=0)[0], picture)
    assert torch.equal(torch.get_rng_state(), before)
    assert not gpus


def test_what_a_part_gives_is_kept(backbone, images):
    found = FrozenPart(backbone, 'trunk.first', PIXELS)(images)
    assert found.dtype == torch.float16
    expected = backbone.trunk.first(torch.stack(images))
    torch.testing.assert_close(found.float(), expected, rtol=1e-3, atol=1e-3)


class Noisy(nn.Module):
    """A use of the first convolution's output that no module shows."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.last = nn.Conv2d(3, 8, 8, 8), *two_more()

    def forward(self, x):
        maps = self.conv(x)
        return self.last(self.bn(maps) + maps)


def two_more():
    norm = nn.BatchNorm2d(8)
    for values in (norm.running_mean, norm.running_var, norm.weight, norm.bias):
        nn.init.uniform_(values, 0.5, 2)
    return norm, nn.Conv2d(8, 8, 1)


@pytest.mark.parametrize('stage', ['trunk.1', 'trunk'])
def test_folded_norms_change_rounding_alone(backbone, images, stage):
    backbone.trunk = nn.Sequential(nn.Conv2d(3, 8, 8, 8), *two_more(), nn.ReLU())
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    part = FrozenPart(backbone, stage, PIXELS)
    plain = part(images)
    part.fold(images[0])
    assert not any(isinstance(m, nn.BatchNorm2d) for m in part.backbone.modules())
    torch.testing.assert_close(part(images), plain, rtol=2e-3, atol=2e-3)
    after = backbone.state_dict()  # another's, such as that of a training
    assert all(torch.equal(before[key], after[key]) for key in after | before)


@pytest.mark.parametrize('copies', [True, False])
def test_norms_that_cannot_be_folded_stay(backbone, images, copies):
    backbone.trunk = Noisy()
    if not copies:
        backbone.trunk = nn.Sequential(nn.Conv2d(3, 8, 8, 8), *two_more())
        backbone.made = torch.ones(1, requires_grad=True) * 2  # torch copies no such
    part = FrozenPart(backbone, 'trunk', PIXELS)
    plain = part(images)
    part.fold(images[0])
    assert torch.equal(part(images), plain)


def test_what_follows_in_place_changes_nothing_that_is_kept(images):
    trunk = dict(type='ResNet', depth=18, stem_channels=8, base_channels=8)
    backbone = MODELS.build(dict(type='DenseBackbone', trunk=trunk, in_channels=64))
    images = [F.interpolate(x[None], 64)[0] for x in images]
    part = FrozenPart(backbone, 'trunk.bn1', PIXELS)
    first, second = part(images), part(images)
    assert first.min() < 0  # a rectifier that writes into its input follows
    assert torch.equal(first, second)


def test_a_trunk_that_does_not_go_on_from_there_is_refused(backbone, images):
    with pytest.raises(ValueError, match=r'behind trunk\.second .*\(others by \d+'):
        FrozenPart(backbone, 'trunk.second', PIXELS)(images)


def test_a_trunk_that_fails_from_there_on_is_refused(backbone, images):
    backbone.trunk.second = nn.Sequential(nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1))
    with pytest.raises(ValueError, match=r'behind trunk\.second\.0 .*RuntimeError'):
        FrozenPart(backbone, 'trunk.second.0', PIXELS)(images)


@pytest.mark.parametrize(
    ('height', 'width', 'message'),
    [
        (32, 32, ''),
        (32, 64, r'grid of \(2, 2\) in the place of \(2, 4\)'),
        (32, 128, r'grid of \(4, 4\) in the place of \(2, 8\)'),
    ],
)
def test_tokens_of_a_block_lie_as_in_the_towers_own_size_or_in_a_square(
    tiny_clip, height, width, message
):
    backbone = MODELS.build(dict(type='CLIPBackbone', **tiny_clip('vit')))
    part = FrozenPart(backbone, 'tower.trunk.transformer.resblocks.0', PIXELS)
    images = list(torch.rand(2, 3, height, width))
    if message:
        with pytest.raises(ValueError, match=message):
            part(images)
    else:
        assert part(images).shape == (2, 1 + 4, 32)


def test_a_part_that_gives_no_tensor_is_refused(backbone, images):
    backbone.trunk = nn.Sequential(nn.Conv2d(3, 8, 8, 8), Pair(), Second())
    with pytest.raises(ValueError, match=r'trunk\.1 of DenseBackbone gives no tensor'):
        FrozenPart(backbone, 'trunk.1', PIXELS)(images)
