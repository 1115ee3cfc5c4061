"""ML-GCN: classifiers that a graph convolution makes of the labels' words."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from ...argument_checks import check_count, check_number
from ...labels.graph import LabelGraph
from ...structures import VLFeatures
from ..heads.label_files_head import LabelFilesHead


@MODELS.register_module()
class MLGCNHead(LabelFilesHead):
    """Graph convolutional classifiers (Chen et al., CVPR 2019, section 3).

    Two graph convolutions turn the label vectors into a classifier for each label, of
    the maximum over the patches: ``W = A leaky(A E W_1) W_2``, ``logits = max(X) W^T``.
    A is :func:`correlation_matrix` of the training labels.

    Args:
        embed_dim: Width D of the patches.
        graph: File with the counts of the training labels; None where a checkpoint
            brings the matrix. See :func:`mvlr_mm.labels.graph.read_label_graph`.
        label_vectors: File with a vector for each label, GloVe's in the paper; or their
            width, where a checkpoint brings them.
        vectors_key: Which array of that file.
        hidden_dim: Width between the two convolutions; None takes half of D, the
            official 1024 behind ResNet-101.
        threshold: Probability from which one label points to another, tau.
        neighbours: Weight of all neighbours together beside the label's own 1.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file lacks a label, ``hidden_dim`` is below 1, ``threshold`` is
            not in (0, 1], or ``neighbours`` is below 0.
    """

    def __init__(
        self,
        embed_dim: int,
        graph: str | None,
        label_vectors: str | int,
        vectors_key: str | None = None,
        hidden_dim: int | None = None,
        threshold: float = 0.4,
        neighbours: float = 0.25,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        width = self.add_vectors(label_vectors, vectors_key)
        check_number('threshold', threshold, above=0, at_most=1)
        check_number('neighbours', neighbours, at_least=0)
        self.add_graph(
            graph, lambda counts: correlation_matrix(counts, threshold, neighbours)
        )
        check_count('hidden_dim', hidden_dim, or_none=True)
        hidden_dim = hidden_dim or embed_dim // 2
        self.first = GraphConvolution(width, hidden_dim)
        self.second = GraphConvolution(hidden_dim, embed_dim)

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return the maximum over the patches, (B, D)."""
        return feats.visual.amax(dim=1)

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Logit of a picture that is this patch alone, (B, N, C)."""
        return feats.visual @ self.classifiers().mT

    def classifiers(self) -> Tensor:
        """Return what the graph makes of the label vectors, (C, D)."""
        hidden = F.leaky_relu(self.first(self.vectors, self.graph), 0.2)
        return self.second(hidden, self.graph)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.pre_logits(feats) @ self.classifiers().mT


class GraphConvolution(nn.Module):
    """``A H W``: every node takes the mapped sum of its neighbours (Kipf and Welling).

    Args:
        in_dim: Width of a node before.
        out_dim: Width of a node after.
    """

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_dim, out_dim))
        nn.init.uniform_(self.weight, -(out_dim**-0.5), out_dim**-0.5)

    def forward(self, nodes: Tensor, adjacency: Tensor) -> Tensor:
        """Return (C, out_dim).

        Args:
            nodes: (C, in_dim).
            adjacency: (C, C).
        """
        return adjacency @ (nodes @ self.weight)


def correlation_matrix(
    counts: LabelGraph, threshold: float = 0.4, neighbours: float = 0.25
) -> np.ndarray:
    """Return the matrix A of the graph convolutions, (C, C).

    An edge from i to j where P(j | i) is at least ``threshold`` (Eq. 7); the edges to
    a label share the weight ``neighbours``, and each label keeps 1 of itself (Eq. 8,
    with the numbers of the official code); then ``D^-1/2 A^T D^-1/2``, D the sums of
    A's rows.

    Args:
        counts: Of the training labels.
        threshold: tau.
        neighbours: Weight of all edges to a label.

    Raises:
        ValueError: ``threshold`` is not in (0, 1], or ``neighbours`` is below 0.
    """
    check_number('threshold', threshold, above=0, at_most=1)
    check_number('neighbours', neighbours, at_least=0)
    edges = (counts.probabilities() >= threshold).astype(float)
    shares = neighbours * edges / np.maximum(edges.sum(axis=0, keepdims=True), 1)
    matrix = shares + np.eye(len(edges))
    scale = matrix.sum(axis=1) ** -0.5
    return scale[:, None] * matrix.T * scale
