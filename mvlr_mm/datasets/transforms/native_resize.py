"""Pillow's antialiased resize by torch's kernel for bytes."""

from numbers import Integral

import mmcv
import numpy as np
import torch
from mmcv.transforms import Resize
from mmpretrain.registry import TRANSFORMS
from torch.nn import functional as F

from ...argument_checks import check_choice

_INTERPOLATIONS = ('bilinear', 'bicubic')


@TRANSFORMS.register_module()
class NativeResize(Resize):
    """``Resize(backend='pillow')`` in a fraction of its time.

    torch has Pillow's antialiased filters for uint8, with vector instructions. Both
    round twice, once a direction, with weights of other precision: most values are the
    same, few differ by one of 255, and single ones by two.

    Args:
        scale: Width and height, px; one number for both.
        scale_factor: Instead of ``scale``, by how much sides grow.
        keep_ratio: Keep the ratio of the sides; ``scale`` is the most they may have.
        clip_object_border: As in mmcv.
        backend: Whose result it is; only ``'pillow'``.
        interpolation: ``'bilinear'`` or ``'bicubic'``.

    Raises:
        ValueError: ``backend`` or ``interpolation`` is another, or ``scale`` no size.
    """

    def __init__(
        self,
        scale: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
        keep_ratio: bool = False,
        clip_object_border: bool = True,
        backend: str = 'pillow',
        interpolation: str = 'bilinear',
    ) -> None:
        check_choice('backend', backend, ('pillow',))
        check_choice('interpolation', interpolation, _INTERPOLATIONS)
        super().__init__(
            scale, scale_factor, keep_ratio, clip_object_border, backend, interpolation
        )
        sides = self.scale or (1, 1)
        if not all(isinstance(side, Integral) and side > 0 for side in sides):
            raise ValueError(
                f'scale ({scale!r}) must be a width and a height in px, whole numbers '
                'of at least 1; in the shipped configs `img_size` says it.'
            )

    def _resize_img(self, results: dict) -> None:
        img = results.get('img')
        if img is None:
            return
        if img.dtype != np.uint8 or img.ndim != 3:  # torch's kernel knows no others
            return super()._resize_img(results)
        height, width = img.shape[:2]
        new_width, new_height = results['scale']
        if self.keep_ratio:
            sides = mmcv.rescale_size((width, height), results['scale'])
            # of a very thin picture one side would be rounded to nothing
            new_width, new_height = (max(side, 1) for side in sides)
        results['img'] = self._resized(img, (new_height, new_width))
        results['img_shape'] = (new_height, new_width)
        results['scale_factor'] = (new_width / width, new_height / height)
        results['keep_ratio'] = self.keep_ratio

    def _resized(self, img: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Return a picture (H, W, 3), uint8, in another height and width."""
        # (1, 3, H, W) in this order of the strides stays (H, W, 3) in memory
        pixels = torch.from_numpy(np.ascontiguousarray(img))[None].permute(0, 3, 1, 2)
        resized = F.interpolate(
            pixels, size, mode=self.interpolation, antialias=True, align_corners=False
        )
        return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())
