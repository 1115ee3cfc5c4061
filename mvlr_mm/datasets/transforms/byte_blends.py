"""Blends of a picture with a plainer one of itself, without copies in real numbers."""

import cv2
import numpy as np
from mmpretrain.datasets.transforms.auto_augment import ColorTransform, Sharpness
from mmpretrain.registry import TRANSFORMS

from .row_shear import signed_magnitude

_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13  # Pillow's filter


@TRANSFORMS.register_module()
class ByteColorTransform(ColorTransform):
    """mmpretrain's ``ColorTransform``: the same pictures in less time."""

    def transform(self, results: dict) -> dict:
        """Change ``img`` (H, W, 3), uint8."""
        if self.random_disable():
            return results
        factor, img = 1 + signed_magnitude(self), results['img']
        grey = cv2.cvtColor(cv2.cvtColor(img, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        results['img'] = cv2.addWeighted(img, factor, grey, 1 - factor, 0)
        return results


@TRANSFORMS.register_module()
class ByteSharpness(Sharpness):
    """mmpretrain's ``Sharpness``: the same pictures in less time."""

    def transform(self, results: dict) -> dict:
        """Change ``img`` (H, W, 3), uint8."""
        if self.random_disable():
            return results
        factor, img = 1 + signed_magnitude(self), results['img']
        smooth = cv2.filter2D(img, -1, _SMOOTH)
        sharp = cv2.addWeighted(img, factor, smooth, 1 - factor, 0, dtype=cv2.CV_32F)
        results['img'] = np.clip(sharp, 0, 255, out=sharp).astype(np.uint8)
        return results
