import pytest
import timm
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.apis import fold_norms


def shake_norms(model):
    """Give every norm statistics and weights of its own, so that folding can err."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.5, 0.5)
    return model.eval()


def norms(model):
    kind = nn.modules.batchnorm._BatchNorm
    return sum(isinstance(module, kind) for module in model.modules())


@torch.no_grad()
def check(model, images, expected):
    before = model(images)
    assert norms(model) == expected
    assert fold_norms(model, lambda: model(images)) == expected
    assert norms(model) == 0
    torch.testing.assert_close(model(images), before, rtol=1e-4, atol=1e-4)
    return before


@pytest.mark.parametrize(
    'layers',
    [
        [nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)],
        [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False), nn.ReLU()],
        [nn.Conv2d(3, 6, 3, groups=3), nn.BatchNorm2d(6, eps=0.1)],
        [nn.Conv2d(3, 4, 3), nn.SyncBatchNorm(4)],
    ],
)
def test_a_convolution_and_its_norm_become_one(layers):
    torch.manual_seed(0)
    check(shake_norms(nn.Sequential(*layers)), torch.randn(2, 3, 8, 8), 1)


def test_one_dimension():
    model = shake_norms(nn.Sequential(nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4)))
    check(model, torch.randn(2, 3, 8), 1)


def test_the_activation_inside_timms_norms_stays():
    torch.manual_seed(0)
    model = timm.create_model('mobilenetv3_small_050', num_classes=5)
    inside = [m for m in model.modules() if isinstance(m, timm.layers.BatchNormAct2d)]
    assert inside
    check(shake_norms(model), torch.randn(1, 3, 64, 64), norms(model))


def test_mmpretrains_resnet():
    torch.manual_seed(0)
    backbone = MODELS.build(dict(type='ResNet', depth=18))
    model = nn.Sequential(backbone, Last())
    check(shake_norms(model), torch.randn(1, 3, 64, 64), norms(model))


class Last(nn.Module):
    def forward(self, maps):
        return maps[-1]


def untouched(model, shape=(2, 3, 8, 8)):
    images = torch.randn(shape)
    count = norms(model)
    with torch.no_grad():
        before = model(images)
        assert fold_norms(model, lambda: model(images)) == 0
        assert torch.equal(model(images), before)
    assert norms(model) == count


def test_a_norm_without_a_convolution_before_it_stays():
    untouched(shake_norms(nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3))))
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4))
    untouched(shake_norms(model))


def test_a_norm_on_the_batchs_own_statistics_stays():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)
    )
    untouched(model.eval())


class Twice(nn.Module):
    """A convolution whose output goes to two modules."""

    def __init__(self, second):
        super().__init__()
        self.conv, self.norm, self.second = (
            nn.Conv2d(3, 4, 3),
            nn.BatchNorm2d(4),
            second,
        )

    def forward(self, images):
        maps = self.conv(images)
        return self.norm(maps) + self.second(maps)


def test_a_convolution_that_others_use_too_stays():
    torch.manual_seed(0)
    untouched(shake_norms(Twice(nn.ReLU())))


class Shared(nn.Module):
    """A convolution that is called twice."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)

    def forward(self, images):
        return self.norm(self.conv(images + self.conv(images)))


def test_a_convolution_that_is_called_twice_stays():
    torch.manual_seed(0)
    untouched(shake_norms(Shared()))


class Hidden(nn.Module):
    """A use of the convolution's output that no module shows."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images):
        maps = self.conv(images)
        return self.norm(maps) + maps


def test_a_use_that_cannot_be_seen_is_found_by_the_result():
    torch.manual_seed(0)
    model, images = shake_norms(Hidden()), torch.randn(2, 3, 8, 8)
    with pytest.raises(RuntimeError, match=r'Folding 1 norms changed the output by'):
        fold_norms(model, lambda: model(images))


def test_training_mode_is_refused():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    with pytest.raises(ValueError, match=r'model in eval mode; call model\.eval'):
        fold_norms(model, lambda: model(torch.randn(2, 3, 8, 8)))
