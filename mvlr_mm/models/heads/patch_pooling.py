"""From a logit of every patch to a logit of the image."""

from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...argument_checks import check_count, check_number


@MODELS.register_module()
class MeanPatchPooling(nn.Module):
    """Mean over the patches: the plain reading of Eq. 12."""

    def forward(self, logits: Tensor) -> Tensor:
        """Pool (B, N, C) to (B, C)."""
        return logits.mean(dim=1)


@MODELS.register_module()
class MaxPatchPooling(nn.Module):
    """The best patch decides."""

    def forward(self, logits: Tensor) -> Tensor:
        """Pool (B, N, C) to (B, C)."""
        return logits.amax(dim=1)


@MODELS.register_module()
class TopKPatchPooling(nn.Module):
    """Mean of the k best patches; of all of them where there are fewer.

    Args:
        k: Number of patches.

    Raises:
        ValueError: ``k`` is below 1.
    """

    def __init__(self, k: int) -> None:
        super().__init__()
        check_count('k', k)
        self.k = k

    def forward(self, logits: Tensor) -> Tensor:
        """Pool (B, N, C) to (B, C)."""
        return logits.topk(min(self.k, logits.shape[1]), dim=1).values.mean(dim=1)


@MODELS.register_module()
class SoftmaxPatchPooling(nn.Module):
    """Mean over the patches, weighted by the softmax of their own logits.

    Between the mean (high temperature) and the maximum (low temperature).

    Args:
        temperature: In units of a logit.

    Raises:
        ValueError: ``temperature`` is no finite number above 0.
    """

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        check_number('temperature', temperature, above=0)
        self.temperature = temperature

    def forward(self, logits: Tensor) -> Tensor:
        """Pool (B, N, C) to (B, C)."""
        weights = (logits / self.temperature).softmax(dim=1)
        return (weights * logits).sum(dim=1)
