import pytest
import torch
from torch import nn

from mvlr_mm.models.layers.cosine_scale import match_scale, register_scale


class Head(nn.Module):
    def __init__(self, given=None, follows=7.5):
        super().__init__()
        register_scale(self, given, follows)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        match_scale(self, state_dict, prefix, before=20.0)
        super()._load_from_state_dict(state_dict, prefix, *args)


def test_what_the_config_gives_goes_before_what_follows():
    assert Head().scale == 7.5
    assert Head(given=3).scale == 3
    assert Head(given=3).scale.dtype == torch.float32


@pytest.mark.parametrize(
    ('given', 'stored', 'expected'),
    [
        (None, True, 40.0),  # a checkpoint knows its own
        (None, False, 20.0),  # or is of before there was one
        (3.0, True, 3.0),
        (3.0, False, 3.0),
    ],
)
def test_a_checkpoint_knows_its_scale(given, stored, expected):
    model = nn.Sequential(Head(given))
    weights = nn.Sequential(Head(follows=40.0)).state_dict() if stored else {}
    model.load_state_dict(weights)
    assert model[0].scale == expected
