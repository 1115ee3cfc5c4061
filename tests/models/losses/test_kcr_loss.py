import math

import torch
from mmpretrain.registry import MODELS


def test_equals_eq_9_image_by_image():
    knowledge = torch.randn(3, 4, requires_grad=True)
    context = torch.randn(2, 3, 4, requires_grad=True)
    total = 0.0
    for image in context.tolist():
        for ka, ca in zip(knowledge.tolist(), image, strict=True):
            dot = sum(a * b for a, b in zip(ka, ca, strict=True))
            norms = math.sqrt(sum(a * a for a in ka) * sum(b * b for b in ca))
            total += (1 - dot / norms) / 6
    loss = MODELS.build(dict(type='KCRLoss', loss_weight=4.0))(knowledge, context)
    torch.testing.assert_close(loss, torch.tensor(4 * total))
    loss.backward()
    assert knowledge.grad.abs().sum() > 0
    assert context.grad.abs().sum() > 0


def test_same_vectors_cost_nothing_in_half_precision():
    labels = torch.randn(3, 8).bfloat16()
    loss = MODELS.build(dict(type='KCRLoss'))(labels, labels.expand(2, -1, -1))
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, torch.tensor(0.0), atol=1e-6, rtol=0)
