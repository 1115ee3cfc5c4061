import math

import pytest
import torch

from mvlr_mm.models.heads.probabilities import probabilities


def test_is_the_sigmoid_rounded_once():
    logits = torch.linspace(-30, 30, 1001)
    for logit, found in zip(logits.tolist(), probabilities(logits), strict=True):
        assert found == torch.tensor(1 / (1 + math.exp(-logit)), dtype=torch.float32)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_a_score_does_not_depend_on_its_place(dtype):
    logits = torch.randn(1000, generator=torch.Generator().manual_seed(0)).to(dtype)
    found = probabilities(logits)
    assert found.dtype == dtype
    assert found.equal(torch.cat([probabilities(x) for x in logits.split(1)]))
    assert found[3:].equal(probabilities(logits[3:]))
