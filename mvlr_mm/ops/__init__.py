"""Numeric kernels; the only place that knows which implementations exist."""

from .selective_scan import available_backends, selective_scan, selective_scan_ref

__all__ = ['available_backends', 'selective_scan', 'selective_scan_ref']
