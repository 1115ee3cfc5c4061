"""Decode large JPEG files at a part of their size."""

import io
import warnings

import cv2
import numpy as np
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from ...argument_checks import check_number
from ...pictures import decode_picture
from .load_picture import LoadPicture

FLAGS = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
}


@TRANSFORMS.register_module()
class LoadImageReduced(LoadPicture):
    """Load a picture that is made smaller anyway, with less work for large JPEGs.

    libjpeg can leave out the highest frequencies of each 8 x 8 block, which gives the
    picture at 1/2, 1/4 or 1/8 of its size. The smallest of these is taken whose shorter
    side is still ``margin`` times the longer one of what the pipeline then resizes to
    (EXIF may turn it), which loses no detail that the resize keeps; other formats, and
    JPEGs that are too small for it, load as :class:`LoadPicture` loads them. Colours
    and EXIF's orientation are treated as there: the decoder is the same.

    After the resize the picture differs a little. Mean absolute difference, in 0 to
    255, of 60 COCO pictures after Pillow's bicubic resize, halved or quartered first:

    ======  =====  =====
    margin  1/2    1/4
    ======  =====  =====
    1.0     2.8    4.4
    1.5     1.9    3.1
    2.0     1.4    2.4
    ======  =====  =====

    For comparison, a bilinear resize of the full picture is 1.9 to 2.2 away from the
    bicubic one. Pillow's ``Image.draft`` gives the same pictures. Resizing without
    antialiasing (OpenCV's, except ``area``) differs more, because it aliases less.

    For pipelines that resize the whole picture, not for those that crop first.

    Adds ``img`` (H, W, 3), uint8 BGR, ``img_shape`` (of ``img``) and ``ori_shape`` (of
    the file) to the results.

    Args:
        scale: Width and height of the resize that follows, px; one number for both.
        margin: How many times larger than ``scale`` the decoded picture must be.
        ignore_empty: Return None for a file that cannot be read.
        bits: As for :class:`LoadPicture`.
        backend_args: Of mmengine's file backends.

    Raises:
        OSError: When called: the file cannot be read.
        ValueError: ``scale``, ``margin`` or ``bits`` breaks its rule; or, when called,
            the file holds no whole picture, or one whose scale is not known.
    """

    def __init__(
        self,
        scale: int | tuple[int, int],
        margin: float = 1.5,
        ignore_empty: bool = False,
        *,
        bits: int | None = None,
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(bits, backend_args=backend_args)
        scale = (scale, scale) if isinstance(scale, int) else scale
        if len(scale) != 2 or min(scale) < 1:
            raise ValueError(f'scale ({scale}) must be a width and a height above 0.')
        check_number('margin', margin, at_least=1)  # less would lose detail
        self.scale, self.margin = tuple(scale), margin
        self.ignore_empty = ignore_empty

    def transform(self, results: dict) -> dict | None:
        """Load ``img_path``."""
        try:
            return super().transform(results)
        except (OSError, ValueError):
            if self.ignore_empty:
                return None
            raise

    def _decode(self, content: bytes, path: str) -> tuple[np.ndarray, tuple[int, int]]:
        size = _jpeg_size(content)
        factor = self._factor(size)
        if factor == 1:
            return super()._decode(content, path)
        img = decode_picture(content, path, flag=FLAGS[factor])
        reduced = tuple(_divided(side, factor) for side in size)
        if img.shape[:2] == reduced[::-1]:
            return img, size[::-1]
        # turned, or read whole by Pillow, where OpenCV fails
        return img, size if img.shape[:2] == reduced else img.shape[:2]

    def _factor(self, size: tuple[int, int] | None) -> int:
        """Return by how much a JPEG of this width and height may be divided."""
        for factor in FLAGS if size else ():
            width, height = (_divided(side, factor) for side in size)
            # A square tells nothing about a turn by EXIF, which happens in the decoder.
            ambiguous = width == height and size[0] != size[1]
            # It may turn, so the smaller side has to do for both.
            if min(width, height) >= self.margin * max(self.scale) and not ambiguous:
                return factor
        return 1

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(scale={self.scale}, margin={self.margin}, '
            f'ignore_empty={self.ignore_empty}, bits={self.bits}, '
            f'backend_args={self.backend_args})'
        )


def _divided(side: int, factor: int) -> int:
    """Return a side as libjpeg rounds it."""
    return -(-side // factor)


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height as the header has them; None if it is no JPEG."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # large pictures, odd metadata
            with Image.open(io.BytesIO(content)) as image:
                # phones write several pictures in one file, MPO: the first is decoded
                return image.size if image.format in ('JPEG', 'MPO') else None
    except Exception:  # of a broken file, whatever Pillow likes: decoding says the rest
        return None
