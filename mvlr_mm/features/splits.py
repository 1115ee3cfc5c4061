"""Which pictures of a config are kept, and by which pipelines."""

import os
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS

from ..datasets.checking.splits import SPLITS, inner_data_sets
from .index import UNKNOWN, ArrayInfo, as_data


def pipeline_of(cfg: Config, split: str) -> list[dict]:
    """Return the one pipeline of a split, as data.

    Raises:
        ValueError: Its parts have several, or a wrapper around them has one.
    """
    data = cfg[f'{split}_dataloader']['dataset']
    pipelines = [as_data(inner.get('pipeline', [])) for inner in inner_data_sets(data)]
    if any(pipeline != pipelines[0] for pipeline in pipelines) or _mixes(data):
        raise ValueError(
            f'{split}_dataloader: its data sets have several pipelines, or a wrapper '
            'with one of its own; features are kept of pictures that all take the '
            'same way.'
        )
    return pipelines[0]


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
    there = [split for split in SPLITS if cfg.get(f'{split}_dataloader') is not None]
    if not there:
        raise ValueError('the config has no train_, val_ or test_dataloader.')
    same = {}
    if {'val', 'test'} <= set(there) and _reads(cfg, 'val') == _reads(cfg, 'test'):
        same['test'] = 'val'
        there.remove('test')
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


def records_of(cfg: Config, split: str) -> dict[str, dict]:
    """Return the records of a split's pictures, by :func:`key_of` their paths."""
    found: dict[str, dict] = {}
    scope = cfg.get('default_scope', 'mmpretrain')
    with DefaultScope.overwrite_default_scope(scope):
        for inner in inner_data_sets(cfg[f'{split}_dataloader']['dataset']):
            for record in _records(DATASETS.build(inner)):
                found.setdefault(key_of(record['img_path']), record)
    return found


def built_parts(dataset: Any) -> Iterator[Any]:
    """Yield the parts that read lists of a data set that is built, or of a wrapper."""
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from built_parts(part)
    elif hasattr(dataset, 'dataset'):
        yield from built_parts(dataset.dataset)
    else:
        yield dataset


def sizes_of(dataset: Any) -> dict[str, int]:
    """Return the pictures of a data set that is built, and the bytes of their files."""
    records = (record for part in built_parts(dataset) for record in _records(part))
    keys = dict.fromkeys(key_of(record['img_path']) for record in records)
    return {key: size_of(key) for key in keys}


def key_of(path: str) -> str:
    """Return by what a picture is known: its whole path, or its address."""
    return path if '://' in path else os.path.abspath(path)


def size_of(path: str) -> int:
    """Return the bytes of a file; -1 for an address or one that is not here."""
    try:
        return os.path.getsize(path)
    except OSError:
        return UNKNOWN


def _records(dataset: Any) -> Iterator[dict]:
    return (dataset.get_data_info(i) for i in range(len(dataset)))


def _reads(cfg: Config, split: str) -> list:
    return as_data(inner_data_sets(cfg[f'{split}_dataloader']['dataset']))


def _mixes(cfg: ConfigDict) -> bool:
    parts = cfg.get('datasets') or ([cfg['dataset']] if 'dataset' in cfg else [])
    return bool(parts) and ('pipeline' in cfg or any(map(_mixes, parts)))
