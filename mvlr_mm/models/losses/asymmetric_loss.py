"""The asymmetric loss from logits, with its normalisation named."""

import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor, nn

REDUCTIONS = ('sum', 'mean')


def asymmetric_loss(
    logits: Tensor,
    targets: Tensor,
    gamma_pos: float = 0.0,
    gamma_neg: float = 2.0,
    clip: float = 0.0,
) -> Tensor:
    """Asymmetric loss of every label of every image.

    ``-(1 - p)^gamma_pos log p`` where the label is there, ``-p^gamma_neg log(1 - p)``
    where it is not (MVLR, Eq. 13 with the minus sign that it lacks; Ridnik et al.,
    ICCV 2021). Computed in float32 from log-sigmoids, so half-precision logits neither
    overflow nor vanish. The focusing factor is differentiated.

    Args:
        logits: (B, C).
        targets: Multi-hot, (B, C), in {0, 1}; entries below 0 are left out: they cost
            nothing and have no gradient.
        gamma_pos: Focusing of the labels that are there.
        gamma_neg: Focusing of those that are not.
        clip: Probability margin that is subtracted from p of the labels that are not
            there (Ridnik et al., Eq. 5).

    Returns:
        (B, C), float32 (float64 for float64 logits).
    """
    if logits.dtype != torch.float64:
        logits = logits.float()
    targets = targets.to(logits.dtype)
    p = logits.sigmoid()
    positive = (1 - p).pow(gamma_pos) * F.logsigmoid(logits)
    if clip > 0:
        p = (p - clip).clamp(min=0)
        negative = p.pow(gamma_neg) * torch.log1p(-p)
    else:
        negative = p.pow(gamma_neg) * F.logsigmoid(-logits)
    loss = -(targets * positive + (1 - targets) * negative)
    return torch.where(targets < 0, 0.0, loss)


@MODELS.register_module()
class LogitAsymmetricLoss(nn.Module):
    """Asymmetric loss of :func:`asymmetric_loss`, averaged over images.

    mmpretrain's ``AsymmetricLoss`` sums over labels, and takes the logarithm of a
    clamped probability, which overflows under float16; this one says how it reduces.

    Args:
        gamma_pos: Focusing of the labels that are there.
        gamma_neg: Focusing of those that are not.
        clip: Probability margin of the labels that are not there.
        reduction: Over the labels of an image: ``mean`` as Eq. 13 writes it, over those
            that are not left out, or ``sum``, the official code's (C times as much,
            and so a C times smaller weight of any loss beside it).
        loss_weight: Factor.

    Raises:
        ValueError: ``reduction`` is neither.
    """

    def __init__(
        self,
        gamma_pos: float = 0.0,
        gamma_neg: float = 2.0,
        clip: float = 0.0,
        reduction: str = 'sum',
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ValueError(f'reduction ({reduction!r}) must be one of {REDUCTIONS}.')
        self.gamma_pos, self.gamma_neg, self.clip = gamma_pos, gamma_neg, clip
        self.reduction, self.loss_weight = reduction, loss_weight

    def forward(
        self,
        logits: Tensor,
        targets: Tensor,
        weight: Tensor | None = None,
        avg_factor: int | None = None,
    ) -> Tensor:
        """Return the loss, a scalar.

        Args:
            logits: (B, C).
            targets: (B, C) in {0, 1}; entries below 0 are left out.
            weight: Factor of each element, broadcast to (B, C).
            avg_factor: Number of images to divide by; None takes B.
        """
        loss = asymmetric_loss(
            logits, targets, self.gamma_pos, self.gamma_neg, self.clip
        )
        if weight is not None:
            loss = loss * weight
        loss = loss.sum(1)
        if self.reduction == 'mean':
            loss = loss / (targets >= 0).sum(1).clamp(min=1)
        return self.loss_weight * loss.sum() / (avg_factor or len(logits))
