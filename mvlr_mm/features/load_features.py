"""Read features where a pipeline would read and change pictures."""

from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from ..stores import folder as stored
from ..stores.lists import key_of
from ..stores.places import Places
from .index import FEATURES, read_index


def open_array(folder: str | Path, name: str) -> np.ndarray:
    """Map an array of a folder into memory: (pictures, views, ...) float16.

    Raises:
        FileNotFoundError: It is not there, or not whole.
    """
    return stored.open_array(folder, name, FEATURES)


@TRANSFORMS.register_module()
class LoadFeatures(BaseTransform):
    """Put the features of a picture in its place, as ``img``, float16.

    Of several views a picture shows another one in each epoch, and every one before any
    comes again; their order is the picture's own and follows the run's seed.
    :class:`~mvlr_mm.features.ViewOfEpoch` tells the epoch.

    Args:
        folder: Of ``mvlr features``.
        name: Of the array.
        split: Whose pictures it has.

    Raises:
        FileNotFoundError: The array is not there, or not whole.
        ValueError: When called: the picture has no features.
    """

    def __init__(self, folder: str, name: str, split: str) -> None:
        self.folder, self.name = folder, name
        self.array = open_array(folder, name)
        self.places = Places(read_index(folder).pictures[split])
        self.choose(0, 0)

    def choose(self, seed: int, epoch: int) -> None:
        """Choose the view of every picture for an epoch.

        Args:
            seed: Of the run.
            epoch: From 0.
        """
        count, views = self.array.shape[:2]
        draw = np.random.default_rng([seed, epoch // views])
        order = draw.permuted(np.tile(np.arange(views), (count, 1)), axis=1)
        self.view = order[:, epoch % views]

    def transform(self, results: dict) -> dict:
        """Load the features of ``img_path``."""
        try:
            place = self.places[key_of(results['img_path'])]
        except KeyError:
            raise ValueError(
                f'{results["img_path"]} has no features in {self.folder}, {self.name}.'
            ) from None
        features = self.array[place, self.view[place]]
        results['img'] = torch.from_numpy(np.array(features))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(folder={self.folder!r}, name={self.name!r})'
