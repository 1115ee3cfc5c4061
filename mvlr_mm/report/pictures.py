"""Pictures within the page, small."""

import base64

import cv2
import numpy as np

from ..pictures import read_picture
from .elements import text

QUALITY = 78  # of the JPEGs


def embed(pixels: np.ndarray, side: int, title: str = '') -> str:
    """Return a picture as HTML that holds it.

    Args:
        pixels: (h, w, 3) uint8, blue, green, red.
        side: The longer side in the page, in pixels; smaller ones stay small.
        title: Its tooltip.
    """
    scale = min(side / max(pixels.shape[:2]), 1)
    height, width = (max(round(scale * x), 1) for x in pixels.shape[:2])
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    data = base64.b64encode(jpeg).decode('ascii')
    return (
        f'<img src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" '
        f'loading="lazy" alt="" title="{text(title)}">'
    )


class Thumbnails:
    """The pictures of a test, small; of those that cannot be read, why.

    Args:
        side: The longer side in pixels.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.lost: dict[str, str] = {}  # path and reason
        self._made: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        """Return a picture as HTML."""
        if path not in self._made:
            self._made[path] = self._make(path)
        return self._made[path]

    def _make(self, path: str) -> str:
        try:
            if not path:
                raise ValueError('the results do not say where the picture is')
            return embed(read_picture(path), self.side, path)
        except (OSError, ValueError, cv2.error) as error:
            self.lost[path] = str(error)
            tip = text(f'{path}: {error}')
            return f'<div class="lost" title="{tip}">cannot be read</div>'
