"""Bicubic shear as what it is: each row moves along itself."""

import cv2
import numpy as np
import torch
from mmpretrain.datasets.transforms.auto_augment import BaseAugTransform, Shear
from mmpretrain.registry import TRANSFORMS

_A = -0.75  # of the cubic kernel (Keys, 1981), as in OpenCV
_ROWS = 112  # at a time, so that their real numbers stay in a core's cache


@TRANSFORMS.register_module()
class RowShear(Shear):
    """mmpretrain's ``Shear`` with a quarter of the products.

    OpenCV's bicubic warp weighs 4 x 4 pixels for each new one, of which a shear leaves
    3 x 4 without weight, and every row has four weights of its own. With the same
    random numbers the picture is OpenCV 5's, but that one value in about ten thousand
    is one grey level away. OpenCV 4 rounds positions to a 32nd of a pixel, so a tenth
    of its values are one level away, single ones two.

    Takes mmpretrain's arguments. Pictures that are not bytes or have more than three
    channels, and other interpolations, are left to mmpretrain.
    """

    def transform(self, results: dict) -> dict:
        """Change ``img`` (H, W, C), uint8; the given array is left alone."""
        img = results['img']
        # mmcv's border is 0 in a fourth channel
        is_known = img.dtype == np.uint8 and img.ndim == 3 and img.shape[2] <= 3
        if self.interpolation != 'bicubic' or not is_known:
            return super().transform(results)
        if self.random_disable():
            return results
        magnitude = signed_magnitude(self)
        if self.direction == 'horizontal':
            results['img'] = _sheared(img, magnitude, self.pad_val)
            return results
        turned = cv2.transpose(img).reshape(img.shape[1], img.shape[0], -1)
        sheared = _sheared(turned, magnitude, self.pad_val)
        results['img'] = cv2.transpose(sheared).reshape(img.shape)
        return results


def signed_magnitude(transform: BaseAugTransform) -> float:
    """Return a transform's magnitude, drawn where it is, with its sign drawn."""
    magnitude = transform.magnitude
    if magnitude is None:
        magnitude = transform.random_magnitude()
    return transform.random_negative(magnitude)


def _sheared(
    img: np.ndarray, magnitude: float, padding: int | tuple[int, ...]
) -> np.ndarray:
    """Return (H, W, C), uint8, with row y moved to the right by ``magnitude * y``."""
    height, width, channels = img.shape
    # where the pixel that comes into the first column lies; float32 as in mmcv
    source = -float(np.float32(magnitude)) * np.arange(height)
    whole = np.floor(source).astype(int)
    before, after = 1 + max(0, -whole.min()), 2 + max(0, whole.max())
    border = (padding,) * channels if isinstance(padding, int) else padding
    wide = cv2.copyMakeBorder(
        img, 0, 0, int(before), int(after), cv2.BORDER_CONSTANT, value=border
    )
    starts = (np.arange(height) * wide.shape[1] + before + whole - 1) * channels
    windows = np.lib.stride_tricks.sliding_window_view(
        wide.reshape(-1), (width + 3) * channels
    )
    weights = torch.from_numpy(_cubic(source - whole))
    values = width * channels  # of a row
    out = np.empty((height, values), np.uint8)
    for first in range(0, height, _ROWS):
        part = slice(first, first + _ROWS)
        rows = torch.from_numpy(windows[starts[part]]).float()
        found = torch.full((len(rows), values), 0.5)  # rounds what is then cut off
        for i in range(4):
            at = i * channels
            found.addcmul_(rows[:, at : at + values], weights[part, i : i + 1])
        out[part] = found.clamp_(0, 255).numpy()
    return out.reshape(img.shape)


def _cubic(t: np.ndarray) -> np.ndarray:
    """Return the weights (H, 4) of pixels -1 to 2, for a place t in [0, 1) after 0."""

    def near(d: np.ndarray) -> np.ndarray:  # |d| <= 1
        return ((_A + 2) * d - (_A + 3)) * d**2 + 1

    def far(d: np.ndarray) -> np.ndarray:  # 1 <= |d| <= 2
        return ((d - 5) * d + 8) * d * _A - 4 * _A

    weights = [far(t + 1), near(t), near(1 - t), far(2 - t)]
    return np.stack(weights, axis=1).astype(np.float32)
