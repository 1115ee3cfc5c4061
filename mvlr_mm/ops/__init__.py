"""Numeric kernels; the only place that knows which implementations exist."""
