"""RandAugment whose operations on single values go through a table of 256.

What an operation makes of a value depends on the value, and on the picture through its
histogram or its mean alone. So a table is made, and OpenCV looks every value up.
"""

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmpretrain.datasets.transforms.auto_augment import (
    RANDAUG_POLICIES,
    AutoContrast,
    Brightness,
    Contrast,
    Equalize,
    Posterize,
    RandAugment,
    Solarize,
    SolarizeAdd,
)
from mmpretrain.registry import TRANSFORMS

from .byte_blends import ByteColorTransform, ByteSharpness
from .row_shear import RowShear, signed_magnitude

_VALUES = np.arange(256, dtype=np.uint8).reshape(1, 256, 1)


class _ValueByValue:
    """What a transform makes of the 256 values, it makes of a picture's."""

    def transform(self, results: dict) -> dict:
        """Change ``img`` (H, W, 3), uint8."""
        table = super().transform({'img': _VALUES})['img']
        return results if table is _VALUES else _looked_up(results, table)


@TRANSFORMS.register_module()
class TableBrightness(_ValueByValue, Brightness):
    """mmpretrain's ``Brightness``, by a table."""


@TRANSFORMS.register_module()
class TablePosterize(_ValueByValue, Posterize):
    """mmpretrain's ``Posterize``, by a table."""


@TRANSFORMS.register_module()
class TableSolarize(_ValueByValue, Solarize):
    """mmpretrain's ``Solarize``, by a table."""


@TRANSFORMS.register_module()
class TableSolarizeAdd(_ValueByValue, SolarizeAdd):
    """mmpretrain's ``SolarizeAdd``, by a table."""


@TRANSFORMS.register_module()
class TableContrast(Contrast):
    """mmpretrain's ``Contrast``, by a table.

    The grey that it goes towards is the mean of the picture's grey values, rounded.
    """

    def transform(self, results: dict) -> dict:
        """Change ``img`` (H, W, 3), uint8."""
        if self.random_disable():
            return results
        factor = 1 + signed_magnitude(self)
        grey = cv2.cvtColor(results['img'], cv2.COLOR_BGR2GRAY)
        mean = round(float(grey.sum(dtype=np.int64)) / grey.size)
        values = _VALUES.astype(np.float32)
        table = cv2.addWeighted(
            values, factor, np.full_like(values, mean), 1 - factor, 0
        )
        return _looked_up(results, table.clip(0, 255).astype(np.uint8))


@TRANSFORMS.register_module()
class TableAutoContrast(AutoContrast):
    """mmpretrain's ``AutoContrast``, by a table for each channel."""

    def transform(self, results: dict) -> dict:
        """Change ``img`` (H, W, 3), uint8."""
        if self.random_disable():
            return results
        return _plane_by_plane(results, _stretch)


@TRANSFORMS.register_module()
class TableEqualize(Equalize):
    """mmpretrain's ``Equalize``, by a table for each channel."""

    def transform(self, results: dict) -> dict:
        """Change ``img`` (H, W, 3), uint8."""
        if self.random_disable():
            return results
        return _plane_by_plane(results, _flatten)


# mmpretrain's name is that of the class that a twin inherits from
_TWINS = {
    twin.__bases__[-1].__name__: twin.__name__
    for twin in (
        ByteColorTransform,
        ByteSharpness,
        RowShear,
        TableAutoContrast,
        TableBrightness,
        TableContrast,
        TableEqualize,
        TablePosterize,
        TableSolarize,
        TableSolarizeAdd,
    )
}


@TRANSFORMS.register_module()
class TableRandAugment(RandAugment):
    """mmpretrain's ``RandAugment`` with the same pictures in less time.

    With the same random numbers it gives the same pictures, but for single grey levels
    of a shear: policies on single values go through a table, those that have a faster
    form in this folder take that, the others are as they are.

    Args:
        policies: A name or a list, as there.
        *args: As there.
        **kwargs: As there.
    """

    def __init__(
        self, policies: str | Sequence[Mapping], *args: object, **kwargs: object
    ) -> None:
        if isinstance(policies, str) and policies in RANDAUG_POLICIES:
            policies = [
                {**policy, 'type': _TWINS.get(policy['type'], policy['type'])}
                for policy in RANDAUG_POLICIES[policies]
            ]
        super().__init__(policies, *args, **kwargs)

    @cache_randomness
    def random_policy_indices(self) -> list[int]:
        """Return which transforms come, by mmpretrain's random numbers."""
        # all that np.random.choice does of equal chances, without the rest
        return np.random.randint(0, len(self.transforms), self.num_policies).tolist()

    def transform(self, results: dict) -> dict | None:
        """Apply the chosen transforms to ``img``."""
        for index in self.random_policy_indices():
            results = self.transforms[index](results)
            if results is None:
                return None
        return results


def _stretch(plane: np.ndarray) -> np.ndarray:
    """Return the table that stretches the values in use over 0 to 255."""
    low, high = map(int, cv2.minMaxLoc(plane)[:2])
    if low == high:
        return _VALUES.ravel()
    scale = 255.0 / (high - low)
    table = np.arange(256) * scale + -low * scale
    return table.clip(0, 255).astype(np.uint8)


def _flatten(plane: np.ndarray) -> np.ndarray:
    """Return the table after which all values are about as frequent."""
    counts = cv2.calcHist([plane], [0], None, [256], [0, 256])
    counts = counts.ravel().astype(np.int64)
    used = counts[counts > 0]
    step = int(used.sum() - used[-1]) // 255
    if not step:
        return _VALUES.ravel()
    table = (counts.cumsum() + step // 2) // step
    return np.concatenate([[0], table[:-1]]).clip(0, 255).astype(np.uint8)


def _looked_up(results: dict, table: np.ndarray) -> dict:
    """Put each value's entry in a table of 256 in its place."""
    img = results['img']
    results['img'] = cv2.LUT(img, table.ravel()).reshape(img.shape)
    return results


def _plane_by_plane(
    results: dict, table_of: Callable[[np.ndarray], np.ndarray]
) -> dict:
    """Look up the values of each channel (H, W) in a table of its own."""
    img = results['img']
    planes = [cv2.LUT(plane, table_of(plane)) for plane in cv2.split(img)]
    results['img'] = cv2.merge(planes).reshape(img.shape)
    return results
