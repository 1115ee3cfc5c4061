"""SPARC: a CLIP's scores of labels and of pairs of labels, freed of their biases."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import torch
from mmpretrain.registry import MODELS
from torch import Tensor

from ...argument_checks import check_template
from ...structures import VLFeatures
from ..heads.named_labels_head import NamedLabelsHead
from ..layers.unit_length import unit
from ..layers.width_check import check_widths
from ..text import TextEncoder


@MODELS.register_module()
class SPARCHead(NamedLabelsHead):
    """`SPARC <https://arxiv.org/abs/2502.16911>`_ (Miller et al., CVPR 2025).

    Nothing trains. A picture is compared with a prompt of each label, and of each pair
    of labels. Scores are standardised within the picture, by the mean and deviation of
    its labels, and then over pictures, prompt by prompt. A label's pair scores, in the
    order of their size, and its own score are fused along their first principal
    component; the result is averaged with its own score.

    The statistics over pictures, which need no labels, come from :meth:`observe` and
    :meth:`fit`, which ``train_cfg=dict(type='FitLoop')`` calls; the published code
    takes the test pictures themselves. Its compound prompts name combinations that a
    language model thinks likely, these name every pair. Until it is fitted, the head
    standardises within the picture alone and weighs all scores alike.

    Args:
        text_encoder: Config of a :class:`mvlr_mm.models.text.TextEncoder`, or one; it
            encodes the texts once and is not kept. None leaves their vectors to be
            loaded, as from a pack.
        embed_dim: Width D of patches and texts.
        template: ``{}`` stands for the label, or for "A and B".
        classes: The C label names, at least two; see :class:`NamedLabelsHead`.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: There are fewer than two labels, the texts are not ``embed_dim``
            wide, ``template`` has not one ``{}``, or see :class:`NamedLabelsHead`.
    """

    def __init__(
        self,
        text_encoder: dict | TextEncoder | None,
        embed_dim: int,
        template: str = 'a photo of a {}.',
        classes: Sequence[str] | str | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, None, loss, thr, topk, init_cfg)
        check_template('template', template)
        labels = self.num_labels
        if labels < 2:
            raise ValueError(
                'SPARCHead standardises the scores of a picture over its labels; give '
                'at least two.'
            )
        pairs = list(combinations(range(labels), 2))
        names = [*self.classes, *(' and '.join(self._names(pair)) for pair in pairs)]
        texts = torch.zeros(len(names), embed_dim)
        if text_encoder is not None:
            if isinstance(text_encoder, dict):
                text_encoder = MODELS.build(text_encoder)
            filled = [template.replace('{}', name) for name in names]
            texts = text_encoder.encode_texts(filled)
        check_widths('SPARCHead', embed_dim, texts=texts)
        self.register_buffer('texts', texts)  # C labels, then the pairs
        self.register_buffer('mean', torch.zeros(len(texts)))
        self.register_buffer('deviation', torch.ones(len(texts)))
        # for each label: of its pair scores from the lowest up, and of its own
        self.register_buffer('direction', torch.full((labels, labels), 1 / labels))
        # (C, C - 1): where in the texts the pairs of a label are
        rows = [
            [labels + i for i, p in enumerate(pairs) if c in p] for c in range(labels)
        ]
        self.register_buffer('pairs_of', torch.tensor(rows), persistent=False)
        self._observed: list[Tensor] = []

    def _names(self, pair: Sequence[int]) -> list[str]:
        return [self.classes[i] for i in pair]

    def match_record(self, stored: dict[str, Any], name: str) -> None:
        """Refuse another order of the labels: the pairs would have another as well."""
        fitted = stored['classes']
        if fitted != list(self.classes):
            raise ValueError(
                f'{name}: the checkpoint was fitted for {len(fitted)} labels '
                f'({fitted[0]!r}, ...), the model has {len(self.classes)} '
                f'({self.classes[0]!r}, ...); give it the same in the same order, or '
                'fit it anew.'
            )

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return the scores of labels and pairs, standardised in each picture.

        Returns:
            (B, C + P) for P pairs.
        """
        pictures = unit(feats.visual.mean(dim=1))
        scores = pictures @ unit(self.texts).T.to(pictures.dtype)
        own = scores[:, : self.num_labels]
        deviation = own.std(dim=1, keepdim=True).clamp(min=1e-12)
        return (scores - own.mean(dim=1, keepdim=True)) / deviation

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the fused scores, (B, C), around 0, as logits."""
        scores = (self.pre_logits(feats) - self.mean) / self.deviation
        own = scores[:, : self.num_labels]
        fused = (self._ordered(scores) * self.direction).sum(dim=-1)
        return (fused + own) / 2

    def _ordered(self, scores: Tensor) -> Tensor:
        """Return each label's pair scores in order, and its own, (B, C, C)."""
        pairs = scores[:, self.pairs_of].sort(dim=-1).values
        return torch.cat([pairs, scores[:, : self.num_labels, None]], dim=-1)

    @torch.no_grad()
    def observe(self, feats: VLFeatures) -> None:
        """Remember the scores of pictures, C + P float32 numbers each, for `fit`."""
        self._observed.append(self.pre_logits(feats).float().cpu())

    @torch.no_grad()
    def fit(self) -> None:
        """Take the statistics over all pictures observed, and forget these.

        Raises:
            ValueError: No more pictures were observed than there are labels: C scores
                of each label would have no principal component of their own.
        """
        scores = torch.cat([torch.empty(0, len(self.texts)), *self._observed]).double()
        if len(scores) <= self.num_labels:
            raise ValueError(
                f'SPARCHead was fitted on {len(scores)} pictures; observe more than it '
                f'has labels, {self.num_labels}.'
            )
        self._observed = []
        mean, deviation = scores.mean(dim=0), scores.std(dim=0)
        # what never varies, but for rounding, tells nothing: it stays as it is
        deviation = deviation.where(deviation > 1e-6, 1.0)
        scores = (scores - mean) / deviation
        self.mean.copy_(mean)
        self.deviation.copy_(deviation)
        for label in range(self.num_labels):
            pairs = scores[:, self.pairs_of[label].cpu()].sort(dim=-1).values
            both = torch.cat([pairs, scores[:, label, None]], dim=1)
            first = torch.linalg.eigh(both.T.cov()).eigenvectors[:, -1]
            first = first * (1.0 if first.mean() >= 0 else -1.0)
            self.direction[label] = first / first.abs().sum()
