"""The config of a run on features, from that of the run on pictures."""

from copy import deepcopy

from mmengine.config import Config, ConfigDict

from ..datasets.checking.splits import SPLITS, inner_data_sets
from .index import Index, read_index


def on_features(cfg: Config) -> Config:
    """Return a config whose loaders read what a frozen backbone gave for the pictures.

    Lists, labels, model, schedule, hooks and metrics are the same. A split that has no
    features keeps its pictures, which nothing of the run may then want.

    Args:
        cfg: For pictures; its ``features`` is the folder.

    Raises:
        FileNotFoundError: The folder has no features.
    """
    folder = cfg.features
    index = read_index(folder)
    cfg = deepcopy(cfg)
    for split in SPLITS:
        loader = cfg.get(f'{split}_dataloader')
        if loader is not None and index.array_of(split) is not None:
            _read_features(loader, folder, index, split)
    settings = dict(type='FeaturePreprocessor', stage=index.stage)
    cfg.data_preprocessor = cfg.model.data_preprocessor = ConfigDict(settings)
    cfg.custom_hooks = [
        *(cfg.get('custom_hooks') or []),
        dict(type='CheckFeatures', folder=folder),
        dict(type='ViewOfEpoch'),
    ]
    return cfg


def _read_features(loader: ConfigDict, folder: str, index: Index, split: str) -> None:
    """Let a loader read features."""
    name = index.array_of(split)
    load = dict(
        type='LoadFeatures', folder=folder, name=name, split=index.arrays[name].split
    )
    for inner in inner_data_sets(loader.dataset):
        pack = inner.pipeline[-1]
        inner.pipeline = [dict(load), pack]
    # to copy a batch out of a file takes less than to hand it from another process, and
    # the views of an epoch are chosen in this one
    loader.num_workers = 0
    loader.persistent_workers = False
    for key in ('prefetch_factor', 'timeout', 'multiprocessing_context'):
        loader.pop(key, None)  # of other processes
