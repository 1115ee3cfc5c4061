import torch

from mvlr_mm.models.text.fingerprint import fingerprint


def test_order_and_layout_do_not_matter():
    a, b = torch.randn(4, 5), torch.arange(3)
    expected = fingerprint({'a': a, 'b': b})
    assert fingerprint({'b': b, 'a': a.T.contiguous().T}) == expected
    assert len(expected) == 8


def test_every_bit_name_type_and_shape_matter():
    a = torch.randn(4, 5)
    flipped = a.clone()
    flipped.view(torch.int32)[3, 4] ^= 1
    others = [
        {'a': flipped},
        {'b': a},
        {'a': a.view(5, 4)},
        {'a': a.view(torch.int32)},
        {'a': a, 'b': torch.zeros(0)},
        {},
    ]
    found = {fingerprint(weights) for weights in others}
    assert len(found) == len(others)
    assert fingerprint({'a': a}) not in found


def test_single_numbers_and_half_precision_are_read():
    assert fingerprint({'a': torch.tensor(1.0)}) != fingerprint({'a': torch.ones(1)})
    assert fingerprint({'a': torch.ones(2).bfloat16()})
