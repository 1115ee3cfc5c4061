import pytest
import torch
from torch import nn

from mvlr_mm.models.layers.cosine_scale import match_scale, register_scale


class Head(nn.Module):
    def __init__(self, given=None, trained=15.0):
        super().__init__()
        register_scale(self, given, trained, share=0.5)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        match_scale(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


def test_what_the_config_gives_goes_before_what_follows():
    assert Head().scale == 7.5
    assert Head(given=3).scale == 3
    assert Head(given=3).scale.dtype == torch.float32
    assert Head(trained=None).scale == 50


@pytest.mark.parametrize('wrong', [0, -1.0, float('nan'), float('inf'), '3'])
def test_a_scale_is_a_finite_number_above_0(wrong):
    with pytest.raises(ValueError, match=r'Head: scale \(.*\) must be a finite number'):
        Head(given=wrong)
    with pytest.raises(ValueError, match=r'Head: trained_scale \(.*\) must be a fin'):
        Head(trained=wrong)


@pytest.mark.parametrize(('given', 'expected'), [(None, 40.0), (3.0, 3.0)])
def test_a_checkpoint_knows_its_scale(given, expected):
    model = nn.Sequential(Head(given))
    model.load_state_dict(nn.Sequential(Head(trained=80.0)).state_dict())
    assert model[0].scale == expected


def test_weights_without_a_scale_are_refused_where_none_is_given():
    with pytest.raises(RuntimeError, match='Missing key'):
        Head().load_state_dict({})
    head = Head(given=3)
    head.load_state_dict({})
    assert head.scale == 3
