"""CMA: attention by the likeness of patches and labels (a reconstruction)."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn import functional as F

from ...argument_checks import check_number
from ...labels.graph import LabelGraph
from ...structures import VLFeatures
from ..heads.label_files_head import LabelFilesHead
from ..layers.label_linear import LabelLinear
from ..layers.unit_length import unit


@MODELS.register_module()
class CMAHead(LabelFilesHead):
    """Cross-modality attention with semantic graph embedding (You et al., AAAI 2020).

    There is no public code: this is a reconstruction from what the paper says of its
    single-scale form. Two maps bring the label vectors and the patches into one space.
    There the cosines of labels are drawn to how often they occur together (the graph
    embedding), and the positive cosines of patch and label, made to sum to 1 over the
    patches, gather the patches of each label for a classifier of its own.

    Args:
        embed_dim: Width D of the patches.
        graph: File with the counts of the training labels; None where a checkpoint
            brings them. See :func:`mvlr_mm.labels.graph.read_label_graph`.
        label_vectors: File with a vector for each label; or their width, where a
            checkpoint brings them.
        vectors_key: Which array of that file.
        space_dim: Width of the common space.
        hidden_dim: Width inside both maps.
        relaxation: Pairs whose likeness and cosine are both below it cost nothing.
        graph_weight: Weight of the graph embedding in the loss.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file lacks a label, ``relaxation`` is no number, or
            ``graph_weight`` is below 0.
    """

    named_rows = ('vectors', 'classifier.weight', 'classifier.bias')

    def __init__(
        self,
        embed_dim: int,
        graph: str | None,
        label_vectors: str | int,
        vectors_key: str | None = None,
        space_dim: int = 256,
        hidden_dim: int = 512,
        relaxation: float = 0.05,
        graph_weight: float = 1.0,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        check_number('relaxation', relaxation)
        check_number('graph_weight', graph_weight, at_least=0)
        self.relaxation, self.graph_weight = relaxation, graph_weight
        width = self.add_vectors(label_vectors, vectors_key)
        self.add_graph(graph, likeness)
        self.embed_labels = _map(width, hidden_dim, space_dim)
        self.embed_patches = _map(embed_dim, hidden_dim, space_dim)
        self.classifier = LabelLinear(embed_dim, self.num_labels)

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return the patches gathered for each label, (B, C, D)."""
        return self.attention(feats.visual).to(feats.visual.dtype) @ feats.visual

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Logit of every patch, (B, N, C); the attention's mean is the picture's."""
        return F.linear(feats.visual, self.classifier.weight, self.classifier.bias)

    def attention(self, visual: Tensor) -> Tensor:
        """Return the map of labels on patches, (B, C, N).

        Its rows sum to 1, or are 0 where no patch is like the label.

        Args:
            visual: Patches (B, N, D).
        """
        patches = unit(self.embed_patches(visual))
        labels = unit(self.embed_labels(self.vectors))
        positive = (labels @ patches.mT).relu()
        return positive / positive.sum(dim=-1, keepdim=True).clamp(min=1e-6)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.classifier(self.pre_logits(feats))

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Return ``loss`` and ``loss_graph``."""
        losses = super().loss(feats, data_samples, **kwargs)
        labels = self.embed_labels(self.vectors)
        cost = graph_embedding_loss(labels, self.graph, self.relaxation)
        losses['loss_graph'] = self.graph_weight * cost
        return losses


def likeness(counts: LabelGraph) -> np.ndarray:
    """Return how alike labels are by where they occur, (C, C), symmetric.

    The mean of P(j | i) and P(i | j).

    Args:
        counts: Of the training labels.
    """
    probabilities = counts.probabilities()
    return (probabilities + probabilities.T) / 2


def graph_embedding_loss(
    labels: Tensor, graph: Tensor, relaxation: float = 0.0
) -> Tensor:
    """Return the squared distance of cosines and likeness, a scalar.

    Mean over the pairs of different labels; a pair of which both are below
    ``relaxation`` counts as 0.

    Args:
        labels: (C, d).
        graph: Likeness of the labels, (C, C).
        relaxation: See above.
    """
    units, count = unit(labels.float()), len(labels)
    with torch.autocast(labels.device.type, enabled=False):
        cosines = units @ units.mT
    matters = (graph >= relaxation) | (cosines >= relaxation)
    matters &= ~torch.eye(count, dtype=torch.bool, device=labels.device)
    errors = (cosines - graph).square() * matters
    return errors.sum() / max(count * (count - 1), 1)


def _map(in_dim: int, hidden_dim: int, out_dim: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(in_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, out_dim)
    )
