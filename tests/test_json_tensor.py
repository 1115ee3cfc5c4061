import pytest
import torch

from mvlr_mm.json_tensor import decode, encode


def test_any_text_comes_back():
    content = {'classes': ['café', '猫', 'a "b"\n'], 'template': None, 'n': 3}
    stored = encode(content)
    assert stored.dtype == torch.uint8
    assert stored.dim() == 1
    assert decode(stored, 'x') == content


@pytest.mark.parametrize(
    'stored',
    [
        torch.tensor([123, 34], dtype=torch.uint8),
        torch.tensor([255], dtype=torch.uint8),
        torch.tensor([300]),
        torch.ones(2, 2),
        torch.tensor(list(b'5'), dtype=torch.uint8),
    ],
)
def test_other_tensors_are_named(stored):
    with pytest.raises(ValueError, match=r'^neck\.about of the checkpoint cannot be'):
        decode(stored, 'neck.about')
