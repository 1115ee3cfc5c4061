"""Bring pictures to the form that a model takes, ahead of the model."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any, TypeVar

import cv2
import numpy as np
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from ..datasets import LoadPicture
from ..pictures import decode_picture, pillow_values, to_8_bits
from .picture_sources import SUFFIXES, EncodedPicture, Picture

T, R = TypeVar('T'), TypeVar('R')
# Pillow decodes an image when it is first used, and not for two threads at once: one
# that is given twice would be read while it is half there.
_LOADING = Lock()


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture for the model, or why it cannot be brought to it."""

    path: str | None
    data: dict[str, Any] | None = None  # `inputs` (3, H, W) and `data_samples`
    error: str | None = None


class Preparation:
    """The transforms of a test, on a picture of any kind.

    Args:
        pipeline: Configs of the transforms; the first loads the picture.
    """

    def __init__(self, pipeline: list[dict]) -> None:
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            transforms = [TRANSFORMS.build(dict(config)) for config in pipeline]
        self._from_file = Compose(transforms)
        loads = bool(transforms) and 'Load' in type(transforms[0]).__name__
        self._from_pixels = Compose(transforms[loads:])
        self._decodes = bool(transforms) and isinstance(transforms[0], LoadPicture)
        self._grey = loads and getattr(transforms[0], 'color_type', '') == 'grayscale'

    def __call__(self, picture: Picture) -> Prepared:
        """Return the picture prepared; what is wrong with it is no exception."""
        path = _name(picture)
        try:
            if isinstance(picture, str):
                data = self._from_file(_of_file(path))
            elif isinstance(picture, EncodedPicture):
                data = self._decode(picture)
            else:
                data = self._load_pixels(_to_array(picture))
            if data is None:
                raise ValueError(f'{path or "the picture"} is left out by the pipeline')
            if 'inputs' not in data:
                raise ValueError(
                    "the test's pipeline gives no `inputs`; let it end in "
                    "dict(type='PackInputs')"
                )
        except Exception as error:  # transforms raise whatever they like
            text = ' '.join(str(error).split()) or type(error).__name__
            return Prepared(path, error=text)
        return Prepared(path, data)

    def _decode(self, picture: EncodedPicture) -> dict[str, Any] | None:
        if self._decodes:
            found = {'img_path': picture.name, 'img_bytes': picture.content}
            return self._from_file(found)
        # other loaders read files alone
        return self._load_pixels(decode_picture(picture.content, picture.name))

    def _load_pixels(self, img: np.ndarray) -> dict[str, Any] | None:
        """Go on with pixels, blue, green, red, as if the loader had read them."""
        img = cv2.cvtColor(img, cv2.COLOR_BGR2GRAY) if self._grey else img
        shape = img.shape[:2]
        return self._from_pixels({'img': img, 'img_shape': shape, 'ori_shape': shape})


def map_ahead(
    function: Callable[[T], R], items: Iterable[T], ahead: int, threads: int
) -> Iterator[R]:
    """Yield the results of a function in the order of the items, computed ahead.

    Args:
        function: Called in threads.
        items: Read as far ahead as wanted and no further; they may be endless.
        ahead: How many items are under way at most.
        threads: Number of threads.
    """
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of a size, the last of which may be shorter."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def _name(picture: Picture) -> str | None:
    if isinstance(picture, EncodedPicture):
        return picture.name
    return str(picture) if isinstance(picture, str) else None


def _of_file(path: str) -> dict[str, Any]:
    place = os.path.expanduser(path)
    if os.path.isdir(place):
        os.scandir(place).close()  # says why if it may not be looked into
        raise ValueError(
            f'{path} is a folder in the place of a picture, or without pictures '
            f'({", ".join(SUFFIXES)})'
        )
    return {'img_path': path if os.path.exists(path) else place}


def _to_array(picture: np.ndarray | Image.Image) -> np.ndarray:
    """Return pixels as the reader gives them: (H, W, 3) uint8, blue, green, red."""
    if isinstance(picture, Image.Image):
        with _LOADING:
            picture.load()
        return to_8_bits(pillow_values(picture), 'the picture')
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or picture.shape[2] not in (1, 3) or not picture.size:
        raise ValueError(
            f'an array must be (H, W, 3), blue, green, red, or (H, W), not '
            f'{picture.shape}'
        )
    if picture.dtype == bool:
        raise ValueError('an array must hold values from dark to bright, not bool')
    values = np.broadcast_to(picture, (*picture.shape[:2], 3))
    # a copy: torch warns of arrays that may not be written to, as broadcast ones
    return np.array(to_8_bits(values, 'the array'), order='C')
