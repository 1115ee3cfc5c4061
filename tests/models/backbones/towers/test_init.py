import pytest
from torch import nn

from mvlr_mm.models.backbones.towers import make_tower


def test_unknown_tower_is_named():
    with pytest.raises(ValueError, match=r'image tower Identity'):
        make_tower(nn.Identity())
