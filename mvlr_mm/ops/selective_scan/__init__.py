"""The selective scan of Mamba: one function, several implementations."""

from .dispatch import (
    available_backends,
    check_backend,
    choose_backend,
    prefers_short_scans,
    selective_scan,
)
from .reference import selective_scan_ref
from .triton_scan import selective_scan_triton

__all__ = [
    'available_backends',
    'check_backend',
    'choose_backend',
    'prefers_short_scans',
    'selective_scan',
    'selective_scan_ref',
    'selective_scan_triton',
]
