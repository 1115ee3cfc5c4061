"""SALGL: a label graph for each kind of scene, counted while training."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from mmengine.dist import all_reduce
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...argument_checks import check_count, check_number, check_whole
from ...structures import VLFeatures
from ..heads.batch_targets import batch_targets
from ..heads.label_files_head import LabelFilesHead
from ..layers.gated_graph import GatedGraph
from ..layers.label_linear import LabelLinear
from ..layers.low_rank_attention import LowRankAttention
from ..layers.post_norm_block import PostNormBlock


@MODELS.register_module()
class SALGLHead(LabelFilesHead):
    """Scene-aware label graph learning (Zhu et al., ICCV 2023, section 3).

    An encoder layer refines the patches; their mean chooses one of K scenes, which are
    nowhere annotated. Each scene counts which labels occur together in its training
    pictures, and those counts are the graph on which the labels' vectors, gathered from
    the patches by word, pass messages. Two entropies make a picture's choice clear and
    the choices of a batch even.

    The official code adds a batch's own labels to the counts before it uses them, so
    that in training the graph has seen the answer. Here it adds them afterwards, unless
    ``count_first``.

    Args:
        embed_dim: Width D of the patches.
        label_vectors: File with a vector for each label, BERT's in the paper; or their
            width, where a checkpoint brings them.
        vectors_key: Which array of that file.
        scenes: Arguments of :class:`SceneGraphs`.
        num_heads: Heads of the encoder layer; must divide ``embed_dim``.
        hidden_dim: Width of the attention's product; None takes half of D, the official
            1024 behind ResNet-101.
        num_steps: Steps of the graph network.
        count_first: The order of the official code.
        entropy_weight: Weight of the two entropies in the loss.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file lacks a label, ``num_heads`` does not divide ``embed_dim``,
            there are less than two scenes, ``num_steps`` or ``hidden_dim`` is below 1,
            or ``entropy_weight`` below 0.
    """

    named_rows = ('vectors', 'classifier.weight', 'classifier.bias')
    named_axes = MappingProxyType(
        {'scenes.cooccurrence': (1, 2), 'scenes.known': (1, 2)}
    )

    def __init__(
        self,
        embed_dim: int,
        label_vectors: str | int,
        vectors_key: str | None = None,
        scenes: dict | None = None,
        num_heads: int = 8,
        hidden_dim: int | None = None,
        num_steps: int = 3,
        count_first: bool = False,
        entropy_weight: float = 1.0,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        check_number('entropy_weight', entropy_weight, at_least=0)
        self.count_first, self.entropy_weight = count_first, entropy_weight
        width = self.add_vectors(label_vectors, vectors_key)
        self.encoder = PostNormBlock(embed_dim, num_heads, hidden_dim=embed_dim)
        self.scenes = SceneGraphs(self.num_labels, **(scenes or {}))
        self.choice = nn.Linear(embed_dim, self.scenes.num_scenes, bias=False)
        check_count('hidden_dim', hidden_dim, or_none=True)
        hidden_dim = hidden_dim or embed_dim // 2
        self.attention = LowRankAttention(embed_dim, width, hidden_dim)
        self.network = GatedGraph(embed_dim, num_steps)
        self.output = nn.Linear(2 * embed_dim, embed_dim)
        self.classifier = LabelLinear(embed_dim, self.num_labels)

    def pre_logits(self, feats: VLFeatures) -> tuple[Tensor, Tensor]:
        """Return the refined patches (B, N, D) and the logits of the scenes (B, K)."""
        visual = self.encoder(feats.visual, feats.visual)
        return visual, self.choice(visual.mean(dim=1))

    def logits(self, visual: Tensor, choice: Tensor) -> Tensor:
        """Return the logits, (B, C).

        Args:
            visual: Refined patches, (B, N, D).
            choice: Logits of the scenes, (B, K).
        """
        found, _ = self.attention(visual, self.vectors)
        told = self.network(found, self.scenes(choice))
        output = self.output(torch.cat([found, told], dim=-1)).tanh()
        return self.classifier(output)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.logits(*self.pre_logits(feats))

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Return ``loss`` and ``loss_scene``; in training count the batch's labels."""
        self._check_filled()
        targets = batch_targets(data_samples, self.num_labels)
        visual, choice = self.pre_logits(self._meet(feats))
        if self.training and self.count_first:
            self.scenes.add(choice, targets)
        logits = self.logits(visual, choice)
        losses = self._get_loss(logits, data_samples, **kwargs)
        if self.training and not self.count_first:
            self.scenes.add(choice, targets)
        losses['loss_scene'] = self.entropy_weight * scene_loss(choice)
        return losses


