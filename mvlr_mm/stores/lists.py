"""Which pictures a config has, and by which pipelines they go."""

import os
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS

from ..datasets.checking.splits import SPLITS, inner_data_sets
from .folder import as_data

UNKNOWN = -1  # the size of a picture that is on no disk here


def pipeline_of(cfg: Config, split: str) -> list[dict]:
    """Return the one pipeline of a split, as the config has it.

    Raises:
        ValueError: Its parts have several, or a wrapper around them has one.
    """
    data = cfg[f'{split}_dataloader']['dataset']
    pipelines = [inner.get('pipeline', []) for inner in inner_data_sets(data)]
    first, *others = map(as_data, pipelines)
    if any(other != first for other in others) or _mixes(data):
        raise ValueError(
            f'{split}_dataloader: its data sets have several pipelines, or a wrapper '
            'with one of its own; what is kept is kept of pictures that all take the '
            'same way.'
        )
    return pipelines[0]


def splits_of(cfg: Config) -> tuple[list[str], dict[str, str]]:
    """Return the splits of a config that differ, and which others are one of them.

    Raises:
        ValueError: The config has no loader.
    """
    there = [split for split in SPLITS if cfg.get(f'{split}_dataloader') is not None]
    if not there:
        raise ValueError('the config has no train_, val_ or test_dataloader.')
    if {'val', 'test'} <= set(there) and _reads(cfg, 'val') == _reads(cfg, 'test'):
        there.remove('test')
        return there, {'test': 'val'}
    return there, {}


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
