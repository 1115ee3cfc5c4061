"""The one way from a work dir, a config or a pack to a model that is ready to use."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS
from torch import nn

from ..config import read_config
from ..engine.fit_weights import fit_checkpoint
from ..labels.known import KNOWN_LABELS
from ..labels.record import RECORD, decode_record
from ..labels.scale import NameScale, read_name_scale
from ..labels.thresholds import label_thresholds
from ..loaded_model import LoadedModel, build_model, own_names
from ..models.necks.neck_sequence import PLACES
from ..packs import load_pack
from ..weight_files import read_weights
from .device import choose_device
from .work_dir import NAMES, THRESHOLDS, find_config, find_run


def load_model(
    source: str | Path,
    checkpoint: str | Path | None = None,
    device: str | torch.device = 'cpu',
) -> LoadedModel:
    """Load a trained model.

    A config is Python, and reading it runs it; checkpoints and packs are data alone.

    Args:
        source: A work dir (see :func:`~mvlr_mm.apis.work_dir.find_run`); a pack's
            folder; or a config, which needs ``checkpoint``.
        checkpoint: A file of weights in place of the work dir's.
        device: Where the model is to be.

    Raises:
        FileNotFoundError: A file, or what a folder must hold, is not there.
        ValueError: The weights do not fit the config, or it lacks a part; the labels
            have no names; the device is not there.
    """
    device = choose_device(device)
    folder = Path(source).expanduser()
    if (folder / 'pack.json').is_file():
        if checkpoint is not None:
            raise ValueError(
                f'{source} is a pack, which has its own weights; leave the checkpoint '
                f'({checkpoint}) out.'
            )
        return load_pack(folder, device)
    if folder.is_dir() and checkpoint is None:
        config, checkpoint = find_run(folder)
    elif folder.is_dir():
        config = find_config(folder)
    elif checkpoint is None:
        raise ValueError(_why_no_model(folder))
    else:
        config = source
    checkpoint = Path(checkpoint).expanduser()
    return _load(read_config(config), checkpoint, device)


def _why_no_model(path: Path) -> str:
    if path.suffix in ('.pth', '.safetensors'):
        return f'{path}: name its work dir or config, and this as the checkpoint.'
    if not path.exists() and '::' not in str(path):
        return f'{path}: there is no such work dir, project, pack or config.'
    return f'{path} is no folder of a training; a config needs a checkpoint as well.'


def _load(cfg: Config, checkpoint: Path, device: str | torch.device) -> LoadedModel:
    if cfg.get('model') is None:
        raise ValueError(f'{cfg.filename} has no model.')
    dataset = _test_data(cfg)
    found = read_weights(checkpoint, 'cpu')
    for node in _with_class_file(cfg.model):
        # the file may lie elsewhere by now, and another in its place
        node['classes'] = _recorded_names(found) or node['classes']
    _order_stages(cfg.model, found)
    model = build_model(cfg)
    fit_checkpoint(model, found, source=str(checkpoint))
    model.load_state_dict(found['state_dict'])
    classes = _class_names(model, found.get('meta') or {}, dataset)
    return LoadedModel(
        model=model.to(device),
        classes=classes,
        pipeline=[dict(transform) for transform in dataset['pipeline']],
        thresholds=_thresholds(model, checkpoint),
        config=cfg,
        checkpoint=checkpoint,
        name_scale=_name_scale(checkpoint.parent),
    )


def _test_data(cfg: Config) -> dict:
    """Return the config of the test pictures, or of those of val."""
    for name in ('test_dataloader', 'val_dataloader'):
        dataset = (cfg.get(name) or {}).get('dataset')
        while dataset is not None and 'pipeline' not in dataset:
            inner = dataset.get('dataset') or (dataset.get('datasets') or [None])[0]
            dataset = inner
        if dataset is not None:
            return dataset.to_dict()
    raise ValueError(
        f'{cfg.filename} has no test_dataloader with a pipeline, so how pictures are '
        'brought to the model is not known.'
    )


def _with_class_file(node: Any) -> Iterator[dict]:
    """Yield the parts of a model's config whose label names stand in a file."""
    if isinstance(node, dict):
        names = node.get('classes')
        if isinstance(names, str) and names not in KNOWN_LABELS:
            yield node
        for value in node.values():
            yield from _with_class_file(value)


def _order_stages(settings: dict, found: Any) -> None:
    """Put the stages of a neck in the order of the training.

    mmengine sorts all names when it writes a config into a work dir, so a neck that is
    not sorted is as somebody wrote it. For one that is, the checkpoint has the order of
    the stages with weights, unless it is sorted as well, as by safetensors. Where that
    does not decide, the stages have their usual places.

    Raises:
        ValueError: They have none.
    """
    neck = settings.get('neck')
    if not isinstance(neck, dict) or list(neck) != sorted(neck):
        return
    weights = list(found.get('state_dict', found)) if isinstance(found, dict) else []
    keys = [] if weights == sorted(weights) else [key.split('.') for key in weights]
    parts = dict.fromkeys(k[1] for k in keys if k[0] == 'neck' and len(k) > 2)
    stages = [name for name in neck if isinstance(neck[name], dict)]
    order = [name for name in parts if name in stages]
    if len(order) < len(stages) > 1:
        usual = [name for name in PLACES if name in stages]
        if len(usual) < len(stages) or order != [x for x in usual if x in order]:
            raise ValueError(
                f'the stages {stages} of the neck stand in the order of the alphabet, '
                f'and the weights do not say where {sorted({*stages} - {*order})} were '
                'in the training: name its config, and the checkpoint, in place of the '
                'work dir.'
            )
        order = usual
    for name in order:
        neck[name] = neck.pop(name)  # behind those before it


def _recorded_names(found: Any) -> list[str] | None:
    """Return the label names that a checkpoint has beside its weights."""
    weights = found.get('state_dict', found) if isinstance(found, dict) else {}
    for name in weights:
        if name.endswith(RECORD):
            return decode_record(weights[name], name)['classes']
    return None


def _class_names(model: nn.Module, meta: dict, dataset: dict) -> tuple[str, ...]:
    names = own_names(model)
    if names is not None:
        return names
    names = (meta.get('dataset_meta') or {}).get('classes')
    names = names or (dataset.get('metainfo') or {}).get('classes')
    if isinstance(names, (list, tuple)) and names:
        return tuple(names)
    kind = dataset.get('type', '')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    names = (getattr(kind, 'METAINFO', None) or {}).get('classes')
    if names:
        return tuple(names)
    raise ValueError(
        'neither the model nor the checkpoint says what the labels are called; give a '
        'checkpoint of a training, which stores them, or metainfo=dict(classes=[...]) '
        "in the config's test data."
    )


def _thresholds(model: nn.Module, checkpoint: Path) -> dict[str, float] | None:
    """Return the thresholds beside the checkpoint, else those of the head."""
    path = checkpoint.parent / THRESHOLDS
    if path.is_file():
        if path.stat().st_mtime < checkpoint.stat().st_mtime:
            print_log(
                f'{path} is older than {checkpoint.name}: if they were searched for '
                'another checkpoint, search them again.',
                'current',
                logging.WARNING,
            )
        return label_thresholds(path)
    head = getattr(model, 'head', None)
    stored = getattr(head, 'label_thresholds', None)
    return None if stored is None else dict(stored.by_name)


def _name_scale(folder: Path) -> NameScale | None:
    """Return the scale of new names beside the checkpoint."""
    path = folder / NAMES
    return read_name_scale(path) if path.is_file() else None
