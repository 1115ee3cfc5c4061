import math

import mpmath
import pytest
import torch
from mmpretrain.registry import MODELS

from mvlr_mm.models.losses import asymmetric_loss


def by_the_formula(logits, targets, gamma_pos, gamma_neg, clip):
    """Eq. 13, label by label, in Python floats."""
    rows = []
    for row, wanted in zip(logits.tolist(), targets.tolist(), strict=True):
        values = []
        for logit, y in zip(row, wanted, strict=True):
            p = 1 / (1 + math.exp(-logit))
            q = max(p - clip, 0)
            there = (1 - p) ** gamma_pos * math.log(p)
            absent = q**gamma_neg * math.log(1 - q)
            values.append(-there if y else -absent)
        rows.append(values)
    return torch.tensor(rows)


@pytest.mark.parametrize('gammas', [(0.0, 2.0), (1.0, 4.0)])
@pytest.mark.parametrize('clip', [0.0, 0.05])
def test_equals_the_formula(gammas, clip):
    logits, targets = 3 * torch.randn(6, 5), torch.randint(0, 2, (6, 5))
    expected = by_the_formula(logits, targets, *gammas, clip)
    torch.testing.assert_close(
        asymmetric_loss(logits, targets, *gammas, clip), expected
    )


def test_gradient_in_float64():
    logits = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 2, (3, 4))
    for clip in (0.0, 0.05):
        torch.autograd.gradcheck(
            lambda x, c=clip: asymmetric_loss(x, targets, 1.0, 2.0, c), logits
        )


@pytest.mark.parametrize('clip', [0.0, 0.05])
def test_a_detached_focus_weighs_the_slope_of_the_cross_entropy(clip):
    logits = (3 * torch.randn(6, 5, dtype=torch.float64)).requires_grad_()
    targets = torch.randint(0, 2, (6, 5)).double()
    p = logits.sigmoid()
    q = (p - clip).clamp(min=0)
    with torch.no_grad():
        focus = targets * (1 - p) + (1 - targets) * q**4
    expected = -focus * (targets * p.log() + (1 - targets) * (1 - q).log())
    module = dict(type='LogitAsymmetricLoss', gamma_pos=1.0, gamma_neg=4.0, clip=clip)
    module = MODELS.build(module | dict(detach_focus=True))
    found = module(logits, targets)
    torch.testing.assert_close(found, expected.sum() / 6)
    (ours,) = torch.autograd.grad(found, logits)
    (theirs,) = torch.autograd.grad(expected.sum() / 6, logits)
    torch.testing.assert_close(ours, theirs)
    plain = asymmetric_loss(logits, targets, 1.0, 4.0, clip).sum() / 6
    torch.testing.assert_close(found, plain)
    assert not torch.autograd.grad(plain, logits)[0].allclose(ours)


def exact(logit, y, gamma_pos, gamma_neg, clip):
    """Value and slope of the formula, to 60 digits."""
    with mpmath.workdps(120):
        x = mpmath.mpf(logit)
        p, rest = 1 / (1 + mpmath.exp(-x)), 1 / (1 + mpmath.exp(x))
        if y:
            focus = rest**gamma_pos
            log, slope = mpmath.log(p), rest
            focus_slope = -gamma_pos * focus * p
        else:
            q = p - clip
            if q <= 0:
                return 0.0, 0.0
            log, slope = mpmath.log(rest + clip), -p * rest / (rest + clip)
            focus = q**gamma_neg
            focus_slope = gamma_neg * focus / q * p * rest
        return float(-focus * log), float(-(focus_slope * log + focus * slope))


LOGITS = [-200, -110, -87.5, -60, -17, -3, -0.4, 0.3, 2, 3.5, 17, 25, 60, 90, 110, 200]


@pytest.mark.parametrize('clip', [0.0, 1e-9, 0.05])
@pytest.mark.parametrize('gamma', [0.0, 1e-3, 0.5, 1.0, 2.0, 7.5])
@pytest.mark.parametrize(
    'dtype', [torch.float64, torch.float32, torch.bfloat16, torch.float16]
)
def test_equals_exact_arithmetic_at_any_logit(clip, gamma, dtype):
    logits = torch.tensor([LOGITS, LOGITS], dtype=dtype, requires_grad=True)
    targets = torch.tensor([[1], [0]]).expand(2, len(LOGITS))
    loss = asymmetric_loss(logits, targets, gamma, gamma, clip)
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    wanted = [
        [exact(x, y, gamma, gamma, clip) for x in row]
        for row, y in zip(logits.tolist(), (1, 0), strict=True)
    ]
    wanted = torch.tensor(wanted, dtype=torch.float64)
    torch.testing.assert_close(loss, wanted[..., 0].to(loss.dtype))
    torch.testing.assert_close(gradient, wanted[..., 1].to(dtype))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(gamma_pos=-1.0),
            r'gamma_pos \(-1.0\) must be a finite number, at least 0',
        ),
        (
            dict(gamma_neg=float('nan')),
            r'gamma_neg \(nan\) must be a finite number, at least 0',
        ),
        (
            dict(clip=1.0),
            r'clip \(1.0\) must be a finite number, at least 0 and below 1',
        ),
        (dict(clip=-0.1), r'clip \(-0.1\) must be a finite number, at least 0'),
    ],
)
def test_settings_without_a_meaning_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type='LogitAsymmetricLoss', **options))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_confident_half_precision_logits_stay_finite(dtype):
    logits = torch.tensor([[-60.0, 60.0]], dtype=dtype, requires_grad=True)
    loss = asymmetric_loss(logits, torch.tensor([[1, 0]]))
    loss.sum().backward()
    torch.testing.assert_close(loss, torch.tensor([[60.0, 60.0]]))
    assert logits.grad.isfinite().all()


