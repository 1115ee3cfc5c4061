"""The asymmetric loss from logits, with its normalisation named."""

import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...argument_checks import check_choice, check_number

REDUCTIONS = ('sum', 'mean')


def asymmetric_loss(
    logits: Tensor,
    targets: Tensor,
    gamma_pos: float = 0.0,
    gamma_neg: float = 2.0,
    clip: float = 0.0,
    detach_focus: bool = False,
) -> Tensor:
    """Asymmetric loss of every label of every image.

    ``-(1 - p)^gamma_pos log p`` where the label is there, ``-p^gamma_neg log(1 - p)``
    where it is not (MVLR, Eq. 13 with the minus sign that it lacks; Ridnik et al.,
    ICCV 2021). Computed in float32 from log-sigmoids, powers as exponentials of them:
    no logit, however far from zero, gives a value or gradient that is not finite.

    Args:
        logits: (B, C).
        targets: Multi-hot, (B, C), in {0, 1}; entries below 0 are left out: they cost
            nothing and have no gradient.
        gamma_pos: Focusing of the labels that are there.
        gamma_neg: Focusing of those that are not.
        clip: Probability margin that is subtracted from p of the labels that are not
            there (Ridnik et al., Eq. 5).
        detach_focus: Whether the focusing factors have no gradient, so that they only
            weigh the cross-entropy's; ``disable_torch_grad_focal_loss`` of the official
            code.

    Returns:
        (B, C), float32 (float64 for float64 logits).
    """
    if logits.dtype != torch.float64:
        logits = logits.float()
    targets = targets.to(logits.dtype)
    log_p, log_rest = F.logsigmoid(logits), F.logsigmoid(-logits)  # of p and 1 - p
    positive, negative = (gamma_pos * log_rest).exp(), (gamma_neg * log_p).exp()
    if clip > 0:
        negative, log_rest = _clipped(logits, gamma_neg, clip)
    if detach_focus:
        positive, negative = positive.detach(), negative.detach()
    loss = -(targets * positive * log_p + (1 - targets) * negative * log_rest)
    return torch.where(targets < 0, 0.0, loss)


def _clipped(logits: Tensor, gamma: float, clip: float) -> tuple[Tensor, Tensor]:
    """Return ``q^gamma`` and ``log(1 - q)`` of ``q = max(p - clip, 0)``."""
    p = logits.sigmoid()
    there = p > clip
    # where q is zero, so is the result; any number will do that has a logarithm
    q = torch.where(there, p - clip, 0.5)
    log_rest = torch.where(
        logits > 0,
        (torch.sigmoid(-logits) + clip).log(),  # in float32 1 - q may be zero
        torch.log1p(-q.clamp(max=0.5)),
    )
    focus = (gamma * q.log()).exp()
    return torch.where(there, focus, 0.0), torch.where(there, log_rest, 0.0)


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
        detach_focus: Whether the focusing factors have no gradient.

    Raises:
        ValueError: ``reduction`` is neither, a gamma or the weight is below 0 or not
            finite, or ``clip`` is not in [0, 1).
    """

    leaves_out_unknown = True  # of targets below 0

    def __init__(
        self,
        gamma_pos: float = 0.0,
        gamma_neg: float = 2.0,
        clip: float = 0.0,
        reduction: str = 'sum',
        loss_weight: float = 1.0,
        detach_focus: bool = False,
    ) -> None:
        super().__init__()
        check_choice('reduction', reduction, REDUCTIONS)
        check_number('gamma_pos', gamma_pos, at_least=0)
        check_number('gamma_neg', gamma_neg, at_least=0)
        check_number('clip', clip, at_least=0, below=1)
        check_number('loss_weight', loss_weight, at_least=0)
        self.gamma_pos, self.gamma_neg, self.clip = gamma_pos, gamma_neg, clip
        self.reduction, self.loss_weight = reduction, loss_weight
        self.detach_focus = detach_focus

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
            logits,
            targets,
            self.gamma_pos,
            self.gamma_neg,
            self.clip,
            self.detach_focus,
        )
        if weight is not None:
            loss = loss * weight
        loss = loss.sum(1)
        if self.reduction == 'mean':
            loss = loss / (targets >= 0).sum(1).clamp(min=1)
        return self.loss_weight * loss.sum() / (avg_factor or len(logits))
