"""Measure what brings scores of untrained names to the scale of trained ones."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from ..evaluation.logistic import fit_logistic
from ..evaluation.samples import scores_and_target
from ..labels.generic import GENERIC_NAMES
from ..labels.names import as_tower_reads
from ..labels.scale import NameScale
from .name_similarity import NameSimilarity, mean_and_spread
from .retag import check_takes_names, comparing_weights, labels_together


class MeasuredNames(NamedTuple):
    """The scale, and the trained labels as it scores them: as if they were new."""

    scale: NameScale
    scores: np.ndarray  # (N, C) float64
    targets: np.ndarray  # (N, C): 1 present, 0 absent, -1 unknown


@torch.no_grad()
def measure_names(
    model: nn.Module,
    batches: Iterable[dict],
    count: int,
    pictures: int = 0,
    generic: Sequence[str] = GENERIC_NAMES,
) -> MeasuredNames:
    """Find the scale of new names, from the trained ones on annotated pictures.

    The trained labels are scored as if they were new: compared with the pictures as
    :func:`mvlr_mm.apis.retag.retagged` compares a new one, and standardised over some
    of the pictures, if any are kept. A logistic regression of all pictures and labels
    together then gives slope and bias.

    Args:
        model: A classifier whose labels come from names, in eval mode.
        batches: Of pictures that it was not trained on, as its data loader gives them.
        count: How many pictures they are.
        pictures: How many of them are kept to standardise over, spread evenly; with 0
            nothing is standardised.
        generic: Names whose mean similarity is the level of a picture; those that are
            trained labels are left out.

    Raises:
        ValueError: The model takes no other labels, the pictures are fewer than two or
            have several sizes, or none has a label.
    """
    before, stage = check_takes_names(model)
    pictures = min(pictures, count)
    if pictures == 1 or pictures < 0:
        raise ValueError(f'pictures ({pictures} of {count}) must be at least 2, or 0.')
    own = {as_tower_reads(name) for name in stage.classes}
    generic = tuple(name for name in generic if as_tower_reads(name) not in own)
    similarity = NameSimilarity(model.head, labels_together(stage, generic))
    trained = [labels_together(stage, stage.classes)]
    wanted = set(np.linspace(0, count - 1, pictures).round().astype(int))
    kept, found, targets, grids = [], [], [], set()
    for batch in batches:
        batch = model.data_preprocessor(batch, False)
        feats = nn.Sequential(*before)(model.backbone(batch['inputs']))
        grids.add(feats.grid)
        rows = similarity(feats, trained).float().cpu()
        for i, sample in enumerate(batch['data_samples']):
            if len(found) in wanted:
                kept.append(feats.visual[i].half().cpu())
            scores, target = scores_and_target(
                sample.to_dict() | {'pred_score': rows[i]}
            )
            found.append(scores)
            targets.append(target)
    if len(grids) > 1:
        raise ValueError(
            f'the pictures have several sizes in patches, {sorted(grids)[:3]}; bring '
            'them to one size in the pipeline of val_dataloader: Resize(scale=(W, H)).'
        )
    weights = comparing_weights(stage, model.head)
    patches = torch.stack(kept) if kept else feats.visual[:0].half().cpu()
    start = NameScale(stage.classes, generic, 1.0, 0.0, weights, feats.grid, patches)
    means, spreads = mean_and_spread(similarity, trained, start)
    z = (torch.stack(found) - means.cpu()) / spreads.cpu()
    return _fitted(start, z.double().numpy(), torch.stack(targets).numpy())


def _fitted(start: NameScale, z: np.ndarray, targets: np.ndarray) -> MeasuredNames:
    slope, bias = fit_logistic(z, targets)
    scores = 1 / (1 + np.exp(-(slope * z + bias)))
    return MeasuredNames(replace(start, slope=slope, bias=bias), scores, targets)
