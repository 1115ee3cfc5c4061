import pytest
import torch
from torch import nn

from mvlr_mm.models.backbones.towers.base import flatten, fold, last_rows


@pytest.mark.parametrize('value_bias', [True, False])
@pytest.mark.parametrize('output_bias', [True, False])
def test_fold_is_the_product_of_the_maps(value_bias, output_bias):
    value, output = nn.Linear(6, 5, bias=value_bias), nn.Linear(5, 4, bias=output_bias)
    x = torch.randn(3, 6)
    torch.testing.assert_close(fold(value, output)(x), output(value(x)))


@pytest.mark.parametrize('bias', [True, False])
def test_last_rows_are_the_last_part_of_a_joint_map(bias):
    joint, x = nn.Linear(4, 9, bias=bias), torch.randn(2, 4)
    torch.testing.assert_close(last_rows(joint, 3)(x), joint(x).chunk(3, dim=-1)[2])


def test_flatten_goes_row_by_row():
    maps = torch.randn(2, 3, 4, 5)
    patches, grid = flatten(maps)
    assert grid == (4, 5)
    assert torch.equal(patches[1, 2 * 5 + 3], maps[1, :, 2, 3])