class SceneGraphs(nn.Module):
    """How often labels occur together, counted apart for each kind of scene.

    Args:
        num_labels: C.
        num_scenes: K.
        soft: Whether a picture belongs to all scenes, by their probabilities, or to the
            likeliest.
        ignore_self: Whether a label sends itself no message.
        normalize: Whether the messages to a label are weighted to a sum of 1.

    Raises:
        ValueError: ``num_scenes`` is no whole number, or below 2.
    """

    def __init__(
        self,
        num_labels: int,
        num_scenes: int = 4,
        soft: bool = False,
        ignore_self: bool = False,
        normalize: bool = False,
    ) -> None:
        super().__init__()
        check_whole('num_scenes', num_scenes, at_least=2)  # of one there is no choice
        self.num_scenes, self.soft = num_scenes, soft
        self.ignore_self, self.normalize = ignore_self, normalize
        shape = num_scenes, num_labels, num_labels
        self.register_buffer('cooccurrence', torch.zeros(shape))
        # pictures with label i in which label j is known
        self.register_buffer('known', torch.zeros(shape))

    def forward(self, choice: Tensor) -> Tensor:
        """Return the graph of each picture, (B, C, C).

        Args:
            choice: Logits of the scenes, (B, K).
        """
        shares, graphs = self._shares(choice), self.probabilities()
        return torch.einsum('bk,kij->bij', shares, graphs.to(shares))

    def probabilities(self) -> Tensor:
        """Return P(label j | label i) in each scene, (K, C, C), as counted so far.

        Estimated from the pictures that know j. A label that no picture had yet goes
        with itself alone.
        """
        counts = self.cooccurrence.diagonal(dim1=1, dim2=2)  # (K, C)
        graphs = self.cooccurrence / self.known.where(self.known > 0, 1.0)
        graphs = graphs + (counts == 0).to(graphs).diag_embed()
        if self.ignore_self:
            graphs = graphs - graphs.diagonal(dim1=1, dim2=2).diag_embed()
        if self.normalize:
            sums = graphs.sum(dim=-1, keepdim=True)
            graphs = graphs / sums.where(sums > 0, 1.0)
        return graphs

    @torch.no_grad()
    def add(self, choice: Tensor, targets: Tensor) -> None:
        """Count the labels of the pictures of all processes.

        Args:
            choice: Logits of the scenes, (B, K).
            targets: (B, C): 1 there, 0 absent; what is below 0, or between them as in
                blended pictures, is unknown.
        """
        there, absent = (targets == 1).float(), (targets == 0).float()
        known = there + absent
        shares = self._shares(choice.float())
        beside = torch.stack([there, known])
        # counts are whole numbers, which bfloat16 knows up to 256 alone
        with torch.autocast(shares.device.type, enabled=False):
            found = torch.einsum('bk,bi,nbj->nkij', shares, there, beside)
        all_reduce(found)
        self.cooccurrence += found[0].to(self.cooccurrence)
        self.known += found[1].to(self.known)

    def _shares(self, choice: Tensor) -> Tensor:
        """Return how much each picture is of each scene, (B, K)."""
        shares = choice.softmax(dim=-1)
        if self.soft:
            return shares
        return torch.zeros_like(shares).scatter(1, choice.argmax(1, keepdim=True), 1.0)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        # checkpoints of before took every label for known
        both = state_dict.get(f'{prefix}cooccurrence')
        if both is not None:
            counts = both.diagonal(dim1=1, dim2=2)[..., None]
            state_dict.setdefault(f'{prefix}known', counts.expand_as(both))
        super()._load_from_state_dict(state_dict, prefix, *args)


def scene_loss(choice: Tensor) -> Tensor:
    """Return the entropies by which scenes are learned, a scalar.

    The mean entropy of a picture's scenes, plus 100 times what the entropy of their
    mean lacks of the highest, log K.

    Args:
        choice: Logits of the scenes, (B, K).
    """
    logs = choice.float().log_softmax(dim=-1)
    single = -(logs.exp() * logs).sum(dim=-1).mean()
    mean = logs.exp().mean(dim=0)
    even = -(mean * mean.clamp(min=1e-7).log()).sum()
    return single + 100 * (math.log(choice.shape[-1]) - even)
