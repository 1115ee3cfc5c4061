"""The splits of a config, read as lists of pictures and labels."""

from copy import deepcopy
from typing import NamedTuple

import numpy as np
from mmengine.config import Config, ConfigDict
from mmpretrain.registry import DATASETS

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
    """Return the configs of the data sets inside of wrappers, without pipelines.

    Args:
        cfg: Of a data set, or of a wrapper such as ``ConcatDataset``.
    """
    if 'datasets' in cfg:
        return [found for part in cfg['datasets'] for found in data_sets_of(part)]
    if 'dataset' in cfg:
        return data_sets_of(cfg['dataset'])
    cfg = deepcopy(cfg)
    cfg.update(pipeline=[], lazy_init=False)
    return [cfg]


def _read(name: str, source: list[ConfigDict]) -> Split:
    classes: tuple[str, ...] | None = None
    paths: list[str] = []
    problems: list[str] = []
    states: list[np.ndarray] = []
    for cfg in source:
        try:
            infos, found = _load(cfg, problems)
        except _NOT_BUILT as error:
            problems.append(f'{cfg.get("type")} cannot be built: {error}')
            continue
        if classes is not None and found != classes:
            problems.append(f'{cfg.get("type")} has other classes than the one before')
            continue
        classes = found
        for info in infos:
            paths.append(info['img_path'])
            states.append(_states(info, len(classes), problems))
    table = np.array(states, dtype=np.int8).reshape(len(paths), len(classes or ()))
    return Split(name, classes or (), paths, table, problems)


def _load(cfg: ConfigDict, problems: list[str]) -> tuple[list[dict], tuple[str, ...]]:
    """Return the records and classes of one data set; add what it reports."""
    data_set = DATASETS.get(cfg['type'])
    reports = isinstance(data_set, type) and issubclass(data_set, CheckedDataset)
    collected = CollectedProblems()
    if reports:
        cfg = ConfigDict(cfg, check_files=False, problems=collected)
    built = DATASETS.build(cfg)
    problems += collected.found
    infos = [built.get_data_info(i) for i in range(len(built))]
    if not reports:  # of mmpretrain, or somebody's own
        problems += _repeated([info['img_path'] for info in infos])
        if not infos:
            problems.append(f'{cfg["type"]} is empty')
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
    wrong = [label for label in labels if not 0 <= label < count]
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
