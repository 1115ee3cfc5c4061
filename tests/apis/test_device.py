import pytest
import torch

from mvlr_mm.apis.device import choose_device


def test_what_is_there_is_taken():
    assert choose_device('cpu') == choose_device(torch.device('cpu'))
    assert choose_device().type in ('cpu', 'cuda')


MPS = pytest.param(
    'mps', marks=pytest.mark.skipif(torch.backends.mps.is_available(), reason='a Mac')
)


@pytest.mark.parametrize('device', ['gpu', 'cuda:99', MPS])
def test_what_is_not_there_is_named(device):
    text = rf'device \({device}\) cannot be used: .*\. Here are: cpu'
    with pytest.raises(ValueError, match=text):
        choose_device(device)
