"""Cutout relative to the picture's size."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpretrain.registry import TRANSFORMS

from ...argument_checks import check_number


@TRANSFORMS.register_module()
class CutoutPatch(BaseTransform):
    """Fill a patch around a random point with one random colour.

    The cutout of ASL, Query2Label and SALGL: the patch has ``factor`` times the
    picture's height and width, its centre lies anywhere in the picture, and what sticks
    out is cut off. mmpretrain's ``Cutout`` takes a size in pixels and one fixed colour.

    Args:
        factor: Side of the patch over side of the picture, in (0, 1].

    Raises:
        ValueError: ``factor`` is out of range.
    """

    def __init__(self, factor: float = 0.5) -> None:
        check_number('factor', factor, above=0, at_most=1)
        self.factor = factor

    @cache_randomness
    def _draw(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the centre, relative to the picture, and the colour."""
        return np.random.rand(2), np.random.randint(0, 256, 3)

    def transform(self, results: dict) -> dict:
        """Replace ``img`` (H, W, 3), uint8; the given array is left alone."""
        centre, colour = self._draw()
        img = _copied(results['img'])
        starts, ends = [], []
        for side, at in zip(img.shape[:2], centre, strict=True):
            patch = round(self.factor * side)
            starts.append(int(at * side) - patch // 2)
            ends.append(starts[-1] + patch - 1)
        if all(end >= max(start, 0) for start, end in zip(starts, ends, strict=True)):
            # OpenCV takes (x, y), with the end, and fills faster than numpy
            cv2.rectangle(img, starts[::-1], ends[::-1], colour.tolist(), cv2.FILLED)
        results['img'] = img
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(factor={self.factor})'


def _copied(img: np.ndarray) -> np.ndarray:
    """Return a copy, also of what ``RandomFlip`` gives: a view that runs backwards.

    NumPy copies such a view value by value, OpenCV row by row.
    """
    return cv2.flip(img[:, ::-1], 1) if img.strides[1] < 0 else img.copy()
