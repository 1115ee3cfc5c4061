"""A folder of pictures: made once, gone on with after a kill."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import TRANSFORMS
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from mvlr_stack.progress import Progress

from ..datasets.checking.splits import SPLITS
from ..stores.folder import alone, as_data, settle
from ..stores.lists import records_of, size_of, splits_of
from .differences import changed_pictures, differences
from .index import CACHE, Index, read_index, steps_of, write_index
from .kept_pictures import KeptPictures, sources_name
from .sources import SOURCE, source_of


class FixedPictures(Dataset):
    """Pictures as the steps that are kept make them.

    Args:
        records: Of the pictures, with ``img_path``.
        steps: Configs of the transforms.
    """

    def __init__(self, records: Sequence[dict], steps: list[dict]) -> None:
        self.records = records
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            self.steps = Compose([TRANSFORMS.build(dict(step)) for step in steps])

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, number: int) -> tuple[Tensor, bytes]:
        """Return a picture (H, W, 3), uint8, and its row of ``SOURCE``.

        Raises:
            ValueError: The steps leave the picture out, or give no three bytes a pixel.
        """
        record = self.records[number]
        path = record['img_path']
        results = self.steps(deepcopy(record))
        if results is None:
            raise ValueError(f'{path} is left out by the pipeline.')
        img = results['img']
        if img.dtype != np.uint8 or img.ndim != 3:
            raise ValueError(
                f'{path} comes out as {img.dtype} {img.shape}; only pictures of bytes, '
                '(H, W, channels), are kept.'
            )
        pixels = torch.from_numpy(np.ascontiguousarray(img))
        return pixels, source_of(path, results).tobytes()


def make_cache(
    cfg: Config, folder: Path, workers: int = 0, overwrite: bool = False
) -> int:
    """Keep the pictures of a config as the first steps of its pipelines make them.

    A folder that was begun is gone on with.

    Args:
        cfg: With loaders.
        folder: Where the pictures go.
        workers: Processes that decode; 0 for this one alone.
        overwrite: Replace pictures that do not fit.

    Returns:
        How many pictures were decoded.

    Raises:
        ValueError: No steps can be kept; or the folder has other pictures, and the
            message says in what they differ.
        OSError: Another process writes to the folder, or its disk is full.
    """
    there, same = splits_of(cfg)
    steps = {split: steps_of(cfg, split) for split in there}
    records = {split: records_of(cfg, split) for split in there}
    pictures = {s: {key: size_of(key) for key in records[s]} for s in there}
    index = Index(as_data(steps), pictures, same)
    with alone(folder):
        names = [*SPLITS, *map(sources_name, SPLITS)]
        reasons = partial(_reasons, folder, index)
        if not settle(folder, CACHE, reasons, names, overwrite):
            write_index(folder, index)
        kept = {s: KeptPictures(folder, s, len(records[s])) for s in there}
        left = sum(len(records[split]) - kept[split].done for split in there)
        progress = Progress('cache', left)
        for split in there:
            source = FixedPictures(list(records[split].values()), steps[split])
            for img, row in _decoded(source, kept[split].done, workers):
                kept[split].append(img.numpy(), np.frombuffer(row, SOURCE)[0])
                progress.advance(split)
    return left


def _decoded(
    source: FixedPictures, done: int, workers: int
) -> Iterator[tuple[Tensor, bytes]]:
    """Yield the pictures that are left, in their order."""
    return iter(
        DataLoader(
            Subset(source, range(done, len(source))),
            batch_size=None,
            num_workers=workers,
            collate_fn=_as_it_is,
            multiprocessing_context='fork' if workers else None,
        )
    )


def _as_it_is(item: tuple) -> tuple:
    return item


def _reasons(folder: Path, wanted: Index) -> Iterator[str]:
    kept = read_index(folder)
    others = list(differences(kept, wanted, whole=True))
    yield from others
    for split, pictures in kept.pictures.items() if not others else ():
        rows = KeptPictures(folder, split, len(pictures)).sources
        if rows.done:
            yield from changed_pictures(split, list(pictures)[: rows.done], rows.read())
