"""Labels that nobody knows cost nothing, whatever the system."""

from pathlib import Path

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

ROOT = Path(__file__).parents[3]
FREE = ('clip', 'sparc', 'tagclip')  # of training
LEAVES = sorted(
    path
    for path in ROOT.glob('configs/*/*_custom_small-clip.py')
    if not path.stem.startswith(FREE)
)


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_an_unknown_label_has_no_gradient(path, tiny_config):
    torch.manual_seed(0)
    model = MODELS.build(tiny_config(path).model).train()
    seen = []

    def look(module, inputs):
        inputs[0].retain_grad()
        seen.append(inputs[:2])

    model.head.loss_module.register_forward_pre_hook(look)
    for part in model.modules():  # such as the states that C-Tran tells
        if hasattr(part, 'most_told'):
            part.most_told = 0.0
    states = torch.tensor([[1, -1], [0, -1], [-1, 0]])
    samples = [DataSample().set_gt_score(row) for row in states]
    losses = model.loss(torch.randn(3, 3, 64, 64), samples)
    sum(losses.values()).backward()
    assert seen
    for logits, targets in seen:
        torch.testing.assert_close(targets, states.to(targets))
        if logits.grad is None:  # of a weight of 0
            continue
        assert (logits.grad[states < 0] == 0).all()
        assert (logits.grad[states == 1] != 0).all()
