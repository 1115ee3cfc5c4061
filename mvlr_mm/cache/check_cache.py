"""Stop before pictures are used that the files would no longer give."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch.utils.data import DataLoader

from ..stores.folder import as_data, open_array
from ..stores.lists import sizes_of
from ..stores.places import Places
from .differences import changed_pictures, differences
from .index import CACHE, Index, read_index, steps_of
from .kept_pictures import sources_name
from .making import FixedPictures

# grey levels: a resize by other instructions of the processor rounds otherwise
_DIFFERENCE = 2


@HOOKS.register_module()
class CheckCache(Hook):
    """Compare kept pictures with lists, files and pipelines.

    At last one picture of each split is decoded anew, which also tells what no list
    does: another decoder.

    Args:
        folder: Of ``mvlr cache``.

    Raises:
        ValueError: Before the first step: the pictures do not fit; the message says
            why.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def before_train(self, runner: Runner) -> None:
        """Check what is trained on, and what is validated on."""
        self._check(runner, 'train', runner.train_dataloader)
        if runner.val_loop is not None:
            self._check(runner, 'val', runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        """Check what is tested on."""
        self._check(runner, 'test', runner.test_dataloader)

    def _check(self, runner: Runner, split: str, loader: DataLoader) -> None:
        kept = read_index(self.folder)
        name = kept.array_of(split)
        if name is None:
            return
        pictures, steps = sizes_of(loader.dataset), steps_of(runner.cfg, split)
        wanted = Index({name: as_data(steps)}, {name: pictures}, {})
        reasons = list(differences(kept, wanted, whole=False))
        if not reasons:
            places = Places(kept.pictures[name])
            rows = open_array(self.folder, sources_name(name), CACHE)
            rows = rows[[places[path] for path in pictures]]
            reasons = [
                *changed_pictures(name, list(pictures), rows),
                *self._other_pixels(name, next(iter(pictures)), places, steps),
            ]
        if reasons:
            raise ValueError(
                f'cache {self.folder} does not fit: {"; ".join(reasons)}. Make it anew '
                f'with `mvlr cache CONFIG --out {self.folder} --overwrite`, or go '
                'without: cache=None.'
            )

    def _other_pixels(
        self, name: str, path: str, places: Places, steps: list[dict]
    ) -> Iterator[str]:
        """Yield what is wrong with one picture, if it is."""
        if not Path(path).is_file():
            return
        here = FixedPictures([{'img_path': path}], steps)[0][0].numpy()
        there = open_array(self.folder, name, CACHE)[places[path]]
        if here.shape != there.shape:
            yield f'size: {path} gives {here.shape} here and {there.shape} there'
            return
        apart = np.abs(here.astype(int) - there).max()
        if apart > _DIFFERENCE:
            yield (
                f'values: {path} gives other pixels now, by up to {apart} grey levels: '
                'what reads or resizes pictures is another'
            )
