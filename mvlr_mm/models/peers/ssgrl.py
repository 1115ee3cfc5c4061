"""SSGRL: words find their patches, and a graph lets the labels speak."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from ...argument_checks import check_count
from ...structures import VLFeatures
from ..heads.label_files_head import LabelFilesHead
from ..layers.gated_graph import GatedGraph
from ..layers.label_linear import LabelLinear
from ..layers.low_rank_attention import LowRankAttention


@MODELS.register_module()
class SSGRLHead(LabelFilesHead):
    """Semantic-specific graph representation (Chen et al., ICCV 2019, section 3).

    The patches, averaged in squares of ``pooling``, are gathered for each label by an
    attention with its word vector; a gated graph network over P(j | i) of the training
    labels passes messages between the labels; a map of both, and a classifier for each
    label, give the logits.

    Args:
        embed_dim: Width D of the patches.
        graph: File with the counts of the training labels; None where a checkpoint
            brings them. See :func:`mvlr_mm.labels.graph.read_label_graph`.
        label_vectors: File with a vector for each label, GloVe's in the paper; or their
            width, where a checkpoint brings them.
        vectors_key: Which array of that file.
        hidden_dim: Width of the attention's product; None takes half of D, the official
            1024 behind ResNet-101.
        num_steps: Steps of the graph network.
        self_loops: Whether a label sends its message to itself as well, P(i | i) = 1.
        pooling: Side of the squares that are averaged, in patches.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file lacks a label, or ``num_steps``, ``hidden_dim`` or
            ``pooling`` is below 1.
    """

    named_rows = ('vectors', 'classifier.weight', 'classifier.bias')

    def __init__(
        self,
        embed_dim: int,
        graph: str | None,
        label_vectors: str | int,
        vectors_key: str | None = None,
        hidden_dim: int | None = None,
        num_steps: int = 3,
        self_loops: bool = False,
        pooling: int = 2,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        check_count('pooling', pooling)
        self.pooling = pooling
        width = self.add_vectors(label_vectors, vectors_key)
        loops = self_loops * np.eye(self.num_labels)
        self.add_graph(graph, lambda counts: counts.probabilities() + loops)
        check_count('hidden_dim', hidden_dim, or_none=True)
        hidden_dim = hidden_dim or embed_dim // 2
        self.attention = LowRankAttention(embed_dim, width, hidden_dim)
        self.network = GatedGraph(embed_dim, num_steps)
        self.output = nn.Linear(2 * embed_dim, embed_dim)
        self.classifier = LabelLinear(embed_dim, self.num_labels)

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return a vector of each label in each picture, (B, C, D)."""
        found, _ = self.attention(self._pool(feats), self.vectors)
        told = self.network(found, self.graph)
        return self.output(torch.cat([told, found], dim=-1)).tanh()

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.classifier(self.pre_logits(feats))

    def _pool(self, feats: VLFeatures) -> Tensor:
        """Average the patches in squares; at an odd edge in what is left of one."""
        maps = feats.visual.mT.unflatten(2, feats.grid)
        return F.avg_pool2d(maps, self.pooling, ceil_mode=True).flatten(2).mT
