import pytest
import torch
from torch import nn

from mvlr_mm.models.backbones.layout import in_layout, suits_channels_last


class Deformable(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, 8, 1, 1))


@pytest.mark.parametrize(
    ('parts', 'expected'),
    [
        ([nn.Conv2d(3, 8, 3), nn.Linear(8, 8)], True),
        ([nn.Conv2d(3, 8, 3), nn.Linear(8, 64)], False),
        ([nn.Conv2d(3, 8, 3), nn.ConvTranspose2d(8, 8, 3)], True),
        ([nn.Conv2d(3, 8, 3), Deformable()], False),
        ([nn.Identity()], False),
    ],
)
def test_most_weights_are_plain_convolutions(parts, expected):
    assert suits_channels_last(nn.Sequential(*parts)) == expected


def test_maps_are_laid_out_and_tokens_are_not():
    maps, tokens = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4)
    last = in_layout(maps, True)
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(last, maps)
    assert in_layout(maps, False) is maps
    assert in_layout(tokens, True) is tokens
