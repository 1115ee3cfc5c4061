"""Whether a CPU computes in bfloat16 by itself."""

import platform

import torch


def has_bfloat16() -> bool:
    """Return whether this CPU has instructions for bfloat16.

    Without them torch computes in it all the same, and takes several times as long as
    in float32.
    """
    if platform.machine().lower() in ('x86_64', 'amd64'):
        # AMX has it in all of its versions
        return (
            torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        )
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()
