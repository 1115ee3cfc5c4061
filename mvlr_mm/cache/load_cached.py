"""Read a kept picture where a pipeline would decode and resize one."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from ..stores.folder import open_array
from ..stores.lists import key_of
from ..stores.places import Places
from .index import CACHE, read_index
from .kept_pictures import sources_name


@TRANSFORMS.register_module()
class LoadCachedPicture(BaseTransform):
    """Put a kept picture in the place of the steps that made it.

    Adds ``img`` (H, W, 3), uint8, ``img_shape``, ``ori_shape`` and ``scale_factor``, as
    those steps do. The arrays are mapped into memory: all workers of a loader share
    them.

    Args:
        folder: Of ``mvlr cache``.
        name: Of the array.

    Raises:
        FileNotFoundError: The array is not there, or not whole.
        ValueError: When called: the picture is not among those that are kept.
    """

    def __init__(self, folder: str, name: str) -> None:
        self.folder, self.name = folder, name
        self.pictures = open_array(folder, name, CACHE)
        self.sources = open_array(folder, sources_name(name), CACHE)
        self.places = Places(read_index(folder).pictures[name])

    def transform(self, results: dict) -> dict:
        """Load the picture of ``img_path``."""
        try:
            place = self.places[key_of(results['img_path'])]
        except KeyError:
            raise ValueError(
                f'{results["img_path"]} is not among the pictures of {self.folder}, '
                f'{self.name}.'
            ) from None
        img, source = np.array(self.pictures[place]), self.sources[place]
        results['img'], results['img_shape'] = img, img.shape[:2]
        results['ori_shape'] = tuple(source['ori_shape'].tolist())
        results['scale_factor'] = tuple(source['scale_factor'].tolist())
        return results

    def __reduce__(self) -> tuple:
        """Let another process map the arrays, rather than have them sent."""
        return type(self), (self.folder, self.name)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(folder={self.folder!r}, name={self.name!r})'
