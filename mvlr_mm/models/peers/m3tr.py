"""M3TR: patches, class maps and words in one transformer (a reconstruction)."""

from collections.abc import Mapping, Sequence

import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn import functional as F

from ...argument_checks import check_count
from ...structures import VLFeatures
from ..heads.label_files_head import LabelFilesHead
from ..layers.transformer import TransformerBlock
from ..layers.unit_length import unit


@MODELS.register_module()
class M3TRHead(LabelFilesHead):
    """Multi-modal multi-label recognition with transformer (Zhao et al., MM 2021).

    A map of scores for each label becomes a semantic token of that label. Transformer
    blocks see a class token, the patches, these tokens and the label vectors together.
    The class token gives one set of logits; the semantic tokens give another, in which
    labels vote for those whose vectors are like theirs. The logit is 0.6 of the first
    and 0.4 of the second; in training both, their sum and the means of the tokens pay.

    A reconstruction: the official model puts all tokens before the twelve blocks of a
    vision transformer and draws the maps from a second, frozen tower. A system here
    reads the patches of one trunk, so the tokens meet behind it, in ``depth`` blocks,
    and the maps are scores of its patches, which do not train the trunk.

    Args:
        embed_dim: Width D of the patches.
        label_vectors: File with a vector for each label, BERT's in the paper; or their
            width, where a checkpoint brings them.
        vectors_key: Which array of that file.
        depth: Number of blocks.
        num_heads: Heads of a block; must divide ``embed_dim``.
        map_side: Side to which a label's map is brought, in patches.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets), each of the four.
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file lacks a label, ``num_heads`` does not divide ``embed_dim``,
            or ``depth`` or ``map_side`` is below 1.
    """

    named_rows = (
        'vectors',
        *(f'{n}.{p}' for n in ('maps', 'picture', 'votes') for p in ('weight', 'bias')),
    )

    def __init__(
        self,
        embed_dim: int,
        label_vectors: str | int,
        vectors_key: str | None = None,
        depth: int = 2,
        num_heads: int = 8,
        map_side: int = 14,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        check_count('depth', depth)
        check_count('map_side', map_side)
        self.map_side = map_side
        width = self.add_vectors(label_vectors, vectors_key)
        self.words = nn.Linear(width, embed_dim)
        self.maps = nn.Linear(embed_dim, self.num_labels)
        self.semantic = nn.Linear(map_side**2, embed_dim)
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, embed_dim))
        self.blocks = nn.ModuleList(
            TransformerBlock(embed_dim, num_heads) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dim)
        self.picture = nn.Linear(embed_dim, self.num_labels)
        self.votes = nn.Linear(embed_dim, self.num_labels)

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Scores of every patch, (B, N, C), of which the semantic tokens are made."""
        return self.maps(feats.visual.detach())

    def semantic_tokens(self, feats: VLFeatures) -> Tensor:
        """Return a token of each label, (B, C, D), made of its map alone."""
        maps = self.patch_logits(feats).mT.unflatten(2, feats.grid)
        maps = F.interpolate(maps, size=(self.map_side,) * 2, mode='bilinear')
        return self.semantic(maps.flatten(2))

    def pre_logits(self, feats: VLFeatures) -> tuple[Tensor, Tensor, Tensor]:
        """Return the class token (B, D), the labels' tokens, and those of before."""
        before = self.semantic_tokens(feats)
        count, labels = before.shape[0], self.num_labels
        ends = self.class_token, self.words(self.vectors)[None]
        first, words = (end.expand(count, -1, -1) for end in ends)
        tokens = torch.cat([first, feats.visual, before, words], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        return tokens[:, 0], tokens[:, -2 * labels : -labels], before

    def all_logits(self, feats: VLFeatures) -> dict[str, Tensor]:
        """Return the logits of both, of the picture, of the labels and of the maps."""
        first, labels, before = self.pre_logits(feats)
        picture = self.picture(first)
        units = unit(self.vectors)
        likeness = units @ units.mT
        weight, bias = likeness @ self.votes.weight, likeness @ self.votes.bias
        semantic = (labels * weight).sum(dim=-1) + bias
        return dict(
            loss=0.6 * picture + 0.4 * semantic,
            loss_picture=picture,
            loss_semantic=semantic,
            loss_map=before.mean(dim=-1),
        )

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.all_logits(feats)['loss']

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Return ``loss``, ``loss_picture``, ``loss_semantic`` and ``loss_map``."""
        self._check_filled()
        return {
            name: self._get_loss(logits, data_samples, **kwargs)['loss']
            for name, logits in self.all_logits(self._meet(feats)).items()
        }
