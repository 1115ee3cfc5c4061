"""The splits of a config, read as lists of pictures and labels."""

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.config import Config, ConfigDict
from mmpretrain.registry import DATASETS, TRANSFORMS

from .checked_dataset import CheckedDataset
from .problems import CollectedProblems
from .records import same_file

SPLITS = ('train', 'val', 'test')
_NOT_BUILT = (AssertionError, ImportError, KeyError, OSError, TypeError, ValueError)


class Split(NamedTuple):
    """What one or several splits of a config hold: N pictures, C labels."""

    name: str  # 'val, test' where both are the same data
    classes: tuple[str, ...]
    paths: list[str]
    states: np.ndarray  # (N, C) int8: 1 there, 0 absent, -1 left out
    problems: list[str]
    notes: Sequence[str] = ()
    loaders: Sequence[BaseTransform] = ()  # what loads the picture of each path


def read_splits(cfg: Config) -> list[Split]:
    """Read every split of a config, with all problems of its annotations.

    Args:
        cfg: A config with ``train_dataloader``, ``val_dataloader``, ``test_dataloader``
            or some of them.

    Raises:
        ValueError: It has none of them.
    """
    names: list[str] = []
    sources: list[list[ConfigDict]] = []
    for name in SPLITS:
        loader = cfg.get(f'{name}_dataloader')
        if loader is None:
            continue
        source = data_sets_of(loader['dataset'])
        if source in sources:
            names[sources.index(source)] += f', {name}'
        else:
            names.append(name)
            sources.append(source)
    if not names:
        raise ValueError(
            f'the config has none of {", ".join(f"{n}_dataloader" for n in SPLITS)}.'
        )
    return [_read(*both) for both in zip(names, sources, strict=True)]


def data_sets_of(cfg: ConfigDict) -> list[ConfigDict]:
    """Return the configs of the data sets inside of wrappers, which only load pictures.

    Args:
        cfg: Of a data set, or of a wrapper such as ``ConcatDataset``.
    """
    found = [deepcopy(inner) for inner in inner_data_sets(cfg)]
    for inner in found:
        load = _loading_step(inner.get('pipeline', ()))
        inner.update(pipeline=[load], lazy_init=False)
    return found


def inner_data_sets(cfg: ConfigDict) -> list[ConfigDict]:
    """Return the parts of a data set's config that read lists, in their order.

    Args:
        cfg: Of a data set, or of a wrapper such as ``ConcatDataset``.
    """
    if 'datasets' in cfg:
        return [found for part in cfg['datasets'] for found in inner_data_sets(part)]
    return inner_data_sets(cfg['dataset']) if 'dataset' in cfg else [cfg]


def _loading_step(pipeline: Sequence) -> dict:
    """Return the config of what loads the pictures of a pipeline."""
    steps = (step for step in pipeline if isinstance(step, dict))
    kinds = ((step, step.get('type')) for step in steps)  # in new configs, classes
    names = ((step, getattr(kind, '__name__', str(kind))) for step, kind in kinds)
    names = ((step, name.rpartition('.')[2]) for step, name in names)
    loading = (step for step, name in names if name.startswith('Load'))
    return next(loading, dict(type='LoadPicture'))


def _read(name: str, source: list[ConfigDict]) -> Split:
    split = Split(name, (), [], np.empty(0), [], [], [])
    states: list[np.ndarray] = []
    for cfg in source:
        try:
            infos, classes = _load(cfg, split)
            loader = TRANSFORMS.build(cfg['pipeline'][0])
        except _NOT_BUILT as error:
            split.problems.append(f'{cfg.get("type")} cannot be built: {error}')
            continue
        if not infos:  # what is reported says why
            continue
        if split.classes and classes != split.classes:
            split.problems.append(
                f'{cfg.get("type")} has other classes than the one before'
            )
            continue
        split = split._replace(classes=classes)
        for info in infos:
            split.paths.append(info['img_path'])
            split.loaders.append(loader)
            states.append(_states(info, len(classes), split.problems))
    shape = len(split.paths), len(split.classes)
    return split._replace(states=np.array(states, dtype=np.int8).reshape(shape))


def _load(cfg: ConfigDict, split: Split) -> tuple[list[dict], tuple[str, ...]]:
    """Return the records and classes of one data set; add what it reports."""
    kind = cfg['type']
    data_set = DATASETS.get(kind) if isinstance(kind, str) else kind
    reports = isinstance(data_set, type) and issubclass(data_set, CheckedDataset)
    collected = CollectedProblems()
    if reports:
        # not serialized: that fails where no record is left, which is reported
        options = dict(check_files=False, problems=collected, serialize_data=False)
        cfg = ConfigDict(cfg, **options)
    try:
        built = DATASETS.build(cfg)
    finally:
        split.problems.extend(collected.found)
        split.notes.extend(collected.notes)
    infos = [built.get_data_info(i) for i in range(len(built))]
    if not reports:  # of mmpretrain, or somebody's own
        split.problems.extend(_repeated([info['img_path'] for info in infos]))
        if not infos:
            split.problems.append(f'{cfg["type"]} is empty')
    return infos, tuple(built.metainfo.get('classes') or ())


def _repeated(paths: list[str]) -> list[str]:
    first: dict[str, int] = {}
    return [
        f'records {first[same_file(path)]} and {i} both are {path}; write one record, '
        'with the labels of both.'
        for i, path in enumerate(paths)
        if first.setdefault(same_file(path), i) != i
    ]


def _states(info: dict, count: int, problems: list[str]) -> np.ndarray:
    """Return the states (C,) of a record; add what is wrong with its labels."""
    path, labels = info['img_path'], np.atleast_1d(info.get('gt_label', [])).tolist()
    if info.get('gt_label') is None and info.get('gt_score') is None:
        problems.append(f'{path} has neither gt_label nor gt_score; write [] for none.')
    wrong = [label for label in labels if label not in range(count)]
    problems += [
        f'{path}: label {label} is out of range; there are {count} classes, so an '
        f'index lies in 0 to {count - 1}.'
        for label in wrong
    ]
    if len(set(labels)) < len(labels):
        problems.append(f'{path}: a label occurs twice in {labels}.')
    if info.get('gt_score') is None:
        states = np.zeros(count, np.int8)
        states[sorted(set(labels) - set(wrong))] = 1
        return states
    score = np.asarray(info['gt_score'])
    if score.shape != (count,):
        problems.append(
            f'{path}: gt_score has the shape {score.shape}, and must have ({count},).'
        )
        return np.zeros(count, np.int8)
    return np.where(score < 0, -1, score > 0).astype(np.int8)
