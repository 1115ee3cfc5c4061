import itertools

import pytest
from timm.layers import padding

from mvlr_mm.export.same_padding import any_size_padding, same_padding


def test_equals_timms_for_every_size():
    for size, kernel, stride, dilation in itertools.product(
        range(1, 70), range(1, 8), range(1, 5), (1, 2)
    ):
        case = (size, kernel, stride, dilation)
        assert same_padding(*case) == padding.get_same_padding(*case), case


def test_timm_has_its_own_again_afterwards():
    own = padding.get_same_padding
    with any_size_padding():
        assert padding.get_same_padding is same_padding

    def fail():
        with any_size_padding():
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert padding.get_same_padding is own
