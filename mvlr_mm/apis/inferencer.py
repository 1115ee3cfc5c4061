"""Tag pictures with a trained model."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ..argument_checks import check_count
from ..models.heads.probabilities import probabilities
from ..models.layers.weight_state import WeightState
from ..structures import VLFeatures
from .choose_tags import TagChoice, Thresholds
from .device import choose_device
from .load import LoadedModel, load_model
from .picture_sources import each_picture
from .prepare import Preparation, Prepared, batches, map_ahead
from .retag import retagged
from .separate_labels import SeparateHead
from .tagged import Tagged

FORMATS = ('tags', 'scores', 'embedding', 'heatmap')
_THREADS = 16  # that read pictures, at most


class MultiLabelInferencer:
    """Tag pictures with a trained model.

    Args:
        model: A work dir (its config and its best, else last checkpoint), a pack's
            folder, a config, or a model that is loaded already.
        checkpoint: A file of weights, which a config needs.
        device: Where to compute; None is a GPU where there is one.

    Attributes:
        classes: The label names, in the order of the scores.

    Raises:
        FileNotFoundError: A file, or what a folder must hold, is not there.
        ValueError: As for :func:`mvlr_mm.apis.load_model`; or the model is no
            classifier, or the device is not there.
    """

    def __init__(
        self,
        model: str | Path | LoadedModel,
        checkpoint: str | Path | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        device = choose_device(device)
        if not isinstance(model, LoadedModel):
            model = load_model(model, checkpoint, device)
        for part in ('backbone', 'head'):
            if not isinstance(getattr(model.model, part, None), nn.Module):
                raise ValueError(
                    f'{type(model.model).__name__} has no {part}; a classifier of a '
                    'backbone, maybe a neck, and a head is needed.'
                )
        self.loaded = model
        self.model = model.model.to(device)
        self.classes = model.classes
        self._prepare = Preparation(model.pipeline)
        self._other: tuple[tuple[str, ...], WeightState, nn.Module] | None = None

    def __call__(
        self,
        images: object,
        thr: Thresholds = 0.5,
        topk: int | None = None,
        classes: Sequence[str] | None = None,
        batch_size: int = 8,
        fmt: str | Sequence[str] = ('tags',),
    ) -> Iterator[Tagged] | list[Tagged]:
        """Return what the model says of pictures, in their order.

        A picture that cannot be read gives a result with its ``error``, and the others
        follow. The scores are those of `mvlr test`.

        Args:
            images: A picture or several: paths of files and folders, patterns
                (``photos/**/*.jpg``), arrays (H, W, 3) or (H, W) in blue, green, red as
                OpenCV has them, PIL images, or the content of files
                (:class:`~mvlr_mm.apis.picture_sources.EncodedPicture`). An iterator,
                which may be endless, gives an iterator of results; at most one batch is
                read ahead.
            thr: Score from which a label is a tag; see
                :class:`mvlr_mm.apis.choose_tags.TagChoice`.
            topk: The most tags of a picture.
            classes: Labels in place of the model's own, trained or not; none changes
                another's score, see :func:`mvlr_mm.apis.retag.retagged`.
            batch_size: Pictures that go through the model at a time. Only those of one
                size do, so no picture's score depends on its neighbours.
            fmt: What the results hold: ``tags``; ``scores``; ``embedding``, the mean of
                the backbone's patches, which the labels do not change; ``heatmap``, the
                logit of every patch, for :func:`mvlr_mm.visualization.heat_map`.

        Raises:
            FileNotFoundError: ``thr`` is a path that leads nowhere.
            TypeError: Something else is among the images.
            ValueError: An argument breaks its rule, or the model cannot do it; or its
                labels were changed by ``set_classes``.
        """
        fmt = (fmt,) if isinstance(fmt, str) else tuple(fmt)
        for word in fmt:
            if word not in FORMATS:
                raise ValueError(f'fmt ({word!r}) must be of {FORMATS}.')
        check_count('batch_size', batch_size)
        model, names = self._model_for(classes)
        if 'heatmap' in fmt and not hasattr(model.head, 'patch_logits'):
            raise ValueError(
                f"fmt 'heatmap': {type(model.head).__name__} does not score patches; "
                'SimilarityHead does.'
            )
        choice = TagChoice(names, thr, topk, self.loaded.thresholds)
        results = self._results(images, model, choice, batch_size, fmt)
        return results if isinstance(images, Iterator) else list(results)

    def _model_for(
        self, classes: Sequence[str] | None
    ) -> tuple[nn.Module, tuple[str, ...]]:
        if classes is None:
            self.loaded.check_labels()
            return self.model, self.classes
        if isinstance(classes, str):
            raise ValueError(f'classes ({classes!r}) must be a list of names.')
        names = tuple(classes)
        other = self._other  # once: another thread may put its own there
        if other is None or other[0] != names or not other[1].same():
            scale = self.loaded.name_scale
            made = retagged(self.model, names, scale)
            read = nn.ModuleList([self.model.neck, self.model.head])
            self._other = other = (names, WeightState(read), made)
        return other[2], names

    def _results(
        self,
        images: object,
        model: nn.Module,
        choice: TagChoice,
        batch_size: int,
        fmt: tuple[str, ...],
    ) -> Iterator[Tagged]:
        threads = min(batch_size, _THREADS, len(os.sched_getaffinity(0)))
        pictures = each_picture(images)
        prepared = map_ahead(self._prepare, pictures, batch_size, threads)
        for batch in batches(prepared, batch_size):
            yield from _tag(model, batch, choice, fmt)


def _tag(
    model: nn.Module, batch: list[Prepared], choice: TagChoice, fmt: tuple[str, ...]
) -> list[Tagged]:
    """Return the results of a batch; pictures of one size go together."""
    results = [Tagged(item.path, error=item.error) for item in batch]
    sizes: dict[tuple[int, ...], list[int]] = {}
    for i, item in enumerate(batch):
        if item.data is not None:
            sizes.setdefault(tuple(item.data['inputs'].shape), []).append(i)
    for places in sizes.values():
        found = run_model(model, [batch[i].data for i in places], 'heatmap' in fmt)
        arrays = {name: x.float().cpu().numpy() for name, x in found.items()}
        for row, i in enumerate(places):
            one = {name: array[row] for name, array in arrays.items()}
            results[i] = _result(batch[i].path, one, choice, fmt)
    return results


def _result(
    path: str | None, found: dict, choice: TagChoice, fmt: tuple[str, ...]
) -> Tagged:
    scores = found['scores']
    if len(scores) != len(choice.names):
        raise ValueError(
            f'the model gives {len(scores)} scores, and {len(choice.names)} labels '
            'have names; the checkpoint and the config are of different data.'
        )
    if np.isnan(scores).any():
        return Tagged(path, error='the model gives scores that are not numbers (NaN)')
    kept = {name: x for name, x in found.items() if name in fmt}
    return Tagged(path, tags=choice(scores) if 'tags' in fmt else (), **kept)


@torch.no_grad()
def run_model(
    model: nn.Module, data: list[dict], heatmap: bool = False
) -> dict[str, Tensor]:
    """Return what a classifier says of B pictures of one size.

    Args:
        model: A classifier of mmpretrain, in eval mode.
        data: ``inputs`` and ``data_samples`` of each.
        heatmap: Whether to give the logits of the patches, too.

    Returns:
        ``scores`` (B, C), ``embedding`` (B, D) and, if asked for, ``heatmap``
        (B, C, H, W).
    """
    batch = {
        'inputs': [item['inputs'] for item in data],
        'data_samples': [item.get('data_samples') or DataSample() for item in data],
    }
    batch = model.data_preprocessor(batch, False)
    patches = model.backbone(batch['inputs'])
    feats = model.neck(patches) if model.with_neck else patches
    head = model.head
    # thresholds of the head play no part
    if isinstance(head, (MultiLabelClsHead, SeparateHead)):
        scores = probabilities(head(feats))
    else:
        samples = head.predict(feats, batch['data_samples'])
        scores = torch.stack([sample.pred_score for sample in samples])
    found = {'scores': scores, 'embedding': _mean_patch(patches)}
    if heatmap:
        found['heatmap'] = head.patch_logits(feats).mT.unflatten(2, feats.grid)
    return found


def _mean_patch(feats: VLFeatures | Tensor | tuple) -> Tensor:
    """Return the mean of a backbone's patches, (B, D)."""
    if isinstance(feats, VLFeatures):
        return feats.visual.mean(dim=1)
    last = feats[-1] if isinstance(feats, (tuple, list)) else feats
    return last.flatten(2).mean(dim=2) if last.dim() == 4 else last
