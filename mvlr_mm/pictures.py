"""Read pictures: the one place that turns files into pixels.

Training, testing, `mvlr verify` and `mvlr browse` all read through it, so that what one
shows is what another learns.
"""

import io
import warnings
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from mmengine import fileio
from mmengine.fileio.backends import prefix_to_backends
from PIL import Image, ImageOps

BITS = (8, 10, 12, 14, 16)


def read_picture(
    path: str, bits: int | None = None, backend_args: dict | None = None
) -> np.ndarray:
    """Return a picture as :func:`decode_picture` does.

    Args:
        path: A file, or an address that mmengine reads.
        bits: As there.
        backend_args: Of mmengine's file backends.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no whole picture, or one whose scale is not known, or it is
            an address of an unknown kind.
    """
    return decode_picture(picture_bytes(path, backend_args), path, bits)


def picture_bytes(path: str | Path, backend_args: dict | None = None) -> bytes:
    """Return what a file of a picture holds.

    Args:
        path: A file, or an address that mmengine reads.
        backend_args: Of mmengine's file backends.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is an address of an unknown kind.
    """
    address = str(path)
    if '://' in address and 'backend' not in (backend_args or {}):
        # mmengine would end in KeyError('file'), or in a failed unpacking
        kind = address.split('://')[-2].rpartition(':')[2]
        if address.count('://') > 1 or kind not in prefix_to_backends:
            known = ', '.join(f'{name}://' for name in prefix_to_backends if name)
            raise ValueError(
                f'{path} is no address that can be read; give the path of a file, or '
                f'an address with one of {known}, once.'
            )
    return fileio.get(path, backend_args=backend_args)


def decode_picture(
    content: bytes,
    path: str,
    bits: int | None = None,
    flag: int = cv2.IMREAD_COLOR,
) -> np.ndarray:
    """Return the pixels of a picture, (H, W, 3) uint8, blue, green, red.

    Grey and black-and-white pictures get three equal channels, palettes and CMYK become
    colours, transparency is left out, EXIF's orientation is applied, and of several
    frames or pages the first is taken.

    More than 8 bits a value become 8 by ``round(255 * value / (2**bits - 1))``. How
    many of a file's 16 bits are used stands nowhere in it: cameras and scanners write
    10, 12 or 14. So the smallest of 8, 10, 12, 14 and 16 that holds the file's
    brightest value is taken, unless ``bits`` says it. Real numbers must lie in 0 to 1.

    Args:
        content: The bytes of a file.
        path: Where they come from, for the message.
        bits: How many bits the values of 16-bit pictures have; None tells it from each
            picture.
        flag: OpenCV's, for JPEGs at a part of their size.

    Raises:
        ValueError: They hold no whole picture, or one whose scale is not known.
    """
    return to_8_bits(decode_values(content, path, flag), path, bits)


def decode_values(
    content: bytes, path: str, flag: int = cv2.IMREAD_COLOR
) -> np.ndarray:
    """Return a picture as :func:`decode_picture` does, its values as the file has them.

    Args:
        content: The bytes of a file.
        path: Where they come from, for the message.
        flag: As there.

    Raises:
        ValueError: They hold no whole picture.
    """
    if not content:
        raise ValueError(f'{path} is empty; copy it again, or take it out of the list.')
    img = None
    # some versions of OpenCV make up what is missing; none turns AVIF
    if not _is_cut_jpeg(content) and not _is_avif(content):
        with suppress(cv2.error):  # then Pillow knows it, or says what is wrong with it
            raw = np.frombuffer(content, np.uint8)
            img = cv2.imdecode(raw, flag | cv2.IMREAD_ANYDEPTH)
    return _by_pillow(content, path) if img is None else img


def bits_of(values: np.ndarray) -> int:
    """Return how many bits the whole numbers of a picture seem to have."""
    top = int(values.max())
    return next((bits for bits in BITS if top < 1 << bits), top.bit_length())


def to_8_bits(img: np.ndarray, path: str, bits: int | None = None) -> np.ndarray:
    """Return values scaled to uint8, as :func:`decode_picture` says.

    Args:
        img: Of any shape; uint8 stays as it is.
        path: Where they come from, for the message.
        bits: How many bits whole numbers have; None tells it from the largest.

    Raises:
        ValueError: They are out of range.
    """
    if img.dtype == np.uint8:
        return img
    if img.dtype.kind == 'f':
        low, high = img.min(), img.max()  # NaN is in no range
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f'{path} holds real numbers from {low} to {high}, and only 0 to 1 can '
                'be read as dark to bright; save it with whole numbers of 8 or 16 bits.'
            )
        return np.rint(img * 255).astype(np.uint8)
    found = bits_of(img)
    if img.min() < 0 or found > (bits or 16):
        raise ValueError(
            f'{path} holds values from {img.min()} to {img.max()}, which are not those '
            f'of {bits or 16} bits; save it anew, or mend `bits`.'
        )
    full = (1 << (bits or found)) - 1
    return ((img.astype(np.uint32) * 510 + full) // (2 * full)).astype(np.uint8)


def pillow_values(image: Image.Image) -> np.ndarray:
    """Return the pixels of a PIL image, (H, W, 3), blue, green, red.

    Treated as :func:`decode_values` treats those of a file.

    Args:
        image: Of any mode.
    """
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode in ('F', 'I') or image.mode.startswith('I;'):
        return np.repeat(np.asarray(image)[..., None], 3, axis=2)
    return np.ascontiguousarray(np.asarray(image.convert('RGB'))[..., ::-1])


def _by_pillow(content: bytes, path: str) -> np.ndarray:
    """Return the pixels of what OpenCV does not read, in blue, green, red."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # large pictures, odd metadata
            return pillow_values(Image.open(io.BytesIO(content)))
    except Exception as error:  # decoders raise whatever they like
        raise ValueError(
            f'{path} {_what_is_wrong(error)}; save it anew, or take it out of the list.'
        ) from error


def _what_is_wrong(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):  # its text is an address
        return 'is no picture, or of a kind that cannot be read'
    return f'cannot be decoded: {error}'


def _is_avif(content: bytes) -> bool:
    """Say whether a file is of AVIF's family, and this Pillow reads AVIF."""
    return content[4:8] == b'ftyp' and '.avif' in Image.registered_extensions()


def _is_cut_jpeg(content: bytes) -> bool:
    """Say whether a JPEG lacks its end, by the markers of ITU-T T.81, annex B."""
    if not content.startswith(b'\xff\xd8'):
        return False
    at = 2
    while content[at : at + 1] == b'\xff' and content[at + 1 : at + 2] != b'\xda':
        size = content[at + 2 : at + 4]
        at += 1 if content[at + 1 : at + 2] == b'\xff' else 2 + int.from_bytes(size)
    # within the pixels, ff is followed by 00 or the number of a restart;
    # from the back, because the end is mostly there
    return content.rfind(b'\xff\xd9', at) < 0
