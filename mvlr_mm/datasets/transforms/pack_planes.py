"""mmpretrain's packing with OpenCV's kernel for the change of layout."""

import cv2
import numpy as np
import torch
from mmpretrain.datasets.transforms import PackInputs
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackPlanes(PackInputs):
    """mmpretrain's ``PackInputs`` in a fraction of its time, for pictures of bytes.

    Colours that lie beside each other become planes by vector instructions; torch moves
    them byte by byte.

    Args:
        input_key: As there.
        algorithm_keys: As there.
        meta_keys: As there.
    """

    @staticmethod
    def format_input(input_: object) -> object:
        """Return a picture (H, W, C), uint8, as (C, H, W); others as mmpretrain."""
        if not isinstance(input_, np.ndarray) or input_.dtype != np.uint8:
            return PackInputs.format_input(input_)
        if input_.ndim != 3 or not input_.flags.c_contiguous or not input_.size:
            return PackInputs.format_input(input_)
        height, width, channels = input_.shape
        planes = np.empty((channels, height, width), np.uint8)
        cv2.split(input_, list(planes))
        return torch.from_numpy(planes)
