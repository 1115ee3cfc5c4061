"""Numeric kernels; the only place that knows which implementations exist."""

from .causal_conv import causal_conv_silu
from .onednn_linear import linear, prefers_onednn, uses_onednn, without_onednn
from .passes_check import passes_work
from .selective_scan import (
    available_backends,
    check_backend,
    choose_backend,
    prefers_short_scans,
    selective_scan,
    selective_scan_ref,
    selective_scan_triton,
)
from .triton_passes import conv_passes, merge_passes

__all__ = [
    'available_backends',
    'causal_conv_silu',
    'check_backend',
    'choose_backend',
    'conv_passes',
    'linear',
    'merge_passes',
    'passes_work',
    'prefers_onednn',
    'prefers_short_scans',
    'selective_scan',
    'selective_scan_ref',
    'selective_scan_triton',
    'uses_onednn',
    'without_onednn',
]
