"""Knowledge-to-context regularisation."""

import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...argument_checks import check_number


@MODELS.register_module()
class KCRLoss(nn.Module):
    """Mean over labels and images of ``1 - cos(T^ka, T^ca)`` (MVLR, Eq. 9).

    It keeps the labels that saw the image near those that did not.

    Args:
        loss_weight: Lambda of Eq. 14; the paper's 4.0 belongs to an asymmetric loss
            that is averaged over labels.

    Raises:
        ValueError: ``loss_weight`` is below 0 or not finite.
    """

    def __init__(self, loss_weight: float = 4.0) -> None:
        super().__init__()
        check_number('loss_weight', loss_weight, at_least=0)
        self.loss_weight = loss_weight

    def forward(self, knowledge: Tensor, context: Tensor) -> Tensor:
        """Return the loss, a scalar in float32.

        Args:
            knowledge: T^ka, (C, D).
            context: T^ca, (B, C, D).
        """
        cosine = F.cosine_similarity(knowledge.float(), context.float(), dim=-1)
        return self.loss_weight * (1 - cosine).mean()
