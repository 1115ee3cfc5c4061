"""Which arrays a folder of features has."""

from mmengine.config import Config

from ..stores.lists import pipeline_of, splits_of
from .index import ArrayInfo


def plain_pipeline(cfg: Config, split: str) -> list[dict] | None:
    """Return by which pipeline the pictures of a split are plain.

    It is the split's own; that of train is the one of val, or of test. None where there
    is neither.
    """
    splits = ('val', 'test') if split == 'train' else (split,)
    there = (s for s in splits if cfg.get(f'{s}_dataloader') is not None)
    return next((pipeline_of(cfg, s) for s in there), None)


def arrays_of(cfg: Config, views: int) -> tuple[dict[str, ArrayInfo], dict[str, str]]:
    """Return what is to be kept, and which splits are another one.

    Each split plain, by the pipeline of val or test; and ``views`` of each picture of
    train by its own.

    Raises:
        ValueError: The config has no loader, or as for :func:`pipeline_of`.
    """
    there, same = splits_of(cfg)
    plain = {split: plain_pipeline(cfg, split) for split in there}
    arrays = {
        split: ArrayInfo(split, 1, pipeline)
        for split, pipeline in plain.items()
        if pipeline is not None
    }
    if 'train' in there and views:
        own = pipeline_of(cfg, 'train')
        arrays['train_views'] = ArrayInfo('train', views, own)
    return arrays, same
