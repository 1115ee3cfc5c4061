import pytest
import torch
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