def test_reductions_differ_by_the_number_of_labels():
    logits, targets = torch.randn(4, 5), torch.randint(0, 2, (4, 5)).float()
    build = MODELS.build
    total = build(dict(type='LogitAsymmetricLoss', reduction='sum'))(logits, targets)
    mean = build(dict(type='LogitAsymmetricLoss', reduction='mean'))(logits, targets)
    torch.testing.assert_close(mean, asymmetric_loss(logits, targets).mean())
    torch.testing.assert_close(total, 5 * mean)


def test_sum_without_clip_equals_mmpretrains_loss():
    logits, targets = torch.randn(4, 5), torch.randint(0, 2, (4, 5)).float()
    stock = MODELS.build(
        dict(type='AsymmetricLoss', gamma_pos=0.0, gamma_neg=2.0, clip=0.0)
    )
    ours = MODELS.build(dict(type='LogitAsymmetricLoss'))
    torch.testing.assert_close(
        ours(logits, targets, avg_factor=4), stock(logits, targets, avg_factor=4)
    )


def test_weight_and_factor():
    logits, targets = torch.randn(4, 5), torch.randint(0, 2, (4, 5)).float()
    loss = MODELS.build(dict(type='LogitAsymmetricLoss', loss_weight=3.0))
    weight = torch.rand(4, 5)
    expected = 3 * (asymmetric_loss(logits, targets) * weight).sum() / 2
    torch.testing.assert_close(loss(logits, targets, weight, avg_factor=2), expected)


def test_unknown_reduction():
    with pytest.raises(ValueError, match=r"reduction \('avg'\) must be one of"):
        MODELS.build(dict(type='LogitAsymmetricLoss', reduction='avg'))


def loop_without_left_out(logits, targets, reduction):
    """The loss of an image is the sum or mean over the labels that count."""
    total = torch.zeros((), dtype=logits.dtype)
    for row, wanted in zip(logits, targets.tolist(), strict=True):
        terms = []
        for x, y in zip(row, wanted, strict=True):
            if y == 1:
                terms.append(-x.sigmoid().log())
            elif y == 0:
                terms.append(-(x.sigmoid() ** 2) * (1 - x.sigmoid()).log())
        if terms:
            value = torch.stack(terms).sum()
            total = total + (value / len(terms) if reduction == 'mean' else value)
    return total / len(logits)


@pytest.mark.parametrize('reduction', ['sum', 'mean'])
def test_entries_below_zero_are_left_out(reduction):
    rows = [[1, 0, -1, 0], [-1, 1, 1, -1], [-1, 1, -1, -1], [-1] * 4, [0, 1, 0, 0]]
    targets = torch.tensor(rows)
    logits = (2 * torch.randn(5, 4, dtype=torch.float64)).requires_grad_()
    loss = MODELS.build(dict(type='LogitAsymmetricLoss', reduction=reduction))
    value = loss(logits, targets.float())
    expected = loop_without_left_out(logits, targets, reduction)
    torch.testing.assert_close(value, expected)
    gradient, by_hand = (torch.autograd.grad(v, logits)[0] for v in (value, expected))
    torch.testing.assert_close(gradient, by_hand)
    assert (gradient[targets < 0] == 0).all()


@pytest.mark.parametrize('gamma', [0.0, 2.0])
def test_a_probability_at_the_margin_costs_nothing(gamma):
    logits = torch.zeros(1, 1, requires_grad=True)  # a probability of 0.5
    loss = asymmetric_loss(logits, torch.zeros(1, 1), 0.0, gamma, 0.5)
    loss.backward()
    assert loss.item() == logits.grad.item() == 0


def test_confident_logits_of_left_out_labels_do_no_harm():
    logits = torch.tensor([[1e30, -1e30, 0.0]], requires_grad=True)
    loss = asymmetric_loss(logits, torch.tensor([[-1, -1, 1]]), 0.0, 2.0, 0.05).sum()
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()
