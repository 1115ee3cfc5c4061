import logging

import pytest
import torch

from mvlr_mm.cli import half


@pytest.mark.parametrize(
    ('gpu', 'works', 'expected'),
    [
        (True, True, torch.bfloat16),
        (True, False, torch.float16),
        (False, True, torch.bfloat16),
        (False, False, None),
    ],
)
def test_is_what_the_device_computes_in(monkeypatch, gpu, works, expected):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda: gpu and works)
    monkeypatch.setattr(half, 'has_bfloat16', lambda: not gpu and works)
    said = []
    monkeypatch.setattr(half, 'print_log', lambda *args, **kw: said.append((args, kw)))
    assert half.half_type() == expected
    assert len(said) == (expected is None)
    for (text,), kw in said:
        assert 'no instructions for bfloat16' in text
        assert kw['level'] == logging.WARNING
