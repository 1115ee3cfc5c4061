import importlib
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[4] / 'tools'))
launches = importlib.import_module('benchmarks.speed.launches')


def test_what_computes_is_counted_and_what_looks_is_not():
    x = torch.ones(2, 3, requires_grad=True)

    def function():
        y = (x.T[:1] * 2).exp()
        torch.empty(3)
        y.sum().backward()

    counted = launches.operators(function)
    assert counted['exp'] == 1
    assert counted['mul'] == 3  # the gradients of exp and of the product, too
    assert not {'t', 'transpose', 'slice', 'empty', 'expand'} & set(counted)
