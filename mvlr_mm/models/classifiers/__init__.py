"""The whole model."""

from .vl_classifier import VLClassifier

__all__ = ['VLClassifier']
