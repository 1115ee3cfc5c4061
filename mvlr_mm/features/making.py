"""A folder of features: made once, gone on with after a kill."""

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmpretrain.registry import HOOKS
from torch import nn

from mvlr_stack.progress import Progress

from ..datasets.checking.splits import SPLITS
from ..engine import FreezeModules, load_weights
from ..loaded_model import build_model
from ..models.text.fingerprint import fingerprint
from ..stores.folder import alone, settle
from ..stores.growing_array import GrowingArray
from ..stores.lists import records_of, size_of
from .arrays import arrays_of
from .computing import FrozenPart, Views, compute, preprocessor_of
from .differences import differences
from .frozen_part import backbone_of, frozen_stage, frozen_weights
from .index import FEATURES, Index, read_index, write_index

_NAMES = (*SPLITS, *(f'{split}_views' for split in SPLITS))  # of arrays


def freezers_of(cfg: Config) -> list[FreezeModules]:
    """Return the hooks of a config that freeze parts of the model."""
    hooks = [dict(hook) for hook in cfg.get('custom_hooks') or []]
    kinds = [hook.get('type') for hook in hooks]  # in new configs, classes
    kinds = [HOOKS.get(kind) if isinstance(kind, str) else kind for kind in kinds]
    pairs = zip(hooks, kinds, strict=True)
    return [HOOKS.build(hook) for hook, kind in pairs if kind is FreezeModules]


def model_for(cfg: Config) -> nn.Module:
    """Return the model of a config with the weights that its training begins with."""
    model = build_model(cfg)
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(max(level, logging.WARNING))  # it would tell of each weight
    try:
        model.init_weights()
    finally:
        logger.setLevel(level)
    if cfg.get('load_from'):
        hook = (cfg.get('default_hooks') or {}).get('check_weights') or {}
        load_weights(cfg.load_from, 'cpu', model, hook.get('allow', ()))
    return model


def make_features(
    cfg: Config,
    folder: Path,
    views: int,
    seed: int = 0,
    batch_size: int = 32,
    workers: int = 0,
    overwrite: bool = False,
    device: str = 'cpu',
) -> int:
    """Compute what the frozen backbone of a config gives for all its pictures.

    A folder that was begun is gone on with.

    Args:
        cfg: With ``model`` and loaders.
        folder: Where the features go.
        views: Of each training picture, by the pipeline of train; 0 for none.
        seed: Of the views.
        batch_size: Pictures that go through the backbone together.
        workers: Processes; see :func:`~mvlr_mm.features.computing.compute`.
        overwrite: Replace features that do not fit.
        device: Of the backbone.

    Returns:
        How many views were computed.

    Raises:
        ValueError: The backbone trains; or the folder has other features, and the
            message says in what they differ.
        OSError: Another process writes to the folder, or its disk is full.
    """
    model = model_for(cfg)
    stage = frozen_stage(model, freezers_of(cfg))
    backbone = backbone_of(model).to(device)
    arrays, same = arrays_of(cfg, views)
    records = {s: records_of(cfg, s) for s in {a.split: 0 for a in arrays.values()}}
    index = Index(
        stage=stage,
        weights=fingerprint(frozen_weights(backbone, stage)),
        preprocessor=preprocessor_of(cfg),
        seed=seed,
        pictures={
            split: {key: size_of(key) for key in found}
            for split, found in records.items()
        },
        arrays=arrays,
        same=same,
    )
    part = FrozenPart(backbone, stage, index.preprocessor)
    with alone(folder):
        reasons = partial(_reasons, folder, index)
        if not settle(folder, FEATURES, reasons, _NAMES, overwrite):
            write_index(folder, index)
        files = {
            name: GrowingArray(
                folder / f'{name}.npy', (len(records[a.split]), a.views), np.float16
            )
            for name, a in arrays.items()
        }
        left = sum(file.rows - file.done for file in files.values())
        progress = Progress('features', left)
        sources = {
            name: Views(list(records[a.split].values()), a.pipeline, a.views, seed)
            for name, a in arrays.items()
        }
        if left:
            name = next(n for n, file in files.items() if file.done < file.rows)
            part.fold(sources[name][files[name].done])
        for name, source in sources.items():
            done = files[name].done
            for values in compute(part, source, done, batch_size, workers):
                files[name].append(values.numpy())
                progress.advance(name, len(values))
    return left


def _reasons(folder: Path, wanted: Index) -> Iterator[str]:
    return differences(read_index(folder), wanted, whole=True)
