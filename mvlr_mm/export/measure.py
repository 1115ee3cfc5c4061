"""Pictures of a config's sets as the graph takes them, and the mAP on them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

from ..evaluation.functional import average_precision
from ..evaluation.means import mean_over_labels
from ..models.heads.batch_targets import batch_targets
from .check import Scorer

_BATCH = 8


def each_batch(
    cfg: Config,
    name: str,
    preprocessor: nn.Module,
    classes: tuple[str, ...],
    most: int | None = None,
) -> Iterator[tuple[np.ndarray, list[Any]]]:
    """Yield normalised pictures (B, 3, H, W) of a set, with their data samples.

    Args:
        cfg: With the loader ``name``.
        name: Such as ``val_dataloader``.
        preprocessor: The model's, which normalises.
        classes: The labels of the model.
        most: How many pictures at most, evenly from the whole set; None takes all.

    Raises:
        ValueError: The set has other labels, or in another order.
    """
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain')):
        loader = Runner.build_dataloader(
            dict(
                batch_size=_BATCH,
                num_workers=0,
                dataset=cfg[name].dataset,
                sampler=dict(type='DefaultSampler', shuffle=False),
                collate_fn=dict(type='pseudo_collate'),
            )
        )
    data = loader.dataset
    names = tuple(data.metainfo.get('classes') or classes)
    if names != classes:
        raise ValueError(
            f'{name} of {cfg.filename} has {len(names)} labels ({names[0]!r}, ...), '
            f'the model {len(classes)} ({classes[0]!r}, ...), others or in another '
            'order; name the config of its training.'
        )
    count = min(len(data), most or len(data))
    places = np.linspace(0, len(data) - 1, count).round().astype(int).tolist()
    for start in range(0, count, _BATCH):
        items = [data[i] for i in places[start : start + _BATCH]]
        batch = {key: [item[key] for item in items] for key in items[0]}
        batch = preprocessor(batch, False)
        yield batch['inputs'].cpu().numpy(), batch['data_samples']


def mean_average_precision(
    scorer: Scorer, cfg: Config, preprocessor: nn.Module, classes: tuple[str, ...]
) -> float:
    """Return the mAP of a graph on the test pictures of a config, in percent.

    Args:
        scorer: From pictures to scores.
        cfg: With ``test_dataloader``.
        preprocessor: The model's, which normalises.
        classes: The labels of the model.

    Raises:
        ValueError: As for :func:`each_batch`.
    """
    scores, targets = [], []
    for images, samples in each_batch(cfg, 'test_dataloader', preprocessor, classes):
        scores.append(scorer(images))
        targets.append(batch_targets(samples, len(classes)).numpy())
    found = average_precision(np.concatenate(scores), np.concatenate(targets))
    return 100 * mean_over_labels(found)
