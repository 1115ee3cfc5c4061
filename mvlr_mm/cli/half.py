"""What ``--amp`` computes in."""

import logging

import torch
from mmengine.logging import print_log

from mvlr_mm.ops.bfloat16 import has_bfloat16


def half_type() -> torch.dtype | None:
    """Return bfloat16, or float16 on a GPU without it.

    Returns:
        The type; None on a CPU that has no instructions for bfloat16, with a word in
        the log: there float32 is the fastest.
    """
    if torch.cuda.is_available():
        works = torch.cuda.is_bf16_supported()
        return torch.bfloat16 if works else torch.float16
    if has_bfloat16():
        return torch.bfloat16
    print_log(
        '--amp: this CPU has no instructions for bfloat16 (AVX512_BF16, AMX), which '
        'would take several times as long; float32 stays.',
        logger='current',
        level=logging.WARNING,
    )
    return None
