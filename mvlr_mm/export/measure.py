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
    cfg: Config, name: str, preprocessor: nn.Module, most: int | None = None
) -> Iterator[tuple[np.ndarray, list[Any]]]:
    """Yield normalised pictures (B, 3, H, W) of a set, with their data samples.

    Args:
        cfg: With the loader ``name``.
        name: Such as ``val_dataloader``.
        preprocessor: The model's, which normalises.
        most: How many pictures at most, evenly from the whole set; None takes all.
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
    step = 1 if most is None else max(1, len(data) // most)
    places = list(range(0, len(data), step))[:most]
    for start in range(0, len(places), _BATCH):
        items = [data[i] for i in places[start : start + _BATCH]]
        batch = {key: [item[key] for item in items] for key in items[0]}
        batch = preprocessor(batch, False)
        yield batch['inputs'].cpu().numpy(), batch['data_samples']


def mean_average_precision(
    scorer: Scorer, cfg: Config, preprocessor: nn.Module, labels: int
) -> float:
    """Return the mAP of a graph on the test pictures of a config, in percent.

    Args:
        scorer: From pictures to scores.
        cfg: With ``test_dataloader``.
        preprocessor: The model's, which normalises.
        labels: Their number.
    """
    scores, targets = [], []
    for images, samples in each_batch(cfg, 'test_dataloader', preprocessor):
        scores.append(scorer(images))
        targets.append(batch_targets(samples, labels).numpy())
    found = average_precision(np.concatenate(scores), np.concatenate(targets))
    return 100 * mean_over_labels(found)
