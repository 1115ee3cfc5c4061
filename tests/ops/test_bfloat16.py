import platform
from pathlib import Path

import pytest
import torch

from mvlr_mm.ops.bfloat16 import has_bfloat16

INTEL = ('_is_avx512_bf16_supported', '_is_amx_tile_supported')


@pytest.mark.skipif(
    not Path('/proc/cpuinfo').exists() or platform.machine() != 'x86_64',
    reason='the flags of another kind of processor',
)
def test_is_what_the_processor_says():
    text = Path('/proc/cpuinfo').read_text()
    line = next(line for line in text.splitlines() if line.startswith('flags'))
    assert has_bfloat16() == bool({'avx512_bf16', 'amx_bf16'} & set(line.split()))


@pytest.mark.parametrize('machine', ['x86_64', 'AMD64'])
def test_either_kind_of_instructions_will_do(monkeypatch, machine):
    monkeypatch.setattr(platform, 'machine', lambda: machine)
    for there in ((), INTEL[:1], INTEL[1:], INTEL):
        for name in INTEL:
            monkeypatch.setattr(torch.cpu, name, lambda found=name in there: found)
        assert has_bfloat16() == bool(there)


def test_onednn_knows_of_other_processors(monkeypatch):
    """AVX512's flags say nothing there."""
    monkeypatch.setattr(platform, 'machine', lambda: 'aarch64')
    for name in INTEL:
        monkeypatch.setattr(torch.cpu, name, lambda: True)
    for works in (True, False):
        monkeypatch.setattr(
            torch.ops.mkldnn, '_is_mkldnn_bf16_supported', lambda works=works: works
        )
        assert has_bfloat16() == works
