"""The config of a run on kept pictures, from that of the run that decodes them."""

from copy import deepcopy

from mmengine.config import Config

from ..datasets.checking.splits import SPLITS, inner_data_sets
from .index import read_index, steps_of


def on_cache(cfg: Config) -> Config:
    """Return a config whose loaders read pictures that are decoded and resized.

    What follows in their pipelines is the same. A split that has no kept pictures
    decodes its own.

    Args:
        cfg: Its ``cache`` is the folder.

    Raises:
        FileNotFoundError: The folder has no pictures.
        ValueError: No steps of a pipeline can be kept.
    """
    folder = cfg.cache
    index = read_index(folder)
    cfg = deepcopy(cfg)
    for split in SPLITS:
        loader, name = cfg.get(f'{split}_dataloader'), index.array_of(split)
        if loader is None or name is None:
            continue
        count = len(steps_of(cfg, split))
        load = dict(type='LoadCachedPicture', folder=folder, name=name)
        for inner in inner_data_sets(loader.dataset):
            inner.pipeline = [dict(load), *inner.pipeline[count:]]
    check = dict(type='CheckCache', folder=folder)
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), check]
    return cfg
