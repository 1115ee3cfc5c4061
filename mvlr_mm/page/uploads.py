"""Pictures that anybody may have sent: read within limits, refused in plain words."""

import io
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from ..pictures import decode_picture

FORMATS = ('BMP', 'GIF', 'JPEG', 'PNG', 'TIFF', 'WEBP')  # as Pillow calls them
LONGEST = 32  # times the shorter side; a resized strip would be larger than all limits


def name_of(path: str) -> str:
    """Return the name of an upload, without the folder of the server it lies in."""
    return os.path.basename(path)


def read_upload(path: str, max_pixels: int) -> np.ndarray:
    """Return the pixels of an upload, (H, W, 3) uint8, blue, green, red.

    Its size is read, and judged, before it is decoded. The messages hold its name and
    no folder.

    Args:
        path: Of the file on the server.
        max_pixels: The most that it may have.

    Raises:
        ValueError: It is no whole picture, or too large.
    """
    name = name_of(path)
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise ValueError(f'{name} is not here any more; drop it again.') from error
    if content:
        _check_size(*_size_of(content, name, max_pixels), name, max_pixels)
    return decode_picture(content, name)


def _size_of(content: bytes, name: str, max_pixels: int) -> tuple[int, int]:
    """Return the width and the height that a file says it has."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # large pictures, odd metadata
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                return image.size
    except Image.DecompressionBombError as error:
        raise ValueError(
            f'{name} has far more than the {max_pixels:,} pixels that are allowed '
            'here; make it smaller.'
        ) from error
    except Exception as error:  # decoders raise whatever they like
        raise ValueError(
            f'{name} is no picture that can be read here; {", ".join(FORMATS)} can.'
        ) from error


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ValueError(
            f'{name} has {width:,} x {height:,} pixels, more than the {max_pixels:,} '
            'that are allowed here; make it smaller.'
        )
    if max(width, height) > LONGEST * min(width, height):
        raise ValueError(
            f'{name} is a strip of {width:,} x {height:,} pixels; cut it, until the '
            f'longer side is at most {LONGEST} times the shorter.'
        )
