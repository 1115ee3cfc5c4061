"""What a model looks at in a picture, and which labels it relates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..models.necks.ifm import IFM
from ..structures import VLFeatures
from .load import LoadedModel
from .prepare import Preparation


@dataclass(frozen=True, eq=False)
class Explanation:
    """Of one picture; what the model has no part for is None.

    Letters: C labels, H and W rows and columns of patches.
    """

    path: str
    pixels: np.ndarray  # (h, w, 3) uint8, blue, green, red: what the model sees
    similarity: np.ndarray | None = None  # (C, H, W), logits of the patches
    attention: np.ndarray | None = None  # (C, H, W), of Eq. 7, each summing to 1
    relation: np.ndarray | None = None  # (C, C), of Eq. 10, rows summing to 1


def explain(loaded: LoadedModel, paths: Iterable[str]) -> Iterator[Explanation]:
    """Yield an explanation of each picture that can be read.

    Args:
        loaded: The model. Without a head that scores patches there is no similarity,
            without :class:`~mvlr_mm.models.IFM` neither attention nor relation.
        paths: Of the pictures.
    """
    prepare = Preparation(loaded.pipeline)
    for path in paths:
        prepared = prepare(path)
        if prepared.data is not None:
            yield _explain(loaded.model, path, prepared.data)


@torch.no_grad()
def _explain(model: nn.Module, path: str, data: dict) -> Explanation:
    batch = model.data_preprocessor({'inputs': [data['inputs']]}, False)
    feats = model.backbone(batch['inputs'])
    attention = None
    if model.with_neck:
        feats, attention = _through_neck(model.neck, feats)
    found = {}
    if isinstance(feats, VLFeatures):
        found['relation'] = _first(feats.relation)
        if hasattr(model.head, 'patch_logits'):
            logits = model.head.patch_logits(feats).mT
            found['similarity'] = _first(logits.unflatten(2, feats.grid))
        if attention is not None:
            found['attention'] = _first(attention.unflatten(2, feats.grid))
    return Explanation(path, _pixels(data['inputs']), **found)


def _through_neck(neck: nn.Module, feats: object) -> tuple[object, Tensor | None]:
    """Return what the neck makes of features, and the attention of IFM's labels."""
    seen: list[Tensor] = []
    hooks = [
        module.patch_attention.register_forward_hook(
            lambda _module, _inputs, output: seen.append(output[1])
        )
        for module in neck.modules()
        if isinstance(module, IFM) and module.patch_attention is not None
    ]
    try:
        feats = neck(feats)
    finally:
        for hook in hooks:
            hook.remove()
    return feats, seen[-1] if seen else None


def _pixels(inputs: Tensor) -> np.ndarray:
    """Return what a pipeline gives, (1 or 3, h, w), as (h, w, 3) uint8."""
    values = inputs.float().round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:2], 3)))


def _first(batch: Tensor | None) -> np.ndarray | None:
    return None if batch is None else batch[0].float().cpu().numpy()
