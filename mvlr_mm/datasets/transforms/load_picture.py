"""Load pictures as every command reads them."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from ...pictures import BITS, decode_picture, picture_bytes


@TRANSFORMS.register_module()
class LoadPicture(BaseTransform):
    """Load a picture; 8-bit ones as mmcv's ``LoadImageFromFile`` does.

    Unlike there, 16-bit pictures are scaled by the bits that they use, real numbers are
    read, AVIF is turned as its file says, a JPEG that was cut off is an error, and
    every error names the file. See :func:`mvlr_mm.pictures.decode_picture`.

    Adds ``img`` (H, W, 3), uint8 BGR, ``img_shape`` (of ``img``) and ``ori_shape`` (of
    the file) to the results. Results that hold an ``img`` and no ``img_path`` pass: the
    picture was loaded before, as mmpretrain's inferencers do. Where they hold
    ``img_bytes``, the content of the file, that is decoded, and no file is read.

    Args:
        bits: How many bits the values of 16-bit pictures have, 8 to 16; None tells it
            from each picture.
        backend_args: Of mmengine's file backends.

    Raises:
        OSError: When called: the file cannot be read.
        ValueError: ``bits`` is out of range; or, when called, the file holds no whole
            picture, or one whose scale is not known.
    """

    def __init__(
        self, bits: int | None = None, *, backend_args: dict | None = None
    ) -> None:
        if bits is not None and bits not in range(BITS[0], BITS[-1] + 1):
            raise ValueError(f'bits ({bits!r}) must be 8 to 16, or None.')
        self.bits, self.backend_args = bits, backend_args

    def transform(self, results: dict) -> dict:
        """Load ``img_path``."""
        if 'img' in results and 'img_path' not in results:
            return results
        path = results['img_path']
        content = results.pop('img_bytes', None)
        if content is None:
            content = picture_bytes(path, self.backend_args)
        img, results['ori_shape'] = self._decode(content, path)
        results['img'], results['img_shape'] = img, img.shape[:2]
        return results

    def _decode(self, content: bytes, path: str) -> tuple[np.ndarray, tuple[int, int]]:
        """Return the pixels and the height and width that the file has."""
        img = decode_picture(content, path, self.bits)
        return img, img.shape[:2]

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(bits={self.bits}, backend_args={self.backend_args})'
        )
