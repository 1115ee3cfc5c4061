"""CSRA: residual attention that is specific to each class."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...argument_checks import check_count, check_number
from ...structures import VLFeatures
from ..heads.named_labels_head import NamedLabelsHead

#: Temperatures by the number of heads, as published; inf is the maximum.
TEMPERATURES = {
    1: (1,),
    2: (1, torch.inf),
    4: (1, 2, 4, torch.inf),
    6: (1, 2, 3, 4, 5, torch.inf),
    8: (1, 2, 3, 4, 5, 6, 7, torch.inf),
}


@MODELS.register_module()
class CSRAHead(NamedLabelsHead):
    """Class-specific residual attention (Zhu and Wu, ICCV 2021, section 3).

    A weight-normalised linear map scores every patch for every label. The logit is the
    mean score plus ``lam`` times the mean weighted by ``softmax(T * scores)``. Several
    heads, each with a map of its own and another temperature T, are summed.

    It computes what mmpretrain's ``CSRAClsHead`` does on a map, from the patches of any
    backbone.

    Args:
        embed_dim: Width D of the patches.
        num_heads: Heads, 1, 2, 4, 6 or 8, with the temperatures of
            :data:`TEMPERATURES`.
        lam: Weight of the attention, lambda.
        bias: A number for each label beside the scores, which the paper has not. It
            needs none behind a ReLU; centred patches say nothing by their mean, and
            without a bias no unit vector tells how rare a label is.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: There are no temperatures for ``num_heads``, ``lam`` is no number,
            or see :class:`NamedLabelsHead`.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int = 1,
        lam: float = 0.1,
        bias: bool = False,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        check_count('CSRAHead: num_heads', num_heads)
        if num_heads not in TEMPERATURES:
            raise ValueError(
                f'CSRAHead: num_heads ({num_heads}) must be one of '
                f'{", ".join(map(str, TEMPERATURES))}.'
            )
        self.temperatures = TEMPERATURES[num_heads]
        check_number('lam', lam)
        self.lam = lam
        self.scores = nn.ModuleList(
            nn.Linear(embed_dim, self.num_labels, bias=False) for _ in range(num_heads)
        )
        self.bias = nn.Parameter(torch.zeros(self.num_labels)) if bias else None
        rows = [f'scores.{i}.weight' for i in range(num_heads)]
        self.named_rows = (*rows, 'bias') if bias else tuple(rows)

    def pre_logits(self, feats: VLFeatures) -> VLFeatures:
        """Return the features as they are."""
        return feats

    def patch_logits(self, feats: VLFeatures) -> Tensor:
        """Scores of every patch, summed over heads, (B, N, C)."""
        return torch.stack(self._scores(feats)).sum(dim=0)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        logits = 0.0 if self.bias is None else self.bias
        for scores, temperature in zip(
            self._scores(feats), self.temperatures, strict=True
        ):
            attended = self._attend(scores, temperature)
            logits = logits + scores.mean(dim=1) + self.lam * attended
        return logits

    def _scores(self, feats: VLFeatures) -> list[Tensor]:
        """Return the scores of each head, (B, N, C)."""
        return [
            F.linear(feats.visual, F.normalize(score.weight, dim=1))
            for score in self.scores
        ]

    @staticmethod
    def _attend(scores: Tensor, temperature: float) -> Tensor:
        """Weight (B, N, C) by their softmax over the patches."""
        if temperature == torch.inf:
            return scores.amax(dim=1)
        return (scores * (temperature * scores).softmax(dim=1)).sum(dim=1)
