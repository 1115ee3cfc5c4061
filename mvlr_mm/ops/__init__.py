"""Numeric kernels; the only place that knows which implementations exist."""

from .causal_conv import causal_conv_silu
from .onednn_linear import linear, prefers_onednn, uses_onednn, without_onednn
from .selective_scan import (
    available_backends,
    check_backend,
    prefers_short_scans,
    selective_scan,
    selective_scan_ref,
)

__all__ = [
    'available_backends',
    'causal_conv_silu',
    'check_backend',
    'linear',
    'prefers_onednn',
    'prefers_short_scans',
    'selective_scan',
    'selective_scan_ref',
    'uses_onednn',
    'without_onednn',
]
