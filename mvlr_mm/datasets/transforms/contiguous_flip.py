"""mmcv's flip with one random number and a picture that lies in order."""

import cv2
import numpy as np
from mmcv.transforms import RandomFlip
from mmcv.transforms.utils import cache_randomness
from mmpretrain.registry import TRANSFORMS

_CODES = {'horizontal': 1, 'vertical': 0, 'diagonal': -1}


@TRANSFORMS.register_module()
class ContiguousFlip(RandomFlip):
    """mmcv's ``RandomFlip`` with the same random numbers, in less time.

    There the picture becomes a view that runs backwards, which whatever comes next
    copies value by value; here it is turned row by row.

    Takes mmcv's arguments and changes what it changes; ``img`` is (H, W, C).
    """

    @cache_randomness
    def _choose_direction(self) -> str | None:
        if isinstance(self.prob, float) and isinstance(self.direction, str):
            # what np.random.choice of two makes of its random number, and no more
            return self.direction if np.random.random_sample() < self.prob else None
        return super()._choose_direction()

    def _flip(self, results: dict) -> None:
        img = results['img']
        super()._flip(results)
        code = _CODES[results['flip_direction']]
        results['img'] = cv2.flip(img, code).reshape(img.shape)
