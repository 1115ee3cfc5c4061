import pytest
import torch
from torch.nn import functional as F

from mvlr_mm.models.layers.unit_length import unit


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
def test_zeros_stay_zeros_in_every_precision(dtype):
    vectors = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)).to(dtype)
    vectors[1] = 0
    found = unit(vectors)
    assert not found[1].any()
    torch.testing.assert_close(found[[0, 2]], F.normalize(vectors, dim=-1)[[0, 2]])
