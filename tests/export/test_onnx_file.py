import pytest
import torch
from torch import nn

from mvlr_mm.export import onnx_file

pytest.importorskip('onnxscript')
pytest.importorskip('onnx')


class Remembering(nn.Module):
    """A weight of 4 KB, and 8 KB that a forward has remembered."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1000))
        self.labels = torch.zeros(2000)

    def forward(self, images):
        return images + self.weight.sum() + self.labels.sum()


@pytest.mark.parametrize('limit', [8000, 11_999, 12_000])
def test_constants_count_in_what_a_file_may_have(tmp_path, monkeypatch, limit):
    program = torch.export.export(Remembering(), (torch.zeros(1),), strict=False)
    monkeypatch.setattr(onnx_file, '_LIMIT', limit)
    path = tmp_path / 'x.onnx'
    if limit == 12_000:
        onnx_file.write_onnx(program, path, {})
        assert path.is_file()
        return
    with pytest.raises(ValueError, match='an ONNX file may have 2; choose --format'):
        onnx_file.write_onnx(program, path, {})
    assert not path.exists()


def test_a_torch_that_cannot_convert_a_scan_is_told_as_what_is_missing(monkeypatch):
    monkeypatch.setattr(onnx_file, '_CONVERTERS', 'torch.nothing')
    with pytest.raises(ImportError, match=r'install torch 2.10 or later, or choose'):
        onnx_file.check_onnx()
