import math

import pytest
import torch
from mmpretrain.registry import MODELS

LOGITS = torch.tensor([[[0.0, 1.0], [2.0, 1.0], [4.0, -2.0]]])  # 1 image, 3 patches


@pytest.mark.parametrize(
    ('config', 'expected'),
    [
        (dict(type='MeanPatchPooling'), [2.0, 0.0]),
        (dict(type='MaxPatchPooling'), [4.0, 1.0]),
        (dict(type='TopKPatchPooling', k=2), [3.0, 1.0]),
        (dict(type='TopKPatchPooling', k=9), [2.0, 0.0]),
    ],
)
def test_pools_over_patches(config, expected):
    torch.testing.assert_close(MODELS.build(config)(LOGITS), torch.tensor([expected]))


def test_softmax_weighs_by_the_logit_itself():
    pool = MODELS.build(dict(type='SoftmaxPatchPooling', temperature=2.0))
    w = [math.exp(x / 2) for x in (0, 2, 4)]
    expected = (2 * w[1] + 4 * w[2]) / sum(w)
    assert pool(LOGITS)[0, 0].item() == pytest.approx(expected)


def test_softmax_lies_between_mean_and_max():
    logits = torch.randn(2, 9, 4)
    hot = MODELS.build(dict(type='SoftmaxPatchPooling', temperature=1e6))(logits)
    cold = MODELS.build(dict(type='SoftmaxPatchPooling', temperature=1e-4))(logits)
    torch.testing.assert_close(hot, logits.mean(1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(cold, logits.amax(1), atol=1e-3, rtol=1e-3)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match=r'k \(0\) must be a whole number'):
        MODELS.build(dict(type='TopKPatchPooling', k=0))
    with pytest.raises(
        ValueError, match=r'temperature \(0\) must be a finite number, above 0'
    ):
        MODELS.build(dict(type='SoftmaxPatchPooling', temperature=0))


@pytest.mark.parametrize(
    'config',
    [
        dict(type='MeanPatchPooling'),
        dict(type='MaxPatchPooling'),
        dict(type='TopKPatchPooling', k=2),
        dict(type='SoftmaxPatchPooling', temperature=2.0),
    ],
    ids=lambda config: config['type'],
)
def test_the_gradient_is_that_of_finite_differences(config):
    logits = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(MODELS.build(config), logits)
