"""ADD-GCN: a graph of labels that each picture makes anew."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from ...argument_checks import check_count
from ...structures import VLFeatures
from ..heads.named_labels_head import NamedLabelsHead
from ..layers.label_linear import LabelLinear


@MODELS.register_module()
class ADDGCNHead(NamedLabelsHead):
    """Attention-driven dynamic graph convolution (Ye et al., ECCV 2020, section 3).

    Scores of every patch for every label serve twice: their maximum is a logit, and
    their sigmoid gathers the patches of a label (the semantic attention module). A
    static graph and one made from the picture let the labels' vectors interact; a
    classifier for each label reads them. The logit is the mean of both.

    Args:
        embed_dim: Width D of the patches.
        hidden_dim: Width of a label's vector; None takes half of D, the official 1024
            behind ResNet-101.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: ``hidden_dim`` is below 1, or see :class:`NamedLabelsHead`.
    """

    named_rows = (
        'scores.weight',
        'graph.dynamic_edges.weight',
        'graph.dynamic_edges.bias',
        'classifier.weight',
        'classifier.bias',
    )
    named_axes = MappingProxyType({'graph.static_edges.weight': (0, 1)})

    def __init__(
        self,
        embed_dim: int,
        hidden_dim: int | None = None,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        check_count('hidden_dim', hidden_dim, or_none=True)
        hidden_dim = hidden_dim or embed_dim // 2
        self.scores = nn.Linear(embed_dim, self.num_labels, bias=False)
        self.transform = nn.Linear(embed_dim, hidden_dim)
        self.graph = DynamicGraph(hidden_dim, self.num_labels)
        self.classifier = LabelLinear(hidden_dim, self.num_labels)

    def pre_logits(self, feats: VLFeatures) -> VLFeatures:
        """Return the features as they are."""
        return feats

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Scores of every patch, (B, N, C), whose maximum is half of the logit."""
        return self.scores(feats.visual)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        scores = self.patch_logits(feats)
        labels = scores.sigmoid().mT @ self.transform(feats.visual)  # (B, C, hidden)
        refined = labels + self.graph(labels)
        return (scores.amax(dim=1) + self.classifier(refined)) / 2


class DynamicGraph(nn.Module):
    """A static graph convolution with a residual, then a dynamic one.

    Args:
        embed_dim: Width of a label's vector.
        num_labels: C.
    """

    def __init__(self, embed_dim: int, num_labels: int) -> None:
        super().__init__()
        self.static_edges = nn.Linear(num_labels, num_labels, bias=False)
        self.static_map = nn.Linear(embed_dim, embed_dim)
        self.summary_map = nn.Linear(embed_dim, embed_dim)
        self.summary_norm = SummaryNorm(embed_dim)
        self.dynamic_edges = nn.Linear(2 * embed_dim, num_labels)
        self.dynamic_map = nn.Linear(embed_dim, embed_dim)

    def forward(self, labels: Tensor) -> Tensor:
        """Let the labels of each picture, (B, C, D), interact; return (B, C, D)."""
        gathered = _leaky(self.static_edges(labels.mT).mT)
        labels = labels + _leaky(self.static_map(gathered))
        gathered = _leaky(self.edges(labels) @ labels)
        return _leaky(self.dynamic_map(gathered))

    def edges(self, labels: Tensor) -> Tensor:
        """Return the weight of every label for every label, (B, C, C), in (0, 1)."""
        summary = self.summary_norm(self.summary_map(labels.mean(dim=1)))
        summary = _leaky(summary)[:, None].expand_as(labels)
        return self.dynamic_edges(torch.cat([summary, labels], dim=-1)).sigmoid()


class SummaryNorm(nn.BatchNorm1d):
    """Batch normalisation that one picture alone passes by the stored statistics."""

    def forward(self, summary: Tensor) -> Tensor:
        """Normalise (B, D)."""
        if not self.training or len(summary) > 1:
            return super().forward(summary)
        stored = self.running_mean, self.running_var
        return F.batch_norm(summary, *stored, self.weight, self.bias, eps=self.eps)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)
