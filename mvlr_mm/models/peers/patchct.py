"""PatchCT: patches and labels as sets that transport one another (a reconstruction)."""

import math
from collections.abc import Mapping

import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...argument_checks import check_number
from ...structures import VLFeatures
from ..heads.batch_targets import batch_targets
from ..heads.multi_label_head import MultiLabelHead
from ..layers.unit_length import unit
from ..layers.width_check import check_widths


@MODELS.register_module()
class PatchCTHead(MultiLabelHead):
    """Aligning patches and labels by conditional transport (Li et al., ICCV 2023).

    The code was announced and never published: this is a reconstruction from the paper.
    A prompt stage gives the labels' text. The mean patch and a residual adapter make
    the picture's vector, whose cosine with a label, scaled, is the logit. In training
    the patches and the labels that are there also pay for the transport from either
    set to the other: :func:`conditional_transport`.

    The paper reads CLIP's class token and pays after every layer of its tower; here the
    mean patch stands in for the token, and the last layer's patches pay.

    Args:
        embed_dim: Width D of patches and labels.
        adapter_ratio: Width inside the adapter over ``embed_dim``.
        scale: Start of the learnable factor of the cosine.
        bias: Start of the learnable bias.
        temperature: Of the transport plans.
        transport_weight: Weight of the transport in the loss.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: A number breaks its rule: ratio, ``scale`` and ``temperature`` are
            above 0, the weight at least 0; or, in ``forward``, no stage before the head
            has made labels.
    """

    def __init__(
        self,
        embed_dim: int,
        adapter_ratio: float = 0.25,
        scale: float = 20.0,
        bias: float = -4.0,
        temperature: float = 0.1,
        transport_weight: float = 1.0,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss or dict(type='LogitAsymmetricLoss'), thr, topk, init_cfg)
        check_number('adapter_ratio', adapter_ratio, above=0)
        check_number('scale', scale, above=0)
        check_number('bias', bias)
        check_number('temperature', temperature, above=0)
        check_number('transport_weight', transport_weight, at_least=0)
        hidden = max(1, int(adapter_ratio * embed_dim))
        self.adapter = nn.Sequential(
            nn.Linear(embed_dim, hidden), nn.ReLU(), nn.Linear(hidden, embed_dim)
        )
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.bias = nn.Parameter(torch.tensor(float(bias)))
        self.temperature, self.transport_weight = temperature, transport_weight

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return the picture's vector, (B, D)."""
        mean = feats.visual.mean(dim=1)
        return mean + self.adapter(mean)

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Scaled cosine of every patch, (B, N, C)."""
        labels = self._labels(feats)
        cosine = unit(feats.visual) @ labels.mT
        return self.log_scale.exp() * cosine + self.bias

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        labels = self._labels(feats)
        picture = unit(self.pre_logits(feats))
        cosine = torch.einsum('bd,bcd->bc', picture, labels)
        return self.log_scale.exp() * cosine + self.bias

    def _labels(self, feats: VLFeatures) -> Tensor:
        """Return the labels' unit vectors, (B, C, D)."""
        labels = feats.batch_labels('PatchCTHead')
        width = self.adapter[0].in_features
        check_widths('PatchCTHead', width, visual=feats.visual, labels=labels)
        return unit(labels)

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Return ``loss`` and ``loss_transport``."""
        losses = super().loss(feats, data_samples, **kwargs)
        labels = feats.batch_labels('PatchCTHead')
        there = batch_targets(data_samples, labels.shape[1]) == 1
        cost = conditional_transport(feats.visual, labels, there, self.temperature)
        losses['loss_transport'] = self.transport_weight * cost
        return losses


def conditional_transport(
    patches: Tensor, labels: Tensor, there: Tensor, temperature: float
) -> Tensor:
    """Return the cost of bringing patches to labels and labels to patches, a scalar.

    The cost of a pair is 1 - its cosine. Every patch spreads over the labels that are
    there, and every such label over the patches, by the softmax of cosine /
    temperature; the mean over patches plus the mean over labels is a picture's cost
    (Zheng and Zhou, NeurIPS 2021). Mean over the pictures that have a label.

    Args:
        patches: (B, N, D).
        labels: (B, C, D).
        there: Whether a picture has a label, (B, C) bool.
        temperature: See above.
    """
    first, second = (unit(t.float()) for t in (patches, labels))
    with torch.autocast(patches.device.type, enabled=False):  # 1 - cosine is a rest
        cosine = first @ second.mT  # (B, N, C)
    some = there.any(dim=1)
    mask = there | ~some[:, None]  # of pictures without a label, which count 0 below
    score = cosine / temperature
    to_labels = score.masked_fill(~mask[:, None], -torch.inf).softmax(dim=2)
    to_patches = score.softmax(dim=1)
    forward = ((1 - cosine) * to_labels).sum(dim=2).mean(dim=1)
    of_labels = ((1 - cosine) * to_patches).sum(dim=1) * mask
    backward = of_labels.sum(dim=1) / mask.sum(dim=1)
    return ((forward + backward) * some).sum() / some.sum().clamp(min=1)
